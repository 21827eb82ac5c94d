"""Which tunes are variants of one another: the same melody in another key, another rhythm, another book.

A tune that stands in the training part under one name and in the test part under another is a leak: a model may then be
praised for what it has learnt by heart. The folk books print the same tune again and again, so datasets are cleaned of
near-duplicates and split by family, never by tune.

Two melodies are compared by their interval n-grams: every run of seven notes, as six steps in semitones. Key, rhythm and
octave do not enter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from musegen_edu.score import Score

INTERVALS = 6  # steps in an n-gram: seven notes, about two bars of a reel
SAME_TUNE = 0.7  # overlap from which two melodies are printings of one tune
SAME_FAMILY = 0.25  # overlap from which they are kin; unrelated folk tunes hardly ever reach it
SPLITS = ("train", "valid", "test")


def interval_ngrams(score: Score, n_intervals: int = INTERVALS) -> frozenset[tuple[int, ...]]:
    """Return the distinct runs of `n_intervals` steps, in semitones, in the melody of a score.

    The melody is part 0; of notes that begin together the highest counts.

    Parameters
    ----------
    score : a score; its part 0 is read.
    n_intervals : steps in a run, at least 1. A melody of fewer than `n_intervals + 1` notes has no runs.

    Raises
    ------
    ValueError
        If `n_intervals` is less than 1.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> sorted(interval_ngrams(Score.from_melody([60, 62, 64, 62], 24), 2))
    [(2, -2), (2, 2)]

    Lesson: 02 representing_music.
    """
    if n_intervals < 1:
        raise ValueError(f"n_intervals={n_intervals} must be at least 1")
    notes = score.notes[score.notes["part"] == 0]  # sorted by onset, then pitch
    last_of_onset = np.append(notes["onset"][1:] != notes["onset"][:-1], True) if len(notes) else slice(None)
    steps = np.diff(notes["pitch"][last_of_onset].astype(int)).tolist()
    return frozenset(tuple(steps[i : i + n_intervals]) for i in range(len(steps) - n_intervals + 1))


def melody_overlaps(
    scores: Sequence[Score], *, at_least: float = SAME_FAMILY
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Compare every melody with every other one.

    The overlap of two melodies is the number of interval n-grams they share, divided by the number in the one that has
    fewer: 1 where one tune contains the other, 0 where they have no seven notes in common.

    Parameters
    ----------
    scores : N scores.
    at_least : pairs with a smaller overlap are left out; more than 0, at most 1.

    Returns
    -------
    Pairs of indices, shape (n_pairs, 2), first smaller than second, and their overlaps, shape (n_pairs,).

    Raises
    ------
    ValueError
        If `at_least` is not in that range.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> tune = Score.from_melody([60, 62, 64, 65, 67, 65, 64, 62, 60], 12)
    >>> pairs, overlaps = melody_overlaps([tune, tune.transpose(5)])
    >>> pairs.tolist(), overlaps.tolist()
    ([[0, 1]], [1.0])
    """
    if not 0 < at_least <= 1:
        raise ValueError(f"at_least={at_least} must be more than 0 and at most 1")
    from scipy import sparse

    columns: dict[tuple[int, ...], int] = {}
    rows_of_entries: list[int] = []
    columns_of_entries: list[int] = []
    for row, score in enumerate(scores):
        for ngram in interval_ngrams(score):
            rows_of_entries.append(row)
            columns_of_entries.append(columns.setdefault(ngram, len(columns)))
    entries = np.ones(len(rows_of_entries), np.int32)
    has = sparse.csr_matrix((entries, (rows_of_entries, columns_of_entries)), shape=(len(scores), max(len(columns), 1)))
    n_ngrams = np.asarray(has.sum(axis=1)).ravel()  # (N,)
    shared = sparse.triu(has @ has.T, k=1).tocoo()  # (N, N), only pairs that share something are stored
    overlaps = shared.data / np.minimum(n_ngrams[shared.row], n_ngrams[shared.col])
    pairs = np.stack([shared.row, shared.col], axis=1).astype(np.int64)
    order = np.lexsort([pairs[:, 1], pairs[:, 0]])
    order = order[overlaps[order] >= at_least]
    return pairs[order], overlaps[order]


def drop_near_duplicates(scores: Sequence[Score], *, at_least: float = SAME_TUNE) -> list[int]:
    """Return the indices, rising, of the scores to keep so that no two of them overlap by `at_least` or more.

    Of two printings of a tune the one with more notes stays, then the earlier one.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> tune = Score.from_melody([60, 62, 64, 65, 67, 65, 64, 62, 60], 12)
    >>> other = Score.from_melody([60, 67, 60, 67, 72, 71, 69, 60, 59], 12)
    >>> drop_near_duplicates([tune, other, tune.transpose(-3)])
    [0, 1]
    """
    pairs, _ = melody_overlaps(scores, at_least=at_least)
    neighbours: dict[int, set[int]] = {}
    for a, b in pairs.tolist():
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    kept: set[int] = set()
    for index in sorted(range(len(scores)), key=lambda i: (-len(scores[i]), i)):
        if not neighbours.get(index, set()) & kept:
            kept.add(index)
    return sorted(kept)


def tune_families(scores: Sequence[Score], *, at_least: float = SAME_FAMILY) -> list[int]:
    """Return for each score the number of its family: scores joined by a chain of overlaps belong together.

    Families are numbered from 0 in the order in which they first appear.

    Examples
    --------
    >>> from musegen_edu.score import Score
    >>> tune = Score.from_melody([60, 62, 64, 65, 67, 65, 64, 62, 60], 12)
    >>> other = Score.from_melody([60, 67, 60, 67, 72, 71, 69, 60, 59], 12)
    >>> tune_families([tune, other, tune.transpose(-3)])
    [0, 1, 0]
    """
    pairs, _ = melody_overlaps(scores, at_least=at_least)
    leader = list(range(len(scores)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for a, b in pairs.tolist():
        first, second = sorted((find(a), find(b)))
        leader[second] = first
    numbers: dict[int, int] = {}
    return [numbers.setdefault(find(index), len(numbers)) for index in range(len(scores))]


def split_by_family(
    families: Sequence[int],
    *,
    seed: int,
    valid_share: float = 0.1,
    test_share: float = 0.1,
    fixed: Sequence[str | None] | None = None,
) -> list[str]:
    """Deal whole families out to "train", "valid" and "test", so that no melody has a relative on another side.

    Families are taken in an order shuffled by `seed`. A family goes to the test part while that is short of its share, then
    to the valid part, and all others to the training part.

    Parameters
    ----------
    families : the family of each score, as from `tune_families`.
    seed : any whole number; the same seed gives the same split on every machine.
    valid_share, test_share : share of the scores, 0 to 1.
    fixed : for each score the side that it must be on, or None. A family follows its members.

    Returns
    -------
    "train", "valid" or "test" for each score.

    Raises
    ------
    ValueError
        If the shares do not leave anything to train on, or `fixed` puts two members of a family on two sides.

    Examples
    --------
    >>> split_by_family([0, 1, 0, 2, 3], seed=1, valid_share=0.2, test_share=0.2)
    ['train', 'train', 'train', 'test', 'valid']
    """
    if valid_share < 0 or test_share < 0 or valid_share + test_share >= 1:
        raise ValueError(
            f"valid_share={valid_share} and test_share={test_share} must not be negative and add up to less than 1"
        )
    side: dict[int, str] = {}
    for index, wanted in enumerate(fixed or []):
        if wanted is not None and side.setdefault(families[index], wanted) != wanted:
            raise ValueError(
                f"fixed puts family {families[index]} on two sides, {side[families[index]]!r} and {wanted!r}"
            )
    sizes: dict[int, int] = {}
    for family in families:
        sizes[family] = sizes.get(family, 0) + 1
    counts: dict[str, Any] = {name: sum(sizes[family] for family in side if side[family] == name) for name in SPLITS}
    targets = {"test": test_share * len(families), "valid": valid_share * len(families)}
    shuffled = sorted(sizes, key=lambda family: hashlib.sha256(f"{seed}:{family}".encode()).hexdigest())
    for family in shuffled:
        if family in side:
            continue
        short = [name for name, target in targets.items() if counts[name] + sizes[family] <= target]
        side[family] = short[0] if short else "train"
        counts[side[family]] += sizes[family]
    return [side[family] for family in families]
