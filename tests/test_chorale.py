"""ChoraleCodec, ChoraleLSTM and its loop: what is written is read again, and what is drawn is what the network says."""

import json
from typing import Any

import keras
import numpy as np
import pytest

from musegen_edu.chorale_batches import LENGTHS, ChoraleBatches, nats_per_voice, symbol_losses
from musegen_edu.chorale_loop import FREE, draw_chorales, makes_parallels
from musegen_edu.datasets import load_dataset
from musegen_edu.keys import MODES
from musegen_edu.metrics import voice_leading
from musegen_edu.models.chorale import ChoraleLSTM
from musegen_edu.recipes.chorale import chorale_tables
from musegen_edu.sampling import filtered_probabilities, gumbel_noise
from musegen_edu.score import Score, stack
from musegen_edu.tokens.chorale_codec import (
    FIRST_PITCH,
    HOLD,
    N_COLUMNS,
    N_SYMBOLS,
    PLAN_COLUMNS,
    REST,
    VOICE_RANGES,
    ChoraleCodec,
    ChoralePlan,
    possible_transpositions,
    sounding_symbols,
    transposed_table,
)
from musegen_edu.tokens.vocabulary import PAD

CODEC = ChoraleCodec()
SIZES: dict[str, Any] = {"embedding": 6, "soprano_units": 8, "reader_units": 7, "units": 12, "hidden": 10}
ORDER = (0, 3, 1, 2)  # soprano, bass, alto, tenor


def small_model(seed=0):
    """An untrained network whose weights NumPy draws, so that each backend has the same."""
    model = ChoraleLSTM(**SIZES, dropout=0.0)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.5)
    return model


def chorales(split="test"):
    data = load_dataset("chorales")
    for score, row in zip(getattr(data, split), data.rows(split), strict=True):
        if not (score.notes["onset"] % 6).any() and not (score.notes["duration"] % 6).any():
            yield score, row.fermatas


# ---- codec ----


@pytest.mark.parametrize(("split", "number"), [("train", 221), ("valid", 55), ("test", 95)])
def test_every_chorale_on_the_grid_survives(split, number):
    count = 0
    for score, fermatas in chorales(split):
        table = CODEC.encode(score, fermatas)
        assert CODEC.decode(table, CODEC.plan(score, fermatas), title=score.title, bpm=score.bpm) == score
        assert table.shape[1] == N_COLUMNS and table.min() >= 0 and table[:, :4].min() > PAD
        for column, n_values in zip(table[:, 8:].T, PLAN_COLUMNS.values(), strict=True):
            assert column.max() < n_values
        np.testing.assert_array_equal(table[:, 4:8], sounding_symbols(table[:, :4]))
        count += 1
    assert count == number


def test_the_ranges_are_the_extremes_of_the_training_chorales():
    scores = load_dataset("chorales").train
    for voice, (low, high) in enumerate(VOICE_RANGES):
        pitches = np.concatenate([score.part(voice).notes["pitch"] for score in scores])
        assert (int(pitches.min()), int(pitches.max())) == (low, high)


def test_a_repeated_note_is_no_held_one():
    lines = [Score.from_melody(p, 12, key="C major") for p in ([72, 72], [67, 67], [64, 62], [48, None])]
    table = CODEC.encode(stack([lines[0], lines[1], lines[2], lines[3]]))
    assert table[:, 0].tolist() == [FIRST_PITCH + 42, HOLD, FIRST_PITCH + 42, HOLD]
    assert table[:, 3].tolist() == [FIRST_PITCH + 18, HOLD, REST, HOLD]
    assert table[:, 7].tolist() == [FIRST_PITCH + 18, FIRST_PITCH + 18, REST, REST]


def test_any_table_decodes():
    rng = np.random.default_rng(0)
    plan = ChoralePlan((3, 4), "F# minor", 40)
    for _ in range(20):
        score = CODEC.decode(rng.integers(0, N_SYMBOLS, (40, 4)).astype(np.int32), plan)
        assert score.key == "F# minor" and score.n_parts == 4 and score.duration <= 240


@pytest.mark.parametrize("key", ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"])
def test_the_plan_moves_every_key_to_c_the_short_way(key):
    plan = ChoralePlan((4, 4), f"{key} major", 4)
    tonic = Score.from_melody([60], 24, key=f"{key} major").transpose(plan.shift)
    assert tonic.key == "C major" and -5 <= plan.shift <= 6


def test_plan_columns():
    plan = ChoralePlan((4, 4), "E minor", 40, 24, ((120, 24), (216, 24)))
    columns = dict(zip(PLAN_COLUMNS, plan.columns().T.tolist(), strict=True))
    assert columns["position"][:6] == [12, 13, 14, 15, 0, 1]
    assert set(columns["bar"]) == {16}
    assert [i for i, held in enumerate(columns["fermata"]) if held] == [20, 21, 22, 23, 36, 37, 38, 39]
    assert columns["to_fermata"][:25] == [5] * 4 + [4] * 4 + [3] * 4 + [2] * 4 + [1] * 4 + [0] * 4 + [3]
    assert columns["phrases_left"][0] == 2 and columns["phrases_left"][-1] == 0
    assert set(columns["shift"]) == {-4 + 5} and set(columns["mode"]) == {MODES.index("minor")}


@pytest.mark.parametrize(("meter", "pickup"), [((4, 4), 24), ((4, 4), 0), ((3, 4), 24), ((3, 4), 0)])
def test_a_hymn_has_whole_bars_and_ends_on_a_fermata(meter, pickup):
    plan = ChoralePlan.hymn(phrases=3, meter=meter, pickup=pickup)
    bar = 96 * meter[0] // meter[1]
    assert (plan.n_steps * 6) % bar == 0  # the last bar gives back what the pickup took
    assert sum(plan.fermatas[-1]) == plan.n_steps * 6
    for onset, _ in plan.fermatas:
        assert (onset - pickup) % bar == (48 if meter == (4, 4) else 0)


def test_transposed_tables_are_those_of_transposed_scores():
    for number, (score, fermatas) in enumerate(chorales()):
        table = CODEC.encode(score, fermatas)
        possible = list(possible_transpositions(table))
        assert 0 in possible
        for semitones in possible:
            moved = score.transpose(semitones)
            np.testing.assert_array_equal(transposed_table(table, semitones), CODEC.encode(moved, fermatas))
            for voice, (low, high) in enumerate(VOICE_RANGES):
                pitches, original = moved.part(voice).notes["pitch"], score.part(voice).notes["pitch"]
                assert pitches.min() >= min(low, original.min()) and pitches.max() <= max(high, original.max())
        if number == 10:
            break


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (Score.from_melody([60], 24), "score has no key"),
        (stack([Score.from_melody([60], 24, key="C major")] * 3), "score has 3 parts"),
        (Score.from_melody([60], [4], key="C major"), "off the grid of sixteenths"),
        (Score.from_melody([20], 24, key="C major"), "pitch 20 at tick 0 is no pitch for a voice"),
        (Score.from_notes([(0, 24, 60), (0, 24, 64)], key="C major"), "sound together"),
    ],
)
def test_what_cannot_be_written_is_refused(score, message):
    with pytest.raises(ValueError, match=message):
        CODEC.encode(score)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"meter": (7, 4)}, r"meter=\(7, 4\)"),
        ({"n_steps": 0}, "n_steps=0"),
        ({"key": "H major"}, "H major"),
    ],
)
def test_bad_plans_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        ChoralePlan(**{"meter": (4, 4), "key": "C major", "n_steps": 4, **change})
    for wrong in ({"phrases": 0}, {"meter": (6, 8)}, {"pickup": 12}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ChoralePlan.hymn(**wrong)


# ---- batches ----


def test_batches_hold_every_chorale_once_in_a_key_within_range():
    tables = chorale_tables(load_dataset("chorales"), "valid")
    plain, first, again, later = (
        ChoraleBatches(tables, 8, **keys) for keys in ({}, {"seed": 1}, {"seed": 1}, {"seed": 1, "epoch": 1})
    )
    for batches in (plain, first, later):
        found = sorted(int((x[:, :, 0] != PAD).sum()) for x, _ in batches)
        assert sum(len(x) for x, _ in batches) == len(tables) and sum(found) == sum(map(len, tables))
        for x, y in batches:
            assert x.shape[1] in LENGTHS
            np.testing.assert_array_equal(x[..., :4], y)
            for row in x:
                real = row[row[:, 0] != PAD]
                np.testing.assert_array_equal(sounding_symbols(real[:, :4]), real[:, 4:8])
    same = [np.array_equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True)]
    assert all(same)
    assert any(a.shape != b.shape or not np.array_equal(a, b) for (a, _), (b, _) in zip(first, later, strict=True))
    with pytest.raises(ValueError, match="batch_size=0"):
        ChoraleBatches(tables, 0)
    with pytest.raises(ValueError, match="tables is empty"):
        ChoraleBatches([], 8)


# ---- network ----


@pytest.mark.parametrize(("place", "voice"), list(enumerate(ORDER)))
def test_nothing_is_told_from_what_comes_later_in_the_order(place, voice):
    model = small_model()
    table = CODEC.encode(*next(chorales()))[:48]
    changed = np.repeat(table[None], 24, axis=0)  # a changed symbol at each of 24 steps, one a row
    for at in range(24):
        changed[at, at, [voice, 4 + voice]] = FIRST_PITCH + 30
    difference = np.array(model.predict_on_batch(changed)) - np.array(model.predict_on_batch(table[None]))
    moved = np.abs(difference).max(axis=-1) > 1e-5  # (changed step, step, voice)
    now, later = moved[range(24), range(24)], np.array([moved[at, at + 1].tolist() for at in range(24)])
    # at the same step: only the voices behind it in the order
    told = [v for v in range(4) if v not in ORDER[: place + 1]]
    assert now.any(axis=0).nonzero()[0].tolist() == told
    # at the steps before: none, but the lower voices hear the melody from beginning to end
    before = np.array([moved[at, :at].any(axis=0) for at in range(24)])
    assert before.any(axis=0).tolist() == [False, *[voice == 0] * 3]
    # at the next step: the melody only from itself, the lower voices from all
    assert later.any(axis=0).tolist() == [voice == 0, True, True, True]


def test_padding_changes_nothing():
    model = small_model()
    table = CODEC.encode(*next(chorales()))[:60]
    padded = np.pad(table, [(0, 36), (0, 0)])
    alone = np.array(model.predict_on_batch(table[None]))[0]
    np.testing.assert_allclose(np.array(model.predict_on_batch(padded[None]))[0, :60], alone, atol=1e-5)
    by_voice = nats_per_voice(model, [table])
    np.testing.assert_allclose(by_voice, symbol_losses(model, table[None])[0].mean(axis=0), rtol=1e-5)
    loss = model.compute_loss(None, padded[None, :, :4], model(padded[None]))
    assert float(keras.ops.convert_to_numpy(loss)) == pytest.approx(by_voice.mean(), rel=1e-5)


def test_save_load_and_seed(tmp_path):
    model = ChoraleLSTM(**SIZES, seed=3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects={"ChoraleLSTM": ChoraleLSTM})
    assert again.get_config() == model.get_config()
    table = CODEC.encode(*next(chorales()))[None, :30]
    np.testing.assert_allclose(again.predict_on_batch(table), model.predict_on_batch(table), atol=1e-6)
    for a, b in zip(model.get_weights(), ChoraleLSTM(**SIZES, seed=3).get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len({weight.path for weight in model.weights}) == len(model.weights)


def test_training_lowers_the_loss():
    model = ChoraleLSTM(**SIZES, dropout=0.1)
    model.compile(keras.optimizers.Adam(1e-2))
    [(x, y)] = ChoraleBatches([CODEC.encode(*next(chorales()))], 1)
    losses = []
    for _ in range(30):
        model.reset_metrics()  # else some backends give the mean since the first batch
        losses.append(float(model.train_on_batch(x, y)))
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("change", [{"units": 0}, {"hidden": 0}, {"dropout": 1.0}, {"reader_units": -1}])
def test_bad_sizes_are_named(change):
    (name, value) = next(iter(change.items()))
    with pytest.raises(ValueError, match=f"{name}={value}"):
        ChoraleLSTM(**change)


# ---- drawing ----

PLAN = ChoralePlan.hymn(phrases=1, key="D major")
ALLOWED = CODEC.allowed_symbols(PLAN)


def free(batch=2):
    return np.full((batch, PLAN.n_steps, 4), FREE, np.int32)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.7, "top_p": 0.9}, {"top_k": 5}, {"temperature": 0}])
def test_the_loop_draws_what_the_whole_network_says(settings):
    model = small_model()
    forced = free()
    forced[1, :20, 0] = CODEC.encode(next(chorales())[0])[:20, 0]  # the second has a start given
    drawn = draw_chorales(model, forced, PLAN.columns(), ALLOWED, seed=4, **settings)
    np.testing.assert_array_equal(drawn[1, :20, 0], forced[1, :20, 0])
    noise = gumbel_noise(4, (2, PLAN.n_steps, 4 * N_SYMBOLS)).reshape(2, PLAN.n_steps, 4, N_SYMBOLS)
    for row, symbols in enumerate(drawn):
        table = np.concatenate([symbols, sounding_symbols(symbols), PLAN.columns()], axis=1)
        logits = np.array(model.predict_on_batch(table[None]))[0]  # (time, 4, n_symbols)
        allowed = np.repeat(ALLOWED[None], PLAN.n_steps, axis=0)
        allowed[0, :, HOLD] = False
        with np.errstate(divide="ignore"):
            log_p = np.log(filtered_probabilities(logits, allowed=allowed, **settings))
        expected = (log_p + (noise[row] if settings.get("temperature") != 0 else 0)).argmax(axis=-1)
        np.testing.assert_array_equal(np.where(forced[row] == FREE, expected, symbols), symbols)


def test_parallels_are_ruled_out_where_asked():
    model = small_model()
    counts = []
    for avoid in (False, True):
        drawn = draw_chorales(model, free(8), PLAN.columns(), ALLOWED, seed=3, avoid_parallels=avoid)
        found = voice_leading(CODEC.decode(symbols, PLAN) for symbols in drawn)
        counts.append(found.parallel_fifths + found.parallel_octaves)
    assert counts[0] > 0 and counts[1] == 0


def test_the_rule_is_the_one_that_is_counted():
    """A symbol is ruled out exactly if singing it makes a parallel that `voice_leading` counts."""
    rng = np.random.default_rng(1)
    plan = ChoralePlan((4, 4), "C major", 2)
    n_bad = 0
    for _ in range(30):
        table = rng.integers(FIRST_PITCH + 20, FIRST_PITCH + 33, (2, 4)).astype(np.int32)
        voice, others = 1, [0, 3]  # the alto is chosen when soprano and bass are there
        earlier = {v: table[:1, v] for v in range(4)}
        bad = np.array(makes_parallels(voice, earlier, {v: table[1:, v] for v in others}))[0]
        for symbol in range(FIRST_PITCH + 15, FIRST_PITCH + 40):
            table[1, voice] = symbol
            alone = CODEC.decode(table, plan)
            trio = alone.replace(notes=alone.notes[alone.notes["part"] != 2])  # the tenor is silent
            without = trio.replace(notes=trio.notes[trio.notes["part"] != voice])
            a, b = voice_leading(trio), voice_leading(without)
            more = a.parallel_fifths + a.parallel_octaves - b.parallel_fifths - b.parallel_octaves
            assert bool(bad[symbol]) == (more > 0)
            n_bad += more > 0
    assert n_bad > 5


def test_seeds_batches_and_ranges():
    model = small_model()
    first = draw_chorales(model, free(3), PLAN.columns(), ALLOWED, seed=1)
    np.testing.assert_array_equal(first, draw_chorales(model, free(3), PLAN.columns(), ALLOWED, seed=1))
    np.testing.assert_array_equal(first[:1], draw_chorales(model, free(1), PLAN.columns(), ALLOWED, seed=1))
    assert not np.array_equal(first, draw_chorales(model, free(3), PLAN.columns(), ALLOWED, seed=2))
    for table in first:
        score = CODEC.decode(table, PLAN)
        for voice, (low, high) in enumerate(VOICE_RANGES):
            pitches = score.part(voice).notes["pitch"]
            assert low <= pitches.min() and pitches.max() <= high


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"temperature": -1}, "temperature=-1"),
        ({"forced": np.zeros((1, 3, 4), np.int32)}, r"forced has shape \(1, 3, 4\)"),
        ({"forced": free() + N_SYMBOLS + 1}, "forced holds 62 to 62"),
    ],
)
def test_bad_requests_are_named(change, message):
    arguments = {"forced": free(), "plan": PLAN.columns(), "allowed": ALLOWED, "seed": 0, **change}
    with pytest.raises(ValueError, match=message):
        draw_chorales(small_model(), **arguments)


SCRIPT = """
import json
import numpy as np
from musegen_edu.chorale_loop import draw_chorales
from musegen_edu.metrics import voice_leading
from musegen_edu.models.chorale import ChoraleLSTM
from musegen_edu.tokens.chorale_codec import ChoraleCodec, ChoralePlan
model = ChoraleLSTM(embedding=6, soprano_units=8, reader_units=7, units=12, hidden=10, dropout=0.0)
rng = np.random.default_rng(0)
for weight in model.weights:
    weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.5)
plan = ChoralePlan.hymn(phrases=1, key="D major")
forced = np.full((2, plan.n_steps, 4), -1, np.int32)
print(json.dumps(draw_chorales(model, forced, plan.columns(), ChoraleCodec().allowed_symbols(plan), seed=5).tolist()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_same_chorale_on_every_backend(backend, run_on_backend):
    said = run_on_backend(backend, SCRIPT)
    expected = draw_chorales(small_model(), free(), PLAN.columns(), ALLOWED, seed=5)
    assert json.loads(said.splitlines()[-1]) == expected.tolist()
