"""Melodies that a learner keeps in a widget: plain data that the page, a trait and a Score all understand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musegen_edu.score import Score
from musegen_edu.widgets.sounding import MAX_NOTES, checked

MAX_MELODIES = 200
MAX_NAME = 100


def score_to_melody(score: Score) -> dict[str, Any]:
    """Return a one-part score as plain data under its title.

    Examples
    --------
    >>> score_to_melody(Score.from_melody([60], 24, title="one"))["notes"]
    [[0, 24, 60, 80]]
    """
    return {
        "name": score.title,
        "notes": [list(row[:4]) for row in score.notes.tolist()],  # onset, duration, pitch, velocity
        "bpm": score.bpm,
        "program": score.programs[0],
        "key": score.key or "",
    }


def melody_to_score(melody: dict[str, Any]) -> Score:
    """Return the score of a melody, the inverse of `score_to_melody`.

    Raises
    ------
    ValueError
        If a number is none that a score can have.

    Examples
    --------
    >>> tune = Score.from_melody([60, 62], 24, key="G major", title="two")
    >>> melody_to_score(score_to_melody(tune)) == tune
    True
    """
    return Score.from_notes(
        [tuple(row) for row in melody["notes"]],
        key=melody["key"] or None,
        bpm=melody["bpm"],
        programs=(melody["program"],),
        title=melody["name"],
    )


def checked_melodies(melodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return melodies, or raise a ValueError that says which of them is none."""
    checked("saved", len(melodies), len(melodies) <= MAX_MELODIES, f"at most {MAX_MELODIES} melodies")
    for melody in melodies:
        name = melody.get("name")
        checked(
            "name", name, isinstance(name, str) and 0 < len(name) <= MAX_NAME, f"a text of 1 to {MAX_NAME} characters"
        )
        try:
            fits = len(melody_to_score(melody)) <= MAX_NOTES
        except (KeyError, TypeError) as error:
            raise ValueError(f"saved holds {name!r} without a proper {error}; each has name, notes, bpm, program and key") from error  # fmt: skip
        checked("saved", name, fits, f"melodies of at most {MAX_NOTES} notes")
    return list(melodies)
