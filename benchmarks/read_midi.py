"""How many MIDI files a second: `read_midi` against pretty_midi, over the same files in the same run.

The files are melodies with chords in two to four parts, made from a seed and written into a temporary folder. The claim:
`read_midi` is at least 20 times as fast.

usage: python benchmarks/read_midi.py [--files 300] [--repeats 3]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi

from musegen_edu.midi import read_midi, write_midi
from musegen_edu.score import NOTE_DTYPE, Score

CLAIM = 20.0
BARS = 32


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3, help="rounds; the median counts")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        scores = [random_score(rng) for _ in range(options.files)]
        paths = [write_midi(score, Path(folder) / f"{i:03d}.mid") for i, score in enumerate(scores)]
        if [read_midi(path) for path in paths] != scores:
            sys.exit("read_midi did not return what was written")
        ours, theirs = [], []
        for _ in range(options.repeats):  # in turns, so that a busy machine slows both
            ours.append(seconds(read_midi, paths))
            theirs.append(seconds(lambda path: pretty_midi.PrettyMIDI(str(path)), paths))
    n_notes = sum(map(len, scores))
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"{options.files} files, {n_notes} notes, median of {options.repeats} rounds")
    print(f"{'reader':<12} {'files/s':>9} {'notes/s':>11}")
    for name, times in (("read_midi", ours), ("pretty_midi", theirs)):
        took = statistics.median(times)
        print(f"{name:<12} {options.files / took:>9.0f} {n_notes / took:>11.0f}")
    print(f"ratio {ratio:.1f}, claimed at least {CLAIM:.0f}: {'holds' if ratio >= CLAIM else 'FAILS'}")
    return int(ratio < CLAIM)


def random_score(rng: np.random.Generator) -> Score:
    """Return 32 bars of 4/4 in two to four parts of eighth notes and longer, some of them missing."""
    n_parts = int(rng.integers(2, 5))
    pieces = []
    for part in range(n_parts):
        length = (12, 24, 48, 96)[part]  # ticks: the lower the part, the longer its notes
        onsets = np.arange(0, BARS * 96, length)
        rows = np.zeros(int((rng.random(len(onsets)) < 0.9).sum()), NOTE_DTYPE)
        rows["onset"] = np.sort(rng.choice(onsets, len(rows), replace=False))
        rows["duration"], rows["part"] = length, part
        rows["pitch"] = 76 - 12 * part + rng.integers(-6, 7, len(rows))
        rows["velocity"] = rng.integers(40, 110, len(rows))
        pieces.append(rows)
    return Score(np.concatenate(pieces), programs=tuple(range(n_parts)), key="G major", bpm=100, title="Benchmark")


def seconds(read: Callable[[Path], Any], paths: list[Path]) -> float:
    """Return how long it takes to read all files."""
    start = time.perf_counter()
    for path in paths:
        read(path)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
