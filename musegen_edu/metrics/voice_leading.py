"""Voice leading: how several voices move against each other, counted as a teacher of harmony would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score
from musegen_edu.tokens.chorale_codec import VOICE_RANGES

_SILENT = -1
_FIFTH, _OCTAVE = 7, 0  # semitones, octaves apart


@dataclass(frozen=True)
class VoiceLeading:
    """Counts from one score or many, and rates to compare them by.

    Parameters
    ----------
    chord_changes : moments at which at least one voice moves to another pitch.
    parallel_fifths, parallel_octaves : pairs of voices that move in the same direction from one fifth to another (or twelfth), or from
        one octave or unison to another; at each change each pair of voices can count once.
    bars : bars with music, and `crossed_bars` those in which somewhere a voice lies above the one that should be over it.
    notes : notes of all voices, and `out_of_range` those that lie outside the range of their voice.

    Lesson: 06 lstm_and_gru.
    """

    chord_changes: int
    parallel_fifths: int
    parallel_octaves: int
    bars: int
    crossed_bars: int
    notes: int
    out_of_range: int

    @property
    def parallels_per_100_changes(self) -> float:
        """Parallel fifths and octaves together, for each hundred chord changes; NaN without a change."""
        count = self.parallel_fifths + self.parallel_octaves
        return 100 * count / self.chord_changes if self.chord_changes else float("nan")

    @property
    def crossed_share(self) -> float:
        """Share of the bars in which voices cross; NaN without a bar."""
        return self.crossed_bars / self.bars if self.bars else float("nan")

    @property
    def faults(self) -> int:
        """Everything together: parallels, bars with crossings, notes out of range."""
        return self.parallel_fifths + self.parallel_octaves + self.crossed_bars + self.out_of_range

    def __add__(self, other: VoiceLeading) -> VoiceLeading:
        """Return the counts of both together."""
        mine, others = vars(self), vars(other)
        return VoiceLeading(**{name: mine[name] + others[name] for name in mine})


def voice_leading(scores: Score | Iterable[Score], *, ranges: Sequence[tuple[int, int]] = VOICE_RANGES) -> VoiceLeading:
    """Count parallel fifths and octaves, crossed voices and notes out of range.

    The music is looked at wherever a note begins or ends. Voices that repeat their pitches or move in contrary motion make no
    parallels, and neither does a voice that comes out of a rest. Bach's own chorales have some: passing notes in two voices, and the
    step from the end of one line to the beginning of the next, count here though he would not have counted them.

    Parameters
    ----------
    scores : one or many; their parts from the highest voice to the lowest, one note at a time each.
    ranges : lowest and highest MIDI pitch of each voice.

    Raises
    ------
    ValueError
        If a score has another number of parts than there are ranges, or two notes at once in a part.

    Examples
    --------
    >>> fifths = Score.from_notes([(0, 24, 67, 80, 0), (24, 24, 69, 80, 0), (0, 24, 60, 80, 1), (24, 24, 62, 80, 1)], programs=(0, 0))
    >>> found = voice_leading(fifths, ranges=[(60, 81), (53, 74)])
    >>> found.chord_changes, found.parallel_fifths, found.parallels_per_100_changes
    (1, 1, 100.0)

    References
    ----------
    The rules of parallel motion are those of J. J. Fux, "Gradus ad Parnassum", 1725.
    Lesson: 06 lstm_and_gru.
    """
    total = VoiceLeading(0, 0, 0, 0, 0, 0, 0)
    for score in [scores] if isinstance(scores, Score) else scores:
        total += _count(score, ranges)
    return total


def _count(score: Score, ranges: Sequence[tuple[int, int]]) -> VoiceLeading:
    if score.n_parts != len(ranges):
        raise ValueError(f"score has {score.n_parts} parts and ranges {len(ranges)}; there must be one range a part")
    notes = score.notes
    ticks = np.unique(np.concatenate([notes["onset"], notes["onset"] + notes["duration"]]))
    chords = sounding_pitches(score, ticks[:-1] if len(ticks) else ticks)  # (moments, voices)
    before, after = chords[:-1], chords[1:]
    both = (before != _SILENT) & (after != _SILENT)
    moves = np.where(both, np.sign(after - before), 0)  # (changes, voices): -1, 0 or 1
    counts = {_FIFTH: 0, _OCTAVE: 0}
    for upper, lower in combinations(range(score.n_parts), 2):
        together = (moves[:, upper] != 0) & (moves[:, upper] == moves[:, lower])
        first, second = ((chord[:, upper] - chord[:, lower]) % 12 for chord in (before, after))
        for interval in counts:
            counts[interval] += int((together & (first == interval) & (second == interval)).sum())

    high, low = chords[:, :-1], chords[:, 1:]
    crossed = ((high < low) & (high != _SILENT) & (low != _SILENT)).any(axis=1)
    lines = score.barlines()
    # each moment lasts until the next: a crossing that is held over a bar line counts in both bars
    bars: set[int] = set()
    for start, stop in zip(ticks[:-1][crossed], ticks[1:][crossed], strict=True):
        first_bar, last_bar = np.searchsorted(lines, [start, stop - 1], side="right")
        bars.update(range(int(first_bar), int(last_bar) + 1))
    limits = np.array(ranges)[notes["part"]]  # (notes, 2)
    outside = (notes["pitch"] < limits[:, 0]) | (notes["pitch"] > limits[:, 1]) if len(notes) else np.zeros(0, np.bool_)
    return VoiceLeading(
        chord_changes=int((moves != 0).any(axis=1).sum()),
        parallel_fifths=counts[_FIFTH],
        parallel_octaves=counts[_OCTAVE],
        bars=score.n_bars if len(notes) else 0,
        crossed_bars=len(bars),
        notes=len(notes),
        out_of_range=int(outside.sum()),
    )


def sounding_pitches(score: Score, ticks: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return what each part sounds at some moments: MIDI pitches, (moments, parts), -1 for silence.

    Parameters
    ----------
    score : one note at a time in each part.
    ticks : the moments, in any order.

    Examples
    --------
    >>> sounding_pitches(Score.from_melody([60, None, 64], 24), np.array([0, 23, 24, 50])).ravel().tolist()
    [60, 60, -1, 64]
    """
    chords = np.full((len(ticks), score.n_parts), _SILENT, np.int64)
    for number, part in enumerate(score.parts()):
        onsets = part.notes["onset"].astype(np.int64)
        ends = onsets + part.notes["duration"]
        if (onsets[1:] < ends[:-1]).any():
            raise ValueError(f"part {number} has notes that sound together; a voice sings one at a time")
        if len(onsets) == 0:
            continue
        latest = np.searchsorted(onsets, ticks, side="right") - 1
        is_sounding = (latest >= 0) & (ticks < ends[latest])
        chords[:, number] = np.where(is_sounding, part.notes["pitch"][latest], _SILENT)
    return chords
