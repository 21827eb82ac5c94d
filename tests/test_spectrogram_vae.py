"""SpectrogramVAE: shapes, the loss by hand, pitches told and not learnt, and the recipe in small."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.models.note_painter import N_FRAMES, N_MELS, levels_to_mels, mels_to_levels, partial_patterns
from musegen_edu.models.spectrogram_vae import SpectrogramVAE
from musegen_edu.pretrained import load_pretrained, save_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes import spectrogram_vae as recipe
from musegen_edu.timbre_morphing import (
    latents_to_sounds,
    mel_to_sound,
    note_mels,
    sounds_to_latents,
    spectral_centroid,
)
from musegen_edu.training import Profile

SECONDS = np.arange(16000) / 16000


def notes(pitches, partials=4):
    """Tones that die away, their partials falling off: (n, 16000)."""
    hertz = 440 * 2 ** ((np.array(pitches) - 69) / 12)
    waves = sum(np.sin(2 * np.pi * k * hertz[:, None] * SECONDS) / k for k in range(1, partials + 1))
    return (0.3 * waves * np.exp(-3 * SECONDS)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return SpectrogramVAE(latent=3, filters=(2, 3, 4, 5), units=12, seed=1)


def test_shapes_and_the_way_there_and_back(model):
    pitches = np.array([48, 60, 72, 61, 62])
    audio = notes(pitches)
    mels = note_mels(audio)
    mean, log_variance = model.encode(mels, pitches)
    assert mean.shape == log_variance.shape == (5, 3)
    np.testing.assert_array_equal(sounds_to_latents(model, audio, pitches), mean)
    painted = model.decode(mean, pitches)
    assert painted.shape == (5, N_MELS, N_FRAMES) and painted.min() >= -80
    out = model([mels_to_levels(mels), pitches.astype(np.int32)])
    np.testing.assert_allclose(levels_to_mels(np.asarray(out["levels"])), painted, atol=1e-3)
    np.testing.assert_allclose(np.asarray(out["mean"]), mean, atol=1e-5)
    one_by_one = np.concatenate([model.decode(mean[i : i + 1], pitches[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(one_by_one, painted, atol=1e-3)  # what a batch is filled up with is not seen
    assert latents_to_sounds(model, mean[:2], pitches[:2], n_iter=2).shape == (2, 16000)


def test_the_loss_is_distortion_and_rate(model):
    rng = np.random.default_rng(0)
    y, painted = rng.uniform(size=(2, 4, N_FRAMES, N_MELS)).astype(np.float32)
    mean, log_variance = rng.normal(size=(2, 4, 3)).astype(np.float32)
    told = {"levels": painted, "mean": mean, "log_variance": log_variance}
    loss = float(model.compute_loss(None, y, told, training=False))
    distortion = 0.5 * (((y - painted) * 80 / 5) ** 2).sum(axis=(1, 2)).mean()
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1).mean()
    assert loss == pytest.approx((distortion + 20 * kl) / (N_FRAMES * N_MELS), rel=1e-5)
    wide = -0.5 * log_variance + 0.5 * (np.exp(log_variance) + mean**2) - 0.5  # KL between two normal distributions
    assert kl == pytest.approx(wide.sum(axis=1).mean(), rel=1e-5)
    mels, pitches = note_mels(notes([60, 61])), np.array([60, 61], np.int32)
    by_hand = recipe.nats_per_value(model, mels_to_levels(mels), pitches)
    told = {name: np.asarray(value) for name, value in model([mels_to_levels(mels), pitches]).items()}
    told["levels"] = np.clip(told["levels"], 0, 1.1)
    assert by_hand == pytest.approx(float(model.compute_loss(None, mels_to_levels(mels), told, training=False)), rel=1e-3)  # fmt: skip


def test_a_pitchs_pattern_is_where_its_partials_are():
    patterns = partial_patterns()
    assert patterns.shape == (73, N_MELS) and patterns.max() == pytest.approx(1)
    mel = note_mels(notes([84], partials=6))[0].max(axis=1)  # six partials of C6, to 6.3 kHz
    alike = [np.corrcoef(mel[:115], patterns[84 - 24 + shift][:115])[0, 1] for shift in range(-3, 4)]
    assert np.argmax(alike) == 3 and alike[3] > alike[2] + 0.2 and alike[3] > alike[4] + 0.2


def test_it_learns_and_the_same_seed_gives_the_same_network():
    pitches = np.arange(50, 66, dtype=np.int32)
    levels = mels_to_levels(note_mels(notes(pitches)))
    model, same = (
        SpectrogramVAE(latent=2, filters=(2, 2, 4, 4), units=16, beta=1.0, warm_up=2, seed=3) for _ in range(2)
    )
    for one, other in zip(model.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.compile(keras.optimizers.Adam(1e-2))
    for _ in range(12):
        model.train_on_batch([levels, pitches], levels)
    assert recipe.nats_per_value(model, levels, pitches) < 0.5 * recipe.nats_per_value(same, levels, pitches)
    assert float(model.draw_latent.warmth) == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent": 0}, "latent=0 must be at least 1"),
        ({"filters": (4, 4)}, r"filters=\(4, 4\) must be four numbers"),
        ({"noise_db": 0.0}, "noise_db=0.0 must be above 0"),
        ({"beta": -1.0}, "beta=-1.0"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        SpectrogramVAE(**changes)


def test_bad_input_is_named(model):
    mels = np.zeros((2, N_MELS, N_FRAMES))
    cases = [
        (lambda: model.encode(mels[:, :80], [60, 60]), r"mels has shape \(2, 80, 63\)"),
        (lambda: model.encode(mels, [60]), "pitches has shape"),
        (lambda: model.encode(mels, [60, 20]), "pitches holds 20 to 60"),
        (lambda: model.encode(mels, [60.5, 61.0]), "whole MIDI numbers"),
        (lambda: model.decode(np.zeros((2, 4)), [60, 60]), r"z has shape \(2, 4\)"),
        (lambda: model.decode(np.zeros((0, 3)), np.zeros(0, int)), "at least one note"),
        (lambda: note_mels(np.zeros((2, 8000))), r"audio has shape \(2, 8000\)"),
        (lambda: spectral_centroid(np.zeros((2, 80, 63))), r"mels has shape \(2, 80, 63\)"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()


def test_saved_and_loaded_it_paints_the_same(model, tmp_path):
    save_pretrained("sounds", model, card={}, folder=tmp_path)
    again = load_pretrained("sounds", tmp_path)
    z = np.random.default_rng(0).normal(size=(2, 3))
    np.testing.assert_allclose(again.decode(z, [60, 67]), model.decode(z, [60, 67]), atol=0.2)  # 16-bit weights


# ---- the recipe ----


def test_the_recipe_in_small(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(recipe, "N_TO_HEAR", 1)
    timbre = load_dataset("timbre")
    some = np.isin(timbre.labels["program"], [0, 11, 40, 56]) & (timbre.labels["velocity"] == 85)
    labels = {name: values[some] for name, values in timbre.labels.items()}
    monkeypatch.setattr(recipe, "load_dataset", lambda _: dataclasses.replace(timbre, labels=labels, steps=timbre.steps[some]))  # fmt: skip
    profile = Profile("tiny", 1, 1, 16, 4e-3, 1e-3, 2, 6, 1, 0.0, 32)
    path = recipe.train_spectrogram_vae(profile, folder=tmp_path, seed=0, verbose=0)
    card = json.loads(path.read_text(encoding="utf-8"))
    errors = card["metrics"]["test_error_db"]
    assert 0 < errors["pca"] < errors["mean_of_all_notes"]
    assert card["data"]["train"] == 32 and card["data"]["test"] == 28
    assert card["metrics"]["pitch"]["real"]["within_50_cents"] == 1.0
    assert load_pretrained("spectrogram_vae", tmp_path).latent == 2


def test_measures_by_hand():
    assert recipe.rms(np.array([3.0, -3.0])) == 3.0
    high = mel_to_sound(note_mels(notes([76]))[0])
    assert recipe.cents_off(high, 76) < 20 < 80 < recipe.cents_off(high, 77)
    assert recipe.cents_off(np.random.default_rng(0).normal(size=16000).astype(np.float32), 60) == float("inf")
    tones = note_mels(notes([57, 57], partials=2) * np.array([[1.0], [0.5]]))
    dark, soft = spectral_centroid(tones)
    assert dark == pytest.approx(soft, rel=0.05)  # loudness is no brightness
    assert spectral_centroid(note_mels(notes([57], partials=12)))[0] > 1.5 * dark
    assert spectral_centroid(np.full((1, N_MELS, 5), -80.0))[0] == 0
