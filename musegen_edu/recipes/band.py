"""How `band_gan` and `band_accompanist` are made: four players and three judges, from Bach's chorales to their cards."""

from __future__ import annotations

import dataclasses
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
from musegen_edu.recipes.band_baselines import markov_bands, random_bands
from musegen_edu.recipes.band_choice import NearestToReal
from musegen_edu.recipes.band_judging import (
    band_floor,
    band_gaps,
    band_row,
    chords_by_chance,
    judge_accompaniments,
    novelty,
    rounded,
)
from musegen_edu.recipes.band_training import BandBatches as BandBatches
from musegen_edu.recipes.band_training import band_network, fit_band
from musegen_edu.recipes.making import drawn_places, progress_folder, round_weights, save_result
from musegen_edu.tokens.band_codec import VOICES, BandCodec
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes: `embedding` is the width of the judges, `units` that of the players. `learning_rate` is
# the players'.
BAND_PROFILES = {
    "quick": Profile("quick", 2, 2, 32, 7e-4, 0.0, 8, 24, 1, 0.0, 40),
    "full": Profile("full", 40, 40, 32, 7e-4, 0.0, 32, 48, 1, 0.0),
}
GIVEN = {"band_gan": None, "band_accompanist": "soprano"}
# the effect of each judge's weight: short trainings with equal steps, each with several seeds
WEIGHT_POINTS: tuple[dict[str, float], ...] = (
    {"rhythm": 1.0, "harmony": 1.0, "whole": 1.0},
    {"rhythm": 0.0, "harmony": 1.0, "whole": 1.0},
    {"rhythm": 3.0, "harmony": 1.0, "whole": 1.0},
    {"rhythm": 1.0, "harmony": 0.0, "whole": 1.0},
    {"rhythm": 1.0, "harmony": 3.0, "whole": 1.0},
)
POINT_STEPS = {"quick": 4, "full": 700}
POINT_SEEDS = {"quick": (0,), "full": (0, 1)}
POINT_RATE = 2.0  # short trainings take longer steps: times the rates of a profile
DEAF = "equal weights, nobody listens"
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

    The players are the running average of their weights at the epoch that `NearestToReal` chooses by the validation windows. The test
    windows, of other chorales, are looked at once, at the end, with the weights as they are stored (16-bit floats). With `band_gan` goes
    `weight_table`.

    Returns
    -------
    The path of the card.
    """
    profile = BAND_PROFILES.get(profile.name, profile)
    train, test = band_windows("train"), band_windows("test")
    train = train.take(np.isin(train.piece, drawn_places(len(train.rows), profile, seed=seed)))
    progress = progress_folder(name, profile, seed=seed)
    model = band_network(profile, given=GIVEN[name], seed=seed)
    valid = band_windows("valid")
    nearest = NearestToReal(model, valid, size=min(N_FORGED, len(valid) // 2), seed=seed, path=progress / "nearest.npz")
    reports = fit_band(
        model,
        train.tables,
        profile=profile,
        seed=seed,
        folder=progress,
        verbose=verbose,
        on_epoch=on_epoch,
        callbacks=[nearest],
    )
    kept = nearest.choose(model)
    model.settle()
    round_weights(model)
    model.codec = BandCodec()
    points = {} if GIVEN[name] else weight_table(profile, train=train, folder=progress)
    card = {
        "data": {
            "name": "chorales",
            "sha256": train.sha256,
            "train": len(train),
            "test": len(test),
            "unit": "windows of four bars in 4/4: soprano, alto and bass, without accidentals in the key signature, and drums added by rule",
        },
        "metrics": judge_band(model, train, test, seed=seed)
        | {
            "weights": points,
            "kept_epoch": kept,
            "validation_floors": rounded({int(epoch): off for epoch, off in nearest.course}, 2),
        },
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
    by_chance = {name: chords_by_chance(tables) for name, tables in groups.items()}
    floor = band_floor(test.tables, size=size, seed=seed, pieces=test.piece)
    right = {
        name: {judge: float((scores > 0).mean()) for judge, scores in model.verdicts(groups[name]).items()}
        for name in ("held-out music", type(model).__name__)
    }
    found = {
        "real": rounded(rows["held-out music"]),
        "floor": rounded(floor),
        "rows": rounded(rows),
        "times_the_floor": rounded(band_gaps(rows, floor), 2),
        "beats on a chord, bass exchanged": rounded(by_chance),
        "taken_for_real": rounded(right),
        "novelty": rounded({name: novelty(groups[name], train) for name in groups if name != "training music"}),
        "forged": size,
    }
    if model.given is not None:
        found["accompaniment"] = rounded(judge_accompaniments(model, train, test, seed=seed))
    return found


def weight_table(
    profile: Profile, *, train: BandWindows | None = None, folder: Path | None = None
) -> dict[str, dict[str, list[float | None]]]:
    """Return what each judge's weight, and listening to one another, does to a band: a label a setting -> measure -> one value a seed.

    Every setting is trained for `POINT_STEPS` with each of `POINT_SEEDS`. The last one has equal weights and players who do not listen.

    Parameters
    ----------
    profile : sizes, batch and rate.
    train : windows; None takes all those for training.
    folder : keeps each training's row, so that one that was killed goes on with the next; None keeps none.

    Lesson: 11 hybrid_gans.
    """
    train = band_windows("train") if train is None else train
    steps, seeds = POINT_STEPS.get(profile.name, 4), POINT_SEEDS.get(profile.name, (0,))
    settings: dict[str, dict[str, Any]] = {weights_label(weights): {"weights": weights} for weights in WEIGHT_POINTS}
    settings[DEAF] = {"listening": False}
    table: dict[str, dict[str, list[float | None]]] = {}
    for label, options in settings.items():
        for seed in seeds:
            row = weight_row(train, profile=profile, steps=steps, seed=seed, folder=folder, **options)
            for measure, value in row.items():
                table.setdefault(label, {}).setdefault(measure, []).append(value)
    return table


def weights_label(weights: Mapping[str, float] | None) -> str:
    """Return weights in words, such as "rhythm 3, harmony 1, whole 1"; equal ones for None."""
    return ", ".join(f"{name} {1.0 if weights is None else weights.get(name, 0):g}" for name in JUDGES)


def weight_row(
    train: BandWindows,
    *,
    weights: Mapping[str, float] | None = None,
    listening: bool = True,
    profile: Profile | None = None,
    steps: int,
    seed: int = 0,
    folder: Path | None = None,
) -> dict[str, float | None]:
    """Train a band for a few steps, and measure it: one row of `weight_table`.

    Parameters
    ----------
    train : windows.
    weights, listening : as in `BandGAN`.
    profile : sizes, batch and rate; None takes the full ones.
    steps : how many.
    seed : of the training and of what is forged then.
    folder : keeps the row; None keeps none.

    Returns
    -------
    The row of `band_row`, rounded, with "beats on a chord, bass exchanged", which says how many chords are left by chance, "cpu_seconds" and
    "steps".

    Lesson: 11 hybrid_gans.
    """
    told = weights_label(weights).replace(", ", "-").replace(" ", "") + ("" if listening else "-deaf")
    path = None if folder is None else folder / f"weights-{told}-{seed}.json"
    if path is not None and path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    profile = BAND_PROFILES["full"] if profile is None else profile
    profile = dataclasses.replace(profile, learning_rate=POINT_RATE * profile.learning_rate)
    began = time.process_time()
    model = band_network(profile, weights=weights, listening=listening, seed=seed)
    fit_band(model, train.tables, profile=profile, seed=seed, steps=steps)
    tables = model.generate_tables(N_FORGED, seed=seed)
    row: dict[str, float | None] = rounded(
        band_row(tables) | {"beats on a chord, bass exchanged": chords_by_chance(tables)}
    )
    row |= {"cpu_seconds": round(time.process_time() - began), "steps": steps}
    if path is not None:
        write_atomically(path, json.dumps(row) + "\n")
    return row
