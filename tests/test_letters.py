"""Melodies typed as letters."""

import pytest

from musegen_edu.letters import letters_to_score


def pitches(text):
    return letters_to_score(text).notes["pitch"].tolist()


def test_each_note_lies_as_near_as_it_can_to_the_one_before():
    assert pitches("C D E F G A B C") == [60, 62, 64, 65, 67, 69, 71, 72]
    assert pitches("C A F D") == [60, 57, 53, 50]
    assert pitches("C F#") == [60, 54]  # a tritone up or down: down
    assert pitches("F# C") == [66, 60]
    assert pitches("C5 G") == [72, 67]


def test_sharps_flats_and_letters_of_either_case():
    assert pitches("f# Gb bb Cb") == [66, 66, 70, 71]
    assert pitches("C## Dbb") == [62, 60]
    assert pitches("b4 b") == [71, 71]


def test_lengths_rests_holds_and_bar_lines():
    score = letters_to_score("C:2 - D:1/2 | r:1.5 E:1/3 r", key="C major", meter=(3, 4), title="Mine")
    assert score.notes[["onset", "duration"]].tolist() == [(0, 72), (72, 12), (120, 8)]
    assert (score.key, score.meter, score.title) == ("C major", (3, 4), "Mine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no note"),
        ("r r", "no note"),
        ("C H", "'H'"),
        ("r4", "'r4'"),
        ("- C", "no note before"),
        ("C:0", "above 0"),
        ("C:1/5", "24ths"),
        ("C:1/0", "'C:1/0'"),
        ("G9 C:", "'C:'"),
        ("B9", "outside 0 to 127"),
        ("C####", "'C####'"),
    ],
)
def test_what_is_no_melody_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        letters_to_score(text)


def test_only_text_is_read():
    with pytest.raises(TypeError, match="text"):
        letters_to_score(["C", "D"])  # type: ignore[arg-type]  # the mistake that is tested
