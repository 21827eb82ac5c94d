"""A score as it stands on paper: bars, staves, voices, note values, ties, beams, accidentals.

`write_music` decides everything that a copyist decides; `musicxml_writer` only puts it into MusicXML.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from musegen_edu.keys import estimate_key, key_to_fifths, pitch_to_name
from musegen_edu.notation.written_rhythm import Span, WrittenValue, triplet_spans, write_note
from musegen_edu.notation.written_symbols import Symbol, set_accidentals, set_beams
from musegen_edu.score import DRUMS, Score

_MIDDLE_C = 60
_BASS_BELOW = 57  # a staff whose middle pitch is lower gets a bass clef
_KEYBOARDS = range(24)  # General MIDI pianos, tuned percussion, organs: they may use two staves
_ALTERATION = {"": 0, "#": 1, "b": -1}


@dataclass(frozen=True)
class Bar:
    """Where a bar lies: score ticks `start` to `stop`; `offset` is where in a full bar it begins (more than 0 in a pickup)."""

    start: int
    stop: int
    offset: int


@dataclass
class Staff:
    """A staff: its clef, and for each bar the voices (the uppermost first) with their symbols."""

    clef: str
    bars: list[list[list[Symbol]]]


@dataclass
class WrittenMusic:
    """A whole score as written. `spelling` gives the letter, alteration and octave of each pitch."""

    bars: list[Bar]
    parts: list[list[Staff]]
    spelling: dict[int, tuple[str, int, int]]


def write_music(score: Score) -> WrittenMusic:
    """Decide how a score is written.

    A part becomes a staff with a treble or bass clef, or two staves if it belongs to a keyboard and is wide. Notes of one
    onset and length share a stem; notes that overlap go to separate voices. Accidentals are spelled as the key spells them;
    without a key, as the key that `estimate_key` finds.

    Examples
    --------
    >>> music = write_music(Score.from_melody([60, 62], [36, 60]))
    >>> [symbol.value.name for symbol in music.parts[0][0].bars[0][0]]
    ['quarter', 'eighth', 'half']
    """
    bars = _bars(score)
    has_pitches = bool(len(score)) and not score.is_drum_note.all()
    key = score.key or (estimate_key(score) if has_pitches else "C major")
    spelling = {pitch: _spell(pitch, key) for pitch in sorted(set(score.notes["pitch"].tolist()))}
    fifths = key_to_fifths(score.key) if score.key else 0
    rows_of_part: dict[int, list[int]] = defaultdict(list)
    for row, part in enumerate(score.notes["part"].tolist()):
        rows_of_part[part].append(row)
    parts = []
    for part, program in enumerate(score.programs):
        staves = []
        for clef, rows in _staves(score, rows_of_part[part], program):
            contents = _fill_bars(score, bars, _voices(score, rows))
            for voices in contents:
                for symbols in voices:
                    set_beams(score.meter, symbols)
                if program != DRUMS:
                    set_accidentals(score, voices, spelling, fifths)
            staves.append(Staff(clef, contents))
        parts.append(staves)
    return WrittenMusic(bars, parts, spelling)


def _bars(score: Score) -> list[Bar]:
    starts = score.barlines().tolist() or [0]
    bars = [Bar(start, start + score.bar_ticks, 0) for start in starts]
    if score.pickup:
        bars[0] = Bar(0, score.pickup, score.bar_ticks - score.pickup)
    return bars


def _spell(pitch: int, key: str) -> tuple[str, int, int]:
    name = pitch_to_name(pitch, key).replace("-1", "~")  # the octave below 0
    letter, sign = name[0], name[1:2] if name[1] in "#b" else ""
    octave = name[1 + len(sign) :]
    return letter, _ALTERATION[sign], -1 if octave == "~" else int(octave)


def _staves(score: Score, rows: list[int], program: int) -> list[tuple[str, list[int]]]:
    if program == DRUMS:
        return [("percussion", rows)]
    pitch = score.notes["pitch"].tolist()
    ordered = sorted(pitch[row] for row in rows)
    if not ordered:
        return [("treble", rows)]
    low, middle, high = (ordered[len(ordered) * tenths // 10] for tenths in (1, 5, 9))
    if program in _KEYBOARDS and low < _MIDDLE_C - 7 and high > _MIDDLE_C + 7:
        upper = [row for row in rows if pitch[row] >= _MIDDLE_C]
        lower = [row for row in rows if pitch[row] < _MIDDLE_C]
        return [("treble", upper), ("bass", lower)]
    return [("bass" if middle < _BASS_BELOW else "treble", rows)]


# ---- voices ----

Chord = tuple[int, int, tuple[int, ...]]  # onset, end, rows


def _voices(score: Score, rows: Iterable[int]) -> list[list[Chord]]:
    """Deal the notes of a staff to voices in which nothing overlaps; where there are several, the first is the highest."""
    notes = score.notes
    onset, duration, pitch = (notes[name].tolist() for name in ("onset", "duration", "pitch"))
    together: dict[Span, list[int]] = defaultdict(list)
    for row in rows:
        together[onset[row], onset[row] + duration[row]].append(row)
    chords = sorted(
        (start, -max(pitch[row] for row in members), end, members) for (start, end), members in together.items()
    )
    voices: list[list[Chord]] = [[]]
    cluster: list[list[Chord]] = []  # voices since nothing last sounded
    cluster_end = 0

    def height(voice: list[Chord]) -> float:
        return float(sum(pitch[chord[2][-1]] for chord in voice) / len(voice))

    def close() -> None:
        for index, voice in enumerate(sorted(cluster, key=height, reverse=True)):
            if index == len(voices):
                voices.append([])
            voices[index].extend(voice)

    for start, top, end, members in chords:
        if start >= cluster_end:
            close()
            cluster = []
        free = [voice for voice in cluster if voice[-1][1] <= start]
        nearest = min(free, key=lambda voice: abs(pitch[voice[-1][2][-1]] + top), default=None)
        if nearest is None:
            cluster.append(nearest := [])
        nearest.append((start, end, tuple(members)))
        cluster_end = max(cluster_end, end)
    close()
    return voices


# ---- bars ----


def _fill_bars(score: Score, bars: Sequence[Bar], voices: list[list[Chord]]) -> list[list[list[Symbol]]]:
    contents: list[list[list[Symbol]]] = [[] for _ in bars]
    for index, chords in enumerate(voices):
        at = 0
        for bar, written in zip(bars, contents, strict=True):
            while at < len(chords) and chords[at][1] <= bar.start:
                at += 1
            here = []
            ahead = at
            while ahead < len(chords) and chords[ahead][0] < bar.stop:
                here.append(chords[ahead])
                ahead += 1
            if here or index == 0:
                written.append(_fill_bar(score.meter, bar, here))
            else:
                written.append([])  # keeps the numbering: voice 3 stays voice 3 where voice 2 is silent
    return contents


def _fill_bar(meter: tuple[int, int], bar: Bar, chords: Sequence[Chord]) -> list[Symbol]:
    shift = bar.offset - bar.start
    if not chords:
        start, stop = bar.start + shift, bar.stop + shift
        if bar.offset == 0:
            return [Symbol(WrittenValue(start, stop, "whole", 0, None), is_whole_bar=True)]
    edges = {bar.start + shift, bar.stop + shift}
    pieces: list[tuple[Span, Chord | None]] = []
    at = bar.start + shift
    for chord in chords:
        start, stop = max(chord[0], bar.start) + shift, min(chord[1], bar.stop) + shift
        if at < start:
            pieces.append(((at, start), None))
        pieces.append(((start, stop), chord))
        edges |= {start, stop}
        at = stop
    if at < bar.stop + shift:
        pieces.append(((at, bar.stop + shift), None))
    triplets = triplet_spans(meter, edges)
    symbols: list[Symbol] = []
    for span, piece in pieces:
        values = write_note(meter, span, triplets, is_rest=piece is None)
        for i, value in enumerate(values):
            if piece is None:
                symbols.append(Symbol(value))
            else:
                tied_from = i > 0 or piece[0] < bar.start
                tied_to = i < len(values) - 1 or piece[1] > bar.stop
                symbols.append(Symbol(value, piece[2], tied_from, tied_to))
    for before, symbol, after in zip([None, *symbols], symbols, [*symbols[1:], None], strict=False):
        if symbol.value.triplet:
            if before is None or before.value.triplet != symbol.value.triplet:
                symbol.triplet_edges.append("start")
            if after is None or after.value.triplet != symbol.value.triplet:
                symbol.triplet_edges.append("stop")
    return symbols
