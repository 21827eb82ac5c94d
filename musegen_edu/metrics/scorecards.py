"""The scorecard: the same metrics on the same terms for every model, and for the real music."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from musegen_edu.metrics.distributions import distribution_overlap, interval_distribution, rhythm_distribution
from musegen_edu.metrics.features import (
    empty_bar_rate,
    groove_consistency,
    note_density,
    pitch_class_entropy,
    pitch_range,
    polyphony,
    scale_consistency,
)
from musegen_edu.metrics.novelty import CorpusIndex, nearest_tune, ngram_novelty
from musegen_edu.score import Score

_FEATURES: dict[str, Callable[[Score], float]] = {
    "pitch-class entropy (bits)": pitch_class_entropy,
    "scale consistency": scale_consistency,
    "pitch range (semitones)": pitch_range,
    "notes a bar": note_density,
    "polyphony": polyphony,
    "empty bars": empty_bar_rate,
    "groove consistency": groove_consistency,
}
_TABLE_STYLE = "border-collapse:collapse;color:inherit;background:transparent;font-variant-numeric:tabular-nums"
_CELL_STYLE = "padding:0.25em 0.8em;color:inherit;background:transparent;border-bottom:1px solid rgba(128,128,128,0.45)"


@dataclass(frozen=True)
class Scorecard:
    """A table of metrics, one row a model. As the last line of a notebook cell it shows itself as a table.

    Parameters
    ----------
    rows : name -> metric -> value. `plot_scorecard` takes it as it is.
    nearest : name -> for each of its scores, the number of the nearest tune of the corpus and the similarity.

    Lesson: 13 evaluation_and_improvement.
    """

    rows: dict[str, dict[str, float]]
    nearest: dict[str, tuple[tuple[int, float], ...]]

    def __str__(self) -> str:
        """Return the table as text, one row a metric."""
        names = list(self.rows)
        table = [["", *names]]
        table += [[metric, *cells] for metric, cells in self._cells().items()]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        return "\n".join(
            "  ".join(
                [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
            ).rstrip()
            for row in table
        )

    def _repr_html_(self) -> str:
        # Colours are inherited and lines half transparent, so that the table is as readable on dark as on light.
        def cell(tag: str, text: str, align: str) -> str:
            return f'<{tag} style="{_CELL_STYLE};text-align:{align}">{html.escape(text)}</{tag}>'

        head = cell("th", "", "left") + "".join(cell("th", name, "right") for name in self.rows)
        body = "".join(
            f"<tr>{cell('th', metric, 'left')}{''.join(cell('td', value, 'right') for value in values)}</tr>"
            for metric, values in self._cells().items()
        )
        return f'<table style="{_TABLE_STYLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'

    def _cells(self) -> dict[str, list[str]]:
        metrics = list(next(iter(self.rows.values())))
        return {metric: [_shown(row[metric]) for row in self.rows.values()] for metric in metrics}


def scorecard(
    named_scores: Mapping[str, Iterable[Score]],
    corpus: Iterable[Score] | CorpusIndex,
    *,
    reference: Iterable[Score],
    n: int = 8,
) -> Scorecard:
    """Measure what several models have composed in the same way.

    Parameters
    ----------
    named_scores : name -> scores, for example `{"random": ..., "Markov": ..., "real music": ...}`. Take about as many of each, of
        about the same length.
    corpus : the music that the models were trained on, in which copies are looked for; or an index of it.
    reference : real music that no model was trained on; the distributions of note lengths and of melodic steps are compared
        with its own.
    n : notes a run, for the novelty.

    Returns
    -------
    A scorecard. Its features of single scores are means over those scores that have them; "note lengths as in real music" and
    "steps as in real music" are overlaps with the reference, 0 to 1; "new runs of n notes" is `ngram_novelty`; "longest copy
    (mean)" and "(worst)" are the similarities of `nearest_tune`.

    Raises
    ------
    ValueError
        If there is no name, a name has no scores, or the corpus or the reference is empty.

    Examples
    --------
    >>> real = [Score.from_melody([60, 62, 64, 65, 67, 69, 71, 72, 71, 67], 12).transpose(k) for k in range(4)]
    >>> card = scorecard({"copy": real[:2], "chance": [Score.from_melody([60, 49, 66, 71] * 3, 12)]}, real, reference=real)
    >>> card.rows["copy"]["new runs of 8 notes"], card.rows["chance"]["new runs of 8 notes"]
    (0.0, 1.0)

    Lesson: 13 evaluation_and_improvement.
    """
    groups = {name: list(scores) for name, scores in named_scores.items()}
    real = list(reference)
    if not groups:
        raise ValueError("named_scores is empty; give at least one name with its scores")
    for name, scores in groups.items():
        if not scores:
            raise ValueError(f"named_scores[{name!r}] holds no scores; give at least one")
    if not real:
        raise ValueError("reference is empty; give at least one score of real music")
    index = corpus if isinstance(corpus, CorpusIndex) else CorpusIndex(corpus)
    real_rhythm, real_intervals = rhythm_distribution(real), interval_distribution(real)
    rows, nearest = {}, {}
    for name, scores in groups.items():
        row = {label: _mean(feature(score) for score in scores) for label, feature in _FEATURES.items()}
        row["note lengths as in real music"] = distribution_overlap(rhythm_distribution(scores), real_rhythm)
        row["steps as in real music"] = distribution_overlap(interval_distribution(scores), real_intervals)
        row[f"new runs of {n} notes"] = ngram_novelty(scores, index, n=n)
        nearest[name] = tuple(nearest_tune(score, index) for score in scores if not math.isnan(_steps(score)))
        copies = [similarity for _, similarity in nearest[name]]
        row["longest copy (mean)"] = _mean(copies)
        row["longest copy (worst)"] = max(copies, default=math.nan)
        rows[name] = row
    return Scorecard(rows, nearest)


def _steps(score: Score) -> float:
    """1 where the score has a melodic step, else NaN: it has no passage to compare."""
    return 1.0 if interval_distribution(score) else math.nan


def _mean(values: Iterable[float]) -> float:
    present = [value for value in values if not math.isnan(value)]
    return float(np.mean(present)) if present else math.nan


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
