"""The monitor records what a training brings, obeys pause and stop in the middle of it, and never gets in its way."""

from __future__ import annotations

import csv
import itertools
import json
import threading
import time

import numpy as np
import pytest

from musegen_edu.quiet_keras import keras
from musegen_edu.score import Score
from musegen_edu.widgets.training_monitor import TrainingMonitor
from musegen_edu.widgets.training_runs import MAX_POINTS, TrainingClock, TrainingRun

X = np.random.default_rng(0).normal(size=(160, 4)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
TUNE = Score.from_melody([60, 64, 67], 24)


def tiny_model(seed=0, optimizer="adam"):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1, "sigmoid")])
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


def fit(model, monitor, epochs=2, **options):
    options = {"batch_size": 16, "validation_split": 0.2, **options}
    return model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[monitor.callback], **options)


class Weights:
    """A model that is nothing but its weights."""

    def __init__(self):
        self.values = [np.zeros(2)]

    def get_weights(self):
        return self.values

    def set_weights(self, values):
        self.values = values


class Pages:
    """A page that presses a button when so many batches are over."""

    def __init__(self, monitor, **presses):
        self.monitor, self.presses, self.answers = monitor, presses, []
        self.after, monitor.after_batch = monitor.after_batch, self.count
        self.batches = 0

    def count(self, *arguments, **options):
        self.batches += 1
        for action, batch in self.presses.items():
            if batch == self.batches:
                self.answers.append(self.monitor.control({"action": action}, [])[0])
        return self.after(*arguments, **options)


# ---- with Keras ----


def test_history_is_that_of_keras_over_several_fits():
    monitor, model = TrainingMonitor(), tiny_model()
    first = fit(model, monitor, 3).history
    assert monitor.history == first
    second = fit(model, monitor, 2).history
    assert monitor.history == {name: first[name] + second[name] for name in first}
    assert list(monitor.runs) == ["run 1"]
    assert monitor.current["resumed"] == [3]
    assert monitor.progress["state"] == "finished"
    assert (monitor.progress["epoch"], monitor.progress["epochs"], monitor.progress["done"]) == (5, 5, 2)
    points = [at for at, _ in monitor.current["points"]]
    assert points == sorted(points) and points[-1] == 5.0 and len(points) == 5 * 8


def test_initial_epoch_does_not_count_what_is_not_trained():
    monitor = TrainingMonitor()
    fit(tiny_model(), monitor, 5, initial_epoch=3)
    assert len(monitor.history["loss"]) == 2
    assert monitor.progress["epochs"] == 2


def test_the_loss_of_each_batch_is_taken_out_of_keras_running_mean():
    monitor = TrainingMonitor()
    losses = [0.9, 0.1, 0.5, 0.4]
    callback = monitor.callback
    callback.set_params({"epochs": 1, "steps": 4})
    callback.set_model(tiny_model())
    seen = []

    def note(loss, *, batch):
        seen.append((round(loss, 9), batch))
        return True

    monitor.after_batch = note  # type: ignore[method-assign, assignment]
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    for batch in range(4):
        callback.on_train_batch_end(batch, {"loss": np.mean(losses[: batch + 1])})
    assert seen == [(0.9, 1), (0.1, 2), (0.5, 3), (0.4, 4)]


def test_stop_ends_fit_after_the_batch_and_fitting_again_goes_on():
    monitor, model = TrainingMonitor(), tiny_model()
    page = Pages(monitor, stop=11)  # in the second epoch of eight batches
    before = model.get_weights()
    history = fit(model, monitor, 50).history
    assert page.answers == [{"taken": True}]
    assert page.batches == 11
    assert monitor.progress["state"] == "stopped" and monitor.current["stopped"] == [2]
    assert monitor.history == history and len(history["loss"]) == 2
    assert any(np.any(old != new) for old, new in zip(before, model.get_weights(), strict=True))
    fit(model, monitor, 3)
    assert monitor.progress["state"] == "finished" and len(monitor.history["loss"]) == 5
    assert monitor.current["resumed"] == [2]
    assert [at for at, _ in monitor.current["points"]][11] == pytest.approx(2 + 1 / 8)


def test_pause_holds_the_training_until_resume():
    monitor, model = TrainingMonitor(), tiny_model()
    page = Pages(monitor, pause=5)
    trained = threading.Thread(target=fit, args=(model, monitor, 2))
    trained.start()
    deadline = time.monotonic() + 300
    while monitor.progress["state"] != "paused" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert page.batches == 5
    time.sleep(0.5)
    assert page.batches == 5 and trained.is_alive()
    assert monitor.control({"action": "resume"}, [])[0] == {"taken": True}
    trained.join(300)
    assert not trained.is_alive()
    assert page.batches == 16 and monitor.progress["state"] == "finished"
    assert monitor._position.waited > 0.25
    elapsed = monitor.progress["elapsed"]
    assert elapsed < time.perf_counter() - monitor._position.began - 0.25  # the pause does not count


def test_stop_ends_a_pause():
    monitor = TrainingMonitor()
    page = Pages(monitor, pause=3)

    def stop_once_paused():
        deadline = time.monotonic() + 300
        while monitor.progress["state"] != "paused" and time.monotonic() < deadline:
            time.sleep(0.01)
        monitor.control({"action": "stop"}, [])

    threading.Thread(target=stop_once_paused).start()
    fit(tiny_model(), monitor, 50)
    assert page.batches == 3 and monitor.progress["state"] == "stopped"


def test_buttons_are_told_when_there_is_nothing_to_obey():
    monitor = TrainingMonitor()
    assert monitor.control({"action": "stop"}, []) == ({"taken": False}, [])
    fit(tiny_model(), monitor, 1)
    assert monitor.control({"action": "pause"}, []) == ({"taken": False}, [])
    assert "must be pause, resume or stop" in monitor.control({"action": "jump"}, [])[0]["error"]
    fit(tiny_model(), monitor, 1)  # what was pressed too late stops nothing
    assert monitor.progress["state"] == "finished"


def test_another_model_and_another_name_begin_another_run():
    monitor = TrainingMonitor()
    fit(tiny_model(), monitor, 1)
    other = tiny_model(1)
    fit(other, monitor, 2)
    monitor.start_run("SGD")
    slow = tiny_model(optimizer="sgd")
    fit(slow, monitor, 3)
    assert {name: len(history["loss"]) for name, history in monitor.runs.items()} == {"run 1": 1, "run 2": 2, "SGD": 3}
    assert [run["name"] for run in monitor.earlier] == ["run 1", "run 2"] and monitor.current["name"] == "SGD"
    monitor.start_run("SGD")  # a cell that is run again
    assert monitor.history == {}
    fit(tiny_model(optimizer="sgd"), monitor, 1)
    assert list(monitor.runs) == ["run 1", "run 2", "SGD"] and len(monitor.history["loss"]) == 1
    monitor.begin(slow)
    with pytest.raises(ValueError, match="cannot begin while 'run 4' is being trained"):
        monitor.start_run("Adam")
    with pytest.raises(ValueError, match="name='' must be a text"):
        monitor.start_run("")


def test_the_weights_of_the_best_epoch_come_back():
    monitor, model = TrainingMonitor(), Weights()
    with pytest.raises(ValueError, match="no weights are kept"):
        monitor.restore_best()
    for epoch, loss in zip(monitor.epochs(4, model=model), (0.9, 0.4, 0.6, np.nan), strict=True):
        model.values = [np.full(2, float(epoch))]
        monitor.record({"loss": 1.0 / epoch, "val_loss": loss})
    assert monitor.best_epoch == 2 and monitor.current["best"] == 2
    assert monitor.restore_best() == 2
    assert model.values[0].tolist() == [2.0, 2.0]
    other = Weights()
    assert monitor.restore_best(other) == 2 and other.values[0].tolist() == [2.0, 2.0]
    del model
    with pytest.raises(ValueError, match="the model that was trained is gone"):
        monitor.restore_best()


def test_without_keep_best_nothing_is_kept():
    monitor = TrainingMonitor(keep_best=False)
    fit(tiny_model(), monitor, 1)
    with pytest.raises(ValueError, match="keep_best=True"):
        monitor.restore_best()


def test_best_weights_of_a_keras_model():
    monitor, model = TrainingMonitor(), tiny_model()
    fit(model, monitor, 4)
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    best = monitor.restore_best()
    count = 128  # of the 160 rows that were trained on
    loss = model.evaluate(X[count:], Y[count:], verbose=0)[0]
    assert loss == pytest.approx(monitor.history["val_loss"][best - 1], rel=1e-5)


# ---- samples ----


def test_samples_are_kept_and_an_error_does_not_end_the_training():
    calls = []

    def sample(model, epoch):
        calls.append(epoch)
        if epoch == 1:
            raise KeyError("W2")
        if epoch == 2:
            return "la la la"
        return (np.zeros(100), 22050) if epoch == 3 else None if epoch == 4 else TUNE

    monitor = TrainingMonitor(sample=sample)
    fit(tiny_model(), monitor, 5)
    assert calls == [0, 1, 2, 3, 4, 5]
    assert list(monitor.samples) == [0, 3, 5] and monitor.samples[5] is TUNE
    assert [(entry["epoch"], entry["kind"]) for entry in monitor.strip] == [(0, "score"), (1, "error"), (2, "error"), (3, "audio"), (5, "score")]  # fmt: skip
    assert monitor.strip[1]["error"] == "KeyError: 'W2'"
    assert "it must be a Score or a pair" in monitor.strip[2]["error"]
    assert len(monitor.history["loss"]) == 5
    facts, (rows,) = monitor.fetch_sample({"run": "run 1", "epoch": 5}, [])
    assert facts["kind"] == "score" and facts["programs"] == [0] and len(rows) == 60
    facts, (sound,) = monitor.fetch_sample({"run": "run 1", "epoch": 3}, [])
    assert facts["kind"] == "audio" and facts["seconds"] == pytest.approx(100 / 22050) and len(facts["peaks"]) == 100
    assert sound[:2] in (b"\xff\xfb", b"\xff\xf3", b"ID")  # MP3
    assert "no sample of epoch 9" in monitor.fetch_sample({"run": "run 1", "epoch": 9}, [])[0]["error"]


def test_every_third_epoch_and_the_last():
    calls = []
    monitor = TrainingMonitor(sample=lambda model, epoch: calls.append(epoch), sample_every=3)
    fit(tiny_model(), monitor, 7)
    assert calls == [0, 3, 6, 7]


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ((np.zeros((3, 50)), 22050), r"audio of shape \(3, 50\)"),
        ((np.array([np.nan]), 22050), "NaN or infinity"),
        ((np.zeros(10), 5), "sample_rate=5; it must be from 1000"),
        ((np.zeros(130 * 8000), 8000), "130 s of audio; at most 120 s"),
        (3.5, "sample returned float"),
    ],
)
def test_what_is_no_sample_is_named(returned, says):
    import re

    monitor = TrainingMonitor(sample=lambda model, epoch: returned)
    monitor.begin(Weights(), epochs=1)
    assert re.search(says, monitor.strip[0]["error"])


def test_an_interrupt_is_no_error_of_the_sample():
    def sample(model, epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TrainingMonitor(sample=sample).begin(Weights(), epochs=1)


# ---- loops of one's own ----


def test_a_loop_of_ones_own_is_watched_and_stopped():
    monitor = TrainingMonitor()
    seen = []
    for epoch in monitor.epochs(10, batches=4):
        seen.append(epoch)
        for batch in range(4):
            monitor.record_batch(1 / (epoch + batch))
        if epoch == 3:
            monitor.control({"action": "stop"}, [])
        assert monitor.record({"loss": 1 / epoch}) == (epoch < 3)
    assert seen == [1, 2, 3] and monitor.progress["state"] == "stopped"
    assert monitor.history == {"loss": [1.0, 0.5, 1 / 3]}
    assert next(iter(monitor.epochs(1))) == 4  # the numbers go on
    assert len(monitor.current["points"]) == 12


def test_a_loop_that_is_left_is_over():
    monitor = TrainingMonitor()
    for _ in monitor.epochs(5):
        monitor.record({"loss": 1.0})
        break
    assert monitor.progress["state"] == "left" and monitor.progress["epoch"] == 1


def test_record_alone_is_enough():
    monitor = TrainingMonitor()
    for loss in (0.5, 0.25):
        assert monitor.record({"loss": float(np.float32(loss))})
    assert monitor.history == {"loss": [0.5, 0.25]} and monitor.progress["state"] == "running"


def test_a_value_that_comes_late_or_not_at_all_keeps_its_epochs():
    run = TrainingRun("one")
    for logs in ({"loss": 1.0}, {"loss": 0.5, "val_loss": 0.7}, {"loss": 0.4}):
        run.add_epoch(logs)
    assert run.for_page()["values"] == {"loss": [1.0, 0.5, 0.4], "val_loss": [None, 0.7, None]}
    assert run.best_epoch == 2


def test_a_training_that_runs_away_is_told_and_can_be_sent():
    monitor = TrainingMonitor()
    for epoch in monitor.epochs(2):
        monitor.record_batch(np.inf)
        monitor.record({"loss": np.nan if epoch == 2 else 1.0, "accuracy": np.inf})
    assert monitor.progress["diverged"]
    assert monitor.current["values"] == {"loss": [1.0, None], "accuracy": [None, None]}
    json.dumps([monitor.current, monitor.progress], allow_nan=False)
    assert monitor.best_epoch == 1


def test_a_long_run_stays_small():
    run = TrainingRun("long")
    for i in range(50_000):
        run.add_batch(i / 500, 1 / (1 + i), 10)
    assert MAX_POINTS / 2 <= len(run.points) <= MAX_POINTS
    assert run.points[0][0] < 1 and run.points[-1][0] > 99
    gaps = np.diff([at for at, _ in run.points])
    assert gaps.max() == pytest.approx(gaps.min())


def test_smoothing_forgets_where_it_began():
    run = TrainingRun("level")
    for i in range(100):
        run.add_batch(i / 100, 2.0, 20)
    assert {round(loss, 9) for _, loss in run.points} == {2.0}


# ---- time ----


def test_the_time_left_is_robust():
    clock = TrainingClock()
    clock.begin(0.0)
    now = 30.0  # the first batch compiles for half a minute
    clock.batch(now)
    assert clock.left(batches=9, epochs=4, batches_an_epoch=10) is None
    for i in range(9):
        now += 20.0 if i == 4 else 1.0  # one batch of a disk that was asleep
        clock.batch(now)
    assert clock.left(batches=0, epochs=4, batches_an_epoch=10) == pytest.approx(40, rel=0.01)
    now += 5.0
    clock.epoch(now)
    assert clock.left(batches=10, epochs=3, batches_an_epoch=10) == pytest.approx(40 + 4 * 5, rel=0.01)
    clock.waited(100.0)
    clock.batch(now + 101.0)  # a pause of 100 s is no slow batch
    assert clock.left(batches=9, epochs=3, batches_an_epoch=10) == pytest.approx(39 + 4 * 5, rel=0.01)


def test_epochs_without_batches_have_a_time_left_too():
    clock = TrainingClock()
    clock.begin(0.0)
    assert clock.left(batches=0, epochs=9, batches_an_epoch=0) is None
    for now in (2.0, 4.0, 6.0):
        clock.epoch(now)
    assert clock.left(batches=0, epochs=6, batches_an_epoch=0) == pytest.approx(14.0)


def test_the_time_left_of_a_real_fit_falls(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr("musegen_edu.widgets.training_reports.time.perf_counter", lambda: float(next(ticks)))
    monkeypatch.setattr("musegen_edu.widgets.training_reports.SHARE", 1e9)
    monitor, seen = TrainingMonitor(), []
    monitor.observe(lambda change: seen.append(change["new"]["left"]), "progress")
    for epoch in monitor.epochs(5, batches=4):
        for _ in range(4):
            monitor.record_batch(1.0)
        monitor.record({"loss": 1 / epoch})
    told = [left for left in seen if left is not None]
    assert told[-1] < told[len(told) // 2] < told[0]
    assert told[-1] < 12 and seen[-1] is None


def test_the_page_is_not_flooded():
    monitor = TrainingMonitor()
    seen: list[dict] = []
    monitor.observe(seen.append, "progress")
    began = time.perf_counter()
    for epoch in monitor.epochs(20, batches=500):
        for _ in range(500):
            monitor.record_batch(1.0)
        monitor.record({"loss": 1 / epoch})
    assert len(seen) <= 6 + (time.perf_counter() - began) / 0.25


# ---- arguments, tables, pictures ----


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sample": TUNE}, r"sample=.* must be a function of \(model, epoch\)"),
        ({"sample_every": 0}, "sample_every=0 must be a whole number of epochs"),
        ({"sample_every": 1.5}, "sample_every=1.5"),
        ({"hide": ["play"]}, "hide holds 'play'; it may hold title, pause, stop"),
    ],
)
def test_wrong_arguments_are_named(options, says):
    with pytest.raises(ValueError, match=says):
        TrainingMonitor(**options)


def test_wrong_records_are_named():
    monitor = TrainingMonitor()
    with pytest.raises(ValueError, match=r"logs=\{\} must name at least one number"):
        monitor.record({})
    with pytest.raises(ValueError, match=r"logs has 'loss': \[1, 2\]; each name must stand for one number"):
        monitor.record({"loss": [1, 2]})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="n=0 must be 1 or more epochs"):
        next(monitor.epochs(0))


def test_the_table_holds_every_run(tmp_path):
    monitor = TrainingMonitor()
    for name, losses in {"SGD": (0.9, 0.8), "Adam": (0.7,)}.items():
        monitor.start_run(name)
        for loss in losses:
            monitor.record({"loss": loss, **({"val_loss": 0.5} if name == "Adam" else {})})
        monitor.end()
    path = monitor.to_csv(tmp_path / "runs.csv")
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [
        {"run": "SGD", "epoch": "1", "loss": "0.9", "val_loss": ""},
        {"run": "SGD", "epoch": "2", "loss": "0.8", "val_loss": ""},
        {"run": "Adam", "epoch": "1", "loss": "0.7", "val_loss": "0.5"},
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["runs.csv"]


def watched(name="a<b"):
    monitor = TrainingMonitor(
        title="Race & chase", sample=lambda model, epoch: (np.full(400, 0.1), 16000) if epoch else TUNE
    )
    monitor.start_run(name)
    for epoch in monitor.epochs(3, model=Weights()):
        monitor.record(
            {"loss": 1 / epoch, "accuracy": 0.5 + epoch / 10, "val_loss": 0.9 - 0.1 * epoch}, model=Weights()
        )
    return monitor


def test_the_static_picture_has_curves_and_sound_and_nothing_volatile():
    html = watched().static_html()
    assert html == watched().static_html()
    assert "Race &amp; chase" in html and "a<b" not in html
    assert "Lowest validation loss: 0.6 after epoch 3 of 3" in html
    assert html.count("<audio") == 2 and html.count("<polyline") == 3
    assert "before training" in html and "after epoch 3" in html
    assert "<script" not in html and len(html) < 150_000
    assert "No epoch has been trained yet" in TrainingMonitor().static_html()
    assert repr(watched("Adam")) == "TrainingMonitor('Adam': 3 epochs, best 3)"


def test_an_error_stands_in_the_static_picture():
    monitor = TrainingMonitor(sample=lambda model, epoch: 1 / 0)
    fit(tiny_model(), monitor, 1)
    assert "ZeroDivisionError: division by zero" in monitor.static_html()


# ---- with the course's own fit ----


def sequences(n, seed):
    rng = np.random.default_rng(seed)
    return [np.concatenate([[1], rng.integers(3, 12, 20), [2]]) for _ in range(n)]


def own_fit(monitor, epochs=3, **options):
    from musegen_edu.models.recurrent import MelodyLSTM
    from musegen_edu.training import Profile
    from musegen_edu.training import fit as fit_tokens

    profile = Profile("tiny", epochs, 9, 4, 5e-3, 0.0, 8, 8, 1, 0.0)
    model = MelodyLSTM(12, embedding=8, units=8, depth=1, seed=0)
    return model, fit_tokens(model, sequences(16, 0), sequences(4, 1), profile=profile, seed=0, verbose=0, monitor=monitor, **options)  # fmt: skip


def test_the_courses_own_fit_tells_the_monitor(tmp_path):
    monitor = TrainingMonitor()
    _, reports = own_fit(monitor, folder=tmp_path)
    assert monitor.history["loss"] == [report.train_loss for report in reports]
    assert monitor.history["val_loss"] == [report.valid_loss for report in reports]
    assert len(monitor.current["points"]) == 3 * 4 and monitor.progress["state"] == "finished"
    again = TrainingMonitor()  # a checkpoint tells of all the epochs before
    own_fit(again, folder=tmp_path)
    assert again.history == monitor.history


def test_the_courses_own_fit_stops():
    monitor = TrainingMonitor()
    Pages(monitor, stop=6)
    _, reports = own_fit(monitor, epochs=50)
    assert len(reports) == 1 and monitor.progress["state"] == "stopped"
    at_once = TrainingMonitor()
    Pages(at_once, stop=2)
    model, reports = own_fit(at_once, epochs=50)
    assert reports == []
    from musegen_edu.models.recurrent import MelodyLSTM

    fresh = MelodyLSTM(12, embedding=8, units=8, depth=1, seed=0)  # before its first batch
    assert any(np.any(a != b) for a, b in zip(model.get_weights(), fresh.get_weights(), strict=True))
