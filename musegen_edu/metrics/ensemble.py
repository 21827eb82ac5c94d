"""How the parts of a band go together: chords, beginnings at the same time, voices in their order, drums that follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.band_codec import FIRST_PITCH, KIT, LOWEST, N_BARS, N_COLUMNS, N_STEPS, STEPS_A_BAR, VOICES
from musegen_edu.tokens.chorale_codec import sounding_symbols

Floats = npt.NDArray[np.float64]

_CHORDS = ((0, 4, 7), (0, 3, 7), (0, 3, 6))  # major, minor, diminished
_STROKES = [KIT.index(drum) for drum in (42, 46)]  # the hats, which tell how dense a groove is


def ensemble_row(tables: npt.ArrayLike) -> dict[str, float]:
    """Return how the parts of some bands go together: a row for a table of models.

    Parameters
    ----------
    tables : (n, 64, 13), as `BandCodec` writes them.

    Returns
    -------
    Label -> number, NaN where there is nothing to measure:
        "notes a bar, PART": notes that begin, or strokes;
        "beats on a chord": of the beats at whose start all three voices sound, the share in which their pitch classes lie in one major,
        minor or diminished triad (three notes drawn evenly: 0.15);
        "beginnings together": of the sixteenths at which a voice begins a note, the share at which another one does;
        "beginnings on a beat": of the notes that begin in the voices, the share on one of the four beats;
        "voices crossed": of the beats at whose start all three voices sound, the share in which they are not in order from high to low;
        "drums follow": over the bands, the correlation of how many notes the voices and how many strokes the hats have.

    Raises
    ------
    ValueError
        If `tables` has another shape.

    Examples
    --------
    >>> table = np.zeros((1, 64, 13), np.int32)
    >>> table[0, ::4, :3] = np.array([64, 60, 48]) - LOWEST + FIRST_PITCH  # E, C, C on each beat
    >>> row = ensemble_row(table)
    >>> row["beats on a chord"], row["beginnings together"], row["notes a bar, bass"]
    (1.0, 1.0, 4.0)

    Lesson: 11 hybrid_gans.
    """
    rows = np.asarray(tables)
    if rows.ndim != 3 or rows.shape[1:] != (N_STEPS, N_COLUMNS) or len(rows) == 0:
        raise ValueError(f"tables has shape {rows.shape}; it must be (n, {N_STEPS}, {N_COLUMNS}), n at least 1")
    symbols, strokes = rows[:, :, : len(VOICES)], rows[:, :, len(VOICES) :]
    begins = symbols >= FIRST_PITCH  # (n, 64, voice)
    any_begins = begins.any(axis=2)
    sounding = np.stack([sounding_symbols(table) for table in symbols])[:, ::4]  # (n, 16, voice)
    full = sounding[(sounding >= FIRST_PITCH).all(axis=2)] - FIRST_PITCH + LOWEST  # (beats, voice): pitches
    by_beat = begins.reshape(len(rows), N_STEPS // 4, 4, -1)
    hats = strokes[:, :, _STROKES].sum(axis=(1, 2))
    return {
        **{f"notes a bar, {voice}": float(begins[:, :, i].sum(1).mean() / N_BARS) for i, voice in enumerate(VOICES)},
        "notes a bar, drums": float(strokes.sum(axis=(1, 2)).mean() / N_BARS),
        "beats on a chord": _mean(_on_chord(full)),
        "beginnings together": _mean((begins.sum(axis=2) > 1)[any_begins]),
        "beginnings on a beat": float(by_beat[:, :, 0].sum() / begins.sum()) if begins.any() else float("nan"),
        "voices crossed": _mean((np.diff(full, axis=1) > 0).any(axis=1)),
        "drums follow": _correlation(begins.sum(axis=(1, 2)), hats),
    }


def bar_strings(tables: npt.ArrayLike) -> list[bytes]:
    """Return each bar of some bands as bytes, for counting how many are different or known."""
    rows = np.ascontiguousarray(tables, np.int32)
    return [bar.tobytes() for bar in rows.reshape(-1, STEPS_A_BAR, rows.shape[-1])]


def _on_chord(pitches: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return for rows of pitches whether all of them lie in one triad."""
    found = np.zeros(len(pitches), np.bool_)
    for root in range(12):
        for chord in _CHORDS:
            found |= np.isin((pitches - root) % 12, chord).all(axis=1)
    return found


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _correlation(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
