"""MelodyVAE: four bars become a few numbers, and the numbers become four bars again."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.latent_layers import LatentDraw, Listening, WordDropout
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import HOLD, N_BARS, N_STEPS, N_SYMBOLS, REST
from musegen_edu.tokens.vocabulary import PAD

layers, ops = keras.layers, keras.ops

_BATCHES = (1, 8, 128)  # rows that a compiled call takes: few, because each is compiled for itself
_BEATS = N_STEPS // 4
_FIRST_LOG_VARIANCE = -4.0  # before training: z begins nearly exact, and the decoder soon finds it worth listening to


class MelodyVAE(keras.Model):
    """A variational autoencoder of four-bar tunes, told a level at a time: sixteenths, beats, bars, the whole, and back.

    The encoder turns the 64 symbols of `FourBarCodec` into the mean and the log variance of a normal distribution over `latent` numbers. The
    decoder turns a point z drawn from it into four bar vectors (the "conductor"), each of these into four beats, each beat into four
    sixteenths: a plan, which already says how likely each symbol is at each step. A small recurrent network, the "teller", then goes
    through the 64 sixteenths, tells the symbols one after another and corrects the plan by what it has told before. A decoder that can
    lean on its past learns to ignore z, so the plan is trained first, without a teller (`decoder_units=0`), and most of the past is hidden
    from the teller while it is trained (`word_dropout`).

    Called on integers of shape (n, 64) it returns a dict: `logits`, (n, 64, 47), for each symbol given those before it; `mean` and
    `log_variance`, (n, latent). While training z is drawn, else it is the mean.

    Parameters
    ----------
    latent : numbers that stand for four bars.
    units : length of the vector of a bar; a beat has half of it, a sixteenth a quarter.
    hidden : width of the layers between the bars and the latent numbers.
    decoder_units : width of the teller; 0 for none: the decoder is then not autoregressive.
    word_dropout : share of the symbols that the decoder, while training, is not told of its own past, 0 to 1.
    beta : weight of the KL term; 1 is the evidence lower bound (ELBO).
    free_bits : nats of KL that each latent number has for free.
    warm_up : training steps in which the weight of the KL term grows from 0 to `beta` (KL annealing); 0 for none.
    seed : of the initial weights, of z while training, and of word dropout.
    name : of the model, as Keras shows it.

    Examples
    --------
    >>> model = MelodyVAE(latent=4, units=16, hidden=16, decoder_units=8)
    >>> mean, log_variance = model.encode(np.ones((3, 64), np.int32))
    >>> mean.shape, model.decode(mean).shape
    ((3, 4), (3, 64))

    References
    ----------
    Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014; the conductor is that of Roberts et al., MusicVAE, ICML 2018; beta
    of Higgins et al., ICLR 2017; word dropout and KL annealing of Bowman et al., "Generating sentences from a continuous space", CoNLL
    2016; free bits of Kingma et al., "Improving variational inference with inverse autoregressive flow", NeurIPS 2016.
    Lesson: 09 variational_autoencoders.
    """

    def __init__(
        self,
        latent: int = 16,
        *,
        units: int = 192,
        hidden: int = 448,
        decoder_units: int = 96,
        word_dropout: float = 0.5,
        beta: float = 0.1,
        free_bits: float = 0.0,
        warm_up: int = 1000,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        sizes = {"latent": latent, "units": units, "hidden": hidden, "decoder_units": decoder_units}
        for size, value in sizes.items():
            if value < (size != "decoder_units"):
                raise ValueError(f"{size}={value} must be at least {int(size != 'decoder_units')}")
        if units % 4:
            raise ValueError(f"units={units} must be a multiple of 4: a sixteenth gets a quarter of a bar's length")
        if not 0 <= word_dropout <= 1:
            raise ValueError(f"word_dropout={word_dropout} must be from 0 to 1")
        weights = {"beta": beta, "free_bits": free_bits, "warm_up": warm_up}
        for weight, number in weights.items():
            if number < 0:
                raise ValueError(f"{weight}={number} must not be negative")

        # ---- layers ----
        seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # every layer that draws numbers gets one of its own

        def dense(width: int, name: str, activation: str | None = "relu", bias: float = 0.0) -> Any:
            draw, constant = keras.initializers.GlorotUniform(seed=next(seeds)), keras.initializers.Constant(bias)
            return layers.Dense(width, activation, kernel_initializer=draw, bias_initializer=constant, name=name)

        def fold(length: int, name: str) -> Any:  # four neighbours become one: a convolution that never overlaps
            draw = keras.initializers.GlorotUniform(seed=next(seeds))
            return layers.Conv1D(length, 4, strides=4, activation="relu", kernel_initializer=draw, name=name)

        step, beat = units // 4, units // 2
        listen = Listening(step, seed=next(seeds), name="listen")
        draw_latent = LatentDraw(warm_up, seed=next(seeds), name="latent")
        planned = dense(N_SYMBOLS, "planned", None)
        hide_past = WordDropout(word_dropout, seed=next(seeds), name="word_dropout")
        glorot, orthogonal = keras.initializers.GlorotUniform, keras.initializers.Orthogonal
        teller = layers.GRU(
            max(1, decoder_units),
            return_sequences=True,
            kernel_initializer=glorot(seed=next(seeds)),
            recurrent_initializer=orthogonal(seed=next(seeds)),
            name="teller",
        )
        # all zeros: a teller that has learnt nothing yet leaves the plan as it is
        corrected = layers.Dense(N_SYMBOLS, use_bias=False, kernel_initializer="zeros", name="corrected")

        # ---- functional graph ----
        symbols = keras.Input((N_STEPS,), dtype="int32", name="symbols")
        heard = listen(symbols)  # (n, 64, step)
        x = fold(units, "bars")(fold(beat, "beats")(heard))  # (n, 4, units)
        x = dense(hidden, "whole")(ops.reshape(x, (-1, N_BARS * units)))  # (n, hidden)
        mean, log_variance = dense(latent, "mean", None)(x), dense(latent, "log_variance", None, _FIRST_LOG_VARIANCE)(x)
        encoder = keras.Model(symbols, [mean, log_variance], name="encoder")

        z = keras.Input((latent,), name="z")
        x = dense(hidden, "whole_again")(z)
        x = x + dense(hidden, "whole_deeper")(x)
        x = ops.reshape(dense(N_BARS * units, "conductor")(x), (-1, N_BARS, units))
        x = ops.reshape(dense(4 * beat, "unfold_bars")(x), (-1, _BEATS, beat))
        x = ops.reshape(dense(4 * step, "unfold_beats")(x), (-1, N_STEPS, step))  # (n, 64, step)
        conductor = keras.Model(z, x, name="plan_of_steps")

        mean, log_variance = encoder(symbols)
        plan = conductor(draw_latent([mean, log_variance]))
        logits = planned(plan)  # (n, 64, 47)
        if decoder_units:
            before = hide_past(ops.pad(heard[:, :-1], [[0, 0], [1, 0], [0, 0]]))  # one step late; silence at first
            logits = logits + corrected(teller(ops.concatenate([plan, before], axis=-1)))
        super().__init__(symbols, {"logits": logits, "mean": mean, "log_variance": log_variance}, name=name)

        # ---- config ----
        self.encoder, self.conductor, self.listen, self.planned = encoder, conductor, listen, planned
        self.teller: Any = teller if decoder_units else None
        self.corrected: Any = corrected if decoder_units else None
        self.draw_latent, self.latent, self.beta, self.free_bits = draw_latent, latent, beta, free_bits
        self._arguments = {**sizes, "word_dropout": word_dropout, **weights, "seed": seed}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return (distortion + weight * KL) / 64 in nats a sixteenth: what is not told back, and what the code costs.

        The weight is `beta`, less during the warm-up; a latent number whose mean KL over the batch is below `free_bits` costs `free_bits`.
        """
        distortion = ops.mean(
            ops.sum(ops.sparse_categorical_crossentropy(y, y_pred["logits"], from_logits=True), axis=1)
        )
        mean, log_variance = y_pred["mean"], y_pred["log_variance"]
        kl = ops.mean(0.5 * (ops.square(mean) + ops.exp(log_variance) - 1 - log_variance), axis=0)  # (latent,)
        rate = ops.sum(ops.maximum(kl, self.free_bits))
        weight = self.beta * self.draw_latent.warmth if training else self.beta
        return (distortion + weight * rate) / N_STEPS

    def encode(self, symbols: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return where four bars lie: mean and log variance, (n, latent) each, from symbols (n, 64)."""
        rows = np.asarray(symbols, np.int32)
        if rows.ndim != 2 or rows.shape[1] != N_STEPS or (len(rows) and not 0 <= rows.min() <= rows.max() < N_SYMBOLS):
            raise ValueError(f"symbols has shape {rows.shape}; give (n, {N_STEPS}) symbols of FourBarCodec")
        if len(rows) == 0:
            return np.empty((0, self.latent), np.float32), np.empty((0, self.latent), np.float32)
        found = [self.encoder.predict_on_batch(part) for part in _padded(rows)]
        joined = [np.concatenate([np.asarray(part[i]) for part in found])[: len(rows)] for i in range(2)]
        return joined[0], joined[1]

    def decode(self, z: npt.ArrayLike, *, temperature: float | None = None, seed: int = 0) -> npt.NDArray[np.int32]:
        """Return the four bars at some points of the latent space: symbols (n, 64), all points in one compiled loop.

        Parameters
        ----------
        z : (n, latent).
        temperature : None tells what is most likely at each step: first whether anything begins, then what. A number above 0 draws.
        seed : of the draws.
        """
        points = np.asarray(z, np.float32)
        if points.ndim != 2 or points.shape[1] != self.latent or not np.isfinite(points).all():
            raise ValueError(f"z has shape {points.shape}; give finite numbers of shape (n, {self.latent})")
        if temperature is not None and not temperature > 0:
            raise ValueError(f"temperature={temperature!r} must be above 0, or None for the most likely symbols")
        loop = getattr(self, "_telling_loop", None)
        if loop is None:
            loop = TellingLoop(self)
            object.__setattr__(self, "_telling_loop", loop)  # past Keras, which would find the model inside itself
        noise = np.zeros((len(points), N_STEPS, N_SYMBOLS), np.float32)
        if temperature is not None:
            noise = np.random.default_rng(seed).gumbel(size=noise.shape).astype(np.float32) * np.float32(temperature)
        told = [np.asarray(loop.predict_on_batch(pair)) for pair in zip(_padded(points), _padded(noise), strict=True)]
        return np.concatenate(told)[: len(points)].astype(np.int32) if told else np.empty((0, N_STEPS), np.int32)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> MelodyVAE:
        """Make a model from what `get_config` returned."""
        return cls(**config)


class TellingLoop(keras.Model):
    """A decoder whose forward pass tells all 64 symbols; as a `keras.Model` it is compiled on every backend."""

    def __init__(self, model: MelodyVAE) -> None:
        super().__init__()
        self.model = model
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """Return symbols, (n, 64), from z (n, latent) and noise on the logits (n, 64, 47), which is zero for the most likely."""
        z, noise = inputs
        model, n = self.model, ops.shape(z)[0]
        plan = model.conductor(z)  # (n, 64, step)
        planned = model.planned(plan)  # (n, 64, 47)
        kinds, places = ops.arange(N_SYMBOLS), ops.arange(N_STEPS)
        may_begin = ops.where(ops.logical_or(kinds == PAD, kinds == HOLD), -1e9, 0.0)

        def one_step(i: Any, sounding: Any, before: Any, state: Any, told: Any) -> tuple[Any, ...]:
            logits, chance = ops.take(planned, i, axis=1), ops.take(noise, i, axis=1)  # (n, 47) each
            if model.teller is not None:
                state, _ = model.teller.cell(ops.concatenate([ops.take(plan, i, axis=1), before], axis=-1), [state])
                logits = logits + model.corrected(state)
            # the chances of all symbols that begin something, added up, against that of holding on; the noise of the symbol that is
            # never told stands for "begin"
            begin = ops.logsumexp(logits + may_begin, axis=-1) + chance[:, PAD]
            kind = ops.cast(ops.argmax(logits + may_begin + chance, axis=-1), "int32")
            symbol = ops.where(begin > logits[:, HOLD] + chance[:, HOLD], kind, HOLD)
            sounding = ops.where(symbol == HOLD, sounding, symbol)
            told = ops.where(places == i, symbol[:, None], told)
            return i + 1, sounding, model.listen.one_step(sounding, symbol), state, told

        start = (
            ops.cast(0, "int32"),
            ops.full((n,), REST, dtype="int32"),
            ops.zeros((n, plan.shape[2])),  # before the first step nothing has been heard
            ops.zeros((n, 1 if model.teller is None else model.teller.units)),
            ops.zeros((n, N_STEPS), dtype="int32"),
        )
        return ops.while_loop(lambda i, *_: i < N_STEPS, one_step, start)[4]


def _padded(rows: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Return rows in parts of one of a few sizes, the last one filled up with zeros."""
    size = next((size for size in _BATCHES if len(rows) <= size), _BATCHES[-1])
    parts = [rows[i : i + size] for i in range(0, len(rows), size)]
    return [np.pad(part, [(0, size - len(part))] + [(0, 0)] * (part.ndim - 1)) for part in parts]
