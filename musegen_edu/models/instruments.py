"""InstrumentCNN: which instrument plays, told from the mel spectrogram of a single note."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.argument_checks import check_dropout, check_sizes
from musegen_edu.quiet_keras import keras
from musegen_edu.spectrogram import sounds_to_mels

layers, ops = keras.layers, keras.ops

N_INSTRUMENTS = 12  # of the dataset "timbre"
SAMPLE_RATE = 16_000  # Hz
N_FFT = 1024  # samples in a window: 64 ms
HOP_LENGTH = 512  # samples from one frame to the next: 32 ms
N_MELS = 64


def sounds_to_pictures(audio: npt.ArrayLike, sample_rate: int = SAMPLE_RATE) -> npt.NDArray[np.float32]:
    """Return what `InstrumentCNN` reads: the mel spectrograms of sounds of equal length.

    Parameters
    ----------
    audio : (n, n_samples) mono samples, -1 to 1.
    sample_rate : in Hz; the network has been trained at 16,000.

    Returns
    -------
    (n, n_frames, 64, 1) decibels, -80 to about 0: time along the first axis of a picture, frequency along the second.

    Raises
    ------
    ValueError
        If `audio` has not two axes, or a sound is shorter than a window of 1,024 samples.

    Examples
    --------
    >>> sounds_to_pictures(np.zeros((2, 16000))).shape
    (2, 32, 64, 1)

    Lesson: 07 convolutional_networks.
    """
    mels = sounds_to_mels(audio, sample_rate, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS)
    return np.ascontiguousarray(mels.swapaxes(1, 2))[..., None]


class InstrumentCNN(keras.Model):
    """Convolution and pooling by turns, then a mean over the whole picture, and one logit an instrument.

    Called on mel spectrograms (batch, frames, mels, 1) in decibels it returns logits (batch, n_classes). Because of the mean at the
    end a sound may have any number of frames, from 4 (2 to the power of the number of poolings) upwards.

    Parameters
    ----------
    n_classes : number of instruments.
    n_mels : bands of the spectrogram.
    filters : number of filters of each convolution; between two convolutions the picture is halved in both directions.
    kernel : height and width of every window, in frames and bands.
    dropout : share of the means set to zero while training, 0 to 1.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> model = InstrumentCNN(filters=(4, 8))
    >>> model.predict_on_batch(sounds_to_pictures(np.zeros((2, 16000)))).shape
    (2, 12)
    >>> model.count_params()
    444

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 86(11), 1998 (convolution and pooling by
    turns); Lin, Chen and Yan, "Network in network", ICLR 2014 (the mean over the whole picture in place of dense layers).

    Lesson: 07 convolutional_networks.
    """

    def __init__(
        self,
        n_classes: int = N_INSTRUMENTS,
        *,
        n_mels: int = N_MELS,
        filters: tuple[int, ...] = (16, 32, 48),
        kernel: int = 3,
        dropout: float = 0.2,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        sizes = {"n_classes": n_classes, "kernel": kernel, "n_mels": n_mels}
        check_sizes(**sizes)
        if not filters or min(filters) < 1:
            raise ValueError(f"filters={tuple(filters)} must be one or more numbers, each at least 1")
        if n_mels < 2 ** (len(filters) - 1):
            raise ValueError(f"n_mels={n_mels} is too few to be halved {len(filters) - 1} times")
        check_dropout(dropout=dropout)

        # ---- layers ----
        # every layer that draws numbers gets a seed of its own, so the same seed gives the same network on every backend
        convolutions = [
            layers.Conv2D(
                n_filters,
                kernel,
                padding="same",
                activation="relu",
                kernel_initializer=keras.initializers.HeUniform(seed=100 * seed + place),
                name=f"conv_{place}",
            )
            for place, n_filters in enumerate(filters, 1)
        ]
        pools = [layers.MaxPooling2D(2, name=f"pool_{place}") for place in range(1, len(filters))]
        drop = layers.Dropout(dropout, seed=100 * seed + 50, name="dropout")
        head = layers.Dense(
            n_classes, kernel_initializer=keras.initializers.GlorotUniform(seed=100 * seed + 99), name="logits"
        )

        # ---- functional graph ----
        mel = keras.Input((None, n_mels, 1), name="mel")  # decibels, (batch, frames, mels, 1)
        x = layers.Rescaling(1 / 40, 1.0, name="scale")(
            mel
        )  # -80 dB becomes -1, 0 dB becomes 1: fixed, learnt from no set
        for place, convolution in enumerate(convolutions):
            x = convolution(x)  # (batch, frames / 2^place, mels / 2^place, filters)
            x = pools[place](x) if place < len(pools) else x
        x = layers.GlobalAveragePooling2D(name="mean")(x)  # (batch, filters of the last convolution)
        super().__init__(mel, head(drop(x)), name=name)

        # ---- config ----
        self._arguments = {**sizes, "filters": list(filters), "dropout": dropout, "seed": seed}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy in nats; y is (batch, n_classes), 1 at the true class and 0 elsewhere."""
        return ops.mean(ops.categorical_crossentropy(y, y_pred, from_logits=True))

    def probabilities(self, mels: npt.ArrayLike, batch_size: int = 128) -> npt.NDArray[np.float32]:
        """Return the probability of each class for each sound, (n, n_classes), batch by batch.

        Examples
        --------
        >>> p = InstrumentCNN(filters=(4,)).probabilities(np.zeros((3, 8, 64, 1)))
        >>> p.shape, bool(np.allclose(p.sum(axis=1), 1, atol=1e-5))
        ((3, 12), True)
        """
        pictures = np.asarray(mels, np.float32)
        found = [
            ops.convert_to_numpy(ops.softmax(self.predict_on_batch(pictures[first : first + batch_size])))
            for first in range(0, len(pictures), batch_size)
        ]
        return np.concatenate(found)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> InstrumentCNN:
        """Make a model from what `get_config` returned."""
        return cls(**config)
