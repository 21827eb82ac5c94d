"""The questions at the end of lesson 10, generative_adversarial_networks."""

from __future__ import annotations

from musegen_edu.widgets.quiz import Question

QUESTIONS = [
    Question(
        "What does the generator of a GAN see of the real music while it is trained?",
        [
            ("The same batches as the judge", "Only the judge is shown real examples."),
            (
                "Nothing; it only feels in which direction the judge's score of its own forgeries rises",
                "All that it knows of music has come to it through the judge's gradient.",
                True,
            ),
            (
                "One real example for each noise, to be copied",
                "That would be a decoder with right answers; section 7.2 shows what becomes of it.",
            ),
        ],
    ),
    Question(
        "At some place real examples are four times as frequent as forged ones. What does the best judge say there?",
        [
            ("1, for most of them are real", "Sure and sometimes wrong is expensive: ln 0 has no floor."),
            ("0.8", "p / (p + q) = 4 / (4 + 1). It need only know which is more frequent here.", True),
            ("0.5, because the game is balanced", "It says 0.5 only where both are equally frequent."),
        ],
    ),
    Question(
        "The judge is always right, its loss is nearly 0, and the forgeries do not change any more. Which of these is the usual reason with the saturating loss?",
        [
            (
                "The generator's gradient has vanished: at a very low score −softplus(d) has hardly any slope.",
                "It is told that it fails, but not how to fail less. The non-saturating loss, the hinge or a judge of bounded slope help.",
                True,
            ),
            ("The generator has reached its goal.", "Then the judge could only toss a coin, with a loss of 1.386."),
            ("Mode collapse", "A collapsed generator moves about, and its judge is fooled again and again."),
        ],
    ),
    Question(
        "Two choirs sing 3 semitones apart, then 30. Both have no pitch in common. How do the two distances change?",
        [
            (
                "Jensen–Shannon and Wasserstein both become ten times as large.",
                "Jensen–Shannon cannot become larger than ln 2.",
            ),
            (
                "Jensen–Shannon stays ln 2; Wasserstein goes from 3 to 30 semitones.",
                "Perfectly told apart is perfectly told apart. How far everybody has to be moved is another question.",
                True,
            ),
            ("Both stay as they are.", "The earth has to be carried ten times as far."),
        ],
    ),
    Question(
        "Both losses look calm. How do you notice that a GAN knows only three tunes?",
        [
            ("The generator's loss falls below 0.693.", "That may happen in a good training as well."),
            (
                "The judge's loss rises.",
                "It may, or it may not: a judge of single examples cannot see that they are all alike.",
            ),
            (
                "Draw many, and count how many are different, beside the same count for real music",
                "Nothing in the losses says 'three'. Count modes, distinct bars, rhythms.",
                True,
            ),
        ],
    ),
    Question(
        "Why are the symbols of a forged tune chosen with the straight-through trick, instead of showing the judge the softmax?",
        [
            (
                "Because real tunes are rows with a single 1, and the judge would look for nothing else; and a plain choice passes no gradient.",
                "Forward the hard choice, backward the slope of the softmax: a useful lie.",
                True,
            ),
            ("Because the softmax is too slow", "Its slope is computed in any case."),
            (
                "Because it gives the exact gradient",
                "The exact gradient of a choice is 0 nearly everywhere. It is an approximation, and a biased one.",
            ),
        ],
    ),
    Question(
        "Somebody writes: judge.compile(...); judge.trainable = False; both.compile(...), trains in Keras 3, and the judge's loss does not move at all. Why?",
        [
            ("The learning rate is too small.", "Then it would move a little, at first."),
            (
                "Keras 3 looks at the flag when training begins, and finds nothing to train in the judge.",
                "In the Keras of the tutorials the first compile had taken note of it before the line. Keep the gradients apart where they flow.",
                True,
            ),
            ("The judge has collapsed.", "What has never been trained cannot collapse."),
        ],
    ),
]
