"""Sound as numbers: WAV and MP3 out, and recordings in with their faults found.

Audio is float32 of shape (channels, samples), values -1 to 1, one row a channel; a sample rate in Hz goes with it.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.files import write_atomically

Audio = npt.NDArray[np.float32]

MAX_RECORDING_SECONDS = 3600
MP3_SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

_PCM_STEPS = 32768  # 16-bit samples are whole numbers from -32768 to 32767


def audio_to_wav(audio: npt.ArrayLike, sample_rate: int) -> bytes:
    """Return audio as the bytes of a 16-bit WAV file.

    Parameters
    ----------
    audio : values -1 to 1, shape (samples,), (1, samples) or (2, samples).
    sample_rate : Hz.

    Raises
    ------
    ValueError
        If the shape is another one, or a value is NaN, infinite or outside -1 to 1.

    Examples
    --------
    >>> audio_to_wav(np.zeros((2, 100)), 44100)[:4]
    b'RIFF'

    Lesson: 02 representing_music.
    """
    return _encode(checked_audio(audio), sample_rate, format="WAV", subtype="PCM_16")


def audio_to_mp3(audio: npt.ArrayLike, sample_rate: int, *, compression: float = 0.7) -> bytes:
    """Return audio as the bytes of an MP3 file, the one compressed format that every browser plays.

    The encoder puts 1,105 samples of silence before the sound and notes that in the file. Chromium, Firefox and libsndfile take
    it off again (measured in Chromium: the sound starts on the very sample); a player that ignores the note starts 23 ms late
    at 48,000 Hz and 25 ms late at 44,100 Hz.

    Parameters
    ----------
    audio : values -1 to 1, shape (samples,), (1, samples) or (2, samples).
    sample_rate : Hz, one of `MP3_SAMPLE_RATES`.
    compression : 0 (largest, best) to 1 (smallest); variable bit rate.

    Raises
    ------
    ValueError
        If the audio is not as said above, or the sample rate is not one that MP3 knows.

    Examples
    --------
    >>> tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(22050) / 44100)
    >>> len(audio_to_mp3(tone, 44100)) < len(audio_to_wav(tone, 44100)) / 4
    True

    Lesson: 02 representing_music.
    """
    if sample_rate not in MP3_SAMPLE_RATES:
        raise ValueError(f"sample_rate={sample_rate!r} is not possible in MP3; choose one of {MP3_SAMPLE_RATES}")
    if not 0 <= compression <= 1:
        raise ValueError(f"compression={compression!r} must be from 0 (largest file) to 1 (smallest)")
    settings = {"compression_level": compression, "bitrate_mode": "VARIABLE"}
    return _encode(checked_audio(audio), sample_rate, format="MP3", subtype="MPEG_LAYER_III", **settings)


def write_wav(audio: npt.ArrayLike, path: str | os.PathLike[str], sample_rate: int) -> Path:
    """Write audio to a 16-bit WAV file, whole or not at all, and return its path.

    Parameters
    ----------
    audio : values -1 to 1, shape (samples,), (1, samples) or (2, samples).
    path : where to; an existing file is replaced.
    sample_rate : Hz.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_wav([[0.0, 0.5, -0.5]], Path(folder) / "click.wav", 44100)
    ...     read_wav(path)
    (array([[ 0. ,  0.5, -0.5]], dtype=float32), 44100)

    Lesson: 02 representing_music.
    """
    return write_atomically(path, audio_to_wav(audio, sample_rate))


def read_wav(path: str | os.PathLike[str]) -> tuple[Audio, int]:
    """Read a recording: WAV, and also FLAC, MP3, Ogg or AIFF.

    A file written by `write_wav` comes back to the sample (to within 1/65536 of what went in).

    Parameters
    ----------
    path : a mono or stereo file of at most an hour.

    Returns
    -------
    The audio, shape (1, samples) or (2, samples), and its sample rate in Hz.

    Raises
    ------
    ValueError
        If the file is missing, is no recording, holds no sound, is cut off, has more than two channels, is longer than an hour,
        or has values that are not numbers. The message names the file, the fault and the cure.

    Examples
    --------
    >>> read_wav("no_such.wav")
    Traceback (most recent call last):
    ...
    ValueError: no_such.wav: there is no such file; check the name and the folder

    Lesson: 02 representing_music.
    """
    import soundfile

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file; check the name and the folder")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty (0 bytes); record or export it again")
    _check_wav_is_whole(path)
    try:
        with soundfile.SoundFile(path) as recording:
            sample_rate, channels = int(recording.samplerate), int(recording.channels)
            if channels > 2:
                raise ValueError(
                    f"{path}: the recording has {channels} channels; mix it down to stereo or mono in an audio editor first"
                )
            if recording.frames > MAX_RECORDING_SECONDS * sample_rate:
                raise ValueError(
                    f"{path}: the recording lasts {recording.frames / sample_rate / 60:.0f} minutes; "
                    f"cut it to {MAX_RECORDING_SECONDS // 60} minutes or less"
                )
            samples = recording.read(dtype="float32", always_2d=True)  # (samples, channels)
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(". ")
        raise ValueError(
            f"{path}: this is not a recording that can be read ({reason}); export it as WAV and try again"
        ) from None
    if len(samples) == 0:
        raise ValueError(f"{path}: the recording holds no sound (0 samples); record or export it again")
    bad = ~np.isfinite(samples).all(axis=1)
    if bad.any():
        raise ValueError(
            f"{path}: {int(bad.sum())} of {len(samples)} samples are NaN or infinite, the first at "
            f"{int(bad.argmax()) / sample_rate:.3f} s; export the file again, as 16-bit WAV"
        )
    return np.ascontiguousarray(samples.T), sample_rate


def checked_audio(audio: npt.ArrayLike, limit: float | None = 1.0) -> Audio:
    """Return audio as float32 of shape (channels, samples), or say what is wrong with it.

    Parameters
    ----------
    audio : shape (samples,), (1, samples) or (2, samples).
    limit : the largest value allowed, either way; None for any.

    Raises
    ------
    ValueError
        If the shape is another one, or a value is NaN, infinite or beyond `limit`.

    Examples
    --------
    >>> checked_audio([0.0, 0.5]).shape
    (1, 2)
    """
    samples = np.atleast_2d(np.asarray(audio, np.float32))
    if samples.ndim != 2 or samples.shape[0] not in (1, 2):
        raise ValueError(
            f"audio has the shape {np.shape(audio)}; it must be (samples,), (1, samples) or (2, samples), one row a channel"
        )
    if not np.isfinite(samples).all():
        raise ValueError("audio holds NaN or infinite values; look for a division by zero or a logarithm of zero")
    if limit is not None and samples.size and np.abs(samples).max() > limit:
        raise ValueError(
            f"audio reaches {np.abs(samples).max():.3g}; values must be from -1 to 1 (divide by the largest: audio / abs(audio).max())"
        )
    return samples


def _encode(samples: Audio, sample_rate: int, **settings: Any) -> bytes:
    import soundfile

    if isinstance(sample_rate, bool) or int(sample_rate) != sample_rate or not 1000 <= sample_rate <= 384000:
        raise ValueError(f"sample_rate={sample_rate!r} must be a whole number of Hz, 1000 to 384000 (44100 is usual)")
    # Rounded here, because libsndfile multiplies by 32767 on the way out and divides by 32768 on the way in.
    steps = np.clip(np.rint(samples.T * _PCM_STEPS), -_PCM_STEPS, _PCM_STEPS - 1).astype(np.int16)
    stream = io.BytesIO()
    soundfile.write(stream, steps, int(sample_rate), **settings)
    return stream.getvalue()


def _check_wav_is_whole(path: Path) -> None:
    """Complain when a WAV file's header promises more sound than the file holds; libsndfile would just stop early."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return
        while len(chunk := stream.read(8)) == 8:
            promised = int.from_bytes(chunk[4:], "little")
            present = size - stream.tell()
            if promised > present and promised < 0x7FFFFF00:  # programs that write to a pipe put the largest number
                raise ValueError(
                    f"{path}: the file is cut off: {present} of {promised} bytes of its {chunk[:4]!r} chunk are there; "
                    "copy or export it again"
                )
            if chunk[:4] == b"data":
                return
            stream.seek(promised + promised % 2, io.SEEK_CUR)
    raise ValueError(f"{path}: the file is cut off before its sound begins; copy or export it again")
