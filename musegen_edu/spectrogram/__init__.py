"""Sound as pictures: STFT, mel, MFCC and chroma, and the way back to sound.

All functions take mono sound: float samples between -1 and 1, shape (n_samples,). Pictures have frequency down the first axis and
time along the second, as in librosa. Frame t is centred on sample t * hop_length.

Lesson: 02 representing_music.
"""

from __future__ import annotations

from musegen_edu.spectrogram.chroma import audio_to_chroma
from musegen_edu.spectrogram.mel import FLOOR_DB, N_MELS, audio_to_mel, audio_to_mfcc, mel_to_audio, sounds_to_mels
from musegen_edu.spectrogram.stft import (
    HOP_LENGTH,
    N_FFT,
    Audio,
    audio_to_stft,
    griffin_lim,
    spectral_convergence,
    stft_to_audio,
)

__all__ = [
    "FLOOR_DB",
    "HOP_LENGTH",
    "N_FFT",
    "N_MELS",
    "Audio",
    "audio_to_chroma",
    "audio_to_mel",
    "audio_to_mfcc",
    "audio_to_stft",
    "griffin_lim",
    "mel_to_audio",
    "sounds_to_mels",
    "spectral_convergence",
    "stft_to_audio",
]
