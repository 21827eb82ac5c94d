"""TransitionExplorer: the table of a Markov chain, every step of it to be heard, and walks through it by its probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.keys import name_to_pitch
from musegen_edu.models.markov import MarkovModel
from musegen_edu.score import Score
from musegen_edu.widgets.matrix_explorer import MatrixExplorer, checked_matrix
from musegen_edu.widgets.sounding import answers, checked

MAX_ROWS = 128  # contexts that are shown; a walk may use all of them
MAX_STEPS = 256
_STATIC_STEPS = 16
_HIGHEST_SEED = 2**31 - 1


class TransitionExplorer(MatrixExplorer):
    """A Markov chain's table: rows are what sounds now, columns what comes next, dark is often.

    A click on a cell, or Enter, plays that step: the note (or notes) remembered, then the next. `Walk` starts at the chosen row, or at the row
    counted most often, and draws step after step by the probabilities of the row it has come to; each cell lights up as it sounds. The same
    seed always gives the same walk.

    Parameters
    ----------
    source : an (n, n) table of counts or probabilities, rows "from", columns "to"; or a fitted `MarkovModel` of order 1 or more: then the
        reader chooses how many states the chain remembers, and of more than 128 contexts the most frequent are shown.
    labels : names of the n states, note names such as "G4" where `to_score` is None. A name without an octave sounds from C4 on.
    to_score : called with a list of states (0 to n - 1), returns how they sound; None plays each as one note.
    order : how many states the rows remember at first; None is the model's own order, and 1 for a table.
    ticks : length of each note where `to_score` is None, 24 to the quarter note.
    steps : length of a walk, 1 to 256.
    seed : of the walk.
    bpm, program : tempo and General MIDI program where `to_score` is None.
    title, scale, hide : see `MatrixExplorer`.

    Raises
    ------
    ValueError
        If the table is not square, does not fit the labels, or is negative or not finite; if a label is no note name and there is no
        `to_score`; or if a number is out of range.

    Examples
    --------
    >>> explorer = TransitionExplorer([[0, 3], [1, 1]], ["C4", "D4"])
    >>> explorer.read_out(1, 0)
    'from D4 to C4: 1 of 2, 50.0 %'
    >>> explorer.walk(steps=5, seed=1)
    [0, 1, 1, 0, 1, 0]

    Lesson: 01 what_is_generated_music.
    """

    HIDEABLE = (*MatrixExplorer.HIDEABLE, "walk", "seed", "order")

    def __init__(
        self,
        source: MarkovModel | npt.ArrayLike,
        labels: Sequence[str],
        *,
        to_score: Callable[[list[int]], Score] | None = None,
        order: int | None = None,
        ticks: int = 12,
        steps: int = 32,
        seed: int = 0,
        bpm: float = 120.0,
        program: int = 0,
        title: str = "Transition table",
        scale: str = "linear",
        hide: Iterable[str] = (),
    ) -> None:
        self.labels = tuple(map(str, labels))
        highest = source.order if isinstance(source, MarkovModel) else 1
        self._source = source if isinstance(source, MarkovModel) else checked_matrix(source, len(self.labels), len(self.labels))  # fmt: skip
        if isinstance(source, MarkovModel) and source.n_tokens != len(self.labels):
            raise ValueError(f"labels holds {len(self.labels)} names for a model of {source.n_tokens} tokens")
        order = highest if order is None else order
        checked("order", order, 1 <= order <= highest, f"from 1 to {highest}")
        self.steps = checked("steps", steps, 1 <= steps <= MAX_STEPS, f"from 1 to {MAX_STEPS}")
        self._to_score = _melody_of(self.labels, ticks, bpm, program) if to_score is None else to_score
        super().__init__(
            *self._rows_of(order), self.labels, examples=self._step_of, row_name="from", column_name="to",
            title=title, scale=scale, hide=hide, seed=seed, order=order, orders=list(range(1, highest + 1)),
        )  # fmt: skip
        self._show_order()

    # ---- the table ----

    def _rows_of(self, order: int) -> tuple[npt.NDArray[Any], list[str]]:
        """Take up the contexts of one length; return the rows that are shown, and their names."""
        counts: npt.NDArray[Any]
        if isinstance(self._source, MarkovModel):
            contexts, counts = self._source.counts(order)
        else:
            contexts, counts = np.arange(len(self.labels))[:, None], self._source
        if not len(contexts):
            raise ValueError("source has counted nothing; call fit with some tunes first")
        self._contexts, self._counts = contexts, counts  # (n_contexts, order), (n_contexts, n)
        self._shown = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:MAX_ROWS])
        self._place = {tuple(context): place for place, context in enumerate(contexts.tolist())}
        self._line = {int(place): row for row, place in enumerate(self._shown)}
        return counts[self._shown], [" ".join(self.labels[s] for s in contexts[place]) for place in self._shown]

    @traitlets.validate("order")
    def _check_order(self, proposal: dict[str, Any]) -> int:
        highest = self._source.order if isinstance(self._source, MarkovModel) else 1
        return checked("order", proposal["value"], 1 <= proposal["value"] <= highest, f"from 1 to {highest}")

    @traitlets.validate("seed")
    def _check_seed(self, proposal: dict[str, Any]) -> int:
        fits = 0 <= proposal["value"] <= _HIGHEST_SEED
        return checked("seed", proposal["value"], fits, f"from 0 to {_HIGHEST_SEED}")

    @traitlets.observe("order")
    def _show_order(self, _: Any = None) -> None:
        if not self.matrix:
            return  # still being made
        self._fill(*self._rows_of(self.order), self.labels)
        n, shown = len(self._contexts), len(self._shown)
        with self.hold_sync():
            self.cell = []
            self.matrix = self._for_page(f"The {shown} most frequent of {n:,} rows." if shown < n else "")

    # ---- steps and walks ----

    def _step_of(self, row: int, column: int) -> list[Score]:
        states = [*self._contexts[self._shown[row]].tolist(), column]
        return [self._to_score(states).replace(title=f"{self.row_labels[row]} → {self.labels[column]}")]

    def walk(self, *, steps: int | None = None, seed: int | None = None, start: int | None = None) -> list[int]:
        """Return the states of a walk, those of the first row included; it ends early where a row is empty.

        Parameters
        ----------
        steps : how many states are drawn at most; None is as many as the page draws.
        seed : of the draws; None is what the page shows.
        start : the row to start from; None is the row counted most often.

        Raises
        ------
        ValueError
            If a number is out of range.
        """
        n_rows = len(self.row_labels)
        steps = (
            self.steps if steps is None else checked("steps", steps, 1 <= steps <= MAX_STEPS, f"from 1 to {MAX_STEPS}")
        )
        start = int(np.argmax(self.totals)) if start is None else checked("start", start, 0 <= start < n_rows, f"a row from 0 to {n_rows - 1}")  # fmt: skip
        seed = self.seed if seed is None else checked("seed", seed, seed >= 0, "0 or more")
        rng = np.random.default_rng(seed)
        states = self._contexts[self._shown[start]].tolist()
        for _ in range(steps):
            place = self._place.get(tuple(states[len(states) - self.order :]))
            total = 0 if place is None else self._counts[place].sum()
            if not total:
                break
            states.append(int(rng.choice(len(self.labels), p=self._counts[place] / total)))
        return states

    @answers
    def take_walk(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return a walk's notes, and for each step its cell and the tick at which its next state begins."""
        start = int(message["from"])
        states = self.walk(seed=int(message["seed"]), start=start if 0 <= start < len(self.row_labels) else None)
        cells = []
        for i in range(self.order, len(states)):
            place = self._place[tuple(states[i - self.order : i])]
            begins = self._to_score(states[:i]).duration  # where state i begins, whatever a state is
            cells.append([self._line.get(place, -1), states[i], begins])
        answer, rows = self._opened(self._to_score(states).replace(title=f"A walk of {len(cells)} steps"))
        after = " ".join(self.labels[s] for s in states[len(states) - self.order :])
        remark = "" if len(cells) == self.steps else f"The walk ends: after {after}, nothing was ever counted."
        return {**answer, "cells": cells, "remark": remark}, rows

    def static_examples(self) -> list[tuple[str, Score]]:
        """Return a short walk."""
        states = self.walk(steps=_STATIC_STEPS)
        return [(f"A walk of {len(states) - self.order} steps through the table, seed {self.seed}:", self._to_score(states))]  # fmt: skip


def _melody_of(labels: Sequence[str], ticks: int, bpm: float, program: int) -> Callable[[list[int]], Score]:
    """Return a function that plays states as notes of one length."""
    pitches = []
    for label in labels:
        try:
            pitches.append(name_to_pitch(label if any(letter.isdigit() for letter in label) else f"{label}4"))
        except ValueError as error:
            raise ValueError(
                f"labels holds {label!r}, which is no note name; give to_score, how states sound"
            ) from error
    checked("ticks", ticks, 1 <= ticks <= 960, "from 1 to 960")

    def to_score(states: list[int]) -> Score:
        return Score.from_melody([pitches[s] for s in states], ticks, bpm=bpm, programs=(program,))

    to_score([0])  # says at once if the tempo or the program is out of range
    return to_score
