"""One moment of a game between generator and judge, drawn for a page without scripts: its examples, and the judge's scores."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.widgets.gan_history import Frame
from musegen_edu.widgets.gan_views import PointsView, SpectrogramsView, View
from musegen_edu.widgets.pictures import data_uri

REAL, FORGED, JUDGE, INK = "#1f78c1", "#c2600f", "#a84f8b", "#57606a"  # as in the page on light ground
BARS = 60  # px of a histogram
_DRAWN = 200  # points of each kind


def draw_examples(
    view: View, examples: Any, frame: Frame | None, info: dict[str, Any], side: float, high: float
) -> str:
    """Return examples as SVG: points with the judge's surface or curve, two piano rolls, or a spectrogram.

    Parameters
    ----------
    view : how they are shown.
    examples : what the view keeps of them.
    frame : the moment they were generated at; None for real ones.
    info : what the monitor tells its page.
    side, high : px.
    """
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


def draw_scores(real: npt.NDArray[Any], forged: npt.NDArray[Any], side: float, ends: tuple[float, float]) -> str:
    """The scores of the real examples upward, of the generated ones downward, and where 0 lies."""
    edges = np.linspace(*ends, 25)
    counts = [
        np.histogram(np.clip(np.nan_to_num(scores), *ends), edges)[0] / max(1, len(scores)) for scores in (real, forged)
    ]
    scale = (BARS / 2 - 1) / max(1e-9, max(float(count.max()) for count in counts))
    wide, middle = side / 24, BARS / 2
    body = []
    for count, colour, sign in zip(counts, (REAL, FORGED), (-1, 1), strict=True):
        bars = "".join(
            f"M{(i + 0.5) * wide:.1f} {middle:.0f}v{sign * scale * share:.1f}" for i, share in enumerate(count) if share
        )
        body.append(f'<path d="{bars}" stroke="{colour}" stroke-width="{wide - 1:.1f}"/>')
    zero = side * (0 - ends[0]) / (ends[1] - ends[0])
    body.append(
        f'<path d="M{zero:.1f} 0V{BARS}" stroke="{INK}" stroke-width="1.5"/><text x="{zero:.1f}" y="{BARS + 14}" text-anchor="middle" font-size="12">0</text>'
    )
    return "".join(body)


def range_of(shown: Sequence[Frame]) -> tuple[float, float]:
    """The range of all scores of some frames, 0 in it."""
    scores = [part for frame in shown for pair in frame.scores.values() for part in pair]
    finite = np.concatenate([part[np.isfinite(part)] for part in scores] or [np.zeros(1, np.float32)])
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
    >>> int(density(np.zeros(3), np.linspace(-1, 1, 101)).argmax())
    50
    """
    width = 0.02 * float(at[-1] - at[0])
    points = points[np.isfinite(points)]
    if not len(points):
        return np.zeros(len(at))
    rest = (at[:, None] - points) / width
    return np.exp(-0.5 * rest**2).mean(axis=1) / (width * math.sqrt(2 * math.pi))


def draw_error(words: str) -> str:
    """Return the first words of an error, in the place of examples."""
    return f'<text x="6" y="24" font-size="12" fill="#b3261e">{html.escape(words[:40])}</text>'
