"""The two sides of `BandGAN` as networks: players that unfold a plan, and judges that see a band from three sides."""

from __future__ import annotations

from typing import Any

from musegen_edu.models.band_layers import JUDGES, PART_WIDTHS, BandView, PartChoice, VoiceRoll, judge_tower
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.band_codec import N_BARS, N_STEPS, N_SYMBOLS, PARTS, REST, VOICES

layers, ops = keras.layers, keras.ops

_BEATS = 16
_RESTS = -4.0  # logit of a rest before any training: a player that finds rests first plays nothing but crumbs, and is slow to unlearn it


def band_generator(
    *, given: str | None, shared: int, bar: int, own: int, units: int, temperature: float, dice: float, seed: int
) -> Any:
    """Return the players: [seed rows (n, noise), dice (n, 64, channels)], or [these, melodies (n, 64)], to parts (n, 64, channels)."""
    # ---- layers ----
    seeds = iter(range(1000 * seed, 1000 * seed + 500, 7))
    parts = [part for part in PARTS if part != given]

    def conv(filters: int, size: int, name: str, **options: Any) -> Any:
        draw = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Conv1D(filters, size, padding="same", kernel_initializer=draw, name=name, **options)

    def unfold(filters: int, name: str) -> Any:  # each step becomes four
        draw = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Conv1DTranspose(filters, 4, 4, "same", kernel_initializer=draw, name=name)

    def smooth(x: Any, name: str) -> Any:
        return ops.relu(layers.LayerNormalization(center=False, scale=False, name=f"{name}_norm")(x))

    # ---- functional graph ----
    row = keras.Input((shared + N_BARS * (bar + own * len(parts)),), name="seeds")
    thrown = keras.Input((N_STEPS, sum(PART_WIDTHS[part] for part in parts)), name="dice")
    phrase = ops.repeat(row[:, None, :shared], N_BARS, axis=1)  # (n, 4, shared)
    common = shared + N_BARS * bar
    bars = ops.concatenate([phrase, ops.reshape(row[:, shared:common], (-1, N_BARS, bar))], axis=-1)
    x = smooth(conv(2 * units, 1, "plan_bars")(bars), "plan_bars")
    x = smooth(conv(2 * units, 3, "plan_phrase")(x), "plan_phrase")  # neighbouring bars agree
    beats = smooth(unfold(units, "plan_beats")(x), "plan_beats")  # (n, 16, units)
    melody, heard = None, None
    if given is not None:
        melody = keras.Input((N_STEPS,), dtype="int32", name="melody")
        symbols = ops.one_hot(melody, N_SYMBOLS)
        roll = VoiceRoll(name="melody_roll")(symbols)
        heard = ops.concatenate([ops.sum(roll[..., 0], axis=-1, keepdims=True), roll[..., 1]], axis=-1)  # (n, 64, 60)
        ear = conv(units, 4, "ear_beats", strides=4)(heard)
        beats = ops.concatenate([beats, smooth(ear, "ear_beats")], axis=-1)
    plan = smooth(conv(units, 3, "plan")(beats), "plan")  # (n, 16, units)
    played, start = [], 0
    for number, part in enumerate(parts):
        first = common + number * N_BARS * own
        mine = ops.reshape(row[:, first : first + N_BARS * own], (-1, N_BARS, own))
        mine = ops.repeat(mine, _BEATS // N_BARS, axis=1)  # (n, 16, own)
        y = smooth(conv(units, 3, f"{part}_beats")(ops.concatenate([plan, mine], axis=-1)), f"{part}_beats")
        y = smooth(unfold(units, f"{part}_sixteenths")(y), f"{part}_sixteenths")  # (n, 64, units)
        if heard is not None:
            y = ops.concatenate([y, heard], axis=-1)
        y = smooth(conv(units, 3, f"{part}_line")(y), f"{part}_line")
        mine = thrown[:, :, start : start + PART_WIDTHS[part]]
        start += PART_WIDTHS[part]
        first_guess = {"bias_initializer": _few_rests} if part in VOICES else {}
        logits = conv(PART_WIDTHS[part], 1, f"{part}_logits", **first_guess)(y)
        played.append(PartChoice(part, temperature, dice, name=part)(logits, mine))
    inputs = [row, thrown] if melody is None else [[row, thrown], melody]
    return keras.Model(inputs, ops.concatenate(played, axis=-1), name="band_generator")


def band_judge(filters: int = 32, *, given: str | None = None, seed: int = 0) -> Any:
    """Return the judges: forged or real parts (n, 64, channels), or [these, melodies (n, 64)], to scores (n, 3, 20).

    Examples
    --------
    >>> tuple(band_judge(4)(ops.zeros((2, 64, 196))).shape)  # rhythm, harmony, whole; 16 beats and 4 bars
    (2, 3, 20)
    """
    # ---- layers ----
    views = [BandView(name, name=f"{name}_view") for name in JUDGES]
    widths = {"rhythm": filters, "harmony": filters, "whole": filters + filters // 2}
    towers = [judge_tower(widths[name], seed=1000 * seed + 500 + 100 * i, name=name) for i, name in enumerate(JUDGES)]

    # ---- functional graph ----
    forged = [part for part in PARTS if part != given]
    example = keras.Input((N_STEPS, sum(PART_WIDTHS[part] for part in forged)), name="parts")
    melody = None if given is None else keras.Input((N_STEPS,), dtype="int32", name="melody")
    band, start = {}, 0
    for part in forged:
        band[part] = example[:, :, start : start + PART_WIDTHS[part]]
        start += PART_WIDTHS[part]
    if given is not None:
        band[given] = ops.one_hot(melody, N_SYMBOLS)
    rolls = [VoiceRoll(name=f"{voice}_roll")(band[voice]) for voice in VOICES]
    in_order = [*rolls, band["drums"]]
    scores = [tower(view(in_order)) for view, tower in zip(views, towers, strict=True)]
    inputs = example if melody is None else [example, melody]
    return keras.Model(inputs, ops.stack(scores, axis=1), name="band_judge")


def _few_rests(shape: Any, dtype: Any = None) -> Any:
    """Return the first bias of a voice's logits: `_RESTS` for a rest, 0 for all else."""
    return ops.one_hot(REST, shape[0], dtype=dtype or "float32") * _RESTS
