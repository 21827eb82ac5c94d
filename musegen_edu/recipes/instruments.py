"""How `instrument_cnn` is made, from the rendered notes to its card, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio_datasets import AudioDataset
from musegen_edu.batching import Batches, in_parts, order_of_epoch
from musegen_edu.datasets import load_dataset
from musegen_edu.models.instruments import InstrumentCNN, sounds_to_pictures
from musegen_edu.recipes.making import drawn, fit_to_store, save_result
from musegen_edu.spectrogram import FLOOR_DB
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes. `units` is the number of filters of the last convolution; the two before have a third and two
# thirds of it. `embedding` and `depth` are not used.
INSTRUMENT_PROFILES = {
    "quick": Profile("quick", 12, 12, 32, 4e-3, 1e-3, 1, 48, 3, 0.1),
    "full": Profile("full", 40, 10, 32, 4e-3, 1e-2, 1, 48, 3, 0.1),
}
_LEVELS = (-12.0, 6.0)  # decibels by which a sound is made softer or louder while training: loudness says nothing then
_LINEAR_STEPS, _LINEAR_RATE = 400, 1.0

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


def train_instrument_cnn(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `instrument_cnn` on the rendered notes of "timbre", measure it, and write its weights and card.

    The split is by pitch (see the dataset's card). Each training sound comes at another level in each epoch. The validation pitches choose the
    best epoch; the test pitches are looked at once, at the end, with the weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    profile = INSTRUMENT_PROFILES.get(profile.name, profile)
    timbre = load_dataset("timbre")
    train, valid, test = timbre.train, timbre.valid, timbre.test
    mels, targets = zip(*((sounds_to_pictures(part.audio), part.targets) for part in (train, valid)), strict=True)
    pictures, truth = np.concatenate(mels), np.concatenate(targets)  # the network's data are places in these two
    places: list[Any] = [np.int64(place) for place in range(len(truth))]
    mine, others = drawn(places[: len(train)], profile, seed=seed), places[len(train) :]
    model = instrument_network(profile, len(timbre.class_names), seed=seed)
    reports = fit_to_store(
        "instrument_cnn",
        model,
        mine,
        others,
        profile=profile,
        seed=seed,
        verbose=verbose,
        on_epoch=on_epoch,
        batches=partial(MelBatches, pictures, truth),
        loss=lambda model, places: nats_per_sound(model, pictures[places], truth[places]),
    )
    card = {
        "data": {
            "name": timbre.name,
            "sha256": timbre.sha256,
            "train": len(mine),
            "valid": len(valid),
            "test": len(test),
            "split": "by pitch: no pitch of the test, at whatever velocity, is among those trained on",
        },
        "classes": list(timbre.class_names),
        "metrics": judge_instruments(model, timbre, pictures[: len(train)]),
        "licence": "weights: MIT; trained on sounds rendered from the SoundFont that the package pretty_midi carries",
    }
    return save_result("instrument_cnn", model, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


def instrument_network(profile: Profile, n_classes: int, *, seed: int) -> InstrumentCNN:
    """Return an untrained network of a profile's size."""
    filters = tuple(max(1, profile.units * part // 3) for part in (1, 2, 3))
    return InstrumentCNN(n_classes, filters=filters, dropout=profile.dropout, seed=seed)


class MelBatches(Batches):
    """Pairs (x, y): mel spectrograms (batch, frames, mels, 1) and their classes (batch, n_classes), 1 at the true one.

    With a seed, the order is drawn anew in each epoch, and so is the level of each sound. Without one everything stays as it is.

    Parameters
    ----------
    mels : (n, frames, mels, 1) decibels.
    targets : (n,) numbers of the classes.
    places : which of the n.
    batch_size : sounds a batch.
    seed : of order and levels; None for neither.
    epoch : number of the pass over the data.

    Examples
    --------
    >>> batches = MelBatches(np.zeros((5, 8, 64, 1)), np.array([0, 1, 2, 1, 0]), [0, 2, 4], batch_size=2)
    >>> [(x.shape, y.argmax(axis=1).tolist()) for x, y in batches]
    [((2, 8, 64, 1), [0, 2]), ((1, 8, 64, 1), [0])]
    """

    def __init__(
        self,
        mels: npt.ArrayLike,
        targets: npt.NDArray[np.int64],
        places: Sequence[Any],
        batch_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
    ) -> None:
        self._mels = np.asarray(mels, np.float32)
        self._truth = np.eye(int(np.max(targets)) + 1, dtype=np.float32)[targets]  # (n, n_classes)
        rng = order_of_epoch(seed, epoch)
        self._parts = in_parts(places, batch_size, rng, argument="places")
        # one level a sound, drawn here, so that a batch is the same however often it is asked for
        self._levels = None if rng is None else rng.uniform(*_LEVELS, len(self._mels)).astype(np.float32)

    def _pair(self, part: Places) -> tuple[Floats, Floats]:
        x = self._mels[part]
        if self._levels is not None:
            x = np.maximum(x + self._levels[part, None, None, None], np.float32(FLOOR_DB))
        return x, self._truth[part]


def nats_per_sound(model: InstrumentCNN, mels: Floats, targets: npt.NDArray[np.int64]) -> float:
    """Return the mean surprise at the true instrument, in nats."""
    p = model.probabilities(mels)[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(p, 1e-12)).mean())


def judge_instruments(model: InstrumentCNN, timbre: AudioDataset, train_mels: Floats) -> dict[str, Any]:
    """Return the network's accuracy and surprise on the test pitches, beside chance, a linear model and the nearest neighbour."""
    test = timbre.test
    mels = sounds_to_pictures(test.audio)
    found = model.probabilities(mels).argmax(axis=1)
    x_train, x_test = mfcc_means(train_mels), mfcc_means(mels)
    return {
        "test_nats": round(nats_per_sound(model, mels, test.targets), 4),
        "test_accuracy": accuracy(found, test.targets),
        "test_accuracy_by_instrument": {
            name: accuracy(found[test.targets == number], number) for number, name in enumerate(timbre.class_names)
        },
        "chance_accuracy": round(1 / len(timbre.class_names), 4),
        "linear_on_mean_mfccs_accuracy": accuracy(linear_classes(x_train, timbre.train.targets, x_test), test.targets),
        "nearest_neighbour_on_mean_mfccs_accuracy": accuracy(
            timbre.train.targets[nearest(x_train, x_test)], test.targets
        ),
    }


def accuracy(found: npt.ArrayLike, targets: npt.ArrayLike) -> float:
    """Return the share that is right, rounded to four digits."""
    return round(float(np.mean(np.asarray(found) == np.asarray(targets))), 4)


def mfcc_means(mels: Floats, n_mfcc: int = 20) -> npt.NDArray[np.float64]:
    """Return the mean over time of each sound's MFCCs 1 to 19 (0 follows the loudness), (n, 19).

    The cosine transform is linear, so these are the MFCCs of the mean spectrum.

    Parameters
    ----------
    mels : (n, frames, mels, 1) decibels.
    n_mfcc : the first that is left out.
    """
    import librosa

    means = mels[..., 0].mean(axis=1)  # (n, mels)
    return np.asarray(librosa.feature.mfcc(S=means.T, n_mfcc=n_mfcc)[1:].T, np.float64)


def nearest(train: npt.NDArray[np.float64], test: npt.NDArray[np.float64]) -> Places:
    """Return for each row of `test` the place of the nearest row of `train`; every column is scaled by its deviation in `train`."""
    scale = train.std(axis=0)
    squares = (((test[:, None] - train[None]) / scale) ** 2).sum(axis=2)  # (n_test, n_train)
    places: Places = squares.argmin(axis=1)
    return places


def linear_classes(
    train: npt.NDArray[np.float64], targets: npt.NDArray[np.int64], test: npt.NDArray[np.float64]
) -> Places:
    """Return what a linear classifier (softmax regression on standardised columns) takes each row of `test` for.

    Plain gradient descent from zero: the loss has a single valley, so there is nothing to draw and no seed.

    Examples
    --------
    >>> train = np.array([[0.0, 1.0], [0.0, 2.0], [3.0, 0.0], [4.0, 0.0]])
    >>> linear_classes(train, np.array([0, 0, 1, 1]), np.array([[5.0, 0.0], [0.0, 3.0]])).tolist()
    [1, 0]
    """
    mean, scale = train.mean(axis=0), np.maximum(train.std(axis=0), 1e-9)
    x, new = ((rows - mean) / scale for rows in (train, test))
    truth = np.eye(int(targets.max()) + 1)[targets]  # (n, n_classes)
    weights, bias = np.zeros((x.shape[1], truth.shape[1])), np.zeros(truth.shape[1])
    for _ in range(_LINEAR_STEPS):
        z = x @ weights + bias
        p = np.exp(z - z.max(axis=1, keepdims=True))
        slopes = (p / p.sum(axis=1, keepdims=True) - truth) / len(x)
        weights -= _LINEAR_RATE * (x.T @ slopes + 1e-3 * weights)
        bias -= _LINEAR_RATE * slopes.sum(axis=0)
    places: Places = (new @ weights + bias).argmax(axis=1)
    return places
