"""The filter explorer's Python side: its maps against Keras, what has been seen, what lights up and sounds, and what is refused."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np
import pytest

from musegen_edu import Score, audio_to_mel
from musegen_edu.kernels import kernel_field, lit_cells, slide_kernel
from musegen_edu.models.feature_maps import feature_maps
from musegen_edu.pitch import measure_pitch
from musegen_edu.quiet_keras import keras
from musegen_edu.widgets.base import widget_module
from musegen_edu.widgets.filter_explorer import FilterExplorer
from musegen_edu.widgets.filter_presets import roll_presets, spectrogram_presets

RATE = 16000
layers = keras.layers
TUNE = Score.from_melody([60, 62, 64, 64, 62], [24, 24, 48, 24, 24], key="C major", title="A <tune>")


def tone(hertz, seconds=1.0, rate=RATE):
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


# ---- maps ----


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("shape", "stride", "dilation"),
    [((3, 4), (1, 1), (1, 1)), ((2, 5), (2, 3), (1, 1)), ((4, 3), (1, 1), (3, 2)), ((1, 1), (3, 1), (1, 1)), ((5, 2), (4, 4), (1, 1))],
)  # fmt: skip
def test_a_sliding_kernel_gives_what_keras_gives(shape, stride, dilation, padding):
    rng = np.random.default_rng(7)
    picture, kernel = rng.normal(size=(17, 14)), rng.normal(size=shape)
    layer = layers.Conv2D(1, shape, strides=stride, dilation_rate=dilation, padding=padding, activation="relu")
    layer.build((None, 17, 14, 1))
    layer.set_weights([kernel[:, :, None, None], np.array([0.3])])
    wanted = keras.ops.convert_to_numpy(layer(picture[None, :, :, None].astype("float32")))[0, :, :, 0]
    found = slide_kernel(picture, kernel, stride=stride, dilation=dilation, padding=padding, bias=0.3, relu=True)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    field = kernel_field(picture.shape, shape, stride=stride, dilation=dilation, padding=padding)
    assert field.shape == wanted.shape


def test_stride_and_dilation_together_follow_the_definition():
    rng = np.random.default_rng(1)
    picture, kernel = rng.normal(size=(15, 12)), rng.normal(size=(3, 2))
    found = slide_kernel(picture, kernel, stride=(2, 3), dilation=(3, 4))
    for i, j in np.ndindex(found.shape):
        patch = picture[2 * i : 2 * i + 7 : 3, 3 * j : 3 * j + 5 : 4]
        assert found[i, j] == pytest.approx((patch * kernel).sum())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"picture": np.ones(4)}, "picture has shape (4,)"),
        ({"kernel": np.ones((0, 2))}, "kernel has shape (0, 2)"),
        ({"stride": (0, 1)}, "stride=(0, 1)"),
        ({"dilation": (1,)}, "dilation=(1,)"),
        ({"padding": "full"}, "padding='full'"),
        ({"dilation": (9, 1)}, "kernel covers (10, 2) cells with its dilation, more than the picture's (6, 5)"),
    ],
)
def test_a_kernel_that_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        slide_kernel(**{"picture": np.ones((6, 5)), "kernel": np.ones((2, 2)), **change})


def network(*parts: Any) -> keras.Model:
    """A network whose weights are all above 0, so that every cell that is seen counts."""
    model = keras.Sequential([keras.Input((None, 12, 1)), *parts])
    model.set_weights([np.abs(weight) + 0.1 for weight in model.get_weights()])
    return model


@pytest.mark.parametrize(
    "model",
    [
        network(layers.Conv2D(2, (3, 5), padding="same", strides=(2, 1)), layers.BatchNormalization(), layers.Conv2D(3, 3, dilation_rate=(2, 1))),
        network(layers.Conv2D(2, 2), layers.AveragePooling2D((2, 3)), layers.Dropout(0.5), layers.Conv2D(1, 3, padding="same")),
        network(layers.DepthwiseConv2D(4, padding="same"), layers.AveragePooling2D(3, strides=2, padding="same"), layers.SeparableConv2D(2, 2)),
    ],
)  # fmt: skip
def test_what_a_number_has_seen_is_what_moves_it(model):
    deepest = feature_maps(model, np.zeros((20, 12)))[-1]
    assert deepest.field is not None and deepest.field.shape == deepest.values.shape[:2]
    dots = np.eye(240, dtype=np.float32).reshape(240, 20, 12, 1)  # one cell each
    moved = np.abs(keras.ops.convert_to_numpy(model(dots, training=False)) - deepest.values).max(axis=-1) > 1e-7
    for place in np.ndindex(deepest.field.shape):
        (a, b), (c, d) = deepest.field.cells(place)
        box = np.zeros((20, 12), bool)
        box[max(a, 0) : b, max(c, 0) : d] = True
        seen = moved[:, *place].reshape(20, 12)
        assert (seen <= box).all()  # nothing beyond
        if place == (1, 1):  # in the middle it reaches up to all four edges
            assert np.argwhere(seen).min(axis=0).tolist() == np.argwhere(box).min(axis=0).tolist()
            assert np.argwhere(seen).max(axis=0).tolist() == np.argwhere(box).max(axis=0).tolist()


def test_branches_are_followed_and_shuffled_cells_are_not():
    entry = keras.Input((16, 8, 1))
    x = layers.Conv2D(2, 3, padding="same", activation="relu", name="one")(entry)
    y = layers.Conv2D(2, (7, 1), padding="same", name="two")(x)
    out = layers.Conv2D(2, 1, name="three")(layers.Add()([x, y]))
    flat = layers.Reshape((8, 16, 2))(out)
    last = layers.Conv2D(1, 3, name="four")(flat)
    maps: dict[str, Any] = {one.name: one for one in feature_maps(keras.Model(entry, last), np.ones((16, 8)))}
    assert maps["three"].field.size == (9, 3) and maps["three"].field.start == (-4, -1)
    assert maps["four"].field is None
    assert maps["one"].kernel.shape == (3, 3, 2) and maps["two"].kernel is None


def test_a_convolution_along_time_alone_sees_all_rows():
    model = keras.Sequential([keras.Input((None, 9)), layers.Conv1D(4, 3, padding="causal", dilation_rate=2)])
    maps: Any = feature_maps(model, np.random.default_rng(0).normal(size=(11, 9)))[0]
    assert maps.values.shape == (11, 1, 4) and maps.kernel.shape == (3, 9, 4) and maps.dilation == (2, 1)
    assert maps.field.cells((5, 0)) == ((1, 6), (0, 9))


@pytest.mark.parametrize(
    ("model", "picture", "message"),
    [
        (keras.Sequential([keras.Input((4,)), layers.Dense(2)]), np.ones((3, 4)), "cannot be followed"),
        (network(layers.Conv2D(1, 2)), np.ones((3, 5)), "picture has shape (3, 5, 1); the model reads (None, 12, 1)"),
        ("cnn", np.ones((3, 5)), "model='cnn' cannot be followed"),
    ],
)
def test_networks_that_cannot_be_looked_into_are_refused(model, picture, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        feature_maps(model, picture)


# ---- rolls ----

CHORDS = Score.from_notes([(0, 24, 60, 80, 0), (0, 24, 64, 80, 0), (24, 48, 62, 80, 0), (24, 24, 65, 80, 0), (72, 24, 57, 80, 0), (72, 24, 64, 80, 0),
                           (96, 6, 55, 80, 0), (102, 6, 57, 80, 0), (108, 6, 56, 80, 0), (114, 6, 54, 80, 0)])  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "pitches"),
    [
        ("onset", [60, 64, 62, 65, 57, 64, 55, 57, 56, 54]),
        ("end of a note", [60, 64, 62, 65, 57, 64, 55, 57, 56]),  # what ends with the roll is not followed by silence
        ("a long note", [62]),
        ("minor third", [62, 65]),
        ("major third", [60, 64]),
        ("fifth", [57, 64]),
        ("rising step", [60, 62, 64, 55, 57]),
        ("falling step", [64, 62, 57, 55, 56, 54]),
    ],
)
def test_presets_find_what_they_are_named_after(preset, pitches):
    explorer = FilterExplorer(CHORDS, kernel=preset, title="Chords")
    explorer.threshold = 1.0
    if preset == "end of a note":
        pitches = [*pitches, 54]  # with "same" padding silence stands behind the end
    assert sorted(explorer.lit_score.notes["pitch"].tolist()) == sorted(pitches)
    assert explorer.feature_map.max() == 1.0


def test_the_map_follows_the_traits():
    explorer = FilterExplorer(CHORDS, kernel=[[-1], [1]])
    roll = explorer.picture
    assert roll.shape == (20, 128) and set(np.unique(roll)) == {0.0, 1.0}
    explorer.relu, explorer.padding, explorer.stride = False, "valid", [2, 1]
    np.testing.assert_array_equal(explorer.feature_map, (roll[1:] - roll[:-1])[::2])
    explorer.bias, explorer.relu = -0.5, True
    assert explorer.feature_map.max() == 0.5 and explorer.feature_map.min() == 0
    assert explorer.field is not None and explorer.field.shape == (10, 128)
    assert explorer.heard.programs == (0,) and len(explorer.heard) == len(explorer.lit_score)


def test_a_roll_of_numbers_is_played_too():
    roll = np.zeros((8, 128), int)
    roll[0:4, 60] = roll[2:8, 67] = 1
    explorer = FilterExplorer(roll, kernel="fifth")
    assert explorer.lit_score.notes["pitch"].tolist() == [60, 67] and explorer.info["kind"] == "roll"
    explorer.weights = np.zeros((2, 2))
    assert not explorer.lit.any() and len(explorer.lit_score) == 0
    with pytest.raises(ValueError, match="there is no sound here"):
        explorer.lit_audio()


# ---- spectrograms ----


def when(explorer: FilterExplorer, step: int) -> float:
    """Seconds at the middle of what a step of the map has seen."""
    assert explorer.field is not None
    first, stop = explorer.field.cells((int(step), 0))[0]
    return (first + stop - 1) / 2 * 256 / RATE


def test_sound_presets_find_what_they_are_named_after():
    silence = np.zeros(RATE // 2, np.float32)
    explorer = FilterExplorer(audio=np.concatenate([silence, tone(440, 0.5), silence]), sr=RATE, kernel="onset")
    assert when(explorer, explorer.feature_map.sum(axis=1).argmax()) == pytest.approx(0.5, abs=0.03)
    explorer.weights = np.array(explorer.presets[1]["kernel"])  # the end of a sound
    assert when(explorer, explorer.feature_map.sum(axis=1).argmax()) == pytest.approx(1.0, abs=0.03)
    explorer.weights = np.array(explorer.presets[2]["kernel"])  # a steady tone
    step, band = np.unravel_index(explorer.feature_map.argmax(), explorer.feature_map.shape)
    assert explorer.info["frequencies"][band + 1] == pytest.approx(440, abs=40)
    assert 0.5 < when(explorer, int(step)) < 1.0
    click = np.zeros(RATE, np.float32)
    click[8000] = 1.0
    clicked = FilterExplorer(audio=click + np.hanning(RATE) * tone(300), sr=RATE, kernel="click")
    assert when(clicked, clicked.feature_map.max(axis=1).argmax()) == pytest.approx(0.5, abs=0.03)


def test_harmonics_are_told_from_a_pure_tone():
    frequencies = np.array(FilterExplorer(audio=tone(220), sr=RATE).info["frequencies"])
    (comb,) = [preset for preset in spectrogram_presets(frequencies) if preset.name == "harmonics"]
    spacing = (len(comb.weights[0]) - 1) // 2
    assert frequencies[2 * spacing] - frequencies[spacing] == pytest.approx(220, abs=20)
    rich = sum(tone(220 * n) for n in (1, 2, 3)) / 3
    found = {name: FilterExplorer(audio=sound, sr=RATE, kernel="harmonics").feature_map[30].max() for name, sound in (("rich", rich), ("pure", tone(220)))}  # fmt: skip
    assert found["rich"] > 1.5 * found["pure"]


def test_the_mask_lets_through_what_lights_up():
    noise = np.random.default_rng(0).normal(0, 0.03, RATE)
    sound = (tone(440) + noise).astype(np.float32)
    explorer = FilterExplorer(audio=sound, sr=RATE, kernel="steady tone")
    explorer.threshold = 0.6
    heard = explorer.lit_audio()
    assert heard.shape == sound.shape
    mel = audio_to_mel(heard, RATE)
    inside, outside = mel[explorer.lit.T].mean(), mel[~explorer.lit.T].mean()
    assert inside > outside + 15  # dB
    everything = explorer.lit_audio(everything=True)
    assert measure_pitch(everything, RATE) == pytest.approx(440, rel=0.05)  # a band is 37 Hz wide
    assert np.abs(audio_to_mel(everything, RATE) - audio_to_mel(sound, RATE)).mean() < 6  # dB


def test_decibels_and_shares_are_the_same_picture():
    decibels = audio_to_mel(tone(440), RATE).T
    given = FilterExplorer(decibels, sr=RATE, kernel="blur")
    shares = FilterExplorer(1 + decibels / 80, sr=RATE, kernel="blur")
    sounded = FilterExplorer(audio=tone(440), sr=RATE, kernel="blur")
    np.testing.assert_allclose(given.picture, shares.picture, atol=1e-6)
    np.testing.assert_allclose(given.picture, sounded.picture, atol=1e-6)
    assert given.info["sounds"] and not given.info["original"] and sounded.info["original"]
    assert measure_pitch(given.lit_audio(everything=True, n_iter=8), RATE) == pytest.approx(440, rel=0.05)
    silent = FilterExplorer(decibels, kernel="blur")
    assert not silent.info["sounds"] and silent.info["frequencies"] == []
    with pytest.raises(ValueError, match=re.escape("give sr with a mel spectrogram")):
        silent.lit_audio()
    with pytest.raises(ValueError, match="lit_score is for piano rolls"):
        _ = silent.lit_score


def test_numbers_below_zero_count_from_the_lowest():
    picture = np.array([[-80.0, -80.0], [-80.0, -20.0]])
    assert lit_cells(picture, [[1.0]], slide_kernel(picture, [[1.0]], bias=80), 0.5).tolist() == [
        [False, False],
        [False, True],
    ]


# ---- layers ----


@pytest.fixture(scope="module")
def cnn() -> keras.Model:
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((None, 80, 1)), layers.Conv2D(4, (5, 3), padding="same", activation="relu"), layers.MaxPooling2D(2),
                             layers.Conv2D(6, 3, padding="same"), layers.GlobalAveragePooling2D(), layers.Dense(3)])  # fmt: skip


def test_the_page_gets_the_maps_of_the_network(cnn):
    mel = 1 + audio_to_mel(tone(440), RATE).T / 80
    explorer = FilterExplorer(mel, model=cnn, audio=tone(440), sr=RATE)
    assert [layer["filters"] for layer in explorer.layers] == [4, 6] and explorer.layer == 0
    wanted = keras.ops.convert_to_numpy(keras.Model(cnn.inputs[0], [layer.output for layer in (cnn.layers[0], cnn.layers[2])])(mel[None, :, :, None])[1])[0]  # fmt: skip
    answer, (data,) = explorer.maps({"layer": 1}, [])
    values = np.frombuffer(data, "<i2").reshape(6, *wanted.shape[:2]).transpose(1, 2, 0) * answer["largest"] / 32767
    np.testing.assert_allclose(values, wanted, atol=2e-4 * answer["largest"])
    explorer.layer, explorer.channel, explorer.relu = 1, 5, False
    np.testing.assert_allclose(explorer.feature_map, wanted[:, :, 5], atol=1e-6)
    assert explorer.field is not None and explorer.field.size == (10, 8) and explorer.lit.shape == mel.shape
    assert len(explorer.lit_audio(n_iter=2)) == RATE
    explorer.layer = 0
    assert explorer.channel == 0  # the first layer has no sixth filter
    answer, (_, kernel, bias, reads) = explorer.maps({"layer": 0}, [])
    np.testing.assert_array_equal(
        np.frombuffer(kernel, "<f4").reshape(4, 5, 3)[2], cnn.layers[0].get_weights()[0][:, :, 0, 2]
    )
    assert len(np.frombuffer(bias, "<f4")) == 4
    np.testing.assert_allclose(np.frombuffer(reads, "<f4").reshape(mel.shape), mel, atol=1e-6)
    explorer.channel = 2
    by_hand = slide_kernel(mel, cnn.layers[0].get_weights()[0][:, :, 0, 2], padding="same", relu=True)
    np.testing.assert_allclose(explorer.feature_map, by_hand, atol=1e-5)


def test_a_first_layer_behind_a_rescaling_is_still_worked_by_hand():
    decibels = audio_to_mel(tone(440), RATE).T
    model = keras.Sequential([keras.Input((None, 80, 1)), layers.Rescaling(1 / 80, offset=1), layers.Conv2D(2, 3)])
    maps: Any = feature_maps(model, decibels)[0]
    np.testing.assert_allclose(maps.reads, 1 + decibels / 80, atol=1e-6)
    by_hand = slide_kernel(maps.reads, maps.kernel[..., 1], bias=maps.bias[1])
    np.testing.assert_allclose(maps.values[..., 1], by_hand, atol=1e-5)


def test_standardised_numbers_reach_the_network_as_they_are(cnn):
    mel = audio_to_mel(tone(440), RATE).T
    standard = (mel - mel.mean()) / mel.std()
    explorer = FilterExplorer(standard, model=cnn, audio=tone(440), sr=RATE)
    np.testing.assert_array_equal(explorer.picture, standard)
    assert explorer.info["sounds"]  # from the audio, as the numbers themselves are no decibels
    stacked = FilterExplorer(
        np.stack([standard, 2 * standard], axis=-1),
        model=keras.Sequential([keras.Input((None, 80, 2)), layers.Conv2D(2, 3)]),
    )
    np.testing.assert_array_equal(stacked.picture, standard)
    assert stacked.layers[0]["kernel"] is False  # two channels: no calculation by hand


# ---- the page's questions, refusals, pictures ----


def test_the_page_gets_cells_and_sounds():
    explorer = FilterExplorer(audio=tone(440, 0.5), sr=RATE, kernel="steady tone")
    answer, (data,) = explorer.cells({}, [])
    np.testing.assert_array_equal(np.frombuffer(data, "<f4").reshape(answer["steps"], answer["rows"]), explorer.picture)
    settings: dict[str, Any] = {
        name: getattr(explorer, name)
        for name in ("kernel", "stride", "dilation", "padding", "bias", "relu", "layer", "channel")
    }
    for what in ("original", "all", "lit"):
        answer, files = explorer.sound({**settings, "threshold": 0.4, "what": what}, [])
        assert answer == {} and len(files) == 1 and len(files[0]) > 500
    assert explorer.threshold == 0.4
    answer, _ = explorer.sound({**settings, "bias": -100.0, "threshold": 0.4, "what": "lit"}, [])
    assert "nothing lights up" in answer["error"]
    answer, _ = explorer.sound({"what": "none"}, [])
    assert "what='none'" in answer["error"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "picture is missing"),
        ({"picture": Score()}, "has no notes"),
        ({"picture": TUNE, "sr": 8000}, "audio and sr belong to a spectrogram"),
        ({"picture": Score.from_melody([60], 8)}, "off the grid of 6"),
        ({"audio": tone(440)}, "sr is missing"),
        ({"audio": tone(440), "sr": 5}, "sr=5"),
        ({"picture": np.ones((5, 80)), "audio": tone(440), "sr": RATE}, "picture has (5, 80) frames and bands, the audio's spectrogram (63, 80)"),
        ({"picture": np.ones(5)}, "picture has shape (5,)"),
        ({"picture": np.full((5, 5), np.nan)}, "not finite"),
        ({"picture": TUNE, "kernel": "echo"}, "kernel='echo' is no preset here; there are onset"),
        ({"picture": TUNE, "kernel": np.ones((17, 1))}, "kernel has shape (17, 1)"),
        ({"picture": TUNE, "kernel": [[1, 2], [3]]}, "must be a table of numbers"),
        ({"picture": TUNE, "kernel": [[np.nan]]}, "none at all (NaN)"),
        ({"picture": TUNE, "hide": ["kernel"]}, "hide holds 'kernel'"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        FilterExplorer(**arguments)


@pytest.mark.parametrize(
    ("name", "value"),
    [("stride", [0, 1]), ("dilation", [1, 17]), ("padding", "full"), ("bias", 1000.0), ("threshold", 1.5), ("layer", 0), ("channel", 3), ("program", 129), ("kernel", [[1000.0]])],
)  # fmt: skip
def test_wrong_settings_are_refused_and_the_old_ones_stay(name, value):
    explorer = FilterExplorer(TUNE)
    before = getattr(explorer, name)
    with pytest.raises(ValueError, match=f"{name}"):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == before


def drawings(html: str) -> list[str]:
    return [base64.b64decode(part.split('"')[0]).decode() for part in html.split("data:image/svg+xml;base64,")[1:]]


def test_the_static_pictures_show_and_sound(cnn):
    html = FilterExplorer(TUNE, kernel="a long note").static_html()
    drawing = drawings(html)[0]
    assert (
        "A &lt;tune&gt;: where “a long note” lights up" in drawing and drawing.count("#0b8a65") == 1
    )  # one note of a half
    assert "<audio" in html and "<script" not in html and len(html) < 300_000
    mel = 1 + audio_to_mel(tone(440), RATE).T / 80
    html = FilterExplorer(mel, model=cnn, audio=tone(440), sr=RATE, title="Tone").static_html()
    assert "what filter 0 of layer" in drawings(html)[0] and "<audio" in html and len(html) < 300_000
    nothing = FilterExplorer(TUNE, kernel=[[0.0]])
    assert "Nothing lights up." in nothing.static_html()
    assert repr(nothing) == "FilterExplorer(roll of 24 x 128 cells, 0 layers)"


def test_page_code_is_small_and_stays_at_home():
    assert len(FilterExplorer._esm) < 30_000
    assert "https:" not in widget_module("filter_explorer")


def test_preset_names_are_few_words_and_unlike():
    for presets in (roll_presets(), spectrogram_presets(None)):
        assert len({preset.name for preset in presets}) == len(presets) == len({preset.weights for preset in presets})
