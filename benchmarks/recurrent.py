"""The scorecard of lessons 05 and 06: chance, Markov chains, three networks with a memory, and real tunes, on the same terms.

Claims: each network with gates needs fewer nats a token on the held-out tunes than the one without, and each of the three fewer
than every Markov chain of order 1 to 3; the three have as many parameters, to within 1 %.

usage: python benchmarks/recurrent.py [--tunes 32] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

# Before the backend loads: its start-up notes would drown the tables.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from musegen_edu.batching import nats_per_token
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics import CorpusIndex, scorecard
from musegen_edu.models.markov import MarkovModel
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import without_numbers
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens import Tokens

NETWORKS = {"RNN": "melody_rnn", "LSTM": "melody_lstm", "GRU": "melody_gru"}
ORDERS = (1, 2, 3)
N_STEPS = 400  # tokens a tune at most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tunes", type=int, default=32, help="how many tunes each model makes up")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    folk = load_dataset("folk")
    networks = {label: load_pretrained(name) for label, name in NETWORKS.items()}
    cards = {label: load_card(name) for label, name in NETWORKS.items()}
    codec = networks["LSTM"].codec
    n_tokens = len(codec.vocabulary)
    train, test = ([codec.encode(tune) for tune in part] for part in (folk.train, folk.test))
    plain_train, plain_test = without_numbers(codec, train), without_numbers(codec, test)

    def made_by(model: Any) -> tuple[list[Score], float]:
        """Return tunes, and how many notes a second of processor time the model writes."""
        settings = {"n_steps": N_STEPS, "batch": options.tunes, "seed": options.seed}
        generate(model, **settings)  # compiles
        began = time.process_time()
        lines = generate(model, **settings)
        seconds = time.process_time() - began
        scores = [codec.decode(line) for line in lines]
        return [score for score in scores if len(score) > 1], sum(map(len, scores)) / seconds

    rows: list[tuple[str, float, int | None, float | None, float | None]] = []
    groups: dict[str, Sequence[Score]] = {}

    def add(label: str, loss: float, model: Any, parameters: int, seconds: float | None) -> None:
        groups[label], rate = made_by(model)
        rows.append((label, loss, parameters, seconds, rate))

    chance = MarkovModel(0, n_tokens)  # never fitted: all tokens alike
    add("random", float(np.log(n_tokens)), chance, 0, None)
    for order in ORDERS:
        began = time.process_time()
        model = MarkovModel(order, n_tokens).fit(plain_train)
        seconds = time.process_time() - began
        add(f"Markov {order}", model.nats_per_token(plain_test), model, n_counts(model, plain_train), seconds)
    for label, network in networks.items():
        add(label, nats_per_token(network, test), network, network.count_params(), cpu_seconds(cards[label]))
    rng = np.random.default_rng(options.seed)
    groups["real"] = [folk.test[i] for i in sorted(rng.permutation(len(folk.test))[: options.tunes])]
    rows.append(("real", float("nan"), None, None, None))

    print(
        f"folk: {len(train)} training tunes, {len(test)} held-out tunes; {options.tunes} tunes of each model, temperature 1"
    )
    print(f"{'model':<12}{'nats/token':>12}{'parameters':>14}{'seconds to train':>20}{'notes/s':>12}")
    for label, *values in rows:
        cells = [
            shown(value, form) for value, form in zip(values, ("{:.3f}", "{:,}", "{:,.1f}", "{:,.0f}"), strict=True)
        ]
        print(f"{label:<12}{cells[0]:>12}{cells[1]:>14}{cells[2]:>20}{cells[3]:>12}")
    print(
        "A Markov chain's parameters are the different runs of tokens it has counted. Seconds are of the processor; those of"
    )
    print(
        "the LSTM's card are of the clock, on two cores. Notes a second: all tunes at once, per second of processor time.\n"
    )
    print(scorecard(groups, CorpusIndex(folk.train), reference=folk.valid))

    losses = {label: loss for label, loss, *_ in rows}
    sizes = [network.count_params() for network in networks.values()]
    kept = {
        "the networks with gates need fewer nats than the RNN": max(losses["LSTM"], losses["GRU"]) < losses["RNN"],
        "the RNN needs fewer nats than Markov chains of order 1 to 3": losses["RNN"]
        < min(losses[f"Markov {n}"] for n in ORDERS),
        "the three have as many parameters, to within 1 %": min(sizes) > 0.99 * max(sizes),
    }
    print()
    for claim, is_kept in kept.items():
        print(f"claim: {claim}: {'kept' if is_kept else 'NOT KEPT'}")
    return 0 if all(kept.values()) else 1


def n_counts(model: MarkovModel, lines: Sequence[Tokens]) -> int:
    """Return how many different runs of 1 to order + 1 tokens a Markov chain keeps counts of."""
    return sum(
        len({tuple(line[i : i + n]) for line in lines for i in range(len(line) - n + 1)})
        for n in range(1, model.order + 2)
    )


def cpu_seconds(card: dict[str, Any]) -> float:
    return float(card.get("cpu_seconds", card["seconds"]))


def shown(value: float | None, form: str) -> str:
    return "–" if value is None or np.isnan(value) else form.format(value)


if __name__ == "__main__":
    sys.exit(main())
