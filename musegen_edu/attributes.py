"""Qualities of music as directions in a latent space: more notes, a wider range, more off the beat, rising, major.

`attribute_vector` finds the direction, `move` goes along it; both work with any model as `musegen_edu.latent` describes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.latent import LatentModel, Points, codec_of, scores_to_latents
from musegen_edu.metrics.character import contour, majorness, syncopation
from musegen_edu.metrics.features import note_density, pitch_range
from musegen_edu.score import Score

ATTRIBUTES: dict[str, Callable[[Score], float]] = {
    "density": note_density,
    "range": pitch_range,
    "syncopation": syncopation,
    "contour": contour,
    "majorness": majorness,
}
_RIDGE = 1e-3  # of the least squares, relative: keeps qualities apart that nearly say the same


def attribute_vector(
    model: LatentModel,
    scores: Sequence[Score],
    values: npt.ArrayLike,
    *,
    steady: npt.ArrayLike | None = None,
    latents: npt.ArrayLike | None = None,
) -> Points:
    """Return the direction in which music of some quality lies: what one unit more of it adds to a point, (latent,).

    Each latent number is told from the values by least squares (z is about c + v * value); v is what comes out. With `steady` the values
    of other qualities stand beside it in the same least squares, so that what they explain is not put down to this one.

    Parameters
    ----------
    model : see `scores_to_latents`.
    scores : music of which the quality is known, a few hundred at best.
    values : (n,), the quality of each; scores where it is NaN are left out.
    steady : (n, k), other qualities that should stay as they are.
    latents : (n, latent), the points of the scores where they are known already: it saves encoding them.

    Raises
    ------
    ValueError
        If the numbers of scores and values differ, or all values are the same.

    References
    ----------
    Roberts et al., MusicVAE, ICML 2018, take the difference between the mean point of the music with much of a quality and of that with little;
    least squares use all values, not two heaps of them.
    Lesson: 09 variational_autoencoders.
    """
    wanted = np.asarray(values, np.float64)
    others = np.empty((len(wanted), 0)) if steady is None else np.asarray(steady, np.float64).reshape(len(wanted), -1)
    if wanted.shape != (len(scores),):
        raise ValueError(f"values has shape {wanted.shape} for {len(scores)} scores; give one number a score")
    z = scores_to_latents(model, scores) if latents is None else np.asarray(latents, np.float32)
    columns = np.column_stack([wanted, others])
    known = np.isfinite(columns).all(axis=1)
    if known.sum() < 2 or np.ptp(wanted[known]) == 0:
        raise ValueError(
            "values are all the same (or NaN); the direction of a quality needs music with more and with less of it"
        )
    columns, z = columns[known] - columns[known].mean(axis=0), z[known] - z[known].mean(axis=0)
    spread = columns.std(axis=0)
    columns = columns[:, spread > 0] / spread[spread > 0]
    square = columns.T @ columns + _RIDGE * len(columns) * np.eye(columns.shape[1])
    found = np.linalg.solve(square, columns.T @ z)  # (1 + k, latent)
    return np.asarray(found[0] / spread[0], np.float32)


def move(
    model: LatentModel, scores: Sequence[Score], vector: npt.ArrayLike, amount: float | npt.ArrayLike, **fields: Any
) -> list[Score]:
    """Return scores with more (or, below 0, less) of a quality: encoded, moved along its vector, and decoded.

    Parameters
    ----------
    model, scores : see `scores_to_latents`; each keeps its key, tempo, title and instrument.
    vector : (latent,), what `attribute_vector` returned.
    amount : in the units of the quality; one number, or one a score.
    fields : other fields of the result.

    Lesson: 09 variational_autoencoders.
    """
    steps = np.broadcast_to(np.asarray(amount, np.float64), (len(scores),))
    points = scores_to_latents(model, scores) + steps[:, None] * np.asarray(vector, np.float64)
    codec = codec_of(model)
    moved = []
    for row, score in zip(model.decode(points.astype(np.float32)), scores, strict=True):
        kept = {"key": score.key, "bpm": score.bpm, "title": score.title, "programs": score.programs[:1]}
        moved.append(codec.decode(row, **{**kept, **fields}))
    return moved


def attribute_values(
    scores: Sequence[Score], attributes: Mapping[str, Callable[[Score], float]] = ATTRIBUTES
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the qualities of some scores, by name: (n,) each.

    Examples
    --------
    >>> found = attribute_values([Score.from_melody([60, 64, 67, 72], 24)])
    >>> float(found["density"][0]), float(found["range"][0])
    (4.0, 12.0)
    """
    return {name: np.array([measure(score) for score in scores]) for name, measure in attributes.items()}
