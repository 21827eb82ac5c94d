"""The dataset of styles: excerpts of equal length, whole works on one side, nothing but the notes to tell them apart."""

import importlib.util
import shutil
import sys
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from musegen_edu.dataset_index import IndexRow, read_index, write_index
from musegen_edu.datasets import load_dataset
from musegen_edu.excerpts import EXCERPT_TICKS, BarReference, cut_excerpt, excerpt_bars
from musegen_edu.families import SPLITS
from musegen_edu.files import datasets_folder
from musegen_edu.keys import estimate_key
from musegen_edu.score import Score

STYLES = ("folk", "chorale", "madrigal", "quartet")
N_PARTS = {"folk": 1, "chorale": 4, "madrigal": 5, "quartet": 4}


@pytest.fixture(scope="module")
def styles():
    return load_dataset("styles")


def pairs_of(dataset):
    return [pair for split in SPLITS for pair in zip(dataset.rows(split), getattr(dataset, split), strict=True)]


# ---- what is in it ----


def test_every_part_has_as_many_of_each_style(styles):
    for split, n in (("train", 200), ("valid", 50), ("test", 60)):
        assert Counter(row.style for row in styles.rows(split)) == dict.fromkeys(STYLES, n)


def test_it_is_small():
    assert (datasets_folder() / "styles" / "styles.zip").stat().st_size < 500_000


def test_index_and_music_say_the_same(styles):
    for row, score in pairs_of(styles):
        assert (row.title, row.key, row.meter, row.bpm) == (score.title, score.key, score.meter, score.bpm)
        assert (row.pickup, row.bars, row.notes) == (score.pickup, score.n_bars, len(score))
        assert row.title and row.source and row.origin and row.credit
        assert score.n_parts == N_PARTS[row.style]


def test_neither_length_nor_sound_nor_tempo_tells_the_style(styles):
    for row, score in pairs_of(styles):
        assert score.bar_ticks * excerpt_bars(score.meter) == EXCERPT_TICKS
        assert EXCERPT_TICKS - 96 <= score.duration <= EXCERPT_TICKS, row.title  # a rest of a bar at the end, at most
        assert (score.bpm, set(score.programs), score.pickup) == (90.0, {0}, 0)
        assert set(score.notes["velocity"].tolist()) == {80}
        assert score.key == estimate_key(score)


def test_an_excerpt_is_what_the_book_has(styles):
    row, score = next(pair for pair in pairs_of(styles) if pair[0].style == "folk")
    bars = BarReference.from_text(row.file)
    assert bars is not None
    folk = load_dataset("folk")
    whole = next(
        tune
        for split in SPLITS
        for line, tune in zip(folk.rows(split), getattr(folk, split), strict=True)
        if line.file == bars.file
    )
    assert score.notes["pitch"].tolist() == whole.slice_bars(bars.first, bars.last).notes["pitch"].tolist()


def test_a_madrigal_is_what_monteverdi_wrote(styles):
    # Sì, ch'io vorrei morire begins with chords in all five voices; A minor
    found = [pair for pair in pairs_of(styles) if pair[0].origin == "monteverdi/madrigal.4.16.mxl"]
    assert found and all("vorrei morire" in row.title for row, _ in found)
    for _, score in found:
        assert score.n_parts == 5
        assert score.notes["pitch"].min() >= 36 and score.notes["pitch"].max() <= 81


def test_voices_of_the_excerpts_fit_together(styles):
    """Parts that had slipped against one another would clash: semitones, sevenths and tritones are rare in this music."""
    for style, most in (("chorale", 0.07), ("madrigal", 0.03), ("quartet", 0.11)):
        shares = [clashes(score) for row, score in pairs_of(styles) if row.style == style]
        assert np.mean(shares) < most
    slipped = []
    for row, score in pairs_of(styles):
        if row.style == "madrigal":
            notes = score.notes.copy()
            notes["onset"][notes["part"] % 2 == 1] += 36
            slipped.append(clashes(score.replace(notes=notes)))
    assert np.mean(slipped) > 0.04  # the test would see it


def clashes(score):
    """Share of the time, over all pairs of parts, at which two parts sound a semitone, a tritone or a major seventh apart."""
    lines = np.full((score.n_parts, EXCERPT_TICKS + 96), -1)
    for onset, duration, pitch, _, part in score.notes.tolist():
        lines[part, onset : onset + duration] = pitch
    bad = together = 0
    for high in range(score.n_parts):
        for low in range(high):
            both = (lines[high] >= 0) & (lines[low] >= 0)
            steps = np.abs(lines[high] - lines[low])[both] % 12
            bad += int(np.isin(steps, (1, 6, 11)).sum())
            together += len(steps)
    return bad / max(together, 1)


# ---- no leak ----


def test_a_work_lies_on_one_side(styles):
    sides: dict[int, set[str]] = {}
    for row in styles.index:
        sides.setdefault(row.family, set()).add(row.split)
    assert all(len(found) == 1 for found in sides.values())
    by_work: dict[str, set[str]] = {}
    for row in styles.index:
        if row.style == "quartet":
            by_work.setdefault(row.source, set()).add(row.split)
        if row.style == "madrigal":
            by_work.setdefault(row.origin, set()).add(row.split)
    assert len(by_work) >= 55  # 16 quartets, 40 madrigals
    assert all(len(found) == 1 for found in by_work.values())


def test_parts_of_one_madrigal_stay_together(styles):
    family = {row.origin: row.family for row in styles.index if row.style == "madrigal"}
    for cycle in (("3.8", "3.9", "3.10"), ("3.15", "3.16", "3.17"), ("3.19", "3.20"), ("4.6", "4.7")):
        assert len({family[f"monteverdi/madrigal.{number}.mxl"] for number in cycle}) == 1


def test_tunes_and_chorales_stay_where_their_own_dataset_has_them(styles):
    for name in ("folk", "chorales"):
        own = {row.file: row.split for row in load_dataset(name).index}
        all_bars = [(BarReference.from_text(row.file), row) for row in styles.index]
        mine = [(bars, row) for bars, row in all_bars if bars and bars.dataset == name]
        assert len(mine) == 310
        assert all(own[bars.file] == row.split for bars, row in mine)
        assert len({bars.file for bars, _ in mine}) == 310  # one excerpt a piece


def test_no_excerpt_is_there_twice(styles):
    seen = {score.notes.tobytes() for _, score in pairs_of(styles)}
    assert len(seen) == len(styles)


def test_nothing_with_a_notice_of_rights_came_in(styles):
    for row in styles.index:
        assert not row.origin.startswith(
            ("monteverdi/madrigal.5", "trecento", "palestrina", "essen", "josquin", "ciconia")
        )
    assert {row.origin.split("/")[0] for row in styles.index if row.style in STYLES[2:]} == {
        "monteverdi",
        "haydn",
        "mozart",
        "beethoven",
    }


def test_the_card_states_the_counts(styles):
    for split in SPLITS:
        assert f"| {split} | {len(styles.rows(split)):,} | {len(styles.rows(split)) // 4} |" in styles.card
    families = {
        (split, style): len({row.family for row in styles.rows(split) if row.style == style})
        for split in SPLITS
        for style in STYLES
    }
    assert [families["test", style] for style in STYLES] == [60, 49, 6, 4]
    assert [families["train", style] for style in STYLES] == [200, 129, 23, 9]


def test_a_missing_dataset_that_it_borrows_from_is_named(tmp_path, monkeypatch):
    shutil.copytree(datasets_folder() / "styles", tmp_path / "styles")
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path))
    styles = load_dataset("styles")
    with pytest.raises(FileNotFoundError, match=r"folk\.zip is missing"):
        _ = styles.valid


# ---- excerpts ----


def test_bars_that_make_an_excerpt():
    assert [excerpt_bars(meter) for meter in ((2, 4), (3, 4), (3, 8), (2, 2), (12, 8), (5, 4))] == [
        12,
        8,
        16,
        6,
        4,
        None,
    ]


def test_references():
    bars = BarReference("chorales", "bwv66.6.mid", 1, 6)
    assert BarReference.from_text(str(bars)) == bars
    assert BarReference.from_text("monteverdi_3_1_0001.mid") is None


def test_an_excerpt_forgets_where_it_came_from():
    tune = Score.from_melody(
        [67] + [60, 62, 64, 65] * 3, 24, pickup=24, bpm=200, programs=(40,), velocity=30, key="F major"
    )
    excerpt = cut_excerpt(tune, 2, 3)
    assert (excerpt.bpm, excerpt.programs, excerpt.pickup, excerpt.n_bars) == (90.0, (0,), 0, 2)
    assert excerpt.key == estimate_key(excerpt) != "F major"
    assert set(excerpt.notes["velocity"].tolist()) == {80}
    with pytest.raises(ValueError, match="first=0"):
        cut_excerpt(excerpt, 0, 1)


def test_tables_without_styles_keep_their_form():
    row = IndexRow("a.mid", "A", "", "C major", (4, 4), 0, 90.0, 6, 20, "train", 0, "book", "page", "us")
    assert "style" not in write_index([row])
    assert read_index(write_index([row])) == (row,)


# ---- the reader of the corpus files ----


@pytest.fixture(scope="module")
def reader():
    spec = importlib.util.spec_from_file_location("part_reader", datasets_folder() / "styles" / "part_reader.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["part_reader"] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("part_reader", None)


def bars_of(reader, parts, meters, first_number=1):
    starts = [Fraction(96 * i) for i in range(len(meters) + 1)]
    return reader.Bars(starts, meters, parts, first_number)


def quarters(n, pitch):
    return [(Fraction(24 * i), Fraction(24), pitch) for i in range(n)]


def test_excerpts_skip_what_is_not_whole(reader):
    meters = [(4, 4)] * 6 + [None] + [(4, 4)] * 7
    found = reader.excerpts_of(bars_of(reader, [quarters(56, 60)], meters), "Test")
    assert [(first, last) for first, last, _ in found] == [(1, 6), (8, 13)]
    assert found[1][2].title == "Test, bars 8-13"
    assert len(found[1][2]) == 24


def test_excerpts_without_a_melody_are_passed_over(reader):
    few = bars_of(reader, [quarters(4, 72), quarters(24, 48)], [(4, 4)] * 6)
    assert reader.excerpts_of(few, "Test") == []
    enough = bars_of(reader, [quarters(8, 72), quarters(24, 48)], [(4, 4)] * 6)
    assert len(reader.excerpts_of(enough, "Test")) == 1


def test_a_rhythm_off_the_grid_is_passed_over(reader):
    fine = [*quarters(23, 60), (Fraction(23 * 24), Fraction(24, 7), 60)]
    assert reader.excerpts_of(bars_of(reader, [fine], [(4, 4)] * 6), "Test") == []


def test_notes_are_cut_at_the_end_and_unisons_joined(reader):
    notes = [*quarters(23, 60), (Fraction(23 * 24), Fraction(96), 60), (Fraction(0), Fraction(12), 60)]
    ((_, _, score),) = reader.excerpts_of(bars_of(reader, [notes], [(4, 4)] * 6), "Test")
    assert score.duration == EXCERPT_TICKS
    assert len(score) == 24
    assert score.notes["duration"][0] == 24  # the longer of the two that begin together


def test_ties_rests_written_twice_and_chord_names(reader, tmp_path):
    from music21 import harmony, meter, note, stream, tie

    top, low = stream.Part(), stream.Part()
    first, second = stream.Measure(number=1), stream.Measure(number=2)
    first.append([meter.TimeSignature("4/4"), note.Note("C5", quarterLength=3), note.Note("D5", quarterLength=1)])
    first.notes[1].tie = tie.Tie("start")
    first.insert(0, harmony.ChordSymbol("Am"))
    second.append([note.Note("D5", quarterLength=2), note.Note("E5", quarterLength=2)])
    second.notes[0].tie = tie.Tie("stop")
    top.append([first, second])
    empty, whole = stream.Measure(number=1), stream.Measure(number=2)
    empty.append([meter.TimeSignature("4/4"), note.Rest(quarterLength=4), note.Rest(quarterLength=4)])
    whole.append(note.Note("C3", quarterLength=4))
    low.append([empty, whole])
    assert reader._measure_quarters(empty, Fraction(4)) == 4
    starts = [Fraction(0), Fraction(96), Fraction(192)]
    assert sorted(reader._read_part([first, second], starts)) == [(0, 72, 72), (72, 72, 74), (144, 48, 76)]
