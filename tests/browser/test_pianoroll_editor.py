"""What the piano-roll editor does with mouse, keys and a MIDI keyboard, in Chromium, with pure tones in the place of a kernel."""

import itertools

import pytest

from musegen_edu.score import Score, stack
from musegen_edu.widgets import PianoRollEditor

pytestmark = pytest.mark.browser

GUTTER, RULER, ROW, LANE = 42, 22, 13, 58
# What the page has told Python, as rows of five; the page waits 120 ms before it does.
TOLD = """() => { const d = model.get('notes_data'); const a = Array.from(new Int32Array(d.buffer.slice(d.byteOffset, d.byteOffset + d.byteLength)));
  return Array.from({ length: a.length / 5 }, (_, i) => a.slice(5 * i, 5 * i + 5)); }"""
ASSIGN = """(rows) => { model.set('notes_data', new DataView(Int32Array.from(rows.flat()).buffer)); }"""
FAKE_MIDI = """
  globalThis.midiAsked = 0;
  globalThis.key = { name: 'Tiny Keys', onmidimessage: null };
  globalThis.midi = { inputs: new Map([['1', key]]), onstatechange: null };
  navigator.requestMIDIAccess = async () => { midiAsked += 1; if (globalThis.refuse) throw new DOMException('no', 'SecurityError'); return midi; };
  globalThis.strike = (...data) => key.onmidimessage({ data: new Uint8Array(data) });
"""


def told(page):
    page.evaluate("() => new Promise((done) => setTimeout(done, 220))")  # by the page's own timers, late as they may be
    return page.evaluate(TOLD)


def status(page):
    return page.locator(".mg-status").inner_text()


class Roll:
    """Where ticks and pitches lie on the screen."""

    def __init__(self, page, bars=5, bar=96):
        self.page = page
        self.total = bars * bar

    def at(self, tick, pitch):
        box = self.page.locator(".mg-canvas").bounding_box()
        left, top = self.page.evaluate(
            "[document.querySelector('.mg-grid').scrollLeft, document.querySelector('.mg-grid').scrollTop]"
        )
        scale = max(1.7, min(6, (box["width"] - GUTTER - 4) / self.total))
        return box["x"] + GUTTER + tick * scale - left, box["y"] + RULER + (127 - pitch) * ROW - top + ROW / 2

    def drag(self, start, end, *, key=None):
        mouse = self.page.mouse
        if key:
            self.page.keyboard.down(key)
        mouse.move(*self.at(*start))
        mouse.down()
        mouse.move(*self.at(*end), steps=5)
        mouse.up()
        if key:
            self.page.keyboard.up(key)

    def click(self, tick, pitch, **options):
        self.page.mouse.click(*self.at(tick, pitch), **options)


def opened(show, score=None, *, before=None, width=1280, **options):
    watched = show(PianoRollEditor(score, **options), before=before, width=width)
    watched.page.wait_for_function("asked.length >= 1")
    watched.lets_pass(150)
    return watched, watched.page


def tune(**fields):
    """Three quarters, C E G, in the first of the four bars that the roll shows."""
    return Score.from_melody([60, 64, 67], 24, key="C major", title="Three", **fields)


@pytest.fixture
def page(show):
    return opened(show, tune())[1]


# ---- mouse ----


def test_draw_a_note_and_hear_it(show):
    watched, page = opened(show)
    roll = Roll(page, 4)
    page.mouse.move(*roll.at(26, 69))
    page.mouse.down()
    assert watched.hears(440, rel=0.005)
    page.mouse.move(*roll.at(46, 69), steps=4)
    page.mouse.up()
    assert told(page) == [[24, 24, 69, 90, 0]]
    assert status(page) == "A4, bar 1 beat 2, 1 quarter long, velocity 90"
    roll.click(97, 62)
    assert told(page)[1] == [96, 6, 62, 90, 0]


def test_move_a_note(page):
    roll = Roll(page, 4)
    roll.drag((30, 64), (55, 66))
    assert told(page) == [[0, 24, 60, 80, 0], [48, 24, 66, 80, 0], [48, 24, 67, 80, 0]]


def test_stretch_a_note_by_its_right_end(page):
    roll = Roll(page, 4)
    roll.drag((71, 67), (95, 67))
    assert told(page)[2] == [48, 48, 67, 80, 0]
    roll.drag((95, 67), (20, 67))
    assert told(page)[2] == [48, 6, 67, 80, 0]  # never shorter than a step


def test_delete_with_the_right_button(page):
    Roll(page, 4).click(30, 64, button="right")
    assert [row[2] for row in told(page)] == [60, 67]


def test_alt_drag_changes_the_velocity(page):
    roll = Roll(page, 4)
    roll.drag((30, 64), (30, 66), key="Alt")
    assert told(page)[1] == [24, 24, 64, 80 + 2 * ROW, 0]


def test_velocity_lane(page):
    roll = Roll(page, 4)
    x, _ = roll.at(24, 64)
    box = page.locator(".mg-canvas").bounding_box()
    page.mouse.click(x, box["y"] + box["height"] - (LANE - 10) / 2)
    assert abs(told(page)[1][3] - 64) <= 3
    assert told(page)[0][3] == 80


def test_frame_moves_many_at_once(page):
    roll = Roll(page, 4)
    page.get_by_role("button", name="Select", exact=True).click()
    roll.drag((20, 69), (60, 63))
    assert status(page) == "2 notes selected"
    roll.drag((30, 64), (54, 65))
    assert told(page) == [[0, 24, 60, 80, 0], [48, 24, 65, 80, 0], [72, 24, 68, 80, 0]]
    page.keyboard.press("Delete")
    assert told(page) == [[0, 24, 60, 80, 0]]


def test_a_finger_draws_and_in_select_pushes_the_roll(page):
    roll = Roll(page, 4)
    touch = page.context.new_cdp_session(page)

    def swipe(start, end):
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": start[0], "y": start[1]}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": end[0], "y": end[1]}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(100)

    swipe(roll.at(97, 70), roll.at(119, 70))
    assert told(page)[-1] == [96, 24, 70, 90, 0]
    page.get_by_role("button", name="Select", exact=True).click()
    top = page.evaluate("document.querySelector('.mg-grid').scrollTop")
    swipe(roll.at(150, 70), roll.at(150, 66))
    assert page.evaluate("document.querySelector('.mg-grid').scrollTop") == top - 4 * ROW
    assert len(told(page)) == 4


def test_a_group_stops_at_the_edges(page):
    page.locator(".mg-grid").focus()
    page.keyboard.press("Control+a")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert told(page) == [[0, 24, 120, 80, 0], [24, 24, 124, 80, 0], [48, 24, 127, 80, 0]]


@pytest.mark.parametrize(("label", "onset", "length"), [("1/8 triplet", 24 + 16, 8), ("1/4", 24, 24), ("1/32", 45, 3)])
def test_snap(page, label, onset, length):
    page.get_by_label("Snap").select_option(label=label)
    Roll(page, 4).click(46.5, 72)
    assert [onset, length, 72, 90, 0] in told(page)


def test_snap_counts_from_the_pickup(show):
    _, page = opened(show, Score.from_melody([60], 24, pickup=16, meter=(3, 4)), bars=4)
    page.get_by_label("Snap").select_option(label="1/4")
    box = page.locator(".mg-canvas").bounding_box()
    scale = (box["width"] - 46) / (16 + 4 * 72)
    x = box["x"] + GUTTER + 20 * scale
    page.mouse.click(x, Roll(page).at(0, 65)[1])
    assert [16, 24, 65, 90, 0] in told(page)


def test_undo_and_redo_of_every_kind_of_edit(page):
    states = [told(page)]
    roll = Roll(page, 4)
    page.get_by_role("button", name="Undo").is_disabled()
    for act in (
        lambda: roll.click(80, 72),
        lambda: roll.drag((30, 64), (55, 66)),
        lambda: page.keyboard.press("Alt+ArrowUp"),
        lambda: page.keyboard.press("Shift+ArrowRight"),
        lambda: page.keyboard.press("Delete"),
    ):
        act()
        states.append(told(page))
    assert all(before != after for before, after in itertools.pairwise(states))
    for state in states[-2::-1]:
        page.keyboard.press("Control+z")
        assert told(page) == state
    assert page.get_by_role("button", name="Undo").is_disabled()
    for i, state in enumerate(states[1:]):
        page.keyboard.press("Control+y" if i % 2 else "Control+Shift+z")
        assert told(page) == state
    page.get_by_role("button", name="Undo").click()
    assert told(page) == states[-2]


# ---- keyboard ----


def test_a_tune_from_the_keyboard_alone(show):
    _, page = opened(show)
    page.locator(".mg-grid").focus()
    page.get_by_label("Snap").select_option(label="1/4")
    page.locator(".mg-grid").focus()
    for keys in ("Enter", "ArrowUp ArrowUp Enter", "ArrowRight ArrowDown Enter"):
        for key in keys.split():
            page.keyboard.press(key)
    assert [row[:3] for row in told(page)] == [[0, 24, 64], [24, 24, 66], [72, 24, 65]]
    assert status(page) == "F4, bar 1 beat 4, 1 quarter long, velocity 90"
    page.keyboard.press(",")
    page.keyboard.press(",")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Alt+ArrowDown")
    assert told(page)[1] == [48, 24, 67, 82, 0]
    page.keyboard.press("Backspace")
    page.keyboard.press("Home")
    page.keyboard.press(".")
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    assert [row[:3] for row in told(page)] == [[0, 24, 64], [72, 24, 65]]


def test_copy_cut_and_paste(page):
    page.locator(".mg-grid").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    assert [row[:3] for row in told(page)] == [[24 * i, 24, p] for i, p in enumerate([60, 64, 67] * 2)]
    page.keyboard.press("Control+x")
    assert len(told(page)) == 3
    page.keyboard.press("Home")
    page.keyboard.press("Control+v")
    assert len(told(page)) == 6


def test_held_arrow_key_is_one_message(page):
    page.locator(".mg-grid").focus()
    page.keyboard.press("Control+a")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    assert told(page)[0][0] == 48
    assert page.evaluate("model.saved") == 1


# ---- round trip ----


def test_edits_in_the_page_make_the_same_score_in_python(show):
    editor = PianoRollEditor(stack([tune(), tune().transpose(-12)]))
    page = show(editor).page
    page.wait_for_timeout(150)
    Roll(page, 4).click(80, 72)
    rows = told(page)
    editor.set_state({"notes_data": b"".join(int(x).to_bytes(4, "little", signed=True) for row in rows for x in row)})
    assert editor.score.part(1) == tune().transpose(-12).replace(key="C major")
    assert editor.score.part(0).notes["pitch"].tolist() == [60, 64, 67, 72]


def test_other_parts_cannot_be_touched(show):
    _, page = opened(show, stack([tune(), Score.from_melody([72], 96, key="C major")]))
    page.locator(".mg-grid").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    Roll(page, 4).click(50, 72, button="right")
    assert told(page) == [[0, 96, 72, 80, 1]]


def test_assignment_in_python_redraws_and_can_be_undone(page):
    before = told(page)
    page.evaluate(ASSIGN, [[0, 96, 72, 100, 0]])
    page.locator(".mg-grid").focus()
    page.keyboard.press(".")
    assert status(page) == "C5, bar 1 beat 1, 4 quarters long, velocity 100"
    assert page.evaluate("model.saved") == 0  # what Python said is not said back
    page.keyboard.press("Control+z")
    assert told(page) == before


def test_echo_of_our_own_words_changes_nothing(page):
    Roll(page, 4).click(80, 72)
    rows = told(page)
    page.evaluate(ASSIGN, rows)
    assert status(page).startswith("C5")
    page.get_by_role("button", name="Undo").click()
    assert len(told(page)) == 3
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_menus_reach_python_and_the_scale_is_shaded(page):
    pixel = "([x, y]) => { const c = document.querySelector('canvas'); const b = c.getBoundingClientRect(); return Array.from(c.getContext('2d').getImageData((x - b.x) * devicePixelRatio, (y - b.y) * devicePixelRatio, 1, 1).data); }"
    roll = Roll(page, 4)
    inside, outside = roll.at(99, 62), roll.at(99, 63)
    assert sum(page.evaluate(pixel, inside)) > sum(page.evaluate(pixel, outside)) + 15
    page.get_by_label("Key", exact=True).select_option("A major")
    assert page.evaluate("model.get('key')") == "A major"
    page.evaluate("model.set('info', { ...model.get('info'), scale: [9, 11, 1, 3, 4, 6, 8], tonic: 9 })")
    assert sum(page.evaluate(pixel, inside)) < sum(page.evaluate(pixel, outside)) - 15
    page.get_by_label("Instrument").select_option(label="Flute")
    page.get_by_label("Tempo, quarter notes a minute").fill("90")
    assert page.evaluate("[model.get('program'), model.get('bpm')]") == [73, 90]
    page.get_by_label("Velocity").fill("33")
    Roll(page, 4).click(120, 72)
    assert told(page)[-1][3] == 33


# ---- sound ----


# When keys went down and up, by the clock of the sound.
KEY_TIMES = """globalThis.keyTimes = {}; for (const type of ["keydown", "keyup"]) addEventListener(type, (event) => {
  if (globalThis.musegenSound?.context) keyTimes[`${type} ${event.key}`] ??= musegenSound.context.currentTime; }, true);"""


def test_play_follows_edits_and_pauses(show):
    watched, page = opened(show, Score.from_melody([69] * 12, 24, bpm=60))
    page.get_by_role("button", name="Play", exact=True).click()
    assert watched.hears(440, rel=0.005)
    page.locator(".mg-grid").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Shift+ArrowUp")
    assert watched.hears(880, rel=0.005)  # without starting anew
    page.keyboard.press(" ")
    assert watched.falls_silent()
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert not page.locator(".mg-time").inner_text().startswith("0:00")  # it stays where it was


def test_record_from_the_computer_keyboard(show):
    watched, page = opened(show, Score(bpm=120), before=KEY_TIMES)
    page.get_by_role("button", name="Record").click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    page.wait_for_timeout(500)
    page.keyboard.down("h")  # A4
    page.wait_for_timeout(500)
    assert watched.hears(440, rel=0.005)
    page.keyboard.up("h")
    held = 48 * page.evaluate("keyTimes['keyup h'] - keyTimes['keydown h']")  # ticks at 120 bpm
    page.wait_for_timeout(200)
    page.keyboard.press("x")  # an octave higher
    page.keyboard.down("a")
    page.wait_for_timeout(300)
    page.keyboard.press("r")  # stops, and takes the key that is still down
    page.get_by_role("button", name="Play", exact=True).wait_for()
    rows = told(page)
    assert [row[2:] for row in rows] == [[69, 90, 0], [72, 90, 0]]
    assert all(value % 6 == 0 for row in rows for value in row[:2])
    assert rows[0][0] >= 6
    assert rows[0][1] == pytest.approx(held, abs=9)  # the grid is 6 ticks
    assert rows[1][0] >= rows[0][0] + rows[0][1]
    assert status(page) == "Recorded 2"
    page.keyboard.up("a")
    page.keyboard.press("Control+z")
    assert told(page) == []  # a take is one step


def test_keys_sound_without_recording_and_stop_when_the_focus_goes(show):
    watched, page = opened(show)
    page.locator(".mg-grid").focus()
    page.keyboard.down("h")
    assert watched.hears(440, rel=0.005)
    page.get_by_label("Snap").focus()
    assert watched.falls_silent()
    page.keyboard.up("h")
    assert told(page) == []


def test_metronome_counts_a_bar_in(show):
    before = """globalThis.clicks = []; const start = AudioBufferSourceNode.prototype.start;
      AudioBufferSourceNode.prototype.start = function (when, ...rest) { if (this.buffer.length === 2205) clicks.push(when); return start.call(this, when, ...rest); };"""
    _, page = opened(show, Score(bpm=60), before=before + KEY_TIMES)
    page.get_by_role("button", name="Metronome").click()
    page.get_by_role("button", name="Record").click()
    page.wait_for_function("clicks.length >= 2")
    page.keyboard.press("a")  # during the count-in: heard, not written
    page.wait_for_function(
        "clicks.length > 4 && musegenSound.context.currentTime > clicks[4] + 0.5"
    )  # in the first bar
    page.keyboard.press("s")
    page.wait_for_function("clicks.length >= 6")
    page.get_by_role("button", name="Record").click()
    rows = told(page)
    times, struck = page.evaluate("[clicks, keyTimes]")
    assert struck["keydown a"] < times[4] - 0.5
    assert [row[2] for row in rows] == [62]
    assert rows[0][0] == pytest.approx(24 * (struck["keydown s"] - times[4]), abs=6)  # the grid is 6 ticks
    assert len(times) >= 6
    assert [b - a for a, b in itertools.pairwise(times)] == pytest.approx([1.0] * (len(times) - 1), abs=1e-6)


def test_record_from_a_midi_keyboard(show):
    watched, page = opened(show, Score(bpm=120), before=FAKE_MIDI)
    assert page.evaluate("midiAsked") == 0  # nobody is asked before a click
    page.get_by_role("button", name="MIDI keyboard").click()
    page.wait_for_function("!!key.onmidimessage")
    assert status(page) == "Listening to Tiny Keys"
    page.get_by_role("button", name="Record").click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    page.evaluate("strike(0x93, 69, 101)")
    assert watched.hears(440, rel=0.005)
    page.evaluate("strike(0x93, 69, 0)")
    page.evaluate("strike(0x90, 57, 44); strike(0xf8)")
    page.wait_for_timeout(200)
    page.evaluate("strike(0x80, 57, 64)")
    page.get_by_role("button", name="Record").click()
    assert [row[2:] for row in told(page)] == [[69, 101, 0], [57, 44, 0]]
    page.get_by_role("button", name="MIDI keyboard").click()
    assert page.evaluate("key.onmidimessage") is None and status(page) == "MIDI is off"


def test_without_web_midi_or_permission_the_page_says_so(show):
    _, page = opened(show, before="Object.defineProperty(navigator, 'requestMIDIAccess', { value: undefined });")
    page.get_by_role("button", name="MIDI keyboard").click()
    assert "This browser has no Web MIDI" in status(page)
    _, page = opened(show, before=FAKE_MIDI + "globalThis.refuse = true;")
    page.get_by_role("button", name="MIDI keyboard").click()
    page.wait_for_function("document.querySelector('.mg-status').textContent.includes('did not allow MIDI')")
    assert page.get_by_role("button", name="MIDI keyboard").get_attribute("aria-pressed") == "false"


def test_a_silent_kernel_is_told_and_drawing_goes_on(show):
    page = show(PianoRollEditor(), later=True).page
    page.evaluate("kernel = 'gone'; globalThis.cleanUp = show()")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.mg-status').textContent.includes('does not answer')")
    Roll(page, 4).click(26, 65)
    assert len(told(page)) == 1


# ---- the page around it ----


def test_download_holds_the_last_stroke(page):
    Roll(page, 4).click(80, 72)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download MIDI").click()
    assert len(page.evaluate(TOLD)) == 4
    assert download.value.suggested_filename == "tune.midi"
    assert page.evaluate("asked.at(-1)") == ["render_file", {"format": "midi"}]


def test_every_control_has_a_name(page):
    page.get_by_role("button", name="Keys").click()
    assert page.locator(".mg-help").is_visible()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.mg button, .mg input, .mg select, .mg [role=application]')].filter((e) =>
          !(e.getAttribute('aria-label') || e.textContent.trim())).map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert page.locator(".mg-grid").get_attribute("aria-label").startswith("Piano roll editor: 3 notes.")


def test_hidden_controls_are_not_there(show):
    _, page = opened(show, tune(), hide=list(PianoRollEditor.HIDEABLE))
    assert page.locator(".mg button").count() == 2  # play and delete
    assert page.locator(".mg input, .mg select").count() == 0
    page.locator(".mg-grid").focus()
    page.keyboard.press("r")
    page.wait_for_timeout(100)
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


@pytest.mark.parametrize("width", [1280, 420])
def test_widths(show, width):
    _, page = opened(show, tune(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("Play", "Record", "Undo", "Delete"):
        assert page.get_by_role("button", name=name, exact=True).bounding_box()["x"] < width - 20


def test_canvas_follows_the_theme(page):
    corner = "() => Array.from(document.querySelector('canvas').getContext('2d').getImageData(300, 5, 1, 1).data)"
    light = page.evaluate(corner)
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_function(
        f"(limit) => ({corner})().slice(0, 3).reduce((a, b) => a + b) < limit", arg=sum(light[:3]) - 300
    )


def test_clean_up_sends_the_last_edit_and_leaves_nothing_behind(page):
    Roll(page, 4).click(80, 72)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(60)
    page.evaluate("cleanUp()")
    assert len(page.evaluate(TOLD)) == 4
    assert page.evaluate("musegenSound.playing") is None
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
