"""What a `WaveNet` is told beside the samples: the note that it is to play, and the time since it began."""

from __future__ import annotations

from typing import Any

import numpy as np

from musegen_edu.models.dilated import glorot
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops

HARMONICS = 4  # of the asked note, given as sine and cosine
TIMES = (0.002, 0.01, 0.05, 0.2, 1.0)  # seconds: how slowly the features that tell the time since the onset die away
REGISTERS = tuple(range(36, 85, 6))  # MIDI pitches: the middles of the bumps that tell the register
REGISTER_WIDTH = 6.0  # semitones


class LevelReading(keras.layers.Layer):
    """Turn levels (...) into two numbers each (..., 2): the sample bent by the mu-law, -1 to 1, and the sample itself."""

    def __init__(self, n_levels: int, **options: Any) -> None:
        super().__init__(**options)
        self.n_levels = n_levels

    def call(self, levels: Any) -> Any:
        """Return (..., 2)."""
        mu = self.n_levels - 1.0
        bent = 2.0 * ops.cast(levels, "float32") / mu - 1.0
        straight = ops.sign(bent) * ops.expm1(ops.abs(bent) * float(np.log1p(mu))) / mu
        return ops.stack([bent, straight], axis=-1)


class NoteConditions(keras.layers.Layer):
    """Say, for every sample, what the network is asked to play.

    From phase, pitch, instrument and the number of each sample come: sines and cosines of the fundamental and its harmonics, as far as the
    sample rate carries them; how long ago the note began and was released; its register; a learnt vector for the instrument. Two
    dense layers make `units` numbers of them.
    """

    def __init__(
        self, n_instruments: int, units: int, sample_rate: int, held_seconds: float, *, seed: int, **options: Any
    ) -> None:
        super().__init__(**options)
        self.sample_rate, self.held_seconds = sample_rate, held_seconds
        self.embed = layers.Embedding(
            n_instruments,
            16,
            embeddings_initializer=keras.initializers.RandomUniform(-0.5, 0.5, seed=5 * seed),
            name="instrument",
        )
        self.whole = layers.Dense(
            2 * units, kernel_initializer=glorot(5 * seed + 1), name="whole"
        )  # what stays for a whole note
        self.moment = layers.Dense(2 * units, use_bias=False, kernel_initializer=glorot(5 * seed + 2), name="moment")
        self.out = layers.Dense(units, activation="tanh", kernel_initializer=glorot(5 * seed + 3), name="out")

    def build(self, phase_shape: Any, pitch_shape: Any, instrument_shape: Any, start_shape: Any) -> None:
        """Make the weights of the layers inside."""
        self.embed.build(None)
        self.whole.build((None, 16 + len(REGISTERS)))
        self.moment.build((None, None, 2 * HARMONICS + 2 * len(TIMES)))
        self.out.build((None, None, self.whole.units))
        self.built = True

    def call(self, phase: Any, pitch: Any, instrument: Any, start: Any) -> Any:
        """Return (batch, time, units) from the phase (batch, time), in periods, and what is told of the notes, (batch,) each."""
        places = ops.cast(ops.arange(ops.shape(phase)[1], dtype="int32") + start[:, None], "float32")  # (batch, time)
        moment = ops.concatenate([self.tones(phase, pitch), self.clock(places)], axis=-1)
        distance = (pitch[:, None] - np.array(REGISTERS, np.float32)) / REGISTER_WIDTH
        whole = ops.concatenate([ops.exp(-0.5 * distance**2), self.embed(instrument)], axis=-1)  # (batch, ...)
        return self.out(ops.tanh(self.moment(moment) + self.whole(whole)[:, None]))

    def tones(self, phase: Any, pitch: Any) -> Any:
        """Return sines and cosines of the harmonics, (batch, time, 2 HARMONICS); zeros for those above half the sample rate."""
        cycles = 440.0 / self.sample_rate * 2.0 ** ((pitch - 69.0) / 12.0)  # (batch,) a sample
        numbers = np.arange(1, HARMONICS + 1, dtype=np.float32)
        heard = ops.cast(cycles[:, None, None] * numbers < 0.5, "float32")  # (batch, 1, HARMONICS)
        angle = phase[..., None] * (2 * np.pi * numbers)  # (batch, time, HARMONICS)
        return ops.concatenate([heard * ops.sin(angle), heard * ops.cos(angle)], axis=-1)

    def clock(self, places: Any) -> Any:
        """Return how long ago the note began and was released, (batch, time, 2 len(TIMES)): 1 at that moment, then dying away."""
        times = np.array(TIMES, np.float32)
        seconds = places[..., None] / self.sample_rate
        released = seconds - self.held_seconds
        after = ops.cast(released >= 0, "float32") * ops.exp(-ops.maximum(released, 0.0) / times)
        return ops.concatenate([ops.exp(-seconds / times), after], axis=-1)
