"""Instant feedback for the exercises of lesson 07, convolutional_networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.convolutional_quiz import QUESTIONS
from musegen_edu.checks.convolving_by_hand import check_depth as check_depth
from musegen_edu.checks.convolving_by_hand import check_motif as check_motif
from musegen_edu.checks.core import Failure, check, quiz
from musegen_edu.metrics import voice_leading
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.chorale_codec import STEP_TICKS, VOICES

BACH_PARALLELS = 0.23  # fifths and octaves for each hundred chord changes in the training chorales, by `voice_leading`


@check(
    lesson="07",
    exercise="hole",
    title="A hole of your own",
    hints=(
        "`my_hole = np.zeros((4, n_steps), bool)` and `my_hole[1, 16:48] = True` erase two bars of the alto. Give chorale, hole and a seed to `inpaint`.",
        "Try several seeds, and keep the one with the fewest faults: `min(attempts, key=lambda score: voice_leading(score).faults)`.",
    ),
)
def check_hole(my_original: object, my_hole: object, my_chorale: object, my_sentence: object) -> str:
    """Check a chorale filled by the learner: unchanged around the hole, new in it, singable, and no more parallels than twice Bach's rate."""
    original, hole, filled = _hole_answers(my_original, my_hole, my_chorale)
    n_steps = hole.shape[1]
    if abs(filled.duration - original.duration) > TICKS_PER_QUARTER:
        raise Failure(
            f"my_chorale lasts {filled.duration / TICKS_PER_QUARTER:g} quarters, my_original {original.duration / TICKS_PER_QUARTER:g}: "
            "fill the hole, and leave the rest as it is."
        )
    differs = _sounding(original, n_steps) != _sounding(filled, n_steps)  # (4, n_steps)
    if (differs & ~hole).any():
        voice, step = np.argwhere(differs & ~hole)[0]
        raise Failure(
            f"Around the hole something has changed: the {VOICES[voice]} at sixteenth {step}, and {int((differs & ~hole).sum())} places "
            "in all. Did you give inpaint the same hole?"
        )
    share = float(differs[hole].mean())
    if share == 0:
        raise Failure("In the hole every note is as it was before. Is my_chorale the chorale that inpaint gave back?")
    counts, own = voice_leading(filled), voice_leading(original)
    if counts.out_of_range > own.out_of_range:
        raise Failure(f"{counts.out_of_range} of {counts.notes} notes lie where their voice cannot sing. Another seed?")
    allowed = max(1, round(2 * BACH_PARALLELS * counts.chord_changes / 100), own.parallel_fifths + own.parallel_octaves)
    parallels = counts.parallel_fifths + counts.parallel_octaves
    if parallels > allowed:
        raise Failure(
            f"{parallels} parallel fifths or octaves in {counts.chord_changes} chord changes; {allowed} would pass. Another seed, or more steps?"
        )
    sentence = my_sentence if isinstance(my_sentence, str) else ""
    if len(sentence.split()) < 8:
        raise Failure(
            "The music passes. Now the sentence (at least eight words): where is yours weaker than the original, and what do you hear there?",
            hint="",
        )
    return f"Untouched around the hole; {share:.0%} of the hole sounds otherwise than before; {parallels} parallels, all in range."


def _hole_answers(
    my_original: object, my_hole: object, my_chorale: object
) -> tuple[Score, npt.NDArray[np.bool_], Score]:
    for name, answer in (("my_original", my_original), ("my_hole", my_hole), ("my_chorale", my_chorale)):
        if answer is ... or answer is None:
            raise Failure(f"{name} is still empty.")
    if not isinstance(my_original, Score) or not isinstance(my_chorale, Score):
        raise Failure(
            "my_original and my_chorale should be Scores: a chorale of the dataset, and what inpaint gives back."
        )
    for name, score in (("my_original", my_original), ("my_chorale", my_chorale)):
        if score.n_parts != 4:
            raise Failure(f"{name} has {score.n_parts} parts; a chorale has four voices.")
    hole = np.asarray(my_hole)
    if hole.dtype != bool:
        raise Failure(
            f"my_hole should be an array of True and False; its type is {hole.dtype}. np.zeros((4, n_steps), bool) makes one."
        )
    n_steps = -(-my_original.duration // STEP_TICKS)
    if hole.shape != (4, n_steps):
        raise Failure(
            f"my_hole has shape {hole.shape}; it should be (4, {n_steps}): four voices, and the sixteenths of the chorale."
        )
    if hole.sum() < 16:
        raise Failure(f"Only {int(hole.sum())} sixteenths are erased. Take at least a bar of one voice: 16.")
    if hole.all():
        raise Failure(
            "Everything is erased: that is composing from nothing. Leave something for the network to answer to."
        )
    return my_original, hole, my_chorale


def _sounding(score: Score, n_steps: int) -> npt.NDArray[np.int64]:
    """What each voice sounds at each sixteenth, (4, n_steps); -1 is silence."""
    pitches = np.full((len(VOICES), n_steps), -1)
    for onset, duration, pitch, part in score.notes[["onset", "duration", "pitch", "part"]].tolist():
        pitches[part, onset // STEP_TICKS : -(-(onset + duration) // STEP_TICKS)] = pitch
    return pitches


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 07."""
    return quiz("07", "recap", QUESTIONS)
