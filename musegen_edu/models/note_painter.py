"""What networks that paint single notes share: the shape of the pictures, the partials of a pitch, and a painter of source and filter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.quiet_keras import keras
from musegen_edu.spectrogram import FLOOR_DB, audio_to_mel

layers, ops = keras.layers, keras.ops

SAMPLE_RATE = 16_000  # Hz
N_SAMPLES = 16_000  # one second
N_FFT, HOP_LENGTH = 1024, 256  # samples: 64 ms, 16 ms
N_MELS = 128  # with the usual 80, most pitches are lost on the way back to sound
N_FRAMES = 1 + N_SAMPLES // HOP_LENGTH
LOWEST, HIGHEST = 24, 96  # MIDI pitches that can be asked for
_BATCHES = (1, 16, 128)  # rows that a compiled call takes: few, because each is compiled for itself
_STEPS_A_FRAME = 16  # numbers that tell a frame where in the second it is

Floats = npt.NDArray[np.float32]


def painter(latent: int, units: int, seeds: Iterator[int]) -> Any:
    """Return a network that paints notes: [numbers for the timbre (n, latent), MIDI pitches (n,)] to levels (n, 63, 128).

    It works as a voice does, with a source and a filter: a GRU paints each frame as an envelope over the mel bands, plus the pattern that the
    partials of the pitch make in the bands, times how clearly they stand out. So it can paint pitches that it never saw.

    Parameters
    ----------
    latent, units : how many numbers stand for a timbre; width of the recurrent layer.
    seeds : eight, for the initial weights.

    References
    ----------
    Source and filter: Fant, "Acoustic theory of speech production", 1960.
    Lesson: 09 variational_autoencoders.

    Examples
    --------
    >>> paint = painter(3, 8, iter(range(8)))
    >>> tuple(paint([np.zeros((2, 3)), np.array([60, 64])]).shape)
    (2, 63, 128)
    """
    # ---- layers ----
    partials = Partials(name="partials")
    tell_place = TellPlace(_STEPS_A_FRAME, seed=next(seeds), name="places")
    paint = layers.GRU(
        units,
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
        name="paint",
    )

    def dense(width: int, name: str, activation: str | None = None) -> Any:
        return layers.Dense(
            width, activation, kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)), name=name
        )

    # ---- functional graph ----
    z = keras.Input((latent,), name="z")
    pitch = keras.Input((), dtype="int32", name="pitch")
    pattern = partials(pitch)  # (n, 128)
    x = ops.concatenate([z, dense(32, "know_pitch", "relu")(pattern)], axis=-1)
    start = dense(units, "start", "tanh")(x)
    x = dense(64, "timbre", "relu")(x)
    x = ops.repeat(x[:, None, :], N_FRAMES, axis=1)  # (n, 63, 64)
    x = paint(tell_place(x), initial_state=start)  # (n, 63, units)
    envelope, depth = dense(N_MELS, "envelope")(x), dense(N_MELS, "depth")(x)
    return keras.Model([z, pitch], envelope + depth * pattern[:, None, :], name="decoder")


class Partials(keras.layers.Layer):
    """The pattern that a pitch's partials, all equally strong, make in the mel bands: (n, 128) from MIDI numbers (n,)."""

    def build(self, _: Any) -> None:
        """Make the table; it is known and not learnt, so it is no weight."""
        self.table = ops.convert_to_tensor(partial_patterns())

    def call(self, pitch: Any) -> Any:
        """Look the pitches up."""
        return ops.take(self.table, ops.clip(pitch, LOWEST, HIGHEST) - LOWEST, axis=0)


class TellPlace(keras.layers.Layer):
    """Adds to each frame a few learnt numbers of its place: (n, time, k) becomes (n, time, k + length)."""

    def __init__(self, length: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.length, self.draw = length, keras.initializers.RandomUniform(-0.3, 0.3, seed=seed)

    def build(self, shape: Any) -> None:
        """Make the numbers, one row a place."""
        self.rows = self.add_weight(shape=(shape[1], self.length), initializer=self.draw, name="rows")

    def call(self, x: Any) -> Any:
        """Put each place's numbers beside its frame."""
        return ops.concatenate([x, ops.zeros_like(x[:, :, :1]) + self.rows], axis=-1)


class Floor(keras.layers.Layer):
    """Levels below the floor become the floor, 0: in a real picture nothing lies below it, so a judge could tell. A tenth of the gradient passes."""

    def call(self, levels: Any) -> Any:
        """Return the levels, at least 0."""
        leaky = ops.leaky_relu(levels, negative_slope=0.1)
        return leaky + ops.stop_gradient(ops.relu(levels) - leaky)


@lru_cache(maxsize=1)
def partial_patterns() -> Floats:
    """Return for each pitch from 24 to 96 the levels of a tone with all partials below 8 kHz equally strong, (73, 128).

    Examples
    --------
    >>> patterns = partial_patterns()
    >>> patterns.shape, float(patterns.max()) <= 1
    ((73, 128), True)
    """
    time = np.arange(4 * N_FFT) / SAMPLE_RATE
    rows = []
    for pitch in range(LOWEST, HIGHEST + 1):
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        numbers = np.arange(1, int(0.5 * SAMPLE_RATE / hertz) + 1)
        # a phase that runs with the square of the partial's number spreads the sound evenly over the period (Schroeder, 1970)
        phase = np.pi * numbers * (numbers - 1) / len(numbers)
        tone = np.cos(2 * np.pi * hertz * numbers[:, None] * time + phase[:, None]).sum(axis=0)  # (samples,)
        mel = audio_to_mel(0.1 * tone, SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS)
        row = mel[:, 4:-4].mean(axis=1)  # frames that lie wholly inside the tone
        rows.append((row - row.max()) / -FLOOR_DB + 1)
    return np.array(rows, np.float32)


def mels_to_levels(mels: npt.ArrayLike) -> Floats:
    """Return what the network reads, (n, 63, 128), 0 at the floor and 1 at full scale, from decibels (n, 128, 63)."""
    return np.ascontiguousarray(np.swapaxes(1 - np.asarray(mels, np.float32) / FLOOR_DB, 1, 2))


def levels_to_mels(levels: npt.ArrayLike) -> Floats:
    """Return decibels, (n, 128, 63) and at least the floor, from levels (n, 63, 128): the inverse of `mels_to_levels`.

    Examples
    --------
    >>> mels = np.random.default_rng(0).uniform(-80, 0, (2, 128, 63))
    >>> bool(np.allclose(levels_to_mels(mels_to_levels(mels)), mels, atol=1e-4))
    True
    """
    return np.swapaxes(np.clip(np.asarray(levels, np.float32), 0, 1.1) - 1, 1, 2) * np.float32(-FLOOR_DB)


def checked_pitches(pitches: npt.ArrayLike, n: int) -> npt.NDArray[np.int32]:
    """Return n MIDI numbers from 24 to 96, or say what is wrong with them."""
    numbers = np.asarray(pitches)
    if numbers.shape != (n,) or not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"pitches has shape {numbers.shape} and dtype {numbers.dtype}; give {n} whole MIDI numbers")
    if n and not LOWEST <= numbers.min() <= numbers.max() <= HIGHEST:
        raise ValueError(f"pitches holds {numbers.min()} to {numbers.max()}; they must lie from {LOWEST} to {HIGHEST}")
    return numbers.astype(np.int32)


def padded(rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Return rows in parts of one of a few sizes, the last one filled up with its last row."""
    if len(rows) == 0:
        raise ValueError("there are no rows; give at least one note")
    size = next((size for size in _BATCHES if len(rows) <= size), _BATCHES[-1])
    parts = [rows[i : i + size] for i in range(0, len(rows), size)]
    return [np.pad(part, [(0, size - len(part))] + [(0, 0)] * (part.ndim - 1), mode="edge") for part in parts]
