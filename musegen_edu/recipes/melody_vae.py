"""How `melody_vae` and `melody_vae_64` are made: four bars of folk tunes in 16 or 64 numbers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.files import write_atomically
from musegen_edu.four_bars import FourBarWindows, WindowBatches, folk_windows
from musegen_edu.models.vae import MelodyVAE
from musegen_edu.recipes.latent_judging import judge_melody_vae, reconstruction
from musegen_edu.recipes.making import drawn_places, progress_folder, round_weights, save_result
from musegen_edu.tokens import FourBarCodec
from musegen_edu.training import EpochReport, Profile, fit

# In place of the profiles for folk tunes. `units` is the length of a bar's vector, `embedding` that of a sixteenth, `dropout` the share of
# its past that the teller is not told.
PLAN_PROFILES = {  # first the plan alone, which is quick, because nothing waits for the sixteenth before
    "quick": Profile("quick", 3, 3, 128, 6e-3, 5e-2, 24, 96, 1, 0.5, 400),
    "full": Profile("full", 40, 40, 128, 6e-3, 5e-2, 48, 192, 1, 0.5),
}
TELLER_PROFILES = {  # then the plan and the teller together
    "quick": dataclasses.replace(PLAN_PROFILES["quick"], epochs=1, learning_rate=2e-3),
    "full": dataclasses.replace(PLAN_PROFILES["full"], epochs=8, learning_rate=2e-3),
}
LATENTS = {"melody_vae": 16, "melody_vae_64": 64}
BETAS = {"melody_vae": 0.1, "melody_vae_64": 0.05}
MOVED = 0.5  # share of the training windows that come moved along the scale
# (latent, beta) of the rate-distortion curve in the card of melody_vae: plans without a teller, on windows as they stand, trained for less
# long and therefore with less weight decay
CURVE = ((4, 0.1), (8, 0.1), (16, 1.0), (16, 0.3), (16, 0.1), (16, 0.03), (32, 0.1), (64, 0.1))
CURVE_EPOCHS, CURVE_WEIGHT_DECAY = {"quick": 1, "full": 10}, 1e-4


def train_melody_vae(
    name: str,
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `melody_vae` (16 numbers) or `melody_vae_64` on four bars of folk tunes, measure it, and write its weights and card.

    First the encoder and the plan are trained, then these and the teller, half of the windows moved along the scale, anew in each epoch. The validation windows choose the best epoch; the test windows,
    of other tunes, are looked at once, at the end, with the weights as they are stored (16-bit floats). With `melody_vae` goes
    the rate-distortion curve: small trainings with other numbers of latents and other betas.

    Returns
    -------
    The path of the card.
    """
    first = PLAN_PROFILES.get(profile.name, profile)
    second = TELLER_PROFILES.get(profile.name, profile)
    train, valid, test = (folk_windows(split) for split in ("train", "valid", "test"))
    train = train.take(np.isin(train.tune, drawn_places(len(train.rows), first, seed=seed)))
    progress = progress_folder(name, profile, seed=seed)
    curve = []
    if name == "melody_vae":
        curve = [
            curve_point(latent, beta, train, valid, profile=first, seed=seed, folder=progress, verbose=verbose)
            for latent, beta in CURVE
        ]
    options: dict[str, Any] = {"latent": LATENTS[name], "beta": BETAS[name], "seed": seed}
    fitting: dict[str, Any] = {"moved": MOVED, "verbose": verbose, "on_epoch": on_epoch}
    plan, reports = train_plan(
        train.symbols, valid.symbols, profile=first, folder=progress / "plan", **fitting, **options
    )
    model = vae_network(second, **options)
    copy_weights(plan, model)
    reports = reports + fit_vae(
        model, train.symbols, valid.symbols, profile=second, seed=seed, folder=progress / "teller", **fitting
    )
    for network in (plan, model):
        round_weights(network)
    model.codec = FourBarCodec()
    card = {
        "curve_cpu_seconds": round(sum(point["cpu_seconds"] for point in curve)),
        "profile": {"plan": dataclasses.asdict(first), "teller": dataclasses.asdict(second), "moved": MOVED},
        "data": {
            "name": "folk",
            "sha256": train.sha256,
            "train": len(train),
            "valid": len(valid),
            "test": len(test),
            "unit": "windows of four bars in 4/4, from tunes in 4/4, 2/2 and 2/4 (note values doubled), all moved to C",
        },
        "metrics": {
            "plan_alone": reconstruction(plan, test.symbols),
            **judge_melody_vae(model, train, test, seed=seed),
            **({"curve": curve} if curve else {}),
        },
        "licence": "weights: MIT; trained on tunes in the public domain",
    }
    return save_result(name, model, model.codec, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


def vae_network(profile: Profile, *, latent: int, beta: float, seed: int, has_teller: bool = True) -> MelodyVAE:
    """Return an untrained network of a profile's size."""
    return MelodyVAE(
        latent,
        units=profile.units,
        hidden=7 * profile.units // 3,
        decoder_units=profile.units // 2 if has_teller else 0,
        word_dropout=profile.dropout,
        beta=beta,
        warm_up=1000,
        seed=seed,
    )


def train_plan(
    train: npt.NDArray[np.int32],
    valid: npt.NDArray[np.int32],
    *,
    profile: Profile,
    latent: int = 16,
    beta: float = 0.1,
    seed: int = 0,
    **options: Any,
) -> tuple[MelodyVAE, list[EpochReport]]:
    """Train an encoder and a plan, without a teller: `MelodyVAE` with `decoder_units=0`, of a profile's size.

    Parameters
    ----------
    train, valid : symbols, (n, 64).
    profile : such as `PLAN_PROFILES["quick"]`.
    latent, beta, seed : of the model.
    options : `moved`, and those of `fit`: folder, verbose, on_epoch, monitor.

    Lesson: 09 variational_autoencoders.
    """
    model = vae_network(profile, latent=latent, beta=beta, seed=seed, has_teller=False)
    return model, fit_vae(model, train, valid, profile=profile, seed=seed, **options)


def fit_vae(
    model: MelodyVAE,
    train: npt.NDArray[np.int32],
    valid: npt.NDArray[np.int32],
    *,
    moved: float = 0.0,
    **options: Any,
) -> list[EpochReport]:
    """Train a model on windows, symbols (n, 64), with `fit` and its options; the validation loss is that of `valid_loss`.

    `moved` is the share of the training windows that come moved along the scale (see `WindowBatches`).
    """
    batches = partial(WindowBatches, moved=moved)
    return fit(model, list(train), list(valid), batches=batches, loss=valid_loss, **options)


def valid_loss(model: MelodyVAE, windows: Sequence[npt.NDArray[np.int32]]) -> float:
    """Return the loss of `MelodyVAE.compute_loss` with z at the mean: nats a sixteenth."""
    batches = WindowBatches(windows, 103)  # a sixth of the validation windows
    losses = []
    for x, _ in batches:
        losses.append(float(model.compute_loss(x, x, model.predict_on_batch(x), training=False)))
    return float(np.mean(losses))


def copy_weights(source: MelodyVAE, target: MelodyVAE) -> None:
    """Give a model the weights of another one, where it has weights of the same name."""
    kept = {weight.path: weight for weight in target.weights}
    for weight in source.weights:
        if weight.path in kept:
            kept[weight.path].assign(weight)


def curve_point(
    latent: int,
    beta: float,
    train: FourBarWindows,
    valid: FourBarWindows,
    *,
    profile: Profile,
    seed: int,
    folder: Path,
    verbose: int = 0,
) -> dict[str, Any]:
    """Return what a plan of so many latent numbers and with so much weight on the KL reaches on the validation windows.

    The result is kept in `folder`, so that a training that was killed goes on with the next point.
    """
    path = folder / f"curve-{latent}-{beta:g}.json"
    if path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    short = dataclasses.replace(profile, epochs=CURVE_EPOCHS.get(profile.name, 1), weight_decay=CURVE_WEIGHT_DECAY)
    model, reports = train_plan(
        train.symbols, valid.symbols, profile=short, latent=latent, beta=beta, seed=seed, verbose=verbose
    )
    point = {
        "latent": latent,
        "beta": beta,
        "epochs": len(reports),
        "cpu_seconds": round(sum(epoch.cpu_seconds for epoch in reports)),
        **reconstruction(model, valid.symbols),
    }
    write_atomically(path, json.dumps(point) + "\n")
    return point
