"""Erase any region of a chorale and have it filled: scores in, scores out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.files import weights_folder
from musegen_edu.keys import estimate_key
from musegen_edu.pretrained import load_pretrained
from musegen_edu.score import NOTE_DTYPE, TICKS_PER_QUARTER, Score
from musegen_edu.tokens.chorale_codec import (
    FIRST_PITCH,
    HIGHEST,
    HOLD,
    LOWEST,
    REST,
    VOICES,
    ChoraleCodec,
    ChoralePlan,
    sounding_symbols,
)
from musegen_edu.tokens.chorale_grid import GRID_COLUMNS, Grid, grid_to_symbols, table_to_grid
from musegen_edu.tokens.melody_codec import one_voice

if TYPE_CHECKING:
    from musegen_edu.models.convolutional import ChoraleInpainter

STEP_TICKS = TICKS_PER_QUARTER // 4  # a sixteenth: the width of a cell
_SHIFT = 2 * len(VOICES) + list(GRID_COLUMNS).index("shift")  # the column that says how far the music was moved
_NOTHING = -1
_VELOCITY = 80


def inpaint(
    chorale: Score,
    erased: npt.ArrayLike,
    *,
    model: str | ChoraleInpainter | None = None,
    n_steps: int = 64,
    temperature: float = 1.0,
    seed: int,
    fermatas: Sequence[int] = (),
    on_step: Callable[[int, Score, npt.NDArray[np.bool_]], None] | None = None,
) -> Score:
    """Fill what is erased of a chorale, so that it fits to what is left.

    Every note that does not touch an erased cell stays as it is, to the tick. A note that is half erased keeps its other half: what is left
    of its beginning may be held on into the hole; what is left of its end begins anew, unless the filling comes in on the same pitch. With
    everything erased, or none there, this composes a chorale from nothing.

    Parameters
    ----------
    chorale : four parts, soprano first, one note at a time in each. Without a key it is read in the one that `estimate_key` finds.
    erased : truth values, (4, n): True where a voice is to be filled; n is the number of sixteenths (`n_sixteenths`), or more to go on
        behind the end.
    model : a model or the name of a trained one; None takes `"chorale_inpainter"`.
    n_steps : Gibbs steps (see `musegen_edu.gibbs`). 1 draws everything at once, each cell not knowing what the others draw.
    temperature : of the first step; it falls to half of that by the last. 1 draws as the network says; less takes what is likelier; 0
        the likeliest.
    seed : 0 or more; the same seed gives the same notes.
    fermatas : onsets in ticks of the soprano's notes that end a line, if they are known; none means unknown.
    on_step : called after each step with its number, the chorale so far, and the cells drawn in this step, (4, n).

    Raises
    ------
    ValueError
        If the chorale has not four parts of one voice each, `erased` does not fit to it, or a number is out of range.

    Examples
    --------
    >>> from musegen_edu.models.convolutional import ChoraleInpainter
    >>> from musegen_edu.score import stack
    >>> chorale = stack([Score.from_melody([p, p + 2], 24, key="C major") for p in (72, 67, 64, 48)])
    >>> erased = np.zeros((4, n_sixteenths(chorale)), bool)
    >>> erased[1, 4:] = True  # the alto's second note
    >>> model = ChoraleInpainter(filters=2, channels=4, dilations=(1,))  # knows nothing yet
    >>> filled = inpaint(chorale, erased, model=model, n_steps=3, seed=0)
    >>> [filled.part(voice) == chorale.part(voice) for voice in (0, 2, 3)], filled.duration
    ([True, True, True], 48)

    References
    ----------
    Huang et al., "Counterpoint by convolution", ISMIR 2017.
    Lesson: 07 convolutional_networks.
    """
    score = chorale
    for step, score, redrawn in gibbs_steps(
        chorale, erased, model=model, n_steps=n_steps, temperature=temperature, seed=seed, fermatas=fermatas
    ):
        if on_step is not None:
            on_step(step, score, redrawn)
    return score


def gibbs_steps(
    chorale: Score,
    erased: npt.ArrayLike,
    *,
    model: str | ChoraleInpainter | None = None,
    n_steps: int = 64,
    temperature: float = 1.0,
    seed: int,
    fermatas: Sequence[int] = (),
) -> Iterator[tuple[int, Score, npt.NDArray[np.bool_]]]:
    """Fill what is erased of a chorale, and show it after every step.

    Parameters
    ----------
    chorale, erased, model, n_steps, temperature, seed, fermatas : as in `inpaint`. They are checked at once, before the first step.

    Yields
    ------
    (step, score, redrawn) : the number of the step from 0, the whole chorale as it stands after it, and which cells were drawn in
        it, (4, n). Nothing is yielded where nothing is erased.

    Examples
    --------
    >>> from musegen_edu.models.convolutional import ChoraleInpainter
    >>> nothing = Score(meter=(3, 4), key="D minor", programs=(52,) * 4)
    >>> model = ChoraleInpainter(filters=2, channels=4, dilations=(1,))
    >>> steps = gibbs_steps(nothing, np.ones((4, 12), bool), model=model, n_steps=2, seed=1)
    >>> [(step, score.meter, score.key, redrawn.shape) for step, score, redrawn in steps]
    [(0, (3, 4), 'D minor', (4, 12)), (1, (3, 4), 'D minor', (4, 12))]

    Lesson: 07 convolutional_networks.
    """
    from musegen_edu.gibbs import gibbs_grids  # loads Keras

    cells = np.asarray(erased)
    if chorale.n_parts != len(VOICES):
        raise ValueError(f"chorale has {chorale.n_parts} parts; it must have four, soprano first")
    n = n_sixteenths(chorale)
    if cells.dtype != np.bool_ or cells.ndim != 2 or len(cells) != len(VOICES) or cells.shape[1] < max(n, 1):
        raise ValueError(
            f"erased has shape {cells.shape} and dtype {cells.dtype}; it must be truth values, (4, {max(n, 1)}) or longer"
        )
    grid, whose = score_to_grid(chorale, n_steps=cells.shape[1], fermatas=fermatas)
    network: Any = (
        _loaded(model or "chorale_inpainter", str(weights_folder())) if not model or isinstance(model, str) else model
    )
    allowed = ChoraleCodec().allowed_symbols(_plan(chorale, cells.shape[1], fermatas))[:, REST:]
    chain = gibbs_grids(network, grid, cells.T, allowed, n_steps=n_steps, temperature=temperature, seed=seed)
    return ((step, _refilled(chorale, filled, whose, cells), redrawn.T) for step, (filled, redrawn) in enumerate(chain))


def n_sixteenths(score: Score) -> int:
    """Return how many cells of a sixteenth a score has; the last may be filled in part.

    Examples
    --------
    >>> n_sixteenths(Score.from_melody([60, 62], 24))
    8
    """
    return -(-score.duration // STEP_TICKS)


def score_to_grid(
    chorale: Score, *, n_steps: int | None = None, fermatas: Sequence[int] = ()
) -> tuple[Grid, npt.NDArray[np.int64]]:
    """Return a chorale as the network reads it, and which note sounds in each cell.

    A cell has what sounds when it begins. On the grid of sixteenths that says all; notes between two lines of the grid are not seen.

    Parameters
    ----------
    chorale : four parts of one voice each.
    n_steps : cells; silence fills up what the chorale lacks. Its own length if None.
    fermatas : onsets in ticks; none means unknown.

    Returns
    -------
    grid : (n_steps, 13), nothing hidden.
    whose : (n_steps, 4), the number of a note in `chorale.notes`, or -1.

    Raises
    ------
    ValueError
        If a part has two notes at once, or pitches too far from the key's tonic for a voice.
    """
    n = n_sixteenths(chorale) if n_steps is None else n_steps
    plan = _plan(chorale, n, fermatas)
    whose = np.full((n, len(VOICES)), _NOTHING, np.int64)
    for voice in range(len(VOICES)):
        one_voice(chorale.part(voice))  # raises where two notes sound together
        numbers = np.flatnonzero(chorale.notes["part"] == voice)
        onsets = chorale.notes["onset"][numbers].astype(np.int64)
        ends = onsets + chorale.notes["duration"][numbers]
        latest = np.searchsorted(onsets, STEP_TICKS * np.arange(n), side="right") - 1
        if len(numbers):
            sounds = (latest >= 0) & (ends[latest] > STEP_TICKS * np.arange(n))
            whose[:, voice] = np.where(sounds, numbers[latest], _NOTHING)
    pitches = chorale.notes["pitch"].astype(np.int64)
    moved = pitches + plan.shift
    if len(moved) and not LOWEST <= moved.min() <= moved.max() <= HIGHEST:
        raise ValueError(
            f"chorale has pitches from {pitches.min()} to {pitches.max()}, which no four voices sing in {plan.key}; "
            "move it by an octave"
        )
    sung = np.append(moved + FIRST_PITCH - LOWEST, REST)[whose]  # the last stands for -1
    before = np.concatenate([np.full((1, len(VOICES)), -2), whose[:-1]])
    symbols = np.where(whose == before, HOLD, sung).astype(np.int32)
    table = np.concatenate([symbols, sounding_symbols(symbols), plan.columns()], axis=1)
    return table_to_grid(table, fermatas_known=len(fermatas) > 0), whose


def _plan(chorale: Score, n_steps: int, fermatas: Sequence[int]) -> ChoralePlan:
    key = chorale.key or (estimate_key(chorale) if len(chorale) else "C major")
    held = ChoraleCodec().plan(chorale.replace(key=key), fermatas).fermatas if len(chorale) else ()
    return ChoralePlan(chorale.meter, key, n_steps, chorale.pickup, held)


def _refilled(chorale: Score, filled: Grid, whose: npt.NDArray[np.int64], erased: npt.NDArray[np.bool_]) -> Score:
    """Return the chorale with new notes wherever a cell is erased, and every note that touches none as it was."""
    notes = chorale.notes
    first = notes["onset"] // STEP_TICKS
    last = (notes["onset"] + notes["duration"] - 1) // STEP_TICKS
    holes = np.concatenate([np.zeros((len(VOICES), 1), np.int64), erased.cumsum(axis=1)], axis=1)  # before each cell
    is_kept = holes[notes["part"], last + 1] == holes[notes["part"], first]
    symbols, shift = grid_to_symbols(filled), int(filled[0, _SHIFT]) - 5
    made: list[tuple[int, int, int, int, int]] = []
    for voice in np.flatnonzero(erased.any(axis=1)).tolist():
        loudness = notes["velocity"][notes["part"] == voice]
        usual = int(np.median(loudness)) if len(loudness) else _VELOCITY
        onsets = notes["onset"][is_kept & (notes["part"] == voice)]
        starts = np.flatnonzero(symbols[:, voice] != HOLD)
        for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(symbols)], strict=True):
            symbol, owners = int(symbols[start, voice]), whose[start:stop, voice]
            is_old = np.append(is_kept, False)[owners]  # the last stands for -1
            if symbol < FIRST_PITCH or is_old.all():
                continue
            onset, velocity = start * STEP_TICKS, usual
            if is_old[0]:
                onset, old = (start + int(is_old.argmin())) * STEP_TICKS, owners[0]
                if notes["onset"][old] + notes["duration"][old] == onset:  # a note that was there is held on
                    onset, velocity, is_kept[old] = int(notes["onset"][old]), int(notes["velocity"][old]), False
            end = stop * STEP_TICKS
            if owners[-1] != _NOTHING and not erased[voice, stop - 1]:  # what is left of a note ends as it did
                end = min(end, int(notes["onset"][owners[-1]] + notes["duration"][owners[-1]]))
            later = onsets[onsets > onset]
            end = min(end, int(later[0])) if len(later) else end  # a note off the grid may begin within a cell
            made.append((onset, end - onset, symbol - FIRST_PITCH + LOWEST - shift, velocity, voice))
    return chorale.replace(notes=np.concatenate([notes[is_kept], np.array(made, NOTE_DTYPE)]))


@lru_cache(maxsize=2)
def _loaded(name: str, folder: str) -> Any:
    """Load a model once: what is compiled for it stays with it."""
    return load_pretrained(name, folder)
