"""Files: atomic writes, checksums, folders that can be moved by the environment."""

import os
from pathlib import Path

import pytest

from musegen_edu import files


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = files.write_atomically(tmp_path / "deep" / "tune.txt", "old")

    def broken(_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        files.write_atomically(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in target.parent.iterdir()] == ["tune.txt"]


def test_ctrl_c_leaves_no_half_file(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(tmp_path / "tune.txt", b"x")
    assert list(tmp_path.iterdir()) == []


def test_text_keeps_its_line_ends_and_bytes_are_bytes(tmp_path):
    assert files.write_atomically(tmp_path / "a", "é\n").read_bytes() == b"\xc3\xa9\n"
    assert files.write_atomically(tmp_path / "a", b"\x00\xff").read_bytes() == b"\x00\xff"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits for group and others")
def test_written_files_are_readable_like_any_other(tmp_path):
    (tmp_path / "plain").write_text("x")
    written = files.write_atomically(tmp_path / "written", "x")
    assert written.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_sha256_of_a_file_equals_that_of_its_bytes(tmp_path):
    data = bytes(range(256)) * 5000  # longer than one block
    assert files.sha256_of(files.write_atomically(tmp_path / "a", data)) == files.sha256_of(data)


def test_folders_follow_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path / "data"))
    monkeypatch.setenv("MUSEGEN_WEIGHTS", str(tmp_path / "weights"))
    assert files.cache_folder("packs") == tmp_path / "cache" / "packs" and (tmp_path / "cache" / "packs").is_dir()
    assert files.learner_folder() == tmp_path / "home"
    assert files.datasets_folder() == tmp_path / "data"
    assert files.weights_folder() == tmp_path / "weights"


def test_an_unwritable_cache_falls_back_and_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="cannot be written to"):
        folder = files.cache_folder("packs")
    assert folder.is_dir() and folder.name == "packs"


def test_an_unwritable_home_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "file"))
    with pytest.raises(OSError, match="file"):
        files.learner_folder()
