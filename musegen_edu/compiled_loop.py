"""The loop of `sampling.generate` for Keras models: compiled once, on every backend, with none of them imported."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.filters import repetition_penalty, temperature, top_k, top_p
from musegen_edu.guides import Guide
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.vocabulary import END, PAD, Tokens

ops = keras.ops

_GUIDE_ROWS = 512
_NEVER = -(2**30)  # further back than any window


class GenerationLoop(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A model whose forward pass is a whole generation: token, state -> logits -> token, state -> ...

    Being a `keras.Model` is what gets it compiled: Keras turns its call into a graph of TensorFlow or a jitted function of JAX. It
    shares the weights of the model that it drives.

    Parameters
    ----------
    model : has `initial_state(batch)` and `step(tokens, state)`.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self.model = model
        self.compile(jit_compile=keras.backend.backend() != "torch")

    def call(self, inputs: tuple[Any, ...]) -> Any:
        """Return tokens, (batch, length).

        `inputs`: forced tokens (batch, length), -1 where free; noise (batch, length, n_tokens); the guide's penalties and
        following states, (n_states, n_tokens) each; and, each of shape (1,),
        the number of places to fill, the temperature, k and p with 0 for "no filter", the repetition penalty and its window.
        """
        forced, noise, penalties, following, limit, heat, k, p, penalty, window = inputs
        batch, length = ops.shape(forced)[0], ops.shape(forced)[1]
        places = ops.arange(length, dtype="int32")
        n_tokens = ops.shape(following)[1]
        kinds = ops.arange(n_tokens, dtype="int32")

        def keep_on(i: Any, token: Any, done: Any, drawn: Any, where: Any, last: Any, state: Any) -> Any:
            return ops.logical_and(i < limit[0], ops.logical_not(ops.all(done)))

        def one_step(i: Any, token: Any, done: Any, drawn: Any, where: Any, last: Any, state: Any) -> tuple[Any, ...]:
            logits, state = self.model.step(token, state)  # (batch, n_tokens)
            where = ops.take(ops.reshape(following, (-1,)), where * n_tokens + token)  # (batch,), the guide's states
            logits = ops.cast(logits, "float32") + ops.take(penalties, where, axis=0)
            last = ops.cond(penalty[0] != 1, lambda: ops.where(token[:, None] == kinds, i - 1, last), lambda: last)
            logits = ops.cond(
                penalty[0] != 1,
                lambda: repetition_penalty(logits, penalty[0], last >= i - window[0]),
                lambda: logits,
            )
            logits = filtered_tensor(logits, heat[0], k[0], p[0])
            chosen = ops.cast(ops.argmax(logits + ops.take(noise, i, axis=1), axis=-1), "int32")  # (batch,)
            given = ops.take(forced, i, axis=1)
            token = ops.where(done, PAD, ops.where(given < 0, chosen, given))
            done = ops.logical_or(done, ops.logical_and(given < 0, ops.equal(chosen, END)))
            drawn = ops.where(ops.equal(places, i), ops.expand_dims(token, 1), drawn)
            return i + 1, token, done, drawn, where, last, state

        start = (
            ops.cast(1, "int32"),
            forced[:, 0],
            ops.zeros((batch,), dtype="bool"),
            ops.where(ops.equal(places, 0), forced, PAD),  # only the first token is there yet
            ops.zeros((batch,), dtype="int32"),
            ops.full((batch, n_tokens), _NEVER, dtype="int32"),  # the place where each token came last
            self.model.initial_state(batch),
        )
        return ops.while_loop(keep_on, one_step, start)[3]


def filtered_tensor(logits: Any, heat: Any, k: Any, p: Any) -> Any:
    """Return logits, (..., n_tokens), after temperature, top-k and top-p; k = 0 and p = 0 leave a filter out."""
    logits = temperature(logits, heat)
    # a filter sorts all logits: it is skipped, not run without effect, where it is not wanted
    logits = ops.cond(k > 0, partial(top_k, logits, k), lambda: logits)
    return ops.cond(p > 0, partial(top_p, logits, p), lambda: logits)


def compiled_loop(
    model: keras.Model,
    forced: Tokens,
    noise: npt.NDArray[np.float32],
    guide: Guide | None,
    *,
    limit: int,
    temperature: float,
    k: int | None,
    p: float | None,
    penalty: float,
    window: int,
) -> Tokens:
    """Run a model's loop, made and compiled at the first call and kept with the model.

    Parameters
    ----------
    model : see `GenerationLoop`.
    forced : (batch, length), -1 where a token is to be drawn.
    noise : (batch, length, n_tokens), added to the logits of the token at the same place.
    guide : what may follow what; None allows everything.
    limit : how many places to fill at most.
    temperature, k, p, penalty, window : for the filters; None leaves k or p out, and a penalty of 1 has no effect.
    """
    loop = getattr(model, "_generation_loop", None)
    if loop is None:
        loop = GenerationLoop(model)
        # past Keras' own __setattr__: the loop holds the model, and a tracked loop would make the model contain itself
        object.__setattr__(model, "_generation_loop", loop)
    n_tokens = noise.shape[-1]
    # few shapes, so that few are compiled: guides of all usual meters get the same number of rows
    rows = 1 if guide is None else -(-len(guide.allowed) // _GUIDE_ROWS) * _GUIDE_ROWS
    penalties = np.zeros((rows, n_tokens), np.float32)
    following = np.zeros((rows, n_tokens), np.int32)
    if guide is not None:
        penalties[: len(guide.allowed)][~guide.allowed] = -np.inf
        following[: len(guide.allowed)] = guide.following
    inputs = (
        forced,
        noise,
        penalties,
        following,
        np.array([limit], np.int32),
        np.array([temperature], np.float32),
        np.array([k or 0], np.int32),
        np.array([p or 0.0], np.float32),
        np.array([penalty], np.float32),
        np.array([window], np.int32),
    )
    return np.asarray(loop.predict_on_batch(inputs), np.int32)
