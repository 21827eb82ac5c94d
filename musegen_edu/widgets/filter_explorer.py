"""FilterExplorer: a kernel to edit, the map that it makes of a piano roll or a spectrogram, and the sound of what it finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.kernels import ReceptiveField, is_above, kernel_field, lit_cells, nearest_places, slide_kernel
from musegen_edu.score import DRUMS, Score
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.filter_pictures import filter_picture
from musegen_edu.widgets.filter_presets import LARGEST, checked_kernel, chosen_preset, roll_presets, spectrogram_presets
from musegen_edu.widgets.filter_sources import GRID, source_of
from musegen_edu.widgets.sounding import SoundingWidget, answers, checked, notes_to_rows
from musegen_edu.widgets.training_samples import audio_file

if TYPE_CHECKING:
    import keras

    from musegen_edu.models.feature_maps import LayerMaps

_LEVELS = 32767  # of the 16-bit integers in which maps travel

Array = npt.NDArray[np.float64]


class FilterExplorer(SoundingWidget):
    """A piano roll or a spectrogram, a kernel that slides over it, and the map of what it answers.

    Edit a weight and the map follows at once; under the pointer stand the cells below the kernel, their products with the weights, and
    the sum, as in a calculation by hand. What makes the map light up can be heard: of a roll the notes, of a sound the cells, turned back
    into sound. With a network, choose a layer and one of its filters instead. Keys: arrows walk over the map, or in the kernel from
    weight to weight; plus and minus change a weight; space plays; Ctrl+Z undoes.

    Parameters
    ----------
    picture : a `Score` on a grid of sixteenths; a roll, (time, 128 pitches) of 0 and 1; a spectrogram, (frames, bands), as
        `audio_to_mel(...).T` gives it or moved to 0 ... 1; or None where `audio` says it all. With a `model`, what the model reads: (time, rows) or
        (time, rows, channels), of which the first channel is shown.
    kernel : weights (time, rows), at most 16 x 25, or the name of a preset, such as `"minor third"`; None takes the first preset.
    model : a network of Keras' functional or sequential kind that reads the picture; the maps of its convolutional layers can be looked at.
    audio, sr : a sound (n_samples,) and its sample rate in Hz, from which the spectrogram is made, or which belongs to it. `sr` alone is
        enough for a mel spectrogram to be heard.
    n_fft, hop_length, n_mels : of the spectrogram, as in `audio_to_mel`.
    title : heading.
    hide : controls to put away, any of `FilterExplorer.HIDEABLE`.

    Raises
    ------
    ValueError
        If an argument is not what is said above, or the model cannot read the picture.

    Examples
    --------
    >>> thirds = Score.from_notes([(0, 24, 60, 80, 0), (0, 24, 64, 80, 0), (24, 24, 62, 80, 0), (24, 24, 65, 80, 0)])
    >>> explorer = FilterExplorer(thirds, kernel="minor third")
    >>> explorer.feature_map.shape, explorer.lit_score.notes["pitch"].tolist()
    ((8, 128), [62, 65])
    >>> explorer.weights = [[1, 0, 0, 0, 1]]
    >>> explorer.lit_score.notes["pitch"].tolist()
    [60, 64]

    Lesson: 07 convolutional_networks.
    """

    HIDEABLE = ("title", "layer", "presets", "size", "stride", "dilation", "padding", "bias", "relu", "undo", "calculation", "threshold", "sound", "instrument")  # fmt: skip
    _esm = packed_module("filter_explorer")
    _css = theme()

    title = traitlets.Unicode("").tag(sync=True)
    info = traitlets.Dict(help="kind, lengths, units and names, for the page").tag(sync=True)
    presets = traitlets.List(help="name, kernel, bias and words").tag(sync=True)
    layers = traitlets.List(help="the model's convolutional layers: name, kind, size, filters").tag(sync=True)
    kernel = traitlets.List(help="weights, a list of rows for each step of time").tag(sync=True)
    stride = traitlets.List(traitlets.Int(), [1, 1], help="along time, along rows").tag(sync=True)
    dilation = traitlets.List(traitlets.Int(), [1, 1], help="along time, along rows").tag(sync=True)
    padding = traitlets.Unicode("same").tag(sync=True)
    bias = traitlets.Float(0.0).tag(sync=True)
    relu = traitlets.Bool(True).tag(sync=True)
    threshold = traitlets.Float(0.5, help="share of the map's largest number from which a place is lit").tag(sync=True)
    layer = traitlets.Int(-1, help="a layer of the model by its place; -1 is the kernel").tag(sync=True)
    channel = traitlets.Int(0, help="the filter of that layer").tag(sync=True)
    program = traitlets.Int(0, help="General MIDI program that plays a roll; 128 is drums").tag(sync=True)
    notes_data = traitlets.Bytes(help="rows of five int32: onset, duration, pitch, velocity, part").tag(sync=True)

    def __init__(
        self,
        picture: Score | npt.ArrayLike | None = None,
        *,
        kernel: npt.ArrayLike | str | None = None,
        model: keras.Model | None = None,
        audio: npt.ArrayLike | None = None,
        sr: int | None = None,
        n_fft: int = 1024,
        hop_length: int = 256,
        n_mels: int = 80,
        title: str = "",
        hide: Iterable[str] = (),
    ) -> None:
        self._source = source_of(
            picture, audio, sr, as_is=model is not None, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels
        )
        source = self._source
        offered = roll_presets() if source.is_roll else spectrogram_presets(source.frequencies)
        first = chosen_preset(offered, kernel)
        self.layer_maps: tuple[LayerMaps, ...] = ()
        if model is not None:
            from musegen_edu.models.feature_maps import feature_maps  # loads Keras

            self.layer_maps = feature_maps(model, source.given)
        score = source.score or Score()
        super().__init__(
            title=title or score.title,
            info=source.facts(),
            presets=[preset.for_page() for preset in offered],
            layers=[_layer_facts(maps) for maps in self.layer_maps],
            kernel=[list(row) for row in first.weights],
            bias=float(first.bias),
            padding="same" if source.is_roll else "valid",  # silence lies round a roll; round a sound lies nothing
            layer=0 if self.layer_maps and kernel is None else -1,
            program=score.programs[0] if len(score) else 0,
            notes_data=notes_to_rows(score),
            hide=[hide] if isinstance(hide, str) else list(hide),
        )

    # ---- from Python ----

    @property
    def picture(self) -> npt.NDArray[np.float32]:
        """The cells that the kernel slides over, (time, rows): 0 or 1 of a roll, 0 to 1 of a spectrogram in decibels."""
        return self._source.cells

    @property
    def sample_rate(self) -> int:
        """Of the sound in Hz; 0 of a roll, or where it is not known."""
        return self._source.sample_rate

    @property
    def weights(self) -> Array:
        """The kernel as the learner has left it, (time, rows), lowest row first; assign another one to show it."""
        return np.array(self.kernel, float)

    @weights.setter
    def weights(self, table: npt.ArrayLike) -> None:
        self.kernel = np.asarray(table, float).tolist()

    @property
    def feature_map(self) -> Array:
        """The map in the page, (time, rows): the kernel's or, where a layer is chosen, that of its filter."""
        if self.layer >= 0:
            values = self.layer_maps[self.layer].values[:, :, self.channel].astype(float)
            return np.maximum(values, 0.0) if self.relu else values
        return slide_kernel(self.picture, self.weights, bias=self.bias, relu=self.relu, **self._sliding())

    @property
    def field(self) -> ReceptiveField | None:
        """Which cells a number of the map has seen; None where that is not known."""
        if self.layer >= 0:
            return self.layer_maps[self.layer].field
        return kernel_field(self.picture.shape, self.weights.shape, **self._sliding())

    @property
    def lit(self) -> npt.NDArray[np.bool_]:
        """Which cells make the map light up, (time, rows): see `lit_cells`; of a deeper layer, those nearest to a lit place."""
        values = self.feature_map
        if self.layer < 0:
            return lit_cells(self.picture, self.weights, values, self.threshold, **self._sliding())
        nearest = nearest_places(self.picture.shape, values.shape, self.field)
        return is_above(values, self.threshold)[np.ix_(*nearest)] & (self.picture > min(0.0, float(self.picture.min())))

    @property
    def lit_score(self) -> Score:
        """The notes of a roll of which a cell is lit."""
        score = self._source.score
        if score is None:
            raise ValueError("lit_score is for piano rolls; a spectrogram has lit_audio()")
        lit, rows = self.lit, score.notes[["onset", "duration", "pitch"]].tolist()
        keep = [bool(lit[onset // GRID : (onset + ticks) // GRID, pitch].any()) for onset, ticks, pitch in rows]
        return score.replace(notes=score.notes[np.array(keep, bool)])

    def lit_audio(self, *, everything: bool = False, n_iter: int = 32) -> npt.NDArray[np.float32]:
        """Return the sound of a spectrogram's lit cells, or of all of them, by `mel_to_audio`: mask, then invert.

        Parameters
        ----------
        everything : no mask: what the way through the picture and back does to the sound by itself.
        n_iter : rounds of Griffin-Lim.

        Raises
        ------
        ValueError
            If this is a roll, or the spectrogram's sample rate was not given.
        """
        return self._source.masked_audio(np.ones(self.picture.shape, bool) if everything else self.lit, n_iter=n_iter)

    @property
    def heard(self) -> Score:
        """The notes that light up, as they sound in the page."""
        return self.lit_score.replace(programs=(self.program,) * self.lit_score.n_parts)

    def _sliding(self) -> dict[str, Any]:
        return {"stride": tuple(self.stride), "dilation": tuple(self.dilation), "padding": self.padding}

    # ---- checks ----

    @traitlets.validate("kernel")
    def _check_kernel(self, proposal: dict[str, Any]) -> list[list[float]]:
        return checked_kernel(proposal["value"])

    @traitlets.validate("stride", "dilation")
    def _check_pair(self, proposal: dict[str, Any]) -> list[int]:
        name, value = proposal["trait"].name, proposal["value"]
        return checked(name, value, len(value) == 2 and all(1 <= number <= 16 for number in value), "two whole numbers from 1 to 16")  # fmt: skip

    @traitlets.validate("padding")
    def _check_padding(self, proposal: dict[str, Any]) -> str:
        return checked("padding", proposal["value"], proposal["value"] in ("valid", "same"), "'valid' or 'same'")

    @traitlets.validate("bias", "threshold", "program", "layer", "channel")
    def _check_number(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        filters = self.layers[self.layer]["filters"] if 0 <= self.layer < len(self.layers) else 1
        low, high = {"bias": (-LARGEST, LARGEST), "threshold": (0, 1), "program": (0, DRUMS), "layer": (-1, len(self.layers) - 1), "channel": (0, filters - 1)}[name]  # fmt: skip
        return checked(name, value, low <= value <= high, f"from {low:g} to {high:g}")

    @traitlets.observe("layer")
    def _first_filter(self, _: Any) -> None:
        if self.layer >= 0 and self.channel >= self.layers[self.layer]["filters"]:
            self.channel = 0

    # ---- what the page asks for ----

    @answers
    def cells(self, _: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the picture, float32, time by time."""
        steps, rows = self.picture.shape
        return {"steps": steps, "rows": rows}, [self.picture.astype("<f4").tobytes()]

    @answers
    def maps(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return all maps of a layer as 16-bit integers, filter by filter; of a first layer also its weights and what it reads."""
        maps = self.layer_maps[int(message["layer"])]
        largest = max(float(np.abs(maps.values).max()), 1e-9)
        coded = np.rint(maps.values.transpose(2, 0, 1) * (_LEVELS / largest)).astype("<i2")  # (filters, time, rows)
        files = [coded.tobytes()]
        if maps.kernel is not None and maps.bias is not None and maps.reads is not None:
            files += [maps.kernel.transpose(2, 0, 1).astype("<f4").tobytes(), maps.bias.astype("<f4").tobytes(), maps.reads.astype("<f4").tobytes()]  # fmt: skip
        return {"largest": largest}, files

    @answers
    def sound(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return a sound: the original, or the picture's cells (all, or those that light up with the page's settings) turned back."""
        what = checked("what", message["what"], message["what"] in ("original", "all", "lit"), "original, all or lit")
        if what == "original":
            audio = self._source.original()
        else:
            for name in ("layer", "channel", "kernel", "stride", "dilation", "padding", "bias", "relu", "threshold"):
                setattr(self, name, message[name])
            if what == "lit" and not self.lit.any():
                raise ValueError("nothing lights up, so there is nothing to hear; lower the threshold")
            audio = self.lit_audio(everything=what == "all")
        return {}, [audio_file(audio, self.sample_rate)[1]]

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return the picture, the kernel, the map, and the sound of what lights up, for pages where no widget lives."""
        return filter_picture(self)

    def __repr__(self) -> str:
        steps, rows = self.picture.shape
        kind = "roll" if self._source.is_roll else "spectrogram"
        return f"FilterExplorer({kind} of {steps} x {rows} cells, {len(self.layers)} layers)"


def _layer_facts(maps: LayerMaps) -> dict[str, Any]:
    steps, rows, filters = maps.values.shape
    field = maps.field and {"size": maps.field.size, "stride": maps.field.stride, "start": maps.field.start}
    return {
        "name": maps.name, "kind": maps.kind, "shape": [steps, rows], "filters": filters, "field": field, "activation": maps.activation,
        "dilation": maps.dilation, "padding": maps.padding, "kernel": maps.kernel is not None and maps.kernel.shape[:2],
    }  # fmt: skip
