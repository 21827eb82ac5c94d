"""Where a training is: in which epoch and batch, how much of it is done, how long it has taken and how long the rest will take."""

from __future__ import annotations

from typing import Any

from musegen_edu.widgets.training_runs import TrainingClock

ACTIVE = ("running", "paused")  # states in which a training is going on


class TrainingPosition:
    """Epochs and batches of one fit, counted as they are done. Times are seconds of any clock, given by the caller.

    Examples
    --------
    >>> position = TrainingPosition()
    >>> position.begin(0.0, recorded=3, epochs=2, batches=4)  # three epochs are known from an earlier fit
    >>> for now in (1.0, 2.0, 3.0):
    ...     position.advance_batch(now)
    >>> position.epochs_done, position.share("running"), position.left("running")
    (3.75, 0.375, 5.0)

    Lesson: 04 deep_learning_with_keras.
    """

    def __init__(self) -> None:
        self.first = self.last = self.tally = 0  # epochs: before this fit, at its end, in this fit
        self.batch = self.batches = 0  # of this epoch: done, and in all (0 where that is not known)
        self.began = self.waited = 0.0
        self.clock = TrainingClock()

    def begin(self, now: float, *, recorded: int, epochs: int | None, batches: int | None) -> None:
        """A fit begins.

        Parameters
        ----------
        now : s.
        recorded : epochs that earlier fits of the same run have done.
        epochs, batches : so many epochs from now on, of so many batches each; None where that is not known.
        """
        self.first, self.last, self.tally = recorded, recorded + (epochs or 0), 0
        self.batch, self.batches = 0, batches or 0
        self.began, self.waited = now, 0.0
        self.clock = TrainingClock()
        self.clock.begin(now)

    def begin_epoch(self, epochs_left: int) -> None:
        """An epoch begins; so many are left, this one included."""
        self.batch = 0
        self.last = self.first + self.tally + epochs_left

    def advance_batch(self, now: float, batch: int | None = None) -> None:
        """A batch is over, the `batch`-th of its epoch, or the next one."""
        before, self.batch = self.batch, self.batch + 1 if batch is None else batch
        self.clock.batch(now, max(1, self.batch - before))

    def advance_epoch(self, *, is_whole: bool) -> None:
        """An epoch is over; a whole one tells how many batches an epoch has, which a generator does not know before."""
        self.tally += 1
        if is_whole:
            self.batches = self.batch

    def wait(self, seconds: float) -> None:
        """Take out a pause."""
        self.waited += seconds
        self.clock.waited(seconds)

    @property
    def is_within_epoch(self) -> bool:
        """Whether batches of this epoch are done, and others are not."""
        return 0 < self.batch < self.batches

    @property
    def batches_an_epoch(self) -> int:
        """Batches of this epoch, as far as is known."""
        return max(self.batches, self.batch)

    @property
    def epochs_done(self) -> float:
        """Epochs from the start of the run, those of earlier fits included, such as 2.25 after a quarter of the third."""
        return self.first + self.tally + (self.batch / self.batches_an_epoch if self.batch else 0)

    def share(self, state: str) -> float | None:
        """Return how much of this fit is done, 0 to 1; None where its length is not known."""
        total = self.last - self.first
        if total <= 0 or state == "idle":
            return None
        part = self.batch / self.batches if self.batches and state in ACTIVE else 0.0
        return round(min(1.0, (self.tally + min(part, 1.0)) / total), 4)

    def left(self, state: str) -> float | None:
        """Return the seconds until the end; None where that is not known."""
        if state not in ACTIVE or not self.last:
            return None
        return self.clock.left(
            batches=max(0, self.batches - self.batch),
            epochs=max(0, self.last - self.first - self.tally - 1),
            batches_an_epoch=self.batches,
        )

    def for_page(self, state: str, now: float) -> dict[str, Any]:
        """Return what the page says of a training in this state: epochs and batches, seconds taken and left."""
        left, done = self.left(state), self.first + self.tally
        return {
            "state": state,
            "epoch": min(done + 1, max(self.last, done)) if state in ACTIVE else done,
            "epochs": self.last,
            "done": self.tally,
            "batch": self.batch,
            "batches": self.batches,
            "elapsed": 0.0 if state == "idle" else round(now - self.began - self.waited, 2),
            "left": None if left is None else round(left, 1),
            "share": self.share(state),
        }
