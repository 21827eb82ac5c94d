"""The playground drives any network that keeps to its few words, and says what is wrong with others."""

from __future__ import annotations

import numpy as np
import pytest

from musegen_edu.widgets.network_playground import GRID, NetworkPlayground


class Net:
    """Two layers, as a learner might write them."""

    def __init__(self, seed, hidden=5, sizes=None):
        rng = np.random.default_rng(seed)
        self.weights = [rng.normal(size=shape) for shape in sizes or ((2, hidden), (hidden, 1))]

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
        return float(np.mean((p - y) ** 2))


def halves(noise, seed):
    x = np.random.default_rng(seed).normal(size=(60, 2))
    return x + noise, (x[:, 0] > 0).astype(int)


def test_it_trains_the_learners_own_network():
    playground = NetworkPlayground(Net, halves, learning_rate=1.0)
    network, before = playground.network, playground.network.weights[0].copy()
    assert playground.picture["steps"] == 0 and playground.picture["loss"] is None
    picture = playground.advance(100)
    assert playground.network is network
    assert np.abs(network.weights[0] - before).max() > 0.01
    assert (picture["steps"], len(picture["losses"])) == (100, 1)
    assert picture["accuracy"] > 0.9
    assert len(picture["surface"]) == GRID**2 and min(picture["surface"]) >= 0 and max(picture["surface"]) <= 255
    assert [len(maps) for maps in picture["maps"]] == [5]


def test_the_surface_is_drawn_from_top_to_bottom():
    upward = NetworkPlayground(Net, lambda noise, seed: (np.array([[0.0, 0.0], [1.0, 1.0]]), [0, 1]))
    upward.network.weights = [np.array([[0.0], [9.0]]), np.array([[9.0]])]  # yes where the second input is large
    surface = upward._look()["surface"]
    assert surface[0] > 200 > 200 - surface[-1]
    assert surface[0] > surface[-1]


def test_seed_and_noise_start_over():
    playground = NetworkPlayground(Net, halves, seed=3, max_noise=2.0)
    first = playground.picture
    playground.advance(5)
    playground.noise = 1.0
    assert playground.start_over()["points"] != first["points"]
    playground.noise = 0.0
    assert playground.start_over() == first


def test_commands_answer_the_page():
    playground = NetworkPlayground(Net, halves)
    assert playground.train({"steps": 7}, []) == ({"steps": 7}, [])
    assert playground.restart({}, []) == ({"steps": 0}, [])
    assert playground.train({"steps": 501}, [])[0]["error"].startswith("ValueError: steps=501 must be from 1 to 500")


def test_what_the_learners_code_raises_reaches_the_page():
    class Broken(Net):
        def train_step(self, x, y, learning_rate):
            raise KeyError("W3")

    assert NetworkPlayground(Broken, halves).train({"steps": 1}, [])[0]["error"] == "KeyError: 'W3'"


def test_a_network_that_explodes_is_told_so():
    class Exploding(Net):
        def train_step(self, x, y, learning_rate):
            self.weights[0] = self.weights[0] * np.inf
            return np.nan

    answer = NetworkPlayground(Exploding, halves).train({"steps": 1}, [])[0]
    assert "no longer finite; a smaller learning rate helps" in answer["error"]


def test_a_network_without_layers_has_no_maps():
    class Silent(Net):
        def forward(self, x):
            out = super().forward(x)
            self.layers = []
            return out

        def train_step(self, x, y, learning_rate):
            return 0.5

    assert NetworkPlayground(Silent, halves).picture["maps"] == []


@pytest.mark.parametrize(
    ("make_network", "make_data", "options", "says"),
    [
        (Net(0), halves, {}, "make_network=.* must be a function"),
        (lambda seed: object(), halves, {}, r"network.weights=None must be a list"),
        (lambda seed: Net(seed, sizes=((3, 5), (5, 1))), halves, {}, r"shapes \[\(3, 5\), \(5, 1\)\]; they must lead from 2 inputs"),
        (Net, lambda noise, seed: (np.zeros((5, 3)), np.zeros(5)), {}, r"x of shape \(5, 3\)"),
        (Net, lambda noise, seed: (np.zeros((5, 2)), np.zeros(4)), {}, "4 labels for 5 points"),
        (Net, lambda noise, seed: (np.zeros((5, 2)), [0, 1, 2, 0, 1]), {}, "0 or 1"),
        (Net, halves, {"speed": 0}, "speed=0 must be from 1 to 500"),
        (Net, halves, {"noise": 3.0}, "noise=3.0 must be from 0 to 1"),
        (Net, halves, {"learning_rate": 0}, "learning_rate=0.0 must be from"),
        (Net, halves, {"names": ("one",)}, "must be two words"),
        (Net, halves, {"hide": ["pause"]}, "hide holds 'pause'; it may hold title, run"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(make_network, make_data, options, says):
    with pytest.raises(ValueError, match=says):
        NetworkPlayground(make_network, make_data, **options)


def test_the_static_picture_shows_before_and_after():
    playground = NetworkPlayground(Net, halves, title="Left & right", kinds=("l<", "r"), learning_rate=1.0)
    html = playground.static_html()
    assert html.count("<svg") == 2
    assert "before training" in html and "after 400 steps" in html
    assert "Left &amp; right" in html and "l&lt;" in html
    assert len(html) < 120_000
    assert playground.picture["steps"] == 0  # the widget itself stays where it was
    playground.advance(3)
    assert playground.static_html().count("<svg") == 1
