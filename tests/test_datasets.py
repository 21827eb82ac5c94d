import io
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pretty_midi
import pytest

from musegen_edu.datasets import CHECKSUMS, IndexRow, dataset_names, load_dataset, write_dataset
from musegen_edu.families import SPLITS
from musegen_edu.files import datasets_folder
from musegen_edu.keys import parse_key
from musegen_edu.score import Score


@pytest.fixture(scope="module")
def folk():
    return load_dataset("folk")


@pytest.fixture(scope="module")
def chorales():
    return load_dataset("chorales")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the folk dataset that a test may spoil."""
    shutil.copytree(datasets_folder() / "folk", tmp_path / "folk")
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path))
    return tmp_path / "folk"


def scores_of(dataset):
    return [
        (split, row, score)
        for split in SPLITS
        for row, score in zip(dataset.rows(split), getattr(dataset, split), strict=True)
    ]


# ---- what is in them ----


def test_they_are_as_large_as_promised(folk, chorales):
    assert len(folk) >= 3000
    assert len(chorales) >= 360
    assert len(folk.train) + len(folk.valid) + len(folk.test) == len(folk)
    for dataset in (folk, chorales):
        assert min(len(dataset.valid), len(dataset.test)) > 0.08 * len(dataset)
        assert len(dataset.train) > 0.55 * len(dataset)


@pytest.mark.parametrize("name", ["folk", "chorales"])
def test_index_and_music_say_the_same(name, request):
    for split, row, score in scores_of(request.getfixturevalue(name)):
        assert (row.split, row.title, row.key, row.meter) == (split, score.title, score.key, score.meter)
        assert (row.pickup, row.bpm, row.bars, row.notes) == (score.pickup, score.bpm, score.n_bars, len(score))
        assert row.title
        assert row.credit
        assert row.source
        parse_key(row.key)


def test_folk_tunes_are_melodies(folk):
    for _, row, score in scores_of(folk):
        assert score.n_parts == 1
        ends = score.notes["onset"] + score.notes["duration"]
        assert (ends[:-1] <= score.notes["onset"][1:]).all(), row.file  # one note at a time
        assert score.notes["pitch"].min() >= 48 and score.notes["pitch"].max() <= 96, row.file
        assert row.bars >= 8
    assert {parse_key(row.key)[1] for row in folk.index} >= {"major", "minor", "dorian", "mixolydian"}
    assert {row.kind for row in folk.index} >= {"reel", "jig", "hornpipe", "slip jig", "march", "strathspey"}
    assert sum(row.pickup > 0 for row in folk.index) > 1000


def test_a_tune_is_what_the_book_has(folk):
    row, score = next((row, score) for _, row, score in scores_of(folk) if row.origin == "airdsAirs/book1.abc#0003")
    assert (row.title, row.key, row.meter, row.bpm) == ("The Lads of the Village", "G major", (2, 4), 104.0)
    # G2g>d | ecBG | a>cBG
    assert score.notes["pitch"][:11].tolist() == [67, 79, 74, 76, 72, 71, 67, 81, 72, 71, 67]
    assert score.notes["duration"][:11].tolist() == [24, 18, 6, 12, 12, 12, 12, 18, 6, 12, 12]


def test_chorales_have_four_voices_and_fermatas(chorales):
    for _, row, score in scores_of(chorales):
        assert score.n_parts == 4
        means = [float(np.mean(score.part(part).notes["pitch"])) for part in range(4)]
        assert means == sorted(means, reverse=True), row.file  # soprano above alto above tenor above bass
        soprano = set(score.part(0).notes["onset"].tolist())
        assert len(set(row.fermatas) - soprano) <= 1, row.file
    assert sum(bool(row.fermatas) for row in chorales.index) > 0.95 * len(chorales)
    assert sum("BWV" in row.title for row in chorales.index) == len(chorales)


def test_a_chorale_is_what_bach_wrote(chorales):
    row, score = next((row, score) for _, row, score in scores_of(chorales) if row.file == "bwv66.6.mid")
    assert (row.key, row.meter, row.pickup) == ("F# minor", (4, 4), 24)
    assert score.part(0).notes["pitch"][:6].tolist() == [73, 71, 69, 71, 73, 76]
    last = [int(score.part(part).notes["pitch"][-1]) for part in range(4)]
    assert last == [66, 61, 58, 54]  # F# major, with a Picardy third


def test_the_official_split_is_kept_but_for_families(chorales):
    official = [row for row in chorales.index if row.official_split]
    moved = [row for row in official if row.official_split != row.split]
    assert len(official) > 320
    assert len(moved) < 0.2 * len(official)
    for row in moved:
        family = [other.official_split for other in official if other.family == row.family]
        assert family.count(row.split) >= family.count(row.official_split)


# ---- no leak ----


def intervals_and_durations(score):
    top = score.part(0).notes
    return tuple(np.diff(top["pitch"].astype(int)).tolist()), tuple(top["duration"].tolist())


def worst_overlap(held_out, train, n=6):
    """The largest share of a melody's seven-note runs found in one training melody (or the other way round)."""

    def runs(score):
        steps = np.diff(score.part(0).notes["pitch"].astype(int)).tolist()
        return {tuple(steps[i : i + n]) for i in range(len(steps) - n + 1)}

    train_runs = [runs(score) for score in train]
    where: dict[tuple[int, ...], list[int]] = {}
    for index, found in enumerate(train_runs):
        for run in found:
            where.setdefault(run, []).append(index)
    worst = 0.0
    for score in held_out:
        mine = runs(score)
        hits: dict[int, int] = {}
        for run in mine:
            for index in where.get(run, ()):
                hits[index] = hits.get(index, 0) + 1
        worst = max([worst, *(count / min(len(mine), len(train_runs[index])) for index, count in hits.items())])
    return worst


@pytest.mark.parametrize(("name", "limit"), [("folk", 0.25), ("chorales", 0.4)])
def test_no_melody_has_a_relative_on_another_side(name, limit, request):
    dataset = request.getfixturevalue(name)
    sides: dict[int, set[str]] = {}
    for row in dataset.index:
        sides.setdefault(row.family, set()).add(row.split)
    assert all(len(found) == 1 for found in sides.values())
    assert worst_overlap(dataset.valid + dataset.test, dataset.train) < limit
    assert worst_overlap(dataset.test, dataset.valid) < limit


def test_the_leak_test_would_see_a_leak(folk):
    leaked = folk.train[100].transpose(3)
    bent = Score.from_melody(leaked.notes["pitch"].tolist(), 24)  # another key and another rhythm
    assert worst_overlap([*folk.test[:5], bent], folk.train) == 1.0


def test_no_tune_is_there_twice(folk, chorales):
    for dataset, voices in ((folk, 1), (chorales, 4)):
        seen = [
            tuple(intervals_and_durations(score.part(part)) for part in range(voices))
            for _, _, score in scores_of(dataset)
        ]
        assert len(set(seen)) == len(seen)


# ---- loading ----


def test_loading_needs_neither_music21_nor_a_network():
    code = (
        "import socket, sys\n"
        "socket.socket.connect = None\n"
        "from musegen_edu.datasets import load_dataset\n"
        "n = [len(getattr(load_dataset(name), 'train')) for name in ('folk', 'chorales')]\n"
        "heavy = {'music21', 'tensorflow', 'keras', 'librosa', 'scipy', 'pooch', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy or min(n) < 200 else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_another_program_opens_the_files(folk, chorales):
    for dataset in (folk, chorales):
        with zipfile.ZipFile(io.BytesIO(dataset.archive)) as archive:
            for row in dataset.index[::400]:
                opened = pretty_midi.PrettyMIDI(io.BytesIO(archive.read(row.file)))
                assert sum(len(part.notes) for part in opened.instruments) == row.notes
                last = opened.time_signature_changes[-1]
                assert (last.numerator, last.denominator) == row.meter


def test_card_and_display(folk):
    assert folk.card.startswith("# folk")
    assert repr(folk).startswith(f"Dataset('folk', {len(folk):,} pieces: ")
    shown = folk._repr_html_()
    assert "<script" not in shown
    assert f"{len(folk.train):,}" in shown
    with pytest.raises(ValueError, match="split='dev' must be one of 'train', 'valid', 'test'"):
        folk.rows("dev")
    assert folk.train is folk.train  # read once


def test_the_card_states_the_counts(folk, chorales):
    for dataset in (folk, chorales):
        for split in SPLITS:
            assert f"| {split} | {len(dataset.rows(split)):,} |" in dataset.card


def test_unknown_name():
    assert dataset_names() == ("chorales", "folk", "one_shots", "styles", "timbre")
    with pytest.raises(ValueError, match="name='jazz' must be one of 'chorales', 'folk'"):
        load_dataset("jazz")


# ---- damage ----


@pytest.mark.parametrize("missing", ["folk.zip", CHECKSUMS, "README.md"])
def test_a_missing_file_is_named(copied, missing):
    (copied / missing).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{missing} is missing.*get it again: `git checkout"):
        load_dataset("folk")


def test_a_cut_file_is_refused(copied):
    data = (copied / "folk.zip").read_bytes()
    (copied / "folk.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"folk\.zip is cut short or is no zip file.*get it again"):
        load_dataset("folk")


def test_an_empty_file_is_refused(copied):
    (copied / "folk.zip").write_bytes(b"")
    with pytest.raises(ValueError, match=r"folk\.zip is cut short"):
        load_dataset("folk")


def test_a_file_with_one_changed_byte_is_refused(copied):
    data = bytearray((copied / "folk.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (copied / "folk.zip").write_bytes(data)
    with pytest.raises(ValueError, match=r"folk\.zip has been changed: its sha256 is .*get it again"):
        load_dataset("folk")


@pytest.mark.parametrize("text", ["", "not a checksum\n", f"{'0' * 64}  other.zip\n"])
def test_a_broken_list_of_checksums_is_refused(copied, text):
    (copied / CHECKSUMS).write_text(text)
    with pytest.raises(ValueError, match=r"SHA256SUMS does not name the sha256 of folk\.zip"):
        load_dataset("folk")


# ---- writing ----


def row_for(score, file, **changes):
    fields = {
        "file": file, "title": score.title, "kind": "", "key": score.key or "", "meter": score.meter, "pickup": 0, "bpm": score.bpm, "bars": 1,
        "notes": len(score), "split": "train", "family": 0, "source": "here", "origin": "here", "credit": "us",
    }  # fmt: skip
    return IndexRow(**(fields | changes))


def test_written_twice_it_is_the_same_and_can_be_loaded(tmp_path, monkeypatch):
    scores = [
        Score.from_melody([60, 62], 12, title='Comma, "quote" and ü', key="D dorian", bpm=97.5),
        Score.from_melody([64], 12, title="Plain", key="C major"),
    ]
    rows = [row_for(scores[0], "a.mid", fermatas=(0, 12)), row_for(scores[1], "b.mid", split="test")]
    first = write_dataset(tmp_path / "folk" / "folk.zip", rows, scores)
    data = (tmp_path / "folk" / "folk.zip").read_bytes()
    assert write_dataset(tmp_path / "folk" / "folk.zip", rows, scores) == first
    assert (tmp_path / "folk" / "folk.zip").read_bytes() == data
    (tmp_path / "folk" / "README.md").write_text("card")
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path))
    loaded = load_dataset("folk")
    assert loaded.index == tuple(rows)
    assert loaded.sha256 == first
    assert loaded.train == (scores[0],)
    assert loaded.valid == ()
    assert loaded.test == (scores[1],)
    assert "&quot;quote&quot;" in loaded._repr_html_()


def test_rows_and_scores_must_go_together(tmp_path):
    score = Score.from_melody([60], 12)
    with pytest.raises(ValueError, match="rows has 1 rows for 2 scores"):
        write_dataset(tmp_path / "x.zip", [row_for(score, "a.mid")], [score, score])
    with pytest.raises(ValueError, match="names the same file twice"):
        write_dataset(tmp_path / "x.zip", [row_for(score, "a.mid")] * 2, [score, score])
    assert list(tmp_path.iterdir()) == []
