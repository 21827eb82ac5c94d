"""Chorales with holes for training: cut, transposed and hidden anew in every pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from musegen_edu.batching import Batches, in_parts
from musegen_edu.tokens.chorale_codec import VOICES, Table, possible_transpositions, transposed_table
from musegen_edu.tokens.chorale_grid import HELD, HIDDEN, N_GRID_COLUMNS, UNKNOWN, Grid, hide, table_to_grid

if TYPE_CHECKING:
    import keras

CROP = 64  # sixteenths: four bars of 4/4
_OVERHANG = 8  # a crop may begin so many sixteenths before the music, or end so many after it
_NO_FERMATAS, _NO_STRIKES = 0.5, 0.25  # shares of the crops that are not told these
_N = len(VOICES)


class CropsWithHoles(Batches):
    """Pairs (x, y) for `musegen_edu.training.fit`: grids with hidden cells, and what is hidden.

    Each chorale gives as many crops as fit into it. With a seed, every epoch draws other places, keys (those in which each voice stays in
    its range) and holes. Without one the crops lie end to end in the chorale's own key, and their holes are the same each time: that
    is how a validation loss is measured.

    Half of the crops have holes as Coconet's: any number of cells, each set of so many equally likely. The others have what people erase
    and what sampling meets: a stretch of time in some of the voices, all of it or in part; a third of those to the end.

    Parameters
    ----------
    tables : of `ChoraleCodec`, (n_steps, 15) each.
    batch_size : crops a batch.
    seed : of order, places, keys and holes; None for none but fixed holes.
    epoch : number of the pass.
    length : sixteenths a crop.

    Raises
    ------
    ValueError
        If there is no table, or a number is below 1.

    Examples
    --------
    >>> table = np.ones((100, 15), np.int32)
    >>> table[:, 4:8] = 40
    >>> [(x.shape, y.shape) for x, y in CropsWithHoles([table], 8)]
    [((2, 64, 13), (2, 64, 8))]

    Lesson: 07 convolutional_networks.
    """

    def __init__(
        self,
        tables: Sequence[Table],
        batch_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
        length: int = CROP,
    ) -> None:
        for argument, value in {"batch_size": batch_size, "length": length}.items():
            if value < 1:
                raise ValueError(f"{argument}={value} must be at least 1")
        if len(tables) == 0:
            raise ValueError("tables is empty; give at least one chorale")
        self._tables, self._length = list(tables), length
        self._key = [0] if seed is None else [seed, epoch + 1]
        self._drawn = seed is not None
        starts: list[tuple[int, int]] = []  # (chorale, where the crop begins)
        rng = np.random.default_rng(self._key)
        for number, table in enumerate(tables):
            n = -(-len(table) // length)
            if self._drawn:
                last = max(0, len(table) - length)
                places = rng.integers(-_OVERHANG, last + _OVERHANG + 1, size=n)
            else:
                places = length * np.arange(n)
            starts += [(number, int(place)) for place in places]
        self._crops = [starts[i] for i in rng.permutation(len(starts))] if self._drawn else starts
        self._parts = in_parts(range(len(starts)), batch_size)

    def _pair(self, part: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        pairs = [self._crop(number) for number in part.tolist()]
        return np.stack([x for x, _ in pairs]), np.stack([y for _, y in pairs])

    def _crop(self, number: int) -> tuple[Grid, npt.NDArray[np.int32]]:
        rng = np.random.default_rng([*self._key, number])  # its own, so that batches can be asked for in any order
        chorale, start = self._crops[number]
        table = self._tables[chorale]
        if self._drawn:
            table = transposed_table(table, int(rng.choice(list(possible_transpositions(table)))))
        whole = table_to_grid(table, fermatas_known=rng.random() >= _NO_FERMATAS)
        crop = np.zeros((self._length, N_GRID_COLUMNS), np.int32)
        from_, to = max(start, 0), min(start + self._length, len(whole))
        crop[from_ - start : to - start] = whole[from_:to]
        inside = slice(from_ - start, to - start)
        hidden = np.zeros((self._length, _N), np.bool_)
        hidden[inside] = draw_holes(to - from_, rng)
        x = hide(crop, hidden)
        if rng.random() < _NO_STRIKES:
            x[:, _N : 2 * _N] = UNKNOWN
        return x, holes_to_targets(crop, hidden)


def draw_holes(n_steps: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return which cells to hide for training, (n_steps, 4); at least one. See `CropsWithHoles`."""
    size = n_steps * _N
    if rng.random() < 0.5:
        hidden = np.zeros(size, np.bool_)
        hidden[rng.permutation(size)[: rng.integers(1, size + 1)]] = True
        return hidden.reshape(n_steps, _N)
    voices = np.ones(_N, np.bool_)
    if rng.random() < 0.6:
        while voices.all() or not voices.any():
            voices = rng.random(_N) < 0.5
    start, stop = 0, n_steps
    if rng.random() < 0.7:
        span = int(rng.integers(1, n_steps + 1))
        start = int(rng.integers(0, n_steps - span + 1))
        stop = start + span if rng.random() < 2 / 3 else n_steps
    share = 1.0 if rng.random() < 0.5 else rng.uniform(0.1, 1.0)
    steps = np.arange(n_steps)[:, None]
    region = (steps >= start) & (steps < stop) & voices
    hidden = region & (rng.random((n_steps, _N)) < share)
    return hidden if hidden.any() else region


def holes_to_targets(grid: Grid, hidden: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """Return what is to be told, (n_steps, 8): the sounds of the hidden cells, and whether they strike where they repeat the cell before.

    Parameters
    ----------
    grid : (n_steps, 13), nothing hidden.
    hidden : (n_steps, 4).

    Examples
    --------
    >>> grid = np.zeros((3, 13), np.int32)
    >>> grid[:, 0], grid[:, 4] = [44, 44, 45], [2, 1, 2]
    >>> hidden = np.zeros((3, 4), bool)
    >>> hidden[1:, 0] = True
    >>> holes_to_targets(grid, hidden)[:, [0, 4]].tolist()  # the last is struck of course: it is another pitch
    [[0, 0], [44, 1], [45, 0]]
    """
    sounds, strikes = grid[:, :_N], grid[:, _N : 2 * _N]
    same = np.zeros(sounds.shape, np.bool_)
    same[1:] = (sounds[1:] == sounds[:-1]) & (sounds[1:] > HELD)  # a pitch; rests that go on are not struck again
    return np.concatenate([np.where(hidden, sounds, HIDDEN), np.where(hidden & same, strikes, UNKNOWN)], axis=1).astype(
        np.int32
    )


def nats_per_hidden_cell(model: keras.Model, tables: Sequence[Table], *, batch_size: int = 32) -> float:
    """Return a model's loss on chorales with holes that are the same each time: nats a hidden cell, each crop counted alike.

    What it costs to tell struck from held is in it, as in training.

    Lesson: 07 convolutional_networks.
    """
    total, count = 0.0, 0
    for x, y in CropsWithHoles(tables, batch_size):
        logits = model.predict_on_batch(x)
        total += float(model.compute_loss(x, y, logits)) * len(x)
        count += len(x)
    return total / count
