"""A tune that grows: what it writes by itself, what it allows, and that every step can be taken back."""

from __future__ import annotations

import numpy as np
import pytest

from musegen_edu import load_pretrained
from musegen_edu.continuing import MAX_TOKENS, GrowingTune
from musegen_edu.letters import letters_to_score
from musegen_edu.models.markov import MarkovModel
from musegen_edu.quiet_keras import keras
from musegen_edu.reading import LineReader
from musegen_edu.score import Score
from musegen_edu.tokens import EventCodec
from musegen_edu.tokens.meanings import length_to_words, token_meanings


@pytest.fixture(scope="module")
def network():
    return load_pretrained("melody_lstm")


def test_reading_step_by_step_agrees_with_reading_at_once(network):
    line = network.codec.encode(letters_to_score("C D E F G A B C", key="C major"))
    reader = LineReader(network)
    for token in line:
        reader.read(int(token))
    at_once = keras.ops.convert_to_numpy(network(line[None]))[0]
    np.testing.assert_allclose(reader.logits, at_once[-1], atol=1e-4)
    reader.go_back(3)
    np.testing.assert_allclose(reader.logits, at_once[2], atol=1e-4)
    assert reader.tokens.tolist() == line[:3].tolist()


def test_a_reader_refuses_what_it_cannot_read(network):
    reader = LineReader(network)
    with pytest.raises(ValueError, match="nothing has been read"):
        _ = reader.logits
    with pytest.raises(ValueError, match="token=708 is unknown"):
        reader.read(708)
    with pytest.raises(ValueError, match="length=1 must be from 0 to 0"):
        reader.go_back(1)
    with pytest.raises(ValueError, match="cannot be read step by step"):
        LineReader(keras.Sequential())


def test_bars_are_counted_down_from_a_start_on(network):
    growing = GrowingTune(network, start=letters_to_score("C D E F G A B"), bars=8)
    assert [word for word in growing.words if word.startswith("|")] == ["|8", "|7"]
    growing.add("72:24")
    assert growing.words[-1] == "|6"
    growing.undo()
    assert growing.words[-1] == "71:24" and growing.n_steps == 0
    growing.undo()
    assert len(growing.score) == 7  # the start stays


def test_a_start_that_fills_all_bars_gets_more(network):
    growing = GrowingTune(network, start=letters_to_score("C D E F G A B C"), bars=2)
    assert [word for word in growing.words if word.startswith("|")] == ["|6", "|5", "|4"]


def test_a_pickup_stands_before_the_first_bar(network):
    start = Score.from_melody([67, 72, 71, 72], 24, pickup=24, key="C major")
    growing = GrowingTune(network, start=start, bars=4)
    assert (growing.pickup, growing.ticks) == (24, 96)
    growing.add("74:24")
    assert growing.words[-1] == "|3"
    assert growing.score.pickup == 24


def test_a_guided_walk_fills_every_bar_and_ends_on_the_tonic(network):
    for seed, meter in enumerate([(4, 4), (6, 8), (3, 4)]):
        growing = GrowingTune(network, bars=3, meter=meter, key="D major")
        rng = np.random.default_rng(seed)
        while not growing.is_finished:
            odds = growing.probabilities(temperature=1.5)
            growing.add(int(rng.choice(len(odds), p=odds)))
        assert growing.words[-1] == "<end>"
        assert growing.score.duration <= growing.ticks == 3 * Score(meter=meter).bar_ticks
        assert growing.score.notes["pitch"][-1] % 12 == 2
        with pytest.raises(ValueError, match="finished"):
            growing.add("60:24")


def test_without_the_guide_a_line_in_mid_bar_fills_the_bar(network):
    growing = GrowingTune(network, bars=4)
    growing.add("60:24")
    assert growing.allowed(keep_to_bars=False).sum() == 706
    growing.add("|3")
    assert growing.ticks == 96
    growing.add("62:24")
    assert growing.score.notes["onset"].tolist() == [0, 96]


def test_probabilities_are_those_of_the_filters(network):
    growing = GrowingTune(network, start=letters_to_score("C D E F G"))
    odds = growing.probabilities(temperature=0.8, top_k=5)
    assert odds.sum() == pytest.approx(1) and (odds > 0).sum() == 5
    assert set(np.flatnonzero(odds)) == set(np.argsort(growing.probabilities())[-5:])
    assert growing.probabilities(temperature=0).max() == 1
    assert not odds[~growing.allowed()].any()


def test_an_endless_tune_is_stopped():
    codec = EventCodec.fit([Score.from_melody([60], 24)])
    growing = GrowingTune(MarkovModel(order=0, n_tokens=len(codec.vocabulary)).fit([[3]]), codec=codec)
    for _ in range(MAX_TOKENS):
        if growing.is_finished:
            break
        growing.add("r:24" if "r:24" in codec.vocabulary else "60:24")
    assert growing.is_finished and len(growing.tokens) >= MAX_TOKENS


def test_every_token_has_words(network):
    meanings = token_meanings(network.codec, "Bb major")
    assert len(meanings) == 708 and all(meaning.words for meaning in meanings)
    assert {meaning.kind for meaning in meanings} == {"note", "hold", "rest", "bar", "end", "header"}
    token = int(network.codec.vocabulary.tokens(["60:36"])[0])
    assert meanings[token].words == "Bb4, dotted quarter" and meanings[token].pitch == 70
    with pytest.raises(ValueError, match="ticks=0"):
        length_to_words(0)
