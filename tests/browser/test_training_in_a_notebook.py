"""A training in a real JupyterLab: watched, paused, resumed, heard and stopped while its cell runs."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PREPARE = """
import numpy as np
from musegen_edu import Score, TrainingMonitor
from musegen_edu.quiet_keras import keras
x = np.random.default_rng(0).normal(size=(4096, 16)).astype("float32")
y = (x[:, :1] * x[:, 1:2] > 0).astype("float32")
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((16,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
def sample(model, epoch):
    if epoch == 2:
        raise KeyError("W2")
    return Score.from_melody([69, 81], 96, bpm=120, programs=(73,))
monitor = TrainingMonitor(title="Two kinds", sample=sample)
"""
FIT = """
model.fit(x, y, batch_size=16, epochs=100_000, validation_split=0.25, verbose=0, callbacks=[monitor.callback])
"the cell goes on"
"""
REPORT = """
import json
print(json.dumps({"epochs": len(monitor.history["loss"]), "keras": len(model.history.epoch), "state": monitor.progress["state"],
                  "names": sorted(monitor.history), "samples": sorted(monitor.samples)[:3], "built": model.optimizer.iterations.numpy() > 0 and True}))
"""
AGAIN = """
model.fit(x, y, batch_size=512, epochs=2, validation_split=0.25, verbose=0, callbacks=[monitor.callback])
monitor.begin(model)
raise RuntimeError("a mistake of one's own")
"""
NOTEBOOKS = {"training.ipynb": [PREPARE.strip(), FIT.strip(), REPORT.strip(), AGAIN.strip(), "monitor"]}
RUN = """async (i) => { const notebook = window.jupyterapp.shell.currentWidget; notebook.content.activeCellIndex = i;
  notebook.content.deselectAll(); await window.jupyterapp.commands.execute('notebook:run-cell'); }"""
START = f"(i) => {{ void ({RUN})(i); }}"
OUTPUTS = "(i) => window.jupyterapp.shell.currentWidget.content.widgets[i].model.outputs.toJSON()"
# What the notebook's interrupt button does.
INTERRUPT = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
WITHOUT_SUBSHELLS = {"@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"}}


def batches_so_far(cell):
    return cell.locator(".mg-facts").inner_text().split(" · ")[:2]


@pytest.mark.parametrize("lab", [{}, WITHOUT_SUBSHELLS], ids=["subshells", "one-shell"], indirect=True)
def test_a_training_is_paused_resumed_heard_and_stopped(open_notebook):
    watched = open_notebook("training.ipynb")
    page = watched.page
    cell = [page.locator(f".jp-Notebook .jp-Cell >> nth={i}") for i in range(5)]
    page.evaluate(RUN, 0)
    assert page.evaluate(OUTPUTS, 0) == []

    # The monitor shows itself in the cell that trains, and the curves grow.
    page.evaluate(START, 1)
    cell[1].locator(".mg-training").wait_for()
    cell[1].get_by_text("batch", exact=False).first.wait_for()
    page.wait_for_function("document.querySelectorAll('.mg-training .mg-diamond').length > 3")
    assert cell[1].locator(".mg-training").count() == 1
    assert "left" in cell[1].locator(".mg-facts").inner_text()

    # Paused, nothing changes; resumed, it does.
    cell[1].get_by_role("button", name="Pause", exact=True).click()
    cell[1].get_by_role("button", name="Resume", exact=True).wait_for()
    before = batches_so_far(cell[1])
    page.wait_for_timeout(1200)
    assert batches_so_far(cell[1]) == before

    # A sample is heard while the cell is still running: written by the model, played by the page.
    cell[1].get_by_role("button", name="after epoch 1", exact=True).click()
    cell[1].get_by_role("img", name="Piano roll, run 1 after epoch 1").wait_for()
    cell[1].get_by_role("button", name="Play the sample").click()
    page.wait_for_function("globalThis.musegenSound?.playing")
    assert watched.hears(440)
    cell[1].get_by_role("button", name="Stop the sound").click()
    cell[1].get_by_role("button", name="after epoch 2, no sample").click()
    cell[1].get_by_text("KeyError: 'W2'").wait_for()

    cell[1].get_by_role("button", name="Resume", exact=True).click()
    cell[1].get_by_role("button", name="Pause", exact=True).wait_for()
    assert watched.until(lambda: batches_so_far(cell[1]) != before, tries=600)

    # Stopped, the cell ends early and goes on with its next line; weights and history are there.
    cell[1].get_by_role("button", name="Stop", exact=True).click()
    cell[1].get_by_text("the cell goes on").wait_for()
    cell[1].get_by_text("Stopped. Weights and history are kept").wait_for()
    assert cell[1].get_by_role("button", name="Pause", exact=True).is_disabled()
    page.evaluate(RUN, 2)
    report = json.loads("".join(page.evaluate(OUTPUTS, 2)[0]["text"]))
    assert report["state"] == "stopped" and report["built"]
    assert report["epochs"] == report["keras"] < 100_000
    assert report["names"] == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert report["samples"] == [0, 1, 3]

    # Fitting again continues the curves, in the view that is on the page; an error ends the training, and the page says so.
    page.evaluate(RUN, 3)
    cell[1].get_by_text("ended by an error").wait_for()
    assert cell[3].locator(".mg-training").count() == 0
    assert cell[1].get_by_text("resumed").count() >= 1
    page.evaluate(RUN, 4)
    cell[4].locator(".mg-training").wait_for()
    assert cell[4].locator(".mg-diamond").count() >= 3


def test_the_interrupt_button_ends_a_training_and_keeps_it(open_notebook):
    watched = open_notebook("training.ipynb")
    page = watched.page
    cell = [page.locator(f".jp-Notebook .jp-Cell >> nth={i}") for i in range(5)]
    page.evaluate(RUN, 0)
    page.evaluate(START, 1)
    cell[1].locator(".mg-diamond").first.wait_for()
    page.evaluate(INTERRUPT)
    cell[1].get_by_text("the cell goes on").wait_for()
    page.evaluate(RUN, 2)
    assert json.loads("".join(page.evaluate(OUTPUTS, 2)[0]["text"]))["state"] == "stopped"
