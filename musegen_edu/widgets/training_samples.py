"""What a model brings forth after an epoch: checked, and as the page draws and plays it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score
from musegen_edu.widgets.sounding import MAX_NOTES, facts_of, notes_to_rows

MAX_SECONDS = 120.0  # of a recording
PEAKS = 600  # columns of a drawn waveform


def checked_sample(sample: Any) -> Score | tuple[npt.NDArray[np.float32], int] | None:
    """Return what a sample function returned, or raise a ValueError that says what it must be.

    Examples
    --------
    >>> checked_sample((np.zeros(100), 22050))[1]
    22050
    """
    if sample is None:
        return None
    if isinstance(sample, Score):
        if len(sample) > MAX_NOTES:
            raise ValueError(f"sample has {len(sample)} notes; the page takes at most {MAX_NOTES}")
        return sample
    if not isinstance(sample, tuple) or len(sample) != 2:
        raise ValueError(f"sample returned {type(sample).__name__}; it must be a Score or a pair (audio, sample_rate)")
    audio, rate = np.asarray(sample[0], np.float32), int(sample[1])
    if audio.ndim not in (1, 2) or (audio.ndim == 2 and len(audio) > 2) or not audio.size:
        raise ValueError(
            f"sample returned audio of shape {audio.shape}; it must be (samples,), (1, samples) or (2, samples)"
        )
    if not np.isfinite(audio).all():
        raise ValueError("sample returned audio that holds NaN or infinity")
    if not 1000 <= rate <= 192_000:
        raise ValueError(f"sample returned sample_rate={rate}; it must be from 1000 to 192000 Hz")
    if audio.shape[-1] > MAX_SECONDS * rate:
        raise ValueError(
            f"sample returned {audio.shape[-1] / rate:.0f} s of audio; at most {MAX_SECONDS:.0f} s are kept"
        )
    return audio, rate


def kind_of(sample: Any) -> str:
    """Return `"score"`, `"audio"` or, where there is none, `"error"`."""
    return "error" if sample is None else "score" if isinstance(sample, Score) else "audio"


def sample_for_page(sample: Score | tuple[npt.NDArray[np.float32], int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return a sample's facts, and its notes or its sound, for the page."""
    if isinstance(sample, Score):
        facts = {**facts_of(sample), "kind": "score", "bpm": sample.bpm, "programs": list(sample.programs)}
        return facts, [notes_to_rows(sample)]
    audio, rate = sample
    return {"kind": "audio", "seconds": audio.shape[-1] / rate, "peaks": peaks_of(audio)}, [audio_file(audio, rate)[1]]


def peaks_of(audio: npt.NDArray[np.float32]) -> list[list[float]]:
    """Return the lowest and highest value in each of up to 600 stretches, for a drawing of the wave.

    Examples
    --------
    >>> peaks_of(np.array([0.5, -0.5], np.float32))
    [[0.5, 0.5], [-0.5, -0.5]]
    """
    wave = audio if audio.ndim == 1 else audio.mean(axis=0)
    pieces = np.array_split(wave, min(PEAKS, len(wave)))
    return [[round(float(piece.min()), 3), round(float(piece.max()), 3)] for piece in pieces]


def audio_file(audio: npt.NDArray[np.float32], rate: int) -> tuple[str, bytes]:
    """Return the MIME type and the bytes of a sound: MP3 where it knows the rate, else WAV; what is too loud is clipped."""
    from musegen_edu.audio import MP3_SAMPLE_RATES, audio_to_mp3, audio_to_wav

    sound = np.clip(audio, -1, 1)
    if rate in MP3_SAMPLE_RATES:
        return "audio/mpeg", audio_to_mp3(sound, rate)
    return "audio/wav", audio_to_wav(sound, rate)
