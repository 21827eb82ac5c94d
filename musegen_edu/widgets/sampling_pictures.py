"""The static picture of a next-note distribution: what the sampling playground leaves in a page where no widget lives."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SHOWN = 10  # bars
_BLUE, _GREY = "#1f78c1", "#5b6672"
_WIDTH, _ROW, _LEFT = 720, 24, 250  # px


def distribution_picture(
    words: Sequence[str], now: npt.NDArray[np.float64], own: npt.NDArray[np.float64], caption: str
) -> str:
    """Return an image of the likeliest tokens: a bar for what is drawn from, a mark for what the model itself says.

    Parameters
    ----------
    words : what each token means.
    now : probabilities after temperature and filters, (n_tokens,).
    own : probabilities without them, (n_tokens,).
    caption : heading.

    Examples
    --------
    >>> "60 %" in base64.b64decode(distribution_picture(["C4", "D4"], np.array([0.6, 0.4]), np.array([0.5, 0.5]), "")
    ...     .split("base64,")[1].split('"')[0]).decode()
    True

    Lesson: 05 recurrent_networks.
    """
    order = np.lexsort([-own, -now])[:SHOWN]
    order = order[own[order] > 0]
    largest = max(float(np.max(now)), float(np.max(own)), 1e-9)
    length = (_WIDTH - _LEFT - 70) / largest
    rows = []
    for row, token in enumerate(order):
        y = 34 + row * _ROW
        mark = _LEFT + own[token] * length
        rows.append(
            f'<text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{html.escape(words[token])}</text>'
            f'<rect x="{_LEFT}" y="{y + 2}" width="{now[token] * length:.1f}" height="{_ROW - 6}" fill="{_BLUE}"/>'
            f'<path d="M{mark:.1f} {y}v{_ROW - 2}" stroke="#16191d" stroke-width="2.5"/>'
            f'<text x="{max(mark, _LEFT + now[token] * length) + 8:.1f}" y="{y + 15}">{100 * now[token]:.0f} %</text>'
        )
    rest = float(now.sum() - now[order].sum())
    height = 34 + len(order) * _ROW + 26
    others = f"all others together {100 * rest:.0f} %; " if rest > 0.005 else ""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="14" fill="#16191d"><rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="8" y="20" font-weight="600">{html.escape(caption)}</text>{"".join(rows)}'
        f'<text x="8" y="{height - 8}" fill="{_GREY}" font-size="13">{others}black mark: what the model says before temperature and filters</text></svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    spoken = "; ".join(f"{words[token]} {100 * now[token]:.0f} %" for token in order[:5])
    return f'<img alt="{html.escape(f"{caption}: {spoken}")}" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'
