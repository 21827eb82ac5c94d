"""What several test modules share, and doctests do not need."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def run_on_backend() -> Callable[[str, str], str]:
    """Give a function that runs a script on a backend of Keras, in a process of its own, and returns what the script prints.

    The script may import test modules by their names. A backend that is not installed skips the test.
    """

    def run(backend: str, script: str) -> str:
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"{backend} is not installed here: pip install 'musegen-edu[{backend}]'")
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["PYTHONPATH"] = str(Path(__file__).parent)
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            pytest.fail(done.stderr[-2000:])
        return done.stdout

    return run
