"""The GAN monitor keeps a game's history within bounds, obeys its buttons in the middle of a training, and never gets in its way."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.quiet_keras import keras
from musegen_edu.score import Score
from musegen_edu.widgets.gan_diversity import coverage
from musegen_edu.widgets.gan_history import MAX_ROWS, Frame, GanHistory
from musegen_edu.widgets.gan_monitor import GanMonitor
from musegen_edu.widgets.gan_pictures import moments
from musegen_edu.widgets.gan_views import SpectrogramsView

REAL = np.random.default_rng(0).normal(2, 1, (60, 1)).astype("float32")
TUNE = Score.from_melody([60, 62, 64, 65] * 4, 24, bpm=120)


def network(sizes, seed):
    glorot = [keras.initializers.GlorotUniform(seed=seed + i) for i in range(len(sizes))]
    hidden = [
        keras.layers.Dense(n, "relu", kernel_initializer=draw) for n, draw in zip(sizes[1:-1], glorot, strict=False)
    ]
    return keras.Sequential(
        [keras.Input((sizes[0],)), *hidden, keras.layers.Dense(sizes[-1], kernel_initializer=glorot[-1])]
    )


def game(**options):
    """A small pair, and its monitor."""
    pair = AdversarialPair(network((2, 4, 1), 1), network((1, 4, 1), 9), noise=2)
    pair.compile(TwoSpeedAdam(1e-2, 1e-2))
    return pair, GanMonitor(pair, REAL, **{"every": 2, "batch_size": 10, **options})


def puppets(real=REAL, **options):
    """A monitor whose players are two functions: forgeries come nearer to the real examples with each call."""
    calls = iter(range(1, 10_000))
    options = {
        "forge": lambda n, seed: real[:n] / next(calls),
        "score": lambda examples: examples.reshape(len(examples), -1)[:, 0] - 1,
        **options,
    }
    return GanMonitor(SimpleNamespace(), real, **options)


def weights(network):
    return [np.array(keras.ops.convert_to_numpy(weight)) for weight in network.trainable_variables]


def are_same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


class Page:
    """A page that presses a button after so many steps, and answers from a thread of its own while the training waits."""

    def __init__(self, monitor, presses):
        self.monitor, self.presses, self.record = monitor, presses, monitor.record
        self.steps = 0
        monitor.record = self.after_step

    def after_step(self, logs):
        self.steps += 1
        for action in self.presses.get(self.steps, []):
            if callable(action):
                threading.Thread(target=action, daemon=True).start()
            else:
                assert self.monitor.control({"action": action}, [])[0] == {"taken": True}
        return self.record(logs)


# ---- with Keras ----


def test_fit_is_recorded_and_pictures_are_kept():
    pair, monitor = game()
    logs = pair.fit(REAL, batch_size=10, epochs=3, verbose=0, callbacks=[monitor.callback]).history
    assert monitor.kept == list(range(0, 19, 2))
    assert monitor.history["step"] == list(range(1, 19))
    means = np.reshape(monitor.history["judge_loss"], (3, 6)).mean(axis=1)
    np.testing.assert_allclose(means, logs["judge_loss"], rtol=1e-4)
    assert set(monitor.history) == {"step", "judge_loss", "generator_loss", "real_right", "forged_right"}
    assert monitor.forged(0).shape == (60, 1) and not np.array_equal(monitor.forged(0), monitor.forged(18))
    np.testing.assert_allclose(
        monitor.forged(18), pair.generate(60, seed=0), rtol=1e-4
    )  # the same noise, the weights of now
    real, forged = monitor.scores(18)["judge"]
    np.testing.assert_allclose(real, np.ravel(pair.judge(REAL)), rtol=1e-3, atol=1e-5)
    assert len(forged) == 60 and set(monitor.diversity) == set(monitor.kept)
    assert monitor.progress["state"] == "finished"
    pair.fit(REAL, batch_size=10, epochs=1, verbose=0, callbacks=[monitor.callback])  # fitting again goes on
    assert monitor.history["step"][-1] == 24


def test_one_player_moves_alone_and_both_may_again_when_fit_is_over():
    pair, monitor = game()
    monitor.players = "judge"
    before, judge = weights(pair.generator), weights(pair.judge)
    pair.fit(REAL, batch_size=10, epochs=1, verbose=0, callbacks=[monitor.callback])
    assert are_same(before, weights(pair.generator)) and not are_same(judge, weights(pair.judge))
    assert float(pair.optimizer.generator_rate.numpy()) == pytest.approx(1e-2)
    judge = weights(pair.judge)
    monitor.step(3, players="generator")
    assert are_same(judge, weights(pair.judge)) and not are_same(before, weights(pair.generator))
    monitor.players = "both"
    judge, generator = weights(pair.judge), weights(pair.generator)
    monitor.step(1)
    assert not are_same(judge, weights(pair.judge)) and not are_same(generator, weights(pair.generator))
    assert float(pair.optimizer.judge_rate.numpy()) == pytest.approx(1e-2)


def test_the_buttons_are_obeyed_in_the_middle_of_fit():
    pair, monitor = game(every=100)
    seen: list[tuple[int, str]] = []

    def press(action, step):
        assert wait_until(lambda: monitor.progress["step"] == step and monitor.progress["state"] == "paused")
        seen.append((step, action))
        monitor.control({"action": action}, [])

    def while_it_waits():
        press("step", 3)
        press("step", 4)
        press("generator", 5)
        press("resume", 5)

    page = Page(monitor, {3: ["pause", while_it_waits], 9: ["stop"]})
    pair.fit(REAL, batch_size=10, epochs=50, verbose=0, callbacks=[monitor.callback])
    assert page.steps == 9 and monitor.progress["state"] == "stopped"
    assert seen == [(3, "step"), (4, "step"), (5, "generator"), (5, "resume")]
    assert {3, 4, 5} <= set(monitor.kept)  # what was looked at is kept
    assert monitor.players == "generator" and float(pair.optimizer.judge_rate.numpy()) == pytest.approx(1e-2)


def wait_until(holds, seconds=300.0):
    pause = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if holds():
            return True
        pause.wait(0.01)
    return False


def test_the_page_trains_on_when_no_fit_runs():
    pair, monitor = game()
    before = weights(pair.generator)
    assert monitor.advance({"steps": 5, "seconds": 1000}, [])[0] == {}
    assert 1 <= monitor.progress["step"] <= 5 and not are_same(before, weights(pair.generator))
    assert monitor.kept[-1] == monitor.progress["step"]
    bare = GanMonitor(pair, REAL, batch_size=None)
    assert "batch_size" in bare.advance({"steps": 1, "seconds": 1}, [])[0]["error"]
    assert not bare.progress["can_train"] and monitor.progress["can_train"]


def test_conditions_go_to_both_players():
    noise, told, shown = keras.Input((2,)), keras.Input((1,)), keras.Input((1,))
    join = keras.layers.Concatenate()
    generator = keras.Model([noise, told], keras.layers.Dense(1)(join([noise, told])))
    judge = keras.Model([shown, told], keras.layers.Dense(1)(join([shown, told])))
    pair = AdversarialPair(generator, judge, noise=2)
    pair.compile()
    monitor = GanMonitor(pair, (REAL, REAL > 2), every=1, batch_size=10)
    monitor.step(2)
    assert monitor.kept == [0, 1, 2] and not monitor._history.frames[-1].error


def test_another_optimiser_lets_nobody_rest():
    pair = AdversarialPair(network((2, 1), 1), network((1, 1), 9), noise=2)
    pair.compile(keras.optimizers.Adam())
    monitor = GanMonitor(pair, REAL)
    with pytest.raises(ValueError, match="TwoSpeedAdam"):
        monitor.players = "judge"
    assert "TwoSpeedAdam" in monitor.control({"action": "judge"}, [])[0]["error"]


# ---- loops of one's own ----


def test_a_loop_of_ones_own_is_recorded_and_stopped():
    monitor = puppets(every=3)
    done = []
    for step in monitor.steps(50):
        done.append(step)
        if step == 7:
            monitor.control({"action": "stop"}, [])
        monitor.record({"judge_loss": 1 / step, "loss": 0.0})
    assert done == list(range(1, 8)) and monitor.progress["state"] == "stopped"
    assert monitor.kept == [0, 3, 6, 7] and list(monitor.history) == ["step", "judge_loss"]
    loop = monitor.steps(5)
    next(loop)
    loop.close()  # as an error within the loop does
    assert monitor.progress["state"] == "failed"


def test_several_judges_have_scores_of_their_own():
    monitor = puppets(score=lambda x: {"rhythm": x[:, 0], "harmony": -x[:, 0]})
    monitor.record({"judge_loss": 1.0})
    assert list(monitor.scores()) == ["rhythm", "harmony"]
    facts, buffers = monitor.fetch_frames({"steps": [0, 1]}, [])
    assert facts["frames"][0]["judges"] == ["rhythm", "harmony"] and len(buffers) == 2 * 2 + 2  # and probes, and points


def test_what_a_learners_function_raises_is_shown_and_training_goes_on():
    monitor = puppets(show=lambda example: [][0] if example[0] < 1 else TUNE)
    monitor.record({"judge_loss": 1.0})
    monitor.end()
    assert "IndexError" in monitor._history.frames[-1].error
    assert monitor.fetch_frames({"steps": [1]}, [])[0]["frames"][0]["error"]
    assert "IndexError" in monitor._history.near(1).error and monitor.static_html()
