"""Which epoch of a band's training is kept: the one whose music is nearest to real music that it has not been trained on."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.bands import BandWindows
from musegen_edu.files import write_atomically
from musegen_edu.models.band_gan import BandGAN
from musegen_edu.quiet_keras import keras
from musegen_edu.recipes.band_judging import band_floor, band_gaps, band_row
from musegen_edu.tokens.band_codec import VOICES


class NearestToReal(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Measures a band after every few epochs, and keeps the players' running average of the best time.

    The losses of a game do not say when to stop, and judges learn their training windows by heart; so the music decides: the same seeds and
    dice each time, measured by `band_row`, its distance from real windows by `floors_off`.

    Parameters
    ----------
    model : the pair that is trained.
    real : windows that the pair is not trained on, two chorales at least.
    size : bands that are forged each time, at most half of the windows.
    every : epochs between two measurements.
    seed : of the floor, of the melodies where one is given, and of what is forged.
    path : an `.npz` file that keeps the best so far, so that a training that was killed goes on with it; None keeps none.

    Attributes
    ----------
    course : [epoch, floors off] of each measurement, epochs counted from 1.

    Lesson: 11 hybrid_gans.
    """

    def __init__(
        self, model: BandGAN, real: BandWindows, *, size: int, every: int = 2, seed: int, path: Path | None = None
    ) -> None:
        super().__init__()
        self._size, self._every, self._seed, self._path = size, every, seed, path
        self._real = band_row(real.tables)
        self._floor = band_floor(real.tables, size=size, seed=seed, pieces=real.piece)
        self._melodies = None
        if model.given is not None:
            some = np.random.default_rng(seed).permutation(len(real))[:size]
            self._melodies = real.tables[some, :, VOICES.index(model.given)]
        self.course: list[list[float]] = []
        self._best: list[Any] = []
        if path is not None and path.is_file():
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
                self.course = json.loads(str(kept["course"]))
                self._best = [kept[f"weight_{i}"] for i in range(len(model.averaged))]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Measure, and keep the running average if no measurement before was nearer."""
        if (epoch + 1) % self._every or any(epoch + 1 <= done for done, _ in self.course):
            return
        model: Any = self.model
        tables = model.generate_tables(self._size, melodies=self._melodies, seed=self._seed)
        off = floors_off(band_row(tables), self._real, self._floor)
        if not self.course or off < min(before for _, before in self.course):  # of equals, the first
            self._best = [np.array(keras.ops.convert_to_numpy(weight)) for weight in model.averaged]
        self.course.append([epoch + 1, off])
        if self._path is not None:
            stream = io.BytesIO()
            arrays: dict[str, Any] = {f"weight_{i}": weight for i, weight in enumerate(self._best)}
            np.savez(stream, course=np.array(json.dumps(self.course)), **arrays)
            write_atomically(self._path, stream.getvalue())

    def choose(self, model: BandGAN) -> int:
        """Give a pair the best running average that was kept, and return its epoch; 0, and nothing, where none was measured."""
        for weight, kept in zip(model.averaged, self._best, strict=False):
            weight.assign(kept)
        return int(min(self.course, key=lambda point: point[1])[0]) if self._best else 0


def floors_off(row: Mapping[str, float], real: Mapping[str, float], floor: Mapping[str, float]) -> float:
    """Return how many floors a row of `band_row` is from real music, the mean over its measures; infinite where one is missing.

    Parameters
    ----------
    row, real : label -> value.
    floor : label -> how far real music is from itself; measures with a floor of 0 do not count.

    Examples
    --------
    >>> floors_off({"a": 1.0, "b": 5.0}, {"a": 2.0, "b": 5.0}, {"a": 0.5, "b": 1.0})
    1.0

    Lesson: 11 hybrid_gans.
    """
    times = band_gaps({"held-out music": dict(real), "forged": dict(row)}, dict(floor))["forged"]
    gaps = [times[label] for label in floor if floor[label] > 0]
    return float("inf") if not gaps or np.isnan(gaps).any() else float(np.mean(gaps))
