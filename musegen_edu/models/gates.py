"""What goes on inside a recurrent layer: its gates, its candidate and its state at every step, from its weights, in NumPy.

Keras gives away only what comes out of a layer. Here the same weights are put through the equations once more, with everything
in between kept. Keras puts the matrices of the gates side by side, in the order input, forget, candidate, output (LSTM) and
update, reset, candidate (GRU).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.quiet_keras import keras

Array = npt.NDArray[np.float64]
LAYERS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}


@dataclass(frozen=True)
class LayerActivity:
    """All that a recurrent layer computes while it reads one line.

    Parameters
    ----------
    name : of the layer.
    kind : `"RNN"`, `"LSTM"` or `"GRU"`.
    gates : name -> values from 0 (shut) to 1 (open), (time, units): input, forget and output, or update and reset; none in an RNN.
        The update gate is Keras': the share of the old state that is *kept*.
    candidate : what could be written into the state at each step, -1 to 1, (time, units); in an RNN the same as `output`.
    state : the cell state c of an LSTM, else h, after each step, (time, units).
    output : h after each step, -1 to 1, (time, units).
    """

    name: str
    kind: str
    gates: dict[str, Array]
    candidate: Array
    state: Array
    output: Array

    @property
    def kept(self) -> Array | None:
        """The share of the state before that is kept at each step, (time, units): forget or update gate; None in an RNN."""
        return self.gates.get("forget", self.gates.get("update"))


def layer_activity(layer: keras.layers.Layer, inputs: npt.ArrayLike) -> LayerActivity:
    """Return what a Keras layer computes inside while it reads a line, from a state of zeros.

    Parameters
    ----------
    layer : a built `SimpleRNN`, `LSTM` or `GRU` with the usual activations (tanh, and sigmoid for gates).
    inputs : what the layer reads, (time, features).

    Raises
    ------
    ValueError
        If the layer is of another kind, reads backwards, or has other activations.

    Examples
    --------
    >>> layer = keras.layers.LSTM(3, return_sequences=True)
    >>> inputs = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    >>> outputs = keras.ops.convert_to_numpy(layer(inputs[None]))[0]
    >>> bool(np.allclose(layer_activity(layer, inputs).output, outputs, atol=1e-5))
    True

    References
    ----------
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997; Gers, Schmidhuber and Cummins, "Learning
    to forget", Neural Computation 12(10), 2000; Cho et al., "Learning phrase representations using RNN encoder-decoder for
    statistical machine translation", 2014.
    Lesson: 06 lstm_and_gru.
    """
    kind = _checked_kind(layer)
    x = np.asarray(inputs, np.float64)
    if x.ndim != 2:
        raise ValueError(f"inputs has shape {x.shape}; it must be (time, features), one line")
    weights = [np.asarray(values, np.float64) for values in layer.get_weights()]
    kernel, recurrent = weights[:2]  # (features, blocks * units), (units, blocks * units)
    bias = weights[2] if len(weights) > 2 else np.zeros(kernel.shape[1])
    if x.shape[1] != kernel.shape[0]:
        raise ValueError(f"inputs has {x.shape[1]} features; layer {layer.name!r} reads {kernel.shape[0]}")
    if kind == "GRU":
        return _gru(layer, x, kernel, recurrent, bias)
    projected = x @ kernel + bias  # (time, blocks * units)
    return (_lstm if kind == "LSTM" else _rnn)(layer, projected, recurrent)


def gate_activations(model: keras.Model, tokens: Sequence[int] | npt.NDArray[Any]) -> tuple[LayerActivity, ...]:
    """Return what each recurrent layer of a model computes inside while it reads tokens.

    Parameters
    ----------
    model : a model of Keras' functional or sequential kind that takes (batch, time) tokens, such as `MelodyLSTM`.
    tokens : one line, (time,).

    Returns
    -------
    One `LayerActivity` a recurrent layer, in the order of the data's way.

    Raises
    ------
    ValueError
        If the line is empty, or the model has no recurrent layer or one that cannot be followed.

    Examples
    --------
    >>> from musegen_edu.models.recurrent import MelodyGRU
    >>> first, second = gate_activations(MelodyGRU(9, embedding=4, units=6, depth=2), [1, 5, 7])
    >>> first.kind, sorted(first.gates), second.output.shape
    ('GRU', ['reset', 'update'], (3, 6))

    Lesson: 06 lstm_and_gru.
    """
    line = np.asarray(tokens, np.int32)
    if line.ndim != 1 or not len(line):
        raise ValueError(f"tokens has shape {line.shape}; it must be one line of at least one token")
    recurrent = [layer for layer in getattr(model, "layers", []) if type(layer).__name__ in LAYERS]
    inputs = getattr(model, "inputs", None) or []
    if not recurrent or len(inputs) != 1:
        raise ValueError(
            f"model={model!r} cannot be followed; it must be a functional or sequential model with one input and a SimpleRNN, LSTM or GRU layer"
        )
    for layer in recurrent:
        _checked_kind(layer)
    # training stays off, so that dropout lets everything through
    read = keras.Model(inputs[0], [layer.input for layer in recurrent])(line[None], training=False)
    return tuple(
        layer_activity(layer, keras.ops.convert_to_numpy(values)[0])
        for layer, values in zip(recurrent, read if isinstance(read, (list, tuple)) else [read], strict=True)
    )


def _checked_kind(layer: Any) -> str:
    kind = LAYERS.get(type(layer).__name__)
    if kind is None:
        raise ValueError(f"layer={layer!r} is a {type(layer).__name__}; it must be a SimpleRNN, LSTM or GRU")
    if layer.go_backwards:
        raise ValueError(f"layer {layer.name!r} reads backwards; its steps cannot be laid under the notes")
    found = [getattr(layer, name, default).__name__ for name, default in (("activation", np.tanh), ("recurrent_activation", _sigmoid))]  # fmt: skip
    if found[0] != "tanh" or found[1] not in ("sigmoid", "_sigmoid"):
        raise ValueError(
            f"layer {layer.name!r} has the activations {found}; only tanh, with sigmoid for gates, is known"
        )
    return kind


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), np.float64)  # never overflows


def _rnn(layer: Any, projected: Array, recurrent: Array) -> LayerActivity:
    h = np.zeros(recurrent.shape[0])
    output = np.empty_like(projected)  # (time, units)
    for t, incoming in enumerate(projected):
        output[t] = h = np.tanh(incoming + h @ recurrent)
    return LayerActivity(layer.name, "RNN", {}, output, output, output)


def _lstm(layer: Any, projected: Array, recurrent: Array) -> LayerActivity:
    units = recurrent.shape[0]
    h, c = np.zeros(units), np.zeros(units)
    kept = np.empty((6, len(projected), units))  # i, f, g, o, c, h
    for t, incoming in enumerate(projected):
        i, f, g, o = np.split(incoming + h @ recurrent, 4)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        kept[:, t] = i, f, g, o, c, h
    i, f, g, o, c, h = kept
    return LayerActivity(layer.name, "LSTM", {"forget": f, "input": i, "output": o}, g, c, h)


def _gru(layer: Any, x: Array, kernel: Array, recurrent: Array, bias: Array) -> LayerActivity:
    units = recurrent.shape[0]
    inner, outer = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))  # two biases with reset_after
    projected = x @ kernel + inner  # (time, 3 * units)
    h = np.zeros(units)
    kept = np.empty((4, len(x), units))  # z, r, g, h
    for t, incoming in enumerate(projected):
        z_in, r_in, g_in = np.split(incoming, 3)
        z_back, r_back, g_back = np.split(h @ recurrent + outer, 3)
        z, r = _sigmoid(z_in + z_back), _sigmoid(r_in + r_back)
        if not layer.reset_after:
            g_back = (r * h) @ recurrent[:, 2 * units :]
        g = np.tanh(g_in + (r * g_back if layer.reset_after else g_back))
        h = z * h + (1 - z) * g
        kept[:, t] = z, r, g, h
    z, r, g, h = kept
    return LayerActivity(layer.name, "GRU", {"update": z, "reset": r}, g, h, h)
