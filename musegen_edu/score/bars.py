"""The time of a score: ticks, beats, bars and seconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.score.fields import TICKS_PER_QUARTER


class BarsAndBeats:
    """The half of a `Score` that counts: how long it is, and where its bars begin. All lengths but seconds are in ticks.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> tune = Score.from_melody([60] * 7, 24, meter=(3, 4), bpm=60)
    >>> tune.n_bars, tune.bar_ticks, tune.seconds
    (3, 72, 7.0)

    Lesson: 02 representing_music.
    """

    notes: npt.NDArray[np.void]
    meter: tuple[int, int]
    bpm: float
    pickup: int

    @property
    def duration(self) -> int:
        """Ticks from the start to the end of the last note that sounds."""
        return int((self.notes["onset"] + self.notes["duration"]).max()) if len(self.notes) else 0

    @property
    def seconds(self) -> float:
        """Seconds from the start to the end of the last note that sounds."""
        return self.ticks_to_seconds(self.duration)

    def ticks_to_seconds(self, ticks: float) -> float:
        """Convert a length in ticks to seconds at this score's tempo.

        Examples
        --------
        >>> from musegen_edu.score import Score
        >>> Score(bpm=60).ticks_to_seconds(24)
        1.0
        """
        return ticks / TICKS_PER_QUARTER * 60.0 / self.bpm

    @property
    def bar_ticks(self) -> int:
        """Ticks in a full bar: 96 in 4/4, 72 in 6/8."""
        numerator, denominator = self.meter
        return 4 * TICKS_PER_QUARTER * numerator // denominator

    @property
    def beat_ticks(self) -> int:
        """Ticks in a beat: the denominator's note value, or three of them in compound meters (6/8, 9/8, 12/8)."""
        numerator, denominator = self.meter
        unit = 4 * TICKS_PER_QUARTER // denominator
        return 3 * unit if denominator >= 8 and numerator % 3 == 0 and numerator > 3 else unit

    @property
    def n_bars(self) -> int:
        """Number of bars begun, a pickup bar included."""
        return len(self.barlines())

    def barlines(self) -> npt.NDArray[np.int64]:
        """Return the tick at which each bar starts; the first is 0, and with a pickup the second is the pickup's length.

        Examples
        --------
        >>> from musegen_edu.score import Score
        >>> Score.from_melody([67, 60, 64, 67, 72], 24, pickup=24).barlines().tolist()
        [0, 24]
        """
        if self.duration == 0:
            return np.empty(0, np.int64)
        full_bars = np.arange(self.pickup, max(self.duration, self.pickup + 1), self.bar_ticks, dtype=np.int64)
        if self.pickup:
            full_bars = full_bars[full_bars < self.duration]
            return np.concatenate([[0], full_bars])
        return full_bars
