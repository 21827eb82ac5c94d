"""The core of the exercise checks, and the learner's progress file."""

from __future__ import annotations

import importlib
import inspect
import json
import multiprocessing
import pkgutil
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from musegen_edu import checks
from musegen_edu.authoring.source import read_lesson
from musegen_edu.checks import core, progress
from musegen_edu.checks.core import CheckResult, Failure, call, check, quiz
from musegen_edu.checks.progress import Progress, ProgressError, load_progress, record_exercise, record_quiz


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path))
    yield tmp_path
    core._EXERCISES.pop("99", None)
    core._failures.clear()


@pytest.fixture
def check_mirror():
    @check(lesson="99", exercise="mirror", title="Mirror", hints=("first hint", "second hint"))
    def check_mirror(mirror):
        if call(mirror, [60, 64]) != [60, 56]:
            raise Failure("The `second` note <b> is 4 above the first; mirrored it is 4 below.")
        return "Mirrored."

    return check_mirror


ODD_ANSWERS = [
    None,
    3,
    "text",
    [],
    {},
    np.zeros((2, 3)),
    float("nan"),
    object(),
    print,
    lambda: 1,
    lambda x: None,
    type,
]


@pytest.mark.parametrize("answer", ODD_ANSWERS, ids=lambda answer: type(answer).__name__)
def test_a_check_never_raises_on_a_wrong_answer(check_mirror, answer):
    result = check_mirror(answer)
    assert not result
    assert result.message
    assert "Traceback" not in result._repr_html_()


@pytest.mark.parametrize("answer", [*ODD_ANSWERS, ...], ids=lambda answer: type(answer).__name__)
def test_no_chapter_check_raises_on_a_wrong_answer(answer, monkeypatch):
    for module in pkgutil.iter_modules(checks.__path__):
        chapter = importlib.import_module(f"musegen_edu.checks.{module.name}")
        for name, function in vars(chapter).items():
            if name.startswith("check_") and isinstance(function, types.FunctionType):
                kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
                n_answers = sum(kind is not inspect.Parameter.KEYWORD_ONLY for kind in kinds)
                result = function(*[answer] * n_answers)
                assert isinstance(result, CheckResult), name
                assert not result, f"{name} accepts {answer!r}"
                assert len(result.message) > 10, name


def test_a_check_whose_own_reading_of_the_answer_breaks_explains_the_type():
    @check(lesson="99", exercise="sum", title="Sum")
    def check_sum(numbers, other):
        return "Right." if sum(numbers) else "never"

    result = check_sum(None, np.zeros((2, 3)))
    assert not result
    assert "numbers is None, other is of type ndarray and shape (2, 3)" in result.message


def test_pass_and_repr(check_mirror):
    result = check_mirror(lambda pitches: [2 * pitches[0] - pitch for pitch in pitches])
    assert result
    assert repr(result) == "Passed: Mirror. Mirrored."
    assert "✓ Passed" in result._repr_html_()


def test_html_escapes_marks_code_and_says_more_than_a_colour(check_mirror):
    html = check_mirror(lambda pitches: pitches)._repr_html_()
    assert "<code>second</code> note &lt;b&gt;" in html
    assert "✗ Not yet" in html
    assert "color: inherit" in html
    assert "role='status'" in html


def test_hints_come_one_by_one_and_the_last_stays(check_mirror):
    hints = [check_mirror(lambda pitches: pitches).hint for _ in range(3)]
    assert hints == ["first hint", "second hint", "second hint"]


def test_a_stub_is_neither_recorded_nor_hinted_at(check_mirror):
    result = check_mirror(...)
    assert (bool(result), result.hint) == (False, "")
    assert load_progress() == Progress()


def test_a_function_that_does_nothing_yet_is_a_stub(check_mirror):
    def mirror(pitches):
        """Mirror them."""
        ...

    result = check_mirror(mirror)
    assert (bool(result), result.hint) == (False, "")
    assert load_progress() == Progress()
    assert check_mirror(lambda pitches: pitches).hint == "first hint"


def test_a_failure_may_have_a_hint_of_its_own():
    texts = iter(["", "mine", None])

    @core.check(lesson="98", exercise="own", title="Own", hints=("first hint",))
    def checked(answer):
        raise Failure("No.", hint=next(texts))

    assert [checked(1).hint for _ in range(3)] == ["", "mine", "first hint"]
    core._EXERCISES.pop("98")


def test_a_table_of_numbers_is_told_by_its_shape():
    with pytest.raises(Failure) as caught:
        call(lambda maps: maps.nothing, np.zeros((2, 3)))
    assert "(<ndarray of shape (2, 3)>)` stopped with an error" in str(caught.value)


def test_the_learners_own_line_is_shown(check_mirror, tmp_path):
    cell = tmp_path / "cell.py"
    cell.write_text("def mirror(pitches):\n    total = 0\n    return max(pitches, key=lambda p: p / total)\n")
    scope: dict = {}
    exec(compile(cell.read_text(), str(cell), "exec"), scope)
    result = check_mirror(scope["mirror"])
    assert "`mirror([60, 64])` stopped with an error" in result.message
    assert "line 3 of your cell: return max(pitches, key=lambda p: p / total)" in result.excerpt
    assert "ZeroDivisionError" in result.excerpt
    assert "ZeroDivisionError" in result._repr_html_()


def test_an_error_inside_a_library_points_at_the_learners_line(tmp_path):
    cell = tmp_path / "cell.py"
    cell.write_text("import json\ndef read(text):\n    return json.loads(text)\n")
    scope: dict = {}
    exec(compile(cell.read_text(), str(cell), "exec"), scope)
    with pytest.raises(Failure) as caught:
        call(scope["read"], "{")
    assert "line 3 of your cell: return json.loads(text)" in caught.value.excerpt


def test_a_learners_exit_is_caught_and_an_interrupt_is_not():
    with pytest.raises(Failure):
        call(lambda: sys.exit(1))

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(interrupted)


def test_two_exercises_cannot_share_a_name(check_mirror):
    with pytest.raises(ValueError, match="taken by 'Mirror'"):
        check(lesson="99", exercise="mirror", title="Another")(lambda: "fine")


# ---- progress ----


def test_attempts_are_counted_and_a_pass_stays(home):
    record_exercise("01", "mirror", False)
    record_exercise("01", "mirror", True)
    record_exercise("01", "mirror", False)
    entry = load_progress().exercises["01/mirror"]
    assert entry["attempts"] == 3
    assert entry["passed_on"]
    assert json.loads((home / "progress.json").read_text())["schema"] == progress.SCHEMA


def test_the_best_quiz_result_is_kept_until_the_quiz_changes():
    record_quiz("01", "recap", 3, 4)
    record_quiz("01", "recap", 1, 4)
    assert load_progress().quizzes["01/recap"] == {"best": 3, "total": 4, "taken": 2}
    record_quiz("01", "recap", 2, 5)
    assert load_progress().quizzes["01/recap"] == {"best": 2, "total": 5, "taken": 3}
    with pytest.raises(ValueError, match="correct=6"):
        record_quiz("01", "recap", 6, 5)


DAMAGED = ["", "{", "[]", '{"schema": "1"}', '{"schema": 1, "exercises": [], "quizzes": {}}', "\xff\x00",
           '{"schema": 1, "exercises": {"01/x": {"attempts": "many"}}, "quizzes": {}}']  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_kept_aside_and_told(home, content, check_mirror):
    path = home / "progress.json"
    path.write_bytes(content.encode("latin-1"))
    assert "cannot be read" in (load_progress().notice or "")
    assert path.read_bytes() == content.encode("latin-1"), "reading must not touch the file"
    result = check_mirror(lambda pitches: pitches)
    assert "damaged" in result.notice
    assert "progress.json.bak" in result._repr_html_()
    assert (home / "progress.json.bak").read_bytes() == content.encode("latin-1")
    assert load_progress().exercises["99/mirror"]["attempts"] == 1


def test_a_second_damaged_file_does_not_replace_the_first(home):
    for content in ("one", "two"):
        (home / "progress.json").write_text(content)
        record_exercise("01", "mirror", True)
    assert (home / "progress.json.bak").read_text() == "one"
    assert (home / "progress.json.bak2").read_text() == "two"


def test_a_newer_file_is_left_alone(home, check_mirror):
    content = json.dumps({"schema": progress.SCHEMA + 1, "exercises": {}, "something": "new"})
    (home / "progress.json").write_text(content)
    with pytest.raises(ProgressError, match="newer version"):
        record_exercise("01", "mirror", True)
    result = check_mirror(lambda pitches: [60, 56])
    assert result, "the check itself goes on"
    assert "newer version" in result.notice
    assert "newer version" in (load_progress().notice or "")
    assert (home / "progress.json").read_text() == content


def test_an_unwritable_folder_does_not_break_a_check(home, monkeypatch, check_mirror):
    (home / "file").write_text("")
    monkeypatch.setenv("MUSEGEN_HOME", str(home / "file" / "below"))
    result = check_mirror(lambda pitches: [60, 56])
    assert result
    assert "could not be saved" in result.notice


def _record_many(home: str, exercise: str) -> None:
    import os

    os.environ["MUSEGEN_HOME"] = home
    for _ in range(20):
        record_exercise("01", exercise, True)


def test_two_kernels_at_once_lose_nothing(home):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_record_many, args=(str(home), name)) for name in ("mirror", "dice")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert {name: entry["attempts"] for name, entry in load_progress().exercises.items()} == {
        "01/mirror": 20,
        "01/dice": 20,
    }
    assert sorted(path.name for path in home.iterdir()) == ["progress.json", "progress.lock"]


def test_a_lock_that_is_held_is_told_and_a_killed_holder_leaves_none(home, monkeypatch):
    monkeypatch.setattr(progress, "_LOCK_SECONDS", 0.1)
    code = (
        "import pathlib, sys, time\nfrom musegen_edu.checks.progress import _locked\n"
        "with _locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(home / "progress.lock")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ProgressError, match="held by another notebook"):
            record_exercise("01", "mirror", True)
    finally:
        holder.kill()
        holder.communicate()
    record_exercise("01", "mirror", True)
    assert load_progress().exercises["01/mirror"]["passed_on"]


def test_reset_forgets_one_lesson_and_keeps_a_copy(home):
    record_exercise("00", "fifth", True)
    record_exercise("01", "mirror", True)
    left = progress.reset_progress("01")
    assert list(left.exercises) == ["00/fifth"]
    assert "01/mirror" in (home / "progress.json.bak").read_text()
    assert progress.reset_progress().exercises == {}
    with pytest.raises(ValueError, match="lesson='77'"):
        progress.reset_progress("77")


def test_show_progress_knows_every_lesson_and_exercise(home):
    code = (
        "from musegen_edu.checks import show_progress\nfrom musegen_edu.checks.progress import record_exercise, record_quiz\n"
        "record_exercise('00', 'fifth', True); record_quiz('00', 'recap', 2, 3)\n"
        "table = show_progress(); print(table); print(table._repr_html_())"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    rows = [" ".join(line.split()) for line in shown.splitlines()]  # the columns are as wide as the longest title
    assert "00 Start here ●○○ 1 of 3 2 of 3" in rows
    assert "01 What is generated music? ○○○ 0 of 3 not yet" in rows
    assert "02 Representing music ○○○○ 0 of 4 not yet" in rows
    assert "<th>lesson</th>" in shown


def test_quiz_records_its_result(monkeypatch, capsys, home):
    made: dict = {}

    class Quiz:
        def __init__(self, questions, *, key, on_result):
            made.update(questions=questions, key=key, on_result=on_result)

    monkeypatch.setitem(sys.modules, "musegen_edu.widgets.quiz", types.SimpleNamespace(Quiz=Quiz))
    quiz("01", "recap", ["question"])
    assert (made["questions"], made["key"]) == (["question"], "01.recap")
    made["on_result"](1, 2)
    assert load_progress().quizzes["01/recap"]["best"] == 1
    monkeypatch.setenv("MUSEGEN_HOME", str(Path(home) / "progress.json" / "below"))
    made["on_result"](2, 2)
    assert "could not be saved" in capsys.readouterr().err


def test_the_progress_table_names_the_lessons_as_they_name_themselves():
    sources = sorted((Path(__file__).parents[1] / "notebooks" / "src").glob("[0-9][0-9]_*.py"))
    titles = {lesson.number: lesson.title for lesson in map(read_lesson, sources)}
    assert len(titles) == len(sources) > 0
    assert titles == progress.LESSON_TITLES
