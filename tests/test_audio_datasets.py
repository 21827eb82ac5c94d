"""The dataset of recorded sounds: what is in it, its licences, its split, and what happens when its files are damaged."""

import csv
import io
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import soundfile

from musegen_edu.audio_datasets import AudioDataset, OneShotRow, load_one_shots, write_one_shots
from musegen_edu.dataset_files import CHECKSUMS, read_dataset_files
from musegen_edu.datasets import load_dataset
from musegen_edu.families import SPLITS
from musegen_edu.files import datasets_folder, sha256_of


@pytest.fixture(scope="module")
def one_shots():
    return load_dataset("one_shots")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the dataset that a test may spoil."""
    shutil.copytree(datasets_folder() / "one_shots", tmp_path / "one_shots")
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path))
    return tmp_path / "one_shots"


# ---- what is in it ----


def test_it_is_what_was_promised(one_shots):
    assert isinstance(one_shots, AudioDataset)
    assert len(one_shots) == 87 == sum(len(getattr(one_shots, split)) for split in SPLITS)
    for split in SPLITS:
        side = getattr(one_shots, split)
        assert side.audio.shape == (len(side), 32000) and side.audio.dtype == np.float32
        assert [one_shots.class_names[target] for target in side.targets] == side.labels["kind"].tolist()
        assert set(side.labels["kind"].tolist()) == set(one_shots.class_names)  # every kind is on every side
        assert (side.labels["split"] == split).all()


def test_every_sound_is_heard_and_none_is_cut_off(one_shots):
    for split in SPLITS:
        side = getattr(one_shots, split)
        assert np.allclose(np.abs(side.audio).max(axis=1), 0.89, atol=1e-3)
        for sound, seconds, file in zip(side.audio, side.labels["seconds"], side.labels["file"], strict=True):
            length = round(seconds * one_shots.sample_rate)
            assert 0.015 < seconds < 2, file
            assert np.sqrt(np.mean(sound[:length] ** 2)) > 0.02, file
            assert not sound[length:].any(), file
            assert np.abs(sound[: one_shots.sample_rate // 10]).max() > 0.02, file  # it begins soon (a swoosh swells)


def test_the_sounds_cannot_be_changed_by_mistake(one_shots):
    with pytest.raises(ValueError, match="read-only"):
        one_shots.train.audio[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        one_shots.train.labels["kind"][0] = "kick"
    assert one_shots.train is one_shots.train


def test_every_file_is_cc0_and_credited_in_the_card(one_shots):
    labels = one_shots.labels
    assert set(labels["licence"].tolist()) == {"CC0"}
    for file, kind, split, credit, source in zip(
        *(labels[name].tolist() for name in ("file", "kind", "split", "credit", "source")), strict=True
    ):
        [line] = [line for line in one_shots.card.splitlines() if line.startswith(f"| {file} |")]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[1:3] == [kind, split] and cells[4:] == ["CC0", credit, source], file
        assert "freesound.org/people/" in source
        assert credit.split(" ", 1)[1] in one_shots.card
    for split in SPLITS:
        assert f"| {split} | {len(getattr(one_shots, split))} |" in one_shots.card


def test_labels_are_what_the_names_say(one_shots):
    kind = dict(zip(one_shots.labels["file"].tolist(), one_shots.labels["kind"].tolist(), strict=True))
    expected = {
        "bd_808": "kick", "drum_heavy_kick": "kick", "elec_soft_kick": "kick", "sn_dub": "snare", "elec_mid_snare": "snare",
        "drum_snare_soft": "snare", "elec_fuzz_tom": "tom", "drum_splash_soft": "cymbal", "tabla_na": "tabla",
        "bass_hit_c": "bass", "elec_blip": "electronic", "drum_cowbell": "percussion", "misc_crow": "other",
    }  # fmt: skip
    assert {name: kind[f"{name}.flac"] for name in expected} == expected
    assert not [name for name in kind if name.startswith(("loop_", "vinyl_"))]


def test_another_program_opens_the_files(copied):
    with zipfile.ZipFile(copied / "one_shots.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode("utf-8"))))
        assert sorted(archive.namelist()) == sorted(["index.csv", *(row["file"] for row in rows)])
        for row in rows:
            facts = soundfile.info(io.BytesIO(archive.read(row["file"])))
            assert (facts.samplerate, facts.channels, facts.subtype) == (16000, 1, "PCM_16")
            assert abs(facts.frames / 16000 - float(row["seconds"])) < 1e-4
            assert len(row["origin_sha256"]) == 64


# ---- no leak ----


def closest_pairs(audio, kinds, splits):
    """For sounds of one kind on two sides: the largest correlation of their waveforms at any shift."""
    size = 2 * audio.shape[1]
    spectra = np.fft.rfft(audio / np.linalg.norm(audio, axis=1, keepdims=True), size)
    worst = 0.0
    for first in range(len(audio)):
        others = np.flatnonzero((kinds == kinds[first]) & (splits != splits[first]))
        if len(others):
            worst = max(worst, float(np.abs(np.fft.irfft(spectra[first].conj() * spectra[others], size)).max()))
    return worst


def test_no_sound_has_a_relative_on_another_side(one_shots):
    labels = one_shots.labels
    sides: dict[int, set[str]] = {}
    for family, split in zip(labels["family"].tolist(), labels["split"].tolist(), strict=True):
        sides.setdefault(family, set()).add(split)
    assert all(len(found) == 1 for found in sides.values())
    assert closest_pairs(one_shots.steps.astype(float), labels["kind"], labels["split"]) < 0.6
    split_of = dict(zip(labels["file"].tolist(), labels["split"].tolist(), strict=True))
    assert split_of["drum_snare_hard.flac"] == split_of["drum_snare_soft.flac"]
    assert split_of["tabla_re.flac"] == split_of["tabla_tas1.flac"]


def test_the_leak_test_would_see_a_leak(one_shots):
    late = np.roll(one_shots.train.audio[3], 700) * 0.3
    audio = np.stack([one_shots.train.audio[3], late]).astype(float)
    assert closest_pairs(audio, np.array(["tom", "tom"]), np.array(["train", "test"])) > 0.99


def test_no_sound_is_there_twice(one_shots):
    assert len({row.tobytes() for row in one_shots.steps}) == len(one_shots)
    assert len(set(one_shots.labels["origin_sha256"].tolist())) == len(one_shots)


# ---- showing and loading ----


def test_display(one_shots):
    assert repr(one_shots).startswith("AudioDataset('one_shots', 87 sounds of 9 classes: ")
    shown = one_shots._repr_html_()
    assert "<script" not in shown and "http" not in shown
    assert shown.count("<audio") == len(one_shots.class_names)
    assert len(shown) < 150_000
    assert one_shots.sha256 in (datasets_folder() / "one_shots" / CHECKSUMS).read_text()


def test_loading_needs_no_heavy_package_and_no_network():
    code = (
        "import socket, sys\n"
        "socket.socket.connect = None\n"
        "from musegen_edu.datasets import load_dataset\n"
        "n = len(load_dataset('one_shots').train)\n"
        "heavy = {'music21', 'tensorflow', 'keras', 'librosa', 'scipy', 'pooch', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy or n < 40 else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- damage ----


@pytest.mark.parametrize("missing", ["one_shots.zip", CHECKSUMS, "README.md"])
def test_a_missing_file_is_named(copied, missing):
    (copied / missing).unlink()
    with pytest.raises(
        FileNotFoundError, match=rf"{missing} is missing.*get it again: `git checkout.*sonic-pi-samples"
    ):
        load_dataset("one_shots")


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b""])
def test_a_cut_file_is_refused(copied, damage):
    path = copied / "one_shots.zip"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"one_shots\.zip is cut short or is no zip file.*get it again"):
        load_dataset("one_shots")


def test_a_file_with_one_changed_byte_is_refused(copied):
    data = bytearray((copied / "one_shots.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (copied / "one_shots.zip").write_bytes(data)
    with pytest.raises(ValueError, match=r"one_shots\.zip has been changed: its sha256 is .*get it again"):
        load_dataset("one_shots")


@pytest.mark.parametrize("text", ["", "not a checksum\n", f"{'0' * 64}  other.zip\n"])
def test_a_broken_list_of_checksums_is_refused(copied, text):
    (copied / CHECKSUMS).write_text(text)
    with pytest.raises(ValueError, match=r"SHA256SUMS does not name the sha256 of one_shots\.zip"):
        load_dataset("one_shots")


# ---- writing ----


def test_written_twice_it_is_the_same_and_can_be_loaded(tmp_path, monkeypatch):
    def flac(samples):
        stream = io.BytesIO()
        soundfile.write(stream, np.array(samples, np.int16), 16000, format="FLAC", subtype="PCM_16")
        return stream.getvalue()

    def row(file, split, family):
        return OneShotRow(
            file=file, kind="kick", split=split, family=family, seconds=2 / 16000, credit='2013 "Ü", and co', source="here",
            licence="CC0", origin=file, origin_sha256=sha256_of(file.encode()),
        )  # fmt: skip

    rows, flacs = [row("a.flac", "train", 0), row("b.flac", "test", 1)], [flac([1, -2]), flac([3, 4])]
    path = tmp_path / "one_shots" / "one_shots.zip"
    first = write_one_shots(path, rows, flacs)
    assert write_one_shots(path, rows, flacs) == first == sha256_of(path)
    (path.parent / "README.md").write_text("card")
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path))
    loaded = load_one_shots()
    assert (loaded.sha256, loaded.card, len(loaded.valid)) == (first, "card", 0)
    assert loaded.steps[:, :3].tolist() == [[1, -2, 0], [3, 4, 0]]
    assert loaded.train.labels["credit"].tolist() == ['2013 "Ü", and co']
    assert read_dataset_files("one_shots", made_from="here").sha256 == first
    with pytest.raises(ValueError, match="rows has 2 rows for 1 recordings"):
        write_one_shots(path, rows, flacs[:1])
