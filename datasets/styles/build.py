"""Build styles.zip: excerpts of folk tunes, chorales, madrigals and string quartets.

    python datasets/styles/build.py        writes styles.zip and SHA256SUMS; music21 reads 77 files in some three minutes

Folk tunes and chorales are only named: their notes are in folk.zip and chorales.zip. The result is the same, byte for byte, on every
machine that has the same music21 corpus. README.md tells what is in it.
"""  # fmt: skip

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from part_reader import excerpts_of, read_bars  # beside this file

from musegen_edu.datasets import IndexRow, load_dataset, write_dataset
from musegen_edu.excerpts import BarReference, cut_excerpt, excerpt_bars
from musegen_edu.families import SPLITS, split_by_family
from musegen_edu.score import Score

HERE = Path(__file__).resolve().parent
SEED = 1567  # the year of Monteverdi's birth
STYLES = ("folk", "chorale", "madrigal", "quartet")
WANTED = {"train": 200, "valid": 50, "test": 60}  # excerpts of each style
SHARES = {"madrigal": (0.15, 0.2), "quartet": (0.19, 0.25)}  # of the works, for valid and test

# Madrigals that are parts of one, by book and number: they stay together.
CYCLES = (("3.8", "3.9", "3.10"), ("3.15", "3.16", "3.17"), ("3.19", "3.20"), ("4.6", "4.7"))
RIGHT_TITLES = {  # where the corpus has another madrigal's title, or misspells it
    "3.8": "Vattene pur, crudel",
    "3.9": "Là tra 'l sangue e le morti",
    "3.10": "Poi ch'ella in sé tornò",
    "3.15": "Vivrò fra i miei tormenti",
    "3.16": "Ma dove, o lasso me",
    "3.17": "Io pur verrò là dove sete",
    "4.7": "Che se tu se' il cor mio",
    "4.12": "Ohimè, se tanto amate",
    "4.15": "Non più guerra, pietate",
    "4.16": "Sì, ch'io vorrei morire",
    "4.20": "Piagn' e sospira",
}
WORKS = {
    "haydn/opus1no1": "Haydn, Quartet op. 1 no. 1",
    "haydn/opus74no1": "Haydn, Quartet op. 74 no. 1",
    "mozart/k80": "Mozart, Quartet K. 80",
    "mozart/k155": "Mozart, Quartet K. 155",
    "mozart/k156": "Mozart, Quartet K. 156",
    "mozart/k458": "Mozart, Quartet K. 458",
    "beethoven/opus18no1": "Beethoven, Quartet op. 18 no. 1",
    "beethoven/opus18no3": "Beethoven, Quartet op. 18 no. 3",
    "beethoven/opus18no4": "Beethoven, Quartet op. 18 no. 4",
    "beethoven/opus18no5": "Beethoven, Quartet op. 18 no. 5",
    "beethoven/opus59no1": "Beethoven, Quartet op. 59 no. 1",
    "beethoven/opus59no2": "Beethoven, Quartet op. 59 no. 2",
    "beethoven/opus59no3": "Beethoven, Quartet op. 59 no. 3",
    "beethoven/opus74": "Beethoven, Quartet op. 74",
    "beethoven/opus132": "Beethoven, Quartet op. 132",
    "beethoven/opus133": "Beethoven, Great Fugue op. 133",
}


Works = dict[
    str, list[tuple[Path, str, str]]
]  # name of a work -> its files, each with its title and its name for the zip


@dataclass(frozen=True)
class Excerpt:
    """One excerpt before it is numbered: `family` is a key that no other work has."""

    style: str
    file: str  # of the zip, or a reference to another dataset
    score: Score
    family: str
    source: str
    origin: str
    credit: str
    split: str


def _order(*key: object) -> str:
    """A fixed shuffle: sort by this."""
    return hashlib.sha256(f"{SEED}:{':'.join(map(str, key))}".encode()).hexdigest()


# ---- folk tunes and chorales: from the datasets that are there already ----


def from_dataset(name: str, style: str) -> list[Excerpt]:
    """One excerpt a piece, on the side that the dataset has the piece on; it begins at a bar drawn by lot."""
    dataset = load_dataset(name)
    found = []
    for split in SPLITS:
        for row, score in zip(dataset.rows(split), getattr(dataset, split), strict=True):
            n = excerpt_bars(row.meter)
            # The last bar may be what the pickup leaves of it.
            n_full = (score.duration - score.pickup) // score.bar_ticks
            if n is None or n_full < n:
                continue
            first = 1 + int(_order("bar", row.file), 16) % (n_full - n + 1)
            bars = BarReference(name, row.file, first, first + n - 1)
            excerpt = cut_excerpt(score, bars.first, bars.last)
            found.append(
                Excerpt(style, str(bars), excerpt, f"{name}{row.family}", row.source, row.origin, row.credit, split)
            )
    return found


# ---- madrigals and quartets: from the corpus ----


def read_works(corpus: Path, style: str, works: Works, source: Callable[[str], str]) -> list[Excerpt]:
    """Every excerpt of the works, each work on one side."""
    names = list(works)
    valid_share, test_share = SHARES[style]
    sides = split_by_family(range(len(names)), seed=SEED, valid_share=valid_share, test_share=test_share)
    found = []
    for work, split in zip(names, sides, strict=True):
        for path, title, stem in works[work]:
            for first, _, score in excerpts_of(read_bars(path), title):
                found.append(
                    Excerpt(
                        style,
                        f"{stem}_{first:04d}.mid",
                        score,
                        work,
                        source(work),
                        path.relative_to(corpus).as_posix(),
                        "music21",
                        split,
                    )
                )
    return found


def _title_in(analysis: str) -> str:
    """The title that heads a file of chord names (the only thing read from it)."""
    found = re.search(r"^Title:\s*(.+?)\s*$", analysis, re.M)
    return found[1].capitalize() if found else "madrigal"


def madrigals(corpus: Path) -> list[Excerpt]:
    """Monteverdi's third and fourth book; the fifth bears a publisher's notice and is left alone."""
    works: Works = {}
    for path in sorted((corpus / "monteverdi").glob("madrigal.[34].*.mxl")):
        number = path.name.removeprefix("madrigal.").removesuffix(".mxl")
        if not re.fullmatch(r"[34]\.\d+", number):
            continue  # an older reading of 3.1
        analysis = path.with_suffix(".rntxt").read_text(encoding="utf-8")
        title = RIGHT_TITLES.get(number) or _title_in(analysis)
        cycle = next((cycle for cycle in CYCLES if number in cycle), (number,))
        works.setdefault("monteverdi" + cycle[0], []).append(
            (path, f"Monteverdi, {title}", f"monteverdi_{number.replace('.', '_')}")
        )
    return read_works(
        corpus, "madrigal", works, lambda work: f"C. Monteverdi, madrigals, book {work.removeprefix('monteverdi')[0]}"
    )


def quartets(corpus: Path) -> list[Excerpt]:
    """Haydn, Mozart and Beethoven; some works lie in one file, others in one a movement."""
    works: Works = {}
    for folder, title in WORKS.items():
        stem = folder.replace("/", "_")
        if (corpus / folder).is_dir():
            files = sorted((corpus / folder).glob("movement*.mxl"))
            works[folder] = [
                (path, f"{title}, {path.stem.replace('movement', 'movement ')}", f"{stem}_{path.stem[-1]}")
                for path in files
            ]
        else:
            works[folder] = [((corpus / folder).with_suffix(".mxl"), title, stem)]
    return read_works(corpus, "quartet", works, lambda work: WORKS[work])


def choose(excerpts: list[Excerpt]) -> list[Excerpt]:
    """As many of each part as are wanted, evenly over the works: every work gives one, then every work another one, ..."""
    chosen = []
    for split in SPLITS:
        piles: dict[str, list[Excerpt]] = {}
        different = {
            e.score.notes.tobytes(): e for e in excerpts if e.split == split
        }  # a da capo written out is there once
        for excerpt in sorted(different.values(), key=lambda e: _order(e.file)):
            piles.setdefault(excerpt.family, []).append(excerpt)
        taken: list[Excerpt] = []
        while len(taken) < WANTED[split] and any(piles.values()):
            for pile in piles.values():
                if pile and len(taken) < WANTED[split]:
                    taken.append(pile.pop())
        chosen += taken
    return chosen


def build() -> None:
    """Cut, split, choose, write the zip, and print the counts that README.md quotes."""
    from music21.corpus import corpora

    corpus = Path(corpora.CoreCorpus().getWorkList("bach/bwv66.6")[0]).parents[1]
    chosen = []
    for excerpts in (
        from_dataset("folk", "folk"),
        from_dataset("chorales", "chorale"),
        madrigals(corpus),
        quartets(corpus),
    ):
        picked = choose(excerpts)
        chosen += picked
        counts = {split: sum(e.split == split for e in picked) for split in SPLITS}
        works = {split: len({e.family for e in picked if e.split == split}) for split in SPLITS}
        print(f"{picked[0].style}: {len(excerpts)} excerpts, taken {counts}, works {works}")
    families: dict[str, int] = {}
    rows = [
        IndexRow(
            file=e.file,
            title=e.score.title,
            kind="",
            key=e.score.key or "",
            meter=e.score.meter,
            pickup=0,
            bpm=e.score.bpm,
            bars=e.score.n_bars,
            notes=len(e.score),
            split=e.split,
            family=families.setdefault(e.family, len(families)),
            source=e.source,
            origin=e.origin,
            credit=e.credit,
            style=e.style,
        )
        for e in chosen
    ]
    digest = write_dataset(HERE / "styles.zip", rows, [e.score for e in chosen])
    print(f"styles.zip: {len(rows)} excerpts, {(HERE / 'styles.zip').stat().st_size / 1e6:.2f} MB, sha256 {digest}")
    for style in STYLES:
        mine = [row for row in rows if row.style == style]
        print(
            style,
            "meters",
            Counter(row.meter for row in mine).most_common(),
            "notes",
            int(np.mean([row.notes for row in mine])),
        )
    print("test works:", sorted({row.source for row in rows if row.split == "test" and row.style in STYLES[2:]}))


if __name__ == "__main__":
    build()
