"""How `next_bar` is made, from the folk tunes to its card, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musegen_edu.bar_loop import draw_bars
from musegen_edu.crnn_batches import BarBatches, nats_per_step
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics import CorpusIndex, scorecard
from musegen_edu.models.next_bar import N_READ, NextBar
from musegen_edu.next_bars import chain_bars, chain_losses, fit_bar_chain, repeated_bars, symbols_to_score
from musegen_edu.recipes.making import fit_to_store, save_result
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import N_STEPS, N_SYMBOLS, FourBarCodec, in_four_four
from musegen_edu.training import EpochReport, Profile

# `embedding` is the number of features that the reader keeps of a sixteenth; the channels and the symbols' vectors follow from it.
NEXT_BAR_PROFILES = {
    "quick": Profile("quick", 2, 2, 32, 5e-3, 1e-3, 32, 64, 1, 0.0, n_tunes=400),
    "full": Profile("full", 5, 3, 32, 4e-3, 1e-2, 40, 96, 1, 0.2),
}
EVEN_METERS = ((4, 4), (2, 2), (2, 4))
MARKOV_ORDERS = (0, 1, 2, 4, 6, 8)
N_NEW_BARS = 5  # that are written when a model is judged, after three real ones
N_TO_JUDGE = 64


def train_next_bar(
    kind: str,
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train a `NextBar` of one kind on the folk tunes, measure it, and write its weights and card.

    The CRNN is called `next_bar`; `next_bar_cnn` and `next_bar_rnn` have as many parameters. The validation tunes choose the best epoch; the
    test tunes are looked at once, at the end, with the weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    profile = NEXT_BAR_PROFILES.get(profile.name, profile)
    name = "next_bar" if kind == "crnn" else f"next_bar_{kind}"
    folk = load_dataset("folk")
    train, valid, test = (
        list(four_bar_windows(tunes)) for tunes in (folk.train[: profile.n_tunes], folk.valid, folk.test)
    )
    model = next_bar_network(kind, profile, seed=seed)
    reports = fit_to_store(
        name,
        model,
        train,
        valid,
        profile=profile,
        seed=seed,
        verbose=verbose,
        on_epoch=on_epoch,
        batches=BarBatches,
        loss=nats_per_step,
    )
    card = {
        "data": {
            "name": folk.name,
            "sha256": folk.sha256,
            "windows": {"train": len(train), "valid": len(valid), "test": len(test)},
        },
        "metrics": {
            "valid_nats_per_step": round(nats_per_step(model, valid), 4),
            "test_nats_per_step": round(nats_per_step(model, test), 4),
            "markov_test_nats_per_step": {
                str(order): round(float(chain_losses(fit_bar_chain(train, order=order), test).mean()), 4)
                for order in MARKOV_ORDERS
            },
            "uniform_nats_per_step": round(float(np.log(N_SYMBOLS - 1)), 4),
            "scorecard": judge_bars(model, train, order=best_order(train, valid), seed=seed),
        },
        "licence": "weights: MIT; trained on tunes in the public domain",
    }
    return save_result(
        name, model, FourBarCodec(), profile=profile, seed=seed, epochs=reports, card=card, folder=folder
    )


def next_bar_network(kind: str, profile: Profile, *, seed: int) -> NextBar:
    """Return an untrained network of a profile's size."""
    return NextBar(
        kind,
        channels=max(1, profile.embedding // 5),
        features=profile.embedding,
        embedding=max(1, profile.embedding // 4),
        units=profile.units,
        dropout=profile.dropout,
        seed=seed,
    )


def four_bar_windows(tunes: Sequence[Score]) -> npt.NDArray[np.int32]:
    """Return all runs of four bars of the tunes in even time, (n, 64)."""
    codec = FourBarCodec()
    return np.concatenate([codec.windows(tune) for tune in tunes])


def eight_bars(tunes: Sequence[Score]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Return bars 1 to 8 of the tunes that have them, (n, 128) symbols, and the tunes' keys.

    Examples
    --------
    >>> lines, keys = eight_bars([Score.from_melody([67, 69, 71, 72] * 9, 24, key="G major")])
    >>> lines.shape, keys
    ((1, 128), ['G major'])

    Lesson: 08 cnn_rnn.
    """
    codec, lines, keys = FourBarCodec(), [], []
    for tune in tunes:
        if (tune.meter in EVEN_METERS) and (whole := in_four_four(tune)).n_bars > 8:
            halves = [codec.windows(whole.slice_bars(first, first + 3)) for first in (1, 5)]
            if all(len(half) == 1 for half in halves):
                lines.append(np.concatenate(halves, axis=None))
                keys.append(tune.key or "C major")
    return np.array(lines, np.int32).reshape(-1, 2 * N_STEPS), keys


def best_order(train: Sequence[npt.NDArray[np.int32]], valid: Sequence[npt.NDArray[np.int32]]) -> int:
    """Return the order of the Markov chain that is least surprised by some of the validation windows."""
    some = valid[:: max(1, len(valid) // 400)]
    return min(MARKOV_ORDERS, key=lambda order: float(chain_losses(fit_bar_chain(train, order=order), some).mean()))


def judge_bars(
    model: NextBar, train: Sequence[npt.NDArray[np.int32]], *, order: int, seed: int
) -> dict[str, dict[str, float]]:
    """Return what the next five bars are like, after three real bars of test tunes: the model's own, the simple means' and the real ones.

    Each row is one of `musegen_edu.metrics.scorecard`, of the new bars alone; the Markov chain has the given order.
    """
    folk = load_dataset("folk")
    lines, keys = eight_bars(folk.test)
    lines, keys = lines[:N_TO_JUDGE], keys[:N_TO_JUDGE]
    starts, n_new = lines[:, :N_READ], N_NEW_BARS
    chains = {n: fit_bar_chain(train, order=n) for n in (0, order)}
    written = {
        "chance": chain_bars(chains[0], starts, n_bars=n_new, seed=seed),
        "Markov": chain_bars(chains[order], starts, n_bars=n_new, seed=seed),
        "last bar again": repeated_bars(starts, n_bars=n_new),
        model.kind: draw_bars(model, starts, n_bars=n_new, seed=seed),
        "real music": lines[:, N_READ:],
    }
    scores = {
        name: [symbols_to_score(bars, key=key) for bars, key in zip(rows, keys, strict=True)]
        for name, rows in written.items()
    }
    reference = [in_four_four(tune) for tune in folk.valid if tune.meter in EVEN_METERS]
    card = scorecard(scores, CorpusIndex(folk.train), reference=reference)
    return {
        name: {measure: round(float(value), 4) for measure, value in row.items()} for name, row in card.rows.items()
    }
