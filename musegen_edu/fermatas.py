"""Where the lines of a hymn end: a guess from its melody."""

from __future__ import annotations

import numpy as np

from musegen_edu.score import TICKS_PER_QUARTER, Score

# What speaks for an end, in points. Chosen among eight settings on the training and validation chorales, of whose ends 80 % are found then,
# and 74 % of the notes named are ends.
_LONGER = 1.5  # for each doubling of the median length
_RETURNS = 1.5  # the next note comes where in the bar the tune began
_UNUSUAL = 0.3  # taken off for each quarter by which a line is longer or shorter than two bars of 4/4, or four of 3/4
_EACH = 1.0  # taken off for each end, so that there are not too many
_SHORTEST, _LONGEST = 0.5, 2.2  # lengths of a line, as multiples of the usual one


def guess_fermatas(soprano: Score) -> tuple[int, ...]:
    """Guess which notes of a hymn tune end its lines, the last one included.

    Long notes end lines, lines tend to be two bars long (in three-time four), and they begin where in the bar the tune began. Of all
    ways to cut the tune the one with the most points is taken, found by dynamic programming: the best cut up to each note builds on
    the best cuts up to those before it.

    Parameters
    ----------
    soprano : one part, one note at a time.

    Returns
    -------
    Onsets in ticks, rising.

    Raises
    ------
    ValueError
        If there is no note.

    Examples
    --------
    >>> lines = [67, 69, 71, 72, 74, 71, 69], [71, 72, 74, 71, 69, 69, 67]
    >>> guess_fermatas(Score.from_melody(lines[0] + lines[1], [24] * 6 + [48] + [24] * 6 + [48], key="G major"))
    (144, 336)

    Lesson: 06 lstm_and_gru.
    """
    notes = soprano.notes
    if len(notes) == 0:
        raise ValueError("soprano has no notes; its lines cannot end anywhere")
    onsets = notes["onset"].astype(np.int64)
    ends = onsets + notes["duration"]
    usual = (12 if soprano.meter[0] % 3 == 0 else 8) * TICKS_PER_QUARTER
    points = _LONGER * np.log2(notes["duration"] / max(np.median(notes["duration"]), TICKS_PER_QUARTER / 2)) - _EACH
    points = points + _RETURNS * (ends % soprano.bar_ticks == 0)
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}  # tick where a line ends -> points, and ends so far
    for onset, end, value in zip(onsets.tolist(), ends.tolist(), points.tolist(), strict=True):
        ways = [
            (total + value - _UNUSUAL * abs(end - before - usual) / TICKS_PER_QUARTER, (*cuts, onset))
            for before, (total, cuts) in best.items()
            if _SHORTEST * usual <= end - before <= _LONGEST * usual
        ]
        if ways:
            best[end] = max(ways)
    last = int(ends[-1])
    return best[last][1] if last in best else (int(onsets[-1]),)
