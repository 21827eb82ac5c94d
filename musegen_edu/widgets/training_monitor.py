"""TrainingMonitor: what a training does while it does it: curves, time left, samples to hear, and buttons that pause and stop it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from musegen_edu.files import write_atomically
from musegen_edu.score import Score
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.training_pictures import curves_picture, sample_picture
from musegen_edu.widgets.training_position import ACTIVE
from musegen_edu.widgets.training_reports import TrainingReports
from musegen_edu.widgets.training_runs import TrainingRun, runs_to_csv


class TrainingMonitor(TrainingReports):
    """Live curves of a training, the time that is left, a sample to hear for each epoch; pause, resume and stop.

    Give `monitor.callback` to `model.fit`. If the monitor is not on the page yet, it shows itself in the cell that trains. Pause
    waits after the current batch; Stop ends `fit` after it, with weights and history kept. The notebook's own interrupt button
    does the same; pressed twice it interrupts as always. Fitting the same model again continues its curves; another model, or
    `start_run`, begins a new run in the same picture. A loop of one's own uses `epochs` and `record` in place of the callback.

    Parameters
    ----------
    title : heading.
    sample : called with the model and the number of the epoch, counted from 1 (0 is before training, where the model has its
        weights by then); returns a `Score`, a pair (audio, sample_rate), or None for nothing. What it raises is shown, and training goes on.
    sample_every : epochs from one sample to the next, 1 or more; the last epoch of a fit is heard in any case.
    keep_best : keep a copy of the weights of the epoch with the lowest `val_loss` (else `loss`), for `restore_best`.
    hide : controls to put away, any of `TrainingMonitor.HIDEABLE`.

    Raises
    ------
    ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> monitor = TrainingMonitor()
    >>> for epoch in monitor.epochs(3):
    ...     _ = monitor.record({"loss": 1 / epoch})
    >>> monitor.history
    {'loss': [1.0, 0.5, 0.3333333333333333]}

    Lesson: 04 deep_learning_with_keras.
    """

    HIDEABLE = ("title", "pause", "stop", "progress", "metric", "log", "shown", "readout", "samples")
    _esm = packed_module("training_monitor")
    _css = theme()

    title = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        *,
        title: str = "Training",
        sample: Any = None,
        sample_every: int = 1,
        keep_best: bool = True,
        hide: Iterable[str] = (),
    ) -> None:
        if sample is not None and not callable(sample):
            raise ValueError(f"sample={sample!r} must be a function of (model, epoch), or None")
        if not isinstance(sample_every, int) or sample_every < 1:
            raise ValueError(f"sample_every={sample_every!r} must be a whole number of epochs, 1 or more")
        super().__init__(
            sample=sample,
            sample_every=sample_every,
            keep_best=keep_best,
            title=title,
            hide=[hide] if isinstance(hide, str) else list(hide),
        )

    # ---- what was recorded ----

    @property
    def runs(self) -> dict[str, dict[str, list[float]]]:
        """The history of every run, by its name."""
        return {run.name: run.history for run in self._runs}

    @property
    def history(self) -> dict[str, list[float]]:
        """The current run's values epoch by epoch over all its fits, such as `{"loss": [...], "val_loss": [...]}`."""
        return self._runs[-1].history if self._runs else {}

    @property
    def samples(self) -> dict[int, Any]:
        """The current run's samples: epoch -> `Score` or (audio, sample_rate); 0 is before training."""
        return self._runs[-1].samples if self._runs else {}

    @property
    def best_epoch(self) -> int | None:
        """The current run's epoch with the lowest `val_loss` (else `loss`), counted from 1; None before there is one."""
        return self._runs[-1].best_epoch if self._runs else None

    @property
    def heard(self) -> Score:
        """The newest sample that is a score."""
        for run in reversed(self._runs):
            for sample in reversed(list(run.samples.values())):
                if isinstance(sample, Score):
                    return sample
        raise ValueError("there is no sample yet that is a score")

    def restore_best(self, model: Any = None) -> int:
        """Give the current run's model the weights of its best epoch; return that epoch, counted from 1.

        Parameters
        ----------
        model : the model that gets them; the one that was trained if None.

        Raises
        ------
        ValueError
            If no weights were kept, or the model is gone.
        """
        run = self._runs[-1] if self._runs else None
        if run is None or run.best_weights is None or run.best_epoch is None:
            raise ValueError("no weights are kept: train first, with keep_best=True and a model that has get_weights()")
        model = run.model() if model is None else model
        if model is None:
            raise ValueError("model=None, and the model that was trained is gone; give the one that gets the weights")
        model.set_weights(run.best_weights)
        return run.best_epoch

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write the histories of all runs as a table (run, epoch, one column a value); return the path."""
        return write_atomically(path, runs_to_csv(self._runs))

    # ---- training ----

    @cached_property
    def callback(self) -> Any:
        """The callback for `model.fit(..., callbacks=[monitor.callback])`, on every Keras backend."""
        from musegen_edu.widgets.training_callback import MonitorCallback

        return MonitorCallback(self)

    def start_run(self, name: str) -> None:
        """Let what is trained from now on be a new curve of this name, beside the earlier ones; one of the same name is replaced.

        Raises
        ------
        ValueError
            If the name is empty, or a training is going on.
        """
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"name={name!r} must be a text, such as 'Adam'")
        if self._state in ACTIVE:
            raise ValueError(f"name={name!r} cannot begin while {self._runs[-1].name!r} is being trained")
        self._runs = [run for run in self._runs if run.name != name]
        self._runs.append(TrainingRun(name))
        self._state = "idle"
        self._publish(everything=True)

    def epochs(self, n: int, *, model: Any = None, batches: int | None = None) -> Iterator[int]:
        """Yield the numbers of `n` epochs for a loop of one's own; fewer when Stop is pressed. Each ends with `record`.

        Parameters
        ----------
        n : epochs, 1 or more. The numbers go on where an earlier loop with the same model ended.
        model : what is trained, for `sample` and, if it has `get_weights`, for `restore_best`.
        batches : how many times an epoch calls `record_batch`, if it does.
        """
        if n < 1:
            raise ValueError(f"n={n} must be 1 or more epochs")
        self.begin(model, epochs=n, batches=batches)
        try:
            for index in range(n):
                self.begin_epoch(n - index)
                yield self._position.first + index + 1
                if self._stop.is_set():
                    break
        except GeneratorExit:  # a break in the loop, or an error: from here they look the same
            self._finish("left")
            raise
        self.end()

    def record(self, logs: Mapping[str, float], *, model: Any = None) -> bool:
        """Note an epoch of a loop of one's own, such as `{"loss": 0.4, "val_loss": 0.5}`; return whether to go on.

        Raises
        ------
        ValueError
            If `logs` is empty or holds what is no number.
        """
        if not isinstance(logs, Mapping) or not logs:
            raise ValueError(f"logs={logs!r} must name at least one number, such as {{'loss': 0.4}}")
        for name, value in logs.items():
            if np.ndim(value) or not isinstance(name, str) or not np.issubdtype(np.asarray(value).dtype, np.number):
                raise ValueError(f"logs has {name!r}: {value!r}; each name must stand for one number")
        if self._state not in ACTIVE:
            self.begin(model)
            self._cell.ends_well = True  # a bare loop has no other end than its cell's
        return self.after_epoch(logs, model=model)

    def record_batch(self, loss: float) -> bool:
        """Note the loss of one batch in a loop of one's own; waits while paused; return whether to go on."""
        return self.after_batch(float(loss))

    # ---- how it is shown ----

    def _repr_mimebundle_(self, **options: Any) -> Any:
        self._cell.shown()
        return super()._repr_mimebundle_(**options)

    def static_html(self) -> str:
        """Return the curves as a picture, and the first and the last sample to hear."""
        parts = [curves_picture(self.title, self._runs)]
        for run in self._runs:
            parts += [sample_picture(run, epoch, named=len(self._runs) > 1) for epoch in _first_and_last(run)]
        return f"<section>{''.join(parts)}</section>"

    def __repr__(self) -> str:
        parts = [
            f"{run.name!r}: {run.n_epochs} epochs" + (f", best {run.best_epoch}" if run.best_epoch else "")
            for run in self._runs
        ]
        return f"TrainingMonitor({'; '.join(parts)})"


def _first_and_last(run: TrainingRun) -> list[int]:
    epochs = sorted({*run.samples, *run.sample_errors})
    return epochs[:1] + epochs[-1:] if len(epochs) > 1 else epochs
