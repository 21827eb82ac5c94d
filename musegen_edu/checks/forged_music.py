"""Feedback for what a learner has forged in lesson 10: a groove on the clock of the bar, and an album of tunes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.checks.core import Failure, call, check
from musegen_edu.checks.learner_code import describe
from musegen_edu.four_bars import folk_windows
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import N_BARS, N_STEPS, STEPS_A_BAR, FourBarCodec

Array = npt.NDArray[np.float64]


def one_number(what: str, value: object) -> float:
    """Return a learner's number, or say what it is instead.

    Examples
    --------
    >>> one_number("the share", np.float32(0.5))
    0.5
    """
    if value is None or value is ...:
        raise Failure(f"{what} returns nothing yet. One number is wanted.")
    array = np.asarray(value)
    if isinstance(value, bool) or array.ndim or not np.issubdtype(array.dtype, np.number):
        raise Failure(f"{what} should be one number; it is {describe(value)}.")
    return float(array)


# ---- a groove of one's own ----


def groove_centres(groove: dict[int, float]) -> Array:
    """Return where the strokes of a groove lie on the clock of the bar, (n, 2): place in sixteenths -> loudness, 1 is medium.

    Examples
    --------
    >>> groove_centres({0: 1.0, 4: 0.5}).round(3).tolist()
    [[0.0, 1.0], [0.5, 0.0]]
    """
    places, loud = np.array(list(groove), float), np.array(list(groove.values()), float)
    angle = 2 * np.pi * places / STEPS_A_BAR
    return np.stack([loud * np.sin(angle), loud * np.cos(angle)], axis=1)


@check(
    lesson="10",
    exercise="groove",
    title="A groove of your own",
    hints=(
        "If strokes are missing: a judge that compares, or a smaller generator rate and more judge steps. If they are scattered: train longer.",
        "`play_drums(..., compares=True)` and 1,200 steps do for most grooves; strokes that lie next to each other are the hardest.",
    ),
)
def check_groove(groove: object, pair: Any) -> str:
    """Check a groove and the pair that forges it: every stroke found, most of them clean."""
    right = checked_groove(groove)
    if pair is ...:
        raise Failure("The groove is fine. my_pair is still three dots: train a pair that forges it.")
    if not hasattr(pair, "generate"):
        kind = type(pair).__name__
        more = " `fit` returns a History; keep the pair in a line of its own." if kind == "History" else ""
        raise Failure(f"my_pair should be an AdversarialPair; it is {describe(pair)}.{more}", hint="")
    points = np.asarray(pair.generate(2000, seed=10), float)
    if points.shape != (2000, 2) or not np.isfinite(points).all():
        raise Failure(
            f"my_pair should forge points on the clock, (n, 2); it forges {points.shape}, or what is no number."
        )
    distance = np.linalg.norm(points[:, None] - groove_centres(right), axis=2)  # (n, strokes)
    clean = distance.min(axis=1) < 0.24
    shares = np.bincount(distance.argmin(axis=1)[clean], minlength=len(right)) / len(points)
    missing = [place for place, share in zip(right, shares, strict=True) if share < 0.3 / len(right)]
    if missing:
        names = ", ".join(_place_name(place) for place in missing)
        raise Failure(
            f"{len(missing)} of {len(right)} strokes are missing or far too rare: {names}. Mode collapse, or not trained long enough?"
        )
    if clean.mean() < 0.5:
        raise Failure(
            f"All {len(right)} strokes are there, but only {clean.mean():.0%} of what is forged is clean; half is wanted."
        )
    return f"All {len(right)} strokes are found, {clean.mean():.0%} clean; the rarest has {shares.min():.0%}, the commonest {shares.max():.0%}."


def checked_groove(groove: object) -> dict[int, float]:
    """Return a learner's groove, or say what it is that is no groove.

    Examples
    --------
    >>> checked_groove({0: 1.0, 6: 0.7, 12: 0.7})
    {0: 1.0, 6: 0.7, 12: 0.7}
    """
    if groove is ...:
        raise Failure("my_groove is still three dots.")
    if not isinstance(groove, dict) or not all(isinstance(place, int | np.integer) for place in groove):
        raise Failure(
            "my_groove should be a dict: place in the bar, in whole sixteenths, -> loudness, such as {0: 1.0, 6: 0.7, 12: 0.7}.",
            hint="",
        )
    outside = [place for place in groove if not 0 <= place < STEPS_A_BAR]
    if outside:
        raise Failure(f"There is no sixteenth {outside[0]} in a bar; they are counted from 0 to 15.", hint="")
    if not 3 <= len(groove) <= 8:
        raise Failure(f"Your groove has {len(groove)} strokes; 3 to 8 are wanted.", hint="")
    loud = {int(place): one_number(f"The loudness at {place}", value) for place, value in groove.items()}
    if min(loud.values()) < 0.5 or max(loud.values()) > 1.3:
        raise Failure(
            f"Your loudnesses go from {min(loud.values()):g} to {max(loud.values()):g}; 0.5 to 1.3 is wanted.", hint=""
        )
    if max(loud.values()) - min(loud.values()) < 0.2:
        raise Failure(
            "All strokes are about as loud. An accent, please: the loudest at least 0.2 above the softest.", hint=""
        )
    return loud


def _place_name(place: int) -> str:
    beat, rest = divmod(place, 4)
    return f"beat {beat + 1}" + ("", " and a sixteenth", " and a half", " and three sixteenths")[rest]


# ---- be the judge ----


@cache
def training_windows() -> frozenset[bytes]:
    """Return every four bars of the training tunes, as bytes of their symbols."""
    return frozenset(row.astype(np.int32).tobytes() for row in folk_windows("train").symbols)


@check(
    lesson="10",
    exercise="album",
    title="Be the judge",
    hints=(
        "A taste is any function of a Score that gives a higher number to what you like: few leaps, a last note on the tonic, a bar that comes back, a mixture of them.",
        "If noise passes your taste, add something that noise does not have: steps instead of leaps, `np.abs(np.diff(pitch)) <= 2`, or repeated rhythms.",
    ),
)
def check_album(taste: object, candidates: object, album: object) -> str:
    """Check a taste and the album that it chose: it prefers music to noise, and it chose the best of the candidates, which are no copies."""
    for name, value in (("my_taste", taste), ("my_album", album)):
        if value is ...:
            raise Failure(f"{name} is still three dots.")
    for name, tunes in (("candidates", candidates), ("my_album", album)):
        if isinstance(tunes, Score):
            raise Failure(f"{name} is one Score; a list of them is wanted. Join them afterwards, to listen.", hint="")
        if not isinstance(tunes, list | tuple) or not all(isinstance(tune, Score) for tune in tunes):
            raise Failure(f"{name} should be a list of Scores; it is {describe(tunes)}.", hint="")
    pool, chosen = list(candidates), list(album)  # type: ignore[call-overload]  # lists of scores: see above
    if len(chosen) < 6 or len(pool) < 10 * len(chosen):
        raise Failure(
            f"At least 6 tunes out of 10 times as many are wanted; you have {len(chosen)} out of {len(pool)}.",
            hint="",
        )
    forged = {tune.notes.tobytes() for tune in pool}  # a tune may have been given a title
    if any(tune.notes.tobytes() not in forged for tune in chosen):
        raise Failure(
            "A tune of your album is not among the candidates. Choose, and leave the notes as they were forged.",
            hint="",
        )
    real = folk_windows("test")
    codec, rng = FourBarCodec(), np.random.default_rng(10)
    music = [codec.decode(row) for row in real.symbols[:: max(1, len(real) // 60)]]  # in C, as the forgeries are
    noise = [codec.decode(row) for row in rng.choice(real.symbols.ravel(), (60, N_STEPS))]
    values = {name: np.array([one_number("my_taste(tune)", call(taste, tune)) for tune in tunes]) for name, tunes in (("music", music), ("noise", noise), ("pool", pool), ("chosen", chosen))}  # fmt: skip
    for tunes, found in zip((music, noise, pool, chosen), values.values(), strict=True):
        if not np.isfinite(found).all():
            at = int(np.argmin(np.isfinite(found)))
            raise Failure(
                f"my_taste gives {found[at]} for a tune of {len(tunes[at])} notes. Give such a tune a number, too: a low one, perhaps."
            )
    if np.ptp(values["pool"]) == 0:
        raise Failure(f"Your taste gives {values['pool'][0]:.3g} to every candidate. It should tell tunes apart.")
    better = float(
        (values["music"][:, None] > values["noise"]).mean() + 0.5 * (values["music"][:, None] == values["noise"]).mean()
    )
    if better < 0.75:
        raise Failure(
            f"Of a real tune and one thrown with dice, your taste prefers the real one in {better:.0%} of the cases; 75% are wanted."
            + (" It prefers the dice: is it upside down?" if better < 0.25 else "")
        )
    worst, rivals = values["chosen"].min(), np.sort(values["pool"])[-len(chosen)]
    if worst < rivals:
        raise Failure(
            f"By your own taste there are better candidates: the weakest tune of your album has {worst:.3g}, yet {(values['pool'] > worst).sum()} candidates have more.",
            hint="`sorted(candidates, key=my_taste)` begins with what your taste likes least; `[-6:]` are the six that it likes most.",
        )
    lines = [codec.encode(tune) for tune in chosen]
    if len({line.tobytes() for line in lines}) < len(lines):
        raise Failure("Two tunes of your album are the same.", hint="")
    bars = np.concatenate([line.reshape(N_BARS, STEPS_A_BAR) for line in lines])
    if len(np.unique(bars, axis=0)) < len(bars) / 2:
        raise Failure(
            "More than half of the bars of your album are repeats. Six times the same idea is mode collapse, this time yours."
        )
    copies = sum(line.tobytes() in training_windows() for line in lines)
    if copies:
        raise Failure(
            f"{copies} of your tunes stand note for note in the training tunes. That is no forgery, that is a copy."
        )
    return f"Your taste prefers music to dice in {better:.0%} of the cases; {len(chosen)} of {len(pool)} forgeries passed it, and none is a copy."
