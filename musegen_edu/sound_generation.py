"""Notes written sample by sample by a `WaveNet`, with queues in place of all that has been: one compiled loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.audio import Audio
from musegen_edu.models.wavenet import WaveNet
from musegen_edu.mu_law import mu_law_to_audio
from musegen_edu.phases import asked_phases
from musegen_edu.quiet_keras import keras

ops = keras.ops

_LENGTH_UNIT = 1000  # samples: lengths are rounded up to multiples, so that few are compiled
MAX_SECONDS = 10.0


class SampleLoop(keras.Model):  # type: ignore[misc]  # Keras has no types
    """A model whose forward pass writes whole notes; compiled as `musegen_edu.compiled_loop.GenerationLoop` is.

    Parameters
    ----------
    model : whose layers it shares.
    """

    def __init__(self, model: WaveNet) -> None:
        super().__init__()
        self.model = model
        self.compile(jit_compile=keras.backend.backend() != "torch")

    def call(self, inputs: tuple[Any, ...]) -> Any:
        """Return levels (length, batch).

        `inputs`: dice (length, batch), even random numbers from 0 to 1; phases (batch, length); pitches and instruments (batch,); and, each
        of shape (1,), the number of samples to write and the temperature, 0 for the likeliest level each time.
        """
        dice, phases, pitches, instruments, limit, heat = inputs
        length, batch = ops.shape(dice)
        empty = ops.zeros((length, batch), dtype="int32")
        conditions = self.model.tell(phases, pitches, instruments, ops.zeros_like(instruments))
        conditions = ops.transpose(conditions, (1, 0, 2))  # (length, batch, condition_channels)

        def one_sample(i: Any, level: Any, written: Any, state: Any) -> tuple[Any, ...]:
            logits, state = self.model.step(level, ops.take(conditions, i, axis=0), i, state)
            level = drawn_levels(logits, heat[0], ops.take(dice, i, axis=0))
            return i + 1, level, ops.slice_update(written, (i, 0), level[None]), state

        silence = ops.full((batch,), self.model.n_levels // 2, dtype="int32")
        start = (ops.cast(0, "int32"), silence, empty, self.model.initial_state(batch))
        return ops.while_loop(lambda i, *_: i < limit[0], one_sample, start)[2]


def drawn_levels(logits: Any, heat: Any, dice: Any) -> Any:
    """Draw a level from each row of logits: the first at which the probabilities, added up, are above the throw.

    Parameters
    ----------
    logits : (batch, n_levels).
    heat : the temperature; 0 for the likeliest level.
    dice : (batch,), even random numbers from 0 up to 1.

    Returns
    -------
    (batch,), int32.
    """
    weights = ops.softmax(logits / ops.where(heat > 0, heat, 1.0), axis=-1)
    reached = ops.cumsum(weights, axis=-1)
    below = ops.cast(reached <= dice[:, None] * reached[:, -1:], "int32")
    drawn = ops.minimum(ops.sum(below, axis=-1), logits.shape[-1] - 1)
    return ops.cast(ops.where(heat > 0, drawn, ops.cast(ops.argmax(logits, axis=-1), drawn.dtype)), "int32")


def generate_audio(
    model: WaveNet,
    pitches: Sequence[float] | npt.NDArray[Any],
    instruments: Sequence[str | int] | npt.NDArray[np.integer[Any]],
    *,
    seconds: float = 1.0,
    temperature: float = 1.0,
    seed: int,
) -> Audio:
    """Write notes with a WaveNet, all side by side, each sample drawn from what the network says after those before it.

    The loop over the samples is compiled once for each number of notes and each started 1,000 samples, on TensorFlow and JAX; on PyTorch
    it runs as plain Python. A note depends on the seed and its place among the notes alone; the random numbers come from
    `numpy.random.default_rng`, so the same seed gives the same note on each backend, but for logits that differ in their last digits.

    Parameters
    ----------
    model : the network.
    pitches : MIDI numbers, 0 to 127, one for each note; 60.5 is a quarter tone above middle C.
    instruments : for each note a name from `model.instruments`, or its number there.
    seconds : length of each note, up to 10. The shipped network has heard one second of each note and knows nothing of more.
    temperature : 1 draws as the network says; less is purer and plainer; 0 takes the likeliest level each time.
    seed : 0 or more.

    Returns
    -------
    (n, n_samples) float32, -1 to 1, at `model.sample_rate`.

    Raises
    ------
    ValueError
        If an argument is out of range, an instrument unknown, or there are not as many instruments as pitches.

    Examples
    --------
    >>> model = WaveNet(["Harp", "Clarinet"], stacks=1, depth=2, channels=2, skip_channels=2)  # knows nothing yet
    >>> generate_audio(model, [60, 64], ["Harp", "Clarinet"], seconds=0.005, seed=0).shape
    (2, 40)

    References
    ----------
    Le Paine et al., "Fast WaveNet generation algorithm", 2016 (the queues).
    Lesson: 07 convolutional_networks.
    """
    keys, kinds = _checked_notes(model, pitches, instruments)
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError(f"seconds={seconds} must be above 0 and at most {MAX_SECONDS:g}")
    if temperature < 0:
        raise ValueError(f"temperature={temperature} must be 0 or more")
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    n_samples = max(1, round(seconds * model.sample_rate))
    length = -(-n_samples // _LENGTH_UNIT) * _LENGTH_UNIT
    dice = np.zeros((length, len(keys)), np.float32)
    for row in range(len(keys)):  # a stream of its own for each note
        dice[:n_samples, row] = np.random.default_rng([seed, row]).random(n_samples, np.float32)

    loop = getattr(model, "_generation_loop", None)
    if loop is None:
        loop = SampleLoop(model)
        # past Keras' own __setattr__: the loop holds the model, and a tracked loop would make the model contain itself
        object.__setattr__(model, "_generation_loop", loop)
    settings = (np.array([n_samples], np.int32), np.array([temperature], np.float32))
    phases = asked_phases(keys, length, model.sample_rate)
    levels = loop.predict_on_batch((dice, phases, keys, kinds, *settings))
    return mu_law_to_audio(np.asarray(levels)[:n_samples].T, model.n_levels)


def _checked_notes(
    model: WaveNet, pitches: Any, instruments: Any
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    if len(pitches) == 0 or len(pitches) != len(instruments):
        raise ValueError(
            f"pitches has {len(pitches)} entries and instruments {len(instruments)}; give one of each for every note"
        )
    keys = np.asarray(pitches)
    if keys.ndim != 1 or keys.dtype.kind not in "iuf" or not 0 <= keys.min() <= keys.max() <= 127:
        raise ValueError(f"pitches={pitches!r} must be a line of MIDI numbers, 0 to 127")
    kinds = []
    for name in instruments:
        number = model.instruments.index(name) if name in model.instruments else name
        if isinstance(number, str) or not 0 <= number < len(model.instruments):
            raise ValueError(f"instruments holds {name!r}; this network knows {', '.join(model.instruments)}")
        kinds.append(int(number))
    return keys.astype(np.float32), np.array(kinds, np.int32)
