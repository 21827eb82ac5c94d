"""How often what occurs in a score or a whole corpus, and how far apart two such distributions are.

A distribution is a dict from a value to its share; the shares add up to 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score

Value = TypeVar("Value", bound=Hashable)


def rhythm_distribution(scores: Score | Iterable[Score]) -> dict[int, float]:
    """Share of each note length among all notes, in ticks (24 to the quarter note), shortest first.

    Parameters
    ----------
    scores : one score or many; the notes of all are counted together, drums included.

    Returns
    -------
    Length in ticks -> share, 0 to 1; an empty dict without a note.

    Examples
    --------
    >>> rhythm_distribution(Score.from_melody([60, 62, 64, 65], [24, 12, 12, 48]))
    {12: 0.5, 24: 0.25, 48: 0.25}

    References
    ----------
    Yang and Lerch 2020 (see `pitch_range`): note length histogram.

    Lesson: 01 what_is_generated_music.
    """
    return _shares([score.notes["duration"] for score in _as_scores(scores)])


def interval_distribution(scores: Score | Iterable[Score]) -> dict[int, float]:
    """Share of each melodic step, in semitones, from the largest fall to the largest rise.

    The steps are those between the highest notes that begin at each moment, in each part by itself; drums do not count.

    Parameters
    ----------
    scores : one score or many; the steps of all are counted together.

    Returns
    -------
    Semitones (negative: down) -> share, 0 to 1; an empty dict where there is no step.

    Examples
    --------
    >>> interval_distribution(Score.from_melody([60, 62, 60, 62, 67], 24))
    {-2: 0.25, 2: 0.5, 5: 0.25}

    References
    ----------
    Yang and Lerch 2020 (see `pitch_range`), whose average pitch interval is a mean over the same steps.

    Lesson: 01 what_is_generated_music.
    """
    return _shares([np.diff(pitches) for score in _as_scores(scores) for _, pitches in melodic_lines(score)])


def distribution_overlap(p: Mapping[Value, float], q: Mapping[Value, float]) -> float:
    """How much two distributions have in common: the sum over all values of the smaller share.

    Returns
    -------
    0 (no value in common) to 1 (the same shares); NaN where either is empty. The order does not matter.

    Raises
    ------
    ValueError
        If the shares of either do not add up to 1.

    Examples
    --------
    >>> distribution_overlap({"C": 0.5, "G": 0.5}, {"C": 0.25, "D": 0.75})
    0.25

    References
    ----------
    Yang and Lerch 2020 (see `pitch_range`) compare features by the overlapping area of their densities; this is the same for
    features with separate values.

    Lesson: 13 evaluation_and_improvement.
    """
    _check_distribution("p", p)
    _check_distribution("q", q)
    if not p or not q:
        return math.nan
    return float(sum(min(share, q.get(value, 0.0)) for value, share in p.items()))


def kl_divergence(p: Mapping[Value, float], q: Mapping[Value, float], *, smoothing: float = 1e-6) -> float:
    """The Kullback-Leibler divergence of p from q: sum over the values of p ln(p / q), in nats.

    How many nats more it costs, on average, to describe what is drawn from p with a code made for q. A value that q does not know
    would cost infinitely much, so `smoothing` is added to every share of q and the shares are scaled to 1 again.

    Parameters
    ----------
    p, q : value -> share. The order matters: p is what is judged, q the yardstick.
    smoothing : above 0; one millionth, so that a value unknown to q costs about 14 nats each time.

    Returns
    -------
    0 (the same shares) or more; NaN where either is empty.

    Raises
    ------
    ValueError
        If the shares of either do not add up to 1, or `smoothing` is not above 0.

    Examples
    --------
    >>> round(kl_divergence({"C": 0.5, "G": 0.5}, {"C": 0.25, "G": 0.75}), 3)
    0.144

    References
    ----------
    S. Kullback and R. A. Leibler, On information and sufficiency, Annals of Mathematical Statistics 22, 1951; used for music by
    Yang and Lerch 2020 (see `pitch_range`).

    Lesson: 13 evaluation_and_improvement.
    """
    _check_distribution("p", p)
    _check_distribution("q", q)
    if not smoothing > 0:
        raise ValueError(f"smoothing={smoothing!r} must be above 0")
    if not p or not q:
        return math.nan
    values = list({**p, **q})
    p_shares = np.array([p.get(value, 0.0) for value in values])
    q_shares = np.array([q.get(value, 0.0) for value in values]) + smoothing
    q_shares /= q_shares.sum()
    seen = p_shares > 0
    return max(0.0, float((p_shares[seen] * np.log(p_shares[seen] / q_shares[seen])).sum()))


def melodic_lines(score: Score) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return the melody of every pitched part: onsets in ticks, and the highest pitch that begins at each.

    Examples
    --------
    >>> [(onsets, pitches)] = melodic_lines(Score.from_notes([(0, 24, 60), (0, 24, 67), (24, 24, 65)]))
    >>> onsets.tolist(), pitches.tolist()
    ([0, 24], [67, 65])
    """
    pitched = score.notes[~score.is_drum_note]
    lines = []
    for part in np.unique(pitched["part"]):
        notes = pitched[pitched["part"] == part]  # by onset, then pitch: the last of each onset is the highest
        is_highest = np.append(notes["onset"][1:] != notes["onset"][:-1], True)
        lines.append((notes["onset"][is_highest].astype(np.int64), notes["pitch"][is_highest].astype(np.int64)))
    return lines


def _as_scores(scores: Score | Iterable[Score]) -> Iterable[Score]:
    return [scores] if isinstance(scores, Score) else scores


def _shares(columns: list[npt.NDArray[np.int64]]) -> dict[int, float]:
    counts: Counter[int] = Counter()
    for column in columns:
        values, times = np.unique(column, return_counts=True)
        counts.update(dict(zip(values.tolist(), times.tolist(), strict=True)))
    total = counts.total()
    return {value: counts[value] / total for value in sorted(counts)}


def _check_distribution(name: str, shares: Mapping[Value, float]) -> None:
    if shares and (abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) < 0):
        raise ValueError(
            f"{name} is no distribution: its shares add up to {sum(shares.values()):.4g} and the smallest is "
            f"{min(shares.values()):.4g}; they must add up to 1, none below 0"
        )
