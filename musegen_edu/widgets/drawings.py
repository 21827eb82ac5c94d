"""The learner's drawings on disk: one small JSON file a name, whole or not at all, and never thrown away when damaged."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from musegen_edu.files import learner_folder, sha256_of, write_atomically
from musegen_edu.score import NOTE_DTYPE, Score
from musegen_edu.widgets.sounding import file_stem

VERSION = 1  # raise it when the form of the file changes, and teach `load_drawing` the old form
MAX_NAME = 100


def drawing_path(name: str) -> Path:
    """Return the file of a drawing, in the learner's folder. Capitals make no difference; any other two names have two files.

    Parameters
    ----------
    name : 1 to 100 characters, such as `"my tune"`.

    Raises
    ------
    ValueError
        If the name is empty or too long.

    Examples
    --------
    >>> drawing_path("My tune").name
    'my tune.json'
    """
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise ValueError(f"name={name!r} must be a text of 1 to {MAX_NAME} characters, such as 'my tune'")
    plain = name.strip().casefold()
    stem = file_stem(plain)
    if stem != plain:  # characters were left out; the checksum keeps "a/b" and "a b" apart
        stem = f"{stem} {sha256_of(plain.encode())[:8]}"
    return learner_folder() / "drawings" / f"{stem}.json"


def save_drawing(name: str, score: Score) -> Path:
    """Write a drawing so that a reader finds either the one before or the whole new one.

    Raises
    ------
    ValueError
        If the name is empty or too long.
    OSError
        If the learner's folder cannot be written to.
    """
    content = {
        "version": VERSION,
        "name": name,
        "title": score.title,
        "meter": list(score.meter),
        "bpm": score.bpm,
        "key": score.key,
        "programs": list(score.programs),
        "pickup": score.pickup,
        "fields": list(NOTE_DTYPE.names or ()),
        "notes": score.notes.tolist(),
    }
    return write_atomically(drawing_path(name), json.dumps(content, ensure_ascii=False) + "\n")


def load_drawing(name: str) -> Score | None:
    """Read a drawing; None where there is none yet.

    A file that cannot be understood, because it is damaged or was written by a later version of the course, is kept under another
    name beside it; a warning says where, and the answer is None.

    Raises
    ------
    ValueError
        If the name is empty or too long.
    OSError
        If the file is there and cannot be read or put aside.
    """
    path = drawing_path(name)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _parse(json.loads(data.decode("utf-8")))
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        aside = _put_aside(path)
        warnings.warn(
            f"the drawing {name!r} could not be read ({error}); it is kept as {aside}, and a new one begins",
            stacklevel=3,
        )
        return None


def _parse(content: dict[str, Any]) -> Score:
    if content["version"] != VERSION:
        raise ValueError(f"version={content['version']!r} is not {VERSION}, the one that this course writes")
    return Score.from_notes(
        [tuple(row) for row in content["notes"]],
        meter=tuple(content["meter"]),
        bpm=float(content["bpm"]),
        key=content["key"],
        programs=tuple(content["programs"]),
        title=content["title"],
        pickup=content["pickup"],
    )


def _put_aside(path: Path) -> Path:
    """Rename a file to the first name of the kind `my tune.damaged-1.json` that is free."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}.json")).exists():
        number += 1
    return path.rename(aside)
