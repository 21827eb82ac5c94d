"""MelodyLSTM: a recurrent network that reads tokens and says what may come next."""

from __future__ import annotations

from typing import Any

from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.vocabulary import PAD

layers, ops = keras.layers, keras.ops


class MelodyLSTM(keras.Model):
    """Embedding, a stack of LSTM layers, and one logit a token.

    Called on tokens of shape (batch, time) it returns logits of shape (batch, time, n_tokens): at each place, for the token
    after it. `step` does the same one token at a time with the same weights, carrying the state; `musegen_edu.sampling`
    generates with it.

    Parameters
    ----------
    n_tokens : size of the vocabulary.
    embedding : length of a token's vector.
    units : width of each LSTM layer.
    depth : number of LSTM layers.
    dropout : share of values set to zero after the embedding and after each LSTM layer while training, 0 to 1.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Examples
    --------
    >>> model = MelodyLSTM(n_tokens=10, embedding=4, units=8, depth=1)
    >>> model.count_params()
    546

    References
    ----------
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
    Lesson: 06 lstm_and_gru.
    """

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
        for name, value in sizes.items():
            if value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout={dropout} must be from 0 up to, not including, 1")

        # ---- layers ----
        # every layer that draws numbers gets a seed of its own, so the same seed gives the same network on every backend
        embed = layers.Embedding(
            n_tokens,
            embedding,
            embeddings_initializer=keras.initializers.RandomUniform(-0.05, 0.05, seed=seed),
            name="embed",
        )
        lstms = [
            layers.LSTM(
                units,
                return_sequences=True,
                kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 2 * i + 1),
                recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 2 * i + 2),
                name=f"lstm_{i + 1}",
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
        for lstm, drop in zip(lstms, drops[1:], strict=True):
            x = drop(lstm(x))  # (batch, time, units)
        super().__init__(tokens, head(x), name=name)  # (batch, time, n_tokens)

        # ---- config ----
        self.embed, self.lstms, self.head = embed, lstms, head
        self.n_tokens = n_tokens
        self._arguments = {**sizes, "dropout": dropout, "seed": seed}

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

    def initial_state(self, batch: int) -> list[tuple[Any, Any]]:
        """Return the state before any token: for each LSTM layer two arrays of zeros, (batch, units)."""
        return [(ops.zeros((batch, lstm.units)), ops.zeros((batch, lstm.units))) for lstm in self.lstms]

    def step(self, tokens: Any, state: list[tuple[Any, Any]]) -> tuple[Any, list[tuple[Any, Any]]]:
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
        following = []
        for lstm, (h, c) in zip(self.lstms, state, strict=True):
            x, (h, c) = lstm.cell(x, [h, c])  # (batch, units) each
            following.append((h, c))
        return self.head(x), following

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> MelodyLSTM:
        """Make a model from what `get_config` returned."""
        return cls(**config)
