"""Voice leading counted on examples that a teacher of harmony would write on the board."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.metrics import VoiceLeading, voice_leading
from musegen_edu.metrics.voice_leading import sounding_pitches
from musegen_edu.score import Score

TWO = [(55, 81), (36, 76)]


def voices(*lines, ticks=24, **fields):
    """A score of several lines of pitches, each a quarter long; None is a rest."""
    rows = [
        (ticks * place, ticks, pitch, 80, part)
        for part, line in enumerate(lines)
        for place, pitch in enumerate(line)
        if pitch is not None
    ]
    return Score.from_notes(rows, programs=(0,) * len(lines), **fields)


@pytest.mark.parametrize(
    ("upper", "lower", "fifths", "octaves"),
    [
        ([67, 69], [60, 62], 1, 0),  # both up a tone, a fifth apart
        ([79, 81], [60, 62], 1, 0),  # a twelfth apart
        ([79, 69], [60, 50], 1, 0),  # down
        ([72, 74], [60, 62], 0, 1),
        ([60, 62], [60, 62], 0, 1),  # in unison
        ([67, 69, 71], [60, 62, 64], 2, 0),
        ([67, 67], [60, 60], 0, 0),  # nobody moves
        ([67, 69], [60, 60], 0, 0),  # one moves
        ([67, 74], [72, 67], 0, 0),  # contrary motion
        ([67, 71], [60, 64], 1, 0),  # by a third
        ([66, 68], [60, 62], 0, 0),  # tritones
        ([67, 70], [60, 62], 0, 0),  # a fifth and a sixth
        ([60, 67], [53, 48], 0, 0),  # fifth to twelfth plus fourth: contrary motion
        ([67, None, 69], [60, None, 62], 0, 0),  # out of a rest
    ],
)
def test_parallels(upper, lower, fifths, octaves):
    found = voice_leading(voices(upper, lower), ranges=TWO)
    assert (found.parallel_fifths, found.parallel_octaves) == (fifths, octaves)


def test_a_leap_of_an_octave_in_one_voice_is_no_parallel_to_a_held_one():
    # soprano 67 -> 79 over bass 60 held, then both up: 79/60 -> 81/62 is one parallel twelfth
    found = voice_leading(voices([67, 79, 81], [60, 60, 62]), ranges=TWO)
    assert (found.parallel_fifths, found.chord_changes) == (1, 2)


def test_each_pair_counts_and_rates_are_per_change():
    found = voice_leading(voices([72, 74], [67, 69], [60, 62]), ranges=[(0, 127)] * 3)
    assert (found.parallel_fifths, found.parallel_octaves, found.chord_changes) == (1, 1, 1)
    assert found.parallels_per_100_changes == 200


def test_crossings_are_counted_by_bars():
    score = voices([67] * 12, [60, 60, 60, 60, 69, 60, 60, 60, 60, 60, 60, 60])
    found = voice_leading(score, ranges=TWO)
    assert (found.bars, found.crossed_bars) == (3, 1)
    assert found.crossed_share == pytest.approx(1 / 3)
    held = Score.from_notes([(0, 288, 60, 80, 0), (72, 48, 64, 80, 1)], programs=(0, 0))  # across the bar line
    assert voice_leading(held, ranges=TWO).crossed_bars == 2
    unison = voice_leading(voices([60, 62], [60, 62]), ranges=TWO)
    assert unison.crossed_bars == 0


def test_notes_out_of_range():
    found = voice_leading(voices([54, 55, 81, 82], [40, 40, 40, 77]), ranges=TWO)
    assert (found.notes, found.out_of_range) == (8, 3)


def test_sums_and_empty_scores():
    parallel, empty = voices([67, 69], [60, 62]), voices([], [])
    both = voice_leading([parallel, parallel], ranges=TWO)
    assert both == voice_leading(parallel, ranges=TWO) + voice_leading(parallel, ranges=TWO)
    assert both.faults == 2
    nothing = voice_leading(empty, ranges=TWO)
    assert nothing == VoiceLeading(0, 0, 0, 0, 0, 0, 0)
    assert math.isnan(nothing.parallels_per_100_changes) and math.isnan(nothing.crossed_share)


def test_against_a_slow_count_on_real_chorales():
    for score in load_dataset("chorales").test[:6]:
        ticks = sorted({int(t) for n in score.notes for t in (n["onset"], n["onset"] + n["duration"])})[:-1]
        chords = []
        for tick in ticks:
            sounding = [n for n in score.notes if n["onset"] <= tick < n["onset"] + n["duration"]]
            chords.append({int(n["part"]): int(n["pitch"]) for n in sounding})
        parallels = 0
        for before, after in pairwise(chords):
            for upper, lower in combinations(sorted(before.keys() & after.keys()), 2):
                up, low = after[upper] - before[upper], after[lower] - before[lower]
                same = (before[upper] - before[lower]) % 12, (after[upper] - after[lower]) % 12
                parallels += up * low > 0 and same in ((0, 0), (7, 7))
        found = voice_leading(score)
        assert found.parallel_fifths + found.parallel_octaves == parallels
        expected = [[chord.get(voice, -1) for voice in range(4)] for chord in chords]
        assert sounding_pitches(score, np.array(ticks)).tolist() == expected


def test_bach_breaks_the_rules_seldom_but_sometimes():
    found = voice_leading(score for score in load_dataset("chorales").train)
    assert 0 < found.parallels_per_100_changes < 1
    assert found.crossed_share < 0.15
    assert found.out_of_range == 0


def test_bad_scores_are_named():
    with pytest.raises(ValueError, match="score has 1 parts and ranges 4"):
        voice_leading(voices([60]))
    with pytest.raises(ValueError, match="part 0 has notes that sound together"):
        voice_leading(Score.from_notes([(0, 24, 60), (0, 24, 64)]), ranges=[(0, 127)])
