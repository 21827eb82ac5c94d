"""How much of some music a code of a few numbers keeps, and what the code costs: the figures of an autoencoder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score

Floats = npt.NDArray[np.float64]


def note_f1(real: Score | Iterable[Score], told: Score | Iterable[Score]) -> float:
    """How many notes of some music come back: a note counts where onset and pitch are both right.

    F1 is 2 m / (a + b) for m notes that are in both, a notes in the first and b in the second: the harmonic mean of precision and recall.
    Note lengths do not count. Over several scores, the notes are added up before they are divided.

    Parameters
    ----------
    real, told : two scores, or two rows of as many scores.

    Returns
    -------
    0 to 1; NaN where neither has a note.

    Raises
    ------
    ValueError
        If the rows differ in number.

    Examples
    --------
    >>> tune = Score.from_melody([60, 62, 64, 65], 24)
    >>> note_f1(tune, Score.from_melody([60, 62, 67, 65], 24)), note_f1(tune, tune.transpose(1))
    (0.75, 0.0)

    References
    ----------
    The note-level F-measure of music transcription without offsets: Bay, Ehmann and Downie, "Evaluation of multiple-F0 estimation and
    tracking systems", ISMIR 2009, with an onset tolerance of zero.
    Lesson: 09 variational_autoencoders.
    """
    first, second = ([scores] if isinstance(scores, Score) else list(scores) for scores in (real, told))
    if len(first) != len(second):
        raise ValueError(f"real has {len(first)} scores and told {len(second)}; they are compared in pairs")
    both = total = 0
    for a, b in zip(first, second, strict=True):
        counts = [Counter(score.notes[["onset", "pitch", "part"]].tolist()) for score in (a, b)]
        both += (counts[0] & counts[1]).total()
        total += len(a) + len(b)
    return 2 * both / total if total else float("nan")


def symbol_note_f1(real: npt.ArrayLike, told: npt.ArrayLike, *, first_pitch: int = 3) -> float:
    """Return `note_f1` of music that is written in symbols, one a step: quicker where there is much of it.

    Parameters
    ----------
    real, told : whole numbers of the same shape, (..., steps); those from `first_pitch` on are notes that begin.

    Examples
    --------
    >>> symbol_note_f1([[30, 1, 32, 1]], [[30, 1, 1, 32]])
    0.5
    """
    a, b = _alike(real, told)
    notes = int((a >= first_pitch).sum()) + int((b >= first_pitch).sum())
    both = int(((a == b) & (a >= first_pitch)).sum())
    return 2 * both / notes if notes else float("nan")


def step_accuracy(real: npt.ArrayLike, told: npt.ArrayLike) -> float:
    """Return the share of the steps that have the same symbol; holds flatter it, for most steps only hold on.

    Examples
    --------
    >>> step_accuracy([[30, 1, 32, 1]], [[30, 1, 1, 32]])
    0.5
    """
    a, b = _alike(real, told)
    return float((a == b).mean())


def kl_to_prior(mean: npt.ArrayLike, log_variance: npt.ArrayLike) -> Floats:
    """Return what each latent number tells of the music, in nats: its KL divergence from the prior, on average over the rows.

    For a normal distribution with mean m and variance s^2 against the standard normal one it is (m^2 + s^2 - 1 - log s^2) / 2. The sum over the
    latent numbers is the rate of the code.

    Parameters
    ----------
    mean, log_variance : (n, latent).

    Returns
    -------
    (latent,), 0 or more.

    Examples
    --------
    >>> kl_to_prior([[0.0, 1.0]], [[0.0, 0.0]]).tolist()
    [0.0, 0.5]

    References
    ----------
    Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, appendix B.
    Lesson: 09 variational_autoencoders.
    """
    m, s = np.asarray(mean, np.float64), np.asarray(log_variance, np.float64)
    if m.shape != s.shape or m.ndim != 2:
        raise ValueError(f"mean has shape {m.shape} and log_variance {s.shape}; give (n, latent) for both")
    return np.asarray((0.5 * (m**2 + np.exp(s) - 1 - s)).mean(axis=0))


def active_units(mean: npt.ArrayLike, *, threshold: float = 0.01) -> int:
    """Return how many latent numbers depend on the music at all: those whose mean varies by more than a threshold.

    Parameters
    ----------
    mean : (n, latent), of many different inputs.
    threshold : of the variance.

    Examples
    --------
    >>> active_units([[1.0, 0.001], [-1.0, -0.001]])
    1

    References
    ----------
    Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.
    Lesson: 09 variational_autoencoders.
    """
    return int((np.asarray(mean, np.float64).var(axis=0) > threshold).sum())


def morph_steps(symbols: npt.ArrayLike) -> Floats:
    """Return how far apart neighbours on a path of music are: the share of the steps in which they differ.

    Parameters
    ----------
    symbols : (points, steps), the music along the path.

    Returns
    -------
    (points - 1,), 0 to 1 each.

    Examples
    --------
    >>> morph_steps([[30, 1, 32, 1], [30, 1, 33, 1], [30, 1, 33, 34]]).tolist()
    [0.25, 0.25]
    """
    path = np.asarray(symbols)
    return np.asarray((path[1:] != path[:-1]).mean(axis=1), np.float64)


def detour(symbols: npt.ArrayLike) -> float:
    """Return how much further a path of music goes than from its first point straight to its last.

    It is the sum of `morph_steps` divided by the distance of the two ends: 1 where every change on the way is one that has to be
    made, and more where the music wanders off.

    Examples
    --------
    >>> detour([[30, 1, 32, 1], [30, 1, 33, 1], [30, 1, 33, 34]]), detour([[30, 1], [31, 1], [30, 1], [32, 1]])
    (1.0, 3.0)

    Lesson: 09 variational_autoencoders.
    """
    path = np.asarray(symbols)
    straight = float((path[0] != path[-1]).mean())
    return float(morph_steps(path).sum()) / straight if straight else float("nan")


def share_in_range(values: npt.ArrayLike, reference: npt.ArrayLike, *, inner: float = 0.9) -> float:
    """Return the share of some values that lie where the middle part of a reference lies; NaN counts as outside.

    Parameters
    ----------
    values, reference : one number each for a piece of music.
    inner : how much of the reference makes its range: 0.9 means from its 5th to its 95th percentile.

    Examples
    --------
    >>> share_in_range([4.0, 8.0, 99.0], range(1, 11))
    0.6666666666666666
    """
    real = np.asarray(reference, np.float64)
    low, high = np.nanquantile(real, [0.5 - inner / 2, 0.5 + inner / 2])
    found = np.asarray(values, np.float64)
    return float(((found >= low) & (found <= high)).mean())


def _alike(real: npt.ArrayLike, told: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    a, b = np.asarray(real, np.int64), np.asarray(told, np.int64)
    if a.shape != b.shape:
        raise ValueError(f"real has shape {a.shape} and told {b.shape}; give as many steps of both")
    return a, b
