"""The chorale benchmark: what it reads, what it averages, what it prints; with tiny networks and made-up pieces."""

import dataclasses
import functools
import importlib.util
import itertools
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from musegen_edu.downloads import DOWNLOADS
from musegen_edu.files import sha256_of
from musegen_edu.models.chords import ChordSpeller
from musegen_edu.spelling import roll_to_spelling

_SPEC = importlib.util.spec_from_file_location("jsb", Path(__file__).parents[1] / "benchmarks" / "jsb.py")
assert _SPEC is not None and _SPEC.loader is not None
jsb: Any = importlib.util.module_from_spec(_SPEC)
sys.modules["jsb"] = jsb  # its dataclasses look their module up
_SPEC.loader.exec_module(jsb)

TINY: dict[str, Any] = {"units": 6, "depth": 1, "note_units": 5, "embedding": 2}


def pieces(n: int, seed: int, n_keys: int = 88) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(rng.random((int(rng.integers(5, 14)), n_keys)) < 3 / n_keys).astype(np.uint8) for _ in range(n)]


SPLITS = {"train": pieces(6, 0), "valid": pieces(3, 1), "test": pieces(4, 2)}


def write_npz(path, **splits):
    arrays: dict[str, Any] = {}
    for split, rolls in splits.items():
        arrays[f"{split}_rolls"] = np.packbits(np.concatenate(rolls), axis=1)
        arrays[f"{split}_lengths"] = np.array([len(roll) for roll in rolls])
    np.savez(path, **arrays)
    return path


def write_mat(path, splits=SPLITS):
    cells = {}
    for split, rolls in splits.items():
        cell = np.empty((1, len(rolls)), object)
        for i, roll in enumerate(rolls):
            cell[0, i] = roll.astype(float)
        cells[f"{split}data"] = cell
    savemat(path, cells)
    return path


def same(found, expected):
    return len(found) == len(expected) and all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture
def tiny_plans(monkeypatch):
    for (profile, model), plan in list(jsb.PLANS.items()):
        sizes = TINY if model == "chords" else {"cell": model, "units": 6, "dropout": 0.1}
        tiny = dataclasses.replace(plan, sizes=sizes, passes=2, batch_size=4, length=8)
        monkeypatch.setitem(jsb.PLANS, (profile, model), tiny)


# ---- reading ----


def test_npz_is_read(tmp_path):
    found = jsb.read_npz(write_npz(tmp_path / "some.npz", train=SPLITS["train"], valid=SPLITS["valid"]))
    assert sorted(found) == ["train", "valid"]
    assert same(found["train"], SPLITS["train"]) and same(found["valid"], SPLITS["valid"])
    with pytest.raises(ValueError, match="needs train_rolls"):
        jsb.read_npz(write_npz(tmp_path / "other.npz", valid=SPLITS["valid"]))


def test_mat_is_read_with_its_test_split(tmp_path, capsys, monkeypatch):
    path = write_mat(tmp_path / "rolls.mat")
    found = jsb.read_mat(path)
    assert all(same(found[split], rolls) for split, rolls in SPLITS.items())
    assert "is not one of the published files" in capsys.readouterr().out
    monkeypatch.setitem(DOWNLOADS, "jsb", dataclasses.replace(DOWNLOADS["jsb"], sha256=sha256_of(path)))
    jsb.read_mat(path)
    assert capsys.readouterr().out == ""


def test_mat_without_a_split_is_refused(tmp_path):
    path = write_mat(tmp_path / "rolls.mat", {"train": SPLITS["train"], "valid": SPLITS["valid"]})
    with pytest.raises(ValueError, match="has no testdata"):
        jsb.read_mat(path)


# ---- measuring ----


def sharpened(model, seed):
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.8, weight.shape) for weight in model.get_weights()])
    return model


def test_frames_come_in_the_order_of_the_pieces_whatever_the_batches():
    network = sharpened(ChordSpeller(**TINY), 0)
    rolls = pieces(7, 5)
    expected = np.concatenate([network.log_probabilities(roll_to_spelling(roll)[None])[0] for roll in rolls])
    for batch_size in (2, 16):
        found = jsb.frame_log_probabilities(network, rolls, batch_size=batch_size)
        np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_moving_a_piece_and_moving_it_off_the_keyboard():
    network = sharpened(ChordSpeller(**TINY), 0)
    roll = np.zeros((4, 88), np.uint8)
    roll[:, [3, 40]] = 1
    up = np.roll(roll, 5, axis=1)
    np.testing.assert_allclose(
        jsb.frame_log_probabilities(network, [roll], move=5), jsb.frame_log_probabilities(network, [up]), rtol=1e-5
    )
    assert np.isfinite(jsb.frame_log_probabilities(network, [roll], move=-3)).all()
    assert (jsb.frame_log_probabilities(network, [roll], move=-4) == -np.inf).all()


def test_mixtures_are_distributions(monkeypatch):
    n_keys = 5
    monkeypatch.setattr(jsb, "N_KEYS", n_keys)
    past = pieces(1, 3, n_keys)[0][:2]
    every = [np.concatenate([past, [chord]]).astype(np.uint8) for chord in itertools.product((0, 1), repeat=n_keys)]
    networks = [sharpened(ChordSpeller(n_keys, **TINY), seed) for seed in (1, 2)]
    last = [jsb.frame_log_probabilities(network, every).reshape(len(every), -1)[:, -1] for network in networks]
    seeds = np.exp(jsb.mixture(np.array(last)))
    assert seeds.sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(seeds, (np.exp(last[0]) + np.exp(last[1])) / 2, rtol=1e-6)
    moves = [jsb.frame_log_probabilities(networks[0], every, move=move).reshape(len(every), -1)[:, -1] for move in (-1, 0, 1)]  # fmt: skip
    assert (
        0.3 < np.exp(jsb.mixture(np.array(moves))).sum() <= 1 + 1e-5
    )  # what would leave the keyboard is lost, never gained


def test_a_run_is_decided_by_its_seed(tiny_plans):
    data = {"train": SPLITS["train"], "valid": SPLITS["valid"]}
    plan = jsb.PLANS["quick", "chords"]
    first, again, other = (jsb.run("chords", plan, seed, data, "valid", None) for seed in (4, 4, 5))
    on_keyboard = np.isfinite(first.logs)
    # threads add up in any order, so the same seed agrees to rounding that training has amplified, not to the bit
    np.testing.assert_allclose(first.logs, again.logs, rtol=1e-3, atol=2e-2)
    assert np.abs(first.logs[on_keyboard] - other.logs[on_keyboard]).max() > 0.05
    assert first.logs.shape == (12, sum(map(len, SPLITS["valid"])))
    assert first.cpu_seconds > 0 and first.n_weights == jsb.build("chords", plan, 0).count_params()


# ---- the whole script ----


def test_both_tables_of_the_test_split_and_a_second_run_that_need_not_train(tmp_path, capsys, monkeypatch, tiny_plans):
    path = write_mat(tmp_path / "rolls.mat")
    arguments = ["--data", str(path), "--split", "test", "--seeds", "0", "1", "--models", "lstm", "chords", "--folder", str(tmp_path / "runs")]  # fmt: skip
    assert jsb.main(arguments) == 0  # no claim is made about the test split
    printed = capsys.readouterr().out
    independent, joint = printed.split("JOINT AND EXACT")
    assert "4 pieces" in independent and "LSTM, 6 units" in independent and "8.45 (test)" in independent
    assert "chord speller" not in independent
    assert "mixture of 2 seeds in 12 keys" in joint and "unconfirmed" in joint and "TCN" not in joint
    logs = []
    for seed in (0, 1):
        with np.load(tmp_path / "runs" / f"chords-2-{seed}-test.npz") as stored:
            logs.append(stored["logs"][6])
    losses = [-log.mean() for log in logs]
    assert f"{np.mean(losses):.3f} ± {np.std(losses, ddof=1):.3f}" in joint
    both = -np.log(np.mean(np.exp(logs), axis=0)).mean()
    assert f"{both:.3f}" in next(line for line in joint.splitlines() if line.strip().startswith("mixture of 2 seeds  "))
    first = np.concatenate([np.arange(len(roll)) == 0 for roll in SPLITS["test"]])
    later = [-log[~first].mean() for log in logs]
    assert f"{np.mean(later):.3f} ± {np.std(later, ddof=1):.3f}" in joint

    monkeypatch.setattr(jsb, "train", lambda *_, **__: pytest.fail("trained once more"))
    assert jsb.main(arguments) == 0
    assert capsys.readouterr().out == printed


def test_claims_that_do_not_hold_are_said_so(tmp_path, capsys, tiny_plans):
    path = write_npz(tmp_path / "some.npz", train=SPLITS["train"], valid=SPLITS["valid"])
    assert jsb.main(["--npz", str(path), "--seeds", "0", "--profile", "full", "--models", "lstm", "chords"]) == 1
    printed = capsys.readouterr().out
    assert "LSTM with independent keys at most 8.45: NOT KEPT" in printed
    assert "chord speller at most 4.65 within 30 CPU minutes: NOT KEPT" in printed
    assert "chord speller read in 12 keys below 4.5: NOT KEPT" in printed


def test_a_split_that_is_not_there_is_named(tmp_path, capsys):
    path = write_npz(tmp_path / "some.npz", train=SPLITS["train"], valid=SPLITS["valid"])
    with pytest.raises(SystemExit):
        jsb.main(["--npz", str(path), "--split", "test"])
    assert "--split test is not in this file, which has train, valid" in capsys.readouterr().err


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_without_a_file_the_public_one_is_downloaded(tmp_path, capsys, monkeypatch, tiny_plans):
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    path = write_mat(tmp_path / "Nottingham.mat")
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/Nottingham.mat"
        monkeypatch.setitem(
            DOWNLOADS, "nottingham", dataclasses.replace(DOWNLOADS["nottingham"], url=url, sha256=sha256_of(path))
        )
        try:
            assert jsb.main(["--dataset", "nottingham", "--split", "test", "--seeds", "0", "--models", "gru"]) == 0
        finally:
            server.shutdown()
            thread.join()
    captured = capsys.readouterr()
    assert "licence: no licence is stated" in captured.err
    assert "nottingham, test: 4 pieces" in captured.out and "3.46 (test)" in captured.out
    assert "JOINT" not in captured.out


def test_throughput_is_compared_in_one_run(capsys, tiny_plans):
    assert jsb.throughput(SPLITS["train"], rounds=1) in (True, False)
    printed = capsys.readouterr().out.splitlines()
    for name in ("LSTM, independent keys", "chord speller"):
        line = next(line for line in printed if line.startswith(name))
        ours, bare, ratio = (float(cell.replace(",", "")) for cell in line.removeprefix(name).split())
        assert ours > 0 and ratio == pytest.approx(ours / bare, abs=0.02)
