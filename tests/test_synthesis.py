"""Scores rendered to sound: in tune, in time, in balance, on every backend, with and without a cache."""

import stat
import subprocess
import sys
from typing import cast

import numpy as np
import pytest

import musegen_edu.soundfont
import musegen_edu.synthesis
from musegen_edu.audio import read_wav, write_wav
from musegen_edu.performance import events_to_midi, most_notes_at_once, score_to_channel_groups
from musegen_edu.score import DRUMS, Score, stack
from musegen_edu.synthesis import measure_pitch, score_to_audio, soundfont_path, synthesis_backend

SAMPLE_RATE = 44100


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MUSEGEN_SOUNDFONT", raising=False)


def melody(*pitches, duration=24, **fields):
    return Score.from_melody(pitches, duration, **fields)


def level(audio, start, stop):
    """Root mean square between two times in seconds."""
    return float(np.sqrt(np.mean(audio[:, round(start * SAMPLE_RATE) : round(stop * SAMPLE_RATE)] ** 2)))


def test_a_render_is_stereo_normalised_and_keeps_its_tail():
    score = melody(60, 64, 67, 72)  # two seconds
    audio = score_to_audio(score)
    assert audio.dtype == np.float32
    assert audio.shape[0] == 2
    assert abs(np.abs(audio).max() - 0.89) < 1e-4
    assert 2.05 * SAMPLE_RATE < audio.shape[1] < 10 * SAMPLE_RATE
    assert level(audio, 2.0, 2.05) > 0.001
    assert np.abs(audio[:, -1]).max() < 0.001


@pytest.mark.parametrize(("program", "pitch"), [(0, 69), (73, 81), (40, 57), (71, 50)])
def test_instruments_are_in_tune(program, pitch):
    audio = score_to_audio(melody(pitch, duration=48, programs=(program,)))
    assert abs(1200 * np.log2(measure_pitch(audio, SAMPLE_RATE) / (440 * 2 ** ((pitch - 69) / 12)))) < 10


def test_notes_come_at_their_times():
    score = Score.from_notes([(48, 12, 76), (120, 12, 76)], bpm=90)  # at 1.333 s and 3.333 s
    audio = np.abs(score_to_audio(score)).max(axis=0)
    onsets = [int(np.argmax(audio[start:] > 0.1)) + start for start in (0, 3 * SAMPLE_RATE)]
    assert np.abs(np.array(onsets) / SAMPLE_RATE - [48 / 36, 120 / 36]).max() < 0.02


def test_the_sample_rate_changes_neither_pitch_nor_length():
    score = melody(69, duration=48, programs=(71,))
    lengths = []
    for sample_rate in (22050, 44100, 48000):
        audio = score_to_audio(score, sample_rate=sample_rate)
        assert abs(measure_pitch(audio, sample_rate) - 440) < 2
        lengths.append(audio.shape[1] / sample_rate)
    assert max(lengths) - min(lengths) < 0.1


def test_a_wav_file_holds_a_render_exactly(tmp_path):
    audio = score_to_audio(melody(60, 62))
    back, sample_rate = read_wav(write_wav(audio, tmp_path / "a.wav", SAMPLE_RATE))
    assert sample_rate == SAMPLE_RATE
    assert np.array_equal(back, audio)


def test_an_empty_score_is_half_a_second_of_silence():
    audio = score_to_audio(Score(programs=(0, DRUMS)))
    assert audio.shape == (2, SAMPLE_RATE // 2)
    assert not audio.any()


def test_drums_sound_and_are_no_piano():
    kick = [(beat * 24, 6, 36) for beat in range(4)]
    drums = score_to_audio(Score.from_notes(kick, programs=(DRUMS,)))
    piano = score_to_audio(Score.from_notes(kick))
    assert level(drums, 0, 0.2) > 0.01
    length = min(drums.shape[1], piano.shape[1])
    assert np.abs(drums[:, :length] - piano[:, :length]).max() > 0.3


@pytest.mark.parametrize("n_parts", [2, 16, 40])
def test_each_of_many_parts_is_heard(n_parts):
    """One part after another, every one an organ: no part may be lost, or changed by another part's program."""
    notes = [(24 * part, 20, 60, 90, part) for part in range(n_parts)]
    programs = (19,) * n_parts
    audio = score_to_audio(Score.from_notes(notes, programs=programs, bpm=240))
    levels = [level(audio, 0.25 * part + 0.05, 0.25 * part + 0.2) for part in range(n_parts)]
    assert min(levels) > 0.7 * max(levels)


def test_parts_of_different_instruments_do_not_share_a_channel():
    score = stack([melody(60 + part, programs=(part,)) for part in range(20)])
    groups = list(score_to_channel_groups(score))
    programs = [message[1] for events in groups for _, _, message in events if message[0] >> 4 == 0xC]
    assert sorted(programs) == list(range(20))
    for events in groups:
        channels = [message[0] & 15 for _, _, message in events if message[0] >> 4 == 0xC]
        assert len(channels) == len(set(channels))
        assert 9 not in channels


def test_a_pitch_struck_again_sounds_as_long_as_either_note():
    score = Score.from_notes([(0, 96, 60), (24, 24, 60), (48, 12, 64)], bpm=60)
    [events] = score_to_channel_groups(score)
    of_c = sorted((tick, message[0] >> 4) for tick, _, message in events if message[1:2] == b"\x3c")
    assert of_c == [(0, 9), (4000, 8), (4000, 9), (16000, 8)]


def test_many_loud_notes_are_turned_down_and_not_cut_off():
    """A chord of sixty loud notes looks like a softer render of itself: no flat tops."""
    notes = [(0, 48, 30 + pitch, 127, part) for part in range(3) for pitch in range(0, 60, 3)]
    audio = score_to_audio(Score.from_notes(notes, programs=(0, 48, 61)))
    at_top = np.abs(audio) > 0.88
    assert 0 < at_top.sum() < 50
    assert most_notes_at_once(Score.from_notes(notes, programs=(0, 1, 2))) == 60


def test_louder_velocities_are_louder():
    audio = score_to_audio(Score.from_notes([(0, 12, 69, 120), (96, 12, 69, 40)]))
    assert level(audio, 0, 0.3) > 3 * level(audio, 2, 2.3) > 0


def test_what_cannot_be_rendered_is_refused():
    with pytest.raises(ValueError, match=r"lasts 40 minutes.*slice_bars"):
        score_to_audio(melody(60, duration=24 * 4800))
    for sample_rate in cast("list[int]", [0, 44100.5, True, 10**6]):
        with pytest.raises(ValueError, match="sample_rate="):
            score_to_audio(melody(60), sample_rate=sample_rate)


# ---- the SoundFont ----


def test_the_soundfont_of_the_wheel_is_found_without_importing_it():
    code = "import sys, musegen_edu.soundfont as s; print(s.soundfont_path().name, 'pretty_midi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["TimGM6mb.sf2", "False"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "no such SoundFont"),
        (b"", "not a SoundFont"),
        (b"RIFF\x10\x00\x00\x00WAVE" + bytes(100), "not a SoundFont"),
        ("cut", "cut off"),
    ],
)
def test_a_bad_soundfont_is_named_with_its_cure(tmp_path, monkeypatch, content, fault):
    path = tmp_path / "mine.sf2"
    if content is not None:
        path.write_bytes(soundfont_path().read_bytes()[:100_000] if content == "cut" else content)
    monkeypatch.setenv("MUSEGEN_SOUNDFONT", str(path))
    with pytest.raises(ValueError, match=rf"mine\.sf2: .*{fault}.*MUSEGEN_SOUNDFONT"):
        score_to_audio(melody(60))


def test_a_soundfont_damaged_inside_is_named(tmp_path):
    content = bytearray(soundfont_path().read_bytes())
    at = content.index(b"phdr")
    content[at : at + 20000] = b"\xff" * 20000
    path = tmp_path / "damaged.sf2"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged\.sf2: .* cannot make sound"):
        score_to_audio(melody(60), soundfont=path)


def test_another_soundfont_is_used(tmp_path, monkeypatch):
    """A copy with every sample reversed in time sounds different."""
    content = bytearray(soundfont_path().read_bytes())
    at = content.index(b"smpl")
    size = int.from_bytes(content[at + 4 : at + 8], "little")
    samples = np.frombuffer(bytes(content[at + 8 : at + 8 + size]), "<i2")
    content[at + 8 : at + 8 + size] = samples[::-1].tobytes()
    (tmp_path / "reversed.sf2").write_bytes(content)
    usual = score_to_audio(melody(60))
    monkeypatch.setenv("MUSEGEN_SOUNDFONT", str(tmp_path / "reversed.sf2"))
    other = score_to_audio(melody(60))
    length = min(usual.shape[1], other.shape[1])
    assert np.abs(usual[:, :length] - other[:, :length]).max() > 0.3


# ---- the backends ----


def without_midirenderer(monkeypatch, folder_on_path):
    monkeypatch.setitem(sys.modules, "midirenderer", None)  # makes `import midirenderer` fail
    monkeypatch.setenv("PATH", str(folder_on_path))


def test_without_a_synthesiser_plain_tones_are_in_tune(tmp_path, monkeypatch):
    without_midirenderer(monkeypatch, tmp_path)
    assert synthesis_backend() == "plain tones"
    audio = score_to_audio(melody(69, duration=48, programs=(73,)))
    assert audio.shape[0] == 2
    assert abs(np.abs(audio).max() - 0.89) < 1e-4
    assert abs(measure_pitch(audio, SAMPLE_RATE) - 440) < 1
    drums = Score.from_notes([(0, 24, 36)], programs=(DRUMS,))
    assert score_to_audio(drums).shape == (2, SAMPLE_RATE // 2)
    assert not score_to_audio(drums).any()


FAKE_FLUIDSYNTH = """#!{python}
import sys, wave
target = sys.argv[sys.argv.index("-F") + 1]
soundfont, midi = sys.argv[-2:]
assert open(soundfont, "rb").read(4) == b"RIFF" and open(midi, "rb").read(4) == b"MThd"
if {fails}:
    sys.exit("fluidsynth: error: out of luck")
with wave.open(target, "wb") as out:
    out.setnchannels(2); out.setsampwidth(2); out.setframerate(int(sys.argv[sys.argv.index("-r") + 1]))
    out.writeframes(b"".join(bytes([0, 64 if n // 50 % 2 else 192]) * 2 for n in range(44100)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in program is a script with a #! line")
@pytest.mark.parametrize("fails", [False, True])
def test_fluidsynth_is_used_where_midirenderer_is_missing(tmp_path, monkeypatch, fails):
    program = tmp_path / "bin" / "fluidsynth"
    program.parent.mkdir()
    program.write_text(FAKE_FLUIDSYNTH.format(python=sys.executable, fails=fails))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    without_midirenderer(monkeypatch, program.parent)
    assert synthesis_backend() == "fluidsynth"
    if fails:
        with pytest.raises(ValueError, match=r"fluidsynth cannot make sound .*out of luck"):
            score_to_audio(melody(60))
    else:
        audio = score_to_audio(melody(60))
        assert abs(measure_pitch(audio, SAMPLE_RATE) - 441) < 1  # the stand-in's square wave: 100 samples a period


class PanicException(BaseException):
    """What a fault inside a Rust module looks like from Python."""


@pytest.mark.parametrize("error", [PanicException("index out of bounds"), RuntimeError("bad zone")])
def test_a_fault_inside_the_renderer_becomes_a_message(monkeypatch, error):
    import midirenderer

    def fail(soundfont, midi):
        raise error

    monkeypatch.setattr(midirenderer, "render_wave_from", fail)
    with pytest.raises(ValueError, match=r"TimGM6mb\.sf2: midirenderer cannot .*(out of bounds|bad zone)"):
        score_to_audio(melody(60))


def test_ctrl_c_inside_the_renderer_is_not_swallowed(monkeypatch):
    import midirenderer

    def interrupt(soundfont, midi):
        raise KeyboardInterrupt

    monkeypatch.setattr(midirenderer, "render_wave_from", interrupt)
    with pytest.raises(KeyboardInterrupt):
        score_to_audio(melody(60))


# ---- the cache ----


def renders(tmp_path):
    return sorted((tmp_path / "cache" / "renders").glob("*"))


def count_renders(monkeypatch):
    calls = []
    real = musegen_edu.soundfont.midi_to_audio

    def counted(*args):
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(musegen_edu.synthesis, "midi_to_audio", counted)
    return calls


def test_a_render_is_made_once_and_read_back_exactly(tmp_path, monkeypatch):
    calls = count_renders(monkeypatch)
    first = score_to_audio(melody(60, 64))
    again = score_to_audio(melody(60, 64))
    assert len(calls) == 1
    assert np.array_equal(first, again)
    assert len(renders(tmp_path)) == 1
    for other in (melody(60, 65), melody(60, 64, bpm=121), melody(60, 64, programs=(1,))):
        score_to_audio(other)
    score_to_audio(melody(60, 64), sample_rate=22050)
    assert len(calls) == len(renders(tmp_path)) == 5
    score_to_audio(melody(60, 64, title="the title makes no sound"))
    assert len(calls) == 5


def test_without_the_cache_nothing_is_kept(tmp_path, monkeypatch):
    calls = count_renders(monkeypatch)
    once, twice = (score_to_audio(melody(60), cache=False) for _ in range(2))
    assert len(calls) == 2
    assert np.array_equal(once, twice)
    assert renders(tmp_path) == []


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-100], lambda data: data[:500] + b"!" + data[501:]]
)
def test_a_damaged_render_is_made_again(tmp_path, monkeypatch, damage):
    first = score_to_audio(melody(60))
    [path] = renders(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    calls = count_renders(monkeypatch)
    assert np.array_equal(score_to_audio(melody(60)), first)
    assert len(calls) == 1
    assert path.read_bytes() == whole


def test_two_kernels_may_render_the_same_score_at_once(tmp_path):
    code = (
        "import hashlib, sys; from musegen_edu.score import Score; from musegen_edu.synthesis import score_to_audio, note_pack\n"
        "sys.stdin.readline()\n"
        "audio = score_to_audio(Score.from_melody(list(range(60, 72)), 24))\n"
        "pack = note_pack(13)\n"
        "print(hashlib.sha256(audio.tobytes() + b''.join(pack.mp3.values())).hexdigest())"
    )
    kernels = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for kernel in kernels:
        assert kernel.stdin is not None
        kernel.stdin.write("go\n")
        kernel.stdin.flush()
    answers = [kernel.communicate(timeout=300)[0].strip() for kernel in kernels]
    assert [kernel.returncode for kernel in kernels] == [0, 0]
    assert len(answers[0]) == 64
    assert answers[0] == answers[1]
    assert len(renders(tmp_path)) == 1  # no temporary file is left
    assert len(list((tmp_path / "cache" / "note_packs").glob("*"))) == 1


def test_the_track_ends_when_it_should():
    midi = events_to_midi([(0, 1, b"\x90\x3c\x40")], 2.0, 100)
    assert midi.endswith(b"\xbe\x40\xff\x2f\x00")  # 8000 ticks of 1/4000 s, then end of track
