"""What the two recipes of adversarial networks for notes share: from the notes through the game to the card, and how painted notes are judged by sight and by ear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio_datasets import AudioDataset, AudioSplit
from musegen_edu.batching import in_parts, order_of_epoch
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics.note_pictures import flicker, nearest_take, partial_contrast
from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.instruments import sounds_to_pictures
from musegen_edu.models.note_painter import SAMPLE_RATE
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.pretrained import load_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes.game_backup import GameBackup
from musegen_edu.recipes.making import EpochClock, drawn_places, progress_folder, round_weights, save_result
from musegen_edu.recipes.spectrogram_vae import IN_TUNE, cents_off
from musegen_edu.timbre_morphing import mel_to_sound, note_mels
from musegen_edu.training import EpochReport, Profile

WARM_UP = 40  # steps in which both rates grow to their height; then they fall along a cosine

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Notes:
    """Notes as pictures, (n, 128, 63) decibels, with their MIDI pitches, the numbers of their instruments and their velocities, (n,) each."""

    mels: Floats
    pitches: Integers
    instruments: Integers
    velocities: Integers

    @classmethod
    def of(cls, part: AudioSplit) -> Notes:
        """Return one side of the split of "timbre"."""
        pitches, velocities = (np.asarray(part.labels[name], np.int32) for name in ("pitch", "velocity"))
        return cls(note_mels(part.audio), pitches, part.targets.astype(np.int32), velocities)

    def __getitem__(self, places: Any) -> Notes:
        return Notes(self.mels[places], self.pitches[places], self.instruments[places], self.velocities[places])

    def __len__(self) -> int:
        return len(self.pitches)

    @property
    def conditions(self) -> Integers:
        """Pitch and instrument, (n, 2)."""
        return np.stack([self.pitches, self.instruments], axis=1)

    def once(self) -> Notes:
        """Return each pitch of each instrument once: at the middle velocity."""
        return self[self.velocities == np.median(np.unique(self.velocities))]


class ToldNotes(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches ((mels, told),) for an `AdversarialPair` that is told something of each note; all are of equal size, what is left over waits.

    Parameters
    ----------
    mels : (n, 128, 63) decibels.
    told : n rows.
    batch_size : notes a batch; n where there are fewer.
    seed : of the order, which is another one in each epoch.
    epoch : number of the first pass over the data.

    Examples
    --------
    >>> batches = ToldNotes(np.zeros((5, 128, 63)), np.arange(5), 2, seed=0)
    >>> [(mels.shape, told.shape) for ((mels, told),) in (batches[i] for i in range(len(batches)))]
    [((2, 128, 63), (2,)), ((2, 128, 63), (2,))]
    """

    def __init__(
        self, mels: npt.NDArray[Any], told: npt.NDArray[Any], batch_size: int, *, seed: int, epoch: int = 0
    ) -> None:
        super().__init__()
        self._mels, self._told, self._batch_size = mels, told, min(batch_size, len(mels))
        self._seed, self._epoch = seed, epoch
        self._shuffle()

    def _shuffle(self) -> None:
        parts = in_parts(np.arange(len(self._mels)), self._batch_size, order_of_epoch(self._seed, self._epoch))
        self._parts = [part for part in parts if len(part) == self._batch_size]

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Any:
        part = self._parts[index]
        return ((self._mels[part], self._told[part]),)

    def on_epoch_end(self) -> None:
        """Draw the order of the next pass."""
        self._epoch += 1
        self._shuffle()


def play_to_store(
    name: str,
    pair: AdversarialPair,
    notes: Notes,
    told: npt.NDArray[Any],
    *,
    rates: tuple[float, float],
    betas: tuple[float, float],
    profile: Profile,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> list[EpochReport]:
    """Train an adversarial pair on notes, survive being killed, and leave it with its weights as they will be stored.

    Parameters
    ----------
    name : of the model.
    pair : fresh.
    notes, told : the training notes, and what both players are told of each.
    rates : of the generator and of the judge, at their height.
    betas : beta_1 and beta_2 of `TwoSpeedAdam`.
    profile : epochs, batch size and how many notes (`n_tunes`).
    seed : of the choice and of the order.
    verbose, on_epoch : as in `musegen_edu.training.fit`.

    Returns
    -------
    The reports of all epochs.
    """
    chosen = drawn_places(len(notes), profile, seed=seed)
    folder = progress_folder(name, profile, seed=seed)
    clock = EpochClock(folder / "epochs.json", on_epoch=on_epoch)
    backup = GameBackup(folder / "game.npz")
    batches = ToldNotes(notes.mels[chosen], told[chosen], profile.batch_size, seed=seed, epoch=backup.epoch)
    steps = profile.epochs * len(batches)
    fall = keras.optimizers.schedules.CosineDecay(0.1, steps, alpha=0.02, warmup_target=1.0, warmup_steps=WARM_UP)
    pair.compile(TwoSpeedAdam(*rates, beta_1=betas[0], beta_2=betas[1], learning_rate=fall))
    pair.fit(batches, epochs=profile.epochs, initial_epoch=backup.epoch, verbose=verbose, callbacks=[clock, backup])
    round_weights(pair)
    return clock.reports


@dataclass(frozen=True, eq=False)
class NoteGame:
    """What one adversarial network for notes has of its own.

    Parameters
    ----------
    name : of the model.
    make : returns a fresh pair for the dataset.
    tell : returns what both players are told of notes.
    finish : given the trained pair, the training and the test notes, returns what the card says besides data and licence.
    rates, betas : as in `play_to_store`.
    """

    name: str
    make: Callable[[AudioDataset], AdversarialPair]
    tell: Callable[[Notes], npt.NDArray[Any]]
    finish: Callable[[Any, Notes, Notes], dict[str, Any]]
    rates: tuple[float, float]
    betas: tuple[float, float]


def train_on_timbre(
    game: NoteGame,
    *,
    profile: Profile,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train an adversarial pair on the rendered notes of "timbre", measure it, and write its weights and card; return the card's path.

    The split is by pitch (see the dataset's card): the test pitches were never seen, and lie between pitches that were.
    """
    timbre = load_dataset("timbre")
    train, test = Notes.of(timbre.train), Notes.of(timbre.test)
    pair, told = game.make(timbre), game.tell(train)
    steps: dict[str, Any] = {"rates": game.rates, "betas": game.betas, "verbose": verbose, "on_epoch": on_epoch}
    reports = play_to_store(game.name, pair, train, told, profile=profile, seed=seed, **steps)
    card = {
        "data": data_row(timbre, len(train) if profile.n_tunes is None else profile.n_tunes),
        **game.finish(pair, train, test),
        "licence": "weights: MIT; trained on sounds rendered from the SoundFont that the package pretty_midi carries",
    }
    return save_result(game.name, pair, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


def data_row(timbre: AudioDataset, n_train: int) -> dict[str, Any]:
    """Return what a card tells of the data."""
    return {
        "name": timbre.name,
        "sha256": timbre.sha256,
        "train": n_train,
        "valid": len(timbre.valid),
        "test": len(timbre.test),
        "split": "by pitch: no pitch of the test, at whatever velocity, is among those trained on",
    }


def judge_notes(mels: Floats, asked: Notes, takes: Notes) -> dict[str, Any]:
    """Return one row of a table: how painted notes look beside the real ones, and what is heard in them after the way back to sound.

    Parameters
    ----------
    mels : (n, 128, 63) decibels.
    asked : the n notes that they should be.
    takes : real takes of the same notes, at several velocities.

    Returns
    -------
    `within_50_cents` and `median_cents` of the pitch asked for; `instrument_told`, the share in which `instrument_cnn`, which has learnt from
    other pitches of real sounds, hears the instrument asked for; `nearest_take_db`; `partial_contrast` and `flicker` as shares of the real notes'.
    """
    sounds = np.stack([mel_to_sound(mel) for mel in mels])
    cents = np.array([cents_off(sound, int(pitch)) for sound, pitch in zip(sounds, asked.pitches, strict=True)])
    told = load_pretrained("instrument_cnn").probabilities(sounds_to_pictures(sounds, SAMPLE_RATE)).argmax(axis=1)
    nearest = nearest_take(mels, asked.conditions, takes.mels, takes.conditions)
    return {
        "within_50_cents": round(float((cents < IN_TUNE).mean()), 4),
        "median_cents": round(float(np.median(cents)), 1) if np.isfinite(np.median(cents)) else None,
        "instrument_told": round(float((told == asked.instruments).mean()), 4),
        "nearest_take_db": round(float(nearest.mean()), 3),
        "partial_contrast": round(float(partial_contrast(mels).mean() / partial_contrast(asked.mels).mean()), 4),
        "flicker": round(float(flicker(mels).mean() / flicker(asked.mels).mean()), 4),
    }
