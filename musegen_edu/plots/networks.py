"""Pictures of neural networks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from musegen_edu.plots.style import INK, PALETTE, dress

Place = tuple[float, float]
FAMILIES = ("feed-forward", "deep", "recurrent", "convolutional")


def plot_network_families() -> Any:
    """Draw the four families of networks side by side: feed-forward, deep, recurrent and convolutional.

    Lines of one colour and style share their weights; that is what sets a recurrent and a convolutional network apart.

    Returns
    -------
    Array of four axes, titled with the families' names.

    Examples
    --------
    >>> [ax.get_title(loc="left") for ax in plot_network_families()] == list(FAMILIES)
    True

    Lesson: 03 neural_networks_from_scratch.
    """
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 4, figsize=(12, 3.1), dpi=110, layout="constrained")
    says = ("every neuron hears\nevery input", "the same, layer upon layer", "the same weights\nat every time step", "the same few weights\nat every place")  # fmt: skip
    for ax, family, words, draw in zip(axes, FAMILIES, says, (_dense, _deep, _recurrent, _convolutional), strict=True):
        draw(ax)
        ax.set_xticks([0], [""])
        ax.set_yticks([0], [""])  # no scale, but a label to give its colour to: see LIGHTER_INK
        ax.margins(x=0.12)
        ax.set_ylim(-3.5, 3.5)
        dress(ax, title=family, x=words)
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
    return axes


def _column(x: float, n: int) -> list[Place]:
    return [(x, y) for y in np.linspace(-(n - 1) / 2, (n - 1) / 2, n)]


def _connect(
    ax: Any, left: list[Place], right: list[Place], color: str = INK, style: str = "-", width: float = 0.8
) -> None:
    for x1, y1 in left:
        for x2, y2 in right:
            ax.plot([x1, x2], [y1, y2], linestyle=style, color=color, linewidth=width, zorder=1)


def _neurons(ax: Any, places: list[Place], color: str) -> None:
    x, y = zip(*places, strict=True)
    ax.plot(x, y, "o", markersize=12, color=color, markeredgecolor=INK, zorder=2)


def _layers(ax: Any, sizes: tuple[int, ...], spread: float) -> None:
    columns = [_column(spread * index, size) for index, size in enumerate(sizes)]
    for left, right in pairwise(columns):
        _connect(ax, left, right)
    for index, column in enumerate(columns):
        kind = 0 if index == 0 else 2 if index == len(columns) - 1 else 1
        _neurons(ax, column, PALETTE[kind])


def _dense(ax: Any) -> None:
    _layers(ax, (4, 5, 1), 2.0)


def _deep(ax: Any) -> None:
    _layers(ax, (4, 5, 5, 4, 1), 1.25)


def _recurrent(ax: Any) -> None:
    for step in range(4):
        x = 1.4 * step
        _connect(ax, [(x, -1.5)], [(x, 0)], PALETTE[0], "-", 2)
        _connect(ax, [(x, 0)], [(x, 1.5)], PALETTE[2], ":", 2)
        if step:
            ax.annotate(
                "", (x - 0.18, 0), (x - 1.22, 0), arrowprops={"arrowstyle": "->", "color": PALETTE[1], "linewidth": 2}
            )
        for y, color in ((-1.5, PALETTE[0]), (0.0, PALETTE[1]), (1.5, PALETTE[2])):
            _neurons(ax, [(x, y)], color)
    ax.text(2.1, -2.7, "time →", color=INK, fontsize=10, ha="center")


def _convolutional(ax: Any) -> None:
    inputs, outputs = _column(0, 7), _column(2, 5)
    styles = ((PALETTE[1], "-"), (PALETTE[0], "--"), (PALETTE[3], ":"))
    for index, place in enumerate(outputs):
        for offset, (color, style) in enumerate(styles):
            _connect(ax, [inputs[index + offset]], [place], color, style, 1.8)
    _connect(ax, outputs, [(4.0, 0.0)])
    _neurons(ax, inputs, PALETTE[0])
    _neurons(ax, outputs, PALETTE[1])
    _neurons(ax, [(4.0, 0.0)], PALETTE[2])
