"""Judges of four-bar tunes: one reads them step by step and knows every pitch by name, one looks at them as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musegen_edu.models.gan_layers import SpectralConv1D, SpectralConv2D, SpectralDense, SymbolsToRoll
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import HIGHEST, LOWEST, N_STEPS, N_SYMBOLS

layers, ops = keras.layers, keras.ops

_KERNEL = 4  # of every convolution, with strides of 2: half of what it sees is seen by the next one too
_SLOPE = 0.2  # of the leaky ReLU below 0


def step_judge(filters: Sequence[int] = (48, 64, 96), *, compares: bool = True, seed: int = 0) -> Any:
    """Return a judge of one-hot rows (n, 64, 47) that reads what begins and what sounds at each sixteenth: scores (n, 1), above 0 for "real".

    Convolutions over time halve the 64 steps again and again. Every pitch is a channel of its own, and so is every pitch class; so this judge
    knows C from C sharp wherever they stand, which a judge that slides over a picture has to work out.

    Parameters
    ----------
    filters : of the convolutions, one number each; one to six.
    compares : whether the judge also sees how the tunes of a batch are spread out (see `BatchMoments`).
    seed : of the initial weights.

    Examples
    --------
    >>> tuple(step_judge((4, 4))(ops.one_hot(np.full((5, 64), 18), 47)).shape)
    (5, 1)

    Lesson: 10 generative_adversarial_networks.
    """
    _check_filters(filters)
    # ---- layers ----
    numbers = iter(range(1000 * seed + 500, 1000 * seed + 1000, 10))
    looks = [_spectral(SpectralConv1D, width, next(numbers), f"look_{i + 1}") for i, width in enumerate(filters)]
    final = _final_layers(filters[-1], compares, numbers)

    # ---- functional graph ----
    symbols = keras.Input((N_STEPS, N_SYMBOLS), name="symbols")
    x = RollToSteps(name="steps")(SymbolsToRoll(name="roll")(symbols))  # (n, 64, 112)
    for look in looks:
        x = ops.leaky_relu(look(x), negative_slope=_SLOPE)
    return keras.Model(symbols, _scored(x, final), name="step_judge")


def roll_judge(filters: Sequence[int] = (16, 32, 48, 64), *, compares: bool = True, seed: int = 0) -> Any:
    """Return a judge of one-hot rows (n, 64, 47) that looks at them as a piano roll: scores (n, 1), above 0 for "real".

    Convolutions over 64 steps by 44 pitches halve the picture in both directions. Whatever this judge learns about a turn of melody holds
    wherever the turn stands on the roll.

    Parameters
    ----------
    filters, compares, seed : as in `step_judge`.

    Examples
    --------
    >>> tuple(roll_judge((2, 2, 2, 2))(ops.one_hot(np.full((5, 64), 18), 47)).shape)
    (5, 1)

    Lesson: 10 generative_adversarial_networks.
    """
    _check_filters(filters)
    # ---- layers ----
    numbers = iter(range(1000 * seed + 500, 1000 * seed + 1000, 10))
    looks = [_spectral(SpectralConv2D, width, next(numbers), f"look_{i + 1}") for i, width in enumerate(filters)]
    final = _final_layers(filters[-1], compares, numbers)

    # ---- functional graph ----
    symbols = keras.Input((N_STEPS, N_SYMBOLS), name="symbols")
    x = SymbolsToRoll(name="roll")(symbols)  # (n, 64, 44, 2)
    for look in looks:
        x = ops.leaky_relu(look(x), negative_slope=_SLOPE)
    return keras.Model(symbols, _scored(x, final), name="roll_judge")


JUDGES = {"steps": step_judge, "roll": roll_judge}


class RollToSteps(keras.layers.Layer):
    """A roll (n, 64, 44, 2) becomes a row of numbers a step, (n, 64, 112): what begins, by pitch and by pitch class, and what sounds.

    Examples
    --------
    >>> roll = np.zeros((1, 64, 44, 2), np.float32)
    >>> roll[0, 0, 15] = 1  # C4 begins and sounds
    >>> np.flatnonzero(ops.convert_to_numpy(RollToSteps()(roll))[0, 0]).tolist()  # begins: C4, C; sounds: C4, C
    [15, 44, 71, 100]
    """

    def call(self, roll: Any) -> Any:
        """Return the rows: 44 pitches and 12 pitch classes that begin, 44 and 12 that sound."""
        folded = np.eye(12, dtype=np.float32)[np.arange(LOWEST, HIGHEST + 1) % 12]  # (44, 12)
        begins, sounds = roll[..., 0], roll[..., 1]
        return ops.concatenate([begins, ops.matmul(begins, folded), sounds, ops.matmul(sounds, folded)], axis=-1)


class BatchMoments(keras.layers.Layer):
    """Beside each example's features stand their mean and their standard deviation over the batch: (n, features) becomes (n, 3 features).

    A judge that sees one forgery at a time cannot know that all the others are the same. With these it can: real tunes differ from one
    another, and on average they have so many notes and such steps. That takes the reward from a generator that knows one trick.

    Examples
    --------
    >>> BatchMoments()(np.array([[1.0], [3.0]], np.float32)).numpy().round(3).tolist()  # itself, mean, standard deviation
    [[1.0, 2.0, 1.0], [3.0, 2.0, 1.0]]

    References
    ----------
    Salimans et al., "Improved techniques for training GANs", NeurIPS 2016 (minibatch discrimination); the standard deviation alone: Karras,
    Aila, Laine and Lehtinen, "Progressive growing of GANs for improved quality, stability, and variation", ICLR 2018.
    Lesson: 10 generative_adversarial_networks.
    """

    def call(self, features: Any) -> Any:
        """Return features, means and standard deviations."""
        mean = ops.mean(features, axis=0, keepdims=True)
        spread = ops.sqrt(ops.mean(ops.square(features - mean), axis=0, keepdims=True) + 1e-6)
        alike = [ops.broadcast_to(moment, ops.shape(features)) for moment in (mean, spread)]
        return ops.concatenate([features, *alike], axis=-1)


def _spectral(kind: Any, width: int, number: int, name: str) -> Any:
    draw = keras.initializers.GlorotUniform(seed=number)
    if kind is SpectralDense:
        return SpectralDense(width, kernel_initializer=draw, seed=number, name=name)
    return kind(width, _KERNEL, strides=2, padding="same", kernel_initializer=draw, seed=number, name=name)


def _final_layers(width: int, compares: bool, numbers: Any) -> list[Any]:
    """Return the layers from the flat features to the score; a judge that compares has one more, which weighs an example against the batch."""
    flat, score = layers.Flatten(name="flat"), _spectral(SpectralDense, 1, next(numbers), "score")
    if not compares:
        return [flat, score]
    return [flat, BatchMoments(name="moments"), _spectral(SpectralDense, width, next(numbers), "compare"), score]


def _scored(x: Any, final: Sequence[Any]) -> Any:
    for layer in final:
        x = layer(x)
        x = ops.leaky_relu(x, negative_slope=_SLOPE) if layer.name == "compare" else x
    return x


def _check_filters(filters: Sequence[int]) -> None:
    if not 1 <= len(filters) <= 6 or min(filters) < 1:
        raise ValueError(f"filters={filters!r} must be one to six numbers of at least 1")
