"""The spectrogram player's numbers are right: frequencies, levels, tiles, sounds, and what it says of wrong arguments."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from musegen_edu.spectrogram import audio_to_mel, audio_to_stft
from musegen_edu.widgets import SpectrogramPlayer
from musegen_edu.widgets.base import packed_module, widget_module
from musegen_edu.widgets.spectrogram_pictures import (
    LOWEST_DB,
    TILE,
    most_mels,
    picture_to_tile,
    sound_to_picture,
    sound_to_tile,
)
from musegen_edu.widgets.spectrogram_static import fewer_rows, levels_to_png


def tone(pitch=440.0, seconds=1.0, sr=22050, level=0.5):
    return level * np.sin(2 * np.pi * pitch * np.arange(int(seconds * sr)) / sr)


def decibels(levels):
    return LOWEST_DB * (1 - levels.astype(float) / 255)


@pytest.mark.parametrize("sr", [8000, 22050, 44100])
@pytest.mark.parametrize("view", ["stft", "mel", "cqt"])
def test_a_tone_is_brightest_in_its_row_and_reads_its_level(view, sr):
    for pitch in (110.0, 440.0, 3000.0):
        picture = sound_to_picture(tone(pitch, 2.0, sr).astype(np.float32), sr, view, n_fft=4096, hop_length=512)
        middle = picture.levels[:, picture.levels.shape[1] // 2]
        row = int(middle.argmax())
        assert row == int(np.abs(picture.frequencies - pitch).argmin())
        assert decibels(middle[row]) == pytest.approx(-6.0, abs=2.0)  # between two rows a tone reads up to 1.4 dB less


@pytest.mark.parametrize("view", ["stft", "mel"])
def test_long_sounds_are_transformed_in_parts_that_fit_together(view, monkeypatch):
    samples = np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32)
    whole = sound_to_picture(samples, 22050, view, n_fft=1024, hop_length=300)
    monkeypatch.setattr("musegen_edu.widgets.spectrogram_pictures._BLOCK", 7)
    parts = sound_to_picture(samples, 22050, view, n_fft=1024, hop_length=300)
    assert parts.levels.shape == whole.levels.shape == (len(whole.frequencies), 101)
    assert np.abs(parts.levels.astype(int) - whole.levels).max() <= 1


def test_the_pictures_are_those_of_the_package():
    samples = np.random.default_rng(1).normal(0, 0.1, 20_000).astype(np.float32)
    mel = sound_to_picture(samples, 22050, "mel", n_fft=2048, hop_length=512)
    wanted = audio_to_mel(samples, 22050, n_fft=2048, hop_length=512, n_mels=128)
    assert np.abs(decibels(mel.levels) - wanted).max() < 0.2
    stft = sound_to_picture(samples, 22050, "stft", n_fft=2048, hop_length=512)
    wanted = 20 * np.log10(np.maximum(abs(audio_to_stft(samples, n_fft=2048, hop_length=512)) / 512, 1e-5))
    assert np.abs(decibels(stft.levels) - wanted).max() < 0.2
    assert stft.loudest == pytest.approx(wanted.max(), abs=0.2)


@pytest.mark.parametrize(
    ("sr", "n_fft"), [(1000, 64), (8000, 256), (22050, 512), (44100, 256), (96000, 2048), (384000, 64)]
)
def test_no_mel_band_is_empty(sr, n_fft):
    # librosa warns of an empty band, and a warning is an error here
    picture = sound_to_picture(tone(100, 0.5, sr).astype(np.float32), sr, "mel", n_fft=n_fft, hop_length=n_fft // 2)
    assert len(picture.frequencies) == most_mels(sr, n_fft) <= 128


@pytest.mark.parametrize("view", ["stft", "mel", "cqt"])
@pytest.mark.parametrize("n_samples", [1, 100, 5000])
def test_a_sound_shorter_than_a_window_has_a_picture(view, n_samples):
    picture = sound_to_picture(np.ones(n_samples, np.float32), 8000, view, n_fft=2048, hop_length=512)
    assert picture.levels.shape == (len(picture.frequencies), 1 + n_samples // 512)


def test_tiles_hold_the_loudest_of_what_they_cover():
    samples = np.random.default_rng(2).normal(0, 0.1, 200_000).astype(np.float32)
    picture = sound_to_picture(samples, 22050, "stft", n_fft=256, hop_length=64)
    n_frames = picture.levels.shape[1]
    tiles = [picture_to_tile(picture, 0, index) for index in range(-(-n_frames // TILE))]
    assert np.array_equal(np.concatenate(tiles, axis=1), picture.levels)
    coarse = picture_to_tile(picture, 2, 0)
    assert coarse.shape[1] == -(-n_frames // 4)
    assert np.array_equal(coarse[:, 5], picture.levels[:, 20:24].max(axis=1))
    wave = sound_to_tile(samples, 6, 1)
    first = TILE * 64
    assert wave.shape == (2, TILE)
    assert wave[:, 3].tolist() == [samples[first + 192 : first + 256].min(), samples[first + 192 : first + 256].max()]
    assert sound_to_tile(samples, 0, 10_000).shape == (2, 0)


def test_the_page_gets_tiles_and_their_frequencies():
    player = SpectrogramPlayer(tone(), 22050, other=tone(level=0.05))
    facts, (levels, frequencies) = player.picture(
        {"view": "stft", "source": "B", "level": 0, "index": 0, "n_fft": 2048}, []
    )
    assert (facts["rows"], facts["columns"]) == (1025, 44)
    assert facts["loudest"] == pytest.approx(-6, abs=1.5)  # of both sounds, so that one scale serves them
    picture = np.frombuffer(levels, np.uint8).reshape(1025, 44)
    hertz = np.frombuffer(frequencies, "<f4")
    assert hertz[picture[:, 20].argmax()] == pytest.approx(440, abs=22050 / 2048)
    assert decibels(picture[:, 20].max()) == pytest.approx(-26, abs=1.5)
    facts, (wave,) = player.picture({"view": "waveform", "source": "A", "level": 3, "index": 0, "n_fft": 2048}, [])
    assert facts == {"rows": 2, "columns": TILE} and len(wave) == 2 * 4 * TILE
    assert player.picture({"view": "stft", "source": "C", "level": 0, "index": 0, "n_fft": 2048}, [])[0][
        "error"
    ].startswith("ValueError: source='C'")


def test_the_difference_of_two_waveforms_is_a_waveform():
    ask = {"view": "waveform", "source": "difference", "level": 0, "index": 0, "n_fft": 2048}
    player = SpectrogramPlayer(tone(), 22050, other=np.round(tone() * 8) / 8)
    wave = np.frombuffer(player.picture(ask, [])[1][0], "<f4").reshape(2, -1)
    assert np.allclose(wave[0], (np.round(tone() * 8) / 8 - tone())[:TILE], atol=1e-6)
    player.other = None
    assert "must be one of A" in player.picture(ask, [])[0]["error"]


def test_pictures_are_computed_once_and_anew_for_another_window(monkeypatch):
    made = []
    module = "musegen_edu.widgets.spectrogram_player.sound_to_picture"

    def counted(*arguments, **options):
        made.append(options["n_fft"])
        return sound_to_picture(*arguments, **options)

    monkeypatch.setattr(module, counted)
    player = SpectrogramPlayer(tone(), 22050)
    ask = {"view": "mel", "source": "A", "level": 0, "index": 0, "n_fft": 2048}
    player.picture(ask, [])
    player.picture(ask, [])
    player.picture({**ask, "n_fft": 256}, [])
    assert made == [2048, 256]


@pytest.mark.parametrize("rate", [44100, 48000])
def test_the_sound_reaches_the_page_whole_and_at_its_own_rate(rate):
    player = SpectrogramPlayer(tone(seconds=0.5, sr=rate), rate, other=tone(880, 1.0, rate))
    facts, files = player.sound({"rate": rate}, [])
    heard = [soundfile.read(io.BytesIO(file))[0] for file in files]
    assert facts == {"rate": rate} and [len(wave) for wave in heard] == [
        rate,
        rate,
    ]  # the shorter one goes on in silence
    assert np.abs(heard[0][: rate // 2] - player.audio).max() < 1e-4
    assert np.abs(heard[0][rate // 2 :]).max() == 0
    assert np.abs(heard[1] - tone(880, 1.0, rate)).max() < 1e-4


def test_any_sample_rate_is_resampled_without_images():
    player = SpectrogramPlayer(tone(700, 1.0, 2000), 2000)
    wave = soundfile.read(io.BytesIO(player.sound({"rate": 48000}, [])[1][0]))[0]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    assert len(wave) == 48000
    assert spectrum.argmax() == 700
    assert spectrum[1000:].max() < spectrum.max() / 1000  # the image at 1300 Hz is gone


def test_a_sound_beyond_full_scale_is_turned_down_and_shown_as_it_is():
    player = SpectrogramPlayer(tone(level=1.5), 22050, other=tone(level=0.3))
    heard = [np.abs(soundfile.read(io.BytesIO(file))[0]).max() for file in player.sound({"rate": 22050}, [])[1]]
    assert heard == pytest.approx([1.0, 0.2], abs=0.01)
    assert player.info["peak"] == pytest.approx(1.5, abs=0.01)
    wave = np.frombuffer(
        player.picture({"view": "waveform", "source": "A", "level": 5, "index": 0, "n_fft": 2048}, [])[1][0], "<f4"
    )
    assert wave.max() == pytest.approx(1.5, abs=0.01)


def test_two_channels_are_averaged():
    left, right = tone(), tone(880)
    assert np.allclose(SpectrogramPlayer(np.stack([left, right]), 22050).audio, (left + right) / 2, atol=1e-6)
    assert SpectrogramPlayer([left], 22050).audio.shape == (22050,)


def test_the_other_sound_may_come_later_and_go_again():
    player = SpectrogramPlayer(tone(), 22050, labels=("with", "without"))
    assert player.info["labels"] == ["with"]
    player.other = tone(880, 2.0)
    assert player.info["labels"] == ["with", "without"] and player.seconds == 2.0
    player.source, player.selection = "B", (1.0, 2.0)
    version = player.info["version"]
    player.other = None
    assert (player.source, player.selection, player.seconds) == ("A", None, 1.0)
    assert player.info["version"] > version
    with pytest.raises(ValueError, match="source='B' must be one of A"):
        player.source = "B"


def test_selection_is_seconds():
    player = SpectrogramPlayer(tone(), 22050)
    player.selection = [0.25, 0.5]
    assert player.selection == (0.25, 0.5)
    for wrong in ((0.5, 0.25), (0.1, 1.5), (-0.1, 0.2), (0.1,), 3, ("a", "b"), (0.1, 0.101), (0.1, float("nan"))):
        with pytest.raises(ValueError, match="must be None, or two times"):
            player.selection = wrong
    assert player.selection == (0.25, 0.5)
    player.selection = None
    assert player.selection is None


@pytest.mark.parametrize(
    ("audio", "options", "says"),
    [
        ([], {}, "audio is empty"),
        ([0.0, np.nan], {}, "audio holds NaN or infinite"),
        (np.zeros((3, 100)), {}, r"audio has the shape \(3, 100\)"),
        (np.zeros((2, 2, 100)), {}, r"audio has the shape"),
        (["a"], {}, "audio holds <U1; it must hold numbers"),
        (np.zeros(601 * 1000), {"sr": 1000}, "audio lasts 10.0 minutes; cut it to 10 or less"),
        (np.full(100, 20000), {}, "audio reaches 2e[+]04; values must be about -1 to 1"),
        (np.zeros(100), {"other": [np.inf]}, "other holds NaN"),
        (np.zeros(100), {"sr": 0}, "sr=0 must be a whole number of Hz, 1000 to"),
        (np.zeros(100), {"sr": 22050.5}, "sr=22050.5 must be"),
        (np.zeros(100), {"sr": np.nan}, "sr=nan must be"),
        (np.zeros(100), {"labels": ("A",)}, "labels=.* must be two names"),
        (np.zeros(100), {"view": "chroma"}, "view='chroma' must be one of waveform, stft, mel, cqt"),
        (np.zeros(100), {"n_fft": 2049}, "n_fft=2049 must be an even number"),
        (np.zeros(100), {"hop_length": 0}, "hop_length=0 must be from 1"),
        (np.zeros(100), {"n_fft": 512, "hop_length": 400}, "hop_length=400 must be from 1 to n_fft // 2 = 256"),
        (np.zeros(100), {"hide": ["play"]}, "hide holds 'play'; it may hold title, views"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(audio, options, says):
    options = {"sr": 22050, **options}
    with pytest.raises(ValueError, match=says):
        SpectrogramPlayer(audio, **options)


@pytest.mark.parametrize(
    ("name", "value"), [("view", "roll"), ("frequency_axis", "mel"), ("quietest", 0.0), ("n_fft", 10), ("source", "B")]
)
def test_wrong_traits_are_named_and_not_taken(name, value):
    player = SpectrogramPlayer(tone(), 22050)
    before = getattr(player, name)
    with pytest.raises(ValueError, match=f"{name}="):
        setattr(player, name, value)
    assert getattr(player, name) == before


def test_the_static_picture_shows_and_plays_both_sounds():
    player = SpectrogramPlayer(
        tone(seconds=30), 22050, other=tone(880, 30), labels=("low", "<high>"), title="Two & two"
    )
    html = player.static_html()
    assert html.count("<img") == html.count("<audio") == 2
    assert "Two &amp; two" in html and "&lt;high&gt;" in html and "the first 20 s" in html
    assert "<script" not in html and "http" not in html
    assert len(html) < 400_000
    silent = SpectrogramPlayer(np.zeros(10), 1000, view="stft").static_html()
    assert silent.count("<img") == 1 and "the first" not in silent


def test_a_static_stft_can_have_a_logarithmic_axis():
    picture = sound_to_picture(tone(440).astype(np.float32), 22050, "stft", n_fft=2048, hop_length=512)
    for log in (False, True):
        shown = fewer_rows(picture, log=log)
        assert len(shown.levels) == len(shown.frequencies) == 256
        middle = shown.levels[:, 20]
        brightest = shown.frequencies[middle == middle.max()]
        assert np.abs(brightest - 440).min() <= 22050 / 2048 + (11025 / 512 if not log else 0)
        assert middle.max() == picture.levels[:, 20].max()
        assert (np.diff(shown.frequencies) > 0).all()


def test_the_image_is_a_png_with_the_loudest_row_where_it_belongs():
    import matplotlib.image

    levels = np.zeros((4, 6), np.uint8)
    levels[3, 2] = 255  # the highest frequency
    picture = matplotlib.image.imread(io.BytesIO(levels_to_png(levels)), format="png")
    assert picture.shape[:2] == (4, 6)
    assert np.unravel_index(picture[..., :3].sum(-1).argmax(), (4, 6)) == (0, 2)


def test_the_page_code_is_short_and_asks_for_nothing():
    assert SpectrogramPlayer._esm == packed_module("spectrogram_player")
    assert len(SpectrogramPlayer._esm) < 30_000
    assert "http" not in widget_module("spectrogram_player")
