"""InstrumentTagger and NextBar in three kinds: equal in size, right in shape, and what is drawn is what the network says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from musegen_edu.bar_loop import draw_bars
from musegen_edu.crnn_batches import (
    BarBatches,
    MixtureBatches,
    mixture_tables,
    nats_per_step,
    nats_per_tag,
    step_losses,
)
from musegen_edu.datasets import load_dataset
from musegen_edu.metrics.tagging import tag_scores
from musegen_edu.mixtures import load_mixtures
from musegen_edu.models.crnn import KINDS, InstrumentTagger
from musegen_edu.models.next_bar import N_READ, N_ROWS, ONSET, SOUNDING, NextBar, symbols_to_roll
from musegen_edu.next_bars import (
    chain_bars,
    chain_losses,
    fit_bar_chain,
    last_three_bars,
    repeated_bars,
    symbols_to_score,
    write_bars,
)
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes import crnn as crnn_recipe
from musegen_edu.recipes import next_bar as bar_recipe
from musegen_edu.recipes.crnn import TAGGER_PROFILES
from musegen_edu.recipes.next_bar import NEXT_BAR_PROFILES, eight_bars, next_bar_network
from musegen_edu.sampling import filtered_probabilities, gumbel_noise
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import FIRST_PITCH, HOLD, N_SYMBOLS, REST, FourBarCodec
from musegen_edu.training import EpochReport, Profile, fit, train

SMALL: dict[str, Any] = {"channels": 2, "features": 4, "embedding": 3, "units": 6}


def small_writer(kind, seed=0):
    """An untrained network whose weights NumPy draws, so that each backend has the same."""
    model = NextBar(kind, **SMALL, dropout=0.0)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed_generator" not in weight.path:
            weight.assign(rng.normal(size=weight.shape).astype(np.float32) * 0.4)
    return model


def windows(n, seed=0):
    """Random lines of 64 symbols of FourBarCodec, mostly held notes."""
    rng = np.random.default_rng(seed)
    lines = rng.integers(FIRST_PITCH + 10, FIRST_PITCH + 30, (n, 64))
    return np.where(rng.random((n, 64)) < 0.6, HOLD, lines).astype(np.int32)


# ---- sizes ----


@pytest.mark.parametrize("profile", ["quick", "full"])
def test_the_three_kinds_have_as_many_parameters(profile):
    size = TAGGER_PROFILES[profile]
    taggers = {k: InstrumentTagger(k, channels=size.embedding, units=size.units).count_params() for k in KINDS}
    writers = {k: next_bar_network(k, NEXT_BAR_PROFILES[profile], seed=0).count_params() for k in KINDS}
    for counts in (taggers, writers):
        assert all(abs(count / counts["crnn"] - 1) < 0.03 for count in counts.values()), counts


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_can_be_made_again_from_its_config(kind):
    for model in (InstrumentTagger(kind, channels=2, units=4, mean=-50.0, std=10.0), NextBar(kind, **SMALL)):
        again = type(model).from_config(model.get_config())
        assert again.get_config() == model.get_config()
        for first, second in zip(model.get_weights(), again.get_weights(), strict=True):
            np.testing.assert_array_equal(first, second)  # the seed decides
        assert len({weight.path for weight in model.weights}) == len(model.weights)


# ---- the tagger ----


@pytest.mark.parametrize("kind", KINDS)
def test_a_tagger_answers_for_every_frame_however_long_the_sound(kind):
    model = InstrumentTagger(kind, channels=2, units=4)
    for n_frames in (7, 30):
        mels = np.random.default_rng(0).normal(-60, 18, (2, n_frames, 64)).astype(np.float32)
        assert model.predict_on_batch(mels).shape == (2, n_frames, 6)


def test_how_far_each_kind_hears():
    mels = np.random.default_rng(1).normal(-60, 18, (1, 60, 64)).astype(np.float32)
    changed = mels.copy()
    changed[0, 30] += 20.0
    reach = {}
    for kind in KINDS:
        model = InstrumentTagger(kind, channels=2, units=8, dropout=0.0)
        gap = np.abs(model.predict_on_batch(changed) - model.predict_on_batch(mels))[0].max(axis=-1)
        reach[kind] = np.flatnonzero(gap > 0)
    assert reach["cnn"].min() == 30 - 6 and reach["cnn"].max() == 30 + 6  # 1 + 1 + 2 + 2 frames on either side
    assert reach["rnn"].min() <= 2 and reach["rnn"].max() >= 57
    assert reach["crnn"].min() <= 2 and reach["crnn"].max() >= 57


def test_side_by_side_keeps_the_frames_apart():
    model = InstrumentTagger("crnn", channels=2, units=4)
    upto = keras.Model(model.inputs[0], model.get_layer("side_by_side").output)
    quiet = np.full((1, 40, 64), -80.0, np.float32)
    loud = quiet.copy()
    loud[0, 20, :] = 0.0
    gap = np.abs(np.asarray(upto(loud)) - np.asarray(upto(quiet)))[0].max(axis=-1)
    assert np.flatnonzero(gap).tolist() == [
        18,
        19,
        20,
        21,
        22,
    ]  # two convolutions of three frames see two on either side


def test_the_training_mean_and_spread_are_inside_the_tagger():
    plain = InstrumentTagger("cnn", channels=2, units=4, mean=0.0, std=1.0)
    scaled = InstrumentTagger("cnn", channels=2, units=4, mean=-60.0, std=20.0)
    mels = np.random.default_rng(1).normal(-60, 18, (1, 20, 64)).astype(np.float32)
    np.testing.assert_allclose(
        scaled.predict_on_batch(mels), plain.predict_on_batch((mels + 60) / 20), rtol=1e-4, atol=1e-5
    )


def test_the_loss_of_a_tagger_is_that_of_its_probabilities():
    model = InstrumentTagger("cnn", channels=2, units=4)
    rng = np.random.default_rng(2)
    mels = np.maximum(rng.normal(-60, 18, (3, 20, 64)), -80).astype(np.float32)
    labels = rng.integers(0, 2, (3, 20, 6))
    logits = model.predict_on_batch(mels).astype(float)
    right = np.log1p(np.exp(np.where(labels, -logits, logits))).mean()  # -log p of "yes" or of "no"
    assert nats_per_tag(model, list(mixture_tables(mels, labels.astype(np.uint8))), batch_size=2) == pytest.approx(
        right, rel=1e-5
    )
    found = model.compute_loss(y=labels.astype(np.float32), y_pred=model(mels))
    assert float(found) == pytest.approx(right, rel=1e-5)


def test_mixtures_come_louder_and_softer_and_never_below_the_floor():
    tables = np.concatenate([np.full((40, 20, 64), -50.0), np.zeros((40, 20, 6))], axis=-1).astype(np.float32)
    tables[:, 0, :64] = -80.0
    x, y = MixtureBatches(list(tables), 40, seed=0)[0]
    levels = x[:, 1, 0]
    assert levels.min() < -54 and levels.max() > -46 and abs(levels.mean() + 50) < 2
    assert (x[:, 1] == levels[:, None]).all()  # one gain a mixture
    assert x.min() >= -80 and y.shape == (40, 20, 6)
    other, _ = MixtureBatches(list(tables), 40, seed=0, epoch=1)[0]
    assert not np.array_equal(np.sort(other[:, 1, 0]), np.sort(levels))
    plain, _ = MixtureBatches(list(tables), 40)[0]
    np.testing.assert_array_equal(plain, tables[..., :64])


@pytest.mark.parametrize("kind", KINDS)
def test_a_tagger_learns_what_can_be_learnt(kind):
    rng = np.random.default_rng(3)
    labels = np.repeat(rng.integers(0, 2, (24, 4, 2)), 5, axis=1).astype(np.float32)  # two "instruments", (24, 20, 2)
    mels = np.full((24, 20, 32), -80.0, np.float32)
    mels[..., 5:9] += 50 * labels[..., :1]
    mels[..., 20:24] += 50 * labels[..., 1:]
    tables = list(np.concatenate([mels, labels], axis=-1))
    model = InstrumentTagger(kind, n_mels=32, n_instruments=2, channels=2, units=6, mean=-75.0, std=17.0)
    profile = Profile("tiny", 12, 12, 4, 2e-2, 0.0, 2, 6, 1, 0.0)

    def batches(rows, size, **order):
        return MixtureBatches(rows, size, n_instruments=2, **order)

    def loss(model, rows):
        x, y = batches(rows, 24)[0]
        logits = np.asarray(model.predict_on_batch(x), float)
        return float((np.logaddexp(0, logits) - y * logits).mean())

    reports = fit(model, tables[:20], tables[20:], profile=profile, seed=0, verbose=0, batches=batches, loss=loss)
    assert min(report.valid_loss for report in reports) < 0.2  # guessing: 0.69


# ---- the roll ----


def test_the_roll_of_symbols_is_that_of_their_notes():
    for line in windows(4):
        roll = np.asarray(symbols_to_roll(line[None]))[0]  # (64, 44, 2)
        assert roll.shape == (64, N_ROWS, 2)
        notes = symbols_to_score(line).notes
        right = np.zeros_like(roll)
        for onset, duration, pitch, *_ in notes.tolist():
            right[onset // 6, pitch - 45, ONSET] = 1
            right[onset // 6 : (onset + duration) // 6, pitch - 45, SOUNDING] = 1
        np.testing.assert_array_equal(roll, right)


def test_rest_and_padding_are_silent_and_a_hold_of_nothing_too():
    line = np.array([[HOLD, 0, FIRST_PITCH, HOLD, 0, REST, HOLD, FIRST_PITCH + 43]])
    sounding = np.asarray(symbols_to_roll(line))[0, :, :, SOUNDING]
    assert sounding.sum(axis=1).tolist() == [0, 0, 1, 1, 1, 0, 0, 1]


# ---- the writer ----


@pytest.mark.parametrize("kind", KINDS)
def test_a_writer_knows_nothing_of_what_comes(kind):
    model = small_writer(kind)
    (three_bars, written), _ = BarBatches(windows(2), 2)[0]
    before = model.predict_on_batch((three_bars, written))
    changed = written.copy()
    changed[:, 9:] = FIRST_PITCH + 2
    after = model.predict_on_batch((three_bars, changed))
    np.testing.assert_allclose(after[:, :9], before[:, :9], atol=1e-5)
    assert np.abs(after[:, 9:] - before[:, 9:]).max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_a_writer_reads_all_three_bars(kind):
    model = small_writer(kind)
    (three_bars, written), _ = BarBatches(windows(1), 1)[0]
    before = model.predict_on_batch((three_bars, written))
    for place in (3, 20, 44):
        changed = three_bars.copy()
        changed[:, place] = FIRST_PITCH + 40
        assert np.abs(model.predict_on_batch((changed, written)) - before).max() > 1e-4, place


def test_bars_are_laid_on_top_of_one_another():
    model = small_writer("cnn")
    (three_bars, _), _ = BarBatches(windows(1), 1)[0]
    three_bars[:, 16 + 11] = FIRST_PITCH + 12  # up to here, and no further, will a change be heard
    before = np.asarray(model.read(three_bars))  # (1, 16, 3 * features)
    assert before.shape == (1, 16, 3 * SMALL["features"])
    changed = three_bars.copy()
    changed[:, 16 + 8] = FIRST_PITCH + 40  # bar 2, the third beat
    changed[:, 16 + 9] = REST
    gap = np.abs(np.asarray(model.read(changed)) - before)[0].reshape(16, 3, -1).max(axis=-1)
    steps, bars = np.nonzero(gap)
    assert set(bars.tolist()) == {1} and set(steps.tolist()) <= set(range(5, 14)) and 8 in steps


def test_losses_are_the_nats_of_the_true_symbols():
    model = small_writer("crnn")
    lines = windows(5)
    (three_bars, written), fourth = BarBatches(lines, 5)[0]
    logits = model.predict_on_batch((three_bars, written)).astype(float)
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    right = -np.log(np.take_along_axis(p, fourth[..., None], axis=-1)[..., 0])
    np.testing.assert_allclose(step_losses(model, list(lines), batch_size=2), right, rtol=1e-4)
    assert nats_per_step(model, list(lines)) == pytest.approx(right.mean(), rel=1e-5)
    assert float(model.compute_loss(y=fourth, y_pred=logits.astype(np.float32))) == pytest.approx(
        right.mean(), rel=1e-4
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawn_bar_is_what_the_network_says(kind):
    """Go through two bars step by step in NumPy, with the model's own logits and the same noise."""
    model, seed = small_writer(kind), 5
    lines = windows(2)[:, :N_READ]
    drawn = draw_bars(model, lines, n_bars=2, temperature=0.8, top_p=0.9, seed=seed)
    noise = gumbel_noise(seed, (2, 32, N_SYMBOLS))
    tape = np.concatenate([lines, np.zeros((2, 32), np.int32)], axis=1)
    for place in range(32):
        bar, step = divmod(place, 16)
        start = 16 * bar
        written = np.zeros((2, 16), np.int32)
        written[:, 1 : step + 1] = tape[:, N_READ + start : N_READ + place]
        logits = model.predict_on_batch((tape[:, start : start + N_READ], written))[:, step]
        logits[:, 0] = -1e9  # padding is never drawn
        p = filtered_probabilities(logits, temperature=0.8, top_p=0.9)
        with np.errstate(divide="ignore"):
            tape[:, N_READ + place] = np.argmax(np.log(p) + noise[:, place], axis=-1)
    np.testing.assert_array_equal(drawn, tape[:, N_READ:])


def test_drawing_depends_on_the_seed_and_not_on_the_company():
    model, lines = small_writer("cnn"), windows(3)[:, :N_READ]
    drawn = draw_bars(model, lines, n_bars=2, seed=1)
    np.testing.assert_array_equal(draw_bars(model, lines[:1], n_bars=1, seed=1)[0], drawn[0, :16])
    assert not np.array_equal(draw_bars(model, lines, n_bars=2, seed=2), drawn)
    assert drawn.min() > 0
    likeliest = draw_bars(model, lines, temperature=0, seed=1)
    np.testing.assert_array_equal(likeliest, draw_bars(model, lines, temperature=0, seed=9))


def test_bad_input_to_drawing_is_named():
    model = small_writer("cnn")
    lines = windows(1)[:, :N_READ]
    for arguments, says in (
        ((lines[:, :40],), "three_bars has shape"),
        ((lines + 60,), "three_bars holds"),
    ):
        with pytest.raises(ValueError, match=says):
            draw_bars(model, *arguments, seed=0)
    for options, says in (
        ({"n_bars": 0, "seed": 0}, "n_bars=0"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 0, "temperature": -1}, "temperature=-1"),
        ({"seed": 0, "top_p": 2.0}, "top_p=2.0"),
    ):
        with pytest.raises(ValueError, match=says):
            draw_bars(model, lines, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_writer_learns_to_repeat(kind):
    """Bars that are all alike: the fourth can be told from the three before it, and from nothing else."""
    rng = np.random.default_rng(0)
    bars = np.where(rng.random((120, 16)) < 0.5, HOLD, rng.integers(20, 26, (120, 16)))
    bars[:, 0] = rng.integers(20, 26, 120)
    lines = list(np.tile(bars, (1, 4)).astype(np.int32))
    model = NextBar(kind, channels=2, features=12, embedding=4, units=24, dropout=0.0, seed=1)
    profile = Profile("tiny", 12, 12, 10, 2e-2, 0.0, 12, 24, 1, 0.0)
    fit(model, lines[:100], lines[100:], profile=profile, seed=0, verbose=0, batches=BarBatches, loss=nats_per_step)
    chain = fit_bar_chain(lines[:100], order=4)
    assert nats_per_step(model, lines[100:]) < 0.75 * chain_losses(chain, lines[100:]).mean()


# ---- tunes ----

TUNE = Score.from_melody([67, 69, 71, 72, 74, 72, 71, 69] * 3, 12, key="G major", title="Up and down", bpm=100)


def test_a_tune_goes_on_and_keeps_its_beginning():
    model = small_writer("crnn")
    longer = write_bars(TUNE, bars=2, model=model, seed=3)
    assert longer.slice_bars(1, 2) == TUNE.slice_bars(1, 2)
    assert (longer.key, longer.bpm, longer.title) == ("G major", 100, "Up and down")
    added = draw_bars(model, last_three_bars(TUNE)[None], n_bars=2, seed=3)[0]
    decoded = symbols_to_score(added, key="G major").notes
    new = longer.notes[longer.notes["onset"] >= 3 * 96]
    np.testing.assert_array_equal(new["onset"] - 3 * 96, decoded["onset"])
    np.testing.assert_array_equal(new["pitch"], decoded["pitch"])
    both = write_bars([TUNE, TUNE.transpose(2)], bars=2, model=model, seed=3)
    assert both[0] == longer and len(both) == 2


def test_a_held_bar_line_holds_the_last_note(monkeypatch):
    from musegen_edu import bar_loop

    line = np.array([HOLD, HOLD, 20, *[HOLD] * 13])
    monkeypatch.setattr(bar_loop, "draw_bars", lambda *args, **options: line[None])
    longer = write_bars(TUNE, model=small_writer("cnn"), seed=0)
    assert longer.notes[-2:][["onset", "duration"]].tolist() == [(276, 24), (300, 84)]
    resting = TUNE.replace(notes=TUNE.notes[:-1])  # ends before the bar line: nothing there to hold
    assert write_bars(resting, model=small_writer("cnn"), seed=0).notes["duration"][-2] == 12


def test_a_tune_in_two_four_comes_back_in_four_four():
    tune = Score.from_melody([60, 62, 64, 65] * 6, 12, meter=(2, 4), bpm=60)
    longer = write_bars(tune, model=small_writer("cnn"), seed=0)
    assert (longer.meter, longer.bpm, longer.key) == ((4, 4), 120, "C major")
    assert longer.notes["duration"][:20].tolist() == [24] * 20


@pytest.mark.parametrize(
    ("tune", "says"),
    [
        (TUNE.slice_bars(1, 2), "start has 2 full bars"),
        (TUNE.replace(meter=(3, 4)), "meter 3/4"),
        (Score.from_melody([60, 62, 64] * 12, 8, key="C major"), "off the grid"),
        (TUNE.transpose(36), "pitches"),
    ],
)
def test_tunes_that_cannot_be_read_are_named(tune, says):
    with pytest.raises(ValueError, match=says):
        write_bars(tune, model=small_writer("cnn"), seed=0)


def test_symbols_of_any_length_become_the_codecs_notes():
    codec = FourBarCodec()
    four = codec.encode(TUNE)
    assert symbols_to_score(four, key="G major") == codec.decode(four, key="G major")
    assert len(symbols_to_score(np.tile(four, 2), key="G major")) == 2 * len(TUNE)
    with pytest.raises(ValueError, match="one line of whole numbers"):
        symbols_to_score(four[None])
    with pytest.raises(ValueError, match="they must lie from 0"):
        symbols_to_score([99])


def test_simple_means():
    lines = windows(40)
    starts = lines[:3, :N_READ]
    np.testing.assert_array_equal(repeated_bars(starts, n_bars=2)[:, 16:], starts[:, -16:])
    chain = fit_bar_chain(list(lines), order=1)
    assert chain_losses(chain, list(lines)).shape == (40, 16)
    drawn = chain_bars(chain, starts, n_bars=3, seed=0)
    assert drawn.shape == (3, 48) and drawn.min() >= HOLD and drawn.max() < N_SYMBOLS
    other = windows(1, seed=7)
    assert chain_losses(chain, list(lines)).mean() < chain_losses(chain, np.roll(other, 13, axis=0) * 0 + REST).mean()


def test_eight_bars_are_taken_where_there_are_more():
    tune = Score.from_melody([60, 62, 64, 65] * 9, 24, key="C major")
    lines, keys = eight_bars([tune, tune.slice_bars(1, 8), tune.replace(meter=(3, 4))])
    assert lines.shape == (1, 128) and keys == ["C major"]
    assert symbols_to_score(lines[0]).notes["pitch"].tolist() == [60, 62, 64, 65] * 8


# ---- other backends ----

SCRIPT = """
import numpy as np
from test_crnn import KINDS, small_writer, windows
from musegen_edu.bar_loop import draw_bars
from musegen_edu.crnn_batches import BarBatches, MixtureBatches, nats_per_step, nats_per_tag
from musegen_edu.models.crnn import InstrumentTagger
from musegen_edu.training import Profile, fit
profile = Profile("tiny", 1, 1, 4, 1e-2, 0.0, 2, 6, 1, 0.0)
lines = windows(8)
for kind in KINDS:
    writer = small_writer(kind)
    print(kind, draw_bars(writer, lines[:2, :48], n_bars=2, seed=4).tolist())
    fit(writer, list(lines), list(lines[:4]), profile=profile, seed=0, verbose=0, batches=BarBatches, loss=nats_per_step)
    tables = list(np.random.default_rng(0).normal(-60, 18, (4, 20, 70)).astype(np.float32))
    for table in tables:
        table[:, 64:] = table[:, 64:] > -60
    tagger = InstrumentTagger(kind, channels=2, units=4)
    fit(tagger, tables, tables, profile=profile, seed=0, verbose=0, batches=MixtureBatches, loss=nats_per_tag)
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_draw_the_same_and_train(backend, run_on_backend):
    lines = run_on_backend(backend, SCRIPT).splitlines()
    said = dict(line.split(" ", 1) for line in lines if line.split(" ")[0] in KINDS)
    for kind in KINDS:
        assert json.loads(said[kind]) == draw_bars(small_writer(kind), windows(8)[:2, :48], n_bars=2, seed=4).tolist()


# ---- recipes ----


@pytest.mark.slow
def test_a_tagger_is_trained_and_judged(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    tiny = Profile("quick", 1, 1, 4, 1e-2, 0.0, 2, 4, 1, 0.0, n_tunes=6)
    monkeypatch.setitem(crnn_recipe.TAGGER_PROFILES, "quick", tiny)
    monkeypatch.setattr(crnn_recipe, "N_VALID", 3)
    monkeypatch.setattr(crnn_recipe, "N_TEST", 4)
    reports: list[EpochReport] = []
    path = train("instrument_tagger_cnn", "quick", seed=2, verbose=0, on_epoch=reports.append)
    card, model = load_card(path.stem, path.parent), load_pretrained(path.stem, path.parent)
    assert card["command"] == "musegen train instrument_tagger_cnn --profile quick --seed 2"
    assert card["data"]["sha256"] == load_dataset("chorales").sha256
    assert (card["data"]["train"], card["data"]["valid"], card["data"]["test"]) == (6, 3, 4)
    assert isinstance(model, InstrumentTagger) and model.kind == "cnn"
    side = load_mixtures("train", 6)
    assert model.get_config()["mean"] == pytest.approx(side.mels.mean(), abs=0.01)
    assert card["metrics"]["valid_nats_per_tag"] == pytest.approx(reports[0].valid_loss, abs=0.01)
    always = card["metrics"]["test_all_always"]
    assert always["recall"] == 1 and always["f1"] == pytest.approx(
        2 * always["precision"] / (1 + always["precision"]), abs=1e-3
    )
    assert not list((tmp_path / "home" / "training").iterdir())


@pytest.mark.slow
def test_a_writer_is_trained_and_judged(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSEGEN_HOME", str(tmp_path / "home"))
    tiny = Profile("quick", 1, 1, 32, 1e-2, 0.0, 5, 8, 1, 0.0, n_tunes=40)
    monkeypatch.setitem(bar_recipe.NEXT_BAR_PROFILES, "quick", tiny)
    monkeypatch.setattr(bar_recipe, "N_TO_JUDGE", 4)
    reports: list[EpochReport] = []
    path = train("next_bar", "quick", seed=1, verbose=0, on_epoch=reports.append)
    card, model = load_card("next_bar", path.parent), load_pretrained("next_bar", path.parent)
    assert card["command"] == "musegen train next_bar --profile quick --seed 1"
    assert card["data"]["sha256"] == load_dataset("folk").sha256
    assert card["data"]["windows"]["valid"] > 2000
    assert isinstance(model, NextBar) and isinstance(model.codec, FourBarCodec)
    losses = card["metrics"]
    assert losses["valid_nats_per_step"] == pytest.approx(reports[0].valid_loss, abs=0.01)
    assert losses["uniform_nats_per_step"] == pytest.approx(np.log(46), abs=1e-3)
    assert losses["markov_test_nats_per_step"]["4"] < losses["markov_test_nats_per_step"]["0"]
    rows = losses["scorecard"]
    assert list(rows) == ["chance", "Markov", "last bar again", "crnn", "real music"]
    assert rows["last bar again"]["groove consistency"] == 1
    assert not list((tmp_path / "home" / "training").iterdir())


@pytest.mark.parametrize("name", ["instrument_tagger", "next_bar"])
def test_the_networks_of_the_course_are_all_there_and_equal_in_size(name):
    cards = {ending: load_card(f"{name}{ending}") for ending in ("", "_cnn", "_rnn")}
    sizes = [card["model"]["parameters"] for card in cards.values()]
    assert max(sizes) / min(sizes) < 1.03
    assert len({card["data"]["sha256"] for card in cards.values()}) == 1
    assert len({(card["profile"]["epochs"], card["profile"]["learning_rate"]) for card in cards.values()}) == 1
    assert sum(card["weights"]["bytes"] for card in cards.values()) < 1_000_000


def test_the_tagger_of_the_course_hears_better_than_a_linear_model():
    metrics = load_card("instrument_tagger")["metrics"]
    assert metrics["test"]["f1"] > metrics["test_linear"]["f1"] + 0.1
    side = load_mixtures("test", 8)
    f1 = tag_scores(side.labels, crnn_recipe.tags_of(load_pretrained("instrument_tagger"), side.mels)).f1
    assert f1 > metrics["test"]["f1"] - 0.12  # on the first eight of the hundred


def test_the_writer_of_the_course_is_less_surprised_than_a_chain():
    metrics = load_card("next_bar")["metrics"]
    assert metrics["test_nats_per_step"] < min(metrics["markov_test_nats_per_step"].values()) - 0.05
    some = list(bar_recipe.four_bar_windows(load_dataset("folk").test[:40]))
    assert nats_per_step(load_pretrained("next_bar"), some) < metrics["test_nats_per_step"] + 0.25
