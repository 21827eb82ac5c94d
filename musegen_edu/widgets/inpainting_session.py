"""What a learner does with a chorale that is erased and filled: the states that can be undone, and the filling step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score
from musegen_edu.tokens.chorale_codec import VOICES

CELL = 6  # ticks: a sixteenth
MAX_CELLS = 1024  # sixteenths: 64 bars of 4/4
MAX_STATES = 200  # that can be undone

Cells = npt.NDArray[np.bool_]  # (4 voices, sixteenths)
Steps = Iterator[tuple[int, Score, Cells]]


@dataclass(frozen=True, eq=False)
class ChoraleState:
    """A chorale at one moment.

    Parameters
    ----------
    score : the chorale; what is erased and not yet filled is still in it, so nothing is lost.
    erased : which cells are erased or, after a filling, were filled.
    before : the chorale that a filling starts from.
    is_filled : whether there is no hole in it.
    words : what was done.
    """

    score: Score
    erased: Cells
    before: Score
    is_filled: bool
    words: str


class InpaintingSession:
    """A chorale, its states so far, and a filling that may be under way.

    Parameters
    ----------
    chorale : four parts, soprano first.
    gibbs_steps : fills; called like `musegen_edu.inpainting.gibbs_steps`.

    Raises
    ------
    ValueError
        If the chorale has not four parts with notes, or is too long.

    Examples
    --------
    >>> chorale = Score.from_notes([(0, 24, 72 - 5 * part, 80, part) for part in range(4)], programs=(52,) * 4)
    >>> def silence(score, erased, **_):
    ...     yield 0, score.replace(notes=score.notes[score.notes["part"] != 1]), erased
    >>> session = InpaintingSession(chorale, silence)
    >>> session.erase(np.arange(4)[:, None] == np.ones((4, 4)))
    >>> session.advance(n_steps=1, temperature=1.0, seed=0), len(session.state.score)
    (False, 3)
    >>> session.travel(-1)
    >>> len(session.state.score)
    4
    """

    def __init__(self, chorale: Score, gibbs_steps: Callable[..., Steps]) -> None:
        self.original, self._gibbs_steps = checked_chorale(chorale), gibbs_steps
        self.states = [_untouched(chorale, "")]
        self.at = 0
        self._run: Steps | None = None
        self._settings: dict[str, Any] = {}
        self.step = 0  # how many steps of the filling are done
        self.drawn = np.zeros_like(self.state.erased)  # in the last of them

    @property
    def state(self) -> ChoraleState:
        """The chorale as it stands."""
        return self.states[self.at]

    @property
    def is_under_way(self) -> bool:
        """Whether a filling has begun and has steps left."""
        return self._run is not None

    def erase(self, cells: Cells) -> None:
        """Let these cells be what is erased."""
        wanted = self.state.erased.shape
        if cells.dtype != np.bool_ or cells.shape != wanted:
            raise ValueError(
                f"erased has shape {cells.shape} and dtype {cells.dtype}; it must be truth values, {wanted}"
            )
        n = int(cells.sum())
        if not n and not self.state.erased.any():
            return
        words = f"{n} cell{'' if n == 1 else 's'} erased" if n else "Nothing is erased"
        self._add(ChoraleState(self.state.score, cells.copy(), self.state.score, not n, words))

    def replace_chorale(self, chorale: Score, words: str) -> None:
        """Go on with another chorale, with nothing erased."""
        self._add(_untouched(checked_chorale(chorale), words))

    def travel(self, way: int) -> None:
        """Undo (-1) or redo (1) a change, as long as there is one; a filling that is under way ends."""
        self.at = min(max(0, self.at + way), len(self.states) - 1)
        self._end()

    def advance(self, *, n_steps: int, temperature: float, seed: int) -> bool:
        """Do the next step of the filling, or the first with other settings; return whether more are to come.

        Raises
        ------
        ValueError
            If nothing is erased.
        """
        settings = {"n_steps": n_steps, "temperature": temperature, "seed": seed}
        if self._run is None or settings != self._settings:
            self._begin(settings)
        found = next(self._run, None) if self._run else None
        if found is not None:
            step, score, drawn = found
            self.step, self.drawn = step + 1, drawn[:, : self.state.erased.shape[1]]
            self.states[self.at] = replace(self.state, score=score, is_filled=True)
        if found is None or self.step >= n_steps:
            self._run = None
        return self._run is not None

    def end(self) -> None:
        """Let what is filled so far be the result."""
        self._run = None

    def _begin(self, settings: dict[str, Any]) -> None:
        state = self.state
        if not state.erased.any():
            raise ValueError("nothing is erased; brush over some notes first")
        steps = self._gibbs_steps(state.before, state.erased, **settings)
        self._add(replace(state, words=f"Filled with seed {settings['seed']}"))
        self._run, self._settings = iter(steps), settings

    def _add(self, state: ChoraleState) -> None:
        self.states = [*self.states[: self.at + 1], state][-MAX_STATES:]
        self.at = len(self.states) - 1
        self._end()

    def _end(self) -> None:
        self._run, self.step = None, 0
        self.drawn = np.zeros_like(self.state.erased)


def checked_chorale(chorale: Any) -> Score:
    """Return a chorale, or raise a ValueError that says what it must be."""
    if not isinstance(chorale, Score) or chorale.n_parts != len(VOICES) or not len(chorale):
        raise ValueError(f"chorale={chorale!r} must be a Score of four parts, soprano first, with notes")
    if chorale.duration > MAX_CELLS * CELL:
        raise ValueError(f"chorale has {chorale.duration // CELL} sixteenths; at most {MAX_CELLS} are shown: cut it with chorale.slice_bars(1, 16)")  # fmt: skip
    return chorale


def erased_to_text(cells: Cells) -> list[str]:
    """Return a table of cells as the page reads it, a text of 0 and 1 for each voice.

    Examples
    --------
    >>> erased_to_text(np.array([[True, False]] * 4))
    ['10', '10', '10', '10']
    """
    return ["".join("1" if cell else "0" for cell in row) for row in cells.tolist()]


def text_to_erased(rows: Sequence[str]) -> Cells:
    """Return what the page says is erased as a table.

    Examples
    --------
    >>> text_to_erased(["10", "00", "00", "01"]).astype(int).tolist()
    [[1, 0], [0, 0], [0, 0], [0, 1]]
    """
    return np.array([[cell == "1" for cell in row] for row in rows], bool)


def _untouched(chorale: Score, words: str) -> ChoraleState:
    nothing = np.zeros((len(VOICES), -(-chorale.duration // CELL)), bool)
    return ChoraleState(chorale, nothing, chorale, is_filled=True, words=words)
