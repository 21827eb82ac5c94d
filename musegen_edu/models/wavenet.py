"""WaveNet: sound written sample by sample, by causal convolutions whose taps lie ever further apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from musegen_edu.models.argument_checks import check_sizes
from musegen_edu.models.dilated import CausalPair, GatedBlock, glorot
from musegen_edu.models.note_conditions import LevelReading, NoteConditions
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops
State = tuple[Any, ...]  # a queue for each convolution: (dilation, batch, channels)

NOT_TOLD = 0  # among targets: a place that does not count


class WaveNet(keras.Model):
    """A network that tells each sample of a note, one of 256 mu-law levels, from the samples before it and the note asked for.

    Two taps make a convolution: the value now and the value `dilation` samples ago. With dilations 1, 2, 4, 8 ... the network sees
    twice as far with each layer. Each layer has two outputs that meet, tanh(a) * sigmoid(b); a part of it is added to what came
    in (residual) and a part goes straight to the end (skip), where all layers' parts are added up and become logits.

    Called on a dict with `levels` and `phase` (batch, time) and `pitch`, `instrument` and `start` (batch,), it returns logits (batch,
    time, n_levels): at each place for that same sample, told from the levels before it. `phase` says how many periods of the fundamental
    have gone by, modulo 1; `pitch` is a MIDI number, which may lie between two keys; `start` is the number, within the note, of the first
    sample: 0 for its onset. `musegen_edu.note_crops` makes such inputs, `musegen_edu.sound_generation` writes with the network.

    Three things differ from the paper. This network is small. It is helped to its pitch: the paper's speech was conditioned on the
    logarithm of F0 (the fundamental's frequency) and on the text, while this one is given sines of the asked note, the fundamental and
    three harmonics. And it is told the time since the note began and was released, as notes die away.

    Parameters
    ----------
    instruments : their names; `instrument` counts from 0 along them.
    sample_rate : Hz.
    n_levels : of the mu-law, even.
    stacks : how often the row of dilations is run through.
    depth : layers a stack; their dilations are 1, 2, 4 ... 2 ** (depth - 1).
    channels : width of the residual way.
    skip_channels : width of the skip way.
    condition_channels : numbers that tell each layer about the note at a sample.
    held_seconds : how long notes are held before they are released.
    seed : of the initial weights.
    name : of the model, as Keras shows it.

    Raises
    ------
    ValueError
        If a size is below 1, `n_levels` odd, or `instruments` empty or not without repeats.

    Examples
    --------
    >>> model = WaveNet(["Harp"], stacks=2, depth=8, channels=4, skip_channels=8)
    >>> model.dilations[:8], model.receptive_field
    ((1, 2, 4, 8, 16, 32, 64, 128), 512)

    References
    ----------
    van den Oord et al., "WaveNet: a generative model for raw audio", 2016. A sine of the asked pitch as input: Wang, Takaki and
    Yamagishi, "Neural source-filter-based waveform model for statistical parametric speech synthesis", ICASSP 2019.
    Lesson: 07 convolutional_networks.
    """

    gains_from_xla = (
        True  # `fit` on TensorFlow: 91,000 samples a CPU second against 48,000 (measured), for 10 more to compile
    )

    def __init__(
        self,
        instruments: Sequence[str],
        *,
        sample_rate: int = 8000,
        n_levels: int = 256,
        stacks: int = 2,
        depth: int = 8,
        channels: int = 32,
        skip_channels: int = 64,
        condition_channels: int = 24,
        held_seconds: float = 0.75,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        sizes = {
            "sample_rate": sample_rate,
            "stacks": stacks,
            "depth": depth,
            "channels": channels,
            "skip_channels": skip_channels,
            "condition_channels": condition_channels,
        }
        check_sizes(**sizes)
        if n_levels < 2 or n_levels % 2:
            raise ValueError(f"n_levels={n_levels} must be an even number, at least 2")
        if len(instruments) == 0 or len(set(instruments)) < len(instruments):
            raise ValueError(f"instruments={list(instruments)} must be at least one name, and none twice")
        if not held_seconds > 0:
            raise ValueError(f"held_seconds={held_seconds} must be above 0")

        # ---- layers ----
        seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # every layer that draws numbers gets one of its own
        tell = NoteConditions(
            len(instruments), condition_channels, sample_rate, held_seconds, seed=next(seeds), name="conditions"
        )
        hear = LevelReading(n_levels, name="hear")
        enter = CausalPair(channels, 1, seed=next(seeds), name="enter")
        blocks = [
            GatedBlock(channels, skip_channels, 2**i, seed=next(seeds), name=f"stack_{stack + 1}_dilation_{2**i}")
            for stack in range(stacks)
            for i in range(depth)
        ]
        hidden = layers.Dense(skip_channels, kernel_initializer=glorot(next(seeds)), name="hidden")
        head = layers.Dense(n_levels, kernel_initializer=glorot(next(seeds)), name="logits")

        # ---- functional graph ----
        levels = keras.Input((None,), dtype="int32", name="levels")  # (batch, time)
        note = {part: keras.Input((), dtype="int32", name=part) for part in ("instrument", "start")}
        note |= {"phase": keras.Input((None,), name="phase"), "pitch": keras.Input((), name="pitch")}
        # one sample late, silence at first: what is told at a place must not see it
        late = ops.pad(levels[:, :-1], [[0, 0], [1, 0]], constant_values=n_levels // 2)
        conditions = tell(
            *(note[part] for part in ("phase", "pitch", "instrument", "start"))
        )  # (batch, time, conditions)
        x = enter(hear(late))  # (batch, time, channels)
        skip = 0.0
        for block in blocks:
            x, part = block(x, conditions)  # (batch, time, channels), (batch, time, skip_channels)
            skip = skip + part
        logits = head(ops.relu(hidden(ops.relu(skip))))  # (batch, time, n_levels)
        super().__init__({"levels": levels, **note}, logits, name=name)

        # ---- config ----
        self.tell, self.hear, self.enter, self.blocks, self.hidden, self.head = tell, hear, enter, blocks, hidden, head
        self.instruments, self.sample_rate, self.n_levels = tuple(instruments), sample_rate, n_levels
        self.dilations = tuple(block.dilation for block in blocks)
        # of the samples before: one by itself, and each pair of taps reaches one dilation further back
        self.receptive_field = 1 + enter.dilation + sum(self.dilations)
        self._arguments = {
            "instruments": list(instruments),
            **sizes,
            "n_levels": n_levels,
            "held_seconds": held_seconds,
            "seed": seed,
        }

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy in nats a sample; targets are levels + 1, and `NOT_TOLD` does not count."""
        told = ops.not_equal(y, NOT_TOLD)
        losses = ops.sparse_categorical_crossentropy(ops.where(told, y - 1, 0), y_pred, from_logits=True)
        counts = ops.cast(told, losses.dtype)
        return ops.sum(losses * counts) / ops.maximum(ops.sum(counts), 1.0)

    def initial_state(self, batch: Any) -> State:
        """Return empty queues: (1, batch, 2) for the entrance, (dilation, batch, channels) for each block."""
        width = self._arguments["channels"]
        return (ops.zeros((1, batch, 2)), *(ops.zeros((dilation, batch, width)) for dilation in self.dilations))

    def step(self, level: Any, conditions: Any, i: Any, state: State) -> tuple[Any, State]:
        """Tell one sample of each note of a batch, with work that grows with the layers and not with how far they see.

        Parameters
        ----------
        level : the sample before, integers (batch,); n_levels / 2 before the first.
        conditions : what `tell` gives for this sample, (batch, condition_channels).
        i : the number of the sample, a whole number that grows by one with each step: says which place of each queue is the oldest.
        state : what `initial_state` or the last `step` returned.

        Returns
        -------
        Logits (batch, n_levels) and the new state.
        """
        x, queue = self.enter.step(self.hear(level), i, state[0])
        queues, skip = [queue], 0.0
        for block, queue in zip(self.blocks, state[1:], strict=True):
            x, part, queue = block.step(x, conditions, i, queue)
            queues.append(queue)
            skip = skip + part
        return self.head(ops.relu(self.hidden(ops.relu(skip)))), tuple(queues)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Make a model from what `get_config` returned."""
        return cls(**config)
