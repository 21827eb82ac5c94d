"""Build every copy of every lesson, or say which ones are stale."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from musegen_edu.authoring.execute import CELL_TIMEOUT_SECONDS, CellError, execute_notebook
from musegen_edu.authoring.render import hash_of_code, render_code, render_notebook, write_notebook_text
from musegen_edu.authoring.report import BuildReport, LessonReport
from musegen_edu.authoring.source import SLUG, Lesson, LessonError, read_lesson
from musegen_edu.files import write_atomically

_SAME_COST = 1.5  # a new measurement within this factor of the stored one changes nothing in the file
_SAME_SECONDS = 2.0  # nor does one as near as this: the clock of a short run says little


def build_notebooks(
    folder: str | os.PathLike[str],
    *,
    only: str | Sequence[str] | None = None,
    check: bool = False,
    teacher_folder: str | os.PathLike[str] | None = None,
    execute: bool = True,
    timeout: float = CELL_TIMEOUT_SECONDS,
) -> BuildReport:
    """Make the student and solution copies of the lessons in `folder/src`.

    A student copy that a learner has worked in is first put aside as `NN_slug-my-answers-1.ipynb`.
    A lesson is written only when all of it succeeded; otherwise its old files stay, and the report says what went wrong. The
    other lessons are built nevertheless.

    Parameters
    ----------
    folder : the notebooks folder; copies go to it and to `solutions/` below it.
    only : numbers or slugs of the lessons wanted (`"01"`, `["00", "01_first_tune"]`); None means all.
    check : write and run nothing; report what is stale.
    teacher_folder : where to put teacher copies; None makes none.
    execute : run the solutions. Without it, stored outputs are kept where the code is unchanged, and a lesson whose code has
        changed is reported and keeps its old solution copy.
    timeout : seconds that one cell may take.

    Raises
    ------
    ValueError
        If there is no such folder, no lesson in it, or `only` names one that is not there.
    """
    home = Path(folder).resolve()
    sources = _choose(home, only)
    if check:
        reports = [_check_lesson(path, home) for path in sources] + ([] if only else _orphans(home, sources))
        return BuildReport(tuple(reports))
    teacher = None if teacher_folder is None else Path(teacher_folder).resolve()
    return BuildReport(tuple(_build_lesson(path, home, teacher, execute, timeout) for path in sources))


def _keep_answers(student_copy: Path) -> None:
    """Put a student copy in which somebody has run a cell aside, beside itself: a build must not cost a learner's answers."""
    notebook = _read_old(student_copy)
    if notebook is None or not any(cell.get("execution_count") for cell in notebook.cells):
        return
    number = 1
    while (aside := student_copy.with_name(f"{student_copy.stem}-my-answers-{number}.ipynb")).exists():
        number += 1
    write_atomically(aside, student_copy.read_bytes())


def _choose(home: Path, only: str | Sequence[str] | None) -> list[Path]:
    sources = sorted((home / "src").glob("*.py"))
    if not sources:
        raise ValueError(f"folder={str(home)!r} holds no lessons; they are expected at {home / 'src'}/NN_slug.py")
    if only is None:
        return sources
    wanted = [only] if isinstance(only, str) else list(only)
    for name in wanted:
        if not any(name in (path.stem, path.stem[:2]) for path in sources):
            raise ValueError(f"only={name!r} is no lesson; the lessons are {', '.join(path.stem for path in sources)}")
    return [path for path in sources if path.stem in wanted or path.stem[:2] in wanted]


def _build_lesson(path: Path, home: Path, teacher: Path | None, execute: bool, timeout: float) -> LessonReport:
    shown = _shown(path, home)
    try:
        lesson = read_lesson(path)
        solution_path = home / "solutions" / f"{path.stem}.ipynb"
        texts = {
            home / f"{path.stem}.ipynb": write_notebook_text(render_notebook(lesson, "student", folder=home, home=home))
        }
        solution = render_notebook(lesson, "solution", folder=solution_path.parent, home=home)
        if teacher is not None:
            copy = render_notebook(lesson, "teacher", folder=teacher, home=home)
            texts[teacher / f"{path.stem}.ipynb"] = write_notebook_text(copy)
        old = _read_old(solution_path)
        problems: tuple[str, ...] = ()
        if execute:
            measured = execute_notebook(solution, folder=home, timeout=timeout)
            _keep_volatile(solution, old)
            _sign(solution, lesson, _stable_cost(measured, old))
            texts[solution_path] = write_notebook_text(solution)
        elif old is not None and _signature(old) == hash_of_code(lesson):
            _keep_outputs(solution, old)
            _sign(solution, lesson, float(old.metadata["musegen"]["cpu_seconds"]))
            texts[solution_path] = write_notebook_text(solution)
        else:
            problems = (f"{shown}: the code has changed since its solution was executed; build it with execution",)
    except LessonError as error:
        return LessonReport(path.stem, (str(error).replace(str(path), shown),))
    except CellError as error:
        cell = next(cell for cell in lesson.cells if cell.id == error.cell_id)
        origins = render_code(lesson, cell, solved=True).origins
        line = origins[min(error.line, len(origins)) - 1]
        return LessonReport(path.stem, (f"{shown}, line {line}, cell {error.cell_id!r}: {error.message}",))
    written = [target for target, text in texts.items() if not _equals(target, text)]
    _keep_answers(home / f"{path.stem}.ipynb")
    for target in written:
        write_atomically(target, texts[target])
    cost = solution.metadata["musegen"].get("cpu_seconds")
    return LessonReport(path.stem, problems, tuple(written), cost, lesson.cpu_seconds)


def _check_lesson(path: Path, home: Path) -> LessonReport:
    shown = _shown(path, home)
    try:
        lesson = read_lesson(path)
        student = write_notebook_text(render_notebook(lesson, "student", folder=home, home=home))
        solution = render_notebook(lesson, "solution", folder=home / "solutions", home=home)
        code = hash_of_code(lesson)
    except LessonError as error:
        return LessonReport(path.stem, (str(error).replace(str(path), shown),))
    problems = []
    if not _equals(home / f"{path.stem}.ipynb", student):
        problems.append(f"{home.name}/{path.stem}.ipynb is missing, or differs from {shown}")
    stored = _read_old(home / "solutions" / f"{path.stem}.ipynb")
    if stored is None:
        problems.append(f"{home.name}/solutions/{path.stem}.ipynb is missing, or is no notebook")
    elif _signature(stored) != code:
        problems.append(f"{home.name}/solutions/{path.stem}.ipynb was executed from other code than that of {shown}")
    elif _cells_without_outputs(stored) != _cells_without_outputs(solution):
        problems.append(f"{home.name}/solutions/{path.stem}.ipynb has other text than {shown}")
    cost = None if stored is None else stored.metadata.get("musegen", {}).get("cpu_seconds")
    return LessonReport(path.stem, tuple(problems), (), cost, lesson.cpu_seconds)


def _orphans(home: Path, sources: list[Path]) -> list[LessonReport]:
    """Report published notebooks whose source is gone; a learner's own copies have other names and do not count."""
    known = {path.stem for path in sources}
    found = {
        path.stem for path in [*home.glob("*.ipynb"), *home.glob("solutions/*.ipynb")] if SLUG.fullmatch(path.stem)
    }
    return [
        LessonReport(slug, (f"{home.name}/{slug}.ipynb has no source in {home.name}/src",))
        for slug in sorted(found - known)
    ]


def _shown(path: Path, home: Path) -> str:
    return path.relative_to(home.parent).as_posix()


def _equals(path: Path, text: str) -> bool:
    try:
        return (
            path.read_bytes().replace(b"\r\n", b"\n") == text.encode()
        )  # git may have turned the line ends on Windows
    except FileNotFoundError:
        return False


def _read_old(path: Path) -> Any | None:
    import nbformat

    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (FileNotFoundError, UnicodeDecodeError, nbformat.reader.NotJSONError, nbformat.ValidationError):
        return None


def _sign(solution: Any, lesson: Lesson, cost: float) -> None:
    solution.metadata["musegen"].update(code_sha256=hash_of_code(lesson), cpu_seconds=cost)


def _signature(notebook: Any) -> str | None:
    signature = notebook.metadata.get("musegen", {}).get("code_sha256")
    return signature if isinstance(signature, str) else None


def _stable_cost(measured: float, old: Any | None) -> float:
    """Return the stored cost while the new one is much the same, so that a rebuild does not change the file."""
    stored = None if old is None else old.metadata.get("musegen", {}).get("cpu_seconds")
    if isinstance(stored, (int, float)) and stored > 0:
        ratio = measured / stored
        if abs(measured - stored) < _SAME_SECONDS or 1 / _SAME_COST < ratio < _SAME_COST:
            return stored
    return round(measured, 1)


def _keep_outputs(solution: Any, old: Any) -> None:
    stored = {cell.id: cell for cell in old.cells if cell.cell_type == "code"}
    for cell in solution.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = stored[cell.id].outputs, stored[cell.id].execution_count


def _keep_volatile(solution: Any, old: Any | None) -> None:
    stored = {cell.id: cell for cell in (old.cells if old is not None else []) if cell.cell_type == "code"}
    for cell in solution.cells:
        before = stored.get(cell.id)
        if (
            "volatile" in cell.metadata.get("tags", [])
            and before is not None
            and before.source == cell.source
            and before.outputs
        ):
            cell.outputs = before.outputs


def _cells_without_outputs(notebook: Any) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [(cell.id, cell.cell_type, cell.source, dict(cell.metadata)) for cell in notebook.cells]
