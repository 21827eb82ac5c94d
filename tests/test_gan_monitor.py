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
    np.testing.assert_allclose(real, np.ravel(keras.ops.convert_to_numpy(pair.judge(REAL))), rtol=1e-3, atol=1e-5)
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
    assert float(pair.optimizer.generator_rate) == pytest.approx(1e-2)
    judge = weights(pair.judge)
    monitor.step(3, players="generator")
    assert are_same(judge, weights(pair.judge)) and not are_same(before, weights(pair.generator))
    monitor.players = "both"
    judge, generator = weights(pair.judge), weights(pair.generator)
    monitor.step(1)
    assert not are_same(judge, weights(pair.judge)) and not are_same(generator, weights(pair.generator))
    assert float(pair.optimizer.judge_rate) == pytest.approx(1e-2)


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
    assert monitor.players == "generator" and float(pair.optimizer.judge_rate) == pytest.approx(1e-2)


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
    monitor = GanMonitor(pair, (REAL, (REAL > 2).astype("float32")), every=1, batch_size=10)
    monitor.step(2)
    assert monitor.kept == [0, 1, 2] and not monitor._history.frames[-1].error


def test_a_generator_that_reads_more_than_noise_wants_a_function():
    tunes, others, noise = (keras.Input((1,)) for _ in range(3))
    translators = keras.Model([tunes, others, noise], keras.layers.Dense(1)(keras.layers.Add()([tunes, noise])))
    pair = AdversarialPair(translators, network((1, 1), 9), noise=1)
    with pytest.raises(ValueError, match=r"reads 3 things, and the monitor has 2.*forge="):
        GanMonitor(pair, (REAL, REAL))
    monitor = GanMonitor(pair, (REAL, REAL), forge=lambda n, seed: REAL[:n] + 1, score=lambda x: x[:, 0])
    monitor.record({"judge_loss": 1.0})
    assert not monitor._history.frames[-1].error


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


# ---- bounds ----


def test_history_stays_within_bounds():
    history = GanHistory(every=1, keep=20)
    for step in range(1, 5001):
        history.add_logs({"judge_loss": float(step), "generator_loss": np.nan if step < 9 else 1.0})
        if history.is_due(step):
            history.add_frame(Frame(step, None, {}, 1.0))
    assert len(history.frames) <= 20 and history.kept[0] == 1 and np.diff(history.kept).max() <= history.every
    rows = history.curves
    assert len(rows["step"]) == len(rows["judge_loss"]) <= MAX_ROWS
    middle = len(rows["step"]) // 2
    assert rows["judge_loss"][middle] == pytest.approx(
        (rows["step"][middle - 1] + 1 + rows["step"][middle]) / 2, rel=1e-6
    )
    assert history.curves_for_page()["generator_loss"][-1] == 1.0


def test_a_passing_picture_is_replaced_and_an_asked_one_stays():
    history = GanHistory(every=10, keep=9)
    for step, passes in ((0, False), (3, True), (5, False), (7, True), (10, False)):
        history.add_frame(Frame(step, None, {}, 1.0, is_passing=passes))
    assert history.kept == [0, 5, 10]
    assert history.near(7).step == 5 and history.near(None).step == 10
    assert [frame.step for frame in moments(history, 5)] == [0, 5, 10]


def test_traffic_is_bounded():
    monitor = puppets(np.random.default_rng(0).normal(size=(3000, 2)).astype("float32"), every=1, keep=50)
    for step in monitor.steps(200):
        monitor.record({"judge_loss": float(step), "generator_loss": 1.0, "real_right": 0.5, "forged_right": 0.5})
    assert len(monitor.kept) <= 50
    _, buffers = monitor.fetch_frames({"steps": monitor.kept}, [])
    assert sum(map(len, buffers)) <= 24 * 11_000  # 24 pictures at once, 11 kB each
    assert len(monitor.static_html()) < 300_000


# ---- views ----


def test_points_know_coverage_and_the_judges_surface():
    ring = np.stack([np.cos(np.arange(80) * np.pi / 4), np.sin(np.arange(80) * np.pi / 4)], axis=1)
    ring += np.random.default_rng(0).normal(scale=0.02, size=ring.shape)
    assert coverage(ring, ring + 0.001) == 1.0
    assert coverage(ring, ring[::8]) == pytest.approx(1 / 8)
    monitor = puppets(ring.astype("float32"), score=lambda x: x[:, 1])
    monitor.record({"judge_loss": 1.0})
    surface = monitor._history.frames[-1].probed.reshape(32, 32)
    assert (np.diff(surface, axis=0) > 0).all() and np.allclose(surface, surface[:, :1])  # rows go upward
    assert "generated" in monitor.static_html()


def test_tunes_are_symbols_or_anything_that_a_function_makes_a_score_of():
    from musegen_edu.tokens.four_bar_codec import FourBarCodec

    symbols = np.stack([FourBarCodec().encode(TUNE), FourBarCodec().encode(TUNE.transpose(5))])
    rows = np.eye(47, dtype="float32")[symbols]  # one-hot, as a generator tells them
    monitor = puppets(symbols, forge=lambda n, seed: rows, score=lambda x: x[:, 0] - 20, show="tunes", shown=2, every=1)
    monitor.record({"judge_loss": 1.0})
    assert [score.notes["pitch"][0] for score in monitor.forged()] == [60, 65]
    assert [one.tolist() for one in monitor.scores()["judge"]] == [
        [-2, 3],
        [-2, 3],
    ]  # the function reads symbols: C4 is 18
    assert monitor.diversity[1] == pytest.approx(0.25)  # two bars in eight
    assert monitor.heard.notes["pitch"][0] == 60
    facts, buffers = monitor.fetch_real({}, [])
    assert facts["shown"][0]["bpm"] and len(buffers) == 2 and len(buffers[0]) == 16 * 20
    own = puppets(show=lambda example: Score.from_melody([60 + round(float(example[0]))], 96))
    own.record({"judge_loss": 1.0})
    assert own.info["kind"] == "scores" and len(own.forged()) == 3
    with pytest.raises(ValueError, match="must return a Score"):
        puppets(show=lambda example: 3)


def test_spectrograms_keep_their_levels_and_sound():
    mels = np.full((8, 16, 20), -70.0, np.float32)
    mels[:, 5, :] = -10
    view = SpectrogramsView(mels, None, shown=2, sample_rate=16000, n_fft=512, hop_length=128)
    assert view.real.shape == (2, 16, 20) and (view.quietest, view.loudest) == (-90, -10)
    assert view.real[0, 5, 0] == 255 and view.real[0, 4, 0] == 64  # 20 of 80 dB
    options = {"show": "spectrograms", "n_fft": 512, "hop_length": 128, "every": 1}
    monitor = puppets(mels, forge=lambda n, seed: mels, score=lambda x: x[:, 0, 0], **options)
    monitor.record({"judge_loss": 1.0})
    facts, (sound,) = monitor.fetch_sound({"step": 1, "index": 0}, [])
    assert facts["seconds"] == pytest.approx(0.152, abs=0.02) and len(sound) > 400
    assert monitor.diversity[1] == 1.0
    with pytest.raises(ValueError, match="decibels"):
        puppets(mels[:, 0], show="spectrograms")


def test_levels_become_decibels_as_the_players_know_them():
    from musegen_edu.models.spectrogram_gan import SpectrogramGAN

    pair = SpectrogramGAN(2, latent=2, units=4, filters=(2, 2, 2, 2))
    mels = np.random.default_rng(0).uniform(-60, -20, (6, 128, 63)).astype("float32")
    notes = np.array([[60, 0], [62, 1]] * 3, "int32")
    monitor = GanMonitor(pair, (mels, notes), show="spectrograms", shown=2)
    monitor._take_frame()
    frame, view = monitor._history.frames[-1], monitor._view
    assert not frame.error and frame.forged.shape == (2, 128, 63)
    assert isinstance(view, SpectrogramsView)
    real = view.quietest + view.real / 255 * 80
    np.testing.assert_allclose(real, mels[:2], atol=0.2)
    forged = np.clip(pair.generate(6, condition=notes, seed=0)[:2], view.quietest, view.loudest)
    np.testing.assert_allclose(view.quietest + frame.forged / 255 * 80, forged, atol=0.2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"every": 0}, "every"), ({"keep": 3}, "keep"), ({"shown": 7}, "shown"), ({"batch_size": 0}, "batch_size"),
        ({"show": "pictures"}, "show"), ({"hide": ["pause"]}, "hide"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_told(options, words):
    with pytest.raises(ValueError, match=words):
        puppets(**options)
    with pytest.raises(ValueError, match="generator"):
        GanMonitor(SimpleNamespace(), REAL)


def test_the_static_picture_stands_where_no_widget_lives(monkeypatch):
    monitor = puppets(title="A game", diversity=lambda x: 3.0)
    assert "No step has been trained" in monitor.static_html()
    for step in monitor.steps(20):
        monitor.record({"judge_loss": 1 / step, "generator_loss": step / 9})
    html = monitor.static_html()
    assert (
        html.startswith("<div")
        and "A game" in html
        and "After 20 steps the judge is right on" in html
        and "<script" not in html
    )
    monkeypatch.setenv("MUSEGEN_STATIC", "1")
    assert set(monitor._repr_mimebundle_()[0]) == {"text/html", "text/plain"}
