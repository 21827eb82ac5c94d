"""Tempo and key of a MIDI file as a score has them: a number of beats a minute, and the name of a key."""

from __future__ import annotations

import math
from collections.abc import Sequence

from musegen_edu.flattening import keep_key, keep_tempo, say
from musegen_edu.keys import MODES, fifths_to_key, key_to_fifths
from musegen_edu.midi.chunks import MidiWarning, tempo_of


def read_bpm(changes: Sequence[tuple[float, int]], end: int, stated: str, name: str) -> float:
    """Return the tempo in quarter notes a minute; of several, the one that `keep_tempo` keeps.

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
    tempo = keep_tempo(changes, end, name, MidiWarning)
    exact = min(60e6 / tempo, 2000.0)
    # MIDI stores whole microseconds a quarter note: prefer the text, then the roundest number that is stored as this tempo.
    candidates = [_as_number(stated), *(round(exact, digits) for digits in range(7))]
    return next((bpm for bpm in candidates if 1 <= bpm <= 2000 and tempo_of(bpm) == tempo), exact)


def read_key(changes: Sequence[tuple[float, tuple[int, int]]], end: int, stated: str, name: str) -> str | None:
    """Return the name of the key; of several, the one that lasts longest.

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
    usable = [
        (tick, fifths_to_key(fifths, "minor" if mode else "major"))
        for tick, (fifths, mode) in changes
        if -7 <= fifths <= 7 and mode in (0, 1)
    ]
    if len(usable) < len(changes):
        say(f"{name} has a key signature that does not exist; it is left out", MidiWarning)
    key: str | None = keep_key(usable, end, name, MidiWarning)
    if stated and key is not None and stated in {fifths_to_key(key_to_fifths(key), mode) for mode in MODES}:
        return stated
    return key


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan  # compares false with every limit
