"""Chords as words: the keys of each frame of a piano roll from the top down, and an end sign."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NO_FRAME = -1  # fills frames after the end of a piece


def roll_to_spelling(roll: npt.ArrayLike, *, places: int | None = None) -> npt.NDArray[np.int32]:
    """Write each frame of a roll as a word: its keys from the top down, then the sign `n_keys`, which says "that is all".

    Parameters
    ----------
    roll : (frames, n_keys), not 0 where a key sounds. Column 0 is the lowest key.
    places : length of a word; the largest number of keys in a frame plus one, if None.

    Returns
    -------
    Integers of shape (frames, places). The places after the end sign hold the end sign too.

    Raises
    ------
    ValueError
        If `roll` has not two axes, or a chord with its end sign does not fit into `places`.

    Examples
    --------
    >>> roll = np.zeros((2, 88), int)
    >>> roll[0, [39, 43, 46]] = 1  # C, E and G of the middle octave; then silence
    >>> roll_to_spelling(roll).tolist()
    [[46, 43, 39, 88], [88, 88, 88, 88]]

    Lesson: 06 lstm_and_gru.
    """
    sounds = np.asarray(roll) != 0
    if sounds.ndim != 2:
        raise ValueError(f"roll has the shape {sounds.shape}; it must be (frames, n_keys)")
    n_keys = sounds.shape[1]
    n_notes = sounds.sum(axis=1)
    needed = int(n_notes.max(initial=0)) + 1
    if places is None:
        places = needed
    if places < needed:
        raise ValueError(
            f"places={places} is too short: frame {int(n_notes.argmax())} has {needed - 1} notes, and the end sign needs a "
            f"place too; {needed} would be enough"
        )
    spelling = np.full((len(sounds), places), n_keys, np.int32)
    frames, keys = np.nonzero(sounds[:, ::-1])  # row by row, the highest key first
    place = np.arange(len(frames)) - (np.cumsum(n_notes) - n_notes)[frames]
    spelling[frames, place] = n_keys - 1 - keys
    return spelling


def spelling_to_roll(spelling: npt.ArrayLike, n_keys: int = 88) -> npt.NDArray[np.uint8]:
    """Turn spelled chords back into a roll: `roll_to_spelling` the other way round.

    Parameters
    ----------
    spelling : integers (frames, places), 0 to n_keys.
    n_keys : number of keys, which is also the end sign.

    Returns
    -------
    uint8 of shape (frames, n_keys), 1 where a key sounds.

    Raises
    ------
    ValueError
        If `spelling` has not two axes, or a number in it is neither a key nor the end sign.

    Examples
    --------
    >>> spelling_to_roll([[2, 0, 3], [3, 3, 3]], n_keys=3).tolist()
    [[1, 0, 1], [0, 0, 0]]

    Lesson: 06 lstm_and_gru.
    """
    words = np.asarray(spelling)
    if words.ndim != 2:
        raise ValueError(f"spelling has the shape {words.shape}; it must be (frames, places)")
    if words.size and not 0 <= words.min() <= words.max() <= n_keys:
        raise ValueError(
            f"spelling runs from {words.min()} to {words.max()}; it must hold keys from 0 to {n_keys - 1} and the end sign {n_keys}"
        )
    roll = np.zeros((len(words), n_keys + 1), np.uint8)
    np.put_along_axis(roll, words.astype(np.int64), 1, axis=1)
    return roll[:, :n_keys]
