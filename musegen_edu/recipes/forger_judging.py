"""What forgers of four-bar tunes are measured to do, beside their rivals and real music."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musegen_edu.forging import RIVALS, Forger, forged_scores, rival_scores
from musegen_edu.four_bars import FourBarWindows
from musegen_edu.metrics import CorpusIndex
from musegen_edu.metrics.forgeries import ForgeryTable, forger_rows
from musegen_edu.score import Score
from musegen_edu.tokens import FourBarCodec

N_SAMPLES = 300  # of each forger: half as many as there are held-out windows


def judge_forgers(
    forgers: Mapping[str, Forger], train: FourBarWindows, test: FourBarWindows, *, seed: int, rivals: bool = True
) -> dict[str, Any]:
    """Return the rows of `forger_table` for a card: values, floor, and in which measures each is out of reach of real music."""
    table = forger_table(forgers, train, test, seed=seed, rivals=rivals)
    return {
        "samples": N_SAMPLES,
        "rows": {name: {key: _rounded(value) for key, value in row.items()} for name, row in table.rows.items()},
        "real_to_real": {key: _rounded(value) for key, value in table.floor.items()},
        "beyond_twice_real_to_real": {name: table.outside(name) for name in table.rows},
    }


def forger_table(
    forgers: Mapping[str, Forger], train: FourBarWindows, test: FourBarWindows, *, seed: int, rivals: bool = True
) -> ForgeryTable:
    """Return the table of forgers, with their averaged generators, the last step's generator of the first of them, rivals and real music.

    Parameters
    ----------
    forgers : name -> model, such as `{"GAN": load_pretrained("four_bar_gan")}`.
    train, test : what they have learnt from, and what none has seen.
    seed : of all draws.
    rivals : whether the rivals of `rival_scores` have rows too.
    """
    codec = FourBarCodec()
    known = [codec.decode(row) for row in train.symbols]
    some = np.random.default_rng(seed).permutation(len(known))[:N_SAMPLES]
    groups: dict[str, list[Score]] = {}
    if rivals:
        groups = {name: rival_scores(name, N_SAMPLES, seed=seed) for name in RIVALS}
    for name, forger in forgers.items():
        groups[name] = forged_scores(forger, N_SAMPLES, seed=seed)
    first = next(iter(forgers))
    groups[f"{first}, last step"] = forged_scores(forgers[first], N_SAMPLES, seed=seed, averaged=False)
    groups["training music"] = [known[place] for place in some]
    reference = [codec.decode(row) for row in test.symbols]
    return forger_rows(groups, CorpusIndex(known), reference=reference, tunes=test.tune, seed=seed)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
