"""Score: validation, order, bars, transforms, equality."""

import numpy as np
import pytest

from musegen_edu.score import DRUMS, NOTE_DTYPE, Score, join, stack


def random_score(rng, *, meter=(4, 4), n_notes=40, n_parts=2, pickup=0):
    rows = np.empty(n_notes, NOTE_DTYPE)
    rows["onset"] = rng.integers(0, 960, n_notes)
    rows["duration"] = rng.integers(1, 97, n_notes)
    rows["pitch"] = rng.integers(30, 90, n_notes)
    rows["velocity"] = rng.integers(1, 128, n_notes)
    rows["part"] = rng.integers(0, n_parts, n_notes)
    return Score(rows, meter=meter, programs=tuple(range(n_parts)), pickup=pickup, key="F# minor", title="Random")


def test_notes_are_sorted_copied_and_read_only():
    rows = np.array([(24, 24, 64, 80, 0), (0, 24, 67, 80, 0), (0, 24, 60, 80, 0)], NOTE_DTYPE)
    score = Score(rows)
    assert score.notes["pitch"].tolist() == [60, 67, 64]
    rows["pitch"] = 1
    assert score.notes["pitch"].tolist() == [60, 67, 64]
    with pytest.raises(ValueError, match="read-only"):
        score.notes["pitch"][0] = 3
    with pytest.raises(AttributeError):
        score.bpm = 3  # type: ignore[misc]  # the score is frozen


def test_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(0)
    score = random_score(rng)
    shuffled = score.replace(notes=rng.permutation(score.notes))
    assert shuffled == score and hash(shuffled) == hash(score)


@pytest.mark.parametrize(
    "change",
    [{"bpm": 90}, {"key": "A major"}, {"meter": (3, 4)}, {"title": "Other"}, {"programs": (0, 5)}, {"pickup": 24}],
)
def test_equality_sees_every_field(change):
    score = random_score(np.random.default_rng(1))
    assert score.replace(**change) != score
    assert score.replace() == score
    assert score != "a score"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"meter": (4, 3)}, "meter=\\(4, 3\\)"),
        ({"meter": "waltz"}, "meter='waltz'"),
        ({"bpm": 0}, "bpm=0"),
        ({"bpm": float("nan")}, "bpm=nan"),
        ({"bpm": "fast"}, "bpm='fast'"),
        ({"key": "H major"}, "key='H major'"),
        ({"programs": ()}, "programs=\\(\\)"),
        ({"programs": (129,)}, "programs=\\(129,\\)"),
        ({"pickup": 96}, "pickup=96"),
        ({"title": 3}, "title=3"),
        ({"notes": [1, 2, 3]}, "notes has dtype"),
    ],
)
def test_bad_fields_are_named(fields, message):
    with pytest.raises(ValueError, match=message):
        Score(**fields)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((-1, 24, 60), "onset=-1"),
        ((0, 0, 60), "duration=0"),
        ((0, 24, 128), "pitch=128"),
        ((0, 24, 60, 0), "velocity=0"),
        ((0, 24, 60, 80, 1), "part=1"),
        ((0, 24), "a row is"),
        ((0, 1.5, 60), "duration=1.5"),
    ],
)
def test_bad_notes_are_named(row, message):
    with pytest.raises(ValueError, match=message):
        Score.from_notes([row])


def test_bars_of_common_and_compound_meters():
    tune = Score.from_melody([60] * 9, 24)
    assert (tune.bar_ticks, tune.beat_ticks, tune.n_bars, tune.barlines().tolist()) == (96, 24, 3, [0, 96, 192])
    jig = tune.replace(meter=(6, 8))
    assert (jig.bar_ticks, jig.beat_ticks, jig.n_bars) == (72, 36, 3)
    assert tune.replace(meter=(3, 8)).beat_ticks == 12
    assert tune.replace(meter=(2, 2)).beat_ticks == 48
    assert Score().n_bars == 0 and Score().seconds == 0


def test_pickup_has_its_own_barline():
    tune = Score.from_melody([67] + [60] * 4, 24, pickup=24)
    assert tune.barlines().tolist() == [0, 24]
    assert Score.from_melody([67], 24, pickup=24).barlines().tolist() == [0]
    assert tune.slice_bars(0, 0).notes["pitch"].tolist() == [67]
    assert tune.slice_bars(0, 0).pickup == 24
    assert tune.slice_bars(1).notes["pitch"].tolist() == [60] * 4


def test_slices_join_back_to_the_whole():
    rng = np.random.default_rng(2)
    tune = Score.from_melody(rng.integers(55, 80, 64).tolist(), 12, meter=(3, 4), pickup=24)
    assert join([tune.slice_bars(0, 4), tune.slice_bars(5)]) == tune


def test_slice_shortens_notes_at_the_cut_and_leaves_out_those_begun_before():
    tune = Score.from_notes([(0, 192, 60), (96, 192, 64)])
    assert tune.slice_bars(2, 2).notes[["onset", "duration", "pitch"]].tolist() == [(0, 96, 64)]
    assert tune.slice_bars(1, 1).notes["duration"].tolist() == [96]
    with pytest.raises(ValueError, match="first=0"):
        tune.slice_bars(0)
    with pytest.raises(ValueError, match="last=1"):
        tune.slice_bars(2, 1)


def test_transpose_there_and_back():
    score = random_score(np.random.default_rng(3))
    assert score.transpose(5).transpose(-5) == score
    assert score.transpose(5).key == "B minor"
    with pytest.raises(ValueError, match="semitones=100"):
        score.transpose(100)


def test_transpose_leaves_drums_alone():
    band = Score.from_notes([(0, 24, 60, 80, 0), (0, 24, 36, 80, 1)], programs=(0, DRUMS))
    assert band.transpose(2).notes["pitch"].tolist() == [36, 62]
    assert band.is_drum_note.tolist() == [True, False]


def test_quantize_is_idempotent_and_bounded():
    score = random_score(np.random.default_rng(4))
    once = score.quantize(6)
    assert once.quantize(6) == once
    assert (once.notes["onset"] % 6 == 0).all() and (once.notes["duration"] >= 6).all()
    assert score.quantize(1) == score
    with pytest.raises(ValueError, match="grid=0"):
        score.quantize(0)


def test_join_places_a_pickup_before_the_next_downbeat():
    a = Score.from_melody([60, 62, 64], 24)  # three of four beats
    b = Score.from_melody([67, 72], 24, pickup=24)
    assert (a + b).notes["onset"].tolist() == [0, 24, 48, 72, 96]
    full = Score.from_melody([60] * 4, 24)
    assert (full + b).notes["onset"].tolist()[-2:] == [168, 192]
    with pytest.raises(ValueError, match="meters"):
        join([a, b.replace(meter=(3, 4))])
    with pytest.raises(ValueError, match="empty"):
        join([])


def test_parts_and_stack_are_inverse():
    score = random_score(np.random.default_rng(5), n_parts=3)
    assert stack(score.parts()) == score
    with pytest.raises(ValueError, match="index=3"):
        score.part(3)
    with pytest.raises(ValueError, match="pickup"):
        stack([score, score.replace(pickup=12)])


def test_repr_says_what_it_is():
    tune = Score.from_melody([60], 24, key="C major", title="One")
    assert repr(tune) == "Score('One', 1 note, 1 bar of 4/4 at 120 bpm, C major)"
