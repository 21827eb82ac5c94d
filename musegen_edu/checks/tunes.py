"""What several checks ask of a tune: how much of it is copied, which notes lie outside its key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from musegen_edu.keys import key_to_pitch_classes, parse_key, pitch_to_name
from musegen_edu.metrics import CorpusIndex, nearest_tune
from musegen_edu.score import Score


def longest_copied_run(score: Score, training: Iterable[Score] | CorpusIndex) -> int:
    """Return how many notes the longest passage has that one of the parts shares with a training tune, in any key.

    Examples
    --------
    >>> old = Score.from_melody([60, 62, 64, 65, 67], 24)
    >>> longest_copied_run(Score.from_melody([67, 69, 71, 72, 60], 24), [old])
    4
    """
    runs = []
    for part in score.parts():
        onsets = set(part.notes["onset"].tolist())  # of a chord, the top note is the melody
        if len(onsets) > 1:
            runs.append(round(nearest_tune(part, training)[1] * len(onsets)))
    return max(runs, default=0)


def notes_outside_key(score: Score, key: str) -> list[tuple[str, int]]:
    """Return name and bar of each note outside a key's scale; in minor the raised sixth and seventh belong to it.

    Examples
    --------
    >>> notes_outside_key(Score.from_melody([67, 66, 65], 48), "G major")
    [('F4', 2)]
    """
    scale = set(key_to_pitch_classes(key))
    tonic, mode = parse_key(key)
    if mode == "minor":
        scale |= {(tonic + 9) % 12, (tonic + 11) % 12}
    first = score.pickup - score.bar_ticks if score.pickup else 0
    return [
        (pitch_to_name(pitch, key), (onset - first) // score.bar_ticks + (0 if score.pickup else 1))
        for onset, pitch in score.notes[["onset", "pitch"]].tolist()
        if pitch % 12 not in scale
    ]


def first_difference(score: Score, start: Score) -> int | None:
    """Return the number, from 1, of the first note of `start` that `score` does not begin with, or None.

    Examples
    --------
    >>> first_difference(Score.from_melody([60, 62, 65], 24), Score.from_melody([60, 64], 24))
    2
    """
    mine, given = (_onsets_and_pitches(one) for one in (score, start))
    for number, note in enumerate(given, start=1):
        if number > len(mine) or mine[number - 1] != note:
            return number
    return None


def _onsets_and_pitches(score: Score) -> Sequence[tuple[int, int]]:
    rows: list[tuple[int, int]] = score.notes[["onset", "pitch"]].tolist()
    return rows
