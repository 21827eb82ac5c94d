"""Audio in and out: exact WAV, playable MP3, and recordings whose faults are named."""

import io

import numpy as np
import pytest
import soundfile

from musegen_edu.audio import audio_to_mp3, audio_to_wav, read_wav, write_wav
from musegen_edu.pitch import measure_pitch


def tone(hertz=440.0, seconds=1.0, sample_rate=44100, overtones=1):
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    return sum(0.4 / k * np.sin(2 * np.pi * hertz * k * times + k) for k in range(1, overtones + 1))


def test_wav_round_trip_is_exact_for_16_bit_values(tmp_path):
    steps = np.random.default_rng(0).integers(-32768, 32768, (2, 5000))
    audio = (steps / 32768).astype(np.float32)
    back, sample_rate = read_wav(write_wav(audio, tmp_path / "noise.wav", 22050))
    assert sample_rate == 22050
    assert back.dtype == np.float32
    assert np.array_equal(back, audio)


def test_wav_rounds_other_values_to_the_nearest_step(tmp_path):
    audio = np.random.default_rng(1).uniform(-0.99, 0.99, 5000)
    back, _ = read_wav(write_wav(audio, tmp_path / "noise.wav", 44100))
    assert back.shape == (1, 5000)
    assert np.abs(back[0] - audio).max() <= 1 / 65536 + 1e-7


def test_mp3_decodes_to_the_same_sound_at_the_same_time():
    audio = np.concatenate([np.zeros(2000), tone(seconds=0.5)])
    decoded, sample_rate = soundfile.read(io.BytesIO(audio_to_mp3(audio, 44100)))
    assert (len(decoded), sample_rate) == (len(audio), 44100)
    assert np.sqrt(np.mean((decoded - audio) ** 2)) < 0.02
    assert abs(int(np.argmax(np.abs(decoded) > 0.1)) - int(np.argmax(np.abs(audio) > 0.1))) < 44  # 1 ms


@pytest.mark.parametrize(
    ("audio", "sample_rate", "words"),
    [
        (np.zeros((3, 10)), 44100, "shape"),
        (np.zeros((2, 2, 10)), 44100, "shape"),
        (np.array([0.0, np.nan]), 44100, "NaN"),
        (np.array([0.0, 1.5]), 44100, "reaches 1.5"),
        (np.zeros(10), 0, "sample_rate=0"),
        (np.zeros(10), 44100.5, "sample_rate=44100.5"),
    ],
)
def test_encoding_refuses_what_is_no_audio(audio, sample_rate, words):
    with pytest.raises(ValueError, match=words):
        audio_to_wav(audio, sample_rate)


def test_mp3_refuses_a_sample_rate_it_does_not_know():
    with pytest.raises(ValueError, match="sample_rate=96000"):
        audio_to_mp3(np.zeros(100), 96000)
    with pytest.raises(ValueError, match="compression=2"):
        audio_to_mp3(np.zeros(100), 44100, compression=2)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = write_wav(tone(), tmp_path / "a.wav", 44100)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="NaN"):
        write_wav([np.nan], path, 44100)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


def bad_file(name):
    good = audio_to_wav(tone(), 44100)
    stream = io.BytesIO()
    if name == "nan":
        soundfile.write(stream, np.array([0.0, 0.1, np.nan, np.inf]), 4, format="WAV", subtype="FLOAT")
    elif name == "8 channels":
        soundfile.write(stream, np.zeros((100, 8)), 44100, format="WAV")
    elif name == "too long":
        soundfile.write(stream, np.zeros(3700 * 8), 8, format="WAV", subtype="PCM_U8")
    return {
        "0 bytes": b"",
        "0 samples": audio_to_wav(np.zeros(0), 44100),
        "text": b"Dear diary, today I recorded nothing.\n" * 50,
        "cut in the sound": good[: len(good) // 2],
        "cut in the header": good[:20],
        "cut before the sound": good[:36],
        "cut after RIFF": good[:12],
        "random": np.random.default_rng(3).bytes(5000),
        "MIDI": b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0",
    }.get(name, stream.getvalue())


@pytest.mark.parametrize(
    ("name", "fault", "cure"),
    [
        ("0 bytes", "empty", "record or export"),
        ("0 samples", "no sound", "record or export"),
        ("nan", "2 of 4 samples are NaN or infinite, the first at 0.500 s", "export"),
        ("8 channels", "8 channels", "mix it down"),
        ("too long", "lasts 62 minutes", "cut it to 60"),
        ("text", "not a recording", "export it as WAV"),
        ("cut in the sound", "cut off", "again"),
        ("cut in the header", "cut off", "again"),
        ("cut before the sound", "cut off", "again"),
        ("cut after RIFF", "cut off", "again"),
        ("random", "not a recording", "export it as WAV"),
        ("MIDI", "not a recording", "export it as WAV"),
    ],
)
def test_a_bad_recording_is_named_with_its_fault_and_cure(tmp_path, name, fault, cure):
    path = tmp_path / "take 1.wav"
    path.write_bytes(bad_file(name))
    with pytest.raises(ValueError, match=r"take 1\.wav") as caught:
        read_wav(path)
    assert fault in str(caught.value)
    assert cure in str(caught.value)


def test_a_missing_recording_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(ValueError, match="no such file"):
            read_wav(path)


def test_a_wav_written_to_a_pipe_is_read(tmp_path):
    wav = bytearray(audio_to_wav(tone(seconds=0.1), 44100))
    at = wav.index(b"data") + 4
    wav[at : at + 4] = b"\xff\xff\xff\xff"  # what ffmpeg writes when it cannot go back to fill in the size
    path = tmp_path / "pipe.wav"
    path.write_bytes(wav)
    assert read_wav(path)[0].shape == (1, 4410)


@pytest.mark.parametrize("sample_rate", [11025, 22050, 44100, 48000])
def test_pitch_of_every_piano_key_is_right_to_two_cents(sample_rate):
    for key in range(21, 109, 3):
        hertz = 440 * 2 ** ((key - 69) / 12)
        if hertz > 0.4 * sample_rate:
            continue
        overtones = max(1, min(5, int(0.45 * sample_rate / hertz)))
        measured = measure_pitch(tone(hertz, 0.5, sample_rate, overtones), sample_rate)
        assert abs(1200 * np.log2(measured / hertz)) < 2, (key, hertz, measured)


def test_pitch_survives_noise_a_weak_fundamental_and_a_short_note():
    rng = np.random.default_rng(5)
    noisy = tone(overtones=4) + rng.normal(0, 0.02, 44100)
    weak = tone(220, overtones=6) - 0.95 * tone(220)
    short = np.concatenate([np.zeros(44100), tone(330, 0.25, overtones=3), np.zeros(44100)])
    for audio, hertz in ((noisy, 440), (weak, 220), (short, 330)):
        assert abs(1200 * np.log2(measure_pitch(audio, 44100) / hertz)) < 5


@pytest.mark.parametrize(
    ("audio", "sample_rate", "words"),
    [
        (np.zeros(44100), 44100, "silent"),
        (tone(seconds=0.1), 44100, "0.100 s"),
        (np.random.default_rng(0).normal(size=44100), 44100, "no clear pitch"),
        (tone(), 8000, "sample_rate=8000"),
        (np.zeros((8, 44100)), 44100, "shape"),
    ],
)
def test_what_has_no_pitch_is_refused(audio, sample_rate, words):
    with pytest.raises(ValueError, match=words):
        measure_pitch(audio, sample_rate)
