"""The checks of lesson 08: right answers pass, the usual slips are named, in music where it can be."""

from __future__ import annotations

import re

import numpy as np
import pytest

from musegen_edu.checks import core
from musegen_edu.checks.cnn_rnn import check_next_bars, check_side_by_side, check_two_thresholds, quiz_recap
from musegen_edu.checks.cnn_rnn_quiz import QUESTIONS
from musegen_edu.letters import letters_to_score
from musegen_edu.metrics import CorpusIndex
from musegen_edu.quiet_keras import keras
from musegen_edu.score import Score
from musegen_edu.widgets.quiz import Choice


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


# ---- side by side ----


def test_the_seam_passes_and_is_keras_reshape():
    def seam(maps):
        return maps.reshape(maps.shape[0], maps.shape[1], -1)

    assert check_side_by_side(seam)
    maps = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    theirs = keras.layers.TimeDistributed(keras.layers.Flatten())(maps)
    np.testing.assert_array_equal(seam(maps), np.asarray(theirs))


@pytest.mark.parametrize(
    ("seam", "says"),
    [
        (lambda maps: maps.reshape(maps.shape[0], -1, maps.shape[-1]), "laid into .time."),
        (lambda maps: maps.mean(axis=2), "averaged or thrown away"),
        (lambda maps: maps.max(axis=3), "averaged or thrown away"),
        (lambda maps: maps.reshape(len(maps), -1), "time has gone"),
        (lambda maps: maps, "wanted is"),
        (lambda maps: maps.transpose(0, 2, 3, 1).reshape(maps.shape[0], maps.shape[1], -1), "numbers of other frames"),
        (lambda maps: maps.transpose(0, 1, 3, 2).reshape(maps.shape[0], maps.shape[1], -1), "in another order"),
        (lambda maps: None, "returns nothing"),
        (lambda maps: maps.reshape(7, 7), "stopped with an error"),
        (np.zeros(3), "A function is wanted"),
    ],
)
def test_slips_at_the_seam_are_named(seam, says):
    result = check_side_by_side(seam)
    assert not result
    assert re.search(says, result.message), result.message


# ---- two thresholds ----


def latch(probabilities, on, off, *, slip=""):
    plays, tags = False, []
    for p in probabilities:
        if slip == "plain":
            plays = p > on
        elif slip == "low":
            plays = p >= off
        elif slip == "above off":
            plays = p > off if plays else p > on
        elif slip == "swapped":
            plays = p > on if plays else p >= off
        else:
            plays = p >= off if plays else p > on
        tags.append(float(p) if slip == "probabilities" else plays)
    return tags[1:] if slip == "short" else None if slip == "none" else tags


def test_the_last_hint_is_the_answer():
    check_two_thresholds(lambda p, on, off: [])
    hint = check_two_thresholds(lambda p, on, off: []).hint
    line = re.search("plays = .* else p > on", hint)
    assert line

    def by_the_hint(probabilities, on, off):
        here, tags = {"plays": False, "on": on, "off": off}, []
        for p in probabilities:
            exec(line.group(), here | {"p": p}, here)
            tags.append(here["plays"])
        return tags

    assert check_two_thresholds(by_the_hint)


def test_two_thresholds_pass():
    assert check_two_thresholds(latch)
    assert check_two_thresholds(lambda p, on, off: np.array(latch(p, on, off)).astype(int))


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("plain", "plain threshold"),
        ("low", "To begin, an instrument has to rise"),
        ("swapped", "at 0.05 s the instrument is silent until then, .* not above on, so it should stay silent"),
        ("above off", "plays already, and its probability is 0.50. That is at least off, so it should go on"),
        ("probabilities", "not a probability"),
        ("short", "one tag a frame"),
        ("none", "returns nothing"),
    ],
)
def test_slips_with_thresholds_are_named(slip, says):
    result = check_two_thresholds(lambda p, on, off: latch(p, on, off, slip=slip))
    assert not result
    assert re.search(says, result.message), result.message


# ---- next bars ----

START = letters_to_score("D4 F#4 A4 F#4 | G4 B4 A4:2 | E4 F#4 G4 A4", key="D major")
MORE = "D4 F#4 A4 F#4 | G4 B4 A4:2 | E4 F#4 G4 A4 | B4 A4 G4 F#4 | E4 D4 C#4 E4 | F#4 A4 G4 E4 | D4:4"
TUNE = letters_to_score(MORE, key="D major")
SENTENCE = "It kept my quarters and went down where I had gone up."
OLD = CorpusIndex([Score.from_melody([60, 67, 61, 66, 62, 65, 63, 64] * 3, 6)])


def test_a_good_tune_passes():
    result = check_next_bars(START, TUNE, SENTENCE, OLD)
    assert result, result.message
    assert "4 of them different" in result.message


@pytest.mark.parametrize(
    ("start", "tune", "sentence", "corpus", "says"),
    [
        (..., TUNE, SENTENCE, OLD, "three dots"),
        (START, "D4", SENTENCE, OLD, "should be Scores"),
        (START.slice_bars(1, 2), TUNE, SENTENCE, OLD, "2 bars; the network reads three"),
        (START, TUNE.replace(key=None), SENTENCE, OLD, "no key"),
        (START, TUNE.transpose(2), SENTENCE, OLD, "note 1 is another"),
        (START, START, SENTENCE, OLD, "There are 0 new bars"),
        (START, TUNE.slice_bars(1, 5), SENTENCE, OLD, "There are 2 new bars"),
        (
            START,
            START + START.slice_bars(3) + START.slice_bars(3) + START.slice_bars(3) + START.slice_bars(3),
            SENTENCE,
            OLD,
            "all the same",
        ),
        (
            START,
            START + TUNE.slice_bars(4, 7).transpose(1).replace(key="D major"),
            SENTENCE,
            OLD,
            "lie outside D major",
        ),
        (START, TUNE, SENTENCE, CorpusIndex([TUNE.transpose(5)]), "13 new notes in a row"),
        (START, TUNE, "Nice.", OLD, "Now the sentence"),
        (START, TUNE, ..., OLD, "Now the sentence"),
    ],
)
def test_what_is_missing_in_a_tune_is_named(start, tune, sentence, corpus, says):
    result = check_next_bars(start, tune, sentence, corpus)
    assert not result
    assert re.search(says, result.message), result.message


def test_each_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 6
    for question in QUESTIONS:
        choices = [Choice(*choice) for choice in question.choices]
        assert sum(choice.right for choice in choices) == 1
        assert all(len(choice.why) > 20 for choice in choices)
    assert quiz_recap().key == "08.recap"
