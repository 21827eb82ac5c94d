"""Kernels to begin with: what a filter can listen for in a piano roll of sixteenths and in a spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_KERNEL = (16, 25)  # weights along time and along rows
LARGEST = 100.0  # of a weight
HARMONICS_OF = 220.0  # Hz, the tone whose overtones the preset "harmonics" waits for


@dataclass(frozen=True)
class Preset:
    """A kernel by name: its weights (time, rows), lowest row first, the bias, and what it answers."""

    name: str
    weights: tuple[tuple[float, ...], ...]
    bias: float
    words: str

    def for_page(self) -> dict[str, Any]:
        """Return it as the page takes it."""
        return {
            "name": self.name,
            "kernel": [list(row) for row in self.weights],
            "bias": self.bias,
            "words": self.words,
        }


def roll_presets() -> tuple[Preset, ...]:
    """Return the kernels for piano rolls; with its bias each answers 1 where it finds all of what it waits for.

    Examples
    --------
    >>> [preset.name for preset in roll_presets()][:3]
    ['onset', 'end of a note', 'a long note']
    """
    return (
        Preset("onset", ((-1,), (1,), (0,)), 0, "silence, then a sound at the same pitch"),
        Preset("end of a note", ((0,), (1,), (-1,)), 0, "a sound, then silence at the same pitch"),
        Preset("a long note", ((1,),) * 8, -7, "eight sixteenths of one pitch, a half note"),
        Preset("minor third", ((1, 0, 0, 1),), -1, "two pitches at once, three semitones apart"),
        Preset("major third", ((1, 0, 0, 0, 1),), -1, "two pitches at once, four semitones apart"),
        Preset("fifth", ((1, 0, 0, 0, 0, 0, 0, 1),), -1, "two pitches at once, seven semitones apart"),
        Preset(
            "rising step",
            ((1, -1, -1), (-1, -1, 1), (0, 0, 0)),
            -1,
            "a pitch, and right after it the one a whole tone above",
        ),
        Preset(
            "falling step",
            ((-1, -1, 1), (1, -1, -1), (0, 0, 0)),
            -1,
            "a pitch, and right after it the one a whole tone below",
        ),
        Preset("blur", ((0.125,) * 2,) * 4, 0, "the mean of eight cells"),
    )


def spectrogram_presets(frequencies: npt.NDArray[np.floating] | None) -> tuple[Preset, ...]:
    """Return the kernels for spectrograms whose cells go from 0 (silence) to 1 (full scale).

    Parameters
    ----------
    frequencies : Hz at the middle of each band; None where that is not known.

    Examples
    --------
    >>> spectrogram_presets(None)[3].name
    'harmonics'
    """
    spacing = (
        6
        if frequencies is None or len(frequencies) < 2
        else round(HARMONICS_OF / float(frequencies[1] - frequencies[0]))
    )
    spacing = int(np.clip(spacing, 3, 11))
    comb = [1 if row % spacing == 0 else -0.25 for row in range(2 * spacing + 1)]
    of = f"{HARMONICS_OF:.0f} Hz" if frequencies is not None else f"{spacing} bands"
    return (
        Preset("onset", ((-1, -1, -1),) * 2 + ((0, 0, 0),) + ((1, 1, 1),) * 2, 0, "quiet, then loud: six cells minus the six before"),
        Preset("end of a sound", ((1, 1, 1),) * 2 + ((0, 0, 0),) + ((-1, -1, -1),) * 2, 0, "loud, then quiet"),
        Preset("steady tone", ((-1, 2, -1),) * 9, 0, "one band louder than its neighbours for nine frames"),
        Preset("harmonics", (tuple(comb),), 0, f"three overtones {of} apart, and quiet between them"),
        Preset("rising glide", ((2, -1, -1), (-1, 2, -1), (-1, -1, 2)), 0, "a tone that climbs a band a frame"),
        Preset("click", ((-1,) * 9, (2,) * 9, (-1,) * 9), 0, "all bands louder for one frame than before and after"),
        Preset("blur", ((0.11,) * 3,) * 3, 0, "the mean of nine cells, nearly"),
    )  # fmt: skip


def checked_kernel(table: Any) -> list[list[float]]:
    """Return a kernel as a list of rows for each step of time, or raise a ValueError that says what it must be.

    Examples
    --------
    >>> checked_kernel([[-1], [1]])
    [[-1.0], [1.0]]
    """
    try:
        weights = np.array(table, float)
    except (TypeError, ValueError):
        raise ValueError(f"kernel={table!r} must be a table of numbers, (time, rows)") from None
    fits = (
        weights.ndim == 2 and weights.size and all(n <= most for n, most in zip(weights.shape, MAX_KERNEL, strict=True))
    )
    if not fits:
        raise ValueError(f"kernel has shape {weights.shape}; it must be (time, rows), at most {MAX_KERNEL}")
    if not (np.abs(weights) <= LARGEST).all():
        raise ValueError(f"kernel holds weights beyond {LARGEST:g}, or none at all (NaN)")
    return weights.tolist()


def chosen_preset(offered: tuple[Preset, ...], kernel: Any) -> Preset:
    """Return the preset of a name, the first where none is given, or a kernel of one's own as one without a name."""
    if kernel is None:
        return offered[0]
    if isinstance(kernel, str):
        known = {preset.name: preset for preset in offered}
        if kernel not in known:
            raise ValueError(f"kernel={kernel!r} is no preset here; there are {', '.join(known)}")
        return known[kernel]
    return Preset("", tuple(tuple(row) for row in checked_kernel(kernel)), 0.0, "")
