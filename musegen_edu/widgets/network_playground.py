"""NetworkPlayground: the learner's own network, seen from inside while it learns to tell two kinds of points apart."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import traitlets
from anywidget.experimental import command

from musegen_edu.widgets.base import CourseWidget, theme, widget_module
from musegen_edu.widgets.network_pictures import network_picture

GRID = 32  # points along each side of the decision surface
MAP_EVERY = 2  # a neuron's own small map takes every second of them
MAX_POINTS, MAX_STEPS = 2000, 500
STATIC_STEPS = 400  # so far is a copy trained for the picture that stands in where no widget lives


class Network(Protocol):
    """What the playground reads and calls. Any object that has it will do; `layers` may be missing.

    `weights` is a list of arrays (n_in, n_out), the first with 2 rows, the last with 1 column. `forward(x)` takes (n, 2) and returns
    (n, 1), each value from 0 to 1. `train_step(x, y, learning_rate)` changes the weights once and returns the loss before. If
    `forward` leaves a list `layers` behind (the input, then each layer's output), every hidden neuron gets a map of its own.
    """

    weights: list[Any]

    def forward(self, x: Any) -> Any: ...  # noqa: D102
    def train_step(self, x: Any, y: Any, learning_rate: float) -> Any: ...  # noqa: D102


class NetworkPlayground(CourseWidget):
    """Neurons, weights, decision surface and points of a small network while it trains, on command, in small steps.

    A line's width is a weight's size; blue and solid is positive, orange and dashed negative. The network is the learner's own:
    see `Network` for the two methods and the attribute that are used. Nothing runs unless the page asks for the next few steps, so that
    pause works at once and other cells can run in between.

    Parameters
    ----------
    make_network : called with `seed`, returns a fresh network with 2 inputs and 1 output.
    make_data : called with `noise` and `seed`, returns x of shape (n, 2) and y of shape (n, 1) or (n,), holding 0 and 1.
    names : what the two inputs are, for the axes.
    kinds : what 0 and 1 mean.
    title : heading.
    seed, noise, speed, learning_rate : where the controls stand at first; speed is steps a picture, 1 to 500; noise 0 to `max_noise`.
    hide : controls to put away, any of `NetworkPlayground.HIDEABLE`.

    Raises
    ------
    ValueError
        If the network or the data have other shapes, or an argument is outside its range.

    Examples
    --------
    >>> class Neuron:
    ...     def __init__(self, seed):
    ...         self.weights = [np.random.default_rng(seed).normal(size=(2, 1))]
    ...     def forward(self, x):
    ...         return 1 / (1 + np.exp(-x @ self.weights[0]))
    ...     def train_step(self, x, y, learning_rate):
    ...         self.weights[0] -= learning_rate * x.T @ (self.forward(x) - y) / len(x)
    ...         return 0.0
    >>> def sides(noise, seed):
    ...     x = np.random.default_rng(seed).normal(size=(50, 2))
    ...     return x, x[:, :1] > 0
    >>> playground = NetworkPlayground(Neuron, sides)
    >>> playground.advance(100)["accuracy"] > 0.9
    True

    Lesson: 03 neural_networks_from_scratch.
    """

    HIDEABLE = ("title", "run", "step", "restart", "speed", "rate", "noise", "seed", "network", "loss")
    _esm = widget_module("network_playground")
    _css = theme()

    title = traitlets.Unicode("").tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), help="the two inputs").tag(sync=True)
    kinds = traitlets.List(traitlets.Unicode(), help="what 0 and 1 mean").tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    noise = traitlets.Float(0.0).tag(sync=True)
    max_noise = traitlets.Float(1.0).tag(sync=True)
    speed = traitlets.Int(5, help="steps a picture").tag(sync=True)
    learning_rate = traitlets.Float(0.3).tag(sync=True)
    picture = traitlets.Dict(help="all that is drawn").tag(sync=True)

    def __init__(
        self,
        make_network: Callable[[int], Any],
        make_data: Callable[[float, int], tuple[Any, Any]],
        *,
        names: tuple[str, str] = ("first input", "second input"),
        kinds: tuple[str, str] = ("0", "1"),
        title: str = "Network playground",
        seed: int = 0,
        noise: float = 0.0,
        max_noise: float = 1.0,
        speed: int = 5,
        learning_rate: float = 0.3,
        hide: Iterable[str] = (),
    ) -> None:
        for argument, function in (("make_network", make_network), ("make_data", make_data)):
            if not callable(function):
                raise ValueError(f"{argument}={function!r} must be a function; the playground calls it to start over")
        for argument, pair in (("names", names), ("kinds", kinds)):
            if len(pair) != 2:
                raise ValueError(f"{argument}={pair!r} must be two words")
        self._make_network, self._make_data = make_network, make_data
        super().__init__(
            title=title, names=list(names), kinds=list(kinds), seed=seed, max_noise=float(max_noise), noise=float(noise),
            speed=speed, learning_rate=float(learning_rate), hide=[hide] if isinstance(hide, str) else list(hide),
        )  # fmt: skip
        self.start_over()

    @traitlets.validate("speed", "noise", "learning_rate", "seed")
    def _check_number(self, proposal: dict[str, Any]) -> float:
        name, value = proposal["trait"].name, proposal["value"]
        highest = {"speed": MAX_STEPS, "noise": self.max_noise, "learning_rate": 100.0, "seed": 2**31 - 1}[name]
        lowest = {"speed": 1, "noise": 0.0, "learning_rate": 1e-6, "seed": 0}[name]
        if not lowest <= value <= highest:
            raise ValueError(f"{name}={value} must be from {lowest:g} to {highest:g}")
        return value

    def start_over(self) -> dict[str, Any]:
        """Make fresh data and a fresh network from the seed; return what is drawn."""
        self.x, self.y = _checked_data(*self._make_data(self.noise, self.seed))
        self.network = self._make_network(self.seed)
        low, high = self.x.min(axis=0), self.x.max(axis=0)
        margin = 0.08 * np.maximum(high - low, 1e-9)
        self._low, self._high = low - margin, high + margin
        self._steps, self._losses = 0, list[list[float]]()
        self.picture = self._look()
        return self.picture

    def advance(self, steps: int = 1) -> dict[str, Any]:
        """Train for some steps, each on all points; return what is drawn, with `steps`, `loss` and `accuracy` so far.

        Raises
        ------
        ValueError
            If `steps` is not from 1 to 500, or the network has changed its shape or gives numbers that are not finite.
        """
        if not 1 <= steps <= MAX_STEPS:
            raise ValueError(f"steps={steps} must be from 1 to {MAX_STEPS}, so that pause works")
        for _ in range(steps):
            loss = float(np.asarray(self.network.train_step(self.x, self.y, self.learning_rate)).mean())
            self._steps += 1
        self._losses.append([self._steps, round(loss, 5)])
        if len(self._losses) > 240:  # a long run keeps every second point of its curve
            self._losses = self._losses[::2]
        self.picture = self._look(loss)
        return self.picture

    def _look(self, loss: float | None = None) -> dict[str, Any]:
        weights = _checked_weights(self.network)
        right = (_forward(self.network, self.x) > 0.5) == (self.y > 0.5)
        across = np.linspace(self._low[0], self._high[0], GRID)
        upward = np.linspace(self._high[1], self._low[1], GRID)  # first row on top
        grid = np.stack(np.meshgrid(across, upward), axis=-1).reshape(-1, 2)
        surface = _forward(self.network, grid)
        return {
            "weights": [np.round(w, 3).tolist() for w in weights],
            "surface": np.round(255 * np.clip(surface, 0, 1)).astype(int).ravel().tolist(),
            "maps": _neuron_maps(self.network, weights),
            "points": np.round(self.x, 3).tolist(),
            "labels": self.y.astype(int).ravel().tolist(),
            "low": self._low.tolist(),
            "high": self._high.tolist(),
            "steps": self._steps,
            "loss": loss,
            "losses": list(self._losses),
            "accuracy": float(right.mean()),
        }

    @command
    def train(self, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """Answer the page's "go on for so many steps"."""
        return self._answer(lambda: self.advance(int(message["steps"])))

    @command
    def restart(self, _: dict[str, Any], __: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """Answer the page's "start over", with the seed and the noise that it has set."""
        return self._answer(self.start_over)

    def _answer(self, work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], list[bytes]]:
        try:
            work()
        except Exception as error:  # noqa: BLE001  (the network is the learner's code: whatever it raises is shown in the page)
            return {"error": f"{type(error).__name__}: {error}"}, []
        return {"steps": self._steps}, []

    def static_html(self) -> str:
        """Return the network as it stands and, if it is still untrained, a copy of it after some hundred steps."""
        pictures = [(f"after {self._steps} steps" if self._steps else "before training", self.picture)]
        if not self._steps:
            twin = type(self)(self._make_network, self._make_data, seed=self.seed, noise=self.noise, max_noise=self.max_noise,
                              learning_rate=self.learning_rate)  # fmt: skip
            pictures.append((f"after {STATIC_STEPS} steps", twin.advance(STATIC_STEPS)))
        shown = "".join(network_picture(picture, name, self.names, self.kinds) for name, picture in pictures)
        return f"<section><h4>{html.escape(self.title)}</h4>{shown}</section>"

    def __repr__(self) -> str:
        sizes = [len(self.network.weights[0]), *(w.shape[1] for w in map(np.asarray, self.network.weights))]
        return f"NetworkPlayground({' -> '.join(map(str, sizes))} neurons, {len(self.x)} points, {self._steps} steps)"


def _checked_data(x: Any, y: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    points, labels = np.asarray(x, float), np.asarray(y, float).reshape(-1, 1)
    if points.ndim != 2 or points.shape[1] != 2 or not 2 <= len(points) <= MAX_POINTS:
        raise ValueError(f"make_data returns x of shape {points.shape}; it must be (n, 2), n from 2 to {MAX_POINTS}")
    if len(labels) != len(points) or not np.isin(labels, (0, 1)).all():
        raise ValueError(f"make_data returns {len(labels)} labels for {len(points)} points; one each is wanted, 0 or 1")
    if not np.isfinite(points).all():
        raise ValueError("make_data returns points that are not finite (NaN or infinity)")
    return points, labels


def _checked_weights(network: Any) -> list[npt.NDArray[np.float64]]:
    found = getattr(network, "weights", None)
    if not isinstance(found, (list, tuple)) or not found:
        raise ValueError(f"network.weights={found!r} must be a list of arrays (n_in, n_out), one a layer")
    weights = [np.asarray(w, float) for w in found]
    shapes = [w.shape for w in weights]
    fits = all(len(shape) == 2 for shape in shapes) and shapes[0][0] == 2 and shapes[-1][1] == 1
    if not fits or any(left[1] != right[0] for left, right in pairwise(shapes)):
        raise ValueError(
            f"network.weights has the shapes {shapes}; they must lead from 2 inputs to 1 output, (2, n) first"
        )
    if not all(np.isfinite(w).all() for w in weights):
        raise ValueError("network.weights are no longer finite; a smaller learning rate helps")
    return weights


def _forward(network: Any, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    out = np.asarray(network.forward(x), float)
    if out.shape != (len(x), 1):
        raise ValueError(
            f"network.forward(x) returns shape {out.shape} for x of shape {x.shape}; it must be ({len(x)}, 1)"
        )
    if not np.isfinite(out).all():
        raise ValueError("network.forward(x) is no longer finite; a smaller learning rate helps")
    return out


def _neuron_maps(network: Any, weights: list[npt.NDArray[np.float64]]) -> list[list[list[int]]]:
    """What each hidden neuron answers over the grid, 0 to 255, 128 is zero; empty where the network keeps no `layers`."""
    layers = getattr(network, "layers", None)
    if not isinstance(layers, (list, tuple)) or len(layers) != len(weights) + 1:
        return []
    maps = []
    for layer, w in zip(layers[1:-1], weights, strict=False):
        answers = np.asarray(layer, float)
        if answers.shape != (GRID * GRID, w.shape[1]):
            return []
        small = answers.reshape(GRID, GRID, -1)[::MAP_EVERY, ::MAP_EVERY]
        scale = np.maximum(np.abs(small).max(axis=(0, 1)), 1e-9)
        maps.append(np.round(127.5 + 127.5 * small / scale).astype(int).reshape(-1, w.shape[1]).T.tolist())
    return maps
