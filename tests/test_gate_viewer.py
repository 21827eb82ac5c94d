"""The gate viewer's Python side: what it sends to the page agrees with the network, and what it refuses."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import pytest

from musegen_edu import Score, letters_to_score
from musegen_edu.models.gates import gate_activations
from musegen_edu.models.recurrent import MelodyGRU, MelodyLSTM, MelodyRNN
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens import EventCodec, MelodyCodec
from musegen_edu.widgets.gate_viewer import LONGEST, GateViewer

TUNE = letters_to_score("C D E F | G:2 r E | D - C", key="C major", title="A <tune>")
CODEC = EventCodec.fit([TUNE])
SIZES: dict[str, Any] = {"n_tokens": len(CODEC.vocabulary), "embedding": 6, "units": 10}
MODELS = {"RNN": MelodyRNN(**SIZES, depth=1), "LSTM": MelodyLSTM(**SIZES, depth=2), "GRU": MelodyGRU(**SIZES, depth=1)}


@pytest.fixture(scope="module")
def viewer():
    return GateViewer(TUNE, MODELS, codec=CODEC)


def test_the_page_gets_the_values_of_the_network(viewer):
    for index, (name, model) in enumerate(MODELS.items()):
        for at, layer in enumerate(gate_activations(model, CODEC.encode(TUNE))):
            answer, buffers = viewer.activity({"panel": index, "layer": at}, [])
            assert (answer["steps"], answer["units"]) == layer.state.shape
            sent = {
                view["label"]: np.frombuffer(data, "<i2").reshape(layer.state.shape) * view["largest"] / LONGEST
                for view, data in zip(answer["views"], buffers, strict=True)
            }
            np.testing.assert_allclose(sent["output h"], layer.output, atol=1e-4)
            if name == "LSTM":
                assert list(sent) == ["cell state c", "output h", "forget gate f", "input gate i", "output gate o", "candidate g"]  # fmt: skip
                np.testing.assert_allclose(sent["cell state c"], layer.state, atol=1e-4)
                np.testing.assert_allclose(sent["forget gate f"], layer.gates["forget"], atol=1e-4)
            assert list(sent) == viewer.panels[index]["layers"][at]["views"]
            assert set(answer["follows"]) == {"place in the bar", "pitch", "length", "bar lines", "bars to come"}
            assert all(len(follow["r"]) == layer.state.shape[1] for follow in answer["follows"].values())


def test_every_token_has_a_place_under_the_notes(viewer):
    slots = viewer.slots
    n = len(viewer.tokens)
    assert {len(slots[name]) for name in ("words", "kinds", "pitches", "ticks", "onsets")} == {n}
    assert len(slots["edges"]) == n + 1 and all(np.diff(slots["edges"]) > 0)
    rows = zip(slots["onsets"], slots["pitches"], slots["kinds"], strict=True)
    heard = [(onset, pitch) for onset, pitch, kind in rows if kind == "note"]
    assert heard == [(int(note["onset"]), int(note["pitch"])) for note in TUNE.notes]
    assert slots["words"][viewer.selected["token"]] == "C4, quarter"


def test_a_key_other_than_c_is_shown_as_it_sounds():
    tune = TUNE.transpose(3)
    slots = GateViewer(tune, MODELS["GRU"], codec=CODEC).slots
    assert [pitch for pitch in slots["pitches"] if pitch >= 0] == tune.notes["pitch"].tolist()


def test_a_network_alone_is_named_after_its_layers():
    assert list(GateViewer(TUNE, MODELS["GRU"], codec=CODEC).activities) == ["GRU"]
    assert list(GateViewer(TUNE, MODELS["RNN"], codec=CODEC).activities) == ["RNN"]


def test_a_learners_own_network_and_a_codec_of_steps():
    codec = MelodyCodec(grid=24)
    layers = keras.layers
    model = keras.Sequential([keras.Input((None,)), layers.Embedding(len(codec.vocabulary), 4), layers.LSTM(5, return_sequences=True)])  # fmt: skip
    viewer = GateViewer(TUNE, {"mine": model}, codec=codec)
    assert viewer.activities["mine"][0].state.shape == (len(codec.encode(TUNE)), 5)
    assert "mine, cell state c" in viewer.static_html()


@pytest.mark.parametrize(
    ("score", "models", "options", "message"),
    [
        (Score(), MODELS, {}, "must be a Score with at least one note"),
        ("C D", MODELS, {}, "must be a Score"),
        (TUNE, {}, {}, "models holds 0 networks; it must hold 1 to 4"),
        (TUNE, MODELS, {"codec": None}, "codec is missing"),
        (TUNE, MODELS, {"codec": MelodyCodec()}, "the codec has 133"),
        (TUNE, {"x": keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])}, {}, "cannot be followed"),
        (TUNE, MODELS, {"hide": ["notes"]}, "hide holds 'notes'"),
        (Score.from_melody([60] * 700, 24, key="C major"), MODELS, {}, "the viewer shows at most 600"),
    ],
)
def test_wrong_arguments_are_named(score, models, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        GateViewer(score, models, **{"codec": CODEC, **options})


def test_a_wrong_program_is_refused_and_heard_follows(viewer):
    with pytest.raises(ValueError, match="program=129"):
        viewer.program = 129
    viewer.program = 73
    assert viewer.heard.programs == (73,)


def test_the_static_picture_shows_each_network(viewer):
    html = viewer.static_html()
    pictures = [base64.b64decode(part.split('"')[0]).decode() for part in html.split("data:image/svg+xml;base64,")[1:4]]
    for name, picture in zip(MODELS, pictures, strict=True):
        assert f">{name}, " in picture and "A &lt;tune&gt;" in picture
        assert picture.count("<rect") == 1 + len(TUNE) and "data:image/png;base64," in picture
    assert "<audio" in html and "<script" not in html and len(html) < 300_000
