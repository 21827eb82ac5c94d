"""What a game between generator and judge has shown so far: curves that get no longer, and pictures of steps, thinned out evenly."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_ROWS = 300  # of the curves; a longer game keeps the mean of every two, four, ... steps
MAX_CURVES = 10


@dataclass
class Frame:
    """What there was to see and hear at one step.

    `forged` is what the view keeps of the forged examples; `scores` holds, for each judge, those of the real and of the forged ones; `probed`
    are the judge's scores at the view's probe points, where it has any; `is_passing` marks a frame that the next one replaces.
    """

    step: int
    forged: Any
    scores: dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]
    diversity: float
    probed: npt.NDArray[np.float32] | None = None
    error: str = ""
    is_passing: bool = False


@dataclass
class GanHistory:
    """Curves and frames of one game.

    Parameters
    ----------
    every : steps from one kept frame to the next, at first.
    keep : frames at most; when there are more, every second one is dropped (never the first or the last), and `every` doubles.

    Examples
    --------
    >>> history = GanHistory(every=1, keep=4)
    >>> for step in range(9):
    ...     if history.is_due(step):
    ...         history.add_frame(Frame(step, None, {}, 1.0))
    >>> history.kept, history.every
    ([0, 4, 8], 4)
    >>> history.add_logs({"judge_loss": 2.0, "generator_loss": 1.0})
    >>> history.curves["judge_loss"]
    [2.0]
    """

    every: int
    keep: int
    steps: int = 0
    frames: list[Frame] = field(default_factory=list)
    curves: dict[str, list[float]] = field(default_factory=lambda: {"step": []})
    _stride: int = 1
    _sums: dict[str, list[float]] = field(default_factory=dict)

    @property
    def kept(self) -> list[int]:
        """The steps whose frames are kept."""
        return [frame.step for frame in self.frames]

    def is_due(self, step: int) -> bool:
        """Whether a frame of this step is to be taken."""
        return step % self.every == 0 and (
            not self.frames or self.frames[-1].step != step or self.frames[-1].is_passing
        )

    def add_frame(self, frame: Frame) -> None:
        """Add a frame; what was passing goes, and what is too much is thinned out."""
        if self.frames and (self.frames[-1].is_passing or self.frames[-1].step == frame.step):
            self.frames.pop()
        self.frames.append(frame)
        if len(self.frames) > self.keep:
            self.frames = [*self.frames[:-1:2], self.frames[-1]]
            self.every *= 2

    def near(self, step: int | None) -> Frame:
        """Return the frame nearest to a step; the newest for None.

        Raises
        ------
        ValueError
            If there is none yet.
        """
        if not self.frames:
            raise ValueError("there is no picture yet: train first")
        if step is None:
            return self.frames[-1]
        at = bisect.bisect_left(self.kept, step)
        return min(self.frames[max(0, at - 1) : at + 1], key=lambda frame: abs(frame.step - step))

    def add_logs(self, logs: Mapping[str, float]) -> None:
        """Add what a step brought: losses and shares, by name. What is no number is left out."""
        self.steps += 1
        for name, value in logs.items():
            if math.isfinite(value) and (name in self.curves or len(self.curves) <= MAX_CURVES):
                self._sums.setdefault(name, []).append(float(value))
        if self.steps % self._stride == 0:
            self._add_row()

    def _add_row(self) -> None:
        n_before = len(self.curves["step"])
        for name in self._sums:
            self.curves.setdefault(name, [math.nan] * n_before)
        for name, column in self.curves.items():
            values = self._sums.get(name)
            column.append(self.steps if name == "step" else sum(values) / len(values) if values else math.nan)
        self._sums = {}
        if n_before + 1 > MAX_ROWS:
            self._stride *= 2
            self.curves = {name: _halved(column, mean=name != "step") for name, column in self.curves.items()}

    def curves_for_page(self) -> dict[str, list[float | None]]:
        """Return the curves with five digits; values that are no numbers become None, because JSON has no NaN."""
        return {name: [_short(value) for value in column] for name, column in self.curves.items()}


def _halved(column: list[float], *, mean: bool) -> list[float]:
    """Join every two rows, beginning with the first; a last one without a partner stays."""
    pairs = [column[i : i + 2] for i in range(0, len(column), 2)]
    if not mean:
        return [pair[-1] for pair in pairs]
    finite = [[value for value in pair if math.isfinite(value)] for pair in pairs]
    return [sum(pair) / len(pair) if pair else math.nan for pair in finite]


def _short(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
