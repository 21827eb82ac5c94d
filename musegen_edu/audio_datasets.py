"""Datasets of sounds: each sound a row of samples, with labels. "one_shots" is recorded, "timbre" rendered.

All sounds of a dataset have the same length, silence after them where they are shorter, so that they make one array.
"""

from __future__ import annotations

import base64
import csv
import dataclasses
import html
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import Audio, audio_to_mp3
from musegen_edu.dataset_files import INDEX, read_dataset_files, write_dataset_files
from musegen_edu.families import SPLITS

ONE_SHOT_RATE = 16_000  # Hz
ONE_SHOT_SAMPLES = 2 * ONE_SHOT_RATE  # every recording is shorter than two seconds

Labels = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class AudioSplit:
    """One side of a dataset of sounds.

    Parameters
    ----------
    audio : (n, n_samples) float32, -1 to 1, read-only.
    labels : for each label its name and an array of shape (n,), such as `labels["pitch"]`.
    targets : (n,) int64, the class of each sound as its place in the dataset's `class_names`: what a classifier learns.

    Lesson: 02 representing_music.
    """

    audio: Audio = field(repr=False)
    labels: Labels = field(repr=False)
    targets: npt.NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.audio)


@dataclass(frozen=True, eq=False, repr=False)
class AudioDataset:
    """Sounds in three parts: to train on, to choose a model by, to judge it by.

    The float samples are made when `train`, `valid` or `test` is first used.

    Parameters
    ----------
    name : such as "timbre".
    sample_rate : Hz.
    target : the label that names the class of a sound: "instrument" or "kind".
    class_names : the classes; `targets` counts from 0 along it.
    labels : of all sounds, one array of shape (n,) each; `labels["split"]` says on which side a sound is.
    card : what is in the dataset, where it comes from, and what to beware of (Markdown).
    sha256 : checksum of the sounds (of the shipped zip where there is one), to be written down with every result.
    steps : (n, n_samples) int16, all sounds.

    Examples
    --------
    >>> one_shots = load_one_shots()
    >>> one_shots.train.audio.shape[1], one_shots.train.labels["kind"][0] in one_shots.class_names
    (32000, True)

    Lesson: 02 representing_music.
    """

    name: str
    sample_rate: int
    target: str
    class_names: tuple[str, ...]
    labels: Labels
    card: str
    sha256: str
    steps: npt.NDArray[np.int16]

    @cached_property
    def train(self) -> AudioSplit:
        """The sounds to train on."""
        return self._side("train")

    @cached_property
    def valid(self) -> AudioSplit:
        """The sounds to choose a model by."""
        return self._side("valid")

    @cached_property
    def test(self) -> AudioSplit:
        """The sounds to judge a model by."""
        return self._side("test")

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        counts = ", ".join(f"{int((self.labels['split'] == split).sum()):,} {split}" for split in SPLITS)
        return (
            f"AudioDataset({self.name!r}, {len(self):,} sounds of {len(self.class_names)} classes: {counts}; "
            f"{self.steps.shape[1]:,} samples at {self.sample_rate:,} Hz)"
        )

    def _repr_html_(self) -> str:
        """Show how many sounds of each class there are on each side, and one of each to hear."""
        head = "".join(f"<th scope='col'>{split}</th>" for split in SPLITS)
        body = "".join(self._row_html(name) for name in self.class_names)
        seconds = self.steps.shape[1] / self.sample_rate
        return (
            f"<table><caption>{html.escape(self.name)}: {len(self):,} sounds of {seconds:g} s at {self.sample_rate:,} Hz, "
            f"sha256 {self.sha256[:12]}…</caption><thead><tr><th scope='col'>{html.escape(self.target)}</th>{head}"
            f"<th scope='col'>one of them</th></tr></thead><tbody>{body}</tbody></table>"
        )

    def _row_html(self, name: str) -> str:
        of_class = self.labels[self.target] == name
        counts = "".join(f"<td>{int((of_class & (self.labels['split'] == split)).sum()):,}</td>" for split in SPLITS)
        places = np.flatnonzero(of_class & (self.labels["split"] == "train"))
        sound = _to_float(self.steps[places[len(places) // 2]])
        mp3 = base64.b64encode(audio_to_mp3(sound, self.sample_rate)).decode("ascii")
        label = html.escape(name, quote=True)
        return (
            f"<tr><th scope='row'>{label}</th>{counts}<td><audio controls preload='none' aria-label='{label}' "
            f"src='data:audio/mpeg;base64,{mp3}'></audio></td></tr>"
        )

    def _side(self, split: str) -> AudioSplit:
        chosen = self.labels["split"] == split
        audio = _to_float(self.steps[chosen])
        labels = MappingProxyType({label: _read_only(values[chosen]) for label, values in self.labels.items()})
        order = {name: place for place, name in enumerate(self.class_names)}
        targets = np.array([order[str(name)] for name in labels[self.target]], np.int64)
        return AudioSplit(_read_only(audio), labels, _read_only(targets))


@dataclass(frozen=True, slots=True)
class OneShotRow:
    """One line of the table of "one_shots".

    `file` is the FLAC file in the zip, `kind` its class, `family` the same number for recordings that belong together (one
    drum struck hard and softly, strokes of one name): a family lies on one side of the split. `seconds` is the length without
    the silence added. `credit` and `source` are who recorded it, when, and where it was published; `licence` is what Debian's
    copyright file says; `origin` and `origin_sha256` name the file that was read.
    """

    file: str
    kind: str
    split: str
    family: int
    seconds: float
    credit: str
    source: str
    licence: str
    origin: str
    origin_sha256: str


_COLUMNS = tuple(column.name for column in dataclasses.fields(OneShotRow))


def load_one_shots() -> AudioDataset:
    """Load "one_shots": recorded drums, tablas, basses and other short sounds, each dedicated to the public domain (CC0).

    Raises
    ------
    ValueError
        If its file is cut short or is not the one that its checksum was made from.
    FileNotFoundError
        If its files are missing.

    Examples
    --------
    >>> "snare" in load_one_shots().class_names
    True
    """
    import soundfile

    files = read_dataset_files("one_shots", made_from="Debian's package sonic-pi-samples")
    with zipfile.ZipFile(io.BytesIO(files.archive)) as archive:
        lines = list(csv.DictReader(io.StringIO(archive.read(INDEX).decode("utf-8"))))
        steps = np.zeros((len(lines), ONE_SHOT_SAMPLES), np.int16)
        for row, line in zip(steps, lines, strict=True):
            sound, _ = soundfile.read(io.BytesIO(archive.read(line["file"])), dtype="int16")  # (samples,)
            row[: len(sound)] = sound
    labels: dict[str, npt.NDArray[Any]] = {
        column: _read_only(np.array([line[column] for line in lines])) for column in _COLUMNS
    }
    labels["family"] = _read_only(labels["family"].astype(np.int64))
    labels["seconds"] = _read_only(labels["seconds"].astype(np.float64))
    return AudioDataset(
        name="one_shots",
        sample_rate=ONE_SHOT_RATE,
        target="kind",
        class_names=tuple(sorted(set(labels["kind"].tolist()))),
        labels=MappingProxyType(labels),
        card=files.card,
        sha256=files.sha256,
        steps=_read_only(steps),
    )


def write_one_shots(path: str | os.PathLike[str], rows: Sequence[OneShotRow], flacs: Sequence[bytes]) -> str:
    """Write the zip of "one_shots" and `SHA256SUMS` beside it, and return the checksum.

    Parameters
    ----------
    path : of the zip.
    rows, flacs : one of each a recording, in the same order; each FLAC file is mono, 16 kHz, shorter than two seconds.

    Raises
    ------
    ValueError
        If `rows` and `flacs` differ in number.
    """
    if len(rows) != len(flacs):
        raise ValueError(f"rows has {len(rows)} rows for {len(flacs)} recordings; there must be one row a recording")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([getattr(row, column) for column in _COLUMNS] for row in rows)
    sounds = [(row.file, flac) for row, flac in zip(rows, flacs, strict=True)]
    return write_dataset_files(Path(path), [(INDEX, buffer.getvalue().encode("utf-8")), *sounds])


def _to_float(steps: npt.NDArray[np.int16]) -> Audio:
    return steps.astype(np.float32) / np.float32(32768)


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array
