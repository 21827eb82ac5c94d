"""MIDI files: exact round trips, files from elsewhere, and bad input."""

import io
import itertools
import time
import warnings

import mido
import numpy as np
import pretty_midi
import pytest

from musegen_edu.midi import MidiWarning, midi_to_score, read_midi, score_to_midi, write_midi
from musegen_edu.midi.chunks import variable_length
from musegen_edu.score import DRUMS, NOTE_DTYPE, Score

NOTE = bytes([0, 0x90, 60, 64, 96, 0x80, 60, 0])  # a note of 96 file ticks
END = bytes([0, 0xFF, 0x2F, 0])


def chunk(kind, body):
    return kind + len(body).to_bytes(4, "big") + body


def midi_file(*tracks, file_type=1, division=96, n_tracks=None):
    header = (file_type, len(tracks) if n_tracks is None else n_tracks, division)
    return chunk(b"MThd", b"".join(n.to_bytes(2, "big") for n in header)) + b"".join(chunk(b"MTrk", t) for t in tracks)


def meta(delta, kind, *content):
    return variable_length(delta) + bytes([0xFF, kind, len(content), *content])


def tempo(delta, value):
    return meta(delta, 0x51, *value.to_bytes(3, "big"))


def rows(score):
    return score.notes[["onset", "duration", "pitch"]].tolist()


def melody(**fields):
    return Score.from_melody([67, 60, None, 64, 72], [12, 24, 8, 8, 96], velocity=93, **fields)


def random_score(rng, n_parts, n_notes=60):
    """Return a score in which no note lies inside another of its pitch and part."""
    notes = np.empty(n_notes, NOTE_DTYPE)
    notes["onset"] = rng.integers(0, 960, n_notes)
    notes["duration"] = 30 + notes["onset"] // 8  # later notes are longer, so the first to begin is the first to end
    notes["pitch"] = rng.integers(0, 128, n_notes)
    notes["velocity"] = rng.integers(1, 128, n_notes)
    notes["part"] = rng.integers(0, n_parts, n_notes)
    return Score(notes, programs=tuple(rng.integers(0, 129, n_parts).tolist()))


METERS = [(4, 4), (3, 4), (6, 8), (2, 2), (9, 8), (5, 4), (12, 16), (7, 32), (64, 1)]
KEYS = [
    None,
    "C major",
    "F# minor",
    "Cb major",
    "A# minor",
    "D dorian",
    "E phrygian",
    "F lydian",
    "Bb mixolydian",
    "B locrian",
]


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("pickup", [0, 1, 8, 12, 20])
def test_round_trip_of_meter_and_pickup(meter, pickup):
    score = melody(meter=meter, pickup=pickup)
    assert midi_to_score(score_to_midi(score)) == score


@pytest.mark.parametrize("pickup", range(96))
def test_round_trip_of_every_pickup(pickup):
    for score in (
        melody(pickup=pickup),
        melody(pickup=pickup, meter=(32, 32)),
        Score.from_melody([60], 1, pickup=pickup),
    ):
        assert midi_to_score(score_to_midi(score)) == score


@pytest.mark.parametrize("pickup", [1, 2])
def test_round_trip_of_a_pickup_in_the_shortest_meter(pickup):
    score = melody(meter=(1, 32), pickup=pickup)
    assert midi_to_score(score_to_midi(score)) == score


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("title", ["", "Ode", "月の光 – Σ ♭", "a\nb: c", "x" * 300])
def test_round_trip_of_key_and_title(key, title):
    score = melody(key=key, title=title)
    assert midi_to_score(score_to_midi(score)) == score


@pytest.mark.parametrize("bpm", [3.6, 59.94, 60, 72, 100 / 3, 119.999, 120, 123.456, 187.5, 1999.5, 2000])
def test_round_trip_of_tempo(bpm):
    assert midi_to_score(score_to_midi(melody(bpm=bpm))).bpm == bpm


@pytest.mark.parametrize("n_parts", [1, 2, 5, 16])
@pytest.mark.parametrize("seed", range(5))
def test_round_trip_of_random_notes(n_parts, seed):
    score = random_score(np.random.default_rng(seed), n_parts)
    with warnings.catch_warnings():  # sixteen random programs may hold no drums, and so need a second port
        warnings.simplefilter("ignore", MidiWarning)
        assert midi_to_score(score_to_midi(score)) == score


def test_parts_without_notes_keep_their_place_and_program():
    notes = [(0, 24, 60, 80, 1), (0, 24, 48, 70, 3), (24, 24, 36, 70, 4)]
    score = Score.from_notes(notes, programs=(40, 41, DRUMS, 42, DRUMS, 0))
    assert midi_to_score(score_to_midi(score)) == score


def test_every_choice_of_silent_parts():
    for sounding in itertools.product([False, True], repeat=4):
        notes = [(0, 24, 60 + part, 80, part) for part in range(4) if sounding[part]]
        if notes:
            score = Score.from_notes(notes, programs=(5, 6, 7, 8))
            assert midi_to_score(score_to_midi(score)) == score


def test_more_than_sixteen_parts_are_kept_and_the_limit_is_said():
    score = Score.from_notes([(0, 24, 40 + i, 80, i) for i in range(20)], programs=tuple(range(20)))
    with pytest.warns(MidiWarning, match="20 pitched parts"):
        data = score_to_midi(score)
    assert midi_to_score(data) == score
    with pytest.raises(ValueError, match="20 parts; a type 0 file has 16 channels"):
        score_to_midi(score, file_type=0)


def test_type_0_round_trip():
    notes = [(0, 24, 60, 80, 0), (0, 24, 48, 70, 1), (12, 24, 36, 70, 2)]
    score = Score.from_notes(notes, programs=(40, 7, DRUMS), title="One track", key="E minor", pickup=12)
    data = score_to_midi(score, file_type=0)
    assert data[8:12] == bytes([0, 0, 0, 1])
    assert midi_to_score(data) == score
    with pytest.warns(MidiWarning, match="1 part without notes"):
        score_to_midi(Score.from_melody([60], 24, programs=(0, 1)), file_type=0)
    with pytest.warns(MidiWarning, match="2 drum parts"):
        score_to_midi(Score.from_notes([(0, 1, 36, 80, 0), (0, 1, 38, 80, 1)], programs=(DRUMS, DRUMS)), file_type=0)
    with pytest.raises(ValueError, match="file_type=2"):
        score_to_midi(score, file_type=2)


def test_a_slow_tempo_is_kept_and_said():
    with pytest.warns(MidiWarning, match="bpm=2 is slower"):
        data = score_to_midi(melody(bpm=2))
    assert midi_to_score(data).bpm == 2


def test_overlapping_notes_of_one_pitch():
    staggered = Score.from_notes([(0, 48, 60), (24, 48, 60), (72, 12, 60), (72, 24, 60)])
    assert midi_to_score(score_to_midi(staggered)) == staggered
    nested = Score.from_notes([(0, 96, 60, 90), (24, 24, 60, 50)])
    with pytest.warns(MidiWarning, match="1 note inside a longer note"):
        data = score_to_midi(nested)
    assert rows(midi_to_score(data)) == [(0, 48, 60), (24, 72, 60)]


def test_other_readers_see_the_same_music():
    score = Score.from_notes(
        [(0, 24, 67, 91, 0), (24, 36, 70, 80, 0), (0, 96, 43, 60, 1), (48, 3, 38, 99, 2)],
        programs=(40, 32, DRUMS), meter=(6, 8), bpm=90, key="G minor", title="Witness", pickup=12,
    )  # fmt: skip
    data = score_to_midi(score)
    by_mido = mido.MidiFile(file=io.BytesIO(data))
    conductor = {message.type: message for message in by_mido.tracks[0]}
    assert by_mido.type == 1 and by_mido.ticks_per_beat == 480
    assert conductor["track_name"].name == "Witness" and conductor["key_signature"].key == "Gm"
    assert (conductor["time_signature"].numerator, conductor["time_signature"].denominator) == (6, 8)
    by_pretty_midi = pretty_midi.PrettyMIDI(io.BytesIO(data))
    assert by_pretty_midi.get_tempo_changes()[1].tolist() == pytest.approx([90])
    meters = [(s.numerator, s.denominator) for s in by_pretty_midi.time_signature_changes]
    assert meters == [(1, 8), (6, 8)]
    assert [(i.program, i.is_drum) for i in by_pretty_midi.instruments] == [(40, False), (32, False), (0, True)]
    seconds = [(n.start, n.end, n.pitch, n.velocity) for n in by_pretty_midi.instruments[0].notes]
    assert np.allclose(seconds, [(0, 2 / 3, 67, 91), (2 / 3, 5 / 3, 70, 80)])


@pytest.mark.parametrize(("name", "key"), [("Cb", "Cb major"), ("C#", "C# major"), ("Abm", "Ab minor"), ("A#m", "A# minor"),
                                           ("Gm", "G minor"), ("D", "D major"), ("C", "C major"), ("Am", "A minor")])  # fmt: skip
def test_key_signatures_written_by_mido(name, key):
    track = [mido.MetaMessage("key_signature", key=name), mido.Message("note_on", note=60, velocity=64)]
    track.append(mido.Message("note_off", note=60, time=100))
    stream = io.BytesIO()
    mido.MidiFile(tracks=[mido.MidiTrack(track)]).save(file=stream)
    assert midi_to_score(stream.getvalue()).key == key


def test_running_status_and_release_by_velocity_zero():
    track = bytes([0, 0x90, 60, 64, 96, 60, 0, 0, 62, 70, 48, 62, 0]) + END
    assert rows(midi_to_score(midi_file(track, file_type=0))) == [(0, 24, 60), (24, 12, 62)]


def test_ticks_are_rounded_and_no_note_vanishes():
    track = (
        bytes([1, 0x90, 60, 64, 0, 60, 0, 24, 62, 64, 71, 62, 0]) + END
    )  # 96 file ticks a quarter note, 4 a score tick
    assert rows(midi_to_score(midi_file(track))) == [(0, 1, 60), (6, 18, 62)]


def test_type_0_channels_become_parts():
    track = bytes([0, 0xC3, 40, 0, 0xC1, 30, 0, 0x93, 60, 64, 0, 0x91, 50, 64, 0, 0x99, 36, 64])
    track += bytes([96, 0x83, 60, 0, 0, 0x81, 50, 0, 0, 0x89, 36, 0]) + END
    score = midi_to_score(midi_file(track, file_type=0))
    assert score.programs == (30, 40, DRUMS)
    assert score.notes[["pitch", "part"]].tolist() == [(36, 2), (50, 0), (60, 1)]


def test_several_tempos():
    song = meta(0, 0x58, 4, 2, 24, 8) + tempo(0, 500_000) + tempo(900, 1_000_000)
    with pytest.warns(MidiWarning, match=r"song.mid has 2 tempos.*lasts longest, 120 bpm"):
        score = midi_to_score(midi_file(song + END, NOTE * 10 + END), name="song.mid")
    assert score.bpm == 120
    rubato = tempo(0, 500_000) + tempo(320, 600_000) + tempo(320, 700_000)
    with pytest.warns(MidiWarning, match="3 tempos.*their mean, 100 bpm"):
        score = midi_to_score(midi_file(rubato + END, NOTE * 10 + END))
    by_pretty_midi = pretty_midi.PrettyMIDI(io.BytesIO(midi_file(rubato + END, NOTE * 10 + END)))
    assert score.seconds == pytest.approx(by_pretty_midi.get_end_time(), rel=1e-3)


def test_several_meters():
    changes = meta(0, 0x58, 4, 2, 24, 8) + meta(384, 0x58, 3, 2, 24, 8)
    with pytest.warns(MidiWarning, match="changes its meter 1 time; .* 3/4"):
        score = midi_to_score(midi_file(changes + END, NOTE * 20 + END))
    assert score.meter == (3, 4)
    assert {96, 168} <= set(score.barlines().tolist())  # the barlines of the 3/4 part are where the file has them
    odd = meta(0, 0x58, 3, 7, 24, 8)
    with pytest.warns(MidiWarning, match="a meter that no score can have"):
        assert midi_to_score(midi_file(odd + NOTE + END)).meter == (4, 4)


def test_several_keys():
    changes = meta(0, 0x59, 255, 0) + meta(200, 0x59, 2, 1)
    with pytest.warns(MidiWarning, match="2 keys.*B minor"):
        assert midi_to_score(midi_file(changes + END, NOTE * 10 + END)).key == "B minor"
    with pytest.warns(MidiWarning, match="key signature that does not exist"):
        assert midi_to_score(midi_file(meta(0, 0x59, 100, 7) + NOTE + END)).key is None


@pytest.mark.parametrize("value", [0, 1, 29_999])
def test_absurd_tempo(value):
    with pytest.warns(MidiWarning, match=f"fast.mid has a tempo of {value} microseconds"):
        assert midi_to_score(midi_file(tempo(0, value) + NOTE + END), name="fast.mid").bpm == 120


def test_title_in_an_old_code_page():
    assert midi_to_score(midi_file(meta(0, 3, *b"Caf\xe9") + END, NOTE + END)).title == "Café"


def test_unknown_chunks_and_bytes_after_the_end_do_no_harm():
    data = midi_file(NOTE + END)
    data = data[:14] + chunk(b"XFIH", b"abc") + data[14:] + b"\0\0\0"
    assert rows(midi_to_score(data)) == [(0, 24, 60)]


def test_read_and_write_a_file(tmp_path):
    score = melody(title="File", key="D major")
    path = write_midi(score, tmp_path / "new folder" / "tune.mid")
    assert read_midi(path) == score and read_midi(str(path)) == score


BAD = {
    "empty": (b"", r"bad.mid is empty \(0 bytes\); export it again"),
    "text": (b"Dear diary, today I wrote a tune.", r"bad.mid is not a MIDI file: it begins with b'Dear'.*give a .mid file"),
    "RIFF": (b"RIFF\0\0\0\0RMID", "is not a MIDI file: it begins with b'RIFF'"),
    "half a header": (midi_file(NOTE)[:11], r"cut off inside its header \(11 bytes\)"),
    "long header": (b"MThd\0\0\0\x08" + bytes(20), "its header says 8 bytes and must say 6"),
    "cut track": (midi_file(NOTE * 9 + END)[:60], r"cut off: track 1 should have 76 bytes and 38 are there; export it"),
    "missing track": (midi_file(NOTE + END, n_tracks=3), "it has 1 of 3 tracks"),
    "no track": (midi_file(), "contains no notes: it has no track"),
    "no notes": (midi_file(tempo(0, 500_000) + END), "bad.mid contains no notes; choose a file with music in it"),
    "note never released": (midi_file(bytes([0, 0x90, 60, 64]) + END), "contains no notes"),
    "type 2": (midi_file(NOTE + END, file_type=2), "MIDI file of type 2; only types 0 and 1"),
    "SMPTE": (midi_file(NOTE + END, division=0xE728), "SMPTE film frames.*export it with ticks per quarter note"),
    "division 0": (midi_file(NOTE + END, division=0), "0 ticks a quarter note"),
    "no status": (midi_file(bytes([0, 60, 64, 96, 60, 0])), r"damaged inside a track \("),
    "bad velocity": (midi_file(bytes([0, 0x90, 60, 200, 96, 60, 0])), r"damaged inside a track \(.*velocity=200"),
    "endless delta": (midi_file(b"\xff\xff\xff\x7f".join([b"\0\x90\x3c\x40", *[b"\x90\x3c\x40", b"\x90\x3c\0"] * 8])),
                      "times reach beyond tick"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_files_say_what_is_wrong(case, tmp_path):
    data, message = BAD[case]
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        read_midi(path)
    assert str(path) in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.mid does not exist; check the folder"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(ValueError, match="is a folder; give the path of a MIDI file"):
        read_midi(tmp_path)


def test_random_bytes_and_damaged_files_never_fail_in_another_way():
    rng = np.random.default_rng(7)
    good = np.frombuffer(score_to_midi(random_score(rng, 3)), np.uint8)
    refusals = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MidiWarning)
        for trial in range(1500):
            data = good.copy()
            if trial % 3 == 0:
                data = data[: rng.integers(0, len(data))]
            elif trial % 3 == 1:
                data[rng.integers(0, len(data), 8)] = rng.integers(0, 256, 8)
            else:
                data[22:] = rng.integers(0, 256, len(data) - 22)
            try:
                midi_to_score(data.tobytes(), name="noise.mid")
            except ValueError as error:
                refusals.append(str(error))
    assert len(refusals) > 1000
    assert all("noise.mid" in message for message in refusals)


@pytest.mark.slow
def test_a_million_notes():
    n = 1_000_000
    notes = np.zeros(n, NOTE_DTYPE)
    notes["onset"], notes["duration"] = np.arange(n), 1
    notes["pitch"], notes["velocity"] = np.arange(n) % 128, 64
    score = Score(notes)
    start = time.process_time()
    data = score_to_midi(score)
    written = time.process_time()
    again = midi_to_score(data)
    read = time.process_time()
    assert again == score
    assert written - start < 60 and read - written < 10  # measured: some 4 and 0.5 s
