"""Codecs: exact round trips, and every line of tokens is playable."""

import json
from typing import Any

import numpy as np
import pytest

from musegen_edu.keys import MODES
from musegen_edu.score import Score
from musegen_edu.tokens import (
    END,
    PAD,
    START,
    EventCodec,
    MelodyCodec,
    Vocabulary,
    codec_from_dict,
    score_to_tokens,
    tokens_to_score,
)

REEL = Score.from_melody(
    [67, 69, 71, 74, 71, 69, 67, 64, 62, 67, 67], [12, 12, 12, 12, 24, 12, 12, 24, 24, 24, 24], key="G major"
)
JIG = Score.from_melody([67, 72, 74, 76, 72, 67, 76, 79, 76, 72], [12, 24, 12] + [12] * 6 + [36], meter=(6, 8), key="C major", pickup=12)  # fmt: skip
TRIPLETS = Score.from_melody([62, 64, 66, 69, 66, 62], [8, 8, 8, 24, 24, 24], meter=(3, 4), key="D mixolydian")
TIED = Score.from_melody([69, 71, 72, 76, None, 74, 69], [48, 24, 72, 36, 60, 150, 42], key="A minor", pickup=48)
RESTS = Score.from_notes([(24, 24, 60), (250, 12, 62), (400, 5, 64)], meter=(2, 4), key="C dorian")
TUNES = [REEL, JIG, TRIPLETS, TIED, RESTS]


def random_tune(rng: np.random.Generator) -> Score:
    meter = [(4, 4), (3, 4), (2, 4), (6, 8), (9, 8), (5, 8), (3, 2)][rng.integers(7)]
    length = int(rng.integers(1, 60))
    pitches = [None if rng.random() < 0.15 else int(rng.integers(50, 90)) for _ in range(length)]
    durations = [int(d) for d in rng.choice([3, 4, 6, 8, 9, 12, 16, 18, 24, 36, 48, 60, 96, 130], length)]
    key = f"{['C', 'D', 'F', 'G', 'A', 'Bb'][rng.integers(6)]} {['major', 'minor', 'dorian'][rng.integers(3)]}"
    bar = 96 * meter[0] // meter[1]
    return Score.from_melody(pitches, durations, meter=meter, key=key, pickup=int(rng.integers(0, bar // 6)) * 6)


def test_vocabulary_is_sorted_whatever_the_order():
    symbols = ["100:6", "67:12", "67:6", "|2", "|10", "r:6"]
    forward, backward = Vocabulary(tuple(symbols)), Vocabulary(tuple(reversed(symbols)) * 2)
    assert forward == backward
    assert forward.symbols[:3] == ("<pad>", "<start>", "<end>")
    assert forward.tokens(["<pad>", "<start>", "<end>"]).tolist() == [PAD, START, END]
    assert forward.symbols[3:] == ("67:6", "67:12", "100:6", "r:6", "|2", "|10")


def test_vocabulary_names_what_it_does_not_know():
    vocabulary = Vocabulary(("60", "62"))
    with pytest.raises(ValueError, match="'61' is not in the vocabulary"):
        vocabulary.tokens(["60", "61"])
    for token in (-1, 5):
        with pytest.raises(ValueError, match=f"holds {token}; .* 0 to 4"):
            vocabulary.words([token])


@pytest.mark.parametrize("tune", TUNES, ids=["reel", "jig", "triplets", "tied", "rests"])
def test_event_codec_round_trip(tune):
    codec = EventCodec.fit(TUNES)
    tokens = score_to_tokens(tune, codec)
    assert tokens.dtype == np.int32
    assert tokens_to_score(tokens, codec, key=tune.key) == tune


def test_event_codec_round_trip_of_random_tunes():
    rng = np.random.default_rng(0)
    tunes = [random_tune(rng) for _ in range(200)]
    codec = EventCodec.fit(tunes)
    for tune in tunes:
        again = codec.decode(codec.encode(tune), key=tune.key)
        if len(tune):
            assert again == tune
        else:
            assert len(again) == 0


def test_event_codec_bars_add_up_and_count_down():
    codec = EventCodec.fit(TUNES)
    words = codec.vocabulary.words(codec.encode(TIED))
    assert words[:3] == ["<start>", "meter:4/4", "mode:minor"]
    full_bars = [0]
    for word in words[3:-1]:
        if word.startswith("|"):
            full_bars.append(0)
        else:
            full_bars[-1] += int(word.split(":")[1])
    assert full_bars[0] == 48 and set(full_bars[1:-1]) == {96}
    numbers = [int(word[1:]) for word in words if word.startswith("|")]
    assert numbers == list(range(len(full_bars) - 1, 0, -1))
    assert words[words.index("~:54") - 1].startswith("|")  # the note of 150 ticks is tied over a bar line


def test_event_codec_reads_every_key_as_c():
    codec = EventCodec.fit([REEL])
    for semitones in range(-7, 5):
        moved = REEL.transpose(semitones)
        tokens = codec.encode(moved) if 60 <= 67 + semitones <= 71 else None
        if tokens is not None:
            np.testing.assert_array_equal(tokens, codec.encode(REEL))
            assert codec.decode(tokens, key=moved.key) == moved


def test_event_codec_of_a_score_without_a_key_uses_the_estimate():
    codec = EventCodec.fit([REEL])
    np.testing.assert_array_equal(codec.encode(REEL.replace(key=None)), codec.encode(REEL))


def test_event_codec_of_long_tunes_caps_the_countdown():
    long = Score.from_melody([60] * 100, 96, key="C major")
    codec = EventCodec.fit([long])
    words = codec.vocabulary.words(codec.encode(long))
    assert [word for word in words if word.startswith("|")][:38] == ["|64"] * 37 + ["|63"]
    assert codec.decode(codec.encode(long), key="C major") == long


def test_event_codec_says_what_it_cannot_write():
    codec = EventCodec.fit([REEL])
    with pytest.raises(ValueError, match="lies 29 semitones from the tonic"):
        codec.encode(Score.from_melody([96], 24, key="G major"))
    with pytest.raises(ValueError, match=r"13 ticks cannot be written .* score.quantize"):
        codec.encode(Score.from_melody([67], 13, key="G major"))
    with pytest.raises(ValueError, match=r"meter=5/4 is not in the vocabulary, which has .*6/8"):
        codec.encode(Score.from_melody([67], 24, key="G major", meter=(5, 4)))
    with pytest.raises(ValueError, match=r"sound together at tick 12; .* score.part\(0\)"):
        codec.encode(Score.from_notes([(0, 24, 60), (12, 24, 64)]))
    with pytest.raises(ValueError, match="scores holds no note"):
        EventCodec.fit([Score()])
    with pytest.raises(ValueError, match=r"EventCodec.fit"):
        EventCodec(Vocabulary(("r:6",)))


def test_unknown_lengths_are_tied_from_known_ones():
    codec = EventCodec.fit([REEL])
    odd = Score.from_melody([67, 69], [84, 12], key="G major")
    assert codec.vocabulary.words(codec.encode(odd))[4:9] == ["60:24", "~:24", "~:24", "~:12", "62:12"]
    assert codec.decode(codec.encode(odd), key="G major") == odd


def test_rare_lengths_get_no_symbols_where_others_can_make_them():
    tunes = [REEL, TRIPLETS, Score.from_melody([67, 69, 67], [84, 5, 7], key="G major")]
    codec = EventCodec.fit(tunes, min_count=3)
    assert codec.durations == (5, 7, 8, 12, 24)  # 5 and 7 cannot be made of 8, 12 and 24; 84 can
    for tune in tunes:
        assert codec.decode(codec.encode(tune), key=tune.key) == tune


@pytest.mark.parametrize("seed", range(5))
def test_every_line_of_event_tokens_is_playable(seed):
    rng = np.random.default_rng(seed)
    codec = EventCodec.fit(TUNES)
    for _ in range(60):
        line = rng.integers(0, len(codec.vocabulary), rng.integers(0, 120))
        if rng.random() < 0.5:
            line = line[line != END]
        key = f"{['C', 'F', 'B'][rng.integers(3)]} {MODES[rng.integers(2)]}"
        score = codec.decode(line, key=key)
        check_playable(score)
        assert score.pickup < score.bar_ticks
        if len(score) == 0:
            continue
        own = EventCodec.fit([score])
        assert own.decode(own.encode(score), key=key) == score  # what was read can be written


@pytest.mark.parametrize("seed", range(5))
def test_every_line_of_melody_tokens_is_playable(seed):
    rng = np.random.default_rng(seed)
    codec = MelodyCodec()
    for _ in range(60):
        score = codec.decode(rng.integers(0, len(codec.vocabulary), rng.integers(0, 120)))
        check_playable(score)
        assert codec.decode(codec.encode(score)) == score


def check_playable(score: Score) -> None:
    notes = score.notes
    assert np.all(notes["duration"] >= 1) and np.all((notes["pitch"] >= 0) & (notes["pitch"] <= 127))
    ends = notes["onset"] + notes["duration"]
    assert np.all(notes["onset"][1:] >= ends[:-1])  # one voice


def test_short_bars_are_filled_and_long_ones_run_on():
    codec = EventCodec.fit([REEL])
    read = lambda text: codec.decode(codec.vocabulary.tokens(text.split())).notes["onset"].tolist()  # noqa: E731
    assert read("|2 60:24 |1 62:24") == [0, 96]
    assert read("|2 60:24 60:24 60:24 60:24 60:24 |1 62:24") == [0, 24, 48, 72, 96, 192]
    assert read("60:24 |1 62:24") == [0, 24]  # a pickup
    assert read("~:24 60:24") == [24]
    assert read("60:24 r:12 ~:12 60:12") == [0, 48]
    assert read("60:24 <end> 62:24") == [0]
    assert codec.decode(codec.vocabulary.tokens(["60:24"] * 5 + ["|1"])).pickup == 24


def test_pitches_beyond_midi_move_by_octaves():
    codec = EventCodec(Vocabulary(("127:24", "0:24")))
    assert codec.decode(codec.vocabulary.tokens(["127:24"]), key="B major").notes["pitch"].tolist() == [126]


def test_melody_codec_round_trip_and_refusals():
    for tune in (REEL, JIG):
        codec = MelodyCodec(lowest=55, highest=84)
        fields: dict[str, Any] = {"meter": tune.meter, "key": tune.key, "pickup": tune.pickup}
        assert tokens_to_score(score_to_tokens(tune, codec), codec, **fields) == tune
    repeated = Score.from_melody([60, 60, 60], 12)
    assert MelodyCodec().decode(MelodyCodec().encode(repeated)) == repeated
    with pytest.raises(ValueError, match=r"off the grid of 6 ticks; .*quantize\(6\)"):
        MelodyCodec().encode(TRIPLETS)
    assert MelodyCodec(grid=2).decode(MelodyCodec(grid=2).encode(TRIPLETS), meter=(3, 4), key=TRIPLETS.key) == TRIPLETS
    with pytest.raises(ValueError, match="pitch 60, outside 61 to 84"):
        MelodyCodec(lowest=61, highest=84).encode(repeated)
    with pytest.raises(ValueError, match="grid=0"):
        MelodyCodec(grid=0)
    with pytest.raises(ValueError, match="lowest=90, highest=20"):
        MelodyCodec(lowest=90, highest=20)


@pytest.mark.parametrize("codec", [MelodyCodec(lowest=50), EventCodec.fit(TUNES)], ids=["melody", "event"])
def test_codecs_survive_json(codec):
    again = codec_from_dict(json.loads(json.dumps(codec.to_dict())))
    assert isinstance(again, type(codec)) and again == codec and again.vocabulary == codec.vocabulary


def test_unknown_codec_is_refused():
    with pytest.raises(ValueError, match="codec='midi'"):
        codec_from_dict({"codec": "midi"})
