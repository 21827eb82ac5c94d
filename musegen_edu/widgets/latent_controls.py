"""What can be set of a LatentExplorer: each value is checked, what changes the plane decodes it anew, and every step can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from musegen_edu.score import DRUMS, Score
from musegen_edu.widgets.latent_corners import CORNERS, checked_corner
from musegen_edu.widgets.latent_plane import LatentPlane, melodies_to_rows, other_keys_remark, plane_facts
from musegen_edu.widgets.saved_melodies import checked_melodies
from musegen_edu.widgets.sounding import SoundingWidget, checked
from musegen_edu.widgets.undo_history import UndoHistory

FARTHEST = 3.0  # how far a slider goes, in standard deviations of the attribute
LONGEST = 64  # bars of a journey
MAX_POINTS = 400  # of a path
TRACKED = ("corners", "amounts", "puck", "path", "saved")  # what undo brings back


class LatentControls(SoundingWidget):
    """The half of a LatentExplorer that holds what the learner sets, and keeps plane, page and undo in step with it.

    Parameters
    ----------
    plane : not decoded yet.
    corners : four scores.
    traits : the others of the widget.
    """

    corners: Any = traitlets.Tuple(help="the four melodies as entered")
    title = traitlets.Unicode("").tag(sync=True)
    info = traitlets.Dict(help="sizes, names and spelling, for the page").tag(sync=True)
    notes_data = traitlets.Bytes(
        help="rows of five int32: onset, duration, pitch, velocity, and the cell, row * size + column; then the four corners as entered"
    ).tag(sync=True)
    puck = traitlets.List(traitlets.Float(), help="x and y in cells; (0, 0) is corner A").tag(sync=True)
    path = traitlets.List(traitlets.List(traitlets.Float()), help="points (x, y) in cells").tag(sync=True)
    walking = traitlets.Bool(False, help="is the path walked along, rather than the puck heard?").tag(sync=True)
    path_bars = traitlets.Int(8, help="how many bars the path takes").tag(sync=True)
    amounts = traitlets.Dict(help="attribute -> how much of it is added, -3 to 3").tag(sync=True)
    saved = traitlets.List(traitlets.Dict(), help="melodies that were kept").tag(sync=True)
    follow = traitlets.Enum(("drag", "bar"), "drag", help="a dragged puck is heard at once, or from the next bar").tag(sync=True)  # fmt: skip
    bpm = traitlets.Float(110.0, help="quarter notes a minute, 1 to 2000").tag(sync=True)
    program = traitlets.Int(0, help="General MIDI program that plays; 128 is drums").tag(sync=True)
    history = traitlets.List(traitlets.Int(), [0, 0], help="steps that can be undone, and done again").tag(sync=True)
    remark = traitlets.Unicode(help="what the learner should know about the corners").tag(sync=True)

    def __init__(self, plane: LatentPlane, corners: Sequence[Score], **traits: Any) -> None:
        self._plane, self.size = plane, plane.size
        self._is_moving = True  # is Python putting several traits in place that are one step?
        super().__init__(corners=corners, amounts=dict.fromkeys(plane.qualities, 0.0), **traits)
        plane.check_qualities(self._n_latent)
        self._decode()
        self._steps = UndoHistory(self._state(), sliders="amounts")
        self._is_moving = False

    # ---- plane and page ----

    @property
    def plane(self) -> list[list[Score]]:
        """All melodies as they sound, rows from the top; with no attribute moved, the corners as they were entered."""
        return [[self._as_heard(score) for score in row] for row in self._plane.rows]

    @property
    def _n_latent(self) -> int:
        return len(self._plane.latents(self.corners)[0])

    def _as_heard(self, score: Score) -> Score:
        return score.replace(bpm=self.bpm, programs=(self.program,))

    def _decode(self) -> None:
        """Decode the plane, and tell the page of plane and corners in one message."""
        self._plane.decode(self.corners, self.amounts)
        melodies = [score for row in self.plane for score in row] + list(self.corners)
        with self.hold_sync():
            self.info = {
                "size": self.size,
                "attributes": list(self._plane.qualities),
                "farthest": FARTHEST,
                **plane_facts(self.corners),
            }
            self.notes_data = melodies_to_rows(melodies)
            self.remark = other_keys_remark(self.corners)

    # ---- checks ----

    @traitlets.validate("corners")
    def _check_corners(self, proposal: dict[str, Any]) -> tuple[Score, ...]:
        scores = tuple(proposal["value"])
        checked("corners", scores, len(scores) == len(CORNERS), "four scores: top left, top right, bottom left, bottom right")  # fmt: skip
        for name, score in zip(CORNERS, scores, strict=True):
            self._plane.latent_of(name, checked_corner(name, score))
        return scores

    @traitlets.validate("puck")
    def _check_puck(self, proposal: dict[str, Any]) -> list[float]:
        return self._checked_points("puck", [proposal["value"]])[0]

    @traitlets.validate("path")
    def _check_path(self, proposal: dict[str, Any]) -> list[list[float]]:
        points = proposal["value"]
        checked("path", points, len(points) <= MAX_POINTS, f"at most {MAX_POINTS} points")
        return self._checked_points("path", points)

    def _checked_points(self, name: str, points: Sequence[Sequence[float]]) -> list[list[float]]:
        fits = all(len(point) == 2 and all(0 <= x <= self.size - 1 for x in point) for point in points)
        checked(name, points, fits, f"x and y from 0 to {self.size - 1}")
        return [[float(x) for x in point] for point in points]

    @traitlets.validate("amounts")
    def _check_amounts(self, proposal: dict[str, Any]) -> dict[str, float]:
        amounts = proposal["value"]
        for name, amount in amounts.items():
            checked(
                "amounts",
                amounts,
                name in self._plane.qualities,
                f"for {', '.join(self._plane.qualities) or 'nothing'}",
            )
            checked(f"amounts[{name!r}]", amount, -FARTHEST <= amount <= FARTHEST, f"from {-FARTHEST:g} to {FARTHEST:g}")  # fmt: skip
        return {name: float(amounts.get(name, 0.0)) for name in self._plane.qualities}

    @traitlets.validate("saved")
    def _check_saved(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        return checked_melodies(proposal["value"])

    @traitlets.validate("bpm", "program", "path_bars")
    def _check_number(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = {"bpm": (1, 2000), "program": (0, DRUMS - 1), "path_bars": (1, LONGEST)}[name]
        return checked(name, value, low <= value <= high, f"from {low} to {high}")

    # ---- undo ----

    def undo(self) -> None:
        """Take the last change of corners, attributes, puck, path or saved melodies back."""
        self._travel(self._steps.undo())

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        self._travel(self._steps.redo())

    def _state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TRACKED}

    @traitlets.observe(*TRACKED)
    def _remember(self, change: Any) -> None:
        """Decode what has changed, and keep the state before; the same slider moved again is the same step."""
        if self._is_moving:
            return
        if change["name"] in ("corners", "amounts"):
            self._decode()
        self._steps.remember(self._state())
        self.history = self._steps.steps

    def _travel(self, state: Mapping[str, Any] | None) -> None:
        """Put everything in place as it was."""
        if state is None:
            return
        changed = {name for name in TRACKED if state[name] != getattr(self, name)}
        self._is_moving = True
        try:
            with self.hold_sync():
                for name in changed:
                    setattr(self, name, state[name])
                if changed & {"corners", "amounts"}:
                    self._decode()
        finally:
            self._is_moving = False
        self.history = self._steps.steps
