"""FourBarGAN: whole symbols with a gradient, slopes that are bounded, and a roll that is the music's."""

import keras
import numpy as np
import pytest

from musegen_edu.four_bars import folk_windows
from musegen_edu.models.four_bar_gan import KINDS, FourBarGAN
from musegen_edu.models.gan_layers import SpectralConv1D, SpectralConv2D, SpectralDense, SymbolsToRoll, straight_through
from musegen_edu.models.tune_judges import JUDGES, BatchMoments, roll_judge
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.tokens import FourBarCodec
from musegen_edu.tokens.chorale_codec import FIRST_PITCH, HOLD, sounding_symbols
from musegen_edu.tokens.four_bar_codec import N_SYMBOLS
from musegen_edu.tokens.vocabulary import PAD

ops = keras.ops
needs_tape = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="takes gradients with TensorFlow's tape"
)


@pytest.fixture(scope="module")
def windows():
    return folk_windows("valid").symbols[:64]


def small(kind="convolutional", **options):
    return FourBarGAN(kind, latent=4, units=8, filters=(2, 2, 3, 3), **options)


@needs_tape
def test_straight_through_is_one_hot_and_has_the_gradient_of_a_softmax():
    import tensorflow as tf

    logits = tf.constant(np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32))
    weights = np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        rows = straight_through(logits, 0.5)
        score, soft = tf.reduce_sum(rows * weights), tf.reduce_sum(tf.nn.softmax(logits / 0.5) * weights)
    np.testing.assert_array_equal(rows, np.eye(5)[np.argmax(logits, axis=1)])
    np.testing.assert_allclose(tape.gradient(score, logits), tape.gradient(soft, logits), atol=1e-6)
    assert np.abs(tape.gradient(score, logits)).max() > 0.01


@needs_tape
@pytest.mark.parametrize("kind", KINDS)
def test_the_judge_reaches_every_weight_of_the_generator(kind):
    import tensorflow as tf

    pair = small(kind)
    variables = [variable.value for variable in pair.generator.trainable_variables]
    with tf.GradientTape() as tape:
        rows = pair.generator(pair.draw_noise(3, keras.random.SeedGenerator(0)))
        score = tf.reduce_sum(pair.judge(rows))
    assert set(np.unique(rows)) == {0.0, 1.0} and (np.asarray(rows).sum(axis=2) == 1).all()
    assert (np.asarray(rows)[:, :, PAD] == 0).all()
    for variable, gradient in zip(variables, tape.gradient(score, variables), strict=True):
        assert gradient is not None and np.abs(gradient).max() > 0, variable.name


def test_gumbel_noise_draws_from_the_softmax():
    noise = small().draw_noise(2000, keras.random.SeedGenerator(3))[1]  # (2000, 64, 47)
    logits = np.zeros(N_SYMBOLS, np.float32)
    logits[:3] = 2.0, 3.0, 4.0
    told = np.asarray(ops.convert_to_numpy(ops.argmax(noise[:, 0] + logits, axis=-1)))
    chances = np.exp(logits) / np.exp(logits).sum()
    assert np.abs(np.bincount(told, minlength=N_SYMBOLS) / 2000 - chances).max() < 4 * np.sqrt(0.25 / 2000)


def test_the_roll_is_what_sounds(windows):
    rows = ops.one_hot(windows.astype(np.int32), N_SYMBOLS)
    roll = np.asarray(ops.convert_to_numpy(SymbolsToRoll()(rows)))
    assert roll.shape == (len(windows), 64, 44, 2)
    pitches = np.arange(FIRST_PITCH, N_SYMBOLS)
    np.testing.assert_array_equal(roll[..., 0], windows[:, :, None] == pitches)
    sounding = np.array([sounding_symbols(window[:, None])[:, 0] for window in windows])
    np.testing.assert_array_equal(roll[..., 1], sounding[:, :, None] == pitches)
    assert (windows == HOLD).any()


@pytest.mark.parametrize("dimensions", [0, 1, 2])
def test_spectral_layers_stretch_nothing_more_than_once(dimensions):
    layer = (SpectralDense(5, seed=1), SpectralConv1D(5, 3, seed=1), SpectralConv2D(5, 3, seed=1))[dimensions]
    x = np.random.default_rng(0).normal(size=(2, *[6] * dimensions, 3)).astype(np.float32)
    layer.build(x.shape)
    before = np.array(ops.convert_to_numpy(layer.kernel))
    for _ in range(60):
        layer(x, training=True)
    matrix = np.asarray(ops.convert_to_numpy(layer.normalised(False))).reshape(-1, 5)
    assert np.linalg.svd(matrix, compute_uv=False)[0] == pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.kernel), before)
    u = ops.convert_to_numpy(layer.u)
    layer(x, training=False)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.u), u)


def test_the_moments_of_a_batch_stand_beside_each_example():
    features = np.random.default_rng(0).normal(2, 3, (50, 4)).astype(np.float32)
    rows = np.asarray(ops.convert_to_numpy(BatchMoments()(features)))
    np.testing.assert_array_equal(rows[:, :4], features)
    np.testing.assert_allclose(rows[:, 4:8], np.broadcast_to(features.mean(axis=0), (50, 4)), atol=1e-5)
    np.testing.assert_allclose(rows[:, 8:], np.broadcast_to(features.std(axis=0), (50, 4)), atol=1e-4)


@pytest.mark.parametrize("judge", JUDGES)
def test_only_a_judge_that_compares_sees_the_other_tunes(judge, windows):
    rows = ops.one_hot(windows[:8].astype(np.int32), N_SYMBOLS)
    for compares in (True, False):
        network = JUDGES[judge]((4, 4), compares=compares, seed=1)
        together = np.asarray(ops.convert_to_numpy(network(rows)))
        alone = np.concatenate([np.asarray(ops.convert_to_numpy(network(rows[i : i + 1]))) for i in range(8)])
        assert together.shape == (8, 1) and bool((np.abs(together - alone) > 1e-4).any()) == compares


def test_the_step_judge_reads_pitch_classes():
    low, high = ops.one_hot(np.full((1, 64), 18), N_SYMBOLS), ops.one_hot(np.full((1, 64), 30), N_SYMBOLS)  # C4, C5
    network = JUDGES["steps"]((4,), compares=False)
    steps = [np.asarray(network.get_layer("steps")(network.get_layer("roll")(rows)))[0, 0] for rows in (low, high)]
    np.testing.assert_array_equal(steps[0][44:56], np.eye(12)[0])  # begins: C
    np.testing.assert_array_equal(steps[0][44:56], steps[1][44:56])
    assert (steps[0][:44] != steps[1][:44]).any()


def test_a_judge_learns_to_tell_tunes_from_a_generator_that_holds_still(windows):
    pair = small()
    pair.compile(TwoSpeedAdam(0.0, 5e-3))
    logs = pair.fit(windows, batch_size=32, epochs=30, verbose=0).history
    assert logs["real_right"][-1] > 0.75 and logs["forged_right"][-1] > 0.75  # guessing: 1 together


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_forged_is_playable_and_seeds_reproduce(kind, windows):
    def trained():
        pair = small(kind, seed=3)
        pair.compile(TwoSpeedAdam(1e-3, 1e-3))
        keras.utils.set_random_seed(0)  # the order of `fit`'s batches
        pair.fit(windows[:16], batch_size=8, epochs=1, verbose=0)
        return pair

    pair = trained()
    told = pair.generate_symbols(4, seed=1)
    assert told.shape == (4, 64) and told.dtype == np.int32 and (told != PAD).all()
    np.testing.assert_array_equal(told, pair.generate_symbols(4, seed=1))
    assert (told != pair.generate_symbols(4, seed=2)).any()
    assert pair.generate_symbols(4, seed=1, averaged=True).shape == (4, 64)
    assert all(FourBarCodec().decode(row).duration <= 4 * 96 for row in told)
    if kind == "convolutional":
        assert np.mean(told == trained().generate_symbols(4, seed=1)) > 0.9  # rounding may differ between two runs
    copy = FourBarGAN.from_config(pair.get_config())
    copy.set_weights(pair.get_weights())
    np.testing.assert_array_equal(told, copy.generate_symbols(4, seed=1))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="kind='lstm'"):
        FourBarGAN("lstm")
    with pytest.raises(ValueError, match="temperature=0"):
        FourBarGAN(temperature=0)
    with pytest.raises(ValueError, match="latent=0"):
        FourBarGAN("convolutional", latent=0)
    with pytest.raises(ValueError, match="filters="):
        roll_judge(())
    with pytest.raises(ValueError, match="judge='ear'"):
        FourBarGAN(judge="ear")
