"""MusicXML as a score: a walk through the measures of each part.

Times are exact fractions of a tick until the last step, when they are rounded to 24 ticks a quarter note.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from musegen_edu.keys import MODES, fifths_to_key, transpose_key
from musegen_edu.notation.musicxml_contents import Contents, SoundingNote, make_score, measure_starts
from musegen_edu.notation.musicxml_writer import FORTE
from musegen_edu.notation.safe_files import GET_ANOTHER, parse_xml, tag
from musegen_edu.score import DRUMS, MAX_PARTS, TICKS_PER_QUARTER, Score

_MOST_TICKS = 2**31 - 1
_VELOCITY = 80  # where the file says nothing
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUARTERS = {"breve": 8.0, "whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25, "32nd": 0.125}
_OTHER_MODE_NAMES = {"ionian": "major", "aeolian": "minor"}
_SNARE = 38  # stands for a drum of which the file does not say which one it is


def xml_to_score(data: bytes, name: str) -> Score:
    """Return the score in MusicXML; `notation.read_musicxml` documents it."""
    root = parse_xml(data, name)
    if tag(root) == "score-timewise":
        raise ValueError(
            f"{name} is ordered by measures (score-timewise); export it as score-partwise, as most programs do"
        )
    if tag(root) != "score-partwise":
        raise ValueError(f"{name} is XML but not MusicXML: it begins with <{tag(root)}>; give a .musicxml file")
    parts = root.findall("part")
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{name} has {len(parts)} parts; a score has room for {MAX_PARTS}")
    contents = Contents()
    entries = {entry.get("id"): entry for entry in root.iter("score-part")}
    readers = [_PartReader(part, entries.get(part.get("id")), i, contents, name) for i, part in enumerate(parts)]
    starts = measure_starts([reader.measure_lengths() for reader in readers], contents.meters)
    for reader in readers:
        reader.read(starts)
    if not contents.notes:
        raise ValueError(f"{name} contains no notes; choose a file with music in it")
    if max(note.end for note in contents.notes) > _MOST_TICKS:
        raise ValueError(f"{name} is damaged: its times reach beyond tick 2**31 - 1; {GET_ANOTHER}")
    return make_score(root, contents, starts, name)


class _PartReader:
    """Walks through the measures of one part, twice: for their lengths, then for what is in them."""

    def __init__(self, part: Element, entry: Element | None, index: int, contents: Contents, name: str) -> None:
        self.measures = part.findall("measure")
        self.index = index
        self.contents = contents
        self.name = name
        self.place = name  # for messages
        self.drums: dict[str | None, int] = {}  # instrument id -> pitch
        contents.programs.append(self._read_program(entry))
        contents.keys.append((0, []))
        self.divisions = Fraction(1)  # units of <duration> in a quarter note
        self.transposition = 0  # semitones from written to sounding
        self.tied: defaultdict[int, list[SoundingNote]] = defaultdict(
            list
        )  # pitch -> notes that wait for their continuation

    def _read_program(self, entry: Element | None) -> int:
        program = 0
        for midi in entry.iter("midi-instrument") if entry is not None else ():
            drum = self._number(midi.find("midi-unpitched"))
            if drum is not None and 1 <= drum <= 128:
                self.drums[midi.get("id")] = int(drum) - 1
            if self._number(midi.find("midi-channel")) == 10:
                program = DRUMS
            stated = self._number(midi.find("midi-program"))
            if program == 0 and stated is not None and 1 <= stated <= 128:
                program = int(stated) - 1
        return program

    def measure_lengths(self) -> list[tuple[bool, Fraction]]:
        """Return for each measure whether it has notes, and how many ticks its contents take; gather the meters."""
        lengths = []
        for number, measure in enumerate(self.measures):
            self.place = f"{self.name}, part {self.index + 1}, measure {measure.get('number', number + 1)}"
            at = longest = Fraction(0)
            has_notes = False
            for element in measure:
                kind = tag(element)
                if kind == "attributes":
                    self._read_divisions(element)
                    for time in element.findall("time"):
                        self._read_meter(time, number)
                elif kind in ("note", "forward", "backup") and element.find("chord") is None:
                    duration = self._duration(element)
                    at += -duration if kind == "backup" else duration
                    longest = max(longest, at)
                    has_notes |= kind == "note" and element.find("rest") is None
            lengths.append((has_notes, longest))
        return lengths

    def read(self, starts: Sequence[Fraction]) -> None:
        """Gather the notes, tempos and keys of the part."""
        for number, measure in enumerate(self.measures):
            self.place = f"{self.name}, part {self.index + 1}, measure {measure.get('number', number + 1)}"
            at = onset = starts[number]
            for element in measure:
                kind = tag(element)
                if kind == "attributes":
                    self._read_divisions(element)
                    self._read_key(element, at)
                elif kind in ("direction", "sound"):
                    self._read_tempo(element, at)
                elif kind == "barline" and self.index == 0:
                    self.contents.skipped["repeat signs"] += element.find("repeat") is not None
                elif kind in ("forward", "backup"):
                    at += self._duration(element) * (1 if kind == "forward" else -1)
                elif kind == "note":
                    if element.find("chord") is None:
                        onset = at
                        at += self._duration(element)
                    self._read_note(element, onset)

    def _read_note(self, element: Element, onset: Fraction) -> None:
        duration = self._duration(element)
        if element.find("grace") is not None:
            self.contents.skipped["grace notes"] += 1
            return
        if element.find("cue") is not None:
            self.contents.skipped["cue notes"] += 1
            return
        if element.find("rest") is not None or duration <= 0:
            return
        pitch = self._read_pitch(element)
        voice = element.findtext("voice", "")
        ties = {tie.get("type") for tie in element.iter("tie")} or {tie.get("type") for tie in element.iter("tied")}
        note = self._continued(pitch, voice, onset, is_stated="stop" in ties)
        if note is None:
            loudness = self._number_in(element.get("dynamics"))
            velocity = _VELOCITY if loudness is None else min(max(round(loudness * FORTE / 100), 1), 127)
            note = SoundingNote(onset, onset, pitch, velocity, self.index, voice)
            self.contents.notes.append(note)
        note.end = onset + duration
        if "start" in ties:
            self.tied[pitch].append(note)

    def _continued(self, pitch: int, voice: str, onset: Fraction, *, is_stated: bool) -> SoundingNote | None:
        """Return, and take off the list, the tied note that goes on here: one of this voice, or any if a tie ends here."""
        waiting = [note for note in self.tied[pitch] if note.end == onset]
        others = waiting if is_stated else []
        note = next((note for note in waiting if note.voice == voice), others[0] if others else None)
        self.tied[pitch] = [each for each in self.tied[pitch] if each is not note]
        return note

    def _read_pitch(self, element: Element) -> int:
        written = element.find("pitch")
        if written is None:
            self.contents.programs[self.index] = DRUMS
            instrument = element.find("instrument")
            return self.drums.get(None if instrument is None else instrument.get("id"), _SNARE)
        letter = (written.findtext("step") or "").strip()
        octave = self._number(written.find("octave"))
        if letter not in _LETTERS or octave is None:
            raise ValueError(f"{self.place}: a note has no step A to G and octave; {GET_ANOTHER}")
        alteration = self._number(written.find("alter")) or Fraction(0)
        if alteration.denominator != 1:
            self.contents.skipped["quarter-tone signs"] += 1
        # halves go up
        pitch = 12 * (octave + 1) + _LETTERS[letter] + math.floor(alteration + Fraction(1, 2)) + self.transposition
        if pitch.denominator != 1 or not 0 <= pitch <= 127:
            raise ValueError(
                f"{self.place}: a note has MIDI pitch {float(pitch):g}, outside 0 to 127; correct it in the file"
            )
        return int(pitch)

    def _read_divisions(self, attributes: Element) -> None:
        divisions = self._number(attributes.find("divisions"))
        if divisions is not None:
            if divisions <= 0:
                raise ValueError(
                    f"{self.place}: <divisions> is {float(divisions):g} and must be more than 0; {GET_ANOTHER}"
                )
            self.divisions = divisions

    def _read_meter(self, time: Element, measure: int) -> None:
        pairs = []
        for beats, beat_type in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
            counts = [self._number_in(text) for text in (beats.text or "").split("+")]  # such as 3+2
            unit = self._number(beat_type)
            if None in counts or not unit:
                raise ValueError(f"{self.place}: the meter {beats.text}/{beat_type.text} makes no sense; {GET_ANOTHER}")
            pairs.append((sum(count for count in counts if count is not None), unit))
        if pairs:
            unit = max(unit for _, unit in pairs)
            total = sum(count * unit / each for count, each in pairs)
            self.contents.meters.append((measure, (math.ceil(total), math.ceil(unit))))

    def _read_key(self, attributes: Element, at: Fraction) -> None:
        transpose = attributes.find("transpose")
        if transpose is not None:
            chromatic = self._number(transpose.find("chromatic")) or Fraction(0)
            octaves = self._number(transpose.find("octave-change")) or Fraction(0)
            self.transposition = math.floor(chromatic + 12 * octaves)
        for element in attributes.findall("key"):
            fifths = self._number(element.find("fifths"))
            mode = (element.findtext("mode") or "major").strip()
            mode = _OTHER_MODE_NAMES.get(mode, mode)
            if fifths is None or abs(fifths) > 7:
                self.contents.skipped["key signatures that no score has"] += 1
                continue
            key = fifths_to_key(int(fifths), mode if mode in MODES else "major")
            if self.transposition % 12:
                key = transpose_key(key, self.transposition)
            self.contents.keys[self.index][1].append((round(at), key))
            self.contents.keys[self.index] = (self.transposition, self.contents.keys[self.index][1])

    def _read_tempo(self, element: Element, at: Fraction) -> None:
        sound = element if tag(element) == "sound" else element.find("sound")
        bpm = None if sound is None else self._number_in(sound.get("tempo"))
        if sound is not None and any(sound.get(jump) for jump in ("dacapo", "dalsegno", "tocoda")):
            self.contents.skipped["jumps (da capo, dal segno, coda)"] += 1
        metronome = element.find("direction-type/metronome")
        if bpm is None and metronome is not None:
            unit = _QUARTERS.get(metronome.findtext("beat-unit", "").strip())
            per_minute = metronome.find("per-minute")
            # only "quarter = 120" says a tempo; "quarter = eighth" or "= ca. 100" does not
            if unit and per_minute is not None and re.fullmatch(r"\s*[\d.]+\s*", per_minute.text or ""):
                n_dots = len(metronome.findall("beat-unit-dot"))
                bpm = Fraction(unit) * (2 - Fraction(1, 2**n_dots)) * (self._number(per_minute) or 0)
        if bpm is None:
            return
        if 1 <= bpm <= 2000:
            self.contents.tempos.append((float(at), float(bpm)))
        else:
            self.contents.skipped["tempos outside 1 to 2000"] += 1

    def _duration(self, element: Element) -> Fraction:
        """Return the ticks of a note, <forward> or <backup>; 0 for a grace note."""
        duration = self._number(element.find("duration"))
        if duration is None:
            if tag(element) == "note" and element.find("grace") is not None:
                return Fraction(0)
            raise ValueError(f"{self.place}: a <{tag(element)}> has no <duration>; {GET_ANOTHER}")
        if duration < 0:
            raise ValueError(f"{self.place}: a <duration> is {float(duration):g}, less than 0; {GET_ANOTHER}")
        return duration * TICKS_PER_QUARTER / self.divisions

    def _number(self, element: Element | None) -> Fraction | None:
        return None if element is None else self._number_in(element.text or "")

    def _number_in(self, text: str | None) -> Fraction | None:
        if text is None:
            return None
        if not re.fullmatch(r"\s*[-+]?\d{1,15}(\.\d{0,20})?\s*", text):  # no exponents: 1e999999999 would take for ever
            raise ValueError(f"{self.place}: {text[:30]!r} stands where a number is needed; {GET_ANOTHER}")
        return Fraction(text.strip())
