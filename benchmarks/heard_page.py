"""A widget in Chromium, as the benchmarks of sound need it: with the real notes of an instrument, and an ear behind the limiter."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from musegen_edu.note_packs import note_pack
from musegen_edu.widgets.base import theme

_PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><link rel="stylesheet" href="theme.css"><div id="cell"></div>
<script type="module">
import widget from "./widget.js";
const { state, pack } = await (await fetch("./state.json")).json();
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
state.notes_data = bytes(state.notes_data);
const model = { get: (name) => state[name], set(name, value) { state[name] = value; }, save_changes() {}, on() {}, off() {} };
const invoke = async (name) => name === "note_pack" ? [{ pitches: pack.pitches }, pack.files.map(bytes)] : [{ pages: [], remark: "" }, []];
HOOKS
widget.render({ model, el: document.getElementById("cell"), experimental: { invoke } });
globalThis.loaded = true;
</script>"""

# Posts the audio time of the first loud sample after a stretch of silence; `presses` gets the ms since the press that is meant.
EAR = """async () => { const code = `registerProcessor("ear", class extends AudioWorkletProcessor {
    quiet = 1e9;
    process([[wave]]) { if (wave) for (let i = 0; i < wave.length; i += 1) {
      if (Math.abs(wave[i]) < 0.001) { this.quiet += 1; continue; }
      if (this.quiet > sampleRate / 4) this.port.postMessage((currentFrame + i) / sampleRate);
      this.quiet = 0; } return true; } });`;
  const { context, analyser } = musegenSound;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const ear = new AudioWorkletNode(context, "ear");
  analyser.connect(ear);
  globalThis.presses = [];
  ear.port.onmessage = ({ data }) => { const { contextTime, performanceTime } = context.getOutputTimestamp();
    presses.push(performanceTime + 1000 * (data - contextTime) - pressed()); }; }"""


@contextmanager
def open_widget(widget: Any, program: int, hooks: str, *, height: int = 720) -> Iterator[tuple[Any, str]]:
    """Open a page that holds one widget, and close it again; nothing but the page's own files is served.

    Parameters
    ----------
    widget : its traits and its page code are taken; no kernel answers but for the notes.
    program : the instrument whose notes the page gets.
    hooks : JavaScript that runs before the widget is shown; for `EAR` it must give `pressed()`, the stamp of the press that is meant.
    height : of the page in px; it is 1280 px wide.

    Yields
    ------
    The page, and the browser's version.
    """
    from playwright.sync_api import sync_playwright

    pack = note_pack(program)
    state = {name: getattr(widget, name) for name in widget.keys if not name.startswith("_") and name != "layout"}
    state["notes_data"] = base64.b64encode(state["notes_data"]).decode("ascii")
    files = [base64.b64encode(pack.mp3[pitch]).decode("ascii") for pitch in pack.pitches]
    served = {
        "index.html": ("text/html", _PAGE.replace("HOOKS", hooks)),
        "widget.js": ("text/javascript", widget._esm),
        "theme.css": ("text/css", theme()),
        "state.json": ("application/json", json.dumps({"state": state, "pack": {"pitches": pack.pitches, "files": files}})),
    }  # fmt: skip

    def serve(route: Any) -> None:
        kind, body = served[route.request.url.split("/")[-1]]
        route.fulfill(content_type=f"{kind}; charset=utf-8", body=body)

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": height})
        page.route("http://localhost/**", serve)
        page.goto("http://localhost/index.html")
        page.wait_for_function("globalThis.loaded")
        yield page, str(browser.version)
        browser.close()
