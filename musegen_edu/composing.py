"""Whole tunes on request: so many bars, in this key and meter, with an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musegen_edu.constraints import key_guide
from musegen_edu.guides import bar_guide, closing_ticks
from musegen_edu.keys import estimate_key, parse_key
from musegen_edu.pretrained import load_pretrained
from musegen_edu.sampling import generate
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.chorale_codec import ChoraleCodec
from musegen_edu.tokens.event_codec import MAX_BARS, EventCodec
from musegen_edu.tokens.vocabulary import Tokens

if TYPE_CHECKING:
    import keras

    from musegen_edu.models.markov import MarkovModel

_TONIC = 60  # the tonic in the symbols of an EventCodec
_SHORTEST_NOTE = TICKS_PER_QUARTER // 8  # for the number of steps only: no bar of real tunes is all 32nd notes
_FIDDLE = 40  # General MIDI program


@dataclass(frozen=True)
class _Event:
    head: str  # "note", "~" (held) or "r" (rest)
    ticks: int
    pitch: int = 0


def compose(
    model: str | keras.Model | MarkovModel = "melody_lstm",
    *,
    bars: int = 16,
    seed: int,
    start: Score | None = None,
    key: str | None = None,
    meter: tuple[int, int] | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    stay_in_key: bool = False,
    candidates: int = 12,
    codec: EventCodec | None = None,
    **fields: Any,
) -> Score:
    """Let a model compose a tune of exactly so many bars that ends on its tonic, or go on from a start of yours.

    The first tokens say meter, mode and number of bars; the model goes on from there, with `bar_guide` beside it, which keeps
    it from bars that do not add up. It does so several times at once, and the candidate with the fewest faults is kept, the
    first of equals: too few or too many bars, no end, a last note that is not the tonic or is too short. What faults it still has are mended: a bar too long is
    cut, one too short has its last note held, missing bars repeat those before them, the last note goes to the nearest tonic
    and lasts to the end of its bar. So even an untrained model gives a tune that can be played and printed.

    Parameters
    ----------
    model : the name of a trained model, or a model itself.
    bars : 1 to 64, a pickup not counted and those of the start included.
    seed : 0 or more; the same seed gives the same tune.
    start : how the tune begins: one voice, shorter than `bars` bars. Its notes are kept as they are; only the last may be held
        on. None lets the model begin.
    key : such as `"D dorian"`; None takes that of the start (estimated where it names none), or G major.
    meter : None takes that of the start, or 4/4; else one of those in the codec's vocabulary; for `melody_lstm` 4/4, 2/2, 2/4, 3/4, 6/8 and 9/8 are well known to it.
    temperature, top_k, top_p, repetition_penalty : as in `generate`.
    stay_in_key : whether notes outside the key are ruled out.
    candidates : how many tunes to choose from.
    codec : the model's codec, where the model does not carry one.
    fields : other fields of the score, such as `bpm`, `programs` or `title`.

    Raises
    ------
    ValueError
        If a request is out of range, the meter is unknown to the model, the model has no event codec, or the start is too long,
        in another meter, or cannot be written with the codec.

    Examples
    --------
    >>> tune = compose(bars=8, seed=7, key="D major", meter=(6, 8))
    >>> tune.n_bars, tune.meter, tune.key, int(tune.notes["pitch"][-1]) % 12
    (8, (6, 8), 'D major', 2)
    >>> start = Score.from_melody([67, 71, 74], [24, 24, 48], key="G major")
    >>> tune = compose(bars=4, seed=7, start=start)
    >>> tune.n_bars, tune.notes["pitch"][:3].tolist()
    (4, [67, 71, 74])

    Lesson: 00 start_here (from nothing), 05 recurrent_networks (from a start).
    """
    if not 1 <= bars <= MAX_BARS:
        raise ValueError(f"bars={bars} must be from 1 to {MAX_BARS}")
    if candidates < 1:
        raise ValueError(f"candidates={candidates} must be at least 1")
    if start is not None:
        _check_start(start, bars, meter)
    key = key or (_key_of(start) if start is not None else "G major")
    meter = meter or (start.meter if start is not None else (4, 4))
    tonic, mode = parse_key(key)
    if isinstance(model, str):
        model = load_pretrained(model)
    codec = codec or getattr(model, "codec", None)
    if isinstance(codec, ChoraleCodec):
        raise ValueError("model is a ChoraleLSTM, which writes four voices; compose_chorale composes with it")
    if not isinstance(codec, EventCodec):
        raise ValueError(f"codec={codec!r} is not an EventCodec; give the one that the model was trained with")

    bar = 4 * TICKS_PER_QUARTER * meter[0] // meter[1]
    prompt = codec.header(meter, mode, bars) if start is None else _start_tokens(start.replace(key=key), codec, bars)
    lines = generate(
        model,
        prompt,
        n_steps=bars * (bar // _SHORTEST_NOTE + 1),
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        repetition_penalty=repetition_penalty,
        guide=bar_guide(codec, meter) & key_guide(codec, key) if stay_in_key else bar_guide(codec, meter),
        batch=candidates,
        seed=seed,
    )
    best = min(lines, key=lambda line: count_faults(line, codec, bars))
    pickup, found = _bars_of(best, codec)
    melody: list[list[int]] = []  # onset, ticks, pitch
    now = 0
    for event in (event for bar_events in [pickup, *_mend(found, bars, bar)] for event in bar_events):
        if event.head == "note":
            melody.append([now, event.ticks, event.pitch - _TONIC + 60 + tonic])
        elif event.head == "~" and melody and sum(melody[-1][:2]) == now:
            melody[-1][1] += event.ticks
        now += event.ticks
    defaults = {"bpm": _usual_bpm(meter), "programs": (_FIDDLE,), "title": f"Tune number {seed}"}
    if start is not None:
        for note, velocity in zip(melody, start.notes["velocity"].tolist(), strict=False):
            note.append(velocity)
        defaults |= {"bpm": start.bpm, "programs": start.programs[:1] or (_FIDDLE,)}
    return Score.from_notes(melody, **{**defaults, **fields, "meter": meter, "key": key, "pickup": now - bars * bar})


def _check_start(start: Score, bars: int, meter: tuple[int, int] | None) -> None:
    if not len(start):
        raise ValueError("start holds no note; give at least one, or None to begin from nothing")
    if meter not in (None, start.meter):
        raise ValueError(f"meter={meter} is not that of the start, {start.meter}; leave it out")
    if start.duration - start.pickup >= bars * start.bar_ticks:
        raise ValueError(f"start fills {start.n_bars} bars; bars={bars} must leave room to go on")


def _key_of(start: Score) -> str:
    return start.key or estimate_key(start)


def _start_tokens(start: Score, codec: EventCodec, bars: int) -> Tokens:
    """Return the start as a prompt: its bar lines count down from `bars`, and no end is in sight."""
    words = codec.vocabulary.words(codec.encode(start))[:-1]  # without <end>
    seen = 0
    for place, word in enumerate(words):
        if word.startswith("|"):
            words[place] = f"|{min(bars - seen, MAX_BARS)}"
            seen += 1
    return codec.vocabulary.tokens(words)


def count_faults(line: Tokens, codec: EventCodec, bars: int) -> int:
    """Return how many things are wrong with a generated tune that was to have so many bars, its pickup apart.

    Counted are: each bar that does not add up, each bar missing or too many, a missing end, a last note that is not the tonic
    or is shorter than `closing_ticks`.

    Parameters
    ----------
    line : tokens, from the header on.

    Examples
    --------
    >>> codec = EventCodec.fit([Score.from_melody([60, 62], [24, 48], key="C major")])
    >>> line = codec.vocabulary.tokens("meter:3/4 |2 60:24 62:48 |1 62:24 60:24 <end>".split())
    >>> count_faults(line, codec, 2)  # the last bar lacks a beat
    1
    """
    words = codec.vocabulary.words(line)
    meter = codec.decode(line).meter
    bar_ticks = Score(meter=meter).bar_ticks
    _, found = _bars_of(line, codec)
    faults = abs(len(found) - bars) + (words[-1] != "<end>")
    faults += sum(sum(event.ticks for event in events) != bar_ticks for events in found)
    events = [event for bar_events in found for event in bar_events]
    held = 0  # the last note may be tied over a bar line
    while events and events[-1].head == "~":
        held += events.pop().ticks
    if not events or events[-1].head != "note":
        return faults + 2
    return faults + (events[-1].pitch % 12 != _TONIC % 12) + (events[-1].ticks + held < closing_ticks(meter))


def _bars_of(line: Tokens, codec: EventCodec) -> tuple[list[_Event], list[list[_Event]]]:
    """Return what stands before the first bar line, and the bars."""
    pickup: list[_Event] = []
    found: list[list[_Event]] = []
    for word in codec.vocabulary.words(line):
        if word == "<end>":
            break
        head, _, tail = word.partition(":")
        if word.startswith("|"):
            found.append([])
        elif head in ("r", "~") or head.isdigit():
            event = _Event("note", int(tail), int(head)) if head.isdigit() else _Event(head, int(tail))
            (found[-1] if found else pickup).append(event)
    return pickup, found


def _mend(found: list[list[_Event]], bars: int, bar_ticks: int) -> list[list[_Event]]:
    """Return exactly `bars` bars of exactly `bar_ticks`, the last of which ends on the tonic."""
    mended = [_fill(events, bar_ticks) for events in found[:bars]] or [[_Event("r", bar_ticks)]]
    phrase = min(len(mended), 4)
    while len(mended) < bars:
        mended.append(mended[-phrase])
    last = list(mended[-1])
    while last and last[-1].head != "note":
        last.pop()
    if not last:
        return [*mended[:-1], [_Event("note", bar_ticks, _TONIC)]]
    pitch = last[-1].pitch
    tonic = _TONIC + 12 * round((pitch - _TONIC) / 12)  # the nearest
    last[-1] = _Event("note", bar_ticks - sum(event.ticks for event in last[:-1]), tonic)
    return [*mended[:-1], last]


def _fill(events: list[_Event], bar_ticks: int) -> list[_Event]:
    """Cut a bar that is too long; hold the last note, or the silence, of one that is too short."""
    filled: list[_Event] = []
    left = bar_ticks
    for event in events:
        if left:
            filled.append(_Event(event.head, min(event.ticks, left), event.pitch))
            left -= filled[-1].ticks
    if left:
        filled.append(_Event("~" if filled and filled[-1].head != "r" else "r", left))
    return filled


def _usual_bpm(meter: tuple[int, int]) -> float:
    """Return a dance's tempo in quarter notes a minute."""
    if meter[1] >= 8 and meter[0] % 3 == 0 and meter[0] > 3:
        return 165.0  # a jig: 110 dotted quarters
    return {(2, 2): 180.0, (4, 4): 160.0, (3, 4): 130.0}.get(meter, 100.0)
