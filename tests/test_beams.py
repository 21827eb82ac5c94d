"""Beam search against trying every line there is."""

from itertools import product

import numpy as np
import pytest

from musegen_edu.beams import beam_search, line_log_probability
from musegen_edu.guides import Guide
from musegen_edu.models.markov import MarkovModel
from musegen_edu.models.recurrent import MelodyGRU, MelodyLSTM
from musegen_edu.sampling import generate
from musegen_edu.tokens import END, START

N_TOKENS = 6
GUIDE = Guide(
    np.array([[True, True, True, True, True, False], [True, True, True, False, True, True]]),
    np.array([[0, 0, 0, 1, 0, 1], [1, 1, 1, 0, 0, 1]], np.int32),
)


def network(kind=MelodyLSTM, seed=0):
    """An untrained network whose weights are large enough for lines to differ."""
    model = kind(N_TOKENS, embedding=4, units=6, depth=1)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape).astype(np.float32))
    return model


def markov():
    rng = np.random.default_rng(2)
    return MarkovModel(2, N_TOKENS).fit([[START, *rng.integers(3, 6, 8), END] for _ in range(30)])


MODELS = {"markov": markov, "lstm": network, "gru": lambda: network(MelodyGRU)}


def every_line(model, prompt, n_steps, guide):
    """All lines that end, or are `n_steps` long, with their log-probabilities, the likeliest first."""
    found = {}
    for tokens in product(range(2, N_TOKENS), repeat=n_steps):
        length = tokens.index(END) + 1 if END in tokens else n_steps
        line = (*prompt, *tokens[:length])
        state, fine = 0, True
        for place, token in enumerate(line):
            if guide is not None:
                fine &= place < len(prompt) or bool(guide.allowed[state, token])
                state = guide.following[state, token]
        if fine:
            found[line] = line_log_probability(model, line, given=len(prompt))
    return sorted(found.items(), key=lambda item: -item[1])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("guide", [None, GUIDE], ids=["free", "guided"])
def test_a_wide_beam_finds_all_lines_in_order(name, guide):
    model = MODELS[name]()
    expected = every_line(model, (START, 4), 3, guide)
    found = beam_search(model, [START, 4], n_steps=3, width=200, guide=guide)
    assert len(found) == len(expected)
    assert {tuple(beam.tokens) for beam in found} == {line for line, _ in expected}
    np.testing.assert_allclose([beam.log_probability for beam in found], [value for _, value in expected], atol=1e-5)
    for beam in found[:5]:
        exact = line_log_probability(model, beam.tokens, given=2)
        assert beam.log_probability == pytest.approx(exact, abs=1e-5)
        assert beam.tokens.dtype == np.int32


@pytest.mark.parametrize("name", MODELS)
def test_a_narrow_beam_keeps_the_likeliest_at_each_step(name):
    model = MODELS[name]()
    kept: list[tuple[tuple[int, ...], float]] = [((START,), 0.0)]
    for _ in range(6):
        longer: list[tuple[tuple[int, ...], float]] = [
            (line, value) if line[-1] == END else ((*line, token), line_log_probability(model, (*line, token)))
            for line, value in kept
            for token in (range(2, N_TOKENS) if line[-1] != END else [END])
        ]
        kept = sorted(longer, key=lambda item: -item[1])[:3]
    found = beam_search(model, n_steps=6, width=3)
    assert [tuple(beam.tokens) for beam in found] == [line for line, _ in kept]


@pytest.mark.parametrize("name", MODELS)
def test_width_one_is_the_greedy_choice(name):
    model = MODELS[name]()
    [beam] = beam_search(model, [START, 3], n_steps=10, width=1)
    assert beam.tokens.tolist() == generate(model, [START, 3], n_steps=10, temperature=0, seed=0)[0].tolist()


def test_a_beam_finds_what_greed_misses():
    model = MarkovModel(2, 7).fit([[1, 3, 4, 2]] * 3 + [[1, 3, 5, 2]] * 3 + [[1, 3, 6, 2]] * 3 + [[1, 5, 4, 2]] * 8)
    [greedy] = beam_search(model, n_steps=4, width=1)
    best = beam_search(model, n_steps=4, width=5)[0]
    assert greedy.tokens[1] == 3 and best.tokens.tolist() == [1, 5, 4, 2]
    assert best.log_probability > greedy.log_probability


def test_log_probability_of_a_line_by_hand():
    model = markov()
    line = [START, 4, 3, 5]
    steps = [np.log(model.next_probabilities(line[:place])[line[place]]) for place in (1, 2, 3)]
    assert line_log_probability(model, line) == pytest.approx(sum(steps))
    assert line_log_probability(model, line, given=3) == pytest.approx(steps[-1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_steps": 0}, "n_steps=0"),
        ({"width": 0}, "width=0"),
        ({"prompt": []}, r"prompt=\[\]"),
        ({"prompt": [1, 9]}, r"prompt=\[1, 9\] .* from 0 to 5"),
        (
            {"guide": Guide(np.ones((1, 4), bool), np.zeros((1, 4), np.int32))},
            "guide is for 4 tokens; this model has 6",
        ),
    ],
)
def test_bad_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        beam_search(markov(), **{"n_steps": 3, **change})
    with pytest.raises(ValueError, match="given=4 must be from 1 to 3"):
        line_log_probability(markov(), [1, 3, 4, 5], given=4)
