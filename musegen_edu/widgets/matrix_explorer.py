"""MatrixExplorer: a table of numbers as a heat map, whose cells can be walked, seen and heard."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.score import Score
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.matrix_pictures import matrix_picture
from musegen_edu.widgets.pictures import NARROW, engraving_of, first_bars, static_picture
from musegen_edu.widgets.sounding import SoundingWidget, answers, checked, facts_of, notes_to_rows

Examples = Callable[[int, int], Sequence[Score]]
SCALES = ("linear", "square root", "logarithmic")
MEASURES = ("share", "value")
MAX_SIDE = 512  # rows or columns that a page still draws at once
LISTED = 300  # titles that the page lists for one cell
ENGRAVED_BARS = 12  # the roll below the notes has all of a piece
STATIC_BARS = 4


class MatrixExplorer(SoundingWidget):
    """A heat map whose cells can be clicked or walked with the arrow keys, each with pieces of music to see and to hear.

    The pointer reads out what it is over; a click or Enter opens the cell's music. Bars beside the map show the row of the chosen
    cell, the largest share first. Zoom and the colour scale are the reader's; what the scale does is said on the legend.

    Parameters
    ----------
    values : (n_rows, n_columns), finite, not negative. Where every row sums to 1 (or is empty), they are read as
        probabilities, else as counts. At most 512 rows and columns; up to about 128 are pleasant to read.
    row_labels, column_labels : their names, one each.
    examples : called with row and column, counted from 0; returns the Scores of that cell, or none.
    row_name, column_name : what rows and columns are, for the caption and the read-out: "from" and "to" give "from G4 to A4: …".
    title : heading.
    scale : how a number becomes a shade: "linear", "square root" or "logarithmic".
    measure : what is shaded: "share" of the row, or the "value" itself.
    hide : controls to put away, any of `MatrixExplorer.HIDEABLE`.

    Raises
    ------
    ValueError
        If the values have another shape than the labels, or are negative or not finite, or another argument is not as said above.

    Examples
    --------
    >>> def play(row, column):
    ...     return [Score.from_melody([60 + row, 67 + column], 24)]
    >>> explorer = MatrixExplorer([[3, 1]], ["C"], ["G", "A"], examples=play, row_name="from", column_name="to")
    >>> explorer.read_out(0, 1)
    'from C to A: 1 of 4, 25.0 %'

    Lessons: 01 what_is_generated_music, 04 deep_learning_with_keras.
    """

    HIDEABLE: ClassVar[tuple[str, ...]] = (
        "title",
        "scale",
        "measure",
        "zoom",
        "numbers",
        "bars",
        "notation",
        "roll",
        "pieces",
    )
    SOUNDS_AT_ONCE = True  # does a click on a cell play what it opens?
    MARKS_DIAGONAL = False
    JOINT = " "  # between the row and the column of a read-out
    _esm = packed_module("matrix_explorer")
    _css = theme()

    title = traitlets.Unicode("").tag(sync=True)
    matrix = traitlets.Dict(help="values, labels and names, for the page").tag(sync=True)
    scale = traitlets.Unicode("linear", help="linear, square root or logarithmic").tag(sync=True)
    measure = traitlets.Unicode("share", help="share of the row, or value").tag(sync=True)
    cell = traitlets.List(traitlets.Int(), help="the chosen cell: row and column, or nothing").tag(sync=True)
    plays = traitlets.Bool(True, help="does a click play?").tag(sync=True)
    orders = traitlets.List(traitlets.Int(), help="how many states back the rows may look; empty: no choice").tag(sync=True)  # fmt: skip
    order = traitlets.Int(0, help="how many states back the rows look; 0: the rows are no states").tag(sync=True)
    seed = traitlets.Int(0, help="of the walk").tag(sync=True)

    def __init__(
        self,
        values: npt.ArrayLike,
        row_labels: Sequence[str],
        column_labels: Sequence[str],
        *,
        examples: Examples,
        row_name: str = "row",
        column_name: str = "column",
        title: str = "",
        scale: str = "linear",
        measure: str = "share",
        hide: Iterable[str] = (),
        **traits: Any,
    ) -> None:
        if not callable(examples):
            raise ValueError(f"examples={examples!r} must be a function of row and column that returns Scores")
        self._examples, self._names = examples, (row_name, column_name)
        self._heard = Score()
        self._fill(values, row_labels, column_labels)
        super().__init__(
            title=title, matrix=self._for_page(), scale=scale, measure=measure, plays=self.SOUNDS_AT_ONCE,
            hide=[hide] if isinstance(hide, str) else list(hide), **traits,
        )  # fmt: skip

    def _fill(self, values: npt.ArrayLike, row_labels: Sequence[str], column_labels: Sequence[str]) -> None:
        """Take other numbers and names, once they are found to fit together."""
        self.row_labels, self.column_labels = tuple(map(str, row_labels)), tuple(map(str, column_labels))
        self.values = checked_matrix(values, len(self.row_labels), len(self.column_labels))
        self.totals = self.values.sum(axis=1)  # (n_rows,)
        self.are_counts = not bool(np.all(np.isclose(self.totals, 1.0, atol=1e-6) | (self.totals == 0)))

    def _for_page(self, remark: str = "") -> dict[str, Any]:
        whole = bool((self.values == np.round(self.values)).all())
        return {
            "values": (self.values.astype(int) if whole else np.round(self.values, 6)).ravel().tolist(),
            "rows": list(self.row_labels),
            "columns": list(self.column_labels),
            "names": list(self._names),
            "counts": self.are_counts,
            "diagonal": self.MARKS_DIAGONAL,
            "joint": self.JOINT,
            "remark": remark,
        }

    def shares(self) -> npt.NDArray[np.float64]:
        """Return each value as a share of its row, 0 to 1: shape (n_rows, n_columns). An empty row stays 0."""
        return self.values / np.where(self.totals > 0, self.totals, 1.0)[:, None]

    def read_out(self, row: int, column: int) -> str:
        """Return what the page says of a cell.

        Raises
        ------
        ValueError
            If there is no such cell.
        """
        self._check_place([row, column])
        share = f"{100 * self.shares()[row, column]:.1f} %"
        (first, second), value = self._names, self.values[row, column]
        where = f"{first} {self.row_labels[row]}{self.JOINT}{second} {self.column_labels[column]}"
        return f"{where}: {value:g} of {self.totals[row]:g}, {share}" if self.are_counts else f"{where}: {share}"

    @property
    def heard(self) -> Score:
        """The score that was opened last; empty before."""
        return self._heard

    # ---- checks ----

    @traitlets.validate("scale", "measure")
    def _check_word(self, proposal: dict[str, Any]) -> str:
        name, value = proposal["trait"].name, proposal["value"]
        allowed = SCALES if name == "scale" else MEASURES
        return checked(name, value, value in allowed, f"one of {', '.join(allowed)}")

    @traitlets.validate("cell")
    def _check_cell(self, proposal: dict[str, Any]) -> list[int]:
        if proposal["value"]:
            self._check_place(proposal["value"])
        return proposal["value"]

    def _check_place(self, cell: Sequence[int]) -> None:
        n_rows, n_columns = self.values.shape
        fits = len(cell) == 2 and 0 <= cell[0] < n_rows and 0 <= cell[1] < n_columns
        checked("cell", tuple(cell), fits, f"a row from 0 to {n_rows - 1} and a column from 0 to {n_columns - 1}")

    # ---- what the page asks for ----

    @answers
    def open_cell(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the titles of a cell's pieces, and the notes of one of them."""
        row, column, index = (int(message[name]) for name in ("row", "column", "index"))
        self._check_place([row, column])
        scores = list(self._examples(row, column))
        if not scores:
            return {"titles": [], "index": 0}, []
        index = max(0, min(index, len(scores) - 1))
        titles = [score.title or f"Piece {i + 1}" for i, score in enumerate(scores[:LISTED])]
        answer, rows = self._opened(scores[index])
        return {**answer, "titles": titles, "count": len(scores), "index": index}, rows

    @answers
    def engrave_opened(self, _: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the engraving of what was opened last."""
        return engraving_of(self._heard, ENGRAVED_BARS, NARROW), []

    def _opened(self, score: Score) -> tuple[dict[str, Any], list[bytes]]:
        self._heard = score
        return {**facts_of(score), "bpm": score.bpm, "programs": list(score.programs)}, [notes_to_rows(score)]

    # ---- how it is shown ----

    def static_examples(self) -> list[tuple[str, Score]]:
        """Return what is to be heard where no widget lives: a few words and a short score each."""
        row, column = np.unravel_index(int(np.argmax(self.values)), self.values.shape)
        scores = self._examples(int(row), int(column))
        return [(self.read_out(int(row), int(column)), scores[0])] if scores else []

    def static_html(self) -> str:
        """Return the heat map as a picture, and a few cells to hear, for pages where no widget lives."""
        shaded = self.shares() if self.measure == "share" else self.values
        picture = matrix_picture(
            shaded, self.row_labels, self.column_labels, self._names, what="share of the row" if self.measure == "share" else "number", scale=self.scale,
            printed=self.values if self.are_counts else None, title=self.title,
        )  # fmt: skip
        heard = "".join(
            f'<p style="margin: 10px 0 2px">{html.escape(words)}</p>{static_picture(first_bars(score, STATIC_BARS).replace(title=""))}'
            for words, score in self.static_examples()
        )
        heading = f"<h4>{html.escape(self.title)}</h4>" if self.title else ""
        return f"<section>{heading}{picture}{heard}</section>"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.row_labels)} rows, {len(self.column_labels)} columns)"


def checked_matrix(values: npt.ArrayLike, n_rows: int, n_columns: int) -> npt.NDArray[np.float64]:
    """Return `values` as a matrix of that shape, or raise a ValueError that says what it must be.

    Examples
    --------
    >>> checked_matrix([[1, 2]], 1, 2)
    array([[1., 2.]])
    """
    try:
        matrix = np.array(values, float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"values={values!r} must be a table of numbers: {error}") from error
    if matrix.shape != (n_rows, n_columns) or not matrix.size:
        raise ValueError(
            f"values has shape {matrix.shape} for {n_rows} row labels and {n_columns} column labels; one label each is wanted"
        )
    if max(matrix.shape) > MAX_SIDE:
        raise ValueError(f"values has shape {matrix.shape}; a page draws at most {MAX_SIDE} rows and columns")
    if not np.isfinite(matrix).all() or matrix.min() < 0:
        wrong = matrix[~np.isfinite(matrix) | (matrix < 0)]
        raise ValueError(
            f"values holds {wrong[0]:g} ({len(wrong)} such cells); counts or probabilities are 0 or more, and finite"
        )
    matrix.flags.writeable = False
    return matrix
