"""SamplingPlayground: what a model would play next, and what temperature, top-k and top-p make of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.continuing import GrowingTune
from musegen_edu.keys import pitch_to_name
from musegen_edu.letters import letters_to_score
from musegen_edu.score import DRUMS, Score
from musegen_edu.tokens import Codec
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.pianoroll_editor import ScoreTrait
from musegen_edu.widgets.pictures import engraving_of, static_picture
from musegen_edu.widgets.sampling_pictures import distribution_picture
from musegen_edu.widgets.sounding import SoundingWidget, answers, checked, facts_of, notes_to_rows

if TYPE_CHECKING:
    import keras

    from musegen_edu.models.markov import MarkovModel

HOTTEST = 3.0
_FIDDLE = 40  # General MIDI program, for a tune that has no instrument yet


class SamplingPlayground(SoundingWidget):
    """The probabilities of the next note on a keyboard and as bars, to filter, to draw from, and to guess.

    The page holds the logits and does the arithmetic of `musegen_edu.sampling` itself, so the pictures follow the sliders at
    once; only a note that is taken goes to the model in the kernel. Draw a note, take it or veto it, undo, let the rest of the bar
    or four bars be composed, or guess before you look.

    `playground.score` is the tune so far; observe it to follow the learner. Keys: space plays, D draws, Enter takes, V vetoes,
    Backspace undoes.

    Parameters
    ----------
    model : a Keras model with `n_tokens`, `initial_state` and `step`, such as `load_pretrained("melody_lstm")`, or a `MarkovModel`.
    prompt : how the tune begins: a one-voice score (such as `editor.score`), letters such as `"C D E F G A B"`, or None.
    seed : of the draws; the same seed, settings and choices give the same tune.
    temperature : 0 (always the likeliest) to 3.
    top_k, top_p : as in `generate`; None leaves a filter out.
    key : None takes the prompt's (estimated where it names none), or C major.
    meter : None takes the prompt's, or 4/4.
    bars : how many bars the tune is to have, for a model that counts them.
    keep_to_bars : whether tokens that would break a bar are taken away before the filters.
    guess : whether the probabilities stay hidden until the learner has guessed.
    codec : the model's codec, where the model does not carry one.
    title : heading.
    hide : controls to put away, any of `SamplingPlayground.HIDEABLE`.

    Raises
    ------
    ValueError
        If an argument is outside what is said above, or the codec cannot write the prompt.

    Examples
    --------
    >>> from musegen_edu import MarkovModel, load_dataset
    >>> from musegen_edu.tokens import EventCodec
    >>> tunes = load_dataset("folk").train[:50]
    >>> codec = EventCodec.fit(tunes)
    >>> model = MarkovModel(order=2, n_tokens=len(codec.vocabulary)).fit(map(codec.encode, tunes))
    >>> playground = SamplingPlayground(model, "C D E F", codec=codec, top_k=5)
    >>> int((playground.probabilities() > 0).sum())
    5
    >>> playground.add("67:24")
    >>> playground.score.notes["pitch"].tolist()
    [60, 62, 64, 65, 67]

    Lesson: 05 recurrent_networks.
    """

    HIDEABLE = ("title", "keyboard", "bars", "temperature", "top_k", "top_p", "seed", "guess", "keep_to_bars", "compose", "start", "notation", "instrument", "download")  # fmt: skip
    _esm = packed_module("sampling_playground")
    _css = theme()

    score: Any = ScoreTrait(read_only=True, help="the tune so far")
    title = traitlets.Unicode("").tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    top_k = traitlets.Int(None, allow_none=True).tag(sync=True)
    top_p = traitlets.Float(None, allow_none=True).tag(sync=True)
    keep_to_bars = traitlets.Bool(True).tag(sync=True)
    guess = traitlets.Bool(False).tag(sync=True)
    program = traitlets.Int(_FIDDLE, help="General MIDI program that plays; 128 is drums").tag(sync=True)
    table = traitlets.Dict(help="what each token is: kind, pitch, ticks and words").tag(sync=True)
    place = traitlets.Dict(help="where the tune stands: logits, what may come, and lengths").tag(sync=True)
    info = traitlets.Dict(help="title, lengths and names, for the page").tag(sync=True)
    notes_data = traitlets.Bytes(help="rows of five int32: onset, duration, pitch, velocity, part").tag(sync=True)

    def __init__(
        self,
        model: keras.Model | MarkovModel,
        prompt: Score | str | None = None,
        *,
        seed: int = 0,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        key: str | None = None,
        meter: tuple[int, int] | None = None,
        bars: int = 8,
        keep_to_bars: bool = True,
        guess: bool = False,
        codec: Codec | None = None,
        title: str = "What comes next?",
        hide: Iterable[str] = (),
    ) -> None:
        self._model, self._codec = model, codec
        self._settings: dict[str, Any] = {"key": key, "meter": meter, "bars": bars}
        self._prompt = prompt
        self.tune = self._tune_from(prompt)
        start = self.tune.start
        super().__init__(
            title=title, seed=seed, temperature=float(temperature), top_k=top_k, top_p=None if top_p is None else float(top_p),
            keep_to_bars=keep_to_bars, guess=guess, program=start.programs[0] if start else _FIDDLE,
            hide=[hide] if isinstance(hide, str) else list(hide),
        )  # fmt: skip
        self._show()

    def _tune_from(self, prompt: Score | str | None) -> GrowingTune:
        if isinstance(prompt, str):
            meter = self._settings["meter"]
            prompt = letters_to_score(prompt, **({"meter": meter} if meter else {})) if prompt.strip() else None
        elif prompt is not None and not isinstance(prompt, Score):
            raise ValueError(f"prompt={prompt!r} must be a Score, letters such as 'C D E F G A B', or None")
        return GrowingTune(self._model, codec=self._codec, start=prompt, **self._settings)

    # ---- from Python ----

    def add(self, token: int | str) -> None:
        """Take a token, or a symbol such as `"67:12"`, as the next of the tune."""
        self.tune.add(token)
        self._show()

    def undo(self) -> None:
        """Take the last step back."""
        self.tune.undo()
        self._show()

    def start_over(self, *prompt: Score | str | None) -> None:
        """Begin again with the same prompt, or with another one."""
        if len(prompt) > 1:
            raise ValueError(f"start_over takes one prompt; it was given {len(prompt)}")
        tune = self._tune_from(*(prompt or (self._prompt,)))
        self._prompt = prompt[0] if prompt else self._prompt
        self.tune = tune
        self._show()

    def probabilities(self) -> npt.NDArray[np.float64]:
        """Return the probability of each token to be drawn next with the settings as they stand, (n_tokens,)."""
        return self.tune.probabilities(
            temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, keep_to_bars=self.keep_to_bars
        )

    @property
    def heard(self) -> Score:
        """The tune so far, as it sounds in the page."""
        return self.score.replace(programs=(self.program,), title=self.score.title or self.title)

    # ---- checks ----

    @traitlets.validate("temperature", "top_k", "top_p", "seed", "program")
    def _check_number(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if value is None:
            return value
        low, high = {"temperature": (0, HOTTEST), "top_k": (1, 2**31), "top_p": (1e-9, 1), "seed": (0, 2**31 - 1), "program": (0, DRUMS)}[name]  # fmt: skip
        what = "above 0 and at most 1, or None" if name == "top_p" else f"from {low} to {high:g}"
        return checked(name, value, low <= value <= high, what)

    # ---- what the page asks for ----

    @answers
    def take(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Take a token that the page has drawn; with `same_step` it is undone together with the one before."""
        if message["length"] != len(self.tune.tokens):
            raise ValueError("another view of this playground has gone on meanwhile; draw again")
        self.tune.add(int(message["token"]), same_step=bool(message.get("same_step")))
        self._show()
        return {}, []

    @answers
    def take_back(self, _: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Undo a step."""
        self.undo()
        return {}, []

    @answers
    def begin(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Begin again, from letters where some are given."""
        self.start_over(*([message["text"]] if "text" in message else []))
        return {}, []

    @answers
    def engrave(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the tune so far as SVG, and what the reader should know."""
        drawn = engraving_of(self.score, width=int(np.clip(message["width"], 300, 1100)))
        return {"pages": drawn["pages"], "remark": drawn["remark"]}, []

    def _show(self) -> None:
        """Tell the page where the tune stands."""
        tune = self.tune
        score = tune.score
        pitches = [meaning.pitch for meaning in tune.meanings if meaning.kind == "note"]
        with self.hold_sync():
            self.table = {
                "kinds": [meaning.kind for meaning in tune.meanings],
                "pitches": [meaning.pitch for meaning in tune.meanings],
                "ticks": [meaning.ticks for meaning in tune.meanings],
                "words": [meaning.words for meaning in tune.meanings],
                "low": min(pitches),
                "high": max(pitches),
                "names": [pitch_to_name(pitch, tune.key) for pitch in range(128)],
            }
            self.info = {
                **facts_of(score),
                "subtitle": " · ".join([tune.key, f"{tune.meter[0]}/{tune.meter[1]}"]),
                "pickup": tune.pickup,
                "bpm": score.bpm,
                "started": tune.start_ticks,
                "typed": self._prompt if isinstance(self._prompt, str) else "",
            }
            self.notes_data = notes_to_rows(score)
            self.place = {
                "logits": np.round(np.clip(tune.logits.astype(np.float64), -1e9, 1e9), 5).tolist(),
                "allowed": _flags(tune.allowed(keep_to_bars=False)),
                "guided": _flags(tune.allowed(keep_to_bars=True)),
                "length": len(tune.tokens),
                "now": tune.ticks,
                "steps": tune.n_steps,
                "finished": tune.is_finished,
            }
        self.set_trait("score", score)

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return the tune so far, engraved and to be heard, and the probabilities of what comes next."""
        own = self.tune.probabilities(keep_to_bars=self.keep_to_bars)
        caption = [f"temperature {self.temperature:g}"]
        caption += [f"top-k {self.top_k}"] if self.top_k is not None else []
        caption += [f"top-p {self.top_p:g}"] if self.top_p is not None else []
        words = [meaning.words for meaning in self.tune.meanings]
        picture = distribution_picture(words, self.probabilities(), own, f"{self.title} ({', '.join(caption)})")
        return picture + (static_picture(self.heard) if len(self.score) else "")

    def __repr__(self) -> str:
        return f"SamplingPlayground({type(self._model).__name__}, {self.score!r})"


def _flags(values: npt.NDArray[np.bool_]) -> str:
    return "".join("1" if value else "0" for value in values)
