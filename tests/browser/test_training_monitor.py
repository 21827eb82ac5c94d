"""What the training monitor does with clicks, keys and the pointer, in Chromium."""

import json

import numpy as np
import pytest

from musegen_edu.score import Score
from musegen_edu.widgets.training_monitor import TrainingMonitor

pytestmark = pytest.mark.browser


class Model:
    """Something to be sampled."""


def sample(model, epoch):
    if epoch == 2:
        raise KeyError("W2")
    if epoch == 1:
        return 0.5 * np.sin(2 * np.pi * 330 * np.arange(20 * 22050) / 22050), 22050
    return Score.from_melody([69, 81], 192, bpm=30)  # 16 s each


def monitor(runs=("one",), epochs=4, finish=True, **options):
    watched = TrainingMonitor(title="Two kinds", **options)
    for number, name in enumerate(runs, 1):
        watched.start_run(name)
        model = Model()
        watched.begin(model, epochs=epochs, batches=10)
        for epoch in range(1, epochs + 1):
            watched.begin_epoch(epochs + 1 - epoch)
            for batch in range(1, 11):
                watched.after_batch(number / (epoch + batch / 10), batch=batch)
            if epoch < epochs or finish:
                watched.after_epoch({"loss": number / epoch, "val_loss": number * (0.3 + (epoch - 3) ** 2 / 10), "accuracy": 0.5 + epoch / 20}, model=model)  # fmt: skip
        if finish:
            watched.end()
    watched._publish(everything=True)
    return watched


def state(page, **progress):
    page.evaluate("now => model.set('progress', { ...model.get('progress'), ...now })", progress)


def before(widget, **more):
    """Let the stub's kernel answer as the widget does: control at once, samples with their sound."""
    import base64

    answers = {}
    for entry in widget.strip:
        if not entry["error"]:
            facts, files = widget.fetch_sample({"run": entry["run"], "epoch": entry["epoch"]}, [])
            answers[f"{entry['run']} {entry['epoch']}"] = [facts, base64.b64encode(files[0]).decode()]
    return f"""globalThis.pressed = []; const known = {json.dumps(answers)};
      globalThis.answers = {{ control: ({{ action }}) => {{ pressed.push(action); return {{ taken: true }}; }},
        fetch_sample: ({{ run, epoch }}) => {{ const [facts, file] = known[`${{run}} ${{epoch}}`];
          return [facts, [new DataView(Uint8Array.from(atob(file), (c) => c.charCodeAt(0)).buffer)]]; }} }};"""


def test_curves_are_told_apart_by_shape_and_the_best_epoch_is_marked(show):
    page = show(monitor()).page
    assert page.locator(".mg-curves .mg-dot").count() == 4
    assert page.locator(".mg-curves .mg-diamond").count() == 4
    learning, validation = page.locator(".mg-curves .mg-learning"), page.locator(".mg-curves .mg-validation")
    assert learning.get_attribute("stroke-dasharray") == "" and validation.get_attribute("stroke-dasharray") == "9 4"
    assert page.locator(".mg-curves .mg-best").count() == 1
    best = float(page.locator(".mg-curves .mg-best").get_attribute("cx"))
    third = page.locator(".mg-curves .mg-dot").nth(2)
    assert best == pytest.approx(float(third.get_attribute("cx")))
    assert len(page.locator(".mg-batches").get_attribute("points").split()) == 40


def test_the_readout_follows_the_pointer_and_the_keys(show):
    page = show(monitor()).page
    readout = page.locator(".mg-readout")
    assert "Epoch 4, the newest" in readout.inner_text() and "validation 0.4" in readout.inner_text()
    chart = page.get_by_role("slider")
    chart.focus()
    page.keyboard.press("ArrowLeft")
    assert "Epoch 3" in readout.inner_text() and "validation 0.3 (best)" in readout.inner_text()
    assert "Epoch 3" in chart.get_attribute("aria-valuetext")
    page.keyboard.press("Home")
    assert "Epoch 1" in readout.inner_text()
    page.keyboard.press("Escape")
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 56 + (box["width"] - 74) / 2, box["y"] + 100)
    assert "Epoch 2" in readout.inner_text() and "batches at 2.00" in readout.inner_text()
    page.mouse.move(box["x"] + 100, box["y"] + box["height"] + 300)
    assert "the newest" in readout.inner_text()


def test_the_log_scale_makes_equal_factors_equal_steps(show):
    page = show(monitor(epochs=8)).page
    heights = "[...document.querySelectorAll('.mg-curves .mg-dot')].map((dot) => Number(dot.getAttribute('cy')))"
    page.get_by_role("button", name="Log scale").click()
    y = page.evaluate(heights)  # losses 1, 1/2, 1/3, 1/4, ... 1/8
    assert y[1] - y[0] == pytest.approx(y[3] - y[1], abs=0.3) == pytest.approx(y[7] - y[3], abs=0.3)
    page.get_by_role("button", name="Log scale").click()
    y = page.evaluate(heights)
    assert y[1] - y[0] > 1.5 * (y[3] - y[1])


def test_another_value_and_only_validation_can_be_chosen(show):
    page = show(monitor()).page
    page.get_by_label("What is drawn").select_option("accuracy")
    assert page.locator(".mg-batches").count() == 0 and page.locator(".mg-curves .mg-dot").count() == 4
    page.get_by_label("What is drawn").select_option("loss")
    page.get_by_label("Which curves").select_option("validation")
    assert page.locator(".mg-curves .mg-learning").count() == 0
    assert page.locator(".mg-curves .mg-validation").count() == 1


def test_several_runs_have_dash_patterns_and_can_be_put_away(show):
    page = show(monitor(("SGD", "momentum", "<b>Adam"))).page
    dashes = [page.locator(".mg-curves .mg-validation").nth(i).get_attribute("stroke-dasharray") for i in range(3)]
    assert dashes == ["", "9 4", "2 3"]
    legend = page.locator(".mg-legend")
    assert "<b>Adam" in legend.inner_text()
    legend.get_by_role("button").first.click()
    assert page.locator(".mg-curves .mg-validation").count() == 2
    assert legend.get_by_role("button").first.get_attribute("aria-pressed") == "false"
    assert "SGD" not in page.locator(".mg-readout").inner_text()


def test_time_is_told_in_words(show):
    page = show(monitor(finish=False)).page
    facts = page.locator(".mg-facts")
    told = {42: "about 40 s left", 3: "a few seconds left", 65: "about 1 min left", 200: "about 3 min left", 9000: "about 2.5 h left"}  # fmt: skip
    for left, words in told.items():
        state(page, left=left, elapsed=12.4)
        assert words in facts.inner_text()
    assert facts.inner_text().startswith("Epoch 4 of 4 · batch 10 of 10 · 12 s so far")
    state(page, left=None)
    assert "left" not in facts.inner_text()


def test_pause_resume_and_stop_reach_the_kernel(show):
    widget = monitor(finish=False)
    page = show(widget, before=before(widget)).page
    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function("pressed.length === 1")
    assert page.get_by_role("status").inner_text() == "Pausing after this batch…"
    state(page, state="paused")
    assert "Paused." in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Resume", exact=True).click()
    state(page, state="running")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_function("pressed.length === 3")
    assert page.evaluate("pressed") == ["pause", "resume", "stop"]
    state(page, state="stopped")
    assert "Weights and history are kept" in page.get_by_role("status").inner_text()
    assert page.get_by_role("button", name="Stop", exact=True).is_disabled()


def test_no_click_is_without_a_word(show):
    page = show(monitor(finish=False), before="globalThis.answers = { control: () => new Promise(() => {}) }").page
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("interrupt button").wait_for()
    page = show(monitor(finish=False)).page
    page.evaluate("kernel = 'gone'")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("interrupt button").wait_for()
    assert page.locator(".mg-trouble").count() >= 1


def test_samples_are_seen_and_heard(show):
    widget = monitor(sample=sample)
    watched = show(widget, before=before(widget))
    page = watched.page
    page.get_by_role("img", name="Piano roll, one after epoch 4").wait_for()  # the newest by itself
    page.get_by_role("button", name="Play the sample").click()
    page.wait_for_function("globalThis.musegenSound?.playing")
    assert watched.hears(440)
    page.get_by_role("button", name="after epoch 1").click()  # silences the other one
    page.get_by_role("img", name="Waveform").wait_for()
    page.get_by_role("button", name="Play the sample").click()
    assert watched.hears(330)
    page.get_by_role("button", name="Stop the sound").click()
    page.get_by_role("button", name="after epoch 2, no sample").click()
    page.locator(".mg-samples", has_text="KeyError: 'W2'").wait_for()
    assert page.get_by_role("button", name="Play the sample").is_hidden()


def test_a_training_that_ran_away_is_told(show):
    page = show(monitor(finish=False)).page
    state(page, diverged=True)
    assert "A smaller learning rate helps" in page.get_by_role("status").inner_text()


def test_two_views_hide_and_clean_up(show):
    page = show(
        monitor(hide=["title", "pause", "stop", "metric", "log", "shown", "readout", "samples", "progress"])
    ).page
    assert page.get_by_text("Two kinds").count() == 0
    assert page.get_by_role("button").count() == 0 and page.locator("select").count() == 0
    assert page.locator(".mg-diamond").count() > 0
    narrow = show(monitor(sample=None), width=420, dark=True).page
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 420
    narrow.evaluate("cleanUp()")
    assert narrow.evaluate("[...model.listeners.values()].flat().length") == 0
