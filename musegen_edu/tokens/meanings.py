"""What each token of a codec means to a musician: "D5, dotted quarter", "rest, eighth", "bar line, the last bar"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musegen_edu.keys import parse_key, pitch_to_name
from musegen_edu.tokens.event_codec import EventCodec

if TYPE_CHECKING:
    from musegen_edu.tokens import Codec

_NAMES = {
    96: "whole", 48: "half", 24: "quarter", 12: "eighth", 6: "sixteenth", 3: "thirty-second",
    144: "dotted whole", 72: "dotted half", 36: "dotted quarter", 18: "dotted eighth", 9: "dotted sixteenth",
    32: "half of a triplet", 16: "quarter of a triplet", 8: "eighth of a triplet", 4: "sixteenth of a triplet", 2: "thirty-second of a triplet",
}  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """What one token stands for.

    Parameters
    ----------
    kind : `"note"`, `"hold"`, `"rest"`, `"bar"`, `"end"`, or `"header"` for what says meter and mode and takes no time.
    words : for a reader, such as `"D5, quarter"`.
    pitch : MIDI number of a note, -1 for all else.
    ticks : how long it lasts, 24 to the quarter note; 0 for what takes no time.
    """

    kind: str
    words: str
    pitch: int = -1
    ticks: int = 0


def length_to_words(ticks: int) -> str:
    """Return the name of a note value, or of those that make it when tied.

    Parameters
    ----------
    ticks : 1 or more, 24 to the quarter note.

    Examples
    --------
    >>> length_to_words(36), length_to_words(60), length_to_words(5)
    ('dotted quarter', 'half tied to eighth', '5 ticks')

    Lesson: 05 recurrent_networks.
    """
    if ticks < 1:
        raise ValueError(f"ticks={ticks} must be at least 1 (24 is a quarter note)")
    if ticks in _NAMES:
        return _NAMES[ticks]
    for longer in (96, 72, 48, 36, 24, 12, 6):
        if ticks - longer in _NAMES and ticks - longer < longer:
            return f"{_NAMES[longer]} tied to {_NAMES[ticks - longer]}"
    return f"{ticks} ticks"


def token_meanings(codec: Codec, key: str = "C major") -> tuple[Meaning, ...]:
    """Return what every token of a codec's vocabulary means, the token being the place in the tuple.

    Parameters
    ----------
    codec : an `EventCodec`, whose pitches are counted from the tonic, or a `MelodyCodec`.
    key : the key in which the music is to sound; it spells the notes, and moves those of an `EventCodec`.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> codec = EventCodec.fit([Score.from_melody([60], 24)])
    >>> meanings = token_meanings(codec, "D major")
    >>> [meanings[token].words for token in codec.vocabulary.tokens(["60:24", "~:24", "|3", "<end>"])]
    ['D4, quarter', 'held on, quarter', 'bar line, 3 bars to come', 'the end']

    Lesson: 05 recurrent_networks.
    """
    relative = isinstance(codec, EventCodec)
    shift = parse_key(key)[0] if relative else 0
    grid = 0 if relative else getattr(codec, "grid", 6)
    return tuple(_meaning(symbol, shift, grid, key) for symbol in codec.vocabulary.symbols)


def _meaning(symbol: str, shift: int, grid: int, key: str) -> Meaning:
    head, _, tail = symbol.partition(":")
    ticks = int(tail) if tail.isdigit() else grid
    if head.isdigit() and ticks:
        pitch = int(head) + shift
        while pitch > 127:
            pitch -= 12
        name = pitch_to_name(pitch, key)
        return Meaning("note", f"{name}, {length_to_words(ticks)}" if tail else name, pitch, ticks)
    if head in ("~", "_"):
        return Meaning("hold", f"held on, {length_to_words(ticks)}" if tail else "held on", ticks=ticks)
    if head == "r":
        return Meaning("rest", f"rest, {length_to_words(ticks)}" if tail else "rest", ticks=ticks)
    if symbol.startswith("|"):
        left = "the last bar" if symbol == "|1" else f"{symbol[1:]} bars to come"
        return Meaning("bar", f"bar line, {left}")
    if symbol == "<end>":
        return Meaning("end", "the end")
    return Meaning("header", f"{head} {tail}" if tail else symbol)
