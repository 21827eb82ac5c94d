"""SpectrogramVAE: the mel spectrogram of a note becomes a few numbers for its timbre, and becomes a spectrogram again at any pitch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.latent_layers import LatentDraw
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
        tell_place = TellPlace(_STEPS_A_FRAME, seed=next(seeds), name="places")
        paint = layers.GRU(
            units,
            return_sequences=True,
            kernel_initializer=glorot(),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            name="paint",
        )

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

        z = keras.Input((latent,), name="z")
        pattern = partials(pitch)  # (n, 128)
        x = ops.concatenate([z, dense(32, "know_pitch", "relu")(pattern)], axis=-1)
        start = dense(units, "start", "tanh")(x)
        x = dense(64, "timbre", "relu")(x)
        x = ops.repeat(x[:, None, :], N_FRAMES, axis=1)  # (n, 63, 64)
        x = paint(tell_place(x), initial_state=start)  # (n, 63, units)
        envelope, depth = dense(N_MELS, "envelope")(x), dense(N_MELS, "depth")(x)
        decoder = keras.Model([z, pitch], envelope + depth * pattern[:, None, :], name="decoder")

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
        off = (y - y_pred["levels"]) * (-FLOOR_DB / self.noise_db)  # in standard deviations
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
        numbers = _checked_pitches(pitches, len(pictures))
        parts = zip(_padded(mels_to_levels(pictures)), _padded(numbers), strict=True)
        found = [self.encoder.predict_on_batch(list(pair)) for pair in parts]
        mean, log_variance = (np.concatenate([np.asarray(part[i]) for part in found])[: len(numbers)] for i in range(2))
        return mean, log_variance

    def decode(self, z: npt.ArrayLike, pitches: npt.ArrayLike) -> Floats:
        """Return mel spectrograms, (n, 128, 63) decibels, of points of the latent space, (n, latent), at MIDI pitches, (n,)."""
        points = np.asarray(z, np.float32)
        if points.ndim != 2 or points.shape[1] != self.latent or not np.isfinite(points).all():
            raise ValueError(f"z has shape {points.shape}; give finite numbers of shape (n, {self.latent})")
        numbers = _checked_pitches(pitches, len(points))
        parts = zip(_padded(points), _padded(numbers), strict=True)
        painted = np.concatenate([np.asarray(self.decoder.predict_on_batch(list(pair))) for pair in parts])
        return levels_to_mels(painted[: len(points)])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> SpectrogramVAE:
        """Make a model from what `get_config` returned."""
        return cls(**config)


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


def _checked_pitches(pitches: npt.ArrayLike, n: int) -> npt.NDArray[np.int32]:
    numbers = np.asarray(pitches)
    if numbers.shape != (n,) or not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"pitches has shape {numbers.shape} and dtype {numbers.dtype}; give {n} whole MIDI numbers")
    if n and not LOWEST <= numbers.min() <= numbers.max() <= HIGHEST:
        raise ValueError(f"pitches holds {numbers.min()} to {numbers.max()}; they must lie from {LOWEST} to {HIGHEST}")
    return numbers.astype(np.int32)


def _padded(rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Return rows in parts of one of a few sizes, the last one filled up with its last row."""
    if len(rows) == 0:
        raise ValueError("there are no rows; give at least one note")
    size = next((size for size in _BATCHES if len(rows) <= size), _BATCHES[-1])
    parts = [rows[i : i + size] for i in range(0, len(rows), size)]
    return [np.pad(part, [(0, size - len(part))] + [(0, 0)] * (part.ndim - 1), mode="edge") for part in parts]
