"""The checks of lesson 02: right answers pass, the usual slips are named in terms of music."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from musegen_edu import Score
from musegen_edu.checks import core
from musegen_edu.checks.representing_music import (
    QUESTIONS,
    check_codec,
    check_heard_as,
    check_quantize_beat,
    check_roll_to_notes,
    quiz_recap,
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    core._failures.clear()


def roll_to_notes(sounding, onset, *, slip=""):
    starts = onset.copy()
    if slip == "merge":  # only the sounding layer is read: touching notes run together
        starts = (sounding > 0) & (np.vstack([np.zeros((1, 128)), sounding[:-1]]) == 0)
    if slip == "steps":  # every step is taken for a note
        starts = sounding > 0
    notes = []
    for step, pitch in zip(*np.nonzero(starts), strict=True):
        stop = step + 1
        while (
            stop < len(sounding) and sounding[stop, pitch] and (slip in ("merge", "run on") or not onset[stop, pitch])
        ):
            stop += 1
        if not (slip == "last" and stop == len(sounding)):
            notes.append((step, stop - step - (slip == "short"), pitch))
    return notes


def test_a_roll_is_read_in_any_order():
    assert check_roll_to_notes(roll_to_notes)
    assert check_roll_to_notes(lambda *layers: [list(note) for note in reversed(roll_to_notes(*layers))])
    assert "last note is there" in check_roll_to_notes(roll_to_notes).message


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ("merge", "1 note of 4 cannot be found; the first is G4 at step 2. Are repeated notes running together?"),
        ("run on", "G4 at step 0 lasts 2 steps; yours lasts 4. It runs on into the next note"),
        ("steps", "you have 8 notes where 4 were struck. At step 1 no G4 begins"),
        ("last", "the last note, D5 at step 5, has vanished"),
        ("short", "G4 at step 0 lasts 2 steps; yours lasts 1."),
    ],
)
def test_slips_in_reading_a_roll_are_named(slip, says):
    result = check_roll_to_notes(lambda *layers: roll_to_notes(*layers, slip=slip))
    assert not result
    assert says in result.message, result.message


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda sounding, onset: [], "finds no notes yet"),
        (lambda sounding, onset: None, "finds no notes yet"),
        (lambda sounding, onset: [(0, 67)], "three numbers"),
        (lambda sounding, onset: sounding[99], "stopped with an error"),
        (lambda sounding, onset: 7, "could not make sense"),
        (..., "three dots"),
    ],
)
def test_rolls_read_in_odd_ways(function, says):
    result = check_roll_to_notes(function)
    assert not result
    assert says in result.message, result.message


def test_the_checks_hand_out_copies():
    def greedy(sounding, onset):
        notes = roll_to_notes(sounding, onset)
        sounding[:], onset[:] = 0, 0
        return notes

    assert check_roll_to_notes(greedy)


def test_aliases_are_right():
    assert check_heard_as(lambda f, rate: abs(f - rate * round(f / rate)))
    assert check_heard_as(lambda f, rate: min(f % rate, rate - f % rate))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda f, rate: None, "returns nothing yet"),
        (lambda f, rate: f, "Nothing above 4,000 Hz, the Nyquist frequency, can come out"),
        (lambda f, rate: rate - f, "below the Nyquist frequency, so nothing happens"),
        (lambda f, rate: f if f <= rate / 2 else rate - f, "9,000 Hz, sampled 8,000 times a second, is heard at 1,000 Hz; you say -1,000. A frequency below 0"),
        (lambda f, rate: f if f <= rate / 2 else abs(rate - f), "Nothing above 4,000 Hz"),
        (lambda f, rate: f % rate if f % rate <= rate / 2 else f % rate - rate / 2, "is heard at 3,000 Hz; you say 1,000."),
        (lambda f, rate: f if f <= rate / 2 else 0.0 if f > rate else rate - f, "Above the sample rate the game begins again"),
        (lambda f, rate: f / 0, "stopped with an error"),
    ],
)  # fmt: skip
def test_wrong_aliases_are_explained(function, says):
    result = check_heard_as(function)
    assert not result
    assert says in result.message, result.message


def on_grid(onsets, grid):
    return [grid * round(onset / grid) for onset in onsets]


def quantize_beat(onsets):
    def moved(grid):
        return sum(abs(new - old) for new, old in zip(on_grid(onsets, grid), onsets, strict=True))

    return on_grid(onsets, 8) if moved(8) < moved(6) else on_grid(onsets, 6)


def test_a_grid_for_each_beat():
    assert check_quantize_beat(quantize_beat)
    assert check_quantize_beat(lambda onsets: np.array(quantize_beat(onsets)))


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda onsets: on_grid(onsets, 6), "[0, 8, 16] is a triplet, exactly: [0, 8, 16]. You put it on sixteenths, [0, 6, 18], and the triplet limps"),
        (lambda onsets: on_grid(onsets, 8), "four sixteenths, exactly"),
        (lambda onsets: [min(on_grid([o], 6) + on_grid([o], 8), key=lambda new: abs(new - o)) for o in onsets], "mixes both grids in one beat"),
        (lambda onsets: list(onsets), "which is on neither grid"),
        (lambda onsets: sorted(set(on_grid(onsets, 12))), "No note may be lost"),
        (lambda onsets: None, "returns nothing yet"),
        (lambda onsets: on_grid(onsets, 8) if len(onsets) in (2, 3) else on_grid(onsets, 6), "a Scotch snap; both grids need 1 tick"),
    ],
)  # fmt: skip
def test_beats_on_the_wrong_grid_are_explained(function, says):
    result = check_quantize_beat(function)
    assert not result
    assert says in result.message, result.message


def encode(score):
    rows = score.notes[["onset", "duration", "pitch"]].tolist()
    return zlib.compress(b"".join(o.to_bytes(3, "big") + d.to_bytes(2, "big") + bytes([p]) for o, d, p in rows))


def decode(data):
    plain = zlib.decompress(data)
    rows = [plain[at : at + 6] for at in range(0, len(plain), 6)]
    return Score.from_notes([(int.from_bytes(r[:3], "big"), int.from_bytes(r[3:5], "big"), r[5]) for r in rows])


SENTENCE = "It forgets loudness and key, which a piano sonata would miss."


def test_a_small_codec_passes_and_is_measured():
    result = check_codec(encode, decode, SENTENCE)
    assert result
    assert "bytes a bar; MIDI needs" in result.message
    assert "% of MIDI" in result.message


def shifted(field, by):
    def wrong(data):
        score = decode(data)
        notes = score.notes.copy()
        notes[field][-1] += by
        return score.replace(notes=notes)

    return wrong


@pytest.mark.parametrize(
    ("there", "back", "sentence", "says"),
    [
        (lambda score: None, decode, SENTENCE, "encode returns nothing yet"),
        (lambda score: [1, 2], decode, SENTENCE, "encode returns a list; bytes are wanted"),
        (encode, lambda data: [60], SENTENCE, "decode returns a list; a Score is wanted"),
        (encode, lambda data: decode(data).quantize(48), SENTENCE, "come back wrong"),
        (encode, shifted("duration", 1), SENTENCE, "1 duration of"),
        (encode, lambda data: decode(data).transpose(1), SENTENCE, "come back wrong; note 1 has"),
        (encode, lambda data: decode(data).replace(notes=decode(data).notes[:-1]), SENTENCE, "has 53 notes; 52 come back"),
        (lambda score: zlib.decompress(encode(score)) * 9, lambda data: decode(zlib.compress(data[: len(data) // 9])), SENTENCE, "Leave out what you do not need"),
        (encode, decode, "Small.", "Now the sentence"),
        (encode, decode, ..., "Now the sentence"),
        (lambda score: bytes([score.duration]), decode, SENTENCE, "stopped with an error"),
        (..., ..., ..., "three dots"),
    ],
)  # fmt: skip
def test_codecs_that_fail_are_told_why(there, back, sentence, says):
    result = check_codec(there, back, sentence)
    assert not result
    assert says in result.message, result.message


def test_a_codec_that_forgets_leading_or_long_rests_is_found():
    def without_first_rest(data):
        score = decode(data)
        notes = score.notes.copy()
        notes["onset"] -= notes["onset"][0]
        return score.replace(notes=notes)

    assert "after a bar of rest" in check_codec(encode, without_first_rest, SENTENCE).message

    def one_byte_lengths(data):
        score = decode(data)
        notes = score.notes.copy()
        notes["duration"] = np.minimum(notes["duration"], 255)
        return score.replace(notes=notes)

    assert "very long notes" in check_codec(encode, one_byte_lengths, SENTENCE).message


def test_two_hints_then_the_second_again():
    hints = [check_heard_as(lambda f, rate: f).hint for _ in range(3)]
    assert hints[0] != hints[1] == hints[2]


def test_every_choice_of_the_quiz_is_explained():
    assert len(QUESTIONS) == 7
    assert quiz_recap().key == "02.recap"
    assert "$" not in quiz_recap().static_html()
