"""The notebook pipeline: one source file a lesson, and the student, solution and teacher copies made from it.

Needs the `dev` extra (jupytext and nbclient); lessons themselves do not use it.
"""

from __future__ import annotations

from musegen_edu.authoring.build import build_notebooks
from musegen_edu.authoring.report import BuildReport, LessonReport
from musegen_edu.authoring.source import LessonError

__all__ = ["BuildReport", "LessonError", "LessonReport", "build_notebooks"]
