"""The gate viewer in Chromium: what is drawn, chosen, sorted, said and heard."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from musegen_edu.letters import letters_to_score
from musegen_edu.models.recurrent import MelodyGRU, MelodyLSTM
from musegen_edu.tokens import EventCodec
from musegen_edu.widgets.gate_viewer import GateViewer

pytestmark = pytest.mark.browser

TUNE = letters_to_score("A4:2 C5 D5 | E5:2 G4:2 | F4 E4 D4 C4", key="C major")
CODEC = EventCodec.fit([TUNE])
SIZES: dict[str, Any] = {"n_tokens": len(CODEC.vocabulary), "embedding": 8, "units": 24}
MODELS = {"LSTM": MelodyLSTM(**SIZES, depth=2, seed=3), "GRU": MelodyGRU(**SIZES, depth=1, seed=3)}
for model in MODELS.values():  # untrained weights are small: larger ones open and shut the gates
    model.set_weights([5 * weight for weight in model.get_weights()])
KERNEL = """globalThis.answers = { activity: async (message) => {
  asked.push(["activity", message]);
  const [answer, files] = JSON.parse(await kernelAnswer(JSON.stringify(message)));
  return [answer, files.map((text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer))];
} };"""
# The colours of a column of the heat map: how many pixels lean to blue, and how many to orange.
LEAN = """() => { const canvas = document.querySelector(".mg-gates canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let blue = 0, orange = 0;
  for (let i = 0; i < data.length; i += 4) { if (data[i + 2] > data[i] + 30) blue += 1; if (data[i] > data[i + 2] + 30) orange += 1; }
  return [blue, orange]; }"""


@pytest.fixture
def live(show):
    """Show a viewer whose kernel is this very process."""

    def show_live(widget, **options):
        def answer(message):
            reply, files = widget.activity(json.loads(message), [])
            return json.dumps([reply, [base64.b64encode(data).decode("ascii") for data in files]])

        watched = show(widget, before=KERNEL, later=True, **options)
        watched.page.expose_function("kernelAnswer", answer)
        watched.page.evaluate("() => { globalThis.cleanUp = show(); }")
        if "reading" not in widget.hide:
            watched.page.get_by_text("Changed most in").first.wait_for()
        watched.page.wait_for_timeout(150)
        return watched

    return show_live


def viewer(**options):
    return GateViewer(TUNE, MODELS, codec=CODEC, **options)


def click_token(page, widget, token, y):
    """Click in the column of a token, y px from the top."""
    box = page.locator(".mg-gates").bounding_box()
    edges = widget.slots["edges"]
    scale = (box["width"] - 48) / edges[-1]
    page.mouse.click(box["x"] + 42 + (edges[token] + edges[token + 1]) / 2 * scale, box["y"] + y)


def reading(page):
    return page.locator(".mg-reading").inner_text()


def signed(value):
    return f"{value:.2f}".replace("-", "−")


def test_a_click_on_a_note_says_what_was_kept_and_what_changed(live):
    widget = viewer()
    page = live(widget).page
    token = widget.slots["words"].index("E5, half")
    click_token(page, widget, token, 70)
    assert f"E5, half · bar 2, beat 1 · token {token + 1} of {len(widget.tokens)}" in reading(page)
    lstm = widget.activities["LSTM"][0]
    assert f"kept {round(100 * lstm.gates['forget'][token].mean())} % of its memory here" in reading(page)
    change = lstm.state[token] - lstm.state[token - 1]
    most = int(np.argmax(np.abs(change)))
    assert f"unit {most}: {signed(lstm.state[token - 1, most])} → {signed(lstm.state[token, most])}" in reading(page)
    assert page.evaluate("model.get('selected').token") == token
    page.get_by_role("button", name=f"Follow unit {most} of LSTM").click()
    kept = 2 ** np.log2(lstm.gates["forget"][:, most]).mean()
    assert f"Unit {most} is at {signed(lstm.state[token, most])}. It keeps {round(100 * kept)} %" in reading(page)
    assert page.evaluate("model.get('selected').units.LSTM") == most


def test_units_are_sorted_and_walked(live):
    widget = viewer()
    page = live(widget).page
    first = page.evaluate("model.get('selected').units")
    assert first == {}
    page.get_by_label("Sort units by").select_option("pitch")
    answer, _ = widget.activity({"panel": 0, "layer": 0}, [])
    order = np.argsort(-np.abs(answer["follows"]["pitch"]["r"]), kind="stable")
    page.locator(".mg-gates").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("model.get('selected').units.LSTM") == order[1]
    page.keyboard.press("ArrowUp")
    assert page.evaluate("model.get('selected').units.LSTM") == order[0]
    before = page.evaluate("model.get('selected').token")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("model.get('selected').token") == before + 1
    assert f"token {before + 2} of {len(widget.tokens)}" in reading(page)
    follows = {name: (follow["r"][order[0]], follow["chance"]) for name, follow in answer["follows"].items()}
    what, (r, chance) = max(follows.items(), key=lambda item: abs(item[1][0]) - item[1][1])
    assert f"it follows {what} with r = {signed(r)}" in reading(page)
    assert ("proves nothing" in reading(page).split("GRU")[0]) == (abs(r) <= chance)


def test_rows_of_the_map_can_be_clicked_and_views_changed(live):
    widget = viewer()
    watched = live(widget)
    page = watched.page
    page.get_by_label("Sort units by").select_option("network")
    page.get_by_label("Units shown").select_option("16")
    click_token(page, widget, 5, 22 + 120 + 22 + 11 * 5 + 4)  # ruler, notes, name of the panel, then 16 rows of 11 px
    assert page.evaluate("model.get('selected').units.LSTM") == 5
    states = page.evaluate(LEAN)
    assert states[0] > 3000 and states[1] > 3000  # c lies on both sides of 0
    page.get_by_label("What is shown of LSTM").select_option("2")
    page.get_by_label("What is shown of GRU").select_option("1")
    assert watched.until(lambda: page.evaluate(LEAN)[1] < states[1] / 3)  # a gate is never below 0


def test_another_layer_is_fetched_once_it_is_chosen(live):
    page = live(viewer()).page
    assert page.evaluate("asked.filter(([name]) => name === 'activity').map(([, m]) => [m.panel, m.layer])") == [
        [0, 0],
        [1, 0],
    ]
    page.get_by_label("Layer of LSTM").select_option("1")
    page.wait_for_function("asked.filter(([name]) => name === 'activity').length === 3")
    assert page.get_by_label("Layer of GRU").count() == 0  # it has one


def test_notes_sound_at_their_pitch_and_the_tune_plays(live):
    widget = viewer()
    watched = live(widget)
    page = watched.page
    page.wait_for_timeout(300)
    note = widget.slots["words"].index("C5, quarter")
    assert watched.hears(523.25, touch=lambda: click_token(page, widget, note, 60))
    page.wait_for_timeout(600)
    click_token(page, widget, widget.slots["words"].index("A4, half"), 60)
    page.wait_for_timeout(600)
    page.locator(".mg-gates").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    assert watched.hears(440)


def test_a_lost_kernel_is_told_and_hidden_things_are_not_there(live, show):
    page = show(viewer()).page
    page.evaluate("kernel = 'failing'")
    page.get_by_label("Layer of LSTM").select_option("1")
    page.locator(".mg-trouble").wait_for()
    page = live(viewer(hide=["reading", "sort", "count", "show", "layer", "title", "instrument"])).page
    assert page.locator("select").count() == 0
    assert page.locator(".mg-reading").count() == 0
    assert page.locator(".mg-titles").count() == 0


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (700, False), (400, True)])
def test_it_fits_the_page_and_leaves_nothing_behind(live, width, dark):
    page = live(viewer(), width=width, dark=dark).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    blue, orange = page.evaluate(LEAN)
    assert blue > 2000 and orange > 2000
    ratio = page.evaluate(
        "(() => { const c = document.querySelector('.mg-gates canvas'); return c.width / c.clientWidth / devicePixelRatio; })()"
    )
    assert ratio == pytest.approx(1, abs=0.01)
    page.evaluate("cleanUp()")
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
