"""ConfusionExplorer: what a classifier takes for what, with the pieces of each cell to see and to hear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from musegen_edu.score import Score
from musegen_edu.widgets.matrix_explorer import MatrixExplorer

_STATIC_MISTAKES = 2  # cells whose first piece sounds where no widget lives


class ConfusionExplorer(MatrixExplorer):
    """A confusion matrix that can be heard: rows are what the pieces are, columns what they were taken for.

    A click on a cell, or Enter, lists its pieces: each can be seen and played; Page Up and Page Down go from one to the next. The
    cells on the diagonal, where both agree, are framed. Each cell prints its count, and its share of the row.

    Parameters
    ----------
    true, predicted : what each of the n pieces is, and what it was taken for: names, or whole numbers that count into `labels` from 0.
    scores : the n pieces.
    labels : names of the classes, in the order in which they are shown. May be left out where `true` and `predicted` are names: then all that
        occur, sorted.
    titles : n headings for the pieces, where the scores' own titles are not wanted (or would give the answer away).
    title : heading.
    scale, hide : see `MatrixExplorer`.

    Raises
    ------
    ValueError
        If the lengths differ, there is no piece, or a name or number is not among the labels.

    Examples
    --------
    >>> tunes = [Score.from_melody([60 + i], 24) for i in range(3)]
    >>> explorer = ConfusionExplorer(["reel", "jig", "jig"], ["reel", "reel", "jig"], tunes)
    >>> explorer.read_out(0, 1)
    'true jig, predicted reel: 1 of 2, 50.0 %'
    >>> explorer.pieces("jig", "reel")
    [1]

    Lesson: 04 deep_learning_with_keras.
    """

    SOUNDS_AT_ONCE = False
    MARKS_DIAGONAL = True
    JOINT = ", "

    def __init__(
        self,
        true: Sequence[Any] | np.ndarray,
        predicted: Sequence[Any] | np.ndarray,
        scores: Sequence[Score],
        labels: Sequence[str] | None = None,
        titles: Sequence[str] | None = None,
        *,
        title: str = "Confusion matrix",
        scale: str = "linear",
        hide: Iterable[str] = (),
    ) -> None:
        scores = list(scores)
        n = len(scores)
        for name, given in (("true", true), ("predicted", predicted), ("titles", titles)):
            if given is not None and len(given) != n:
                raise ValueError(f"{name} has length {len(given)} for {n} scores; it must have one entry for each")
        for place, score in enumerate(scores):
            if not isinstance(score, Score):
                raise ValueError(f"scores[{place}]={score!r} must be a Score")
        if not n:
            raise ValueError("scores is empty; give at least one piece")
        self._labels = _names_of(true, predicted, labels)
        index = {label: place for place, label in enumerate(self._labels)}
        self._true = _numbers("true", true, index)
        self._predicted = _numbers("predicted", predicted, index)
        if titles is not None:
            scores = [score.replace(title=str(words)) for score, words in zip(scores, titles, strict=True)]
        self._scores = tuple(scores)
        counts = np.zeros((len(index), len(index)), int)
        np.add.at(counts, (self._true, self._predicted), 1)
        super().__init__(
            counts, self._labels, self._labels, examples=self._pieces_of, row_name="true", column_name="predicted",
            title=title, scale=scale, hide=hide,
        )  # fmt: skip
        self.matrix = self._for_page(
            f"{np.trace(counts)} of {n} right, {100 * np.trace(counts) / n:.1f} %. In the frames, both agree."
        )

    def pieces(self, true: str, predicted: str) -> list[int]:
        """Return which pieces, counted from 0, are `true` and were taken for `predicted`.

        Raises
        ------
        ValueError
            If a name is not among the labels.
        """
        for name, label in (("true", true), ("predicted", predicted)):
            if label not in self._labels:
                raise ValueError(f"{name}={label!r} must be one of {', '.join(self._labels)}")
        cell = (self._true == self._labels.index(true)) & (self._predicted == self._labels.index(predicted))
        return np.flatnonzero(cell).tolist()

    def _pieces_of(self, row: int, column: int) -> list[Score]:
        return [self._scores[piece] for piece in self.pieces(self._labels[row], self._labels[column])]

    def static_examples(self) -> list[tuple[str, Score]]:
        """Return the first piece of each of the most frequent mistakes."""
        mistakes = self.values * (1 - np.eye(len(self._labels)))
        found = []
        for place in np.argsort(-mistakes, axis=None, kind="stable")[:_STATIC_MISTAKES]:
            row, column = divmod(int(place), len(self._labels))
            if mistakes[row, column]:
                score = self._pieces_of(row, column)[0]
                words = f"{self.read_out(row, column)}. One of them: {score.title or 'without a title'}"
                found.append((words, score))
        return found


def _names_of(true: Any, predicted: Any, labels: Sequence[str] | None) -> tuple[str, ...]:
    if labels is not None:
        names = tuple(map(str, labels))
        if len(set(names)) != len(names):
            raise ValueError(f"labels={list(names)} must be different names")
        return names
    found = [*true, *predicted]
    numbers = [name for name in found if not isinstance(name, str)]
    if numbers:
        raise ValueError(
            f"true and predicted hold {numbers[0]!r}; where they are numbers, give labels, the name of each"
        )
    return tuple(sorted(set(map(str, found))))


def _numbers(argument: str, given: Any, index: dict[str, int]) -> np.ndarray:
    """Return the class of each piece as a number."""
    numbers = []
    for place, name in enumerate(given):
        number = index.get(name, -1) if isinstance(name, str) else name
        if not isinstance(number, (int, np.integer)) or isinstance(number, bool) or not 0 <= number < len(index):
            raise ValueError(
                f"{argument}[{place}]={name!r} must be one of {', '.join(index)}, or a number from 0 to {len(index) - 1}"
            )
        numbers.append(int(number))
    return np.array(numbers)
