"""Rendered mixtures: the labels say what the notes say, and nothing of the test is heard in training."""

from __future__ import annotations

import numpy as np
import pytest

from musegen_edu import mixtures as mixtures_module
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics.tagging import tag_changes, tag_scores
from musegen_edu.mixtures import (
    HOP_LENGTH,
    INSTRUMENTS,
    N_FRAMES,
    N_MELS,
    RANGES,
    SAMPLE_RATE,
    SECONDS,
    audio_to_frames,
    is_held_out,
    load_mixtures,
    orchestrate,
    score_to_labels,
    score_to_mixture,
)
from musegen_edu.plots.tags import plot_tags
from musegen_edu.score import Score, stack
from musegen_edu.timbre import INSTRUMENTS as TIMBRE_INSTRUMENTS

COLUMNS = list(INSTRUMENTS)


@pytest.fixture(scope="module")
def test_side():
    return load_mixtures("test", 6)


def test_the_numbers_fit_together():
    assert N_FRAMES * HOP_LENGTH == round(SECONDS * SAMPLE_RATE) == 102_400
    assert set(INSTRUMENTS) == set(RANGES) <= set(TIMBRE_INSTRUMENTS)
    assert all(INSTRUMENTS[program] == TIMBRE_INSTRUMENTS[program] for program in INSTRUMENTS)


def test_shapes_and_labels(test_side):
    assert test_side.mels.shape == (6, N_FRAMES, N_MELS) and test_side.mels.dtype == np.float32
    assert test_side.labels.shape == test_side.unheard.shape == (6, N_FRAMES, len(INSTRUMENTS))
    for score, labels, unheard in zip(test_side.scores, test_side.labels, test_side.unheard, strict=True):
        assert 1 <= score.n_parts <= 3 and len(set(score.programs)) == score.n_parts
        assert score.seconds <= SECONDS
        np.testing.assert_array_equal(labels, score_to_labels(score))
        assert not unheard[labels == 0].any()
        silent = [i for i, program in enumerate(COLUMNS) if program not in score.programs]
        assert not labels[:, silent].any()


def test_every_label_agrees_with_the_notes_at_that_moment(test_side):
    for score, labels in zip(test_side.scores, test_side.labels, strict=True):
        second = score.ticks_to_seconds(1)
        for frame in range(0, N_FRAMES, 7):
            now = frame * HOP_LENGTH / SAMPLE_RATE
            due = {
                score.programs[part]
                for onset, duration, _, _, part in score.notes.tolist()
                if onset * second <= now + 1e-9 and now + 1e-9 < (onset + duration) * second
            }
            assert due == {program for program, on in zip(COLUMNS, labels[frame], strict=True) if on}


def test_what_is_seen_is_the_rendered_score(test_side):
    audio = test_side.audio(2)
    assert audio.shape == (102_400,) and np.abs(audio).max() == pytest.approx(0.5)
    seen = audio_to_frames(audio)
    assert seen.shape == (N_FRAMES, N_MELS)
    np.testing.assert_allclose(test_side.mels[2], seen, atol=0.05)  # kept as 16-bit floats


def test_sound_begins_and_ends_with_its_note():
    score = Score.from_notes([(24, 24, 72)], bpm=60, programs=(56,))  # a trumpet from 1 s to 2 s
    loud = audio_to_frames(score_to_mixture(score)).max(axis=1)
    labels = score_to_labels(score)[:, COLUMNS.index(56)]
    assert labels.sum() == 20 and labels[20] == 1 == labels[39]
    assert loud[:18].max() < -70 and loud[21:39].min() > -45 and loud[60:].max() < -60


def test_nothing_of_the_test_is_heard_in_training():
    train, test = load_mixtures("train", 8), load_mixtures("test", 8)
    chorales = load_dataset("chorales")
    titles = {split: {piece.title for piece in getattr(chorales, split)} for split in ("train", "test")}
    assert {score.title for score in train.scores} <= titles["train"]
    assert {score.title for score in test.scores} <= titles["test"]
    assert not train.unheard.any()
    assert test.unheard.any()
    for score in train.scores:
        for part, program in enumerate(score.programs):
            pitches = score.notes["pitch"][score.notes["part"] == part]
            assert not is_held_out(pitches, program).any()


def test_one_pitch_in_seven_is_held_out_of_every_instrument():
    for program, (low, high) in RANGES.items():
        share = is_held_out(np.arange(low, high + 1), program).mean()
        assert 0.1 < share < 0.19
    assert len({tuple(is_held_out(np.arange(60, 67), program).tolist()) for program in INSTRUMENTS}) == len(INSTRUMENTS)


def test_the_first_mixtures_do_not_depend_on_how_many_there_are_and_the_seed_does():
    few, many, other = load_mixtures("valid", 2), load_mixtures("valid", 3), load_mixtures("valid", 2, seed=1)
    assert few.scores == many.scores[:2] != other.scores
    np.testing.assert_array_equal(few.mels, many.mels[:2])


def test_the_cache_gives_back_what_was_rendered(monkeypatch):
    first = load_mixtures("valid", 2)
    monkeypatch.setattr(mixtures_module, "score_to_mixture", None)  # rendering again would fail
    np.testing.assert_array_equal(load_mixtures("valid", 2).mels, first.mels)


def test_voices_are_moved_to_where_an_instrument_is_at_home():
    chorale = load_dataset("chorales").test[3]
    for seed in range(40):
        score = orchestrate(chorale, seed=seed)
        for part, program in enumerate(score.programs):
            pitches = score.notes["pitch"][score.notes["part"] == part]
            low, high = RANGES[program]
            assert np.mean((pitches >= low) & (pitches <= high)) > 0.7


def test_instruments_come_and_go():
    chorale = load_dataset("chorales").test[3]
    shares = [score_to_labels(orchestrate(chorale, seed=seed)).max(axis=1).mean() for seed in range(20)]
    assert min(shares) < 0.9 and max(shares) > 0.9


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tests", 2), "split='tests'"),
        (("test", 0), "n=0"),
        (("test", 1.5), "n=1.5"),
        (("test", True), "n=True"),
    ],
)
def test_bad_arguments_are_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        load_mixtures(*arguments)


def test_bad_scores_are_named(monkeypatch):
    with pytest.raises(ValueError, match="seed=-1"):
        load_mixtures("test", 1, seed=-1)
    with pytest.raises(ValueError, match="program 73"):
        score_to_labels(Score.from_melody([60], 24, programs=(73,)))
    with pytest.raises(ValueError, match="1 parts and 1 bars"):
        orchestrate(Score.from_melody([60], 24), seed=0)
    assert not score_to_mixture(Score()).any()
    monkeypatch.setattr(mixtures_module, "synthesis_backend", lambda: "plain tones")
    with pytest.raises(ValueError, match="all instruments would sound alike"):
        score_to_mixture(stack([Score.from_melody([60], 24, programs=(40,))]))


def test_scores_of_tags():
    labels = np.array([[[1, 0], [1, 0], [0, 1], [0, 0]]])
    assert tag_scores(labels, labels) == (1, 1, 1)
    assert tag_scores(labels, 1 - labels) == (0, 0, 0)
    found = tag_scores(labels, np.ones_like(labels))
    assert (found.precision, found.recall) == (3 / 8, 1) and found.f1 == pytest.approx(2 * 3 / (3 + 8))
    assert tag_scores([0], [0]) == (1, 1, 1) and tag_scores([0], [1]) == (0, 0, 0) == tag_scores([1], [0])
    assert tag_changes(labels) == 3
    with pytest.raises(ValueError, match=r"labels has shape .* and tags"):
        tag_scores([0, 1], [0])
    with pytest.raises(ValueError, match=r"tags > 0\.5"):
        tag_scores([0, 1], [0.2, 0.7])
    with pytest.raises(ValueError, match="labels holds"):
        tag_scores([0, 2], [0, 1])
    with pytest.raises(ValueError, match="n, frames, instruments"):
        tag_changes([0, 1])


def test_the_figure_shows_notes_and_hills(test_side):
    axes = plot_tags(
        test_side.scores[0],
        test_side.labels[0],
        test_side.labels[0],
        instruments=INSTRUMENTS,
        seconds_a_frame=HOP_LENGTH / SAMPLE_RATE,
        title="All right",
    )
    assert axes[0].get_title(loc="left") == "All right"
    assert [label.get_text() for label in axes[1].get_yticklabels()] == list(INSTRUMENTS.values())[::-1]
    assert axes[1].get_xlim() == (0, pytest.approx(SECONDS))
    n_runs = (np.diff(np.pad(test_side.labels[0], ((1, 0), (0, 0))).astype(int), axis=0) > 0).sum()
    assert sum(line.get_linewidth() == 4 for line in axes[1].lines) == n_runs  # one thick line a stretch of playing


def test_bad_figures_are_named(test_side):
    labels = test_side.labels[0]
    with pytest.raises(ValueError, match="both must be"):
        plot_tags(test_side.scores[0], labels[:5], labels, instruments=INSTRUMENTS, seconds_a_frame=0.05)
    tone = Score.from_melody([60], 24, programs=(40,))
    with pytest.raises(ValueError, match="program 40"):
        plot_tags(tone, labels[:, :1], labels[:, :1], instruments={56: "Trumpet"}, seconds_a_frame=0.05)
