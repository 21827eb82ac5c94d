"""NextBar: reads three bars of a tune as a piano roll and writes the fourth, step by step."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from musegen_edu.models.argument_checks import check_choice, check_dropout, check_sizes
from musegen_edu.models.equal_sizes import glorot, gru, gru_both_ways, gru_parameters, nearest_width
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, HOLD, N_BARS, N_SYMBOLS, STEPS_A_BAR
from musegen_edu.tokens.vocabulary import PAD

layers, ops = keras.layers, keras.ops

KINDS = ("cnn", "rnn", "crnn")
N_READ = (N_BARS - 1) * STEPS_A_BAR  # sixteenths that are read
N_ROWS = N_SYMBOLS - FIRST_PITCH  # pitches of the roll
ONSET, SOUNDING = 0, 1  # its two layers

_WINDOW = (5, 13)  # sixteenths and semitones that the first convolution looks at: an octave
_SECOND_WINDOW = (3, 5)
_STRIDE = 2  # of the second one, in pitch
_DILATIONS = (1, 2, 4)  # of the causal convolutions with which the CNN writes
_REACH = 3  # steps that each of them looks at


class NextBar(keras.Model):
    """Reads three bars of a tune and says, sixteenth by sixteenth, what the fourth may be.

    Called on a pair of the symbols of three bars, (batch, 48), and the symbols of the fourth one step later, (batch, 16), the first of
    them `PAD`, it returns logits (batch, 16, 47): at each sixteenth for that sixteenth. The symbols are those of `FourBarCodec`.

    - `"crnn"`: convolutions over time and pitch read the roll of the three bars; a recurrent layer writes the fourth.
    - `"cnn"`: the same reader; causal convolutions over what is written already take the place of the recurrent layer.
    - `"rnn"`: a recurrent layer, forwards and backwards, reads the roll's columns; a recurrent layer writes.

    In all of them the three bars are laid on top of one another after reading, so that beat 2 is written with beat 2 of each of the three
    bars in view; and the writer is told which note sounds. The width of what is exchanged is chosen such that all have as many parameters as
    the `"crnn"`.

    Parameters
    ----------
    kind : `"cnn"`, `"rnn"` or `"crnn"`.
    channels : of the convolutions that read.
    features : numbers that the reader keeps of each sixteenth.
    embedding : length of a symbol's vector.
    units : of the recurrent layer that writes.
    dropout : share of values set to zero before and after writing while training, 0 to 1.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Raises
    ------
    ValueError
        If `kind` is none of the three, or a number is out of range.

    Examples
    --------
    >>> model = NextBar("crnn", channels=2, features=4, embedding=3, units=8)
    >>> three_bars, written = np.full((1, 48), HOLD), np.full((1, 16), PAD)
    >>> model.predict_on_batch((three_bars, written)).shape
    (1, 16, 47)

    References
    ----------
    That a convolution writes a bar with the bar before it in view is in Yang, Chou and Yang, "MidiNet: a convolutional generative
    adversarial network for symbolic-domain music generation", ISMIR 2017; this network is no GAN and smaller.
    Lesson: 08 cnn_rnn.
    """

    def __init__(
        self,
        kind: str = "crnn",
        *,
        channels: int = 12,
        features: int = 64,
        embedding: int = 16,
        units: int = 128,
        dropout: float = 0.2,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        check_choice(KINDS, kind=kind)
        sizes = {"channels": channels, "features": features, "embedding": embedding, "units": units}
        check_sizes(**sizes)
        check_dropout(dropout=dropout)

        # ---- layers ----
        seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # a seed of its own for every layer that draws numbers
        width = self.width(kind, **sizes)
        if kind == "rnn":
            readers = [layers.Reshape((N_READ, 2 * N_ROWS), name="columns"), gru_both_ways(width, seeds, name="read")]
        else:
            look: dict[str, Any] = {"padding": "same", "activation": "relu"}
            readers = [
                layers.Conv2D(channels, _WINDOW, kernel_initializer=glorot(seeds), name="read_1", **look),
                layers.Conv2D(
                    channels,
                    _SECOND_WINDOW,
                    strides=(1, _STRIDE),
                    kernel_initializer=glorot(seeds),
                    name="read_2",
                    **look,
                ),
                layers.Reshape((N_READ, N_ROWS // _STRIDE * channels), name="side_by_side"),
            ]
        readers.append(layers.Dense(features, activation="relu", kernel_initializer=glorot(seeds), name="features"))
        by_bar = layers.Reshape((N_BARS - 1, STEPS_A_BAR, features), name="by_bar")
        on_top = layers.Permute((2, 1, 3), name="bars_on_top")
        each_step = layers.Reshape((STEPS_A_BAR, (N_BARS - 1) * features), name="each_step")
        embed = layers.Embedding(
            N_SYMBOLS,
            embedding,
            embeddings_initializer=keras.initializers.RandomUniform(-0.05, 0.05, seed=next(seeds)),
            name="embed",
        )
        if kind == "cnn":
            writers = [
                layers.Conv1D(
                    width,
                    _REACH,
                    padding="causal",
                    dilation_rate=dilation,
                    activation="relu",
                    kernel_initializer=glorot(seeds),
                    name=f"write_{i}",
                )
                for i, dilation in enumerate(_DILATIONS, start=1)
            ]
        else:
            writers = [gru(units, seeds, name="write")]
        drops = [layers.Dropout(dropout, seed=next(seeds), name=f"dropout_{i}") for i in (1, 2)]
        head = layers.Dense(N_SYMBOLS, kernel_initializer=glorot(seeds), name="logits")

        # ---- functional graph ----
        def read(symbols: Any) -> Any:
            """Return for each sixteenth of the bar to come what was read there in the three bars: (batch, 16, 3 * features)."""
            x = symbols_to_roll(symbols)  # (batch, 48, 44, 2)
            for layer in readers:
                x = layer(x)  # in the end (batch, 48, features)
            return each_step(on_top(by_bar(x)))

        def write(symbols: Any, seen: Any, written: Any) -> Any:
            """Return logits (batch, 16, 47) from three bars, what `read` returned for them, and the symbols written, one step later."""
            line = ops.concatenate([symbols, written[:, 1:]], axis=1)  # (batch, 63)
            sounding = sounding_symbols(line)[:, N_READ - 1 :]  # just before each of the 16 steps
            place = ops.zeros_like(seen[..., :1]) + np.eye(STEPS_A_BAR, dtype=np.float32)  # (batch, 16, 16)
            x = drops[0](ops.concatenate([seen, embed(written), embed(sounding), place], axis=-1))
            for layer in writers:
                x = layer(x)  # (batch, 16, units or width)
            return head(drops[1](x))

        previous = keras.Input((N_READ,), dtype="int32", name="previous")
        written = keras.Input((STEPS_A_BAR,), dtype="int32", name="written")
        super().__init__((previous, written), write(previous, read(previous), written), name=name)

        # ---- config ----
        self.read, self.write = read, write
        self.kind = kind
        self._arguments = {"kind": kind, **sizes, "dropout": dropout, "seed": seed}

    @classmethod
    def width(cls, kind: str, *, channels: int, features: int, embedding: int, units: int) -> int:
        """Return the width of the layers that take another's place: with it a kind has about as many parameters as the CRNN.

        Examples
        --------
        >>> [NextBar.width(kind, channels=12, features=64, embedding=16, units=128) for kind in KINDS]
        [106, 25, 128]
        """
        n_in = (N_BARS - 1) * features + 2 * embedding + STEPS_A_BAR  # what the writer is told at each step
        convolved = (2 * _WINDOW[0] * _WINDOW[1] + 1) * channels
        convolved += (_SECOND_WINDOW[0] * _SECOND_WINDOW[1] * channels + 1) * channels
        convolved += (N_ROWS // _STRIDE * channels + 1) * features
        recurrent = gru_parameters(n_in, units) + (units + 1) * N_SYMBOLS

        def read_by_recurrence(w: int) -> int:
            return 2 * gru_parameters(2 * N_ROWS, w) + (2 * w + 1) * features

        def written_by_convolution(w: int) -> int:
            return (_REACH * n_in + 1) * w + (len(_DILATIONS) - 1) * (_REACH * w + 1) * w + (w + 1) * N_SYMBOLS

        if kind == "rnn":
            return nearest_width(read_by_recurrence, convolved)
        return nearest_width(written_by_convolution, recurrent) if kind == "cnn" else units

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy in nats a sixteenth."""
        return ops.mean(ops.sparse_categorical_crossentropy(y, y_pred, from_logits=True))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Make a model from what `get_config` returned."""
        return cls(**config)


def symbols_to_roll(symbols: Any) -> Any:
    """Draw symbols of `FourBarCodec` as a piano roll with two layers, as a tensor.

    Parameters
    ----------
    symbols : integers (batch, steps).

    Returns
    -------
    0 and 1, (batch, steps, 44, 2): where a pitch begins, and where it sounds (from its beginning to its end).

    Examples
    --------
    >>> roll = symbols_to_roll(np.array([[FIRST_PITCH, HOLD, FIRST_PITCH + 1]]))
    >>> ops.convert_to_numpy(roll)[0, :, :2, SOUNDING].astype(int).tolist()  # the lowest two pitches, step by step
    [[1, 0], [1, 0], [0, 1]]

    Lesson: 08 cnn_rnn.
    """
    onset = ops.where(_begins(symbols), symbols, HOLD)
    both = [ops.one_hot(layer, N_SYMBOLS)[..., FIRST_PITCH:] for layer in (onset, sounding_symbols(symbols))]
    return ops.stack(both, axis=-1)


def sounding_symbols(symbols: Any) -> Any:
    """Return at each step the symbol that began last and so sounds (or rests) there, as a tensor; `HOLD` where none has begun yet.

    Parameters
    ----------
    symbols : integers (batch, steps) of `FourBarCodec`.

    Examples
    --------
    >>> ops.convert_to_numpy(sounding_symbols(np.array([[HOLD, 20, HOLD, 2, HOLD]]))).tolist()
    [[1, 20, 20, 2, 2]]
    """
    steps = np.arange(symbols.shape[1], dtype=np.int32)
    places = ops.where(_begins(symbols), steps, -1)  # (batch, steps): the step itself where something begins
    # (batch, steps, steps): of all steps up to this one, the last at which something began
    latest = ops.max(ops.where(steps[:, None] >= steps[None, :], places[:, None, :], -1), axis=-1)
    return ops.where(latest >= 0, ops.take_along_axis(symbols, ops.maximum(latest, 0), axis=1), HOLD)


def _begins(symbols: Any) -> Any:
    return ops.logical_and(ops.not_equal(symbols, HOLD), ops.not_equal(symbols, PAD))
