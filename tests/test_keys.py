"""Keys: signatures, scales, transposition, spelling, estimation."""

import numpy as np
import pytest

from musegen_edu.keys import (
    MODES,
    estimate_key,
    fifths_to_key,
    key_to_fifths,
    key_to_pitch_classes,
    name_to_pitch,
    parse_key,
    pitch_to_name,
    transpose_key,
)
from musegen_edu.score import DRUMS, Score

# Signatures from any theory book: sharps positive.
SIGNATURES = {
    "C major": 0,
    "A minor": 0,
    "D dorian": 0,
    "E phrygian": 0,
    "F lydian": 0,
    "G mixolydian": 0,
    "B locrian": 0,
}
SIGNATURES |= {
    "G major": 1,
    "Eb major": -3,
    "C minor": -3,
    "A dorian": 1,
    "D mixolydian": 1,
    "C# major": 7,
    "Cb major": -7,
    "G# minor": 5,
}


@pytest.mark.parametrize(("key", "fifths"), SIGNATURES.items())
def test_signatures(key, fifths):
    assert key_to_fifths(key) == fifths
    assert fifths_to_key(fifths, key.split()[1]) == key


@pytest.mark.parametrize("mode", MODES)
def test_every_key_survives_the_round_trip_and_transposition(mode):
    for fifths in range(-7, 8):
        key = fifths_to_key(fifths, mode)
        assert key_to_fifths(key) == fifths
        assert parse_key(key)[0] in key_to_pitch_classes(key) and len(key_to_pitch_classes(key)) == 7
        for semitones in range(-12, 13):
            moved = transpose_key(key, semitones)
            assert key_to_pitch_classes(moved) == {(p + semitones) % 12 for p in key_to_pitch_classes(key)}
            assert parse_key(moved) == ((parse_key(key)[0] + semitones) % 12, mode)


@pytest.mark.parametrize("key", ["H major", "c major", "C", "C Major", "G# major", "", None, 3])
def test_bad_keys_are_named(key):
    with pytest.raises(ValueError, match="key="):
        key_to_fifths(key)


@pytest.mark.parametrize("mode", ["major", "minor"])
def test_estimate_finds_the_key_of_a_cadence(mode):
    chords = {"major": [0, 4, 7, 5, 9, 0, 7, 11, 2, 0, 4, 7, 0], "minor": [0, 3, 7, 5, 8, 0, 7, 11, 2, 0, 3, 7, 0]}[
        mode
    ]
    for tonic in range(12):
        tune = Score.from_melody([60 + tonic + step for step in chords], 24)
        assert parse_key(estimate_key(tune)) == (tonic, mode)


def test_estimate_needs_a_pitched_note():
    with pytest.raises(ValueError, match="no pitched note"):
        estimate_key(Score.from_melody([36], 24, programs=(DRUMS,)))
    assert estimate_key(Score.from_melody(list(range(60, 72)), 24)) == "C major"


def test_scale_notes_are_spelled_with_one_letter_each():
    for mode in ("major", "minor"):
        for fifths in range(-7, 8):
            key = fifths_to_key(fifths, mode)
            names = [pitch_to_name(60 + p, key) for p in key_to_pitch_classes(key)]
            assert len({name[0] for name in names}) == 7, (key, names)


@pytest.mark.parametrize(
    ("key", "pitch", "name"),
    [
        ("G minor", 66, "F#4"),
        ("G minor", 70, "Bb4"),
        ("Gb major", 71, "Cb5"),
        ("C# major", 60, "B#3"),
        ("A minor", 68, "G#4"),
    ],
)
def test_spelling_follows_the_key(key, pitch, name):
    assert pitch_to_name(pitch, key) == name


def test_names_and_pitches_are_inverse():
    rng = np.random.default_rng(0)
    for pitch in range(128):
        assert name_to_pitch(pitch_to_name(pitch)) == pitch
        key = fifths_to_key(int(rng.integers(-7, 8)), MODES[rng.integers(len(MODES))])
        assert name_to_pitch(pitch_to_name(pitch, key)) == pitch
    for wrong in ("H4", "C", "", "C99", None):
        with pytest.raises(ValueError, match="name="):
            name_to_pitch(wrong)  # type: ignore[arg-type]  # a wrong type is part of the test
    with pytest.raises(ValueError, match="pitch=128"):
        pitch_to_name(128)
