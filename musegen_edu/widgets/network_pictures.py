"""The static picture of a small network: what the playground leaves in a page where no widget lives."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

SHOWN = 8  # neurons drawn in a column; the widget's page code has the same limit
_BLUE, _ORANGE = "#1f78c1", "#c2600f"
_WIDTH, _HEIGHT, _SIDE = 720, 284, 210  # px
_LEVELS = 6  # shades on each side of "undecided"


def network_picture(picture: Mapping[str, Any], caption: str, names: Sequence[str], kinds: Sequence[str]) -> str:
    """Return an SVG of a network's neurons and weights, its decision surface and its points.

    Parameters
    ----------
    picture : as `NetworkPlayground.picture` holds it.
    caption : when this was, such as "before training".
    names : of the two inputs.
    kinds : what 0 and 1 mean.

    Lesson: 03 neural_networks_from_scratch.
    """
    words = f"{caption}: {picture['accuracy']:.0%} of the points on the right side"
    if picture["loss"] is not None:
        words += f", loss {picture['loss']:.3f}"
    left, top = _WIDTH - _SIDE - 20, 24
    body = [
        f'<text x="4" y="14" font-weight="600">{html.escape(words)}</text>',
        *_weights(picture["weights"], left - 40, top),
        *_surface(picture["surface"], left, top),
        *_points(picture, left, top),
        f'<text x="{left + _SIDE / 2}" y="{top + _SIDE + 16}" text-anchor="middle">{html.escape(names[0])}</text>',
        f'<text transform="translate({left - 8} {top + _SIDE / 2}) rotate(-90)" text-anchor="middle">{html.escape(names[1])}</text>',
        f'<text x="4" y="{_HEIGHT - 8}"><tspan fill="{_BLUE}">● blue, round: {html.escape(kinds[1])}; weight above 0</tspan>'
        f'<tspan dx="14" fill="{_ORANGE}">■ orange, square: {html.escape(kinds[0])}; weight below 0, dashed</tspan></text>',
    ]
    return (
        f'<svg role="img" aria-label="{html.escape(words)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%" '
        f'fill="#7a7a7a" font-family="system-ui, sans-serif" font-size="13">{"".join(body)}</svg>'
    )


def _weights(weights: Sequence[Sequence[Sequence[float]]], width: float, top: float) -> list[str]:
    sizes = [len(weights[0]), *(len(w[0]) for w in weights)]
    shown = [min(size, SHOWN) for size in sizes]

    def place(layer: int, neuron: int) -> tuple[float, float]:
        x = 30 + layer * (width - 80) / (len(sizes) - 1)
        return x, top + (neuron + 0.5) * _SIDE / shown[layer]

    lines = []
    for layer, matrix in enumerate(weights):
        largest = max((abs(value) for row in matrix for value in row), default=1.0) or 1.0
        for i in range(shown[layer]):
            for j in range(shown[layer + 1]):
                (x1, y1), (x2, y2) = place(layer, i), place(layer + 1, j)
                value = matrix[i][j]
                look = f'stroke="{_BLUE}"' if value >= 0 else f'stroke="{_ORANGE}" stroke-dasharray="5 4"'
                thick = 0.4 + 4 * abs(value) / largest
                lines.append(
                    f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" {look} stroke-width="{thick:.1f}"/>'
                )
    for layer, size in enumerate(sizes):
        for neuron in range(shown[layer]):
            x, y = place(layer, neuron)
            lines.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="9" fill="#fff" stroke="#7a7a7a" stroke-width="2"/>')
        if size > SHOWN:
            x, _ = place(layer, 0)
            lines.append(
                f'<text x="{x:.0f}" y="{top + _SIDE + 16}" text-anchor="middle">and {size - SHOWN} more</text>'
            )
    return lines


def _surface(values: Sequence[int], left: float, top: float) -> list[str]:
    n = math.isqrt(len(values))
    side = _SIDE / n
    shades = [round((value - 127.5) / 127.5 * _LEVELS) for value in values]
    strips = []
    for row in range(n):
        start = 0
        for column in range(1, n + 1):  # neighbours of one shade are one strip
            shade = shades[row * n + start]
            if column < n and shades[row * n + column] == shade:
                continue
            if shade:
                strips.append(
                    f'<rect x="{left + start * side:.1f}" y="{top + row * side:.1f}" width="{(column - start) * side:.1f}" '
                    f'height="{side:.1f}" fill="{_BLUE if shade > 0 else _ORANGE}" fill-opacity="{0.55 * abs(shade) / _LEVELS:.2f}"/>'
                )
            start = column
    return [*strips, f'<rect x="{left}" y="{top}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#7a7a7a"/>']


def _points(picture: Mapping[str, Any], left: float, top: float) -> list[str]:
    (x0, y0), (x1, y1) = picture["low"], picture["high"]
    marks = []
    for (x, y), label in zip(picture["points"], picture["labels"], strict=True):
        cx, cy = left + (x - x0) / (x1 - x0) * _SIDE, top + (y1 - y) / (y1 - y0) * _SIDE
        if label:
            marks.append(
                f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="3.2" fill="{_BLUE}" stroke="#fff" stroke-width="0.8"/>'
            )
        else:
            marks.append(
                f'<rect x="{cx - 2.8:.1f}" y="{cy - 2.8:.1f}" width="5.6" height="5.6" fill="{_ORANGE}" stroke="#fff" stroke-width="0.8"/>'
            )
    return marks
