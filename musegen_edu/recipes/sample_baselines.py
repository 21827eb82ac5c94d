"""What can be told of a sample without a deep network: by counting levels, and by a straight line through the samples before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.mu_law import mu_law_to_audio
from musegen_edu.note_crops import RecordedNotes

ORDER = 32  # samples that the linear predictor looks back: 4 ms at 8,000 Hz
_WINDOW = 64  # samples over which it watches its own errors
_SHARES = (0.3, 0.5, 0.7, 1.0)  # of the watched error: tried as the spread of the next one
_FLOOR = 1e-4  # spread that is always allowed for
_BOTTOM = 1e-3  # of the probability goes to the histogram, so that nothing is impossible

Floats = npt.NDArray[np.float64]


def baseline_nats(train: RecordedNotes, test: RecordedNotes, n_levels: int = 256) -> dict[str, float]:
    """Return the mean negative log-likelihood a sample of the test notes, in nats, for four simple models.

    `uniform` holds all levels for equally likely. `histogram` knows how often each level is used. `markov_order_1` knows it after each
    level. `linear_predictor` has, for each instrument, the 32 weights that best foretell a sample of the training notes from those before
    it (least squares), and spreads its belief around that as far as it was lately wrong (a logistic curve).

    Parameters
    ----------
    train, test : notes whose samples are all told.

    Examples
    --------
    >>> levels = np.array([[128, 140, 128, 116] * 100])
    >>> notes = RecordedNotes(levels, np.zeros_like(levels), pitches=[60], instruments=[0])
    >>> found = baseline_nats(notes, notes)
    >>> found["uniform"] > found["histogram"] > found["markov_order_1"]
    True

    References
    ----------
    Linear prediction: Makhoul, "Linear prediction: a tutorial review", Proceedings of the IEEE 63(4), 1975.
    """
    levels = train.levels
    counts = np.bincount(levels.ravel(), minlength=n_levels) + 1.0
    histogram = counts / counts.sum()
    pairs = np.bincount((levels[:, :-1].astype(np.int64) * n_levels + levels[:, 1:]).ravel(), minlength=n_levels**2)
    table = pairs.reshape(n_levels, n_levels) + 10 * histogram  # ten counts of doubt
    table /= table.sum(axis=1, keepdims=True)
    told = test.levels
    before = np.pad(told[:, :-1], [(0, 0), (1, 0)], constant_values=n_levels // 2)
    found = {
        "uniform": float(np.log(n_levels)),
        "histogram": float(-np.log(histogram[told]).mean()),
        "markov_order_1": float(-np.log(table[before, told]).mean()),
        "linear_predictor": _linear_nats(train, test, histogram),
    }
    return {name: round(value, 4) for name, value in found.items()}


def _linear_nats(train: RecordedNotes, test: RecordedNotes, histogram: Floats) -> float:
    """The linear predictor's nats; the share of its watched error that it spreads over is the best on the training notes."""
    n_levels = len(histogram)
    middles = mu_law_to_audio(np.arange(n_levels), n_levels).astype(np.float64)
    edges = np.concatenate([[-np.inf], (middles[1:] + middles[:-1]) / 2, [np.inf]])
    total = 0.0
    for instrument in np.unique(test.instruments):
        if instrument not in train.instruments:
            raise ValueError(f"train has no note of instrument {instrument}, which test has")
        mine = train[train.instruments == instrument]
        weights = _least_squares(middles[mine.levels])
        sample = mine[:: max(1, len(mine) // 12)]
        best = min(_SHARES, key=lambda share: _nats(sample, weights, share, middles, edges, histogram).mean())
        total += float(_nats(test[test.instruments == instrument], weights, best, middles, edges, histogram).sum())
    return total / test.levels.size


def _past(audio: Floats) -> Floats:
    """The `ORDER` samples before each, (n, n_samples, ORDER), silence before the first."""
    padded = np.pad(audio, [(0, 0), (ORDER, 0)])
    return np.lib.stride_tricks.sliding_window_view(padded[:, :-1], ORDER, axis=1)


def _least_squares(audio: Floats) -> Floats:
    products, aim = np.zeros((ORDER, ORDER)), np.zeros(ORDER)
    for note in audio:
        past = _past(note[None])[0]
        products += past.T @ past
        aim += past.T @ note
    return np.asarray(np.linalg.solve(products + 1e-3 * np.eye(ORDER), aim))


def _nats(
    notes: RecordedNotes, weights: Floats, share: float, middles: Floats, edges: Floats, histogram: Floats
) -> Floats:
    audio = middles[notes.levels]
    foretold = _past(audio) @ weights
    errors = np.pad(np.abs(audio - foretold), [(0, 0), (_WINDOW, 0)])[:, :-1]
    lately = np.lib.stride_tricks.sliding_window_view(errors, _WINDOW, axis=1).mean(axis=-1)
    spread = share * lately + _FLOOR
    inside = _logistic((edges[notes.levels + 1] - foretold) / spread) - _logistic(
        (edges[notes.levels] - foretold) / spread
    )
    return np.asarray(-np.log((1 - _BOTTOM) * inside + _BOTTOM * histogram[notes.levels]))


def _logistic(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
