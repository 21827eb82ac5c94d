"""The states of a widget that undo and redo go through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STEPS_BACK = 200

State = Mapping[str, Any]  # trait -> value


class UndoHistory:
    """What was, what is, and what was taken back. A slider that is moved again and again makes one step.

    Parameters
    ----------
    present : trait -> value; every state has the same traits.
    sliders : the trait that holds a dictionary of numbers, slider -> value, if there is one. Two changes of the same slider with nothing
        in between are one step.
    most : steps that are kept.

    Examples
    --------
    >>> history = UndoHistory({"puck": 0})
    >>> history.remember({"puck": 1})
    >>> history.undo(), history.undo(), history.redo()
    ({'puck': 0}, None, {'puck': 1})
    """

    def __init__(self, present: State, *, sliders: str | None = None, most: int = STEPS_BACK) -> None:
        if most < 1:
            raise ValueError(f"most={most} must be at least 1 step")
        self.present = present
        self._sliders, self._most = sliders, most
        self._past: list[State] = []
        self._future: list[State] = []

    @property
    def steps(self) -> list[int]:
        """How many steps can be undone, and how many done again."""
        return [len(self._past), len(self._future)]

    def remember(self, state: State) -> None:
        """Take a new state for the present one; what was taken back before is forgotten."""
        before, self.present = self.present, state
        if not self._goes_on_from(before):
            self._past = [*self._past[-self._most + 1 :], before] if self._most > 1 else [before]
        self._future = []

    def undo(self) -> State | None:
        """Go one step back and return the state there; None where there is no step."""
        return self._travel(self._past, self._future)

    def redo(self) -> State | None:
        """Take the last `undo` back and return the state there; None where there is none."""
        return self._travel(self._future, self._past)

    def _travel(self, source: list[State], target: list[State]) -> State | None:
        if not source:
            return None
        target.append(self.present)
        self.present = source.pop()
        return self.present

    def _goes_on_from(self, before: State) -> bool:
        """Whether the present state moves the one slider that the last step moved, and nothing else."""
        if not self._past or self._future:
            return False
        last = self._moved(self._past[-1], before)
        return len(last) == 1 and last[0][1] is not None and self._moved(before, self.present) == last

    def _moved(self, old: State, new: State) -> list[tuple[str, str | None]]:
        """Return what differs: (trait, None), or (trait, slider) for each slider."""
        moved: list[tuple[str, str | None]] = [
            (name, None) for name in old if name != self._sliders and old[name] != new[name]
        ]
        if self._sliders is not None:
            before, after = old[self._sliders], new[self._sliders]
            moved += [(self._sliders, slider) for slider in before if before[slider] != after[slider]]
        return moved
