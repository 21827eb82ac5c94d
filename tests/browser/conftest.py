"""A Chromium for the tests, pages that must stay at home, and an ear on what they play."""

import base64
import json
import os
import shutil
from pathlib import Path

import numpy as np
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
        heard = self.page.evaluate(WAVE)
        if heard is None:
            return 0.0, 0.0
        wave = np.array(heard[0], np.float32)
        rms = float(np.sqrt(np.mean(wave**2)))
        return rms, measure_pitch(wave, int(heard[1])) if rms > 0.003 else 0.0

    def assert_well_behaved(self):
        assert self.errors == []
        assert self.left_home == []


@pytest.fixture
def watch(browser):
    """Open watched pages; each must end without console errors and without a request that left this machine."""
    opened = []

    def open_page(width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
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
