"""Inpainter: a chorale of which anything can be erased, and a network that fills it again before one's eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.keys import pitch_to_name
from musegen_edu.score import DRUMS, Score
from musegen_edu.tokens.chorale_codec import VOICES
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.inpainting_pictures import erased_picture
from musegen_edu.widgets.inpainting_session import CELL, Cells, InpaintingSession, Steps, erased_to_text, text_to_erased
from musegen_edu.widgets.kernel_messages import answer_waiting_commands
from musegen_edu.widgets.pianoroll_editor import ScoreTrait
from musegen_edu.widgets.pictures import engraving_of, static_picture
from musegen_edu.widgets.sounding import SoundingWidget, answers, checked, facts_of, notes_to_rows

if TYPE_CHECKING:
    from musegen_edu.models.convolutional import ChoraleInpainter

MAX_STEPS = 512
HOTTEST = 2.0


class Inpainter(SoundingWidget):
    """A chorale in four colours to erase from, and a network that fills the holes step by step.

    Brush over notes, draw a box, or choose cells in the four lanes above the roll; then press Fill and watch: at each step of the Gibbs
    sampling some of the erased cells are drawn anew. Step does one step alone, Stop works at once. Hear the chorale as it is now, as it
    was before, and as it came. Every change can be undone. Keys: arrows walk over the lanes, with Shift they select, Enter erases, R
    restores, F fills and stops, S does one step, space plays, Ctrl+Z undoes.

    `inpainter.score` is the chorale as it stands, `inpainter.erased` what is erased of it; assign to both, or call `fill`, and the page
    follows. What is erased stays in `score` until it is filled, and `inpainter.original` is never touched.

    Parameters
    ----------
    chorale : four parts, soprano first, one voice each; at most 1024 sixteenths long.
    model : the network or the name of a trained one; None takes `"chorale_inpainter"`.
    n_steps : of the Gibbs sampling, 1 to 512.
    temperature : 0 to 2; 1 draws as the network says, less takes what is likelier.
    seed : of the drawing; the same seed, settings and holes give the same notes.
    fermatas : onsets in ticks of the soprano's notes that end a line, if they are known.
    fill_with : what does the work, called like `musegen_edu.inpainting.gibbs_steps`, which it is if None.
    title : heading; the chorale's title if None.
    hide : controls to put away, any of `Inpainter.HIDEABLE`.

    Raises
    ------
    ValueError
        If the chorale has not four parts with notes, or an argument is outside what is said above.

    Examples
    --------
    >>> from musegen_edu import ChoraleInpainter, load_dataset
    >>> chorale = load_dataset("chorales").valid[0].slice_bars(1, 2)
    >>> inpainter = Inpainter(chorale, model=ChoraleInpainter(filters=2, channels=4, dilations=(1,)), n_steps=2)
    >>> inpainter.erase("alto", bars=(1, 1))
    >>> inpainter.erased.sum(axis=1).tolist()
    [0, 16, 0, 0]
    >>> filled = inpainter.fill()  # by a network that has learnt nothing yet
    >>> filled.part(0) == chorale.part(0), inpainter.original == chorale
    (True, True)

    Lesson: 07 convolutional_networks.
    """

    HIDEABLE = ("title", "tools", "unit", "whole", "steps", "temperature", "seed", "undo", "notation", "hear", "instrument", "download", "help")  # fmt: skip
    _esm = packed_module("inpainter")
    _css = theme()

    score: Any = ScoreTrait(help="the chorale as it stands")
    title = traitlets.Unicode("").tag(sync=True)
    info = traitlets.Dict(help="lengths and names, for the page").tag(sync=True)
    n_steps = traitlets.Int(64).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    program = traitlets.Int(52, help="General MIDI program that sings; 128 is drums").tag(sync=True)
    place = traitlets.Dict(help="what is erased, what was drawn last, where filling and history stand").tag(sync=True)
    notes_data = traitlets.Bytes(help="rows of five int32: onset, duration, pitch, velocity, part").tag(sync=True)

    def __init__(
        self,
        chorale: Score,
        *,
        model: ChoraleInpainter | str | None = None,
        n_steps: int = 64,
        temperature: float = 1.0,
        seed: int = 0,
        fermatas: Sequence[int] = (),
        fill_with: Callable[..., Steps] | None = None,
        title: str | None = None,
        hide: Iterable[str] = (),
    ) -> None:
        if fill_with is not None and not callable(fill_with):
            raise ValueError(f"fill_with={fill_with!r} must be a function like gibbs_steps, or None")
        given = {"model": model, **({"fermatas": tuple(fermatas)} if len(fermatas) else {})}
        self._session = InpaintingSession(chorale, partial(fill_with or _gibbs_steps, **given))
        self._showing, self._stop, self._filling, self._version = False, False, False, 0
        super().__init__(
            title=chorale.title or "A chorale with holes" if title is None else title,
            n_steps=n_steps, temperature=float(temperature), seed=seed, program=chorale.programs[0],
            hide=[hide] if isinstance(hide, str) else list(hide),
        )  # fmt: skip
        self._show()

    # ---- from Python ----

    @property
    def original(self) -> Score:
        """The chorale as it came."""
        return self._session.original

    @property
    def before(self) -> Score:
        """The chorale as it was before the last filling."""
        return self._session.state.before

    @property
    def erased(self) -> Cells:
        """What is erased, (4 voices, sixteenths) of truth values; after a filling, what was filled. Assign another table to erase that."""
        return self._session.state.erased.copy()

    @erased.setter
    def erased(self, cells: npt.ArrayLike) -> None:
        self._session.erase(np.asarray(cells))
        self._show()

    def erase(self, voice: str | None = None, *, bars: tuple[int, int] | None = None) -> None:
        """Erase a voice, some bars, or everything, besides what is erased already.

        Parameters
        ----------
        voice : `"soprano"`, `"alto"`, `"tenor"` or `"bass"`; None is all four.
        bars : first and last, counted from 1; a pickup is bar 0. None is all of them.
        """
        if voice is not None and voice not in VOICES:
            raise ValueError(f"voice={voice!r} must be one of {', '.join(VOICES)}, or None for all")
        cells = self.erased
        first, stop = 0, cells.shape[1]
        if bars is not None:
            low, high = (0 if self.score.pickup else 1), self.score.n_bars - (1 if self.score.pickup else 0)
            if len(bars) != 2 or not low <= bars[0] <= bars[1] <= high:
                raise ValueError(f"bars={bars!r} must be the first and the last, from {low} to {high}")
            begin, end = (self.score.pickup + bar * self.score.bar_ticks for bar in (bars[0] - 1, bars[1]))
            first, stop = max(0, begin // CELL), end // CELL
        cells[slice(None) if voice is None else VOICES.index(voice), first:stop] = True
        self.erased = cells

    def fill(self, *, n_steps: int | None = None, temperature: float | None = None, seed: int | None = None) -> Score:
        """Fill what is erased while the page watches, and return the chorale; the page's Stop button ends that after a step.

        Parameters
        ----------
        n_steps, temperature, seed : as in the constructor; what is given is kept.

        Raises
        ------
        ValueError
            If nothing is erased, or a number is out of range.
        """
        for name, value in (("n_steps", n_steps), ("temperature", temperature), ("seed", seed)):
            if value is not None:
                setattr(self, name, value)
        self._session.end()
        self._stop, self._filling = False, True
        try:
            while self.step():
                answer_waiting_commands(self)
                if self._stop:
                    break
        finally:
            self._filling = False
            self._show()
        return self.score

    def step(self) -> bool:
        """Do one step of the filling; return whether more are to come."""
        more = self._session.advance(n_steps=self.n_steps, temperature=self.temperature, seed=self.seed)
        self._show()
        return more

    def undo(self) -> None:
        """Take the last change back; a filling that is under way ends."""
        self._session.travel(-1)
        self._show()

    def redo(self) -> None:
        """Bring back what was undone."""
        self._session.travel(1)
        self._show()

    def start_over(self) -> None:
        """Show the chorale as it came, with nothing erased; that can be undone too."""
        self._session.replace_chorale(self.original, "As it came")
        self._show()

    @property
    def heard(self) -> Score:
        """The chorale as it stands, as it sounds in the page."""
        return self.score.replace(programs=(self.program,) * len(VOICES))

    # ---- checks ----

    @traitlets.validate("n_steps", "temperature", "seed", "program")
    def _check_number(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = {"n_steps": (1, MAX_STEPS), "temperature": (0, HOTTEST), "seed": (0, 2**31 - 1), "program": (0, DRUMS)}[name]  # fmt: skip
        return checked(name, value, low <= value <= high, f"from {low} to {high:g}")

    @traitlets.observe("score")
    def _take_score(self, change: dict[str, Any]) -> None:
        if self._showing:
            return
        try:
            self._session.replace_chorale(change["new"], "Another chorale")
        finally:
            self._show()  # what cannot be shown is taken back

    # ---- page and Python ----

    def _show(self) -> None:
        """Tell the page where the chorale stands."""
        session, state = self._session, self._session.state
        self._version += 1
        with self.hold_sync():
            self.info = {
                **facts_of(session.original), "subtitle": facts_of(state.score)["subtitle"], "bpm": state.score.bpm, "cells": state.erased.shape[1],
                "voices": list(VOICES), "names": [pitch_to_name(pitch, state.score.key) for pitch in range(128)],
            }  # fmt: skip
            self.notes_data = notes_to_rows(state.score)
            self.place = {
                "erased": erased_to_text(state.erased), "drawn": erased_to_text(session.drawn), "filled": state.is_filled, "words": state.words,
                "step": session.step, "under_way": session.is_under_way, "filling": self._filling, "undo": session.at > 0, "redo": session.at + 1 < len(session.states), "version": self._version,
            }  # fmt: skip
            self._showing = True
            self.score = state.score
            self._showing = False

    def _answer(self) -> tuple[dict[str, Any], list[bytes]]:
        return {"place": self.place, "subtitle": self.info["subtitle"]}, [self.notes_data]

    @answers
    def put_erased(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Let the cells that the page names be what is erased."""
        self.erased = text_to_erased(message["erased"])
        return self._answer()

    @answers
    def go_on(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Do one step of the filling with the page's settings."""
        for name in ("n_steps", "temperature", "seed"):
            setattr(self, name, message[name])
        self.step()
        return self._answer()

    @answers
    def stop(self, _: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """End a filling that Python has begun, after its step."""
        self._stop = True
        return {}, []

    @answers
    def travel(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Undo, redo, or start over."""
        {"undo": self.undo, "redo": self.redo, "start over": self.start_over}[message["way"]]()
        return self._answer()

    @answers
    def notes_of(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the notes of the chorale as it was before, or as it came."""
        return {}, [notes_to_rows(self.original if message["which"] == "original" else self.before)]

    @answers
    def engrave(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the chorale as it stands as SVG, and what the reader should know."""
        drawn = engraving_of(self.score, width=int(np.clip(message["width"], 300, 1100)))
        return {"pages": drawn["pages"], "remark": drawn["remark"]}, []

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return the roll with its erased cells, the staves and the sound, for pages where no widget lives."""
        return erased_picture(self._session.state, self.title) + static_picture(self.heard)

    def __repr__(self) -> str:
        return f"Inpainter({self.score!r}, {int(self.erased.sum())} of {self.erased.size} cells erased)"


def _gibbs_steps(*arguments: Any, **settings: Any) -> Steps:
    from musegen_edu.inpainting import gibbs_steps

    return gibbs_steps(*arguments, **settings)
