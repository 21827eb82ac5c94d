import json
import warnings

import numpy as np
import pytest

from musegen_edu.score import Score, stack
from musegen_edu.widgets import PianoRollEditor
from musegen_edu.widgets.base import packed_module, widget_module
from musegen_edu.widgets.drawings import drawing_path, load_drawing, save_drawing
from musegen_edu.widgets.pianoroll_editor import KEYS
from musegen_edu.widgets.sounding import MAX_NOTES, notes_to_rows, rows_to_notes


@pytest.fixture(autouse=True)
def learner(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def tune():
    return Score.from_melody([67, 60, 64, 67, 72], 24, key="G major", title="Up", pickup=24, bpm=90, programs=(40,))


def from_page(editor, rows):
    """Send notes as the page does."""
    editor.set_state({"notes_data": memoryview(np.array(rows, "<i4").tobytes())})


# ---- Python to page ----


def test_facts_of_the_score_reach_the_page(tune):
    editor = PianoRollEditor(tune, bars=2)
    assert rows_to_notes(editor.notes_data).tolist() == tune.notes.tolist()
    assert (editor.bpm, editor.program, editor.key) == (90.0, 40, "G major")
    assert editor.info == {
        "title": "Up", "subtitle": "G major · 4/4 · 1 bar", "duration": 120, "bar": 96, "beat": 24, "pickup": 24, "bars": 2,
        "programs": [40], "scale": [0, 2, 4, 6, 7, 9, 11], "tonic": 7,
        "names": ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "Bb", "B"],
    }  # fmt: skip


def test_an_assigned_score_is_shown_and_observed(tune):
    editor = PianoRollEditor()
    assert editor.score == Score() and editor.info["scale"] == []
    seen = []
    editor.observe(lambda change: seen.append(change["new"]), "score")
    editor.score = tune.transpose(-2)
    assert seen == [tune.transpose(-2)]
    assert editor.key == "F major" and "Bb" in editor.info["names"]
    assert rows_to_notes(editor.notes_data)["pitch"].tolist() == [65, 58, 62, 65, 70]


# ---- page to Python ----


def test_edits_in_the_page_become_a_score_and_the_rest_is_kept(tune):
    bass = Score.from_melody([43], 96, key="G major", programs=(32,), pickup=24)
    both = stack([tune, bass])
    editor = PianoRollEditor(both)
    seen = []
    editor.observe(lambda change: seen.append(change["new"]), "score")
    from_page(editor, [[0, 12, 70, 99, 0], [0, 96, 43, 80, 1]])
    assert editor.score == both.replace(notes=editor.score.notes)
    assert editor.score.notes.tolist() == [(0, 96, 43, 80, 1), (0, 12, 70, 99, 0)]
    assert editor.score.part(1).notes.tolist() == both.part(1).notes.tolist()
    assert len(seen) == 1
    editor.set_state({"bpm": 60.0, "key": "A minor", "program": 73})
    assert (editor.score.bpm, editor.score.key, editor.score.programs) == (60.0, "A minor", (73, 32))
    editor.set_state({"key": ""})
    assert editor.score.key is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0, 12, 200, 80, 0]], "pitch"),
        ([[0, 0, 60, 80, 0]], "duration"),
        ([[0, 12, 60, 80, 1]], "part"),
        ([[0, 12, 60, 300, 0]], "a velocity that does not fit"),
        ([[0, 12, 60]], "12 bytes; it must be rows of 20"),
    ],
)
def test_notes_that_cannot_be_are_taken_back(tune, rows, message):
    editor = PianoRollEditor(tune)
    with pytest.raises(ValueError, match=message):
        from_page(editor, rows)
    assert editor.score == tune
    assert editor.notes_data == notes_to_rows(tune)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("score", "C D E", "score='C D E' must be a Score of at most 20000 notes"),
        ("score", None, "score=None must be a Score"),
        ("bpm", 0.0, r"bpm=0.0 must be from 1 to 2000"),
        ("program", 129, "program=129 must be from 0 to 127, or 128"),
        ("key", "H major", "key='H major' is not a key"),
        ("hide", ["temp"], "hide holds 'temp'; it may hold title, tools"),
    ],
)
def test_traits_name_what_is_wrong(tune, name, value, message):
    editor = PianoRollEditor(tune)
    with pytest.raises(ValueError, match=message):
        setattr(editor, name, value)
    assert editor.score == tune


def test_constructor_checks_its_arguments(tune):
    with pytest.raises(ValueError, match="bars=0 must be from 1 to 1000"):
        PianoRollEditor(bars=0)
    with pytest.raises(ValueError, match="score=5 must be a Score"):
        PianoRollEditor(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="name='' must be a text"):
        PianoRollEditor(name="")
    long = Score.from_notes([(24 * i, 24, 60) for i in range(MAX_NOTES + 1)])
    with pytest.raises(ValueError, match="at most 20000 notes"):
        PianoRollEditor(long)
    assert PianoRollEditor(tune, hide="snap").hide == ["snap"]


# ---- kept for the next time ----


def test_a_drawing_is_found_again(tune, learner):
    PianoRollEditor(tune, name="my tune").score = tune.transpose(5)
    again = PianoRollEditor(tune, name="My Tune")
    assert again.score == tune.transpose(5)
    again.start_over()
    assert PianoRollEditor(name="my tune").score == tune
    assert [path.name for path in (learner / "drawings").iterdir()] == ["my tune.json"]


def test_every_edit_in_the_page_is_kept(tune):
    editor = PianoRollEditor(tune, name="my tune")
    from_page(editor, [[0, 12, 70, 99, 0]])
    assert load_drawing("my tune") == editor.score
    assert len(editor.score) == 1


def test_an_emptied_drawing_stays_empty(tune):
    from_page(PianoRollEditor(tune, name="my tune"), np.empty((0, 5)))
    assert len(PianoRollEditor(tune, name="my tune").score) == 0


def test_without_a_name_nothing_is_written(tune, learner):
    PianoRollEditor(tune).score = tune.transpose(1)
    assert list(learner.iterdir()) == []


def test_every_field_comes_back(tune):
    full = stack([tune, Score.from_melody([43], 96, key="G major", programs=(128,), pickup=24)]).replace(
        title='Über "alles" ♪', bpm=92.5, meter=(6, 8)
    )
    overlapping = full.replace(notes=np.concatenate([full.notes, full.notes]))  # which MIDI could not say
    save_drawing("full", overlapping)
    assert load_drawing("full") == overlapping


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"version": 2}',
        b'{"version": 1, "notes": [[0, 1, 999]], "meter": [4, 4]}',
    ],
)
def test_a_damaged_drawing_is_kept_aside(tune, learner, content):
    for number in (1, 2):
        path = drawing_path("my tune")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        with pytest.warns(UserWarning, match=f"my tune.damaged-{number}.json, and a new one begins"):
            editor = PianoRollEditor(tune, name="my tune")
        assert editor.score == tune
        assert (learner / "drawings" / f"my tune.damaged-{number}.json").read_bytes() == content
    editor.score = tune.transpose(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert PianoRollEditor(name="my tune").score == tune.transpose(1)


def test_a_drawing_that_cannot_be_saved_says_so_and_goes_on(tune, learner):
    editor = PianoRollEditor(tune, name="my tune")
    (learner / "drawings").write_text("a file where the folder should be")
    from_page(editor, [[0, 12, 70, 99, 0]])
    assert editor.remark.startswith("The drawing could not be saved: ")
    assert len(editor.score) == 1
    (learner / "drawings").unlink()
    editor.score = tune
    assert editor.remark == "" and load_drawing("my tune") == tune


def test_names_and_files():
    assert drawing_path("a/b") != drawing_path("a b") and drawing_path("a/b") != drawing_path("a?b")
    assert drawing_path(" Tune ") == drawing_path("tune")
    assert drawing_path("../../etc/passwd").parent == drawing_path("tune").parent
    assert load_drawing("never drawn") is None
    with pytest.raises(ValueError, match="must be a text of 1 to 100"):
        drawing_path("x" * 101)


def test_the_file_can_be_read_by_a_person(tune):
    content = json.loads(save_drawing("my tune", tune).read_text(encoding="utf-8"))
    assert content["version"] == 1
    assert content["fields"] == ["onset", "duration", "pitch", "velocity", "part"]
    assert content["notes"][0] == [0, 24, 67, 80, 0]


# ---- what is shown and sent ----


def test_bundle_has_a_live_view_and_a_picture_of_the_drawing(tune):
    editor = PianoRollEditor(tune, name="my tune")
    data, _ = editor._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert "data:image/svg+xml" in data["text/html"] and "<script" not in data["text/html"]
    assert repr(editor) == f"PianoRollEditor({tune!r}, name='my tune')"


def test_midi_for_download(tune):
    answer, (data,) = PianoRollEditor(tune).render_file({"format": "midi"}, [])
    assert answer["name"] == "Up.mid" and data.startswith(b"MThd")


def test_page_code_is_packed_small():
    assert PianoRollEditor._esm == packed_module("pianoroll_editor")
    assert len(PianoRollEditor._esm) < 30_000
    assert "https:" not in widget_module("pianoroll_editor")
    with pytest.raises(ValueError, match="stem='piano' names no widget"):
        packed_module("piano")


def test_keys_offered_are_keys():
    assert len(set(KEYS)) == 24
    for key in KEYS:
        assert PianoRollEditor(Score(key=key)).key == key
