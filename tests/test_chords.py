"""Chords: spelling and back; probabilities that are exact; one seed, one network; the keys taken one by one; crops for training."""

import itertools
from typing import Any

import keras
import numpy as np
import pytest

from musegen_edu.crops import TransposedCrops
from musegen_edu.models.chords import ChordSpeller
from musegen_edu.models.frames import IndependentKeys
from musegen_edu.spelling import NO_FRAME, roll_to_spelling, spelling_to_roll

TINY: dict[str, Any] = {"units": 8, "depth": 2, "note_units": 6, "embedding": 3}


def every_chord(n_keys: int) -> np.ndarray:
    return np.array(list(itertools.product((0, 1), repeat=n_keys)))


def sharpened(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give the weights values far from their quiet beginnings, so that no head stays silent in a test."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.8, weight.shape) for weight in model.get_weights()])
    return model


def some_roll(frames: int, n_keys: int, seed: int, density: float = 0.3) -> np.ndarray:
    return (np.random.default_rng(seed).random((frames, n_keys)) < density).astype(np.uint8)


# ---- spelling ----


@pytest.mark.parametrize("density", [0.0, 0.05, 0.5, 1.0])
def test_spelling_round_trips(density):
    roll = some_roll(40, 88, 1, density)
    spelling = roll_to_spelling(roll)
    np.testing.assert_array_equal(spelling_to_roll(spelling), roll)
    assert spelling.shape == (40, roll.sum(axis=1).max() + 1)
    wider = roll_to_spelling(roll, places=89)
    np.testing.assert_array_equal(spelling_to_roll(wider), roll)
    assert (np.diff(wider[wider[:, 0] < 88], axis=1)[:, :1] != 0).all()


def test_a_word_goes_from_the_top_down():
    roll = np.zeros((3, 88))
    roll[0, [20, 40, 33]] = 0.5  # any sounding value counts
    roll[2, 87] = 1
    assert roll_to_spelling(roll, places=5).tolist() == [[40, 33, 20, 88, 88], [88] * 5, [87, 88, 88, 88, 88]]
    assert roll_to_spelling(np.zeros((0, 88))).shape == (0, 1)


def test_bad_rolls_and_words_are_refused():
    with pytest.raises(ValueError, match=r"places=3 is too short: frame 1 has 3 notes.*4 would be enough"):
        roll_to_spelling([[0, 0, 0, 0], [1, 1, 0, 1]], places=3)
    with pytest.raises(ValueError, match=r"roll has the shape \(3,\)"):
        roll_to_spelling([0, 1, 0])
    with pytest.raises(ValueError, match=r"spelling has the shape \(2,\)"):
        spelling_to_roll([1, 2])
    with pytest.raises(ValueError, match=r"spelling runs from -1 to 3; it must hold keys from 0 to 87"):
        spelling_to_roll([[-1, 3]])


# ---- the chord speller is exact ----


def test_probabilities_of_all_chords_sum_to_one_whatever_came_before():
    n_keys, frames = 5, 4
    model = sharpened(ChordSpeller(n_keys, **TINY))
    chords = every_chord(n_keys)  # (32, keys)
    past = some_roll(frames, n_keys, 3, 0.5)
    pieces = np.repeat(past[None], len(chords), axis=0)
    for place in range(frames):
        pieces[:, place] = chords
        words = np.array([roll_to_spelling(piece, places=n_keys + 1) for piece in pieces])
        chances = np.exp(model.log_probabilities(words)[:, place])
        assert chances.sum() == pytest.approx(1.0, abs=1e-5)
        assert chances.max() > 3 * chances.min()  # not all alike: the network has an opinion
        pieces[:, place] = past[place]


def test_pieces_of_two_frames_sum_to_one():
    model = sharpened(ChordSpeller(3, **TINY), seed=1)
    pairs = [roll_to_spelling(np.array(pair), places=4) for pair in itertools.product(every_chord(3), repeat=2)]
    assert np.exp(model.log_probabilities(np.array(pairs)).sum(axis=1)).sum() == pytest.approx(1.0, abs=1e-5)


def test_a_frame_is_the_sum_of_its_steps():
    model = sharpened(ChordSpeller(6, **TINY))
    words = roll_to_spelling(some_roll(7, 6, 5, 0.4), places=7)
    logits = np.array(model.predict_on_batch(words[None]), np.float64)[0]  # (frames, places, signs)
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = []
    for word, steps in zip(words, chances, strict=True):
        end = int(np.argmax(word == 6))  # up to and including the end sign; what follows is filling
        expected.append(sum(np.log(steps[place, word[place]]) for place in range(end + 1)))
    np.testing.assert_allclose(model.log_probabilities(words[None])[0], expected, rtol=1e-5)
    loss = float(keras.ops.convert_to_numpy(model.compute_loss(None, words[None], logits[None].astype("float32"))))
    assert loss == pytest.approx(-np.mean(expected), rel=1e-5)


def test_what_cannot_come_has_no_chance():
    model = sharpened(ChordSpeller(6, **TINY))
    words = roll_to_spelling(some_roll(9, 6, 5, 0.4), places=7)
    logits = np.array(model.predict_on_batch(words[None]))[0]
    chances = np.exp(logits - logits.max(axis=-1, keepdims=True))
    for word, steps in zip(words, chances, strict=True):
        limits = [6, *(0 if sign == 6 else sign for sign in word[:-1])]
        for limit, step in zip(limits, steps, strict=True):
            assert (step[limit:6] == 0).all() and (step[:limit] > 0).all() and step[6] > 0


def test_filling_changes_nothing():
    model = sharpened(ChordSpeller(6, **TINY))
    roll = some_roll(5, 6, 2, 0.4)
    short, long = roll_to_spelling(roll), roll_to_spelling(roll, places=7)
    logs = model.log_probabilities(short[None])
    np.testing.assert_allclose(model.log_probabilities(long[None]), logs, rtol=1e-5)
    padded = np.concatenate([short, np.full((3, short.shape[1]), NO_FRAME)])[None]
    np.testing.assert_allclose(model.log_probabilities(padded)[0, :5], logs[0], rtol=1e-5)
    assert (model.log_probabilities(padded)[0, 5:] == 0).all()
    whole, cut = (
        float(keras.ops.convert_to_numpy(model.compute_loss(None, words, model.predict_on_batch(words))))
        for words in (padded, short[None])
    )
    assert whole == pytest.approx(cut, rel=1e-5)


def test_nothing_is_known_of_the_future():
    model = sharpened(ChordSpeller(6, **TINY))
    words = roll_to_spelling(some_roll(6, 6, 2, 0.4), places=7)[None]
    logits = np.array(model.predict_on_batch(words))
    for frame, place in ((5, 0), (3, 0), (3, 2)):
        other = words.copy()
        other[0, frame, place:] = 6
        other[0, frame + 1 :] = 6
        changed = np.array(model.predict_on_batch(other))
        np.testing.assert_allclose(changed[0, :frame], logits[0, :frame], atol=1e-5)
        np.testing.assert_allclose(changed[0, frame, : place + 1], logits[0, frame, : place + 1], atol=1e-5)


# ---- both networks: seed, save and load, learning, arguments ----

MODELS: list[tuple[Any, dict[str, Any]]] = [
    (ChordSpeller, {"n_keys": 7, **TINY}),
    *((IndependentKeys, {"n_keys": 7, "cell": cell, "units": 8}) for cell in ("rnn", "lstm", "gru")),
]
by_model = pytest.mark.parametrize(("kind", "arguments"), MODELS, ids=[a.get("cell", "chords") for _, a in MODELS])


def batch_for(kind, frames=12, n_keys=7):
    roll = some_roll(frames, n_keys, 8)
    return (roll_to_spelling(roll, places=n_keys + 1) if kind is ChordSpeller else roll.astype("float32"))[None]


@by_model
def test_the_seed_decides_the_weights(kind, arguments):
    first, same, other = (kind(**arguments, seed=seed).get_weights() for seed in (1, 1, 2))
    for a, b in zip(first, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@by_model
def test_save_and_load(kind, arguments, tmp_path):
    model = kind(**arguments, seed=3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects={kind.__name__: kind})
    assert again.get_config() == model.get_config()
    batch = batch_for(kind)
    np.testing.assert_allclose(again.log_probabilities(batch), model.log_probabilities(batch), atol=1e-6)


@by_model
def test_fit_learns_a_pattern(kind, arguments):
    model = kind(**{**arguments, "units": 24}, dropout=0.0)
    pattern = np.tile(np.eye(7, dtype=int)[[0, 2, 4]] + np.eye(7, dtype=int)[[3, 5, 6]], (16, 1))
    crops = TransposedCrops(
        [pattern] * 8, length=24, batch_size=8, places=8 if kind is ChordSpeller else None, semitones=(0, 0)
    )
    model.compile(keras.optimizers.Adam(0.02), jit_compile=keras.backend.backend() == "jax")
    history = model.fit(crops, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.4 * history[0]


@by_model
@pytest.mark.parametrize("change", [{"n_keys": 0}, {"units": 0}, {"depth": -1}, {"dropout": 1.0}])
def test_bad_arguments_are_named(kind, arguments, change):
    (name, value) = next(iter(change.items()))
    with pytest.raises(ValueError, match=f"{name}={value}"):
        kind(**{**arguments, **change})


def test_an_unknown_cell_is_named():
    with pytest.raises(ValueError, match="cell='lstn' must be one of 'rnn', 'lstm', 'gru'"):
        IndependentKeys(cell="lstn")


# ---- independent keys ----


def test_independent_keys_are_exact_and_see_only_the_past():
    model = sharpened(IndependentKeys(4, units=5))
    pieces = np.repeat(some_roll(3, 4, 6)[None], 16, axis=0).astype("float32")
    pieces[:, 1] = every_chord(4)
    logs = model.log_probabilities(pieces)
    assert np.exp(logs[:, 1]).sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(logs[:, 0], logs[0, 0], rtol=1e-6)
    assert np.ptp(logs[:, 2]) > 0.01  # the frame after knows what came


def test_missing_frames_do_not_count():
    model = sharpened(IndependentKeys(4, units=5))
    piece = some_roll(6, 4, 6).astype("float32")[None]
    longer = np.concatenate([piece, np.full((1, 2, 4), NO_FRAME, "float32")], axis=1)
    np.testing.assert_allclose(model.log_probabilities(longer)[0, :6], model.log_probabilities(piece)[0], rtol=1e-5)
    assert (model.log_probabilities(longer)[0, 6:] == 0).all()
    losses = [
        float(keras.ops.convert_to_numpy(model.compute_loss(None, batch, keras.ops.convert_to_tensor(model.predict_on_batch(batch)))))
        for batch in (piece, longer)
    ]  # fmt: skip
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert losses[0] == pytest.approx(-model.log_probabilities(piece).mean(), rel=1e-5)


# ---- crops ----


def scale(frames: int, lowest: int = 20) -> np.ndarray:
    """A chromatic scale: every frame says where in the piece it stands."""
    return np.eye(88, dtype=np.uint8)[np.arange(frames) + lowest]


def test_crops_are_pieces_of_the_pieces_transposed_as_a_whole():
    pieces = [scale(50), scale(20), scale(33)]
    crops = TransposedCrops(pieces, length=20, batch_size=3, places=2, semitones=(-3, 4), seed=1)
    moves, starts = set(), set()
    for _ in range(40):
        for index in range(len(crops)):
            x, y = crops[index]
            for frames, told in zip(x[..., 0], y[..., 0], strict=True):
                frames = frames[frames != NO_FRAME]
                if len(frames) == 0:
                    continue
                assert (np.diff(frames) == 1).all()  # a scale stays a scale
                moves.add(int(frames[0]) - 20)
                assert (told[1 : len(frames)] == frames[1:]).all()
                starts.add(told[0] == NO_FRAME)
        crops.on_epoch_end()
    assert min(moves) == -3 and max(moves) > 25
    assert starts == {True, False}  # crops from the middle read their first frame, those from the start tell it


def test_a_piece_stays_on_the_keyboard():
    roll = np.zeros((10, 88), np.uint8)
    roll[:, [2, 84]] = 1
    crops = TransposedCrops([roll] * 40, length=10, batch_size=40)
    seen = {tuple(np.flatnonzero(row).tolist()) for row in crops[0][0][:, 0]}
    assert seen == {(2 + move, 84 + move) for move in range(-2, 4)}
    silent = TransposedCrops([np.zeros((5, 88))], length=5, batch_size=1)
    assert (silent[0][0] == 0).all()


def test_every_pass_is_new_and_the_seed_decides_it():
    def passes(seed):
        crops = TransposedCrops([scale(60), scale(40)], length=16, batch_size=4, places=2, seed=seed)
        found = []
        for _ in range(2):
            found.append(np.concatenate([crops[i][0] for i in range(len(crops))]))
            crops.on_epoch_end()
        return found

    first, again, other = passes(1), passes(1), passes(2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1]) and not np.array_equal(first[0], other[0])


def test_rolls_and_words_tell_the_same():
    pieces = [some_roll(30, 88, seed, 0.04) for seed in range(3)]
    places = max(int(piece.sum(axis=1).max()) for piece in pieces) + 1
    as_rolls = TransposedCrops(pieces, length=16, batch_size=4, seed=5)
    as_words = TransposedCrops(pieces, length=16, batch_size=4, seed=5, places=places)
    for index in range(len(as_rolls)):
        for rolls, words in zip(as_rolls[index], as_words[index], strict=True):
            for roll, word in zip(rolls, words, strict=True):
                there = word[:, 0] != NO_FRAME
                np.testing.assert_array_equal(roll[:, 0] != NO_FRAME, there)
                np.testing.assert_array_equal(spelling_to_roll(word[there]), roll[there])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rolls": []}, "rolls is empty"),
        ({"length": 0}, "length=0"),
        ({"batch_size": -1}, "batch_size=-1"),
        ({"semitones": (1, 5)}, r"semitones=\(1, 5\)"),
        ({"places": 1}, "places=1 is too short"),
    ],
)
def test_bad_crops_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        TransposedCrops(**{"rolls": [scale(10)], **change})
