"""MarkovModel: what came next, counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_LARGEST_KEY = 2**63 - 1


class MarkovModel:
    """An n-gram model of tokens with interpolated Witten-Bell back-off.

    The next token's probability after a context of `order` tokens mixes what was counted after exactly this context with what
    a model of one order less says, down to "all tokens alike":

        p(w | h) = (c(h, w) + t(h) p(w | h')) / (c(h) + t(h))

    `c(h, w)` is how often w followed h, `c(h)` their sum over w, `t(h)` how many different tokens followed h, and `h'` is h without its
    oldest token. No token ever gets probability 0, and the probabilities of all tokens sum to 1.

    Parameters
    ----------
    order : how many tokens back the model looks, 0 or more. Order 3 counts four-grams.
    n_tokens : size of the vocabulary.

    Raises
    ------
    ValueError
        If a number is out of range, or `n_tokens ** (order + 1)` does not fit 63 bits.

    Examples
    --------
    >>> model = MarkovModel(order=1, n_tokens=3).fit([[0, 1, 2, 1, 2, 1]])
    >>> model.next_probabilities([1]).round(3).tolist()
    [0.032, 0.175, 0.794]

    References
    ----------
    Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37(4), 1991;
    Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1998, section 2.5.
    Lesson: 01 what_is_generated_music.
    """

    def __init__(self, order: int, n_tokens: int) -> None:
        if order < 0:
            raise ValueError(f"order={order} must be 0 or more")
        if n_tokens < 1:
            raise ValueError(f"n_tokens={n_tokens} must be at least 1")
        if n_tokens ** (order + 1) > _LARGEST_KEY:
            highest = int(np.log(float(_LARGEST_KEY)) / np.log(n_tokens)) - 1
            raise ValueError(f"order={order} is too high for {n_tokens} tokens; the highest possible is {highest}")
        self.order = order
        self.n_tokens = n_tokens
        empty = np.empty(0, np.int64)
        # For each context length k: the n-grams seen, as numbers in base n_tokens, sorted, and how often each was seen;
        # the contexts seen, c(h), and t(h).
        self._grams: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = [(empty, empty)] * (order + 1)
        self._contexts: list[tuple[npt.NDArray[np.int64], ...]] = [(empty, empty, empty)] * (order + 1)

    def fit(self, sequences: Iterable[Sequence[int] | npt.NDArray[np.integer]]) -> MarkovModel:
        """Count the n-grams of sequences, each from its second token on (the first is given), and return the model.

        Earlier counts are forgotten. Token 0 stands before the beginning of a sequence.
        """
        rows = [self._windows(sequence) for sequence in sequences]
        if not rows:
            raise ValueError("sequences is empty; give at least one line of tokens")
        windows = np.concatenate(rows)  # (n, order + 1), oldest token first
        for k in range(self.order + 1):
            keys, counts = np.unique(self._keys(windows[:, self.order - k :]), return_counts=True)
            contexts, first, kinds = np.unique(keys // self.n_tokens, return_index=True, return_counts=True)
            totals = np.add.reduceat(counts, first) if len(first) else counts
            self._grams[k] = (keys, counts)
            self._contexts[k] = (contexts, totals, kinds)
        return self

    def log_probabilities(self, sequence: Sequence[int] | npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the log probability (natural) of each token from the second on, given those before it: shape (n - 1,)."""
        windows = self._windows(sequence)
        probability = np.full(len(windows), 1.0 / self.n_tokens)
        for k in range(self.order + 1):
            keys = self._keys(windows[:, self.order - k :])
            seen = _look_up(*self._grams[k], keys)
            contexts, totals, kinds = self._contexts[k]
            total, kind = (
                _look_up(contexts, totals, keys // self.n_tokens),
                _look_up(contexts, kinds, keys // self.n_tokens),
            )
            known = total > 0  # after an unknown context the shorter one speaks alone
            probability[known] = ((seen + kind * probability) / np.maximum(total + kind, 1))[known]
        return np.log(probability)

    def nats_per_token(self, sequences: Iterable[Sequence[int] | npt.NDArray[np.integer]]) -> float:
        """Return the mean negative log-likelihood a token, in nats, over all tokens but each sequence's first."""
        losses = np.concatenate([-self.log_probabilities(sequence) for sequence in sequences])
        return float(losses.mean())

    def next_probabilities(self, context: Sequence[int] | npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the probability of each token after `context` (of which the last `order` tokens count): shape (n_tokens,)."""
        padded = np.concatenate([np.zeros(self.order, np.int64), self._checked(context)])
        probability = np.full(self.n_tokens, 1.0 / self.n_tokens)
        for k in range(self.order + 1):
            key = int(self._keys(padded[None, len(padded) - k :])[0])
            contexts, totals, kinds = self._contexts[k]
            place = np.searchsorted(contexts, key)
            if place == len(contexts) or contexts[place] != key:
                break  # longer contexts are unknown too
            probability *= kinds[place]
            grams, counts = self._grams[k]
            first, last = np.searchsorted(grams, [key * self.n_tokens, (key + 1) * self.n_tokens])
            probability[grams[first:last] % self.n_tokens] += counts[first:last]
            probability /= totals[place] + kinds[place]
        return probability

    def counts(self, order: int | None = None) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the contexts of one length that were seen, and how often each token followed them.

        Parameters
        ----------
        order : length of the contexts, 0 to the model's own order; None is the model's own.

        Returns
        -------
        The contexts, shape (n_contexts, order), oldest token first, in rising order; and the counts, shape (n_contexts, n_tokens).

        Raises
        ------
        ValueError
            If the model does not count contexts of that length.

        Examples
        --------
        >>> contexts, counts = MarkovModel(order=1, n_tokens=3).fit([[0, 1, 2, 1, 2, 1]]).counts()
        >>> contexts.ravel().tolist(), counts.tolist()
        ([0, 1, 2], [[0, 1, 0], [0, 0, 2], [0, 2, 0]])
        """
        length = self.order if order is None else order
        if not 0 <= length <= self.order:
            raise ValueError(f"order={order} must be from 0 to {self.order}, the model's own order")
        (keys, seen), (found, *_) = self._grams[length], self._contexts[length]
        table = np.zeros((len(found), self.n_tokens), np.int64)
        table[np.searchsorted(found, keys // self.n_tokens), keys % self.n_tokens] = seen
        places = self.n_tokens ** np.arange(length - 1, -1, -1, dtype=np.int64)
        return found[:, None] // places % self.n_tokens, table

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"order": self.order, "n_tokens": self.n_tokens}

    def _checked(self, sequence: Sequence[int] | npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        tokens = np.asarray(sequence, np.int64).reshape(-1)
        if len(tokens) and not 0 <= tokens.min() <= tokens.max() < self.n_tokens:
            raise ValueError(
                f"tokens run from {tokens.min()} to {tokens.max()}; this model knows 0 to {self.n_tokens - 1}"
            )
        return tokens

    def _windows(self, sequence: Sequence[int] | npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        tokens = self._checked(sequence)
        if len(tokens) < 2:
            return np.empty((0, self.order + 1), np.int64)
        # the first token is context only, so order - 1 zeros before it make the first window; order 0 drops it instead
        padded = np.concatenate([np.zeros(self.order, np.int64), tokens])[1:]
        return np.lib.stride_tricks.sliding_window_view(padded, self.order + 1)

    def _keys(self, windows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        keys = np.zeros(len(windows), np.int64)
        for column in windows.T:
            keys = keys * self.n_tokens + column
        return keys


def _look_up(
    keys: npt.NDArray[np.int64], values: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the value of each wanted key, 0 where the key is missing; `keys` is sorted."""
    if len(keys) == 0:
        return np.zeros(len(wanted), np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
