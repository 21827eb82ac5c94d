"""The reader of ABC songbooks and the build of the folk dataset, in datasets/folk/."""

import importlib.util
import io
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from musegen_edu.datasets import load_dataset

FOLDER = Path(__file__).resolve().parents[1] / "datasets" / "folk"


def load_module(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look themselves up there, and build.py imports abc_reader
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def abc():
    yield load_module("abc_reader")
    sys.modules.pop("abc_reader", None)


@pytest.fixture(scope="module")
def fields(abc):
    yield load_module("tune_fields")
    sys.modules.pop("tune_fields", None)


@pytest.fixture(scope="module")
def build(abc, fields):
    yield load_module("build")
    sys.modules.pop("build", None)


def tune_text(body, key="C", meter="4/4", unit="1/8", **fields):
    header = "".join(f"{name}:{value}\n" for name, value in fields.items())
    return f"X:1\nT:Test\n{header}M:{meter}\nL:{unit}\nK:{key}\n{body}\n"


@pytest.fixture
def notes_of(abc):
    def read(body, **fields):
        tune = abc.read_tune(tune_text(body, **fields))
        return [(note.pitch, note.quarters * 2) for measure in tune.measures for note in measure.notes]  # in eighths

    return read


def test_letters_octaves_and_lengths(notes_of):
    expected = [(48, 1), (60, 1), (72, 2), (84, Fraction(1, 2)), (71, Fraction(3, 2)), (62, Fraction(1, 4)), (None, 2)]
    assert notes_of("C,Cc2c'/B3/2D//z2") == expected


def test_key_signatures_and_accidentals_hold_to_the_barline(notes_of):
    assert [pitch for pitch, _ in notes_of("FcB", key="D")] == [66, 73, 71]
    assert [pitch for pitch, _ in notes_of("FcB", key="G dor")] == [65, 72, 70]
    # the sharp holds for this F until the barline, not for the one an octave up
    assert [pitch for pitch, _ in notes_of("^FFf=FF|F")] == [66, 66, 77, 65, 65, 65]
    assert [pitch for pitch, _ in notes_of("^^C__C^C")] == [62, 58, 61]


def test_an_accidental_is_carried_over_a_barline_by_a_tie(notes_of):
    assert [pitch for pitch, _ in notes_of("^f-|f|f")] == [78, 78, 77]


def test_broken_rhythm_and_tuplets(notes_of):
    lengths = [length for _, length in notes_of("A>B c<d e>>f (3ABc (3A2B2c2")]
    assert lengths[:6] == [
        Fraction(3, 2),
        Fraction(1, 2),
        Fraction(1, 2),
        Fraction(3, 2),
        Fraction(7, 4),
        Fraction(1, 4),
    ]
    assert lengths[6:12] == [Fraction(2, 3)] * 3 + [Fraction(4, 3)] * 3


def test_ornaments_and_grace_notes_are_dropped_and_chords_keep_the_top(notes_of):
    assert notes_of('"Am"~A !trill!B {cde}.c uv"3"Td (Hef) [CEG]2') == [
        (69, 1), (71, 1), (72, 1), (74, 1), (76, 1), (77, 1), (67, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "fields", "reason"),
    [
        ("A2|\nM:3/4\nB2", {}, "the meter changes"),
        ("A2|\nK:G\nB2", {}, "the key changes"),
        ("[V:1]A2|", {}, "more than one voice"),
        ("A2 & B2", {}, "a sign that the reader does not know"),
        ("A2", {"key": "D exp _b"}, "a key signature of its own"),
        ("A2", {"meter": "none"}, "no meter"),
        ("(5ABcde", {}, "a tuplet that the tick grid cannot hold"),
        ("A/0", {}, "a note of no length"),
    ],
)
def test_what_it_cannot_read_is_refused_with_a_reason(abc, body, fields, reason):
    with pytest.raises(abc.TuneError, match=reason):
        abc.read_tune(tune_text(body, **fields))


BARS = "|".join(["C2E2G2E2"] * 6)


def test_the_last_of_two_endings_is_kept(abc, build):
    score = build.tune_to_score(abc.read_tune(tune_text(f"|:{BARS}|1 c8:|2 d8||e8|]")))
    assert score.n_bars == 8
    assert score.notes["pitch"][-2:].tolist() == [74, 76]


def test_an_upbeat_in_the_middle_completes_its_bar(abc, build):
    score = build.tune_to_score(abc.read_tune(tune_text(f"G2|{BARS}|c6:|g2|{BARS}|c6:|")))
    assert score.pickup == 24
    assert score.n_bars == 15  # the pickup, 6 and 6 bars, and two more that end the strains
    assert score.notes["onset"][1] == 24
    assert score.bar_ticks * 14 == score.duration


@pytest.mark.parametrize("body", [f"{BARS}|c7|{BARS}", f"G2|{BARS}|c8:|g2|{BARS}|c6:|", f"G2|{BARS}|c5|"])
def test_bars_that_do_not_add_up_are_refused(abc, build, body):
    with pytest.raises(abc.TuneError, match="bars that do not add up"):
        build.tune_to_score(abc.read_tune(tune_text(body)))


def test_ties_join_notes_and_hyphens_between_two_pitches_do_not(abc, build):
    score = build.tune_to_score(abc.read_tune(tune_text(f"{BARS}|c4c4-|c4c2-B2|")))
    assert score.notes["duration"][-4:].tolist() == [48, 96, 24, 24]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("BLACK-EYED LASSIE -- REEL., THE", "The Black-Eyed Lassie Reel"),
        ("42d Highland Regiment -- Strathspey", "42d Highland Regiment Strathspey"),
        ("Kilkenny Jig, The", "The Kilkenny Jig"),
        ("Gladiat:or -- Reel", "Gladiator Reel"),
        ("La Nov\\'ell\\'e Hol\\'endoise.", "La Novelle Holendoise"),
        ("OLD JOE SIFE'S -- REEL.", "Old Joe Sife's Reel"),
        ("", "Untitled"),
    ],
)
def test_titles_are_made_readable(abc, fields, title, expected):
    assert fields.read_title(abc.read_tune(f"X:1\nT:{title}\nM:4/4\nL:1/8\nK:C\nC8|\n")) == expected


def test_tempo_is_the_transcribers_or_the_usual_one(abc, fields):
    def bpm(meter, kind, **more):
        return fields.read_bpm(abc.read_tune(tune_text("C2", meter=meter, **more)), kind)

    assert bpm("6/8", "jig", Q="3/8=120") == 180
    assert bpm("C|", "reel") == 200
    assert bpm("2/4", "reel") == 100
    assert bpm("3/4", "", N='"Very slow"') == round(84 * 0.6)


@pytest.mark.slow
def test_the_build_makes_the_file_that_is_shipped(build, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "HERE", tmp_path)
    build.build()
    assert "3296 tunes" in capsys.readouterr().out
    shipped = load_dataset("folk").archive
    made = (tmp_path / "folk.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(shipped)) as ours, zipfile.ZipFile(io.BytesIO(made)) as theirs:
        assert (
            ours.namelist() == theirs.namelist()
        )  # compared unpacked: another zlib packs the same bytes in another way
        assert all(ours.read(name) == theirs.read(name) for name in ours.namelist())
