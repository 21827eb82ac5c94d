"""ChoralePlan: what is settled before the first note of a chorale, as columns of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import MODES, parse_key
from musegen_edu.score import TICKS_PER_QUARTER, Score

STEP_TICKS = TICKS_PER_QUARTER // 4  # a sixteenth

# The columns, and how many values each can take.
PLAN_COLUMNS = {
    "position": 24,  # sixteenths since the bar line
    "bar": 25,  # sixteenths in a bar
    "fermata": 2,
    "to_fermata": 17,  # quarters until the next fermata begins, 16 at most; 0 on a fermata and where none follows
    "phrases_left": 4,  # fermatas still to come, 3 at most
    "shift": 12,  # how many semitones the music was moved so that its tonic is C: -5 to 6, plus 5
    "mode": len(MODES),
}


@dataclass(frozen=True)
class ChoralePlan:
    """What is settled before the first note: meter, key, length, and where the lines of the hymn end.

    Parameters
    ----------
    meter : numerator and denominator; a bar may have at most 24 sixteenths.
    key : such as `"G major"`.
    n_steps : length in sixteenths.
    pickup : ticks before the first bar line.
    fermatas : (onset, duration) in ticks of each held note that ends a line, in order.

    Examples
    --------
    >>> plan = ChoralePlan.hymn(phrases=2, key="G major")
    >>> plan.n_steps, plan.fermatas
    (64, ((168, 24), (360, 24)))
    >>> plan.columns()[0].tolist()  # 12 of 16, no fermata, the next in 7 quarters, two to come, up 5, major
    [12, 16, 0, 7, 2, 10, 0]

    Lesson: 06 lstm_and_gru.
    """

    meter: tuple[int, int]
    key: str
    n_steps: int
    pickup: int = 0
    fermatas: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        bar = Score(meter=self.meter, pickup=self.pickup).bar_ticks
        if bar % STEP_TICKS or bar // STEP_TICKS >= PLAN_COLUMNS["position"] + 1:
            raise ValueError(f"meter={self.meter!r} must have bars of whole sixteenths, 24 at most")
        parse_key(self.key)
        if self.n_steps < 1:
            raise ValueError(f"n_steps={self.n_steps} must be at least 1")

    @classmethod
    def hymn(
        cls, *, phrases: int = 4, key: str = "G major", meter: tuple[int, int] = (4, 4), pickup: int = TICKS_PER_QUARTER
    ) -> ChoralePlan:
        """Return the plan of a hymn with lines of equal length: two bars each in 4/4, four in 3/4.

        That is the commonest length of Bach's chorale lines. Each line ends on a fermata at the third beat (4/4) or on the first
        (3/4) of its last bar, so that the next can begin with a pickup.

        Parameters
        ----------
        phrases : number of lines, 1 to 16.
        meter : `(4, 4)` or `(3, 4)`.
        pickup : 0, or 24 ticks, a quarter.
        """
        if not 1 <= phrases <= 16:
            raise ValueError(f"phrases={phrases} must be from 1 to 16")
        if meter not in ((4, 4), (3, 4)):
            raise ValueError(f"meter={meter!r} must be (4, 4) or (3, 4)")
        if pickup not in (0, TICKS_PER_QUARTER):
            raise ValueError(f"pickup={pickup!r} must be 0 or {TICKS_PER_QUARTER} ticks")
        line = (8 if meter == (4, 4) else 12) * TICKS_PER_QUARTER
        held = (2 * TICKS_PER_QUARTER if meter == (4, 4) else 3 * TICKS_PER_QUARTER) - pickup
        fermatas = tuple((number * line - held, held) for number in range(1, phrases + 1))
        return cls(meter, key, phrases * line // STEP_TICKS, pickup, fermatas)

    @property
    def shift(self) -> int:
        """Semitones, -5 to 6, by which the music is moved so that its tonic is C."""
        return (5 - parse_key(self.key)[0]) % 12 - 5

    def columns(self) -> npt.NDArray[np.int32]:
        """Return the plan's part of a table: (n_steps, 7), in the order of `PLAN_COLUMNS`."""
        bar = Score(meter=self.meter).bar_ticks
        ticks = STEP_TICKS * np.arange(self.n_steps)
        onsets = np.array([onset for onset, _ in self.fermatas], np.int64)
        coming = np.searchsorted(onsets, ticks)  # fermatas that have begun before each step
        until = np.append(onsets, self.n_steps * STEP_TICKS)[coming] - ticks
        is_held = np.zeros(self.n_steps, np.bool_)
        for onset, duration in self.fermatas:
            is_held |= (ticks >= onset) & (ticks < onset + duration)
        nearer = np.minimum(-(-until // TICKS_PER_QUARTER), PLAN_COLUMNS["to_fermata"] - 1)
        table = [
            (ticks - self.pickup) % bar // STEP_TICKS,
            np.full(self.n_steps, bar // STEP_TICKS),
            is_held,
            np.where(is_held, 0, nearer),
            np.minimum(len(onsets) - coming, PLAN_COLUMNS["phrases_left"] - 1),
            np.full(self.n_steps, self.shift + 5),
            np.full(self.n_steps, MODES.index(parse_key(self.key)[1])),
        ]
        return np.stack(table, axis=1).astype(np.int32)
