"""Drawing chorales from a `ChoraleLSTM`: the soprano first, then bass, alto and tenor step by step, in one compiled call."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.compiled_loop import filtered_tensor
from musegen_edu.models.chorale import HARMONY_ORDER, SOPRANO, ChoraleLSTM
from musegen_edu.quiet_keras import keras
from musegen_edu.sampling import check_filters, gumbel_noise
from musegen_edu.tokens.chorale_codec import FIRST_PITCH, HOLD, N_SYMBOLS, PLAN_COLUMNS, REST, VOICES
from musegen_edu.tokens.vocabulary import PAD

ops = keras.ops

_LENGTH_UNIT = 128  # sixteenths: lengths are rounded up to multiples, so that few are compiled
FREE = -1  # marks a symbol that is to be drawn


class ChoraleLoop(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A model whose forward pass writes whole chorales; compiled as `musegen_edu.compiled_loop.GenerationLoop` is.

    Parameters
    ----------
    model : whose layers it shares.
    """

    def __init__(self, model: ChoraleLSTM) -> None:
        super().__init__()
        self.model = model
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, inputs: tuple[Any, ...]) -> Any:
        """Return symbols, (batch, time, 4).

        `inputs`: forced symbols (batch, time, 4), `FREE` where to draw; noise (batch, time, 4, n_symbols); penalties
        (time, 4, n_symbols), added to the logits; the plan (batch, time, 7); and, each of shape (1,), the number of steps to fill, the
        temperature, k and p with 0 for "no filter", and 1 where parallels are ruled out, else 0.
        """
        forced, noise, penalties, plan, limit, heat, k, p, strict = inputs
        batch, length = ops.shape(forced)[0], ops.shape(forced)[1]
        steps = ops.arange(length, dtype="int32")
        plan = self.model.read_plan(plan)  # (batch, time, 28)

        def choose(i: Any, voice: int, logits: Any, ruled_out: Any = None) -> Any:
            logits = ops.cast(logits, "float32") + ops.take(penalties[:, voice], i, axis=0)
            if ruled_out is not None:
                logits = ops.where(ops.logical_and(strict[0] > 0, ruled_out), -np.inf, logits)
            logits = filtered_tensor(logits, heat[0], k[0], p[0])
            drawn = ops.argmax(logits + ops.take(noise[:, :, voice], i, axis=1), axis=-1)
            given = ops.take(forced[:, :, voice], i, axis=1)
            return ops.where(given < 0, ops.cast(drawn, "int32"), given)  # (batch,)

        def after(symbol: Any, sounding: Any) -> Any:
            return ops.where(ops.equal(symbol, HOLD), sounding, symbol)

        def hear(i: Any, symbol: Any, sounding: Any) -> Any:
            return self.model.hear(symbol, sounding) * ops.cast(i > 0, "float32")  # nothing before the first step

        def write(i: Any, row: Any, values: Any) -> Any:
            return ops.where(ops.equal(steps, i), ops.expand_dims(values, 1), row)  # (batch, time)

        def sing(i: Any, symbol: Any, sounding: Any, row: Any, sounded: Any, state: Any) -> tuple[Any, ...]:
            logits, state = self.model.soprano_step(hear(i, symbol, sounding), ops.take(plan, i, axis=1), state)
            symbol = choose(i, SOPRANO, logits)
            sounding = after(symbol, sounding)
            return i + 1, symbol, sounding, write(i, row, symbol), write(i, sounded, sounding), state

        nothing = ops.zeros((batch,), dtype="int32") + HOLD
        silence = ops.zeros((batch,), dtype="int32") + REST
        empty = ops.zeros_like(forced[:, :, 0])
        _, _, _, soprano, sounded, _ = ops.while_loop(
            lambda i, *_: i < limit[0],
            sing,
            (ops.cast(0, "int32"), nothing, silence, empty, empty, self.model.initial_state(batch, "soprano")),
        )
        melody = self.model.hear(soprano, sounded)  # (batch, time, embedding)
        whole = self.model.read_soprano(melody, plan, ops.not_equal(soprano, PAD))

        def harmonise(i: Any, symbols: Any, soundings: Any, rows: Any, state: Any) -> tuple[Any, ...]:
            now = {SOPRANO: ops.take(sounded, i, axis=1)}
            earlier = {SOPRANO: ops.where(i > 0, ops.take(sounded, ops.maximum(i - 1, 0), axis=1), REST)}
            earlier |= dict(zip(HARMONY_ORDER, soundings, strict=True))
            past = [hear(i, symbol, sounding) for symbol, sounding in zip(symbols, soundings, strict=True)]
            x, state = self.model.harmony_step(ops.take(whole, i, axis=1), past, state)
            known = [x, ops.take(melody, i, axis=1), *past]
            chosen = []
            for voice in HARMONY_ORDER:
                logits = self.model.heads[voice](ops.concatenate(known, axis=-1))
                symbol = choose(i, voice, logits, makes_parallels(voice, earlier, now))
                chosen.append(symbol)
                now[voice] = after(symbol, earlier[voice])
                known.append(self.model.hear(symbol, now[voice]))
            written = tuple(write(i, row, symbol) for row, symbol in zip(rows, chosen, strict=True))
            return i + 1, tuple(chosen), tuple(now[voice] for voice in HARMONY_ORDER), written, state

        n = len(HARMONY_ORDER)
        start = (
            ops.cast(0, "int32"),
            (nothing,) * n,
            (silence,) * n,
            (empty,) * n,
            self.model.initial_state(batch, "harmony"),
        )
        rows = ops.while_loop(lambda i, *_: i < limit[0], harmonise, start)[3]
        voices = {SOPRANO: soprano, **dict(zip(HARMONY_ORDER, rows, strict=True))}
        return ops.stack([voices[voice] for voice in range(len(VOICES))], axis=2)


def makes_parallels(voice: int, earlier: dict[int, Any], now: dict[int, Any]) -> Any:
    """Return which symbols would lead a voice in parallel fifths or octaves with one that has its symbol already.

    The rule is that of `musegen_edu.metrics.voice_leading`. A hold never breaks it, so something is always left.

    Parameters
    ----------
    voice : 0 to 3, soprano to bass.
    earlier : what every voice sounded at the step before: voice -> symbols, (batch,).
    now : what the voices sound that have been chosen at this step.

    Returns
    -------
    Truth values, (batch, n_symbols).

    Examples
    --------
    >>> earlier, now = {0: np.array([50]), 3: np.array([31])}, {0: np.array([52])}  # an octave and a fifth apart; soprano up a tone
    >>> np.flatnonzero(np.array(makes_parallels(3, earlier, now))[0]).tolist()  # bass up a tone, or to the octave above that
    [33, 45, 57]
    """
    symbols = ops.arange(N_SYMBOLS, dtype="int32")
    before = earlier[voice][:, None]  # (batch, 1)
    bad = ops.zeros_like(before * symbols, dtype="bool")
    for other, other_now in now.items():
        other_before, other_now = earlier[other][:, None], other_now[:, None]
        sign = 1 if voice < other else -1
        first, second = (before - other_before) * sign % 12, (symbols - other_now) * sign % 12
        moves, other_moves = ops.sign(symbols - before), ops.sign(other_now - other_before)
        together = ops.logical_and(ops.equal(moves, other_moves), ops.not_equal(moves, 0))
        lowest = ops.minimum(ops.minimum(before, other_before), ops.minimum(symbols, other_now))
        perfect = ops.logical_and(ops.equal(first, second), ops.logical_or(ops.equal(first, 0), ops.equal(first, 7)))
        bad = ops.logical_or(bad, ops.logical_and(ops.logical_and(together, perfect), lowest >= FIRST_PITCH))
    return bad


def draw_chorales(
    model: ChoraleLSTM,
    forced: npt.NDArray[np.int32],
    plan: npt.NDArray[np.int32],
    allowed: npt.NDArray[np.bool_],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    avoid_parallels: bool = False,
    seed: int,
) -> npt.NDArray[np.int32]:
    """Draw the free symbols of some chorales from a model, which carries its state from step to step.

    The noise comes from `numpy.random.default_rng`, as in `musegen_edu.sampling.generate`: the same seed gives the same chorale on every
    backend, and a chorale depends only on the seed and its place in the batch.

    Parameters
    ----------
    model : the network.
    forced : symbols, (batch, n_steps, 4), `FREE` (-1) where one is to be drawn. With all of the soprano given the rest is drawn
        exactly from p(lower voices | soprano). Where lower voices are given that stand before a free soprano, the soprano is
        drawn without a look at them.
    plan : (n_steps, 7), from `ChoralePlan.columns`.
    allowed : which symbols may be drawn: (4, n_symbols), or (n_steps, 4, n_symbols).
    temperature, top_k, top_p : as in `generate`.
    avoid_parallels : whether symbols that would make parallel fifths or octaves are ruled out, before the filters (`makes_parallels`).
    seed : 0 or more.

    Returns
    -------
    (batch, n_steps, 4).

    Raises
    ------
    ValueError
        If an argument is out of range or the shapes do not fit.

    Lesson: 06 lstm_and_gru.
    """
    check_filters(temperature, top_k, top_p, 1.0)
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    if forced.ndim != 3 or forced.shape[1:] != (len(plan), len(VOICES)) or plan.shape[1:] != (len(PLAN_COLUMNS),):
        raise ValueError(
            f"forced has shape {forced.shape} and plan {plan.shape}; they must be (batch, n_steps, 4) and (n_steps, 7)"
        )
    if not FREE <= forced.min() <= forced.max() < N_SYMBOLS:
        raise ValueError(
            f"forced holds {forced.min()} to {forced.max()}; symbols are 1 to {N_SYMBOLS - 1}, free is {FREE}"
        )
    batch, n_steps = forced.shape[:2]
    length = -(-n_steps // _LENGTH_UNIT) * _LENGTH_UNIT
    padding = [(0, 0), (0, length - n_steps), (0, 0)]
    noise = np.zeros((batch, length, len(VOICES), N_SYMBOLS), np.float32)
    if temperature > 0:
        drawn = gumbel_noise(seed, (batch, n_steps, len(VOICES) * N_SYMBOLS))
        noise[:, :n_steps] = drawn.reshape(batch, n_steps, len(VOICES), N_SYMBOLS)
    penalties = np.zeros((length, len(VOICES), N_SYMBOLS), np.float32)
    penalties[:n_steps][~np.broadcast_to(allowed, (n_steps, *penalties.shape[1:]))] = -np.inf
    penalties[0, :, HOLD] = -np.inf  # nothing sounds yet that could go on
    penalties[..., PAD] = -np.inf

    loop = getattr(model, "_generation_loop", None)
    if loop is None:
        loop = ChoraleLoop(model)
        # past Keras' own __setattr__: the loop holds the model, and a tracked loop would make the model contain itself
        object.__setattr__(model, "_generation_loop", loop)
    inputs = (
        np.pad(forced.astype(np.int32), padding, constant_values=PAD),
        noise,
        penalties,
        np.repeat(np.pad(plan.astype(np.int32), padding[1:])[None], batch, axis=0),
        np.array([n_steps], np.int32),
        np.array([temperature or 1.0], np.float32),
        np.array([top_k or 0], np.int32),
        np.array([top_p or 0.0], np.float32),
        np.array([avoid_parallels], np.int32),
    )
    return np.asarray(loop.predict_on_batch(inputs), np.int32)[:, :n_steps]
