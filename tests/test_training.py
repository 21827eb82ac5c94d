"""Batches, profiles, and a fit that goes on after it was killed."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from musegen_edu.batching import LENGTHS, TokenBatches, nats_per_token
from musegen_edu.devices import device_report
from musegen_edu.models.recurrent import MelodyLSTM
from musegen_edu.tokens import PAD
from musegen_edu.training import EpochReport, Profile, fit

TINY = Profile("tiny", epochs=4, patience=9, batch_size=8, learning_rate=5e-3, weight_decay=0.0, embedding=8, units=16, depth=1, dropout=0.1)  # fmt: skip


def lines(n: int, seed: int) -> list[np.ndarray]:
    """Lines that repeat a short pattern: something to learn."""
    rng = np.random.default_rng(seed)
    return [np.array([1, *np.tile(rng.integers(3, 12, 4), int(rng.integers(4, 30))), 2]) for _ in range(n)]


def tiny_model() -> MelodyLSTM:
    return MelodyLSTM(12, embedding=8, units=16, depth=1, dropout=0.1, seed=1)


def test_batches_hold_every_sequence_once_and_shift_by_one():
    sequences = lines(50, 0)
    batches = TokenBatches(sequences, 8, seed=3, epoch=1)
    seen = []
    for x, y in batches:
        assert x.shape == y.shape and x.shape[1] in LENGTHS and len(x) <= 8
        np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
        seen += [[int(a[0]), *b[b != PAD].tolist()] for a, b in zip(x, y, strict=True)]
        assert (y != PAD).any(axis=0)[: x.shape[1] // 2].all()  # a batch is no longer than it must be
    assert sorted(seen) == sorted(sequence.tolist() for sequence in sequences)


def test_order_depends_on_seed_and_epoch_alone():
    sequences = lines(50, 0)
    first = [x.tolist() for x, _ in TokenBatches(sequences, 8, seed=1, epoch=2)[:3]]
    again = [x.tolist() for x, _ in TokenBatches(sequences, 8, seed=1, epoch=2)[:3]]
    other = [x.tolist() for x, _ in TokenBatches(sequences, 8, seed=1, epoch=3)[:3]]
    assert first == again != other


def test_long_sequences_are_cut_and_bad_ones_refused():
    x, y = TokenBatches([np.ones(5000, int)], 4)[0]
    assert x.shape == y.shape == (1, LENGTHS[-1])
    with pytest.raises(ValueError, match="sequences is empty"):
        TokenBatches([], 4)
    with pytest.raises(ValueError, match="one of 1 tokens"):
        TokenBatches([np.array([1])], 4)
    with pytest.raises(ValueError, match="batch_size=0"):
        TokenBatches(lines(2, 0), 0)


def test_nats_per_token_counts_every_token_alike():
    model, sequences = tiny_model(), lines(20, 5)
    total = 0.0
    for sequence in sequences:
        logits = np.array(model.predict_on_batch(sequence[None, :-1]), np.float64)[0]
        log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        total -= log_p[np.arange(len(sequence) - 1), sequence[1:]].sum()
    expected = total / sum(len(sequence) - 1 for sequence in sequences)
    assert nats_per_token(model, sequences, batch_size=4) == pytest.approx(expected, rel=1e-5)


def test_fit_learns_reports_and_restores_the_best(tmp_path):
    model = tiny_model()
    reports: list[EpochReport] = []
    valid = lines(16, 9)
    result = fit(model, lines(64, 2), valid, profile=TINY, seed=0, folder=tmp_path, verbose=0, on_epoch=reports.append)
    assert result == reports and [report.epoch for report in reports] == [0, 1, 2, 3]
    assert reports[-1].valid_loss < reports[0].valid_loss < np.log(12) + 0.1
    assert nats_per_token(model, valid) == pytest.approx(min(report.valid_loss for report in reports), rel=1e-6)
    assert reports[0].is_best
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]
    again = tiny_model()  # everything is done: the checkpoint answers at once
    assert fit(again, lines(64, 2), valid, profile=TINY, seed=0, folder=tmp_path, verbose=0) == result
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_fit_stops_early():
    noise = [np.random.default_rng(i).integers(3, 12, 30, np.int32) for i in range(30)]
    hasty = Profile("hasty", epochs=40, patience=2, batch_size=4, learning_rate=0.05, weight_decay=0.0, embedding=8, units=16, depth=1, dropout=0.0)  # fmt: skip
    reports = fit(tiny_model(), noise[:10], noise[10:], profile=hasty, seed=0, verbose=0)
    assert len(reports) < 40
    assert not reports[-1].is_best and not reports[-2].is_best and reports[-3].is_best


def test_fit_refuses_the_checkpoint_of_another_run_and_a_broken_one(tmp_path):
    short = Profile("short", epochs=1, patience=9, batch_size=8, learning_rate=5e-3, weight_decay=0.0, embedding=8, units=16, depth=1, dropout=0.1)  # fmt: skip
    fit(tiny_model(), lines(8, 2), lines(4, 9), profile=short, seed=0, folder=tmp_path, verbose=0)
    with pytest.raises(
        ValueError, match=r"checkpoint.npz: it belongs to another run \(it differs in: seed\). Delete it"
    ):
        fit(tiny_model(), lines(8, 2), lines(4, 9), profile=short, seed=1, folder=tmp_path, verbose=0)
    with pytest.raises(ValueError, match=r"differs in: data"):
        fit(tiny_model(), lines(8, 3), lines(4, 9), profile=short, seed=0, folder=tmp_path, verbose=0)
    path = tmp_path / "checkpoint.npz"
    for broken in (path.read_bytes()[:2000], b"", b"not a checkpoint"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"cannot go on from .*checkpoint.npz"):
            fit(tiny_model(), lines(8, 2), lines(4, 9), profile=short, seed=0, folder=tmp_path, verbose=0)


SCRIPT = """
import json, sys, time
sys.path.insert(0, {tests!r})
import numpy as np
from test_training import TINY, fit, lines, tiny_model

def report(epoch):
    print(json.dumps([epoch.epoch, epoch.valid_loss]), flush=True)
    time.sleep({pause})

model = tiny_model()
fit(model, lines(64, 2), lines(16, 9), profile=TINY, seed=0, folder={folder!r}, verbose=0, on_epoch=report)
np.savez({folder!r} + "/result.npz", *model.get_weights())
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_training_goes_on_and_ends_the_same(tmp_path):
    def start(folder: str, pause: float) -> subprocess.Popen:
        (tmp_path / folder).mkdir(exist_ok=True)
        tests = os.path.dirname(__file__)  # noqa: PTH120
        script = SCRIPT.format(tests=tests, folder=str(tmp_path / folder), pause=pause)
        return subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    whole = start("whole", 0.0)
    killed = start("killed", 60.0)
    assert killed.stdout is not None
    first = json.loads(killed.stdout.readline())  # comes after the first epoch's checkpoint
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL and first[0] == 0
    assert not (tmp_path / "killed" / "result.npz").exists()

    resumed = start("killed", 0.0)
    outputs = [run.communicate(timeout=300) for run in (whole, resumed)]
    assert resumed.returncode == 0, outputs[1][1][-2000:]
    expected, found = ([json.loads(line) for line in out.splitlines()] for out, _ in outputs)
    assert [epoch for epoch, _ in expected] == [0, 1, 2, 3]
    assert [epoch for epoch, _ in found] == [1, 2, 3]
    # Rounding may differ between two processes, and grows from step to step.
    np.testing.assert_allclose([loss for _, loss in found], [loss for _, loss in expected[1:]], rtol=1e-4)
    with np.load(tmp_path / "whole" / "result.npz") as a, np.load(tmp_path / "killed" / "result.npz") as b:
        for name in a.files:
            np.testing.assert_allclose(a[name], b[name], atol=1e-3)


def test_profiles():
    quick, full = Profile.named("quick"), Profile.named("full")
    assert quick.units < full.units and quick.name == "quick"
    with pytest.raises(ValueError, match="profile='fast' is not a profile; choose one of quick, full"):
        Profile.named("fast")


def test_device_report_tells_the_truth():
    report = device_report()
    assert report.backend in str(report) and report.devices[0] in str(report)
    assert report.cores >= 1
    assert report.memory_gib is None or 0.5 < report.memory_gib < 10_000
    assert report.has_gpu == any("gpu" in device or "cuda" in device for device in report.devices)
