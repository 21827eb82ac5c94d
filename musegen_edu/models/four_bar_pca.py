"""Principal components of four bars: the best that straight lines can do, which a `MelodyVAE` has to beat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, HOLD, N_STEPS, N_SYMBOLS
from musegen_edu.tokens.vocabulary import PAD


class FourBarPCA:
    """Four bars as a point on a flat plane through the cloud of all training windows.

    A window is written as 64 x 47 zeros and ones; the plane is spanned by the directions in which the windows vary most. It encodes and
    decodes as `MelodyVAE` does.

    Parameters
    ----------
    latent : dimensions of the plane.

    Examples
    --------
    >>> windows = np.random.default_rng(0).integers(1, 47, (20, 64))
    >>> pca = FourBarPCA(4).fit(windows)
    >>> pca.encode(windows)[0].shape, pca.decode(pca.encode(windows)[0]).shape
    ((20, 4), (20, 64))

    References
    ----------
    Pearson, "On lines and planes of closest fit to systems of points in space", 1901.
    Lesson: 09 variational_autoencoders.
    """

    def __init__(self, latent: int) -> None:
        if not 1 <= latent <= N_STEPS * N_SYMBOLS:
            raise ValueError(f"latent={latent} must be from 1 to {N_STEPS * N_SYMBOLS}")
        self.latent = latent

    def fit(self, windows: npt.ArrayLike) -> FourBarPCA:
        """Find the plane from training windows, symbols (n, 64); returns itself."""
        rows = _one_hot(windows)  # (n, 64 * 47)
        if len(rows) < self.latent:
            raise ValueError(f"windows has {len(rows)} rows; {self.latent} components need at least as many")
        self._centre = rows.mean(axis=0)
        varies = np.flatnonzero(rows.any(axis=0))  # half the symbols never come at half the steps
        rows = rows[:, varies] - self._centre[varies]
        wide = len(rows) < len(varies)
        values, vectors = np.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)  # rising
        values, vectors = np.maximum(values[::-1][: self.latent], 1e-9), vectors[:, ::-1][:, : self.latent]
        self._axes = np.zeros((len(self._centre), self.latent), np.float32)
        self._axes[varies] = rows.T @ vectors / np.sqrt(values) if wide else vectors
        self._scale = np.sqrt(values / len(rows))
        return self

    def first(self, latent: int) -> FourBarPCA:
        """Return the plane of the first few of these components: the same as fitting anew, at no cost."""
        fewer = FourBarPCA(latent)
        if latent > self.latent:
            raise ValueError(f"latent={latent} is more than the {self.latent} components that were found")
        fewer._centre, fewer._axes, fewer._scale = self._centre, self._axes[:, :latent], self._scale[:latent]
        return fewer

    def encode(self, symbols: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the points, (n, latent), with variance 1 over the training windows, and minus infinity as their log variance."""
        z = ((_one_hot(symbols) - self._centre) @ self._axes / self._scale).astype(np.float32)
        return z, np.full_like(z, -np.inf)

    def decode(self, z: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Return symbols (n, 64): at each step first whether anything begins, then the symbol nearest to 1."""
        flat = np.asarray(z, np.float32) * self._scale @ self._axes.T + self._centre
        shares = flat.reshape(-1, N_STEPS, N_SYMBOLS)
        hold = shares[:, :, HOLD].copy()
        begin = shares.sum(axis=2) - hold
        shares[:, :, [PAD, HOLD]] = -np.inf
        return np.where(begin > hold, shares.argmax(axis=2), HOLD).astype(np.int32)


def nearest_window(symbols: npt.ArrayLike, corpus: npt.ArrayLike, *, rows_at_once: int = 256) -> npt.NDArray[np.int64]:
    """Return for each window, (n, 64), the number of the window in a corpus, (m, 64), with the most notes in common, by F1.

    Examples
    --------
    >>> corpus = np.full((2, 64), 1)
    >>> corpus[0, :2], corpus[1, :2] = [30, 31], [30, 32]
    >>> nearest_window(corpus[[1, 0]], corpus).tolist()
    [1, 0]
    """
    notes = [np.where(np.asarray(rows) >= FIRST_PITCH, np.asarray(rows), 0) for rows in (symbols, corpus)]
    hot = _one_hot(notes[1])
    hot.reshape(-1, N_STEPS, N_SYMBOLS)[:, :, 0] = 0
    counts = (notes[1] > 0).sum(axis=1)
    found = []
    for start in range(0, len(notes[0]), rows_at_once):
        part = notes[0][start : start + rows_at_once]
        wanted = _one_hot(part)
        wanted.reshape(-1, N_STEPS, N_SYMBOLS)[:, :, 0] = 0
        both = wanted @ hot.T  # (rows, m)
        found.append((2 * both / np.maximum(1, counts + (part > 0).sum(axis=1)[:, None])).argmax(axis=1))
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _one_hot(symbols: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return (n, 64 * 47) zeros and ones."""
    rows = np.asarray(symbols, np.int64)
    if rows.ndim != 2 or rows.shape[1] != N_STEPS:
        raise ValueError(f"symbols has shape {rows.shape}; give (n, {N_STEPS})")
    hot = np.zeros((len(rows), N_STEPS * N_SYMBOLS), np.float32)
    places = np.arange(N_STEPS) * N_SYMBOLS + rows
    np.put_along_axis(hot, places, 1.0, axis=1)
    return hot
