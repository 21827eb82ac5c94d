"""Layers of a variational autoencoder of tunes: hearing symbols, drawing the code, hiding the past."""

from __future__ import annotations

from typing import Any

from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.four_bar_codec import HOLD, N_SYMBOLS, REST

layers, ops = keras.layers, keras.ops


class Listening(keras.layers.Layer):
    """Symbols as vectors: one for the pitch that sounds (or silence), plus one where it begins just now."""

    def __init__(self, length: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        draw = keras.initializers.RandomUniform(-0.3, 0.3, seed=seed)
        self.sound = layers.Embedding(N_SYMBOLS, length, embeddings_initializer=draw, name="sound")
        self.onset = layers.Embedding(2, length, embeddings_initializer=draw, name="onset")

    def call(self, symbols: Any) -> Any:
        """Return (n, time, length) from symbols (n, time): each step hears the latest symbol that is no hold."""
        places = ops.arange(symbols.shape[1])
        begins = ops.where(symbols == HOLD, -1, places)  # (n, time): the step itself where something begins there
        past = ops.where(places[None, :] <= places[:, None], begins[:, None, :], -1)  # (n, time, time)
        latest = ops.max(past, axis=2)  # (n, time); -1 where nothing has begun yet
        sounding = ops.where(latest < 0, REST, ops.take_along_axis(symbols, ops.maximum(latest, 0), axis=1))
        return self.one_step(sounding, symbols)

    def one_step(self, sounding: Any, symbols: Any) -> Any:
        """Return (..., length) from what sounds and the symbols, integers of the same shape."""
        return self.sound(sounding) + self.onset(ops.cast(symbols != HOLD, "int32"))


class LatentDraw(keras.layers.Layer):
    """The reparameterisation: z = mean + exp(log_variance / 2) * e, with e drawn from a standard normal distribution.

    It also keeps the schedule of the KL term: `warmth` grows from 0 to 1 in the first `warm_up` training steps.
    """

    def __init__(self, warm_up: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.step = 1.0 if warm_up == 0 else 1.0 / warm_up
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.warmth = self.add_weight(shape=(), initializer="zeros", trainable=False, name="warmth")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return z, (n, latent), from mean and log variance; the mean itself where nothing is trained."""
        mean, log_variance = inputs
        if not training:
            return mean
        self.warmth.assign(ops.minimum(self.warmth + self.step, 1.0))
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


class WordDropout(keras.layers.Layer):
    """While training, hides whole steps: the vector of a step is set to zero, or left exactly as it is."""

    def __init__(self, rate: float, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x: Any, training: bool = False) -> Any:
        """Return x, (n, time, length), with a share `rate` of the steps at zero."""
        if not training or self.rate == 0:
            return x
        drawn = keras.random.uniform((ops.shape(x)[0], x.shape[1], 1), seed=self.seed_generator)
        return ops.where(drawn < self.rate, 0.0, x)
