"""The ways in: start.py, the lock, conda, pip, the wheel, CI. They must agree, and say what to do when they fail."""

from __future__ import annotations

import _thread
import ast
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import musegen_edu
from musegen_edu import doctor

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for pip is a shell script")


def lock_lines() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def locked() -> dict[str, Requirement]:
    requirements = [Requirement(line) for line in lock_lines()]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py, pointed at a folder that holds nothing but copies of the lock and the project file."""
    spec = importlib.util.spec_from_file_location("start_under_test", ROOT / "start.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("constraints.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    venv = tmp_path / ".venv"
    python = venv / "bin" / "python"
    places = {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": python,
        "STAMP": venv / "stamp.json",
        "LOG": venv / "install.log",
    }
    for name, value in places.items():
        monkeypatch.setattr(module, name, value)
    return module


def answering(calls: list[list[str]], status: Callable[[list[str]], int]) -> Callable[..., int]:
    """Return a stand-in for subprocess.call that notes each command."""

    def call(command: list[str], **_: object) -> int:
        calls.append(command)
        return status(command)

    return call


def fake_python(start, script: str) -> None:
    """Put a shell script where the Python of .venv would be."""
    start.PYTHON.parent.mkdir(parents=True, exist_ok=True)
    start.PYTHON.write_text(f"#!/bin/sh\n{script}\n")
    start.PYTHON.chmod(0o755)


# ---- one lock for every door ----


def test_the_lock_pins_every_requirement_to_one_version_that_fits():
    pins = locked()
    wanted = [
        Requirement(text)
        for group in [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
        for text in group
    ]
    assert {"keras", "tensorflow", "numpy"} <= set(pins)
    for requirement in wanted:
        pin = pins[canonicalize_name(requirement.name)]
        (specifier,) = pin.specifier
        assert specifier.operator == "=="
        assert requirement.specifier.contains(specifier.version), f"{requirement} against {pin}"


def test_the_lock_names_each_package_once():
    names = [canonicalize_name(Requirement(line).name) for line in lock_lines()]
    assert len(names) == len(set(names)) > 100


def test_the_lock_names_no_index_and_no_file():
    for line in lock_lines():
        assert "://" not in line and "@" not in line and not line.startswith("-"), line
    assert "index-url http" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not (ROOT / "uv.lock").exists()


def test_what_is_installed_here_is_what_the_lock_says():
    environment_differs = {}
    for name, pin in locked().items():
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra that is not installed here
        if not pin.specifier.contains(installed, prereleases=True):
            environment_differs[name] = f"{installed}, locked {pin.specifier}"
    assert environment_differs == {}


def test_conda_takes_python_and_leaves_the_rest_to_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *from_conda, from_pip = environment["dependencies"]
    (python,) = [text for text in from_conda if text.startswith("python=")]
    assert set(from_conda) == {python, "pip"}
    assert Version(python.removeprefix("python=")) in Requirement(f"python{PROJECT['requires-python']}").specifier
    assert from_pip == {"pip": ["-c constraints.txt", "-e ."]}


@pytest.mark.parametrize(("dev", "target"), [(False, ""), (True, "[dev]")])
def test_start_installs_from_the_lock(start, monkeypatch, dev, target):
    calls: list[list[str]] = []
    monkeypatch.setattr(start, "make_venv", lambda again: start.VENV.mkdir(exist_ok=True))
    monkeypatch.setattr(start, "pip_install", calls.append)
    monkeypatch.setattr(start.subprocess, "run", lambda *args, **kwargs: None)
    start.install(dev=dev, again=False)
    assert calls == [["-c", str(start.ROOT / "constraints.txt"), "-e", f"{start.ROOT}{target}"]]


def test_all_name_the_same_pythons_and_the_same_version(start):
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    classified = [text.rsplit(" ", 1)[1] for text in PROJECT["classifiers"] if "Python :: 3." in text]
    assert classified == ["3.11", "3.12", "3.13"]
    assert (start.OLDEST, start.NEWEST) == (doctor.OLDEST_PYTHON, doctor.NEWEST_PYTHON) == ((3, 11), (3, 13))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["version"] == musegen_edu.__version__ == citation["version"]


def test_ci_runs_the_test_command_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    assert "bash .ci/run" in steps
    last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert last == "python3 start.py test </dev/null"
    assert "\npython3 start.py\n" in readme and "\npython3 start.py test\n" in readme
    assert readme.index("\npython3 start.py\n") < readme.index("\npython3 start.py test\n")


def test_every_lesson_that_is_there_is_in_the_readme_and_no_other_is_promised():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        if (
            subprocess.run(
                ["git", "ls-files", "--error-unmatch", path], cwd=ROOT, capture_output=True, check=False
            ).returncode
            == 0
        ):
            assert f"(notebooks/{path.name})" in readme
    for line in readme.splitlines():
        for target in [part.split(")")[0] for part in line.split("](")[1:]]:
            assert "://" in target or (ROOT / target.partition("#")[0]).exists(), (
                f"README.md links to {target}, which is not there"
            )


@pytest.mark.slow
def test_the_wheel_carries_music_weights_and_widgets(tmp_path):
    wheel = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    built = Path(next(iter(wheel.build(directory=str(tmp_path), versions=["standard"]))))
    names = set(zipfile.ZipFile(built).namelist())
    for dataset in ("folk", "chorales"):
        assert {
            f"musegen_edu/_datasets/{dataset}/{file}" for file in (f"{dataset}.zip", "SHA256SUMS", "README.md")
        } <= names
    for file in (
        "weights/melody_lstm.npz",
        "weights/melody_lstm.json",
        "widgets/player.js",
        "widgets/theme.css",
        "py.typed",
    ):
        assert f"musegen_edu/{file}" in names
    assert "musegen_edu/lab_config/labconfig/page_config.json" in names
    assert not [
        name
        for name in names
        if "node_modules" in name or "__pycache__" in name or (name.endswith("build.py") and "_datasets" in name)
    ]


# ---- start.py ----


def test_an_old_python_can_read_start_and_it_needs_only_the_standard_library():
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert imported and imported <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("version", [(3, 8, 10), (3, 14, 0)])
def test_another_python_is_told_what_to_get(start, monkeypatch, capsys, version):
    monkeypatch.setattr(start.sys, "version_info", version)
    monkeypatch.setattr(start.shutil, "which", lambda name: None)
    assert start.main([]) == 1
    said = capsys.readouterr().err
    assert f"Python {version[0]}.{version[1]}" in said and "python3.12 start.py" in said and "Traceback" not in said


def test_another_python_hands_over_to_one_that_fits(start, monkeypatch):
    calls: list[list[str]] = []
    monkeypatch.setattr(start.sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(start.shutil, "which", lambda name: "/there/python3.13" if name == "python3.13" else None)
    monkeypatch.setattr(start.subprocess, "call", answering(calls, lambda command: 7))
    assert start.main(["lab", "--port", "9999"]) == 7
    assert calls == [["/there/python3.13", str(start.ROOT / "start.py"), "lab", "--port", "9999"]]


def test_an_intel_mac_is_sent_elsewhere(start, monkeypatch):
    monkeypatch.setattr(start.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(start.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(start, "under_rosetta", lambda: False)
    with pytest.raises(start.CannotGoOnError, match=r"Intel processor(.|\n)*Binder"):
        start.check_platform()


def stamped(start) -> None:
    start.PYTHON.parent.mkdir(parents=True)
    start.PYTHON.touch()
    start.STAMP.write_text(json.dumps({"lock": start.lock_hash(), "root": str(start.ROOT), "dev": True}))


def test_the_second_start_installs_nothing(start, monkeypatch):
    stamped(start)
    monkeypatch.setattr(start, "pip_install", lambda arguments: pytest.fail("installed again"))
    monkeypatch.setattr(start.subprocess, "run", lambda *args, **kwargs: pytest.fail("started a program"))
    began = time.process_time()  # of this process alone: another one may keep the machine busy
    start.install(dev=True, again=False)
    start.install(dev=False, again=False)  # what the tests need stays installed
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("change", ["lock", "folder", "cut stamp"])
def test_a_changed_lock_a_moved_folder_or_a_cut_stamp_installs_again(start, monkeypatch, change):
    stamped(start)
    if change == "lock":
        (start.ROOT / "constraints.txt").write_text("numpy==2.0.0\n")
    elif change == "folder":
        start.STAMP.write_text(start.STAMP.read_text().replace(start.ROOT.name, "elsewhere"))
    else:
        start.STAMP.write_text('{"lock": ')
    calls: list[list[str]] = []
    monkeypatch.setattr(start, "make_venv", lambda again: None)
    monkeypatch.setattr(start, "pip_install", calls.append)
    monkeypatch.setattr(start.subprocess, "run", lambda *args, **kwargs: None)
    start.install(dev=False, again=False)
    assert len(calls) == 1
    start.install(dev=False, again=False)
    assert len(calls) == 1


def test_too_little_disk_is_said_before_anything_is_downloaded(start, monkeypatch, capsys):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**9})())
    monkeypatch.setattr(start, "check_platform", lambda: None)
    assert start.main(["install"]) == 1
    assert "1.0 GB left" in capsys.readouterr().err
    assert not start.VENV.exists()


@posix
@pytest.mark.parametrize(
    ("pip_says", "cure"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        (
            "WARNING: Retrying after connection broken by 'NameResolutionError: Failed to resolve pypi.example'\n"
            "ERROR: No matching distribution found for anywidget==0.11.0",
            "Check the network",
        ),
        (
            "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Authentication Required'))",
            "HTTPS_PROXY",
        ),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "PIP_CERT"),
        ("ERROR: No matching distribution found for symusic==0.6.0", r"no ready-made package of symusic==0\.6\.0"),
        ("ERROR: Failed building wheel for verovio", "no ready-made package of verovio"),
        ("ERROR: [Errno 13] Permission denied: 'site-packages'", "Close any JupyterLab"),
    ],
)
def test_a_failed_installation_says_what_to_do(start, pip_says, cure):
    fake_python(start, f'cat <<"END"\n{pip_says}\nEND\nexit 1')
    with pytest.raises(start.CannotGoOnError, match=cure) as caught:
        start.pip_install(["-e", "."])
    assert pip_says.splitlines()[-1] in str(caught.value)
    assert start.LOG.read_text().strip() == pip_says


@posix
def test_an_unknown_failure_shows_the_last_words_of_pip(start):
    fake_python(start, "echo something new\nexit 2")
    with pytest.raises(start.CannotGoOnError, match=r"(?s)install\.log.*something new"):
        start.pip_install(["-e", "."])


@posix
def test_what_pip_does_is_shown(start, monkeypatch):
    fake_python(start, "echo Collecting numpy==2.4.6\necho '  Downloading numpy-2.4.6-cp311.whl (16.8 MB)'")
    shown: list[str] = []
    monkeypatch.setattr(start, "progress", shown.append)
    start.pip_install(["-e", "."])
    assert any("1 packages  downloading numpy (16.8 MB)" in text for text in shown)


@posix
def test_ctrl_c_stops_pip_and_leaves_no_stamp(start, monkeypatch, capsys, ctrl_c):
    fake_python(start, f"echo $$ > {start.ROOT}/pid\nexec sleep 20")
    monkeypatch.setattr(start, "make_venv", lambda again: None)
    monkeypatch.setattr(start, "check_platform", lambda: None)
    waits = threading.Event()  # start.py has pip in hand and waits for what it says
    monkeypatch.setattr(start, "progress", lambda text: waits.set())

    def interrupt_once_it_runs():
        waits.wait()
        while not (start.ROOT / "pid").is_file() or not (start.ROOT / "pid").read_text().strip():
            time.sleep(0.05)
        _thread.interrupt_main()

    threading.Thread(target=interrupt_once_it_runs, daemon=True).start()
    assert start.main(["install"]) == 130
    assert "Start again at any time" in capsys.readouterr().err
    assert not start.STAMP.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((start.ROOT / "pid").read_text()), 0)


def test_a_python_without_venv_is_told_the_package(start, monkeypatch):
    answer = subprocess.CompletedProcess(
        [], 1, stdout=b"The virtual environment was not created because ensurepip is not available."
    )
    monkeypatch.setattr(start.subprocess, "run", lambda *args, **kwargs: answer)
    with pytest.raises(start.CannotGoOnError, match=r"apt install python3\.\d+-venv"):
        start.make_venv(again=False)


def test_children_write_bytecode_and_ignore_foreign_paths(start, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert not {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH"} & set(start.child_env())


def test_arguments_of_the_test_command_go_to_pytest(start, monkeypatch):
    calls: list[list[str]] = []
    monkeypatch.setattr(start.subprocess, "call", answering(calls, lambda command: 0))
    assert start.run_tests(start.parse(["test", "-k", "midi"]).pytest) == 0
    assert calls == [[str(start.PYTHON), "-m", "pytest", "-k", "midi"]]


@pytest.fixture
def test_command(start, monkeypatch):
    """Runs `start.py test` with stand-ins for its checks, and tells what would have been run and what came of it."""

    def run(exit_code):
        calls: list[list[str]] = []
        monkeypatch.setattr(start, "fetch_typescript", lambda: None)
        monkeypatch.setattr(start.subprocess, "call", answering(calls, exit_code))

        @contextlib.contextmanager
        def running_behind(command, environment):
            calls.append(command)
            yield lambda: exit_code(command)

        monkeypatch.setattr(start, "running_behind", running_behind)
        monkeypatch.setattr(start, "give_way", lambda: calls.append(["gives", "way", "to others"]))
        return start.run_tests([]), calls

    return run


def test_one_failing_check_fails_the_test_command_and_the_others_still_run(test_command, capsys):
    failed, calls = test_command(lambda command: int("mypy" in command))
    assert failed == 1
    assert [command[2] for command in calls] == ["pytest", "ruff", "mypy", "pytest", "to others", "pytest"]
    lessons, browser, others = (command for command in calls if command[2] == "pytest")
    left_out = {others[i + 1] for i, word in enumerate(others) if word == "--ignore"}
    assert left_out == {"tests/browser", "tests/test_lesson_runs.py"}  # no test twice, none left out
    assert "tests/browser" in browser and "tests/test_lesson_runs.py" in lessons
    assert all((ROOT / name).exists() for name in left_out)
    assert {"tests", "musegen_edu"} <= set(others)
    assert "Failed: mypy" in capsys.readouterr().err


def test_a_lesson_that_fails_fails_the_test_command(test_command, capsys):
    assert test_command(lambda command: 2 * ("tests/test_lesson_runs.py" in command and "--ignore" not in command))[0]
    assert "Failed: lessons" in capsys.readouterr().err
    assert test_command(lambda command: 0)[0] == 0


def test_what_runs_behind_gives_way_and_tells_its_story_at_the_end(start, monkeypatch, capfd):
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(start.os, "setpriority", lambda *how: asked.append(how), raising=False)
    monkeypatch.setattr(start.os, "PRIO_PROCESS", 0, raising=False)
    code = "import os, sys; print('number', os.getpid(), flush=True); sys.exit(3)"
    with start.running_behind([sys.executable, "-c", code], dict(os.environ)) as finish:
        assert finish() == 3
    ((which, process, patience),) = asked
    assert (which, patience) == (0, 19)
    assert f"number {process}\n" in capfd.readouterr().out


def test_nothing_behind_outlives_the_command(start):
    sleeper = f"import pathlib, time; pathlib.Path({str(start.ROOT / 'on')!r}).touch(); time.sleep(600)"

    def is_stopped():
        with start.running_behind([sys.executable, "-c", sleeper], dict(os.environ)):
            while not (start.ROOT / "on").exists():
                time.sleep(0.05)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        is_stopped()
    assert time.monotonic() - began < 300


UNLUCKY = """
import pathlib

def test_is_late_the_first_time():
    mark = pathlib.Path(__file__).with_suffix(".seen")
    seen = mark.exists()
    mark.touch()
    assert seen
"""


@pytest.mark.parametrize(
    ("tests", "passes", "again"),
    [
        ({"test_good.py": "def test_a(): pass"}, False, None),
        ({"test_good.py": "def test_a(): pass", "test_unlucky.py": UNLUCKY}, True, ["test_unlucky.py"]),
        ({"test_bad.py": "def test_a(): assert False"}, False, ["test_bad.py"]),
        ({f"test_unlucky_{i}.py": UNLUCKY for i in range(6)}, False, None),  # no accident
    ],
)
def test_what_fails_while_the_machine_is_busy_is_run_once_more_alone(start, monkeypatch, tests, passes, again):
    really, calls = subprocess.call, list[list[str]]()

    def call(command, **options):
        calls.append(command)
        return really(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)

    monkeypatch.setattr(start, "PYTHON", Path(sys.executable))
    for name, text in tests.items():
        (start.ROOT / name).write_text(text, encoding="utf-8")
    first, cache = [sys.executable, "-m", "pytest", *tests], start.ROOT / "noted"
    call([*first, "-o", f"cache_dir={cache}"], cwd=start.ROOT)
    monkeypatch.setattr(start.subprocess, "call", call)
    assert start.passes_once_more([cache]) is passes
    assert [[word for word in one if word in tests] for one in calls] == [list(tests)] + ([again] if again else [])


def test_failures_of_several_runs_are_run_again_together_and_of_the_lessons_only_those(start, monkeypatch):
    calls: list[list[str]] = []
    monkeypatch.setattr(start.subprocess, "call", answering(calls, lambda command: 0))
    noted = {
        "browser": ["tests/browser/test_a.py::test_b", "tests/browser/test_a.py::test_c"],
        "lessons": ["tests/test_lesson_runs.py::test_run[05]"],
    }
    for name, failures in noted.items():
        folder = start.ROOT / name / "v" / "cache"
        folder.mkdir(parents=True)
        (folder / "lastfailed").write_text(json.dumps(dict.fromkeys(failures, True)), encoding="utf-8")
    assert start.passes_once_more([start.ROOT / name for name in noted])
    assert calls[0][3:5] == ["tests/browser/test_a.py", "tests/test_lesson_runs.py::test_run[05]"]
    assert not start.passes_once_more([start.ROOT / "browser", start.ROOT / "nothing noted"])


@pytest.mark.parametrize(
    ("code", "second_time", "failed"), [(1, True, 0), (1, False, 1), (2, True, 1), (0, False, 0)]
)  # 2: pytest's own troubles
def test_what_passes_the_second_time_has_passed(start, test_command, monkeypatch, code, second_time, failed):
    asked: list[list[str]] = []

    def passes_once_more(caches):
        asked.append([cache.name for cache in caches])
        return second_time

    monkeypatch.setattr(start, "passes_once_more", passes_once_more)

    assert test_command(lambda command: code * (command[3:4] == ["tests/browser"]))[0] == failed
    assert asked == ([["browser"]] if code == 1 else [])


# ---- text files ----


def test_text_files_end_their_lines_with_a_line_feed():
    listed = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git clone")
    assert "i/lf" in listed.stdout
    assert [line for line in listed.stdout.splitlines() if "i/crlf" in line or "i/mixed" in line] == []
