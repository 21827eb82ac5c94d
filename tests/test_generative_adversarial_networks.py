"""The checks of lesson 10: right answers pass, the usual slips are named; and the lesson's open models are the classes'."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from musegen_edu.authoring.source import read_lesson
from musegen_edu.checks import core
from musegen_edu.checks.adversarial_step import MISTAKES, OneStep, game_loss, mistakes_behind
from musegen_edu.checks.forged_music import groove_centres
from musegen_edu.checks.gan_quiz import QUESTIONS
from musegen_edu.checks.generative_adversarial_networks import (
    check_album,
    check_doubt,
    check_groove,
    check_mend,
    check_rhythms,
    quiz_recap,
)
from musegen_edu.four_bars import folk_windows
from musegen_edu.metrics import scale_consistency
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import N_STEPS, FourBarCodec
from musegen_edu.widgets.quiz import Choice

ops = keras.ops


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def softplus(a):
    return np.logaddexp(0, a)


def judge_loss(real, forged, s, slip=""):
    if slip == "unstable":
        right, wrong, caught = (np.log(1 + np.exp(d)).mean() for d in (-real, real, forged))
        return float((1 - s) * right + s * wrong + caught)
    if slip == "swapped":
        real, forged = forged, real
    if slip == "signs":
        real, forged = -real, -forged
    if slip == "weights":
        s = 1 - s
    right, wrong, caught = softplus(-real).mean(), softplus(real).mean(), softplus(forged).mean()
    if slip == "both sides":
        return (1 - s) * (right + caught) + s * (wrong + softplus(-forged).mean())
    if slip == "no smoothing":
        s = 0.0
    loss = (1 - s) * right + s * wrong + caught
    if slip == "one term":
        return loss - s * wrong
    if slip == "sum":
        return len(real) * (loss - caught) + len(forged) * caught
    if slip == "on the forged":
        return (1 - s) * right + s * caught
    odd = {"value": -loss, "half": loss / 2, "odd": 1.1 * loss, "none": None, "many": real}
    return odd.get(slip, loss)


def best_judge(p, q, s, slip=""):
    return {
        "forged": q / (p + q),
        "no doubt": p / (p + q),
        "nearly": (1 - s) * p / ((1 - s) * p + q),
        "odd": p / (p + q) ** 2 / 9,
        "none": None,
        "scalar": 0.5,
    }.get(slip, (1 - s) * p / (p + q))


def test_the_right_doubt_passes():
    result = check_doubt(judge_loss, best_judge)
    assert result, result.message


@pytest.mark.parametrize(
    ("loss_slip", "judge_slip", "says"),
    [
        ("value", "", "turn the sign round"),
        ("swapped", "", "changed places"),
        ("half", "", "added, not averaged"),
        ("sum", "", "1.386.*not a sum"),
        ("signs", "", "changed places"),
        ("weights", "", "s and 1 − s have changed places"),
        ("one term", "", "that term is missing"),
        ("on the forged", "", "forged scores count in full"),
        ("no smoothing", "", "changes nothing yet"),
        ("both sides", "", "one-sided"),
        ("odd", "", r"yours is 1\.525\.$"),
        ("unstable", "", "too large for the computer"),
        ("none", "", "judge_loss returns nothing yet"),
        ("many", "", "one number"),
        ("", "forged", "turn p and q round"),
        ("", "no doubt", "pays for being sure"),
        ("", "nearly", "below the line"),
        ("", "odd", "another one pays"),
        ("", "none", "best_judge returns nothing"),
        ("", "scalar", "one probability for each"),
    ],
)
def test_slips_of_a_judge_in_doubt_are_named(loss_slip, judge_slip, says):
    result = check_doubt(
        lambda real, forged, s: judge_loss(real, forged, s, loss_slip), lambda p, q, s: best_judge(p, q, s, judge_slip)
    )
    assert not result
    assert re.search(says, result.message), result.message


def rhythms(symbols, slip=""):
    bars = symbols.reshape(-1, 16)
    begins = {"pitches": bars, "rests": bars != 1, "no bars": symbols >= 3}.get(slip, bars >= 3)
    counts = np.unique(begins, axis=0, return_counts=True)[1]
    n = len(counts) if slip == "all" else int((counts >= 0.01 * counts.sum()).sum())
    share = counts.max() / counts.sum()
    odd = {
        "none": None,
        "one": n,
        "share": (n, share / 2),
        "percent": (n, 100 * share),
        "order": (share, n),
        "tunes": (1, 1.0),
    }
    return odd.get(slip, (n, share))


def test_the_right_count_passes():
    result = check_rhythms(rhythms)
    assert result, result.message


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("none", "returns nothing"),
        ("one", "two numbers"),
        ("pitches", "2 with a share|ONE rhythm|only know one"),
        ("rests", "2 rhythms"),
        ("all", "an accident"),
        ("share", "it has all the bars"),
        ("tunes", "take turns"),
        ("no bars", "belongs to a bar"),
        ("percent", "between 0 and 1"),
        ("order", "The number of rhythms comes first"),
    ],
)
def test_slips_in_counting_are_named(slip, says):
    result = check_rhythms(lambda symbols: rhythms(symbols, slip))
    assert not result
    assert re.search(says, result.message), result.message


def test_the_right_game_passes():
    result = check_mend(game_loss)
    assert result, result.message


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_in_the_game_is_named(mistake):
    flags = frozenset([mistake])
    result = check_mend(lambda judge, fixed, real, forged: game_loss(judge, fixed, real, forged, flags))
    assert not result
    assert result.message == MISTAKES[mistake]


def test_the_lesson_s_broken_game_has_three_mistakes():
    lesson = {cell.id: "\n".join(cell.lines) for cell in lesson_cells()}
    names = {"ops": ops}
    exec(lesson["exercise-mend-given"], names)
    assert set(mistakes_behind(OneStep(), OneStep().move(names["broken_loss"]))) == {"swapped", "leaks", "tampers"}
    result = check_mend(names["broken_loss"])
    assert not result and result.message.startswith("3 things are wrong")


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (lambda judge, fixed, real, forged: None, "returns nothing"),
        (lambda judge, fixed, real, forged: judge(real), "one number"),
        (lambda judge, fixed, real, forged: ops.mean(judge(real) - fixed(forged)), "not where its own loss"),
        (lambda judge, fixed, real, forged: game_loss(fixed, fixed, real, forged), "The judge does not move at all"),
        (
            lambda judge, fixed, real, forged: game_loss(judge, fixed, real, forged) / 2,
            "generator moves 0.5 times.*judge moves 0.5",
        ),
        (lambda judge, fixed, real, forged: (fixed(real), fixed(forged)), "of type tuple"),
        (lambda judge, fixed, real, forged: judge.no_such_thing, "stopped with an error"),
        (..., "three dots"),
    ],
)
def test_other_losses_are_told_off(loss, says):
    result = check_mend(loss)
    assert not result
    assert re.search(says, result.message), result.message


GROOVE = {0: 1.0, 3: 0.7, 6: 0.7, 10: 0.8, 12: 0.7}


class Forger:
    """Strikes some strokes of the groove, with a given spread."""

    def __init__(self, places=tuple(GROOVE), spread=0.06, shape=None):
        self.centres = groove_centres({place: GROOVE[place] for place in places})
        self.spread, self.shape = spread, shape

    def generate(self, n, *, seed=0):
        rng = np.random.default_rng(seed)
        points = self.centres[rng.integers(0, len(self.centres), n)] + self.spread * rng.normal(size=(n, 2))
        return points if self.shape is None else points[:, :1]


def test_a_forged_groove_passes():
    result = check_groove(GROOVE, Forger())
    assert result, result.message


@pytest.mark.parametrize(
    ("groove", "pair", "says"),
    [
        (..., Forger(), "my_groove is still three dots"),
        (GROOVE, ..., "my_pair is still three dots"),
        ([0, 4, 8], Forger(), "should be a dict"),
        ({0: 1.0, 16: 0.5, 3: 1.0}, Forger(), "no sixteenth 16"),
        ([0, 4, 8], ..., "should be a dict"),
        ({0: 1.0, 8: 0.5}, Forger(), "2 strokes"),
        ({0: 1.0, 4: 1.0, 8: 1.0}, Forger(), "An accent"),
        ({0: 1.0, 4: 0.2, 8: 1.0}, Forger(), "from 0.2 to 1"),
        (GROOVE, object(), "AdversarialPair"),
        (GROOVE, keras.callbacks.History(), "keep the pair"),
        (GROOVE, Forger(shape=1), "points on the clock"),
        (GROOVE, Forger(places=(0, 6)), "3 of 5 strokes are missing.*beat 1 and three sixteenths"),
        (GROOVE, Forger(spread=0.4), "missing|clean"),
    ],
)
def test_what_is_wrong_with_a_groove_is_named(groove, pair, says):
    result = check_groove(groove, pair)
    assert not result
    assert re.search(says, result.message), result.message


@pytest.fixture(scope="module")
def forgeries():
    """Tunes that stand in no book: the notes of held-out ones, backwards."""
    codec, windows = FourBarCodec(), folk_windows("valid")
    return [codec.decode(np.where(row[::-1] == 1, 1, row[::-1])) for row in windows.symbols[:80]]


def taste(tune):
    """In one scale, and in small steps."""
    pitches = tune.notes["pitch"].astype(int)
    return scale_consistency(tune) + (np.abs(np.diff(pitches)) <= 4).mean() if len(pitches) > 1 else 0.0


def best_of(tunes, n=6):
    return sorted(tunes, key=taste)[-n:]


def test_an_album_by_one_s_own_taste_passes(forgeries):
    result = check_album(taste, forgeries, [tune.replace(title="Mine") for tune in best_of(forgeries)])
    assert result, result.message


def test_what_is_wrong_with_an_album_is_named(forgeries):
    train = folk_windows("train")
    copies = [train.score(place) for place in range(0, 6000, 100)]
    noise = [FourBarCodec().decode(row) for row in np.random.default_rng(0).integers(1, 47, (60, N_STEPS))]
    best = best_of(forgeries)
    for album, says in (
        ((..., forgeries, best), "my_taste is still three dots"),
        ((taste, forgeries, ...), "my_album is still three dots"),
        ((taste, forgeries, ["a"] * 6), "list of Scores"),
        ((taste, forgeries, best[0]), "is one Score"),
        ((taste, forgeries, best[:3]), "At least 6 tunes"),
        ((lambda tune: None, forgeries, best), "returns nothing yet"),
        ((lambda tune: tune.notes["pitch"], forgeries, best), "of type ndarray"),
        ((lambda tune: float("nan"), forgeries, best), "gives nan for a tune of [0-9]+ notes"),
        ((taste, forgeries, [*best[:5], noise[0]]), "not among the candidates"),
        ((lambda tune: 1.0, forgeries, best), "tell tunes apart"),
        ((lambda tune: "good", forgeries, best), "one number"),
        ((lambda tune: -taste(tune), forgeries, best), "upside down"),
        ((taste, forgeries, sorted(forgeries, key=taste)[:6]), "better candidates"),
        ((taste, forgeries, [best[-1]] * 6), "are the same"),
        ((taste, copies, best_of(copies)), "that is a copy|repeats"),
    ):
        result = check_album(*album)
        assert not result, says
        assert re.search(says, result.message), result.message


def lesson_cells():
    lesson = Path(__file__).resolve().parents[1] / "notebooks" / "src" / "10_generative_adversarial_networks.py"
    return read_lesson(lesson).cells


def test_each_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 7
    for question in QUESTIONS:
        choices = [Choice(*choice) for choice in question.choices]
        assert sum(choice.right for choice in choices) == 1
        assert all(len(choice.why) > 20 for choice in choices)
    assert quiz_recap().key == "10.recap"
