"""Is it new, or copied? Melodies compared with a corpus, whatever key they are in.

A melody of n notes is written as n - 1 moves: the interval to the next note in semitones, and the time to it in ticks. Moving a
tune to another key, or playing its notes shorter with rests between, changes no move.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from musegen_edu.metrics.distributions import melodic_lines
from musegen_edu.score import Score

_SEED_MOVES = 3  # a copy is looked for where so many moves in a row are the same
_MAX_MEETINGS = 5_000_000  # of a melody and a corpus; more would take too much memory
_MIX = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)


class CorpusIndex:
    """The melodies of a corpus, prepared for being searched.

    Making one takes a second for a few thousand tunes; `ngram_novelty`, `nearest_tune` and `scorecard` take it in place of
    the corpus, so that the work is done once.

    Parameters
    ----------
    corpus : scores; every pitched part is a melody of its own, of which the highest notes count.

    Raises
    ------
    ValueError
        If there is no score.

    Examples
    --------
    >>> index = CorpusIndex([Score.from_melody([60, 62, 64, 65, 67], 24)])
    >>> len(index)
    1

    Lesson: 13 evaluation_and_improvement.
    """

    def __init__(self, corpus: Iterable[Score]) -> None:
        lines, owners = [], []
        self._n_scores = 0
        for number, score in enumerate(corpus):
            self._n_scores += 1
            for moves in _melodies_as_moves(score):
                lines.append(np.append(moves, np.uint64(0)))  # a move that no melody has keeps the tunes apart
                owners.append(np.full(len(moves) + 1, number, np.int32))
        if self._n_scores == 0:
            raise ValueError("corpus is empty; give at least one score")
        self._moves = np.concatenate([np.empty(0, np.uint64), *lines])  # (moves of all tunes,)
        self._owner = np.concatenate([np.empty(0, np.int32), *owners])  # the tune that each move belongs to
        self._grams: dict[int, npt.NDArray[np.uint64]] = {}
        self._seeds: dict[int, tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        """Return the number of scores."""
        return self._n_scores

    def knows(self, grams: npt.NDArray[np.uint64], n_moves: int) -> npt.NDArray[np.bool_]:
        """Return for each gram of `n_moves` moves, as `gram_codes` codes it, whether the corpus has it."""
        if n_moves not in self._grams:
            self._grams[n_moves] = np.unique(gram_codes(self._moves, n_moves))
        known = self._grams[n_moves]
        if len(known) == 0:
            return np.zeros(len(grams), np.bool_)
        return np.asarray(known[np.minimum(np.searchsorted(known, grams), len(known) - 1)] == grams)

    def longest_run(self, moves: npt.NDArray[np.uint64]) -> tuple[int, int]:
        """Return the tune that shares the longest run of moves with a melody, and the length of the run in moves.

        The earliest tune wins a tie; where nothing is shared it is tune 0 with a run of 0.
        """
        for seed in (_SEED_MOVES, 1):
            first, stop = self._places(moves, seed)
            n_meetings = int((stop - first).sum())
            if n_meetings > _MAX_MEETINGS:
                return self._longest_run_step_by_step(moves)
            if n_meetings:
                return self._longest_run_from_seeds(seed, first, stop)
        return 0, 0

    def _places(self, moves: npt.NDArray[np.uint64], seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return for each `seed` moves of the melody the range of rows in `_seeds` with the places that have the same."""
        if seed not in self._seeds:
            codes = gram_codes(self._moves, seed)
            order = np.argsort(codes, kind="stable")
            self._seeds[seed] = codes[order], order
        codes, _ = self._seeds[seed]
        wanted = gram_codes(moves, seed)
        return np.searchsorted(codes, wanted, side="left"), np.searchsorted(codes, wanted, side="right")

    def _longest_run_from_seeds(
        self, seed: int, first: npt.NDArray[np.int64], stop: npt.NDArray[np.int64]
    ) -> tuple[int, int]:
        """Join the places where a few moves are the same into runs: quick where there are not too many."""
        counts = stop - first
        here = np.repeat(np.arange(len(counts)), counts)  # place in the melody, one a meeting
        within = np.arange(len(here)) - np.repeat(np.cumsum(counts) - counts, counts)  # 0, 1, ... for each place
        there = self._seeds[seed][1][np.repeat(first, counts) + within]  # place in the corpus
        # On a diagonal (there - here is constant) meetings that follow one another are one run.
        order = np.lexsort((here, there - here))
        here, there = here[order], there[order]
        starts = np.flatnonzero(np.append(True, (np.diff(here) != 1) | (np.diff(there) != 1)))
        lengths = np.diff(np.append(starts, len(here))) + seed - 1
        best = lengths.max()
        return int(self._owner[there[starts[lengths == best]]].min()), int(best)

    def _longest_run_step_by_step(self, moves: npt.NDArray[np.uint64]) -> tuple[int, int]:
        """Follow the melody move by move against the whole corpus: slower, but never in need of much memory."""
        run = np.zeros(
            len(self._moves) + 1, np.int32
        )  # run[i + 1]: moves that are the same, up to move i of the corpus
        best, tune = 0, 0
        for move in moves:
            run[1:] = np.where(self._moves == move, run[:-1] + 1, 0)
            longest = int(run.max())
            if longest >= best:
                owner = int(self._owner[int(run.argmax()) - 1])
                best, tune = longest, owner if longest > best else min(tune, owner)
        return tune, best


def ngram_novelty(scores: Score | Iterable[Score], corpus: Iterable[Score] | CorpusIndex, *, n: int = 8) -> float:
    """Share of the runs of n notes in some melodies that occur nowhere in a corpus, in any key.

    Two runs are the same when their n - 1 intervals and the n - 1 times from note to note are. Every place in the melodies counts
    once.

    Parameters
    ----------
    scores : one score or many, such as what a model has composed.
    corpus : what it may have copied from, such as its training tunes; an index saves time when it is used again.
    n : notes a run, at least 2.

    Returns
    -------
    0 (all of it is in the corpus) to 1 (nothing is); NaN where no melody has n notes.

    Raises
    ------
    ValueError
        If `n` is less than 2, or the corpus is empty.

    Examples
    --------
    >>> corpus = [Score.from_melody([60, 62, 64, 65, 67, 65], 24)]
    >>> copied_then_new = Score.from_melody([67, 69, 71, 72, 60], 24)
    >>> ngram_novelty(copied_then_new, corpus, n=4)  # of two runs of four notes, the first is in the corpus
    0.5

    Lesson: 01 what_is_generated_music.
    """
    if isinstance(n, bool) or int(n) != n or n < 2:
        raise ValueError(f"n={n!r} must be a whole number of notes, at least 2")
    index = corpus if isinstance(corpus, CorpusIndex) else CorpusIndex(corpus)
    melodies = [scores] if isinstance(scores, Score) else scores
    grams = [gram_codes(moves, n - 1) for score in melodies for moves in _melodies_as_moves(score)]
    all_grams = np.concatenate([np.empty(0, np.uint64), *grams])
    return float(1 - index.knows(all_grams, n - 1).mean()) if len(all_grams) else math.nan


def nearest_tune(score: Score, corpus: Iterable[Score] | CorpusIndex) -> tuple[int, float]:
    """Find the tune of a corpus from which a score takes the longest passage, in any key.

    The similarity is the length in notes of the longest run of notes that both share (the same intervals and the same times
    from note to note) divided by the notes of the score's melody. In a score of several parts, the part with the most similar
    passage counts.

    Parameters
    ----------
    score : the melody to be checked.
    corpus : the tunes, or an index of them.

    Returns
    -------
    The number of the tune in the corpus, from 0, and the similarity: 1 for a complete copy, 0 where not even two notes in a row
    are shared. The earliest tune wins a tie.

    Raises
    ------
    ValueError
        If the corpus is empty, or the score has no melody of at least two notes.

    Examples
    --------
    >>> corpus = [Score.from_melody([60, 64, 67], 24), Score.from_melody([60, 62, 64, 65, 67, 69, 71, 72], 24)]
    >>> nearest_tune(Score.from_melody([74, 76, 78, 79, 60, 72, 59, 71], 24), corpus)  # four notes of eight
    (1, 0.5)

    Lesson: 01 what_is_generated_music.
    """
    index = corpus if isinstance(corpus, CorpusIndex) else CorpusIndex(corpus)
    melodies = [moves for moves in _melodies_as_moves(score) if len(moves)]
    if not melodies:
        raise ValueError(f"score={score!r} has no melody of at least two notes to compare")
    found = []
    for moves in melodies:
        tune, run = index.longest_run(moves)
        found.append(((run + 1) / (len(moves) + 1) if run else 0.0, -tune))
    similarity, minus_tune = max(found)
    return -minus_tune, similarity


def gram_codes(moves: npt.NDArray[np.uint64], n_moves: int) -> npt.NDArray[np.uint64]:
    """Return one number for each run of `n_moves` moves; equal runs have equal numbers, and different ones (nearly) never.

    The numbers have 64 bits: among a million different runs the chance that any two share one is about 1 in 40 million.

    Examples
    --------
    >>> codes = gram_codes(np.array([5, 6, 5, 6], np.uint64), 2)
    >>> len(codes), bool(codes[0] == codes[2]), bool(codes[0] == codes[1])
    (3, True, False)
    """
    length = len(moves) - n_moves + 1
    if length < 1:
        return np.empty(0, np.uint64)
    codes = np.zeros(length, np.uint64)
    for offset in range(n_moves):
        codes = _scramble(codes * _MIX[1] + moves[offset : offset + length] + _MIX[0])
    return codes


def _scramble(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread every bit of each value over all 64 (the last steps of the SplitMix64 generator)."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[1]
    values = (values ^ (values >> np.uint64(27))) * _MIX[2]
    return values ^ (values >> np.uint64(31))


def _melodies_as_moves(score: Score) -> list[npt.NDArray[np.uint64]]:
    """Return for each pitched part its moves, each packed into one number above 0: interval in the low byte, time above it."""
    return [
        (np.diff(onsets).astype(np.uint64) << np.uint64(8)) + (np.diff(pitches) + 128).astype(np.uint64)
        for onsets, pitches in melodic_lines(score)
    ]
