"""The static picture of a plane of melodies: what the latent explorer leaves in a page where no widget lives."""

from __future__ import annotations

import html
from collections.abc import Sequence

from musegen_edu.score import Score
from musegen_edu.widgets.latent_journey import LENGTH, Point
from musegen_edu.widgets.pictures import data_uri

COLOURS = ((31, 120, 193), (168, 79, 139), (11, 138, 101), (194, 96, 15))  # of the corners, as in the page
_SIDE, _MARGIN = 560, 26  # px


def blend(row: int, column: int, size: int) -> tuple[float, float, float, float]:
    """Return the shares of the four corners in a cell: top left, top right, bottom left, bottom right.

    Examples
    --------
    >>> blend(0, 4, 9)
    (0.5, 0.5, 0.0, 0.0)
    """
    x, y = column / (size - 1), row / (size - 1)
    return (1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y


def plane_picture(plane: Sequence[Sequence[Score]], names: Sequence[str], puck: Point, path: Sequence[Point]) -> str:
    """Return an image of a plane of melodies: each cell a small piano roll, in the mixed colours of the corners.

    Parameters
    ----------
    plane : rows of melodies, four bars each.
    names : of the corners: top left, top right, bottom left, bottom right.
    puck : the point that is marked, in cells.
    path : points that are joined by a line, in cells; may be empty.

    Lesson: 09 variational_autoencoders.
    """
    size = len(plane)
    side = _SIDE / size
    pitches = [pitch for row in plane for score in row for pitch in score.notes["pitch"].tolist()] or [60]
    low, high = min(pitches), max(pitches)
    step = (side - 8) / max(high - low + 1, 12)
    tiles = []
    for i, row in enumerate(plane):
        for j, score in enumerate(row):
            shares = blend(i, j, size)
            red, green, blue = _mixed(shares)
            x, y = 1 + j * side, _MARGIN + i * side
            marks = "".join(
                f"M{x + 3 + (side - 8) * onset / LENGTH:.1f} {y + 4 + (high - pitch + 0.5) * step:.1f}h{max(1.0, (side - 8) * duration / LENGTH - 0.6):.1f}"
                for onset, duration, pitch, *_ in score.notes.tolist()
            )
            colour = f"rgb({red},{green},{blue})"
            tiles.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{side - 2:.1f}" height="{side - 2:.1f}" rx="4" fill="{colour}" fill-opacity="0.1"/>'
                f'<path d="{marks}" stroke="{colour}" stroke-width="{max(1.5, step):.1f}"/>'
            )

    def place(point: Point) -> tuple[float, float]:
        return (point[0] + 0.5) * side, _MARGIN + (point[1] + 0.5) * side

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, path))
    tiles += [f'<polyline points="{line}" fill="none" stroke="#16191d" stroke-width="3"/>'] if path else []
    x, y = place(puck)
    tiles.append(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{side / 4:.1f}" fill="none" stroke="#d1381a" stroke-width="4"/>'
    )
    height = _SIDE + 2 * _MARGIN
    for index, name in enumerate(names):
        right, below = index % 2, index // 2
        label = _short("ABCD"[index] + " " + name)
        tiles.append(
            f'<text x="{_SIDE * right}" y="{height - 8 if below else 17}" text-anchor="{"end" if right else "start"}" '
            f'font-weight="600" fill="rgb{COLOURS[index]}">{html.escape(label)}</text>'
        )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {height}" width="{_SIDE}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="14"><rect width="{_SIDE}" height="{height}" fill="#fff"/>{"".join(tiles)}</svg>'
    )
    spoken = f"A plane of {size} by {size} melodies between {', '.join(name or 'a melody' for name in names)}"
    uri = data_uri("image/svg+xml", svg.encode())
    return f'<img alt="{html.escape(spoken)}" style="display: block; max-width: 100%" src="{uri}">'


def _mixed(shares: Sequence[float]) -> list[int]:
    """Return the corners' colours mixed, and some of the colour given back that mixing takes away; as the page does it."""
    mixed = [sum(share * colour[k] for share, colour in zip(shares, COLOURS, strict=True)) for k in range(3)]
    grey, vivid = sum(mixed) / 3, 1 + 1.2 * (1 - max(shares))
    return [round(min(255, max(0, grey + vivid * (x - grey)))) for x in mixed]


def _short(text: str) -> str:
    return text if len(text) <= 34 else f"{text[:33]}…"
