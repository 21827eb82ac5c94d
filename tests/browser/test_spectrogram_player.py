"""What the spectrogram player draws, says and plays, in Chromium, with the widget's own Python in the place of a kernel."""

import base64
import itertools
import json

import numpy as np
import pytest

from musegen_edu.widgets import SpectrogramPlayer

pytestmark = pytest.mark.browser

SR = 22050
KERNEL = """() => { globalThis.calls = []; globalThis.pending = 0;
  globalThis.viaPython = async (...question) => { pending += 1; try { return await answerOf(...question); } finally { pending -= 1; } };
  const answerOf = async (name, message) => {
    calls.push([name, message]);
    if (kernel === 'gone') throw new DOMException('signal timed out', 'TimeoutError');
    const answer = await (await fetch('./kernel', { method: 'POST', body: JSON.stringify([name, message]) })).json();
    const unpack = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
    return [answer[0], answer[1].map(unpack)];
  };
  return import('./widget.js').then(({ default: widget }) => {
    const el = document.getElementById('cell');
    globalThis.cleanUp = widget.render({ model, el, experimental: { invoke: viaPython } }); }); }"""


def tone(*pitches, seconds=1.0, level=0.5, sr=SR):
    """Tones of so many Hz, one after the other."""
    time = np.arange(int(seconds * sr)) / sr
    return np.concatenate([level * np.sin(2 * np.pi * pitch * time) for pitch in pitches])


@pytest.fixture
def open_player(show):
    """Show a player whose questions are answered by its own Python."""

    def open_widget(widget, **options):
        watched = show(widget, later=True, **options)

        def answer(route):
            name, message = json.loads(route.request.post_data)
            facts, buffers = getattr(widget, name)(message, [])
            packed = [base64.b64encode(data).decode() for data in buffers]
            route.fulfill(content_type="application/json", body=json.dumps([facts, packed], default=float))

        watched.page.route("http://localhost/kernel", answer)
        watched.page.evaluate(KERNEL)
        return watched

    return open_widget


READOUT = "document.querySelector('.mg-readout').textContent"
# Where the cursor is drawn, in px and in s, and the time of the audio clock in the same frame: between two frames the cursor stands still.
CURSOR = """() => new Promise((done) => requestAnimationFrame(() => { const plot = document.querySelector('.mg-plot'), at = plot.querySelector('.mg-at');
  done([at.getBoundingClientRect().x + 1 - plot.getBoundingClientRect().x, plot.clientWidth, Number(document.querySelector('.mg-seek').value), musegenSound.context.currentTime]); }))"""
# The brightest pixel in the middle of the picture, in px from its top.
BRIGHTEST = """() => { const canvas = document.querySelector('.mg-plot canvas'), ratio = canvas.width / canvas.clientWidth;
  const x = Math.round((58 + (canvas.clientWidth - 58 - 62) / 2) * ratio), top = 8 * ratio;
  const { data } = canvas.getContext('2d').getImageData(x, top, 1, (330 - 8 - 24) * ratio - 1);
  const light = Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] + data[4 * i + 1] + data[4 * i + 2]);
  const most = Math.max(...light), rows = light.flatMap((value, i) => (value === most ? [i] : []));
  return (top + rows[0] / 2 + rows.at(-1) / 2 + 0.5) / ratio; }"""
# The largest step between neighbouring samples of what was heard last, and the quietest tenth of its hundredths of a second.
SMOOTHNESS = """() => { const ear = musegenSound.analyser, wave = new Float32Array(ear.fftSize); ear.getFloatTimeDomainData(wave);
  let step = 0; for (let i = 1; i < wave.length; i += 1) step = Math.max(step, Math.abs(wave[i] - wave[i - 1]));
  const n = Math.round(ear.context.sampleRate / 100), loud = [];
  for (let i = 0; i + n <= wave.length; i += n) loud.push(Math.hypot(...wave.subarray(i, i + n)) / Math.sqrt(n));
  return { step, quietest: Math.min(...loud), loudest: Math.max(...loud), rate: ear.context.sampleRate }; }"""


def settle(page):
    """Wait until everything that was asked for has come and been drawn."""
    for _ in range(2):  # an answer may bring another question
        page.evaluate("() => new Promise((done) => setTimeout(done, 80))")
        page.wait_for_function("!globalThis.pending")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def place(page, second, seconds, y=150):
    """Where a time lies in a picture that shows all of a sound."""
    box = page.locator(".mg-plot").first.bounding_box()
    return box["x"] + 58 + second / seconds * (box["width"] - 58 - 62), box["y"] + y


def drag(page, start, end, seconds):
    page.mouse.move(*place(page, start, seconds))
    page.mouse.down()
    page.mouse.move(*place(page, (start + end) / 2, seconds), steps=3)
    page.mouse.move(*place(page, end, seconds), steps=3)
    page.mouse.up()


def play(page):
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()


def now(page):
    return float(page.locator(".mg-seek").input_value())


@pytest.mark.parametrize(("view", "axis", "within"), [
    ("stft", "linear", SR / 2048), ("stft", "log", SR / 2048), ("mel", "log", 35), ("cqt", "log", 440 * (2 ** (1 / 24) - 1)),
])  # fmt: skip
def test_the_brightest_row_is_read_as_the_tone_that_it_is(open_player, view, axis, within):
    player = SpectrogramPlayer(tone(440), SR, view=view)
    player.frequency_axis = axis
    page = open_player(player).page
    settle(page)
    y = page.evaluate(BRIGHTEST)
    page.mouse.move(*place(page, 0.5, 1, y))
    text = page.evaluate(READOUT)
    time, hertz, note, level = text.split(" · ")
    assert float(time.removesuffix(" s")) == pytest.approx(0.5, abs=0.002)
    assert float(hertz.removesuffix(" Hz")) == pytest.approx(440, abs=within)
    assert note.split()[0] in ("A4", "G♯4")
    assert float(level.removesuffix(" dB").replace("−", "-")) == pytest.approx(-6, abs=2)
    page.mouse.move(5, 5)  # away from the picture: the strongest frequency at the cursor, between the rows
    page.locator(".mg-seek").fill("0.5")
    strongest = page.evaluate(READOUT)
    assert "strongest: " in strongest and "A4" in strongest
    assert float(strongest.split("strongest: ")[1].split(" Hz")[0]) == pytest.approx(
        440, abs=10 if view == "mel" else 3
    )


def test_the_waveform_is_read_sample_by_sample(open_player):
    wave = np.tile([0.0, 0.5, 0.25, -0.75], 256)
    page = open_player(SpectrogramPlayer(wave, 1024, view="waveform")).page
    settle(page)
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    settle(page)
    seen = 1 / 16
    for sample in (8, 9, 10, 11):
        page.mouse.move(*place(page, sample / 1024 + 1e-4, seen))
        assert page.evaluate(READOUT).split(" · ")[1].replace("−", "-") == f"{wave[sample]:.3f}"


def test_play_is_heard_and_the_cursor_keeps_to_the_audio_clock(open_player):
    watched = open_player(SpectrogramPlayer(tone(440, seconds=8), SR))
    page = watched.page
    assert watched.listen() == (0.0, 0.0)
    play(page)
    page.wait_for_function("Number(document.querySelector('.mg-seek').value) > 0.3")
    x, width, _, begun = page.evaluate(CURSOR)
    page.wait_for_timeout(900)
    later, _, _, ended = page.evaluate(CURSOR)
    assert watched.hears(440, rel=0.002)
    level = 0.5 * 0.8 / 2 / np.sqrt(2)  # level times volume, and nothing squeezed it
    assert watched.loudness() == pytest.approx(level, rel=0.02)
    assert (later - x) / (width - 120) * 8 == pytest.approx(ended - begun, abs=0.05)
    page.get_by_role("button", name="Pause", exact=True).click()
    assert watched.falls_silent(1e-4)
    where = now(page)
    page.wait_for_timeout(200)
    assert now(page) == where


def test_a_pure_tone_stays_pure(open_player):
    watched = open_player(SpectrogramPlayer(tone(440, seconds=6, level=1.0), SR))
    page = watched.page
    page.locator("[aria-label=Volume]").fill("1")
    play(page)
    page.wait_for_function("Number(document.querySelector('.mg-seek').value) > 0.7")
    wave = np.array(
        page.evaluate(
            "() => { const w = new Float32Array(16384); musegenSound.analyser.getFloatTimeDomainData(w); return Array.from(w); }"
        )
    )
    rate = page.evaluate("musegenSound.context.sampleRate")
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave))))
    peak = round(440 * len(wave) / rate)
    assert abs(int(spectrum.argmax()) - peak) <= 1
    spectrum[peak - 8 : peak + 9] = 0
    assert 20 * np.log10(spectrum.max() / np.abs(np.fft.rfft(wave * np.blackman(len(wave)))).max()) < -70


def test_it_ends_by_itself_and_leaves_nothing_behind(open_player):
    page = open_player(SpectrogramPlayer(tone(440, seconds=0.3), SR)).page
    play(page)
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert now(page) == 0
    assert page.evaluate("musegenSound.playing") is None


def test_a_click_moves_the_cursor_there(open_player):
    watched = open_player(SpectrogramPlayer(tone(440, 880, seconds=3), SR))
    page = watched.page
    settle(page)
    page.mouse.click(*place(page, 3.5, 6))
    assert now(page) == pytest.approx(3.5, abs=0.02)
    play(page)
    assert watched.hears(880, rel=0.003)
    page.mouse.click(*place(page, 0.1, 6))
    assert watched.hears(440, rel=0.003)


def test_a_selection_is_looped_without_a_click_and_nothing_else_is_heard(open_player):
    watched = open_player(SpectrogramPlayer(tone(440, 880, seconds=4), SR))
    page = watched.page
    settle(page)
    drag(page, 3.5, 3.72, 8)  # 0.22 s of the first tone, then
    begin, end = page.evaluate("model.get('selection')")
    assert (begin, end) == pytest.approx((3.5, 3.72), abs=0.02)
    assert page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
    play(page)
    assert watched.hears(440, rel=0.02)
    page.wait_for_timeout(400)  # nothing else is in the ear any more
    positions = []
    for _ in range(8):
        page.wait_for_timeout(130)
        positions.append(now(page))
        heard = page.evaluate(SMOOTHNESS)
        assert watched.listen()[1] == pytest.approx(440, rel=0.02)
        slope = 2 * np.pi * 440 / heard["rate"] * 0.5 * 0.8 / 2  # the steepest step of the tone itself
        assert heard["step"] < 1.15 * slope  # a third of a second, with a seam in it
    assert min(positions) >= begin - 1e-6 and max(positions) <= end + 1e-6
    assert any(later < earlier for earlier, later in itertools.pairwise(positions))
    page.keyboard.press("Escape")
    assert page.evaluate("model.get('selection')") is None
    page.wait_for_function("document.querySelector('.mg-seek').value > 4.5")
    assert watched.hears(880, rel=0.003)  # it goes on into the second tone


def test_the_end_of_a_selection_can_be_moved_and_a_double_click_lets_go(open_player):
    page = open_player(SpectrogramPlayer(tone(440, 880), SR)).page
    settle(page)
    drag(page, 1.5, 0.5, 2)
    assert page.evaluate("model.get('selection')") == pytest.approx([0.5, 1.5], abs=0.01)
    drag(page, 1.5, 1.0, 2)
    assert page.evaluate("model.get('selection')") == pytest.approx([0.5, 1.0], abs=0.01)
    drag(page, 0.5, 0.2, 2)
    assert page.evaluate("model.get('selection')") == pytest.approx([0.2, 1.0], abs=0.01)
    page.mouse.dblclick(*place(page, 1.3, 2))
    assert page.evaluate("model.get('selection')") is None
    assert page.locator(".mg-selected").is_hidden()


def test_a_and_b_change_places_without_a_gap_or_a_click(open_player):
    watched = open_player(
        SpectrogramPlayer(tone(440, seconds=20), SR, other=tone(660, seconds=20), labels=("low", "high"))
    )
    page = watched.page
    play(page)
    page.wait_for_function("Number(document.querySelector('.mg-seek').value) > 0.4")
    assert watched.hears(440, rel=0.002)
    _, _, before, clock = page.evaluate(CURSOR)
    page.get_by_role("button", name="high", exact=True).click()
    page.wait_for_timeout(160)  # the switch lies within the third of a second that the analyser keeps
    heard = page.evaluate(SMOOTHNESS)
    steepest = 2 * np.pi * 660 / heard["rate"] * 0.5 * 0.8 / 2
    assert heard["step"] < 1.1 * steepest
    assert heard["quietest"] > 0.35 * heard["loudest"]  # two tones may beat, but it never falls silent
    assert watched.hears(660, rel=0.002)
    _, _, after, ended = page.evaluate(CURSOR)
    assert after - before == pytest.approx(ended - clock, abs=0.06)  # at the same position
    assert page.evaluate("model.get('source')") == "B"
    page.keyboard.press("Escape")
    page.locator(".mg-plot").first.focus()
    page.keyboard.press("a")
    assert watched.hears(440, rel=0.002)


def test_both_levels_are_read_and_the_difference_is_drawn(open_player):
    page = open_player(
        SpectrogramPlayer(tone(440), SR, other=tone(440, level=0.05), labels=("loud", "soft"), view="stft")
    ).page
    settle(page)
    y = page.evaluate(BRIGHTEST)
    page.mouse.move(*place(page, 0.5, 1, y))
    *_, loud, soft = page.evaluate(READOUT).replace("−", "-").split(" · ")
    assert loud.startswith("loud -") and soft.startswith("soft -")
    assert float(loud.split()[1]) - float(soft.split()[1]) == pytest.approx(20, abs=1)
    page.get_by_role("button", name="Difference").click()
    settle(page)
    colour = page.evaluate("""(y) => { const canvas = document.querySelector('.mg-plot canvas'), ratio = canvas.width / canvas.clientWidth;
      return Array.from(canvas.getContext('2d').getImageData((58 + (canvas.clientWidth - 120) / 2) * ratio, y * ratio, 1, 1).data); }""", y)  # fmt: skip
    assert colour[2] > 150 > colour[0]  # the second is softer there: blue
    assert page.get_by_role("button", name="Difference").inner_text() == "soft − loud"


def test_traits_set_in_python_are_shown(open_player):
    player = SpectrogramPlayer(tone(440), SR)
    page = open_player(player).page
    settle(page)
    page.evaluate("model.set('view', 'cqt')")
    assert page.get_by_role("tab", name="CQT").get_attribute("aria-selected") == "true"
    page.evaluate("model.set('selection', [0.25, 0.5])")
    left, _ = place(page, 0.25, 1)
    assert page.locator(".mg-selected").bounding_box()["x"] == pytest.approx(left, abs=2)
    assert now(page) == pytest.approx(0.25)
    assert page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
    page.evaluate("model.set('selection', null)")
    assert page.locator(".mg-selected").is_hidden()
    assert page.get_by_role("group", name="Compare").count() == 0
    player.other = tone(880, seconds=2)
    page.evaluate("(info) => model.set('info', info)", player.info)
    settle(page)
    assert page.get_by_role("group", name="Compare").is_visible()
    assert "/ 2.00 s" in page.locator(".mg-time").inner_text()
    page.evaluate("model.set('source', 'B')")
    settle(page)
    page.locator(".mg-seek").fill("1.5")
    assert "A5" in page.evaluate(READOUT)


def test_a_new_sound_is_fetched_before_it_is_played(open_player):
    player = SpectrogramPlayer(tone(440), SR)
    watched = open_player(player)
    page = watched.page
    play(page)
    page.wait_for_timeout(300)
    player.other = tone(660, seconds=6)
    page.evaluate("(info) => { model.set('info', info); model.set('source', 'B'); }", player.info)
    page.get_by_role("button", name="Play", exact=True).wait_for()
    play(page)
    assert watched.hears(660, rel=0.003)


def test_keys(open_player):
    page = open_player(SpectrogramPlayer(tone(440, seconds=2), SR)).page
    settle(page)
    page.locator(".mg-plot").first.focus()
    for key, where in [("ArrowRight", 0.1), ("Shift+ArrowRight", 0.5), ("ArrowLeft", 0.4), ("End", 1.9), ("Home", 0)]:
        page.keyboard.press(key)
        assert now(page) == pytest.approx(where, abs=1e-6), key
    page.keyboard.press("l")
    assert page.get_by_role("button", name="Loop").get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("[")
    assert page.evaluate("model.get('selection')") == pytest.approx([0.1, 2])
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("]")
    assert page.evaluate("model.get('selection')") == pytest.approx([0.1, 0.5])
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    assert page.evaluate("model.get('source')") == "A"  # there is no second sound
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    step = now(page)
    page.keyboard.press("ArrowRight")
    assert now(page) - step == pytest.approx(0.05)  # half as far, now that half is seen
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    page.get_by_role("tab", name="Mel").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("model.get('view')") == "cqt"


def test_zoom_by_wheel_keeps_what_is_under_the_pointer(open_player):
    watched = open_player(SpectrogramPlayer(tone(440, seconds=4), SR))
    page = watched.page
    settle(page)
    page.mouse.move(*place(page, 1.0, 4))
    page.mouse.wheel(0, -200)  # nothing was clicked: the page may have its wheel
    assert page.get_by_role("button", name="Zoom out").is_disabled()
    page.mouse.click(*place(page, 1.0, 4))
    page.mouse.wheel(0, -200)
    assert watched.until(page.get_by_role("button", name="Zoom out").is_enabled)
    page.mouse.move(*place(page, 1.01, 4))
    page.mouse.move(*place(page, 1.0, 4))
    assert float(page.evaluate(READOUT).split(" s")[0]) == pytest.approx(1.0, abs=0.01)
    page.mouse.move(*place(page, 2.0, 4))
    assert float(page.evaluate(READOUT).split(" s")[0]) == pytest.approx(1.5, abs=0.01)
    overview = page.locator(".mg-overview").bounding_box()
    page.mouse.click(overview["x"] + overview["width"] - 70, overview["y"] + 20)
    page.mouse.move(*place(page, 4.0, 4))
    assert float(page.evaluate(READOUT).split(" s")[0]) == pytest.approx(4.0, abs=0.01)


def test_a_zoomed_picture_follows_the_cursor(open_player):
    page = open_player(SpectrogramPlayer(tone(440, seconds=6), SR)).page
    settle(page)
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    play(page)
    page.wait_for_function("document.querySelector('.mg-seek').value > 1.9")
    assert page.locator(".mg-plot .mg-at").first.is_visible()
    x, width, *_ = page.evaluate(CURSOR)
    assert 58 <= x <= width - 60


def test_windows_and_axis_are_chosen_in_the_page(open_player):
    page = open_player(SpectrogramPlayer(tone(440), SR, view="stft", n_fft=2000)).page
    settle(page)
    menu = page.get_by_label("Window, in samples")
    assert menu.input_value() == "2000"
    menu.select_option("256")
    settle(page)
    assert page.evaluate("model.get('n_fft')") == 256
    page.evaluate("model.set('n_fft', 300)")
    assert menu.input_value() == "300"
    page.evaluate("model.set('n_fft', 256)")
    page.get_by_label("Frequency axis").select_option("linear")
    settle(page)
    y = page.evaluate(BRIGHTEST)
    page.mouse.move(*place(page, 0.5, 1, y))
    assert float(page.evaluate(READOUT).split(" · ")[1].removesuffix(" Hz")) == pytest.approx(440, abs=SR / 256)
    page.get_by_label("Quietest level shown").fill("-40")
    assert page.evaluate("model.get('quietest')") == -40


def test_tiles_are_asked_for_once(open_player):
    page = open_player(SpectrogramPlayer(tone(440, seconds=30), 8000, hop_length=64)).page
    settle(page)
    for view in ("stft", "cqt", "mel", "stft", "waveform", "mel"):
        page.evaluate("(view) => model.set('view', view)", view)
        settle(page)
    asked = [str(message) for name, message in page.evaluate("calls") if name == "picture"]
    assert len(asked) == len(set(asked))
    assert page.evaluate("calls.every(([name]) => name !== 'sound')")  # the sound only when somebody wants to hear it


def test_what_a_teacher_hides_is_not_there(open_player):
    page = open_player(SpectrogramPlayer(tone(440), SR, title="Seen", hide=SpectrogramPlayer.HIDEABLE)).page
    settle(page)
    assert page.get_by_text("Seen").count() == 0
    assert page.locator("canvas").count() == 1
    assert page.locator("input").count() == page.locator("select").count() == page.get_by_role("tab").count() == 0
    assert page.get_by_role("button").count() == 1
    assert page.get_by_role("button", name="Play").is_visible()


def test_every_control_has_a_name(open_player):
    page = open_player(SpectrogramPlayer(tone(440), SR, other=tone(660), view="stft")).page
    settle(page)
    unnamed = page.evaluate("""[...document.querySelectorAll('button, input, select, [tabindex="0"]')]
      .filter((e) => !e.ariaLabel && !e.textContent.trim()).length""")
    assert unnamed == 0
    assert page.locator(".mg-plot").first.get_attribute("aria-label").startswith("STFT of A, 1.00 seconds")
    assert page.locator(".mg-seek").get_attribute("aria-valuetext") == "0.00 of 1.00 seconds"


def test_a_kernel_that_is_gone_is_told(open_player):
    page = open_player(SpectrogramPlayer(tone(440), SR)).page
    settle(page)
    page.evaluate("kernel = 'gone'")
    page.get_by_role("button", name="Play", exact=True).click()
    page.locator(".mg-trouble").wait_for()
    assert "does not answer" in page.locator(".mg-status").inner_text()
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_a_narrow_page_and_a_sharp_screen(open_player, dark):
    sharp = "Object.defineProperty(window, 'devicePixelRatio', { get: () => 2 });"
    page = open_player(
        SpectrogramPlayer(tone(440), SR, other=tone(660), title="A tone"), width=700, dark=dark, before=sharp
    ).page
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert (
        page.evaluate(
            "(() => { const c = document.querySelector('.mg-plot canvas'); return c.width / c.clientWidth; })()"
        )
        == 2
    )
    ink = page.evaluate("""() => { const c = document.querySelector('.mg-plot canvas');
      const { data } = c.getContext('2d').getImageData(0, 0, 108, c.height); let light = 0;
      for (let i = 0; i < data.length; i += 4) light += data[i] > 128; return light / (data.length / 4); }""")
    assert ink < 0.2 if dark else ink > 0.8  # the margin has the colour of the page


def test_clean_up_silences_and_listens_to_nothing(open_player):
    watched = open_player(SpectrogramPlayer(tone(440, seconds=3), SR))
    page = watched.page
    play(page)
    assert watched.hears(440)
    page.evaluate("cleanUp()")
    assert watched.falls_silent(1e-4)
    assert page.evaluate("musegenSound.playing") is None
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0


@pytest.mark.parametrize("view", ["waveform", "stft", "mel", "cqt"])
def test_the_shortest_sound_can_be_looked_at_and_played(open_player, view):
    page = open_player(SpectrogramPlayer([0.1, -0.2], 384000, view=view, n_fft=64, hop_length=32)).page
    settle(page)
    page.mouse.move(*place(page, 1, 2))
    assert "NaN" not in page.evaluate(READOUT) and "undefined" not in page.evaluate(READOUT)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("calls.some(([name]) => name === 'sound')")
    page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
    assert page.locator(".mg-trouble").count() == 0
    page.get_by_role("button", name="Play", exact=True).wait_for()
