"""How `chorale_inpainter` is made, from Bach's chorales to its card, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.chorale_holes import CropsWithHoles, nats_per_hidden_cell
from musegen_edu.datasets import load_dataset
from musegen_edu.frame_likelihood import ensemble_losses, frame_losses
from musegen_edu.models.convolutional import ChoraleInpainter
from musegen_edu.recipes.chorale import chorale_tables
from musegen_edu.recipes.fillings import judge_fillings
from musegen_edu.recipes.making import drawn, fit_to_store, save_result
from musegen_edu.tokens.chorale_codec import VOICES, ChoraleCodec
from musegen_edu.tokens.chorale_grid import N_SOUNDS, SILENT, STRUCK, Grid, table_to_grid
from musegen_edu.training import EpochReport, Profile

# `embedding` is the number of filters of the convolution over time and pitch, `units` the width of those over time, and `depth` says how
# often their dilations 1, 2, 4, 8, 16 are gone through.
INPAINTER_PROFILES = {
    "quick": Profile("quick", 3, 3, 16, 5e-3, 1e-2, 8, 64, 1, 0.0),
    "full": Profile("full", 100, 20, 16, 3e-3, 1e-2, 16, 192, 2, 0.2),
}
N_FRAMES, N_ORDERINGS = 400, 5
_N = len(VOICES)


def train_chorale_inpainter(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `chorale_inpainter` on Bach's chorales, measure it, and write its weights and card.

    The validation chorales choose the best epoch; the test chorales, settings of other hymn tunes, are looked at once, at the end, with the
    weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    profile = INPAINTER_PROFILES.get(profile.name, profile)
    chorales = load_dataset("chorales")
    train, valid, test = (chorale_tables(chorales, split) for split in ("train", "valid", "test"))
    train = drawn(train, profile, seed=seed)
    model = inpainter_network(profile, seed=seed)
    reports = fit_to_store(
        "chorale_inpainter",
        model,
        train,
        valid,
        profile=profile,
        seed=seed,
        verbose=verbose,
        on_epoch=on_epoch,
        batches=CropsWithHoles,
        loss=nats_per_hidden_cell,
    )
    grids = {"train": [table_to_grid(table) for table in train], "test": [table_to_grid(table) for table in test]}
    card = {
        "data": {
            "name": chorales.name,
            "sha256": chorales.sha256,
            "train": len(train),
            "valid": len(valid),
            "test": len(test),
            "left_out": "four chorales with notes shorter than a sixteenth",
        },
        "metrics": {
            "nats_per_hidden_cell": {
                "valid": round(nats_per_hidden_cell(model, valid), 4),
                "test": round(nats_per_hidden_cell(model, test), 4),
                "test_uniform": round(float(np.log(N_SOUNDS)), 4),
            },
            "nats_per_frame_test": frame_table(model, grids["train"], grids["test"], seed=seed),
            "struck_or_held_test": strike_table(model, train, test),
            "refilled": judge_fillings(model, chorales, seed=seed),
        },
        "licence": "weights: MIT; trained on music in the public domain",
    }
    return save_result(
        "chorale_inpainter", model, ChoraleCodec(), profile=profile, seed=seed, epochs=reports, card=card, folder=folder
    )


def inpainter_network(profile: Profile, *, seed: int) -> ChoraleInpainter:
    """Return an untrained network of a profile's size."""
    return ChoraleInpainter(
        filters=profile.embedding,
        channels=profile.units,
        dilations=(1, 2, 4, 8, 16) * profile.depth,
        dropout=profile.dropout,
        seed=seed,
    )


def frame_table(
    model: ChoraleInpainter,
    train: Sequence[Grid],
    test: Sequence[Grid],
    *,
    n_frames: int | None = None,
    n_orderings: int | None = None,
    seed: int,
) -> dict[str, Any]:
    """Return nats a frame by Coconet's protocol (`musegen_edu.frame_likelihood`), and those of simple baselines.

    All frames of the split have an equal chance to be among the `n_frames` that are measured, so that their mean estimates that of
    all; `..._error` is its standard error. Probabilities are averaged over `n_orderings` orderings, as in Coconet; `..._one_ordering` is the
    mean of the orderings each for itself. `own_guesses` is what Coconet's code does within a frame, `exact` is the chain rule.
    """
    n_frames, n_orderings = n_frames or N_FRAMES, n_orderings or N_ORDERINGS
    every = [(piece, step) for piece, grid in enumerate(test) for step in range(len(grid))]
    chosen = np.random.default_rng(seed).permutation(len(every))[:n_frames]
    frames = [every[index] for index in sorted(chosen)]
    rows: dict[str, Any] = {"frames": len(frames), "orderings": n_orderings}
    for order in ("chronological", "random"):
        for within, guesses in (("exact", False), ("own_guesses", True)):
            losses = [
                frame_losses(
                    model, test, frames, chronological=order == "chronological", own_guesses=guesses, seed=number
                )
                for number in range(seed, seed + n_orderings)
            ]
            together = ensemble_losses(losses)
            rows[f"{order}_{within}"] = round(float(together.mean()), 4)
            rows[f"{order}_{within}_error"] = round(float(together.std(ddof=1) / np.sqrt(len(together))), 4)
            rows[f"{order}_{within}_one_ordering"] = round(float(np.mean(losses)), 4)
    rows["first_order_markov"] = round(float(markov_losses(train, test, frames).mean()), 4)
    rows["uniform"] = round(_N * float(np.log(N_SOUNDS)), 4)
    return rows


def markov_losses(
    train: Sequence[Grid], test: Sequence[Grid], frames: Sequence[tuple[int, int]]
) -> npt.NDArray[np.float64]:
    """Return nats a frame of four Markov chains of order 1, one a voice, which know nothing of each other: (n_frames,).

    Each tells a voice's sound from its sound a sixteenth before, in C, by counts in the training chorales to which 0.01 is added.
    """
    counts = np.full((_N, N_SOUNDS + SILENT, N_SOUNDS + SILENT), 0.01)  # nothing before the first step: HIDDEN
    for grid in train:
        sounds = grid[:, :_N]
        before = np.concatenate([np.zeros((1, _N), np.int32), sounds[:-1]])
        np.add.at(counts, (np.arange(_N)[None], before, sounds), 1)
    p = counts[..., SILENT:] / counts[..., SILENT:].sum(axis=-1, keepdims=True)
    voices = np.arange(_N)
    found = []
    for piece, step in frames:
        sounds = test[piece][:, :_N]
        before = sounds[step - 1] if step else np.zeros(_N, np.int32)
        found.append(-np.log(p[voices, before, sounds[step] - SILENT]).sum())
    return np.array(found)


def strike_table(model: ChoraleInpainter, train: Sequence[Any], test: Sequence[Any]) -> dict[str, float]:
    """Return how well the network tells a repeated note from a held one, on hidden cells that have the pitch of the cell before.

    `nats` is its loss a cell, `nats_by_place` that of the share of repeats at each sixteenth of a quarter among the training chorales, and
    `nats_by_share` that of one share for all. Then, taking "struck" where it is likelier than not: how many of the real repeats are
    found, and how many of those found are real.
    """

    def cells(tables: Sequence[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        places, struck, logits = [], [], []
        for x, y in CropsWithHoles(tables, 32):
            asked = y[..., _N:] > 0
            place = np.repeat((x[..., 2 * _N, None] - 1) % 4, _N, axis=2)
            places.append(place[asked])
            struck.append((y[..., _N:] == STRUCK)[asked])
            if tables is test:
                logits.append(np.asarray(model.predict_on_batch(x), np.float64)[..., model.n_sounds][asked])
        return np.concatenate(places), np.concatenate(struck), np.concatenate(logits) if logits else np.zeros(0)

    def loss(p: npt.NDArray[np.float64], struck: npt.NDArray[np.bool_]) -> float:
        return round(float(-np.log(np.where(struck, p, 1 - p)).mean()), 4)

    place, struck, _ = cells(train)
    share = np.array([(struck[place == i].sum() + 0.5) / ((place == i).sum() + 1) for i in range(4)])
    overall = float(struck.mean())
    place, struck, logits = cells(test)
    found = logits > 0
    return {
        "share_struck": round(float(struck.mean()), 4),
        "nats": loss(1 / (1 + np.exp(-logits)), struck),
        "nats_by_place": loss(share[place], struck),
        "nats_by_share": loss(np.full(len(struck), overall), struck),
        "found_of_real": round(float(found[struck].mean()), 4),
        "real_of_found": round(float(struck[found].mean()), 4) if found.any() else 0.0,
    }
