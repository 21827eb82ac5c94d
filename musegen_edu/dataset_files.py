"""The form in which a dataset is shipped: one zip file, its checksum in `SHA256SUMS`, and its card in `README.md`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from musegen_edu.archives import pack_zip
from musegen_edu.files import datasets_folder, sha256_of, write_atomically

CHECKSUMS = "SHA256SUMS"
CARD = "README.md"
INDEX = "index.csv"  # the table inside the zip


@dataclass(frozen=True)
class ShippedFiles:
    """What lies in the folder of a shipped dataset, checked: the bytes of the zip, their checksum, and the card."""

    archive: bytes = field(repr=False)
    sha256: str
    card: str = field(repr=False)


def read_dataset_files(name: str, *, made_from: str) -> ShippedFiles:
    """Read the files of a shipped dataset, after a look at whether they are whole.

    Parameters
    ----------
    name : of the dataset, its folder and its zip.
    made_from : what its `build.py` needs, for the message.

    Raises
    ------
    ValueError
        If the zip is cut short, or is not the one that its checksum was made from.
    FileNotFoundError
        If a file is missing.

    Examples
    --------
    >>> read_dataset_files("folk", made_from="music21's corpus").card.splitlines()[0][:6]
    '# folk'
    """
    folder = datasets_folder() / name
    path = folder / f"{name}.zip"
    cure = f"{how_to_get_again(name)}; `python datasets/{name}/build.py` makes it from {made_from}"
    for needed in (path, folder / CHECKSUMS, folder / CARD):
        if not needed.is_file():
            raise FileNotFoundError(
                f"{needed} is missing, and the dataset {name!r} cannot be loaded without it; {cure}"
            )
    data = path.read_bytes()
    digest = sha256_of(data)
    if digest != _expected_sha256(folder / CHECKSUMS, path.name, cure):
        fault = "has been changed" if zipfile.is_zipfile(io.BytesIO(data)) else "is cut short or is no zip file"
        raise ValueError(f"{path} {fault}: its sha256 is {digest}, which {CHECKSUMS} beside it does not name; {cure}")
    return ShippedFiles(archive=data, sha256=digest, card=(folder / CARD).read_text(encoding="utf-8"))


def write_dataset_files(path: Path, members: Iterable[tuple[str, bytes]]) -> str:
    r"""Write a dataset's zip and `SHA256SUMS` beside it, and return the checksum: equal members, equal bytes.

    Parameters
    ----------
    path : of the zip, such as `datasets/folk/folk.zip`.
    members : pairs of a file name and its content.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     digest = write_dataset_files(Path(folder) / "few.zip", [(INDEX, b"file")])
    ...     (Path(folder) / CHECKSUMS).read_text() == f"{digest}  few.zip\n"
    True
    """
    data = pack_zip(members)
    digest = sha256_of(data)
    write_atomically(path, data)
    write_atomically(path.parent / CHECKSUMS, f"{digest}  {path.name}\n")
    return digest


def how_to_get_again(name: str) -> str:
    """Return what to do when files of a dataset are missing or damaged.

    Examples
    --------
    >>> how_to_get_again("folk")[:12]
    'get it again'
    """
    return f"get it again: `git checkout -- datasets/{name}` in a clone, or `pip install --force-reinstall musegen-edu`"


def _expected_sha256(path: Path, file_name: str, cure: str) -> str:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match line.split():
            case [digest, named] if named == file_name and len(digest) == 64:
                return digest
    raise ValueError(f"{path} does not name the sha256 of {file_name}; {cure}")
