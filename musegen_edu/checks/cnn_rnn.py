"""Instant feedback for the exercises of lesson 08, cnn_rnn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.cnn_rnn_quiz import QUESTIONS
from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.tunes import first_difference, longest_copied_run, notes_outside_key
from musegen_edu.metrics import CorpusIndex
from musegen_edu.score import Score

_LONGEST_RUN = 12  # notes in a row that may stand in a training tune: a scale and an ending
_NEW_BARS = 4
_FRAME = 0.05  # s, in the messages about tags


@check(
    lesson="08",
    exercise="side_by_side",
    title="Side by side",
    hints=(
        "Three axes are to be left. The first two stay as they are, `maps.shape[0]` and `maps.shape[1]`; the last two become one.",
        "`maps.reshape(maps.shape[0], maps.shape[1], -1)`: the −1 is worked out by NumPy, bands times channels.",
    ),
)
def check_side_by_side(function: object) -> str:
    """Check `side_by_side(maps)` on several shapes: every frame keeps its own numbers, all of them, in Keras' order."""
    for shape in ((2, 5, 4, 3), (1, 7, 2, 6), (3, 4, 5, 2)):
        n, frames, bands, channels = shape
        maps = np.arange(np.prod(shape), dtype=float).reshape(shape)
        answer = call(function, maps.copy())
        if answer is None or answer is ...:
            raise Failure("side_by_side returns nothing yet. Return the array with three axes.")
        found, right = np.asarray(answer), maps.reshape(n, frames, bands * channels)
        said = f"From maps of shape {shape} you make {found.shape}"
        if found.shape == (n, frames * bands, channels):
            raise Failure(
                f"{said}: the {bands} bands were laid into *time*. One frame became {bands}, so the network would hear a low note first "
                "and a high note of the same moment later."
            )
        if found.shape in ((n, frames, bands), (n, frames, channels)):
            raise Failure(
                f"{said}: a whole axis was averaged or thrown away. All {bands * channels} numbers are wanted."
            )
        if found.shape == (n, frames * bands * channels):
            raise Failure(
                f"{said}: time has gone. A recurrent layer needs the {frames} frames as an axis of their own."
            )
        if found.shape != right.shape:
            raise Failure(f"{said}; wanted is {right.shape}: mixtures, frames, bands times channels.")
        if np.array_equal(found, right):
            continue
        for frame in range(frames):
            if not np.array_equal(np.sort(found[:, frame]), np.sort(right[:, frame])):
                raise Failure(
                    f"The shape {found.shape} is right, but frame {frame} holds numbers of other frames: a reshape after the axes were "
                    "exchanged, perhaps? Nothing may move from one moment to another."
                )
        raise Failure(
            "Each frame has its own numbers, but in another order than in maps[:, t]: bands outside, channels inside."
        )
    return "Every frame keeps its own numbers and all of them: time stays time."


def _latched(probabilities: npt.NDArray[np.float64], on: float, off: float) -> list[bool]:
    plays, tags = False, []
    for p in probabilities:
        plays = bool(p >= off) if plays else bool(p > on)
        tags.append(plays)
    return tags


@check(
    lesson="08",
    exercise="two_thresholds",
    title="Two thresholds against flicker",
    hints=(
        "Keep a variable `plays`, False at first. Which threshold counts depends on it: off where it plays already, on where it does not.",
        "In the loop: `plays = p >= off if plays else p > on`; then `tags.append(plays)`.",
    ),
)
def check_two_thresholds(function: object) -> str:
    """Check `two_thresholds(probabilities, on, off)` on lines in which a plain threshold flickers."""
    rng = np.random.default_rng(6)
    lines = [
        np.array([0.1, 0.5, 0.7, 0.5, 0.45, 0.55, 0.3, 0.5, 0.45, 0.2]),
        np.array([0.9, 0.9, 0.1, 0.9]),
        np.array([0.2, 0.3]),
        *(np.clip(np.cumsum(rng.normal(0, 0.1, 60)) + 0.5, 0, 1) for _ in range(4)),
    ]
    for line in lines:
        for on, off in ((0.6, 0.4), (0.8, 0.2), (0.5, 0.5)):
            answer = call(function, line.copy(), on, off)
            if answer is None or answer is ...:
                raise Failure("two_thresholds returns nothing yet. Return the list of tags.")
            found = np.asarray(answer)
            if found.shape != line.shape:
                raise Failure(f"For {len(line)} frames you return {found.shape}; one tag a frame is wanted.")
            if not np.isin(found, (0, 1)).all():
                raise Failure("A tag is True or False (or 1 and 0), not a probability.")
            right = np.array(_latched(line, on, off))
            wrong = np.flatnonzero(found.astype(bool) != right)
            if len(wrong) == 0:
                continue
            if on > off and np.array_equal(found.astype(bool), line > on):
                raise Failure(
                    "That is the plain threshold: an instrument that has begun stops as soon as it falls below `on`. It may go on until it "
                    "falls below `off`."
                )
            if on > off and np.array_equal(found.astype(bool), line >= off):
                raise Failure("Everything above `off` counts now. To begin, an instrument has to rise above `on`.")
            place = int(wrong[0])
            played = bool(place and right[place - 1])
            before = "plays already" if played else "is silent until then"
            rule = (
                f"{'at least' if right[place] else 'below'} off"
                if played
                else f"{'above' if right[place] else 'not above'} on"
            )
            raise Failure(
                f"With on={on} and off={off}: at {place * _FRAME:.2f} s the instrument {before}, and its probability is {line[place]:.2f}. "
                f"That is {rule}, so it should {('go on' if right[place] else 'stop') if played else ('begin' if right[place] else 'stay silent')}."
            )
    return "It begins late, ends late, and no longer flickers in between; the nearer the two thresholds, the more it is like the plain one."


@check(
    lesson="08",
    exercise="next_bars",
    title="Your three bars, the network's next four",
    hints=(
        "`my_tune = write_bars(my_start, bars=4, seed=0)`. Three full bars of 4/4: a `|` in `letters_to_score` helps to count.",
        "Too many notes outside the key, or something copied? Another seed, `temperature=0.8` or `top_p=0.9`.",
    ),
)
def check_next_bars(my_start: object, my_tune: object, my_sentence: object, training: CorpusIndex) -> str:
    """Check an own tune: three bars kept, four new ones that are no mere repetition, in the key, not copied; and a sentence."""
    for name, score in (("my_start", my_start), ("my_tune", my_tune)):
        if score is ...:
            raise Failure(f"{name} is still three dots: put a Score there.")
    if not isinstance(my_start, Score) or not isinstance(my_tune, Score):
        raise Failure("my_start and my_tune should be Scores: letters_to_score(...) and write_bars(...) make them.")
    if my_start.n_bars < 3:
        raise Failure(f"my_start has {my_start.n_bars} bars; the network reads three.")
    if my_tune.key is None:
        raise Failure("my_tune has no key. Write letters_to_score(..., key='G major').")
    number = first_difference(my_tune, my_start)
    if number is not None:
        raise Failure(f"my_tune does not begin with my_start: note {number} is another. Give my_start to write_bars.")
    first = my_tune.pickup + my_start.n_bars * my_tune.bar_ticks
    notes = my_tune.notes[my_tune.notes["onset"] >= first]
    new = my_tune.replace(notes=notes, pickup=0)
    bars = {int(onset - first) // my_tune.bar_ticks for onset in notes["onset"]}
    if not bars or max(bars) + 1 < _NEW_BARS:
        raise Failure(
            f"There are {max(bars, default=-1) + 1} new bars; {_NEW_BARS} are wanted: write_bars(..., bars={_NEW_BARS})."
        )
    figures = {_figure(new, first + bar * my_tune.bar_ticks) for bar in range(_NEW_BARS)}
    if len(figures) == 1:
        raise Failure("The four new bars are all the same. Another seed, or a higher temperature?")
    outside = notes_outside_key(new, my_tune.key)
    if len(outside) > len(new) / 5:
        some = ", ".join(name for name, _ in outside[:3])
        raise Failure(
            f"{len(outside)} of {len(new)} new notes lie outside {my_tune.key} ({some}); one in five is allowed."
        )
    run = longest_copied_run(new, training)
    if run > _LONGEST_RUN:
        raise Failure(f"{run} new notes in a row stand in a training tune; {_LONGEST_RUN} are allowed. Another seed?")
    sentence = my_sentence if isinstance(my_sentence, str) else ""
    if len(sentence.split()) < 8:
        raise Failure(
            "The tune passes. Now the sentence (at least eight words): what did the network take over from your three bars, and what not?",
            hint="",
        )
    return f"{_NEW_BARS} new bars in {my_tune.key}, {len(figures)} of them different, {len(outside)} notes outside the key, at most {run} in a row copied."


def _figure(score: Score, start: int) -> tuple[tuple[int, int], ...]:
    """Return the onsets, counted from the bar line, and pitches of a bar."""
    rows = score.notes[(score.notes["onset"] >= start) & (score.notes["onset"] < start + score.bar_ticks)]
    return tuple((int(onset) - start, int(pitch)) for onset, pitch in rows[["onset", "pitch"]].tolist())


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 08."""
    return quiz("08", "recap", QUESTIONS)
