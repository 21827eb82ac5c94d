"""EventCodec: a melody as one symbol a note, between numbered bar lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from musegen_edu.keys import MODES, estimate_key, parse_key
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.melody_codec import one_voice
from musegen_edu.tokens.vocabulary import Tokens, Vocabulary

MAX_BARS = 64  # bar lines of longer tunes say 64 until fewer are left
COMMON_METERS = ((2, 2), (2, 4), (3, 2), (3, 4), (3, 8), (4, 4), (6, 4), (6, 8), (9, 8), (12, 8))


@dataclass(frozen=True)
class EventCodec:
    """One symbol a note: its pitch as if the tonic were C, and its length; bar lines between.

    A tune reads `<start> meter:6/8 mode:major 67:12 |16 72:24 74:12 ... |1 72:36 <end>`.

    - `67:12` is a note: pitch (60 is the tonic from middle C upwards) and ticks. Every tune is learnt as if in C.
    - `r:12` is a rest. `~:12` holds the note before it, so a note tied over a bar line is written on both sides of it.
    - `|16` is a bar line with 16 full bars to come: a model that reads it knows where in the form it is. What stands before
      the first bar line is the pickup.

    What the codec cannot write exactly it refuses; what it reads it always makes playable:

    - a bar line in mid-bar fills the bar with silence; a bar too long simply runs on into the next, and the music is
      re-barred; the number in a bar line is not looked at;
    - `~` with no note just before it is silence; a second `meter:` or `mode:`, `<pad>` and `<start>` are passed over;
    - pitches outside 0 to 127 move by octaves.

    Parameters
    ----------
    vocabulary : all symbols; `EventCodec.fit` collects them from scores.

    Examples
    --------
    >>> tune = Score.from_melody([67, 72, 74, 76], [12, 24, 12, 36], meter=(6, 8), key="C major", pickup=12)
    >>> codec = EventCodec.fit([tune])
    >>> words = codec.vocabulary.words(codec.encode(tune)); " ".join(words)
    '<start> meter:6/8 mode:major 67:12 |1 72:24 74:12 76:36 <end>'
    >>> codec.decode(codec.encode(tune), key="C major") == tune
    True

    References
    ----------
    Sturm, Santos, Ben-Tal and Korshunova, "Music transcription modelling and composition using deep learning", 2016 (folk-rnn);
    the numbered bar lines are ours.
    Lesson: 02 representing_music.
    """

    vocabulary: Vocabulary
    durations: tuple[int, ...] = field(init=False, repr=False, compare=False)  # ticks
    pitches: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        notes = [symbol.split(":") for symbol in self.vocabulary.symbols if re.fullmatch(r"\d+:\d+", symbol)]
        if not notes:
            raise ValueError(
                "vocabulary has no note symbol such as '67:12'; make the codec with EventCodec.fit(scores)"
            )
        object.__setattr__(self, "durations", tuple(sorted({int(ticks) for _, ticks in notes})))
        object.__setattr__(self, "pitches", tuple(sorted({int(pitch) for pitch, _ in notes})))

    @classmethod
    def fit(cls, scores: Iterable[Score], *, min_count: int = 1) -> EventCodec:
        """Collect the symbols that scores need: every pitch between their extremes with every length that occurs.

        The common meters, all modes and bar lines up to 64 are always there, so tunes like the given ones can be written too.

        Parameters
        ----------
        scores : one-voice scores with notes.
        min_count : lengths that occur less often get no symbols, where commoner ones can be tied to make them.
        """
        pitches: set[int] = set()
        counts: Counter[int] = Counter()  # how often each length occurs
        meters = {f"meter:{above}/{below}" for above, below in COMMON_METERS}
        for score in scores:
            meters.add(f"meter:{score.meter[0]}/{score.meter[1]}")
            shift = 60 - _tonic_pitch(_key_of(score))
            for kind, pitch, ticks in _events(score):
                if kind != "bar":
                    counts[ticks] += 1
                if kind == "note":
                    pitches.add(pitch + shift)
        if not pitches:
            raise ValueError("scores holds no note; give at least one score with notes")
        durations = {ticks for ticks, count in counts.items() if count >= min_count}
        durations |= {ticks for ticks in counts if not _lengths_that_make(ticks, durations)}
        compass = range(max(min(pitches), 0), max(pitches) + 1)
        symbols = [f"{pitch}:{ticks}" for pitch in compass for ticks in durations]
        symbols += [f"{kind}:{ticks}" for kind in "r~" for ticks in durations]
        symbols += [*sorted(meters), *(f"mode:{mode}" for mode in MODES), *(f"|{n}" for n in range(1, MAX_BARS + 1))]
        return cls(Vocabulary(tuple(symbols)))

    def header(self, meter: tuple[int, int], mode: str, bars: int | None = None) -> Tokens:
        """Return the tokens that a tune begins with: start, meter, mode, and the first bar line where `bars` is given.

        Examples
        --------
        >>> codec = EventCodec.fit([Score.from_melody([60], 24)])
        >>> codec.vocabulary.words(codec.header((3, 4), "minor", 16))
        ['<start>', 'meter:3/4', 'mode:minor', '|16']
        """
        symbols = ["<start>", f"meter:{meter[0]}/{meter[1]}", f"mode:{mode}"]
        if symbols[1] not in self.vocabulary:
            known = ", ".join(symbol[6:] for symbol in self.vocabulary.symbols if symbol.startswith("meter:"))
            raise ValueError(f"meter={meter[0]}/{meter[1]} is not in the vocabulary, which has {known}")
        return self.vocabulary.tokens(symbols if bars is None else [*symbols, f"|{min(bars, MAX_BARS)}"])

    def encode(self, score: Score) -> Tokens:
        """Return the tokens of a one-voice score; a score without a key is read in the key that `estimate_key` finds."""
        key = _key_of(score)
        shift = 60 - _tonic_pitch(key)
        symbols: list[str] = []
        bars_left = max(1, -(-(score.duration - score.pickup) // score.bar_ticks))
        for kind, pitch, ticks in _events(score):
            if kind == "bar":
                symbols.append(f"|{min(bars_left, MAX_BARS)}")
                bars_left -= 1
                continue
            parts = _lengths_that_make(ticks, self.durations)
            if not parts:
                raise ValueError(
                    f"a length of {ticks} ticks cannot be written with the codec's {list(self.durations)}; "
                    "move the score to a grid first, for example score.quantize(6)"
                )
            first, *rest = parts
            head = {"note": str(pitch + shift), "hold": "~", "rest": "r"}[kind]
            symbols.append(f"{head}:{first}")
            if kind == "note" and symbols[-1] not in self.vocabulary:
                low, high = self.pitches[0], self.pitches[-1]
                raise ValueError(
                    f"pitch {pitch} lies {pitch + shift - 60} semitones from the tonic; this codec writes {low - 60} to {high - 60}"
                )
            symbols += [f"{'r' if kind == 'rest' else '~'}:{part}" for part in rest]
        return np.concatenate(
            [self.header(score.meter, parse_key(key)[1]), self.vocabulary.tokens([*symbols, "<end>"])]
        )

    def decode(self, tokens: Iterable[int], *, velocity: int = 80, **fields: Any) -> Score:
        """Return the score that tokens stand for, in the key named by `key` (without it: C and the mode of the tokens)."""
        symbols = self.vocabulary.words(tokens)
        symbols = symbols[: symbols.index("<end>")] if "<end>" in symbols else symbols
        meter = next((symbol[6:] for symbol in symbols if symbol.startswith("meter:")), "4/4")
        above, below = (int(part) for part in meter.split("/"))
        bar = 4 * TICKS_PER_QUARTER * above // below
        mode = next((symbol[5:] for symbol in symbols if symbol.startswith("mode:")), "major")
        key = fields.pop("key", None) or f"C {mode}"
        shift = _tonic_pitch(key) - 60

        notes: list[list[int]] = []
        now, first_bar = 0, None  # first_bar: tick of the first bar line
        for symbol in symbols:
            head, _, tail = symbol.partition(":")
            if symbol.startswith("|"):
                first_bar = now % bar if first_bar is None else first_bar
                now += (first_bar - now) % bar
            elif head == "~" and notes and sum(notes[-1][:2]) == now:
                notes[-1][1] += int(tail)
                now += int(tail)
            elif head in ("~", "r"):
                now += int(tail)
            elif head.isdigit():
                notes.append([now, int(tail), _fold(int(head) + shift), velocity])
                now += int(tail)
        return Score.from_notes(notes, **{"meter": (above, below), "key": key, "pickup": first_bar or 0, **fields})

    def to_dict(self) -> dict[str, Any]:
        """Return what `codec_from_dict` needs, fit for JSON."""
        return {"codec": "event", "symbols": list(self.vocabulary.symbols)}


def _events(score: Score) -> Iterable[tuple[str, int, int]]:
    """Yield ("note" | "hold" | "rest" | "bar", pitch, ticks) in order, nothing crossing a bar line."""
    now = 0
    spans = [(onset, onset + duration, pitch) for onset, duration, pitch in one_voice(score)]
    if score.duration < score.pickup:  # the pickup is silent to its end
        spans.append((score.pickup, score.pickup, -1))
    for onset, end, pitch in spans:
        for stop, kind in ((onset, "rest"), (end, "note")):
            while now < stop:
                if (now - score.pickup) % score.bar_ticks == 0:
                    yield "bar", -1, 0
                until = min(stop, now + 1 + (score.pickup - now - 1) % score.bar_ticks)
                yield kind, pitch, until - now
                now, kind = until, "hold" if kind != "rest" else kind
    if now <= score.pickup:
        yield "bar", -1, 0


def _lengths_that_make(ticks: int, known: Iterable[int]) -> list[int]:
    """Return known lengths that add up to `ticks`, longest first; empty where they do not."""
    parts: list[int] = []
    for length in sorted(known, reverse=True):
        count, ticks = divmod(ticks, length)
        parts += [length] * count
    return [] if ticks else parts


def _key_of(score: Score) -> str:
    return score.key or (estimate_key(score) if len(score) else "C major")


def _tonic_pitch(key: str) -> int:
    return 60 + parse_key(key)[0]


def _fold(pitch: int) -> int:
    while pitch > 127:
        pitch -= 12
    while pitch < 0:
        pitch += 12
    return pitch
