"""Filling a grid's holes with a `ChoraleInpainter`: annealed block Gibbs sampling, one compiled call a step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.models.convolutional import ChoraleInpainter
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.chorale_codec import VOICES
from musegen_edu.tokens.chorale_grid import FIRST_SOUND, HELD, HIDDEN, N_GRID_COLUMNS, SILENT, STRUCK, UNKNOWN, Grid

ops = keras.ops

_N = len(VOICES)
_LENGTH_UNIT = 64  # sixteenths: windows are filled up to multiples, so that few lengths are compiled


class GibbsStep(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A model whose forward pass is one step: hide some cells, ask the network, draw all of them at once.

    Being a `keras.Model` gets it compiled on every backend, as `musegen_edu.compiled_loop.GenerationLoop` is.

    Parameters
    ----------
    model : whose layers it shares.
    """

    def __init__(self, model: ChoraleInpainter) -> None:
        super().__init__()
        self.model = model
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, inputs: tuple[Any, ...]) -> Any:
        """Return sounds and strikes side by side, (batch, time, 8).

        `inputs`: a grid with nothing hidden (batch, time, 13); 1 where a cell is to be drawn, else 0, (batch, time, 4); noise to
        be added to the logits (batch, time, 4, n_sounds + 1); penalties (4, n_sounds), minus infinity for what a voice may not sing; and
        the temperature, (1,).
        """
        grid, redrawn, noise, penalties, heat = inputs
        sounds, strikes = grid[..., :_N], grid[..., _N : 2 * _N]
        before = ops.pad(redrawn[:, :-1], [[0, 0], [1, 0], [0, 0]]) > 0  # whether the cell before is hidden
        redrawn = redrawn > 0
        seen = ops.where(redrawn, HIDDEN, sounds)
        seen_strikes = ops.where(ops.logical_or(redrawn, before), UNKNOWN, _heard_strikes(sounds, strikes))
        logits = self.model(ops.concatenate([seen, seen_strikes, grid[..., 2 * _N :]], axis=-1), training=False)
        logits = ops.cast(logits, "float32") / heat[0]  # (batch, time, 4, n_sounds + 1)
        n_sounds = self.model.n_sounds
        drawn = ops.argmax(logits[..., :n_sounds] + penalties + noise[..., :n_sounds], axis=-1) + SILENT
        again = ops.where(logits[..., n_sounds] + noise[..., n_sounds] > 0, STRUCK, HELD)
        sounds = ops.where(redrawn, ops.cast(drawn, "int32"), sounds)
        strikes = ops.where(redrawn, ops.cast(again, "int32"), strikes)
        return ops.concatenate([sounds, strikes], axis=-1)


def _heard_strikes(sounds: Any, strikes: Any) -> Any:
    """Return the strikes as they are heard: what changes is struck, a rest that goes on is not."""
    earlier = ops.pad(sounds[:, :-1], [[0, 0], [1, 0], [0, 0]])  # nothing sounds before the first step: HIDDEN
    strikes = ops.where(ops.equal(sounds, SILENT), HELD, strikes)
    return ops.where(ops.equal(sounds, earlier), strikes, STRUCK)


def share_to_redraw(
    step: int, n_steps: int, *, highest: float = 0.9, lowest: float = 0.1, annealed: float = 0.7
) -> float:
    """Return with which probability each erased cell is hidden and drawn anew in a step: all in the first, then fewer and fewer.

    In step 0 it is 1, because nothing is there yet. Then it falls along a straight line that starts at `highest` and reaches
    `lowest` after the share `annealed` of the steps, where it stays. Many cells drawn at once do not know of each other and fit badly; the late steps,
    which redraw few cells at a time with nearly all others in view, mend that.

    Examples
    --------
    >>> [round(share_to_redraw(step, 10), 2) for step in range(10)]
    [1.0, 0.79, 0.67, 0.56, 0.44, 0.33, 0.21, 0.1, 0.1, 0.1]

    References
    ----------
    The schedule is that of Yao, Ozair, Cho and Bengio, "On the equivalence between deep NADE and generative stochastic networks", 2014,
    with the settings of Coconet's published code (0.9, 0.1 and 0.7); there the first step hides 0.9 too.
    Lesson: 07 convolutional_networks.
    """
    if step == 0:
        return 1.0
    return max(lowest, highest - (highest - lowest) * step / (annealed * n_steps))


def heat_of_step(step: int, n_steps: int, temperature: float, *, cooled: float = 0.5) -> float:
    """Return the temperature of a step: it falls along a straight line from `temperature` towards the share `cooled` of it.

    At an even temperature of 1 the rhythm stays ragged: one note in eight is a sixteenth, where Bach has one in a hundred, because a few cells that
    fit badly make others likelier that fit badly too. Cooled, the chain lets go of them. Coconet's code keeps its temperature.

    Examples
    --------
    >>> [heat_of_step(step, 4, 1.0) for step in range(4)]
    [1.0, 0.875, 0.75, 0.625]

    Lesson: 07 convolutional_networks.
    """
    return temperature * (1 - (1 - cooled) * step / n_steps)


def gibbs_grids(
    model: ChoraleInpainter,
    grid: Grid,
    erased: npt.NDArray[np.bool_],
    allowed: npt.NDArray[np.bool_],
    *,
    n_steps: int,
    temperature: float = 1.0,
    seed: int,
) -> Iterator[tuple[Grid, npt.NDArray[np.bool_]]]:
    """Fill the erased cells of a grid, step by step; after each step nothing is hidden any more.

    The noise comes from `numpy.random.default_rng` and depends on the seed, the step and the erased cells, so that the same seed gives the
    same notes on every backend (where two logits are not equal to the last digit). Only the window that the erased cells can see is
    computed: `model.reach` sixteenths on either side.

    Parameters
    ----------
    model : the network.
    grid : (n_steps_of_music, 13); what stands in erased cells is not looked at.
    erased : (n_steps_of_music, 4), True where cells are to be filled.
    allowed : (4, n_sounds), which sounds each voice may have.
    n_steps : how often to draw, at least 1.
    temperature : of the first step; later ones are cooler (`heat_of_step`). 1 draws as the network says, less what is likelier; 0
        takes the likeliest.
    seed : 0 or more.

    Yields
    ------
    (grid, redrawn) : the grid after a step, and which cells were drawn in it.

    Raises
    ------
    ValueError
        If a number is out of range or the shapes do not fit.

    Lesson: 07 convolutional_networks.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps={n_steps} must be at least 1")
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature={temperature} must be a number of 0 or more")
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    if grid.ndim != 2 or grid.shape[1] != N_GRID_COLUMNS or erased.shape != (len(grid), _N):
        raise ValueError(
            f"grid has shape {grid.shape} and erased {erased.shape}; they must be (n, {N_GRID_COLUMNS}) and (n, {_N})"
        )
    if allowed.shape != (_N, model.n_sounds):
        raise ValueError(f"allowed has shape {allowed.shape}; it must be {(_N, model.n_sounds)}")
    return _chain(model, grid, erased, allowed, n_steps, temperature, seed)


def _chain(
    model: ChoraleInpainter,
    grid: Grid,
    erased: npt.NDArray[np.bool_],
    allowed: npt.NDArray[np.bool_],
    n_steps: int,
    temperature: float,
    seed: int,
) -> Iterator[tuple[Grid, npt.NDArray[np.bool_]]]:
    grid = grid.copy()
    steps = np.flatnonzero(erased.any(axis=1))
    if len(steps) == 0:
        return
    # one more than the network sees: of the window's first cell nobody knows whether it is held
    start, stop = max(0, int(steps[0]) - model.reach - 1), min(len(grid), int(steps[-1]) + 1 + model.reach)
    part, free = slice(0, stop - start), erased[start:stop]
    penalties = np.where(allowed, 0, -np.inf).astype(np.float32)
    # something must stand there before the first step draws it; the network does not see it
    grid[:, :_N][erased], grid[:, _N : 2 * _N][erased] = FIRST_SOUND, HELD
    window = np.zeros((1, -(-(stop - start) // _LENGTH_UNIT) * _LENGTH_UNIT, N_GRID_COLUMNS), np.int32)
    window[0, part] = grid[start:stop]
    run = _compiled(model)
    for step in range(n_steps):
        rng = np.random.default_rng([seed, step])
        redrawn = np.zeros((*window.shape[:2], _N), np.int32)
        redrawn[0, part][free] = rng.random(int(free.sum())) < share_to_redraw(step, n_steps)
        noise = np.zeros((*redrawn.shape, model.n_sounds + 1), np.float32)
        if temperature > 0:
            noise[0, part][free] = _noise(rng, int(free.sum()), model.n_sounds)
        heat = heat_of_step(step, n_steps, temperature) or 1.0
        inputs = (window, redrawn, noise, penalties, np.array([heat], np.float32))
        voices = np.asarray(run.predict_on_batch(inputs), np.int32)[0, part]
        for column, kept in ((slice(0, _N), grid[:, :_N]), (slice(_N, 2 * _N), grid[:, _N : 2 * _N])):
            kept[start:stop][free] = voices[:, column][free]  # a view: grid changes
        window[0, part] = grid[start:stop]
        shown = np.zeros(erased.shape, np.bool_)
        shown[start:stop] = redrawn[0, part] > 0
        yield grid.copy(), shown


def _noise(rng: np.random.Generator, n_cells: int, n_sounds: int) -> npt.NDArray[np.float32]:
    """Return noise for fair draws, (n_cells, n_sounds + 1): Gumbel's for the sounds, logistic for "struck or held"."""
    exponential = rng.standard_exponential((n_cells, n_sounds + 2), np.float32)
    gumbel = -np.log(np.maximum(exponential, np.finfo(np.float32).tiny))
    gumbel[:, -2] -= gumbel[:, -1]  # the difference of two Gumbel draws is logistic
    return gumbel[:, :-1]


def _compiled(model: ChoraleInpainter) -> GibbsStep:
    """Return a model's step, made and compiled at the first call and kept with the model."""
    step = getattr(model, "_gibbs_step", None)
    if step is None:
        step = GibbsStep(model)
        # past Keras' own __setattr__: the step holds the model, and a tracked step would make the model contain itself
        object.__setattr__(model, "_gibbs_step", step)
    return step
