"""The inpainter in Chromium: brush, box, lanes and keys, the filling step by step, stop, undo, and what is heard."""

import numpy as np
import pytest

from musegen_edu import Score, stack
from musegen_edu.widgets.inpainter import Inpainter

pytestmark = pytest.mark.browser

# Four bars of half notes; each voice stays on its pitch: A5, A4, A3, A2.
CHORALE = stack(
    [Score.from_melody([pitch] * 8, 48, key="A minor", bpm=60, title="Four octaves") for pitch in (81, 69, 57, 45)]
)
COMMANDS = ("put_erased", "go_on", "travel", "stop", "notes_of", "engrave")
LANE, TOP, GUTTER = 20, 22, 42  # px, as in inpainter.js


def toy_steps(chorale, erased, *, model=None, n_steps, temperature, seed, fermatas=()):
    """Fill with half notes, each step a fifth above or below the voice by turns."""
    rows = chorale.notes[["onset", "duration", "pitch", "velocity", "part"]].tolist()
    kept = [row for row in rows if not erased[row[4], row[0] // 6 : (row[0] + row[1]) // 6].any()]
    for step in range(n_steps):
        shift = 7 if (step + seed) % 2 else -5
        made = [
            (6 * cell, 48, (81, 69, 57, 45)[voice] + shift, 80, voice)
            for voice, cell in np.argwhere(erased).tolist()
            if cell % 8 == 0
        ]
        yield (
            step,
            chorale.replace(notes=Score.from_notes(kept + made, programs=(0,) * 4).notes),
            erased & (np.arange(64) % 2 == step % 2),
        )


@pytest.fixture
def live(show_live):
    def show_inpainter(widget, **options):
        watched = show_live(widget, COMMANDS, **options)
        watched.page.wait_for_timeout(200)
        return watched

    return show_inpainter


def inpainter(**options):
    return Inpainter(CHORALE, **{"n_steps": 4, "fill_with": toy_steps, **options})


def x_of(page, cell):
    box = page.locator(".mg-inpaint").bounding_box()
    return box["x"] + GUTTER + (cell + 0.5) * (box["width"] - GUTTER - 6) / 64


def y_of_lane(page, voice):
    return page.locator(".mg-inpaint").bounding_box()["y"] + TOP + (voice + 0.5) * LANE


def y_of_pitch(page, pitch, highest=84):
    return page.locator(".mg-inpaint").bounding_box()["y"] + TOP + 4 * LANE + 6 + (highest - pitch + 0.5) * 7


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=6)
    page.mouse.up()


def erased_in(widget, cells, *voices):
    wanted = np.zeros((4, 64), bool)
    wanted[list(voices), cells[0] : cells[1]] = True
    return np.array_equal(widget.erased, wanted)


def says(page, text):
    page.locator(".mg-status", has_text=text).wait_for()


def test_the_brush_takes_the_notes_it_touches_and_restore_gives_them_back(live):
    widget = inpainter()
    page = live(widget).page
    drag(page, (x_of(page, 10), y_of_pitch(page, 69)), (x_of(page, 20), y_of_pitch(page, 69)))
    says(page, "16 cells erased")
    assert erased_in(widget, (8, 24), 1) and widget.score == CHORALE
    drag(page, (x_of(page, 40), y_of_pitch(page, 63)), (x_of(page, 50), y_of_pitch(page, 63)))  # no note lies there
    assert erased_in(widget, (8, 24), 1)
    page.get_by_label("What a touch takes").select_option("2")
    page.get_by_role("button", name="Restore").click()
    drag(page, (x_of(page, 9), y_of_lane(page, 1)), (x_of(page, 10), y_of_lane(page, 1)))
    says(page, "12 cells erased")
    assert erased_in(widget, (12, 24), 1)


def test_boxes_and_lanes_take_voices_and_time(live):
    widget = inpainter()
    page = live(widget).page
    page.get_by_label("What a touch takes").select_option("1")
    page.get_by_role("button", name="Box").click()
    drag(page, (x_of(page, 5), y_of_lane(page, 2)), (x_of(page, 12), y_of_lane(page, 3)))
    says(page, "16 cells erased")
    assert erased_in(widget, (5, 13), 2, 3)
    page.keyboard.press("Control+z")
    says(page, "Undone")
    drag(page, (x_of(page, 30), y_of_pitch(page, 72)), (x_of(page, 39), y_of_pitch(page, 50)))
    says(page, "20 cells erased")
    assert erased_in(widget, (30, 40), 1, 2)


def test_whole_voices_bars_everything_and_nothing(live):
    widget = inpainter()
    page = live(widget).page
    page.get_by_role("button", name="Erase the whole tenor").click()
    says(page, "64 cells erased")
    assert erased_in(widget, (0, 64), 2)
    page.get_by_role("button", name="Everything").click()
    says(page, "256 cells erased")
    page.get_by_role("button", name="Nothing").click()
    says(page, "Nothing is erased")
    assert not widget.erased.any()
    page.get_by_label("What a touch takes").select_option("4")
    drag(page, (x_of(page, 17), y_of_lane(page, 0)), (x_of(page, 17), y_of_lane(page, 0)))
    says(page, "4 cells erased")
    page.get_by_role("button", name="These bars").click()
    says(page, "64 cells erased")
    assert erased_in(widget, (16, 32), 0, 1, 2, 3)


def test_keys_walk_select_erase_restore_fill_and_undo(live):
    widget = inpainter()
    page = live(widget).page
    page.get_by_label("What a touch takes").select_option("4")
    page.locator(".mg-inpaint").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    says(page, "Alto, bar 1, beat 2")
    page.keyboard.press("Shift+ArrowDown")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    says(page, "Alto, bar 1, beat 2, to Tenor, bar 2, beat 2: 34 cells")
    page.keyboard.press("Enter")
    says(page, "34 cells erased")
    assert erased_in(widget, (4, 21), 1, 2)
    page.keyboard.press("ArrowUp")  # without Shift the selection is one cell
    page.keyboard.press("r")
    says(page, "33 cells erased")
    assert not widget.erased[1, 20] and widget.erased[2, 20]
    page.keyboard.press("s")
    says(page, "Step 1 of 4")
    assert widget.place["step"] == 1 and widget.place["under_way"]
    assert page.get_by_role("button", name="Go on").is_visible()
    page.keyboard.press("f")
    says(page, "Step 4 of 4")
    page.get_by_role("button", name="Fill again").wait_for()
    for _ in range(3):
        page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('[aria-label=Undo]').disabled")
    assert widget.score == CHORALE and not widget.erased.any()
    page.keyboard.press("Control+Shift+z")
    says(page, "Redone")
    assert erased_in(widget, (4, 21), 1, 2)


def test_the_filling_is_watched_and_stop_works_at_once(live):
    widget = inpainter(n_steps=200)
    watched = live(widget)
    page = watched.page
    page.get_by_role("button", name="Fill", exact=True).click()
    says(page, "Nothing is erased yet")
    page.get_by_role("button", name="Erase the whole alto").click()
    says(page, "64 cells erased")
    page.get_by_role("button", name="Fill", exact=True).click()
    page.wait_for_function("document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow') >= 5")
    assert page.get_by_role("progressbar").get_attribute("aria-valuemax") == "200"
    assert "of 200: 32 cells of 64 drawn anew" in page.locator(".mg-status").inner_text()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Go on").wait_for()
    stopped = watched.comes_to_rest(lambda: widget.place["step"])
    assert stopped < 200 and widget.place["under_way"]
    pitch = widget.score.part(1).notes["pitch"].tolist()
    assert pitch == [[64], [76]][(stopped - 1) % 2] * 8 and widget.original == CHORALE
    page.get_by_role("button", name="Another").click()
    says(page, "Seed 1.")
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("model.get('seed')") == 1


def test_sliders_and_seed_reach_the_filling(live):
    widget = inpainter()
    page = live(widget).page
    page.get_by_label("Steps", exact=True).fill("2")
    page.get_by_label("Temperature").fill("0.5")
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Seed").press("Enter")
    page.get_by_role("button", name="Everything").click()
    says(page, "256 cells erased")
    page.get_by_role("button", name="Fill", exact=True).click()
    says(page, "Step 2 of 2")
    assert (widget.n_steps, widget.temperature, widget.seed) == (2, 0.5, 7)
    page.evaluate("model.set('n_steps', 9)")  # from Python
    assert page.get_by_label("Steps", exact=True).input_value() == "9"


def test_now_before_and_holes_sound_as_they_should(live):
    widget = Inpainter(CHORALE, n_steps=1, fill_with=toy_steps)
    watched = live(widget)
    page = watched.page
    page.wait_for_timeout(300)
    for voice in ("soprano", "tenor", "bass"):
        page.get_by_role("button", name=f"Erase the whole {voice}").click()
    says(page, "192 cells erased")
    page.get_by_role("button", name="Play").click()
    assert watched.hears(440)  # only the alto is left: holes are silent
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Nothing").click()
    says(page, "Nothing is erased")
    page.get_by_role("button", name="Everything").click()
    says(page, "256 cells erased")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(2500)  # what sounded before has long died away
    assert watched.falls_silent(0.003)
    page.get_by_role("button", name="Pause").click()


def test_before_and_after_can_be_compared(live):
    alone = Score.from_notes(
        [(0, 96, 69, 100, 0), (96, 96, 69, 100, 0), (0, 6, 45, 1, 1), (0, 6, 45, 1, 2), (0, 6, 45, 1, 3)],
        programs=(0,) * 4,
        bpm=60,
    )

    def up(chorale, erased, **_):
        notes = chorale.notes.copy()
        notes["pitch"][notes["part"] == 0] = 76
        yield 0, chorale.replace(notes=notes), erased

    widget = Inpainter(alone, n_steps=1, fill_with=up)
    watched = live(widget)
    page = watched.page
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Erase the whole soprano").click()
    says(page, "32 cells erased")
    page.get_by_role("button", name="Fill", exact=True).click()
    says(page, "Step 1 of 1")
    page.get_by_role("button", name="Play").click()
    assert watched.hears(659.26)  # E5, as it is now
    for which in ("before", "original"):
        page.get_by_label("Hear").select_option("now")
        page.get_by_label("Hear").select_option(which)
        page.locator(".mg-inpaint").focus()
        page.keyboard.press("Home")
        if page.get_by_role("button", name="Play").count():
            page.keyboard.press("Space")
        assert watched.hears(440)


def test_notation_help_and_a_lost_kernel(live, show):
    page = live(inpainter()).page
    page.get_by_role("button", name="Notation").click()
    page.locator(".mg-sheet svg").first.wait_for()
    page.get_by_role("button", name="Keys").click()
    assert page.get_by_text("select voices and time").is_visible()
    page = show(inpainter()).page
    page.evaluate("kernel = 'gone'")
    page.get_by_role("button", name="Everything").click()
    page.locator(".mg-trouble").wait_for()
    assert "nothing erased" in page.locator(".mg-inpaint").get_attribute(
        "aria-label"
    )  # what was not taken is not shown


def test_hidden_things_are_not_there(live):
    hide = [
        "title",
        "tools",
        "unit",
        "whole",
        "steps",
        "temperature",
        "seed",
        "undo",
        "notation",
        "hear",
        "instrument",
        "download",
        "help",
    ]
    page = live(inpainter(hide=hide)).page
    assert page.locator("select, input").count() == 0 and page.locator(".mg-titles").count() == 0
    assert page.get_by_role("button").all_inner_texts() == ["Fill", "Step", "Another", ""]


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (700, False), (400, True)])
def test_it_fits_the_page_and_leaves_nothing_behind(live, width, dark):
    page = live(inpainter(), width=width, dark=dark).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ratio = page.evaluate(
        "(() => { const c = document.querySelector('.mg-inpaint canvas'); return c.width / c.clientWidth / devicePixelRatio; })()"
    )
    assert ratio == pytest.approx(1, abs=0.01)
    page.evaluate("cleanUp()")
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
