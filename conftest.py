"""For tests and doctests alike: nothing of the person who runs them is read or written."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before any test module loads the backend or matplotlib.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["MPLBACKEND"] = "agg"


@pytest.fixture(scope="session", autouse=True)
def private_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the session a cache and a learner's folder of its own; nothing in the environment names other data or sounds."""
    root = tmp_path_factory.mktemp("private")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_CACHE", str(root / "cache"))
        patch.setenv("MUSEGEN_HOME", str(root / "home"))
        for name in ("MUSEGEN_DATASETS", "MUSEGEN_WEIGHTS", "MUSEGEN_SOUNDFONT", "MUSEGEN_STATIC"):
            patch.delenv(name, raising=False)
        yield root


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let SIGINT interrupt, here and in child processes. A run in the background of a shell script has it switched off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
