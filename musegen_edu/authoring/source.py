"""Read a lesson's source: jupytext py:percent, solution-first, every cell with a permanent id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TAGS = frozenset({"teacher", "solution-only", "gpu", "hide-input", "raises-exception", "volatile"})
SLUG = re.compile(r"\d\d_[a-z0-9_]+")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
_CELL_MARKER = re.compile(r"# %%(?!%)")
_MINUTES = ("read", "run", "exercise")


class LessonError(ValueError):
    """A lesson cannot be built; the message names the file, the line and what would be right."""

    def __init__(self, path: Path, line: int | None, message: str) -> None:
        super().__init__(f"{path}{'' if line is None else f', line {line}'}: {message}")


@dataclass(frozen=True)
class Cell:
    """One cell as its author wrote it.

    Parameters
    ----------
    id : permanent name, unique in the lesson.
    kind : `"code"` or `"markdown"`.
    tags : from `TAGS`.
    lines : the text, solution markers included.
    first_line : where `lines[0]` stands in the source file, counted from 1.
    """

    id: str
    kind: str
    tags: tuple[str, ...]
    lines: tuple[str, ...]
    first_line: int


@dataclass(frozen=True)
class Lesson:
    """A whole lesson as its author wrote it.

    Parameters
    ----------
    path : the source file.
    number : two digits.
    title : plain text.
    prerequisites : slugs of the lessons before this one.
    minutes : `read`, `run` and `exercise`.
    cpu_seconds : what the author says that running the solutions costs.
    cells : in order.
    """

    path: Path
    number: str
    title: str
    prerequisites: tuple[str, ...]
    minutes: dict[str, int]
    cpu_seconds: float
    cells: tuple[Cell, ...]

    @property
    def slug(self) -> str:
        """File name without its ending: `01_what_is_generated_music`."""
        return self.path.stem


def read_lesson(path: Path) -> Lesson:
    """Read and check one source file.

    Raises
    ------
    LessonError
        If the header, a cell's id, a tag or the order of things is not as it must be.
    OSError
        If the file cannot be read.
    """
    import jupytext

    if not SLUG.fullmatch(path.stem):
        raise LessonError(
            path, None, "the file's name must be two digits, an underscore and lower-case words, as in 01_first_tune.py"
        )
    text = path.read_text(encoding="utf-8")
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # jupytext and its YAML reader raise many kinds, all of them about this text
        raise LessonError(path, 1, f"jupytext cannot read it ({type(error).__name__}: {error})") from error
    markers = [number for number, line in enumerate(text.splitlines(), start=1) if _CELL_MARKER.match(line)]
    if len(markers) != len(notebook.cells):
        raise LessonError(
            path,
            None,
            f"it has {len(notebook.cells)} cells but {len(markers)} lines that start with '# %%'; no code may stand before the first",
        )
    cells = tuple(_read_cell(path, cell, marker, text) for cell, marker in zip(notebook.cells, markers, strict=True))
    seen: dict[str, int] = {}
    for cell, marker in zip(cells, markers, strict=True):
        if cell.id in seen:
            raise LessonError(
                path, marker, f"id {cell.id!r} is taken by the cell in line {seen[cell.id]}; ids are unique in a lesson"
            )
        seen[cell.id] = marker
    return Lesson(path=path, cells=cells, **_read_header(path, notebook.metadata.get("musegen")))


def _read_cell(path: Path, cell: Any, marker: int, text: str) -> Cell:
    metadata = {
        name: value for name, value in cell.metadata.items() if not name.startswith("lines_to_")
    }  # jupytext's own
    name, tags = metadata.pop("id", None), metadata.pop("tags", [])
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise LessonError(
            path,
            marker,
            f'the cell\'s id is {name!r}; give it one of lower-case letters, digits and hyphens: # %% id="predict-order"',
        )
    if cell.cell_type not in ("code", "markdown"):
        raise LessonError(path, marker, f"a {cell.cell_type} cell; only code and [markdown] are used")
    if unknown := sorted(set(tags) - TAGS):
        raise LessonError(path, marker, f"unknown tag {unknown[0]!r}; the tags are {', '.join(sorted(TAGS))}")
    if metadata:
        raise LessonError(path, marker, f"unknown cell option {sorted(metadata)[0]!r}; a cell has an id and tags")
    first_line = marker + 1
    source = text.splitlines()
    while first_line <= len(source) and not source[first_line - 1].strip():
        first_line += 1  # jupytext drops blank lines at the top of a cell
    return Cell(name, cell.cell_type, tuple(sorted(tags)), tuple(cell.source.splitlines()), first_line)


def _read_header(path: Path, header: Any) -> dict[str, Any]:
    """Check the `musegen` part of the YAML header, and return it as fields of a Lesson."""
    if not isinstance(header, dict):
        raise LessonError(
            path, 1, "the YAML header has no musegen part (lesson, title, prerequisites, minutes, cpu_seconds)"
        )
    minutes, cpu_seconds = header.get("minutes"), header.get("cpu_seconds")
    problems = {
        f"lesson must be {path.stem[:2]!r}, in quotes, as in the file's name": header.get("lesson") == path.stem[:2],
        "title must be text": isinstance(header.get("title"), str) and bool(header.get("title")),
        "prerequisites must be a list of slugs": isinstance(header.get("prerequisites"), list)
        and all(isinstance(slug, str) and SLUG.fullmatch(slug) for slug in header["prerequisites"]),
        "minutes must have read, run and exercise, all whole numbers": isinstance(minutes, dict)
        and sorted(minutes) == sorted(_MINUTES)
        and all(isinstance(value, int) and value >= 0 for value in minutes.values()),
        "cpu_seconds must be a number": isinstance(cpu_seconds, (int, float))
        and not isinstance(cpu_seconds, bool)
        and cpu_seconds >= 0,
    }
    for problem, fine in problems.items():
        if not fine:
            raise LessonError(path, 1, f"in the header, {problem}")
    return {
        "number": header["lesson"],
        "title": header["title"],
        "prerequisites": tuple(header["prerequisites"]),
        "minutes": dict(header["minutes"]),
        "cpu_seconds": cpu_seconds,
    }
