"""The phase of a note's fundamental: how many of its periods have gone by, as asked or as measured in a recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_PERIODS = 4  # in the window that measures a phase: the harmonics above the fundamental cancel in it
_SHORTEST_SECONDS = 0.03
_FAINT = 1e-3  # of the loudest: where the fundamental is fainter, its phase is taken from the places around


def asked_phases(pitches: npt.ArrayLike, n_samples: int, sample_rate: int) -> Floats:
    """Return the phase of each sample of notes that are exactly in tune and begin at phase 0.

    Parameters
    ----------
    pitches : MIDI numbers, (n,), fractions allowed.
    n_samples : length of each note.
    sample_rate : Hz.

    Returns
    -------
    (n, n_samples) float32, in periods, 0 up to 1.

    Examples
    --------
    >>> asked_phases([69], 5, 8 * 440)  # eight samples a period
    array([[0.   , 0.125, 0.25 , 0.375, 0.5  ]], dtype=float32)

    Lesson: 07 convolutional_networks.
    """
    hertz = 440 * 2 ** ((np.asarray(pitches, np.float64) - 69) / 12)  # (n,)
    return _within_one(hertz[:, None] / sample_rate * np.arange(n_samples))


def measured_phases(audio: npt.ArrayLike, pitch: float, sample_rate: int) -> Floats:
    """Return the phase of the fundamental at each sample of a recorded note, also where the note is a little out of tune.

    The note is multiplied by a turning pointer of the asked frequency and averaged over some periods; what is left turns only by what
    the note differs from the asked pitch.

    Parameters
    ----------
    audio : (n_samples,) mono samples.
    pitch : the MIDI number that the note should have, to a quarter tone or so.
    sample_rate : Hz.

    Returns
    -------
    (n_samples,) float32, in periods, 0 up to 1; 0 is where the fundamental, a cosine, is highest.

    Raises
    ------
    ValueError
        If the audio is not mono or is silent.

    Examples
    --------
    >>> phases = asked_phases([69.1], 4000, 8000)[0]  # ten cents sharp
    >>> found = measured_phases(np.cos(2 * np.pi * phases), 69, 8000)
    >>> round(float(np.abs((found - phases + 0.5) % 1 - 0.5)[200:-200].max()), 2)
    0.0

    Lesson: 07 convolutional_networks.
    """
    sound = np.asarray(audio, np.float64)
    if sound.ndim != 1 or not np.abs(sound).max(initial=0) > 0:
        raise ValueError(f"audio has shape {sound.shape} and may be silent; give mono samples that are not all 0")
    cycles = 440 * 2 ** ((pitch - 69) / 12) / sample_rate  # a sample
    turning = cycles * np.arange(len(sound))
    length = round(max(_PERIODS / cycles, _SHORTEST_SECONDS * sample_rate)) | 1
    window = np.hanning(length + 2)[1:-1]
    size = 1 << (len(sound) + length).bit_length()
    product = np.fft.fft(sound * np.exp(-2j * np.pi * turning), size) * np.fft.fft(window, size)
    pointer = np.fft.ifft(product)[length // 2 : length // 2 + len(sound)]  # centred on each sample
    clear = np.flatnonzero(np.abs(pointer) > _FAINT * np.abs(pointer).max())
    slow = np.unwrap(np.angle(pointer[clear])) / (2 * np.pi)
    return _within_one(turning + np.interp(np.arange(len(sound)), clear, slow))


def _within_one(periods: npt.NDArray[np.float64]) -> Floats:
    found = (periods % 1).astype(np.float32)
    found[found == 1] = 0  # rounded up
    return found
