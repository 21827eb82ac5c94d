"""Layers of a game between a generator and a judge: weights of bounded slope, symbols one can differentiate, rolls made of symbols."""

from __future__ import annotations

from typing import Any

from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.chorale_codec import FIRST_PITCH
from musegen_edu.tokens.four_bar_codec import HOLD, N_SYMBOLS
from musegen_edu.tokens.vocabulary import PAD

layers, ops = keras.layers, keras.ops


class SpectralNorm:
    """Half of a layer: it divides the layer's kernel by its largest singular value, so that no direction is stretched more than once.

    The kernel is read as a matrix with one column an output channel. Its largest singular value is found by power iteration, one round a
    training step, from where the last step left off: u <- v W / |v W|, v <- u W^T / |u W^T|, sigma = v W u^T. The kernel itself is left as
    it is, and the gradient flows through sigma; so the layer does the same on every backend.

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida, "Spectral normalization for generative adversarial networks", ICLR 2018. (For a convolution this is
    the norm of the reshaped kernel, as in that paper, not that of the convolution.)
    Lesson: 10 generative_adversarial_networks.
    """

    def begin_norm(self, seed: int) -> None:
        """Make the left singular vector u, (1, output channels); to be called when the kernel has been built."""
        layer: Any = self
        draw = keras.initializers.RandomNormal(seed=seed)
        shape = (1, layer.kernel.shape[-1])
        self.u = layer.add_weight(shape=shape, initializer=draw, trainable=False, name="u")

    def normalised(self, training: bool) -> Any:
        """Return the kernel over its largest singular value; while training, u moves on by one round."""
        layer: Any = self
        kernel = ops.convert_to_tensor(layer.kernel)
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))  # (inputs, outputs)
        fixed, u = ops.stop_gradient(matrix), ops.stop_gradient(ops.convert_to_tensor(self.u))
        v = _unit(ops.matmul(u, ops.transpose(fixed)))  # (1, inputs)
        u = _unit(ops.matmul(v, fixed))
        if training:
            self.u.assign(u)
        sigma = ops.sum(ops.matmul(v, matrix) * u)
        return kernel / (sigma + 1e-12)


class _SpectralConv(SpectralNorm):
    """What spectral convolutions share, in one dimension or two."""

    def __init__(self, filters: int, kernel_size: Any, *, seed: int = 0, **options: Any) -> None:
        super().__init__(filters, kernel_size, **options)  # type: ignore[call-arg]  # of the Keras layer
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Make kernel, bias and u."""
        layer: Any = super()
        layer.build(input_shape)
        self.begin_norm(self.seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the convolution, (n, ..., filters), of (n, ..., channels)."""
        layer: Any = self
        x = layer.convolution_op(inputs, self.normalised(training))
        x = x + layer.bias if layer.use_bias else x
        return x if layer.activation is None else layer.activation(x)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        layer: Any = super()
        return {**layer.get_config(), "seed": self.seed}


class SpectralConv1D(_SpectralConv, keras.layers.Conv1D):
    """A 1-D convolution whose kernel has spectral norm 1; arguments as `keras.layers.Conv1D`, and `seed` of u.

    Examples
    --------
    >>> tuple(SpectralConv1D(3, 4, strides=2, padding="same")(ops.ones((1, 8, 2))).shape)
    (1, 4, 3)
    """


class SpectralConv2D(_SpectralConv, keras.layers.Conv2D):
    """A 2-D convolution whose kernel has spectral norm 1; arguments as `keras.layers.Conv2D`, and `seed` of u.

    Examples
    --------
    >>> tuple(SpectralConv2D(3, 4, strides=2, padding="same")(ops.ones((1, 8, 6, 2))).shape)
    (1, 4, 3, 3)
    """


class SpectralDense(SpectralNorm, keras.layers.Dense):
    """A dense layer whose kernel has spectral norm 1; arguments as `keras.layers.Dense`, and `seed` of u.

    Examples
    --------
    >>> tuple(SpectralDense(3)(ops.ones((2, 5))).shape)
    (2, 3)
    """

    def __init__(self, units: int, *, seed: int = 0, **options: Any) -> None:
        super().__init__(units, **options)
        self.seed = seed

    def build(self, input_shape: Any) -> None:
        """Make kernel, bias and u."""
        super().build(input_shape)
        self.begin_norm(self.seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return (..., units) from (..., inputs)."""
        x = ops.matmul(inputs, self.normalised(training))
        x = x + self.bias if self.use_bias else x
        return x if self.activation is None else self.activation(x)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "seed": self.seed}


def straight_through(logits: Any, temperature: float) -> Any:
    """Return one-hot rows for the largest logits, with the gradient of a softmax.

    A choice has no gradient: a little more of a logit changes nothing, or everything. So forward the rows are one-hot, and backward they
    count as softmax(logits / temperature). With Gumbel noise added to the logits, the rows are drawn from softmax(logits).

    Parameters
    ----------
    logits : (..., symbols).
    temperature : above 0; a low one makes the gradient truer and wilder.

    References
    ----------
    Jang, Gu and Poole, "Categorical reparameterization with Gumbel-softmax", ICLR 2017; straight-through: Bengio, Leonard and Courville,
    "Estimating or propagating gradients through stochastic neurons for conditional computation", 2013.
    Lesson: 10 generative_adversarial_networks.

    Examples
    --------
    >>> ops.convert_to_numpy(straight_through(ops.array([[0.1, 2.0, 0.3]]), 1.0)).tolist()
    [[0.0, 1.0, 0.0]]
    """
    soft = ops.softmax(logits / temperature, axis=-1)
    hard = ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1], dtype=soft.dtype)
    return ops.stop_gradient(hard) + (soft - ops.stop_gradient(soft))  # the bracket is exactly 0


def without_gradient(network: Any, inputs: Any) -> Any:
    """Return what a network makes of its inputs while its weights are held fixed: the gradient reaches the inputs, but none of the weights.

    So a judge can tell a generator what to change without learning anything itself. The network is called as it is when it does not train.

    Examples
    --------
    >>> judge = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
    >>> ops.convert_to_numpy(without_gradient(judge, ops.array([[1.0, 2.0]]))).tolist()
    [[3.0]]
    """
    outputs, _ = network.stateless_call(
        [ops.stop_gradient(weight.value) for weight in network.trainable_variables],
        [weight.value for weight in network.non_trainable_variables],
        inputs,
        training=False,
    )
    return outputs


class SymbolChoice(keras.layers.Layer):
    """Logits of `FourBarCodec`'s symbols and noise, both (..., 47), become one-hot rows; the padding symbol is never chosen."""

    def __init__(self, temperature: float, **options: Any) -> None:
        super().__init__(**options)
        self.temperature = temperature

    def call(self, logits: Any, noise: Any) -> Any:
        """Return one-hot rows, (..., 47), with the gradient of a softmax."""
        never = ops.one_hot(PAD, N_SYMBOLS, dtype=logits.dtype) * -1e9
        return straight_through(logits + noise + never, self.temperature)


class TellingCell(keras.layers.Layer):
    """One step of a generator that hears itself: a GRU reads the plan of the step and the symbol it told last, and tells the next one.

    Inputs are the plan of a step and the noise on its logits, joined: (n, plan + 47). The state is the GRU's and the last symbol, one-hot.
    """

    def __init__(self, units: int, temperature: float, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        glorot, orthogonal = keras.initializers.GlorotUniform, keras.initializers.Orthogonal
        self.gru = layers.GRUCell(
            units,
            kernel_initializer=glorot(seed=seed),
            recurrent_initializer=orthogonal(seed=seed + 1),
            name="gru",
        )
        self.logits = layers.Dense(N_SYMBOLS, kernel_initializer=glorot(seed=seed + 2), name="logits")
        self.choice = SymbolChoice(temperature, name="choice")
        self.state_size, self.output_size = [units, N_SYMBOLS], N_SYMBOLS

    def build(self, input_shape: Any) -> None:
        """Make the weights of the GRU and of the logits."""
        self.gru.build((None, input_shape[-1]))  # the symbol takes the place of the noise
        self.logits.build((None, self.gru.units))
        self.built = True

    def call(self, inputs: Any, states: Any) -> Any:
        """Return the symbol, one-hot (n, 47), and the new states."""
        hidden, last = states
        plan, noise = inputs[:, :-N_SYMBOLS], inputs[:, -N_SYMBOLS:]
        hidden, _ = self.gru(ops.concatenate([plan, last], axis=-1), [hidden])
        symbol = self.choice(self.logits(hidden), noise)
        return symbol, [hidden, symbol]


class SymbolsToRoll(keras.layers.Layer):
    """One-hot symbols (n, 64, 47) become a piano roll (n, 64, 44, 2): which pitch begins at a step, and which one sounds.

    What sounds at a step has begun at an earlier one, with nothing but holds since. The roll has a gradient in the symbols, so a judge can
    tell a generator to hold a note longer.

    Examples
    --------
    >>> rows = ops.one_hot(ops.array([[18, 1, 1, 2]]), 47)  # C4, held for two steps, then silence
    >>> ops.convert_to_numpy(SymbolsToRoll()(rows))[0, :, 15].tolist()  # (begins, sounds)
    [[1.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 0.0]]
    """

    def call(self, symbols: Any) -> Any:
        """Return the roll of rows that are one-hot, or between two one-hot rows."""
        begins = symbols[:, :, FIRST_PITCH:]  # (n, time, pitch)
        breaks = ops.cumsum(1 - symbols[:, :, HOLD], axis=1)  # (n, time): steps until now that are no holds
        places = ops.arange(symbols.shape[1])
        since = ops.relu(
            1 - (breaks[:, :, None] - breaks[:, None, :])
        )  # (n, time, onset): 1 if only holds lie after the onset
        since = ops.where(places[None, :] <= places[:, None], since, 0.0)
        return ops.stack([begins, ops.matmul(since, begins)], axis=-1)


def _unit(vector: Any) -> Any:
    return vector / (ops.sqrt(ops.sum(ops.square(vector))) + 1e-12)
