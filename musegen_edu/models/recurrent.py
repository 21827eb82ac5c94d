"""Melody networks with a memory: three that read tokens and say what may come next, and differ in the cell alone."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from musegen_edu.models.argument_checks import check_dropout, check_sizes
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.vocabulary import PAD

layers, ops = keras.layers, keras.ops
State = list[tuple[Any, ...]]  # for each recurrent layer its arrays, (batch, units) each


class MelodyNetwork(keras.Model):
    """Embedding, a stack of recurrent layers, and one logit a token; `MelodyRNN`, `MelodyLSTM` and `MelodyGRU` name the layer.

    Called on tokens of shape (batch, time) it returns logits of shape (batch, time, n_tokens): at each place, for the token
    after it. `step` does the same one token at a time with the same weights, carrying the state; `musegen_edu.sampling`
    generates with it.

    Parameters
    ----------
    n_tokens : size of the vocabulary.
    embedding : length of a token's vector.
    units : width of each recurrent layer.
    depth : number of recurrent layers.
    dropout : share of values set to zero after the embedding and after each recurrent layer while training, 0 to 1.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Lesson: 05 recurrent_networks.
    """

    kind: ClassVar[str]  # the layers are called rnn_1, lstm_1 or gru_1, and so on upwards
    n_arrays: ClassVar[int]  # that make up the state of a layer: h, or h and c
    n_blocks: ClassVar[int]  # matrices side by side in the layer's kernels: one for the candidate and one for each gate
    n_biases: ClassVar[int]  # vectors for each block
    options: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        n_tokens: int,
        *,
        embedding: int = 128,
        units: int = 256,
        depth: int = 2,
        dropout: float = 0.3,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        sizes = {"n_tokens": n_tokens, "embedding": embedding, "units": units, "depth": depth}
        check_sizes(**sizes)
        check_dropout(dropout=dropout)

        # ---- layers ----
        # every layer that draws numbers gets a seed of its own, so the same seed gives the same network on every backend
        embed = layers.Embedding(
            n_tokens,
            embedding,
            embeddings_initializer=keras.initializers.RandomUniform(-0.05, 0.05, seed=seed),
            name="embed",
        )
        recurrent = [
            self.layer_class()(
                units,
                return_sequences=True,
                kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 2 * i + 1),
                recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 2 * i + 2),
                name=f"{self.kind}_{i + 1}",
                **self.options,
            )
            for i in range(depth)
        ]
        drops = [layers.Dropout(dropout, seed=seed + i, name=f"dropout_{i}") for i in range(depth + 1)]
        head = layers.Dense(
            n_tokens, kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 99), name="logits"
        )

        # ---- functional graph ----
        tokens = keras.Input((None,), dtype="int32", name="tokens")  # (batch, time)
        x = drops[0](embed(tokens))  # (batch, time, embedding)
        for layer, drop in zip(recurrent, drops[1:], strict=True):
            x = drop(layer(x))  # (batch, time, units)
        super().__init__(tokens, head(x), name=name)  # (batch, time, n_tokens)

        # ---- config ----
        self.embed, self.recurrent, self.head = embed, recurrent, head
        self.n_tokens = n_tokens
        self._arguments = {**sizes, "dropout": dropout, "seed": seed}

    @classmethod
    def layer_class(cls) -> Any:
        """Return the Keras layer that the class stacks."""
        return {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}[cls.kind]

    @classmethod
    def n_parameters(cls, n_tokens: int, *, embedding: int, units: int, depth: int = 1) -> int:
        """Return how many numbers a network of these sizes learns, without making it.

        Each block of a recurrent layer has one weight for each value that comes in, one for each unit of the moment before, and
        its biases; embedding and output are the same for all three networks.

        Examples
        --------
        >>> MelodyLSTM.n_parameters(10, embedding=4, units=8) == MelodyLSTM(10, embedding=4, units=8, depth=1).count_params()
        True
        """
        incoming = [embedding] + [units] * (depth - 1)  # values that come into each layer
        recurrent = sum(cls.n_blocks * units * (n + units + cls.n_biases) for n in incoming)
        return n_tokens * embedding + recurrent + (units + 1) * n_tokens

    @classmethod
    def units_for(cls, n_parameters: int, n_tokens: int, *, embedding: int, depth: int = 1) -> int:
        """Return the largest width with which a network has at most so many parameters: for fair comparisons.

        Raises
        ------
        ValueError
            If not even one unit fits.

        Examples
        --------
        >>> n = MelodyLSTM.n_parameters(708, embedding=64, units=256)
        >>> MelodyRNN.units_for(n, 708, embedding=64), MelodyGRU.units_for(n, 708, embedding=64)
        (425, 288)
        """
        units = 0
        while cls.n_parameters(n_tokens, embedding=embedding, units=units + 1, depth=depth) <= n_parameters:
            units += 1
        if units == 0:
            least = cls.n_parameters(n_tokens, embedding=embedding, units=1, depth=depth)
            raise ValueError(f"n_parameters={n_parameters} is too few; one unit a layer already needs {least}")
        return units

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy in nats over the targets that are not padding."""
        losses = ops.sparse_categorical_crossentropy(y, y_pred, from_logits=True)  # (batch, time)
        real = ops.cast(ops.not_equal(y, PAD), losses.dtype)
        return ops.sum(losses * real) / ops.maximum(ops.sum(real), 1.0)

    def initial_state(self, batch: int) -> State:
        """Return the state before any token: zeros, one array (batch, units) a layer, two (h and c) with an LSTM."""
        return [tuple(ops.zeros((batch, layer.units)) for _ in range(self.n_arrays)) for layer in self.recurrent]

    def step(self, tokens: Any, state: State) -> tuple[Any, State]:
        """Read one token of each sequence of a batch.

        Parameters
        ----------
        tokens : integers, (batch,).
        state : what `initial_state` or the last `step` returned.

        Returns
        -------
        Logits of the tokens that may follow, (batch, n_tokens), and the new state.
        """
        x = self.embed(tokens)  # (batch, embedding)
        following: State = []
        for layer, arrays in zip(self.recurrent, state, strict=True):
            x, arrays_after = layer.cell(x, list(arrays))  # (batch, units) each
            following.append(tuple(arrays_after))
        return self.head(x), following

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Make a model from what `get_config` returned."""
        return cls(**config)


class MelodyRNN(MelodyNetwork):
    """A melody network of plain recurrent layers: h = tanh(x W + h_before U + b), and nothing that guards the memory.

    Its parameters are those of `MelodyNetwork`.

    Examples
    --------
    >>> MelodyRNN(n_tokens=10, embedding=4, units=8, depth=1).count_params()
    234

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14(2), 1990.
    Lesson: 05 recurrent_networks.
    """

    kind, n_arrays, n_blocks, n_biases = "rnn", 1, 1, 1


class MelodyLSTM(MelodyNetwork):
    """A melody network of LSTM layers: a cell state c beside the output h, and three gates between them.

    Its parameters are those of `MelodyNetwork`.

    Examples
    --------
    >>> model = MelodyLSTM(n_tokens=10, embedding=4, units=8, depth=1)
    >>> model.count_params()
    546

    References
    ----------
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997; the forget gate is from Gers,
    Schmidhuber and Cummins, "Learning to forget", Neural Computation 12(10), 2000.
    Lesson: 06 lstm_and_gru.
    """

    kind, n_arrays, n_blocks, n_biases = "lstm", 2, 4, 1


class MelodyGRU(MelodyNetwork):
    """A melody network of GRU layers: two gates, and no state beside the output h.

    Keras' GRU (`reset_after=True`), and so this one, differs in one place from the equations as they are usually printed: the
    reset gate r is applied *after* the matrix product, tanh(x W + b + r * (h U + b_h)), not before it,
    tanh(x W + (r * h) U + b). NVIDIA's cuDNN computes it so too. It takes a second bias b_h: six bias vectors a layer, not three.

    Its parameters are those of `MelodyNetwork`.

    Examples
    --------
    >>> MelodyGRU(n_tokens=10, embedding=4, units=8, depth=1).count_params()
    466

    References
    ----------
    Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation", 2014.
    Lesson: 06 lstm_and_gru.
    """

    kind, n_arrays, n_blocks, n_biases = "gru", 1, 3, 2
    options: ClassVar[dict[str, Any]] = {"reset_after": True}


MELODY_NETWORKS: dict[str, type[MelodyNetwork]] = {
    "melody_rnn": MelodyRNN,
    "melody_lstm": MelodyLSTM,
    "melody_gru": MelodyGRU,
}
