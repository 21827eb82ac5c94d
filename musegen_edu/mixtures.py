"""Mixtures: a few seconds of a chorale, played by one to three instruments that come and go, and who sounds when.

The sound is rendered from the notes, so the labels are right by construction: nobody had to listen and write them down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import Audio
from musegen_edu.caching import read_cached, write_cached
from musegen_edu.datasets import load_dataset
from musegen_edu.families import SPLITS
from musegen_edu.performance import events_to_midi, score_to_channel_groups
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.soundfont import midi_to_audio, soundfont_path, soundfont_sha256, synthesis_backend
from musegen_edu.spectrogram import audio_to_mel

INSTRUMENTS = {  # General MIDI program -> name: three that are struck or plucked and die away, three that are held
    0: "Grand Piano",
    11: "Vibraphone",
    24: "Nylon Guitar",
    40: "Violin",
    56: "Trumpet",
    71: "Clarinet",
}
RANGES = {0: (36, 84), 11: (53, 86), 24: (40, 76), 40: (55, 86), 56: (54, 82), 71: (50, 86)}  # MIDI pitches
SAMPLE_RATE = 16_000  # Hz
SECONDS = 6.4
N_FFT, HOP_LENGTH, N_MELS = 2048, 800, 64  # a frame every 50 ms, each looking at 128 ms
N_FRAMES = round(SECONDS * SAMPLE_RATE) // HOP_LENGTH
N_SECTIONS = 4  # of a mixture, 1.6 s each: in each of them an instrument plays or is silent

_HELD_OUT = 7  # of an instrument's pitches, one in so many is never heard in training
_PEAK = 0.5
_VOLUME = 127
_RECIPE = 1  # goes into the cache key: raise it when the sound changes


@dataclass(frozen=True, eq=False)
class Mixtures:
    """Some mixtures of one side of the split.

    Parameters
    ----------
    scores : one a mixture; each part has its instrument, 6.4 s at most.
    mels : (n, N_FRAMES, N_MELS) float32, decibels, time first: what a tagger reads.
    labels : (n, N_FRAMES, 6) uint8: 1 where an instrument of `INSTRUMENTS` has a note in that frame.
    unheard : (n, N_FRAMES, 6) truth values: where that note's pitch never occurs for its instrument in the training mixtures.

    Lesson: 08 cnn_rnn.
    """

    scores: tuple[Score, ...]
    mels: npt.NDArray[np.float32] = field(repr=False)
    labels: npt.NDArray[np.uint8] = field(repr=False)
    unheard: npt.NDArray[np.bool_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.scores)

    def audio(self, index: int) -> Audio:
        """Return the sound of one mixture, (n_samples,) at `SAMPLE_RATE`."""
        return score_to_mixture(self.scores[index])


def load_mixtures(split: str, n: int, *, seed: int = 0) -> Mixtures:
    """Make mixtures from the chorales of one side of the split; each costs some 40 ms, and is kept in the cache.

    The mixtures of "train" and those of "valid" and "test" share neither a hymn tune nor all of their notes: of every instrument's
    pitches one in seven is left out in training, and `unheard` says where it sounds in the others.

    Parameters
    ----------
    split : "train", "valid" or "test".
    n : how many, at least 1. The first ones are the same whatever n is.
    seed : 0 or more.

    Raises
    ------
    ValueError
        If an argument is out of range, or there is no synthesiser but plain tones, with which all instruments are alike.

    Examples
    --------
    >>> mixtures = load_mixtures("test", 2)
    >>> mixtures.mels.shape, mixtures.labels.shape
    ((2, 128, 64), (2, 128, 6))

    Lesson: 08 cnn_rnn.
    """
    if split not in SPLITS:
        raise ValueError(f"split={split!r} must be one of {', '.join(map(repr, SPLITS))}")
    if isinstance(n, bool) or int(n) != n or n < 1:
        raise ValueError(f"n={n!r} must be a whole number of mixtures, at least 1")
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    chorales = [piece for piece in getattr(load_dataset("chorales"), split) if piece.n_bars >= 4]
    scores = []
    for index in range(n):
        rng = np.random.default_rng([seed, SPLITS.index(split), index])
        piece = chorales[int(rng.integers(len(chorales)))]
        scores.append(orchestrate(piece, seed=int(rng.integers(2**31)), leave_out=split == "train"))
    labels = np.stack([score_to_labels(score) for score in scores])
    unheard = np.stack([score_to_labels(_held_out_notes(score)) for score in scores]) > 0
    return Mixtures(tuple(scores), _cached_mels(scores), labels, unheard)


def orchestrate(chorale: Score, *, seed: int, leave_out: bool = False) -> Score:
    """Give one to three voices of a chorale to different instruments that come and go, for 6.4 seconds from some bar on.

    A voice is moved by octaves to where its instrument is at home.

    Parameters
    ----------
    chorale : four parts, at least four bars.
    seed : of the choice of bar, tempo, voices, instruments, loudness and rests.
    leave_out : whether the pitches that are kept from training are left out: there are rests in their places.

    Returns
    -------
    A score of one to three parts, all different programs of `INSTRUMENTS`.

    Raises
    ------
    ValueError
        If the chorale has fewer than four parts or bars.

    Examples
    --------
    >>> chorale = load_dataset("chorales").test[0]
    >>> score = orchestrate(chorale, seed=1)
    >>> set(score.programs) <= set(INSTRUMENTS), score.seconds <= SECONDS
    (True, True)
    """
    if chorale.n_parts < 4 or chorale.n_bars < 4:
        raise ValueError(
            f"chorale has {chorale.n_parts} parts and {chorale.n_bars} bars; at least four of each are wanted"
        )
    rng = np.random.default_rng(seed)
    first = int(rng.integers(1, chorale.n_bars - 2))
    excerpt = chorale.slice_bars(first).replace(bpm=float(rng.integers(66, 105)))
    length = int(SECONDS * excerpt.bpm / 60 * TICKS_PER_QUARTER)  # ticks in a mixture
    n_parts = int(rng.integers(1, 4))
    voices = rng.permutation(4)[:n_parts].tolist()
    programs = [list(INSTRUMENTS)[i] for i in rng.permutation(len(INSTRUMENTS))[:n_parts]]
    parts = []
    for part, (voice, program) in enumerate(zip(voices, programs, strict=True)):
        plays = rng.random(N_SECTIONS) < 0.65
        plays[rng.integers(N_SECTIONS)] = True
        notes = _in_sections(excerpt.part(voice).notes, plays, length)
        notes["pitch"] += _octaves(notes["pitch"], program)
        notes["velocity"], notes["part"] = rng.integers(55, 116), part
        parts.append(notes[~is_held_out(notes["pitch"], program)] if leave_out else notes)
    return excerpt.replace(notes=np.concatenate(parts), programs=tuple(programs), pickup=0)


def is_held_out(pitch: npt.ArrayLike, program: int) -> npt.NDArray[np.bool_]:
    """Return for each pitch whether an instrument never plays it in the training mixtures: every seventh, others for each.

    Examples
    --------
    >>> is_held_out([60, 61, 62, 63, 64, 65, 66], 0).tolist()
    [False, False, False, True, False, False, False]
    """
    place = list(INSTRUMENTS).index(program)
    return np.asarray((np.asarray(pitch) + place) % _HELD_OUT == 0, np.bool_)


def score_to_labels(score: Score, n_frames: int = N_FRAMES) -> npt.NDArray[np.uint8]:
    """Return who has a note when: (n_frames, 6), one column an instrument of `INSTRUMENTS`.

    Frame t is the moment t * 50 ms. What still rings after a note has ended does not count.

    Raises
    ------
    ValueError
        If a part has a program that is not in `INSTRUMENTS`.

    Examples
    --------
    >>> score_to_labels(Score.from_melody([60], 24, bpm=60, programs=(40,))).sum(axis=0).tolist()  # a violin for one second
    [0, 0, 0, 20, 0, 0]
    """
    columns = list(INSTRUMENTS)
    for program in score.programs:
        if program not in columns:
            raise ValueError(f"score has the program {program}; the tagger knows {columns}")
    labels = np.zeros((n_frames, len(columns)), np.uint8)
    frames_a_tick = score.ticks_to_seconds(1) * SAMPLE_RATE / HOP_LENGTH
    for onset, duration, _, _, part in score.notes.tolist():
        first, stop = (int(np.ceil(tick * frames_a_tick - 1e-6)) for tick in (onset, onset + duration))
        labels[first:stop, columns.index(score.programs[part])] = 1
    return labels


def score_to_mixture(score: Score) -> Audio:
    """Render the first 6.4 seconds of a score, without the synthesiser's room: (n_samples,) at `SAMPLE_RATE`, peak 0.5.

    Raises
    ------
    ValueError
        If there is no synthesiser but plain tones, or the SoundFont cannot be used.

    Examples
    --------
    >>> audio = score_to_mixture(Score.from_melody([60], 24, programs=(40,)))
    >>> audio.shape, float(abs(audio).max())
    ((102400,), 0.5)
    """
    import soxr

    if synthesis_backend() == "plain tones":
        raise ValueError(
            "mixtures cannot be rendered with plain tones: all instruments would sound alike; install FluidSynth "
            "(Debian, Ubuntu: sudo apt install fluidsynth)"
        )
    n_samples = round(SECONDS * SAMPLE_RATE)
    mix = np.zeros(n_samples, np.float32)
    if len(score) == 0:
        return mix
    for events in score_to_channel_groups(score):
        midi = events_to_midi(events, SECONDS + 0.1, _VOLUME, reverb=False)
        stereo, made_at = midi_to_audio(midi, soundfont_path())
        mono = soxr.resample(stereo.mean(axis=0), made_at, SAMPLE_RATE)[:n_samples]
        mix[: len(mono)] += mono
    return mix * np.float32(_PEAK / max(float(np.abs(mix).max()), 1e-9))


def audio_to_frames(audio: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return what a tagger reads of a sound at `SAMPLE_RATE`: its mel spectrogram in decibels, time first, (n_frames, N_MELS).

    There is one frame for every whole 50 ms, so 6.4 seconds make 128.

    Examples
    --------
    >>> audio_to_frames(np.zeros(16000)).shape
    (20, 64)
    """
    mel = audio_to_mel(audio, SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS)
    return np.ascontiguousarray(mel.T[: len(np.asarray(audio)) // HOP_LENGTH])


def _in_sections(notes: npt.NDArray[Any], plays: npt.NDArray[np.bool_], length: int) -> npt.NDArray[Any]:
    """Return the notes that begin where the instrument plays, each ended where it falls silent."""
    notes = notes[notes["onset"] < length].copy()
    edges = np.arange(len(plays) + 1) * length // len(plays)
    section = np.searchsorted(edges, notes["onset"], side="right") - 1
    silent = [np.flatnonzero(~plays[first:]) for first in section]
    ends = np.array([edges[s + gap[0]] if len(gap) else length for s, gap in zip(section, silent, strict=True)], int)
    notes["duration"] = np.minimum(notes["duration"], np.maximum(ends - notes["onset"], 0))
    return notes[plays[section]]


def _octaves(pitch: npt.NDArray[Any], program: int) -> int:
    """Return by how many semitones, whole octaves, a voice moves so that most of its notes lie in the instrument's range."""
    low, high = RANGES[program]
    shifts = (0, 12, -12, 24, -24)
    outside = [int(((pitch + shift < low) | (pitch + shift > high)).sum()) for shift in shifts]
    return shifts[int(np.argmin(outside))]


def _held_out_notes(score: Score) -> Score:
    notes = score.notes
    keep = np.zeros(len(notes), np.bool_)
    for part, program in enumerate(score.programs):
        keep |= (notes["part"] == part) & is_held_out(notes["pitch"], program)
    return score.replace(notes=notes[keep])


def _cached_mels(scores: Sequence[Score]) -> npt.NDArray[np.float32]:
    """Return what a tagger reads of each score, from the cache or rendered: (n, N_FRAMES, N_MELS)."""
    digest = hashlib.sha256(repr((soundfont_sha256(soundfont_path()), synthesis_backend(), _RECIPE)).encode())
    for score in scores:
        digest.update(score.notes.tobytes() + repr((score.bpm, score.programs)).encode())
    key = f"{digest.hexdigest()[:24]}.f16"
    kept = read_cached("mixtures", key)
    if kept is None:
        mels = np.stack([audio_to_frames(score_to_mixture(score)) for score in scores])
        kept = mels.astype("<f2").tobytes()
        write_cached("mixtures", key, kept)
    return np.frombuffer(kept, "<f2").reshape(len(scores), N_FRAMES, N_MELS).astype(np.float32)
