"""Layers of a game over music in parts: choices and strokes one can differentiate, what each judge may see of a band, and how it judges."""

from __future__ import annotations

from typing import Any

from musegen_edu.models.gan_layers import SpectralConv1D, straight_through
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.band_codec import (
    FIRST_PITCH,
    HOLD,
    KIT,
    LOWEST,
    N_BARS,
    N_SYMBOLS,
    PARTS,
    STEPS_A_BAR,
    VOICES,
)
from musegen_edu.tokens.vocabulary import PAD

layers, ops = keras.layers, keras.ops

PART_WIDTHS = {part: N_SYMBOLS if part in VOICES else len(KIT) for part in PARTS}  # channels of a part, by its name
_TINY = 1e-3  # stands for 0 under a logarithm
JUDGES = ("rhythm", "harmony", "whole")
ORDER = ("soprano", "bass", "alto", "drums")  # who plays first: the outer voices, then who fills in between


class PartChoice(keras.layers.Layer):
    """Logits of a part become what it plays: one symbol a sixteenth for a voice, a stroke or none for each drum.

    The largest logit is taken, and a drum is struck where its logit is above 0, after some noise has been added. With as much noise as `dice`
    is 1, symbols are drawn from the softmax, and strokes from the sigmoid of the logits; with 0, nothing is left to chance but the seeds.
    Backward, a choice counts as the softmax and a stroke as the sigmoid of logits and noise over the temperature (the straight-through
    gradient).

    Parameters
    ----------
    part : one of `PARTS`.
    temperature : above 0.
    dice : how much noise is added, 0 or more.

    Examples
    --------
    >>> logits = ops.array([[-2.0, 0.5]])
    >>> ops.convert_to_numpy(PartChoice("drums", 1.0, 1.0)(logits, ops.array([[0.5, 0.5]]))).tolist()  # an even throw
    [[0.0, 1.0]]

    References
    ----------
    As in `straight_through`; binary neurons for drums and notes, with and without chance: Dong and Yang, "Convolutional generative
    adversarial networks with binary neurons for polyphonic music generation", ISMIR 2018.
    Lesson: 11 hybrid_gans.
    """

    def __init__(self, part: str, temperature: float, dice: float, **options: Any) -> None:
        super().__init__(**options)
        self.part, self.temperature, self.dice = part, temperature, dice

    def call(self, logits: Any, uniform: Any) -> Any:
        """Return ones and zeros of the shape of the logits; `uniform` are numbers between 0 and 1, of that shape too."""
        if self.part in VOICES:
            never = ops.one_hot(PAD, N_SYMBOLS, dtype=logits.dtype) * -1e9
            gumbel = -ops.log(-ops.log(uniform))
            return straight_through(logits + self.dice * gumbel + never, self.temperature)
        logits = logits + self.dice * (ops.log(uniform) - ops.log(1 - uniform))  # logistic noise
        soft = ops.sigmoid(logits / self.temperature)
        return ops.stop_gradient(ops.cast(logits > 0, logits.dtype)) + (soft - ops.stop_gradient(soft))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "part": self.part, "temperature": self.temperature, "dice": self.dice}


class VoiceRoll(keras.layers.Layer):
    """One-hot symbols of a voice, (n, 64, 62), become a roll (n, 64, 59, 2) as `SymbolsToRoll` makes it, with a gradient for each ending.

    What sounds at a step is what begins there, and what sounded before if the step holds it: s[t] = b[t] + h[t] s[t-1]. So a judge that
    misses a sound can tell a player to hold on where it rests: the gradient of s[t] in h[t] is s[t-1]. (`SymbolsToRoll` counts the steps that
    break off, and where one does, its count has no gradient.) Written out, an onset at i sounds at t as far as all steps between hold:
    h[i+1] h[i+2] ... h[t].

    Examples
    --------
    >>> rows = ops.one_hot(ops.array([[33, 1, 1, 2]]), 62)  # C4, held for two steps, then silence
    >>> ops.convert_to_numpy(VoiceRoll()(rows))[0, :, 30].tolist()  # (begins, sounds)
    [[1.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    """

    def call(self, symbols: Any) -> Any:
        """Return the roll of rows that are one-hot."""
        begins, holds = symbols[:, :, FIRST_PITCH:], symbols[:, :, HOLD]
        places = ops.arange(symbols.shape[1])
        later = ops.cast(places[None, :] <= places[:, None], symbols.dtype)  # (time, onset)
        logs = ops.cumsum(ops.log(holds + _TINY), axis=1)  # a product as a sum of logarithms
        since = ops.exp((logs[:, :, None] - logs[:, None, :]) * later) * later
        whole = ops.stop_gradient(ops.round(since))  # 1 or 0 as it should be; the gradient is that of the product
        since = whole + (since - ops.stop_gradient(since))
        return ops.stack([begins, ops.matmul(since, begins)], axis=-1)


class BandView(keras.layers.Layer):
    """What a judge may see of a band, (n, 64, channels): of the rolls of three voices, (n, 64, 59, 2) each, and the drums, (n, 64, 10).

    `"rhythm"` sees when: for each voice whether a note begins at a sixteenth, for each drum whether it is struck; no pitch. `"harmony"` sees
    with what: for each pitch class how many of the voices sound it, now and on average over the bar; no octave, no part, no drums.
    `"whole"` sees what begins, every pitch that sounds in each voice, and the drums.

    Examples
    --------
    >>> band = [ops.zeros((1, 64, 59, 2))] * 3 + [ops.zeros((1, 64, 10))]
    >>> [BandView(judge)(band).shape[-1] for judge in JUDGES]
    [13, 24, 190]
    """

    def __init__(self, judge: str, **options: Any) -> None:
        super().__init__(**options)
        self.judge = judge

    def call(self, band: Any) -> Any:
        """Return what the judge sees."""
        *rolls, drums = band
        sounds = [roll[..., 1] for roll in rolls]  # (n, 64, pitch)
        if self.judge == "harmony":
            pitches = ops.arange(N_SYMBOLS - FIRST_PITCH) + LOWEST
            to_class = ops.one_hot(pitches % 12, 12, dtype=drums.dtype)  # (pitch, 12)
            chroma = ops.matmul(sum(sounds[1:], sounds[0]), to_class)  # (n, 64, 12)
            bars = ops.mean(ops.reshape(chroma, (-1, N_BARS, STEPS_A_BAR, 12)), axis=2)  # what the scale of a bar is
            return ops.concatenate([chroma, ops.repeat(bars, STEPS_A_BAR, axis=1)], axis=-1)
        begins = [ops.sum(roll[..., 0], axis=-1, keepdims=True) for roll in rolls]
        return ops.concatenate([*begins, *(sounds if self.judge == "whole" else []), drums], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "judge": self.judge}


class BatchSpread(keras.layers.Layer):
    """How much the examples of a batch differ, as one more channel: a judge that sees it notices a generator that repeats itself.

    References
    ----------
    The standard deviation over the batch, averaged: Karras, Aila, Laine and Lehtinen, "Progressive growing of GANs for improved quality,
    stability, and variation", ICLR 2018.

    Examples
    --------
    >>> tuple(BatchSpread()(ops.ones((5, 4, 3))).shape)
    (5, 4, 4)
    """

    def call(self, features: Any) -> Any:
        """Return (n, time, channels + 1) of (n, time, channels)."""
        spread = ops.sqrt(ops.var(features, axis=0, keepdims=True) + 1e-8)
        spread = ops.mean(spread, axis=(1, 2), keepdims=True)  # (1, 1, 1)
        return ops.concatenate([features, ops.zeros_like(features[:, :, :1]) + spread], axis=-1)


def judge_tower(width: int, *, seed: int, name: str) -> Any:
    """Return what a judge does with what it sees, (n, 64, channels): 20 scores, (n, 20), of its 16 beats and of its 4 bars.

    A beat is judged by what happens around it (about two beats), a bar by all that there is; so the judge can blame a place.
    """
    # ---- layers ----
    seeds = iter(range(seed, seed + 100, 10))

    def look(filters: int, size: int, strides: int, layer: str) -> Any:
        number = next(seeds)
        draw = keras.initializers.GlorotUniform(seed=number)
        options = {"strides": strides, "padding": "same", "kernel_initializer": draw, "seed": number}
        return SpectralConv1D(filters, size, name=f"{name}_{layer}", **options)

    eighths, beats = look(width, 4, 2, "eighths"), look(width, 4, 2, "beats")
    halves, bars = look(2 * width, 4, 2, "halves"), look(2 * width, 4, 2, "bars")
    beat_scores, bar_scores = look(1, 1, 1, "beat_scores"), look(1, 3, 1, "bar_scores")
    spread = BatchSpread(name=f"{name}_spread")

    # ---- functional graph ----
    def judge(seen: Any) -> Any:
        x = _leaky(beats(_leaky(eighths(seen))))  # (n, 16, width)
        y = spread(_leaky(bars(_leaky(halves(x)))))  # (n, 4, 2 width + 1)
        return ops.concatenate([beat_scores(x)[..., 0], bar_scores(y)[..., 0]], axis=-1)

    return judge


def _leaky(x: Any) -> Any:
    return ops.leaky_relu(x, negative_slope=0.2)
