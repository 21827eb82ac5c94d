"""TrainingMonitor: what a training does while it does it: curves, time left, samples to hear, and buttons that pause and stop it."""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from musegen_edu.files import write_atomically
from musegen_edu.score import Score
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.kernel_messages import answer_waiting_commands
from musegen_edu.widgets.notebook_cells import CellWatch
from musegen_edu.widgets.sounding import SoundingWidget, answers
from musegen_edu.widgets.training_pictures import curves_picture, sample_picture
from musegen_edu.widgets.training_runs import TrainingClock, TrainingRun, runs_to_csv
from musegen_edu.widgets.training_samples import checked_sample, kind_of, sample_for_page

LOOK_EVERY = 0.25  # s between two looks at the page, at most this often
SHARE = 0.01  # of the time may go into drawing
_ACTIVE = ("running", "paused")


class TrainingMonitor(SoundingWidget):
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
    progress = traitlets.Dict(help="state, epoch, batch, seconds").tag(sync=True)
    earlier = traitlets.List(help="the runs that are over, as the page draws them").tag(sync=True)
    current = traitlets.Dict(help="the run that is trained now, or was last").tag(sync=True)
    strip = traitlets.List(help="the samples: run, epoch, kind and what went wrong").tag(sync=True)

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
        self._sample, self._sample_every, self._keep_best = sample, sample_every, keep_best
        self._runs: list[TrainingRun] = []
        self._clock = TrainingClock()
        self._paused, self._stop = threading.Event(), threading.Event()
        self._cell = CellWatch(self)
        self._state, self._batch, self._batches = "idle", 0, 0
        self._first = self._last = self._tally = 0  # epochs: before this fit, at its end, in this fit
        self._began = self._next_look = self._waited = 0.0
        super().__init__(title=title, hide=[hide] if isinstance(hide, str) else list(hide))
        self._publish()

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

    # ---- the training tells ----

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
        if self._state in _ACTIVE:
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
                yield self._first + index + 1
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
        if self._state not in _ACTIVE:
            self.begin(model)
            self._cell.ends_well = True  # a bare loop has no other end than its cell's
        return self.after_epoch(logs, model=model)

    def record_batch(self, loss: float) -> bool:
        """Note the loss of one batch in a loop of one's own; waits while paused; return whether to go on."""
        return self.after_batch(float(loss))

    def begin(
        self,
        model: Any = None,
        *,
        epochs: int | None = None,
        batches: int | None = None,
        earlier: Sequence[Mapping[str, float]] = (),
    ) -> None:
        """A training begins, or goes on: the same model continues its run, another one begins a new run.

        Parameters
        ----------
        model : what is trained, if it is to be sampled or its best weights kept.
        epochs, batches : so many epochs from now on, of so many batches each, where that is known.
        earlier : what was recorded before the process was killed, if a checkpoint is gone on with; used where this run is empty.
        """
        run = self._runs[-1] if self._runs else None
        known = None if run is None else run.model()
        if run is None or (known is not None and model is not None and known is not model):
            run = TrainingRun(self._free_name())
            self._runs.append(run)
        if model is not None:
            run.model = weakref.ref(model)
        for logs in earlier if not run.n_epochs else ():
            run.add_epoch(logs)
        if run.n_epochs:
            run.resumed.append(run.n_epochs)
        self._first = run.n_epochs
        self._last = self._first + (epochs or 0)
        self._batch, self._batches, self._tally = 0, batches or 0, 0
        self._paused.clear()
        self._stop.clear()
        self._state = "running"
        self._clock = TrainingClock()
        self._began, self._waited = time.perf_counter(), 0.0
        self._clock.begin(self._began)
        self._cell.begin()
        self._publish(everything=True)
        if self._sample and not run.n_epochs and model is not None and getattr(model, "built", True):
            self._take_sample(run, 0, model)
            self._publish_strip()
            self._clock.begin(time.perf_counter())

    def begin_epoch(self, epochs_left: int) -> None:
        """An epoch begins; so many are left, this one included."""
        self._batch = 0
        self._last = self._first + self._tally + epochs_left

    def after_batch(self, loss: float | None = None, *, batch: int | None = None) -> bool:
        """A batch is over, the `batch`-th of its epoch; wait while paused; return False when training is to end."""
        now = time.perf_counter()
        before, self._batch = self._batch, self._batch + 1 if batch is None else batch
        self._clock.batch(now, max(1, self._batch - before))
        if loss is not None and self._runs:
            of = max(self._batches, self._batch)
            window = min(50.0, max(5.0, of / 10))
            self._runs[-1].add_batch(self._first + self._tally + self._batch / of, loss, window)
        return self._look(now)

    def after_validation_batch(self) -> bool:
        """A batch of the validation is over; return False when training is to end."""
        return self._look(time.perf_counter())

    def after_epoch(self, logs: Mapping[str, float], *, model: Any = None) -> bool:
        """An epoch is over: note its values, keep the best weights, take a sample; return False when training is to end."""
        run = self._runs[-1]
        run.add_epoch(logs)
        self._tally += 1
        if self._batch and self._batch < self._batches and self._stop.is_set():
            run.stopped.append(run.n_epochs)
        elif not self._stop.is_set():
            self._batches = self._batch  # a generator tells by its first epoch how long it is
        model = run.model() if model is None else model
        if self._keep_best and run.best_epoch == run.n_epochs and hasattr(model, "get_weights"):
            run.best_weights = [np.array(weight) for weight in model.get_weights()]
        is_last = self._stop.is_set() or run.n_epochs == self._last
        if self._sample and model is not None and (is_last or run.n_epochs % self._sample_every == 0):
            self._publish()
            self._take_sample(run, run.n_epochs, model)
            self._publish_strip()
        self._clock.epoch(time.perf_counter())
        return self._look(time.perf_counter())

    def end(self, *, failed: bool = False) -> None:
        """The training is over."""
        self._finish("failed" if failed else "stopped" if self._stop.is_set() else "finished")

    # ---- inside ----

    def _finish(self, state: str) -> None:
        if self._state not in _ACTIVE:
            return
        self._state = state
        self._cell.end()
        self._publish(everything=True)

    def _free_name(self) -> str:
        taken, number = {run.name for run in self._runs}, len(self._runs) + 1
        while f"run {number}" in taken:
            number += 1
        return f"run {number}"

    def _take_sample(self, run: TrainingRun, epoch: int, model: Any) -> None:
        try:
            sample = checked_sample(self._sample(model, epoch))
        except Exception as error:  # noqa: BLE001  (the learner's code: whatever it raises is shown, and training goes on)
            run.sample_errors[epoch] = f"{type(error).__name__}: {error}"
        else:
            if sample is not None:
                run.samples[epoch] = sample

    def _look(self, now: float) -> bool:
        """Draw, and see what the page asks for, if it is time; wait while paused."""
        if now >= self._next_look:
            answer_waiting_commands(self)
            self._publish()
            took = time.perf_counter() - now
            self._next_look = now + max(LOOK_EVERY, took / SHARE)
        if self._paused.is_set() and not self._stop.is_set():
            self._hold()
        return not self._stop.is_set()

    def _hold(self) -> None:
        began = time.perf_counter()
        self._state = "paused"
        self._publish()
        while self._paused.is_set() and not self._stop.is_set():
            answer_waiting_commands(self)
            time.sleep(0.05)
        self._state = "running"
        waited = time.perf_counter() - began
        self._waited += waited
        self._clock.waited(waited)
        self._publish()

    def _publish(self, *, everything: bool = False) -> None:
        run = self._runs[-1] if self._runs else None
        of, done = self._batches, self._first + self._tally
        left = None
        if self._state in _ACTIVE and self._last:
            left = self._clock.left(
                batches=max(0, of - self._batch), epochs=max(0, self._last - done - 1), batches_an_epoch=of
            )
        if self._state == "idle":
            elapsed = 0.0
        else:
            elapsed = time.perf_counter() - self._began - self._waited
        if run is not None:
            self.current = run.for_page()
        if everything:
            self.earlier = [other.for_page() for other in self._runs[:-1]]
            self._publish_strip()
        self.progress = {
            "state": self._state,
            "epoch": min(done + 1, max(self._last, done)) if self._state in _ACTIVE else done,
            "epochs": self._last,
            "done": self._tally,
            "batch": self._batch,
            "batches": of,
            "elapsed": round(elapsed, 2),
            "left": None if left is None else round(left, 1),
            "share": self._share(),
            "diverged": bool(run and run.n_epochs and not math.isfinite(run.history.get("loss", [0.0])[-1])),
        }

    def _share(self) -> float | None:
        """How much of this fit is done, 0 to 1."""
        total = self._last - self._first
        if total <= 0 or self._state == "idle":
            return None
        part = self._batch / self._batches if self._batches and self._state in _ACTIVE else 0.0
        return round(min(1.0, (self._tally + min(part, 1.0)) / total), 4)

    def _publish_strip(self) -> None:
        self.strip = [
            {"run": run.name, "epoch": epoch, "kind": kind_of(run.samples.get(epoch)), "error": run.sample_errors.get(epoch, "")}
            for run in self._runs
            for epoch in sorted({*run.samples, *run.sample_errors})
        ]  # fmt: skip

    # ---- what the page asks for; may come in another thread, so nothing is drawn here ----

    @answers
    def control(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Pause, resume or stop; return whether there is a training to obey."""
        action = message["action"]
        if action not in ("pause", "resume", "stop", "look"):
            raise ValueError(f"action={action!r} must be pause, resume or stop")
        if self._state not in _ACTIVE:
            return {"taken": False}, []
        if action == "stop":
            self._stop.set()
        elif action == "pause":
            self._paused.set()
        elif action == "resume":
            self._paused.clear()
        return {"taken": True}, []

    @answers
    def fetch_sample(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return one sample as the page shows and plays it."""
        for run in self._runs:
            if run.name == message["run"] and int(message["epoch"]) in run.samples:
                return sample_for_page(run.samples[int(message["epoch"])])
        raise ValueError(f"there is no sample of epoch {message['epoch']} of {message['run']}")

    def interrupt(self) -> None:
        """Stop after this batch, as the Stop button does."""
        self._stop.set()

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
