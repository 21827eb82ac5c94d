"""The notebook pipeline: what each copy holds, what is refused and where, and that nothing half-built is left."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from musegen_edu.authoring import build_notebooks
from musegen_edu.authoring.execute import clean_outputs, overwrite_lines

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

    def test_a_build_puts_a_learners_answers_aside(self, built):
        path = built / "01_first_tune.ipynb"
        worked_in = (
            path.read_text(encoding="utf-8")
            .replace('"execution_count": null', '"execution_count": 1', 1)
            .replace("return ...", "return b + a")
        )
        path.write_text(worked_in, encoding="utf-8")
        for _ in range(2):  # the second build finds a fresh copy, and keeps nothing more
            assert build_notebooks(built, execute=False).ok
        assert (built / "01_first_tune-my-answers-1.ipynb").read_text(encoding="utf-8") == worked_in
        assert len(list(built.glob("*my-answers*"))) == 1
        assert "b + a" not in path.read_text(encoding="utf-8")
        assert build_notebooks(built, check=True).ok

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
        ("code", "timeout", "message"),
        [("import time\ntime.sleep(60)", 2, "took longer than 2 s"), ("import os\nos._exit(3)", 60, "the kernel died")],
    )
    def test_a_cell_that_hangs_or_kills_the_kernel_is_named(self, folder, code, timeout, message):
        write(folder, BODY.replace("total = sum([60, 64, 67])", code))
        report = build_notebooks(folder, timeout=timeout)
        assert not report.ok
        assert re.search(rf"cell 'sum': .*{message}", str(report))
        assert not list(folder.rglob("*.ipynb"))

    def test_a_failing_lesson_does_not_keep_the_others_from_being_built(self, folder):
        write(folder, BODY.replace("total = sum([60, 64, 67])", "total = missing"))
        write(folder, BODY, HEADER.replace('"01"', '"02"'), slug="02_second_tune")
        report = build_notebooks(folder)
        assert [bool(lesson.problems) for lesson in report.lessons] == [True, False]
        assert [path.name for path in sorted(folder.glob("*.ipynb"))] == ["02_second_tune.ipynb"]

    def test_an_error_may_be_the_point_of_a_cell(self, folder):
        write(
            folder,
            BODY.replace('id="sum"', 'id="sum" tags=["raises-exception"]').replace(
                "total = sum([60, 64, 67])", "1 / 0"
            ),
        )
        report = build_notebooks(folder)
        assert report.ok, str(report)
        assert cells(folder / "solutions" / "01_first_tune.ipynb")["sum"]["outputs"][0]["ename"] == "ZeroDivisionError"

    def test_volatile_outputs_stay_while_their_cell_does(self, folder):
        body = BODY.replace('id="sum"', 'id="sum" tags=["volatile"]').replace(
            "total = sum([60, 64, 67])", "import os\ntotal = os.getpid()"
        )
        outputs = []
        for text in (body, body, body.replace("total = os", "other = total = os")):
            write(folder, text)
            assert build_notebooks(folder).ok
            outputs.append(cells(folder / "solutions" / "01_first_tune.ipynb")["sum"]["outputs"])
        assert outputs[0] == outputs[1] != outputs[2]

    def test_the_authors_progress_is_out_of_reach(self, folder, monkeypatch, tmp_path):
        monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "authors_home"))
        write(
            folder,
            BODY.replace(
                "total = sum([60, 64, 67])", "import os\ntotal = 'authors_home' in os.environ['MUSEGEN_HOME']"
            ),
        )
        assert build_notebooks(folder).ok
        assert cells(folder / "solutions" / "01_first_tune.ipynb")["sum"]["outputs"][0]["data"]["text/plain"] == [
            "False"
        ]

    def test_the_cost_is_measured(self, folder):
        busy = "import time\nend = time.process_time() + 1.5\nwhile time.process_time() < end:\n    total = 1"
        write(folder, BODY.replace("total = sum([60, 64, 67])", busy))
        (lesson,) = build_notebooks(folder).lessons
        assert lesson.cpu_seconds is not None
        assert 1.5 <= lesson.cpu_seconds < 10
        assert f"{lesson.cpu_seconds:g} CPU seconds measured, 2 stated" in str(build_notebooks(folder, check=True))


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_links_are_turned_towards_the_solutions_folder(folder):
    links = "# [code](../musegen_edu/score.py), [next](02_next.ipynb), [web](https://example.org/a), ![picture](images/a.png), [here](#goals)"
    write(folder, BODY.split("# %% id")[0] + links + "\n")
    assert build_notebooks(folder).ok
    wanted = "[code](../../musegen_edu/score.py), [next](02_next.ipynb), [web](https://example.org/a), ![picture](../images/a.png), [here](#goals)"
    assert source(cells(folder / "solutions" / "01_first_tune.ipynb")["title"]).endswith(wanted)
    assert source(cells(folder / "01_first_tune.ipynb")["title"]).endswith(links[2:])


def cleaned(folder, *outputs):
    cell = nbformat.v4.new_code_cell("", outputs=[nbformat.from_dict(output) for output in outputs])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    clean_outputs(notebook, folder)
    return notebook.cells[0].outputs


def shown(**data):
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {kind.replace("_", "/"): value for kind, value in data.items()},
    }


def test_paths_and_addresses_are_cleaned_and_embedded_data_is_not(folder, monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/tmp")
    sound = "data:audio/mpeg;base64,AAAA+/tmp/BBBB+/tmp"  # base64 may hold any short path by chance
    text = f'{folder}/src/a.py {sys.prefix}/lib/x {Path.home()}/y <object at 0x7f12ab34cd56> <audio src="{sound}">'
    (output,) = cleaned(folder, shown(text_html=text))
    assert output.data["text/html"] == f'notebooks/src/a.py python/lib/x ~/y <object at 0x…> <audio src="{sound}">'
    (picture,) = cleaned(folder, shown(image_png=f"{folder}/AAAA"))
    assert picture.data["image/png"] == f"{folder}/AAAA"


def test_paths_in_a_coloured_traceback_are_cleaned(folder):
    lines = [f"\x1b[36mFile \x1b[39m\x1b[32m{sys.prefix}/lib/x.py:7\x1b[39m", f"\x1b[1mFile {folder}/b.py", f"\x1b[0m{folder}"]
    (error,) = cleaned(folder, {"output_type": "error", "ename": "E", "evalue": "", "traceback": lines})
    assert error.traceback == [
        "\x1b[36mFile \x1b[39m\x1b[32mpython/lib/x.py:7\x1b[39m",
        "\x1b[1mFile notebooks/b.py",
        "\x1b[0mnotebooks",
    ]


def test_live_widgets_go_and_their_static_page_stays(folder):
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "8f1e"}}
    with_page, alone = shown(text_html="<p>page</p>"), shown()
    with_page["data"].update(view)
    alone["data"].update(view)
    outputs = cleaned(folder, with_page, alone)
    assert [dict(output.data) for output in outputs] == [{"text/html": "<p>page</p>"}]


def test_a_progress_bar_in_pieces_leaves_one_line(folder):
    pieces = [
        {"output_type": "stream", "name": "stdout", "text": text} for text in ("10 %", "\r50 %", "\r100 %\n", "done\n")
    ]
    (output,) = cleaned(folder, *pieces)
    assert output.text == "100 %\ndone\n"


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
