"""ChoraleInpainter, its sampling and its likelihood: what is kept stays, what is drawn is what the network says."""

import itertools
import json
from typing import Any

import keras
import numpy as np
import pytest

from musegen_edu.chorale_holes import CropsWithHoles, draw_holes, holes_to_targets, nats_per_hidden_cell
from musegen_edu.datasets import load_dataset
from musegen_edu.frame_likelihood import ensemble_losses, frame_losses
from musegen_edu.gibbs import GibbsStep, gibbs_grids, share_to_redraw
from musegen_edu.inpainting import gibbs_steps, inpaint, n_sixteenths, score_to_grid
from musegen_edu.models.convolutional import ChoraleInpainter
from musegen_edu.score import Score, stack
from musegen_edu.tokens.chorale_codec import REST, ChoraleCodec, ChoralePlan
from musegen_edu.tokens.chorale_grid import HELD, N_SOUNDS, STRUCK, grid_to_symbols, hide, table_to_grid

SIZES: dict[str, Any] = {"filters": 3, "channels": 8, "dilations": (1, 2), "dropout": 0.0}


def small_model(seed=0, **sizes):
    """An untrained network whose weights NumPy draws, so that each backend has the same."""
    model = ChoraleInpainter(**{**SIZES, **sizes})
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.5)
    return model


MODEL = small_model()


def bach(number=0):
    data = load_dataset("chorales")
    return data.test[number], data.rows("test")[number].fermatas


def region(score, voices=slice(None), start=0, stop=None):
    cells = np.zeros((4, n_sixteenths(score)), bool)
    cells[voices, start:stop] = True
    return cells


# ---- grid ----


@pytest.mark.parametrize("number", range(0, 80, 9))
def test_a_grid_says_all_that_a_table_says(number):
    score, fermatas = bach(number)
    codec = ChoraleCodec()
    table, plan = codec.encode(score, fermatas), codec.plan(score, fermatas)
    grid, whose = score_to_grid(score, fermatas=fermatas)
    np.testing.assert_array_equal(grid, table_to_grid(table))
    np.testing.assert_array_equal(grid_to_symbols(grid), table[:, :4])
    assert codec.decode(grid_to_symbols(grid), plan, title=score.title, bpm=score.bpm) == score
    assert (score.notes["part"][whose[whose[:, 2] >= 0, 2]] == 2).all()


def test_hiding_a_cell_hides_whether_the_next_is_held():
    grid = table_to_grid(ChoraleCodec().encode(*bach()))
    hidden = np.zeros((len(grid), 4), bool)
    hidden[[5, 9], [1, 3]] = True
    seen = hide(grid, hidden)
    changed = np.argwhere(seen != grid).tolist()
    assert {(5, 1), (5, 5), (6, 5), (9, 3), (9, 7), (10, 7)} == {tuple(place) for place in changed}
    assert (seen[hidden.any(axis=1)][:, 8:] == grid[hidden.any(axis=1)][:, 8:]).all()


# ---- crops with holes ----


def test_targets_are_what_the_holes_hide():
    tables = [ChoraleCodec().encode(*bach(number)) for number in (0, 1)]
    batches = CropsWithHoles(tables, 4, seed=3)
    n_told = 0
    for index in range(len(batches)):
        x, y = batches[index]
        assert x.shape[1:] == (64, 13) and y.shape[1:] == (64, 8)
        hidden = y[..., :4] > 0
        assert (x[..., :4][hidden] == 0).all() and hidden.any(axis=(1, 2)).all()
        inside = np.repeat(x[..., 8, None] > 0, 4, axis=2)
        assert (x[..., :4][inside & ~hidden] > 0).all()
        assert (x[..., :4][~inside] == 0).all() and not hidden[~inside].any()
        asked = y[..., 4:] > 0
        before = np.concatenate([np.zeros_like(x[:, :1, :4]), np.maximum(x[..., :4], y[..., :4])[:, :-1]], axis=1)
        assert (hidden[asked]).all() and (y[..., :4][asked] == before[asked]).all()
        n_told += int(asked.sum())
    assert n_told > 100


def test_crops_depend_on_seed_and_epoch_alone():
    tables = [ChoraleCodec().encode(*bach(number)) for number in (0, 1)]
    first = CropsWithHoles(tables, 4, seed=3)[1]
    again = CropsWithHoles(tables, 4, seed=3)
    again[0]
    np.testing.assert_array_equal(first[0], again[1][0])
    assert not np.array_equal(first[0], CropsWithHoles(tables, 4, seed=3, epoch=1)[1][0])
    assert not np.array_equal(first[0], CropsWithHoles(tables, 4, seed=4)[1][0])
    np.testing.assert_array_equal(CropsWithHoles(tables, 4)[0][1], CropsWithHoles(tables, 4)[0][1])
    told = [CropsWithHoles(tables, 1)[i][0] for i in range(len(CropsWithHoles(tables, 1)))]
    assert sum(int((x[..., 8] > 0).sum()) for x in told) == sum(map(len, tables))  # end to end, nothing twice


def test_any_number_of_cells_is_hidden():
    rng = np.random.default_rng(0)
    shares = np.array([draw_holes(16, rng).mean() for _ in range(400)])
    assert shares.min() >= 1 / 64 and shares.max() == 1
    assert np.histogram(shares, bins=5, range=(0, 1))[0].min() > 30


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"length": 0}])
def test_bad_crops_are_named(change):
    [(name, value)] = change.items()
    with pytest.raises(ValueError, match=f"{name}={value}"):
        CropsWithHoles([np.ones((9, 15), np.int32)], **{"batch_size": 1, **change})
    with pytest.raises(ValueError, match="tables is empty"):
        CropsWithHoles([], 1)


# ---- network ----


def test_the_reach_is_what_changes_and_padding_is_nothing():
    grid, _ = score_to_grid(bach()[0])
    at = 40
    whole = MODEL.predict_on_batch(grid[None])[0]
    changed = grid.copy()
    changed[at, :4] = 30
    moved = np.abs(MODEL.predict_on_batch(changed[None])[0] - whole).max(axis=(1, 2)) > 1e-5
    assert np.flatnonzero(moved).tolist() == list(range(at - MODEL.reach, at + MODEL.reach + 1))
    padded = np.pad(grid, [(7, 20), (0, 0)])
    np.testing.assert_allclose(MODEL.predict_on_batch(padded[None])[0, 7 : 7 + len(grid)], whole, atol=1e-4)


def test_what_is_hidden_cannot_be_seen():
    grid, _ = score_to_grid(bach()[0])
    hidden = draw_holes(len(grid), np.random.default_rng(2))
    other = grid.copy()
    other[:, :4][hidden] = 33
    other[:, 4:8][hidden] = STRUCK
    np.testing.assert_array_equal(hide(grid, hidden), hide(other, hidden))


def test_save_load_seed_and_training(tmp_path):
    model = ChoraleInpainter(**SIZES, seed=3)
    tables = [ChoraleCodec().encode(*bach())]
    [x, y] = CropsWithHoles(tables, 8)[0]
    model.compile(keras.optimizers.Adam(1e-2))
    before = nats_per_hidden_cell(model, tables)
    for _ in range(25):
        model.train_on_batch(x, y)
    assert nats_per_hidden_cell(model, tables) < 0.7 * before
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", custom_objects={"ChoraleInpainter": ChoraleInpainter})
    assert again.get_config() == model.get_config() and again.reach == model.reach
    np.testing.assert_allclose(again.predict_on_batch(x), model.predict_on_batch(x), atol=1e-5)
    for a, b in zip(
        ChoraleInpainter(**SIZES, seed=3).get_weights(), ChoraleInpainter(**SIZES, seed=3).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    assert len({weight.path for weight in model.weights}) == len(model.weights)


def test_the_loss_is_the_mean_over_hidden_cells_of_each_crop():
    tables = [ChoraleCodec().encode(*bach())]
    x, y = CropsWithHoles(tables, 3)[0]
    logits = np.array(MODEL.predict_on_batch(x), np.float64)
    log_p = logits[..., :N_SOUNDS] - np.log(np.exp(logits[..., :N_SOUNDS]).sum(axis=-1, keepdims=True))
    p_struck = 1 / (1 + np.exp(-logits[..., N_SOUNDS]))
    expected = []
    for row in range(len(x)):
        total = 0.0
        for step, voice in np.argwhere(y[row, :, :4] > 0):
            total -= log_p[row, step, voice, y[row, step, voice] - 1]
            struck = y[row, step, 4 + voice]
            if struck:
                total -= np.log(p_struck[row, step, voice] if struck == STRUCK else 1 - p_struck[row, step, voice])
        expected.append(total / (y[row, :, :4] > 0).sum())
    found = float(MODEL.compute_loss(x, y, MODEL(x)))
    assert found == pytest.approx(np.mean(expected), rel=1e-4)


@pytest.mark.parametrize(
    "change",
    [{"n_sounds": 0}, {"filters": 0}, {"channels": -1}, {"dropout": 1.0}, {"kernel": (2, 3)}, {"dilations": ()}],
)
def test_bad_sizes_are_named(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        ChoraleInpainter(**change)


# ---- filling ----

HOLES = {
    "two bars of the alto": lambda score: region(score, 1, 20, 52),
    "a chord": lambda score: region(score, start=32, stop=36),
    "in the middle of notes": lambda score: region(score, [0, 3], 33, 35),
    "the end": lambda score: region(score, start=-10),
    "the beginning": lambda score: region(score, [1, 2], 0, 7),
    "here and there": lambda score: np.random.default_rng(5).random((4, n_sixteenths(score))) < 0.2,
}


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("number", [1, 2])
def test_what_is_kept_stays_to_the_tick(hole, number):
    score, _ = bach(number)
    cells = HOLES[hole](score)
    for _, filled, redrawn in gibbs_steps(score, cells, model=MODEL, n_steps=3, seed=number):
        assert not redrawn[~cells].any()
        assert (filled.meter, filled.key, filled.pickup, filled.bpm, filled.programs, filled.title) == (
            score.meter, score.key, score.pickup, score.bpm, score.programs, score.title,
        )  # fmt: skip
        before, after = (score_to_grid(s, n_steps=cells.shape[1])[0] for s in (score, filled))
        np.testing.assert_array_equal(after[:, :4][~cells.T], before[:, :4][~cells.T])
        # a kept cell that begins a note still begins one
        struck = ~cells.T & (before[:, 4:8] == STRUCK)
        assert (after[:, 4:8][struck] == STRUCK).all()
        rows = {tuple(note) for note in filled.notes.tolist()}
        for onset, duration, pitch, velocity, part in score.notes.tolist():
            stop = -(-(onset + duration) // 6)
            if cells[part, onset // 6 : stop].any():
                continue
            held_on = stop < cells.shape[1] and cells[part, stop]
            longer = [row for row in rows if row[0] == onset and row[2:] == (pitch, velocity, part)]
            assert (onset, duration, pitch, velocity, part) in rows or (held_on and longer[0][1] > duration)
    assert filled.duration <= 6 * cells.shape[1]


def test_notes_off_the_grid_stay_too():
    data = load_dataset("chorales")
    score = next(s for s in (*data.train, *data.test) if (s.notes["onset"] % 6).any())
    at = int(score.notes["onset"][score.notes["onset"] % 6 > 0][0]) // 6
    cells = region(score, start=at + 8, stop=at + 24)
    filled = inpaint(score, cells, model=MODEL, n_steps=2, seed=0)
    off_grid = score.notes[score.notes["onset"] % 6 > 0]
    kept = [
        note for note in off_grid.tolist() if not cells[note[4], note[0] // 6 : (note[0] + note[1] - 1) // 6 + 1].any()
    ]
    assert kept and {tuple(note) for note in kept} <= {tuple(note) for note in filled.notes.tolist()}
    voices = [part.notes for part in filled.parts()]
    assert all((v["onset"][1:] >= (v["onset"] + v["duration"])[:-1]).all() for v in voices)


def test_nothing_erased_is_nothing_done():
    score, _ = bach()
    assert inpaint(score, region(score, stop=0), model=MODEL, seed=0) == score
    assert list(gibbs_steps(score, region(score, stop=0), model=MODEL, seed=0)) == []


def test_it_composes_from_nothing_and_behind_the_end():
    empty = Score(meter=(3, 4), key="E minor", programs=(52,) * 4, pickup=24, bpm=80)
    composed = inpaint(empty, np.ones((4, 40), bool), model=MODEL, n_steps=4, seed=2)
    assert composed.n_parts == 4 and len(composed) > 20 and (composed.meter, composed.pickup) == ((3, 4), 24)
    assert composed.duration <= 240
    score, _ = bach()
    n = n_sixteenths(score)
    cells = np.zeros((4, n + 16), bool)
    cells[:, n:] = True
    longer = inpaint(score, cells, model=MODEL, n_steps=2, seed=0)
    assert longer.duration > score.duration
    before = score_to_grid(score)[0]
    np.testing.assert_array_equal(score_to_grid(longer)[0][:n, :4], before[:, :4])


def test_a_filling_depends_on_the_seed_and_not_on_what_was_erased():
    score, _ = bach(1)
    cells = region(score, [1, 2], 24, 48)
    first = inpaint(score, cells, model=MODEL, n_steps=3, seed=7)
    assert inpaint(score, cells, model=MODEL, n_steps=3, seed=7) == first
    assert inpaint(first, cells, model=MODEL, n_steps=3, seed=7) == first  # other notes were there
    assert inpaint(score, cells, model=MODEL, n_steps=3, seed=8) != first


def test_voices_stay_in_their_ranges_and_heat_zero_is_the_likeliest():
    score, _ = bach(3)
    steps = list(gibbs_steps(score, region(score), model=MODEL, n_steps=1, temperature=0, seed=0))
    [(_, filled, redrawn)] = steps
    assert redrawn.all() and filled == inpaint(score, region(score), model=MODEL, n_steps=1, temperature=0, seed=9)
    grid = score_to_grid(score)[0]
    plan = ChoralePlan(score.meter, str(score.key), len(grid), score.pickup)
    allowed = ChoraleCodec().allowed_symbols(plan)[:, REST:]
    logits = MODEL.predict_on_batch(hide(grid, np.ones((len(grid), 4), bool))[None])[0, ..., :N_SOUNDS]
    expected = np.where(allowed, logits, -np.inf).argmax(axis=-1) + 1
    np.testing.assert_array_equal(score_to_grid(filled, n_steps=len(grid))[0][:, :4], expected)


def test_each_step_draws_what_the_network_says_of_the_cells_it_can_see():
    """One step against the whole network in NumPy, on a window that does not begin where the chorale does."""
    grid, _ = score_to_grid(bach(1)[0])
    erased = np.zeros((len(grid), 4), bool)
    erased[60:70, 1:3] = True
    allowed = np.ones((4, N_SOUNDS), bool)
    steps = list(gibbs_grids(MODEL, grid, erased, allowed, n_steps=4, temperature=0, seed=1))
    for (before, _), (after, redrawn) in itertools.pairwise(steps):
        heard = before.copy()
        heard[1:, 4:8][before[1:, :4] != before[:-1, :4]] = STRUCK
        logits = MODEL.predict_on_batch(hide(heard, redrawn)[None])[0]
        np.testing.assert_array_equal(after[:, :4][redrawn], logits[..., :N_SOUNDS].argmax(axis=-1)[redrawn] + 1)
        np.testing.assert_array_equal(after[:, 4:8][redrawn] == STRUCK, (logits[..., N_SOUNDS] > 0)[redrawn])
        np.testing.assert_array_equal(after[~erased.any(axis=1)], grid[~erased.any(axis=1)])
        assert 0 < redrawn.sum() < erased.sum()


def test_draws_follow_the_probabilities():
    """Many cells with the same logits: the shares of what is drawn are the softmax."""
    model = small_model(n_sounds=3)
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape, np.float32))
    head = np.log(np.array([0.2, 0.5, 0.3, 1.0], np.float32))
    head[3] = np.log(0.7 / 0.3)
    model.weights[-1].assign(np.tile(head, 4))
    grid = np.full((600, 13), HELD, np.int32)
    [(filled, _)] = gibbs_grids(
        model, grid, np.ones((600, 4), bool), np.ones((4, 3), bool), n_steps=1, temperature=1.0, seed=0
    )
    shares = [(filled[:, :4] == sound).mean() for sound in (1, 2, 3)]
    np.testing.assert_allclose(shares, [0.2, 0.5, 0.3], atol=0.04)
    assert (filled[:, 4:8] == STRUCK).mean() == pytest.approx(0.7, abs=0.04)


def test_the_schedule_falls_to_its_floor():
    shares = [share_to_redraw(step, 50) for step in range(50)]
    assert shares[0] == 1 and shares == sorted(shares, reverse=True)
    assert shares[1] < 0.9 and shares[35:] == [0.1] * 15 and shares[34] > 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"n_steps": 0}, "n_steps=0"),
        ({"temperature": -0.5}, "temperature=-0.5"),
        ({"erased": np.zeros((4, 3), bool)}, r"erased has shape \(4, 3\)"),
        ({"erased": np.zeros((4, 400), int)}, "truth values"),
        ({"chorale": Score.from_melody([60], 24)}, "has 1 parts"),
        ({"chorale": stack([Score.from_melody([p], 24, key="C major") for p in (100, 67, 60, 48)])}, "move it by an octave"),
        ({"chorale": stack([Score.from_notes([(0, 24, p), (6, 24, p)], key="C major") for p in (72, 67, 60, 48)])}, "one voice"),
        ({"model": "chorale_cnn"}, "chorale_cnn"),
    ],
)  # fmt: skip
def test_bad_requests_are_named_before_the_first_step(change, message):
    score, _ = bach()
    arguments: dict[str, Any] = {
        "chorale": score,
        "erased": np.ones((4, 400), bool),
        "model": MODEL,
        "seed": 0,
        **change,
    }
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        gibbs_steps(arguments.pop("chorale"), arguments.pop("erased"), **arguments)


# ---- likelihood ----


@pytest.mark.parametrize("own_guesses", [False, True])
@pytest.mark.parametrize("chronological", [False, True])
def test_the_probabilities_of_all_frames_sum_to_one(chronological, own_guesses):
    """With two pitches and the rest there are 81 frames; whatever the ordering, their probabilities add up to 1."""
    model = small_model(n_sounds=3, seed=4)
    piece = np.full((5, 13), HELD, np.int32)
    piece[:, :4] = np.random.default_rng(0).integers(1, 4, (5, 4))
    pieces = []
    for frame in itertools.product((1, 2, 3), repeat=4):
        pieces.append(piece.copy())
        pieces[-1][2, :4] = frame
    total = 0.0
    for number in range(len(pieces)):
        # the ordering depends on the piece's number: each stands alone
        [loss] = frame_losses(
            model, [pieces[number]], [(0, 2)], chronological=chronological, own_guesses=own_guesses, seed=3
        )
        total += np.exp(-loss)
    assert total == pytest.approx(1, abs=1e-4)


def test_a_frame_is_told_by_the_chain_rule():
    grid, _ = score_to_grid(bach()[0])
    grid[:, 10] = 0  # fermatas unknown
    [loss] = frame_losses(MODEL, [grid], [(0, 30)], chronological=True, seed=5)
    order = np.random.default_rng([5, 0, 30]).permutation(4)
    expected, told = 0.0, np.zeros((len(grid), 4), bool)
    told[:30] = True
    for voice in order:
        seen = grid.copy()
        seen[:, :4][~told] = 0
        seen[:, 4:8] = 0
        logits = np.array(MODEL.predict_on_batch(seen[None])[0, 30, voice, :N_SOUNDS], np.float64)
        expected -= logits[grid[30, voice] - 1] - np.log(np.exp(logits).sum())
        told[30, voice] = True
    assert loss == pytest.approx(expected, rel=1e-4)


def test_random_orderings_see_the_future_and_chronological_ones_do_not():
    grid, _ = score_to_grid(bach()[0])
    later = grid.copy()
    later[31:, :4] = 20
    frames = [(0, 30)]
    for chronological in (True, False):
        losses = [
            frame_losses(MODEL, [piece], frames, chronological=chronological, seed=seed)[0]
            for piece in (grid, later)
            for seed in range(6)
        ]
        assert np.allclose(losses[:6], losses[6:], atol=1e-5) == chronological
    with pytest.raises(ValueError, match="no such frame"):
        frame_losses(MODEL, [grid], [(0, len(grid))], chronological=True, seed=0)
    with pytest.raises(ValueError, match="seed=-1"):
        frame_losses(MODEL, [grid], frames, chronological=True, seed=-1)


def test_an_ensemble_averages_probabilities():
    losses = np.random.default_rng(0).random((3, 5))
    np.testing.assert_allclose(ensemble_losses(list(losses)), -np.log(np.exp(-losses).mean(axis=0)))


def test_targets_leave_out_rests_that_go_on():
    grid = np.zeros((3, 13), np.int32)
    grid[:, 0], grid[:, 4] = 1, HELD  # silence
    assert holes_to_targets(grid, np.ones((3, 4), bool))[:, 4].tolist() == [0, 0, 0]


# ---- backends ----

SCRIPT = """
import json
import numpy as np
from musegen_edu.inpainting import inpaint
from musegen_edu.models.convolutional import ChoraleInpainter
from musegen_edu.score import Score
model = ChoraleInpainter(filters=3, channels=8, dilations=(1, 2), dropout=0.0)
rng = np.random.default_rng(0)
for weight in model.weights:
    weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.5)
empty = Score(key="G major", programs=(52,) * 4)
print(json.dumps(inpaint(empty, np.ones((4, 32), bool), model=model, n_steps=5, seed=3).notes.tolist()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_same_filling_on_every_backend(backend, run_on_backend):
    said = run_on_backend(backend, SCRIPT)
    empty = Score(key="G major", programs=(52,) * 4)
    expected = inpaint(empty, np.ones((4, 32), bool), model=MODEL, n_steps=5, seed=3)
    assert [tuple(note) for note in json.loads(said.splitlines()[-1])] == expected.notes.tolist()


def test_the_step_is_compiled_once():
    score, _ = bach()
    model = small_model()
    inpaint(score, region(score, 1, 20, 30), model=model, n_steps=2, seed=0)
    step = model._gibbs_step
    inpaint(score, region(score, 2, 20, 30), model=model, n_steps=2, seed=0)
    assert model._gibbs_step is step and isinstance(step, GibbsStep)
