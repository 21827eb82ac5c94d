"""What the walk through a MusicXML file gathers, and how a score is made of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from xml.etree.ElementTree import Element

from musegen_edu.flattening import bar_ticks, keep_key, keep_meter, keep_tempo, say
from musegen_edu.score import TICKS_PER_QUARTER, Score


class NotationWarning(UserWarning):
    """Something of a notation file has no place in a score; the message says what became of it."""


@dataclass
class SoundingNote:
    """A note that sounds; times in ticks."""

    onset: Fraction
    end: Fraction
    pitch: int
    velocity: int
    part: int
    voice: str


@dataclass
class Contents:
    """What the walk through the parts gathers."""

    notes: list[SoundingNote] = field(default_factory=list)
    programs: list[int] = field(default_factory=list)
    tempos: list[tuple[float, float]] = field(default_factory=list)  # tick, bpm
    meters: list[tuple[int, tuple[int, int]]] = field(default_factory=list)  # measure, meter
    keys: list[tuple[int, list[tuple[int, str]]]] = field(default_factory=list)  # a part: its transposition, its keys
    skipped: Counter[str] = field(default_factory=Counter)


def measure_starts(
    lengths: Sequence[Sequence[tuple[bool, Fraction]]], meters: Sequence[tuple[int, tuple[int, int]]]
) -> list[Fraction]:
    """Return the tick at which each measure starts, and at which the last one ends.

    The longest part counts, and of parts that rest only if all do: programs write rests of any length for an empty bar.
    """
    in_force = dict(meters)
    meter = (4, 4)
    starts = [Fraction(0)]
    for number in range(max(map(len, lengths), default=0)):
        meter = in_force.get(number, meter)
        _, longest = max(part[number] for part in lengths if number < len(part))
        full = Fraction(4 * TICKS_PER_QUARTER * meter[0], meter[1])
        starts.append(starts[-1] + (longest or full))  # a measure with nothing in it is a full bar of rest
    return starts


def make_score(root: Element, contents: Contents, starts: Sequence[Fraction], name: str) -> Score:
    """Round the times, keep one tempo, meter and key, and say what has no place in a score."""
    half = Fraction(1, 2)
    rows = []
    for note in contents.notes:
        onset, end = math.floor(note.onset + half), math.floor(note.end + half)
        rows.append((onset, max(end - onset, 1), note.pitch, note.velocity, note.part))
    end = max(onset + duration for onset, duration, *_ in rows)
    meter, pickup = _read_bars(root, contents, [math.floor(start + half) for start in starts], end, name)
    key_lists = [keys for transposition, keys in contents.keys if keys and transposition % 12 == 0]
    key_lists += [keys for _, keys in contents.keys if keys]
    key = keep_key(key_lists[0], end, name, NotationWarning) if key_lists else None
    bpm_of_tempo = {60e6 / bpm: bpm for _, bpm in contents.tempos}
    tempo = keep_tempo([(tick, 60e6 / bpm) for tick, bpm in contents.tempos], end, name, NotationWarning)
    for what, count in contents.skipped.items():
        if count:
            end_of_story = "they are not played out" if what.startswith(("repeat", "jump")) else "they are left out"
            say(f"{name} has {what} ({count}); a score has no place for them, so {end_of_story}", NotationWarning)
    title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
    bpm = bpm_of_tempo.get(tempo, round(60e6 / tempo, 6))
    programs = tuple(contents.programs)
    return Score.from_notes(rows, meter=meter, bpm=bpm, key=key, programs=programs, title=title, pickup=pickup)


def _read_bars(
    root: Element, contents: Contents, starts: Sequence[int], end: int, name: str
) -> tuple[tuple[int, int], int]:
    """Return meter and pickup, and say so where the measures of the file are not the bars of the score."""
    first = root.find("part/measure")
    changes = [(starts[number], meter) for number, meter in contents.meters]
    is_short = starts[1] < bar_ticks(dict(changes).get(0, (4, 4)))
    is_pickup = is_short and (len(starts) > 2 or (first is not None and first.get("implicit") == "yes"))
    pickup = starts[1] if is_pickup else 0
    meter, phase = keep_meter(
        [(max(0, tick - pickup), each) for tick, each in changes], end - pickup, name, NotationWarning
    )
    bar = bar_ticks(meter)
    pickup = (phase + pickup) % bar
    n_off = sum((a - pickup) % bar != 0 and b - a == bar for a, b in pairwise(starts))
    if n_off and len({each for _, each in changes}) < 2:
        say(
            f"{name} has {n_off} measures that begin off the barlines of the score, because measures before them are shorter "
            "or longer than the meter says; the notes are kept as they sound",
            NotationWarning,
        )
    return meter, pickup
