"""How sharp and how lively the mel spectrograms of single notes are, how near to real takes of the same note, and how unlike each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.spectrogram import FLOOR_DB

AUDIBLE = 60.0  # decibels: what lies farther below the loudest place of a note counts for nothing
_NEIGHBOURS = 4  # bands on each side of one that make its surroundings

Floats = npt.NDArray[np.float64]


def partial_contrast(mels: npt.ArrayLike) -> Floats:
    """Return how clearly each note's partials stand out of their surroundings: 0 for a picture that is smooth from band to band.

    From each place of the picture the mean of the nine bands around it is taken away; what is left, squared and averaged over all places whose
    surroundings are audible, is the contrast. A blurred picture has less of it than a real one; a noisy one has more.

    Parameters
    ----------
    mels : (n, n_bands, n_frames) decibels, -80 to about 0.

    Returns
    -------
    (n,) decibels, root mean squares; 0 for silence.

    Examples
    --------
    >>> comb = np.where(np.arange(40) % 8 == 0, -10.0, -40.0)[None, :, None] + np.zeros((1, 40, 5))
    >>> contrast = partial_contrast(np.concatenate([comb, comb * 0 - 25]))
    >>> [round(float(value), 1) for value in contrast]
    [9.7, 0.0]

    Lesson: 11 hybrid_gans.
    """
    pictures = _checked("mels", mels)
    n_bands = pictures.shape[1]
    edged = np.pad(pictures, ((0, 0), (_NEIGHBOURS, _NEIGHBOURS), (0, 0)), mode="edge")
    width = 2 * _NEIGHBOURS + 1
    around = np.mean([edged[:, first : first + n_bands] for first in range(width)], axis=0)
    return np.sqrt(_audible_mean((pictures - around) ** 2, around))


def flicker(mels: npt.ArrayLike) -> Floats:
    """Return how much each note's picture changes from one frame to the next: 0 for a picture that stands still.

    The mean size of the change, in decibels, over all places that are audible. Breath, bow and vibrato flicker; a mean of many takes does not.

    Parameters
    ----------
    mels : (n, n_bands, n_frames) decibels, -80 to about 0, two frames or more.

    Returns
    -------
    (n,) decibels a frame; 0 for silence.

    Examples
    --------
    >>> still = np.full((1, 3, 6), -20.0)
    >>> trembling = still + np.array([2.0, -2.0] * 3)
    >>> flicker(np.concatenate([still, trembling])).tolist()
    [0.0, 4.0]

    Lesson: 11 hybrid_gans.
    """
    pictures = _checked("mels", mels)
    if pictures.shape[2] < 2:
        raise ValueError(f"mels has shape {pictures.shape}; flicker needs two frames or more")
    louder = np.maximum(pictures[:, :, 1:], pictures[:, :, :-1])
    return _audible_mean(np.abs(np.diff(pictures, axis=2)), louder)


def nearest_take(mels: npt.ArrayLike, notes: npt.ArrayLike, real: npt.ArrayLike, real_notes: npt.ArrayLike) -> Floats:
    """Return how far each picture lies from the nearest real take of the same note, in decibels (root mean square).

    Parameters
    ----------
    mels : (n, n_bands, n_frames) decibels.
    notes : (n, k) integers that name a note, such as its pitch and its instrument.
    real, real_notes : the real takes, (m, n_bands, n_frames) and (m, k); each note asked for must be among them.

    Returns
    -------
    (n,) decibels.

    Raises
    ------
    ValueError
        If a note has no real take, or the shapes do not fit.

    Examples
    --------
    >>> takes = np.stack([np.full((2, 3), -20.0), np.full((2, 3), -30.0)])
    >>> nearest_take(takes[:1] - 4, [[60, 1]], takes, [[60, 1], [60, 1]]).tolist()
    [4.0]

    Lesson: 10 generative_adversarial_networks.
    """
    pictures, takes = _checked("mels", mels), _checked("real", real)
    asked, known = np.asarray(notes), np.asarray(real_notes)
    if len(asked) != len(pictures) or len(known) != len(takes) or pictures.shape[1:] != takes.shape[1:]:
        raise ValueError(
            f"mels {pictures.shape} with {len(asked)} notes, real {takes.shape} with {len(known)} notes do not fit together"
        )
    found = []
    for picture, note in zip(pictures, asked, strict=True):
        same = takes[(known == note).all(axis=1)]
        if len(same) == 0:
            raise ValueError(f"notes holds {note.tolist()}, of which real_notes has no take")
        found.append(np.sqrt(((same - picture) ** 2).mean(axis=(1, 2))).min())
    return np.array(found)


def unlikeness(takes: npt.ArrayLike) -> Floats:
    """Return how much takes of one note differ from each other: for each note, the mean distance of two takes, in decibels.

    Parameters
    ----------
    takes : (n_notes, n_takes, n_bands, n_frames) decibels, two takes or more.

    Returns
    -------
    (n_notes,) root mean squares; 0 where all takes are the same, as those of a generator that does not listen to its noise.

    Examples
    --------
    >>> unlikeness(np.array([-20.0, -20.0, -26.0])[None, :, None, None] + np.zeros((1, 3, 2, 2))).tolist()
    [4.0]

    Lesson: 10 generative_adversarial_networks.
    """
    pictures = np.asarray(takes, np.float64)
    if pictures.ndim != 4 or pictures.shape[1] < 2:
        raise ValueError(f"takes has shape {pictures.shape}; give (n_notes, two or more takes, n_bands, n_frames)")
    first, second = np.triu_indices(pictures.shape[1], 1)
    return np.asarray(np.sqrt(((pictures[:, first] - pictures[:, second]) ** 2).mean(axis=(2, 3))).mean(axis=1))


def _audible_mean(values: Floats, loudness: Floats) -> Floats:
    """Return the mean of each picture's values over its audible places; 0 where there are none."""
    loudest = loudness.max(axis=(1, 2), keepdims=True)
    heard = (loudness > loudest - AUDIBLE) & (loudness > FLOOR_DB)
    return np.asarray((values * heard).sum(axis=(1, 2)) / np.maximum(heard.sum(axis=(1, 2)), 1))


def _checked(name: str, mels: npt.ArrayLike) -> Floats:
    pictures = np.asarray(mels, np.float64)
    if pictures.ndim != 3 or 0 in pictures.shape:
        raise ValueError(f"{name} has shape {pictures.shape}; give (n, n_bands, n_frames) decibels")
    return pictures
