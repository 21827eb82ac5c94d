"""What the heat maps do with clicks and keys, in Chromium, with the real Python side and pure tones in the place of instruments."""

import base64

import pytest

from musegen_edu.models.markov import MarkovModel
from musegen_edu.score import Score
from musegen_edu.widgets import ConfusionExplorer, MatrixExplorer, TransitionExplorer

pytestmark = pytest.mark.browser

ASK_PYTHON = """globalThis.answers = Object.fromEntries(["open_cell", "take_walk", "engrave_opened"].map((name) => [name, async (message) => {
  const [answer, files] = await askPython(name, message);
  return [answer, files.map((text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer))]; }]));"""
# The middle of a cell in the page; labels are to the left and above, and their sizes are measured text.
CELL = """([row, column]) => { const box = document.querySelector(".mg-heat canvas").getBoundingClientRect();
  const heat = document.querySelector(".mg-heat");
  const { left, top, cell } = heat.dataset; return [box.x + Number(left) + (column + 0.5) * cell - heat.scrollLeft,
  box.y + Number(top) + (row + 0.5) * cell - heat.scrollTop]; }"""
# The table lies where it will stay: neither a font nor a change of size moves it any more.
STILL = """() => document.fonts.ready.then(() => new Promise((resolve) => { let before = "", frames = 0; const look = () => {
  const heat = document.querySelector(".mg-heat"), box = heat.querySelector("canvas").getBoundingClientRect();
  const now = JSON.stringify([box, heat.dataset]); frames = now === before && box.width ? frames + 1 : 0; before = now;
  if (frames < 3) requestAnimationFrame(look); else resolve(); }; look(); }))"""


def table(**options):
    """A4 goes to A5, and A5 to either."""
    return TransitionExplorer([[0, 30], [1, 2]], ["A4", "A5"], ticks=48, title="Two notes", **options)


def confusion(**options):
    tunes = [Score.from_melody([69 + 12 * (i % 2)], 480, title=f"Tune {i}", bpm=60) for i in range(4)]  # 20 s each
    return ConfusionExplorer(["reel", "reel", "reel", "jig"], ["jig", "jig", "reel", "jig"], tunes, **options)


@pytest.fixture
def live(show):
    """Show a widget whose questions are answered by Python itself."""

    def show_live(widget, **options):
        watched = show(widget, later=True, **options)
        page = watched.page

        def ask(name, message):
            answer, files = getattr(widget, name)(message, [])
            return [answer, [base64.b64encode(file).decode("ascii") for file in files]]

        page.expose_function("askPython", ask)
        page.evaluate(ASK_PYTHON)
        page.evaluate("() => { globalThis.cleanUp = show(); }")
        page.wait_for_function("document.querySelector('.mg-heat canvas').clientWidth > 0")
        page.evaluate(STILL)
        return watched

    return show_live


def test_a_click_plays_the_step(live):
    watched = live(table(bpm=15))  # 8 s a note: a busy machine hears each of them
    page = watched.page
    page.mouse.click(*page.evaluate(CELL, [0, 1]))
    page.locator(".mg-readout", has_text="from A4 to A5: 30 of 30, 100.0 %").wait_for()
    assert page.evaluate("[model.get('cell'), model.saved]") == [[0, 1], 1]
    assert watched.hears(440)
    assert watched.hears(880)
    page.locator(".mg-paper g.note").nth(1).wait_for()  # and seen as notes
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert page.locator(".mg-share").all_inner_texts() == ["A5\n100.0 %"]


def test_the_pointer_reads_out_and_arrow_keys_walk(live):
    watched = live(table())
    page = watched.page
    page.mouse.move(*page.evaluate(CELL, [1, 1]))
    assert page.locator(".mg-readout").inner_text() == "from A5 to A5: 2 of 3, 66.7 %"
    page.mouse.move(1, 1)
    assert "walk with the arrow keys" in page.locator(".mg-readout").inner_text()
    page.locator(".mg-heat").focus()
    for key, cell in [("ArrowDown", [0, 0]), ("ArrowDown", [1, 0]), ("ArrowRight", [1, 1]), ("ArrowRight", [1, 1]), ("Home", [1, 0]), ("ArrowUp", [0, 0])]:  # fmt: skip
        page.keyboard.press(key)
        assert page.evaluate("model.get('cell')") == cell
    assert page.locator(".mg-readout").inner_text() == "from A4 to A4: 0 of 30, 0.0 %"
    page.wait_for_timeout(300)
    assert watched.listen()[0] < 1e-4  # walking is silent until somebody wants to hear
    page.keyboard.press("Enter")
    assert watched.hears(440)
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play", exact=True).wait_for()


def test_the_bars_are_the_row_and_lead_to_its_cells(live):
    page = live(table()).page
    page.evaluate("model.set('cell', [1, 0])")
    assert page.locator(".mg-share").all_inner_texts() == ["A5\n66.7 %", "A4\n33.3 %"]
    page.get_by_role("button", name="from A5 to A5: 2 of 3, 66.7 %").click()
    assert page.evaluate("model.get('cell')") == [1, 1]


def test_a_walk_lights_up_the_cells_that_sound(live):
    widget = table(steps=6, seed=2, bpm=240)
    watched = live(widget)
    page = watched.page
    page.get_by_role("button", name="Walk").click()
    page.get_by_role("button", name="Stop").wait_for()
    expected = [
        widget.read_out(row, column) for row, column, _ in widget.take_walk({"seed": 2, "from": -1}, [])[0]["cells"]
    ]
    seen = page.evaluate(
        """() => new Promise((resolve) => { const seen = []; const look = () => {
          const text = document.querySelector(".mg-readout").textContent; if (text.startsWith("from") && text !== seen.at(-1)) seen.push(text);
          if (document.querySelector(".mg-walk").textContent === "Stop") requestAnimationFrame(look); else resolve(seen); }; look(); })"""
    )
    once = [text for i, text in enumerate(expected) if not i or text != expected[i - 1]]
    assert seen == once
    page.get_by_label("Seed of the walk").fill("7")
    page.get_by_label("Seed of the walk").press("Enter")
    assert page.evaluate("model.get('seed')") == 7


def test_the_order_brings_other_rows(live):
    model = MarkovModel(order=2, n_tokens=3).fit([[0, 1, 2, 1, 2, 0, 1]])
    widget = TransitionExplorer(model, ["C4", "D4", "E4"], order=1)
    page = live(widget).page
    page.get_by_label("How far back the chain looks").select_option("2")
    assert page.evaluate("model.get('order')") == 2
    widget.order = 2
    page.evaluate("matrix => { model.set('cell', []); model.set('matrix', matrix); }", widget.matrix)
    label = page.locator(".mg-heat").get_attribute("aria-label")
    assert f"{len(widget.row_labels)} rows (from), 3 columns (to)" in label


def test_a_confusion_cell_lists_its_pieces(live):
    watched = live(confusion())
    page = watched.page
    page.mouse.click(*page.evaluate(CELL, [1, 0]))  # reels that were taken for jigs
    assert page.locator(".mg-readout").inner_text() == "true reel, predicted jig: 2 of 3, 66.7 %"
    page.get_by_label("Pieces of this cell").wait_for()
    assert page.locator(".mg-pieces option").all_inner_texts() == ["Tune 0", "Tune 1"]
    page.wait_for_timeout(300)
    assert watched.listen()[0] < 1e-4  # a list does not start to play by itself
    page.get_by_role("button", name="Play", exact=True).click()
    assert watched.hears(440)
    page.get_by_role("button", name="Next piece").click()
    page.get_by_text("2 of 2: Tune 1").wait_for()
    assert watched.hears(880)  # what played goes on playing with the next one
    page.locator(".mg-heat").focus()
    page.keyboard.press("PageUp")
    page.get_by_text("1 of 2: Tune 0").wait_for()
    page.keyboard.press("Escape")
    page.mouse.click(*page.evaluate(CELL, [0, 1]))
    page.get_by_text("No piece is in this cell.").wait_for()
    assert page.locator(".mg-pieces").is_hidden()


def test_the_legend_says_the_scale(live):
    page = live(table()).page
    legend = page.locator(".mg-matrix-legend")
    assert "linear scale" in legend.inner_text() and "100 %" in legend.inner_text()
    page.get_by_label("Colour scale").select_option("square root")
    assert "square root scale" in legend.inner_text() and "25 %" in legend.inner_text()  # half the shade is a quarter
    page.get_by_label("What is shaded").select_option("value")
    assert "how often" in legend.inner_text() and "30" in legend.inner_text()
    assert page.evaluate("[model.get('scale'), model.get('measure')]") == ["square root", "value"]


def test_a_large_matrix_is_scrolled_zoomed_and_walked_into_sight(live):
    names = [str(i) for i in range(128)]
    values = [[(i * j) % 7 for j in range(128)] for i in range(128)]
    page = live(MatrixExplorer(values, names, names, examples=lambda row, column: [])).page
    assert float(page.evaluate("document.querySelector('.mg-heat').dataset.cell")) >= 5
    page.evaluate("model.set('cell', [127, 127])")
    x, y = page.evaluate(CELL, [127, 127])
    box = page.locator(".mg-heat").bounding_box()
    assert box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]
    page.mouse.move(x, y)
    assert page.locator(".mg-readout").inner_text().startswith("row 127 column 127: 1 of ")
    before = float(page.evaluate("document.querySelector('.mg-heat').dataset.cell"))
    page.locator(".mg-heat").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert float(page.evaluate("document.querySelector('.mg-heat').dataset.cell")) == 2 * before
    page.get_by_role("button", name="Zoom out").click()
    assert float(page.evaluate("document.querySelector('.mg-heat').dataset.cell")) == 1.5 * before


@pytest.mark.parametrize("width", [1280, 700, 400])
def test_widths_and_themes(live, width):
    watched = live(confusion(), width=width)
    page = watched.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    middle = "() => { const c = document.querySelector('.mg-heat canvas'); return Array.from(c.getContext('2d').getImageData(c.width / 2, 3, 1, 1).data); }"
    light = page.evaluate(middle)
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    assert watched.until(lambda: sum(page.evaluate(middle)[:3]) < sum(light[:3]) - 300)


def test_a_sharp_screen_gets_a_sharp_picture(live):
    page = live(table(), before="Object.defineProperty(globalThis, 'devicePixelRatio', { value: 2.5 })").page
    width = "(canvas) => canvas.width / canvas.clientWidth"
    assert page.locator(".mg-heat canvas").evaluate(width) == pytest.approx(2.5, abs=0.01)


def test_what_a_teacher_hides_is_not_there(live):
    hide = ["title", "scale", "measure", "zoom", "bars", "walk", "seed", "order", "notation", "roll", "pieces"]
    page = live(table(hide=hide)).page
    page.evaluate("model.set('cell', [0, 1])")
    assert page.locator(".mg-matrix select, .mg-matrix input, .mg-share").count() == 0
    assert page.get_by_role("button", name="Walk").count() == 0
    assert page.get_by_text("Two notes").count() == 0
    page.locator(".mg-heat").focus()
    page.keyboard.press("w")
    page.wait_for_timeout(200)
    assert page.evaluate("musegenSound?.playing ?? null") is None


def test_a_kernel_that_is_gone_is_told_and_clean_up_leaves_nothing(live):
    watched = live(table())
    page = watched.page
    page.evaluate("() => { globalThis.answers = {}; globalThis.kernel = 'gone'; }")
    page.mouse.click(*page.evaluate(CELL, [0, 1]))
    page.locator(".mg-trouble").wait_for()
    assert "does not answer" in page.locator(".mg-status").inner_text()
    page.evaluate("cleanUp()")
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0


def test_every_control_has_a_name(live):
    page = live(confusion()).page
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.mg button, .mg input, .mg select, .mg [role=img], .mg [role=application]')].filter((e) =>
          !(e.getAttribute('aria-label') || e.textContent.trim())).map((e) => e.outerHTML)"""
    )
    assert nameless == []
