"""A Chromium for the tests, pages that must stay at home, and an ear on what they play."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from musegen_edu.pitch import measure_pitch
from musegen_edu.widgets.base import theme

HERE = Path(__file__).parent
# No autoplay flag: a reader's browser has none either.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
WAVE = """() => { const ear = globalThis.musegenSound?.analyser; if (!ear) return null;
  const wave = new Float32Array(ear.fftSize); ear.getFloatTimeDomainData(wave); return [Array.from(wave), ear.context.sampleRate]; }"""
TOKEN = "listen"
READY = """() => Promise.race([(async () => { const app = window.jupyterapp; await app.restored;
  const notebook = app.shell.currentWidget; await notebook.context.ready; await notebook.sessionContext.ready;
  await notebook.sessionContext.session.kernel.info; return 'ready'; })(),
  new Promise((resolve) => setTimeout(() => resolve('no kernel after 180 s'), 180000))])"""


def chromium_path() -> str | None:
    return os.environ.get("MUSEGEN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        path = chromium_path()
        if path is None and not Path(driver.chromium.executable_path).exists():
            pytest.skip("no Chromium here; install one, or name it in MUSEGEN_CHROMIUM")
        chromium = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Watched:
    """A page, its console errors and the requests that left this machine."""

    def __init__(self, page):
        self.page = page
        self.errors: list[str] = []
        self.left_home: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._note)

    def _note(self, request):
        if not request.url.startswith(("http://localhost", "http://127.0.0.1", "data:", "blob:")):
            self.left_home.append(request.url)

    def listen(self) -> tuple[float, float]:
        """Loudness (RMS) and pitch in Hz of the last fifth of a second; the pitch of silence is 0."""
        wave, rate = self._wave()
        rms = float(np.sqrt(np.mean(wave**2)))
        return rms, measure_pitch(wave, rate) if rms > 0.003 else 0.0

    def loudness(self) -> float:
        """Loudness (RMS) of the last fifth of a second, whether or not what sounds has one pitch."""
        return float(np.sqrt(np.mean(self._wave()[0] ** 2)))

    def _wave(self) -> tuple[npt.NDArray[np.float32], int]:
        heard = self.page.evaluate(WAVE)
        return (np.zeros(1, np.float32), 1) if heard is None else (np.array(heard[0], np.float32), int(heard[1]))

    def until(self, is_so: Callable[[], bool], *, tries: int = 100) -> bool:
        """Whether something comes true within ten seconds or so: a busy machine is late."""
        for _ in range(tries):
            if is_so():
                return True
            self.page.wait_for_timeout(100)
        return False

    def lets_pass(self, milliseconds: int) -> None:
        """Wait by the page's own timers: what it put off for a shorter time has happened, however busy it is."""
        self.page.evaluate("(ms) => new Promise((done) => setTimeout(done, ms))", milliseconds)

    def comes_to_rest(self, read: Callable[[], object], *, milliseconds: int = 700, tries: int = 20) -> object:
        """Wait until what is read stays as it is for so long by the page's own timers, and return it; fail if it never does."""
        before = read()
        for _ in range(tries):
            self.lets_pass(milliseconds)
            now = read()
            if now == before:
                return now
            before = now
        pytest.fail(f"it is still changing: {before!r}")

    def hears(
        self, hertz: float, *, rel: float = 0.01, tries: int = 100, touch: Callable[[], object] = lambda: None
    ) -> bool:
        """Whether a pitch is heard, to a hundredth, within ten seconds or so.

        `touch` sounds a note that is over too soon for that, again every second.
        """
        turns = itertools.count()

        def heard() -> bool:
            if next(turns) % 10 == 0:
                touch()
            with contextlib.suppress(ValueError):  # one note goes over into the next
                return bool(self.listen()[1] == pytest.approx(hertz, rel=rel))
            return False

        return self.until(heard, tries=tries)

    def falls_silent(self, below: float = 1e-3) -> bool:
        """Whether nothing is heard any more, within ten seconds or so."""
        return self.until(lambda: self.loudness() < below)

    def assert_well_behaved(self):
        assert self.errors == []
        assert self.left_home == []


@pytest.fixture
def watch(browser):
    """Open watched pages; each must end without console errors and without a request that left this machine."""
    opened = []

    def open_page(width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(90_000)  # ms: three times the usual, for a machine that has other things to do
        watched = Watched(context.new_page())
        opened.append((context, watched))
        return watched

    yield open_page
    for context, watched in opened:
        context.close()
        watched.assert_well_behaved()


@pytest.fixture
def show(watch):
    """Show a widget in a page with a stand-in for the kernel."""

    def show_widget(widget, *, width=1280, height=900, dark=False, later=False, before=None):
        state = {name: getattr(widget, name) for name in widget.keys if not name.startswith("_") and name != "layout"}
        if "notes_data" in state:
            state["notes_data"] = base64.b64encode(state["notes_data"]).decode("ascii")
        files = {
            "stub.html": ("text/html", (HERE / "stub.html").read_text(encoding="utf-8")),
            "widget.js": ("text/javascript", widget._esm),
            "theme.css": ("text/css", theme()),
            "state.json": ("application/json", json.dumps(state, default=str)),
        }

        def serve(route):
            kind, body = files[route.request.url.split("/")[-1].split("?")[0]]
            route.fulfill(content_type=f"{kind}; charset=utf-8", body=body)

        watched = watch(width, height)
        watched.page.route("http://localhost/**", serve)
        if before:
            watched.page.add_init_script(before)
        watched.page.goto(f"http://localhost/stub.html{'?later' if later else ''}")
        watched.page.wait_for_function("globalThis.loaded")
        if dark:
            watched.page.evaluate("document.body.dataset.jpThemeLight = 'false'")
        return watched

    return show_widget


# The page's commands go to the widget itself, in this very process.
KERNEL = """globalThis.answers = {}; for (const name of %s) answers[name] = async (message) => { asked.push([name, message]);
  const [answer, files] = JSON.parse(await kernelAnswer(name, JSON.stringify(message)));
  return [answer, files.map((text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer))]; };"""


@pytest.fixture
def show_live(show):
    """Show a widget whose kernel is this process: the commands named are answered by the widget."""

    def show_answered(widget, commands, **options):
        def answer(name, message):
            reply, files = getattr(widget, name)(json.loads(message), [])
            return json.dumps([reply, [base64.b64encode(data).decode("ascii") for data in files]])

        watched = show(widget, before=KERNEL % json.dumps(list(commands)), later=True, **options)
        watched.page.expose_function("kernelAnswer", answer)
        watched.page.evaluate("() => { globalThis.cleanUp = show(); }")
        return watched

    return show_answered


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def notebook(cells):
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{i}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for i, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture(scope="module")
def lab(tmp_path_factory, request):
    """The address of a JupyterLab with settings, data and a kernel of its own, and the notebooks that the module names in NOTEBOOKS.

    Parametrised indirectly, it takes settings of JupyterLab, {plugin: {name: value}}.
    """
    root = tmp_path_factory.mktemp("lab")
    home = {name: str(root / name.lower()) for name in (
        "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR",
    )}  # fmt: skip
    home["MUSEGEN_HOME"] = str(root / "learner")
    settings = Path(home["JUPYTER_CONFIG_DIR"]) / "labconfig"
    settings.mkdir(parents=True)
    # The news extension asks a server on the web.
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "page_config.json").write_text(json.dumps(quiet))
    shelf = root / "notebooks"
    shelf.mkdir()
    for name, cells in request.module.NOTEBOOKS.items():
        (shelf / name).write_text(json.dumps(notebook(cells)))
    for plugin, values in getattr(request, "param", {}).items():
        package, name = plugin.split(":")
        path = Path(home["JUPYTERLAB_SETTINGS_DIR"]) / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    port = free_port()
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0",
               f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={shelf}", "--LabApp.expose_app_in_browser=True"]  # fmt: skip
    log = root / "lab.log"
    with log.open("w") as stream:
        server = subprocess.Popen(command, env={**os.environ, **home, "PYTHONPATH": path}, stdout=stream, stderr=stream)
        try:
            wait_for_server(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", server, log)
            yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={TOKEN}&reset"
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:  # its kernels take their time on a busy machine; the tests are over
                server.kill()
                server.wait(30)


def wait_for_server(address, server, log, seconds=180):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


class Notebooks:
    """Opens notebooks of a JupyterLab in watched pages."""

    def __init__(self, watch, lab):
        self.watch, self.lab = watch, lab

    def __call__(self, name, **options):
        """Open one, and wait until its kernel answers."""
        watched = self.watch(**options)
        watched.page.goto(self.lab.format(name))
        watched.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=180_000)
        self.wait_for_kernel(watched.page)
        return watched

    def wait_for_kernel(self, page):
        assert page.evaluate(READY) == "ready"


@pytest.fixture
def open_notebook(watch, lab):
    """Open one of the module's notebooks in JupyterLab."""
    return Notebooks(watch, lab)
