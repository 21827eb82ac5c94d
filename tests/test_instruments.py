"""`InstrumentCNN`, what it reads, its recipe in small, and its trained weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from musegen_edu import training
from musegen_edu.datasets import load_dataset
from musegen_edu.models.instruments import InstrumentCNN, sounds_to_pictures
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes import instruments
from musegen_edu.recipes.instruments import INSTRUMENT_PROFILES, MelBatches, linear_classes, mfcc_means, nearest
from musegen_edu.spectrogram import audio_to_mel, audio_to_mfcc, sounds_to_mels
from musegen_edu.training import EpochReport, train


@pytest.fixture(scope="module")
def timbre():
    return load_dataset("timbre")


def noise(n, n_samples=8000, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, (n, n_samples)).astype(np.float32)


def test_many_sounds_at_once_give_what_one_by_one_gives(monkeypatch):
    monkeypatch.setattr("musegen_edu.spectrogram.mel._SOUNDS_AT_ONCE", 2)  # so that five are three portions
    sounds = noise(5)
    settings = {"n_fft": 512, "hop_length": 128, "n_mels": 40}
    one_by_one = np.stack([audio_to_mel(sound, 16_000, **settings) for sound in sounds])
    np.testing.assert_allclose(sounds_to_mels(sounds, 16_000, **settings), one_by_one, atol=1e-4)


@pytest.mark.parametrize("audio", [np.zeros(16_000), np.zeros((0, 16_000)), np.zeros((2, 3, 4))])
def test_sounds_must_be_one_a_row(audio):
    with pytest.raises(ValueError, match=r"audio has shape .* must be \(n, n_samples\)"):
        sounds_to_mels(audio, 16_000)


def test_the_mean_mfccs_are_the_mean_of_the_mfccs():
    sounds = noise(3, 16_000)
    pictures = sounds_to_pictures(sounds)
    import librosa

    frames = [librosa.feature.mfcc(S=picture[..., 0].T, n_mfcc=20) for picture in pictures]
    np.testing.assert_allclose(mfcc_means(pictures), [frame.mean(axis=1)[1:] for frame in frames], atol=1e-3)
    assert audio_to_mfcc(sounds[0], 16_000).shape[0] == mfcc_means(pictures).shape[1] + 1


@pytest.mark.parametrize("frames", [4, 8, 33])
def test_a_sound_may_have_any_length(frames):
    model = InstrumentCNN(5, filters=(2, 3), n_mels=16)
    assert model.probabilities(np.zeros((3, frames, 16, 1))).shape == (3, 5)


def test_the_same_seed_gives_the_same_network_and_its_config_rebuilds_it():
    x = sounds_to_pictures(noise(2, 16_000))
    first, again, other = (InstrumentCNN(filters=(4, 8), seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.probabilities(x), again.probabilities(x))
    assert not np.allclose(first.probabilities(x), other.probabilities(x))
    rebuilt = InstrumentCNN.from_config(first.get_config())
    rebuilt.set_weights(first.get_weights())
    np.testing.assert_allclose(rebuilt.probabilities(x, batch_size=1), first.probabilities(x), atol=1e-5)


def test_the_loss_is_the_surprise_at_the_true_instrument():
    model = InstrumentCNN(3, filters=(2,), n_mels=8)
    z = np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]], np.float32)
    right = -np.log([np.exp(2) / np.exp([0, 1, 2]).sum(), 1 / (np.exp(3) + 2)]).mean()
    truth = np.array([[0, 0, 1], [0, 1, 0]], np.float32)
    assert float(model.compute_loss(y=truth, y_pred=keras.ops.convert_to_tensor(z))) == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n_classes": 0}, "n_classes=0 must be at least 1"),
        ({"kernel": 0}, "kernel=0"),
        ({"filters": ()}, "filters"),
        ({"filters": (4, 0)}, "filters"),
        ({"n_mels": 2, "filters": (1, 1, 1)}, "too few to be halved 2 times"),
        ({"dropout": 1.0}, "dropout=1.0"),
    ],
)
def test_sizes_out_of_range_are_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        InstrumentCNN(**arguments)


def test_batches_hold_each_sound_once_at_a_level_of_its_own():
    mels = np.full((7, 4, 8, 1), -30.0)
    mels[:, 0] = -80.0  # silence stays silence, or becomes a little louder, and never falls below the floor
    targets = np.array([0, 1, 2, 0, 1, 2, 2])
    batches = MelBatches(mels, targets, [0, 2, 3, 6], 3, seed=1, epoch=0)
    x, y = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert sorted(y.argmax(axis=1)) == [0, 0, 2, 2] and (y.sum(axis=1) == 1).all()
    levels = x[:, 1, 0, 0] + 30
    assert len(set(levels)) == 4 and levels.min() >= -12 and levels.max() <= 6
    assert x.min() >= -80
    np.testing.assert_array_equal(batches[0][0], MelBatches(mels, targets, [0, 2, 3, 6], 3, seed=1, epoch=0)[0][0])
    assert not np.array_equal(batches[0][0], MelBatches(mels, targets, [0, 2, 3, 6], 3, seed=1, epoch=1)[0][0])
    np.testing.assert_array_equal(MelBatches(mels, targets, [5, 6], 2)[0][0], mels[[5, 6]].astype(np.float32))
    for bad, says in (([], "places is empty"), ([0], "batch_size=0")):
        with pytest.raises(ValueError, match=says):
            MelBatches(mels, targets, bad, 0 if bad else 2)


def test_baselines_find_what_is_easy():
    rng = np.random.default_rng(0)
    targets = np.arange(60) % 3
    x = np.eye(3)[targets] * 4 + rng.normal(size=(60, 3))
    assert (linear_classes(x[:40], targets[:40], x[40:]) == targets[40:]).mean() > 0.8
    np.testing.assert_array_equal(nearest(x[:40], x[:5] + 1e-6), np.arange(5))


@pytest.mark.slow
def test_the_recipe_writes_weights_and_a_card(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    tiny = dataclasses.replace(INSTRUMENT_PROFILES["quick"], epochs=1, units=6, n_tunes=96)
    monkeypatch.setitem(instruments.INSTRUMENT_PROFILES, "quick", tiny)
    reports: list[EpochReport] = []
    path = train("instrument_cnn", "quick", seed=2, verbose=0, on_epoch=reports.append)
    card, model = load_card("instrument_cnn", path.parent), load_pretrained("instrument_cnn", path.parent)
    assert card["command"] == "musegen train instrument_cnn --profile quick --seed 2"
    assert card["data"]["sha256"] == load_dataset("timbre").sha256
    assert (card["data"]["train"], card["data"]["valid"], card["data"]["test"]) == (96, 216, 252)
    assert card["epochs"] == len(reports) == 1 and 0 < card["cpu_seconds"] < 300
    assert card["metrics"]["chance_accuracy"] == pytest.approx(1 / 12, abs=1e-3)
    assert 0.3 < card["metrics"]["linear_on_mean_mfccs_accuracy"] < 0.7
    assert isinstance(model, InstrumentCNN) and model.codec is None
    assert not list((tmp_path / "home" / "training").iterdir())
    assert training.Profile.named("quick").units != 6  # the course's own profile is as it was


def test_the_trained_network_does_what_its_card_says(timbre):
    card, model = load_card("instrument_cnn"), load_pretrained("instrument_cnn")
    assert card["classes"] == list(timbre.class_names)
    assert card["weights"]["bytes"] < 600_000
    softly = timbre.test.labels["velocity"] == 50
    right = model.probabilities(sounds_to_pictures(timbre.test.audio[softly])).argmax(axis=1)
    assert (right == timbre.test.targets[softly]).mean() > 0.95
    assert card["metrics"]["test_accuracy"] > card["metrics"]["linear_on_mean_mfccs_accuracy"] + 0.3
