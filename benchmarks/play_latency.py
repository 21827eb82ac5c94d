"""How long after the click on play does the loudspeaker get the first sound? In Chromium, with a piano's real note pack.

    python benchmarks/play_latency.py [--plays 20]

An AudioWorklet behind the player's limiter notes the audio time of the first sample above -60 dB; the browser's own output
timestamp turns it into the clock on which the click was stamped. What the sound card adds after that is not in the figure.
Needs playwright and a Chromium. Exit status 1 when the median of the warm plays is above the limit.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import statistics
import sys
from typing import Any

from musegen_edu.note_packs import note_pack
from musegen_edu.score import Score
from musegen_edu.widgets import Player
from musegen_edu.widgets.base import theme

LIMIT_MS = 100

PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><link rel="stylesheet" href="theme.css"><div id="cell"></div>
<script type="module">
import widget from "./widget.js";
const { state, pack } = await (await fetch("./state.json")).json();
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
state.notes_data = bytes(state.notes_data);
const model = { get: (name) => state[name], set() {}, save_changes() {}, on() {}, off() {} };
const invoke = async () => [{ pitches: pack.pitches }, pack.files.map(bytes)];
widget.render({ model, el: document.getElementById("cell"), experimental: { invoke } });
addEventListener("click", (event) => { globalThis.clicked = event.timeStamp; }, true);
globalThis.loaded = true;
</script>"""

# Posts the audio time of the first loud sample after a stretch of silence.
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
  globalThis.latencies = [];
  ear.port.onmessage = ({ data }) => { const { contextTime, performanceTime } = context.getOutputTimestamp();
    latencies.push(performanceTime + 1000 * (data - contextTime) - clicked); }; }"""


def measure(plays: int) -> tuple[str, float, list[float]]:
    """Return the browser's version, the first click's milliseconds until the cursor moves, and the warm plays' until the sound."""
    from playwright.sync_api import sync_playwright

    player = Player(Score.from_melody([69], 12, bpm=240), hide=["notation"])
    pack = note_pack(0)
    state: dict[str, Any] = {
        name: getattr(player, name) for name in player.keys if not name.startswith("_") and name != "layout"
    }
    state["notes_data"] = base64.b64encode(state["notes_data"]).decode("ascii")
    files = [base64.b64encode(pack.mp3[pitch]).decode("ascii") for pitch in pack.pitches]
    served = {
        "index.html": ("text/html", PAGE),
        "widget.js": ("text/javascript", player._esm),
        "theme.css": ("text/css", theme()),
        "state.json": ("application/json", json.dumps({"state": state, "pack": {"pitches": pack.pitches, "files": files}})),
    }  # fmt: skip
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()

        def serve(route: Any) -> None:
            kind, body = served[route.request.url.split("/")[-1]]
            route.fulfill(content_type=f"{kind}; charset=utf-8", body=body)

        page.route("http://localhost/**", serve)
        page.goto("http://localhost/index.html")
        page.wait_for_function("globalThis.loaded")
        page.locator(".mg-play").click()
        page.wait_for_function("globalThis.musegenSound.playing && globalThis.musegenSound.playing.tick > 0")
        first = float(page.evaluate("performance.now() - clicked"))
        page.locator(".mg-play[aria-label=Play]").wait_for()
        page.evaluate(EAR)
        for play in range(plays):
            page.wait_for_timeout(700)  # silence, so that the next note stands out
            page.locator(".mg-play[aria-label=Play]").click()
            page.wait_for_function(f"latencies.length > {play}", timeout=5000)
            page.locator(".mg-play[aria-label=Play]").wait_for()
        latencies = [float(value) for value in page.evaluate("latencies")]
        version = str(browser.version)
        browser.close()
    return version, first, latencies


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--plays", type=int, default=20, help="warm plays to measure (default: 20)")
    plays = parser.parse_args().plays
    version, first, latencies = measure(plays)
    median, worst = statistics.median(latencies), max(latencies)
    print(f"Click on play until sound, grand piano, Chromium {version}, {len(latencies)} plays")
    print("| what | ms |")
    print("|---|---|")
    print(f"| first click on the page, until the cursor moves | {first:.0f} |")
    print(f"| warm, median | {median:.0f} |")
    print(f"| warm, worst | {worst:.0f} |")
    print(f"| limit for the warm median | {LIMIT_MS} |")
    sys.exit(median > LIMIT_MS)


if __name__ == "__main__":
    main()
