"""Filters: what is done to logits before a token is drawn from them.

A *logit* is a number a token; the larger, the likelier. The filters work alike on NumPy arrays and, inside a compiled loop, on the
tensors of TensorFlow, JAX and PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np


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


def repetition_penalty(logits: Any, penalty: Any, is_recent: Any) -> Any:
    """Make tokens that came lately less likely: their probability is raised to the power `penalty`, then all are scaled to 1.

    Keskar et al. divide positive logits by the penalty and multiply negative ones, so that what happens depends on where the
    logits have their zero, which says nothing about the music. Here the logarithms of the probabilities are multiplied, which
    does not.

    Parameters
    ----------
    logits : (..., n_tokens).
    penalty : above 0; 1 changes nothing, 1.5 is strong, below 1 rewards repetition.
    is_recent : truth values, (..., n_tokens): which tokens came lately.

    Examples
    --------
    >>> changed = repetition_penalty(np.log([0.5, 0.25, 0.25]), 2.0, np.array([True, False, False]))
    >>> np.exp(changed).round(3).tolist()  # not yet scaled to 1 again
    [0.25, 0.25, 0.25]

    References
    ----------
    Keskar et al., "CTRL: a conditional transformer language model for controllable generation", 2019, section 4.1.
    Lesson: 05 recurrent_networks.
    """
    if isinstance(penalty, (int, float)) and not penalty > 0:
        raise ValueError(f"repetition_penalty={penalty} must be above 0 (1 for none)")
    xp = _array_module(logits)
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    return xp.where(is_recent, log_p * penalty, log_p)


def _array_module(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return np
    from keras import ops  # values are tensors, so Keras is loaded already

    return ops
