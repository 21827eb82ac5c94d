"""For tests and doctests alike: nothing of the person who runs them is read or written."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before any test module loads the backend or matplotlib.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["MPLBACKEND"] = "agg"


@pytest.fixture(scope="session", autouse=True)
def private_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the session a cache and a learner's folder of its own; nothing in the environment names other data or sounds.

    Processes that share one run of the tests share the cache, too, so that sounds are rendered once.
    """
    root = tmp_path_factory.mktemp("private")
    run = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_CACHE", str((run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "sounds"))
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


class QuarterLatents:
    """A stand-in for a `MelodyVAE`: sixteen numbers, the mean pitch of each quarter; every other quarter is decoded to two eighths."""

    n_decodes = 0  # calls

    def encode(self, symbols: Any) -> tuple[Any, Any]:
        """Return mean and log variance, (n, 16) each."""
        import numpy as np

        means = []
        for row in np.asarray(symbols):
            sounding, line = 20, []
            for symbol in row.tolist():
                sounding = symbol if symbol > 2 else sounding
                line.append(sounding)
            means.append((np.array(line).reshape(16, 4).mean(axis=1) - 24) / 6)
        return np.array(means, np.float32), np.zeros((len(means), 16), np.float32)

    def decode(self, z: Any) -> Any:
        """Return symbols, (n, 64)."""
        import numpy as np

        self.n_decodes += 1
        pitches = np.clip(np.rint(6 * np.asarray(z) + 24), 3, 44).astype(np.int32)
        rows = np.ones((len(pitches), 16, 4), np.int32)  # hold
        rows[:, :, 0] = pitches
        rows[:, ::2, 2] = pitches[:, ::2] + 2
        return rows.reshape(len(pitches), 64)


@pytest.fixture
def toy_vae() -> QuarterLatents:
    """A model that the latent explorer can work with, at once."""
    return QuarterLatents()


@pytest.fixture(scope="session")
def four_corners() -> tuple[Any, ...]:
    """Four melodies of four bars, each at a level of its own, with lengths and velocities that no model would give back."""
    from musegen_edu import Score

    steps = [0, 2, 4, 5, 7, 5, 4, 2]
    return tuple(
        Score.from_notes(
            [(24 * i, (24, 18, 12)[(i + corner) % 3], 60 + 3 * corner + steps[(i * (corner + 1)) % 8], 70 + i) for i in range(16)],
            key="C major",
            title=f"Tune {corner + 1}",
        )
        for corner in range(4)
    )  # fmt: skip
