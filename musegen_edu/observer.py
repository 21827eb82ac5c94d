"""What watches a training and may end it. The training knows these few methods and nothing of pages, buttons and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class TrainingObserver(Protocol):
    """Anything with these methods, such as the `TrainingMonitor` of the widgets.

    `begin`, then for each epoch `begin_epoch`, `after_batch` for each batch and `after_epoch`, then `end`. The three methods
    that begin with `after` return whether to go on, and may take their time: that is what pause is.

    Examples
    --------
    >>> class Impatient:
    ...     def begin(self, model=None, *, epochs=None, batches=None, earlier=()): ...
    ...     def begin_epoch(self, epochs_left): ...
    ...     def after_batch(self, loss=None, *, batch=None): return batch < 10
    ...     def after_validation_batch(self): return True
    ...     def after_epoch(self, logs, *, model=None): return False
    ...     def end(self, *, failed=False): ...
    >>> observer: TrainingObserver = Impatient()

    Lesson: 05 recurrent_networks.
    """

    def begin(
        self,
        model: Any = None,
        *,
        epochs: int | None = None,
        batches: int | None = None,
        earlier: Sequence[Mapping[str, float]] = (),
    ) -> None:
        """A training of so many epochs begins; `earlier` is what a checkpoint tells of the epochs before."""

    def begin_epoch(self, epochs_left: int) -> None:
        """An epoch begins; so many are left, this one included."""

    def after_batch(self, loss: float | None = None, *, batch: int | None = None) -> bool:
        """A batch is over, the `batch`-th of its epoch, with this loss."""

    def after_validation_batch(self) -> bool:
        """A batch of the validation is over."""

    def after_epoch(self, logs: Mapping[str, float], *, model: Any = None) -> bool:
        """An epoch is over, with these values, such as `{"loss": 0.4, "val_loss": 0.5}`."""

    def end(self, *, failed: bool = False) -> None:
        """The training is over."""
