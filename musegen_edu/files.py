"""Where things lie on disk, and how to write them without ever leaving half a file."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from pathlib import Path

import platformdirs

APP_NAME = "musegen-edu"
_PACKAGE = Path(__file__).resolve().parent


def write_atomically(path: str | os.PathLike[str], data: bytes | str) -> Path:
    r"""Write a file so that a reader sees either the old content or the whole new one.

    The data goes into a temporary file in the same folder, is flushed to the disk, and is then renamed over `path`, which
    every common file system does in one step. Text is written as UTF-8 with `\n` line ends. When anything fails the
    temporary file is removed and `path` is as it was.

    Parameters
    ----------
    path : path of the file; its folder is made when it is missing.
    data : bytes, or text to be encoded as UTF-8.

    Returns
    -------
    The path written.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "tune.txt", "C D E").read_text()
    'C D E'
    """
    path = Path(path)
    content = data.encode("utf-8") if isinstance(data, str) else bytes(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o666 & ~_umask())  # mkstemp makes the file private; give it the permissions of any other file
        Path(name).replace(path)
    except BaseException:  # Ctrl-C included: the half-written file must go
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sha256_of(source: bytes | str | os.PathLike[str]) -> str:
    """Return the SHA-256 checksum, in hexadecimal, of bytes or of a file.

    Parameters
    ----------
    source : bytes, or the path of a file.

    Examples
    --------
    >>> sha256_of(b"")[:8]
    'e3b0c442'

    References
    ----------
    NIST, FIPS 180-4, Secure Hash Standard, 2015.
    """
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    digest = hashlib.sha256()
    with Path(source).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def cache_folder(name: str = "") -> Path:
    """Return a folder for things that can be made again, such as rendered sounds and downloads.

    It is the user's cache folder (`~/.cache/musegen-edu` on Linux), or the one that the environment variable `MUSEGEN_CACHE`
    names. Where that folder cannot be written to, a temporary folder serves instead, and a warning says so.

    Parameters
    ----------
    name : a folder inside the cache, for example `"note_packs"`.

    Examples
    --------
    >>> cache_folder("note_packs").name
    'note_packs'
    """
    root = Path(os.environ.get("MUSEGEN_CACHE") or platformdirs.user_cache_dir(APP_NAME, appauthor=False))
    folder = root / name
    if _is_writable(folder):
        return folder
    fallback = Path(tempfile.gettempdir()) / f"{APP_NAME}-{_user_id()}" / name
    fallback.mkdir(parents=True, exist_ok=True, mode=0o700)
    warnings.warn(
        f"the cache folder {folder} cannot be written to; using {fallback} until the computer restarts. "
        "Set MUSEGEN_CACHE to a folder of yours to keep the cache.",
        stacklevel=2,
    )
    return fallback


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _user_id() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def learner_folder() -> Path:
    """Return the folder that keeps a learner's own work: progress, drawings, checkpoints.

    It is the user's data folder (`~/.local/share/musegen-edu` on Linux), or the one that `MUSEGEN_HOME` names.

    Raises
    ------
    OSError
        If the folder cannot be made: a learner's work is never put where it could be lost.

    Examples
    --------
    >>> learner_folder().is_dir()
    True
    """
    folder = Path(os.environ.get("MUSEGEN_HOME") or platformdirs.user_data_dir(APP_NAME, appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def datasets_folder() -> Path:
    """Return the folder with the datasets that come with the course.

    `MUSEGEN_DATASETS` names another one. In a clone it is `datasets/`; in an installed wheel it lies inside the package.

    Examples
    --------
    >>> datasets_folder().name
    'datasets'
    """
    if named := os.environ.get("MUSEGEN_DATASETS"):
        return Path(named)
    clone = _PACKAGE.parent / "datasets"
    return clone if clone.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file() else _PACKAGE / "_datasets"


def weights_folder() -> Path:
    """Return the folder with the trained weights that come with the course; `MUSEGEN_WEIGHTS` names another one.

    Examples
    --------
    >>> weights_folder().name
    'weights'
    """
    return Path(os.environ.get("MUSEGEN_WEIGHTS") or _PACKAGE / "weights")
