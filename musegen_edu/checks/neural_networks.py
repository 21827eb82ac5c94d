"""Instant feedback for the exercises of lesson 03, neural_networks_from_scratch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.widgets.quiz import Question

Array = npt.NDArray[np.float64]
_NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_SHAPES = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}  # semitones above the root


def _pure_triads() -> tuple[Array, Array]:
    """The twelve major and twelve minor triads as pure chroma (24, 12), and 1 for major, 0 for minor (24, 1)."""
    rows = []
    for kind in ("minor", "major"):
        for root in range(12):
            row = np.zeros(12)
            row[[root, *((root + step) % 12 for step in _SHAPES[kind])]] = 1.0
            rows.append(row)
    return np.array(rows), np.repeat([0.0, 1.0], 12)[:, None]


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _loss(parameters: list[Array], x: Array, y: Array) -> float:
    w1, b1, w2, b2 = parameters
    p = _sigmoid(np.maximum(0, x @ w1 + b1) @ w2 + b2)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def _slopes(parameters: list[Array], x: Array, y: Array) -> list[Array]:
    """Central differences of the loss, one array for each parameter."""
    found = []
    for parameter in parameters:
        slope = np.zeros_like(parameter)
        for index in np.ndindex(parameter.shape):
            keep = parameter[index]
            parameter[index] = keep + 1e-6
            up = _loss(parameters, x, y)
            parameter[index] = keep - 1e-6
            down = _loss(parameters, x, y)
            parameter[index] = keep
            slope[index] = (up - down) / 2e-6
        found.append(slope)
    return found


@check(
    lesson="03",
    exercise="relu",
    title="Back through a ReLU",
    hints=(
        "Go backwards one line at a time: delta = (p - y) / n belongs to the output's z. The slopes of W2 and b2 are h.T @ delta and delta.sum(axis=0).",
        "For the hidden layer: delta_h = (delta @ W2.T) * (z > 0). Then W1's slopes are x.T @ delta_h, and b1's are delta_h.sum(axis=0).",
    ),
)
def check_relu_gradients(function: object) -> str:
    """Check `relu_gradients(W1, b1, W2, b2, x, y)` against finite differences, on the 24 major and minor triads."""
    x, y = _pure_triads()
    for seed, n_chords in ((3, 24), (8, 7)):
        rng = np.random.default_rng(seed)
        parameters = [rng.normal(size=shape) for shape in ((12, 5), (5,), (5, 1), (1,))]
        rows = rng.permutation(24)[:n_chords]
        right = _slopes(parameters, x[rows], y[rows])
        answer = call(function, *[p.copy() for p in parameters], x[rows].copy(), y[rows].copy())
        _compare_slopes(answer, right, parameters, x[rows], y[rows])
    before = _loss(parameters, x, y)
    steps = call(function, *[p.copy() for p in parameters], x.copy(), y.copy())
    after = _loss([p - 0.05 * np.asarray(s) for p, s in zip(parameters, steps, strict=True)], x, y)
    return f"Every slope agrees with finite differences. One small step downhill takes the loss on the 24 triads from {before:.3f} to {after:.3f}."


def _compare_slopes(answer: Any, right: list[Array], parameters: list[Array], x: Array, y: Array) -> None:
    names = ("dW1", "db1", "dW2", "db2")
    if answer is None or answer is ...:
        raise Failure("relu_gradients returns nothing yet. End it with return dW1, db1, dW2, db2.")
    if not isinstance(answer, (tuple, list)) or len(answer) != 4:
        raise Failure("relu_gradients should return four arrays: dW1, db1, dW2, db2, in this order.")
    found = [np.asarray(array, float) for array in answer]
    for name, mine, theirs in zip(names, right, found, strict=True):
        if theirs.shape != mine.shape:
            hint = " Sum over the chords: sum(axis=0)." if name.startswith("db") and theirs.ndim == 2 else ""
            raise Failure(
                f"{name} has shape {theirs.shape}; a slope for each number of {name[1:]} means shape {mine.shape}.{hint}"
            )
        if not np.isfinite(theirs).all():
            raise Failure(f"{name} holds values that are not finite (NaN or infinity).")
    # from the output backwards: the first that is wrong is where the slip was made
    for index in (2, 3, 0, 1):
        if np.abs(found[index] - right[index]).max() > 1e-6:
            slip = _slip(found[index], right[index], index, parameters, x, y)
            worst = np.abs(found[index] - right[index]).max()
            raise Failure(f"{names[index]} is off from the measured slope by up to {worst:.2g}.{slip}")


def _slip(found: Array, right: Array, index: int, parameters: list[Array], x: Array, y: Array) -> str:
    """Name the usual slip, or nothing."""
    w1, b1, w2, b2 = parameters
    z = x @ w1 + b1
    p = _sigmoid(np.maximum(0, z) @ w2 + b2)
    through = ((p - y) / len(y)) @ w2.T

    def close(other: Array) -> bool:
        return other.shape == found.shape and bool(np.abs(found - other).max() < 1e-6)

    if close(-right):
        return " The sign is turned round: the slope at the output is p - y, not y - p."
    if close(len(x) * right):
        return f" It is {len(x)} times too large: the loss is a mean over {len(x)} chords, so divide by n."
    if index == 2 and close(z.T @ ((p - y) / len(y))):
        return " You used z; what reaches W2 is h, after the ReLU."
    if index == 2 and close(np.maximum(0, z).T @ ((p - y) * p * (1 - p) / len(y))):
        return " The slope of the sigmoid is in there twice: for cross-entropy it cancels, and p - y is left."
    if index in (0, 1):
        for what, delta in (
            (" The ReLU is missing on the way back: where z was below 0, no slope gets through. Multiply by (z > 0).", through),
            (" You multiplied by 1 - h**2, which is the slope of tanh; that of ReLU is 1 above 0 and 0 below.", through * (1 - np.maximum(0, z) ** 2)),
            (" You multiplied by h; multiply by the slope of ReLU, (z > 0), which is 0 or 1.", through * np.maximum(0, z)),
        ):  # fmt: skip
            if close(x.T @ delta if index == 0 else delta.sum(axis=0)):
                return what
    return ""


@check(
    lesson="03",
    exercise="kinds",
    title="Two more kinds of chord",
    hints=(
        "Only two numbers differ from kind to kind: how far the middle and the upper note lie above the root. Put them in a dictionary.",
        'STEPS = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}; then pitches = [root, root + STEPS[kind][0], root + STEPS[kind][1]].',
    ),
)
def check_chord_kinds(function: object) -> str:
    """Check `any_triad(root, kind, inversion)` for four kinds, in every key and inversion."""
    for kind, (third, fifth) in _SHAPES.items():
        for root in (60, 53, 71):
            for inversion in range(3):
                answer = call(function, root, kind, inversion)
                _compare_chord(answer, root, kind, inversion, third, fifth)
    return "Four kinds, three inversions, every key. The augmented triad sounds the same in each inversion: its notes divide the octave evenly."


def _compare_chord(answer: Any, root: int, kind: str, inversion: int, third: int, fifth: int) -> None:
    named = f'any_triad({root}, "{kind}", {inversion})'
    if answer is None or answer is ...:
        raise Failure("any_triad returns nothing yet. End it with return and a list of three pitches.")
    pitches = [int(p) for p in answer]
    if len(pitches) != 3:
        raise Failure(f"{named} has {len(pitches)} notes; a triad has three.")
    wanted = {(root + step) % 12 for step in (0, third, fifth)}
    strange = [p for p in pitches if p % 12 not in wanted]
    if strange:
        sounds = next(
            (k for k, (t, f) in _SHAPES.items() if {p % 12 for p in pitches} == {(root + s) % 12 for s in (0, t, f)}),
            None,
        )
        what = f" What you return is a {sounds} triad." if sounds else ""
        names = " ".join(_NOTE_NAMES[(root + step) % 12] for step in (0, third, fifth))
        raise Failure(
            f"{named} holds {_NOTE_NAMES[strange[0] % 12]}; {_NOTE_NAMES[root % 12]} {kind} is {names}.{what}"
        )
    if len({p % 12 for p in pitches}) < 3:
        raise Failure(f"{named} is {pitches}: one of its notes comes twice, and another is missing.")
    if pitches != sorted(pitches):
        raise Failure(f"{named} is {pitches}; list the pitches from low to high.")
    bottom = (0, third, fifth)[inversion]
    if pitches[0] != root + bottom or pitches[2] - pitches[0] >= 12:
        raise Failure(
            f"{named} is {pitches}. In inversion {inversion} the lowest note is {root + bottom}: each inversion moves the lowest note up an octave."
        )


@check(
    lesson="03",
    exercise="listener",
    title="A better listener",
    hints=(
        "A listener must not care about the key. Train it on every chord moved to all twelve keys: np.roll(x, k, axis=1) for k in range(12).",
        "In all keys, 32 hidden neurons, some 60 epochs with learning rate 0.1: this passes. Wrap the network in a function that prepares x as in training.",
    ),
)
def check_listener(my_listener: object, my_sentence: object, x: Any, y: Any) -> str:
    """Check a function from chroma (n, 12) to the probability of major (n, 1): new instruments, every key, loud or soft company."""
    features, labels = np.asarray(x, float), np.asarray(y, float).reshape(-1, 1)
    p = _probabilities(call(my_listener, features.copy()), len(features))
    right = (p > 0.5) == (labels > 0.5)
    major = (p > 0.5).mean()
    if major in (0.0, 1.0):
        raise Failure(
            f"It calls every chord {'major' if major else 'minor'}. Look at the labels that it was trained on: are there zeros and ones?"
        )
    rows = np.unique(np.linspace(0, len(features) - 1, 6).astype(int))
    alone = np.concatenate([_probabilities(call(my_listener, features[row : row + 1].copy()), 1) for row in rows])
    if np.abs(alone - p[rows]).max() > 1e-4:  # more than rounding in single precision
        raise Failure(
            "A chord gets another answer alone than in company: something is computed from the set that is being judged. Use the training set's numbers."
        )
    pure, kinds = _pure_triads()
    wrong = np.flatnonzero((_probabilities(call(my_listener, pure.copy()), 24) > 0.5) != (kinds > 0.5))
    if right.mean() < 0.95:
        raise Failure(
            f"{right.mean():.1%} of the chords on instruments that it has never heard are right; 95 % are wanted."
        )
    if len(wrong) > 1:
        names = ", ".join(f"{_NOTE_NAMES[i % 12]} {'major' if i >= 12 else 'minor'}" for i in wrong[:4])
        raise Failure(f"Among 24 pure triads it mistakes {len(wrong)}: {names}. Does it know every key?")
    sentence = my_sentence if isinstance(my_sentence, str) else ""
    if len(sentence.split()) < 8:
        raise Failure(
            f"{right.mean():.1%} right: well heard. Now the sentence (at least eight words): what did you change, and what did it do?"
        )
    return f"{right.mean():.1%} right on instruments that it has never heard, and {24 - len(wrong)} of 24 pure triads, in every key."


def _probabilities(answer: Any, n: int) -> Array:
    if answer is None or answer is ...:
        raise Failure(
            "my_listener returns nothing yet. It gets chroma of shape (n, 12) and returns n probabilities of major."
        )
    p = np.asarray(answer, float)
    if p.shape not in ((n, 1), (n,)):
        raise Failure(
            f"my_listener returns shape {p.shape} for {n} chord{'' if n == 1 else 's'}; it should be ({n}, 1)."
        )
    if not np.isfinite(p).all() or p.min() < 0 or p.max() > 1:
        raise Failure("my_listener returns values outside 0 to 1; probabilities are wanted. Is the sigmoid missing?")
    return p.reshape(n, 1)


QUESTIONS = [
    Question(
        "Why can a single neuron not tell major from minor in all twelve keys?",
        [
            ("Twelve inputs are too many for one neuron.", "A neuron may have any number of inputs: it only adds them up."),
            ("Every note is in three major and in three minor triads, so no note speaks for either.", "A neuron weighs notes one by one. What counts is which notes come *together*, and for that it takes a layer in between.", True),
            ("It would need more training.", "More steps do not help: no set of weights exists. You tried a hundred thousand."),
        ],
    ),
    Question(
        "What happens to a deep network if every activation function is left out?",
        [
            ("It gets slower.", "It would even be faster; but it could no longer do what it is for."),
            ("It can do no more than one single layer.", "`x @ W1 @ W2` is `x @ W` with `W = W1 @ W2`. The bends between the layers are what makes depth worth having.", True),
            ("The gradients vanish.", "They do not; it is the bends that may flatten slopes. Without bends nothing is learnt that one layer could not."),
        ],
    ),
    Question(
        "The network is sure that a major chord is minor: p = 0.001, y = 1. Which loss pushes it harder?",
        [
            ("Cross-entropy.", "Its slope at z is p - y = -0.999, nearly the largest there is. That of the squared error is 2(p - y)p(1 - p), about -0.002: it hardly moves.", True),
            ("The squared error, because it squares.", "The error is below 1, and the sigmoid is flat there: its slope p(1 - p) is 0.001. Little gets through."),
            ("Both the same.", "At p = 0.5 they differ by a factor of two; at p = 0.001 by five hundred."),
        ],
    ),
    Question(
        "Your gradient and the finite difference differ by 0.02. The loss still falls. What now?",
        [
            ("Nothing: the loss falls.", "A slope that is roughly right goes downhill, too, only worse. Such a mistake hides for months."),
            ("Find the mistake: double precision should agree to about a millionth.", "Check layer by layer from the output backwards; the first that is off is where the slip is.", True),
            ("Make the step of the finite difference larger.", "A larger step makes the finite difference less exact. About 0.00001 is a good step in double precision."),
        ],
    ),
    Question(
        "A classifier reports 100 % accuracy after one epoch. What do you look at first?",
        [
            ("The learning rate.", "It decides how fast, not whether the task is a real one."),
            ("How many labels are 0 and how many are 1.", "If all are 1, whoever says 1 is always right. Then look whether the number was measured on training data.", True),
            ("Nothing. Well done.", "Chords are not that easy: no baseline of this lesson is right every time on new instruments."),
        ],
    ),
    Question(
        "A reader divides the test set by the test set's own maximum. What is wrong?",
        [
            ("Nothing, as long as the numbers end between 0 and 1.", "The network has learnt what 0.4 means in terms of the *training* maximum. One loud recording changes the meaning of all others."),
            ("A chord's answer depends on which others are tested with it.", "Whatever is measured for preparing the data (maximum, mean, deviation) comes from the training set alone.", True),
            ("It is too slow for large sets.", "It is fast. It is wrong, too."),
        ],
    ),
]  # fmt: skip


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 03."""
    return quiz("03", "recap", QUESTIONS)
