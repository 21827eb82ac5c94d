"""The static picture of a filter at work: what the filter explorer leaves in a page where no widget lives."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Any

import numpy as np

from musegen_edu.kernels import nearest_places
from musegen_edu.widgets.gate_pictures import diverging_png
from musegen_edu.widgets.pictures import data_uri, static_picture
from musegen_edu.widgets.spectrogram_static import levels_to_png
from musegen_edu.widgets.training_samples import audio_file

if TYPE_CHECKING:
    from musegen_edu.widgets.filter_explorer import FilterExplorer

_WIDTH, _LEFT, _TALL, _GREY = 1000, 98, 190, "#5b6672"
_NOTE, _LIT = "#1f78c1", "#0b8a65"
_SECONDS = 20.0  # of sound that a committed notebook keeps


def filter_picture(explorer: FilterExplorer) -> str:
    """Return the picture, its map, the kernel in words, and the sound of what lights up, as HTML without scripts."""
    values, lit = explorer.feature_map, explorer.lit
    rows = _shown_rows(explorer)
    what = _words(explorer)
    tall = 2 * _TALL + 96
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {tall}" width="{_WIDTH}" height="{tall}" '
        f'font-family="system-ui, sans-serif" font-size="14" fill="#16191d"><rect width="{_WIDTH}" height="{tall}" fill="#fff"/>'
        f'<text x="8" y="19" font-weight="600">{html.escape(what)}</text>'
        f"{_input(explorer, lit, rows, 32)}{_map(explorer, values, rows, 52 + _TALL)}"
        f'<text x="{_LEFT}" y="{tall - 16}" fill="{_GREY}" font-size="13">map: blue above 0, orange below 0; full colour is {np.abs(values).max(initial=0):.2f}. '
        f"{_share(lit, explorer.picture)}</text></svg>"
    )
    image = f'<img alt="{html.escape(what)}" style="max-width: 100%" src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}">'
    return image + _sound(explorer, lit)


def _words(explorer: FilterExplorer) -> str:
    title = f"{explorer.title}: " if explorer.title else ""
    if explorer.layer >= 0:
        return f"{title}what filter {explorer.channel} of layer {explorer.layers[explorer.layer]['name']} answers"
    steps, rows = explorer.weights.shape
    known = next((preset for preset in explorer.presets if preset["kernel"] == explorer.kernel), None)
    kernel = f"“{known['name']}”" if known else f"a kernel of {steps} × {rows} weights"
    return f"{title}where {kernel} lights up"


def _shown_rows(explorer: FilterExplorer) -> tuple[int, int]:
    """Return the first row that is shown and the one past the last: of a roll only those near notes."""
    used = (
        np.flatnonzero(explorer.picture.any(axis=0))
        if explorer.info["kind"] == "roll"
        else np.arange(explorer.picture.shape[1])
    )
    first, last = (int(used[0]), int(used[-1])) if len(used) else (59, 61)
    spare = 3 if explorer.info["kind"] == "roll" else 0
    return max(0, first - spare), min(explorer.picture.shape[1], last + spare + 1)


def _input(explorer: FilterExplorer, lit: np.ndarray, rows: tuple[int, int], top: int) -> str:
    wide = _WIDTH - _LEFT - 8
    label = f'<text x="8" y="{top + _TALL / 2}" fill="{_GREY}" font-size="13">picture</text>'
    frame = f'<rect x="{_LEFT}" y="{top}" width="{wide}" height="{_TALL}" fill="none" stroke="#cbd2d9"/>'
    shown = explorer.picture[:, rows[0] : rows[1]]
    if explorer.info["kind"] != "roll":
        low, high = float(explorer.picture.min()), float(explorer.picture.max())
        levels = 255 * (shown - low) / max(high - low, 1e-9) * np.where(lit, 1.0, 0.35)
        return label + _image(levels_to_png(np.rint(levels).astype(np.uint8).T), top) + frame
    step, high = wide / len(shown), _TALL / shown.shape[1]
    marks = []
    for row in range(shown.shape[1]):
        edges = np.flatnonzero(np.diff(np.pad(shown[:, row] > 0, 1).astype(int)))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            colour = _LIT if lit[start:stop, rows[0] + row].any() else _NOTE
            y = top + (shown.shape[1] - 1 - row) * high
            marks.append(f'<rect x="{_LEFT + start * step:.1f}" y="{y:.1f}" width="{max(2.0, (stop - start) * step - 1):.1f}" height="{max(2.0, high - 0.5):.1f}" rx="1.5" fill="{colour}"/>')  # fmt: skip
    return label + frame + "".join(marks)


def _map(explorer: FilterExplorer, values: np.ndarray, rows: tuple[int, int], top: int) -> str:
    steps, places = nearest_places(explorer.picture.shape, values.shape, explorer.field)
    shown = values[np.ix_(steps, places[rows[0] : rows[1]])]
    levels = np.rint(127 + 127 * shown.T[::-1] / max(float(np.abs(values).max(initial=0)), 1e-9)).astype(np.uint8)
    wide = _WIDTH - _LEFT - 8
    return (
        f'<text x="8" y="{top + _TALL / 2}" fill="{_GREY}" font-size="13">feature map</text>{_image(diverging_png(levels), top)}'
        f'<rect x="{_LEFT}" y="{top}" width="{wide}" height="{_TALL}" fill="none" stroke="#cbd2d9"/>'
    )


def _image(png: bytes, top: int) -> str:
    data = base64.b64encode(png).decode()
    return f'<image x="{_LEFT}" y="{top}" width="{_WIDTH - _LEFT - 8}" height="{_TALL}" preserveAspectRatio="none" style="image-rendering: pixelated" href="data:image/png;base64,{data}"/>'


def _share(lit: np.ndarray, picture: np.ndarray) -> str:
    return f"{lit.sum() / max(int((picture > picture.min()).sum()), 1):.0%} of the cells light up."


def _sound(explorer: Any, lit: np.ndarray) -> str:
    if not lit.any():
        return "<p>Nothing lights up.</p>"
    if explorer.info["kind"] == "roll":
        return static_picture(explorer.heard.replace(title="What lights up"))
    if not explorer.info["sounds"]:
        return ""
    rate = explorer.sample_rate
    kind, data = audio_file(explorer.lit_audio()[: int(_SECONDS * rate)], rate)
    return f'<p>What lights up: <audio controls preload="none" src="{data_uri(kind, data)}"></audio></p>'
