"""Four-bar windows of two styles, reels and the tops of chorales: what a `StyleCycle` is trained on and judged by."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.datasets import load_dataset
from musegen_edu.four_bars import FourBarWindows
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import N_STEPS, FourBarCodec

STYLES = ("reel", "chorale")
_HELD_OUT_HOP = 4  # bars: windows that do not overlap


def style_windows(style: str, split: str, *, hop: int | None = None) -> FourBarWindows:
    """Return the four-bar windows of one style: reels of the folk tunes, or sopranos of the chorales, in 4/4, 2/2 and 2/4.

    Reels and chorales differ in rhythm and in pitches, and there are enough of both. The translators of lesson 11 are trained on the
    pieces of "train", the judge of their style on those of "valid", and both are measured on those of "test".

    Parameters
    ----------
    style : "reel" or "chorale".
    split : "train", "valid" or "test"; by piece, as in the datasets.
    hop : bars from one window to the next; None means 1 (every bar may be the first), and 4 for "test".

    Examples
    --------
    >>> windows = style_windows("chorale", "test")
    >>> windows.symbols.shape[1], windows.row(0).kind
    (64, 'chorale')

    Lesson: 11 hybrid_gans.
    """
    if style not in STYLES:
        raise ValueError(f"style={style!r} must be one of {', '.join(STYLES)}")
    data, codec = load_dataset("chorales" if style == "chorale" else "folk"), FourBarCodec()
    rows, step = data.rows(split), hop if hop is not None else _HELD_OUT_HOP if split == "test" else 1
    found = [np.empty((0, N_STEPS), np.int32)]
    tune: list[int] = []
    for number, (row, score) in enumerate(zip(rows, getattr(data, split), strict=True)):
        if row.kind == style:
            found.append(codec.windows(score.part(0), hop=step))
            tune += [number] * len(found[-1])
    symbols = np.concatenate(found)
    first = np.sort(np.unique(symbols, axis=0, return_index=True)[1])  # the same four bars, up to key, count once
    return FourBarWindows(symbols[first], np.array(tune, np.int64)[first], rows, data.sha256)


class StylePairs(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Batches ((first, second),) for `StyleCycle.fit`: as many windows of one style as of the other, drawn anew in each epoch.

    An epoch goes once through the larger heap; of the smaller one, windows come several times. Which ones stand side by side means nothing.

    Parameters
    ----------
    first, second : symbols, (n, 64) and (m, 64).
    batch_size : windows of each style in a batch.
    seed : of the order; the same seed gives the same epochs.
    epoch : the number of the first one, where a training goes on.

    Examples
    --------
    >>> pairs = StylePairs(np.ones((20, 64), np.int32), np.ones((5, 64), np.int32), 8, seed=0)
    >>> ((first, second),) = pairs[0]
    >>> len(pairs), first.shape, second.shape
    (2, (8, 64), (8, 64))
    """

    def __init__(
        self,
        first: npt.NDArray[np.int32],
        second: npt.NDArray[np.int32],
        batch_size: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if min(len(first), len(second)) == 0:
            raise ValueError(f"first has {len(first)} windows and second {len(second)}; give at least one of each")
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1")
        self._heaps, self._seed, self._epoch = (np.asarray(first), np.asarray(second)), seed, epoch
        self._size = min(batch_size, max(len(first), len(second)))
        self._deal()

    def _deal(self) -> None:
        """Draw an order for each heap, as long as the larger heap."""
        n = max(map(len, self._heaps))
        self._orders = []
        for number, heap in enumerate(self._heaps):
            rng = np.random.default_rng([self._seed, self._epoch, number])
            rounds = [rng.permutation(len(heap)) for _ in range(-(-n // len(heap)))]
            self._orders.append(np.concatenate(rounds)[:n])

    def __len__(self) -> int:
        return len(self._orders[0]) // self._size

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"index={index} is no batch; there are {len(self)}")
        part = slice(index * self._size, (index + 1) * self._size)
        return (tuple(heap[order[part]] for heap, order in zip(self._heaps, self._orders, strict=True)),)

    def on_epoch_end(self) -> None:
        """Deal the next epoch."""
        self._epoch += 1
        self._deal()
