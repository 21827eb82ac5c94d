"""FourBarGAN: generators that forge four bars, symbol by symbol or all at once, against a convolutional judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.gan_layers import SymbolChoice, TellingCell
from musegen_edu.models.tune_judges import JUDGES
from musegen_edu.models.tune_judges import roll_judge as roll_judge
from musegen_edu.models.tune_judges import step_judge as step_judge
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import N_BARS, N_STEPS, N_SYMBOLS, STEPS_A_BAR

layers, ops = keras.layers, keras.ops

KINDS = ("gru", "convolutional")


class FourBarGAN(AdversarialPair):
    """An adversarial pair for four-bar tunes: 64 symbols of `FourBarCodec`, from `latent` numbers.

    The generator's last step is a choice among symbols, which it makes with Gumbel noise and the straight-through gradient (see
    `straight_through`): the judge reads whole symbols, as in the real tunes, and its gradient still reaches the generator. The judge turns
    them into a roll of what begins and what sounds, and reads it with convolutions of bounded slope.

    `fit` is given windows of `FourBarCodec`: integers of shape (n, 64).

    Parameters
    ----------
    kind : `"gru"` plans four bars, then tells one symbol after another and hears what it has told; `"convolutional"` unfolds four bars into
        beats and beats into sixteenths by transposed convolutions, all at once.
    latent : normally distributed numbers that make a tune.
    units : width of the generator.
    judge : `"steps"` knows every pitch by name, `"roll"` looks at a picture (see `step_judge` and `roll_judge`).
    filters : of the judge's convolutions; None takes those that the judge has by itself.
    compares : whether the judge sees how the tunes of a batch are spread out (see `BatchMoments`), which keeps the generator from doing
        always the same.
    temperature : of the straight-through gradient, above 0.
    seed : of the initial weights, and of the noise while training.
    options : `loss`, `penalty`, `smoothing`, `average` and `name`, as in `AdversarialPair`.

    Examples
    --------
    >>> pair = FourBarGAN("convolutional", latent=4, units=8, filters=(2, 2))
    >>> pair.generate_symbols(3, seed=1).shape
    (3, 64)

    References
    ----------
    As in `AdversarialPair`, `SpectralNorm` and `straight_through`; transposed convolutions over time for bars: Yang, Chou and Yang,
    "MidiNet", ISMIR 2017, and Dong et al., "MuseGAN", AAAI 2018.
    Lesson: 10 generative_adversarial_networks.
    """

    def __init__(
        self,
        kind: str = "gru",
        *,
        latent: int = 32,
        units: int = 96,
        judge: str = "steps",
        filters: Sequence[int] | None = None,
        compares: bool = True,
        temperature: float = 0.7,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind={kind!r} is no generator; choose one of {', '.join(KINDS)}")
        if judge not in JUDGES:
            raise ValueError(f"judge={judge!r} is no judge; choose one of {', '.join(JUDGES)}")
        widths = {} if filters is None else {"filters": tuple(filters)}
        sizes: dict[str, Any] = {"latent": latent, "units": units, "temperature": temperature, "seed": seed}
        players = GENERATORS[kind](**sizes), JUDGES[judge](**widths, compares=compares, seed=seed)
        super().__init__(*players, noise=latent, seed=seed, **options)
        self._arguments = {"kind": kind, "judge": judge, **sizes, **widths, "compares": compares, **options}

    def draw_noise(self, n: Any, seed: Any) -> Any:
        """Return the latent numbers, (n, latent), and Gumbel noise for the choice of the symbols, (n, 64, 47)."""
        latent = keras.random.normal((n, self.noise), seed=seed)
        uniform = keras.random.uniform((n, N_STEPS, N_SYMBOLS), 1e-6, 1 - 1e-6, seed=seed)
        return [latent, -ops.log(-ops.log(uniform))]

    def prepare(self, examples: Any) -> Any:
        """Return one-hot rows, (n, 64, 47), of symbols, (n, 64)."""
        return ops.one_hot(ops.cast(examples, "int32"), N_SYMBOLS, dtype=self.compute_dtype)

    def generate_symbols(self, n: int, *, seed: int = 0, averaged: bool = False) -> npt.NDArray[np.int32]:
        """Return n forged tunes as symbols, (n, 64), for `FourBarCodec.decode`; `seed` and `averaged` as in `generate`."""
        return self.generate(n, seed=seed, averaged=averaged).argmax(axis=-1).astype(np.int32)

    def make_generator(self) -> Any:
        """Return a fresh generator, built as the pair's own is."""
        same = {name: self._arguments[name] for name in ("latent", "units", "temperature", "seed")}
        return GENERATORS[self._arguments["kind"]](**same)


def gru_generator(*, latent: int, units: int, temperature: float, seed: int) -> Any:
    """Return a generator that tells 64 symbols one after another: [latent numbers, noise (n, 64, 47)] to one-hot rows (n, 64, 47).

    The latent numbers become four bar vectors, each bar vector a plan of 16 steps; at each step a GRU reads the plan and the symbol before.
    """
    _check_sizes(latent, units, temperature)
    # ---- layers ----
    seeds = iter(range(1000 * seed, 1000 * seed + 1000, 10))
    step = max(1, units // 4)
    bars = layers.Dense(N_BARS * units, "relu", kernel_initializer=_glorot(next(seeds)), name="bars")
    plan = layers.Dense(STEPS_A_BAR * step, "relu", kernel_initializer=_glorot(next(seeds)), name="plan")
    cell = TellingCell(units, temperature, seed=next(seeds), name="cell")
    tell = layers.RNN(cell, return_sequences=True, name="tell")

    # ---- functional graph ----
    z, noise = keras.Input((latent,), name="z"), keras.Input((N_STEPS, N_SYMBOLS), name="noise")
    x = ops.reshape(bars(z), (-1, N_BARS, units))
    x = ops.reshape(plan(x), (-1, N_STEPS, step))  # (n, 64, step)
    return keras.Model([z, noise], tell(ops.concatenate([x, noise], axis=-1)), name="gru_generator")


def convolutional_generator(*, latent: int, units: int, temperature: float, seed: int) -> Any:
    """Return a generator that makes all symbols at once: [latent numbers, noise (n, 64, 47)] to one-hot rows (n, 64, 47).

    Two transposed convolutions unfold four bars into 16 beats and 64 sixteenths; one more convolution lets neighbours agree.
    """
    _check_sizes(latent, units, temperature)
    # ---- layers ----
    seeds = iter(range(1000 * seed, 1000 * seed + 1000, 10))
    bars = layers.Dense(N_BARS * units, "relu", kernel_initializer=_glorot(next(seeds)), name="bars")

    def unfold(name: str) -> Any:  # each step becomes four, and every new one is seen by two old ones: 8 = 2 * 4
        draw = _glorot(next(seeds))
        return layers.Conv1DTranspose(units, 8, 4, "same", activation="relu", kernel_initializer=draw, name=name)

    beats, sixteenths = unfold("beats"), unfold("sixteenths")
    logits = layers.Conv1D(N_SYMBOLS, 5, padding="same", kernel_initializer=_glorot(next(seeds)), name="logits")
    choice = SymbolChoice(temperature, name="choice")

    # ---- functional graph ----
    z, noise = keras.Input((latent,), name="z"), keras.Input((N_STEPS, N_SYMBOLS), name="noise")
    x = sixteenths(beats(ops.reshape(bars(z), (-1, N_BARS, units))))  # (n, 64, units)
    return keras.Model([z, noise], choice(logits(x), noise), name="convolutional_generator")


GENERATORS = {"gru": gru_generator, "convolutional": convolutional_generator}


def _glorot(seed: int) -> Any:
    return keras.initializers.GlorotUniform(seed=seed)


def _check_sizes(latent: int, units: int, temperature: float) -> None:
    for size, value in {"latent": latent, "units": units}.items():
        if value < 1:
            raise ValueError(f"{size}={value} must be at least 1")
    if not temperature > 0:
        raise ValueError(f"temperature={temperature} must be above 0")
