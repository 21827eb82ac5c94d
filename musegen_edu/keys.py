"""Keys, scales and the names of notes.

A key is a plain string such as `"G major"`, `"F# minor"` or `"D dorian"`: a tonic (a letter, perhaps with `#` or `b`), a space
and a mode. Pitches are MIDI numbers: 60 is middle C, called C4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from musegen_edu.score import Score

_LETTER_TO_PITCH_CLASS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FIFTHS_TO_TONIC = "Fb Cb Gb Db Ab Eb Bb F C G D A E B F# C# G# D# A# E# B#".split()  # index 8 is C, no sharps or flats

# Each mode uses the seven white keys from another starting note; the number says how many fifths its tonic lies above the
# tonic of the major key with the same key signature.
_MODE_TO_FIFTHS_ABOVE = {
    "major": 0,
    "minor": 3,
    "dorian": 2,
    "phrygian": 4,
    "lydian": -1,
    "mixolydian": 1,
    "locrian": 5,
}
MODES = tuple(_MODE_TO_FIFTHS_ABOVE)

# Krumhansl and Kessler 1982: how well each pitch class fits a key, as rated by listeners; the tonic comes first.
_MAJOR_PROFILE = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR_PROFILE = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])

_SHARP_NAMES = "C C# D D# E F F# G G# A A# B".split()


def parse_key(key: str) -> tuple[int, str]:
    """Split the name of a key into the pitch class of its tonic and its mode.

    Parameters
    ----------
    key : for example `"G major"`; modes are major, minor, dorian, phrygian, lydian, mixolydian, locrian.

    Returns
    -------
    The pitch class of the tonic, 0 (C) to 11 (B), and the mode.

    Raises
    ------
    ValueError
        If `key` is not the name of a key with at most seven sharps or flats.

    Examples
    --------
    >>> parse_key("F# minor")
    (6, 'minor')
    """
    fifths = key_to_fifths(key)
    mode = key.split()[1]
    return (7 * (fifths + _MODE_TO_FIFTHS_ABOVE[mode])) % 12, mode


def key_to_fifths(key: str) -> int:
    """Return a key's signature: the number of sharps (positive) or flats (negative), -7 to 7.

    Raises
    ------
    ValueError
        If `key` is not the name of a key with at most seven sharps or flats.

    Examples
    --------
    >>> key_to_fifths("G major"), key_to_fifths("D dorian"), key_to_fifths("Eb major")
    (1, 0, -3)
    """
    match = re.fullmatch(r"([A-G][#b]?) (\w+)", key) if isinstance(key, str) else None
    if match is None or match[2] not in MODES:
        raise ValueError(
            f"key={key!r} is not a key; write a tonic, a space and a mode, such as 'G major' or 'F# minor' (modes: {', '.join(MODES)})"
        )
    fifths = _FIFTHS_TO_TONIC.index(match[1]) - 8 - _MODE_TO_FIFTHS_ABOVE[match[2]]
    if abs(fifths) > 7:
        raise ValueError(
            f"key={key!r} would need {abs(fifths)} {'sharps' if fifths > 0 else 'flats'}; write the same key with at most 7"
        )
    return fifths


def fifths_to_key(fifths: int, mode: str = "major") -> str:
    """Return the name of the key that has a given signature and mode.

    Parameters
    ----------
    fifths : sharps (positive) or flats (negative), -7 to 7.
    mode : one of `MODES`.

    Examples
    --------
    >>> fifths_to_key(-1), fifths_to_key(2, "minor")
    ('F major', 'B minor')
    """
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is not a mode; choose one of {', '.join(MODES)}")
    if not -7 <= fifths <= 7:
        raise ValueError(f"fifths={fifths} is outside -7 to 7")
    return f"{_FIFTHS_TO_TONIC[8 + fifths + _MODE_TO_FIFTHS_ABOVE[mode]]} {mode}"


def key_to_pitch_classes(key: str) -> frozenset[int]:
    """Return the seven pitch classes (0 = C to 11 = B) of a key's scale; for minor, those of the natural minor scale.

    Examples
    --------
    >>> sorted(key_to_pitch_classes("G major"))
    [0, 2, 4, 6, 7, 9, 11]
    """
    fifths = key_to_fifths(key)
    return frozenset(
        (7 * step) % 12 for step in range(fifths - 1, fifths + 6)
    )  # seven neighbours on the circle of fifths


def transpose_key(key: str, semitones: int) -> str:
    """Return the key a number of semitones higher (or lower), in its spelling with the fewest sharps or flats.

    Examples
    --------
    >>> transpose_key("G major", 3), transpose_key("A minor", -1)
    ('Bb major', 'G# minor')
    """
    mode = parse_key(key)[1]
    fifths = (key_to_fifths(key) + 7 * semitones) % 12  # 0..11
    return fifths_to_key(fifths - 12 if fifths > 6 else fifths, mode)


def estimate_key(score: Score) -> str:
    """Guess the major or minor key of a score from how long each pitch class sounds.

    The twelve total durations are correlated with Krumhansl and Kessler's profile of each of the 24 keys; the best
    correlation wins. Drum parts do not count.

    Raises
    ------
    ValueError
        If the score has no pitched note.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> estimate_key(Score.from_melody([67, 69, 71, 72, 74, 66, 67], 24))
    'G major'

    References
    ----------
    Krumhansl, Cognitive Foundations of Musical Pitch, Oxford University Press, 1990, chapter 4.
    """
    pitched = score.notes[~score.is_drum_note]
    if len(pitched) == 0:
        raise ValueError("score has no pitched note, so no key can be estimated")
    weights = np.bincount(pitched["pitch"] % 12, weights=pitched["duration"], minlength=12)  # (12,)
    candidates = [
        (tonic, mode, profile)
        for mode, profile in (("major", _MAJOR_PROFILE), ("minor", _MINOR_PROFILE))
        for tonic in range(12)
    ]
    if np.ptp(weights) == 0:  # all twelve equal: no key is better than another
        return "C major"
    scores = [np.corrcoef(weights, np.roll(profile, tonic))[0, 1] for tonic, _, profile in candidates]
    tonic, mode, _ = candidates[int(np.argmax(scores))]
    return transpose_key(f"C {mode}", tonic)


def pitch_to_name(pitch: int, key: str | None = None) -> str:
    """Return the name of a MIDI pitch, spelled as the key would spell it (sharps when no key is given).

    Notes outside the key are spelled with sharps in keys without flats, and with flats in the others; a minor key's raised
    sixth and seventh are spelled as raised.

    Examples
    --------
    >>> pitch_to_name(66), pitch_to_name(70, "F major"), pitch_to_name(66, "G minor")
    ('F#4', 'Bb4', 'F#4')
    """
    if not 0 <= pitch <= 127:
        raise ValueError(f"pitch={pitch} is outside the MIDI range 0 to 127")
    if key is None:
        return f"{_SHARP_NAMES[pitch % 12]}{pitch // 12 - 1}"
    fifths = key_to_fifths(key)
    # A window of twelve neighbours on the circle of fifths holds each pitch class once. Major-like keys reach down to the
    # flat third and up to the sharp fifth; minor keys reach one further up, to their sharp fourth.
    lowest = fifths - (2 if key.split()[1] == "minor" else 3)
    position = next(
        step for step in range(lowest, lowest + 12) if (7 * step) % 12 == pitch % 12
    )  # 0 = C, 1 = G, -1 = F
    if not -8 <= position <= 12:  # a double accidental: the plain name is easier to read
        return pitch_to_name(pitch)
    name = _FIFTHS_TO_TONIC[position + 8]
    octave = (pitch - name.count("#") + name.count("b")) // 12 - 1  # Cb5 sounds as B4, B#4 as C5
    return f"{name}{octave}"


def name_to_pitch(name: str) -> int:
    """Return the MIDI pitch of a note name such as `"F#4"`; C4 is 60.

    Raises
    ------
    ValueError
        If `name` is no note name, or names a pitch outside 0 to 127.

    Examples
    --------
    >>> name_to_pitch("C4"), name_to_pitch("Bb3"), name_to_pitch("Cb5")
    (60, 58, 71)
    """
    match = re.fullmatch(r"([A-Ga-g])(#{0,2}|b{0,2})(-?\d+)", name.strip()) if isinstance(name, str) else None
    if match is None:
        raise ValueError(
            f"name={name!r} is not a note name; write a letter, perhaps # or b, and an octave, such as 'F#4'"
        )
    pitch = (
        _LETTER_TO_PITCH_CLASS[match[1].upper()] + match[2].count("#") - match[2].count("b") + 12 * (int(match[3]) + 1)
    )
    if not 0 <= pitch <= 127:
        raise ValueError(f"name={name!r} is MIDI pitch {pitch}, outside 0 to 127 (C-1 to G9)")
    return pitch
