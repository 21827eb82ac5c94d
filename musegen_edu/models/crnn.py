"""Convolution reads, recurrence remembers: networks that join the two, and what is left of them without the one or the other."""

from __future__ import annotations

from typing import Any, Self

from musegen_edu.models.argument_checks import check_choice, check_dropout, check_sizes
from musegen_edu.models.equal_sizes import glorot, gru_both_ways, gru_parameters, nearest_width
from musegen_edu.models.next_bar import KINDS as KINDS
from musegen_edu.models.next_bar import NextBar as NextBar
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops

_POOL = 4  # mel bands that become one, after each of the two convolutions
_REACH = 5  # frames that a convolution in time looks at


class InstrumentTagger(keras.Model):
    """Says of each moment of a sound which instruments are playing: one logit an instrument and frame.

    Called on mel spectrograms in decibels, (batch, frames, n_mels), it returns logits (batch, frames, n_instruments). The sigmoid of a
    logit is a probability by itself: any number of instruments may play at once.

    - `"crnn"`: two 2-D convolutions, each followed by pooling over frequency alone, read the picture; its bands and channels are laid
      side by side, and a recurrent layer, forwards and backwards, remembers what it has seen.
    - `"cnn"`: the same, but convolutions in time take the place of the recurrent layer: a frame knows 0.3 s on either side.
    - `"rnn"`: two recurrent layers read the spectrogram's columns directly.

    The width of what is exchanged is chosen such that all three have as many parameters as the `"crnn"`.

    Parameters
    ----------
    kind : `"cnn"`, `"rnn"` or `"crnn"`.
    n_mels : mel bands, a multiple of 16.
    n_instruments : outputs a frame.
    channels : of the first convolution; the second has twice as many.
    units : of the CRNN's recurrent layer, in each direction.
    dropout : share of values set to zero between reading and remembering while training, 0 to 1.
    mean, std : of the decibels in the *training* spectrograms: whatever comes in, then or later, is moved and scaled by these.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Raises
    ------
    ValueError
        If `kind` is none of the three, or a number is out of range.

    Examples
    --------
    >>> tagger = InstrumentTagger("crnn", channels=4, units=8)
    >>> tagger.predict_on_batch(ops.zeros((1, 20, 64))).shape
    (1, 20, 6)

    References
    ----------
    Çakır, Parascandolo, Heittola, Huttunen and Virtanen, "Convolutional recurrent neural networks for polyphonic sound event detection",
    IEEE/ACM TASLP 25(6), 2017: pooling over frequency alone, recurrent layers over the frames that remain, one sigmoid an event.
    Choi, Fazekas, Sandler and Cho, "Convolutional recurrent neural networks for music classification", ICASSP 2017.
    Lesson: 08 cnn_rnn.
    """

    def __init__(
        self,
        kind: str = "crnn",
        *,
        n_mels: int = 64,
        n_instruments: int = 6,
        channels: int = 16,
        units: int = 64,
        dropout: float = 0.2,
        mean: float = -60.0,
        std: float = 18.0,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        check_choice(KINDS, kind=kind)
        sizes = {"n_mels": n_mels, "n_instruments": n_instruments, "channels": channels, "units": units}
        check_sizes(**sizes)
        if n_mels % _POOL**2:
            raise ValueError(f"n_mels={n_mels} must be a multiple of {_POOL**2}: pooling takes {_POOL} bands, twice")
        check_dropout(dropout=dropout)
        if not std > 0:
            raise ValueError(f"std={std} must be above 0")

        # ---- layers ----
        seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # a seed of its own for every layer that draws numbers
        n_features = n_mels // _POOL**2 * 2 * channels  # a frame, after reading
        width = self.width(kind, **sizes)
        scale = layers.Rescaling(1 / std, offset=-mean / std, name="scale")
        read = [
            layers.Conv2D(n, 3, padding="same", activation="relu", kernel_initializer=glorot(seeds), name=f"read_{i}")
            for i, n in enumerate((channels, 2 * channels), start=1)
        ]
        pools = [layers.MaxPooling2D((1, _POOL), name=f"pool_{i}") for i in (1, 2)]
        if kind == "cnn":
            remember = [
                layers.Conv1D(
                    width,
                    _REACH,
                    padding="same",
                    activation="relu",
                    kernel_initializer=glorot(seeds),
                    name=f"look_around_{i}",
                )
                for i in (1, 2)
            ]
        else:
            depth = 2 if kind == "rnn" else 1
            remember = [gru_both_ways(width, seeds, name=f"remember_{i}") for i in range(1, depth + 1)]
        drop = layers.Dropout(dropout, seed=next(seeds), name="dropout")
        head = layers.Dense(n_instruments, kernel_initializer=glorot(seeds), name="logits")

        # ---- functional graph ----
        mel = keras.Input((None, n_mels), name="mel")  # (batch, frames, n_mels), decibels
        x = scale(mel)
        if kind != "rnn":
            x = ops.expand_dims(x, -1)  # (batch, frames, n_mels, 1): a picture with one channel
            for convolution, pool in zip(read, pools, strict=True):
                x = pool(convolution(x))  # in the end (batch, frames, n_mels / 16, 2 * channels)
            x = layers.Reshape((-1, n_features), name="side_by_side")(x)  # (batch, frames, n_features)
        x = drop(x)
        for layer in remember:
            x = layer(x)  # (batch, frames, width or 2 * width)
        super().__init__(mel, head(x), name=name)  # (batch, frames, n_instruments)

        # ---- config ----
        self.kind, self.n_instruments = kind, n_instruments
        self._arguments = {"kind": kind, **sizes, "dropout": dropout, "mean": mean, "std": std, "seed": seed}

    @classmethod
    def width(cls, kind: str, *, n_mels: int, n_instruments: int, channels: int, units: int) -> int:
        """Return the width of the layers in time with which a kind has about as many parameters as the CRNN.

        Examples
        --------
        >>> [InstrumentTagger.width(kind, n_mels=64, n_instruments=6, channels=16, units=64) for kind in KINDS]
        [74, 50, 64]
        """
        bands = n_mels // _POOL**2
        n_features = bands * 2 * channels
        reading = 10 * channels + (9 * channels + 1) * 2 * channels

        def convolved(w: int) -> int:
            return reading + (_REACH * n_features + 1) * w + (_REACH * w + 1) * w + (w + 1) * n_instruments

        def recurrent(w: int) -> int:
            return 2 * gru_parameters(n_mels, w) + 2 * gru_parameters(2 * w, w) + (2 * w + 1) * n_instruments

        wanted = reading + 2 * gru_parameters(n_features, units) + (2 * units + 1) * n_instruments
        return units if kind == "crnn" else nearest_width(convolved if kind == "cnn" else recurrent, wanted)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy in nats a tag: each instrument in each frame is one question, yes or no."""
        y = ops.cast(y, y_pred.dtype)
        return ops.mean(ops.softplus(y_pred) - y * y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Make a model from what `get_config` returned."""
        return cls(**config)
