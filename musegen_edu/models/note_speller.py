"""The two halves of ChordSpeller: what is read of a chord, and how the next one is spelled."""

from __future__ import annotations

from typing import Any

from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops

_NEVER = -1e9  # the logit of what cannot come: its probability is exactly 0


class FrameFeatures(keras.layers.Layer):
    """What the LSTM over the frames reads of a chord: its keys, its pitch classes, and a vector for each note by its place.

    Parameters
    ----------
    n_keys : number of keys.
    voices : how many notes from the top get a vector by their place: what the second note from the top does is another
        thing than what the lowest does.
    width : length of these vectors; those of a chord are added up.
    seed : of the vectors.

    Lesson: 06 lstm_and_gru.
    """

    def __init__(self, n_keys: int, voices: int, width: int, *, seed: int = 0, name: str | None = None) -> None:
        super().__init__(name=name)
        self.n_keys, self.voices = n_keys, voices
        self.embed = layers.Embedding(
            voices * (n_keys + 1),
            width,
            embeddings_initializer=keras.initializers.RandomUniform(seed=seed),
            name="voices",
        )

    def call(self, spelling: Any) -> Any:
        """Return the features of chords spelled (batch, time, places): (batch, time, n_keys + 12 + width)."""
        keys = ops.one_hot(spelling, self.n_keys + 1)[..., : self.n_keys]  # (batch, time, places, n_keys)
        roll = ops.sum(keys, axis=2)  # (batch, time, n_keys)
        to_class = ops.one_hot(ops.arange(self.n_keys) % 12, 12)  # (n_keys, 12)
        # the first `voices` places; a shorter word is filled up with end signs
        filled = ops.pad(spelling, [[0, 0], [0, 0], [0, self.voices]], constant_values=self.n_keys)
        rows = ops.maximum(filled[..., : self.voices], 0) + ops.arange(self.voices) * (self.n_keys + 1)
        return ops.concatenate([roll, ops.matmul(roll, to_class), ops.sum(self.embed(rows), axis=2)], axis=-1)


class NoteSpeller(keras.layers.Layer):
    """Spells the chord of each frame: an LSTM over its notes, from the top down, that begins in what the frame's context says.

    Three things speak for the next sign, and their logits are added: how likely each key is by itself, how likely each
    move is away from the note that held the same place in the frame before (transposed music moves alike, so this is learnt once
    for all keys), and what the rules of spelling allow: only keys below the last one, or the end sign, and after the end nothing
    but the end.

    Parameters
    ----------
    n_keys : number of keys.
    units : width of the LSTM.
    embedding : length of the vectors that say which note stands above, how far it is from the note above itself, and how far
        from the note that this place had in the frame before.
    dropout : share of the LSTM's outputs set to zero while training.
    span : the largest move, in semitones, that is told apart from larger ones.
    seed : of the weights and of dropout.

    Lesson: 06 lstm_and_gru.
    """

    def __init__(
        self, n_keys: int, units: int, embedding: int, dropout: float, *, span: int = 24, seed: int = 0, name: str | None = None
    ) -> None:  # fmt: skip
        super().__init__(name=name)
        self.n_keys, self.span = n_keys, span

        def embed(rows: int, number: int, name: str) -> Any:
            initializer = keras.initializers.RandomUniform(seed=seed + number)
            return layers.Embedding(rows, embedding, embeddings_initializer=initializer, name=name)

        def dense(width: int, number: int, name: str, activation: str | None = None, bias: bool = True) -> Any:
            initializer = keras.initializers.GlorotUniform(seed=seed + number)
            return layers.Dense(width, activation, use_bias=bias, kernel_initializer=initializer, name=name)

        n_moves = 2 * span + 1
        self.above = embed(n_keys + 2, 1, "above")  # the keys, the end sign, and "nothing above yet"
        self.interval = embed(n_moves + 1, 2, "interval")  # row 0: there is none
        self.reach = embed(n_moves + 1, 3, "reach")
        self.hidden = dense(units, 4, "hidden", "tanh")
        self.cell = dense(units, 5, "cell")
        self.lstm = layers.LSTM(
            units,
            return_sequences=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 6),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 7),
            name="lstm",
        )
        self.drop = layers.Dropout(dropout, seed=seed + 8)
        self.keys = dense(n_keys + 1, 9, "keys")
        self.moves = dense(n_moves, 10, "moves", bias=False)
        self.frame_keys = dense(n_keys + 1, 11, "frame_keys", bias=False)
        self.frame_moves = dense(n_moves, 12, "frame_moves", bias=False)

    def build(self, context_shape: tuple[Any, ...], past_shape: Any = None, spelling_shape: Any = None) -> None:
        """Make the weights; of the shapes only the width of the context counts."""
        notes = (None, None, 3 * self.above.output_dim)
        self.lstm.build(notes)
        for layer in (self.keys, self.moves):
            layer.build((None, self.lstm.units))
        for layer in (self.hidden, self.cell, self.frame_keys, self.frame_moves):
            layer.build((None, context_shape[-1]))
        for layer in (self.above, self.interval, self.reach):
            layer.build((None, None))

    def call(self, context: Any, past: Any, spelling: Any, training: bool = False) -> Any:
        """Return the logits of each sign, given the signs before it.

        Parameters
        ----------
        context : (batch, time, width), what is known before the frame.
        past : (batch, time, places), the chord of the frame before, spelled.
        spelling : (batch, time, places), the chord itself; a place sees only the places before it.

        Returns
        -------
        (batch, time, places, n_keys + 1).
        """
        batch, time, places = ops.shape(spelling)
        start = self.n_keys + 1
        above = ops.pad(spelling[..., :-1], [[0, 0], [0, 0], [1, 0]], constant_values=start)
        higher = ops.pad(above[..., :-1], [[0, 0], [0, 0], [1, 0]], constant_values=start)
        read = [self.above(ops.maximum(above, 0)), self.interval(self._distance(higher, above)), self.reach(self._distance(past, above))]  # fmt: skip

        # all frames at once: each is a sequence of its own for the LSTM over notes
        notes = ops.reshape(ops.concatenate(read, axis=-1), (batch * time, places, 3 * self.above.output_dim))
        state = [ops.reshape(first(context), (batch * time, self.lstm.units)) for first in (self.hidden, self.cell)]
        notes = self.drop(self.lstm(notes, initial_state=state, training=training), training=training)
        notes = ops.reshape(notes, (batch, time, places, self.lstm.units))

        by_key = self.keys(notes) + self.frame_keys(context)[:, :, None]  # (batch, time, places, n_keys + 1)
        by_move = self.moves(notes) + self.frame_moves(context)[:, :, None]  # (batch, time, places, moves)
        moves = ops.arange(self.n_keys) - past[..., None]  # from the note before to each key
        moves = ops.clip(moves, -self.span, self.span) + self.span
        had_note = ops.cast(self._is_key(past), by_move.dtype)[..., None]
        by_move = ops.take_along_axis(by_move, moves, axis=-1) * had_note  # (batch, time, places, n_keys)
        logits = by_key + ops.pad(by_move, [[0, 0], [0, 0], [0, 0], [0, 1]])

        signs = ops.arange(self.n_keys + 1)
        below = ops.where(above == self.n_keys, 0, above)[..., None]  # after the end sign no key is left
        return ops.where((signs < below) | (signs == self.n_keys), logits, _NEVER)

    def _is_key(self, sign: Any) -> Any:
        return (sign >= 0) & (sign < self.n_keys)

    def _distance(self, start: Any, end: Any) -> Any:
        """Return the number of the row for the distance between two notes, 0 where one of them is no note."""
        distance = ops.clip(end - start, -self.span, self.span) + self.span + 1
        return ops.where(self._is_key(start) & self._is_key(end), distance, 0)
