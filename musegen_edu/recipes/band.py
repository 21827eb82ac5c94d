"""How `band_gan` and `band_accompanist` are made: four players and three judges, from Bach's chorales to their cards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.bands import BandWindows, band_windows
from musegen_edu.files import write_atomically
from musegen_edu.models.band_gan import BandGAN
from musegen_edu.models.band_layers import JUDGES
from musegen_edu.recipes.band_judging import (
    band_floor,
    band_gaps,
    band_row,
    judge_accompaniments,
    markov_bands,
    novelty,
    random_bands,
    rounded,
)
from musegen_edu.recipes.band_training import BandBatches as BandBatches
from musegen_edu.recipes.band_training import band_network, fit_band, keep_average
from musegen_edu.recipes.making import drawn_places, progress_folder, round_weights, save_result
from musegen_edu.tokens.band_codec import VOICES, BandCodec
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes: `embedding` is the width of the judges, `units` that of the players. `learning_rate` is
# the players'. What is kept is the running average of the players' weights at the end.
BAND_PROFILES = {
    "quick": Profile("quick", 2, 2, 32, 7e-4, 0.0, 8, 24, 1, 0.0, 40),
    "full": Profile("full", 60, 60, 32, 7e-4, 0.0, 32, 48, 1, 0.0),
}
GIVEN = {"band_gan": None, "band_accompanist": "soprano"}
# the effect of each judge's weight: short trainings with equal steps and seed
WEIGHT_POINTS: tuple[dict[str, float], ...] = (
    {"rhythm": 1.0, "harmony": 1.0, "whole": 1.0},
    {"rhythm": 0.0, "harmony": 1.0, "whole": 1.0},
    {"rhythm": 3.0, "harmony": 1.0, "whole": 1.0},
    {"rhythm": 1.0, "harmony": 0.0, "whole": 1.0},
    {"rhythm": 1.0, "harmony": 3.0, "whole": 1.0},
)
POINT_STEPS = {"quick": 4, "full": 300}
N_FORGED = 136  # half of the test windows: as many as each of the two real groups of the floor


def train_band(
    name: str,
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `band_gan` (all parts) or `band_accompanist` (told the soprano), measure it, and write its weights and card.

    Nothing chooses among epochs: the players are the running average of their weights at the end. The test windows, of other chorales, are
    looked at once, then, with the weights as they are stored (16-bit floats). With `band_gan` goes the effect of each judge's weight: short
    trainings with other weights.

    Returns
    -------
    The path of the card.
    """
    profile = BAND_PROFILES.get(profile.name, profile)
    train, test = band_windows("train"), band_windows("test")
    train = train.take(np.isin(train.piece, drawn_places(len(train.rows), profile, seed=seed)))
    progress = progress_folder(name, profile, seed=seed)
    model = band_network(profile, given=GIVEN[name], seed=seed)
    reports = fit_band(
        model, train.tables, profile=profile, seed=seed, folder=progress, verbose=verbose, on_epoch=on_epoch
    )
    keep_average(model)
    round_weights(model)
    model.codec = BandCodec()
    points = []
    if GIVEN[name] is None:
        steps = POINT_STEPS.get(profile.name, 4)
        points = [
            judge_weight_point(weights, train=train, profile=profile, steps=steps, seed=seed, folder=progress)
            for weights in WEIGHT_POINTS
        ]
    card = {
        "data": {
            "name": "chorales",
            "sha256": train.sha256,
            "train": len(train),
            "test": len(test),
            "unit": "windows of four bars in 4/4: soprano, alto and bass, without accidentals in the key signature, and drums added by rule",
        },
        "metrics": judge_band(model, train, test, seed=seed) | {"weights": dict(points)},
        "licence": "weights: MIT; trained on music in the public domain and on drum patterns made by rule",
    }
    return save_result(
        name,
        model,
        model.codec,
        profile=profile,
        seed=seed,
        epochs=reports,
        card=card,
        folder=folder,
    )


def judge_band(model: BandGAN, train: BandWindows, test: BandWindows, *, seed: int) -> dict[str, Any]:
    """Return all figures of a trained model beside real music, the floor, Markov chains and chance.

    `rows` are those of `band_row`; `floor` is that of `band_floor`; `times_the_floor` says how far each row is from held-out music.
    """
    rng = np.random.default_rng(seed)
    size = min(N_FORGED, len(test) // 2)
    some = rng.permutation(len(test))[:size]
    melodies = None if model.given is None else test.tables[some, :, VOICES.index(model.given)]
    forged = model.generate_tables(size, melodies=melodies, seed=seed)
    groups = {
        "random": random_bands(train.tables, size, seed=seed),
        "Markov": markov_bands(train.tables, size, seed=seed),
        "training music": train.tables[rng.permutation(len(train))[:size]],
        "held-out music": test.tables,
        type(model).__name__: forged,
    }
    if melodies is not None:
        for name in ("random", "Markov"):
            groups[name][:, :, VOICES.index(str(model.given))] = melodies
    rows = {name: band_row(tables) for name, tables in groups.items()}
    floor = band_floor(test.tables, size=size, seed=seed)
    right = {
        name: {judge: float((scores > 0).mean()) for judge, scores in model.verdicts(groups[name]).items()}
        for name in ("held-out music", type(model).__name__)
    }
    found = {
        "real": rounded(rows["held-out music"]),
        "floor": rounded(floor),
        "rows": rounded(rows),
        "times_the_floor": rounded(band_gaps(rows, floor), 2),
        "taken_for_real": rounded(right),
        "novelty": rounded({name: novelty(groups[name], train) for name in groups if name != "training music"}),
        "forged": size,
    }
    if model.given is not None:
        found["accompaniment"] = rounded(judge_accompaniments(model, train, test, seed=seed))
    return found


def judge_weight_point(
    weights: Mapping[str, float],
    *,
    train: BandWindows | None = None,
    profile: Profile | None = None,
    steps: int,
    seed: int = 0,
    folder: Path | None = None,
) -> tuple[str, dict[str, Any]]:
    """Train a small band with some weights of the judges, and measure it: one row of the table that tells what each judge is for.

    Parameters
    ----------
    weights : judge -> weight, as in `BandGAN`.
    train : windows; None takes all those for training.
    profile : sizes, batch and rate; None takes the full ones.
    steps : how many.
    seed : the same for all rows of a table.
    folder : keeps the result, so that a training that was killed goes on with the next row; None keeps none.

    Returns
    -------
    The setting in words, such as "rhythm 3, harmony 1, whole 1", and the row of `band_row`, rounded, with `cpu_seconds`.

    Lesson: 11 hybrid_gans.
    """
    label = ", ".join(f"{name} {weights.get(name, 0):g}" for name in JUDGES)
    path = None if folder is None else folder / f"weights-{label.replace(', ', '-').replace(' ', '')}.json"
    if path is not None and path.is_file():
        return label, dict(json.loads(path.read_text(encoding="utf-8")))
    profile = BAND_PROFILES["full"] if profile is None else profile
    train = band_windows("train") if train is None else train
    began = time.process_time()
    model = band_network(profile, weights=weights, seed=seed)
    fit_band(model, train.tables, profile=profile, seed=seed, steps=steps)
    row = rounded(band_row(model.generate_tables(N_FORGED, seed=seed)))
    row["cpu_seconds"] = round(time.process_time() - began)
    row["steps"] = steps
    if path is not None:
        write_atomically(path, json.dumps(row) + "\n")
    return label, row
