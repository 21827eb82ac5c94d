"""The questions at the end of lesson 08, cnn_rnn."""

from __future__ import annotations

from musegen_edu.widgets.quiz import Question

QUESTIONS = [
    Question(
        "A convolution gives maps of shape (batch, frames, bands, channels). What does the recurrent layer after it want?",
        [
            (
                "(batch, frames, bands × channels)",
                "Time stays an axis of its own; what was seen at a moment is laid side by side.",
                True,
            ),
            (
                "(batch, frames × bands, channels)",
                "It has three axes and runs, but time has become a mixture of time and pitch: the bands of one moment would follow one another.",
            ),
            (
                "(batch, frames × bands × channels)",
                "That is Flatten. Time has gone, and an LSTM refuses it: expected ndim=3, found ndim=2.",
            ),
        ],
    ),
    Question(
        "Why does the tagger pool over frequency and not over time?",
        [
            (
                "Because pooling over time would be slower.",
                "It would be faster: fewer frames for the recurrent layer. But each answer would stand for a longer stretch.",
            ),
            (
                "Because it has to answer for every frame.",
                "One tag a frame and instrument: whoever pools time away has to bring it back afterwards.",
                True,
            ),
            (
                "Because frequency does not matter for the instrument.",
                "It matters a great deal: overtones lie there. Pooling keeps the strongest answer in a few neighbouring bands.",
            ),
        ],
    ),
    Question(
        "Why one sigmoid for each instrument, and no softmax over all of them?",
        [
            (
                "Because several may play at once, or none.",
                "Softmax shares out 100 %: two instruments that surely play would get one half each, and in silence somebody would have to play.",
                True,
            ),
            (
                "Because sigmoids learn faster.",
                "What counts is what the numbers mean: here each is a question of its own, yes or no.",
            ),
            (
                "Because softmax needs integers.",
                "The labels could be written either way; the question is whether they exclude each other.",
            ),
        ],
    ),
    Question(
        "A tagger is excellent in the notebook and useless on a recording that is 20 dB softer. What is the likeliest cause?",
        [
            (
                "It has too few parameters.",
                "The same network hears the same mixture well at the old loudness.",
            ),
            (
                "It was trained at one loudness and takes loudness for a sign.",
                "The mean and spread of the training sounds are built in; a softer sound lies outside of what it knows. Vary the loudness in training.",
                True,
            ),
            (
                "The recording should be scaled by its own mean and spread.",
                "That helps a little and breaks something else: a mixture with long rests would be stretched differently from a full one.",
            ),
        ],
    ),
    Question(
        "CNN only, RNN only and both were compared. What makes the comparison fair?",
        [
            (
                "As many layers in each.",
                "Layers are not alike: a recurrent layer may have fifty times the parameters of a convolution.",
            ),
            (
                "Equal parameters, data and training, and test pieces that nobody has trained on.",
                "And then still several seeds: a lead smaller than the difference between two seeds is no lead.",
                True,
            ),
            (
                "The same learning rate.",
                "It helps, but a small network beside a large one would still be an unfair race.",
            ),
        ],
    ),
    Question(
        "'Last bar again' copies bar 3 into bar 4, and the scorecard calls its groove excellent. What does that show?",
        [
            (
                "That repetition is the best music.",
                "It would be, if the groove were all there is. Look at the other columns, and listen for eight bars.",
            ),
            (
                "That one number can be won by a trick; the simple means belong on every scorecard.",
                "Whoever only wants to keep the beat repeats. A network has to be near to real music in *all* columns.",
                True,
            ),
            (
                "That the measure is wrong.",
                "It measures what it says: how alike the rhythms of the bars are. It was never meant to stand alone.",
            ),
        ],
    ),
]
