"""A score as the MIDI that a synthesiser is fed: one instrument a channel, times in absolute seconds.

This is not the MIDI file that a learner saves (`musegen_edu.midi` writes that); it is made to be rendered and thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from musegen_edu.score import DRUMS, Score

TICKS_A_SECOND = 4000  # 1000 ticks a quarter note at 240 quarter notes a minute
DRUM_CHANNEL = 9  # General MIDI's channel 10, counted from 0

_PITCHED_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)

# (tick, order, message): at one tick settings come first, then the ends of notes, then their starts
Event = tuple[int, int, bytes]
SETTING, NOTE_END, NOTE_START = 0, 1, 2


def score_to_channel_groups(score: Score) -> Iterator[list[Event]]:
    """Yield the events of up to fifteen pitched parts at a time, since a MIDI stream has sixteen channels.

    The drum parts share channel 10 of the first group.

    Examples
    --------
    >>> [events] = score_to_channel_groups(Score.from_melody([60], 24))
    >>> [(tick, message.hex()) for tick, _, message in events]  # program 0; note 60 on at 0 s, off at 0.5 s
    [(0, 'c000'), (0, '903c50'), (2000, '803c00')]
    """
    used = np.unique(score.notes["part"]).tolist()
    drums = [part for part in used if score.programs[part] == DRUMS]
    pitched = [part for part in used if score.programs[part] != DRUMS]
    for first in range(0, max(len(pitched), 1), len(_PITCHED_CHANNELS)):
        channels = dict(zip(pitched[first : first + len(_PITCHED_CHANNELS)], _PITCHED_CHANNELS, strict=False))
        if first == 0:
            channels |= dict.fromkeys(drums, DRUM_CHANNEL)
        events: list[Event] = []
        for part, channel in channels.items():
            if channel != DRUM_CHANNEL:
                events.append((0, SETTING, bytes([0xC0 | channel, score.programs[part]])))
        part_notes = score.notes[np.isin(score.notes["part"], list(channels))]
        channel_of = np.zeros(256, np.int64)
        for part, channel in channels.items():
            channel_of[part] = channel
        scale = score.ticks_to_seconds(1) * TICKS_A_SECOND
        onsets = np.rint(part_notes["onset"] * scale).astype(np.int64)
        ends = np.rint((part_notes["onset"].astype(np.int64) + part_notes["duration"]) * scale).astype(np.int64)
        events += _note_events(
            onsets, ends, part_notes["pitch"], part_notes["velocity"], channel_of[part_notes["part"]]
        )
        yield events


def _note_events(
    onsets: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    pitches: npt.NDArray[np.int16],
    velocities: npt.NDArray[np.uint8],
    channels: npt.NDArray[np.int64],
) -> list[Event]:
    """Return note starts and ends; a pitch struck again while it sounds ends just before, and the later end counts."""
    events: list[Event] = []
    sounding: dict[tuple[int, int], int] = {}  # (channel, pitch) -> tick where it ends
    rows = zip(onsets.tolist(), ends.tolist(), pitches.tolist(), velocities.tolist(), channels.tolist(), strict=True)
    for onset, end, pitch, velocity, channel in rows:
        before = sounding.get((channel, pitch), onset)  # where the last note of this pitch would end
        if (channel, pitch) in sounding:
            events.append((min(before, onset), NOTE_END, bytes([0x80 | channel, pitch, 0])))
        sounding[channel, pitch] = max(end, before, onset + 1)
        events.append((onset, NOTE_START, bytes([0x90 | channel, pitch, velocity])))
    events += [(end, NOTE_END, bytes([0x80 | channel, pitch, 0])) for (channel, pitch), end in sounding.items()]
    return events


def events_to_midi(events: Iterable[Event], seconds: float, volume: int, *, reverb: bool = True) -> bytes:
    """Return a MIDI file of one track that lasts `seconds`.

    Parameters
    ----------
    events : in any order.
    seconds : where the track ends; the renderer makes sound up to there.
    volume : 0 to 127, set on every channel.
    reverb : leave the synthesiser's room on.

    Examples
    --------
    >>> events_to_midi([], 1.0, 100)[:4]
    b'MThd'
    """
    controls = [(0, SETTING, bytes([0xB0 | channel, 7, volume])) for channel in range(16)]
    if not reverb:
        controls += [(0, SETTING, bytes([0xB0 | channel, 91, 0])) for channel in range(16)]
    track = bytearray(b"\x00\xff\x51\x03" + (250_000).to_bytes(3, "big"))  # microseconds a quarter note
    now = 0
    for tick, _, message in sorted([*controls, *events]):
        track += _variable_length(tick - now) + message
        now = tick
    track += _variable_length(max(0, round(seconds * TICKS_A_SECOND) - now)) + b"\xff\x2f\x00"
    header = (
        b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1]) + (1000).to_bytes(2, "big")
    )  # type 0, 1 track, ticks a quarter note
    return header + b"MTrk" + len(track).to_bytes(4, "big") + bytes(track)


def _variable_length(value: int) -> bytes:
    """Return MIDI's form of a whole number: seven bits a byte, the highest first, bit 8 set on all but the last."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append((value & 0x7F) | 0x80)
    return bytes(reversed(groups))


def most_notes_at_once(score: Score) -> int:
    """Return the largest number of notes that sound together.

    Examples
    --------
    >>> most_notes_at_once(Score.from_notes([(0, 24, 60), (12, 24, 64), (24, 24, 67)]))
    2
    """
    onsets = np.sort(score.notes["onset"])
    ends = np.sort(score.notes["onset"].astype(np.int64) + score.notes["duration"])
    started = np.arange(1, len(onsets) + 1)
    return int((started - np.searchsorted(ends, onsets, side="right")).max())
