"""How soon does the latent explorer sound? A plane of 9 x 9 melodies decoded, and a puck dragged, in Chromium.

    python benchmarks/latent_explorer.py [--drags 40]

The plane: `MelodyVAE` at its usual size decodes 81 points of its latent space in one call, and the widget makes melodies of them; the time
counts the processor's seconds of all threads, after one call that compiles.

The drag: while the music plays, a real pointer moves into another cell. The figure is the time from the stamp of the pointer's event to
the moment at which the browser says that the first sample of the new cell's note goes out (`AudioContext.getOutputTimestamp`). And from
silence: from the stamp of the press to the first sample above -60 dB, as an AudioWorklet behind the limiter hears it. What the sound card
adds is not in the figures. Needs playwright and a Chromium. Exit status 1 when a limit is passed.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from heard_page import EAR, open_widget  # type: ignore[import-not-found]  # it lies beside this script

from musegen_edu.latent import codec_of
from musegen_edu.models.vae import MelodyVAE
from musegen_edu.pretrained import load_pretrained, pretrained_names
from musegen_edu.widgets.latent_explorer import LatentExplorer

SIZE = 9
PLANE_LIMIT_S = 1.5
DRAG_LIMIT_MS = 60  # for the 95th percentile
PRESS_LIMIT_MS = 100  # for the median, as in play_latency.py: 20 ms of it are the player's lead

HOOKS = """
let stamp = 0;
for (const kind of ["pointerdown", "pointermove"]) addEventListener(kind, (event) => { stamp = event.timeStamp; globalThis.starts = []; }, true);
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when, ...rest) {  // only what begins at once, not what is scheduled ahead
  if (globalThis.starts && when <= this.context.currentTime + 0.025) { globalThis.starts.push(when); globalThis.stamped = stamp; }
  return start.call(this, when, ...rest);
};
globalThis.waited = () => { const { contextTime, performanceTime } = musegenSound.context.getOutputTimestamp();
  return starts.length ? performanceTime + 1000 * (Math.max(Math.min(...starts), 0) - contextTime) - stamped : null; };
globalThis.pressed = () => stamp;
"""


def time_plane(explorer: LatentExplorer) -> tuple[float, float]:
    """Return the processor's seconds, and those on the clock, that a decoded plane takes: the mean of five."""
    name = next(iter(explorer.amounts))
    explorer.amounts = {name: 0.5}
    cpu, clock = time.process_time(), time.perf_counter()
    for turn in range(5):
        explorer.amounts = {name: (turn - 2) / 2 + 0.25}
    return (time.process_time() - cpu) / 5, (time.perf_counter() - clock) / 5


def time_drags(explorer: LatentExplorer, drags: int) -> tuple[str, list[float], list[float]]:
    """Return the browser's version, and the milliseconds of drags to other cells and of presses after silence."""
    rng = np.random.default_rng(0)
    with open_widget(explorer, explorer.program, HOOKS, height=1000) as (page, version):
        box = page.locator(".mg-plane").bounding_box()
        assert box is not None
        side = box["width"] / SIZE

        def place(cell: tuple[int, int]) -> tuple[float, float]:
            return box["x"] + (cell[1] + 0.5) * side, box["y"] + (cell[0] + 0.5) * side

        page.mouse.move(*place((4, 4)))
        page.mouse.down()
        page.wait_for_function("globalThis.musegenSound?.playing?.tick > 0", timeout=60_000)
        dragged: list[float] = []
        while len(dragged) < drags:
            page.mouse.move(*place((int(rng.integers(SIZE)), int(rng.integers(SIZE)))))
            page.wait_for_timeout(150)
            waited = page.evaluate("waited()")  # None where the new cell has the same note, or a rest, at this moment
            if waited is not None:
                dragged.append(float(waited))
        page.mouse.up()
        page.evaluate(EAR)
        for press in range(max(5, drags // 4)):
            page.locator(".mg-play[aria-label=Pause]").click()
            page.wait_for_timeout(700)  # silence, so that the next note stands out
            page.mouse.move(*place((int(rng.integers(SIZE)), int(rng.integers(SIZE)))))
            page.mouse.down()
            page.mouse.up()
            page.wait_for_function(f"presses.length > {press}", timeout=10_000)
        return version, dragged, [float(value) for value in page.evaluate("presses")]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--drags", type=int, default=40, help="drags into another cell to measure (default: 40)")
    drags = parser.parse_args().drags
    trained = "melody_vae" in pretrained_names()
    model = load_pretrained("melody_vae") if trained else MelodyVAE()
    began = time.process_time()
    explorer = LatentExplorer(model, size=SIZE, seed=1)
    opened = time.process_time() - began
    cpu, clock = time_plane(explorer)
    explorer.amounts = dict.fromkeys(explorer.amounts, 0.0)
    version, dragged, presses = time_drags(explorer, drags)
    p95, p95_press = (float(np.percentile(values, 95)) for values in (dragged, presses))
    print(f"Latent explorer, {SIZE} x {SIZE} melodies of four bars, {type(codec_of(model)).__name__}, "
          f"{'trained' if trained else 'untrained'} MelodyVAE; grand piano, Chromium {version}")  # fmt: skip
    print("| what | median | 95th percentile | limit |")
    print("|---|---|---|---|")
    print(f"| explorer opened, with compiling, tunes and attributes: processor's s | {opened:.2f} | | |")
    print(f"| plane decoded in one call: processor's s | {cpu:.2f} | | {PLANE_LIMIT_S} |")
    print(f"| the same by the clock, s | {clock:.2f} | | |")
    print(
        f"| drag into another cell, while it plays: ms ({len(dragged)}) | {np.median(dragged):.0f} | {p95:.0f} | {DRAG_LIMIT_MS} |"
    )
    print(
        f"| press after silence: ms ({len(presses)}) | {np.median(presses):.0f} | {p95_press:.0f} | {PRESS_LIMIT_MS} |"
    )
    sys.exit(bool(cpu > PLANE_LIMIT_S or p95 > DRAG_LIMIT_MS or np.median(presses) > PRESS_LIMIT_MS))


if __name__ == "__main__":
    main()
