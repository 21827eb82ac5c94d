"""TwoSpeedAdam: one optimiser for two players, each with a learning rate of its own, one of whom moves less often."""

from __future__ import annotations

from typing import Any

from musegen_edu.quiet_keras import keras

ops = keras.ops


class TwoSpeedAdam(keras.optimizers.Adam):
    """Adam with one learning rate for a generator's weights and another for a judge's; the generator moves at every n-th step only.

    When it is not the generator's turn, nothing of it moves: neither its weights nor Adam's running means of its gradients. The rates are
    variables, `generator_rate` and `judge_rate`: `optimizer.judge_rate.assign(0.0)` holds the judge still in the middle of a training.

    Parameters
    ----------
    generator_rate, judge_rate : learning rates, 0 or more; 0 holds a player still.
    judge_steps : steps of the judge for one of the generator, at least 1.
    beta_1, beta_2 : how slowly Adam's running means of the gradient and of its square forget, 0 to below 1. In a game the loss of each
        player changes with every move of the other, so old gradients are soon wrong: beta_1 is 0.
    learning_rate : multiplies both rates; a number, or a schedule of Keras that falls from 1.
    name : of the optimiser, as Keras shows it.

    Examples
    --------
    >>> optimizer = TwoSpeedAdam(1e-4, 4e-4, judge_steps=2)
    >>> round(float(optimizer.judge_rate.numpy() / optimizer.generator_rate.numpy()), 3)
    4.0

    References
    ----------
    Kingma and Ba, "Adam", ICLR 2015; two rates: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", NeurIPS 2017; several judge steps: Goodfellow et al., "Generative adversarial nets", NeurIPS 2014; beta_1 = 0 and
    beta_2 = 0.9: Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017.
    Lesson: 10 generative_adversarial_networks.
    """

    def __init__(
        self,
        generator_rate: float = 1e-4,
        judge_rate: float = 4e-4,
        *,
        judge_steps: int = 1,
        beta_1: float = 0.0,
        beta_2: float = 0.9,
        learning_rate: Any = 1.0,
        name: str = "two_speed_adam",
    ) -> None:
        for argument, value in {"generator_rate": generator_rate, "judge_rate": judge_rate}.items():
            if not value >= 0:
                raise ValueError(f"{argument}={value} must be a learning rate of 0 or more")
        if judge_steps < 1:
            raise ValueError(f"judge_steps={judge_steps} must be at least 1")
        for argument, value in {"beta_1": beta_1, "beta_2": beta_2}.items():
            if not 0 <= value < 1:
                raise ValueError(f"{argument}={value} must be from 0 to below 1")
        super().__init__(learning_rate, beta_1=beta_1, beta_2=beta_2, name=name)
        constant = keras.initializers.Constant
        self.generator_rate = self.add_variable((), constant(generator_rate), name="generator_rate")
        self.judge_rate = self.add_variable((), constant(judge_rate), name="judge_rate")
        self.judge_steps = judge_steps
        self._generators: set[int] = set()  # ids of the generator's variables
        self._of_generator: list[bool] = []  # for each variable, in the order of `build`

    def tell_apart(self, generator_variables: Any) -> None:
        """Say which variables are the generator's; all others are the judge's. To be called before the first step."""
        if self.built:
            raise ValueError("optimizer has begun to train another pair; give each pair a TwoSpeedAdam of its own")
        self._generators = {id(variable) for variable in generator_variables}

    def build(self, variables: Any) -> None:
        """Make Adam's running means for the variables of both players."""
        if not self.built:
            self._of_generator = [id(variable) in self._generators for variable in variables]
        super().build(variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable against its gradient, if it is its player's turn."""
        i = self._get_variable_index(variable)
        of_mean, of_square = self._momentums[i], self._velocities[i]
        mean, square = ops.convert_to_tensor(of_mean), ops.convert_to_tensor(of_square)
        gradient, steps = ops.cast(gradient, variable.dtype), self.iterations + 1
        rate, turn, moves = self.judge_rate, None, steps
        if self._of_generator[i]:
            rate, moves = self.generator_rate, steps // self.judge_steps  # moves: with this one, if it is one
            turn = ops.equal(steps % self.judge_steps, 0) if self.judge_steps > 1 else None
        moves = ops.cast(ops.maximum(moves, 1), variable.dtype)
        new_mean = mean + (gradient - mean) * (1 - self.beta_1)
        new_square = square + (ops.square(gradient) - square) * (1 - self.beta_2)
        unbiased = new_mean / (1 - ops.power(ops.cast(self.beta_1, variable.dtype), moves))
        spread = ops.sqrt(new_square / (1 - ops.power(ops.cast(self.beta_2, variable.dtype), moves)))
        step = ops.cast(learning_rate, variable.dtype) * ops.cast(rate, variable.dtype) * unbiased
        step = step / (spread + self.epsilon)
        if turn is not None:
            new_mean, new_square = ops.where(turn, new_mean, mean), ops.where(turn, new_square, square)
            step = ops.where(turn, step, 0.0)
        self.assign(of_mean, new_mean)
        self.assign(of_square, new_square)
        self.assign_sub(variable, step)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        return {name: config[name] for name in ("beta_1", "beta_2", "learning_rate", "name")} | {
            "generator_rate": float(keras.ops.convert_to_numpy(self.generator_rate)),
            "judge_rate": float(keras.ops.convert_to_numpy(self.judge_rate)),
            "judge_steps": self.judge_steps,
        }
