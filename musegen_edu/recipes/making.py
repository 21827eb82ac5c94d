"""What every recipe does alike: choose what to train on, train where a killed run goes on, store the result with its card."""

from __future__ import annotations

import dataclasses
import json
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from musegen_edu.devices import device_report
from musegen_edu.files import learner_folder, write_atomically
from musegen_edu.pretrained import save_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.training import EpochReport, Profile, fit

Piece = TypeVar("Piece")


class Timed(Protocol):
    """One epoch as a card needs it: `EpochReport` is one."""

    @property
    def seconds(self) -> float:
        """Seconds by the clock."""

    @property
    def cpu_seconds(self) -> float:
        """Seconds of the processor, all its cores added up."""


def drawn_places(n: int, profile: Profile, *, seed: int) -> npt.NDArray[np.int64]:
    """Return which of n pieces a profile trains on, rising: `n_tunes` of them, drawn by the seed, or all.

    Parameters
    ----------
    n : how many pieces there are.
    profile : `n_tunes` says how many to take; None takes all, and so does a number above n.
    seed : of the draw; the same seed draws the same pieces, and the first ones of a larger draw.

    Examples
    --------
    >>> import dataclasses
    >>> profile = dataclasses.replace(Profile.named("quick"), n_tunes=3)
    >>> drawn_places(10, profile, seed=0).tolist()
    [2, 4, 6]
    """
    if profile.n_tunes is None:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).permutation(n)[: profile.n_tunes])


def drawn(pieces: Sequence[Piece], profile: Profile, *, seed: int) -> list[Piece]:
    """Return the pieces that a profile trains on, in the order in which they come (see `drawn_places`).

    Examples
    --------
    >>> import dataclasses
    >>> drawn("abcdefghij", dataclasses.replace(Profile.named("quick"), n_tunes=3), seed=0)
    ['c', 'e', 'g']
    """
    return [pieces[place] for place in drawn_places(len(pieces), profile, seed=seed).tolist()]


def progress_folder(name: str, profile: Profile, *, seed: int) -> Path:
    """Return where a model's training keeps its checkpoints until `save_result` puts them away; the folder need not exist.

    Another name, profile or seed has another folder, so that two trainings never meet.
    """
    return learner_folder() / "training" / f"{name}-{profile.name}-{seed}"


def fit_to_store(
    name: str,
    model: keras.Model,
    train: Sequence[Any],
    valid: Sequence[Any],
    *,
    profile: Profile,
    seed: int,
    **options: Any,
) -> list[EpochReport]:
    """Train a model with `fit`, its checkpoint in `progress_folder`, and leave it with its weights as they will be stored.

    Parameters
    ----------
    name : of the model, such as `"chorale_lstm"`.
    model : a fresh one.
    train, valid : what `fit` goes through, such as token sequences.
    profile, seed : as in `fit`; both name the folder too.
    options : those of `fit`: verbose, on_epoch, batches, loss, monitor.

    Returns
    -------
    The reports of all epochs.
    """
    folder = progress_folder(name, profile, seed=seed)
    reports = fit(model, train, valid, profile=profile, seed=seed, folder=folder, **options)
    round_weights(model)
    return reports


def round_weights(model: keras.Model) -> None:
    """Round a model's weights to 16-bit floats, as they are stored: a card must tell what the stored weights can do.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.set_weights([np.array([[1 / 3]]), np.array([1e-9])])
    >>> round_weights(model)
    >>> [weight.ravel().tolist() for weight in model.get_weights()]
    [[0.333251953125], [0.0]]
    """
    model.set_weights([weight.astype(np.float16).astype(np.float32) for weight in model.get_weights()])


def card_head(name: str, profile: Profile, *, seed: int, epochs: Sequence[Timed]) -> dict[str, Any]:
    """Return the first fields of a card: how the model was made, how long that took, and on what machine.

    Parameters
    ----------
    name : of the model, by which `musegen train` knows it.
    profile : all its numbers are written down.
    seed : of weights, dropout and order.
    epochs : one report an epoch, such as `fit` returns or an `EpochClock` holds.

    Returns
    -------
    `command`, `seed`, `seconds` and `cpu_seconds` (whole ones, of training alone), `epochs`, `machine` and `profile`.

    Examples
    --------
    >>> reports = [EpochReport(0, 2.0, 2.1, 3.4, 6.6, True), EpochReport(1, 1.8, 2.0, 3.4, 6.6, True)]
    >>> head = card_head("melody_gru", Profile.named("quick"), seed=3, epochs=reports)
    >>> head["command"], head["seconds"], head["cpu_seconds"], head["epochs"]
    ('musegen train melody_gru --profile quick --seed 3', 7, 13, 2)
    """
    return {
        "command": f"musegen train {name} --profile {profile.name} --seed {seed}",
        "seed": seed,
        "seconds": round(sum(epoch.seconds for epoch in epochs)),
        "cpu_seconds": round(sum(epoch.cpu_seconds for epoch in epochs)),
        "epochs": len(epochs),
        "machine": f"{device_report()}, Python {platform.python_version()}",
        "profile": dataclasses.asdict(profile),
    }


def save_result(
    name: str,
    model: keras.Model,
    codec: Any = None,
    *,
    profile: Profile,
    seed: int,
    epochs: Sequence[Timed],
    card: dict[str, Any],
    folder: Path,
) -> Path:
    """Write a trained model's weights and its card, and put its checkpoints away.

    Parameters
    ----------
    name : the files are `name.npz` and `name.json`.
    model, codec : as in `save_pretrained`.
    profile, seed, epochs : what `card_head` tells of.
    card : the other fields: data (with its sha256), metrics, licence. A field of the head that is given here too replaces the head's.
    folder : where the files go.

    Returns
    -------
    The path of the card.
    """
    card = {**card_head(name, profile, seed=seed, epochs=epochs), **card}
    path = save_pretrained(name, model, codec, card=card, folder=folder)
    # The checkpoints have done their work; and the result is on the disk, so a file that cannot be removed is no reason to fail.
    shutil.rmtree(progress_folder(name, profile, seed=seed), ignore_errors=True)
    return path


class EpochClock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Times the epochs of a model that trains by Keras' own `fit`, and remembers them when the process is killed.

    For trainings that have no single loss to choose the best epoch by, such as two players against each other. Put it before
    `BackupAndRestore`, which brings the weights back: epochs that are gone through again are counted once.

    Parameters
    ----------
    path : a JSON file in `progress_folder`; what it holds from before is read.
    on_epoch : called with each epoch's report.

    Attributes
    ----------
    reports : one `EpochReport` an epoch, those before an interruption included. `train_loss` is the log `loss`, `valid_loss` the log
        `val_loss` or NaN where there is none; an epoch is best where its validation loss is, and each one in turn where there is none.

    Raises
    ------
    ValueError
        If the file is there and cannot be read.

    Lesson: 10 generative_adversarial_networks.
    """

    def __init__(self, path: Path, *, on_epoch: Callable[[EpochReport], None] | None = None) -> None:
        super().__init__()
        self._path, self._on_epoch = path, on_epoch
        self.reports: list[EpochReport] = []
        self._began = (0.0, 0.0)  # by the clock, of the processor
        if path.is_file():
            try:
                self.reports = [EpochReport(**report) for report in json.loads(path.read_text(encoding="utf-8"))]
            except (ValueError, TypeError) as error:
                raise ValueError(f"{path} does not hold the epochs of a training ({error}); delete it") from error

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clocks; epochs from this one on that were reported before will be gone through again."""
        self.reports = self.reports[:epoch]
        self._began = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the epoch and write all reports down."""
        logs, (began, cpu_began) = logs or {}, self._began
        valid_loss = float(logs.get("val_loss", np.nan))
        best = min((report.valid_loss for report in self.reports if report.is_best), default=np.inf)
        self.reports.append(
            EpochReport(
                epoch,
                float(logs.get("loss", np.nan)),
                valid_loss,
                time.perf_counter() - began,
                time.process_time() - cpu_began,
                "val_loss" not in logs or valid_loss < best,
            )
        )
        write_atomically(self._path, json.dumps([dataclasses.asdict(report) for report in self.reports]) + "\n")
        if self._on_epoch is not None:
            self._on_epoch(self.reports[-1])
