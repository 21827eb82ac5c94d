"""What a build has to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LessonReport:
    """What happened to one lesson.

    Parameters
    ----------
    slug : its name.
    problems : what is wrong or stale; empty where all is well.
    written : the files written.
    cpu_seconds : measured for the stored solution, or None where it was never executed.
    cpu_seconds_stated : what the lesson's header says.
    """

    slug: str
    problems: tuple[str, ...] = ()
    written: tuple[Path, ...] = ()
    cpu_seconds: float | None = None
    cpu_seconds_stated: float | None = None


@dataclass(frozen=True)
class BuildReport:
    """What happened to all lessons; prints as a table.

    Examples
    --------
    >>> BuildReport((LessonReport("01_first", cpu_seconds=12.3, cpu_seconds_stated=12),))
    01_first: up to date; 12.3 CPU seconds measured, 12 stated
    """

    lessons: tuple[LessonReport, ...]

    @property
    def ok(self) -> bool:
        """Whether no lesson has a problem."""
        return not any(lesson.problems for lesson in self.lessons)

    def __repr__(self) -> str:
        return "\n".join(line for lesson in self.lessons for line in _describe(lesson))


def _describe(lesson: LessonReport) -> Iterator[str]:
    state = (
        f"{len(lesson.problems)} to look at"
        if lesson.problems
        else f"{len(lesson.written)} files written"
        if lesson.written
        else "up to date"
    )
    cost = (
        ""
        if lesson.cpu_seconds is None
        else f"; {lesson.cpu_seconds:g} CPU seconds measured, {lesson.cpu_seconds_stated:g} stated"
    )
    yield f"{lesson.slug}: {state}{cost}"
    yield from (f"  {problem}" for problem in lesson.problems)
