"""MelodyVAE: the loss is the one on paper, the loop tells what the network says, and the code is what the decoder lives on."""

import json
from typing import Any

import keras
import numpy as np
import pytest

from musegen_edu.four_bars import WindowBatches, folk_windows, moved_along_scale
from musegen_edu.metrics.reconstruction import active_units, kl_to_prior, symbol_note_f1
from musegen_edu.models.four_bar_pca import FourBarPCA, nearest_window
from musegen_edu.models.latent_layers import LatentDraw, Listening, WordDropout
from musegen_edu.models.vae import MelodyVAE
from musegen_edu.pretrained import load_card, load_pretrained, save_pretrained
from musegen_edu.tokens import FourBarCodec
from musegen_edu.tokens.chorale_codec import sounding_symbols
from musegen_edu.tokens.four_bar_codec import HOLD, N_STEPS, N_SYMBOLS

SIZES: dict[str, Any] = {"latent": 5, "units": 16, "hidden": 12, "decoder_units": 10}


def small_model(scale=0.5, **options):
    """An untrained network whose weights NumPy draws, so that each backend has the same."""
    model = MelodyVAE(**{**SIZES, **options})
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.path != "latent/warmth":
            weight.assign(rng.normal(size=weight.shape).astype(np.float32) * scale)
    return model


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture(scope="module")
def windows():
    return folk_windows("valid").symbols


def logits_of(model, plan, before):
    """What the teller makes of a plan (n, time, 4) where it has heard `before`."""
    return model.planned(plan) + model.corrected(model.teller(keras.ops.concatenate([plan, before], axis=-1)))


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


# ---- telling ----


def test_the_loop_tells_what_the_network_finds_likely(model, windows):
    z = model.encode(windows[:20])[0]
    told = model.decode(z)
    assert told.dtype == np.int32 and told.shape == (20, N_STEPS) and told.min() >= 1 and told.max() < N_SYMBOLS
    heard = model.listen(told)  # the network on what the loop has told, with z as it was
    before = keras.ops.pad(heard[:, :-1], [[0, 0], [1, 0], [0, 0]])
    plan = model.conductor(z)
    logits = np.asarray(logits_of(model, plan, before))
    chances = np.exp(log_softmax(logits))
    hold = chances[:, :, HOLD]
    rest = chances[:, :, 2:]
    expected = np.where(rest.sum(axis=2) > hold, rest.argmax(axis=2) + 2, HOLD)
    assert (told == expected).mean() > 0.999  # all but ties that rounding decides


def test_without_a_teller_the_plan_is_what_is_told(windows):
    model = small_model(decoder_units=0)
    z = model.encode(windows[:20])[0]
    chances = np.exp(log_softmax(np.asarray(model.planned(model.conductor(z)))))
    begins = chances[:, :, 2:]
    expected = np.where(begins.sum(axis=2) > chances[:, :, HOLD], begins.argmax(axis=2) + 2, HOLD)
    assert (model.decode(z) == expected).mean() > 0.999


def test_a_teller_begins_by_leaving_the_plan_alone(windows):
    alone, both = MelodyVAE(**{**SIZES, "decoder_units": 0}), MelodyVAE(**SIZES)
    kept = {weight.path: weight for weight in both.weights}
    for weight in alone.weights:
        kept[weight.path].assign(weight)
    x = windows[:4]
    np.testing.assert_allclose(both.predict_on_batch(x)["logits"], alone.predict_on_batch(x)["logits"], atol=1e-5)


def test_any_number_of_points_and_the_same_whatever_the_company(model):
    z = np.random.default_rng(1).normal(size=(130, 5))
    told = model.decode(z)
    assert told.shape == (130, N_STEPS)
    for n in (1, 7, 81):
        np.testing.assert_array_equal(model.decode(z[:n]), told[:n])
    assert model.decode(np.empty((0, 5))).shape == (0, N_STEPS)
    mean, log_variance = model.encode(told)
    assert mean.shape == log_variance.shape == (130, 5)
    assert model.encode(np.empty((0, 64)))[0].shape == (0, 5)


def test_temperature_draws_from_the_softmax(model):
    z = np.tile(np.random.default_rng(2).normal(size=5), (4000, 1))
    drawn = model.decode(z, temperature=0.7, seed=3)
    np.testing.assert_array_equal(drawn, model.decode(z, temperature=0.7, seed=3))
    assert (drawn != model.decode(z, temperature=0.7, seed=4)).any()
    plan = model.conductor(z[:1])
    logits = np.array(logits_of(model, plan, keras.ops.zeros_like(plan)))[0, 0]  # the first step has heard nothing
    logits[0] = -np.inf  # padding is never told
    chances = np.exp(log_softmax(logits / 0.7))
    shares = np.bincount(drawn[:, 0], minlength=N_SYMBOLS) / len(drawn)
    assert np.abs(shares - chances).max() < 4 * np.sqrt(0.25 / len(drawn))


def test_the_past_is_heard_as_it_sounds(model, windows):
    heard = np.asarray(model.listen(windows[:30]))
    sounding = np.stack([sounding_symbols(window[:, None])[:, 0] for window in windows[:30]])
    np.testing.assert_allclose(heard, np.asarray(model.listen.one_step(sounding, windows[:30])))


def test_a_note_is_told_without_knowing_it_or_what_follows(model, windows):
    """With z held, the logits at a step depend on the symbols before it and on no other."""
    pair = windows[:2].copy()
    pair[1] = pair[0]
    pair[1, 30:] = windows[1, 30:]
    heard = model.listen(pair)
    plan = model.conductor(np.zeros((2, 5), np.float32))
    first, second = np.asarray(logits_of(model, plan, keras.ops.pad(heard[:, :-1], [[0, 0], [1, 0], [0, 0]])))
    np.testing.assert_allclose(first[:31], second[:31], atol=1e-5)
    assert np.abs(first[31:] - second[31:]).max() > 1e-3


# ---- the loss ----


@pytest.mark.parametrize("free_bits", [0.0, 0.7])
def test_the_loss_is_distortion_plus_beta_times_kl(windows, free_bits):
    model = small_model(0.1, beta=0.3, free_bits=free_bits)
    x = windows[:8]
    told = {name: np.asarray(value) for name, value in model.predict_on_batch(x).items()}
    distortion = -np.take_along_axis(log_softmax(told["logits"]), x[..., None], axis=-1).sum() / 8
    kl = kl_to_prior(told["mean"], told["log_variance"])
    expected = (distortion + 0.3 * np.maximum(kl, free_bits).sum()) / 64
    assert float(model.compute_loss(x, x, told, training=False)) == pytest.approx(expected, rel=1e-4)


def test_the_closed_form_of_the_kl_agrees_with_sampling():
    rng = np.random.default_rng(0)
    mean, log_variance = np.array([[0.5, -1.0]]), np.array([[-1.0, 0.3]])
    z = mean + np.exp(log_variance / 2) * rng.normal(size=(400_000, 2))
    log_q = -0.5 * ((z - mean) ** 2 / np.exp(log_variance) + log_variance)
    np.testing.assert_allclose((log_q + 0.5 * z**2).mean(axis=0), kl_to_prior(mean, log_variance), atol=0.01)


def test_the_weight_of_the_kl_term_grows_while_training(windows):
    model = small_model(warm_up=4, beta=0.5)
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    warmth = []
    for _ in range(6):
        model.train_on_batch(windows[:8], windows[:8])
        warmth.append(float(model.draw_latent.warmth))
    np.testing.assert_allclose(warmth, [0.25, 0.5, 0.75, 1, 1, 1], atol=1e-6)
    model.predict_on_batch(windows[:8])
    assert float(model.draw_latent.warmth) == 1


def test_reparameterisation():
    draw = LatentDraw(0, seed=5)
    mean, log_variance = np.full((50_000, 1), 2.0, np.float32), np.full((50_000, 1), np.log(0.25), np.float32)
    z = np.asarray(draw([mean, log_variance], training=True))
    assert z.mean() == pytest.approx(2, abs=0.02) and z.std() == pytest.approx(0.5, abs=0.02)
    again = LatentDraw(0, seed=5)
    np.testing.assert_array_equal(np.asarray(again([mean, log_variance], training=True)), z)
    np.testing.assert_array_equal(np.asarray(draw([mean, log_variance])), mean)


def test_word_dropout_hides_whole_steps():
    x = np.ones((200, 64, 3), np.float32)
    hidden = np.asarray(WordDropout(0.75, seed=1)(x, training=True))
    assert set(np.unique(hidden.sum(axis=2))) == {0.0, 3.0}
    assert hidden.mean() == pytest.approx(0.25, abs=0.02)
    np.testing.assert_array_equal(np.asarray(WordDropout(0.75, seed=1)(x)), x)
    assert not np.asarray(WordDropout(1.0, seed=1)(x, training=True)).any()
    assert Listening(3, seed=0)(np.full((1, 64), HOLD)).shape == (1, 64, 3)


def test_a_few_windows_are_learnt_by_heart_through_the_code(windows):
    x = windows[:12]
    model = MelodyVAE(latent=8, units=64, hidden=64, decoder_units=32, word_dropout=1.0, beta=0.01)
    model.compile(keras.optimizers.Adam(4e-3), jit_compile=False)
    for _ in range(150):
        model.train_on_batch(x, x)
    mean, _ = model.encode(x)
    assert symbol_note_f1(x, model.decode(mean)) > 0.9
    assert symbol_note_f1(x, model.decode(mean[::-1])) < 0.5  # it is z that tells them apart
    assert active_units(mean) >= 6


# ---- keeping, refusing, comparing ----


def test_saved_and_loaded(tmp_path, model, windows):
    save_pretrained("small", model, FourBarCodec(), card={}, folder=tmp_path)
    again = load_pretrained("small", tmp_path)
    assert isinstance(again, MelodyVAE) and again.codec == FourBarCodec()
    assert again.get_config() == model.get_config() == MelodyVAE.from_config(model.get_config()).get_config()
    np.testing.assert_allclose(again.encode(windows[:9])[0], model.encode(windows[:9])[0], atol=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent": 0}, "latent=0"),
        ({"units": 18}, "units=18 must be a multiple of 4"),
        ({"word_dropout": 1.5}, "word_dropout=1.5"),
        ({"beta": -1}, "beta=-1 must not be negative"),
        ({"warm_up": -3}, "warm_up=-3"),
    ],
)
def test_wrong_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        MelodyVAE(**{**SIZES, **arguments})


def test_wrong_input_is_refused(model):
    with pytest.raises(ValueError, match=r"z has shape \(3, 4\); give finite numbers of shape \(n, 5\)"):
        model.decode(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="give finite"):
        model.decode(np.full((1, 5), np.nan))
    with pytest.raises(ValueError, match="temperature=0"):
        model.decode(np.zeros((1, 5)), temperature=0)
    with pytest.raises(ValueError, match=r"symbols has shape \(2, 3\)"):
        model.encode(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="give"):
        model.encode(np.full((2, 64), 47))


def test_all_components_bring_all_back_and_a_window_is_nearest_to_itself(windows):
    few = windows[:40]
    pca = FourBarPCA(39).fit(few)
    z, _ = pca.encode(few)
    assert symbol_note_f1(few, pca.decode(z)) > 0.99
    assert symbol_note_f1(few, FourBarPCA(4).fit(few).decode(FourBarPCA(4).fit(few).encode(few)[0])) < 0.7
    np.testing.assert_array_equal(nearest_window(few, windows, rows_at_once=7), np.arange(40))
    with pytest.raises(ValueError, match="latent=0"):
        FourBarPCA(0)


def test_windows_and_batches(windows):
    train, valid = folk_windows("train"), folk_windows("valid")
    assert len(train) > 15_000 and len(valid) == len(windows)
    assert len({window.tobytes() for window in train.symbols}) == len(train)  # none twice
    assert train.symbols.min() >= 1
    chosen = valid.take([5, 2])
    assert chosen.score(0).title == valid.row(5).title and len(chosen) == 2
    np.testing.assert_array_equal(FourBarCodec().encode(chosen.score(1)), windows[2])
    batches = WindowBatches(windows, 128, seed=1, epoch=2)
    seen = np.concatenate([x for x, _ in batches[:]])
    assert len(seen) == 128 * len(batches) and len(np.unique(seen, axis=0)) == len(seen)
    assert (batches[0][0] != WindowBatches(windows, 128, seed=1, epoch=3)[0][0]).any()
    assert len(WindowBatches(windows[:5], 128)) == 1
    with pytest.raises(ValueError, match="batch_size=0"):
        WindowBatches(windows, 0)


def test_moving_along_the_scale_keeps_rhythm_scale_and_contour(windows):
    codec = FourBarCodec()
    white = np.array(
        [not ((window >= 3) & ~np.isin((window - 18) % 12, [0, 2, 4, 5, 7, 9, 11])).any() for window in windows]
    )
    for steps in (-3, 2):
        moved = moved_along_scale(windows, np.full(len(windows), steps))
        np.testing.assert_array_equal(moved[~white], windows[~white])
        np.testing.assert_array_equal(moved < 3, windows < 3)
        changed = np.flatnonzero((moved != windows).any(axis=1))
        assert 0.8 * white.sum() < len(changed) <= white.sum()  # the others would leave the range
        pitches = [
            np.array([codec.decode(row).notes["pitch"][:2] for row in rows[changed[:50]]], int)
            for rows in (windows, moved)
        ]
        assert (np.sign(np.diff(pitches[0])) == np.sign(np.diff(pitches[1]))).all()
        apart = (pitches[1] - pitches[0]) * np.sign(steps)
        assert apart.min() >= (3 if steps == 2 else 5) and apart.max() <= (4 if steps == 2 else 6)
        back = moved_along_scale(moved, np.full(len(windows), -steps))
        assert (back == windows).all(axis=1)[changed].all()
    batches = WindowBatches(windows, 103, seed=1, epoch=2, moved=0.5)
    found = np.concatenate([x for x, _ in batches])
    real = {window.tobytes() for window in windows}
    assert 0.3 < np.mean([window.tobytes() in real for window in found]) < 0.7
    with pytest.raises(ValueError, match="moved=2"):
        WindowBatches(windows, 103, moved=2)


SCRIPT = """
import json
import numpy as np
import keras
from test_vae import small_model
model = small_model()
x = np.random.default_rng(7).integers(1, 47, (8, 64)).astype(np.int32)
told = model.decode(model.encode(x)[0]).tolist()
model.compile(keras.optimizers.Adam(1e-3), jit_compile=keras.backend.backend() == "jax")
losses = [float(model.train_on_batch(x, x)) for _ in range(20)]
print(json.dumps([told, losses[0], losses[-1], float(model.draw_latent.warmth)]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_tell_and_train_alike(backend, model, run_on_backend):
    said = run_on_backend(backend, SCRIPT)
    told, first, last, warmth = json.loads(said.splitlines()[-1])
    x = np.random.default_rng(7).integers(1, 47, (8, 64)).astype(np.int32)
    assert (np.array(told) == model.decode(model.encode(x)[0])).mean() > 0.99  # all but ties that rounding decides
    assert last < first - 0.1 and warmth == pytest.approx(20 / 1000, abs=1e-6)


# ---- the weights that come with the course ----


@pytest.mark.parametrize(("name", "latent", "f1"), [("melody_vae", 16, 0.5), ("melody_vae_64", 64, 0.75)])
def test_the_trained_weights_keep_what_their_card_says(name, latent, f1):
    test = folk_windows("test")
    trained, metrics = load_pretrained(name), load_card(name)["metrics"]
    assert trained.latent == latent and load_card(name)["data"]["sha256"] == test.sha256
    mean, _ = trained.encode(test.symbols)
    found = symbol_note_f1(test.symbols, trained.decode(mean))
    assert found == pytest.approx(metrics["test"]["note_f1"], abs=0.005)
    assert found >= f1 > metrics["baselines"]["nearest_by_code"]["note_f1"]
    assert found > 1.2 * metrics["baselines"][f"pca_{latent}"]["note_f1"]
    assert active_units(mean) >= 14
    for measure in ("note_density", "scale_consistency"):
        low, high = metrics["prior"][measure]["real_range"]
        assert low < metrics["prior"][measure]["samples"] < high
    assert metrics["prior"]["whole_windows_copied"] == 0
