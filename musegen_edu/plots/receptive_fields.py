"""What one output of a stack of convolutions hears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musegen_edu.plots.style import INK, PALETTE, dress, make_axes

Layer = tuple[int, int, int]  # kernel, stride, dilation


def receptive_field(layers: Sequence[Layer]) -> tuple[int, int]:
    """Return how many inputs lie between the first and the last that one output hears, both counted, and how far the outputs are apart.

    Each layer adds (kernel - 1) x dilation steps of its own input; such a step is as wide as all strides before it multiplied.

    Parameters
    ----------
    layers : from the input upwards, (kernel, stride, dilation) each; a pooling layer counts like a convolution.

    Returns
    -------
    The field, in inputs, and the distance in inputs from one output to the next.

    Raises
    ------
    ValueError
        If a number is not at least 1.

    Examples
    --------
    >>> receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1)])  # convolution, pooling, convolution
    (8, 2)
    >>> receptive_field([(2, 1, 2**i) for i in range(10)])  # dilations 1, 2, 4 ... 512
    (1024, 1)

    References
    ----------
    Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill, 2019,
    doi:10.23915/distill.00021.

    Lesson: 07 convolutional_networks.
    """
    field, step = 1, 1
    for layer in layers:
        if min(layer) < 1:
            raise ValueError(f"layers has {layer}; kernel, stride and dilation must be at least 1")
        kernel, stride, dilation = layer
        field += (kernel - 1) * dilation * step
        step *= stride
    return field, step


def plot_receptive_field(
    layers: Sequence[Layer],
    *,
    causal: bool = False,
    n_outputs: int = 3,
    names: Sequence[str] = (),
    ax: Any = None,
    title: str | None = None,
) -> Any:
    """Draw a stack of convolutions, and in colour what one of its outputs hears.

    Parameters
    ----------
    layers : from the input upwards, (kernel, stride, dilation) each.
    causal : each neuron stands above the newest of its inputs, and the last output is followed; else above their middle, and the middle
        output is followed.
    n_outputs : neurons of the last layer that are drawn.
    names : of the rows, from the input upwards: one more than there are layers.

    Raises
    ------
    ValueError
        If there is no layer or no output, a number is not at least 1, or `names` has another length.

    Examples
    --------
    >>> ax = plot_receptive_field([(2, 1, 1), (2, 1, 2)], causal=True)
    >>> ax.get_title(loc="left")
    'One output hears 4 inputs'

    Lesson: 07 convolutional_networks.
    """
    field, _ = receptive_field(layers)
    if not layers or n_outputs < 1:
        raise ValueError(
            f"layers={list(layers)}, n_outputs={n_outputs}: at least one layer and one output must be drawn"
        )
    if names and len(names) != len(layers) + 1:
        raise ValueError(f"names has {len(names)} names for {len(layers) + 1} rows, the input's included")
    rows = _rows(layers, n_outputs, causal)
    heard = _heard(layers, n_outputs - 1 if causal else n_outputs // 2)
    ax = make_axes(ax, 9, 0.75 * len(rows) + 1.1)
    for level, (kernel, stride, dilation) in enumerate(layers, 1):
        for place, x in enumerate(rows[level]):
            followed = place in heard[level]
            for tap in range(kernel):
                below = rows[level - 1][place * stride + tap * dilation]
                color, width = (PALETTE[1], 2.0) if followed else (INK, 0.5)
                ax.plot([below, x], [level - 1, level], color=color, linewidth=width, zorder=2 if followed else 1)
    for level, row in enumerate(rows):
        for place, x in enumerate(row):
            followed = place in heard[level]
            face = PALETTE[1] if followed else "none"
            ax.plot(x, level, "o", markersize=8 if followed else 6, color=face, markeredgecolor=INK, zorder=3)
    dress(ax, title=title or f"One output hears {field} inputs", x="input, from old to new")
    ax.set_yticks(range(len(rows)), names or ["input", *(f"layer {level}" for level in range(1, len(rows)))])
    ax.tick_params(length=0)
    ax.set_xticks([0], [""])  # no scale, but a label to give its colour to: see LIGHTER_INK
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def _rows(layers: Sequence[Layer], n_outputs: int, causal: bool) -> list[list[float]]:
    """Where each neuron of each row stands, the input's row first."""
    sizes = [n_outputs]
    for kernel, stride, dilation in reversed(layers):
        sizes.insert(0, (sizes[0] - 1) * stride + (kernel - 1) * dilation + 1)
    rows: list[list[float]] = [[float(place) for place in range(sizes[0])]]
    for (kernel, stride, dilation), size in zip(layers, sizes[1:], strict=True):
        ends = [(place * stride, place * stride + (kernel - 1) * dilation) for place in range(size)]
        below = rows[-1]
        rows.append([below[last] if causal else (below[first] + below[last]) / 2 for first, last in ends])
    return rows


def _heard(layers: Sequence[Layer], output: int) -> list[set[int]]:
    """Which neurons of each row one output hears, the input's row first."""
    heard = [{output}]
    for kernel, stride, dilation in reversed(layers):
        heard.insert(0, {place * stride + tap * dilation for place in heard[0] for tap in range(kernel)})
    return heard
