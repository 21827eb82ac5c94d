"""The recipe of `chorale_inpainter` in small, and the measures on its card."""

import dataclasses

import numpy as np
import pytest

from musegen_edu.datasets import load_dataset
from musegen_edu.inpainting import inpaint, n_sixteenths
from musegen_edu.metrics import CorpusIndex
from musegen_edu.models.convolutional import ChoraleInpainter
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import fillings, inpainter
from musegen_edu.recipes.chorale import chorale_tables, random_chorale
from musegen_edu.tokens import ChoraleCodec
from musegen_edu.tokens.chorale_grid import table_to_grid
from musegen_edu.training import EpochReport, train

TINY = dataclasses.replace(inpainter.INPAINTER_PROFILES["quick"], epochs=1, embedding=2, units=8, n_tunes=6)


@pytest.mark.slow
def test_the_inpainter_is_trained_and_judged(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(inpainter.INPAINTER_PROFILES, "quick", TINY)
    monkeypatch.setattr(fillings, "N_TO_JUDGE", 2)
    for name, value in {"N_FRAMES": 6, "N_ORDERINGS": 2}.items():
        monkeypatch.setattr(inpainter, name, value)
    reports: list[EpochReport] = []
    path = train("chorale_inpainter", "quick", seed=1, verbose=0, on_epoch=reports.append)
    card, model = load_card("chorale_inpainter", path.parent), load_pretrained("chorale_inpainter", path.parent)
    assert card["command"] == "musegen train chorale_inpainter --profile quick --seed 1"
    assert card["data"]["sha256"] == load_dataset("chorales").sha256
    assert (card["data"]["train"], card["data"]["valid"], card["data"]["test"]) == (6, 55, 95)
    assert card["metrics"]["nats_per_hidden_cell"]["valid"] == pytest.approx(reports[0].valid_loss, abs=0.02)
    frames = card["metrics"]["nats_per_frame_test"]
    assert (frames["frames"], frames["orderings"]) == (6, 2) and frames["uniform"] == pytest.approx(16.3774, abs=1e-3)
    assert frames["first_order_markov"] < frames["chronological_exact"]  # it has hardly learnt anything
    rows = card["metrics"]["refilled"]
    assert rows["two_bars"]["bach"]["cells_as_bach"] == 1 and rows["everything"]["gibbs"]["cells_as_bach"] < 1
    assert isinstance(model, ChoraleInpainter) and isinstance(model.codec, ChoraleCodec)
    assert not list((tmp_path / "home" / "training").iterdir())


def grids(split, n):
    return [table_to_grid(table) for table in chorale_tables(load_dataset("chorales"), split)[:n]]


def test_markov_losses_are_those_of_counted_shares():
    grid = np.zeros((4, 13), np.int32)
    grid[:, :4] = [[5], [5], [6], [5]]
    found = inpainter.markov_losses([grid], [grid], [(0, 0), (0, 1), (0, 3)])
    few = 0.01
    shares = [(1 + few) / (1 + 60 * few), (1 + few) / (2 + 60 * few), (1 + few) / (1 + 60 * few)]
    np.testing.assert_allclose(found, -4 * np.log(shares))
    train, test = grids("train", 60), grids("test", 5)
    frames = [(piece, step) for piece, grid in enumerate(test) for step in range(len(grid))]
    assert inpainter.markov_losses(train, test, frames).mean() < 5  # most notes are held


def test_holes_lie_where_they_are_said_to():
    score = next(score for score in load_dataset("chorales").test if score.pickup)
    cells = fillings.holes_of(score, "two_bars")
    steps = np.flatnonzero(cells.all(axis=0))
    bar = score.n_bars // 2
    lines = score.barlines()  # the pickup is bar 0
    assert (6 * steps[0], 6 * steps[-1] + 6) == (lines[bar], lines[bar + 2])
    assert cells.sum() == 4 * len(steps) and len(steps) == 2 * score.bar_ticks // 6
    assert fillings.holes_of(score, "alto").sum(axis=1).tolist() == [0, n_sixteenths(score), 0, 0]
    assert fillings.holes_of(score, "everything").all()
    model = ChoraleInpainter(filters=2, channels=4, dilations=(1,))
    filled = inpaint(score, cells, model=model, n_steps=1, seed=0)
    inner = filled.slice_bars(bar, bar + 1)
    assert inner.duration <= 2 * score.bar_ticks
    assert fillings.agreement_in(score, filled, ~cells) == 1 > fillings.agreement_in(score, filled, cells)


def test_a_row_counts_what_it_says():
    corpus = CorpusIndex(load_dataset("chorales").train[:20])
    real = list(load_dataset("chorales").test[:3])
    row = fillings.filling_row(real, corpus)
    assert 3 < row["notes_a_quarter"] < 7 and 0.02 < row["repeated_of_following_notes"] < 0.3
    noisy = fillings.filling_row([random_chorale(score, seed=0) for score in real], corpus)
    assert noisy["scale_consistency"] < row["scale_consistency"] and noisy["notes_a_quarter"] == row["notes_a_quarter"]
    assert noisy["bars_with_crossed_voices"] > row["bars_with_crossed_voices"]
