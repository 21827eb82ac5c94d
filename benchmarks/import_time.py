"""What importing the package costs, beside importing NumPy.

Each import runs in a Python of its own, in turns; the median of each counts. The claim: `import musegen_edu` takes at most twice
as long as `import numpy`.

usage: python benchmarks/import_time.py [--repeats 9]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

CLAIM = 2.0
ROWS = {
    "import numpy": "import numpy",
    "import musegen_edu": "import musegen_edu",
    "from musegen_edu import Score": "from musegen_edu import Score",
    "from musegen_edu import load_dataset": "from musegen_edu import load_dataset",
}
CLOCK = "import time; began = time.perf_counter(); {}; print(time.perf_counter() - began)"


def seconds(statement: str) -> float:
    done = subprocess.run([sys.executable, "-c", CLOCK.format(statement)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="rounds; the median of each row counts")
    options = parser.parse_args()
    times: dict[str, list[float]] = {row: [] for row in ROWS}
    for statement in ROWS.values():
        seconds(statement)  # once for the disk
    for _ in range(options.repeats):
        for row, statement in ROWS.items():
            times[row].append(seconds(statement))
    medians = {row: statistics.median(values) for row, values in times.items()}
    numpy = medians["import numpy"]
    print(f"{'':40}{'ms':>8}{'x NumPy':>10}")
    for row, median in medians.items():
        print(f"{row:40}{1000 * median:8.1f}{median / numpy:10.2f}")
    ratio = medians["import musegen_edu"] / numpy
    print(f"\nclaim: at most {CLAIM:g} x; measured: {ratio:.2f} x")
    return int(ratio > CLAIM)


if __name__ == "__main__":
    sys.exit(main())
