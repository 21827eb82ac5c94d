"""Excerpts of equal length, cut so that neither length nor instrument, tempo or loudness tells where they come from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from musegen_edu.keys import estimate_key
from musegen_edu.score import TICKS_PER_QUARTER, Score

EXCERPT_QUARTERS = 24  # six bars of 4/4, eight of 3/4 or 6/8, twelve of 2/4: whole bars in most meters
EXCERPT_TICKS = EXCERPT_QUARTERS * TICKS_PER_QUARTER
EXCERPT_BPM = 90.0  # the same for every excerpt
_PIANO = 0
_VELOCITY = 80
_REFERENCE = re.compile(r"([a-z_]+):(\S+)#(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class BarReference:
    """Some bars of a piece in another dataset: `str` of it is such as "folk:ryan_0001.mid#1-12".

    Parameters
    ----------
    dataset, file : where the piece is.
    first, last : the bars, both included, numbered as on paper.

    Examples
    --------
    >>> str(BarReference("folk", "ryan_0001.mid", 1, 12))
    'folk:ryan_0001.mid#1-12'
    >>> BarReference.from_text("folk:ryan_0001.mid#1-12").last
    12

    Lesson: 04 deep_learning_with_keras.
    """

    dataset: str
    file: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.dataset}:{self.file}#{self.first}-{self.last}"

    @classmethod
    def from_text(cls, text: str) -> BarReference | None:
        """Return the reference that a text stands for, or None for a plain file name."""
        found = _REFERENCE.fullmatch(text)
        return cls(found[1], found[2], int(found[3]), int(found[4])) if found else None


def excerpt_bars(meter: tuple[int, int]) -> int | None:
    """Return how many bars of a meter make an excerpt of 24 quarters, or None where that is no whole number.

    Examples
    --------
    >>> excerpt_bars((4, 4)), excerpt_bars((6, 8)), excerpt_bars((9, 8))
    (6, 8, None)
    """
    top, bottom = meter
    bars, rest = divmod(EXCERPT_QUARTERS * bottom, 4 * top)
    return None if rest else bars


def cut_excerpt(score: Score, first: int, last: int, *, title: str | None = None) -> Score:
    """Cut some bars out of a score, for a comparison of styles.

    Every part becomes a piano at 90 quarters a minute and velocity 80, and the key is estimated from the notes of the excerpt
    (Krumhansl and Kessler's profiles): these say nothing about the source. Pitches, rhythms, meter and parts stay.

    Parameters
    ----------
    score : the piece.
    first, last : the bars, both included, numbered as on paper.
    title : of the excerpt; without it, the piece's own title and the bars.

    Raises
    ------
    ValueError
        If the score has no such bars.

    Examples
    --------
    >>> tune = Score.from_melody([67, 60, 62, 64, 65, 67, 60, 62, 64], 24, pickup=24, title="Walk", bpm=72, programs=(40,))
    >>> excerpt = cut_excerpt(tune, 1, 2)
    >>> excerpt.title, excerpt.bpm, excerpt.programs, excerpt.pickup, len(excerpt)
    ('Walk, bars 1-2', 90.0, (0,), 0, 8)

    Lesson: 04 deep_learning_with_keras.
    """
    part = score.slice_bars(first, last)
    notes = part.notes.copy()
    notes["velocity"] = _VELOCITY
    same_for_all = part.replace(notes=notes, bpm=EXCERPT_BPM, programs=(_PIANO,) * part.n_parts)
    return same_for_all.replace(key=estimate_key(part), title=title or f"{score.title}, bars {first}-{last}")
