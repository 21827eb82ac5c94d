"""How `wavenet` is made and judged: the notes it hears, what it is measured against, and its card."""

import dataclasses

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.models.wavenet import WaveNet
from musegen_edu.mu_law import audio_to_mu_law, mu_law_to_audio
from musegen_edu.note_crops import UNTOLD, RecordedNotes, nats_per_sample
from musegen_edu.phases import asked_phases
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import wavenet as recipe
from musegen_edu.recipes.sample_baselines import ORDER, _linear_nats, baseline_nats
from musegen_edu.training import EpochReport, Profile, train

TINY = Profile("quick", epochs=1, patience=1, batch_size=8, learning_rate=5e-3, weight_decay=0.0, embedding=4, units=4, depth=3, dropout=0.0, n_tunes=16)  # fmt: skip


def tones(pitches: list[int], instruments: list[int], n_samples: int = 2400) -> RecordedNotes:
    """Notes of instruments that differ in their harmonics."""
    seconds = np.arange(n_samples) / recipe.SAMPLE_RATE
    frequency = 440 * 2 ** ((np.array(pitches)[:, None] - 69) / 12)
    audio = np.sin(2 * np.pi * frequency * seconds)
    for harmonic in (2, 3):
        audio += np.array(instruments)[:, None] * np.sin(2 * np.pi * harmonic * frequency * seconds)
    audio *= 0.9 / np.abs(audio).max(axis=1, keepdims=True)
    phases = asked_phases(pitches, n_samples, recipe.SAMPLE_RATE)
    return RecordedNotes(audio_to_mu_law(audio), phases, pitches, instruments)


def test_notes_are_those_of_the_split_at_half_the_rate_and_equally_loud():
    timbre = load_dataset("timbre")
    notes = recipe.timbre_notes(timbre, "test", velocity=85)
    assert notes.levels.shape == (84, 8000) and len(recipe.timbre_notes(timbre, "test")) == 252
    assert set(notes.pitches.tolist()) == {39, 46, 53, 60, 67, 74, 81} and set(notes.instruments) == set(range(12))
    audio = mu_law_to_audio(notes.levels)
    np.testing.assert_allclose(np.abs(audio).max(axis=1), 0.9, rtol=0.02)
    strongest = np.abs(np.fft.rfft(audio[notes.pitches == 81], axis=1)).argmax(axis=1)  # one bin a hertz
    assert (
        np.abs(strongest / 880 - np.rint(strongest / 880)) < 0.02
    ).all()  # a harmonic of A5, and nothing folded back


def test_detuned_notes_are_in_tune_with_their_new_pitch():
    timbre = load_dataset("timbre")
    plain = recipe.timbre_notes(timbre, "valid", velocity=85)
    moved = recipe.timbre_notes(timbre, "valid", velocity=85, detune_seed=0)
    cents = 100 * (moved.pitches - plain.pitches)
    assert -100 <= cents.min() < -60 and 60 < cents.max() <= 100
    told = (moved.levels != UNTOLD).sum(axis=1)
    np.testing.assert_allclose(told, 6000 / np.maximum(1, 2 ** (cents / 1200)), atol=1)  # until the release
    for row in range(0, len(moved), 9):
        sound = mu_law_to_audio(moved.levels[row, : told[row]])
        off = recipe.cents_off(sound, plain.pitches[row])
        assert off == pytest.approx(
            cents[row] + recipe.cents_off(mu_law_to_audio(plain.levels[row]), plain.pitches[row]), abs=4
        )
        drift = np.diff(
            np.unwrap(2 * np.pi * (moved.phases[row] - asked_phases(moved.pitches[row : row + 1], 8000, 8000)[0]))
        )
        assert abs(drift[500:5000].sum()) / (2 * np.pi) < 1.5  # periods in half a second: the phase follows the sound


def test_true_tones_are_judged_true_and_wrong_ones_wrong():
    notes = tones([60, 60, 72, 72], [0, 1, 0, 1])
    real = recipe.judge_notes(mu_law_to_audio(notes.levels), notes)
    assert real["near_the_asked_pitch"] == real["clear_pitch"] == real["nearest_is_the_asked_instrument"] == 1
    assert real["distance_to_the_asked_note_db"] == 0 < real["distance_to_other_instruments_db"]
    assert real["median_cents_off"] < 3
    swapped = recipe.judge_notes(mu_law_to_audio(notes.levels[[1, 0, 3, 2]]), notes)
    assert swapped["nearest_is_the_asked_instrument"] == 0 and swapped["near_the_asked_pitch"] == 1
    sharp = tones([61, 61, 73, 73], [0, 1, 0, 1])
    found = recipe.judge_notes(mu_law_to_audio(sharp.levels), notes)
    assert found["near_the_asked_pitch"] == 0 and found["median_cents_off"] == pytest.approx(100, abs=3)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (4, 2400)).astype(np.float32)
    found = recipe.judge_notes(noise, notes)
    assert found["clear_pitch"] == 0 and found["median_cents_off"] is None


def test_baselines_know_what_they_can_know():
    train, test = tones([60, 62, 64, 60, 62, 64], [0, 0, 0, 1, 1, 1]), tones([61, 63, 61, 63], [0, 0, 1, 1])
    found = baseline_nats(train, test)
    assert found["uniform"] == pytest.approx(np.log(256), abs=1e-4)
    assert found["linear_predictor"] < found["markov_order_1"] < found["histogram"] < found["uniform"]
    levels = train.levels.ravel()
    shares = (np.bincount(levels, minlength=256) + 1) / (len(levels) + 256)
    assert found["histogram"] == pytest.approx(-np.log(shares[test.levels]).mean(), abs=1e-4)
    noise = dataclasses.replace(test, levels=np.random.default_rng(0).integers(0, 256, (4, 2400), np.int16))
    assert baseline_nats(train, noise)["linear_predictor"] > np.log(256)  # no model knows what dice will say
    with pytest.raises(ValueError, match="train has no note of instrument 1"):
        baseline_nats(train[:3], test)


def test_the_linear_predictor_gives_probabilities():
    """The probabilities of all levels at one place add up to 1."""
    train = tones([60, 62], [0, 0], 200)
    histogram, n = np.full(256, 1 / 256), ORDER + 6
    ends = train[np.zeros(256, int)].first(n)
    levels = ends.levels.copy()
    levels[:, -1] = np.arange(256)  # the same note with every end there is
    ends = dataclasses.replace(ends, levels=levels)
    shorter = _linear_nats(train, ends[:1].first(n - 1), histogram) * (n - 1)  # nats of all that comes before the end
    nats = [_linear_nats(train, ends[i : i + 1], histogram) * n - shorter for i in range(256)]
    assert np.exp(-np.array(nats)).sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_train_writes_weights_and_an_honest_card(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(recipe.WAVENET_PROFILES, "quick", TINY)
    monkeypatch.setattr(recipe, "TEMPERATURES", (0.5, 1.0))
    monkeypatch.setattr(recipe, "CROP", 500)
    whole = recipe.timbre_notes

    def few(timbre, split, **options):
        return whole(timbre, split, **options)[:: 90 if split == "train" else 18].first(2400)

    monkeypatch.setattr(recipe, "timbre_notes", few)
    reports: list[EpochReport] = []
    path = train("wavenet", "quick", seed=2, verbose=0, on_epoch=reports.append)
    card, model = load_card("wavenet", path.parent), load_pretrained("wavenet", path.parent)
    assert card["command"] == "musegen train wavenet --profile quick --seed 2"
    assert card["data"]["sha256"] == load_dataset("timbre").sha256 and card["data"]["train_with_detuned_copies"] == 16
    assert isinstance(model, WaveNet) and model.codec is None and len(model.instruments) == 12
    metrics = card["metrics"]
    test = recipe.timbre_notes(load_dataset("timbre"), "test", velocity=85)
    assert metrics["nats_per_sample"]["test"] == pytest.approx(nats_per_sample(model, test), abs=1e-3)
    assert metrics["temperature"] in (0.5, 1.0) and set(metrics["valid_by_temperature"]) == {"0.5", "1.0"}
    assert metrics["test_real"]["near_the_asked_pitch"] == 1 > metrics["test_written"]["near_the_asked_pitch"]
    assert not list((tmp_path / "home" / "training").iterdir()) and len(reports) == 1


def test_the_shipped_network_is_told_by_its_card():
    card = load_card("wavenet")
    assert card["data"]["sha256"] == load_dataset("timbre").sha256
    assert dataclasses.asdict(recipe.WAVENET_PROFILES["full"]) == card["profile"]
    told = card["metrics"]["nats_per_sample"]
    assert told["test"] < min(told["test_baselines"].values())
    written = card["metrics"]["test_written"]
    assert written["near_the_asked_pitch"] > 0.5 and written["nearest_is_the_asked_instrument"] > 3 / 12
