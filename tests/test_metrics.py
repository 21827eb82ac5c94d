"""Metrics: values known from the formula, ranges, and copies found in any key."""

import math
import time
from typing import cast

import numpy as np
import pytest

from musegen_edu.metrics import (
    CorpusIndex,
    distribution_overlap,
    empty_bar_rate,
    groove_consistency,
    interval_distribution,
    kl_divergence,
    nearest_tune,
    ngram_novelty,
    note_density,
    pitch_class_entropy,
    pitch_range,
    polyphony,
    rhythm_distribution,
    scale_consistency,
    scorecard,
)
from musegen_edu.metrics import novelty as novelty_module
from musegen_edu.score import DRUMS, Score, stack

FEATURES = (
    pitch_class_entropy,
    scale_consistency,
    pitch_range,
    note_density,
    polyphony,
    empty_bar_rate,
    groove_consistency,
)


def melody(*pitches, duration=24, **fields):
    return Score.from_melody(pitches, duration, **fields)


def random_melody(seed, n_notes=40, low=48, high=84):
    rng = np.random.default_rng(seed)
    durations = (6 * rng.integers(1, 9, n_notes)).tolist()
    return Score.from_melody(rng.integers(low, high, n_notes).tolist(), durations)


# ---- features of one score ----


def test_entropy_runs_from_one_note_to_all_twelve():
    assert pitch_class_entropy(melody(60, 72, 48)) == 0
    assert pitch_class_entropy(melody(60, 67)) == pytest.approx(1)
    assert pitch_class_entropy(melody(*range(60, 72))) == pytest.approx(math.log2(12))
    assert pitch_class_entropy(melody(60, 60, 60, 67)) == pytest.approx(
        -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    )


def test_entropy_by_bars_is_the_mean_over_windows():
    score = melody(60, 60, 60, 60, 60, 62, 60, 62)  # one bar of C, one of C and D
    assert pitch_class_entropy(score, bars=1) == pytest.approx(0.5)
    assert pitch_class_entropy(score, bars=2) == pitch_class_entropy(score)
    silent_bar_between = Score.from_notes([(0, 24, 60), (192, 24, 60), (216, 24, 61)])
    assert pitch_class_entropy(silent_bar_between, bars=1) == pytest.approx(0.5)
    assert pitch_class_entropy(melody(62, *[60] * 4, *[62] * 4, pickup=24), bars=1) == pytest.approx(
        pitch_class_entropy(melody(60, 60, 60, 60, 62)) / 2
    )
    with pytest.raises(ValueError, match="bars=0"):
        pitch_class_entropy(score, bars=0)


def test_scale_consistency_finds_the_best_scale_or_takes_the_given_one():
    b_flat = [58, 60, 62, 63, 65, 67, 69]
    assert scale_consistency(melody(*b_flat)) == 1
    assert scale_consistency(melody(*b_flat, 59)) == 7 / 8
    assert scale_consistency(melody(*range(60, 72))) == 7 / 12
    assert scale_consistency(melody(*b_flat), key="C major") == 5 / 7
    assert scale_consistency(melody(*b_flat), key="C dorian") == 1
    with pytest.raises(ValueError, match="key='H major'"):
        scale_consistency(melody(60), key="H major")


def test_every_key_is_among_the_scales_that_are_tried():
    for semitones in range(12):
        assert scale_consistency(melody(60, 62, 64, 65, 67, 69, 71).transpose(semitones)) == 1


def test_range_density_and_polyphony():
    assert pitch_range(melody(60, 55, 79)) == 24
    assert note_density(melody(*[60] * 6, meter=(3, 4))) == 3
    assert note_density(melody(60, 62)) == 4  # two notes in half a bar
    four_voices = stack([melody(pitch, pitch) for pitch in (48, 55, 64, 72)])
    assert polyphony(four_voices) == 4
    assert polyphony(melody(60, None, 64)) == 1
    assert polyphony(Score.from_notes([(0, 48, 60), (24, 48, 64), (12, 6, 70)])) == (48 + 48 + 6) / 72


def test_empty_bars_are_counted_part_by_part():
    long_note = Score.from_notes([(0, 288, 60, 80, 0), (0, 24, 40, 80, 1), (287, 1, 40, 80, 1)], programs=(0, 1))
    assert empty_bar_rate(long_note) == 1 / 6  # bar 2 of part 1; a note that is held fills a bar
    assert empty_bar_rate(melody(60, 62, 64, 65)) == 0
    assert empty_bar_rate(Score.from_notes([(0, 96, 60)], programs=(0, 1))) == 0.5
    with_pickup = Score.from_notes([(0, 24, 60), (120, 24, 60)], pickup=24)  # bar 0, empty bar 1, bar 2
    assert empty_bar_rate(with_pickup) == pytest.approx(1 / 3)


def test_groove_compares_neighbouring_bars():
    assert groove_consistency(melody(*[60] * 8)) == 1
    on_and_off = Score.from_notes([(0, 6, 60), (96 + 6, 6, 60)])
    assert groove_consistency(on_and_off) == 14 / 16
    assert groove_consistency(on_and_off, grid=24) == 1
    assert groove_consistency(melody(*[60] * 9, pickup=24)) == 1
    assert groove_consistency(melody(*[60] * 12, duration=12, meter=(6, 8))) == 1
    assert math.isnan(groove_consistency(melody(60, 62)))
    with pytest.raises(ValueError, match="grid=0"):
        groove_consistency(melody(60), grid=0)


def test_where_there_is_nothing_to_measure_the_answer_is_nan():
    for feature in FEATURES:
        assert math.isnan(feature(Score(programs=(0, DRUMS)))), feature.__name__
    drums = Score.from_notes([(beat, 6, 36) for beat in range(0, 192, 24)], programs=(DRUMS,))
    for feature in (pitch_class_entropy, scale_consistency, pitch_range, polyphony):
        assert math.isnan(feature(drums)), feature.__name__
    assert note_density(drums) == pytest.approx(8 / ((168 + 6) / 96))
    assert groove_consistency(drums) == 1


def test_drums_do_not_count_as_pitches():
    tune = melody(60, 62, 64, 65)
    with_drums = stack([tune, Score.from_notes([(0, 12, 37), (30, 12, 42)], programs=(DRUMS,))])
    for feature in (pitch_class_entropy, scale_consistency, pitch_range, polyphony):
        assert feature(with_drums) == feature(tune), feature.__name__
    assert interval_distribution(with_drums) == interval_distribution(tune)


@pytest.mark.parametrize("seed", range(5))
def test_features_keep_their_ranges_and_do_not_depend_on_the_key(seed):
    score = random_melody(seed)
    assert 0 < pitch_class_entropy(score) <= math.log2(12)
    assert 7 / 12 <= scale_consistency(score) <= 1
    assert 0 <= groove_consistency(score) <= 1
    for feature in FEATURES:
        assert feature(score.transpose(5)) == pytest.approx(feature(score)), feature.__name__


# ---- distributions ----


def test_distributions_of_one_score_and_of_many():
    first, second = melody(60, 62, 64), Score.from_melody([60, 55], [12, 36])
    assert rhythm_distribution(first) == {24: 1.0}
    assert rhythm_distribution([first, second]) == {12: 0.2, 24: 0.6, 36: 0.2}
    assert interval_distribution([first, second]) == {-5: pytest.approx(1 / 3), 2: pytest.approx(2 / 3)}
    assert list(rhythm_distribution([second, first])) == [12, 24, 36]
    assert interval_distribution(melody(60)) == {}
    assert rhythm_distribution(Score()) == {}


def test_steps_are_those_of_the_top_line_of_each_part():
    chords = Score.from_notes([(0, 24, 60), (0, 24, 67), (24, 24, 64), (24, 24, 69)])
    assert interval_distribution(chords) == {2: 1.0}
    assert interval_distribution(stack([chords, melody(40, 39)])) == {-1: 0.5, 2: 0.5}


def test_overlap_and_divergence():
    p, q = {"a": 0.5, "b": 0.5}, {"b": 0.5, "c": 0.5}
    assert distribution_overlap(p, p) == 1
    assert distribution_overlap(p, q) == distribution_overlap(q, p) == 0.5
    assert distribution_overlap(p, {"d": 1.0}) == 0
    assert kl_divergence(p, p) == pytest.approx(0, abs=1e-9)
    assert kl_divergence({"a": 1.0}, p) == pytest.approx(math.log(2), abs=1e-5)
    assert kl_divergence(p, q) > 5  # "a" is unknown to q
    assert kl_divergence(p, q, smoothing=0.5) < 1
    assert math.isnan(distribution_overlap({}, p))
    assert math.isnan(kl_divergence(p, {}))


@pytest.mark.parametrize("wrong", [{"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_what_is_no_distribution_is_refused(wrong):
    for measure in (distribution_overlap, kl_divergence):
        with pytest.raises(ValueError, match="p is no distribution"):
            measure(wrong, {"a": 1.0})
        with pytest.raises(ValueError, match="q is no distribution"):
            measure({"a": 1.0}, wrong)
    with pytest.raises(ValueError, match="smoothing=0"):
        kl_divergence({"a": 1.0}, {"a": 1.0}, smoothing=0)


# ---- novelty and copies ----


def test_a_copy_in_another_key_at_another_loudness_or_tempo_is_no_novelty():
    corpus = [random_melody(seed) for seed in range(20)]
    copy = corpus[7].transpose(6).replace(bpm=60, title="My own tune")
    assert ngram_novelty(copy, corpus) == 0
    assert nearest_tune(copy, corpus) == (7, 1.0)
    notes = copy.notes.copy()
    notes["duration"] = np.maximum(1, notes["duration"] // 2)  # staccato
    assert ngram_novelty(copy.replace(notes=notes), corpus) == 0


def test_new_music_is_new():
    corpus = [random_melody(seed) for seed in range(20)]
    assert ngram_novelty(random_melody(99), corpus) == 1
    tune, similarity = nearest_tune(random_melody(99), corpus)
    assert 0 <= tune < 20
    assert similarity < 0.2


def test_a_changed_rhythm_or_interval_is_new():
    corpus = [melody(60, 62, 64, 65, 67, 69, 71, 72)]
    same_pitches = Score.from_melody([60, 62, 64, 65, 67, 69, 71, 72], [24, 24, 24, 12, 24, 24, 24, 24])
    one_note_changed = melody(60, 62, 64, 65, 66, 69, 71, 72)
    for changed in (same_pitches, one_note_changed):
        assert ngram_novelty(changed, corpus) == 1
        assert nearest_tune(changed, corpus) == (0, 0.5)  # four notes in a row


def test_novelty_counts_places():
    corpus = [melody(60, 62, 64, 65)]
    half = melody(60, 62, 64, 65, 59, 71)
    assert ngram_novelty(half, corpus, n=4) == pytest.approx(2 / 3)
    assert ngram_novelty([half, melody(60, 62, 64, 65)], corpus, n=4) == pytest.approx(2 / 4)
    assert ngram_novelty(half, corpus, n=2) == pytest.approx(2 / 5)
    assert math.isnan(ngram_novelty(half, corpus, n=8))
    assert math.isnan(ngram_novelty(Score(), corpus))
    assert ngram_novelty(half, [melody(60)], n=4) == 1


def test_no_run_crosses_from_one_tune_of_the_corpus_to_the_next():
    corpus = [melody(60, 62, 64, 65), melody(67, 69, 71, 72)]
    across = melody(62, 64, 65, 67, 69, 71)
    assert ngram_novelty(across, corpus, n=4) == 1
    assert nearest_tune(across, corpus) == (0, 0.5)


def brute_force_nearest(score, corpus):
    """The definition, written out: the longest run of equal (interval, time) moves, over all tunes and places."""

    def moves(tune):
        return list(zip(np.diff(tune.notes["pitch"]).tolist(), np.diff(tune.notes["onset"]).tolist(), strict=True))

    wanted, best = moves(score), (0, 0)
    for number, tune in enumerate(corpus):
        known = moves(tune)
        longest = 0
        for i in range(len(wanted)):
            for j in range(len(known)):
                length = 0
                while i + length < len(wanted) and j + length < len(known) and wanted[i + length] == known[j + length]:
                    length += 1
                longest = max(longest, length)
        if longest > best[1]:
            best = number, longest
    return best[0], (best[1] + 1) / (len(wanted) + 1) if best[1] else 0.0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("max_meetings", [10**6, 0])
def test_the_nearest_tune_agrees_with_the_definition_written_out(monkeypatch, seed, max_meetings):
    monkeypatch.setattr(novelty_module, "_MAX_MEETINGS", max_meetings)
    rng = np.random.default_rng(seed)

    def tune(n_notes):
        steps = rng.integers(-2, 3, n_notes).cumsum() + 60
        return Score.from_melody(steps.tolist(), rng.choice([12, 24], n_notes).tolist())

    corpus = [tune(rng.integers(5, 30)) for _ in range(15)]
    for length in (2, 4, 25):
        score = tune(length)
        assert nearest_tune(score, corpus) == brute_force_nearest(score, corpus)


def test_a_drone_against_drones_needs_little_memory():
    corpus = [melody(*[60] * length, duration=6) for length in (800, 2000, 1500)]
    assert nearest_tune(melody(*[70] * 3000, duration=6), corpus) == (1, 2000 / 3000)


def test_of_several_parts_the_most_similar_counts():
    corpus = [random_melody(seed) for seed in range(5)]
    score = stack([random_melody(50), corpus[3].transpose(-5)])
    assert nearest_tune(score, corpus) == (3, 1.0)
    assert nearest_tune(corpus[3], [random_melody(51), score]) == (1, 1.0)


def test_an_index_gives_the_same_answers_and_thousands_of_tunes_are_quick():
    corpus = [random_melody(seed, n_notes=100) for seed in range(3000)]
    index = CorpusIndex(corpus)
    assert len(index) == 3000
    queries = [random_melody(5000 + seed, n_notes=60) for seed in range(20)]
    started = time.process_time()
    answers = [nearest_tune(query, index) for query in queries]
    share = ngram_novelty(queries, index)
    assert time.process_time() - started < 10  # measured: 0.1 s
    assert answers[0] == nearest_tune(queries[0], corpus)
    assert share == ngram_novelty(queries, corpus) == 1
    assert nearest_tune(corpus[2999], index) == (2999, 1.0)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="corpus is empty"):
        ngram_novelty(melody(60), [])
    with pytest.raises(ValueError, match="corpus is empty"):
        nearest_tune(melody(60, 62), [])
    with pytest.raises(ValueError, match="no melody of at least two notes"):
        nearest_tune(melody(60), [melody(60, 62)])
    for n in cast("list[int]", [1, 2.5, True]):
        with pytest.raises(ValueError, match="n="):
            ngram_novelty(melody(60), [melody(60)], n=n)


# ---- the scorecard ----


def test_a_scorecard_has_the_same_metrics_for_every_row():
    real = [random_melody(seed, low=60, high=72) for seed in range(6)]
    card = scorecard(
        {"copies": real[:2], "chance <&>": [random_melody(90), Score()]}, real[:4], reference=real[4:], n=5
    )
    assert list(card.rows) == ["copies", "chance <&>"]
    copies, chance = card.rows.values()
    assert list(copies) == list(chance)
    assert copies["new runs of 5 notes"] == 0
    assert chance["new runs of 5 notes"] == 1
    assert copies["longest copy (worst)"] == copies["longest copy (mean)"] == 1
    assert card.nearest["copies"] == ((0, 1.0), (1, 1.0))
    assert len(card.nearest["chance <&>"]) == 1  # a score without notes has no passage to compare
    assert copies["notes a bar"] == pytest.approx(np.mean([note_density(score) for score in real[:2]]))
    assert chance["notes a bar"] == pytest.approx(note_density(random_melody(90)))  # the mean over scores that have it
    assert copies["steps as in real music"] > chance["steps as in real music"]


def test_a_scorecard_shows_itself_as_text_and_as_a_table_for_light_and_dark():
    real = [random_melody(seed) for seed in range(3)]
    card = scorecard({"a <b>": real, "silence": [Score()]}, real, reference=real)
    lines = str(card).splitlines()
    assert lines[0].split() == ["a", "<b>", "silence"]
    assert len(lines) == 1 + len(card.rows["silence"])
    assert any(line.startswith("polyphony") and line.endswith("–") and "1.00" in line for line in lines)
    table = card._repr_html_()
    assert "a &lt;b&gt;" in table
    assert "<b>" not in table
    assert table.count("<tr>") == len(lines)
    for colour in ("white", "black", "#"):
        assert colour not in table  # colours come from the page
    assert "color:inherit" in table


def test_a_scorecard_says_what_is_missing():
    real = [random_melody(0)]
    with pytest.raises(ValueError, match="named_scores is empty"):
        scorecard({}, real, reference=real)
    with pytest.raises(ValueError, match=r"named_scores\['mine'\] holds no scores"):
        scorecard({"mine": []}, real, reference=real)
    with pytest.raises(ValueError, match="reference is empty"):
        scorecard({"mine": real}, real, reference=[])
    with pytest.raises(ValueError, match="corpus is empty"):
        scorecard({"mine": real}, [], reference=real)
