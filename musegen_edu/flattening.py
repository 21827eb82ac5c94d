"""Tempo, meter and key may change in a file; a `Score` has one of each. Here is which one stays, and what is said about it.

What a file says arrives as a list of changes: pairs of a tick (24 a quarter note, any order) and a value.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from musegen_edu.score import TICKS_PER_QUARTER

Changes = Sequence[tuple[float, Any]]

FASTEST_TEMPO = 30_000  # microseconds a quarter note: 2000 bpm, the most that a score allows
DEFAULT_TEMPO = 500_000  # 120 bpm


def keep_tempo(changes: Sequence[tuple[float, float]], end: int, name: str, category: type[Warning]) -> float:
    """Return the tempo that lasts more than half of the piece, else the mean, which keeps the length in seconds.

    Parameters
    ----------
    changes : ticks and tempos, in microseconds a quarter note.
    end : tick at which the music ends.
    name : what to call the file in warnings.
    category : of the warnings.

    Examples
    --------
    >>> keep_tempo([(0, 500_000)], 96, "tune.mid", UserWarning)
    500000
    """
    usable = [(tick, tempo) for tick, tempo in changes if tempo >= FASTEST_TEMPO]
    if len(usable) < len(changes):
        wrong = next(tempo for _, tempo in changes if not tempo >= FASTEST_TEMPO)
        say(
            f"{name} has a tempo of {wrong:g} microseconds a quarter note, which nobody can play; it is left out "
            f"({'the rest of its tempos count' if usable else 'the score gets 120 bpm'})",
            category,
        )
    spans = _spans(_points(usable, DEFAULT_TEMPO), end)
    tempo: float
    tempo, share = _longest(spans)
    if len(spans) > 1:
        if share <= 0.5:
            tempo = round(sum(value * ticks for value, ticks in spans.items()) / sum(spans.values()))
        kept = "the one that lasts longest" if share > 0.5 else "their mean"
        say(f"{name} has {len(spans)} tempos; a score has one, so it gets {kept}, {60e6 / tempo:.4g} bpm", category)
    return tempo


def keep_meter(
    changes: Sequence[tuple[int, tuple[int, int]]], end: int, name: str, category: type[Warning]
) -> tuple[tuple[int, int], int]:
    """Return the meter that lasts longest and the ticks of the pickup before its first barline.

    Parameters
    ----------
    changes : ticks and meters.
    end : tick at which the music ends.
    name : what to call the file in warnings.
    category : of the warnings.

    Examples
    --------
    >>> keep_meter([(0, (1, 4)), (24, (3, 4))], 240, "waltz.mid", UserWarning)
    ((3, 4), 24)
    """
    usable = [(tick, (n, d)) for tick, (n, d) in changes if 1 <= n <= 64 and d in (1, 2, 4, 8, 16, 32)]
    if len(usable) < len(changes):
        say(f"{name} has a meter that no score can have; it is left out", category)
    points = _points(usable, (4, 4))
    if len(points) > 1 and points[1][0] < bar_ticks(points[1][1]):
        points = points[1:]  # a first measure shorter than the bars that follow: a pickup
    points = points[:1] + [point for point in points[1:] if point[0] < end]
    meter = points[0][1]
    if len(points) > 1:
        meter, _ = _longest(_spans(points, end))
        say(
            f"{name} changes its meter {len(points) - 1} time{'s' * (len(points) > 2)}; a score has one meter, so the one "
            f"that lasts longest is kept, {meter[0]}/{meter[1]}",
            category,
        )
    start = next(tick for tick, value in points if value == meter)
    return meter, start % bar_ticks(meter)  # so that barlines fall where that meter has them


def keep_key(changes: Changes, end: int, name: str, category: type[Warning]) -> Any:
    """Return the key that lasts longest, or None where there are no changes.

    Parameters
    ----------
    changes : ticks and keys, in any form that can be compared and shown.
    end : tick at which the music ends.
    name : what to call the file in warnings.
    category : of the warnings.

    Examples
    --------
    >>> keep_key([(0, "G major")], 96, "tune.mid", UserWarning)
    'G major'
    """
    if not changes:
        return None
    spans = _spans(_points(changes, min(changes, key=lambda change: change[0])[1]), end)
    key, _ = _longest(spans)
    if len(spans) > 1:
        say(f"{name} has {len(spans)} keys; a score has one, so the one that lasts longest is kept, {key}", category)
    return key


def bar_ticks(meter: tuple[int, int]) -> int:
    """Return the ticks in a bar.

    Examples
    --------
    >>> bar_ticks((6, 8))
    72
    """
    return 4 * TICKS_PER_QUARTER * meter[0] // meter[1]


def say(message: str, category: type[Warning]) -> None:
    """Warn, as from the line that called the function which called `keep_tempo` or its like."""
    warnings.warn(message, category, stacklevel=4)


def _points(changes: Changes, default: Any) -> list[tuple[Any, Any]]:
    """Sort changes by time, begin at tick 0, leave out those that change nothing; of two at one tick the last counts."""
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
