"""What the player does with clicks and keys, in Chromium, with pure tones in the place of a kernel."""

import itertools

import pytest

from musegen_edu.score import DRUMS, Score, stack
from musegen_edu.widgets import Player

pytestmark = pytest.mark.browser

A4, A5 = 440.0, 880.0
COUNT_SOURCES = """
  globalThis.sources = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when, ...rest) {
    sources.push({ when, rate: this.playbackRate.value, now: this.context.currentTime });
    return start.call(this, when, ...rest);
  };
"""


def tune(*, bpm=120, **fields):
    """One long A4, then one long A5: 2 s each at 120 quarters a minute, 8 s at 30."""
    return Score.from_melody([69, 81], 96, bpm=bpm, title="Two notes", **fields)


def position(page) -> int:
    return int(page.locator(".mg-seek").input_value())


def play(page):
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()


def pause(page):
    page.get_by_role("button", name="Pause", exact=True).click()


def touch_note(page, number):
    """Click on a note head wherever it is; the lines of the staff may lie over it."""
    box = page.locator("g.note .notehead").nth(number).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def canvas_point(page, tick, pitch=None):
    """Where a tick (and a pitch, else the bar numbers) lies in the roll of a score that fits its width."""
    box = page.locator(".mg-canvas").bounding_box()
    duration = int(page.locator(".mg-seek").get_attribute("max"))
    x = 42 + tick * min(4, (box["width"] - 50) / duration)
    if pitch is None:
        return x, 8
    rows = round((box["height"] - 22) / 11)
    top = (69 + 81) // 2 + rows // 2
    return x, 22 + (top - pitch) * 11 + 5


def test_play_is_heard_at_the_right_pitch_and_pause_is_silence(show):
    watched = show(Player(tune(bpm=30)))
    page = watched.page
    assert watched.listen() == (0.0, 0.0)
    play(page)
    assert watched.hears(A4, rel=0.005)
    assert watched.loudness() > 0.02
    pause(page)
    assert watched.falls_silent(1e-4)
    where = position(page)
    assert 0 < where < 96
    page.wait_for_timeout(200)
    assert position(page) == where


def test_cursors_follow_the_sound(show):
    page = show(Player(tune())).page
    play(page)
    page.wait_for_function("document.querySelector('.mg-seek').value > 100")
    lit = page.locator("g.note.mg-on")
    lit.first.wait_for()
    right = page.evaluate("document.querySelector('.mg-cursor').getBoundingClientRect().x")
    second = page.evaluate("document.querySelectorAll('g.note')[1].getBoundingClientRect().x")
    first = page.evaluate("document.querySelectorAll('g.note')[0].getBoundingClientRect().x")
    assert first < second < right + 20
    assert lit.count() == 1
    assert lit.first.bounding_box()["x"] == pytest.approx(second, abs=1)


def test_music_ends_by_itself_and_leaves_nothing_behind(show):
    page = show(Player(Score.from_melody([69], 12, bpm=240)), before=COUNT_SOURCES).page
    play(page)
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert position(page) == 0
    assert page.evaluate("musegenSound.playing") is None
    assert page.evaluate("sources.length") == 1


def test_seek_by_slider_and_by_note(show):
    watched = show(Player(tune(bpm=30)))
    page = watched.page
    page.locator(".mg-seek").fill("120")
    play(page)
    assert watched.hears(A5, rel=0.005)  # taken up in the middle of the note
    x, y = canvas_point(page, 90, 69)
    page.locator(".mg-canvas").click(position={"x": x, "y": y})
    assert watched.hears(A4, rel=0.005)
    assert position(page) < 80  # from the start of the note that was clicked
    touch_note(page, 1)
    assert watched.hears(A5, rel=0.005)


def test_a_note_touched_in_the_silence_sounds_and_moves_the_cursor(show):
    watched = show(Player(tune()))
    page = watched.page
    assert watched.hears(A5, rel=0.005, touch=lambda: touch_note(page, 1))
    assert position(page) == 96
    assert watched.falls_silent()


def test_loop_by_dragging_over_the_bar_numbers(show):
    player = Player(tune(), view="roll")
    watched = show(player)
    page = watched.page
    box = page.locator(".mg-canvas").bounding_box()
    (x, y), (to, _) = canvas_point(page, 24), canvas_point(page, 48)
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + to, box["y"] + y, steps=4)
    page.mouse.up()
    assert page.evaluate("model.get('loop')") == [24, 48]
    assert page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
    play(page)
    seen = []
    for _ in range(14):
        page.wait_for_timeout(100)
        seen.append(position(page))
    assert min(seen) >= 24 and max(seen) <= 48
    assert any(later < earlier for earlier, later in itertools.pairwise(seen))
    assert watched.hears(A4, rel=0.005)
    page.keyboard.press("Escape")
    assert page.evaluate("model.get('loop')") == []


def test_loop_restarts_on_the_audio_clock(show):
    short = Score.from_melody([69, 69], 12, bpm=120)  # two notes of 0.25 s
    page = show(Player(short, loop=(0, 24)), before=COUNT_SOURCES).page
    play(page)
    page.wait_for_function("sources.length >= 8")
    starts = page.evaluate("sources.map((source) => source.when)")
    steps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert steps == pytest.approx([0.25] * len(steps), abs=1e-6)
    ahead = page.evaluate("sources.map((source) => source.when - source.now)")
    assert min(ahead[1:]) > 0  # handed over before their time, so that no note is late


def test_tempo_changes_under_way(show):
    page = show(Player(Score.from_melody([69] * 64, 12, bpm=60)), before=COUNT_SOURCES).page
    play(page)
    page.wait_for_timeout(700)
    slider = page.get_by_label("Tempo, quarter notes a minute")
    slider.fill("240")
    page.wait_for_timeout(200)
    page.evaluate("sources.length = 0")
    page.wait_for_function("sources.length >= 5")
    starts = page.evaluate("sources.map((source) => source.when)")
    assert starts[4] - starts[3] == pytest.approx(0.125, abs=1e-6)
    assert page.evaluate("model.get('bpm')") == 240
    assert page.locator(".mg-bpm").inner_text() == "♩ = 240"


def test_mute_solo_and_volume(show):
    low, high = Score.from_melody([69], 960, bpm=60), Score.from_melody([81], 960, bpm=60)  # 40 s
    watched = show(Player(stack([low, high])))
    page = watched.page
    play(page)
    page.get_by_role("button", name="Mute Part 1").click()
    assert watched.hears(A5, rel=0.005)
    page.get_by_role("button", name="Solo Part 1").click()
    assert watched.falls_silent()  # solo, but muted
    page.get_by_role("button", name="Mute Part 1").click()
    assert watched.hears(A4, rel=0.005)
    page.wait_for_timeout(450)  # faded in
    loud = watched.loudness()
    page.get_by_label("Volume of Part 1").fill("0.25")
    assert watched.until(lambda: watched.loudness() == pytest.approx(loud / 4, rel=0.3))
    page.wait_for_timeout(450)
    assert watched.loudness() == pytest.approx(loud / 4, rel=0.3)  # and no softer than that


def test_another_instrument_is_fetched_and_saved(show):
    page = show(Player(tune())).page
    page.wait_for_function("asked.length === 1")
    page.get_by_label("Instrument of Part 1").select_option(label="Flute")
    page.wait_for_function("asked.length === 2")
    assert page.evaluate("asked[1]") == ["note_pack", {"program": 73}]
    assert page.evaluate("[model.get('programs'), model.saved]") == [[73], 1]


def test_drums_play_at_their_own_speed(show):
    page = show(Player(Score.from_melody([38, 42, 60], 24, programs=(DRUMS,))), before=COUNT_SOURCES).page
    play(page)
    page.get_by_role("button", name="Play", exact=True).wait_for()  # it has ended
    assert page.evaluate("sources.map((source) => source.rate)") == [1, 1]  # and no drum stands in for a missing one


def test_keyboard_alone(show):
    player = Player(Score.from_melody([69] * 12, 24, meter=(3, 4), bpm=20))
    page = show(player).page
    page.locator(".mg-player").focus()
    page.keyboard.press("ArrowRight")
    assert position(page) == 24
    page.keyboard.press("Shift+ArrowRight")
    assert position(page) == 96
    page.keyboard.press("[")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("]")
    assert page.evaluate("model.get('loop')") == [96, 168]
    page.keyboard.press("l")
    assert page.evaluate("model.get('loop')") == []
    page.keyboard.press("Home")
    assert position(page) == 0
    page.keyboard.press(" ")
    page.wait_for_function("Number(document.querySelector('.mg-seek').value) > 0")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    page.get_by_role("tab", name="Both").focus()
    page.keyboard.press("ArrowRight")  # round to the first tab
    assert page.get_by_role("tab", name="Notation").get_attribute("aria-selected") == "true"
    assert position(page) in range(1, 48)  # and the music stayed where it was


def test_every_control_has_a_name(show):
    page = show(Player(stack([tune(), tune()]))).page
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.mg button, .mg input, .mg select, .mg canvas, .mg [role=img]')].filter((e) =>
          !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('[role=img][aria-label]'))).map((e) => e.outerHTML)"""
    )
    assert nameless == []


def test_hidden_controls_are_not_there(show):
    page = show(
        Player(tune(), hide=["tempo", "download", "instrument", "loop", "title", "views", "seek", "parts"])
    ).page
    assert page.locator(".mg button").count() == 1  # play
    assert page.locator(".mg input, .mg select").count() == 0
    play(page)


def test_hidden_notation_leaves_the_roll(show):
    page = show(Player(tune(), hide=["notation"])).page
    assert page.locator(".mg-sheet").is_hidden() and page.locator(".mg-roll").is_visible()
    assert page.get_by_role("tab").count() == 0


@pytest.mark.parametrize("width", [1280, 480])
def test_views_and_widths(show, width):
    page = show(Player(tune()), width=width).page
    for name, sheet, roll in [("Notation", True, False), ("Piano roll", False, True), ("Both", True, True)]:
        page.get_by_role("tab", name=name).click()
        assert page.locator(".mg-sheet").is_visible() == sheet
        assert page.locator(".mg-roll").is_visible() == roll
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_narrow_page_gets_shorter_lines(show):
    long = Score.from_melody([69, 71, 72, 74] * 8, 24)
    watched = show(Player(long), later=True)
    page = watched.page
    answer, _ = Player(long).engrave_narrow({}, [])
    page.evaluate("(narrow) => { globalThis.narrow = narrow; void show(); }", answer)
    wide_lines = page.locator("g.system").count()
    page.set_viewport_size({"width": 480, "height": 900})
    page.wait_for_function(f"document.querySelectorAll('g.system').length > {wide_lines}")
    page.locator(".mg-seek").fill("760")
    last = page.locator("g.note .notehead").last.bounding_box()
    cursor = page.locator(".mg-cursor").bounding_box()
    assert cursor["x"] == pytest.approx(last["x"], abs=25)
    assert cursor["y"] <= last["y"] <= cursor["y"] + cursor["height"]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function(f"document.querySelectorAll('g.system').length === {wide_lines}")


def test_roll_is_painted_again_when_the_theme_changes(show):
    watched = show(Player(tune(), view="roll"))
    page = watched.page
    corner = "() => Array.from(document.querySelector('canvas').getContext('2d').getImageData(60, 60, 1, 1).data)"
    light = page.evaluate(corner)
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    assert watched.until(lambda: sum(page.evaluate(corner)[:3]) < sum(light[:3]) - 300)


def test_a_silent_kernel_is_told_and_may_come_back(show):
    page = show(Player(tune()), later=True).page
    page.evaluate("kernel = 'gone'; void show()")
    button = page.get_by_role("button", name="Play", exact=True)
    button.click()
    status = page.locator(".mg-status")
    page.get_by_text("The Python kernel does not answer. Run this cell again").wait_for()
    page.evaluate("kernel = 'failing'")
    button.click()
    page.wait_for_function("document.querySelector('.mg-status').textContent.includes('SoundFont is broken')")
    page.evaluate("kernel = 'idle'")
    play(page)
    assert status.inner_text() == ""


def test_a_widget_cut_off_from_its_kernel_does_not_wait(show):
    page = show(Player(tune()), later=True).page
    page.evaluate("document.body.classList.add('jupyter-widgets-disconnected'); void show()")
    page.get_by_role("button", name="Download MIDI").click()
    page.locator(".mg-status", has_text="does not answer").wait_for()
    assert page.evaluate("asked") == []


def test_download(show):
    page = show(Player(tune())).page
    with page.expect_download() as download:
        page.get_by_role("button", name="Download WAV").click()
    assert download.value.suggested_filename == "tune.wav"
    assert page.evaluate("asked.at(-1)") == ["render_file", {"format": "wav"}]


def test_one_player_at_a_time_and_one_context_a_page(show):
    page = show(Player(tune(bpm=30))).page
    play(page)
    page.evaluate(
        "document.getElementById('cell').id = 'first'; document.body.insertAdjacentHTML('beforeend', '<div id=cell></div>'); void show()"
    )
    page.locator("#cell .mg-play").click()
    page.locator("#cell .mg-play[aria-label=Pause]").wait_for()
    assert page.get_by_role("button", name="Pause", exact=True).count() == 1
    assert page.locator("#cell .mg-play").get_attribute("aria-label") == "Pause"
    assert page.evaluate("asked.length") == 1  # the second player took the first one's instrument


def test_clean_up_ends_the_sound(show):
    watched = show(Player(tune(bpm=30)))
    page = watched.page
    play(page)
    assert watched.hears(A4)
    page.evaluate("cleanUp()")
    assert watched.falls_silent(1e-4)
    assert page.evaluate("musegenSound.playing") is None
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0


def test_limiter_holds_many_loud_notes(show):
    crowd = Score.from_notes([(0, 480, pitch, 127) for pitch in range(45, 93, 3)], bpm=60)
    watched = show(Player(crowd))
    play(watched.page)
    peak = "() => { const e = musegenSound.analyser; const w = new Float32Array(e.fftSize); e.getFloatTimeDomainData(w); return Math.max(...w.map(Math.abs)); }"
    assert watched.until(lambda: watched.page.evaluate(peak) > 0.2)
    watched.page.wait_for_timeout(400)
    assert 0.2 < watched.page.evaluate(peak) <= 1.0


def test_engraving_failure_still_plays(show, monkeypatch):
    player = Player(tune())
    player.engraving = {"pages": [], "stops": [], "rows": {}, "remark": "This score could not be engraved: no clef"}
    page = show(player).page
    assert "could not be engraved" in page.locator(".mg-sheet").inner_text()
    play(page)
