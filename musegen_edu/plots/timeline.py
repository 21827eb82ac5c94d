"""A time line whose labels do not run into each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from musegen_edu.plots.style import INK, MARKERS, PALETTE, add_legend, dress, make_axes

_OFFSET = 5.0  # points from a stem to its text
_GAP = 4.0  # points between two labels of one level


class _Label(NamedTuple):
    """Where a label lies: its stem's x, its text from left to right (all in points), its level from 1."""

    stem: float
    left: float
    right: float
    level: int


def plot_timeline(events: Sequence[tuple[float, str, str]], *, ax: Any = None, title: str | None = None) -> Any:
    """Draw events on a true time axis, each with its year and a short label on a stem.

    Parameters
    ----------
    events : (year, label, kind) in any order; kinds get a colour and a marker each, at most five of them.
    ax : matplotlib axes; None makes a figure as high as the labels need.
    title : the finding that the figure shows.

    Raises
    ------
    ValueError
        If there is no event, or there are more than five kinds.

    Examples
    --------
    >>> ax = plot_timeline([(1757, "dice game", "chance"), (1957, "Illiac Suite", "rules")])
    >>> [text.get_text() for text in ax.texts]
    ['1757 dice game', '1957 Illiac Suite']

    Lesson: 01 what_is_generated_music.
    """
    kinds = list(dict.fromkeys(kind for _, _, kind in events))
    if not events or len(kinds) > len(PALETTE):
        raise ValueError(
            f"events has {len(events)} events of {len(kinds)} kinds; give at least one event, and at most {len(PALETTE)} kinds"
        )
    own_figure = ax is None
    ax = make_axes(ax, 9, 3)
    ordered = sorted(events)
    years = [year for year, _, _ in ordered]
    span = max(years[-1] - years[0], 1)
    ax.set_xlim(years[0] - 0.02 * span, years[-1] + 0.02 * span)
    ax.set_yticks([0], [""])  # no scale, but a label to give its colour to: see LIGHTER_INK
    dress(ax, title=title, x="year")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for kind, color, marker in zip(kinds, PALETTE, MARKERS, strict=False):
        ax.plot([year for year, _, other in ordered if other == kind], [0] * sum(other == kind for _, _, other in ordered), marker,
                color=color, label=kind, clip_on=False, markersize=7, zorder=3)  # fmt: skip
    # Labels of the first half of the axis go to the right of their stem, the others to the left, into the emptier middle.
    texts = [
        ax.annotate(f"{year:g} {label}", (year, 0), xytext=(_OFFSET if year < years[0] + span / 2 else -_OFFSET, 0),
                    textcoords="offset points", color=INK, fontsize=10, va="center",
                    ha="left" if year < years[0] + span / 2 else "right")
        for year, label, _ in ordered
    ]  # fmt: skip
    labels = _place(ax, texts)
    n_levels = max(label.level for label in labels)
    for text, label, (year, _, kind) in zip(texts, labels, ordered, strict=True):
        text.xy = (year, label.level)
        index = kinds.index(kind)
        ax.vlines(year, 0, label.level, color=PALETTE[index], linewidth=1.0, alpha=0.7, zorder=1)
        ax.plot(year, label.level, MARKERS[index], color=PALETTE[index], markersize=5, zorder=3)
    ax.set_ylim(0, n_levels + 0.7)
    if own_figure:
        ax.figure.set_size_inches(9, 1.3 + 0.24 * n_levels)
    if len(kinds) > 1:
        add_legend(ax, loc="upper left", ncols=1)
    ax.spines["bottom"].set_color(INK)
    return ax


def _place(ax: Any, texts: Sequence[Any]) -> list[_Label]:
    """Find for each text the lowest level at which neither it nor its stem meets another text or stem."""
    ax.figure.draw_without_rendering()
    to_points = 72.0 / ax.figure.dpi
    boxes = [text.get_window_extent() for text in texts]
    stems = [float(ax.transData.transform((text.xy[0], 0))[0]) * to_points for text in texts]
    goes_right = [text.get_ha() == "left" for text in texts]
    # Seen from the inner end outwards, a later label only has to climb above those that are there already.
    first = sorted((index for index in range(len(texts)) if goes_right[index]), reverse=True)
    then = [index for index in range(len(texts)) if not goes_right[index]]
    placed: dict[int, _Label] = {}
    for index in first + then:
        left, right = boxes[index].x0 * to_points - _GAP, boxes[index].x1 * to_points + _GAP
        tries = [_Label(stems[index], left, right, level) for level in range(1, len(texts) + 1)]
        free = [label for label in tries if not any(_texts_meet(label, other) for other in placed.values())]
        clear = [label for label in free if not any(_stem_meets_text(label, other) for other in placed.values())]
        placed[index] = (clear or free)[0]  # there are as many levels as texts, so one is always free
    return [placed[index] for index in range(len(texts))]


def _texts_meet(one: _Label, other: _Label) -> bool:
    return one.level == other.level and one.left < other.right and other.left < one.right


def _stem_meets_text(one: _Label, other: _Label) -> bool:
    lower, higher = sorted((one, other), key=lambda label: label.level)
    return lower.left + _GAP < higher.stem < lower.right - _GAP - 1  # a stem may touch the end of a text
