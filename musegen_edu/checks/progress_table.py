"""The table of what a learner has done and what there is to do."""

from __future__ import annotations

import html
from dataclasses import dataclass

from musegen_edu.checks.progress import LESSON_TITLES, Progress


@dataclass(frozen=True)
class ProgressTable:
    """The learner's progress as a table; shows itself in a notebook."""

    rows: tuple[tuple[str, str, str, str], ...]  # lesson, title, exercises, quizzes
    notice: str | None = None

    def __repr__(self) -> str:
        head = ("lesson", "title", "exercises", "quiz")
        widths = [max(len(row[column]) for row in (head, *self.rows)) for column in range(4)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (head, *self.rows)
        ]
        return "\n".join([*lines, *([self.notice] if self.notice else [])])

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{lesson}</td><td style='text-align: left'>{html.escape(title)}</td>"
            f"<td style='text-align: left'>{html.escape(exercises)}</td><td style='text-align: left'>{html.escape(quizzes)}</td></tr>"
            for lesson, title, exercises, quizzes in self.rows
        )
        notice = f"<p>{html.escape(self.notice)}</p>" if self.notice else ""
        head = "<tr><th>lesson</th><th style='text-align: left'>title</th><th style='text-align: left'>exercises passed</th><th style='text-align: left'>quiz</th></tr>"
        return f"<table style='color: inherit'><thead>{head}</thead><tbody>{body}</tbody></table>{notice}"


def progress_table(exercises: dict[str, list[str]], progress: Progress) -> ProgressTable:
    """Set a learner's progress beside what there is to do.

    Parameters
    ----------
    exercises : lesson -> its exercises, for example `{"01": ["mirror"]}`.
    progress : from `load_progress`.

    Examples
    --------
    >>> progress = Progress({"01/mirror": {"attempts": 2, "passed_on": "2026-03-01"}})
    >>> progress_table({"01": ["mirror", "dice"]}, progress)
    lesson  title                     exercises  quiz
    01      What is generated music?  ●○ 1 of 2  not yet
    """
    rows = []
    for lesson in sorted(set(exercises) | set(LESSON_TITLES)):
        names = exercises.get(lesson, [])
        passed = [bool(progress.exercises.get(f"{lesson}/{name}", {}).get("passed_on")) for name in names]
        if not names:
            continue
        marks = "".join("●" if done else "○" for done in passed)
        results = [entry for key, entry in sorted(progress.quizzes.items()) if key.startswith(f"{lesson}/")]
        quizzes = ", ".join(f"{entry['best']} of {entry['total']}" for entry in results) or "not yet"
        rows.append((lesson, LESSON_TITLES.get(lesson, ""), f"{marks} {sum(passed)} of {len(names)}", quizzes))
    return ProgressTable(tuple(rows), progress.notice)
