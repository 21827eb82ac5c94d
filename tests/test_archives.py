import io
import os
import zipfile

import pytest

from musegen_edu.archives import pack_zip, unpack_zip


def test_packing_depends_on_content_alone(tmp_path):
    members = [("b/one.txt", b"one" * 100), ("a.txt", b"")]
    data = pack_zip(members)
    assert data == pack_zip(iter(members))
    assert data != pack_zip(members[::-1])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["b/one.txt", "a.txt"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    (tmp_path / "x.zip").write_bytes(data)
    folder = unpack_zip(tmp_path / "x.zip", tmp_path / "out", max_bytes=1000)
    assert (folder / "b" / "one.txt").read_bytes() == b"one" * 100


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match=r"members has the name 'a\.txt' twice"):
        pack_zip([("a.txt", b""), ("a.txt", b"x")])


def test_a_zip_with_a_link_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ValueError, match=r"holds 'link', which would be written outside"):
        unpack_zip(tmp_path / "link.zip", tmp_path / "out", max_bytes=1000)
    assert not (tmp_path / "out").exists()


def test_a_zip_of_too_many_files_is_refused(tmp_path):
    (tmp_path / "many.zip").write_bytes(pack_zip((str(i), b"") for i in range(11)))
    with pytest.raises(ValueError, match=r"in 11 files; at most 1,000 bytes in 10 files"):
        unpack_zip(tmp_path / "many.zip", tmp_path / "out", max_bytes=1000, max_files=10)


def test_a_damaged_zip_is_refused_whole(tmp_path):
    data = bytearray(pack_zip([("a.txt", b"first " * 50), ("b.txt", os.urandom(5000))]))
    data[len(data) // 2] ^= 255
    (tmp_path / "hurt.zip").write_bytes(data)
    with pytest.raises(ValueError, match=r"hurt\.zip could not be unpacked"):
        unpack_zip(tmp_path / "hurt.zip", tmp_path / "out", max_bytes=100_000)
    assert not (tmp_path / "out").exists()
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(ValueError, match=r"text\.zip is not a zip file"):
        unpack_zip(tmp_path / "text.zip", tmp_path / "out", max_bytes=1000)
