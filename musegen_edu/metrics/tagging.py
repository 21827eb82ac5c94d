"""How well a tagger hears who plays when: precision, recall and F-score over frames."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class TagScores(NamedTuple):
    """Shares from 0 to 1. Of all tags given, `precision` were right; of all that were due, `recall` were given."""

    precision: float
    recall: float
    f1: float  # their harmonic mean, 2 * hits / (given + due)


def tag_scores(labels: npt.ArrayLike, tags: npt.ArrayLike) -> TagScores:
    """Return how well tags agree with labels, every frame and instrument counted alike.

    Where nothing is due and nothing is given all three are 1; where only one of them is empty all are 0.

    Parameters
    ----------
    labels, tags : 0 or 1, or truth values, of one shape: who plays, and who was said to play.

    Raises
    ------
    ValueError
        If the shapes differ, or there are other values: probabilities must be compared with a threshold first.

    Examples
    --------
    >>> tag_scores([[1, 0], [1, 1]], [[1, 1], [1, 0]])
    TagScores(precision=0.6666666666666666, recall=0.6666666666666666, f1=0.6666666666666666)

    References
    ----------
    Mesaros, Heittola and Virtanen, "Metrics for polyphonic sound event detection", Applied Sciences 6(6), 2016: the segment-based F-score,
    here with segments of one frame.
    Lesson: 08 cnn_rnn.
    """
    due, given = _checked("labels", labels), _checked("tags", tags)
    if due.shape != given.shape:
        raise ValueError(f"labels has shape {due.shape} and tags {given.shape}; they must be of one shape")
    hits, n_due, n_given = int((due & given).sum()), int(due.sum()), int(given.sum())
    if n_due == n_given == 0:
        return TagScores(1.0, 1.0, 1.0)
    return TagScores(hits / max(n_given, 1), hits / max(n_due, 1), 2 * hits / (n_due + n_given))


def tag_changes(tags: npt.ArrayLike) -> float:
    """Return how often, on average, a tag is switched on or off in one example: the flicker.

    Parameters
    ----------
    tags : 0 or 1, (n, frames, instruments).

    Examples
    --------
    >>> tag_changes([[[0], [1], [1], [0]]])
    2.0

    Lesson: 08 cnn_rnn.
    """
    given = _checked("tags", tags)
    if given.ndim != 3:
        raise ValueError(f"tags has shape {given.shape}; it must be (n, frames, instruments)")
    return float((given[:, 1:] != given[:, :-1]).sum(axis=(1, 2)).mean())


def _checked(name: str, values: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    array = np.asarray(values)
    if not np.isin(array, (0, 1)).all():
        raise ValueError(f"{name} holds other values than 0 and 1; for probabilities: {name} > 0.5")
    return array.astype(np.bool_)
