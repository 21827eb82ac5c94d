"""Recorded notes as mu-law levels, cut into pieces anew in every pass: batches for a `WaveNet`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.wavenet import NOT_TOLD, WaveNet
from musegen_edu.quiet_keras import keras

PARTS = ("pitch", "instrument")  # the first columns of a note; its levels follow
Notes = npt.NDArray[np.int32]  # (n, 2 + n_samples)

_SHARE_OF_ONSETS = 0.3  # pieces that begin with their note: an onset is short, and everything hangs on it


def notes_to_array(levels: npt.ArrayLike, pitches: npt.ArrayLike, instruments: npt.ArrayLike) -> Notes:
    """Put notes into one array, (n, 2 + n_samples) int32: pitch, instrument, and the levels of the samples.

    Parameters
    ----------
    levels : mu-law levels, (n, n_samples).
    pitches, instruments : whole numbers, (n,).

    Raises
    ------
    ValueError
        If there is no note, or there are not as many pitches and instruments as notes.

    Examples
    --------
    >>> notes_to_array([[128, 140, 133]], pitches=[60], instruments=[2]).tolist()
    [[60, 2, 128, 140, 133]]

    Lesson: 07 convolutional_networks.
    """
    rows, columns = np.asarray(levels, np.int32), [np.asarray(part, np.int32) for part in (pitches, instruments)]
    if rows.ndim != 2 or rows.size == 0 or any(column.shape != rows.shape[:1] for column in columns):
        shapes = ", ".join(str(part.shape) for part in (rows, *columns))
        raise ValueError(
            f"levels, pitches and instruments have shapes {shapes}; they must be (n, n_samples), (n,), (n,)"
        )
    return np.column_stack([*columns, rows])


def notes_to_inputs(notes: Notes, start: int = 0) -> dict[str, npt.NDArray[np.int32]]:
    """Return whole notes as a `WaveNet` reads them; `start` is the number of their first sample within the note.

    Examples
    --------
    >>> sorted(notes_to_inputs(np.array([[60, 2, 128, 140]])))
    ['instrument', 'levels', 'pitch', 'start']
    """
    rows = np.asarray(notes, np.int32)
    starts = np.full(len(rows), start, np.int32)
    return {"levels": rows[:, 2:], "pitch": rows[:, 0], "instrument": rows[:, 1], "start": starts}


class NoteCrops(Sequence[tuple[dict[str, npt.NDArray[np.int32]], npt.NDArray[np.int32]]]):
    """Pairs (x, y) for `fit`: one piece of each note a pass, cut at a place that the seed and the pass decide.

    A piece in the middle of a note comes with the `context` samples before it, which are read and not told: the network shall not
    learn what to say with its past cut off, which never happens to it when it writes. Some 30 % of the pieces begin with their note.

    Parameters
    ----------
    notes : from `notes_to_array`; rows of one length, or a list of such rows.
    batch_size : pieces a batch.
    length : samples to tell in each piece.
    context : samples before them: the network's receptive field, less one.
    seed : of order and places; None keeps the order and begins each piece with its note.
    epoch : number of the pass.

    Raises
    ------
    ValueError
        If there is no note, a number is out of range, or a note is too short for a piece.

    Examples
    --------
    >>> notes = notes_to_array(np.zeros((5, 100)), pitches=[60] * 5, instruments=[0] * 5)
    >>> crops = NoteCrops(notes, batch_size=2, length=20, context=7, seed=0)
    >>> len(crops), crops[0][0]["levels"].shape, crops[0][1].shape
    (3, (2, 27), (2, 27))

    Lesson: 07 convolutional_networks.
    """

    def __init__(
        self,
        notes: Notes | Sequence[npt.NDArray[np.int32]],
        batch_size: int,
        *,
        length: int = 1024,
        context: int = 511,
        seed: int | None = None,
        epoch: int = 0,
    ) -> None:
        for argument, value, least in (("batch_size", batch_size, 1), ("length", length, 1), ("context", context, 0)):
            if value < least:
                raise ValueError(f"{argument}={value} must be at least {least}")
        if len(notes) == 0:
            raise ValueError("notes is empty; give at least one note")
        self._notes = np.asarray(notes, np.int32)  # (n, 2 + n_samples)
        n, n_samples = self._notes.shape[0], self._notes.shape[1] - len(PARTS)
        self._length, self._context, self._batch_size = length + context, context, batch_size
        if n_samples < self._length:
            raise ValueError(
                f"notes have {n_samples} samples; a piece needs length + context = {self._length}: make length smaller"
            )
        self._order, self._starts = np.arange(n), np.zeros(n, np.int32)
        if seed is not None:
            rng = np.random.default_rng([seed, epoch])
            self._order = rng.permutation(n)
            anywhere = rng.integers(0, n_samples - self._length + 1, n)
            self._starts = np.where(rng.random(n) < _SHARE_OF_ONSETS, 0, anywhere).astype(np.int32)

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        notes, starts = self._notes[chosen], self._starts[chosen]
        places = len(PARTS) + starts[:, None] + np.arange(self._length)  # (batch, length)
        levels = np.take_along_axis(notes, places, axis=1)
        told = levels + 1
        told[starts > 0, : self._context] = NOT_TOLD
        return {"levels": levels, "pitch": notes[:, 0], "instrument": notes[:, 1], "start": starts}, told


def nats_per_sample(model: WaveNet, notes: Notes, *, batch_size: int = 8) -> float:
    """Return a network's mean negative log-likelihood a sample, in nats, over all samples of all notes, the first included.

    Parameters
    ----------
    model : the network.
    notes : from `notes_to_array`.

    Lesson: 07 convolutional_networks.
    """
    total, rows = 0.0, np.asarray(notes, np.int32)
    for first in range(0, len(rows), batch_size):
        part = notes_to_inputs(rows[first : first + batch_size])
        logits = keras.ops.convert_to_numpy(model.predict_on_batch(part))  # (batch, time, n_levels)
        logits = logits - logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(logits, part["levels"][..., None], axis=-1)[..., 0]  # (batch, time)
        total += float((np.log(np.exp(logits).sum(axis=-1)) - chosen).sum(dtype=np.float64))
    return total / rows[:, len(PARTS) :].size
