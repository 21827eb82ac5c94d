"""The checks of lesson 06: right answers pass, the usual slips are named."""

from __future__ import annotations

import re

import numpy as np
import pytest

from musegen_edu.checks import core
from musegen_edu.checks.lstm_and_gru import (
    BACH_PARALLELS,
    check_fifths,
    check_gru,
    check_setting,
    quiz_recap,
)
from musegen_edu.checks.lstm_quiz import QUESTIONS
from musegen_edu.datasets import load_dataset
from musegen_edu.letters import letters_to_score
from musegen_edu.metrics import voice_leading
from musegen_edu.quiet_keras import keras
from musegen_edu.score import stack
from musegen_edu.widgets.quiz import Choice


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def gru(x, h, w, u, b, slip=""):
    w_z, w_r, w_g = np.split(w, 3, axis=1)
    u_z, u_r, u_g = np.split(u, 3, axis=1)
    b_z, b_r, b_g = np.split(b, 3)
    z, r = sigmoid(x @ w_z + h @ u_z + b_z), sigmoid(x @ w_r + h @ u_r + b_r)
    if slip == "order":
        z, r = r, z
    old = {"after": r * (h @ u_g), "no reset": h @ u_g}.get(slip, (r * h) @ u_g)
    g = np.tanh(x @ w_g + old + b_g)
    new = (1 - z) * h + z * g if slip == "exchanged" else z * h + (1 - z) * g
    return {"tuple": (new,), "none": None, "flat": new.ravel(), "scaled": 1.01 * new}.get(slip, new)


def test_the_paper_s_gru_passes_and_is_keras_with_reset_after_off():
    assert check_gru(gru)
    rng = np.random.default_rng(0)
    layer = keras.layers.GRU(4, reset_after=False)
    layer.build((2, 1, 3))
    weights = [rng.normal(size=w.shape) for w in layer.get_weights()]
    layer.set_weights(weights)
    x = rng.normal(size=(2, 3))
    theirs = np.array(layer(x[:, None].astype("float32")))
    assert np.allclose(gru(x, np.zeros((2, 4)), *weights), theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("after", "Keras' own GRU"),
        ("exchanged", "exchanged: z keeps"),
        ("no reset", "not used"),
        ("order", "order in W"),
        ("tuple", "not a tuple"),
        ("none", "returns nothing"),
        ("flat", "shape"),
        ("scaled", "off by up to"),
    ],
)
def test_slips_in_the_gru_are_named(slip, says):
    result = check_gru(lambda x, h, w, u, b: gru(x, h, w, u, b, slip))
    assert not result
    assert re.search(says, result.message), result.message


def parallels(upper, lower, *, remainder=7, direction=True, moving=True):
    count = 0
    for i in range(1, len(upper)):
        moves = (upper[i] - upper[i - 1], lower[i] - lower[i - 1])
        both = all((upper[j] - lower[j]) % 12 == remainder for j in (i - 1, i))
        product = moves[0] * moves[1]
        count += both and (product > 0 or (not direction and product < 0) or (not moving and product == 0))
    return count


def test_right_count_of_fifths_passes():
    assert check_fifths(parallels)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ({"remainder": 0}, "you count 0, but there are 1"),
        ({"direction": False}, "you count 1, but there are 0"),
        ({"moving": False}, "nobody moves"),
    ],
)
def test_slips_in_counting_fifths_are_shown_with_their_notes(slip, says):
    result = check_fifths(lambda upper, lower: parallels(upper, lower, **slip))
    assert not result
    assert re.search(says, result.message), result.message


@pytest.mark.parametrize(("answer", "says"), [(None, "returns nothing"), (1.0, "whole number"), (True, "whole number")])
def test_odd_answers_are_named(answer, says):
    result = check_fifths(lambda upper, lower: answer)
    assert not result
    assert re.search(says, result.message), result.message


SOPRANO = letters_to_score("G4 A4 B4 A4 G4 F#4 G4:2", key="G major")
SENTENCE = "I would have chosen E minor in the second bar, for variety."


def setting(*lower, soprano):
    return stack([soprano, *(letters_to_score(line) for line in lower)]).replace(key="G major")


LONG = letters_to_score("G4 A4 B4 A4 G4 F#4 G4 G4", key="G major")
GOOD = ("D4 D4 D4 D4 E4 D4 D4 D4", "B3 A3 G3 A3 C4 A3 B3 B3", "G3 F#3 G3 F#3 C3 D3 G2 G2")


def test_a_good_setting_passes():
    result = check_setting(LONG, setting(*GOOD, soprano=LONG), SENTENCE)
    assert result, result.message


@pytest.mark.parametrize(
    ("soprano", "answer", "sentence", "says"),
    [
        (..., setting(*GOOD, soprano=LONG), SENTENCE, "three dots"),
        ("C D E", setting(*GOOD, soprano=LONG), SENTENCE, "should be Scores"),
        (SOPRANO, setting(*GOOD, soprano=LONG), SENTENCE, "7 notes; at least eight"),
        (LONG, LONG, SENTENCE, "1 part"),
        (LONG, setting(*GOOD, soprano=LONG.transpose(1)), SENTENCE, "note 1 is another"),
        (LONG, setting(GOOD[0], GOOD[1], "G1 F#3 G3 F#3 C3 D3 G2 G2", soprano=LONG), SENTENCE, "cannot sing"),
        (LONG, setting(GOOD[1], GOOD[0], GOOD[2], soprano=LONG), SENTENCE, "Voices cross"),
        (
            LONG,
            setting(GOOD[0], GOOD[1], "G2 A2 B2 A2 C3 D3 G2 G2", soprano=LONG),
            SENTENCE,
            "parallel",
        ),
        (LONG, setting(GOOD[0], GOOD[1], "G3 F#3 G3 F#3 C3 D3 G2 B2", soprano=LONG), SENTENCE, "bass ends on B2"),
        (LONG, setting(*GOOD, soprano=LONG), "Nice.", "Now the sentence"),
    ],
)
def test_what_is_missing_in_a_setting_is_named(soprano, answer, sentence, says):
    result = check_setting(soprano, answer, sentence)
    assert not result
    assert re.search(says, result.message), result.message


def test_the_rate_of_parallels_is_bach_s():
    assert voice_leading(load_dataset("chorales").train).parallels_per_100_changes == pytest.approx(
        BACH_PARALLELS, abs=0.01
    )


def test_each_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 6
    for question in QUESTIONS:
        choices = [Choice(*choice) for choice in question.choices]
        assert sum(choice.right for choice in choices) == 1
        assert all(len(choice.why) > 20 for choice in choices)
    assert quiz_recap().key == "06.recap"
