"""What a `StyleCycle` is measured to do, beside what it must beat: how much of the new style, how much of the tune, and what else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.four_bars import FourBarWindows
from musegen_edu.metrics import CorpusIndex, ngram_novelty, note_density, scale_consistency
from musegen_edu.metrics.content import content_kept
from musegen_edu.models.style_cycle import StyleCycle
from musegen_edu.pretrained import load_pretrained
from musegen_edu.style_baselines import beat_rule, latent_arithmetic, transposed_to_register
from musegen_edu.style_judging import VIEWS, StyleJudge, train_style_judge
from musegen_edu.style_windows import STYLES, style_windows
from musegen_edu.tokens.four_bar_codec import FourBarCodec

Symbols = npt.NDArray[np.int32]

AMOUNTS = (0.0, 0.5, 1.0, 1.5, 2.0)  # of the latent difference between two styles
_SEED = 1


def judge_style_cycle(
    model: StyleCycle, judges: Mapping[str, StyleJudge] | None = None, *, split: str = "test"
) -> dict[str, Any]:
    """Return all rows of the table, for both directions: from each style's windows of a part, told in the other style.

    The keys are such as "reel to chorale", then the names of the rows: `as it is` (nothing done), `transposed`, `rule`, `latent 1`
    (latent arithmetic with the whole difference), `cycle` and `cycle, drawn` (with noise); `another` is a real tune of the wanted style, paired
    by lot: its style score is what the judge says of real music, its content score what chance gives.
    """
    if judges is None:
        judges = {view: train_style_judge(view) for view in VIEWS}
    known = {style: style_windows(style, "train") for style in STYLES}
    some = {style: style_windows(style, split) for style in STYLES}
    vae = load_pretrained("melody_vae")
    found: dict[str, Any] = {}
    for source, target in (STYLES, STYLES[::-1]):
        start = some[source].symbols
        told = {
            "another": _another(some[target].symbols, len(start)),
            "as it is": start,
            "transposed": _transposed(some[source], known[target]),
            "rule": beat_rule(start, target),
            **{
                f"latent {amount:g}": latent_arithmetic(
                    vae, start, known[source].symbols, known[target].symbols, amount=amount
                )
                for amount in AMOUNTS
            },
            "cycle": model.transfer(start, target, averaged=False),
            "cycle, drawn": model.transfer(start, target, seed=_SEED, averaged=False),
        }
        corpus = CorpusIndex([known[target].score(i) for i in range(len(known[target]))])
        seen = known[target].symbols
        found[f"{source} to {target}"] = {
            name: style_row(rows, start, target, judges, corpus=corpus, seen=seen) for name, rows in told.items()
        }
        there = model.transfer(start, target, averaged=False)
        back = content_kept(model.transfer(there, source, averaged=False), start)
        found[f"{source} to {target}"]["back again"] = {name: _round(values.mean()) for name, values in back.items()}
    return found


def style_row(
    told: Symbols,
    original: Symbols,
    style: str,
    judges: Mapping[str, StyleJudge],
    *,
    corpus: CorpusIndex | None = None,
    seen: Symbols | None = None,
) -> dict[str, float]:
    """Return one row of the table: style scores, content scores, and what would give noise away.

    Parameters
    ----------
    told, original : symbols of `FourBarCodec`, (n, 64) each.
    style : the wanted one.
    judges : by view; each gives the share of the tunes that it takes for the style, `style`, `style by pitches`, `style by rhythm`.
    corpus, seen : the training music of the style, for `novelty` (the share of runs of 8 notes that are not in it) and `copies` (whole
        windows that are in it); both are left out if None.

    Examples
    --------
    >>> line = np.tile([18, 1, 20, 1], (2, 16))
    >>> style_row(line, line, "reel", {})["content"]
    1.0

    Lesson: 11 hybrid_gans.
    """
    scores = [FourBarCodec().decode(row) for row in told]
    row = {
        "style" if view == "everything" else f"style by {view}": _round(judge.share(told, style))
        for view, judge in judges.items()
    }
    row |= {name: _round(values.mean()) for name, values in content_kept(told, original).items()}
    row["notes_a_bar"] = _round(np.nanmean([note_density(score) for score in scores]))
    row["scale_consistency"] = _round(np.nanmean([scale_consistency(score) for score in scores]))
    row["mean_step"] = _round(np.nanmean([_mean_step(score.notes["pitch"]) for score in scores]))
    if corpus is not None:
        row["novelty"] = _round(ngram_novelty(scores, corpus))
    if seen is not None:
        known = {window.tobytes() for window in seen}
        row["copies"] = float(sum(window.tobytes() in known for window in np.asarray(told, np.int32)))
    return row


def _mean_step(pitches: npt.NDArray[Any]) -> float:
    """Return the mean size of the steps from note to note, in semitones."""
    return float(np.abs(np.diff(pitches.astype(int))).mean()) if len(pitches) > 1 else float("nan")


def _transposed(windows: FourBarWindows, target: FourBarWindows) -> Symbols:
    codec = FourBarCodec()
    tunes, wanted = ([heap.score(i) for i in range(len(heap))] for heap in (windows, target))
    return np.array([codec.encode(tune) for tune in transposed_to_register(tunes, wanted)])


def _another(target: Symbols, n: int) -> Symbols:
    rng = np.random.default_rng(_SEED)
    chosen = np.concatenate([rng.permutation(len(target)) for _ in range(-(-n // len(target)))])[:n]
    return np.asarray(target[chosen])


def _round(value: Any) -> float:
    return round(float(value), 4)
