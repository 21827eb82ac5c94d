"""A game of generator and judge in a real JupyterLab: paused, taken step by step, steered and heard while its cell runs."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREPARE = """
import json
import numpy as np
from musegen_edu import GanMonitor, Score
from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.quiet_keras import keras
x = np.random.default_rng(0).normal(69, 0.01, (512, 1)).astype("float32")
keras.utils.set_random_seed(1)
initial = keras.initializers
forger = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, "tanh"),
                           keras.layers.Dense(1, kernel_initializer=initial.RandomNormal(0, 0.01), bias_initializer=initial.Constant(81))])
judge = keras.Sequential([keras.Input((1,)), keras.layers.Rescaling(0.1, -7), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)])
pair = AdversarialPair(forger, judge, noise=2)
pair.compile(TwoSpeedAdam(1e-6, 2e-6))
monitor = GanMonitor(pair, x, show=lambda example: Score.from_melody([round(float(example[0]))], 192, bpm=120, programs=(73,)), shown=1)
moved = []  # after each step: did the generator, did the judge?
class Watch(keras.callbacks.Callback):
    before = None
    def on_train_batch_end(self, batch, logs=None):
        now = [[np.array(weight) for weight in network.get_weights()] for network in (forger, judge)]
        if self.before:
            moved.append([any(np.any(a != b) for a, b in zip(old, new)) for old, new in zip(self.before, now)])
        self.before = now
"""
FIT = """
pair.fit(x, batch_size=16, epochs=100_000, verbose=0, callbacks=[Watch(), monitor.callback])
"the cell goes on"
"""
REPORT = """
print(json.dumps({"moved": moved, "steps": monitor.progress["step"], "state": monitor.progress["state"], "rates": [float(rate.numpy()) for rate in (pair.optimizer.generator_rate, pair.optimizer.judge_rate)]}))
"""
NOTEBOOKS = {"gan.ipynb": [PREPARE.strip(), FIT.strip(), REPORT.strip()]}
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
START = f"(i) => {{ void ({RUN})(i); }}"
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"
STEP = "() => Number(document.querySelector('.mg-gan .mg-subtitle').textContent.match(/step ([\\d\\s\\u202f]+)/)?.[1].replace(/\\D/g, '') ?? 0)"
LATER = f"(step) => ({STEP})() > step"


def test_a_game_is_paused_steered_and_heard_while_its_cell_runs(open_notebook):
    watched = open_notebook("gan.ipynb")
    page = watched.page
    cell = page.locator(".jp-Notebook .jp-Cell >> nth=1")
    press = lambda name: cell.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    page.evaluate(RUN, 0)
    assert page.evaluate(OUTPUTS, 0) == []
    page.evaluate(START, 1)
    cell.locator(".mg-gan").wait_for()
    page.wait_for_function(LATER, arg=20)

    # Paused, nothing goes on; one step is one step.
    press("Pause")
    cell.get_by_role("button", name="Resume", exact=True).wait_for()
    paused = page.evaluate(STEP)
    for more in (1, 2):
        press("One step")
        page.wait_for_function(LATER, arg=paused + more - 1)
        page.wait_for_timeout(500)
        assert page.evaluate(STEP) == paused + more

    # Real and generated are heard while the cell is still running.
    for kind, hertz in (("real", 440), ("generated", 880)):
        play = cell.get_by_role("button", name=f"Play the {kind} example 1")
        assert watched.hears(hertz, touch=lambda play=play: play.count() and play.click())  # again when it has ended

    # The judge alone, then the generator alone, a step each; then both in slow motion.
    for player, more in (("Judge", 3), ("Generator", 4)):
        press(player)
        cell.locator(f"[data-player='{player.lower()}'][aria-pressed='true']").wait_for()
        press("One step")
        page.wait_for_function(LATER, arg=paused + more - 1)
    press("Both")
    press("Slow motion")
    press("Resume")
    page.wait_for_function(LATER, arg=paused + 5)

    # Back through the kept steps, while it trains.
    cell.get_by_role("slider").focus()
    page.keyboard.press("Home")
    cell.get_by_text("Generated before training").wait_for()
    press("Newest")
    press("Stop")
    cell.get_by_text("the cell goes on").wait_for()
    page.evaluate(RUN, 2)
    report = json.loads("".join(page.evaluate(OUTPUTS, 2)[0]["text"]))
    assert report["state"] == "stopped" and len(report["moved"]) == report["steps"] - 1
    assert report["moved"][paused + 1] == [False, True]  # step `paused + 3`: the first entry is of step 2
    assert report["moved"][paused + 2] == [True, False]
    assert report["moved"][paused - 1] == [True, True] == report["moved"][paused + 3]
    assert report["rates"] == pytest.approx([1e-6, 2e-6])

    # When fit is over, the page goes on by itself, and pause is pause.
    press("Run on")
    page.wait_for_function(LATER, arg=report["steps"] + 2)
    press("Pause")
    cell.get_by_role("button", name="Run on", exact=True).wait_for()
    still = watched.comes_to_rest(lambda: page.evaluate(STEP))

    # Keys pressed on a control are the widget's: no other cell is chosen, none is deleted or made.
    cells = "() => { const n = window.jupyterapp.shell.currentWidget.content; return [n.widgets.length, n.activeCellIndex]; }"
    slider = cell.get_by_role("slider")
    slider.focus()
    before = page.evaluate(cells)
    for key, value in (("Home", "0"), ("ArrowRight", "1"), ("ArrowUp", "2"), ("ArrowLeft", "1")):
        page.keyboard.press(key)
        assert watched.until(lambda value=value: slider.input_value() == value), key
    for key in "ddxb":
        page.keyboard.press(key)
    assert page.evaluate(cells) == before
    assert page.evaluate(STEP) == still
