"""Filters against plain NumPy, and the generation loop on every installed backend."""

import json
from typing import Any

import keras
import numpy as np
import pytest

from musegen_edu.filters import repetition_penalty, temperature, top_k, top_p
from musegen_edu.guides import Guide
from musegen_edu.models.markov import MarkovModel
from musegen_edu.models.recurrent import MelodyLSTM
from musegen_edu.sampling import filtered_probabilities, generate
from musegen_edu.tokens import END, PAD, START

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(20, 30)).astype(np.float32) * 3


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def small_model(n_tokens=20, seed=0):
    """An untrained network whose weights NumPy draws, so that each backend has the same."""
    model = MelodyLSTM(n_tokens, embedding=8, units=16, depth=2)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.5)
    return model


def test_temperature_sharpens_and_flattens():
    cold, warm = softmax(temperature(LOGITS, 0.5)), softmax(temperature(LOGITS, 2.0))
    assert np.all(cold.max(axis=-1) > softmax(LOGITS).max(axis=-1))
    assert np.all(warm.max(axis=-1) < softmax(LOGITS).max(axis=-1))
    with pytest.raises(ValueError, match="temperature=0"):
        temperature(LOGITS, 0)


@pytest.mark.parametrize("k", [1, 2, 7, 30, 99])
def test_top_k_keeps_the_k_largest(k):
    kept = top_k(LOGITS, k)
    for row, kept_row in zip(LOGITS, kept, strict=True):
        wanted = set(np.argsort(row)[::-1][:k].tolist())
        assert set(np.flatnonzero(np.isfinite(kept_row)).tolist()) == wanted
        np.testing.assert_array_equal(kept_row[np.isfinite(kept_row)], row[np.isfinite(kept_row)])


@pytest.mark.parametrize("p", [1e-6, 0.1, 0.5, 0.9, 1.0])
def test_top_p_keeps_the_fewest_that_reach_p(p):
    kept = np.isfinite(top_p(LOGITS, p))
    for row, kept_row in zip(softmax(LOGITS.astype(np.float64)), kept, strict=True):
        order = np.argsort(row)[::-1]
        n = len(row) if p == 1 else int(np.searchsorted(np.cumsum(row[order]), p)) + 1
        assert kept_row[order[0]]
        assert kept_row.sum() == n
        assert set(np.flatnonzero(kept_row).tolist()) == set(order[: kept_row.sum()].tolist())


def test_filters_keep_ties_and_say_what_is_wrong():
    assert top_k(np.array([1.0, 1.0, 0.0]), 1).tolist() == [1.0, 1.0, -np.inf]
    assert top_p(np.array([1.0, 1.0, 0.0]), 0.1).tolist() == [1.0, 1.0, -np.inf]
    with pytest.raises(ValueError, match="top_k=0"):
        top_k(LOGITS, 0)
    for p in (0, 1.5):
        with pytest.raises(ValueError, match=f"top_p={p}"):
            top_p(LOGITS, p)


def test_filters_agree_on_tensors_and_arrays():
    tensor = keras.ops.convert_to_tensor(LOGITS)
    is_recent = RNG.random(LOGITS.shape) < 0.3
    for change in (
        lambda x: temperature(x, 0.7),
        lambda x: top_k(x, 5),
        lambda x: top_p(x, 0.8),
        lambda x: repetition_penalty(x, 1.4, is_recent),
    ):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(change(tensor)), change(LOGITS), rtol=1e-5)


@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.3, 4.0])
def test_repetition_penalty_is_a_power_of_the_probability(penalty):
    is_recent = RNG.random(LOGITS.shape) < 0.3
    expected = np.where(is_recent, softmax(LOGITS) ** penalty, softmax(LOGITS))
    np.testing.assert_allclose(np.exp(repetition_penalty(LOGITS, penalty, is_recent)), expected, rtol=1e-4)
    moved = repetition_penalty(LOGITS + 7, penalty, is_recent)  # where the logits have their zero does not matter
    np.testing.assert_allclose(softmax(moved), expected / expected.sum(axis=-1, keepdims=True), rtol=1e-4)
    forbidden = np.where(np.arange(30) < 25, LOGITS, -np.inf)
    assert np.isneginf(repetition_penalty(forbidden, penalty, is_recent)[:, 25:]).all()


def brute_probabilities(logits, heat, k, p, penalty, recent, allowed):
    """The definition, one token at a time, for one line of logits."""
    weights = {token: np.exp(logits[token]) for token in range(len(logits)) if allowed[token]}
    total = sum(weights.values())
    weights = {t: (w / total) ** (penalty if t in recent else 1.0) for t, w in weights.items()}
    if heat == 0:
        best = max(weights, key=lambda t: weights[t])
        return [float(token == best) for token in range(len(logits))]
    weights = {t: w ** (1 / heat) for t, w in weights.items()}
    order = sorted(weights, key=lambda t: -weights[t])[:k]
    total, kept, reached = sum(weights[t] for t in order), [], 0.0
    for token in order:
        if p is None or reached < p:
            kept.append(token)
            reached += weights[token] / total
    total = sum(weights[t] for t in kept)
    return [weights[token] / total if token in kept else 0.0 for token in range(len(logits))]


@pytest.mark.parametrize("heat", [0, 0.5, 1.0, 1.7])
@pytest.mark.parametrize("k", [None, 1, 6])
@pytest.mark.parametrize("p", [None, 0.3, 0.9])
@pytest.mark.parametrize("penalty", [1.0, 1.5])
def test_filtered_probabilities_are_those_of_the_definition(heat, k, p, penalty):
    rng = np.random.default_rng(7)
    for _ in range(5):
        logits, allowed = rng.normal(size=15) * 2, rng.random(15) < 0.7
        recent = rng.integers(0, 15, 4).tolist()
        found = filtered_probabilities(
            logits, temperature=heat, top_k=k, top_p=p, repetition_penalty=penalty, recent=recent, allowed=allowed
        )
        np.testing.assert_allclose(found, brute_probabilities(logits, heat, k, p, penalty, recent, allowed), atol=1e-12)
        assert found.dtype == np.float64


def test_filtered_probabilities_of_many_lines_at_once():
    many = filtered_probabilities(LOGITS, top_k=4, recent=[3], repetition_penalty=2.0)
    for row, logits in zip(many, LOGITS, strict=True):
        alone = filtered_probabilities(logits, top_k=4, recent=[3], repetition_penalty=2.0)
        np.testing.assert_allclose(row, alone)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, "temperature=-0.1 must be 0 or more"),
        ({"top_k": 0}, "top_k=0"),
        ({"top_p": 0}, "top_p=0"),
        ({"repetition_penalty": 0}, "repetition_penalty=0 must be above 0"),
        ({"recent": [30]}, "recent holds 30; the tokens are 0 to 29"),
        ({"allowed": np.zeros(30, bool)}, "allowed leaves nothing to draw"),
    ],
)
def test_filtered_probabilities_name_what_is_wrong(settings, message):
    with pytest.raises(ValueError, match=message):
        filtered_probabilities(LOGITS, **settings)


def models():
    markov = MarkovModel(2, 20).fit([RNG.integers(3, 20, 40).tolist() for _ in range(20)])
    return [markov, small_model()]


@pytest.mark.parametrize("model", models(), ids=["markov", "lstm"])
def test_generate(model):
    lines = generate(model, n_steps=50, batch=6, seed=1)
    assert [line.tolist() for line in lines] == [line.tolist() for line in generate(model, n_steps=50, batch=6, seed=1)]
    other = generate(model, n_steps=50, batch=6, seed=2)
    assert any(a.tolist() != b.tolist() for a, b in zip(lines, other, strict=True))
    assert len({tuple(line.tolist()) for line in lines}) == 6
    for line in lines:
        assert line.dtype == np.int32 and line[0] == START and 2 <= len(line) <= 51
        assert not np.isin(line[1:], [PAD, START]).any()
        assert END not in line[:-1]
        assert len(line) == 51 or line[-1] == END


@pytest.mark.parametrize("model", models(), ids=["markov", "lstm"])
def test_a_line_depends_on_its_place_and_the_seed_only(model):
    alone = generate(model, [START, 5], n_steps=40, seed=3)[0].tolist()
    among = generate(model, [START, 5], n_steps=40, batch=4, seed=3)[0].tolist()
    mixed = generate(model, [[START, 5], [START, 7, 8, 9]], n_steps=40, seed=3)
    longer = generate(model, [START, 5], n_steps=100, seed=3)[0].tolist()
    assert alone == among == mixed[0].tolist() == longer[: len(alone)]
    assert mixed[1][:4].tolist() == [START, 7, 8, 9] and len(mixed[1]) <= 44


@pytest.mark.parametrize("model", models(), ids=["markov", "lstm"])
def test_greedy_and_top_1_agree(model):
    greedy = generate(model, [START, 4], n_steps=30, temperature=0, seed=0)[0]
    assert generate(model, [START, 4], n_steps=30, top_k=1, seed=9)[0].tolist() == greedy.tolist()
    assert generate(model, [START, 4], n_steps=30, top_p=1e-6, seed=9)[0].tolist() == greedy.tolist()


def test_generate_draws_what_the_model_says():
    markov = MarkovModel(1, 6).fit([[1, 3, 4], [1, 3, 5], [1, 3, 5], [1, 4, 4]])
    lines = generate(markov, [START, 3], n_steps=1, batch=4000, seed=0)
    counts = np.bincount([line[2] for line in lines], minlength=6) / 4000
    wanted = markov.next_probabilities([START, 3])
    wanted[[PAD, START]] = 0
    np.testing.assert_allclose(counts, wanted / wanted.sum(), atol=0.03)


def test_generate_lstm_draws_what_the_full_forward_pass_says():
    model = small_model()
    line = generate(model, [START, 6, 7], n_steps=30, temperature=0, seed=0)[0]
    logits = np.array(model.predict_on_batch(line[None, :-1]))[0]  # (time, n_tokens)
    logits[:, [PAD, START]] = -np.inf
    assert logits.argmax(axis=-1)[2:].tolist() == line[3:].tolist()


@pytest.mark.parametrize("model", models(), ids=["markov", "lstm"])
def test_generate_draws_from_filtered_probabilities(model):
    """Every token is the fair Gumbel draw from what the NumPy reference says at its place."""
    rng = np.random.default_rng(3)
    guide = Guide(rng.random((5, 20)) < 0.8, rng.integers(0, 5, (5, 20), dtype=np.int32))
    settings: dict[str, Any] = {"temperature": 0.9, "top_k": 12, "top_p": 0.95, "repetition_penalty": 1.5}
    prompt = [START, 4, 9, 4]
    lines = generate(model, prompt, n_steps=25, guide=guide, batch=3, seed=6, repetition_window=5, **settings)
    for number, line in enumerate(lines):
        noise = -np.log(
            np.random.default_rng([6, number]).standard_exponential((29, 20), np.float32)  # a row for each place
        )
        noise[:, [PAD, START]] = -np.inf
        state = 0
        for place in range(1, len(line)):
            state = guide.following[state, line[place - 1]]
            if place < len(prompt):
                continue
            if isinstance(model, MarkovModel):
                logits = np.log(model.next_probabilities(line[:place]))
            else:
                logits = np.array(model.predict_on_batch(line[None, :place]))[0, -1]
            wanted = filtered_probabilities(
                logits, recent=line[max(0, place - 5) : place], allowed=guide.allowed[state], **settings
            )
            with np.errstate(divide="ignore"):
                assert np.argmax(np.log(wanted) + noise[place]) == line[place]


def test_a_repetition_penalty_makes_a_model_repeat_less():
    markov = MarkovModel(0, 20).fit([[START, *[5] * 60, *range(3, 20)]])
    wanted = markov.next_probabilities([5])
    wanted[[PAD, START]] = 0
    shares = {}
    for penalty in (1.0, 2.0, 4.0):
        lines = generate(
            markov, [START, 5], n_steps=1, seed=0, batch=3000, repetition_penalty=penalty, repetition_window=1
        )
        shares[penalty] = np.mean([line[2] == 5 for line in lines])
    for penalty, share in shares.items():
        powered = markov.next_probabilities([5])[5] ** penalty
        assert share == pytest.approx(powered / (powered + wanted.sum() - wanted[5]), abs=0.03)
    assert shares[4.0] < shares[2.0] - 0.1 < shares[1.0] - 0.1


def test_generate_sees_weights_that_changed():
    model = small_model()
    before = generate(model, n_steps=20, temperature=0, seed=0)[0].tolist()
    for weight, value in zip(model.weights, small_model(seed=7).get_weights(), strict=True):
        weight.assign(value)
    assert generate(model, n_steps=20, temperature=0, seed=0)[0].tolist() != before


def test_generate_does_not_compile_again_for_other_settings():
    model = small_model()
    generate(model, n_steps=30, seed=0)
    loop = model._generation_loop
    traced = loop.predict_function.experimental_get_tracing_count() if keras.backend.backend() == "tensorflow" else None
    generate(model, n_steps=20, temperature=0.3, seed=1)
    generate(model, n_steps=30, top_k=3, seed=1)
    generate(model, n_steps=50, top_p=0.5, seed=1)
    generate(model, n_steps=50, repetition_penalty=1.2, repetition_window=4, seed=1)
    assert model._generation_loop is loop
    if traced is not None:
        assert loop.predict_function.experimental_get_tracing_count() == traced


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_steps": 0}, "n_steps=0"),
        ({"temperature": -1}, "temperature=-1"),
        ({"top_k": 0}, "top_k=0"),
        ({"top_p": 2}, "top_p=2"),
        ({"repetition_penalty": -1}, "repetition_penalty=-1"),
        ({"repetition_window": 0}, "repetition_window=0"),
        ({"prompt": []}, "prompt is empty"),
        ({"prompt": [1, 20]}, "prompt holds 1 to 20; this model knows the tokens 0 to 19"),
        ({"batch": 0}, "batch=0"),
        ({"prompt": [[1], [1]], "batch": 2}, "goes with a single prompt; there are 2"),
    ],
)
def test_bad_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        generate(MarkovModel(1, 20), **{"n_steps": 5, "seed": 0, **change})


SCRIPT = """
import json, sys
import numpy as np
from musegen_edu.models.recurrent import MelodyLSTM
from musegen_edu.sampling import generate
model = MelodyLSTM(20, embedding=8, units=16, depth=2)
rng = np.random.default_rng(0)
for weight in model.weights:
    weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.5)
lines = []
for settings in ({}, {"temperature": 0.6, "top_k": 5}, {"top_p": 0.8}, {"temperature": 0}, {"repetition_penalty": 1.6}):
    lines += generate(model, [[1], [1, 4, 5, 6]], n_steps=60, seed=11, **settings)
print(json.dumps([line.tolist() for line in lines]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_same_tokens_on_every_backend(backend, run_on_backend):
    said = run_on_backend(backend, SCRIPT)
    model = small_model()
    expected = []
    for settings in (
        {},
        {"temperature": 0.6, "top_k": 5},
        {"top_p": 0.8},
        {"temperature": 0},
        {"repetition_penalty": 1.6},
    ):
        expected += generate(model, [[1], [1, 4, 5, 6]], n_steps=60, seed=11, **settings)
    assert json.loads(said.splitlines()[-1]) == [line.tolist() for line in expected]
