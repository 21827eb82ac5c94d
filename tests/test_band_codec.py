"""BandCodec and the windows of a band: what is written down can be read, drums follow their rule, parts of the data do not mix."""

import numpy as np
import pytest

from musegen_edu import drum_patterns
from musegen_edu.bands import CALM, DRUM_RULE, MIDDLING, add_drums, band_windows
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics.ensemble import ensemble_row
from musegen_edu.score import DRUMS, Score, stack
from musegen_edu.tokens import BandCodec, codec_from_dict
from musegen_edu.tokens.band_codec import FIRST_PITCH, HOLD, KIT, LOWEST, N_COLUMNS, N_STEPS, N_SYMBOLS, REST

HATS, CRASH = [3 + KIT.index(drum) for drum in (42, 46)], 3 + KIT.index(49)


@pytest.fixture(scope="module")
def windows():
    return band_windows("valid")


@pytest.mark.parametrize("key", [None, "C major", "E minor", "Bb major", "D dorian"])
def test_bands_come_back(windows, key):
    codec = BandCodec()
    for table in windows.tables[::15]:
        score = codec.decode(table, key=key)
        np.testing.assert_array_equal(codec.encode(score), table)
        assert codec.decode(codec.encode(score), key=key) == score


def test_every_table_is_playable():
    rng = np.random.default_rng(0)
    for _ in range(20):
        table = rng.integers(0, N_SYMBOLS, (N_STEPS, N_COLUMNS))
        table[:, 3:] %= 2
        score = BandCodec().decode(table)
        assert score.duration <= 4 * 96 and score.n_parts == 4
        np.testing.assert_array_equal(BandCodec().encode(score)[:, 3:], table[:, 3:])


def test_a_window_is_its_chorale(windows):
    chorales = load_dataset("chorales").valid
    index = len(windows) // 2
    score, chorale = windows.score(index), chorales[int(windows.piece[index])]
    rows = windows.piece == windows.piece[index]
    bar = 4 * int(np.flatnonzero(rows).tolist().index(index)) + 1  # windows of a held-out chorale follow one another
    for ours, theirs in enumerate((0, 1, 3)):
        cut = chorale.part(theirs).slice_bars(bar, bar + 3)
        mine = score.part(ours).notes
        kept = mine[np.isin(mine["onset"], cut.notes["onset"])]
        np.testing.assert_array_equal(kept["pitch"], cut.notes["pitch"])


def test_the_parts_of_the_data_share_no_chorale_and_no_window(windows):
    train = band_windows("train")
    assert not {row.file for row in train.rows} & {row.file for row in windows.rows}
    voices = [{table[:, :3].tobytes() for table in part.tables} for part in (train, windows)]
    assert len(voices[0]) == len(train) > 1900 and len(voices[1]) == len(windows)
    assert len(voices[0] & voices[1]) == 0


def test_drums_follow_their_rule(windows):
    begun = (windows.tables[:, :, :3] >= FIRST_PITCH).sum(axis=(1, 2))
    hats = windows.tables[:, :, HATS].sum(axis=(1, 2))
    by_style = [hats[(begun > low) & (begun <= high)] for low, high in ((0, CALM), (MIDDLING, 999))]
    assert by_style[0].mean() < by_style[1].mean() and ensemble_row(windows.tables)["drums follow"] > 0.3
    ends = np.zeros((len(windows), 4), np.bool_)
    ends[:, 1] = True
    played = add_drums(windows.tables, ends, seed=3)
    bars = played.reshape(len(played), 4, 16, N_COLUMNS)
    assert bars[:, 2, 0, CRASH].all()  # a crash begins the bar after the end
    assert not bars[:, [0, 1, 3]][..., CRASH].any()
    fill, groove = bars[:, 1, 12:][..., 3:], bars[:, 0, 12:][..., 3:]  # the last beat
    assert (fill != groove).any(axis=(1, 2)).mean() > 0.9
    np.testing.assert_array_equal(played[:, :, :3], windows.tables[:, :, :3])
    np.testing.assert_array_equal(played, add_drums(windows.tables, ends, seed=3))
    assert set(DRUM_RULE) <= set(drum_patterns.DRUM_STYLES)


def test_the_kit_is_that_of_the_patterns():
    assert {getattr(drum_patterns, name) for name in ("KICK", "SNARE", "CLOSED_HAT", "PEDAL_HAT", "OPEN_HAT", "RIDE", "CRASH", "LOW_TOM", "MID_TOM", "HIGH_TOM")} == set(KIT)  # fmt: skip


def test_ensemble_measures_tell_order_from_chance(windows):
    real = ensemble_row(windows.tables)
    shuffled = windows.tables.copy()
    shuffled[:, :, 1] = np.roll(shuffled[:, :, 1], 40, axis=0)  # the alto of another window
    mixed = ensemble_row(shuffled)
    assert real["beats on a chord"] > mixed["beats on a chord"] + 0.2
    assert real["voices crossed"] < 0.05 and real["voices crossed"] < mixed["voices crossed"]
    assert real["beginnings on a beat"] > 0.6
    silent = np.zeros((2, N_STEPS, N_COLUMNS), np.int32)
    assert np.isnan(ensemble_row(silent)["beats on a chord"]) and ensemble_row(silent)["notes a bar, bass"] == 0


def test_bad_input_is_named(windows):
    codec = BandCodec()
    voice = Score.from_melody([72], 24)
    drums = Score.from_notes([(0, 6, 36)], programs=(DRUMS,))
    with pytest.raises(ValueError, match="three voices and then drums"):
        codec.encode(stack([voice] * 4))
    with pytest.raises(ValueError, match="drum 37"):
        codec.encode(stack([voice, voice, voice, Score.from_notes([(0, 6, 37)], programs=(DRUMS,))]))
    with pytest.raises(ValueError, match="off the grid"):
        codec.encode(stack([Score.from_melody([72], 8), voice, voice, drums]))
    with pytest.raises(ValueError, match="meter 3/4"):
        codec.encode_voice(voice.replace(meter=(3, 4)))
    with pytest.raises(ValueError, match="5 bars"):
        codec.encode_voice(Score.from_melody([72] * 5, 96))
    with pytest.raises(ValueError, match="no pitch for a voice"):
        codec.encode_voice(Score.from_melody([LOWEST - 1], 24))
    with pytest.raises(ValueError, match="table has shape"):
        codec.decode(np.zeros((64, 12), int))
    with pytest.raises(ValueError, match="symbols lie from 0"):
        codec.decode(np.full((64, 13), 2) * 40)
    with pytest.raises(ValueError, match="hop=0"):
        band_windows("valid", hop=0)
    with pytest.raises(ValueError, match="ends"):
        add_drums(windows.tables, np.zeros((1, 4), np.bool_), seed=0)
    with pytest.raises(ValueError, match="tables has shape"):
        ensemble_row(np.zeros((64, 13)))
    assert codec_from_dict(codec.to_dict()) == codec and HOLD != REST
