"""The SoundFont, and the programs that turn MIDI into sound with it.

A SoundFont (.sf2) is a file of recorded instruments. One of 6 MB, with all 128 General MIDI instruments and a drum kit, comes
inside the wheel of `pretty_midi`, so nothing needs to be downloaded. `MUSEGEN_SOUNDFONT` names another.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from musegen_edu.audio import Audio
from musegen_edu.files import sha256_of

_FLUIDSYNTH_RATE = 44100  # Hz
_PLAIN_RATE = 44100  # Hz
_PLAIN_LEVEL = 0.25  # peak of a single note at velocity 127
_RENDER_TIMEOUT = 600  # seconds


def soundfont_path(soundfont: str | os.PathLike[str] | None = None) -> Path:
    """Return the path of the SoundFont in use, after a look at whether it is one.

    Parameters
    ----------
    soundfont : path of a .sf2 file; without it the one that `MUSEGEN_SOUNDFONT` names, else the one inside `pretty_midi`.

    Raises
    ------
    ValueError
        If there is no such file, or it is not a whole SoundFont.

    Examples
    --------
    >>> soundfont_path().suffix
    '.sf2'
    """
    named = soundfont or os.environ.get("MUSEGEN_SOUNDFONT")
    if named:
        path = Path(named).expanduser()
        cure = "give a .sf2 file"
        if soundfont is None:
            cure = "set MUSEGEN_SOUNDFONT to a .sf2 file, or unset it to use the SoundFont that comes with the course"
    else:
        spec = importlib.util.find_spec("pretty_midi")  # found without importing it
        path = Path(spec.origin if spec and spec.origin else "pretty_midi").parent / "TimGM6mb.sf2"
        cure = "install pretty_midi again, or set MUSEGEN_SOUNDFONT to a .sf2 file"
    if not path.is_file():
        raise ValueError(f"{path}: there is no such SoundFont; {cure}")
    with path.open("rb") as stream:
        head = stream.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise ValueError(f"{path}: this is not a SoundFont (it does not begin with RIFF ... sfbk); {cure}")
    promised, present = int.from_bytes(head[4:8], "little") + 8, path.stat().st_size
    if present < promised:
        raise ValueError(f"{path}: the SoundFont is cut off ({present} of {promised} bytes); copy it again, or {cure}")
    return path


def soundfont_sha256(path: Path) -> str:
    """Return the checksum of a SoundFont, computed again only when the file has changed.

    Examples
    --------
    >>> len(soundfont_sha256(soundfont_path()))
    64
    """
    facts = path.stat()
    return _sha256_at(path, facts.st_mtime_ns, facts.st_size)


@functools.lru_cache(maxsize=8)
def _sha256_at(path: Path, modified: int, size: int) -> str:
    return sha256_of(path)


def synthesis_backend() -> str:
    """Return which program makes the sound on this computer.

    `"midirenderer"` where its wheel is installed (Linux x86-64, Windows, macOS), else `"fluidsynth"` where the FluidSynth
    program is on the PATH, else `"plain tones"`: sine waves, in tune and in time, without drums.

    Examples
    --------
    >>> synthesis_backend() in ("midirenderer", "fluidsynth", "plain tones")
    True
    """
    try:
        import midirenderer  # noqa: F401  a small compiled module: importing it is the only sure test
    except ImportError:
        return "fluidsynth" if shutil.which("fluidsynth") else "plain tones"
    return "midirenderer"


def midi_to_audio(midi: bytes, soundfont: Path) -> tuple[Audio, int]:
    """Render the bytes of a MIDI file with the best backend there is.

    Parameters
    ----------
    midi : a MIDI file; sound is made up to its end-of-track event and not beyond it.
    soundfont : a checked path, from `soundfont_path`. Plain tones do without it.

    Returns
    -------
    Audio of shape (2, samples), not normalised and cut off at ±1 where it is too loud, and its sample rate in Hz.

    Raises
    ------
    ValueError
        If the backend cannot use the SoundFont; the message names both and the backend's reason.

    Examples
    --------
    >>> header = b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 3, 232])  # one track, 1,000 ticks a quarter note
    >>> events = bytes([0, 0x90, 69, 100, 0x87, 0x68, 0x80, 69, 0, 0, 0xFF, 0x2F, 0])  # A4 for 1,000 ticks, then the end
    >>> audio, sample_rate = midi_to_audio(header + b"MTrk" + len(events).to_bytes(4, "big") + events, soundfont_path())
    >>> audio.shape[0], 0.4 < audio.shape[1] / sample_rate < 1.6  # half a second, and a tail where the backend adds one
    (2, True)
    """
    backend = synthesis_backend()
    if backend == "midirenderer":
        return _decode(_render_midirenderer(midi, soundfont))
    if backend == "fluidsynth":
        return _decode(_render_fluidsynth(midi, soundfont))
    return _render_plain_tones(midi)


def _decode(wav: bytes) -> tuple[Audio, int]:
    import soundfile

    samples, sample_rate = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)  # (samples, channels)
    return np.ascontiguousarray(samples.T), int(sample_rate)


def _render_midirenderer(midi: bytes, soundfont: Path) -> bytes:
    import midirenderer

    try:
        return bytes(midirenderer.render_wave_from(_soundfont_bytes(soundfont), midi))
    except (RuntimeError, ValueError) as error:
        raise _unusable(soundfont, "midirenderer", str(error)) from None
    except BaseException as error:
        # A fault inside the Rust code arrives as a PanicException, which derives from BaseException and has no public name.
        if type(error).__name__ != "PanicException":
            raise
        raise _unusable(soundfont, "midirenderer", str(error)) from None


def _soundfont_bytes(path: Path) -> bytes:
    facts = path.stat()
    return _bytes_at(path, facts.st_mtime_ns, facts.st_size)


@functools.lru_cache(maxsize=1)
def _bytes_at(path: Path, modified: int, size: int) -> bytes:
    return path.read_bytes()


def _render_fluidsynth(midi: bytes, soundfont: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "score.mid", Path(folder) / "score.wav"
        source.write_bytes(midi)
        command = ["fluidsynth", "-n", "-i", "-q", "-r", str(_FLUIDSYNTH_RATE), "-T", "wav", "-F", str(target)]
        try:
            done = subprocess.run(
                [*command, str(soundfont), str(source)], capture_output=True, timeout=_RENDER_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise _unusable(soundfont, "fluidsynth", f"it took longer than {_RENDER_TIMEOUT} s") from None
        if done.returncode != 0 or not target.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise _unusable(soundfont, "fluidsynth", said[-1] if said else f"exit status {done.returncode}")
        return target.read_bytes()


def _render_plain_tones(midi: bytes) -> tuple[Audio, int]:
    import pretty_midi

    midi_file = pretty_midi.PrettyMIDI(io.BytesIO(midi))
    # Its own normalising divides by zero where only drums play; it leaves velocities / (instruments * 32768) without.
    mono = midi_file.synthesize(fs=_PLAIN_RATE, normalize=False) * (len(midi_file.instruments) * 32768 / 127)
    mono *= min(_PLAIN_LEVEL, 0.9 / max(float(np.abs(mono).max(initial=0.0)), 1e-9))
    return np.stack([mono, mono]).astype(np.float32), _PLAIN_RATE


def _unusable(soundfont: Path, backend: str, reason: str) -> ValueError:
    return ValueError(
        f"{soundfont}: {backend} cannot make sound with this SoundFont ({reason}); "
        "choose another .sf2 file, or unset MUSEGEN_SOUNDFONT to use the one that comes with the course"
    )
