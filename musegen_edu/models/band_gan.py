"""BandGAN: one generator a part, all fed by a shared seed, against judges for the rhythm, for the harmony and for the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.band_layers import JUDGES, PART_WIDTHS, BandView, PartChoice, judge_tower
from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.gan_layers import SymbolsToRoll
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.band_codec import N_BARS, N_COLUMNS, N_STEPS, N_SYMBOLS, PARTS, VOICES

layers, ops = keras.layers, keras.ops

_BEATS = 16


class BandGAN(AdversarialPair):
    """A band of four players and three judges, for tables of `BandCodec`.

    The seed of four bars has a part that all players read, one number row for the phrase and one for each bar, and a row for each player
    and bar that only that player reads. From the shared rows a plan is made, beat by beat; each player's own generator unfolds plan and own
    seed into what it plays. So the players agree through the plan, and each of them can be varied alone.

    The judges are called "rhythm", "harmony" and "whole" (see `BandView` for what each may see). Each of them learns to tell forged bands
    from real ones; `weights` says how much the players care for its verdict.

    With `given`, one voice is not forged: it is the condition, and the others accompany it. `fit` is then given
    `fit((tables, melodies))`, tables of `BandCodec` with all parts and melodies of 64 symbols, else the tables alone.

    Parameters
    ----------
    weights : judge -> weight in the players' loss, 0 or more, not all 0. Judges that are not named have weight 0; they learn all the same.
    given : None, or the voice that is to be accompanied: "soprano", "alto" or "bass".
    shared, bar, own : numbers of the seed that all players read, for the phrase and for each bar, and that one player reads for each bar.
    units : width of the generators.
    filters : width of each of the three judges; "whole" has half as much again.
    temperature : of the straight-through gradient, above 0.
    seed : of the initial weights, and of the noise while training.
    options : `loss`, `penalty`, `smoothing`, `average` and `name`, as in `AdversarialPair`.

    Notes
    -----
    While training, `logs` hold besides those of `AdversarialPair` for each judge the share of its verdicts that are right: `rhythm_right`,
    `harmony_right`, `whole_right`. `judge_weights` is a variable: `pair.judge_weights.assign([...])` changes them in the middle.

    Examples
    --------
    >>> band = BandGAN(weights={"rhythm": 1.0, "harmony": 2.0}, shared=4, bar=2, own=2, units=8, filters=4)
    >>> band.generate_tables(3, seed=1).shape
    (3, 64, 13)

    References
    ----------
    Shared and own seeds, for the phrase and for each bar: the hybrid model of Dong, Hsiao, Yang and Yang, "MuseGAN: multi-track sequential
    generative adversarial networks for symbolic music generation and accompaniment", AAAI 2018, which has a single judge. As in
    `AdversarialPair`, `SpectralNorm` and `PartChoice`.
    Lesson: 11 hybrid_gans.
    """

    def __init__(
        self,
        weights: Mapping[str, float] | None = None,
        *,
        given: str | None = None,
        shared: int = 24,
        bar: int = 12,
        own: int = 8,
        units: int = 64,
        filters: int = 32,
        temperature: float = 1.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        chosen = _checked_weights(weights)
        if given is not None and given not in VOICES:
            raise ValueError(f"given={given!r} is no voice; choose one of {', '.join(VOICES)}, or None")
        sizes = {"shared": shared, "bar": bar, "own": own, "units": units, "filters": filters}
        for size, value in sizes.items():
            if value < 1:
                raise ValueError(f"{size}={value} must be at least 1")
        if not temperature > 0:
            raise ValueError(f"temperature={temperature} must be above 0")
        self.forged_parts = tuple(part for part in PARTS if part != given)
        self._shape = {"given": given, **{name: sizes[name] for name in ("shared", "bar", "own", "units")}}
        self._shape |= {"temperature": temperature, "seed": seed}
        generator = band_generator(**self._shape)
        judge = band_judge(filters, given=given, seed=seed)
        noise = shared + N_BARS * (bar + own * len(self.forged_parts))
        super().__init__(generator, judge, noise=noise, seed=seed, **options)

        # ---- layers ----
        values = [chosen[name] for name in JUDGES]
        self.judge_weights = self.add_weight(
            shape=(len(JUDGES),), initializer="zeros", trainable=False, name="judge_weights"
        )
        self.judge_weights.assign(values)
        self.right_trackers = [keras.metrics.Mean(name=f"{name}_right") for name in JUDGES]

        # ---- config ----
        self.given = given
        self._arguments = {"weights": chosen, **self._shape, "filters": filters, **options}

    def prepare(self, examples: Any) -> Any:
        """Return the parts to be forged, (n, 64, channels) with one-hot symbols and strokes, of tables, (n, 64, 13)."""
        tables = ops.cast(examples, "int32")
        found = []
        for part in self.forged_parts:
            if part in VOICES:
                found.append(ops.one_hot(tables[:, :, VOICES.index(part)], N_SYMBOLS, dtype=self.compute_dtype))
            else:
                found.append(ops.cast(tables[:, :, len(VOICES) :], self.compute_dtype))
        return ops.concatenate(found, axis=-1)

    def judge_loss(self, real: Any, forged: Any) -> Any:
        """Return the mean of the three judges' losses from their scores, (n, 3, 20); weights do not count here."""
        for number, tracker in enumerate(self.right_trackers):
            right = ops.cast(real[:, number] > 0, "float32") + ops.cast(forged[:, number] < 0, "float32")
            tracker.update_state(ops.stop_gradient(ops.mean(right) / 2))
        return super().judge_loss(real, forged)

    def generator_loss(self, forged: Any) -> Any:
        """Return what the players minimise: the mean of what each judge makes of them, weighted."""
        losses = [super(BandGAN, self).generator_loss(forged[:, number]) for number in range(len(JUDGES))]
        weights = ops.convert_to_tensor(self.judge_weights)
        return ops.sum(ops.stack(losses) * weights) / ops.sum(weights)

    def seed_places(self, part: str | None = None) -> npt.NDArray[np.int64]:
        """Return which numbers of a seed row one part alone reads; those that all read if None.

        Examples
        --------
        >>> band = BandGAN(shared=4, bar=2, own=1, units=8, filters=4)
        >>> band.noise, band.seed_places().tolist(), band.seed_places("bass").tolist()
        (28, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [20, 21, 22, 23])
        """
        common = self._shape["shared"] + N_BARS * self._shape["bar"]
        if part is None:
            return np.arange(common)
        if part not in self.forged_parts:
            raise ValueError(f"part={part!r} is not forged; choose one of {', '.join(self.forged_parts)}")
        length = N_BARS * self._shape["own"]
        return common + self.forged_parts.index(part) * length + np.arange(length)

    def seeds_to_tables(
        self, seeds: npt.ArrayLike, *, melodies: npt.ArrayLike | None = None, averaged: bool = True
    ) -> npt.NDArray[np.int32]:
        """Return the tables, (n, 64, 13), that seed rows stand for: two rows that share a part's own numbers and the common ones share that part.

        Parameters
        ----------
        seeds : (n, `noise`), normally distributed numbers.
        melodies : symbols, (n, 64), of the voice that is given; None where none is.
        averaged : whether the averaged generators play.

        Raises
        ------
        ValueError
            If a shape is not as said, or melodies are missing or not wanted.
        """
        rows = np.asarray(seeds, np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.noise:
            raise ValueError(f"seeds has shape {rows.shape}; it must be (n, {self.noise})")
        if (melodies is None) != (self.given is None):
            raise ValueError(f"melodies must be given if, and only if, the model accompanies (given={self.given!r})")
        told: list[Any] = [rows]
        if melodies is not None:
            symbols = np.asarray(melodies, np.int32)
            if symbols.shape != (len(rows), N_STEPS) or symbols.min() < 0 or symbols.max() >= N_SYMBOLS:
                raise ValueError(
                    f"melodies has shape {symbols.shape}; it must be {(len(rows), N_STEPS)}, symbols from 0 to {N_SYMBOLS - 1}"
                )
            told.append(symbols)
        weights = [weight.value for weight in (self.averaged if averaged else self.generator.trainable_variables)]
        others = [weight.value for weight in self.generator.non_trainable_variables]
        forged = []
        for start in range(0, len(rows), 64):
            batch = [ops.convert_to_tensor(column[start : start + 64]) for column in told]
            played, _ = self.generator.stateless_call(weights, others, batch if len(batch) > 1 else batch[0])
            forged.append(np.asarray(ops.convert_to_numpy(played)))
        return self._tables(np.concatenate(forged), None if melodies is None else told[1])

    def generate_tables(
        self, n: int, *, melodies: npt.ArrayLike | None = None, seed: int = 0, averaged: bool = True
    ) -> npt.NDArray[np.int32]:
        """Return n forged bands as tables, (n, 64, 13), for `BandCodec.decode`; the same for the same seed and weights."""
        if n < 1:
            raise ValueError(f"n={n} must be at least 1 example")
        return self.seeds_to_tables(self.draw_seeds(n, seed=seed), melodies=melodies, averaged=averaged)

    def draw_seeds(self, n: int, *, seed: int = 0) -> npt.NDArray[np.float32]:
        """Return n seed rows, (n, `noise`)."""
        return np.random.default_rng(seed).standard_normal((n, self.noise)).astype(np.float32)

    def verdicts(self, tables: npt.ArrayLike) -> dict[str, npt.NDArray[np.float32]]:
        """Return for each judge its scores of tables, (n, 20): 16 beats, then 4 bars; above 0 it takes them for real."""
        rows = np.asarray(tables, np.int32)
        shown = self.prepare(rows)
        told = shown if self.given is None else [shown, rows[:, :, VOICES.index(self.given)]]
        scores = np.asarray(ops.convert_to_numpy(self.judge(told, training=False)))
        return {name: scores[:, number] for number, name in enumerate(JUDGES)}

    def _tables(self, forged: npt.NDArray[Any], melodies: npt.NDArray[np.int32] | None) -> npt.NDArray[np.int32]:
        tables = np.zeros((len(forged), N_STEPS, N_COLUMNS), np.int32)
        start = 0
        for part in self.forged_parts:
            columns = forged[:, :, start : start + PART_WIDTHS[part]]
            start += PART_WIDTHS[part]
            if part in VOICES:
                tables[:, :, VOICES.index(part)] = columns.argmax(axis=-1)
            else:
                tables[:, :, len(VOICES) :] = columns > 0.5
        if melodies is not None and self.given is not None:
            tables[:, :, VOICES.index(self.given)] = melodies
        return tables

    def averaged_generator(self) -> Any:
        """Return generators that hold the running average of the weights."""
        copy = band_generator(**self._shape)
        for weight, kept in zip(copy.trainable_variables, self.averaged, strict=True):
            weight.assign(np.array(ops.convert_to_numpy(kept)))  # its own buffer, which JAX will not write over
        return copy

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> BandGAN:
        """Make a pair from what `get_config` returned."""
        return cls(**config)


def band_generator(
    *, given: str | None, shared: int, bar: int, own: int, units: int, temperature: float, seed: int
) -> Any:
    """Return the players: seed rows (n, noise), or [seed rows, melodies (n, 64)], to the forged parts (n, 64, channels)."""
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
        return ops.relu(layers.LayerNormalization(name=f"{name}_norm")(x))

    # ---- functional graph ----
    row = keras.Input((shared + N_BARS * (bar + own * len(parts)),), name="seeds")
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
        roll = SymbolsToRoll(name="melody_roll")(symbols)
        heard = ops.concatenate([ops.sum(roll[..., 0], axis=-1, keepdims=True), roll[..., 1]], axis=-1)  # (n, 64, 60)
        ear = conv(units, 4, "ear_beats", strides=4)(heard)
        beats = ops.concatenate([beats, smooth(ear, "ear_beats")], axis=-1)
    plan = smooth(conv(units, 3, "plan")(beats), "plan")  # (n, 16, units)
    played = []
    for number, part in enumerate(parts):
        first = common + number * N_BARS * own
        mine = ops.reshape(row[:, first : first + N_BARS * own], (-1, N_BARS, own))
        mine = ops.repeat(mine, _BEATS // N_BARS, axis=1)  # (n, 16, own)
        y = smooth(conv(units, 3, f"{part}_beats")(ops.concatenate([plan, mine], axis=-1)), f"{part}_beats")
        y = smooth(unfold(units, f"{part}_sixteenths")(y), f"{part}_sixteenths")  # (n, 64, units)
        if heard is not None:
            y = ops.concatenate([y, heard], axis=-1)
        y = smooth(conv(units, 3, f"{part}_line")(y), f"{part}_line")
        played.append(PartChoice(part, temperature, name=part)(conv(PART_WIDTHS[part], 3, f"{part}_logits")(y)))
    inputs = row if melody is None else [row, melody]
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
    in_order = [band[part] for part in PARTS]
    scores = [tower(view(in_order)) for view, tower in zip(views, towers, strict=True)]
    inputs = example if melody is None else [example, melody]
    return keras.Model(inputs, ops.stack(scores, axis=1), name="band_judge")


def _checked_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return a weight for each judge."""
    chosen = dict.fromkeys(JUDGES, 1.0) if weights is None else dict.fromkeys(JUDGES, 0.0) | dict(weights)
    wrong = [name for name in chosen if name not in JUDGES]
    if wrong:
        raise ValueError(f"weights names {wrong[0]!r}; the judges are {', '.join(JUDGES)}")
    if not all(value >= 0 for value in chosen.values()) or not sum(chosen.values()) > 0:
        raise ValueError(f"weights={chosen} must be 0 or more, and not all 0")
    return {name: float(value) for name, value in chosen.items()}
