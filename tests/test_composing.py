"""Tunes on request: so many bars, an end on the tonic, whatever the model."""

import numpy as np
import pytest

from musegen_edu.composing import compose, count_faults
from musegen_edu.keys import parse_key
from musegen_edu.models.markov import MarkovModel
from musegen_edu.models.recurrent import MelodyLSTM
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec

TUNES = [
    Score.from_melody(
        [67, 72, 74, 76, 72, 67, 76, 79, 76, 72],
        [12, 24, 12, 12, 12, 12, 12, 12, 12, 36],
        meter=(6, 8),
        key="C major",
        pickup=12,
    ),
    Score.from_melody([60, 62, 64, 60, 67, 60], [12, 12, 24, 48, 48, 48], key="C major"),
    Score.from_melody([69, 71, 72, None, 69], [24, 24, 24, 12, 60], meter=(3, 4), key="A minor"),
]
CODEC = EventCodec.fit(TUNES)


def check(tune: Score, bars: int, meter: tuple[int, int], key: str) -> None:
    assert (tune.n_bars, tune.meter, tune.key, tune.pickup) == (bars, meter, key, 0)
    assert tune.duration == bars * tune.bar_ticks  # the last bar is full
    assert int(tune.notes["pitch"][-1]) % 12 == parse_key(key)[0]
    ends = tune.notes["onset"] + tune.notes["duration"]
    assert np.all(tune.notes["onset"][1:] >= ends[:-1])


def models():
    untrained = MelodyLSTM(len(CODEC.vocabulary), embedding=8, units=16, depth=1)
    markov = MarkovModel(2, len(CODEC.vocabulary)).fit([CODEC.encode(tune) for tune in TUNES])
    return [untrained, markov, MarkovModel(1, len(CODEC.vocabulary))]


@pytest.mark.parametrize("model", models(), ids=["untrained network", "markov", "untrained markov"])
@pytest.mark.parametrize(
    ("bars", "meter", "key"), [(1, (6, 8), "C major"), (7, (4, 4), "F# minor"), (16, (3, 4), "D dorian")]
)
def test_any_model_gives_exactly_so_many_bars_and_an_end(model, bars, meter, key):
    for seed in range(2):
        tune = compose(model, bars=bars, seed=seed, key=key, meter=meter, codec=CODEC, candidates=2)
        check(tune, bars, meter, key)


def test_the_seed_decides():
    model = models()[1]
    first, same, other = (compose(model, bars=8, seed=seed, codec=CODEC, candidates=3) for seed in (4, 4, 5))
    assert first == same
    assert not np.array_equal(first.notes, other.notes)


def test_other_fields_of_the_score_can_be_given():
    tune = compose(models()[1], bars=2, seed=0, codec=CODEC, candidates=1, bpm=60, title="Mine", programs=(73,))
    assert (tune.bpm, tune.title, tune.programs) == (60.0, "Mine", (73,))


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        ("meter:3/4 |2 60:24 62:48 |1 60:48 ~:24 <end>", 0),
        ("meter:3/4 |2 60:24 62:48 |1 62:24 60:48 <end>", 0),
        ("meter:3/4 |2 60:24 62:48 |1 62:24 72:48 <end>", 0),
        ("meter:3/4 |2 60:24 62:48 |1 62:24 72:48", 1),
        ("meter:3/4 |2 60:24 62:48 |1 60:24 62:48 <end>", 1),
        ("meter:3/4 |2 60:24 62:24 |1 62:24 60:48 <end>", 1),
        ("meter:3/4 |2 62:60 60:12 |1 62:60 60:12 <end>", 1),
        ("meter:3/4 |2 62:24 60:48 <end>", 1),
        ("meter:3/4 |2 62:24 60:48 |1 ~:72 <end>", 0),
        ("meter:3/4 |2 60:24 62:48 |1 60:36 r:36 <end>", 2),
        ("meter:3/4 |2 <end>", 4),
        ("meter:3/4 <end>", 4),
    ],
)
def test_count_faults(words, faults):
    lengths = (12, 24, 36, 48, 60, 72)
    codec = EventCodec.fit(
        [Score.from_melody([pitch], ticks, key="C major") for ticks in lengths for pitch in (60, 72)]
    )
    assert count_faults(codec.vocabulary.tokens(words.split()), codec, 2) == faults


def test_flawless_candidates_are_left_as_they_are():
    """A model that has learnt one tune by heart gives it back."""
    tune = Score.from_melody([60, 62, 64, 60, 67, 60], [12, 12, 24, 48, 48, 48], key="C major")
    model = MarkovModel(4, len(CODEC.vocabulary)).fit([CODEC.encode(tune)] * 500)
    again = compose(model, bars=2, seed=0, key="C major", codec=CODEC, candidates=4, top_p=0.9)
    np.testing.assert_array_equal(again.notes, tune.notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bars": 0}, "bars=0 must be from 1 to 64"),
        ({"bars": 65}, "bars=65"),
        ({"candidates": 0}, "candidates=0"),
        ({"key": "H major"}, "key='H major' is not a key"),
        ({"meter": (7, 16)}, "meter=7/16 is not in the vocabulary"),
        ({"codec": None}, "codec=None is not an EventCodec"),
        ({"temperature": -1}, "temperature=-1"),
    ],
)
def test_bad_requests_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        compose(MarkovModel(1, len(CODEC.vocabulary)), **{"seed": 0, "codec": CODEC, **change})


@pytest.mark.parametrize("model", models(), ids=["untrained network", "markov", "untrained markov"])
@pytest.mark.parametrize("start", [TUNES[0].slice_bars(0, 1), TUNES[1].slice_bars(1, 1), TUNES[2].slice_bars(1, 1)])
def test_a_start_is_kept_note_for_note_and_gone_on_from(model, start):
    for seed in range(3):
        tune = compose(model, bars=4, seed=seed, start=start, codec=CODEC, candidates=2)
        assert (tune.meter, tune.key, tune.pickup, tune.bpm) == (start.meter, start.key, start.pickup, start.bpm)
        assert tune.duration == tune.pickup + 4 * tune.bar_ticks
        n = len(start)
        assert len(tune) > n
        for name in ("onset", "pitch", "velocity"):
            assert tune.notes[name][:n].tolist() == start.notes[name].tolist()
        assert tune.notes["duration"][: n - 1].tolist() == start.notes["duration"][:-1].tolist()
        assert tune.notes["duration"][n - 1] >= start.notes["duration"][-1]
        assert int(tune.notes["pitch"][-1]) % 12 == parse_key(start.key or "")[0]


def test_a_start_may_stop_in_mid_bar_and_keeps_its_loudness():
    start = Score.from_notes([(0, 12, 60, 33), (12, 12, 62, 99)], key="C major", programs=(73,))
    tune = compose(models()[1], bars=2, seed=1, start=start, codec=CODEC)
    assert tune.notes["velocity"][:2].tolist() == [33, 99]
    assert tune.programs == (73,)
    assert tune.notes["onset"][2] <= 48


def test_a_start_without_a_key_gets_the_one_that_is_estimated():
    start = Score.from_melody([60, 62, 64, 60, 67, 60], [12, 12, 24, 48, 48, 48])
    tune = compose(models()[1], bars=4, seed=0, start=start, codec=CODEC)
    assert tune.key == "C major"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": Score()}, "holds no note"),
        ({"start": TUNES[2], "meter": (4, 4)}, "not that of the start"),
        ({"start": TUNES[1], "bars": 2}, "leave room"),
        ({"start": Score.from_notes([(0, 24, 60), (12, 24, 64)], key="C major")}, "sound together"),
    ],
)
def test_a_start_that_cannot_be_gone_on_from_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        compose(models()[1], **{"bars": 4, "seed": 0, "codec": CODEC, **arguments})
