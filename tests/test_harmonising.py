"""Chorales on request: the melody stays, the voices keep to their ranges, and the same seed gives the same music."""

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.fermatas import guess_fermatas
from musegen_edu.harmonising import compose_chorale, continue_chorale, harmonise
from musegen_edu.keys import parse_key
from musegen_edu.metrics import voice_leading
from musegen_edu.models.chorale import ChoraleLSTM
from musegen_edu.score import Score
from musegen_edu.tokens.chorale_codec import VOICE_RANGES

CHORALES = load_dataset("chorales")
PAIRS = [(score, row.fermatas) for score, row in zip(CHORALES.test, CHORALES.rows("test"), strict=True)]


@pytest.fixture(scope="module")
def untrained():
    return ChoraleLSTM(embedding=6, soprano_units=8, reader_units=8, units=8, hidden=8, seed=1)


def in_range(chorale):
    for voice, (low, high) in enumerate(VOICE_RANGES):
        pitches = chorale.part(voice).notes["pitch"]
        assert len(pitches) == 0 or (low <= pitches.min() and pitches.max() <= high)


def test_the_melody_stays_and_the_rest_is_new(untrained):
    score, fermatas = PAIRS[0]
    melody = score.part(0)
    setting = harmonise(melody, fermatas=fermatas, model=untrained, candidates=2, seed=4)
    np.testing.assert_array_equal(setting.part(0).notes, melody.notes)
    assert (setting.meter, setting.key, setting.pickup, setting.bpm, setting.title) == (
        score.meter, score.key, score.pickup, score.bpm, score.title,
    )  # fmt: skip
    assert setting.n_parts == 4 and setting.duration == melody.duration
    in_range(setting)
    assert setting == harmonise(melody, fermatas=fermatas, model=untrained, candidates=2, seed=4)
    assert setting != harmonise(melody, fermatas=fermatas, model=untrained, candidates=2, seed=5)


def test_a_melody_off_the_grid_stays_as_it_is(untrained):
    melody = Score.from_melody([67, 69, 71, 72], [8, 8, 8, 72], key="C major", bpm=100, title="Triplets")
    setting = harmonise(melody, model=untrained, candidates=1, seed=0)
    np.testing.assert_array_equal(
        setting.part(0).notes[["onset", "duration", "pitch"]], melody.notes[["onset", "duration", "pitch"]]
    )
    assert (setting.bpm, setting.title) == (100, "Triplets")


def test_a_melody_without_a_key_gets_one(untrained):
    melody = Score.from_melody([67, 69, 71, 72, 74, 76, 78, 79], 24)
    assert harmonise(melody, model=untrained, candidates=1, seed=0).key == "G major"


@pytest.mark.parametrize(("meter", "pickup"), [((4, 4), 24), ((3, 4), 0)])
def test_a_composed_chorale_has_the_form_asked_for(untrained, meter, pickup):
    wanted = {"phrases": 2, "key": "D minor", "meter": meter, "pickup": pickup}
    chorale = compose_chorale(**wanted, model=untrained, candidates=1, seed=3, bpm=60)
    bar = 96 * meter[0] // meter[1]
    assert chorale.duration <= 2 * (2 if meter == (4, 4) else 4) * bar
    assert (chorale.meter, chorale.key, chorale.pickup, chorale.bpm) == (meter, "D minor", pickup, 60)
    in_range(chorale)


def test_a_start_is_kept_to_the_note(untrained):
    score, _ = next((score, f) for score, f in PAIRS if score.meter == (4, 4) and score.pickup == 24)
    start = score.slice_bars(0, 2)
    whole = continue_chorale(start, phrases=3, model=untrained, candidates=2, seed=1)
    kept = whole.notes[whole.notes["onset"] < start.duration]
    np.testing.assert_array_equal(
        kept[["onset", "duration", "pitch", "part"]], start.notes[["onset", "duration", "pitch", "part"]]
    )
    assert whole.duration > start.duration and whole.key == start.key and whole.title == start.title


def test_more_candidates_are_never_worse(untrained):
    melody = PAIRS[1][0].part(0)
    faults = [voice_leading(harmonise(melody, model=untrained, candidates=n, seed=2)).faults for n in (1, 2, 4)]
    assert faults[0] >= faults[1] >= faults[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: harmonise(Score.from_melody([], 24), model=model, seed=0), "soprano has 1 parts and 0 notes"),
        (lambda model: harmonise(PAIRS[0][0], model=model, seed=0), "soprano has 4 parts"),
        (lambda model: harmonise(Score.from_melody([40, 67], 24), model=model, seed=0), "soprano goes from 40 to 67"),
        (lambda model: compose_chorale(candidates=0, model=model, seed=0), "candidates=0"),
        (lambda model: compose_chorale(phrases=0, model=model, seed=0), "phrases=0"),
        (lambda model: compose_chorale(seed=-1, phrases=1, model=model), "seed=-1"),
        (lambda model: continue_chorale(PAIRS[0][0].part(0), model=model, seed=0), "start has 1 parts"),
        (lambda model: continue_chorale(PAIRS[0][0], phrases=1, model=model, seed=0), "phrases=1 is no longer"),
    ],
)
def test_bad_requests_are_named(untrained, call, message):
    with pytest.raises(ValueError, match=message):
        call(untrained)


def test_fermatas_are_guessed_better_than_by_counting_bars():
    found: dict[str, list[int]] = {"guess": [0, 0, 0], "count": [0, 0, 0]}  # hits, guesses, fermatas
    for score, fermatas in PAIRS:
        if not fermatas:
            continue
        melody = score.part(0)
        line = 4 * 72 if score.meter[0] % 3 == 0 else 2 * 96
        last = int(melody.notes["onset"][-1])
        for name, guess in (("guess", guess_fermatas(melody)), ("count", range(last, 0, -line))):
            hits = len(set(guess) & set(fermatas))
            found[name] = [a + b for a, b in zip(found[name], (hits, len(guess), len(fermatas)), strict=True)]
    precision, recall = (found["guess"][0] / found["guess"][i] for i in (1, 2))
    assert precision > 0.65 and recall > 0.7
    assert precision > found["count"][0] / found["count"][1] and recall > found["count"][0] / found["count"][2]


def test_fermatas_of_odd_tunes():
    assert guess_fermatas(Score.from_melody([60], 24)) == (0,)
    assert guess_fermatas(Score.from_melody([60, 62], [24, 960])) == (24,)
    with pytest.raises(ValueError, match="no notes"):
        guess_fermatas(Score())


# ---- the trained network ----


@pytest.fixture(scope="module")
def composed():
    return [compose_chorale(seed=seed, candidates=1, temperature=1.0) for seed in range(6)]


def test_the_trained_network_leads_voices_better_than_chance(composed):
    found = voice_leading(composed)
    assert found.out_of_range == 0
    assert found.crossed_share < 0.5  # no crossing in the majority of bars
    rng = np.random.default_rng(0)
    shuffled = []
    for chorale in composed:
        notes = chorale.notes.copy()
        limits = np.array(VOICE_RANGES)[notes["part"]]
        notes["pitch"] = rng.integers(limits[:, 0], limits[:, 1] + 1)
        shuffled.append(chorale.replace(notes=notes))
    assert found.crossed_share < 0.5 * voice_leading(shuffled).crossed_share


def test_the_trained_network_ends_where_it_should(composed):
    at_home = [int(chorale.part(3).notes["pitch"][-1]) % 12 == parse_key(chorale.key)[0] for chorale in composed]
    assert sum(at_home) >= 4  # the last bass note is the tonic
    assert all(chorale.duration == 4 * 192 for chorale in composed)


def test_choosing_among_eight_leaves_few_faults():
    settings = [harmonise(score.part(0), fermatas=held, seed=1) for score, held in PAIRS[:4]]
    plain = [harmonise(score.part(0), fermatas=held, seed=1, candidates=1) for score, held in PAIRS[:4]]
    assert voice_leading(settings).faults <= voice_leading(plain).faults
    assert voice_leading(settings).crossed_share < 0.3
