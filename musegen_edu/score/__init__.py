"""Score: the one type that stands for a piece of music in the whole course."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import key_to_fifths, transpose_key
from musegen_edu.score.bars import BarsAndBeats
from musegen_edu.score.fields import (
    DRUMS,
    MAX_PARTS,
    NOTE_DTYPE,
    TICKS_PER_QUARTER,
    checked_bpm,
    checked_meter,
    checked_notes,
    checked_pickup,
    checked_programs,
    rows_to_notes,
    sorted_notes,
)
from musegen_edu.score.joining import join, stack

__all__ = ["DRUMS", "MAX_PARTS", "NOTE_DTYPE", "TICKS_PER_QUARTER", "Score", "join", "stack"]


@dataclass(frozen=True, eq=False, repr=False)
class Score(BarsAndBeats):
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
        notes = checked_notes(self.notes)
        set_field(self, "meter", checked_meter(self.meter))
        set_field(self, "programs", checked_programs(self.programs))
        set_field(self, "bpm", checked_bpm(self.bpm))
        if self.key is not None:
            key_to_fifths(self.key)  # raises with a message of its own
        if not isinstance(self.title, str):
            raise ValueError(f"title={self.title!r} must be text")
        set_field(self, "pickup", checked_pickup(self.pickup, self.bar_ticks))
        set_field(self, "notes", sorted_notes(notes, len(self.programs)))

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
        return cls(rows_to_notes(notes), **fields)

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

    # ---- how many; how long is told by BarsAndBeats ----

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.notes)

    @property
    def n_parts(self) -> int:
        """Number of parts, those without notes included."""
        return len(self.programs)

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
