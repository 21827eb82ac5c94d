"""Who plays when: a mixture's notes, and below them what a tagger hears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.plots.style import INK, PALETTE, dress
from musegen_edu.score import Score

_HEIGHT = 0.8  # of a curve of probability, where 1 is the distance between two instruments


def plot_tags(
    score: Score,
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    instruments: dict[int, str],
    seconds_a_frame: float,
    title: str | None = None,
) -> Sequence[Any]:
    """Draw a mixture's notes, and below them, on the same time axis, the probability of each instrument.

    Parameters
    ----------
    score : with one instrument a part, each a key of `instruments`.
    probabilities : (n_frames, n_instruments), 0 to 1: what a tagger says; drawn as hills.
    labels : (n_frames, n_instruments), 0 or 1: who really plays; drawn as thick lines at the foot of the hills.
    instruments : program -> name, in the order of the columns.
    seconds_a_frame : from one frame to the next.
    title : the finding that the figure shows.

    Returns
    -------
    The two axes: notes and tags.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a part has another program.

    Examples
    --------
    >>> tone = Score.from_melody([60], 24, programs=(40,))
    >>> axes = plot_tags(tone, [[0.1], [0.9]], [[0], [1]], instruments={40: "Violin"}, seconds_a_frame=0.25)
    >>> [label.get_text() for label in axes[1].get_yticklabels()]
    ['Violin']

    Lesson: 08 cnn_rnn.
    """
    import matplotlib.pyplot as plt

    p, truth = np.asarray(probabilities, float), np.asarray(labels)
    if p.ndim != 2 or p.shape != truth.shape or p.shape[1] != len(instruments):
        raise ValueError(
            f"probabilities has shape {p.shape} and labels {truth.shape}; both must be (n_frames, {len(instruments)})"
        )
    for program in score.programs:
        if program not in instruments:
            raise ValueError(f"score has the program {program}; instruments names {list(instruments)}")
    columns = list(instruments)
    color_of = {columns.index(program): PALETTE[part % len(PALETTE)] for part, program in enumerate(score.programs)}
    _, (notes_ax, tags_ax) = plt.subplots(
        2, 1, figsize=(9, 4.6), dpi=110, sharex=True, height_ratios=(1.3, 2), layout="constrained"
    )
    for onset, duration, pitch, _, part in score.notes.tolist():
        begin, length = (score.ticks_to_seconds(ticks) for ticks in (onset, duration))
        color = PALETTE[part % len(PALETTE)]
        notes_ax.broken_barh([(begin + 0.01, max(length - 0.02, 0.02))], (pitch - 0.4, 0.8), facecolors=color)
    dress(notes_ax, title=title, y="pitch (MIDI)")
    notes_ax.tick_params(axis="x", labelbottom=False)

    times = np.arange(len(p)) * seconds_a_frame
    for row in range(len(instruments)):
        foot = len(instruments) - 1 - row  # the first instrument at the top
        color = color_of.get(row, INK)
        tags_ax.fill_between(times, foot, foot + _HEIGHT * p[:, row], color=color, alpha=0.55, linewidth=0)
        tags_ax.plot(times, foot + _HEIGHT * p[:, row], color=color, linewidth=1)
        for first, stop in _runs(truth[:, row]):
            ends = np.array([first, stop]) * seconds_a_frame
            tags_ax.plot(ends, [foot - 0.09] * 2, color=color, linewidth=4, solid_capstyle="butt")
    tags_ax.set_yticks(range(len(instruments)), list(instruments.values())[::-1])
    tags_ax.set_ylim(-0.25, len(instruments))
    tags_ax.set_xlim(0, len(p) * seconds_a_frame)
    dress(tags_ax, x="time (s); hills: probability, 0 to 1; thick lines: who really plays")
    tags_ax.spines["left"].set_visible(False)
    tags_ax.tick_params(axis="y", length=0)
    return notes_ax, tags_ax


def _runs(values: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Return first and stop of each run of values that are not 0."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], values != 0, [0]])))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
