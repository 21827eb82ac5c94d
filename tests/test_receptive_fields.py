"""The receptive field: the formula, and the picture, against counting by changing one input."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from musegen_edu.plots import PALETTE, plot_receptive_field
from musegen_edu.plots.receptive_fields import receptive_field
from musegen_edu.quiet_keras import keras

PLANS = (
    [(3, 1, 1)],
    [(3, 1, 1), (2, 2, 1), (3, 1, 1)],
    [(2, 1, 1), (2, 1, 2), (2, 1, 4)],
    [(5, 3, 1), (3, 2, 1), (2, 1, 1)],
    [(2, 2, 1), (3, 1, 2)],
)


@pytest.mark.parametrize("plan", PLANS)
def test_the_formula_counts_what_can_change_an_output(plan):
    network = keras.Sequential([keras.Input((None, 1))])
    for kernel, stride, dilation in plan:
        network.add(keras.layers.Conv1D(1, kernel, strides=stride, dilation_rate=dilation, kernel_initializer="ones"))
    changed = np.array(network(np.eye(60, dtype=np.float32)[..., None]))[..., 0]  # (changed input, output)
    field, step = receptive_field(plan)
    heard = [np.flatnonzero(changed[:, output]) for output in (0, 1)]
    assert heard[0].max() - heard[0].min() + 1 == field
    assert heard[1].min() - heard[0].min() == step


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("causal", [False, True])
def test_the_picture_colours_what_one_output_hears(plan, causal):
    ax = plot_receptive_field(plan, causal=causal, n_outputs=3)
    assert ax.get_title(loc="left") == f"One output hears {receptive_field(plan)[0]} inputs"
    inputs = [line for line in ax.lines if line.get_marker() == "o" and line.get_ydata()[0] == 0]
    coloured = [
        line.get_xdata()[0]
        for line in inputs
        if to_rgba(line.get_color())[:3] == to_rgba(PALETTE[1])[:3] and line.get_color() != "none"
    ]
    assert max(coloured) - min(coloured) + 1 == receptive_field(plan)[0]
    if causal:
        assert max(coloured) == max(line.get_xdata()[0] for line in inputs)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="must be at least 1"):
        receptive_field([(3, 0, 1)])
    with pytest.raises(ValueError, match="at least one layer"):
        plot_receptive_field([])
    with pytest.raises(ValueError, match="2 names for 3 rows"):
        plot_receptive_field([(2, 1, 1), (2, 1, 2)], names=["input", "layer"])
