"""The data that comes with the course: `load_dataset("folk")`, `"chorales"`, `"styles"`, and two datasets of sounds.

A dataset of music is one zip file of MIDI files, which any music program opens, with a table `index.csv` inside. The checksum
of the zip lies beside it in `SHA256SUMS`; a file that has been cut or changed is refused. The datasets of sounds, "one_shots"
and "timbre", are those of `musegen_edu.audio_datasets`. Larger public datasets are fetched with `fetch_dataset`, which lives in
`musegen_edu.downloads`.
"""

from __future__ import annotations

import contextlib
import html
import io
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, overload

from musegen_edu.audio_datasets import AudioDataset, load_one_shots
from musegen_edu.dataset_files import CHECKSUMS as CHECKSUMS
from musegen_edu.dataset_files import INDEX, read_dataset_files, write_dataset_files
from musegen_edu.dataset_index import IndexRow as IndexRow
from musegen_edu.dataset_index import read_index, write_index
from musegen_edu.excerpts import BarReference, cut_excerpt
from musegen_edu.families import SPLITS
from musegen_edu.midi import midi_to_score, score_to_midi
from musegen_edu.score import Score
from musegen_edu.timbre import load_timbre

_NAMES = ("chorales", "folk", "one_shots", "styles", "timbre")
_MADE_FROM = "music21's corpus"


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Pieces of music in three parts: to train on, to choose a model by, to judge it by.

    The scores are read from the zip when `train`, `valid` or `test` is first used.

    Parameters
    ----------
    name : such as "folk".
    index : one row a piece, in the order of the zip.
    card : what is in the dataset, where it comes from, and what to beware of (Markdown).
    sha256 : checksum of the zip, to be written down with every result.
    archive : the bytes of the zip.

    Examples
    --------
    >>> folk = load_dataset("folk")
    >>> folk.train[0].n_parts, folk.rows("train")[0].split
    (1, 'train')

    Lesson: 02 representing_music.
    """

    name: str
    index: tuple[IndexRow, ...]
    card: str
    sha256: str
    archive: bytes

    @cached_property
    def train(self) -> tuple[Score, ...]:
        """The scores to train on, in the order of `rows("train")`."""
        return self._read("train")

    @cached_property
    def valid(self) -> tuple[Score, ...]:
        """The scores to choose a model by, in the order of `rows("valid")`."""
        return self._read("valid")

    @cached_property
    def test(self) -> tuple[Score, ...]:
        """The scores to judge a model by, in the order of `rows("test")`."""
        return self._read("test")

    def rows(self, split: str) -> tuple[IndexRow, ...]:
        """Return the index rows of one part, in the order of its scores.

        Raises
        ------
        ValueError
            If `split` is not "train", "valid" or "test".
        """
        if split not in SPLITS:
            raise ValueError(f"split={split!r} must be one of {', '.join(map(repr, SPLITS))}")
        return tuple(row for row in self.index if row.split == split)

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.rows(split)):,} {split}" for split in SPLITS)
        return f"Dataset({self.name!r}, {len(self):,} pieces: {counts})"

    def _repr_html_(self) -> str:
        """Show counts and the first pieces of each part as a small table."""
        body = "".join(
            f"<tr><th scope='row'>{split}</th><td>{len(rows):,}</td><td>{sum(row.notes for row in rows):,}</td>"
            f"<td>{html.escape(', '.join(row.title for row in rows[:3]))}, …</td></tr>"
            for split, rows in ((split, self.rows(split)) for split in SPLITS)
        )
        return (
            f"<table><caption>{html.escape(self.name)}: {len(self):,} pieces, sha256 {self.sha256[:12]}…</caption>"
            f"<thead><tr><th></th><th>pieces</th><th>notes</th><th>the first</th></tr></thead><tbody>{body}</tbody></table>"
        )

    def _read(self, split: str) -> tuple[Score, ...]:
        with contextlib.ExitStack() as stack:
            archives = {self.name: stack.enter_context(zipfile.ZipFile(io.BytesIO(self.archive)))}

            def read(row: IndexRow) -> Score:
                bars = BarReference.from_text(row.file)
                name, file = (bars.dataset, bars.file) if bars else (self.name, row.file)
                if name not in archives:  # excerpts of another dataset are stored once, there
                    files = read_dataset_files(name, made_from=_MADE_FROM)
                    archives[name] = stack.enter_context(zipfile.ZipFile(io.BytesIO(files.archive)))
                score = midi_to_score(archives[name].read(file), name=f"{file} in {name}.zip")
                return cut_excerpt(score, bars.first, bars.last) if bars else score

            return tuple(read(row) for row in self.rows(split))


def dataset_names() -> tuple[str, ...]:
    """Return the names of the datasets that come with the course.

    Examples
    --------
    >>> dataset_names()
    ('chorales', 'folk', 'one_shots', 'styles', 'timbre')
    """
    return _NAMES


@overload
def load_dataset(name: Literal["chorales", "folk", "styles"]) -> Dataset: ...
@overload
def load_dataset(name: Literal["one_shots", "timbre"]) -> AudioDataset: ...
@overload
def load_dataset(name: str) -> Dataset | AudioDataset: ...


def load_dataset(name: str) -> Dataset | AudioDataset:
    """Load one of the datasets that come with the course; it needs no network and no music21.

    Parameters
    ----------
    name : "folk" (tunes in one voice from three old songbooks), "chorales" (four-part chorales by Bach), "styles" (excerpts of
        equal length from folk tunes, chorales, madrigals and string quartets, with the style of each), "one_shots" (recorded
        drums and other short sounds) or "timbre" (notes of twelve instruments, rendered from the SoundFont at first use).

    Returns
    -------
    A `Dataset` of scores, or for "one_shots" and "timbre" an `AudioDataset` of sounds.

    Raises
    ------
    ValueError
        If there is no such dataset, or its file is cut short or is not the one that its checksum was made from.
    FileNotFoundError
        If its files are missing.

    Examples
    --------
    >>> chorales = load_dataset("chorales")
    >>> chorales.train[0].n_parts
    4
    >>> load_dataset("one_shots").sample_rate
    16000

    Lesson: 00 start_here.
    """
    if name not in _NAMES:
        raise ValueError(
            f"name={name!r} must be one of {', '.join(map(repr, _NAMES))}; "
            "fetch_dataset downloads other ones ('jsb', 'nottingham', 'groove', 'maestro')"
        )
    if name == "timbre":
        return load_timbre()
    if name == "one_shots":
        return load_one_shots()
    files = read_dataset_files(name, made_from=_MADE_FROM)
    with zipfile.ZipFile(io.BytesIO(files.archive)) as archive:
        index = read_index(archive.read(INDEX).decode("utf-8"))
    return Dataset(name=name, index=index, card=files.card, sha256=files.sha256, archive=files.archive)


def write_dataset(path: str | os.PathLike[str], rows: Sequence[IndexRow], scores: Sequence[Score]) -> str:
    """Write a dataset's zip and `SHA256SUMS` beside it: the same bytes for the same music, on every machine.

    Parameters
    ----------
    path : of the zip, such as `datasets/folk/folk.zip`.
    rows, scores : one of each a piece, in the same order. A row whose file is a `BarReference` is written without its music,
        which is in another dataset already.

    Returns
    -------
    The sha256 of the zip, in hexadecimal.

    Raises
    ------
    ValueError
        If `rows` and `scores` differ in number, or two rows name the same file.
    """
    if len(rows) != len(scores):
        raise ValueError(f"rows has {len(rows)} rows for {len(scores)} scores; there must be one row a score")
    if len({row.file for row in rows}) != len(rows):
        raise ValueError("rows names the same file twice; each score needs a file name of its own")
    music = (
        (row.file, score_to_midi(score))
        for row, score in zip(rows, scores, strict=True)
        if BarReference.from_text(row.file) is None
    )
    return write_dataset_files(Path(path), [(INDEX, write_index(rows).encode("utf-8")), *music])
