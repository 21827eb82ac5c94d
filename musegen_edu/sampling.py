"""Sampling: from logits to a token, and from a model to a line of tokens.

A *logit* is a number a token; the larger, the likelier. The filters that change logits before a token is drawn from them are
in `musegen_edu.filters`; `filtered_probabilities` applies them all, and `generate` does the same inside its loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu import filters
from musegen_edu.filters import temperature as temperature
from musegen_edu.filters import top_k as top_k
from musegen_edu.filters import top_p as top_p
from musegen_edu.tokens.vocabulary import END, PAD, START, TOKEN_DTYPE, Tokens

if TYPE_CHECKING:
    import keras

    from musegen_edu.guides import Guide
    from musegen_edu.models.markov import MarkovModel

_SHORTEST = 64  # tokens: lengths are rounded up to this or its double, its fourfold ..., so that few need compiling


def filtered_probabilities(
    logits: npt.ArrayLike,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    recent: Iterable[int] = (),
    allowed: npt.ArrayLike | None = None,
) -> npt.NDArray[np.float64]:
    """Return the probabilities from which a token is drawn: what `generate` does before each draw, in plain NumPy.

    The order is: what is not allowed goes, then the repetition penalty, the temperature, top-k, top-p.

    Parameters
    ----------
    logits : (..., n_tokens), finite; the logarithms of probabilities will do as well.
    temperature : 0 gives all to the likeliest token (the first of equals); 1 leaves the probabilities as they are.
    top_k : how many of the likeliest stay, at least 1; None keeps all.
    top_p : what those that stay must reach together, above 0, up to 1; None keeps all.
    repetition_penalty : above 0; see `musegen_edu.filters.repetition_penalty`. 1 does nothing.
    recent : the tokens that count as repeated.
    allowed : truth values, (..., n_tokens), such as `guide.allowed[state]`; None allows all.

    Returns
    -------
    (..., n_tokens), none below 0, each row adding up to 1.

    Raises
    ------
    ValueError
        If an argument is out of range, or nothing is allowed.

    Examples
    --------
    >>> probabilities = np.array([0.5, 0.3, 0.15, 0.05])
    >>> filtered_probabilities(np.log(probabilities), top_k=2).round(3).tolist()
    [0.625, 0.375, 0.0, 0.0]
    >>> filtered_probabilities(np.log(probabilities), repetition_penalty=2.0, recent=[0]).round(3).tolist()
    [0.333, 0.4, 0.2, 0.067]

    Lesson: 05 recurrent_networks.
    """
    check_filters(temperature, top_k, top_p, repetition_penalty)
    values = np.array(logits, np.float64)  # (..., n_tokens)
    is_recent = np.zeros(values.shape[-1], np.bool_)
    for token in recent:
        if not 0 <= token < len(is_recent):
            raise ValueError(f"recent holds {token}; the tokens are 0 to {len(is_recent) - 1}")
        is_recent[token] = True
    if allowed is not None:
        values = np.where(allowed, values, -np.inf)
    if not np.isfinite(values).any(axis=-1).all():
        raise ValueError("allowed leaves nothing to draw; allow at least one token whose logit is finite")
    kept = _filtered_logits(values, temperature or 1.0, top_k, top_p, repetition_penalty, is_recent)
    if temperature == 0:
        kept = np.where(np.arange(kept.shape[-1]) == kept.argmax(axis=-1)[..., None], 0.0, -np.inf)
    weights = np.exp(kept - kept.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def check_filters(temperature: float, top_k: int | None, top_p: float | None, repetition_penalty: float) -> None:
    """Raise a ValueError that names the setting of a filter that is out of range."""
    if temperature < 0:
        raise ValueError(f"temperature={temperature} must be 0 or more")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k={top_k} must be at least 1, or None for no filter")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p={top_p} must be above 0 and at most 1, or None for no filter")
    if not repetition_penalty > 0:
        raise ValueError(f"repetition_penalty={repetition_penalty} must be above 0 (1 for none)")


def _filtered_logits(
    logits: npt.NDArray[Any],
    heat: float,
    k: int | None,
    p: float | None,
    penalty: float,
    is_recent: npt.NDArray[np.bool_],
) -> npt.NDArray[Any]:
    if penalty != 1:
        logits = filters.repetition_penalty(logits, penalty, is_recent)
    logits = filters.temperature(logits, heat)
    logits = logits if k is None else filters.top_k(logits, k)
    return logits if p is None else filters.top_p(logits, p)


def generate(
    model: keras.Model | MarkovModel,
    prompt: Sequence[int] | Tokens | Sequence[Sequence[int] | Tokens] = (START,),
    *,
    n_steps: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    repetition_window: int = 16,
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
    repetition_penalty : applied before the temperature to the tokens that came lately; 1 for none. See
        `musegen_edu.filters.repetition_penalty`.
    repetition_window : how many tokens back "lately" reaches, the prompt's included; at least 1.
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
    if repetition_window < 1:
        raise ValueError(f"repetition_window={repetition_window} must be at least 1")
    check_filters(temperature, top_k, top_p, repetition_penalty)

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
        noise[:, :limit] += gumbel_noise(seed, (len(prompts), limit, model.n_tokens))
    settings: dict[str, Any] = {
        "temperature": temperature or 1.0,
        "k": top_k,
        "p": top_p,
        "penalty": repetition_penalty,
        "window": repetition_window,
    }
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


def gumbel_noise(seed: int, shape: tuple[int, int, int]) -> npt.NDArray[np.float32]:
    """Return Gumbel noise of shape (batch, length, n_tokens), for fair draws by argmax.

    Each line has a stream of its own, drawn place by place, so no line depends on how many others there are or how long they are.
    """
    noise = np.empty(shape, np.float32)
    for row, values in enumerate(noise):
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
    penalty: float,
    window: int,
) -> Tokens:
    """Do what `musegen_edu.compiled_loop` does, for a model that looks probabilities up in a table."""
    drawn = np.full_like(forced, PAD)
    tokens = np.arange(model.n_tokens)
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
            is_recent = np.isin(tokens, row[max(0, place - window) : place])
            kept = _filtered_logits(logits, temperature, k, p, penalty, is_recent)
            row[place] = np.argmax(kept + line_noise[place])
            if row[place] == END:
                break
    return drawn


def _until_end(row: Tokens, prompt_length: int, n_steps: int) -> Tokens:
    ends = np.flatnonzero(row[prompt_length : prompt_length + n_steps] == END)
    return row[: prompt_length + (ends[0] + 1 if len(ends) else n_steps)].astype(TOKEN_DTYPE)
