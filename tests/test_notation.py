"""Notation: round trips through MusicXML, what a page shows, files from elsewhere, and bad input."""

import io
import re
import struct
import warnings
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from musegen_edu.notation import (
    NotationWarning,
    engrave,
    musicxml_to_score,
    read_musicxml,
    score_to_musicxml,
    write_musicxml,
)
from musegen_edu.score import DRUMS, NOTE_DTYPE, Score, stack

METERS = [(4, 4), (3, 4), (6, 8), (2, 2), (9, 8), (5, 4), (7, 8), (12, 16), (3, 2), (1, 32), (2, 1)]


def round_trip(score):
    return musicxml_to_score(score_to_musicxml(score))


def written(score, part=0):
    """Return the notes of a part as (name of the value with dots, ticks, is it a rest, ties, beams)."""
    root = fromstring(score_to_musicxml(score))
    result = []
    for note in root.findall("part")[part].iter("note"):
        name = note.findtext("type", "bar") + "." * len(note.findall("dot"))
        ties = "".join({"stop": ")", "start": "("}[tie.get("type")] for tie in note.findall("tie"))
        beams = [beam.text for beam in note.findall("beam")]
        result.append((name, int(note.findtext("duration")), note.find("rest") is not None, ties, beams))
    return result


def values(score, part=0):
    """Return the written values: `quarter(` is tied to the next note, `quarter)` to the one before, `-quarter` is a rest."""
    return [("-" if is_rest else "") + name + ties for name, _, is_rest, ties, _ in written(score, part)]


def beams(score):
    """Return the first beam of each written note, by its first letter (forward and backward hooks are f and b)."""
    return ["".join(beam[0] for beam in each) for *_, each in written(score)]


def random_score(rng, grid, meter):
    n, n_parts = int(rng.integers(1, 30)), int(rng.integers(1, 4))
    notes = np.empty(n, NOTE_DTYPE)
    notes["onset"] = rng.integers(0, 400 // grid + 1, n) * grid
    notes["duration"] = rng.integers(1, max(2, 100 // grid), n) * grid
    notes["pitch"] = rng.integers(*[(0, 128), (40, 80), (60, 62)][rng.integers(3)], n)
    notes["velocity"] = rng.integers(1, 128, n)
    notes["part"] = rng.integers(0, n_parts, n)
    bar = 96 * meter[0] // meter[1]
    return Score(
        notes, meter=meter, pickup=int(rng.integers(0, bar)), programs=tuple(rng.choice([0, 40, 127, DRUMS], n_parts).tolist())
    )  # fmt: skip


# ---- round trips ----


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("grid", [1, 3, 4, 6, 8, 12])
def test_round_trip_of_random_music(meter, grid):
    """Pickups, ties, triplets, rests, chords, overlaps and several parts, in every meter and on every grid."""
    rng = np.random.default_rng([*meter, grid])
    for _ in range(4):
        score = random_score(rng, grid, meter)
        assert round_trip(score) == score


@pytest.mark.parametrize("key", [None, "C major", "F# minor", "Cb major", "A# minor", "D dorian", "F lydian", "E phrygian",
                                 "Bb mixolydian", "B locrian"])  # fmt: skip
@pytest.mark.parametrize("bpm", [120, 60.5, 100 / 3, 1, 2000])
def test_round_trip_of_key_tempo_and_title(key, bpm):
    score = Score.from_melody(range(55, 80), 12, key=key, bpm=bpm, title="Rock & <Roll> 月の光 ♭")
    assert round_trip(score) == score


def test_round_trip_of_parts():
    score = Score.from_notes(
        [(0, 24, 60, 1, 1), (0, 24, 36, 127, 2), (24, 24, 38, 50, 2)], programs=(56, 127, DRUMS, DRUMS, 0)
    )
    assert round_trip(score) == score
    many = Score.from_notes([(0, 96, 30 + part, 80, part) for part in range(40)], programs=tuple(range(40)))
    assert round_trip(many) == many


def test_round_trip_of_a_single_pickup_bar():
    score = Score.from_melody([67, 69], 12, pickup=24)
    assert round_trip(score) == score


def test_control_characters_in_a_title_do_not_break_the_file():
    assert round_trip(Score.from_melody([60], 24, title="a\x00b\x1fc")).title == "a b c"


def test_files(tmp_path):
    score = Score.from_melody([60, 62, 64], 32, key="A minor", title="File")
    path = write_musicxml(score, tmp_path / "tune.musicxml")
    assert read_musicxml(path) == score and read_musicxml(str(path)) == score
    for container in (True, False):
        packed = tmp_path / f"{container}.mxl"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            if container:
                root = '<container><rootfiles><rootfile full-path="in/tune.xml"/></rootfiles></container>'
                archive.writestr("META-INF/container.xml", root)
            archive.writestr("in/tune.xml", path.read_bytes())
        assert read_musicxml(packed) == score


# ---- what is written ----


@pytest.mark.parametrize(
    ("meter", "lengths", "expected"),
    [
        ((4, 4), [36, 12, 48], "quarter. eighth half"),
        ((4, 4), [12, 24, 24, 36], "eighth quarter eighth( eighth) quarter."),  # the middle of the bar stays visible
        ((4, 4), [24, 48, 24], "quarter half quarter"),
        ((4, 4), [60, 36], "half( eighth) quarter."),
        ((4, 4), [120, 72], "whole( quarter) half."),  # across a barline
        ((3, 4), [72], "half."),
        ((3, 4), [36, 36], "quarter. eighth( quarter)"),
        ((6, 8), [24, 12, 36], "quarter eighth quarter."),
        ((6, 8), [72], "half."),
        ((6, 8), [24, 24, 24], "quarter eighth( eighth) quarter"),  # the two beats stay visible
        ((9, 8), [108], "half.( quarter.)"),
        ((2, 2), [96], "whole"),
        ((5, 4), [120], "half.( half)"),
        ((7, 8), [84], "half( quarter.)"),
        ((4, 4), [18, 6, 6, 18, 48], "eighth. 16th 16th eighth. half"),
        ((4, 4), [8, 16, 72], "eighth quarter half."),
        ((4, 4), [16, 16, 16, 48], "quarter quarter quarter half"),  # three in the time of two beats
        ((4, 4), [32, 32, 32], "half half half"),
        ((4, 4), [4, 4, 4, 12, 72], "16th 16th 16th eighth half."),
    ],
)
def test_note_values(meter, lengths, expected):
    score = Score.from_melody([60] * len(lengths), lengths, meter=meter)
    assert " ".join(values(score)) == expected


def test_rests_are_written_by_the_beat():
    score = Score.from_melody([60, None, 60, None, 60], [12, 36, 48, 96, 96])
    assert " ".join(values(score)) == "eighth -eighth -quarter half -bar whole"
    jig = Score.from_melody([60, None, 60, None], [12, 24, 12, 24], meter=(6, 8))
    assert " ".join(values(jig)) == "eighth -eighth -eighth eighth -eighth -eighth"


def test_triplets_are_marked_and_bracketed():
    root = fromstring(score_to_musicxml(Score.from_melody([60, 62, 64, 65], [8, 8, 8, 72])))
    notes = list(root.iter("note"))
    ratios = [
        (n.findtext("time-modification/actual-notes"), n.findtext("time-modification/normal-notes")) for n in notes
    ]
    assert ratios == [("3", "2")] * 3 + [(None, None)]
    assert [[t.get("type") for t in n.iter("tuplet")] for n in notes] == [["start"], [], ["stop"], []]


@pytest.mark.parametrize(
    ("meter", "lengths", "expected"),
    [
        ((4, 4), [12] * 8, "b c c e b c c e"),  # by half bars
        ((4, 4), [12, 6, 6, 12, 12, 48], "b cb ee b e -"),  # by beats where there are sixteenths
        ((3, 4), [12] * 6, "b e b e b e"),
        ((6, 8), [12] * 6, "b c e b c e"),
        ((2, 2), [12] * 8, "b c c e b c c e"),
        ((5, 8), [12] * 5, "b c e b e"),
        ((7, 8), [12] * 7, "b e b e b c e"),
        ((4, 4), [18, 6, 6, 18, 24, 24], "b eb bf e - -"),
        ((4, 4), [8, 8, 8, 12, 12, 48], "b c e b e -"),  # a triplet has a beam of its own
    ],
)
def test_beams(meter, lengths, expected):
    assert beams(Score.from_melody([60] * len(lengths), lengths, meter=meter)) == [
        each.replace("-", "") for each in expected.split(" ")
    ]


def test_rests_break_beams():
    assert beams(Score.from_melody([60, None, 60, 62], [12] * 4, meter=(2, 4))) == ["", "", "b", "e"]


@pytest.mark.parametrize(
    ("key", "pitches", "expected"),
    [
        ("G minor", [70, 66, 63], "B-1 F+1 E-1"),
        ("D major", [66, 73, 68], "F+1 C+1 G+1"),
        ("Eb major", [63, 68, 70], "E-1 A-1 B-1"),
        ("Cb major", [71, 64], "C-1 F-1"),
        ("C# major", [72, 65], "B+1 E+1"),
        ("A minor", [68, 66], "G+1 F+1"),
    ],
)
def test_spelling_follows_the_key(key, pitches, expected):
    root = fromstring(score_to_musicxml(Score.from_melody(pitches, 24, key=key)))
    found = [f"{p.findtext('step')}{int(p.findtext('alter', '0')):+d}" for p in root.iter("pitch")]
    assert found == expected.split()


def test_accidentals_show_only_where_they_are_needed():
    pitches = [66, 66, 65, 67, 66, 70, 66, 66]  # F# F# F G | F# Bb, F# tied over the barline, F#
    score = Score.from_melody(pitches, [24, 24, 24, 24, 24, 24, 72, 24], key="G minor")
    root = fromstring(score_to_musicxml(score))
    assert [note.findtext("accidental", "") for note in root.iter("note") if note.find("rest") is None] == [
        "sharp", "", "natural", "", "sharp", "", "", "", "sharp",
    ]  # fmt: skip


def clefs(score):
    return [(clef.findtext("sign"), clef.get("number")) for clef in fromstring(score_to_musicxml(score)).iter("clef")]


def test_clefs():
    cello = Score.from_melody([40, 43, 47], 24, programs=(42,))
    flute = Score.from_melody([72, 74, 76], 24, programs=(73,))
    assert clefs(stack([flute, cello])) == [("G", None), ("F", None)]
    drums = Score.from_melody([36, 38], 24, programs=(DRUMS,))
    assert clefs(drums) == [("percussion", None)]
    piano = Score.from_notes([(0, 96, 40), (0, 96, 52), (0, 48, 72), (48, 48, 79)])
    assert clefs(piano) == [("G", "1"), ("F", "2")] and round_trip(piano) == piano
    assert clefs(piano.replace(programs=(24,))) == [("G", None)]  # a guitar has one staff


def test_overlapping_notes_go_to_two_voices_and_the_upper_is_the_first():
    score = Score.from_notes([(0, 96, 60), (0, 48, 72), (48, 48, 71), (96, 24, 64), (120, 72, 67)])
    root = fromstring(score_to_musicxml(score))
    by_voice = Counter(
        (n.findtext("voice"), n.findtext("pitch/step")) for n in root.iter("note") if n.find("pitch") is not None
    )
    assert by_voice == {("1", "C"): 1, ("1", "B"): 1, ("2", "C"): 1, ("1", "E"): 1, ("1", "G"): 1}
    assert len(root.findall("part/measure/backup")) == 1


def test_a_pickup_bar_is_numbered_0():
    root = fromstring(score_to_musicxml(Score.from_melody([67, 60, 64], [12, 48, 48], pickup=12)))
    assert [(m.get("number"), m.get("implicit")) for m in root.iter("measure")] == [("0", "yes"), ("1", None)]


# ---- other programs as witnesses ----


@pytest.fixture(scope="module")
def music21():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its imports warn of deprecations of their own
        import music21

    return music21


def by_music21(music21, path_or_text):
    """Return what music21 finds: for each part, a count of (onset, duration, pitch) in ticks, with ties merged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        piece = music21.converter.parse(path_or_text).toSoundingPitch().stripTies()
    return piece, [
        Counter(
            (round(float(note.offset) * 24), round(float(note.quarterLength) * 24), pitch.midi)
            for note in part.flatten().notes
            if not note.duration.isGrace
            for pitch in note.pitches
        )
        for part in piece.parts
    ]


def by_us(score):
    return [Counter(map(tuple, part.notes[["onset", "duration", "pitch"]].tolist())) for part in score.parts()]


def test_music21_reads_what_we_write(music21):
    melody = Score.from_melody(
        [67, 70, 66, None, 69, 74, 72, 71], [12, 16, 16, 16, 60, 72, 18, 6], key="G minor", meter=(3, 4), bpm=96, pickup=12,
        title="Witness",
    )  # fmt: skip
    bass = Score.from_melody([43, 50, 38], [72, 36, 108], meter=(3, 4), pickup=12)
    score = stack([melody, bass])
    piece, notes = by_music21(music21, score_to_musicxml(score))
    assert notes == by_us(score)
    assert piece.metadata.title == "Witness"
    assert str(piece.recurse().getElementsByClass("Key").first()) == "g minor"
    assert piece.recurse().getElementsByClass("TimeSignature").first().ratioString == "3/4"
    assert [part.recurse().getElementsByClass("Clef").first().sign for part in piece.parts] == ["G", "F"]
    assert [measure.number for measure in piece.parts[0].getElementsByClass("Measure")] == [0, 1, 2, 3]


@pytest.mark.parametrize("piece", ["bach/bwv66.6", "bach/bwv7.7", "schoenberg/opus19/movement2", "mozart/k80/movement2",
                                   "monteverdi/madrigal.3.3"])  # fmt: skip
def test_we_read_what_music21_reads(music21, piece):
    path = music21.corpus.getWork(piece, fileExtensions=[".mxl", ".xml"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotationWarning)
        ours = read_musicxml(path)
    found, theirs = by_music21(music21, path)
    meter = found.recurse().getElementsByClass("TimeSignature").first()
    assert ours.meter == (meter.numerator, meter.denominator)
    keep = lambda counts: {key: count for key, count in counts.items() if key[1] > 0}  # noqa: E731  # chord symbols last 0
    merged = [sum((Counter(keep(part)) for part in parts), Counter()) for parts in (by_us(ours), theirs)]
    difference = (merged[0] - merged[1]) + (merged[1] - merged[0])
    assert difference.total() == 0, list(difference)[:6]


def test_verovio_hears_the_same_onsets():
    import verovio

    rng = np.random.default_rng(5)
    verovio.enableLog(verovio.LOG_OFF)
    for meter in [(4, 4), (6, 8), (5, 4)]:
        score = random_score(rng, 8 if meter == (4, 4) else 6, meter).replace(pickup=24)
        toolkit = verovio.toolkit()
        assert toolkit.loadData(score_to_musicxml(score))
        toolkit.renderToMIDI()
        theirs = {
            name: round(event["qstamp"] * 24) for event in toolkit.renderToTimemap() for name in event.get("on", [])
        }
        ours = {name: event["onset_ticks"] for event in engrave(score).timemap for name in event["ids_on"]}
        first_symbols = {name: tick for name, tick in ours.items() if "-" not in name}  # verovio joins ties
        assert {name: theirs[name] for name in first_symbols} == first_symbols


# ---- engraving ----


def tune():
    return Score.from_melody(
        [67, 70, 66, None, 69], [12, 72, 24, 24, 48], key="G minor", pickup=12, title='A "tune" & more'
    )


def test_every_note_is_in_the_picture():
    engraved = engrave(tune())
    ids = set(re.findall(r'id="(note\S*)"', engraved.svg[0]))
    assert ids == set(engraved.note_ids)
    assert engraved.note_ids == {"note0": 0, "note1": 1, "note2": 2, "note3": 3, "note3-1": 3} or set(
        engraved.note_ids.values()
    ) == {0, 1, 2, 3}


def test_random_music_is_in_the_picture():
    rng = np.random.default_rng(3)
    for grid in (1, 3, 4, 8, 12):
        score = random_score(rng, grid, METERS[rng.integers(5)])
        engraved = engrave(score)
        assert set(re.findall(r'id="(note\S*)"', "".join(engraved.svg))) == set(engraved.note_ids)
        assert set(engraved.note_ids.values()) == set(range(len(score)))


def test_timemap_follows_the_notes():
    score = tune()
    engraved = engrave(score)
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for event in engraved.timemap:
        for name in event["ids_on"]:
            first.setdefault(engraved.note_ids[name], event["onset_ticks"])
        for name in event["ids_off"]:
            last[engraved.note_ids[name]] = event["onset_ticks"]
    ends = score.notes["onset"] + score.notes["duration"]
    assert [first[row] for row in range(len(score))] == score.notes["onset"].tolist()
    assert [last[row] for row in range(len(score))] == ends.tolist()
    ticks = [event["onset_ticks"] for event in engraved.timemap]
    assert ticks == sorted(set(ticks))


def test_the_picture_takes_the_colour_of_the_text_and_has_no_background():
    svg = engrave(tune()).svg[0]
    root = fromstring(svg)
    assert root.get("fill") == "currentColor"
    colours = set(re.findall(r'(?:fill|stroke|color)(?:=|:)\s*"?([\w#]+)', svg))
    assert colours <= {
        "currentColor",
        "dodgerblue",
        "limegreen",
    }  # the last two are verovio's cursor, which is not drawn
    assert "<rect" not in svg and "<image" not in svg
    assert "section placeholder" not in svg and root.get("aria-label") == 'Engraved music: A "tune" & more, 3 bars'


def test_engraving_depends_on_nothing_but_the_score():
    assert engrave(tune()).svg == engrave(tune()).svg
    assert engrave(tune()).svg != engrave(tune(), scale=50).svg
    text = "".join(fromstring(engrave(tune()).svg[0]).itertext())
    assert 'A "tune" & more' in text
    assert "tune" not in "".join(fromstring(engrave(tune(), title=False).svg[0]).itertext())


def test_a_narrow_page_has_more_lines():
    score = Score.from_melody([60, 62, 64, 65] * 16, 24)

    def size(width):
        root = fromstring(engrave(score, width=width).svg[0])
        return int(root.get("width", 0)), int(root.get("height", 0))

    (wide, low), (narrow, high) = size(1000), size(400)
    assert narrow <= 400 < wide <= 1000 and high > low


def test_an_empty_score_is_an_empty_bar():
    assert engrave(Score()).note_ids == {} and "<svg" in engrave(Score()).svg[0]


def test_engraving_works_in_any_thread():
    score = Score.from_melody([60, 62, 64, 65], 24)
    here = engrave(score, width=300)
    with ThreadPoolExecutor(max_workers=2) as pool:  # a kernel answers the page in a thread of its own
        assert [future.result() for future in [pool.submit(engrave, score, width=300) for _ in range(4)]] == [here] * 4


def test_limits_of_engraving():
    with pytest.raises(ValueError, match="width=20 must be 100 to 10000"):
        engrave(tune(), width=20)
    with pytest.raises(ValueError, match="scale=500 must be 5 to 200"):
        engrave(tune(), scale=500)
    notes = np.zeros(1_000_000, NOTE_DTYPE)
    notes["onset"], notes["duration"], notes["velocity"] = np.arange(1_000_000), 1, 64
    far = Score.from_notes([(2_000_000_000, 24, 60)])
    for score in (Score(notes), far):
        for call in (engrave, score_to_musicxml):
            with pytest.raises(ValueError, match=r"limited to 20000 notes in 5000 bars.*slice_bars"):
                call(score)


# ---- files from elsewhere ----


def document(*measures, attributes="", more="", part_list=""):
    """Return a one-part file; the measures are given as their content."""
    start = f"<attributes><divisions>2</divisions>{attributes}</attributes>"
    body = "".join(f'<measure number="{i + 1}">{start if i == 0 else ""}{m}</measure>' for i, m in enumerate(measures))
    return (
        f'<score-partwise version="3.0">{more}<part-list><score-part id="A"><part-name/>{part_list}</score-part></part-list>'
        f'<part id="A">{body}</part></score-partwise>'
    )


def note(step="C", duration=2, inside="", octave=4):
    return f"<note>{inside}<pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{duration}</duration></note>"


def test_pickup_without_the_word_implicit():
    meter = "<time><beats>3</beats><beat-type>4</beat-type></time>"
    score = musicxml_to_score(document(note("G"), note("C", 6), note("E", 6), attributes=meter))
    assert (score.meter, score.pickup, score.barlines().tolist()) == ((3, 4), 24, [0, 24, 96])
    alone = musicxml_to_score(document(note("G"), attributes=meter))
    assert alone.pickup == 0


def test_ties_are_merged_even_where_the_end_is_not_marked():
    for stop in ('<tie type="stop"/>', ""):
        text = document(note("C", 8, '<tie type="start"/>'), note("C", 4, stop) + note("C", 4))
        assert musicxml_to_score(text).notes[["onset", "duration"]].tolist() == [(0, 144), (144, 48)]


def test_grace_notes_and_repeats_are_said():
    grace = "<note><grace/><pitch><step>D</step><octave>4</octave></pitch></note>"
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    with pytest.warns(NotationWarning) as caught:
        score = musicxml_to_score(document(grace + note("C", 8) + repeat), name="air.xml")
    assert len(score) == 1
    messages = sorted(str(each.message) for each in caught)
    assert "air.xml has grace notes (1)" in messages[0] and "left out" in messages[0]
    assert "air.xml has repeat signs (1)" in messages[1] and "not played out" in messages[1]


def test_transposing_instruments_are_read_as_they_sound():
    attributes = "<key><fifths>2</fifths></key><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    score = musicxml_to_score(document(note("D", 8), attributes=attributes))
    assert score.notes["pitch"].tolist() == [60] and score.key == "C major"


def test_tempo_from_a_metronome_mark_and_changes():
    mark = "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute></metronome></direction-type></direction>"
    assert musicxml_to_score(document(mark + note("C", 8))).bpm == 90
    with pytest.warns(NotationWarning, match=r"2 tempos.*lasts longest, 80 bpm"):
        score = musicxml_to_score(
            document('<sound tempo="80"/>' + note("C", 16) + '<sound tempo="60"/>' + note("C", 4))
        )
    assert score.bpm == 80
    with pytest.warns(NotationWarning, match=r"tempos outside 1 to 2000 \(1\)"):
        assert musicxml_to_score(document('<sound tempo="0"/>' + note("C", 8))).bpm == 120


def test_meter_and_key_changes_are_said():
    change = "<attributes><key><fifths>-3</fifths><mode>minor</mode></key><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    attributes = (
        "<key><fifths>0</fifths><mode>aeolian</mode></key><time><beats>2+2</beats><beat-type>4</beat-type></time>"
    )
    with pytest.warns(NotationWarning) as caught:
        score = musicxml_to_score(document(note("C", 8), change + note("C", 6), note("C", 6), attributes=attributes))
    assert (score.meter, score.key) == ((3, 4), "C minor")
    assert {96, 168} <= set(score.barlines().tolist())
    assert len(caught) == 2


def test_irregular_measures_are_said():
    with pytest.warns(NotationWarning, match="1 measures that begin off the barlines"):
        score = musicxml_to_score(document(note("C", 8), note("C", 6), note("C", 8)))
    assert score.notes["onset"].tolist() == [0, 96, 168]


def test_empty_measures_last_a_bar_and_byte_order_marks_are_read():
    text = document(note("C", 8), "", note("E", 8))
    assert musicxml_to_score(text).notes["onset"].tolist() == [0, 192]
    assert musicxml_to_score(text.encode("utf-16")).notes["onset"].tolist() == [0, 192]


def test_programs_and_drums_from_elsewhere():
    instrument = (
        '<midi-instrument id="I"><midi-channel>1</midi-channel><midi-program>41</midi-program></midi-instrument>'
    )
    assert musicxml_to_score(document(note("C", 8), part_list=instrument)).programs == (40,)
    drum = "<note><unpitched><display-step>F</display-step><display-octave>4</display-octave></unpitched><duration>2</duration></note>"
    score = musicxml_to_score(document(drum))
    assert score.programs == (DRUMS,) and score.notes["pitch"].tolist() == [38]


ENTITIES = "".join(f'<!ENTITY b{i} "{(f"&b{i - 1};" if i else "&a;") * 10}">' for i in range(9))
LAUGHS = f'<!DOCTYPE lolz [<!ENTITY a "ha">{ENTITIES}]><score-partwise>&b8;</score-partwise>'
OUTSIDE = '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><score-partwise>&x;</score-partwise>'
BAD = {
    "empty": ("", r"bad.xml is empty \(0 bytes\); export it again"),
    "text": ("Dear diary", "bad.xml is not well-formed XML"),
    "cut": (document(note())[:-30], "not well-formed XML .*; give a .musicxml file"),
    "web page": ("<html><body/></html>", "XML but not MusicXML: it begins with <html>"),
    "timewise": ("<score-timewise/>", "score-timewise.*export it as score-partwise"),
    "billion laughs": (LAUGHS, r"unsafe to read: it declares entities .*EntitiesForbidden"),
    "external entity": (OUTSIDE, "unsafe to read"),
    "no notes": (document("<note><rest/><duration>8</duration></note>"), "contains no notes"),
    "no parts": ("<score-partwise/>", "contains no notes"),
    "word for a number": (document(note(duration="two")), "part 1, measure 1: 'two' stands where a number is needed"),
    "endless number": (document(note(duration="1e999999999")), "stands where a number is needed"),
    "negative duration": (document(note(duration=-2)), "a <duration> is -2, less than 0"),
    "no duration": (document("<note><pitch/></note>"), "a <note> has no <duration>"),
    "no step": (document("<note><pitch><octave>4</octave></pitch><duration>2</duration></note>"), "no step A to G"),
    "too high": (document(note(octave=12)), "MIDI pitch 156, outside 0 to 127"),
    "divisions 0": (document("<attributes><divisions>0</divisions></attributes>" + note()), "<divisions> is 0"),
    "meter of 0": (
        document(note(), attributes="<time><beats>4</beats><beat-type>0</beat-type></time>"),
        "4/0 makes no sense",
    ),
    "endless": (document(note(duration=999_999_999_999)), "times reach beyond tick"),
    "unknown encoding": ('<?xml version="1.0" encoding="klingon"?><score-partwise/>', "not well-formed XML"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_say_what_is_wrong(case, tmp_path):
    text, message = BAD[case]
    path = tmp_path / "bad.xml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_musicxml(path)
    assert str(path) in str(caught.value)


def test_a_doctype_alone_is_no_danger():
    doctype = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.0 Partwise//EN" "http://localhost:1/partwise.dtd">'
    assert len(musicxml_to_score(doctype + document(note()))) == 1


def zip_of(**files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return stream.getvalue()


def test_zip_bombs(tmp_path):
    bomb = zip_of(score_xml=b" " * (80 * 2**20))
    path = tmp_path / "bomb.mxl"
    path.write_bytes(bomb)
    assert len(bomb) < 100_000
    with pytest.raises(ValueError, match=r"bomb\.mxl unfolds to more than 64 MB.*zip bomb"):
        read_musicxml(path)
    at = bomb.index(b"PK\x01\x02") + 24  # the size as the directory states it; claim 100 bytes
    path.write_bytes(bomb[:at] + struct.pack("<I", 100) + bomb[at + 4 :])
    with pytest.raises(ValueError, match=r"bomb\.mxl"):
        read_musicxml(path)


def test_bad_compressed_files(tmp_path):
    path = tmp_path / "bad.mxl"
    good = zip_of(score_xml=document(note()))
    laughing = zip_of(score_xml=LAUGHS)
    for data, message in [
        (good[:-40], "damaged compressed file"),
        (good[:60] + b"\xff" * 20 + good[80:], "damaged compressed file"),
        (zip_of(readme_txt="hello"), "holds no MusicXML file"),
        (laughing, "unsafe to read"),
    ]:
        path.write_bytes(data)
        with pytest.raises(ValueError, match=message) as caught:
            read_musicxml(path)
        assert "bad.mxl" in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.mxl does not exist; check the folder"):
        read_musicxml(tmp_path / "none.mxl")
    with pytest.raises(ValueError, match="is a folder"):
        read_musicxml(tmp_path)
