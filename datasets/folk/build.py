"""Build folk.zip from the ABC songbooks in music21's corpus.

    python datasets/folk/build.py            writes folk.zip and SHA256SUMS; half a minute; music21 is found, never imported
    python datasets/folk/build.py --check    reads every tune with music21 too (some minutes) and rewrites unconfirmed.txt,
                                             the list of tunes on which the two readers disagree; those are left out

The result is the same, byte for byte, on every machine that has the same music21 corpus. README.md tells what is in it.
"""  # fmt: skip

from __future__ import annotations

import argparse
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from abc_reader import Measure, Note, Tune, TuneError, read_tune  # beside this file
from tune_fields import read_bpm, read_credit, read_kind, read_title

from musegen_edu.datasets import IndexRow, write_dataset
from musegen_edu.families import drop_near_duplicates, split_by_family, tune_families
from musegen_edu.score import TICKS_PER_QUARTER, Score

HERE = Path(__file__).resolve().parent
UNCONFIRMED = HERE / "unconfirmed.txt"
SEED = 1883  # the year of Ryan's Mammoth Collection
VIOLIN = 40
MIN_BARS = 8
BOOKS = {  # folder in the corpus -> short name, the book
    "ryansMammoth": ("ryan", "Ryan's Mammoth Collection (Boston 1883)"),
    "airdsAirs": ("aird", "Aird's Selection of Scotch, English, Irish and Foreign Airs (Glasgow 1778-1801)"),
    "oneills1850": ("oneill", "O'Neill's Music of Ireland (Chicago 1903)"),
}


@dataclass(frozen=True)
class Source:
    """The text of one tune, and where it stands: `origin` is the file in the corpus and the X: number."""

    book: str
    origin: str
    text: str


def find_corpus() -> Path:
    """The folder of music21's corpus, found without importing music21."""
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "music21 is not installed; it carries the songbooks (pip install -c constraints.txt music21)"
        )
    return Path(spec.origin).parent / "corpus"


def corpus_tunes() -> Iterator[Source]:
    """Every text between one X: line and the next, in the order of the books and their files."""
    for book in BOOKS:
        for path in sorted((find_corpus() / book).glob("*.abc")):
            data = path.read_bytes()
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                text = data.decode("latin-1")
            seen: Counter[str] = Counter()
            for tune in re.split(r"(?m)^(?=X:)", text.replace("\r\n", "\n").replace("\r", "\n"))[1:]:
                number = tune.split("\n", 1)[0][2:].split("%")[0].strip()
                seen[number] += 1
                again = f"({seen[number]})" if seen[number] > 1 else ""
                yield Source(book, f"{book}/{path.name}#{number}{again}", tune)


# ---- from measures to a score ----


def choose_endings(measures: list[Measure]) -> list[Measure]:
    """Each strain once, with its last ending: drop what stands under a bracket 1, and join empty measures to their neighbours."""
    kept: list[Measure] = []
    ending, dropping = "", False
    for measure in measures:
        ending = measure.ending or ending
        if not measure.notes:
            if kept and not dropping:
                kept[-1].closes += measure.closes
            continue
        if ending:
            dropping, ending = ending == "1", ""
        if not dropping:
            kept.append(measure)
    if dropping:
        raise TuneError("a first ending without a second")
    return kept


def check_bars(measures: list[Measure], bar: Fraction) -> Fraction:
    """Refuse a tune whose bars do not add up; give the length of its pickup.

    A bar may be cut in two only where a strain ends. The last bar is full, or is what the pickup leaves of it.
    """
    lengths = [measure.quarters for measure in measures]
    if len(lengths) < MIN_BARS:
        raise TuneError(f"fewer than {MIN_BARS} bars")
    pickup = lengths[0] if lengths[0] < bar else Fraction(0)
    at = 1 if pickup else 0
    while at < len(lengths) - 1:
        strain_ends = bool(re.search(r":|\|\||\]|\[", measures[at].closes))
        if lengths[at] < bar and strain_ends and at + 1 < len(lengths) and lengths[at] + lengths[at + 1] == bar:
            at += 1  # the end of one strain and the upbeat of the next make one bar
        elif lengths[at] != bar:
            raise TuneError("bars that do not add up")
        at += 1
    if at == len(lengths) - 1 and lengths[at] not in (bar, bar - pickup):
        raise TuneError("bars that do not add up")
    return pickup


def join_ties(notes: list[Note]) -> list[Note]:
    """Make one note of those tied together. A hyphen between two pitches is an old way to write a slur: no tie."""
    joined: list[Note] = []
    for note in notes:
        before = joined[-1] if joined else None
        if before and before.tied and before.pitch is not None and before.pitch == note.pitch:
            joined[-1] = Note(note.pitch, before.quarters + note.quarters, note.tied)
        else:
            joined.append(note)
    return joined


def tune_to_score(tune: Tune) -> Score:
    """The tune as a score for one violin; refuses what a score, or a learner, could do nothing with."""
    bar = Fraction(4 * tune.meter[0], tune.meter[1])
    measures = choose_endings(tune.measures)
    pickup = check_bars(measures, bar)
    notes = join_ties([note for measure in measures for note in measure.notes])
    ticks = [note.quarters * TICKS_PER_QUARTER for note in notes]
    if any(length.denominator != 1 for length in ticks):
        raise TuneError("a rhythm finer than 24 ticks a quarter")
    if sum(note.pitch is not None for note in notes) < MIN_BARS:
        raise TuneError(f"fewer than {MIN_BARS} notes")
    title, kind = read_title(tune), read_kind(tune)
    return Score.from_melody(
        [note.pitch for note in notes],
        [int(length) for length in ticks],
        meter=tune.meter,
        bpm=read_bpm(tune, kind),
        key=tune.key,
        programs=(VIOLIN,),
        title=title,
        pickup=int(pickup * TICKS_PER_QUARTER),
    )


# ---- the build ----


def read_all(left_out: frozenset[str]) -> tuple[list[tuple[Source, Tune, Score]], Counter[str]]:
    """Every usable tune, and for the others how many were refused for which reason."""
    usable, refused = [], Counter[str]()
    for source in corpus_tunes():
        try:
            if source.origin in left_out:
                raise TuneError("read in another way by music21")
            tune = read_tune(source.text)
            usable.append((source, tune, tune_to_score(tune)))
        except TuneError as error:
            refused[str(error)] += 1
    return usable, refused


def build() -> None:
    """Read the books, drop the copies, split by family, write the zip and print the counts that README.md quotes."""
    usable, refused = read_all(frozenset(UNCONFIRMED.read_text().split("\n")))
    scores = [score for _, _, score in usable]
    kept = drop_near_duplicates(scores)
    refused["the same tune as another, up to key, octave and rhythm"] = len(scores) - len(kept)
    usable, scores = [usable[i] for i in kept], [scores[i] for i in kept]
    families = tune_families(scores)
    splits = split_by_family(families, seed=SEED)
    counters: Counter[str] = Counter()
    rows = []
    for (source, tune, score), family, split in zip(usable, families, splits, strict=True):
        short, book = BOOKS[source.book]
        counters[short] += 1
        rows.append(
            IndexRow(
                file=f"{short}_{counters[short]:04d}.mid",
                title=score.title,
                kind=read_kind(tune),
                key=score.key or "",
                meter=score.meter,
                pickup=score.pickup,
                bpm=score.bpm,
                bars=score.n_bars,
                notes=len(score),
                split=split,
                family=family,
                source=book,
                origin=source.origin,
                credit=read_credit(tune),
            )
        )
    digest = write_dataset(HERE / "folk.zip", rows, scores)
    print(f"folk.zip: {len(rows)} tunes, {len(set(families))} families, {Counter(splits)}, sha256 {digest}")
    print(
        f"{(HERE / 'folk.zip').stat().st_size / 1e6:.2f} MB; from {sum(refused.values()) + len(rows)} texts; left out:"
    )
    for reason, count in refused.most_common():
        print(f"{count:6}  {reason}")
    print("kinds:", Counter(row.kind or "(none named)" for row in rows).most_common())
    print(
        "books:", counters.most_common(), "meters:", Counter(f"{r.meter[0]}/{r.meter[1]}" for r in rows).most_common()
    )
    print("modes:", Counter(row.key.split()[1] for row in rows).most_common())
    print("credit:", Counter(row.credit for row in rows).most_common())


# ---- the comparison with music21 ----


def plain_text(text: str) -> str:
    """The tune without what music21's reader trips over: ornaments, slurs, fingering, grace notes, and fields of no use here.

    music21 carries an accidental to the end of the bar, as the printed page does, only when a directive asks it to.
    """
    slur = r'\((?![2-9](?::|[ ."!~({^_=A-Ga-gzx\[HLMOPSTuvk]))'
    ornament = re.compile(rf'"[^"]*"|![A-Za-z0-9.()+<>]+!|\{{[^}}]*\}}|{slur}|[`~.)*!yH-WU-Wh-w]')
    lines, in_header = ["%abc-2.1", "%%propagate-accidentals octave"], True
    for raw in text.splitlines():
        line = re.sub(r"(?<!\\)%.*", "", raw).strip()
        if re.match(r"[A-Za-z]:", line):
            if line[0] in "XTMLK":
                lines.append(line)
            in_header = in_header and line[0] != "K"
        elif not in_header:
            lines.append(ornament.sub("", line))
    return "\n".join(lines) + "\n"


def same_in_music21(source: Source, tune: Tune) -> bool:
    """Whether music21 finds the same pitches and the same lengths, note for note and rest for rest."""
    from music21 import converter, exceptions21, harmony, stream

    try:
        parsed = converter.parse(plain_text(source.text), format="abc")
    except (exceptions21.Music21Exception, AttributeError, ValueError, IndexError, TypeError, KeyError):
        return False  # its reader has no error of its own for bad ABC; a tune it fails on is not confirmed
    if isinstance(parsed, stream.Opus):
        parsed = parsed.scores[0]
    theirs = [
        (
            max((pitch.midi for pitch in element.pitches), default=None),
            Fraction(element.quarterLength).limit_denominator(1000),
        )
        for element in parsed.recurse().notesAndRests
        if not isinstance(element, harmony.Harmony) and not element.duration.isGrace
    ]
    return theirs == [(note.pitch, note.quarters) for measure in tune.measures for note in measure.notes]


def check() -> None:
    """Compare every tune with music21 and write down those on which the two differ."""
    disagreed, confirmed = [], 0
    for source in corpus_tunes():
        try:
            tune = read_tune(source.text)
        except TuneError:
            continue
        if same_in_music21(source, tune):
            confirmed += 1
        else:
            disagreed.append(source.origin)
    UNCONFIRMED.write_text("".join(f"{origin}\n" for origin in disagreed), encoding="utf-8")
    print(f"{confirmed} tunes read alike by music21, {len(disagreed)} not; those are listed in {UNCONFIRMED.name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with music21 and rewrite unconfirmed.txt")
    if parser.parse_args().check:
        check()
    else:
        build()
