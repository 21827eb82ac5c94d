"""Open the course:  python3 start.py            (installs what is missing first; the second start is immediate)
Run the tests:    python3 start.py test

Needs nothing but Python 3.11, 3.12 or 3.13. Everything is installed into the folder .venv beside this file; to undo it,
delete that folder. The file keeps to the grammar of Python 3.8, so that an old Python can say what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Callable, Dict, Iterator, List, Optional, Tuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "musegen-stamp.json"
LOG = VENV / "install.log"
OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GB = 4.0  # the installed .venv and what pip unpacks on the way

# For processes that share the machine: as many threads each as they have cores is slower than one.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"
)
LESSON_RUNS = "tests/test_lesson_runs.py"
PYTEST_RUNS = ("lessons", "browser", "pytest")

# What pip says when it fails -> what to tell the person. The first match wins, so the more telling ones stand first.
CURES: Tuple[Tuple[str, str], ...] = (
    (
        r"No space left on device|Errno 28|WinError 112|not enough space",
        f"The disk is full. Free about {NEEDED_GB:.0f} GB (pip's own cache: python3 -m pip cache purge) and start again.",
    ),
    (
        r"Windows Long Path|WinError 206|Errno 36",
        "A path is too long for this system. Move the course to a short path such as C:\\musegen and start again.",
    ),
    (
        r"407 Proxy|ProxyError|Tunnel connection failed",
        "A proxy stands between this computer and the packages. Ask for its address, then set it and start again:\n"
        "  Linux, macOS:  export HTTPS_PROXY=http://proxy.example:8080\n"
        "  Windows:       set HTTPS_PROXY=http://proxy.example:8080",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "The certificate of the package server is not trusted. On a school or company network, ask for its root\n"
        "certificate file and set PIP_CERT to its path. With Python from python.org on a Mac, run 'Install\n"
        "Certificates.command' in the Python folder of Applications. Check the computer's clock, too.",
    ),
    (
        r"NameResolutionError|Name or service not known|getaddrinfo failed|Temporary failure in name resolution|nodename nor"
        r"|NewConnectionError|ConnectTimeout|ConnectionError|Network is unreachable|ReadTimeout|timed out|Max retries exceeded"
        r"|Connection refused|Connection reset|IncompleteRead|connection broken",
        "The packages could not be downloaded. Check the network and start again; what has arrived is kept. The network\n"
        "is needed for this one installation only, not for the lessons.",
    ),
    (
        r"Permission denied|Access is denied|Errno 13|WinError 5\b|WinError 32",
        "A file could not be written. Close any JupyterLab that still runs from this folder, make sure that the folder is\n"
        "yours (not a read-only share), and start again.",
    ),
    (
        r"No matching distribution found for (?P<name>\S+)|Failed to build (?P<built>\S+)|Failed building wheel for (?P<wheel>\S+)",
        "There is no ready-made package of {name} for this computer ({machine}). The course runs on Linux (x86-64, ARM with\n"
        "glibc), Windows 10 and 11 (64 bit) and Macs with Apple silicon, with a 64-bit Python {oldest} to {newest}. Elsewhere, use\n"
        "the course in a browser through Binder: see 'Trouble-shooting' in README.md.",
    ),
)


class CannotGoOnError(Exception):
    """Something that the person at the keyboard can mend; its text says how."""


def main(arguments: Optional[List[str]] = None) -> int:
    """Run one command and return its exit status."""
    options = parse(arguments)
    try:
        status = with_right_python(arguments)
        if status is not None:
            return status
        check_platform()
        install(dev=options.command == "test", again=options.reinstall)
        if options.command == "install":
            say("Installed. Open the course with: python3 start.py")
            return 0
        if options.command == "test":
            return run_tests(options.pytest)
        lab = (
            ["lab"]
            + (["--no-browser"] if options.no_browser else [])
            + (["--port", str(options.port)] if options.port else [])
        )
        return become([str(PYTHON), "-m", "musegen_edu.cli", *lab])
    except CannotGoOnError as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Start again at any time: it goes on from here.", file=sys.stderr)
        return 130


def parse(arguments: Optional[List[str]]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="start.py",
        description="Open the course; the first time, install it into .venv.",
        epilog="examples:\n  python3 start.py\n  python3 start.py --no-browser --port 8899\n  python3 start.py test\n  python3 start.py test -k midi",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["lab", "test", "install"],
        default="lab",
        help="lab (the default), test, or install only",
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    parser.add_argument("--port", type=int, help="port for JupyterLab; without it, the first free one from 8888")
    parser.add_argument(
        "--reinstall", action="store_true", help="make .venv anew, even if everything seems to be there"
    )
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "test":
        parser.error("unrecognized arguments: {}".format(" ".join(rest)))
    options.pytest = rest
    return options


def with_right_python(arguments: Optional[List[str]]) -> Optional[int]:
    """Return None under a Python that the course runs on; else hand over to one, or say how to get it."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return None
    here = "Python {}.{} ({})".format(*sys.version_info[:2], sys.executable)
    for minor in (12, 13, 11):
        found = shutil.which(f"python3.{minor}")
        if found:
            say(f"This is {here}, which the course cannot use. Taking {found} instead.")
            return subprocess.call([found, str(ROOT / "start.py"), *(sys.argv[1:] if arguments is None else arguments)])
    raise CannotGoOnError(
        f"This is {here}. The course needs Python {dotted(OLDEST)}, 3.12 or {dotted(NEWEST)}, because TensorFlow has packages for these.\n"
        "Get one of them:\n"
        "  Windows, macOS:  https://www.python.org/downloads/ (choose 3.12)\n"
        "  Debian, Ubuntu:  sudo apt install python3.12 python3.12-venv\n"
        "  Fedora:          sudo dnf install python3.12\n"
        "Then:  python3.12 start.py      (on Windows:  py -3.12 start.py)"
    )


def check_platform() -> None:
    """Refuse early, and kindly, where the installation cannot succeed."""
    machine, system = platform.machine().lower(), platform.system()
    browser = "The course still runs in a browser, through Binder: see 'Trouble-shooting' in README.md."
    if system == "Darwin" and machine == "x86_64" and not under_rosetta():
        raise CannotGoOnError(
            "This is a Mac with an Intel processor. TensorFlow has had no package for it since version 2.16, so the course\n"
            "cannot be installed here as it is. " + browser
        )
    if system == "Darwin" and machine == "x86_64":
        raise CannotGoOnError(
            "This Python is made for Intel Macs, but your Mac has Apple silicon. Install Python from python.org (universal) and start again."
        )
    if sys.maxsize < 2**32:
        raise CannotGoOnError(
            "This Python is a 32-bit one. TensorFlow needs a 64-bit Python; get it from https://www.python.org/downloads/."
        )
    if system == "Linux" and not platform.libc_ver()[0] and shutil.which("apk"):
        raise CannotGoOnError("This Linux is built on musl (Alpine), for which TensorFlow has no package. " + browser)


def under_rosetta() -> bool:
    """Return whether this process is Intel code that a Mac with Apple silicon translates."""
    answer = subprocess.run(
        ["sysctl", "-in", "sysctl.proc_translated"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    return answer.stdout.strip() == b"1"


def install(dev: bool, again: bool) -> None:
    """Make .venv and fill it, unless the stamp in it says that this has been done for these very files."""
    stamp = read_stamp()
    dev = dev or bool(stamp.get("dev"))  # what was once installed stays
    wanted = {"lock": lock_hash(), "root": str(ROOT), "dev": dev}
    if not again and PYTHON.exists() and {key: stamp.get(key) for key in wanted} == wanted:
        return
    started = time.monotonic()
    free_gb = shutil.disk_usage(str(ROOT)).free / 1e9
    if not stamp and free_gb < NEEDED_GB:
        raise CannotGoOnError(
            f"The course needs about {NEEDED_GB:.0f} GB of disk; {ROOT} has {free_gb:.1f} GB left. Make room and start again."
        )
    make_venv(again)
    if STAMP.exists():
        STAMP.unlink()
    say("Installing the course into .venv. The first time this downloads about 900 MB and takes some minutes.")
    target = "{}{}".format(ROOT, "[dev]" if dev else "")
    pip_install(["-c", str(ROOT / "constraints.txt"), "-e", target])
    say("Getting everything ready to start quickly ...")
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", str(ROOT / "musegen_edu")], env=child_env(), check=False)
    subprocess.run(
        [str(PYTHON), "-c", "import matplotlib.font_manager"], env=child_env(), check=False, stderr=subprocess.DEVNULL
    )
    temporary = STAMP.with_suffix(".part")
    temporary.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
    temporary.replace(STAMP)
    say(f"Done in {clock(time.monotonic() - started)}.")


def make_venv(again: bool) -> None:
    """Make .venv; make it anew when asked to, or where its Python no longer runs or is one that the course cannot use."""
    if PYTHON.exists() and not again:
        probe = subprocess.run(
            [str(PYTHON), "-c", "import pip, sys; print(sys.version_info[0], sys.version_info[1])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        numbers = tuple(int(word) for word in probe.stdout.split())
        if probe.returncode == 0 and OLDEST <= numbers <= NEWEST:
            return
    say("Making .venv ...")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=child_env(),
        check=False,
    )
    text = made.stdout.decode(errors="replace")
    if made.returncode == 0:
        return
    if "ensurepip" in text:
        raise CannotGoOnError(
            "This Python cannot make a virtual environment: its venv part is missing. On Debian and Ubuntu:\n"
            "  sudo apt install python{}.{}-venv\nthen start again.".format(*sys.version_info[:2])
        )
    raise CannotGoOnError(f"The folder {VENV} could not be made:\n{cure(text) or text.strip()}")


def pip_install(arguments: List[str]) -> None:
    """Run pip, show how far it is on one line, keep its whole output in a log, and explain a failure."""
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        *arguments,
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=child_env(),
        cwd=str(ROOT),
    )
    lines: "queue.Queue[Optional[str]]" = queue.Queue()
    threading.Thread(target=pump, args=(process.stdout, lines), daemon=True).start()
    started, found, doing, output = time.monotonic(), 0, "looking for packages", []
    line: Optional[str] = ""
    try:
        while line is not None:
            try:
                line = lines.get(timeout=0.5)
            except queue.Empty:
                line = ""
            if line:
                output.append(line)
                found += line.startswith(("Collecting ", "Processing "))
                doing = activity(line) or doing
            progress(f"{clock(time.monotonic() - started)}  {found} packages  {doing}")
        status = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        progress("")
        LOG.write_text("".join(output), encoding="utf-8")
    if status:
        text = "".join(output)
        last = "\n".join("  " + row.rstrip() for row in output[-6:])
        raise CannotGoOnError(
            "The installation failed. {}\n\npip's last words (all of them: {}):\n{}".format(
                cure(text), LOG.relative_to(ROOT), last
            )
        )


def pump(stream: Optional[IO[bytes]], lines: "queue.Queue[Optional[str]]") -> None:
    """Move pip's lines from its pipe to the queue; None ends them."""
    if stream is not None:
        with stream:
            for row in stream:
                lines.put(row.decode(errors="replace"))
    lines.put(None)


def activity(line: str) -> str:
    """Say in a few words what a line of pip's output means; empty if it means nothing to a person."""
    found = re.match(r"\s*(Downloading|Using cached) (?:\S*/)?([A-Za-z0-9_.]+?)-[0-9]\S*(?: \((.+?)\))?", line)
    if found:
        return "{} {} {}".format(
            "downloading" if found[1] == "Downloading" else "from the cache:",
            found[2],
            f"({found[3]})" if found[3] else "",
        ).strip()
    return "unpacking and compiling: a few minutes on a slow disk" if line.startswith("Installing collected") else ""


def cure(text: str) -> str:
    """Return what to do about a failure, from the output of the program that failed; empty if it is an unknown one."""
    for pattern, advice in CURES:
        found = re.search(pattern, text)
        if found:
            name = next((word for word in found.groupdict().values() if word), "a package")
            machine = f"{platform.system()} {platform.machine()}, Python {dotted(sys.version_info[:2])}"
            values = {"{name}": name, "{machine}": machine, "{oldest}": dotted(OLDEST), "{newest}": dotted(NEWEST)}
            for mark, value in values.items():
                advice = advice.replace(mark, value)
            return advice
    return ""


def run_tests(pytest_arguments: List[str]) -> int:
    """Run every check, the quick ones first; return 1 if one of them fails. Extra arguments go to pytest, which then runs alone.

    The lessons run all the while with what the others leave of the processor: tests in a browser wait more than they compute.
    """
    python = str(PYTHON)
    if pytest_arguments:
        say("-- pytest")
        return 0 if passes([python, "-m", "pytest", *pytest_arguments], child_env()) else 1
    fetch_typescript()
    workers = ["--numprocesses", str(min(4, os.cpu_count() or 1))]
    with tempfile.TemporaryDirectory() as folder:
        noted = {name: ["-o", f"cache_dir={folder}/{name}"] for name in PYTEST_RUNS}
        one_by_one = ["--dist", "load", "--maxschedchunk", "1"]
        lessons = [python, "-m", "pytest", *workers, *one_by_one, LESSON_RUNS, *noted["lessons"]]
        # What is heard and timed in a browser has the machine to itself, but for the lessons, which stand back. The rest shares it with
        # them, each file's tests in one process.
        others = [*workers, "--dist", "loadfile", "--ignore", "tests/browser", "--ignore", LESSON_RUNS]
        steps: List[Tuple[str, List[str], Dict[str, str]]] = [  # name, command, what its environment has besides
            ("ruff", [python, "-m", "ruff", "check", "."], {}),
            ("mypy", [python, "-m", "mypy"], {}),
            ("browser", [python, "-m", "pytest", "tests/browser", *noted["browser"]], {}),
            ("pytest", [python, "-m", "pytest", *others, "tests", "musegen_edu", *noted["pytest"]], ONE_THREAD),
        ]
        codes = {}
        with running_behind(lessons, {**child_env(), **ONE_THREAD}) as finish_lessons:
            for name, command, environment in steps:
                say(f"-- {name}")
                if name == "pytest":
                    give_way()  # else the lessons would stand still
                started = time.monotonic()
                codes[name] = subprocess.call(command, cwd=str(ROOT), env={**child_env(), **environment})
                say(f"   {name} {'failed' if codes[name] else 'passed'} in {clock(time.monotonic() - started)}")
            say("-- lessons, which have run since the beginning")
            codes["lessons"] = finish_lessons()
        lost = {name for name in PYTEST_RUNS if codes[name] == 1}  # tests failed; 2 and above are pytest's own troubles
        if lost and passes_once_more([Path(folder, name) for name in sorted(lost)]):
            codes.update(dict.fromkeys(lost, 0))
    failed = [name for name, code in codes.items() if code]
    if failed:
        print("\nFailed: {}".format(", ".join(failed)), file=sys.stderr)
    return 1 if failed else 0


@contextlib.contextmanager
def running_behind(command: List[str], environment: Dict[str, str]) -> Iterator[Callable[[], int]]:
    """Run a command that gives way to all others; yield what waits for its end, shows its output and returns its exit code."""
    with tempfile.TemporaryFile() as output:
        modest = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # Windows'
        process = subprocess.Popen(
            command, cwd=str(ROOT), env=environment, stdout=output, stderr=subprocess.STDOUT, creationflags=modest
        )
        give_way(process.pid)

        def finish() -> int:
            code = process.wait()
            output.seek(0)
            say(output.read().decode(errors="replace").rstrip())
            return code

        try:
            yield finish
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def give_way(process: int = 0) -> None:
    """Leave this process (0) or another, and what it starts from now on, only what the others leave of the processor."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, process, 19)


def passes(command: List[str], environment: Dict[str, str]) -> bool:
    """Run a command in the course's folder; return whether it ended well."""
    return subprocess.call(command, cwd=str(ROOT), env=environment) == 0


def passes_once_more(caches: List[Path]) -> bool:
    """Run what failed, as pytest noted it in `caches`, once more by itself; return whether all passes now.

    A few tests wait for a browser, for sound or for another process, and a machine with other work may keep them waiting too long. A fault
    of the course fails both times. The whole file of a test is run, or the one lesson. More than five failures are no accident, and are not
    run again.
    """
    failures: List[str] = []
    for cache in caches:
        try:
            failures += json.loads((cache / "v" / "cache" / "lastfailed").read_text(encoding="utf-8"))
        except FileNotFoundError:  # it did not get so far as to note any
            return False
    again = sorted({test if test.startswith(LESSON_RUNS) else test.split("::")[0] for test in failures})
    if not 1 <= len(again) <= 5:
        return False
    say("-- once more, by themselves: {}".format(", ".join(sorted(failures))))
    return passes([str(PYTHON), "-m", "pytest", *again, "-o", f"cache_dir={caches[0]}"], child_env())


def fetch_typescript() -> None:
    """Fetch the pinned compiler with which a test checks the widgets' JavaScript; where there is no Node.js, say that it is left out."""
    folder = ROOT / "tests" / "browser"
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        say(
            "-- the types of the widgets' JavaScript are not checked: that needs Node.js with npm (https://nodejs.org). The course does not."
        )
    elif not (folder / "node_modules" / "typescript").is_dir():
        command = [npm, "ci", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
            raise CannotGoOnError(
                "npm could not fetch the TypeScript compiler; it says why above. Check the network. To run the tests without it:\n"
                "  python3 start.py test tests musegen_edu"
            )


def become(command: List[str]) -> int:
    """Hand this terminal over to another program."""
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], command, child_env())
    process = subprocess.Popen(command, env=child_env())  # Windows has no exec that keeps the console
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the child has had it too, and closes
            continue


def child_env() -> Dict[str, str]:
    """Return the environment for children: this one, with bytecode written (imports are slow without) and no foreign paths."""
    return {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH")
    }


def read_stamp() -> Dict[str, object]:
    """Return what was installed; empty when nothing was, or not to the end."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def lock_hash() -> str:
    """Return one checksum over the files that decide what is installed."""
    return hashlib.sha256(
        b"\0".join((ROOT / name).read_bytes() for name in ("constraints.txt", "pyproject.toml"))
    ).hexdigest()


def progress(text: str) -> None:
    """Show a line that the next one overwrites; in a log file, one line for every ten seconds."""
    global _last_line
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print("\r" + text[:width].ljust(width) + ("\r" if not text else ""), end="", flush=True)
    elif text and time.monotonic() - _last_line > 10:
        _last_line = time.monotonic()
        say("  " + text)


_last_line = 0.0


def clock(seconds: float) -> str:
    """Return a duration as minutes and seconds, for example 2:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def dotted(version: Tuple[int, ...]) -> str:
    """Return (3, 11) as 3.11."""
    return ".".join(str(number) for number in version)


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
