"""PianoRollEditor: a piano roll to draw in, to play into, and to hear; what is drawn is a Score in Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import traitlets

from musegen_edu.keys import fifths_to_key, key_to_pitch_classes, parse_key, pitch_to_name
from musegen_edu.score import DRUMS, Score
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.drawings import load_drawing, save_drawing
from musegen_edu.widgets.pictures import static_picture
from musegen_edu.widgets.sounding import (
    MAX_NOTES,
    SoundingWidget,
    checked,
    facts_of,
    notes_to_rows,
    rows_to_notes,
)

MAX_BARS = 1000
KEYS = tuple(fifths_to_key(fifths, mode) for mode in ("major", "minor") for fifths in (0, 1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5))  # fmt: skip


class ScoreTrait(traitlets.TraitType):
    """A trait that holds a Score of at most 20,000 notes."""

    default_value = Score()
    info_text = "a Score"

    def validate(self, obj: Any, value: Any) -> Score:
        """Return `value`, or raise a ValueError that says what it must be."""
        fits = isinstance(value, Score) and len(value) <= MAX_NOTES
        return checked("score", value, fits, f"a Score of at most {MAX_NOTES} notes")


class PianoRollEditor(SoundingWidget):
    """A piano roll in which the first part of a score is drawn, moved, stretched, recorded and heard.

    A drag in the empty grid draws a note; a drag of a note moves it, of its right end stretches it, with Alt makes it louder or
    softer; a right click deletes it. Everything can be done with the keyboard too: the button `?` lists the keys. The letters
    A W S E D … play like the keys of a piano, and a MIDI keyboard does where the browser has Web MIDI; `Record` writes down what is
    played. The other parts of a score are shown pale, sound along, and stay as they are.

    `editor.score` is what is drawn. Assign another score, and it appears in the page; observe it to follow the learner:
    `editor.observe(show, "score")`.

    Parameters
    ----------
    score : what the editor shows at first; None is an empty score. At most 20,000 notes.
    name : with a name, such as `"my tune"`, the drawing is kept in the learner's folder at each change, and found again by the
        next editor of that name, after a restart too. Where there is one, `score` is not used; `start_over` brings it back.
    bars : how many bars are open to draw in at least, 1 to 1000; there is always one more than the music has.
    hide : controls to put away, any of `PianoRollEditor.HIDEABLE`.

    Raises
    ------
    ValueError
        If an argument is outside what is said above.

    Examples
    --------
    >>> editor = PianoRollEditor(Score.from_melody([60, 64, 67], 24, key="C major"), bars=2)
    >>> editor.score = editor.score.transpose(2)
    >>> editor.score.key, editor.score.notes["pitch"].tolist()
    ('D major', [62, 66, 69])

    Lesson: 02 representing_music.
    """

    HIDEABLE = ("title", "tools", "undo", "snap", "key", "velocity", "tempo", "instrument", "record", "midi", "metronome", "download", "help")  # fmt: skip
    _esm = packed_module("pianoroll_editor")
    _css = theme()

    score: Any = ScoreTrait(help="what is drawn")
    info = traitlets.Dict(help="title, lengths, scale and spelling, for the page").tag(sync=True)
    notes_data = traitlets.CBytes(help="rows of five int32: onset, duration, pitch, velocity, part").tag(sync=True)
    bpm = traitlets.Float(120.0, help="quarter notes a minute, 1 to 2000").tag(sync=True)
    program = traitlets.Int(0, help="General MIDI program of the part that is drawn; 128 is drums").tag(sync=True)
    key = traitlets.Unicode(help="such as 'G major'; empty where there is none").tag(sync=True)
    keys_offered = traitlets.List(traitlets.Unicode(), default_value=list(KEYS)).tag(sync=True)
    remark = traitlets.Unicode(help="what the learner should know about the file of the drawing").tag(sync=True)

    def __init__(
        self, score: Score | None = None, *, name: str | None = None, bars: int = 4, hide: Iterable[str] = ()
    ) -> None:
        self._bars = checked("bars", bars, isinstance(bars, int) and 1 <= bars <= MAX_BARS, f"from 1 to {MAX_BARS}")
        self._start = ScoreTrait().validate(self, Score(title=name or "") if score is None else score)
        self._showing = False  # is Python telling the page, rather than the page telling Python?
        self.name: str | None = None  # nothing is written before what is there has been read
        known = None if name is None else load_drawing(name)
        super().__init__(hide=[hide] if isinstance(hide, str) else list(hide))
        self.score = self._start if known is None else known
        self._show_score()  # an empty score equals the trait's default, which nobody is told of
        self.name = name

    def start_over(self) -> None:
        """Show the score that the editor was made with; the learner can undo that."""
        self.score = self._start

    @property
    def heard(self) -> Score:
        """The score as drawn."""
        return self.score

    # ---- checks ----

    @traitlets.validate("bpm")
    def _check_bpm(self, proposal: dict[str, Any]) -> float:
        return checked("bpm", proposal["value"], 1 <= proposal["value"] <= 2000, "from 1 to 2000")

    @traitlets.validate("program")
    def _check_program(self, proposal: dict[str, Any]) -> int:
        fits = 0 <= proposal["value"] <= DRUMS
        return checked("program", proposal["value"], fits, f"from 0 to 127, or {DRUMS} for drums")

    @traitlets.validate("key")
    def _check_key(self, proposal: dict[str, Any]) -> str:
        if proposal["value"]:
            parse_key(proposal["value"])
        return proposal["value"]

    # ---- page and Python ----

    @traitlets.observe("score")
    def _show_score(self, _: Any = None) -> None:
        """Tell the page what it does not know yet, and keep the drawing."""
        score, self._showing = self.score, True
        try:
            with self.hold_sync():  # one message, so that the page never shows half a change
                self.info = {
                    **facts_of(score),
                    "bars": self._bars,
                    "programs": list(score.programs),
                    **_spelling(score.key),
                }
                self.bpm, self.program, self.key = score.bpm, score.programs[0], score.key or ""
                self.notes_data = notes_to_rows(score)
        finally:
            self._showing = False
        if self.name is not None:
            self._keep()

    @traitlets.observe("notes_data", "bpm", "program", "key")
    def _take_changes(self, _: Any = None) -> None:
        """Make a score of what the page says; what cannot be one is taken back."""
        if self._showing:
            return
        try:
            self.score = self.score.replace(
                notes=rows_to_notes(self.notes_data),
                bpm=self.bpm,
                key=self.key or None,
                programs=(self.program, *self.score.programs[1:]),
            )
        except ValueError:
            self._show_score()
            raise

    def _keep(self) -> None:
        try:
            save_drawing(self.name or "", self.score)
        except OSError as error:
            self.remark = f"The drawing could not be saved: {error}"
        else:
            self.remark = ""

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return the engraving and an audio element, for pages where no widget lives."""
        return static_picture(self.score)

    def __repr__(self) -> str:
        return f"PianoRollEditor({self.score!r}{f', name={self.name!r}' if self.name else ''})"


def _spelling(key: str | None) -> dict[str, Any]:
    """Return the pitch classes of a key's scale, its tonic, and the names of the twelve pitch classes in it."""
    names = [pitch_to_name(60 + pitch_class, key).rstrip("0123456789-") for pitch_class in range(12)]
    if key is None:
        return {"scale": [], "tonic": 0, "names": names}
    return {"scale": sorted(key_to_pitch_classes(key)), "tonic": parse_key(key)[0], "names": names}
