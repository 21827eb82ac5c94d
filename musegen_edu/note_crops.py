"""Recorded notes as mu-law levels, cut into pieces anew in every pass: batches for a `WaveNet`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.batching import Batches, in_parts, order_of_epoch
from musegen_edu.models.wavenet import NOT_TOLD, WaveNet
from musegen_edu.mu_law import N_LEVELS
from musegen_edu.quiet_keras import keras

UNTOLD = -1  # in place of a level: a sample that is not to be learnt, read as silence
Inputs = dict[str, npt.NDArray[Any]]

_SHARE_OF_ONSETS = 0.3  # pieces that begin with their note: an onset is short, and everything hangs on it


@dataclass(frozen=True, eq=False, init=False, repr=False)
class RecordedNotes:
    """Notes of one length, as a `WaveNet` learns from them.

    Parameters
    ----------
    levels : mu-law levels, (n, n_samples) integers; `UNTOLD` (-1) where a sample is not to be learnt.
    phases : of the fundamental, (n, n_samples), in periods, from `measured_phases` or `asked_phases`.
    pitches : MIDI numbers, (n,); fractions allowed.
    instruments : whole numbers, (n,).

    Raises
    ------
    ValueError
        If there is no note, or the shapes do not fit.

    Examples
    --------
    >>> notes = RecordedNotes([[128, 140, 133]], [[0, 0.1, 0.2]], pitches=[60], instruments=[2])
    >>> len(notes), notes.n_samples
    (1, 3)

    Lesson: 07 convolutional_networks.
    """

    levels: npt.NDArray[np.int16]
    phases: npt.NDArray[np.float32]
    pitches: npt.NDArray[np.float32]
    instruments: npt.NDArray[np.int32]

    def __init__(
        self, levels: npt.ArrayLike, phases: npt.ArrayLike, pitches: npt.ArrayLike, instruments: npt.ArrayLike
    ) -> None:
        set_field = partial(object.__setattr__, self)  # the class is frozen
        set_field("levels", np.asarray(levels, np.int16))
        set_field("phases", np.asarray(phases, np.float32))
        set_field("pitches", np.asarray(pitches, np.float32))
        set_field("instruments", np.asarray(instruments, np.int32))
        n = self.levels.shape[:1]
        if self.levels.ndim != 2 or self.levels.size == 0 or self.phases.shape != self.levels.shape:
            raise ValueError(
                f"levels and phases have shapes {self.levels.shape} and {self.phases.shape}; give (n, n_samples)"
            )
        if self.pitches.shape != n or self.instruments.shape != n:
            raise ValueError(
                f"pitches and instruments have shapes {self.pitches.shape} and {self.instruments.shape} for {n[0]} notes; give (n,)"
            )

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, chosen: Any) -> RecordedNotes:
        """Return some of the notes: chosen by a slice, or an array of places or of truth values."""
        return RecordedNotes(self.levels[chosen], self.phases[chosen], self.pitches[chosen], self.instruments[chosen])

    @property
    def n_samples(self) -> int:
        """The length of each note."""
        return int(self.levels.shape[1])

    def first(self, n_samples: int) -> RecordedNotes:
        """Return the beginnings of the notes."""
        return RecordedNotes(self.levels[:, :n_samples], self.phases[:, :n_samples], self.pitches, self.instruments)

    def inputs(self, starts: npt.ArrayLike = 0) -> Inputs:
        """Return the notes as a `WaveNet` reads them; `starts`: the number of the first sample here within its note, one or (n,)."""
        return {
            "levels": np.where(self.levels == UNTOLD, N_LEVELS // 2, self.levels).astype(np.int32),
            "phase": self.phases,
            "pitch": self.pitches,
            "instrument": self.instruments,
            "start": np.broadcast_to(np.asarray(starts, np.int32), len(self)).copy(),
        }


class NoteCrops(Batches):
    """Pairs (x, y) for `fit`: one piece of each note a pass, cut at a place that the seed and the pass decide.

    A piece in the middle of a note comes with the `context` samples before it, which are read and not told: the network shall not
    learn what to say with its past cut off, which never happens to it when it writes. Some 30 % of the pieces begin with their note.

    Parameters
    ----------
    notes : what to cut.
    batch_size : pieces a batch.
    length : samples to tell in each piece.
    context : samples before them: the network's receptive field, less one.
    jitter : levels by which the samples that are read are moved at random, while those to be told stay right: each piece has a standard
        deviation of its own between 0 and this. A network that writes must live with its own small errors; this way it meets some.
    seed : of order, places and jitter; None keeps the order, begins each piece with its note and moves nothing.
    epoch : number of the pass.

    Raises
    ------
    ValueError
        If a number is out of range, or the notes are too short for a piece.

    Examples
    --------
    >>> notes = RecordedNotes(np.zeros((5, 100)), np.zeros((5, 100)), pitches=[60] * 5, instruments=[0] * 5)
    >>> crops = NoteCrops(notes, batch_size=2, length=20, context=7, seed=0)
    >>> len(crops), crops[0][0]["levels"].shape, crops[0][1].shape
    (3, (2, 27), (2, 27))

    References
    ----------
    Jin, Finkelstein, Mysore and Lu, "FFTNet: a real-time speaker-dependent neural vocoder", ICASSP 2018 (noise on what is read).
    Lesson: 07 convolutional_networks.
    """

    def __init__(
        self,
        notes: RecordedNotes,
        batch_size: int,
        *,
        length: int = 1024,
        context: int = 511,
        jitter: float = 0.0,
        seed: int | None = None,
        epoch: int = 0,
    ) -> None:
        ranges = (("batch_size", batch_size, 1), ("length", length, 1), ("context", context, 0), ("jitter", jitter, 0))
        for argument, value, least in ranges:
            if value < least:
                raise ValueError(f"{argument}={value} must be at least {least}")
        self._notes, n = notes, len(notes)
        self._length, self._context = length + context, context
        if notes.n_samples < self._length:
            raise ValueError(
                f"notes have {notes.n_samples} samples; a piece needs length + context = {self._length}: make length smaller"
            )
        self._starts, self._jitter, self._seed = (
            np.zeros(n, np.int32),
            0.0 if seed is None else jitter,
            (seed or 0, epoch),
        )
        rng = order_of_epoch(seed, epoch)
        self._parts = list(enumerate(in_parts(range(n), batch_size, rng, argument="notes")))
        if rng is not None:
            anywhere = rng.integers(0, notes.n_samples - self._length + 1, n)
            self._starts = np.where(rng.random(n) < _SHARE_OF_ONSETS, 0, anywhere).astype(np.int32)

    def _pair(self, part: tuple[int, npt.NDArray[np.int64]]) -> tuple[Inputs, npt.NDArray[np.int32]]:
        number, chosen = part
        starts = self._starts[chosen]
        places = (chosen[:, None], starts[:, None] + np.arange(self._length))  # (batch, length)
        whole = self._notes
        pieces = RecordedNotes(
            whole.levels[places], whole.phases[places], whole.pitches[chosen], whole.instruments[chosen]
        )
        told = pieces.levels.astype(np.int32) + 1  # `UNTOLD` becomes `NOT_TOLD`
        told[starts > 0, : self._context] = NOT_TOLD
        inputs = pieces.inputs(starts)
        if self._jitter:
            rng = np.random.default_rng([*self._seed, number])
            moved = rng.standard_normal(told.shape, np.float32) * (self._jitter * rng.random((len(told), 1)))
            inputs["levels"] = np.clip(inputs["levels"] + np.rint(moved), 0, N_LEVELS - 1).astype(np.int32)
        return inputs, told


def nats_per_sample(model: WaveNet, notes: RecordedNotes, *, batch_size: int = 6) -> float:
    """Return a network's mean negative log-likelihood a sample, in nats, over all samples of all notes, the first included.

    Parameters
    ----------
    model : the network.
    notes : told to the last sample: none of them `UNTOLD`.

    Raises
    ------
    ValueError
        If a sample is `UNTOLD`.

    Lesson: 07 convolutional_networks.
    """
    if (notes.levels == UNTOLD).any():
        raise ValueError("notes has samples that are UNTOLD (-1); give notes that are known to their end")
    total = 0.0
    for first in range(0, len(notes), batch_size):
        inputs = notes[first : first + batch_size].inputs()
        logits = keras.ops.convert_to_numpy(model.predict_on_batch(inputs))  # (batch, time, n_levels)
        logits = logits - logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(logits, inputs["levels"][..., None], axis=-1)[..., 0]  # (batch, time)
        total += float((np.log(np.exp(logits).sum(axis=-1)) - chosen).sum(dtype=np.float64))
    return total / notes.levels.size
