"""Many scores by the measures of MuseGAN: one row a group, how far two groups are apart, and how far real music is from itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from musegen_edu.metrics.multitrack import (
    empty_bars,
    notes_in_drum_pattern,
    qualified_notes,
    tonal_distance,
    used_pitch_classes,
)
from musegen_edu.score import DRUMS, Score


def multitrack_row(
    scores: Iterable[Score], *, names: Sequence[str] | None = None, n_bars: int | None = None
) -> dict[str, float]:
    """All of MuseGAN's measures for many scores with the same parts: a row of the table by which a model is judged.

    Parameters
    ----------
    scores : all with the same number of parts, drums at the same places.
    names : one a part, for the labels. Without them "part 1", "part 2", and "drums".
    n_bars : bars of each score, see `empty_bars`.

    Returns
    -------
    Label -> mean over the scores that have the measure (NaN where none has): "empty bars, NAME" for every part; "pitch classes a bar, NAME"
    and "qualified notes, NAME" for those with pitches; "in 8-beat pattern, NAME" and "in 16-beat pattern, NAME" for drums; "tonal distance,
    NAME-NAME" for each pair with pitches. `Scorecard({"real": row, "generated": other_row}, {})` shows rows as a table.

    Raises
    ------
    ValueError
        If there are no scores, their parts differ, or `names` does not fit.

    Examples
    --------
    >>> from musegen_edu.score import stack
    >>> duet = stack([Score.from_melody([72, 74, 76, 77], 24), Score.from_melody([60], 96)])
    >>> row = multitrack_row([duet], names=("high", "low"))
    >>> row["pitch classes a bar, high"], round(row["tonal distance, high-low"], 2)
    (4.0, 1.52)

    Lesson: 11 hybrid_gans.
    """
    labels, table = _measured(list(scores), names, n_bars, "scores")
    return dict(zip(labels, _means(table).tolist(), strict=True))


def multitrack_distance(
    scores: Iterable[Score],
    reference: Iterable[Score],
    *,
    names: Sequence[str] | None = None,
    n_bars: int | None = None,
) -> dict[str, float]:
    """How far a group of scores is from another, measure by measure: the absolute difference of their rows.

    Parameters
    ----------
    scores, reference : such as a model's and real ones; the same parts in all, about as many in both groups.
    names, n_bars : see `multitrack_row`.

    Returns
    -------
    Label -> difference, 0 or more; NaN where one of the groups does not have the measure. Compare with `real_to_real`.

    Raises
    ------
    ValueError
        As `multitrack_row`, and where the parts of the two groups differ.

    Examples
    --------
    >>> plain, busy = Score.from_melody([60] * 4, 24), Score.from_melody([60, 62, 64, 65], 24)
    >>> multitrack_distance([busy], [plain])["pitch classes a bar, part 1"]
    3.0

    Lesson: 11 hybrid_gans.
    """
    ours, real = list(scores), list(reference)
    labels, table = _measured(ours, names, n_bars, "scores")
    if real and _drum_places(real[0]) != _drum_places(ours[0]):
        raise ValueError(f"reference has parts for the programs {real[0].programs}, scores for {ours[0].programs}")
    _, real_table = _measured(real, names, n_bars, "reference")
    return dict(zip(labels, np.abs(_means(table) - _means(real_table)).tolist(), strict=True))


def real_to_real(
    scores: Iterable[Score],
    *,
    seed: int,
    n_splits: int = 50,
    size: int | None = None,
    pieces: npt.ArrayLike | None = None,
    names: Sequence[str] | None = None,
    n_bars: int | None = None,
) -> dict[str, float]:
    """The floor under `multitrack_distance`: how far two groups of real scores, drawn at random, are from each other.

    The scores are split into two groups again and again; the absolute differences, measure by measure, are averaged over the splits. No
    model can be expected to come nearer than that. Small groups are further apart, so take groups as large as the model's. Where real
    music never differs (no note below a 32nd, say) the floor is 0.

    Parameters
    ----------
    scores : real music, the same parts in all.
    seed : of the splits; the same seed gives the same numbers.
    n_splits : how many.
    size : scores in each group; without it, half of them.
    pieces : for each score, which piece it is cut from: cuts of one piece then stay in one group, as a model's training and held-out music
        do, and the groups are the pieces' two halves, or `size` drawn from each. Without it every score counts as a piece of its own.
    names, n_bars : see `multitrack_row`.

    Returns
    -------
    Label -> mean absolute difference; NaN where a measure is missing in a group of every split.

    Raises
    ------
    ValueError
        If there are fewer than two scores or pieces, `n_splits` is not at least 1, `size` is not from 1 to half of them, or `pieces` does not
        name one a score; and as `multitrack_row`.

    Examples
    --------
    >>> plain, busy = Score.from_melody([60] * 4, 24), Score.from_melody([60, 62, 64, 65], 24)
    >>> real_to_real([plain, busy], seed=0)["pitch classes a bar, part 1"]
    3.0

    Lesson: 11 hybrid_gans.
    """
    real = list(scores)
    half = len(real) // 2
    if half < 1:
        raise ValueError(f"scores holds {len(real)}; two groups need at least two")
    if n_splits < 1:
        raise ValueError(f"n_splits={n_splits!r} must be at least 1")
    if size is not None and not 1 <= size <= half:
        raise ValueError(f"size={size!r} must be from 1 to {half}, half of the scores")
    labels, table = _measured(real, names, n_bars, "scores")
    rng = np.random.default_rng(seed)
    splits = [
        two_groups(len(real), size=half if size is None else size, pieces=pieces, rng=rng) for _ in range(n_splits)
    ]
    gaps = [np.abs(_means(table[first]) - _means(table[second])) for first, second in splits]
    return dict(zip(labels, _means(np.array(gaps)).tolist(), strict=True))


def two_groups(
    n: int, *, size: int, rng: np.random.Generator, pieces: npt.ArrayLike | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return which of n examples fall into two groups drawn at random, no example and no piece in both.

    Parameters
    ----------
    n : how many examples there are.
    size : in each group at most, from 1 to n / 2; without `pieces`, exactly.
    rng : draws.
    pieces : (n,), for each example which piece it is cut from; None counts each as a piece of its own.

    Raises
    ------
    ValueError
        If `pieces` has another length or names fewer than two pieces.

    Examples
    --------
    >>> first, second = two_groups(6, size=3, rng=np.random.default_rng(0), pieces=[7, 7, 7, 8, 8, 9])
    >>> sorted(first.tolist()), sorted(second.tolist())
    ([1, 2, 5], [3, 4])

    Lesson: 11 hybrid_gans.
    """
    if pieces is None:
        order = rng.permutation(n)
        return order[:size], order[size : 2 * size]
    cut_from = np.asarray(pieces)
    names, counts = np.unique(cut_from, return_counts=True)
    if cut_from.shape != (n,) or len(names) < 2:
        raise ValueError(
            f"pieces has shape {cut_from.shape} and {len(names)} pieces; it must be ({n},), 2 pieces at least"
        )
    drawn = rng.permutation(len(names))
    so_far = np.cumsum(counts[drawn])[:-1]  # examples in the first 1, 2, ... pieces
    border = 1 + int(np.abs(so_far - n / 2).argmin())
    sides = (np.flatnonzero(np.isin(cut_from, names[half])) for half in (drawn[:border], drawn[border:]))
    first, second = (rng.permutation(side)[:size] for side in sides)
    return first, second


def _measured(
    scores: Sequence[Score], names: Sequence[str] | None, n_bars: int | None, argument: str
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return the labels of the measures and a table (scores, measures)."""
    if not scores:
        raise ValueError(f"{argument} is empty; give at least one score")
    drums = _drum_places(scores[0])
    for index, score in enumerate(scores):
        if _drum_places(score) != drums:
            raise ValueError(
                f"{argument}[{index}] has parts for the programs {score.programs}, {argument}[0] for {scores[0].programs}; all need the "
                "same number of parts, with drums at the same places"
            )
    if names is None:
        names = ["drums" if is_drums else f"part {index + 1}" for index, is_drums in enumerate(drums)]
    if len(names) != len(drums):
        raise ValueError(f"names={names!r} has {len(names)} names for {len(drums)} parts")
    labels: list[str] = []
    columns: list[list[float]] = []
    for part, name in enumerate(names):
        labels.append(f"empty bars, {name}")
        columns.append([empty_bars(score, part, n_bars=n_bars) for score in scores])
        if drums[part]:
            for beats in (8, 16):
                labels.append(f"in {beats}-beat pattern, {name}")
                columns.append([notes_in_drum_pattern(score, part, beats=beats) for score in scores])
        else:
            labels += [f"pitch classes a bar, {name}", f"qualified notes, {name}"]
            columns.append([used_pitch_classes(score, part) for score in scores])
            columns.append([qualified_notes(score, part) for score in scores])
    for first, second in combinations([part for part, is_drums in enumerate(drums) if not is_drums], 2):
        labels.append(f"tonal distance, {names[first]}-{names[second]}")
        columns.append([tonal_distance(score, first, second) for score in scores])
    if len(set(labels)) != len(labels):
        raise ValueError(f"names={names!r} must differ from one another")
    return labels, np.array(columns).T


def _drum_places(score: Score) -> tuple[bool, ...]:
    return tuple(program == DRUMS for program in score.programs)


def _means(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean of each column over the values that are there, NaN where there is none."""
    there = ~np.isnan(table)
    counts = there.sum(axis=0)
    means: npt.NDArray[np.float64] = np.where(there, table, 0).sum(axis=0) / np.where(counts > 0, counts, np.nan)
    return means
