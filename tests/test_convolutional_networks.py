"""The checks of lesson 07: right answers pass, the usual slips are named; and the lesson's networks are those of the package."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from musegen_edu.checks import core
from musegen_edu.checks.convolutional_networks import check_depth, check_hole, check_motif, quiz_recap
from musegen_edu.checks.convolutional_quiz import QUESTIONS
from musegen_edu.datasets import load_dataset
from musegen_edu.inpainting import score_to_grid
from musegen_edu.models.convolutional import ChoraleInpainter, GridPictures
from musegen_edu.models.instruments import InstrumentCNN
from musegen_edu.models.wavenet import WaveNet
from musegen_edu.note_crops import RecordedNotes
from musegen_edu.quiet_keras import keras
from musegen_edu.widgets.quiz import Choice


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


# ---- exercise 1 ----


def find_motif(roll, motif, *, slip=""):
    steps, semitones = np.array(motif).T
    lowest = 0 if slip == "wraps" else semitones.min()
    if slip == "transposed only":
        roll = np.where(np.arange(128) >= 60, roll, 0)
    kernel = np.zeros((steps.max() + 1, semitones.max() - semitones.min() + 1))
    kernel[steps, semitones - lowest] = 1
    seen = np.lib.stride_tricks.sliding_window_view(roll, kernel.shape)
    lit = np.tensordot(seen, kernel, axes=2)
    enough = len(motif) - (slip == "near")
    at = 0 if slip in ("lowest", "wraps") else -lowest
    if slip == "upwards" and semitones.min() < 0:
        return []
    found = [(int(step), int(low + at)) for step, low in np.argwhere(lit >= enough)]
    turned = [(pitch, step) for step, pitch in found]
    return {"none": None, "map": lit, "one": found[:1], "turned": turned, "nowhere": []}.get(slip, found)


def test_the_right_kernel_passes():
    result = check_motif(find_motif)
    assert result, result.message
    assert "canon" in result.message


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("none", "returns nothing"),
        ("map", "list of pairs.*shape"),
        ("turned", r"The motif alone, on C4: you return \(pitch, step\)"),
        ("nowhere", "Is the kernel turned as the roll is"),
        ("upwards", r"kernel\[0, -4\] from the right"),
        ("near", "it is not there. Only places where all 4"),
        ("one", "is not found"),
        ("transposed only", "step 20 on C3 is not found"),
        ("lowest", "report the lowest note"),
        ("wraps", "G4"),
    ],
)
def test_slips_in_the_motif_are_named(slip, says):
    result = check_motif(lambda roll, motif: find_motif(roll, motif, slip=slip))
    assert not result
    assert re.search(says, result.message), result.message


# ---- exercise 2 ----


def layers_to_hear(pitch, sample_rate, kernel=2, *, slip=""):
    period = sample_rate / (440 * 2 ** ((pitch - 69) / 12))
    period = {"seconds": period / sample_rate, "upside down": sample_rate / (440 * 2 ** ((69 - pitch) / 12))}.get(
        slip, period
    )
    if slip == "kernel":
        kernel = 2
    field, n_layers = 1, 0
    while field < period:
        field += (kernel - 1) * {"plain": 1, "powers": kernel**n_layers, "late": 2 ** (n_layers + 1)}.get(
            slip, 2**n_layers
        )
        n_layers += 1
    n_layers += {"one more": 1, "one less": -1}.get(slip, 0)
    return {"none": None, "float": float(n_layers)}.get(slip, n_layers)


def test_the_right_depth_passes():
    assert check_depth(layers_to_hear)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("none", "returns nothing"),
        ("float", "whole number"),
        ("plain", "as if the dilation stayed at 1"),
        ("kernel", "do you use `kernel`"),
        ("one more", "which is enough"),
        ("one less", "of one wave"),
        ("powers", "if the dilations were 1, 3, 9"),
        ("late", "the first layer had the dilation 2"),
        ("upside down", "HIGHER frequency"),
        ("seconds", "Is your period in seconds"),
    ],
)
def test_slips_in_the_depth_are_named(slip, says):
    result = check_depth(lambda *args: layers_to_hear(*args, slip=slip))
    assert not result
    assert re.search(says, result.message), result.message


# ---- exercise 3 ----

PIECE = next(piece for piece in load_dataset("chorales").test if piece.meter == (4, 4) and piece.n_bars <= 10)
N_STEPS = -(-PIECE.duration // 6)
HOLE = np.zeros((4, N_STEPS), bool)
HOLE[1, 16:48] = True
SENTENCE = "In the second bar my alto leaps where that of Bach walks."


def changed(*, voice=1, first=16, last=48, by=2):
    """The chorale with the notes of a voice that begin between two sixteenths moved, but none that reach out of that place."""
    notes = PIECE.notes.copy()
    ends = notes["onset"] + notes["duration"]
    rows = (notes["part"] == voice) & (notes["onset"] >= 6 * first) & (ends <= 6 * last)
    assert rows.any()
    notes["pitch"][rows] += by
    return PIECE.replace(notes=notes)


def test_a_filled_hole_passes():
    result = check_hole(PIECE, HOLE, changed(last=24, by=-2), SENTENCE)
    assert result, result.message
    assert "Untouched around the hole" in result.message


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ((..., HOLE, PIECE, SENTENCE), "my_original is still empty"),
        ((PIECE, HOLE, "music", SENTENCE), "should be Scores"),
        ((PIECE, HOLE, PIECE.part(0), SENTENCE), "my_chorale has 1 parts"),
        ((PIECE, HOLE.astype(int), changed(), SENTENCE), "array of True and False"),
        ((PIECE, HOLE[:, :-1], changed(), SENTENCE), "it should be \\(4,"),
        ((PIECE, np.zeros_like(HOLE), changed(), SENTENCE), "Only 0 sixteenths"),
        ((PIECE, np.ones_like(HOLE), changed(), SENTENCE), "Everything is erased"),
        ((PIECE, HOLE, PIECE.slice_bars(1, 4), SENTENCE), "lasts"),
        ((PIECE, HOLE, changed(voice=2), SENTENCE), "Around the hole something has changed: the tenor"),
        ((PIECE, HOLE, PIECE, SENTENCE), "as it was before"),
        ((PIECE, HOLE, changed(by=-24), SENTENCE), "cannot sing"),
        ((PIECE, HOLE, changed(last=24, by=-2), "Nice."), "Now the sentence"),
    ],
)
def test_slips_in_the_hole_are_named(answers, says):
    result = check_hole(*answers)
    assert not result
    assert re.search(says, result.message), result.message


def test_parallels_in_the_hole_are_counted():
    notes = PIECE.notes.copy()
    alto = notes[notes["part"] == 2].copy()  # in unison with the tenor
    alto["part"], alto["pitch"] = 1, np.maximum(alto["pitch"], 53)
    whole = np.concatenate([notes[notes["part"] != 1], alto])
    hole = np.zeros((4, N_STEPS), bool)
    hole[1] = True
    result = check_hole(PIECE, hole, PIECE.replace(notes=whole), SENTENCE)
    assert not result
    assert "parallel fifths or octaves" in result.message


# ---- quiz, and the networks of the lesson ----


def test_each_choice_of_the_quiz_has_its_reason():
    assert len(QUESTIONS) == 6
    for question in QUESTIONS:
        choices = [Choice(*choice) for choice in question.choices]
        assert sum(choice.right for choice in choices) == 1
        assert all(len(choice.why) > 20 for choice in choices)
    assert quiz_recap().key == "07.recap"


def cell(identifier):
    """The source of one cell of the lesson, as it stands there."""
    text = (Path(__file__).parents[1] / "notebooks" / "src" / "07_convolutional_networks.py").read_text("utf-8")
    return re.split(r"(?m)^# %%.*$", text.split(f'# %% id="{identifier}"\n', 1)[1])[0]


def shapes(model):
    return [tuple(weight.shape) for weight in model.weights]


def test_the_lesson_s_classifier_is_instrument_cnn():
    names = {"keras": keras, "layers": keras.layers}
    exec(cell("cnn-build"), names)
    assert shapes(names["build_cnn"]()) == shapes(InstrumentCNN(filters=(16, 32, 48)))


def test_the_lesson_s_inpainter_is_chorale_inpainter():
    names = {"keras": keras, "layers": keras.layers}
    exec(cell("hole-build"), names)
    package = ChoraleInpainter(filters=3, channels=8, dilations=(1, 2))
    lesson = names["build_inpainter"](3, 8, (1, 2))
    assert shapes(lesson) == shapes(package)
    lesson.set_weights([w + 0.1 for w in package.get_weights()])
    package.set_weights(lesson.get_weights())
    grid = score_to_grid(PIECE.slice_bars(1, 2))[0].copy()
    grid[4:8, 1] = 0  # hidden
    theirs = np.array(package(grid[None]))[0].reshape(len(grid), -1)
    ours = np.array(lesson([np.array(GridPictures(60)(grid[None])), grid[None, :, 8:]]))[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_the_lesson_s_wavenet_is_wavenet():
    names = {"keras": keras, "layers": keras.layers}
    exec(cell("wave-parts") + cell("wave-build"), names)
    package = WaveNet(["a", "b", "c"], depth=3, stacks=2, channels=4, skip_channels=8, condition_channels=6)
    lesson = names["build_wavenet"](3, depth=3, stacks=2, channels=4, skip_channels=8, wish=6)
    assert shapes(lesson) == shapes(package)
    lesson.set_weights(package.get_weights())
    rng = np.random.default_rng(0)
    notes = RecordedNotes(rng.integers(0, 256, (2, 50)), rng.random((2, 50)), [60, 64], [0, 2]).inputs()
    np.testing.assert_allclose(np.array(lesson(notes)), np.array(package(notes)), atol=1e-5)
