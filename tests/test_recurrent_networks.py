"""The checks of lesson 05: right answers pass, the usual slips are named."""

from __future__ import annotations

import re

import numpy as np
import pytest

from musegen_edu.checks import core
from musegen_edu.checks.recurrent_networks import check_allowed, check_clip, check_tune, quiz_recap
from musegen_edu.checks.recurrent_quiz import QUESTIONS
from musegen_edu.checks.tunes import first_difference, longest_copied_run, notes_outside_key
from musegen_edu.letters import letters_to_score
from musegen_edu.widgets.quiz import Choice


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def length(found):
    return np.sqrt(sum((slopes**2).sum() for slopes in found.values()))


def clip(found, limit):
    factor = min(1.0, limit / length(found)) if length(found) else 1.0
    return {name: factor * slopes for name, slopes in found.items()}


def clip_in_place(found, limit):
    for slopes in found.values():
        slopes *= 0.5
    return found


CLIP_SLIPS = {
    "each array": lambda found, limit: {n: min(1, limit / max(np.linalg.norm(s), 1e-12)) * s for n, s in found.items()},
    "each number": lambda found, limit: {n: np.clip(s, -limit, limit) for n, s in found.items()},
    "always": lambda found, limit: {n: s * limit / max(length(found), 1e-12) for n, s in found.items()},
    "by zero": lambda found, limit: {n: s / length(found) * min(limit, length(found)) for n, s in found.items()},
    "in place": clip_in_place,
    "nothing": lambda found, limit: None,
    "a list": lambda found, limit: list(found.values()),
    "flat": lambda found, limit: {n: s.ravel() for n, s in clip(found, limit).items()},
    "direction": lambda found, limit: {n: -s for n, s in clip(found, limit).items()},
}


def test_right_clipping_passes():
    assert check_clip(clip)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("each array", "each array by itself"),
        ("each number", "each number by itself"),
        ("always", "should stay as it is"),
        ("by zero", "divides by 0"),
        ("in place", "itself was changed"),
        ("nothing", "returns nothing"),
        ("a list", "dictionary"),
        ("flat", "shape"),
        ("direction", "direction"),
    ],
)
def test_slips_in_clipping_are_named(slip, says):
    with np.errstate(invalid="ignore"):  # a slip divides by 0
        result = check_clip(CLIP_SLIPS[slip])
    assert not result
    assert re.search(says, result.message), result.message


def softmax(y):
    e = np.exp(y - y[np.isfinite(y)].max())
    return e / e.sum()


ALLOWED_SLIPS = {
    "zeroed": (lambda y, ok, t=1.0: softmax(np.where(ok, y / t, 0.0)), "-np.inf"),
    "not scaled": (lambda y, ok, t=1.0: softmax(y / t) * ok, "add up to"),
    "no ban": (lambda y, ok, t=1.0: softmax(y / t), "still have a chance"),
    "no temperature": (lambda y, ok, t=1.0: softmax(np.where(ok, y, -np.inf)), "temperature"),
    "even": (lambda y, ok, t=1.0: ok / ok.sum(), "ratios"),
    "short": (lambda y, ok, t=1.0: softmax(y[ok] / t), "shape"),
    "nothing": (lambda y, ok, t=1.0: ..., "returns nothing"),
    "negative": (lambda y, ok, t=1.0: y, "negative"),
}


def test_right_ban_passes():
    assert check_allowed(lambda y, ok, t=1.0: softmax(np.where(ok, y / t, -np.inf)))


@pytest.mark.parametrize("slip", ALLOWED_SLIPS)
def test_slips_in_the_ban_are_named(slip):
    function, says = ALLOWED_SLIPS[slip]
    result = check_allowed(function)
    assert not result
    assert re.search(says, result.message), result.message


START = letters_to_score("D4 G B A", key="G major")
TUNE = letters_to_score("D4 G B A " + "G A B C5 D5 C5 B4 A4 " * 3 + "G4:4", key="G major")
SENTENCE = "A lower temperature made the rhythm steadier, as I could hear."
OTHERS = [letters_to_score("C D E F G A B C D E F G A B C", key="C major")]


def test_an_own_tune_passes():
    result = check_tune(START, TUNE, SENTENCE, OTHERS)
    assert result
    assert "4 notes of yours and 25 of the network's" in result.message


@pytest.mark.parametrize(
    ("start", "tune", "sentence", "says"),
    [
        (..., TUNE, SENTENCE, "three dots"),
        ("C D", TUNE, SENTENCE, "should be Scores"),
        (START.slice_bars(1, 1).replace(notes=START.notes[:2]), TUNE, SENTENCE, "2 notes"),
        (START, TUNE.transpose(2), SENTENCE, "note 1 is another"),
        (START, START, SENTENCE, "nothing more"),
        (START, TUNE.slice_bars(1, 3), SENTENCE, "3 bars"),
        (START, TUNE.replace(key=None), SENTENCE, "no key"),
        (START, TUNE.replace(key="C major"), SENTENCE, "not the tonic of C major"),
        (START, TUNE.replace(key="G phrygian"), SENTENCE, "outside G phrygian .*in bar 1"),
        (START, TUNE, "", "Now the sentence"),
        (START, TUNE, "It sounds very nice to me and to my mother.", "which setting"),
    ],
)
def test_what_is_missing_in_a_tune_is_named(start, tune, sentence, says):
    result = check_tune(start, tune, sentence, OTHERS)
    assert not result
    assert re.search(says, result.message), result.message


def test_a_copied_tune_is_found_in_any_key():
    result = check_tune(START, TUNE, SENTENCE, [TUNE.transpose(5)])
    assert not result
    assert re.search(r"29 notes in a row", result.message), result.message


def test_facts_about_tunes():
    assert notes_outside_key(letters_to_score("A G# F# | E C:4"), "A minor") == []
    pickup = letters_to_score("D4 | F G:3", pickup=24)
    assert notes_outside_key(pickup, "G major") == [("F4", 1)]
    assert first_difference(TUNE, START) is None
    assert first_difference(START, TUNE) == 5
    assert longest_copied_run(START, OTHERS) < 4


def test_each_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 6
    for question in QUESTIONS:
        choices = [Choice(*choice) for choice in question.choices]
        assert sum(choice.right for choice in choices) == 1
        assert all(len(choice.why) > 20 for choice in choices)
    assert quiz_recap().key == "05.recap"
