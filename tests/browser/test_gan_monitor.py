"""What the GAN monitor does with clicks, keys and the slider, in Chromium. Its players are functions: no network is needed."""

from types import SimpleNamespace

import numpy as np
import pytest

from musegen_edu.score import Score
from musegen_edu.widgets.gan_monitor import GanMonitor
from musegen_edu.widgets.gan_players import Rest

pytestmark = pytest.mark.browser

COMMANDS = ("fetch_frames", "fetch_real", "fetch_sound", "control", "advance")
POINTS = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")


class Game:
    """A monitor of functions: at step t the forgeries are the real examples times t / 20."""

    def __init__(self, real=POINTS, steps=20, **options):
        self.step = 0
        options = {"forge": self.forge, "score": self.score, "every": 1, "title": "A game", **options}
        self.real = real
        self.monitor = GanMonitor(SimpleNamespace(loss_name="hinge"), real, **options)
        for step in self.monitor.steps(steps):
            self.step = step
            self.monitor.record(
                {
                    "judge_loss": 2 - step / 20,
                    "generator_loss": step / 20,
                    "real_right": 0.9,
                    "forged_right": 1 - step / 40,
                }
            )

    def forge(self, n, seed):
        return self.real[:n] * (self.step / 20)

    @staticmethod
    def score(examples):
        return examples.reshape(len(examples), -1)[:, 0] + 0.25


class Rate:
    """A learning rate, as Keras has them."""

    value = 0.1

    def __array__(self, dtype=None, copy=None):
        return np.array(self.value)

    def assign(self, value):
        self.value = value


def tune(example):
    """A long note, whose pitch is the example's first number."""
    return Score.from_melody([round(float(example[0]))], 24 * 120, bpm=120)  # a minute


def show_game(show_live, game, **options):
    watched = show_live(game.monitor, COMMANDS, **options)
    watched.page.locator(".mg-gan-scores rect").first.wait_for()
    return watched


def asked(page, name):
    return page.evaluate("(name) => asked.filter(([one]) => one === name).map(([, message]) => message)", name)


def test_the_slider_goes_back_through_every_kept_step(show_live):
    game = Game()
    page = show_game(show_live, game).page
    slider = page.get_by_role("slider")
    assert slider.get_attribute("aria-valuetext") == "step 20, the newest"
    plane = page.get_by_role("img", name="Plane with 200 real and 200 generated points, step 20")
    plane.wait_for()
    newest = page.evaluate("document.querySelector('.mg-gan-canvas').toDataURL()")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.get_by_role("img", name="generated points, step 10.").wait_for()
    assert slider.get_attribute("aria-valuetext") == "step 10 of 20"
    assert page.locator(".mg-gan-step").inner_text() == "after step 10"
    assert page.evaluate("document.querySelector('.mg-gan-canvas').toDataURL()") != newest
    assert page.locator(".mg-gan-curves .mg-here").count() == 1
    page.keyboard.press("Home")
    page.get_by_text("before training").wait_for()
    assert page.evaluate("model.get('at')") == 0  # and the kernel knows
    page.get_by_role("button", name="Newest").click()
    page.get_by_role("img", name="generated points, step 20.").wait_for()
    assert page.evaluate("model.get('at')") is None
    steps = [step for message in asked(page, "fetch_frames") for step in message["steps"]]
    assert len(steps) == len(set(steps)) <= 21  # each picture travels once


def test_the_film_shows_the_whole_game(show_live):
    page = show_game(show_live, Game(steps=8)).page
    page.evaluate(
        "() => { globalThis.seen = []; const text = document.querySelector('.mg-gan-step');"
        " new MutationObserver(() => seen.push(text.textContent)).observe(text, { childList: true, characterData: true, subtree: true }); }"
    )
    page.get_by_role("button", name="Show the whole training as a film").click()
    page.wait_for_function(
        "seen.at(-1) === 'after step 8' && document.querySelector('[aria-label^=\"Show the whole\"]')"
    )
    shown = list(dict.fromkeys(page.evaluate("seen")))
    assert shown == ["before training", *(f"after step {step}" for step in range(1, 9))]


def test_charts_are_told_apart_and_a_click_looks_at_that_step(show_live):
    page = show_game(show_live, Game()).page
    lines = page.locator(".mg-gan-curves polyline")
    assert [lines.nth(i).get_attribute("stroke-dasharray") for i in range(2)] == ["", "7 4"]
    assert "judge's loss 1" in page.locator(".mg-gan-curves").get_attribute("aria-label")
    page.get_by_role("button", name="Right answers").click()
    page.get_by_text("generated ones found out", exact=True).wait_for()
    page.get_by_role("button", name="Coverage").click()
    assert lines.count() == 1
    box = page.locator(".mg-gan-curves").bounding_box()
    page.mouse.click(box["x"] + 46 + (box["width"] - 60) / 4, box["y"] + 100)
    page.get_by_text("after step 5", exact=True).wait_for()


def test_the_judges_scores_are_counted(show_live):
    game = Game()
    page = show_game(show_live, game).page
    right = (POINTS[:, 0] + 0.25 > 0).mean()
    words = f"right on {100 * right:.0f} % of the real and {100 - 100 * right:.0f} % of the generated ones"
    assert words in page.locator(".mg-gan-scores").get_attribute("aria-label")
    assert f"{100 * right:.0f} %" in page.locator(".mg-gan-tally").inner_text()
    several = Game(score=lambda x: {"rhythm": x[:, 0], "harmony": x[:, 0] + 100})
    page = show_game(show_live, several).page
    page.get_by_label("Judge", exact=True).select_option("harmony")
    assert "right on 100 % of the real and 0 %" in page.locator(".mg-gan-scores").get_attribute("aria-label")


def test_buttons_and_keys_reach_the_kernel(show_live):
    game = Game()
    game.monitor._rest = Rest(SimpleNamespace(optimizer=SimpleNamespace(judge_rate=Rate(), generator_rate=Rate())))
    game.monitor.begin(steps=100)
    page = show_game(show_live, game).page

    def pressed(press, action):
        press()
        page.wait_for_function(
            "(action) => asked.some(([name, message]) => name === 'control' && message.action === action)", arg=action
        )

    for name, action in (("Pause", "pause"), ("Judge", "judge"), ("Generator", "generator"), ("Slow motion", "slow")):
        pressed(page.get_by_role("button", name=name, exact=True).click, action)
    assert (game.monitor.players, game.monitor._steering.is_slow, game.monitor._steering.is_paused) == (
        "generator",
        True,
        True,
    )
    page.evaluate(
        "(now) => model.set('progress', { ...model.get('progress'), ...now })",
        {"state": "paused", "players": "generator", "slow": True},
    )
    assert page.get_by_role("button", name="Generator", exact=True).get_attribute("aria-pressed") == "true"
    page.get_by_text("Paused. Other cells wait, too.").wait_for()
    page.locator(".mg-gan").focus()
    for key, action in ((".", "step"), ("b", "both"), ("s", "quick"), (" ", "resume")):
        pressed(lambda key=key: page.keyboard.press(key), action)
    pressed(page.get_by_role("button", name="Stop", exact=True).click, "stop")
    assert game.monitor._steering.stop.is_set()


def test_no_click_is_without_a_word(show_live):
    game = Game()
    game.monitor.begin()
    page = show_game(show_live, game).page
    page.evaluate("kernel = 'gone'")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_text("The Python kernel does not answer").wait_for()
    assert page.locator(".mg-status.mg-trouble").count() == 1


def test_without_its_kernel_it_shows_what_the_page_holds(show_live):
    game = Game(steps=8)
    page = show_game(show_live, game).page
    page.wait_for_function("asked.filter(([name]) => name === 'fetch_frames').flatMap(([, m]) => m.steps).length === 9")
    asked_before, saved = page.evaluate("[asked.length, model.saved]")
    page.evaluate("document.getElementById('cell').classList.add('jupyter-widgets-disconnected')")
    page.get_by_text("run the notebook again up to this cell").wait_for()
    page.get_by_text("without its kernel").wait_for()
    for name in ("Run on", "One step", "Judge", "Slow motion"):
        assert page.get_by_role("button", name=name, exact=True).is_disabled()
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.get_by_text("before training").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_role("img", name="generated points, step 1.").wait_for()
    page.locator(".mg-gan").press(" ")
    assert page.evaluate("[asked.length, model.saved]") == [asked_before, saved]  # nobody is there to be asked
    page.evaluate("document.getElementById('cell').classList.remove('jupyter-widgets-disconnected')")
    page.get_by_text("not training").wait_for()
    assert page.locator(".mg-status").inner_text() == ""


def test_real_examples_are_asked_for_again_when_the_kernel_was_busy_too_long(show_live):
    game = Game()
    answered, game.monitor.fetch_real = game.monitor.fetch_real, lambda message, buffers: ({"error": "too busy"}, [])
    page = show_live(game.monitor, COMMANDS).page
    page.get_by_text("too busy").wait_for()
    assert page.get_by_role("img", name="Plane with 200 real").count() == 0
    game.monitor.fetch_real = answered
    page.evaluate("model.set('progress', { ...model.get('progress') })")
    page.get_by_role("img", name="Plane with 200 real and 200 generated points, step 20").wait_for()


def test_real_and_generated_tunes_are_heard(show_live):
    numbers = np.full((4, 1), 69.0, np.float32)
    game = Game(numbers, show=tune, shown=1, forge=lambda n, seed: numbers + 12)
    watched = show_game(show_live, game)
    page = watched.page
    page.get_by_role("img", name="Real 1, piano roll: 1 notes").wait_for()
    page.get_by_role("button", name="Play the real example 1").click()
    assert watched.hears(440)
    page.get_by_role("button", name="Play the generated example 1").click()  # silences the other one
    assert watched.hears(880)
    page.get_by_role("button", name="Stop the generated example 1").click()
    page.get_by_role("button", name="Play the generated example 1").wait_for()
    assert page.evaluate("globalThis.musegenSound.playing") is None


def test_a_spectrogram_is_made_into_sound(show_live):
    from musegen_edu.spectrogram import sounds_to_mels

    waves = np.stack([np.sin(2 * np.pi * 440 * np.arange(32000) / 16000)] * 3)
    mels = sounds_to_mels(0.5 * waves, 16000, n_mels=96)
    game = Game(mels, show="spectrograms", shown=1, steps=2)
    watched = show_game(show_live, game)
    page = watched.page
    page.get_by_role("img", name="Generated 1, spectrogram").wait_for()
    play = page.get_by_role("button", name="Play the real example 1")
    assert watched.hears(440, touch=lambda: play.count() and play.click())


def test_an_error_of_the_learners_is_shown_in_its_place(show_live):
    def broken(n, seed):
        raise KeyError("latent")

    watched = show_live(Game(forge=broken).monitor, COMMANDS)
    watched.page.get_by_text("No picture of step 20. KeyError: 'latent'").wait_for()


def test_hide_narrow_dark_and_clean_up(show_live):
    game = Game(np.full((4, 1), 69.0, np.float32), show=tune, hide=list(GanMonitor.HIDEABLE))
    page = show_live(game.monitor, COMMANDS, width=400, dark=True).page
    page.get_by_role("img", name="Real 1").wait_for()
    assert page.get_by_role("button").count() == 0 and page.get_by_role("slider").count() == 0
    assert page.get_by_text("A game").count() == 0
    narrow = show_game(show_live, Game(), width=400).page
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 400
    names = narrow.evaluate(
        "[...document.querySelectorAll('.mg button, .mg input, .mg select')].filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim())).length"
    )
    assert names == 0
    narrow.evaluate("cleanUp()")
    assert narrow.evaluate("[...model.listeners.values()].flat().length") == 0
