"""The checks of lesson 04: right answers pass, the usual slips are named."""

from __future__ import annotations

import re

import numpy as np
import pytest

from musegen_edu.checks import core
from musegen_edu.checks.deep_learning import (
    QUESTIONS,
    check_leap_share,
    check_style_listener,
    check_two_ears,
    quiz_recap,
)
from musegen_edu.quiet_keras import keras
from musegen_edu.score import Score

STYLES = ("folk", "chorale", "madrigal", "quartet")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


# ---- exercise 1 ----


def leap_share(score, *, slip=""):
    if slip == "one line":
        steps = np.diff(score.notes["pitch"].astype(int))
    else:
        steps = [np.diff(part.notes["pitch"].astype(int)) for part in score.parts()]
        if slip == "mean of means":
            return float(np.mean([np.mean(np.abs(s) > 4) for s in steps if len(s)] or [0.0]))
        steps = np.concatenate(steps)
    if slip == "nan":
        return float(np.mean(np.abs(steps) > 4)) if len(steps) else float("nan")
    if not len(steps):
        return 0.0
    if slip == "count":
        return float(np.sum(np.abs(steps) > 4))
    if slip == "up only":
        return float(np.mean(steps > 4))
    if slip == "third":
        return float(np.mean(np.abs(steps) >= 4))
    if slip == "key":
        return float(np.mean(np.abs(steps) > 4)) if score.notes["pitch"].min() < 60 else 0.0
    return float(np.mean(np.abs(steps) > 4))


def test_the_right_share_passes():
    result = check_leap_share(leap_share)
    assert result
    assert "duet" in result.message


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("count", "a share lies between 0 and 1"),
        ("up only", "C3 G3 E4 G3 C3 is nothing but leaps.*np.abs"),
        ("third", "A major third, 4 semitones, is not a leap"),
        ("one line", "nobody sings from the soprano to the bass"),
        ("mean of means", "over all steps together"),
        ("nan", "NaN: the mean of nothing"),
        ("key", "|".join(["Leaps do not change with the key", "is nothing but leaps", "has one leap in four"])),
    ],
)
def test_slips_of_the_share_are_named(slip, says):
    result = check_leap_share(lambda score: leap_share(score, slip=slip))
    assert not result
    assert re.search(says, result.message), result.message
    assert result.hint


@pytest.mark.parametrize("answer", [..., None, 3, "leaps", lambda score: None, lambda: 0.5])
def test_strange_shares_get_a_readable_answer(answer):
    result = check_leap_share(answer)
    assert not result
    assert result.message


# ---- exercise 2 ----


def ears(*, widths=(37, 8), units=16, activation="relu", last=None, deaf=False, outputs=4):
    inputs = [keras.Input((width,)) for width in widths]
    heard = [keras.layers.Dense(units, activation=activation)(one) for one in inputs]
    joined = keras.layers.Concatenate()([heard[0], heard[0]] if deaf else heard) if len(heard) > 1 else heard[0]
    return keras.Model(inputs, keras.layers.Dense(outputs, activation=last)(joined))


def test_two_ears_pass():
    keras.utils.set_random_seed(0)
    result = check_two_ears(ears())
    assert result
    assert "884" in result.message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"widths": (45,)}, r"wanted are two, \(37,\)"),
        ({"widths": (8, 37)}, "in this order"),
        ({"outputs": 3}, r"four logits a tune are \(6, 4\)"),
        ({"last": "softmax"}, "that is a softmax"),
        ({"deaf": True}, "another rhythm changes nothing"),
        ({"units": 8}, "It has .* numbers"),
        ({"activation": None}, "no bend"),
    ],
)
def test_slips_of_the_ears_are_named(changes, says):
    keras.utils.set_random_seed(0)
    result = check_two_ears(ears(**changes))
    assert not result
    assert re.search(says, result.message), result.message


@pytest.mark.parametrize("answer", [..., None, 5, keras.Sequential([keras.layers.Dense(4)])])
def test_strange_ears_get_a_readable_answer(answer):
    result = check_two_ears(answer)
    assert not result
    assert result.message


# ---- exercise 3 ----


def tune(style, number):
    """Four made-up styles that differ in their steps: 1, 3, 5 or 9 semitones, up and down."""
    step = (1, 3, 5, 9)[STYLES.index(style)]
    return Score.from_melody([60 + number % 5 + (step if i % 2 else 0) for i in range(12)], 24)


TRUTH = [style for style in STYLES for _ in range(10)]
TUNES = [tune(style, number) for number, style in enumerate(TRUTH)]


def by_step(tunes):
    return [STYLES[(1, 3, 5, 9).index(int(np.abs(np.diff(t.notes["pitch"].astype(int)))[0]))] for t in tunes]


SENTENCE = "It looks at the first step only, and that is enough for four made-up styles."


def test_a_good_listener_passes():
    result = check_style_listener(by_step, SENTENCE, TUNES, TRUTH)
    assert result
    assert "100.0%" in result.message


@pytest.mark.parametrize(
    ("listener", "sentence", "says"),
    [
        (lambda tunes: ["folk"] * len(tunes), SENTENCE, "calls every tune a folk"),
        (lambda tunes: [["folk", "chorale"][i % 2] for i in range(len(tunes))], SENTENCE, "alone than in company"),
        (lambda tunes: [STYLES[int(t.notes["pitch"][0]) % 4] for t in tunes], SENTENCE, "the same in every key"),
        (lambda tunes: [s if s in STYLES[:2] else "folk" for s in by_step(tunes)], SENTENCE, "50.0% are right; 72%"),
        (by_step, "votes", "at least eight words"),
        (by_step, ..., "at least eight words"),
        (lambda tunes: by_step(tunes)[:-1], SENTENCE, "returns 39 answers"),
        (lambda tunes: ["jazz"] * len(tunes), SENTENCE, "It says 'jazz'"),
        (lambda tunes: None, SENTENCE, "returns nothing yet"),
    ],
)
def test_slips_of_the_listener_are_named(listener, sentence, says):
    result = check_style_listener(listener, sentence, TUNES, TRUTH)
    assert not result
    assert re.search(says, result.message), result.message


def test_a_stub_is_no_attempt():
    result = check_style_listener(..., ..., TUNES, TRUTH)
    assert not result
    assert not result.hint


# ---- quiz ----


def test_every_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 6
    assert quiz_recap() is not None
