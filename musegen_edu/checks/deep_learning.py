"""Instant feedback for the exercises of lesson 04, deep_learning_with_keras."""

from __future__ import annotations

from typing import Any

import numpy as np

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.score import Score, stack
from musegen_edu.widgets.quiz import Question

_STYLES = ("folk", "chorale", "madrigal", "quartet")
_WANTED = 0.72  # of the validation tunes; always the same is right in 25 %


@check(
    lesson="04",
    exercise="leaps",
    title="A feature of your own",
    hints=(
        "np.diff(part.notes['pitch'].astype(int)) gives the steps of one part. Do that for every part in score.parts(), and join the results.",
        "steps = np.concatenate([...]); then np.mean(np.abs(steps) > 4), and 0.0 where there are no steps.",
    ),
)
def check_leap_share(leap_share: object) -> str:
    """Check `leap_share(score)`: scale, broken chord, downwards, the third itself, two parts, other keys, no steps."""
    scale = Score.from_melody([60, 62, 64, 65, 67, 69, 71, 72], 24)
    broken = Score.from_melody([48, 55, 64, 55, 48], 24)
    cases = (
        (scale, 0.0, "A scale has no leaps", ""),
        (broken, 1.0, "C3 G3 E4 G3 C3 is nothing but leaps", " Do you count those that go down, too? Use np.abs."),
        (Score.from_melody([60, 64, 60, 64, 71], 24), 0.25, "C E C E B has one leap in four steps", " A major third, 4 semitones, is not a leap; only what is wider."),
        (stack([scale.transpose(12), scale.transpose(-12)]), 0.0, "Two scales two octaves apart have no leap: nobody sings from the soprano to the bass", " Take the steps inside each part, with score.parts()."),
        (stack([scale, broken]), 4 / 11, "A scale (7 steps) above a broken chord (4 leaps) has 4 leaps in 11 steps", " Average over all steps together, not over the parts."),
    )  # fmt: skip
    for score, right, says, slip in cases:
        _compare_share(_number(call(leap_share, score), "leap_share"), right, says, slip)
    for score in (scale, broken):
        before, after = (_number(call(leap_share, tune), "leap_share") for tune in (score, score.transpose(5)))
        if abs(before - after) > 1e-9:
            raise Failure(
                f"Moved up by 5 semitones, the same tune has {after:.2f} instead of {before:.2f}. Leaps do not change with the key."
            )
    silent = _number(call(leap_share, Score.from_melody([60], 24)), "leap_share")
    if silent != 0.0:
        raise Failure(f"A single note has no steps, and so a share of 0.0; leap_share gives {silent}.")
    return "Right for scale, chord and duet, in every key, and for a single note."


def _number(answer: Any, name: str) -> float:
    if answer is None or answer is ...:
        raise Failure(f"{name} returns nothing yet. End it with return and a number from 0 to 1.")
    value = float(answer)
    if np.isnan(value):
        raise Failure(f"{name} gives NaN: the mean of nothing. Give 0.0 where there are no steps.")
    if not 0 <= value <= 1:
        raise Failure(f"{name} gives {value:.2f}; a share lies between 0 and 1. Divide by the number of steps.")
    return value


def _compare_share(found: float, right: float, says: str, slip: str) -> None:
    if abs(found - right) > 1e-9:
        raise Failure(f"{says}: the share is {right:.2f}, and leap_share gives {found:.2f}.{slip}")


@check(
    lesson="04",
    exercise="two_ears",
    title="Two ears",
    hints=(
        "Two keras.Input, one of shape (37,) and one of (8,). Each goes through a Dense layer of its own; then layers.Concatenate()([one, other]).",
        "keras.Model([input_1, input_2], layers.Dense(4)(joined)): the inputs in a list, the last layer without an activation.",
    ),
)
def check_two_ears(two_ears: Any) -> str:
    """Check the functional network with two inputs: shapes, size, logits, and that it hears with both ears."""
    from musegen_edu.quiet_keras import keras

    if two_ears is None or two_ears is ...:
        raise Failure("two_ears is still empty. It shall be a keras.Model with two inputs.")
    if not isinstance(two_ears, keras.Model):
        raise Failure(f"two_ears is a {type(two_ears).__name__}; a keras.Model is wanted.")
    inputs = list(getattr(two_ears, "inputs", None) or [])
    widths = [tuple(tensor.shape)[1:] for tensor in inputs]
    if widths != [(37,), (8,)]:
        raise Failure(
            f"Its inputs have the shapes {widths}; wanted are two, (37,) for the pitches and (8,) for the rhythm, in this order."
        )
    rng = np.random.default_rng(0)
    pitches, rhythm = rng.normal(size=(6, 37)).astype("float32"), rng.normal(size=(6, 8)).astype("float32")
    z = np.array(two_ears([pitches, rhythm]))
    if z.shape != (6, 4):
        raise Failure(f"For 6 tunes it gives the shape {z.shape}; four logits a tune are (6, 4).")
    if np.allclose(z.sum(axis=1), 1, atol=1e-4) and (z >= 0).all():
        raise Failure(
            "Its four numbers add up to 1: that is a softmax. Logits are wanted, the last layer without an activation, for the loss has the softmax inside."
        )
    for name, changed in (("pitches", [pitches + 1, rhythm]), ("rhythm", [pitches, rhythm + 1])):
        if np.allclose(np.array(two_ears(changed)), z):
            raise Failure(f"It is deaf on one ear: another {name} changes nothing. Is that input joined to the rest?")
    n = two_ears.count_params()
    if n != 884:
        raise Failure(
            f"It has {n} numbers. 16 ReLU neurons for each ear, joined, then 4 logits make 37·16 + 16 + 8·16 + 16 + 32·4 + 4 = 884."
        )
    opposite, nothing = (np.array(two_ears([k * pitches, k * rhythm])) for k in (-1, 0))
    if np.allclose(z + opposite, 2 * nothing, atol=1e-4):  # true of a straight line, and of nothing with a ReLU in it
        raise Failure(
            "Turn the signs of the input round, and its answer turns round, too: there is no bend in it. Give the hidden layers activation='relu'."
        )
    return "Two ears, 884 numbers, logits out; it listens to the pitches and to the rhythm."


@check(
    lesson="04",
    exercise="listener",
    title="A better listener",
    hints=(
        "Begin with what is there: the MLP on the tune view, wrapped in a function that computes pitches and rhythm of each tune and standardises with the training set's numbers.",
        "Add features that do not change with the key, and let three networks vote: the mean of their probabilities. Leave the mean pitch out.",
    ),
)
def check_style_listener(my_listener: object, my_sentence: object, tunes: Any, truth: Any) -> str:
    """Check a function from tunes in one voice to style names: accuracy, every key, alone as in company, and a sentence."""
    tunes, truth = list(tunes), list(truth)
    answers = _styles(call(my_listener, tunes), len(tunes))
    named = {style: answers.count(style) for style in _STYLES}
    if max(named.values()) == len(answers):
        raise Failure(
            f"It calls every tune a {answers[0]}. That is right in 25 % of the cases, and needs no ears. Look at the labels it was trained on."
        )
    right = float(np.mean([a == b for a, b in zip(answers, truth, strict=True)]))
    rows = list(range(0, len(tunes), max(1, len(tunes) // 12)))
    alone = [_styles(call(my_listener, [tunes[row]]), 1)[0] for row in rows]
    changed = sum(a != answers[row] for a, row in zip(alone, rows, strict=True))
    if changed:
        raise Failure(
            f"{changed} of {len(rows)} tunes get another answer alone than in company: something is computed from the set that is judged. Use the training set's numbers."
        )
    for semitones in (4, -3):
        moved = _styles(call(my_listener, [tune.transpose(semitones) for tune in tunes]), len(tunes))
        other = sum(a != b for a, b in zip(moved, answers, strict=True))
        if other > 0.03 * len(tunes):  # a tie in the estimate of the key may go the other way
            raise Failure(
                f"Moved by {semitones:+d} semitones, {other} of {len(tunes)} tunes get another style. A tune is the same in every key: leave out what depends on the pitch itself, or train in all keys."
            )
    if right < _WANTED:
        worst = max(_STYLES, key=lambda s: sum(t == s != a for a, t in zip(answers, truth, strict=True)))
        raise Failure(
            f"{right:.1%} are right; {_WANTED:.0%} are wanted. It has most trouble with tunes of the style {worst!r}."
        )
    if not isinstance(my_sentence, str) or len(my_sentence.split()) < 8:
        raise Failure(
            f"{right:.1%} right, in every key: well done. Now the sentence (at least eight words): what did you change, and what did it do?"
        )
    return f"{right:.1%} of the validation tunes, by one voice alone and in every key. Always the same would be right in 25 %."


def _styles(answer: Any, n: int) -> list[str]:
    if answer is None or answer is ...:
        raise Failure("my_listener returns nothing yet. It gets a list of tunes and returns a list of style names.")
    names = [str(name) for name in answer]
    if len(names) != n:
        raise Failure(f"For {n} tune{'' if n == 1 else 's'} it returns {len(names)} answers; one a tune is wanted.")
    strange = [name for name in names if name not in _STYLES]
    if strange:
        raise Failure(f"It says {strange[0]!r}; the styles are called {', '.join(_STYLES)}.")
    return names


QUESTIONS = [
    Question(
        "The same network, written as Sequential, functional and as a class, gives three different answers to one tune. Why?",
        [
            ("The three kinds compute differently.", "They do not: with equal weights they agree to rounding. You have seen it."),
            ("Each drew its own random weights.", "Copy the weights of one into the others, and the answers are equal. How a network is written says nothing about what it can do.", True),
            ("The subclassed one has no weights.", "It has none before it has seen data, because it does not know the width of its input; afterwards it has as many."),
        ],
    ),
    Question(
        "What does Adam do that SGD does not?",
        [
            ("It always finds the better minimum.", "No rule does. Here it was quick without tuning; with other rates the race may end otherwise."),
            ("It gives each weight its own length of step, from the running size of its slope.", "It divides the mean slope by the root of the mean square: on steep and flat directions alike the step is about η.", True),
            ("It needs no learning rate.", "It does: η is the usual size of a step. It is only less touchy about it."),
        ],
    ),
    Question(
        "Training loss 0.01, validation loss 1.6, and rising. What is it, and what is no cure?",
        [
            ("Over-fitting; more neurons are no cure.", "The gap says over-fitting. More neurons learn by heart even better. Other keys, early stopping, dropout or decay help.", True),
            ("Under-fitting; dropout is no cure.", "The training loss is nearly 0: the network fits all too well what it has seen."),
            ("A broken validation set; nothing to cure.", "It happened to us with a sound one. The network learnt 800 tunes by heart."),
        ],
    ),
    Question(
        "A classifier tells folk tunes from chorales with 99 %. What do you ask first?",
        [
            ("How many layers has it?", "A single number may do it: the number of voices. Layers are not the point."),
            ("What else goes along with the style that it could use?", "Voices, register, note lengths, the key, even the length of the file: take such clues away one by one and measure again.", True),
            ("Was it trained with Adam?", "How the weights were found says nothing about what they listen to."),
        ],
    ),
    Question(
        "240 test excerpts come from a few dozen works. Why does the bootstrap draw works and not excerpts?",
        [
            ("Because it is faster.", "Both take a moment. It is about honesty."),
            ("Excerpts of one work are alike, so they say less than as many independent ones.", "Drawn one by one they would pretend to be 240 independent witnesses, and the interval would come out too narrow.", True),
            ("Because the works are in the public domain.", "True, and no reason."),
        ],
    ),
    Question(
        "The mean MFCC vector of a song and of the song with its frames shuffled are equal. What follows?",
        [
            ("The mean vector holds no order: whatever depends on melody or rhythm is lost.", "It can still tell timbres apart. For a tune, keep the frames in order, or at least say how they change.", True),
            ("MFCC are useless.", "They describe timbre well. It is the mean over time that throws the order away."),
            ("The shuffling did not work.", "It did: you heard it."),
        ],
    ),
]  # fmt: skip


def quiz_recap() -> Any:
    """Show the quiz at the end of lesson 04; its result is kept in the learner's progress.

    Returns
    -------
    A quiz widget.
    """
    return quiz("04", "recap", QUESTIONS)
