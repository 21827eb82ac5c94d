"""The spectrogram player in a real JupyterLab with a real kernel: seen, heard, selected, compared, and set from Python."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREPARE = """
import numpy as np
from musegen_edu import SpectrogramPlayer
def tones(*pitches):
    time = np.arange(8 * 22050) / 22050
    return np.concatenate([0.5 * np.sin(2 * np.pi * pitch * time) for pitch in pitches])
player = SpectrogramPlayer(tones(440, 880), 22050, other=tones(660, 660), labels=("two", "one"), view="stft")
player
"""
REPORT = "import json\nprint(json.dumps([player.selection, player.source, player.view, player.n_fft]))"
CHANGE = "player.view, player.selection, player.source = 'cqt', (9.0, 9.5), 'A'"
ANOTHER = "player.other = tones(550)\nplayer.source = 'B'\nplayer.selection = None"
NOTEBOOKS = {"sound.ipynb": [PREPARE.strip(), REPORT, CHANGE, ANOTHER]}
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"
LIGHT = """() => { const canvas = document.querySelector('.mg-plot canvas');
  const { data } = canvas.getContext('2d').getImageData(60, 10, canvas.width - 130, canvas.height - 40);
  let most = 0; for (let i = 0; i < data.length; i += 4) most = Math.max(most, data[i]); return most; }"""


def test_a_sound_is_seen_heard_compared_and_set_from_python(open_notebook):
    watched = open_notebook("sound.ipynb")
    page = watched.page
    cell = page.locator(".jp-Notebook .jp-Cell >> nth=0")

    def report():
        page.evaluate(RUN, 1)
        page.wait_for_function(f"() => ({OUTPUTS})(1).length === 1")
        return json.loads("".join(page.evaluate(OUTPUTS, 1)[0]["text"]))

    # The picture comes by itself, the static one stays away.
    page.evaluate(RUN, 0)
    cell.locator(".mg-spectrogram").wait_for()
    page.wait_for_function(f"() => ({LIGHT})() > 200")
    assert cell.locator("audio").count() == 0 and cell.locator("img").count() == 0
    data = page.evaluate(OUTPUTS, 0)[0]["data"]
    assert "<audio" in "".join(data["text/html"]) and len("".join(data["text/html"])) < 300_000

    # A real click is heard; the other sound is in the same place.
    cell.get_by_role("button", name="Play", exact=True).click()
    cell.get_by_role("button", name="Pause", exact=True).wait_for()
    assert watched.hears(440, rel=0.002)
    cell.get_by_role("button", name="one", exact=True).click()
    assert watched.hears(660, rel=0.002)
    cell.get_by_role("button", name="two", exact=True).click()

    # What is dragged in the page arrives in Python, and keys go to the player and not to the notebook around it.
    box = cell.locator(".mg-plot").first.bounding_box()
    width = box["width"] - 120
    page.mouse.move(box["x"] + 58 + width * 0.125, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 58 + width * 0.25, box["y"] + 100, steps=5)
    page.mouse.up()
    page.keyboard.press("b")
    cell.get_by_label("Window, in samples").select_option("512")
    assert watched.until(lambda: report()[1:] == ["B", "stft", 512])
    selection, source, view, n_fft = report()
    assert selection == pytest.approx([2.0, 4.0], abs=0.03)
    assert (source, view, n_fft) == ("B", "stft", 512)
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == len(
        NOTEBOOKS["sound.ipynb"]
    )

    # What Python sets is shown and heard.
    page.evaluate(RUN, 2)
    assert watched.hears(880, rel=0.002)
    assert 9.0 <= float(cell.locator(".mg-seek").input_value()) <= 9.5
    assert cell.get_by_role("tab", name="CQT").get_attribute("aria-selected") == "true"
    page.wait_for_function(f"() => ({LIGHT})() > 200")
    page.evaluate(RUN, 3)
    cell.locator(".mg-seek").fill("1")  # the new sound ends before the place where the old one was
    cell.get_by_role("button", name="Play", exact=True).click()
    cell.get_by_role("button", name="Pause", exact=True).wait_for()
    assert watched.hears(550, rel=0.002)
