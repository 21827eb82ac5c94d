"""The widgets' JavaScript against the types that its comments name. Needs Node, which the course itself does not."""

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMPILER = HERE / "node_modules" / "typescript" / "bin" / "tsc"


def test_javascript_keeps_its_types():
    if not COMPILER.is_file():
        pytest.skip("no TypeScript here; npm ci --prefix tests/browser installs it")
    project = HERE.parents[1] / "musegen_edu" / "widgets" / "jsconfig.json"
    done = subprocess.run(["node", str(COMPILER), "-p", str(project)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
