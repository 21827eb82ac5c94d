"""What a trained translator of styles has to beat: another key, a rule of thumb, a vector added in a latent space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from musegen_edu.latent import LatentModel
from musegen_edu.score import Score
from musegen_edu.style_windows import STYLES
from musegen_edu.tokens.chorale_codec import FIRST_PITCH, HOLD, sounding_symbols
from musegen_edu.tokens.four_bar_codec import HIGHEST, LOWEST, N_STEPS, N_SYMBOLS, tonic_of

Symbols = npt.NDArray[np.int32]


def transposed_to_register(tunes: Sequence[Score], target: Sequence[Score]) -> list[Score]:
    """Return tunes as high as those of another style lie on average, keys included: the least that one can do for a style.

    All are moved by the same whole number of semitones; one that would leave the range of `FourBarCodec` stays where it is.

    Parameters
    ----------
    tunes : to be moved.
    target : tunes of the wanted style.

    Examples
    --------
    >>> high, low = Score.from_melody([72, 74], 24, key="C major"), Score.from_melody([67, 69], 24, key="G major")
    >>> moved = transposed_to_register([high], [low])[0]
    >>> moved.notes["pitch"].tolist(), moved.key
    ([67, 69], 'G major')

    Lesson: 11 hybrid_gans.
    """
    if not tunes or not target:
        raise ValueError(f"tunes has {len(tunes)} scores and target {len(target)}; give at least one of each")
    here, there = (np.mean([score.notes["pitch"].mean() for score in scores]) for scores in (tunes, target))
    moved = [tune.transpose(round(float(there - here))) for tune in tunes]
    return [new if _fits(new) else tune for new, tune in zip(moved, tunes, strict=True)]


def _fits(tune: Score) -> bool:
    written = tune.notes["pitch"].astype(int) - tonic_of(tune.key)
    return bool(written.min() >= LOWEST and written.max() <= HIGHEST)


def beat_rule(symbols: npt.ArrayLike, to: str) -> Symbols:
    """Return reels as chorales, or chorales as reels, by a rule that needs no network.

    To a chorale: of each beat only the pitch that sounds at its beginning is left. To a reel: something begins on every eighth; on the beat
    the old note again, between two beats the nearest pitch on the way to the next one, or the next above if the next beat has the same.
    Only pitch classes that the tune has are used.

    Parameters
    ----------
    symbols : of `FourBarCodec`, (n, 64).
    to : "reel" or "chorale".

    Examples
    --------
    >>> line = np.tile([18, 1, 1, 1, 22, 1, 20, 1], (1, 8))  # C E D
    >>> beat_rule(line, "chorale")[0, :8].tolist(), beat_rule(line, "reel")[0, :8].tolist()
    ([18, 1, 1, 1, 22, 1, 1, 1], [18, 1, 20, 1, 22, 1, 20, 1])

    Lesson: 11 hybrid_gans.
    """
    rows = np.asarray(symbols, np.int32)
    if rows.ndim != 2 or rows.shape[1] != N_STEPS:
        raise ValueError(f"symbols has shape {rows.shape}; give (n, {N_STEPS})")
    if to not in STYLES:
        raise ValueError(f"to={to!r} must be one of {', '.join(STYLES)}")
    return np.array([_on_beats(line) if to == "chorale" else _in_eighths(line) for line in rows], np.int32).reshape(
        rows.shape
    )


def _on_beats(line: Symbols) -> Symbols:
    sounds, told = sounding_symbols(line[:, None])[:, 0], np.full(N_STEPS, HOLD, np.int32)
    for step in range(0, N_STEPS, 4):
        if step == 0 or line[step] != HOLD or sounds[step] != sounds[step - 4]:
            told[step] = sounds[step]
    return told


def _in_eighths(line: Symbols) -> Symbols:
    sounds, told = sounding_symbols(line[:, None])[:, 0], line.copy()
    kinds = np.arange(FIRST_PITCH, N_SYMBOLS)
    own = kinds[np.isin(kinds % 12, line[line >= FIRST_PITCH] % 12)]  # the pitches whose classes the tune has
    for step in range(0, N_STEPS, 2):
        now = sounds[step]
        if line[step] != HOLD or now < FIRST_PITCH:
            continue
        following = sounds[min(step + 2, N_STEPS - 1)]
        if step % 4 == 0 or following < FIRST_PITCH:
            told[step] = now
        elif following < now:
            told[step] = own[own < now].max()  # following itself at the latest
        else:
            told[step] = min(own[own > now], default=now)
    return told


def latent_arithmetic(
    model: LatentModel,
    symbols: npt.ArrayLike,
    source: npt.ArrayLike,
    target: npt.ArrayLike,
    *,
    amount: float = 1.0,
) -> Symbols:
    """Return tunes moved from one style to another in the space of a `MelodyVAE`: the mean code of the one taken away, of the other added.

    Parameters
    ----------
    model : such as `load_pretrained("melody_vae")`.
    symbols : of `FourBarCodec`, (n, 64).
    source, target : windows of the two styles, (m, 64) and (k, 64), whose mean codes count.
    amount : how much of the difference is added; 0 only encodes and decodes.

    Lesson: 09 variational_autoencoders, 11 hybrid_gans.
    """
    here, there = (np.asarray(model.encode(np.asarray(heap, np.int32))[0]).mean(axis=0) for heap in (source, target))
    codes = np.asarray(model.encode(np.asarray(symbols, np.int32))[0])
    return model.decode(codes + amount * (there - here))
