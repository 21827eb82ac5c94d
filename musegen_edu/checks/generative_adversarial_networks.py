"""Instant feedback for the exercises of lesson 10, generative_adversarial_networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.adversarial_step import MISTAKES, TOLERANCE, OneStep, mistakes_behind, same_moves
from musegen_edu.checks.adversarial_step import game_loss as right_game
from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.forged_music import check_album as check_album
from musegen_edu.checks.forged_music import check_groove as check_groove
from musegen_edu.checks.forged_music import one_number
from musegen_edu.checks.gan_quiz import QUESTIONS
from musegen_edu.four_bars import folk_windows
from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, HOLD, REST, STEPS_A_BAR

Array = npt.NDArray[np.float64]

# ---- a judge in doubt ----


def _softplus(scores: Array) -> Array:
    return np.logaddexp(0, scores)


def _judge_loss(real: Array, forged: Array, smoothing: float, slip: str = "") -> float:
    """The judge's logarithmic loss with one-sided smoothing; or with one of the usual slips."""
    if slip == "swapped":
        real, forged = forged, real
    right, wrong, found_out = (float(_softplus(score).mean()) for score in (-real, real, forged))
    if slip == "sum":
        right, wrong, found_out = right * len(real), wrong * len(real), found_out * len(forged)
    loss = (1 - smoothing) * right + smoothing * wrong + found_out
    if slip == "both sides":
        loss += smoothing * (float(_softplus(-forged).mean()) - found_out)
    if slip == "no smoothing":
        loss = right + found_out
    return {"value": -loss, "half": loss / 2}.get(slip, loss)


_LOSS_SLIPS = {
    "value": "That is the value of the game, which the judge makes large. A loss is made small: turn the sign round.",
    "swapped": "Real and forged have changed places: the judge would learn to call forgeries real.",
    "half": "It is half of what it should be: the two means are added, not averaged.",
    "sum": "A mean over the examples is wanted, not a sum: else the loss depends on how many there are.",
    "no smoothing": "The smoothing changes nothing yet: real examples are to be real with 1 − smoothing, and forged with smoothing.",
    "both sides": "Smoothing is one-sided: the forged examples stay forged with 100 %.",
}


@check(
    lesson="10",
    exercise="doubt",
    title="A judge in doubt",
    hints=(
        "For the loss: a mean over the real scores with the weights 1 − s and s, plus a mean over the forged ones. For the best judge: write a((1 − s) ln y + s ln(1 − y)) + b ln(1 − y), and set its slope to 0.",
        "(1 - s) * softplus(-real).mean() + s * softplus(real).mean() + softplus(forged).mean(), and (1 - s) * p / (p + q).",
    ),
)
def check_doubt(judge_loss: object, best_judge: object) -> str:
    """Check `judge_loss(real, forged, smoothing)` and `best_judge(p, q, smoothing)`: known cases first, then the formula against the loss."""
    toss = np.zeros(6)
    found = one_number("judge_loss", call(judge_loss, toss, toss[:4], 0.0))
    if not np.isclose(found, 2 * np.log(2), atol=1e-6):
        slip = next((text for name, text in _LOSS_SLIPS.items() if _fits(found, toss, toss[:4], 0.0, name)), "")
        raise Failure(
            f"A judge whose scores are all 0 tosses a coin, and has the loss 2 ln 2 = 1.386; yours is {found:.3f}. {slip}"
        )
    rng = np.random.default_rng(10)
    for smoothing in (0.0, 0.1, 0.3):
        real, forged = rng.normal(1, 2, 50), rng.normal(-1, 2, 40)
        found = one_number("judge_loss", call(judge_loss, real.copy(), forged.copy(), smoothing))
        if not np.isclose(found, _judge_loss(real, forged, smoothing), atol=1e-6):
            slip = next((text for name, text in _LOSS_SLIPS.items() if _fits(found, real, forged, smoothing, name)), "")
            raise Failure(
                f"With smoothing {smoothing:g} the loss should be {_judge_loss(real, forged, smoothing):.3f}; yours is {found:.3f}. {slip}"
            )
    sure = np.array([900.0, -900.0])
    with np.errstate(all="ignore"):
        found = one_number("judge_loss", call(judge_loss, sure, sure, 0.0))
    if not np.isclose(found, 900.0):
        raise Failure(
            f"For scores of 900 and −900 the loss should be 900; yours is {found:.3g}. e^900 is too large for the computer: np.logaddexp(0, d) is ln(1 + e^d) without it."
        )
    p, q = rng.random(30) + 0.01, rng.random(30) + 0.01
    for smoothing in (0.0, 0.2):
        answer = call(best_judge, p.copy(), q.copy(), smoothing)
        if answer is None or answer is ...:
            raise Failure("The loss is right. best_judge returns nothing yet.")
        best = np.asarray(answer, float)
        if best.shape != p.shape:
            raise Failure(
                f"best_judge should return one probability for each of the {len(p)} places; it has the shape {best.shape}."
            )
        if not np.allclose(best, (1 - smoothing) * p / (p + q), atol=1e-6):
            raise Failure(_wrong_judge(best, p, q, smoothing))
    return "Loss and formula agree: no other probability has a lower loss, at any of 30 places. With smoothing the best judge never says more than 1 − s."


def _fits(found: float, real: Array, forged: Array, smoothing: float, slip: str) -> bool:
    return bool(np.isclose(found, _judge_loss(real, forged, smoothing, slip), atol=1e-6))


def _wrong_judge(best: Array, p: Array, q: Array, smoothing: float) -> str:
    if np.allclose(best, q / (p + q)):
        return "best_judge gives the probability that an example is FORGED; turn p and q round."
    if smoothing and np.allclose(best, p / (p + q)):
        return f"Without smoothing it is right. With smoothing {smoothing:g} the judge would still say p / (p + q); but now it pays for being sure."
    if smoothing and np.allclose(best, (1 - smoothing) * p / ((1 - smoothing) * p + q)):
        return "Nearly: the smoothed part of p does not vanish, it counts as forged. So below the line stands all of p + q."
    at = int(np.abs(best - (1 - smoothing) * p / (p + q)).argmax())
    y = np.clip(best[at], 1e-9, 1 - 1e-9)
    cost = [
        -p[at] * ((1 - smoothing) * np.log(z) + smoothing * np.log(1 - z)) - q[at] * np.log(1 - z)
        for z in (y, (1 - smoothing) * p[at] / (p[at] + q[at]))
    ]
    return (
        f"Where p is {p[at]:.2f} and q is {q[at]:.2f}, with smoothing {smoothing:g}, your judge says {best[at]:.2f} and pays {cost[0]:.3f}; "
        f"another one pays {cost[1]:.3f}."
    )


# ---- count what a forger knows ----


def rhythm_counts(symbols: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return how often each rhythm occurs among the bars of some tunes, most frequent first: a rhythm is where in its bar notes begin.

    Examples
    --------
    >>> rhythm_counts(np.array([[18] + [1] * 31 + [20, 1] * 16])).tolist()  # eighths twice, one note, nothing
    [2, 1, 1]
    """
    begins = np.asarray(symbols).reshape(-1, STEPS_A_BAR) >= FIRST_PITCH
    counts: npt.NDArray[np.int64] = np.unique(begins, axis=0, return_counts=True)[1]
    return np.sort(counts)[::-1]


@check(
    lesson="10",
    exercise="rhythms",
    title="Count what a forger knows",
    hints=(
        "symbols.reshape(-1, 16) >= 3 says for each bar where notes begin. np.unique(..., axis=0, return_counts=True) counts rows that are alike.",
        "counts = np.unique(symbols.reshape(-1, 16) >= 3, axis=0, return_counts=True)[1]; then int((counts >= 0.01 * counts.sum()).sum()) and counts.max() / counts.sum().",
    ),
)
def check_rhythms(function: object) -> str:
    """Check `rhythms_found(symbols)`: how many rhythms have at least one bar in a hundred, and the share of the commonest."""
    collapsed = np.tile(np.array([18, HOLD, 20, HOLD] * 16, np.int32), (50, 1))
    n, share = _two(call(function, collapsed.copy()))
    if (n, share) != (1, 1.0):
        raise Failure(
            f"Fifty tunes with eighths only know one rhythm, and it has all the bars; you find {n:g} with a share of {share:.2f}."
        )
    other = collapsed.copy()
    other[:, 0::4] = np.random.default_rng(0).integers(FIRST_PITCH, 40, (50, 16))  # other pitches, the same rhythm
    n, share = _two(call(function, other.copy()))
    if n != 1:
        raise Failure(
            f"The same eighths on other pitches are still ONE rhythm; you find {n:g}. Only where notes begin counts."
        )
    rests = collapsed.copy()
    rests[:25, 2::4] = REST
    n, _ = _two(call(function, rests))
    if n != 2:
        raise Failure(
            f"Where every other note of half of the tunes is a rest, there are 2 rhythms; you find {n:g}. A rest begins no note, nor does a hold."
        )
    lucky = collapsed.copy()
    lucky[0, 1] = 25  # one bar of 200 has a sixteenth
    n, _ = _two(call(function, lucky))
    if n != 1:
        raise Failure("A rhythm that comes once in 200 bars is an accident; at least one bar in a hundred is wanted.")
    real = folk_windows("test").symbols
    noise = np.random.default_rng(1).choice(real.ravel(), real.shape)
    told = {}
    for name, symbols in (("real tunes", real), ("dice", noise)):
        counts = rhythm_counts(symbols)
        expected = int((counts >= 0.01 * counts.sum()).sum()), counts.max() / counts.sum()
        told[name] = _two(call(function, symbols.copy()))
        if told[name][0] != expected[0] or not np.isclose(told[name][1], expected[1], atol=1e-6):
            raise Failure(
                f"On {len(symbols)} tunes ({name}) you find {told[name][0]:g} rhythms, the commonest with {told[name][1]:.1%}; it should be "
                f"{expected[0]} and {expected[1]:.1%}."
            )
    return (
        f"Real tunes have {told['real tunes'][0]:g} rhythms with at least one bar in a hundred, the commonest with {told['real tunes'][1]:.0%}; "
        f"dice have {told['dice'][0]:g}: no rhythm comes back."
    )


def _two(answer: object) -> tuple[float, float]:
    if answer is None or answer is ...:
        raise Failure(
            "rhythms_found returns nothing yet. Return two numbers: how many rhythms, and the share of the commonest."
        )
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise Failure("Return two numbers, in this order: how many rhythms, and the share of the commonest.")
    return one_number("the number of rhythms", answer[0]), one_number("the share", answer[1])


# ---- mend a broken training step ----


@check(
    lesson="10",
    exercise="mend",
    title="Mend a broken training step",
    hints=(
        "Go through the two losses one by one. Whom should each of them move, and whom not? Three things are wrong.",
        "judge(ops.stop_gradient(forged)) in the judge's loss, softplus(-real) and softplus(forged) there, fixed_judge(forged) in the generator's.",
    ),
)
def check_mend(game_loss: object) -> str:
    """Check `game_loss(judge, fixed_judge, real, forged)`: one step of gradient descent on it moves each player as its own loss says."""
    step = OneStep()

    def learners(*arguments: Any) -> Any:
        value = call(game_loss, *arguments)
        if value is None or value is ...:
            raise Failure("game_loss returns nothing yet. Return the sum of both losses.")
        if not hasattr(value, "shape") or tuple(value.shape) != ():
            shape = getattr(value, "shape", type(value).__name__)
            raise Failure(f"game_loss should return one number, a mean over the examples; it returns {shape}.")
        return value

    found, right = step.move(learners), step.move(right_game)
    if same_moves(found, right):
        return "One step on a small game: the generator moves by its own loss, the judge by its own, and neither by the other's."
    mistakes = mistakes_behind(step, found)
    if mistakes:
        count = "" if len(mistakes) == 1 else f"{len(mistakes)} things are wrong. "
        raise Failure(count + " ".join(MISTAKES[name] for name in mistakes))
    off = [
        player
        for player, mine, theirs in zip(("generator", "judge"), found, right, strict=True)
        if not np.allclose(mine, theirs, atol=TOLERANCE)
    ]
    raise Failure(
        f"After one step the weights of {' and '.join(off)} are not where their own loss would have put them."
    )


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 10."""
    return quiz("10", "recap", QUESTIONS)
