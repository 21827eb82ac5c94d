"""Kernels: small tables of weights that slide over a picture, and what they answer at each place.

A picture is a table of numbers, (time, rows): a piano roll, whose rows are pitches, or a spectrogram, whose rows are frequency bands.
As in Keras the kernel is not turned round before it slides; strictly that is called cross-correlation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Pair = tuple[int, int]  # along time, along rows


@dataclass(frozen=True)
class ReceptiveField:
    """Which cells of a picture a number of a map has seen: `size` cells from `start + stride * place` on, along (time, rows).

    Parameters
    ----------
    size : cells from the first to the last that count, both included.
    stride : cells from the field of one number to that of its neighbour.
    start : where the field of the first number begins; below 0 it reaches into the padding.
    shape : how many numbers there are.

    Examples
    --------
    >>> ReceptiveField(size=(5, 3), stride=(2, 1), start=(-2, -1), shape=(8, 8)).cells((3, 0))
    ((4, 9), (-1, 2))

    Lesson: 07 convolutional_networks.
    """

    size: Pair
    stride: Pair
    start: Pair
    shape: Pair

    def cells(self, place: Pair) -> tuple[Pair, Pair]:
        """Return the field of one number as (first, past the last) in time and in rows."""
        first = [start + stride * at for start, stride, at in zip(self.start, self.stride, place, strict=True)]
        return (first[0], first[0] + self.size[0]), (first[1], first[1] + self.size[1])


def padding_of(length: int, window: int, stride: int, padding: str) -> Pair:
    """Return how many zeros stand before and after a line of numbers, as TensorFlow and Keras put them.

    Parameters
    ----------
    length : of the line.
    window : numbers from the first to the last that a weight meets, dilation included.
    stride : numbers from one place of the window to the next.
    padding : `"valid"` (none), `"same"` (as many numbers come out as go in, divided by the stride) or `"causal"` (all of them before).

    Examples
    --------
    >>> padding_of(10, 4, 1, "same"), padding_of(10, 3, 2, "same"), padding_of(10, 4, 1, "causal")
    ((1, 2), (0, 1), (3, 0))
    """
    if padding == "causal":
        return window - 1, 0
    if padding != "same":
        return 0, 0
    missing = max(0, (-(-length // stride) - 1) * stride + window - length)
    return missing // 2, missing - missing // 2


def kernel_field(picture: Pair, kernel: Pair, *, stride: Pair = (1, 1), dilation: Pair = (1, 1), padding: str = "valid") -> ReceptiveField:  # fmt: skip
    """Return what each number of a feature map has seen, and how large the map is; a side may be 0 long.

    Parameters
    ----------
    picture, kernel : their shapes.
    stride : cells from one place of the kernel to the next.
    dilation : cells from one weight to the next.
    padding : `"valid"` or `"same"`.

    Examples
    --------
    >>> kernel_field((16, 12), (4, 3), dilation=(2, 1)).shape
    (10, 10)
    """
    window = ((kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1)
    around = [padding_of(picture[axis], window[axis], stride[axis], padding) for axis in (0, 1)]
    shape = [max(0, (picture[axis] + sum(around[axis]) - window[axis]) // stride[axis] + 1) for axis in (0, 1)]
    return ReceptiveField(window, stride, (-around[0][0], -around[1][0]), (shape[0], shape[1]))


def slide_kernel(
    picture: npt.ArrayLike,
    kernel: npt.ArrayLike,
    *,
    stride: Pair = (1, 1),
    dilation: Pair = (1, 1),
    padding: str = "valid",
    bias: float = 0.0,
    relu: bool = False,
) -> Array:
    """Return the feature map of a kernel: at each place, the sum of weight times cell, plus the bias.

    Parameters
    ----------
    picture : (time, rows).
    kernel : (time, rows) weights.
    stride : cells from one place to the next, along (time, rows).
    dilation : cells from one weight to the next.
    padding : `"valid"`: only where the whole kernel lies on the picture; `"same"`: zeros around it.
    bias : added to each sum.
    relu : whether what is below 0 becomes 0.

    Returns
    -------
    The map, `kernel_field(...).shape`.

    Raises
    ------
    ValueError
        If one of the tables has not two axes, a number is out of range, or the kernel is larger than the picture.

    Examples
    --------
    >>> roll = np.array([[0, 0], [1, 0], [1, 0], [0, 1]])
    >>> slide_kernel(roll, [[-1], [1]]).astype(int).tolist()  # 1 where a note begins, -1 where one has ended
    [[1, 0], [0, 0], [-1, 1]]

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    Lesson: 07 convolutional_networks.
    """
    cells, weights = np.asarray(picture, np.float64), np.asarray(kernel, np.float64)
    for name, table in (("picture", cells), ("kernel", weights)):
        if table.ndim != 2 or not table.size:
            raise ValueError(f"{name} has shape {table.shape}; it must be a table, (time, rows)")
    for name, pair in (("stride", stride), ("dilation", dilation)):
        if len(pair) != 2 or min(pair) < 1:
            raise ValueError(f"{name}={pair!r} must be two whole numbers, at least 1: along time, along rows")
    if padding not in ("valid", "same"):
        raise ValueError(f"padding={padding!r} must be 'valid' or 'same'")
    field = kernel_field(cells.shape, weights.shape, stride=stride, dilation=dilation, padding=padding)
    if 0 in field.shape:
        raise ValueError(
            f"kernel covers {field.size} cells with its dilation, more than the picture's {cells.shape}; padding='same' lets it reach beyond"
        )
    values = np.full(field.shape, float(bias))
    for (step, row), weight in np.ndenumerate(weights):
        if weight:
            values += weight * _under(cells, field, (step * dilation[0], row * dilation[1]))
    return np.maximum(values, 0.0) if relu else values


def lit_cells(picture: npt.ArrayLike, kernel: npt.ArrayLike, values: npt.ArrayLike, threshold: float, *, stride: Pair = (1, 1),
              dilation: Pair = (1, 1), padding: str = "valid") -> npt.NDArray[np.bool_]:  # fmt: skip
    """Return which cells make the map light up: those whose product with a weight is above 0 where the map exceeds a threshold.

    Where a picture has numbers below 0, such as decibels, its cells count from the lowest of them.

    Parameters
    ----------
    picture, kernel, stride, dilation, padding : as in `slide_kernel`.
    values : its map.
    threshold : as a share of the map's largest number, 0 to 1; numbers of 0 and less never light up.

    Returns
    -------
    (time, rows), True where a cell takes part.

    Examples
    --------
    >>> roll = np.array([[0, 0], [1, 0], [1, 0], [0, 1]])
    >>> lit_cells(roll, [[-1], [1]], slide_kernel(roll, [[-1], [1]]), 0.5).astype(int).tolist()
    [[0, 0], [1, 0], [0, 0], [0, 1]]

    Lesson: 07 convolutional_networks.
    """
    cells, weights, answers = (np.asarray(table, np.float64) for table in (picture, kernel, values))
    field = kernel_field(cells.shape, weights.shape, stride=stride, dilation=dilation, padding=padding)
    lit = np.zeros(cells.shape, bool)
    places = np.argwhere(is_above(answers, threshold))
    lowest = min(0.0, cells.min())
    for (step, row), weight in np.ndenumerate(weights):
        at = places * stride + field.start + (step * dilation[0], row * dilation[1])  # (n, 2)
        at = at[((at >= 0) & (at < cells.shape)).all(axis=1)]
        lit[at[:, 0], at[:, 1]] |= weight * (cells[at[:, 0], at[:, 1]] - lowest) > 0
    return lit


def is_above(values: npt.NDArray[np.floating], threshold: float) -> npt.NDArray[np.bool_]:
    """Return which numbers of a map are above 0 and reach a share of its largest.

    Examples
    --------
    >>> is_above(np.array([-1.0, 0.0, 1.0, 2.0]), 0.5).tolist()
    [False, False, True, True]
    """
    return np.asarray((values > 0) & (values >= threshold * values.max(initial=0.0)), bool)


def _under(cells: Array, field: ReceptiveField, shift: Pair) -> Array:
    """Return the cells that lie under one weight, a table like the map; 0 in the padding."""
    first = [field.start[axis] + shift[axis] for axis in (0, 1)]
    at = [first[axis] + field.stride[axis] * np.arange(field.shape[axis]) for axis in (0, 1)]
    inside = [(at[axis] >= 0) & (at[axis] < cells.shape[axis]) for axis in (0, 1)]
    under = np.zeros(field.shape)
    under[np.ix_(*inside)] = cells[np.ix_(at[0][inside[0]], at[1][inside[1]])]
    return under


def nearest_places(
    picture: Pair, shape: Pair, field: ReceptiveField | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each step and for each row of a picture the place of the map whose field has its middle nearest to it.

    Parameters
    ----------
    picture, shape : of the picture and of the map.
    field : of the map's numbers; None stretches the map over the picture.

    Examples
    --------
    >>> field = ReceptiveField(size=(2, 1), stride=(2, 1), start=(0, 0), shape=(3, 2))
    >>> nearest_places((6, 2), (3, 2), field)[0].tolist()
    [0, 0, 1, 1, 2, 2]
    """
    places = []
    for axis in (0, 1):
        cells = np.arange(picture[axis])
        if field is None:
            at = cells * shape[axis] // picture[axis]
        else:
            middle = field.start[axis] + (field.size[axis] - 1) / 2
            at = np.floor((cells - middle) / field.stride[axis] + 0.5).astype(np.int64)
        places.append(np.clip(at, 0, shape[axis] - 1))
    return places[0], places[1]
