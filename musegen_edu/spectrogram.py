"""Sound as pictures: STFT, mel, MFCC and chroma, and the way back to sound.

All functions take mono sound: float samples between -1 and 1, shape (n_samples,). Pictures have frequency down the first axis and
time along the second, as in librosa. Frame t is centred on sample t * hop_length.

Lesson: 02 representing_music.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]

N_FFT = 1024  # samples in a window: 46 ms at 22,050 Hz, 64 ms at 16,000 Hz
HOP_LENGTH = 256  # samples from one window to the next
N_MELS = 80
_SOUNDS_AT_ONCE = 256
FLOOR_DB = -80.0  # everything quieter than this, measured against full scale, counts as silence


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

    picture = _checked_picture("stft", stft)
    _check_window(2 * (len(picture) - 1), hop_length)
    return np.asarray(librosa.istft(picture, hop_length=hop_length, length=length), np.float32)


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
    power = (np.abs(audio_to_stft(audio, n_fft=n_fft, hop_length=hop_length)) / _full_scale(n_fft)) ** 2
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
        power = (np.abs(np.concatenate(stfts, axis=1)) / _full_scale(n_fft)) ** 2  # (n_bins, sounds * n_frames)
        mel = _power_to_mel(power, sample_rate, n_fft, n_mels)
        mels.append(mel.reshape(n_mels, len(stfts), -1).swapaxes(0, 1))
    return np.concatenate(mels)


def _power_to_mel(power: npt.NDArray[Any], sample_rate: int, n_fft: int, n_mels: int) -> npt.NDArray[np.float32]:
    """Decibels (n_mels, n_frames) of power (n_bins, n_frames), in which a full-scale sine has 1."""
    import librosa

    bands = _mel_bands(sample_rate, n_fft, n_mels) @ power  # (n_mels, n_bins) x (n_bins, n_frames)
    decibels = librosa.power_to_db(bands, ref=1.0, amin=10 ** (FLOOR_DB / 10), top_db=None)
    return np.asarray(np.maximum(decibels, FLOOR_DB), np.float32)  # float32 rounding may fall a hair below the floor


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

    bands = 10 ** (_checked_picture("mel", mel).astype(np.float64) / 10)
    bands[bands <= 10 ** (FLOOR_DB / 10) * 1.0001] = 0.0  # the floor means silence, not a faint hiss
    filters = _mel_bands(sample_rate, n_fft, len(bands))
    power = librosa.util.nnls(filters, bands)
    return griffin_lim(
        np.sqrt(power) * _full_scale(n_fft), hop_length=hop_length, n_iter=n_iter, seed=seed, length=length
    )


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

    target = _checked_picture("magnitude", magnitude).astype(np.float32)
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


def _full_scale(n_fft: int) -> float:
    return (
        n_fft / 4
    )  # STFT magnitude of a full-scale sine under a Hann window: half the window's sum, which is n_fft / 2


def _mel_bands(sample_rate: int, n_fft: int, n_mels: int) -> npt.NDArray[np.float32]:
    from librosa.filters import mel as mel_filters

    if sample_rate <= 0:
        raise ValueError(f"sample_rate={sample_rate} must be a positive number of Hz")
    if not 1 <= n_mels <= n_fft // 4:
        raise ValueError(f"n_mels={n_mels} must be from 1 to n_fft // 4 = {n_fft // 4}: more bands would stay empty")
    # norm=None: each triangle is 1 at its peak, so that a tone reads the same level in a narrow band and in a wide one
    return np.asarray(mel_filters(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, norm=None), np.float32)


def _checked_audio(audio: npt.ArrayLike) -> Audio:
    samples: npt.NDArray[Any] = np.asarray(audio)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"audio has shape {samples.shape}; it must be mono, (n_samples,); average the channels first")
    samples = samples.astype(np.float32)
    if not np.isfinite(samples).all():
        raise ValueError("audio holds values that are not finite (NaN or infinity)")
    return samples


def _checked_picture(name: str, picture: npt.ArrayLike) -> npt.NDArray[Any]:
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
