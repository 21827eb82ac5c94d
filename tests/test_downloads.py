import dataclasses
import functools
import io
import os
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from musegen_edu import downloads
from musegen_edu.downloads import DOWNLOADS, Download, fetch, fetch_dataset, read_piano_rolls
from musegen_edu.files import sha256_of


class Server:
    """A web server on localhost: `files` are what it has, `cuts` how many more answers it breaks off halfway."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.cuts = 0
        self.requests: list[str] = []
        self.says_length = True
        handler = functools.partial(Handler, self)
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def offer(self, name, content, *, sha256=None, max_bytes=1_000_000):
        self.files[f"/{name}"] = content
        return Download(
            name="sample",
            url=f"http://127.0.0.1:{self.http.server_port}/{name}",
            sha256=sha256 or sha256_of(content),
            max_bytes=max_bytes,
            licence="CC0, do as you like",
            credit="A. Nobody",
        )


class Handler(BaseHTTPRequestHandler):
    def __init__(self, owner, *arguments):
        self.owner = owner
        super().__init__(*arguments)

    def do_GET(self):
        self.owner.requests.append(self.path)
        content = self.owner.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        if self.owner.says_length:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.owner.cuts:
            self.owner.cuts -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(
        "pooch.core.time.sleep", lambda seconds: None
    )  # it waits a second and more before it tries again
    running = Server()
    yield running
    running.stop()


def cached(tmp_path):
    return sorted(path.relative_to(tmp_path / "cache").as_posix() for path in (tmp_path / "cache").rglob("*"))


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_good_zip_is_unpacked_once_and_its_licence_shown_first(server, capsys):
    download = server.offer("good.zip", zip_of({"drums/one.mid": b"MThd", "LICENSE": b"CC0"}))
    folder = fetch(download)
    assert (folder / "drums" / "one.mid").read_bytes() == b"MThd"
    shown = capsys.readouterr().err
    assert shown.index("licence: CC0, do as you like") < shown.index("sample [####")
    assert "credit: A. Nobody" in shown
    assert fetch(download) == folder
    assert server.requests == ["/good.zip"]
    assert capsys.readouterr().err == ""


def test_a_plain_file_is_kept_as_it_is(server, tmp_path):
    folder = fetch(server.offer("table.mat", b"x" * 1000), progress=False)
    assert (folder / "table.mat").read_bytes() == b"x" * 1000
    assert len(cached(tmp_path)) == 3  # downloads/, its folder, the file: nothing else is left


def test_without_progress_only_the_licence_is_shown(server, capsys):
    fetch(server.offer("table.mat", b"x" * 1000), progress=False)
    shown = capsys.readouterr().err
    assert "licence" in shown
    assert "#" not in shown


def test_a_server_that_does_not_tell_the_length_still_gets_a_bar(server, capsys):
    server.says_length = False
    content = b"y" * 300_000
    folder = fetch(server.offer("table.mat", content))
    assert (folder / "table.mat").read_bytes() == content
    assert "\rsample 0.3 MB" in capsys.readouterr().err


def test_a_wrong_checksum_is_refused_and_nothing_kept(server, tmp_path):
    download = server.offer("bad.zip", zip_of({"a": b"a"}), sha256="0" * 64)
    with pytest.raises(ValueError, match=r"bad\.zip gave a file whose sha256 is not 0000.*Nothing has been kept"):
        fetch(download)
    assert cached(tmp_path) == ["downloads"]


def test_a_cut_connection_is_tried_again_from_the_beginning(server):
    content = os.urandom(200_000)
    server.cuts = 2
    folder = fetch(server.offer("long.mat", content))
    assert (folder / "long.mat").read_bytes() == content
    assert len(server.requests) == 3


def test_a_connection_that_is_cut_every_time_is_reported_and_can_be_tried_later(server, tmp_path):
    content = os.urandom(200_000)
    download = server.offer("long.mat", content)
    server.cuts = 3
    with pytest.raises(ConnectionError, match=r"long\.mat could not be downloaded in 3 tries.*run this again"):
        fetch(download)
    assert cached(tmp_path) == ["downloads"]
    assert (fetch(download) / "long.mat").read_bytes() == content


def test_a_missing_file_is_reported(server, tmp_path):
    download = server.offer("gone.zip", b"")
    server.files.clear()
    with pytest.raises(
        ConnectionError, match=r"refused http://127\.0\.0\.1:\d+/gone\.zip: 404.*download.*with a browser"
    ):
        fetch(download)
    assert cached(tmp_path) == ["downloads"]


def test_a_server_that_is_not_there_is_reported(server):
    download = server.offer("x.zip", b"")
    server.http.server_close()
    with pytest.raises(ConnectionError, match=r"x\.zip could not be downloaded in 3 tries.*Check the network"):
        fetch(download)


def test_a_file_that_does_not_end_is_stopped(server, tmp_path):
    download = server.offer("flood.mat", b"z" * 500_000, max_bytes=100_000)
    with pytest.raises(ValueError, match=r"flood\.mat sends more than 100,000 bytes"):
        fetch(download)
    assert len(server.requests) == 1
    assert cached(tmp_path) == ["downloads"]


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "..\\evil.txt", "C:\\evil.txt"])
def test_a_zip_that_reaches_outside_is_refused(server, tmp_path, name):
    download = server.offer("evil.zip", zip_of({"fine.txt": b"fine", name: b"evil"}))
    with pytest.raises(ValueError, match=r"outside its own folder; nothing was unpacked"):
        fetch(download)
    assert cached(tmp_path) == ["downloads"]
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_zip_that_swells_is_refused(server, tmp_path):
    download = server.offer("bomb.zip", zip_of({"zeros": b"\0" * 3_000_000}))
    with pytest.raises(ValueError, match=r"bomb\.zip would unpack to 3,000,000 bytes in 1 files; at most"):
        fetch(download)
    assert cached(tmp_path) == ["downloads"]


def test_an_unwritable_cache_gives_way_to_a_temporary_folder(server, tmp_path, monkeypatch):
    (tmp_path / "a_file").write_text("not a folder")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "a_file" / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with pytest.warns(UserWarning, match="cannot be written to"):
        folder = fetch(server.offer("table.mat", b"x" * 10), progress=False)
    assert (tmp_path / "tmp") in folder.parents
    assert (folder / "table.mat").read_bytes() == b"x" * 10


def test_ctrl_c_leaves_nothing_behind(server, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    download = server.offer("long.mat", os.urandom(200_000))
    with monkeypatch.context() as during:
        during.setattr(downloads, "_draw_bar", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fetch(download)
    assert cached(tmp_path) == ["downloads"]
    assert len((fetch(download) / "long.mat").read_bytes()) == 200_000


def test_two_at_once_do_not_disturb_each_other(server, tmp_path):
    download = server.offer("good.zip", zip_of({f"{i}.txt": os.urandom(500) for i in range(50)}))
    folders: list[Path] = []
    threads = [threading.Thread(target=lambda: folders.append(fetch(download, progress=False))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 1
    assert len(folders) == 4
    assert len(list(folders[0].iterdir())) == 50
    assert [path.name for path in (tmp_path / "cache" / "downloads").iterdir()] == [folders[0].name]


# ---- the public datasets ----


def test_the_public_datasets_have_addresses_checksums_and_licences():
    assert sorted(DOWNLOADS) == ["groove", "jsb", "maestro", "nottingham"]
    for download in DOWNLOADS.values():
        assert download.url.startswith("https://")
        assert len(bytes.fromhex(download.sha256)) == 32
        assert download.licence
        assert download.credit
    assert "NonCommercial" in DOWNLOADS["maestro"].licence
    assert "CC BY 4.0" in DOWNLOADS["groove"].licence


def test_fetch_dataset_goes_by_name(monkeypatch, server):
    monkeypatch.setitem(downloads.DOWNLOADS, "jsb", server.offer("JSB.mat", b"rolls"))
    assert (fetch_dataset("jsb", progress=False) / "JSB.mat").read_bytes() == b"rolls"
    with pytest.raises(ValueError, match="name='folk' must be one of 'groove', 'jsb', 'maestro', 'nottingham'"):
        fetch_dataset("folk")


def cell_of(pieces):
    cell = np.empty((1, len(pieces)), object)
    for i, piece in enumerate(pieces):
        cell[0, i] = piece
    return cell


@pytest.fixture
def rolls_folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    pieces = [(rng.random((length, 88)) < 0.1).astype(float) for length in (5, 7, 9)]
    path = tmp_path / "rolls.mat"
    savemat(path, {"traindata": cell_of(pieces), "validdata": cell_of(pieces[:1]), "testdata": cell_of(pieces[1:])})
    published = dataclasses.replace(DOWNLOADS["jsb"], sha256=sha256_of(path))
    monkeypatch.setitem(downloads.DOWNLOADS, "jsb", published)
    return tmp_path, pieces


def test_piano_rolls_are_read(rolls_folder):
    folder, pieces = rolls_folder
    rolls = read_piano_rolls(folder)
    assert [len(rolls[split]) for split in ("train", "valid", "test")] == [3, 1, 2]
    assert rolls["train"][2].dtype == np.uint8
    assert all(np.array_equal(mine, roll) for mine, roll in zip(rolls["train"], pieces, strict=True))


def test_damaged_rolls_are_reported_before_they_are_read(rolls_folder):
    folder, _ = rolls_folder
    data = (folder / "rolls.mat").read_bytes()
    for spoiled in (b"", b"text", data[: len(data) // 2], data[:-1] + b"x"):
        (folder / "rolls.mat").write_bytes(spoiled)
        with pytest.raises(ValueError, match=r"rolls\.mat is damaged or is not one.*run fetch_dataset again"):
            read_piano_rolls(folder)


def test_a_folder_without_rolls_is_reported(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no \.mat file"):
        read_piano_rolls(tmp_path)
