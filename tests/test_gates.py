"""The gates in NumPy against what Keras says comes out of the same layers, and units against the music they follow."""

from __future__ import annotations

import numpy as np
import pytest

from musegen_edu import Score, load_pretrained
from musegen_edu.models.gates import gate_activations, layer_activity
from musegen_edu.models.recurrent import MELODY_NETWORKS
from musegen_edu.quiet_keras import keras
from musegen_edu.readouts import chance_correlation, correlations, melody_features, token_onsets
from musegen_edu.tokens import EventCodec, MelodyCodec

layers = keras.layers


def randomised(layer, features, seed=0):
    """Build a layer and give it weights and biases that no initialiser would make, so that no term is left out unseen."""
    layer.build((None, None, features))
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(scale=0.7, size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (layers.SimpleRNN, {}),
        (layers.LSTM, {}),
        (layers.GRU, {"reset_after": True}),
        (layers.GRU, {"reset_after": False}),
        (layers.LSTM, {"use_bias": False}),
        (layers.GRU, {"use_bias": False}),
        (layers.SimpleRNN, {"use_bias": False}),
    ],
)
def test_output_agrees_with_keras(make, options):
    layer = randomised(make(7, return_sequences=True, **options), 5)
    x = np.random.default_rng(1).normal(size=(23, 5)).astype(np.float32)
    activity = layer_activity(layer, x)
    np.testing.assert_allclose(activity.output, keras.ops.convert_to_numpy(layer(x[None]))[0], atol=1e-5)
    for gate in activity.gates.values():
        assert gate.shape == (23, 7) and gate.min() >= 0 and gate.max() <= 1
        assert gate.std() > 0.05


def test_the_cell_state_agrees_with_keras_and_with_its_equation():
    layer = randomised(layers.LSTM(6, return_sequences=True, return_state=True), 4)
    x = np.random.default_rng(2).normal(size=(11, 4)).astype(np.float32)
    activity = layer_activity(layer, x)
    _, h, c = layer(x[None])
    np.testing.assert_allclose(activity.state[-1], keras.ops.convert_to_numpy(c)[0], atol=1e-5)
    np.testing.assert_allclose(activity.output[-1], keras.ops.convert_to_numpy(h)[0], atol=1e-5)
    before = np.vstack([np.zeros(6), activity.state[:-1]])
    np.testing.assert_allclose(
        activity.state, activity.gates["forget"] * before + activity.gates["input"] * activity.candidate
    )
    np.testing.assert_allclose(activity.output, activity.gates["output"] * np.tanh(activity.state))


def test_the_update_gate_is_what_is_kept():
    activity = layer_activity(randomised(layers.GRU(6), 4), np.random.default_rng(3).normal(size=(11, 4)))
    before = np.vstack([np.zeros(6), activity.state[:-1]])
    z = activity.gates["update"]
    assert activity.kept is z
    np.testing.assert_allclose(activity.state, z * before + (1 - z) * activity.candidate)


@pytest.mark.parametrize("name", sorted(MELODY_NETWORKS))
def test_a_whole_network_is_followed_layer_by_layer(name):
    model = MELODY_NETWORKS[name](12, embedding=4, units=6, depth=2, dropout=0.5)
    tokens = np.random.default_rng(4).integers(0, 12, 15)
    first, second = gate_activations(model, tokens)
    logits = keras.ops.convert_to_numpy(model(tokens[None]))[0]
    kernel, bias = model.head.get_weights()
    np.testing.assert_allclose(second.output @ kernel + bias, logits, atol=1e-5)
    assert first.name.endswith("_1") and second.name.endswith("_2")
    assert (first.kept is None) == (name == "melody_rnn")


def test_a_learners_sequential_model_is_followed_too():
    model = keras.Sequential([keras.Input((None,)), layers.Embedding(9, 4), layers.GRU(5, return_sequences=True), layers.Dense(9)])  # fmt: skip
    (activity,) = gate_activations(model, [1, 2, 3])
    assert activity.output.shape == (3, 5)


def test_what_cannot_be_followed_is_refused():
    with pytest.raises(ValueError, match="cannot be followed"):
        gate_activations(keras.Sequential([keras.Input((3,)), layers.Dense(2)]), [1, 2])
    with pytest.raises(ValueError, match="at least one token"):
        gate_activations(MELODY_NETWORKS["melody_rnn"](9, embedding=4, units=3), [])
    with pytest.raises(ValueError, match="it must be a SimpleRNN, LSTM or GRU"):
        layer_activity(layers.Dense(3), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="reads backwards"):
        layer_activity(randomised(layers.LSTM(3, go_backwards=True), 2), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="only tanh"):
        layer_activity(randomised(layers.LSTM(3, activation="relu"), 2), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="reads 2"):
        layer_activity(randomised(layers.LSTM(3), 2), np.zeros((4, 5)))
    with pytest.raises(ValueError, match="one line"):
        layer_activity(randomised(layers.LSTM(3), 2), np.zeros((1, 4, 2)))


# ---- what units follow ----


def test_correlations_agree_with_numpy_and_find_an_angle():
    rng = np.random.default_rng(5)
    values, feature = rng.normal(size=(40, 6)), rng.normal(size=40)
    expected = [np.corrcoef(values[:, unit], feature)[0, 1] for unit in range(6)]
    np.testing.assert_allclose(correlations(values, feature[:, None]), expected)
    angle = 2 * np.pi * np.arange(40) / 8
    round_feature = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    follows = np.sin(angle + 1.1)[:, None]
    assert correlations(follows, round_feature)[0] == pytest.approx(1)
    some = np.where(np.arange(40) % 3 == 0, np.nan, feature)
    there = np.isfinite(some)
    assert correlations(values, some[:, None])[2] == pytest.approx(np.corrcoef(values[there, 2], feature[there])[0, 1])
    with pytest.raises(ValueError, match="must be"):
        correlations(values, feature[:-1, None])


def test_chance_is_told_from_a_real_follower():
    rng = np.random.default_rng(6)
    feature = rng.normal(size=(60, 1))
    noise = rng.normal(size=(60, 200))
    best_by_chance = chance_correlation(noise, feature)
    assert 0.25 < best_by_chance < 0.55
    assert np.abs(correlations(noise, feature)).max() < best_by_chance + 0.15
    assert correlations(feature + 0.1 * noise[:, :1], feature)[0] > 0.95


def test_features_say_what_is_heard():
    tune = Score.from_melody([67, 60, 62, 64, None, 65, 60], [24, 24, 24, 24, 24, 48, 48], key="C major", pickup=24)
    codec = EventCodec.fit([tune])
    tokens = codec.encode(tune)
    words = codec.vocabulary.words(tokens)
    onsets, pickup = token_onsets(codec, tokens, tune.meter)
    assert pickup == 24
    heard = [int(onset) for onset, word in zip(onsets, words, strict=True) if word[0].isdigit()]
    assert heard == tune.notes["onset"].tolist()
    features = melody_features(codec, tokens, tune.meter)
    assert {len(values) for values in features.values()} == {len(tokens)}
    assert np.nansum(features["bar lines"]) == sum(word.startswith("|") for word in words)
    first_note = words.index("60:24")
    np.testing.assert_allclose(
        features["place in the bar"][first_note], [0, 1], atol=1e-9
    )  # a quarter of the bar has passed
    assert features["pitch"][first_note, 0] == 60 and np.isnan(features["pitch"][0, 0])
    assert features["bars to come"][first_note, 0] == float(words[first_note - 1][1:])
    steps = MelodyCodec(grid=24)
    assert "bars to come" not in melody_features(steps, steps.encode(tune))


def test_the_trained_network_counts_the_bars():
    model = load_pretrained("melody_lstm")
    tune = Score.from_melody([60, 64, 67, 64, 62, 65, 69, 65] * 6, 24, key="C major")
    tokens = model.codec.encode(tune)
    (activity,) = gate_activations(model, tokens)
    feature = melody_features(model.codec, tokens)["bars to come"]
    found = np.abs(correlations(activity.state, feature)).max()
    assert found > 0.95 > chance_correlation(activity.state, feature)
