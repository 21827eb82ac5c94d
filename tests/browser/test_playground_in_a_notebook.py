"""The network playground in a real JupyterLab with a real kernel: run, step, pause, other seeds, and the learner's own network."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREPARE = """
import numpy as np
from musegen_edu import NetworkPlayground

class Net:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.weights = [rng.normal(size=(2, 6)), rng.normal(size=(6, 1))]
    def forward(self, x):
        hidden = np.tanh(x @ self.weights[0])
        self.layers = [x, hidden, 1 / (1 + np.exp(-hidden @ self.weights[1]))]
        return self.layers[-1]
    def train_step(self, x, y, learning_rate):
        p = self.forward(x)
        delta = (p - y) / len(x)
        back = (delta @ self.weights[1].T) * (1 - self.layers[1] ** 2)
        self.weights[1] -= learning_rate * self.layers[1].T @ delta
        self.weights[0] -= learning_rate * x.T @ back
        return float(-np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9)))

def wave(noise, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (200, 2))
    return x + noise * rng.normal(size=x.shape), (np.sin(3 * x[:, 0]) > x[:, 1]).astype(int)

playground = NetworkPlayground(Net, wave, seed=1, learning_rate=1.0, speed=5, kinds=("above", "below"))
"""
REPORT = """
import json
print(json.dumps([playground.picture["steps"], playground.picture["loss"], playground.picture["accuracy"], playground.seed,
                  playground.learning_rate, float(np.abs(playground.network.weights[0]).sum())]))
"""
NOTEBOOKS = {"playground.ipynb": [PREPARE.strip(), "playground", REPORT.strip(), "1 + 1"]}
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"
# The decision surface, as the colours of a few pixels in a row.
SURFACE = """() => { const canvas = document.querySelector("canvas[aria-label^='The decision']");
  const { data } = canvas.getContext("2d").getImageData(0, Math.round(canvas.height / 3), canvas.width, 1); return Array.from(data).join(); }"""
STEPS = "Number(document.querySelector('.mg-network .mg-tally').textContent.match(/step (\\d+)/)?.[1] ?? 0)"


def test_a_network_is_run_paused_stepped_and_started_over(open_notebook):
    watched = open_notebook("playground.ipynb")
    page = watched.page
    cell = page.locator(".jp-Notebook .jp-Cell >> nth=1")

    def report():
        page.evaluate(RUN, 2)
        page.wait_for_function(f"() => ({OUTPUTS})(2).length === 1")
        return json.loads("".join(page.evaluate(OUTPUTS, 2)[0]["text"]))

    # The live playground is shown, and the static picture stays away.
    page.evaluate(RUN, 0)
    page.evaluate(RUN, 1)
    cell.locator(".mg-network").wait_for()
    cell.get_by_text("not trained yet").wait_for()
    assert cell.locator(".mg-network").count() == 1 and cell.locator("h4").count() == 0
    untrained = watched.comes_to_rest(lambda: page.evaluate(SURFACE), milliseconds=300)

    # One step is one step, of the learner's own network.
    before = report()
    assert before[:2] == [0, None]
    cell.get_by_role("button", name="Step").click()
    page.wait_for_function(f"() => {STEPS} === 1")
    first = report()
    assert first[0] == 1 and first[5] != before[5]

    # Run goes on by itself, another cell can run in between, the loss falls and the surface changes.
    cell.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_function(f"() => {STEPS} > 20")
    page.evaluate(RUN, 3)
    page.wait_for_function(f"() => ({OUTPUTS})(3).length === 1")
    cell.get_by_label("Speed").select_option("20")
    page.wait_for_function(f"() => {STEPS} > 600")
    cell.get_by_role("button", name="Pause", exact=True).click()
    cell.get_by_role("button", name="Run", exact=True).wait_for()
    stopped = watched.comes_to_rest(lambda: page.evaluate(STEPS))  # once the steps that were on their way have arrived
    surface = page.evaluate(SURFACE)
    trained = report()
    assert trained[0] == stopped
    assert trained[1] < first[1] / 2 and trained[2] > 0.85
    assert surface != untrained
    assert f"loss {trained[1]:.3f}" in cell.locator(".mg-tally").inner_text()

    # The learning rate of the page is the one that Python uses; a new seed starts over.
    cell.get_by_label("Learning rate").select_option("0.03")
    cell.get_by_label("Seed").fill("5")
    cell.get_by_label("Seed").press("Enter")
    cell.get_by_text("not trained yet").wait_for()
    fresh = report()
    assert fresh[0] == 0 and fresh[3:5] == [5, 0.03] and fresh[5] != before[5]
    page.wait_for_function(f"(old) => ({SURFACE})() !== old", arg=surface)
