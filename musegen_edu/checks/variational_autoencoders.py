"""Instant feedback for the exercises of lesson 09, variational_autoencoders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.vae_quiz import QUESTIONS
from musegen_edu.datasets import load_dataset
from musegen_edu.keys import estimate_key
from musegen_edu.metrics import note_density, pitch_range
from musegen_edu.pretrained import load_pretrained
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import BAR_TICKS, N_BARS, N_STEPS, STEP_TICKS, FourBarCodec

Array = npt.NDArray[np.float64]
N_JUDGED = 80  # held-out windows that a learner's vector is tried on
AMOUNTS = (-2, -1, 0, 1, 2)  # how many times the vector is added
DIP = 0.15  # share of the whole rise by which a step may fall back: at its ends a quality may be used up
FEWEST_STEPS = 5  # of a morph, the two ends included
_SILENT = -1


def _terms(
    logits: Array, bars: npt.NDArray[Any], mean: Array, log_variance: Array, *, slip: str = ""
) -> tuple[Array, Array]:
    """Distortion and rate of each bar in nats; or with one of the usual slips."""
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    told = np.take_along_axis(log_p, bars[..., None], axis=-1)[..., 0]  # (batch, steps)
    distortion = -told.mean(axis=1) if slip == "mean over steps" else -told.sum(axis=1)
    variance = np.exp(log_variance / 2) if slip == "deviation" else np.exp(log_variance)
    each = (mean**2 + variance - 1 - log_variance) / (1 if slip == "half" else 2)
    rate = each.mean(axis=1) if slip == "mean over numbers" else each.sum(axis=1)
    return distortion, -rate if slip == "sign" else rate


_SLIPS = {
    "sign": (1, "The rate has the wrong sign: it comes out below 0, and a code never costs less than nothing."),
    "deviation": (1, "exp(log_variance / 2) is the deviation; the formula wants the variance, exp(log_variance)."),
    "half": (1, "The rate is twice what it should be: the ½ in front of the sum is missing."),
    "mean over numbers": (1, "The rate is a mean over the numbers of the code. Each of them costs: add them up."),
    "mean over steps": (
        0,
        "The distortion is a mean over the eight steps. A bar costs what all its steps cost together, else the rate weighs eight times too much.",
    ),
}


@check(
    lesson="09",
    exercise="elbo",
    title="Repair a broken loss",
    hints=(
        "Three lines are wrong: one in the distortion, two in the rate. Try easy cases: what should mean = 0 and log_variance = 0 cost? And what should eight evenly tossed steps cost?",
        "distortion = -told.sum(axis=1); rate = (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2.",
    ),
)
def check_elbo(function: object) -> str:
    """Check `loss_terms(logits, bars, mean, log_variance)`: distortion and rate of each bar, first in cases that one knows by heart."""
    n_symbols = 47
    even, silent = np.zeros((2, 8, n_symbols)), np.full((2, 8), 1)
    nothing = np.zeros((2, 3))
    distortion, rate = _pair(call(function, even, silent, nothing, nothing), 2)
    if not np.allclose(rate, 0, atol=1e-9):
        raise Failure(
            f"With mean 0 and log variance 0 the code says nothing and should cost nothing; your rate is {rate[0]:.3g} nats."
        )
    if not np.allclose(distortion, 8 * np.log(n_symbols), atol=1e-6):
        raise Failure(
            f"A decoder that tosses evenly among {n_symbols} symbols, eight times, pays 8 ln {n_symbols} = {8 * np.log(n_symbols):.2f} nats "
            f"a bar; your distortion is {distortion[0]:.2f}."
        )
    rng = np.random.default_rng(6)
    for batch, latent in ((5, 2), (3, 16)):
        logits, bars = rng.normal(size=(batch, 8, n_symbols)), rng.integers(1, n_symbols, (batch, 8))
        mean, log_variance = rng.normal(size=(batch, latent)), rng.normal(size=(batch, latent))
        found = _pair(call(function, logits.copy(), bars.copy(), mean.copy(), log_variance.copy()), batch)
        right = _terms(logits, bars, mean, log_variance)
        for which, name in enumerate(("distortion", "rate")):
            if np.allclose(found[which], right[which], atol=1e-6):
                continue
            for slip, (term, message) in _SLIPS.items():
                if term == which and np.allclose(
                    found[which], _terms(logits, bars, mean, log_variance, slip=slip)[which], atol=1e-6
                ):
                    raise Failure(message)
            if name == "rate" and (found[which] < 0).any():
                raise Failure(_SLIPS["sign"][1])
            raise Failure(f"The {name} is off by up to {np.abs(found[which] - right[which]).max():.2g} nats a bar.")
    return (
        "Saying nothing costs nothing, tossing evenly costs 8 ln 47, and everything in between agrees with the formula."
    )


def _pair(answer: object, batch: int) -> tuple[Array, Array]:
    if answer is None or answer is ...:
        raise Failure("loss_terms returns nothing yet. Return distortion and rate.")
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise Failure("Return two things, distortion and rate, in this order.")
    terms = tuple(np.asarray(term, float) for term in answer)
    for name, term in zip(("distortion", "rate"), terms, strict=True):
        if term.shape != (batch,):
            raise Failure(
                f"{name} has shape {term.shape}; one number for each of the {batch} bars is wanted: ({batch},)."
            )
    return terms[0], terms[1]


@cache
def held_out_windows() -> tuple[Score, ...]:
    """Return windows of four bars from test tunes, one a tune: what a learner's vector is tried on."""
    codec = FourBarCodec()
    found = []
    for tune in load_dataset("folk").test:
        windows = codec.windows(tune, hop=4)
        if len(windows):
            found.append(codec.decode(windows[0], key=tune.key))
    return tuple(found[:N_JUDGED])


@check(
    lesson="09",
    exercise="attribute",
    title="A vector of your own",
    hints=(
        "Measure many training windows, take the mean code of the third with the most, minus the mean code of the third with the least.",
        "If nothing moves, the attribute may be one that the code hardly knows; share_of_leaps, mean pitch or the share of long notes are well known to it.",
    ),
)
def check_attribute(measure: object, vector: object, *, model: Any = None) -> str:
    """Check an attribute of the learner's own and its vector: on held-out tunes, adding the vector should raise the attribute."""
    if measure is ... or vector is ...:
        raise Failure(f"{'my_measure' if measure is ... else 'my_vector'} is still three dots.")
    scores = held_out_windows()
    values = np.array([_number(call(measure, score), score) for score in scores])
    if np.ptp(values) == 0:
        raise Failure(f"Your measure says {values[0]:.3g} for each of {len(scores)} tunes. It should tell tunes apart.")
    for name, known in {"note density": note_density, "pitch range": pitch_range}.items():
        r = _correlation(values, np.array([known(score) for score in scores]))
        if abs(r) > 0.97:
            raise Failure(
                f"That is {name}, which the lesson has done already (their correlation is {r:.2f}). Find one of your own."
            )
    model = load_pretrained("melody_vae") if model is None else model
    codec = model.codec
    mean = np.asarray(model.encode(np.array([codec.encode(score) for score in scores]))[0], float)
    move = np.asarray(vector, float)
    if move.shape != mean.shape[1:] or not np.isfinite(move).all():
        raise Failure(
            f"my_vector should be {mean.shape[1]} finite numbers, the difference of two codes; it has shape {move.shape}."
        )
    if not move.any():
        raise Failure("my_vector is all zeros: adding it changes nothing.")
    found = _measured_along(model, mean, move, measure, keys=[score.key for score in scores])
    r = _correlation(np.repeat(AMOUNTS, len(scores)).astype(float), (found - found.mean(axis=0)).ravel())
    course = ", ".join(f"{value:.3g}" for value in found.mean(axis=1))
    if r < 0:
        raise Failure(
            f"It moves the wrong way (from −2 to 2 times the vector: {course}). The vector should point to MORE."
        )
    rises = np.diff(found.mean(axis=1))
    if rises.min() < -DIP * rises.sum():
        raise Failure(
            f"From −2 to 2 times the vector your measure goes {course}; it should rise, and nowhere fall back."
        )
    gain = (found[-1].mean() - found[0].mean()) / values.std()
    if gain < 0.5:
        raise Failure(
            f"It rises, but hardly: by {gain:.2f} of the deviation between tunes, from −2 to 2 times the vector. A longer vector, or a clearer attribute?"
        )
    return f"On {len(scores)} tunes that no model has seen: {course} from −2 to 2 times your vector, which is {gain:.1f} deviations."


def _number(value: object, score: Score) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float, np.integer, np.floating))
        or not np.isfinite(value)
    ):
        raise Failure(f"my_measure should return one number for a score; for {score!r} it returns {value!r}.")
    return float(value)


def _measured_along(model: Any, mean: Array, move: Array, measure: object, keys: Sequence[str | None]) -> Array:
    """What the learner's measure says of each window for each amount, (amounts, windows); an empty window counts as it was before."""
    found = np.empty((len(AMOUNTS), len(mean)))
    lines = np.asarray(model.decode(np.concatenate([mean + amount * move for amount in AMOUNTS]))).reshape(
        len(AMOUNTS), len(mean), -1
    )
    for row, window in np.ndindex(found.shape):
        score = model.codec.decode(lines[row, window], key=keys[window])
        found[row, window] = _number(call(measure, score), score) if len(score) else np.nan
    return np.where(np.isnan(found), np.nanmean(found, axis=0), found)


def _correlation(a: Array, b: Array) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


@check(
    lesson="09",
    exercise="morph",
    title="A morph between two tunes of yours",
    hints=(
        "scores_to_latents gives two codes; slerp walks from one to the other; latents_to_scores gives the steps. Put your own tunes at both ends.",
        "If one step jumps too far, take more steps, or simpler tunes: eighths and quarters within an octave of the tonic are what the model knows best.",
    ),
)
def check_morph(first: object, last: object, morph: object) -> str:
    """Check a morph: it begins and ends with the learner's own tunes, moves, and nowhere jumps from the one to the other."""
    for name, tune in (("my_first", first), ("my_last", last)):
        if tune is ...:
            raise Failure(f"{name} is still three dots: put a Score there, drawn in the editor or written in letters.")
        if not isinstance(tune, Score):
            raise Failure(f"{name} should be a Score: editor.score, or letters_to_score(...).")
        if tune.bar_ticks != BAR_TICKS or tune.pickup or tune.n_bars > N_BARS or tune.n_bars < N_BARS - 1:
            raise Failure(
                f"{name} is {tune.n_bars} bars of {tune.meter[0]}/{tune.meter[1]}; four bars of 4/4 without a pickup are wanted."
            )
        if len(tune) < 8:
            raise Failure(f"{name} has {len(tune)} notes; at least eight are wanted.")
    if morph is ... or not isinstance(morph, (list, tuple)) or not all(isinstance(step, Score) for step in morph):
        raise Failure("my_morph should be a list of Scores: your first tune, the steps between, your last tune.")
    if len(morph) < FEWEST_STEPS:
        raise Failure(f"my_morph has {len(morph)} steps; at least {FEWEST_STEPS} are wanted, the two ends included.")
    steps = np.array([sixteenths(step) for step in morph])  # (steps, 64)
    ends = np.array([sixteenths(first), sixteenths(last)])  # type: ignore[arg-type]  # both are Scores: see above
    apart = _difference(ends[0], ends[1])
    if apart < 0.3:
        raise Failure(f"Your two tunes differ in {apart:.0%} of the sixteenths only. Draw two that are less alike.")
    for name, step, end in (("begin", steps[0], ends[0]), ("end", steps[-1], ends[1])):
        if (step != end).any():
            raise Failure(
                f"my_morph should {name} with your own tune exactly as you drew it; put the tune itself there."
            )
    if len({tuple(step) for step in steps.tolist()}) < 4:
        raise Failure("Nothing happens between your two tunes: fewer than four steps are different.")
    jumps = [_difference(a, b) for a, b in pairwise(steps)]
    widest = int(np.argmax(jumps))
    if jumps[widest] > apart:
        raise Failure(
            f"From step {widest + 1} to step {widest + 2}, {jumps[widest]:.0%} of the sixteenths change at once; your two tunes themselves "
            f"are only {apart:.0%} apart."
        )
    nearer = [_difference(step, ends[1]) - _difference(step, ends[0]) for step in steps]
    r = _correlation(np.arange(len(steps), dtype=float), np.array(nearer))
    if r > -0.5:
        raise Failure(
            f"The steps do not lead from the first tune to the last: place and likeness have a correlation of {-r:.2f}, wanted 0.5."
        )
    return f"Your tunes are {apart:.0%} apart, and no step changes more than {jumps[widest]:.0%}; the middle is in {estimate_key(morph[len(morph) // 2])}."


def sixteenths(score: Score) -> npt.NDArray[np.int64]:
    """Return what sounds on each of the 64 sixteenths of four bars: the pitch, plus 128 where it begins, or −1 for silence.

    Examples
    --------
    >>> sixteenths(Score.from_melody([60, 62], [12, 6]))[:4].tolist()
    [188, 60, 190, -1]
    """
    line = np.full(N_STEPS, _SILENT, np.int64)
    for onset, duration, pitch, *_ in score.notes.tolist():
        start, stop = onset // STEP_TICKS, -(-(onset + duration) // STEP_TICKS)
        line[start:stop] = pitch
        line[start : start + 1] = pitch + 128
    return line


def _difference(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> float:
    return float((one != other).mean())


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 09."""
    return quiz("09", "recap", QUESTIONS)
