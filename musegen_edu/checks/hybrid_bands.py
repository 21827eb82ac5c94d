"""Instant feedback for the exercises of lesson 11, hybrid_gans, that are about a band: a judge's weight, an accompaniment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from musegen_edu.checks.core import Failure, call, check
from musegen_edu.checks.hybrid_gans import number_of
from musegen_edu.checks.learner_code import describe
from musegen_edu.metrics.multitrack import empty_bars, tonal_distance
from musegen_edu.score import DRUMS, Score

_BARS, _BAR_TICKS = 4, 96
_FEWEST_NOTES = 6  # of a melody that is to be accompanied
_MOST_BETTER = 4  # of the eleven other keys, so many may suit the melody better than the one in which the band plays


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
        "For each measure whose floor is above 0: `abs(row[name] - real[name]) / floor[name]`. Then the mean. And what if one of them is NaN?",
        "`gaps = [abs(row[m] - real[m]) / floor[m] for m in floor if floor[m] > 0]`; if any of them is NaN return `np.inf`, else `np.mean(gaps)`. `my_choice = min(weight_rows, key=lambda name: strangeness(weight_rows[name], real_row, floor))`.",
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
    whole = number_of(call(function, dict(like), dict(like), dict(unit)), "strangeness")
    if abs(whole) > 1e-9:
        raise Failure(f"A band exactly like real music should have strangeness 0; yours is {whole:.3g}.")
    found = [number_of(call(function, dict(row), dict(like), dict(unit)), "strangeness") for row in made_up]
    right = [_strangeness(row, like, unit) for row in made_up]
    if not np.allclose(found, right, atol=1e-6):
        for slip, message in _WEIGHT_SLIPS.items():
            if np.allclose(found, [_strangeness(row, like, unit, slip=slip) for row in made_up], atol=1e-6):
                raise Failure(message)
        raise Failure(f"For gaps of 2, 2 and 3 floors the mean is {right[0]:.3f}; yours is {found[0]:.3f}.")
    never = number_of(
        call(function, {**like, "held": 1.0}, {**like, "held": 1.0}, {**unit, "held": 0.0}), "strangeness", nan=True
    )
    if not abs(never) < 1e-9:
        raise Failure(
            f"Where the floor is 0 real music never differs, and nothing can be divided by it: leave that measure out. Yours gives {never}."
        )
    silent = number_of(
        call(function, {**like, "pitch classes": math.nan}, dict(like), dict(unit)), "strangeness", nan=True
    )
    if math.isnan(silent):
        raise Failure(
            _MISSING.replace("your measure lets it pass", "your measure gives nan, which is neither small nor large")
        )
    if silent != math.inf:
        raise Failure(_MISSING)
    if choice is ...:
        raise Failure("strangeness is right. Now choose: my_choice is the name of the setting with the smallest one.")
    if not isinstance(choice, str) or choice not in rows:
        what = repr(choice) if isinstance(choice, str) else describe(choice)
        raise Failure(
            f"my_choice should be the name of a setting: {', '.join(map(repr, rows))}. It is {what}.", hint=""
        )
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
        "`accompany(my_tune, seed=...)` returns the whole band with your tune in it. If it does not suit your tune, take another seed.",
        "Tunes that know their key are helped most: `letters_to_score(..., key='G major')`. Try seeds 0 to 9 and keep the one that sounds best to you.",
    ),
)
def check_band(tune: object, band: object) -> str:
    """Check an accompaniment: the learner's own tune is in it note by note, everybody plays, and the band is in the tune's key."""
    tune, band = _score(tune, "my_tune"), _score(band, "my_band")
    if tune.n_parts != 1 or tune.programs[0] == DRUMS:
        raise Failure(f"my_tune has {tune.n_parts} parts; one melody is wanted.", hint="")
    if tune.bar_ticks != _BAR_TICKS or tune.pickup or not 0 < tune.n_bars <= _BARS:
        raise Failure(
            f"my_tune is {tune.n_bars} bars of {tune.meter[0]}/{tune.meter[1]}; up to four bars of 4/4 without a pickup are wanted.",
            hint="",
        )
    if len(tune) < _FEWEST_NOTES:
        raise Failure(f"my_tune has {len(tune)} notes; give the band at least {_FEWEST_NOTES} to go by.", hint="")
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
