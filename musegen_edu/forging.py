"""Four-bar tunes from a forger, and from its rivals: chance, a Markov chain, an LSTM and an autoencoder, all on the same terms."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from musegen_edu.four_bars import folk_windows
from musegen_edu.guides import bar_guide
from musegen_edu.latent import latents_to_scores
from musegen_edu.models.markov import MarkovModel
from musegen_edu.pretrained import load_pretrained
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import HOLD, N_STEPS, N_SYMBOLS, FourBarCodec
from musegen_edu.tokens.vocabulary import START

RIVALS = ("random", "Markov", "LSTM", "VAE")
MARKOV_ORDER = 8  # sixteenths: half a bar, or as much of it as the training tunes have
_RESERVED = 3  # tokens that `generate` keeps for itself: padding, start and end
_BARS_ASKED = 8  # of the LSTM, whose first four full bars are taken


class Forger(Protocol):
    """What `forged_scores` needs of a model."""

    def generate_symbols(self, n: int, *, seed: int = 0, averaged: bool = False) -> npt.NDArray[np.int32]:
        """Return n tunes as symbols of `FourBarCodec`, (n, 64)."""
        ...


def forged_scores(
    model: Forger, n: int, *, seed: int = 0, averaged: bool = True, key: str | None = None, **fields: Any
) -> list[Score]:
    """Return tunes of four bars that a generator has forged.

    Parameters
    ----------
    model : such as `load_pretrained("four_bar_gan")`.
    n : how many, at least 1.
    seed : of the noise; the same seed gives the same tunes.
    averaged : whether the averaged generator forges, which is steadier, or the one of the last step.
    key : in which the tunes are to stand, such as `"D major"`; None leaves C as their tonic.
    fields : other fields of the scores, such as `bpm` and `programs`.

    Examples
    --------
    >>> from musegen_edu.models.four_bar_gan import FourBarGAN
    >>> untrained = FourBarGAN("convolutional", latent=4, units=8, filters=(2, 2, 2))
    >>> [tune.n_parts for tune in forged_scores(untrained, 2, seed=1, key="G major", bpm=100)]
    [1, 1]

    Lesson: 10 generative_adversarial_networks.
    """
    codec = FourBarCodec()
    return [codec.decode(row, key=key, **fields) for row in model.generate_symbols(n, seed=seed, averaged=averaged)]


def rival_scores(name: str, n: int, *, seed: int = 0) -> list[Score]:
    """Return tunes of four bars from a model that is no GAN, in C as `forged_scores` gives them, to be judged beside them.

    Parameters
    ----------
    name : `"random"` draws each sixteenth by itself, each symbol as often as the training tunes have it; `"Markov"` is a chain of order 8 with
        back-off over the same symbols; `"LSTM"` is `melody_lstm`, which is asked for tunes in C major, C minor or C dorian, and of which the
        first four full bars are taken; `"VAE"` decodes points that are drawn from the prior of `melody_vae`.
    n : how many, at least 1.
    seed : the same seed gives the same tunes.

    Examples
    --------
    >>> tunes = rival_scores("random", 3, seed=1)
    >>> len(tunes), max(tune.n_bars for tune in tunes)
    (3, 4)

    Lesson: 10 generative_adversarial_networks.
    """
    if name not in RIVALS:
        raise ValueError(f"name={name!r} is no rival; choose one of {', '.join(RIVALS)}")
    if n < 1:
        raise ValueError(f"n={n} must be at least 1 tune")
    codec, rng = FourBarCodec(), np.random.default_rng(seed)
    if name == "VAE":
        model = load_pretrained("melody_vae")
        return latents_to_scores(model, rng.standard_normal((n, model.latent)))
    if name == "LSTM":
        return _lstm_scores(n, seed=seed)
    train = folk_windows("train").symbols
    if name == "random":
        return [codec.decode(row) for row in rng.choice(train.ravel(), (n, N_STEPS)).astype(np.int32)]
    chain = MarkovModel(MARKOV_ORDER, N_SYMBOLS + _RESERVED)
    starts = np.full((len(train), 1), START, np.int32)
    chain.fit(list(np.concatenate([starts, train + _RESERVED], axis=1)))
    symbols = np.full((n, N_STEPS), HOLD, np.int32)
    for row, line in zip(symbols, generate(chain, [START], n_steps=N_STEPS, batch=n, seed=seed), strict=True):
        told = (
            line[line >= _RESERVED] - _RESERVED
        )  # backing off, it may also draw an end, though there is none in the tunes
        row[: len(told)] = told
    return [codec.decode(row) for row in symbols]


def _lstm_scores(n: int, *, seed: int) -> list[Score]:
    """Return the first four full bars of tunes by `melody_lstm` in 4/4, as windows of `FourBarCodec`."""
    model, codec = load_pretrained("melody_lstm"), FourBarCodec()
    found: list[Score] = []
    modes = ["major"] * 8 + ["minor"] + ["dorian"]  # about as in the training tunes
    for attempt in range(20):
        prompts = [model.codec.header((4, 4), mode, _BARS_ASKED) for mode in modes]
        chosen = np.random.default_rng([seed, attempt]).integers(0, len(modes), n)
        lines = generate(
            model,
            [prompts[place] for place in chosen],
            n_steps=_BARS_ASKED * N_STEPS // 4,
            guide=bar_guide(model.codec, (4, 4)),
            seed=seed + 1000 * attempt,
        )
        for line in lines:
            windows = codec.windows(model.codec.decode(line), hop=4)
            found += [codec.decode(windows[0])] if len(windows) else []
        if len(found) >= n:
            return found[:n]
    raise RuntimeError(f"melody_lstm gave {len(found)} tunes of four bars in 20 x {n}; {n} were asked for")
