"""Weights and their cards: what is saved is what is loaded, and a bad file is told with its cure."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from musegen_edu.files import sha256_of, weights_folder
from musegen_edu.models.recurrent import MelodyLSTM
from musegen_edu.pretrained import load_card, load_pretrained, pretrained_names, save_pretrained
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec

CODEC = EventCodec.fit([Score.from_melody([60, 62, 64], [24, 12, 36], key="C major")])
TOKENS = np.array([[1, 5, 9, 12, 20]])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    model = MelodyLSTM(len(CODEC.vocabulary), embedding=8, units=16, depth=2, seed=3)
    save_pretrained("small", model, CODEC, card={"seed": 3, "metrics": {"nats": 1.5}}, folder=folder)
    return folder, model


@pytest.fixture
def copy(saved, tmp_path):
    shutil.copytree(saved[0], tmp_path / "weights")
    return tmp_path / "weights"


def test_round_trip(saved):
    folder, model = saved
    again = load_pretrained("small", folder)
    assert again.codec == CODEC
    assert again.get_config() == model.get_config()
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a.astype(np.float16).astype(np.float32), b)
    np.testing.assert_allclose(model.predict_on_batch(TOKENS), again.predict_on_batch(TOKENS), atol=5e-3)
    assert pretrained_names(folder) == ["small"]


def test_card(saved):
    card = load_card("small", saved[0])
    assert card["seed"] == 3 and card["metrics"] == {"nats": 1.5}
    assert card["codec"]["symbols"] == list(CODEC.vocabulary.symbols)
    assert card["weights"]["sha256"] == sha256_of(saved[0] / "small.npz")
    assert card["weights"]["bytes"] == (saved[0] / "small.npz").stat().st_size


def test_missing(copy):
    with pytest.raises(FileNotFoundError, match=r"large.json is missing \(models there: small\).*musegen train large"):
        load_pretrained("large", copy)
    (copy / "small.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"small.npz is missing. Install musegen-edu again"):
        load_pretrained("small", copy)


def test_cut_or_tampered_weights(copy):
    path = copy / "small.npz"
    whole = path.read_bytes()
    tampered = bytearray(whole)
    tampered[len(whole) // 2] ^= 1
    for broken in (whole[:-100], b"", bytes(tampered), whole + b"x"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"small.npz is cut or changed: .* musegen train small"):
            load_pretrained("small", copy)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": 1}', '{"version": 1, "model": 3}'])
def test_broken_card(copy, content):
    (copy / "small.json").write_text(content)
    with pytest.raises(ValueError, match=r"small.json is cut or is not the card of a model. Install"):
        load_pretrained("small", copy)


def change_card(folder: Path, change) -> None:
    path = folder / "small.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card["model"]["arguments"].update(units=8),
        lambda card: card["model"]["arguments"].update(depth=3),
        lambda card: card["model"]["arguments"].update(width=8),
        lambda card: card["model"].update({"class": "Other"}),
        lambda card: card["codec"].update(codec="other"),
    ],
    ids=["units", "depth", "unknown argument", "unknown class", "unknown codec"],
)
def test_card_and_weights_that_do_not_fit(copy, change):
    change_card(copy, change)
    with pytest.raises(ValueError, match=r"the card and the weights of 'small' in .* do not fit together"):
        load_pretrained("small", copy)


def test_other_version(copy):
    change_card(copy, lambda card: card.update(version=99))
    with pytest.raises(ValueError, match="has version 99; this musegen-edu reads version 1"):
        load_pretrained("small", copy)


def test_the_environment_names_the_folder(copy, monkeypatch):
    monkeypatch.setenv("MUSEGEN_WEIGHTS", str(copy))
    assert pretrained_names() == ["small"]
    assert load_card("small")["seed"] == 3


MELODY_NAMES = ("melody_rnn", "melody_lstm", "melody_gru")
ALL_TOGETHER = 30_000_000  # bytes, of all weights of the course


@pytest.mark.parametrize("name", [*MELODY_NAMES, "chorale_lstm", "chorale_inpainter"])
def test_weights_are_here_and_their_card_is_whole(name):
    card = load_card(name)
    path = weights_folder() / f"{name}.npz"
    assert card["weights"]["sha256"] == sha256_of(path)
    assert card["weights"]["bytes"] == path.stat().st_size < 4_000_000
    for field in ("command", "seed", "seconds", "machine", "data", "profile", "metrics"):
        assert field in card, field
    assert card["command"].startswith(f"musegen train {name} --profile full --seed ")
    with np.load(path, allow_pickle=False) as stored:
        assert {array.dtype for array in stored.values()} == {np.dtype(np.float16)}
        assert sum(array.size for array in stored.values()) == card["model"]["parameters"]
        assert all(np.isfinite(array).all() for array in stored.values())


@pytest.mark.parametrize("name", MELODY_NAMES)
def test_melody_networks_beat_markov_chains_and_copy_little(name):
    metrics = load_card(name)["metrics"]
    assert metrics["test_nats_per_token"] < metrics["markov_test_nats_per_token"]["3"]
    # real held-out tunes share more with the training tunes than those made up
    assert metrics["novelty_of_8_note_runs"] > metrics["novelty_of_8_note_runs_in_held_out_tunes"]


def test_gates_help_at_equal_size():
    cards = {name: load_card(name) for name in MELODY_NAMES}
    losses = {name: card["metrics"]["test_nats_per_token"] for name, card in cards.items()}
    assert max(losses["melody_lstm"], losses["melody_gru"]) < losses["melody_rnn"]
    sizes = [card["model"]["parameters"] for card in cards.values()]
    assert min(sizes) > 0.99 * max(sizes)


def test_the_chorale_network_beats_markov_chains_and_leads_voices():
    metrics = load_card("chorale_lstm")["metrics"]
    losses = metrics["nats_per_symbol"]
    assert losses["test"] < min(losses["test_markov"].values()) < losses["test_uniform"]
    assert losses["test"] == pytest.approx(np.mean(list(losses["test_by_voice"].values())), abs=1e-3)
    rows = metrics["voice_leading"]
    for name, row in rows.items():
        if name.startswith(("composed", "harmonised")):
            assert row["notes_out_of_range"] == 0
            assert row["bars_with_crossed_voices"] < 0.5 < rows["markov_order_3"]["bars_with_crossed_voices"]
        if "by_rule" in name:
            assert row["parallels_per_100_chord_changes"] <= rows["bach"]["parallels_per_100_chord_changes"]
    assert rows["bach"]["parallels_per_100_chord_changes"] > 0  # Bach's own rate, by which the others are judged


def test_the_inpainter_beats_its_baselines_and_fills_like_bach():
    metrics = load_card("chorale_inpainter")["metrics"]
    frames = metrics["nats_per_frame_test"]
    assert frames["random_exact"] < frames["chronological_exact"] < frames["first_order_markov"] < frames["uniform"]
    assert frames["chronological_exact"] < frames["chronological_own_guesses"]
    strikes = metrics["struck_or_held_test"]
    assert strikes["nats"] < strikes["nats_by_place"] < strikes["nats_by_share"]
    for hole, rows in metrics["refilled"].items():
        bach, gibbs, one_step = rows["bach"], rows["gibbs"], rows["one_step"]
        assert abs(gibbs["notes_a_quarter"] / bach["notes_a_quarter"] - 1) < 0.1
        assert one_step["notes_a_quarter"] > 1.2 * bach["notes_a_quarter"]
        assert (
            gibbs["bars_with_crossed_voices"] < bach["bars_with_crossed_voices"] < one_step["bars_with_crossed_voices"]
        )
        assert gibbs["scale_consistency"] > bach["scale_consistency"] - 0.01
        if hole != "two_bars":  # it copies no more than Bach does from himself
            assert gibbs["longest_copy"] <= bach["longest_copy"]
            assert gibbs["novelty_of_8_note_runs"] > bach["novelty_of_8_note_runs"]


def test_all_weights_together_stay_small():
    sizes = [path.stat().st_size for path in weights_folder().iterdir()]
    assert len(sizes) >= 8 and sum(sizes) < ALL_TOGETHER


@pytest.mark.parametrize("name", [*MELODY_NAMES, "chorale_lstm", "chorale_inpainter"])
def test_weights_were_trained_on_the_data_that_is_here(name):
    from musegen_edu.datasets import load_dataset

    data = load_card(name)["data"]
    assert data["sha256"] == load_dataset(data["name"]).sha256


SCRIPT = """
import numpy as np
from musegen_edu.composing import compose
tune = compose("melody_lstm", bars=4, seed=3, candidates=2)
print(tune.notes["pitch"].tolist(), tune.notes["onset"].tolist())
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_melody_lstm_composes_the_same_on_every_backend(backend, run_on_backend):
    from musegen_edu.composing import compose

    tune = compose("melody_lstm", bars=4, seed=3, candidates=2)
    said = run_on_backend(backend, SCRIPT)
    expected = f"{tune.notes['pitch'].tolist()} {tune.notes['onset'].tolist()}"
    assert said.splitlines()[-1] == expected
