"""Forged tunes, their rivals, and the table that sets them beside real music."""

import math

import numpy as np
import pytest

from musegen_edu import forging
from musegen_edu.forging import forged_scores, rival_scores
from musegen_edu.four_bars import folk_windows
from musegen_edu.metrics import CorpusIndex, distribution_overlap, forger_rows, interval_distribution
from musegen_edu.score import Score
from musegen_edu.tokens import FourBarCodec
from musegen_edu.tokens.four_bar_codec import HOLD, REST


class OneTrick:
    """A forger that knows one bar, which it plays from C or, where it is asked for its last step, from D."""

    def generate_symbols(self, n, *, seed=0, averaged=False):
        bar = [18, 20, 22, HOLD] * 4 if averaged else [20, 22, 23, HOLD] * 4
        return np.array([bar * 4] * n, np.int32)


@pytest.fixture(scope="module")
def real():
    codec = FourBarCodec()
    return [codec.decode(row) for row in folk_windows("valid").symbols[:160]]


def test_forged_scores_are_the_symbols_in_a_key():
    tunes = forged_scores(OneTrick(), 3, key="G major", bpm=90)
    assert len(tunes) == 3 and {tune.key for tune in tunes} == {"G major"} and tunes[0].bpm == 90
    assert tunes[0].notes["pitch"][:3].tolist() == [67, 69, 71]
    assert forged_scores(OneTrick(), 1, averaged=False)[0].notes["pitch"][:3].tolist() == [62, 64, 65]


@pytest.mark.parametrize("name", forging.RIVALS)
def test_rivals_play_four_bars_and_seeds_reproduce(name, monkeypatch):
    monkeypatch.setattr(forging, "folk_windows", lambda split: folk_windows("valid"))  # 618 windows: quicker to count
    tunes = rival_scores(name, 6, seed=3)
    assert len(tunes) == 6 and all(1 <= len(tune) <= 64 and tune.n_bars <= 4 for tune in tunes)
    if name in (
        "random",
        "Markov",
    ):  # the networks are compiled anew each time; the seeds of their draws are tested elsewhere
        assert tunes == rival_scores(name, 6, seed=3) != rival_scores(name, 6, seed=4)
    codec = FourBarCodec()
    assert all(codec.decode(codec.encode(tune)) == tune.replace(programs=(0,)) for tune in tunes)


def test_a_markov_chain_plays_more_like_real_music_than_chance(real, monkeypatch):
    monkeypatch.setattr(forging, "folk_windows", lambda split: folk_windows("valid"))
    steps = interval_distribution(real)
    chance, chain = (
        distribution_overlap(interval_distribution(rival_scores(name, 30, seed=1)), steps)
        for name in ("random", "Markov")
    )
    assert chain > chance + 0.1


def test_unknown_rivals_are_named():
    with pytest.raises(ValueError, match="name='GAN'"):
        rival_scores("GAN", 1)
    with pytest.raises(ValueError, match="n=0"):
        rival_scores("random", 0)


# ---- the table ----


def test_the_measures_are_what_they_say(real):
    two_bars = [60, 62, 64, 65, 67, 65, 64, 62]
    tune = Score.from_melody([*two_bars, *two_bars], 24)  # four bars, of which the last two are the first two again
    half = Score.from_melody([60, 62], [96, 48])  # then two and a half bars of silence
    copy = real[0].transpose(2)
    table = forger_rows({"tune": [tune], "half": [half], "copy": [copy, tune]}, real[:80], reference=real[80:])
    row = table.rows["tune"]
    assert row["repeated bars"] == pytest.approx(2 / 3) and row["different bars"] == 0.5
    assert row["silent time"] == 0 and row["empty bars"] == 0 and row["notes a bar"] == 4
    assert row["steps as in real music"] == pytest.approx(
        distribution_overlap(interval_distribution(tune), interval_distribution(real[80:]))
    )
    assert table.rows["half"]["empty bars"] == 0.5 and table.rows["half"]["silent time"] == pytest.approx(1 - 144 / 384)
    assert table.rows["half"]["notes a bar"] == 0.5
    assert table.rows["copy"]["whole copies"] == 0.5 and row["whole copies"] == 0
    held_out = table.rows["held-out music"]
    assert held_out["steps as in real music"] == 1
    assert held_out["notes a bar"] == pytest.approx(np.mean([len(score) / 4 for score in real[80:]]))


def test_real_music_is_within_reach_and_one_trick_is_not(real):
    index = CorpusIndex(real[:20])
    groups = {"real": real[:80], "one trick": forged_scores(OneTrick(), 80)}
    table = forger_rows(groups, index, reference=real, seed=1)
    assert set(table.floor) | {"new runs of 8 notes", "whole copies"} == set(table.rows["real"])
    assert all(gap >= 0 for gap in table.floor.values())
    assert len(table.outside("real")) <= 3 < len(table.outside("one trick"))
    assert table.rows["one trick"]["different bars"] == 1 / 320 and "different bars" in table.outside("one trick")
    assert table.outside("held-out music") == [] and table.outside("one trick", times=1e9) == []
    shown = {line.split("  ")[0]: line for line in str(table).splitlines()[1:]}
    assert "0.003*" in shown["different bars"] and "*" not in shown["new runs of 8 notes"]
    assert table.floor == forger_rows(groups, index, reference=real, seed=1).floor


def test_whole_tunes_fall_into_one_half(real):
    plain, busy = Score.from_melody([60] * 16, 24), Score.from_melody([60, 62] * 16, 12)
    reference = [plain] * 10 + [busy] * 10
    mixed = forger_rows({"plain": [plain]}, [busy], reference=reference)
    by_tune = forger_rows({"plain": [plain]}, [busy], reference=reference, tunes=[7] * 10 + [3] * 10)
    assert mixed.floor["notes a bar"] < by_tune.floor["notes a bar"] == 4


def test_what_cannot_be_measured_is_out_of_reach(real):
    silent = FourBarCodec().decode(np.full(64, REST, np.int32))
    table = forger_rows({"silence": [silent]}, real[:2], reference=real[:20])
    assert table.rows["silence"]["empty bars"] == 1 and math.isnan(table.rows["silence"]["scale consistency"])
    assert "scale consistency" in table.outside("silence")


def test_bad_groups_are_named(real):
    with pytest.raises(ValueError, match="named_scores is empty"):
        forger_rows({}, real, reference=real)
    with pytest.raises(ValueError, match="GAN holds no scores"):
        forger_rows({"GAN": []}, real, reference=real)
    with pytest.raises(ValueError, match="reference holds 1"):
        forger_rows({"GAN": real}, real, reference=real[:1])
    with pytest.raises(ValueError, match="at most 2 bars"):
        forger_rows({"GAN": real}, real, reference=real, n_bars=2)
    with pytest.raises(ValueError, match="tunes names 1 tune"):
        forger_rows({"GAN": real}, real, reference=real, tunes=[0] * len(real))
    with pytest.raises(ValueError, match="tunes has the shape"):
        forger_rows({"GAN": real}, real, reference=real, tunes=[0, 1])
