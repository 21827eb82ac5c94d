"""Build chorales.zip from the Bach chorales in music21's corpus.

    python datasets/chorales/build.py        writes chorales.zip and SHA256SUMS; music21 reads 413 files in a minute or two

The result is the same, byte for byte, on every machine that has the same music21 corpus. README.md tells what is in it.
"""  # fmt: skip

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.datasets import IndexRow, write_dataset
from musegen_edu.families import melody_overlaps, split_by_family, tune_families
from musegen_edu.keys import MODES, estimate_key, fifths_to_key, key_to_fifths, key_to_pitch_classes, parse_key
from musegen_edu.score import TICKS_PER_QUARTER, Score

HERE = Path(__file__).resolve().parent
SEED = 1685  # the year of Bach's birth
CHOIR = 52
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
BPM = 72.0  # no tempo is handed down
SAME_SETTING = 0.6  # overlap in each of the four voices from which two pieces are copies of one setting
SAME_HYMN = 0.4  # overlap of two sopranos from which they sing one hymn tune


class PieceError(ValueError):
    """A piece that cannot be used; the message is a short reason, the same for all pieces with that fault."""


@dataclass(frozen=True)
class Piece:
    """One chorale: `stem` is the name of its file in the corpus, such as "bwv10.7"."""

    stem: str
    score: Score
    fermatas: tuple[int, ...]
    credit: str


def read_piece(path: Path) -> Piece:
    """One chorale, soprano to bass; other instruments are left out, repeats are not played out."""
    from music21 import converter

    parsed = converter.parse(path)
    names = [(part.partName or "?").replace("\r", " ").split()[0] for part in parsed.parts]
    voices = [part for part, name in zip(parsed.parts, names, strict=True) if name in VOICES]
    if len(voices) != 4:
        raise PieceError("not four voices called soprano, alto, tenor and bass")
    meters = {signature.ratioString for signature in voices[0].recurse().getElementsByClass("TimeSignature")}
    if len(meters) != 1:
        raise PieceError("the meter changes")
    if any(list(voice.recurse().getElementsByClass("RepeatBracket")) for voice in voices):
        raise PieceError("variant endings")
    top, bottom = map(int, meters.pop().split("/"))
    lengths = {tuple(_measure_quarters(measure) for measure in _measures(voice)) for voice in voices}
    if len(lengths) != 1:
        raise PieceError("bars that do not add up")
    pickup = check_bars(lengths.pop(), Fraction(4 * top, bottom))
    notes, held = [], []
    for number, voice in enumerate(voices):
        for onset, length, pitch, fermata in read_voice(voice):
            notes.append((onset, length, pitch, 80, number))
            if fermata:
                held.append((number, onset))
    score = Score.from_notes(
        notes,
        meter=(top, bottom),
        bpm=BPM,
        programs=(CHOIR,) * 4,
        pickup=int(pickup * TICKS_PER_QUARTER),
    )
    score = score.replace(key=choose_key(voices[0], score))
    soprano = tuple(sorted({onset for number, onset in held if number == 0}))
    credit = "Margaret Greentree; music21" if _names_greentree(path) else "music21"
    return Piece(path.stem, score, soprano or tuple(sorted({onset for _, onset in held})), credit)


def _measures(voice: Any) -> list[Any]:
    return list(voice.getElementsByClass("Measure"))


def _sounding(measure: Any) -> list[Any]:
    return [element for element in measure.recurse().notesAndRests if not element.duration.isGrace]


def _measure_quarters(measure: Any) -> Fraction:
    return sum((Fraction(element.quarterLength) for element in _sounding(measure)), Fraction(0))


def check_bars(lengths: tuple[Fraction, ...], bar: Fraction) -> Fraction:
    """Refuse a piece whose bars do not add up; give the length of its pickup, in quarters.

    A bar may stand in two halves, where a line of the hymn ends. The last bar is full, or is what the pickup leaves of it.
    """
    pickup = lengths[0] if lengths[0] < bar else Fraction(0)
    at = 1 if pickup else 0
    while at < len(lengths) - 1:
        if lengths[at] < bar and lengths[at] + lengths[at + 1] == bar:
            at += 1
        elif lengths[at] != bar:
            raise PieceError("bars that do not add up")
        at += 1
    if at == len(lengths) - 1 and lengths[at] not in (bar, bar - pickup):
        raise PieceError("bars that do not add up")
    return pickup


def read_voice(voice: Any) -> list[tuple[int, int, int, bool]]:
    """Rows of (onset, duration, pitch, fermata), in ticks. Measures follow one another; tied notes are joined."""
    rows: list[tuple[int, int, int, bool]] = []
    now = Fraction(0)
    for measure in _measures(voice):
        for element in _sounding(measure):
            if len(element.pitches) > 1:
                raise PieceError("two notes at once in a voice")
            onset, length = now * TICKS_PER_QUARTER, Fraction(element.quarterLength) * TICKS_PER_QUARTER
            if onset.denominator != 1 or length.denominator != 1:
                raise PieceError("a rhythm finer than 24 ticks a quarter")
            fermata = any(type(expression).__name__ == "Fermata" for expression in element.expressions)
            if element.pitches:
                pitch = int(element.pitches[0].midi)
                tied = element.tie is not None and element.tie.type in {"stop", "continue"}
                if tied and rows and rows[-1][2] == pitch and rows[-1][0] + rows[-1][1] == onset:
                    rows[-1] = (rows[-1][0], rows[-1][1] + int(length), pitch, rows[-1][3] or fermata)
                else:
                    rows.append((int(onset), int(length), pitch, fermata))
            now += Fraction(element.quarterLength)
    return rows


def choose_key(voice: Any, score: Score) -> str:
    """The key signature of the file with the mode that the music speaks for.

    The files name only major and minor, and often the wrong one: "d minor" over one flat where the piece is in G dorian.
    The file's key stands where the last bass note is its tonic or the notes as a whole fit it best (Krumhansl and Kessler).
    Otherwise the last bass note is the tonic if that gives major or minor, or dorian or mixolydian with a tonic that the notes
    as a whole confirm, or if they say the same without the file's signature. A last chord on the dominant of what the notes say
    confirms that too. In the few cases left, the file or the estimate is taken, whichever has fewer notes outside its scale.
    """
    named = next(iter(voice.recurse().getElementsByClass("KeySignature")), None)
    fifths = int(named.sharps) if named is not None else 0
    named_mode = getattr(named, "mode", None)
    bass = score.notes[score.notes["part"] == 3]
    final = int(bass["pitch"][-1]) % 12
    estimate = estimate_key(score)
    by_tonic = {parse_key(fifths_to_key(fifths, mode))[0]: fifths_to_key(fifths, mode) for mode in MODES}
    from_file = fifths_to_key(fifths, named_mode) if named_mode in MODES else None
    if from_file and (parse_key(from_file)[0] == final or estimate == from_file):
        return from_file
    mode = parse_key(by_tonic[final])[1] if final in by_tonic else None
    if mode in {"major", "minor"} or (mode in {"dorian", "mixolydian"} and parse_key(estimate)[0] == final):
        return by_tonic[final]
    if from_file is None or parse_key(estimate)[0] == final:
        return estimate
    ends_on_dominant = (parse_key(estimate)[0] + 7) % 12 == final
    if ends_on_dominant and key_to_fifths(estimate) == fifths:
        return estimate
    return min((from_file, estimate), key=lambda key: _share_outside(score, key))


def _share_outside(score: Score, key: str) -> float:
    return float(np.mean([pitch % 12 not in key_to_pitch_classes(key) for pitch in score.notes["pitch"]]))


def _names_greentree(path: Path) -> bool:
    import zipfile

    if path.suffix != ".mxl":
        return False
    with zipfile.ZipFile(path) as archive:
        return any(b"Greentree" in archive.read(name) for name in archive.namelist())


# ---- titles, copies, families ----


def read_titles() -> dict[str, str]:
    """File stem -> title of the hymn, from music21's lists of the chorales and, for those they lack, titles.json."""
    from music21.corpus import chorales

    titles: dict[str, str] = {}
    for known in (chorales.ChoraleList(), chorales.ChoraleListRKBWV()):
        titles.update({f"bwv{str(number).lower()}": str(entry["title"]) for number, entry in known.byBWV.items()})
    titles.update(json.loads((HERE / "titles.json").read_text(encoding="utf-8")))
    return titles


def name_piece(stem: str, titles: dict[str, str]) -> str:
    """Such as "Meine Seele erhebt den Herren (BWV 10.7)"."""
    number = re.fullmatch(r"bwv([0-9.]+)(.*)", stem)
    bwv = f"BWV {number[1]}" if number else stem
    title = re.sub(r"\s+", " ", titles.get(stem, "")).replace("’", "'").strip()
    return f"{title} ({bwv})" if title else bwv


def drop_copies(pieces: list[Piece], official: dict[str, str]) -> list[Piece]:
    """Of pieces that agree in all four voices, up to key, keep one: first choice is a piece of the official split."""
    shared: Counter[tuple[int, int]] = Counter()
    for voice in range(4):
        pairs, _ = melody_overlaps([piece.score.part(voice) for piece in pieces], at_least=SAME_SETTING)
        shared.update(map(tuple, pairs.tolist()))
    copies: dict[int, set[int]] = {}
    for (a, b), count in shared.items():
        if count == 4:
            copies.setdefault(a, set()).add(b)
            copies.setdefault(b, set()).add(a)
    kept: set[int] = set()
    for index in sorted(range(len(pieces)), key=lambda i: (pieces[i].stem not in official, i)):
        if not copies.get(index, set()) & kept:
            kept.add(index)
    return [pieces[index] for index in sorted(kept)]


def side_of_families(families: list[int], officials: list[str | None]) -> list[str | None]:
    """For each piece the side on which most of its family stands in the official split; None where none of them is in it."""
    votes: dict[int, Counter[str]] = {}
    for family, official in zip(families, officials, strict=True):
        votes.setdefault(family, Counter()).update([official] if official else [])
    order = ("test", "valid", "train")  # in a tie the smaller part wins
    side = {family: max(order, key=lambda name: vote[name]) if vote else None for family, vote in votes.items()}
    return [side[family] for family in families]


def build() -> None:
    """Read the chorales, drop the copies, split by hymn tune, write the zip and print the counts that README.md quotes."""
    from music21.corpus import corpora

    official = json.loads((HERE / "official_split.json").read_text(encoding="utf-8"))["split"]
    titles = read_titles()
    refused: Counter[str] = Counter()
    pieces = []
    folder = Path(corpora.CoreCorpus().getWorkList("bach/bwv66.6")[0]).parent
    for path in sorted(path for path in folder.iterdir() if path.suffix in {".mxl", ".xml", ".krn"}):
        try:
            pieces.append(read_piece(path))
        except PieceError as error:
            refused[str(error)] += 1
    n_read = len(pieces)
    pieces = drop_copies(pieces, official)
    refused["the same setting as another, up to key"] = n_read - len(pieces)
    scores = [piece.score.replace(title=name_piece(piece.stem, titles)) for piece in pieces]
    families = tune_families(scores, at_least=SAME_HYMN)
    officials: list[str | None] = [official.get(piece.stem) for piece in pieces]
    splits = split_by_family(families, seed=SEED, fixed=side_of_families(families, officials))
    rows = [
        IndexRow(
            file=f"{piece.stem}.mid",
            title=score.title,
            kind="chorale",
            key=score.key or "",
            meter=score.meter,
            pickup=score.pickup,
            bpm=score.bpm,
            bars=score.n_bars,
            notes=len(score),
            split=split,
            family=family,
            source="J. S. Bach",
            origin=f"bach/{piece.stem}",
            credit=piece.credit,
            official_split=from_paper or "",
            fermatas=piece.fermatas,
        )
        for piece, score, split, family, from_paper in zip(pieces, scores, splits, families, officials, strict=True)
    ]
    digest = write_dataset(HERE / "chorales.zip", rows, scores)
    moved = Counter((row.official_split, row.split) for row in rows if row.official_split not in {"", row.split})
    print(f"chorales.zip: {len(rows)} chorales, {len(set(families))} hymn tunes, {Counter(splits)}, sha256 {digest}")
    print(f"{(HERE / 'chorales.zip').stat().st_size / 1e6:.2f} MB; left out: {refused.most_common()}")
    print(f"in the official split: {sum(bool(row.official_split) for row in rows)}; moved to their family: {moved}")
    print("meters:", Counter(row.meter for row in rows), "modes:", Counter(row.key.split()[1] for row in rows))
    print("with fermatas:", sum(bool(row.fermatas) for row in rows), "credit:", Counter(row.credit for row in rows))
    foreign = [
        (round(_share_outside(score, row.key), 2), row.file, row.key) for row, score in zip(rows, scores, strict=True)
    ]
    print("most notes outside the key:", sorted(foreign, reverse=True)[:8])


if __name__ == "__main__":
    build()
