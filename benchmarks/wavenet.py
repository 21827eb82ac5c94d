"""How much faster a WaveNet writes with queues than by running its whole receptive field anew for every sample.

The same untrained network of the size of `wavenet` (16 dilated convolutions, 512 samples of receptive field) writes in two ways: the
parallel network on the last 513 samples for each new one, compiled, called from Python; and `generate_audio`, the whole loop compiled. With the
same dice both write the same samples (checked here). The claim: `generate_audio` needs at most a 20th of the naive way's processor
time a sample.

usage: python benchmarks/wavenet.py [--repeats 3] [--notes 1]
       KERAS_BACKEND=jax python benchmarks/wavenet.py
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

# Before the backend loads: its start-up notes would drown the table.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CLAIM = 20.0
N_SAMPLES = 4000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="rounds; the median of each way counts")
    parser.add_argument("--notes", type=int, default=1, help="notes written side by side")
    options = parser.parse_args()

    import numpy as np

    from musegen_edu.models.wavenet import WaveNet
    from musegen_edu.mu_law import audio_to_mu_law
    from musegen_edu.note_crops import RecordedNotes
    from musegen_edu.phases import asked_phases
    from musegen_edu.quiet_keras import keras
    from musegen_edu.sound_generation import generate_audio

    n = options.notes
    model = WaveNet(["Harp"])
    field = model.receptive_field
    pitches, kinds = np.full(n, 60, np.int32), np.zeros(n, np.int32)
    written = audio_to_mu_law(generate_audio(model, pitches, kinds, seconds=N_SAMPLES / 8000, seed=0))  # (n, N_SAMPLES)
    phases = asked_phases(pitches, N_SAMPLES, 8000)
    notes = RecordedNotes(written, phases, pitches, kinds)
    places = np.arange(field, N_SAMPLES)  # where a whole receptive field has been written
    compiled = model  # Keras compiles `predict_on_batch`
    compiled.compile(jit_compile=keras.backend.backend() != "torch")

    def naive(n_samples: int) -> Any:
        """The whole receptive field anew for every sample; logits of the last one."""
        for place in places[:n_samples].tolist():
            seen = slice(place - field, place + 1)
            window = RecordedNotes(notes.levels[:, seen], notes.phases[:, seen], pitches, kinds).inputs(place - field)
            logits = compiled.predict_on_batch(window)[:, -1]
        return logits

    def whole_loop(n_samples: int) -> None:
        generate_audio(model, pitches, kinds, seconds=n_samples / 8000, seed=0)

    for row in range(n):
        dice = np.random.default_rng([0, row]).random(N_SAMPLES, np.float32)
        for count in (1, 20, 60):
            logits = np.asarray(naive(count))[row].astype(np.float64)
            reached = np.cumsum(np.exp(logits - logits.max()))
            place = int(places[count - 1])
            drawn = int((reached <= dice[place] * reached[-1]).sum())
            if abs(drawn - int(written[row, place])) > 1:  # a throw on the very edge may fall to either side
                raise RuntimeError(f"the ways write {drawn} and {written[row, place]} at {place}: one of them is wrong")

    ways: list[tuple[str, Callable[[int], object], int]] = [
        ("parallel network, its whole field for each sample", naive, 60),
        ("generate_audio, the whole loop compiled", whole_loop, N_SAMPLES),
    ]
    costs: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    for _, way, n_samples in ways:
        way(n_samples)  # compiles
    for _ in range(options.repeats):  # the ways take turns, so that a busy machine slows all alike
        for name, way, n_samples in ways:
            began = time.process_time()
            way(n_samples)
            costs[name].append((time.process_time() - began) / (n_samples * n))

    slowest = float(np.median(costs[ways[0][0]]))
    print(
        f"{n} note(s) side by side, {model.count_params():,} parameters, receptive field {field} samples, "
        f"Keras {keras.__version__} on {keras.backend.backend()}"
    )
    print(f"{'way':<52}{'CPU µs/sample':>14}{'ratio':>8}")
    for name, _, _ in ways:
        cost = float(np.median(costs[name]))
        print(f"{name:<52}{cost * 1e6:>14,.0f}{slowest / cost:>8,.1f}")
    ratio = slowest / float(np.median(costs[ways[1][0]]))
    if keras.backend.backend() == "torch":
        return 0  # the loop is plain Python there
    print(f"claim: at least {CLAIM:.0f} times the naive way: {'kept' if ratio >= CLAIM else 'NOT KEPT'} ({ratio:,.0f})")
    return 0 if ratio >= CLAIM else 1


if __name__ == "__main__":
    sys.exit(main())
