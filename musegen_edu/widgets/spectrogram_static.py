"""The static picture of a sound: what the spectrogram player leaves in a page where no widget lives."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import MP3_SAMPLE_RATES, audio_to_mp3
from musegen_edu.widgets.spectrogram_pictures import LOWEST_DB, TILE, Audio, Picture, picture_to_tile

# Nine colours of "magma" (van der Walt and Smith, 2015, CC0) at equal steps: dark is quiet, light is loud.
PALETTE = ((0, 0, 4), (28, 16, 68), (79, 18, 123), (129, 37, 129), (181, 54, 122), (229, 80, 100), (251, 135, 97), (254, 194, 135), (252, 253, 191))  # fmt: skip
STATIC_SECONDS = 20.0  # as much of a sound as a committed notebook keeps
_WIDTH, _HEIGHT, _WAVE, _LEFT, _RIGHT = 900, 300, 56, 60, 70  # px
_ROWS = 256
_LOG_FROM = 27.5  # Hz at the foot of a logarithmic axis: A0, the piano's lowest key
_TICKS = (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)  # Hz


def static_sound(name: str, samples: Audio, sample_rate: int, picture: Picture, *, low: float, log: bool) -> str:
    """Return waveform, picture and sound of at most 20 seconds as HTML without scripts.

    The picture is an image, because code hosts and untrusted notebooks strip SVG elements but keep images.
    """
    seconds = min(len(samples) / sample_rate, STATIC_SECONDS)
    remark = f"; the first {STATIC_SECONDS:.0f} s" if len(samples) / sample_rate > STATIC_SECONDS + 0.5 else ""
    frames = max(1, round(seconds * sample_rate / picture.hop_length))
    level = max(0, int(np.ceil(np.log2(frames / TILE))))
    picture = fewer_rows(picture, log=log)
    shown = picture_to_tile(picture, level, 0)[:, : -(-frames >> level) or 1]
    text = html.escape(name)
    image = _drawing(samples[: int(seconds * sample_rate)], seconds, shown, picture, low)
    sound = base64.b64encode(_clip(samples, sample_rate, seconds)).decode()
    uri = base64.b64encode(image.encode()).decode()
    return (
        f'<figure style="margin: 0 0 10px; max-width: {_WIDTH}px"><figcaption style="font-weight: 600">{text}'
        f'<span style="font-weight: 400; opacity: 0.75"> {len(samples) / sample_rate:.1f} s{remark}</span></figcaption>'
        f'<img alt="Waveform and spectrogram: {text}" style="display: block; max-width: 100%; background: #fff" src="data:image/svg+xml;base64,{uri}">'
        f'<audio controls preload="none" style="width: 100%; max-width: 480px" src="data:audio/mpeg;base64,{sound}"></audio></figure>'
    )


def fewer_rows(picture: Picture, *, log: bool) -> Picture:
    """Return a picture with at most 256 rows, each the loudest of those it stands for; with `log`, equally many in every octave.

    Examples
    --------
    >>> picture = Picture(np.zeros((1025, 4), np.uint8), np.linspace(0, 11025, 1025, dtype=np.float32), 512)
    >>> fewer_rows(picture, log=True).frequencies[[0, -1]].round().tolist()
    [28.0, 10897.0]
    """
    if len(picture.frequencies) <= _ROWS and not log:
        return picture
    top = float(picture.frequencies[-1])
    edges = np.geomspace(_LOG_FROM, top, _ROWS + 1) if log else np.linspace(0, top, _ROWS + 1)
    middles = np.sqrt(edges[:-1] * edges[1:]) if log else (edges[:-1] + edges[1:]) / 2
    spacing = top / (len(picture.frequencies) - 1)  # Hz from one row of an STFT to the next
    first, last = np.rint(edges / spacing).astype(int)[:-1], np.rint(edges / spacing).astype(int)[1:]
    between = last <= first + 1  # a new row is no taller than an old one: the nearest is taken
    first = np.where(between, np.rint(middles / spacing).astype(int), first)
    last = np.where(between, first + 1, last)
    rows = [picture.levels[a:b].max(axis=0) for a, b in zip(first, last, strict=True)]
    return Picture(np.stack(rows), middles.astype(np.float32), picture.hop_length)


def levels_to_png(levels: npt.NDArray[np.uint8], low: int = 0, high: int = 255) -> bytes:
    """Return levels as a PNG image with a palette, highest row on top; `low` is black and `high` the lightest colour.

    Source: Portable Network Graphics Specification, W3C, 2003.

    Examples
    --------
    >>> levels_to_png(np.zeros((2, 3), np.uint8))[1:4]
    b'PNG'
    """
    place = np.clip((np.arange(256) - low) / max(1, high - low), 0, 1) * (len(PALETTE) - 1)
    anchors = np.array(PALETTE, float)
    palette = np.stack([np.interp(place, np.arange(len(PALETTE)), anchors[:, i]) for i in range(3)], axis=1)
    rows = np.pad(levels[::-1], ((0, 0), (1, 0)))  # each row begins with its filter, 0: none
    head = struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"PLTE", np.rint(palette).astype(np.uint8).tobytes())]
    chunks += [(b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    body = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def nice_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that divides a span into at most so many steps.

    Examples
    --------
    >>> nice_step(20.0, 10), nice_step(0.7, 8)
    (2.0, 0.1)
    """
    power = 10.0 ** np.floor(np.log10(span / most))
    return float(next(step for step in (power, 2 * power, 5 * power, 10 * power) if span / step <= most * 1.0001))


def _drawing(samples: Audio, seconds: float, levels: npt.NDArray[np.uint8], picture: Picture, low: float) -> str:
    """Return the SVG of a waveform above a spectrogram, with axes in seconds, hertz and decibels."""
    width, top, bottom = _WIDTH - _LEFT - _RIGHT, _WAVE + 10, _HEIGHT - 34
    edges = np.linspace(0, len(samples), 401).astype(int)
    parts = [samples[a : max(b, a + 1)] for a, b in pairwise(edges) if a < len(samples)]
    x = _LEFT + width * np.arange(len(parts)) / max(1, len(parts) - 1)
    scale = (_WAVE / 2 - 2) / max(1.0, float(np.abs(samples).max(initial=0)))
    upper = [f"{a:.1f},{_WAVE / 2 - scale * part.max():.1f}" for a, part in zip(x, parts, strict=True)]
    lower = [f"{a:.1f},{_WAVE / 2 - scale * part.min():.1f}" for a, part in zip(x, parts, strict=True)]
    codes = [round(255 * (1 - decibels / LOWEST_DB)) for decibels in (low, min(0.0, low + 80))]
    png = base64.b64encode(levels_to_png(levels, *codes)).decode()
    bar = base64.b64encode(levels_to_png(np.arange(256, dtype=np.uint8)[:, None])).decode()
    body = [
        f'<polygon points="{" ".join(upper + lower[::-1])}" fill="#1f78c1" stroke="#1f78c1"/>',
        f'<image x="{_LEFT}" y="{top}" width="{width}" height="{bottom - top}" preserveAspectRatio="none" href="data:image/png;base64,{png}"/>',
        f'<image x="{_WIDTH - 58}" y="{top}" width="12" height="{bottom - top}" preserveAspectRatio="none" href="data:image/png;base64,{bar}"/>',
        f'<text x="{_WIDTH - 42}" y="{top + 10}">{low + 80:.0f} dB</text><text x="{_WIDTH - 42}" y="{bottom}">−{-low:.0f}</text>',
    ]
    step = nice_step(seconds, 10)
    for tick in np.arange(0, seconds * 1.0001, step):
        at = _LEFT + width * tick / seconds
        body.append(
            f'<path d="M{at:.1f} {bottom}v5" stroke="#555"/><text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:.4g} s</text>'
        )
    rows = np.arange(len(picture.frequencies)) + 0.5
    last = np.inf
    for tick in _TICKS:
        if picture.frequencies[0] <= tick <= picture.frequencies[-1]:
            share = np.interp(tick, picture.frequencies, rows) / len(rows)
            y = bottom - (bottom - top) * share
            if last - y < 15:
                continue
            last = y
            name = f"{tick} Hz" if tick < 1000 else f"{tick // 1000} kHz"
            body.append(
                f'<path d="M{_LEFT - 5} {y:.1f}h5" stroke="#555"/><text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" fill="#444" '
        f'font-family="system-ui, sans-serif" font-size="12">{"".join(body)}</svg>'
    )


def _clip(samples: Audio, sample_rate: int, seconds: float) -> bytes:
    import soxr

    rate = next((rate for rate in MP3_SAMPLE_RATES if rate >= min(sample_rate, 44100)), 44100)
    part = soxr.resample(samples[: int(seconds * sample_rate)], sample_rate, rate)
    if len(samples) > seconds * sample_rate + 1:
        fade = min(len(part), rate // 4)
        part[len(part) - fade :] *= np.linspace(1, 0, fade, dtype=part.dtype)
    return audio_to_mp3(part / max(1.0, float(np.abs(part).max(initial=0))), rate)
