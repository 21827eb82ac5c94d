"""What a training reports to a TrainingMonitor while it runs, and what the page asks of it: pause, stop, and samples."""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from musegen_edu.widgets.kernel_messages import answer_waiting_commands
from musegen_edu.widgets.notebook_cells import CellWatch
from musegen_edu.widgets.sounding import SoundingWidget, answers
from musegen_edu.widgets.training_position import ACTIVE, TrainingPosition
from musegen_edu.widgets.training_runs import TrainingRun
from musegen_edu.widgets.training_samples import checked_sample, kind_of, sample_for_page

LOOK_EVERY = 0.25  # s between two looks at the page, at most this often
SHARE = 0.01  # of the time may go into drawing


class TrainingReports(SoundingWidget):
    """The half of a TrainingMonitor that a training reports to (see `TrainingObserver`), and that tells and obeys the page.

    Parameters
    ----------
    sample, sample_every, keep_best : as `TrainingMonitor` has them.
    traits : of the widget.
    """

    progress = traitlets.Dict(help="state, epoch, batch, seconds").tag(sync=True)
    earlier = traitlets.List(help="the runs that are over, as the page draws them").tag(sync=True)
    current = traitlets.Dict(help="the run that is trained now, or was last").tag(sync=True)
    strip = traitlets.List(help="the samples: run, epoch, kind and what went wrong").tag(sync=True)

    def __init__(self, *, sample: Any, sample_every: int, keep_best: bool, **traits: Any) -> None:
        self._sample, self._sample_every, self._keep_best = sample, sample_every, keep_best
        self._runs: list[TrainingRun] = []
        self._position, self._state = TrainingPosition(), "idle"
        self._paused, self._stop = threading.Event(), threading.Event()
        self._cell = CellWatch(self)
        self._next_look = 0.0
        super().__init__(**traits)
        self._publish()

    # ---- the training reports ----

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
        self._paused.clear()
        self._stop.clear()
        self._state = "running"
        self._position.begin(time.perf_counter(), recorded=run.n_epochs, epochs=epochs, batches=batches)
        self._cell.begin()
        self._publish(everything=True)
        if self._sample and not run.n_epochs and model is not None and getattr(model, "built", True):
            self._take_sample(run, 0, model)
            self._publish_strip()
            self._position.clock.begin(time.perf_counter())

    def begin_epoch(self, epochs_left: int) -> None:
        """An epoch begins; so many are left, this one included."""
        self._position.begin_epoch(epochs_left)

    def after_batch(self, loss: float | None = None, *, batch: int | None = None) -> bool:
        """A batch is over, the `batch`-th of its epoch; wait while paused; return False when training is to end."""
        now = time.perf_counter()
        self._position.advance_batch(now, batch)
        if loss is not None and self._runs:
            window = min(50.0, max(5.0, self._position.batches_an_epoch / 10))
            self._runs[-1].add_batch(self._position.epochs_done, loss, window)
        return self._look(now)

    def after_validation_batch(self) -> bool:
        """A batch of the validation is over; return False when training is to end."""
        return self._look(time.perf_counter())

    def after_epoch(self, logs: Mapping[str, float], *, model: Any = None) -> bool:
        """An epoch is over: note its values, keep the best weights, take a sample; return False when training is to end."""
        run = self._runs[-1]
        run.add_epoch(logs)
        if self._stop.is_set() and self._position.is_within_epoch:
            run.stopped.append(run.n_epochs)
        self._position.advance_epoch(is_whole=not self._stop.is_set())
        model = run.model() if model is None else model
        if self._keep_best and run.best_epoch == run.n_epochs and hasattr(model, "get_weights"):
            run.best_weights = [np.array(weight) for weight in model.get_weights()]
        is_last = self._stop.is_set() or run.n_epochs == self._position.last
        if self._sample and model is not None and (is_last or run.n_epochs % self._sample_every == 0):
            self._publish()
            self._take_sample(run, run.n_epochs, model)
            self._publish_strip()
        self._position.clock.epoch(time.perf_counter())
        return self._look(time.perf_counter())

    def end(self, *, failed: bool = False) -> None:
        """The training is over."""
        self._finish("failed" if failed else "stopped" if self._stop.is_set() else "finished")

    def interrupt(self) -> None:
        """Stop after this batch, as the Stop button does."""
        self._stop.set()

    # ---- inside ----

    def _finish(self, state: str) -> None:
        if self._state not in ACTIVE:
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
        self._position.wait(time.perf_counter() - began)
        self._publish()

    def _publish(self, *, everything: bool = False) -> None:
        run = self._runs[-1] if self._runs else None
        if run is not None:
            self.current = run.for_page()
        if everything:
            self.earlier = [other.for_page() for other in self._runs[:-1]]
            self._publish_strip()
        diverged = run is not None and run.n_epochs and not math.isfinite(run.history.get("loss", [0.0])[-1])
        self.progress = {**self._position.for_page(self._state, time.perf_counter()), "diverged": bool(diverged)}

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
        if self._state not in ACTIVE:
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
