"""What a learner has passed so far: one small file, safe with two notebooks open at once."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from musegen_edu.files import learner_folder, write_atomically

SCHEMA = 1  # raise it when the form of the file changes, and teach `_parse` the old form
LESSON_TITLES = {
    "00": "Start here",
    "01": "What is generated music?",
    "02": "Representing music",
    "03": "Neural networks from scratch",
    "04": "Deep learning with Keras",
    "05": "Recurrent networks",
    "06": "LSTM and GRU",
    "07": "Convolutional networks",
    "08": "CNN and RNN together",
    "09": "Variational autoencoders",
    "10": "Generative adversarial networks",
    "11": "Hybrid GANs",
}
_LOCK_SECONDS = 5.0  # a record takes milliseconds; whoever waits longer is told instead of being kept


class ProgressError(RuntimeError):
    """The progress file cannot be written now; the message says why and what to do."""


@dataclass(frozen=True)
class Progress:
    """What the progress file holds.

    Parameters
    ----------
    exercises : `"01/mirror"` -> `{"attempts": 2, "passed_on": "2026-03-01" or None}`.
    quizzes : `"01/recap"` -> `{"best": 3, "total": 4, "taken": 1}`.
    notice : what the learner should know about the file itself, or None.
    """

    exercises: dict[str, dict[str, Any]] = field(default_factory=dict)
    quizzes: dict[str, dict[str, Any]] = field(default_factory=dict)
    notice: str | None = None


def progress_path() -> Path:
    """Return the path of the learner's progress file; `MUSEGEN_HOME` moves it.

    Examples
    --------
    >>> progress_path().name
    'progress.json'
    """
    return learner_folder() / "progress.json"


def load_progress() -> Progress:
    """Read the learner's progress; a damaged file counts as empty and is left as it is, with a notice.

    Raises
    ------
    OSError
        If the file is there and cannot be read.

    Examples
    --------
    >>> isinstance(load_progress().exercises, dict)
    True
    """
    path = progress_path()
    try:
        return _parse(path.read_bytes())
    except FileNotFoundError:
        return Progress()
    except ProgressError as error:
        return Progress(notice=f"{path}: {error}")
    except ValueError as error:
        return Progress(
            notice=f"{path} cannot be read ({error}). It will be kept aside when the next exercise is recorded."
        )


def record_exercise(lesson: str, exercise: str, passed: bool) -> str | None:
    """Note one attempt at an exercise. A passed exercise stays passed, whatever comes later.

    Returns
    -------
    None, or what the learner should know about the progress file.

    Raises
    ------
    OSError, ProgressError
        If the file cannot be written.
    """

    def change(progress: Progress) -> None:
        entry = progress.exercises.setdefault(f"{lesson}/{exercise}", {"attempts": 0, "passed_on": None})
        entry["attempts"] += 1
        if passed and not entry["passed_on"]:
            entry["passed_on"] = datetime.date.today().isoformat()

    return _update(change)


def record_quiz(lesson: str, name: str, correct: int, total: int) -> str | None:
    """Note the result of a quiz; the best result is kept. Returns and raises as `record_exercise` does.

    Raises
    ------
    ValueError
        If `correct` is not a number from 0 to `total`.
    """
    if not 0 <= correct <= total:
        raise ValueError(f"correct={correct!r} must be a number of answers from 0 to total={total!r}")

    def change(progress: Progress) -> None:
        entry = progress.quizzes.setdefault(f"{lesson}/{name}", {"best": 0, "total": total, "taken": 0})
        if total != entry["total"]:  # the quiz has got other questions since
            entry.update(best=0, total=total)
        entry["best"] = max(entry["best"], correct)
        entry["taken"] += 1

    return _update(change)


def reset_progress(lesson: str | None = None) -> Progress:
    """Forget the progress in one lesson, or in all of them; the old file is kept beside it as `progress.json.bak`.

    Parameters
    ----------
    lesson : two digits such as `"01"`, or None for all lessons.

    Raises
    ------
    ValueError
        If there is no such lesson.
    """
    if lesson is not None and lesson not in LESSON_TITLES:
        raise ValueError(f"lesson={lesson!r} is not a lesson; the lessons are {', '.join(sorted(LESSON_TITLES))}")
    path = progress_path()
    if not path.exists():
        return Progress()

    def change(progress: Progress) -> None:
        write_atomically(path.with_name("progress.json.bak"), path.read_bytes())
        for entries in (progress.exercises, progress.quizzes):
            for key in [key for key in entries if lesson is None or key.startswith(f"{lesson}/")]:
                del entries[key]

    _update(change)
    return load_progress()


def _parse(data: bytes) -> Progress:
    """Turn the file's bytes into a Progress; ValueError if damaged, ProgressError if made by a newer course."""
    content = json.loads(data.decode("utf-8"))
    if not isinstance(content, dict) or not isinstance(content.get("schema"), int):
        raise ValueError("it has no schema number")
    if content["schema"] > SCHEMA:
        raise ProgressError(
            f"it was written by a newer version of the course (schema {content['schema']}, this version knows {SCHEMA}) and "
            "is left as it is. Update the course to go on with it."
        )
    exercises: Any = content.get("exercises")
    quizzes: Any = content.get("quizzes")
    if not _is_table(exercises, {"attempts": int, "passed_on": (str, type(None))}):
        raise ValueError("its exercises are damaged")
    if not _is_table(quizzes, {"best": int, "total": int, "taken": int}):
        raise ValueError("its quizzes are damaged")
    return Progress(exercises, quizzes)


def _is_table(table: Any, columns: dict[str, Any]) -> bool:
    return isinstance(table, dict) and all(
        isinstance(row, dict) and all(isinstance(row.get(name, ...), kind) for name, kind in columns.items())
        for row in table.values()
    )


def _update(change: Callable[[Progress], None]) -> str | None:
    """Read, change and write the file while no other kernel may; return a notice for the learner, or None."""
    path = progress_path()
    notice = None
    with _locked(path.with_name("progress.lock")):
        try:
            progress = _parse(path.read_bytes())
        except FileNotFoundError:
            progress = Progress()
        except ValueError as error:
            aside = _keep_aside(path)
            progress = Progress()
            notice = (
                f"Your progress file was damaged ({error}). It is kept as {aside.name}, and a new one has been started."
            )
        change(progress)
        content = {"schema": SCHEMA, **dataclasses.asdict(progress)}
        del content["notice"]
        write_atomically(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
    return notice


def _keep_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.bak{'' if number == 1 else number}")).exists():
        number += 1
    return path.rename(aside)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between processes, through the operating system, so that a killed kernel cannot leave it behind."""
    with path.open("a+b") as stream:
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _try_lock(stream.fileno()):
            if time.monotonic() > deadline:
                raise ProgressError(
                    f"{path} is held by another notebook. Close the other notebook, and run the cell again."
                )
            time.sleep(0.01)
        try:
            yield
        finally:
            _unlock(stream.fileno())


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
