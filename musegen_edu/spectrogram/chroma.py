"""Chroma: how strong each of the twelve pitch classes sounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.spectrogram.stft import audio_to_stft


def audio_to_chroma(
    audio: npt.ArrayLike, sample_rate: int, *, n_fft: int = 4096, hop_length: int = 1024
) -> npt.NDArray[np.float32]:
    """Return the strength of the twelve pitch classes in each frame, whatever the octave.

    Parameters
    ----------
    audio : (n_samples,) mono samples.
    sample_rate : in Hz.
    n_fft, hop_length : in samples; the window is long because low semitones lie close together.

    Returns
    -------
    (12, n_frames), C first, the largest value of each frame 1 (or all 0 in silence).

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    >>> int(audio_to_chroma(tone, 16000).mean(axis=1).argmax())  # A
    9

    References
    ----------
    Fujishima, Realtime chord recognition of musical sound, ICMC 1999.
    """
    import librosa

    power = np.abs(audio_to_stft(audio, n_fft=n_fft, hop_length=hop_length)) ** 2
    # tuning=0: concert pitch, A4 = 440 Hz, rather than a guess that changes from sound to sound
    return np.asarray(librosa.feature.chroma_stft(S=power, sr=sample_rate, n_fft=n_fft, tuning=0.0), np.float32)
