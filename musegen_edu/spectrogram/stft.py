"""The short-time Fourier transform of a sound, and the ways back: with its phase, and without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]

N_FFT = 1024  # samples in a window: 46 ms at 22,050 Hz, 64 ms at 16,000 Hz
HOP_LENGTH = 256  # samples from one window to the next


def audio_to_stft(
    audio: npt.ArrayLike, *, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH
) -> npt.NDArray[np.complex64]:
    """Return the short-time Fourier transform of a sound.

    Parameters
    ----------
    audio : (n_samples,) mono samples.
    n_fft : samples in a (Hann) window; more resolve frequency better and time worse.
    hop_length : samples from one window to the next.

    Returns
    -------
    (1 + n_fft // 2, n_frames) complex; row k is the frequency k * sample_rate / n_fft.

    Raises
    ------
    ValueError
        If the sound is not mono, is shorter than a window, or holds values that are not finite; or if a setting is not positive.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    >>> magnitude = abs(audio_to_stft(tone))
    >>> int(magnitude[:, 30].argmax() * 16000 / N_FFT)
    1000

    References
    ----------
    Allen and Rabiner, A unified approach to short-time Fourier analysis and synthesis, Proc. IEEE 65(11), 1977.
    """
    import librosa

    samples = _checked_audio(audio)
    _check_window(n_fft, hop_length)
    if len(samples) < n_fft:
        raise ValueError(
            f"audio has {len(samples)} samples, fewer than one window of n_fft={n_fft}; use a smaller n_fft"
        )
    return np.asarray(librosa.stft(samples, n_fft=n_fft, hop_length=hop_length, pad_mode="constant"), np.complex64)


def stft_to_audio(stft: npt.ArrayLike, *, hop_length: int = HOP_LENGTH, length: int | None = None) -> Audio:
    """Return the sound of a short-time Fourier transform, the inverse of `audio_to_stft`.

    Parameters
    ----------
    stft : (1 + n_fft // 2, n_frames) complex.
    hop_length : as it was on the way in.
    length : samples wanted; without it, the last incomplete hop is cut off.

    Examples
    --------
    >>> sound = np.random.default_rng(0).normal(0, 0.1, 5000)
    >>> bool(np.allclose(stft_to_audio(audio_to_stft(sound), length=5000), sound, atol=1e-5))
    True
    """
    import librosa

    picture = checked_picture("stft", stft)
    _check_window(2 * (len(picture) - 1), hop_length)
    return np.asarray(librosa.istft(picture, hop_length=hop_length, length=length), np.float32)


def griffin_lim(
    magnitude: npt.ArrayLike,
    *,
    hop_length: int = HOP_LENGTH,
    n_iter: int = 60,
    seed: int = 0,
    length: int | None = None,
) -> Audio:
    """Find a sound whose STFT has a given magnitude, by guessing the phase again and again.

    Each round turns the guess into sound and back: the new phase is kept, the magnitude is set right. The fast version adds
    momentum between rounds.

    Parameters
    ----------
    magnitude : (1 + n_fft // 2, n_frames), not negative.
    hop_length : in samples.
    n_iter : rounds; 30 to 60 are usual.
    seed : of the random first phase.
    length : samples wanted.

    References
    ----------
    Griffin and Lim, Signal estimation from modified short-time Fourier transform, IEEE Trans. ASSP 32(2), 1984; Perraudin, Balazs
    and Sondergaard, A fast Griffin-Lim algorithm, WASPAA 2013.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
    >>> target = abs(audio_to_stft(tone))
    >>> spectral_convergence(target, abs(audio_to_stft(griffin_lim(target, length=8000)))) < 0.1
    True
    """
    import librosa

    target = checked_picture("magnitude", magnitude).astype(np.float32)
    if (target < 0).any():
        raise ValueError(
            f"magnitude holds {target.min():g}; magnitudes are not negative (decibels must be converted first)"
        )
    _check_window(2 * (len(target) - 1), hop_length)
    if n_iter < 1:
        raise ValueError(f"n_iter={n_iter} must be at least 1")
    sound = librosa.griffinlim(
        target, n_iter=n_iter, hop_length=hop_length, length=length, random_state=seed, pad_mode="constant"
    )
    return np.asarray(sound, np.float32)


def spectral_convergence(reference: npt.ArrayLike, estimate: npt.ArrayLike) -> float:
    """Return how far one magnitude spectrogram is from another: 0 is equal, 1 is as bad as silence.

    It is the length of the difference over the length of the reference, both as vectors (Frobenius norm).

    Examples
    --------
    >>> spectral_convergence([[3.0, 4.0]], [[3.0, 3.0]])
    0.2
    """
    wanted, found = np.asarray(reference, np.float64), np.asarray(estimate, np.float64)
    if wanted.shape != found.shape:
        raise ValueError(f"estimate has shape {found.shape}; it must be that of the reference, {wanted.shape}")
    if not wanted.any():
        raise ValueError("reference is silent; an error relative to it has no meaning")
    return float(np.linalg.norm(wanted - found) / np.linalg.norm(wanted))


def full_scale(n_fft: int) -> float:
    """Return the STFT magnitude of a sine of amplitude 1: half the sum of the Hann window, which is n_fft / 2.

    Examples
    --------
    >>> full_scale(1024)
    256.0
    """
    return n_fft / 4


def _checked_audio(audio: npt.ArrayLike) -> Audio:
    samples: npt.NDArray[Any] = np.asarray(audio)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"audio has shape {samples.shape}; it must be mono, (n_samples,); average the channels first")
    samples = samples.astype(np.float32)
    if not np.isfinite(samples).all():
        raise ValueError("audio holds values that are not finite (NaN or infinity)")
    return samples


def checked_picture(name: str, picture: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return a picture of sound as an array, (n_frequencies, n_frames), or raise a ValueError that names it.

    Examples
    --------
    >>> checked_picture("mel", [[0.0, -80.0]]).shape
    (1, 2)
    """
    array: npt.NDArray[Any] = np.asarray(picture)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must be (n_frequencies, n_frames)")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite (NaN or infinity)")
    return array


def _check_window(n_fft: int, hop_length: int) -> None:
    if n_fft < 4 or n_fft % 2:
        raise ValueError(f"n_fft={n_fft} must be an even number of samples, at least 4")
    if not 1 <= hop_length <= n_fft // 2:
        raise ValueError(
            f"hop_length={hop_length} must be from 1 to n_fft // 2 = {n_fft // 2}, so that windows overlap"
        )
