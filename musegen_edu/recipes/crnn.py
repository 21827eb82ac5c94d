"""How the taggers of lesson 08 are made, from rendered mixtures to their cards, and what they are measured against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.crnn_batches import MixtureBatches, mixture_tables, nats_per_tag
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics.tagging import tag_changes, tag_scores
from musegen_edu.mixtures import INSTRUMENTS, Mixtures, load_mixtures
from musegen_edu.models.crnn import InstrumentTagger
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes.making import fit_to_store, save_result
from musegen_edu.training import EpochReport, Profile

# `n_tunes` is the number of mixtures, `embedding` the number of channels of the first convolution.
TAGGER_PROFILES = {
    "quick": Profile("quick", 14, 14, 8, 1e-2, 1e-3, 8, 32, 1, 0.2, n_tunes=120),
    "full": Profile("full", 16, 8, 8, 8e-3, 1e-2, 12, 48, 1, 0.25, n_tunes=400),
}
N_VALID, N_TEST = 60, 100  # mixtures
_RIDGE = 1e-2


def train_instrument_tagger(
    kind: str,
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train a tagger of one kind on rendered mixtures, measure it, and write its weights and card.

    The CRNN is called `instrument_tagger`; `instrument_tagger_cnn` and `instrument_tagger_rnn` have as many parameters. The mixtures to
    choose the best epoch by, and those to judge by, are of other chorales than those to train on, and have notes that training never had.

    Returns
    -------
    The path of the card.
    """
    profile = TAGGER_PROFILES.get(profile.name, profile)
    name = "instrument_tagger" if kind == "crnn" else f"instrument_tagger_{kind}"
    counts = {"train": profile.n_tunes or TAGGER_PROFILES["full"].n_tunes or 1, "valid": N_VALID, "test": N_TEST}
    sides = {split: load_mixtures(split, n) for split, n in counts.items()}
    tables: dict[str, Any] = {split: mixture_tables(side.mels, side.labels) for split, side in sides.items()}
    model = tagger(kind, profile, sides["train"], seed=seed)
    reports = fit_to_store(
        name,
        model,
        tables["train"],
        tables["valid"],
        profile=profile,
        seed=seed,
        verbose=verbose,
        on_epoch=on_epoch,
        batches=MixtureBatches,
        loss=nats_per_tag,
    )
    card = {
        "data": {
            "name": "mixtures rendered from chorales",
            "sha256": load_dataset("chorales").sha256,
            **counts,
            "instruments": list(INSTRUMENTS.values()),
        },
        "metrics": {
            "valid_nats_per_tag": round(nats_per_tag(model, tables["valid"]), 4),
            "test_nats_per_tag": round(nats_per_tag(model, tables["test"]), 4),
            "test": judge_tags(tags_of(model, sides["test"].mels), sides["test"]),
            "test_linear": judge_tags(linear_tags(sides["train"], sides["test"].mels), sides["test"]),
            "test_all_always": judge_tags(np.ones_like(sides["test"].labels), sides["test"]),
        },
        "licence": "weights: MIT; trained on music in the public domain, rendered with the SoundFont of pretty_midi",
    }
    return save_result(name, model, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


def tagger(kind: str, profile: Profile, train: Mixtures, *, seed: int) -> InstrumentTagger:
    """Return an untrained tagger of a profile's size that scales sounds by what the training mixtures are like."""
    return InstrumentTagger(
        kind,
        channels=profile.embedding,
        units=profile.units,
        dropout=profile.dropout,
        mean=round(float(train.mels.mean()), 2),
        std=round(float(train.mels.std()), 2),
        seed=seed,
    )


def tags_of(model: keras.Model, mels: npt.NDArray[np.float32], *, batch_size: int = 32) -> npt.NDArray[np.bool_]:
    """Return who plays when according to a tagger: where its probability is above one half, (n, frames, n_instruments)."""
    parts = [model.predict_on_batch(mels[i : i + batch_size]) for i in range(0, len(mels), batch_size)]
    return np.concatenate([np.asarray(part) for part in parts]) > 0


def judge_tags(tags: npt.NDArray[Any], mixtures: Mixtures) -> dict[str, Any]:
    """Return F-scores over all frames, of each instrument, and the recall where a pitch plays that training never had."""
    every = tag_scores(mixtures.labels, tags)
    return {
        "f1": round(every.f1, 4),
        "precision": round(every.precision, 4),
        "recall": round(every.recall, 4),
        "recall_of_unheard_pitches": round(float(np.asarray(tags)[mixtures.unheard].mean()), 4),
        "changes": round(tag_changes(tags), 2),
        "changes_in_truth": round(tag_changes(mixtures.labels), 2),
        "f1_by_instrument": {
            instrument: round(tag_scores(mixtures.labels[..., i], tags[..., i]).f1, 4)
            for i, instrument in enumerate(INSTRUMENTS.values())
        },
    }


def linear_tags(train: Mixtures, mels: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return what a linear model says that hears one frame at a time: least squares, solved exactly, threshold one half."""

    def rows(pictures: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        flat = (pictures.reshape(-1, pictures.shape[-1]) - train.mels.mean()) / train.mels.std()
        return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)

    x, y = rows(train.mels), train.labels.reshape(-1, train.labels.shape[-1])
    weights = np.linalg.solve(x.T @ x + _RIDGE * len(x) * np.eye(x.shape[1]), x.T @ y)
    return (rows(mels) @ weights > 0.5).reshape(*mels.shape[:2], -1)
