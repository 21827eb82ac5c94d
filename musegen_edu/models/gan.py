"""AdversarialPair: a generator and a judge, trained against each other by plain `fit` on every backend of Keras."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.gan_layers import without_gradient
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.quiet_keras import keras

ops = keras.ops

LOSSES = ("saturating", "non_saturating", "hinge", "wasserstein")
_PENALTY = 10.0  # weight of the Lipschitz penalty where the loss needs one (Gulrajani et al. 2017)
_REACH = 0.1  # how far apart the two points of a slope lie, as a share of the way from a real example to a forged one


class AdversarialPair(keras.Model):
    """Two networks with opposite aims: the generator forges examples from noise, the judge tells forged from real.

    One `compute_loss` serves both. It adds the judge's loss, in which the forgeries are held fixed, to the generator's loss, in which the
    judge's weights are held fixed. So each weight gets the gradient of its own player's loss and of nothing else, one call of `fit` trains
    both at the same time, and nothing in it depends on the backend. (Toggling `trainable` on two compiled models is not needed.)

    Called on real examples, or on a pair (examples, conditions), the model returns as many forged ones. `fit` is given the examples alone, or
    `fit((examples, conditions))`; a condition, such as the pitch of a note, is shown to both players: `generator([noise, condition])`,
    `judge([example, condition])`.

    Parameters
    ----------
    generator : noise, (n, `noise`), to examples.
    judge : examples to scores, (n, 1) or any shape (n, ...): logits, above 0 for "real". Its mean over examples and scores counts.
    noise : how many normally distributed numbers make an example.
    loss : with d the judge's score, real or forged, and softplus(x) = log(1 + e^x):
        `"saturating"` the minimax game itself: the judge minimises softplus(-d_real) + softplus(d_forged), the generator -softplus(d_forged);
        `"non_saturating"` the same judge, but the generator minimises softplus(-d_forged), whose gradient does not die when the judge wins;
        `"hinge"` the judge minimises max(0, 1 - d_real) + max(0, 1 + d_forged), the generator -d_forged;
        `"wasserstein"` the judge minimises d_forged - d_real, the generator -d_forged; it needs a judge of bounded slope.
    penalty : weight of the Lipschitz penalty, which keeps the judge's slopes at 1 or below; None is 10 for `"wasserstein"`, else 0.
    smoothing : one-sided label smoothing for the first two losses: the judge is told that real examples are real with 1 - `smoothing`.
    average : how slowly the averaged generator follows the trained one, 0 to below 1 (exponential moving average, a step at a time).
    seed : of the noise and of the penalty's points while training.
    name : of the model, as Keras shows it; None takes that of the class.

    Notes
    -----
    While training, `logs` hold `judge_loss` (with the penalty), `generator_loss`, and `real_right` and `forged_right`, the shares of scores
    on the right side of 0. `loss` is the sum of both losses: as the players pull it apart, it says little.

    The penalty is mean(max(0, |d(a) - d(b)| / |a - b| - 1)^2) over pairs of near points a, b on the line from a real example to a forged
    one. It takes slopes where WGAN-GP takes the gradient of d, because a gradient inside a loss is written differently on each backend;
    it bounds the slope along these lines only, and it does not push small slopes up to 1.

    Examples
    --------
    >>> forger = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> judge = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    >>> pair = AdversarialPair(forger, judge, noise=2, loss="hinge")
    >>> pair.compile(TwoSpeedAdam(1e-3, 4e-3))
    >>> logs = pair.fit(np.ones((8, 1)), batch_size=4, epochs=1, verbose=0).history
    >>> sorted(logs)
    ['forged_right', 'generator_loss', 'judge_loss', 'loss', 'real_right']
    >>> pair.generate(3, seed=1).shape
    (3, 1)

    References
    ----------
    Goodfellow et al., "Generative adversarial nets", NeurIPS 2014 (both logarithmic losses); hinge: Lim and Ye, "Geometric GAN", 2017;
    Arjovsky, Chintala and Bottou, "Wasserstein GAN", ICML 2017; WGAN-GP: Gulrajani et al., "Improved training of Wasserstein GANs",
    NeurIPS 2017; the one-sided penalty: Petzka, Fischer and Lukovnikov, "On the regularization of Wasserstein GANs", ICLR 2018; label
    smoothing: Salimans et al., "Improved techniques for training GANs", NeurIPS 2016.
    Lesson: 10 generative_adversarial_networks.
    """

    def __init__(
        self,
        generator: Any,
        judge: Any,
        *,
        noise: int,
        loss: str = "hinge",
        penalty: float | None = None,
        smoothing: float = 0.0,
        average: float = 0.99,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        if loss not in LOSSES:
            raise ValueError(f"loss={loss!r} is no loss of a pair; choose one of {', '.join(LOSSES)}")
        if noise < 1:
            raise ValueError(f"noise={noise} must be at least 1 number")
        if penalty is not None and not penalty >= 0:
            raise ValueError(f"penalty={penalty} must not be negative")
        if not 0 <= smoothing < 0.5 or (smoothing and loss not in LOSSES[:2]):
            raise ValueError(f"smoothing={smoothing} must be from 0 to below 0.5, and 0 for the loss {loss!r}")
        if not 0 <= average < 1:
            raise ValueError(f"average={average} must be from 0 to below 1")
        for player, network in {"generator": generator, "judge": judge}.items():
            if not network.built:
                raise ValueError(f"{player} has no weights yet; begin it with keras.Input, or call it once")
        super().__init__(name=name or _snake_case(type(self).__name__))  # no number: stored weights go by names

        # ---- layers ----
        self.generator, self.judge = generator, judge
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")
        self.averaged = [
            self.add_weight(shape=weight.shape, initializer="zeros", trainable=False, name=f"averaged_{i}")
            for i, weight in enumerate(generator.trainable_variables)
        ]
        for kept, weight in zip(self.averaged, generator.trainable_variables, strict=True):
            kept.assign(_copied(weight))
        names = ("judge_loss", "generator_loss", "real_right", "forged_right")
        self.trackers = [keras.metrics.Mean(name=tracker) for tracker in names]

        # ---- config ----
        self.noise, self.loss_name, self.smoothing, self.average = noise, loss, smoothing, average
        self.penalty = (_PENALTY if loss == "wasserstein" else 0.0) if penalty is None else penalty
        self.built = True

    def compile(self, optimizer: Any = None, **options: Any) -> None:
        """Choose the optimiser: `TwoSpeedAdam()` if None. Any other of Keras works too, with one rate for both players."""
        optimizer = TwoSpeedAdam() if optimizer is None else optimizer
        if isinstance(optimizer, TwoSpeedAdam):
            optimizer.tell_apart(self.generator.trainable_variables)
        options.setdefault("jit_compile", keras.backend.backend() == "jax")
        super().compile(optimizer=optimizer, **options)

    def draw_noise(self, n: Any, seed: Any) -> Any:
        """Return noise for n examples, (n, `noise`), drawn with a `keras.random.SeedGenerator`. Subclasses may draw more."""
        return keras.random.normal((n, self.noise), seed=seed)

    def prepare(self, examples: Any) -> Any:
        """Return real examples as the judge reads them: as they are. Subclasses may turn symbols into one-hot rows."""
        return ops.cast(examples, self.compute_dtype)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return as many forged examples as there are real ones."""
        real, condition = _parted(inputs)
        noise = self.draw_noise(ops.shape(real)[0], self.seed_generator)
        return self.generator(noise if condition is None else [noise, condition], training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the judge's loss plus the generator's; a weight's gradient is that of its own player's loss."""
        examples, condition = _parted(x)
        real, fixed = self.prepare(examples), ops.stop_gradient(y_pred)

        def judged(shown: Any, training: bool) -> Any:
            return self.judge(shown if condition is None else [shown, condition], training=training)

        score_real, score_fixed = judged(real, training), judged(fixed, training)
        judge_loss = self.judge_loss(score_real, score_fixed)
        if self.penalty:
            judge_loss = judge_loss + self.penalty * self._steepness(judged, real, fixed)
        score_forged = without_gradient(self.judge, y_pred if condition is None else [y_pred, condition])
        generator_loss = self.generator_loss(score_forged)
        self._step_on((judge_loss, generator_loss), score_real, score_fixed, training=training)
        return judge_loss + generator_loss

    def judge_loss(self, real: Any, forged: Any) -> Any:
        """Return what the judge minimises, from its scores of real and forged examples; the penalty comes on top."""
        if self.loss_name == "hinge":
            return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + forged))
        if self.loss_name == "wasserstein":
            return ops.mean(forged) - ops.mean(real)
        right, wrong = ops.mean(ops.softplus(-real)), ops.mean(ops.softplus(real))
        return (1 - self.smoothing) * right + self.smoothing * wrong + ops.mean(ops.softplus(forged))

    def generator_loss(self, forged: Any) -> Any:
        """Return what the generator minimises, from the judge's scores of what it forged."""
        if self.loss_name == "saturating":
            return -ops.mean(ops.softplus(forged))
        return ops.mean(ops.softplus(-forged)) if self.loss_name == "non_saturating" else -ops.mean(forged)

    def _steepness(self, judged: Any, real: Any, forged: Any) -> Any:
        """Return the mean of (slope - 1)^2 over the judge's slopes above 1, on the lines from real to forged examples."""
        n, rank = ops.shape(real)[0], len(real.shape)
        way = forged - real
        start = keras.random.uniform((n, *[1] * (rank - 1)), 0, 1 - _REACH, seed=self.seed_generator)
        rise = judged(real + (start + _REACH) * way, False) - judged(real + start * way, False)
        run = _REACH * ops.sqrt(ops.sum(ops.square(way), axis=list(range(1, rank))) + 1e-12)  # (n,)
        slope = ops.abs(rise) / ops.reshape(run, (n, *[1] * (len(rise.shape) - 1)))
        return ops.mean(ops.square(ops.relu(slope - 1)))

    def _step_on(self, losses: tuple[Any, Any], real: Any, forged: Any, *further: Any, training: bool) -> None:
        """Let the logs follow, `further` for the trackers that a subclass has added, and while training the averaged generator."""
        right = (ops.mean(ops.cast(scores, "float32")) for scores in (real > 0, forged < 0))
        for tracker, value in zip(self.trackers, (*losses, *right, *further), strict=True):
            tracker.update_state(ops.stop_gradient(value))
        if not training:
            return
        self.steps.assign(self.steps + 1)
        keep = ops.minimum(
            self.average, self.steps / (self.steps + 9)
        )  # fast at first: the initial weights are soon forgotten
        for kept, weight in zip(self.averaged, self.generator.trainable_variables, strict=True):
            kept.assign(keep * kept + (1 - keep) * ops.stop_gradient(weight.value))

    def make_generator(self) -> Any:
        """Return a fresh generator, built as the pair's own is. Subclasses whose layers no config tells of make it anew."""
        return type(self.generator).from_config(self.generator.get_config())

    def averaged_generator(self) -> Any:
        """Return a copy of the generator that holds the running average of its weights: steadier than the weights of any one step."""
        copy = self.make_generator()
        copy.set_weights([_copied(weight) for weight in self.generator.weights])
        for weight, kept in zip(copy.trainable_variables, self.averaged, strict=True):
            weight.assign(_copied(kept))
        return copy

    def settle(self) -> None:
        """Put the running average of the generator's weights in the place of its weights: what is stored after some trainings."""
        for weight, kept in zip(self.generator.trainable_variables, self.averaged, strict=True):
            weight.assign(_copied(kept))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments. Only subclasses that make their networks themselves have some that can be written down."""
        if not hasattr(self, "_arguments"):
            raise NotImplementedError("a pair of networks that were handed in has no config; keep theirs")
        return dict(self._arguments)

    def generate(self, n: int, *, condition: Any = None, seed: int = 0, averaged: bool = False) -> npt.NDArray[Any]:
        """Return n forged examples; the same for the same seed and weights.

        Parameters
        ----------
        n : how many, at least 1.
        condition : what the generator is told besides the noise, n rows; None if it was trained without.
        seed : of the noise.
        averaged : whether the averaged generator forges.
        """
        if n < 1:
            raise ValueError(f"n={n} must be at least 1 example")
        noise = self.draw_noise(n, keras.random.SeedGenerator(seed))
        generator = self.averaged_generator() if averaged else self.generator
        told = noise if condition is None else [noise, ops.convert_to_tensor(condition)]
        return np.asarray(ops.convert_to_numpy(generator(told, training=False)))


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _copied(weight: Any) -> npt.NDArray[Any]:
    return np.array(ops.convert_to_numpy(weight))  # two variables must not share a buffer: JAX writes over it


def _parted(inputs: Any) -> tuple[Any, Any]:
    """Return examples and their conditions, None where there are none."""
    return (inputs[0], inputs[1]) if isinstance(inputs, tuple | list) else (inputs, None)
