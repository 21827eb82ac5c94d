"""Pictures of music."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from musegen_edu.keys import pitch_to_name
from musegen_edu.plots.style import INK, PALETTE, add_legend, dress, make_axes
from musegen_edu.score import Score

_MOST_NAMES = 13  # more names than that, one above the other, run into each other


def plot_pianoroll(score: Score, *, ax: Any = None, title: str | None = None) -> Any:
    """Draw a score as a piano roll: bars to the right, pitch upwards, one block a note, one colour a part.

    Parameters
    ----------
    score : with at least one note.
    ax : matplotlib axes; None makes a figure.
    title : the finding that the figure shows.

    Returns
    -------
    The axes. The x axis is in bars, numbered as on paper (a pickup is bar 0).

    Raises
    ------
    ValueError
        If the score has no notes.

    Examples
    --------
    >>> ax = plot_pianoroll(Score.from_melody([60, 62, 64], 24))
    >>> ax.get_xlabel(), [label.get_text() for label in ax.get_yticklabels()]
    ('bar', ['C4', 'D4', 'E4'])

    Lesson: 01 what_is_generated_music.
    """
    if not len(score):
        raise ValueError(f"score={score!r} has no notes; there is nothing to draw")
    ax = make_axes(ax, 8, 2.8)
    for part in range(score.n_parts):
        blocks = _blocks(score, part)
        color = PALETTE[part % len(PALETTE)]
        ax.add_collection(_collection(blocks, color, f"part {part + 1}"))
    barlines = score.barlines()
    first_bar = 0 if score.pickup else 1
    every = max(1, -(-len(barlines) // 16))  # at most 16 bar numbers
    ax.set_xticks(barlines[::every], [str(first_bar + index) for index in range(0, len(barlines), every)])
    ax.vlines(barlines, 0, 1, transform=ax.get_xaxis_transform(), color=INK, linewidth=0.6, alpha=0.5, zorder=0)
    low, high = int(score.notes["pitch"].min()), int(score.notes["pitch"].max())
    named = _pitches_to_name(score.notes["pitch"].tolist())
    ax.set_yticks(named, [pitch_to_name(pitch, score.key) for pitch in named])
    ax.set_xlim(0, score.duration)
    ax.set_ylim(low - 1, high + 1)
    dress(ax, title=title, x="bar", y="pitch")
    if score.n_parts > 1:
        add_legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def _pitches_to_name(pitches: Sequence[int]) -> list[int]:
    """Choose pitches of the music, from the lowest up, that are far enough apart for their names to fit on the axis."""
    gap = max(1, math.ceil((max(pitches) - min(pitches)) / _MOST_NAMES))
    named: list[int] = []
    for pitch in sorted(set(pitches)):
        if not named or pitch - named[-1] >= gap:
            named.append(pitch)
    return named


def _blocks(score: Score, part: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    notes = score.notes[score.notes["part"] == part]
    left = notes["onset"].astype(float)
    # A sliver of space keeps two repeated notes apart.
    right = left + np.maximum(notes["duration"] - 1.0, 0.5)
    low, high = notes["pitch"] - 0.4, notes["pitch"] + 0.4
    return np.stack(
        [np.stack([left, low], 1), np.stack([right, low], 1), np.stack([right, high], 1), np.stack([left, high], 1)], 1
    )


def _collection(blocks: np.ndarray[Any, np.dtype[np.float64]], color: str, label: str) -> Any:
    from matplotlib.collections import PolyCollection

    return PolyCollection(list(blocks), facecolors=color, edgecolors="none", label=label)
