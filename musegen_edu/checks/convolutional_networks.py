"""Instant feedback for the exercises of lesson 07, convolutional_networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.convolutional_quiz import QUESTIONS
from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.keys import pitch_to_name
from musegen_edu.metrics import voice_leading
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.chorale_codec import STEP_TICKS, VOICES

BACH_PARALLELS = 0.23  # fifths and octaves for each hundred chord changes in the training chorales, by `voice_leading`

Notes = list[tuple[int, int]]  # (step, pitch), or in a motif (step, semitones above its first note)
_JACQUES: Notes = [(0, 0), (4, 2), (8, 4), (12, 0)]  # do re mi do, in quarters
_FALLING: Notes = [(0, 0), (2, -2), (4, -4)]
_CHORD: Notes = [(0, 0), (0, 4), (0, 7)]


def _at(motif: Notes, step: int, pitch: int) -> Notes:
    return [(step + later, pitch + higher) for later, higher in motif]


# motif, notes of the roll, entries to be found, what is special
_ROLLS: tuple[tuple[Notes, Notes, Notes, str], ...] = (
    (_JACQUES, _at(_JACQUES, 0, 60), [(0, 60)], "the motif alone, on C4"),
    (_JACQUES, [*_at(_JACQUES, 0, 60), *_at(_JACQUES, 16, 60)], [(0, 60), (16, 60)], "the motif twice"),
    (_JACQUES, [*_at(_JACQUES, 4, 60), *_at(_JACQUES, 36, 67)], [(4, 60), (36, 67)], "an answer a fifth higher"),
    (_JACQUES, [*_at(_JACQUES, 16, 60), *_at(_JACQUES, 20, 48)], [(16, 60), (20, 48)], "two voices in canon, an octave apart"),
    (_JACQUES, [(0, 60), (4, 62), (8, 63), (12, 60)], [], "do re mi do in minor: three of the four notes are right"),
    (_JACQUES, [(0, 60), (4, 62), (9, 64), (12, 60)], [], "its third note comes a sixteenth late"),
    (_JACQUES, [(0, 60), (4, 62), (8, 64)], [], "it breaks off before the last note"),
    (_JACQUES, [*_at(_JACQUES, 8, 72), (10, 55), (14, 57), (8, 76), (8, 79), (12, 77)], [(8, 72)], "chords and other notes around it"),
    (_FALLING, _at(_FALLING, 3, 67), [(3, 67)], "a motif that goes down from G4"),
    (_CHORD, [*_at(_CHORD, 0, 60), *_at(_CHORD, 8, 65), (16, 60), (16, 63), (16, 67)], [(0, 60), (8, 65)], "a motif that is a chord: C and F major, then C minor"),
    (_JACQUES, [], [], "an empty roll"),
)  # fmt: skip


@check(
    lesson="07",
    exercise="motif",
    title="Find the motif",
    hints=(
        "The kernel is a little roll with the motif in it: zeros of shape (last step + 1, highest - lowest + 1), with a 1 at each note. "
        "A motif may go down, so count the columns from its lowest note.",
        "lit = convolve2d(roll, kernel) is as large as the number of notes where all of them are there: np.argwhere(lit == len(motif)) "
        "lists those places. Its pitch is that of the kernel's lowest column; the first note lies -lowest semitones above it.",
    ),
)
def check_motif(function: object) -> str:
    """Check `find_motif(roll, motif)` on entries, a canon, near misses, a falling motif and chords."""
    for motif, notes, right, what in _ROLLS:
        roll = np.zeros((64, 128))
        for step, pitch in notes:
            roll[step, pitch] = 1
        answer = call(function, roll, list(motif))
        if answer is None or answer is ...:
            raise Failure("find_motif returns nothing yet. Return a list of (step, pitch) pairs.")
        try:
            found = sorted((int(step), int(pitch)) for step, pitch in answer)
        except (TypeError, ValueError):
            raise Failure(
                f"find_motif should return a list of pairs (step, pitch of the first note), but it is {answer!r:.80}."
            ) from None
        if found != right:
            raise Failure(_motif_failure(motif, found, right, what))
    return f"Right on all {len(_ROLLS)} rolls: in any key, in canon, falling, as a chord; near misses stay dark."


def _motif_failure(motif: Notes, found: Notes, right: Notes, what: str) -> str:
    lowest = min(higher for _, higher in motif)
    if lowest < 0 and found == [(step, pitch + lowest) for step, pitch in right]:
        return f"{what.capitalize()}: you report the lowest note. Wanted is the pitch of the motif's first note, {_entry(*right[0])}."
    extra = [entry for entry in found if entry not in right]
    missing = [entry for entry in right if entry not in found]
    if extra and not missing:
        return f"{what.capitalize()}. You find the motif at {_entry(*extra[0])}, but it is not there. Only places where all {len(motif)} notes light up count."
    if missing and not extra:
        return f"{what.capitalize()}. The motif at {_entry(*missing[0])} is not found."
    return f"{what.capitalize()}. You find it at {_entry(*extra[0])}; it begins at {_entry(*missing[0])}."


def _entry(step: int, pitch: int) -> str:
    return f"step {step} on {pitch_to_name(pitch)}" if 0 <= pitch < 128 else f"step {step} on pitch {pitch}"


@check(
    lesson="07",
    exercise="depth",
    title="How deep to hear a low note?",
    hints=(
        "The frequency of a MIDI pitch is 440 * 2 ** ((pitch - 69) / 12) Hz; one period lasts sample_rate / frequency samples.",
        "Begin with a field of 1 and 0 layers; while the field is smaller than the period, add (kernel - 1) * 2 ** layers to it and 1 to layers.",
    ),
)
def check_depth(function: object) -> str:
    """Check `layers_to_hear(pitch, sample_rate, kernel)` from a whistle down to the lowest key of a piano."""
    cases = (
        (69, 8000, 2),
        (60, 8000, 2),
        (36, 8000, 2),
        (21, 8000, 2),
        (21, 16000, 2),
        (108, 8000, 2),
        (36, 8000, 3),
        (69, 44100, 3),
    )
    for pitch, sample_rate, kernel in cases:
        answer = call(function, pitch, sample_rate, kernel)
        if answer is None or answer is ...:
            raise Failure("layers_to_hear returns nothing yet. Return a number of layers.")
        if isinstance(answer, bool) or not isinstance(answer, (int, np.integer)):
            raise Failure(f"layers_to_hear should return a whole number of layers, but it is {answer!r}.")
        period = sample_rate / (440 * 2 ** ((pitch - 69) / 12))
        right = _layers_for(period, kernel)
        if answer != right:
            raise Failure(
                _depth_failure(int(answer), right, period, f"{pitch_to_name(pitch)} at {sample_rate:,} Hz", kernel)
            )
    return "Right from the piano's lowest A to its highest C: an octave down costs one more layer."


def _field(layers: int, kernel: int) -> int:
    return 1 + (kernel - 1) * (2**layers - 1)


def _layers_for(period: float, kernel: int) -> int:
    layers = 0
    while _field(layers, kernel) < period:
        layers += 1
    return layers


def _depth_failure(answer: int, right: int, period: float, what: str, kernel: int) -> str:
    head = f"{what} has a period of {period:.1f} samples. "
    if answer == _layers_for(period, 2) and kernel != 2:
        return (
            head
            + f"With a kernel of {kernel} each layer reaches {kernel - 1} times its dilation further: do you use `kernel`?"
        )
    if answer == int(np.ceil((period - 1) / (kernel - 1))):
        return head + "You count as if the dilation stayed at 1. Here it doubles from layer to layer: 1, 2, 4, 8..."
    if answer < right:
        heard = _field(max(answer, 0), kernel)
        return head + f"{answer} layers hear {heard:,} samples of it: that is {heard / period:.0%} of one wave."
    return head + f"{right} layers hear {_field(right, kernel):,} samples, which is enough; you give {answer}."


@check(
    lesson="07",
    exercise="hole",
    title="A hole of your own",
    hints=(
        "my_hole = np.zeros((4, n_steps), bool); my_hole[1, 16:48] = True erases two bars of the alto. Give chorale, hole and a seed to inpaint.",
        "Try several seeds, and keep the one with the fewest faults: min(attempts, key=lambda score: voice_leading(score).faults).",
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
            "The music passes. Now the sentence (at least eight words): where is yours weaker than the original, and what do you hear there?"
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
