"""A forger of four-bar tunes: how near it comes to real music, beside chance, a Markov chain, an LSTM and an autoencoder.

Claims, for the averaged generator of four_bar_gan on held-out tunes: it is nowhere worse than the Markov chain on scale consistency and on empty
bars; it copies no more whole windows than real music of other tunes does; and as many of its measures as of the chain's lie within twice the
distance between two groups of real music. --sweep trains small equal games instead, one for each loss, generator, judge and pace, and prints what each came to.

usage: python benchmarks/gan.py [--seed 0] [--sweep] [--epochs 2] [--only NAME ...] [--folder DIR]
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import os
import sys
import time
from pathlib import Path
from typing import Any

# Before the backend loads: its start-up notes would drown the tables.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from musegen_edu.files import write_atomically
from musegen_edu.four_bars import FourBarWindows, folk_windows
from musegen_edu.metrics import CorpusIndex, ForgeryTable, forger_rows
from musegen_edu.pretrained import load_pretrained
from musegen_edu.recipes.forger_judging import N_SAMPLES, forger_table
from musegen_edu.recipes.four_bar_gan import GAN_PROFILES, fit_forger, forger_pair
from musegen_edu.tokens import FourBarCodec

# What differs from the stable default: hinge, GRU, a step judge that compares, one step each.
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "saturating": {"loss": "saturating"},
    "non-saturating": {"loss": "non_saturating"},
    "Wasserstein, penalty": {"loss": "wasserstein"},
    "convolutional generator": {"kind": "convolutional"},
    "roll judge": {"judge": "roll"},
    "judge sees one tune": {"compares": False},
    "two judge steps": {"judge_steps": 2},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sweep", action="store_true", help="train small games of equal length: some six CPU minutes")
    parser.add_argument("--epochs", type=int, default=2, help="of each small game (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=list(SETTINGS), default=list(SETTINGS), help="which small games")
    parser.add_argument("--folder", type=Path, help="keeps what has been measured, so that a killed sweep goes on")
    options = parser.parse_args()
    train, test = folk_windows("train"), folk_windows("test")
    print(
        f"folk: {len(train):,} training windows of four bars, {len(test)} held-out ones, {N_SAMPLES} of each forger\n"
    )
    if options.sweep:
        print_sweep(train, test, options)
        return 0
    table = forger_table({"GAN": load_pretrained("four_bar_gan")}, train, test, seed=options.seed)
    print(table)
    print("\n* further from held-out music than twice the mean distance of two halves of it\n")
    print(f"{'':<24}{'within twice':>14}{'mean distance, in real-to-real distances':>44}")
    for name in table.rows:
        print(
            f"{name:<24}{len(table.floor) - len(table.outside(name)):>8} of {len(table.floor)}{relative(table, name):>44.1f}"
        )
    gan, markov, real = (table.rows[name] for name in ("GAN", "Markov", "held-out music"))

    def off(row: dict[str, float], measure: str) -> float:
        return abs(row[measure] - real[measure])

    claims = {
        **{
            f"{measure}: no further from real music than the Markov chain": off(gan, measure)
            <= off(markov, measure) + 1e-9
            for measure in ("scale consistency", "empty bars")
        },
        "copies no more whole windows than there are in held-out music": gan["whole copies"] <= real["whole copies"],
        "as many measures within twice real-to-real as the Markov chain has": len(table.outside("GAN"))
        <= len(table.outside("Markov")),
    }
    print()
    for claim, is_kept in claims.items():
        print(f"claim: {claim}: {'kept' if is_kept else 'NOT KEPT'}")
    return 0 if all(claims.values()) else 1


def play_small_game(name: str, train: FourBarWindows, options: argparse.Namespace) -> dict[str, Any]:
    """Return the symbols that both generators of a small game forge, the averaged one and that of the last step, and what it cost."""
    path = None
    if options.folder is not None:
        path = options.folder / f"{name.replace(' ', '_')}-{options.epochs}-{options.seed}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as stored:
                return dict(stored)
    profile = dataclasses.replace(GAN_PROFILES["full"], epochs=options.epochs)
    setting = dict(SETTINGS[name])
    judge_steps = setting.pop("judge_steps", 1)
    pair = forger_pair(profile, seed=options.seed, average=0.99, **setting)  # a short game: the average is short too
    began = time.process_time()
    fit_forger(pair, train.symbols, profile=profile, seed=options.seed, judge_steps=judge_steps, jit_compile=False)
    found: dict[str, Any] = {
        "cpu_seconds": np.array(time.process_time() - began),
        "averaged": pair.generate_symbols(N_SAMPLES, seed=options.seed, averaged=True),
        "last step": pair.generate_symbols(N_SAMPLES, seed=options.seed),
    }
    if path is not None:
        stream = io.BytesIO()
        np.savez(stream, **found)
        write_atomically(path, stream.getvalue())
    return found


def relative(table: ForgeryTable, name: str) -> float:
    """Return the mean distance of a row from real music, each measure in its real-to-real distances; what never differs is left out."""
    floor = {measure: gap for measure, gap in table.floor.items() if gap > 1e-9}
    return float(np.mean([table.distances(name)[measure] / gap for measure, gap in floor.items()]))


def print_sweep(train: FourBarWindows, test: FourBarWindows, options: argparse.Namespace) -> None:
    """Play the small games, and print a line for each generator."""
    codec, groups, seconds = FourBarCodec(), {}, {}
    for name in options.only:
        found = play_small_game(name, train, options)
        for generator in ("averaged", "last step"):
            label = f"{name}, {generator}"
            groups[label], seconds[label] = [codec.decode(row) for row in found[generator]], float(found["cpu_seconds"])
    known = CorpusIndex([codec.decode(row) for row in train.symbols])
    real = [codec.decode(row) for row in test.symbols]
    table = forger_rows(groups, known, reference=real, tunes=test.tune, seed=options.seed)
    columns = {
        "in scale": "scale consistency",
        "empty bars": "empty bars",
        "notes a bar": "notes a bar",
        "range": "pitch range (semitones)",
        "lengths": "note lengths as in real music",
        "steps": "steps as in real music",
        "different": "different bars",
    }
    print(f"{'':<38}{'CPU s':>6}{'distance':>10}{'within':>10}" + "".join(f"{head:>12}" for head in columns))
    for name, row in table.rows.items():
        within = f"{len(table.floor) - len(table.outside(name))} of {len(table.floor)}"
        cells = f"{relative(table, name):>10.1f}{within:>10}" + "".join(
            f"{row[key]:>12.3f}" for key in columns.values()
        )
        print(f"{name:<38}{seconds.get(name, 0):>6.0f}{cells}")
    print("\ndistance: mean over the measures, in real-to-real distances; within: measures within twice that distance")


if __name__ == "__main__":
    sys.exit(main())
