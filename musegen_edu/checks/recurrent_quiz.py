"""The questions at the end of lesson 05, recurrent_networks."""

from __future__ import annotations

from musegen_edu.widgets.quiz import Question

QUESTIONS = [
    Question(
        "A recurrent network has read 10 notes of a tune. How many more weights does it need to read 1,000?",
        [
            ("A hundred times as many.", "That would be a dense layer with an input for each note."),
            ("None.", "The same weights are used at every note; only the hidden state changes.", True),
            (
                "990: one for each note.",
                "No weight belongs to a certain note. W_x, W_h and W_y are used again and again.",
            ),
        ],
    ),
    Question(
        "What is the hidden state after note t?",
        [
            (
                "The notes up to t, stored one by one.",
                "There is room for a few hundred numbers, however long the tune is.",
            ),
            (
                "A summary of the notes up to t, in which the recent weighs more.",
                "It is computed from the last note and from the summary before it.",
                True,
            ),
            ("The weights that have been learnt so far.", "Weights stay as they are while a tune is read."),
        ],
    ),
    Question(
        "Over each step a correction shrinks to 0.9 of its length. What is left after 50 steps?",
        [
            ("About half.", "0.9 is left after one step, 0.81 after two: it is multiplied, not taken off."),
            (
                "About 0.5 %.",
                "0.9 to the power of 50 is 0.005. The network hears that it was wrong, but hardly why.",
                True,
            ),
            ("Nothing at all, exactly.", "It never gets exactly 0, but it drowns in the other corrections."),
        ],
    ),
    Question(
        "You clip gradients to a length of 1. Which trouble does that cure?",
        [
            ("Exploding gradients.", "A wild step is shortened; its direction stays.", True),
            (
                "Vanishing gradients.",
                "What has vanished is gone: a correction of 0.000001 that is made longer would mostly be noise.",
            ),
            ("Over-fitting.", "Clipping says nothing about what is learnt, only how large a step may be."),
        ],
    ),
    Question(
        "You raise the temperature from 0.7 to 1.4. What changes?",
        [
            ("The network has learnt more.", "Not one weight changes. Only how boldly you choose from what it says."),
            (
                "Unlikely tokens are drawn more often; music gets newer, and wilder.",
                "Logits are divided by 1.4, so that all probabilities move towards one another.",
                True,
            ),
            ("The tune gets faster.", "Temperature has nothing to do with tempo; that is bpm."),
        ],
    ),
    Question(
        "At one place the model is sure (one token has 97 %), at another it hesitates between twenty. What does top-p with p = 0.9 do?",
        [
            (
                "It keeps one token at the first place and many at the second.",
                "It keeps the likeliest until they reach 90 % together. Top-k would keep as many at both places.",
                True,
            ),
            ("It keeps nine of ten tokens at both places.", "p is a share of the probability, not of the tokens."),
            (
                "It throws away every token below 90 %.",
                "Then the second place would have nothing left. What counts is the sum of the likeliest.",
            ),
        ],
    ),
]
