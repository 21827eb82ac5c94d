"""The latent explorer in Chromium: what is dragged, drawn and walked, heard sample by sample, with a toy model in this very process."""

import base64
import json

import numpy as np
import pytest

from musegen_edu.midi import midi_to_score
from musegen_edu.score import Score
from musegen_edu.widgets.latent_explorer import LatentExplorer
from musegen_edu.widgets.latent_journey import join_bars, path_to_cells

pytestmark = pytest.mark.browser

QUESTIONS = ("put_corner", "move", "step", "engrave", "render_file")
SYNCED = ("info", "notes_data", "puck", "path", "walking", "path_bars", "amounts", "saved", "bpm", "program", "history", "remark")  # fmt: skip
BOTH_WAYS = ("puck", "path", "walking", "path_bars", "saved", "follow", "bpm", "program")
# The page's questions go to the widget in Python, and what it changes comes back as the kernel would send it.
KERNEL = """globalThis.answers = Object.fromEntries(QUESTIONS.map((name) => [name, async (message) => {
  asked.push([name, message]);
  const own = Object.fromEntries(BOTH_WAYS.map((trait) => [trait, model.get(trait)]));
  const [answer, files, state] = JSON.parse(await kernelAnswer(name, JSON.stringify(message), JSON.stringify(own)));
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  for (const [trait, value] of Object.entries(state))
    model.set(trait, trait === "notes_data" ? bytes(value) : value);
  return [answer, files.map(bytes)];
}]));""".replace("QUESTIONS", json.dumps(QUESTIONS)).replace("BOTH_WAYS", json.dumps(BOTH_WAYS))
# Keeps every sample that goes to the loudspeaker from now on.
TAPE = """async () => { const code = `registerProcessor("tape", class extends AudioWorkletProcessor {
    process([[wave]]) { this.port.postMessage([currentTime, wave ? wave.slice() : new Float32Array(128)]); return true; } });`;
  const { context, analyser } = musegenSound;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const tape = new AudioWorkletNode(context, "tape");
  analyser.connect(tape);
  globalThis.tape = { rate: context.sampleRate, from: null, waves: [] };
  tape.port.onmessage = ({ data: [time, wave] }) => { globalThis.tape.from ??= time; globalThis.tape.waves.push(...wave); }; }"""
READ_TAPE = """() => { const bytes = new Uint8Array(Float32Array.from(tape.waves).buffer); let text = "";
  for (let i = 0; i < bytes.length; i += 30000) text += String.fromCharCode(...bytes.subarray(i, i + 30000));
  return [btoa(text), tape.rate]; }"""


@pytest.fixture
def explorer(toy_vae, four_corners):
    return LatentExplorer(toy_vae, four_corners, attributes={"higher": np.full(16, 0.5)})


@pytest.fixture
def live(show):
    """Show an explorer whose kernel is this very process."""

    def show_live(widget, **options):
        def answer(name, message, own):
            for trait, value in json.loads(own).items():
                if getattr(widget, trait) != value:
                    setattr(widget, trait, value)
            before = {trait: getattr(widget, trait) for trait in SYNCED}
            reply, files = getattr(widget, name)(json.loads(message), [])
            state = {trait: getattr(widget, trait) for trait in SYNCED if getattr(widget, trait) != before[trait]}
            if "notes_data" in state:
                state["notes_data"] = base64.b64encode(state["notes_data"]).decode("ascii")
            return json.dumps([reply, [base64.b64encode(data).decode("ascii") for data in files], state])

        watched = show(widget, before=KERNEL, later=True, **options)
        watched.page.expose_function("kernelAnswer", answer)
        watched.page.evaluate("() => { globalThis.cleanUp = show(); }")
        watched.page.wait_for_timeout(300)
        return watched

    return show_live


def centre(page, row, column, size=9):
    box = page.locator(".mg-plane").bounding_box()
    side = box["width"] / size
    return box["x"] + (column + 0.5) * side, box["y"] + (row + 0.5) * side


def words(page):
    return page.locator(".mg-mix").inner_text()


def pitches(score):
    return score.notes["pitch"].tolist()


def tick(page):
    return page.evaluate("musegenSound.playing?.tick ?? -1")


def notes_played(page):
    """Rows of onset, duration and pitch that the transport holds now."""
    return page.evaluate("musegenSound.playing.notes.map((n) => [n.onset, n.duration, n.pitch])")


def rows(score):
    return [list(row)[:3] for row in score.notes.tolist()]


def taped(page):
    """All samples since TAPE, and their rate."""
    text, rate = page.evaluate(READ_TAPE)
    return np.frombuffer(base64.b64decode(text), np.float32), int(rate)


def pitch_of(wave, rate):
    """The nearest MIDI pitch of a pure tone."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 16))
    return round(69 + 12 * np.log2(np.argmax(spectrum) * rate / (1 << 16) / 440))


def start_tape(watched):
    """Play once, so that there is something to tape, go back to the beginning, and begin the tape."""
    page = watched.page
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 0")
    page.evaluate("globalThis.transport = musegenSound.playing")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(400)
    page.evaluate("transport.seek(0)")
    page.evaluate(TAPE)


# ---- the page's arithmetic ----


def test_page_and_python_walk_and_join_alike(live, explorer):
    page = live(explorer).page
    rng = np.random.default_rng(5)
    tunes = []
    for _ in range(6):
        edges = np.unique(np.concatenate([[0], rng.integers(1, 384, 20), [384]]))
        durations = [max(1, int(length) - int(rng.integers(0, 3)) * 2) for length in np.diff(edges)]
        tunes.append(Score.from_notes([(int(a), d, int(rng.integers(60, 64))) for a, d in zip(edges, durations, strict=False)]))  # fmt: skip
    given = [[dict(zip(("onset", "duration", "pitch", "velocity", "part"), row, strict=True)) for row in tune.notes.tolist()] for tune in tunes]  # fmt: skip
    for _ in range(20):
        path = rng.uniform(0, 8, (int(rng.integers(1, 9)), 2)).tolist()
        n_bars = int(rng.integers(1, 20))
        order = rng.integers(6, size=n_bars).tolist()
        cells, joined = page.evaluate(
            """async ([path, bars, tunes, order]) => { const { default: widget } = await import("./widget.js");
            return [widget.pathToCells(path, bars, 9), widget.joinBars(order.map((i) => tunes[i])).map((n) => [n.onset, n.duration, n.pitch, n.velocity])]; }""",
            [path, n_bars, given, order],
        )
        assert cells == [row * 9 + column for row, column in path_to_cells(path, n_bars)]
        expected = join_bars([tunes[i] for i in order])
        assert sorted(joined) == sorted([list(row)[:4] for row in expected.notes.tolist()])


# ---- the puck ----


def test_a_touch_plays_what_lies_there_and_a_drag_changes_it_in_time(live, explorer):
    watched = live(explorer)
    page = watched.page
    page.mouse.move(*centre(page, 2, 3))
    page.mouse.down()
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 30")
    assert notes_played(page) == rows(explorer.plane[2][3])
    before = tick(page)
    page.mouse.move(*centre(page, 6, 5))
    assert watched.until(lambda: notes_played(page) == rows(explorer.plane[6][5]))
    assert 0 < tick(page) - before < 300  # the beat went on, in a loop of 384 ticks
    page.mouse.up()
    assert page.evaluate("model.get('puck')") == pytest.approx([5, 6], abs=0.02)
    shares = [3 / 8 * 1 / 4, 5 / 8 * 1 / 4, 3 / 8 * 3 / 4, 5 / 8 * 3 / 4]
    assert words(page) == " · ".join(f"{name} {round(100 * share)} %" for name, share in zip("ABCD", shares, strict=True))  # fmt: skip
    assert page.locator(".mg-next").is_hidden()


def test_playing_never_gaps_while_the_puck_is_dragged(live, explorer):
    explorer.bpm = 120.0
    watched = live(explorer)
    page = watched.page
    start_tape(watched)
    page.mouse.move(*centre(page, 4, 4))
    page.mouse.down()
    for row, column in [(3, 4), (2, 5), (1, 6), (3, 7), (5, 6), (6, 4), (7, 2), (5, 1), (3, 2), (1, 1), (4, 3), (6, 6)]:
        page.mouse.move(*centre(page, row, column))
        page.wait_for_timeout(210)
    page.mouse.up()
    wave, rate = taped(page)
    first = int(np.argmax(np.abs(wave) > 0.01))
    frames = wave[first + rate // 20 : first + int(2.4 * rate)]  # what the toy decodes has no rests
    frames = frames[: len(frames) // 441 * 441].reshape(-1, 441)  # 10 ms
    loudness = np.sqrt((frames**2).mean(axis=1))
    quiet = loudness < 0.15 * np.median(loudness)
    longest = max((len(run) for run in "".join("x" if q else " " for q in quiet).split()), default=0)
    assert longest <= 2, f"{longest} x 10 ms of silence"
    assert np.abs(np.diff(wave)).max() < 0.35  # no click: a full-scale sine of 2 kHz moves 0.28 a sample


# Presses the arrow down, three times, in the middle of the second bar.
NUDGE = """() => new Promise((done) => { const stage = document.querySelector(".mg-plane"); (function wait() {
  if (musegenSound.playing.tick < 130) return setTimeout(wait, 5);
  for (let i = 0; i < 3; i += 1) stage.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
  done([musegenSound.playing.tick, getComputedStyle(document.querySelector(".mg-next")).display]); })(); })"""


def test_from_the_bar_line_on_it_is_the_new_cell(live, explorer):
    explorer.bpm = 160.0
    explorer.puck = [2.0, 2.0]
    old, new = explorer.plane[2][2], explorer.plane[5][2]
    watched = live(explorer)
    page = watched.page
    start_tape(watched)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 0")
    at, announced = page.evaluate(NUDGE)
    assert 96 < at < 180 and announced != "none"  # the cell to come has a frame of its own
    page.wait_for_function("musegenSound.playing.tick > 330")
    assert page.locator(".mg-next").is_hidden()
    assert notes_played(page) == rows(new)
    wave, rate = taped(page)
    heard = wave[int(np.argmax(np.abs(wave) > 0.01)) :]
    quarter = 60 / 160 * rate
    for k in range(12):  # the first eighth of each quarter of three bars
        sounding = pitch_of(heard[int((k + 0.15) * quarter) : int((k + 0.42) * quarter)], rate)
        melody = old if k < 8 else new
        assert sounding == next(pitch for onset, _, pitch in rows(melody) if onset == 24 * k), k
    assert rows(old) != rows(new)


def test_keys_move_the_puck_and_jump_to_corners(live, explorer, four_corners):
    page = live(explorer).page
    page.locator(".mg-plane").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate("model.get('puck')") == [6, 3]
    assert "row 4, column 7" in page.locator(".mg-plane").get_attribute("aria-label")
    page.keyboard.press("2")
    assert page.evaluate("model.get('puck')") == [8, 0]
    assert words(page) == "B as entered"
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 0")
    assert notes_played(page) == rows(four_corners[1])
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play", exact=True).wait_for()


# ---- paths ----


def test_a_drawn_path_is_walked_bar_by_bar(live, explorer):
    explorer.bpm = 240.0
    watched = live(explorer)
    page = watched.page
    page.get_by_role("button", name="Draw a path").click()
    page.mouse.move(*centre(page, 8, 0))
    page.mouse.down()
    for row, column in [(6, 2), (3, 2), (1, 5), (1, 7)]:
        page.mouse.move(*centre(page, row, column), steps=4)
    page.mouse.up()
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 0")
    assert page.evaluate("model.get('walking')") is True
    explorer.path, explorer.walking = page.evaluate("model.get('path')"), True
    assert notes_played(page) == rows(explorer.journey)
    assert explorer.journey.n_bars == 8
    page.get_by_label("Bars of the walk").select_option("4")
    explorer.path_bars = 4
    assert watched.until(lambda: notes_played(page) == rows(explorer.journey))
    assert len(page.locator(".mg-path").get_attribute("points").split()) == len(explorer.path)
    page.mouse.move(*centre(page, 4, 4))  # a touch of the plane ends the walk
    page.mouse.down()
    page.mouse.up()
    assert page.evaluate("model.get('walking')") is False
    assert notes_played(page) == rows(explorer.plane[4][4])
    page.get_by_role("button", name="Walk it").click()
    assert page.evaluate("model.get('walking')") is True
    page.get_by_role("button", name="Clear").click()
    assert page.evaluate("[model.get('walking'), model.get('path')]") == [False, []]


# ---- corners ----


def roll_place(page, onset, pitch, low, high):
    box = page.locator(".mg-melody canvas").bounding_box()
    x = box["x"] + 42 + (onset + 1) * (box["width"] - 44) / 384
    return x, box["y"] + 22 + (high - pitch + 0.5) * (box["height"] - 22) / (high - low + 1)


def test_a_corner_is_drawn_and_sounds_as_drawn(live, explorer, toy_vae):
    watched = live(explorer)
    page = watched.page

    def becomes(notes):
        return watched.until(lambda: rows(explorer.corners[0]) == notes)

    page.get_by_role("button", name="Edit corner A").click()
    page.get_by_role("button", name="Empty").click()
    assert becomes([])
    watched.lets_pass(300)
    low, high = 53, 83  # the open range, with two semitones at either end
    page.mouse.move(*roll_place(page, 0, 60, low, high))
    page.mouse.down()
    page.mouse.move(*roll_place(page, 22, 60, low, high), steps=4)
    page.mouse.up()
    page.mouse.click(*roll_place(page, 48, 67, low, high))
    assert becomes([[0, 24, 60], [48, 6, 67]])
    assert rows(explorer.plane[0][0]) == [[0, 24, 60], [48, 6, 67]]
    page.mouse.click(*roll_place(page, 12, 72, low, high))  # one voice: the long note makes room
    assert becomes([[0, 12, 60], [12, 6, 72], [48, 6, 67]])
    page.mouse.move(*roll_place(page, 13, 72, low, high))
    page.mouse.down()
    page.mouse.move(*roll_place(page, 31, 69, low, high), steps=4)
    page.mouse.up()
    page.mouse.click(*roll_place(page, 50, 67, low, high), button="right")
    assert becomes([[0, 12, 60], [30, 6, 69]])
    page.locator(".mg-melody").focus()
    page.keyboard.press(".")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowRight")
    assert becomes([[0, 18, 61], [30, 6, 69]])
    page.keyboard.press("Escape")  # selects nothing
    page.keyboard.press("Enter")  # the cursor stands at the beginning, on G4
    assert watched.until(lambda: rows(explorer.corners[0])[0] == [0, 6, 67])
    page.get_by_role("button", name="Done").click()
    assert words(page) == "A as entered"
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 0")
    assert notes_played(page) == rows(explorer.corners[0])
    page.keyboard.press("Control+z")
    page.wait_for_function("model.get('history')[1] === 1")
    assert rows(explorer.corners[0]) == [[0, 18, 61], [30, 6, 69]]
    assert notes_played(page) == rows(explorer.corners[0])


def test_a_corner_is_played_on_the_letter_keys(live, explorer):
    explorer.bpm = 100.0
    watched = live(explorer)
    page = watched.page
    page.get_by_role("button", name="Edit corner C").click()
    page.get_by_role("button", name="Empty").click()
    page.get_by_role("button", name="Record").click()
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 20")
    page.keyboard.down("d")  # E4
    page.wait_for_function("musegenSound.playing.tick > 70")
    page.keyboard.up("d")
    page.get_by_role("button", name="Record").click()
    assert watched.until(lambda: len(rows(explorer.corners[2])) == 1)
    ((onset, duration, pitch),) = rows(explorer.corners[2])
    assert pitch == 64 and onset % 6 == 0 and duration % 6 == 0 and 18 <= onset <= 60 and duration >= 12


def test_corners_from_corpus_prior_puck_and_list(live, explorer):
    page = live(explorer).page
    before = explorer.corners
    for step, (source, letter) in enumerate((("corpus", "A"), ("prior", "B"), ("here", "C")), 1):
        page.get_by_label(f"Another melody for corner {letter}").select_option(source)
        page.wait_for_function(f"model.get('history')[0] === {step}")
    assert all(old != new for old, new in zip(before[:3], explorer.corners[:3], strict=True))
    assert page.locator(".mg-card-title").all_inner_texts()[1] == "a random melody"
    page.get_by_role("button", name="Keep this one").click()
    page.get_by_label("Name of Melody 1").wait_for()
    page.get_by_label("Another melody for corner D").select_option("saved:0")
    page.wait_for_function("model.get('history')[0] === 5")
    assert explorer.corners[3].title == "Melody 1"
    assert page.get_by_role("button", name="Undo").is_enabled()
    for left in (4, 3, 2, 1, 0):
        page.get_by_role("button", name="Undo").click()
        page.wait_for_function(f"model.get('history')[0] === {left}")
    assert explorer.corners == before


# ---- attributes, saving, files ----


def test_a_slider_moves_the_plane_and_asks_once_at_a_time(live, explorer, toy_vae):
    watched = live(explorer)
    page = watched.page
    middle = pitches(explorer.plane[4][4])
    page.mouse.move(*centre(page, 4, 4))
    page.mouse.down()
    page.mouse.up()
    calls = toy_vae.n_decodes
    slider = page.get_by_role("slider", name="higher")
    for value in ("0.25", "0.5", "0.75", "1", "1.25", "1.5", "1.75", "2"):
        slider.fill(value)
    page.wait_for_function("model.get('amounts').higher === 2")
    assert watched.until(lambda: pitches(explorer.plane[4][4]) == [pitch + 6 for pitch in middle])
    assert watched.until(lambda: notes_played(page) == rows(explorer.plane[4][4]))
    assert toy_vae.n_decodes - calls <= 8
    assert words(page).endswith("higher +2")
    assert explorer.history[0] == 1  # one slider, one step
    page.get_by_role("button", name="All to 0").click()
    page.wait_for_function("model.get('amounts').higher === 0")


def test_kept_melodies_are_heard_renamed_and_deleted(live, explorer):
    watched = live(explorer)
    page = watched.page
    page.get_by_label("Name of the melody to keep").fill("north west")
    page.get_by_role("button", name="Keep this one").click()
    page.get_by_label("Name of north west").wait_for()
    page.get_by_role("button", name="Hear north west").click()
    page.wait_for_function("musegenSound.playing && musegenSound.playing.tick > 0")
    assert notes_played(page) == rows(explorer.saved_scores[0])
    page.get_by_label("Name of north west").fill("evening")
    page.get_by_label("Name of north west").press("Enter")
    page.locator(".mg-plane").click()
    assert page.evaluate("model.get('saved')[0].name") == "evening"
    page.get_by_role("button", name="Delete evening").click()
    assert page.evaluate("model.get('saved')") == []


def test_download_is_what_is_heard(live, explorer):
    page = live(explorer).page
    page.locator(".mg-plane").focus()
    page.keyboard.press("ArrowLeft")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download MIDI").click()
    data = waiting.value.path().read_bytes()
    np.testing.assert_array_equal(midi_to_score(data).notes, explorer.plane[4][3].notes)
    assert waiting.value.suggested_filename.endswith(".mid")


def test_random_point_and_notation_follow(live, explorer):
    page = live(explorer).page
    page.locator(".mg-sheet g.note").first.wait_for()
    assert page.locator(".mg-sheet g.note").count() == len(explorer.here)
    page.get_by_role("button", name="Random point").click()
    page.wait_for_function("model.get('history')[0] === 1")
    assert page.evaluate("model.get('puck')") == explorer.puck != [4.0, 4.0]
    page.keyboard.press("1")
    page.wait_for_function(f"document.querySelectorAll('.mg-sheet g.note').length === {len(explorer.corners[0])}")
    assert page.locator(".mg-stale").count() == 0
    count = page.evaluate("asked.filter(([name]) => name === 'engrave').length")
    page.get_by_role("button", name="Notation").click()
    page.keyboard.press("3")
    page.wait_for_timeout(400)
    assert page.evaluate("asked.filter(([name]) => name === 'engrave').length") == count


# ---- trouble, looks ----


def test_trouble_is_told(live, explorer):
    page = live(explorer).page
    page.evaluate("answers.put_corner = async () => ({ error: 'ValueError: corner A is too odd' })")
    page.get_by_label("Another melody for corner A").select_option("corpus")
    page.locator(".mg-trouble").wait_for()
    assert "too odd" in page.locator(".mg-status").inner_text()
    page.evaluate("kernel = 'gone'")
    page.get_by_role("button", name="Random point").click()
    page.get_by_text("The Python kernel does not answer").wait_for()


def test_what_is_hidden_is_not_there(show, explorer):
    explorer.hide = list(LatentExplorer.HIDEABLE)
    page = show(explorer).page
    names = {button.get_attribute("aria-label") or button.inner_text() for button in page.locator("button").all() if button.is_visible()}  # fmt: skip
    assert names == {"Play", *(f"Go to corner {letter}" for letter in "ABCD")}
    assert page.locator("select, input, .mg-sheet").count() == 0


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (700, False), (400, True)])
def test_it_fits_the_page_and_leaves_nothing_behind(live, explorer, width, dark):
    page = live(explorer, width=width, dark=dark).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select, [role=application]')].filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label'))).length"
    )
    assert unnamed == 0
    colours = page.evaluate(
        """() => { const canvas = document.querySelector(".mg-plane canvas"); const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(Array.from({ length: data.length / 4 }, (_, i) => data[4 * i] * 65536 + data[4 * i + 1] * 256 + data[4 * i + 2])).size; }"""
    )
    assert colours > 81  # each tile has its own mixture
    page.evaluate("cleanUp()")
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
