"""What the fields of a score may hold: the notes' own columns and ranges, meters, tempos, pickups and programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

TICKS_PER_QUARTER = (
    24  # exact for 32nd notes (3 ticks) and for triplets of eighths (8 ticks) and of sixteenths (4 ticks)
)
DRUMS = 128  # the "program" of a drum part; 0 to 127 are the General MIDI instruments
MAX_PARTS = 256

NOTE_DTYPE = np.dtype([("onset", "<i4"), ("duration", "<i4"), ("pitch", "<i2"), ("velocity", "u1"), ("part", "u1")])
_SORT_ORDER = ("onset", "pitch", "part", "duration", "velocity")
_ALLOWED = {
    "onset": (0, 2**31 - 1),
    "duration": (1, 2**31 - 1),
    "pitch": (0, 127),
    "velocity": (1, 127),
    "part": (0, MAX_PARTS - 1),
}


def rows_to_notes(rows: Iterable[Sequence[int]]) -> npt.NDArray[np.void]:
    """Return rows of (onset, duration, pitch), optionally followed by velocity (80) and part (0), as an array of `NOTE_DTYPE`.

    Raises
    ------
    ValueError
        If a row has fewer or more numbers, or one outside its range; the message holds the row.

    Examples
    --------
    >>> rows_to_notes([(0, 24, 60), (24, 48, 64, 100)])["velocity"].tolist()
    [80, 100]
    """
    notes = []
    for row in rows:
        values = tuple(row)
        if not 3 <= len(values) <= 5:
            raise ValueError(f"notes has the row {values!r}; a row is (onset, duration, pitch[, velocity[, part]])")
        for name, value in zip(NOTE_DTYPE.names or (), values, strict=False):
            low, high = _ALLOWED[name]
            if int(value) != value or not low <= value <= high:
                raise ValueError(
                    f"notes has {name}={value!r} in row {values!r}; it must be a whole number from {low} to {high}"
                )
        notes.append(values + (80, 0)[len(values) - 3 :])
    return np.array(notes, NOTE_DTYPE) if notes else np.empty(0, NOTE_DTYPE)


def checked_notes(notes: npt.ArrayLike) -> npt.NDArray[np.void]:
    """Return notes as an array of `NOTE_DTYPE`, shape (n,), or raise a ValueError. What is in it is seen to by `sorted_notes`."""
    array: npt.NDArray[np.void] = np.asarray(notes)
    if array.dtype != NOTE_DTYPE or array.ndim != 1:
        raise ValueError(
            f"notes has dtype {array.dtype} and shape {array.shape}; it must be a one-dimensional array of NOTE_DTYPE "
            "(Score.from_notes makes one from tuples)"
        )
    return array


def sorted_notes(notes: npt.NDArray[np.void], n_parts: int) -> npt.NDArray[np.void]:
    """Return a copy of notes that cannot be written to: by onset, then pitch, part, duration and velocity.

    Parameters
    ----------
    notes : dtype `NOTE_DTYPE`, shape (n,).
    n_parts : parts of the score.

    Raises
    ------
    ValueError
        If a number lies outside its range, or a note ends beyond tick 2**31 - 1.

    Examples
    --------
    >>> sorted_notes(rows_to_notes([(24, 12, 60), (0, 24, 64), (0, 24, 60)]), 1)["pitch"].tolist()
    [60, 64, 60]
    """
    for name, (low, high) in _ALLOWED.items():
        _check_range(name, notes[name], low, min(high, n_parts - 1) if name == "part" else high)
    if len(notes) and int((notes["onset"].astype(np.int64) + notes["duration"]).max()) > 2**31 - 1:
        raise ValueError("notes reach beyond tick 2**31 - 1; give onsets in ticks, 24 to the quarter note")
    notes = notes[np.lexsort([notes[name] for name in reversed(_SORT_ORDER)])]  # indexing copies
    notes.flags.writeable = False
    return notes


def checked_meter(meter: Any) -> tuple[int, int]:
    """Return a time signature as two whole numbers, or raise a ValueError.

    Examples
    --------
    >>> checked_meter([6, 8])
    (6, 8)
    """
    try:
        numerator, denominator = (int(value) for value in meter)
    except (TypeError, ValueError):
        raise ValueError(f"meter={meter!r} must be a pair of whole numbers such as (4, 4)") from None
    if not 1 <= numerator <= 64 or denominator not in (1, 2, 4, 8, 16, 32):
        raise ValueError(f"meter={meter!r} must have a numerator from 1 to 64 over 1, 2, 4, 8, 16 or 32")
    return numerator, denominator


def checked_programs(programs: Any) -> tuple[int, ...]:
    """Return the programs of the parts as whole numbers, or raise a ValueError.

    Examples
    --------
    >>> checked_programs([0, DRUMS])
    (0, 128)
    """
    try:
        checked = tuple(int(program) for program in programs)
    except (TypeError, ValueError):
        raise ValueError(f"programs={programs!r} must be a sequence of whole numbers, one a part") from None
    if not 1 <= len(checked) <= MAX_PARTS or not all(0 <= program <= DRUMS for program in checked):
        raise ValueError(
            f"programs={programs!r} must hold 1 to {MAX_PARTS} numbers from 0 to 127, or {DRUMS} for drums"
        )
    return checked


def checked_bpm(bpm: Any) -> float:
    """Return a tempo in quarter notes a minute, 1 to 2000, or raise a ValueError.

    Examples
    --------
    >>> checked_bpm(90)
    90.0
    """
    if not isinstance(bpm, (int, float, np.number)) or not math.isfinite(bpm) or not 1 <= bpm <= 2000:
        raise ValueError(f"bpm={bpm!r} must be a number of quarter notes a minute from 1 to 2000")
    return float(bpm)


def checked_pickup(pickup: Any, bar_ticks: int) -> int:
    """Return the ticks of a pickup, less than a bar, or raise a ValueError.

    Examples
    --------
    >>> checked_pickup(24, 96)
    24
    """
    if isinstance(pickup, bool) or int(pickup) != pickup or not 0 <= pickup < bar_ticks:
        raise ValueError(
            f"pickup={pickup!r} must be a whole number of ticks from 0 to {bar_ticks - 1}, less than a bar"
        )
    return int(pickup)


def _check_range(name: str, values: npt.NDArray[Any], low: int, high: int) -> None:
    wrong = (values < low) | (values > high)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"notes has {name}={values[row]} in row {row}; it must be from {low} to {high}")
