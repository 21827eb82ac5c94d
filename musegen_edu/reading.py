"""LineReader: a model that reads a line one token at a time and can go back, because it keeps its state after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.tokens.vocabulary import TOKEN_DTYPE, Tokens

if TYPE_CHECKING:
    import keras

    from musegen_edu.models.markov import MarkovModel


class LineReader:
    """A model in the middle of a line: what it has read, and its logits for what may follow.

    Reading one more token costs one step of the model, however long the line is; going back costs nothing.

    Parameters
    ----------
    model : a Keras model with `n_tokens`, `initial_state(batch)` and `step(tokens, state)`, or a `MarkovModel`.

    Raises
    ------
    ValueError
        If the model has neither.

    Examples
    --------
    >>> from musegen_edu.models.markov import MarkovModel
    >>> reader = LineReader(MarkovModel(order=1, n_tokens=4).fit([[1, 3, 2]] * 9))
    >>> reader.read(1); reader.read(3)
    >>> int(reader.logits.argmax()), reader.tokens.tolist()
    (2, [1, 3])
    >>> reader.go_back(1)
    >>> int(reader.logits.argmax())
    3

    Lesson: 05 recurrent_networks.
    """

    def __init__(self, model: keras.Model | MarkovModel) -> None:
        looks_up = hasattr(model, "next_probabilities")
        if not hasattr(model, "n_tokens") or not (looks_up or hasattr(model, "step")):
            raise ValueError(
                f"model={model!r} cannot be read step by step; it needs n_tokens, initial_state and step, as MelodyLSTM has them"
            )
        self.model: Any = model
        self._looks_up = looks_up
        self._tokens: list[int] = []
        self._states: list[Any] = []  # after each token
        self._logits: list[npt.NDArray[np.float32]] = []  # after each token, (n_tokens,)

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def tokens(self) -> Tokens:
        """What has been read, int32 of shape (n,)."""
        return np.array(self._tokens, TOKEN_DTYPE)

    @property
    def logits(self) -> npt.NDArray[np.float32]:
        """The logits of the token after the line, (n_tokens,); ValueError while nothing has been read."""
        if not self._logits:
            raise ValueError("nothing has been read yet; read at least one token, such as START")
        return self._logits[-1]

    def read(self, token: int) -> None:
        """Read one more token, 0 to n_tokens - 1."""
        if not 0 <= token < self.model.n_tokens:
            raise ValueError(f"token={token} is unknown to this model, which has 0 to {self.model.n_tokens - 1}")
        if self._looks_up:
            state = None
            logits = np.log(self.model.next_probabilities([*self._tokens, token]))
        else:
            from musegen_edu.quiet_keras import keras

            before = self._states[-1] if self._states else self.model.initial_state(1)
            batch = keras.ops.convert_to_tensor(np.array([token], np.int32))
            rows, state = self.model.step(batch, before)  # (1, n_tokens)
            logits = keras.ops.convert_to_numpy(rows)[0]
        self._tokens.append(int(token))
        self._states.append(state)
        self._logits.append(np.asarray(logits, np.float32))

    def go_back(self, length: int) -> None:
        """Forget all but the first `length` tokens, 0 up to as many as there are."""
        if not 0 <= length <= len(self):
            raise ValueError(f"length={length} must be from 0 to {len(self)}, what has been read so far")
        del self._tokens[length:], self._states[length:], self._logits[length:]
