"""The playground's Python side: what it tells the page, what it takes from it, and what it refuses."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from musegen_edu.models.markov import MarkovModel
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec, MelodyCodec
from musegen_edu.widgets.sampling_playground import SamplingPlayground

TUNES = [Score.from_melody([60, 62, 64, 65, 67, 64, 60, 60], 24, key="C major"), Score.from_melody([67, 64, 60], [24, 24, 48], key="C major")]  # fmt: skip
CODEC = EventCodec.fit(TUNES)
MODEL = MarkovModel(order=2, n_tokens=len(CODEC.vocabulary)).fit([CODEC.encode(tune) for tune in TUNES])


def playground(prompt=None, **options):
    return SamplingPlayground(MODEL, prompt, **{"codec": CODEC, **options})


def test_the_page_is_told_all_it_needs():
    widget = playground("C D E")
    place, table = widget.place, widget.table
    n = len(CODEC.vocabulary)
    assert {len(place["logits"]), len(place["allowed"]), len(place["guided"])} == {n}
    assert {len(table[name]) for name in ("kinds", "pitches", "ticks", "words")} == {n}
    assert place["allowed"].count("0") == 2  # <pad> and <start> are never drawn
    assert 0 < place["guided"].count("1") < place["allowed"].count("1")
    weights = np.exp(np.array(place["logits"]))
    weights *= np.array([flag == "1" for flag in place["guided"]])
    np.testing.assert_allclose(weights / weights.sum(), widget.probabilities(), atol=1e-5)
    assert (place["now"], place["steps"], place["finished"]) == (72, 0, False)


def test_taking_and_undoing_follow_the_model():
    widget = playground("C D E")
    seen = []
    widget.observe(lambda change: seen.append(len(change["new"])), "score")
    before = widget.place
    token = int(CODEC.vocabulary.tokens(["65:24"])[0])
    assert widget.take({"token": token, "length": before["length"]}, []) == ({}, [])
    assert widget.tune.words[-2:] == ["65:24", "|7"]  # the bar is full
    assert widget.take({"token": token, "length": widget.place["length"], "same_step": True}, []) == ({}, [])
    widget.take_back({}, [])
    assert widget.place == before
    assert seen == [4, 5, 3]


def test_a_stale_page_is_refused():
    widget = playground("C D E")
    answer, _ = widget.take({"token": 5, "length": 1}, [])
    assert "another view" in answer["error"]


def test_begin_takes_letters_and_reports_what_it_cannot_read():
    widget = playground("C D E")
    widget.add("65:24")
    assert widget.begin({}, []) == ({}, [])
    assert len(widget.score) == 3
    assert widget.begin({"text": "G G"}, []) == ({}, [])
    assert widget.score.notes["pitch"].tolist() == [67, 67]
    assert "'X'" in widget.begin({"text": "X"}, [])[0]["error"]
    assert len(widget.score) == 2
    widget.begin({"text": ""}, [])
    assert len(widget.score) == 0


def test_a_prompt_keeps_its_key_meter_and_instrument():
    start = Score.from_melody([62, 66, 69], 24, key="D major", meter=(3, 4), programs=(73,), bpm=90)
    widget = playground(start)
    assert (widget.score.key, widget.score.meter, widget.score.bpm, widget.program) == ("D major", (3, 4), 90.0, 73)
    assert widget.heard.programs == (73,)
    assert widget.table["words"][int(CODEC.vocabulary.tokens(["64:24"])[0])] == "F#4, quarter"


def test_a_codec_without_bars_works_too():
    codec = MelodyCodec(grid=12, lowest=60, highest=72)
    model = MarkovModel(order=1, n_tokens=len(codec.vocabulary)).fit([codec.encode(tune) for tune in TUNES])
    widget = SamplingPlayground(model, "C D", codec=codec)
    widget.add("64")
    widget.add("_")
    assert widget.score.notes[["onset", "duration", "pitch"]].tolist() == [(0, 24, 60), (24, 24, 62), (48, 24, 64)]
    assert widget.place["allowed"] == widget.place["guided"]


@pytest.mark.parametrize(
    ("prompt", "options", "message"),
    [
        (7, {}, "prompt=7 must be a Score, letters"),
        ("C X", {}, "'X'"),
        (None, {"temperature": -1}, "temperature=-1.0 must be from 0 to 3"),
        (None, {"top_k": 0}, "top_k=0 must be from 1"),
        (None, {"top_p": 0}, "top_p=0.0 must be above 0 and at most 1"),
        (None, {"seed": -1}, "seed=-1 must be from 0"),
        (None, {"bars": 65}, "bars=65 must be from 1 to 64"),
        (None, {"hide": ["everything"]}, "hide holds 'everything'"),
        (None, {"codec": None}, "codec is missing"),
        (None, {"codec": MelodyCodec()}, "this model has"),
        (TUNES[0], {"meter": (3, 4)}, "not that of the start"),
    ],
)
def test_wrong_arguments_are_named(prompt, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        playground(prompt, **options)


def test_a_model_that_cannot_step_is_refused():
    class Still:
        n_tokens = len(CODEC.vocabulary)

    with pytest.raises(ValueError, match="cannot be read step by step"):
        SamplingPlayground(Still(), codec=CODEC)


def test_the_static_picture_shows_odds_and_tune():
    html = playground("C D E", temperature=0.5, top_k=2).static_html()
    svg = base64.b64decode(html.split("base64,")[1].split('"')[0]).decode()
    assert "F4, quarter" in svg and "temperature 0.5, top-k 2" in svg
    assert "<audio" in html and "<script" not in html and len(html) < 300_000
    assert playground().static_html().count("<audio") == 0  # nothing to hear yet
