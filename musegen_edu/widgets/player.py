"""Player: a score that can be seen and heard, with a cursor that follows the sound in the engraving and the piano roll."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import traitlets

from musegen_edu.score import DRUMS, Score
from musegen_edu.widgets.base import live_and_static, packed_module, theme
from musegen_edu.widgets.pictures import NARROW, engraving_of, static_picture
from musegen_edu.widgets.sounding import MAX_NOTES, SoundingWidget, answers, checked, facts_of, notes_to_rows

_VIEWS = ("notation", "roll", "both")


class Player(SoundingWidget):
    """Engraving, piano roll and sound of a score.

    Space plays and pauses; the arrow keys move by a beat, with Shift by a bar; L loops; `[` and `]` set the ends of the loop.
    A click on a note plays from there; a drag over the bar numbers selects what is looped. What is changed here (tempo,
    instruments) can be read from the traits and goes into the downloaded files; the score itself stays as it was.

    Parameters
    ----------
    score : at most 20,000 notes.
    view : `"both"`, `"notation"` or `"roll"`: what is open at first.
    loop : first and last tick of what is repeated, or None.
    hide : controls to put away, any of `Player.HIDEABLE`.

    Raises
    ------
    ValueError
        If the score is too long for a browser, or another argument is outside what is said above.

    Examples
    --------
    >>> player = Player(Score.from_melody([60, 64, 67], 24), hide=["download"])
    >>> player.bpm
    120.0

    Lesson: 00 start_here.
    """

    HIDEABLE = ("title", "views", "notation", "roll", "seek", "tempo", "instrument", "loop", "parts", "download")
    _esm = packed_module("player")
    _css = theme()

    info = traitlets.Dict(help="title, meter and length, for the page").tag(sync=True)
    notes_data = traitlets.Bytes(help="rows of five int32: onset, duration, pitch, velocity, part").tag(sync=True)
    engraving = traitlets.Dict(help="pages as SVG, where the cursor stops, and which note is which").tag(sync=True)
    part_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    view = traitlets.Unicode("both", help="notation, roll or both").tag(sync=True)
    bpm = traitlets.Float(120.0, help="quarter notes a minute, 1 to 2000").tag(sync=True)
    loop = traitlets.List(traitlets.Int(), help="nothing, or first and last tick").tag(sync=True)
    programs = traitlets.List(traitlets.Int(), help="one General MIDI program a part; 128 is drums").tag(sync=True)
    mutes = traitlets.List(traitlets.Bool(), help="one a part").tag(sync=True)
    solos = traitlets.List(traitlets.Bool(), help="one a part").tag(sync=True)
    volumes = traitlets.List(traitlets.Float(), help="one a part, 0 to 1").tag(sync=True)

    def __init__(
        self,
        score: Score,
        *,
        view: str = "both",
        loop: tuple[int, int] | None = None,
        hide: Iterable[str] = (),
    ) -> None:
        if not isinstance(score, Score):
            raise ValueError(f"score={score!r} must be a Score")
        if len(score) > MAX_NOTES:
            raise ValueError(
                f"score has {len(score)} notes; a player takes at most {MAX_NOTES}. Cut it with score.slice_bars(1, 64)"
            )
        self.score = score
        super().__init__(
            info=facts_of(score),
            notes_data=notes_to_rows(score),
            engraving=engraving_of(score),
            part_names=[f"Part {part + 1}" for part in range(score.n_parts)],
            view=view,
            bpm=score.bpm,
            loop=list(loop or ()),
            programs=list(score.programs),
            mutes=[False] * score.n_parts,
            solos=[False] * score.n_parts,
            volumes=[1.0] * score.n_parts,
            hide=[hide] if isinstance(hide, str) else list(hide),
        )

    @property
    def heard(self) -> Score:
        """The score with the tempo and the instruments chosen in the player."""
        return self.score.replace(bpm=self.bpm, programs=tuple(self.programs))

    # ---- checks ----

    @traitlets.validate("view")
    def _check_view(self, proposal: dict[str, Any]) -> str:
        return checked("view", proposal["value"], proposal["value"] in _VIEWS, f"one of {', '.join(_VIEWS)}")

    @traitlets.validate("bpm")
    def _check_bpm(self, proposal: dict[str, Any]) -> float:
        return checked("bpm", proposal["value"], 1 <= proposal["value"] <= 2000, "from 1 to 2000")

    @traitlets.validate("loop")
    def _check_loop(self, proposal: dict[str, Any]) -> list[int]:
        loop, end = proposal["value"], self.score.duration
        fits = not loop or (len(loop) == 2 and 0 <= loop[0] < loop[1] <= end)
        return checked("loop", loop, fits, f"empty, or two ticks, the first below the second, from 0 to {end}")

    @traitlets.validate("programs")
    def _check_programs(self, proposal: dict[str, Any]) -> list[int]:
        fits = all(0 <= program <= DRUMS for program in proposal["value"])
        return self._one_a_part("programs", proposal["value"], fits, f"from 0 to 127, or {DRUMS} for drums")

    @traitlets.validate("volumes")
    def _check_volumes(self, proposal: dict[str, Any]) -> list[float]:
        fits = all(0 <= volume <= 1 for volume in proposal["value"])
        return self._one_a_part("volumes", proposal["value"], fits, "from 0 to 1")

    @traitlets.validate("mutes", "solos")
    def _check_flags(self, proposal: dict[str, Any]) -> list[bool]:
        return self._one_a_part(proposal["trait"].name, proposal["value"], True, "True or False")

    def _one_a_part(self, name: str, values: list[Any], fits: bool, what: str) -> list[Any]:
        n_parts = self.score.n_parts
        return checked(name, values, fits and len(values) == n_parts, f"{n_parts} values, one a part, each {what}")

    # ---- what the page asks for ----

    @answers
    def engrave_narrow(self, _: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the engraving with shorter lines, as `engraving` has it."""
        return engraving_of(self.score, width=NARROW), []

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return the engraving and an audio element, for pages where no widget lives."""
        return static_picture(self.score)

    def __repr__(self) -> str:
        return f"Player({self.score!r})"


def score_mimebundle(score: Score) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how a bare score shows itself at the end of a notebook cell: data and metadata for IPython.

    A live player, and beside it a static picture with an `<audio>` element for committed notebooks, exports and code hosts. A
    score that is too long for a player is shown by the picture alone, which says so.

    Examples
    --------
    >>> data, _ = score_mimebundle(Score.from_melody([69], 24))
    >>> data["text/plain"]
    "Score('', 1 note, 1 bar of 4/4 at 120 bpm)"
    """
    if len(score) > MAX_NOTES:
        return {"text/html": static_picture(score), "text/plain": repr(score)}, {}
    return live_and_static(Player(score), static_picture(score), repr(score))
