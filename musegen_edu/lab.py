"""Open JupyterLab on the first lesson, on this machine only and with a token."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

FIRST_LESSON = "notebooks/00_start_here.ipynb"
FIRST_PORT, LAST_PORT = 8888, 8987
_PACKAGE = Path(__file__).resolve().parent


def lab_command(*, port: int | None = None, browser: bool = True, folder: Path | None = None) -> tuple[list[str], dict[str, str], str]:
    """Return what starts JupyterLab: its arguments, changes to the environment, and the address it will have.

    The server listens on this machine alone, and asks for a token that is made anew each time. It closes at the first Ctrl-C
    without a question, and asks no news server whether there is news.

    Parameters
    ----------
    port : the one wanted; without it, the first free one from 8888.
    browser : whether JupyterLab opens a browser.
    folder : the clone; without it, the current folder where that is one, else the one this package lies in.

    Raises
    ------
    ValueError
        If the port is taken or is no port, or the lessons are not there.
    """
    folder = folder or course_folder()
    port = free_port() if port is None else checked_port(port)
    token = secrets.token_urlsafe(24)
    arguments = [
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        "--ServerApp.answer_yes=True",
        "--Application.log_level=WARN",
    ]
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")  # containers run as root; the server still listens on this machine alone
    config = os.pathsep.join(filter(None, (str(_PACKAGE / "lab_config"), os.environ.get("JUPYTER_CONFIG_PATH"))))
    environment = {"JUPYTER_TOKEN": token, "JUPYTER_CONFIG_PATH": config}  # a token on the command line is for all to see
    return arguments, environment, f"http://127.0.0.1:{port}/lab/tree/{FIRST_LESSON}?token={token}"


def open_lab(arguments: list[str], environment: dict[str, str]) -> int:
    """Run JupyterLab in this process, with what `lab_command` returned, until Ctrl-C; return its exit status."""
    os.environ.update(environment)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # kernels would compile every library anew at each start
    from jupyterlab.labapp import LabApp

    try:
        LabApp.launch_instance(argv=arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def course_folder() -> Path:
    """Return the folder of the clone.

    Raises
    ------
    ValueError
        If neither the current folder nor the one that the package lies in holds the lessons.
    """
    for folder in (Path.cwd(), _PACKAGE.parent):
        if (folder / FIRST_LESSON).is_file():
            return folder
    raise ValueError(
        f"{FIRST_LESSON} is neither in {Path.cwd()} nor beside the package. Go to the folder that you cloned the course into, "
        "and start again there"
    )


def checked_port(port: int) -> int:
    """Return the port if it can be had.

    Raises
    ------
    ValueError
        If it is out of range or taken.
    """
    if not 1024 <= port <= 65535:
        raise ValueError(f"port={port} must be from 1024 to 65535")
    if not _is_free(port):
        raise ValueError(
            f"port={port} is in use, perhaps by a JupyterLab that is still open. Close that one, choose another port, or leave out "
            "--port: then a free one is found"
        )
    return port


def free_port() -> int:
    """Return the first free port from 8888.

    Raises
    ------
    ValueError
        If a hundred in a row are taken.
    """
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if _is_free(port):
            return port
    raise ValueError(f"the ports {FIRST_PORT} to {LAST_PORT} are all in use; name a free one with --port")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name != "nt":  # as servers do: a port whose last connections are fading counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
