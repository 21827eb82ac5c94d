"""Pictures of numbers: what a model has counted, how it learns, how it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from musegen_edu.plots.style import HATCHES, INK, LINES, MARKERS, PALETTE, add_legend, dress, make_axes

_MAX_PRINTED = 12  # a matrix with more rows gets no numbers in its cells: they would be too small to read


class Epoch(Protocol):
    """What `plot_training` reads from an epoch's report; `musegen_edu.training.EpochReport` has it."""

    @property
    def epoch(self) -> int: ...  # noqa: D102
    @property
    def train_loss(self) -> float: ...  # noqa: D102
    @property
    def valid_loss(self) -> float: ...  # noqa: D102


def plot_transition_matrix(
    matrix: npt.ArrayLike,
    labels: Sequence[str],
    *,
    ax: Any = None,
    title: str | None = None,
    row_name: str = "this note",
    column_name: str = "next note",
) -> Any:
    """Draw a table of transitions as a heat map; cells that never happen stay empty.

    Parameters
    ----------
    matrix : (n, n), not negative; rows are where one is, columns where one goes. Values up to 1 are probabilities, others counts.
    labels : n names of the states.
    ax : matplotlib axes; None makes a figure.
    title : the finding that the figure shows.
    row_name, column_name : what rows and columns are.

    Raises
    ------
    ValueError
        If the matrix is not square, has another size than `labels`, or holds negative or missing values.

    Examples
    --------
    >>> ax = plot_transition_matrix([[0.25, 0.75], [1.0, 0.0]], ["C", "D"])
    >>> [text.get_text() for text in ax.texts]
    ['0.25', '0.75', '1']

    Lesson: 01 what_is_generated_music.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_rgb
    from matplotlib.patheffects import withStroke

    values = np.asarray(matrix, dtype=float)
    n = len(labels)
    if values.shape != (n, n) or not n:
        raise ValueError(
            f"matrix has shape {values.shape} for {n} labels; it must be ({n}, {n}), with at least one label"
        )
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(
            "matrix holds negative or missing values; probabilities or counts are wanted (a row of counts without any follower stays 0)"
        )
    size = min(8.0, 2.2 + 0.42 * n)
    ax = make_axes(ax, size + 1.2, size)
    # More ink is more often, on a light and on a dark page: one hue, from nearly transparent to opaque.
    ink = LinearSegmentedColormap.from_list("ink", [(*to_rgb(PALETTE[0]), 0.06), (*to_rgb(PALETTE[0]), 1.0)])
    image = ax.imshow(
        np.ma.masked_equal(values, 0.0), cmap=ink, vmin=0.0, vmax=max(values.max(), 1e-12), aspect="equal"
    )
    small = 10 if n <= _MAX_PRINTED else 8
    ax.set_xticks(range(n), labels, rotation=0 if max(map(len, labels)) <= 3 else 90)
    ax.set_yticks(range(n), labels)
    ax.set_xticks(np.arange(n + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=INK, linewidth=0.4, alpha=0.5)
    ax.tick_params(which="minor", length=0)
    dress(ax, title=title, x=column_name, y=row_name)
    ax.tick_params(labelsize=small)
    if n <= _MAX_PRINTED:
        # White with a dark rim can be read on every shade, whatever the colour of the page behind a pale cell.
        rim = [withStroke(linewidth=2.2, foreground="#262626")]
        for row, column in zip(*np.nonzero(values), strict=True):
            number = _number(values[row, column])
            ax.text(column, row, number, ha="center", va="center", fontsize=9.5, color="white", path_effects=rim)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
    bar.set_label("probability" if values.max() <= 1.0 else "count", color=INK, fontsize=11)
    bar.ax.tick_params(colors=INK)
    bar.ax.patch.set_alpha(0.0)  # the pale end shows the page, as the pale cells do
    bar.outline.set_visible(False)
    return ax


def _number(value: float) -> str:
    return f"{value:.4g}" if value >= 1.0 else f"{value:.2f}"


def plot_distribution(
    labels: Sequence[str],
    shares: Mapping[str, Sequence[float]],
    *,
    ax: Any = None,
    title: str | None = None,
    x: str = "pitch class",
    y: str = "share of notes (%)",
) -> Any:
    """Draw one or several distributions side by side, as bars that differ in colour and hatching.

    Parameters
    ----------
    labels : names of the n classes.
    shares : name of each distribution -> n shares from 0 to 1; at most five distributions.
    ax : matplotlib axes; None makes a figure.
    title : the finding that the figure shows.
    x, y : axis labels.

    Raises
    ------
    ValueError
        If there are no or more than five distributions, or one has another length than `labels` or values outside 0 to 1.

    Examples
    --------
    >>> ax = plot_distribution(["C", "D"], {"folk": [0.6, 0.4], "ours": [0.5, 0.5]})
    >>> [float(bar.get_height()) for bar in ax.patches]
    [60.0, 40.0, 50.0, 50.0]

    Lesson: 01 what_is_generated_music.
    """
    if not 1 <= len(shares) <= len(PALETTE):
        raise ValueError(f"shares has {len(shares)} distributions; 1 to {len(PALETTE)} can be told apart")
    for name, values in shares.items():
        if len(values) != len(labels) or not all(0.0 <= value <= 1.0 for value in values):
            raise ValueError(
                f"shares[{name!r}]={list(values)!r} must be {len(labels)} numbers from 0 to 1, one a label"
            )
    ax = make_axes(ax, 8, 3)
    width = 0.8 / len(shares)
    for index, (name, values) in enumerate(shares.items()):
        left = np.arange(len(labels)) - 0.4 + width * (index + 0.5)
        ax.bar(
            left,
            100.0 * np.asarray(values),
            width * 0.92,
            label=name,
            color=PALETTE[index],
            hatch=HATCHES[index],
            edgecolor="white",
            linewidth=0,
        )
    ax.set_xticks(range(len(labels)), labels)
    dress(ax, title=title, x=x, y=y)
    if len(shares) > 1:
        add_legend(ax)
    return ax


def plot_training(history: Sequence[Epoch], *, ax: Any = None, title: str | None = None) -> Any:
    """Draw training and validation loss over the epochs, and mark the best epoch.

    Parameters
    ----------
    history : reports of the epochs, from `musegen_edu.training.fit`; losses in nats a token.
    ax : matplotlib axes; None makes a figure.
    title : the finding that the figure shows.

    Raises
    ------
    ValueError
        If there is no epoch.
    """
    if not history:
        raise ValueError("history is empty; train for at least one epoch")
    ax = make_axes(ax, 8, 3)
    epochs = [report.epoch for report in history]
    train = [report.train_loss for report in history]
    valid = [report.valid_loss for report in history]
    for index, (name, losses) in enumerate({"training tunes": train, "new tunes (validation)": valid}.items()):
        ax.plot(
            epochs,
            losses,
            linestyle=LINES[index],
            color=PALETTE[index],
            linewidth=2,
            marker=MARKERS[index],
            markersize=4,
            label=name,
        )
    best = int(np.nanargmin(valid)) if not np.isnan(valid).all() else len(valid) - 1
    ax.annotate(
        f"best: {valid[best]:.3f}",
        (epochs[best], valid[best]),
        xytext=(0, 12),
        textcoords="offset points",
        ha="center",
        color=PALETTE[1],
        fontsize=10,
    )
    ax.plot(epochs[best], valid[best], "o", color=PALETTE[1], markersize=11, markerfacecolor="none", markeredgewidth=2)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.margins(y=0.2)
    dress(ax, title=title, x="epoch", y="loss (nats a token)")
    add_legend(ax)
    return ax
