"""Beam search: the likeliest line a model knows of, as far as it pays to look, and how likely it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.vocabulary import END, PAD, START, TOKEN_DTYPE, Tokens

if TYPE_CHECKING:
    import keras

    from musegen_edu.guides import Guide
    from musegen_edu.models.markov import MarkovModel


@dataclass(frozen=True)
class Beam:
    """A line that beam search has found.

    Parameters
    ----------
    tokens : the prompt and what follows it, `<end>` included where it came.
    log_probability : natural logarithm of the probability that the model gives to all that follows the prompt.
    """

    tokens: Tokens
    log_probability: float


def beam_search(
    model: keras.Model | MarkovModel,
    prompt: Sequence[int] | Tokens = (START,),
    *,
    n_steps: int,
    width: int = 8,
    guide: Guide | None = None,
) -> list[Beam]:
    """Look for the likeliest continuation of a prompt, keeping the `width` likeliest lines after each token.

    Width 1 is the greedy choice; with a width of all lines there are the search would be exhaustive. What is found is likely
    and therefore rarely good: it repeats itself (Holtzman et al. 2019). That is why the course draws, and searches for comparison.

    Parameters
    ----------
    model : a `MarkovModel`, or a Keras model with `n_tokens`, `initial_state(batch)` and `step(tokens, state)`.
    prompt : the tokens to begin with, at least one.
    n_steps : the most tokens to add, at least 1. A line that ends earlier stays among the beams with the probability that it has.
    width : how many lines are kept, at least 1.
    guide : takes away tokens that would be wrong. The probabilities remain the model's own, as if nothing had been taken away.

    Returns
    -------
    `width` beams or fewer, the likeliest first; of equals the one whose tokens come first. `<pad>` and `<start>` are never added.

    Raises
    ------
    ValueError
        If an argument is out of range, or the prompt holds a token that the model does not know.

    Examples
    --------
    >>> from musegen_edu.models.markov import MarkovModel
    >>> model = MarkovModel(order=1, n_tokens=6).fit([[1, 3, 4, 2]] * 6 + [[1, 5, 2]] * 4)
    >>> best = beam_search(model, n_steps=5, width=3)[0]
    >>> best.tokens.tolist(), round(best.log_probability, 2)
    ([1, 3, 4, 2], -0.84)

    References
    ----------
    Lowerre, "The HARPY speech recognition system", 1976, which introduced the search; Holtzman et al., "The curious case of neural text
    degeneration", 2019.
    Lesson: 05 recurrent_networks.
    """
    start = np.asarray(prompt, TOKEN_DTYPE).reshape(-1)
    if len(start) == 0 or not 0 <= start.min() <= start.max() < model.n_tokens:
        raise ValueError(f"prompt={start.tolist()} must hold at least one token, each from 0 to {model.n_tokens - 1}")
    if n_steps < 1:
        raise ValueError(f"n_steps={n_steps} must be at least 1")
    if width < 1:
        raise ValueError(f"width={width} must be at least 1")
    if guide is not None and guide.allowed.shape[1] != model.n_tokens:
        raise ValueError(f"guide is for {guide.allowed.shape[1]} tokens; this model has {model.n_tokens}")

    reader: _Reader = _TableReader(model) if hasattr(model, "next_probabilities") else _NetworkReader(model)
    log_p = reader.begin(start)  # (1, n_tokens)
    lines, scores = start[None], np.zeros(1)
    states = np.zeros(1, np.int32)  # the guide's
    if guide is not None:
        for token in start:
            states = guide.following[states, token]
    is_open = np.ones(1, np.bool_)
    for _ in range(n_steps):
        # an ended line has one continuation, itself: it stands in the column of <pad>, where no other can
        totals = np.full(log_p.shape, -np.inf)
        totals[is_open] = scores[is_open, None] + log_p[is_open]
        if guide is not None:
            totals[~guide.allowed[states]] = -np.inf
        totals[:, [PAD, START]] = -np.inf
        totals[~is_open, PAD] = scores[~is_open]
        best = np.argsort(-totals, axis=None, kind="stable")[:width]
        best = best[np.isfinite(totals.ravel()[best])]
        parents, tokens = np.divmod(best, log_p.shape[1])
        scores, is_open = totals.ravel()[best], is_open[parents] & (tokens != END)
        lines = np.concatenate([lines[parents], tokens[:, None].astype(TOKEN_DTYPE)], axis=1)
        if guide is not None:
            states = guide.following[states[parents], tokens]
        if not is_open.any():
            break
        log_p = reader.go_on(parents, tokens, lines)
    ends = [_length(line, len(start)) for line in lines]
    return [Beam(line[:end], float(score)) for line, end, score in zip(lines, ends, scores, strict=True)]


def _length(line: Tokens, prompt_length: int) -> int:
    ends = np.flatnonzero(line[prompt_length:] == END)
    return prompt_length + int(ends[0]) + 1 if len(ends) else len(line)


def line_log_probability(model: keras.Model | MarkovModel, line: Sequence[int] | Tokens, *, given: int = 1) -> float:
    """Return the natural logarithm of the probability of a line, after its first `given` tokens.

    Examples
    --------
    >>> from musegen_edu.models.markov import MarkovModel
    >>> model = MarkovModel(order=1, n_tokens=6).fit([[1, 3, 4, 2]] * 6 + [[1, 5, 2]] * 4)
    >>> round(line_log_probability(model, [1, 3, 4, 2]), 2)
    -0.84

    Lesson: 05 recurrent_networks.
    """
    tokens = np.asarray(line, TOKEN_DTYPE).reshape(-1)
    if not 1 <= given < len(tokens):
        raise ValueError(f"given={given} must be from 1 to {len(tokens) - 1}, one less than the line's length")
    if hasattr(model, "log_probabilities"):
        return float(model.log_probabilities(tokens)[given - 1 :].sum())
    from musegen_edu.quiet_keras import keras

    network: Any = model
    logits = network(tokens[None, :-1], training=False)  # not predict: it would compile anew for each length
    log_p = _log_softmax(np.array(keras.ops.convert_to_numpy(logits), np.float64)[0])
    return float(log_p[np.arange(len(tokens) - 1), tokens[1:]][given - 1 :].sum())


class _Reader:
    """Reads several lines at once and gives the log-probabilities of what may follow each, (lines, n_tokens)."""

    def begin(self, prompt: Tokens) -> npt.NDArray[np.float64]:
        raise NotImplementedError

    def go_on(self, parents: npt.NDArray[Any], tokens: npt.NDArray[Any], lines: Tokens) -> npt.NDArray[np.float64]:
        """Read one more token of each line; line i continues what line `parents[i]` was."""
        raise NotImplementedError


class _TableReader(_Reader):
    def __init__(self, model: MarkovModel) -> None:
        self.model = model

    def begin(self, prompt: Tokens) -> npt.NDArray[np.float64]:
        return np.log(self.model.next_probabilities(prompt))[None]

    def go_on(self, parents: npt.NDArray[Any], tokens: npt.NDArray[Any], lines: Tokens) -> npt.NDArray[np.float64]:
        return np.log([self.model.next_probabilities(line) for line in lines])


class _NetworkReader(_Reader):
    def __init__(self, model: keras.Model) -> None:
        from musegen_edu.quiet_keras import keras

        self.model, self.keras = model, keras

    def begin(self, prompt: Tokens) -> npt.NDArray[np.float64]:
        self.state = self.model.initial_state(1)
        for token in prompt:
            log_p = self._step(np.array([token]))
        return log_p

    def go_on(self, parents: npt.NDArray[Any], tokens: npt.NDArray[Any], lines: Tokens) -> npt.NDArray[np.float64]:
        def chosen(array: Any) -> Any:
            return self.keras.ops.take(array, parents.astype(np.int32), axis=0)

        self.state = self.keras.tree.map_structure(chosen, self.state)
        return self._step(tokens)

    def _step(self, tokens: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        logits, self.state = self.model.step(self.keras.ops.convert_to_tensor(tokens.astype(np.int32)), self.state)
        return _log_softmax(np.array(self.keras.ops.convert_to_numpy(logits), np.float64))


def _log_softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
