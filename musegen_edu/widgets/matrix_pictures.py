"""The static picture of a matrix: what an explorer leaves in a page where no widget lives."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_BLUE, _INK = "#0072b2", "#797979"  # both can be seen on white and on near-black
_MAP = 460.0  # px that the cells take up at most
_LEVELS = 16  # shades
_LINE = 13.0  # px that a printed label needs
_LETTER = 6.8  # px that a letter of a label takes up
_LONGEST = 18  # letters of a label that are printed


def shades_of(values: npt.NDArray[np.float64], scale: str) -> npt.NDArray[np.float64]:
    """Return how dark each value is, 0 to 1; 0 stays 0 and the largest is 1.

    Parameters
    ----------
    values : any shape, not negative.
    scale : "linear", "square root" (a hundredth of the largest has a tenth of its shade), or "logarithmic" (equal shades from 1/1000 of the largest on).

    Examples
    --------
    >>> shades_of(np.array([0.0, 1.0, 100.0]), "square root").tolist()
    [0.0, 0.1, 1.0]
    """
    share = values / max(float(values.max()), 1e-12)
    if scale == "square root":
        return np.sqrt(share)
    if scale == "logarithmic":
        # a value of 1/1000 of the largest, or less, gets the palest shade, so that seldom differs from never
        return np.where(share > 0, np.clip(1 + np.log10(np.maximum(share, 1e-3)) / 3, 0.04, 1), 0)
    return share


def matrix_picture(
    shaded: npt.NDArray[np.float64],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    names: Sequence[str],
    *,
    what: str = "share of the row",
    scale: str = "linear",
    printed: npt.NDArray[np.float64] | None = None,
    title: str = "",
) -> str:
    """Return a heat map as an HTML image without scripts.

    It is an image and not an SVG element, because code hosts strip those from a notebook.

    Parameters
    ----------
    shaded : (n_rows, n_columns), not negative: what makes a cell dark.
    row_labels, column_labels : their names; where they would overlap, only every second, third, … is printed.
    names : what rows and columns are.
    what : what a dark cell has much of, for the legend.
    scale : see `shades_of`.
    printed : numbers for the cells, where there is room; None prints `shaded` in per cent.
    title : what the picture is of, for readers who cannot see it.

    Lessons: 01 what_is_generated_music, 04 deep_learning_with_keras.
    """
    n_rows, n_columns = shaded.shape
    cell = float(np.clip(_MAP / max(n_rows, n_columns), 3.0, 64.0))
    rows, columns = ([_short(label) for label in labels] for labels in (row_labels, column_labels))
    left = max(map(len, rows)) * _LETTER + 26
    upright = max(map(len, columns)) * _LETTER <= cell - 2
    top = (_LINE if upright else max(map(len, columns)) * _LETTER) + 26
    width, height = left + n_columns * cell + 8, top + n_rows * cell + 26
    every = int(np.ceil(_LINE / cell))
    body = [
        f'<text x="{left}" y="13">→ {html.escape(names[1])}</text>',
        f'<text x="2" y="{top - 8}">↓ {html.escape(names[0])}</text>',
    ]
    body += [_cells(shades_of(shaded, scale), left, top, cell)]
    body += [
        f'<text x="{left - 5}" y="{top + (row + 0.5) * cell + 4:.1f}" text-anchor="end">{html.escape(label)}</text>'
        for row, label in enumerate(rows)
        if row % every == 0
    ]
    for column, label in enumerate(columns):
        if not upright and column % every:
            continue
        x = left + (column + 0.5) * cell
        turn = f'x="{x:.1f}" y="{top - 6}" text-anchor="middle"' if upright else f'transform="translate({x + 4:.1f} {top - 6}) rotate(-90)"'  # fmt: skip
        body.append(f"<text {turn}>{html.escape(label)}</text>")
    body += _numbers(shaded if printed is None else printed, printed is None, left, top, cell)
    body.append(
        f'<rect x="{left}" y="{top}" width="{n_columns * cell:.1f}" height="{n_rows * cell:.1f}" fill="none" stroke="{_INK}"/>'
    )
    body.append(
        f'<text x="{left}" y="{height - 8}">dark: large {html.escape(what)}, {scale} scale · empty: never</text>'
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'fill="{_INK}" font-family="system-ui, sans-serif" font-size="12">{"".join(body)}</svg>'
    )
    alt = f"{title or 'Heat map'}: {n_rows} rows ({names[0]}), {n_columns} columns ({names[1]})"
    data = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    return f'<img alt="{html.escape(alt)}" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _cells(shades: npt.NDArray[np.float64], left: float, top: float, cell: float) -> str:
    """One path a shade, in units of a cell, so that even 128 x 128 cells stay a small file."""
    levels = np.ceil(shades * _LEVELS).astype(int)  # 0 is never, and stays empty
    side = f"{1 - 1 / cell:.3g}" if cell > 8 else "1"
    paths = []
    for level in range(1, _LEVELS + 1):
        moves = "".join(f"M{column} {row}h{side}v{side}h-{side}z" for row, column in np.argwhere(levels == level))
        if moves:
            paths.append(f'<path d="{moves}" fill="{_BLUE}" fill-opacity="{level / _LEVELS:.2f}"/>')
    return f'<g transform="translate({left:.1f} {top:.1f}) scale({cell:.4f})">{"".join(paths)}</g>'


def _numbers(values: npt.NDArray[np.float64], per_cent: bool, left: float, top: float, cell: float) -> list[str]:
    """Numbers in the cells, white with a dark rim: to be read on every shade and on either page."""
    if cell < 24:
        return []
    look = 'text-anchor="middle" fill="#fff" stroke="#262626" stroke-width="2.5" paint-order="stroke" stroke-linejoin="round"'
    return [
        f'<text x="{left + (column + 0.5) * cell:.1f}" y="{top + (row + 0.5) * cell + 4:.1f}" {look}>{_number(values[row, column], per_cent)}</text>'
        for row, column in np.argwhere(values > 0)
    ]


def _number(value: float, per_cent: bool) -> str:
    return f"{100 * value:.0f} %" if per_cent else f"{value:g}"
