"""Madrigals and string quartets of music21's corpus, bar by bar, and the excerpts that can be cut out of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.excerpts import EXCERPT_TICKS, cut_excerpt, excerpt_bars
from musegen_edu.score import NOTE_DTYPE, TICKS_PER_QUARTER, Score

FEWEST_NOTES = 8  # in the part that lies highest: fewer are no melody
Row = tuple[Fraction, Fraction, int]  # onset and length in ticks, MIDI pitch


@dataclass(frozen=True)
class Bars:
    """A piece as it is printed, repeats not played out.

    `starts` are the onsets of the bars in ticks, one more than there are bars; `meters` has the meter of each bar, or None where the
    bar is not full or the parts disagree about its length. `first_number` is 0 if the piece begins with a pickup, else 1.
    """

    starts: list[Fraction]
    meters: list[tuple[int, int] | None]
    parts: list[list[Row]] = field(repr=False)
    first_number: int


def read_bars(path: Path) -> Bars:
    """Read a file with music21: notes with their ties joined; grace notes and ornaments are dropped."""
    from music21 import converter

    parts = [list(part.getElementsByClass("Measure")) for part in converter.parse(path).parts]
    n_bars = min(map(len, parts))
    meter = (4, 4)
    starts: list[Fraction] = [Fraction(0)]
    meters: list[tuple[int, int] | None] = []
    for measures in zip(*(part[:n_bars] for part in parts), strict=True):
        if measures[0].timeSignature is not None:
            meter = (measures[0].timeSignature.numerator, measures[0].timeSignature.denominator)
        bar = Fraction(4 * meter[0], meter[1])
        lengths = {_measure_quarters(measure, bar) for measure in measures}
        meters.append(meter if lengths == {bar} else None)
        starts.append(starts[-1] + max(lengths) * TICKS_PER_QUARTER)
    rows = [list(_read_part(part[:n_bars], starts)) for part in parts]
    return Bars(starts, meters, rows, first_number=1 if meters[0] is not None else 0)


def _sounding(measure: Any) -> list[Any]:
    """Notes and chords; grace notes and the chord names of an analysis are none of the composer's notes in time."""
    return [e for e in measure.flatten().notes if not e.duration.isGrace and "Harmony" not in e.classes]


def _measure_quarters(measure: Any, bar: Fraction) -> Fraction:
    """The length of a measure in one part. Some files write the rest of an empty bar twice: such a bar is still one bar long."""
    notes_end = max((Fraction(e.offset) + Fraction(e.quarterLength) for e in _sounding(measure)), default=Fraction(0))
    length = Fraction(measure.duration.quarterLength)
    return bar if notes_end <= bar < length else length


def _read_part(measures: list[Any], starts: list[Fraction]) -> Iterator[Row]:
    open_notes: dict[int, Row] = {}  # tied to what comes, by pitch
    for measure, start in zip(measures, starts, strict=False):
        for element in _sounding(measure):
            onset = start + Fraction(element.offset) * TICKS_PER_QUARTER
            length = Fraction(element.quarterLength) * TICKS_PER_QUARTER
            for note in getattr(element, "notes", (element,)):
                pitch, tie = int(note.pitch.midi), note.tie.type if note.tie is not None else ""
                before = open_notes.pop(pitch, None)
                row: Row = (onset, length, pitch)
                if before is not None and tie in {"stop", "continue"} and before[0] + before[1] == onset:
                    row = (before[0], before[1] + length, pitch)
                elif before is not None:
                    yield before  # a tie that leads nowhere
                if tie in {"start", "continue"}:
                    open_notes[pitch] = row
                else:
                    yield row
    yield from open_notes.values()


def excerpts_of(bars: Bars, title: str) -> list[tuple[int, int, Score]]:
    """One excerpt after another, each of 24 quarters in whole bars of one meter, with the numbers of its first and last bar.

    A stretch is passed over where a bar is not full, the meter changes, a rhythm is finer than 24 ticks to the quarter, or the
    part that lies highest has fewer than eight notes.
    """
    found = []
    at = 0
    while at < len(bars.meters):
        meter = bars.meters[at]
        n = excerpt_bars(meter) if meter is not None else None
        if n is None or bars.meters[at : at + n] != [meter] * n:
            at += 1
            continue
        score = _window(bars, at, n, meter)
        number = at + bars.first_number
        if score is None or _highest_part_notes(score) < FEWEST_NOTES:
            at += n
            continue
        named = f"{title}, bars {number}-{number + n - 1}"
        found.append((number, number + n - 1, cut_excerpt(score, 1, n, title=named)))
        at += n
    return found


def _window(bars: Bars, at: int, n: int, meter: tuple[int, int] | None) -> Score | None:
    start = bars.starts[at]
    rows = []
    for part, notes in enumerate(bars.parts):
        for onset, length, pitch in notes:
            if not start <= onset < start + EXCERPT_TICKS:
                continue
            shown = min(length, start + EXCERPT_TICKS - onset)  # cut at the end of the excerpt
            if (onset - start).denominator != 1 or shown.denominator != 1 or shown < 1:
                return None
            rows.append((int(onset - start), int(shown), pitch, 80, part))
    rows = _without_unisons(rows)
    return Score(np.array(rows, NOTE_DTYPE), meter=meter or (4, 4), programs=(0,) * len(bars.parts))


def _without_unisons(rows: list[tuple[int, int, int, int, int]]) -> list[tuple[int, int, int, int, int]]:
    """Keep the longer of two notes of one part that begin together on one pitch: a unison on two strings."""
    best: dict[tuple[int, int, int], tuple[int, int, int, int, int]] = {}
    for row in rows:
        key = (row[0], row[2], row[4])
        if key not in best or best[key][1] < row[1]:
            best[key] = row
    kept = sorted(best.values(), key=lambda row: (row[4], row[2], row[0]))
    clipped = []
    for row, following in pairwise([*kept, None]):
        if row is None:
            continue
        if following is not None and following[2] == row[2] and following[4] == row[4]:
            row = (row[0], min(row[1], following[0] - row[0]), *row[2:])  # the same key struck again ends the first
        clipped.append(row)
    return clipped


def _highest_part_notes(score: Score) -> int:
    notes = score.notes
    means = [
        (float(notes["pitch"][notes["part"] == part].mean()), int((notes["part"] == part).sum()))
        for part in np.unique(notes["part"])
    ]
    return max(means)[1] if means else 0
