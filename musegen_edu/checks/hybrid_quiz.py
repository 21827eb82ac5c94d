"""The questions at the end of lesson 11, hybrid_gans."""

from __future__ import annotations

from musegen_edu.widgets.quiz import Question

QUESTIONS = [
    Question(
        "Four generators, one a part, each with a seed of its own and nothing else. A judge hears all four together. What can they learn?",
        [
            (
                "To play well together: the judge punishes what does not fit.",
                "It does punish, but none of them can know what the others have drawn. What one plays cannot depend on another's dice.",
            ),
            (
                "To play their own parts well; what fits, fits by chance.",
                "Their notes are independent, so at best each part by itself is right. To agree they need a seed that all of them read.",
                True,
            ),
            ("Nothing at all.", "Each part's own style can be learnt; only the agreement between the parts cannot."),
        ],
    ),
    Question(
        "You freeze the shared seed and draw only the drummer's own seed anew. What should change?",
        [
            (
                "The drums alone",
                "Nobody else reads that seed, and nobody plays after the drums and could have heard them. What stays for the drums is the plan.",
                True,
            ),
            (
                "The harmony and the drums",
                "The harmony comes from the shared seed and the voices' own seeds; none of them has moved.",
            ),
            (
                "Everything, a little",
                "That would be one generator for all. Here each part has its own, and nobody else reads the drummer's seed.",
            ),
        ],
    ),
    Question(
        "A judge sees only when notes begin, not which. Its weight is raised from 1 to 4. What do you expect?",
        [
            ("Better harmony", "It cannot hear harmony; whatever it asks for, it is not that."),
            (
                "Rhythm nearer to real music, and perhaps harmony further away",
                "The players have only so much to give; with a weight you say which judge they should please first. Measure both.",
                True,
            ),
            (
                "Faster training in all respects",
                "Only the ratio of the weights counts: they are divided by their sum, so no step gets longer.",
            ),
        ],
    ),
    Question(
        "“Qualified notes” is 1.00 for our band, as for real music. Why is that no praise?",
        [
            (
                "On a grid of sixteenths no note can be shorter than a sixteenth: the measure cannot be missed.",
                "A measure that the representation fulfils by itself says nothing about the model. Ask for something longer there.",
                True,
            ),
            ("Because 1 is not the best value.", "It is the best value; but here nobody could have had another."),
            ("Because real music has 0.9.", "On our grid real music has 1.00 as well."),
        ],
    ),
    Question(
        "Two translators between two styles. The cycle loss is 0, and both judges are content. What is certain?",
        [
            (
                "That the translation has the same notes",
                "It may be upside down, or another tune altogether: as long as the way back undoes it, the cycle is content.",
            ),
            (
                "That no two tunes have the same translation",
                "From the translation the tune comes back, so nothing has been lost. Whether a listener recognises the tune is another question.",
                True,
            ),
            (
                "That a listener recognises the tune",
                "That is what one hopes for. It comes from the identity loss and from what small networks find easy, not from the cycle.",
            ),
        ],
    ),
    Question(
        "A VAE's sounds are blurred, a GAN's are sharp but cannot be steered to a given sound. What does the VAE-GAN change?",
        [
            (
                "It measures the error of the VAE in what the judge sees, instead of value by value.",
                "So a partial a little beside its place is nearly right, not wrong twice. Whether it is worth its cost is to be measured.",
                True,
            ),
            (
                "It trains a VAE first and a GAN on its sounds.",
                "That is possible, too, but not what is meant: encoder, decoder and judge are trained at once.",
            ),
            (
                "It leaves out the KL term.",
                "The codes still pay for what they say; else nothing could be drawn from the standard normal distribution.",
            ),
        ],
    ),
]
