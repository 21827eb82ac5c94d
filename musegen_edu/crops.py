"""Pieces of music cut and transposed anew in every pass: batches for models that read a piano roll frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.quiet_keras import keras
from musegen_edu.spelling import NO_FRAME, roll_to_spelling


class TransposedCrops(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches for `fit`: crops of pieces, each crop at a new place and in a new key in every pass.

    A piece that is longer than a crop is cut about as often as crops fit into it; a shorter one is filled up with frames of `NO_FRAME`.
    The frame with which a crop begins in the middle of a piece is read but not told: no network can know it.

    Parameters
    ----------
    rolls : pieces, each (frames, n_keys), not 0 where a key sounds.
    length : frames a crop.
    batch_size : crops a batch.
    places : length of a spelled chord, as in `roll_to_spelling`; None gives rolls instead of spelled chords.
    semitones : lowest and highest transposition; a piece is never moved off the keyboard.
    seed : of the order, the places and the keys; they depend on the seed and the number of the pass alone.

    Raises
    ------
    ValueError
        If there is no piece, a number is out of range, or `places` is too short for a chord.

    Examples
    --------
    >>> rolls = [np.eye(90, 88, dtype=int), np.eye(20, 88, dtype=int)]  # a chromatic scale, and the beginning of one
    >>> crops = TransposedCrops(rolls, length=32, batch_size=2, places=2)
    >>> [x.shape for x, y in (crops[i] for i in range(len(crops)))]
    [(2, 32, 2), (2, 32, 2)]

    Lesson: 06 lstm_and_gru.
    """

    def __init__(
        self,
        rolls: Sequence[npt.ArrayLike],
        *,
        length: int = 64,
        batch_size: int = 32,
        places: int | None = None,
        semitones: tuple[int, int] = (-6, 5),
        seed: int = 0,
    ) -> None:
        super().__init__()
        for argument, value in {"length": length, "batch_size": batch_size}.items():
            if value < 1:
                raise ValueError(f"{argument}={value} must be at least 1")
        if len(rolls) == 0:
            raise ValueError("rolls is empty; give at least one piece")
        if not semitones[0] <= 0 <= semitones[1]:
            raise ValueError(f"semitones={semitones} must run from 0 or below to 0 or above")
        self.length, self.batch_size, self.seed = length, batch_size, seed
        self._spelled = places is not None
        sounds = [(np.asarray(roll) != 0).astype(np.int8) for roll in rolls]
        self.n_keys = sounds[0].shape[1]
        self._pieces = [roll_to_spelling(roll, places=places) for roll in sounds] if self._spelled else sounds
        self._moves = [_moves(roll, semitones) for roll in sounds]  # how far down and up each piece may go
        # a long piece counts as often as crops fit into it
        self._ends = np.cumsum([max(1.0, len(piece) / length) for piece in self._pieces])
        self._pass = 0
        self._draw()

    def __len__(self) -> int:
        return -(-len(self._crops) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return a batch (x, y), both (batch, length, places) or (batch, length, n_keys); y has `NO_FRAME` where nothing is to tell."""
        width = self._pieces[0].shape[1]
        x = np.full((self.batch_size, self.length, width), NO_FRAME, np.int32 if self._spelled else np.int8)
        y = x.copy()
        for row, (piece, start, move) in enumerate(
            self._crops[index * self.batch_size : (index + 1) * self.batch_size]
        ):
            crop = self._transposed(self._pieces[piece][start : start + self.length], move)
            x[row, : len(crop)] = crop
            y[row, : len(crop)] = crop
            if start:
                y[row, 0] = NO_FRAME
        return x, y

    def on_epoch_end(self) -> None:
        """Draw places and keys for the next pass."""
        self._pass += 1
        self._draw()

    def _draw(self) -> None:
        rng = np.random.default_rng([self.seed, self._pass])
        total = max(1, round(self._ends[-1]))
        # evenly spaced over the pieces laid end to end, from a place drawn by lot
        marks = (np.arange(total) + rng.random()) * self._ends[-1] / total
        pieces = np.minimum(np.searchsorted(self._ends, marks, side="right"), len(self._ends) - 1)
        self._crops = [
            (
                piece,
                int(rng.integers(max(0, len(self._pieces[piece]) - self.length) + 1)),
                int(rng.integers(self._moves[piece][0], self._moves[piece][1] + 1)),
            )
            for piece in rng.permutation(pieces).tolist()
        ]

    def _transposed(self, frames: npt.NDArray[Any], move: int) -> npt.NDArray[Any]:
        if self._spelled:
            return np.where(frames < self.n_keys, frames + move, frames)
        return np.roll(frames, move, axis=1)  # nothing goes round: `_moves` keeps the piece on the keyboard


def _moves(roll: npt.NDArray[np.int8], semitones: tuple[int, int]) -> tuple[int, int]:
    """Return how many semitones a piece may go down (0 or less) and up, within `semitones` and the keyboard."""
    keys = np.flatnonzero(roll.any(axis=0))
    if len(keys) == 0:
        return 0, 0
    return max(semitones[0], -int(keys[0])), min(semitones[1], roll.shape[1] - 1 - int(keys[-1]))
