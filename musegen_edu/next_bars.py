"""The next bars of a tune: with a trained `NextBar`, and with the simple means that it must beat."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from musegen_edu.files import weights_folder
from musegen_edu.keys import estimate_key
from musegen_edu.models.markov import MarkovModel
from musegen_edu.pretrained import load_pretrained
from musegen_edu.sampling import generate
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import (
    BAR_TICKS,
    FIRST_PITCH,
    HOLD,
    LOWEST,
    N_BARS,
    N_SYMBOLS,
    STEP_TICKS,
    STEPS_A_BAR,
    FourBarCodec,
    in_four_four,
    tonic_of,
)
from musegen_edu.tokens.vocabulary import PAD

if TYPE_CHECKING:
    from musegen_edu.models.next_bar import NextBar

Symbols = npt.NDArray[np.int32]

N_READ = (N_BARS - 1) * STEPS_A_BAR  # sixteenths that a model is shown
_SHIFT = 2  # a chain's tokens are the symbols and two more: tokens 1 and 2 mean start and end there


@overload
def write_bars(start: Score, *, bars: int = ..., model: NextBar | str = ..., seed: int, **filters: Any) -> Score: ...
@overload
def write_bars(
    start: Sequence[Score], *, bars: int = ..., model: NextBar | str = ..., seed: int, **filters: Any
) -> list[Score]: ...


def write_bars(
    start: Score | Sequence[Score], *, bars: int = 1, model: NextBar | str = "next_bar", seed: int, **filters: Any
) -> Score | list[Score]:
    """Let a network that reads three bars write the next ones, each from the three before it.

    Parameters
    ----------
    start : a tune of at least three full bars in one voice, in 4/4, 2/2 or 2/4, with its last three bars on the grid of sixteenths; or
        several of them, which are gone on with side by side. Its last bar counts as full. Without a key, the key is estimated.
    bars : how many to add, 1 to 64.
    model : a trained `NextBar`, or the name of one.
    seed : 0 or more.
    filters : `temperature` (1.0), `top_k` and `top_p`, as in `generate`.

    Returns
    -------
    The start, in 4/4, and the new bars after it; a list of them for a list.

    Raises
    ------
    ValueError
        If a start is too short, has another meter, chords, notes off the grid or pitches too far from its tonic.

    Examples
    --------
    >>> tune = Score.from_melody([60, 64, 67, 64] * 3, 24, key="C major")
    >>> longer = write_bars(tune, bars=2, seed=1)
    >>> longer.n_bars <= 5, longer.slice_bars(1, 2) == tune.slice_bars(1, 2)
    (True, True)

    Lesson: 08 cnn_rnn.
    """
    from musegen_edu.bar_loop import draw_bars

    starts = [in_four_four(score) for score in ([start] if isinstance(start, Score) else start)]
    starts = [score if score.key else score.replace(key=estimate_key(score)) for score in starts]
    network = _loaded(model, str(weights_folder())) if isinstance(model, str) else model
    lines = np.stack([last_three_bars(score) for score in starts])
    added = draw_bars(network, lines, n_bars=bars, seed=seed, **filters)
    longer = [_appended(score, symbols) for score, symbols in zip(starts, added, strict=True)]
    return longer[0] if isinstance(start, Score) else longer


def last_three_bars(score: Score) -> Symbols:
    """Return the symbols of the last three bars of a tune in 4/4, (48,).

    Raises
    ------
    ValueError
        If there are fewer full bars, or they cannot be written with the symbols of `FourBarCodec`.

    Examples
    --------
    >>> last_three_bars(Score.from_melody([60, 62, 64, 65] * 4, 24)).shape
    (48,)
    """
    n_full = -(-(score.duration - score.pickup) // BAR_TICKS)
    if n_full < N_BARS - 1:
        raise ValueError(f"start has {n_full} full bars; the network reads {N_BARS - 1}, so give at least so many")
    return FourBarCodec().encode(score.slice_bars(n_full - N_BARS + 2, n_full))[:N_READ]


def symbols_to_score(symbols: npt.ArrayLike, *, key: str | None = None, velocity: int = 80, **fields: Any) -> Score:
    """Return the tune that a line of symbols of `FourBarCodec` stands for, however long it is.

    Parameters
    ----------
    symbols : (n_steps,) whole numbers, one a sixteenth.
    key : in which it is to sound; None leaves C as the tonic.
    velocity : 1 to 127.
    fields : other fields of the score.

    Examples
    --------
    >>> symbols_to_score([18, HOLD, 20, HOLD], key="G major").notes[["onset", "pitch"]].tolist()
    [(0, 67), (12, 69)]

    Lesson: 08 cnn_rnn.
    """
    line = np.asarray(symbols)
    if line.ndim != 1 or not np.issubdtype(line.dtype, np.integer):
        raise ValueError(f"symbols has shape {line.shape} and dtype {line.dtype}; give one line of whole numbers")
    if len(line) and not 0 <= line.min() <= line.max() < N_SYMBOLS:
        raise ValueError(f"symbols holds {line.min()} to {line.max()}; they must lie from 0 to {N_SYMBOLS - 1}")
    begins = np.flatnonzero((line != HOLD) & (line != PAD))
    stops = [*begins[1:].tolist(), len(line)]
    notes = [
        (
            begin * STEP_TICKS,
            (stop - begin) * STEP_TICKS,
            int(line[begin]) - FIRST_PITCH + LOWEST + tonic_of(key),
            velocity,
        )
        for begin, stop in zip(begins.tolist(), stops, strict=True)
        if line[begin] >= FIRST_PITCH
    ]
    return Score.from_notes(notes, key=key, **fields)


def repeated_bars(three_bars: npt.ArrayLike, *, n_bars: int = 1) -> Symbols:
    """Return the last bar of each line again and again, (n, 16 * n_bars): what a model must beat that claims to have ideas.

    Examples
    --------
    >>> repeated_bars(np.arange(48)[None], n_bars=2)[0, [0, 15, 16]].tolist()
    [32, 47, 32]

    Lesson: 08 cnn_rnn.
    """
    return np.tile(np.asarray(three_bars, np.int32)[:, -STEPS_A_BAR:], (1, n_bars))


def fit_bar_chain(windows: Sequence[Symbols], *, order: int) -> MarkovModel:
    """Return a Markov chain over the symbols of windows (n, 64): the next sixteenth from so many before it.

    Examples
    --------
    >>> chain = fit_bar_chain(np.full((2, 64), HOLD), order=3)
    >>> float(chain_losses(chain, np.full((1, 64), HOLD)).mean()) < 0.1
    True

    Lesson: 08 cnn_rnn.
    """
    return MarkovModel(order=order, n_tokens=N_SYMBOLS + _SHIFT).fit([window + _SHIFT for window in windows])


def chain_losses(chain: MarkovModel, windows: Sequence[Symbols]) -> npt.NDArray[np.float64]:
    """Return the negative log-probability in nats of every sixteenth of the fourth bars of windows (n, 64): (n, 16)."""
    return np.stack([-chain.log_probabilities(window + _SHIFT)[-STEPS_A_BAR:] for window in windows])


def chain_bars(chain: MarkovModel, three_bars: Symbols, *, n_bars: int = 1, seed: int) -> Symbols:
    """Let a chain of `fit_bar_chain` go on from three bars: (n, 16 * n_bars) symbols.

    Lesson: 08 cnn_rnn.
    """
    n_steps = n_bars * STEPS_A_BAR
    lines = generate(chain, [row + _SHIFT for row in np.asarray(three_bars)], n_steps=n_steps, seed=seed)
    bars = np.full((len(lines), n_steps), HOLD, np.int32)
    for bar, line in zip(bars, lines, strict=True):
        drawn = line[N_READ:] - _SHIFT
        bar[: len(drawn)] = np.where(
            drawn > PAD, drawn, HOLD
        )  # a chain's start or end, hardly ever drawn, is read as "hold"
    return bars


def _appended(start: Score, added: Symbols) -> Score:
    """Return a tune with new bars; where they begin with "hold", its last note is held on."""
    end = start.pickup - (-(start.duration - start.pickup) // BAR_TICKS) * BAR_TICKS
    notes = start.notes.copy()
    held = int(np.argmax(added != HOLD)) if (added != HOLD).any() else len(added)
    last = int(np.argmax(notes["onset"] + notes["duration"]))
    if held and notes["onset"][last] + notes["duration"][last] == end:
        notes["duration"][last] += held * STEP_TICKS
    new = symbols_to_score(added, key=start.key).notes.copy()
    new["onset"] += end
    new["velocity"] = notes["velocity"][last]
    return start.replace(notes=np.concatenate([notes, new]))


@functools.lru_cache(maxsize=4)
def _loaded(name: str, folder: str) -> Any:
    return load_pretrained(name, folder)
