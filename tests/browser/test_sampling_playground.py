"""The sampling playground in Chromium: the page's arithmetic against Python's, and what clicks and keys do."""

import base64
import json

import numpy as np
import pytest

from musegen_edu.models.markov import MarkovModel
from musegen_edu.sampling import filtered_probabilities
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec
from musegen_edu.widgets.sampling_playground import SamplingPlayground

pytestmark = pytest.mark.browser

TUNES = [
    Score.from_melody([69, 67, 65, 64], 96, key="C major"),
    Score.from_melody([60, 62, 64, 65, 67, 64, 60, 60], [24, 24, 24, 24, 24, 24, 24, 24], key="C major"),
    Score.from_melody([67, 65, 64, 62, 60, None, 60], [12, 12, 24, 48, 24, 24, 48], key="C major"),
]
CODEC = EventCodec.fit(TUNES)
MODEL = MarkovModel(order=2, n_tokens=len(CODEC.vocabulary)).fit([CODEC.encode(tune) for tune in TUNES] * 4)
SYNCED = ("table", "info", "notes_data", "place")
# The page's questions go to the widget in Python, and what it changes comes back as the kernel would send it.
KERNEL = """globalThis.answers = Object.fromEntries(["take", "take_back", "begin", "engrave"].map((name) => [name, async (message) => {
  asked.push([name, message]);
  const [answer, state] = JSON.parse(await kernelAnswer(name, JSON.stringify(message)));
  for (const [trait, value] of Object.entries(state))
    model.set(trait, trait === "notes_data" ? new DataView(Uint8Array.from(atob(value), (c) => c.charCodeAt(0)).buffer) : value);
  return answer;
}]));"""


def playground(prompt=None, **options):
    return SamplingPlayground(MODEL, prompt, codec=CODEC, **options)


@pytest.fixture
def live(show, watch):
    """Show a playground whose kernel is this very process."""

    def show_live(widget, **options):
        def answer(name, message):
            reply, _ = getattr(widget, name)(json.loads(message), [])
            state = {trait: getattr(widget, trait) for trait in SYNCED}
            state["notes_data"] = base64.b64encode(state["notes_data"]).decode("ascii")
            return json.dumps([reply, state])

        watched = show(widget, before=KERNEL, later=True, **options)
        watched.page.expose_function("kernelAnswer", answer)
        watched.page.evaluate("() => { globalThis.cleanUp = show(); }")
        watched.page.wait_for_timeout(150)
        return watched

    return show_live


def status(page):
    return page.locator(".mg-status").inner_text()


# ---- arithmetic ----

IN_PAGE = """async (cases) => { const { default: widget } = await import("./widget.js");
  return cases.map(([logits, allowed, temperature, topK, topP]) => Array.from(widget.probabilitiesOf(logits, (i) => allowed[i], { temperature, topK, topP }))); }"""


def test_the_page_filters_as_python_does(show):
    page = show(playground()).page
    rng = np.random.default_rng(4)
    cases = []
    for i in range(200):
        n = int(rng.integers(1, 80))
        logits = rng.normal(scale=3, size=n)
        if i % 3 == 0:
            logits = np.round(logits)  # ties, at the k-th and at the edge of top-p too
        allowed = rng.random(n) < 0.7
        allowed[rng.integers(n)] = True
        heat = float(rng.choice([0, 0.1, 0.7, 1, 1.6, 3]))
        k = None if i % 4 == 0 else int(rng.integers(1, n + 5))
        p = None if i % 5 == 0 else float(rng.choice([0.05, 0.3, 0.62, 0.9, 1.0]))
        cases.append([logits.tolist(), allowed.tolist(), heat, k, p])
    even = [[0.0] * 4, [True] * 4, 1.0, None, 0.5]  # an exact edge: 0.25 + 0.25 is 0.5, and the ties stay
    cases += [even, [[1.0, 1.0, 0.0], [True] * 3, 1.0, 1, None]]
    answers = page.evaluate(IN_PAGE, cases)
    for (logits, allowed, heat, k, p), answer in zip(cases, answers, strict=True):
        expected = filtered_probabilities(logits, temperature=heat, top_k=k, top_p=p, allowed=allowed)
        np.testing.assert_allclose(answer, expected, rtol=1e-12, atol=1e-15)
    assert answers[-1] == [0.5, 0.5, 0.0]


def test_draws_follow_the_odds_and_the_seed(show):
    page = show(playground()).page
    drawn = page.evaluate("""async () => { const { default: { uniform, tokenAt } } = await import("./widget.js");
      const odds = Float64Array.from([0, 0.5, 0.3, 0, 0.2]);
      const counts = [0, 0, 0, 0, 0];
      for (let length = 0; length < 200; length += 1) for (let draw = 0; draw < 100; draw += 1) counts[tokenAt(odds, uniform(7, length, draw))] += 1;
      return [counts, uniform(7, 3, 1) === uniform(7, 3, 1), uniform(7, 3, 1) === uniform(8, 3, 1), tokenAt(odds, 0.999999999)]; }""")
    counts, same, other, last = drawn
    assert counts[0] == counts[3] == 0
    expected = np.array([10000, 6000, 4000])
    assert (
        np.sum((np.array([counts[1], counts[2], counts[4]]) - expected) ** 2 / expected) < 13.8
    )  # chi-square, 2 df, p = 0.001
    assert (same, other, last) == (True, False, 4)


# ---- the page ----


def test_sliders_move_keyboard_and_bars_at_once_without_the_kernel(show):
    page = show(playground("C D E")).page
    before = page.locator(".mg-token-row").first.get_attribute("aria-label")
    assert "F4, quarter" in before
    page.get_by_label("Temperature").fill("2")
    page.get_by_label("Top-k").fill("3")
    page.get_by_label("Top-p").fill("0.4")
    assert page.locator(".mg-token-row").first.get_attribute("aria-label") != before
    assert [page.evaluate(f"model.get('{name}')") for name in ("temperature", "top_k", "top_p")] == [2, 3, 0.4]
    assert page.evaluate("asked").count("take") == 0
    widget = playground("C D E", temperature=2, top_k=3, top_p=0.4)
    odds = widget.probabilities()
    share = sum(odds[token] for token, meaning in enumerate(widget.tune.meanings) if meaning.pitch == 65)
    label = page.locator('.mg-key[data-key="65"]').get_attribute("aria-label")
    assert label == f"F4, {round(100 * share)} %"
    assert f"{int((odds > 0).sum())} of " in page.locator(".mg-others").inner_text()
    page.get_by_label("Top-k").fill("51")
    page.get_by_label("Top-p").fill("1")
    assert page.evaluate("[model.get('top_k'), model.get('top_p')]") == [None, None]


def test_draw_take_veto_undo(live):
    widget = playground("C D E", temperature=1.0)
    page = live(widget).page
    page.get_by_role("button", name="Draw").click()
    assert status(page).startswith("Drawn: ")
    first = page.locator(".mg-token-row.mg-chosen .mg-token").inner_text()
    page.get_by_role("button", name="Veto").click()
    assert status(page).startswith(f"No {first}. Drawn instead: ")
    second = page.locator(".mg-token-row.mg-chosen .mg-token").inner_text()
    assert second != first
    vetoed = page.locator(".mg-token-row", has_text=first).first
    assert "vetoed" in vetoed.inner_text()
    page.get_by_role("button", name="Take it").click()
    page.get_by_text(f"Taken: {second}").wait_for()
    assert (
        widget.tune.meanings[[t for t in widget.tune.tokens if widget.tune.meanings[t].kind != "bar"][-1]].words
        == second
    )
    assert page.locator(".mg-token-row", has_text="vetoed").count() == 0  # the next step knows nothing of it
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("model.get('place').steps === 0")
    assert widget.score.notes["pitch"].tolist() == [60, 62, 64]
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_the_same_seed_composes_the_same_bars(live):
    tunes = []
    for seed in (5, 5, 6):
        widget = playground(seed=seed, temperature=1.5, bars=8)
        page = live(widget).page
        page.get_by_role("button", name="4 bars").click()
        page.get_by_text("Undo takes them back together").wait_for()
        assert widget.tune.ticks == 4 * 96
        assert widget.tune.words[-1] == "|4"
        tunes.append(widget.tune.tokens.tolist())
    assert tunes[0] == tunes[1] != tunes[2]
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("model.get('place').now === 0")


def test_a_bar_is_filled_and_the_tune_can_end(live):
    widget = playground("C D", bars=2)
    page = live(widget).page
    page.get_by_role("button", name="Rest of the bar").click()
    page.wait_for_function("model.get('place').now === 96")
    page.get_by_role("button", name="4 bars").click()
    page.get_by_text("The tune is finished. Undo a step").wait_for()
    assert widget.tune.words[-1] == "<end>"
    assert page.get_by_role("button", name="Draw").is_disabled()
    page.get_by_role("button", name="Start over").click()
    page.wait_for_function("model.get('place').now === 48")


def test_letters_begin_a_tune_and_bad_ones_are_told(live):
    widget = playground()
    page = live(widget).page
    letters = page.get_by_label("Notes to begin with")
    letters.fill("G E C")
    letters.press("Enter")
    page.wait_for_function("model.get('place').now === 72")
    assert widget.score.notes["pitch"].tolist() == [67, 64, 60]
    letters.fill("H")
    page.get_by_role("button", name="Begin").click()
    page.locator(".mg-trouble").wait_for()
    assert "'H'" in status(page)
    assert len(widget.score) == 3


def test_guess_before_you_look(live):
    widget = playground("C D E", guess=True)
    page = live(widget).page
    assert page.locator(".mg-token-row:visible").count() == 0
    key = page.locator('.mg-key[data-key="65"]')
    assert key.get_attribute("aria-label") == "F4"  # no odds are given away
    assert page.get_by_role("button", name="Draw").is_disabled()
    assert "Which note comes next?" in page.locator(".mg-piano").inner_html()
    key.click()
    assert "Which note comes next?" not in page.locator(".mg-piano").inner_html()
    own = widget.tune.probabilities()
    sums: dict[object, float] = {}
    for token, meaning in enumerate(widget.tune.meanings):
        if own[token] > 0:
            name = meaning.pitch if meaning.kind == "note" else meaning.kind
            sums[name] = sums.get(name, 0) + own[token]
    page.get_by_text("You guessed F4").wait_for()
    rank = 1 + sum(p > sums[65] for p in sums.values())
    assert f"the model gave it {round(100 * sums[65])} %, rank {rank} of {len(sums)}." in status(page)
    odds = np.array(list(sums.values()))
    tally = page.locator(".mg-tally").inner_text()
    for value in (np.log2(sums[65]), (odds * np.log2(odds)).sum(), -np.log2(len(sums))):
        assert f"{value:.1f}".replace("-", "−") in tally
    assert page.locator(".mg-token-row:visible").count() > 0
    page.get_by_role("button", name="Take it").click()
    page.wait_for_function("model.get('place').steps === 1")
    assert page.locator(".mg-token-row:visible").count() == 0  # hidden again
    assert int(widget.score.notes["pitch"][-1]) == 65


def test_keys_drive_it(live):
    widget = playground("C D E")
    page = live(widget).page
    page.locator(".mg-sampling").focus()
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    page.wait_for_function("model.get('place').steps === 1")
    page.keyboard.press("Backspace")
    page.wait_for_function("model.get('place').steps === 0")
    page.locator('.mg-key[tabindex="0"]').focus()
    start = int(page.evaluate("document.activeElement.dataset.key"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.key") == str(min(start + 13, widget.table["high"]))
    assert page.locator('.mg-key[tabindex="0"]').count() == 1
    page.keyboard.press("ArrowDown")
    key = page.evaluate("document.activeElement.dataset.key")
    page.keyboard.press("Enter")  # chooses the key, and it keeps the focus when the tune has grown
    page.get_by_role("button", name="Take it").evaluate("button => button.click()")
    page.wait_for_function("model.get('place').steps === 1")
    assert page.evaluate("document.activeElement.dataset.key") == key
    assert str(widget.score.notes["pitch"][-1]) == key


def test_a_key_and_the_tune_sound_at_their_pitch(live):
    widget = playground("A:4", key="C major")
    watched = live(widget)
    page = watched.page
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Play what I have").click()
    assert watched.hears(440)
    page.get_by_role("button", name="Play what I have").wait_for()  # two seconds, then it stops by itself
    page.wait_for_timeout(300)
    key = page.locator('.mg-key[data-key="64"] .mg-face')
    assert watched.hears(329.63, touch=lambda: key.click(position={"x": 3, "y": 70}))
    assert "E4" in status(page)


def test_a_lost_kernel_is_told_and_what_is_hidden_is_not_there(show):
    page = show(playground("C D", hide=["keyboard", "seed", "guess", "compose", "start", "notation"])).page
    page.evaluate("kernel = 'gone'")
    page.get_by_role("button", name="Draw").click()
    page.get_by_role("button", name="Take it").click()
    page.locator(".mg-trouble").wait_for()
    assert "does not answer" in status(page)
    for label in ("Seed", "Notes to begin with", "Guess before you look"):
        assert page.get_by_label(label).count() == 0
    for name in ("4 bars", "Notation"):
        assert page.get_by_role("button", name=name).count() == 0
    assert page.locator(".mg-piano").count() == 0


def test_notation_comes_on_demand(live):
    page = live(playground("C D E F")).page
    page.get_by_role("button", name="Notation").click()
    page.locator(".mg-sheet g.note").first.wait_for()
    assert page.locator(".mg-sheet g.note").count() == 4


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (700, False), (400, True)])
def test_it_fits_the_page_and_leaves_nothing_behind(show, width, dark):
    page = show(playground("C D E"), width=width, dark=dark).page
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select, [role=button]')].filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label'))).length"
    )
    assert unnamed == 0
    page.evaluate("cleanUp()")
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
