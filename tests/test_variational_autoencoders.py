"""The checks of lesson 09: right answers pass, the usual slips are named; and the lesson's open model is the class's."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from musegen_edu.authoring.source import read_lesson
from musegen_edu.checks import core
from musegen_edu.checks.vae_quiz import QUESTIONS
from musegen_edu.checks.variational_autoencoders import (
    check_attribute,
    check_elbo,
    check_morph,
    held_out_windows,
    quiz_recap,
)
from musegen_edu.checks.walks import sixteenths
from musegen_edu.letters import letters_to_score
from musegen_edu.metrics import note_density
from musegen_edu.models.vae import MelodyVAE
from musegen_edu.quiet_keras import keras
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, HOLD, N_STEPS, N_SYMBOLS, FourBarCodec
from musegen_edu.widgets.quiz import Choice


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def terms(logits, bars, mean, log_variance, slip=""):
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    told = np.take_along_axis(log_p, bars[..., None], axis=-1)[..., 0]
    distortion = -told.mean(axis=1) if slip == "mean over steps" else -told.sum(axis=1)
    distortion = -distortion if slip == "negative" else distortion
    variance = np.exp(log_variance * {"deviation": 0.5, "squared": 2}.get(slip, 1))
    each = mean**2 + variance - 1 - log_variance
    rate = each.sum(axis=1) / 2
    if slip == "odd distortion":
        distortion = distortion + 0.1 * mean[:, 0] ** 2
    rate = {
        "sign": -rate,
        "half": 2 * rate,
        "mean over numbers": rate / mean.shape[1],
        "old sign": (1 + log_variance - mean**2 - variance).sum(axis=1) / 2,
        "odd": 1.1 * rate,
    }.get(slip, rate)
    odd = {"none": None, "one": distortion, "scalars": (distortion.mean(), rate.mean())}
    return odd.get(slip, (distortion, rate))


def test_the_right_loss_passes():
    assert check_elbo(terms)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("mean over steps", "8 ln 47.*mean over the eight steps"),
        ("negative", "8 ln 47.*turn the sign round"),
        ("squared", "square of the variance"),
        ("sign", "never costs less than nothing"),
        ("old sign", "never costs less than nothing"),
        ("deviation", "the variance"),
        ("half", "½"),
        ("mean over numbers", "add them up"),
        ("odd", "rate is off by"),
        ("odd distortion", "distortion is off by"),
        ("none", "returns nothing"),
        ("one", "two things"),
        ("scalars", "one number for each of the 2 bars"),
    ],
)
def test_slips_in_the_loss_are_named(slip, says):
    result = check_elbo(lambda logits, bars, mean, log_variance: terms(logits, bars, mean, log_variance, slip))
    assert not result
    assert re.search(says, result.message), result.message


class TwoNumbers:
    """A model whose code is the number of notes and their mean pitch."""

    codec = FourBarCodec()

    def encode(self, symbols):
        begins = symbols >= FIRST_PITCH
        n = begins.sum(axis=1)
        pitch = (symbols * begins).sum(axis=1) / n
        mean = np.stack([(n - 24) / 8, (pitch - 24) / 4], axis=1)
        return mean, np.zeros_like(mean)

    def decode(self, z):
        lines = np.full((len(z), N_STEPS), HOLD, np.int32)
        for line, (notes, height) in zip(lines, z, strict=True):
            places = np.linspace(0, N_STEPS - 1, int(np.clip(round(24 + 8 * notes), 1, N_STEPS))).astype(int)
            line[places] = int(np.clip(round(24 + 4 * height), FIRST_PITCH, N_SYMBOLS - 1))
        return lines


def height(score):
    return float(score.notes["pitch"].mean())


@cache
def turning_point():
    """A pitch that the tunes reach when they are pulled up by eight semitones."""
    return np.mean([height(score) for score in held_out_windows()]) + 8


def test_a_vector_that_pulls_passes():
    result = check_attribute(height, np.array([0.0, 0.7]), model=TwoNumbers())
    assert result, result.message
    assert "no model has seen" in result.message


@pytest.mark.parametrize(
    ("measure", "vector", "says"),
    [
        (..., [0, 1], "my_measure is still three dots"),
        (height, ..., "my_vector is still three dots"),
        (height, [0, -1], "wrong way"),
        (height, [1, 0], "should rise, and nowhere|wrong way|hardly"),
        (height, [0, 0], "all zeros"),
        (height, [0, 1, 0], "2 finite numbers"),
        (height, [0, 0.02], "hardly|should rise, and nowhere"),
        (note_density, [1, 0], "note density"),
        (lambda score: 1.0, [0, 1], "tell tunes apart"),
        (lambda score: "high", [0, 1], "one number.*'high'"),
        (lambda score: bool(len(score) > 20), [0, 1], "True and False are none"),
        (lambda score: score.notes["pitch"], [0, 1], "of type ndarray"),
        (lambda score: None, [0, 1], "returns nothing"),
        (lambda score: -abs(height(score) - turning_point()), [0, 2], "From −1 to 1 it does: a shorter vector"),
        (lambda score: score.no_such_thing, [0, 1], "stopped with an error"),
        ("height", [0, 1], "function is wanted"),
    ],
)
def test_what_is_wrong_with_a_vector_is_named(measure, vector, says):
    answer = vector if vector is ... else np.array(vector, float)
    result = check_attribute(measure, answer, model=TwoNumbers())
    assert not result
    assert re.search(says, result.message + result.excerpt), result.message


def test_a_vector_is_tried_on_many_held_out_tunes():
    scores = held_out_windows()
    assert len(scores) >= 60
    assert all(score.n_bars <= 4 for score in scores)


FIRST = letters_to_score(
    "D4 F#4 A4 F#4 | G4:1/2 F#4:1/2 E4 A3:2 | D4 F#4 A4 D5 | C#5:1/2 B4:1/2 A4 D4:2", key="D major"
)
LAST = letters_to_score("A4 B4:1/2 G4:1/2 A4 D4 | F#4 F#4 B4:2 | A4 G4 F#4 E4 | D4:4", key="D major")


def morph(steps=6, first=FIRST, last=LAST):
    codec = FourBarCodec()
    a, b = codec.encode(first), codec.encode(last)
    lines = [np.where(np.arange(64) < 64 * k // (steps - 1), b, a) for k in range(steps)]
    return [first, *(codec.decode(line, key="D major") for line in lines[1:-1]), last]


def test_a_walk_from_tune_to_tune_passes():
    result = check_morph(FIRST, LAST, morph())
    assert result, result.message


WALK = morph()


@pytest.mark.parametrize(
    ("first", "last", "steps", "says"),
    [
        (..., LAST, WALK, "my_first is still three dots"),
        (FIRST, "D E F", WALK, "my_last should be a Score"),
        (FIRST, LAST, ..., "my_morph is still three dots"),
        (FIRST, LAST, [FIRST, WALK[1:-1], LAST], "with a star"),
        (FIRST, LAST, FIRST, "It is one Score"),
        (FIRST, LAST, [FIRST, "x", LAST], "list of Scores"),
        (Score.from_melody([60] * 12, 24, meter=(3, 4)), LAST, WALK, "four bars of 4/4"),
        (Score.from_melody([60] * 40, 24), LAST, WALK, "10 bars of 4/4"),
        (letters_to_score("D4:4 E4:4 F4:4 G4:4"), LAST, WALK, "at least eight"),
        (FIRST, LAST, [FIRST, WALK[2], LAST], "at least 5"),
        (FIRST, FIRST, morph(last=FIRST), "less alike"),
        (FIRST, LAST, WALK[1:], "begin with your own tune"),
        (FIRST, LAST, [*WALK[:-1], WALK[-2]], "end with your own tune"),
        (FIRST, LAST, [FIRST, FIRST, FIRST, LAST, LAST], "Nothing happens"),
        (FIRST, LAST, [FIRST, *(step.transpose(-2) for step in WALK[1:-1]), LAST], "change at once.*2 semitones lower"),
        (FIRST, LAST, [FIRST, *WALK[-2:0:-1], LAST], "run the wrong way|change at once"),
        (FIRST, LAST, [FIRST, WALK[4], WALK[3], WALK[2], WALK[1], WALK[1], WALK[1], LAST], "run the wrong way"),
        (FIRST, LAST, [FIRST, *(2 * [WALK[4], WALK[1]]), WALK[4], WALK[1], LAST], "do not lead"),
    ],
)
def test_what_is_wrong_with_a_walk_is_named(first, last, steps, says):
    result = check_morph(first, last, steps)
    assert not result
    assert re.search(says, result.message), result.message


def test_the_lesson_s_open_model_has_the_shapes_of_the_class():
    lesson = Path(__file__).resolve().parents[1] / "notebooks" / "src" / "09_variational_autoencoders.py"
    cells = {cell.id: "\n".join(cell.lines) for cell in read_lesson(lesson).cells}
    names = {"keras": keras, "layers": keras.layers, "ops": keras.ops, "N_SYMBOLS": N_SYMBOLS}
    whole = cells["open-same"].split("\nsizes =")[0]  # what follows loads the trained model
    for source in (cells["vae-dice"], cells["open-encoder"], cells["open-decoder"], whole):
        exec(source, names)
    mine = names["open_vae"](latent=3, units=8, hidden=12, decoder_units=5)
    theirs = MelodyVAE(3, units=8, hidden=12, decoder_units=5)
    shapes = [sorted(tuple(weight.shape) for weight in model.trainable_weights) for model in (mine, theirs)]
    assert shapes[0] == shapes[1]


def test_sixteenths_tell_onsets_held_notes_and_silence():
    score = Score.from_notes([(0, 12, 60), (12, 6, 60), (372, 24, 62)])
    assert sixteenths(score)[[0, 1, 2, 3, 62, 63]].tolist() == [188, 60, 188, -1, 190, 62]


def test_each_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 6
    for question in QUESTIONS:
        choices = [Choice(*choice) for choice in question.choices]
        assert sum(choice.right for choice in choices) == 1
        assert all(len(choice.why) > 20 for choice in choices)
    assert quiz_recap().key == "09.recap"
