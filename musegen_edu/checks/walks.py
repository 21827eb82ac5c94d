"""Instant feedback for a walk from tune to tune, the open exercise of lesson 09."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, check
from musegen_edu.keys import estimate_key
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import BAR_TICKS, N_BARS, N_STEPS, STEP_TICKS

FEWEST_STEPS = 5  # of a morph, the two ends included
_SILENT = -1
_WRONG_KEY = 0.2  # of the sixteenths fit better when the next step is moved


@check(
    lesson="09",
    exercise="morph",
    title="A morph between two tunes of yours",
    hints=(
        "`scores_to_latents` gives two codes; `slerp` walks from one to the other; `latents_to_scores` gives the steps. Put your own tunes at both ends.",
        "If one step jumps too far, take more steps, or simpler tunes: eighths and quarters within an octave of the tonic are what the model knows best.",
    ),
)
def check_morph(first: object, last: object, morph: object) -> str:
    """Check a morph: it begins and ends with the learner's own tunes, moves, and nowhere jumps from the one to the other."""
    for name, tune in (("my_first", first), ("my_last", last)):
        if tune is ...:
            raise Failure(f"{name} is still three dots: put a Score there, drawn in the editor or written in letters.")
        if not isinstance(tune, Score):
            raise Failure(f"{name} should be a Score: editor.score, or letters_to_score(...).")
        if tune.bar_ticks != BAR_TICKS or tune.pickup or tune.n_bars > N_BARS or tune.n_bars < N_BARS - 1:
            raise Failure(
                f"{name} is {tune.n_bars} bars of {tune.meter[0]}/{tune.meter[1]}; four bars of 4/4 without a pickup are wanted."
            )
        if len(tune) < 8:
            raise Failure(f"{name} has {len(tune)} notes; at least eight are wanted.")
    if morph is ...:
        raise Failure(
            "my_morph is still three dots: your first tune, the steps between and your last tune go there, as a list."
        )
    if not isinstance(morph, list | tuple) or not all(isinstance(step, Score) for step in morph):
        more = " It is one Score: join it afterwards, to listen." if isinstance(morph, Score) else ""
        if isinstance(morph, list | tuple) and any(isinstance(step, list | tuple) for step in morph):
            more = " There is a list inside it: write `[my_first, *between, my_last]`, with a star."
        raise Failure(
            f"my_morph should be a list of Scores: your first tune, the steps between, your last tune.{more}", hint=""
        )
    if len(morph) < FEWEST_STEPS:
        raise Failure(f"my_morph has {len(morph)} steps; at least {FEWEST_STEPS} are wanted, the two ends included.")
    steps = np.array([sixteenths(step) for step in morph])  # (steps, 64)
    ends = np.array([sixteenths(first), sixteenths(last)])  # type: ignore[arg-type]  # both are Scores: see above
    apart = _difference(ends[0], ends[1])
    if apart < 0.3:
        raise Failure(f"Your two tunes differ in {apart:.0%} of the sixteenths only. Draw two that are less alike.")
    for name, step, end in (("begin", steps[0], ends[0]), ("end", steps[-1], ends[1])):
        if (step != end).any():
            raise Failure(
                f"my_morph should {name} with your own tune exactly as you drew it; put the tune itself there."
            )
    if len({tuple(step) for step in steps.tolist()}) < 4:
        raise Failure("Nothing happens between your two tunes: fewer than four steps are different.")
    jumps = [_difference(a, b) for a, b in pairwise(steps)]
    widest = int(np.argmax(jumps))
    if jumps[widest] > apart:
        said = (
            f"From step {widest + 1} to step {widest + 2}, {jumps[widest]:.0%} of the sixteenths change at once; your two tunes themselves "
            f"are only {apart:.0%} apart."
        )
        semitones = _moved_by(steps[widest], steps[widest + 1])
        if semitones:
            where = "higher" if semitones > 0 else "lower"
            raise Failure(
                f"{said} Step {widest + 2} lies {abs(semitones)} semitones {where} than its neighbour: have the steps the key of your tunes?",
                hint="`latents_to_scores(..., key=my_first.key)`: a code knows no key; without one it is told in C.",
            )
        raise Failure(said)
    nearer = [_difference(step, ends[1]) - _difference(step, ends[0]) for step in steps]
    places = np.arange(len(steps), dtype=float)
    if correlation(places[1:-1], np.array(nearer[1:-1])) > 0.5:
        raise Failure("The steps between run the wrong way: they begin like your last tune, and end like your first.")
    r = correlation(places, np.array(nearer))
    if r > -0.5:
        raise Failure(
            "The steps do not lead from the first tune to the last: the later ones should be more like the last. Between a step's place and how "
            f"much more it is like the last tune the correlation is {-r:.2f}; 0.5 would do."
        )
    return f"Your tunes are {apart:.0%} apart, and no step changes more than {jumps[widest]:.0%}; the middle is in {estimate_key(morph[len(morph) // 2])}."


def sixteenths(score: Score) -> npt.NDArray[np.int64]:
    """Return what sounds on each of the 64 sixteenths of four bars: the pitch, plus 128 where it begins, or −1 for silence.

    Examples
    --------
    >>> sixteenths(Score.from_melody([60, 62], [12, 6]))[:4].tolist()
    [188, 60, 190, -1]
    """
    line = np.full(N_STEPS, _SILENT, np.int64)
    for onset, duration, pitch, *_ in score.notes.tolist():
        start, stop = onset // STEP_TICKS, -(-(onset + duration) // STEP_TICKS)
        line[start:stop] = pitch
        line[start : start + 1] = pitch + 128
    return line


def _moved_by(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> int:
    """Return by how many semitones the second of two lines lies higher than the first, where it fits much better when moved back; else 0."""
    shifts = list(range(-6, 7))
    fits = [_difference(one, np.where(other == _SILENT, _SILENT, other - shift)) for shift in shifts]
    best = int(np.argmin(fits))
    return shifts[best] if fits[best] < _difference(one, other) - _WRONG_KEY else 0


def _difference(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> float:
    return float((one != other).mean())


def correlation(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Return Pearson's correlation of two rows of numbers; 0 where one of them stands still.

    Examples
    --------
    >>> correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    1.0
    """
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0
