"""One number for one score: its pitches, its rhythm, its texture.

Every function takes a `Score` and returns a float; where the score has nothing to measure (no notes, or drums alone for a
feature of pitch) it returns NaN. Drum parts do not count where pitch is concerned.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import MODES, fifths_to_key, key_to_pitch_classes
from musegen_edu.score import Score


def pitch_class_entropy(score: Score, *, bars: int | None = None) -> float:
    """How evenly the twelve pitch classes are used, in bits.

    H = - sum over the pitch classes of p log2 p, where p is the share of the notes that have the pitch class. One note repeated
    gives 0, a major scale played evenly log2 7 = 2.81, all twelve pitch classes evenly log2 12 = 3.58.

    Parameters
    ----------
    score : the music.
    bars : measure windows of so many bars, one after another, and return the mean; a pickup belongs to the
        first. Without it, the whole score at once.

    Returns
    -------
    Bits, 0 to 3.58; NaN without a pitched note.

    Raises
    ------
    ValueError
        If `bars` is less than 1.

    Examples
    --------
    >>> round(pitch_class_entropy(Score.from_melody([60, 62, 64, 65, 67, 69, 71], 24)), 2)
    2.81

    References
    ----------
    S.-L. Wu and Y.-H. Yang, The Jazz Transformer on the front line, ISMIR 2020 (windows of 1 and of 4 bars).

    Lesson: 01 what_is_generated_music.
    """
    notes = _pitched(score)
    if bars is None:
        return _entropy(notes["pitch"])
    if bars < 1:
        raise ValueError(f"bars={bars!r} must be at least 1")
    window = np.maximum(0, notes["onset"].astype(np.int64) - score.pickup) // (bars * score.bar_ticks)
    entropies = [_entropy(notes["pitch"][window == index]) for index in np.unique(window)]
    return float(np.mean(entropies)) if entropies else math.nan


def _entropy(pitches: npt.NDArray[np.int16]) -> float:
    if len(pitches) == 0:
        return math.nan
    counts = np.bincount(pitches % 12, minlength=12)
    shares = counts[counts > 0] / len(pitches)
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def scale_consistency(score: Score, *, key: str | None = None) -> float:
    """Share of the notes that belong to a scale: that of a given key, or the one that fits best.

    Without a key, the best of all major and natural minor scales is taken. A minor scale has the same notes as its relative
    major, so these are twelve sets of seven pitch classes. Notes drawn evenly from all twelve reach about 7/12 = 0.58.

    Parameters
    ----------
    score : the music.
    key : such as `"G major"` or `"D dorian"`.

    Returns
    -------
    0 to 1; NaN without a pitched note.

    Examples
    --------
    >>> tune = Score.from_melody([60, 62, 64, 66], 24)
    >>> scale_consistency(tune), scale_consistency(tune, key="C major")
    (1.0, 0.75)

    References
    ----------
    O. Mogren, C-RNN-GAN: continuous recurrent neural networks with adversarial training, NIPS workshop on constructive machine
    learning 2016.

    Lesson: 01 what_is_generated_music.
    """
    pitch_classes = _pitched(score)["pitch"] % 12
    keys = [key] if key is not None else [fifths_to_key(fifths, MODES[0]) for fifths in range(-5, 7)]
    scales = [sorted(key_to_pitch_classes(name)) for name in keys]
    if len(pitch_classes) == 0:
        return math.nan
    return max(float(np.isin(pitch_classes, scale).mean()) for scale in scales)


def pitch_range(score: Score) -> float:
    """Semitones from the lowest to the highest note.

    Returns
    -------
    0 to 127; NaN without a pitched note.

    Examples
    --------
    >>> pitch_range(Score.from_melody([60, 67, 72], 24))
    12.0

    References
    ----------
    L.-C. Yang and A. Lerch, On the evaluation of generative models in music, Neural Computing and Applications 32, 2020.

    Lesson: 13 evaluation_and_improvement.
    """
    pitches = _pitched(score)["pitch"]
    return float(np.ptp(pitches)) if len(pitches) else math.nan


def note_density(score: Score) -> float:
    """Notes a bar: the number of notes divided by the length of the music in bars, drums included.

    Returns
    -------
    Above 0; NaN without a note.

    Examples
    --------
    >>> note_density(Score.from_melody([60, 62, 64, 65, 67, 69], 12, meter=(3, 4)))
    6.0

    References
    ----------
    L.-C. Yang and A. Lerch, 2020, who count the notes of pieces of equal length (see `pitch_range`).

    Lesson: 13 evaluation_and_improvement.
    """
    return len(score) / (score.duration / score.bar_ticks) if len(score) else math.nan


def polyphony(score: Score) -> float:
    """How many notes sound together, on average over the time in which any sounds; drums do not count.

    The lengths of all notes added up, divided by the length of the time that they cover. A melody has 1, a four-part chorale
    nearly 4.

    Returns
    -------
    1 or more; NaN without a pitched note.

    Examples
    --------
    >>> polyphony(Score.from_notes([(0, 48, 60), (0, 24, 64), (72, 24, 60)]))  # 96 ticks of notes in 72 of sound
    1.3333333333333333

    References
    ----------
    H.-W. Dong, K. Chen, J. McAuley and T. Berg-Kirkpatrick, MusPy: a toolkit for symbolic music generation, ISMIR 2020. Mogren
    2016 (see `scale_consistency`) calls something else polyphony: how often two notes begin at the same time.

    Lesson: 13 evaluation_and_improvement.
    """
    notes = _pitched(score)
    if len(notes) == 0:
        return math.nan
    onsets = notes["onset"].astype(np.int64)  # rising
    ends = onsets + notes["duration"]
    covered_until = np.maximum.accumulate(ends)
    before = np.concatenate([[0], covered_until[:-1]])
    covered = np.maximum(0, ends - np.maximum(onsets, before)).sum()
    return float(notes["duration"].sum(dtype=np.int64) / covered)


def empty_bar_rate(score: Score) -> float:
    """Share of the bars in which a part is silent, over all parts, drums included.

    A bar in which a note is only held does not count as empty. Bars after the last note of the score do not exist.

    Returns
    -------
    0 to 1; NaN without a note.

    Examples
    --------
    >>> empty_bar_rate(Score.from_notes([(0, 24, 60), (192, 24, 60)]))  # notes in bars 1 and 3
    0.3333333333333333

    References
    ----------
    H.-W. Dong, W.-Y. Hsiao, L.-C. Yang and Y.-H. Yang, MuseGAN: multi-track sequential generative adversarial networks for
    symbolic music generation and accompaniment, AAAI 2018.

    Lesson: 13 evaluation_and_improvement.
    """
    if len(score) == 0:
        return math.nan
    lines, notes = score.barlines(), score.notes
    first = np.searchsorted(lines, notes["onset"], side="right") - 1
    last = np.searchsorted(lines, notes["onset"].astype(np.int64) + notes["duration"], side="left") - 1
    changes = np.zeros(
        (score.n_parts, len(lines) + 1), np.int64
    )  # +1 where a note begins, -1 after the bar where it ends
    np.add.at(changes, (notes["part"], first), 1)
    np.add.at(changes, (notes["part"], last + 1), -1)
    return float((changes.cumsum(axis=1)[:, :-1] == 0).mean())


def groove_consistency(score: Score, *, grid: int = 6) -> float:
    """How alike the rhythms of neighbouring bars are, drums included.

    A bar's groove g is a row of Q zeros and ones, one a grid step, 1 where a note begins. Two bars are alike by
    1 - (1/Q) sum over the steps of (g_a XOR g_b); the mean over all pairs of neighbouring bars is returned. A pickup bar is left
    out. Onsets between two grid steps count for the earlier one.

    Parameters
    ----------
    score : the music.
    grid : ticks a step; Q is 16 for sixteenths (6) in 4/4.

    Returns
    -------
    0 to 1, where 1 means the same rhythm in every bar; NaN with fewer than two bars.

    Raises
    ------
    ValueError
        If `grid` is not at least 1.

    Examples
    --------
    >>> groove_consistency(Score.from_melody([60] * 12, 24))
    1.0
    >>> groove_consistency(Score.from_melody([60] * 6, [24, 24, 24, 24, 48, 48]))  # 2 of 16 steps differ
    0.875

    References
    ----------
    Wu and Yang 2020 for the likeness of two bars (see `pitch_class_entropy`); neighbouring bars as in MusPy (see `polyphony`).

    Lesson: 13 evaluation_and_improvement.
    """
    if isinstance(grid, bool) or int(grid) != grid or grid < 1:
        raise ValueError(f"grid={grid!r} must be a whole number of ticks, at least 1 (6 is a sixteenth)")
    n_bars = -(-(score.duration - score.pickup) // score.bar_ticks)
    if len(score) == 0 or n_bars < 2:
        return math.nan
    onsets = score.notes["onset"][score.notes["onset"] >= score.pickup].astype(np.int64) - score.pickup
    n_steps = -(-score.bar_ticks // grid)
    grooves = np.zeros((n_bars, n_steps), np.bool_)
    grooves[onsets // score.bar_ticks, onsets % score.bar_ticks // grid] = True
    return float(1 - (grooves[1:] ^ grooves[:-1]).mean())


def _pitched(score: Score) -> npt.NDArray[np.void]:
    return score.notes[~score.is_drum_note]
