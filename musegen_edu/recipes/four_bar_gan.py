"""How `four_bar_gan` is made: a generator that has never seen a tune, and a judge that has seen them all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.four_bars import FourBarWindows, folk_windows
from musegen_edu.models.four_bar_gan import FourBarGAN
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes.forger_judging import judge_forgers
from musegen_edu.recipes.game_backup import GameBackup
from musegen_edu.recipes.making import EpochClock, drawn_places, progress_folder, round_weights, save_result
from musegen_edu.tokens import FourBarCodec
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes. `learning_rate` is the generator's, `units` its width, `embedding` the latent numbers that make a
# tune.
GAN_PROFILES = {
    "quick": Profile("quick", 2, 2, 32, 5e-4, 0.0, 32, 96, 1, 0.0),
    "full": Profile("full", 40, 40, 32, 5e-4, 0.0, 32, 96, 1, 0.0),
}
JUDGE_PACE = 2.0  # the judge's learning rate, in generator's rates
LAST_RATE = 0.1  # both rates fall to this share of themselves along a cosine
JIT = keras.backend.backend() != "torch"  # XLA takes a quarter off each step, once it has compiled for ten seconds


def train_four_bar_gan(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `four_bar_gan` on four bars of folk tunes, measure it beside its rivals, and write its weights and card.

    There is no loss to choose an epoch by: the last one counts. The test windows, of other tunes, are looked at once, at the end, with the
    weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    profile = GAN_PROFILES.get(profile.name, profile)
    train, test = folk_windows("train"), folk_windows("test")
    if profile.n_tunes is not None:
        train = train.take(np.isin(train.tune, drawn_places(len(train.rows), profile, seed=seed)))
    pair = forger_pair(profile, seed=seed)
    reports = fit_forger(
        pair,
        train.symbols,
        profile=profile,
        seed=seed,
        folder=progress_folder("four_bar_gan", profile, seed=seed),
        jit_compile=JIT,
        verbose=verbose,
        on_epoch=on_epoch,
    )
    round_weights(pair)
    pair.codec = FourBarCodec()
    card = {
        "data": window_data(train, test),
        "metrics": judge_forgers({"GAN": pair}, train, test, seed=seed),
        "licence": "weights: MIT; trained on tunes in the public domain",
    }
    return save_result(
        "four_bar_gan", pair, pair.codec, profile=profile, seed=seed, epochs=reports, card=card, folder=folder
    )


def forger_pair(profile: Profile, *, seed: int, kind: str = "gru", **options: Any) -> FourBarGAN:
    """Return an untrained pair of a profile's size.

    Parameters
    ----------
    profile : such as `GAN_PROFILES["quick"]`.
    seed : of the weights and of the noise while training.
    kind : of generator, see `FourBarGAN`.
    options : others of `FourBarGAN`, such as `loss` and `judge`.

    Lesson: 10 generative_adversarial_networks.
    """
    settings = {"average": 0.999, **options}
    return FourBarGAN(kind, latent=profile.embedding, units=profile.units, seed=seed, **settings)


def fit_forger(
    pair: FourBarGAN,
    windows: npt.NDArray[np.int32],
    *,
    profile: Profile,
    seed: int,
    judge_steps: int = 1,
    folder: Path | None = None,
    verbose: int = 0,
    on_epoch: Callable[[EpochReport], None] | None = None,
    callbacks: Any = (),
    jit_compile: bool = JIT,
) -> list[EpochReport]:
    """Let a pair play a profile's epochs on windows, symbols (n, 64); a game that was killed goes on after its last whole epoch.

    The rates of both players fall together, so that the game comes to rest at its end.

    Parameters
    ----------
    pair : a fresh one, such as `forger_pair` makes; it is compiled here.
    windows : real tunes.
    profile : epochs, batch size and the generator's learning rate.
    seed : of the order of the windows.
    judge_steps : steps of the judge for one of the generator.
    folder : for the checkpoints; None keeps none, and then no reports come back.
    verbose, on_epoch : as in `musegen_edu.training.fit`.
    callbacks : more of Keras' callbacks, such as that of a `GanMonitor`.
    jit_compile : whether XLA compiles the training step, which pays off after some thousand steps.

    Lesson: 10 generative_adversarial_networks.
    """
    kept: list[Any] = []
    if folder is not None:
        kept = [EpochClock(folder / "epochs.json", on_epoch=on_epoch), GameBackup(folder / "game.npz")]
    begin = kept[1].epoch if kept else 0
    batches = RealWindows(windows, profile.batch_size, seed=seed, epoch=begin)
    falls = keras.optimizers.schedules.CosineDecay(1.0, profile.epochs * len(batches), alpha=LAST_RATE)
    optimizer = TwoSpeedAdam(
        profile.learning_rate, JUDGE_PACE * profile.learning_rate, judge_steps=judge_steps, learning_rate=falls
    )
    pair.compile(optimizer, jit_compile=jit_compile)
    pair.fit(
        batches,
        epochs=profile.epochs,
        initial_epoch=begin,
        verbose=verbose,
        callbacks=[*kept, *callbacks],
        shuffle=False,
    )
    return kept[0].reports if kept else []


class RealWindows(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches of windows in an order that depends on the seed and the epoch alone; what is left over sits an epoch out.

    Parameters
    ----------
    windows : symbols, (n, 64).
    batch_size : windows a batch, at most n.
    seed : of the order.
    epoch : the first one to be gone through.

    Examples
    --------
    >>> batches = RealWindows(np.arange(20)[:, None].repeat(64, axis=1), 8, seed=0)
    >>> len(batches), batches[0].shape
    (2, (8, 64))
    """

    def __init__(self, windows: npt.NDArray[Any], batch_size: int, *, seed: int, epoch: int = 0) -> None:
        super().__init__()
        if not 1 <= batch_size <= len(windows):
            raise ValueError(f"batch_size={batch_size} must be from 1 to the {len(windows)} windows")
        self._windows, self._size, self._seed, self._epoch = windows, batch_size, seed, epoch
        self._mix()

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._windows) // self._size

    def __getitem__(self, index: int) -> npt.NDArray[Any]:
        """Return one batch, (batch_size, 64)."""
        return self._windows[self._order[index * self._size : (index + 1) * self._size]]

    def on_epoch_end(self) -> None:
        """Mix the windows for the next epoch."""
        self._epoch += 1
        self._mix()

    def _mix(self) -> None:
        self._order = np.random.default_rng([self._seed, self._epoch]).permutation(len(self._windows))


def window_data(train: FourBarWindows, test: FourBarWindows) -> dict[str, Any]:
    """Return what a card says of the data."""
    return {
        "name": "folk",
        "sha256": train.sha256,
        "train": len(train),
        "test": len(test),
        "unit": "windows of four bars in 4/4, from tunes in 4/4, 2/2 and 2/4 (note values doubled), all moved to C",
    }
