"""The measures of MuseGAN: is each part alive, is it in pieces, do the drums keep time, do two parts agree.

They are for music in several parts, made by a network: none of them says "good"; near to real music is what a model wants to be.
`musegen_edu.metrics.multitrack_rows` compares groups of scores by them.

Paper: H.-W. Dong, W.-Y. Hsiao, L.-C. Yang and Y.-H. Yang, MuseGAN: multi-track sequential generative adversarial networks for symbolic
music generation and accompaniment, AAAI 2018. It cuts a quarter note into 24 time steps, as a `Score` does.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from musegen_edu.metrics.features import empty_bar_rate
from musegen_edu.score import DRUMS, TICKS_PER_QUARTER, Score

_GRIDS = {8: 12, 16: 6}  # notes to the bar of 4/4 -> ticks between them
_RADII = (1.0, 1.0, 0.5)  # of the circles of fifths, of minor thirds and of major thirds
_STEPS = (7 / 6, 3 / 2, 2 / 3)  # the turn on each circle from one pitch class to the next, in units of pi


def empty_bars(score: Score, part: int, *, n_bars: int | None = None) -> float:
    """EB: share of the bars in which one part is silent. A bar in which a note is only held is not empty.

    Parameters
    ----------
    score : in one part or several.
    part : which part, from 0.
    n_bars : bars of the score. Without it, those up to the last note of all parts: give it where a score may end in silence.

    Returns
    -------
    0 to 1; 1 where the part has no note, NaN where the score has none and `n_bars` is not given.

    Raises
    ------
    ValueError
        If there is no such part, or the part has notes after `n_bars`.

    Examples
    --------
    >>> from musegen_edu.score import stack
    >>> duet = stack([Score.from_melody([72] * 16, 24), Score.from_melody([48], 24)])
    >>> empty_bars(duet, 0), empty_bars(duet, 1), empty_bars(duet, 1, n_bars=8)
    (0.0, 0.75, 0.875)

    References
    ----------
    MuseGAN (see the module). `empty_bar_rate` is the mean over the parts.

    Lesson: 11 hybrid_gans.
    """
    alone = score.part(part)
    total = score.n_bars if n_bars is None else n_bars
    if n_bars is not None and (isinstance(n_bars, bool) or int(n_bars) != n_bars or n_bars < max(1, alone.n_bars)):
        raise ValueError(
            f"n_bars={n_bars!r} must be a whole number, at least the {max(1, alone.n_bars)} that are there"
        )
    if total == 0:
        return math.nan
    if len(alone) == 0:
        return 1.0
    sounding = round(
        (1 - empty_bar_rate(alone)) * alone.n_bars
    )  # that rate knows no bar after the part's own last note
    return 1 - sounding / total


def used_pitch_classes(score: Score, part: int) -> float:
    """UPC: how many different pitch classes sound in a bar, on average over the bars in which the part sounds.

    Silent bars are left out: `empty_bars` counts them already. A note held over a barline counts in both bars.

    Returns
    -------
    1 to 12; NaN for a part without notes and for drums.

    Raises
    ------
    ValueError
        If there is no such part.

    Examples
    --------
    >>> used_pitch_classes(Score.from_melody([60, 64, 67, 72, 62, 62, 62, 62], 24), 0)  # C E G in bar 1, D in bar 2
    2.0

    References
    ----------
    MuseGAN (see the module).

    Lesson: 11 hybrid_gans.
    """
    alone = score.part(part)
    if alone.programs[0] == DRUMS or len(alone) == 0:
        return math.nan
    used = (_pitch_class_time(alone, alone.barlines(), alone.duration) > 0).sum(axis=0)
    return float(used[used > 0].mean())


def qualified_notes(score: Score, part: int, *, shortest: int = 3) -> float:
    """QN: share of the notes that are at least as long as a 32nd; the rest is crumbs, as a network that draws single dots leaves them.

    A 32nd is three of the paper's time steps and three of our ticks. Two things differ. The paper reads a piano roll without onsets, in
    which a repeated note without a gap is one long note; here it is two. And music from one of our codecs on the grid of sixteenths (6
    ticks) always has 1: there, ask for something longer.

    Parameters
    ----------
    score : in one part or several.
    part : which part, from 0.
    shortest : ticks that a note must last.

    Returns
    -------
    0 to 1; NaN for a part without notes and for drums, whose notes have no length that one could hear.

    Raises
    ------
    ValueError
        If there is no such part, or `shortest` is not at least 1.

    Examples
    --------
    >>> crumbs = Score.from_melody([60, 61, 62, 63], [2, 3, 12, 24])
    >>> qualified_notes(crumbs, 0), qualified_notes(crumbs, 0, shortest=12)
    (0.75, 0.5)

    References
    ----------
    MuseGAN (see the module).

    Lesson: 11 hybrid_gans.
    """
    _check_ticks("shortest", shortest, "3 is a 32nd")
    alone = score.part(part)
    if alone.programs[0] == DRUMS or len(alone) == 0:
        return math.nan
    return float((alone.notes["duration"] >= shortest).mean())


def notes_in_drum_pattern(score: Score, part: int, *, beats: int = 16, near: float = 0.3) -> float:
    """DP: share of the drum strokes that lie on the eighths (8-beat) or on the sixteenths (16-beat) of the bar.

    A stroke one tick beside the grid counts a little, as in the authors' published program. That program also shifts the grid by 0 to 5
    ticks and keeps the best; here it stays on the barline. Triplets lie off both grids: a shuffle is not worse for its lower number.
    Patterns made on the grid of sixteenths have 1 for 16 beats; there, the 8-beat share is the one that tells.

    Parameters
    ----------
    score : with a drum part.
    part : which part, from 0.
    beats : 8 or 16.
    near : what a stroke one tick early or late counts, 0 to 1.

    Returns
    -------
    0 to 1; NaN for a part without notes or one that is no drum part.

    Raises
    ------
    ValueError
        If there is no such part, or `beats` or `near` is not as said.

    Examples
    --------
    >>> strokes = Score.from_notes([(0, 6, 36), (6, 6, 42), (12, 6, 42), (23, 6, 38)], programs=(DRUMS,))
    >>> notes_in_drum_pattern(strokes, 0), notes_in_drum_pattern(strokes, 0, beats=8)  # 3.3 and 2.3 of 4
    (0.825, 0.575)

    References
    ----------
    MuseGAN (see the module).

    Lesson: 11 hybrid_gans.
    """
    if beats not in _GRIDS:
        raise ValueError(f"beats={beats!r} must be 8 or 16")
    if not 0 <= near <= 1:
        raise ValueError(f"near={near!r} must be from 0 to 1")
    alone = score.part(part)
    if alone.programs[0] != DRUMS or len(alone) == 0:
        return math.nan
    beside = (alone.notes["onset"].astype(np.int64) - alone.pickup) % _GRIDS[beats]
    beside = np.minimum(beside, _GRIDS[beats] - beside)
    return float(np.select([beside == 0, beside == 1], [1.0, near], 0.0).mean())


def tonal_centroid(weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Place a mixture of pitch classes in a space in which harmonies that share notes, fifths and thirds lie near one another.

    Each pitch class l is a point on three circles: of fifths (angle 7 pi/6 l, radius 1), of minor thirds (3 pi/2 l, radius 1) and of major
    thirds (2 pi/3 l, radius 1/2). The centroid is the mean of the points, weighted.

    Parameters
    ----------
    weights : (12,) or (12, n), at least 0, from C upwards: how much of each pitch class there is.

    Returns
    -------
    (6,) or (6, n): sine and cosine parts on the three circles; NaN where all weights are 0.

    Raises
    ------
    ValueError
        If `weights` has no 12 rows, or one is negative.

    Examples
    --------
    >>> tonal_centroid([1] + [0] * 11).tolist()  # C
    [0.0, 1.0, 0.0, 1.0, 0.0, 0.5]

    References
    ----------
    C. Harte, M. Sandler and M. Gasser, Detecting harmonic change in musical audio, ACM workshop on audio and music computing for
    multimedia 2006.

    Lesson: 11 hybrid_gans.
    """
    amounts = np.asarray(weights, np.float64)
    if amounts.ndim not in (1, 2) or len(amounts) != 12:
        raise ValueError(f"weights has shape {amounts.shape}; it must be (12,) or (12, n), from C upwards")
    if (amounts < 0).any():
        raise ValueError(f"weights holds {amounts.min():g}; none may be negative")
    angles = np.pi * np.outer(_STEPS, np.arange(12))  # (3, 12)
    circles = np.stack([np.sin(angles), np.cos(angles)], axis=1) * np.reshape(_RADII, (3, 1, 1))  # (3, 2, 12)
    total = amounts.sum(axis=0)
    centroid: npt.NDArray[np.float64] = circles.reshape(6, 12) @ amounts / np.where(total > 0, total, np.nan)
    return centroid


def tonal_distance(score: Score, first: int, second: int, *, window: int = TICKS_PER_QUARTER) -> float:
    """TD: how far apart two parts are in harmony, on average over the quarter notes in which both sound.

    In each window the two tonal centroids are taken (pitch classes weighted by how long they sound), and the straight line between them is
    measured. The same chord in both parts has 0, C major against F sharp major 1.97. Transposing both parts changes nothing.
    Single voices are seldom near: any two of a chorale's lie 1.4 to 1.7 apart. A number says something beside that of real music only.

    Parameters
    ----------
    score : with at least two parts.
    first, second : which parts, from 0; either order gives the same.
    window : ticks; 24 is the quarter note of the authors' program, which also counts windows in which a part is silent. Here they are left out.

    Returns
    -------
    0 to 2.83, which is a tritone; NaN where the parts never sound in the same window, or one is a drum part.

    Raises
    ------
    ValueError
        If there is no such part, or `window` is not at least 1.

    Examples
    --------
    >>> from musegen_edu.score import stack
    >>> fifth = stack([Score.from_melody([67], 96), Score.from_melody([60], 96)])
    >>> tonal_distance(fifth, 0, 0), round(tonal_distance(fifth, 0, 1), 3)
    (0.0, 1.737)

    References
    ----------
    MuseGAN (see the module); Harte, Sandler and Gasser 2006 (see `tonal_centroid`).

    Lesson: 11 hybrid_gans.
    """
    _check_ticks("window", window, "24 is a quarter note")
    pair = [score.part(first), score.part(second)]
    if any(part.programs[0] == DRUMS or len(part) == 0 for part in pair):
        return math.nan
    lines = np.unique([0, *range(score.pickup % window, score.duration, window)])
    centroids = [tonal_centroid(_pitch_class_time(part, lines, score.duration)) for part in pair]
    distances = np.sqrt(((centroids[0] - centroids[1]) ** 2).sum(axis=0))  # one a window
    both = ~np.isnan(distances)
    return float(distances[both].mean()) if both.any() else math.nan


def _pitch_class_time(part: Score, lines: npt.NDArray[np.int64], end: int) -> npt.NDArray[np.int64]:
    """Return for how many ticks each pitch class sounds from each line to the next: (12, lines)."""
    changes = np.zeros((12, end + 1), np.int64)  # +1 where a note begins, -1 where it ends
    onsets, pitch_classes = part.notes["onset"], part.notes["pitch"] % 12
    np.add.at(changes, (pitch_classes, onsets), 1)
    np.add.at(changes, (pitch_classes, onsets + part.notes["duration"]), -1)
    return np.add.reduceat(changes.cumsum(axis=1)[:, :-1], lines, axis=1)


def _check_ticks(name: str, ticks: int, example: str) -> None:
    if isinstance(ticks, bool) or int(ticks) != ticks or ticks < 1:
        raise ValueError(f"{name}={ticks!r} must be a whole number of ticks, at least 1 ({example})")
