"""The notebook pipeline: what each copy holds, what is refused and where, and that nothing half-built is left."""

from __future__ import annotations

import json
import re

import pytest

from musegen_edu.authoring import build_notebooks
from musegen_edu.authoring.execute import overwrite_lines

HEADER = """# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "01"
#     title: A first tune
#     prerequisites: []
#     minutes: {read: 5, run: 1, exercise: 4}
#     cpu_seconds: 2
# ---
"""
BODY = """
# %% [markdown] id="title"
# # 01 · A first tune ({{read}} min, {{cpu_seconds}} s)

# %% id="sum"
total = sum([60, 64, 67])
total

# %% id="exercise-add"
def add(a, b):
    # solution: use the plus sign
    # stub: return ...
    return a + b
    # end solution

# %% [markdown] id="exercise-add-answer"
# {{solution: exercise-add}}

# %% [markdown] id="notes" tags=["teacher"]
# Ask them first.

# %% id="train-full" tags=["gpu"]
raise RuntimeError("no GPU here")
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "notebooks" / "src").mkdir(parents=True)
    return tmp_path / "notebooks"


def write(folder, body=BODY, header=HEADER, slug="01_first_tune"):
    (folder / "src" / f"{slug}.py").write_text(header + body, encoding="utf-8")


def cells(path):
    return {cell["id"]: cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}


def source(cell):
    return "".join(cell["source"])


@pytest.fixture
def built(folder):
    write(folder)
    report = build_notebooks(folder, teacher_folder=folder / "teacher")
    assert report.ok, str(report)
    return folder


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the kernel's sockets close late
class TestBuilding:
    def test_the_student_gets_the_stub_and_no_outputs(self, built):
        student = cells(built / "01_first_tune.ipynb")
        assert source(student["exercise-add"]) == "def add(a, b):\n    # Your turn: use the plus sign\n    return ..."
        assert student["sum"]["outputs"] == []
        assert "notes" not in student

    def test_the_solution_is_executed_but_for_gpu_cells(self, built):
        solution = cells(built / "solutions" / "01_first_tune.ipynb")
        assert solution["sum"]["outputs"][0]["data"]["text/plain"] == ["191"]
        assert source(solution["exercise-add"]).endswith("    # Solution: use the plus sign\n    return a + b")
        assert solution["train-full"]["outputs"] == []
        assert "notes" not in solution

    def test_the_teacher_copy_has_the_notes(self, built):
        assert source(cells(built / "teacher" / "01_first_tune.ipynb")["notes"]) == "Ask them first."

    def test_folded_solutions_and_numbers_are_filled_in(self, built):
        student = cells(built / "01_first_tune.ipynb")
        assert "return a + b" in source(student["exercise-add-answer"])
        assert source(student["title"]) == "# 01 · A first tune (5 min, 2 s)"

    def test_a_second_build_changes_no_byte(self, built):
        before = {path: path.read_bytes() for path in built.rglob("*.ipynb")}
        assert build_notebooks(built, teacher_folder=built / "teacher").ok
        assert {path: path.read_bytes() for path in built.rglob("*.ipynb")} == before

    def test_check_sees_every_kind_of_staleness(self, built):
        assert build_notebooks(built, check=True).ok
        write(built, BODY.replace("Ask them first", "Ask them later"))
        assert build_notebooks(built, check=True).ok  # a teacher's note is in neither published copy
        write(built, BODY.replace("[60, 64, 67]", "[60, 63, 67]"))
        assert "executed from other code" in str(build_notebooks(built, check=True))
        write(built, BODY.replace("A first tune (", "A second tune ("))
        assert "differs from" in str(build_notebooks(built, check=True))
        write(built)
        (built / "02_gone.ipynb").write_text("{}")
        assert "no source" in str(build_notebooks(built, check=True))

    def test_text_alone_needs_no_execution(self, built):
        write(built, BODY.replace("A first tune (", "A second tune ("))
        assert build_notebooks(built, execute=False).ok
        assert cells(built / "solutions" / "01_first_tune.ipynb")["sum"]["outputs"]
        write(built, BODY.replace("[60, 64, 67]", "[60, 63, 67]"))
        assert not build_notebooks(built, execute=False).ok

    def test_a_failing_cell_is_named_and_the_old_files_stay(self, built):
        before = {path: path.read_bytes() for path in built.rglob("*.ipynb")}
        write(built, BODY.replace("total\n", "total / 0\n", 1))
        report = build_notebooks(built)
        line = next(
            n
            for n, text in enumerate((HEADER + BODY.replace("total\n", "total / 0\n", 1)).splitlines(), 1)
            if text == "total / 0"
        )
        assert not report.ok
        assert re.search(rf"line {line}, cell 'sum': .*division by zero", str(report))
        assert {path: path.read_bytes() for path in built.rglob("*.ipynb")} == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    # end solution\n", "", "has no '# end solution'"),
        ('id="sum"', 'id="title"', "is taken by the cell in line"),
        ('id="sum"', "", "the cell's id is None"),
        ('id="sum"', 'id="sum" tags=["teachers"]', "unknown tag 'teachers'"),
        ("{{solution: exercise-add}}", "{{solution: exercise-sub}}", "no code cell with that id"),
        ("{{read}}", "{{reading}}", "is unknown"),
    ],
)
def test_mistakes_of_the_author_are_named_with_their_line(folder, old, new, message):
    assert old in BODY
    write(folder, BODY.replace(old, new, 1))
    report = build_notebooks(folder, execute=False)
    assert not report.ok
    assert message in str(report)
    assert re.search(r"src/01_first_tune\.py, line \d+", str(report))
    assert not list(folder.glob("*.ipynb"))


@pytest.mark.parametrize(
    ("old", "new"), [('lesson: "01"', 'lesson: "02"'), ("title: A first tune", "title: 3"), ("read: 5, ", "")]
)
def test_a_wrong_header_is_named(folder, old, new):
    write(folder, header=HEADER.replace(old, new))
    assert not build_notebooks(folder, execute=False).ok


def test_unknown_lessons_and_empty_folders_are_errors(folder):
    with pytest.raises(ValueError, match="holds no lessons"):
        build_notebooks(folder)
    write(folder)
    with pytest.raises(ValueError, match="only='07'"):
        build_notebooks(folder, only="07", check=True)


@pytest.mark.parametrize(
    ("text", "shown"), [("1/2\b\b\b2/2\n", "2/2\n"), ("a\rb", "b"), ("x\b\b\by", "y"), ("one\r\ntwo", "one\ntwo")]
)
def test_progress_bars_leave_their_last_state(text, shown):
    assert overwrite_lines(text) == shown
