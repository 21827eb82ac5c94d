"""The filter explorer in Chromium: the page's maps against NumPy, the calculation under the pointer, keys, undo, and sound."""

from typing import Any

import numpy as np
import pytest

from musegen_edu import Score
from musegen_edu.quiet_keras import keras
from musegen_edu.widgets.filter_explorer import FilterExplorer

pytestmark = pytest.mark.browser

# A third on A4, a fifth on C5, then A4 twice as long.
MUSIC = Score.from_notes(
    [(0, 48, 69, 90, 0), (0, 48, 72, 90, 0), (48, 48, 72, 90, 0), (48, 48, 79, 90, 0), (96, 96, 69, 90, 0)],
    title="Three sounds",
)
RATE = 16000
COMMANDS = ("cells", "maps", "sound")
# What the page has drawn of its map: read back from the cells of the table under "= products" and the sum beside it.
SUM = "() => [...document.querySelectorAll('.mg-sum b')].map((b) => b.textContent)"
TABLE = "(name) => [...document.querySelectorAll(`.mg-weights[data-name=${name}] span`)].map((s) => s.title)"
READING = ".mg-filter-reading"


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture
def live(show_live):
    def show_explorer(widget, **options):
        watched = show_live(widget, COMMANDS, height=1200, **options)
        if "calculation" not in widget.hide:
            watched.page.get_by_text("Place ").first.wait_for()
        return watched

    return show_explorer


def place(page) -> tuple[int, int]:
    step, row = page.locator(READING).inner_text().split(":")[0].removeprefix("Place ").split(", ")
    return int(step), int(row)


def value_at(page) -> float:
    return number(page.locator(READING).inner_text().split(": ")[1].split(" ")[0])


def go_to(page, step: int, row: int) -> None:
    """Walk to a place of the map with the arrow keys."""
    page.locator(".mg-filter-plot").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    at = place(page)
    for key, way in (
        ("ArrowRight", step - at[0]),
        ("ArrowLeft", at[0] - step),
        ("ArrowUp", row - at[1]),
        ("ArrowDown", at[1] - row),
    ):
        for _ in range(way):
            page.keyboard.press(key)
    assert place(page) == (step, row)


def set_number(page, label: str, value: float) -> None:
    page.get_by_label(label, exact=True).fill(str(value))
    page.get_by_label(label, exact=True).press("Enter")


@pytest.mark.parametrize(
    ("shape", "stride", "dilation", "padding"),
    [((3, 4), (1, 1), (1, 1), "same"), ((2, 3), (2, 1), (1, 1), "valid"), ((2, 2), (1, 1), (3, 2), "same")],
)
def test_the_pages_map_is_numpys(live, shape, stride, dilation, padding):
    rng = np.random.default_rng(5)
    picture = rng.random((12, 9)).astype(np.float32)
    widget = FilterExplorer(picture, kernel=np.round(rng.normal(size=shape), 2))
    widget.stride, widget.dilation, widget.padding, widget.relu, widget.bias = (
        list(stride),
        list(dilation),
        padding,
        False,
        0.25,
    )
    page = live(widget).page
    wanted = widget.feature_map
    assert f"{wanted.shape[0]} × {wanted.shape[1]} places" in page.locator(".mg-filter-plot").get_attribute(
        "aria-label"
    )
    best = np.unravel_index(wanted.argmax(), wanted.shape)
    assert place(page) == tuple(map(int, best))  # it begins at the largest number
    for step, row in ((0, 0), (wanted.shape[0] - 1, wanted.shape[1] - 1), (1, 2)):
        go_to(page, step, row)
        assert value_at(page) == pytest.approx(wanted[step, row], abs=0.006)
        total = [number(text) for text in page.evaluate(SUM)]
        products = sum(number(text) for text in page.evaluate(TABLE, "products"))
        assert total[0] == pytest.approx(wanted[step, row] - 0.25, abs=0.006) and total[1] == 0.25
        assert products == pytest.approx(total[0], abs=0.006 * (1 + shape[0] * shape[1]))


def test_the_calculation_stands_under_the_pointer_and_can_be_held(live):
    widget = FilterExplorer(MUSIC, kernel="minor third")
    page = live(widget).page
    box = page.locator(".mg-filter-plot").bounding_box()
    rows = [int(name) for name in page.evaluate("[model.get('info').steps, model.get('info').rows]")]
    assert rows == [32, 128]
    scale = (box["width"] - 48) / 32
    page.mouse.move(box["x"] + 42 + 4.5 * scale, box["y"] + 46 + 90)
    first = place(page)
    assert first[0] == 4
    go_to(page, 3, 70)  # with "same" padding the field of 70 reaches from 69, A4, to 72, C5
    reading = page.locator(READING).inner_text()
    assert (
        "Place 3, 70: 1 · around bar 1, beat 1.75" in reading
        and "has seen 1 sixteenth × 4 pitches" in reading
        and "held" in reading
    )
    assert page.evaluate(TABLE, "cells") == ["1", "0", "0", "1"]
    assert page.evaluate(SUM) == ["2", "−1", "1", "1"]
    page.mouse.move(box["x"] + 42 + 20 * scale, box["y"] + 46 + 90)
    assert place(page) == (3, 70)  # held while one goes on to edit
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 42 + 20.5 * scale, box["y"] + 46 + 95)
    assert place(page)[0] == 20


def test_weights_change_by_keys_drag_and_field_and_can_be_undone(live):
    widget = FilterExplorer(MUSIC, kernel="onset")
    page = live(widget).page
    kernel = lambda: page.evaluate("model.get('kernel')")  # noqa: E731
    grid = page.locator(".mg-weights[data-name=kernel]")
    grid.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.wait_for_function("model.get('kernel')[1][0] === 1.5")
    page.keyboard.press("-")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    page.wait_for_function("JSON.stringify(model.get('kernel')) === '[[-1],[1.25],[0.25]]'")
    assert page.get_by_label("Preset").input_value() == ""  # no longer a preset
    assert page.get_by_label("Weight", exact=True).input_value() == "0.25"
    set_number(page, "Weight", -0.7)
    page.wait_for_function("model.get('kernel')[2][0] === -0.7")
    cell = grid.locator("span").first
    box = cell.bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 10, box["y"] - 54, steps=8)  # 64 px up: eight quarters
    page.mouse.up()
    page.wait_for_function("model.get('kernel')[0][0] === 1")
    page.locator(".mg-filter-plot").focus()
    for expected in ([[-1], [1.25], [-0.7]], [[-1], [1.25], [0.25]], [[-1], [1.25], [0]]):
        page.keyboard.press("Control+z")
        page.wait_for_function(
            "(wanted) => JSON.stringify(model.get('kernel')) === JSON.stringify(wanted)", arg=expected
        )
    page.keyboard.press("Control+y")
    page.wait_for_function("model.get('kernel')[2][0] === 0.25")
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("JSON.stringify(model.get('kernel')) === '[[-1],[1],[0]]'")
    assert page.get_by_label("Preset").input_value() == "0"
    for value in (0, 1, -1):  # it is chosen already: each click changes it
        cell.click()
        page.wait_for_function("(value) => model.get('kernel')[0][0] === value", arg=value)
    grid.locator("span").last.click()  # chooses, and changes nothing
    page.wait_for_timeout(300)
    assert kernel() == [[-1], [1], [0]]


def test_controls_reach_the_model_and_the_map(live):
    widget = FilterExplorer(MUSIC, kernel="blur")
    page = live(widget).page
    page.get_by_label("Preset").select_option("fifth")
    page.wait_for_function("model.get('kernel')[0].length === 8 && model.get('bias') === -1")
    assert value_at(page) == 1
    set_number(page, "Weights along time", 2)
    set_number(page, "Stride along time", 4)
    set_number(page, "Dilation along rows", 2)
    set_number(page, "Bias", 0.5)
    page.get_by_label("Padding").select_option("valid")
    page.get_by_label("ReLU").uncheck()
    page.wait_for_function("model.get('relu') === false")
    settings = page.evaluate(
        "Object.fromEntries(['kernel', 'stride', 'dilation', 'padding', 'bias', 'relu'].map((name) => [name, model.get(name)]))"
    )
    assert settings == {
        "kernel": [[1, 0, 0, 0, 0, 0, 0, 1], [0] * 8],
        "stride": [4, 1],
        "dilation": [1, 2],
        "padding": "valid",
        "bias": 0.5,
        "relu": False,
    }
    for name, value in settings.items():
        setattr(widget, name, value)
    wanted = widget.feature_map
    assert f"{wanted.shape[0]} × {wanted.shape[1]} places" in page.locator(".mg-filter-plot").get_attribute(
        "aria-label"
    )
    set_number(page, "Weights along rows", 60)
    page.wait_for_function("model.get('kernel')[0].length === 25")  # no more than that
    page.evaluate("model.set('kernel', [[2], [0]])")  # Python assigns a kernel
    page.wait_for_function("document.querySelectorAll('.mg-weights[data-name=kernel] span').length === 2")


def test_what_lights_up_sounds_and_the_rest_does_not(live):
    low = Score.from_notes([(0, 96, 57, 100, 0), (0, 48, 81, 100, 0)])  # A3 long, A5 short
    widget = FilterExplorer(low, kernel=np.ones((12, 1)))
    widget.bias = -11.0  # twelve sixteenths of one pitch
    watched = live(widget)
    page = watched.page
    page.wait_for_timeout(300)
    page.locator(".mg-filter-plot").focus()
    page.keyboard.press("Space")
    assert watched.hears(220)
    page.keyboard.press("Space")
    assert watched.falls_silent(0.003)
    set_number(page, "Bias", -100)
    page.locator(".mg-filter-plot").focus()
    page.keyboard.press("Space")
    page.get_by_text("Nothing lights up, so there is nothing to hear").wait_for()
    page.wait_for_timeout(300)
    assert watched.falls_silent(0.003)
    page.get_by_label("Hear").select_option("all")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Play").click()
    assert watched.until(lambda: watched.loudness() > 0.02)


def test_the_cells_of_a_sound_are_turned_back_into_sound(live):
    sound = tone(440, 2.0) + 0.15 * np.random.default_rng(0).normal(size=2 * RATE).astype(np.float32)
    widget = FilterExplorer(audio=sound, sr=RATE, kernel="steady tone", title="A tone in noise")
    watched = live(widget)
    page = watched.page
    assert page.get_by_text("Griffin").count() == 0
    page.get_by_label("Hear").select_option("original")
    page.get_by_role("button", name="Play").click()
    assert watched.hears(440)
    page.wait_for_function("document.querySelector('.mg-play').title.startsWith('Play')")  # it ends by itself
    page.get_by_label("Hear").select_option("lit")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    assert watched.until(lambda: watched.loudness() > 0.01)
    page.get_by_role("button", name="Pause").click()
    assert watched.falls_silent(0.003)
    asked = page.evaluate("asked.filter(([name]) => name === 'sound').map(([, message]) => message.what)")
    assert asked == ["original", "lit"]
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    assert page.evaluate("asked.filter(([name]) => name === 'sound').length") == 2  # kept
    go_to(page, 20, 11)
    assert "Hz" in page.locator(READING).inner_text() and " s, " in page.locator(READING).inner_text()


@pytest.fixture(scope="module")
def cnn() -> keras.Model:
    keras.utils.set_random_seed(2)
    layers: Any = keras.layers
    return keras.Sequential([keras.Input((None, 20, 1)), layers.Conv2D(3, (3, 5), activation="relu", name="first"), layers.MaxPooling2D(2),
                             layers.Conv2D(5, 3, padding="same", name="second")])  # fmt: skip


def test_a_network_is_looked_into_layer_by_layer(live, cnn):
    picture = np.random.default_rng(1).random((30, 20)).astype(np.float32)
    widget = FilterExplorer(picture, model=cnn)
    page = live(widget).page
    thumbs = page.locator(".mg-thumb")
    assert thumbs.count() == 3 and thumbs.first.get_attribute("aria-pressed") == "true"
    page.get_by_label("Filter 2 of first").click()
    page.wait_for_function("model.get('channel') === 2")
    widget.channel = 2
    go_to(page, 4, 7)
    assert value_at(page) == pytest.approx(widget.feature_map[4, 7], abs=0.006)
    weights = cnn.layers[0].get_weights()[0][:, :, 0, 2]
    assert [number(text) for text in page.evaluate(TABLE, "kernel")] == pytest.approx(
        weights.T[::-1].ravel(), abs=0.006
    )
    assert page.locator(".mg-weights[data-name=kernel]").get_attribute("aria-readonly") == "true"

    page.get_by_label("Layer", exact=True).select_option("1")
    page.get_by_label("Filter 4 of second").wait_for()
    assert thumbs.count() == 5 and page.evaluate("model.get('layer')") == 1
    page.get_by_label("ReLU").uncheck()
    page.wait_for_function("model.get('relu') === false")
    widget.layer, widget.channel, widget.relu = 1, 2, False
    go_to(page, 3, 3)
    assert value_at(page) == pytest.approx(widget.feature_map[3, 3], abs=0.006)
    assert widget.field is not None
    size = widget.field.size
    assert f"has seen {size[0]} frames × {size[1]} bands" in page.locator(READING).inner_text()
    seen = page.evaluate("[document.querySelector('.mg-seen').width, document.querySelector('.mg-seen').height]")
    assert seen == list(size) and page.locator(".mg-weights[data-name=cells]").is_hidden()

    page.get_by_label("Layer", exact=True).select_option("0")
    page.get_by_label("Filter 1 of first").click()
    page.get_by_role("button", name="Edit a copy of this filter").click()
    page.wait_for_function("model.get('layer') === -1 && model.get('kernel').length === 3")
    weights = cnn.layers[0].get_weights()[0][:, :, 0, 1]
    np.testing.assert_allclose(page.evaluate("model.get('kernel')"), weights, atol=1e-4)
    assert page.evaluate("model.get('padding')") == "valid" and page.get_by_label("Padding").input_value() == "valid"
    widget.layer, widget.channel, widget.relu = 0, 1, True
    go_to(page, 4, 7)
    assert value_at(page) == pytest.approx(widget.feature_map[4, 7], abs=0.006)


def test_a_lost_kernel_is_told_and_hidden_things_are_not_there(live, show, cnn):
    page = show(
        FilterExplorer(np.ones((30, 20)), model=cnn), later=True, before="globalThis.addEventListener('load', () => {})"
    ).page
    page.evaluate("() => { kernel = 'gone'; globalThis.cleanUp = show(); }")
    page.locator(".mg-trouble").wait_for()
    assert "The Python kernel does not answer" in page.locator(".mg-status").inner_text()
    hide = [
        "title",
        "presets",
        "size",
        "stride",
        "dilation",
        "padding",
        "bias",
        "relu",
        "undo",
        "calculation",
        "threshold",
        "sound",
    ]
    page = live(FilterExplorer(MUSIC, hide=hide)).page
    assert page.locator("select, input, button").count() == 0 and page.locator(".mg-calculation").count() == 0


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (700, False), (400, True)])
def test_it_fits_the_page_and_leaves_nothing_behind(live, width, dark):
    page = live(FilterExplorer(MUSIC, kernel="rising step"), width=width, dark=dark).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ratio = page.evaluate(
        "(() => { const c = document.querySelector('.mg-filter-plot canvas'); return c.width / c.clientWidth / devicePixelRatio; })()"
    )
    assert ratio == pytest.approx(1, abs=0.01)
    page.evaluate("cleanUp()")
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
