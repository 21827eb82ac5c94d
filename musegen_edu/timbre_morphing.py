"""Between two instruments: notes to points in a latent space of timbres, and points back to sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from musegen_edu.models.note_painter import HOP_LENGTH, N_FFT, N_MELS, N_SAMPLES, SAMPLE_RATE
from musegen_edu.spectrogram import FLOOR_DB, mel_to_audio, sounds_to_mels

if TYPE_CHECKING:
    from musegen_edu.models.spectrogram_vae import SpectrogramVAE

Floats = npt.NDArray[np.float32]


def note_mels(audio: npt.ArrayLike) -> Floats:
    """Return the spectrograms that a `SpectrogramVAE` reads.

    Parameters
    ----------
    audio : (n, 16000) mono samples: one second at 16 kHz, as the notes of "timbre".

    Returns
    -------
    (n, 128, 63) decibels.

    Raises
    ------
    ValueError
        If the sounds have another length.

    Examples
    --------
    >>> note_mels(np.zeros((2, 16000))).shape
    (2, 128, 63)

    Lesson: 09 variational_autoencoders.
    """
    sounds = np.asarray(audio, np.float32)
    if sounds.ndim != 2 or sounds.shape[1] != N_SAMPLES:
        raise ValueError(f"audio has shape {sounds.shape}; give (n, {N_SAMPLES}): seconds of sound at {SAMPLE_RATE} Hz")
    return sounds_to_mels(sounds, SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS)


def sounds_to_latents(model: SpectrogramVAE, audio: npt.ArrayLike, pitches: npt.ArrayLike) -> Floats:
    """Return the point of each note in the space of timbres: the mean of its distribution, (n, latent).

    Parameters
    ----------
    model : such as `load_pretrained("spectrogram_vae")`.
    audio : (n, 16000), see `note_mels`.
    pitches : (n,) MIDI numbers.

    Lesson: 09 variational_autoencoders.
    """
    return model.encode(note_mels(audio), pitches)[0]


def latents_to_sounds(
    model: SpectrogramVAE, z: npt.ArrayLike, pitches: npt.ArrayLike, *, n_iter: int = 60, seed: int = 0
) -> Floats:
    """Return the notes at some points, painted in one call and made audible by Griffin-Lim (about 0.2 s each).

    Parameters
    ----------
    model : such as `load_pretrained("spectrogram_vae")`.
    z : (n, latent).
    pitches : (n,) MIDI numbers; they need not be those of the notes that the points come from.
    n_iter, seed : as in `mel_to_audio`.

    Returns
    -------
    (n, 16000) mono samples at 16 kHz.

    Examples
    --------
    >>> from musegen_edu.models.spectrogram_vae import SpectrogramVAE
    >>> model = SpectrogramVAE(latent=2, filters=(1, 1, 1, 1), units=4)
    >>> latents_to_sounds(model, np.zeros((1, 2)), [60], n_iter=1).shape
    (1, 16000)

    Lesson: 09 variational_autoencoders.
    """
    return np.stack([mel_to_sound(mel, n_iter=n_iter, seed=seed) for mel in model.decode(z, pitches)])


def mel_to_sound(mel: npt.ArrayLike, *, n_iter: int = 60, seed: int = 0) -> Floats:
    """Return one second of sound whose spectrogram is close to one of `note_mels`, (128, 63); (16000,)."""
    return mel_to_audio(
        mel, SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP_LENGTH, n_iter=n_iter, seed=seed, length=N_SAMPLES
    )


def spectral_centroid(mels: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return how bright notes are: the mean frequency of their spectrogram, each band weighted with its magnitude, in Hz.

    Parameters
    ----------
    mels : (n, 128, n_frames) decibels; what lies at the floor counts as silence.

    Returns
    -------
    (n,), 0 for silence.

    Examples
    --------
    >>> seconds = np.arange(16000) / 16000
    >>> tones = 0.5 * np.sin(2 * np.pi * np.array([[440.0], [1760.0]]) * seconds)
    >>> [round(float(hertz), -2) for hertz in spectral_centroid(note_mels(tones))]
    [400.0, 1800.0]

    References
    ----------
    Grey and Gordon, "Perceptual effects of spectral modifications on musical timbres", JASA 63(5), 1978: the centroid goes with the brightness
    that listeners hear.
    Lesson: 09 variational_autoencoders.
    """
    import librosa

    pictures = np.asarray(mels, np.float64)
    if pictures.ndim != 3 or pictures.shape[1] != N_MELS:
        raise ValueError(f"mels has shape {pictures.shape}; give (n, {N_MELS}, n_frames) decibels")
    amplitude = np.where(pictures > FLOOR_DB, 10 ** (pictures / 20), 0.0).sum(axis=2)  # (n, bands)
    hertz = librosa.mel_frequencies(n_mels=N_MELS + 2, fmax=SAMPLE_RATE / 2)[1:-1]  # middles of the bands
    whole = amplitude.sum(axis=1)
    return np.asarray(np.where(whole > 0, amplitude @ hertz / np.maximum(whole, 1e-12), 0.0))
