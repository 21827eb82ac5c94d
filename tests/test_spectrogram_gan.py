"""SpectrogramGAN and what pictures of notes are measured by: shapes, who is told what, and numbers that are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from musegen_edu.metrics.note_pictures import flicker, nearest_take, partial_contrast, unlikeness
from musegen_edu.models.note_painter import N_FRAMES, N_MELS, Floor, mels_to_levels
from musegen_edu.models.spectrogram_gan import SpectrogramGAN
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.pretrained import load_pretrained, save_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.timbre_morphing import note_mels

ops = keras.ops
NOTES = np.array([[48, 0], [60, 1], [72, 2], [61, 0], [50, 1], [55, 2], [66, 0], [70, 1]], np.int32)
HIGHER, OTHERS = NOTES + np.array([1, 0], np.int32), (NOTES + np.array([0, 1], np.int32)) % np.array([128, 3], np.int32)
SECONDS = np.arange(16000) / 16000


def tones(pitches, partials=4):
    hertz = 440 * 2 ** ((np.array(pitches) - 69) / 12)
    waves = sum(np.sin(2 * np.pi * k * hertz[:, None] * SECONDS) / k for k in range(1, partials + 1))
    return note_mels((0.3 * waves * np.exp(-3 * SECONDS)).astype(np.float32))


def small(**options):
    return SpectrogramGAN(3, latent=2, units=8, filters=(2, 3, 4, 5), **{"seed": 1, **options})


def judged(pair, shown, told):
    return ops.convert_to_numpy(pair.judge([shown, ops.convert_to_tensor(told)]))


@pytest.fixture(scope="module")
def pair():
    return small()


def test_notes_are_forged_from_noise_pitch_and_instrument(pair):
    mels = pair.generate(8, condition=NOTES, seed=3)
    assert mels.shape == (8, N_MELS, N_FRAMES) and mels.min() >= -80
    np.testing.assert_array_equal(mels, pair.generate(8, condition=NOTES, seed=3))
    for other in (
        pair.generate(8, condition=NOTES, seed=4),
        pair.generate(8, condition=HIGHER, seed=3),
        pair.generate(8, condition=OTHERS, seed=3),
    ):
        assert (np.abs(other - mels).max(axis=(1, 2)) > 1e-3).all()
    np.testing.assert_allclose(pair.generate(8, condition=NOTES, seed=3, averaged=True), mels, atol=1e-3)


def test_the_judge_is_told_both_too(pair):
    shown = pair.prepare(tones(NOTES[:, 0]))
    np.testing.assert_allclose(ops.convert_to_numpy(shown), mels_to_levels(tones(NOTES[:, 0])), atol=1e-6)
    scores = judged(pair, shown, NOTES)
    assert scores.shape == (8, 1)
    for told in (HIGHER, OTHERS):
        assert (np.abs(judged(pair, shown, told) - scores) > 1e-7).all()


def test_nothing_lies_below_the_floor_and_a_way_up_remains():
    level = keras.Variable(np.array([-0.5, 0.25], np.float32))
    np.testing.assert_allclose(ops.convert_to_numpy(Floor()(level)), [0.0, 0.25], atol=1e-7)


def test_both_players_learn():
    pair = small()
    pair.compile(TwoSpeedAdam(2e-3, 4e-3))
    before = [network.get_weights() for network in (pair.generator, pair.judge)]
    mels = tones(NOTES[:, 0])
    logs = pair.fit((np.repeat(mels, 4, axis=0), np.repeat(NOTES, 4, axis=0)), batch_size=16, epochs=12, verbose=0).history  # fmt: skip
    assert all(np.isfinite(values).all() for values in logs.values())
    for network, old in zip((pair.generator, pair.judge), before, strict=True):
        assert any((a != b).any() for a, b in zip(network.get_weights(), old, strict=True))
    shown, forged = pair.prepare(mels), pair.prepare(small().generate(8, condition=NOTES))
    real, untrained = (judged(pair, picture, NOTES).mean() for picture in (shown, forged))
    assert real > untrained + 0.05  # it has learnt what no note looks like


def test_saved_and_loaded_it_forges_the_same(pair, tmp_path):
    save_pretrained("notes", pair, card={}, folder=tmp_path)
    again = load_pretrained("notes", tmp_path)
    assert len({weight.path for weight in pair.weights}) == len(pair.weights)
    ours, theirs = (model.generate(8, condition=NOTES, seed=1) for model in (pair, again))
    np.testing.assert_allclose(ours, theirs, atol=0.2)  # 16-bit weights


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (None, r"condition has shape \(\); give \(2, 2\)"),
        ([[60, 0]], r"condition has shape \(1, 2\)"),
        ([[60, 0], [20, 0]], "pitches holds 20 to 60"),
        ([[60, 0], [60, 3]], "names the instruments 0 to 3; they must lie from 0 to 2"),
    ],
)
def test_a_bad_condition_is_named(pair, condition, message):
    with pytest.raises(ValueError, match=message):
        pair.generate(2, condition=condition)


def test_bad_settings_are_named():
    for changes, message in (({"latent": 0}, "latent=0"), ({"filters": (4, 4)}, r"filters=\(4, 4\)"), ({"loss": "l2"}, "loss='l2'")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            SpectrogramGAN(3, **changes)


# ---- the measures ----


def test_a_blur_has_less_contrast_and_a_mean_of_takes_less_flicker():
    sharp = tones([60, 67], partials=12)
    blurred = np.mean([np.roll(sharp, shift, axis=1) for shift in (-2, -1, 0, 1, 2)], axis=0)
    assert (partial_contrast(blurred) < 0.6 * partial_contrast(sharp)).all()
    rng = np.random.default_rng(0)
    takes = -30 + rng.normal(0, 3, (16, 1, N_MELS, N_FRAMES))
    assert flicker(takes.mean(axis=0))[0] == pytest.approx(flicker(takes[0])[0] / 4, rel=0.05)  # 1 / sqrt(16)
    assert flicker(takes[0])[0] == pytest.approx(3 * 2 / np.sqrt(np.pi), rel=0.05)  # mean |a - b| of normal a, b
    silence = np.full((1, N_MELS, N_FRAMES), -80.0)
    assert partial_contrast(silence)[0] == flicker(silence)[0] == 0


def test_nearest_take_and_unlikeness_by_hand():
    takes = np.array([-20.0, -30.0, -50.0])[:, None, None] + np.zeros((3, 4, 5))
    names = np.array([[60, 1], [60, 1], [61, 1]])
    asked = takes[[0, 2]] - 6
    assert nearest_take(asked, names[[0, 2]], takes, names).tolist() == [4.0, 6.0]
    assert unlikeness(np.stack([takes, takes * 0])).tolist() == pytest.approx([20.0, 0.0])
    for call, message in (
        (lambda: nearest_take(asked, [[60, 1], [62, 1]], takes, names), r"\[62, 1\], of which real_notes has no take"),
        (lambda: nearest_take(asked, names, takes, names), "do not fit together"),
        (lambda: unlikeness(takes), r"takes has shape \(3, 4, 5\)"),
        (lambda: flicker(np.zeros((2, 4, 1))), "two frames or more"),
        (lambda: partial_contrast(np.zeros((4, 5))), r"mels has shape \(4, 5\)"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
