"""The plane of melodies between four corners, decoded in one call of a model, and how the page is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.attributes import AttributeSurface, moved_points
from musegen_edu.keys import key_to_pitch_classes, parse_key, pitch_to_name
from musegen_edu.latent import LatentModel, codec_of, plane_points, scores_to_latents
from musegen_edu.score import Score
from musegen_edu.widgets.latent_corners import CORNERS
from musegen_edu.widgets.latent_journey import BAR_TICKS, N_BARS
from musegen_edu.widgets.sounding import checked, notes_to_rows

Qualities = Mapping[str, AttributeSurface | npt.ArrayLike]


class LatentPlane:
    """What a model makes of the points between four latents: `size` rows of `size` melodies.

    Parameters
    ----------
    model : with `encode` and `decode`, as `MelodyVAE` has them.
    size : cells along an edge, at least 2.
    qualities : attribute -> vector (latent,) or `AttributeSurface`.

    Examples
    --------
    >>> from musegen_edu.models.vae import MelodyVAE
    >>> plane = LatentPlane(MelodyVAE(latent=4, units=16, hidden=16, decoder_units=8), 3, {})
    >>> tunes = [Score.from_melody([60 + corner, 64, 67], 24, key="C major") for corner in range(4)]
    >>> plane.decode(tunes, {})
    >>> [len(row) for row in plane.rows], plane.rows[0][2] == tunes[1]
    ([3, 3, 3], True)
    """

    def __init__(self, model: LatentModel, size: int, qualities: Qualities) -> None:
        self.size, self.qualities = size, dict(qualities)
        self.rows: list[list[Score]] = []
        self._model, self._codec = model, codec_of(model)
        self._known: dict[Score, npt.NDArray[np.float64]] = {}  # corner -> latent

    def latent_of(self, name: str, score: Score) -> npt.NDArray[np.float64]:
        """Return the latent of a corner, (latent,); the ValueError of a melody that the codec cannot write names the corner."""
        if score not in self._known:
            try:
                self._known[score] = scores_to_latents(self._model, [score])[0].astype(np.float64)
            except ValueError as error:
                raise ValueError(f"corner {name}: {error}") from error
        return self._known[score]

    def latents(self, corners: Sequence[Score]) -> list[npt.NDArray[np.float64]]:
        """Return the latents of the four corners."""
        return [self.latent_of(name, score) for name, score in zip(CORNERS, corners, strict=True)]

    def check_qualities(self, n: int) -> None:
        """Refuse attributes that do not belong to latents of n numbers."""
        for name, quality in self.qualities.items():
            slope = quality.slope if isinstance(quality, AttributeSurface) else quality
            fits = np.shape(slope) == (n,)
            checked(f"attributes[{name!r}]", quality, fits, f"a vector of {n} numbers, or such a surface")

    def decode(self, corners: Sequence[Score], amounts: Mapping[str, float]) -> None:
        """Decode the whole plane in one call. With no attribute moved, the corners are the melodies that were entered."""
        points = plane_points(np.array(self.latents(corners)), self.size).reshape(self.size**2, -1)
        for name, amount in amounts.items():
            points = moved_points(points, self.qualities[name], amount) if amount else points
        symbols = self._model.decode(points)  # (size * size, 64)
        keys = cell_keys(corners, self.size)
        cells = [self._codec.decode(row, key=key) for row, key in zip(symbols, keys, strict=True)]
        self.rows = [cells[i * self.size : (i + 1) * self.size] for i in range(self.size)]
        if not any(amounts.values()):
            ends = (0, self.size - 1)
            for corner, (i, j) in zip(corners, [(i, j) for i in ends for j in ends], strict=True):
                self.rows[i][j] = corner
        self._known = {score: self._known[score] for score in corners}  # forget corners that are gone


def cell_keys(corners: Sequence[Score], size: int) -> list[str | None]:
    """Return the key of each cell: the tonic of corner A, and the mode of the nearest corner where that has the same tonic."""
    home = corners[0].key
    half = (size - 1) / 2
    nearest = [corners[2 * (i > half) + (j > half)].key for i in range(size) for j in range(size)]
    return [key if key and home and parse_key(key)[0] == parse_key(home)[0] else home for key in nearest]


def melodies_to_rows(melodies: Sequence[Score]) -> bytes:
    """Return the notes of many melodies for the page: rows of five int32, onset, duration, pitch, velocity and the number of the melody."""
    rows = [np.frombuffer(notes_to_rows(score), "<i4").reshape(-1, 5).copy() for score in melodies]
    for number, notes in enumerate(rows):
        notes[:, 4] = number
    return np.concatenate(rows).astype("<i4").tobytes()


def plane_facts(corners: Sequence[Score]) -> dict[str, Any]:
    """Return names, key and spelling of a plane, as the page shows them."""
    home = corners[0].key
    return {
        "bar": BAR_TICKS,
        "bars": N_BARS,
        "names": [score.title or "a melody" for score in corners],
        "key": home or "",
        "scale": sorted(key_to_pitch_classes(home)) if home else [],
        "spelling": [pitch_to_name(60 + pitch, home).rstrip("0123456789-") for pitch in range(12)],
    }


def other_keys_remark(corners: Sequence[Score]) -> str:
    """Return which corners sound in another key than the plane, in a sentence; nothing where none does.

    Examples
    --------
    >>> c, g = (Score.from_melody([67], 24, key=key) for key in ("C major", "G major"))
    >>> other_keys_remark([c, c, g, c])
    'The plane sounds on the tonic of A (C major); C (G major) sounds in another key at the corner only.'
    """
    home = corners[0].key
    others = [
        f"{name} ({score.key})"
        for name, score in zip(CORNERS, corners, strict=True)
        if score.key and home and parse_key(score.key)[0] != parse_key(home)[0]
    ]
    if not others:
        return ""
    verb = "sounds" if len(others) == 1 else "sound"
    return f"The plane sounds on the tonic of A ({home}); {', '.join(others)} {verb} in another key at the corner only."
