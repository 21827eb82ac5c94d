"""Chorales in batches for training: of like length together, in another key each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from musegen_edu.batching import Batches, in_parts_of_like_length, order_of_epoch
from musegen_edu.tokens.chorale_codec import N_COLUMNS, VOICES, Table, possible_transpositions, transposed_table
from musegen_edu.tokens.vocabulary import PAD

if TYPE_CHECKING:
    import keras

LENGTHS = (192, 256, 384, 1024)  # sixteenths; each padded length is compiled for itself


class ChoraleBatches(Batches):
    """Pairs (x, y): tables of `ChoraleCodec` padded to one length, and the symbols of the four voices in them.

    With a seed, each chorale comes in a key drawn anew in each epoch from those in which every voice stays in its range: transposition as
    augmentation. Without one the chorales keep their keys and their order.

    Parameters
    ----------
    tables : (n_steps, 15) integers each; what is longer than 1,024 steps is cut there.
    batch_size : chorales a batch.
    seed : of order and keys; None for neither.
    epoch : number of the pass over the data.

    Examples
    --------
    >>> batches = ChoraleBatches([np.ones((100, 15), np.int32), np.ones((200, 15), np.int32)], batch_size=8)
    >>> [(x.shape, y.shape) for x, y in batches]
    [((1, 192, 15), (1, 192, 4)), ((1, 256, 15), (1, 256, 4))]
    """

    def __init__(self, tables: Sequence[Table], batch_size: int, *, seed: int | None = None, epoch: int = 0) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1")
        if len(tables) == 0:
            raise ValueError("tables is empty; give at least one chorale")
        rng = order_of_epoch(seed, epoch)
        self._tables = list(tables)
        if rng is not None:
            keys = [rng.choice(list(possible_transpositions(table))) for table in tables]
            self._tables = [transposed_table(table, int(key)) for table, key in zip(tables, keys, strict=True)]
        self._parts = in_parts_of_like_length([len(table) for table in tables], LENGTHS, batch_size, rng)

    def _pair(self, part: tuple[int, npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        length, members = part
        x = np.full((len(members), length, N_COLUMNS), PAD, np.int32)
        for row, member in zip(x, members, strict=True):
            table = self._tables[member][:length]
            row[: len(table)] = table
        return x, x[..., : len(VOICES)]


def nats_per_voice(model: keras.Model, tables: Sequence[Table], *, batch_size: int = 16) -> npt.NDArray[np.float64]:
    """Return a model's mean negative log-likelihood of a symbol in nats, for each voice: (4,), soprano first.

    The mean of the four is the loss a symbol; their sum is the loss a sixteenth.

    Lesson: 06 lstm_and_gru.
    """
    totals, count = np.zeros(len(VOICES)), 0
    for x, y in ChoraleBatches(tables, batch_size):
        losses = symbol_losses(model, x)
        real = y[..., 0] != PAD
        totals += losses[real].sum(axis=0, dtype=np.float64)
        count += int(real.sum())
    return totals / count


def symbol_losses(model: keras.Model, x: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """Return the negative log-probability of every symbol in some tables, (batch, time, 4), from tables (batch, time, 15)."""
    logits = np.array(model.predict_on_batch(x), np.float32)  # (batch, time, 4, n_symbols)
    logits -= logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, x[..., : len(VOICES), None], axis=-1)[..., 0]
    return np.asarray(np.log(np.exp(logits).sum(axis=-1)) - chosen)
