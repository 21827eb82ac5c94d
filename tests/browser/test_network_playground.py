"""What the network playground does with clicks and keys, in Chromium."""

import numpy as np
import pytest

from musegen_edu.widgets.network_playground import NetworkPlayground

pytestmark = pytest.mark.browser

# Colours that a canvas holds: how many pixels lean to blue, and how many to orange.
LEAN = """(label) => { const canvas = document.querySelector(`canvas[aria-label^="${label}"]`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let blue = 0, orange = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 20) { if (data[i + 2] > data[i] + 30) blue += 1; if (data[i] > data[i + 2] + 30) orange += 1; }
  return [blue, orange]; }"""


class Neuron:
    def __init__(self, seed):
        self.weights = [np.array([[-1.0, 1.0], [0.5, -0.5]]), np.array([[1.0], [-1.0]])]

    def forward(self, x):
        self.layers = [x, np.tanh(x @ self.weights[0])]
        self.layers.append(1 / (1 + np.exp(-self.layers[1] @ self.weights[1])))
        return self.layers[-1]

    def train_step(self, x, y, learning_rate):
        delta = (self.forward(x) - y) / len(x)
        back = (delta @ self.weights[1].T) * (1 - self.layers[1] ** 2)
        self.weights[0] -= learning_rate * x.T @ back
        return 0.25


def halves(noise, seed):
    x = np.random.default_rng(seed).normal(size=(40, 2))
    return x, (x[:, 0] > 0).astype(int)


def playground(**options):
    return NetworkPlayground(Neuron, halves, title="Left and right", kinds=("left", "right"), **options)


def answer(page, widget):
    """Let the stub's model have what the kernel would have sent."""
    page.evaluate("picture => model.set('picture', picture)", widget.picture)


def test_one_step_is_asked_for_and_drawn(show):
    widget = playground(learning_rate=1.0)
    page = show(widget).page
    assert "not trained yet" in page.locator(".mg-tally").inner_text()
    page.get_by_role("button", name="Step").click()
    page.wait_for_function("asked.length === 1")
    assert page.evaluate("asked") == [["train", {"steps": 1}]]
    before = page.evaluate(LEAN, "The decision")
    widget.advance(50)
    answer(page, widget)
    right = round(100 * widget.picture["accuracy"])
    assert page.locator(".mg-tally").inner_text() == f"step 50 · loss 0.250 · {right} % on the right side"
    assert page.evaluate(LEAN, "The decision") != before


def test_colours_of_both_signs_are_there_from_the_start_light_and_dark(show):
    for dark in (False, True):
        page = show(playground(), dark=dark).page
        for canvas in ("The network", "The decision"):
            page.wait_for_function(f"(label) => Math.min(...({LEAN})(label)) > 500", arg=canvas)


def test_run_goes_on_until_pause_and_asks_one_thing_at_a_time(show):
    page = show(playground(speed=20)).page
    page.get_by_role("button", name="Run").click()
    page.wait_for_function("asked.length >= 3")
    assert page.evaluate("asked[0]") == ["train", {"steps": 20}]
    page.get_by_label("Speed").select_option("100")
    assert page.evaluate("model.get('speed')") == 100
    page.wait_for_function("asked.at(-1)[1].steps === 100")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(50)
    count = page.evaluate("asked.length")
    page.wait_for_timeout(300)
    assert page.evaluate("asked.length") == count
    assert page.get_by_role("button", name="Run").get_attribute("aria-pressed") == "false"


def test_seed_and_noise_go_to_the_kernel_and_start_over(show):
    page = show(playground()).page
    page.get_by_label("Seed").fill("7")
    page.get_by_label("Seed").press("Enter")
    page.wait_for_function("asked.length === 1")
    assert page.evaluate("[model.get('seed'), asked[0][0]]") == [7, "restart"]
    page.get_by_label("Noise").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("asked.length === 2")
    assert page.evaluate("model.get('noise')") == pytest.approx(0.05)
    page.get_by_label("Seed").fill("-3")
    page.get_by_label("Seed").press("Enter")
    page.wait_for_timeout(100)
    assert page.evaluate("model.get('seed')") == 7
    page.get_by_label("Learning rate").select_option("1")
    assert page.evaluate("model.get('learning_rate')") == 1


def test_a_kernel_that_is_gone_or_fails_is_told(show):
    page = show(playground()).page
    page.evaluate("kernel = 'failing'")
    page.get_by_role("button", name="Run").click()
    page.locator(".mg-trouble").wait_for()
    assert "ValueError" in page.locator(".mg-status").inner_text()
    assert page.get_by_role("button", name="Run").is_visible()  # it has stopped by itself
    page.evaluate("kernel = 'gone'")
    page.get_by_role("button", name="Step").click()
    page.get_by_text("does not answer").wait_for()


def test_what_a_teacher_hides_is_not_there(show):
    page = show(playground(hide=["title", "step", "rate", "seed", "noise", "network", "loss"])).page
    assert page.get_by_text("Left and right").count() == 0
    assert page.get_by_role("button", name="Step").count() == 0
    assert page.locator("input").count() == 0
    assert page.locator("select").count() == 1
    assert page.locator("canvas").count() == 1
    assert page.get_by_role("button", name="Run").is_visible()


def test_narrow_page_and_clean_up(show):
    page = show(playground(), width=400).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_role("button", name="Run").click()
    page.evaluate("cleanUp()")
    page.wait_for_timeout(150)
    count = page.evaluate("asked.length")
    page.wait_for_timeout(250)
    assert page.evaluate("asked.length") == count
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
