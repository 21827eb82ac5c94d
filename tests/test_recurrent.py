"""MelodyLSTM: build, call, step, save, load; one set of weights for both ways through it."""

import keras
import numpy as np
import pytest

from musegen_edu.models.recurrent import MelodyLSTM

TOKENS = np.random.default_rng(0).integers(1, 20, (3, 17)).astype(np.int32)


@pytest.mark.parametrize("depth", [1, 2])
def test_step_agrees_with_the_whole_sequence(depth):
    model = MelodyLSTM(20, embedding=8, units=16, depth=depth, seed=4)
    whole = np.array(model.predict_on_batch(TOKENS))  # (batch, time, n_tokens)
    assert whole.shape == (3, 17, 20)
    state = model.initial_state(3)
    for place in range(17):
        logits, state = model.step(keras.ops.convert_to_tensor(TOKENS[:, place]), state)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(logits), whole[:, place], atol=2e-6)


def test_shapes_are_those_of_the_lesson():
    model = MelodyLSTM(20, embedding=8, units=16, depth=2)
    open_version = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(20, 8),
            keras.layers.LSTM(16, return_sequences=True),
            keras.layers.LSTM(16, return_sequences=True),
            keras.layers.Dense(20),
        ]
    )
    assert [weight.shape for weight in model.weights] == [weight.shape for weight in open_version.weights]


def test_the_seed_decides_the_weights():
    first, same, other = (MelodyLSTM(20, units=8, seed=seed).get_weights() for seed in (1, 1, 2))
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_loss_leaves_padding_out():
    model = MelodyLSTM(20, embedding=4, units=8, depth=1)
    y = TOKENS.copy()
    y[:, 10:] = 0
    logits = np.array(model.predict_on_batch(TOKENS))
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(log_p, y[..., None], axis=-1)[:, :10, 0]
    loss = float(keras.ops.convert_to_numpy(model.compute_loss(TOKENS, y, logits)))
    assert loss == pytest.approx(-chosen.mean(), rel=1e-5)


def test_save_and_load(tmp_path):
    model = MelodyLSTM(20, embedding=4, units=8, depth=2, dropout=0.2, seed=3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects={"MelodyLSTM": MelodyLSTM})
    assert again.get_config() == model.get_config()
    np.testing.assert_allclose(again.predict_on_batch(TOKENS), model.predict_on_batch(TOKENS), atol=1e-6)


def test_training_lowers_the_loss():
    model = MelodyLSTM(20, embedding=16, units=32, depth=1, dropout=0.0)
    model.compile("adam")
    pattern = np.tile(np.arange(1, 9, dtype=np.int32), (16, 4))
    losses = []
    for _ in range(60):
        model.reset_metrics()  # else some backends give the mean since the first batch
        losses.append(float(model.train_on_batch(pattern[:, :-1], pattern[:, 1:])))
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("change", [{"n_tokens": 0}, {"units": 0}, {"depth": 0}, {"embedding": -1}, {"dropout": 1.0}])
def test_bad_arguments_are_named(change):
    (name, value) = next(iter(change.items()))
    with pytest.raises(ValueError, match=f"{name}={value}"):
        MelodyLSTM(**{"n_tokens": 5, **change})
