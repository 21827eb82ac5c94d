"""Notation in and out: MusicXML files, and engraved pages.

`score_to_musicxml` and `musicxml_to_score` are a pair: what the first writes, the second reads as the same score. `engrave`
makes pictures.
"""

from __future__ import annotations

import os
from pathlib import Path

from musegen_edu.files import write_atomically
from musegen_edu.notation.engraving import Engraving, check_size, engrave
from musegen_edu.notation.musicxml_contents import NotationWarning
from musegen_edu.notation.musicxml_reader import xml_to_score
from musegen_edu.notation.musicxml_writer import music_to_xml
from musegen_edu.notation.safe_files import unpack_mxl
from musegen_edu.score import Score

__all__ = [
    "Engraving",
    "NotationWarning",
    "engrave",
    "musicxml_to_score",
    "read_musicxml",
    "score_to_musicxml",
    "write_musicxml",
]


def score_to_musicxml(score: Score) -> str:
    """Return a score as MusicXML 4.0, which MuseScore, Finale, Sibelius and Dorico read.

    Clefs, beams, triplets, ties, voices and the spelling of accidentals are chosen as a copyist would; velocities are kept
    as `dynamics`, programs as MIDI instruments.

    Parameters
    ----------
    score : at most 20,000 notes in 5,000 bars.

    Raises
    ------
    ValueError
        If the score is longer than that.

    Examples
    --------
    >>> text = score_to_musicxml(Score.from_melody([66], 96, key="D major"))
    >>> "<fifths>2</fifths>" in text, "<step>F</step>" in text
    (True, True)

    References
    ----------
    W3C Music Notation Community Group, MusicXML 4.0, 2021.

    Lesson: 02 representing_music.
    """
    check_size(score)
    return music_to_xml(score)


def write_musicxml(score: Score, path: str | os.PathLike[str]) -> Path:
    """Write a score as an uncompressed MusicXML file (`.musicxml`); the file appears whole or not at all.

    Returns
    -------
    The path written.

    Raises
    ------
    ValueError
        If the score is too long for notation.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_musicxml(Score.from_melody([60], 24), Path(folder) / "note.musicxml").name
    'note.musicxml'

    Lesson: 02 representing_music.
    """
    return write_atomically(path, score_to_musicxml(score))


def read_musicxml(path: str | os.PathLike[str]) -> Score:
    """Read a MusicXML file, plain (`.musicxml`, `.xml`) or compressed (`.mxl`).

    Tied notes become one note. Transposing instruments are read as they sound. Grace notes are left out, repeats are not
    played out, and of several tempos, meters or keys one is kept; a `NotationWarning` says so. Times are rounded to 24 ticks
    a quarter note.

    Parameters
    ----------
    path : path of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not MusicXML, is damaged or unsafe to read, or contains no notes; the message says which, and what to do.

    Warns
    -----
    NotationWarning
        If something of the file has no place in a score.

    Examples
    --------
    >>> import tempfile
    >>> tune = Score.from_melody([67, 60, 64], [12, 24, 36], pickup=12, key="C major")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_musicxml(write_musicxml(tune, Path(folder) / "tune.musicxml")) == tune
    True

    Lesson: 02 representing_music.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist; check the folder and the spelling") from None
    except (IsADirectoryError, PermissionError):  # Windows reports a folder as forbidden
        if not path.is_dir():
            raise
        raise ValueError(f"{path} is a folder; give the path of a MusicXML file in it") from None
    if data[:2] == b"PK":  # a zip file, whatever it is called
        data = unpack_mxl(data, str(path))
    return xml_to_score(data, str(path))


def musicxml_to_score(text: str | bytes, *, name: str = "MusicXML text") -> Score:
    """Return the score in the text of a MusicXML file; see `read_musicxml` for what is kept.

    Parameters
    ----------
    text : the whole content of a `.musicxml` file.
    name : what to call it in messages.

    Raises
    ------
    ValueError
        If the text is not MusicXML, is damaged or unsafe to read, or contains no notes.

    Examples
    --------
    >>> tune = Score.from_melody([60, 64, 67], [16, 16, 16], key="A minor")
    >>> musicxml_to_score(score_to_musicxml(tune)) == tune
    True

    Lesson: 02 representing_music.
    """
    return xml_to_score(text.encode("utf-8") if isinstance(text, str) else text, name)
