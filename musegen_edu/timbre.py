"""The dataset "timbre": single notes of twelve instruments, rendered from the SoundFont at first use and kept in the cache.

They are rendered notes and no recordings of players; the form is that of NSynth (instrument, pitch, velocity), in little.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import Audio
from musegen_edu.audio_datasets import AudioDataset
from musegen_edu.caching import read_cached, write_cached
from musegen_edu.dataset_files import CARD, how_to_get_again
from musegen_edu.files import datasets_folder, sha256_of
from musegen_edu.performance import NOTE_END, NOTE_START, SETTING, TICKS_A_SECOND, Event, events_to_midi
from musegen_edu.soundfont import midi_to_audio, soundfont_path, soundfont_sha256, synthesis_backend

INSTRUMENTS = {  # General MIDI program -> name; each is in tune to 13 cents over all PITCHES (see the card)
    0: "Grand Piano",
    6: "Harpsichord",
    11: "Vibraphone",
    24: "Nylon Guitar",
    40: "Violin",
    42: "Cello",
    46: "Harp",
    56: "Trumpet",
    60: "French Horn",
    66: "Tenor Sax",
    71: "Clarinet",
    74: "Recorder",
}
PITCHES = tuple(range(36, 84))  # MIDI numbers: four octaves, C2 to B5
TEST_PITCHES = tuple(range(39, 84, 7))  # every seventh semitone: all registers, and no pitch class twice
VALID_PITCHES = tuple(range(42, 84, 7))  # a held-out pitch has pitches to train on right below and above it
VELOCITIES = (50, 85, 120)
SAMPLE_RATE = 16_000  # Hz
N_SAMPLES = 16_000  # one second

_RECIPE = 1  # goes into the cache key: raise it when the sound changes
_HELD_SECONDS = 0.75
_FADE_SECONDS = 0.05
_CUT_SECONDS = 1.05  # from here on whatever still rings is stopped, so that no note reaches into the next
# Synthesisers act on events at the start of a block of 64 samples. At 44,100 Hz this spacing is 882 blocks, and the delay
# puts every onset into the middle of one, so that every note begins at the same place of its slice.
_SPACING_SECONDS = 1.28
_DELAY_TICKS = 3
_PEAK = 0.89
_ALL_SOUND_OFF = bytes([0xB0, 120, 0])


def load_timbre() -> AudioDataset:
    """Load "timbre": 12 instruments x 48 pitches x 3 velocities, one second each; see `load_dataset`.

    The first call renders all notes (some ten seconds); later ones read them from the cache, where they take 55 MB. The sounds
    depend on nothing but the SoundFont and the program that renders it. An entry that is damaged is rendered again.

    Raises
    ------
    ValueError
        If the SoundFont cannot be used or has no sound for one of the instruments, or if there is no synthesiser but plain tones,
        with which all instruments are alike.
    FileNotFoundError
        If the data card is missing.

    Examples
    --------
    >>> split_of_pitch(60), split_of_pitch(39), split_of_pitch(42)
    ('test', 'test', 'valid')

    References
    ----------
    Engel et al., Neural audio synthesis of musical notes with WaveNet autoencoders, ICML 2017 (the NSynth dataset).

    Lesson: 02 representing_music.
    """
    card = datasets_folder() / "timbre" / CARD
    if not card.is_file():
        raise FileNotFoundError(
            f"{card} is missing, and the dataset 'timbre' is not shown without it; {how_to_get_again('timbre')}"
        )
    backend = synthesis_backend()
    if backend == "plain tones":
        raise ValueError(
            "the dataset 'timbre' cannot be rendered with plain tones: all its instruments would sound alike; install FluidSynth "
            "(Debian, Ubuntu: sudo apt install fluidsynth)"
        )
    path = soundfont_path()
    labels = _labels()
    shape = (len(labels["pitch"]), N_SAMPLES)
    described = repr((soundfont_sha256(path), backend, tuple(INSTRUMENTS), PITCHES, VELOCITIES, SAMPLE_RATE, _RECIPE))
    key = f"{hashlib.sha256(described.encode()).hexdigest()[:24]}.pcm"
    pcm = read_cached("timbre", key)
    if pcm is None:
        pcm = np.concatenate([_render(program, path) for program in INSTRUMENTS]).astype("<i2").tobytes()
        write_cached("timbre", key, pcm)
    return AudioDataset(
        name="timbre",
        sample_rate=SAMPLE_RATE,
        target="instrument",
        class_names=tuple(INSTRUMENTS.values()),
        labels=labels,
        card=card.read_text(encoding="utf-8"),
        sha256=sha256_of(pcm),
        steps=np.frombuffer(pcm, "<i2").reshape(shape),
    )


def split_of_pitch(pitch: int) -> str:
    """Return the side of the split on which every note of a pitch lies, whatever its instrument and velocity.

    The three velocities of a note are nearly the same sound at three levels, so a random split would put a twin of most test
    notes among those to train on.

    Examples
    --------
    >>> split_of_pitch(61)
    'train'
    """
    return "test" if pitch in TEST_PITCHES else "valid" if pitch in VALID_PITCHES else "train"


def _labels() -> MappingProxyType[str, npt.NDArray[Any]]:
    """The labels of all notes, in the order in which they are rendered: by program, pitch and velocity."""
    program, pitch, velocity = (
        axis.ravel() for axis in np.meshgrid(list(INSTRUMENTS), PITCHES, VELOCITIES, indexing="ij")
    )
    labels: dict[str, npt.NDArray[Any]] = {
        "instrument": np.array([INSTRUMENTS[number] for number in program.tolist()]),
        "program": program,
        "pitch": pitch,
        "velocity": velocity,
        "split": np.array([split_of_pitch(number) for number in pitch.tolist()]),
    }
    for values in labels.values():
        values.flags.writeable = False
    return MappingProxyType(labels)


def _render(program: int, soundfont: Path) -> npt.NDArray[np.int16]:
    """All notes of an instrument, rendered in one pass and cut apart: (n_notes, N_SAMPLES), the loudest reaching 0.89."""
    import soxr

    notes = [(pitch, velocity) for pitch in PITCHES for velocity in VELOCITIES]
    events: list[Event] = [(0, SETTING, bytes([0xC0, program]))]
    for index, (pitch, velocity) in enumerate(notes):
        start = round(index * _SPACING_SECONDS * TICKS_A_SECOND) + _DELAY_TICKS
        events.append((start, NOTE_START, bytes([0x90, pitch, velocity])))
        events.append((start + round(_HELD_SECONDS * TICKS_A_SECOND), NOTE_END, bytes([0x80, pitch, 0])))
        events.append((start + round(_CUT_SECONDS * TICKS_A_SECOND), SETTING, _ALL_SOUND_OFF))
    # Dry: the room would ring from one note into the next.
    stereo, made_at = midi_to_audio(events_to_midi(events, len(notes) * _SPACING_SECONDS, 127, reverb=False), soundfont)
    mono: Audio = soxr.resample(stereo.mean(axis=0), made_at, SAMPLE_RATE)  # (samples,)
    spacing = round(_SPACING_SECONDS * SAMPLE_RATE)
    mono = np.pad(mono, (0, max(0, len(notes) * spacing - len(mono))))
    sounds = mono[: len(notes) * spacing].reshape(len(notes), spacing)[:, :N_SAMPLES].copy()
    peaks = np.abs(sounds).max(axis=1)  # (n_notes,)
    if peaks.min() < 1e-4:
        pitch, velocity = notes[int(peaks.argmin())]
        raise ValueError(
            f"{soundfont}: the SoundFont has no sound for program {program} ({INSTRUMENTS[program]}) at pitch {pitch}, velocity "
            f"{velocity}; unset MUSEGEN_SOUNDFONT or choose another .sf2 file"
        )
    fade = round(_FADE_SECONDS * SAMPLE_RATE)
    sounds[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    steps: npt.NDArray[np.int16] = np.rint(sounds * (_PEAK / float(peaks.max()) * 32768)).astype(np.int16)
    return steps
