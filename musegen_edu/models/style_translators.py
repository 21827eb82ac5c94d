"""The two players of a style cycle: a translator that rewrites a tune beat by beat, and a judge that scores it half bar by half bar."""

from __future__ import annotations

from typing import Any

from musegen_edu.models.gan_layers import SpectralConv2D, SpectralDense, SymbolChoice, SymbolsToRoll
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.chorale_codec import FIRST_PITCH
from musegen_edu.tokens.four_bar_codec import N_BARS, N_STEPS, N_SYMBOLS

layers, ops = keras.layers, keras.ops

BEATS = N_STEPS // 4
_SAME, _AGAIN = (
    6.0,
    3.0,
)  # before training: a symbol stays with odds of e^6, and a pitch that is held would begin again with e^3


class Keeping(keras.layers.Layer):
    """Adds to the logits of a new tune a liking for the old one: for its symbols as they are, and for the pitch that sounds.

    Both likings are numbers that are trained. So a translator has to learn only what it changes, and where it lets a note begin in the
    middle of a held one, it prefers to repeat that note.

    Examples
    --------
    >>> rows = ops.one_hot(ops.array([[18, 1]]), 47)  # C4, held
    >>> kept = Keeping()([ops.zeros((1, 2, 47)), rows, SymbolsToRoll()(rows)[..., 1]])
    >>> ops.convert_to_numpy(kept)[0][:, [1, 18]].tolist()  # of a hold and of C4
    [[0.0, 9.0], [6.0, 3.0]]
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        constant = keras.initializers.Constant
        self.same = self.add_weight(shape=(), initializer=constant(_SAME), name="same")
        self.again = self.add_weight(shape=(), initializer=constant(_AGAIN), name="again")

    def call(self, inputs: Any) -> Any:
        """Return logits (n, 64, 47), from logits, the old symbols (n, 64, 47) and what sounds (n, 64, 44)."""
        logits, symbols, sounds = inputs
        sounding = ops.pad(sounds, [[0, 0], [0, 0], [FIRST_PITCH, 0]])
        return logits + self.same * symbols + self.again * sounding


def style_translator(style: str, *, units: int, temperature: float, seed: int) -> Any:
    """Return a network that tells a tune in another style: [symbols, noise], (n, 64, 47) each, to [symbols, logits].

    The symbols that come out are one-hot rows with the straight-through gradient; the noise is added to the logits before the choice. Four
    sixteenths become a beat, four beats a bar; bars look at their neighbours, and are unfolded into beats again; beats look at their
    neighbours, and each of them writes four sixteenths.

    Parameters
    ----------
    style : into which; it begins the names of the layers.
    units : numbers that describe a beat, or a bar.
    temperature : of the straight-through gradient.
    seed : of the initial weights.

    Lesson: 11 hybrid_gans.
    """
    # ---- layers ----
    seeds = iter(range(1000 * seed, 1000 * seed + 1000, 10))

    def named(name: str) -> dict[str, Any]:
        return {"name": f"{style}_{name}", "kernel_initializer": keras.initializers.GlorotUniform(seed=next(seeds))}

    beats = layers.Conv1D(units, 4, strides=4, activation="relu", **named("beats"))
    bars = layers.Conv1D(units, 4, strides=4, activation="relu", **named("bars"))
    neighbour_bars = layers.Conv1D(units, 3, padding="same", activation="relu", **named("neighbour_bars"))
    unfolded = layers.Dense(4 * units, "relu", **named("unfolded"))
    joined = layers.Dense(units, "relu", **named("joined"))
    neighbours = [
        layers.Conv1D(units, 3, padding="same", activation="relu", **named(f"neighbours_{i}")) for i in (1, 2)
    ]
    few = keras.initializers.RandomNormal(stddev=0.02, seed=next(seeds))  # at first nearly nothing is changed
    changes = layers.Dense(4 * N_SYMBOLS, kernel_initializer=few, name=f"{style}_changes")
    keep = Keeping(name=f"{style}_keep")
    choice = SymbolChoice(temperature, name=f"{style}_choice")

    # ---- functional graph ----
    symbols = keras.Input((N_STEPS, N_SYMBOLS), name="symbols")
    noise = keras.Input((N_STEPS, N_SYMBOLS), name="noise")
    sounds = SymbolsToRoll(name=f"{style}_roll")(symbols)[..., 1]  # (n, 64, 44)
    x = beats(ops.concatenate([symbols, sounds], axis=-1))  # (n, 16, units)
    wide = unfolded(neighbour_bars(bars(x)))  # (n, 4, 4 * units)
    x = joined(ops.concatenate([x, ops.reshape(wide, (-1, BEATS, units))], axis=-1))
    for layer in neighbours:
        x = x + layer(x)  # (n, 16, units)
    logits = keep([ops.reshape(changes(x), (-1, N_STEPS, N_SYMBOLS)), symbols, sounds])
    return keras.Model([symbols, noise], [choice(logits, noise), logits], name=f"to_{style}")


def patch_judge(style: str, filters: tuple[int, int, int] = (16, 32, 48), *, seed: int = 0) -> Any:
    """Return a judge of one-hot rows (n, 64, 47): eight scores, (n, 8, 1), above 0 for "real", one each half bar.

    Three convolutions of bounded slope look at the roll; a score sees 22 sixteenths, its half bar and what is around it. So the judge
    tells a style by what is done in every bar, and does not ask how four bars are built.

    Parameters
    ----------
    style : which is real for it; it begins the names of the layers.
    filters : of the three convolutions.
    seed : of the initial weights.

    Examples
    --------
    >>> tuple(patch_judge("reel", (2, 2, 2))(ops.one_hot(ops.full((5, 64), 18), 47)).shape)
    (5, 8, 1)

    References
    ----------
    The judge of patches: Isola, Zhu, Zhou and Efros, "Image-to-image translation with conditional adversarial networks", CVPR 2017.
    Lesson: 11 hybrid_gans.
    """
    # ---- layers ----
    seeds = iter(range(1000 * seed + 500, 1000 * seed + 1000, 10))

    def named(name: str) -> dict[str, Any]:
        number = next(seeds)
        draw = keras.initializers.GlorotUniform(seed=number)
        return {"name": f"{style}_{name}", "kernel_initializer": draw, "seed": number}

    looks = [
        SpectralConv2D(width, 4, strides=2, padding="same", **named(f"look_{i}")) for i, width in enumerate(filters, 1)
    ]
    score = SpectralDense(1, **named("score"))

    # ---- functional graph ----
    symbols = keras.Input((N_STEPS, N_SYMBOLS), name="symbols")
    x = SymbolsToRoll(name=f"{style}_judged_roll")(symbols)  # (n, 64, 44, 2)
    for layer in looks:
        x = ops.leaky_relu(layer(x), negative_slope=0.2)
    x = ops.reshape(x, (-1, 2 * N_BARS, x.shape[2] * x.shape[3]))  # (n, 8, 6 * filters)
    return keras.Model(symbols, score(x), name=f"judge_of_{style}")
