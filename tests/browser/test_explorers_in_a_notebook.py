"""The matrix explorers in a real JupyterLab with a real kernel and the real instruments: clicked, walked, heard and set from Python."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREPARE = """
from musegen_edu import ConfusionExplorer, MarkovModel, Score, TransitionExplorer
model = MarkovModel(order=2, n_tokens=2).fit([[0, 1, 1, 0, 1, 0, 0, 1] * 4])
table = TransitionExplorer(model, ["A4", "A5"], order=1, ticks=48, bpm=30, program=73, title="Two notes")
table
"""
CONFUSION = """
tunes = [Score.from_melody([69 + 12 * (i % 2)], 192, bpm=60, title=f"Tune {i}", programs=(73,)) for i in range(4)]
found = ConfusionExplorer(["reel", "reel", "reel", "jig"], ["jig", "jig", "reel", "jig"], tunes)
found
"""
REPORT = "import json\nprint(json.dumps([table.cell, table.order, table.seed, len(table.row_labels), found.cell]))"
CHANGE = "table.order, found.scale = 1, 'square root'\ntable.cell = [1, 0]"
NOTEBOOKS = {"explorers.ipynb": [PREPARE.strip(), CONFUSION.strip(), REPORT, CHANGE]}
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"


def test_tables_are_clicked_walked_heard_and_set_from_python(open_notebook):
    watched = open_notebook("explorers.ipynb")
    page = watched.page
    table, confusion = (page.locator(f".jp-Notebook .jp-Cell >> nth={i}") for i in range(2))

    def click(cell, row, column):
        heat = cell.locator(".mg-heat")
        heat.scroll_into_view_if_needed()
        place = heat.evaluate("(heat) => ['left', 'top', 'cell'].map((name) => Number(heat.dataset[name]))")
        x, y = place[0] + (column + 0.5) * place[2], place[1] + (row + 0.5) * place[2]
        heat.click(position={"x": x, "y": y})

    def report():
        page.evaluate(RUN, 2)
        page.wait_for_function(f"() => ({OUTPUTS})(2).length === 1")
        return json.loads("".join(page.evaluate(OUTPUTS, 2)[0]["text"]))

    for i in (0, 1):
        page.evaluate(RUN, i)
    for cell, html_has in ((table, "<audio"), (confusion, "One of them: Tune 0")):
        cell.locator(".mg-heat canvas").wait_for()
        assert cell.locator("audio").count() == 0 and cell.locator("img").count() == 0  # the static picture stays away
        data = page.evaluate(OUTPUTS, 0 if cell is table else 1)[0]["data"]
        assert html_has in "".join(data["text/html"]) and len("".join(data["text/html"])) < 300_000
    watched.lets_pass(300)

    # A step of the chain: both of its notes, by the flute, and on paper.
    click(table, 0, 1)
    table.locator(".mg-readout", has_text="from A4 to A5: 12 of 16, 75.0 %").wait_for()
    assert watched.hears(440)
    assert watched.hears(880)
    table.locator(".mg-paper g.note").nth(1).wait_for()
    table.get_by_role("button", name="Play", exact=True).wait_for()

    # Keys go to the map and not to the notebook around it.
    page.keyboard.press("ArrowDown")
    assert table.locator(".mg-readout").inner_text().startswith("from A5 to A5")
    assert report()[0] == [1, 1]

    # A longer memory brings other rows; a walk lights up cells and is stopped.
    table.get_by_label("How far back the chain looks").select_option("2")
    page.wait_for_function("document.querySelector('.mg-heat').getAttribute('aria-label').includes('4 rows')")
    assert report()[:4] == [[], 2, 0, 4]
    table.get_by_role("button", name="Walk", exact=True).click()
    table.get_by_role("button", name="Stop", exact=True).wait_for()
    page.wait_for_function("document.querySelector('.mg-readout').textContent.startsWith('from A')")
    table.get_by_role("button", name="Stop", exact=True).click()
    table.get_by_role("button", name="Walk", exact=True).wait_for()

    # A mistake of the classifier: its pieces, one after the other.
    click(confusion, 1, 0)
    confusion.get_by_text("1 of 2: Tune 0").wait_for()
    confusion.get_by_role("button", name="Play", exact=True).click()
    assert watched.hears(440)
    confusion.get_by_role("button", name="Next piece").click()
    confusion.get_by_text("2 of 2: Tune 1").wait_for()
    assert watched.hears(880)
    confusion.get_by_role("button", name="Pause", exact=True).click()
    assert report()[4] == [1, 0]

    # What Python sets is shown.
    page.evaluate(RUN, 3)
    confusion.get_by_text("square root scale").last.wait_for()
    page.wait_for_function("document.querySelector('.mg-readout').textContent.startsWith('from A5 to A4')")
