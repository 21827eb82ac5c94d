"""`train("melody_vae")` in small: the card says what was done, and the figures are those of the model."""

import dataclasses

import numpy as np
import pytest

from musegen_edu.four_bars import folk_windows
from musegen_edu.models.vae import MelodyVAE
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import latent_judging, melody_vae
from musegen_edu.tokens import FourBarCodec
from musegen_edu.training import EpochReport, train


@pytest.fixture
def small(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    profile = dataclasses.replace(melody_vae.PLAN_PROFILES["quick"], epochs=2, units=32, embedding=8, n_tunes=120)
    monkeypatch.setitem(melody_vae.PLAN_PROFILES, "quick", profile)
    monkeypatch.setitem(melody_vae.TELLER_PROFILES, "quick", dataclasses.replace(profile, epochs=1))
    monkeypatch.setattr(melody_vae, "CURVE", ((4, 0.1),))
    for name, number in {"N_SAMPLES": 8, "N_MORPHS": 4, "N_FOR_VECTORS": 60, "PCA_SIZES": (4, 16)}.items():
        monkeypatch.setattr(latent_judging, name, number)
    valid = folk_windows("valid").take(np.arange(0, 618, 6))

    def windows(split, **options):
        return folk_windows(split, **options) if split == "train" else valid

    monkeypatch.setattr(melody_vae, "folk_windows", windows)


@pytest.mark.slow
def test_the_vae_is_trained_and_judged(small):
    reports: list[EpochReport] = []
    path = train("melody_vae", "quick", seed=2, verbose=0, on_epoch=reports.append)
    card, model = load_card("melody_vae", path.parent), load_pretrained("melody_vae", path.parent)
    assert card["command"] == "musegen train melody_vae --profile quick --seed 2"
    assert isinstance(model, MelodyVAE) and isinstance(model.codec, FourBarCodec) and model.latent == 16
    assert card["epochs"] == 3 == len(reports) and card["data"]["valid"] == 103
    metrics = card["metrics"]
    here = latent_judging.reconstruction(model, folk_windows("valid").symbols[::6])
    assert metrics["test"] == pytest.approx(here, abs=0.02)
    assert sum(metrics["rate_by_latent"]) == pytest.approx(here["rate"], abs=0.05)
    assert [point["latent"] for point in metrics["curve"]] == [4]
    assert set(metrics["baselines"]) == {"pca_4", "pca_16", "nearest_by_code", "nearest_by_notes"}
    assert metrics["baselines"]["pca_4"]["note_f1"] < metrics["baselines"]["pca_16"]["note_f1"]
    assert metrics["morphs"]["lerp"]["detour"] >= 1 and len(metrics["morphs"]["slerp"]["note_density"]) == 9
    assert set(metrics["qualities"]["surfaces"]["density"]["moved"]) == {
        "density",
        "range",
        "syncopation",
        "contour",
        "majorness",
    }
    progress = path.parents[1] / "training"
    assert not list(progress.iterdir())  # the checkpoints have gone


def test_styles_that_differ_in_rhythm_are_told_apart():
    rng = np.random.default_rng(0)

    def windows(places):
        symbols = np.ones((60, 64), np.int32)
        for bar in range(4):
            symbols[:, np.array(places) + 16 * bar] = rng.integers(15, 30, (60, len(places)))
        return symbols

    even, snaps = windows([0, 4, 8, 12]), windows([0, 1, 4, 8, 9, 12])
    weights, threshold = latent_judging.style_classifier(even[:40], snaps[:40])
    assert (latent_judging.window_features(even[40:]) @ weights < threshold).all()
    assert (latent_judging.window_features(snaps[40:]) @ weights > threshold).all()


def test_pitch_class_overlap_does_not_hear_octaves_or_rhythm():
    codec = FourBarCodec()
    line = np.ones(64, np.int32)
    line[[0, 32]] = [20, 24]
    high = line.copy()
    high[[0, 32]] += 12
    far = line.copy()
    far[[0, 32]] = [21, 25]
    first, octave, other = ([codec.decode(row)] for row in (line, high, far))
    assert latent_judging.pitch_class_overlap(first, octave) == pytest.approx(1)
    assert latent_judging.pitch_class_overlap(first, other) == 0


def test_valid_loss_is_the_mean_of_the_loss():
    model = MelodyVAE(latent=4, units=16, hidden=12, decoder_units=0, beta=0.5)
    windows = folk_windows("valid").symbols[:206]
    told = model.predict_on_batch(windows)
    expected = float(model.compute_loss(windows, windows, told, training=False))
    assert melody_vae.valid_loss(model, list(windows)) == pytest.approx(expected, rel=1e-4)
