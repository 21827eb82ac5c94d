"""The questions at the end of lesson 09, variational_autoencoders."""

from __future__ import annotations

from musegen_edu.widgets.quiz import Question

QUESTIONS = [
    Question(
        "An autoencoder gives melodies back well, but from a code drawn by lot comes nonsense. Why?",
        [
            (
                "It was trained too short.",
                "Longer training makes the copies better and the gaps between the codes no smaller.",
            ),
            (
                "Nobody told it to fill the space between its codes.",
                "It is only asked about codes of real melodies. What lies between them was never decoded in training.",
                True,
            ),
            (
                "Its decoder is too small.",
                "A larger decoder gives better copies; about the gaps it still hears nothing.",
            ),
        ],
    ),
    Question(
        "Why is z computed as mean + deviation × noise, instead of being drawn from the Gaussian directly?",
        [
            (
                "So that the slope can pass: the dice stand outside, and z depends smoothly on mean and deviation.",
                "dz/dmean is 1 and dz/ddeviation is the noise. Through a draw as such no slope passes.",
                True,
            ),
            ("Because it is a better random number.", "It is the very same distribution."),
            ("To keep z between −1 and 1.", "z may be any number; the KL term keeps it near 0 on average."),
        ],
    ),
    Question(
        "A training reports: rate 0.0 nats, distortion 14.2 nats a bar. What has happened?",
        [
            (
                "The code is perfect: it costs nothing.",
                "A code that costs nothing says nothing: all bars have the same one.",
            ),
            (
                "The posterior has collapsed: the decoder writes without looking at the code.",
                "Every q(z | x) is the prior. The music may be fine, but you cannot steer it.",
                True,
            ),
            ("The KL term is missing.", "Then the rate would be large, and nobody would pay for it."),
        ],
    ),
    Question(
        "Which of these does NOT help against a collapsed posterior?",
        [
            (
                "Blanking some of the notes that the decoder reads",
                "It does help: the decoder must ask the code for what it cannot read.",
            ),
            ("Raising beta", "A higher price for each nat makes saying nothing even more attractive.", True),
            (
                "Starting with beta = 0 and raising it slowly",
                "It does help: the decoder gets used to the code while it is free.",
            ),
            ("Free bits", "They do help: the first nats of each number cost nothing, so saving them wins nothing."),
        ],
    ),
    Question(
        "Someone trains a VAE and gets a loss that falls to minus one million. What do you look for first?",
        [
            ("A bug in the data", "Data cannot make it negative: distortion and rate are both 0 or more."),
            (
                "The sign of the KL term",
                "Rewarded instead of priced, the codes run away to infinity, and the loss with them.",
                True,
            ),
            ("Nothing: low is good", "Both terms are 0 or more. A loss below 0 is always a mistake here."),
        ],
    ),
    Question(
        "You move a melody along the vector for density, and its range grows as well. Is the vector wrong?",
        [
            (
                "Not necessarily: in the corpus, melodies with more notes reach further as well.",
                "The vector is a difference of means, and takes along whatever goes with the attribute in the data.",
                True,
            ),
            (
                "Yes, a right vector changes one thing only.",
                "That would need an attribute that goes with nothing else in the corpus.",
            ),
            ("Yes, the model is over-fitted.", "It happens in a perfectly trained model, too."),
        ],
    ),
]
