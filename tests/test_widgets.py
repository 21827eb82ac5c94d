import base64
import html as html_module
import re

import numpy as np
import pytest

from musegen_edu.score import DRUMS, Score, stack
from musegen_edu.widgets import Choice, Player, Question, Quiz, score_mimebundle
from musegen_edu.widgets.base import STATIC_VARIABLE, checked_names, packed_module, theme, widget_module
from musegen_edu.widgets.instruments import FAMILIES, INSTRUMENTS, instrument_name
from musegen_edu.widgets.pictures import STATIC_BARS, engraving_of, first_bars, static_picture
from musegen_edu.widgets.sounding import MAX_NOTES

LIVE = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def tune():
    return Score.from_melody([67, 60, 64, 67, 72], 24, key="C major", title="Up <there>", pickup=24, programs=(40,))


def choices():
    return [Choice("12", "half of 24", True), ("8", "a third of 24"), ("6", "a sixteenth")]


# ---- player ----


def test_notes_travel_as_rows_of_five_integers(tune):
    rows = np.frombuffer(Player(tune).notes_data, "<i4").reshape(-1, 5)
    assert rows[:, 0].tolist() == [0, 24, 48, 72, 96]
    assert rows[:, 2].tolist() == [67, 60, 64, 67, 72]
    assert set(rows[:, 1]) == {24} and set(rows[:, 3]) == {80} and set(rows[:, 4]) == {0}


def test_facts_of_the_score_reach_the_page(tune):
    player = Player(tune)
    assert player.info == {
        "title": "Up <there>", "subtitle": "C major · 4/4 · 1 bar", "duration": 120, "bar": 96, "beat": 24, "pickup": 24,
    }  # fmt: skip
    assert (player.bpm, player.programs, player.part_names) == (120.0, [40], ["Part 1"])


def test_every_note_is_engraved_and_found_again(tune):
    engraving = engraving_of(tune)
    assert set(engraving["rows"].values()) == set(range(5))
    assert [tick for tick, _ in engraving["stops"]] == [0, 24, 48, 72, 96]
    for _, ids in engraving["stops"]:
        for note in ids:
            assert f'id="{note}"' in "".join(engraving["pages"])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hide", ["temp"], r"hide holds 'temp'; it may hold title, views"),
        ("view", "table", r"view='table' must be one of notation, roll, both"),
        ("bpm", 0.0, r"bpm=0.0 must be from 1 to 2000"),
        ("loop", [24], r"loop=\[24\] must be empty, or two ticks"),
        ("loop", [24, 24], r"loop=\[24, 24\]"),
        ("loop", [0, 121], r"from 0 to 120"),
        ("programs", [129], r"programs=\[129\] must be 1 values, one a part, each from 0 to 127, or 128"),
        ("programs", [0, 0], r"programs=\[0, 0\] must be 1 values"),
        ("volumes", [1.5], r"volumes=\[1.5\] must be .* from 0 to 1"),
        ("mutes", [True, False], r"mutes=\[True, False\] must be 1 values"),
        ("solos", [], r"solos=\[\] must be 1 values"),
    ],
)
def test_traits_name_what_is_wrong(tune, name, value, message):
    player = Player(tune)
    with pytest.raises(ValueError, match=message):
        setattr(player, name, value)
    assert getattr(player, name) != value


def test_constructor_checks_its_arguments(tune):
    with pytest.raises(ValueError, match="score='C D E' must be a Score"):
        Player("C D E")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hide holds 'all'"):
        Player(tune, hide="all")
    assert Player(tune, hide="loop", loop=(24, 48), view="roll").loop == [24, 48]


def test_too_many_notes_are_refused_with_advice_but_still_shown():
    long = Score.from_notes([(24 * i, 24, 60 + i % 12) for i in range(MAX_NOTES + 1)])
    with pytest.raises(ValueError, match=r"20001 notes; a player takes at most 20000. Cut it with score.slice_bars"):
        Player(long)
    data, _ = score_mimebundle(long)
    assert LIVE not in data
    assert f"The first {STATIC_BARS} of 5001 bars." in data["text/html"]


def test_changes_made_in_the_page_are_heard_and_the_score_stays(tune):
    player = Player(tune)
    player.bpm, player.programs = 90.0, [73]
    assert (player.heard.bpm, player.heard.programs) == (90.0, (73,))
    assert player.score == tune


@pytest.mark.parametrize(
    ("file_format", "name", "start"),
    [("midi", "Up there.mid", b"MThd"), ("wav", "Up there.wav", b"RIFF"), ("musicxml", "Up there.musicxml", b"<?xml")],
)
def test_files_for_download(tune, file_format, name, start):
    answer, (data,) = Player(tune).render_file({"format": file_format}, [])
    assert answer["name"] == name
    assert data.startswith(start)


def test_a_command_that_fails_answers_with_a_message(tune):
    player = Player(tune)
    assert player.note_pack({"program": 200}, [])[0]["error"].startswith("ValueError: program=200")
    assert player.render_file({"format": "ogg"}, [])[0]["error"].startswith("ValueError: format='ogg' must be one of")


def test_note_pack_has_a_file_a_pitch(tune):
    answer, files = Player(tune).note_pack({"program": 40}, [])
    assert len(answer["pitches"]) == len(files) > 10


# ---- the static picture ----


def test_bundle_has_a_live_view_and_a_picture_for_the_dead(tune):
    data, _ = score_mimebundle(tune)
    assert set(data) == {LIVE, "text/html", "text/plain"}
    assert data["text/plain"] == repr(tune)
    assert "<script" not in data["text/html"] and "Up &lt;there&gt;" in data["text/html"]
    assert (
        'src="data:image/svg+xml;base64,' in data["text/html"] and 'src="data:audio/mpeg;base64,' in data["text/html"]
    )
    assert tune._repr_mimebundle_()[0]["text/html"] == data["text/html"]


def test_kept_notebooks_get_no_live_view(tune, monkeypatch):
    monkeypatch.setenv(STATIC_VARIABLE, "1")
    assert set(score_mimebundle(tune)[0]) == {"text/html", "text/plain"}
    assert set(Quiz(Question("?", choices()))._repr_mimebundle_()[0]) == {"text/html", "text/plain"}


def test_static_picture_of_a_long_score_is_small_and_says_what_it_leaves_out():
    voice = Score.from_melody([60 + i % 12 for i in range(400)], 12, programs=(0,))
    picture = static_picture(stack([voice, voice.transpose(-12)]))
    assert len(picture) < 300_000
    assert "The first 13 of 50 bars." in picture
    assert "The sound is the first 20 of 100 seconds." in picture


def test_an_empty_score_shows_itself():
    assert "There are no notes" in html_module.unescape(static_picture(Score()))
    assert Player(Score()).notes_data == b""


def test_a_crowded_score_is_not_engraved():
    crowd = Score.from_notes([(0, 24, pitch % 128, 80) for pitch in range(1600)])
    assert "too many to engrave" in engraving_of(crowd)["remark"]


def test_first_bars_keep_the_pickup(tune):
    assert first_bars(tune, 1) is tune
    longer = Score.from_melody([60] * 9, 24, pickup=24)
    assert first_bars(longer, 1).n_bars == 2
    assert len(first_bars(longer, 1)) == 5


def test_static_variable_off_means_live(tune, monkeypatch):
    monkeypatch.setenv(STATIC_VARIABLE, "0")
    assert LIVE in score_mimebundle(tune)[0]


# ---- quiz ----


def test_first_try_counts_and_the_end_of_a_round_is_reported_once():
    heard = []
    quiz = Quiz(
        [Question("An eighth?", choices()), Question("A third of a quarter?", choices())],
        key="01.recap",
        on_result=lambda correct, total: heard.append((correct, total)),
    )
    quiz.answers = [[0], []]
    assert quiz.result == {"correct": 1, "answered": 1, "total": 2}
    assert heard == []
    quiz.answers = [[0], [1]]
    quiz.answers = [[0], [1, 0]]
    assert quiz.result == {"correct": 1, "answered": 2, "total": 2}
    assert heard == [(1, 2)]
    quiz.answers = [[], []]
    quiz.answers = [[0], [0]]
    assert heard == [(1, 2), (2, 2)]
    assert repr(quiz) == "Quiz('01.recap', 2 questions)"


@pytest.mark.parametrize("answers", [[[3]], [[0, 0]], [[-1]], [[], []], []])
def test_impossible_answers_are_refused(answers):
    quiz = Quiz(Question("?", choices()))
    with pytest.raises(ValueError, match="answers"):
        quiz.answers = answers
    assert quiz.answers == [[]]


@pytest.mark.parametrize(
    ("prompt", "options", "message"),
    [
        ("", choices(), "prompt='' must be a question"),
        ("?", choices()[:1], "choices has 1 entries"),
        ("?", [("a", "why"), ("b", "why")], "choices has 0 right answers"),
        ("?", [("a", "why", True), ("b", "why", True)], "choices has 2 right answers"),
        ("?", [("a", "why", True), ("b", " ")], "each needs a text and an explanation"),
    ],
)
def test_questions_are_checked(prompt, options, message):
    with pytest.raises(ValueError, match=message):
        Question(prompt, options)


def test_quiz_needs_questions():
    with pytest.raises(ValueError, match=r"questions=\[\] must be one Question or several"):
        Quiz([])
    with pytest.raises(ValueError, match="must be one Question or several"):
        Quiz(["What?"])  # type: ignore[list-item]


def test_static_quiz_folds_its_answers():
    picture = Quiz(Question("Is `a < b`?", choices()), title="Q & A").static_html()
    assert picture.count("<details>") == 1
    before, folded = picture.split("<details>")
    assert "half of 24" not in before and "<strong>Right:</strong> half of 24" in folded
    assert "<code>a &lt; b</code>" in picture and "Q &amp; A" in picture


# ---- what is sent to the page ----


@pytest.mark.parametrize("stem", ["player", "quiz"])
def test_modules_stand_alone_and_stay_small(stem):
    module = widget_module(stem)
    assert len(module.encode()) < 33_000
    assert not re.search(r"^\s*import\b", module, re.MULTILINE)
    assert module.count("export ") == 1 and "export default" in module
    assert not re.search(r"https?://", module + theme())


def test_a_score_sends_its_player_packed():
    assert Player._esm == packed_module("player")
    assert len(Player._esm) < 16_000


def test_unknown_module():
    with pytest.raises(ValueError, match="stem='piano' names no widget; there are"):
        widget_module("piano")


def test_every_program_has_a_name_of_its_own():
    assert len(FAMILIES) == 16 and len(INSTRUMENTS) == 129 and len(set(INSTRUMENTS)) == 129
    assert (
        instrument_name(0) == "Grand Piano" and instrument_name(73) == "Flute" and instrument_name(DRUMS) == "Drum Kit"
    )
    with pytest.raises(ValueError, match="program=129"):
        instrument_name(129)


def test_one_word_is_one_name():
    assert checked_names("hide", "loop", Player.HIDEABLE) == ("loop",)


def test_a_static_engraving_keeps_the_id_by_which_its_lines_are_drawn():
    html = static_picture(Score.from_melody([60, 62, 64], 12))
    svg = base64.b64decode(re.findall(r"svg\+xml;base64,([^\"]+)", html)[0]).decode("utf-8")
    named = re.findall(r"#([\w-]+) path[^{]*\{stroke:currentColor\}", svg)[0]
    assert f'id="{named}"' in svg  # else staff lines and stems have no stroke, and cannot be seen
