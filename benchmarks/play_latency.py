"""How long after the click on play does the loudspeaker get the first sound? In Chromium, with a piano's real note pack.

    python benchmarks/play_latency.py [--plays 20]

An AudioWorklet behind the player's limiter notes the audio time of the first sample above -60 dB; the browser's own output
timestamp turns it into the clock on which the click was stamped. What the sound card adds after that is not in the figure.
Needs playwright and a Chromium. Exit status 1 when the median of the warm plays is above the limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from heard_page import EAR, open_widget  # type: ignore[import-not-found]  # it lies beside this script

from musegen_edu.score import Score
from musegen_edu.widgets import Player

LIMIT_MS = 100

HOOKS = """
addEventListener("click", (event) => { globalThis.clicked = event.timeStamp; }, true);
globalThis.pressed = () => clicked;
"""


def measure(plays: int) -> tuple[str, float, list[float]]:
    """Return the browser's version, the first click's milliseconds until the cursor moves, and the warm plays' until the sound."""
    player = Player(Score.from_melody([69], 12, bpm=240), hide=["notation"])
    with open_widget(player, 0, HOOKS) as (page, version):
        page.locator(".mg-play").click()
        page.wait_for_function("globalThis.musegenSound.playing && globalThis.musegenSound.playing.tick > 0")
        first = float(page.evaluate("performance.now() - clicked"))
        page.locator(".mg-play[aria-label=Play]").wait_for()
        page.evaluate(EAR)
        for play in range(plays):
            page.wait_for_timeout(700)  # silence, so that the next note stands out
            page.locator(".mg-play[aria-label=Play]").click()
            page.wait_for_function(f"presses.length > {play}", timeout=5000)
            page.locator(".mg-play[aria-label=Play]").wait_for()
        return version, first, [float(value) for value in page.evaluate("presses")]


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
