"""WaveNet: no look ahead, the field it sees, one sample at a time equal to all at once, seeds, and bad input."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from musegen_edu import sound_generation
from musegen_edu.models.dilated import CausalPair, swapped
from musegen_edu.models.note_conditions import HARMONICS
from musegen_edu.models.wavenet import NOT_TOLD, WaveNet
from musegen_edu.mu_law import audio_to_mu_law
from musegen_edu.note_crops import UNTOLD, NoteCrops, RecordedNotes, nats_per_sample
from musegen_edu.phases import asked_phases
from musegen_edu.quiet_keras import keras
from musegen_edu.sound_generation import drawn_levels, generate_audio

ops = keras.ops
NAMES = ["Harp", "Clarinet"]
SMALL: dict[str, Any] = {"stacks": 1, "depth": 3, "channels": 6, "skip_channels": 16, "condition_channels": 4}


def loud_model(**options) -> WaveNet:
    """A network whose every weight counts."""
    model = WaveNet(NAMES, **{**SMALL, **options})
    rng = np.random.default_rng(3)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.4)
    return model


def as_notes(levels: np.ndarray, pitches: Sequence[float], instruments: Sequence[int]) -> RecordedNotes:
    """Notes that are exactly in tune."""
    return RecordedNotes(levels, asked_phases(pitches, np.shape(levels)[1], 8000), pitches, instruments)


def notes(n: int = 2, n_samples: int = 60) -> RecordedNotes:
    levels = np.random.default_rng(0).integers(0, 256, (n, n_samples))
    return as_notes(levels, [60 + i for i in range(n)], [i % 2 for i in range(n)])


def with_levels(whole: RecordedNotes, levels: np.ndarray) -> RecordedNotes:
    return dataclasses.replace(whole, levels=levels)


@pytest.fixture(scope="module")
def player() -> WaveNet:
    """A network whose loop is compiled once for all tests that draw three notes."""
    return loud_model()


def play(model: WaveNet, pitches: tuple[float, ...] = (60, 64, 67), **options) -> np.ndarray:
    return generate_audio(model, pitches, ["Harp", "Clarinet", 0], **{"seconds": 0.02, "seed": 4, **options})


def logits_of(model: WaveNet, whole: RecordedNotes, start: int = 0) -> np.ndarray:
    return np.array(ops.convert_to_numpy(model(whole.inputs(start))))


def test_no_sample_is_told_from_itself_or_from_later_ones():
    model, whole = loud_model(), notes()
    before = logits_of(model, whole)
    assert before.shape == (2, 60, 256)
    changed = whole.levels.copy()
    changed[:, 40] = 255 - changed[:, 40]
    after = logits_of(model, with_levels(whole, changed))
    np.testing.assert_array_equal(after[:, :41], before[:, :41])
    assert (np.abs(after[:, 41] - before[:, 41]).max(axis=-1) > 1e-4).all()


@pytest.mark.parametrize(("stacks", "depth"), [(1, 1), (1, 4), (2, 3), (3, 2)])
def test_the_receptive_field_is_what_the_formula_says(stacks, depth):
    model = loud_model(stacks=stacks, depth=depth)
    assert model.receptive_field == 2 + stacks * (2**depth - 1)
    place, whole = 50, notes(1, 60)[np.zeros(51, int)]
    changed = whole.levels.copy()  # row 0 as it was, row n with another sample n places back
    for back in range(1, 51):
        changed[back, place - back] = 255 - changed[back, place - back]
    logits = logits_of(model, with_levels(whole, changed))[:, place]
    seen = [back for back in range(1, 51) if np.abs(logits[back] - logits[0]).max() > 1e-6]
    assert seen == list(range(1, model.receptive_field + 1))  # all of it, without a gap, and no further


def test_pair_is_keras_causal_convolution():
    x = np.random.default_rng(1).normal(size=(2, 30, 4)).astype(np.float32)
    ours = CausalPair(5, 8, seed=0)
    ours(x)
    theirs = keras.layers.Conv1D(5, 2, dilation_rate=8, padding="causal")
    theirs(x)
    bias = np.arange(5, dtype=np.float32)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    ours.bias.assign(bias)
    theirs.set_weights([ours.kernel.numpy(), bias])
    np.testing.assert_allclose(ops.convert_to_numpy(ours(x)), ops.convert_to_numpy(theirs(x)), atol=1e-5)


def test_step_by_step_gives_the_logits_of_the_whole():
    model, rows = loud_model(), notes()
    whole, inputs = logits_of(model, rows), rows.inputs()
    conditions = model.tell(
        *(ops.convert_to_tensor(inputs[name]) for name in ("phase", "pitch", "instrument", "start"))
    )
    state, level = model.initial_state(2), np.full(2, 128, np.int32)
    for i in range(60):
        logits, state = model.step(level, conditions[:, i], i, state)
        np.testing.assert_allclose(ops.convert_to_numpy(logits), whole[:, i], atol=2e-5, rtol=1e-5)
        level = inputs["levels"][:, i]
    assert [queue.shape[0] for queue in state] == [1, *model.dilations]


def test_a_queue_gives_back_what_came_a_dilation_ago():
    queue = ops.zeros((3, 1, 1))
    given = []
    for i in range(8):
        oldest, queue = swapped(queue, np.full((1, 1), i + 1.0, np.float32), i % 3)
        given.append(float(oldest[0, 0]))
    assert given == [0, 0, 0, 1, 2, 3, 4, 5]


def test_a_piece_of_a_note_is_told_like_the_whole():
    model, rows = loud_model(), notes(2, 80)
    whole, first = logits_of(model, rows), 30
    piece = RecordedNotes(rows.levels[:, first:], rows.phases[:, first:], rows.pitches, rows.instruments)
    field = model.receptive_field
    np.testing.assert_allclose(
        logits_of(model, piece, start=first)[:, field:], whole[:, first + field :], atol=2e-5, rtol=1e-5
    )


def test_generated_notes_follow_the_model(player):
    first = play(player)
    assert first.shape == (3, 160) and first.dtype == np.float32 and np.abs(first).max() <= 1
    np.testing.assert_array_equal(first, play(player))
    # drawn by hand from the parallel network's logits with the same dice
    levels = audio_to_mu_law(first)
    logits = logits_of(player, as_notes(levels, [60, 64, 67], [0, 1, 0]))
    for row in range(3):
        dice = np.random.default_rng([4, row]).random(160, np.float32)
        weights = np.exp(logits[row].astype(np.float64) - logits[row].max(axis=-1, keepdims=True))
        reached = np.cumsum(weights, axis=-1) / weights.sum(axis=-1, keepdims=True)
        drawn = (reached <= dice[:, None]).sum(axis=-1)
        assert np.abs(drawn - levels[row]).max() <= 1  # a throw on the very edge may fall to either side
        assert (drawn == levels[row]).mean() > 0.98


def test_seed_length_and_neighbours(player):
    together = play(player)
    np.testing.assert_array_equal(play(player, seconds=0.03)[:, :160], together)
    others = play(player, (60, 50, 40))
    np.testing.assert_array_equal(others[0], together[0])
    assert not np.array_equal(others[1], together[1])
    assert not np.array_equal(play(player, seed=5)[0], together[0])


def test_temperature_nought_takes_the_likeliest(player):
    audio = play(player, temperature=0, seed=0)
    np.testing.assert_array_equal(audio, play(player, temperature=0, seed=9))
    levels = audio_to_mu_law(audio)
    logits = logits_of(player, as_notes(levels, [60, 64, 67], [0, 1, 0]))
    assert (logits.argmax(axis=-1) == levels).mean() > 0.98


def test_the_loop_is_compiled_once_for_a_shape(player):
    play(player)
    loop = player._generation_loop
    play(player, (72, 71, 70), temperature=0.5, seed=1)
    assert player._generation_loop is loop and isinstance(loop, sound_generation.SampleLoop)
    assert len(player.weights) == len(loud_model().weights)


def test_draws_follow_the_probabilities():
    probabilities = np.array([0.1, 0.0, 0.6, 0.3])
    dice = np.random.default_rng(0).random(20_000, np.float32)
    logits = np.broadcast_to(np.log(np.maximum(probabilities, 1e-30)).astype(np.float32), (20_000, 4))
    drawn = ops.convert_to_numpy(drawn_levels(ops.convert_to_tensor(logits), np.float32(1), dice))
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, probabilities, atol=0.01)
    edge = drawn_levels(ops.convert_to_tensor(logits[:2]), np.float32(1), np.array([0, 1 - 2**-24], np.float32))
    assert ops.convert_to_numpy(edge).tolist() == [0, 3]


def test_between_the_keys(player):
    quarter = play(player, (60.5, 64, 67))
    assert not np.array_equal(quarter[0], play(player)[0])
    np.testing.assert_array_equal(quarter[1:], play(player)[1:])


def test_tones_are_the_asked_pitch_and_stay_below_half_the_sample_rate():
    model, pitches = WaveNet(NAMES, **SMALL), np.array([69, 100], np.float32)
    tones = ops.convert_to_numpy(model.tell.tones(asked_phases(pitches, 800, 8000), pitches))
    np.testing.assert_allclose(tones[0, :, 1], np.sin(2 * np.pi * 880 * np.arange(800) / 8000), atol=1e-4)
    assert np.abs(tones[0]).max(axis=0).min() > 0.9  # four harmonics of A4 lie below 4,000 Hz
    above = 440 * 2 ** (31 / 12) * np.arange(1, HARMONICS + 1) >= 4000  # E7: 2,637 Hz
    assert (np.abs(tones[1]).max(axis=0) == 0).tolist() == [*above, *above]


def test_it_learns_a_tone_and_the_loss_leaves_out_what_is_not_told():
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(400) / 8000)
    rows = as_notes(np.repeat(audio_to_mu_law(tone)[None], 4, axis=0), [69] * 4, [0] * 4)
    model = WaveNet(NAMES, **{**SMALL, "channels": 12, "skip_channels": 24})
    before = nats_per_sample(model, rows[:1])
    assert abs(before - np.log(256)) < 0.7
    model.compile(keras.optimizers.Adam(0.01), jit_compile=keras.backend.backend() == "jax")
    for epoch in range(40):
        for x, y in NoteCrops(rows, 4, length=100, context=model.receptive_field - 1, seed=0, epoch=epoch):
            model.train_on_batch(x, y)
    assert nats_per_sample(model, rows[:1]) < before - 1.5
    x, levels = rows[:1].first(100).inputs(), rows.levels[:1, :100]
    told = levels.astype(np.int32) + 1
    told[0, 20:] = NOT_TOLD
    logits = model(x)
    chosen = np.take_along_axis(
        ops.convert_to_numpy(ops.log_softmax(logits)), levels[..., None].astype(np.int64), axis=-1
    )[0, :20, 0]
    assert float(model.compute_loss(x, told, logits)) == pytest.approx(-chosen.mean(), rel=1e-4)


def test_pieces_lie_where_they_say():
    levels = np.arange(7 * 200).reshape(7, 200) % 256
    levels[3, 100:] = UNTOLD
    rows, starts = as_notes(levels, range(60, 67), [0, 1, 0, 1, 0, 1, 0]), []
    for epoch in range(20):
        crops = NoteCrops(rows, 3, length=50, context=15, seed=2, epoch=epoch)
        assert len(crops) == 3
        pitches = []
        for x, y in crops:
            for row in range(len(y)):
                note, start = int(x["pitch"][row]) - 60, x["start"][row]
                there = rows.levels[note, start : start + 65]
                np.testing.assert_array_equal(x["levels"][row], np.where(there == UNTOLD, 128, there))
                np.testing.assert_array_equal(x["phase"][row], rows.phases[note, start : start + 65])
                assert x["instrument"][row] == rows.instruments[note]
                told = (there != UNTOLD) & ((start == 0) | (np.arange(65) >= 15))
                np.testing.assert_array_equal(y[row], np.where(told, there + 1, NOT_TOLD))
                starts.append(start)
            pitches += x["pitch"].tolist()
        assert sorted(pitches) == list(range(60, 67))  # each note once a pass
    assert 0.2 < np.mean(np.array(starts) == 0) < 0.45 and max(starts) > 120
    again = NoteCrops(rows, 3, length=50, context=15, seed=2, epoch=19)
    np.testing.assert_array_equal(again[0][0]["levels"], crops[0][0]["levels"])
    plain = NoteCrops(rows, 3, length=50, context=15)
    assert [y.shape for _, y in plain[1:]] == [(3, 65), (1, 65)] and not any(x["start"].any() for x, _ in plain)


def test_jitter_moves_what_is_read_and_not_what_is_told():
    rows = notes(40, 80)
    moved, still = (NoteCrops(rows, 40, length=50, context=15, jitter=jitter, seed=1)[0] for jitter in (4.0, 0.0))
    np.testing.assert_array_equal(moved[1], still[1])
    shifts = moved[0]["levels"] - still[0]["levels"]
    assert shifts.std(axis=1).min() < 1 and 2.5 < shifts.std(axis=1).max() < 4.5
    assert moved[0]["levels"].min() >= 0 and moved[0]["levels"].max() <= 255
    np.testing.assert_array_equal(
        NoteCrops(rows, 40, length=50, context=15, jitter=4.0, seed=1)[0][0]["levels"], moved[0]["levels"]
    )


def test_a_saved_config_makes_the_same_network():
    model = loud_model(held_seconds=0.5, n_levels=64)
    twin = WaveNet.from_config(json.loads(json.dumps(model.get_config())))
    twin.set_weights(model.get_weights())
    rows = with_levels(notes(), notes().levels % 64)
    np.testing.assert_array_equal(logits_of(twin, rows), logits_of(model, rows))
    assert twin.instruments == ("Harp", "Clarinet") and len({weight.path for weight in model.weights}) == len(
        model.weights
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth=0 must be at least 1"),
        ({"n_levels": 255}, "n_levels=255 must be an even number"),
        ({"held_seconds": 0}, "held_seconds=0 must be above 0"),
        ({"instruments": []}, "instruments=\\[\\] must be at least one name"),
        ({"instruments": ["Harp", "Harp"]}, "none twice"),
    ],
)
def test_bad_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WaveNet(**{"instruments": NAMES, **options})


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([60], ["Tuba"]), {}, "instruments holds 'Tuba'; this network knows Harp, Clarinet"),
        (([60], [2]), {}, "instruments holds 2"),
        (([60], []), {}, "pitches has 1 entries and instruments 0"),
        (([], []), {}, "one of each for every note"),
        (([128], ["Harp"]), {}, "MIDI numbers, 0 to 127"),
        ((["C4"], ["Harp"]), {}, "MIDI numbers, 0 to 127"),
        (([np.nan], ["Harp"]), {}, "MIDI numbers, 0 to 127"),
        (([60], ["Harp"]), {"seconds": 0}, "seconds=0 must be above 0"),
        (([60], ["Harp"]), {"seconds": 11}, "seconds=11 must be above 0 and at most 10"),
        (([60], ["Harp"]), {"temperature": -1}, "temperature=-1 must be 0 or more"),
        (([60], ["Harp"]), {"seed": -1}, "seed=-1 must be 0 or more"),
    ],
)
def test_bad_requests_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        generate_audio(WaveNet(NAMES, **SMALL), *arguments, **{"seed": 0, **options})


def test_bad_notes_are_refused():
    with pytest.raises(ValueError, match="levels and phases have shapes \\(2, 10\\) and \\(2, 9\\)"):
        RecordedNotes(np.zeros((2, 10)), np.zeros((2, 9)), [60, 61], [0, 0])
    with pytest.raises(ValueError, match="for 2 notes"):
        RecordedNotes(np.zeros((2, 10)), np.zeros((2, 10)), [60], [0, 0])
    with pytest.raises(ValueError, match="levels and phases have shapes \\(0, 10\\)"):
        RecordedNotes(np.zeros((0, 10)), np.zeros((0, 10)), [], [])
    with pytest.raises(ValueError, match="a piece needs length \\+ context = 80"):
        NoteCrops(notes(), 2, length=70, context=10)
    with pytest.raises(ValueError, match="length=0 must be at least 1"):
        NoteCrops(notes(), 2, length=0)
    with pytest.raises(ValueError, match="UNTOLD"):
        nats_per_sample(loud_model(), with_levels(notes(), np.full((2, 60), UNTOLD)))


SCRIPT = """
import json
import numpy as np
from musegen_edu.models.wavenet import WaveNet
from musegen_edu.sound_generation import generate_audio
model = WaveNet(["Harp", "Clarinet"], stacks=1, depth=3, channels=6, skip_channels=16, condition_channels=4)
rng = np.random.default_rng(3)
for weight in model.weights:
    weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.4)
print(json.dumps(generate_audio(model, [60, 64], ["Harp", "Clarinet"], seconds=0.02, seed=4).tolist()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_same_notes_on_every_backend(backend, run_on_backend):
    said = run_on_backend(backend, SCRIPT)
    expected = generate_audio(loud_model(), [60, 64], ["Harp", "Clarinet"], seconds=0.02, seed=4)
    found = np.array(json.loads(said.splitlines()[-1]))
    assert np.abs(audio_to_mu_law(found) - audio_to_mu_law(expected)).max() <= 1
