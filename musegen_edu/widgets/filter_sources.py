"""What a kernel slides over in the filter explorer: a piano roll or a spectrogram, with what is needed to hear a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import pitch_to_name
from musegen_edu.pianoroll import SOUNDING, pianoroll_to_score, score_to_pianoroll
from musegen_edu.score import Score
from musegen_edu.spectrogram import FLOOR_DB, audio_to_mel, mel_to_audio
from musegen_edu.widgets.sounding import checked, facts_of
from musegen_edu.widgets.spectrogram_static import PALETTE

GRID = 6  # ticks a step of a roll: a sixteenth
MAX_STEPS, MAX_ROWS = 2048, 256

Cells = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Source:
    """A picture and its sound.

    Parameters
    ----------
    cells : (time, rows), what the kernel slides over.
    given : what a network reads: the same, or with channels as a third axis.
    score : of a roll; None of a spectrogram.
    sample_rate : Hz; 0 where it is not known, and then there is no sound.
    hop_length, n_fft : of the spectrogram.
    decibels : (time, rows), what `mel_to_audio` reads; None where there is no sound.
    audio : the sound that was given, if one was.
    """

    cells: Cells
    given: npt.NDArray[Any]
    score: Score | None = None
    sample_rate: int = 0
    hop_length: int = 0
    n_fft: int = 0
    decibels: Cells | None = None
    audio: Cells | None = None

    @property
    def is_roll(self) -> bool:
        """Whether the rows are pitches."""
        return self.score is not None

    @property
    def frequencies(self) -> npt.NDArray[np.float64] | None:
        """Hz at the middle of each band; None of a roll, or where the sample rate is not known."""
        if self.is_roll or not self.sample_rate:
            return None
        from librosa import mel_frequencies

        return mel_frequencies(self.cells.shape[1] + 2, fmin=0.0, fmax=self.sample_rate / 2)[1:-1]

    def facts(self) -> dict[str, Any]:
        """Return what the page must know of the picture."""
        steps, rows = self.cells.shape
        common = {"steps": steps, "rows": rows, "low": float(self.cells.min()), "high": float(self.cells.max())}
        if self.score is not None:
            names = [pitch_to_name(pitch, self.score.key) for pitch in range(rows)]
            return {**common, **facts_of(self.score), "kind": "roll", "bpm": self.score.bpm, "grid": GRID, "names": names,
                    "programs": list(self.score.programs)}  # fmt: skip
        frequencies = self.frequencies
        return {
            **common, "kind": "spectrogram", "palette": [list(colour) for colour in PALETTE], "subtitle": f"{steps} frames, {rows} bands",
            "hop_seconds": self.hop_length / self.sample_rate if self.sample_rate else 0,
            "frequencies": [] if frequencies is None else np.round(frequencies, 1).tolist(),
            "sounds": self.decibels is not None, "original": self.audio is not None,
        }  # fmt: skip

    def masked_audio(self, lit: npt.NDArray[np.bool_], *, n_iter: int) -> Cells:
        """Return the sound of the lit cells, with silence in place of the others."""
        if self.decibels is None:
            raise ValueError(
                "there is no sound here: give sr with a mel spectrogram in decibels or from 0 to 1, or audio and sr"
            )
        masked = np.where(lit, self.decibels, FLOOR_DB)
        length = (len(self.cells) - 1) * self.hop_length if self.audio is None else len(self.audio)
        return mel_to_audio(masked.T, self.sample_rate, n_fft=self.n_fft, hop_length=self.hop_length, n_iter=n_iter, length=length)  # fmt: skip

    def original(self) -> Cells:
        """Return the sound that was given."""
        if self.audio is None:
            raise ValueError("there is no original sound here; give audio and sr")
        return self.audio


def source_of(
    picture: Any, audio: Any, sr: int | None, *, as_is: bool, n_fft: int, hop_length: int, n_mels: int
) -> Source:
    """Return what a kernel is to slide over.

    Parameters
    ----------
    picture, audio, sr, n_fft, hop_length, n_mels : as in `FilterExplorer`.
    as_is : leave the numbers of a spectrogram as they are, as a network wants them; else decibels become 0 to 1.
    """
    if isinstance(picture, Score):
        if audio is not None or sr is not None:
            raise ValueError("audio and sr belong to a spectrogram; a Score sounds by itself")
        return _roll_source(picture)
    if picture is None and audio is None:
        raise ValueError("picture is missing; give a Score, a roll, a spectrogram, or audio with sr")
    table = None if picture is None else _checked_picture(picture)
    is_roll = (
        table is not None and audio is None and sr is None and table.shape[1] == 128 and np.isin(table, (0, 1)).all()
    )
    if is_roll and table is not None:
        shown = table if table.ndim == 2 else table[..., 0]
        score = pianoroll_to_score(shown[None].astype(np.uint8), grid=GRID)
        return Source(shown.astype(np.float32), table, score)
    return _sound_source(table, audio, sr, as_is=as_is, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)


def _roll_source(score: Score) -> Source:
    if not len(score):
        raise ValueError(f"picture={score!r} has no notes")
    sounding = (score_to_pianoroll(score, grid=GRID)[..., SOUNDING] > 0).any(axis=0)  # (time, 128)
    cells = _checked_picture(sounding.astype(np.float32))
    return Source(cells, cells, score)


def _sound_source(table: npt.NDArray[Any] | None, audio: Any, sr: int | None, *, as_is: bool, n_fft: int, hop_length: int, n_mels: int) -> Source:  # fmt: skip
    if audio is not None and sr is None:
        raise ValueError("sr is missing; give the sample rate of audio in Hz")
    rate = 0 if sr is None else int(checked("sr", sr, 1000 <= sr <= 192_000 and sr == int(sr), "a whole number of Hz, 1000 to 192000"))  # fmt: skip
    sound = None if audio is None else np.asarray(audio, np.float32)
    decibels = None
    if sound is not None:
        n_bands = n_mels if table is None else table.shape[1]
        decibels = audio_to_mel(sound, rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_bands).T  # (time, rows)
    if table is None:
        cells = _checked_picture(1 - np.asarray(decibels) / FLOOR_DB)
        return Source(cells, cells, None, rate, hop_length, n_fft, decibels, sound)
    shown = (table if table.ndim == 2 else table[..., 0]).astype(np.float32)
    if decibels is not None and decibels.shape != shown.shape:
        raise ValueError(
            f"picture has {shown.shape} frames and bands, the audio's spectrogram {decibels.shape}; n_fft, hop_length and sr must be those it was made with"
        )
    low, high = float(shown.min()), float(shown.max())
    is_share, is_decibels = low >= -1e-6 and high <= 1 + 1e-6, 1.01 * FLOOR_DB <= low < -1 and high <= 20
    if decibels is None and rate and (is_share or is_decibels):
        decibels = np.maximum(shown, FLOOR_DB) if is_decibels else FLOOR_DB * (1 - np.clip(shown, 0, 1))
    if is_decibels and not as_is:
        shown = np.clip(1 - shown / FLOOR_DB, 0, 1)
    return Source(shown, table, None, rate, hop_length, n_fft, decibels, sound)


def _checked_picture(picture: Any) -> npt.NDArray[Any]:
    table = np.asarray(picture)
    fits = table.ndim in (2, 3) and table.size and table.dtype.kind in "biuf"
    if not fits or len(table) > MAX_STEPS or table.shape[1] > MAX_ROWS:
        raise ValueError(
            f"picture has shape {table.shape}; it must be numbers (time, rows) or (time, rows, channels), at most {MAX_STEPS} x {MAX_ROWS}"
        )
    if not np.isfinite(table.astype(np.float32)).all():
        raise ValueError("picture holds values that are not finite (NaN or infinity)")
    return table
