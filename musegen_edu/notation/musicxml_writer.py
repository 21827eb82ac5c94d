"""A score as MusicXML 4.0: what `written_music` decided, in the elements that notation programs read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # writing only; reading goes through defusedxml

from musegen_edu.keys import key_to_fifths
from musegen_edu.notation.written_music import Bar, Staff, WrittenMusic, write_music
from musegen_edu.notation.written_symbols import Symbol
from musegen_edu.score import DRUMS, TICKS_PER_QUARTER, Score

FORTE = 90  # MusicXML counts loudness in hundredths of this velocity
_CLEFS = {"treble": ("G", "2"), "bass": ("F", "4"), "percussion": ("percussion", None)}
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
# Where the instruments of a drum kit stand on the staff (letter and octave as in a treble clef), and with which head.
_DRUM_PLACES = (
    dict.fromkeys((35, 36), ("F", 4, "normal"))  # bass drums
    | dict.fromkeys((38, 40), ("C", 5, "normal"))  # snares
    | dict.fromkeys((41, 43), ("A", 4, "normal"))  # toms, low to high
    | dict.fromkeys((45, 47), ("D", 5, "normal"))
    | dict.fromkeys((48, 50), ("E", 5, "normal"))
    | dict.fromkeys((42, 46), ("G", 5, "x"))  # hi-hat
    | {44: ("D", 4, "x")}  # hi-hat pedal
    | dict.fromkeys((51, 53, 59), ("F", 5, "x"))  # ride cymbals
    | dict.fromkeys((49, 52, 55, 57), ("A", 5, "x"))  # crash cymbals
)
_OTHER_DRUM = ("C", 5, "x")


def note_id(row: int, copy: int) -> str:
    """Return the id of a written note: `note12`, and for the notes tied to it `note12-1`, `note12-2`.

    Examples
    --------
    >>> note_id(12, 0), note_id(12, 1)
    ('note12', 'note12-1')
    """
    return f"note{row}-{copy}" if copy else f"note{row}"


def music_to_xml(score: Score, music: WrittenMusic | None = None) -> str:
    """Return a score as the text of a MusicXML file; `notation.score_to_musicxml` documents it."""
    music = music or write_music(score)
    root = Element("score-partwise", version="4.0")
    if score.title:
        _add(_add(root, "work"), "work-title", _NOT_IN_XML.sub(" ", score.title))
    _add(_add(root, "identification"), "encoding").append(_text("software", "musegen-edu"))
    part_list = _add(root, "part-list")
    writer = _Writer(score, music)
    for part, program in enumerate(score.programs):
        part_list.append(writer.part_entry(part, program))
    for part in range(score.n_parts):
        root.append(writer.part(part))
    indent(root, " ")
    return _DOCTYPE + tostring(root, encoding="unicode") + "\n"


class _Writer:
    """Writes the parts of one score; counts how often a note has been written, for the ids of tied notes."""

    def __init__(self, score: Score, music: WrittenMusic) -> None:
        self.score = score
        self.music = music
        self.pitch = score.notes["pitch"].tolist()
        self.velocity = score.notes["velocity"].tolist()
        self.times_written = [0] * len(score)

    def part_entry(self, part: int, program: int) -> Element:
        """Return the instruments of a part; a drum part has one for each drum."""
        entry = Element("score-part", id=f"P{part + 1}")
        _add(entry, "part-name", f"Part {part + 1}").set("print-object", "no")
        if program == DRUMS:
            rows = self.score.part(part).notes["pitch"].tolist()
            instruments = [(_drum_id(part, pitch), pitch) for pitch in sorted(set(rows))] or [(f"P{part + 1}-I1", None)]
        else:
            instruments = [(f"P{part + 1}-I1", None)]
        for name, pitch in instruments:
            label = f"Part {part + 1}" if pitch is None else f"Drum {pitch}"
            _add(_add(entry, "score-instrument", id=name), "instrument-name", label)
        for name, pitch in instruments:
            midi = _add(entry, "midi-instrument", id=name)
            if program == DRUMS:
                _add(midi, "midi-channel", 10)
            _add(midi, "midi-program", 1 if program == DRUMS else program + 1)
            if pitch is not None:
                _add(midi, "midi-unpitched", pitch + 1)
        return entry

    def part(self, part: int) -> Element:
        """Return the measures of a part."""
        element = Element("part", id=f"P{part + 1}")
        staves = self.music.parts[part]
        first_number = 0 if self.score.pickup else 1
        for index, bar in enumerate(self.music.bars):
            measure = _add(element, "measure", number=str(first_number + index))
            if bar.offset:
                measure.set("implicit", "yes")
            if index == 0:
                measure.append(self.attributes(staves))
                if part == 0:
                    _add(measure, "sound", tempo=repr(self.score.bpm))
            self.fill(measure, part, staves, index, bar)
            if index == len(self.music.bars) - 1:
                _add(_add(measure, "barline", location="right"), "bar-style", "light-heavy")
        return element

    def attributes(self, staves: list[Staff]) -> Element:
        """Return divisions, key, meter, clefs."""
        element = Element("attributes")
        _add(element, "divisions", TICKS_PER_QUARTER)
        if self.score.key is not None:
            hidden = {"print-object": "no"} if staves[0].clef == "percussion" else {}
            key = _add(element, "key", **hidden)
            _add(key, "fifths", key_to_fifths(self.score.key))
            _add(key, "mode", self.score.key.split()[1])
        meter = _add(element, "time")
        _add(meter, "beats", self.score.meter[0])
        _add(meter, "beat-type", self.score.meter[1])
        if len(staves) > 1:
            _add(element, "staves", len(staves))
        for number, staff in enumerate(staves, 1):
            sign, line = _CLEFS[staff.clef]
            clef = _add(element, "clef", **({"number": str(number)} if len(staves) > 1 else {}))
            _add(clef, "sign", sign)
            if line:
                _add(clef, "line", line)
        return element

    def fill(self, measure: Element, part: int, staves: list[Staff], index: int, bar: Bar) -> None:
        """Write the voices of a bar one after another, going back to its start before each but the first."""
        is_first = True
        for staff_number, staff in enumerate(staves, 1):
            for voice, symbols in enumerate(staff.bars[index]):
                if not symbols:
                    continue
                if not is_first:
                    _add(_add(measure, "backup"), "duration", bar.stop - bar.start)
                is_first = False
                place = (str(4 * (staff_number - 1) + voice + 1), str(staff_number) if len(staves) > 1 else None)
                for symbol in symbols:
                    for note in self.notes(symbol, part, *place, is_hidden=voice > 0):
                        measure.append(note)

    def notes(self, symbol: Symbol, part: int, voice: str, staff: str | None, *, is_hidden: bool) -> Iterator[Element]:
        """Yield the note elements of a chord, or one for a rest; rests of the lower voices are not shown."""
        value = symbol.value
        for i, row in enumerate(symbol.rows or (None,)):
            note = Element("note")
            if row is None:
                if is_hidden:
                    note.set("print-object", "no")
                _add(note, "rest", **({"measure": "yes"} if symbol.is_whole_bar else {}))
            else:
                note.set("id", note_id(row, self.times_written[row]))
                note.set("dynamics", f"{self.velocity[row] * 100 / FORTE:.2f}")
                self.times_written[row] += 1
                if i:
                    _add(note, "chord")
                self.add_pitch(note, row, part)
            _add(note, "duration", value.stop - value.start)
            if row is not None:
                _add_ties(note, symbol)
                if self.score.programs[part] == DRUMS:
                    _add(note, "instrument", id=_drum_id(part, self.pitch[row]))
            _add(note, "voice", voice)
            if not symbol.is_whole_bar:
                _add(note, "type", value.name)
                for _ in range(value.dots):
                    _add(note, "dot")
            if row is not None and row in symbol.accidentals:
                _add(note, "accidental", symbol.accidentals[row])
            if value.triplet:
                ratio = _add(note, "time-modification")
                _add(ratio, "actual-notes", 3)
                _add(ratio, "normal-notes", 2)
            if row is not None and self.score.programs[part] == DRUMS:
                _add(note, "notehead", _DRUM_PLACES.get(self.pitch[row], _OTHER_DRUM)[2])
            if staff:
                _add(note, "staff", staff)
            if i == 0:
                for level, beam in enumerate(symbol.beams, 1):
                    _add(note, "beam", beam, number=str(level))
            _add_notations(note, symbol, is_first=i == 0)
            yield note

    def add_pitch(self, note: Element, row: int, part: int) -> None:
        """Write a pitch, or the place of a drum on the staff."""
        if self.score.programs[part] == DRUMS:
            letter, octave, _ = _DRUM_PLACES.get(self.pitch[row], _OTHER_DRUM)
            place = _add(note, "unpitched")
            _add(place, "display-step", letter)
            _add(place, "display-octave", octave)
            return
        letter, alteration, octave = self.music.spelling[self.pitch[row]]
        pitch = _add(note, "pitch")
        _add(pitch, "step", letter)
        if alteration:
            _add(pitch, "alter", alteration)
        _add(pitch, "octave", octave)


def _add_ties(note: Element, symbol: Symbol) -> None:
    for is_tied, kind in ((symbol.tied_from, "stop"), (symbol.tied_to, "start")):
        if is_tied:
            _add(note, "tie", type=kind)


def _add_notations(note: Element, symbol: Symbol, *, is_first: bool) -> None:
    ties = [("tied", kind) for kind, there in (("stop", symbol.tied_from), ("start", symbol.tied_to)) if there]
    triplets = [("tuplet", kind) for kind in symbol.triplet_edges if is_first]
    if ties or triplets:
        notations = _add(note, "notations")
        for name, kind in ties + triplets:
            _add(notations, name, type=kind)


def _drum_id(part: int, pitch: int) -> str:
    return f"P{part + 1}-D{pitch}"


def _add(parent: Element, name: str, text: object = None, /, **attributes: str) -> Element:
    child = SubElement(parent, name, attributes)
    if text is not None:
        child.text = str(text)
    return child


def _text(name: str, text: str) -> Element:
    element = Element(name)
    element.text = text
    return element
