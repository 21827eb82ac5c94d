"""The questions at the end of lesson 06, lstm_and_gru."""

from __future__ import annotations

from musegen_edu.widgets.quiz import Question

QUESTIONS = [
    Question(
        "The forget gate of a cell stands at 1, its input gate at 0. What happens to the cell state at this note?",
        [
            ("It is deleted.", "The name is the wrong way round: a forget gate of 1 keeps everything, 0 deletes."),
            (
                "It stays exactly as it is.",
                "c = 1 * c + 0 * g. This is how an LSTM can remember over a long time.",
                True,
            ),
            ("It is replaced by the new idea.", "For that the forget gate would be 0 and the input gate 1."),
        ],
    ),
    Question(
        "Why does a correction travel further back in an LSTM than in a plain recurrent network?",
        [
            (
                "Because its road through the cell state is only multiplied by the forget gate.",
                "Where the gate is near 1 the correction passes undiminished; there is no matrix and no tanh on this road.",
                True,
            ),
            ("Because an LSTM has more weights.", "At equal numbers of weights the difference stays."),
            (
                "Because its gradients are clipped.",
                "Clipping only shortens; a vanished correction cannot be brought back.",
            ),
        ],
    ),
    Question(
        "An LSTM with Keras' first weights fails the memory test over 160 notes. What helps without a single new weight?",
        [
            ("More temperature.", "Temperature is about drawing; nothing is drawn here."),
            (
                "Forget gates that start near 1.",
                "At first they stand at 0.73, and 0.73 to the power of 160 is nothing. With larger biases something arrives that can be learnt from.",
                True,
            ),
            ("Nothing: an LSTM cannot do it.", "With gates that start open it learns the task completely."),
        ],
    ),
    Question(
        "Someone's GRU weights have a bias of shape (3 × units,), yours (2, 3 × units). Can you load them?",
        [
            (
                "Yes, after padding with zeros.",
                "The shapes would fit, and the network would play nonsense: the reset gate acts elsewhere.",
            ),
            (
                "Not into this GRU: theirs resets before the product, yours after it.",
                "They are two different networks. Keras makes the other kind with reset_after=False.",
                True,
            ),
            ("Yes: a GRU is a GRU.", "There are two, and papers even exchange z and 1 - z. Look before you copy."),
        ],
    ),
    Question(
        "Bach's own chorales have a few parallel fifths by our count. What is the right goal for the network?",
        [
            (
                "None at all.",
                "Then it would have to avoid what Bach allows himself: passing notes, and the seam between two lines.",
            ),
            ("About Bach's own rate.", "The real music is the yardstick, for this as for every other measure.", True),
            (
                "The more the better: they make it new.",
                "Novelty that sounds like a mistake is no gain; measure it against real music.",
            ),
        ],
    ),
    Question(
        "88 independent sigmoids say: G with probability one half, A with one half. What do they say about G and A together?",
        [
            (
                "One quarter, whether the music ever has them together or not.",
                "Independent means: multiply. That is why such models produce clashes that occur nowhere in the data.",
                True,
            ),
            (
                "Nothing: the chord is then left out.",
                "Each key is tossed for by itself; nobody looks at the chord as a whole.",
            ),
            (
                "Zero, because they were never heard together.",
                "To know that, one key would have to be told from the other: spelling does it.",
            ),
        ],
    ),
]
