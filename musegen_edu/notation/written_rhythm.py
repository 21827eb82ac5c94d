"""How long notes are written: note values, ties at the beats, triplets.

A score says that a note lasts 30 ticks; a page says "a quarter tied to a sixteenth". The functions here cut the span of a note
into written values so that the beats stay visible, as a copyist would.

All positions are ticks (24 to the quarter note) from the start of a full bar.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from musegen_edu.score import TICKS_PER_QUARTER

Span = tuple[int, int]  # from, to

_WHOLE = 4 * TICKS_PER_QUARTER
_NAMES = ("long", "breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th")
# ticks -> name and dots, for ordinary values of at least a 32nd ...
_PLAIN = {4 * _WHOLE >> step: (name, 0) for step, name in enumerate(_NAMES[:-1])}
_PLAIN |= {3 * ticks // 2: (name, 1) for ticks, (name, _) in list(_PLAIN.items()) if ticks % 2 == 0}
# ... and for values in a triplet, which last two thirds as long.
_TRIPLET = {ticks * 2 // 3: value for ticks, value in _PLAIN.items()} | {1: ("64th", 0)}


@dataclass(frozen=True)
class WrittenValue:
    """One note symbol: where it stands and which value it has."""

    start: int
    stop: int
    name: str  # MusicXML's: "quarter", "16th" ...
    dots: int
    triplet: Span | None  # the triplet group it stands in

    @property
    def n_beams(self) -> int:
        """Beams, or flags, of this value: 1 for an eighth, 0 for a quarter."""
        return max(0, _NAMES.index(self.name) - _NAMES.index("quarter"))


@dataclass(frozen=True)
class Group:
    """Equal beats of a bar that belong together: four quarters, or the three eighths of a dotted quarter."""

    start: int
    unit: int  # ticks a beat
    n_units: int

    @property
    def stop(self) -> int:
        """Tick at which the group ends."""
        return self.start + self.unit * self.n_units

    @property
    def is_binary(self) -> bool:
        """Can it be halved, and halved again, down to its beats?"""
        return self.n_units & (self.n_units - 1) == 0


@lru_cache
def bar_groups(meter: tuple[int, int]) -> tuple[Group, ...]:
    """Return how the beats of a bar are grouped: 4 in 4/4, 3 and 3 in 6/8, 3 and 2 in 5/4, 2 and 2 and 3 in 7/8.

    Examples
    --------
    >>> [group.n_units for group in bar_groups((6, 8))]
    [3, 3]
    """
    numerator, denominator = meter
    unit = _WHOLE // denominator
    if numerator & (numerator - 1) == 0:
        sizes = [numerator]
    elif numerator % 3 == 0:
        sizes = [3] * (numerator // 3)
    elif numerator == 5:
        sizes = [3, 2]
    else:
        sizes = [2] * (numerator // 2 - numerator % 2) + [3] * (numerator % 2)
    starts = [sum(sizes[:i]) * unit for i in range(len(sizes))]
    return tuple(Group(start, unit, size) for start, size in zip(starts, sizes, strict=True))


def triplet_spans(meter: tuple[int, int], boundaries: Iterable[int]) -> list[Span]:
    """Return the spans of a bar that must be written as triplets, given where notes and rests begin and end.

    Examples
    --------
    >>> triplet_spans((2, 4), [0, 8, 16, 24, 36, 48]), triplet_spans((2, 4), [0, 16, 32, 48])
    ([(0, 24)], [(0, 48)])
    """
    points = sorted(set(boundaries))
    spans: list[Span] = []
    for group in bar_groups(meter):
        if group.is_binary:
            spans += _triplets_in(group.start, group.stop, points)
            continue
        index = 0
        while index < group.n_units:
            start = group.start + index * group.unit
            pair = (start, start + 2 * group.unit)
            if index + 2 <= group.n_units and _triplets_in(*pair, points) == [pair]:
                spans.append(pair)  # a triplet over two beats of three
                index += 2
            else:
                spans += _triplets_in(start, start + group.unit, points)
                index += 1
    return spans


def _triplets_in(start: int, stop: int, points: list[int]) -> list[Span]:
    inside = [point - start for point in points if start < point < stop]
    if all(point % 3 == 0 for point in inside):  # nothing finer than a 32nd: no triplet
        return []
    length = stop - start
    is_beat = length <= TICKS_PER_QUARTER
    if length % 2 or (length // 2 not in inside if is_beat else all(point % (length // 3) == 0 for point in inside)):
        return [(start, stop)]
    middle = start + length // 2
    return _triplets_in(start, middle, points) + _triplets_in(middle, stop, points)


def write_note(
    meter: tuple[int, int], span: Span, triplets: Iterable[Span], *, is_rest: bool = False
) -> list[WrittenValue]:
    """Cut a note or rest of one bar into written values, to be tied together.

    Parameters
    ----------
    meter : numerator and denominator.
    span : where it begins and ends; both inside one bar.
    triplets : the bar's triplets, from `triplet_spans`.
    is_rest : rests are written without syncopation.

    Examples
    --------
    >>> [value.name for value in write_note((4, 4), (36, 72), [])]
    ['eighth', 'quarter']
    """
    values = []
    at, stop = span
    for first, last in [*sorted(triplets), (stop, stop)]:
        if last <= at and last != stop:
            continue
        first, last = max(at, min(first, stop)), min(last, stop)
        values += [_written(*each, _PLAIN, None) for each in _cut(meter, at, first, is_rest)]
        group = next(((a, b) for a, b in triplets if a <= first < b), None)
        while first < last:
            length = max(ticks for ticks in _TRIPLET if ticks <= last - first)
            values.append(_written(first, first + length, _TRIPLET, group))
            first += length
        at = max(at, last)
    return values


def _written(start: int, stop: int, table: dict[int, tuple[str, int]], triplet: Span | None) -> WrittenValue:
    return WrittenValue(start, stop, *table[stop - start], triplet)


def _cut(meter: tuple[int, int], start: int, stop: int, is_rest: bool) -> list[Span]:
    """Cut a span outside triplets, group by group; a span of whole groups stays whole where there is a value for it."""
    spans: list[Span] = []
    groups = bar_groups(meter)
    while start < stop:
        here = next(group for group in groups if group.start <= start < group.stop)
        ends = [group.stop for group in groups if start < group.stop <= stop and group.stop - start in _PLAIN]
        if start == here.start and ends:
            spans.append((start, ends[-1]))
        else:
            end = min(stop, here.stop)
            cut = _cut_binary if here.is_binary else _cut_ternary
            spans += cut(here.start, here.stop, start, end, is_rest)
            ends = [end]
        start = ends[-1]
    return spans


def _cut_binary(first: int, last: int, start: int, stop: int, is_rest: bool) -> list[Span]:
    """Cut a span inside a node that halves: whole, dotted from its start or to its end, in its middle, or at its middle."""
    length, middle = last - first, (first + last) // 2
    if start <= first and stop >= last and length in _PLAIN:
        return [(start, stop)]
    if start < middle < stop:
        is_dotted = 4 * (stop - start) == 3 * length and (start == first or stop == last)
        is_syncope = 2 * (stop - start) == length and 4 * (start - first) == length
        if (is_dotted or is_syncope) and stop - start in _PLAIN and not is_rest:
            return [(start, stop)]
        return _cut_binary(first, middle, start, middle, is_rest) + _cut_binary(middle, last, middle, stop, is_rest)
    half = (first, middle) if stop <= middle else (middle, last)
    return _cut_binary(*half, start, stop, is_rest)


def _cut_ternary(first: int, last: int, start: int, stop: int, is_rest: bool) -> list[Span]:
    """Cut a span inside a group of three beats: from a beat on it may stay whole, else it is cut at the next beat."""
    unit = (last - first) // 3
    spans: list[Span] = []
    while start < stop:
        beat = first + (start - first) // unit * unit
        length = stop - start
        from_beat = start == beat and length in _PLAIN and length > unit
        whole_beats = length % unit == 0 and (start == first or not is_rest)
        if from_beat and (whole_beats or (2 * length == 3 * unit and not is_rest)):
            return [*spans, (start, stop)]
        if start == beat and length > 2 * unit:  # two beats and a bit
            end = start + 2 * unit
            spans.append((start, end))
        else:
            end = min(stop, beat + unit)
            spans += _cut_binary(beat, beat + unit, start, end, is_rest)
        start = end
    return spans
