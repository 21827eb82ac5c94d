"""Engraved music: a score as SVG pages, with the place of every note in it (verovio)."""

from __future__ import annotations

import re
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from musegen_edu.notation.musicxml_writer import music_to_xml, note_id
from musegen_edu.notation.written_music import WrittenMusic, write_music
from musegen_edu.score import Score

MOST_NOTES = 20_000
MOST_BARS = 5_000
_PAGE_HEIGHT = 60_000  # verovio's largest, in hundredths of the scale: a notebook has no page breaks
_verovio_lock = threading.Lock()  # verovio keeps global state


@dataclass(frozen=True)
class Engraving:
    """A score as pictures.

    Parameters
    ----------
    svg : one SVG document a page (hardly ever more than one). They take the text colour of their surroundings, and have no
        background, so they read in light and dark themes.
    timemap : what begins and ends when: dictionaries with `onset_ticks`, `ids_on` and `ids_off`, by increasing tick. The ids
        are those of the SVG elements of notes.
    note_ids : SVG id -> row of `score.notes`. A note that is written with ties has several ids.
    """

    svg: tuple[str, ...]
    timemap: list[dict[str, Any]]
    note_ids: dict[str, int]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        return {"text/html": "\n".join(self.svg), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"Engraving({len(self.svg)} page{'s' * (len(self.svg) > 1)}, {len(self.note_ids)} written notes)"


def engrave(score: Score, *, width: int = 1000, scale: int = 40, title: bool = True) -> Engraving:
    """Engrave a score.

    Parameters
    ----------
    score : at most 20,000 notes in 5,000 bars.
    width : of a full line of music in pixels, 100 to 10,000; the picture shrinks with the page it is shown on.
    scale : size of the notes in percent: at 40 a staff is about 29 pixels high. 5 to 200.
    title : is the title of the score set above it?

    Returns
    -------
    The pages, what sounds when, and which SVG id belongs to which note.

    Raises
    ------
    ValueError
        If the score is too long, or `width` or `scale` is outside its range.

    Examples
    --------
    >>> engraved = engrave(Score.from_melody([60, 64, 67], 24))
    >>> engraved.note_ids
    {'note0': 0, 'note1': 1, 'note2': 2}
    >>> engraved.timemap[1]
    {'onset_ticks': 24, 'ids_on': ['note1'], 'ids_off': ['note0']}

    Lesson: 02 representing_music.
    """
    if not 100 <= width <= 10_000:
        raise ValueError(f"width={width!r} must be 100 to 10000 pixels")
    if not 5 <= scale <= 200:
        raise ValueError(f"scale={scale!r} must be 5 to 200 percent")
    check_size(score)
    music = write_music(score)
    text = music_to_xml(score, music)
    timemap, note_ids = _map_notes(music)
    label = f"Engraved music: {score.title or 'untitled'}, {score.n_bars} bars"
    return Engraving(_draw(text, width, scale, label, title and bool(score.title)), timemap, note_ids)


def check_size(score: Score) -> None:
    """Refuse a score that would keep the engraver busy for minutes.

    Raises
    ------
    ValueError
        If it has more than 20,000 notes or 5,000 bars.
    """
    n_bars = (score.duration - score.pickup) // score.bar_ticks + 1  # without listing the barlines
    if len(score) > MOST_NOTES or n_bars > MOST_BARS:
        raise ValueError(
            f"score has {len(score)} notes in {n_bars} bars; notation is limited to {MOST_NOTES} notes in {MOST_BARS} bars. "
            "Take a part of it, for example score.slice_bars(1, 32)"
        )


def _map_notes(music: WrittenMusic) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the timemap and the rows of the ids, in the order in which `music_to_xml` gives the ids."""
    on: dict[int, list[str]] = {}
    off: dict[int, list[str]] = {}
    note_ids: dict[str, int] = {}
    copies: dict[int, int] = {}
    for staves in music.parts:
        for index, bar in enumerate(music.bars):
            for staff in staves:
                for symbols in staff.bars[index]:
                    for symbol in symbols:
                        for row in symbol.rows:
                            name = note_id(row, copies.get(row, 0))
                            copies[row] = copies.get(row, 0) + 1
                            note_ids[name] = row
                            shift = bar.start - bar.offset
                            on.setdefault(symbol.value.start + shift, []).append(name)
                            off.setdefault(symbol.value.stop + shift, []).append(name)
    ticks = sorted(on.keys() | off.keys())
    timemap = [{"onset_ticks": tick, "ids_on": on.get(tick, []), "ids_off": off.get(tick, [])} for tick in ticks]
    return timemap, note_ids


def _draw(musicxml: str, width: int, scale: int, label: str, has_title: bool) -> tuple[str, ...]:
    import verovio

    options = {
        "pageWidth": max(100, round(width * 100 / scale)),
        "pageHeight": _PAGE_HEIGHT,
        "pageMarginTop": 50,
        "pageMarginBottom": 50,
        "pageMarginLeft": 60,
        "pageMarginRight": 20,
        "scale": scale,
        "adjustPageHeight": True,
        "breaks": "auto",
        "header": "auto" if has_title else "none",
        "footer": "none",
        "svgViewBox": True,
        "svgRemoveXlink": True,
        # The same music gives the same ids, and two pictures on one page get different ones.
        "xmlIdSeed": zlib.crc32(f"{musicxml}{width}{scale}".encode()) & 0x7FFFFFFF,
    }
    with _verovio_lock:
        verovio.enableLog(verovio.LOG_OFF)
        # verovio knows where its fonts lie only in the thread that imported it, and a kernel answers the page in another one.
        verovio.setDefaultResourcePath(str(Path(verovio.__file__).parent / "data"))
        toolkit = verovio.toolkit()
        toolkit.setOptions(options)
        if not toolkit.loadData(musicxml):
            raise ValueError(
                "score could not be engraved: verovio refused its MusicXML; please report it with the score"
            )
        pages = [toolkit.renderToSVG(page) for page in range(1, toolkit.getPageCount() + 1)]
        if "".join(pages).count('class="system"') == 1:  # a single line: the page ends where the music ends
            toolkit.setOptions({"adjustPageWidth": True})
            toolkit.loadData(musicxml)
            pages = [toolkit.renderToSVG(1)]
    return tuple(_follow_theme(page, label, width) for page in pages)


def _follow_theme(svg: str, label: str, width: int) -> str:
    """Take the colour of the surrounding text, shrink with the page, and drop verovio's invisible marks."""
    size = ""
    if head := re.match(r'<svg viewBox="0 0 (\d+) (\d+)"', svg):
        shrink = min(1.0, width / int(head[1]))  # verovio may exceed the width by a few pixels
        size = f'width="{round(int(head[1]) * shrink)}" height="{round(int(head[2]) * shrink)}" '
    svg = re.sub(r'<g id="\w+" class="section placeholder[^>]*>\s*<ellipse[^>]*/>\s*</g>\s*', "", svg)
    svg = svg.replace(' color="black"', "", 1)
    attributes = f'{size}fill="currentColor" role="img" aria-label={quoteattr(label)}'
    return svg.replace("<svg ", f'<svg {attributes} style="max-width:100%;height:auto" ', 1)
