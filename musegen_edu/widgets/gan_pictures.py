"""The static picture of a game between generator and judge: losses, and moments of it, for pages where no widget lives."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.widgets.gan_history import Frame, GanHistory
from musegen_edu.widgets.gan_views import PointsView, ScoresView, SpectrogramsView, View
from musegen_edu.widgets.pictures import clip_of, data_uri
from musegen_edu.widgets.spectrogram_static import nice_step
from musegen_edu.widgets.training_samples import audio_file

REAL, FORGED, JUDGE, INK = "#1f78c1", "#c2600f", "#a84f8b", "#57606a"  # as in the page on light ground
_WIDTH, _LOSSES, _BARS = 1000, 190, 60  # px: the whole, the losses, the histograms
_GAP = 12
_MOMENTS, _DRAWN = 5, 200  # moments shown; points drawn of each kind
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
            _error(frame.error) if frame is not None and frame.error else _draw(view, examples, frame, info, side, high)
        )
        body.append(f'<svg x="{x:.1f}" y="{top}" width="{side:.1f}" height="{high:.1f}">{drawn}</svg>')
        body.append(f'<rect x="{x:.1f}" y="{top}" width="{side:.1f}" height="{high:.1f}" fill="none" stroke="#ccc"/>')
        if frame is not None and frame.scores:
            bars = _histogram(*next(iter(frame.scores.values())), side, _range_of(shown))
            body.append(
                f'<svg x="{x:.1f}" y="{top + high + 8:.1f}" width="{side:.1f}" height="{_BARS + 18}">{bars}</svg>'
            )
    height = top + high + _BARS + 52
    words = f"blue: real; orange: generated. Below: the judge's scores, {next(iter(shown[-1].scores), 'judge')}; right of 0 it takes an example for real."
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
        words.append(f"{info['diversity']} {last.diversity:.3g}")
    return f"{words[0]} {'; '.join(words[1:]) or 'there is nothing to see'}."


def _losses(history: GanHistory, shown: Sequence[Frame], at: int | None) -> str:
    steps = np.array(history.curves["step"], float)
    lines = [(np.array(history.curves[name]), *rest) for name, *rest in _LINES if name in history.curves]
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


def _draw(view: View, examples: Any, frame: Frame | None, info: dict[str, Any], side: float, high: float) -> str:
    if isinstance(view, PointsView):
        draw = _plane if info["dims"] == 2 else _line
        return draw(view, examples, frame, info, side, high)
    if isinstance(view, SpectrogramsView):
        from musegen_edu.widgets.spectrogram_static import levels_to_png

        uri = data_uri("image/png", levels_to_png(examples[0]))
        return f'<image width="{side:.1f}" height="{high:.1f}" preserveAspectRatio="none" href="{uri}"/>'
    return _rolls(examples[:2], FORGED if frame is not None else REAL, side, high)


def _plane(
    view: PointsView, forged: npt.NDArray[Any], frame: Frame | None, info: dict[str, Any], side: float, high: float
) -> str:
    from musegen_edu.widgets.gate_pictures import diverging_png

    body = []
    if frame is not None and frame.probed is not None:
        shade = shades(frame, info["loss"]).reshape(info["grid"], info["grid"])[::-1]
        uri = data_uri("image/png", diverging_png(np.rint(127 + 60 * shade).astype(np.uint8)))
        body.append(f'<image width="{side:.1f}" height="{high:.1f}" preserveAspectRatio="none" href="{uri}"/>')
    for points, colour in ((view.real, REAL), (forged, FORGED)):
        place = (points[:_DRAWN] - view.low) / (view.high - view.low) * (side, high)
        dots = "".join(f"M{a:.0f} {high - b:.0f}h0" for a, b in place if 0 <= a <= side and 0 <= b <= high)
        body.append(
            f'<path d="{dots}" stroke="{colour}" stroke-width="4" stroke-linecap="round" stroke-opacity="0.75"/>'
        )
    return "".join(body)


def _line(
    view: PointsView, forged: npt.NDArray[Any], frame: Frame | None, info: dict[str, Any], side: float, high: float
) -> str:
    at = view.probes[:, 0]
    curves = [density(points[:, 0], at) for points in (view.real, forged)]
    most = max(float(curves[0].max()) * 1.6, 1e-9)
    x = side * np.arange(len(at)) / (len(at) - 1)
    body = []
    for curve, colour in zip(curves, (REAL, FORGED), strict=True):
        line = "L".join(f"{a:.1f} {high * (1 - min(1.0, b / most)):.1f}" for a, b in zip(x, curve, strict=True))
        body.append(
            f'<path d="M0 {high:.1f}L{line}L{side:.1f} {high:.1f}" fill="{colour}" fill-opacity="0.18" stroke="{colour}" stroke-width="2"/>'
        )
    if frame is not None and frame.probed is not None:
        share = (1 + shades(frame, info["loss"])) / 2
        line = "L".join(f"{a:.1f} {high * (0.96 - 0.92 * b):.1f}" for a, b in zip(x, share, strict=True))
        body.append(f'<path d="M{line}" fill="none" stroke="{JUDGE}" stroke-width="2.5"/>')
    return "".join(body)


def _rolls(scores: Sequence[Any], colour: str, side: float, high: float) -> str:
    """Small piano rolls, one below the other."""
    body = []
    for i, score in enumerate(scores):
        top, each = i * high / len(scores), high / len(scores)
        pitches = score.notes["pitch"]
        low, up = (int(pitches.min()), int(pitches.max())) if len(score) else (60, 72)
        row, wide = (each - 12) / max(12, up - low + 1), side / max(1, score.duration)
        marks = "".join(
            f"M{wide * onset:.1f} {top + 6 + (up - pitch + 0.5) * row:.1f}h{max(1.5, wide * duration - 1):.1f}"
            for onset, duration, pitch, *_ in score.notes.tolist()
        )
        body.append(f'<path d="{marks}" stroke="{colour}" stroke-width="{max(2.0, row - 0.6):.1f}"/>')
        body.append(f'<path d="M0 {top:.1f}h{side:.1f}" stroke="#ddd"/>' if i else "")
    return "".join(body)


def _histogram(real: npt.NDArray[Any], forged: npt.NDArray[Any], side: float, ends: tuple[float, float]) -> str:
    """The scores of the real examples upward, of the generated ones downward, and where 0 lies."""
    edges = np.linspace(*ends, 25)
    counts = [
        np.histogram(np.clip(np.nan_to_num(scores), *ends), edges)[0] / max(1, len(scores)) for scores in (real, forged)
    ]
    scale = (_BARS / 2 - 1) / max(1e-9, max(float(count.max()) for count in counts))
    wide, middle = side / 24, _BARS / 2
    body = []
    for count, colour, sign in zip(counts, (REAL, FORGED), (-1, 1), strict=True):
        bars = "".join(
            f"M{(i + 0.5) * wide:.1f} {middle:.0f}v{sign * scale * share:.1f}" for i, share in enumerate(count) if share
        )
        body.append(f'<path d="{bars}" stroke="{colour}" stroke-width="{wide - 1:.1f}"/>')
    zero = side * (0 - ends[0]) / (ends[1] - ends[0])
    body.append(
        f'<path d="M{zero:.1f} 0V{_BARS}" stroke="{INK}" stroke-width="1.5"/><text x="{zero:.1f}" y="{_BARS + 14}" text-anchor="middle" font-size="12">0</text>'
    )
    return "".join(body)


def _range_of(shown: Sequence[Frame]) -> tuple[float, float]:
    """The range of all scores of some frames, 0 in it."""
    scores = [part for frame in shown for pair in frame.scores.values() for part in pair]
    finite = np.concatenate([part[np.isfinite(part)] for part in scores] or [np.zeros(1)])
    low, high = float(finite.min(initial=-0.5)), float(finite.max(initial=0.5))
    return low - 0.03 * (high - low), high + 0.03 * (high - low)


def shades(frame: Frame, loss: str) -> npt.NDArray[np.float64]:
    """Return the judge's scores at the probe points between -1, forged, and 1, real: 2 * sigmoid(d) - 1.

    With the Wasserstein loss only differences of scores mean anything; there the middle between the means of both kinds counts as 0.
    """
    if frame.probed is None:
        raise ValueError("frame has no probed scores")
    middle = 0.0
    if loss == "wasserstein":
        middle = float(np.mean([part.mean() for part in next(iter(frame.scores.values()))]))
    return np.tanh((np.nan_to_num(frame.probed.astype(np.float64)) - middle) / 2)


def density(points: npt.NDArray[Any], at: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the density of points on a line at some places: a sum of normal curves, as wide as 2 % of the range.

    Examples
    --------
    >>> density(np.zeros(3), np.linspace(-1, 1, 101)).argmax()
    50
    """
    width = 0.02 * float(at[-1] - at[0])
    points = points[np.isfinite(points)]
    if not len(points):
        return np.zeros(len(at))
    rest = (at[:, None] - points) / width
    return np.exp(-0.5 * rest**2).mean(axis=1) / (width * math.sqrt(2 * math.pi))


def _sounds(view: View, shown: Sequence[Frame]) -> str:
    """A real example and the first of the last moment, to be heard."""
    entries: list[tuple[str, str]] = []
    last = shown[-1]
    for words, examples in (("real", view.real), (f"generated, step {last.step}", None if last.error else last.forged)):
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


def _error(words: str) -> str:
    return f'<text x="6" y="24" font-size="12" fill="#b3261e">{html.escape(words[:40])}</text>'


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
