"""Melodies typed as letters: `C D E F G A B`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from musegen_edu.keys import name_to_pitch
from musegen_edu.score import TICKS_PER_QUARTER, Score

_WORD = re.compile(r"(?P<name>[A-Ga-g](?:#{1,2}|b{1,2})?|-|r)(?P<octave>\d)?(?::(?P<beats>\d+(?:/[1-9]\d*|\.\d+)?))?")


def letters_to_score(text: str, **fields: Any) -> Score:
    """Return the melody that is typed as letters, a quarter note each.

    - `C D E F# Bb` are notes. Without an octave each lies as near as it can to the note before it (the lower one where two are
      equally near), the first from middle C upwards; `C5` names the octave, and C4 is middle C.
    - `C:2` lasts two quarters, `C:1/2` half of one, `C:1/3` a triplet's third.
    - `r` is a rest. `-` holds the note before it for another quarter. `|` may stand between bars and is not looked at.

    Parameters
    ----------
    text : words with spaces between.
    fields : other fields of the score, such as `key`, `meter`, `bpm` or `title`.

    Raises
    ------
    ValueError
        If a word is none of these, a length does not fit the ticks (24 a quarter), or nothing is typed.

    Examples
    --------
    >>> letters_to_score("C D E F G A B").notes["pitch"].tolist()
    [60, 62, 64, 65, 67, 69, 71]
    >>> letters_to_score("G4 C:1/2 - | r Eb:2").notes[["onset", "duration", "pitch"]].tolist()
    [(0, 24, 67), (24, 36, 72), (84, 48, 75)]

    Lesson: 05 recurrent_networks.
    """
    if not isinstance(text, str):
        raise TypeError(f"text={text!r} must be a string such as 'C D E F G A B'")
    pitches: list[int | None] = []
    ticks: list[int] = []
    last: int | None = None
    for word in text.replace("|", " ").split():
        match = _WORD.fullmatch(word)
        if match is None or (match["name"] in "-r" and match["octave"]):
            raise ValueError(f"text holds {word!r}; write notes such as C, F#, Bb4 or G:1/2, r for a rest, - to hold")
        length = Fraction(match["beats"] or 1) * TICKS_PER_QUARTER
        if length.denominator != 1 or not length:
            raise ValueError(f"text holds {word!r}; a length must be a whole number of 24ths of a quarter, above 0")
        if match["name"] == "-":
            if not ticks:
                raise ValueError("text begins with '-'; there is no note before it to hold")
            ticks[-1] += int(length)
            continue
        if match["name"] != "r":
            last = _pitch(match["name"], match["octave"], last)
        pitches.append(None if match["name"] == "r" else last)
        ticks.append(int(length))
    if all(pitch is None for pitch in pitches):
        raise ValueError(f"text={text!r} holds no note; write letters such as 'C D E F G A B'")
    return Score.from_melody(pitches, ticks, **fields)


def _pitch(name: str, octave: str | None, last: int | None) -> int:
    if octave is not None:
        return name_to_pitch(name + octave)
    if last is None:
        return name_to_pitch(name + "4")
    pitch_class = name_to_pitch(name + "4") % 12
    return last - 6 + (pitch_class - (last - 6)) % 12  # last - 6 to last + 5
