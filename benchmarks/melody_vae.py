"""Four bars in 16 numbers: how many notes come back, against straight lines and the nearest tune, and what lies beyond the tunes.

Claims, on windows of held-out tunes, with a decoder that hears nothing but itself: melody_vae brings back at least half of the notes (F1
of onset and pitch), melody_vae_64 three quarters; both more than as many principal components, and than the training window nearest by as
many; at least 14 of 16 latent numbers are used; a plane of 9 x 9 x 4 bars is decoded in under 1.5 s. --sweep trains the
rate-distortion curve anew, small networks at 4 to 64 numbers and several betas; without it the curve comes from the card.

usage: python benchmarks/melody_vae.py [--seed 0] [--sweep]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

# Before the backend loads: its start-up notes would drown the tables.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from musegen_edu.four_bars import folk_windows
from musegen_edu.latent import latent_plane
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes.latent_judging import judge_melody_vae
from musegen_edu.recipes.melody_vae import CURVE, PLAN_PROFILES, curve_point

F1_CLAIMS = {"melody_vae": 0.50, "melody_vae_64": 0.75}
PLANE_SECONDS = 1.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sweep", action="store_true", help="train the curve anew: some ten minutes on one core")
    options = parser.parse_args()
    train, valid, test = (folk_windows(split) for split in ("train", "valid", "test"))
    print(f"folk: {len(train):,} training windows of four bars, {len(test)} held-out ones that do not overlap\n")

    claims: dict[str, bool] = {}
    print(f"{'':<34}{'note F1':>9}{'steps right':>13}{'KL, nats':>10}{'active':>8}")
    for name, wanted in F1_CLAIMS.items():
        model = load_pretrained(name)
        found = judge_melody_vae(model, train, test, seed=options.seed)
        here, others = found["test"], found["baselines"]
        row = f"{here['note_f1']:>9.3f}{here['step_accuracy']:>13.3f}{here['rate']:>10.1f}{here['active_units']:>8}"
        print(f"{name + ', free-running':<34}{row}")
        print(f"{'  teacher-forced':<34}{'':>9}{here['step_accuracy_teacher_forced']:>13.3f}")
        print(f"{'  on training windows':<34}{found['train']['note_f1']:>9.3f}{found['train']['step_accuracy']:>13.3f}")
        rivals = [f"pca_{model.latent}", "nearest_by_code", "nearest_by_notes"]
        for rival in rivals:
            print(f"{'  ' + rival:<34}{others[rival]['note_f1']:>9.3f}{others[rival]['step_accuracy']:>13.3f}")
        claims[f"{name} brings back at least {wanted:.0%} of the notes"] = here["note_f1"] >= wanted
        for rival in rivals[:2]:
            claims[f"{name} is better than {rival}"] = here["note_f1"] > others[rival]["note_f1"]
        if model.latent == 16:
            claims["at least 14 of 16 latent numbers are used"] = here["active_units"] >= 14
        print("  from the prior:")
        for measure in ("note_density", "scale_consistency"):
            prior = found["prior"][measure]
            low, high = prior["real_range"]
            inside = low <= prior["samples"] <= high
            claims[f"{measure} of samples of {name} within the real range"] = inside
            print(
                f"    {measure:<20}{prior['samples']:>8.3f}, real {prior['real']:.3f} ({low:.3f} to {high:.3f}); "
                f"{prior['in_real_range']:.0%} of the samples inside, {prior['real_in_real_range']:.0%} of the real windows"
            )
        copied, new = found["prior"]["whole_windows_copied"], found["prior"]["novelty_of_8_note_runs"]
        print(
            f"    {copied} of 256 samples are a training window; {new:.0%} of their 8-note runs are in no training tune"
        )
        for kind in ("lerp", "slerp"):
            morph = found["morphs"][kind]
            print(
                f"  {kind}: {morph['mean_step']:.3f} of the steps change from one of 9 points to the next (the largest change "
                f"{morph['largest_step']:.3f}), detour {morph['detour']:.2f}, scale consistency {min(morph['scale_consistency']):.3f} at least"
            )
        for kind in ("vectors", "surfaces"):
            for quality, effect in found["qualities"][kind].items():
                rising = bool(np.all(np.diff(effect["measured"]) > 0))
                moved = ", ".join(f"{key} {value:+.2f}" for key, value in effect["moved"].items())
                print(
                    f"  {kind}: {quality:<12} r {effect['r']:.2f}, {'rising' if rising else 'NOT rising'}; +1 sd moves {moved}"
                )
                if quality in ("density", "range") and kind == "surfaces" and model.latent == 16:
                    claims[f"{name}: {quality} as meant, r at least 0.8, rising"] = effect["r"] >= 0.8 and rising
        corners = np.random.default_rng(options.seed).standard_normal((4, model.latent))
        latent_plane(model, corners, 9)  # compiles
        began = time.process_time()
        latent_plane(model, corners, 9)
        seconds = time.process_time() - began
        print(f"  a plane of 9 x 9 x 4 bars: {seconds:.2f} s of processor time, scores included\n")
        claims[f"{name}: the plane in under {PLANE_SECONDS} s"] = seconds < PLANE_SECONDS

    curve = load_card("melody_vae")["metrics"]["curve"]
    if options.sweep:
        with tempfile.TemporaryDirectory() as folder:
            profile = PLAN_PROFILES["full"]
            curve = [
                curve_point(*point, train, valid, profile=profile, seed=options.seed, folder=Path(folder))
                for point in CURVE
            ]
    print(
        f"{'latent':>7}{'beta':>7}{'rate, nats':>12}{'distortion':>12}{'note F1':>9}{'active':>8}   (validation, no teller)"
    )
    for point in curve:
        print(
            f"{point['latent']:>7}{point['beta']:>7g}{point['rate']:>12.1f}{point['distortion']:>12.1f}"
            f"{point['note_f1']:>9.3f}{point['active_units']:>8}"
        )
    print()
    for claim, is_kept in claims.items():
        print(f"claim: {claim}: {'kept' if is_kept else 'NOT KEPT'}")
    return 0 if all(claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
