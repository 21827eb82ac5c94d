"""The static picture of a game between generator and judge: losses, and moments of it, for pages where no widget lives."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from musegen_edu.widgets.gan_history import Frame, GanHistory
from musegen_edu.widgets.gan_moments import BARS, FORGED, INK, JUDGE, draw_error, draw_examples, draw_scores, range_of
from musegen_edu.widgets.gan_views import PointsView, ScoresView, View
from musegen_edu.widgets.pictures import clip_of, data_uri
from musegen_edu.widgets.spectrogram_static import nice_step
from musegen_edu.widgets.training_samples import audio_file

_WIDTH, _LOSSES = 1000, 190  # px
_GAP = 12
_MOMENTS = 5
_LINES = (("judge_loss", JUDGE, "", "judge"), ("generator_loss", FORGED, "9 4", "generator"))


def game_picture(title: str, history: GanHistory, view: View, info: dict[str, Any], at: int | None) -> str:
    """Return losses, moments of the game and, of tunes and spectrograms, sounds, as HTML without scripts.

    Parameters
    ----------
    title : heading; empty for none.
    history : what was recorded.
    view : how examples are shown.
    info : what the monitor tells its page: names of the loss and of the diversity.
    at : the step that is marked; None marks none.
    """
    heading = f'<div style="font-weight: 600; margin-bottom: 4px">{html.escape(title)}</div>' if title else ""
    if not history.frames:
        return f"{heading}<p>No step has been trained yet.</p>"
    shown = moments(history, at)
    columns = len(shown) + (0 if view.kind == "points" else 1)
    side = (_WIDTH - (columns - 1) * _GAP) / columns
    high = {"points": side if info.get("dims") == 2 else 0.7 * side, "scores": side, "spectrograms": side}[view.kind]
    top = _LOSSES + 52
    body = [_losses(history, shown, at)]
    cells = [("real", None), *((f"step {frame.step}", frame) for frame in shown)][-columns:]
    for i, (name, frame) in enumerate(cells):
        x = i * (side + _GAP)
        examples = view.real if frame is None else frame.forged
        ink = FORGED if frame is not None and frame.step == at else INK
        body.append(f'<text x="{x:.0f}" y="{top - 8}" font-weight="600" fill="{ink}">{name}</text>')
        drawn = (
            draw_error(frame.error)
            if frame is not None and frame.error
            else draw_examples(view, examples, frame, info, side, high)
        )
        body.append(f'<svg x="{x:.1f}" y="{top}" width="{side:.1f}" height="{high:.1f}">{drawn}</svg>')
        body.append(f'<rect x="{x:.1f}" y="{top}" width="{side:.1f}" height="{high:.1f}" fill="none" stroke="#ccc"/>')
        if frame is not None and frame.scores:
            bars = draw_scores(*next(iter(frame.scores.values())), side, range_of(shown))
            body.append(
                f'<svg x="{x:.1f}" y="{top + high + 8:.1f}" width="{side:.1f}" height="{BARS + 18}">{bars}</svg>'
            )
    height = top + high + BARS + 52
    words = "blue: real, orange: generated; below, the judge's scores: right of 0 it takes an example for real"
    body.append(f'<text x="0" y="{height - 8:.0f}">{html.escape(words)}</text>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" height="{height:.0f}" fill="{INK}" '
        f'font-family="system-ui, sans-serif" font-size="14"><rect width="{_WIDTH}" height="{height:.0f}" fill="#fff"/>{"".join(body)}</svg>'
    )
    image = f'<img alt="{html.escape(finding(history, info))}" style="display: block; max-width: 100%" src="{data_uri("image/svg+xml", svg.encode())}">'
    words = f'<div style="margin-bottom: 6px">{html.escape(finding(history, info))}</div>'
    return f'<div style="max-width: {_WIDTH}px">{heading}{words}{image}{_sounds(view, shown)}</div>'


def moments(history: GanHistory, at: int | None) -> list[Frame]:
    """Return some frames from the first to the last, about as far from one another; one of them nearest to `at`."""
    places = np.linspace(history.frames[0].step, history.frames[-1].step, _MOMENTS)
    if at is not None:
        places[1 + np.abs(places[1:-1] - at).argmin()] = at
    chosen = {history.near(round(place)).step: history.near(round(place)) for place in sorted(places)}
    return list(chosen.values())


def finding(history: GanHistory, info: dict[str, Any]) -> str:
    """Return in words how the game stands: whom the judge still tells apart, and how manifold the forgeries are."""
    last = history.frames[-1]
    words = [f"After {last.step} steps"]
    for name, (real, forged) in last.scores.items():
        who = "the judge" if len(last.scores) == 1 else f"the judge of {name}"
        words.append(
            f"{who} is right on {_percent((real > 0).mean())} of the real and {_percent((forged < 0).mean())} of the generated examples"
        )
    if math.isfinite(last.diversity):
        told = _percent(last.diversity) if info["is_share"] else f"{last.diversity:.3g}"
        words.append(f"{info['diversity']} {told}")
    return f"{words[0]} {'; '.join(words[1:]) or 'there is nothing to see'}."


def _losses(history: GanHistory, shown: Sequence[Frame], at: int | None) -> str:
    steps = np.array(history.curves["step"], float)
    lines = [
        (np.array(history.curves[key], float), colour, dash, name)
        for key, colour, dash, name in _LINES
        if np.isfinite(history.curves.get(key, [])).any()
    ]
    values = np.concatenate([values for values, *_ in lines]) if lines else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return '<text x="0" y="30">No losses were recorded.</text>'
    low, high = (
        float(np.quantile(values, 0.01)),
        float(np.quantile(values, 0.99)),
    )  # one wild step must not press all flat
    step = nice_step(max(high - low, 1e-6), 4)
    low, high = step * math.floor(low / step), step * math.ceil(high / step + 1e-9)
    left, right, top, bottom = 48, _WIDTH - 90, 14, _LOSSES - 12
    last = max(1.0, steps[-1])

    def x(at: float) -> float:
        return left + (right - left) * at / last

    def y(value: float) -> float:
        return bottom - (bottom - top) * (min(max(value, low), high) - low) / (high - low)

    body = []
    for tick in np.arange(low, high + step / 2, step):
        body.append(
            f'<path d="M{left} {y(tick):.1f}H{right}" stroke="#ddd"/><text x="{left - 8}" y="{y(tick) + 5:.1f}" text-anchor="end">{tick:.3g}</text>'
        )
    for frame in shown:
        colour, width = (FORGED, 2) if frame.step == at else ("#bbb", 1)
        body.append(
            f'<path d="M{x(frame.step):.1f} {top}V{bottom}" stroke="{colour}" stroke-width="{width}" stroke-dasharray="2 4"/>'
        )
    labels = []
    for column, colour, dash, name in lines:
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(steps, column, strict=True) if math.isfinite(b))
        body.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        labels.append((y(float(column[np.isfinite(column)][-1])), colour, name))
    labels.sort()
    for i, (place, colour, name) in enumerate(labels):
        place = max(place, labels[i - 1][0] + 17) if i else place
        body.append(f'<text x="{right + 8}" y="{place + 5:.1f}" fill="{colour}" font-weight="600">{name}</text>')
    body.append(
        f'<text x="{left}" y="{top - 2}">loss</text><text x="{right}" y="{bottom + 18}" text-anchor="end">{last:.0f} steps</text>'
    )
    return "".join(body)


def _sounds(view: View, shown: Sequence[Frame]) -> str:
    """A real example and the first of the last moment, to be heard."""
    entries: list[tuple[str, str]] = []
    last = shown[-1]
    told: list[tuple[str, Any]] = [
        ("real", view.real),
        (f"generated, step {last.step}", None if last.error else last.forged),
    ]
    for words, examples in told:
        if examples is None or isinstance(view, PointsView):
            continue
        if isinstance(view, ScoresView):
            entries.append((words, clip_of(examples[0])[0]))
        else:
            entries.append((words, data_uri(*audio_file(view.audio(examples[0]), view.sample_rate))))
    return "".join(
        f'<figure style="display: inline-block; margin: 6px 18px 0 0"><figcaption style="font-size: 13px">{words}</figcaption>'
        f'<audio controls preload="none" style="height: 34px" src="{uri}"></audio></figure>'
        for words, uri in entries
        if uri
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
