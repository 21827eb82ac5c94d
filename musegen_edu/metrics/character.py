"""The character of a short tune in numbers that a learner may want to turn: how off the beat, how rising, how major.

`note_density` and `pitch_range` (`musegen_edu.metrics.features`) belong to them.
"""

from __future__ import annotations

import math

import numpy as np

from musegen_edu.keys import parse_key
from musegen_edu.score import Score

_SIXTEENTH = 6  # ticks
# How strong each sixteenth of a bar of 4/4 is: 0 the downbeat, -1 the half bar, -2 the other beats, -3 the eighths between
_STRENGTH = np.array([0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4])
_MAJOR_STEPS, _MINOR_STEPS = (4, 9, 11), (3, 8, 10)  # third, sixth and seventh above the tonic, in semitones


def syncopation(score: Score) -> float:
    """How much the rhythm goes against the beat, a bar of 4/4.

    A note is syncopated where it begins at a weak place and is still the latest note when a stronger place passes: the ear waits there for
    a note, and none comes. It counts as many points as the place is stronger. The places of a bar, from the downbeat (0) over the half bar
    (-1), the other beats (-2) and the eighths between (-3), to the sixteenths between (-4).

    Parameters
    ----------
    score : one voice with bars of 4/4 or 2/2; onsets between two sixteenths count for the earlier one.

    Returns
    -------
    Points a bar, 0 or more; NaN without a note.

    Raises
    ------
    ValueError
        If a bar is not as long as one of 4/4.

    Examples
    --------
    >>> straight, off = Score.from_melody([60] * 8, 12), Score.from_melody([60, 60, 60], [12, 24, 60])
    >>> syncopation(straight), syncopation(off)  # the second begins on an eighth and sounds through beat 2; the third through the half bar
    (0.0, 3.0)

    References
    ----------
    Longuet-Higgins and Lee, "The rhythmic interpretation of monophonic music", Music Perception 1(4), 1984.
    Lesson: 09 variational_autoencoders.
    """
    if score.bar_ticks != 16 * _SIXTEENTH:
        raise ValueError(
            f"score has the meter {score.meter[0]}/{score.meter[1]}; syncopation is counted in bars of 4/4"
        )
    if len(score) == 0:
        return math.nan
    onsets = np.unique((score.notes["onset"].astype(np.int64) - score.pickup) // _SIXTEENTH)
    n_bars = max(1, -(-(score.duration - score.pickup) // score.bar_ticks))
    points = 0
    for onset, following in zip(onsets, np.append(onsets[1:], n_bars * 16), strict=True):
        passed = _STRENGTH[np.arange(onset + 1, following) % 16]
        points += max(0, int(passed.max(initial=-4)) - int(_STRENGTH[onset % 16]))
    return points / n_bars


def contour(score: Score) -> float:
    """How steeply a melody rises, in semitones a bar: the slope of the straight line nearest to its notes.

    Returns
    -------
    Negative where it falls; NaN with fewer than two different onsets.

    Examples
    --------
    >>> contour(Score.from_melody([60, 62, 64, 66], 24))  # two semitones a quarter
    8.0

    Lesson: 09 variational_autoencoders.
    """
    bars = score.notes["onset"] / score.bar_ticks
    if len(score) < 2 or np.ptp(bars) == 0:
        return math.nan
    bars = bars - bars.mean()
    pitches = score.notes["pitch"].astype(np.float64)
    return float((bars * (pitches - pitches.mean())).sum() / (bars**2).sum())


def majorness(score: Score) -> float:
    """How major a melody is: of the time on thirds, sixths and sevenths above the tonic, the major share minus the minor share.

    Parameters
    ----------
    score : with a key, whose tonic counts, not its mode; without one the tonic is C.

    Returns
    -------
    From -1 (all minor) to 1 (all major); 0 where there is neither, NaN without a note.

    Examples
    --------
    >>> tune = Score.from_melody([60, 64, 67, 71], 24, key="C major")
    >>> majorness(tune), majorness(tune.replace(key="E minor"))  # above E, a third and a sixth are minor; the fifth does not count
    (1.0, -1.0)

    Lesson: 09 variational_autoencoders.
    """
    if len(score) == 0:
        return math.nan
    tonic = 0 if score.key is None else parse_key(score.key)[0]
    steps = (score.notes["pitch"].astype(np.int64) - tonic) % 12
    time = np.bincount(steps, weights=score.notes["duration"], minlength=12)
    major, minor = time[list(_MAJOR_STEPS)].sum(), time[list(_MINOR_STEPS)].sum()
    return float((major - minor) / (major + minor)) if major + minor else 0.0
