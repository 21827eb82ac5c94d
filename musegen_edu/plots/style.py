"""One look for all figures: readable on a light and on a dark page, on a projector, and without seeing colours."""

from __future__ import annotations

from typing import Any

# From Okabe and Ito's set for colour-blind readers, those with a contrast of at least 3 : 1 on white and on near-black.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#797979")
INK = "#797979"  # text and axes: equally far (4.3 : 1) from white and from JupyterLab's dark #111111
# A notebook puts a white plate behind a transparent figure if all tick labels are darker than medium grey, and a black one if
# all are lighter. Numbers on the y axis are a trace lighter than medium grey, those on the x axis darker: no plate.
LIGHTER_INK = "#838383"
HATCHES = ("", "///", "...", "xxx", "\\\\\\")  # so that bars differ in more than their colour
MARKERS = ("o", "s", "^", "D", "v")
LINES = ("-", "--", ":", "-.", (0, (5, 1)))


def make_axes(ax: Any | None, width: float, height: float) -> Any:
    """Return `ax`, or the only axes of a new figure of that size in inches."""
    import matplotlib.pyplot as plt

    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), dpi=110, layout="constrained")[1]


def dress(ax: Any, *, title: str | None = None, x: str = "", y: str = "") -> Any:
    """Give axes the look of the course: no background, grey ink, few lines, a title that is a sentence.

    Parameters
    ----------
    title : the finding that the figure shows.
    x, y : axis labels, with units.
    """
    ax.figure.patch.set_alpha(0.0)
    ax.patch.set_alpha(0.0)
    ax.tick_params(axis="x", colors=INK, labelsize=10)
    ax.tick_params(axis="y", colors=LIGHTER_INK, labelsize=10)
    for side, spine in ax.spines.items():
        spine.set_color(INK)
        spine.set_visible(side in ("left", "bottom"))
    ax.set_xlabel(x, color=INK, fontsize=11)
    ax.set_ylabel(y, color=INK, fontsize=11)
    if title:
        ax.set_title(title, color=INK, fontsize=12.5, fontweight="bold", loc="left")
    return ax


def add_legend(ax: Any, **options: Any) -> None:
    """Show the legend in grey ink, without a frame."""
    ax.legend(frameon=False, labelcolor=INK, fontsize=10, **options)
