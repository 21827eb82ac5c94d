"""Note packs: small, in tune, prompt, the same every time, and safe from a bad cache."""

import io
import sys
from typing import cast

import numpy as np
import pytest
import soundfile

import musegen_edu.caching
import musegen_edu.note_packs
from musegen_edu.caching import read_cached, write_cached
from musegen_edu.note_packs import DRUM_PITCHES, PITCHES, note_pack
from musegen_edu.score import DRUMS
from musegen_edu.synthesis import measure_pitch

MARIMBA = 12  # its notes are short, so its pack renders quickly


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MUSEGEN_SOUNDFONT", raising=False)
    forget()
    yield tmp_path / "cache"
    forget()


def forget():
    """As if the kernel had just started."""
    musegen_edu.note_packs._note_pack.cache_clear()


def decoded(pack, pitch):
    samples, sample_rate = soundfile.read(io.BytesIO(pack.mp3[pitch]))
    assert sample_rate == pack.sample_rate
    return samples


@pytest.mark.parametrize("program", [0, 73])
def test_a_pack_is_small_prompt_and_in_tune(program):
    pack = note_pack(program)
    assert pack.program == program
    assert pack.pitches == PITCHES == tuple(pack.mp3)
    assert sum(len(data) for data in pack.mp3.values()) < 600_000
    for pitch in (57, 69, 81):
        samples = decoded(pack, pitch)
        assert samples.ndim == 1
        assert 1.0 < len(samples) / pack.sample_rate <= 3.0
        measured = measure_pitch(samples, pack.sample_rate)
        assert abs(1200 * np.log2(measured / (440 * 2 ** ((pitch - 69) / 12)))) < 15, pitch
    for pitch in pack.pitches:
        samples = np.abs(decoded(pack, pitch))
        assert 0.05 < samples.max() < 1.0
        assert samples[-20:].max() < 0.02  # it ends without a click
        assert np.argmax(samples > 0.004 * samples.max()) / pack.sample_rate < 0.010


def test_a_struck_instrument_sounds_within_10_ms():
    pack = note_pack(0)
    for pitch in pack.pitches:
        samples = np.abs(decoded(pack, pitch))
        half_period = 0.5 / (440 * 2 ** ((pitch - 69) / 12))  # seconds: 18 ms for the lowest A
        assert np.argmax(samples > 0.1 * samples.max()) / pack.sample_rate < max(0.010, half_period), pitch


def test_the_drum_pack_holds_the_general_midi_percussion():
    pack = note_pack(DRUMS)
    assert pack.pitches == DRUM_PITCHES == tuple(range(35, 82))
    assert sum(len(data) for data in pack.mp3.values()) < 400_000
    assert max(len(decoded(pack, pitch)) for pitch in (36, 38, 49)) <= 2 * pack.sample_rate
    kick, snare = decoded(pack, 36), decoded(pack, 38)
    centre = [np.average(np.arange(n.size // 2 + 1) / n.size, weights=np.abs(np.fft.rfft(n))) for n in (kick, snare)]
    assert centre[0] < 0.8 * centre[1]  # a bass drum is darker than a snare


def test_every_general_midi_program_can_be_asked_for_and_nothing_else():
    for program in cast("list[int]", [-1, 129, 1.5, True]):
        with pytest.raises(ValueError, match="program="):
            note_pack(program)
    assert note_pack(127).pitches


def test_a_pack_is_rendered_once_and_always_the_same(own_cache, monkeypatch):
    first = note_pack(MARIMBA)
    [path] = (own_cache / "note_packs").iterdir()
    kept = path.read_bytes()
    forget()
    monkeypatch.setattr(musegen_edu.note_packs, "_render_pack", None)  # calling it would fail
    assert note_pack(MARIMBA) == first
    assert note_pack(MARIMBA) is note_pack(MARIMBA)
    monkeypatch.undo()
    monkeypatch.setenv("MUSEGEN_CACHE", str(own_cache))
    path.unlink()
    forget()
    assert note_pack(MARIMBA) == first
    assert path.read_bytes() == kept


@pytest.mark.parametrize("damage", ["emptied", "cut", "one bit", "replaced"])
def test_a_damaged_pack_is_rendered_again(own_cache, damage):
    first = note_pack(MARIMBA)
    [path] = (own_cache / "note_packs").iterdir()
    kept = path.read_bytes()
    flipped = bytearray(kept)
    flipped[len(kept) // 2] ^= 1
    path.write_bytes(
        {"emptied": b"", "cut": kept[:-1], "one bit": bytes(flipped), "replaced": b"PK" + bytes(500)}[damage]
    )
    forget()
    assert note_pack(MARIMBA) == first
    assert path.read_bytes() == kept


def test_a_cache_that_cannot_be_made_is_a_warning_and_the_pack_still_comes(tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("not a folder")
    monkeypatch.setenv("MUSEGEN_CACHE", str(tmp_path / "a file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.warns(UserWarning, match="MUSEGEN_CACHE"):
        assert note_pack(MARIMBA).pitches == PITCHES


def test_a_full_disk_is_a_warning_and_the_pack_still_comes(own_cache, monkeypatch):
    def no_space(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(musegen_edu.caching, "write_atomically", no_space)
    with pytest.warns(UserWarning, match=r"note_packs.* could not be written \(No space left on device\)"):
        pack = note_pack(MARIMBA)
    assert pack.pitches == PITCHES
    assert note_pack(MARIMBA) is pack  # from memory, without another warning


def test_another_soundfont_gets_a_pack_of_its_own(own_cache, tmp_path):
    from musegen_edu.soundfont import soundfont_path

    content = bytearray(soundfont_path().read_bytes())
    at = content.index(b"smpl") + 8
    content[at : at + 4_000_000] = content[at + 1_000_000 : at + 5_000_000]
    (tmp_path / "mine.sf2").write_bytes(content)
    usual, mine = note_pack(MARIMBA), note_pack(MARIMBA, soundfont=tmp_path / "mine.sf2")
    assert usual.mp3 != mine.mp3
    assert len(list((own_cache / "note_packs").iterdir())) == 2


def test_plain_tones_make_packs_too(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "midirenderer", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    pack = note_pack(0)
    assert pack.pitches == PITCHES
    assert abs(measure_pitch(decoded(pack, 69), pack.sample_rate) - 440) < 1
    assert note_pack(DRUMS).pitches == ()  # sine waves cannot play drums


def test_the_cache_forgets_what_was_used_least_recently(own_cache):
    import os

    for age, key in ((300, "old"), (100, "young"), (200, "middle")):
        write_cached("examples", key, bytes(1000))
        path = own_cache / "examples" / key
        os.utime(path, (path.stat().st_atime - age, path.stat().st_mtime - age))
    assert read_cached("examples", "old") == bytes(1000)  # used just now
    write_cached("examples", "new", bytes(1000), max_folder_bytes=2200)
    assert sorted(path.name for path in (own_cache / "examples").iterdir()) == ["new", "old"]
    write_cached("examples", "huge", bytes(5000), max_folder_bytes=2200)
    assert [path.name for path in (own_cache / "examples").iterdir()] == ["huge"]
