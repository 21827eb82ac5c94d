"""The recipes of the adversarial networks for notes, in small: a game that is taken up again, a card, and rows that say what they measure."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.models.spectrogram_gan import SpectrogramGAN
from musegen_edu.models.vae_gan import SpectrogramVAEGAN
from musegen_edu.pretrained import load_pretrained
from musegen_edu.recipes import note_games, spectrogram_gan, vae_gan
from musegen_edu.recipes.note_games import Notes, ToldNotes
from musegen_edu.training import Profile

TINY = Profile("tiny", 2, 2, 8, 2e-3, 0.0, 2, 6, 1, 0.0)


@pytest.fixture
def few(tmp_path, monkeypatch):
    """Piano and violin from B flat 3 to C sharp 4: six notes of the test pitch C4 to be judged, eighteen to learn from."""
    timbre = load_dataset("timbre")
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    some = np.isin(timbre.labels["program"], [0, 40]) & np.isin(timbre.labels["pitch"], [58, 59, 60, 61])
    labels = {name: values[some] for name, values in timbre.labels.items()}
    small = dataclasses.replace(timbre, labels=labels, steps=timbre.steps[some])
    monkeypatch.setattr(note_games, "load_dataset", lambda _: small)
    return small


def test_batches_have_one_size_and_each_epoch_its_order():
    mels, told = np.arange(7.0)[:, None, None] + np.zeros((7, 128, 63)), np.arange(7)
    batches = ToldNotes(mels, told, 3, seed=1)
    epochs = []
    for _ in range(3):
        seen = [batches[i][0] for i in range(len(batches))]
        assert [len(part) for _, part in seen] == [3, 3]
        assert all((picture[:, 0, 0] == part).all() for picture, part in seen)
        epochs.append(np.concatenate([part for _, part in seen]).tolist())
        batches.on_epoch_end()
    assert epochs[0] != epochs[1] != epochs[2]
    later = ToldNotes(mels, told, 3, seed=1, epoch=2)
    assert np.concatenate([later[i][0][1] for i in range(2)]).tolist() == epochs[2]


def test_a_game_that_is_killed_goes_on(few, tmp_path, monkeypatch):
    train = spectrogram_gan.train_spectrogram_gan
    monkeypatch.setattr(spectrogram_gan, "judge_forger", lambda *_: {})

    def killed(report):
        if report.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TINY, folder=tmp_path, seed=0, verbose=0, on_epoch=killed)
    card = json.loads(train(TINY, folder=tmp_path, seed=0, verbose=0).read_text(encoding="utf-8"))
    assert card["epochs"] == 2 and card["data"]["train"] == 18 and card["data"]["test"] == 6
    pair = load_pretrained("spectrogram_gan", tmp_path)
    assert isinstance(pair, SpectrogramGAN) and pair.n_instruments == 12
    for kept, weight in zip(pair.averaged, pair.generator.trainable_variables, strict=True):
        np.testing.assert_array_equal(np.asarray(kept), np.asarray(weight))  # the average is what is stored


def test_forged_notes_are_judged_beside_real_ones(few):
    pair = SpectrogramGAN(12, latent=2, units=4, filters=(2, 2, 2, 2))
    found = spectrogram_gan.judge_forger(pair, Notes.of(few.train), Notes.of(few.test))
    rows = found["rows"]
    assert found["notes"] == 2 and list(rows) == ["real", "forged", "vae", "semitone_below"]
    assert rows["real"]["nearest_take_db"] == 0 and rows["real"]["partial_contrast"] == rows["real"]["flicker"] == 1
    assert rows["real"]["within_50_cents"] == 1 and rows["semitone_below"]["within_50_cents"] == 0
    assert 0 < rows["vae"]["nearest_take_db"] < rows["semitone_below"]["nearest_take_db"]
    assert rows["forged"]["nearest_take_db"] > 1.5 * rows["vae"]["nearest_take_db"]  # nothing has been learnt
    assert found["unlikeness_db"]["real_takes"] > 3
    near = found["nearest_draw_db"]
    assert near["of_8"] <= near["of_3"] <= near["of_1"]


def test_the_vae_is_measured_beside_the_vae_gan(few):
    model = SpectrogramVAEGAN(2, filters=(2, 2, 2, 2), units=4, looks=(2, 2, 2, 2))
    found = vae_gan.judge_beside_vae(model, Notes.of(few.train), Notes.of(few.test))
    rows = found["rows"]
    assert list(rows) == ["real", "vae", "vae_gan"] and found["cpu_seconds_of_vae"] > 0
    assert rows["vae"]["test_error_db"] < 10 < rows["vae_gan"]["test_error_db"]
    assert set(rows["vae"]["drawn"]) == {"partial_contrast", "flicker"}
    assert note_games.data_row(few, 18)["sha256"] == few.sha256
