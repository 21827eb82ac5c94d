"""`train`: from the data to weights with a card, in small."""

import dataclasses

import numpy as np
import pytest

from musegen_edu import training
from musegen_edu.datasets import load_dataset
from musegen_edu.models.chorale import ChoraleLSTM
from musegen_edu.models.markov import MarkovModel
from musegen_edu.models.recurrent import MELODY_NETWORKS
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import chorale, markov_nats, melody_profile, without_numbers
from musegen_edu.score import Score, stack
from musegen_edu.tokens import ChoraleCodec, EventCodec
from musegen_edu.training import EpochReport, Profile, train

TINY = Profile("quick", epochs=1, patience=1, batch_size=8, learning_rate=5e-3, weight_decay=0.0, embedding=8, units=16, depth=1, dropout=0.0, n_tunes=24)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MELODY_NETWORKS)
def test_train_writes_weights_and_an_honest_card(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(training._PROFILES, "quick", TINY)
    reports: list[EpochReport] = []
    path = train(name, "quick", seed=3, verbose=0, on_epoch=reports.append)
    assert path == tmp_path / "home" / "weights" / f"{name}.json"
    card, model = load_card(name, path.parent), load_pretrained(name, path.parent)
    assert card["command"] == f"musegen train {name} --profile quick --seed 3"
    assert card["data"]["sha256"] == load_dataset("folk").sha256 and card["data"]["train"] == 24
    assert 0 < card["cpu_seconds"] < 600
    assert card["profile"]["units"] == card["model"]["arguments"]["units"] == model.recurrent[0].units
    assert isinstance(model, MELODY_NETWORKS[name])
    assert card["profile"]["n_tunes"] == 24 and card["epochs"] == 1 == len(reports)
    assert card["metrics"]["valid_nats_per_token"] == pytest.approx(reports[0].valid_loss, abs=0.01)
    assert model.codec.vocabulary.symbols == tuple(card["codec"]["symbols"])
    assert not list((tmp_path / "home" / "training").iterdir())  # the checkpoint has gone


@pytest.mark.slow
def test_the_chorale_network_is_trained_and_judged(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(chorale.CHORALE_PROFILES, "quick", dataclasses.replace(TINY, learning_rate=1e-2))
    monkeypatch.setattr(chorale, "N_TO_JUDGE", 2)
    reports: list[EpochReport] = []
    path = train("chorale_lstm", "quick", seed=1, verbose=0, on_epoch=reports.append)
    card, model = load_card("chorale_lstm", path.parent), load_pretrained("chorale_lstm", path.parent)
    assert card["command"] == "musegen train chorale_lstm --profile quick --seed 1"
    assert card["data"]["sha256"] == load_dataset("chorales").sha256
    assert (card["data"]["train"], card["data"]["valid"], card["data"]["test"]) == (24, 55, 95)
    losses = card["metrics"]["nats_per_symbol"]
    assert losses["valid"] == pytest.approx(reports[0].valid_loss, abs=0.01)
    assert losses["test_uniform"] == pytest.approx(np.log(61), abs=1e-3)
    rows = card["metrics"]["voice_leading"]
    assert rows["bach"]["parallels_per_100_chord_changes"] < rows["random"]["parallels_per_100_chord_changes"]
    assert isinstance(model, ChoraleLSTM) and isinstance(model.codec, ChoraleCodec)
    assert not list((tmp_path / "home" / "training").iterdir())


def test_agreement_counts_pitch_classes_of_the_lower_voices():
    lines = [Score.from_melody([p], 48, key="C major") for p in (72, 67, 64, 48)]
    other = [lines[0], lines[1], Score.from_melody([65], 48, key="C major"), Score.from_melody([60], 48, key="C major")]
    assert chorale.agreement([stack(lines)], [stack(lines)]) == 1
    assert chorale.agreement([stack(lines)], [stack(other)]) == pytest.approx(2 / 3)  # the tenor differs


@pytest.mark.parametrize("profile", ["quick", "full"])
def test_the_three_networks_have_as_many_parameters(profile):
    sizes = []
    for name, network in MELODY_NETWORKS.items():
        found = melody_profile(name, Profile.named(profile), 708)
        sizes.append(network.n_parameters(708, embedding=found.embedding, units=found.units, depth=found.depth))
    assert max(sizes) == sizes[1]  # the LSTM's
    assert min(sizes) > 0.99 * max(sizes)


def test_unknown_names_are_refused():
    with pytest.raises(
        ValueError,
        match="name='chords' is no model with a recipe; choose one of melody_rnn, melody_lstm, melody_gru, chorale_lstm",
    ):
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
