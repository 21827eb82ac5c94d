"""How `style_cycle` is made: reels told as chorales, chorales told as reels, and what the cycle is worth."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.files import write_atomically
from musegen_edu.four_bars import FourBarWindows
from musegen_edu.models.style_cycle import StyleCycle
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes.game_backup import GameBackup
from musegen_edu.recipes.making import EpochClock, drawn_places, progress_folder, round_weights, save_result
from musegen_edu.recipes.style_transfer_judging import judge_style_cycle, style_row
from musegen_edu.style_judging import VIEWS, StyleJudge, train_style_judge
from musegen_edu.style_windows import STYLES, StylePairs, style_windows
from musegen_edu.tokens.four_bar_codec import FourBarCodec
from musegen_edu.training import EpochReport, Profile

NAME = "style_cycle"
# `embedding` is the number of filters of the judges' first convolution, `units` the width of the translators; the rate is the translators'
STYLE_PROFILES = {
    "quick": Profile("quick", 6, 6, 32, 2e-3, 0.0, 8, 32, 1, 0.0, 60),
    "full": Profile("full", 16, 16, 32, 1e-3, 0.0, 16, 64, 1, 0.0),
}
JUDGE_RATE = 2.0  # how many times as fast as the translators the judges learn
CYCLES = (0.0, 0.3, 1.0, 3.0)  # of the trade-off in the card
CURVE_EPOCHS = {"quick": 1, "full": 5}


def train_style_cycle(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `style_cycle`, measure it against what needs no training of its own, and write its weights and card.

    The training pieces train it; what is stored is the running average of its weights. The style judge learns from the validation pieces.
    The test pieces are looked at once, at the end. The trade-off comes from shorter trainings with other weights of the cycle, and from
    the validation windows.

    Returns
    -------
    The path of the card.
    """
    profile = STYLE_PROFILES.get(profile.name, profile)
    progress = progress_folder(NAME, profile, seed=seed)
    heaps = [_drawn(style_windows(style, "train"), profile, seed=seed) for style in STYLES]
    model = style_network(profile, seed=seed)
    reports = fit_style_cycle(
        model, heaps, profile=profile, seed=seed, folder=progress, verbose=verbose, on_epoch=on_epoch
    )
    model.settle()
    round_weights(model)
    model.codec = FourBarCodec()
    judges = {view: train_style_judge(view) for view in VIEWS}
    curve = [curve_point(cycle, heaps, judges, profile=profile, seed=seed, folder=progress) for cycle in CYCLES]
    counts = {style: len(style_windows(style, "test")) for style in STYLES}
    card = {
        "curve_cpu_seconds": round(sum(point["cpu_seconds"] for point in curve)),
        "data": {
            "name": "folk, chorales",
            "sha256": [heap.sha256 for heap in heaps],
            "train": {style: len(heap) for style, heap in zip(STYLES, heaps, strict=True)},
            "test": counts,
            "unit": "windows of four bars in 4/4: reels, and the sopranos of chorales, all moved to C",
        },
        "metrics": {**judge_style_cycle(model, judges), "curve": curve},
        "licence": "weights: MIT; trained on tunes in the public domain",
    }
    return save_result(NAME, model, model.codec, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


def style_network(profile: Profile, *, seed: int, **options: Any) -> StyleCycle:
    """Return an untrained network of a profile's size; options as in `StyleCycle`."""
    few = profile.embedding
    return StyleCycle(STYLES, units=profile.units, filters=(few, 2 * few, 3 * few), seed=seed, **options)


def fit_style_cycle(
    model: StyleCycle,
    heaps: Sequence[FourBarWindows],
    *,
    profile: Profile,
    seed: int,
    folder: Path,
    verbose: int = 0,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> list[EpochReport]:
    """Train a model on windows of the first and the second style; in `folder` are the checkpoints by which a killed run goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    first, second = (heap.symbols for heap in heaps)
    steps = profile.epochs * len(StylePairs(first, second, profile.batch_size))
    fall = keras.optimizers.schedules.CosineDecay(1.0, max(1, steps), alpha=0.02)
    model.compile(TwoSpeedAdam(profile.learning_rate, JUDGE_RATE * profile.learning_rate, learning_rate=fall))
    clock = EpochClock(folder / "epochs.json", on_epoch=on_epoch)
    backup = GameBackup(folder / "game.npz")
    pairs = StylePairs(first, second, profile.batch_size, seed=seed, epoch=backup.epoch)
    model.fit(pairs, epochs=profile.epochs, initial_epoch=backup.epoch, verbose=verbose, callbacks=[clock, backup])
    return clock.reports


def curve_point(
    cycle: float,
    heaps: Sequence[FourBarWindows],
    judges: Mapping[str, StyleJudge],
    *,
    profile: Profile,
    seed: int,
    folder: Path,
) -> dict[str, Any]:
    """Return what a short training with some weight on the cycle reaches, on the validation windows, in both directions.

    The judges of style know the real validation windows, but no translated ones. The result is kept in `folder`, so that a training that
    was killed goes on with the next point.
    """
    path = folder / f"cycle-{cycle:g}.json"
    if path.is_file():
        return dict(json.loads(path.read_text(encoding="utf-8")))
    short = dataclasses.replace(profile, epochs=CURVE_EPOCHS.get(profile.name, 1))
    model = style_network(short, seed=seed, cycle=cycle)
    place = folder / f"cycle-{cycle:g}"
    reports = fit_style_cycle(model, heaps, profile=short, seed=seed, folder=place)
    point: dict[str, Any] = {"cycle": cycle, "epochs": len(reports)}
    for source, target in (STYLES, STYLES[::-1]):
        start = style_windows(source, "valid", hop=4).symbols
        point[f"{source} to {target}"] = style_row(model.transfer(start, target), start, target, judges)
    point["cpu_seconds"] = round(sum(epoch.cpu_seconds for epoch in reports))
    write_atomically(path, json.dumps(point) + "\n")
    return point


def _drawn(windows: FourBarWindows, profile: Profile, *, seed: int) -> FourBarWindows:
    """Return the windows of the tunes that a profile trains on."""
    tunes = np.unique(windows.tune)
    return windows.take(np.isin(windows.tune, tunes[drawn_places(len(tunes), profile, seed=seed)]))
