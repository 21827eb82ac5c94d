"""The two players as the GAN monitor needs them: forgeries from noise that stays the same, the judge's scores, and who may move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

PLAYERS = ("both", "judge", "generator")
Array = npt.NDArray[Any]
Scores = dict[str, Array]  # name of the judge -> (n,)


class Players:
    """What a pair of networks forges and how it judges, asked now and then while it is trained.

    The noise is drawn once. So the same forgery is seen again and again while the generator changes.

    Parameters
    ----------
    pair : an `AdversarialPair`, or anything with the networks `generator` and `judge`.
    real : real examples, (n, ...), as many as are scored.
    condition : what both players are told with each of them, n rows, or None.
    forge : called with n and `seed`, returns examples, as `real` or as the judge reads them; None asks the generator.
    score : called with examples as `real` has them, returns (n, ...) or a dict of such arrays; None asks `pair.scores` or else the judge.
    seed : of the noise.

    Raises
    ------
    ValueError
        If the pair has no generator or judge and nothing stands in for it, or the generator reads more than noise and a condition, as a
        translator reads tunes.
    """

    def __init__(
        self,
        pair: Any,
        real: Array,
        condition: Array | None,
        *,
        forge: Callable[..., Any] | None = None,
        score: Callable[[Any], Any] | None = None,
        seed: int = 0,
    ) -> None:
        for part, stand_in, name in (("generator", forge, "forge"), ("judge", score, "score")):
            if stand_in is None and not hasattr(pair, part) and not (part == "judge" and hasattr(pair, "scores")):
                raise ValueError(f"pair={pair!r} has no {part}; give one that has, or {name}=, a function")
        self.pair, self.n, self._condition, self._seed = pair, len(real), condition, seed
        self._forge, self._score = forge, score or getattr(pair, "scores", None)
        wanted, known = n_inputs(getattr(pair, "generator", None)), n_drawn(pair) + (condition is not None)
        if forge is None and wanted > known:
            raise ValueError(
                f"pair={type(pair).__name__}: its generator reads {wanted} things, and the monitor has {known}, noise and conditions; give "
                "forge=, a function of n and seed that returns n generated examples, such as lambda n, seed: pair.transfer(tunes[:n], style)"
            )
        self._prepare = getattr(pair, "prepare", None)
        self._raw = real
        self.real = self._prepared(real) if self._score is None else real  # as the judge reads them
        self._noise: Any = None
        self._still: dict[str, Any] = {}

    def forged(self) -> Array:
        """Return n forged examples, made of the same noise each time."""
        if self._forge is not None:
            forged = as_array(self._forge(self.n, seed=self._seed))
            is_raw = self._score is None and forged.shape[1:] == self._raw.shape[1:]
            return self._prepared(forged) if is_raw else forged
        if self._noise is None:
            self._noise = self._drawn()
        told = self._noise if self._condition is None else [self._noise, self._condition]
        return as_array(self._ask("generator", told))

    def scores(self, examples: Array, condition: Array | None = None) -> Scores:
        """Return the judge's scores of examples, (n,) each: above 0 for "real". Several judges have a name each."""
        if self._score is not None:
            if np.issubdtype(self.real.dtype, np.integer) and examples.ndim > self.real.ndim:
                examples = examples.argmax(axis=-1)  # rows of symbols: the function knows the symbols themselves
            told = self._score(examples)
        else:
            told = self._ask("judge", examples if condition is None else [examples, condition])
        if not isinstance(told, Mapping):
            several = told if isinstance(told, list | tuple) else [told]
            told = {f"judge {i + 1}" if len(several) > 1 else "judge": one for i, one in enumerate(several)}
        return {name: flat(one, len(examples)) for name, one in told.items()}

    def scores_of_all(self, forged: Array, probes: Array | None) -> tuple[Scores, Scores, Array | None]:
        """Return the scores of the real examples, of the forged ones, and of further points, in one call of the judge."""
        if self._condition is not None:
            probes = None  # what the judge says of a place depends on what it is told besides
        parts = [self.real, forged] if probes is None else [self.real, forged, probes]
        if len(forged) and forged.shape[1:] != self.real.shape[1:]:  # a judge of its own may read both
            return self.scores(self.real), self.scores(forged), None
        told = None if self._condition is None else np.concatenate([self._condition, self._condition[: len(forged)]])
        scores = self.scores(np.concatenate([part.astype(self.real.dtype, copy=False) for part in parts]), told)
        a, b = len(self.real), len(self.real) + len(forged)
        first = next(iter(scores.values()))
        real, fake = ({name: one[cut] for name, one in scores.items()} for cut in (slice(a), slice(a, b)))
        return real, fake, None if probes is None else first[b:]

    def _prepared(self, examples: Array) -> Array:
        return examples if self._prepare is None else as_array(self._prepare(examples))

    def _drawn(self) -> Any:
        draw = getattr(self.pair, "draw_noise", None)
        if draw is not None:
            from musegen_edu.quiet_keras import keras

            drawn = draw(self.n, keras.random.SeedGenerator(self._seed))
            return [as_array(one) for one in drawn] if isinstance(drawn, list | tuple) else as_array(drawn)
        shape = self.pair.generator.input_shape
        return np.random.default_rng(self._seed).normal(size=(self.n, *shape[1:])).astype(np.float32)

    def _ask(self, part: str, told: Any) -> Any:
        if part not in self._still:
            from musegen_edu.widgets.gan_callback import Still

            self._still[part] = Still(getattr(self.pair, part))
        return self._still[part].predict_on_batch(told)


def n_inputs(network: Any) -> int:
    """Return how many tensors a network reads; 0 where it does not say.

    Examples
    --------
    >>> n_inputs(None)
    0
    """
    return len(getattr(network, "inputs", None) or ())


def n_drawn(pair: Any) -> int:
    """Return how many tensors of noise a pair's generator is given."""
    draw = getattr(pair, "draw_noise", None)
    if draw is None:
        return 1
    from musegen_edu.quiet_keras import keras

    drawn = draw(1, keras.random.SeedGenerator(0))
    return len(drawn) if isinstance(drawn, list | tuple) else 1


class Rest:
    """Lets one player of a pair rest: its learning rate is 0 until both may move again.

    Parameters
    ----------
    pair : compiled with a `TwoSpeedAdam`; with another optimiser, `can` is False.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> Rest(SimpleNamespace()).can
    False
    """

    def __init__(self, pair: Any) -> None:
        self._pair = pair
        self._kept: dict[str, float] = {}  # rates of the player that rests

    @property
    def can(self) -> bool:
        """Whether the pair's optimiser has a rate for each player."""
        optimizer = getattr(self._pair, "optimizer", None)
        return all(hasattr(optimizer, f"{player}_rate") for player in PLAYERS[1:])

    def let_move(self, players: str) -> None:
        """Let `"both"` move, or one alone. Called between two steps; on JAX the weights must have been fetched before."""
        if not self.can:
            return
        optimizer = self._pair.optimizer
        for player in PLAYERS[1:]:
            rate, rests = getattr(optimizer, f"{player}_rate"), players not in ("both", player)
            if rests and player not in self._kept:
                self._kept[player] = float(as_array(rate))
                rate.assign(0.0)
            elif not rests and player in self._kept:
                rate.assign(self._kept.pop(player))


def as_array(values: Any) -> Array:
    """Return a tensor of any backend as an array."""
    if isinstance(values, np.ndarray):
        return values
    from musegen_edu.quiet_keras import keras

    return np.asarray(keras.ops.convert_to_numpy(values))


def flat(scores: Any, n: int) -> Array:
    """Return one score an example, (n,), the mean where there are several.

    Examples
    --------
    >>> flat(np.array([[1.0, 3.0], [0.0, 0.0]]), 2).tolist()
    [2.0, 0.0]
    """
    return as_array(scores).reshape(n, -1).mean(axis=1).astype(np.float32)
