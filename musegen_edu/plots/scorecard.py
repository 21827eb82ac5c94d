"""The scorecard: every metric, every model, and real music beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musegen_edu.plots.style import INK, PALETTE, dress


def plot_scorecard(
    rows: Mapping[str, Mapping[str, float]], *, reference: str = "real music", title: str | None = None
) -> Any:
    """Draw a scorecard: one panel a metric, one bar a model, and a dashed line where real music lies.

    Parameters
    ----------
    rows : model -> metric -> value; every model has the same metrics. NaN leaves a gap, marked "-".
    reference : the row that is drawn as the line; it need not be there.
    title : the finding that the figure shows.

    Returns
    -------
    Array of axes, one a metric.

    Raises
    ------
    ValueError
        If there is no model or metric, or a model lacks a metric of the others.

    Examples
    --------
    >>> axes = plot_scorecard({"chance": {"entropy": 3.5}, "real music": {"entropy": 2.7}})
    >>> len(axes), axes[0].get_title(loc="left")
    (1, 'entropy')

    Lesson: 01 what_is_generated_music.
    """
    import matplotlib.pyplot as plt

    models = [name for name in rows if name != reference]
    metrics = list(next(iter(rows.values()), {}))
    if not models or not metrics:
        raise ValueError(
            f"rows={dict(rows)!r} must hold at least one model beside {reference!r}, with at least one metric"
        )
    for name, values in rows.items():
        if list(values) != metrics:
            raise ValueError(f"rows[{name!r}] has the metrics {list(values)}; all must have {metrics}, in this order")
    size = (2.6 * len(metrics) + 1.0, 0.9 + 0.38 * len(models))
    figure, axes = plt.subplots(
        1, len(metrics), figsize=size, dpi=110, sharey=True, squeeze=False, layout="constrained"
    )
    if title:
        figure.suptitle(title, color=INK, fontsize=12.5, fontweight="bold", x=0.0, ha="left")
    for metric, ax in zip(metrics, axes[0], strict=True):
        heights = np.array([rows[name][metric] for name in models], float)
        ax.barh(range(len(models)), np.nan_to_num(heights), color=PALETTE[0], height=0.6)
        for position, value in enumerate(heights):
            # All numbers stand at the right edge, where no bar and hardly ever the line for real music is in their way.
            ax.text(
                0.96,
                position,
                "–" if np.isnan(value) else f"{value:.3g}",
                transform=ax.get_yaxis_transform(),
                ha="right",
                va="center",
                color=INK,
                fontsize=9.5,
            )
        ax.margins(x=0.4)
        dress(ax)
        ax.set_title(metric, loc="left", color=INK, fontsize=11)
        if reference in rows:
            real = rows[reference][metric]
            ax.axvline(real, color=PALETTE[1], linestyle="--", linewidth=1.8, label=f"{reference}: {real:.3g}")
            ax.legend(
                frameon=False, labelcolor=INK, fontsize=9, loc="lower left", bbox_to_anchor=(0.0, -0.1 - 0.75 / size[1])
            )
    figure.get_layout_engine().set(wspace=0.06)  # else a number looks like a label of the next panel's axis
    axes[0][0].set_yticks(range(len(models)), models)
    axes[0][0].invert_yaxis()
    return axes[0]
