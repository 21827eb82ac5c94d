"""GateViewer: gates and state of recurrent networks under the notes that they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.keys import estimate_key
from musegen_edu.readouts import chance_correlation, correlations, melody_features, token_onsets
from musegen_edu.score import DRUMS, Score
from musegen_edu.tokens import Codec
from musegen_edu.tokens.meanings import token_meanings
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.gate_pictures import activity_picture
from musegen_edu.widgets.pictures import static_picture
from musegen_edu.widgets.sounding import SoundingWidget, answers, checked, facts_of, notes_to_rows

if TYPE_CHECKING:
    import keras

    from musegen_edu.models.gates import LayerActivity

MAX_TOKENS = 600  # some 30 to 60 bars
MAX_MODELS = 4
STATIC_TOKENS = 120
THIN = 4  # ticks: how wide a token is drawn that takes no time
LONGEST = 32767  # of the 16-bit integers in which values travel
_SYMBOLS = {"forget": "f", "input": "i", "output": "o", "update": "z", "reset": "r"}

Array = npt.NDArray[np.float64]


class GateViewer(SoundingWidget):
    """What gates and state of one or several networks do while they read a melody, as a heat map under its notes.

    Each network has a panel: time from left to right, one row a unit. Choose layer and gate, sort the units, click a note to
    hear it and to read what was kept and what changed, click a row to follow one unit. Keys: space plays, left and right walk through
    the tokens, up and down through the units.

    `viewer.activities` has all the numbers; `viewer.selected` is what the learner points at.

    Parameters
    ----------
    score : a one-voice score of at most 600 tokens.
    models : name -> network, such as `{"LSTM": load_pretrained("melody_lstm")}`, at most 4, or one network alone. Each reads
        tokens of one codec and has SimpleRNN, LSTM or GRU layers; see `gate_activations`.
    codec : of the networks, where they do not carry one.
    title : heading; the score's title if None.
    hide : controls to put away, any of `GateViewer.HIDEABLE`.

    Raises
    ------
    ValueError
        If a network cannot be followed, or an argument is outside what is said above.

    Examples
    --------
    >>> from musegen_edu import MelodyGRU, MelodyLSTM, letters_to_score
    >>> from musegen_edu.tokens import EventCodec
    >>> tune = letters_to_score("C D E F G A B C", key="C major")
    >>> codec = EventCodec.fit([tune])
    >>> sizes = {"n_tokens": len(codec.vocabulary), "embedding": 8, "units": 16, "depth": 1}
    >>> viewer = GateViewer(tune, {"LSTM": MelodyLSTM(**sizes), "GRU": MelodyGRU(**sizes)}, codec=codec)
    >>> sorted(viewer.activities["LSTM"][0].gates), viewer.activities["GRU"][0].state.shape
    (['forget', 'input', 'output'], (14, 16))

    Lesson: 06 lstm_and_gru.
    """

    HIDEABLE = ("title", "layer", "show", "sort", "count", "line", "reading", "instrument")
    _esm = packed_module("gate_viewer")
    _css = theme()

    title = traitlets.Unicode("").tag(sync=True)
    info = traitlets.Dict(help="the melody's lengths, for the page").tag(sync=True)
    slots = traitlets.Dict(help="the tokens: words, kinds, onsets, ticks and where they are drawn").tag(sync=True)
    panels = traitlets.List(help="the networks: name, kind, and for each layer its name, width and what can be seen").tag(sync=True)  # fmt: skip
    notes_data = traitlets.Bytes(help="rows of five int32: onset, duration, pitch, velocity, part").tag(sync=True)
    program = traitlets.Int(0, help="General MIDI program that plays; 128 is drums").tag(sync=True)
    selected = traitlets.Dict(help="what the learner points at: token, and for each network its unit").tag(sync=True)

    def __init__(
        self,
        score: Score,
        models: Mapping[str, keras.Model] | keras.Model,
        *,
        codec: Codec | None = None,
        title: str | None = None,
        hide: Iterable[str] = (),
    ) -> None:
        if not isinstance(score, Score) or not len(score):
            raise ValueError(f"score={score!r} must be a Score with at least one note")
        named = dict(models) if isinstance(models, Mapping) else {_kind_of(models): models}
        if not 1 <= len(named) <= MAX_MODELS:
            raise ValueError(f"models holds {len(named)} networks; it must hold 1 to {MAX_MODELS}")
        found = codec or next((own for model in named.values() if (own := getattr(model, "codec", None))), None)
        if found is None:
            raise ValueError("codec is missing; give the one that the networks were trained with")
        for name, model in named.items():
            known = getattr(model, "n_tokens", len(found.vocabulary))
            if known != len(found.vocabulary):
                raise ValueError(f"models[{name!r}] reads {known} tokens; the codec has {len(found.vocabulary)}")
        self.score, self.codec = score, found
        self.tokens = found.encode(score)
        if len(self.tokens) > MAX_TOKENS:
            raise ValueError(
                f"score has {len(self.tokens)} tokens; the viewer shows at most {MAX_TOKENS}. Cut it with score.slice_bars(1, 16)"
            )
        from musegen_edu.models.gates import gate_activations  # loads Keras

        self.activities: dict[str, tuple[LayerActivity, ...]] = {
            name: gate_activations(model, self.tokens) for name, model in named.items()
        }
        self._features = melody_features(found, self.tokens, score.meter)
        super().__init__(
            title=score.title or "Inside the network" if title is None else title,
            info=facts_of(score) | {"bpm": score.bpm},
            slots=self._slots(),
            panels=[_panel(name, layers) for name, layers in self.activities.items()],
            notes_data=notes_to_rows(score),
            program=score.programs[0],
            selected={"token": self._first_note(), "units": {}},
            hide=[hide] if isinstance(hide, str) else list(hide),
        )

    @property
    def heard(self) -> Score:
        """The melody as it sounds in the page."""
        return self.score.replace(programs=(self.program,) * self.score.n_parts)

    @traitlets.validate("program")
    def _check_program(self, proposal: dict[str, Any]) -> int:
        fits = 0 <= proposal["value"] <= DRUMS
        return checked("program", proposal["value"], fits, f"from 0 to 127, or {DRUMS} for drums")

    # ---- what the page asks for ----

    @answers
    def activity(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return all values of one layer of one network as 16-bit integers, and what its units follow."""
        layers = list(self.activities.values())[int(message["panel"])]
        layer = layers[int(message["layer"])]
        arrays = [(label, values, _largest(label, values)) for label, values in views_of(layer).items()]
        follows = {
            name: {
                "r": np.round(correlations(layer.state, feature), 3).tolist(),
                "chance": round(chance_correlation(layer.state, feature), 3),
            }
            for name, feature in self._features.items()
        }
        answer = {
            "steps": len(self.tokens),
            "units": layer.state.shape[1],
            "views": [{"label": label, "largest": largest} for label, _, largest in arrays],
            "follows": follows,
        }
        return answer, [np.rint(values * (LONGEST / largest)).astype("<i2").tobytes() for _, values, largest in arrays]

    def _first_note(self) -> int:
        kinds = [token_meanings(self.codec)[token].kind for token in self.tokens]
        return kinds.index("note")

    def _slots(self) -> dict[str, Any]:
        """Return the tokens and where they are drawn: sounds as wide as they last, what takes no time as a thin stripe."""
        meanings = [
            token_meanings(self.codec, self.score.key or estimate_key(self.score))[token] for token in self.tokens
        ]
        onsets, _ = token_onsets(self.codec, self.tokens, self.score.meter)
        widths = [meaning.ticks or THIN for meaning in meanings]
        return {
            "words": [meaning.words for meaning in meanings],
            "kinds": [meaning.kind for meaning in meanings],
            "pitches": [meaning.pitch for meaning in meanings],
            "ticks": [meaning.ticks for meaning in meanings],
            "onsets": onsets.tolist(),
            "edges": [0, *np.cumsum(widths).tolist()],
        }

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return a heat map of each network's first layer under the notes, and the melody to be heard."""
        n = min(len(self.tokens), STATIC_TOKENS)
        edges = np.array(self.slots["edges"][: n + 1], float) / self.slots["edges"][n]
        rows = zip(edges, edges[1:], self.slots["pitches"], strict=False)
        notes = [(float(start), float(end), pitch) for start, end, pitch in rows if pitch >= 0]
        pictures = []
        for name, layers in self.activities.items():
            label, values = next(iter(views_of(layers[0]).items()))
            caption = f"{name}, {label} while it reads {self.score.title or 'the melody'}"
            if layers[0].kind == "LSTM":  # c has no bounds
                values, caption = (
                    values / np.maximum(np.abs(values).max(axis=0), 1e-9),
                    f"{caption}, each unit in its own scale",
                )
            pictures.append(activity_picture(values[:n], edges.tolist(), notes, caption))
        return "".join(pictures) + static_picture(self.heard)

    def __repr__(self) -> str:
        return f"GateViewer({self.score!r}, {', '.join(self.activities)})"


def views_of(layer: LayerActivity) -> dict[str, Array]:
    """Return what can be seen of a layer, by its name in the page; first what tells most of its memory."""
    gates = {f"{name} gate {_SYMBOLS[name]}": values for name, values in layer.gates.items()}
    state = {"cell state c": layer.state} if layer.kind == "LSTM" else {}
    candidate = {} if layer.kind == "RNN" else {"candidate g": layer.candidate}
    return {**state, "output h": layer.output, **gates, **candidate}


def _largest(label: str, values: Array) -> float:
    return 1.0 if "gate" in label else max(float(np.abs(values).max()), 1e-6)


def _panel(name: str, layers: tuple[LayerActivity, ...]) -> dict[str, Any]:
    shown = [{"name": layer.name, "units": layer.state.shape[1], "views": list(views_of(layer))} for layer in layers]
    return {"name": name, "kind": layers[0].kind, "layers": shown}


def _kind_of(model: Any) -> str:
    kinds = {type(layer).__name__ for layer in getattr(model, "layers", [])} & {"LSTM", "GRU", "SimpleRNN"}
    return kinds.pop().removeprefix("Simple") if len(kinds) == 1 else "network"
