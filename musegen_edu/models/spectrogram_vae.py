"""SpectrogramVAE: the mel spectrogram of a note becomes a few numbers for its timbre, and becomes a spectrogram again at any pitch."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.latent_layers import LatentDraw
from musegen_edu.models.note_painter import (
    N_FRAMES,
    N_MELS,
    Floats,
    Partials,
    checked_pitches,
    levels_to_mels,
    mels_to_levels,
    padded,
    painter,
)
from musegen_edu.models.note_painter import SAMPLE_RATE as SAMPLE_RATE
from musegen_edu.quiet_keras import keras
from musegen_edu.spectrogram import FLOOR_DB

layers, ops = keras.layers, keras.ops


class SpectrogramVAE(keras.Model):
    """A variational autoencoder of single notes: convolutions look, a recurrent network paints the picture again, frame by frame.

    The pitch is told to both halves, so the code need not hold it: what is left for `latent` numbers is the timbre, how the note begins and dies
    away, and how loud it is. The decoder works as a voice does, with a source and a filter: each frame is an envelope over the mel bands, plus
    the pattern that the partials of the pitch make in the bands, times how clearly they stand out. So it can paint pitches that it never saw.

    Called on levels (n, 63, 128), which are decibels as shares of the way from the floor (0) to full scale (1), and MIDI pitches (n,), it
    returns a dict: `levels`, (n, 63, 128); `mean` and `log_variance`, (n, latent). While training z is drawn, else it is the mean.

    Parameters
    ----------
    latent : numbers that stand for a timbre.
    filters : of the four convolutions, each of which halves the picture in both directions.
    units : width of the recurrent layer.
    noise_db : standard deviation of the normal distribution that the decoder tells for each value, in decibels.
    beta : weight of the KL term; 1 is the evidence lower bound (ELBO).
    warm_up : training steps in which the weight of the KL term grows from 0 to `beta`.
    seed : of the initial weights and of z while training.
    name : of the model, as Keras shows it.

    Examples
    --------
    >>> model = SpectrogramVAE(latent=3, filters=(2, 2, 2, 2), units=8)
    >>> mels = np.full((2, 128, 63), -40.0)
    >>> mean, log_variance = model.encode(mels, [60, 64])
    >>> mean.shape, model.decode(mean, [60, 64]).shape
    ((2, 3), (2, 128, 63))

    References
    ----------
    Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014; conditioning on the pitch as in Engel et al., "Neural audio synthesis of
    musical notes with WaveNet autoencoders", ICML 2017; source and filter: Fant, "Acoustic theory of speech production", 1960.
    Lesson: 09 variational_autoencoders.
    """

    def __init__(
        self,
        latent: int = 8,
        *,
        filters: tuple[int, int, int, int] = (16, 32, 48, 64),
        units: int = 160,
        noise_db: float = 5.0,
        beta: float = 20.0,
        warm_up: int = 300,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        widths = tuple(int(width) for width in filters)
        if len(widths) != 4 or min(widths) < 1:
            raise ValueError(f"filters={filters!r} must be four numbers of at least 1")
        for size, value in {"latent": latent, "units": units}.items():
            if value < 1:
                raise ValueError(f"{size}={value} must be at least 1")
        if not noise_db > 0:
            raise ValueError(f"noise_db={noise_db} must be above 0 decibels")
        if beta < 0 or warm_up < 0:
            raise ValueError(f"beta={beta}, warm_up={warm_up} must not be negative")

        # ---- layers ----
        seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # every layer that draws numbers gets one of its own

        def glorot() -> Any:
            return keras.initializers.GlorotUniform(seed=next(seeds))

        def dense(width: int, name: str, activation: str | None = None) -> Any:
            return layers.Dense(width, activation, kernel_initializer=glorot(), name=name)

        look = [
            layers.Conv2D(width, 3, 2, "same", activation="relu", kernel_initializer=glorot(), name=f"look_{i + 1}")
            for i, width in enumerate(widths)
        ]
        partials = Partials(name="partials")
        draw_latent = LatentDraw(warm_up, seed=next(seeds), name="latent")
        of_painting = [next(seeds) for _ in range(3)]  # in this order a seed makes the network that it has always made

        # ---- functional graph ----
        levels = keras.Input((N_FRAMES, N_MELS), name="levels")
        pitch = keras.Input((), dtype="int32", name="pitch")
        x = levels[..., None]
        for layer in look:
            x = layer(x)  # (n, 32, 64, .), (n, 16, 32, .), (n, 8, 16, .), (n, 4, 8, .)
        x = layers.Flatten()(x)
        x = ops.concatenate([x, dense(32, "hear_pitch", "relu")(partials(pitch))], axis=-1)
        x = dense(128, "whole", "relu")(x)
        encoder = keras.Model(
            [levels, pitch], [dense(latent, "mean")(x), dense(latent, "log_variance")(x)], name="encoder"
        )
        decoder = painter(latent, units, chain(of_painting, seeds))

        mean, log_variance = encoder([levels, pitch])
        painted = decoder([draw_latent([mean, log_variance]), pitch])
        outputs = {"levels": painted, "mean": mean, "log_variance": log_variance}
        super().__init__([levels, pitch], outputs, name=name)

        # ---- config ----
        self.encoder, self.decoder, self.draw_latent = encoder, decoder, draw_latent
        self.latent, self.noise_db, self.beta = latent, noise_db, beta
        self._arguments = {"latent": latent, "filters": list(widths), "units": units, "noise_db": noise_db, "beta": beta, "warm_up": warm_up, "seed": seed}  # fmt: skip

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return (distortion + weight * KL) / values in nats a value, without the constant of the normal distribution."""
        off = (ops.cast(y, y_pred["levels"].dtype) - y_pred["levels"]) * (-FLOOR_DB / self.noise_db)  # in standard deviations
        distortion = ops.mean(ops.sum(0.5 * ops.square(off), axis=(1, 2)))
        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        kl = 0.5 * ops.mean(ops.sum(ops.square(mean) + ops.exp(log_variance) - 1 - log_variance, axis=1))
        weight = self.beta * self.draw_latent.warmth if training else self.beta
        return (distortion + weight * kl) / (N_FRAMES * N_MELS)

    def encode(self, mels: npt.ArrayLike, pitches: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return where notes lie: mean and log variance, (n, latent) each.

        Parameters
        ----------
        mels : (n, 128, 63) decibels, as `note_mels` makes them.
        pitches : (n,) MIDI numbers, 24 to 96.
        """
        pictures = np.asarray(mels, np.float32)
        if pictures.ndim != 3 or pictures.shape[1:] != (N_MELS, N_FRAMES):
            raise ValueError(f"mels has shape {pictures.shape}; give (n, {N_MELS}, {N_FRAMES}) decibels")
        numbers = checked_pitches(pitches, len(pictures))
        parts = zip(padded(mels_to_levels(pictures)), padded(numbers), strict=True)
        found = [self.encoder.predict_on_batch(list(pair)) for pair in parts]
        mean, log_variance = (np.concatenate([np.asarray(part[i]) for part in found])[: len(numbers)] for i in range(2))
        return mean, log_variance

    def decode(self, z: npt.ArrayLike, pitches: npt.ArrayLike) -> Floats:
        """Return mel spectrograms, (n, 128, 63) decibels, of points of the latent space, (n, latent), at MIDI pitches, (n,)."""
        points = np.asarray(z, np.float32)
        if points.ndim != 2 or points.shape[1] != self.latent or not np.isfinite(points).all():
            raise ValueError(f"z has shape {points.shape}; give finite numbers of shape (n, {self.latent})")
        numbers = checked_pitches(pitches, len(points))
        parts = zip(padded(points), padded(numbers), strict=True)
        painted = np.concatenate([np.asarray(self.decoder.predict_on_batch(list(pair))) for pair in parts])
        return levels_to_mels(painted[: len(points)])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> SpectrogramVAE:
        """Make a model from what `get_config` returned."""
        return cls(**config)
