"""Instant feedback for the exercises of lesson 11, hybrid_gans."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.hybrid_quiz import QUESTIONS
from musegen_edu.checks.learner_code import describe

Array = npt.NDArray[np.float64]
_C_MAJOR, _G_MAJOR, _F_SHARP_MAJOR = (
    np.isin(np.arange(12), chord) * 1.0 for chord in ((0, 4, 7), (7, 11, 2), (6, 10, 1))
)


def _gap(first: Array, second: Array, *, slip: str = "") -> float:
    """Distance of two tonal centroids; or with one of the usual slips."""
    steps = {"degrees": (7 / 6 * 180, 1.5 * 180, 2 / 3 * 180), "no pi": (7 / 6, 3 / 2, 2 / 3)}
    angles = np.outer(steps.get(slip, (7 / 6 * np.pi, 1.5 * np.pi, 2 / 3 * np.pi)), np.arange(12))
    radii = {"radii": (1.0, 1.0, 1.0), "radii turned": (0.5, 1.0, 1.0)}.get(slip, (1.0, 1.0, 0.5))
    circles = np.concatenate(
        [radius * np.stack([np.sin(a), np.cos(a)]) for radius, a in zip(radii, angles, strict=True)]
    )
    shares = {"no mean": lambda w: w, "twelfths": lambda w: w / 12, "marks": lambda w: (w > 0) / (w > 0).sum()}
    places = [circles @ shares.get(slip, lambda w: w / w.sum())(w) for w in (first, second)]
    squares = (places[0] - places[1]) ** 2
    if slip == "city blocks":
        return float(np.sqrt(squares).sum())
    return float(squares.sum() if slip == "square" else np.sqrt(squares.sum()))


_GAP_SLIPS = {
    "no mean": "The centroid is a mean: the weights of each chord should add up to 1 first. Else a chord held longer lies further out.",
    "radii": "The third circle, of major thirds, has the radius ½; the other two have 1.",
    "radii turned": "The radius ½ belongs to the third circle, of major thirds; in yours it is the first one, of fifths, that is small.",
    "twelfths": "For a mean the sum of the points is divided by the sum of the weights, not by 12: else a chord of three notes hardly leaves the middle.",
    "marks": "Each note that is there counts as much as any other. The numbers say HOW MUCH of it there is: weigh the points by them.",
    "square": "That is the square of the distance: the root is missing.",
    "city blocks": "You have added up the six differences one by one. The straight line is meant: the root of the sum of their squares.",
    "degrees": "np.sin and np.cos take radians, not degrees: 7π/6, not 210.",
    "no pi": "The angles have lost their π: 7π/6, 3π/2 and 2π/3 for each semitone.",
}


@check(
    lesson="11",
    exercise="tonal",
    title="Tonal distance by hand",
    hints=(
        "Each pitch class is a point on three circles, so six numbers; a chord is the mean of its points, weighted. Try C major against itself: 0.",
        "`angles = np.outer([7/6, 3/2, 2/3], np.arange(12)) * np.pi`; sines and cosines times the radii 1, 1 and 0.5; a place is the sum of weights times points, divided by the sum of the weights; then the root of the summed squares of the difference.",
    ),
)
def check_tonal(function: object) -> str:
    """Check `tonal_gap(first, second)`: the distance of two mixtures of pitch classes, first in cases that an ear knows."""
    same = number_of(call(function, _C_MAJOR.copy(), _C_MAJOR.copy()), "tonal_gap")
    if abs(same) > 1e-9:
        raise Failure(f"C major is {same:.3g} away from C major; a chord should be at distance 0 from itself.")
    rng = np.random.default_rng(11)
    mixtures = [
        (_C_MAJOR, _G_MAJOR),
        (_C_MAJOR, _F_SHARP_MAJOR),
        (np.eye(12)[0], np.eye(12)[7]),
        (_C_MAJOR, 3 * _G_MAJOR),
    ]
    mixtures += [(rng.random(12), rng.random(12)) for _ in range(4)]
    found = [number_of(call(function, a.copy(), b.copy()), "tonal_gap") for a, b in mixtures]
    right = [_gap(a, b) for a, b in mixtures]
    if not np.allclose(found, right, atol=1e-6):
        for slip, message in _GAP_SLIPS.items():
            if np.allclose(found, [_gap(a, b, slip=slip) for a, b in mixtures], atol=1e-6):
                raise Failure(message)
        if found[0] >= found[1]:
            raise Failure(
                f"By your measure C major is as near to F sharp major ({found[1]:.3g}) as to G major ({found[0]:.3g}) or nearer. "
                "No ear agrees: C and G share a note and lie a fifth apart."
            )
        off = max(abs(a - b) for a, b in zip(found, right, strict=True))
        if np.isclose(found[0], right[0], atol=1e-6):
            raise Failure(
                f"From C major to G major it is right, {right[0]:.3f}; with other amounts of each note you are off by up to {off:.2g}."
            )
        raise Failure(
            f"C major to G major is {right[0]:.3f}, yours is {found[0]:.3f}; over all cases you are off by up to {off:.2g}."
        )
    moved = [number_of(call(function, np.roll(a, 5), np.roll(b, 5)), "tonal_gap") for a, b in mixtures]
    if not np.allclose(moved, found, atol=1e-6):
        raise Failure("Both chords transposed by a fourth should be as far apart as before.")
    return f"C major lies {found[0]:.2f} from G major and {found[1]:.2f} from F sharp major, in every key alike."


def _cycle(tunes_a: Array, tunes_b: Array, to_b: Any, to_a: Any, *, slip: str = "") -> float:
    """Cycle loss; or with one of the usual slips."""
    if slip == "one way":
        return float(np.abs(to_a(to_b(tunes_a)) - tunes_a).mean())
    if slip == "no return":
        return float(np.abs(to_b(tunes_a) - tunes_a).mean() + np.abs(to_a(tunes_b) - tunes_b).mean())
    there, back = to_a(to_b(tunes_a)) - tunes_a, to_b(to_a(tunes_b)) - tunes_b
    if slip == "half":
        return float(np.abs(there).mean() + np.abs(back).mean()) / 2
    if slip == "means first":
        return float(abs(there.mean()) + abs(back.mean()))
    if slip == "a tune":
        return float(np.abs(there).sum() / len(there) + np.abs(back).sum() / len(back))
    if slip == "signed":
        return float(there.mean() + back.mean())
    if slip == "square":
        return float((there**2).mean() + (back**2).mean())
    if slip == "sum":
        return float(np.abs(there).sum() + np.abs(back).sum())
    if slip == "wrong order":
        return float(np.abs(to_b(to_a(tunes_a)) - tunes_a).mean() + np.abs(to_a(to_b(tunes_b)) - tunes_b).mean())
    return float(np.abs(there).mean() + np.abs(back).mean())


_CYCLE_SLIPS = {
    "one way": "Only the tunes of style A make the journey. Those of style B must come home, too: add their half.",
    "no return": "You compare a tune with its translation. It may be as different as it likes: compare with what comes BACK.",
    "wrong order": "The tunes of A go to B first and then home. You have sent each tune into its own style first.",
    "signed": "Too high here and too low there cancel each other: take the distance of each note, np.abs, before the mean.",
    "square": "That is the squared distance; here semitones are wanted as they are, np.abs.",
    "means first": "Too high here and too low there cancel each other in the mean: take the distance of each note, np.abs, before it.",
    "half": "Both ways are to be added; you have taken their mean.",
    "a tune": "You have divided by the number of tunes. Wanted are semitones a NOTE: the mean over all notes.",
    "sum": "That is a sum over all notes. A mean is wanted, in semitones a note, so that many tunes cost no more than a few.",
}


@check(
    lesson="11",
    exercise="cycle",
    title="A cycle loss",
    hints=(
        "Send every tune of A to B and back to A, and measure how far each note is from where it was. Then do the same from B.",
        "`np.abs(to_a(to_b(tunes_a)) - tunes_a).mean() + np.abs(to_b(to_a(tunes_b)) - tunes_b).mean()`",
    ),
)
def check_cycle(function: object) -> str:
    """Check `cycle_loss(tunes_a, tunes_b, to_b, to_a)`: semitones a note by which tunes miss their old place, both ways added."""
    rng = np.random.default_rng(4)
    a, b = rng.integers(60, 73, (5, 8)).astype(float), rng.integers(67, 84, (3, 8)).astype(float)

    def flatten(tunes: Array) -> Array:
        return np.full_like(tunes, 67.0)

    ways = [
        (lambda t: t + 7, lambda t: t - 7),
        (lambda t: t + 7, lambda t: t - 5),
        (flatten, lambda t: t),
        (lambda t: t[:, ::-1], lambda t: t + 2),
        (lambda t: np.round(t / 2) * 2, lambda t: 134 - t),
        (lambda t: t + np.arange(8), lambda t: np.minimum(t, 72.0)),
    ]
    found = [number_of(call(function, a.copy(), b.copy(), *way), "cycle_loss") for way in ways]
    right = [_cycle(a, b, *way) for way in ways]
    if not np.allclose(found, right, atol=1e-6):
        for slip, message in _CYCLE_SLIPS.items():
            if np.allclose(found, [_cycle(a, b, *way, slip=slip) for way in ways], atol=1e-6):
                raise Failure(message)
        if abs(found[0]) > 1e-9:
            raise Failure(
                f"Up a fifth and down a fifth brings every tune home; that cycle costs 0, not {found[0]:.3g} semitones a note."
            )
        raise Failure(
            f"Up a fifth and down a fourth leaves every tune two semitones too high, both ways: 4 together. Yours is {found[1]:.3g}; "
            f"where every tune becomes one long G it should be {right[2]:.3g}, yours is {found[2]:.3g}."
        )
    return f"Up and down a fifth costs nothing; two semitones too high on both ways cost 4; to forget the tunes costs {found[2]:.1f}."


def number_of(value: object, name: str, *, nan: bool = False) -> float:
    """Return what a learner's function gave as a number, or say what is wrong with it; nan passes only if `nan`.

    Examples
    --------
    >>> number_of(2, "cycle_loss")
    2.0
    """
    if value is None or value is ...:
        raise Failure(f"{name} returns nothing yet. One number is wanted.", hint="")
    array = np.asarray(value)
    if array.shape != () or not np.issubdtype(array.dtype, np.number):
        raise Failure(f"{name} should return one number; what it returns is {describe(value)}.")
    if np.isnan(array) and not nan:
        raise Failure(f"{name} returns nan, not a number. Is something divided by 0?")
    return float(array)


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 11."""
    return quiz("11", "recap", QUESTIONS)
