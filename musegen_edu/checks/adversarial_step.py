"""One step of gradient descent on a small game, and the mistakes that its loss may have: what exercise 3 of lesson 10 is judged by."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.quiet_keras import keras

ops = keras.ops
Array = npt.NDArray[np.float64]
TOLERANCE = 2e-4  # of a weight after one step

MISTAKES = {  # by what the step shows; the learner finds the line
    "swapped": "The judge moves so that real examples get LOWER scores and forgeries higher ones: it learns the opposite of its task.",
    "leaks": "The judge's loss moves the generator, too: towards being found out more easily. A player is to feel its own loss only.",
    "tampers": "The generator's loss moves the judge, too: towards calling forgeries real. A player is to feel its own loss only.",
    "saturates": "The generator moves by the saturating loss, −softplus(d), whose slope dies away where the judge is sure (section 4).",
    "cut": "The generator's own loss does not move it: no gradient of that loss arrives at its weights.",
    "backwards": "The generator moves so that its forgeries get LOWER scores: it works against itself. Look at the signs in its loss.",
    "subtracted": "The generator moves so that its forgeries get LOWER scores, as if its loss were subtracted. Both losses are to fall: add them.",
}


def judge_term(judge: Any, real: Any, forged: Any, flags: frozenset[str] = frozenset()) -> Any:
    """Return the judge's loss, with or without the mistakes "swapped" and "leaks"; arguments as in `game_loss`."""
    d_real, d_forged = judge(real), judge(forged if "leaks" in flags else ops.stop_gradient(forged))
    if "swapped" in flags:
        d_real, d_forged = -d_real, -d_forged
    return ops.mean(ops.softplus(-d_real)) + ops.mean(ops.softplus(d_forged))


def generator_term(judge: Any, fixed_judge: Any, forged: Any, flags: frozenset[str] = frozenset()) -> Any:
    """Return the generator's loss, with or without its mistakes, the last five of `MISTAKES`; arguments as in `game_loss`."""
    felt = (judge if "tampers" in flags else fixed_judge)(ops.stop_gradient(forged) if "cut" in flags else forged)
    low, high = ops.mean(ops.softplus(felt)), ops.mean(ops.softplus(-felt))  # fall where scores fall, where they rise
    return -low if "saturates" in flags else low if "backwards" in flags else -high if "subtracted" in flags else high


def game_loss(judge: Any, fixed_judge: Any, real: Any, forged: Any, flags: frozenset[str] = frozenset()) -> Any:
    """Return the sum of both players' losses, with any of the `MISTAKES`.

    Parameters
    ----------
    judge, fixed_judge : examples to scores; of the second no gradient reaches the judge's weights.
    real, forged : examples, (n, 1).
    flags : names of mistakes.

    Lesson: 10 generative_adversarial_networks.
    """
    return judge_term(judge, real, forged, flags) + generator_term(judge, fixed_judge, forged, flags)


class OneStep(keras.Model):
    """Two tiny players; `move` tells by how much one step of gradient descent on some loss moves each of them.

    Examples
    --------
    >>> of_generator, of_judge = OneStep().move(game_loss)
    >>> of_generator.shape, of_judge.shape
    ((3,), (16,))

    Lesson: 10 generative_adversarial_networks.
    """

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(4)
        layers = keras.layers
        self.generator = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
        self.judge = keras.Sequential([keras.Input((1,)), layers.Dense(5, "tanh"), layers.Dense(1)])
        self.first = [rng.normal(size=weight.shape).astype(np.float32) for weight in self.weights]
        self.shown = rng.normal(4, 0.5, (24, 1)).astype(np.float32), rng.normal(size=(24, 2)).astype(np.float32)
        self.game: Any = game_loss

    def call(self, inputs: Any) -> Any:
        """Return what the generator makes of the noise, the second of the inputs."""
        return self.generator(inputs[1])

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the loss that is being tried, of both players."""
        held = [ops.stop_gradient(weight.value) for weight in self.judge.trainable_variables]
        loss = self.game(self.judge, lambda shown: self.judge.stateless_call(held, [], shown)[0], x[0], y_pred)
        return loss + 0 * sum(ops.sum(weight) for weight in self.trainable_variables)  # so that each has a gradient

    def move(self, game: Any) -> tuple[Array, Array]:
        """Return the steps of generator and judge, as flat arrays."""
        self.game = game
        self.set_weights(self.first)
        self.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
        self.train_on_batch(self.shown)
        n = len(self.generator.weights)
        steps = [
            (np.asarray(now, float) - before).ravel()
            for now, before in zip(self.get_weights(), self.first, strict=True)
        ]
        return np.concatenate(steps[:n]), np.concatenate(steps[n:])


def same_moves(one: tuple[Array, Array], other: tuple[Array, Array]) -> bool:
    """Tell whether two steps have moved both players alike."""
    return all(np.allclose(mine, theirs, atol=TOLERANCE) for mine, theirs in zip(one, other, strict=True))


def mistakes_behind(step: OneStep, found: tuple[Array, Array]) -> list[str]:
    """Return the fewest names of `MISTAKES` that together move the players as they were found to move; none if no set of them does."""
    of_judge = {  # how each version of the judge's loss moves both players, and below each of the generator's: the moves add up
        flags: step.move(lambda judge, fixed, real, forged, flags=flags: judge_term(judge, real, forged, flags))
        for flags in _sets("swapped", "leaks")
    }
    of_generator = {
        flags: step.move(lambda judge, fixed, real, forged, flags=flags: generator_term(judge, fixed, forged, flags))
        for flags in _sets("tampers", "saturates", "cut", "backwards", "subtracted")
        if len(flags - {"tampers"}) <= 1  # what is cut off has no slope that could be wrong in other ways
    }
    for one, other in sorted(product(of_judge, of_generator), key=lambda pair: len(pair[0] | pair[1])):
        together = tuple(a + b for a, b in zip(of_judge[one], of_generator[other], strict=True))
        if same_moves(found, (together[0], together[1])):
            return [name for name in MISTAKES if name in one | other]
    return []


def _sets(*names: str) -> list[frozenset[str]]:
    """Return all sets of some of the names."""
    choices = product((False, True), repeat=len(names))
    return [frozenset(name for name, on in zip(names, chosen, strict=True) if on) for chosen in choices]
