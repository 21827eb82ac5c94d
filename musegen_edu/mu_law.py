"""Mu-law: 256 levels for a sample, narrow near silence and wide where it is loud, as telephones have them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import Audio

N_LEVELS = 256  # eight bits


def audio_to_mu_law(audio: npt.ArrayLike, n_levels: int = N_LEVELS) -> npt.NDArray[np.int32]:
    """Return the level of each sample: the audio is bent by a logarithm, then cut into even steps.

    F(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu), with mu = n_levels - 1, takes -1 to 1 onto -1 to 1 and spreads what is soft. The
    telephone's standard does nearly this, with straight pieces in place of the logarithm.

    Parameters
    ----------
    audio : samples from -1 to 1, any shape.
    n_levels : an even number, at least 2; 256 for eight bits.

    Returns
    -------
    Levels 0 (for -1) to n_levels - 1 (for 1), of the same shape. No level is 0 itself: silence is n_levels / 2, a sample of 1/23,000.

    Raises
    ------
    ValueError
        If a sample is outside -1 to 1 or no number, or `n_levels` is odd or too small.

    Examples
    --------
    >>> audio_to_mu_law([-1.0, -0.01, 0.0, 0.01, 1.0]).tolist()
    [0, 98, 128, 157, 255]

    References
    ----------
    ITU-T Recommendation G.711, "Pulse code modulation (PCM) of voice frequencies", 1988 (mu = 255); van den Oord et al.,
    "WaveNet: a generative model for raw audio", 2016, section 2.2.
    Lesson: 07 convolutional_networks.
    """
    mu = _checked_mu(n_levels)
    samples = np.asarray(audio, np.float64)
    if samples.size and not np.abs(samples).max() <= 1:  # also where one is NaN
        raise ValueError(
            f"audio holds {samples.min():g} to {samples.max():g}; samples must be from -1 to 1: divide by the loudest"
        )
    bent = np.sign(samples) * np.log1p(mu * np.abs(samples)) / np.log1p(mu)  # -1 to 1
    return np.asarray(np.floor((bent + 1) / 2 * mu + 0.5), np.int32)


def mu_law_to_audio(levels: npt.ArrayLike, n_levels: int = N_LEVELS) -> Audio:
    """Return the sample in the middle of each level: what `audio_to_mu_law` did, undone but for the rounding.

    The way there and back changes a sample x by at most (|x| + 1/mu) (exp(ln(1 + mu) / mu) - 1): by about 2 % of itself.

    Parameters
    ----------
    levels : whole numbers from 0 to n_levels - 1, any shape.
    n_levels : as in `audio_to_mu_law`.

    Returns
    -------
    float32 samples from -1 to 1, of the same shape.

    Raises
    ------
    ValueError
        If a level is out of range, or `n_levels` is odd or too small.

    Examples
    --------
    >>> mu_law_to_audio([0, 98, 128, 157, 255]).astype(float).round(4).tolist()
    [-1.0, -0.0102, 0.0001, 0.0102, 1.0]

    Lesson: 07 convolutional_networks.
    """
    mu = _checked_mu(n_levels)
    numbers = np.asarray(levels)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() <= mu:
        raise ValueError(f"levels holds {numbers.min()} to {numbers.max()}; levels are 0 to {mu}")
    bent = 2 * numbers.astype(np.float64) / mu - 1
    return np.asarray(np.sign(bent) * np.expm1(np.abs(bent) * np.log1p(mu)) / mu, np.float32)


def _checked_mu(n_levels: int) -> int:
    if n_levels < 2 or n_levels % 2:
        raise ValueError(f"n_levels={n_levels} must be an even number, at least 2; 256 for eight bits")
    return n_levels - 1
