"""Undo and redo: where they lead, what is one step, and what is forgotten."""

import pytest

from musegen_edu.widgets.undo_history import UndoHistory


def state(puck=0, **sliders):
    return {"puck": puck, "amounts": {"range": 0.0, "density": 0.0, **sliders}}


def back(history, n):
    """Undo n times; return where the puck was each time."""
    return [(history.undo() or {})["puck"] for _ in range(n)]


def test_undo_and_redo_lead_back_and_forth_and_a_new_step_forgets_what_was_taken_back():
    history = UndoHistory(state(0))
    for puck in (1, 2, 3):
        history.remember(state(puck))
    assert history.steps == [3, 0]
    assert back(history, 2) == [2, 1] and history.steps == [1, 2]
    assert history.redo() == state(2) == history.present
    history.remember(state(7))
    assert history.redo() is None and history.steps == [3, 0]
    assert back(history, 3) == [2, 1, 0]
    assert history.undo() is None and history.present == state(0)


def test_a_slider_that_is_moved_again_makes_one_step():
    history = UndoHistory(state(), sliders="amounts")
    for value in (0.5, 1.0, 1.5):
        history.remember(state(range=value))
    assert history.steps == [1, 0]
    history.remember(state(range=1.5, density=1.0))  # another slider
    history.remember(state(range=1.5, density=2.0))
    assert history.steps == [2, 0]
    history.remember(state(1, range=1.5, density=2.0))  # something else
    history.remember(state(1, range=1.5, density=1.0))
    history.remember(state(1, range=0.0, density=0.0))  # both at once
    assert history.steps == [5, 0]
    assert history.undo() == state(1, range=1.5, density=1.0)
    history.remember(state(1, range=1.5, density=0.5))  # after undo the same slider is a new step
    assert history.steps == [5, 0]
    assert history.undo() == state(1, range=1.5, density=1.0)


@pytest.mark.parametrize("most", [1, 3])
def test_only_so_many_steps_are_kept(most):
    history = UndoHistory(state(0), most=most)
    for puck in range(1, 9):
        history.remember(state(puck))
    assert history.steps == [most, 0]
    assert back(history, most) == list(range(7, 7 - most, -1))
    with pytest.raises(ValueError, match="most=0 must be at least 1"):
        UndoHistory(state(), most=0)
