"""A journey through a plane of melodies: which cell each bar comes from, and how bars of different melodies are joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from musegen_edu.score import Score

N_BARS, BAR_TICKS = 4, 96  # of each melody in the plane: four bars of 4/4
LENGTH = N_BARS * BAR_TICKS

Cell = tuple[int, int]  # row from the top, column from the left
Point = Sequence[float]  # x to the right, y downwards, in cells: (0, 0) is the middle of the first cell


def point_to_cell(point: Point) -> Cell:
    """Return the cell that a point of the plane lies in.

    Examples
    --------
    >>> point_to_cell((1.4, 0.5))
    (1, 1)
    """
    return math.floor(point[1] + 0.5), math.floor(point[0] + 0.5)


def path_to_cells(path: Sequence[Point], n_bars: int) -> list[Cell]:
    """Return the cell that each bar comes from when a path is walked through at an even pace.

    The first bar comes from where the path begins, the last from where it ends.

    Parameters
    ----------
    path : at least one point (x, y), in cells.
    n_bars : how many bars the walk takes, at least 1.

    Raises
    ------
    ValueError
        If there is no point or no bar.

    Examples
    --------
    >>> path_to_cells([(0, 0), (4, 0), (4, 2)], 4)
    [(0, 0), (0, 2), (0, 4), (2, 4)]

    Lesson: 09 variational_autoencoders.
    """
    if not path:
        raise ValueError("path has no points; give at least one (x, y)")
    if n_bars < 1:
        raise ValueError(f"n_bars={n_bars} must be at least 1")
    lengths = [math.dist(a, b) for a, b in pairwise(path)]
    whole = sum(lengths)
    cells, leg, before = [], 0, 0.0  # before: cells walked up to the beginning of this leg
    for bar in range(n_bars):
        walked = whole * bar / max(n_bars - 1, 1)
        while leg < len(lengths) - 1 and before + lengths[leg] < walked:
            before += lengths[leg]
            leg += 1
        share = min(1.0, (walked - before) / lengths[leg]) if lengths and lengths[leg] else 0.0
        start, stop = path[leg], path[min(leg + 1, len(path) - 1)]
        cells.append(point_to_cell([a + share * (b - a) for a, b in zip(start, stop, strict=True)]))
    return cells


def join_bars(melodies: Sequence[Score]) -> Score:
    """Return a score whose bar k is bar k of the k-th melody, counted round and round: bars 1, 2, 3, 4, 1, 2, ...

    No note is lost at a bar line: one that is held over it goes on where the next melody holds the same pitch, and ends there
    otherwise; what the next melody holds at that moment begins there. So four bars of one and the same melody are that melody.

    Parameters
    ----------
    melodies : the melody that each bar comes from, four bars of 4/4 each, one part; at least one.

    Returns
    -------
    A score with the first melody's key, tempo and program.

    Raises
    ------
    ValueError
        If there is no melody.

    Examples
    --------
    >>> low, high = Score.from_melody([60] * 16, 24), Score.from_melody([None, 72, 72], [84, 24, 276])
    >>> join_bars([low, high]).notes[["onset", "duration", "pitch"]].tolist()[-3:]
    [(72, 24, 60), (96, 12, 72), (108, 84, 72)]

    Lesson: 09 variational_autoencoders.
    """
    if not melodies:
        raise ValueError("melodies is empty; give the melody of at least one bar")
    rows: list[list[int]] = []
    held: dict[int, list[int]] = {}  # pitch -> the row of the note that is held over the bar line
    for bar, melody in enumerate(melodies):
        start = bar % N_BARS * BAR_TICKS
        over: dict[int, list[int]] = {}
        for onset, duration, pitch, velocity, _ in melody.notes.tolist():
            first, last = max(onset, start), min(onset + duration, start + BAR_TICKS)
            if first >= last:
                continue
            row = held.get(pitch) if onset < start else None
            if row is None:
                row = [first - start + bar * BAR_TICKS, 0, pitch, velocity]
                rows.append(row)
            row[1] += last - first
            if onset + duration > start + BAR_TICKS:
                over[pitch] = row
        held = over
    first_melody = melodies[0]
    return Score.from_notes(
        rows, key=first_melody.key, bpm=first_melody.bpm, programs=first_melody.programs[:1], title=first_melody.title
    )
