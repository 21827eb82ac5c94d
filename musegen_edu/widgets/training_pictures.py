"""The static pictures of a training: curves and samples for pages where no widget lives, readable on light and dark ground."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np

from musegen_edu.score import Score
from musegen_edu.widgets.pictures import clip_of, data_uri, first_bars
from musegen_edu.widgets.training_runs import TrainingRun
from musegen_edu.widgets.training_samples import audio_file, peaks_of

# Colour and dash pattern of each run, in the order of the page code; all stand out on white and on black.
COLOURS = ("#2b86d9", "#d9731a", "#12996f", "#c05f9f", "#7077d6", "#a38400")
DASHES = ("", "9 4", "2 3", "12 3 2 3", "5 2", "1 4")
_INK = "#808080"
_WIDTH, _HEIGHT = 720, 230  # px of one panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 30, 38
_ROLL_BARS = 8


def curves_picture(title: str, runs: Sequence[TrainingRun]) -> str:
    """Return SVG panels, one a value (loss, accuracy, ...), with the training and validation curves of all runs.

    Training is a thin line with dots, validation a thick one with diamonds; a ring marks a run's best epoch.

    Examples
    --------
    >>> run = TrainingRun("Adam")
    >>> run.add_epoch({"loss": 0.9, "val_loss": 1.0})
    >>> curves_picture("Two curves", [run]).count("<polyline")
    2
    """
    names = [name for run in runs for name in run.history if not name.startswith("val_")]
    names = list(dict.fromkeys(names))[:3]
    heading = f'<div style="font-weight: 600">{html.escape(title)}</div>' if title else ""
    if not names:
        return f"{heading}<p>No epoch has been trained yet.</p>"
    return heading + "".join(_panel(name, runs) for name in names) + _legend(runs)


def _panel(name: str, runs: Sequence[TrainingRun]) -> str:
    shown = [(i, run, key) for i, run in enumerate(runs) for key in (name, f"val_{name}") if key in run.history]
    values = [value for _, run, key in shown for value in run.history[key] if math.isfinite(value)]
    if not values:
        return f"<p>{html.escape(name)} is not a number in any epoch.</p>"
    low, high = min(values), max(values)
    if 0 <= low < 0.4 * high:
        low = 0.0
    if high == low:
        low, high = low - 0.1 * abs(low) - 0.01, high + 0.1 * abs(high) + 0.01
    step = _round_step((high - low) / 4)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    n_epochs = max(run.n_epochs for _, run, _ in shown)

    def place(epoch: int, value: float) -> tuple[float, float]:
        x = _LEFT + (epoch - 1) / max(1, n_epochs - 1) * (_WIDTH - _LEFT - _RIGHT)
        return x, _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    body = []
    for k in range(round((high - low) / step) + 1):
        _, y = place(1, low + k * step)
        body.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_INK}" stroke-opacity="0.25"/>'
        )
        body.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{low + k * step:.3g}</text>')
    for epoch in range(1, n_epochs + 1, max(1, math.ceil(n_epochs / 12))):
        body.append(
            f'<text x="{place(epoch, low)[0]:.1f}" y="{_HEIGHT - _BOTTOM + 17}" text-anchor="middle">{epoch}</text>'
        )
    body.append(f'<text x="{(_WIDTH + _LEFT) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">epoch</text>')
    for number, run, key in shown:
        body += _curve(run, key, number, len(runs) == 1, place)
    words = _finding(name, runs)
    body.append(f'<text x="4" y="16" font-weight="600">{html.escape(words)}</text>')
    return (
        f'<svg role="img" aria-label="{html.escape(words)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%; '
        f'display:block" fill="{_INK}" font-family="system-ui, sans-serif" font-size="13">{"".join(body)}</svg>'
    )


def _curve(run: TrainingRun, key: str, number: int, alone: bool, place) -> list[str]:  # type: ignore[no-untyped-def]
    is_validation = key.startswith("val_")
    slot = (number + (1 if alone and is_validation else 0)) % len(COLOURS)
    colour, dash = COLOURS[slot], DASHES[slot]
    points = [(epoch, *place(epoch, value)) for epoch, value in enumerate(run.history[key], 1) if math.isfinite(value)]
    line = " ".join(f"{x:.1f},{y:.1f}" for _, x, y in points)
    drawn = [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{2.6 if is_validation else 1.6}" stroke-dasharray="{dash}"/>'
    ]
    every = max(1, len(points) // 24)
    for epoch, x, y in points:
        if is_validation and epoch == run.best_epoch and key == run.judged_by:
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="none" stroke="{colour}" stroke-width="2"/>')
        if (epoch - 1) % every:
            continue
        if is_validation:
            drawn.append(
                f'<path d="M{x:.1f} {y - 4.5:.1f}l4.5 4.5-4.5 4.5-4.5-4.5z" fill="#fff" stroke="{colour}" stroke-width="1.6"/>'
            )
        else:
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.8" fill="{colour}"/>')
    return drawn


def _finding(name: str, runs: Sequence[TrainingRun]) -> str:
    """What the panel shows, in words computed from the values."""
    if name != "loss":
        lasts = [(run.history.get(f"val_{name}") or run.history.get(name) or [math.nan])[-1] for run in runs]
        kind = f"validation {name}" if any(f"val_{name}" in run.history for run in runs) else name
        return f"{kind} at the end: " + ", ".join(
            f"{value:.3g}" + (f" ({run.name})" if len(runs) > 1 else "") for value, run in zip(lasts, runs, strict=True)
        )
    bests = [(run.history[run.judged_by][run.best_epoch - 1], run) for run in runs if run.best_epoch]
    if not bests:
        return "The loss is no longer a number"
    value, run = min(bests, key=lambda pair: pair[0])
    kind = "validation loss" if run.judged_by == "val_loss" else "loss"
    who = f", {run.name}" if len(runs) > 1 else ""
    return f"Lowest {kind}: {value:.4g} after epoch {run.best_epoch} of {run.n_epochs}{who}"


def _legend(runs: Sequence[TrainingRun]) -> str:
    entries = []
    alone = len(runs) == 1
    for number, run in enumerate(runs):
        for key, kind in (("", "training"), ("val_", "validation")):
            if not any(name.startswith("val_") == bool(key) for name in run.history):
                continue
            slot = (number + (1 if alone and key else 0)) % len(COLOURS)
            mark = (
                f'<path d="M22 4.5l4.5 4.5-4.5 4.5-4.5-4.5z" fill="#fff" stroke="{COLOURS[slot]}" stroke-width="1.6"/>'
                if key
                else f'<circle cx="22" cy="9" r="2.8" fill="{COLOURS[slot]}"/>'
            )
            line = f'<path d="M0 9h44" fill="none" stroke="{COLOURS[slot]}" stroke-width="{2.6 if key else 1.6}" stroke-dasharray="{DASHES[slot]}"/>'
            words = kind if alone else f"{run.name}, {kind}"
            entries.append(
                f'<span style="white-space: nowrap; margin-right: 18px"><svg width="44" height="18" style="vertical-align: -4px" aria-hidden="true">{line}{mark}</svg> {html.escape(words)}</span>'
            )
    return f'<div style="font-size: 13px; padding: 2px 4px 8px">{"".join(entries)}<span>○ best epoch</span></div>'


def sample_picture(run: TrainingRun, epoch: int, *, named: bool = False) -> str:
    """Return a sample as a small piano roll or waveform, with its sound; or what went wrong instead."""
    when = "before training" if epoch == 0 else f"after epoch {epoch}"
    words = f"{run.name}: {when}" if named else f"Sample {when}"
    sample = run.samples.get(epoch)
    if sample is None:
        drawn, sound = f"<div>No sample: {html.escape(run.sample_errors.get(epoch, ''))}</div>", ""
    elif isinstance(sample, Score):
        drawn, sound = _roll(first_bars(sample, _ROLL_BARS)), clip_of(sample)[0]
    else:
        drawn, sound = _wave(peaks_of(sample[0])), data_uri(*audio_file(*sample))
    player = f'<audio controls preload="none" style="height: 34px" src="{sound}"></audio>' if sound else ""
    return f'<figure style="margin: 6px 0"><figcaption style="font-size: 13px">{html.escape(words)}</figcaption>{drawn}{player}</figure>'


def _roll(score: Score) -> str:
    notes = score.notes
    if not len(notes):
        return "<div>no notes</div>"
    low, high, end = int(notes["pitch"].min()) - 1, int(notes["pitch"].max()) + 1, max(1, score.duration)
    height, row = 90, 90 / max(12, high - low + 1)
    bars = [
        f'<rect x="{_WIDTH * note["onset"] / end:.1f}" y="{(high - note["pitch"]) * row:.1f}" width="{max(2.0, _WIDTH * note["duration"] / end - 1):.1f}" '
        f'height="{max(2.0, row - 1):.1f}" rx="1.5" fill="{COLOURS[int(note["part"]) % len(COLOURS)]}"/>'
        for note in notes
    ]
    lines = [
        f'<line x1="{_WIDTH * tick / end:.1f}" x2="{_WIDTH * tick / end:.1f}" y1="0" y2="{height}" stroke="{_INK}" stroke-opacity="0.35"/>'
        for tick in range(score.pickup, end, score.bar_ticks)
    ]
    return _strip(f"Piano roll, {len(notes)} notes", height, [*lines, *bars])


def _wave(peaks: Sequence[Sequence[float]]) -> str:
    height, largest = 70, max(1e-9, float(np.abs(np.asarray(peaks)).max()))
    wide = _WIDTH / len(peaks)
    d = "".join(
        f"M{(i + 0.5) * wide:.1f} {height / 2 * (1 - top / largest):.1f}V{height / 2 * (1 - bottom / largest) + 0.5:.1f}"
        for i, (bottom, top) in enumerate(peaks)
    )
    return _strip(
        "Waveform",
        height,
        [f'<path d="{d}" stroke="{COLOURS[0]}" stroke-width="{max(0.8, wide * 0.8):.1f}" fill="none"/>'],
    )


def _strip(words: str, height: int, body: Sequence[str]) -> str:
    return (
        f'<svg role="img" aria-label="{words}" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" style="max-width:100%; display:block; '
        f'border: 1px solid {_INK}55; border-radius: 4px">{"".join(body)}</svg>'
    )


def _round_step(about: float) -> float:
    """Return 1, 2 or 5 times a power of ten, near to `about`."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= about * 0.999)
