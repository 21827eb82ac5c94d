"""Instant feedback for the exercises of lesson 10, generative_adversarial_networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.adversarial_step import MISTAKES, TOLERANCE, OneStep, mistakes_behind, same_moves
from musegen_edu.checks.adversarial_step import game_loss as right_game
from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.doubtful_judge import check_doubt as check_doubt
from musegen_edu.checks.forged_music import check_album as check_album
from musegen_edu.checks.forged_music import check_groove as check_groove
from musegen_edu.checks.forged_music import one_number
from musegen_edu.checks.gan_quiz import QUESTIONS
from musegen_edu.checks.learner_code import describe
from musegen_edu.four_bars import folk_windows
from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, HOLD, REST, STEPS_A_BAR

Array = npt.NDArray[np.float64]

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
        "`symbols.reshape(-1, 16) >= 3` says for each bar where notes begin. `np.unique(..., axis=0, return_counts=True)` counts rows that are alike.",
        "`counts = np.unique(symbols.reshape(-1, 16) >= 3, axis=0, return_counts=True)[1]`; then `int((counts >= 0.01 * counts.sum()).sum())` and `counts.max() / counts.sum()`.",
    ),
)
def check_rhythms(function: object) -> str:
    """Check `rhythms_found(symbols)`: how many rhythms have at least one bar in a hundred, and the share of the commonest."""
    collapsed = np.tile(np.array([18, HOLD, 20, HOLD] * 16, np.int32), (50, 1))
    n, share = _two(call(function, collapsed.copy()))
    if n == 1 and share > 1:
        raise Failure(f"One rhythm, right, but a share of {share:g}? Give it as a part of all bars, between 0 and 1.")
    if (n, share) != (1, 1.0):
        raise Failure(
            f"Fifty tunes with eighths only know one rhythm, and it has all the bars; you find {n:g} with a share of {share:.2f}."
        )
    turns = collapsed.copy()
    turns[:, 16:32] = turns[:, 48:] = [18, HOLD, HOLD, HOLD] * 4
    n, share = _two(call(function, turns))
    if (n, share) != (2, 0.5):
        raise Failure(
            "Fifty tunes in which a bar of eighths and a bar of quarters take turns have 2 rhythms with half of the bars each; you find "
            f"{n:g} with a share of {share:.2f}. A rhythm belongs to a bar: its 16 steps in one row."
        )
    other = collapsed.copy()
    other[:, 0::4] = np.random.default_rng(0).integers(FIRST_PITCH, 40, (50, 16))  # other pitches, the same rhythm
    n, share = _two(call(function, other.copy()))
    if n != 1:
        raise Failure(
            f"The same eighths on other pitches are still ONE rhythm; you find {n:g}. It counts only where notes begin: symbols of 3 and above."
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
    n, share = one_number("The number of rhythms", answer[0]), one_number("The share", answer[1])
    if n != round(n):
        raise Failure(
            f"The first number should be a count, but it is {n:g}. The number of rhythms comes first, then the share."
        )
    return n, share


# ---- mend a broken training step ----


@check(
    lesson="10",
    exercise="mend",
    title="Mend a broken training step",
    hints=(
        "Go through the two losses one by one. Whom should each of them move, and whom not? In the code as it was given three things are wrong.",
        "`judge(ops.stop_gradient(forged))` in the judge's loss; `softplus(-d_real)` and `softplus(d_forged)` there; `fixed_judge(forged)` in the generator's.",
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
            what = f"an array of shape {tuple(value.shape)}" if hasattr(value, "shape") else describe(value)
            raise Failure(
                f"game_loss should return one number, the sum of both players' mean losses; what it returns is {what}."
            )
        return value

    found, right = step.move(learners), step.move(right_game)
    if same_moves(found, right):
        return "One step on a small game: the generator moves by its own loss, the judge by its own, and neither by the other's."
    mistakes = mistakes_behind(step, found)
    if mistakes:
        if len(mistakes) == 1:
            raise Failure(MISTAKES[mistakes[0]])
        raise Failure("\n".join([f"{len(mistakes)} things are wrong.", *(f"• {MISTAKES[name]}" for name in mistakes)]))
    raise Failure(
        " ".join(_off_the_way(*moves) for moves in zip(("generator", "judge"), found, right, strict=True)).strip()
    )


def _off_the_way(player: str, found: Array, right: Array) -> str:
    """Say how a player's step differs from the one that its own loss asks for; nothing where it does not."""
    if np.allclose(found, right, atol=TOLERANCE):
        return ""
    if np.allclose(found, 0, atol=TOLERANCE):
        return f"The {player} does not move at all: nothing of its loss reaches its weights. (No gradient comes through NumPy, `stop_gradient` or `fixed_judge`.)"
    times = float(found @ right / (right @ right))
    if np.allclose(found, times * right, atol=TOLERANCE):
        return f"The {player} moves {times:.2g} times as far as by its own loss: a mean over the examples for each kind, added, not averaged."
    return f"After one step the {player}'s weights are not where its own loss would have put them."


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 10."""
    return quiz("10", "recap", QUESTIONS)
