"""How `spectrogram_vae` is made, from the rendered notes to its card, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio_datasets import AudioDataset, AudioSplit
from musegen_edu.batching import Batches, in_parts, order_of_epoch
from musegen_edu.datasets import load_dataset
from musegen_edu.models.note_painter import N_FRAMES, N_MELS, SAMPLE_RATE, levels_to_mels, mels_to_levels
from musegen_edu.models.spectrogram_vae import SpectrogramVAE
from musegen_edu.pitch import measure_pitch
from musegen_edu.recipes.making import drawn, fit_to_store, save_result
from musegen_edu.spectrogram import FLOOR_DB
from musegen_edu.timbre_morphing import mel_to_sound, note_mels, spectral_centroid
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes. `embedding` is the number of latent dimensions, `units` the width of the recurrent layer; `depth` and
# `dropout` are not used.
SPECTROGRAM_PROFILES = {
    "quick": Profile("quick", 8, 8, 32, 4e-3, 1e-3, 8, 96, 1, 0.0),
    "full": Profile("full", 70, 15, 32, 4e-3, 1e-3, 8, 160, 1, 0.0),
}
N_TO_HEAR = 84  # test notes that are turned into sound: each instrument at each of the seven test pitches
STEPS = 9  # of a morph, both ends included
IN_TUNE = 50.0  # cents: nearer to the pitch asked for than to any other
CLEARLY = 1.25  # by how much the brighter end of a morph must be brighter, to tell whether the way there is monotone
_SAME = 0.01  # a step back by less than this share of the whole way is none

Floats = npt.NDArray[np.float32]


def train_spectrogram_vae(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `spectrogram_vae` on the rendered notes of "timbre", measure it, and write its weights and card.

    The split is by pitch (see the dataset's card): the test pitches were never seen, and lie between pitches that were. The validation pitches choose
    the best epoch; the test pitches are looked at once, at the end, with the weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    profile = SPECTROGRAM_PROFILES.get(profile.name, profile)
    timbre = load_dataset("timbre")
    parts = [timbre.train, timbre.valid]
    levels = np.concatenate([mels_to_levels(note_mels(part.audio)) for part in parts])
    pitches = np.concatenate([part.labels["pitch"] for part in parts]).astype(np.int32)
    places = [np.int64(place) for place in range(len(pitches))]  # the network's data are places in these two
    mine, others = drawn(places[: len(timbre.train)], profile, seed=seed), places[len(timbre.train) :]
    model = SpectrogramVAE(profile.embedding, units=profile.units, seed=seed)
    reports = fit_to_store(
        "spectrogram_vae",
        model,
        [np.asarray(place) for place in mine],
        [np.asarray(place) for place in others],
        profile=profile,
        seed=seed,
        verbose=verbose,
        on_epoch=on_epoch,
        batches=partial(NoteBatches, levels, pitches),
        loss=lambda model, places: nats_per_value(model, levels[np.array(places)], pitches[np.array(places)]),
    )
    card = {
        "data": {
            "name": timbre.name,
            "sha256": timbre.sha256,
            "train": len(mine),
            "valid": len(timbre.valid),
            "test": len(timbre.test),
            "split": "by pitch: no pitch of the test, at whatever velocity, is among those trained on",
        },
        "metrics": judge_spectrograms(model, timbre, levels[: len(timbre.train)]),
        "licence": "weights: MIT; trained on sounds rendered from the SoundFont that the package pretty_midi carries",
    }
    return save_result("spectrogram_vae", model, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


class NoteBatches(Batches):
    """Pairs (x, y): levels (batch, 63, 128) and pitches (batch,) that the network reads, and the levels that it is to paint.

    Parameters
    ----------
    levels : (n, 63, 128), see `mels_to_levels`.
    pitches : (n,) MIDI numbers.
    places : which of the n.
    batch_size : notes a batch.
    seed : of the order; None keeps it.
    epoch : number of the pass over the data.

    Examples
    --------
    >>> batches = NoteBatches(np.zeros((5, 63, 128), np.float32), np.full(5, 60), [0, 2, 4], batch_size=2)
    >>> [(x[0].shape, x[1].tolist(), y.shape) for x, y in batches]
    [((2, 63, 128), [60, 60], (2, 63, 128)), ((1, 63, 128), [60], (1, 63, 128))]
    """

    def __init__(
        self,
        levels: Floats,
        pitches: npt.NDArray[np.integer[Any]],
        places: Sequence[Any],
        batch_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
    ) -> None:
        self._levels, self._pitches = levels, np.asarray(pitches, np.int32)
        self._parts = in_parts(places, batch_size, order_of_epoch(seed, epoch), argument="places")

    def _pair(self, part: npt.NDArray[np.int64]) -> tuple[list[npt.NDArray[Any]], Floats]:
        return [self._levels[part], self._pitches[part]], self._levels[part]


def nats_per_value(model: SpectrogramVAE, levels: Floats, pitches: npt.NDArray[Any]) -> float:
    """Return the loss as `SpectrogramVAE.compute_loss` tells it, with the means as codes."""
    mels = levels_to_mels(levels)
    mean, log_variance = model.encode(mels, pitches)
    off = (model.decode(mean, pitches) - mels) / model.noise_db
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1).mean()
    return float((0.5 * (off**2).sum(axis=(1, 2)).mean() + model.beta * kl) / (N_FRAMES * N_MELS))


def judge_spectrograms(model: SpectrogramVAE, timbre: AudioDataset, train_levels: Floats) -> dict[str, Any]:
    """Return how well notes of pitches that were never seen come back, beside principal components, and what lies between instruments.

    Errors are root mean squares over all bands and frames, in decibels. `pca` has as many numbers as the network; `pca_told_the_pitch` is told,
    besides, the mean spectrogram of the trained pitch below the note's.
    """
    test = timbre.test
    pitches = test.labels["pitch"].astype(np.int32)
    mels = note_mels(test.audio)
    mean, log_variance = model.encode(mels, pitches)
    painted = model.decode(mean, pitches)
    levels = mels_to_levels(mels)
    means = pitch_means(train_levels, timbre.train.labels["pitch"])
    train_below = np.array([means[pitch] for pitch in timbre.train.labels["pitch"].tolist()])
    below = np.array([means[max(known for known in means if known < pitch)] for pitch in pitches.tolist()])
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean(axis=0)  # (latent,)
    pca = pca_error(train_levels, levels, model.latent)
    told = pca_error(train_levels - train_below, levels - below, model.latent)
    train_mean, _ = model.encode(levels_to_mels(train_levels), timbre.train.labels["pitch"].astype(np.int32))
    return {
        "test_error_db": {
            "network": round(rms(painted - mels), 3),
            "pca": round(pca, 3),
            "pca_told_the_pitch": round(told, 3),
            "mean_of_all_notes": round(rms(levels - train_levels.mean(axis=0)) * -FLOOR_DB, 3),
        },
        "kl_nats": round(float(kl.sum()), 3),
        "active_units": int((mean.var(axis=0) > 0.01).sum()),
        "instrument_of_nearest_trained_code": round(nearest_is_same(train_mean, timbre.train, mean, test), 4),
        "pitch": judge_pitch(test, mels, painted),
        "morphs": judge_morphs(model, timbre),
    }


def rms(off: npt.NDArray[Any]) -> float:
    """Return the root mean square of all numbers."""
    return float(np.sqrt(np.mean(np.square(off, dtype=np.float64))))


def pitch_means(levels: Floats, pitches: npt.NDArray[Any]) -> dict[int, Floats]:
    """Return for each pitch the mean over its notes, (63, 128)."""
    return {int(pitch): levels[pitches == pitch].mean(axis=0) for pitch in np.unique(pitches)}


def pca_error(train: Floats, test: Floats, n: int) -> float:
    """Return the error in decibels of test notes that are told by n principal components of the training notes.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(6, 2, 3)).astype(np.float32)
    >>> pca_error(rows, rows[:2], 6) < 1e-3
    True
    """
    centre = train.mean(axis=0).ravel()
    rows = train.reshape(len(train), -1) - centre  # (n_train, values)
    _, vectors = np.linalg.eigh((rows @ rows.T).astype(np.float64))  # rising
    axes, _ = np.linalg.qr((vectors[:, ::-1][:, :n].T @ rows).T)  # (values, n), orthonormal
    new = test.reshape(len(test), -1) - centre
    return rms(new - new @ axes @ axes.T) * -FLOOR_DB


def nearest_is_same(train: Floats, train_part: AudioSplit, test: Floats, test_part: AudioSplit) -> float:
    """Return for which share of the test notes the nearest code of a training note is one of the same instrument."""
    squares = ((test[:, None] - train[None]) ** 2).sum(axis=2)  # (n_test, n_train)
    return float((train_part.targets[squares.argmin(axis=1)] == test_part.targets).mean())


def judge_pitch(test: AudioSplit, mels: Floats, painted: Floats) -> dict[str, Any]:
    """Return how far the pitch of notes lies from what it should be after the way back to sound: for the real spectrograms and the painted ones."""
    middle = np.median(np.unique(test.labels["velocity"]))
    chosen = np.flatnonzero(test.labels["velocity"] == middle)[:N_TO_HEAR]
    found: dict[str, Any] = {"notes": len(chosen)}
    for name, pictures in (("real", mels), ("painted", painted)):
        cents = np.array([cents_off(mel_to_sound(pictures[i]), int(test.labels["pitch"][i])) for i in chosen])
        found[name] = {
            "within_50_cents": round(float((cents < IN_TUNE).mean()), 4),
            "median_cents": round(float(np.median(cents)), 1) if np.isfinite(np.median(cents)) else None,
        }
    return found


def cents_off(sound: Floats, pitch: int) -> float:
    """Return how far a sound lies from a MIDI pitch, in cents; infinity where it has no clear pitch.

    Examples
    --------
    >>> round(cents_off(np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32), 69), 1)
    0.0
    """
    try:
        return float(abs(1200 * np.log2(measure_pitch(sound, SAMPLE_RATE) / 440) - 100 * (pitch - 69)))
    except ValueError:
        return float("inf")


def judge_morphs(model: SpectrogramVAE, timbre: AudioDataset) -> dict[str, Any]:
    """Return in what share of the morphs between two instruments the brightness goes one way only.

    From each instrument to each other one, at each test pitch and the middle velocity, in 9 steps on a straight line; those count
    whose ends differ clearly (the brighter one by a quarter). Brightness is the spectral centroid of what is painted.
    """
    test = timbre.test
    chosen = test.labels["velocity"] == np.median(np.unique(test.labels["velocity"]))
    audio, pitches, instruments = test.audio[chosen], test.labels["pitch"][chosen], test.targets[chosen]
    latents, _ = model.encode(note_mels(audio), pitches.astype(np.int32))
    shares = np.linspace(0, 1, STEPS)[:, None]
    clear, monotone = 0, 0
    for pitch in np.unique(pitches):
        at = {int(instruments[i]): latents[i] for i in np.flatnonzero(pitches == pitch)}
        pairs = list(combinations(sorted(at), 2))
        z = np.concatenate([(1 - shares) * at[a] + shares * at[b] for a, b in pairs])
        bright = spectral_centroid(model.decode(z, np.full(len(z), pitch, np.int32))).reshape(-1, STEPS)
        clearly = np.maximum(bright[:, 0], bright[:, -1]) >= CLEARLY * np.minimum(bright[:, 0], bright[:, -1])
        clear += int(clearly.sum())
        monotone += int((is_monotone(bright) & clearly).sum())
    return {"clear": clear, "monotone": round(monotone / max(clear, 1), 4)}


def is_monotone(rows: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return for each row whether it goes one way only, from its first number to its last; steps back by a hundredth of the way are forgiven.

    Examples
    --------
    >>> is_monotone(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [1.0, 3.0, 2.0]])).tolist()
    [True, True, False]
    """
    whole = rows[:, -1:] - rows[:, :1]
    return np.asarray((np.diff(rows, axis=1) * np.sign(whole) >= -_SAME * np.abs(whole)).all(axis=1))
