"""Fair comparisons: layers of another kind, of the width that gives as many parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from musegen_edu.quiet_keras import keras

layers = keras.layers


def nearest_width(count: Callable[[int], int], wanted: int) -> int:
    """Return the width, 1 or more, for which `count(width)` comes nearest to `wanted` parameters; `count` rises.

    Examples
    --------
    >>> nearest_width(lambda width: width * width, 50)
    7
    """
    width = 1
    while count(width + 1) <= wanted:
        width += 1
    return width if wanted - count(width) <= count(width + 1) - wanted else width + 1


def gru_parameters(n_in: int, units: int) -> int:
    """Return how many numbers a Keras GRU learns: three blocks of weights and two biases for each unit.

    Examples
    --------
    >>> layer = layers.GRU(5)
    >>> layer.build((1, 1, 3))
    >>> gru_parameters(3, 5) == layer.count_params()
    True
    """
    return 3 * units * (n_in + units + 2)


def glorot(seeds: Iterator[int]) -> Any:
    """Return the usual first weights of a layer, drawn with the next seed."""
    return keras.initializers.GlorotUniform(seed=next(seeds))


def gru(units: int, seeds: Iterator[int], *, name: str, go_backwards: bool = False) -> Any:
    """Return a GRU that says something at every step."""
    return layers.GRU(
        units,
        return_sequences=True,
        go_backwards=go_backwards,
        kernel_initializer=glorot(seeds),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
        name=name,
    )


def gru_both_ways(units: int, seeds: Iterator[int], *, name: str) -> Any:
    """Return a GRU that runs forwards beside one that runs backwards: 2 * units outputs a step."""
    forwards = gru(units, seeds, name=f"{name}_forwards")
    backwards = gru(units, seeds, name=f"{name}_backwards", go_backwards=True)
    return layers.Bidirectional(forwards, backward_layer=backwards, name=name)
