"""The two sides of `BandGAN` as networks: players that unfold a plan and hear one another, and judges that see a band from three sides."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from musegen_edu.models.band_layers import JUDGES, ORDER, PART_WIDTHS, BandView, PartChoice, VoiceRoll, judge_tower
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.band_codec import N_BARS, N_STEPS, N_SYMBOLS, PARTS, REST, VOICES

layers, ops = keras.layers, keras.ops

_BEATS = 16
_RESTS = -4.0  # logit of a rest before any training: a player that finds rests first plays nothing but crumbs, and is slow to unlearn it


def band_generator(
    *,
    given: str | None,
    shared: int,
    bar: int,
    own: int,
    listening: bool,
    units: int,
    temperature: float,
    dice: float,
    seed: int,
) -> Any:
    """Return the players: [seed rows (n, noise), dice (n, 64, channels)], or [these, melodies (n, 64)], to parts (n, 64, channels)."""
    # ---- layers ----
    new = _Fresh(seed)
    parts = [part for part in PARTS if part != given]
    starts = dict(zip(parts, accumulate((PART_WIDTHS[part] for part in parts), initial=0), strict=False))
    common = shared + N_BARS * bar

    # ---- functional graph ----
    row = keras.Input((common + N_BARS * own * len(parts),), name="seeds")
    thrown = keras.Input((N_STEPS, sum(PART_WIDTHS[part] for part in parts)), name="dice")
    phrase = ops.repeat(row[:, None, :shared], N_BARS, axis=1)  # (n, 4, shared)
    bars = ops.concatenate([phrase, ops.reshape(row[:, shared:common], (-1, N_BARS, bar))], axis=-1)
    x = new.smooth(new.conv(2 * units, 1, "plan_bars")(bars), "plan_bars")
    x = new.smooth(new.conv(2 * units, 3, "plan_phrase")(x), "plan_phrase")  # neighbouring bars agree
    x = new.smooth(new.unfold(units, "plan_beats")(x), "plan_beats")  # (n, 16, units)
    plan = new.smooth(new.conv(units, 3, "plan")(x), "plan")
    melody = None if given is None else keras.Input((N_STEPS,), dtype="int32", name="melody")
    heard = [] if melody is None else [_heard(ops.one_hot(melody, N_SYMBOLS), "melody")]
    played = {}
    for part in (part for part in ORDER if part != given):
        first, start = common + parts.index(part) * N_BARS * own, starts[part]
        mine = ops.reshape(row[:, first : first + N_BARS * own], (-1, N_BARS, own))
        logits = _player(part, new, plan, ops.repeat(mine, _BEATS // N_BARS, axis=1), heard, units)
        choice = PartChoice(part, temperature, dice, name=part)
        played[part] = choice(logits, thrown[:, :, start : start + PART_WIDTHS[part]])
        if listening and part in VOICES:
            heard.append(_heard(played[part], part))  # who plays later, hears this voice too
    inputs = [row, thrown] if melody is None else [[row, thrown], melody]
    return keras.Model(inputs, ops.concatenate([played[part] for part in parts], axis=-1), name="band_generator")


class _Fresh:
    """Layers of a generator, each with first weights of its own."""

    def __init__(self, seed: int) -> None:
        self._seeds = iter(range(1000 * seed, 1000 * seed + 500, 7))

    def conv(self, filters: int, size: int, name: str, **options: Any) -> Any:
        draw = keras.initializers.GlorotUniform(seed=next(self._seeds))
        return layers.Conv1D(filters, size, padding="same", kernel_initializer=draw, name=name, **options)

    def unfold(self, filters: int, name: str) -> Any:
        """Return a layer that makes four steps of one."""
        draw = keras.initializers.GlorotUniform(seed=next(self._seeds))
        return layers.Conv1DTranspose(filters, 4, 4, "same", kernel_initializer=draw, name=name)

    @staticmethod
    def smooth(x: Any, name: str) -> Any:
        return ops.relu(layers.LayerNormalization(center=False, scale=False, name=f"{name}_norm")(x))


def _heard(symbols: Any, name: str) -> Any:
    """Return what a player hears of a voice: (n, 64, 60), whether a note begins, and which pitch sounds."""
    roll = VoiceRoll(name=f"{name}_heard")(symbols)
    return ops.concatenate([ops.sum(roll[..., 0], axis=-1, keepdims=True), roll[..., 1]], axis=-1)


def _player(part: str, new: _Fresh, plan: Any, mine: Any, heard: list[Any], units: int) -> Any:
    """Return the logits, (n, 64, channels), of one player who reads plan and own seed, (n, 16, channels), and hears some voices."""
    told, ears = [plan, mine], None
    if heard:
        ears = heard[0] if len(heard) == 1 else ops.concatenate(heard, axis=-1)
        told.append(new.smooth(new.conv(units, 4, f"{part}_ear", strides=4)(ears), f"{part}_ear"))  # beat by beat
    y = new.smooth(new.conv(units, 3, f"{part}_beats")(ops.concatenate(told, axis=-1)), f"{part}_beats")
    y = new.smooth(new.unfold(units, f"{part}_sixteenths")(y), f"{part}_sixteenths")  # (n, 64, units)
    if ears is not None:
        y = ops.concatenate([y, ears], axis=-1)
    y = new.smooth(new.conv(units, 3, f"{part}_line")(y), f"{part}_line")
    first_guess = {"bias_initializer": _few_rests} if part in VOICES else {}
    return new.conv(PART_WIDTHS[part], 1, f"{part}_logits", **first_guess)(y)


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
