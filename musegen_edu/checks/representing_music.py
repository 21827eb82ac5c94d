"""Instant feedback for the exercises of lesson 02, representing_music."""

from __future__ import annotations

from typing import Any

import numpy as np

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.keys import pitch_to_name
from musegen_edu.midi import score_to_midi
from musegen_edu.pianoroll import ONSET, SOUNDING, score_to_pianoroll
from musegen_edu.score import Score
from musegen_edu.widgets.quiz import Question

_ROLLS = {  # title -> (step, length, pitch); a sixteenth a step
    "a tune with a repeated note": [(0, 2, 67), (2, 2, 67), (4, 1, 71), (5, 3, 74)],
    "a tune with a rest": [(0, 1, 62), (3, 2, 64), (6, 2, 62)],
    "two voices": [(0, 4, 48), (0, 2, 64), (2, 2, 65), (4, 4, 48), (4, 4, 67)],
    "the tune of the lesson": [(0, 1, 62), (1, 3, 62), (4, 2, 62), (6, 2, 71), (8, 3, 69), (11, 1, 67), (12, 2, 69), (14, 2, 71)],
    "one note": [(0, 1, 60)],
    "an empty roll": [],
}  # fmt: skip


@check(
    lesson="02",
    exercise="roll",
    title="Read a roll",
    hints=(
        "Each 1 in the onset layer is one note: `for step, pitch in zip(*np.nonzero(onset))`. What is left is to find where it stops.",
        "Begin with stop = step + 1. As long as stop < len(sounding), the key is down (sounding[stop, pitch]) and nothing begins (not onset[stop, pitch]), add 1 to stop. The length is stop - step.",
    ),
)
def check_roll_to_notes(function: object) -> str:
    """Check `roll_to_notes(sounding, onset)` on small rolls with repeated notes, rests, chords and a note at the very end."""
    for title, notes in _ROLLS.items():
        score = Score.from_notes([(6 * step, 6 * length, pitch) for step, length, pitch in notes])
        roll = score_to_pianoroll(score)[0]  # (steps, 128, 2)
        answer = call(function, roll[..., SOUNDING].copy(), roll[..., ONSET].copy())
        _compare_notes(answer, notes, title)
    return (
        f"{len(_ROLLS)} rolls read back: repeated notes stay apart, chords stay together, and the last note is there."
    )


def _compare_notes(answer: Any, wanted: list[tuple[int, int, int]], title: str) -> None:
    if answer is None or answer is ... or (wanted and len(answer) == 0):
        raise Failure("roll_to_notes finds no notes yet. It should return a list of (step, length, pitch).")
    if any(len(note) != 3 for note in answer):
        raise Failure("Each note should have three numbers: (step, length, pitch).")
    found = sorted(tuple(int(value) for value in note) for note in answer)
    wanted = sorted(wanted)
    if found == wanted:
        return
    missing = [note for note in wanted if (note[0], note[2]) not in {(step, pitch) for step, _, pitch in found}]
    strange = [note for note in found if (note[0], note[2]) not in {(step, pitch) for step, _, pitch in wanted}]
    end = max((step + length for step, length, _ in wanted), default=0)
    if strange:
        step, _, pitch = strange[0]
        raise Failure(
            f"In {title}, you have {_plural(len(found), 'note')} where {len(wanted)} were struck. At step {step} no {pitch_to_name(pitch)} begins: "
            "a note begins where the onset layer holds a 1, and nowhere else."
        )
    if missing and len(missing) == 1 and sum(missing[0][:2]) == end and len(wanted) > 1:
        raise Failure(
            f"In {title}, the last note, {pitch_to_name(missing[0][2])} at step {missing[0][0]}, has vanished. It ends where the roll ends."
        )
    if missing:
        step, _, pitch = missing[0]
        raise Failure(
            f"In {title}, {_plural(len(missing), 'note')} of {len(wanted)} cannot be found; the first is {pitch_to_name(pitch)} at step {step}. "
            "Are repeated notes running together?"
        )
    for note, right in zip(found, wanted, strict=True):
        if note != right:
            step, length, pitch = note
            late = any(p == pitch and step < s < step + length for s, _, p in wanted)
            why = " It runs on into the next note of the same pitch." if late else ""
            raise Failure(
                f"In {title}, {pitch_to_name(pitch)} at step {step} lasts {_plural(right[1], 'step')}; yours lasts {length}.{why}"
            )


@check(
    lesson="02",
    exercise="alias",
    title="Under a false name",
    hints=(
        "Frequencies that differ by a whole multiple of the sample rate have the same samples. Which multiple is nearest to `frequency`?",
        "The formula of section 3: abs(frequency - rate * round(frequency / rate)).",
    ),
)
def check_heard_as(function: object) -> str:
    """Check `heard_as(frequency, rate)` below and above the Nyquist frequency, and above the sample rate."""
    cases = [(440, 8000), (3999, 8000), (5000, 8000), (7000, 8000), (9000, 8000), (15_000, 8000), (21_000, 8000),
             (8000, 8000), (0, 44_100), (12_345.5, 22_050), (52_800, 22_050)]  # fmt: skip
    for frequency, rate in cases:
        answer = call(function, frequency, rate)
        if answer is None or answer is ...:
            raise Failure("heard_as returns nothing yet. End it with return and a frequency in Hz.")
        heard = float(answer)
        right = _alias(frequency, rate)
        if abs(heard - right) <= 1e-6:
            continue
        where = f"A tone of {frequency:,g} Hz, sampled {rate:,} times a second, is heard at {right:,g} Hz; you say {heard:,g}."
        if heard < 0:
            why = " A frequency below 0 sounds like the same one above 0."
        elif frequency < rate / 2:
            why = " It is below the Nyquist frequency, so nothing happens to it."
        elif heard > rate / 2:
            why = f" Nothing above {rate / 2:,g} Hz, the Nyquist frequency, can come out."
        elif frequency > rate:
            why = " Above the sample rate the game begins again: count from the nearest multiple of it."
        else:
            why = ""
        raise Failure(where + why)
    return "Right below Nyquist, above it, and above the sample rate: 15,000 Hz at 8,000 samples a second is heard at 1,000 Hz."


def _alias(frequency: float, rate: int) -> float:
    """Return the frequency whose cosine has the samples of a cosine of `frequency`: its distance to the multiples of `rate`."""
    rest = float(np.fmod(frequency, rate))
    return min(rest, rate - rest)


@check(
    lesson="02",
    exercise="beat",
    title="A grid for each beat",
    hints=(
        "Compute both versions first: one with 6, one with 8. Then add up how far each has moved the onsets: sum(abs(new - old) ...).",
        "sixteenths = [6 * round(o / 6) for o in onsets]; triplets the same with 8; moved = lambda new: sum(abs(a - b) for a, b in zip(new, onsets)). Return triplets if moved(triplets) < moved(sixteenths), else sixteenths.",
    ),
)
def check_quantize_beat(function: object) -> str:
    """Check `quantize_beat(onsets)` on beats of sixteenths, of triplets, and on crooked ones."""
    beats = [  # what was played, what was meant, its name
        ([0, 6, 12, 18], [0, 6, 12, 18], "four sixteenths, exactly"),
        ([0, 8, 16], [0, 8, 16], "a triplet, exactly"),
        ([1, 8, 17], [0, 8, 16], "a triplet, a little crooked"),
        ([1, 7, 11, 19], [0, 6, 12, 18], "four sixteenths, a little crooked"),
        ([0, 7], [0, 6], "a Scotch snap; both grids need 1 tick, so sixteenths"),
        ([1, 16], [0, 16], "swing"),
        ([0, 19], [0, 18], "a dotted eighth and a sixteenth"),
        ([13], [12], "an off-beat"),
        ([], [], "an empty beat"),
    ]
    for played, meant, name in beats:
        answer = call(function, list(played))
        if answer is None or answer is ...:
            raise Failure("quantize_beat returns nothing yet. It should return a list of ticks, one for each onset.")
        found = [round(float(tick), 6) for tick in answer]
        if len(found) != len(played):
            raise Failure(
                f"quantize_beat({played}) returns {_plural(len(found), 'onset')}; {len(played)} went in. No note may be lost."
            )
        if found == meant:
            continue
        off = [tick for tick in found if tick % 6 and tick % 8]
        if off:
            raise Failure(f"quantize_beat({played}) has an onset at {off[0]:g}, which is on neither grid.")
        if meant == [8 * round(tick / 8) for tick in played] and found == [6 * round(tick / 6) for tick in played]:
            raise Failure(
                f"{played} is {name}: {meant}. You put it on sixteenths, {[int(tick) for tick in found]}, and the triplet limps."
            )
        if any(tick % 6 for tick in found) and any(tick % 8 for tick in found):
            raise Failure(
                f"{played} is {name}: {meant}. Yours, {[int(tick) for tick in found]}, mixes both grids in one beat; choose one for all its onsets."
            )
        raise Failure(f"{played} is {name}: {meant}. Yours is {[int(tick) for tick in found]}.")
    return f"{len(beats)} beats on the right grid: triplets swing, sixteenths march, and the snap is a snap."


@check(
    lesson="02",
    exercise="codec",
    title="The smallest tune",
    hints=(
        "Two bytes a note are a good start: pitch and duration. Rests need a name of their own, such as 128, and a length above 255 must be written in pieces.",
        "Collect numbers from 0 to 255 in a list, return zlib.compress(bytes(numbers), 9). On the way back list(zlib.decompress(data)) gives the numbers, and Score.from_notes takes rows (onset, duration, pitch).",
    ),
)
def check_codec(encode: object, decode: object, my_sentence: object) -> str:
    """Check a pair of functions, score to bytes and bytes to score, on twelve tunes; fewer bytes than MIDI are wanted."""
    from musegen_edu.datasets import load_dataset

    size, size_of_midi, bars = 0, 0, 0
    for tune in _tunes(load_dataset("folk").test):
        data = call(encode, tune)
        if data is None or data is ...:
            raise Failure("encode returns nothing yet. It gets a Score and should return bytes.")
        if not isinstance(data, (bytes, bytearray)):
            raise Failure(
                f"encode returns a {type(data).__name__}; bytes are wanted: bytes(numbers) makes them from numbers up to 255."
            )
        back = call(decode, bytes(data))
        if not isinstance(back, Score):
            raise Failure(f"decode returns a {type(back).__name__}; a Score is wanted.")
        _compare_tunes(tune, back)
        size, size_of_midi, bars = size + len(data), size_of_midi + len(score_to_midi(tune)), bars + tune.n_bars
    sizes = f"{size / bars:.1f} bytes a bar; MIDI needs {size_of_midi / bars:.1f}"
    if size >= size_of_midi:
        raise Failure(f"Every note comes back, but it takes {sizes}. Leave out what you do not need.")
    if not isinstance(my_sentence, str) or len(my_sentence.split()) < 8:
        raise Failure(
            f"Every note comes back, in {sizes}. Now the sentence (at least eight words): what is thrown away, and where would that be wrong?"
        )
    return f"Twelve tunes came back note for note, in {sizes}: {size / size_of_midi:.0%} of MIDI."


def _tunes(test: tuple[Score, ...]) -> list[Score]:
    """Return twelve tunes: ten of different kinds, one made to start with a rest, and one with a long note and a long rest."""
    chosen = list(test[::33][:10])
    onset = chosen[0].notes.copy()
    onset["onset"] += chosen[0].bar_ticks
    long = Score.from_melody([60, None, 64, 64, 0, 127], [600, 300, 24, 24, 16, 5], title="very long notes")
    return [*chosen, chosen[0].replace(notes=onset, title=f"{chosen[0].title}, after a bar of rest"), long]


def _compare_tunes(tune: Score, back: Score) -> None:
    if len(back) != len(tune):
        raise Failure(f"'{tune.title}' has {len(tune)} notes; {len(back)} come back.")
    for column, what in (("pitch", "pitch"), ("onset", "onset"), ("duration", "duration")):
        wrong = np.flatnonzero(back.notes[column] != tune.notes[column])
        if len(wrong):
            k = int(wrong[0])
            unit = "" if column == "pitch" else " ticks"
            raise Failure(
                f"In '{tune.title}', {_plural(len(wrong), what)} of {len(tune)} come back wrong; note {k + 1} has {tune.notes[column][k]}{unit} and comes back with {back.notes[column][k]}."
            )


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


QUESTIONS = [
    Question(
        "Two quarter notes of the same pitch follow each other. Which representation makes one half note of them?",
        [
            ("MIDI.", "A MIDI file has two \"key down\" events, whatever lies between them."),
            ("A piano roll that stores only which key is down.", "There is no gap between them, and nothing says that the key was struck again. A layer of onsets does.", True),
            ("Tokens, one a note.", "Two notes are two words."),
        ],
    ),
    Question(
        "Somebody's file says D flat; after `read_musicxml` and `write_musicxml` it says C sharp. Why?",
        [
            ("A bug in the writer.", "The writer chooses the usual name in the key. It cannot know the other one: the number 61 is all that came in."),
            ("A Score stores the key number, 61, which has no name.", "Both names are the same key of the piano. MIDI has the same gap. If the spelling matters, the in-between form must have a field for it.", True),
            ("MusicXML cannot write D flat.", "It can: `step` D, `alter` -1. The file format keeps the spelling; our Score does not."),
        ],
    ),
    Question(
        "Swing eighths (16 + 8 ticks) are put on a grid of sixteenths (6 ticks). What do you hear?",
        [
            ("Even eighths.", "That would be a grid of eighths: 16 is nearest to 12 there."),
            ("A dotted rhythm, 18 + 6.", "The second note begins at 16, and the nearest of 12 and 18 is 18. Jazz turns into a march.", True),
            ("Nothing changes.", "16 is no multiple of 6. A grid of 8 would leave it alone."),
        ],
    ),
    Question(
        "A tone of 13,000 Hz is sampled 20,000 times a second, without a filter. What comes out?",
        [
            ("Silence: it lies above the Nyquist frequency.", "Only if a filter took it out before. Once sampled, it is there under another name."),
            ("A tone of 7,000 Hz.", "20,000 - 13,000 = 7,000. Its samples are exactly those of a tone of 7,000 Hz; nobody can tell them apart any more.", True),
            ("A tone of 3,000 Hz.", "That is how far it lies above 10,000 Hz. The tone is reflected there: 10,000 - 3,000 = 7,000."),
        ],
    ),
    Question(
        "You go from 8 to 16 bits. What happens to the signal-to-noise ratio?",
        [
            ("It doubles, in dB.", "From 50 to 98 dB is nearly so, but by accident. Each bit *adds* the same amount."),
            ("It rises by about 48 dB.", "Each bit halves the step: a quarter of the noise power, 6.02 dB. Eight bits make 48.", True),
            ("It depends on the sample rate.", "For the total noise it does not. The rate decides which frequencies there are."),
        ],
    ),
    Question(
        "You want to see exactly when a drummer strikes, in a spectrogram. What do you change?",
        [
            ("A longer window.", "A longer window smears a stroke over its whole length. It would separate close *tones*."),
            ("A shorter window.", "It looks at a shorter time at once. The price: its frequencies are farther apart.", True),
            ("Only a shorter hop.", "More columns, but each is still blurred by the same window: more pictures from the same unsharp lens."),
        ],
    ),
    Question(
        "A style classifier gets one mean MFCC vector for each song. What can it *not* learn?",
        [
            ("Which instruments play.", "Timbre is just what MFCC describe, and it survives the mean."),
            ("How loud the recording is.", "That is coefficient 0, and its mean is the mean loudness."),
            ("The melody.", "The order of the frames does not change a mean: the tune, shuffled or backwards, has the same vector.", True),
        ],
    ),
]  # fmt: skip


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 02."""
    return quiz("02", "recap", QUESTIONS)
