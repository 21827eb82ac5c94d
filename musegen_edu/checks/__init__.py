"""Instant feedback for the exercises: one module a chapter, and the learner's progress.

>>> show_progress().rows[0][:2]
('00', 'Start here')
"""

from __future__ import annotations

import importlib
import pkgutil

from musegen_edu.checks import core
from musegen_edu.checks.core import CheckResult, Failure, call, check, quiz
from musegen_edu.checks.progress import load_progress, reset_progress
from musegen_edu.checks.progress_table import ProgressTable, progress_table

__all__ = ["CheckResult", "Failure", "call", "check", "quiz", "reset_progress", "show_progress"]


def show_progress() -> ProgressTable:
    """Return a table of the lessons, the exercises passed and the quiz results of this learner.

    Lesson: 00 start_here.
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return progress_table(core.exercises(), load_progress())
