"""Each published lesson is run: by a student who fills in nothing, and with its exercises solved.

Up to the first exercise both copies have the same cells, and nearly all of the work is there: trainings, sounds, pictures. One kernel runs
these once. It goes on to the end of the student's copy; then it takes up again what there was before the first exercise, and goes on to the
end of the solution copy. So each copy is run whole; only what an unfilled exercise changes inside an object of the lesson would be carried over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

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
REMEMBER = "get_ipython().before_exercises = dict(get_ipython().user_ns)"
GO_BACK = """
def go_back(shell, folder, home):
    import os
    before, now = shell.before_exercises, shell.user_ns
    for name in set(now) - set(before):
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


def run_both_copies(student: Path, solution: Path, home: Path) -> tuple[list[Any], list[Any]]:
    """Run two copies of a lesson in one kernel, what they have in common once; return the code cells of each with their new outputs.

    The kernel works in the student copy's folder, then in the solution copy's; each has a learner's folder of its own in `home`.
    """
    unfilled, solved = code_cells(student), code_cells(solution)
    pairs = list(zip(unfilled, solved, strict=False))
    common = next((i for i, (a, b) in enumerate(pairs) if a.source != b.source or a.id != b.id), len(pairs))
    own = solved[common:]
    for cell in own:
        cell["id"] = SOLVED + cell["id"]  # for a notebook has no two cells of one name
    go_back = GO_BACK.format(folder=str(solution.parent), home=str(home / "solved"))
    remember, back = nbformat.v4.new_code_cell(REMEMBER), nbformat.v4.new_code_cell(go_back)
    notebook = nbformat.v4.new_notebook(cells=[*unfilled[:common], remember, *unfilled[common:], back, *own])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_HOME", str(home / "unfilled"))  # the kernel inherits it
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            startup_timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(student.parent)}},
        )
        client.execute()  # raises if a cell fails
    for cell in own:
        cell["id"] = cell["id"].removeprefix(SOLVED)
    return unfilled, [*unfilled[:common], *own]


def shown(cell: Any) -> str:
    return "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)


@pytest.mark.parametrize("slug", LONGEST_FIRST)
def test_a_student_who_fills_in_nothing_can_run_all_and_so_can_one_who_has_solved_it(slug, tmp_path):
    unfilled, solved = run_both_copies(NOTEBOOKS / f"{slug}.ipynb", NOTEBOOKS / "solutions" / f"{slug}.ipynb", tmp_path)
    for cells in (unfilled, solved):
        assert [cell.id for cell in cells if not cell.execution_count] == []
    checks = [cell for cell in unfilled if cell.id.startswith("exercise-") and cell.id.endswith("-check")]
    assert checks
    for cell in checks:
        assert cell.outputs, f"cell {cell.id!r} shows nothing for an unfilled exercise"
        assert not shown(cell).startswith("Passed"), f"cell {cell.id!r} passes an exercise that nobody has filled in"
    names = {cell.id for cell in checks}
    for cell in solved:
        if cell.id in names:
            assert shown(cell).startswith("Passed"), f"cell {cell.id!r} shows {shown(cell)!r} for the solution"


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
        cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return folder / "a.ipynb", folder / "solutions" / "a.ipynb", folder


def test_what_the_copies_have_in_common_is_run_once_and_the_solution_knows_nothing_of_the_other(tmp_path):
    changes = {
        2: "left = sorted({'answer', 'kind'} & set(dir()))\nanswer = 3\ncount += 10",
        4: "print(left, os.getcwd())",
    }
    unfilled, solved = run_both_copies(*write_copies(tmp_path, changes))
    assert shown(unfilled[3]) == "'Ellipsis 1 0'"
    assert shown(solved[3]) == "'3 11 0'"
    assert solved[4].outputs[0].text.split() == ["[]", str(tmp_path / "solutions")]
    assert unfilled[1] is solved[1]


@pytest.mark.parametrize(
    ("sources", "changes", "message"),
    [
        (["x = 1", "y = ...", "y + 1"], {1: "y = 2"}, "unsupported operand"),  # the student's copy fails
        (["x = 1", "y = ...", "print(y)"], {1: "z = x + 1\ndel x", 2: "print(x)"}, "name 'x' is not defined"),
        (["x = 1", "y = ...", "print(y)"], {1: "z = 2"}, "name 'y' is not defined"),  # it leans on the unfilled one
        (["x = 1 / 0", "y = ..."], {1: "y = 2"}, "division by zero"),
    ],
)  # fmt: skip
def test_a_copy_that_fails_is_found(sources, changes, message, tmp_path):
    from nbclient.exceptions import CellExecutionError

    with pytest.raises(CellExecutionError, match=message):
        run_both_copies(*write_copies(tmp_path, changes, sources))
