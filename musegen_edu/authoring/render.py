"""Turn a lesson into its copies: stubs for students, solutions for readers, notes for teachers."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from musegen_edu.authoring.source import Cell, Lesson, LessonError

COPIES = ("student", "solution", "teacher")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python", "pygments_lexer": "ipython3"}

_BEGIN = re.compile(r"(\s*)# solution(?:: (.+))?\s*")
_STUB = re.compile(r"\s*# stub: (.*)")
_END = re.compile(r"\s*# end solution\s*")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_SOLUTION_OF = re.compile(r"\{\{solution: ([a-z0-9-]+)\}\}")
_LINK = re.compile(r"(\]\(|src=\")([^)\"#\s]+)")
_NOT_LOCAL = re.compile(
    r"[a-z]+:|/|\d\d_[a-z0-9_]+\.ipynb"
)  # URLs, attachments, and other lessons, which lie in the same folder
_SHOWN_TO = {"teacher": ("teacher",), "solution-only": ("solution", "teacher")}


class Rendered(NamedTuple):
    """The lines of a code cell, and for each the line of the source file that it comes from."""

    lines: tuple[str, ...]
    origins: tuple[int, ...]


def render_code(lesson: Lesson, cell: Cell, *, solved: bool) -> Rendered:
    """Replace the solution blocks of a code cell by their stubs, or strip their markers.

    Parameters
    ----------
    solved : True for the solution, False for the stub.

    Raises
    ------
    LessonError
        If a solution block is not closed, is nested or was never opened.
    """
    lines: list[str] = []
    origins: list[int] = []
    opened_at: int | None = None
    stubs: list[str] = []
    indent = ""
    for number, line in enumerate(cell.lines, start=cell.first_line):
        if opened_at is None and (begin := _BEGIN.fullmatch(line)):
            opened_at, indent, stubs = number, begin[1], []
            heading = "Solution" if solved else "Your turn"
            new = [f"{indent}# {heading}{f': {begin[2]}' if begin[2] else ''}"]
        elif _BEGIN.fullmatch(line):
            raise LessonError(
                lesson.path,
                number,
                f"'# solution' inside the block of line {opened_at}; close it with '# end solution' first",
            )
        elif opened_at is None and (_END.fullmatch(line) or _STUB.fullmatch(line)):
            raise LessonError(lesson.path, number, f"{line.strip()!r} without '# solution' before it")
        elif opened_at is not None and _END.fullmatch(line):
            opened_at, new = None, [] if solved else stubs or [f"{indent}..."]
        elif opened_at is not None and (stub := _STUB.fullmatch(line)):
            stubs.append(f"{indent}{stub[1]}")
            new = []
        else:
            new = [line] if solved or opened_at is None else []
        lines += new
        origins += [number] * len(new)
    if opened_at is not None:
        raise LessonError(lesson.path, opened_at, "this '# solution' has no '# end solution' in its cell")
    return Rendered(tuple(lines), tuple(origins))


def render_notebook(lesson: Lesson, copy: str, *, folder: Path, home: Path) -> Any:
    """Make one copy of a lesson, without outputs.

    Parameters
    ----------
    copy : `"student"`, `"solution"` or `"teacher"`.
    folder : where the copy will lie; links to images and files are turned towards it.
    home : the notebooks folder, from which the source's links are seen.

    Returns
    -------
    An nbformat 4.5 notebook.
    """
    import nbformat

    cells = []
    for cell in lesson.cells:
        if any(copy not in _SHOWN_TO[tag] for tag in cell.tags if tag in _SHOWN_TO):
            continue
        metadata = _metadata(cell, copy)
        if cell.kind == "code":
            text = "\n".join(render_code(lesson, cell, solved=copy != "student").lines)
            new = nbformat.v4.new_code_cell(text, id=cell.id, metadata=metadata)
        else:
            text = _turn_links(_render_markdown(lesson, cell), folder, home)
            new = nbformat.v4.new_markdown_cell(text, id=cell.id, metadata=metadata)
        cells.append(new)
    return nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": dict(KERNEL),
            "language_info": dict(LANGUAGE),
            "musegen": {"copy": copy, "lesson": lesson.number, "title": lesson.title},
        },
    )


def write_notebook_text(notebook: Any) -> str:
    """Return a notebook as JSON whose keys are sorted, so that equal notebooks are equal bytes."""
    import nbformat

    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def hash_of_code(lesson: Lesson) -> str:
    """Return a checksum of everything that runs in the solution copy; text and header may change without it.

    Equal checksums mean that the stored outputs still belong to the source.
    """
    cells = [
        [cell.id, list(cell.tags), list(render_code(lesson, cell, solved=True).lines)]
        for cell in lesson.cells
        if cell.kind == "code" and "teacher" not in cell.tags
    ]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _metadata(cell: Cell, copy: str) -> dict[str, Any]:
    tags = set(cell.tags)
    if "gpu" in tags and copy == "solution":
        tags.add("nbval-skip")  # whoever runs the notebook with nbval, on a machine without a GPU, leaves it out, too
    metadata: dict[str, Any] = {"tags": sorted(tags)} if tags else {}
    if "hide-input" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    return metadata


def _render_markdown(lesson: Lesson, cell: Cell) -> str:
    text = "\n".join(cell.lines)
    if cell.id == "title":
        values = {
            **{name: str(value) for name, value in lesson.minutes.items()},
            "cpu_seconds": f"{lesson.cpu_seconds:g}",
        }

        def fill(match: re.Match[str]) -> str:
            if match[1] not in values:
                raise LessonError(
                    lesson.path, cell.first_line, f"{match[0]} is unknown; use {', '.join(sorted(values))}"
                )
            return values[match[1]]

        text = _PLACEHOLDER.sub(fill, text)

    def show(match: re.Match[str]) -> str:
        wanted = [other for other in lesson.cells if other.id == match[1] and other.kind == "code"]
        if not wanted:
            raise LessonError(lesson.path, cell.first_line, f"{match[0]}: there is no code cell with that id")
        return "\n".join(["```python", *render_code(lesson, wanted[0], solved=True).lines, "```"])

    return _SOLUTION_OF.sub(show, text)


def _turn_links(text: str, folder: Path, home: Path) -> str:
    def turn(match: re.Match[str]) -> str:
        if _NOT_LOCAL.match(match[2]):
            return match[0]
        return match[1] + Path(os.path.relpath(home / match[2], folder)).as_posix()

    return text if folder == home else _LINK.sub(turn, text)
