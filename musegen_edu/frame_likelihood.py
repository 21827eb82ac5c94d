"""How likely a chorale is to a `ChoraleInpainter`, frame by frame: the protocol by which Coconet was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.chorale_codec import VOICES
from musegen_edu.tokens.chorale_grid import GRID_COLUMNS, HIDDEN, N_GRID_COLUMNS, SILENT, UNKNOWN, Grid

if TYPE_CHECKING:
    from musegen_edu.models.convolutional import ChoraleInpainter

_N = len(VOICES)
_FERMATA = 2 * _N + list(GRID_COLUMNS).index("fermata")
_BATCH = 64  # windows a call


def frame_losses(
    model: ChoraleInpainter,
    grids: Sequence[Grid],
    frames: Sequence[tuple[int, int]],
    *,
    chronological: bool,
    own_guesses: bool = False,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return the negative log-likelihood of some frames in nats, for one ordering of each piece.

    A frame is a sixteenth with its four voices. An ordering says which frames are known before which: the earlier ones (`chronological`),
    or as many as a shuffled pack gives. Within a frame the voices are told one after another in a random order, each from the known
    frames and the voices told before. Added up over all frames in its order that is, by the chain rule, the exact
    negative log-likelihood of the piece.

    Struck and held, and the fermatas, are withheld: only what sounds is told and read, as in Coconet. The key, the meter and the length are known.

    Parameters
    ----------
    model : the network.
    grids : pieces, (n_steps, 13) each, nothing hidden.
    frames : (piece, step) each.
    chronological : whether the known frames are those before; else every frame of a piece has an equal chance to be known, as in a
        random ordering.
    own_guesses : False reads the true notes of the voices told before in the same frame. True reads the network's own likeliest notes
        in their place, as Coconet's published code does; this is a distribution over frames too, but a poorer one.
    seed : of the orderings, 0 or more.

    Returns
    -------
    (n_frames,) nats.

    Raises
    ------
    ValueError
        If a frame does not exist, or the seed is below 0.

    References
    ----------
    Huang et al., "Counterpoint by convolution", ISMIR 2017, and its code (magenta, models/coconet/lib_evaluation.py, FrameEvaluator).
    Lesson: 07 convolutional_networks.
    """
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    for piece, step in frames:
        if not (0 <= piece < len(grids) and 0 <= step < len(grids[piece])):
            raise ValueError(f"frames has ({piece}, {step}), and there is no such frame")
    orders = {piece: _ordering(len(grids[piece]), chronological, [seed, piece]) for piece in {p for p, _ in frames}}
    losses = np.zeros(len(frames))
    for start in range(0, len(frames), _BATCH):
        part = frames[start : start + _BATCH]
        windows = np.stack([_window(grids[piece], step, orders[piece], model.reach) for piece, step in part])
        truth = np.stack([grids[piece][step, :_N] for piece, step in part])  # (batch, 4)
        keys = [[seed, piece, step] for piece, step in part]
        order = np.stack([np.random.default_rng(key).permutation(_N) for key in keys])  # of the voices
        losses[start : start + len(part)] = _voice_by_voice(model, windows, truth, order, own_guesses)
    return losses


def _ordering(n_steps: int, chronological: bool, key: list[int]) -> npt.NDArray[np.int64]:
    """Return for each frame its place in the ordering."""
    return np.arange(n_steps) if chronological else np.random.default_rng(key).permutation(n_steps)


def _window(grid: Grid, step: int, places: npt.NDArray[np.int64], reach: int) -> Grid:
    """Return what the network sees of a piece when it is asked for a frame, (2 reach + 1, 13): frames that come later are hidden."""
    seen = grid.copy()
    seen[places >= places[step], :_N] = HIDDEN
    seen[:, _N : 2 * _N] = UNKNOWN
    seen[:, _FERMATA] = UNKNOWN
    window = np.zeros((2 * reach + 1, N_GRID_COLUMNS), np.int32)
    start, stop = max(0, step - reach), min(len(grid), step + reach + 1)
    window[start - step + reach : stop - step + reach] = seen[start:stop]
    return window


def _voice_by_voice(
    model: ChoraleInpainter,
    windows: npt.NDArray[np.int32],
    truth: npt.NDArray[np.int32],
    order: npt.NDArray[np.int64],
    own_guesses: bool,
) -> npt.NDArray[np.float64]:
    rows, middle = np.arange(len(windows)), model.reach
    full = np.zeros((_BATCH, *windows.shape[1:]), np.int32)  # always as many, so that one shape is compiled
    losses = np.zeros(len(windows))
    for turn in range(_N):
        voice = order[:, turn]
        full[: len(windows)] = windows
        logits = np.asarray(model.predict_on_batch(full), np.float64)[rows, middle, voice, : model.n_sounds]
        logits -= logits.max(axis=-1, keepdims=True)
        chosen = truth[rows, voice]
        losses += np.log(np.exp(logits).sum(axis=-1)) - logits[rows, chosen - SILENT]
        windows[rows, middle, voice] = logits.argmax(axis=-1) + SILENT if own_guesses else chosen
    return losses


def ensemble_losses(losses: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Return the losses of frames whose probabilities are averaged over several orderings.

    Parameters
    ----------
    losses : for each ordering (n_frames,) nats.

    Examples
    --------
    >>> ensemble_losses([np.array([0.0, 1.0]), np.array([np.inf, 1.0])]).round(4).tolist()  # probabilities 1 and 0: 1/2
    [0.6931, 1.0]
    """
    stacked = -np.stack(list(losses))
    highest = stacked.max(axis=0)
    return np.asarray(-(highest + np.log(np.exp(stacked - highest).mean(axis=0))))
