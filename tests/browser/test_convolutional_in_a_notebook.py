"""The widgets of lesson 07 in a real JupyterLab: a kernel that is edited, a network that fills, and a Stop button that works while a cell runs."""

import ast

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOK = [
    "from musegen_edu import FilterExplorer, Score\nmusic = Score.from_notes([(0, 96, 69, 100, 0), (0, 24, 81, 100, 0), (0, 24, 84, 100, 0)])\n"
    "explorer = FilterExplorer(music, kernel='a long note')\nexplorer",
    "explorer.lit_score.notes['pitch'].tolist(), explorer.kernel, explorer.threshold",
    "explorer.weights = [[1, 0, 0, 1]]\nexplorer.bias = -1.0",
    "import numpy as np\nfrom musegen_edu.quiet_keras import keras\nkeras.utils.set_random_seed(0)\n"
    "cnn = keras.Sequential([keras.Input((None, 80, 1)), keras.layers.Conv2D(3, 3, activation='relu', name='first'), keras.layers.Conv2D(4, 3, name='second')])\ncnn.set_weights([abs(w) for w in cnn.get_weights()])\n"
    "tone = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)\nfrom musegen_edu import audio_to_mel\n"
    "inside = FilterExplorer(1 + audio_to_mel(tone, 16000).T / 80, model=cnn, audio=tone, sr=16000)\ninside",
    "inside.layer, inside.channel, inside.feature_map.shape",
]
FILL = [
    "from musegen_edu import ChoraleInpainter, Inpainter, load_dataset\nchorale = load_dataset('chorales').valid[0].slice_bars(1, 4)\n"
    "model = ChoraleInpainter(filters=2, channels=4, dilations=(1,))\n"
    "inpainter = Inpainter(chorale, model=model, n_steps=6)\ninpainter",
    "[inpainter.score.part(v) == chorale.part(v) for v in range(4)], inpainter.place['step'], int(inpainter.erased.sum())",
    "filled = inpainter.fill(n_steps=512)\ninpainter.place['step'] < 512, inpainter.original == chorale",
]
NOTEBOOKS = {"look.ipynb": LOOK, "fill.ipynb": FILL}
CHOOSE = "const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i; notebook.content.deselectAll();"
RUN = f"async (i) => {{ {CHOOSE} await window.jupyterapp.commands.execute('notebook:run-cell'); }}"
BEGIN = f"(i) => {{ {CHOOSE} window.jupyterapp.commands.execute('notebook:run-cell'); }}"
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"


def cell_of(page, index):
    return page.locator(f".jp-Notebook .jp-Cell >> nth={index}")


def result_of(page, index):
    page.evaluate(RUN, index)
    cell_of(page, index).locator(".jp-OutputArea-output").first.wait_for()
    return "".join(page.evaluate(OUTPUTS, index)[-1]["data"]["text/plain"])


def test_a_kernel_is_edited_and_a_network_looked_into(open_notebook):
    watched = open_notebook("look.ipynb")
    page = watched.page
    page.evaluate(RUN, 0)
    cell = cell_of(page, 0)
    cell.get_by_text("Place ").first.wait_for()
    cell.get_by_role("button", name="Play").click()
    assert watched.hears(440)  # A4, the only long one, on the piano of the SoundFont
    cell.get_by_role("button", name="Pause").click()
    cell.locator(".mg-weights[data-name=kernel]").focus()
    page.keyboard.press("+")
    turned = "([69], [[1.25], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0], [1.0]], 0.5)"
    assert watched.until(lambda: result_of(page, 1) == turned)
    page.evaluate(RUN, 2)  # and the other way: Python sets the kernel
    page.wait_for_function("() => document.querySelectorAll('.mg-weights[data-name=kernel] span').length === 4")
    assert cell.get_by_label("Preset").input_value() == "3"
    assert result_of(page, 1).startswith("([81, 84], [[1.0, 0.0, 0.0, 1.0]]")

    page.evaluate(RUN, 3)
    inside = cell_of(page, 3)
    inside.get_by_label("Filter 2 of first").wait_for()
    inside.get_by_label("Layer", exact=True).select_option("1")
    inside.get_by_label("Filter 3 of second").click()
    inside.get_by_text("has seen 5 frames").wait_for()
    inside.get_by_role("button", name="Play").click()
    inside.get_by_role("button", name="Pause").wait_for()
    inside.get_by_label("Hear").select_option("original")
    inside.get_by_role("button", name="Play").click()
    assert watched.hears(440)
    assert result_of(page, 4) == "(1, 3, (59, 76))"


def test_a_chorale_is_filled_and_a_filling_cell_is_stopped(open_notebook):
    watched = open_notebook("fill.ipynb")
    page = watched.page
    page.evaluate(RUN, 0)
    cell = cell_of(page, 0)
    cell.get_by_role("button", name="Erase the whole alto").click()
    cell.locator(".mg-status", has_text="cells erased").wait_for()
    cell.get_by_role("button", name="Fill", exact=True).click()
    cell.locator(".mg-status", has_text="Step 6 of 6").wait_for()
    same, step, erased = ast.literal_eval(result_of(page, 1))
    assert (same[0], same[2], same[3], step) == (True, True, True, 6) and erased > 60
    cell.get_by_role("button", name="Play").click()
    assert watched.until(lambda: watched.loudness() > 0.005)  # four voices have no one pitch
    cell.get_by_role("button", name="Pause").click()

    page.evaluate(BEGIN, 2)  # the cell fills: the page watches, and its button ends that
    cell.locator(".mg-status", has_text="of 512").wait_for()
    cell.get_by_role("button", name="Stop").click()
    cell_of(page, 2).locator(".jp-OutputArea-output").wait_for()
    assert "".join(page.evaluate(OUTPUTS, 2)[0]["data"]["text/plain"]) == "(True, True)"
    cell.get_by_role("button", name="Undo").click()
    cell.locator(".mg-status", has_text="Undone").wait_for()
