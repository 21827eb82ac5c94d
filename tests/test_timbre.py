"""The rendered notes: in tune, audible, the same every time, split without twins, and neither too easy nor too hard to learn."""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

import musegen_edu.timbre
from musegen_edu.datasets import load_dataset
from musegen_edu.families import SPLITS
from musegen_edu.files import cache_folder
from musegen_edu.pitch import measure_pitch
from musegen_edu.soundfont import midi_to_audio, soundfont_path, soundfont_sha256, synthesis_backend
from musegen_edu.spectrogram import audio_to_mfcc
from musegen_edu.timbre import INSTRUMENTS, PITCHES, TEST_PITCHES, VALID_PITCHES, VELOCITIES, split_of_pitch
from musegen_edu.widgets.instruments import instrument_name

WHEEL_SOUNDFONT = "82475b91a76de15cb28a104707d3247ba932e228bada3f47bba63c6b31aaf7a1"


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """A cache of this module's own, so that the notes are rendered once here and no learner's cache is touched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("MUSEGEN_SOUNDFONT", raising=False)
        yield


@pytest.fixture(scope="module")
def timbre(own_cache):
    return load_dataset("timbre")


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Two instruments and three pitches, and an empty cache: quick to render."""
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(musegen_edu.timbre, "INSTRUMENTS", {0: "Grand Piano", 71: "Clarinet"})
    monkeypatch.setattr(musegen_edu.timbre, "PITCHES", (59, 60, 63))
    return tmp_path / "cache" / "timbre"


# ---- what is in it ----


def test_it_is_what_was_promised(timbre):
    assert len(INSTRUMENTS) >= 10 and len(PITCHES) >= 48 and len(VELOCITIES) >= 3
    assert len(timbre) == len(INSTRUMENTS) * len(PITCHES) * len(VELOCITIES)
    assert (timbre.sample_rate, timbre.steps.shape[1]) == (16000, 16000)
    assert timbre.train.audio.dtype == np.float32
    notes = set(zip(*(timbre.labels[name].tolist() for name in ("program", "pitch", "velocity")), strict=True))
    assert len(notes) == len(timbre)
    assert timbre.class_names == tuple(map(instrument_name, INSTRUMENTS))  # the names that the player's menu shows
    for split in SPLITS:
        side = getattr(timbre, split)
        assert [timbre.class_names[target] for target in side.targets] == side.labels["instrument"].tolist()
        assert f"| {split} | {len(side):,} |" in timbre.card


def test_every_note_is_in_tune(timbre):
    wanted = 440 * 2 ** ((timbre.labels["pitch"] - 69) / 12)
    heard = np.array([measure_pitch(row / 32768, 16000) for row in timbre.steps])
    cents = 1200 * np.log2(heard / wanted)
    assert np.abs(cents).max() < 13
    for program, name in INSTRUMENTS.items():  # and as the card says
        found = cents[timbre.labels["instrument"] == name]
        assert f"| {name} | {program} | {np.median(found):+.1f} | {np.abs(found).max():.1f} |" in timbre.card


def test_every_note_is_heard_and_none_is_cut_off(timbre):
    audio = timbre.steps / 32768
    rms, peak = np.sqrt(np.mean(audio**2, axis=1)), np.abs(audio).max(axis=1)
    assert rms.min() > 0.01 and rms.max() < 0.5
    assert peak.max() < 0.9
    for name in timbre.class_names:
        assert abs(peak[timbre.labels["instrument"] == name].max() - 0.89) < 1e-3
    onset = (np.abs(audio) > 0.05 * peak[:, None]).argmax(axis=1) / 16000  # seconds
    assert onset.max() < 0.05
    assert np.abs(timbre.steps[:, -1]).max() < 0.001 * 32768  # no click where the note is cut
    held, released = (np.mean(audio[:, first:last] ** 2, axis=1) for first, last in ((8000, 12000), (13600, 15200)))
    assert np.median(released / held) < 0.25  # power, after the key is let go


def test_louder_velocities_are_louder(timbre):
    rms = np.sqrt(np.mean((timbre.steps / 32768) ** 2, axis=1)).reshape(-1, len(VELOCITIES))
    assert (np.diff(rms, axis=1) > 0).all()


def test_a_note_does_not_hear_the_one_before_it(small, monkeypatch):
    """Rendered with three times the room between them, the notes of a long-ringing instrument are the same."""
    close = musegen_edu.timbre._render(46, soundfont_path())  # a harp
    monkeypatch.setattr(musegen_edu.timbre, "_SPACING_SECONDS", 3 * 1.28)
    apart = musegen_edu.timbre._render(46, soundfont_path())
    assert np.abs(close.astype(int) - apart).max() <= 0.01 * 32768


# ---- no leak ----


def test_the_split_is_by_pitch_and_the_same_for_all_instruments(timbre):
    for name in ("pitch", "instrument"):
        on = {split: set(getattr(timbre, split).labels[name].tolist()) for split in SPLITS}
        if name == "instrument":
            assert all(found == set(timbre.class_names) for found in on.values())
        else:
            assert not (on["train"] & on["valid"] or on["train"] & on["test"] or on["valid"] & on["test"])
    assert len({pitch % 12 for pitch in TEST_PITCHES}) == len(TEST_PITCHES)
    for pitch in (*TEST_PITCHES, *VALID_PITCHES):
        assert split_of_pitch(pitch - 1) == split_of_pitch(pitch + 1) == "train"


def test_no_held_out_note_has_a_twin_to_train_on(timbre):
    def spectra(side):
        magnitude = np.abs(np.fft.rfft(side.audio))  # (n, n_bins)
        return magnitude / np.linalg.norm(magnitude, axis=1, keepdims=True)

    train = spectra(timbre.train)
    for split in ("valid", "test"):
        side = getattr(timbre, split)
        assert (spectra(side) @ train.T).max() < 0.9
    softer = spectra(timbre.train)[:3]  # three velocities of one note are twins, and would be seen
    assert softer[0] @ softer[2] > 0.99


# ---- can it be learnt? ----


def features(side, chosen, *, spread):
    """MFCCs 1 to 19 of each chosen sound: their means over time, and with `spread` their standard deviations too."""
    rows = []
    for sound in side.audio[chosen]:
        mfcc = audio_to_mfcc(sound, 16000)[1:]  # without the loudness
        rows.append(np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)]) if spread else mfcc.mean(axis=1))
    return np.array(rows, float)


def softmax_regression(X, targets, n_classes, steps=500):
    """Weights (n_features + 1, n_classes) by gradient descent on the cross-entropy."""
    X = np.column_stack([X, np.ones(len(X))])
    W = np.zeros((X.shape[1], n_classes))
    for _ in range(steps):
        scores = X @ W
        probability = np.exp(scores - scores.max(axis=1, keepdims=True))
        probability /= probability.sum(axis=1, keepdims=True)
        W -= X.T @ (probability - np.eye(n_classes)[targets]) / len(X)
    return W


@pytest.mark.parametrize(("spread", "low", "high"), [(False, 0.4, 0.6), (True, 0.68, 0.85)])
def test_a_linear_classifier_learns_something_but_not_everything(timbre, spread, low, high):
    chosen = timbre.train.labels["velocity"] == 85
    X = features(timbre.train, chosen, spread=spread)
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    W = softmax_regression((X - mean) / deviation, timbre.train.targets[chosen], len(timbre.class_names))
    held_out = (features(timbre.test, slice(None), spread=spread) - mean) / deviation
    guessed = (np.column_stack([held_out, np.ones(len(held_out))]) @ W).argmax(axis=1)
    accuracy = (guessed == timbre.test.targets).mean()
    assert low < accuracy < high, f"accuracy on the test pitches {accuracy:.3f}"


# ---- rendering and the cache ----


def test_it_is_the_same_dataset_on_every_machine(timbre):
    if (sys.platform, synthesis_backend(), soundfont_sha256(soundfont_path())) != (
        "linux",
        "midirenderer",
        WHEEL_SOUNDFONT,
    ):
        pytest.skip("the card's checksum is for midirenderer on Linux with the SoundFont of the wheel")
    assert timbre.sha256 in timbre.card


def test_it_is_rendered_once(small, monkeypatch):
    calls = []

    def counted(*args):
        calls.append(args)
        return midi_to_audio(*args)

    monkeypatch.setattr(musegen_edu.timbre, "midi_to_audio", counted)
    first, again = load_dataset("timbre"), load_dataset("timbre")
    assert len(calls) == 2  # one pass an instrument
    assert np.array_equal(first.steps, again.steps) and first.sha256 == again.sha256
    assert again.labels["pitch"].tolist() == [59] * 3 + [60] * 3 + [63] * 3 + [59] * 3 + [60] * 3 + [63] * 3


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-100], lambda data: data[:500] + b"!" + data[501:]]
)
def test_a_damaged_entry_is_rendered_again(small, damage):
    first = load_dataset("timbre")
    [path] = small.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert np.array_equal(load_dataset("timbre").steps, first.steps)
    assert path.read_bytes() == whole


def test_it_is_made_again_when_it_is_missing(small):
    first = load_dataset("timbre")
    [path] = small.iterdir()
    path.unlink()
    assert load_dataset("timbre").sha256 == first.sha256


def test_two_kernels_may_render_it_at_once(tmp_path):
    code = (
        "import sys, musegen_edu.timbre as timbre\n"
        "timbre.INSTRUMENTS = {46: 'Harp'}\n"
        "timbre.PITCHES = (60, 61, 63)\n"
        "sys.stdin.readline()\n"
        "print(timbre.load_timbre().sha256)"
    )
    environment = os.environ | {"MUSEGEN_CACHE": str(tmp_path)}
    start = functools.partial(
        subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    kernels = [start([sys.executable, "-c", code]) for _ in range(2)]
    for kernel in kernels:
        assert kernel.stdin is not None
        kernel.stdin.write("go\n")
        kernel.stdin.flush()
    answers = [kernel.communicate(timeout=300)[0].strip() for kernel in kernels]
    assert [kernel.returncode for kernel in kernels] == [0, 0]
    assert len(answers[0]) == 64 and answers[0] == answers[1]
    assert len(list((tmp_path / "timbre").iterdir())) == 1  # no temporary file is left


def test_a_missing_card_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"README\.md is missing.*git checkout -- datasets/timbre"):
        load_dataset("timbre")


def test_plain_tones_are_refused(monkeypatch):
    monkeypatch.setattr(musegen_edu.timbre, "synthesis_backend", lambda: "plain tones")
    with pytest.raises(ValueError, match="plain tones: all its instruments would sound alike; install FluidSynth"):
        load_dataset("timbre")


def test_a_silent_instrument_is_named(small, monkeypatch):
    monkeypatch.setattr(musegen_edu.timbre, "midi_to_audio", lambda *args: (np.zeros((2, 44100), np.float32), 44100))
    with pytest.raises(ValueError, match=r"no sound for program 0 \(Grand Piano\) at pitch 59, velocity 50"):
        load_dataset("timbre")
    assert not list(cache_folder("timbre").iterdir())


def test_display(timbre):
    shown = timbre._repr_html_()
    assert shown.count("<audio") == 12 and "<script" not in shown
    assert "<th scope='row'>French Horn</th><td>105</td><td>18</td><td>21</td>" in shown
    assert len(shown) < 150_000
