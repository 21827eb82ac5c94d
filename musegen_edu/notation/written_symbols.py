"""Written symbols, and the marks that depend on their neighbours: beams and accidentals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from musegen_edu.notation.written_rhythm import Span, WrittenValue, bar_groups
from musegen_edu.score import TICKS_PER_QUARTER, Score


@dataclass
class Symbol:
    """One chord, note or rest as written. `rows` are rows of `score.notes`; a rest has none."""

    value: WrittenValue
    rows: tuple[int, ...] = ()
    tied_from: bool = False
    tied_to: bool = False
    is_whole_bar: bool = False
    beams: list[str] = field(default_factory=list)  # MusicXML's "begin", "continue" ..., the outermost beam first
    triplet_edges: list[str] = field(default_factory=list)  # "start", "stop", both or none
    accidentals: dict[int, str] = field(default_factory=dict)  # row -> "sharp", "flat", "natural"


# ---- beams ----


def set_beams(meter: tuple[int, int], symbols: Sequence[Symbol]) -> None:
    """Beam neighbours of an eighth or less that lie in one beat, or in one half bar where all are plain eighths."""
    for wide, narrow in _beam_windows(meter):
        inside = [symbol for symbol in symbols if wide[0] <= symbol.value.start < wide[1]]
        short = [symbol for symbol in inside if symbol.rows and symbol.value.n_beams]
        is_plain = all(symbol.value.n_beams == 1 and not symbol.value.triplet for symbol in short)
        run: list[Symbol] = []
        beat_of_run = 0
        for symbol in inside:
            is_beamed = bool(symbol.rows and symbol.value.n_beams)
            beat = 0 if is_plain else (symbol.value.start - wide[0]) // narrow
            is_new_beat = bool(run) and beat != beat_of_run
            is_new_triplet = bool(run) and run[0].value.triplet != symbol.value.triplet
            if run and (not is_beamed or is_new_beat or is_new_triplet):
                _beam(run)
                run = []
            if is_beamed:
                run.append(symbol)
                beat_of_run = beat
        _beam(run)


def _beam_windows(meter: tuple[int, int]) -> list[tuple[Span, int]]:
    """Return spans within which plain eighths are beamed, and the length of the beats in them for shorter notes."""
    windows: list[tuple[Span, int]] = []
    for group in bar_groups(meter):
        if group.unit >= TICKS_PER_QUARTER:  # beats of a quarter or more
            width = (
                2 * TICKS_PER_QUARTER
                if group.is_binary and group.n_units * group.unit > TICKS_PER_QUARTER
                else TICKS_PER_QUARTER
            )
            windows += [
                ((at, min(at + width, group.stop)), TICKS_PER_QUARTER) for at in range(group.start, group.stop, width)
            ]
        else:
            width = 2 * TICKS_PER_QUARTER if group.is_binary else group.unit * group.n_units
            windows += [((at, min(at + width, group.stop)), width) for at in range(group.start, group.stop, width)]
    return windows


def _beam(run: Sequence[Symbol]) -> None:
    if len(run) < 2:
        return
    counts = [symbol.value.n_beams for symbol in run]
    for i, (symbol, count) in enumerate(zip(run, counts, strict=True)):
        for level in range(1, count + 1):
            from_left = i > 0 and counts[i - 1] >= level
            to_right = i < len(run) - 1 and counts[i + 1] >= level
            if from_left and to_right:
                symbol.beams.append("continue")
            elif from_left or to_right:
                symbol.beams.append("end" if from_left else "begin")
            else:  # a short note alone: its beam points to the note it completes
                symbol.beams.append("forward hook" if i == 0 else "backward hook")


# ---- accidentals ----


def set_accidentals(
    score: Score, voices: Iterable[Sequence[Symbol]], spelling: dict[int, tuple[str, int, int]], fifths: int
) -> None:
    """Show a sharp, flat or natural where a note differs from the key signature or from what was shown before in the bar."""
    pitch = score.notes["pitch"].tolist()
    sharpened, flattened = "FCGDAEB"[: max(0, fifths)], "BEADGCF"[: max(0, -fifths)]
    signature = {letter: (letter in sharpened) - (letter in flattened) for letter in "ABCDEFG"}
    in_force: dict[tuple[str, int], int] = {}
    for symbol in sorted((symbol for voice in voices for symbol in voice), key=lambda each: each.value.start):
        if symbol.tied_from:
            continue
        for row in symbol.rows:
            letter, alteration, octave = spelling[pitch[row]]
            if in_force.get((letter, octave), signature[letter]) != alteration:
                symbol.accidentals[row] = ("flat", "natural", "sharp")[alteration + 1]
                in_force[letter, octave] = alteration
