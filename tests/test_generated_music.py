"""The checks of lesson 01: right answers pass, the usual slips are named."""

from __future__ import annotations

import pytest

from musegen_edu.checks import core
from musegen_edu.checks.generated_music import check_column, check_honest_tune, check_share_copied, quiz_recap
from musegen_edu.score import Score, join

BARS = ["C5 E5 G5", "E5-F5 G5 E5", "G5 ~ E5", "C5 C5 C5", "E5 ~ ~", "G4-A4-B4 C5 ~"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def runs_of(tune, n, last=1):
    return [tuple(tune[i : i + n]) for i in range(len(tune) - n + last)]


def known_of(training, n):
    return {run for old in training for run in runs_of(old, n)}


def right(tune, training, n):
    runs = runs_of(tune, n)
    return sum(run in known_of(training, n) for run in runs) / len(runs) if runs else 0.0


def percent(tune, training, n):
    return 100 * right(tune, training, n)


def novelty(tune, training, n):
    return 1 - right(tune, training, n)


def number(tune, training, n):
    return sum(run in known_of(training, n) for run in runs_of(tune, n))


def divided_by_notes(tune, training, n):
    return number(tune, training, n) / len(tune)


def last_run_missing(tune, training, n):
    runs = runs_of(tune, n, last=0)
    return sum(run in known_of(training, n) for run in runs) / len(runs) if runs else 0.0


def runs_in_a_set(tune, training, n):
    runs = set(runs_of(tune, n))
    return sum(run in known_of(training, n) for run in runs) / len(runs) if runs else 0.0


def across_tunes(tune, training, n):
    joined = [note for old in training for note in old]
    runs = runs_of(tune, n)
    return sum(run in set(runs_of(joined, n)) for run in runs) / len(runs) if runs else 0.0


def pitches_only(tune, training, n):
    return right([pitch for pitch, _ in tune], [[pitch for pitch, _ in old] for old in training], n)


def no_guard(tune, training, n):
    runs = runs_of(tune, n)
    return sum(run in known_of(training, n) for run in runs) / len(runs)


def stub(tune, training, n):
    """Nothing yet."""


def test_share_copied_passes():
    assert check_share_copied(right)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (percent, "per cent"),
        (novelty, "the other way round"),
        (number, "Divide by how many runs"),
        (divided_by_notes, "Divide by the number of runs"),
        (last_run_missing, "The last run is missing"),
        (runs_in_a_set, "not in a set"),
        (across_tunes, "end in the next"),
        (pitches_only, "same pitches, other rhythm"),
        (no_guard, "ZeroDivisionError"),
        (stub, "returns nothing yet"),
        (lambda tune, training, n: "0.5", "a number from 0.0 to 1.0"),
        (0.5, "A function is wanted"),
    ],
)
def test_share_copied_names_the_slip(slip, said):
    result = check_share_copied(slip)
    assert not result and said in f"{result} {result.excerpt}"


def test_column_passes():
    assert check_column(BARS)


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        (BARS[:5], "5 bars"),
        ("C5 E5 G5", "list of six bars"),
        ([*BARS[:5], "C5 E5"], "has 2 beats"),
        ([*BARS[:5], "~ C5 E5"], "no note before it"),
        ([*BARS[:5], "C5 H5 G5"], '"H5" is not a note'),
        ([*BARS[:5], "F5 E5 D5"], "begins on F5"),
        ([*BARS[:5], "C5 E5 G8"], "far from the rest"),
        ([*BARS[:5], "C5-D5-E5-F5-G5 C5 C5"], "into 5 notes"),
        ([*BARS[:5], 60], "as text"),
        ([*BARS[:5], BARS[0]], "are the same"),
        (None, "NoneType"),
    ],
)
def test_column_says_what_is_wrong(bars, said):
    result = check_column(bars)
    assert not result and said in str(result)


SENTENCE = "I changed the judging: only tunes that copy little are kept."
OLD = Score.from_melody([60, 62, 64, 65, 67, 69, 71, 72] * 8, 12, key="C major")
NEW = Score.from_melody([60, 64, 62, 65, 64, 67, 65, 69] * 8, 12, key="C major")


def test_honest_tune_passes():
    assert check_honest_tune(NEW, SENTENCE, [OLD])


@pytest.mark.parametrize(
    ("tune", "sentence", "said"),
    [
        (OLD, SENTENCE, "in a row"),
        (OLD.transpose(5), SENTENCE, "in a row"),  # another key is no disguise
        (NEW.slice_bars(1, 2), SENTENCE, "has 2 bars"),
        (join([NEW] * 5), SENTENCE, "8 to 32"),
        (NEW, "nice", "at least eight words"),
        (NEW, "It is a very nice tune that I like", "five steps"),
        (NEW, ..., "at least eight words"),
        ([60, 62], SENTENCE, "should be a Score"),
        (..., SENTENCE, "three dots"),
    ],
)
def test_honest_tune_says_what_is_wrong(tune, sentence, said):
    result = check_honest_tune(tune, sentence, [OLD])
    assert not result and said in str(result)


def test_quiz_has_one_explanation_a_choice():
    assert all(choice.why for question in quiz_recap().asked for choice in question.choices)
    assert len(quiz_recap().asked) == 6
