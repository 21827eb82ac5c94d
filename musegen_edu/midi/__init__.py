"""MIDI files in and out: `read_midi`, `write_midi`, and the same for bytes.

Every field of a `Score` survives the way to MIDI and back. A file from elsewhere may hold what a score cannot: several tempos,
meters or keys. Then the reader picks one of each and says so with a `MidiWarning`. Pedals, pitch bends, controllers and
lyrics are not read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.files import write_atomically
from musegen_edu.flattening import keep_meter
from musegen_edu.midi.chunks import MidiWarning, TrackHead, encode_score, read_track_heads
from musegen_edu.midi.settings import read_bpm, read_key
from musegen_edu.score import DRUMS, MAX_PARTS, NOTE_DTYPE, TICKS_PER_QUARTER, Score

__all__ = ["MidiWarning", "midi_to_score", "read_midi", "score_to_midi", "write_midi"]

_GET_ANOTHER = "export it again from the program that made it, or get another copy"


def read_midi(path: str | os.PathLike[str]) -> Score:
    """Read a MIDI file of type 0 or 1.

    Times are rounded to 24 ticks a quarter note; a note keeps at least one tick. Each instrument of each track becomes a part.
    A track that sets an instrument but has no notes becomes a part without notes. A short first measure is a pickup. Of
    several tempos the one that lasts more than half of the piece is kept, else their mean, which keeps the length in
    seconds; of several meters or keys the one that lasts longest. A note that is never released is left out, and of
    overlapping notes of one pitch the one that began first ends first.

    Parameters
    ----------
    path : path of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a MIDI file, is damaged, uses SMPTE time, or contains no notes; the message says which, and what to do.

    Warns
    -----
    MidiWarning
        If something of the file has no place in a score.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_midi(Score.from_melody([60, 64, 67], 24, title="Triad"), Path(folder) / "triad.mid")
    ...     read_midi(path)
    Score('Triad', 3 notes, 1 bar of 4/4 at 120 bpm)

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
        raise ValueError(f"{path} is a folder; give the path of a MIDI file in it") from None
    return midi_to_score(data, name=str(path))


def write_midi(score: Score, path: str | os.PathLike[str], *, file_type: int = 1) -> Path:
    """Write a score as a MIDI file that any music program opens.

    Parameters and warnings are those of `score_to_midi`; the file appears whole or not at all.

    Returns
    -------
    The path written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_midi(Score.from_melody([60], 24), Path(folder) / "note.mid").name
    'note.mid'

    Lesson: 02 representing_music.
    """
    return write_atomically(path, score_to_midi(score, file_type=file_type))


def score_to_midi(score: Score, *, file_type: int = 1) -> bytes:
    """Return a score as the bytes of a MIDI file, 480 ticks to the quarter note.

    Parameters
    ----------
    score : any score.
    file_type : 1 writes a track for tempo and meter and then one a part; 0 writes a single track, in which parts without notes
        are lost.

    Raises
    ------
    ValueError
        If `file_type` is another number, or a type 0 file is asked of more than 16 parts.

    Warns
    -----
    MidiWarning
        If notes of one pitch are nested in one another, parts must share a channel, or the tempo is below 3.58 bpm.

    Examples
    --------
    >>> data = score_to_midi(Score.from_melody([60, 62], 24, key="D dorian"))
    >>> data[:4], midi_to_score(data).key
    (b'MThd', 'D dorian')

    References
    ----------
    MIDI Manufacturers Association, Standard MIDI Files 1.0, RP-001, 1996.

    Lesson: 02 representing_music.
    """
    return encode_score(score, file_type)


def midi_to_score(data: bytes, *, name: str = "MIDI data") -> Score:
    """Return the score in the bytes of a MIDI file; see `read_midi` for what is kept.

    Parameters
    ----------
    data : the whole content of a MIDI file.
    name : what to call it in messages.

    Raises
    ------
    ValueError
        If the bytes are no readable MIDI file, or contain no notes.

    Examples
    --------
    >>> tune = Score.from_melody([67, 60, 64], [12, 24, 36], pickup=12, bpm=90)
    >>> midi_to_score(score_to_midi(tune)) == tune
    True

    Lesson: 02 representing_music.
    """
    import symusic

    file_type = _check_file(data, name)
    try:
        piece = symusic.Score.from_midi(data)
    except (RuntimeError, ValueError) as error:
        reason = str(error).removeprefix("MiniMidi: ").removesuffix(": iostream error")
        raise ValueError(f"{name} is damaged inside a track ({reason}); {_GET_ANOTHER}") from None
    notes, programs, n_notes_of_track = _read_notes(piece, name)
    heads = read_track_heads(data)
    notes, programs = _with_silent_parts(notes, programs, heads, n_notes_of_track)
    end = int((notes["onset"] + notes["duration"]).max())
    to_ticks = TICKS_PER_QUARTER / piece.ticks_per_quarter
    texts = heads[0].texts
    bpm = read_bpm([(t.time * to_ticks, t.mspq) for t in piece.tempos], end, texts.get("bpm", ""), name)
    meter, pickup = keep_meter(
        [(round(t.time * to_ticks), (t.numerator, t.denominator)) for t in piece.time_signatures],
        end,
        name,
        MidiWarning,
    )
    key = read_key(
        [(k.time * to_ticks, (k.key, k.tonality)) for k in piece.key_signatures], end, texts.get("key", ""), name
    )
    title = heads[0].name if file_type == 0 or not heads[0].has_notes else ""
    return Score(notes, meter=meter, bpm=bpm, key=key, programs=programs, title=title, pickup=pickup)


def _check_file(data: bytes, name: str) -> int:
    """Check header and chunk lengths before any parser sees them; return the file type."""
    if not data:
        raise ValueError(f"{name} is empty (0 bytes); {_GET_ANOTHER}")
    if data[:4] != b"MThd":
        raise ValueError(
            f"{name} is not a MIDI file: it begins with {bytes(data[:4])!r}, and a MIDI file with b'MThd'; "
            "give a .mid file, or read .musicxml files with read_musicxml"
        )
    if len(data) < 14:
        raise ValueError(f"{name} is cut off inside its header ({len(data)} bytes); {_GET_ANOTHER}")
    if (header_length := int.from_bytes(data[4:8], "big")) != 6:
        raise ValueError(f"{name} is damaged: its header says {header_length} bytes and must say 6; {_GET_ANOTHER}")
    file_type, n_tracks, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    if file_type > 1:
        raise ValueError(
            f"{name} is a MIDI file of type {file_type}; only types 0 and 1 can be read. Save it as type 1"
        )
    if division & 0x8000:
        raise ValueError(
            f"{name} counts time in SMPTE film frames, which have no beats or bars; export it with ticks per quarter note"
        )
    if division == 0:
        raise ValueError(f"{name} is damaged: it has 0 ticks a quarter note; {_GET_ANOTHER}")
    at, n_found = 14, 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        n_found += data[at : at + 4] == b"MTrk"
        if at + 8 + length > len(data):
            raise ValueError(
                f"{name} is cut off: track {n_found} should have {length} bytes and {len(data) - at - 8} are there; "
                f"{_GET_ANOTHER}"
            )
        at += 8 + length
    if n_found < n_tracks:
        raise ValueError(f"{name} is cut off: it has {n_found} of {n_tracks} tracks; {_GET_ANOTHER}")
    if n_found == 0:
        raise ValueError(f"{name} contains no notes: it has no track; {_GET_ANOTHER}")
    return file_type


def _read_notes(piece: Any, name: str) -> tuple[npt.NDArray[np.void], tuple[int, ...], list[int]]:
    """Return notes in score ticks, the program of each sounding part, and how many notes each part has."""
    tracks = [track for track in piece.tracks if len(track.notes)]
    if not tracks:
        raise ValueError(f"{name} contains no notes; choose a file with music in it")
    if len(tracks) > MAX_PARTS:
        raise ValueError(f"{name} has {len(tracks)} parts; a score has room for {MAX_PARTS}. Choose fewer tracks")
    columns = [track.notes.numpy() for track in tracks]
    lengths = [len(each["time"]) for each in columns]
    column = {key: np.concatenate([each[key] for each in columns]) for key in ("time", "duration", "pitch", "velocity")}
    scale, unit = TICKS_PER_QUARTER, piece.ticks_per_quarter
    start = column["time"].astype(np.int64)
    onset = (2 * scale * start + unit) // (2 * unit)  # the nearest tick, halves up
    end = (2 * scale * (start + column["duration"]) + unit) // (2 * unit)
    if start.min() < 0 or end.max() >= 2**31 - 1 or column["duration"].min() < 0:
        raise ValueError(f"{name} is damaged: its times reach beyond tick 2**31 - 1; {_GET_ANOTHER}")
    notes = np.empty(len(start), NOTE_DTYPE)
    notes["onset"], notes["duration"] = onset, np.maximum(end - onset, 1)
    notes["pitch"], notes["velocity"] = column["pitch"], column["velocity"]
    notes["part"] = np.repeat(np.arange(len(tracks)), lengths)
    return notes, tuple(DRUMS if track.is_drum else track.program for track in tracks), lengths


def _with_silent_parts(
    notes: npt.NDArray[np.void], programs: tuple[int, ...], heads: Sequence[TrackHead], n_notes: Sequence[int]
) -> tuple[npt.NDArray[np.void], tuple[int, ...]]:
    """Insert the parts that have an instrument but no notes, where the tracks and the sounding parts go one to one."""
    is_part = [head.has_notes or head.program is not None for head in heads]
    if (
        sum(head.has_notes for head in heads) != len(n_notes)
        or sum(is_part) == len(n_notes)
        or sum(is_part) > MAX_PARTS
    ):
        return notes, programs
    sounding = iter(enumerate(programs))
    all_programs: list[int] = []
    new_part = np.zeros(len(n_notes), np.uint8)
    for head in (head for head, wanted in zip(heads, is_part, strict=True) if wanted):
        if head.has_notes:
            old, program = next(sounding)
            new_part[old] = len(all_programs)
            all_programs.append(program)
        else:
            all_programs.append(head.program or 0)
    notes["part"] = new_part[notes["part"]]
    return notes, tuple(all_programs)
