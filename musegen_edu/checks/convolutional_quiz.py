"""The questions at the end of lesson 07, convolutional_networks."""

from __future__ import annotations

from musegen_edu.widgets.quiz import Question

QUESTIONS = [
    Question(
        "A kernel finds a motif in a piano roll. You transpose the piece up by five semitones. What happens to the feature map?",
        [
            (
                "It goes dark: the kernel has learnt other pitches.",
                "A kernel knows no pitches, only distances: later by so much, higher by so much.",
            ),
            (
                "It moves up by five rows and stays the same otherwise.",
                "The same weights look at every place, so a picture that moves gives a map that moves (as long as nothing leaves the edge).",
                True,
            ),
            ("It becomes five times as bright.", "Brightness is how much of the motif is there, not where."),
        ],
    ),
    Question(
        "Three causal layers, kernel 2, dilations 1, 2 and 4. How many samples does one output hear?",
        [
            ("2", "That is one layer's own reach at dilation 1."),
            (
                "6",
                "2 + 2 + 2 counts each kernel by itself; but the second layer reads outputs that have already heard more.",
            ),
            ("8", "1 + 1 + 2 + 4. Each layer adds (kernel - 1) times its dilation.", True),
        ],
    ),
    Question(
        "Your classifier has 99 % on a random split of the notes, 90 % when whole pitches are held out. Which number do you report?",
        [
            ("99 %: more is better.", "Most test notes had a twin in training: the same note, struck a little harder."),
            ("The mean of both.", "One of them does not answer the question, so a mean of both does not either."),
            (
                "90 %, and how the split was made.",
                "It tells how the network does on notes that it has never heard. Even this one is about these twelve sets of samples.",
                True,
            ),
        ],
    ),
    Question(
        "A network shall predict the next sample. Its loss is almost zero after a minute. What do you suspect first?",
        [
            (
                'padding="same": its windows look at the sample that it should predict.',
                "Change one input, see which outputs change: none may lie before it.",
                True,
            ),
            (
                "That it is a very good network.",
                "Noise cannot be predicted by anyone. If noise, too, has a loss of zero, it peeks.",
            ),
            ("That the learning rate is too small.", "Then the loss would be large."),
        ],
    ),
    Question(
        "Why does Gibbs sampling fill a hole better than drawing all its notes at once?",
        [
            (
                "Because each note can be chosen knowing the others, and can be taken back.",
                "In one pass the notes of a chord are drawn without knowledge of one another, each right by itself, wrong together.",
                True,
            ),
            ("Because it uses a larger network.", "It is the same network, asked many times."),
            (
                "Because it always takes the likeliest note.",
                "It draws as before; only what it knows while drawing differs.",
            ),
        ],
    ),
    Question(
        "Eight bits a sample, mu-law instead of even steps. What is better, and where?",
        [
            (
                "Loud passages: they get finer steps.",
                "The other way round: the steps are wider up there, where the ear notices less.",
            ),
            (
                "Quiet passages and decays: the steps are finer near zero.",
                "A note that dies away stays a note instead of turning into noise; and the noise in loud places is covered by the tone.",
                True,
            ),
            ("Nothing: 256 values are 256 values.", "There are as many, but where they lie makes the difference."),
        ],
    ),
]
