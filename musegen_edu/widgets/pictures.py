"""How a score looks in a page: the engraving that the player shows, and the static picture for where no widget lives."""

from __future__ import annotations

import base64
import html
import re
from functools import lru_cache
from typing import Any

import numpy as np

from musegen_edu.score import Score

ENGRAVED_BARS = 48  # of a long score the player engraves so many; the roll and the sound have all of it
WIDE, NARROW = 1100, 520  # px of an engraved line, for a page as wide as a notebook and for a telephone
ENGRAVED_NOTES = 1500
STATIC_BARS = 16  # a committed notebook should stay small: 300 KB a score
STATIC_NOTES = 220
STATIC_SECONDS = 20.0
STATIC_SAMPLE_RATE = 22050
_CANNOT = (
    ValueError,
    OSError,
    RuntimeError,
    ImportError,
)  # what engraving or rendering may raise; the picture then says so


def first_bars(score: Score, n_bars: int) -> Score:
    """Return the score's first bars, a pickup not counted; the score itself where it has no more.

    Examples
    --------
    >>> first_bars(Score.from_melody([60] * 40, 24), 2).n_bars
    2
    """
    if score.duration <= score.pickup + n_bars * score.bar_ticks:
        return score
    return score.slice_bars(0 if score.pickup else 1, n_bars)


@lru_cache(maxsize=32)
def engraving_of(score: Score, n_bars: int = ENGRAVED_BARS, width: int = WIDE) -> dict[str, Any]:
    """Engrave a score, or its first bars, for the player.

    Returns
    -------
    `pages`, SVG texts; `stops`, rows of [tick, ids of the notes that begin there]; `rows`, id -> row of `score.notes`; `remark`,
    what the reader should know, such as that only the first bars are shown.
    """
    shown = first_bars(score, n_bars)
    if not len(shown):
        return {"pages": [], "stops": [], "rows": {}, "remark": "There are no notes to engrave."}
    if len(shown) > ENGRAVED_NOTES:
        remark = f"{len(shown)} notes in {shown.n_bars} bars are too many to engrave; the piano roll shows them."
        return {"pages": [], "stops": [], "rows": {}, "remark": remark}
    try:
        from musegen_edu.notation import engrave

        engraved = engrave(shown, width=width, scale=45 if width == WIDE else 40, title=False)
    except _CANNOT as error:
        return {"pages": [], "stops": [], "rows": {}, "remark": f"This score could not be engraved: {error}"}
    return {
        "pages": list(engraved.svg),
        "stops": [[entry["onset_ticks"], list(entry["ids_on"])] for entry in engraved.timemap if entry["ids_on"]],
        "rows": dict(engraved.note_ids),
        "remark": "" if shown is score else f"The first {n_bars} bars are engraved; the piano roll has all of them.",
    }


@lru_cache(maxsize=32)
def static_picture(score: Score) -> str:
    """Return HTML with the engraving and the sound of a score, without scripts and below 300 KB.

    The engraving is an image on white, because code hosts and untrusted notebooks strip SVG elements but keep images. Of a
    long score the first 16 bars (fewer, where they hold many notes) are shown and the first 20 seconds sound, and the text says so.
    """
    n_drawn = _bars_to_draw(score)
    drawn = engraving_of(score, n_drawn)
    pages = "".join(
        f'<img alt="Notation" style="display: block; max-width: 100%; background: #fff" src="{data_uri("image/svg+xml", _slim(page).encode())}">'
        for page in drawn["pages"]
    )
    n_bars = score.n_bars - (1 if score.pickup and score.n_bars else 0)
    remarks = [] if pages else [drawn["remark"]]
    if pages and n_bars > n_drawn:
        remarks.append(f"The first {n_drawn} of {n_bars} bars.")
    audio, heard = clip_of(score)
    if audio and score.seconds > STATIC_SECONDS + 0.5:
        remarks.append(f"The sound is the first {STATIC_SECONDS:.0f} of {score.seconds:.0f} seconds.")
    remarks += [heard] if heard else []
    title = f'<div style="font-weight: 600; margin-bottom: 6px">{html.escape(score.title)}</div>' if score.title else ""
    sound = (
        f'<audio controls preload="none" style="width: 100%; max-width: 480px; margin-top: 6px" src="{audio}"></audio>'
        if audio
        else ""
    )
    paper = f'<div style="background: #fff; padding: 8px; border-radius: 8px">{pages}</div>' if pages else ""
    note = f'<div style="opacity: 0.75; font-size: 13px">{html.escape(" ".join(remarks))}</div>' if remarks else ""
    return f'<div style="max-width: 1100px">{title}{paper}{sound}{note}</div>'


def _bars_to_draw(score: Score) -> int:
    if len(score) <= STATIC_NOTES:
        return STATIC_BARS
    full_bars = int(score.notes["onset"][STATIC_NOTES] - score.pickup) // score.bar_ticks
    return max(1, min(STATIC_BARS, full_bars))


def _slim(svg: str) -> str:
    """Return an SVG without what only the player needs: indentation, classes, and the ids of notes, bars and systems."""
    used = set(re.findall(r'href="#([^"]+)"', svg))
    for style in re.findall(r"<style.*?</style>", svg, re.DOTALL):
        used.update(re.findall(r"#([\w-]+) ", style))  # the whole drawing's, by which its lines get their stroke
    svg = re.sub(r'>\s+<|\sclass="[^"]*"|\sdata-[\w-]+="[^"]*"', lambda found: "><" if found[0][0] == ">" else "", svg)
    return re.sub(r'\sid="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)


def clip_of(score: Score) -> tuple[str, str]:
    """Return the first 20 seconds of a score as an MP3 data URI, and what should be said of it; an empty URI where there is no sound."""
    if not len(score):
        return "", ""
    bar_seconds = score.ticks_to_seconds(score.bar_ticks)
    part = first_bars(score, int(STATIC_SECONDS / bar_seconds) + 1)
    if len(part) > 3000:
        return (
            "",
            f"{len(part)} notes in {part.seconds:.0f} seconds are too many to render here; score.slice_bars gives a part.",
        )
    try:
        from musegen_edu.audio import audio_to_mp3
        from musegen_edu.synthesis import score_to_audio

        wave = score_to_audio(part, sample_rate=STATIC_SAMPLE_RATE).mean(axis=0)  # mono, (n_samples,)
        if score.seconds > STATIC_SECONDS:
            wave = wave[: int(STATIC_SECONDS * STATIC_SAMPLE_RATE)]
            fade = min(len(wave), STATIC_SAMPLE_RATE)
            wave[len(wave) - fade :] *= np.linspace(1, 0, fade, dtype=wave.dtype)
        return data_uri("audio/mpeg", audio_to_mp3(wave, STATIC_SAMPLE_RATE)), ""
    except _CANNOT as error:
        return "", f"The sound could not be rendered: {error}"


def data_uri(mime_type: str, data: bytes) -> str:
    """Return bytes as an address that a page needs nothing else for.

    Examples
    --------
    >>> data_uri("text/plain", b"C")
    'data:text/plain;base64,Qw=='
    """
    return f"data:{mime_type};base64,{base64.b64encode(data).decode('ascii')}"
