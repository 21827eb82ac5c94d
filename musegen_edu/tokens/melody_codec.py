"""MelodyCodec: a melody as one symbol for each step of a clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.vocabulary import SPECIALS, Tokens, Vocabulary


@dataclass(frozen=True)
class MelodyCodec:
    """One symbol a grid step: a pitch that begins (`"60"`), `"_"` for "still sounding", `"r"` for silence.

    Meter, key and pickup are not in the tokens; give them to `decode`. Odd lines are read so: `_` with nothing sounding is
    silence; `<pad>` and `<start>` take no time.

    Parameters
    ----------
    grid : ticks a step: 6 is a sixteenth.
    lowest, highest : the range of MIDI pitches, both included.

    Examples
    --------
    >>> len(MelodyCodec(lowest=55, highest=84).vocabulary)  # 30 pitches, hold, silence, 3 specials
    35

    References
    ----------
    Todd, "A connectionist approach to algorithmic composition", Computer Music Journal 13(4), 1989.
    Lesson: 02 representing_music.
    """

    grid: int = TICKS_PER_QUARTER // 4
    lowest: int = 0
    highest: int = 127

    def __post_init__(self) -> None:
        if self.grid < 1:
            raise ValueError(f"grid={self.grid} must be at least 1 tick (6 is a sixteenth)")
        if not 0 <= self.lowest <= self.highest <= 127:
            raise ValueError(f"lowest={self.lowest}, highest={self.highest} must be a range inside 0 to 127")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The pitches, hold and silence."""
        return Vocabulary((*map(str, range(self.lowest, self.highest + 1)), "_", "r"))

    def encode(self, score: Score) -> Tokens:
        """Return the tokens of a one-voice score whose onsets and durations lie on the grid."""
        symbols = ["r"] * -(-score.duration // self.grid)
        for onset, duration, pitch in one_voice(score):
            if onset % self.grid or duration % self.grid:
                raise ValueError(
                    f"the note at tick {onset} with {duration} ticks is off the grid of {self.grid} ticks; "
                    f"move it there with score.quantize({self.grid})"
                )
            if not self.lowest <= pitch <= self.highest:
                raise ValueError(f"the note at tick {onset} has pitch {pitch}, outside {self.lowest} to {self.highest}")
            first, last = onset // self.grid, (onset + duration) // self.grid
            symbols[first:last] = [str(pitch)] + ["_"] * (last - first - 1)
        return self.vocabulary.tokens(["<start>", *symbols, "<end>"])

    def decode(self, tokens: Iterable[int], *, velocity: int = 80, **fields: Any) -> Score:
        """Return the score that tokens stand for."""
        notes: list[list[int]] = []
        step, sounding = 0, False
        for symbol in self.vocabulary.words(tokens):
            if symbol == "<end>":
                break
            if symbol in SPECIALS:
                continue
            if symbol == "_" and sounding:
                notes[-1][1] += self.grid
            elif symbol in ("_", "r"):
                sounding = False
            else:
                notes.append([step * self.grid, self.grid, int(symbol), velocity])
                sounding = True
            step += 1
        return Score.from_notes(notes, **fields)

    def to_dict(self) -> dict[str, Any]:
        """Return what `codec_from_dict` needs, fit for JSON."""
        return {"codec": "melody", "grid": self.grid, "lowest": self.lowest, "highest": self.highest}


def one_voice(score: Score) -> Sequence[tuple[int, int, int]]:
    """Return (onset, duration, pitch) of each note in order; ValueError where two notes sound together."""
    rows: list[tuple[int, int, int]] = score.notes[["onset", "duration", "pitch"]].tolist()
    for (onset, duration, _), (following, _, _) in pairwise(rows):
        if following < onset + duration:
            raise ValueError(
                f"score has notes that sound together at tick {following}; a codec writes one voice: take one part with "
                "score.part(0), or thin out the chords"
            )
    return rows
