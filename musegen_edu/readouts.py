"""What a network's units follow: each unit's values over a melody against the music's pitch, length and place in the bar."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score
from musegen_edu.tokens import Codec
from musegen_edu.tokens.event_codec import EventCodec
from musegen_edu.tokens.meanings import token_meanings

Array = npt.NDArray[np.float64]
SHUFFLES = 20


def token_onsets(codec: Codec, tokens: npt.ArrayLike, meter: tuple[int, int] = (4, 4)) -> tuple[npt.NDArray[np.int64], int]:  # fmt: skip
    """Return the tick at which each token's sound begins, (time,), and the pickup in ticks.

    What takes no time stands where the next sound begins. A bar line in mid-bar fills the bar, as the codec reads it.

    Examples
    --------
    >>> codec = EventCodec.fit([Score.from_melody([60], 24)])
    >>> onsets, pickup = token_onsets(codec, codec.vocabulary.tokens(["<start>", "60:24", "|2", "60:24", "60:24"]))
    >>> onsets.tolist(), pickup
    ([0, 0, 24, 24, 48], 24)
    """
    meanings = token_meanings(codec)
    bar = Score(meter=meter).bar_ticks
    first: int | None = None
    onsets, now = [], 0
    for token in np.asarray(tokens, np.int64).tolist():
        if meanings[token].kind == "bar":
            first = now % bar if first is None else first
            now += (first - now) % bar
        onsets.append(now)
        now += meanings[token].ticks
    return np.array(onsets, np.int64), first or 0


def melody_features(codec: Codec, tokens: npt.ArrayLike, meter: tuple[int, int] = (4, 4)) -> dict[str, Array]:
    """Return what is going on in the music when a model reads each token.

    Parameters
    ----------
    codec : of the tokens.
    tokens : one line, (time,).
    meter : of the melody.

    Returns
    -------
    Name -> (time, 1), or (time, 2) for the place in the bar, which is an angle: its cosine and sine. NaN where a token has no such
    thing. Names whose values never change are left out.

    - `place in the bar`: where the token's sound has ended, which is what the model knows when it has read it;
    - `pitch`: in semitones, of notes alone;
    - `length`: logarithm of the ticks of notes, rests and holds;
    - `bar lines`: 1 for a bar line, 0 for all else;
    - `bars to come`: the number in the last bar line (`EventCodec` alone).

    Lesson: 06 lstm_and_gru.
    """
    line = np.asarray(tokens, np.int64)
    meanings = [token_meanings(codec)[token] for token in line]
    onsets, pickup = token_onsets(codec, line, meter)
    ticks = np.array([meaning.ticks for meaning in meanings], np.float64)
    angle = 2 * np.pi * (onsets + ticks - pickup) / Score(meter=meter).bar_ticks
    is_note = np.array([meaning.kind == "note" for meaning in meanings])
    is_bar = np.array([meaning.kind == "bar" for meaning in meanings])
    features = {
        "place in the bar": np.stack([np.cos(angle), np.sin(angle)], axis=1),
        "pitch": np.where(is_note, [meaning.pitch for meaning in meanings], np.nan)[:, None],
        "length": np.where(ticks > 0, np.log2(np.maximum(ticks, 1)), np.nan)[:, None],
        "bar lines": is_bar.astype(np.float64)[:, None],
    }
    if isinstance(codec, EventCodec):
        left, counts = np.nan, []
        for token in line:
            word = codec.vocabulary.symbols[token]
            left = float(word[1:]) if word.startswith("|") else left
            counts.append(left)
        features["bars to come"] = np.array(counts)[:, None]
    # equal values leave a spread of rounding errors behind: anything below a millionth is none
    return {name: values for name, values in features.items() if np.isfinite(values).all(axis=1).sum() > 3 and np.nanstd(values) > 1e-6}  # fmt: skip


def correlations(values: npt.ArrayLike, feature: npt.ArrayLike) -> Array:
    """Return how closely each unit follows a feature: r, -1 to 1, (units,).

    For a feature of two columns (an angle) it is the multiple correlation, 0 to 1: how well the best mix of both follows the unit.
    Steps where the feature is NaN do not count; a unit that never changes has 0.

    Parameters
    ----------
    values : of the units, (time, units).
    feature : (time, 1) or (time, 2).

    Examples
    --------
    >>> correlations([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]], [[5.0], [7.0], [9.0]]).round(6).tolist()
    [1.0, 0.0]
    """
    y, x = np.asarray(values, np.float64), np.asarray(feature, np.float64)
    if y.ndim != 2 or x.ndim != 2 or len(x) != len(y):
        raise ValueError(f"values has shape {y.shape} and feature {x.shape}; they must be (time, units) and (time, n)")
    there = np.isfinite(x).all(axis=1)
    y, x = y[there] - y[there].mean(axis=0), x[there] - x[there].mean(axis=0)
    size = np.linalg.norm(y, axis=0)
    silent = size < 1e-9
    basis, _ = np.linalg.qr(x)  # (time, n), orthonormal
    along = basis.T @ y / np.where(silent, 1, size)  # (n, units)
    sign = np.sign(basis.T @ x)[0, 0] if x.shape[1] == 1 else 1
    r = along[0] * sign if x.shape[1] == 1 else np.linalg.norm(along, axis=0)
    return np.asarray(np.where(silent, 0.0, r), np.float64)


def chance_correlation(values: npt.ArrayLike, feature: npt.ArrayLike, *, seed: int = 0) -> float:
    """Return how closely the *best* of the units follows a feature by chance alone: |r| with the feature rolled round in time.

    With hundreds of units and a short tune some unit always seems to follow anything. The feature is shifted in time by random
    amounts, which leaves its own rhythm as it is, and the largest |r| is averaged over 20 such shifts. For what repeats in every bar
    the yardstick is a strict one, because some shifts bring a bar onto another.

    Parameters
    ----------
    values : (time, units).
    feature : (time, 1) or (time, 2).
    seed : of the shifts.

    Lesson: 06 lstm_and_gru.
    """
    x = np.asarray(feature, np.float64)
    if len(x) < 3:
        return 1.0
    shifts = np.random.default_rng(seed).integers(1, len(x), SHUFFLES)
    return float(np.mean([np.abs(correlations(values, np.roll(x, int(shift), axis=0))).max() for shift in shifts]))
