"""Spectrograms: known tones land where they must, and every way back is measured."""

import numpy as np
import pytest

from musegen_edu.spectrogram import (
    FLOOR_DB,
    audio_to_chroma,
    audio_to_mel,
    audio_to_mfcc,
    audio_to_stft,
    griffin_lim,
    mel_to_audio,
    spectral_convergence,
    stft_to_audio,
)

SAMPLE_RATE = 16000


def tone(frequency, seconds=1.0, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def chord():
    return sum(tone(f, 2.0, 0.1) for f in (261.63, 329.63, 392.0)) * np.exp(-np.arange(2 * SAMPLE_RATE) / 12000)


@pytest.mark.parametrize("n_fft", [512, 1024, 4096])
@pytest.mark.parametrize("fraction", [2, 4, 8])
def test_stft_and_back_is_exact(n_fft, fraction):
    sound = np.random.default_rng(0).normal(0, 0.2, 9001)
    again = stft_to_audio(
        audio_to_stft(sound, n_fft=n_fft, hop_length=n_fft // fraction), hop_length=n_fft // fraction, length=9001
    )
    assert np.abs(again - sound).max() < 1e-5


def test_stft_equals_a_dft_written_out():
    sound = np.random.default_rng(1).normal(0, 0.2, 4096)
    n_fft, hop = 256, 64
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    frame = sound[20 * hop - n_fft // 2 : 20 * hop + n_fft // 2] * window
    matrix = np.exp(-2j * np.pi * np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) / n_fft)
    assert np.allclose(audio_to_stft(sound, n_fft=n_fft, hop_length=hop)[:, 20], matrix @ frame, atol=1e-4)


@pytest.mark.parametrize("frequency", [250.0, 1000.0, 4000.0])
def test_a_full_scale_sine_reads_about_0_db(frequency):
    mel = audio_to_mel(tone(frequency, amplitude=1.0), SAMPLE_RATE)
    assert -5 < mel[:, 30].max() < 2.5
    quieter = audio_to_mel(tone(frequency, amplitude=0.1), SAMPLE_RATE)
    assert mel[:, 30].max() - quieter[:, 30].max() == pytest.approx(20, abs=0.1)


def test_silence_reads_the_floor_and_comes_back_silent():
    mel = audio_to_mel(np.zeros(8000), SAMPLE_RATE)
    assert (mel == FLOOR_DB).all()
    assert np.abs(mel_to_audio(mel, SAMPLE_RATE, length=8000)).max() < 1e-3


def test_griffin_lim_improves_with_rounds_and_follows_its_seed():
    target = np.abs(audio_to_stft(chord()))
    errors = [
        spectral_convergence(target, np.abs(audio_to_stft(griffin_lim(target, n_iter=n, length=2 * SAMPLE_RATE))))
        for n in (1, 10, 60)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.1
    assert np.array_equal(griffin_lim(target, n_iter=2, seed=3), griffin_lim(target, n_iter=2, seed=3))
    assert not np.array_equal(griffin_lim(target, n_iter=2, seed=3), griffin_lim(target, n_iter=2, seed=4))


def test_mel_and_back_keeps_level_and_bands():
    mel = audio_to_mel(chord(), SAMPLE_RATE)
    again = mel_to_audio(mel, SAMPLE_RATE, length=2 * SAMPLE_RATE)
    difference = (audio_to_mel(again, SAMPLE_RATE) - mel)[mel > -50]
    assert np.abs(difference).mean() < 2.0  # decibels
    assert np.sqrt((again**2).mean()) == pytest.approx(np.sqrt((chord() ** 2).mean()), rel=0.15)


def test_mfcc_0_follows_loudness_and_the_others_do_not():
    loud, soft = (audio_to_mfcc(np.random.default_rng(2).normal(0, a, SAMPLE_RATE), SAMPLE_RATE) for a in (0.2, 0.02))
    assert (loud[0] - soft[0]).mean() > 100
    assert np.abs((loud[1:] - soft[1:]).mean(axis=1)).max() < 1e-2


@pytest.mark.parametrize("pitch", range(48, 84, 5))
def test_chroma_names_the_pitch_class(pitch):
    chroma = audio_to_chroma(tone(440 * 2 ** ((pitch - 69) / 12)), SAMPLE_RATE)
    assert chroma[:, 3:-3].mean(axis=1).argmax() == pitch % 12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: audio_to_stft(np.zeros((2, 100))), "mono"),
        (lambda: audio_to_stft([]), "shape"),
        (lambda: audio_to_stft(np.zeros(100)), "fewer than one window"),
        (lambda: audio_to_stft([0.0, np.nan]), "not finite"),
        (lambda: audio_to_stft(np.zeros(100), n_fft=7), "n_fft=7"),
        (lambda: audio_to_stft(np.zeros(100), hop_length=0), "hop_length=0"),
        (lambda: audio_to_mel(np.zeros(2000), 0), "sample_rate=0"),
        (lambda: audio_to_mel(np.zeros(2000), 16000, n_mels=999), "n_mels=999"),
        (lambda: griffin_lim(np.full((513, 4), -1.0)), "not negative"),
        (lambda: griffin_lim(np.zeros((513, 4)), n_iter=0), "n_iter=0"),
        (lambda: audio_to_mfcc(np.zeros(2000), 16000, n_mfcc=0), "n_mfcc=0"),
        (lambda: mel_to_audio(np.zeros(3), 16000), "mel has shape"),
        (lambda: spectral_convergence([[1.0]], [[1.0, 2.0]]), "shape"),
        (lambda: spectral_convergence([[0.0]], [[1.0]]), "silent"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
