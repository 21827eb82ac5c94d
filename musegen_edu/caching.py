"""Entries in the cache folder that can be trusted: each carries the checksum of what it holds.

An entry that is cut off, damaged or half-written by another program is not there as far as a reader can tell, so it is made
again. Two kernels may write the same entry at once: each file appears whole, and both hold the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings

from musegen_edu.files import cache_folder, write_atomically

_DIGEST_BYTES = 32


def read_cached(folder: str, key: str) -> bytes | None:
    """Return the bytes kept under a key, or None where there are none or they are damaged.

    Parameters
    ----------
    folder : a folder inside the cache, such as `"note_packs"`.
    key : file name of the entry.

    Examples
    --------
    >>> write_cached("examples", "greeting", b"hello")
    >>> read_cached("examples", "greeting"), read_cached("examples", "no such entry")
    (b'hello', None)
    """
    path = cache_folder(folder) / key
    try:
        entry = path.read_bytes()
    except OSError:
        return None
    digest, data = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
    if hashlib.sha256(data).digest() != digest:
        return None
    with contextlib.suppress(OSError):  # a cache that may be read but not written to is as good
        os.utime(path)  # so that the entries used least recently go first
    return data


def write_cached(folder: str, key: str, data: bytes, *, max_folder_bytes: int = 300_000_000) -> None:
    """Keep bytes under a key; when they cannot be written a warning says so, and nothing else happens.

    Parameters
    ----------
    folder : a folder inside the cache.
    key : file name of the entry.
    data : what to keep.
    max_folder_bytes : when the folder holds more, the entries used least recently are deleted.

    Examples
    --------
    >>> write_cached("examples", "greeting", b"hello")
    """
    path = cache_folder(folder) / key
    try:
        write_atomically(path, hashlib.sha256(data).digest() + data)
    except OSError as error:
        warnings.warn(
            f"{path} could not be written ({error.strerror or error}); the sound will be made again next time. "
            "Free some disk space, or set MUSEGEN_CACHE to another folder.",
            stacklevel=2,
        )
        return
    _delete_oldest(folder, max_folder_bytes)


def _delete_oldest(folder: str, max_folder_bytes: int) -> None:
    entries = []
    for path in cache_folder(folder).iterdir():
        with contextlib.suppress(OSError):  # another kernel may have deleted it meanwhile
            facts = path.stat()
            entries.append((facts.st_mtime_ns, facts.st_size, path))
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries, key=lambda entry: entry[0])[:-1]:  # the one just written stays
        if total <= max_folder_bytes:
            return
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size
