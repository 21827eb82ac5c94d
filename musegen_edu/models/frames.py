"""IndependentKeys: a recurrent network over the frames of a roll that says of each key whether it will sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.argument_checks import check_choice, check_dropout, check_sizes
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops

_CELLS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}


class IndependentKeys(keras.Model):
    """A stack of recurrent layers over frames, and for each key one logit: will it sound?

    Called on rolls (batch, time, n_keys), not 0 where a key sounds, it returns logits of the same shape: at each frame for that frame,
    given those before it; before the first there is silence. The keys are taken as independent of each other once the
    past is known, which music is not: that is what `ChordSpeller` mends. A frame of -1 (`NO_FRAME`) is not counted.

    Parameters
    ----------
    n_keys : number of keys; 88 are those of a piano.
    cell : "rnn" (tanh), "lstm" or "gru".
    units, depth : width and number of the recurrent layers.
    dropout : share of values set to zero after each layer while training, 0 to 1.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Raises
    ------
    ValueError
        If `cell` is none of the three, or a number is out of range.

    Examples
    --------
    >>> model = IndependentKeys(n_keys=4, cell="gru", units=3)
    >>> model.predict_on_batch(np.zeros((1, 5, 4))).shape
    (1, 5, 4)

    References
    ----------
    Chung, Gulcehre, Cho and Bengio, "Empirical evaluation of gated recurrent neural networks on sequence modeling", 2014.
    Lesson: 06 lstm_and_gru.
    """

    def __init__(
        self,
        n_keys: int = 88,
        *,
        cell: str = "lstm",
        units: int = 256,
        depth: int = 1,
        dropout: float = 0.5,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        check_choice(_CELLS, cell=cell)
        sizes = {"n_keys": n_keys, "units": units, "depth": depth}
        check_sizes(**sizes)
        check_dropout(dropout=dropout)

        # ---- layers ----
        first = 1000 * seed
        recurrent = [
            _CELLS[cell](
                units,
                return_sequences=True,
                kernel_initializer=keras.initializers.GlorotUniform(seed=first + 2 * i + 1),
                recurrent_initializer=keras.initializers.Orthogonal(seed=first + 2 * i + 2),
                name=f"{cell}_{i + 1}",
            )
            for i in range(depth)
        ]
        drops = [layers.Dropout(dropout, seed=first + 100 + i, name=f"dropout_{i + 1}") for i in range(depth)]
        head = layers.Dense(
            n_keys, kernel_initializer=keras.initializers.GlorotUniform(seed=first + 200), name="logits"
        )

        # ---- functional graph ----
        roll = keras.Input((None, n_keys), name="roll")  # (batch, time, n_keys)
        x = ops.pad(ops.maximum(roll, 0.0)[:, :-1], [[0, 0], [1, 0], [0, 0]])  # silence, then each frame one later
        for layer, drop in zip(recurrent, drops, strict=True):
            x = drop(layer(x))  # (batch, time, units)
        super().__init__(roll, head(x), name=name)  # (batch, time, n_keys)

        # ---- config ----
        self.n_keys = n_keys
        self._arguments = {**sizes, "cell": cell, "dropout": dropout, "seed": seed}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean negative log-likelihood, in nats a frame: the sum over the keys, the mean over frames that are not -1."""
        y = ops.cast(y, y_pred.dtype)
        losses = ops.softplus(y_pred) - y * y_pred  # -log p of a key, (batch, time, n_keys)
        real = ops.cast(y[..., 0] >= 0, losses.dtype)  # (batch, time)
        return ops.sum(ops.sum(losses, axis=-1) * real) / ops.maximum(ops.sum(real), 1.0)

    def log_probabilities(self, rolls: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the log probability (natural) of each frame of rolls (batch, time, n_keys), given those before it: (batch, time).

        Frames of -1 get 0.
        """
        truth = np.asarray(rolls, np.float32)
        logits = np.array(self.predict_on_batch(truth), np.float64)  # (batch, time, n_keys)
        keys = truth * logits - np.logaddexp(0.0, logits)
        return np.where(truth[..., 0] >= 0, keys.sum(axis=-1), 0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> IndependentKeys:
        """Make a model from what `get_config` returned."""
        return cls(**config)
