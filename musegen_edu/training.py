"""Training: profiles, a fit that survives being killed, and the recipes behind `musegen train NAME`."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.batching import TokenBatches, nats_per_token
from musegen_edu.files import learner_folder, write_atomically
from musegen_edu.observer import TrainingObserver
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.vocabulary import PAD, Tokens


@dataclass(frozen=True)
class Profile:
    """How much to train. Lessons train `quick` on any laptop and `full` on a GPU or with patience.

    Parameters
    ----------
    name : for cards and messages.
    epochs : passes over the data, at most.
    patience : epochs without a better validation loss after which training stops.
    batch_size : sequences a step.
    learning_rate : at its height; it falls to nearly zero along a cosine.
    weight_decay : of AdamW.
    embedding, units, depth, dropout : sizes of the network, as in `MelodyNetwork`.
    n_tunes : how many tunes to train on; None for all.

    Examples
    --------
    >>> Profile.named("quick").epochs < Profile.named("full").epochs
    True
    """

    name: str
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    embedding: int
    units: int
    depth: int
    dropout: float
    n_tunes: int | None = None

    @classmethod
    def named(cls, name: str) -> Profile:
        """Return the profile `quick` (under a minute on two cores) or `full` (some fifteen minutes there)."""
        if name not in _PROFILES:
            raise ValueError(f"profile={name!r} is not a profile; choose one of {', '.join(_PROFILES)}")
        return _PROFILES[name]


_PROFILES = {
    "quick": Profile("quick", 3, 3, 8, 8e-3, 1e-3, 64, 128, 1, 0.0),
    "full": Profile("full", 28, 6, 16, 5e-3, 1e-2, 64, 256, 1, 0.25),
}


@dataclass(frozen=True)
class EpochReport:
    """What an epoch brought: mean losses in nats a token, seconds by the clock and of the processor, whether it is the best so far."""

    epoch: int
    train_loss: float
    valid_loss: float
    seconds: float
    cpu_seconds: float  # all cores that this process kept busy, added up
    is_best: bool


def fit(
    model: keras.Model,
    train: Sequence[Tokens],
    valid: Sequence[Tokens],
    *,
    profile: Profile,
    seed: int,
    folder: str | os.PathLike[str] | None = None,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
    batches: Callable[..., Sequence[Any]] = TokenBatches,
    loss: Callable[[keras.Model, Sequence[Any]], float] = nats_per_token,
    monitor: TrainingObserver | None = None,
) -> list[EpochReport]:
    """Train a token model, keep its best weights, and be able to go on after the process was killed.

    After each epoch everything that training needs (weights, optimiser, dropout's random state, best weights, losses) goes
    into one file, written atomically. Called again with the same arguments, `fit` goes on after the last whole epoch and ends
    where it would have ended. The order of batches depends on the seed and the epoch alone.

    Parameters
    ----------
    model : a fresh model, such as `MelodyRNN` or `MelodyLSTM`; it is compiled here.
    train, valid : token sequences. The validation loss decides which weights are best, and when to stop early.
    profile : epochs, patience, batch size, learning rate and weight decay.
    seed : of the order of batches.
    folder : for the checkpoint; None keeps none.
    verbose : 1 shows Keras' progress bar, 0 nothing.
    on_epoch : called with each epoch's report as soon as its checkpoint is on the disk.
    batches : makes the pairs (x, y) of an epoch from the sequences, the batch size, `seed` and `epoch`; padding in y is `PAD`.
    loss : the validation loss, from the model and the validation sequences.
    monitor : watches, and may pause or stop: a `TrainingMonitor`, for one. An epoch that is stopped half-way is not reported; if it was
        the first one, the model keeps what it has learnt so far.

    Returns
    -------
    The reports of all epochs, those before an interruption included. The model holds the weights of the best.

    Raises
    ------
    ValueError
        If the folder holds the checkpoint of another run, or one that cannot be read.

    Lesson: 05 recurrent_networks.
    """
    steps = len(batches(train, profile.batch_size))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.1 * profile.learning_rate,
        profile.epochs * steps,
        alpha=0.01,
        warmup_target=profile.learning_rate,
        warmup_steps=max(1, steps // 2),
    )
    jit = _JIT or (keras.backend.backend() == "tensorflow" and getattr(model, "gains_from_xla", False))
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=profile.weight_decay, clipnorm=1.0), jit_compile=jit)
    model.optimizer.build(model.trainable_variables)
    best = model.get_weights()
    reports: list[EpochReport] = []
    checkpoint = None if folder is None else Path(folder) / "checkpoint.npz"
    run = _fingerprint(model, train, valid, profile, seed)
    if checkpoint is not None and checkpoint.is_file():
        reports, best = _read_checkpoint(checkpoint, model, run)

    if monitor is not None:
        earlier = [{"loss": report.train_loss, "val_loss": report.valid_loss} for report in reports]
        monitor.begin(model, epochs=profile.epochs - len(reports), batches=steps, earlier=earlier)
    goes_on = True
    while goes_on and not _is_over(reports, profile):
        epoch, began, cpu_began = len(reports), time.perf_counter(), time.process_time()
        if monitor is not None:
            monitor.begin_epoch(profile.epochs - epoch)
        ordered = batches(train, profile.batch_size, seed=seed, epoch=epoch)
        train_loss = _train_one_epoch(model, ordered, verbose, monitor)
        if train_loss is None:  # stopped half-way
            best = best if reports else model.get_weights()
            break
        valid_loss = loss(model, valid)
        is_best = valid_loss < min((report.valid_loss for report in reports), default=np.inf)
        if is_best:
            best = model.get_weights()
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        reports.append(EpochReport(epoch, train_loss, valid_loss, seconds, cpu_seconds, is_best))
        if checkpoint is not None:
            _write_checkpoint(checkpoint, model, run, reports, best)
        if on_epoch is not None:
            on_epoch(reports[-1])
        if monitor is not None:
            goes_on = monitor.after_epoch({"loss": train_loss, "val_loss": valid_loss}, model=model)
    model.set_weights(best)
    if monitor is not None:
        monitor.end()
    return reports


_JIT = (
    keras.backend.backend() == "jax"
)  # on the CPU TensorFlow trains an LSTM faster without XLA (23,500 against 18,500 tokens/s)


def _train_one_epoch(
    model: keras.Model, batches: Sequence[Any], verbose: int, monitor: TrainingObserver | None
) -> float | None:
    """Return the mean loss a token while training, or None where the monitor has stopped it."""
    # Not model.fit: on TensorFlow it wants all batches as long as the first ones.
    bar = keras.utils.Progbar(len(batches), verbose=verbose, unit_name="batch", stateful_metrics=["loss"])
    total, count = 0.0, 0
    for index, (x, y) in enumerate(batches):
        model.reset_metrics()  # else the loss would be a mean over batches, whatever their sizes
        tokens = int((y != PAD).sum())
        batch_loss = float(model.train_on_batch(x, y))
        total += batch_loss * tokens
        count += tokens
        bar.update(index + 1, [("loss", total / count)], finalize=index + 1 == len(batches))
        if monitor is not None and not monitor.after_batch(batch_loss, batch=index + 1):
            return None
    return total / count


def _is_over(reports: Sequence[EpochReport], profile: Profile) -> bool:
    since_best = next((age for age, report in enumerate(reversed(reports)) if report.is_best), 0)
    return len(reports) >= profile.epochs or since_best >= profile.patience


def _fingerprint(
    model: keras.Model, train: Sequence[Tokens], valid: Sequence[Tokens], profile: Profile, seed: int
) -> dict[str, Any]:
    digest = hashlib.sha256()
    for sequences in (train, valid):
        for sequence in sequences:
            digest.update(np.asarray(sequence, np.int64).tobytes())
        digest.update(b"|")
    described = {
        "model": model.get_config(),
        "profile": dataclasses.asdict(profile),
        "seed": seed,
        "data": digest.hexdigest(),
    }
    return dict(json.loads(json.dumps(described)))


def _state(model: keras.Model) -> list[Any]:
    """Return all variables that training changes: weights, dropout's random states, the optimiser's own."""
    metrics = {id(variable) for variable in model.metrics_variables}
    own = [variable for variable in model.variables if id(variable) not in metrics]
    return [*own, *model.optimizer.variables]


def _write_checkpoint(
    path: Path,
    model: keras.Model,
    run: dict[str, Any],
    reports: Sequence[EpochReport],
    best: Sequence[npt.NDArray[Any]],
) -> None:
    arrays: dict[str, Any] = {f"state_{i}": variable.numpy() for i, variable in enumerate(_state(model))}
    arrays |= {f"best_{i}": value for i, value in enumerate(best)}
    story = json.dumps({"run": run, "reports": [dataclasses.asdict(report) for report in reports]})
    stream = io.BytesIO()
    np.savez(stream, story=np.array(story), **arrays)
    write_atomically(path, stream.getvalue())


def _read_checkpoint(
    path: Path, model: keras.Model, run: dict[str, Any]
) -> tuple[list[EpochReport], list[npt.NDArray[Any]]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            story = json.loads(str(stored["story"]))
            if story["run"] != run:
                differs = ", ".join(key for key in run if story["run"].get(key) != run[key])
                raise ValueError(f"it belongs to another run (it differs in: {differs})")
            for i, variable in enumerate(_state(model)):
                variable.assign(stored[f"state_{i}"])
            best = [stored[f"best_{i}"] for i in range(len(model.weights))]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"cannot go on from {path}: {error}. Delete it to begin anew, or choose another folder."
        ) from error
    return [EpochReport(**report) for report in story["reports"]], best


def train(
    name: str,
    profile: str = "quick",
    *,
    folder: str | os.PathLike[str] | None = None,
    seed: int = 0,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train one of the course's models by its recipe, and write its weights and card; a killed training goes on.

    Parameters
    ----------
    name : such as `"melody_lstm"`; the names are those of `musegen_edu.recipes.RECIPES`.
    profile : `"quick"` or `"full"`.
    folder : where the weights go; the folder `weights` of the learner's own if None, so that the weights that came with the
        course stay. `load_pretrained(name, folder)` loads them.
    seed : of weights, dropout and order.
    verbose, on_epoch : as in `fit`.

    Returns
    -------
    The path of the card.
    """
    from musegen_edu.recipes import RECIPES

    if name not in RECIPES:
        raise ValueError(f"name={name!r} is no model with a recipe; choose one of {', '.join(RECIPES)}")
    folder = Path(folder) if folder is not None else learner_folder() / "weights"
    return RECIPES[name](Profile.named(profile), folder=folder, seed=seed, verbose=verbose, on_epoch=on_epoch)
