"""Read one tune of an ABC songbook: the small part of the language that printed melodies need.

Pitches are MIDI numbers (middle C, ABC's `C`, is 60). Lengths are exact fractions of a quarter note. What the reader
does not know it refuses with a `TuneError` that says why, so that the build can count what was left out.
`build.py --check` compares every tune that is shipped with music21's reading of the same text.

Source: the ABC music standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

NATURAL_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ORDER_OF_SHARPS = "FCGDAEB"
MODE_FIFTHS = {  # how far a mode's key signature lies from the major key on the same tonic, in fifths
    "major": 0, "ionian": 0, "minor": -3, "aeolian": -3, "dorian": -2,
    "phrygian": -4, "lydian": 1, "mixolydian": -1, "locrian": -5,
}  # fmt: skip
TONIC_FIFTHS = {name: i for i, name in enumerate("FCGDAEB", start=-1)}
ACCIDENTAL_SEMITONES = {"": 0, "^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}

BARLINE = re.compile(r"(?P<bar>\[\||:*\|[|\]:]*(?:\[\|)?|::+)(?:\s*\[?(?P<ending>[1-9])(?P<more>[,\-0-9]*))?")
ENDING = re.compile(r"\[(?P<ending>[1-9])(?P<more>[,\-0-9]*)")
NOTE = re.compile(r"(?P<accidental>\^\^|\^|__|_|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<length>\d*(?:/+\d*)*)")
REST = re.compile(r"[zx](?P<length>\d*(?:/+\d*)*)")
TUPLET = re.compile(r"\((?P<p>[2-9])(?::(?P<q>\d*))?(?::(?P<r>\d*))?(?=[\s.~HLMOPSTuvk\"!({^_=A-Ga-gzx\[])")
SKIPPED = re.compile(r'"[^"]*"|![A-Za-z0-9.()+<>]+!|\{[^}]*\}|[\s`~.()\\*!yH-WU-Wh-w]')
HYPHEN = re.compile("-")
BROKEN = re.compile(r">+|<+")
FIELD = re.compile(r"[A-Za-z]:")


class TuneError(ValueError):
    """A tune that cannot be used; the message is a short reason, the same for all tunes with that fault."""


@dataclass
class Note:
    """A note, or a rest where `pitch` is None; `tied` says that it runs on into the next note."""

    pitch: int | None
    quarters: Fraction
    tied: bool = False


@dataclass
class Measure:
    """What stands between two barlines: `opens` and `closes` are those lines, `ending` the number of a variant ending."""

    notes: list[Note] = field(default_factory=list)
    opens: str = ""
    closes: str = ""
    ending: str = ""

    @property
    def quarters(self) -> Fraction:
        """The length of all its notes and rests."""
        return sum((note.quarters for note in self.notes), Fraction(0))


@dataclass
class Tune:
    """A tune as it is written, repeats not played out: the header fields, then the measures."""

    fields: dict[str, list[str]]
    key: str
    meter: tuple[int, int]
    measures: list[Measure]


def parse_length(text: str) -> Fraction:
    """`"3/2"` -> 3/2, `""` -> 1, `"/"` -> 1/2, `"//"` -> 1/4."""
    if not text:
        return Fraction(1)
    head, *tails = text.split("/")
    length = Fraction(int(head)) if head else Fraction(1)
    for tail in tails:
        divisor = int(tail) if tail else 2
        if divisor == 0 or length == 0:
            raise TuneError("a note of no length")
        length /= divisor
    return length


def read_key(text: str) -> tuple[str, dict[str, int]]:
    """Give the key's name ("A dorian") and the semitones that its signature adds to each letter.

    Bagpipe music (`Hp`) is A mixolydian: its signature has F and C sharp.
    """
    text = text.split("%")[0].strip()
    if text in {"Hp", "HP"}:
        text = "A mix"
    match = re.fullmatch(r"([A-G])([#b]?)\s*([A-Za-z]*)", text)
    if not match:
        raise TuneError("a key signature of its own")
    letter, accidental, word = match.groups()
    if word == "m":
        mode = "minor"
    elif not word:
        mode = "major"
    else:
        found = [name for name in MODE_FIFTHS if len(word) >= 3 and name.startswith(word[:3].lower())]
        if not found:
            raise TuneError("a key signature of its own")
        mode = {"ionian": "major", "aeolian": "minor"}.get(found[0], found[0])
    fifths = TONIC_FIFTHS[letter] + 7 * (accidental == "#") - 7 * (accidental == "b") + MODE_FIFTHS[mode]
    signature = dict.fromkeys(ORDER_OF_SHARPS[: max(fifths, 0)], 1)
    signature |= dict.fromkeys(ORDER_OF_SHARPS[::-1][: max(-fifths, 0)], -1)
    return f"{letter}{accidental} {mode}", signature


def read_meter(text: str) -> tuple[int, int]:
    """`"C|"` -> (2, 2), `"C"` -> (4, 4), `"6/8"` -> (6, 8)."""
    text = text.split("%")[0].strip()
    named = {"C": (4, 4), "C|": (2, 2)}
    if text in named:
        return named[text]
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match:
        raise TuneError("no meter")
    return int(match[1]), int(match[2])


def read_tune(text: str) -> Tune:
    """Read one tune, from its `X:` line on. Grace notes, ornaments and fingering are dropped; of a chord the top note stays."""
    fields: dict[str, list[str]] = {}
    lines: list[str] = []
    in_header = True
    for raw in text.splitlines():
        line = re.sub(r"(?<!\\)%.*", "", raw).strip()
        if FIELD.match(line):
            name, value = line[0], line[2:].strip()
            if in_header:
                fields.setdefault(name, []).append(value)
            elif name in "KML" and value != fields.get(name, [""])[-1]:
                reason = {"K": "the key changes", "M": "the meter changes", "L": "the unit of length changes"}
                raise TuneError(reason[name])
            elif name == "V":
                raise TuneError("more than one voice")
            in_header = in_header and name != "K"
        elif not in_header:
            lines.append(line)
    if "K" not in fields:
        raise TuneError("no key")
    if "V" in fields or any("[V:" in line for line in lines):
        raise TuneError("more than one voice")
    meter = read_meter(fields.get("M", ["C"])[-1])
    key, signature = read_key(fields["K"][-1])
    unit = (
        Fraction(fields["L"][-1].strip())
        if "L" in fields
        else Fraction(1, 16 if Fraction(*meter) < Fraction(3, 4) else 8)
    )
    return Tune(fields, key, meter, read_measures("\n".join(lines), signature, unit * 4))


def read_measures(body: str, signature: dict[str, int], unit: Fraction) -> list[Measure]:
    """Cut the body at its barlines. `unit` is the length of a plain note letter, in quarters."""
    measures = [Measure()]
    accidentals: dict[tuple[str, int], int] = {}  # (letter, octave) -> semitones, until the next barline
    tuplet_left, tuplet_scale = 0, Fraction(1)
    broken = Fraction(1)  # the factor that > or < leaves for the next note
    sounding: list[Note] = []  # the last note, for - > <
    last_spelling: tuple[str, int] | None = None
    at = 0
    while at < len(body):
        if match := BARLINE.match(body, at):
            measures[-1].closes += match["bar"]
            measures.append(Measure(opens=match["bar"], ending=match["ending"] or ""))
            accidentals = {}
        elif match := ENDING.match(body, at):
            if measures[-1].notes:
                measures.append(Measure())
            measures[-1].ending = match["ending"]
        elif match := TUPLET.match(body, at):
            p = int(match["p"])
            q = int(match["q"]) if match["q"] else {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, 0)
            if not q:
                raise TuneError("a tuplet that the tick grid cannot hold")
            tuplet_left, tuplet_scale = int(match["r"]) if match["r"] else p, Fraction(q, p)
        elif (match := NOTE.match(body, at)) or body[at] == "[":
            if match:
                pitch, spelling = read_pitch(match, signature, accidentals)
                if sounding and sounding[-1].tied and last_spelling == spelling and not match["accidental"]:
                    pitch = sounding[-1].pitch if sounding[-1].pitch is not None else pitch  # the accidental is tied on
                length, at_end, last_spelling = parse_length(match["length"]), match.end(), spelling
            else:
                pitch, length, at_end = read_chord(body, at, signature, accidentals)
                last_spelling = None
            note = Note(pitch, unit * length * broken * (tuplet_scale if tuplet_left else 1))
            if at_end < len(body) and body[at_end] == "-":
                note.tied, at_end = True, at_end + 1
            measures[-1].notes.append(note)
            sounding, broken, tuplet_left = [note], Fraction(1), max(tuplet_left - 1, 0)
            at = at_end
            continue
        elif match := REST.match(body, at):
            note = Note(None, unit * parse_length(match["length"]) * broken * (tuplet_scale if tuplet_left else 1))
            measures[-1].notes.append(note)
            sounding, broken, tuplet_left, last_spelling = [note], Fraction(1), max(tuplet_left - 1, 0), None
        elif match := BROKEN.match(body, at):
            if not sounding:
                raise TuneError("broken rhythm without a note before it")
            short = Fraction(1, 2 ** len(match[0]))
            mine, broken = (2 - short, short) if match[0][0] == ">" else (short, 2 - short)
            sounding[-1].quarters *= mine
        elif match := HYPHEN.match(body, at):  # a tie set apart from its note by a slur or a space
            if sounding:
                sounding[-1].tied = True
        else:
            match = SKIPPED.match(body, at)
        if match is None:
            raise TuneError("a sign that the reader does not know")
        at = match.end()
    return [measure for measure in measures if measure.notes or measure.closes or measure.ending]


def read_pitch(
    match: re.Match[str], signature: dict[str, int], accidentals: dict[tuple[str, int], int]
) -> tuple[int, tuple[str, int]]:
    """Give a note's MIDI number, and the staff position that it is written on; remember its accidental for the measure."""
    letter = match["letter"].upper()
    octave = 5 + match["letter"].islower() + match["octave"].count("'") - match["octave"].count(",")
    if match["accidental"]:
        accidentals[letter, octave] = ACCIDENTAL_SEMITONES[match["accidental"]]
    shift = accidentals.get((letter, octave), signature.get(letter, 0))
    return 12 * octave + NATURAL_SEMITONES[letter] + shift, (letter, octave)


def read_chord(
    body: str, at: int, signature: dict[str, int], accidentals: dict[tuple[str, int], int]
) -> tuple[int, Fraction, int]:
    """Read `[ceg]2` at position `at`: give the top pitch, the length (in units) and the position after the chord."""
    end = body.find("]", at)
    if end < 0:
        raise TuneError("a sign that the reader does not know")
    inside = SKIPPED.sub("", body[at + 1 : end])
    notes = list(NOTE.finditer(inside))
    if not notes or "".join(note[0] for note in notes) != inside.replace("-", ""):
        raise TuneError("a sign that the reader does not know")
    read = [(read_pitch(note, signature, accidentals)[0], parse_length(note["length"])) for note in notes]
    outer = re.compile(r"\d*(?:/+\d*)*").match(body, end + 1)
    factor = parse_length(outer[0]) if outer else Fraction(1)
    return max(pitch for pitch, _ in read), read[0][1] * factor, outer.end() if outer else end + 1
