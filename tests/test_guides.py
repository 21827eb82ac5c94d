"""The bar guide: nothing but whole bars, whatever the model."""

import numpy as np
import pytest

from musegen_edu.composing import compose, count_faults
from musegen_edu.guides import Guide, bar_guide, closing_ticks
from musegen_edu.models.markov import MarkovModel
from musegen_edu.models.recurrent import MelodyLSTM
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec

LENGTHS = (3, 4, 8, 12, 18, 24, 36, 48)
CODEC = EventCodec.fit([Score.from_melody([p], t, key="C major") for t in LENGTHS for p in (55, 79)])
N_TOKENS = len(CODEC.vocabulary)


def untrained_network():
    return MelodyLSTM(N_TOKENS, embedding=4, units=8, depth=1, seed=1)


@pytest.mark.parametrize("model", [MarkovModel(0, N_TOKENS), untrained_network()], ids=["all tokens alike", "network"])
@pytest.mark.parametrize("meter", [(4, 4), (6, 8), (3, 4), (2, 2)])
def test_bars_add_up_even_where_the_model_knows_nothing(model, meter):
    lines = generate(
        model, CODEC.header(meter, "minor", 8), n_steps=400, batch=8, seed=0, guide=bar_guide(CODEC, meter)
    )
    bar = 96 * meter[0] // meter[1]
    n_ended = 0
    for line in lines:
        words = CODEC.vocabulary.words(line)
        lengths = [0]
        for word in words[3:]:
            if word.startswith("|"):
                lengths.append(0)
            elif word != "<end>":
                lengths[-1] += int(word.split(":")[1])
        assert lengths[0] == 0
        assert set(lengths[1:-1]) <= {bar}
        assert lengths[-1] <= bar
        if words[-1] == "<end>":
            n_ended += 1
            numbers = [word for word in words if word.startswith("|")]
            assert numbers[-1] == "|1" and "|1" not in numbers[:-1]
            assert lengths[-1] == bar
            head, ticks = words[-2].split(":")
            assert int(head) % 12 == 0 and int(ticks) >= closing_ticks(meter)
            assert count_faults(line, CODEC, len(numbers)) == 0
    assert n_ended > 0


def test_the_model_chooses_among_what_is_allowed():
    guide = bar_guide(CODEC, (4, 4))
    model = untrained_network()
    line = generate(model, CODEC.header((4, 4), "major", 4), n_steps=60, temperature=0, seed=0, guide=guide)[0]
    logits = np.array(model.predict_on_batch(line[None, :-1]))[0]
    state = 0
    for place, token in enumerate(line):
        if place >= 4:
            permitted = np.where(guide.allowed[state], logits[place - 1], -np.inf)
            assert permitted.argmax() == token
        state = guide.following[state, token]


def test_without_a_guide_such_models_do_not_keep_the_bars():
    lines = generate(MarkovModel(0, N_TOKENS), CODEC.header((4, 4), "minor", 8), n_steps=100, batch=8, seed=0)
    assert all(count_faults(line, CODEC, 8) > 0 for line in lines)


def test_a_codec_that_cannot_fill_the_bar_is_not_stuck():
    codec = EventCodec.fit([Score.from_melody([60, 62], 36, key="C major")])  # 36 ticks do not make 96
    assert bar_guide(codec, (4, 4)).allowed.any(axis=1).all()
    tune = compose(MarkovModel(0, len(codec.vocabulary)), bars=2, seed=0, codec=codec)
    assert (tune.n_bars, tune.duration) == (2, 192)


def test_a_pickup_may_be_anything_shorter_than_a_bar():
    guide = bar_guide(CODEC, (2, 4))
    for words, n_bar_lines in (("meter:2/4 mode:major", 64), ("meter:2/4 60:36", 64)):
        state = 0
        for token in CODEC.vocabulary.tokens(words.split()):
            state = guide.following[state, token]
        allowed = [CODEC.vocabulary.symbols[token] for token in np.flatnonzero(guide.allowed[state])]
        assert sum(word.startswith("|") for word in allowed) == n_bar_lines
        assert all(int(word.split(":")[1]) < 48 for word in allowed if word[0].isdigit() or word[0] in "r~")
        assert "<end>" not in allowed


def test_bad_guides_are_refused():
    yes, stay = np.ones((2, 5), np.bool_), np.zeros((2, 5), np.int32)
    with pytest.raises(ValueError, match=r"allowed has shape \(2, 5\) and following \(2, 4\)"):
        Guide(yes, stay[:, :4])
    with pytest.raises(ValueError, match="nothing to draw in state 1"):
        Guide(np.array([[True], [False]]), np.zeros((2, 1), np.int32))
    with pytest.raises(ValueError, match="outside the states 0 to 1"):
        Guide(yes, stay + 2)
    with pytest.raises(ValueError, match="guide is for 5 tokens; this model has 9"):
        generate(MarkovModel(0, 9), n_steps=3, seed=0, guide=Guide(yes, stay))
