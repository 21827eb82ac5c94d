"""Pictures for the lessons, with matplotlib. Each function takes an `ax` (or makes one) and returns it."""

from __future__ import annotations

from musegen_edu.plots.music import plot_pianoroll
from musegen_edu.plots.numbers import plot_distribution, plot_training, plot_transition_matrix
from musegen_edu.plots.receptive_fields import plot_receptive_field
from musegen_edu.plots.scorecard import plot_scorecard
from musegen_edu.plots.style import PALETTE
from musegen_edu.plots.timeline import plot_timeline

__all__ = [
    "PALETTE",
    "plot_distribution",
    "plot_pianoroll",
    "plot_receptive_field",
    "plot_scorecard",
    "plot_timeline",
    "plot_training",
    "plot_transition_matrix",
]
