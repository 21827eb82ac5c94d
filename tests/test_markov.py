"""The Markov model against counting by hand."""

from collections import Counter

import numpy as np
import pytest

from musegen_edu.models.markov import MarkovModel

SEQUENCES = [[1, 3, 4, 3, 4, 5, 2], [1, 3, 5, 3, 4, 5, 2], [1, 4, 4, 4, 2]]


def by_hand(sequences, order, n_tokens, context, token):
    """The formula of the docstring, as a recursion over dictionaries."""
    padded = [[0] * order + list(sequence) for sequence in sequences]
    probability = 1 / n_tokens
    context = ([0] * order + list(context))[len(context) :]
    for k in range(order + 1):
        follow = Counter(
            row[i] for row in padded for i in range(order + 1, len(row)) if row[i - k : i] == context[order - k :]
        )
        if follow:
            total, kinds = sum(follow.values()), len(follow)
            probability = (follow[token] + kinds * probability) / (total + kinds)
    return probability


@pytest.mark.parametrize("order", range(5))
def test_probabilities_agree_with_counting_by_hand(order):
    model = MarkovModel(order, 6).fit(SEQUENCES)
    for sequence in [*SEQUENCES, [1, 5, 5, 3, 4, 0, 2]]:
        found = np.exp(model.log_probabilities(sequence))
        for i in range(1, len(sequence)):
            wanted = by_hand(SEQUENCES, order, 6, sequence[:i], sequence[i])
            assert found[i - 1] == pytest.approx(wanted, abs=1e-12)
            assert model.next_probabilities(sequence[:i])[sequence[i]] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("order", range(4))
def test_probabilities_are_positive_and_sum_to_one(order):
    rng = np.random.default_rng(order)
    model = MarkovModel(order, 40).fit([rng.integers(0, 20, 50) for _ in range(10)])
    for _ in range(50):
        probabilities = model.next_probabilities(rng.integers(0, 40, rng.integers(0, 6)))
        assert probabilities.min() > 0
        assert probabilities.sum() == pytest.approx(1)


def test_order_helps_where_there_is_something_to_remember():
    rng = np.random.default_rng(0)
    lines = [np.tile([1, 2, 1, 3], 30) + 0 * rng.integers(0, 2, 120) for _ in range(3)]
    losses = [MarkovModel(order, 5).fit(lines).nats_per_token(lines) for order in range(4)]
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < 0.2  # two tokens back tell the pattern


def test_nats_per_token_is_the_mean_over_all_tokens():
    model = MarkovModel(2, 6).fit(SEQUENCES)
    every = np.concatenate([model.log_probabilities(sequence) for sequence in SEQUENCES])
    assert len(every) == sum(len(sequence) - 1 for sequence in SEQUENCES)
    assert model.nats_per_token(SEQUENCES) == pytest.approx(-every.mean())


def test_an_unfitted_model_knows_nothing():
    assert MarkovModel(2, 8).nats_per_token([[1, 2, 3]]) == pytest.approx(np.log(8))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="order=-1"):
        MarkovModel(-1, 5)
    with pytest.raises(ValueError, match="n_tokens=0"):
        MarkovModel(1, 0)
    with pytest.raises(ValueError, match="order=9 is too high for 800 tokens; the highest possible is 5"):
        MarkovModel(9, 800)
    with pytest.raises(ValueError, match="tokens run from 1 to 9; this model knows 0 to 4"):
        MarkovModel(1, 5).fit([[1, 9]])
    with pytest.raises(ValueError, match="sequences is empty"):
        MarkovModel(1, 5).fit([])
