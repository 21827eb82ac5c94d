"""How likely held-out chorales are to `chorale_inpainter`, frame by frame: the protocol by which Coconet was measured.

A frame is a sixteenth with its four voices; the figure is its negative log-likelihood in nats. Each frame is told from frames that are
known: those before it (chronological), or a random part of the piece as it comes in a random ordering of the frames. Within a frame the voices
come in a random order. Two ways: by the chain rule, which is exact (each voice hears what the others really sing), and as in
Coconet's published code, where it hears the network's own best guesses. The probabilities of a frame are averaged over several orderings, as
there. Frames are drawn by lot from the split; the error is the standard error of their mean.

What differs from Coconet: our chorales are music21's, with a train / valid / test split by hymn tune, not the 382 pieces of the
Boulanger-Lewandowski split; the network is told key, meter and place in the bar; a rest is one more sound a voice can have. Struck and held and
fermatas, which our network reads elsewhere, are withheld here. So the figures stand side by side; they do not race.

usage: python benchmarks/coconet.py [--split test] [--frames 400] [--orderings 5] [--weights FOLDER] [--seed 0]
       python benchmarks/coconet.py --speed       (processor time of a filling: two bars in one voice)
"""

from __future__ import annotations

import argparse
import os
import sys
import time

# Before the backend loads: its start-up notes would drown the tables.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from musegen_edu.datasets import load_dataset
from musegen_edu.inpainting import inpaint, n_sixteenths
from musegen_edu.pretrained import load_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes.chorale import chorale_tables
from musegen_edu.recipes.inpainter import frame_table
from musegen_edu.tokens.chorale_grid import table_to_grid

# Huang et al., "Counterpoint by convolution", ISMIR 2017, sixteenths, test split. The first figure is the one that Papers with Code lists
# for the paper on JSB Chorales, without the ordering; that it is the chronological one, and the second figure, could not be checked.
PAPER = {
    "chronological": ("2.22", "listed by Papers with Code, which does not say for which ordering"),
    "random": ("0.57", "not confirmed"),
}
SECONDS_CLAIM = 3.0


def measure(split: str, n_frames: int, n_orderings: int, weights: str | None, seed: int) -> bool:
    """Print the table and return whether the claim holds."""
    model, chorales = load_pretrained("chorale_inpainter", weights), load_dataset("chorales")
    grids = {name: [table_to_grid(table) for table in chorale_tables(chorales, name)] for name in ("train", split)}
    began = time.process_time()
    found = frame_table(model, grids["train"], grids[split], n_frames=n_frames, n_orderings=n_orderings, seed=seed)
    print(
        f"chorales, {split}: {found['frames']} of {sum(map(len, grids[split])):,} frames of {len(grids[split])} pieces; "
        f"{n_orderings} orderings; {model.count_params():,} parameters; {time.process_time() - began:.0f} s of processor time; "
        f"Keras {keras.__version__} on {keras.backend.backend()}\n"
    )
    print(f"{'nats a frame':52}{'chronological':>18}{'random':>18}")

    def row(name: str, key: str) -> None:
        cells = [f"{found[f'{o}_{key}']:.2f} ± {found[f'{o}_{key}_error']:.2f}" for o in PAPER]
        print(f"{name:52}" + "".join(f"{cell:>18}" for cell in cells))

    row("chorale_inpainter, exact", "exact")
    row("chorale_inpainter, own guesses within a frame", "own_guesses")
    singles = [f"{found[f'{order}_exact_one_ordering']:.2f}" for order in PAPER]
    print(f"{'  exact, each ordering for itself':52}" + "".join(f"{cell:>18}" for cell in singles))
    print(f"{'four Markov chains of order 1':52}{found['first_order_markov']:>18.2f}")
    print(f"{'every sound alike':52}{found['uniform']:>18.2f}{found['uniform']:>18.2f}")
    print(f"{'Coconet (other data; see above)':52}" + "".join(f"{figure:>18}" for figure, _ in PAPER.values()))
    print("  " + "; ".join(f"{order}: {note}" for order, (_, note) in PAPER.items()))
    is_kept = found["random_exact"] < found["chronological_exact"] < found["first_order_markov"]
    print(f"\nclaim: random below chronological below Markov: {'kept' if is_kept else 'NOT KEPT'}")
    return bool(is_kept)


def speed(weights: str | None) -> bool:
    """Print the processor time of filling two bars of an alto, and return whether it is within the claim."""
    model, score = load_pretrained("chorale_inpainter", weights), load_dataset("chorales").test[0]
    erased = np.zeros((4, n_sixteenths(score)), np.bool_)
    erased[1, 36:68] = True
    seconds = []
    for seed in range(4):
        began = time.process_time()
        inpaint(score, erased, model=model, seed=seed)
        seconds.append(time.process_time() - began)
    later = float(np.median(seconds[1:]))
    is_kept = later <= SECONDS_CLAIM
    print(
        f"two bars of one voice, 64 Gibbs steps: {later:.2f} s of processor time, the first time {seconds[0]:.2f} s (compiling)"
    )
    print(f"claim: at most {SECONDS_CLAIM:g} s: {'kept' if is_kept else 'NOT KEPT'}")
    return is_kept


def main() -> int:
    """Run what the command line asks for; 1 where a claim does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument("--frames", type=int, default=400, help="how many frames to measure")
    parser.add_argument("--orderings", type=int, default=5)
    parser.add_argument("--weights", help="folder of the weights; the course's own if left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", action="store_true", help="measure how long a filling takes instead")
    options = parser.parse_args()
    for name in ("frames", "orderings"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    is_kept = (
        speed(options.weights)
        if options.speed
        else measure(options.split, options.frames, options.orderings, options.weights, options.seed)
    )
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
