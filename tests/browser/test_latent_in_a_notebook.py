"""The latent explorer in a real JupyterLab, with a real network (a small one that has learnt nothing) in a real kernel."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXPLORE = [
    "from musegen_edu import LatentExplorer, letters_to_score\nfrom musegen_edu.models.vae import MelodyVAE\n"
    "model = MelodyVAE(latent=8, units=32, hidden=32, decoder_units=16)\n"
    "tunes = [letters_to_score(text, key='C major', title=text) for text in ('A4:4 A A A', 'C D E F G A B C', 'G:4 E:4 C:4', 'E D C D E E E')]\n"
    "explorer = LatentExplorer(model, tunes, attributes={'more': [0.5] * 8}, seed=2)\nexplorer",
    "explorer.puck, explorer.amounts, [score.title for score in explorer.saved_scores], explorer.walking, explorer.history[0]",
    "explorer.puck = [8.0, 8.0]\nexplorer.here.title",
]
NOTEBOOKS = {"explorer.ipynb": EXPLORE}
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"


def result_of(page, i):
    page.evaluate(RUN, i)
    page.locator(f".jp-Notebook .jp-Cell >> nth={i}").locator(".jp-OutputArea-output").first.wait_for()
    page.wait_for_function(f"() => ({OUTPUTS})({i}).length > 0")
    return "".join(page.evaluate(OUTPUTS, i)[0]["data"]["text/plain"])


def test_a_plane_is_walked_in_a_notebook(open_notebook):
    watched = open_notebook("explorer.ipynb", height=1100)
    page = watched.page
    page.evaluate(RUN, 0)
    cell = page.locator(".jp-Notebook .jp-Cell >> nth=0")
    plane = cell.locator(".mg-plane")
    plane.wait_for(timeout=90_000)
    cell.locator(".mg-sheet g.note").first.wait_for()  # the engraving of the middle, from the kernel

    # Corner A sounds as entered, on the piano of the SoundFont.
    cell.get_by_role("button", name="Go to corner A").click()
    assert watched.hears(440)
    cell.get_by_text("A as entered").wait_for()
    cell.get_by_role("button", name="Keep this one").click()
    cell.get_by_label("Name of A4:4 A A A").or_(cell.get_by_label("Name of Melody 1")).first.wait_for()
    cell.get_by_role("button", name="Pause").click()

    # A slider decodes the whole plane again; undo takes it back.
    cell.get_by_role("slider", name="more").fill("2")
    page.wait_for_function("document.querySelector('.mg-mix').textContent.includes('more +2')")
    plane.focus()
    page.keyboard.press("ArrowRight")
    for _ in range(10):  # the front end holds a change back while the kernel has not acknowledged the one before
        text = result_of(page, 1)
        if text.startswith("([1.0, 0.0]"):
            break
        page.wait_for_timeout(500)
    assert text == "([1.0, 0.0], {'more': 2.0}, ['Melody 1'], False, 4)"
    cell.get_by_role("button", name="Undo").click()
    cell.get_by_role("button", name="Undo").click()
    page.wait_for_function("!document.querySelector('.mg-mix').textContent.includes('more')")

    # What Python does is seen in the page.
    assert result_of(page, 2) == "'E D C D E E E'"
    cell.get_by_text("D as entered").wait_for()
