"""How a band is trained: a pair of a profile's size, its batches, and a game that goes on after it was killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.batching import in_parts, order_of_epoch
from musegen_edu.models.band_gan import BandGAN
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes.band_baselines import Tables
from musegen_edu.recipes.game_backup import GameBackup
from musegen_edu.recipes.making import EpochClock
from musegen_edu.tokens.band_codec import VOICES
from musegen_edu.training import EpochReport, Profile

AVERAGE = 0.998  # how slowly the players that are kept follow those that are trained
DICE = 0.5
JUDGE_PACE = 2.0  # the judges' learning rate, in players' rates


def band_network(
    profile: Profile,
    *,
    weights: Mapping[str, float] | None = None,
    given: str | None = None,
    listening: bool = True,
    seed: int = 0,
) -> BandGAN:
    """Return an untrained pair of a profile's size."""
    sizes = {"units": profile.units, "filters": profile.embedding}
    return BandGAN(weights, given=given, listening=listening, average=AVERAGE, dice=DICE, seed=seed, **sizes)


def fit_band(
    model: BandGAN,
    tables: Tables,
    *,
    profile: Profile,
    seed: int,
    steps: int | None = None,
    folder: Path | None = None,
    verbose: int = 0,
    on_epoch: Callable[[EpochReport], None] | None = None,
    callbacks: Any = (),
) -> list[EpochReport]:
    """Train a pair on tables, (n, 64, 13), for the profile's epochs or for so many steps; with a folder, a killed training goes on.

    Parameters
    ----------
    model : a fresh one, such as `band_network` makes; it is compiled here.
    tables : real bands.
    profile : epochs, batch size and the players' learning rate. Both rates fall together, to a tenth along a cosine.
    seed : of the order of the bands.
    steps : in place of the profile's epochs: so many steps, then an end.
    folder : for the checkpoints; None keeps none, and then no reports come back.
    verbose, on_epoch : as in `musegen_edu.training.fit`.
    callbacks : more of Keras' callbacks, such as that of a `GanMonitor`.

    Lesson: 11 hybrid_gans.
    """
    kept: list[Any] = []
    if folder is not None:
        kept = [EpochClock(folder / "epochs.json", on_epoch=on_epoch), GameBackup(folder / "game.npz")]
    begin = kept[1].epoch if kept else 0
    batches = BandBatches(tables, profile.batch_size, given=model.given, seed=seed, epoch=begin)
    total = profile.epochs * len(batches) if steps is None else steps
    falls = keras.optimizers.schedules.CosineDecay(1.0, total, alpha=0.1)
    model.compile(TwoSpeedAdam(profile.learning_rate, JUDGE_PACE * profile.learning_rate, learning_rate=falls))
    if steps is None:
        model.fit(batches, epochs=profile.epochs, initial_epoch=begin, verbose=verbose, callbacks=[*kept, *callbacks])
    else:
        for first in range(0, steps, len(batches)):
            last = min(len(batches), steps - first)
            model.fit(batches, steps_per_epoch=last, verbose=verbose, callbacks=list(callbacks))
    return list(kept[0].reports) if kept else []


class BandBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Tables for `BandGAN.fit`, with the given voice beside them where there is one, in a new order each epoch.

    What is left over at the end is left out of this epoch, so that all batches have one size.

    Examples
    --------
    >>> batches = BandBatches(np.zeros((20, 64, 13), np.int32), 8, given="soprano", seed=0)
    >>> len(batches), batches[0][0][0].shape, batches[0][0][1].shape
    (2, (8, 64, 13), (8, 64))
    """

    def __init__(self, tables: Tables, batch_size: int, *, given: str | None = None, seed: int, epoch: int = 0) -> None:
        super().__init__()
        self._tables, self._given, self._seed = tables, given, seed
        self._size = min(batch_size, len(tables))
        self._epoch = epoch
        self._order()

    def _order(self) -> None:
        rng = order_of_epoch(self._seed, self._epoch)
        parts = in_parts(np.arange(len(self._tables)), self._size, rng, argument="tables")
        self._parts = [part for part in parts if len(part) == self._size]

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Any:
        tables = self._tables[self._parts[index]]
        return ((tables, tables[:, :, VOICES.index(self._given)]),) if self._given else (tables,)

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self._epoch += 1
        self._order()
