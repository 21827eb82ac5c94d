"""The static picture of a layer at work: what the gate viewer leaves in a page where no widget lives."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SHOWN = 48  # units
_BLUE, _ORANGE, _GREY = (31, 120, 193), (194, 96, 15), "#5b6672"
_WIDTH, _LEFT, _ROLL, _ROW = 1000, 44, 90, 4  # px


def activity_picture(
    values: npt.NDArray[np.float64],
    edges: Sequence[float],
    notes: Sequence[tuple[float, float, int]],
    caption: str,
) -> str:
    """Return an image of notes and, below them, of the units that change most: blue above 0, orange below.

    Parameters
    ----------
    values : of a gate or a state, (time, units).
    edges : where each step begins and the last ends, 0 to 1, (time + 1,).
    notes : begin and end, 0 to 1, and pitch.
    caption : what is seen.

    Lesson: 06 lstm_and_gru.
    """
    order = np.argsort(-values.std(axis=0), kind="stable")[:SHOWN]
    shown = values[:, order]  # (time, SHOWN)
    largest = max(float(np.abs(shown).max()), 1e-9)
    wide = _WIDTH - _LEFT - 4
    columns = np.clip(np.searchsorted(edges, (np.arange(wide) + 0.5) / wide, side="right") - 1, 0, len(values) - 1)
    levels = np.rint(127 + 127 * shown[columns].T / largest).astype(np.uint8)  # (SHOWN, wide)
    tall = _ROW * levels.shape[0]
    pitches = [pitch for *_, pitch in notes] or [60]
    low, high = min(pitches), max(pitches)
    step = (_ROLL - 8) / max(high - low + 1, 8)
    marks = "".join(
        f'<rect x="{_LEFT + start * wide:.1f}" y="{30 + (high - pitch) * step:.1f}" width="{max(2.0, (end - start) * wide - 1):.1f}" height="{max(3.0, step):.1f}" rx="2" fill="#1f78c1"/>'
        for start, end, pitch in notes
    )
    top = 30 + _ROLL
    png = base64.b64encode(diverging_png(levels)).decode()
    height = top + tall + 26
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="14" fill="#16191d"><rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="8" y="19" font-weight="600">{html.escape(caption)}</text>{marks}'
        f'<image x="{_LEFT}" y="{top}" width="{wide}" height="{tall}" preserveAspectRatio="none" style="image-rendering: pixelated" href="data:image/png;base64,{png}"/>'
        f'<text transform="translate(30 {top + tall / 2}) rotate(-90)" text-anchor="middle" fill="{_GREY}" font-size="13">{len(order)} units</text>'
        f'<text x="{_LEFT}" y="{height - 8}" fill="{_GREY}" font-size="13">blue: above 0, orange: below 0, white: 0; full colour is {largest:.2f}</text></svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{html.escape(caption)}" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'


def diverging_png(levels: npt.NDArray[np.uint8]) -> bytes:
    """Return levels as a PNG image with a palette: 0 is orange, 127 white, 254 blue. Source: PNG Specification, W3C, 2003."""
    place = (np.arange(256)[:, None] - 127) / 127
    colour = np.where(place > 0, _BLUE, _ORANGE)
    palette = np.rint(255 + np.clip(np.abs(place), 0, 1) * (colour - 255)).astype(np.uint8)
    rows = np.pad(levels, ((0, 0), (1, 0)))  # each row begins with its filter, 0: none
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 8, 3, 0, 0, 0)),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ]
    body = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)
