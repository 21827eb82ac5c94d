"""Several scores as one: one after another, or at the same time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from musegen_edu.score.fields import MAX_PARTS

if TYPE_CHECKING:  # a Score adds itself to another by `join`
    from musegen_edu.score import Score


def join(scores: Iterable[Score]) -> Score:
    """Play scores one after another, each from the barline after the one before it.

    The title, tempo, key, meter and pickup of the first are kept, and the programs of the one with the most parts. A pickup of
    a later score fills the end of the bar before it where there is room, else it gets a bar of its own.

    Raises
    ------
    ValueError
        If there is no score, or the meters differ.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> a, b = Score.from_melody([60] * 3, 24), Score.from_melody([67], 24)
    >>> join([a, b]).notes["onset"].tolist()
    [0, 24, 48, 96]
    """
    scores = list(scores)
    if not scores:
        raise ValueError("scores is empty; give at least one score")
    first = scores[0]
    pieces: list[npt.NDArray[np.void]] = []
    end = 0
    for score in scores:
        if score.meter != first.meter:
            raise ValueError(
                f"scores have the meters {first.meter} and {score.meter}; only scores of one meter can be joined"
            )
        notes = score.notes.copy()
        if pieces:
            first_downbeat = _next_barline(first, end + score.pickup)
            notes["onset"] += first_downbeat - score.pickup
        pieces.append(notes)
        end = max([end, *(notes["onset"] + notes["duration"]).tolist()])
    programs = max((score.programs for score in scores), key=len)
    return first.replace(notes=np.concatenate(pieces), programs=programs)


def stack(scores: Iterable[Score]) -> Score:
    """Play scores at the same time: the parts of each are put below the parts of the one before it.

    The title, tempo, key, meter and pickup of the first are kept.

    Raises
    ------
    ValueError
        If there is no score, or the meters or pickups differ.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> stack([Score.from_melody([72, 74], 24), Score.from_melody([48], 48)]).n_parts
    2
    """
    scores = list(scores)
    if not scores:
        raise ValueError("scores is empty; give at least one score")
    first = scores[0]
    pieces: list[npt.NDArray[np.void]] = []
    programs: tuple[int, ...] = ()
    for score in scores:
        if (score.meter, score.pickup) != (first.meter, first.pickup):
            raise ValueError("scores differ in meter or pickup; only scores with the same barlines can be stacked")
        notes = score.notes.copy()
        if len(programs) + score.n_parts > MAX_PARTS:
            raise ValueError(f"scores have more than {MAX_PARTS} parts together")
        notes["part"] += len(programs)
        pieces.append(notes)
        programs += score.programs
    return first.replace(notes=np.concatenate(pieces), programs=programs)


def _next_barline(score: Score, tick: int) -> int:
    return score.pickup + max(0, math.ceil((tick - score.pickup) / score.bar_ticks)) * score.bar_ticks
