"""Each published lesson is run: by a student who fills in nothing, and with its exercises solved.

Up to the first exercise both copies have the same cells, and nearly all of the work is there: trainings, sounds, pictures. One kernel runs
these once. It goes on to the end of the student's copy; then it takes up again what there was before the first exercise, and goes on to the
end of the solution copy. So each copy is run whole; only what an unfilled exercise changes inside an object of the lesson would be carried over.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from musegen_edu.authoring.source import read_lesson

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
CELL_SECONDS = 1200  # a cell takes at most 60 s of a processor that others may want, too
COSTS = {path.stem: read_lesson(path).cpu_seconds for path in (NOTEBOOKS / "src").glob("*.py")}
LONGEST_FIRST = sorted(COSTS, key=lambda slug: (-COSTS[slug], slug))  # so that none is left for the end
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jupytext"),  # jupytext's own, not ours
]

SOLVED = "solved-"
SHOWN = "get_ipython().displayhook._"  # the last thing shown: a lesson may give another meaning to the name _
BEGIN = "import os\nos.chdir({folder!r})\ndel os"
# names with an underscore in front are the shell's own
REMEMBER = "get_ipython().before_exercises = {k: v for k, v in get_ipython().user_ns.items() if k[0] != '_'}"
GO_BACK = """
def go_back(shell, folder, home):
    import os
    before, now = shell.before_exercises, shell.user_ns
    for name in set(now) - set(before):
        if name[0] != "_":
            del now[name]
    now.update(before)
    os.environ["MUSEGEN_HOME"] = home
    os.chdir(folder)
go_back(get_ipython(), {folder!r}, {home!r})
"""


def code_cells(path: Path) -> list[Any]:
    """The code of a published notebook that a machine without a GPU runs."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code" and "gpu" not in cell.metadata.get("tags", [])]


def with_verdicts(cells: list[Any], verdict: str) -> list[Any]:
    """Put after each exercise's check a cell that looks at what it has returned, the last thing shown."""
    found = []
    for cell in cells:
        found.append(cell)
        if is_check(cell):
            said = f"the check {cell.id!r} says {{{SHOWN}.message!r}}"
            found.append(nbformat.v4.new_code_cell(f"assert {verdict}, f{said!r}", id=f"{cell.id}-verdict"))
    return found


def is_check(cell: Any) -> bool:
    name = cell.id.removeprefix(SOLVED)
    return bool(name.startswith("exercise-") and name.endswith("-check"))


def run_both_copies(student: Path, solution: Path, home: Path) -> list[str]:
    """Run two copies of a lesson in one kernel with nbval, what they have in common once; return the names of all cells that ran.

    The kernel works in the student copy's folder, then in the solution copy's; each has a learner's folder of its own in `home`. A cell that
    fails where the stored notebook does not, an unfilled exercise that passes or a solved one that does not raise an AssertionError.
    """
    unfilled, solved = code_cells(student), code_cells(solution)
    pairs = list(zip(unfilled, solved, strict=False))
    common = next((i for i, (a, b) in enumerate(pairs) if a.source != b.source or a.id != b.id), len(pairs))
    shared, own = solved[:common], solved[common:]  # of the executed copy, whose outputs nbval reads
    for cell in own:
        cell["id"] = SOLVED + cell["id"]  # for a notebook has no two cells of one name
    go_back = GO_BACK.format(folder=str(solution.parent), home=str(home / "solved"))
    begin, remember, back = (
        nbformat.v4.new_code_cell(source) for source in (BEGIN.format(folder=str(student.parent)), REMEMBER, go_back)
    )
    theirs, ours = with_verdicts(unfilled[common:], f"not {SHOWN}"), with_verdicts(own, SHOWN)
    cells = [begin, *shared, remember, *theirs, back, *ours]
    path = home / f"{student.stem}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=nbformat.read(solution, as_version=4).metadata), path)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout", str(CELL_SECONDS), "--exitfirst"]
    command += ["-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull, "--rootdir", str(home), str(path)]
    told = {**os.environ, "MUSEGEN_HOME": str(home / "unfilled")}  # the kernel inherits it
    run = subprocess.run(command, env=told, cwd=home, capture_output=True, text=True, timeout=3600)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert f"{len(cells)} passed" in run.stdout, run.stdout[-2000:]
    return [cell.id for cell in cells]


@pytest.mark.parametrize("slug", LONGEST_FIRST)
def test_a_student_who_fills_in_nothing_can_run_all_and_so_can_one_who_has_solved_it(slug, tmp_path):
    student, solution = NOTEBOOKS / f"{slug}.ipynb", NOTEBOOKS / "solutions" / f"{slug}.ipynb"
    names = run_both_copies(student, solution, tmp_path)
    assert {cell.id for cell in code_cells(student)} <= set(names)
    checks = [name for name in names if name.endswith("-check-verdict")]
    assert len(checks) == 2 * sum(is_check(cell) for cell in code_cells(solution)) > 0


# ---- the run itself finds what is wrong ----

LESSON = [
    "import os\ncount = 0\nbox = []",
    "count += 1",
    "answer = ...",
    "f'{answer} {count} {len(box)}'",
    "kind = os.getcwd()",
]


def write_copies(folder, changes, both=LESSON):
    """Write a student's copy and, with some cells changed, a solution."""
    (folder / "solutions").mkdir()
    for path, sources in {
        folder / "a.ipynb": both,
        folder / "solutions" / "a.ipynb": [changes.get(i, source) for i, source in enumerate(both)],
    }.items():
        names = [f"exercise-{i}-check" if "checks" in source else f"cell-{i}" for i, source in enumerate(sources)]
        cells = [nbformat.v4.new_code_cell(source, id=name) for source, name in zip(sources, names, strict=True)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return folder / "a.ipynb", folder / "solutions" / "a.ipynb", folder


def test_what_the_copies_have_in_common_is_run_once_and_the_solution_knows_nothing_of_the_other(tmp_path):
    both = [*LESSON, "assert (answer, count, len(box)) == (..., 1, 0)", "assert os.getcwd() == kind"]
    changes = {
        2: "left = sorted({'answer', 'kind'} & set(dir()))\nanswer = 3\ncount += 10",
        5: "assert (answer, count, len(box)) == (3, 11, 0)",
        6: f"assert (left, os.getcwd()) == ([], {str(tmp_path / 'solutions')!r})",
    }
    names = run_both_copies(*write_copies(tmp_path, changes, both))
    assert names.count("cell-1") == 1 and f"{SOLVED}cell-1" not in names and f"{SOLVED}cell-6" in names


CHECK = "from musegen_edu.checks.result import CheckResult\nCheckResult(y == {0}, 'yes' if y == {0} else 'no')"


@pytest.mark.parametrize(
    ("sources", "changes", "message"),
    [
        (["x = 1", "y = ...", "y + 1"], {1: "y = 2"}, "unsupported operand"),  # the student's copy fails
        (["x = 1", "y = ...", "print(y)"], {1: "z = x + 1\ndel x", 2: "print(x)"}, "name 'x' is not defined"),
        (["x = 1", "y = ...", "print(y)"], {1: "z = 2"}, "name 'y' is not defined"),  # it leans on the unfilled one
        (["x = 1 / 0", "y = ..."], {1: "y = 2"}, "division by zero"),
        (["x = 1", "y = ...", CHECK.format("...")], {1: "y = 2"}, "the check 'exercise-2-check' says 'yes'"),
        (["x = 1", "y = ...", CHECK.format("3")], {1: "y = 2"}, "the check 'solved-exercise-2-check' says 'no'"),
    ],
)  # fmt: skip
def test_a_copy_that_fails_is_found(sources, changes, message, tmp_path):
    with pytest.raises(AssertionError, match=message):
        run_both_copies(*write_copies(tmp_path, changes, sources))
