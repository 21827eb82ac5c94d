"""Mu-law: the formula, the way there and back, and bad input."""

import numpy as np
import pytest

from musegen_edu.mu_law import audio_to_mu_law, mu_law_to_audio


def test_levels_follow_the_formula():
    samples = np.linspace(-1, 1, 200_001)
    levels = audio_to_mu_law(samples)
    assert levels.dtype == np.int32 and levels.min() == 0 and levels.max() == 255
    assert (np.diff(levels) >= 0).all() and len(np.unique(levels)) == 256
    by_hand = np.sign(0.3) * np.log(1 + 255 * 0.3) / np.log(256)  # F(0.3)
    assert audio_to_mu_law(0.3) == round((by_hand + 1) / 2 * 255)


@pytest.mark.parametrize("n_levels", [2, 16, 256])
def test_every_level_comes_back(n_levels):
    levels = np.arange(n_levels)
    audio = mu_law_to_audio(levels, n_levels)
    assert audio.dtype == np.float32 and audio[0] == -1 and audio[-1] == 1
    np.testing.assert_array_equal(audio_to_mu_law(audio, n_levels), levels)
    np.testing.assert_array_equal(audio, -audio[::-1])


def test_the_way_there_and_back_loses_two_percent_of_a_sample():
    samples = np.random.default_rng(0).uniform(-1, 1, 20_000) ** 3  # many soft ones
    error = np.abs(mu_law_to_audio(audio_to_mu_law(samples)) - samples)
    bound = (np.abs(samples) + 1 / 255) * np.expm1(np.log(256) / 255)
    assert (error <= bound + 1e-7).all()
    assert error.max() > 0.5 * bound.max()  # the bound is no idle one
    even = np.abs(np.rint(samples * 127.5) / 127.5 - samples)  # even steps, as many levels
    soft = np.abs(samples) < 0.01
    assert error[soft].mean() < even[soft].mean() / 5


def test_silence_is_one_level_and_nearly_silent():
    assert audio_to_mu_law(np.zeros(3)).tolist() == [128] * 3
    assert 0 < mu_law_to_audio(128) < 1e-4


@pytest.mark.parametrize("bad", [[0.0, 1.5], [-1.01], [np.nan], [np.inf]])
def test_samples_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match="samples must be from -1 to 1"):
        audio_to_mu_law(bad)


@pytest.mark.parametrize("n_levels", [0, 1, 255])
def test_odd_numbers_of_levels_are_refused(n_levels):
    with pytest.raises(ValueError, match=f"n_levels={n_levels} must be an even number"):
        audio_to_mu_law([0.0], n_levels)
    with pytest.raises(ValueError, match=f"n_levels={n_levels} must be an even number"):
        mu_law_to_audio([0], n_levels)


def test_levels_out_of_range_are_refused():
    with pytest.raises(ValueError, match="levels holds -1 to 3; levels are 0 to 255"):
        mu_law_to_audio([3, -1])
    with pytest.raises(ValueError, match="levels are 0 to 15"):
        mu_law_to_audio([16], 16)
