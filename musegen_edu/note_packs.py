"""Note packs: a few recorded notes of one instrument, small enough to send to the browser."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import audio_to_mp3
from musegen_edu.caching import read_cached, write_cached
from musegen_edu.performance import (
    DRUM_CHANNEL,
    NOTE_END,
    NOTE_START,
    SETTING,
    TICKS_A_SECOND,
    Event,
    events_to_midi,
)
from musegen_edu.score import DRUMS
from musegen_edu.soundfont import midi_to_audio, soundfont_path, soundfont_sha256, synthesis_backend

PITCHES = tuple(range(21, 109, 4))  # A0 to A7: no key of the piano is more than three semitones from one of these
DRUM_PITCHES = tuple(range(35, 82))  # General MIDI's percussion, from acoustic bass drum to open triangle
VELOCITY = 100  # at which every note is struck

_RECIPE = 1  # goes into every cache key: raise it when the sound changes
_HELD_SECONDS, _SPACING_SECONDS = 3.0, 5.0
_DRUM_SECONDS, _DRUM_SPACING_SECONDS = 2.0, 3.0
_GAIN = 3.0  # a single note is soft beside a full score; the balance between instruments stays as in the SoundFont
_PEAK = 0.89
_INAUDIBLE = 2e-3  # of the note's peak (-54 dB)


@dataclass(frozen=True)
class NotePack:
    """A few notes of one instrument, each an MP3 file; the notes between are played by changing the speed of the nearest.

    Parameters
    ----------
    program : General MIDI program 0 to 127, or `DRUMS`.
    pitches : MIDI numbers of the notes, rising; a pitch that the instrument cannot play is left out.
    sample_rate : Hz.
    mp3 : the bytes of one mono MP3 file a pitch, struck at velocity 100. The silence before the note is cut away: the sound
        begins within 10 ms of the start of the decoded audio (a bowed string still takes its time to swell). A browser that does
        not take off the encoder's padding adds 23 ms, see `audio_to_mp3`. Pitched notes are held for 3 seconds and fade out at
        the end; drums ring for 2 seconds at most.

    Lesson: 00 start_here.
    """

    program: int
    pitches: tuple[int, ...]
    sample_rate: int
    mp3: dict[int, bytes] = field(repr=False)


def note_pack(program: int, *, soundfont: str | os.PathLike[str] | None = None) -> NotePack:
    """Return the note pack of an instrument, rendered at first use and kept in the cache folder.

    All notes are rendered in one go, with silence between them, and cut apart. The same SoundFont always gives the same bytes.

    Parameters
    ----------
    program : General MIDI program 0 (piano) to 127, or `DRUMS` (128).
    soundfont : path of a .sf2 file; see `soundfont_path`.

    Raises
    ------
    ValueError
        If the program is outside its range, or the SoundFont cannot be used or has no sound for it.

    Examples
    --------
    >>> flute = note_pack(73)
    >>> flute.pitches[:3], sum(len(data) for data in flute.mp3.values()) < 600_000
    ((21, 25, 29), True)

    Lesson: 00 start_here.
    """
    if isinstance(program, bool) or int(program) != program or not 0 <= program <= DRUMS:
        raise ValueError(f"program={program!r} must be a General MIDI program, 0 to 127, or {DRUMS} for drums")
    path = soundfont_path(soundfont)
    return _note_pack(int(program), path, soundfont_sha256(path), synthesis_backend())


@functools.lru_cache(maxsize=16)
def _note_pack(program: int, soundfont: Path, soundfont_sha: str, backend: str) -> NotePack:
    described = repr((program, soundfont_sha, backend, _RECIPE))
    key = f"{program:03d}-{hashlib.sha256(described.encode()).hexdigest()[:24]}.zip"
    if (kept := read_cached("note_packs", key)) is not None:
        return _unpack(program, kept)
    pack = _render_pack(program, soundfont)
    write_cached("note_packs", key, _pack(pack))
    return pack


def _render_pack(program: int, soundfont: Path) -> NotePack:
    is_drums = program == DRUMS
    pitches, channel = (DRUM_PITCHES, DRUM_CHANNEL) if is_drums else (PITCHES, 0)
    held, spacing = (_DRUM_SECONDS, _DRUM_SPACING_SECONDS) if is_drums else (_HELD_SECONDS, _SPACING_SECONDS)
    events: list[Event] = [] if is_drums else [(0, SETTING, bytes([0xC0 | channel, program]))]
    for index, pitch in enumerate(pitches):
        start = index * spacing
        events.append((round(start * TICKS_A_SECOND), NOTE_START, bytes([0x90 | channel, pitch, VELOCITY])))
        events.append((round((start + held) * TICKS_A_SECOND), NOTE_END, bytes([0x80 | channel, pitch, 0])))
    # Dry, because a widget ends a note by turning its sample down, and the room would stop with it.
    audio, sample_rate = midi_to_audio(events_to_midi(events, len(pitches) * spacing, 127, reverb=False), soundfont)
    mono = audio.mean(axis=0)  # (samples,)
    peak = float(np.abs(mono).max(initial=0.0))
    if peak == 0:
        if synthesis_backend() == "plain tones" and is_drums:
            return NotePack(program, (), sample_rate, {})
        raise ValueError(f"{soundfont}: the SoundFont has no sound for program {program}; choose another .sf2 file")
    mono *= min(_GAIN, _PEAK / peak)
    mp3 = {}
    for index, pitch in enumerate(pitches):
        first = round(index * spacing * sample_rate)
        note = _trim(mono[first : first + round(held * sample_rate)], sample_rate)
        if np.abs(note).max(initial=0.0) > 1e-3:
            mp3[pitch] = audio_to_mp3(note, sample_rate, compression=0.8)
    return NotePack(program, tuple(mp3), sample_rate, mp3)


def _trim(note: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    """Cut the silence before and after a note, with a ramp of 1 ms in and a fade of 100 ms (or a fifth of the note) out."""
    loud = np.flatnonzero(np.abs(note) > _INAUDIBLE * np.abs(note).max(initial=1e-9))
    if len(loud) == 0:
        return note[:0]
    ramp = sample_rate // 1000
    note = note[max(0, int(loud[0]) - 2 * ramp) : int(loud[-1]) + 1].copy()
    note[:ramp] *= np.linspace(0, 1, min(ramp, len(note)), dtype=np.float32)
    fade = min(sample_rate // 10, len(note) // 5)
    if fade:
        note[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return note


def _pack(pack: NotePack) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # MP3 does not get smaller
        archive.writestr(zipfile.ZipInfo("sample_rate"), str(pack.sample_rate))  # ZipInfo: a fixed date, so equal bytes
        for pitch in pack.pitches:
            archive.writestr(zipfile.ZipInfo(f"{pitch}.mp3"), pack.mp3[pitch])
    return stream.getvalue()


def _unpack(program: int, data: bytes) -> NotePack:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        mp3 = {int(name[:-4]): archive.read(name) for name in archive.namelist() if name.endswith(".mp3")}
        return NotePack(program, tuple(mp3), int(archive.read("sample_rate")), mp3)
