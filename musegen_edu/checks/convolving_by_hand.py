"""Instant feedback for what is convolved by hand in lesson 07: a motif in a roll, the depth that hears a low note."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from musegen_edu.checks.core import Failure, call, check
from musegen_edu.checks.learner_code import describe
from musegen_edu.keys import pitch_to_name

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
        "`lit = convolve2d(roll, kernel)` is as large as the number of notes where all of them are there: `np.argwhere(lit == len(motif))` "
        "lists those places. Its pitch is that of the kernel's lowest column; the first note lies `-lowest` semitones above it.",
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
                f"find_motif should return a list of pairs (step, pitch of the first note), but what it returns is {describe(answer)}."
            ) from None
        if found != right:
            raise Failure(_motif_failure(motif, found, right, what))
    return f"Right on all {len(_ROLLS)} rolls: in any key, in canon, falling, as a chord; near misses stay dark."


def _motif_failure(motif: Notes, found: Notes, right: Notes, what: str) -> str:
    lowest, what = min(higher for _, higher in motif), what[0].upper() + what[1:]
    if lowest < 0 and found == [(step, pitch + lowest) for step, pitch in right]:
        return (
            f"{what}: you report the lowest note. Wanted is the pitch of the motif's first note, {_entry(*right[0])}."
        )
    if right and found == sorted((pitch, step) for step, pitch in right):
        return f"{what}: you return (pitch, step); wanted is the step first, then the pitch."
    extra = [entry for entry in found if entry not in right]
    missing = [entry for entry in right if entry not in found]
    if extra and not missing:
        return f"{what}. You find the motif at {_entry(*extra[0])}, but it is not there. Only places where all {len(motif)} notes light up count."
    if missing and not extra:
        clue = ""
        if not found and lowest < 0:
            clue = f" NumPy counts kernel[0, {lowest}] from the right; that is no error, but another note."
        elif not found:
            clue = " Is the kernel turned as the roll is, steps first and semitones second?"
        return f"{what}. The motif at {_entry(*missing[0])} is not found.{clue}"
    return f"{what}. You find it at {_entry(*extra[0])}; it begins at {_entry(*missing[0])}."


def _entry(step: int, pitch: int) -> str:
    return f"step {step} on {pitch_to_name(pitch)}" if 0 <= pitch < 128 else f"step {step} on pitch {pitch}"


@check(
    lesson="07",
    exercise="depth",
    title="How deep to hear a low note?",
    hints=(
        "The frequency of a MIDI pitch is `440 * 2 ** ((pitch - 69) / 12)` Hz; one period lasts `sample_rate / frequency` samples.",
        "Begin with a field of 1 and 0 layers; while the field is smaller than the period, add `(kernel - 1) * 2 ** layers` to it and 1 to `layers`.",
    ),
)
def check_depth(function: object) -> str:
    """Check `layers_to_hear(pitch, sample_rate, kernel)` from a whistle down to the lowest key of a piano."""
    answers = []
    for case in _DEPTHS:
        answer = call(function, *case)
        if answer is None or answer is ...:
            raise Failure("layers_to_hear returns nothing yet. Return a number of layers.")
        if isinstance(answer, float | np.floating) and answer == round(answer):
            raise Failure(
                f"layers_to_hear should return a whole number of layers; {float(answer)} is none to Python, int({float(answer)}) is."
            )
        if isinstance(answer, bool) or not isinstance(answer, int | np.integer):
            raise Failure(f"layers_to_hear should return a whole number of layers, but it is {describe(answer)}.")
        answers.append(int(answer))
    right = [_layers_for(_period(pitch, rate), kernel) for pitch, rate, kernel in _DEPTHS]
    if answers == right:
        return "Right from the piano's lowest A to its highest C: an octave down costs one more layer."
    at = next(i for i, (one, other) in enumerate(zip(answers, right, strict=True)) if one != other)
    for slip, said in _DEPTH_SLIPS:
        if answers == [slip(*case) for case in _DEPTHS]:
            raise Failure(_period_of(*_DEPTHS[at]) + said)
    raise Failure(_period_of(*_DEPTHS[at]) + _depth_failure(answers[at], right[at], *_DEPTHS[at]))


_DEPTHS = (  # pitch, samples a second, kernel
    (69, 8000, 2),
    (60, 8000, 2),
    (36, 8000, 2),
    (21, 8000, 2),
    (21, 16000, 2),
    (108, 8000, 2),
    (36, 8000, 3),
    (69, 44100, 3),
)


def _period(pitch: int, sample_rate: int) -> float:
    """Return one period of a pitch in samples."""
    return sample_rate / (440 * 2 ** ((pitch - 69) / 12))


def _period_of(pitch: int, sample_rate: int, kernel: int) -> str:
    return f"{pitch_to_name(pitch)} at {sample_rate:,} Hz has a period of {_period(pitch, sample_rate):.1f} samples. "


def _field(layers: int, kernel: int) -> int:
    return 1 + (kernel - 1) * (2**layers - 1)


def _layers_for(period: float, kernel: int) -> int:
    layers = 0
    while _field(layers, kernel) < period:
        layers += 1
    return layers


def _powers_for(period: float, kernel: int) -> int:
    layers = 0
    while kernel**layers < period:
        layers += 1
    return layers


def _late_for(period: float, kernel: int) -> int:
    """Return how many layers there are where the first of them has the dilation 2."""
    layers = 0
    while 1 + 2 * (_field(layers, kernel) - 1) < period:
        layers += 1
    return layers


_DEPTH_SLIPS: tuple[tuple[Callable[[int, int, int], int], str], ...] = (
    (
        lambda pitch, rate, kernel: _layers_for(_period(pitch, rate), 2),
        "With a kernel of 3 each layer reaches 2 times its dilation further: do you use `kernel`?",
    ),
    (
        lambda pitch, rate, kernel: int(np.ceil((_period(pitch, rate) - 1) / (kernel - 1))),
        "You count as if the dilation stayed at 1. Here it doubles from layer to layer: 1, 2, 4, 8...",
    ),
    (
        lambda pitch, rate, kernel: _powers_for(_period(pitch, rate), kernel),
        "kernel ** layers would be the field if the dilations were 1, 3, 9... with a kernel of 3. Here they double, whatever the kernel: 1, 2, 4, 8...",
    ),
    (
        lambda pitch, rate, kernel: _late_for(_period(pitch, rate), kernel),
        "You count as if the first layer had the dilation 2. The dilations are 1, 2, 4, 8...",
    ),
    (
        lambda pitch, rate, kernel: _layers_for(_period(138 - pitch, rate), kernel),
        "You take low notes for high ones: a higher pitch has a HIGHER frequency, 440 * 2 ** ((pitch - 69) / 12), and a shorter period.",
    ),
    (
        lambda pitch, rate, kernel: 0,
        "Your field of 1 sample seems to be enough for it. Is your period in seconds? The field is counted in samples.",
    ),
)


def _depth_failure(answer: int, right: int, pitch: int, rate: int, kernel: int) -> str:
    if answer < right:
        period, heard = _period(pitch, rate), _field(max(answer, 0), kernel)
        return f"{answer} layers hear {heard:,} samples of it: that is {heard / period:.0%} of one wave."
    return f"{right} layers hear {_field(right, kernel):,} samples, which is enough; you give {answer}."
