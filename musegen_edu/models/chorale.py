"""ChoraleLSTM: first the melody, then bass, alto and tenor under it, a sixteenth at a time."""

from __future__ import annotations

from typing import Any

from musegen_edu.models.argument_checks import check_dropout, check_sizes
from musegen_edu.quiet_keras import keras
from musegen_edu.tokens.chorale_codec import HOLD, N_COLUMNS, N_SYMBOLS, PLAN_COLUMNS
from musegen_edu.tokens.vocabulary import PAD

layers, ops = keras.layers, keras.ops
State = tuple[Any, Any]  # h and c, (batch, units) each

SOPRANO, ALTO, TENOR, BASS = range(4)
HARMONY_ORDER = (BASS, ALTO, TENOR)  # in which the lower voices are chosen at each step


class ChoraleLSTM(keras.Model):
    """Two recurrent networks: one invents a soprano, the other hears all of it and sets the lower voices under it.

    The probability of a chorale is p(soprano) x p(bass, alto, tenor | soprano). The soprano is told from its own past and the plan
    (bar, fermatas, key). The other voices are told from the whole soprano, which an LSTM reads in both directions, from their
    own past, and at each step from each other, in the order bass, alto, tenor. So drawing from it step by step is exact, both
    from nothing and for a given soprano.

    Called on tables of `ChoraleCodec`, integers of shape (batch, time, 15), it returns logits of shape (batch, time, 4, 62): for each
    voice at each step, given all that comes before it in this order. `musegen_edu.chorale_loop` draws from it.

    Parameters
    ----------
    embedding : length of a symbol's vector.
    soprano_units : width of the LSTM that invents sopranos.
    reader_units : width, in each direction, of the LSTM that reads the soprano.
    units : width of the LSTM that sets the lower voices.
    hidden : width of the layer before each voice's logits.
    dropout : share of values set to zero while training, 0 to 1.
    seed : of the initial weights and of dropout.
    name : of the model, as Keras shows it.

    Examples
    --------
    >>> model = ChoraleLSTM(soprano_units=4, reader_units=4, units=8, hidden=8)
    >>> model.count_params()
    13268

    References
    ----------
    Liang, Gotham, Johnson and Shotton, "Automatic stylistic composition of Bach chorales with deep LSTM", ISMIR 2017 (BachBot), tells
    all voices in one line; the bidirectional reading of a given melody is that of Hadjeres, Pachet and Nielsen, "DeepBach", ICML
    2017, made exact by leaving the future of the other voices out.
    Lesson: 06 lstm_and_gru.
    """

    def __init__(
        self,
        *,
        embedding: int = 24,
        soprano_units: int = 128,
        reader_units: int = 96,
        units: int = 192,
        hidden: int = 128,
        dropout: float = 0.3,
        seed: int = 0,
        name: str | None = None,
    ) -> None:
        sizes = {
            "embedding": embedding,
            "soprano_units": soprano_units,
            "reader_units": reader_units,
            "units": units,
            "hidden": hidden,
        }
        check_sizes(**sizes)
        check_dropout(dropout=dropout)

        # ---- layers ----
        seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # every layer that draws numbers gets one of its own
        hear = VoiceHearing(embedding, seed=next(seeds), name="hear")
        read_plan = PlanReading(4, seed=next(seeds), name="plan")
        invent = _lstm(soprano_units, seeds, "soprano_lstm")
        reader = layers.Bidirectional(
            _lstm(reader_units, seeds, "forwards"),
            backward_layer=_lstm(reader_units, seeds, "backwards", go_backwards=True),
            name="reader",
        )
        accompany = _lstm(units, seeds, "harmony_lstm")
        heads = [VoiceHead(hidden, dropout, seed=next(seeds), name=f"head_{voice}") for voice in range(4)]
        drops = [layers.Dropout(dropout, seed=next(seeds), name=f"dropout_{i}") for i in range(3)]

        # ---- functional graph ----
        table = keras.Input((None, N_COLUMNS), dtype="int32", name="table")  # (batch, time, 15)
        real = ops.not_equal(table[:, :, SOPRANO], PAD)  # (batch, time): False behind the end of a shorter chorale
        plan = read_plan(table[:, :, 8:])  # (batch, time, 28)
        heard = [
            hear(table[:, :, voice], table[:, :, 4 + voice]) for voice in range(4)
        ]  # (batch, time, embedding) each
        before = [
            ops.pad(voice[:, :-1], [[0, 0], [1, 0], [0, 0]]) for voice in heard
        ]  # one step late; silence at first

        x = drops[0](invent(ops.concatenate([before[SOPRANO], plan], axis=-1)))
        logits = {SOPRANO: heads[SOPRANO](ops.concatenate([x, before[SOPRANO], plan], axis=-1))}
        whole = reader(ops.concatenate([heard[SOPRANO], plan], axis=-1), mask=real)  # (batch, time, 2 reader_units)
        past = [before[voice] for voice in HARMONY_ORDER]
        x = drops[2](accompany(ops.concatenate([drops[1](whole), *past], axis=-1)))  # (batch, time, units)
        known = [x, heard[SOPRANO], *past]
        for voice in HARMONY_ORDER:
            logits[voice] = heads[voice](ops.concatenate(known, axis=-1))
            known.append(heard[voice])
        super().__init__(table, ops.stack([logits[voice] for voice in range(4)], axis=2), name=name)

        # ---- config ----
        self.hear, self.read_plan, self.invent, self.reader = hear, read_plan, invent, reader
        self.accompany, self.heads = accompany, heads
        self._arguments = {**sizes, "dropout": dropout, "seed": seed}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy in nats over the targets, (batch, time, 4), that are not padding."""
        losses = ops.sparse_categorical_crossentropy(y, y_pred, from_logits=True)
        real = ops.cast(ops.not_equal(y, PAD), losses.dtype)
        return ops.sum(losses * real) / ops.maximum(ops.sum(real), 1.0)

    def initial_state(self, batch: int, part: str) -> State:
        """Return the state of the `"soprano"` or the `"harmony"` network before the first step: zeros."""
        units = {"soprano": self.invent.units, "harmony": self.accompany.units}[part]
        return ops.zeros((batch, units)), ops.zeros((batch, units))

    def soprano_step(self, before: Any, plan: Any, state: State) -> tuple[Any, State]:
        """Return the soprano's logits, (batch, N_SYMBOLS), from what it sang before (batch, embedding) and the plan (batch, 28)."""
        x, (h, c) = self.invent.cell(ops.concatenate([before, plan], axis=-1), list(state))
        return self.heads[SOPRANO](ops.concatenate([x, before, plan], axis=-1)), (h, c)

    def read_soprano(self, soprano: Any, plan: Any, real: Any) -> Any:
        """Return what the reader makes of a whole soprano: (batch, time, 2 reader_units).

        `soprano` is heard (batch, time, embedding), `plan` read (batch, time, 28), `real` (batch, time) is True where music is.
        """
        return self.reader(ops.concatenate([soprano, plan], axis=-1), mask=real)

    def harmony_step(self, whole: Any, past: list[Any], state: State) -> tuple[Any, State]:
        """Return the harmony network's output, (batch, units), for one step: the heads of the three voices start from it.

        `whole` is the reader's output at this step, `past` what bass, alto and tenor sang before, (batch, embedding) each.
        """
        x, (h, c) = self.accompany.cell(ops.concatenate([whole, *past], axis=-1), list(state))
        return x, (h, c)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(self._arguments)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> ChoraleLSTM:
        """Make a model from what `get_config` returned."""
        return cls(**config)


class VoiceHearing(keras.layers.Layer):
    """What a voice sings at a step as a vector: one for the pitch that sounds, plus one where it begins just now.

    All four voices share it, so the network need not learn four times what a pitch is.
    """

    def __init__(self, length: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        draw = keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)
        self.sound = layers.Embedding(N_SYMBOLS, length, embeddings_initializer=draw, name="sound")
        self.onset = layers.Embedding(2, length, embeddings_initializer="zeros", name="onset")

    def call(self, symbols: Any, sounding: Any) -> Any:
        """Return (..., length) from two integer tensors of the same shape: the symbols, and the pitches that sound."""
        return self.sound(sounding) + self.onset(ops.cast(ops.not_equal(symbols, HOLD), "int32"))


class PlanReading(keras.layers.Layer):
    """The columns of the plan as one vector: a small embedding for each, side by side."""

    def __init__(self, length: int, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.columns = [
            layers.Embedding(
                n_values,
                length,
                embeddings_initializer=keras.initializers.RandomUniform(-0.5, 0.5, seed=seed + 100 * i),
                name=name,
            )
            for i, (name, n_values) in enumerate(PLAN_COLUMNS.items())
        ]

    def call(self, plan: Any) -> Any:
        """Return (..., 7 lengths) from the plan's columns, (..., 7)."""
        return ops.concatenate([column(plan[..., i]) for i, column in enumerate(self.columns)], axis=-1)


class VoiceHead(keras.layers.Layer):
    """One hidden layer, and a logit a symbol."""

    def __init__(self, hidden: int, dropout: float, *, seed: int, **options: Any) -> None:
        super().__init__(**options)
        glorot = keras.initializers.GlorotUniform
        self.hidden = layers.Dense(hidden, "relu", kernel_initializer=glorot(seed=seed), name="hidden")
        self.drop = layers.Dropout(dropout, seed=seed)
        self.logits = layers.Dense(N_SYMBOLS, kernel_initializer=glorot(seed=seed + 1), name="logits")

    def call(self, x: Any, training: bool = False) -> Any:
        """Return logits, (..., N_SYMBOLS)."""
        return self.logits(self.drop(self.hidden(x), training=training))


def _lstm(units: int, seeds: Any, name: str, **options: Any) -> Any:
    return layers.LSTM(
        units,
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
        name=name,
        **options,
    )
