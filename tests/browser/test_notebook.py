"""A notebook from the first click to the last in a real JupyterLab with a real kernel."""

import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = [
    "from musegen_edu.score import Score\nfrom musegen_edu.widgets import Player, Question, Quiz\n"
    "score = Score.from_melody([69, 81], 192, bpm=120, title='A and a', programs=(73,))\nscore",
    "player = Player(score, hide=['download'])\nplayer",
    "noted = []\nquiz = Quiz(Question('Which is higher?', [('A4', 'No.'), ('A5', 'Yes.', True)]),\n"
    "            on_result=lambda correct, total: noted.append((correct, total)))\nquiz",
    "(player.bpm, noted)",
]
DRAWING = [
    "from musegen_edu import PianoRollEditor, Score\neditor = PianoRollEditor(name='my tune')\neditor",
    "editor.score.notes.tolist()",
    "editor.score = editor.score.transpose(12)",
]
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"


NOTEBOOKS = {"tune.ipynb": CELLS, "drawing.ipynb": DRAWING}


def test_a_notebook_is_seen_heard_and_answered(open_notebook):
    watched = open_notebook("tune.ipynb")
    page = watched.page
    cell = [page.locator(f".jp-Notebook .jp-Cell >> nth={i}") for i in range(len(CELLS))]

    # A bare score shows the live player, and the static picture stays away.
    page.evaluate(RUN, 0)
    cell[0].locator(".mg-player").wait_for()
    cell[0].locator("g.note .notehead").first.wait_for()
    assert cell[0].locator(".mg-player").count() == 1
    assert cell[0].locator("audio").count() == 0 and cell[0].locator("img").count() == 0
    data = page.evaluate(OUTPUTS, 0)[0]["data"]
    assert "<audio" in "".join(data["text/html"]) and len("".join(data["text/html"])) < 300_000

    # A real click, the instrument of the SoundFont, and the pitch that is written.
    cell[0].get_by_role("button", name="Play", exact=True).click()
    cell[0].get_by_role("button", name="Pause", exact=True).wait_for()
    assert watched.hears(440)
    assert watched.hears(880)  # the second note
    assert int(cell[0].locator(".mg-seek").input_value()) >= 192
    cell[0].get_by_role("button", name="Pause", exact=True).click()

    # Files come from the kernel.
    for label, start in [("MIDI", b"MThd"), ("WAV", b"RIFF"), ("MusicXML", b"<?xml")]:
        with page.expect_download() as download:
            cell[0].get_by_role("button", name=f"Download {label}").click()
        assert Path(download.value.path()).read_bytes().startswith(start)
        assert download.value.suggested_filename.startswith("A and a.")

    # What is turned in the page arrives in Python.
    page.evaluate(RUN, 1)
    cell[1].locator(".mg-player").wait_for()
    assert cell[1].get_by_role("button", name="Download MIDI").count() == 0
    cell[1].get_by_label("Tempo, quarter notes a minute").fill("99")
    page.evaluate(RUN, 2)
    cell[2].get_by_role("button", name="A5").click()
    cell[2].get_by_text("Yes.").first.wait_for()
    page.evaluate(RUN, 3)
    cell[3].locator(".jp-OutputArea-output").wait_for()
    assert "".join(page.evaluate(OUTPUTS, 3)[0]["data"]["text/plain"]) == "(99.0, [(1, 1)])"

    # Keys go to the player and not to the notebook around it.
    cell[1].locator(".mg-player").focus()
    page.keyboard.press("ArrowRight")
    assert cell[1].locator(".mg-seek").input_value() == "24"

    # Without its kernel the player says so, and what it has already learnt it still plays.
    page.evaluate(RESTART)
    page.wait_for_timeout(500)
    cell[1].get_by_label("Instrument of Part 1").select_option(label="Violin")
    cell[1].locator(".mg-trouble").wait_for()
    assert "does not answer" in cell[1].locator(".mg-status").inner_text()
    cell[1].get_by_label("Instrument of Part 1").select_option(label="Flute")
    cell[1].get_by_role("button", name="Play", exact=True).click()
    assert watched.hears(440)


def test_a_drawing_outlives_the_kernel(open_notebook):
    watched = open_notebook("drawing.ipynb")
    page = watched.page
    cell = [page.locator(f".jp-Notebook .jp-Cell >> nth={i}") for i in range(len(DRAWING))]

    def drawn():
        page.evaluate(RUN, 1)
        cell[1].locator(".jp-OutputArea-output").wait_for()
        return "".join(page.evaluate(OUTPUTS, 1)[0]["data"]["text/plain"])

    # A note drawn with the mouse arrives in Python.
    page.evaluate(RUN, 0)
    canvas = cell[0].locator(".mg-canvas")
    canvas.wait_for()
    page.wait_for_timeout(500)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 44, box["y"] + 150)
    cell[0].get_by_text("bar 1 beat 1").wait_for()
    assert watched.until(lambda: re.fullmatch(r"\[\(0, 6, \d+, 90, 0\)\]", drawn()) is not None)
    pitch = int(drawn().split(", ")[2])
    assert 60 < pitch < 80  # the roll opens in the middle, wherever it was laid out

    # What Python assigns is shown, and keys go to the editor and not to the notebook around it.
    page.evaluate(RUN, 2)
    page.wait_for_timeout(500)
    cell[0].locator(".mg-grid").focus()
    page.keyboard.press(".")
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.keyboard.press("ArrowUp")
    assert watched.until(lambda: drawn() == f"[(0, 6, {pitch + 13}, 90, 0)]")
    with page.expect_download() as download:
        cell[0].get_by_role("button", name="Download MIDI").click()
    assert Path(download.value.path()).read_bytes().startswith(b"MThd")
    assert download.value.suggested_filename == "my tune.mid"

    # A new kernel finds the drawing, and a new page shows it.
    page.evaluate(RESTART)
    page.wait_for_timeout(500)
    open_notebook.wait_for_kernel(page)
    page.evaluate(RUN, 0)
    cell[0].locator(".mg-grid[aria-label*=': 1 note.']").wait_for()
    assert drawn() == f"[(0, 6, {pitch + 13}, 90, 0)]"
