"""Player: a score that can be seen and heard, with a cursor that follows the sound in the engraving and the piano roll."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import traitlets
from anywidget.experimental import command

from musegen_edu.score import DRUMS, Score
from musegen_edu.widgets.base import CourseWidget, live_and_static, theme, widget_module
from musegen_edu.widgets.instruments import FAMILIES, INSTRUMENTS
from musegen_edu.widgets.pictures import NARROW, engraving_of, static_picture

MAX_NOTES = 20_000  # a browser draws and plays that many smoothly
_VIEWS = ("notation", "roll", "both")
_REPORTED = (
    ValueError,
    OSError,
    RuntimeError,
    ImportError,
)  # what the page tells the reader instead of waiting in vain


def _answers(render: Callable[[Any, dict[str, Any]], tuple[dict[str, Any], list[bytes]]]) -> Any:
    """Make a method a command that the page can call; what goes wrong comes back as a message."""

    def answer(self: Any, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        try:
            return render(self, message)
        except _REPORTED as error:
            return {"error": f"{type(error).__name__}: {error}"}, []

    answer.__name__ = render.__name__
    answer.__doc__ = render.__doc__
    return command(answer)


class Player(CourseWidget):
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
    _esm = widget_module("player")
    _css = theme()

    info = traitlets.Dict(help="title, meter and length, for the page").tag(sync=True)
    notes_data = traitlets.Bytes(help="rows of five int32: onset, duration, pitch, velocity, part").tag(sync=True)
    engraving = traitlets.Dict(help="pages as SVG, where the cursor stops, and which note is which").tag(sync=True)
    instrument_names = traitlets.List(traitlets.Unicode(), default_value=list(INSTRUMENTS)).tag(sync=True)
    families = traitlets.List(traitlets.Unicode(), default_value=list(FAMILIES)).tag(sync=True)
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
        names = ("onset", "duration", "pitch", "velocity", "part")
        rows = np.stack([score.notes[name].astype("<i4") for name in names], axis=1)  # (n_notes, 5)
        super().__init__(
            info=_info(score),
            notes_data=rows.tobytes(),
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
        return _checked("view", proposal["value"], proposal["value"] in _VIEWS, f"one of {', '.join(_VIEWS)}")

    @traitlets.validate("bpm")
    def _check_bpm(self, proposal: dict[str, Any]) -> float:
        return _checked("bpm", proposal["value"], 1 <= proposal["value"] <= 2000, "from 1 to 2000")

    @traitlets.validate("loop")
    def _check_loop(self, proposal: dict[str, Any]) -> list[int]:
        loop, end = proposal["value"], self.score.duration
        fits = not loop or (len(loop) == 2 and 0 <= loop[0] < loop[1] <= end)
        return _checked("loop", loop, fits, f"empty, or two ticks, the first below the second, from 0 to {end}")

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
        return _checked(name, values, fits and len(values) == n_parts, f"{n_parts} values, one a part, each {what}")

    # ---- what the page asks for ----

    @_answers
    def note_pack(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the samples of one instrument."""
        from musegen_edu.note_packs import note_pack

        pack = note_pack(int(message["program"]))
        return {"pitches": list(pack.pitches)}, [pack.mp3[pitch] for pitch in pack.pitches]

    @_answers
    def engrave_narrow(self, _: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the engraving with shorter lines, as `engraving` has it."""
        return engraving_of(self.score, width=NARROW), []

    @_answers
    def render_file(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the music as heard, as a file of the format asked for."""
        formats = {"midi": (_midi, "mid", "audio/midi"), "wav": (_wav, "wav", "audio/wav"),
                   "musicxml": (_musicxml, "musicxml", "application/vnd.recordare.musicxml+xml")}  # fmt: skip
        wanted = message["format"]
        if wanted not in formats:
            raise ValueError(f"format={wanted!r} must be one of {', '.join(formats)}")
        render, suffix, mime_type = formats[wanted]
        return {"name": f"{_file_stem(self.score.title)}.{suffix}", "type": mime_type}, [render(self.heard)]

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


def _checked(name: str, value: Any, fits: bool, what: str) -> Any:
    if not fits:
        raise ValueError(f"{name}={value!r} must be {what}")
    return value


def _info(score: Score) -> dict[str, Any]:
    bars = score.n_bars - (1 if score.pickup and score.n_bars else 0)
    facts = [score.key or "", f"{score.meter[0]}/{score.meter[1]}", f"{bars} bar{'' if bars == 1 else 's'}"]
    return {
        "title": score.title,
        "subtitle": " · ".join(fact for fact in facts if fact),
        "duration": score.duration,
        "bar": score.bar_ticks,
        "beat": score.beat_ticks,
        "pickup": score.pickup,
    }


def _file_stem(title: str) -> str:
    """Return a title as a file name that every system takes.

    Examples
    --------
    >>> _file_stem("O'Keefe's: Slide / Jig?")
    "O'Keefe's Slide Jig"
    """
    return re.sub(r"[^\w' -]+|\s+", " ", title).replace("  ", " ").strip()[:60].strip() or "score"


def _midi(score: Score) -> bytes:
    from musegen_edu.midi import score_to_midi

    return score_to_midi(score)


def _wav(score: Score) -> bytes:
    from musegen_edu.audio import audio_to_wav
    from musegen_edu.synthesis import score_to_audio

    return audio_to_wav(score_to_audio(score), 44100)


def _musicxml(score: Score) -> bytes:
    from musegen_edu.notation import score_to_musicxml

    return score_to_musicxml(score).encode("utf-8")
