"""Plots: they draw what they are given, onto the axes they are given, and refuse what they cannot draw."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from musegen_edu import plots
from musegen_edu.plots.style import INK, LIGHTER_INK
from musegen_edu.score import Score, stack


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def drawn(ax):
    """Render, so that a fault in drawing shows, and return the picture."""
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())


def test_a_piano_roll_shows_every_note(ax):
    score = stack([Score.from_melody([60, 64, 67], 24, title="Three"), Score.from_melody([48], 72)])
    assert plots.plot_pianoroll(score, ax=ax, title="Four notes") is ax
    blocks = [len(collection.get_paths()) for collection in ax.collections if collection.get_label().startswith("part")]
    assert blocks == [3, 1]
    assert "Four notes" in {ax.get_title(), ax.get_title(loc="left")}
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert drawn(ax).std() > 0


def test_a_transition_matrix_names_rows_and_columns(ax):
    matrix = np.array([[0.5, 0.5], [0.9, 0.1]])
    assert plots.plot_transition_matrix(matrix, ["C", "D"], ax=ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["C", "D"]
    drawn(ax)
    with pytest.raises(ValueError, match="matrix"):
        plots.plot_transition_matrix(np.ones((2, 3)), ["C", "D"], ax=ax)
    with pytest.raises(ValueError, match="labels"):
        plots.plot_transition_matrix(matrix, ["C"], ax=ax)


def test_a_timeline_keeps_its_texts_apart(ax):
    events = [(1957, "one", "a"), (1957, "two", "b"), (1958, "three", "a"), (2016, "four", "b"), (2016, "five", "a")]
    assert plots.plot_timeline(events, ax=ax, title="Five") is ax
    drawn(ax)
    wanted = {"one", "two", "three", "four", "five"}
    boxes = [text.get_window_extent() for text in ax.texts if any(word in text.get_text() for word in wanted)]
    assert len(boxes) >= 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


HISTORY = [
    (1757, "dice game"), (1793, "dice waltz"), (1913, "letters"), (1957, "Illiac Suite"), (1957, "hymn tunes"), (1986, "CHORAL"),
    (1989, "Todd's network"), (1991, "HARMONET"), (1997, "LSTM"), (2002, "blues"), (2012, "RNN-RBM"), (2016, "WaveNet"),
    (2017, "DeepBach"), (2018, "MusicVAE"), (2018, "Music Transformer"), (2019, "MuseNet"), (2020, "Jukebox"), (2023, "MusicLM"),
]  # fmt: skip


def test_a_crowded_timeline_ends_and_its_stems_cross_no_text():
    ax = plots.plot_timeline([(year, label, "any") for year, label in HISTORY])
    drawn(ax)
    boxes = {text: text.get_window_extent() for text in ax.texts}
    for text, box in boxes.items():
        assert not any(box.overlaps(other) for rival, other in boxes.items() if rival is not text)
        x, top = ax.transData.transform(text.xy)
        crossed = [rival.get_text() for rival, other in boxes.items() if other.x0 < x < other.x1 and other.y1 < top]
        assert not crossed, f"the stem of {text.get_text()!r} runs through {crossed}"


def test_a_timeline_refuses_nothing_and_too_many_kinds():
    with pytest.raises(ValueError, match="0 events"):
        plots.plot_timeline([])
    with pytest.raises(ValueError, match="6 kinds"):
        plots.plot_timeline([(2000, "x", kind) for kind in "abcdef"])


def test_a_piano_roll_numbers_bars_as_on_paper_and_names_pitches_apart(ax):
    tune = Score.from_melody([36, *range(60, 85)], 24, meter=(3, 4), pickup=24)
    plots.plot_pianoroll(tune, ax=ax)
    assert [label.get_text() for label in ax.get_xticklabels()][:3] == ["0", "1", "2"]
    drawn(ax)
    boxes = sorted((label.get_window_extent() for label in ax.get_yticklabels()), key=lambda box: box.y0)
    assert len(boxes) > 5
    assert all(below.y1 <= above.y0 + 4 for below, above in itertools.pairwise(boxes))
    with pytest.raises(ValueError, match="no notes"):
        plots.plot_pianoroll(Score())


def test_a_transition_matrix_prints_what_it_holds(ax):
    plots.plot_transition_matrix([[0, 1234], [1, 0]], ["C", "D"], ax=ax)
    assert [text.get_text() for text in ax.texts] == ["1234", "1"]
    with pytest.raises(ValueError, match="negative or missing"):
        plots.plot_transition_matrix(np.array([[0, -1], [1, 0]]), ["C", "D"])
    with pytest.raises(ValueError, match="negative or missing"):
        plots.plot_transition_matrix(np.array([[0, np.nan], [1, 0]]), ["C", "D"])


def test_distributions_differ_in_more_than_colour(ax):
    plots.plot_distribution(["C", "D"], {"folk": [0.6, 0.4], "ours": [0.5, 0.5], "chance": [0.1, 0.9]}, ax=ax)
    groups = [container.patches for container in ax.containers]
    assert len({group[0].get_hatch() for group in groups}) == 3
    assert [bar.get_height() for bar in groups[0]] == [60.0, 40.0]
    assert "%" in ax.get_ylabel()
    drawn(ax)
    with pytest.raises(ValueError, match="'folk'"):
        plots.plot_distribution(["C", "D"], {"folk": [60, 40]})
    with pytest.raises(ValueError, match="1 to 5"):
        plots.plot_distribution(["C"], {})


def test_a_scorecard_has_a_panel_a_metric_and_a_line_for_real_music():
    rows = {
        "chance": {"entropy": 3.5, "copied": 0.0},
        "order 3": {"entropy": 2.7, "copied": np.nan},
        "real music": {"entropy": 2.6, "copied": 1.0},
    }
    axes = plots.plot_scorecard(rows)
    assert [ax.get_title(loc="left") for ax in axes] == ["entropy", "copied"]
    assert [text.get_text() for text in axes[1].texts] == ["0", "–"]
    assert [ax.lines[0].get_xdata()[0] for ax in axes] == [2.6, 1.0]
    drawn(axes[0])
    with pytest.raises(ValueError, match="'order 3'"):
        plots.plot_scorecard({"chance": {"entropy": 1.0}, "order 3": {"copied": 1.0}})
    with pytest.raises(ValueError, match="at least one model"):
        plots.plot_scorecard({"real music": {"entropy": 1.0}})


def test_training_marks_the_best_epoch(ax):
    losses = [(3.0, 2.9), (2.0, 2.5), (1.5, 2.7)]
    history = [
        SimpleNamespace(epoch=epoch, train_loss=train, valid_loss=valid) for epoch, (train, valid) in enumerate(losses)
    ]
    assert plots.plot_training(history, ax=ax) is ax
    assert [line.get_ydata().tolist() if hasattr(line.get_ydata(), "tolist") else list(line.get_ydata()) for line in ax.lines[:2]] == [
        [3.0, 2.0, 1.5], [2.9, 2.5, 2.7],
    ]  # fmt: skip
    assert ax.texts[0].get_text() == "best: 2.500"
    assert "nats" in ax.get_ylabel()
    drawn(ax)
    with pytest.raises(ValueError, match="history is empty"):
        plots.plot_training([])


def contrast(one, other):
    """Contrast of two colours as the Web Content Accessibility Guidelines count it, from 1 to 21."""

    def luminance(color):
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in to_rgb(color)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_colours_can_be_seen_on_light_and_dark_pages(page):
    assert contrast(INK, page) >= 4.2
    assert contrast(LIGHTER_INK, page) >= 3.7
    assert min(contrast(color, page) for color in plots.PALETTE) >= 3.0


MAKERS = {
    "plot_pianoroll": lambda: plots.plot_pianoroll(Score.from_melody([60], 24)),
    "plot_transition_matrix": lambda: plots.plot_transition_matrix(np.eye(2), ["C", "D"]),
    "plot_timeline": lambda: plots.plot_timeline([(1957, "Illiac Suite", "rules")]),
    "plot_distribution": lambda: plots.plot_distribution(["C"], {"folk": [1.0]}),
    "plot_receptive_field": lambda: plots.plot_receptive_field([(2, 1, 1), (2, 1, 2)]),
    "plot_scorecard": lambda: plots.plot_scorecard({"chance": {"entropy": 3.5}})[0],
    "plot_training": lambda: plots.plot_training([SimpleNamespace(epoch=0, train_loss=1.0, valid_loss=1.0)]),
}


def test_every_plot_is_tried():
    assert {name for name in plots.__all__ if name.startswith("plot_")} == set(MAKERS)


@pytest.mark.parametrize("name", MAKERS)
def test_plots_make_their_own_axes_and_leave_the_page_visible(name):
    picture = drawn(MAKERS[name]())
    assert picture.std() > 0
    assert picture[0, 0, 3] == 0, "the corner must be transparent, so that a dark page stays dark"
