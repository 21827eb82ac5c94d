"""What a `MelodyVAE` is measured to do: how much comes back, what the code costs, what lies between and beyond the music it has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.attributes import ATTRIBUTES, attribute_surface, attribute_values, attribute_vector, moved_points
from musegen_edu.four_bars import FourBarWindows
from musegen_edu.latent import codec_of, lerp, slerp
from musegen_edu.metrics import CorpusIndex, ngram_novelty, note_density, scale_consistency
from musegen_edu.metrics.reconstruction import (
    active_units,
    detour,
    kl_to_prior,
    morph_steps,
    share_in_range,
    step_accuracy,
    symbol_note_f1,
)
from musegen_edu.models.four_bar_pca import FourBarPCA, nearest_window
from musegen_edu.models.vae import MelodyVAE
from musegen_edu.score import Score

N_SAMPLES = 256
N_MORPHS, MORPH_POINTS = 64, 9
N_FOR_VECTORS = 6000
AMOUNTS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # standard deviations of a quality
PCA_SIZES = (4, 8, 16, 32, 64)

Symbols = npt.NDArray[np.int32]


def reconstruction(model: MelodyVAE, windows: Symbols) -> dict[str, Any]:
    """Return how much of some windows, (n, 64), comes back through the code, and what the code costs.

    `note_f1` and `step_accuracy` are free-running: the decoder hears nothing but itself. `step_accuracy_teacher_forced` tells it the right
    past. `distortion` is the mean negative log-likelihood of a window in nats with z at the mean, `rate` the KL in nats.
    """
    mean, log_variance = model.encode(windows)
    told = model.decode(mean)
    rate = kl_to_prior(mean, log_variance)
    logits = np.concatenate(
        [np.asarray(model.predict_on_batch(windows[i : i + 128])["logits"]) for i in range(0, len(windows), 128)]
    )
    logits = logits - logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, windows[..., None], axis=-1)[..., 0]
    nats = np.log(np.exp(logits).sum(axis=-1)) - chosen  # (n, 64)
    return {
        "note_f1": round(symbol_note_f1(windows, told), 4),
        "step_accuracy": round(step_accuracy(windows, told), 4),
        "step_accuracy_teacher_forced": round(step_accuracy(windows, logits.argmax(axis=-1)), 4),
        "distortion": round(float(nats.sum(axis=1).mean()), 2),
        "rate": round(float(rate.sum()), 2),
        "active_units": active_units(mean),
        "notes_a_bar": round(float((told > 2).sum() / len(told) / 4), 3),
    }


def judge_melody_vae(model: MelodyVAE, train: FourBarWindows, test: FourBarWindows, *, seed: int) -> dict[str, Any]:
    """Return all the figures of a trained model on held-out windows: against baselines, from the prior, between tunes, along qualities."""
    rng = np.random.default_rng(seed)
    some = train.symbols[rng.permutation(len(train))[: len(test)]]
    return {
        "test": reconstruction(model, test.symbols),
        "train": reconstruction(model, some),
        "rate_by_latent": [round(float(nats), 3) for nats in kl_to_prior(*model.encode(test.symbols))],
        "baselines": baselines(train.symbols, test.symbols, size=model.latent),
        "prior": judge_samples(model, train, test, seed=seed),
        "morphs": judge_morphs(model, test, seed=seed),
        "qualities": judge_qualities(model, train, test, seed=seed),
        "styles": judge_style_transfer(model, train, test),
    }


def baselines(train: Symbols, test: Symbols, *, size: int) -> dict[str, Any]:
    """Return note F1 and step accuracy of codes that need no network.

    `pca` is the plane of so many principal components. `nearest_by_code` stands for the training window whose `size` principal components
    are nearest; `nearest_by_notes` for the one with the most notes in common, which only one can choose who knows the answer.
    """
    most = FourBarPCA(max(*PCA_SIZES, size)).fit(train)
    pcas = {number: most.first(number) for number in PCA_SIZES}
    told = {f"pca_{number}": pca.decode(pca.encode(test)[0]) for number, pca in pcas.items()}
    here, there = (most.first(size).encode(rows)[0] for rows in (test, train))
    distances = (there**2).sum(axis=1) - 2 * here @ there.T  # (n, m), but for what is the same in a row
    told["nearest_by_code"] = train[distances.argmin(axis=1)]
    told["nearest_by_notes"] = train[nearest_window(test, train)]
    return {
        name: {"note_f1": round(symbol_note_f1(test, rows), 4), "step_accuracy": round(step_accuracy(test, rows), 4)}
        for name, rows in told.items()
    }


def judge_samples(model: MelodyVAE, train: FourBarWindows, test: FourBarWindows, *, seed: int) -> dict[str, Any]:
    """Return what music from points drawn from the prior is like, beside held-out music, and how much of it is copied.

    `in_real_range` is the share of the samples between the 5th and the 95th percentile of the held-out windows, where 90 % of these lie (more
    where many have the same value).
    """
    points = np.random.default_rng(seed).standard_normal((N_SAMPLES, model.latent)).astype(np.float32)
    symbols = model.decode(points)
    samples, real = scores_of(model, symbols), scores_of(model, test.symbols)
    found: dict[str, Any] = {}
    for name, measure in (("note_density", note_density), ("scale_consistency", scale_consistency)):
        here, there = (np.array([measure(score) for score in scores]) for scores in (samples, real))
        low, high = np.nanquantile(there, [0.05, 0.95])
        found[name] = {
            "samples": round(float(np.nanmean(here)), 4),
            "real": round(float(np.nanmean(there)), 4),
            "real_range": [round(float(low), 4), round(float(high), 4)],
            "in_real_range": round(share_in_range(here, there), 4),
            "real_in_real_range": round(share_in_range(there, there), 4),
        }
    seen = {window.tobytes() for window in train.symbols}
    corpus = CorpusIndex(scores_of(model, train.symbols))
    found["whole_windows_copied"] = sum(window.tobytes() in seen for window in symbols)
    found["novelty_of_8_note_runs"] = round(ngram_novelty(samples, corpus), 4)
    found["novelty_of_8_note_runs_in_held_out"] = round(ngram_novelty(real, corpus), 4)
    return found


def judge_morphs(model: MelodyVAE, test: FourBarWindows, *, seed: int) -> dict[str, Any]:
    """Return how evenly the music changes on straight lines and arcs between held-out windows of different tunes, and what it is like there."""
    rng = np.random.default_rng(seed)
    mean, _ = model.encode(test.symbols)
    pairs = [pair for pair in rng.permutation(len(test))[: 4 * N_MORPHS].reshape(-1, 2) if np.ptp(test.tune[pair])]
    shares = np.linspace(0, 1, MORPH_POINTS)
    found = {}
    for name, between in (("lerp", lerp), ("slerp", slerp)):
        points = np.stack([between(mean[a], mean[b], shares) for a, b in pairs[:N_MORPHS]])  # (pairs, 9, latent)
        symbols = model.decode(points.reshape(-1, model.latent))
        paths = symbols.reshape(len(points), MORPH_POINTS, -1)
        steps = np.array([morph_steps(path) for path in paths])
        scores = scores_of(model, symbols)
        along = {
            measure.__name__: np.array([measure(score) for score in scores]).reshape(-1, MORPH_POINTS)
            for measure in (note_density, scale_consistency)
        }
        found[name] = {
            "mean_step": round(float(steps.mean()), 4),
            "largest_step": round(float(steps.max(axis=1).mean()), 4),
            "detour": round(float(np.nanmean([detour(path) for path in paths])), 4),
            **{key: [round(float(v), 4) for v in np.nanmean(values, axis=0)] for key, values in along.items()},
        }
    return found


def judge_qualities(model: MelodyVAE, train: FourBarWindows, test: FourBarWindows, *, seed: int) -> dict[str, Any]:
    """Return what happens to held-out music that is moved along the vector, or up the surface, of each quality.

    `r` is the correlation of the change that was meant with the change that was measured, over all windows and `AMOUNTS`; `measured` the
    mean of the quality at each amount; `moved` how much each quality changed for one standard deviation meant, in its standard deviations.
    """
    chosen = train.take(np.random.default_rng(seed).permutation(len(train))[:N_FOR_VECTORS])
    known = scores_of(model, chosen.symbols)
    values = attribute_values(known)
    latents, here = model.encode(chosen.symbols)[0], model.encode(test.symbols)[0]
    spread = {name: float(np.nanstd(value)) for name, value in values.items()}
    found: dict[str, Any] = {"amounts": list(AMOUNTS), "vectors": {}, "surfaces": {}}
    for name in ATTRIBUTES:
        others = np.column_stack([values[other] for other in ATTRIBUTES if other != name])
        vector = attribute_vector(model, known, values[name], steady=others, latents=latents)
        surface = attribute_surface(latents, values[name])
        for kind, quality in (("vectors", vector), ("surfaces", surface)):
            points = np.concatenate([moved_points(here, quality, amount * spread[name]) for amount in AMOUNTS])
            moved = attribute_values(scores_of(model, model.decode(points)))
            after = {key: value.reshape(len(AMOUNTS), -1) for key, value in moved.items()}
            change = after[name] - after[name][AMOUNTS.index(0.0)]
            meant = np.broadcast_to(np.array(AMOUNTS)[:, None] * spread[name], change.shape)
            real = np.isfinite(change)
            up, down = AMOUNTS.index(1.0), AMOUNTS.index(-1.0)
            found[kind][name] = {
                "r": round(correlation(meant[real], change[real]), 4),
                "standard_deviation": round(spread[name], 4),
                "measured": [round(float(v), 4) for v in np.nanmean(after[name], axis=1)],
                "moved": {
                    key: round(float(np.nanmean(value[up] - value[down]) / 2 / spread[key]), 4)
                    for key, value in after.items()
                },
            }
    return found


def correlation(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Return Pearson's correlation of two rows of numbers, 0 where one of them never changes."""
    if len(a) == 0 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def judge_style_transfer(
    model: MelodyVAE, train: FourBarWindows, test: FourBarWindows, *, source: str = "reel", target: str = "strathspey"
) -> dict[str, Any]:
    """Return what becomes of held-out reels to whose points the way from the mean reel to the mean strathspey is added.

    A classifier that knows nothing of the model judges, from rhythm and steps; `note_f1_kept` and `pitch_classes_kept` say how much of the tune is
    left, by F1 against the same window decoded where it lay, and by the overlap of the time on each of the twelve pitch classes.
    """
    kinds = [np.array([windows.row(i).kind for i in range(len(windows))]) for windows in (train, test)]
    rows = [train.symbols[kinds[0] == kind] for kind in (source, target)]
    held_out = [test.symbols[kinds[1] == kind] for kind in (source, target)]
    if min(map(len, [*rows, *held_out])) < 5:
        return {}
    weights, threshold = style_classifier(*rows)
    is_target = [window_features(part) @ weights > threshold for part in held_out]
    way = model.encode(rows[1])[0].mean(axis=0) - model.encode(rows[0])[0].mean(axis=0)
    points = model.encode(held_out[0])[0]
    before = model.decode(points)
    found: dict[str, Any] = {
        "source": source,
        "target": target,
        "classifier_accuracy": round(float((1 - is_target[0].mean() + is_target[1].mean()) / 2), 4),
        "held_out": [len(part) for part in held_out],
    }
    amounts = (0.0, 0.5, 1.0, 1.5, 2.0)
    for amount in amounts:
        after = model.decode(points + np.float32(amount) * way)
        found[f"{amount:g}"] = {
            "judged_as_target": round(float((window_features(after) @ weights > threshold).mean()), 4),
            "note_f1_kept": round(symbol_note_f1(before, after), 4),
            "pitch_classes_kept": round(pitch_class_overlap(scores_of(model, before), scores_of(model, after)), 4),
        }
    return found


def style_classifier(first: Symbols, second: Symbols) -> tuple[npt.NDArray[np.float64], float]:
    """Return weights of `window_features` and a threshold: above it a window is judged to be of the second kind (least squares)."""
    rows = [window_features(part) for part in (first, second)]
    share = np.concatenate([np.full(len(part), 0.5 / len(part)) for part in rows])[:, None]  # both kinds count alike
    x = np.concatenate(rows)
    y = np.concatenate([np.full(len(part), sign) for part, sign in zip(rows, (-1.0, 1.0), strict=True)])
    centre = (share * x).sum(axis=0)
    x = x - centre
    weights = np.linalg.solve(x.T @ (share * x) + 1e-3 * np.eye(x.shape[1]), x.T @ (share[:, 0] * y))
    return weights, float(centre @ weights)


def window_features(symbols: Symbols) -> npt.NDArray[np.float64]:
    """Return what a style shows in: for each sixteenth of the bar how often a note begins there, and how often each step is made, (n, 41)."""
    onsets = (symbols > 2).reshape(len(symbols), 4, 16).mean(axis=1)
    steps = np.zeros((len(symbols), 25))
    for row, line in zip(steps, symbols, strict=True):
        intervals = np.clip(np.diff(line[line > 2]), -12, 12) + 12
        row += np.bincount(intervals, minlength=25) / max(1, len(intervals))
    return np.concatenate([onsets, steps], axis=1)


def pitch_class_overlap(before: list[Score], after: list[Score]) -> float:
    """Return how much of the time two rows of scores spend on the same pitch classes, pair by pair: 0 to 1."""
    shares = []
    for pair in zip(before, after, strict=True):
        both = [np.bincount(score.notes["pitch"] % 12, score.notes["duration"], 12) for score in pair]
        a, b = (times / max(1.0, times.sum()) for times in both)
        shares.append(float(np.minimum(a, b).sum()))
    return float(np.mean(shares))


def scores_of(model: MelodyVAE, symbols: Symbols) -> list[Score]:
    """Return windows as music, in C."""
    codec = codec_of(model)
    return [codec.decode(row) for row in symbols]
