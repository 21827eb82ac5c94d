"""How well recurrent networks know chorales: nats a frame on JSB Chorales or Nottingham, by the literature's protocol.

Each frame is predicted from the true frames before it, over all 88 keys. The figure is the negative log-likelihood in nats, added
up over all frames of all pieces of the split and divided by their number. The first frame of a piece counts too, predicted from
silence; beside it stands the mean without first frames. Nothing is chosen on the split while a network trains: it makes a
fixed number of passes, and what is measured are its last weights, averaged over the last few hundred steps.

Two tables, never to be mixed: networks whose 88 keys are independent of each other once the past is known, and the chord speller, which
gives the exact probability of the chord as a whole. Mixtures average whole-frame probabilities, of networks that differ in their seed or
of one network that reads the piece in twelve keys; an average of distributions is a distribution.

usage: python benchmarks/jsb.py --npz FILE [--dataset nottingham] [--split valid] [--profile quick] [--seeds 0 1 2] [--models rnn lstm gru chords]
       python benchmarks/jsb.py --data JSB_Chorales.mat --split test
       python benchmarks/jsb.py --dataset nottingham          (downloads the public file)
       python benchmarks/jsb.py --npz FILE --throughput       (against a bare Keras fit)
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before the backend loads: its start-up notes would drown the tables.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import numpy.typing as npt

from musegen_edu.crops import TransposedCrops
from musegen_edu.downloads import DOWNLOADS, fetch_dataset
from musegen_edu.files import sha256_of, write_atomically
from musegen_edu.models.chords import ChordSpeller
from musegen_edu.models.frames import IndependentKeys
from musegen_edu.quiet_keras import keras
from musegen_edu.spelling import NO_FRAME, roll_to_spelling

Rolls = list[npt.NDArray[np.uint8]]
N_KEYS = 88
KEYS = range(-6, 6)  # semitones by which a piece is moved: once into each of the twelve keys


@dataclass(frozen=True)
class Plan:
    """How one network is built and trained. `sizes` are arguments of its class."""

    sizes: dict[str, Any]
    passes: int
    learning_rate: float
    batch_size: int = 32
    length: int = 64  # frames a crop
    average: float = 0.995  # share of the old average that each step keeps


_SIGMOID = {"units": 320, "depth": 1, "dropout": 0.3}
PLANS: dict[tuple[str, str], Plan] = {
    **{("quick", cell): Plan({**_SIGMOID, "cell": cell}, 250, 8e-3, batch_size=16) for cell in ("lstm", "gru")},
    ("quick", "rnn"): Plan({**_SIGMOID, "cell": "rnn"}, 250, 3e-3, batch_size=16),
    **{
        ("full", cell): Plan({**_SIGMOID, "cell": cell, "depth": 2}, 400, 4e-3, batch_size=16)
        for cell in ("rnn", "lstm", "gru")
    },
    ("quick", "chords"): Plan({"units": 320}, 200, 8e-3),
    ("full", "chords"): Plan({"units": 512}, 300, 5e-3),
}
# Nottingham has 13 times the frames of JSB Chorales, and with a tenth of the passes as much training and some more.
FEWER_PASSES = {"jsb": 1, "nottingham": 10}

# Negative log-likelihood on the test split as printed in the papers, nats a frame.
CHUNG, BAI = "Chung et al. 2014, arXiv:1412.3555", "Bai, Kolter and Koltun 2018, arXiv:1803.01271"
BOULANGER = "Boulanger-Lewandowski et al., ICML 2012; unconfirmed: not checked against the paper"
PAPERS: dict[str, list[tuple[str, dict[str, float], str]]] = {
    "sigmoid": [
        ("tanh RNN", {"jsb": 9.10, "nottingham": 3.13}, CHUNG),
        ("LSTM", {"jsb": 8.67, "nottingham": 3.20}, CHUNG),
        ("GRU", {"jsb": 8.54, "nottingham": 3.23}, CHUNG),
        ("LSTM", {"jsb": 8.45, "nottingham": 3.29}, BAI),
        ("GRU", {"jsb": 8.43, "nottingham": 3.46}, BAI),
        ("TCN", {"jsb": 8.10, "nottingham": 3.07}, BAI),
    ],
    "joint": [
        ("RNN-RBM, an estimate (unconfirmed)", {"jsb": 6.27, "nottingham": 2.39}, BOULANGER),
        ("RNN-NADE (unconfirmed)", {"jsb": 5.56, "nottingham": 2.31}, BOULANGER),
    ],
}
SIGMOID_CLAIM, JOINT_CLAIM, MIXTURE_CLAIM, CPU_MINUTES = 8.45, 4.65, 4.50, 30.0  # JSB, valid
THROUGHPUT_CLAIM = 0.95


def read_npz(path: str | Path) -> dict[str, Rolls]:
    """Read bit-packed rolls: `<split>_rolls` (frames, bytes) and `<split>_lengths`, the frames of each piece."""
    with np.load(path, allow_pickle=False) as stored:
        splits = [name.removesuffix("_rolls") for name in stored.files if name.endswith("_rolls")]
        if "train" not in splits:
            raise ValueError(
                f"{path} holds {', '.join(stored.files) or 'nothing'}; it needs train_rolls and train_lengths"
            )
        return {
            split: np.split(
                np.unpackbits(stored[f"{split}_rolls"], axis=1)[:, :N_KEYS], np.cumsum(stored[f"{split}_lengths"])[:-1]
            )
            for split in splits
        }


def read_mat(path: str | Path) -> dict[str, Rolls]:
    """Read a MATLAB file of the public kind: cells `traindata`, `validdata`, `testdata` of arrays (frames, 88)."""
    from scipy.io import loadmat

    if sha256_of(Path(path)) not in {download.sha256 for download in DOWNLOADS.values()}:
        print(f"note: {path} is not one of the published files; its figures compare with nobody's")
    content = loadmat(path)
    keys = {"train": "traindata", "valid": "validdata", "test": "testdata"}
    missing = [key for key in keys.values() if key not in content]
    if missing:
        raise ValueError(
            f"{path} has no {', '.join(missing)}; a file of the public kind has all of {', '.join(keys.values())}"
        )
    return {split: [(np.asarray(piece) > 0).astype(np.uint8) for piece in content[key].ravel()] for split, key in keys.items()}  # fmt: skip


def plan_of(profile: str, model: str, dataset: str) -> Plan:
    plan = PLANS[profile, model]
    return dataclasses.replace(plan, passes=max(1, plan.passes // FEWER_PASSES[dataset]))


def most_notes(rolls: Rolls) -> int:
    return max(int(roll.sum(axis=1).max()) for roll in rolls)


def build(model: str, plan: Plan, seed: int) -> keras.Model:
    if model == "chords":
        return ChordSpeller(N_KEYS, seed=seed, **plan.sizes)
    return IndependentKeys(N_KEYS, seed=seed, **plan.sizes)


def train(network: keras.Model, rolls: Rolls, plan: Plan, *, seed: int, verbose: int = 0) -> float:
    """Train a network by `fit` and return the CPU seconds that it took, all threads and the compiling included."""
    places = most_notes(rolls) + 1 if isinstance(network, ChordSpeller) else None
    crops = TransposedCrops(rolls, length=plan.length, batch_size=plan.batch_size, places=places, seed=seed)
    steps = plan.passes * len(crops)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=plan.learning_rate, warmup_steps=max(1, steps // 20)
    )
    began = time.process_time()
    network.compile(
        keras.optimizers.AdamW(
            schedule, weight_decay=1e-3, beta_2=0.99, global_clipnorm=1.0, use_ema=True, ema_momentum=plan.average
        ),
        jit_compile=keras.backend.backend()
        == "jax",  # on the CPU, TensorFlow trains recurrent layers faster without XLA
    )
    network.fit(crops, epochs=plan.passes, verbose=verbose)
    return time.process_time() - began


def frame_log_probabilities(
    network: keras.Model, rolls: Rolls, *, move: int = 0, batch_size: int = 16
) -> npt.NDArray[np.float64]:
    """Return the log probability of each frame of each piece, one after the other, when the pieces are moved by semitones.

    A piece that would leave the keyboard gets probability 0: that only makes the figure worse.
    """
    places = most_notes(rolls) + 1 if isinstance(network, ChordSpeller) else None
    found = []
    order = np.argsort([len(roll) for roll in rolls], kind="stable")  # like lengths together
    for start in range(0, len(order), batch_size):
        members = order[start : start + batch_size]
        longest = max(len(rolls[i]) for i in members)
        width = N_KEYS if places is None else places
        batch = np.full((len(members), longest, width), NO_FRAME, np.int32)
        fits = []
        for row, i in enumerate(members):
            moved = np.zeros_like(rolls[i])
            low, high = max(0, move), N_KEYS + min(0, move)
            moved[:, low:high] = rolls[i][:, low - move : high - move]
            fits.append(moved.sum() == rolls[i].sum())
            batch[row, : len(moved)] = moved if places is None else roll_to_spelling(moved, places=places)
        logs = network.log_probabilities(batch)  # (members, longest)
        found += [(i, logs[row, : len(rolls[i])] if fits[row] else np.full(len(rolls[i]), -np.inf)) for row, i in enumerate(members)]  # fmt: skip
    return np.concatenate([logs for _, logs in sorted(found, key=lambda pair: int(pair[0]))])


def mixture(logs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Average whole-frame probabilities, given as logs (members, frames): (frames,)."""
    return np.asarray(np.logaddexp.reduce(logs, axis=0) - np.log(len(logs)))


@dataclass
class Run:
    """One trained network on one split: log probabilities (keys, frames), the row of `KEYS` 0 being the piece as written."""

    logs: npt.NDArray[np.float64]
    cpu_seconds: float
    n_weights: int


def run(
    model: str, plan: Plan, seed: int, data: dict[str, Rolls], split: str, folder: Path | None, verbose: int = 0
) -> Run:
    """Train and measure one network, or take what an earlier run left in `folder`."""
    story = json.dumps({"model": model, "plan": dataclasses.asdict(plan), "seed": seed, "split": split, "frames": [sum(map(len, data["train"])), sum(map(len, data[split]))]})  # fmt: skip
    path = None if folder is None else folder / f"{model}-{plan.passes}-{seed}-{split}.npz"
    if path is not None and path.is_file():
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["story"]) == story:
                return Run(stored["logs"], float(stored["cpu_seconds"]), int(stored["n_weights"]))
    network = build(model, plan, seed)
    cpu_seconds = train(network, data["train"], plan, seed=seed, verbose=verbose)
    logs = np.array([frame_log_probabilities(network, data[split], move=move) for move in KEYS])
    done = Run(logs, cpu_seconds, network.count_params())
    if path is not None:
        stream = io.BytesIO()
        np.savez(stream, story=np.array(story), logs=logs, cpu_seconds=cpu_seconds, n_weights=done.n_weights)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, stream.getvalue())
        network.save_weights(path.with_suffix(".weights.h5"))
    return done


def spread(values: Sequence[float]) -> str:
    """Mean and, of several, the standard deviation over the networks."""
    return f"{np.mean(values):.3f}" + (f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else "")


def print_table(title: str, rows: list[tuple[str, str, str, str, str]]) -> None:
    print(f"\n{title}")
    for row in [("model", "nats a frame", "no first frames", "CPU min", "source"), *rows]:
        print(f"{row[0]:<44}{row[1]:>16}{row[2]:>17}{row[3]:>9}  {row[4]}")


def paper_rows(table: str, dataset: str) -> list[tuple[str, str, str, str, str]]:
    return [(name, f"{figures[dataset]:.2f} (test)", "", "", source) for name, figures, source in PAPERS[table]]


def own_row(name: str, members: Sequence[npt.NDArray[np.float64]], later: npt.NDArray[np.bool_], minutes: str) -> tuple[str, str, str, str, str]:  # fmt: skip
    """A row for networks or mixtures that differ in their seed: logs (frames,) each; `later` is False at first frames."""
    every = spread([-float(logs.mean()) for logs in members])
    return (name, every, spread([-float(logs[later].mean()) for logs in members]), minutes, "this run")


def throughput(train_rolls: Rolls, rounds: int = 5) -> bool:
    """Compare frames a CPU second: our networks fed by `TransposedCrops`, against a bare Keras `fit` on arrays that lie ready."""
    plan = PLANS["quick", "lstm"]
    bare = keras.Sequential(
        [
            keras.Input((None, N_KEYS)),
            keras.layers.LSTM(plan.sizes["units"], return_sequences=True),
            keras.layers.Dropout(plan.sizes["dropout"]),
            keras.layers.Dense(N_KEYS),
        ]
    )
    words = TransposedCrops(train_rolls, batch_size=plan.batch_size, places=most_notes(train_rolls) + 1)
    rolls = TransposedCrops(train_rolls, batch_size=plan.batch_size)
    speller = build("chords", PLANS["quick", "chords"], 0)
    lstm = build("lstm", plan, 0)
    bare.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False)
    for network in (speller, lstm):
        network.compile("adam", jit_compile=False)

    def arrays(crops: TransposedCrops) -> list[Any]:
        return [np.concatenate(part) for part in zip(*(crops[i] for i in range(len(crops))), strict=True)]

    (x_words, y_words), (x_rolls, _) = arrays(words), arrays(rolls)
    heard = np.maximum(x_rolls, 0).astype(np.float32)
    ready = {"batch_size": plan.batch_size, "verbose": 0}
    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "LSTM, independent keys": (lambda: lstm.fit(rolls, verbose=0), lambda: bare.fit(heard, heard, **ready)),
        "chord speller": (lambda: speller.fit(words, verbose=0), lambda: speller.fit(x_words, y_words, **ready)),
    }
    print(f"\n{'training':<28}{'frames a CPU s':>16}{'bare Keras fit':>16}{'ratio':>8}")
    kept = True
    for name, ways in pairs.items():
        seconds: list[list[float]] = [[], []]
        for turn in range(rounds + 1):  # the ways take turns; the first round compiles
            for way, times in zip(ways, seconds, strict=True):
                began = time.process_time()
                way()
                if turn:
                    times.append(time.process_time() - began)
        ours, theirs = (len(x_words) * words.length / float(np.median(times)) for times in seconds)
        kept &= ours >= THROUGHPUT_CLAIM * theirs
        print(f"{name:<28}{ours:>16,.0f}{theirs:>16,.0f}{ours / theirs:>8.2f}")
    print(f"claim: at least {THROUGHPUT_CLAIM} of a bare Keras fit: {'kept' if kept else 'NOT KEPT'}")
    return kept


def load(options: argparse.Namespace) -> dict[str, Rolls]:
    if options.npz:
        return read_npz(options.npz)
    if options.data:
        return read_mat(options.data)
    return read_mat(next(fetch_dataset(options.dataset).glob("*.mat")))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--npz", help="train and valid split, packed as `read_npz` says")
    parser.add_argument("--data", help="the public .mat file, with its test split")
    parser.add_argument("--dataset", choices=("jsb", "nottingham"), default="jsb", help="which figures of the papers stand beside; downloaded if no file is given")  # fmt: skip
    parser.add_argument("--split", choices=("valid", "test"), default="valid")
    parser.add_argument("--profile", choices=("quick", "full"), default="quick")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", choices=("rnn", "lstm", "gru", "chords"), default=["rnn", "lstm", "gru", "chords"])  # fmt: skip
    parser.add_argument(
        "--folder", type=Path, help="keeps weights and results, so that a broken run goes on where it was"
    )
    parser.add_argument("--throughput", action="store_true", help="measure only the speed of training")
    parser.add_argument("--verbose", type=int, default=0, help="2 prints the loss of each pass")
    options = parser.parse_args(arguments)

    data = load(options)
    if options.split not in data:
        parser.error(
            f"--split {options.split} is not in this file, which has {', '.join(data)}; --data reads the public file"
        )
    rolls = data[options.split]
    if options.throughput:
        return 0 if throughput(data["train"]) else 1
    later = np.concatenate([np.arange(len(roll)) > 0 for roll in rolls])
    print(
        f"{options.dataset}, {options.split}: {len(rolls)} pieces, {len(later):,} frames; trained on {len(data['train'])} pieces, "
        f"{sum(map(len, data['train'])):,} frames; profile {options.profile}, seeds {' '.join(map(str, options.seeds))}; "
        f"Keras {keras.__version__} on {keras.backend.backend()}"
    )
    runs = {
        model: [run(model, plan_of(options.profile, model, options.dataset), seed, data, options.split, options.folder, options.verbose) for seed in options.seeds]
        for model in options.models
    }  # fmt: skip
    minutes = {model: [done.cpu_seconds / 60 for done in members] for model, members in runs.items()}
    written = KEYS.index(0)  # the piece as it stands

    singles = [model for model in runs if model != "chords"]
    rows = [
        own_row(f"{model.upper()}, {PLANS[options.profile, model].sizes['units']} units", [done.logs[written] for done in runs[model]], later, f"{np.mean(minutes[model]):.1f}")
        for model in singles
    ]  # fmt: skip
    if rows:
        print_table("INDEPENDENT KEYS (one sigmoid a key)", [*rows, *paper_rows("sigmoid", options.dataset)])
    claims: dict[str, bool] = {}
    if "lstm" in runs:
        claims[f"LSTM with independent keys at most {SIGMOID_CLAIM}"] = -np.mean([done.logs[written].mean() for done in runs["lstm"]]) <= SIGMOID_CLAIM  # fmt: skip
    if "chords" in runs:
        members = runs["chords"]
        every = np.array([done.logs for done in members])  # (seeds, keys, frames)
        each, total = f"{np.mean(minutes['chords']):.1f}", f"{np.sum(minutes['chords']):.1f}"
        rows = [
            own_row("chord speller", list(every[:, written]), later, each),
            own_row("  read in 12 keys, mixture", [mixture(logs) for logs in every], later, each),
        ]
        if len(members) > 1:
            rows += [
                own_row(f"  mixture of {len(members)} seeds", [mixture(every[:, written])], later, total),
                own_row(f"  mixture of {len(members)} seeds in 12 keys", [mixture(np.concatenate(list(every)))], later, total),
            ]  # fmt: skip
        print_table("JOINT AND EXACT (the chord as a whole)", [*rows, *paper_rows("joint", options.dataset)])
        single = -float(every[:, written].mean())
        claims[f"chord speller at most {JOINT_CLAIM} within {CPU_MINUTES:.0f} CPU minutes"] = single <= JOINT_CLAIM and max(minutes["chords"]) <= CPU_MINUTES  # fmt: skip
        in_keys = -float(np.mean([mixture(logs).mean() for logs in every]))
        claims[f"chord speller read in 12 keys below {MIXTURE_CLAIM}"] = in_keys < MIXTURE_CLAIM
    print(
        "\n(mean ± standard deviation over seeds; the papers' figures are of the test split, and of their own ways to count first frames)"
    )
    if options.dataset != "jsb" or options.split != "valid":
        return 0  # the claims are about the validation split of JSB Chorales
    for claim, is_kept in claims.items():
        print(f"claim: {claim}: {'kept' if is_kept else 'NOT KEPT'}")
    return 0 if all(claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
