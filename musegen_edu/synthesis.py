"""From notes to sound: a score rendered with recorded instruments, and the note packs that the widgets play."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import Audio, audio_to_mp3, audio_to_wav, read_wav, write_wav
from musegen_edu.caching import read_cached, write_cached
from musegen_edu.note_packs import NotePack, note_pack
from musegen_edu.performance import events_to_midi, most_notes_at_once, score_to_channel_groups
from musegen_edu.pitch import measure_pitch
from musegen_edu.score import Score
from musegen_edu.soundfont import midi_to_audio, soundfont_path, soundfont_sha256, synthesis_backend

__all__ = [
    "NotePack",
    "audio_to_mp3",
    "audio_to_wav",
    "measure_pitch",
    "note_pack",
    "read_wav",
    "score_to_audio",
    "soundfont_path",
    "synthesis_backend",
    "write_wav",
]

PEAK = 0.89  # the loudest sample of a render: 1 dB below the most that a file can hold
MAX_SECONDS = 1200  # twenty minutes of stereo are 420 MB of float32
SILENCE_SECONDS = 0.5  # what an empty score sounds like

_RECIPE = 1  # goes into every cache key: raise it when the sound changes
_TAIL_SECONDS = 8.0  # rendered after the last note ends, then cut where it has died away
_INAUDIBLE = 1e-3  # of the peak (-60 dB)


def score_to_audio(
    score: Score,
    *,
    sample_rate: int = 44100,
    soundfont: str | os.PathLike[str] | None = None,
    cache: bool = True,
) -> Audio:
    """Render a score with the instruments of a SoundFont.

    Every part has a channel of its own, so that its program and its notes keep out of the others' way, however many parts there
    are. A note that begins while the same pitch of the same part still sounds strikes it again, as on a piano; it then lasts
    until the later of the two ends. The release of the last notes is kept until it has died away.

    Parameters
    ----------
    score : at most twenty minutes of music.
    sample_rate : Hz, 8,000 to 192,000.
    soundfont : path of a .sf2 file; see `soundfont_path`.
    cache : keep the render in the cache folder, and take it from there when the same score is asked for again.

    Returns
    -------
    float32 of shape (2, samples): left and right, the loudest sample at ±0.89, never shorter than `score.seconds`. The values
    are whole multiples of 1/32768, so a 16-bit WAV file holds them exactly. A score without notes, or with drums alone where
    only plain tones can be made, gives half a second of silence or silence as long as the score.

    Raises
    ------
    ValueError
        If the score lasts too long, the sample rate is outside its range, or the SoundFont cannot be used.

    Examples
    --------
    >>> chord = Score.from_notes([(0, 48, 60), (0, 48, 64), (0, 48, 67)])
    >>> audio = score_to_audio(chord)
    >>> audio.shape[0], round(float(abs(audio).max()), 2)
    (2, 0.89)

    Lesson: 00 start_here.
    """
    if isinstance(sample_rate, bool) or int(sample_rate) != sample_rate or not 8000 <= sample_rate <= 192000:
        raise ValueError(f"sample_rate={sample_rate!r} must be a whole number of Hz, 8000 to 192000 (44100 is usual)")
    if score.seconds > MAX_SECONDS:
        raise ValueError(
            f"score lasts {score.seconds / 60:.0f} minutes, and at most {MAX_SECONDS // 60} are rendered at once; "
            "take some bars of it with score.slice_bars(first, last)"
        )
    if len(score) == 0:
        return np.zeros((2, round(SILENCE_SECONDS * sample_rate)), np.float32)
    path = soundfont_path(soundfont)
    described = repr(
        (score.bpm, score.programs, int(sample_rate), synthesis_backend(), soundfont_sha256(path), _RECIPE)
    )
    key = hashlib.sha256(score.notes.tobytes() + described.encode()).hexdigest()
    if cache and (kept := read_cached("renders", key)) is not None:
        return _unpack(kept)
    steps = _finish(_render(score, path, int(sample_rate)), score.seconds, int(sample_rate))
    if cache:
        write_cached("renders", key, _pack(steps, int(sample_rate)))
    return steps.astype(np.float32) / np.float32(32768)


def _render(score: Score, soundfont: Path, sample_rate: int) -> Audio:
    """Render without normalising, turning the channels down until nothing is cut off at full scale."""
    import soxr

    seconds = score.seconds + _TAIL_SECONDS
    groups = list(score_to_channel_groups(score))
    start = (127, 64, 32)[int(np.searchsorted((4, 16), most_notes_at_once(score)))]
    for volume in (start, start // 2, start // 4, start // 8):
        rendered = [midi_to_audio(events_to_midi(events, seconds, volume), soundfont) for events in groups]
        if all(np.abs(audio).max(initial=0.0) < 0.9999 for audio, _ in rendered):
            break
    length = max(audio.shape[1] for audio, _ in rendered)
    mix = np.zeros((2, length), np.float32)
    for audio, _ in rendered:
        mix[:, : audio.shape[1]] += audio
    made_at = rendered[0][1]  # Hz
    return mix if made_at == sample_rate else np.ascontiguousarray(soxr.resample(mix.T, made_at, sample_rate).T)


def _finish(mix: Audio, seconds: float, sample_rate: int) -> npt.NDArray[np.int16]:
    """Cut the tail where it has died away, normalise, and round to 16 bits."""
    loudness = np.abs(mix).max(axis=0)  # (samples,)
    peak = float(loudness.max(initial=0.0))
    shortest = round(seconds * sample_rate)
    if mix.shape[1] < shortest:
        mix = np.pad(mix, ((0, 0), (0, shortest - mix.shape[1])))
    if peak == 0:
        return np.zeros((2, shortest), np.int16)
    last = int(np.flatnonzero(loudness > _INAUDIBLE * peak)[-1]) + 1
    fade = sample_rate // 50  # 20 ms
    mix = mix[:, : max(last + fade, shortest)] * (PEAK / peak)
    fade = min(fade, mix.shape[1] - last) if mix.shape[1] > last else 0
    if fade:
        mix[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.rint(mix * 32768).astype(np.int16)


def _pack(steps: npt.NDArray[np.int16], sample_rate: int) -> bytes:
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, steps.T, sample_rate, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def _unpack(flac: bytes) -> Audio:
    import soundfile

    steps, _ = soundfile.read(io.BytesIO(flac), dtype="int16", always_2d=True)
    return np.ascontiguousarray(steps.T).astype(np.float32) / np.float32(32768)
