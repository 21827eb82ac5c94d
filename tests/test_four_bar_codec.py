"""FourBarCodec: four bars as 64 numbers, there and back."""

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.score import Score, stack
from musegen_edu.tokens import FourBarCodec, codec_from_dict
from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, HOLD, N_STEPS, N_SYMBOLS, REST, in_four_four

CODEC = FourBarCodec()


def test_every_window_of_the_held_out_tunes_survives_the_way_there_and_back():
    n_windows = 0
    for tune in load_dataset("folk").valid:
        for window in CODEC.windows(tune):
            score = CODEC.decode(window, key=tune.key)
            np.testing.assert_array_equal(CODEC.encode(score), window)
            n_windows += 1
    assert n_windows > 1500


def test_windows_are_the_bars_of_the_tune():
    tune = next(tune for tune in load_dataset("folk").train if tune.meter == (4, 4) and tune.pickup)
    windows = CODEC.windows(tune, hop=4)
    for number, window in enumerate(windows):
        bars = tune.slice_bars(1 + 4 * number, 4 + 4 * number)
        assert CODEC.decode(window, key=tune.key).notes[["onset", "duration", "pitch"]].tolist() == (
            bars.notes[["onset", "duration", "pitch"]].tolist()
        )
    assert len(windows) >= 2


def test_a_line_in_which_nothing_begins_is_silence():
    assert len(CODEC.decode(np.full(N_STEPS, HOLD))) == len(CODEC.decode(np.zeros(N_STEPS, np.int32))) == 0


@pytest.mark.parametrize("seed", range(5))
def test_any_line_of_symbols_is_playable_and_is_written_again_as_it_sounds(seed):
    symbols = np.random.default_rng(seed).integers(0, N_SYMBOLS, N_STEPS)
    symbols[::3] = HOLD
    score = CODEC.decode(symbols, key="E minor", bpm=90, title="chance")
    assert (score.bpm, score.title, score.key) == (90, "chance", "E minor") and score.duration <= 384
    again = CODEC.decode(CODEC.encode(score), key="E minor", bpm=90, title="chance")
    assert again == score


def test_the_key_is_not_in_the_numbers_but_the_mode_is():
    tune = Score.from_melody([60, 63, 67], 24, key="C minor")
    for semitones in range(12):
        np.testing.assert_array_equal(CODEC.encode(tune.transpose(semitones)), CODEC.encode(tune))
    assert CODEC.encode(tune)[4] == CODEC.encode(Score.from_melody([63], 24))[0]


def test_a_two_four_has_its_note_values_doubled():
    tune = Score.from_melody([62, 64, 66, 67] * 8, 6, meter=(2, 4), key="D major", bpm=60)
    wide = in_four_four(tune)
    assert wide.seconds == tune.seconds and wide.n_bars == tune.n_bars == 4
    np.testing.assert_array_equal(CODEC.windows(tune)[0], CODEC.encode(wide))
    assert CODEC.windows(tune.replace(meter=(6, 8))).shape == (0, 64)


def test_windows_leave_out_what_cannot_be_written():
    triplets = Score.from_melody([60] * 12 + [62, 64, 65] + [60] * 11, [24] * 12 + [8] * 3 + [24] * 11)
    assert triplets.n_bars == 6 and len(CODEC.windows(triplets)) == 0  # the triplet in bar 4 is in every run of four
    far = Score.from_melody([60] * 16 + [100] * 4, 24)
    assert len(CODEC.windows(far)) == 1


def test_a_note_from_before_the_window_is_silence():
    tune = Score.from_melody([60, 62, None, 64, 65], [90, 18, 12, 72, 288])
    first, second = CODEC.windows(tune)
    assert first[15] == FIRST_PITCH + 62 - 45
    assert second[0] == REST and second[1:4].tolist() == [HOLD, HOLD, HOLD] and second[4] == FIRST_PITCH + 64 - 45
    np.testing.assert_array_equal(CODEC.encode(CODEC.decode(second)), second)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (Score.from_melody([60], 24, meter=(3, 4)), "meter 3/4"),
        (Score.from_melody([60] * 17, 24), r"5 bars; take four full bars"),
        (Score.from_melody([60] * 4, 24, pickup=24), "with a pickup"),
        (Score.from_melody([60] * 4, 8), "off the grid of sixteenths in bar 1"),
        (Score.from_melody([100], 24, key="D major"), "in D major they must lie from 47 to 90"),
        (stack([Score.from_melody([60], 24)] * 2), "sound together"),
    ],
)
def test_what_cannot_be_written_is_refused(score, message):
    with pytest.raises(ValueError, match=message):
        CODEC.encode(score)


def test_wrong_symbols_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        CODEC.decode([1, 2, 3])
    with pytest.raises(ValueError, match="must lie from 0 to 46"):
        CODEC.decode(np.full(64, 47))
    with pytest.raises(ValueError, match="hop=0"):
        CODEC.windows(Score.from_melody([60] * 16, 24), hop=0)
    assert codec_from_dict(CODEC.to_dict()) == CODEC
