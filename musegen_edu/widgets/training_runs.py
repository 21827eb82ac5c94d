"""What a training has shown so far: losses and metrics of every run, a thinned curve within the epochs, and the time that is left."""

from __future__ import annotations

import csv
import io
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_POINTS = 400  # of the curve within the epochs, a run; a longer run keeps every second, every fourth, ... batch
_RECENT_BATCHES, _RECENT_EPOCHS = 64, 8  # what the time that is left is judged by


@dataclass
class TrainingRun:
    """One named training: its history epoch by epoch, and the smoothed loss within the epochs.

    Parameters
    ----------
    name : what the legend calls it.

    Examples
    --------
    >>> run = TrainingRun("Adam")
    >>> run.add_epoch({"loss": 0.9, "val_loss": 1.0})
    >>> run.add_epoch({"loss": 0.5, "val_loss": 1.2})
    >>> run.n_epochs, run.judged_by, run.best_epoch
    (2, 'val_loss', 1)

    Lesson: 04 deep_learning_with_keras.
    """

    name: str
    history: dict[str, list[float]] = field(default_factory=dict)
    samples: dict[int, Any] = field(default_factory=dict)
    sample_errors: dict[int, str] = field(default_factory=dict)
    resumed: list[int] = field(default_factory=list)  # the last epoch before each time training was taken up again
    stopped: list[int] = field(default_factory=list)  # epochs that a Stop cut short
    points: list[tuple[float, float]] = field(default_factory=list)  # (epochs, smoothed loss of the batches)
    best_weights: list[Any] | None = None
    model: Callable[[], Any] = lambda: None  # a weak reference to what is trained
    _smooth: float = 0.0
    _trust: float = 0.0  # grows to 1 as the smoothed loss forgets where it began
    _stride: int = 1
    _count: int = 0

    @property
    def n_epochs(self) -> int:
        """How many epochs are recorded."""
        return max((len(values) for values in self.history.values()), default=0)

    @property
    def judged_by(self) -> str:
        """The value by which the best epoch is chosen: `val_loss` where there is one, else `loss`."""
        return "val_loss" if "val_loss" in self.history else "loss"

    @property
    def best_epoch(self) -> int | None:
        """The epoch, counted from 1, with the lowest `judged_by`; None before there is one."""
        values = self.history.get(self.judged_by, [])
        finite = [(value, epoch) for epoch, value in enumerate(values, 1) if math.isfinite(value)]
        return min(finite)[1] if finite else None

    def add_epoch(self, logs: Mapping[str, float]) -> None:
        """Add what an epoch brought. A value that is missing in this epoch, or was in earlier ones, counts as NaN."""
        n_before = self.n_epochs
        for name in logs:
            self.history.setdefault(name, [math.nan] * n_before)
        for name, values in self.history.items():
            values.append(float(logs.get(name, math.nan)))

    def add_batch(self, epochs: float, loss: float, window: float) -> None:
        """Add the loss of one batch at `epochs`, such as 2.25, smoothed over about `window` batches."""
        if not math.isfinite(loss):
            return
        keep = 1 - 1 / max(window, 1.0)
        self._smooth = keep * self._smooth + (1 - keep) * loss
        self._trust = keep * self._trust + (1 - keep)
        self._count += 1
        if self._count % self._stride == 0:
            self.points.append((epochs, self._smooth / self._trust))
            if len(self.points) > MAX_POINTS:
                self.points = self.points[1::2]
                self._stride *= 2

    def for_page(self) -> dict[str, Any]:
        """Return what the page draws; values that are no numbers become None, because JSON has no NaN."""
        return {
            "name": self.name,
            "values": {name: [_short(value) for value in values] for name, values in self.history.items()},
            "points": [[round(at, 4), _short(loss)] for at, loss in self.points],
            "resumed": list(self.resumed),
            "stopped": list(self.stopped),
            "best": self.best_epoch,
        }


def _short(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None


class TrainingClock:
    """How long batches and epochs take, and how long the rest will take. Times are seconds of any clock, given by the caller.

    A few slow batches, such as the first one, in which the backend compiles, do not count: of the last 64 batches the
    slowest and the fastest tenth are left out. What an epoch takes besides its batches (validation, samples) is estimated apart.

    Examples
    --------
    >>> clock = TrainingClock()
    >>> clock.begin(0.0)
    >>> for now in (9.0, 10.0, 11.0, 12.0):  # the first batch compiles
    ...     clock.batch(now)
    >>> clock.left(batches=6, epochs=0, batches_an_epoch=10)
    6.0
    """

    def __init__(self) -> None:
        self._batches: deque[float] = deque(maxlen=_RECENT_BATCHES)
        self._besides: deque[float] = deque(maxlen=_RECENT_EPOCHS)
        self._last = 0.0
        self._n_batches = self._n_epochs = 0

    def begin(self, now: float) -> None:
        """Start to measure."""
        self._last = now

    def batch(self, now: float, n: int = 1) -> None:
        """Note that `n` batches are over."""
        self._n_batches += 1
        if self._n_batches > 1:
            self._batches.append((now - self._last) / n)
        self._last = now

    def epoch(self, now: float) -> None:
        """Note that an epoch is over, and its validation and samples, too."""
        self._n_epochs += 1
        if self._n_epochs == 2 and len(self._besides) == 1 and self._n_batches:
            self._besides.clear()  # in the first epoch validation and samples were compiled
        self._besides.append(now - self._last)
        self._last = now

    def waited(self, seconds: float) -> None:
        """Take out a pause."""
        self._last += seconds

    def left(self, *, batches: int, epochs: int, batches_an_epoch: int) -> float | None:
        """Return the seconds until the end, or None while nothing is known.

        Parameters
        ----------
        batches : left in this epoch.
        epochs : left after this one.
        batches_an_epoch : 0 where a loop tells only its epochs.
        """
        if batches_an_epoch and len(self._batches) < 2:
            return None
        if not batches_an_epoch and not self._besides:
            return None
        besides = sum(self._besides) / len(self._besides) if self._besides else 0.0
        return (batches + epochs * batches_an_epoch) * _trimmed_mean(self._batches) + (epochs + 1) * besides


def _trimmed_mean(values: Sequence[float]) -> float:
    if not values:
        return 0.0
    ordered = sorted(values)
    cut = math.ceil(len(ordered) / 10) if len(ordered) > 2 else 0
    kept = ordered[cut : len(ordered) - cut]
    return sum(kept) / len(kept)


def runs_to_csv(runs: Sequence[TrainingRun]) -> str:
    """Return the histories as a table with a line of names: run, epoch, then one column a value.

    Examples
    --------
    >>> run = TrainingRun("SGD")
    >>> run.add_epoch({"loss": 0.5})
    >>> print(runs_to_csv([run]), end="")
    run,epoch,loss
    SGD,1,0.5
    """
    names = list(dict.fromkeys(name for run in runs for name in run.history))
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["run", "epoch", *names])
    for run in runs:
        for index in range(run.n_epochs):
            values = [run.history[name][index] if name in run.history else math.nan for name in names]
            table.writerow([run.name, index + 1, *("" if math.isnan(value) else value for value in values)])
    return stream.getvalue()
