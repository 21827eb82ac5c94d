"""How `wavenet` is made, from the rendered notes to its card, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import Audio
from musegen_edu.audio_datasets import AudioDataset
from musegen_edu.datasets import load_dataset
from musegen_edu.models.wavenet import WaveNet
from musegen_edu.mu_law import audio_to_mu_law, mu_law_to_audio
from musegen_edu.note_crops import UNTOLD, NoteCrops, RecordedNotes, nats_per_sample
from musegen_edu.phases import measured_phases
from musegen_edu.pitch import measure_pitch
from musegen_edu.recipes.making import drawn_places, fit_to_store, save_result
from musegen_edu.recipes.sample_baselines import baseline_nats
from musegen_edu.sound_generation import generate_audio
from musegen_edu.spectrogram import audio_to_mel
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes. `units` is the width of the residual way, the skip way is twice as wide, `embedding` is the
# width of the conditions, `depth` the number of dilations in each of the two stacks; `n_tunes` counts notes.
WAVENET_PROFILES = {
    "quick": Profile("quick", 6, 6, 12, 4e-3, 0.0, 16, 16, 7, 0.0, n_tunes=252),
    "full": Profile("full", 8, 8, 6, 3e-3, 0.0, 24, 32, 8, 0.0),
}
SAMPLE_RATE = 8_000  # Hz: half of the dataset's, so that the network has half as many samples to tell and to remember
PEAK = 0.9  # all notes are made equally loud: without it the soft ones would live on a few levels
VELOCITY = (
    85  # at which notes are told and compared; the three velocities of a note are nearly the same sound at three levels
)
TEMPERATURES = (0.6, 0.8, 1.0)  # tried on the validation pitches
NEAR = 50.0  # cents: closer to the asked note than to any other
CROP = 1024  # samples told in each piece
JITTER = 3.0  # levels, see `NoteCrops`
DETUNED = (
    2  # copies of each training note, each moved by up to a semitone: so that pitches are a scale and not 35 names
)
_MOST_CENTS = 100
_HELD_SECONDS = 0.75  # how the notes of "timbre" are made


def train_wavenet(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `wavenet` on the rendered notes of "timbre" at 8,000 Hz, measure it, and write its weights and card.

    The validation pitches choose the best epoch and the temperature; the test pitches, which are none of the others, are looked
    at once, at the end, with the weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    profile = WAVENET_PROFILES.get(profile.name, profile)
    timbre = load_dataset("timbre")
    plain = timbre_notes(timbre, "train")
    valid, test = (timbre_notes(timbre, split, velocity=VELOCITY) for split in ("valid", "test"))
    train = together([plain, *(timbre_notes(timbre, "train", detune_seed=seed + copy) for copy in range(DETUNED))])
    train = train[drawn_places(len(train), profile, seed=seed)]
    model = wave_network(profile, timbre, seed=seed)
    context, soon = model.receptive_field - 1, valid[::2].first(SAMPLE_RATE // 2)
    reports = fit_to_store(
        "wavenet",
        model,
        list(np.arange(len(train))),  # what `fit` goes through are places in `train` and `soon`
        list(np.arange(len(soon))),
        profile=profile,
        seed=seed,
        verbose=verbose,
        on_epoch=on_epoch,
        batches=lambda places, batch_size, **order: NoteCrops(
            train, batch_size, length=CROP, context=context, jitter=JITTER, **order
        ),
        loss=lambda model, places: nats_per_sample(model, soon),
    )
    card = {
        "data": {
            "name": timbre.name,
            "sha256": timbre.sha256,
            "train": len(plain),
            "train_with_detuned_copies": len(train),
            "valid": len(valid),
            "test": len(test),
            "prepared": f"resampled to {SAMPLE_RATE} Hz, each note to a peak of {PEAK}; detuned copies by up to {_MOST_CENTS} cents; valid and test: velocity {VELOCITY} alone",
        },
        "metrics": {
            "nats_per_sample": {
                "valid": round(nats_per_sample(model, valid), 4),
                "test": round(nats_per_sample(model, test), 4),
                "test_baselines": baseline_nats(plain, test, model.n_levels),
                "note": "the network is told pitch, instrument, time and the measured phase of the fundamental; the baselines are not",
            },
            **judge_wavenet(model, valid, test, seed=seed),
        },
        "licence": "weights: MIT; trained on notes rendered from the SoundFont that pretty_midi carries",
    }
    return save_result("wavenet", model, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


def wave_network(profile: Profile, timbre: AudioDataset, *, seed: int) -> WaveNet:
    """Return an untrained network of a profile's size that knows the instruments of the dataset."""
    return WaveNet(
        timbre.class_names,
        sample_rate=SAMPLE_RATE,
        stacks=2,
        depth=profile.depth,
        channels=profile.units,
        skip_channels=2 * profile.units,
        condition_channels=profile.embedding,
        seed=seed,
    )


def timbre_notes(
    timbre: AudioDataset, split: str, *, velocity: int | None = None, detune_seed: int | None = None
) -> RecordedNotes:
    """Return the notes of one part as mu-law levels at `SAMPLE_RATE`, each with its peak at `PEAK`.

    Parameters
    ----------
    timbre : the dataset.
    split : "train", "valid" or "test".
    velocity : one of the dataset's; None for the notes of all three.
    detune_seed : plays each note faster or slower, by up to a semitone, which this seed decides; None leaves them as they are. Of a
        detuned note nothing is told from the moment on at which it or the plain note is released, or it ends.
    """
    import soxr

    side = getattr(timbre, split)
    chosen = np.ones(len(side), np.bool_) if velocity is None else side.labels["velocity"] == velocity
    pitches = side.labels["pitch"][chosen].astype(np.float64)
    cents = np.zeros(len(pitches))
    if detune_seed is not None:
        cents = np.random.default_rng([7, detune_seed]).uniform(-_MOST_CENTS, _MOST_CENTS, len(pitches))
    n_samples = round(side.audio.shape[1] * SAMPLE_RATE / timbre.sample_rate)
    levels = np.full((len(pitches), n_samples), UNTOLD, np.int16)
    phases = np.zeros((len(pitches), n_samples), np.float32)
    for row, (audio, pitch, moved) in enumerate(zip(side.audio[chosen], pitches, cents, strict=True)):
        faster = 2 ** (moved / 1200)
        sound = soxr.resample(audio, timbre.sample_rate * faster, SAMPLE_RATE)[:n_samples]
        known = n_samples if detune_seed is None else round(_HELD_SECONDS * SAMPLE_RATE / max(1.0, faster))
        levels[row, :known] = audio_to_mu_law(sound * (PEAK / np.abs(sound).max()))[:known]
        phases[row, : len(sound)] = measured_phases(sound, pitch + moved / 100, SAMPLE_RATE)
    return RecordedNotes(levels, phases, pitches + cents / 100, side.targets[chosen])


def together(parts: Sequence[RecordedNotes]) -> RecordedNotes:
    """Return the notes of some parts as one."""
    fields = ("levels", "phases", "pitches", "instruments")
    return RecordedNotes(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))


def judge_wavenet(model: WaveNet, valid: RecordedNotes, test: RecordedNotes, *, seed: int) -> dict[str, Any]:
    """Return how well notes are heard as the asked pitch and instrument: those that the network writes, and the real ones.

    The network writes each note of the validation part at each of `TEMPERATURES`; the one at which most notes are near their pitch and known
    by their instrument is taken for the test part.
    """
    seconds = test.n_samples / model.sample_rate

    def written(notes: RecordedNotes, temperature: float) -> Audio:
        return generate_audio(
            model, notes.pitches, notes.instruments, seconds=seconds, temperature=temperature, seed=seed
        )

    tried = {heat: judge_notes(written(valid, heat), valid) for heat in TEMPERATURES}
    best = max(
        tried, key=lambda heat: tried[heat]["near_the_asked_pitch"] + tried[heat]["nearest_is_the_asked_instrument"]
    )
    audio = written(test, best)
    return {
        "temperature": best,
        "valid_by_temperature": {str(heat): found for heat, found in tried.items()},
        "test_written": judge_notes(audio, test),
        "test_near_the_asked_pitch_by_instrument": {
            model.instruments[number]: judge_notes(audio[test.instruments == number], test[test.instruments == number])[
                "near_the_asked_pitch"
            ]
            for number in np.unique(test.instruments).tolist()
        },
        "test_real": judge_notes(mu_law_to_audio(test.levels, model.n_levels), test),
    }


def judge_notes(audio: Audio, notes: RecordedNotes) -> dict[str, Any]:
    """Measure notes against the real ones that they should be like: their pitch, and their spectrogram.

    `near_the_asked_pitch` is the share whose measured pitch lies within 50 cents of the asked one; a note without a clear pitch counts as far
    away. `nearest_is_the_asked_instrument` is the share whose spectrogram is nearer to the real note of the asked instrument than to
    those of the other instruments at the same pitch (by chance: 1 in 12). The distances are mean differences in decibels.
    """
    cents = np.array([cents_off(sound, pitch) for sound, pitch in zip(audio, notes.pitches.tolist(), strict=True)])
    distances = spectral_distances(audio, notes)  # (n, n): NaN where the pitches differ
    own, others = np.diag(distances).copy(), distances.copy()
    np.fill_diagonal(others, np.nan)
    clear = np.isfinite(cents)
    return {
        "notes": len(notes),
        "clear_pitch": round(float(clear.mean()), 4),
        "near_the_asked_pitch": round(float((np.abs(cents) <= NEAR).mean()), 4),
        "median_cents_off": round(float(np.median(np.abs(cents[clear]))), 1) if clear.any() else None,
        "distance_to_the_asked_note_db": round(float(own.mean()), 2),
        "distance_to_other_instruments_db": round(float(np.nanmean(others)), 2) if np.isfinite(others).any() else None,
        "nearest_is_the_asked_instrument": round(float((own <= np.nanmin(distances, axis=1)).mean()), 4),
    }


def cents_off(audio: npt.ArrayLike, pitch: float) -> float:
    """Return by how many cents a note at `SAMPLE_RATE` is higher than a MIDI pitch; infinity where it has no clear pitch."""
    import soxr

    try:
        measured = measure_pitch(soxr.resample(np.asarray(audio), SAMPLE_RATE, 2 * SAMPLE_RATE), 2 * SAMPLE_RATE)
    except ValueError:  # noise or silence
        return float("inf")
    return 1200 * float(np.log2(measured / 440)) - 100 * (pitch - 69)


def spectral_distances(audio: npt.ArrayLike, notes: RecordedNotes) -> npt.NDArray[np.float64]:
    """Return how far each sound is from each real note of the same pitch, in decibels, (n, n); NaN where the pitches differ.

    The distance is the mean difference of two mel spectrograms, 40 bands, frames of 32 ms every 16 ms, quieter than 60 dB below full scale left out.
    """

    def picture(sound: npt.ArrayLike) -> npt.NDArray[np.float32]:
        return np.maximum(audio_to_mel(sound, SAMPLE_RATE, n_fft=512, hop_length=128, n_mels=40), -60.0)

    heard = [picture(sound) for sound in np.asarray(audio)]
    real = [picture(sound) for sound in mu_law_to_audio(notes.levels)]
    found = np.full((len(heard), len(real)), np.nan)
    for i, j in zip(*np.nonzero(notes.pitches[:, None] == notes.pitches), strict=True):
        found[i, j] = np.abs(heard[i] - real[j]).mean()
    return found
