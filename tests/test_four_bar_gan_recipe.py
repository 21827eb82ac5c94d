"""`train("four_bar_gan")` in small: the card says what was done, and a game that was killed goes on as if it had not been."""

import dataclasses

import keras
import numpy as np
import pytest

from musegen_edu.four_bars import folk_windows
from musegen_edu.models.four_bar_gan import FourBarGAN
from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.gan_layers import SpectralDense
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import forger_judging, four_bar_gan
from musegen_edu.recipes.four_bar_gan import RealWindows
from musegen_edu.recipes.game_backup import GameBackup
from musegen_edu.tokens import FourBarCodec
from musegen_edu.training import EpochReport, train


def test_the_pair_is_trained_and_judged(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    small = dataclasses.replace(four_bar_gan.GAN_PROFILES["quick"], epochs=2, units=8, embedding=4, n_tunes=200)
    monkeypatch.setitem(four_bar_gan.GAN_PROFILES, "quick", small)
    monkeypatch.setattr(four_bar_gan, "JIT", keras.backend.backend() == "jax")  # two epochs are not worth compiling for
    few = folk_windows("valid").take(np.arange(0, 618, 4))
    monkeypatch.setattr(four_bar_gan, "folk_windows", lambda split: few)
    monkeypatch.setattr(forger_judging, "RIVALS", ("random",))
    monkeypatch.setattr(forger_judging, "N_SAMPLES", 12)
    reports: list[EpochReport] = []
    path = train("four_bar_gan", "quick", seed=2, verbose=0, on_epoch=reports.append)
    card, model = load_card("four_bar_gan", path.parent), load_pretrained("four_bar_gan", path.parent)
    assert card["command"] == "musegen train four_bar_gan --profile quick --seed 2"
    assert isinstance(model, FourBarGAN) and isinstance(model.codec, FourBarCodec)
    assert card["epochs"] == 2 == len(reports) and 32 <= card["data"]["train"] < card["data"]["test"] == 155
    rows = card["metrics"]["rows"]
    assert list(rows) == ["random", "GAN", "GAN, last step", "training music", "held-out music"]
    forged = model.generate_symbols(12, seed=2, averaged=True)
    assert rows["GAN"]["notes a bar"] == pytest.approx((forged > 2).sum() / 48, abs=0.2)
    assert card["metrics"]["beyond_twice_real_to_real"]["held-out music"] == []
    assert not list((path.parents[1] / "training").iterdir())  # the checkpoints have gone


# ---- a game that goes on ----


def dense_pair(width=3):
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(width)])
    inputs = keras.Input((width,))
    judge = keras.Model(inputs, SpectralDense(1, name="score")(SpectralDense(4, name="look")(inputs)))
    pair = AdversarialPair(generator, judge, noise=2)
    rng = np.random.default_rng(0)
    for weight in generator.weights + judge.weights:
        weight.assign(rng.normal(size=weight.shape))
    pair.compile(TwoSpeedAdam(1e-2, 1e-2, beta_1=0.5))
    return pair


def test_a_game_goes_on_where_it_was_stopped(tmp_path):
    windows = np.random.default_rng(1).normal(size=(24, 3)).astype(np.float32)

    def play(pair, epochs, path):
        backup = GameBackup(path)
        batches = RealWindows(windows, 8, seed=3, epoch=backup.epoch)
        pair.fit(batches, epochs=epochs, initial_epoch=backup.epoch, verbose=0, shuffle=False, callbacks=[backup])
        return pair.get_weights()

    whole = play(dense_pair(), 3, tmp_path / "whole.npz")
    play(dense_pair(), 1, tmp_path / "game.npz")
    assert GameBackup(tmp_path / "game.npz").epoch == 1
    again = play(dense_pair(), 3, tmp_path / "game.npz")
    for a, b in zip(whole, again, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    with pytest.raises(ValueError, match="another model"):
        play(dense_pair(width=2), 4, tmp_path / "game.npz")
    (tmp_path / "game.npz").write_bytes((tmp_path / "game.npz").read_bytes()[:200])
    with pytest.raises(ValueError, match="does not hold a game"):
        GameBackup(tmp_path / "game.npz")


def test_windows_are_mixed_anew_each_epoch():
    windows = np.arange(10)[:, None]
    batches = RealWindows(windows, 4, seed=1)
    epochs = []
    for _ in range(2):
        epochs.append(np.concatenate([batches[i] for i in range(len(batches))])[:, 0])
        batches.on_epoch_end()
    assert [len(set(epoch)) for epoch in epochs] == [8, 8] and (epochs[0] != epochs[1]).any()
    late = RealWindows(windows, 4, seed=1, epoch=1)
    np.testing.assert_array_equal(np.concatenate([late[0], late[1]])[:, 0], epochs[1])
    with pytest.raises(ValueError, match="batch_size=11"):
        RealWindows(windows, 11, seed=1)
