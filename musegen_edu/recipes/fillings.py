"""How the holes that `chorale_inpainter` fills compare with what Bach wrote in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.datasets import Dataset
from musegen_edu.inpainting import STEP_TICKS, inpaint, n_sixteenths, score_to_grid
from musegen_edu.metrics import CorpusIndex, nearest_tune, ngram_novelty, scale_consistency, voice_leading
from musegen_edu.models.convolutional import ChoraleInpainter
from musegen_edu.recipes.chorale import is_on_grid, random_chorale
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.chorale_codec import VOICES

N_TO_JUDGE = 24
_N = len(VOICES)


def judge_fillings(model: ChoraleInpainter, chorales: Dataset, *, seed: int) -> dict[str, Any]:
    """Return how fillings compare with what Bach wrote in the same places, drawn in 64 Gibbs steps and all at once.

    `two_bars`: two bars in the middle are erased in all voices, and judged alone. `alto`: the alto is erased from beginning to end.
    `everything`: nothing is left but meter, key, length and fermatas. `random` are Bach's rhythms with pitches drawn from each
    voice's range. All from temperature 1, on the first `N_TO_JUDGE` test chorales.
    """
    pairs = zip(chorales.test, chorales.rows("test"), strict=True)
    real = [(score, row.fermatas) for score, row in pairs if is_on_grid(score)][:N_TO_JUDGE]
    corpus = CorpusIndex(chorales.train)
    bars = [_middle_bar(score) for score, _ in real]
    rows: dict[str, Any] = {}
    for hole in ("two_bars", "alto", "everything"):
        erased = [holes_of(score, hole) for score, _ in real]
        groups: dict[str, list[Score]] = {"bach": [score for score, _ in real]}
        for name, n_steps in (("gibbs", 64), ("one_step", 1)):
            groups[name] = [
                inpaint(score, cells, model=model, n_steps=n_steps, seed=seed + number, fermatas=held)
                for number, ((score, held), cells) in enumerate(zip(real, erased, strict=True))
            ]
        if hole == "everything":
            groups["random"] = [random_chorale(score, seed=seed + number) for number, (score, _) in enumerate(real)]
        rows[hole] = {}
        for name, scores in groups.items():
            agreed = [
                agreement_in(score, other, cells) for (score, _), other, cells in zip(real, scores, erased, strict=True)
            ]
            if hole == "two_bars":
                scores = [score.slice_bars(bar, bar + 1) for score, bar in zip(scores, bars, strict=True)]
            row = filling_row(scores, corpus)
            if hole == "two_bars":  # too short to be called a copy
                del row["novelty_of_8_note_runs"], row["longest_copy"]
            rows[hole][name] = {**row, "cells_as_bach": round(float(np.mean(agreed)), 4)}
    return rows


def holes_of(score: Score, hole: str) -> npt.NDArray[np.bool_]:
    """Return the cells of one of the holes that `judge_fillings` tells of: (4, n)."""
    cells = np.zeros((_N, n_sixteenths(score)), np.bool_)
    if hole == "two_bars":
        first = score.pickup + (_middle_bar(score) - 1) * score.bar_ticks
        cells[:, first // STEP_TICKS : (first + 2 * score.bar_ticks) // STEP_TICKS] = True
    elif hole == "alto":
        cells[1] = True
    else:
        cells[:] = True
    return cells


def _middle_bar(score: Score) -> int:
    return max(1, score.n_bars // 2)


def filling_row(scores: Sequence[Score], corpus: CorpusIndex) -> dict[str, float]:
    """Return what voices do in some chorales, how dense they are, and how new."""
    found = voice_leading(scores)
    notes = sum(len(score) for score in scores)
    quarters = sum(score.duration for score in scores) / TICKS_PER_QUARTER
    repeats = kept = 0
    for score in scores:
        for part in score.parts():
            onset, end, pitch = (part.notes[name].astype(np.int64) for name in ("onset", "duration", "pitch"))
            follows = onset[1:] == (onset + end)[:-1]
            repeats += int((follows & (pitch[1:] == pitch[:-1])).sum())
            kept += int(follows.sum())
    return {
        "parallels_per_100_chord_changes": round(found.parallels_per_100_changes, 3),
        "bars_with_crossed_voices": round(found.crossed_share, 4),
        "scale_consistency": round(float(np.mean([scale_consistency(score) for score in scores])), 4),
        "notes_a_quarter": round(notes / quarters, 3),
        "repeated_of_following_notes": round(repeats / max(1, kept), 4),
        "sixteenths_of_notes": round(
            sum(int((score.notes["duration"] <= STEP_TICKS).sum()) for score in scores) / notes, 4
        ),
        "novelty_of_8_note_runs": round(float(ngram_novelty(scores, corpus)), 4),
        "longest_copy": round(max(nearest_tune(score, corpus)[1] for score in scores), 4),
    }


def agreement_in(real: Score, other: Score, cells: npt.NDArray[np.bool_]) -> float:
    """Return in what share of some cells, (4, n), two chorales sound the same pitch."""
    first, second = (
        score_to_grid(score, n_steps=cells.shape[1])[0][:, :_N] for score in (real, other.replace(key=real.key))
    )
    return float((first == second)[cells.T].mean())
