"""The checks of lesson 11: right answers pass, the usual slips are named; and the lesson's open players are the class's."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musegen_edu.authoring.source import read_lesson
from musegen_edu.checks import core
from musegen_edu.checks.hybrid_bands import check_band, check_weight, keys_that_suit_better
from musegen_edu.checks.hybrid_gans import check_cycle, check_tonal, quiz_recap
from musegen_edu.checks.hybrid_quiz import QUESTIONS
from musegen_edu.letters import letters_to_score
from musegen_edu.metrics import tonal_centroid
from musegen_edu.models.band_gan import BandGAN
from musegen_edu.score import DRUMS, Score, stack
from musegen_edu.tokens.band_codec import PARTS
from musegen_edu.widgets.quiz import Choice


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def gap(first, second):
    return np.linalg.norm(tonal_centroid(first) - tonal_centroid(second))


def points(radii=(1, 1, 0.5), steps=(7 / 6, 3 / 2, 2 / 3), turn=np.pi):
    angles = np.outer(steps, np.arange(12)) * turn
    radii = np.array(radii)[:, None]
    return np.concatenate([radii * np.sin(angles), radii * np.cos(angles)])


def gap_from(places, *, mean=True, square=False):
    def function(first, second):
        a, b = (places @ (w / w.sum() if mean else w) for w in (first, second))
        squares = ((a - b) ** 2).sum()
        return squares if square else np.sqrt(squares)

    return function


def test_the_right_tonal_distance_passes():
    for function in (gap, gap_from(points())):
        result = check_tonal(function)
        assert result, result.message
    assert "1.21" in result.message


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (gap_from(points(), mean=False), "a mean"),
        (gap_from(points(radii=(1, 1, 1))), "radius ½"),
        (gap_from(points(), square=True), "the root is missing"),
        (gap_from(points(turn=180)), "radians"),
        (gap_from(points(turn=1)), "lost their π"),
        (lambda a, b: np.abs(points() @ (a / a.sum() - b / b.sum())).sum(), "one by one"),
        (gap_from(points(radii=(0.5, 1, 1))), "belongs to the third circle"),
        (lambda a, b: np.linalg.norm(points() @ (a - b)) / 12, "sum of the weights, not by 12"),
        (lambda a, b: gap((a > 0) * 1.0, (b > 0) * 1.0), "HOW MUCH"),
        (lambda a, b: gap(a**2, b**2), "From C major to G major it is right"),
        (lambda a, b: 2 * gap(a, b), "C major to G major is 1.2"),
        (lambda a, b: abs(float(a @ np.arange(12) - b @ np.arange(12))), "No ear agrees|C major to G major"),
        (lambda a, b: 0.5, "distance 0 from itself"),
        (lambda a, b: None, "returns nothing"),
        (lambda a, b: a - b, "one number"),
        (lambda a, b: math.nan, "not a number"),
        (lambda a: 0.0, "argument"),
    ],
)
def test_slips_in_the_tonal_distance_are_named(function, says):
    result = check_tonal(function)
    assert not result
    assert re.search(says, result.message + result.excerpt), result.message


def cycle(a, b, to_b, to_a):
    return np.abs(to_a(to_b(a)) - a).mean() + np.abs(to_b(to_a(b)) - b).mean()


def test_the_right_cycle_loss_passes():
    result = check_cycle(cycle)
    assert result, result.message


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda a, b, to_b, to_a: np.abs(to_a(to_b(a)) - a).mean(), "style B must come home"),
        (lambda a, b, to_b, to_a: np.abs(to_b(a) - a).mean() + np.abs(to_a(b) - b).mean(), "what comes BACK"),
        (lambda a, b, to_b, to_a: cycle(a, b, to_b, to_a) + 1, "costs 0, not 1 "),
        (lambda a, b, to_b, to_a: np.sqrt(cycle(a, b, to_b, to_a)), "4 together. Yours is 2;"),
        (
            lambda a, b, to_b, to_a: abs(to_a(to_b(a)).mean() - a.mean()) + abs(to_b(to_a(b)).mean() - b.mean()),
            "in the mean",
        ),
        (lambda a, b, to_b, to_a: 8 * cycle(a, b, to_b, to_a), "semitones a NOTE"),
        (lambda a, b, to_b, to_a: (to_a(to_b(a)) - a).mean() + (to_b(to_a(b)) - b).mean(), "cancel"),
        (lambda a, b, to_b, to_a: ((to_a(to_b(a)) - a) ** 2).mean() + ((to_b(to_a(b)) - b) ** 2).mean(), "squared"),
        (lambda a, b, to_b, to_a: np.abs(to_a(to_b(a)) - a).sum() + np.abs(to_b(to_a(b)) - b).sum(), "sum over"),
        (lambda a, b, to_b, to_a: np.abs(to_b(to_a(a)) - a).mean() + np.abs(to_a(to_b(b)) - b).mean(), "go to B first"),
        (lambda a, b, to_b, to_a: cycle(a, b, to_b, to_a) / 2, "you have taken their mean"),
        (lambda a, b, to_b, to_a: ..., "returns nothing"),
    ],
)
def test_slips_in_the_cycle_loss_are_named(function, says):
    result = check_cycle(function)
    assert not result
    assert re.search(says, result.message), result.message


REAL = {"empty bars": 0.0, "pitch classes": 3.0, "held": 1.0}
FLOOR = {"empty bars": 0.02, "pitch classes": 0.1, "held": 0.0}
ROWS = {
    "rhythm 1": {"empty bars": 0.1, "pitch classes": 3.1, "held": 1.0},
    "harmony 1": {"empty bars": 0.0, "pitch classes": 3.2, "held": 1.0},
    "silent": {"empty bars": 0.0, "pitch classes": math.nan, "held": 1.0},
}


def strange(row, real, floor):
    gaps = [abs(row[m] - real[m]) / floor[m] for m in floor if floor[m] > 0]
    return math.inf if np.isnan(gaps).any() else np.mean(gaps)


def test_a_weight_chosen_by_measurement_passes():
    result = check_weight(strange, "harmony 1", ROWS, REAL, FLOOR)
    assert result, result.message


@pytest.mark.parametrize(
    ("function", "choice", "says"),
    [
        (strange, ..., "Now choose"),
        (strange, "rhythm 1", "another setting"),
        (strange, "silent", "another setting"),
        (strange, 2, "name of a setting"),
        (strange, ROWS["silent"], "It is of type dict"),
        (lambda r, real, f: np.mean([(r[m] - real[m]) / f[m] for m in f if f[m] > 0]), "", "without its sign"),
        (lambda r, real, f: np.mean([abs(r[m] - real[m]) for m in f]), "", "one unit"),
        (lambda r, real, f: sum(abs(r[m] - real[m]) / f[m] for m in f if f[m] > 0), "", "take their mean"),
        (lambda r, real, f: max(abs(r[m] - real[m]) / f[m] for m in f if f[m] > 0), "", "worst gap"),
        (lambda r, real, f: np.nanmean([abs(r[m] - real[m]) / f[m] for m in f if f[m] > 0]), "", "math.inf"),
        (lambda r, real, f: np.mean([abs(r[m] - real[m]) / f[m] for m in f if f[m] > 0]), "", "gives nan.*math.inf"),
        (lambda r, real, f: np.mean([np.divide(abs(r[m] - real[m]), f[m] or np.nan) for m in f]), "", "leave that"),
        (lambda r, real, f: 1.0 if r == real else 0.0, "", "strangeness 0"),
        (lambda r, real, f: 1.5 * strange(r, real, f), "", "2, 2 and 3 floors"),
    ],
)
def test_slips_in_the_choice_of_a_weight_are_named(function, choice, says):
    result = check_weight(function, choice, ROWS, REAL, FLOOR)
    assert not result
    assert re.search(says, result.message), result.message


TUNE = letters_to_score("G4 A4 B4 D5 | C5 B4 A4:2 | E4 G4 C5 B4 | A4 F#4 G4:2", key="G major", bpm=90)
CHORDS = ((55, 47, 43), (57, 50, 42), (60, 52, 48), (59, 50, 43))  # G, D7, C, G, a bar each


def band(tune=TUNE, semitones=0, kit=True, alto_bars=4):
    alto = Score.from_notes([(96 * bar, 96, CHORDS[bar][0] + semitones) for bar in range(alto_bars)])
    bass = Score.from_notes([(96 * bar, 96, CHORDS[bar][2] + semitones) for bar in range(4)])
    drums = Score.from_notes([(24 * beat, 24, 36) for beat in range(16 if kit else 4)], programs=(DRUMS,))
    return stack([tune, alto, bass, drums])


def test_a_band_for_a_tune_passes():
    result = check_band(TUNE, band())
    assert result, result.message
    assert "other key" in result.message


@pytest.mark.parametrize(
    ("tune", "played", "says"),
    [
        (..., band(), "my_tune is still three dots"),
        (TUNE, ..., "my_band is still three dots"),
        ("G A B", band(), "my_tune should be a Score"),
        (TUNE, [band()], "my_band should be a Score"),
        (band(), band(), "one melody"),
        (TUNE.replace(meter=(3, 4)), band(), "four bars of 4/4"),
        (letters_to_score("G4:4 A4:4"), band(), "at least 6"),
        (TUNE, band(TUNE.transpose(1)), "not in my_band note by note"),
        (TUNE, stack([TUNE, band().part(1)]), "1 voices and 0 drum parts"),
        (TUNE, band(alto_bars=1), "silent in 75%"),
        (TUNE, band(kit=False), "silent in 75%"),
        (TUNE, band(semitones=6), "play past it"),
    ],
)
def test_what_is_wrong_with_a_band_is_named(tune, played, says):
    result = check_band(tune, played)
    assert not result
    assert re.search(says, result.message), result.message


def test_the_key_of_a_band_is_heard_whatever_the_octave():
    here, there = (keys_that_suit_better(TUNE, band(semitones=k), [1, 2]) for k in (0, 12))
    assert here == there
    assert len(keys_that_suit_better(TUNE, band(semitones=6), [1, 2])) > len(here)


def test_the_lesson_s_open_players_have_the_shapes_of_the_class():
    lesson = Path(__file__).resolve().parents[1] / "notebooks" / "src" / "11_hybrid_gans.py"
    cells = {cell.id: "\n".join(cell.lines) for cell in read_lesson(lesson).cells}
    names: dict[str, Any] = {"PARTS": PARTS}
    for name in ("open-plan", "open-hear", "open-player", "open-band"):
        exec(cells[name], names)
    mine = names["open_band"](shared=4, bar=2, own=1, units=8)
    theirs = BandGAN(shared=4, bar=2, own=1, units=8, filters=4).generator
    shapes = [sorted(tuple(weight.shape) for weight in model.trainable_weights) for model in (mine, theirs)]
    assert shapes[0] == shapes[1]


def test_each_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 6
    for question in QUESTIONS:
        choices = [Choice(*choice) for choice in question.choices]
        assert sum(choice.right for choice in choices) == 1
        assert all(len(choice.why) > 20 for choice in choices)
    assert quiz_recap().key == "11.recap"
