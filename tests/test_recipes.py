"""`train`: from the data to weights with a card, in small."""

import numpy as np
import pytest

from musegen_edu import training
from musegen_edu.datasets import load_dataset
from musegen_edu.models.markov import MarkovModel
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import markov_nats, without_numbers
from musegen_edu.tokens import EventCodec
from musegen_edu.training import EpochReport, Profile, train

TINY = Profile("quick", epochs=1, patience=1, batch_size=8, learning_rate=5e-3, weight_decay=0.0, embedding=8, units=16, depth=1, dropout=0.0, n_tunes=24)  # fmt: skip


@pytest.mark.slow
def test_train_writes_weights_and_an_honest_card(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(training._PROFILES, "quick", TINY)
    reports: list[EpochReport] = []
    path = train("melody_lstm", "quick", seed=3, verbose=0, on_epoch=reports.append)
    assert path == tmp_path / "home" / "weights" / "melody_lstm.json"
    card, model = load_card("melody_lstm", path.parent), load_pretrained("melody_lstm", path.parent)
    assert card["command"] == "musegen train melody_lstm --profile quick --seed 3"
    assert card["data"]["sha256"] == load_dataset("folk").sha256 and card["data"]["train"] == 24
    assert card["profile"]["n_tunes"] == 24 and card["epochs"] == 1 == len(reports)
    assert card["metrics"]["valid_nats_per_token"] == pytest.approx(reports[0].valid_loss, abs=0.01)
    assert model.codec.vocabulary.symbols == tuple(card["codec"]["symbols"])
    assert not list((tmp_path / "home" / "training").iterdir())  # the checkpoint has gone


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="name='chords' is no model with a recipe; choose one of melody_lstm"):
        train("chords")
    with pytest.raises(ValueError, match="profile='fast'"):
        train("melody_lstm", "fast")


def test_bar_numbers_say_nothing_that_the_tune_does_not():
    tunes = load_dataset("folk").test[:40]
    codec = EventCodec.fit(tunes)
    lines = [codec.encode(tune) for tune in tunes]
    plain = without_numbers(codec, lines)
    for tune, line, plain_line in zip(tunes, lines, plain, strict=True):
        assert len(line) == len(plain_line)
        assert codec.decode(plain_line, key=tune.key) == codec.decode(line, key=tune.key)
    found = markov_nats(codec, lines[:30], lines[30:])
    model = MarkovModel(2, len(codec.vocabulary)).fit(plain[:30])
    assert found[2] == pytest.approx(model.nats_per_token(plain[30:]))


def test_every_folk_tune_survives_the_event_codec():
    folk = load_dataset("folk")
    codec = EventCodec.fit(folk.train, min_count=20)
    n_tunes = 0
    for tune in (*folk.train, *folk.valid, *folk.test):
        fields = {"key": tune.key, "bpm": tune.bpm, "title": tune.title, "programs": tune.programs}
        again = codec.decode(codec.encode(tune), velocity=80, **fields)
        np.testing.assert_array_equal(again.notes, tune.notes)
        assert again == tune
        n_tunes += 1
    assert n_tunes >= 3000
