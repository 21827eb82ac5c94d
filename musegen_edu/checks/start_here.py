"""Instant feedback for the exercises of lesson 00, start_here."""

from __future__ import annotations

from typing import Any

import numpy as np

from musegen_edu.checks.core import Failure, check, quiz
from musegen_edu.keys import pitch_to_name
from musegen_edu.score import Score
from musegen_edu.widgets.quiz import Question

_FIFTH = 7  # semitones
_WHISTLE = (62, 83)  # what a tin whistle in D plays with ease, as it is written: D4 to B5
_INTERVAL_NAMES = {1: "a minor second", 2: "a major second", 3: "a minor third", 4: "a major third", 5: "a fourth", 6: "a tritone",
                   8: "a minor sixth", 9: "a major sixth", 10: "a minor seventh", 11: "a major seventh", 12: "an octave"}  # fmt: skip


@check(
    lesson="00",
    exercise="fifth",
    title="Up a fifth",
    hints=(
        "Count the semitones from C to G on a piano, black keys included: C#, D, D#, ...",
        "higher = tune.transpose(...), with 7 for the dots.",
    ),
)
def check_fifth(higher: object, tune: Score) -> str:
    """Check that `higher` is the tune moved up by a perfect fifth, seven semitones."""
    higher = _need_score(higher, "higher")
    if len(higher) != len(tune):
        raise Failure(
            f"The tune has {len(tune)} notes, yours has {len(higher)}. Moving it up must not add or lose a note."
        )
    moved = higher.notes["pitch"].astype(int) - tune.notes["pitch"]
    if len(set(moved.tolist())) > 1:
        raise Failure(
            f"Some notes moved by {moved.min()} semitones and some by {moved.max()}. All must move by the same distance."
        )
    distance = int(moved[0])
    if distance == 0:
        raise Failure("Nothing moved: it is still the old tune. A score never changes; transpose returns a new one.")
    if distance < 0:
        raise Failure(f"Your tune is {-distance} semitones lower. Up means a positive number.")
    if distance != _FIFTH:
        name = _INTERVAL_NAMES.get(distance, "more than an octave")
        raise Failure(
            f"You moved it up by {distance} semitones: that is {name}. From C it leads to {pitch_to_name(60 + distance)[:-1]}, not to G."
        )
    if not np.array_equal(higher.notes["onset"], tune.notes["onset"]):
        raise Failure("The pitches are right, but the rhythm changed. Start from tune again.")
    return f"Up a perfect fifth: from {tune.key} to {higher.key}. Play both, and hear that it is the same tune."


@check(
    lesson="00",
    exercise="commission",
    title="A commission",
    hints=(
        'Set bars=8, key="D major" and meter=(6, 8) first. Then try seed=2, seed=3, and so on.',
        'Let a loop try the seeds, and stop it when order.notes["pitch"].min() >= 62 and order.notes["pitch"].max() <= 83.',
    ),
)
def check_commission(order: object) -> str:
    """Check the band's wishes: eight bars of 6/8 in D major, no note below D4 or above B5."""
    order = _need_score(order, "order")
    full_bars = order.n_bars - (1 if order.pickup else 0)
    if full_bars != 8:
        raise Failure(f"The band ordered eight bars; this tune has {full_bars}.")
    if order.meter != (6, 8):
        raise Failure(f"The band ordered a jig, in 6/8; this tune is in {order.meter[0]}/{order.meter[1]}.")
    if order.key != "D major":
        raise Failure(f"The band plays in D major; this tune is in {order.key}.")
    if len(order) < 12:
        raise Failure(f"Only {len(order)} notes in eight bars: nobody can dance to that. Another seed?")
    low, high = int(order.notes["pitch"].min()), int(order.notes["pitch"].max())
    too_low, too_high = low < _WHISTLE[0], high > _WHISTLE[1]
    if too_low or too_high:
        note = pitch_to_name(low if too_low else high, "D major")
        where = "low" if too_low else "high"
        which = "lowest" if too_low else "highest"
        raise Failure(
            f"A jig of eight bars in D major, good. But its {which} note is {note}, too {where} for the whistle. Another seed!"
        )
    names = " to ".join(pitch_to_name(pitch, "D major") for pitch in (low, high))
    return f"Delivered: a jig of eight bars in D major, {len(order)} notes from {names}. The whistle player is happy."


@check(
    lesson="00",
    exercise="favourite",
    title="Your favourite",
    hints=(
        'favourite = compose(network, bars=8, seed=..., key="...")',
        "Name something that can be heard: a bar, a leap, a rhythm, a return.",
    ),
)
def check_favourite(favourite: object, because: object) -> str:
    """Check that there is a tune, and a reason of at least eight words. Taste is not checked."""
    favourite = _need_score(favourite, "favourite")
    if not 4 <= favourite.n_bars <= 33:
        raise Failure(
            f"Your tune has {favourite.n_bars} bars. Choose one of 4 to 32, so that somebody will listen to the end."
        )
    words = because.split() if isinstance(because, str) else []
    if len(words) < 8:
        raise Failure(
            f"Your reason has {len(words)} word{'' if len(words) == 1 else 's'}. Take at least eight: what do you hear, and where?"
        )
    return f"A tune of {favourite.n_bars} bars, and a reason. Play it to somebody, and ask whether they hear it, too."


def _need_score(value: object, name: str) -> Score:
    if value is ...:
        raise Failure(f"{name} is still three dots: replace them with your answer.")
    if not isinstance(value, Score):
        raise Failure(
            f"{name} should be a tune (a Score), but it is {type(value).__name__}. Did you call the function, brackets included?"
        )
    if not len(value):
        raise Failure(f"{name} has no notes.")
    return value


QUESTIONS = [
    Question(
        "You run the same cell twice with the same seed. What do you hear?",
        [
            (
                "Twice the same tune.",
                "The seed fixes every throw of the dice. That is how you can show your tune to somebody else.",
                True,
            ),
            (
                "Two tunes that resemble each other.",
                "Nothing is left to chance once the seed is fixed: not one note differs.",
            ),
            ("Two quite different tunes.", "For another tune, change the seed."),
        ],
    ),
    Question(
        "You lower the temperature to 0.2. What does the network do?",
        [
            ("It plays more slowly.", "Tempo is set in the player. Temperature is about choosing notes."),
            (
                "It nearly always takes the likeliest next note.",
                "Likely notes become likelier still; surprises become rare, and the tune may go in circles.",
                True,
            ),
            ("It leaves the scale more often.", "That is what a high temperature does."),
        ],
    ),
    Question(
        "A check says that your answer is not right yet. What is best?",
        [
            (
                "Open the solution.",
                "It is there, and nobody minds. But first read the hint and try once more: that is where the learning happens.",
            ),
            (
                "Read the message, change one thing, and run the cell again.",
                "The message says what was expected and what came. Checks can be run as often as you like.",
                True,
            ),
            ("Skip the lesson.", "The rest of a lesson never depends on an exercise, so you can go on and come back."),
        ],
    ),
]


def quiz_start() -> Any:
    """Return the quiz at the end of lesson 00."""
    return quiz("00", "start", QUESTIONS)
