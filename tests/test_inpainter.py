"""The inpainter's Python side: what is erased, filled, undone, and never lost."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import numpy as np
import pytest

from musegen_edu import ChoraleInpainter, Score, stack
from musegen_edu.widgets import inpainter as inpainter_module
from musegen_edu.widgets.base import widget_module
from musegen_edu.widgets.inpainter import Inpainter
from musegen_edu.widgets.inpainting_session import InpaintingSession, text_to_erased
from musegen_edu.widgets.sounding import rows_to_notes

CHORALE = stack(
    [
        Score.from_melody([p, p + 2, p, p - 1, p], [24, 24, 24, 24, 96], key="C major", title="Four <voices>")
        for p in (72, 65, 60, 48)
    ]
)


def toy_steps(chorale: Score, erased, *, model=None, n_steps, temperature, seed, fermatas=()) -> Iterator:
    """Fill each erased quarter with a pitch that says by which step, seed and temperature it was drawn; the notes that are left stay."""
    rows = chorale.notes[["onset", "duration", "pitch", "velocity", "part"]].tolist()
    kept = [row for row in rows if not erased[row[4], row[0] // 6 : (row[0] + row[1]) // 6].any()]
    for step in range(n_steps):
        drawn = erased & (np.arange(erased.shape[1]) % n_steps >= step)
        pitch = 50 + seed + 10 * step + (1 if temperature < 1 else 0)
        made = [(6 * cell, 24, pitch, 80, voice) for voice, cell in np.argwhere(erased).tolist() if cell % 4 == 0]
        yield step, chorale.replace(notes=Score.from_notes(kept + made, programs=(0,) * 4).notes), drawn


@pytest.fixture
def widget():
    return Inpainter(CHORALE, n_steps=3, fill_with=toy_steps)


def test_what_is_erased_is_filled_and_the_rest_stays(widget):
    widget.erase("alto", bars=(1, 1))
    assert widget.erased.sum(axis=1).tolist() == [0, 16, 0, 0]
    assert widget.score == CHORALE and not widget.place["filled"]  # not filled yet: nothing is lost
    filled = widget.fill(seed=4)
    assert filled.part(1).notes["pitch"].tolist() == [74, 74, 74, 74, 65]
    assert [filled.part(voice) == CHORALE.part(voice) for voice in range(4)] == [True, False, True, True]
    assert widget.erased.sum() == 16 and widget.place["filled"]  # what was filled can still be seen
    assert widget.before == CHORALE == widget.original
    assert widget.place["words"] == "Filled with seed 4" and widget.place["step"] == 3
    assert rows_to_notes(widget.notes_data)["pitch"].tolist() == filled.notes["pitch"].tolist()


def test_filling_again_starts_from_the_same_chorale(widget):
    widget.erase("bass")
    first = widget.fill(seed=1)
    second = widget.fill(seed=2)
    assert first != second and widget.fill(seed=1) == first and widget.before == CHORALE
    widget.erase("tenor")  # more is erased: now the filled chorale is what the next filling starts from
    assert widget.before == first and not widget.place["filled"]


def test_undo_and_redo_walk_through_all_changes(widget):
    widget.erase("alto")
    filled = widget.fill()
    widget.erased = np.ones((4, 32), bool)
    everything = widget.fill(seed=9)
    seen = [everything]
    for _ in range(5):
        widget.undo()
        seen.append(widget.score)
    assert seen == [everything, filled, filled, CHORALE, CHORALE, CHORALE]
    assert not widget.erased.any() and widget.place["undo"] is False and widget.place["redo"] is True
    for _ in range(4):
        widget.redo()
    assert widget.score == everything and widget.erased.all()
    widget.start_over()
    assert widget.score == CHORALE and not widget.erased.any()
    widget.undo()
    assert widget.score == everything


def test_a_filling_can_be_done_step_by_step_and_left(widget):
    widget.erase(bars=(2, 2))
    assert widget.step() and widget.place["under_way"] and widget.place["step"] == 1
    assert widget.score.part(3).notes["pitch"].tolist()[-4:] == [50] * 4
    assert widget.step() and text_to_erased(widget.place["drawn"]).sum() == 44  # of 64 cells
    states = len(widget._session.states)
    assert not widget.step() and len(widget._session.states) == states  # one filling is one change
    assert widget.score.part(3).notes["pitch"].tolist()[-4:] == [70] * 4
    widget.seed = 5
    assert widget.step() and widget.place["step"] == 1  # other settings: a new filling
    widget.undo()
    assert not widget.place["under_way"] and widget.score.part(3).notes["pitch"].tolist()[-4:] == [70] * 4


def test_the_pages_stop_button_ends_a_filling_from_python(monkeypatch, widget):
    widget.n_steps = 50
    widget.erase("soprano")
    looks = []

    def page_asks(one):
        looks.append(one.place["step"])
        assert one.place["filling"] is True
        if len(looks) == 2:
            one.stop({}, [])

    monkeypatch.setattr(inpainter_module, "answer_waiting_commands", page_asks)
    widget.fill()
    assert looks == [1, 2] and widget.place["step"] == 2 and widget.place["filling"] is False
    assert widget.score.part(0).notes["pitch"][0] == 60  # what the second step drew is kept


def test_a_filling_that_fails_loses_nothing(widget):
    def broken(chorale, erased, **_):
        yield 0, chorale.replace(title="half done"), erased
        raise ValueError("the network has forgotten everything")

    sick = Inpainter(CHORALE, n_steps=3, fill_with=broken)
    sick.erase("alto")
    with pytest.raises(ValueError, match="forgotten everything"):
        sick.fill()
    assert sick.place["filling"] is False
    sick.undo()
    assert sick.score == CHORALE and sick.erased[1].all()
    answer, files = sick.go_on({"n_steps": 3, "temperature": 1.0, "seed": 0}, [])
    assert answer["place"]["step"] == 1 and len(files) == 1
    answer, _ = sick.go_on({"n_steps": 3, "temperature": 1.0, "seed": 0}, [])
    assert answer["error"] == "ValueError: the network has forgotten everything"


def test_the_page_asks_and_is_answered(widget):
    cells = np.zeros((4, 32), bool)
    cells[2, 4:8] = True
    rows = ["".join("01"[int(cell)] for cell in row) for row in cells]
    answer, (data,) = widget.put_erased({"erased": rows}, [])
    assert answer["place"]["erased"] == rows == widget.place["erased"] and len(data) == 20 * len(CHORALE)
    assert answer["place"]["words"] == "4 cells erased"
    version = answer["place"]["version"]
    answer, (data,) = widget.go_on({"n_steps": 1, "temperature": 0.5, "seed": 3}, [])
    assert answer["place"]["version"] > version and not answer["place"]["under_way"]
    assert (widget.n_steps, widget.temperature, widget.seed) == (1, 0.5, 3)
    assert 54 in rows_to_notes(data)["pitch"]
    for which in ("before", "original"):
        _, (data,) = widget.notes_of({"which": which}, [])
        np.testing.assert_array_equal(rows_to_notes(data), CHORALE.notes)
    answer, _ = widget.travel({"way": "undo"}, [])
    assert answer["place"]["redo"] and widget.score == CHORALE
    answer, _ = widget.travel({"way": "start over"}, [])
    assert not widget.erased.any()
    answer, _ = widget.go_on({"n_steps": 1, "temperature": 0.5, "seed": 3}, [])
    assert "nothing is erased" in answer["error"]
    answer, _ = widget.engrave({"width": 900}, [])
    assert answer["pages"][0].startswith("<?xml") or "<svg" in answer["pages"][0]
    answer, (data,) = widget.render_file({"format": "midi"}, [])
    assert data.startswith(b"MThd")


def test_another_chorale_can_be_given_and_the_wrong_one_is_taken_back(widget):
    widget.erase("alto")
    other = CHORALE.transpose(2).slice_bars(1, 1)
    widget.score = other
    assert widget.erased.shape == (4, 16) and not widget.erased.any() and widget.original == CHORALE
    with pytest.raises(ValueError, match="must be a Score of four parts"):
        widget.score = CHORALE.part(0)
    assert widget.score == other
    widget.undo()
    assert widget.score == CHORALE and widget.erased[1].all()


def test_bars_are_counted_with_their_pickup():
    pickup = stack([Score.from_melody([p] * 9, 24, key="C major", pickup=24) for p in (72, 65, 60, 48)])
    widget = Inpainter(pickup, fill_with=toy_steps)
    widget.erase("soprano", bars=(0, 0))
    assert np.flatnonzero(widget.erased[0]).tolist() == [0, 1, 2, 3]
    widget.erased = np.zeros_like(widget.erased)
    widget.erase("soprano", bars=(2, 2))
    assert np.flatnonzero(widget.erased[0]).tolist() == list(range(20, 36))
    with pytest.raises(ValueError, match=re.escape("bars=(1, 3) must be the first and the last, from 0 to 2")):
        widget.erase(bars=(1, 3))


def test_the_network_itself_fills_without_touching_the_rest():
    model = ChoraleInpainter(filters=2, channels=4, dilations=(1,))
    widget = Inpainter(CHORALE, model=model, n_steps=2, fermatas=(96,))
    widget.erase("alto", bars=(1, 1))
    filled = widget.fill(seed=1)
    assert [filled.part(voice) == CHORALE.part(voice) for voice in (0, 2, 3)] == [True] * 3
    assert widget.fill(seed=1) == filled and widget.place["step"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"chorale": CHORALE.part(0)}, "must be a Score of four parts"),
        ({"chorale": Score(programs=(52,) * 4)}, "with notes"),
        ({"chorale": "BWV 1"}, "chorale='BWV 1' must be a Score"),
        ({"chorale": stack([Score.from_melody([p] * 300, 24) for p in (72, 65, 60, 48)])}, "chorale has 1200 sixteenths; at most 1024"),
        ({"n_steps": 0}, "n_steps=0 must be from 1 to 512"),
        ({"temperature": 2.5}, "temperature=2.5 must be from 0 to 2"),
        ({"seed": -1}, "seed=-1"),
        ({"fill_with": "magic"}, "fill_with='magic' must be a function"),
        ({"hide": ["fill"]}, "hide holds 'fill'"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Inpainter(**{"chorale": CHORALE, **arguments})


def test_wrong_cells_are_refused(widget):
    with pytest.raises(
        ValueError, match=re.escape("erased has shape (4, 5) and dtype bool; it must be truth values, (4, 32)")
    ):
        widget.erased = np.ones((4, 5), bool)
    with pytest.raises(ValueError, match="dtype int64"):
        widget.erased = np.ones((4, 32), np.int64)
    with pytest.raises(ValueError, match="voice='contralto' must be one of soprano"):
        widget.erase("contralto")
    with pytest.raises(ValueError, match="nothing is erased"):
        widget.fill()


def test_only_so_many_changes_are_kept():
    session = InpaintingSession(CHORALE, toy_steps)
    for cell in range(210):
        cells = np.zeros((4, 32), bool)
        cells[cell % 4, cell % 32] = True
        session.erase(cells)
    assert len(session.states) == 200 and session.at == 199
    session.travel(-1000)
    assert session.at == 0 and session.original == CHORALE


def test_the_static_picture_shows_holes_staves_and_sound(widget):
    widget.erase("alto", bars=(1, 1))
    drawing = base64.b64decode(widget.static_html().split("data:image/svg+xml;base64,")[1].split('"')[0]).decode()
    assert "Four &lt;voices&gt;: 16 of 128 cells erased</text>" in drawing and drawing.count('fill-opacity="0.55"') == 1
    widget.fill()
    html = widget.static_html()
    assert (
        "cells erased and filled"
        in base64.b64decode(html.split("data:image/svg+xml;base64,")[1].split('"')[0]).decode()
    )
    assert html.count("<img") == 2 and "<audio" in html and "<script" not in html and len(html) < 300_000
    assert repr(widget).endswith("16 of 128 cells erased)")


def test_page_code_is_small_and_stays_at_home():
    assert len(Inpainter._esm) < 30_000
    assert "https:" not in widget_module("inpainter")
