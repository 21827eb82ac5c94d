"""AdversarialPair: each weight gets the gradient of its own player's loss, and the game ends where the theory says."""

import json
from typing import Any

import keras
import numpy as np
import pytest

from musegen_edu.models.band_gan import BandGAN
from musegen_edu.models.gan import LOSSES, AdversarialPair
from musegen_edu.models.two_speed_adam import TwoSpeedAdam

ops, layers = keras.ops, keras.layers


def mlp(sizes, seed=0, activation="tanh"):
    """A network with the given widths, whose weights NumPy draws."""
    hidden = [layers.Dense(size, activation) for size in sizes[1:-1]]
    network = keras.Sequential([keras.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1])])
    rng = np.random.default_rng(seed)
    for weight in network.weights:
        weight.assign(rng.normal(size=weight.shape).astype(np.float32) / np.sqrt(max(1, weight.shape[0])))
    return network


def toy(loss="non_saturating", **options):
    return AdversarialPair(mlp((1, 1), seed=2), mlp((1, 16, 16, 1), seed=1), noise=1, loss=loss, **options)


def gaussian(mean, spread, n=2048, seed=0):
    return np.random.default_rng(seed).normal(mean, spread, (n, 1)).astype(np.float32)


def softplus(x):
    return ops.log(1 + ops.exp(x))


# Goodfellow's D is 1 / (1 + e^-d): written out here as on paper, apart from the model's own code.
JUDGES: dict[str, Any] = {
    "saturating": lambda real, forged: -ops.mean(ops.log(ops.sigmoid(real)) + ops.log(1 - ops.sigmoid(forged))),
    "hinge": lambda real, forged: ops.mean(ops.maximum(0.0, 1 - real) + ops.maximum(0.0, 1 + forged)),
    "wasserstein": lambda real, forged: ops.mean(forged - real),
}
JUDGES["non_saturating"] = JUDGES["saturating"]
GENERATORS: dict[str, Any] = {
    "saturating": lambda forged: ops.mean(ops.log(1 - ops.sigmoid(forged))),
    "non_saturating": lambda forged: -ops.mean(ops.log(ops.sigmoid(forged))),
    "hinge": lambda forged: -ops.mean(forged),
    "wasserstein": lambda forged: -ops.mean(forged),
}


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes the gradients with TensorFlow's tape")
@pytest.mark.parametrize("loss", LOSSES)
def test_each_weight_has_the_gradient_of_its_own_loss(loss):
    import tensorflow as tf

    pair = AdversarialPair(mlp((2, 5, 3), seed=1), mlp((3, 6, 1), seed=2), noise=2, loss=loss, penalty=0.0)
    real = np.random.default_rng(3).normal(size=(7, 3)).astype(np.float32)
    noise = pair.draw_noise(7, keras.random.SeedGenerator(4))
    of_generator, of_judge = pair.generator.trainable_variables, pair.judge.trainable_variables
    variables = [variable.value for variable in of_generator + of_judge]
    with tf.GradientTape(persistent=True) as tape:
        forged = pair.generator(noise)
        joint = pair.compute_loss(x=real, y_pred=forged)
        judge_loss = JUDGES[loss](pair.judge(real), pair.judge(forged))
        generator_loss = GENERATORS[loss](pair.judge(forged))
    assert float(joint) == pytest.approx(float(judge_loss + generator_loss), abs=1e-5)
    expected = tape.gradient(generator_loss, variables[:4]) + tape.gradient(judge_loss, variables[4:])
    found = tape.gradient(joint, variables)
    assert len(found) == 8
    for variable, mine, theirs in zip(of_generator + of_judge, found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6, err_msg=variable.path)
        last_bias = loss == "wasserstein" and variable is of_judge[-1]  # it shifts both scores alike
        assert last_bias or np.abs(theirs).max() > 1e-4


def test_the_penalty_sees_slopes_above_one():
    real, forged = gaussian(0, 1, 50), gaussian(4, 1, 50, seed=1)
    for slope, expected in ((0.5, 0.0), (-0.9, 0.0), (3.0, 4.0), (-2.0, 1.0)):
        judge = mlp((1, 1))
        judge.set_weights([np.array([[slope]]), np.array([0.3])])
        pair = AdversarialPair(mlp((1, 1)), judge, noise=1, loss="wasserstein", penalty=2.0)
        bare = float(pair.judge_loss(judge(real), judge(forged)) + pair.generator_loss(judge(forged)))
        with_penalty = float(pair.compute_loss(x=real, y_pred=ops.convert_to_tensor(forged)))
        assert with_penalty - bare == pytest.approx(2.0 * expected, abs=2e-3)


def test_smoothing_moves_the_best_score_of_real_examples():
    pair = toy(smoothing=0.1)
    scores = np.linspace(-1, 5, 601, dtype=np.float32)
    losses = [float(pair.judge_loss(ops.array([score]), ops.array([0.0]))) for score in scores]
    assert scores[int(np.argmin(losses))] == pytest.approx(np.log(0.9 / 0.1), abs=0.05)


# ---- the game on a line ----


@pytest.mark.parametrize("loss", ["non_saturating", "wasserstein"])
def test_a_gaussian_is_learnt_and_seeds_reproduce(loss):
    def played(epochs):
        pair = toy(loss, seed=5)
        pair.compile(TwoSpeedAdam(1e-2, 1e-2))
        keras.utils.set_random_seed(0)  # the order of `fit`'s batches
        pair.fit(gaussian(3, 0.5), batch_size=128, epochs=epochs, verbose=0)
        return pair

    pair = played(30)
    drawn = pair.generate(4000, seed=1, averaged=True)
    assert abs(drawn.mean() - 3) < 0.3 and 0.3 < drawn.std() < 0.75  # players circle around the balance
    if loss == "wasserstein":
        first, again = (played(1).generate(50, seed=1) for _ in range(2))
        np.testing.assert_allclose(first, again, atol=0.02)  # rounding may differ between two runs, and grows
        assert (drawn != pair.generate(4000, seed=2, averaged=True)).any()


def test_the_judge_of_a_generator_that_holds_still_becomes_the_optimal_one():
    pair = AdversarialPair(mlp((1, 1)), mlp((1, 16, 1), seed=1), noise=1, loss="saturating")
    pair.generator.set_weights([np.array([[0.7]]), np.array([1.0])])  # forges from N(1, 0.7)
    pair.compile(TwoSpeedAdam(0.0, 1e-2, beta_2=0.999))
    pair.fit(gaussian(-0.5, 1.0, 4096), batch_size=256, epochs=20, verbose=0)
    np.testing.assert_array_equal(pair.generator.get_weights()[0], np.array([[0.7]], np.float32))
    x = np.linspace(-2.5, 2.5, 41, dtype=np.float32)[:, None]
    p = np.exp(-((x + 0.5) ** 2) / 2)
    q = np.exp(-((x - 1) ** 2) / (2 * 0.49)) / 0.7
    found = 1 / (1 + np.exp(-np.asarray(ops.convert_to_numpy(pair.judge(x)))))
    weight = (p + q) / (p + q).sum()
    assert (weight * np.abs(found - p / (p + q))).sum() < 0.03


# ---- the optimiser ----


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX updates outside `apply`")
def test_one_player_moves_every_step_and_the_other_every_third():
    pair = toy()
    optimizer = TwoSpeedAdam(1e-3, 2e-3, judge_steps=3)
    pair.compile(optimizer)
    real, moved = gaussian(3, 1, 16), []
    for _ in range(7):
        before = [[w.numpy() for w in network.weights] for network in (pair.generator, pair.judge)]
        pair.train_on_batch(real)
        after = [network.weights for network in (pair.generator, pair.judge)]
        moved.append(
            [any((a != b.numpy()).any() for a, b in zip(x, y, strict=True)) for x, y in zip(before, after, strict=True)]
        )
    assert [generator for generator, _ in moved] == [False, False, True, False, False, True, False]
    assert all(judge for _, judge in moved)


def test_it_moves_as_adam_does():
    start, gradients = [1.0, -2.0], list(np.array([[0.3, -4.0], [0.1, 2.0], [-1.0, 0.5]], np.float32))
    ours, theirs = keras.Variable(start), keras.Variable(start)
    two_speeds, adam = TwoSpeedAdam(0.0, 0.05, beta_1=0.5, beta_2=0.9), keras.optimizers.Adam(0.05, 0.5, 0.9)
    for gradient in gradients:
        two_speeds.apply([ops.convert_to_tensor(gradient)], [ours])
        adam.apply([ops.convert_to_tensor(gradient)], [theirs])
    np.testing.assert_allclose(ops.convert_to_numpy(ours), ops.convert_to_numpy(theirs), atol=1e-5)


def test_the_average_follows_the_weights():
    pair = toy(average=0.5)
    pair.compile(TwoSpeedAdam(1e-2, 1e-2))
    kept = pair.generator.get_weights()
    for step in range(1, 8):
        now = pair.generator.get_weights()  # each step first follows, then learns
        share = min(0.5, step / (step + 9))
        kept = [share * a + (1 - share) * b for a, b in zip(kept, now, strict=True)]
        pair.train_on_batch(gaussian(3, 1, 16, seed=step))
    for a, b in zip(pair.averaged_generator().get_weights(), kept, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_condition_is_shown_to_both():
    z, told, x = keras.Input((1,)), keras.Input((1,)), keras.Input((1,))
    generator = keras.Model([z, told], layers.Dense(1)(layers.Concatenate()([z, told])))
    judge = keras.Model([x, told], layers.Dense(1)(layers.Dense(16, "relu")(layers.Concatenate()([x, told]))))
    pair = AdversarialPair(generator, judge, noise=1, loss="wasserstein")
    pair.compile(TwoSpeedAdam(1e-2, 1e-2))
    told_values = np.random.default_rng(0).choice([-1.0, 1.0], (256, 1)).astype(np.float32)
    logs = pair.fit((2 * told_values, told_values), batch_size=64, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in logs.values())
    assert pair.generate(3, condition=told_values[:3]).shape == (3, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "ragan"}, "loss='ragan'"),
        ({"noise": 0}, "noise=0"),
        ({"penalty": -1.0}, "penalty=-1.0"),
        ({"loss": "hinge", "smoothing": 0.1}, "smoothing=0.1"),
        ({"average": 1.0}, "average=1.0"),
        ({"generator": keras.Sequential([layers.Dense(1)])}, "generator has no weights"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        AdversarialPair(**{"generator": mlp((1, 1)), "judge": mlp((1, 1)), "noise": 1, **options})


def test_bad_rates_are_named():
    with pytest.raises(ValueError, match="judge_rate=-1"):
        TwoSpeedAdam(0.1, -1)
    with pytest.raises(ValueError, match="judge_steps=0"):
        TwoSpeedAdam(judge_steps=0)
    with pytest.raises(ValueError, match="n=0"):
        toy().generate(0)


def small_band():
    """A band whose players have weights that NumPy draws: the same on every backend."""
    band = BandGAN(shared=4, bar=2, own=2, units=8, filters=4)
    rng = np.random.default_rng(6)
    for weight in band.generator.weights:
        weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.5)
    return band


SCRIPT = """
import json
import numpy as np
from test_gan import gaussian, small_band, toy
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.models.four_bar_gan import KINDS, FourBarGAN
pair = toy("wasserstein", seed=5)
pair.compile(TwoSpeedAdam(1e-2, 1e-2))
pair.fit(gaussian(3, 0.5), batch_size=128, epochs=30, verbose=0)
drawn = pair.generate(4000, seed=1, averaged=True)
assert abs(drawn.mean() - 3) < 0.25 and 0.3 < drawn.std() < 0.7, (drawn.mean(), drawn.std())
band = small_band()
print(json.dumps(band.generate_tables(4, seed=1, averaged=False).tolist()))
games = [(FourBarGAN(kind, latent=4, units=8, filters=(2, 2, 2, 2)), np.full((8, 64), 18)) for kind in KINDS]
for game, examples in [*games, (band, np.ones((8, 64, 13)))]:
    game.compile(TwoSpeedAdam(1e-3, 1e-3, judge_steps=2))
    before = game.generator.get_weights()
    logs = game.fit(examples, batch_size=4, epochs=1, verbose=0).history
    assert all(np.isfinite(values).all() for values in logs.values()), logs
    assert any((a != b).any() for a, b in zip(before, game.generator.get_weights()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_play_the_same_game(backend, run_on_backend):
    told = np.array(json.loads(run_on_backend(backend, SCRIPT).splitlines()[-1]))
    here = small_band().generate_tables(4, seed=1, averaged=False)
    assert here.max(axis=(0, 1)).min() > 0 and (told == here).mean() > 0.99  # all but ties that rounding decides
