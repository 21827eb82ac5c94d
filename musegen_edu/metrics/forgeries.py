"""Forgeries beside real music: many measures of many groups of scores, and by how much groups of real music differ already."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.metrics.distributions import melodic_lines
from musegen_edu.metrics.features import (
    groove_consistency,
    pitch_class_entropy,
    pitch_range,
    scale_consistency,
)
from musegen_edu.metrics.multitrack import empty_bars, qualified_notes, used_pitch_classes
from musegen_edu.metrics.novelty import CorpusIndex, ngram_novelty
from musegen_edu.metrics.scorecards import Scorecard
from musegen_edu.score import Score

Floats = npt.NDArray[np.float64]

_FEATURES = (
    "empty bars",
    "pitch classes a bar",
    "qualified notes",
    "scale consistency",
    "pitch-class entropy (bits)",
    "pitch range (semitones)",
    "notes a bar",
    "groove consistency",
    "silent time",
)
_LENGTHS, _STEPS = "note lengths as in real music", "steps as in real music"
_REPEATED, _DIFFERENT = "repeated bars", "different bars"
_NEW, _COPIES = "new runs of 8 notes", "whole copies"
_LARGEST_STEP = 24  # semitones; larger steps count as this one
_SPLITS = 50


@dataclass(frozen=True)
class ForgeryTable(Scorecard):
    """A `Scorecard` that knows how far groups of real music are apart; values more than twice as far from the reference have a star.

    Parameters
    ----------
    reference : measure -> value, for real music that no model was trained on.
    floor : measure -> mean distance between two groups of that music, drawn at random.

    Lesson: 10 generative_adversarial_networks.
    """

    reference: dict[str, float]
    floor: dict[str, float]

    def distances(self, name: str) -> dict[str, float]:
        """Return measure -> how far a row is from the reference, for the measures that a forger is to meet (those in `floor`)."""
        return {measure: abs(self.rows[name][measure] - self.reference[measure]) for measure in self.floor}

    def outside(self, name: str, *, times: float = 2.0) -> list[str]:
        """Return the measures in which a row is further from the reference than `times` the floor, or has no value."""
        return [
            measure for measure, gap in self.distances(name).items() if not gap <= times * self.floor[measure] + 1e-9
        ]

    def _cells(self) -> dict[str, list[str]]:
        far = {name: set(self.outside(name)) for name in self.rows}
        return {
            measure: [_shown(row[measure]) + "*" * (measure in far[name]) for name, row in self.rows.items()]
            for measure in next(iter(self.rows.values()))
        }


def forger_rows(
    named_scores: Mapping[str, Iterable[Score]],
    corpus: Iterable[Score] | CorpusIndex,
    *,
    reference: Iterable[Score],
    tunes: npt.ArrayLike | None = None,
    n_bars: int = 4,
    seed: int = 0,
) -> ForgeryTable:
    """Measure groups of short tunes in one voice, and how far each is from real music.

    The floor of a measure is the mean difference between two halves of the reference, split at random 50 times. No forger can be expected to
    come nearer, apart from luck.

    Parameters
    ----------
    named_scores : name -> scores, such as `{"Markov": ..., "GAN": ...}`; about half as many of each as the reference has, in one voice.
    corpus : what the forgers have learnt from, in which copies are looked for; or an index of it.
    reference : real music that no forger has learnt from, at least two scores.
    tunes : for each score of the reference a number that says which tune it comes from. Windows of one tune are alike, so all of them go
        into one half. Without it, each score is a tune of its own.
    n_bars : bars of each score, silent ones at the end included.
    seed : of the splits, and of the scores whose bars are compared.

    Returns
    -------
    A table with a row for each name and one for the reference, "held-out music". The measures:

    "empty bars", "pitch classes a bar", "qualified notes" : MuseGAN's, see `multitrack_row`.
    "scale consistency", "pitch-class entropy (bits)", "pitch range (semitones)", "notes a bar", "groove consistency" : means over the scores
        that have the measure.
    "silent time" : share of the time in which nothing sounds.
    "note lengths as in real music", "steps as in real music" : overlap of the distributions with the reference's, 0 to 1.
    "repeated bars" : share of the bars after the first that have come before in the same score, note for note.
    "different bars" : among equally many bars of each group, the share of those left when all copies but one are taken away. Where a
        forger has found one trick, it is small.
    "new runs of 8 notes" : `ngram_novelty`.
    "whole copies" : share of the scores that are in the corpus, in any key, from the first note to the last. These last two measures have
        no floor: nothing is wrong with music that is new.

    Raises
    ------
    ValueError
        If there is no name, a group or the corpus is empty, the reference has fewer than two scores, or a score has several parts or more bars.

    Examples
    --------
    >>> real = [Score.from_melody([60, 62, 64, 65, 67, 65, 64, 62], 24).transpose(k) for k in range(8)]
    >>> table = forger_rows({"one note": [Score.from_melody([60] * 8, 24)]}, real, reference=real, n_bars=2)
    >>> table.rows["one note"]["notes a bar"], "notes a bar" in table.outside("one note")
    (4.0, False)
    >>> table.rows["one note"]["pitch classes a bar"], "pitch classes a bar" in table.outside("one note")
    (1.0, True)

    Lesson: 10 generative_adversarial_networks.
    """
    groups = {name: _Group(list(scores), name, n_bars) for name, scores in named_scores.items()}
    if not groups:
        raise ValueError("named_scores is empty; give at least one name with its scores")
    real = _Group(list(reference), "reference", n_bars)
    if len(real) < 2:
        raise ValueError(f"reference holds {len(real)} score; two groups of real music need at least two")
    owners = np.arange(len(real)) if tunes is None else np.asarray(tunes)
    if owners.shape != (len(real),):
        raise ValueError(f"tunes has the shape {owners.shape}; give one number for each of the {len(real)} scores")
    if len(np.unique(owners)) < 2:
        raise ValueError("tunes names 1 tune; two groups of real music need at least two")
    index = corpus if isinstance(corpus, CorpusIndex) else CorpusIndex(corpus)
    rng = np.random.default_rng(seed)
    halves = [_halves(owners, rng) for _ in range(_SPLITS)]
    size = min(*(len(half) for pair in halves for half in pair), *map(len, groups.values()))
    gaps = []
    for first, second in halves:
        one, other = real.measures(first, real, second, size), real.measures(second, real, first, size)
        gaps.append([1 - one[m] if m in (_LENGTHS, _STEPS) else abs(one[m] - other[m]) for m in one])
    floor = dict(zip(one, _means(np.array(gaps)).tolist(), strict=True))
    groups["held-out music"] = real
    everything = np.arange(len(real))
    rows = {}
    for name, group in groups.items():
        places = rng.permutation(len(group))
        rows[name] = group.measures(places, real, everything, size)
        rows[name][_NEW] = ngram_novelty(group.scores, index)
        rows[name][_COPIES] = float(np.mean([_is_copy(score, index) for score in group.scores]))
    reference_row = {measure: rows["held-out music"][measure] for measure in floor}
    return ForgeryTable(rows, {}, reference_row, floor)


class _Group:
    """Scores with what is counted in each, so that many splits of them cost little."""

    def __init__(self, scores: list[Score], name: str, n_bars: int) -> None:
        if not scores:
            raise ValueError(f"{name} holds no scores; give at least one")
        for score in scores:
            if score.n_parts > 1 or score.n_bars > n_bars:
                raise ValueError(f"{name} holds {score!r}; give scores in one part of at most {n_bars} bars")
        self.scores = scores
        self._features = np.array([_features(score, n_bars) for score in scores])  # (n, measures)
        lengths = [score.notes["duration"].astype(np.int64) for score in scores]
        longest = n_bars * max(score.bar_ticks for score in scores)
        self._lengths = np.array([np.bincount(row, minlength=longest + 1)[: longest + 1] for row in lengths])
        steps = [np.concatenate([np.empty(0, np.int64), *(np.diff(p) for _, p in melodic_lines(s))]) for s in scores]
        clipped = [np.clip(row, -_LARGEST_STEP, _LARGEST_STEP) + _LARGEST_STEP for row in steps]
        self._steps = np.array([np.bincount(row, minlength=2 * _LARGEST_STEP + 1) for row in clipped])
        self._bars = [_bars(score, n_bars) for score in scores]
        self._repeats = np.array([(n_bars - len(set(bars))) / max(1, n_bars - 1) for bars in self._bars])

    def __len__(self) -> int:
        return len(self.scores)

    def measures(
        self, places: npt.NDArray[np.int64], other: _Group, others: npt.NDArray[np.int64], size: int
    ) -> dict[str, float]:
        """Return all measures with a floor for the scores at some places; distributions are compared with some of another group."""
        found = dict(zip(_FEATURES, _means(self._features[places]).tolist(), strict=True))
        for label, mine, theirs in ((_LENGTHS, self._lengths, other._lengths), (_STEPS, self._steps, other._steps)):
            found[label] = _overlap(mine[places].sum(axis=0), theirs[others].sum(axis=0))
        found[_REPEATED] = float(self._repeats[places].mean())
        bars = [bar for place in places[:size].tolist() for bar in self._bars[place]]
        found[_DIFFERENT] = len(set(bars)) / len(bars)
        return found


def _halves(owners: npt.NDArray[Any], rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return places in two halves, mixed, in which no owner is in both; they are as near to equal as the order of the owners allows."""
    names, counts = np.unique(owners, return_counts=True)
    order = rng.permutation(len(names))
    so_far = np.cumsum(counts[order])[:-1]  # scores in the first half, if it ends after an owner
    cut = int(np.abs(so_far - len(owners) / 2).argmin()) + 1
    is_first = np.isin(owners, names[order[:cut]])
    return rng.permutation(np.flatnonzero(is_first)), rng.permutation(np.flatnonzero(~is_first))


def _features(score: Score, n_bars: int) -> list[float]:
    total = n_bars * score.bar_ticks
    return [
        empty_bars(score, 0, n_bars=n_bars) if len(score) else 1.0,
        used_pitch_classes(score, 0) if len(score) else math.nan,
        qualified_notes(score, 0) if len(score) else math.nan,
        scale_consistency(score),
        pitch_class_entropy(score),
        pitch_range(score),
        len(score) / n_bars,
        groove_consistency(score),
        1 - float(score.notes["duration"].sum(dtype=np.int64)) / total,
    ]


def _bars(score: Score, n_bars: int) -> list[bytes]:
    """Return the bars as what begins in them, where and for how long."""
    notes, bar = score.notes, score.bar_ticks
    place = notes["onset"].astype(np.int64) // bar
    lines = np.stack([notes["onset"] % bar, notes["duration"], notes["pitch"]], axis=1).astype(np.int32)
    return [lines[place == number].tobytes() for number in range(n_bars)]


def _overlap(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    n = min(len(a), len(b))  # what is beyond, only one of them has
    return float(np.minimum(a[:n] / a.sum(), b[:n] / b.sum()).sum()) if a.sum() and b.sum() else math.nan


def _is_copy(score: Score, index: CorpusIndex) -> bool:
    """Whether all of a melody, in any key, is somewhere in the corpus."""
    return len(score) > 1 and ngram_novelty(score, index, n=len(score)) == 0


def _means(table: Floats) -> Floats:
    """Return the mean of each column over the values that are there, NaN where there is none."""
    there = ~np.isnan(table)
    counts = there.sum(axis=0)
    means: Floats = np.where(there, table, 0).sum(axis=0) / np.where(counts > 0, counts, np.nan)
    return means


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
