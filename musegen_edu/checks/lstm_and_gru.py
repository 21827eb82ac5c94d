"""Instant feedback for the exercises of lesson 06, lstm_and_gru."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.lstm_quiz import QUESTIONS
from musegen_edu.checks.tunes import first_difference
from musegen_edu.keys import parse_key, pitch_to_name
from musegen_edu.metrics import voice_leading
from musegen_edu.score import Score

Array = npt.NDArray[np.float64]
BACH_PARALLELS = 0.23  # fifths and octaves for each hundred chord changes in the training chorales, by `voice_leading`


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _gru(x: Array, h: Array, w: Array, u: Array, b: Array, *, slip: str = "") -> Array:
    """A step of the GRU whose reset gate comes before the product; or with one of the usual slips."""
    units = h.shape[1]
    z, r = (_sigmoid(x @ w[:, s] + h @ u[:, s] + b[s]) for s in (slice(0, units), slice(units, 2 * units)))
    if slip == "order":
        z, r = r, z
    g = slice(2 * units, None)
    old = r * (h @ u[:, g]) if slip == "after" else (h if slip == "no reset" else r * h) @ u[:, g]
    idea = np.tanh(x @ w[:, g] + old + b[g])
    return (1 - z) * h + z * idea if slip == "exchanged" else z * h + (1 - z) * idea


_GRU_SLIPS = {
    "after": "That is Keras' own GRU: the reset gate comes after the product. Here h goes through the gate first: (r * h) @ U_g.",
    "exchanged": "Old and new are exchanged: z keeps the old, so the new h is z * h + (1 - z) * g.",
    "no reset": "The reset gate is computed but not used. The old h goes through it before U_g: (r * h) @ U_g.",
    "order": "z and r are exchanged: Keras' order in W, U and b is z, r, g.",
}


@check(
    lesson="06",
    exercise="gru",
    title="The other GRU",
    hints=(
        "Split W and U into three parts of equal width with np.split(W, 3, axis=1), and b with np.split(b, 3). The order is z, r, g.",
        "g = np.tanh(x @ W_g + (r * h) @ U_g + b_g), and the result is z * h + (1 - z) * g.",
    ),
)
def check_gru(function: object) -> str:
    """Check `gru_before_step(x, h, W, U, b)` on random numbers, a shut update gate and an open one."""
    rng = np.random.default_rng(4)
    for n_in, units, batch in ((5, 4, 3), (2, 6, 1)):
        x, h = rng.normal(size=(batch, n_in)), rng.normal(size=(batch, units))
        w, u = rng.normal(size=(n_in, 3 * units)), rng.normal(size=(units, 3 * units))
        b = rng.normal(size=3 * units)
        answer = call(function, x.copy(), h.copy(), w.copy(), u.copy(), b.copy())
        if answer is None or answer is ...:
            raise Failure("gru_before_step returns nothing yet. Return the new h.")
        if isinstance(answer, tuple):
            raise Failure("Return the new h itself, not a tuple: (h,) is a tuple with one array in it.")
        found, right = np.asarray(answer, float), _gru(x, h, w, u, b)
        if found.shape != right.shape:
            raise Failure(f"The new h has shape {found.shape}; like the old one it should be {right.shape}.")
        if not np.allclose(found, right, atol=1e-6):
            for slip, message in _GRU_SLIPS.items():
                if np.allclose(found, _gru(x, h, w, u, b, slip=slip), atol=1e-6):
                    raise Failure(message)
            raise Failure(f"The new h is off by up to {np.abs(found - right).max():.2g}.")
        keep = b.copy()
        keep[:units] = 50.0  # an update gate that is open for the old
        if not np.allclose(np.asarray(call(function, x, h, 0 * w, 0 * u, keep)), h, atol=1e-6):
            raise Failure("With z = 1 the old h should come out unchanged.")
    return "Agrees with the paper's equations; and with z = 1 the memory stays exactly as it was."


# upper voice, lower voice, parallel fifths, what is special
_FIFTHS: tuple[tuple[list[int], list[int], int, str], ...] = (
    ([67, 69], [60, 62], 1, "C–G to D–A, both up"),
    ([69, 67], [62, 60], 1, "D–A to C–G, both down"),
    ([79, 81], [60, 62], 1, "two twelfths (a fifth and an octave)"),
    ([67, 81], [60, 62], 1, "a fifth, then a twelfth, both up"),
    ([67, 67, 67], [60, 60, 60], 0, "a fifth that stays: nobody moves"),
    ([67, 67], [60, 48], 0, "only the lower voice moves"),
    ([67, 62], [60, 67], 0, "from a fifth to a fourth, with the voices crossed"),
    ([72, 74], [60, 62], 0, "two octaves"),
    ([64, 65], [60, 62], 0, "a third, then a third"),
    ([74, 67], [55, 60], 0, "a twelfth and a fifth in contrary motion"),
    ([67, 69, 71, 72], [60, 62, 64, 60], 2, "three fifths in a row, then an octave"),
    ([], [], 0, "no notes at all"),
)


@check(
    lesson="06",
    exercise="fifths",
    title="Hear the parallels",
    hints=(
        "Start from parallel_octaves. Only the two remainders change: an octave leaves 0 when you divide by 12; what does a fifth leave?",
        "both = (upper[i] - lower[i]) % 12 == 7 and (upper[i - 1] - lower[i - 1]) % 12 == 7; the rest stays, also the product of the moves.",
    ),
)
def check_fifths(function: object) -> str:
    """Check `parallel_fifths(upper, lower)` on a dozen small cases that a teacher of harmony would choose."""
    for upper, lower, right, what in _FIFTHS:
        answer = call(function, list(upper), list(lower))
        if answer is None or answer is ...:
            raise Failure("parallel_fifths returns nothing yet. Return the count.")
        if isinstance(answer, bool) or not isinstance(answer, (int, np.integer)):
            raise Failure(f"parallel_fifths should return a whole number, but it is {answer!r}.")
        if answer != right:
            raise Failure(f"{_pair(upper, lower)} ({what}): you count {answer}, but there are {right}.")
    return f"Right in all {len(_FIFTHS)} cases: fifths and twelfths, up and down, and not those that stay."


def _pair(upper: list[int], lower: list[int]) -> str:
    chords = [f"{pitch_to_name(low)}–{pitch_to_name(high)}" for high, low in zip(upper, lower, strict=True)]
    return " to ".join(chords) or "Two voices without notes"


@check(
    lesson="06",
    exercise="setting",
    title="Your melody in four voices",
    hints=(
        "harmonise(my_soprano, seed=0) keeps your melody on top. Try several seeds, and candidates=16.",
        "The bass finds the tonic at the end more easily when the melody ends on a note of the tonic chord, and lasts two quarters.",
    ),
)
def check_setting(my_soprano: object, my_setting: object, my_sentence: object) -> str:
    """Check an own setting: the melody on top, four voices in range, few crossings and parallels, home at the end."""
    for name, score in (("my_soprano", my_soprano), ("my_setting", my_setting)):
        if score is ...:
            raise Failure(f"{name} is still three dots: put a Score there.")
    if not isinstance(my_soprano, Score) or not isinstance(my_setting, Score):
        raise Failure("my_soprano and my_setting should be Scores: letters_to_score(...) and harmonise(...) make them.")
    if len(my_soprano) < 8:
        raise Failure(f"my_soprano has {len(my_soprano)} notes; at least eight are wanted.")
    if my_setting.n_parts != 4:
        raise Failure(f"my_setting has {my_setting.n_parts} parts; four voices are wanted: soprano, alto, tenor, bass.")
    number = first_difference(my_setting.part(0), my_soprano)
    if number is not None or len(my_setting.part(0)) != len(my_soprano):
        where = f"note {number} is another" if number else "there are more notes"
        raise Failure(f"The top voice of my_setting is not your melody: {where}. Give my_soprano to harmonise.")
    counts = voice_leading(my_setting)
    if counts.out_of_range:
        raise Failure(f"{counts.out_of_range} of {counts.notes} notes lie where their voice cannot sing. Another seed?")
    if counts.crossed_share > 0.1:
        raise Failure(f"Voices cross in {counts.crossed_bars} of {counts.bars} bars; one in ten is allowed.")
    allowed = max(1, round(2 * BACH_PARALLELS * counts.chord_changes / 100))
    parallels = counts.parallel_fifths + counts.parallel_octaves
    if parallels > allowed:
        raise Failure(
            f"{parallels} parallel fifths or octaves in {counts.chord_changes} chord changes; twice Bach's rate would be {allowed}. "
            "Another seed, or more candidates?"
        )
    key = my_setting.key or "C major"
    last = int(my_setting.part(3).notes["pitch"][-1])
    if last % 12 != parse_key(key)[0]:
        raise Failure(f"The bass ends on {pitch_to_name(last, key)}, not on the tonic of {key}.")
    sentence = my_sentence if isinstance(my_sentence, str) else ""
    if len(sentence.split()) < 8:
        raise Failure(
            "The setting passes. Now the sentence (at least eight words): where would you have chosen another chord?"
        )
    return f"Four voices in {key}: {parallels} parallels in {counts.chord_changes} chord changes, {counts.crossed_bars} bars with crossed voices, home at the end."


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 06."""
    return quiz("06", "recap", QUESTIONS)
