"""Bands that nobody trained: cells drawn by chance, and a Markov chain for each part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.models.markov import MarkovModel
from musegen_edu.sampling import generate
from musegen_edu.tokens.band_codec import HOLD, KIT, N_COLUMNS, N_STEPS, N_SYMBOLS, VOICES
from musegen_edu.tokens.vocabulary import PAD, START

Tables = npt.NDArray[np.int32]

MARKOV_ORDER = 3


def random_bands(tables: Tables, n: int, *, seed: int) -> Tables:
    """Return n bands in which every cell of every part is drawn by itself, as often as some tables have it: (n, 64, 13).

    Parameters
    ----------
    tables : (m, 64, 13), what is counted.
    n : how many.
    seed : of the draws.

    Examples
    --------
    >>> from musegen_edu.bands import band_windows
    >>> random_bands(band_windows("valid").tables, 2, seed=0).shape
    (2, 64, 13)
    """
    rng = np.random.default_rng(seed)
    columns = [rng.choice(tables[:, :, column].ravel(), (n, N_STEPS)) for column in range(N_COLUMNS)]
    return np.stack(columns, axis=2).astype(np.int32)


def markov_bands(tables: Tables, n: int, *, seed: int, order: int = MARKOV_ORDER) -> Tables:
    """Return n bands in which every part is a Markov chain that knows nothing of the others: (n, 64, 13).

    The drums are one chain whose tokens are all strokes at a sixteenth; the voices one chain each. A chain begins as the windows begin.

    Parameters
    ----------
    tables : (m, 64, 13), what the chains are counted on.
    n : how many.
    seed : of the draws.
    order : how many sixteenths a chain looks back.

    Examples
    --------
    >>> from musegen_edu.bands import band_windows
    >>> markov_bands(band_windows("valid").tables, 2, seed=0).shape
    (2, 64, 13)
    """
    strokes = tables[:, :, len(VOICES) :] @ (1 << np.arange(len(KIT)))  # (m, 64): a number for each set of strokes
    seen, drums = np.unique(strokes, return_inverse=True)
    lines = [tables[:, :, voice] for voice in range(len(VOICES))] + [drums.reshape(strokes.shape)]
    bands = np.zeros((n, N_STEPS, N_COLUMNS), np.int32)
    for part, line in enumerate(lines):
        size = N_SYMBOLS if part < len(VOICES) else len(seen)
        # tokens 0 to 2 are padding, start and end: what is drawn begins at 3, and padding is never drawn, as it is never counted
        sequences = np.concatenate([np.full((len(line), 1), START), line + 3], axis=1)
        model = MarkovModel(order, size + 3).fit(list(sequences))
        for row, drawn in enumerate(generate(model, [START], n_steps=N_STEPS, batch=n, seed=seed + part)):
            symbols = np.full(N_STEPS, HOLD if part < len(VOICES) else 0)
            told = drawn[1:] - 3  # back-off draws the specials now and then: they count as hold, or as no stroke
            symbols[: len(told)] = np.where(told > PAD, told, symbols[: len(told)])
            if part < len(VOICES):
                bands[row, :, part] = symbols
            else:
                bands[row, :, len(VOICES) :] = seen[symbols][:, None] >> np.arange(len(KIT)) & 1
    return bands
