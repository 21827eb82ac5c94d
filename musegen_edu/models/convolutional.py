"""ChoraleInpainter: a convolutional network that looks at a chorale with holes and says what might stand in them."""

from __future__ import annotations

from typing import Any

from musegen_edu.models.argument_checks import check_dropout, check_sizes
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.chorale_codec import VOICES
from musegen_edu.tokens.chorale_grid import GRID_COLUMNS, HIDDEN, N_GRID_COLUMNS, N_SOUNDS, UNKNOWN

layers, ops = keras.layers, keras.ops

_N_VOICES = len(VOICES)


class ChoraleInpainter(keras.Model):
    """A masked convolution over four voices x time x pitch: from the notes that are there to those that are missing.

    The input is a grid of sixteenths (`musegen_edu.tokens.chorale_grid`) in which some cells are hidden. The network makes pictures of
    it, twelve for each moment and pitch: for each voice where it sounds, where it strikes a note, and where it is hidden. A convolution over
    time and pitch looks for figures in these pictures, whatever their pitch and place. What it finds at one moment is
    gathered over all pitches, and dilated convolutions over time carry it from moment to moment: one block reaches 1 sixteenth in each direction,
    the next 2, then 4, 8, 16, and again from 1. Nothing is causal: the network reads what comes before the hole and what comes after it.

    For each cell it returns a logit a sound, as if all hidden cells were independent once the others are known. They are not, which is
    why `musegen_edu.gibbs` draws them in many small steps. One more logit says how likely it is that a cell that has the pitch of the
    cell before strikes it again.

    Called on integers of shape (batch, time, 13), it returns logits of shape (batch, time, 4, n_sounds + 1).

    Parameters
    ----------
    n_sounds : what a cell can hold: a rest, and the pitches.
    filters : how many kinds of figure the convolution over time and pitch looks for.
    kernel : its size in sixteenths and semitones; both odd.
    channels : width of the convolutions over time.
    dilations : their reaches in sixteenths, one a block.
    dropout : share of values set to zero while training, 0 to 1.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Examples
    --------
    >>> model = ChoraleInpainter(filters=4, channels=8, dilations=(1, 2))
    >>> model.reach
    4
    >>> model.compute_output_shape((1, 64, 13))
    (1, 64, 4, 61)

    References
    ----------
    Huang, Cooijmans, Roberts, Courville and Eck, "Counterpoint by convolution", ISMIR 2017 (Coconet), hides cells at random and
    convolves over time and pitch through 64 layers. What differs here: few layers, with dilation; pitches are gathered after the first layer; the
    music is read in C, with its mode, meter, place in the bar and (where known) fermatas beside it; and a cell knows struck from held.
    Lesson: 07 convolutional_networks.
    """

    def __init__(
        self,
        *,
        n_sounds: int = N_SOUNDS,
        filters: int = 16,
        kernel: tuple[int, int] = (3, 5),
        channels: int = 192,
        dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 1, 2, 4, 8, 16),
        dropout: float = 0.1,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        sizes = {"n_sounds": n_sounds, "filters": filters, "channels": channels}
        if n_sounds < 2:
            raise ValueError(f"n_sounds={n_sounds} must be at least 2")
        check_sizes(**sizes)
        if len(kernel) != 2 or min(kernel) < 1 or not all(size % 2 for size in kernel):
            raise ValueError(f"kernel={kernel!r} must be two odd numbers, sixteenths and semitones")
        if len(dilations) == 0 or min(dilations) < 1:
            raise ValueError(f"dilations={dilations!r} must be numbers of at least 1, one a block")
        check_dropout(dropout=dropout)

        # ---- layers ----
        seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # every layer that draws numbers gets one of its own
        he, glorot = keras.initializers.HeNormal, keras.initializers.GlorotUniform
        look = layers.Conv2D(
            filters, kernel, padding="same", activation="relu", kernel_initializer=he(seed=next(seeds)), name="look"
        )
        gather = layers.Dense(channels, use_bias=False, kernel_initializer=glorot(seed=next(seeds)), name="gather")
        read_plan = PlanColumns(channels, seed=next(seeds), name="plan")
        blocks = [
            TimeBlock(channels, dilation, dropout, seed=next(seeds), name=f"block_{number}")
            for number, dilation in enumerate(dilations)
        ]
        last = layers.LayerNormalization(name="last_norm")
        head = layers.Dense(_N_VOICES * (n_sounds + 1), kernel_initializer=glorot(seed=next(seeds)), name="logits")

        # ---- functional graph ----
        grid = keras.Input((None, N_GRID_COLUMNS), dtype="int32", name="grid")  # (batch, time, 13)
        inside = ops.cast(grid[:, :, 2 * _N_VOICES, None] > 0, "float32")  # (batch, time, 1): 0 beyond the music's ends
        roll = GridPictures(n_sounds, name="pictures")(grid)  # (batch, time, n_sounds - 1, 12)
        seen = look(roll)  # (batch, time, n_sounds - 1, filters)
        flat = layers.Reshape((-1, (n_sounds - 1) * filters), name="flatten")(seen)
        x = gather(flat) + read_plan(grid[:, :, 2 * _N_VOICES :])  # (batch, time, channels)
        for block in blocks:
            x = block(x, inside)
        logits = layers.Reshape((-1, _N_VOICES, n_sounds + 1), name="by_voice")(head(last(x)))
        super().__init__(grid, logits, name=name)

        # ---- config ----
        self.n_sounds = n_sounds
        self.reach = sum(dilations) + kernel[0] // 2  # sixteenths that a cell looks back, and as many ahead
        self._arguments = {
            **sizes,
            "kernel": list(kernel),
            "dilations": list(dilations),
            "dropout": dropout,
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
        """Return the mean cross-entropy in nats over the hidden cells of each crop, averaged over the crops.

        So a crop with few holes counts as much as one that is all hidden, as in an orderless NADE (Uria, Murray and Larochelle, "A deep
        and tractable density estimator", ICML 2014). `y`, (batch, time, 8), holds the sounds of the hidden cells, and whether they
        strike where they have the pitch before; `HIDDEN` and `UNKNOWN` (0) are not told.
        """
        sounds, strikes = y[..., :_N_VOICES], y[..., _N_VOICES:]  # (batch, time, 4) each
        hidden = ops.cast(ops.not_equal(sounds, HIDDEN), "float32")
        asked = ops.cast(ops.not_equal(strikes, UNKNOWN), "float32")
        log_p = ops.log_softmax(ops.cast(y_pred[..., : self.n_sounds], "float32"), axis=-1)
        chosen = ops.one_hot(sounds - 1, self.n_sounds)  # all zeros where nothing is hidden
        sound_losses = -ops.sum(log_p * chosen, axis=-1)
        struck = ops.cast(ops.equal(strikes, 2), "float32")
        strike_losses = ops.binary_crossentropy(
            struck, ops.cast(y_pred[..., self.n_sounds], "float32"), from_logits=True
        )
        by_crop = ops.sum(sound_losses * hidden + strike_losses * asked, axis=(1, 2))
        return ops.mean(by_crop / ops.maximum(ops.sum(hidden, axis=(1, 2)), 1.0))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> ChoraleInpainter:
        """Make a model from what `get_config` returned."""
        return cls(**config)


class GridPictures(keras.layers.Layer):
    """A grid as pictures over time and pitch, three for each voice: where it sounds, where it strikes, and where it is hidden.

    A rest is a moment with no pitch and nothing hidden. The hidden pictures are filled over all pitches, as in Coconet.
    """

    def __init__(self, n_sounds: int, **options: Any) -> None:
        super().__init__(**options)
        self.n_sounds = n_sounds

    def call(self, grid: Any) -> Any:
        """Return (batch, time, n_sounds - 1, 12) from (batch, time, 13)."""
        sounds, strikes = grid[..., :_N_VOICES], grid[..., _N_VOICES : 2 * _N_VOICES]  # (batch, time, 4)
        inside = grid[..., 2 * _N_VOICES, None] > 0
        sounding = ops.one_hot(sounds - 2, self.n_sounds - 1)  # (batch, time, 4, pitches); hidden and rest: all zeros
        struck = sounding * ops.cast(ops.equal(strikes, 2), "float32")[..., None]
        hidden = ops.cast(ops.logical_and(ops.equal(sounds, HIDDEN), inside), "float32")[..., None]
        pictures = ops.concatenate([sounding, struck, hidden * ops.ones_like(sounding)], axis=2)
        return ops.transpose(pictures, (0, 1, 3, 2))


class PlanColumns(keras.layers.Layer):
    """The columns beside the voices as one vector: an embedding for each, added up."""

    def __init__(self, length: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.columns = [
            layers.Embedding(
                n_values,
                length,
                embeddings_initializer=keras.initializers.RandomUniform(-0.1, 0.1, seed=seed + 100 * i),
                name=name,
            )
            for i, (name, n_values) in enumerate(GRID_COLUMNS.items())
        ]

    def call(self, plan: Any) -> Any:
        """Return (..., length) from the columns, (..., 5)."""
        return sum(column(plan[..., i]) for i, column in enumerate(self.columns))


class TimeBlock(keras.layers.Layer):
    """A convolution over three moments, `dilation` sixteenths apart, whose finding is added to what came in."""

    def __init__(self, channels: int, dilation: int, dropout: float, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        he = keras.initializers.HeNormal
        self.norm = layers.LayerNormalization(name="norm")
        self.convolve = layers.Conv1D(
            channels,
            3,
            padding="same",
            dilation_rate=dilation,
            activation="relu",
            kernel_initializer=he(seed=seed),
            name="convolve",
        )
        self.drop = layers.Dropout(dropout, seed=seed)
        self.mix = layers.Dense(channels, kernel_initializer="zeros", name="mix")  # at first a block changes nothing

    def call(self, x: Any, inside: Any, training: bool = False) -> Any:
        """Return (batch, time, channels) from the same, and 1 where music is, (batch, time, 1), else 0."""
        # zeros beyond the ends, whether an array ends there or is filled up
        return x + self.mix(self.drop(self.convolve(self.norm(x) * inside), training=training))
