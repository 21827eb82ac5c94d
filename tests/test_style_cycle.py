"""StyleCycle: each weight gets its own player's gradient, the way back teaches, and two toy styles are translated."""

import keras
import numpy as np
import pytest

from musegen_edu.models.style_cycle import StyleCycle
from musegen_edu.models.style_translators import Keeping, patch_judge, style_translator
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.style_windows import StylePairs
from musegen_edu.tokens.chorale_codec import FIRST_PITCH, HOLD
from musegen_edu.tokens.four_bar_codec import N_SYMBOLS
from musegen_edu.tokens.vocabulary import PAD

ops = keras.ops


def small(**options):
    return StyleCycle(("quick", "slow"), **{"units": 8, "filters": (2, 3, 4), **options})


def toy(n=96, seed=0):
    """Tunes in even eighths, and other tunes in even quarters."""
    rng = np.random.default_rng(seed)
    quick, slow = np.full((n, 64), HOLD), np.full((n, 64), HOLD)
    quick[:, ::2] = rng.integers(18, 30, (n, 32))
    slow[:, ::4] = rng.integers(18, 30, (n, 16))
    return quick.astype(np.int32), slow.astype(np.int32)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes the gradients with TensorFlow's tape")
def test_each_weight_has_the_gradient_of_its_own_loss():
    import tensorflow as tf

    model = small(cycle=2.0, identity=0.5, seed=3)
    first, second = toy(4)
    real = [model.prepare(rows) for rows in (first, second)]
    of_generator, of_judge = model.generator.trainable_variables, model.judge.trainable_variables
    variables = [variable.value for variable in of_generator + of_judge]
    to_first, to_second = model.translators
    silence = ops.zeros(real[0].shape)
    with tf.GradientTape(persistent=True) as tape:
        joint = model.compute_loss(x=(first, second), y_pred=model((first, second)), training=False)
        # the same on paper: translate, judge, go back
        forged = [to_first([real[1], silence])[0], to_second([real[0], silence])[0]]
        back = [to_first([forged[1], silence])[1], to_second([forged[0], silence])[1]]
        same = [to_first([real[0], silence])[1], to_second([real[1], silence])[1]]

        def nats(logits):
            right = [tf.reduce_sum(rows * tf.nn.log_softmax(told), -1) for rows, told in zip(real, logits, strict=True)]
            return -(tf.reduce_mean(right[0]) + tf.reduce_mean(right[1])) / 2

        judged, told = model.judge(real), model.judge(forged)
        judge_loss = sum(tf.reduce_mean(tf.nn.relu(1 - score)) for score in judged)
        judge_loss += sum(tf.reduce_mean(tf.nn.relu(1 + score)) for score in told)
        generator_loss = -sum(tf.reduce_mean(score) for score in told) + 2.0 * nats(back) + 0.5 * nats(same)
    assert float(joint) == pytest.approx(float(judge_loss + generator_loss), abs=1e-4)
    n = len(of_generator)
    expected = tape.gradient(generator_loss, variables[:n]) + tape.gradient(judge_loss, variables[n:])
    for variable, mine, theirs in zip(of_generator + of_judge, tape.gradient(joint, variables), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=2e-5, err_msg=variable.path)
        # the hinge of fresh judges: the score's bias moves real and forged alike
        assert np.abs(theirs).max() > 0 or variable.path.endswith("score/bias"), variable.path


def test_before_training_a_tune_stays_as_it_is():
    first, _ = toy(70)  # more than one part of 64
    model = small()
    told = model.transfer(first, "slow")
    assert told.shape == first.shape and told.dtype == np.int32
    assert (told == first).mean() > 0.99
    assert (model.transfer(first, "slow") == told).all()
    drawn = model.transfer(first, "slow", seed=1)
    assert (drawn == model.transfer(first, "slow", seed=1)).all()
    assert (drawn != model.transfer(first, "slow", seed=2)).any() and (drawn != PAD).all()


def test_two_toy_styles_are_translated_and_keep_their_tune():
    first, second = toy()
    model = small(units=16, filters=(4, 8, 8), identity=0.3, cycle=0.3, seed=1)
    model.compile(TwoSpeedAdam(5e-3, 1e-2))
    history = model.fit(StylePairs(first, second, 32, seed=0), epochs=12, verbose=0).history
    assert {"cycle_loss", "identity_loss", "judge_loss", "generator_loss", "real_right", "forged_right"} <= set(history)
    assert all(np.isfinite(values).all() for values in history.values())
    new_first, new_second = toy(32, seed=9)
    told = model.transfer(new_second, "quick")
    assert (told >= FIRST_PITCH).sum() > 1.2 * (new_second >= FIRST_PITCH).sum()  # more notes begin than before
    assert (told[:, ::4] == new_second[:, ::4]).mean() > 0.5  # chance is 1 in 12
    assert (model.transfer(new_first, "slow") >= FIRST_PITCH).sum() < (new_first >= FIRST_PITCH).sum()


def test_the_tunes_to_tell_are_the_condition_and_each_judge_scores():
    first, _ = toy(3)
    model = small()
    told = model.generate(3, condition=first, seed=4)
    np.testing.assert_array_equal(told, model.transfer(first, "slow", seed=4, averaged=False))
    scores = model.scores(told)
    assert set(scores) == {"quick", "slow"} and all(values.shape == (3,) for values in scores.values())
    with pytest.raises(ValueError, match="condition"):
        model.generate(3)


def test_the_averaged_weights_are_what_settles():
    first, _ = toy(16)
    model, rng = small(), np.random.default_rng(0)
    for kept in model.averaged:  # as if they had come another way than the weights
        kept.assign(ops.convert_to_numpy(kept) + rng.normal(0, 0.3, kept.shape))
    averaged = model.transfer(first, "slow", seed=1, averaged=True)
    assert (averaged != model.transfer(first, "slow", seed=1, averaged=False)).any()
    model.settle()
    np.testing.assert_array_equal(model.transfer(first, "slow", seed=1, averaged=False), averaged)
    again = StyleCycle.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.transfer(first, "slow", seed=1), averaged)
    assert len({weight.path for weight in model.weights}) == len(model.weights)  # the names under which they are stored


def test_parts_have_their_shapes():
    rows = ops.one_hot(toy(2)[0], N_SYMBOLS)
    symbols, logits = style_translator("slow", units=4, temperature=1.0, seed=0)([rows, ops.zeros(rows.shape)])
    assert tuple(symbols.shape) == tuple(logits.shape) == (2, 64, N_SYMBOLS)
    assert set(np.unique(ops.convert_to_numpy(symbols))) == {0.0, 1.0}
    assert tuple(patch_judge("slow", (2, 2, 2))(rows).shape) == (2, 8, 1)
    assert len(Keeping().trainable_variables) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"styles": ("reel", "reel")}, "two different names"),
        ({"units": 0}, "units=0"),
        ({"filters": (2, 2)}, "filters"),
        ({"temperature": 0.0}, "temperature"),
        ({"cycle": -1.0}, "cycle=-1.0"),
        ({"penalty": 1.0}, "options"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        StyleCycle(**options)


def test_wrong_symbols_and_styles_are_refused():
    model = small()
    with pytest.raises(ValueError, match="symbols has shape"):
        model.transfer(np.zeros((2, 63), int), "slow")
    with pytest.raises(ValueError, match="to='jazz'"):
        model.transfer(np.ones((2, 64), int), "jazz")
    assert model.transfer(np.empty((0, 64), int), "slow").shape == (0, 64)
