"""Synthetic drum patterns: in time, recognisable, the same for the same seed, and heard."""

from typing import Any

import numpy as np
import pytest

from musegen_edu import drum_patterns
from musegen_edu.drum_patterns import (
    CRASH,
    DRUM_STYLES,
    KICK,
    SNARE,
    drum_pattern,
    drum_pattern_set,
)
from musegen_edu.metrics.multitrack import notes_in_drum_pattern
from musegen_edu.score import DRUMS, Score, stack
from musegen_edu.synthesis import score_to_audio, synthesis_backend

SEEDS = range(20)


def onsets(score, drum, bar):
    """Ticks from the barline at which a drum is struck in a bar (from 0)."""
    notes = score.notes[(score.notes["pitch"] == drum) & (score.notes["onset"] // score.bar_ticks == bar)]
    return (notes["onset"] % score.bar_ticks).tolist()


@pytest.mark.parametrize("style", DRUM_STYLES)
def test_the_lines_of_a_style_fill_its_bar(style):
    rules = drum_patterns._STYLES[style]
    steps = Score(meter=rules.meters[0]).bar_ticks // rules.step
    for bar in (rules.always, *rules.one_of):
        assert {len(line) for line in bar.values()} == {steps}
    for fill in rules.fills:
        assert len({len(line) for line in fill.values()}) == 1 and len(next(iter(fill.values()))) <= steps
    assert set("".join(line for bar in (rules.always, *rules.one_of, *rules.fills) for line in bar.values())) <= set(
        "Xxo?."
    )


@pytest.mark.parametrize("style", DRUM_STYLES)
def test_a_pattern_has_the_meter_the_bars_and_nothing_but_drums(style):
    for seed in SEEDS:
        score = drum_pattern(style, 6, seed=seed)
        assert score.programs == (DRUMS,) and score.n_bars == 6 and score.pickup == 0
        assert score.meter == {"waltz": (3, 4), "march": (2, 4)}.get(style, (4, 4))
        assert score.duration <= 6 * score.bar_ticks
        assert len(np.unique(score.notes[["onset", "pitch"]])) == len(score)  # no drum is struck twice at once
        ends = score.notes["onset"] + score.notes["duration"]
        assert (ends <= (score.notes["onset"] // score.beat_ticks + 1) * score.beat_ticks).all()
        first = score.notes["onset"] % score.bar_ticks == 0
        assert set((score.notes["onset"] // score.bar_ticks)[first].tolist()) == set(
            range(6)
        )  # a downbeat in every bar


@pytest.mark.parametrize("style", DRUM_STYLES)
def test_the_seed_decides_everything(style):
    patterns = [drum_pattern(style, 4, seed=seed) for seed in SEEDS]
    assert patterns == [drum_pattern(style, 4, seed=seed) for seed in SEEDS]
    assert len({(pattern.notes[["onset", "pitch"]].tobytes()) for pattern in patterns}) >= 5


@pytest.mark.parametrize("style", DRUM_STYLES)
def test_straight_styles_lie_on_the_sixteenths_and_a_shuffle_does_not(style):
    rates = [notes_in_drum_pattern(drum_pattern(style, 8, seed=seed), 0) for seed in SEEDS]
    if style == "shuffle":
        assert all(0.5 < rate < 0.9 for rate in rates)
    else:
        assert set(rates) == {1}
    chance = np.random.default_rng(0).integers(0, 768, 400)
    noise = Score.from_notes([(int(onset), 6, SNARE) for onset in chance], programs=(DRUMS,))
    assert notes_in_drum_pattern(noise, 0) < 0.4 < min(rates)


def test_each_style_has_the_strokes_by_which_it_is_known():
    for seed in SEEDS:
        patterns = {style: drum_pattern(style, 5, seed=seed) for style in DRUM_STYLES}
        for bar in range(3):  # before the fill
            assert onsets(patterns["disco"], KICK, bar) == [0, 24, 48, 72]
            assert onsets(patterns["waltz"], KICK, bar) == [0]
            assert onsets(patterns["march"], KICK, bar) == [0, 24]
            assert {24, 72} <= set(onsets(patterns["rock"], SNARE, bar))
            assert {0, 16, 24, 40} <= set(onsets(patterns["shuffle"], drum_patterns.RIDE, bar))
            assert len(onsets(patterns["funk"], drum_patterns.CLOSED_HAT, bar)) == 16


def test_a_fill_ends_the_fourth_bar_and_a_crash_follows():
    for seed in SEEDS:
        score = drum_pattern("rock", 6, seed=seed)
        assert [bar for bar in range(6) if onsets(score, CRASH, bar)] == [4]
        hats = [len(onsets(score, drum_patterns.CLOSED_HAT, bar)) for bar in range(6)]
        assert hats[:3] == [8, 8, 8] and hats[3] < 8 and hats[4] == 7 and hats[5] < 8


def test_accents_are_louder():
    score = drum_pattern("march", 8, seed=1)
    velocity = score.notes["velocity"].astype(int)
    accented = (score.notes["pitch"] == KICK) & (score.notes["onset"] % score.bar_ticks == 0)
    assert velocity[accented].min() > velocity[~accented].mean()
    assert len(np.unique(velocity)) > 5 and velocity.min() >= 40 and velocity.max() <= 120


def test_a_march_can_be_in_four_four_under_a_tune():
    march = drum_pattern("march", 2, seed=0, meter=(4, 4))
    assert march.n_bars == 2 and onsets(march, KICK, 0) == [0, 24, 48, 72]
    tune = Score.from_melody([60, 64, 67, 72] * 2, 24)
    assert stack([tune, march]).programs == (0, DRUMS)


def test_a_set_has_its_labels_and_no_pattern_twice():
    patterns, labels = drum_pattern_set(18, bars=2, seed=4)
    assert labels == DRUM_STYLES * 3
    assert [pattern.title for pattern in patterns] == [f"Synthetic {label}" for label in labels]
    assert len(set(patterns)) == 18
    assert (patterns, labels) == drum_pattern_set(18, bars=2, seed=4)
    assert patterns != drum_pattern_set(18, bars=2, seed=5)[0]


def test_wrong_wishes_are_refused():
    with pytest.raises(ValueError, match="style='polka' must be one of rock"):
        drum_pattern("polka", 4, seed=0)
    with pytest.raises(ValueError, match="style 'waltz', which is in 3/4"):
        drum_pattern("waltz", 4, seed=0, meter=(4, 4))
    wrongs: tuple[Any, ...] = (0, 1.5, True)
    for bars in wrongs:
        with pytest.raises(ValueError, match="bars="):
            drum_pattern("rock", bars, seed=0)
    with pytest.raises(ValueError, match="n=0"):
        drum_pattern_set(0, seed=0)
    with pytest.raises(ValueError, match="styles is empty"):
        drum_pattern_set(1, seed=0, styles=())


@pytest.mark.parametrize("style", DRUM_STYLES)
def test_a_pattern_is_heard(style):
    if synthesis_backend() == "plain tones":
        pytest.skip("plain tones have no drums")
    audio = score_to_audio(drum_pattern(style, 2, seed=0), sample_rate=16000, cache=False)
    assert np.sqrt((audio**2).mean()) > 0.01
