"""The latent explorer's Python side: one call decodes the plane, corners stay as they were entered, and nothing is lost."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

from musegen_edu import PianoRollEditor, Score, letters_to_score, midi_to_score
from musegen_edu.tokens import FourBarCodec
from musegen_edu.widgets.base import packed_module, widget_module
from musegen_edu.widgets.latent_corners import corpus_corner, moved_to_tonic
from musegen_edu.widgets.latent_explorer import LatentExplorer
from musegen_edu.widgets.latent_journey import join_bars, path_to_cells
from musegen_edu.widgets.saved_melodies import melody_to_score, score_to_melody

HIGHER = {"higher": np.full(16, 0.5)}


@pytest.fixture
def explorer(toy_vae, four_corners):
    return LatentExplorer(toy_vae, four_corners, attributes=HIGHER)


def pitches(score):
    return score.notes["pitch"].tolist()


# ---- the plane ----


def test_the_plane_is_decoded_in_one_call(toy_vae, four_corners):
    explorer = LatentExplorer(toy_vae, four_corners, size=9, attributes=HIGHER)
    assert toy_vae.n_decodes == 1
    assert [len(row) for row in explorer.plane] == [9] * 9
    explorer.amounts = {"higher": 1.0}
    assert toy_vae.n_decodes == 2
    explorer.set_corner("B", four_corners[0])
    assert toy_vae.n_decodes == 3
    explorer.puck = [3.0, 2.0]  # a walk in the plane asks the model for nothing
    assert explorer.here == explorer.plane[2][3] and toy_vae.n_decodes == 3


def test_corners_sound_exactly_as_entered_and_what_lies_between_is_the_models(explorer, toy_vae, four_corners):
    ends = [explorer.plane[i][j] for i in (0, -1) for j in (0, -1)]
    for corner, sounding in zip(four_corners, ends, strict=True):
        np.testing.assert_array_equal(sounding.notes, corner.notes)  # onsets, durations, velocities and all
    codec_notes = explorer.plane[4][4].notes
    assert len(codec_notes) == 24 and set(codec_notes["velocity"].tolist()) == {80}
    means = [toy_vae.encode(FourBarCodec().encode(corner)[None])[0] for corner in four_corners]
    first_pitch = round(float(np.mean([mean[0, 0] for mean in means]) * 6 + 24)) + 42  # symbol 3 is MIDI 45
    assert pitches(explorer.plane[4][4])[0] == first_pitch


def test_the_page_gets_every_cell_and_the_corners_as_entered(explorer, four_corners):
    rows = np.frombuffer(explorer.notes_data, "<i4").reshape(-1, 5)
    assert sorted(set(rows[:, 4].tolist())) == list(range(85))
    for number, score in enumerate([score for row in explorer.plane for score in row] + list(four_corners)):
        sent = rows[rows[:, 4] == number]
        assert sent[:, 2].tolist() == pitches(score) and sent[:, 0].tolist() == score.notes["onset"].tolist()
    assert explorer.info["names"] == ["Tune 1", "Tune 2", "Tune 3", "Tune 4"]


def test_an_attribute_moves_the_whole_plane_and_zero_brings_it_back(explorer, four_corners):
    before = [pitches(score) for row in explorer.plane for score in row]
    explorer.amounts = {"higher": 2.0}
    middle = explorer.plane[4][4]
    assert np.array_equal(np.array(pitches(middle)) - 6, before[40])  # 2 x 0.5 x six semitones
    assert pitches(explorer.plane[0][0]) != pitches(four_corners[0])  # a moved corner is the model's
    explorer.amounts = {"higher": 0.0}
    assert [pitches(score) for row in explorer.plane for score in row] == before
    np.testing.assert_array_equal(explorer.plane[0][0].notes, four_corners[0].notes)


def test_a_plane_sounds_on_the_tonic_of_its_first_corner(toy_vae, four_corners):
    a, b, c, d = four_corners
    explorer = LatentExplorer(toy_vae, [a.transpose(7), b, c.transpose(7), d.transpose(7)], attributes={})
    assert explorer.plane[4][4].key == "G major"
    assert explorer.remark.startswith("The plane sounds on the tonic of A (G major); B (C major) sounds in another key")
    explorer.set_corner("B", b.transpose(7))
    assert explorer.remark == ""
    minor = Score.from_notes([tuple(row) for row in b.transpose(7).notes.tolist()], key="G minor")
    explorer.set_corner("B", minor)
    assert explorer.plane[1][7].key == "G minor" and explorer.plane[7][1].key == "G major"


# ---- corners ----


def test_an_editor_can_be_a_corner(toy_vae, four_corners):
    editor = PianoRollEditor(four_corners[0])
    explorer = LatentExplorer(toy_vae, [editor, *four_corners[1:]], attributes={})
    editor.score = four_corners[3]
    np.testing.assert_array_equal(explorer.plane[0][0].notes, four_corners[3].notes)


def test_corners_from_the_corpus_and_from_the_prior_follow_the_seed(toy_vae, four_corners):
    def three(seed):
        explorer = LatentExplorer(toy_vae, four_corners, attributes={}, seed=seed)
        return [explorer.corner_from_corpus("A"), explorer.corner_from_prior("B"), explorer.random_point()]

    assert three(3) == three(3)
    assert three(3) != three(4)
    tune = LatentExplorer(toy_vae, four_corners, attributes={}, seed=3).corner_from_corpus("C")
    assert (tune.key or "").startswith("C ") and tune.n_bars == 4 and len(tune) >= 8


def test_without_corners_four_folk_tunes_share_a_tonic(toy_vae):
    explorer = LatentExplorer(toy_vae, attributes={}, seed=1)
    tonics = {score.key.split()[0] for score in explorer.corners}
    assert len(tonics) == 1 and explorer.remark == ""
    assert len({score.title for score in explorer.corners}) == 4
    assert (corpus_corner("F major", np.random.default_rng(0)).key or "").startswith("F ")
    assert pitches(moved_to_tonic(Score.from_melody([60], 24), "F major")) == [60]  # no key, no tonic to move


def test_attributes_are_measured_on_folk_tunes(toy_vae, four_corners):
    explorer = LatentExplorer(toy_vae, four_corners)
    assert list(explorer.amounts) == ["density", "range", "syncopation", "contour", "majorness"]
    explorer.amounts = {"contour": 3.0}
    rise = np.polyfit(explorer.here.notes["onset"], explorer.here.notes["pitch"], 1)[0]
    explorer.amounts = {"contour": -3.0}
    assert rise > 0 > np.polyfit(explorer.here.notes["onset"], explorer.here.notes["pitch"], 1)[0]
    explorer.amounts = {"contour": 0.0}
    assert explorer.plane == LatentExplorer(toy_vae, four_corners, attributes={}).plane


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"corners": ["C D E"]}, "corners=.*four scores"),
        ({"corners": [Score()] * 3}, "corners=.*four scores"),
        ({"corners": [Score(), Score(), "C D E", Score()]}, "corner C is 'C D E'"),
        ({"corners": [Score(), Score(meter=(3, 4)), Score(), Score()]}, "corner B has the meter 3/4"),
        ({"corners": [Score.from_melody([60] * 17, 24), Score(), Score(), Score()]}, "corner A has 5 bars"),
        ({"corners": [Score(programs=(128,)), Score(), Score(), Score()]}, "corner A has the programs"),
        ({"corners": [Score(), Score(), Score(), Score.from_melody([60], 16)]}, "corner D: .*off the grid"),
        ({"size": 1}, "size=1 must be from 2 to 15"),
        ({"seed": -1}, "seed=-1"),
        ({"attributes": {"width": [1.0, 2.0]}}, r"attributes\['width'\].*16 numbers"),
        ({"hide": ["everything"]}, "hide holds 'everything'"),
    ],
)
def test_bad_arguments_are_named(toy_vae, four_corners, changes, message):
    with pytest.raises(ValueError, match=message):
        LatentExplorer(toy_vae, **{"corners": four_corners, "attributes": {}, **changes})


def test_a_model_must_encode_and_decode():
    with pytest.raises(ValueError, match="cannot encode"):
        LatentExplorer(object())  # type: ignore[arg-type]


def test_traits_refuse_what_is_no_place_or_no_melody(explorer, four_corners):
    for name, value in [("puck", [9.0, 0.0]), ("puck", [1.0]), ("path", [[0.0, 0.0], [-1.0, 0.0]]), ("amounts", {"higher": 4.0}), ("amounts", {"depth": 1.0}),
                        ("path_bars", 0), ("bpm", 0.5), ("program", 128), ("saved", [{"name": "x"}]), ("saved", [{"name": ""}])]:  # fmt: skip
        before = getattr(explorer, name)
        with pytest.raises(ValueError, match=name if name != "saved" else "saved|name"):
            setattr(explorer, name, value)
        assert getattr(explorer, name) == before
    with pytest.raises(ValueError, match="name='E' must be one of A, B, C, D"):
        explorer.set_corner("E", four_corners[0])
    with pytest.raises(ValueError, match="corner B has 5 bars"):
        explorer.set_corner("B", Score.from_melody([60] * 17, 24))
    assert explorer.corners == four_corners and explorer.history == [0, 0]


# ---- paths ----


def test_a_path_is_walked_at_an_even_pace():
    assert path_to_cells([(0, 0), (8, 0)], 5) == [(0, 0), (0, 2), (0, 4), (0, 6), (0, 8)]
    assert path_to_cells([(2, 2)], 3) == [(2, 2)] * 3
    assert path_to_cells([(1, 1), (1, 1), (3, 1)], 2) == [(1, 1), (1, 3)]
    assert path_to_cells([(0, 0), (0, 4), (4, 4)], 1) == [(0, 0)]
    for bad, message in [(([], 4), "path has no points"), (([(0, 0)], 0), "n_bars=0")]:
        with pytest.raises(ValueError, match=message):
            path_to_cells(*bad)


def test_joining_a_melodys_own_bars_gives_the_melody(four_corners):
    held = Score.from_notes([(0, 100, 60), (100, 200, 62), (300, 84, 64)], key="C major")
    for tune in (*four_corners, held):
        np.testing.assert_array_equal(join_bars([tune] * 4).notes, tune.notes)


def test_no_note_is_lost_or_torn_at_a_bar_line():
    low = Score.from_notes([(72, 48, 60), (120, 264, 55)])  # 60 is held over the first bar line
    high = Score.from_notes([(0, 84, 72), (84, 60, 74), (150, 90, 76)])  # 74 sounds there
    same = Score.from_notes([(60, 132, 60)])
    assert join_bars([low, high]).notes[["onset", "duration", "pitch"]].tolist() == [
        (72, 24, 60), (96, 48, 74), (150, 42, 76),
    ]  # fmt: skip
    assert join_bars([low, same]).notes[["onset", "duration", "pitch"]].tolist() == [(72, 120, 60)]  # goes on
    assert join_bars([low] * 5).duration == 480  # round again, to where the note of the first bar is cut
    with pytest.raises(ValueError, match="melodies is empty"):
        join_bars([])


def test_a_journey_takes_each_bar_from_where_the_walk_has_come(explorer):
    explorer.path, explorer.path_bars, explorer.walking = [[0.0, 0.0], [8.0, 8.0]], 9, True
    plane, journey = explorer.plane, explorer.journey
    assert journey.n_bars == 9 and explorer.heard == journey
    for bar in range(9):
        here = journey.slice_bars(bar + 1, bar + 1)
        there = plane[bar][bar].slice_bars(bar % 4 + 1, bar % 4 + 1)
        np.testing.assert_array_equal(here.notes["pitch"], there.notes["pitch"])
    explorer.walking = False
    assert explorer.heard == explorer.here


# ---- undo, saving, files ----


def test_undo_and_redo(explorer, four_corners):
    first = explorer.here
    explorer.puck = [1.0, 1.0]
    explorer.set_corner("A", letters_to_score("C:4 C G G A A G:2", key="C major"))
    explorer.amounts = {"higher": 1.0}
    explorer.amounts = {"higher": 1.5}  # the same slider: the same step
    explorer.path = [[0.0, 0.0], [1.0, 1.0]]
    explorer.save("mine")
    assert explorer.history == [5, 0]
    last = explorer.here
    for _ in range(5):
        explorer.undo()
    assert (explorer.history, explorer.corners, explorer.path, explorer.saved) == ([0, 5], four_corners, [], [])
    assert explorer.here == first and explorer.amounts == {"higher": 0.0}
    explorer.undo()  # there is nothing left, and nothing happens
    for _ in range(5):
        explorer.redo()
    assert explorer.here == last and [score.title for score in explorer.saved_scores] == ["mine"]
    explorer.undo()
    explorer.puck = [4.0, 4.0]  # a new step: the old future is gone
    assert explorer.history == [5, 0]


def test_saved_melodies_are_scores_with_names(explorer):
    explorer.puck = [0.0, 0.0]
    kept = [explorer.save("tune"), explorer.save("tune"), explorer.save()]
    assert [score.title for score in explorer.saved_scores] == ["tune", "tune 2", "Melody 3"]
    assert explorer.saved_scores == tuple(kept)
    np.testing.assert_array_equal(kept[0].notes, explorer.plane[0][0].notes)
    again = LatentExplorer(explorer._model, explorer.corners, attributes={})
    again.saved = explorer.saved
    assert again.saved_scores == explorer.saved_scores
    assert melody_to_score(score_to_melody(kept[0])) == kept[0]
    with pytest.raises(ValueError, match="without a proper 'key'"):
        explorer.saved = [{"name": "x", "notes": [], "bpm": 100, "program": 0}]


def test_exported_midi_is_what_is_heard(explorer):
    explorer.puck, explorer.bpm, explorer.program = [8.0, 0.0], 90.0, 73
    for walking in (False, True):
        explorer.path, explorer.walking = [[8.0, 0.0], [0.0, 8.0]], walking
        answer, (data,) = explorer.render_file({"format": "midi"}, [])
        score = midi_to_score(data)
        np.testing.assert_array_equal(score.notes, explorer.heard.notes)
        assert (score.bpm, score.programs, score.key) == (90.0, (73,), "C major")
        assert answer["name"] == ("A walk of 8 bars.mid" if walking else "Tune 2.mid")


def test_what_the_page_asks_for(explorer, four_corners):
    answer, _ = explorer.put_corner({"corner": 1, "source": "drawn", "notes": [[0, 24, 60, 80], [24, 24, 64, 80]]}, [])
    assert answer == {} and pitches(explorer.plane[0][-1]) == [60, 64]
    answer, _ = explorer.put_corner({"corner": 1, "source": "drawn", "notes": [[0, 16, 60, 80]]}, [])
    assert "corner B" in answer["error"] and pitches(explorer.plane[0][-1]) == [60, 64]
    explorer.puck = [4.0, 4.0]
    middle = pitches(explorer.here)
    explorer.put_corner({"corner": 2, "source": "here"}, [])
    assert pitches(explorer.corners[2]) == middle
    explorer.step({"what": "save", "name": "kept"}, [])
    explorer.put_corner({"corner": 3, "source": "saved", "index": 0}, [])
    assert explorer.corners[3].title == "kept"
    explorer.move({"amounts": {"higher": -1.0}}, [])
    assert explorer.amounts == {"higher": -1.0}
    steps = explorer.history[0]
    explorer.step({"what": "undo"}, [])
    explorer.step({"what": "redo"}, [])
    explorer.step({"what": "random"}, [])
    assert explorer.history == [steps + 1, 0]
    drawn, _ = explorer.engrave({"cell": 81, "width": 500}, [])
    assert drawn["pages"][0].startswith("<svg") and len(re.findall('class="note"', drawn["pages"][0])) == 16


# ---- how it is shown ----


def test_static_picture_and_page_code(explorer):
    explorer.path = [[0.0, 0.0], [8.0, 8.0]]
    picture = explorer.static_html()
    svg = base64.b64decode(picture.split("base64,")[1].split('"')[0]).decode()
    assert svg.count("<rect") == 82 and "<polyline" in svg and "A Tune 1" in svg
    assert "<audio" in picture and "<script" not in picture
    assert repr(explorer) == "LatentExplorer(QuarterLatents, 9 x 9 cells, puck at [4.0, 4.0])"
    assert LatentExplorer._esm == packed_module("latent_explorer")
    assert len(LatentExplorer._esm) < 30_000
    module = widget_module("latent_explorer")
    assert "https:" not in module and "import {" not in module
