"""Music as a line of tokens, the form in which a language model reads and writes it.

A *symbol* is a short text such as `"67:12"`; a *token* is its number in a `Vocabulary`. Two codecs turn a one-voice `Score` into
tokens and back:

- `MelodyCodec`: one symbol for each sixteenth of the clock: a pitch begins, the pitch is held, or silence;
- `EventCodec`: one symbol for each note, with its pitch counted from the tonic and its length, between numbered bar lines.

`ChoraleCodec` writes four voices at once, as a table with one row for each sixteenth; `FourBarCodec` four bars of a tune as 64 symbols,
always in C; `BandCodec` four bars of three voices and drums.

What either encodes it decodes to the same notes, and every line of tokens, random ones too, decodes to a score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from musegen_edu.score import Score
from musegen_edu.tokens.band_codec import BandCodec
from musegen_edu.tokens.chorale_codec import ChoraleCodec
from musegen_edu.tokens.event_codec import EventCodec
from musegen_edu.tokens.four_bar_codec import FourBarCodec
from musegen_edu.tokens.melody_codec import MelodyCodec
from musegen_edu.tokens.vocabulary import END, PAD, SPECIALS, START, TOKEN_DTYPE, Tokens, Vocabulary

__all__ = [
    "END",
    "PAD",
    "SPECIALS",
    "START",
    "TOKEN_DTYPE",
    "BandCodec",
    "ChoraleCodec",
    "Codec",
    "EventCodec",
    "FourBarCodec",
    "MelodyCodec",
    "Tokens",
    "Vocabulary",
    "codec_from_dict",
    "score_to_tokens",
    "tokens_to_score",
]


class Codec(Protocol):
    """What both codecs offer: a vocabulary, and the two directions."""

    @property
    def vocabulary(self) -> Vocabulary:
        """All symbols of the codec."""
        ...

    def encode(self, score: Score) -> Tokens:
        """Return the tokens of a score."""
        ...

    def decode(self, tokens: Iterable[int], *, velocity: int = 80, **fields: Any) -> Score:
        """Return the score that tokens stand for."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return what `codec_from_dict` needs, fit for JSON."""
        ...


def score_to_tokens(score: Score, codec: Codec) -> Tokens:
    """Write a one-voice score as tokens, from `<start>` to `<end>`.

    Returns
    -------
    int32, shape (n,).

    Raises
    ------
    ValueError
        If two notes sound together, or the codec has no symbol for a note; the message says what would help.

    Examples
    --------
    >>> codec = MelodyCodec()
    >>> codec.vocabulary.words(score_to_tokens(Score.from_melody([60, None, 67], 12), codec))
    ['<start>', '60', '_', 'r', 'r', '67', '_', '<end>']

    Lesson: 02 representing_music.
    """
    return codec.encode(score)


def tokens_to_score(tokens: Iterable[int], codec: Codec, *, velocity: int = 80, **fields: Any) -> Score:
    """Read tokens as a score; every line of tokens is playable, and the codec says how it reads odd ones.

    Parameters
    ----------
    tokens : numbers from 0 to len(codec.vocabulary) - 1. Reading stops at the first `<end>`.
    velocity : loudness of all notes, 1 to 127: tokens do not hold it.
    fields : fields of the score that tokens do not hold, such as `bpm`, `title`, and for `EventCodec` the `key`.

    Raises
    ------
    ValueError
        If a token is not in the vocabulary.

    Examples
    --------
    >>> codec = MelodyCodec()
    >>> tokens_to_score(codec.vocabulary.tokens(["60", "_", "r", "67"]), codec).notes["onset"].tolist()
    [0, 18]

    Lesson: 02 representing_music.
    """
    return codec.decode(tokens, velocity=velocity, **fields)


def codec_from_dict(stored: Mapping[str, Any]) -> MelodyCodec | EventCodec | ChoraleCodec | FourBarCodec | BandCodec:
    """Make the codec that `to_dict` described.

    Examples
    --------
    >>> codec_from_dict(MelodyCodec(grid=12).to_dict())
    MelodyCodec(grid=12, lowest=0, highest=127)
    """
    match stored.get("codec"):
        case "melody":
            return MelodyCodec(int(stored["grid"]), int(stored["lowest"]), int(stored["highest"]))
        case "event":
            return EventCodec(Vocabulary(tuple(stored["symbols"])))
        case "chorale":
            return ChoraleCodec()
        case "four_bar":
            return FourBarCodec()
        case "band":
            return BandCodec()
        case other:
            raise ValueError(
                f"codec={other!r} is not a codec of this version; it knows 'melody', 'event', 'chorale', 'four_bar' and 'band'"
            )
