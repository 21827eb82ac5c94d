"""Moving about in a latent space of four-bar tunes: from music to points, between points, and back to music.

The functions work with any model that has `encode` (symbols to mean and log variance) and `decode` (points to symbols) as `MelodyVAE` has
them; its `codec`, a `FourBarCodec` if it has none, turns symbols into scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import FourBarCodec

Points = npt.NDArray[np.float32]


class LatentModel(Protocol):
    """What the functions here need of a model."""

    def encode(self, symbols: npt.ArrayLike) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return mean and log variance, (n, latent) each."""
        ...

    def decode(self, z: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Return symbols, (n, 64)."""
        ...


def scores_to_latents(model: LatentModel, scores: Sequence[Score]) -> Points:
    """Return the point of each score: the mean of its distribution, (n, latent).

    Parameters
    ----------
    model : such as `load_pretrained("melody_vae")`.
    scores : four bars each, as `FourBarCodec.encode` takes them.

    Examples
    --------
    >>> from musegen_edu.models.vae import MelodyVAE
    >>> model = MelodyVAE(latent=4, units=16, hidden=16, decoder_units=8)
    >>> scores_to_latents(model, [Score.from_melody([60, 64, 67], 24)]).shape
    (1, 4)

    Lesson: 09 variational_autoencoders.
    """
    if len(scores) == 0:
        raise ValueError("scores is empty; give at least one score")
    codec = codec_of(model)
    symbols = np.array([codec.encode(score) for score in scores])
    return np.asarray(model.encode(symbols)[0], np.float32)


def latents_to_scores(
    model: LatentModel,
    latents: npt.ArrayLike,
    *,
    key: str | None = None,
    temperature: float | None = None,
    seed: int = 0,
    **fields: Any,
) -> list[Score]:
    """Return the music at some points, decoded in one call.

    Parameters
    ----------
    model : such as `load_pretrained("melody_vae")`.
    latents : (n, latent).
    key : in which the music is to stand: the points do not tell.
    temperature, seed : as in `MelodyVAE.decode`.
    fields : other fields of the scores, such as `bpm` and `programs`.

    Lesson: 09 variational_autoencoders.
    """
    codec = codec_of(model)
    options: dict[str, Any] = {} if temperature is None else {"temperature": temperature, "seed": seed}
    return [codec.decode(row, key=key, **fields) for row in model.decode(np.asarray(latents), **options)]


def codec_of(model: Any) -> FourBarCodec:
    """Return a model's codec, a `FourBarCodec` where it has none."""
    codec: FourBarCodec | None = getattr(model, "codec", None)
    return codec if codec is not None else FourBarCodec()


# ---- between points ----


def lerp(a: npt.ArrayLike, b: npt.ArrayLike, share: npt.ArrayLike) -> Points:
    """Return points on the straight line from a to b: (1 - share) a + share b.

    Parameters
    ----------
    a, b : (latent,).
    share : one number, 0 at a and 1 at b, or several.

    Returns
    -------
    (latent,), or (n, latent) for n shares.

    Examples
    --------
    >>> lerp([0.0, 2.0], [1.0, 0.0], [0.0, 0.5, 1.0]).tolist()
    [[0.0, 2.0], [0.5, 1.0], [1.0, 0.0]]

    Lesson: 09 variational_autoencoders.
    """
    start, end, shares = _ends(a, b, share)
    return np.asarray((1 - shares) * start + shares * end, np.float32)


def slerp(a: npt.ArrayLike, b: npt.ArrayLike, share: npt.ArrayLike) -> Points:
    """Return points on the arc from a to b: the direction turns evenly, and the length goes evenly from that of a to that of b.

    In many dimensions nearly all of a normal distribution lies at about the same distance from the origin. A straight line takes a short cut
    through the middle, where hardly any music was ever encoded; an arc does not. Where a and b have the same direction, opposite ones, or no
    length, it is the straight line.

    Parameters
    ----------
    a, b : (latent,).
    share : one number, 0 at a and 1 at b, or several.

    Examples
    --------
    >>> [round(float(number), 3) for number in slerp([1.0, 0.0], [0.0, 1.0], 0.5)]
    [0.707, 0.707]

    References
    ----------
    Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985; for latent spaces White, "Sampling generative networks", 2016.
    Lesson: 09 variational_autoencoders.
    """
    start, end, shares = _ends(a, b, share)
    lengths = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if min(lengths) == 0:
        return lerp(a, b, share)
    first, last = start / lengths[0], end / lengths[1]
    angle = float(np.arccos(np.clip(first @ last, -1, 1)))
    if np.sin(angle) < 1e-4:
        return lerp(a, b, share)
    direction = (np.sin((1 - shares) * angle) * first + np.sin(shares * angle) * last) / np.sin(angle)
    return np.asarray(direction * ((1 - shares) * lengths[0] + shares * lengths[1]), np.float32)


def _ends(a: npt.ArrayLike, b: npt.ArrayLike, share: npt.ArrayLike) -> tuple[Any, Any, Any]:
    start, end = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(
            f"a has shape {start.shape} and b {end.shape}; give two points of one latent space, (latent,) each"
        )
    return start, end, np.asarray(share, np.float64)[..., None]


def plane_points(corners: npt.ArrayLike, size: int = 9) -> Points:
    """Return a plane of points between four corners: (size, size, latent).

    Parameters
    ----------
    corners : (4, latent): top left, top right, bottom left, bottom right.
    size : points a side, at least 2.

    Examples
    --------
    >>> plane_points([[0.0], [2.0], [4.0], [6.0]], size=3)[:, :, 0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
    """
    four = np.asarray(corners, np.float64)
    if four.ndim != 2 or len(four) != 4:
        raise ValueError(f"corners has shape {four.shape}; give four points, (4, latent)")
    if size < 2:
        raise ValueError(f"size={size} must be at least 2, a corner each")
    across = np.linspace(0, 1, size)[None, :, None]
    down = np.linspace(0, 1, size)[:, None, None]
    top, bottom = (1 - across) * four[0] + across * four[1], (1 - across) * four[2] + across * four[3]
    return np.asarray((1 - down) * top + down * bottom, np.float32)


def latent_plane(
    model: LatentModel, corners: npt.ArrayLike, size: int = 9, *, key: str | None = None, **fields: Any
) -> list[list[Score]]:
    """Return the music on a plane between four points, row by row from the top, all of it decoded in one call.

    Parameters
    ----------
    model, key, fields : as in `latents_to_scores`.
    corners, size : as in `plane_points`.

    Lesson: 09 variational_autoencoders.
    """
    points = plane_points(corners, size)
    scores = latents_to_scores(model, points.reshape(size * size, -1), key=key, **fields)
    return [scores[row * size : (row + 1) * size] for row in range(size)]
