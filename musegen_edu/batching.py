"""Batches of one pass over the data; token sequences in batches of like length, so that little padding is computed in vain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.vocabulary import PAD, TOKEN_DTYPE, Tokens

if TYPE_CHECKING:
    import keras

# Padded lengths. Few, because each one is compiled for itself.
LENGTHS = (64, 96, 128, 192, 256, 384, 512, 768, 1024)


class Batches(ABC, Sequence[tuple[Any, Any]]):
    """Pairs (x, y) of one pass over the data, for `musegen_edu.training.fit`: each is made when it is asked for.

    A subclass says in `_parts` what goes into which batch (see `in_parts`) and in `_pair` what x and y of a part are. Whatever is drawn is
    drawn in the constructor, or with a seed that the part tells, so that a batch is the same however often it is asked for.
    """

    _parts: Sequence[Any]

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._pair(part) for part in self._parts[index]]
        return self._pair(self._parts[index])

    @abstractmethod
    def _pair(self, part: Any) -> tuple[Any, Any]:
        """Return x and y of one of `_parts`."""


def order_of_epoch(seed: int | None, epoch: int) -> np.random.Generator | None:
    """Return what draws the order, and whatever else is drawn, of one pass over the data: None where the seed is None."""
    return None if seed is None else np.random.default_rng([seed, epoch])


def in_parts(
    members: npt.ArrayLike, batch_size: int, rng: np.random.Generator | None = None, *, argument: str = "members"
) -> list[npt.NDArray[np.int64]]:
    """Return places in some data, `batch_size` at a time (the last ones may be fewer), in an order that is drawn; as they are without `rng`.

    Parameters
    ----------
    members : places, (n,).
    batch_size : at least 1.
    rng : draws the order.
    argument : what the caller calls its data, for the message.

    Raises
    ------
    ValueError
        If there is no place, or the batch size is below 1.

    Examples
    --------
    >>> [part.tolist() for part in in_parts(range(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    places = np.asarray(members, np.int64)
    if len(places) == 0:
        raise ValueError(f"{argument} is empty; give at least one example")
    places = places if rng is None else rng.permutation(places)
    return [places[first : first + batch_size] for first in range(0, len(places), batch_size)]


def in_parts_of_like_length(
    wanted: npt.ArrayLike, lengths: Sequence[int], batch_size: int, rng: np.random.Generator | None = None
) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """Return batches within which everything is padded to one length, with that length: (length, places) each.

    Parameters
    ----------
    wanted : how long each piece is, (n,).
    lengths : to which pieces are padded, rising; what is longer than the last is cut there.
    batch_size : at least 1; the last batch of a length may be smaller.
    rng : draws the order within each length, and that of the batches.

    Examples
    --------
    >>> [(length, places.tolist()) for length, places in in_parts_of_like_length([3, 9, 4, 1], (4, 8), batch_size=2)]
    [(4, [0, 2]), (4, [3]), (8, [1])]
    """
    chosen = np.searchsorted(lengths, np.minimum(wanted, lengths[-1]))
    parts: list[tuple[int, npt.NDArray[np.int64]]] = []
    for index, length in enumerate(lengths):
        members = np.flatnonzero(chosen == index)
        parts += [(length, part) for part in (in_parts(members, batch_size, rng) if len(members) else [])]
    return parts if rng is None else [parts[i] for i in rng.permutation(len(parts))]


class TokenBatches(Batches):
    """Pairs (x, y) for next-token training: y is x one place further on.

    Each sequence goes into the shortest of `LENGTHS` that holds it; a longer one is cut at the largest. Batches are made within
    a length, in an order that the seed and the epoch decide. Padding is `PAD`, which the loss leaves out.

    Parameters
    ----------
    sequences : integers, each at least two tokens long.
    batch_size : sequences a batch; the last batch of a length may be smaller.
    seed : of the order; None keeps the order of lengths and sequences.
    epoch : number of the pass over the data; each has its own order.

    Examples
    --------
    >>> batches = TokenBatches([np.arange(1, 70), np.arange(1, 10)], batch_size=8)
    >>> [x.shape for x, y in batches]
    [(1, 64), (1, 96)]
    """

    def __init__(
        self, sequences: Sequence[Tokens], batch_size: int, *, seed: int | None = None, epoch: int = 0
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1")
        if len(sequences) == 0:
            raise ValueError("sequences is empty; give at least one line of tokens")
        shortest = min(len(sequence) for sequence in sequences)
        if shortest < 2:
            raise ValueError(
                f"sequences holds one of {shortest} tokens; each needs at least 2, one to read and one to tell"
            )
        self._sequences = sequences
        told = [len(sequence) - 1 for sequence in sequences]  # x and y are one shorter than the sequence
        self._parts = in_parts_of_like_length(told, LENGTHS, batch_size, order_of_epoch(seed, epoch))

    def _pair(self, part: tuple[int, npt.NDArray[np.int64]]) -> tuple[Tokens, Tokens]:
        length, members = part
        rows = np.full((len(members), length + 1), PAD, TOKEN_DTYPE)
        for row, member in zip(rows, members, strict=True):
            sequence = self._sequences[member][: length + 1]
            row[: len(sequence)] = sequence
        return rows[:, :-1], rows[:, 1:]  # (batch, length) each


def nats_per_token(model: keras.Model, sequences: Sequence[Tokens], *, batch_size: int = 32) -> float:
    """Return a model's mean negative log-likelihood a token, in nats, over all tokens but each sequence's first.

    Every token counts alike, whatever the batches; e to this power is the perplexity.

    Parameters
    ----------
    model : maps tokens (batch, time) to logits (batch, time, n_tokens).
    sequences : held-out lines of tokens.

    Lesson: 05 recurrent_networks.
    """
    total, count = 0.0, 0
    for x, y in TokenBatches(sequences, batch_size):
        logits = np.array(model.predict_on_batch(x), np.float32)  # (batch, time, n_tokens)
        logits -= logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(logits, y[..., None], axis=-1)[..., 0]  # (batch, time)
        losses = np.log(np.exp(logits).sum(axis=-1)) - chosen
        total += float(losses[y != PAD].sum(dtype=np.float64))
        count += int((y != PAD).sum())
    return total / count
