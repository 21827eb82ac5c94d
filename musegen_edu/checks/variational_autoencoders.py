"""Instant feedback for the exercises of lesson 09, variational_autoencoders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check, quiz
from musegen_edu.checks.learner_code import describe
from musegen_edu.checks.vae_quiz import QUESTIONS
from musegen_edu.checks.walks import check_morph as check_morph
from musegen_edu.checks.walks import correlation
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics import note_density, pitch_range
from musegen_edu.pretrained import load_pretrained
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import FourBarCodec

Array = npt.NDArray[np.float64]
N_JUDGED = 80  # held-out windows that a learner's vector is tried on
AMOUNTS = (-2, -1, 0, 1, 2)  # how many times the vector is added
DIP = 0.15  # share of the whole rise by which a step may fall back: at its ends a quality may be used up


def _terms(
    logits: Array, bars: npt.NDArray[Any], mean: Array, log_variance: Array, *, slip: str = ""
) -> tuple[Array, Array]:
    """Distortion and rate of each bar in nats; or with one of the usual slips."""
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    told = np.take_along_axis(log_p, bars[..., None], axis=-1)[..., 0]  # (batch, steps)
    distortion = -told.mean(axis=1) if slip == "mean over steps" else -told.sum(axis=1)
    distortion = -distortion if slip == "negative" else distortion
    variance = np.exp(log_variance * {"deviation": 0.5, "squared": 2}.get(slip, 1))
    each = (mean**2 + variance - 1 - log_variance) / (1 if slip == "half" else 2)
    rate = each.mean(axis=1) if slip == "mean over numbers" else each.sum(axis=1)
    return distortion, -rate if slip == "sign" else rate


_SLIPS = {
    "sign": (1, "The rate has the wrong sign: it comes out below 0, and a code never costs less than nothing."),
    "deviation": (1, "exp(log_variance / 2) is the deviation; the formula wants the variance, exp(log_variance)."),
    "squared": (
        1,
        "exp(2 log_variance) is the square of the variance; the formula wants the variance, exp(log_variance).",
    ),
    "half": (1, "The rate is twice what it should be: the ½ in front of the sum is missing."),
    "mean over numbers": (1, "The rate is a mean over the numbers of the code. Each of them costs: add them up."),
    "negative": (
        0,
        "A logarithm of a probability is never above 0; the distortion is what it costs, so turn the sign round.",
    ),
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
        "`distortion = -told.sum(axis=1)`; `rate = (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2`.",
    ),
)
def check_elbo(function: object) -> str:
    """Check `loss_terms(logits, bars, mean, log_variance)`: distortion and rate of each bar, first in cases that one knows by heart."""
    n_symbols = 47
    even, silent = np.zeros((2, 8, n_symbols)), np.full((2, 8), 1)
    nothing = np.zeros((2, 3))
    with np.errstate(all="ignore"):  # what comes out is told below
        distortion, rate = _pair(call(function, even, silent, nothing, nothing), 2)
    if not np.allclose(rate, 0, atol=1e-9):
        raise Failure(
            f"With mean 0 and log variance 0 the code says nothing and should cost nothing; your rate is {rate[0]:.3g} nats."
        )
    if not np.allclose(distortion, 8 * np.log(n_symbols), atol=1e-6):
        raise Failure(
            f"A decoder that tosses evenly among {n_symbols} symbols, eight times, pays 8 ln {n_symbols} = {8 * np.log(n_symbols):.2f} nats "
            f"a bar; your distortion is {distortion[0]:.2f}. {_named(0, distortion, even, silent, nothing, nothing)}".rstrip()
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
            if slip := _named(which, found[which], logits, bars, mean, log_variance):
                raise Failure(slip)
            if name == "rate" and (found[which] < 0).any():
                raise Failure(_SLIPS["sign"][1])
            raise Failure(f"The {name} is off by up to {np.abs(found[which] - right[which]).max():.2g} nats a bar.")
    return (
        "Saying nothing costs nothing, tossing evenly costs 8 ln 47, and everything in between agrees with the formula."
    )


def _named(which: int, found: Array, *given: Any) -> str:
    """Return what is known of the slip that gives this term, or nothing."""
    for slip, (term, message) in _SLIPS.items():
        if term == which and np.allclose(found, _terms(*given, slip=slip)[which], atol=1e-6):
            return message
    return ""


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
        "If nothing moves, the attribute may be one that the code hardly knows; how high a tune lies, or how often it leaps, is better known to it.",
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
        r = correlation(values, np.array([known(score) for score in scores]))
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
            f"my_vector should be {mean.shape[1]} finite numbers, the difference of two codes; it has shape {move.shape}.",
            hint="A mean over tunes, `codes[chosen].mean(axis=0)`, leaves one number for each of the code's own.",
        )
    if not move.any():
        raise Failure("my_vector is all zeros: adding it changes nothing.")
    found = _measured_along(model, mean, move, measure, keys=[score.key for score in scores])
    r = correlation(np.repeat(AMOUNTS, len(scores)).astype(float), (found - found.mean(axis=0)).ravel())
    course = ", ".join(f"{value:.3g}" for value in found.mean(axis=1))
    if r < 0:
        raise Failure(
            f"It moves the wrong way (from −2 to 2 times the vector: {course}). The vector should point to MORE."
        )
    rises = np.diff(found.mean(axis=1))
    if rises.min() < -DIP * rises.sum():
        raise Failure(
            f"From −2 to 2 times the vector your measure goes {course}; it should rise, and nowhere fall back."
            + (
                " From −1 to 1 it does: a shorter vector, `0.5 * my_vector`, stays where tunes lie."
                if rises[1:-1].min() > 0
                else ""
            )
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
        what = "nothing" if value is None else repr(value) if np.ndim(value) == 0 else f"something {describe(value)}"  # type: ignore[arg-type]
        number = (
            " True and False are none: float(...) makes 1.0 and 0.0 of them."
            if isinstance(value, bool | np.bool_)
            else ""
        )
        raise Failure(
            f"my_measure should return one number for a score; for one of {len(score)} notes it returns {what}.{number}"
        )
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


def quiz_recap() -> Any:
    """Return the quiz at the end of lesson 09."""
    return quiz("09", "recap", QUESTIONS)
