"""A sound as numbers to be drawn: STFT, mel and CQT on one decibel scale, cut into tiles for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musegen_edu.spectrogram import audio_to_mel, audio_to_stft

Audio = npt.NDArray[np.float32]

LOWEST_DB = -100.0  # a picture's 0; its 255 is 0 dB, a full-scale sine
VIEWS = ("waveform", "stft", "mel", "cqt")
TILE = 1024  # columns that the page gets at once
CQT_LOWEST = 32.7032  # Hz, C1
CQT_PER_OCTAVE = 24
_N_MELS = 128
_BLOCK = 4096  # frames transformed at once, so that ten minutes need little memory


@dataclass(frozen=True)
class Picture:
    """Levels of a sound over time and frequency.

    `levels` is (n_rows, n_frames) uint8, lowest frequency first, 0 for `LOWEST_DB` and 255 for 0 dB; `frequencies` is (n_rows,), the
    Hz at the middle of each row; frame t is centred on sample t * hop_length.
    """

    levels: npt.NDArray[np.uint8]
    frequencies: npt.NDArray[np.float32]
    hop_length: int

    @property
    def loudest(self) -> float:
        """The highest level in dB."""
        return LOWEST_DB * (1 - float(self.levels.max(initial=0)) / 255)


def sound_to_picture(samples: Audio, sample_rate: int, view: str, *, n_fft: int, hop_length: int) -> Picture:
    """Transform a sound into one of the three pictures of its frequencies.

    In all of them a full-scale sine reads 0 dB in its row, so that levels can be compared.

    Parameters
    ----------
    samples : (n_samples,) mono.
    sample_rate : Hz, at least 1000.
    view : `"stft"`, `"mel"` or `"cqt"`.
    n_fft : samples in a window; the CQT chooses its own, longer for low notes.
    hop_length : samples from one window to the next.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000).astype(np.float32)
    >>> picture = sound_to_picture(tone, 16000, "cqt", n_fft=1024, hop_length=256)
    >>> round(float(picture.frequencies[picture.levels[:, 30].argmax()]))
    440

    References
    ----------
    Brown, Calculation of a constant Q spectral transform, JASA 89(1), 1991.

    Lesson: 02 representing_music.
    """
    if view == "cqt":
        return _cqt(samples, sample_rate, hop_length)
    n_mels = most_mels(sample_rate, n_fft)
    blocks = []
    for part, frames in _blocks(samples, n_fft, hop_length):
        if view == "mel":
            decibels = audio_to_mel(part, sample_rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
        else:  # a full-scale sine has half the sum of the Hann window, which is n_fft / 2
            decibels = _decibels(np.abs(audio_to_stft(part, n_fft=n_fft, hop_length=hop_length)) / (n_fft / 4))
        blocks.append(_coded(decibels[:, frames]))
    if view == "mel":
        from librosa import mel_frequencies

        frequencies = mel_frequencies(n_mels + 2, fmin=0, fmax=sample_rate / 2)[1:-1]  # the peaks of the triangles
    else:
        frequencies = np.arange(1 + n_fft // 2) * sample_rate / n_fft
    return Picture(np.concatenate(blocks, axis=1), frequencies.astype(np.float32), hop_length)


def most_mels(sample_rate: int, n_fft: int) -> int:
    """Return how many mel bands a window can tell apart, at most 128: each must hold a bin of its own.

    Slaney's scale is straight up to 1000 Hz, 15 mel, and logarithmic above, 27 mel for each factor of 6.4.

    Examples
    --------
    >>> most_mels(44100, 2048), most_mels(44100, 256)
    (128, 22)
    """
    highest = sample_rate / 2
    mels = 15 * highest / 1000 if highest < 1000 else 15 + 27 * np.log(highest / 1000) / np.log(6.4)
    return int(np.clip(mels * (1000 / 15) * n_fft / sample_rate - 1, 1, min(_N_MELS, n_fft // 4)))


def picture_to_tile(picture: Picture, level: int, index: int) -> npt.NDArray[np.uint8]:
    """Return 1024 columns (fewer at the end) of a picture, each the loudest of `2 ** level` frames.

    Examples
    --------
    >>> picture = Picture(np.array([[1, 2, 3]], np.uint8), np.array([440], np.float32), 256)
    >>> picture_to_tile(picture, 1, 0).tolist()
    [[2, 3]]
    """
    width = 1 << level
    part = picture.levels[:, index * TILE * width : (index + 1) * TILE * width]
    part = np.pad(part, ((0, 0), (0, -part.shape[1] % width)))
    return np.ascontiguousarray(part.reshape(len(part), -1, width).max(axis=-1, initial=0))


def sound_to_tile(samples: Audio, level: int, index: int) -> npt.NDArray[np.float32]:
    """Return 1024 columns of a waveform: the lowest (first row) and the highest of `2 ** level` samples each.

    Examples
    --------
    >>> sound_to_tile(np.array([1, 2, 3], np.float32), 1, 0).tolist()
    [[1.0, 3.0], [2.0, 3.0]]
    """
    width = 1 << level
    part = samples[index * TILE * width : (index + 1) * TILE * width]
    if not len(part):
        return np.zeros((2, 0), np.float32)
    rows = np.pad(part, (0, -len(part) % width), mode="edge").reshape(-1, width)
    return np.stack([rows.min(axis=1), rows.max(axis=1)])


def _cqt(samples: Audio, sample_rate: int, hop_length: int) -> Picture:
    import librosa
    from librosa.filters import wavelet_lengths

    octaves = min(9.0, np.log2(0.45 * sample_rate / CQT_LOWEST))  # the highest filter stays below half the sample rate
    n_rows = int(octaves * CQT_PER_OCTAVE)
    frequencies = librosa.cqt_frequencies(n_rows, fmin=CQT_LOWEST, bins_per_octave=CQT_PER_OCTAVE)
    lengths, _ = wavelet_lengths(freqs=frequencies, sr=sample_rate, filter_scale=1, gamma=0)
    padded = np.pad(samples, (0, max(0, int(2.5 * sample_rate) - len(samples))))  # the lowest filter must fit in
    transform = librosa.cqt(padded, sr=sample_rate, hop_length=hop_length, fmin=CQT_LOWEST, n_bins=n_rows, bins_per_octave=CQT_PER_OCTAVE, tuning=0.0)  # fmt: skip
    magnitude = np.abs(transform[:, : 1 + len(samples) // hop_length])
    # librosa divides by the root of a filter's length; a full-scale sine then has half that root.
    return Picture(_coded(_decibels(2 * magnitude / np.sqrt(lengths)[:, None])), frequencies.astype(np.float32), hop_length)  # fmt: skip


def _blocks(samples: Audio, n_fft: int, hop_length: int) -> Iterator[tuple[Audio, slice]]:
    """Cut a sound into overlapping parts, each with the frames of it that are whole; together they are those of the sound."""
    n_frames = 1 + len(samples) // hop_length
    lead = -(-n_fft // (2 * hop_length))  # frames nearer to a cut have windows that reach over it
    for first in range(0, n_frames, _BLOCK):
        begin = max(0, first - lead)
        last = min(first + _BLOCK, n_frames)
        part = samples[begin * hop_length : (last + lead) * hop_length]
        yield np.pad(part, (0, max(0, n_fft - len(part)))), slice(first - begin, last - begin)


def _decibels(magnitude: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    return 20 * np.log10(np.maximum(magnitude, 1e-10))


def _coded(decibels: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    return np.rint(255 * np.clip(1 - decibels / LOWEST_DB, 0, 1)).astype(np.uint8)
