"""How the melody networks are made, from the folk tunes to their cards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from musegen_edu.batching import nats_per_token
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics import CorpusIndex, ngram_novelty
from musegen_edu.models.markov import MarkovModel
from musegen_edu.models.recurrent import MELODY_NETWORKS, MelodyLSTM
from musegen_edu.recipes.making import drawn, fit_to_store, save_result
from musegen_edu.sampling import generate
from musegen_edu.tokens import EventCodec, Tokens
from musegen_edu.training import EpochReport, Profile

MIN_LENGTH_COUNT = 20  # note lengths rarer than this in the training tunes are written with ties
MARKOV_ORDERS = (1, 2, 3, 4, 5)
_N_TUNES_TO_JUDGE = 64
_LEARNING_RATES = {"melody_rnn": 0.5}  # as multiples of the LSTM's: without gates, large steps do not settle


def train_melody_network(
    name: str,
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `melody_rnn`, `melody_lstm` or `melody_gru` on the folk tunes, measure it, and write its weights and card.

    The profile names the width of the LSTM; the other two get the width that gives them as many parameters. The vocabulary
    comes from the training tunes alone; the validation tunes choose the best epoch; the test tunes are looked at once, at the
    end, with the weights as they are stored (16-bit floats).

    Returns
    -------
    The path of the card.
    """
    folk = load_dataset("folk")
    codec = EventCodec.fit(folk.train, min_count=MIN_LENGTH_COUNT)
    train, valid, test = ([codec.encode(tune) for tune in part] for part in (folk.train, folk.valid, folk.test))
    train = drawn(train, profile, seed=seed)
    profile = melody_profile(name, profile, len(codec.vocabulary))
    model = MELODY_NETWORKS[name](
        len(codec.vocabulary),
        embedding=profile.embedding,
        units=profile.units,
        depth=profile.depth,
        dropout=profile.dropout,
        seed=seed,
    )
    reports = fit_to_store(name, model, train, valid, profile=profile, seed=seed, verbose=verbose, on_epoch=on_epoch)

    lines = generate(model, n_steps=500, batch=_N_TUNES_TO_JUDGE, seed=seed)
    corpus = CorpusIndex(folk.train)
    card = {
        "data": {"name": folk.name, "sha256": folk.sha256, "train": len(train), "valid": len(valid), "test": len(test)},
        "metrics": {
            "valid_nats_per_token": round(nats_per_token(model, valid), 4),
            "test_nats_per_token": round(nats_per_token(model, test), 4),
            "markov_test_nats_per_token": {
                str(order): round(value, 4) for order, value in markov_nats(codec, train, test).items()
            },
            "novelty_of_8_note_runs": round(ngram_novelty([codec.decode(line) for line in lines], corpus), 4),
            "novelty_of_8_note_runs_in_held_out_tunes": round(ngram_novelty(folk.test, corpus), 4),
        },
        "licence": "weights: MIT; trained on tunes in the public domain",
    }
    return save_result(name, model, codec, profile=profile, seed=seed, epochs=reports, card=card, folder=folder)


def melody_profile(name: str, profile: Profile, n_tokens: int) -> Profile:
    """Return a profile for one of the melody networks, which has as many parameters as `melody_lstm` with the given one.

    Parameters
    ----------
    name : `"melody_rnn"`, `"melody_lstm"` or `"melody_gru"`.
    profile : with the width of the LSTM, and its learning rate.
    n_tokens : size of the vocabulary.

    Examples
    --------
    >>> [melody_profile(name, Profile.named("full"), 708).units for name in ("melody_rnn", "melody_lstm", "melody_gru")]
    [425, 256, 288]
    """
    sizes = {"embedding": profile.embedding, "depth": profile.depth}
    n_parameters = MelodyLSTM.n_parameters(n_tokens, units=profile.units, **sizes)
    units = MELODY_NETWORKS[name].units_for(n_parameters, n_tokens, **sizes)
    return dataclasses.replace(
        profile, units=units, learning_rate=profile.learning_rate * _LEARNING_RATES.get(name, 1.0)
    )


def without_numbers(codec: EventCodec, sequences: Sequence[Tokens]) -> list[Tokens]:
    """Return sequences with all bar lines alike, as a Markov model likes them best.

    The number in a bar line tells how many bars follow, which a network can use; to a model that sees three tokens it
    only makes the same music look different. A tune with and without numbers has as many tokens and says the same.
    """
    is_bar = np.array([symbol.startswith("|") for symbol in codec.vocabulary.symbols])
    first = int(np.flatnonzero(is_bar)[0])
    return [np.where(is_bar[sequence], first, sequence).astype(np.int32) for sequence in sequences]


def markov_nats(codec: EventCodec, train: Sequence[Tokens], test: Sequence[Tokens]) -> dict[int, float]:
    """Return the test loss in nats a token of Markov models of several orders, with bar lines that are all alike."""
    train, test = without_numbers(codec, train), without_numbers(codec, test)
    n_tokens = len(codec.vocabulary)
    return {order: MarkovModel(order, n_tokens).fit(train).nats_per_token(test) for order in MARKOV_ORDERS}
