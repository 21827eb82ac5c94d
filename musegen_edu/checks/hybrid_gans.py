"""Instant feedback for the exercises of lesson 11, hybrid_gans."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.hybrid_quiz import QUESTIONS
from musegen_edu.metrics.multitrack import empty_bars, tonal_distance
from musegen_edu.score import DRUMS, Score

Array = npt.NDArray[np.float64]
_BARS, _BAR_TICKS = 4, 96
_FEWEST_NOTES = 6  # of a melody that is to be accompanied
_MOST_BETTER = 4  # of the eleven other keys, so many may suit the melody better than the one in which the band plays
_C_MAJOR, _G_MAJOR, _F_SHARP_MAJOR = (
    np.isin(np.arange(12), chord) * 1.0 for chord in ((0, 4, 7), (7, 11, 2), (6, 10, 1))
)


def _gap(first: Array, second: Array, *, slip: str = "") -> float:
    """Distance of two tonal centroids; or with one of the usual slips."""
    steps = {"degrees": (7 / 6 * 180, 1.5 * 180, 2 / 3 * 180), "no pi": (7 / 6, 3 / 2, 2 / 3)}
    angles = np.outer(steps.get(slip, (7 / 6 * np.pi, 1.5 * np.pi, 2 / 3 * np.pi)), np.arange(12))
    radii = (1.0, 1.0, 1.0 if slip == "radii" else 0.5)
    circles = np.concatenate(
        [radius * np.stack([np.sin(a), np.cos(a)]) for radius, a in zip(radii, angles, strict=True)]
    )
    places = [circles @ (w if slip == "no mean" else w / w.sum()) for w in (first, second)]
    squares = (places[0] - places[1]) ** 2
    if slip == "city blocks":
        return float(np.sqrt(squares).sum())
    return float(squares.sum() if slip == "square" else np.sqrt(squares.sum()))


_GAP_SLIPS = {
    "no mean": "The centroid is a mean: the weights of each chord should add up to 1 first. Else a chord held longer lies further out.",
    "radii": "The third circle, of major thirds, has the radius ½; the other two have 1.",
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
        "angles = np.outer([7/6, 3/2, 2/3], np.arange(12)) * np.pi; sines and cosines times the radii [1, 1, 0.5]; places = sum of weights * points / sum of weights; the root of the summed squares of the difference.",
    ),
)
def check_tonal(function: object) -> str:
    """Check `tonal_gap(first, second)`: the distance of two mixtures of pitch classes, first in cases that an ear knows."""
    same = _number(call(function, _C_MAJOR.copy(), _C_MAJOR.copy()), "tonal_gap")
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
    found = [_number(call(function, a.copy(), b.copy()), "tonal_gap") for a, b in mixtures]
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
        raise Failure(
            f"C major to G major is {right[0]:.3f}, yours is {found[0]:.3f}; over all cases you are off by up to "
            f"{max(abs(a - b) for a, b in zip(found, right, strict=True)):.2g}."
        )
    moved = [_number(call(function, np.roll(a, 5), np.roll(b, 5)), "tonal_gap") for a, b in mixtures]
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
    "sum": "That is a sum over all notes. A mean is wanted, in semitones a note, so that many tunes cost no more than a few.",
}


@check(
    lesson="11",
    exercise="cycle",
    title="A cycle loss",
    hints=(
        "Send every tune of A to B and back to A, and measure how far each note is from where it was. Then do the same from B.",
        "np.abs(to_a(to_b(tunes_a)) - tunes_a).mean() + np.abs(to_b(to_a(tunes_b)) - tunes_b).mean()",
    ),
)
def check_cycle(function: object) -> str:
    """Check `cycle_loss(tunes_a, tunes_b, to_b, to_a)`: semitones a note by which tunes miss their old place, both ways added."""
    rng = np.random.default_rng(4)
    a, b = rng.integers(60, 73, (5, 8)).astype(float), rng.integers(67, 84, (3, 8)).astype(float)

    def flatten(tunes: Array) -> Array:
        return np.full_like(tunes, 67.0)

    loss = _number(call(function, a.copy(), b.copy(), lambda t: t + 7, lambda t: t - 7), "cycle_loss")
    if abs(loss) > 1e-9:
        raise Failure(
            f"Up a fifth and down a fifth brings every tune home; that cycle costs 0, not {loss:.3g} semitones a note."
        )
    ways = [
        (lambda t: t + 7, lambda t: t - 5),
        (flatten, lambda t: t),
        (lambda t: t[:, ::-1], lambda t: t + 2),
        (lambda t: np.round(t / 2) * 2, lambda t: 134 - t),
        (lambda t: t + np.arange(8), lambda t: np.minimum(t, 72.0)),
    ]
    found = [_number(call(function, a.copy(), b.copy(), *way), "cycle_loss") for way in ways]
    right = [_cycle(a, b, *way) for way in ways]
    if not np.allclose(found, right, atol=1e-6):
        for slip, message in _CYCLE_SLIPS.items():
            if np.allclose(found, [_cycle(a, b, *way, slip=slip) for way in ways], atol=1e-6):
                raise Failure(message)
        raise Failure(
            f"Up a fifth and down a fourth leaves every tune two semitones too high, both ways: 4 together. Yours is {found[0]:.3g}; "
            f"where every tune becomes one long G it should be {right[1]:.3g}, yours is {found[1]:.3g}."
        )
    return f"Up and down a fifth costs nothing; two semitones too high on both ways cost 4; to forget the tunes costs {found[1]:.1f}."


def _strangeness(
    row: Mapping[str, float], real: Mapping[str, float], floor: Mapping[str, float], *, slip: str = ""
) -> float:
    """Mean gap to real music in units of the floor, infinite where a measure is missing; or with one of the usual slips."""
    measures = [name for name in floor if floor[name] > 0]
    gaps = np.array([row[name] - real[name] for name in measures])
    gaps = gaps if slip == "signed" else np.abs(gaps)
    gaps = gaps if slip == "no floor" else gaps / [floor[name] for name in measures]
    if slip == "missing is perfect":
        return float(np.nan_to_num(gaps).mean())
    if slip == "missing is ignored":
        return float(np.nanmean(gaps))
    if np.isnan(gaps).any():
        return math.inf
    return float(gaps.max() if slip == "worst" else gaps.sum() if slip == "sum" else gaps.mean())


_WEIGHT_SLIPS = {
    "signed": "Too much and too little cancel each other: take each gap without its sign, abs(...).",
    "no floor": "You add pitch classes and shares as if they were one unit. Divide each gap by its floor first.",
    "sum": "That is the sum of the gaps; take their mean, so that the number can be read: 1 is as far as real music is from real music.",
    "worst": "That is the worst gap; here their mean is wanted.",
}
_MISSING = (
    "A band whose bass never plays has NaN (not a number) for the bass's pitch classes, and your measure lets it pass. A missing measure is "
    "no small gap: return math.inf."
)


@check(
    lesson="11",
    exercise="weight",
    title="Choose a judge's weight by measurement",
    hints=(
        "For each measure whose floor is above 0: abs(row - real) / floor. Then the mean. And what if one of them is NaN?",
        "gaps = [abs(row[m] - real[m]) / floor[m] for m in floor if floor[m] > 0]; if any of them is NaN return math.inf, else np.mean(gaps). my_choice = min(weight_rows, key=lambda name: strangeness(weight_rows[name], ...)).",
    ),
)
def check_weight(
    function: object,
    choice: object,
    rows: Mapping[str, Mapping[str, float]],
    real: Mapping[str, float],
    floor: Mapping[str, float],
) -> str:
    """Check `strangeness(row, real, floor)` on made-up rows, and the choice of a setting by it on the measured ones."""
    unit = {"empty bars": 0.05, "pitch classes": 0.1, "distance": 0.02}
    like = {"empty bars": 0.1, "pitch classes": 3.0, "distance": 1.5}
    made_up = [
        {"empty bars": 0.2, "pitch classes": 2.8, "distance": 1.56},
        {"empty bars": 0.0, "pitch classes": 3.0, "distance": 1.5},
        {"empty bars": 0.1, "pitch classes": 4.0, "distance": 1.44},
    ]
    whole = _number(call(function, dict(like), dict(like), dict(unit)), "strangeness")
    if abs(whole) > 1e-9:
        raise Failure(f"A band exactly like real music should have strangeness 0; yours is {whole:.3g}.")
    found = [_number(call(function, dict(row), dict(like), dict(unit)), "strangeness") for row in made_up]
    right = [_strangeness(row, like, unit) for row in made_up]
    if not np.allclose(found, right, atol=1e-6):
        for slip, message in _WEIGHT_SLIPS.items():
            if np.allclose(found, [_strangeness(row, like, unit, slip=slip) for row in made_up], atol=1e-6):
                raise Failure(message)
        raise Failure(f"For gaps of 2, 2 and 3 floors the mean is {right[0]:.3f}; yours is {found[0]:.3f}.")
    never = _number(
        call(function, {**like, "held": 1.0}, {**like, "held": 1.0}, {**unit, "held": 0.0}), "strangeness", nan=True
    )
    if not abs(never) < 1e-9:
        raise Failure(
            f"Where the floor is 0 real music never differs, and nothing can be divided by it: leave that measure out. Yours gives {never}."
        )
    silent = _number(
        call(function, {**like, "pitch classes": math.nan}, dict(like), dict(unit)), "strangeness", nan=True
    )
    if silent != math.inf:
        raise Failure(_MISSING)
    if choice is ...:
        raise Failure("strangeness is right. Now choose: my_choice is the name of the setting with the smallest one.")
    if not isinstance(choice, str) or choice not in rows:
        raise Failure(f"my_choice should be the name of a setting: {', '.join(map(repr, rows))}. It is {choice!r}.")
    measured = {name: _strangeness(row, real, floor) for name, row in rows.items()}
    best = min(measured, key=lambda name: measured[name])
    if measured[choice] > measured[best] + 1e-9:
        raise Failure(
            f"{choice!r} is {measured[choice]:.2f} floors away from real music; another setting comes nearer."
        )
    return f"{choice!r} it is: {measured[choice]:.2f} floors from real music, the others {_span(v for n, v in measured.items() if n != choice)}."


def _span(values: Any) -> str:
    found = sorted(values)
    return f"{found[0]:.2f} to {found[-1]:.2f}"


@check(
    lesson="11",
    exercise="band",
    title="A band for a tune of your own",
    hints=(
        "accompany(my_tune, seed=...) returns the whole band with your tune in it. If it does not suit your tune, take another seed.",
        "Tunes that know their key are helped most: letters_to_score(..., key='G major'). Try seeds 0 to 9 and keep the one that sounds best to you.",
    ),
)
def check_band(tune: object, band: object) -> str:
    """Check an accompaniment: the learner's own tune is in it note by note, everybody plays, and the band is in the tune's key."""
    tune, band = _score(tune, "my_tune"), _score(band, "my_band")
    if tune.n_parts != 1 or tune.programs[0] == DRUMS:
        raise Failure(f"my_tune has {tune.n_parts} parts; one melody is wanted.")
    if tune.bar_ticks != _BAR_TICKS or tune.pickup or not 0 < tune.n_bars <= _BARS:
        raise Failure(
            f"my_tune is {tune.n_bars} bars of {tune.meter[0]}/{tune.meter[1]}; up to four bars of 4/4 without a pickup are wanted."
        )
    if len(tune) < _FEWEST_NOTES:
        raise Failure(f"my_tune has {len(tune)} notes; give the band at least {_FEWEST_NOTES} to go by.")
    places = [part for part, program in enumerate(band.programs) if program != DRUMS]
    mine = [part for part in places if _line(band.part(part)) == _line(tune)]
    if not mine:
        raise Failure("Your tune is not in my_band note by note: no part has the same onsets, lengths and pitches.")
    others = [part for part in places if part != mine[0]]
    drums = [part for part, program in enumerate(band.programs) if program == DRUMS]
    if len(others) < 2 or not drums:
        raise Failure(
            f"my_band has {len(others)} voices and {len(drums)} drum parts besides your tune; two and one are wanted."
        )
    for part in (*others, *drums):
        silent = empty_bars(band, part, n_bars=_BARS)
        if silent > 0.5:
            raise Failure(
                f"Part {part + 1} is silent in {silent:.0%} of the bars: that is a guest, no member of the band. Try another seed."
            )
    better = keys_that_suit_better(tune, band, others)
    if len(better) > _MOST_BETTER:
        raise Failure(
            f"Moved by {', '.join(map(str, better))} semitones, against your tune, the voices would suit it better than as they are: "
            f"{len(better)} of 11 other keys. They play past it. Try other seeds, or tell the tune its key."
        )
    told = "no other key" if not better else f"{len(better)} of 11 other keys"
    return f"Your {len(tune)} notes are all there, {len(others)} voices and the drums play along, and {told} would suit them better."


def keys_that_suit_better(tune: Score, band: Score, voices: Sequence[int]) -> list[int]:
    """Return by how many semitones some voices of a band would have to be moved to lie nearer to a tune, by tonal distance.

    Examples
    --------
    >>> tune = Score.from_melody([60, 64, 67, 72] * 4, 24)
    >>> chords = Score.from_notes([(0, 384, 48), (0, 384, 52), (0, 384, 55)])
    >>> keys_that_suit_better(tune, chords, [0]), len(keys_that_suit_better(tune, chords.transpose(6), [0])) > 4
    ([], True)
    """
    rows = [(*row[:4], 0) for row in tune.notes.tolist()]
    under = [row[:4] for part in voices for row in band.part(part).notes.tolist()]
    apart = []
    for semitones in range(12):
        moved = [
            (onset, length, (pitch - 36 + semitones) % 60 + 36, velocity, 1) for onset, length, pitch, velocity in under
        ]
        apart.append(tonal_distance(Score.from_notes([*rows, *moved], programs=(0, 0)), 0, 1))
    return [semitones for semitones in range(1, 12) if apart[semitones] < apart[0] - 1e-9]


def _score(value: object, name: str) -> Score:
    if value is ...:
        raise Failure(f"{name} is still three dots.")
    if not isinstance(value, Score):
        raise Failure(f"{name} should be a Score; it is {type(value).__name__}.")
    return value


def _line(score: Score) -> list[tuple[int, ...]]:
    return [row[:3] for row in score.notes.tolist()]


def _number(value: object, name: str, *, nan: bool = False) -> float:
    if value is None or value is ...:
        raise Failure(f"{name} returns nothing yet.")
    array = np.asarray(value)
    if array.shape != () or not np.issubdtype(array.dtype, np.number):
        raise Failure(f"{name} should return one number; it returns {value!r}.")
    if np.isnan(array) and not nan:
        raise Failure(f"{name} returns nan, not a number. Is something divided by 0?")
    return float(array)


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 11."""
    return quiz("11", "recap", QUESTIONS)
