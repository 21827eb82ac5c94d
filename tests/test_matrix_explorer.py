"""A matrix of numbers becomes cells that can be read, opened and walked; what does not fit is named."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from musegen_edu.models.markov import MarkovModel
from musegen_edu.score import Score
from musegen_edu.widgets import ConfusionExplorer, MatrixExplorer, TransitionExplorer
from musegen_edu.widgets.matrix_pictures import matrix_picture, shades_of
from musegen_edu.widgets.sounding import rows_to_notes

JACQUES = [0, 1, 2, 0, 0, 1, 2, 0, 2, 3, 4, 2, 3, 4]  # C D E C, C D E C, E F G, E F G
NAMES = ["C4", "D4", "E4", "F4", "G4"]


def pair(row, column):
    return [Score.from_melody([60 + row, 72 + column], 24)]


def explorer(values=((3, 1), (0, 0)), **options):
    return MatrixExplorer(
        values, ["C", "D"], ["G", "A"], **{"examples": pair, "row_name": "from", "column_name": "to", **options}
    )


def jacques(order=1, **options):
    return TransitionExplorer(MarkovModel(order=order, n_tokens=5).fit([JACQUES]), NAMES, **options)


def confusion(**options):
    true = ["reel", "reel", "jig", "reel", "waltz"]
    predicted = ["reel", "jig", "reel", "jig", "waltz"]
    tunes = [Score.from_melody([60 + i, 64 + i], 24, title=f"Tune {i}") for i in range(5)]
    return ConfusionExplorer(true, predicted, tunes, **options)


# ---- any matrix ----


def test_counts_and_probabilities_are_told_apart():
    assert explorer().read_out(0, 1) == "from C to A: 1 of 4, 25.0 %"
    assert explorer(((0.75, 0.25), (0, 0))).read_out(0, 1) == "from C to A: 25.0 %"
    assert explorer().read_out(1, 0) == "from D to G: 0 of 0, 0.0 %"
    assert explorer().shares().tolist() == [[0.75, 0.25], [0, 0]]
    assert explorer().matrix["counts"] and not explorer(((1, 0), (0, 1))).matrix["counts"]


def test_a_cell_opens_its_music():
    widget = explorer(examples=lambda row, column: pair(row, column) * 3 if column else [])
    answer, (rows,) = widget.open_cell({"row": 1, "column": 1, "index": 9}, [])
    assert (answer["count"], answer["index"], answer["titles"]) == (3, 2, ["Piece 1", "Piece 2", "Piece 3"])
    assert rows_to_notes(rows)["pitch"].tolist() == [61, 73]
    assert widget.heard == pair(1, 1)[0]
    engraving, _ = widget.engrave_opened({}, [])
    assert len(engraving["rows"]) == 2 and engraving["pages"][0].count("<svg")
    assert widget.open_cell({"row": 0, "column": 0, "index": 0}, []) == ({"titles": [], "index": 0}, [])
    assert (
        "cell=(2, 0) must be a row from 0 to 1" in widget.open_cell({"row": 2, "column": 0, "index": 0}, [])[0]["error"]
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], r"shape \(2, 3\) for 2 row labels and 2 column labels"),
        ([1, 2], r"shape \(2,\)"),
        ([[1, -2], [0, 0]], r"values holds -2 \(1 such cells\)"),
        ([[1, np.nan], [np.inf, 0]], r"values holds nan \(2 such cells\)"),
        ([["a", "b"], ["c", "d"]], "must be a table of numbers"),
        ([[1, 2], [3]], "must be a table of numbers"),
    ],
)
def test_values_that_are_no_table_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        explorer(values)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"examples": None}, "examples=None must be a function"),
        ({"scale": "log"}, "scale='log' must be one of linear, square root, logarithmic"),
        ({"measure": "count"}, "measure='count' must be one of share, value"),
        ({"hide": ["walk"]}, "hide holds 'walk'; it may hold title"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        explorer(**options)


def test_a_cell_outside_is_refused_and_the_old_one_stays():
    widget = explorer()
    widget.cell = [1, 0]
    for wrong in ([2, 0], [0, -1], [0]):
        with pytest.raises(ValueError, match=r"cell=.* must be a row from 0 to 1 and a column from 0 to 1"):
            widget.cell = wrong
    assert widget.cell == [1, 0]
    with pytest.raises(ValueError, match="512"):
        MatrixExplorer(np.ones((513, 1)), ["x"] * 513, ["y"], examples=pair)


# ---- transitions ----


def test_a_plain_table_plays_its_steps():
    widget = TransitionExplorer([[0, 3], [1, 1]], ["C", "Eb5"], ticks=6, bpm=90, program=73)
    answer, (rows,) = widget.open_cell({"row": 0, "column": 1, "index": 0}, [])
    assert rows_to_notes(rows)["pitch"].tolist() == [60, 75]  # a name without an octave is in the fourth
    assert (answer["title"], answer["bpm"], answer["programs"], answer["duration"]) == ("C → Eb5", 90, [73], 12)
    assert widget.orders == [1] and widget.order == 1


def test_a_model_shows_the_rows_of_every_order():
    widget = jacques(order=2)
    assert widget.orders == [1, 2] and widget.order == 2
    assert widget.read_out(widget.row_labels.index("C4 D4"), 2) == "from C4 D4 to E4: 2 of 2, 100.0 %"
    _, (rows,) = widget.open_cell({"row": widget.row_labels.index("D4 E4"), "column": 0, "index": 0}, [])
    assert rows_to_notes(rows)["pitch"].tolist() == [62, 64, 60]
    widget.cell = [0, 0]
    widget.order = 1
    assert widget.cell == [] and widget.matrix["rows"] == NAMES
    table = [[1, 2, 1, 0, 0], [0, 0, 2, 0, 0], [2, 0, 0, 2, 0], [0, 0, 0, 0, 2], [0, 0, 1, 0, 0]]  # counted by hand
    assert widget.values.tolist() == table
    assert widget.matrix["values"] == np.ravel(table).tolist()
    with pytest.raises(ValueError, match="order=3 must be from 1 to 2"):
        widget.order = 3


def test_a_walk_keeps_to_the_table_and_to_its_seed():
    widget = jacques(order=2, steps=60)
    walks = [widget.walk(seed=seed) for seed in range(20)]
    assert walks == [widget.walk(seed=seed) for seed in range(20)] and len(set(map(tuple, walks))) > 3
    known = {tuple(JACQUES[i : i + 3]) for i in range(len(JACQUES) - 2)} | {(0, 0, 1)}
    for states in walks:
        assert all(tuple(states[i : i + 3]) in known for i in range(len(states) - 2))
    assert widget.walk(start=0, steps=1)[:2] == [0, 0]


def test_walks_follow_the_probabilities():
    widget = TransitionExplorer([[3, 1], [1, 0]], ["C4", "D4"])
    states = np.concatenate([widget.walk(steps=256, seed=seed) for seed in range(20)])
    after_c = states[1:][states[:-1] == 0]
    assert np.mean(after_c == 1) == pytest.approx(0.25, abs=0.03)
    assert (states[:-1][1:][states[:-2] == 1] == 0).mean() > 0.98  # but for the seams between the walks


def test_the_page_is_told_which_cell_sounds_when():
    widget = jacques(ticks=6, steps=8)
    answer, (rows,) = widget.take_walk({"seed": 4, "from": 1}, [])
    pitches = rows_to_notes(rows)["pitch"].tolist()
    assert pitches[0] == 62 and len(pitches) == 9
    assert [tick for _, _, tick in answer["cells"]] == [6, 12, 18, 24, 30, 36, 42, 48]
    sounding = [60, 62, 64, 65, 67]
    for step, (row, column, _) in enumerate(answer["cells"]):
        assert (sounding[row], sounding[column]) == (pitches[step], pitches[step + 1])


def test_a_walk_that_cannot_go_on_ends_and_says_so():
    widget = TransitionExplorer([[0, 1], [0, 0]], ["C4", "D4"], steps=8)
    answer, _ = widget.take_walk({"seed": 0, "from": 0}, [])
    assert len(answer["cells"]) == 1
    assert answer["remark"] == "The walk ends: after D4, nothing was ever counted."


def test_of_many_contexts_the_most_frequent_are_shown_and_all_are_walked():
    rng = np.random.default_rng(0)
    tunes = rng.integers(1, 20, (200, 40))
    tunes[:, :3] = [1, 2, 3]
    widget = TransitionExplorer(MarkovModel(order=2, n_tokens=20).fit(tunes), [f"C{i % 8}" for i in range(20)])
    assert len(widget.row_labels) == 128 and widget.matrix["remark"] == "The 128 most frequent of 362 rows."
    assert widget.totals.max() >= 200
    answer, _ = widget.take_walk({"seed": 0, "from": -1}, [])
    rows = [row for row, _, _ in answer["cells"]]
    assert -1 in rows and max(rows) > -1 and len(rows) == 32


def test_states_may_sound_as_the_teacher_likes():
    def to_score(states):
        return Score.from_melody([60 + 12 * s for s in states if s], 24)

    widget = TransitionExplorer(MarkovModel(1, 3).fit([[0, 1, 2]]), ["start", "low", "high"], to_score=to_score)
    answer, (rows,) = widget.take_walk({"seed": 0, "from": 0}, [])
    assert [tick for _, _, tick in answer["cells"]] == [0, 24]  # the start makes no sound
    assert rows_to_notes(rows)["pitch"].tolist() == [72, 84]


@pytest.mark.parametrize(
    ("source", "labels", "options", "message"),
    [
        (np.ones((2, 3)), ["C", "D"], {}, r"shape \(2, 3\) for 2 row labels"),
        (np.ones((2, 2)), ["C"], {}, r"shape \(2, 2\) for 1 row labels"),
        (np.ones((2, 2)), ["C", "start"], {}, "labels holds 'start', which is no note name; give to_score"),
        (np.ones((2, 2)), ["C", "D"], {"order": 2}, "order=2 must be from 1 to 1"),
        (np.ones((2, 2)), ["C", "D"], {"steps": 0}, "steps=0 must be from 1 to 256"),
        (np.ones((2, 2)), ["C", "D"], {"ticks": 0}, "ticks=0 must be from 1 to 960"),
        (np.ones((2, 2)), ["C", "D"], {"seed": -1}, "seed=-1 must be from 0"),
        (MarkovModel(1, 3), ["C", "D"], {}, "labels holds 2 names for a model of 3 tokens"),
        (MarkovModel(1, 2), ["C", "D"], {}, "has counted nothing"),
        (MarkovModel(0, 2).fit([[0, 1]]), ["C", "D"], {}, "order=0 must be"),
    ],
)
def test_wrong_tables_are_refused(source, labels, options, message):
    with pytest.raises(ValueError, match=message):
        TransitionExplorer(source, labels, **options)


def test_counts_of_a_model_sum_to_what_it_read():
    model = MarkovModel(order=3, n_tokens=5).fit([JACQUES, JACQUES[3:]])
    for order in range(4):
        contexts, counts = model.counts(order)
        assert contexts.shape == (len(counts), order) and counts.sum() == 13 + 10
    with pytest.raises(ValueError, match="order=4 must be from 0 to 3"):
        model.counts(4)


# ---- confusion ----


def test_each_cell_of_a_confusion_matrix_holds_its_pieces():
    widget = confusion()
    assert widget.row_labels == ("jig", "reel", "waltz")
    assert widget.values.tolist() == [[0, 1, 0], [2, 1, 0], [0, 0, 1]]
    assert widget.read_out(1, 0) == "true reel, predicted jig: 2 of 3, 66.7 %"
    assert widget.pieces("reel", "jig") == [1, 3]
    answer, (rows,) = widget.open_cell({"row": 1, "column": 0, "index": 1}, [])
    assert answer["titles"] == ["Tune 1", "Tune 3"] and rows_to_notes(rows)["pitch"].tolist() == [63, 67]
    assert widget.matrix["remark"].startswith("2 of 5 right, 40.0 %")
    with pytest.raises(ValueError, match="predicted='polka' must be one of jig, reel, waltz"):
        widget.pieces("reel", "polka")


def test_classes_may_be_numbers_and_titles_may_be_given():
    tunes = [Score.from_melody([60], 24)] * 3
    widget = ConfusionExplorer(np.array([0, 1, 1]), [0, 0, np.int64(1)], tunes, ["reel", "jig", "air"], ["a", "b", "c"])
    assert widget.values.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert widget.open_cell({"row": 1, "column": 0, "index": 0}, [])[0]["titles"] == ["b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], ["a", "a"], [Score()] * 2), "true has length 1 for 2 scores"),
        ((["a"], [], [Score()]), "predicted has length 0 for 1 scores"),
        ((["a"], ["a"], [Score()], None, ["x", "y"]), "titles has length 2 for 1 scores"),
        ((["a"], ["a"], ["C D E"]), r"scores\[0\]='C D E' must be a Score"),
        (([], [], []), "scores is empty"),
        (([0], [0], [Score()]), "hold 0; where they are numbers, give labels"),
        (([0], [2], [Score()], ["a", "b"]), r"predicted\[0\]=2 must be one of a, b, or a number from 0 to 1"),
        ((["c"], ["a"], [Score()], ["a", "b"]), r"true\[0\]='c' must be one of a, b"),
        (([0.5], [0], [Score()], ["a", "b"]), r"true\[0\]=0.5 must be"),
        ((["a"], ["a"], [Score()], ["a", "a"]), "must be different names"),
    ],
)
def test_answers_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConfusionExplorer(*arguments)


# ---- where no widget lives ----


def picture_of(html):
    return base64.b64decode(re.findall(r"svg\+xml;base64,([^\"]+)", html)[0]).decode("utf-8")


def test_shades_follow_the_scale():
    values = np.array([0.0, 1.0, 10.0, 1000.0])
    assert shades_of(values, "linear").tolist() == [0, 0.001, 0.01, 1]
    assert shades_of(values, "square root") == pytest.approx([0, 0.0316, 0.1, 1], abs=1e-3)
    assert shades_of(values, "logarithmic") == pytest.approx([0, 0.04, 1 / 3, 1])


def test_the_static_picture_names_rows_and_columns_and_lets_something_be_heard():
    html = confusion(title="Who is <who>?").static_html()
    assert "Who is &lt;who&gt;?" in html
    svg = picture_of(html)
    for text in ("jig", "reel", "waltz", "→ predicted", "↓ true", "linear scale", ">2<"):
        assert text in svg
    assert html.count("<audio") == 2  # one of each mistake that was made
    assert "true reel, predicted jig: 2 of 3, 66.7 %. One of them: Tune 1" in html
    walk = jacques(seed=3).static_html()
    assert walk.count("<audio") == 1 and "A walk of 16 steps through the table, seed 3" in walk


def test_a_large_static_picture_stays_small_and_thins_its_labels():
    values = np.random.default_rng(0).random((128, 128))
    html = matrix_picture(values, [f"r{i}" for i in range(128)], [f"c{i}" for i in range(128)], ("from", "to"))
    assert len(html) < 500_000
    svg = picture_of(html)
    assert 20 < len(re.findall(r">r\d+<", svg)) < 40
    assert 10 < svg.count("<path") <= 16
