"""BandGAN: one generator a part, fed by a shared seed and playing in turn, against judges for rhythm, for harmony and for the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.band_layers import JUDGES, PART_WIDTHS
from musegen_edu.models.band_players import band_generator, band_judge
from musegen_edu.models.gan import AdversarialPair
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.band_codec import N_BARS, N_COLUMNS, N_STEPS, N_SYMBOLS, PARTS, VOICES

ops = keras.ops

_AT_ONCE = 64  # bands that are played together


class BandGAN(AdversarialPair):
    """A band of four players and three judges, for tables of `BandCodec`.

    The seed of four bars has a part that all players read, one number row for the phrase and one for each bar, and a row for each player
    and bar that only that player reads. From the shared rows a plan is made, beat by beat; each player's own generator unfolds plan and own
    seed into what it plays. The players play in turn, soprano, bass, alto, drums, and each hears the voices before it: so they agree not
    through the plan alone, and what the dice have thrown for one voice the next one can answer.

    The judges are called "rhythm", "harmony" and "whole" (see `BandView` for what each may see). Each of them learns to tell forged bands
    from real ones; `weights` says how much the players care for its verdict.

    With `given`, one voice is not forged: it is the condition, and the others accompany it. `fit` is then given
    `fit((tables, melodies))`, tables of `BandCodec` with all parts and melodies of 64 symbols, else the tables alone.

    Parameters
    ----------
    weights : judge -> weight in the players' loss, 0 or more, not all 0. Judges that are not named have weight 0; they learn all the same.
    given : None, or the voice that is to be accompanied: "soprano", "alto" or "bass".
    shared, bar, own : numbers of the seed that all players read, for the phrase and for each bar, and that one player reads for each bar.
    listening : whether players hear those who play before them. If not, they share nothing but the plan, as in MuseGAN's hybrid; each of them
        can then be varied alone. The given voice is heard by all, whatever is said here.
    units : width of the generators.
    filters : width of each of the three judges; "whole" has half as much again.
    temperature : of the straight-through gradient, above 0.
    dice : how much chance there is in each choice of a symbol or a stroke: 1 draws it as likely as the generator says, 0 takes the likeliest.
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
    generative adversarial networks for symbolic music generation and accompaniment", AAAI 2018, which has a single judge and whose players
    do not hear one another. As in `AdversarialPair`, `SpectralNorm` and `PartChoice`.
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
        listening: bool = True,
        units: int = 48,
        filters: int = 32,
        temperature: float = 1.0,
        dice: float = 1.0,
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
        if not dice >= 0:
            raise ValueError(f"dice={dice} must be 0 or more")
        self.forged_parts = tuple(part for part in PARTS if part != given)
        self._shape: dict[str, Any] = {
            "given": given,
            **{name: sizes[name] for name in ("shared", "bar", "own", "units")},
        }
        self._shape |= {"listening": listening, "temperature": temperature, "dice": dice, "seed": seed}
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

    def draw_noise(self, n: Any, seed: Any) -> Any:
        """Return seed rows, (n, `noise`), and the dice that the players throw: (n, 64, channels) numbers between 0 and 1."""
        seeds = keras.random.normal((n, self.noise), seed=seed)
        width = sum(PART_WIDTHS[part] for part in self.forged_parts)
        return [seeds, keras.random.uniform((n, N_STEPS, width), 1e-6, 1 - 1e-6, seed=seed)]

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
        self, seeds: npt.ArrayLike, *, melodies: npt.ArrayLike | None = None, seed: int = 0, averaged: bool = True
    ) -> npt.NDArray[np.int32]:
        """Return the tables, (n, 64, 13), that seed rows stand for: the same numbers, the same throws, the same music.

        Parameters
        ----------
        seeds : (n, `noise`), normally distributed numbers.
        melodies : symbols, (n, 64), of the voice that is given; None where none is.
        seed : of the dice; with the same, as many rows get the same throws.
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
        symbols = None
        if melodies is not None:
            symbols = np.asarray(melodies, np.int32)
            if symbols.shape != (len(rows), N_STEPS) or symbols.min() < 0 or symbols.max() >= N_SYMBOLS:
                raise ValueError(
                    f"melodies has shape {symbols.shape}; it must be {(len(rows), N_STEPS)}, symbols from 0 to {N_SYMBOLS - 1}"
                )
        width = sum(PART_WIDTHS[part] for part in self.forged_parts)
        rng = np.random.default_rng([seed, 1])
        weights = [weight.value for weight in (self.averaged if averaged else self.generator.trainable_variables)]
        others = [weight.value for weight in self.generator.non_trainable_variables]
        forged = []
        for start in range(0, len(rows), _AT_ONCE):
            batch = rows[start : start + _AT_ONCE]
            dice = rng.uniform(1e-6, 1 - 1e-6, (len(batch), N_STEPS, width)).astype(np.float32)
            told: list[Any] = [ops.convert_to_tensor(batch), ops.convert_to_tensor(dice)]
            if symbols is not None:
                told = [told, ops.convert_to_tensor(symbols[start : start + _AT_ONCE])]
            played, _ = self.generator.stateless_call(weights, others, told)
            forged.append(np.asarray(ops.convert_to_numpy(played)))
        return self._tables(np.concatenate(forged), symbols)

    def generate_tables(
        self, n: int, *, melodies: npt.ArrayLike | None = None, seed: int = 0, averaged: bool = True
    ) -> npt.NDArray[np.int32]:
        """Return n forged bands as tables, (n, 64, 13), for `BandCodec.decode`; the same for the same seed and weights."""
        if n < 1:
            raise ValueError(f"n={n} must be at least 1 example")
        return self.seeds_to_tables(self.draw_seeds(n, seed=seed), melodies=melodies, seed=seed, averaged=averaged)

    def draw_seeds(self, n: int, *, seed: int = 0) -> npt.NDArray[np.float32]:
        """Return n seed rows, (n, `noise`)."""
        return np.random.default_rng(seed).standard_normal((n, self.noise)).astype(np.float32)

    def verdicts(self, tables: npt.ArrayLike) -> dict[str, npt.NDArray[np.float32]]:
        """Return for each judge its scores of tables, (n, 20): 16 beats, then 4 bars; above 0 it takes them for real."""
        rows = np.asarray(tables, np.int32)
        shown = self.prepare(rows)
        melodies = None if self.given is None else ops.convert_to_tensor(rows[:, :, VOICES.index(self.given)])
        told = shown if melodies is None else [shown, melodies]
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

    def make_generator(self) -> Any:
        """Return fresh players, built as the band's own are."""
        return band_generator(**self._shape)


def _checked_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return a weight for each judge."""
    chosen = dict.fromkeys(JUDGES, 1.0) if weights is None else dict.fromkeys(JUDGES, 0.0) | dict(weights)
    wrong = [name for name in chosen if name not in JUDGES]
    if wrong:
        raise ValueError(f"weights names {wrong[0]!r}; the judges are {', '.join(JUDGES)}")
    if not all(value >= 0 for value in chosen.values()) or not sum(chosen.values()) > 0:
        raise ValueError(f"weights={chosen} must be 0 or more, and not all 0")
    return {name: float(value) for name, value in chosen.items()}
