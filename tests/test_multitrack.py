"""MuseGAN's measures: values worked out by hand, and what must not change them."""

import math
from typing import Any

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.metrics import empty_bar_rate
from musegen_edu.metrics.multitrack import (
    empty_bars,
    notes_in_drum_pattern,
    qualified_notes,
    tonal_centroid,
    tonal_distance,
    used_pitch_classes,
)
from musegen_edu.metrics.multitrack_rows import multitrack_distance, multitrack_row, real_to_real, two_groups
from musegen_edu.score import DRUMS, Score, stack

C_MAJOR, F_SHARP_MAJOR = (60, 64, 67), (66, 70, 73)


def chord(pitches, ticks=96, **fields):
    return Score.from_notes([(0, ticks, pitch) for pitch in pitches], **fields)


def drums(*onsets):
    return Score.from_notes([(onset, 6, 38) for onset in onsets], programs=(DRUMS,))


def weights(*pitch_classes):
    return np.bincount(pitch_classes, minlength=12)


# ---- empty bars ----


def test_a_part_that_falls_silent_early_has_empty_bars_to_the_end_of_the_others():
    held_over = Score.from_notes([(0, 24, 48), (84, 24, 48)])  # the second note is held into bar 2
    score = stack([Score.from_melody([72] * 16, 24), held_over, Score()])
    assert [empty_bars(score, part) for part in range(3)] == [0, 0.5, 1]
    assert [empty_bars(score, part, n_bars=5) for part in range(3)] == pytest.approx([0.2, 0.6, 1])


def test_empty_bars_of_the_parts_have_the_rate_of_the_score_as_mean():
    rng = np.random.default_rng(3)
    for pickup in (0, 24):
        rows = [
            (int(onset), int(rng.integers(1, 200)), 60, 80, int(rng.integers(4)))
            for onset in rng.choice(3000, 25, replace=False)
        ]
        score = Score.from_notes(rows, programs=(0, 40, DRUMS, 3), pickup=pickup)
        assert np.mean([empty_bars(score, part) for part in range(4)]) == pytest.approx(empty_bar_rate(score))


def test_a_score_without_notes_has_empty_bars_only_if_it_is_said_how_many():
    assert math.isnan(empty_bars(Score(), 0))
    assert empty_bars(Score(), 0, n_bars=4) == 1
    wrongs: tuple[Any, ...] = (0, 1, 2.5, True)
    for wrong in wrongs:
        with pytest.raises(ValueError, match="n_bars="):
            empty_bars(Score.from_melody([60] * 8, 24), 0, n_bars=wrong)


# ---- pitch classes and short notes ----


def test_pitch_classes_are_counted_bar_by_bar_and_silent_bars_left_out():
    score = Score.from_notes([(0, 96, 60), (0, 96, 72), (48, 96, 64), (288, 24, 62)])  # bars: C E | E | - | D
    assert used_pitch_classes(score, 0) == pytest.approx((2 + 1 + 1) / 3)
    assert used_pitch_classes(score.transpose(5), 0) == used_pitch_classes(score, 0)
    assert math.isnan(used_pitch_classes(drums(0), 0)) and math.isnan(used_pitch_classes(Score(), 0))


def test_a_32nd_qualifies_and_a_tick_less_does_not():
    score = Score.from_melody([60, 62, 64, 65], [1, 2, 3, 96])
    assert qualified_notes(score, 0) == 0.5
    assert qualified_notes(score, 0, shortest=2) == 0.75
    assert math.isnan(qualified_notes(drums(0), 0)) and math.isnan(qualified_notes(Score(), 0))
    wrongs: tuple[Any, ...] = (0, 1.5, True)
    for wrong in wrongs:
        with pytest.raises(ValueError, match="shortest="):
            qualified_notes(score, 0, shortest=wrong)


# ---- drums ----


@pytest.mark.parametrize(
    ("onsets", "sixteen", "eight"),
    [
        ((0, 12, 24, 36), 1, 1),
        ((0, 6, 12, 18), 1, 0.5),
        ((0, 8, 16, 24), 0.5, 0.5),  # triplets: the first and the fourth are on the beat
        ((1, 5, 7, 11), 0.3, 0.15),  # 1 and 11 lie beside an eighth, 5 and 7 beside a sixteenth
        ((2, 3, 4, 9), 0, 0),
    ],
)
def test_strokes_on_the_grid_beside_it_and_off_it(onsets, sixteen, eight):
    assert notes_in_drum_pattern(drums(*onsets), 0) == pytest.approx(sixteen)
    assert notes_in_drum_pattern(drums(*onsets), 0, beats=8) == pytest.approx(eight)


def test_the_drum_grid_starts_at_the_barline():
    assert notes_in_drum_pattern(drums(3, 9).replace(pickup=3), 0) == 1
    assert notes_in_drum_pattern(drums(3, 9), 0) == 0
    assert math.isnan(notes_in_drum_pattern(Score.from_melody([60], 24), 0))
    with pytest.raises(ValueError, match="beats=12"):
        notes_in_drum_pattern(drums(0), 0, beats=12)
    with pytest.raises(ValueError, match="near=2"):
        notes_in_drum_pattern(drums(0), 0, near=2)


# ---- tonal distance ----


def test_centroids_lie_on_three_circles():
    each = tonal_centroid(np.eye(12))  # (6, 12)
    assert np.hypot(each[0], each[1]) == pytest.approx(1)
    assert np.hypot(each[2], each[3]) == pytest.approx(1)
    assert np.hypot(each[4], each[5]) == pytest.approx(0.5)
    assert tonal_centroid(np.ones(12)) == pytest.approx(0, abs=1e-12)  # all twelve: the middle
    assert np.isnan(tonal_centroid(np.zeros(12))).all()
    with pytest.raises(ValueError, match="shape"):
        tonal_centroid(np.ones(7))
    with pytest.raises(ValueError, match="negative"):
        tonal_centroid([-1] + [0] * 11)


def test_intervals_have_the_distances_that_the_angles_give():
    def apart(interval):
        return np.linalg.norm(tonal_centroid(weights(0)) - tonal_centroid(weights(interval)))

    # squared chords on the three circles: 2 r^2 (1 - cos angle)
    assert apart(7) == pytest.approx(math.sqrt((2 - math.sqrt(3)) + 2 + 0.75))  # 30, 90 and 120 degrees
    assert apart(4) == pytest.approx(math.sqrt(3 + 0 + 0.75))  # 120, 0 and 120 degrees
    assert apart(1) == pytest.approx(math.sqrt((2 + math.sqrt(3)) + 2 + 0.75))  # 150, 90 and 120 degrees
    assert apart(6) == pytest.approx(math.sqrt(8)) == max(apart(interval) for interval in range(12))


def test_c_major_against_itself_and_against_f_sharp_major():
    same = stack([chord(C_MAJOR), chord(pitch - 12 for pitch in C_MAJOR)])
    assert tonal_distance(same, 0, 1) == 0
    # a tritone turns the first two circles by half: 2 sqrt(|c1|^2 + |c2|^2), with |c1|^2 = (2 + sqrt 3) / 9 and |c2|^2 = 5 / 9
    far = stack([chord(C_MAJOR), chord(F_SHARP_MAJOR)])
    assert tonal_distance(far, 0, 1) == pytest.approx(2 / 3 * math.sqrt(7 + math.sqrt(3)))
    fifth = stack([chord(C_MAJOR), chord(pitch + 7 for pitch in C_MAJOR)])
    assert 0 < tonal_distance(fifth, 0, 1) < tonal_distance(far, 0, 1)


def test_tonal_distance_is_symmetric_and_blind_to_transposing_both():
    rng = np.random.default_rng(0)
    score = stack([Score.from_melody(rng.integers(50, 80, 20).tolist(), 18) for _ in range(2)])
    distance = tonal_distance(score, 0, 1)
    assert distance == pytest.approx(tonal_distance(score, 1, 0)) and distance > 0
    assert distance == pytest.approx(tonal_distance(score.transpose(5), 0, 1))
    assert tonal_distance(score, 0, 0) == 0


def test_tonal_distance_takes_quarter_by_quarter_where_both_sound():
    upper, lower = Score.from_melody([60, 67, 60], 24), Score.from_melody([60, 60], 24)
    score = stack([upper, lower])
    assert tonal_distance(score, 0, 1) == pytest.approx(
        math.sqrt(4.75 - math.sqrt(3)) / 2
    )  # 0, a fifth; then only one sounds
    weighted = np.linalg.norm(tonal_centroid(2 * weights(0) + weights(7)) - tonal_centroid(weights(0)))
    assert tonal_distance(score, 0, 1, window=96) == pytest.approx(weighted)  # C C G against C C
    late = Score.from_notes([(48, 24, 60)])
    assert math.isnan(tonal_distance(stack([Score.from_melody([60], 24), late]), 0, 1))
    assert math.isnan(tonal_distance(stack([upper, drums(0)]), 0, 1))
    with pytest.raises(ValueError, match="window=0"):
        tonal_distance(score, 0, 1, window=0)


def test_windows_of_tonal_distance_start_at_the_pickup():
    notes = [(0, 6, 60, 80, 0), (0, 6, 60, 80, 1), (6, 24, 67, 80, 0), (6, 24, 60, 80, 1)]
    score = Score.from_notes(notes, programs=(0, 0), pickup=6)
    assert tonal_distance(score, 0, 1) == pytest.approx(math.sqrt(4.75 - math.sqrt(3)) / 2)


# ---- rows ----


def test_a_row_has_for_each_part_what_fits_it():
    band = stack([Score.from_melody([72, 74], 24), Score.from_melody([48], 48), drums(0, 12, 18)])
    row = multitrack_row([band])
    assert list(row) == [
        *("empty bars, part 1", "pitch classes a bar, part 1", "qualified notes, part 1"),
        *("empty bars, part 2", "pitch classes a bar, part 2", "qualified notes, part 2"),
        *("empty bars, drums", "in 8-beat pattern, drums", "in 16-beat pattern, drums"),
        "tonal distance, part 1-part 2",
    ]
    assert row["pitch classes a bar, part 1"] == 2 and row["in 8-beat pattern, drums"] == pytest.approx(2 / 3)
    assert "tonal distance, high-low" in multitrack_row([band], names=("high", "low", "kit"))


def test_a_row_is_the_mean_over_the_scores_that_have_the_measure():
    one, four, silent = Score.from_melody([60], 24), Score.from_melody([60, 62, 64, 65], 24), Score()
    assert multitrack_row([one, four, silent])["pitch classes a bar, part 1"] == 2.5
    assert multitrack_row([one, four, silent], n_bars=1)["empty bars, part 1"] == pytest.approx(1 / 3)
    assert math.isnan(multitrack_row([silent])["qualified notes, part 1"])


def test_the_distance_of_a_group_to_itself_is_nothing():
    group = [Score.from_melody([60, 60 + step], 24) for step in range(5)]
    assert set(multitrack_distance(group, group).values()) == {0}


def test_scores_with_other_parts_or_names_that_do_not_fit_are_refused():
    one, two = Score.from_melody([60], 24), stack([Score.from_melody([60], 24)] * 2)
    with pytest.raises(ValueError, match=r"scores\[1\]"):
        multitrack_row([one, two])
    with pytest.raises(ValueError, match="scores is empty"):
        multitrack_row([])
    with pytest.raises(ValueError, match="2 names for 1"):
        multitrack_row([one], names=("a", "b"))
    with pytest.raises(ValueError, match="must differ"):
        multitrack_row([two], names=("a", "a"))
    with pytest.raises(ValueError, match="reference has parts"):
        multitrack_distance([one], [two])
    with pytest.raises(ValueError, match="reference is empty"):
        multitrack_distance([one], [])
    with pytest.raises(ValueError, match="at least two"):
        real_to_real([one], seed=0)
    with pytest.raises(ValueError, match="n_splits=0"):
        real_to_real([one, one], seed=0, n_splits=0)
    with pytest.raises(ValueError, match="size=2"):
        real_to_real([one, one], seed=0, size=2)


def test_the_floor_is_the_mean_over_splits():
    # three of four scores use one pitch class a bar, one uses five: whichever half has it, the halves have means 1 and 3
    scores = [Score.from_melody([60] * 4, 24)] * 3 + [Score.from_melody([60, 62, 64, 65, 67], 18)]
    floor = real_to_real(scores, seed=1)
    assert floor["pitch classes a bar, part 1"] == pytest.approx(2)
    assert floor["empty bars, part 1"] == 0
    assert real_to_real(scores, seed=1) == floor
    single = real_to_real(scores, seed=1, size=1, n_splits=400)["pitch classes a bar, part 1"]
    assert single == pytest.approx(2, abs=0.25)  # the odd one is in half of the pairs, 4 away


def test_cuts_of_one_piece_stay_together():
    rng = np.random.default_rng(5)
    pieces = np.repeat([3, 8, 5, 9, 1], [4, 1, 6, 3, 2])
    for _ in range(30):
        groups = two_groups(len(pieces), size=8, rng=rng, pieces=pieces)
        assert not set(pieces[groups[0]]) & set(pieces[groups[1]])
        assert all(1 <= len(set(group.tolist())) == len(group) <= 8 for group in groups)
    assert sum(map(len, groups)) >= 10  # the border is near the middle
    for wrong in ([1, 2], [1] * 16):
        with pytest.raises(ValueError, match="pieces has shape"):
            two_groups(16, size=8, rng=rng, pieces=wrong)
    # cuts of one piece are alike, so groups that share pieces are nearer to each other than groups that do not
    scores = [Score.from_melody([60 + i for i in range(n)], 96 // n) for n in (1, 2, 3, 4) for _ in range(6)]
    apart = real_to_real(scores, seed=0, pieces=np.repeat(np.arange(4), 6))["pitch classes a bar, part 1"]
    assert apart > 2 * real_to_real(scores, seed=0)["pitch classes a bar, part 1"]


def test_real_chorales_are_nearer_to_each_other_than_chorales_with_a_part_moved_a_tritone():
    chorales = load_dataset("chorales").valid[:24]
    names = ("soprano", "alto", "tenor", "bass")
    moved = [stack([*score.parts()[:3], score.part(3).transpose(6)]) for score in chorales[12:] if score.n_parts == 4]
    assert moved
    floor = real_to_real(chorales, seed=0, names=names)
    distance = multitrack_distance(moved, chorales[:12], names=names)
    assert distance["tonal distance, soprano-bass"] > 2 * floor["tonal distance, soprano-bass"]
    assert distance["tonal distance, soprano-alto"] < 4 * floor["tonal distance, soprano-alto"]
