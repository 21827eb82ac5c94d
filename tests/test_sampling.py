"""Filters against plain NumPy, and the generation loop on every installed backend."""

import importlib.util
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from musegen_edu.models.markov import MarkovModel
from musegen_edu.models.recurrent import MelodyLSTM
from musegen_edu.sampling import generate, temperature, top_k, top_p
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
    for change in (lambda x: temperature(x, 0.7), lambda x: top_k(x, 5), lambda x: top_p(x, 0.8)):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(change(tensor)), change(LOGITS), rtol=1e-6)


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
for settings in ({}, {"temperature": 0.6, "top_k": 5}, {"top_p": 0.8}, {"temperature": 0}):
    lines += generate(model, [[1], [1, 4, 5, 6]], n_steps=60, seed=11, **settings)
print(json.dumps([line.tolist() for line in lines]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_same_tokens_on_every_backend(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed here: pip install 'musegen-edu[{backend}]'")
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    model = small_model()
    expected = []
    for settings in ({}, {"temperature": 0.6, "top_k": 5}, {"top_p": 0.8}, {"temperature": 0}):
        expected += generate(model, [[1], [1, 4, 5, 6]], n_steps=60, seed=11, **settings)
    assert json.loads(run.stdout.splitlines()[-1]) == [line.tolist() for line in expected]
