"""Score: the one type that stands for a piece of music in the whole course."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import key_to_fifths, transpose_key

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


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """A piece of music: notes in time, and what a musician needs to read them.

    A score never changes; every transform returns a new one. As the last line of a notebook cell it shows itself, with
    engraving, piano roll and a play button.

    Parameters
    ----------
    notes : structured array of dtype `NOTE_DTYPE`, one row a note. `onset` and `duration` are in ticks (24 to the quarter
        note), `pitch` is a MIDI number (60 is middle C), `velocity` is 1 to 127, `part` is an index into `programs`.
        Any order will do: the score keeps a sorted copy that cannot be written to.
    meter : numerator and denominator of the time signature.
    bpm : quarter notes a minute.
    key : such as `"G major"`, or None where there is none. See `musegen_edu.keys`.
    programs : one a part: a General MIDI program number, 0 (piano) to 127, or `DRUMS`.
    title : for the page.
    pickup : ticks before the first barline, less than a bar; 0 where the music starts on a full bar.

    Raises
    ------
    ValueError
        If a field is outside what is said above; the message names the field and its value.

    Examples
    --------
    >>> scale = Score.from_melody([60, 62, 64, 65], 24, title="Four steps")
    >>> scale
    Score('Four steps', 4 notes, 1 bar of 4/4 at 120 bpm)
    >>> scale.transpose(7).notes["pitch"].tolist()
    [67, 69, 71, 72]

    Lesson: 02 representing_music.
    """

    notes: npt.NDArray[np.void] = field(default_factory=lambda: np.empty(0, NOTE_DTYPE))
    meter: tuple[int, int] = (4, 4)
    bpm: float = 120.0
    key: str | None = None
    programs: tuple[int, ...] = (0,)
    title: str = ""
    pickup: int = 0

    def __post_init__(self) -> None:
        set_field = object.__setattr__  # the dataclass is frozen; this is the one place where its fields are set
        notes = np.asarray(self.notes)
        if notes.dtype != NOTE_DTYPE or notes.ndim != 1:
            raise ValueError(
                f"notes has dtype {notes.dtype} and shape {notes.shape}; it must be a one-dimensional array of NOTE_DTYPE "
                "(Score.from_notes makes one from tuples)"
            )
        set_field(self, "meter", _checked_meter(self.meter))
        set_field(self, "programs", _checked_programs(self.programs))
        if (
            not isinstance(self.bpm, (int, float, np.number))
            or not math.isfinite(self.bpm)
            or not 1 <= self.bpm <= 2000
        ):
            raise ValueError(f"bpm={self.bpm!r} must be a number of quarter notes a minute from 1 to 2000")
        set_field(self, "bpm", float(self.bpm))
        if self.key is not None:
            key_to_fifths(self.key)  # raises with a message of its own
        if not isinstance(self.title, str):
            raise ValueError(f"title={self.title!r} must be text")
        if isinstance(self.pickup, bool) or int(self.pickup) != self.pickup or not 0 <= self.pickup < self.bar_ticks:
            raise ValueError(
                f"pickup={self.pickup!r} must be a whole number of ticks from 0 to {self.bar_ticks - 1}, less than a bar"
            )
        set_field(self, "pickup", int(self.pickup))
        for name, (low, high) in _ALLOWED.items():
            _check_range(name, notes[name], low, min(high, len(self.programs) - 1) if name == "part" else high)
        if len(notes) and int((notes["onset"].astype(np.int64) + notes["duration"]).max()) > 2**31 - 1:
            raise ValueError("notes reach beyond tick 2**31 - 1; give onsets in ticks, 24 to the quarter note")
        notes = notes[np.lexsort([notes[name] for name in reversed(_SORT_ORDER)])]  # indexing copies
        notes.flags.writeable = False
        set_field(self, "notes", notes)

    # ---- making one ----

    @classmethod
    def from_notes(cls, notes: Iterable[Sequence[int]], **fields: Any) -> Score:
        """Make a score from rows of (onset, duration, pitch), optionally followed by velocity (80) and part (0).

        Onsets and durations are in ticks, 24 to the quarter note; `fields` are the other fields of a score.

        Examples
        --------
        >>> Score.from_notes([(0, 24, 60), (24, 48, 64, 100)]).duration
        72
        """
        rows = []
        for row in notes:
            values = tuple(row)
            if not 3 <= len(values) <= 5:
                raise ValueError(f"notes has the row {values!r}; a row is (onset, duration, pitch[, velocity[, part]])")
            for name, value in zip(NOTE_DTYPE.names or (), values, strict=False):
                low, high = _ALLOWED[name]
                if int(value) != value or not low <= value <= high:
                    raise ValueError(
                        f"notes has {name}={value!r} in row {values!r}; it must be a whole number from {low} to {high}"
                    )
            rows.append(values + (80, 0)[len(values) - 3 :])
        return cls(np.array(rows, NOTE_DTYPE) if rows else np.empty(0, NOTE_DTYPE), **fields)

    @classmethod
    def from_melody(
        cls, pitches: Sequence[int | None], durations: int | Sequence[int], *, velocity: int = 80, **fields: Any
    ) -> Score:
        """Make a one-part score from pitches that follow one another.

        Parameters
        ----------
        pitches : MIDI numbers; None is a rest.
        durations : ticks, one a pitch, or one number for all.
        velocity : 1 to 127.
        fields : the other fields of a score, such as `key`.

        Examples
        --------
        >>> Score.from_melody([60, None, 67], [24, 12, 12]).notes["onset"].tolist()
        [0, 36]
        """
        lengths = (
            [int(durations)] * len(pitches) if isinstance(durations, (int, np.integer)) else [int(d) for d in durations]
        )
        if len(lengths) != len(pitches):
            raise ValueError(
                f"durations has {len(lengths)} values for {len(pitches)} pitches; give one a pitch, or one number for all"
            )
        if lengths and min(lengths) < 1:
            raise ValueError(f"durations holds {min(lengths)}; each must be at least 1 tick")
        onsets = np.cumsum([0, *lengths])
        rows = zip(onsets.tolist(), lengths, pitches, strict=False)
        return cls.from_notes(
            [(onset, length, pitch, velocity) for onset, length, pitch in rows if pitch is not None], **fields
        )

    def replace(self, **changes: Any) -> Score:
        """Return a copy in which the named fields are other ones, for example `score.replace(bpm=90)`.

        Examples
        --------
        >>> Score.from_melody([60], 24).replace(bpm=90).bpm
        90.0
        """
        return dataclasses.replace(self, **changes)

    # ---- how long, how many ----

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.notes)

    @property
    def n_parts(self) -> int:
        """Number of parts, those without notes included."""
        return len(self.programs)

    @property
    def duration(self) -> int:
        """Ticks from the start to the end of the last note that sounds."""
        return int((self.notes["onset"] + self.notes["duration"]).max()) if len(self.notes) else 0

    @property
    def seconds(self) -> float:
        """Seconds from the start to the end of the last note that sounds."""
        return self.ticks_to_seconds(self.duration)

    def ticks_to_seconds(self, ticks: float) -> float:
        """Convert a length in ticks to seconds at this score's tempo.

        Examples
        --------
        >>> Score(bpm=60).ticks_to_seconds(24)
        1.0
        """
        return ticks / TICKS_PER_QUARTER * 60.0 / self.bpm

    @property
    def bar_ticks(self) -> int:
        """Ticks in a full bar: 96 in 4/4, 72 in 6/8."""
        numerator, denominator = self.meter
        return 4 * TICKS_PER_QUARTER * numerator // denominator

    @property
    def beat_ticks(self) -> int:
        """Ticks in a beat: the denominator's note value, or three of them in compound meters (6/8, 9/8, 12/8)."""
        numerator, denominator = self.meter
        unit = 4 * TICKS_PER_QUARTER // denominator
        return 3 * unit if denominator >= 8 and numerator % 3 == 0 and numerator > 3 else unit

    @property
    def n_bars(self) -> int:
        """Number of bars begun, a pickup bar included."""
        return len(self.barlines())

    def barlines(self) -> npt.NDArray[np.int64]:
        """Return the tick at which each bar starts; the first is 0, and with a pickup the second is the pickup's length.

        Examples
        --------
        >>> Score.from_melody([67, 60, 64, 67, 72], 24, pickup=24).barlines().tolist()
        [0, 24]
        """
        if self.duration == 0:
            return np.empty(0, np.int64)
        full_bars = np.arange(self.pickup, max(self.duration, self.pickup + 1), self.bar_ticks, dtype=np.int64)
        if self.pickup:
            full_bars = full_bars[full_bars < self.duration]
            return np.concatenate([[0], full_bars])
        return full_bars

    @property
    def is_drum_note(self) -> npt.NDArray[np.bool_]:
        """One truth value a note: does it belong to a drum part?"""
        is_drum_part = np.array([program == DRUMS for program in self.programs], np.bool_)
        return np.asarray(is_drum_part[self.notes["part"]], np.bool_)

    # ---- transforms ----

    def transpose(self, semitones: int) -> Score:
        """Return the score a number of semitones higher (negative: lower); its key follows, drum parts stay.

        Raises
        ------
        ValueError
            If a note would leave the MIDI range 0 to 127.

        Examples
        --------
        >>> Score.from_melody([60, 64], 24, key="C major").transpose(-2).key
        'Bb major'
        """
        if int(semitones) != semitones:
            raise ValueError(f"semitones={semitones!r} must be a whole number")
        notes = self.notes.copy()
        pitch = notes["pitch"].astype(np.int64) + np.where(self.is_drum_note, 0, int(semitones))
        if len(pitch) and not 0 <= pitch.min() <= pitch.max() <= 127:
            raise ValueError(
                f"semitones={semitones} would move pitches to {pitch.min()}..{pitch.max()}, outside 0 to 127"
            )
        notes["pitch"] = pitch
        return self.replace(notes=notes, key=None if self.key is None else transpose_key(self.key, int(semitones)))

    def quantize(self, grid: int) -> Score:
        """Return the score with onsets and ends moved to the nearest multiple of a grid.

        Ties go to the later grid line; a note keeps at least one grid step.

        Parameters
        ----------
        grid : ticks between two grid lines: 6 for sixteenths, 12 for eighths, 8 for triplet eighths.

        Examples
        --------
        >>> Score.from_notes([(1, 20, 60), (25, 26, 62)]).quantize(6).notes[["onset", "duration"]].tolist()
        [(0, 24), (24, 30)]
        """
        if isinstance(grid, bool) or int(grid) != grid or grid < 1:
            raise ValueError(f"grid={grid!r} must be a whole number of ticks, at least 1 (6 is a sixteenth)")
        notes = self.notes.copy()
        onset = (2 * notes["onset"].astype(np.int64) + grid) // (2 * grid) * grid
        end = (2 * (notes["onset"].astype(np.int64) + notes["duration"]) + grid) // (2 * grid) * grid
        notes["onset"], notes["duration"] = onset, np.maximum(end - onset, grid)
        return self.replace(notes=notes)

    def slice_bars(self, first: int, last: int | None = None) -> Score:
        """Return some bars, numbered as on paper: bar 1 is the first full bar, bar 0 the pickup where there is one.

        Notes that begin before the slice are left out; notes that end after it are shortened. The new score starts at tick 0.

        Parameters
        ----------
        first, last : the first and the last bar wanted, both included; without `last`, up to the end.

        Raises
        ------
        ValueError
            If `first` is no bar of the score or `last` lies before it.

        Examples
        --------
        >>> tune = Score.from_melody([67, 60, 62, 64, 65, 67], 24, meter=(2, 4), pickup=24)
        >>> tune.slice_bars(1, 2).notes["pitch"].tolist()
        [60, 62, 64, 65]
        """
        lowest = 0 if self.pickup else 1
        if first < lowest:
            raise ValueError(f"first={first} is not a bar of this score; its first bar is {lowest}")
        if last is not None and last < first:
            raise ValueError(f"last={last} lies before first={first}")
        start = 0 if first == 0 else self.pickup + (first - 1) * self.bar_ticks
        stop = max(self.duration, start) if last is None else self.pickup + last * self.bar_ticks
        notes = self.notes[(self.notes["onset"] >= start) & (self.notes["onset"] < stop)].copy()
        notes["duration"] = np.minimum(notes["duration"], stop - notes["onset"])
        notes["onset"] -= start
        return self.replace(notes=notes, pickup=self.pickup if first == 0 else 0)

    def part(self, index: int) -> Score:
        """Return one part as a score of its own.

        Examples
        --------
        >>> stack([Score.from_melody([72], 24), Score.from_melody([48], 24)]).part(1).notes["pitch"].tolist()
        [48]
        """
        if not 0 <= index < self.n_parts:
            raise ValueError(f"index={index} is not a part of this score; it has parts 0 to {self.n_parts - 1}")
        notes = self.notes[self.notes["part"] == index].copy()
        notes["part"] = 0
        return self.replace(notes=notes, programs=(self.programs[index],))

    def parts(self) -> tuple[Score, ...]:
        """Return every part as a score of its own."""
        return tuple(self.part(index) for index in range(self.n_parts))

    def __add__(self, other: object) -> Score:
        """Concatenate: `other` begins at the barline after this score's last note."""
        return join([self, other]) if isinstance(other, Score) else NotImplemented

    # ---- comparing and showing ----

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Score):
            return NotImplemented
        same_fields = all(
            getattr(self, name) == getattr(other, name)
            for name in ("meter", "bpm", "key", "programs", "title", "pickup")
        )
        return same_fields and bool(np.array_equal(self.notes, other.notes))

    def __hash__(self) -> int:
        return hash((self.notes.tobytes(), self.meter, self.bpm, self.key, self.programs, self.title, self.pickup))

    def __repr__(self) -> str:
        what = [f"{self.n_parts} parts"] if self.n_parts > 1 else []
        what.append(f"{len(self)} note{'' if len(self) == 1 else 's'}")
        what.append(
            f"{self.n_bars} bar{'' if self.n_bars == 1 else 's'} of {self.meter[0]}/{self.meter[1]} at {self.bpm:g} bpm"
        )
        return f"Score({self.title!r}, {', '.join([*what, self.key] if self.key else what)})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> Any:
        # The widgets stand on top of everything; they are loaded only when a notebook asks.
        from musegen_edu.widgets.player import score_mimebundle

        return score_mimebundle(self)


def join(scores: Iterable[Score]) -> Score:
    """Play scores one after another, each from the barline after the one before it.

    The title, tempo, key, meter and pickup of the first are kept, and the programs of the one with the most parts. A pickup of
    a later score fills the end of the bar before it where there is room, else it gets a bar of its own.

    Raises
    ------
    ValueError
        If there is no score, or the meters differ.

    Examples
    --------
    >>> a, b = Score.from_melody([60] * 3, 24), Score.from_melody([67], 24)
    >>> join([a, b]).notes["onset"].tolist()
    [0, 24, 48, 96]
    """
    scores = list(scores)
    if not scores:
        raise ValueError("scores is empty; give at least one score")
    first = scores[0]
    pieces: list[npt.NDArray[np.void]] = []
    end = 0
    for score in scores:
        if score.meter != first.meter:
            raise ValueError(
                f"scores have the meters {first.meter} and {score.meter}; only scores of one meter can be joined"
            )
        notes = score.notes.copy()
        if pieces:
            first_downbeat = _next_barline(first, end + score.pickup)
            notes["onset"] += first_downbeat - score.pickup
        pieces.append(notes)
        end = max([end, *(notes["onset"] + notes["duration"]).tolist()])
    programs = max((score.programs for score in scores), key=len)
    return first.replace(notes=np.concatenate(pieces), programs=programs)


def _next_barline(score: Score, tick: int) -> int:
    return score.pickup + max(0, math.ceil((tick - score.pickup) / score.bar_ticks)) * score.bar_ticks


def stack(scores: Iterable[Score]) -> Score:
    """Play scores at the same time: the parts of each are put below the parts of the one before it.

    The title, tempo, key, meter and pickup of the first are kept.

    Raises
    ------
    ValueError
        If there is no score, or the meters or pickups differ.

    Examples
    --------
    >>> stack([Score.from_melody([72, 74], 24), Score.from_melody([48], 48)]).n_parts
    2
    """
    scores = list(scores)
    if not scores:
        raise ValueError("scores is empty; give at least one score")
    first = scores[0]
    pieces: list[npt.NDArray[np.void]] = []
    programs: tuple[int, ...] = ()
    for score in scores:
        if (score.meter, score.pickup) != (first.meter, first.pickup):
            raise ValueError("scores differ in meter or pickup; only scores with the same barlines can be stacked")
        notes = score.notes.copy()
        if len(programs) + score.n_parts > MAX_PARTS:
            raise ValueError(f"scores have more than {MAX_PARTS} parts together")
        notes["part"] += len(programs)
        pieces.append(notes)
        programs += score.programs
    return first.replace(notes=np.concatenate(pieces), programs=programs)


def _checked_meter(meter: Any) -> tuple[int, int]:
    try:
        numerator, denominator = (int(value) for value in meter)
    except (TypeError, ValueError):
        raise ValueError(f"meter={meter!r} must be a pair of whole numbers such as (4, 4)") from None
    if not 1 <= numerator <= 64 or denominator not in (1, 2, 4, 8, 16, 32):
        raise ValueError(f"meter={meter!r} must have a numerator from 1 to 64 over 1, 2, 4, 8, 16 or 32")
    return numerator, denominator


def _checked_programs(programs: Any) -> tuple[int, ...]:
    try:
        checked = tuple(int(program) for program in programs)
    except (TypeError, ValueError):
        raise ValueError(f"programs={programs!r} must be a sequence of whole numbers, one a part") from None
    if not 1 <= len(checked) <= MAX_PARTS or not all(0 <= program <= DRUMS for program in checked):
        raise ValueError(
            f"programs={programs!r} must hold 1 to {MAX_PARTS} numbers from 0 to 127, or {DRUMS} for drums"
        )
    return checked


def _check_range(name: str, values: npt.NDArray[Any], low: int, high: int) -> None:
    wrong = (values < low) | (values > high)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"notes has {name}={values[row]} in row {row}; it must be from {low} to {high}")
