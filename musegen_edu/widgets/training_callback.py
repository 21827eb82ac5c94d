"""The Keras callback of a TrainingMonitor: it turns Keras' calls into the monitor's few."""

from __future__ import annotations

from typing import Any

from musegen_edu.observer import TrainingObserver
from musegen_edu.quiet_keras import keras


class MonitorCallback(keras.callbacks.Callback):
    """Tells a monitor what `model.fit` does, and ends `fit` after the batch in which the monitor says so.

    Parameters
    ----------
    monitor : a `TrainingMonitor`.

    Lesson: 04 deep_learning_with_keras.
    """

    def __init__(self, monitor: TrainingObserver) -> None:
        super().__init__()
        self.monitor = monitor
        self._seen, self._mean = 0, 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin, or go on where the last fit of this model ended."""
        self.monitor.begin(self.model, epochs=self.params.get("epochs"), batches=self.params.get("steps"))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note how many epochs there are still to come: fit may have been called with an initial_epoch."""
        self._seen, self._mean = 0, 0.0
        self.monitor.begin_epoch(self.params.get("epochs", epoch + 1) - epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note the loss of this batch. What Keras gives is the mean of the epoch so far."""
        mean = (logs or {}).get("loss")
        loss = None
        if mean is not None:
            mean, done = float(mean), batch + 1
            loss = mean + self._seen * (mean - self._mean) / max(1, done - self._seen)  # the mean of the new batches
            self._seen, self._mean = done, mean
        if not self.monitor.after_batch(loss, batch=batch + 1):
            self.model.stop_training = True  # on JAX `self.model` fetches all weights: not to be asked at each batch

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Let a click through during validation, too."""
        if not self.monitor.after_validation_batch():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch's loss and metrics, keep the best weights, and take a sample."""
        if not self.monitor.after_epoch(logs or {}, model=self.model):
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """End."""
        self.monitor.end()
