"""Piano rolls: the round trip keeps everything a roll can hold, and says what it cannot."""

from typing import cast

import numpy as np
import pytest

from musegen_edu.pianoroll import ONSET, SOUNDING, pianoroll_to_score, score_to_pianoroll
from musegen_edu.score import DRUMS, Score


def random_score(seed, grid=6, n_parts=3):
    """Notes at random on the grid, never two of one pitch and part at once."""
    rng = np.random.default_rng(seed)
    notes: list[list[int]] = []
    busy: set[tuple[int, int, int]] = set()
    for _ in range(200):
        part, pitch, first, steps = rng.integers((0, 0, 0, 1), (n_parts, 128, 60, 9)).tolist()
        cells = {(part, pitch, step) for step in range(first, first + steps)}
        if not cells & busy:
            busy |= cells
            notes.append([first * grid, steps * grid, pitch, int(rng.integers(1, 128)), part])
    return Score.from_notes(notes, programs=(0, 40, DRUMS)[:n_parts], meter=(6, 8), bpm=90, key="D minor", pickup=12)


def fields(score):
    return {name: getattr(score, name) for name in ("meter", "bpm", "key", "programs", "title", "pickup")}


@pytest.mark.parametrize("grid", [1, 6, 8])
@pytest.mark.parametrize("seed", range(4))
def test_the_round_trip_is_exact(seed, grid):
    score = random_score(seed, grid)
    assert pianoroll_to_score(score_to_pianoroll(score, grid=grid), grid=grid, **fields(score)) == score


def test_repeated_notes_stay_apart_and_velocities_and_parts_stay():
    score = Score.from_notes(
        [(0, 6, 60, 50, 0), (6, 6, 60, 90, 0), (12, 12, 60, 90, 0), (0, 24, 60, 20, 1)], programs=(0, 5)
    )
    roll = score_to_pianoroll(score)
    assert roll.shape == (2, 4, 128, 2)
    assert roll.dtype == np.uint8
    assert roll[0, :, 60, SOUNDING].tolist() == [50, 90, 90, 90]
    assert roll[0, :, 60, ONSET].tolist() == [1, 1, 1, 0]
    assert roll[1, :, 60].tolist() == [[20, 1], [20, 0], [20, 0], [20, 0]]
    assert pianoroll_to_score(roll, programs=(0, 5)) == score


def test_overlapping_notes_of_one_pitch_are_cut_as_the_docstring_says():
    def drawn(*notes):
        return pianoroll_to_score(score_to_pianoroll(Score.from_notes(notes))).notes[["onset", "duration"]].tolist()

    assert drawn((0, 24, 60), (12, 24, 60)) == [(0, 12), (12, 24)]
    assert drawn((0, 48, 60), (12, 12, 60)) == [(0, 12), (12, 12)]  # the long one does not come back
    assert drawn((0, 12, 60), (0, 24, 60)) == [(0, 24)]
    assert drawn((0, 24, 60), (12, 12, 61)) == [(0, 24), (12, 12)]


def test_an_empty_score_gives_an_empty_roll_and_back():
    roll = score_to_pianoroll(Score(programs=(0, 1)))
    assert roll.shape == (2, 0, 128, 2)
    assert pianoroll_to_score(roll, programs=(0, 1)) == Score(programs=(0, 1))


@pytest.mark.parametrize(("onset", "duration"), [(3, 6), (6, 9), (7, 7)])
def test_notes_off_the_grid_are_refused_and_quantize_cures_it(onset, duration):
    score = Score.from_notes([(0, 6, 60), (onset, duration, 62)])
    with pytest.raises(ValueError, match=rf"tick {onset} of {duration} ticks, off the grid of 6; score.quantize\(6\)"):
        score_to_pianoroll(score)
    assert score_to_pianoroll(score.quantize(6)).any()


def test_any_roll_of_a_model_gives_a_playable_score():
    rng = np.random.default_rng(0)
    for _ in range(20):
        roll = rng.integers(0, 2, (2, 32, 128, 2))
        score = pianoroll_to_score(roll)
        assert np.array_equal(
            score_to_pianoroll(score)[..., SOUNDING][:, : score.duration // 6] > 0,
            roll[..., SOUNDING][:, : score.duration // 6] > 0,
        )


def test_truth_values_and_a_single_layer_are_read():
    roll = np.zeros((1, 8, 128), bool)
    roll[0, 2:5, 64] = True
    expected = Score.from_notes([(12, 18, 64, 80)])
    assert pianoroll_to_score(roll) == expected
    assert pianoroll_to_score(roll.astype(np.int64)) == expected
    assert pianoroll_to_score(roll, velocity=33).notes["velocity"].tolist() == [33]
    assert pianoroll_to_score(roll, grid=8).notes["onset"].tolist() == [16]


@pytest.mark.parametrize(
    ("roll", "words"),
    [
        (np.zeros((8, 128)), "shape"),
        (np.zeros((1, 8, 88), int), "shape"),
        (np.zeros((1, 8, 128, 3), int), "shape"),
        (np.zeros((0, 8, 128), int), "shape"),
        (np.full((1, 8, 128), 0.5), "roll > 0.5"),
        (np.full((1, 8, 128), 128), "from 128 to 128"),
        (np.full((1, 8, 128), -1), "from -1"),
    ],
)
def test_what_is_no_roll_is_refused(roll, words):
    with pytest.raises(ValueError, match=words):
        pianoroll_to_score(roll)


def test_bad_arguments_are_named():
    for grid in cast("list[int]", [0, -6, 2.5, True]):
        with pytest.raises(ValueError, match="grid="):
            score_to_pianoroll(Score(), grid=grid)
        with pytest.raises(ValueError, match="grid="):
            pianoroll_to_score(np.zeros((1, 1, 128), int), grid=grid)
    with pytest.raises(ValueError, match="velocity=0"):
        pianoroll_to_score(np.zeros((1, 1, 128), int), velocity=0)
    with pytest.raises(ValueError, match="too many for one roll"):
        score_to_pianoroll(Score.from_notes([(6 * 10**7, 6, 60)]))
