"""SpectrogramGAN: notes of an instrument at a pitch, painted from noise, and a judge that has heard real ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.gan_layers import SpectralConv2D, SpectralDense
from musegen_edu.models.note_painter import (
    N_FRAMES,
    N_MELS,
    Floats,
    Floor,
    Partials,
    checked_pitches,
    levels_to_mels,
    painter,
)
from musegen_edu.quiet_keras import keras
from musegen_edu.spectrogram import FLOOR_DB

layers, ops = keras.layers, keras.ops

_INSTRUMENT = 16  # numbers that stand for an instrument
_FEATURES = 128  # numbers in which the judge sums a picture up


class SpectrogramGAN(AdversarialPair):
    """An adversarial pair for single notes: the generator paints the mel spectrogram of a pitch on an instrument, the judge is told both too.

    So a forgery has to be more than a fine note: it has to be *this* note of *this* instrument. What is left for the noise is whatever differs
    between two notes of one pitch on one instrument; in "timbre" that is how hard the note is struck. The generator paints as the decoder
    of `SpectrogramVAE` does (see `painter`). The judge sees the picture beside the pattern that the partials of the pitch make, and weighs
    what it finds differently for each instrument.

    `fit` is given a pair: mel spectrograms, (n, 128, 63) decibels, as `note_mels` makes them, and conditions, (n, 2) integers: MIDI pitch and
    number of the instrument.

    Parameters
    ----------
    n_instruments : how many instruments there are.
    latent : normally distributed numbers that make a note.
    units : width of the generator's recurrent layer.
    filters : of the judge's four convolutions.
    seed : of the initial weights, and of the noise while training.
    options : `loss`, `penalty`, `smoothing`, `average` and `name`, as in `AdversarialPair`.

    Examples
    --------
    >>> pair = SpectrogramGAN(3, latent=2, units=8, filters=(2, 2, 2, 2))
    >>> pair.generate(2, condition=[[60, 0], [64, 2]], seed=1).shape
    (2, 128, 63)

    References
    ----------
    As in `AdversarialPair` and `SpectralNorm`; a judge that is told the class by an inner product: Miyato and Koyama, "cGANs with projection
    discriminator", ICLR 2018; a GAN for spectrograms of single notes, told the pitch: Engel et al., "GANSynth", ICLR 2019.
    Lesson: 10 generative_adversarial_networks.
    """

    def __init__(
        self,
        n_instruments: int = 12,
        *,
        latent: int = 8,
        units: int = 160,
        filters: tuple[int, int, int, int] = (16, 32, 48, 64),
        seed: int = 0,
        **options: Any,
    ) -> None:
        for size, value in {"n_instruments": n_instruments, "latent": latent, "units": units}.items():
            if value < 1:
                raise ValueError(f"{size}={value} must be at least 1")
        generator = note_generator(n_instruments, latent=latent, units=units, seed=seed)
        judge = note_judge(n_instruments, filters=filters, seed=seed)
        super().__init__(generator, judge, noise=latent, seed=seed, **{"name": "spectrogram_gan", **options})
        self.n_instruments = n_instruments
        own = {"n_instruments": n_instruments, "latent": latent, "units": units, "filters": list(filters)}
        self._arguments = {**own, "seed": seed, **options}

    def prepare(self, examples: Any) -> Any:
        """Return levels, (n, 63, 128), as the judge reads them, of decibels, (n, 128, 63)."""
        return 1 - ops.transpose(ops.cast(examples, self.compute_dtype), (0, 2, 1)) / FLOOR_DB

    def generate(self, n: int, *, condition: Any = None, seed: int = 0, averaged: bool = False) -> Floats:
        """Return n forged notes, (n, 128, 63) decibels; the same for the same seed and weights.

        Parameters
        ----------
        n : how many, at least 1.
        condition : (n, 2) integers: MIDI pitch, 24 to 96, and number of the instrument.
        seed : of the noise.
        averaged : whether the averaged generator forges.
        """
        told = np.asarray(condition)
        if told.shape != (n, 2):
            raise ValueError(f"condition has shape {told.shape}; give ({n}, 2): a MIDI pitch and an instrument each")
        pitches, instruments = checked_pitches(told[:, 0], n), told[:, 1]
        if n and not 0 <= instruments.min() <= instruments.max() < self.n_instruments:
            raise ValueError(
                f"condition names the instruments {instruments.min()} to {instruments.max()}; "
                f"they must lie from 0 to {self.n_instruments - 1}"
            )
        told = np.stack([pitches, instruments.astype(np.int32)], axis=1)
        return levels_to_mels(super().generate(n, condition=told, seed=seed, averaged=averaged))

    def make_generator(self) -> Any:
        """Return a fresh generator, built as the pair's own is."""
        same = {name: self._arguments[name] for name in ("n_instruments", "latent", "units", "seed")}
        return note_generator(**same)


def note_generator(n_instruments: int, *, latent: int, units: int, seed: int) -> Any:
    """Return a generator: [noise (n, latent), conditions (n, 2)] to levels (n, 63, 128), 0 at the floor and 1 at full scale."""
    # ---- layers ----
    seeds = iter(range(1000 * seed, 1000 * seed + 500))
    draw = keras.initializers.RandomUniform(-1, 1, seed=next(seeds))
    know = layers.Embedding(n_instruments, _INSTRUMENT, embeddings_initializer=draw, name="know_instrument")
    paint = painter(latent + _INSTRUMENT, units, seeds)

    # ---- functional graph ----
    z, condition = keras.Input((latent,), name="noise"), keras.Input((2,), dtype="int32", name="condition")
    timbre = ops.concatenate([z, know(condition[:, 1])], axis=-1)
    levels = Floor(name="floor")(paint([timbre, condition[:, 0]]))
    return keras.Model([z, condition], levels, name="note_generator")


def note_judge(n_instruments: int, *, filters: tuple[int, ...] = (16, 32, 48, 64), seed: int = 0) -> Any:
    """Return a judge: [levels (n, 63, 128), conditions (n, 2)] to scores (n, 1), logits, above 0 for "real".

    The picture and the pattern of the pitch's partials are halved four times in both directions, with spectral normalisation in each layer; then
    128 features are weighed, once for all instruments and once for the one that is asked for.

    Examples
    --------
    >>> tuple(note_judge(3, filters=(2, 2, 2, 2))([np.zeros((5, 63, 128)), np.full((5, 2), 2)]).shape)
    (5, 1)
    """
    # ---- layers ----
    seeds = iter(range(1000 * seed + 500, 1000 * seed + 1000))
    looks = looking_layers(filters, seeds)
    number, *of_scores = (next(seeds) for _ in range(3))
    sum_up = SpectralDense(_FEATURES, kernel_initializer=_glorot(number), seed=number, name="sum_up")
    score = SpectralDense(1, kernel_initializer=_glorot(of_scores[0]), seed=of_scores[0], name="score")
    expect = SpectralDense(_FEATURES, kernel_initializer=_glorot(of_scores[1]), seed=of_scores[1], name="expect")

    # ---- functional graph ----
    levels, condition = keras.Input((N_FRAMES, N_MELS), name="levels"), keras.Input((2,), dtype="int32", name="condition")  # fmt: skip
    x = beside_partials(levels, condition[:, 0])
    for layer in looks:
        x = ops.leaky_relu(layer(x), negative_slope=0.2)
    x = ops.leaky_relu(sum_up(layers.Flatten(name="flat")(x)), negative_slope=0.2)  # flat: (n, 4 * 8 * filters)
    expected = expect(ops.one_hot(condition[:, 1], n_instruments))  # (n, 128)
    scores = score(x) + ops.sum(expected * x, axis=-1, keepdims=True)
    return keras.Model([levels, condition], scores, name="note_judge")


def looking_layers(filters: tuple[int, ...], seeds: Any, name: str = "look") -> list[Any]:
    """Return four convolutions of bounded slope, each of which halves a picture in both directions."""
    if len(filters) != 4 or min(filters) < 1:
        raise ValueError(f"filters={filters!r} must be four numbers of at least 1")
    numbers = [next(seeds) for _ in filters]
    return [
        SpectralConv2D(
            width, 4, strides=2, padding="same", kernel_initializer=_glorot(n), seed=n, name=f"{name}_{place}"
        )
        for place, (width, n) in enumerate(zip(filters, numbers, strict=True), 1)
    ]


def beside_partials(levels: Any, pitch: Any) -> Any:
    """Return pictures of two channels, (n, 63, 128, 2), both from -1 to 1: the levels, and in each frame the pattern of the pitch's partials."""
    pattern = ops.zeros_like(levels) + Partials(name="partials")(pitch)[:, None, :]
    return ops.stack([2 * levels - 1, 2 * pattern - 1], axis=-1)


def _glorot(seed: int) -> Any:
    return keras.initializers.GlorotUniform(seed=seed)
