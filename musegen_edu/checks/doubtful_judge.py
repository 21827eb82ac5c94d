"""Feedback for a judge in doubt, the exercise of lesson 10 on one-sided label smoothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check
from musegen_edu.checks.forged_music import one_number

Array = npt.NDArray[np.float64]


def _softplus(scores: Array) -> Array:
    return np.logaddexp(0, scores)


def _judge_loss(real: Array, forged: Array, smoothing: float, slip: str = "") -> float:
    """The judge's logarithmic loss with one-sided smoothing; or with one of the usual slips."""
    if slip == "swapped":
        real, forged = forged, real
    if slip == "signs":
        real, forged = -real, -forged
    if slip == "weights":
        smoothing = 1 - smoothing
    right, wrong, found_out = (float(_softplus(score).mean()) for score in (-real, real, forged))
    if slip == "sum":
        right, wrong, found_out = right * len(real), wrong * len(real), found_out * len(forged)
    loss = (1 - smoothing) * right + smoothing * wrong + found_out
    if slip == "both sides":
        loss += smoothing * (float(_softplus(-forged).mean()) - found_out)
    odd = {
        "value": -loss,
        "half": loss / 2,
        "no smoothing": right + found_out,
        "one term": (1 - smoothing) * right + found_out,
        "on the forged": (1 - smoothing) * right + smoothing * found_out,
    }
    return odd.get(slip, loss)


_OPPOSITE = "Real and forged have changed places: the judge would learn to call forgeries real."
_LOSS_SLIPS = {
    "value": "That is the value of the game, which the judge makes large. A loss is made small: turn the sign round.",
    "swapped": _OPPOSITE,
    "signs": _OPPOSITE,
    "half": "It is half of what it should be: the two means are added, not averaged.",
    "sum": "A mean over the examples is wanted, not a sum: else the loss depends on how many there are.",
    "no smoothing": "The smoothing changes nothing yet: real examples are to be real with 1 − s, and forged with s.",
    "one term": "The real scores have one term, with the weight 1 − s; with the weight s they count as forged, and that term is missing.",
    "weights": "s and 1 − s have changed places: with s = 0 every real example would count as forged.",
    "on the forged": "Both weights belong to the real scores: 1 − s where they count as real, s where they count as forged. The forged scores count in full.",
    "both sides": "Smoothing is one-sided: the forged examples stay forged with 100%.",
}


@check(
    lesson="10",
    exercise="doubt",
    title="A judge in doubt",
    hints=(
        "For the loss: a mean over the real scores with the weights 1 − s and s, plus a mean over the forged ones. For the best judge: write a((1 − s) ln y + s ln(1 − y)) + b ln(1 − y), and set its slope to 0.",
        "`(1 - s) * softplus(-real).mean() + s * softplus(real).mean() + softplus(forged).mean()`, and `(1 - s) * p / (p + q)`.",
    ),
)
def check_doubt(judge_loss: object, best_judge: object) -> str:
    """Check `judge_loss(real, forged, smoothing)` and `best_judge(p, q, smoothing)`: known cases first, then the formula against the loss."""
    rng = np.random.default_rng(10)
    cases = [(np.zeros(6), np.zeros(4), 0.0)]
    cases += [(rng.normal(1, 2, 50), rng.normal(-1, 2, 40), smoothing) for smoothing in (0.0, 0.1, 0.3)]
    losses = [
        one_number("judge_loss", call(judge_loss, real.copy(), forged.copy(), smoothing))
        for real, forged, smoothing in cases
    ]
    wanted = [_judge_loss(*case) for case in cases]
    if not np.allclose(losses, wanted, atol=1e-6):
        raise Failure(_wrong_loss(losses, wanted, cases))
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


def _wrong_loss(losses: list[float], wanted: list[float], cases: list[tuple[Array, Array, float]]) -> str:
    at = int(np.argmax(~np.isclose(losses, wanted, atol=1e-6)))  # the first that is wrong
    what = (
        "A judge whose scores are all 0 tosses a coin, and has the loss 2 ln 2 = 1.386"
        if at == 0
        else f"With smoothing {cases[at][2]:g} the loss should be {wanted[at]:.3f}"
    )
    named = [
        said
        for slip, said in _LOSS_SLIPS.items()
        if np.allclose(losses, [_judge_loss(*case, slip) for case in cases], atol=1e-6)
    ]
    return " ".join([f"{what}; yours is {round(losses[at], 3) + 0.0:.3f}.", *named[:1]])


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
