"""Qualities of music as directions in a latent space: more notes, a wider range, more off the beat, rising, major.

`attribute_vector` finds the direction, `move` goes along it; both work with any model as `musegen_edu.latent` describes it. Where a quality
has no one direction (to widen the range, what is high must rise and what is low must fall, and which bars are high differs from tune
to tune), `attribute_surface` tells it as a curved surface, whose steepest way up is another one at each point.
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


class AttributeSurface:
    """A quality as a curved surface over the latent space: c + w . z + z . Q z, with the steepest way up at each point.

    Made by `attribute_surface`.

    Parameters
    ----------
    constant, slope, curvature : c; w, (latent,); Q, symmetric, (latent, latent).

    Examples
    --------
    >>> bowl = AttributeSurface(0.0, np.zeros(2), np.eye(2))  # x^2 + y^2
    >>> bowl.values([[3.0, 4.0]]).tolist(), bowl.gradients([[3.0, 4.0]]).tolist()
    ([25.0], [[6.0, 8.0]])
    >>> [round(float(number), 2) for number in bowl.moved([[3.0, 4.0]], 11.0)[0]]  # out to a radius of 6
    [3.6, 4.8]

    Lesson: 09 variational_autoencoders.
    """

    def __init__(self, constant: float, slope: npt.ArrayLike, curvature: npt.ArrayLike) -> None:
        self.constant, self.slope = float(constant), np.asarray(slope, np.float64)
        self.curvature = np.asarray(curvature, np.float64)

    def values(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return what the surface says of points (n, latent): (n,)."""
        z = np.asarray(points, np.float64)
        return np.asarray(self.constant + z @ self.slope + ((z @ self.curvature) * z).sum(axis=1))

    def gradients(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the steepest way up at points (n, latent): (n, latent)."""
        return np.asarray(self.slope + 2 * np.asarray(points, np.float64) @ self.curvature)

    def moved(self, points: npt.ArrayLike, amount: float | npt.ArrayLike) -> Points:
        """Return points from which the surface is higher by an amount, reached by going its steepest way in small steps.

        Parameters
        ----------
        points : (n, latent).
        amount : in the units of the quality; one number, or one a point. Where the surface does not go so far, the way ends early.
        """
        start = np.asarray(points, np.float64)
        target = self.values(start) + np.broadcast_to(np.asarray(amount, np.float64), (len(start),))
        z = start.copy()
        for _ in range(_N_STEPS):
            way = self.gradients(z)
            square = np.maximum((way**2).sum(axis=1), 1e-12)
            step = ((target - self.values(z)) / square)[:, None] * way  # Newton's, along the gradient
            length = np.linalg.norm(step, axis=1, keepdims=True)
            z += step * np.minimum(0.5, _LONGEST_STEP / np.maximum(length, 1e-12))
        return np.asarray(z, np.float32)


_N_STEPS, _LONGEST_STEP = 24, 0.25


def attribute_surface(latents: npt.ArrayLike, values: npt.ArrayLike, *, ridge: float = 1.0) -> AttributeSurface:
    """Return the curved surface that is nearest to a quality: least squares over all products of two latent numbers.

    Parameters
    ----------
    latents : (n, latent), the points of some music; a few thousand at best.
    values : (n,), how much of the quality each has; NaN is left out.
    ridge : holds large numbers back where there is little music.

    Raises
    ------
    ValueError
        If the numbers differ, or no value is known.

    Examples
    --------
    >>> z = np.random.default_rng(0).normal(size=(500, 2))
    >>> surface = attribute_surface(z, 3 + z[:, 0] ** 2)
    >>> bool(np.abs(surface.values(z) - 3 - z[:, 0] ** 2).max() < 0.1)
    True

    Lesson: 09 variational_autoencoders.
    """
    z, wanted = np.asarray(latents, np.float64), np.asarray(values, np.float64)
    if z.ndim != 2 or wanted.shape != (len(z),):
        raise ValueError(f"latents has shape {z.shape} and values {wanted.shape}; give (n, latent) and (n,)")
    known = np.isfinite(wanted)
    if not known.any():
        raise ValueError("values holds no number; the surface of a quality needs music of which it is known")
    z, wanted = z[known], wanted[known]
    first, second = np.triu_indices(z.shape[1])
    columns = np.concatenate([z, z[:, first] * z[:, second]], axis=1)
    centre, mean = columns.mean(axis=0), wanted.mean()
    columns = columns - centre
    found = np.linalg.solve(columns.T @ columns + ridge * np.eye(columns.shape[1]), columns.T @ (wanted - mean))
    curvature = np.zeros((z.shape[1], z.shape[1]))
    curvature[first, second] += found[z.shape[1] :] / 2
    curvature[second, first] += found[z.shape[1] :] / 2
    return AttributeSurface(mean - centre @ found, found[: z.shape[1]], curvature)


def moved_points(
    points: npt.ArrayLike, quality: AttributeSurface | npt.ArrayLike, amount: float | npt.ArrayLike
) -> Points:
    """Return points, (n, latent), with more of a quality: along its vector, (latent,), or the steepest way up its surface."""
    if isinstance(quality, AttributeSurface):
        return quality.moved(points, amount)
    z = np.asarray(points, np.float64)
    steps = np.broadcast_to(np.asarray(amount, np.float64), (len(z),))
    return np.asarray(z + steps[:, None] * np.asarray(quality, np.float64), np.float32)


def move(
    model: LatentModel,
    scores: Sequence[Score],
    quality: AttributeSurface | npt.ArrayLike,
    amount: float | npt.ArrayLike,
    **fields: Any,
) -> list[Score]:
    """Return scores with more (or, below 0, less) of a quality: encoded, moved along its vector or up its surface, and decoded.

    Parameters
    ----------
    model, scores : see `scores_to_latents`; each keeps its key, tempo, title and instrument.
    quality : (latent,), what `attribute_vector` returned, or what `attribute_surface` did.
    amount : in the units of the quality; one number, or one a score.
    fields : other fields of the result.

    Lesson: 09 variational_autoencoders.
    """
    points = moved_points(scores_to_latents(model, scores), quality, amount)
    codec = codec_of(model)
    moved = []
    for row, score in zip(model.decode(points), scores, strict=True):
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
