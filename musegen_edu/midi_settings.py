"""Tempo, meter and key of a MIDI file, which may change there, as the one of each that a score has.

What a file says about itself arrives here as a list of changes: pairs of a tick (24 a quarter note) and a value.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from musegen_edu.keys import MODES, fifths_to_key
from musegen_edu.midi_bytes import DEFAULT_TEMPO, MidiWarning, tempo_of
from musegen_edu.score import TICKS_PER_QUARTER

_FASTEST_TEMPO = 30_000  # microseconds a quarter note: 2000 bpm, the most that a score allows


def read_bpm(changes: Sequence[tuple[float, int]], end: int, stated: str, name: str) -> float:
    """Return the tempo in quarter notes a minute: the one that lasts more than half of the piece, else the mean.

    Parameters
    ----------
    changes : ticks and tempos, in microseconds a quarter note.
    end : tick at which the music ends.
    stated : the exact tempo as text, where the file has one; it counts if it is stored as the same tempo.
    name : what to call the file in warnings.

    Examples
    --------
    >>> read_bpm([(0, 500_000)], 96, "", "tune.mid")
    120.0
    """
    usable = [(tick, tempo) for tick, tempo in changes if tempo >= _FASTEST_TEMPO]
    if len(usable) < len(changes):
        wrong = next(tempo for _, tempo in changes if tempo < _FASTEST_TEMPO)
        _warn(
            f"{name} has a tempo of {wrong} microseconds a quarter note, which nobody can play; it is left out "
            f"({'the rest of its tempos count' if usable else 'the score gets 120 bpm'})"
        )
    spans = _spans(_points(usable, DEFAULT_TEMPO), end)
    tempo, share = _longest(spans)
    if len(spans) > 1:
        if share <= 0.5:
            tempo = round(sum(value * ticks for value, ticks in spans.items()) / sum(spans.values()))
        kept = "the one that lasts longest" if share > 0.5 else "their mean"
        _warn(f"{name} has {len(spans)} tempos; a score has one, so it gets {kept}, {60e6 / tempo:.4g} bpm")
    exact: float = min(60e6 / tempo, 2000.0)
    # MIDI stores whole microseconds a quarter note: prefer the text, then the roundest number that is stored as this tempo.
    candidates = [_as_number(stated), *(round(exact, digits) for digits in range(7))]
    return next((bpm for bpm in candidates if 1 <= bpm <= 2000 and tempo_of(bpm) == tempo), exact)


def read_meter(changes: Sequence[tuple[int, tuple[int, int]]], end: int, name: str) -> tuple[tuple[int, int], int]:
    """Return the meter that lasts longest and the ticks of the pickup before its first barline.

    Parameters
    ----------
    changes : ticks and meters.
    end : tick at which the music ends.
    name : what to call the file in warnings.

    Examples
    --------
    >>> read_meter([(0, (1, 4)), (24, (3, 4))], 240, "waltz.mid")
    ((3, 4), 24)
    """
    usable = [(tick, (n, d)) for tick, (n, d) in changes if 1 <= n <= 64 and d in (1, 2, 4, 8, 16, 32)]
    if len(usable) < len(changes):
        _warn(f"{name} has a meter that no score can have; it is left out")
    points = _points(usable, (4, 4))
    if len(points) > 1 and points[1][0] < _bar_ticks(points[1][1]):
        points = points[1:]  # a first measure shorter than the bars that follow: a pickup
    points = points[:1] + [point for point in points[1:] if point[0] < end]
    meter = points[0][1]
    if len(points) > 1:
        meter, _ = _longest(_spans(points, end))
        _warn(
            f"{name} changes its meter {len(points) - 1} time{'s' * (len(points) > 2)}; a score has one meter, so the one "
            f"that lasts longest is kept, {meter[0]}/{meter[1]}"
        )
    start = next(tick for tick, value in points if value == meter)
    return meter, start % _bar_ticks(meter)  # so that barlines fall where that meter has them


def read_key(changes: Sequence[tuple[float, tuple[int, int]]], end: int, stated: str, name: str) -> str | None:
    """Return the key that lasts longest, or None.

    Parameters
    ----------
    changes : ticks and key signatures: sharps (negative: flats) and 0 for major or 1 for minor.
    end : tick at which the music ends.
    stated : the key as text, where the file has one; it counts if it has the same signature.
    name : what to call the file in warnings.

    Examples
    --------
    >>> read_key([(0, (-1, 1))], 96, "", "tune.mid"), read_key([(0, (-1, 1))], 96, "G dorian", "tune.mid")
    ('D minor', 'G dorian')
    """
    usable = [(tick, (fifths, mode)) for tick, (fifths, mode) in changes if -7 <= fifths <= 7 and mode in (0, 1)]
    if len(usable) < len(changes):
        _warn(f"{name} has a key signature that does not exist; it is left out")
    if not usable:
        return None
    spans = _spans(_points(usable, usable[0][1]), end)
    (fifths, mode), _ = _longest(spans)
    key = fifths_to_key(fifths, "minor" if mode else "major")
    if len(spans) > 1:
        _warn(f"{name} has {len(spans)} keys; a score has one, so the one that lasts longest is kept, {key}")
    return stated if stated in {fifths_to_key(fifths, each) for each in MODES} else key


def _points(changes: Sequence[tuple[Any, Any]], default: Any) -> list[tuple[Any, Any]]:
    """Sort changes by time, begin at tick 0, and leave out those that change nothing; of two at one tick the last counts."""
    at_tick = dict(sorted([(0, default), *changes], key=lambda change: change[0]))
    points = list(at_tick.items())
    return points[:1] + [b for a, b in pairwise(points) if a[1] != b[1]]


def _spans(points: list[tuple[Any, Any]], end: int) -> dict[Any, float]:
    """Return how many ticks each value is in force before `end`."""
    points = points[:1] + [point for point in points[1:] if point[0] < end]
    spans: dict[Any, float] = {}
    for (tick, value), until in zip(points, [*(tick for tick, _ in points[1:]), end], strict=True):
        spans[value] = spans.get(value, 0) + until - tick
    return spans


def _longest(spans: dict[Any, float]) -> tuple[Any, float]:
    value = max(spans, key=lambda each: spans[each])
    return value, spans[value] / sum(spans.values())


def _bar_ticks(meter: tuple[int, int]) -> int:
    return 4 * TICKS_PER_QUARTER * meter[0] // meter[1]


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # compares false with every limit


def _warn(message: str) -> None:
    warnings.warn(message, MidiWarning, stacklevel=4)
