"""The melody networks: build, call, step, save, load; one set of weights for both ways through each of them."""

import keras
import numpy as np
import pytest

from musegen_edu.composing import compose
from musegen_edu.models.recurrent import MELODY_NETWORKS, MelodyGRU, MelodyLSTM, MelodyRNN
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec

EACH = pytest.mark.parametrize("network", list(MELODY_NETWORKS.values()), ids=list(MELODY_NETWORKS))
LAYERS = {MelodyRNN: keras.layers.SimpleRNN, MelodyLSTM: keras.layers.LSTM, MelodyGRU: keras.layers.GRU}
TOKENS = np.random.default_rng(0).integers(1, 20, (3, 17)).astype(np.int32)


@EACH
@pytest.mark.parametrize("depth", [1, 2])
def test_step_agrees_with_the_whole_sequence(network, depth):
    model = network(20, embedding=8, units=16, depth=depth, seed=4)
    whole = np.array(model.predict_on_batch(TOKENS))  # (batch, time, n_tokens)
    assert whole.shape == (3, 17, 20)
    state = model.initial_state(3)
    for place in range(17):
        logits, state = model.step(keras.ops.convert_to_tensor(TOKENS[:, place]), state)
        np.testing.assert_allclose(keras.ops.convert_to_numpy(logits), whole[:, place], atol=2e-6)


@EACH
def test_shapes_are_those_of_the_lesson(network):
    model = network(20, embedding=8, units=16, depth=2)
    open_version = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(20, 8),
            LAYERS[network](16, return_sequences=True),
            LAYERS[network](16, return_sequences=True),
            keras.layers.Dense(20),
        ]
    )
    assert [weight.shape for weight in model.weights] == [weight.shape for weight in open_version.weights]


@EACH
@pytest.mark.parametrize("depth", [1, 3])
def test_parameters_are_counted_without_making_a_network(network, depth):
    n = network.n_parameters(20, embedding=6, units=11, depth=depth)
    assert n == network(20, embedding=6, units=11, depth=depth).count_params()
    assert network.units_for(n, 20, embedding=6, depth=depth) == 11
    assert network.units_for(n - 1, 20, embedding=6, depth=depth) == 10
    with pytest.raises(ValueError, match=r"n_parameters=50 is too few; one unit a layer already needs \d+"):
        network.units_for(50, 20, embedding=6, depth=depth)


def test_gru_resets_after_the_matrix_product():
    model = MelodyGRU(20, embedding=4, units=5, depth=1, seed=2)
    rng = np.random.default_rng(0)
    x, h = (rng.normal(size=(3, n)).astype(np.float32) for n in (4, 5))
    cell = model.recurrent[0].cell
    cell.bias.assign(rng.normal(size=cell.bias.shape))
    W, U, (b, b_h) = (np.array(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias))
    from_x, from_h = np.split(x @ W + b, 3, axis=1), np.split(h @ U + b_h, 3, axis=1)
    z, r = (1 / (1 + np.exp(-(a + c))) for a, c in zip(from_x[:2], from_h[:2], strict=True))
    expected = z * h + (1 - z) * np.tanh(from_x[2] + r * from_h[2])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(cell(x, [h])[0]), expected, atol=1e-6)


@EACH
def test_every_network_generates_and_composes(network):
    codec = EventCodec.fit([Score.from_melody([60, 62, 64], [24, 12, 48], key="C major")])
    model = network(len(codec.vocabulary), embedding=4, units=8, depth=1, seed=1)
    first, again = (generate(model, n_steps=30, batch=3, seed=5) for _ in range(2))
    assert [line.tolist() for line in first] == [line.tolist() for line in again]
    greedy = generate(model, n_steps=20, temperature=0, seed=0)[0]
    logits = np.array(model.predict_on_batch(greedy[None, :-1]))[0]
    logits[:, :2] = -np.inf  # <pad> and <start> are never drawn
    assert logits.argmax(axis=-1).tolist() == greedy[1:].tolist()
    tune = compose(model, bars=4, seed=2, codec=codec, candidates=3)
    assert (tune.n_bars, tune.duration) == (4, 4 * 96)


def test_a_name_is_kept():
    assert MelodyRNN(20, units=4, name="elman").name == "elman"


@EACH
def test_the_seed_decides_the_weights(network):
    first, same, other = (network(20, units=8, seed=seed).get_weights() for seed in (1, 1, 2))
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


@EACH
def test_save_and_load(network, tmp_path):
    model = network(20, embedding=4, units=8, depth=2, dropout=0.2, seed=3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects={network.__name__: network})
    assert again.get_config() == model.get_config()
    np.testing.assert_allclose(again.predict_on_batch(TOKENS), model.predict_on_batch(TOKENS), atol=1e-6)


@EACH
def test_training_lowers_the_loss(network):
    model = network(20, embedding=16, units=32, depth=1, dropout=0.0)
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
