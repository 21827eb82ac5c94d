"""Mel spectrograms: loudness in bands as wide as the ear makes them; their cepstrum; and a guess at the sound behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.spectrogram.stft import (
    HOP_LENGTH,
    N_FFT,
    Audio,
    audio_to_stft,
    checked_picture,
    full_scale,
    griffin_lim,
)

N_MELS = 80
_SOUNDS_AT_ONCE = 256
FLOOR_DB = -80.0  # everything quieter than this, measured against full scale, counts as silence


def audio_to_mel(
    audio: npt.ArrayLike,
    sample_rate: int,
    *,
    n_fft: int = N_FFT,
    hop_length: int = HOP_LENGTH,
    n_mels: int = N_MELS,
) -> npt.NDArray[np.float32]:
    """Return the mel spectrogram of a sound in decibels.

    The power of each frame is summed in `n_mels` triangular bands whose widths follow the ear: narrow at low frequencies, wide
    at high ones.

    Parameters
    ----------
    audio : (n_samples,) mono samples.
    sample_rate : samples a second, in Hz.
    n_fft, hop_length : in samples, see `audio_to_stft`.
    n_mels : number of bands.

    Returns
    -------
    (n_mels, n_frames), decibels of power, at least `FLOOR_DB`. A full-scale sine is the loudest thing there is: about 0 dB in
    its band (the window's gain is divided out).

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    >>> audio_to_mel(tone, 16000).shape
    (80, 63)

    References
    ----------
    Stevens, Volkmann and Newman, A scale for the measurement of the psychological magnitude pitch, JASA 8(3), 1937; the bands
    are those of Slaney's Auditory Toolbox (1998), librosa's default.
    """
    power = (np.abs(audio_to_stft(audio, n_fft=n_fft, hop_length=hop_length)) / full_scale(n_fft)) ** 2
    return _power_to_mel(power, sample_rate, n_fft, n_mels)


def sounds_to_mels(
    audio: npt.ArrayLike,
    sample_rate: int,
    *,
    n_fft: int = N_FFT,
    hop_length: int = HOP_LENGTH,
    n_mels: int = N_MELS,
) -> npt.NDArray[np.float32]:
    """Return the mel spectrograms of many sounds of equal length, faster than one by one.

    Parameters
    ----------
    audio : (n, n_samples) mono samples, one sound a row.
    sample_rate, n_fft, hop_length, n_mels : as in `audio_to_mel`.

    Returns
    -------
    (n, n_mels, n_frames) decibels, as `audio_to_mel` makes them.

    Raises
    ------
    ValueError
        If `audio` has not two axes, is empty, or a sound or a setting is none for `audio_to_mel`.

    Examples
    --------
    >>> sounds_to_mels(np.zeros((3, 16000)), 16000).shape
    (3, 80, 63)

    Lesson: 07 convolutional_networks.
    """
    sounds = np.asarray(audio, np.float32)
    if sounds.ndim != 2 or len(sounds) == 0:
        raise ValueError(f"audio has shape {sounds.shape}; it must be (n, n_samples), one sound a row")
    mels = []
    for first in range(0, len(sounds), _SOUNDS_AT_ONCE):
        stfts = [
            audio_to_stft(sound, n_fft=n_fft, hop_length=hop_length)
            for sound in sounds[first : first + _SOUNDS_AT_ONCE]
        ]
        power = (np.abs(np.concatenate(stfts, axis=1)) / full_scale(n_fft)) ** 2  # (n_bins, sounds * n_frames)
        mel = _power_to_mel(power, sample_rate, n_fft, n_mels)
        mels.append(mel.reshape(n_mels, len(stfts), -1).swapaxes(0, 1))
    return np.concatenate(mels)


def mel_to_audio(
    mel: npt.ArrayLike,
    sample_rate: int,
    *,
    n_fft: int = N_FFT,
    hop_length: int = HOP_LENGTH,
    n_iter: int = 60,
    seed: int = 0,
    length: int | None = None,
) -> Audio:
    """Return a sound whose mel spectrogram is close to the one given.

    Two things are lost on the way in and are guessed on the way back: where inside its band a frequency lay (answered by the
    non-negative spectrum that explains the bands best), and the phase (answered by `griffin_lim`).

    Parameters
    ----------
    mel : (n_mels, n_frames) decibels, as `audio_to_mel` makes them.
    sample_rate, n_fft, hop_length : as they were on the way in.
    n_iter : rounds of Griffin-Lim.
    seed : of the first guess of the phase.
    length : samples wanted.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
    >>> again = mel_to_audio(audio_to_mel(tone, 16000), 16000, length=8000)
    >>> again.shape
    (8000,)
    """
    import librosa

    bands = 10 ** (checked_picture("mel", mel).astype(np.float64) / 10)
    bands[bands <= 10 ** (FLOOR_DB / 10) * 1.0001] = 0.0  # the floor means silence, not a faint hiss
    filters = _mel_bands(sample_rate, n_fft, len(bands))
    power = librosa.util.nnls(filters, bands)
    return griffin_lim(
        np.sqrt(power) * full_scale(n_fft), hop_length=hop_length, n_iter=n_iter, seed=seed, length=length
    )


def audio_to_mfcc(
    audio: npt.ArrayLike, sample_rate: int, *, n_mfcc: int = 20, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH
) -> npt.NDArray[np.float32]:
    """Return mel-frequency cepstral coefficients: the shape of each frame's mel spectrum in a few numbers.

    They are the first `n_mfcc` coefficients of a discrete cosine transform (type II, orthonormal) down each column of
    `audio_to_mel`. Coefficient 0 follows the loudness; the next ones say how the spectrum slopes and bends.

    Returns
    -------
    (n_mfcc, n_frames).

    Examples
    --------
    >>> audio_to_mfcc(np.sin(np.arange(16000)), 16000, n_mfcc=13).shape
    (13, 63)

    References
    ----------
    Davis and Mermelstein, Comparison of parametric representations for monosyllabic word recognition, IEEE Trans. ASSP 28(4), 1980.
    """
    import librosa

    mel = audio_to_mel(audio, sample_rate, n_fft=n_fft, hop_length=hop_length)
    if not 1 <= n_mfcc <= len(mel):
        raise ValueError(f"n_mfcc={n_mfcc} must be from 1 to {len(mel)}, the number of mel bands")
    return np.asarray(librosa.feature.mfcc(S=mel, n_mfcc=n_mfcc), np.float32)


def _power_to_mel(power: npt.NDArray[Any], sample_rate: int, n_fft: int, n_mels: int) -> npt.NDArray[np.float32]:
    """Decibels (n_mels, n_frames) of power (n_bins, n_frames), in which a full-scale sine has 1."""
    import librosa

    bands = _mel_bands(sample_rate, n_fft, n_mels) @ power  # (n_mels, n_bins) x (n_bins, n_frames)
    decibels = librosa.power_to_db(bands, ref=1.0, amin=10 ** (FLOOR_DB / 10), top_db=None)
    return np.asarray(np.maximum(decibels, FLOOR_DB), np.float32)  # float32 rounding may fall a hair below the floor


def _mel_bands(sample_rate: int, n_fft: int, n_mels: int) -> npt.NDArray[np.float32]:
    from librosa.filters import mel as mel_filters

    if sample_rate <= 0:
        raise ValueError(f"sample_rate={sample_rate} must be a positive number of Hz")
    if not 1 <= n_mels <= n_fft // 4:
        raise ValueError(f"n_mels={n_mels} must be from 1 to n_fft // 4 = {n_fft // 4}: more bands would stay empty")
    # norm=None: each triangle is 1 at its peak, so that a tone reads the same level in a narrow band and in a wide one
    return np.asarray(mel_filters(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, norm=None), np.float32)
