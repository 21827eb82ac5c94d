"""The style score: a classifier, trained on pieces that no translator has seen, says how much a tune sounds like a style."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.quiet_keras import keras
from musegen_edu.style_windows import STYLES, style_windows
from musegen_edu.tokens.chorale_codec import HOLD, REST
from musegen_edu.tokens.four_bar_codec import N_STEPS

VIEWS = {"everything": slice(0, 45), "pitches": slice(0, 37), "rhythm": slice(37, 45)}
_LONGER = (1, 2, 3, 4, 6, 8, 16)  # sixteenths: the borders between the eight note lengths
_UNITS, _EPOCHS, _BATCH = 32, 12, 64


def style_features(symbols: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return lesson 04's features of four-bar windows, (n, 45), each group as shares that add up to 1.

    How often each of the 12 pitch classes comes, counted from the tonic; how often each of the 25 steps to the next note, -12 to 12
    semitones; how often each of 8 note lengths, silences included.

    Parameters
    ----------
    symbols : of `FourBarCodec`, (n, 64).

    Examples
    --------
    >>> style_features(np.full((2, 64), 18)).sum(axis=1).tolist()  # three groups
    [3.0, 3.0]

    Lesson: 04 deep_learning_with_keras, 11 hybrid_gans.
    """
    rows = np.asarray(symbols, np.int64)
    if rows.ndim != 2 or rows.shape[1] != N_STEPS:
        raise ValueError(f"symbols has shape {rows.shape}; give (n, {N_STEPS})")
    found = np.zeros((len(rows), 45), np.float32)
    for row, line in zip(found, rows, strict=True):
        starts = np.flatnonzero((line != HOLD) | (np.arange(N_STEPS) == 0))
        pitch = line[line > REST]
        lengths = np.searchsorted(_LONGER, np.diff(np.append(starts, N_STEPS)))
        steps = np.clip(np.diff(pitch), -12, 12) + 12
        groups = ((pitch % 12, 12), (steps, 25), (lengths, 8))
        row[:] = np.concatenate([np.bincount(part, minlength=n) / max(1, len(part)) for part, n in groups])
    return found


class StyleJudge:
    """Says with what probability a tune is of the second of two styles. Made by `train_style_judge`.

    Parameters
    ----------
    network : features, (n, 45), (n, 37) or (n, 8), to one logit, above 0 for the second style.
    styles : the two names.
    view : what it may look at, a key of `VIEWS`.
    """

    def __init__(self, network: Any, styles: tuple[str, str], view: str) -> None:
        self.network, self.styles, self.view = network, styles, view

    def probability(self, symbols: npt.ArrayLike, style: str) -> npt.NDArray[np.float64]:
        """Return how likely each of some tunes, (n, 64), is of a style: (n,)."""
        if style not in self.styles:
            raise ValueError(f"style={style!r} must be one of {', '.join(self.styles)}")
        rows = style_features(symbols)[:, VIEWS[self.view]]
        logits = np.asarray(keras.ops.convert_to_numpy(self.network(rows)), np.float64)[:, 0]
        second = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        return second if style == self.styles[1] else 1 - second

    def share(self, symbols: npt.ArrayLike, style: str) -> float:
        """Return the share of some tunes, (n, 64), that the judge takes for a style: the style score, 0 to 1."""
        return float((self.probability(symbols, style) > 0.5).mean())


def train_style_judge(view: str = "everything", *, seed: int = 0) -> StyleJudge:
    """Train a classifier of reels and chorales, as that of lesson 04, on pieces that `StyleCycle` is neither trained nor tested on.

    One hidden layer of 32 neurons looks at `style_features`; both styles count alike, whatever their numbers. It takes a few seconds.

    Parameters
    ----------
    view : "everything", "pitches" (pitch classes and steps, nothing of the rhythm) or "rhythm" (note lengths alone).
    seed : of the initial weights and of the order.

    Lesson: 11 hybrid_gans.
    """
    if view not in VIEWS:
        raise ValueError(f"view={view!r} must be one of {', '.join(VIEWS)}")
    heaps = [style_features(style_windows(style, "valid").symbols)[:, VIEWS[view]] for style in STYLES]
    x, y = np.concatenate(heaps), np.repeat([0.0, 1.0], [len(heap) for heap in heaps])
    weights = np.repeat([len(y) / 2 / len(heap) for heap in heaps], [len(heap) for heap in heaps])
    mean, deviation = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-3)
    draw = keras.initializers.GlorotUniform
    network = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            keras.layers.Normalization(mean=mean, variance=deviation**2),
            keras.layers.Dense(_UNITS, "relu", kernel_initializer=draw(seed=seed)),
            keras.layers.Dense(1, kernel_initializer=draw(seed=seed + 1)),
        ]
    )
    network.compile(
        keras.optimizers.AdamW(5e-3, weight_decay=0.05),
        keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile=False,
    )
    order = np.random.default_rng(seed)
    for _ in range(_EPOCHS):
        mixed = order.permutation(len(x))
        network.fit(x[mixed], y[mixed], sample_weight=weights[mixed], batch_size=_BATCH, shuffle=False, verbose=0)
    return StyleJudge(network, STYLES, view)
