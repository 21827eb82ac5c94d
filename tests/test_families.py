import numpy as np
import pytest

from musegen_edu.families import (
    drop_near_duplicates,
    interval_ngrams,
    melody_overlaps,
    split_by_family,
    tune_families,
)
from musegen_edu.score import Score, stack


def random_tune(seed: int, n_notes: int = 60) -> Score:
    rng = np.random.default_rng(seed)
    return Score.from_melody(rng.integers(55, 80, n_notes).tolist(), 12)


def test_key_rhythm_and_octave_do_not_enter():
    tune = random_tune(1)
    durations = [6 + 6 * (i % 3) for i in range(len(tune))]
    slower = Score.from_melody(tune.notes["pitch"].tolist(), durations).transpose(-5)
    assert interval_ngrams(tune) == interval_ngrams(slower)
    assert tune_families([tune, random_tune(2), slower]) == [0, 1, 0]


def test_ngrams_read_the_top_line_of_part_0():
    melody = random_tune(3, 12)
    bass = Score.from_melody([40] * 12, 12)
    chords = Score.from_notes(
        [(onset, 12, pitch - shift) for onset, _, pitch, *_ in melody.notes.tolist() for shift in (0, 4, 7)]
    )
    assert interval_ngrams(stack([melody, bass])) == interval_ngrams(melody) == interval_ngrams(chords)


def test_short_and_empty_melodies_have_no_ngrams_and_are_nobodys_relatives():
    short = Score.from_melody([60, 62, 64], 12)
    assert interval_ngrams(short) == frozenset() == interval_ngrams(Score())
    assert tune_families([short, short.transpose(2), Score()]) == [0, 1, 2]
    assert tune_families([]) == []


def test_overlap_is_measured_against_the_shorter_tune():
    long = random_tune(4, 80)
    part = Score.from_melody(long.notes["pitch"][:40].tolist(), 12)
    pairs, overlaps = melody_overlaps([long, part])
    assert pairs.tolist() == [[0, 1]]
    assert overlaps.tolist() == [1.0]
    assert drop_near_duplicates([part, long]) == [1]  # the longer printing stays


def test_families_are_joined_by_a_chain():
    pitches = np.random.default_rng(5).integers(50, 85, 90).tolist()
    first, second, third = (Score.from_melody(pitches[start : start + 45], 12) for start in (0, 22, 44))
    assert melody_overlaps([first, third])[0].tolist() == []
    assert tune_families([first, second, third]) == [0, 0, 0]


def test_split_keeps_families_whole_and_meets_the_shares():
    families = [i // 3 for i in range(600)]
    split = split_by_family(families, seed=1)
    assert {len({split[i] for i in range(600) if families[i] == family}) for family in set(families)} == {1}
    assert (split.count("train"), split.count("valid"), split.count("test")) == (480, 60, 60)
    assert split == split_by_family(families, seed=1)
    assert split != split_by_family(families, seed=2)


def test_a_fixed_member_takes_its_family_along():
    split = split_by_family([0, 0, 1, 2, 3], seed=1, fixed=[None, "test", "valid", None, None])
    assert split == ["test", "test", "valid", "train", "train"]


def test_fixed_sides_that_tear_a_family_apart_are_refused():
    with pytest.raises(ValueError, match="family 0 on two sides, 'train' and 'test'"):
        split_by_family([0, 0], seed=1, fixed=["train", "test"])


@pytest.mark.parametrize(("valid", "test"), [(-0.1, 0.1), (0.5, 0.5)])
def test_impossible_shares_are_refused(valid, test):
    with pytest.raises(ValueError, match=f"valid_share={valid}"):
        split_by_family([0, 1], seed=1, valid_share=valid, test_share=test)


def test_impossible_thresholds_are_refused():
    with pytest.raises(ValueError, match=r"at_least=0"):
        melody_overlaps([], at_least=0)
    with pytest.raises(ValueError, match=r"n_intervals=0"):
        interval_ngrams(Score(), 0)
