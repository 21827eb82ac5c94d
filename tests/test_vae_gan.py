"""SpectrogramVAEGAN: three players, each with the gradient of its own loss, and codes as those of the VAE."""

from __future__ import annotations

import numpy as np
import pytest

from musegen_edu.models.note_painter import N_FRAMES, N_MELS
from musegen_edu.models.spectrogram_vae import SpectrogramVAE
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.models.vae_gan import SpectrogramVAEGAN, unexplained_share
from musegen_edu.pretrained import load_pretrained, save_pretrained
from musegen_edu.quiet_keras import keras

ops = keras.ops
PITCHES = np.array([48, 60, 72, 61, 50, 55], np.int32)
MELS = np.random.default_rng(0).uniform(-70, -10, (6, N_MELS, N_FRAMES)).astype(np.float32)


def small(**options):
    return SpectrogramVAEGAN(2, filters=(2, 3, 4, 5), units=8, looks=(2, 3, 4, 5), **{"seed": 1, **options})


@pytest.fixture(scope="module")
def model():
    return small()


def test_it_is_a_vae_of_the_same_size_and_seed(model):
    vae = SpectrogramVAE(2, filters=(2, 3, 4, 5), units=8, seed=1)
    mean, log_variance = model.encode(MELS, PITCHES)
    np.testing.assert_allclose(mean, vae.encode(MELS, PITCHES)[0], atol=1e-5)
    assert mean.shape == log_variance.shape == (6, 2)
    painted = model.decode(mean, PITCHES)
    np.testing.assert_allclose(painted, vae.decode(mean, PITCHES), atol=1e-3)
    drawn = model.generate(6, condition=PITCHES, seed=2)
    assert drawn.shape == painted.shape == MELS.shape
    np.testing.assert_allclose(drawn, model.generate(6, condition=PITCHES, seed=2, averaged=True), atol=1e-3)


def test_forged_notes_come_from_codes_and_from_noise_by_turns(model):
    mean, _ = model.encode(MELS, PITCHES)
    out = {
        name: ops.convert_to_numpy(value)
        for name, value in model((ops.convert_to_tensor(MELS), ops.convert_to_tensor(PITCHES)), training=False).items()
    }
    np.testing.assert_allclose(out["mean"], mean, atol=1e-5)
    same = np.abs(out["forged"] - out["painted"]).max(axis=(1, 2)) < 1e-5
    assert same.tolist() == [True, False] * 3


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes the gradients with TensorFlow's tape")
def test_each_player_has_the_gradient_of_its_own_loss():
    import tensorflow as tf

    plain = 0.7
    model = small(game=0.6, plain=plain, beta=3.0, blur=0.5, loss="non_saturating")
    of_encoder, of_decoder, of_judge = (
        [variable.value for variable in network.trainable_variables]
        for network in (model.vae.encoder, model.vae.decoder, model.judge)
    )
    with tf.GradientTape(persistent=True) as tape:
        real, pitch = model.prepare(MELS), ops.convert_to_tensor(PITCHES)
        out = model((ops.convert_to_tensor(MELS), pitch))
        joint = model.compute_loss((MELS, pitch), None, out, training=False)
        score_real, seen = model.seeing([real, pitch])
        _, seen_painted = model.seeing([out["painted"], pitch])
        score_forged = model.judge([out["forged"], pitch])
        kept = tf.stop_gradient(seen)
        error = tf.reduce_mean((seen_painted - kept) ** 2) / tf.reduce_mean((kept - tf.reduce_mean(kept, (0, 1, 2))) ** 2)  # fmt: skip
        plain_error = tf.reduce_mean((out["painted"] - real) ** 2) / tf.reduce_mean((real - tf.reduce_mean(real, (0, 1))) ** 2)  # fmt: skip
        mean, log_variance = out["mean"], out["log_variance"]
        kl = 0.5 * tf.reduce_mean(tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, 1))
        likeness = 0.5 / 0.5**2 * (error + plain * plain_error) + 3.0 * kl / (N_FRAMES * N_MELS)
        fooling = tf.reduce_mean(tf.math.softplus(-score_forged))
        judging = tf.reduce_mean(tf.math.softplus(-score_real)) + tf.reduce_mean(tf.math.softplus(score_forged))
        decoding = likeness + 0.6 * fooling
    assert float(joint) == pytest.approx(float(likeness + 0.6 * fooling + judging), rel=1e-4)
    assert tape.gradient(fooling, of_encoder) == [None] * len(of_encoder)
    for variables, loss in ((of_encoder, likeness), (of_decoder, decoding), (of_judge, judging)):
        for mine, theirs in zip(tape.gradient(joint, variables), tape.gradient(loss, variables), strict=True):
            assert theirs is not None
            np.testing.assert_allclose(mine, theirs, atol=2e-5 * max(1.0, float(tf.reduce_max(tf.abs(theirs)))))


def test_it_learns_and_every_weight_has_its_rate():
    model = small(beta=1.0, warm_up=2)
    model.compile(TwoSpeedAdam(3e-3, 0.0, beta_1=0.5, beta_2=0.99))
    encoder, judge = (
        model.vae.encoder.get_weights(),
        [np.array(ops.convert_to_numpy(weight)) for weight in model.judge.trainable_variables],
    )
    logs = model.fit((np.repeat(MELS, 4, axis=0), np.repeat(PITCHES, 4)), batch_size=12, epochs=8, verbose=0).history
    assert logs["unexplained"][-1] < 0.97 * logs["unexplained"][0]
    assert {"judge_loss", "generator_loss", "real_right", "forged_right", "kl", "unexplained"} <= set(logs)
    for weight, old in zip(model.judge.trainable_variables, judge, strict=True):  # a rate of 0 holds the judge still
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), old)
    assert any((a != b).any() for a, b in zip(model.vae.encoder.get_weights(), encoder, strict=True))


def test_saved_and_loaded_it_paints_the_same(tmp_path):
    model = small(seed=4)
    for weight in model.weights:  # each one its own, so that none could stand for another
        weight.assign(
            ops.convert_to_numpy(weight) + np.random.default_rng(len(weight.path)).normal(0, 0.01, weight.shape)
        )
    save_pretrained("notes", model, card={}, folder=tmp_path)
    again = load_pretrained("notes", tmp_path)
    assert len({weight.path for weight in model.weights}) == len(model.weights)
    z = np.random.default_rng(0).normal(size=(6, 2))
    np.testing.assert_allclose(again.decode(z, PITCHES), model.decode(z, PITCHES), atol=0.2)  # 16-bit weights


def test_the_unexplained_share_by_hand():
    wanted = ops.array([[[0.0, 5.0]], [[2.0, 5.0]]])  # variance 1 in one column, 0 in the other
    assert float(unexplained_share(wanted + 1.0, wanted)) == pytest.approx(2.0, rel=1e-4)
    assert float(unexplained_share(wanted, wanted)) == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"game": -0.1}, "game=-0.1"), ({"plain": -1}, "plain=-1"), ({"blur": 0}, "blur=0"), ({"beta": -1}, "beta=-1")],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


def test_bad_pitches_are_named(model):
    with pytest.raises(ValueError, match="pitches holds 20 to 60"):
        model.generate(2, condition=[60, 20])
