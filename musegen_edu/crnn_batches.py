"""Batches for the networks that convolve and remember: mixtures for `InstrumentTagger`, windows of four bars for `NextBar`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.batching import Batches, in_parts, order_of_epoch
from musegen_edu.spectrogram import FLOOR_DB
from musegen_edu.tokens.four_bar_codec import N_STEPS, STEPS_A_BAR
from musegen_edu.tokens.vocabulary import PAD

if TYPE_CHECKING:
    import keras

GAIN_DB = 6.0  # a mixture is up to so much louder or softer in each epoch


class MixtureBatches(Batches):
    """Pairs (x, y) for an `InstrumentTagger`: spectrograms (batch, frames, n_mels) and labels (batch, frames, n_instruments).

    With a seed, each mixture comes up to 6 dB louder or softer, drawn anew in each epoch, so that loudness says nothing.

    Parameters
    ----------
    tables : (frames, n_mels + n_instruments) each, as `mixture_tables` makes them; all of one length.
    batch_size : mixtures a batch.
    seed : of order and loudness; None for neither.
    epoch : number of the pass over the data.
    n_instruments : how many of the last columns are labels.

    Examples
    --------
    >>> batches = MixtureBatches(np.zeros((5, 20, 70), np.float32), batch_size=2)
    >>> [(x.shape, y.shape) for x, y in batches][-1]
    ((1, 20, 64), (1, 20, 6))
    """

    def __init__(
        self,
        tables: Sequence[npt.NDArray[np.float32]],
        batch_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
        n_instruments: int = 6,
    ) -> None:
        rng = order_of_epoch(seed, epoch)
        self._parts = in_parts(range(len(tables)), batch_size, rng, argument="tables")
        gains = np.zeros(len(tables)) if rng is None else rng.uniform(-GAIN_DB, GAIN_DB, len(tables))
        self._tables, self._gains, self._n_instruments = tables, gains.astype(np.float32), n_instruments

    def _pair(self, part: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        tables = np.stack([self._tables[member] for member in part])
        mels, labels = tables[..., : -self._n_instruments], tables[..., -self._n_instruments :]
        return np.maximum(mels + self._gains[part, None, None], np.float32(FLOOR_DB)), labels


class BarBatches(Batches):
    """Pairs (x, y) for a `NextBar`: x is three bars (batch, 48) and the fourth one step later (batch, 16); y is the fourth.

    Parameters
    ----------
    windows : (n, 64) symbols of `FourBarCodec`.
    batch_size : windows a batch.
    seed : of the order; None keeps it.
    epoch : number of the pass over the data.

    Examples
    --------
    >>> (three_bars, written), fourth = BarBatches(np.ones((9, 64), np.int32), batch_size=4)[0]
    >>> three_bars.shape, written[0, :3].tolist(), fourth.shape
    ((4, 48), [0, 1, 1], (4, 16))
    """

    def __init__(
        self, windows: Sequence[npt.NDArray[np.int32]], batch_size: int, *, seed: int | None = None, epoch: int = 0
    ) -> None:
        rows = np.asarray(windows, np.int32)
        if rows.ndim != 2 or rows.shape[1] != N_STEPS:
            raise ValueError(f"windows has shape {rows.shape}; it must be (n, {N_STEPS})")
        self._windows = rows
        self._parts = in_parts(range(len(rows)), batch_size, order_of_epoch(seed, epoch), argument="windows")

    def _pair(self, part: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        windows = self._windows[part]
        fourth = windows[:, -STEPS_A_BAR:]
        written = np.concatenate([np.full((len(fourth), 1), PAD, np.int32), fourth[:, :-1]], axis=1)
        return (windows[:, :-STEPS_A_BAR], written), fourth


def mixture_tables(mels: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return spectrograms and labels side by side, as `MixtureBatches` takes them: (n, frames, n_mels + n_instruments)."""
    return np.concatenate([mels, labels.astype(np.float32)], axis=-1)


def nats_per_tag(model: keras.Model, tables: Sequence[npt.NDArray[np.float32]], *, batch_size: int = 32) -> float:
    """Return a tagger's mean negative log-likelihood in nats a tag: one instrument in one frame, yes or no.

    Lesson: 08 cnn_rnn.
    """
    total, count = 0.0, 0
    for x, y in MixtureBatches(tables, batch_size):
        logits = np.array(model.predict_on_batch(x), np.float64)
        total += float((np.logaddexp(0.0, logits) - y * logits).sum())
        count += y.size
    return total / count


def step_losses(
    model: keras.Model, windows: Sequence[npt.NDArray[np.int32]], *, batch_size: int = 64
) -> npt.NDArray[np.float64]:
    """Return the negative log-probability in nats of every sixteenth of the fourth bars of windows (n, 64): (n, 16)."""
    found = []
    for x, y in BarBatches(windows, batch_size):
        logits = np.array(model.predict_on_batch(x), np.float64)  # (batch, 16, n_symbols)
        logits -= logits.max(axis=-1, keepdims=True)
        chosen = np.take_along_axis(logits, y[..., None], axis=-1)[..., 0]
        found.append(np.log(np.exp(logits).sum(axis=-1)) - chosen)
    return np.concatenate(found)


def nats_per_step(model: keras.Model, windows: Sequence[npt.NDArray[np.int32]]) -> float:
    """Return a model's mean negative log-likelihood in nats a sixteenth of the fourth bars of windows (n, 64).

    Lesson: 08 cnn_rnn.
    """
    return float(step_losses(model, windows).mean())
