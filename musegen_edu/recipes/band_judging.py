"""What a band is measured to be, how far real bands are from each other, and whether an accompanist listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.bands import BandWindows
from musegen_edu.metrics import CorpusIndex, ngram_novelty, qualified_notes, scale_consistency
from musegen_edu.metrics.ensemble import bar_strings, ensemble_row
from musegen_edu.metrics.multitrack import tonal_distance
from musegen_edu.metrics.multitrack_rows import multitrack_row, real_to_real, two_groups
from musegen_edu.recipes.band_baselines import Tables, markov_bands, random_bands
from musegen_edu.score import Score
from musegen_edu.tokens.band_codec import N_BARS, PARTS, VOICES, BandCodec

if TYPE_CHECKING:
    from musegen_edu.models.band_gan import BandGAN

_EIGHTH = 12  # ticks: on a grid of sixteenths every note is longer than the 32nd of `qualified_notes`
_SPLITS = 20


def band_row(tables: Tables) -> dict[str, float]:
    """Return all measures of some bands: those of MuseGAN, those of `ensemble_row`, and the share of notes in one scale.

    Parameters
    ----------
    tables : (n, 64, 13).

    Returns
    -------
    The labels of `multitrack_row` with the parts of a band and of `ensemble_row`, and "notes of an eighth or more, PART",
    "scale consistency" and "distinct bars" (share of the bars that come once or are the first of their kind).

    Examples
    --------
    >>> from musegen_edu.bands import band_windows
    >>> row = band_row(band_windows("valid").tables[:4])
    >>> row["empty bars, bass"], row["distinct bars"]  # one of the 16 bars comes twice
    (0.0, 0.9375)

    Lesson: 11 hybrid_gans.
    """
    scores = scores_of(tables)
    row = multitrack_row(scores, names=PARTS, n_bars=N_BARS)
    for i, voice in enumerate(VOICES):
        longer = [qualified_notes(score, i, shortest=_EIGHTH) for score in scores]
        row[f"notes of an eighth or more, {voice}"] = _mean(longer)
    bars = bar_strings(tables)
    return {
        **row,
        **ensemble_row(tables),
        "scale consistency": _mean([scale_consistency(score) for score in scores]),
        "distinct bars": len(set(bars)) / len(bars),
    }


def band_floor(tables: Tables, *, size: int, seed: int, pieces: npt.ArrayLike | None = None) -> dict[str, float]:
    """Return for each measure of `band_row` how far two groups of real bands are apart: a mean over random splits.

    Parameters
    ----------
    tables : (n, 64, 13), real music.
    size : bands in each group, at most n / 2.
    seed : of the splits.
    pieces : (n,), which chorale each is cut from: no chorale is then in both groups, see `two_groups`.

    Raises
    ------
    ValueError
        If `size` is not from 1 to n / 2.
    """
    scores = scores_of(tables)
    floor = real_to_real(scores, seed=seed, size=size, pieces=pieces, names=PARTS, n_bars=N_BARS)
    rng = np.random.default_rng(seed)
    longer = np.array([[qualified_notes(score, i, shortest=_EIGHTH) for i in range(len(VOICES))] for score in scores])
    scale = np.array([scale_consistency(score) for score in scores])
    gaps: dict[str, list[float]] = {}
    for _ in range(_SPLITS):
        rows = []
        for group in two_groups(len(tables), size=size, pieces=pieces, rng=rng):
            bars = bar_strings(tables[group])
            row = {f"notes of an eighth or more, {v}": _mean(longer[group, i]) for i, v in enumerate(VOICES)}
            row |= ensemble_row(tables[group])
            rows.append({**row, "scale consistency": _mean(scale[group]), "distinct bars": len(set(bars)) / len(bars)})
        for label in rows[0]:
            gaps.setdefault(label, []).append(abs(rows[0][label] - rows[1][label]))
    return floor | {label: _mean(values) for label, values in gaps.items()}


def band_gaps(rows: dict[str, dict[str, float]], floor: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return for each row but the real one, and for each measure, how many times the floor it is from held-out music.

    Parameters
    ----------
    rows : name -> row of `band_row`, one of them "held-out music".
    floor : of `band_floor`.

    Returns
    -------
    Name -> label -> multiple of the floor, 0 where both are equal, infinite where real music never differs and the row does; NaN where one
    of them does not have the measure.

    Examples
    --------
    >>> band_gaps({"held-out music": {"a": 1.0}, "BandGAN": {"a": 1.5}}, {"a": 0.25})
    {'BandGAN': {'a': 2.0}}
    """
    real = rows["held-out music"]
    found: dict[str, dict[str, float]] = {}
    for name, row in rows.items():
        if name == "held-out music":
            continue
        gaps = {label: abs(row[label] - real[label]) for label in real}
        found[name] = {
            label: 0.0 if gap == 0 else float("inf") if floor[label] == 0 else gap / floor[label]
            for label, gap in gaps.items()
        }
    return found


def chords_by_chance(tables: Tables) -> float:
    """Return on how many of the beats the voices are on a chord when each bass is exchanged for that of the band before.

    What players who agree lose by the exchange is what they have agreed on: compare with "beats on a chord" of `band_row`.

    Examples
    --------
    >>> from musegen_edu.bands import band_windows
    >>> tables = band_windows("valid").tables
    >>> chords_by_chance(tables) < band_row(tables)["beats on a chord"] - 0.2
    True

    Lesson: 11 hybrid_gans.
    """
    exchanged = tables.copy()
    bass = VOICES.index("bass")
    exchanged[:, :, bass] = np.roll(tables[:, :, bass], 1, axis=0)
    return ensemble_row(exchanged)["beats on a chord"]


def novelty(tables: Tables, train: BandWindows) -> dict[str, float]:
    """Return how much of some bands was in the training windows: whole bars with all parts, whole windows, runs of notes.

    Parameters
    ----------
    tables : (n, 64, 13).
    train : what may have been copied.

    Returns
    -------
    "bars known": share of the bars that stand in a training window, all parts alike; "voice bars known": the same for the voices alone;
    "windows known": number of windows that are a training window in their voices; "new runs of 8 notes": `ngram_novelty` of the voices.
    """
    voices = np.ascontiguousarray(tables[:, :, : len(VOICES)])
    known = np.ascontiguousarray(train.tables[:, :, : len(VOICES)])
    all_bars, voice_bars = set(bar_strings(train.tables)), set(bar_strings(known))
    windows = {window.tobytes() for window in known}
    return {
        "bars known": float(np.mean([bar in all_bars for bar in bar_strings(tables)])),
        "voice bars known": float(np.mean([bar in voice_bars for bar in bar_strings(voices)])),
        "windows known": float(sum(window.tobytes() in windows for window in voices)),
        "new runs of 8 notes": float(
            ngram_novelty(_voices_of(scores_of(tables)), CorpusIndex(_voices_of(train.scores())))
        ),
    }


def judge_accompaniments(model: BandGAN, train: BandWindows, test: BandWindows, *, seed: int) -> dict[str, Any]:
    """Return how well accompaniments fit the melody they are for, and how well the melody of another chorale.

    An accompanist that does not listen fits both alike. The same is measured for Bach's own alto and bass, for random ones and for Markov chains.

    Returns
    -------
    Who plays -> "own melody" and "another melody" -> beats on a chord, beginnings together, tonal distance to the bass.
    """
    given = VOICES.index(str(model.given))
    melodies = test.tables[:, :, given]
    strangers = np.roll(melodies, len(melodies) // 2, axis=0)
    groups = {
        "Bach": test.tables,
        "accompanist": model.generate_tables(len(test), melodies=melodies, seed=seed),
        "Markov": markov_bands(train.tables, len(test), seed=seed),
        "random": random_bands(train.tables, len(test), seed=seed),
    }
    other = VOICES.index("bass") if given != VOICES.index("bass") else 0
    found: dict[str, Any] = {}
    for name, tables in groups.items():
        found[name] = {}
        for whose, lines in (("own melody", melodies), ("another melody", strangers)):
            played = tables.copy()
            played[:, :, given] = lines
            row = ensemble_row(played)
            distance = _mean([tonal_distance(score, given, other) for score in scores_of(played)])
            kept = ("beats on a chord", "beginnings together", "voices crossed")
            found[name][whose] = {label: row[label] for label in kept} | {
                f"tonal distance, {VOICES[given]}-{VOICES[other]}": distance
            }
    return found


def scores_of(tables: Tables) -> list[Score]:
    """Return bands as music, without accidentals in the key signature."""
    codec = BandCodec()
    return [codec.decode(table) for table in tables]


def rounded(values: Any, digits: int = 4) -> Any:
    """Return numbers, in dictionaries too, as a card holds them: rounded, None where there is none."""
    if isinstance(values, dict):
        return {key: rounded(value, digits) for key, value in values.items()}
    return round(float(values), digits) if np.isfinite(values) else None


def _voices_of(scores: Sequence[Score]) -> list[Score]:
    return [score.replace(notes=score.notes[score.notes["part"] < len(VOICES)]) for score in scores]


def _mean(values: Any) -> float:
    found = np.asarray(values, np.float64)
    found = found[~np.isnan(found)]
    return float(found.mean()) if len(found) else float("nan")
