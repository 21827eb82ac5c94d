"""The published lessons: fresh, whole and of the agreed anatomy. test_lesson_runs.py runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from musegen_edu.authoring import build_notebooks
from musegen_edu.authoring.source import read_lesson

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
SLUGS = sorted(path.stem for path in (NOTEBOOKS / "src").glob("*.py"))
MOST_LINES = 15  # of code in a cell; more does not fit on a projector
SECONDS_APART, FACTOR_APART = 5.0, 2.0  # how far a stated time may be from the measured one
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:jupytext")  # jupytext's own, not ours


def load(copy: str, slug: str) -> dict:
    path = NOTEBOOKS / ("solutions" if copy == "solution" else "") / f"{slug}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))


def text_of(cell: dict) -> str:
    return "".join(cell["source"])


def cells_of(copy: str, slug: str, kind: str) -> list[dict]:
    return [cell for cell in load(copy, slug)["cells"] if cell["cell_type"] == kind]


def test_there_are_lessons():
    assert {"00_start_here", "01_what_is_generated_music"} <= set(SLUGS)


def test_every_copy_is_as_its_source():
    report = build_notebooks(NOTEBOOKS, check=True)
    assert report.ok, str(report)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("copy", ["student", "solution"])
def test_a_copy_opens_without_a_question(copy, slug):
    notebook = load(copy, slug)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"  # else JupyterLab asks for a kernel
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{1,63}", name) for name in ids)


@pytest.mark.parametrize("slug", SLUGS)
def test_both_copies_have_the_same_cells_in_the_same_order(slug):
    student, solution = ([cell["id"] for cell in load(copy, slug)["cells"]] for copy in ("student", "solution"))
    only_solved = {
        cell["id"] for cell in load("solution", slug)["cells"] if "solution-only" in cell["metadata"].get("tags", [])
    }
    assert student == [name for name in solution if name not in only_solved]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("copy", ["student", "solution"])
def test_nothing_of_the_machine_that_built_it_is_left(copy, slug):
    text = json.dumps(load(copy, slug), ensure_ascii=False)
    text = re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+", "", text)
    text = re.sub(r"\\u001b\[[\d;]*m", " ", text)  # colours of a traceback, else a path would begin after a letter
    assert not re.findall(r"(?<![\w/.])/(?:home|root|Users|work|tmp|usr|var)/[\w./-]*", text)
    assert not re.findall(r"[A-Z]:\\\\Users", text)
    assert not re.findall(r" at 0x[0-9a-f]+", text)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_student_copy_gives_nothing_away(slug):
    for cell in cells_of("student", slug, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert "# Solution" not in text_of(cell)
        assert "# solution" not in text_of(cell)
    assert not any("teacher" in cell["metadata"].get("tags", []) for cell in load("student", slug)["cells"])


@pytest.mark.parametrize("slug", SLUGS)
def test_the_solution_copy_was_run_to_its_end_without_a_complaint(slug):
    for cell in cells_of("solution", slug, "code"):
        tags = cell["metadata"].get("tags", [])
        if "gpu" not in tags:
            assert cell["execution_count"], f"cell {cell['id']!r} was not executed"
        for output in cell["outputs"]:
            assert output["output_type"] != "error" or "raises-exception" in tags, f"cell {cell['id']!r} failed"
            assert output.get("name") != "stderr", f"cell {cell['id']!r} complains: {output.get('text')}"
            # JupyterLab cannot show a widget whose kernel is gone; the static page stands in for it.
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


@pytest.mark.parametrize("slug", SLUGS)
def test_exercises_pass_in_the_solution_copy(slug):
    checks = [
        cell
        for cell in cells_of("solution", slug, "code")
        if re.search(r"^check_\w+\(", text_of(cell), re.M) and cell["id"].startswith("exercise-")
    ]
    assert checks
    for cell in checks:
        plain = "".join("".join(output.get("data", {}).get("text/plain", "")) for output in cell["outputs"])
        assert plain.startswith("Passed"), f"cell {cell['id']!r} shows {plain!r}"


@pytest.mark.parametrize("slug", SLUGS)
def test_cells_fit_on_a_projector(slug):
    for cell in cells_of("solution", slug, "code"):
        lines = [line for line in text_of(cell).splitlines() if line.strip() and not line.lstrip().startswith("#")]
        assert len(lines) <= MOST_LINES, f"cell {cell['id']!r} has {len(lines)} lines"
        assert not re.search(r"^\s*[%!]", text_of(cell), re.M), f"cell {cell['id']!r} has a magic"


@pytest.mark.parametrize("slug", SLUGS)
def test_the_anatomy_is_complete(slug):
    ids = [cell["id"] for cell in load("student", slug)["cells"]]
    assert ids[0] == "title"
    assert {"goals", "recap"} <= set(ids)
    for start in ("predict-", "exercise-", "quiz"):
        assert any(name.startswith(start) for name in ids), f"no cell whose id starts with {start!r}"
    by_id = {cell["id"]: text_of(cell) for cell in load("student", slug)["cells"]}
    goals, recap = (len(re.findall(r"^\d+\. ", by_id[name], re.M)) for name in ("goals", "recap"))
    assert goals == recap
    assert 3 <= goals <= 4


@pytest.mark.parametrize("slug", SLUGS)
def test_the_stated_cost_is_the_measured_one(slug):
    stated = read_lesson(NOTEBOOKS / "src" / f"{slug}.py").cpu_seconds
    measured = load("solution", slug)["metadata"]["musegen"]["cpu_seconds"]
    assert abs(stated - measured) <= SECONDS_APART or 1 / FACTOR_APART <= stated / measured <= FACTOR_APART


@pytest.mark.parametrize("slug", SLUGS)
def test_links_between_lessons_lead_somewhere(slug):
    for cell in cells_of("student", slug, "markdown"):
        for target in re.findall(r"\]\((\d\d_\w+\.ipynb)\)", text_of(cell)):
            assert (NOTEBOOKS / target).is_file(), f"cell {cell['id']!r} links to {target}"
