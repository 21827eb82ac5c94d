"""The four melodies at the corners of a latent plane, and the folk tunes that corners and attributes are taken from."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from musegen_edu.attributes import AttributeSurface, attribute_surface, attribute_values
from musegen_edu.four_bars import FourBarWindows, folk_windows
from musegen_edu.keys import parse_key, transpose_key
from musegen_edu.latent import LatentModel
from musegen_edu.score import DRUMS, Score
from musegen_edu.widgets.latent_journey import BAR_TICKS, LENGTH, N_BARS

CORNERS = ("A", "B", "C", "D")  # top left, top right, bottom left, bottom right
_LEAST_NOTES = 8  # of a melody from the corpus: fewer make a dull corner
_N_MEASURED = 3000  # windows that the attributes are measured on


@lru_cache(maxsize=1)
def held_out_windows() -> FourBarWindows:
    """Return the four-bar windows of the folk tunes that no model of the course was trained on."""
    return folk_windows("valid")


def checked_corner(name: str, score: object) -> Score:
    """Return a score as a corner: one part of at most four bars of 4/4.

    Raises
    ------
    ValueError
        If it is something else; the message names the corner.

    Examples
    --------
    >>> checked_corner("A", Score.from_melody([60, 64, 67], 24)).n_bars
    1
    """
    if not isinstance(score, Score):
        raise ValueError(f"corner {name} is {score!r}; it must be a Score")
    if score.n_parts != 1 or score.programs[0] == DRUMS:
        raise ValueError(f"corner {name} has the programs {score.programs}; give one melody, such as score.part(0)")
    if score.bar_ticks != BAR_TICKS:
        raise ValueError(f"corner {name} has the meter {score.meter[0]}/{score.meter[1]}; give bars of 4/4")
    if score.pickup or score.duration > LENGTH:
        raise ValueError(
            f"corner {name} has {score.n_bars} bars; give {N_BARS} full ones, such as score.slice_bars(1, {N_BARS})"
        )
    return score


def moved_to_tonic(score: Score, key: str | None) -> Score:
    """Return a score moved by the smallest interval that gives it the tonic of another key; as it is where one has no key.

    Examples
    --------
    >>> moved_to_tonic(Score.from_melody([67], 24, key="G major"), "D minor").notes["pitch"].tolist()
    [62]
    """
    if key is None or score.key is None:
        return score
    distance = (parse_key(key)[0] - parse_key(score.key)[0] + 6) % 12 - 6
    return score.transpose(distance).replace(key=transpose_key(score.key, distance))


def corpus_corner(key: str | None, rng: np.random.Generator) -> Score:
    """Return four bars of a folk tune, moved to a key's tonic.

    Parameters
    ----------
    key : whose tonic it gets; None leaves it as it is.
    rng : draws.

    Examples
    --------
    >>> melody = corpus_corner("D major", np.random.default_rng(0))
    >>> melody.key[:2], len(melody) >= 8
    ('D ', True)
    """
    windows = held_out_windows()
    while True:
        score = windows.score(int(rng.integers(len(windows))))
        if len(score) >= _LEAST_NOTES and score.notes["onset"][0] == 0 and score.duration > LENGTH - BAR_TICKS:
            return moved_to_tonic(score, key)


def folk_attributes(model: LatentModel) -> dict[str, AttributeSurface]:
    """Return the attributes of folk tunes as surfaces over a latent space, in standard deviations above the mean of the corpus.

    Parameters
    ----------
    model : see `musegen_edu.latent`.

    Returns
    -------
    Name of the attribute -> its surface, by least squares over some 3,000 windows that the model was trained on.

    Lesson: 09 variational_autoencoders.
    """
    windows, values = measured_windows()
    latents = model.encode(windows.symbols)[0]
    return {name: attribute_surface(latents, column) for name, column in values.items()}


@lru_cache(maxsize=1)
def measured_windows() -> tuple[FourBarWindows, dict[str, npt.NDArray[np.float64]]]:
    """Return training windows of the folk tunes, and their attributes, each with mean 0 and standard deviation 1."""
    windows = folk_windows("train", hop=N_BARS)
    windows = windows.take(np.linspace(0, len(windows) - 1, min(_N_MEASURED, len(windows))).astype(int))
    values = attribute_values([windows.score(index) for index in range(len(windows))])
    return windows, {name: (column - np.nanmean(column)) / np.nanstd(column) for name, column in values.items()}
