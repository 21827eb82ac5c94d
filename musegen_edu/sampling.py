"""Sampling: from logits to a token, and from a model to a line of tokens.

A *logit* is a number a token; the larger, the likelier. The three filters change logits before a token is drawn from them and
work alike on NumPy arrays and, inside a compiled loop, on the tensors of TensorFlow, JAX and PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.vocabulary import END, PAD, START, TOKEN_DTYPE, Tokens

if TYPE_CHECKING:
    import keras

    from musegen_edu.guides import Guide
    from musegen_edu.models.markov import MarkovModel

_SHORTEST = 64  # tokens: lengths are rounded up to this or its double, its fourfold ..., so that few need compiling


def temperature(logits: Any, value: Any) -> Any:
    """Divide logits by a temperature: below 1 the likely gets likelier, above 1 all get more alike.

    Parameters
    ----------
    logits : (..., n_tokens).
    value : above 0.

    Examples
    --------
    >>> temperature(np.array([1.0, 3.0]), 2.0).tolist()
    [0.5, 1.5]

    Lesson: 05 recurrent_networks.
    """
    if isinstance(value, (int, float)) and not value > 0:
        raise ValueError(f"temperature={value} must be above 0 (generate takes 0 for 'always the likeliest')")
    return logits / value


def top_k(logits: Any, k: Any) -> Any:
    """Set all but the k largest logits to minus infinity; those equal to the k-th stay too.

    Parameters
    ----------
    logits : (..., n_tokens).
    k : at least 1; more than n_tokens changes nothing.

    Examples
    --------
    >>> top_k(np.array([0.1, 2.0, 0.3, 1.0]), 2).tolist()
    [-inf, 2.0, -inf, 1.0]

    References
    ----------
    Fan, Lewis and Dauphin, "Hierarchical neural story generation", 2018.
    Lesson: 05 recurrent_networks.
    """
    if isinstance(k, (int, float)) and k < 1:
        raise ValueError(f"top_k={k} must be at least 1")
    xp = _array_module(logits)
    places = xp.arange(logits.shape[-1])
    largest_first = xp.flip(xp.sort(logits, axis=-1), axis=-1)
    lowest_kept = xp.min(xp.where(places < k, largest_first, np.inf), axis=-1, keepdims=True)
    return xp.where(logits >= lowest_kept, logits, -np.inf)


def top_p(logits: Any, p: Any) -> Any:
    """Keep the fewest likeliest tokens whose probabilities reach p together; set the others to minus infinity.

    The likeliest token always stays, and so do tokens exactly as likely as the last one kept.

    Parameters
    ----------
    logits : (..., n_tokens).
    p : above 0, up to 1 (keeps all).

    Examples
    --------
    >>> probabilities = np.array([0.5, 0.3, 0.15, 0.05])
    >>> np.exp(top_p(np.log(probabilities), 0.75)).round(2).tolist()
    [0.5, 0.3, 0.0, 0.0]

    References
    ----------
    Holtzman et al., "The curious case of neural text degeneration", 2019 (nucleus sampling).
    Lesson: 05 recurrent_networks.
    """
    if isinstance(p, (int, float)) and not 0 < p <= 1:
        raise ValueError(f"top_p={p} must be above 0 and at most 1")
    xp = _array_module(logits)
    largest_first = xp.flip(xp.sort(logits, axis=-1), axis=-1)
    weights = xp.exp(largest_first - largest_first[..., :1])
    probabilities = weights / xp.sum(weights, axis=-1, keepdims=True)
    before = xp.cumsum(probabilities, axis=-1) - probabilities  # what all likelier tokens have together
    lowest_kept = xp.min(xp.where(xp.logical_or(before < p, p >= 1), largest_first, np.inf), axis=-1, keepdims=True)
    return xp.where(logits >= lowest_kept, logits, -np.inf)


def _array_module(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return np
    from keras import ops  # values are tensors, so Keras is loaded already

    return ops


def generate(
    model: keras.Model | MarkovModel,
    prompt: Sequence[int] | Tokens | Sequence[Sequence[int] | Tokens] = (START,),
    *,
    n_steps: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    guide: Guide | None = None,
    batch: int | None = None,
    seed: int,
) -> list[Tokens]:
    """Continue prompts with tokens drawn from a model, each until `<end>` or for at most `n_steps` tokens.

    The whole loop is compiled once, with the model's state carried from step to step, on TensorFlow and JAX; on PyTorch it runs
    as plain Python. A `MarkovModel` needs no Keras. Tokens are drawn by the Gumbel trick (the largest of logit + Gumbel noise is a
    fair draw from softmax), with noise from `numpy.random.default_rng`, so the same seed gives the same tokens on each
    backend, but for logits that differ in their last digits. A line depends only on the seed and its place in the batch, not on
    how many others there are.

    Parameters
    ----------
    model : a `MarkovModel`, or a Keras model with `n_tokens`, `initial_state(batch)` and `step(tokens, state)`.
    prompt : the tokens to begin with, at least one: one line, or a list of lines of any lengths.
    n_steps : the most tokens to add to a prompt, at least 1.
    temperature : 0 takes the likeliest token each time; 1 draws as the model says.
    top_k, top_p : filters, applied in this order after the temperature; None leaves them out.
    guide : takes away tokens that would be wrong, before the filters; see `musegen_edu.guides`.
    batch : how many lines to draw from a single prompt.
    seed : 0 or more.

    Returns
    -------
    One int32 array a line: the prompt and what was added, `<end>` included where it came.

    Raises
    ------
    ValueError
        If an argument is out of range, or a prompt holds a token that the model does not know.

    Examples
    --------
    >>> from musegen_edu.models.markov import MarkovModel
    >>> model = MarkovModel(order=1, n_tokens=6).fit([[1, 3, 4, 5, 2]] * 50)
    >>> generate(model, n_steps=8, top_p=0.9, seed=0)[0].tolist()
    [1, 3, 4, 5, 2]

    References
    ----------
    Maddison, Tarlow and Minka, "A* sampling", 2014 (the Gumbel trick).
    Lesson: 05 recurrent_networks.
    """
    prompts = _checked_prompts(prompt, batch, model.n_tokens)
    if n_steps < 1:
        raise ValueError(f"n_steps={n_steps} must be at least 1")
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    if temperature < 0:
        raise ValueError(f"temperature={temperature} must be 0 or more")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k} must be at least 1, or None for no filter")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p} must be above 0 and at most 1, or None for no filter")

    limit = max(len(line) for line in prompts) + n_steps
    if guide is not None and guide.allowed.shape[1] != model.n_tokens:
        raise ValueError(f"guide is for {guide.allowed.shape[1]} tokens; this model has {model.n_tokens}")
    length = _SHORTEST
    while length < limit:
        length *= 2
    forced = np.full((len(prompts), length), -1, TOKEN_DTYPE)  # -1: free to choose
    for row, line in zip(forced, prompts, strict=True):
        row[: len(line)] = line
        row[len(line) + n_steps :] = PAD
    noise = np.zeros((len(prompts), length, model.n_tokens), np.float32)
    noise[..., [PAD, START]] = -np.inf  # never drawn
    if temperature > 0:
        noise[:, :limit] += _gumbel(seed, (len(prompts), limit, model.n_tokens))
    settings: dict[str, Any] = {"temperature": temperature or 1.0, "k": top_k, "p": top_p}
    if hasattr(model, "next_probabilities"):
        drawn = _table_loop(model, forced, noise, guide, **settings)
    else:
        from musegen_edu.compiled_loop import compiled_loop

        drawn = compiled_loop(model, forced, noise, guide, limit=limit, **settings)
    return [_until_end(row, len(line), n_steps) for row, line in zip(drawn, prompts, strict=True)]


def _checked_prompts(prompt: Any, batch: int | None, n_tokens: int) -> list[Tokens]:
    lines = list(prompt) if len(prompt) and np.ndim(prompt[0]) == 1 else [prompt]
    if batch is not None:
        if batch < 1 or len(lines) > 1:
            raise ValueError(f"batch={batch} must be at least 1, and goes with a single prompt; there are {len(lines)}")
        lines = lines * batch
    prompts = [np.asarray(line, TOKEN_DTYPE).reshape(-1) for line in lines]
    for line in prompts:
        if len(line) == 0:
            raise ValueError("prompt is empty; begin with at least one token, such as START")
        if not 0 <= line.min() <= line.max() < n_tokens:
            raise ValueError(
                f"prompt holds {line.min()} to {line.max()}; this model knows the tokens 0 to {n_tokens - 1}"
            )
    return prompts


def _gumbel(seed: int, shape: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    """Return Gumbel noise of shape (batch, length, n_tokens)."""
    noise = np.empty(shape, np.float32)
    for row, values in enumerate(noise):  # a stream for each line, drawn place by place: no line depends on the others
        exponential = np.random.default_rng([seed, row]).standard_exponential(values.shape, np.float32)
        values[:] = -np.log(np.maximum(exponential, np.finfo(np.float32).tiny))
    return noise


def _table_loop(
    model: MarkovModel,
    forced: Tokens,
    noise: npt.NDArray[np.float32],
    guide: Guide | None,
    *,
    temperature: float,
    k: int | None,
    p: float | None,
) -> Tokens:
    """Do what `musegen_edu.compiled_loop` does, for a model that looks probabilities up in a table."""
    drawn = np.full_like(forced, PAD)
    for row, line, line_noise in zip(drawn, forced, noise, strict=True):
        where = 0  # the guide's state
        for place, given in enumerate(line):
            if guide is not None and place:
                where = guide.following[where, row[place - 1]]
            if given >= 0:
                row[place] = given
                continue
            logits = np.log(model.next_probabilities(row[:place]))
            logits = logits if guide is None else np.where(guide.allowed[where], logits, -np.inf)
            logits = logits / temperature
            logits = logits if k is None else top_k(logits, k)
            logits = logits if p is None else top_p(logits, p)
            row[place] = np.argmax(logits + line_noise[place])
            if row[place] == END:
                break
    return drawn


def _until_end(row: Tokens, prompt_length: int, n_steps: int) -> Tokens:
    ends = np.flatnonzero(row[prompt_length : prompt_length + n_steps] == END)
    return row[: prompt_length + (ends[0] + 1 if len(ends) else n_steps)].astype(TOKEN_DTYPE)
