"""Four-bar windows of the folk tunes: what a `MelodyVAE` is trained on and judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musegen_edu.batching import Batches, in_parts, order_of_epoch
from musegen_edu.dataset_index import IndexRow
from musegen_edu.datasets import load_dataset
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, LOWEST, N_STEPS, N_SYMBOLS, FourBarCodec

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


class WindowBatches(Batches):
    """Pairs (x, x) for training an autoencoder, which is asked for what it was given.

    Parameters
    ----------
    windows : symbols, (n, 64).
    batch_size : windows a batch; what is left over at the end is left out of this epoch (all batches have one size), if there is a
        whole batch at all.
    seed : of the order and of what is moved; None keeps the order and moves nothing.
    epoch : number of the pass over the data; each has its own order.
    moved : share of the windows that are moved along the scale by one to three steps, up or down, anew in each epoch (see
        `moved_along_scale`): more music to learn from, all of it in C.

    Examples
    --------
    >>> batches = WindowBatches(np.ones((20, 64), np.int32), batch_size=8, seed=0)
    >>> len(batches), batches[0][0].shape
    (2, (8, 64))
    """

    def __init__(
        self,
        windows: Sequence[npt.NDArray[np.int32]],
        batch_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
        moved: float = 0.0,
    ) -> None:
        if not 0 <= moved <= 1:
            raise ValueError(f"moved={moved} must be a share from 0 to 1")
        self._windows = np.asarray(windows, np.int32)
        n, rng = len(windows), order_of_epoch(seed, epoch)
        parts = in_parts(range(n), batch_size, rng, argument="windows")
        self._parts = [part for part in parts if len(part) == len(parts[0])]
        if rng is not None and moved:
            steps = np.where(rng.random(n) < moved, rng.choice([-3, -2, -1, 1, 2, 3], n), 0)
            self._windows = moved_along_scale(self._windows, steps)

    def _pair(self, part: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        rows = self._windows[part]
        return rows, rows


def moved_along_scale(windows: npt.NDArray[np.int32], steps: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Return windows with every note moved some steps up or down the scale of C major: do re mi becomes re mi fa.

    Unlike a transposition this changes which steps are whole and which are half tones, but not the rhythm, the contour and the scale. Windows
    with notes outside C major, and those that would leave the codec's range, stay as they are.

    Parameters
    ----------
    windows : symbols, (n, 64).
    steps : whole numbers, one a window; -3 to 3 keeps tunes where players play them.

    Examples
    --------
    >>> codec = FourBarCodec()
    >>> moved = moved_along_scale(codec.encode(Score.from_melody([60, 62, 64], 24))[None], [1])
    >>> codec.decode(moved[0]).notes["pitch"].tolist()
    [62, 64, 65]
    """
    pitches = np.arange(FIRST_PITCH, N_SYMBOLS) - FIRST_PITCH + LOWEST
    white = np.flatnonzero(np.isin(pitches % 12, [0, 2, 4, 5, 7, 9, 11])) + FIRST_PITCH  # their symbols, rising
    place = np.full(N_SYMBOLS, -1)  # of a symbol in `white`
    place[white] = np.arange(len(white))
    is_note = windows >= FIRST_PITCH
    target = place[windows] + np.asarray(steps)[:, None]
    fits = (~is_note | ((place[windows] >= 0) & (target >= 0) & (target < len(white)))).all(axis=1)
    moves = is_note & fits[:, None]
    return np.where(moves, white[np.clip(target, 0, len(white) - 1)], windows).astype(np.int32)
