"""The pitch of a recorded tone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import checked_audio

_LOWEST_HZ = 25.0  # a little below A0, the piano's lowest key
_HIGHEST_HZ = 5000.0  # a little above C8, the piano's highest key


def measure_pitch(audio: npt.ArrayLike, sample_rate: int) -> float:
    """Measure the pitch of a single tone, in Hz, to a few cents.

    The loudest fifth of a second is compared with itself shifted by every lag; the shift that matches best is the period
    (YIN). The same match many periods later gives the decimals. Two channels are averaged.

    Parameters
    ----------
    audio : shape (samples,), (1, samples) or (2, samples), at least a quarter of a second.
    sample_rate : Hz, at least 11,025.

    Returns
    -------
    Frequency in Hz, between 25 and 5,000.

    Raises
    ------
    ValueError
        If the audio is too short, silent, or has no clear pitch (noise, a chord, a drum).

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    >>> round(measure_pitch(tone, 44100), 1)
    440.0

    References
    ----------
    A. de Cheveigné and H. Kawahara, YIN, a fundamental frequency estimator for speech and music, Journal of the Acoustical
    Society of America 111(4), 2002.

    Lesson: 02 representing_music.
    """
    if sample_rate < 11025:
        raise ValueError(f"sample_rate={sample_rate!r} is too low to measure a pitch; it must be at least 11025 Hz")
    signal = checked_audio(audio, limit=None).mean(axis=0).astype(np.float64)
    if sample_rate < 44100:  # between coarse samples the dip of a high note would be missed, and an octave lower found
        factor = -(-44100 // sample_rate)
        signal = np.fft.irfft(np.fft.rfft(signal), len(signal) * factor) * factor
        sample_rate *= factor
    window, longest = sample_rate // 10, int(sample_rate / _LOWEST_HZ)
    if len(signal) < sample_rate // 4:
        raise ValueError(f"audio lasts {len(signal) / sample_rate:.3f} s; a pitch needs at least 0.25 s")
    energy = np.concatenate([[0.0], np.cumsum(signal**2)])  # energy[i]: of the samples before i
    span = window + 2 * longest
    start = int(np.argmax(energy[span:] - energy[:-span]))
    frame = signal[start : start + span]
    if np.abs(frame).max() < 1e-4:
        raise ValueError(
            f"audio is silent (its loudest value is {np.abs(signal).max():.1e}); there is no pitch to measure"
        )
    match = _difference(frame - frame.mean(), window)  # (2 * longest + 1,): 0 where the shifted copy is the same
    shortest = max(2, int(sample_rate / _HIGHEST_HZ))
    running_mean = np.cumsum(match[1:]) / np.arange(1, len(match))
    normalised = np.concatenate([[1.0], match[1:] / np.maximum(running_mean, 1e-12)])  # YIN's d'
    dips = np.flatnonzero(normalised[shortest : longest + 1] < 0.15)
    if len(dips) == 0:
        raise ValueError("audio has no clear pitch; give a single sustained tone, not noise, a drum or a chord")
    lag = shortest + int(dips[0])
    while lag < longest and normalised[lag + 1] < normalised[lag]:
        lag += 1  # down into the first dip
    period = _vertex(normalised, lag)
    for periods in (2, 4, 8, 16, 32):  # the same dip many periods later is as wide, so it divides the error
        wanted = periods * period
        if wanted + 2 > len(match) - 1:
            break
        reach = max(1, round(period / 8))
        low = round(wanted) - reach
        later = low + int(np.argmin(match[low : round(wanted) + reach + 1]))
        if not 0 < later < len(match) - 1:
            break
        period = _vertex(match, later) / periods
    return float(sample_rate / period)


def _difference(frame: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
    """Squared difference between the first `window` samples and as many, `lag` samples later, for every lag."""
    lags = len(frame) - window + 1
    size = 1 << (2 * len(frame) - 1).bit_length()
    head = np.fft.rfft(frame[:window], size)
    product = np.fft.irfft(np.conj(head) * np.fft.rfft(frame, size), size)[:lags]  # (lags,): sum of x[i] x[i + lag]
    energy = np.concatenate([[0.0], np.cumsum(frame**2)])
    difference = energy[window] + (energy[window:] - energy[:lags]) - 2 * product
    return np.asarray(np.maximum(difference, 0.0))


def _vertex(values: npt.NDArray[np.float64], index: int) -> float:
    """Where the parabola through three neighbouring values has its lowest point."""
    left, middle, right = values[index - 1 : index + 2]
    bend = left - 2 * middle + right
    return index + (float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend > 0 else 0.0)
