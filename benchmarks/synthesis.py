"""How much faster than real time scores become sound, and what the note packs weigh.

A melody, a four-part chorale and a band with drums are rendered without the cache; the median of several rounds counts. The
claim: `score_to_audio` is at least 30 times as fast as the music lasts, in every row.

usage: python benchmarks/synthesis.py [--repeats 3] [--bars 64]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from musegen_edu.note_packs import note_pack
from musegen_edu.score import DRUMS, Score
from musegen_edu.synthesis import score_to_audio, synthesis_backend

CLAIM = 30.0
PACKS = {"piano": 0, "violin": 40, "strings": 48, "flute": 73, "drums": DRUMS}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="rounds; the median of each row counts")
    parser.add_argument("--bars", type=int, default=64, help="length of the scores, in bars of 4/4 at 120 bpm")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["MUSEGEN_CACHE"] = cache  # an empty one, so that nothing is found ready-made
        return measure(options.repeats, options.bars)


def measure(repeats: int, bars: int) -> int:
    scores = {"melody": (0,), "four parts": (52,) * 4, "band, 8 parts": (0, 24, 32, 48, 56, 65, 73, DRUMS)}
    print(f"backend: {synthesis_backend()}")
    print(f"{'render':16}{'notes':>8}{'music, s':>10}{'render, s':>11}{'x real time':>13}")
    ratios = []
    for name, programs in scores.items():
        score = _random_score(programs, bars, seed=7)
        seconds = _median(repeats, partial(score_to_audio, score, cache=False))
        ratios.append(score.seconds / seconds)
        print(f"{name:16}{len(score):8,}{score.seconds:10.1f}{seconds:11.2f}{ratios[-1]:13.0f}")
    cached = _random_score((0,), bars, seed=7)
    score_to_audio(cached)
    seconds = _median(repeats, lambda: score_to_audio(cached))
    print(f"{'melody, cached':16}{len(cached):8,}{cached.seconds:10.1f}{seconds:11.3f}{cached.seconds / seconds:13.0f}")

    print(f"\n{'note pack':16}{'notes':>8}{'KB':>10}{'first, s':>11}")
    for name, program in PACKS.items():
        started = time.perf_counter()
        pack = note_pack(program)
        seconds = time.perf_counter() - started
        size = sum(len(data) for data in pack.mp3.values()) / 1000
        print(f"{name:16}{len(pack.pitches):8}{size:10.0f}{seconds:11.2f}")

    holds = min(ratios) >= CLAIM
    print(
        f"\nclaim: at least {CLAIM:.0f} x real time: {'holds' if holds else 'FAILS'} (slowest row: {min(ratios):.0f} x)"
    )
    return 0 if holds else 1


def _random_score(programs: tuple[int, ...], bars: int, seed: int) -> Score:
    """Eighth notes for every part, at pitches where its instrument plays (drums: kick, snare and hi-hat)."""
    rng = np.random.default_rng(seed)
    notes = []
    for part, program in enumerate(programs):
        pitches = (36, 38, 42) if program == DRUMS else tuple(range(55, 75))
        for step, pitch in enumerate(rng.choice(pitches, 8 * bars).tolist()):
            notes.append((12 * step, 12, pitch, 90, part))
    return Score.from_notes(notes, programs=programs)


def _median(repeats: int, action: Callable[[], object]) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
