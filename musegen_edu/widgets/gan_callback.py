"""The half of a GanMonitor that needs Keras: the callback that tells it of each step of `fit`, and networks that are asked, not trained."""

from __future__ import annotations

from typing import Any

from musegen_edu.quiet_keras import keras


class GanCallback(keras.callbacks.Callback):
    """Tells a monitor what `pair.fit` does, and ends `fit` after the step in which the monitor says so.

    Parameters
    ----------
    monitor : a `GanMonitor`.

    Lesson: 10 generative_adversarial_networks.
    """

    def __init__(self, monitor: Any) -> None:
        super().__init__()
        self._monitor = monitor
        self._means: dict[str, float] = {}
        self._seen = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin, or go on where the last fit ended."""
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        n = epochs * steps if epochs and steps else None
        self._monitor.begin(
            steps=n, fetch_weights=lambda: self.model
        )  # on JAX asking for the model fetches its weights

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Keras' running means begin anew."""
        self._means, self._seen = {}, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note what this batch brought. What Keras gives are means over the epoch so far."""
        done, values = batch + 1, {}
        for name, mean in (logs or {}).items():
            mean, before = float(mean), self._means.get(name, 0.0)
            values[name] = mean + self._seen * (mean - before) / max(
                1, done - self._seen
            )  # the mean of the new batches
            self._means[name] = mean
        self._seen = done
        if not self._monitor.record(values):
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """End."""
        self._monitor.end()


class Still(keras.Model):
    """A network that is asked and not trained: compiled once, with the weights of the network that is trained."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, inputs: Any) -> Any:
        """Return what the network says."""
        return self.network(inputs, training=False)
