"""How much faster load_dataset is than parsing the same music with music21.

    python benchmarks/load_dataset.py [--sample 100] [--seed 0]

music21 would need minutes for all of it, so it parses a random sample of the files that each dataset was made from, and its time
a piece is multiplied by the number of pieces. load_dataset is measured on all of it: zip, checksum, index and every score decoded,
in a fresh process.
"""  # fmt: skip

from __future__ import annotations

import argparse
import random
import re
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from musegen_edu.datasets import IndexRow, load_dataset

NAMES: tuple[Literal["chorales", "folk"], ...] = ("chorales", "folk")  # the datasets of scores
WANTED_RATIO = 100


def load_everything() -> tuple[float, dict[str, tuple[IndexRow, ...]]]:
    """Seconds to load all scores of the datasets of scores, and their index rows."""
    start = time.perf_counter()
    rows: dict[str, tuple[IndexRow, ...]] = {}
    for name in NAMES:
        dataset = load_dataset(name)
        n_scores = len(dataset.train) + len(dataset.valid) + len(dataset.test)
        assert n_scores == len(dataset)
        rows[name] = dataset.index
    return time.perf_counter() - start, rows


def source_of(row: IndexRow) -> tuple[str, str | Path]:
    """What music21 is to parse for this row: the text of one ABC tune, or the path of a MusicXML file."""
    spec = find_spec("music21")
    assert spec is not None and spec.origin is not None
    corpus = Path(spec.origin).parent / "corpus"
    if "#" not in row.origin:
        return "xml", next((corpus / "bach").glob(f"{row.file.removesuffix('.mid')}.[mx]*"))
    path, number = row.origin.split("#")
    number = number.split("(")[0]
    data = (corpus / path).read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    tunes = re.split(r"(?m)^(?=X:)", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "abc", next(tune for tune in tunes if re.match(rf"X:\s*{re.escape(number)}\s*(%.*)?\n", tune))


def music21_seconds(rows: list[IndexRow]) -> float:
    """Seconds for music21 to parse the sources of these rows, without its cache; finding and reading the text is not counted."""
    from music21 import converter

    sources = [source_of(row) for row in rows]
    converter.parse("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|\n", format="abc")  # its lazy imports are not counted either
    start = time.perf_counter()
    for kind, source in sources:
        if kind == "abc":
            converter.parse(source, format="abc")
        else:
            converter.parse(source, forceSource=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=100, help="pieces of each dataset that music21 parses")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    ours, index = load_everything()
    draw = random.Random(options.seed)
    theirs = 0.0
    print(f"{'dataset':10} {'pieces':>7} {'sample':>7} {'music21, ms a piece':>20} {'music21, all, s':>16}")
    for name, rows in index.items():
        sample = draw.sample(rows, min(options.sample, len(rows)))
        each = music21_seconds(sample) / len(sample)
        theirs += each * len(rows)
        print(f"{name:10} {len(rows):7,} {len(sample):7,} {1000 * each:20.1f} {each * len(rows):16.1f}")
    print(
        f"load_dataset, all {sum(map(len, index.values())):,} scores: {ours:.2f} s; music21: {theirs:.0f} s (from the sample)"
    )
    print(f"ratio {theirs / ours:.0f} (wanted: at least {WANTED_RATIO})")


if __name__ == "__main__":
    main()
