"""Instant feedback for the exercises of lesson 05, recurrent_networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.recurrent_quiz import QUESTIONS
from musegen_edu.checks.tunes import first_difference, longest_copied_run, notes_outside_key
from musegen_edu.keys import parse_key, pitch_to_name
from musegen_edu.score import Score

Array = npt.NDArray[np.float64]
_LONGEST_RUN = 12  # notes in a row that may stand in a training tune: a scale and an ending
_SETTINGS = ("temperature", "top-k", "top_k", "top-p", "top_p", "seed", "candidates", "start", "key", "meter")


def _slopes(seed: int, size: float) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {name: size * rng.normal(size=shape) for name, shape in {"W_x": (7, 5), "W_h": (5, 5), "b_h": (5,)}.items()}


def _length(found: dict[str, Array]) -> float:
    return float(np.sqrt(sum((slopes**2).sum() for slopes in found.values())))


@check(
    lesson="05",
    exercise="clip",
    title="Clip the gradient",
    hints=(
        "First the length over all arrays: np.sqrt(sum((slopes**2).sum() for slopes in found.values())).",
        "factor = min(1.0, limit / length), the same for every array; return {name: factor * slopes for name, slopes in found.items()}.",
    ),
)
def check_clip(function: object) -> str:
    """Check `clip(found, limit)`: one factor for all, nothing changed below the limit, the given arrays left alone."""
    for seed, size, limit in ((1, 3.0, 1.0), (2, 0.01, 1.0), (3, 1.0, 5.0), (4, 40.0, 0.5), (5, 0.0, 1.0)):
        found = _slopes(seed, size)
        given = {name: slopes.copy() for name, slopes in found.items()}
        answer = call(function, given, limit)
        if answer is None or answer is ...:
            raise Failure("clip returns nothing yet. End it with return and a dictionary.")
        if not isinstance(answer, dict) or set(answer) != set(found):
            raise Failure("clip should return a dictionary with the same names as found: W_x, W_h, ...")
        for name, slopes in found.items():
            if not np.array_equal(given[name], slopes):
                raise Failure(f"The array found[{name!r}] itself was changed. Make a new one: factor * slopes.")
        clipped = {name: np.asarray(answer[name], float) for name in found}
        for name, slopes in clipped.items():
            if slopes.shape != found[name].shape:
                raise Failure(f"{name} has shape {slopes.shape}; it should still be {found[name].shape}.")
            if not np.isfinite(slopes).all():
                raise Failure("With a gradient of length 0, limit / length divides by 0. Then nothing needs clipping.")
        _compare_lengths(clipped, found, limit)
    return "The direction stays, the length is at most the limit, and short gradients are left as they are."


def _compare_lengths(clipped: dict[str, Array], found: dict[str, Array], limit: float) -> None:
    before, after = _length(found), _length(clipped)
    wanted = min(before, limit)
    if before <= limit and abs(after - before) > 1e-9:
        raise Failure(
            f"A gradient of length {before:.3g} was changed to {after:.3g}; below the limit of {limit} it should stay as it is."
        )
    if abs(after - wanted) > 1e-6 * max(1.0, wanted):
        alone = {name: min(1.0, limit / max(np.sqrt((s**2).sum()), 1e-12)) * s for name, s in found.items()}
        if all(np.allclose(clipped[name], alone[name]) for name in found):
            raise Failure(
                "You clipped each array by itself. The length is that of all arrays together; one factor for all."
            )
        if all(np.allclose(clipped[name], np.clip(s, -limit, limit)) for name, s in found.items()):
            raise Failure(
                "You clipped each number by itself. That turns the direction; shorten everything by one factor."
            )
        raise Failure(f"A gradient of length {before:.3g} came back with length {after:.3g}; {wanted:.3g} is wanted.")
    if any(
        np.abs(clipped[name] * before - slopes * after).max() > 1e-6 * max(1.0, before)
        for name, slopes in found.items()
    ):
        raise Failure("The length is right, but the direction is not: multiply every array by the same factor.")


@check(
    lesson="05",
    exercise="allowed",
    title="Only these notes",
    hints=(
        "Take the forbidden tokens away before the softmax: their logits become -np.inf, for which e to the power of it is 0.",
        "return softmax(np.where(allowed, y / temperature, -np.inf))",
    ),
)
def check_allowed(function: object) -> str:
    """Check `choose_allowed(y, allowed, temperature)`: forbidden 0, the others' ratios as they were, sum 1."""
    rng = np.random.default_rng(7)
    for n, share, temperature in ((12, 0.5, 1.0), (40, 0.2, 1.0), (30, 0.6, 0.5), (25, 1.0, 2.0)):
        y = rng.normal(scale=2.0, size=n)
        allowed = rng.random(n) < share
        allowed[int(rng.integers(n))] = True
        answer = call(function, y.copy(), allowed.copy(), temperature)
        if answer is None or answer is ...:
            raise Failure("choose_allowed returns nothing yet. Return the probabilities, one for each token.")
        p = np.asarray(answer, float)
        if p.shape != (n,):
            raise Failure(f"The answer has shape {p.shape}; one probability for each of the {n} tokens is wanted.")
        if not np.isfinite(p).all() or (p < 0).any():
            raise Failure("Some of the probabilities are negative or not finite.")
        _compare_probabilities(p, y, allowed, temperature)
    return "Forbidden tokens have no chance at all, and the others keep their ratios."


def _compare_probabilities(p: Array, y: Array, allowed: npt.NDArray[np.bool_], temperature: float) -> None:
    e = np.exp(y / temperature)
    right = np.where(allowed, e, 0.0) / e[allowed].sum()
    if np.allclose(p, right, atol=1e-8):
        return
    zeroed = np.exp(np.where(allowed, y / temperature, 0.0))
    if np.allclose(p, zeroed / zeroed.sum()):
        raise Failure(
            "You set forbidden logits to 0. But e to the power 0 is 1: they would still be drawn. Use -np.inf."
        )
    if (p[~allowed] > 0).any():
        raise Failure(f"{int((p[~allowed] > 0).sum())} of the forbidden tokens still have a chance.")
    if abs(p.sum() - 1) > 1e-6:
        raise Failure(
            f"The probabilities add up to {p.sum():.3f}. After taking some away, the rest must be scaled up to 1."
        )
    if temperature != 1 and np.allclose(p, np.where(allowed, np.exp(y), 0) / np.exp(y)[allowed].sum()):
        raise Failure(f"The temperature of {temperature} is not used: divide the logits by it.")
    raise Failure("The allowed tokens do not keep their ratios: p(a) / p(b) should be what it was without the ban.")


@check(
    lesson="05",
    exercise="tune",
    title="A tune of yours and the network's",
    hints=(
        "compose(trained, start=my_start, bars=8, seed=0) keeps your notes and ends on the tonic. Try several seeds, and a temperature of 0.8.",
        "Notes outside the key come from a high temperature: add top_p=0.9. The key is that of my_start: letters_to_score(..., key='G major').",
    ),
)
def check_tune(my_start: object, my_tune: object, my_sentence: object, training: Sequence[Score]) -> str:
    """Check an own tune: it begins with the start, ends on the tonic, stays in its key, does not copy; and a sentence."""
    for name, score in (("my_start", my_start), ("my_tune", my_tune)):
        if score is ...:
            raise Failure(f"{name} is still three dots: put a Score there.")
    if not isinstance(my_start, Score) or not isinstance(my_tune, Score):
        raise Failure("my_start and my_tune should be Scores: letters_to_score(...) and compose(...) make them.")
    if len(my_start) < 4:
        raise Failure(f"my_start has {len(my_start)} notes; at least four are wanted.")
    number = first_difference(my_tune, my_start)
    if number is not None:
        raise Failure(
            f"my_tune does not begin with my_start: note {number} is another. Give start=my_start to compose."
        )
    if len(my_tune) == len(my_start):
        raise Failure("my_tune is my_start and nothing more. Let the network go on.")
    if my_tune.n_bars < 8:
        raise Failure(f"Your tune has {my_tune.n_bars} bars; at least 8 are wanted.")
    if my_tune.key is None:
        raise Failure(
            "my_tune has no key, so nobody can say where home is. Write letters_to_score(..., key='G major')."
        )
    _check_home(my_tune, my_tune.key)
    run = longest_copied_run(my_tune, training)
    if run > _LONGEST_RUN:
        raise Failure(
            f"{run} notes in a row stand in a training tune; at most {_LONGEST_RUN} are allowed. Another seed?"
        )
    sentence = my_sentence if isinstance(my_sentence, str) else ""
    if len(sentence.split()) < 8 or not any(setting in sentence.lower() for setting in _SETTINGS):
        raise Failure(
            "The tune passes. Now the sentence, at least eight words: which setting did you change (temperature, top-p, seed, the start, ...), "
            "and what could you hear?"
        )
    return f"{my_tune.n_bars} bars in {my_tune.key}, {len(my_start)} notes of yours and {len(my_tune) - len(my_start)} of the network's, at most {run} in a row copied."


def _check_home(tune: Score, key: str) -> None:
    last = int(tune.notes["pitch"][-1])
    tonic = parse_key(key)[0]
    if last % 12 != tonic:
        raise Failure(
            f"The last note is {pitch_to_name(last, key)}, which is not the tonic of {key}. compose ends on the tonic by itself; was the end cut off?"
        )
    outside = notes_outside_key(tune, key)
    if len(outside) > len(tune) / 10:
        some = ", ".join(f"{name} in bar {bar}" for name, bar in outside[:3])
        raise Failure(f"{len(outside)} of {len(tune)} notes lie outside {key} ({some}); one in ten is allowed.")


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 05."""
    return quiz("05", "recap", QUESTIONS)
