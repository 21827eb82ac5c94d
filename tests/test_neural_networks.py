"""The checks of lesson 03: right answers pass, the usual slips are named; and the network that they are about."""

from __future__ import annotations

import re

import numpy as np
import pytest

from musegen_edu.checks import core
from musegen_edu.checks.neural_networks import (
    QUESTIONS,
    _pure_triads,
    check_chord_kinds,
    check_listener,
    check_relu_gradients,
    quiz_recap,
)
from musegen_edu.plots.networks import FAMILIES, plot_network_families

STEPS = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def relu_gradients(w1, b1, w2, b2, x, y, *, slip=""):
    z = x @ w1 + b1
    h = np.maximum(0, z)
    p = 1 / (1 + np.exp(-(h @ w2 + b2)))
    delta = (y - p if slip == "sign" else p - y) / (1 if slip == "sum" else len(x))
    if slip == "sigmoid":
        delta = delta * p * (1 - p)
    slope = {"none": np.ones_like(z), "tanh": 1 - h**2, "h": h}.get(slip, z > 0)
    hidden = (delta @ w2.T) * slope
    db1 = hidden if slip == "rows" else hidden.sum(axis=0)
    return x.T @ hidden, db1, (z if slip == "z" else h).T @ delta, delta.sum(axis=0)


def test_right_gradients_pass():
    result = check_relu_gradients(relu_gradients)
    assert result
    assert "finite differences" in result.message


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("sign", "dW2 .*turned round"),
        ("sum", "dW2 .*24 times too large"),
        ("sigmoid", "dW2 .*sigmoid is in there twice"),
        ("z", "dW2 .*You used z"),
        ("none", r"dW1 .*Multiply by \(z > 0\)"),
        ("tanh", "dW1 .*slope of tanh"),
        ("h", "dW1 .*You multiplied by h"),
        ("rows", r"db1 has shape \(24, 5\).*Sum over the chords"),
    ],
)
def test_slips_in_gradients_are_named(slip, says):
    result = check_relu_gradients(lambda *args: relu_gradients(*args, slip=slip))
    assert not result
    assert re.search(says, result.message), result.message


def test_gradients_of_odd_kinds():
    assert "returns nothing yet" in check_relu_gradients(lambda *args: None).message
    assert "four arrays" in check_relu_gradients(lambda *args: (1, 2)).message
    assert "three dots" in check_relu_gradients(...).message
    first, second = (check_relu_gradients(lambda *args: (1, 2)).hint for _ in range(2))
    assert second.startswith("For the hidden layer")
    assert first
    assert check_relu_gradients(lambda *args: None).hint == ""  # not begun


def any_triad(root, kind, inversion=0):
    pitches = [root, root + STEPS[kind][0], root + STEPS[kind][1]]
    for _ in range(inversion):
        pitches = [*pitches[1:], pitches[0] + 12]
    return pitches


def test_four_kinds_of_chord_pass():
    assert check_chord_kinds(any_triad)
    assert check_chord_kinds(lambda *args: np.array(any_triad(*args)))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda root, kind, inversion: None, "returns nothing yet"),
        (lambda root, kind, inversion: [root, root + 4], "has 2 notes"),
        (lambda root, kind, inversion: any_triad(root, "minor" if kind == "diminished" else kind, inversion), "holds G; C diminished is C Eb F#. What you return is a minor triad"),
        (lambda root, kind, inversion: any_triad(root, kind, 0), "In inversion 1 the lowest note is 64"),
        (lambda root, kind, inversion: any_triad(root, kind, inversion)[::-1], "from low to high"),
        (lambda root, kind, inversion: [root, root + 12, root + STEPS[kind][0] + 12], "comes twice"),
        (lambda root, kind, inversion: [root, root + 4, root + 7][kind], "stopped with an error"),
    ],
)  # fmt: skip
def test_wrong_chords_are_explained(function, says):
    result = check_chord_kinds(function)
    assert not result
    assert says in result.message, result.message


def perfect(chroma):
    pure, kinds = _pure_triads()
    return kinds[(chroma @ pure.T).argmax(axis=1)]


SENTENCE = "I compared with all templates, and it got every key right."


def test_a_good_listener_passes():
    x, y = _pure_triads()
    assert check_listener(perfect, SENTENCE, x, y)
    assert check_listener(lambda chroma: perfect(chroma)[:, 0], SENTENCE, x, y)


@pytest.mark.parametrize(
    ("listener", "sentence", "says"),
    [
        (lambda chroma: np.ones((len(chroma), 1)), SENTENCE, "calls every chord major"),
        (lambda chroma: np.zeros((len(chroma), 1)), SENTENCE, "calls every chord minor"),
        (lambda chroma: 0.8 * perfect(chroma) / len(chroma) ** 0.1, SENTENCE, "another answer alone than in company"),
        (lambda chroma: 5 * perfect(chroma), SENTENCE, "outside 0 to 1"),
        (lambda chroma: perfect(chroma).ravel()[:3], SENTENCE, "returns shape (3,)"),
        (lambda chroma: 1 - perfect(chroma), SENTENCE, "0.0% of the chords"),
        (lambda chroma: perfect(chroma) * (chroma[:, :1] == 0), SENTENCE, "95 % are wanted"),
        (lambda chroma: None, SENTENCE, "returns nothing yet"),
        (perfect, "better", "Now the sentence"),
    ],
)
def test_bad_listeners_are_told_why(listener, sentence, says):
    x, y = _pure_triads()
    result = check_listener(listener, sentence, x, y)
    assert not result
    assert says in result.message, result.message


def test_a_listener_that_knows_one_key_only():
    pure, kinds = _pure_triads()
    rows = [0, 12] * 10  # C minor and C major

    def deaf_to_other_keys(chroma):
        return perfect(chroma) * (chroma[:, :1] > 0) * (chroma[:, 7:8] > 0)

    result = check_listener(deaf_to_other_keys, SENTENCE, pure[rows], kinds[rows])
    assert "Does it know every key?" in result.message


def test_no_note_speaks_for_major():
    pure, kinds = _pure_triads()
    major, minor = pure[kinds[:, 0] == 1].sum(axis=0), pure[kinds[:, 0] == 0].sum(axis=0)
    assert major.tolist() == minor.tolist() == [3.0] * 12


def test_every_choice_of_the_quiz_is_explained():
    assert len(QUESTIONS) == 6
    assert quiz_recap().key == "03.recap"
    assert "$" not in quiz_recap().static_html()


def test_families_are_drawn():
    axes = plot_network_families()
    assert [ax.get_title(loc="left") for ax in axes] == list(FAMILIES)
    assert all(len(ax.lines) > 10 for ax in axes)
