"""How manifold generated examples are: the share of real ones that they come near to, and the share of bars unlike all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score

NEIGHBOURS = 5  # of a real example: what lies nearer than the 5th is within its reach

Array = npt.NDArray[Any]


def coverage(real: Array, forged: Array) -> float:
    """Return the share of real examples that have a forged one within reach: nearer than their 5th nearest real neighbour.

    About 1 for forgeries as manifold as the real ones; about 1/8 where one of eight modes is forged.

    Parameters
    ----------
    real, forged : (n, ...) and (m, ...), distances are Euclidean.

    References
    ----------
    Naeem, Oh, Uh, Choi and Yoo, "Reliable fidelity and diversity metrics for generative models", ICML 2020.

    Examples
    --------
    >>> real = np.arange(20.0)[:, None]
    >>> coverage(real, real), coverage(real, real[:5])
    (1.0, 0.4)
    """
    real, forged = real.reshape(len(real), -1), forged.reshape(len(forged), -1)
    if not np.isfinite(forged).all():
        return 0.0
    k = min(NEIGHBOURS, len(real) - 1)
    reach = np.partition(_squares(real, real), k, axis=1)[:, k]  # the point itself is its 0th neighbour
    return float((_squares(real, forged).min(axis=1) <= reach).mean())


def coarse(mels: Array) -> Array:
    """Return the means of blocks of 8 bands by 8 frames; what is left over at the ends is dropped."""
    n, rows, columns = mels.shape
    rows, columns = max(1, rows // 8), max(1, columns // 8)
    high, wide = mels.shape[1] // rows, mels.shape[2] // columns
    return mels[:, : rows * high, : columns * wide].reshape(n, rows, high, columns, wide).mean(axis=(2, 4))


def distinct_bars(scores: list[Score]) -> float:
    """Return the share of the bars of some scores that are unlike all the others; 0 where there is no bar.

    Examples
    --------
    >>> bar = Score.from_melody([60, 62, 64, 65], 24)
    >>> distinct_bars([bar, bar])
    0.5
    """
    bars = []
    for score in scores:
        rows = score.notes[["onset", "duration", "pitch", "part"]].tolist()
        own: list[list[Any]] = [[] for _ in range(-(-score.duration // score.bar_ticks))]
        for onset, *rest in rows:
            own[onset // score.bar_ticks].append((onset % score.bar_ticks, *rest))
        bars += [tuple(bar) for bar in own]
    return len(set(bars)) / len(bars) if bars else 0.0


def _squares(a: Array, b: Array) -> Array:
    """Squared distances, (len(a), len(b))."""
    products = a @ b.T
    return np.maximum((a * a).sum(axis=1)[:, None] - 2 * products + (b * b).sum(axis=1), 0)
