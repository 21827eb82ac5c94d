"""Token sequences in batches: those of like length together, so that little padding is computed in vain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.vocabulary import PAD, TOKEN_DTYPE, Tokens

if TYPE_CHECKING:
    import keras

# Padded lengths. Few, because each one is compiled for itself.
LENGTHS = (64, 96, 128, 192, 256, 384, 512, 768, 1024)


class TokenBatches(Sequence[tuple[Tokens, Tokens]]):
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
        # x and y are one shorter than the sequence
        wanted = np.array([min(len(sequence) - 1, LENGTHS[-1]) for sequence in sequences])
        bucket = np.searchsorted(LENGTHS, wanted)
        rng = None if seed is None else np.random.default_rng([seed, epoch])
        self._batches: list[tuple[int, npt.NDArray[np.int64]]] = []  # (padded length, which sequences)
        for index, length in enumerate(LENGTHS):
            members = np.flatnonzero(bucket == index)
            members = members if rng is None else rng.permutation(members)
            parts = [members[i : i + batch_size] for i in range(0, len(members), batch_size)]
            self._batches += [(length, part) for part in parts]
        if rng is not None:
            self._batches = [self._batches[i] for i in rng.permutation(len(self._batches))]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        length, members = self._batches[index]
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
