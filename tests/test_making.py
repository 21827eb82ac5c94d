"""What recipes do alike: pieces drawn, training that goes on, weights rounded, a card with its head."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musegen_edu.devices import device_report
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes import RECIPES, making
from musegen_edu.recipes.making import EpochClock, card_head, drawn, drawn_places, progress_folder, save_result
from musegen_edu.training import EpochReport, Profile, fit

TINY = Profile("quick", epochs=2, patience=2, batch_size=4, learning_rate=1e-2, weight_decay=0.0, embedding=4, units=4, depth=1, dropout=0.0)  # fmt: skip
EPOCHS = [EpochReport(0, 1.0, 1.0, 1.4, 2.4, True), EpochReport(1, 0.9, 0.9, 1.4, 2.4, True)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_pieces_are_drawn_by_seed_and_keep_their_order():
    few = dataclasses.replace(TINY, n_tunes=12)
    places = drawn_places(100, few, seed=5)
    assert len(set(places.tolist())) == 12 and (np.diff(places) > 0).all() and places[0] >= 0 and places[-1] < 100
    assert places.tolist() == drawn_places(100, few, seed=5).tolist() != drawn_places(100, few, seed=6).tolist()
    more = drawn_places(100, dataclasses.replace(TINY, n_tunes=20), seed=5)
    assert set(places.tolist()) < set(more.tolist())  # a larger draw holds the smaller one
    pieces = [f"tune {number}" for number in range(100)]
    assert drawn(pieces, few, seed=5) == [pieces[place] for place in places]
    assert drawn(pieces, TINY, seed=5) == pieces  # n_tunes=None: all
    assert drawn(pieces[:3], few, seed=5) == pieces[:3]  # fewer than asked for: all


def test_each_training_has_its_own_folder(home):
    folder = progress_folder("wavenet", TINY, seed=4)
    assert folder == home / "training" / "wavenet-quick-4" and not folder.exists()
    others = [("wavenet", TINY, 5), ("wavenet", dataclasses.replace(TINY, name="full"), 4), ("melody_gru", TINY, 4)]
    assert folder not in [progress_folder(name, profile, seed=seed) for name, profile, seed in others]


def test_a_training_goes_on_and_leaves_weights_as_they_are_stored():
    rows = list(np.random.default_rng(0).integers(1, 5, (12, 3)).astype(np.int32))

    class Net(keras.Sequential):  # type: ignore[misc]  # Keras has no types
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True))

    def net():
        model = Net(name="net")
        for layer in (
            keras.Input((3,), dtype="int32", name="x"),
            keras.layers.Embedding(5, 4, name="in"),
            keras.layers.Dense(5, name="out"),
        ):
            model.add(layer)
        return model

    def batches(rows, batch_size, *, seed=None, epoch=0):
        return [(np.stack(rows[i : i + batch_size]),) * 2 for i in range(0, len(rows), batch_size)]

    def loss(model, rows):
        return float(model.compute_loss(y=np.stack(rows), y_pred=model(np.stack(rows))))

    seen: list[int] = []
    options: dict[str, Any] = {"profile": TINY, "seed": 3, "verbose": 0, "batches": batches, "loss": loss}
    model = net()
    reports = making.fit_to_store("net", model, rows, rows[:4], on_epoch=lambda report: seen.append(report.epoch), **options)  # fmt: skip
    assert [report.epoch for report in reports] == seen == [0, 1]
    assert (progress_folder("net", TINY, seed=3) / "checkpoint.npz").is_file()
    for value in model.get_weights():
        np.testing.assert_array_equal(value, value.astype(np.float16).astype(np.float32))
    again = making.fit_to_store("net", net(), rows, rows[:4], on_epoch=lambda _: pytest.fail("not gone on"), **options)
    assert again == reports  # nothing was left to do: the checkpoint told it all
    raw = net()
    fit(raw, rows, rows[:4], folder=progress_folder("net", TINY, seed=3), **options)
    assert any((value != value.astype(np.float16)).any() for value in raw.get_weights())  # `fit` alone does not round


def test_the_head_of_a_card_says_how_the_model_was_made():
    head = card_head("next_bar", dataclasses.replace(TINY, n_tunes=7), seed=2, epochs=EPOCHS)
    assert list(head) == ["command", "seed", "seconds", "cpu_seconds", "epochs", "machine", "profile"]
    assert head["command"] == "musegen train next_bar --profile quick --seed 2" and head["seed"] == 2
    assert (head["seconds"], head["cpu_seconds"], head["epochs"]) == (3, 5, 2)  # sums are rounded, not their parts
    assert head["machine"].startswith(str(device_report()) + ", Python 3.")
    assert head["profile"]["n_tunes"] == 7 and head["profile"]["learning_rate"] == 1e-2
    json.dumps(head)


def test_a_result_is_saved_with_its_card_and_the_checkpoints_go(tmp_path):
    model = load_pretrained("instrument_cnn")
    mine, other = (progress_folder("instrument_cnn", TINY, seed=seed) for seed in (0, 1))
    for folder in (mine, other):
        (folder / "deeper").mkdir(parents=True)
        (folder / "deeper" / "checkpoint.npz").write_bytes(b"weights")
    given = {"data": {"name": "timbre"}, "metrics": {"test_nats": 0.5}, "profile": {"both": 1}}
    options: dict[str, Any] = {"profile": TINY, "seed": 0, "epochs": EPOCHS, "card": given, "folder": tmp_path / "out"}
    path = save_result("instrument_cnn", model, **options)
    card = load_card("instrument_cnn", path.parent)
    assert path == tmp_path / "out" / "instrument_cnn.json" and card["metrics"] == {"test_nats": 0.5}
    assert card["seconds"] == 3 and card["codec"] is None
    assert card["profile"] == {"both": 1}  # what a recipe says replaces the head's word
    assert not mine.exists() and other.exists()
    for a, b in zip(model.get_weights(), load_pretrained("instrument_cnn", path.parent).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert save_result("instrument_cnn", model, **options) == path  # without checkpoints too


def run(clock, *, first=0, losses=(2.0, 1.5, 1.7), name="val_loss"):
    for epoch, loss in enumerate(losses[first:], start=first):
        clock.on_epoch_begin(epoch)
        clock.on_epoch_end(epoch, {"loss": loss + 1, name: loss})


def test_the_clock_remembers_epochs_when_the_process_was_killed(tmp_path):
    path = tmp_path / "net" / "epochs.json"
    told: list[EpochReport] = []
    clock = EpochClock(path, on_epoch=told.append)
    run(clock)
    assert [report.is_best for report in clock.reports] == [True, True, False] and told == clock.reports
    assert [report.train_loss for report in clock.reports] == [3.0, 2.5, 2.7]
    assert all(report.seconds >= 0 and report.cpu_seconds >= 0 for report in told)
    again = EpochClock(path)
    assert again.reports == clock.reports
    run(again, first=2, losses=(2.0, 1.5, 1.2))  # the last epoch was not in the backup: it is gone through again
    assert [report.epoch for report in again.reports] == [0, 1, 2]
    assert [report.valid_loss for report in again.reports] == [2.0, 1.5, 1.2] and again.reports[-1].is_best
    assert EpochClock(path).reports == again.reports


def test_the_clock_of_two_players_takes_each_epoch_for_the_best(tmp_path):
    clock = EpochClock(tmp_path / "epochs.json")
    run(clock, name="judge_loss")
    assert all(report.is_best and np.isnan(report.valid_loss) for report in clock.reports)
    assert all(report.is_best for report in EpochClock(tmp_path / "epochs.json").reports)


@pytest.mark.parametrize("text", ["[{", '[{"epoch": 1}]', "3"])
def test_a_clock_that_cannot_be_read_says_which_file(tmp_path, text):
    (tmp_path / "epochs.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"epochs\.json does not hold the epochs of a training"):
        EpochClock(tmp_path / "epochs.json")


def test_the_clock_runs_in_keras_beside_a_backup(tmp_path):
    x = np.ones((8, 1), np.float32)

    def callbacks():
        return [EpochClock(tmp_path / "epochs.json"), keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)]  # fmt: skip

    def model():
        network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        network.compile("sgd", "mse")
        return network

    model().fit(x, x, epochs=1, verbose=0, callbacks=callbacks())
    both = callbacks()
    model().fit(x, x, epochs=3, verbose=0, callbacks=both)
    assert [report.epoch for report in both[0].reports] == [0, 1, 2]
    assert both[0].reports[0] == EpochReport(**json.loads((tmp_path / "epochs.json").read_text())[0])


def test_no_recipe_writes_these_lines_again():
    folder = Path(making.__file__).parent
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert path.name == "making.py" or not any(
            word in text for word in ("rmtree", "musegen train", "device_report")
        ), path.name
    assert len(RECIPES) >= 15
