"""Piano rolls: music as a picture, one row a time step, one column a pitch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import NOTE_DTYPE, Score

N_PITCHES = 128
SOUNDING, ONSET = 0, 1  # the two layers, the last axis of a roll
MAX_CELLS = 2**30  # a roll of more numbers than this (1 GB) is surely a mistake


def score_to_pianoroll(score: Score, *, grid: int = 6) -> npt.NDArray[np.uint8]:
    """Draw a score as a piano roll with two layers.

    Layer `SOUNDING` holds a note's velocity at every step at which it sounds, and 0 elsewhere. Layer `ONSET` holds 1 at the step
    at which a note begins; without it two notes of the same pitch that touch would look like one long note.

    A roll cannot hold two notes at one place. Where notes of the same pitch and part overlap, the earlier one ends where the
    later one begins; of two that begin together the longer one stays.

    Parameters
    ----------
    score : all onsets and durations on the grid.
    grid : ticks a step: 6 is a sixteenth note, 8 a triplet eighth.

    Returns
    -------
    uint8 of shape (parts, steps, 128, 2); the last step is where the last note ends. The axis of 128 is the MIDI pitch.

    Raises
    ------
    ValueError
        If a note lies off the grid, or the roll would not fit in memory.

    Examples
    --------
    >>> roll = score_to_pianoroll(Score.from_melody([60, 60, 64], [12, 6, 6]))
    >>> roll.shape
    (1, 4, 128, 2)
    >>> roll[0, :, 60, SOUNDING].tolist(), roll[0, :, 60, ONSET].tolist()  # two steps of C, then C again
    ([80, 80, 80, 0], [1, 0, 1, 0])
    >>> score_to_pianoroll(Score.from_melody([60], 8))
    Traceback (most recent call last):
    ...
    ValueError: score has a note at tick 0 of 8 ticks, off the grid of 6; score.quantize(6) moves every note onto it

    Lesson: 02 representing_music.
    """
    grid = _checked_grid(grid)
    notes = score.notes
    off = (notes["onset"] % grid != 0) | (notes["duration"] % grid != 0)
    if off.any():
        note = notes[int(np.argmax(off))]
        raise ValueError(
            f"score has a note at tick {note['onset']} of {note['duration']} ticks, off the grid of {grid}; "
            f"score.quantize({grid}) moves every note onto it"
        )
    n_steps = score.duration // grid
    if score.n_parts * n_steps * N_PITCHES * 2 > MAX_CELLS:
        raise ValueError(
            f"score has {score.n_parts} parts and {n_steps} steps of {grid} ticks, too many for one roll; "
            "take some bars with score.slice_bars(first, last), or a coarser grid"
        )
    roll = np.zeros((score.n_parts, n_steps, N_PITCHES, 2), np.uint8)
    # Rows come by onset, then duration: the later and, among equals, the longer note is drawn last and so stays.
    for onset, duration, pitch, velocity, part in notes.tolist():
        first, stop = onset // grid, (onset + duration) // grid
        column = roll[part, first:, pitch]  # (steps from here, 2)
        column[: stop - first] = velocity, 0
        column[0, ONSET] = 1
        # An earlier note that would outlast this one ends here: clear what is left of it, up to the next note.
        rest = column[stop - first :]
        ends = np.flatnonzero((rest[:, ONSET] > 0) | (rest[:, SOUNDING] == 0))
        rest[: ends[0] if len(ends) else len(rest)] = 0
    return roll


def pianoroll_to_score(roll: npt.ArrayLike, *, grid: int = 6, velocity: int | None = None, **fields: Any) -> Score:
    """Read a piano roll back into a score.

    A note begins where the onset layer says so, and also where a pitch sounds that was silent the step before, so every roll, one
    made by a model too, gives a playable score. It ends before the next note of its pitch, or where the pitch falls silent.

    Parameters
    ----------
    roll : whole numbers or truth values, shape (parts, steps, 128, 2) as `score_to_pianoroll` gives it, or (parts, steps, 128):
        the sounding layer alone, where notes that touch become one.
    grid : ticks a step.
    velocity : of every note, 1 to 127. Without it a note has the value found at its first step, or 80 where the roll holds
        only 0 and 1.
    fields : the other fields of the score, such as `meter`; `programs` is the piano for every part unless it is given.

    Returns
    -------
    A score equal to the one that was drawn, as long as its fields are given and no two notes of one pitch overlapped.

    Raises
    ------
    ValueError
        If the roll has another shape or values other than whole numbers from 0 to 127.

    Examples
    --------
    >>> tune = Score.from_melody([60, None, 64], [12, 6, 6], velocity=99, meter=(3, 4))
    >>> pianoroll_to_score(score_to_pianoroll(tune), meter=(3, 4)) == tune
    True

    Lesson: 02 representing_music.
    """
    grid = _checked_grid(grid)
    sounding, onset = _checked_layers(roll)  # (parts, steps, 128) each
    if velocity is not None and not 1 <= velocity <= 127:
        raise ValueError(f"velocity={velocity!r} must be from 1 to 127")
    if velocity is None and sounding.max(initial=0) <= 1:
        velocity = 80
    n_parts, n_steps, _ = sounding.shape
    is_on = sounding > 0
    before = np.zeros_like(is_on)
    before[:, 1:] = is_on[:, :-1]
    starts = is_on & ((onset > 0) | ~before)
    # Steps last, so that the cells of one pitch lie side by side and each note ends at the next start or silence after it.
    part, pitch, step = np.nonzero(starts.transpose(0, 2, 1))
    stops = np.pad(starts | ~is_on, ((0, 0), (0, 1), (0, 0)), constant_values=True).transpose(0, 2, 1)
    stop_part, stop_pitch, stop_step = np.nonzero(stops)
    row_of_stop = (stop_part * N_PITCHES + stop_pitch) * (n_steps + 1) + stop_step  # rising
    row_of_start = (part * N_PITCHES + pitch) * (n_steps + 1) + step
    next_stop = stop_step[np.searchsorted(row_of_stop, row_of_start, side="right")]
    notes = np.empty(len(step), NOTE_DTYPE)
    notes["onset"], notes["duration"] = step * grid, (next_stop - step) * grid
    notes["pitch"], notes["part"] = pitch, part
    notes["velocity"] = sounding[part, step, pitch] if velocity is None else velocity
    return Score(notes, **{"programs": (0,) * n_parts, **fields})


def _checked_layers(roll: npt.ArrayLike) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    cells = np.asarray(roll)
    is_layered = cells.ndim == 4 and cells.shape[2:] == (N_PITCHES, 2)
    if not (is_layered or (cells.ndim == 3 and cells.shape[2] == N_PITCHES)) or not 1 <= cells.shape[0] <= 256:
        raise ValueError(f"roll has the shape {cells.shape}; it must be (parts, steps, 128, 2) or (parts, steps, 128)")
    if cells.dtype.kind not in "biu":
        raise ValueError(
            f"roll holds {cells.dtype.name} values; it must hold whole numbers or truth values (for probabilities: roll > 0.5)"
        )
    if cells.size and not 0 <= int(cells.min()) <= int(cells.max()) <= 127:
        raise ValueError(f"roll holds values from {cells.min()} to {cells.max()}; velocities go from 0 to 127")
    return (cells[..., SOUNDING], cells[..., ONSET]) if is_layered else (cells, np.zeros_like(cells))


def _checked_grid(grid: int) -> int:
    if isinstance(grid, bool) or int(grid) != grid or grid < 1:
        raise ValueError(f"grid={grid!r} must be a whole number of ticks, at least 1 (6 is a sixteenth)")
    return int(grid)
