"""What a convolutional network makes of a picture: the maps of each of its layers, and how much of the picture each number has seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.kernels import ReceptiveField, padding_of
from musegen_edu.quiet_keras import keras

CONVOLUTIONS = ("Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
_POOLS = ("AveragePooling1D", "AveragePooling2D", "MaxPooling1D", "MaxPooling2D")
# What leaves every number in its place, or mixes only channels.
_IN_PLACE = ("Activation", "AlphaDropout", "BatchNormalization", "Dense", "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "GroupNormalization",
             "LayerNormalization", "LeakyReLU", "Normalization", "PReLU", "ReLU", "Rescaling", "Reshape", "Softmax", "SpatialDropout1D",
             "SpatialDropout2D", "UnitNormalization")  # fmt: skip
_MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")


@dataclass(frozen=True)
class LayerMaps:
    """What a convolutional layer gives for one picture.

    Parameters
    ----------
    name, kind : of the layer, such as `"conv2d"` and `"Conv2D"`.
    values : (time, rows, filters) float32, as they leave the layer; one row where the layer convolves along time alone.
    field : what each number has seen; None where a layer before it shuffles the cells.
    reads : (time, rows), what the layer slides over, where that is one channel and cell for cell the picture, rescaled perhaps; else None.
    kernel, bias : (time, rows, filters) and (filters,) where `reads` is known; else None.
    activation : its name, such as `"relu"`.
    dilation : cells from one weight to the next, in time and in rows.
    padding : `"valid"`, `"same"` or `"causal"`.
    """

    name: str
    kind: str
    values: npt.NDArray[np.float32]
    field: ReceptiveField | None
    reads: npt.NDArray[np.float32] | None
    kernel: npt.NDArray[np.float32] | None
    bias: npt.NDArray[np.float32] | None
    activation: str
    dilation: tuple[int, int]
    padding: str


def feature_maps(model: keras.Model, picture: npt.ArrayLike) -> tuple[LayerMaps, ...]:
    """Return the maps of each convolutional layer of a network for one picture.

    Parameters
    ----------
    model : of Keras' functional or sequential kind, with one input of (batch, time, rows, channels) or (batch, time, rows).
    picture : (time, rows) or (time, rows, channels).

    Returns
    -------
    One `LayerMaps` a convolutional layer, in the order of the data's way.

    Raises
    ------
    ValueError
        If the model has no convolutional layer that can be followed, or reads pictures of another shape.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((None, 8, 1)), keras.layers.Conv2D(3, (5, 3), padding="same"), keras.layers.MaxPooling2D(),
    ...                           keras.layers.Conv2D(4, 3)])
    >>> first, second = feature_maps(model, np.ones((12, 8)))
    >>> first.values.shape, second.values.shape, first.field.size, second.field.size
    ((12, 8, 3), (4, 2, 4), (5, 3), (10, 8))

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016; Araujo, Norris and Sim, "Computing receptive fields of
    convolutional neural networks", Distill, 2019.
    Lesson: 07 convolutional_networks.
    """
    layers = [layer for layer in getattr(model, "layers", []) if type(layer).__name__ in CONVOLUTIONS]
    inputs = getattr(model, "inputs", None) or []
    if not layers or len(inputs) != 1:
        raise ValueError(
            f"model={model!r} cannot be followed; it must be a functional or sequential model with one input and a convolutional layer"
        )
    cells = _fitted(inputs[0], np.asarray(picture, np.float32))  # (1, time, rows, channels) or (1, time, rows)
    reader = keras.Model(inputs[0], [tensor for layer in layers for tensor in (layer.input, layer.output)])
    read = [keras.ops.convert_to_numpy(values)[0] for values in reader(cells, training=False)]
    fields = _fields(reader, cells.shape[1:3])
    return tuple(
        _layer_maps(layer, before, after, fields.get(id(layer.input)), fields.get(id(layer.output)))
        for layer, before, after in zip(layers, read[::2], read[1::2], strict=True)
    )


def _fitted(entry: Any, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the picture as a batch of one, with the axes that the model's input has."""
    if picture.ndim == 2 and len(entry.shape) == 4:
        picture = picture[..., None]
    elif picture.ndim == 3 and len(entry.shape) == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    wanted = entry.shape[1:]
    if picture.ndim != len(wanted) or any(
        want not in (None, has) for want, has in zip(wanted, picture.shape, strict=True)
    ):
        raise ValueError(f"picture has shape {picture.shape}; the model reads {tuple(wanted)}")
    return picture[None]


def _layer_maps(
    layer: Any,
    before: npt.NDArray[np.float32],
    values: npt.NDArray[np.float32],
    read: ReceptiveField | None,
    field: ReceptiveField | None,
) -> LayerMaps:
    along_time = values.ndim == 2  # (time, filters): every filter sees all rows
    if along_time:
        values, rows = values[:, None, :], before.shape[1]
        field = None if field is None else replace(field, size=(field.size[0], rows), stride=(field.stride[0], rows), start=(field.start[0], 0), shape=(field.shape[0], 1))  # fmt: skip
    reads = kernel = bias = None
    is_picture = read is not None and (read.size, read.stride, read.start) == ((1, 1), (1, 1), (0, 0))
    if is_picture and type(layer).__name__ in ("Conv1D", "Conv2D") and (along_time or before.shape[-1] == 1):
        weights = [np.asarray(keras.ops.convert_to_numpy(weight)) for weight in layer.get_weights()]
        reads, kernel = (before, weights[0]) if along_time else (before[..., 0], weights[0][:, :, 0])
        bias = weights[1] if len(weights) > 1 else np.zeros(kernel.shape[-1], np.float32)
    return LayerMaps(
        layer.name, type(layer).__name__, values, field, reads, kernel, bias, getattr(layer.activation, "__name__", "linear"),
        _pair(layer.dilation_rate, rest=1), layer.padding,
    )  # fmt: skip


def _pair(values: Any, rest: int) -> tuple[int, int]:
    numbers = tuple(int(value) for value in values) if isinstance(values, (tuple, list)) else (int(values),)
    return (numbers[0], numbers[1] if len(numbers) > 1 else rest)


def _fields(model: keras.Model, shape: tuple[int, ...]) -> dict[int, ReceptiveField]:
    """Return the receptive field of each tensor in a model by its id, as far as it is known."""
    known = {id(model.inputs[0]): ReceptiveField((1, 1), (1, 1), (0, 0), (int(shape[0]), int(shape[1])))}
    for operation in model.operations:
        inputs = operation.input if isinstance(operation.input, (list, tuple)) else [operation.input]
        before = [known.get(id(tensor)) for tensor in inputs]
        if not before or any(field is None for field in before) or isinstance(operation.output, (list, tuple)):
            continue
        after = _after(operation, [field for field in before if field is not None])
        if after is not None:
            known[id(operation.output)] = after
    return known


def _after(operation: Any, before: list[ReceptiveField]) -> ReceptiveField | None:
    """Return the field behind an operation, or None if the operation is none that keeps cells in order."""
    kind, field = type(operation).__name__, before[0]
    if kind in _IN_PLACE:
        shapes = tuple(operation.input.shape[1:3]), tuple(operation.output.shape[1:3])
        return field if len(shapes[1]) == 2 and (kind != "Reshape" or shapes[0] == shapes[1]) else None
    if kind in _MERGES and len({(other.stride, other.shape) for other in before}) == 1:
        start = (min(other.start[0] for other in before), min(other.start[1] for other in before))
        end = [max(other.start[axis] + other.size[axis] for other in before) for axis in (0, 1)]
        return replace(field, start=start, size=(end[0] - start[0], end[1] - start[1]))
    if kind in CONVOLUTIONS:
        return _slid(field, _pair(operation.kernel_size, 1), _pair(operation.strides, 1), _pair(operation.dilation_rate, 1), operation.padding)  # fmt: skip
    if kind in _POOLS:
        return _slid(field, _pair(operation.pool_size, 1), _pair(operation.strides, 1), (1, 1), operation.padding)
    return None


def _slid(field: ReceptiveField, window: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int], padding: str) -> ReceptiveField:  # fmt: skip
    """Return the field of a number that sees a window of numbers with the field given."""
    size, start, shape = [], [], []
    for axis in (0, 1):
        reach = (window[axis] - 1) * dilation[axis]  # numbers from the first to the last of the window
        before, after = padding_of(field.shape[axis], reach + 1, stride[axis], padding)
        size.append(field.size[axis] + reach * field.stride[axis])
        start.append(field.start[axis] - before * field.stride[axis])
        shape.append(max(0, (field.shape[axis] + before + after - reach - 1) // stride[axis] + 1))
    jump = (field.stride[0] * stride[0], field.stride[1] * stride[1])
    return ReceptiveField((size[0], size[1]), jump, (start[0], start[1]), (shape[0], shape[1]))
