"""Constraints as guides: stay in the key, end on the tonic, keep to a number of bars. Join them with `&`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.guides import Guide
from musegen_edu.keys import key_to_pitch_classes, parse_key
from musegen_edu.tokens import Codec, EventCodec
from musegen_edu.tokens.event_codec import MAX_BARS
from musegen_edu.tokens.vocabulary import END


def key_guide(codec: Codec, key: str) -> Guide:
    """Return the guide that allows no note outside a key.

    Parameters
    ----------
    codec : whose vocabulary the model was trained with. An `EventCodec` writes every tune as if in C, so only the mode of the
        key matters to it.
    key : such as `"G major"`.

    Examples
    --------
    >>> from musegen_edu.tokens import MelodyCodec
    >>> codec = MelodyCodec(lowest=60, highest=66)
    >>> guide = key_guide(codec, "G major")
    >>> [codec.vocabulary.symbols[token] for token in np.flatnonzero(guide.allowed[0])]
    ['<pad>', '<start>', '<end>', '60', '62', '64', '66', '_', 'r']

    Lesson: 05 recurrent_networks.
    """
    pitches = token_pitches(codec)
    scale = key_to_pitch_classes(f"C {parse_key(key)[1]}" if isinstance(codec, EventCodec) else key)
    allowed = (pitches < 0) | np.isin(pitches % 12, sorted(scale))
    return Guide(allowed[None], np.zeros((1, len(pitches)), np.int32))


def tonic_guide(codec: Codec, key: str) -> Guide:
    """Return the guide that lets a tune end only after its tonic, held or not.

    Parameters
    ----------
    codec, key : as in `key_guide`.

    Examples
    --------
    >>> from musegen_edu.tokens import MelodyCodec
    >>> codec = MelodyCodec(lowest=60, highest=67)
    >>> guide, state = tonic_guide(codec, "G major"), 0
    >>> for token in codec.vocabulary.tokens(["67", "_", "60"]):
    ...     state = guide.following[state, token]; print(bool(guide.allowed[state, 2]))  # 2 is <end>
    True
    True
    False

    Lesson: 05 recurrent_networks.
    """
    pitches = token_pitches(codec)
    tonic = 0 if isinstance(codec, EventCodec) else parse_key(key)[0]
    following = np.repeat(
        np.arange(2, dtype=np.int32)[:, None], len(pitches), axis=1
    )  # holds and bar lines change nothing
    following[:, pitches >= 0] = pitches[pitches >= 0] % 12 == tonic
    is_rest = [symbol.split(":")[0] == "r" for symbol in codec.vocabulary.symbols]
    following[:, is_rest] = 0
    allowed = np.ones((2, len(pitches)), np.bool_)
    allowed[0, END] = False
    return Guide(allowed, following)


def budget_guide(codec: EventCodec, bars: int) -> Guide:
    """Return the guide that makes a tune exactly so many full bars long, the pickup not counted.

    The bar lines must count down from `bars`, and the end comes only in the last bar. Joined with `bar_guide`, which fills the bars:
    `bar_guide(codec, meter) & budget_guide(codec, 8)`.

    Parameters
    ----------
    codec : an `EventCodec`, which numbers its bar lines.
    bars : 1 to 64.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> codec = EventCodec.fit([Score.from_melody([60], 96, key="C major")])
    >>> guide = budget_guide(codec, 2)
    >>> [symbol for symbol, is_allowed in zip(codec.vocabulary.symbols, guide.allowed[1]) if is_allowed and symbol[0] == "|"]
    ['|1']

    Lesson: 05 recurrent_networks.
    """
    if not 1 <= bars <= MAX_BARS:
        raise ValueError(f"bars={bars} must be from 1 to {MAX_BARS}")
    symbols = codec.vocabulary.symbols
    is_bar = np.array([symbol.startswith("|") for symbol in symbols])
    states = np.arange(bars + 1, dtype=np.int32)  # how many bar lines there were
    following = np.repeat(states[:, None], len(symbols), axis=1)
    following[:, is_bar] = np.minimum(states + 1, bars)[:, None]
    allowed = np.repeat(~is_bar[None], bars + 1, axis=0)
    for state in range(bars):
        allowed[state, codec.vocabulary.tokens([f"|{bars - state}"])] = True
    allowed[:bars, END] = False
    return Guide(allowed, following)


def token_pitches(codec: Codec) -> npt.NDArray[np.int64]:
    """Return the pitch of each of a codec's tokens, (n_tokens,): -1 where a token begins no note.

    Examples
    --------
    >>> from musegen_edu.tokens import MelodyCodec
    >>> token_pitches(MelodyCodec(lowest=60, highest=62)).tolist()
    [-1, -1, -1, 60, 61, 62, -1, -1]
    """
    heads = [symbol.split(":")[0] for symbol in codec.vocabulary.symbols]
    return np.array([int(head) if head.isdigit() else -1 for head in heads])
