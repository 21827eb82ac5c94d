"""The static picture of a chorale with holes: what the inpainter leaves in a page where no widget lives."""

from __future__ import annotations

import base64
import html

import numpy as np

from musegen_edu.widgets.inpainting_session import CELL, ChoraleState

VOICE_COLOURS = ("#1f78c1", "#c2600f", "#0b8a65", "#a84f8b")  # as in theme.css, part-0 to part-3
_NAMES = ("S", "A", "T", "B")
_WIDTH, _LEFT, _LANE, _ROW, _GREY = 1000, 44, 13, 5, "#5b6672"


def erased_picture(state: ChoraleState, title: str) -> str:
    """Return an image of four lanes that show what is, or was, erased, and of the notes below them in their voices' colours.

    Examples
    --------
    >>> from musegen_edu import Score
    >>> chorale = Score.from_notes([(0, 24, 72 - 5 * part, 80, part) for part in range(4)], programs=(52,) * 4)
    >>> state = ChoraleState(chorale, np.ones((4, 4), bool), chorale, is_filled=False, words="")
    >>> "data:image/svg+xml" in erased_picture(state, "Four notes")
    True
    """
    score, erased = state.score, state.erased
    n = max(erased.shape[1], 1)
    step = (_WIDTH - _LEFT - 8) / n
    pitches = score.notes["pitch"]
    low, high = (int(pitches.min()) - 1, int(pitches.max()) + 1) if len(score) else (59, 61)
    top = 30 + 4 * _LANE + 8
    tall = top + (high - low + 1) * _ROW + 12
    body = []
    for voice, name in enumerate(_NAMES):
        y = 30 + voice * _LANE
        body.append(f'<text x="20" y="{y + 10}" fill="{VOICE_COLOURS[voice]}" font-weight="600">{name}</text>')
        body.append(f'<rect x="{_LEFT}" y="{y}" width="{n * step:.1f}" height="{_LANE - 2}" fill="#eef1f4"/>')
        edges = np.flatnonzero(np.diff(np.pad(erased[voice], 1).astype(int)))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            body.append(f'<rect x="{_LEFT + start * step:.1f}" y="{y}" width="{(stop - start) * step:.1f}" height="{_LANE - 2}" fill="{VOICE_COLOURS[voice]}" fill-opacity="0.55"/>')  # fmt: skip
    for bar in score.barlines().tolist():
        x = _LEFT + bar / CELL * step
        body.append(f'<rect x="{x:.1f}" y="30" width="1" height="{tall - 42}" fill="#cbd2d9"/>')
    for onset, ticks, pitch, part in score.notes[["onset", "duration", "pitch", "part"]].tolist():
        x, y = _LEFT + onset / CELL * step, top + (high - pitch) * _ROW
        body.append(f'<rect x="{x:.1f}" y="{y}" width="{max(2.0, ticks / CELL * step - 1):.1f}" height="{_ROW}" rx="2" fill="{VOICE_COLOURS[part]}"/>')  # fmt: skip
    done = "erased and filled" if state.is_filled else "erased"
    words = f"{title}: {int(erased.sum())} of {erased.size} cells {done}" if erased.any() else title
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {tall}" width="{_WIDTH}" height="{tall}" font-family="system-ui, sans-serif" '
        f'font-size="12"><rect width="{_WIDTH}" height="{tall}" fill="#fff"/><text x="8" y="19" font-size="14" font-weight="600" fill="#16191d">{html.escape(words)}</text>'
        f"{''.join(body)}</svg>"
    )
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{html.escape(words)}" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'
