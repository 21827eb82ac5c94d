"""How much of a tune is left in its translation: its rhythm, its contour, its pitch classes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.chorale_codec import FIRST_PITCH, sounding_symbols

Floats = npt.NDArray[np.float64]

_BEAT, _HALF_BAR = 4, 8  # sixteenths


def content_kept(told: npt.ArrayLike, original: npt.ArrayLike) -> dict[str, Floats]:
    """Return what is left of some tunes: `rhythm`, `contour` and `chroma`, and their mean `content`, each from 0 to 1.

    A tune in another style cannot keep all its notes, so no measure asks for that. What should stay is where notes begin, as far as the
    new style lets it; the way up and down from beat to beat; and which pitch classes, hence which harmonies, sound in each half bar.
    None of them is 0 for two tunes that have nothing to do with each other: compare with `another` tune of the wanted style.

    Parameters
    ----------
    told, original : symbols of `FourBarCodec`, (n, 64) each, in the same order.

    Examples
    --------
    >>> tune = np.tile([18, 1, 1, 1, 20, 1, 1, 1], (1, 8))  # C D C D ...
    >>> quicker = np.tile([18, 1, 20, 1, 20, 1, 18, 1], (1, 8))
    >>> {name: round(float(values[0]), 2) for name, values in content_kept(quicker, tune).items()}
    {'rhythm': 0.67, 'contour': 1.0, 'chroma': 1.0, 'content': 0.89}

    Lesson: 11 hybrid_gans.
    """
    measures = {"rhythm": rhythm_kept, "contour": contour_kept, "chroma": chroma_kept}
    found = {name: measure(told, original) for name, measure in measures.items()}
    return {**found, "content": np.mean(list(found.values()), axis=0)}


def rhythm_kept(told: npt.ArrayLike, original: npt.ArrayLike) -> Floats:
    """Return how many onsets two tunes share, (n,): twice those in both, over those in the one plus those in the other.

    A reel has twice as many onsets as a chorale has, so a perfect translation between them reaches about two thirds.

    Examples
    --------
    >>> rhythm_kept([[18, 1, 18, 1]], [[18, 1, 1, 1]]).round(2).tolist()
    [0.67]
    """
    a, b = (rows >= FIRST_PITCH for rows in _alike(told, original))
    total = a.sum(axis=1) + b.sum(axis=1)
    return np.where(total > 0, 2 * (a & b).sum(axis=1) / np.maximum(total, 1), 1.0)


def contour_kept(told: npt.ArrayLike, original: npt.ArrayLike) -> Floats:
    """Return how alike the ways up and down of two tunes are, (n,): the correlation of the pitches that sound on the beats.

    Beats on which one of the tunes is silent do not count. Below 0 (one rises where the other falls) it is 0; of two tunes that never move it
    is 1, of one that moves and one that does not 0. Transposing changes nothing.

    Examples
    --------
    >>> up = np.repeat([[18, 20, 22, 23]], 4, axis=1)
    >>> contour_kept(up + 5, up).round(2).tolist(), contour_kept(up[:, ::-1], up).tolist()
    ([1.0], [0.0])
    """
    a, b = (_sounding(rows)[:, ::_BEAT].astype(np.float64) for rows in _alike(told, original))
    heard = (a >= FIRST_PITCH) & (b >= FIRST_PITCH)
    n = np.maximum(heard.sum(axis=1, keepdims=True), 1)
    a, b = (np.where(heard, rows - (rows * heard).sum(axis=1, keepdims=True) / n, 0) for rows in (a, b))
    square_a, square_b = (a**2).sum(axis=1), (b**2).sum(axis=1)
    both = np.sqrt(square_a * square_b)
    still = (square_a < 1e-9) & (square_b < 1e-9)
    return np.where(still, 1.0, np.clip((a * b).sum(axis=1) / np.maximum(both, 1e-9), 0, 1))


def chroma_kept(told: npt.ArrayLike, original: npt.ArrayLike) -> Floats:
    """Return how alike the pitch classes are, half bar by half bar, (n,): the share of the time that both spend on the same ones.

    Silence counts as a pitch class of its own. In a half bar the order does not count, and an octave changes nothing.

    Examples
    --------
    >>> chroma_kept([[18, 1, 20, 1, 18, 1, 20, 1]], [[18, 1, 1, 1, 30, 1, 1, 1]]).tolist()
    [0.5]
    """
    shares = []
    for rows in _alike(told, original):
        sounds = _sounding(rows)
        classes = np.where(sounds >= FIRST_PITCH, (sounds - FIRST_PITCH) % 12, 12)
        halves = classes.reshape(len(rows), -1, _HALF_BAR)
        shares.append((halves[..., None] == np.arange(13)).mean(axis=2))  # (n, half bars, 13)
    return np.asarray(np.minimum(*shares).sum(axis=2).mean(axis=1))


def _sounding(rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return sounding_symbols(rows.T).T  # which takes time first


def _alike(told: npt.ArrayLike, original: npt.ArrayLike) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    a, b = np.asarray(told, np.int32), np.asarray(original, np.int32)
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(f"told has shape {a.shape} and original {b.shape}; give two arrays of one shape, (n, 64)")
    return a, b
