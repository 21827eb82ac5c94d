"""Zip files: packed so that the same content gives the same bytes, unpacked so that nothing lands outside its folder."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath


def pack_zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the bytes of a zip file; they depend on nothing but names, contents and order.

    Every entry carries the first date that a zip file knows and may be read by all.

    Parameters
    ----------
    members : pairs of a name and its content.

    Raises
    ------
    ValueError
        If a name comes twice.

    Examples
    --------
    >>> pack_zip([("a.txt", b"A")]) == pack_zip([("a.txt", b"A")])
    True
    """
    buffer = io.BytesIO()
    names: set[str] = set()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            if name in names:
                raise ValueError(f"members has the name {name!r} twice; each needs a name of its own")
            names.add(name)
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix, whatever the system
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def unpack_zip(path: Path, folder: Path, *, max_bytes: int, max_files: int = 20_000) -> Path:
    """Unpack a zip into a new folder, all of it or nothing.

    Parameters
    ----------
    path : the zip file.
    folder : is made; it must not exist yet.
    max_bytes : the unpacked files together may not be larger.
    max_files : nor may there be more of them.

    Returns
    -------
    `folder`.

    Raises
    ------
    ValueError
        If the file is no zip, is too large, or holds a link or a name that points outside `folder`.
    """
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is not a zip file, or is cut short; download it again") from error
    with archive:
        members = archive.infolist()
        for member in members:
            name = PurePosixPath(member.filename.replace("\\", "/"))
            linked = stat.S_ISLNK(member.external_attr >> 16)
            if name.is_absolute() or ".." in name.parts or ":" in name.parts[0] or linked:
                raise ValueError(
                    f"{path} holds {member.filename!r}, which would be written outside its own folder; nothing was unpacked"
                )
        size = sum(member.file_size for member in members)
        if size > max_bytes or len(members) > max_files:
            raise ValueError(
                f"{path} would unpack to {size:,} bytes in {len(members):,} files; at most {max_bytes:,} bytes in {max_files:,} "
                "files are expected; nothing was unpacked"
            )
        try:
            archive.extractall(folder)  # every name has been checked above
        except (zipfile.BadZipFile, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise ValueError(f"{path} could not be unpacked into {folder}: {error}; download it again") from error
    return folder
