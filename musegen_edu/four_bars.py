"""Four-bar windows of the folk tunes: what a `MelodyVAE` is trained on and judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.dataset_index import IndexRow
from musegen_edu.datasets import load_dataset
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import N_STEPS, FourBarCodec

_HELD_OUT_HOP = 4  # bars: windows that do not overlap, so that no bar is counted twice


@dataclass(frozen=True, eq=False)
class FourBarWindows:
    """Windows of four bars, and the tune that each comes from.

    Parameters
    ----------
    symbols : (n, 64), as `FourBarCodec` writes them.
    tune : (n,), for each window the number of its tune in `rows`.
    rows : what is known of each tune: key, kind, book and so on.
    sha256 : checksum of the dataset.
    """

    symbols: npt.NDArray[np.int32]
    tune: npt.NDArray[np.int64]
    rows: tuple[IndexRow, ...]
    sha256: str

    def __len__(self) -> int:
        return len(self.symbols)

    def row(self, index: int) -> IndexRow:
        """Return what is known of the tune of a window."""
        return self.rows[int(self.tune[index])]

    def score(self, index: int) -> Score:
        """Return a window as music, in the key and with the title of its tune."""
        row = self.row(index)
        bpm = 2 * row.bpm if row.meter == (2, 4) else row.bpm  # see in_four_four
        return FourBarCodec().decode(self.symbols[index], key=row.key, bpm=bpm, title=row.title, programs=(_VIOLIN,))

    def take(self, indices: npt.ArrayLike) -> FourBarWindows:
        """Return some of the windows, by number or by a truth value each."""
        chosen = np.asarray(indices)
        return FourBarWindows(self.symbols[chosen], self.tune[chosen], self.rows, self.sha256)


_VIOLIN = 40  # General MIDI program of the folk tunes


def folk_windows(split: str, *, hop: int | None = None) -> FourBarWindows:
    """Return the four-bar windows of one part of the folk tunes: of all tunes in 4/4, 2/2 and 2/4.

    The split is by tune. Where the same four bars come twice in a part, up to key, the first stays.

    Parameters
    ----------
    split : "train", "valid" or "test".
    hop : bars from one window to the next; None means 1 for training (every bar may be the first) and 4 for the held-out parts.

    Examples
    --------
    >>> windows = folk_windows("valid")
    >>> windows.symbols.shape[1], windows.score(0).n_bars
    (64, 4)

    Lesson: 09 variational_autoencoders.
    """
    folk, codec = load_dataset("folk"), FourBarCodec()
    rows = folk.rows(split)
    step = hop if hop is not None else 1 if split == "train" else _HELD_OUT_HOP
    found = [codec.windows(tune, hop=step) for tune in getattr(folk, split)]
    symbols = np.concatenate([np.empty((0, N_STEPS), np.int32), *found])
    tune = np.repeat(np.arange(len(found)), [len(windows) for windows in found])
    first = np.sort(np.unique(symbols, axis=0, return_index=True)[1])
    return FourBarWindows(symbols[first], tune[first], rows, folk.sha256)


class WindowBatches(Sequence[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]]):
    """Pairs (x, x) for training an autoencoder, which is asked for what it was given.

    Parameters
    ----------
    windows : symbols, (n, 64).
    batch_size : windows a batch; what is left over at the end is left out of this epoch (all batches have one size), if there is a
        whole batch at all.
    seed : of the order; None keeps it.
    epoch : number of the pass over the data; each has its own order.

    Examples
    --------
    >>> batches = WindowBatches(np.ones((20, 64), np.int32), batch_size=8, seed=0)
    >>> len(batches), batches[0][0].shape
    (2, (8, 64))
    """

    def __init__(
        self, windows: Sequence[npt.NDArray[np.int32]], batch_size: int, *, seed: int | None = None, epoch: int = 0
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1")
        if len(windows) == 0:
            raise ValueError("windows is empty; give at least one")
        self._windows = np.asarray(windows, np.int32)
        self._size = min(batch_size, len(windows))
        n = len(windows)
        self._order = np.arange(n) if seed is None else np.random.default_rng([seed, epoch]).permutation(n)

    def __len__(self) -> int:
        return len(self._windows) // self._size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(f"index={index} is no batch; there are {len(self)}")
        rows = self._windows[self._order[index * self._size : (index + 1) * self._size]]
        return rows, rows
