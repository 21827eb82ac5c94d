"""What the widgets that play a score have in common: its notes and facts for the page, instruments, and files to keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets
from anywidget.experimental import command

from musegen_edu.score import NOTE_DTYPE, Score
from musegen_edu.widgets.base import CourseWidget
from musegen_edu.widgets.instruments import FAMILIES, INSTRUMENTS

MAX_NOTES = 20_000  # a browser draws and plays that many smoothly
_FIELDS = ("onset", "duration", "pitch", "velocity", "part")
_REPORTED = (
    ValueError,
    OSError,
    RuntimeError,
    ImportError,
)  # what the page tells the reader instead of waiting in vain


def answers(render: Callable[[Any, dict[str, Any]], tuple[dict[str, Any], list[bytes]]]) -> Any:
    """Make a method a command that the page can call; what goes wrong comes back as a message."""

    def answer(self: Any, message: dict[str, Any], _: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        try:
            return render(self, message)
        except _REPORTED as error:
            return {"error": f"{type(error).__name__}: {error}"}, []

    answer.__name__ = render.__name__
    answer.__doc__ = render.__doc__
    return command(answer)


def checked(name: str, value: Any, fits: bool, what: str) -> Any:
    """Return `value`, or raise a ValueError that says what it must be.

    Examples
    --------
    >>> checked("bpm", 90.0, True, "from 1 to 2000")
    90.0
    """
    if not fits:
        raise ValueError(f"{name}={value!r} must be {what}")
    return value


class SoundingWidget(CourseWidget):
    """A widget that plays a score through the page's one sampler and gives it away as a file.

    A subclass says in `heard` which score that is.
    """

    instrument_names = traitlets.List(traitlets.Unicode(), default_value=list(INSTRUMENTS)).tag(sync=True)
    families = traitlets.List(traitlets.Unicode(), default_value=list(FAMILIES)).tag(sync=True)

    @property
    def heard(self) -> Score:
        """The score as it sounds in the page."""
        raise NotImplementedError(f"{type(self).__name__} must say what it plays")

    @answers
    def note_pack(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the samples of one instrument."""
        from musegen_edu.note_packs import note_pack

        pack = note_pack(int(message["program"]))
        return {"pitches": list(pack.pitches)}, [pack.mp3[pitch] for pitch in pack.pitches]

    @answers
    def render_file(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the music as heard, as a file of the format asked for."""
        formats = {"midi": (_midi, "mid", "audio/midi"), "wav": (_wav, "wav", "audio/wav"),
                   "musicxml": (_musicxml, "musicxml", "application/vnd.recordare.musicxml+xml")}  # fmt: skip
        wanted = message["format"]
        if wanted not in formats:
            raise ValueError(f"format={wanted!r} must be one of {', '.join(formats)}")
        render, suffix, mime_type = formats[wanted]
        heard = self.heard
        return {"name": f"{file_stem(heard.title)}.{suffix}", "type": mime_type}, [render(heard)]


def notes_to_rows(score: Score) -> bytes:
    """Return the notes as the page reads them: rows of five int32, onset, duration, pitch, velocity, part.

    Examples
    --------
    >>> len(notes_to_rows(Score.from_melody([60, 64], 24)))
    40
    """
    return np.stack([score.notes[name].astype("<i4") for name in _FIELDS], axis=1).tobytes()  # (n_notes, 5)


def rows_to_notes(data: bytes) -> np.ndarray:
    """Return rows of five int32 from the page as an array of `NOTE_DTYPE`.

    Raises
    ------
    ValueError
        If the bytes are no whole rows, or a number is too large for its field.

    Examples
    --------
    >>> rows_to_notes(notes_to_rows(Score.from_melody([60, 64], 24)))["pitch"].tolist()
    [60, 64]
    """
    if len(data) % 20:
        raise ValueError(f"data has {len(data)} bytes; it must be rows of 20, five int32 a note")
    rows = np.frombuffer(data, "<i4").reshape(-1, 5)  # (n_notes, 5)
    notes = np.empty(len(rows), NOTE_DTYPE)
    for column, name in enumerate(_FIELDS):
        notes[name] = rows[:, column]
        if not np.array_equal(notes[name], rows[:, column]):
            raise ValueError(f"data holds a {name} that does not fit into {NOTE_DTYPE[name]}")
    return notes


def facts_of(score: Score) -> dict[str, Any]:
    """Return what the page must know of a score besides its notes: title, a line of facts, and lengths in ticks.

    Examples
    --------
    >>> facts_of(Score.from_melody([60], 24, key="C major"))["subtitle"]
    'C major · 4/4 · 1 bar'
    """
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


def file_stem(title: str) -> str:
    """Return a title as a file name that every system takes.

    Examples
    --------
    >>> file_stem("O'Keefe's: Slide / Jig?")
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
