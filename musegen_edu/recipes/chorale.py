"""How `chorale_lstm` is made, from Bach's chorales to its card, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.chorale_batches import ChoraleBatches, nats_per_voice
from musegen_edu.datasets import Dataset, load_dataset
from musegen_edu.harmonising import compose_chorale, harmonise
from musegen_edu.metrics import CorpusIndex, nearest_tune, ngram_novelty, voice_leading
from musegen_edu.models.chorale import ChoraleLSTM
from musegen_edu.models.markov import MarkovModel
from musegen_edu.recipes.making import drawn, fit_to_store, save_result
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens.chorale_codec import (
    HOLD,
    N_SYMBOLS,
    VOICE_RANGES,
    VOICES,
    ChoraleCodec,
    ChoralePlan,
    Table,
)
from musegen_edu.tokens.vocabulary import PAD
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes: chorales are fewer, and the network is another one. `units` is the width of the network that
# sets the lower voices; the others follow from it.
CHORALE_PROFILES = {
    "quick": Profile("quick", 8, 8, 8, 8e-3, 1e-3, 16, 96, 1, 0.1),
    "full": Profile("full", 40, 10, 8, 5e-3, 1e-2, 24, 192, 1, 0.3),
}
MARKOV_ORDERS = (1, 2, 3)
N_TO_JUDGE = 32


def train_chorale_lstm(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `chorale_lstm` on Bach's chorales, measure it, and write its weights and card.

    Each chorale comes in another key in each epoch. The validation chorales choose the best epoch; the test chorales, settings
    of other hymn tunes, are looked at once, at the end, with the weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    profile = CHORALE_PROFILES.get(profile.name, profile)
    chorales, codec = load_dataset("chorales"), ChoraleCodec()
    train, valid, test = (chorale_tables(chorales, split) for split in ("train", "valid", "test"))
    train = drawn(train, profile, seed=seed)
    model = chorale_network(profile, seed=seed)
    reports = fit_to_store(
        "chorale_lstm",
        model,
        train,
        valid,
        profile=profile,
        seed=seed,
        verbose=verbose,
        on_epoch=on_epoch,
        batches=ChoraleBatches,
        loss=lambda model, tables: float(nats_per_voice(model, tables).mean()),
    )
    model.codec = codec
    card = {
        "data": {
            "name": chorales.name,
            "sha256": chorales.sha256,
            "train": len(train),
            "valid": len(valid),
            "test": len(test),
            "left_out": "four chorales with notes shorter than a sixteenth",
        },
        "metrics": {
            "nats_per_symbol": chorale_losses(model, train, valid, test),
            **judge_chorales(model, chorales, train, seed=seed),
        },
        "licence": "weights: MIT; trained on music in the public domain",
    }
    return save_result(
        "chorale_lstm", model, codec, profile=profile, seed=seed, epochs=reports, card=card, folder=folder
    )


def chorale_network(profile: Profile, *, seed: int) -> ChoraleLSTM:
    """Return an untrained network of a profile's size."""
    two_thirds = max(1, 2 * profile.units // 3)
    return ChoraleLSTM(
        embedding=profile.embedding,
        soprano_units=two_thirds,
        reader_units=max(1, profile.units // 2),
        units=profile.units,
        hidden=two_thirds,
        dropout=profile.dropout,
        seed=seed,
    )


def chorale_tables(chorales: Dataset, split: str) -> list[Table]:
    """Return the tables of the chorales of one part that lie on the grid of sixteenths: all but four of 375."""
    codec = ChoraleCodec()
    pairs = zip(getattr(chorales, split), chorales.rows(split), strict=True)
    return [codec.encode(score, row.fermatas) for score, row in pairs if is_on_grid(score)]


def is_on_grid(score: Score) -> bool:
    """Return whether all notes begin and end on the grid of sixteenths."""
    return not (score.notes["onset"] % 6).any() and not (score.notes["duration"] % 6).any()


def chorale_losses(
    model: ChoraleLSTM, train: Sequence[Table], valid: Sequence[Table], test: Sequence[Table]
) -> dict[str, Any]:
    """Return losses in nats a symbol: the network's for each voice, and what Markov chains and chance have on the test chorales.

    Every model tells one symbol a voice and sixteenth, hold included; a Markov chain of order n is told the n symbols before in the
    same voice, in a chorale moved to C, and nothing of the other voices or the plan.
    """

    def lines(tables: Sequence[Table], voice: int) -> list[Any]:
        return [np.concatenate([[PAD], table[:, voice]]) for table in tables]

    markov = {
        str(order): float(
            np.mean(
                [
                    MarkovModel(order, N_SYMBOLS).fit(lines(train, voice)).nats_per_token(lines(test, voice))
                    for voice in range(len(VOICES))
                ]
            )
        )
        for order in MARKOV_ORDERS
    }
    by_voice = nats_per_voice(model, test)
    return {
        "valid": round(float(nats_per_voice(model, valid).mean()), 4),
        "test": round(float(by_voice.mean()), 4),
        "test_by_voice": {voice: round(float(value), 4) for voice, value in zip(VOICES, by_voice, strict=True)},
        "test_markov": {order: round(value, 4) for order, value in markov.items()},
        "test_uniform": round(float(np.log(N_SYMBOLS - 1)), 4),  # all symbols but padding
    }


def judge_chorales(model: ChoraleLSTM, chorales: Dataset, train: Sequence[Table], *, seed: int) -> dict[str, Any]:
    """Return how chorales lead their voices and how new they are: Bach's own, the network's, a Markov chain's and random ones.

    The first `N_TO_JUDGE` test chorales give Bach's row, the sopranos to be harmonised, and the rhythm of the random ones. The network
    draws at temperature 1. `composed` and `harmonised` are what it draws by itself; `..._by_rule` has notes ruled out that would make
    parallels; `..._by_rule_chosen_of_8` is besides the best of eight, as `harmonise` does it.
    """
    pairs = zip(chorales.test, chorales.rows("test"), strict=True)
    real = [(score, row.fermatas) for score, row in pairs if is_on_grid(score)][:N_TO_JUDGE]
    corpus = CorpusIndex(chorales.train)
    plain: dict[str, Any] = {"model": model, "temperature": 1.0, "candidates": 1, "avoid_parallels": False}
    by_rule = {**plain, "avoid_parallels": True}

    def settings_of(options: dict[str, Any]) -> list[Score]:
        return [harmonise(score.part(0), fermatas=held, seed=seed, **options) for score, held in real]

    groups = {
        "bach": [score for score, _ in real],
        "composed": [compose_chorale(seed=seed + number, **plain) for number in range(len(real))],
        "composed_by_rule": [compose_chorale(seed=seed + number, **by_rule) for number in range(len(real))],
        "harmonised": settings_of(plain),
        "harmonised_by_rule": settings_of(by_rule),
        "harmonised_by_rule_chosen_of_8": settings_of({**by_rule, "candidates": 8}),
        "markov_order_3": markov_chorales(train, n=len(real), seed=seed),
        "random": [random_chorale(score, seed=seed + number) for number, (score, _) in enumerate(real)],
    }
    rows: dict[str, Any] = {}
    for name, scores in groups.items():
        found = voice_leading(scores)
        lower = [score.replace(notes=score.notes[score.notes["part"] > 0]) for score in scores]
        rows[name] = {
            "parallels_per_100_chord_changes": round(found.parallels_per_100_changes, 3),
            "bars_with_crossed_voices": round(found.crossed_share, 4),
            "notes_out_of_range": found.out_of_range,
            "novelty_of_8_note_runs": round(ngram_novelty(lower if "harmonised" in name else scores, corpus), 4),
            "longest_copy": round(max(nearest_tune(score, corpus)[1] for score in scores), 4),
        }
    return {"voice_leading": rows, "agreement_with_bach": round(agreement(groups["bach"], groups["harmonised"]), 4)}


def agreement(real: Sequence[Score], other: Sequence[Score]) -> float:
    """Return in what share of the sixteenths a lower voice of two harmonisations sounds the same pitch class."""
    codec, same, count = ChoraleCodec(), 0, 0
    for first, second in zip(real, other, strict=True):
        a, b = (codec.encode(score)[:, 5:8] for score in (first, second))  # what alto, tenor and bass sound
        n = min(len(a), len(b))
        same += int(((a[:n] - b[:n]) % 12 == 0).sum())
        count += a[:n].size
    return same / count


def markov_chorales(train: Sequence[Table], *, n: int, seed: int) -> list[Score]:
    """Return chorales whose four voices are Markov chains of order 3 that know nothing of each other."""
    codec, plan = ChoraleCodec(), ChoralePlan.hymn()
    symbols = np.full((n, plan.n_steps, len(VOICES)), HOLD, np.int32)
    for voice in range(len(VOICES)):
        # two tokens more than symbols: `generate` ends lines at token 2, which a chorale uses for rests, and never draws token 1
        lines = [np.concatenate([[PAD], table[:, voice] + 2]) for table in train]
        model = MarkovModel(3, N_SYMBOLS + 2).fit(lines)
        for row, line in enumerate(generate(model, [PAD], n_steps=plan.n_steps, batch=n, seed=seed + voice)):
            symbols[row, : len(line) - 1, voice] = np.where(line[1:] > 2, line[1:] - 2, HOLD)
    return [codec.decode(table, plan) for table in symbols]


def random_chorale(score: Score, *, seed: int) -> Score:
    """Return a chorale's rhythm with pitches drawn evenly from each voice's range."""
    notes = score.notes.copy()
    limits = np.array(VOICE_RANGES)[notes["part"]]
    notes["pitch"] = np.random.default_rng(seed).integers(limits[:, 0], limits[:, 1] + 1)
    return score.replace(notes=notes)
