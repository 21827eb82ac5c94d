"""StyleCycle: two translators between two styles, each held to its word by the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.gan import AdversarialPair
from musegen_edu.models.gan_layers import without_gradient
from musegen_edu.models.style_translators import patch_judge, style_translator
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import N_STEPS, N_SYMBOLS

ops = keras.ops

_ROWS = 64  # tunes that are translated at once


class StyleCycle(AdversarialPair):
    """Two styles, two generators that translate tunes from one into the other, and two judges, one a style.

    There are no pairs of tunes to learn from, no chorale that somebody has told as a reel: only a heap of reels and a heap of chorales. Each
    judge learns to tell real tunes of its style from translated ones, and a translator learns to please it. That alone would allow
    to forget the tune and to write any other of the wanted style. So a tune that is translated and then translated back must be the old
    one again (the *cycle*), and a tune that is in the wanted style already must stay as it is (the *identity*).

    `fit` is given two arrays, `fit((first, second))`: windows of `FourBarCodec`, (n, 64) each, of the first and of the second style. What
    stands side by side in them need not belong together.

    Parameters
    ----------
    styles : names of the first and the second style.
    units : width of the translators.
    filters : of the judges' convolutions.
    temperature : of the straight-through gradient, above 0.
    gumbel : how much Gumbel noise is added to the logits while training: 0 none, 1 draws symbols from their probabilities.
    cycle : weight of the cycle loss: the cross-entropy, in nats a sixteenth, of the tune that should come back.
    identity : weight of the identity loss: the cross-entropy of the tune that should stay.
    seed : of the initial weights, and of the noise while training.
    options : `loss`, `average` and `name`, as in `AdversarialPair`.

    Notes
    -----
    Beside the losses of `AdversarialPair` (sums over both styles; the generators' without cycle and identity), `logs` hold `cycle_loss`
    and `identity_loss`, without their weights. The translators choose whole symbols, so they cannot hide the old tune in shades that nobody
    hears. What can be heard they may use: a chorale that is to become a reel again will keep more of it than a chorale should.

    Examples
    --------
    >>> model = StyleCycle(("reel", "chorale"), units=8, filters=(2, 2, 2))
    >>> model.transfer(np.full((3, 64), 18), to="chorale").shape
    (3, 64)

    References
    ----------
    Zhu, Park, Isola and Efros, "Unpaired image-to-image translation using cycle-consistent adversarial networks", ICCV 2017 (with least
    squares in place of the hinge, and the absolute difference in place of the cross-entropy). In music: Brunner, Wang, Wattenhofer and Zhao,
    "Symbolic music genre transfer with CycleGAN", ICTAI 2018, who also judge the style by classifiers trained apart.
    Lesson: 11 hybrid_gans.
    """

    def __init__(
        self,
        styles: tuple[str, str] = ("reel", "chorale"),
        *,
        units: int = 64,
        filters: tuple[int, int, int] = (16, 32, 48),
        temperature: float = 3.0,
        gumbel: float = 0.0,
        cycle: float = 1.0,
        identity: float = 1.0,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if len(styles) != 2 or len(set(styles)) != 2 or not all(styles):
            raise ValueError(f"styles={styles!r} must be two different names")
        if units < 1:
            raise ValueError(f"units={units} must be at least 1")
        if len(filters) != 3 or min(filters) < 1:
            raise ValueError(f"filters={filters!r} must be three numbers of at least 1")
        if not temperature > 0:
            raise ValueError(f"temperature={temperature} must be above 0")
        for weight, value in {"gumbel": gumbel, "cycle": cycle, "identity": identity}.items():
            if not value >= 0:
                raise ValueError(f"{weight}={value} must not be negative")
        if "penalty" in options or "smoothing" in options:
            raise ValueError("options must be among loss, average and name: the judges' layers bound their slopes")
        own: dict[str, Any] = {"units": units, "temperature": temperature}

        # ---- layers ----
        translators = [style_translator(style, seed=seed + i, **own) for i, style in enumerate(styles)]
        judges = [patch_judge(style, filters, seed=seed + i) for i, style in enumerate(styles)]

        # ---- functional graph ----
        first, second, noise_1, noise_2 = (keras.Input((N_STEPS, N_SYMBOLS)) for _ in range(4))
        to_first, to_second = translators
        told = [to_first([second, noise_1])[0], to_second([first, noise_2])[0]]
        generator = keras.Model([first, second, noise_1, noise_2], told, name="translators")
        judge = keras.Model([first, second], [judges[0](first), judges[1](second)], name="judges")
        super().__init__(generator, judge, noise=N_STEPS * N_SYMBOLS, penalty=0.0, seed=seed, **options)

        # ---- config ----
        self.styles, self.translators, self.cycle, self.identity = tuple(styles), translators, cycle, identity
        self.gumbel = gumbel
        self.trackers.extend(keras.metrics.Mean(name=name) for name in ("cycle_loss", "identity_loss"))
        weights = {"gumbel": gumbel, "cycle": cycle, "identity": identity}
        own |= {"styles": tuple(styles), "filters": tuple(filters)}
        self._arguments = {**own, **weights, "seed": seed, **options}

    def draw_noise(self, n: Any, seed: Any) -> Any:
        """Return Gumbel noise for the choices of both translators, (n, 64, 47) each."""
        uniform = keras.random.uniform((2, n, N_STEPS, N_SYMBOLS), 1e-6, 1 - 1e-6, seed=seed)
        noise = -self.gumbel * ops.log(-ops.log(uniform))
        return [noise[0], noise[1]]

    def prepare(self, examples: Any) -> Any:
        """Return one-hot rows, (n, 64, 47), of symbols, (n, 64)."""
        return ops.one_hot(ops.cast(examples, "int32"), N_SYMBOLS, dtype=self.compute_dtype)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return three pairs, the first style's part before the second's.

        `forged`: the tunes of the other style, translated into this one, one-hot; `back`: logits of this style's tunes after the way there
        and back; `same`: logits of this style's tunes, told in the style that they have.
        """
        first, second = (self.prepare(part) for part in inputs)
        noise_1, noise_2 = self.draw_noise(ops.shape(first)[0], self.seed_generator)
        to_first, to_second = self.translators
        # both tunes in one call each: one is translated, the other should stay as it is
        told_1, logits_1 = to_first([ops.concatenate([second, first]), ops.concatenate([noise_1, noise_1])])
        told_2, logits_2 = to_second([ops.concatenate([first, second]), ops.concatenate([noise_2, noise_2])])
        n = ops.shape(first)[0]
        forged = [told_1[:n], told_2[:n]]
        back = [to_first([forged[1], noise_1])[1], to_second([forged[0], noise_2])[1]]
        return {"forged": forged, "back": back, "same": [logits_1[n:], logits_2[n:]]}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return both judges' losses plus both translators', cycle and identity included; each weight gets its own player's gradient."""
        real, forged = [self.prepare(part) for part in x], y_pred["forged"]
        fixed = [ops.stop_gradient(rows) for rows in forged]
        score_real, score_fixed = self.judge(real, training=training), self.judge(fixed, training=training)
        score_forged = without_gradient(self.judge, forged)
        judge_loss = sum(self.judge_loss(a, b) for a, b in zip(score_real, score_fixed, strict=True))
        generator_loss = sum(self.generator_loss(score) for score in score_forged)
        cycle_loss = sum(_nats(rows, logits) for rows, logits in zip(real, y_pred["back"], strict=True)) / 2
        identity_loss = sum(_nats(rows, logits) for rows, logits in zip(real, y_pred["same"], strict=True)) / 2
        scores = ops.stack(score_real), ops.stack(score_fixed)
        self._step_on((judge_loss, generator_loss), *scores, cycle_loss, identity_loss, training=training)
        return judge_loss + generator_loss + self.cycle * cycle_loss + self.identity * identity_loss

    def transfer(
        self,
        symbols: npt.ArrayLike,
        to: str,
        *,
        seed: int | None = None,
        heat: float = 0.5,
        averaged: bool = True,
    ) -> npt.NDArray[np.int32]:
        """Return tunes told in one of the two styles: symbols (n, 64), of symbols (n, 64).

        Parameters
        ----------
        symbols : windows of `FourBarCodec`, as a rule of the other style.
        to : name of the wanted style.
        seed : of noise on the translator's logits, for other versions of the same tune; None takes the most likely symbols.
        heat : how much of that noise: 0 none, 1 as much as draws from the translator's probabilities.
        averaged : whether the translator with the running average of the weights does it.

        Raises
        ------
        ValueError
            If the symbols are no windows of the codec, or the style is none of the two.
        """
        rows = np.asarray(symbols, np.int32)
        if rows.ndim != 2 or rows.shape[1] != N_STEPS or (len(rows) and not 0 <= rows.min() <= rows.max() < N_SYMBOLS):
            raise ValueError(f"symbols has shape {rows.shape}; give (n, {N_STEPS}) symbols of FourBarCodec")
        if to not in self.styles:
            raise ValueError(f"to={to!r} is no style of this model; choose one of {', '.join(self.styles)}")
        translator = self._translator(self.styles.index(to), averaged)
        draws = None if seed is None else np.random.default_rng(seed)
        told = [np.empty((0, N_STEPS), np.int32)]
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            part = np.pad(part, [(0, _ROWS - len(part)), (0, 0)])  # always as many: compiled once
            noise = np.zeros((_ROWS, N_STEPS, N_SYMBOLS), np.float32)
            if draws is not None:
                noise = heat * draws.gumbel(size=noise.shape).astype(np.float32)
            one_hot = np.eye(N_SYMBOLS, dtype=np.float32)[part]
            chosen = np.asarray(translator.predict_on_batch([one_hot, noise])[0])
            told.append(chosen.argmax(axis=-1).astype(np.int32)[: len(rows) - start])
        return np.concatenate(told)

    def generate(self, n: int, *, condition: Any = None, seed: int = 0, averaged: bool = False) -> Any:
        """Return tunes of the first style, `condition` (n, 64), told in the second, drawn with noise: symbols, (n, 64)."""
        if condition is None or len(condition) != n:
            raise ValueError(f"condition must be n={n} tunes of the style {self.styles[0]!r}, to be told in the other")
        return self.transfer(condition, self.styles[1], seed=seed, averaged=averaged)

    def scores(self, symbols: npt.ArrayLike) -> dict[str, npt.NDArray[np.float32]]:
        """Return what the judge of each style says of tunes, symbols (n, 64): its mean score, (n,), above 0 for "real"."""
        rows = self.prepare(np.asarray(symbols))
        judged = self.judge([rows, rows], training=False)
        means = [np.asarray(ops.convert_to_numpy(score)).mean(axis=(1, 2)) for score in judged]
        return dict(zip(self.styles, means, strict=True))

    def _translator(self, place: int, averaged: bool) -> Any:
        """Return the translator into the first (0) or second (1) style, with its own or with the averaged weights."""
        if not averaged:
            return self.translators[place]
        copies: list[Any] | None = getattr(self, "_copies", None)
        if copies is None:
            own = {name: self._arguments[name] for name in ("units", "temperature")}
            copies = [style_translator(style, seed=0, **own) for style in self.styles]
            object.__setattr__(self, "_copies", copies)  # past Keras: they are no part of the model
        means = zip(self.generator.trainable_variables, self.averaged, strict=True)
        kept = {
            id(weight): np.array(ops.convert_to_numpy(mean)) for weight, mean in means
        }  # buffers of their own: see gan.py
        for copy, weight in zip(
            copies[place].trainable_variables, self.translators[place].trainable_variables, strict=True
        ):
            copy.assign(kept[id(weight)])
        return copies[place]


def _nats(rows: Any, logits: Any) -> Any:
    """Return the mean cross-entropy of one-hot rows, (n, 64, 47), under logits: nats a sixteenth."""
    return ops.mean(ops.categorical_crossentropy(rows, logits, from_logits=True))
