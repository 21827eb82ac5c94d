"""SpectrogramVAEGAN: a variational autoencoder of notes whose decoder also has a judge to convince."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.gan_layers import SpectralDense, without_gradient
from musegen_edu.models.note_painter import N_FRAMES, N_MELS, Floats, Floor, checked_pitches, levels_to_mels
from musegen_edu.models.spectrogram_gan import beside_partials, looking_layers
from musegen_edu.models.spectrogram_vae import SpectrogramVAE
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.quiet_keras import keras
from musegen_edu.spectrogram import FLOOR_DB

layers, ops = keras.layers, keras.ops

_FEATURES = 128  # numbers in which the judge sums a picture up
_COMPARED = 3  # the judge's convolution after which two pictures are compared


class SpectrogramVAEGAN(AdversarialPair):
    """A `SpectrogramVAE` whose decoder is the generator of an adversarial pair, and whose judge says how far apart two pictures are.

    A VAE's error goes value by value: where a partial might lie here or there it paints the mean of both, a blur. Here the error is measured
    in what the judge's third convolution finds in a picture, and the judge itself must be convinced. Three players, one `compute_loss`:

    - the encoder minimises closeness + `beta` KL;
    - the decoder minimises closeness + `game` times the generator's loss, on notes painted from drawn codes of real notes and, by turns, from the
      standard normal distribution;
    - the judge minimises its own loss on those notes and the real ones.

    Closeness is the squared error of the judge's features, as a share of their variance over the real notes, plus `plain` times the
    squared error of the decibels, as a share of theirs; in nats a value, for a normal distribution whose standard deviation is `blur` times
    that of the notes.

    `fit` is given a pair: mel spectrograms, (n, 128, 63) decibels, as `note_mels` makes them, and MIDI pitches, (n,). `encode` and `decode` are
    those of `SpectrogramVAE`, so all that is done with its codes can be done here.

    Parameters
    ----------
    latent, filters, units : of the encoder and the decoder, as in `SpectrogramVAE`.
    looks : filters of the judge's four convolutions.
    beta : weight of the KL term; it grows to that in the first `warm_up` steps.
    game : weight of the decoder's adversarial loss; 0 leaves the judge to watch and to compare.
    plain : weight of the decibels in the closeness; Larsen et al. have 0.
    blur : standard deviation that the decoder tells, as a share; 0.3 is what the 5 dB of `SpectrogramVAE` are of the 17 dB of "timbre".
    warm_up : training steps in which the weight of the KL term grows.
    seed : of the initial weights, and of everything drawn while training.
    options : `loss`, `smoothing`, `average` and `name`, as in `AdversarialPair`.

    Notes
    -----
    `logs` hold, besides those of `AdversarialPair`, `kl` in nats a note and `unexplained`, the share of the variance of the judge's features that
    a painted note misses. There is no penalty: the judge's slope is bounded by spectral normalisation.

    Examples
    --------
    >>> import numpy as np
    >>> model = SpectrogramVAEGAN(2, filters=(2, 2, 2, 2), units=8, looks=(2, 2, 2, 2))
    >>> mels = np.full((2, 128, 63), -40.0)
    >>> mean, log_variance = model.encode(mels, [60, 64])
    >>> model.decode(mean, [60, 64]).shape, model.generate(3, condition=[60, 62, 64], seed=1).shape
    ((2, 128, 63), (3, 128, 63))

    References
    ----------
    Larsen, Sonderby, Larochelle and Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML 2016.
    Lesson: 11 hybrid_gans.
    """

    def __init__(
        self,
        latent: int = 8,
        *,
        filters: tuple[int, int, int, int] = (16, 32, 48, 64),
        units: int = 160,
        looks: tuple[int, int, int, int] = (16, 32, 48, 64),
        beta: float = 20.0,
        game: float = 0.1,
        plain: float = 0.0,
        blur: float = 0.3,
        warm_up: int = 300,
        seed: int = 0,
        **options: Any,
    ) -> None:
        for weight, value in {"game": game, "plain": plain}.items():
            if not value >= 0:
                raise ValueError(f"{weight}={value} is a weight; it must not be negative")
        if not blur > 0:
            raise ValueError(f"blur={blur} must be above 0")
        # ---- layers ----
        vae = SpectrogramVAE(latent, filters=filters, units=units, beta=beta, warm_up=warm_up, seed=seed)
        judge = picture_judge(looks, seed=seed)

        # ---- functional graph ----
        z, pitch = keras.Input((latent,), name="code"), keras.Input((), dtype="int32", name="told_pitch")
        generator = keras.Model([z, pitch], Floor(name="floor")(vae.decoder([z, pitch])), name="generator")
        super().__init__(generator, judge, noise=latent, seed=seed, **{"name": "vae_gan", **options})
        self.vae = vae
        features = judge.get_layer(f"see_{_COMPARED}").output
        self.seeing = keras.Model(judge.inputs, [judge.output, features], name="seeing")
        self.trackers.extend(keras.metrics.Mean(name=name) for name in ("kl", "unexplained"))

        # ---- config ----
        self.latent, self.beta, self.game, self.plain, self.blur = latent, beta, game, plain, blur
        own = {"latent": latent, "filters": list(filters), "units": units, "looks": list(looks), "beta": beta}
        self._arguments = {
            **own,
            "game": game,
            "plain": plain,
            "blur": blur,
            "warm_up": warm_up,
            "seed": seed,
            **options,
        }

    def compile(self, optimizer: Any = None, **options: Any) -> None:
        """Choose the optimiser: `TwoSpeedAdam()` if None. Its `generator_rate` is that of encoder and decoder."""
        optimizer = TwoSpeedAdam() if optimizer is None else optimizer
        super().compile(optimizer, **options)
        if isinstance(optimizer, TwoSpeedAdam):
            optimizer.tell_apart(self.vae.trainable_variables)

    def prepare(self, examples: Any) -> Any:
        """Return levels, (n, 63, 128), as encoder and judge read them, of decibels, (n, 128, 63)."""
        return 1 - ops.transpose(ops.cast(examples, self.compute_dtype), (0, 2, 1)) / FLOOR_DB

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return what the players make of real notes: a dict of levels, `painted` and `forged`, (n, 63, 128), and `mean` and `log_variance`.

        `painted` are the notes themselves, painted from their codes; `forged` come from the codes too, in rows of even number, and from the
        standard normal distribution in the others. Through `forged` no gradient goes back to the encoder.
        """
        mels, pitch = inputs
        mean, log_variance = self.vae.encoder([self.prepare(mels), pitch], training=training)
        z = self.vae.draw_latent([mean, log_variance], training=training)
        drawn = keras.random.normal(ops.shape(z), seed=self.seed_generator)
        odd = ops.arange(ops.shape(z)[0])[:, None] % 2 == 1
        forged = self.generator([ops.where(odd, drawn, ops.stop_gradient(z)), pitch], training=training)
        painted = self.generator([z, pitch], training=training)
        return {"painted": painted, "forged": forged, "mean": mean, "log_variance": log_variance}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the sum of the three players' losses; a weight's gradient is that of its own player's loss."""
        mels, pitch = x
        real, painted, forged = self.prepare(mels), y_pred["painted"], y_pred["forged"]
        score_real, seen = self.seeing([real, pitch], training=training)
        score_fixed = self.judge([ops.stop_gradient(forged), pitch], training=training)
        judge_loss = self.judge_loss(score_real, score_fixed)

        n = ops.shape(real)[0]
        score_both, seen_both = without_gradient(
            self.seeing, [ops.concatenate([forged, painted]), ops.concatenate([pitch, pitch])]
        )
        generator_loss = self.generator_loss(score_both[:n])
        unexplained = unexplained_share(seen_both[n:], ops.stop_gradient(seen))
        closeness = unexplained
        if self.plain:
            closeness = closeness + self.plain * unexplained_share(painted, real)
        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        kl = 0.5 * ops.mean(ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=1))
        warmth = self.vae.draw_latent.warmth if training else 1.0
        self._step_on((judge_loss, generator_loss), score_real, score_fixed, kl, unexplained, training=training)
        closeness = 0.5 * closeness / self.blur**2
        return judge_loss + self.game * generator_loss + closeness + warmth * self.beta * kl / (N_FRAMES * N_MELS)

    def encode(self, mels: npt.ArrayLike, pitches: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return where notes lie: mean and log variance, (n, latent) each; as `SpectrogramVAE.encode`."""
        return self.vae.encode(mels, pitches)

    def decode(self, z: npt.ArrayLike, pitches: npt.ArrayLike) -> Floats:
        """Return mel spectrograms, (n, 128, 63) decibels, of codes (n, latent) at MIDI pitches (n,); as `SpectrogramVAE.decode`."""
        return self.vae.decode(z, pitches)

    def generate(self, n: int, *, condition: Any = None, seed: int = 0, averaged: bool = False) -> Floats:
        """Return n notes, (n, 128, 63) decibels, from codes of the standard normal distribution.

        Parameters
        ----------
        n : how many, at least 1.
        condition : (n,) MIDI pitches, 24 to 96.
        seed : of the codes.
        averaged : whether the averaged decoder paints.
        """
        return levels_to_mels(
            super().generate(n, condition=checked_pitches(condition, n), seed=seed, averaged=averaged)
        )

    def make_generator(self) -> Any:
        """Return a fresh decoder, built as the model's own is."""
        return SpectrogramVAEGAN(**self._arguments).generator


def picture_judge(looks: tuple[int, ...] = (16, 32, 48, 64), *, seed: int = 0) -> Any:
    """Return a judge: [levels (n, 63, 128), MIDI pitches (n,)] to scores (n, 1), logits, above 0 for "real"."""
    # ---- layers ----
    seeds = iter(range(1000 * seed + 500, 1000 * seed + 1000))
    convolutions = looking_layers(
        looks, seeds, "see"
    )  # named apart from the encoder's, so that stored weights are told apart
    glorot = keras.initializers.GlorotUniform
    number, last = next(seeds), next(seeds)
    sum_up = SpectralDense(_FEATURES, kernel_initializer=glorot(seed=number), seed=number, name="sum_up")
    score = SpectralDense(1, kernel_initializer=glorot(seed=last), seed=last, name="score")

    # ---- functional graph ----
    levels, pitch = keras.Input((N_FRAMES, N_MELS), name="levels"), keras.Input((), dtype="int32", name="pitch")
    x = beside_partials(levels, pitch)
    for layer in convolutions:
        x = ops.leaky_relu(layer(x), negative_slope=0.2)
    x = ops.leaky_relu(sum_up(layers.Flatten(name="flat")(x)), negative_slope=0.2)  # flat: (n, 4 * 8 * filters)
    return keras.Model([levels, pitch], score(x), name="picture_judge")


def unexplained_share(found: Any, wanted: Any) -> Any:
    """Return the mean squared error as a share of the variance of what was wanted, around the mean of each column.

    Examples
    --------
    >>> wanted = ops.array([[0.0], [2.0]])
    >>> [round(float(unexplained_share(found, wanted)), 3) for found in (wanted, ops.ones((2, 1)))]
    [0.0, 1.0]
    """
    spread = ops.mean(ops.square(wanted - ops.mean(wanted, axis=list(range(len(wanted.shape) - 1)))))
    return ops.mean(ops.square(found - wanted)) / (ops.stop_gradient(spread) + 1e-6)
