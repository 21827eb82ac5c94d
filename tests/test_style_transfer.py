"""Style transfer: windows of two styles, a judge apart, content that can be counted, baselines, and the trained model's table."""

import dataclasses

import numpy as np
import pytest

from musegen_edu.metrics.content import chroma_kept, content_kept, contour_kept, rhythm_kept
from musegen_edu.models.style_cycle import StyleCycle
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import style_cycle, style_transfer_judging
from musegen_edu.score import Score
from musegen_edu.style_baselines import beat_rule, latent_arithmetic, transposed_to_register
from musegen_edu.style_judging import VIEWS, style_features, train_style_judge
from musegen_edu.style_transfer import transfer_style
from musegen_edu.style_windows import STYLES, StylePairs, style_windows
from musegen_edu.tokens import FourBarCodec
from musegen_edu.tokens.chorale_codec import FIRST_PITCH, HOLD, sounding_symbols
from musegen_edu.training import EpochReport, train


@pytest.fixture(scope="module")
def test_windows():
    return {style: style_windows(style, "test") for style in STYLES}


@pytest.fixture(scope="module")
def judges():
    """The judge of each view; each takes some seconds to be trained."""
    return {view: train_style_judge(view) for view in VIEWS}


# ---- windows ----


def test_no_piece_and_no_window_lies_on_two_sides(test_windows):
    for style in STYLES:
        sides = {split: style_windows(style, split) for split in ("train", "valid")} | {"test": test_windows[style]}
        families = [{windows.row(i).family for i in range(len(windows))} for windows in sides.values()]
        assert all(not a & b for a, b in zip(families, families[1:] + families[:1], strict=True))
        assert all(windows.row(i).kind == style for windows in sides.values() for i in range(len(windows)))
        assert all(len(np.unique(windows.symbols, axis=0)) == len(windows) for windows in sides.values())
    with pytest.raises(ValueError, match="style='waltz'"):
        style_windows("waltz", "test")


def test_pairs_go_once_through_the_larger_heap_and_are_dealt_anew():
    first, second = (np.arange(n, dtype=np.int32)[:, None] for n in (20, 5))
    pairs = StylePairs(first, second, 4, seed=3)
    epoch = [pairs[i][0] for i in range(len(pairs))]
    assert len(pairs) == 5
    assert sorted(np.concatenate([a for a, _ in epoch])[:, 0]) == list(range(20))
    assert (np.bincount(np.concatenate([b for _, b in epoch])[:, 0]) == 4).all()
    pairs.on_epoch_end()
    assert not all((a == b[0]).all() for (a, _), b in zip(epoch, (pairs[i][0] for i in range(5)), strict=True))
    later = StylePairs(first, second, 4, seed=3, epoch=1)
    assert all((later[i][0][0] == pairs[i][0][0]).all() for i in range(5))
    with pytest.raises(IndexError):
        pairs[5]
    with pytest.raises(ValueError, match="first has 0"):
        StylePairs(first[:0], second, 4)


# ---- scores ----


def test_features_are_those_of_lesson_04():
    line = np.full(64, HOLD)
    line[[0, 16, 32, 48]] = np.array([60, 62, 64, 60]) - 45 + FIRST_PITCH
    row = style_features(line[None])[0]
    # a pitch symbol is 12 k + 6 for a C: classes are counted from there on
    assert sorted(row[:12][row[:12] > 0].tolist()) == [0.25, 0.25, 0.5]
    assert row[12:37][12 + 2] == pytest.approx(2 / 3) and row[12:37][12 - 4] == pytest.approx(1 / 3)
    assert row[37:][6] == 1.0  # four whole notes


def test_the_judge_recognises_pieces_that_it_has_not_seen(test_windows, judges):
    for view, least in {"everything": 0.9, "pitches": 0.8}.items():
        judge = judges[view]
        for style, windows in test_windows.items():
            assert judge.share(windows.symbols, style) > least
        both = sum(judge.probability(windows.symbols[:9], style) for style in STYLES)
        np.testing.assert_allclose(both, 1)
    with pytest.raises(ValueError, match="style='jazz'"):
        judge.share(windows.symbols, "jazz")
    with pytest.raises(ValueError, match="view='tempo'"):
        train_style_judge("tempo")


def test_content_is_one_for_the_tune_itself_and_little_for_another(test_windows):
    reels = test_windows["reel"].symbols
    same, other = content_kept(reels, reels), content_kept(np.roll(reels, 7, axis=0), reels)
    assert all((values == 1).all() for values in same.values())
    assert other["content"].mean() < 0.6 and other["chroma"].mean() < 0.5
    fifth = np.where(reels >= FIRST_PITCH, reels + 7, reels)
    np.testing.assert_allclose(contour_kept(fifth, reels), 1)
    np.testing.assert_allclose(rhythm_kept(fifth, reels), 1)
    assert chroma_kept(fifth, reels).mean() < 0.5
    octave = np.where(reels >= FIRST_PITCH + 12, reels - 12, reels)
    np.testing.assert_allclose(chroma_kept(octave, reels), 1)
    with pytest.raises(ValueError, match="told has shape"):
        content_kept(reels, reels[:1])


# ---- baselines ----


def test_the_rule_keeps_the_beats(test_windows):
    for style, other in (STYLES, STYLES[::-1]):
        symbols = test_windows[style].symbols
        told = beat_rule(symbols, other)
        on_beats, before_on_beats = (sounding_symbols(rows.T).T[:, ::4] for rows in (told, symbols))
        np.testing.assert_array_equal(on_beats, before_on_beats)
        notes, before = (told >= FIRST_PITCH).sum(), (symbols >= FIRST_PITCH).sum()
        assert notes < before if other == "chorale" else notes > before
    with pytest.raises(ValueError, match="to='jazz'"):
        beat_rule(symbols, "jazz")


def test_transposing_reaches_the_register_and_changes_no_symbol_but_by_octaves(test_windows):
    tunes, target = ([windows.score(i) for i in range(9)] for windows in test_windows.values())
    moved = transposed_to_register(tunes, target)
    means = [np.mean([score.notes["pitch"].mean() for score in scores]) for scores in (moved, target)]
    assert abs(means[0] - means[1]) <= 0.5
    codec = FourBarCodec()
    for before, after in zip(tunes, moved, strict=True):
        a, b = codec.encode(before), codec.encode(after)
        assert len({int(move) % 12 for move in (a - b)[a >= FIRST_PITCH]}) == 1
    with pytest.raises(ValueError, match="tunes has 0"):
        transposed_to_register([], target)


def test_latent_arithmetic_adds_the_difference_of_the_means():
    class Mirror:
        def encode(self, symbols):
            return np.asarray(symbols, float), np.zeros(1)

        def decode(self, z):
            return np.asarray(z)

    told = latent_arithmetic(Mirror(), [[1, 2]], [[0, 0], [2, 2]], [[5, 3]], amount=0.5)
    np.testing.assert_allclose(told, [[1 + 2, 2 + 1]])


# ---- transfer ----


def test_transfer_keeps_key_tempo_title_and_instrument(test_windows):
    model = StyleCycle(units=8, filters=(2, 2, 2))
    tunes = [test_windows["reel"].score(i) for i in range(2)]
    told = transfer_style(tunes, to="chorale", model=model)
    for old, new in zip(tunes, told, strict=True):
        assert (new.key, new.bpm, new.title, new.programs) == (old.key, old.bpm, old.title, old.programs)
    assert transfer_style([], model=model) == []
    with pytest.raises(ValueError, match="one score"):
        transfer_style(tunes[0], model=model)
    with pytest.raises(ValueError, match="to='jazz'"):
        transfer_style(tunes, to="jazz", model=model)
    with pytest.raises(ValueError, match="meter"):
        transfer_style([Score.from_melody([60] * 6, 24, meter=(3, 4))], model=model)


@pytest.mark.slow
def test_the_model_is_trained_and_judged(monkeypatch, tmp_path, judges):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    tiny = dataclasses.replace(style_cycle.STYLE_PROFILES["quick"], epochs=2, units=8, embedding=2, n_tunes=6)
    monkeypatch.setitem(style_cycle.STYLE_PROFILES, "quick", tiny)
    monkeypatch.setattr(style_cycle, "CYCLES", (1.0,))
    monkeypatch.setattr(style_cycle, "train_style_judge", judges.__getitem__)

    def fewer_to_hear(style, split, **options):
        windows = style_windows(style, split, **options)
        return windows.take(np.arange(40)) if split == "valid" else windows

    monkeypatch.setattr(style_cycle, "style_windows", fewer_to_hear)
    monkeypatch.setattr(style_transfer_judging, "AMOUNTS", (0.0, 1.0))
    few = {style: style_windows(style, "test").take(np.arange(12)) for style in STYLES}
    monkeypatch.setattr(
        style_transfer_judging,
        "style_windows",
        lambda style, split: few[style] if split == "test" else style_windows(style, split).take(np.arange(40)),
    )
    reports: list[EpochReport] = []
    path = train("style_cycle", "quick", seed=2, verbose=0, on_epoch=reports.append)
    card, model = load_card("style_cycle", path.parent), load_pretrained("style_cycle", path.parent)
    assert card["command"] == "musegen train style_cycle --profile quick --seed 2"
    assert isinstance(model, StyleCycle) and isinstance(model.codec, FourBarCodec) and model.styles == STYLES
    assert card["epochs"] == 2 == len(reports)
    rows = card["metrics"]["reel to chorale"]
    assert {"another", "as it is", "transposed", "rule", "latent 0", "latent 1", "cycle", "cycle, drawn"} < set(rows)
    assert rows["as it is"]["content"] == 1 and rows["as it is"]["style"] < 0.5 < rows["another"]["style"]
    told = model.transfer(few["reel"].symbols, "chorale")
    here = style_transfer_judging.style_row(told, few["reel"].symbols, "chorale", {})
    assert rows["cycle"]["content"] == pytest.approx(here["content"], abs=0.02)
    assert [point["cycle"] for point in card["metrics"]["curve"]] == [1.0]
    assert not list((tmp_path / "home" / "training").iterdir())  # the checkpoints have gone


def test_the_stored_weights_are_those_of_the_card(test_windows, judges):
    card, model = load_card("style_cycle"), load_pretrained("style_cycle")
    start = test_windows["chorale"].symbols
    told = model.transfer(start, "reel")
    row = style_transfer_judging.style_row(told, start, "reel", {"everything": judges["everything"]})
    stored = card["metrics"]["chorale to reel"]["cycle"]
    assert row["content"] == pytest.approx(stored["content"], abs=0.02)
    assert row["style"] == pytest.approx(stored["style"], abs=0.06)
    assert row["style"] > 0.5 > card["metrics"]["chorale to reel"]["as it is"]["style"]
