"""BandGAN: who reads which numbers, what each judge may see, what the weights do; and the recipe in small."""

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest

from musegen_edu import accompany
from musegen_edu.bands import band_windows
from musegen_edu.metrics.ensemble import ensemble_row
from musegen_edu.models.band_gan import BandGAN
from musegen_edu.models.band_layers import JUDGES, ORDER, BandView, PartChoice
from musegen_edu.models.gan_layers import SymbolsToRoll
from musegen_edu.models.two_speed_adam import TwoSpeedAdam
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes import band, band_judging
from musegen_edu.recipes.band_baselines import markov_bands, random_bands
from musegen_edu.recipes.band_choice import NearestToReal
from musegen_edu.recipes.making import progress_folder
from musegen_edu.score import Score
from musegen_edu.tokens.band_codec import FIRST_PITCH, HOLD, KIT, LOWEST, N_SYMBOLS, PARTS, REST, VOICES, BandCodec
from musegen_edu.training import EpochReport, Profile, train

ops = keras.ops
needs_tape = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="takes gradients with TensorFlow's tape"
)
SMALL: dict[str, Any] = {"shared": 4, "bar": 2, "own": 2, "units": 8, "filters": 4}


@pytest.fixture(scope="module")
def tables():
    return band_windows("valid").tables


def seen(judge, tables):
    """Return what a judge sees of tables."""
    parts = [SymbolsToRoll()(ops.one_hot(tables[:, :, i], N_SYMBOLS)) for i in range(3)]
    drums = ops.convert_to_tensor(tables[:, :, 3:].astype(np.float32))
    return np.asarray(ops.convert_to_numpy(BandView(judge)([*parts, drums])))


@pytest.mark.parametrize("listening", [True, False])
def test_own_seeds_move_one_part_and_who_hears_it_and_shared_ones_all(listening):
    pair = BandGAN(seed=1, listening=listening, **SMALL)
    assert np.concatenate([pair.seed_places(), *map(pair.seed_places, PARTS)]).tolist() == list(range(pair.noise))
    seeds = pair.draw_seeds(8, seed=2)
    before = pair.seeds_to_tables(seeds)
    columns = {**{voice: [i] for i, voice in enumerate(VOICES)}, "drums": list(range(3, 3 + len(KIT)))}
    for part in PARTS:
        moved = seeds.copy()
        moved[:, pair.seed_places(part)] *= -3
        changed = (pair.seeds_to_tables(moved) != before).any(axis=(0, 1))
        assert changed[columns[part]].any()
        for other in PARTS:
            heard = listening and part in VOICES and ORDER.index(other) > ORDER.index(part)
            if other != part:
                assert changed[columns[other]].any() == heard, (part, other)
    moved = seeds.copy()
    moved[:, pair.seed_places()] *= -3
    changed = (pair.seeds_to_tables(moved) != before).any(axis=(0, 1))
    assert all(changed[place].any() for place in columns.values())


def test_rhythm_sees_no_pitch_and_harmony_no_octave_no_part_and_no_drums(tables):
    some = tables[:6]
    notes = some[:, :, :3] >= FIRST_PITCH
    moved = some.copy()
    moved[:, :, :3][notes] = FIRST_PITCH + 60 - LOWEST  # all on middle C
    np.testing.assert_array_equal(seen("rhythm", some), seen("rhythm", moved))
    assert (seen("harmony", some) != seen("harmony", moved)).any()
    other = some[:, :, [1, 0, 2, *range(3, 13)]].copy()  # soprano and alto change places
    other[:, :, 2][notes[:, :, 2]] += 12
    other[:, :, 3:] = 0
    np.testing.assert_array_equal(seen("harmony", some), seen("harmony", other))
    assert (seen("whole", some) != seen("whole", other)).any() and (seen("rhythm", some) != seen("rhythm", other)).any()


def test_the_harmony_is_what_sounds():
    table = np.full((1, 64, 13), HOLD)
    table[0, 0, :3] = np.array([67, 64, 48]) - LOWEST + FIRST_PITCH
    table[0, 32, 1] = 65 - LOWEST + FIRST_PITCH
    table[:, :, 3:] = 0
    chroma, bars = np.split(seen("harmony", table)[0], 2, axis=1)
    assert bars[:16, [0, 4, 7]].tolist() == [[1.0, 1.0, 1.0]] * 16 and bars[63, [4, 5]].tolist() == [0.0, 1.0]
    assert np.flatnonzero(chroma[31]).tolist() == [0, 4, 7] and np.flatnonzero(chroma[63]).tolist() == [0, 5, 7]


@needs_tape
def test_every_judge_reaches_every_player_it_may_see():
    import tensorflow as tf

    pair = BandGAN(**SMALL)
    variables = [variable.value for variable in pair.generator.trainable_variables]
    names = [variable.path for variable in pair.generator.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        played = pair.generator(pair.draw_noise(4, keras.random.SeedGenerator(0)))
        scores = [tf.reduce_sum(pair.judge(played)[:, i]) for i in range(3)]
    assert set(np.unique(played)) <= {0.0, 1.0}
    for judge, score in zip(JUDGES, scores, strict=True):
        moves = {
            name.split("/")[0]
            for name, gradient in zip(names, tape.gradient(score, variables), strict=True)
            if gradient is not None and np.abs(gradient).max() > 0
        }
        assert {"soprano_logits", "alto_logits", "bass_logits", "plan_bars"} <= moves
        assert ("drums_logits" in moves) == (judge != "harmony")


@needs_tape
def test_a_stroke_has_the_gradient_of_a_sigmoid():
    import tensorflow as tf

    logits = tf.constant([[-2.0, 0.5, 3.0]])
    even = tf.fill((1, 3), 0.5)  # no noise
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        score, soft = (
            tf.reduce_sum(PartChoice("drums", 0.5, 1.0)(logits, even)),
            tf.reduce_sum(tf.sigmoid(logits / 0.5)),
        )
    np.testing.assert_allclose(tape.gradient(score, logits), tape.gradient(soft, logits), atol=1e-6)


def test_dice_draw_as_likely_as_the_logits_say():
    uniform = np.random.default_rng(4).uniform(1e-6, 1 - 1e-6, (3000, 62)).astype(np.float32)
    logits = np.zeros(62, np.float32)
    logits[3:6] = 2.0, 3.0, 4.0
    drawn = np.asarray(ops.convert_to_numpy(PartChoice("bass", 1.0, 1.0)(logits[None], uniform))).mean(axis=0)
    chances = np.exp(logits) * (np.arange(62) > 0) / (np.exp(logits).sum() - 1)  # padding is never drawn
    assert np.abs(drawn - chances).max() < 4 * np.sqrt(0.25 / 3000)
    struck = np.asarray(ops.convert_to_numpy(PartChoice("drums", 1.0, 1.0)(np.full((1, 1), 1.5, np.float32), uniform)))
    assert struck.mean() == pytest.approx(1 / (1 + np.exp(-1.5)), abs=0.01)
    likeliest = np.asarray(ops.convert_to_numpy(PartChoice("bass", 1.0, 0.0)(logits[None], uniform)))
    assert (likeliest.argmax(axis=1) == 5).all()


def test_the_weights_say_whose_verdict_counts():
    scores = ops.convert_to_tensor(np.stack([np.full((5, 20), value, np.float32) for value in (1, 2, 4)], axis=1))
    for weights, loss in ((None, -7 / 3), ({"rhythm": 1.0}, -1), ({"harmony": 1.0, "whole": 3.0}, -14 / 4)):
        pair = BandGAN(weights, **SMALL)
        assert float(pair.generator_loss(scores)) == pytest.approx(loss, abs=1e-5)
    for wrong in ({"tempo": 1.0}, {"rhythm": -1.0}, {"rhythm": 0.0}):
        with pytest.raises(ValueError, match="weights"):
            BandGAN(wrong, **SMALL)


def test_players_and_judges_learn_by_fit(tables):
    given = "soprano"
    pair = BandGAN(given=given, **SMALL)
    pair.compile(TwoSpeedAdam(1e-3, 5e-3))
    before = [np.array(ops.convert_to_numpy(weight)) for weight in pair.generator.trainable_variables]
    logs = pair.fit(band.BandBatches(tables[:120], 30, given=given, seed=0), epochs=15, verbose=0).history
    assert {f"{judge}_right" for judge in JUDGES} <= set(logs)
    assert logs["whole_right"][-1] > 0.7  # guessing: 0.5
    assert all((old != ops.convert_to_numpy(new)).any() for old, new in zip(before, pair.generator.trainable_variables, strict=True))  # fmt: skip
    melodies = tables[:5, :, 0]
    told = pair.generate_tables(5, melodies=melodies, seed=1)
    np.testing.assert_array_equal(told, pair.generate_tables(5, melodies=melodies, seed=1))
    assert (told != pair.generate_tables(5, melodies=melodies, seed=2)).any()
    assert BandCodec().decode(told[0]).n_parts == 4
    np.testing.assert_array_equal(told[:, :, 0], melodies)
    copy = BandGAN.from_config(pair.get_config())
    copy.set_weights(pair.get_weights())
    np.testing.assert_array_equal(told, copy.generate_tables(5, melodies=melodies, seed=1))
    scores = pair.verdicts(tables[:5])
    assert set(scores) == set(JUDGES) and scores["rhythm"].shape == (5, 20)


def test_accompany_leaves_the_melody_alone():
    pair = BandGAN(given="soprano", seed=2, **SMALL)
    tune = Score.from_melody([62, None, 66, 69], [48, 12, 36, 96], velocity=99, key="D major", programs=(40,), bpm=77)
    around = accompany(tune, model=pair, seed=1)
    assert around.programs == (40, 71, 32, 128) and around.bpm == 77 and around.key == "D major"
    for name in ("onset", "duration", "pitch", "velocity"):
        np.testing.assert_array_equal(around.part(0).notes[name], tune.notes[name])
    assert around == accompany(tune, model=pair, seed=1)
    in_c = accompany(tune.transpose(-2), model=pair, seed=1)  # the same band, a whole tone lower
    np.testing.assert_array_equal(in_c.part(2).notes["pitch"], around.part(2).notes["pitch"] - 2)
    with pytest.raises(ValueError, match="no note"):
        accompany(Score(), model=pair)
    with pytest.raises(ValueError, match="forges all parts"):
        accompany(tune, model=BandGAN(**SMALL))
    with pytest.raises(ValueError, match="given='tenor'"):
        BandGAN(given="tenor")
    with pytest.raises(ValueError, match="melodies"):
        pair.generate_tables(1)
    with pytest.raises(ValueError, match="seeds has shape"):
        pair.seeds_to_tables(np.zeros((2, 3)))


def test_baselines_keep_what_they_count(tables):
    markov, chance = (make(tables, 24, seed=1) for make in (markov_bands, random_bands))
    rows = {name: band_judging.band_row(group) for name, group in (("real", tables), ("Markov", markov), ("random", chance))}  # fmt: skip
    for label in ("notes a bar, soprano", "notes a bar, drums"):
        assert rows["Markov"][label] == pytest.approx(rows["real"][label], rel=0.35)
    assert rows["real"]["beats on a chord"] > rows["Markov"]["beats on a chord"] + 0.2
    distances = [abs(rows[name]["beginnings on a beat"] - rows["real"]["beginnings on a beat"]) for name in ("Markov", "random")]  # fmt: skip
    assert distances[0] < distances[1]
    floor = band_judging.band_floor(tables, size=40, seed=0, pieces=band_windows("valid").piece)
    gaps = band_judging.band_gaps({"held-out music": rows["real"], "random": rows["random"]}, floor)["random"]
    assert gaps["beats on a chord"] > 2 and gaps["qualified notes, bass"] == 0


def test_an_accompanist_is_judged_by_whether_it_listens():
    some = band_windows("valid").take(np.arange(24))
    found = band_judging.judge_accompaniments(BandGAN(given="soprano", **SMALL), some, some, seed=0)
    assert set(found) == {"Bach", "accompanist", "Markov", "random"}
    own, other = (found["Bach"][whose]["beats on a chord"] for whose in ("own melody", "another melody"))
    assert own > other + 0.2
    assert "tonal distance, soprano-bass" in found["accompanist"]["own melody"]


def test_the_nearest_epoch_is_kept(tmp_path):
    windows = band_windows("valid").take(np.arange(0, 150, 4))
    pair = BandGAN(seed=3, **SMALL)
    nearest = NearestToReal(pair, windows, size=12, every=1, seed=0, path=tmp_path / "nearest.npz")
    nearest.set_model(pair)
    marks = []
    for epoch, (rests, mark) in enumerate(
        [(-4.0, 1.0), (8.0, 2.0), (-4.0, 3.0)]
    ):  # the second time nearly nobody plays
        for weight, kept in zip(pair.generator.trainable_variables, pair.averaged, strict=True):
            if weight.path.endswith("_logits/bias") and weight.shape[0] == N_SYMBOLS:
                kept.assign(ops.one_hot(REST, N_SYMBOLS) * rests)
        pair.averaged[0].assign(ops.zeros(pair.averaged[0].shape) + mark)
        nearest.on_epoch_end(epoch)
        marks.append(mark)
    assert nearest.course[1][1] > max(nearest.course[0][1], nearest.course[2][1])
    again = NearestToReal(pair, windows, size=12, every=1, seed=0, path=tmp_path / "nearest.npz")
    assert again.course == nearest.course
    assert again.choose(pair) == nearest.choose(pair) in (1, 3)
    best = marks[nearest.choose(pair) - 1]
    assert float(ops.max(pair.averaged[0])) == best == float(ops.min(pair.averaged[0]))


def test_the_stored_band_agrees():
    tables = load_pretrained("band_gan").generate_tables(64, seed=3)
    on_a_chord = ensemble_row(tables)["beats on a chord"]
    assert on_a_chord > 0.7 and on_a_chord > band_judging.chords_by_chance(tables) + 0.2


def test_the_stored_accompanist_listens():
    test = band_windows("test").take(np.arange(0, 272, 6))
    model = load_pretrained("band_accompanist")
    found = band_judging.judge_accompaniments(model, test, test, seed=1)["accompanist"]
    stored = load_card("band_accompanist")["metrics"]["accompaniment"]["accompanist"]
    for whose in ("own melody", "another melody"):
        assert found[whose]["beats on a chord"] == pytest.approx(stored[whose]["beats on a chord"], abs=0.08)
    assert found["own melody"]["beats on a chord"] > found["another melody"]["beats on a chord"] + 0.2


@pytest.mark.slow
def test_the_band_is_trained_and_judged(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    tiny = dataclasses.replace(band.BAND_PROFILES["quick"], embedding=4, units=8, n_tunes=6)
    monkeypatch.setitem(band.BAND_PROFILES, "quick", tiny)
    monkeypatch.setattr(band, "WEIGHT_POINTS", band.WEIGHT_POINTS[:1])
    monkeypatch.setitem(band.POINT_SEEDS, "quick", (4,))
    monkeypatch.setattr(band, "N_FORGED", 12)
    monkeypatch.setitem(band.POINT_STEPS, "quick", 2)
    few = {split: band_windows(split).take(np.arange(0, 96, 4)) for split in ("valid", "test")}
    few["train"] = band_windows("train")
    few["train"] = few["train"].take(np.arange(0, len(few["train"]), 10))
    monkeypatch.setattr(band, "band_windows", few.__getitem__)
    reports: list[EpochReport] = []
    path = train("band_gan", "quick", seed=2, verbose=0, on_epoch=reports.append)
    card, model = load_card("band_gan", path.parent), load_pretrained("band_gan", path.parent)
    assert card["command"] == "musegen train band_gan --profile quick --seed 2" and card["epochs"] == 2 == len(reports)
    assert card["metrics"]["kept_epoch"] == 2 and list(card["metrics"]["validation_floors"]) == ["2"]
    assert isinstance(model, BandGAN) and isinstance(model.codec, BandCodec) and model.given is None
    metrics = card["metrics"]
    assert set(metrics["rows"]) == {"random", "Markov", "training music", "held-out music", "BandGAN"}
    assert set(metrics["weights"]) == {"rhythm 1, harmony 1, whole 1", band.DEAF}
    for settings in metrics["weights"].values():
        assert settings["steps"] == [2]
    assert metrics["real"]["beats on a chord"] > metrics["rows"]["random"]["beats on a chord"]
    for stored, kept in zip(model.generator.trainable_variables, model.averaged, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(stored), ops.convert_to_numpy(kept))
    assert not progress_folder("band_gan", Profile.named("quick"), seed=2).exists()
