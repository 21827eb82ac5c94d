"""Convolutions that look back only, taken for a whole line at once or one sample at a time."""

from __future__ import annotations

from typing import Any

from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops


class CausalPair(keras.layers.Layer):
    """A convolution with two taps, now and `dilation` samples ago: `Conv1D(units, 2, dilation_rate=dilation, padding="causal")`.

    Its kernel, (2, channels, units), and bias are those of Keras' layer; here it can also be taken step by step.
    """

    def __init__(self, units: int, dilation: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.dilation, self.seed = units, dilation, seed

    def build(self, shape: Any) -> None:
        """Make the kernel and the bias for inputs of (batch, time, channels)."""
        self.kernel = self.add_weight(shape=(2, shape[-1], self.units), initializer=glorot(self.seed), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        """Return (batch, time, units) for x of shape (batch, time, channels)."""
        return self.meet(delayed(x, self.dilation), x)

    def step(self, x: Any, i: Any, queue: Any) -> tuple[Any, Any]:
        """Return (batch, units) for x of shape (batch, channels), and the queue with x in the place of what was oldest."""
        before, queue = swapped(queue, x, i % self.dilation)
        return self.meet(before, x), queue

    def meet(self, before: Any, now: Any) -> Any:
        """Return the convolution's outcome from its two taps."""
        return ops.matmul(before, self.kernel[0]) + ops.matmul(now, self.kernel[1]) + self.bias


class GatedBlock(keras.layers.Layer):
    """A dilated causal convolution with the conditions added, a gate, and two ways on: residual and skip.

    z = tanh(a) * sigmoid(b), with a and b the halves of (two taps) W + conditions V + bias.
    """

    def __init__(self, channels: int, skip_channels: int, dilation: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.channels, self.skip_channels, self.dilation = channels, skip_channels, dilation
        self.pair = CausalPair(2 * channels, dilation, seed=3 * seed, name="pair")
        self.condition = layers.Dense(
            2 * channels, use_bias=False, kernel_initializer=glorot(3 * seed + 1), name="condition"
        )
        self.out = layers.Dense(channels + skip_channels, kernel_initializer=glorot(3 * seed + 2), name="out")

    def build(self, x_shape: Any, conditions_shape: Any) -> None:
        """Make the weights of the layers inside."""
        self.pair.build(x_shape)
        self.condition.build(conditions_shape)
        self.out.build((None, None, self.channels))

    def call(self, x: Any, conditions: Any) -> tuple[Any, Any]:
        """Return (batch, time, channels) for the next block and (batch, time, skip_channels) for the end."""
        return self.gate(x, self.pair(x), conditions)

    def step(self, x: Any, conditions: Any, i: Any, queue: Any) -> tuple[Any, Any, Any]:
        """Do the same for one sample, (batch, ...) each, and return the new queue as well."""
        pair, queue = self.pair.step(x, i, queue)
        return *self.gate(x, pair, conditions), queue

    def gate(self, x: Any, pair: Any, conditions: Any) -> tuple[Any, Any]:
        """Return the two ways on, from what came in and the convolution's outcome."""
        a, b = ops.split(pair + self.condition(conditions), 2, axis=-1)
        out = self.out(ops.tanh(a) * ops.sigmoid(b))
        return x + out[..., : self.channels], out[..., self.channels :]


def delayed(x: Any, n: int) -> Any:
    """Return x (batch, time, channels) n places later: zeros first, and what does not fit any more left out."""
    return ops.pad(x, [[0, 0], [n, 0], [0, 0]])[:, : ops.shape(x)[1]]


def swapped(queue: Any, x: Any, place: Any) -> tuple[Any, Any]:
    """Return the entry at a place of a queue (length, batch, channels), and the queue with x (batch, channels) there instead.

    Nothing else is moved: with the place going round and round, what is taken out is what was put in `length` steps ago.
    """
    start = (place, 0, 0)
    oldest = ops.slice(queue, start, (1, *ops.shape(queue)[1:]))[0]
    return oldest, ops.slice_update(queue, start, x[None])


def glorot(seed: int) -> Any:
    """Return the initialiser that keeps the size of what goes through a layer (Glorot and Bengio, 2010)."""
    return keras.initializers.GlorotUniform(seed=seed)
