"""How well melody_lstm knows folk tunes: held-out loss against Markov models, and what it makes up against what is real.

Claims: fewer nats a token on the held-out tunes than a third-order Markov model with back-off, and more than 90 % of the
8-note runs of its tunes are in no training tune, at the default temperature.

usage: python benchmarks/melody.py [--tunes 64] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

# Before the backend loads: its start-up notes would drown the tables.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from musegen_edu.batching import nats_per_token
from musegen_edu.composing import compose
from musegen_edu.datasets import load_dataset
from musegen_edu.keys import parse_key
from musegen_edu.metrics import CorpusIndex, ngram_novelty
from musegen_edu.models.markov import MarkovModel
from musegen_edu.pretrained import load_pretrained
from musegen_edu.recipes import without_numbers
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec, Tokens

NOVELTY_CLAIM = 0.9


def full_bars(line: Tokens, codec: EventCodec) -> list[bool]:
    """For each bar between two bar lines: does it add up?"""
    score = codec.decode(line)
    lengths = [0]
    for word in codec.vocabulary.words(line):
        if word.startswith("|"):
            lengths.append(0)
        elif ":" in word and word.split(":")[1].isdigit():
            lengths[-1] += int(word.split(":")[1])
    return [
        length == score.bar_ticks for length in lengths[1:-1]
    ]  # neither the pickup nor what it leaves of the last bar


def ends_on_tonic(score: Score) -> bool:
    return bool(len(score)) and int(score.notes["pitch"][-1]) % 12 == parse_key(score.key or "C major")[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tunes", type=int, default=64, help="how many tunes each model makes up")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    folk = load_dataset("folk")
    model = load_pretrained("melody_lstm")
    codec = model.codec
    train, test = ([codec.encode(tune) for tune in part] for part in (folk.train, folk.test))
    plain_train, plain_test = without_numbers(codec, train), without_numbers(codec, test)

    print(
        f"folk: {len(train)} training tunes, {len(test)} held-out tunes with {sum(map(len, test)) - len(test):,} tokens"
    )
    print(f"{'model':<28}{'nats/token':>12}{'with numbered bar lines':>26}")
    n_tokens = len(codec.vocabulary)
    markov_losses = {}
    for order in range(1, 6):
        markov_losses[order] = MarkovModel(order, n_tokens).fit(plain_train).nats_per_token(plain_test)
        numbered = MarkovModel(order, n_tokens).fit(train).nats_per_token(test)
        print(f"{f'Markov, order {order}':<28}{markov_losses[order]:>12.3f}{numbered:>26.3f}")
    loss = nats_per_token(model, test)
    print(f"{'melody_lstm':<28}{loss:>12.3f}{loss:>26.3f}")
    print("A tune has as many tokens with and without the numbers, and says the same, so all these figures compare.\n")

    settings = {"n_steps": 500, "batch": options.tunes, "seed": options.seed}
    made_up: dict[str, Sequence[Tokens]] = {"held-out tunes": test}
    for order in (1, 3, 5):
        made_up[f"Markov, order {order}"] = generate(MarkovModel(order, n_tokens).fit(plain_train), **settings)
    made_up["melody_lstm"] = generate(model, **settings)
    novelties: dict[str, float] = {}
    corpus = CorpusIndex(folk.train)
    print(f"{'tunes':<28}{'number':>8}{'new 8-note runs':>18}{'bars that add up':>18}{'end on tonic':>14}")
    for name, lines in made_up.items():
        scores = [codec.decode(line) for line in lines]
        novelties[name] = ngram_novelty(scores, corpus, n=8)
        bars = [good for line in lines for good in full_bars(line, codec)]
        tonic = np.mean([ends_on_tonic(score) for score in scores])
        print(f"{name:<28}{len(lines):>8}{novelties[name]:>18.1%}{np.mean(bars):>18.1%}{tonic:>14.1%}")

    print("\n16 bars on request, by compose (bars are kept whole by a guide, the best of 12 candidates stays):")
    print(f"{'meter':<10}{'tunes':>8}{'new 8-note runs':>18}{'16 whole bars':>18}{'end on tonic':>14}{'ms a tune':>12}")
    for meter in ((4, 4), (2, 2), (2, 4), (3, 4), (6, 8), (9, 8)):
        compose(model, bars=16, seed=options.seed, meter=meter)  # compiles
        began = time.perf_counter()
        composed = [compose(model, bars=16, seed=seed, meter=meter, key="D major") for seed in range(options.tunes)]
        milliseconds = 1000 * (time.perf_counter() - began) / len(composed)
        whole = np.mean([tune.n_bars == 16 and tune.duration == 16 * tune.bar_ticks for tune in composed])
        tonic = np.mean([ends_on_tonic(tune) for tune in composed])
        novelty = ngram_novelty(composed, corpus, n=8)
        name = f"{meter[0]}/{meter[1]}"
        print(f"{name:<10}{len(composed):>8}{novelty:>18.1%}{whole:>18.1%}{tonic:>14.1%}{milliseconds:>12.0f}")

    kept = {
        f"below Markov of order 3 ({markov_losses[3]:.3f} nats)": loss < markov_losses[3],
        f"more than {NOVELTY_CLAIM:.0%} new 8-note runs": novelties["melody_lstm"] > NOVELTY_CLAIM,
    }
    print()
    for claim, is_kept in kept.items():
        print(f"claim: {claim}: {'kept' if is_kept else 'NOT KEPT'}")
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
