"""A checkpoint for games: everything that two players and their optimiser remember, after each epoch, in one file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.files import write_atomically
from musegen_edu.quiet_keras import keras


class GameBackup(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Writes all variables of a model and its optimiser after each epoch, and brings them back when training begins.

    As `keras.callbacks.BackupAndRestore`, but it does not ask how the layers are nested, which Keras' own file format does: an
    `AdversarialPair` with layers of its own making cannot be read back from that. Pass `initial_epoch=backup.epoch` to `fit`.

    Parameters
    ----------
    path : an `.npz` file; what it holds from before is brought back.

    Attributes
    ----------
    epoch : how many epochs the file holds, 0 where there is none.

    Raises
    ------
    ValueError
        If the file cannot be read, or belongs to another model (this one when training begins).
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self.epoch, self._stored = path, 0, []
        if path.is_file():
            try:
                with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                    self.epoch = int(stored["epoch"])
                    self._stored = [stored[f"variable_{i}"] for i in range(len(stored.files) - 1)]
            except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
                raise ValueError(f"{path} does not hold a game ({error}); delete it to begin anew") from error

    def on_train_begin(self, logs: Any = None) -> None:
        """Bring back what the file holds."""
        if not self.epoch:
            return
        variables = self._variables()
        if [value.shape for value in self._stored] != [tuple(variable.shape) for variable in variables]:
            raise ValueError(f"{self._path} belongs to another model; delete it to begin anew")
        for variable, value in zip(variables, self._stored, strict=True):
            variable.assign(value)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write everything down."""
        arrays: dict[str, Any] = {
            f"variable_{i}": np.asarray(keras.ops.convert_to_numpy(variable))
            for i, variable in enumerate(self._variables())
        }
        stream = io.BytesIO()
        np.savez(stream, epoch=np.array(epoch + 1), **arrays)
        write_atomically(self._path, stream.getvalue())

    def _variables(self) -> list[Any]:
        self.model.optimizer.build(self.model.trainable_variables)
        return [*self.model.variables, *self.model.optimizer.variables]
