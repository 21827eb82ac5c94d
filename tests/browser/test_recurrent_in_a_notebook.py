"""The widgets of lessons 05 and 06 in a real JupyterLab, with a real network in a real kernel."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLAY = [
    "from musegen_edu import SamplingPlayground, load_pretrained\nmodel = load_pretrained('melody_lstm')\n"
    "playground = SamplingPlayground(model, 'C:4 D E F G A B', seed=1)\nplayground",
    "[int(pitch) for pitch in playground.score.notes['pitch'][:8]], playground.tune.words[-1], playground.temperature",
]
VIEW = [
    "from musegen_edu import GateViewer, letters_to_score, load_pretrained\nmodel = load_pretrained('melody_lstm')\n"
    "viewer = GateViewer(letters_to_score('A4:4 C D E F G A B C', key='C major'), {'LSTM': model})\nviewer",
    "viewer.selected['token'], viewer.activities['LSTM'][0].state.shape[1]",
]
NOTEBOOKS = {"playground.ipynb": PLAY, "viewer.ipynb": VIEW}
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"
# Milliseconds from a click on "Take it" to the picture of what comes next.
TIMES = """async () => { const button = (name) => [...document.querySelectorAll('.mg-sampling button')].find((b) => b.textContent === name);
  const times = [];
  for (let i = 0; i < 12; i += 1) { button('Draw').click(); await new Promise((r) => setTimeout(r, 150));
    const before = document.querySelector('.mg-others').textContent; const start = performance.now(); button('Take it').click();
    while (document.querySelector('.mg-others').textContent === before && performance.now() - start < 3000) await new Promise((r) => setTimeout(r, 2));
    times.push(performance.now() - start); }
  return times.sort((a, b) => a - b); }"""


def test_a_melody_is_continued_with_a_network(open_notebook):
    watched = open_notebook("playground.ipynb")
    page = watched.page
    page.evaluate(RUN, 0)
    cell = page.locator(".jp-Notebook .jp-Cell >> nth=0")
    cell.locator(".mg-key").first.wait_for()
    page.wait_for_timeout(500)

    # The page's odds are the kernel's, and a step comes back soon.
    cell.locator('.mg-key[data-key="72"] .mg-face').click(position={"x": 3, "y": 70})
    cell.get_by_text("Your choice: C5, quarter").wait_for()
    cell.get_by_role("button", name="Take it").click()
    cell.get_by_text("Taken: C5, quarter").wait_for()
    times = page.evaluate(TIMES)
    print("ms from take to picture:", [round(t) for t in times])
    assert times[len(times) // 2] < 1500  # the machine may be busy: alone it takes a twentieth of that

    cell.get_by_role("button", name="4 bars").click()
    cell.get_by_text("The tune is finished").or_(cell.get_by_text("Undo takes them back together")).first.wait_for()
    cell.get_by_label("Temperature").fill("0.5")
    cell.get_by_role("button", name="Play what I have").click()
    assert watched.hears(261.63)  # the first note, C4, on the piano of the SoundFont
    cell.get_by_role("button", name="Pause").click()
    page.evaluate(RUN, 1)
    page.locator(".jp-Notebook .jp-Cell >> nth=1").locator(".jp-OutputArea-output").wait_for()
    text = "".join(page.evaluate(OUTPUTS, 1)[0]["data"]["text/plain"])
    assert text.startswith("([60, 62, 64, 65, 67, 69, 71, 72], '") and text.endswith("0.5)")


def test_the_gates_of_a_trained_network_are_seen_and_its_notes_heard(open_notebook):
    watched = open_notebook("viewer.ipynb")
    page = watched.page
    page.evaluate(RUN, 0)
    cell = page.locator(".jp-Notebook .jp-Cell >> nth=0")
    cell.get_by_text("LSTM kept").wait_for()
    cell.get_by_text("Changed most in c:").wait_for()
    assert cell.get_by_role("button", name="Follow unit").count() == 3
    cell.get_by_role("button", name="Play").click()
    assert watched.hears(440)  # the first note, A4, on the piano of the SoundFont
    cell.get_by_role("button", name="Pause").click()
    cell.locator(".mg-gates").focus()
    page.keyboard.press("End")
    cell.get_by_text("the end").wait_for()
    page.keyboard.press("ArrowLeft")
    cell.get_by_text("C6, quarter").wait_for()  # the scale goes on upwards from A4
    page.evaluate(RUN, 1)
    page.locator(".jp-Notebook .jp-Cell >> nth=1").locator(".jp-OutputArea-output").wait_for()
    text = "".join(page.evaluate(OUTPUTS, 1)[0]["data"]["text/plain"])
    token, units = text.strip("()").split(", ")
    assert int(token) > 10 and int(units) == 256
