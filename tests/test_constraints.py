"""Constraints: what they rule out, one by one and joined."""

import numpy as np
import pytest

from musegen_edu.composing import compose, count_faults
from musegen_edu.constraints import budget_guide, key_guide, token_pitches, tonic_guide
from musegen_edu.guides import Guide, bar_guide
from musegen_edu.keys import key_to_pitch_classes
from musegen_edu.models.markov import MarkovModel
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens import END, START, EventCodec, MelodyCodec

EVENTS = EventCodec.fit([Score.from_melody([p], t, key="C major") for t in (6, 12, 24, 36, 48, 96) for p in (55, 79)])
STEPS = MelodyCodec(lowest=55, highest=79)
ALIKE = {codec: MarkovModel(0, len(codec.vocabulary)) for codec in (EVENTS, STEPS)}  # all tokens equally likely


@pytest.mark.parametrize("key", ["G major", "D dorian", "Eb minor"])
def test_stay_in_key(key):
    for codec in (EVENTS, STEPS):
        for line in generate(ALIKE[codec], n_steps=200, batch=4, seed=1, guide=key_guide(codec, key)):
            notes = codec.decode(line, key=key).notes
            assert set((notes["pitch"] % 12).tolist()) <= key_to_pitch_classes(key)
        free = [codec.decode(line, key=key) for line in generate(ALIKE[codec], n_steps=200, batch=4, seed=1)]
        assert any(not set((tune.notes["pitch"] % 12).tolist()) <= key_to_pitch_classes(key) for tune in free)


@pytest.mark.parametrize("codec", [EVENTS, STEPS], ids=["events", "steps"])
def test_end_on_the_tonic(codec):
    n_tokens = len(codec.vocabulary)
    model = MarkovModel(0, n_tokens).fit([[START, *range(2, n_tokens), *[END] * 20]])  # would rather end than not
    lines = generate(model, n_steps=300, batch=60, seed=2, guide=tonic_guide(codec, "A minor"))
    ended = [line for line in lines if line[-1] == END]
    assert len(ended) > 10
    for line in ended:
        assert codec.decode(line, key="A minor").notes["pitch"][-1] % 12 == 9
    after_rest = codec.vocabulary.tokens(["r:12"] if codec is EVENTS else ["r"])
    assert not tonic_guide(codec, "A minor").allowed[tonic_guide(codec, "A minor").following[1, after_rest], END]


@pytest.mark.parametrize("bars", [1, 3, 8])
def test_bar_budget(bars):
    guide = bar_guide(EVENTS, (3, 4)) & budget_guide(EVENTS, bars)
    prompt = EVENTS.header((3, 4), "major")
    ended = 0
    for line in generate(ALIKE[EVENTS], prompt, n_steps=400, batch=10, seed=3, guide=guide):
        words = EVENTS.vocabulary.words(line)
        numbers = [int(word[1:]) for word in words if word.startswith("|")]
        assert numbers == list(range(bars, bars - len(numbers), -1))
        if words[-1] == "<end>":
            ended += 1
            assert numbers[-1] == 1
            tune = EVENTS.decode(line)
            assert tune.duration - tune.pickup == bars * 72
    assert ended > 0


def test_joined_guides_allow_what_both_allow():
    rng = np.random.default_rng(0)
    # token 0 is allowed everywhere, so no pair of states is stuck
    first, second = (
        Guide(
            np.concatenate([np.ones((n, 1), bool), rng.random((n, 7)) < 0.6], axis=1),
            rng.integers(0, n, (n, 8), dtype=np.int32),
        )
        for n in (3, 5)
    )
    joined = first & second
    assert len(joined.allowed) <= 15
    for _ in range(50):
        a = b = both = 0
        for token in rng.integers(0, 8, 20):
            np.testing.assert_array_equal(joined.allowed[both], first.allowed[a] & second.allowed[b])
            a, b, both = first.following[a, token], second.following[b, token], joined.following[both, token]


def test_where_guides_leave_nothing_the_first_decides():
    stay = np.zeros((1, 3), np.int32)
    yes, no = Guide(np.array([[True, False, False]]), stay), Guide(np.array([[False, True, False]]), stay)
    assert (yes & no).allowed.tolist() == [[True, False, False]]
    assert (no & yes).allowed.tolist() == [[False, True, False]]
    with pytest.raises(ValueError, match="for 3 and 4 tokens"):
        _ = yes & Guide(np.ones((1, 4), bool), np.zeros((1, 4), np.int32))


def test_all_at_once_even_from_a_model_that_knows_nothing():
    guide = bar_guide(EVENTS, (4, 4)) & key_guide(EVENTS, "D dorian") & budget_guide(EVENTS, 4)
    prompt = EVENTS.header((4, 4), "dorian", 4)
    faults = []
    for line in generate(ALIKE[EVENTS], prompt, n_steps=300, batch=8, seed=4, guide=guide):
        pitches = EVENTS.decode(line, key="D dorian").notes["pitch"]
        assert set((pitches % 12).tolist()) <= key_to_pitch_classes("D dorian")
        if line[-1] == END:
            faults.append(count_faults(line, EVENTS, 4))
    assert faults and not any(faults)


def test_compose_stays_in_key_on_request():
    for seed in range(3):
        tune = compose(ALIKE[EVENTS], bars=4, seed=seed, key="A minor", codec=EVENTS, stay_in_key=True)
        assert set((tune.notes["pitch"] % 12).tolist()) <= key_to_pitch_classes("A minor")


def test_compose_takes_a_repetition_penalty():
    favourite = int(EVENTS.vocabulary.tokens(["60:12"])[0])
    model = MarkovModel(0, len(EVENTS.vocabulary)).fit([[START, *range(2, 200), *[favourite] * 400]])
    plain, varied = (
        compose(model, bars=8, seed=1, key="C major", codec=EVENTS, repetition_penalty=penalty, candidates=4)
        for penalty in (1.0, 3.0)
    )
    shares = [np.mean((tune.notes["pitch"] == 60) & (tune.notes["duration"] == 12)) for tune in (plain, varied)]
    assert shares[1] < shares[0] - 0.05


def test_pitches_of_tokens_and_bad_budgets():
    pitches = token_pitches(EVENTS)
    for symbol, pitch in zip(EVENTS.vocabulary.symbols, pitches, strict=True):
        assert pitch == (int(symbol.split(":")[0]) if symbol[0].isdigit() else -1)
    assert token_pitches(STEPS)[START] == -1
    for bars in (0, 65):
        with pytest.raises(ValueError, match=f"bars={bars} must be from 1 to 64"):
            budget_guide(EVENTS, bars)
