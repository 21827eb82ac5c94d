"""Chorales as a grid of cells that can be hidden: four voices x sixteenths, what sounds apart from what is struck."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import MODES
from musegen_edu.tokens.chorale_codec import HOLD, N_SYMBOLS, PLAN_COLUMNS, REST, VOICES, Table

Grid = npt.NDArray[np.int32]  # (n_steps, N_GRID_COLUMNS)

# Columns 0 to 3: what soprano, alto, tenor and bass sound. Columns 4 to 7: whether they strike it in this cell or hold it from before.
HIDDEN, SILENT, FIRST_SOUND = 0, 1, 2  # sounds; from FIRST_SOUND on pitches
UNKNOWN, HELD, STRUCK = 0, 1, 2
N_SOUNDS = N_SYMBOLS - REST  # what can stand in a cell: a rest, or a pitch that `ChoraleCodec` has a symbol for

# The other columns, and how many values each can take. Column 8 is 0 in cells beyond the music's beginning or end.
GRID_COLUMNS = {
    "position": PLAN_COLUMNS["position"] + 1,  # sixteenths since the bar line, plus 1
    "bar": PLAN_COLUMNS["bar"],  # sixteenths in a bar
    "fermata": 3,  # unknown, none, one
    "shift": PLAN_COLUMNS["shift"],
    "mode": len(MODES),
}
N_GRID_COLUMNS = 2 * len(VOICES) + len(GRID_COLUMNS)

_N = len(VOICES)


def table_to_grid(table: Table, *, fermatas_known: bool = True) -> Grid:
    """Return the grid of a table of `ChoraleCodec`: (n_steps, 13), nothing hidden.

    A rest counts as struck where it begins. Sounds are the table's sounding symbols less 1, so that 0 is free for `HIDDEN`.

    Parameters
    ----------
    table : (n_steps, 15).
    fermatas_known : False writes "unknown" in every cell, as for music whose fermatas nobody has told.

    Examples
    --------
    >>> from musegen_edu.score import Score, stack
    >>> from musegen_edu.tokens.chorale_codec import ChoraleCodec
    >>> voices = [Score.from_melody([pitch, pitch], 12, key="C major") for pitch in (72, 67, 64, 48)]
    >>> table_to_grid(ChoraleCodec().encode(stack(voices)))[:, :9].tolist()
    [[44, 39, 36, 20, 2, 2, 2, 2, 1], [44, 39, 36, 20, 1, 1, 1, 1, 2], [44, 39, 36, 20, 2, 2, 2, 2, 3], [44, 39, 36, 20, 1, 1, 1, 1, 4]]

    Lesson: 07 convolutional_networks.
    """
    plan = dict(zip(PLAN_COLUMNS, table[:, 2 * _N :].T, strict=True))
    grid = np.empty((len(table), N_GRID_COLUMNS), np.int32)
    grid[:, :_N] = np.maximum(table[:, _N : 2 * _N] - 1, HIDDEN)  # PAD, for voices that are not there, is hidden
    grid[:, _N : 2 * _N] = np.where(table[:, :_N] == HOLD, HELD, STRUCK)
    grid[:, 2 * _N] = plan["position"] + 1
    grid[:, 2 * _N + 1] = plan["bar"]
    grid[:, 2 * _N + 2] = plan["fermata"] + 1 if fermatas_known else UNKNOWN
    grid[:, 2 * _N + 3] = plan["shift"]
    grid[:, 2 * _N + 4] = plan["mode"]
    return grid


def grid_to_symbols(grid: Grid) -> npt.NDArray[np.int32]:
    """Return the symbols that `ChoraleCodec.decode` reads, (n_steps, 4): a cell that is held has `HOLD`.

    A cell that sounds something else than the one before begins anew, whatever the grid says of it.

    Examples
    --------
    >>> grid = np.zeros((3, 13), np.int32)
    >>> grid[:, :4], grid[:, 4:8] = [[44], [44], [45]], HELD
    >>> grid_to_symbols(grid)[:, 0].tolist()
    [45, 1, 46]
    """
    sounds = grid[:, :_N]
    changes = np.ones(sounds.shape, np.bool_)
    changes[1:] = sounds[1:] != sounds[:-1]
    return np.where(changes | (grid[:, _N : 2 * _N] == STRUCK), sounds + 1, HOLD).astype(np.int32)


def hide(grid: Grid, hidden: npt.NDArray[np.bool_]) -> Grid:
    """Return a grid with some cells hidden: their sounds, and whether they or the cells behind them are struck.

    To know that a note is held tells which pitch the cell before has; so with a cell the next one's column is hidden too.

    Parameters
    ----------
    grid : (n_steps, 13).
    hidden : (n_steps, 4), True where a cell is to be hidden.

    Examples
    --------
    >>> grid = np.full((3, 13), 2, np.int32)
    >>> hidden = np.zeros((3, 4), bool)
    >>> hidden[1, 0] = True
    >>> hide(grid, hidden)[:, [0, 4]].tolist()
    [[2, 2], [0, 0], [2, 0]]
    """
    seen = grid.copy()
    seen[:, :_N][hidden] = HIDDEN
    strikes = seen[:, _N : 2 * _N]  # a view: seen changes
    strikes[hidden] = UNKNOWN
    strikes[1:][hidden[:-1]] = UNKNOWN
    return seen
