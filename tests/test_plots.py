"""Plots: they draw what they are given, onto the axes they are given, and refuse what they cannot draw."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from musegen_edu import plots
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


@pytest.mark.parametrize("name", plots.__all__)
def test_plots_make_their_own_axes_where_none_are_given(name):
    calls = {
        "plot_pianoroll": lambda: plots.plot_pianoroll(Score.from_melody([60], 24)),
        "plot_transition_matrix": lambda: plots.plot_transition_matrix(np.eye(2), ["C", "D"]),
        "plot_timeline": lambda: plots.plot_timeline([(1957, "Illiac Suite", "rules")]),
    }
    if name in calls:
        assert drawn(calls[name]()).std() > 0
