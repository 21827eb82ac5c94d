"""ChordSpeller: the exact probability of every chord, one note at a time from the top."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.argument_checks import check_dropout, check_sizes
from musegen_edu.models.note_speller import FrameFeatures, NoteSpeller
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops


class ChordSpeller(keras.Model):
    """An LSTM over the frames says what is known before each; a small LSTM spells the frame's chord from the top.

    Called on spelled chords (batch, time, places), as `roll_to_spelling` makes them, it returns logits (batch, time, places,
    n_keys + 1): at each place for the sign that stands there, given the frames before and the signs before it. The product of a
    frame's probabilities is the exact probability of its chord: every chord has one spelling, and the probabilities of all chords
    sum to 1. Before the first frame there is silence. A frame of `NO_FRAME` (-1) is not counted.

    Parameters
    ----------
    n_keys : number of keys; 88 are those of a piano.
    voices : how many notes from the top are read by their place.
    units, depth : width and number of the LSTM layers over the frames.
    note_units : width of the LSTM over the notes of a frame.
    embedding : length of the vectors of notes and intervals.
    dropout : share of values set to zero after each LSTM over the frames while training, 0 to 1; after the LSTM over
        notes `note_dropout`.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> model = ChordSpeller(n_keys=3, units=4, depth=1, note_units=4, embedding=2)
    >>> from musegen_edu.spelling import roll_to_spelling
    >>> words = np.array([[[1, 3, 3], [2, 0, 3]]])  # key 1 alone; then keys 2 and 0
    >>> model.predict_on_batch(words).shape
    (1, 2, 3, 4)
    >>> every = np.arange(8)[:, None] >> np.arange(3) & 1  # all chords that three keys can give, a roll of 8 frames
    >>> chances = np.exp(model.log_probabilities(roll_to_spelling(every)[:, None]))  # each as the first frame of a piece
    >>> float(chances.sum().round(5))
    1.0

    References
    ----------
    Boulanger-Lewandowski, Bengio and Vincent, "Modeling temporal dependencies in high-dimensional sequences", ICML 2012, has
    the plan of a recurrent network with a joint distribution over each frame; Larochelle and Murray, "The neural autoregressive
    distribution estimator", AISTATS 2011, that of a joint distribution by steps.
    Lesson: 06 lstm_and_gru.
    """

    def __init__(
        self,
        n_keys: int = 88,
        *,
        voices: int = 4,
        units: int = 320,
        depth: int = 2,
        note_units: int = 128,
        embedding: int = 32,
        dropout: float = 0.5,
        note_dropout: float = 0.3,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        sizes = {"n_keys": n_keys, "voices": voices, "units": units, "depth": depth, "note_units": note_units, "embedding": embedding}  # fmt: skip
        shares = {"dropout": dropout, "note_dropout": note_dropout}
        check_sizes(**sizes)
        check_dropout(**shares)

        # ---- layers ----
        # every layer that draws numbers gets a seed of its own, so the same seed gives the same network on every backend
        first = 1000 * seed
        features = FrameFeatures(n_keys, voices, 4 * embedding, seed=first, name="features")
        lstms = [
            layers.LSTM(
                units,
                return_sequences=True,
                kernel_initializer=keras.initializers.GlorotUniform(seed=first + 2 * i + 1),
                recurrent_initializer=keras.initializers.Orthogonal(seed=first + 2 * i + 2),
                name=f"frames_{i + 1}",
            )
            for i in range(depth)
        ]
        drops = [layers.Dropout(dropout, seed=first + 100 + i, name=f"dropout_{i + 1}") for i in range(depth)]
        speller = NoteSpeller(n_keys, note_units, embedding, note_dropout, seed=first + 200, name="notes")

        # ---- functional graph ----
        spelling = keras.Input((None, None), dtype="int32", name="spelling")  # (batch, time, places)
        past = ops.pad(
            spelling[:, :-1], [[0, 0], [1, 0], [0, 0]], constant_values=n_keys
        )  # silence, then each frame one later
        x = features(past)  # (batch, time, features)
        for lstm, drop in zip(lstms, drops, strict=True):
            x = drop(lstm(x))  # (batch, time, units)
        super().__init__(spelling, speller(x, past, spelling), name=name)

        # ---- config ----
        self.n_keys = n_keys
        self._arguments = {**sizes, **shares, "seed": seed}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean negative log-likelihood of a chord, in nats a frame, over the frames of y that are not `NO_FRAME`."""
        # what follows an end sign is certain, so it adds nothing to the sum
        losses = ops.sparse_categorical_crossentropy(
            ops.maximum(y, 0), y_pred, from_logits=True
        )  # (batch, time, places)
        real = ops.cast(y[..., 0] >= 0, losses.dtype)  # (batch, time)
        return ops.sum(ops.sum(losses, axis=-1) * real) / ops.maximum(ops.sum(real), 1.0)

    def log_probabilities(self, spelling: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the log probability (natural) of each frame's chord, given the frames before it.

        Parameters
        ----------
        spelling : (batch, time, places); frames of `NO_FRAME` get 0.

        Returns
        -------
        (batch, time).
        """
        words = np.asarray(spelling, np.int32)
        logits = np.array(self.predict_on_batch(words), np.float64)  # (batch, time, places, n_keys + 1)
        logits -= logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(logits, np.maximum(words, 0)[..., None], axis=-1)[..., 0]
        steps = chosen - np.log(np.exp(logits).sum(axis=-1))  # (batch, time, places)
        return np.where(words[..., 0] >= 0, steps.sum(axis=-1), 0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> ChordSpeller:
        """Make a model from what `get_config` returned."""
        return cls(**config)
