"""The core of the exercise checks: run a check, say what is wrong in a helpful way, and remember what was passed."""

from __future__ import annotations

import functools
import inspect
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, ParamSpec

from musegen_edu.checks.learner_code import call, describe, is_stub
from musegen_edu.checks.progress import ProgressError, record_exercise, record_quiz
from musegen_edu.checks.result import CheckResult, Failure

__all__ = ["CheckResult", "Failure", "call", "check", "exercises", "quiz"]

P = ParamSpec("P")
_EXERCISES: dict[str, dict[str, str]] = {}  # lesson -> exercise -> title, filled by @check
_failures: Counter[tuple[str, str]] = Counter()  # how often each exercise failed since the kernel started: more hints


def check(
    *, lesson: str, exercise: str, title: str, hints: tuple[str, ...] = ()
) -> Callable[[Callable[P, str]], Callable[P, CheckResult]]:
    """Make an exercise check out of a function that returns praise or raises `Failure`.

    The check never raises because of a wrong answer, whatever its type; it records each attempt in the learner's progress; and
    it gives the first hint with the first failure, the second with the second, and so on. An answer that is still the stub
    (`...`, or functions that do nothing yet) is neither recorded nor hinted at.

    Parameters
    ----------
    lesson : two digits, `"01"`.
    exercise : short name, unique in the lesson; never changed once published, for it is the key in the progress file.
    title : the exercise's name as the lesson writes it.
    hints : from a nudge to nearly the answer.

    Raises
    ------
    ValueError
        If another check has the same lesson and exercise.

    Examples
    --------
    >>> @check(lesson="99", exercise="double", title="Double it", hints=("Twice.",))
    ... def check_double(function):
    ...     if call(function, 4) != 8:
    ...         raise Failure("Twice 4 is 8.")
    ...     return "Doubled."
    >>> check_double(lambda number: number ** 2)
    Not yet: Double it. Twice 4 is 8.
    Hint: Twice.
    >>> _ = _EXERCISES.pop("99")
    """

    def decorate(function: Callable[P, str]) -> Callable[P, CheckResult]:
        known = _EXERCISES.setdefault(lesson, {})
        if exercise in known and known[exercise] != title:
            raise ValueError(
                f"exercise={exercise!r} of lesson {lesson} is taken by {known[exercise]!r}; choose another name"
            )
        known[exercise] = title
        signature = inspect.signature(function)

        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> CheckResult:
            answers = signature.bind(*args, **kwargs).arguments
            excerpt, hint = "", None
            try:
                message, passed = function(*args, **kwargs), True
            except Failure as failure:
                message, passed, excerpt, hint = str(failure), False, failure.excerpt, failure.hint
            except Exception as error:  # noqa: BLE001  (an answer of an odd type must not end in our traceback)
                message, passed = _cannot_read(answers, error), False
            if not passed and _not_begun(answers):
                return CheckResult(False, message, title=title, excerpt=excerpt)
            if hint is None:
                hint = "" if passed else _next_hint(lesson, exercise, hints)
            return CheckResult(
                passed,
                message,
                hint,
                title,
                excerpt,
                _remember(lesson, exercise, passed),
            )

        return run

    return decorate


def _not_begun(answers: dict[str, Any]) -> bool:
    """Tell whether three dots are left among the answers, or all functions among them do nothing yet."""
    functions = [value for value in answers.values() if inspect.isfunction(value)]
    return any(value is ... for value in answers.values()) or (bool(functions) and all(map(is_stub, functions)))


def _next_hint(lesson: str, exercise: str, hints: tuple[str, ...]) -> str:
    _failures[lesson, exercise] += 1
    return hints[min(_failures[lesson, exercise], len(hints)) - 1] if hints else ""


def _cannot_read(answers: dict[str, Any], error: Exception) -> str:
    kinds = ", ".join(f"{name} is {describe(value)}" for name, value in answers.items())
    return f"The check could not make sense of this answer: {kinds}. ({type(error).__name__}: {error})"


def _remember(lesson: str, exercise: str, passed: bool) -> str:
    try:
        return record_exercise(lesson, exercise, passed) or ""
    except (OSError, ProgressError) as error:
        return f"Your progress could not be saved: {error}"


def exercises() -> dict[str, list[str]]:
    """Return lesson -> names of its exercises, for every chapter module that has been imported.

    Examples
    --------
    >>> sorted(exercises()) == sorted(_EXERCISES)
    True
    """
    return {lesson: list(names) for lesson, names in _EXERCISES.items()}


def quiz(lesson: str, name: str, questions: Any) -> Any:
    """Make a quiz widget that records its result in the learner's progress.

    Parameters
    ----------
    lesson, name : key in the progress file, such as `"01", "recap"`.
    questions : as `musegen_edu.widgets.quiz.Quiz` takes them.
    """
    from musegen_edu.widgets.quiz import Quiz

    def record(correct: int, total: int) -> None:
        try:
            record_quiz(lesson, name, correct, total)
        except (OSError, ProgressError) as error:
            # The widget runs this in the background, where a message of ours has no cell to appear in.
            sys.stderr.write(f"The result of the quiz could not be saved: {error}\n")

    return Quiz(questions, key=f"{lesson}.{name}", on_result=record)
