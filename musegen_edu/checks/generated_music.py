"""Instant feedback for the exercises of lesson 01, what_is_generated_music."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.tunes import longest_copied_run
from musegen_edu.keys import name_to_pitch
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.widgets.quiz import Question

Note = tuple[int, int]  # pitch, ticks until the next note
_SCALE = [(pitch, 12) for pitch in (60, 62, 64, 65, 67, 69, 71, 72)]  # C major upwards, in eighths
_ARPEGGIO = [(pitch, 24) for pitch in (60, 64, 67, 72, 67, 64, 60)]  # C major chord up and down, in quarters
_TRAINING = [_SCALE, _ARPEGGIO]


@check(
    lesson="01",
    exercise="copied",
    title="Count the copies",
    hints=(
        "A tune of 5 notes has 3 runs of 3 notes: they start at notes 0, 1 and 2. In general they start at range(len(tune) - n + 1).",
        "known = {tuple(old[i : i + n]) for old in training for i in range(len(old) - n + 1)}; then count how many runs of the tune are in known, "
        "and divide by how many runs the tune has.",
    ),
)
def check_share_copied(function: object) -> str:
    """Check `share_copied(tune, training, n)` on tunes whose share can be counted on the fingers."""
    cases = [
        ("five notes of the scale, then three strange ones", [*_SCALE[:5], (61, 6), (63, 6), (66, 6)], 3),
        ("a tune of notes that nobody has heard before", [(61, 6), (63, 6), (66, 6), (68, 6)], 3),
        ("a training tune, compared with the training tunes", _SCALE, 3),
        ("three notes of the scale, played four times, then a strange one", [*_SCALE[:3] * 4, (61, 6)], 3),
        ("the end of one training tune, then the start of the next", _SCALE[-2:] + _ARPEGGIO[:2], 3),
        ("the scale in quarter notes: same pitches, other rhythm", [(pitch, 24) for pitch, _ in _SCALE], 2),
        ("a tune shorter than the run", _SCALE[:2], 3),
    ]
    for what, tune, n in cases:
        answer = call(function, list(tune), [list(old) for old in _TRAINING], n)
        if answer is None or answer is ...:
            raise Failure("share_copied returns nothing yet. End it with return and a number from 0.0 to 1.0.")
        if isinstance(answer, bool) or not hasattr(answer, "__float__"):
            raise Failure(f"share_copied returns {answer!r}; it should return a number from 0.0 to 1.0.")
        right = _share_copied(tune, _TRAINING, n)
        if abs(float(answer) - right) > 1e-6:
            raise Failure(
                f"For {what}, with n={n}, it returns {float(answer):.3g}; it should be {right:.3g}. {_diagnose(float(answer), right, tune, n)}"
            )
    return "Right for a full copy, for no copy, for half a copy, for repeats and for the border between two tunes."


def _share_copied(tune: Sequence[Note], training: Sequence[Sequence[Note]], n: int) -> float:
    known = {tuple(old[i : i + n]) for old in training for i in range(len(old) - n + 1)}
    runs = [tuple(tune[i : i + n]) for i in range(len(tune) - n + 1)]
    return sum(run in known for run in runs) / len(runs) if runs else 0.0


def _diagnose(answer: float, right: float, tune: Sequence[Note], n: int) -> str:
    """Name the usual slip that leads to a wrong share, or nothing."""
    runs = [tuple(tune[i : i + n]) for i in range(len(tune) - n + 1)]
    known = {tuple(old[i : i + n]) for old in _TRAINING for i in range(len(old) - n + 1)}
    joined = _SCALE + _ARPEGGIO
    known_across = {tuple(joined[i : i + n]) for i in range(len(joined) - n + 1)}

    def close(share: float) -> bool:
        return abs(answer - share) < 1e-6

    if right and close(100 * right):
        return "That is per cent; a share goes from 0.0 to 1.0."
    if runs and close(sum(run in known_across for run in runs) / len(runs)):
        return "A run must not start in one training tune and end in the next: cut each tune on its own."
    if answer and close(1 - right):
        return "That is the share of NEW runs: the other way round."
    if close(sum(run in known for run in runs)):
        return "That is how many runs are copied. Divide by how many runs the tune has."
    if runs and close(sum(run in known for run in runs) / len(tune)):
        return "You divided by the number of notes. Divide by the number of runs."
    if runs and close(sum(run in known for run in set(runs)) / len(set(runs))):
        return "A run that comes four times counts four times: keep the tune's runs in a list, not in a set."
    if len(runs) > 1 and close(sum(run in known for run in runs[:-1]) / (len(runs) - 1)):
        return "The last run is missing. Where does it start?"
    return ""


@check(
    lesson="01",
    exercise="column",
    title="Write your own bars",
    hints=(
        'Start from a bar that works, such as "C5 E5 G5", and change one thing at a time. Three words are three beats.',
        '"E5-F5 G5 ~" is two eighths and a half note. Each bar may begin on any C, E or G.',
    ),
)
def check_column(my_bars: object) -> str:
    """Check six bars of 3/4 over C major, written in the lesson's shorthand."""
    if my_bars is ...:
        raise Failure("my_bars is still three dots: replace them with a list of six bars, each in quotes.")
    if isinstance(my_bars, str) or not isinstance(my_bars, (list, tuple)):
        raise Failure(f"my_bars should be a list of six bars, but it is {type(my_bars).__name__}.")
    if len(my_bars) != 6:
        raise Failure(f"A die has six faces; your column has {len(my_bars)} bar{'' if len(my_bars) == 1 else 's'}.")
    for number, bar in enumerate(my_bars, start=1):
        _check_bar(number, bar)
    if len(set(my_bars)) < 6:
        raise Failure("Two of your bars are the same. Six faces, six bars.")
    return "Six bars that fill three beats each and begin on the chord. Now roll, and hear whether the wild one works."


def _check_bar(number: int, bar: object) -> None:
    if not isinstance(bar, str):
        raise Failure(f'Bar {number} is {bar!r}; write it as text in quotes, such as "C5 E5 G5".')
    beats = bar.split()
    if len(beats) != 3:
        raise Failure(
            f"Bar {number}, {bar!r}, has {len(beats)} beat{'' if len(beats) == 1 else 's'}; 3/4 needs three. One word is one beat, ~ holds one beat more."
        )
    if beats[0] == "~":
        raise Failure(f"Bar {number} starts with ~, but there is no note before it to hold.")
    for beat in beats:
        for name in beat.split("-"):
            if beat == "~":
                continue
            try:
                pitch = name_to_pitch(name)
            except ValueError:
                raise Failure(
                    f'Bar {number}: "{name}" is not a note. Write a letter, perhaps # or b, and the octave: C5, F#4, Bb5.'
                ) from None
            if not 52 <= pitch <= 91:
                raise Failure(f"Bar {number}: {name} is far from the rest of the melody. Stay between E3 and G6.")
        if TICKS_PER_QUARTER % len(beat.split("-")):
            raise Failure(
                f"Bar {number}: {beat!r} splits a beat into {len(beat.split('-'))} notes; 24 ticks can be split into 2, 3, 4, 6 or 8."
            )
    first = beats[0].split("-")[0]
    if name_to_pitch(first) % 12 not in (0, 4, 7):
        raise Failure(
            f"Bar {number} begins on {first}, which rubs against the C major chord in the left hand. Begin on C, E or G; go where you like after that."
        )


@check(
    lesson="01",
    exercise="honest",
    title="An honest reel",
    hints=(
        "Try many seeds in a loop, and keep the first tune whose longest_copied_run is small enough.",
        "phrase_a + phrase_b + phrase_a + phrase_b gives 16 bars with a form; slice_bars(1, 4) cuts a phrase.",
    ),
)
def check_honest_tune(my_tune: object, my_sentence: object, training: Sequence[Score]) -> str:
    """Check an own tune: 8 to 32 bars, at most 12 notes copied in a row, and a sentence that names the step that was changed."""
    if my_tune is ...:
        raise Failure("my_tune is still three dots: put a Score there.")
    if not isinstance(my_tune, Score):
        raise Failure(
            f"my_tune should be a Score, but it is {type(my_tune).__name__}. to_score(notes, title=...) makes one from a list of notes."
        )
    if not 8 <= my_tune.n_bars <= 33:
        raise Failure(f"Your tune has {my_tune.n_bars} bar{'' if my_tune.n_bars == 1 else 's'}; 8 to 32 are wanted.")
    run = longest_copied_run(my_tune, training)
    if run > 12:
        raise Failure(
            f"{run} notes in a row stand in one of the training tunes; at most 12 are allowed. Another seed, a lower order, or a cut?"
        )
    sentence = my_sentence if isinstance(my_sentence, str) else ""
    if len(sentence.split()) < 8:
        raise Failure(
            f"The tune is honest: at most {run} notes in a row are copied. Now the sentence (at least eight words): which step did you change, and what did it do?"
        )
    steps = ("collect", "prepar", "train", "generat", "judg")
    if not any(step in sentence.lower() for step in steps):
        raise Failure("Your sentence does not name one of the five steps: collect, prepare, train, generate, judge.")
    return f"{my_tune.n_bars} bars, {len(my_tune)} notes, at most {run} of them in a row copied. That is a tune you may sign."


QUESTIONS = [
    Question(
        "In a dice game, where does the musical knowledge sit?",
        [
            ("In the dice.", "The dice choose blindly. Any fair way of choosing would do as well."),
            (
                "In the table of bars.",
                "A person wrote every bar so that it fits its column. That is why every roll sounds right.",
                True,
            ),
            (
                "In the player, who picks the best rolls.",
                "The player need not know anything about music; that was what the games were sold for.",
            ),
        ],
    ),
    Question(
        "A Markov chain says p(E | D) = 0.4. What does that mean?",
        [
            (
                "Four of ten notes are E.",
                "That would be p(E), without a condition. The bar | says: look only at the moments after a D.",
            ),
            (
                "Four of ten times that D was followed by something, it was E.",
                "Read the bar as 'given': given that the last note was D, the next is E with probability 0.4.",
                True,
            ),
            (
                "Four of ten times that E occurs, D comes before it.",
                "That is the other direction, p(the note before was D | this note is E). The two are usually different numbers.",
            ),
        ],
    ),
    Question(
        "A chain of order 8, trained on a few hundred reels, writes reels that sound perfect. What is the most likely reason?",
        [
            (
                "It has learnt what makes a reel a reel.",
                "It only knows which note followed which eight. Check the longest copied run before you praise it.",
            ),
            (
                "It plays long stretches of the training tunes note for note.",
                "Most runs of eight notes occur once. After them the chain has a single choice: what the old tune did.",
                True,
            ),
            (
                "Eight notes are enough to plan a whole tune.",
                "Eight eighth notes are one bar of a reel. A plan spans eight bars and more.",
            ),
        ],
    ),
    Question(
        "The row of a note has an entropy of 0 bits. What happens when the chain reaches this note?",
        [
            (
                "It stops.",
                "It stops only where END is drawn. An entropy of 0 says that one follower has probability 1.",
            ),
            (
                "Every note is equally likely to come next.",
                "That is the other extreme: the entropy would be as large as it can be.",
            ),
            ("The next note is certain.", "No question is needed to find out the next note: there is only one.", True),
        ],
    ),
    Question(
        "12 % of the 8-note runs of a new tune stand in the training tunes. Has the machine copied too much?",
        [
            (
                "Yes: every copied run is a theft.",
                "By this rule nearly every real tune is a thief as well: scales and endings belong to everybody.",
            ),
            (
                "No: below 50 % is fine.",
                "There is no such limit. A single copied chorus can be a small share of a long piece.",
            ),
            (
                "It depends: compare with what real tunes share with each other.",
                "Measure real tunes that are not in the training set in the same way. That is the grey line of the figure.",
                True,
            ),
        ],
    ),
    Question(
        "Which order is right, oldest first?",
        [
            (
                "Illiac Suite, LSTM, WaveNet, Jukebox",
                "1957, 1997, 2016, 2020: rules and chains, then a memory cell, then sound sample by sample, then songs.",
                True,
            ),
            (
                "LSTM, Illiac Suite, Jukebox, WaveNet",
                "The Illiac Suite (1957) is forty years older than the LSTM (1997).",
            ),
            (
                "Illiac Suite, WaveNet, LSTM, Jukebox",
                "The LSTM was published in 1997; WaveNet (2016) came almost twenty years later.",
            ),
        ],
    ),
]


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 01."""
    return quiz("01", "recap", QUESTIONS)
