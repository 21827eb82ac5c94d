"""Drawing bars from a `NextBar`: each bar from the three before it, all of them in one compiled call."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.compiled_loop import filtered_tensor
from musegen_edu.models.next_bar import N_READ, NextBar
from musegen_edu.quiet_keras import keras
from musegen_edu.sampling import check_filters, gumbel_noise
from musegen_edu.tokens.four_bar_codec import N_SYMBOLS, STEPS_A_BAR
from musegen_edu.tokens.vocabulary import PAD

ops = keras.ops


class BarLoop(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A model whose forward pass writes bars one after another; compiled as `musegen_edu.compiled_loop.GenerationLoop` is.

    The three bars are read once a bar. At each sixteenth the whole bar is gone through again with what is written of it: sixteen steps are so
    few that this costs little, and it serves a writer that convolves and one that remembers alike.

    Parameters
    ----------
    model : whose layers it shares.
    """

    def __init__(self, model: NextBar) -> None:
        super().__init__()
        self.model = model
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, inputs: tuple[Any, ...]) -> Any:
        """Return symbols, (batch, 48 + 16 * n_bars): the three bars that were given, and the new ones.

        `inputs`: three bars (batch, 48); noise (batch, 16 * n_bars, n_symbols); and, each of shape (1,), the temperature, k and p with 0
        for "no filter".
        """
        three_bars, noise, heat, k, p = inputs
        n_steps = ops.shape(noise)[1]
        places = ops.arange(N_READ + n_steps, dtype="int32")
        in_bar = ops.arange(STEPS_A_BAR, dtype="int32")

        def write_step(step: Any, start: Any, before: Any, seen: Any, bar: Any) -> tuple[Any, ...]:
            written = ops.concatenate([ops.full_like(bar[:, :1], PAD), bar[:, :-1]], axis=1)  # (batch, 16)
            logits = ops.take(self.model.write(before, seen, written), step, axis=1)  # (batch, n_symbols)
            logits = ops.where(ops.arange(N_SYMBOLS) == PAD, -np.inf, ops.cast(logits, "float32"))
            logits = filtered_tensor(logits, heat[0], k[0], p[0])
            drawn = ops.argmax(logits + ops.take(noise, start + step, axis=1), axis=-1)
            bar = ops.where(ops.equal(in_bar, step), ops.expand_dims(ops.cast(drawn, "int32"), 1), bar)
            return step + 1, start, before, seen, bar

        def write_bar(start: Any, line: Any) -> tuple[Any, ...]:
            before = ops.take(line, start + ops.arange(N_READ, dtype="int32"), axis=1)  # (batch, 48)
            empty = ops.zeros_like(before[:, :STEPS_A_BAR])
            zero = ops.cast(0, "int32")
            bar = ops.while_loop(
                lambda step, *_: step < STEPS_A_BAR, write_step, (zero, start, before, self.model.read(before), empty)
            )[-1]
            where = places - N_READ - start  # in the new bar: 0 to 15
            spread = ops.take(bar, ops.clip(where, 0, STEPS_A_BAR - 1), axis=1)  # (batch, 48 + n_steps)
            is_new = ops.logical_and(where >= 0, where < STEPS_A_BAR)
            return start + STEPS_A_BAR, ops.where(is_new, spread, line)

        room = ops.zeros_like(ops.cast(noise[:, :, 0], "int32"))
        line = ops.concatenate([three_bars, room], axis=1)
        return ops.while_loop(lambda start, line: start < n_steps, write_bar, (ops.cast(0, "int32"), line))[1]


def draw_bars(
    model: NextBar,
    three_bars: npt.ArrayLike,
    *,
    n_bars: int = 1,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int,
) -> npt.NDArray[np.int32]:
    """Let a model go on from three bars, bar after bar, each from the three before it.

    Parameters
    ----------
    model : a `NextBar`.
    three_bars : (n, 48) symbols of `FourBarCodec`.
    n_bars : how many bars to add, 1 to 64.
    temperature : 0 takes the likeliest symbol each time.
    top_k, top_p : filters, as in `musegen_edu.sampling.generate`.
    seed : 0 or more. A line depends on the seed and its place alone, not on how many others there are.

    Returns
    -------
    (n, 16 * n_bars) symbols: the new bars.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from musegen_edu.tokens.four_bar_codec import HOLD
    >>> draw_bars(NextBar("cnn", channels=1, features=2, embedding=2, units=2), np.full((2, 48), HOLD), n_bars=2, seed=0).shape
    (2, 32)

    Lesson: 08 cnn_rnn.
    """
    before = np.asarray(three_bars, np.int32)
    if before.ndim != 2 or before.shape[1] != N_READ or len(before) == 0:
        raise ValueError(f"three_bars has shape {before.shape}; it must be (n, {N_READ}) with at least one row")
    if not 0 <= before.min() <= before.max() < N_SYMBOLS:
        raise ValueError(f"three_bars holds {before.min()} to {before.max()}; symbols go from 0 to {N_SYMBOLS - 1}")
    if not 1 <= n_bars <= 64:
        raise ValueError(f"n_bars={n_bars} must be from 1 to 64")
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    check_filters(temperature, top_k, top_p, 1.0)
    loop = getattr(model, "_bar_loop", None)
    if loop is None:
        loop = BarLoop(model)
        # past Keras' own __setattr__: the loop holds the model, and a tracked loop would make the model contain itself
        object.__setattr__(model, "_bar_loop", loop)
    shape = (len(before), n_bars * STEPS_A_BAR, N_SYMBOLS)
    noise = gumbel_noise(seed, shape) if temperature > 0 else np.zeros(shape, np.float32)
    inputs = (
        before,
        noise,
        np.array([temperature or 1.0], np.float32),
        np.array([top_k or 0], np.int32),
        np.array([top_p or 0.0], np.float32),
    )
    return np.asarray(loop.predict_on_batch(inputs), np.int32)[:, N_READ:]
