"""The bytes of a MIDI file: how a score is encoded, and what the head of each track says.

A MIDI file is a header and a list of tracks. A track is a list of events, each after a delta time in ticks. Times and lengths
are *variable-length quantities*: seven bits a byte, the high bit set on all but the last.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import key_to_fifths
from musegen_edu.score import DRUMS, TICKS_PER_QUARTER, Score

FILE_TICKS_PER_QUARTER = 480
DRUM_CHANNEL = 9  # counted from 0; musicians call it channel 10
_PITCHED_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]
_SLOWEST_TEMPO = 2**24 - 1

# The codes of meta events: FF, code, length, data.
_TEXT, _TRACK_NAME, _PORT, _END_OF_TRACK = 0x01, 0x03, 0x21, 0x2F
_SET_TEMPO, _TIME_SIGNATURE, _KEY_SIGNATURE = 0x51, 0x58, 0x59
_N_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}

# (tick, rank among the events of that tick, bytes): settings come first, then note ends, then note starts.
Event = tuple[int, int, bytes]
_SETTING, _NOTE_OFF, _NOTE_ON = 0, 1, 2


class MidiWarning(UserWarning):
    """Something of a MIDI file or a score could not be carried over; the message says what became of it."""


@dataclass
class TrackHead:
    """What a track says before its first note (or in full, if it has none).

    `texts` holds text events of the form `name: value`, which is how a score notes what MIDI has no event for.
    """

    name: str = ""
    program: int | None = None
    has_notes: bool = False
    texts: dict[str, str] = field(default_factory=dict)


def tempo_of(bpm: float) -> int:
    """Return a tempo as MIDI stores it: whole microseconds a quarter note, at most 2**24 - 1 (3.58 bpm).

    Examples
    --------
    >>> tempo_of(120)
    500000
    """
    return min(round(60e6 / bpm), _SLOWEST_TEMPO)


def variable_length(value: int) -> bytes:
    r"""Encode a number from 0 to 2**28 - 1 as a variable-length quantity.

    Examples
    --------
    >>> variable_length(127), variable_length(200)
    (b'\x7f', b'\x81H')
    """
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def encode_score(score: Score, file_type: int) -> bytes:
    """Return the bytes of a MIDI file; `midi.score_to_midi` documents it."""
    if file_type not in (0, 1):
        raise ValueError(f"file_type={file_type!r} must be 0 (a single track) or 1 (a track a part)")
    if file_type == 0 and score.n_parts > 16:
        raise ValueError(f"score has {score.n_parts} parts; a type 0 file has 16 channels. Write file_type=1")
    _warn_about_losses(score, file_type)
    tracks = [_conductor_events(score)]
    ports_and_channels = _assign_channels(score.programs)
    for part, (program, (port, channel)) in enumerate(zip(score.programs, ports_and_channels, strict=True)):
        rows = score.notes[score.notes["part"] == part]
        events = [] if file_type == 0 else [(0, _SETTING, _meta(_TRACK_NAME, f"Part {part + 1}".encode()))]
        if port:
            events.append((0, _SETTING, _meta(_PORT, bytes([port]))))
        events.append((0, _SETTING, bytes([0xC0 | channel, 0 if program == DRUMS else program])))
        tracks.append(events + _note_events(rows, channel))
    if file_type == 0:
        tracks = [[event for track in tracks for event in track]]
    header = b"".join(n.to_bytes(2, "big") for n in (file_type, len(tracks), FILE_TICKS_PER_QUARTER))
    return b"".join([b"MThd", len(header).to_bytes(4, "big"), header, *(_track_chunk(events) for events in tracks)])


def read_track_heads(data: bytes) -> list[TrackHead]:
    """Return the head of each track of a well-formed MIDI file, reading no further than each track's first note."""
    heads = []
    at = 14
    while at + 8 <= len(data):
        stop = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at : at + 4] == b"MTrk":
            heads.append(_read_track_head(data, at + 8, stop))
        at = stop
    return heads


def _read_track_head(data: bytes, at: int, stop: int) -> TrackHead:
    head = TrackHead()
    status = 0
    while at < stop:
        _, at = _read_variable_length(data, at, stop)  # the delta time
        if at >= stop:
            break
        if data[at] & 0x80:  # else running status: the last one still holds
            status = data[at]
            at += 1
        if status >= 0xF0:  # meta and system exclusive events carry their length
            kind = data[at] if status == 0xFF and at < stop else -1
            length, at = _read_variable_length(data, at + (status == 0xFF), stop)
            content = data[at : min(at + length, stop)]
            at += length
            if kind == _TRACK_NAME and not head.name:
                head.name = _decode(content)
            elif kind == _TEXT and b": " in content:
                key, _, value = _decode(content).partition(": ")
                head.texts[key] = value
        else:
            kind, channel = status & 0xF0, status & 0x0F
            if kind == 0x90 and at + 1 < stop and data[at + 1] > 0:
                head.has_notes = True
                break
            if kind == 0xC0 and at < stop:
                head.program = DRUMS if channel == DRUM_CHANNEL else data[at] & 0x7F
            at += _N_DATA_BYTES.get(kind, 1)
    return head


def _read_variable_length(data: bytes, at: int, stop: int) -> tuple[int, int]:
    value = 0
    while at < stop:
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:  # the standard is ASCII; older programs wrote the code page of their day
        return content.decode("latin-1")


def _conductor_events(score: Score) -> list[Event]:
    """Title, tempo, meter and key: what holds for all parts. A pickup is a short first meter followed by the real one."""
    tempo = tempo_of(score.bpm)
    events = [(0, _SETTING, _meta(_TRACK_NAME, score.title.encode()))] if score.title else []
    events.append((0, _SETTING, _meta(_SET_TEMPO, tempo.to_bytes(3, "big"))))
    if not any(round(60e6 / tempo, digits) == score.bpm for digits in range(7)):
        events.append((0, _SETTING, _meta(_TEXT, f"bpm: {score.bpm!r}".encode())))
    if score.pickup:
        events.append((0, _SETTING, _time_signature(_pickup_meter(score))))
    events.append((score.pickup, _SETTING, _time_signature(score.meter)))
    if score.key is not None:
        mode = score.key.split()[1]
        is_minor_like = mode in ("minor", "dorian", "phrygian", "locrian")
        signature = key_to_fifths(score.key).to_bytes(1, "big", signed=True) + bytes([is_minor_like])
        events.append((0, _SETTING, _meta(_KEY_SIGNATURE, signature)))
        if mode not in ("major", "minor"):
            events.append((0, _SETTING, _meta(_TEXT, f"key: {score.key}".encode())))
    return events


def _pickup_meter(score: Score) -> tuple[int, int]:
    """Return the simplest meter with a bar as long as the pickup, or nearly so where none is, as after a triplet."""
    whole = 4 * TICKS_PER_QUARTER
    for denominator in (4, 8, 16, 32):
        if score.pickup * denominator % whole == 0:
            return score.pickup * denominator // whole, denominator
    numerator = max(1, score.pickup * 32 // whole)
    return (numerator, 32) if (numerator, 32) != score.meter else (numerator + 1, 32)  # it must differ to be noticed


def _time_signature(meter: tuple[int, int]) -> bytes:
    numerator, denominator = meter
    # The last two: 24 MIDI clocks a metronome click, eight 32nd notes a quarter note.
    return _meta(_TIME_SIGNATURE, bytes([numerator, denominator.bit_length() - 1, 24, 8]))


def _note_events(rows: npt.NDArray[np.void], channel: int) -> list[Event]:
    on, off = 0x90 | channel, 0x80 | channel
    starts = rows["onset"].tolist()
    ends = (rows["onset"].astype(np.int64) + rows["duration"]).tolist()
    pitches, velocities = rows["pitch"].tolist(), rows["velocity"].tolist()
    events = [(t, _NOTE_ON, bytes((on, p, v))) for t, p, v in zip(starts, pitches, velocities, strict=True)]
    events += [(t, _NOTE_OFF, bytes((off, p, 64))) for t, p in zip(ends, pitches, strict=True)]
    return events


def _track_chunk(events: list[Event]) -> bytes:
    scale = FILE_TICKS_PER_QUARTER // TICKS_PER_QUARTER
    body = bytearray()
    now = 0
    for tick, _, event in sorted(events, key=lambda each: each[:2]):  # stable: notes of one tick keep the score's order
        body += variable_length((tick - now) * scale) + event
        now = tick
    body += b"\0" + _meta(_END_OF_TRACK, b"")
    return b"MTrk" + len(body).to_bytes(4, "big") + bytes(body)


def _meta(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + variable_length(len(content)) + content


def _assign_channels(programs: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the port and channel of each part: drums on channel 10, the others on the 15 that are left, port by port."""
    result = []
    n_pitched = 0
    for program in programs:
        if program == DRUMS:
            result.append((0, DRUM_CHANNEL))
        else:
            port, index = divmod(n_pitched, len(_PITCHED_CHANNELS))
            result.append((port, _PITCHED_CHANNELS[index]))
            n_pitched += 1
    return result


def _warn_about_losses(score: Score, file_type: int) -> None:
    n_drums = score.programs.count(DRUMS)
    n_pitched = score.n_parts - n_drums
    if n_pitched > len(_PITCHED_CHANNELS):
        _warn(
            f"score has {n_pitched} pitched parts, and MIDI has 15 channels for them; the others are written to further "
            "ports, and a player that knows one port only will play them with the wrong instruments"
        )
    if file_type == 0:
        if n_drums > 1:
            _warn(f"score has {n_drums} drum parts; in a type 0 file they become one")
        silent = score.n_parts - len(np.unique(score.notes["part"]))
        if silent:
            _warn(f"score has {silent} part{'s' * (silent > 1)} without notes, which a type 0 file cannot hold")
    if round(60e6 / score.bpm) > _SLOWEST_TEMPO:
        _warn(f"bpm={score.bpm:g} is slower than MIDI can say; players will take 3.58")
    order = np.lexsort([score.notes[name] for name in ("duration", "onset", "pitch", "part")])
    rows = score.notes[order]
    end = rows["onset"].astype(np.int64) + rows["duration"]
    same = (rows["part"][1:] == rows["part"][:-1]) & (rows["pitch"][1:] == rows["pitch"][:-1])
    n_nested = int((same & (end[1:] < end[:-1])).sum())
    if n_nested:
        _warn(
            f"score has {n_nested} note{'s' * (n_nested > 1)} inside a longer note of the same pitch and part; MIDI cannot "
            "tell whose end is whose, so the first to begin will be the first to end"
        )


def _warn(message: str) -> None:
    warnings.warn(message, MidiWarning, stacklevel=4)
