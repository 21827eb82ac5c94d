"""The checks of lesson 00: right answers pass, wrong ones are told what is wrong."""

from __future__ import annotations

import pytest

from musegen_edu.checks import core
from musegen_edu.checks.start_here import check_commission, check_favourite, check_fifth, quiz_start
from musegen_edu.score import Score

TUNE = Score.from_melody([67, 69, 71, 74] * 8, 12, key="G major", meter=(4, 4))
JIG = Score.from_melody([62, 66, 69, 74, 78, 83] * 8, 12, key="D major", meter=(6, 8))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def test_fifth_passes_and_names_the_new_key():
    result = check_fifth(TUNE.transpose(7), TUNE)
    assert result and "D major" in str(result)


@pytest.mark.parametrize(
    ("semitones", "said"),
    [(5, "a fourth"), (8, "a minor sixth"), (12, "an octave"), (0, "Nothing moved"), (-7, "7 semitones lower")],
)
def test_fifth_names_the_interval_that_was_taken_instead(semitones, said):
    result = check_fifth(TUNE.transpose(semitones), TUNE)
    assert not result and said in str(result)


def test_fifth_sees_lost_notes_uneven_moves_and_another_rhythm():
    higher = TUNE.transpose(7)
    assert "must not add or lose" in str(check_fifth(higher.slice_bars(1, 1), TUNE))
    uneven = Score.from_melody([74, 76, 79, 82] * 8, 12, key="D major")
    assert "same distance" in str(check_fifth(uneven, TUNE))
    slower = Score.from_melody(higher.notes["pitch"].tolist(), 24, key="D major")
    assert "rhythm changed" in str(check_fifth(slower, TUNE))


@pytest.mark.parametrize("odd", [None, 7, "up", [60, 67], Score.from_melody, Score()])
def test_odd_answers_get_a_sentence_and_a_hint(odd):
    for result in (
        check_fifth(odd, TUNE),
        check_commission(odd),
        check_favourite(odd, "it ends on the note where it began"),
    ):
        assert not result and "Hint" in str(result) and "Traceback" not in str(result)


def test_dots_are_no_attempt():
    assert "three dots" in str(check_fifth(..., TUNE)) and "Hint" not in str(check_fifth(..., TUNE))


def test_commission_passes():
    result = check_commission(JIG)
    assert result and "D4 to B5" in str(result)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (JIG.slice_bars(1, 4), "this tune has 4"),
        (Score.from_melody([62, 69] * 16, 24, key="D major"), "in 4/4"),
        (JIG.transpose(1), "Eb major"),
        (JIG.transpose(1).replace(key="D major"), "is C6, too high"),
        (JIG.transpose(-1).replace(key="D major"), "is C#4, too low"),
        (Score.from_melody([62] * 8, 72, key="D major", meter=(6, 8)), "Only 8 notes"),
    ],
)
def test_commission_says_which_wish_is_not_met(order, said):
    result = check_commission(order)
    assert not result and said in str(result)


def test_favourite_wants_a_tune_and_a_reason():
    assert check_favourite(JIG, "It climbs through the chord and falls back every bar.")
    assert "3 words" in str(check_favourite(JIG, "it is nice"))
    assert "has 2 bars" in str(
        check_favourite(JIG.slice_bars(1, 2), "It climbs through the chord and falls back every bar.")
    )


def test_quiz_has_one_explanation_a_choice():
    assert all(choice.why for question in quiz_start().asked for choice in question.choices)
    assert len(quiz_start().asked) == 3
