"""SpectrogramPlayer: a sound as waveform, STFT, mel and CQT, with a cursor that follows it, and a second sound to compare it with."""

from __future__ import annotations

import html
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.widgets.base import CourseWidget, packed_module, theme
from musegen_edu.widgets.sounding import answers, checked
from musegen_edu.widgets.spectrogram_pictures import (
    LOWEST_DB,
    VIEWS,
    Audio,
    Picture,
    picture_to_tile,
    sound_to_picture,
    sound_to_tile,
)
from musegen_edu.widgets.spectrogram_static import PALETTE, static_sound

MAX_SECONDS = 600
MAX_LEVEL = 4.0  # 12 dB above full scale, as a sum or a reconstruction may reach; what is far above is no float audio
MAX_PICTURES = 12  # kept for the next time they are looked at
SHORTEST_SELECTION = 0.01  # s


class SpectrogramPlayer(CourseWidget):
    """Pictures of a sound to look into while it plays, and a second sound to switch to in the same place.

    Space plays and pauses; the arrow keys move the cursor, Home and End jump; a drag over the picture selects what is repeated, a
    double click or Escape lets go of it; L loops; A and B switch between two sounds; + and - zoom in time, and so does the wheel
    over a picture that was clicked. Under the pointer stand time, frequency, note and level. In every picture a full-scale sine
    reads 0 dB in its row, so both sounds and all views are on one scale.

    Parameters
    ----------
    audio : (n_samples,) or (1, n_samples), float, about -1 to 1; of (2, n_samples) the mean of both channels is taken.
    sr : sample rate in Hz, 1000 to 384,000.
    other : a second sound at the same sample rate, or None; the shorter of the two is followed by silence.
    labels : what the two sounds are called.
    view : `"waveform"`, `"stft"`, `"mel"` or `"cqt"`: what is open at first.
    n_fft : samples in a window of STFT and mel, even, 64 to 16,384. The page has a menu for it.
    hop_length : samples from one window to the next, 1 to n_fft // 2.
    title : heading.
    hide : controls to put away, any of `SpectrogramPlayer.HIDEABLE`.

    Raises
    ------
    ValueError
        If a sound is empty, longer than ten minutes, not mono or stereo, or not finite; or if a setting is outside its range.

    Examples
    --------
    >>> tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> player = SpectrogramPlayer(tone, 22050, view="stft")
    >>> player.selection = (0.25, 0.5)
    >>> player
    SpectrogramPlayer(1.0 s at 22050 Hz, view='stft')

    Lesson: 02 representing_music.
    """

    HIDEABLE = ("title", "views", "axis", "window", "range", "compare", "overview", "seek", "loop", "zoom", "volume", "readout")  # fmt: skip
    _esm = packed_module("spectrogram_player")
    _css = theme()

    info = traitlets.Dict(help="title, labels, length and rate, for the page").tag(sync=True)
    view = traitlets.Unicode("mel", help="waveform, stft, mel or cqt").tag(sync=True)
    frequency_axis = traitlets.Unicode("log", help="of the STFT: log or linear").tag(sync=True)
    n_fft = traitlets.Int(2048, help="samples in a window of STFT and mel").tag(sync=True)
    quietest = traitlets.Float(-80.0, help="dB of the darkest colour, -100 to -20").tag(sync=True)
    source = traitlets.Unicode("A", help="which sound is seen and heard, A or B").tag(sync=True)
    difference = traitlets.Bool(False, help="show B minus A in dB").tag(sync=True)
    selection = traitlets.Any(None, help="seconds from and to, or None").tag(sync=True)

    def __init__(
        self,
        audio: npt.ArrayLike,
        sr: int,
        *,
        other: npt.ArrayLike | None = None,
        labels: tuple[str, str] = ("A", "B"),
        view: str = "mel",
        n_fft: int = 2048,
        hop_length: int = 512,
        title: str = "",
        hide: Iterable[str] = (),
    ) -> None:
        self.sample_rate = int(checked("sr", sr, _is_whole(sr) and 1000 <= sr <= 384000, "a whole number of Hz, 1000 to 384000"))  # fmt: skip
        if len(labels) != 2 or not all(isinstance(label, str) and label for label in labels):
            raise ValueError(f"labels={labels!r} must be two names, such as ('original', '4 bits')")
        fits = _is_whole(hop_length) and 1 <= hop_length <= n_fft // 2
        self.hop_length = int(checked("hop_length", hop_length, fits, f"from 1 to n_fft // 2 = {n_fft // 2}, so that windows overlap"))  # fmt: skip
        self._title, self._labels, self._version = title, tuple(labels), 0
        self._pictures: dict[tuple[Any, ...], Picture] = {}
        self._audio = _checked_sound("audio", audio, self.sample_rate)
        self._other = None if other is None else _checked_sound("other", other, self.sample_rate)
        super().__init__(view=view, n_fft=n_fft, hide=[hide] if isinstance(hide, str) else list(hide))
        self._take_sounds()

    @property
    def audio(self) -> Audio:
        """The first sound, mono, (n_samples,)."""
        return self._audio

    @property
    def other(self) -> Audio | None:
        """The second sound, or None. Setting it shows it in the page at once."""
        return self._other

    @other.setter
    def other(self, audio: npt.ArrayLike | None) -> None:
        self._other = None if audio is None else _checked_sound("other", audio, self.sample_rate)
        self._take_sounds()

    @property
    def seconds(self) -> float:
        """How long the longer of the two sounds lasts."""
        return float(self.info["seconds"])

    def _take_sounds(self) -> None:
        sounds = [sound for sound in (self._audio, self._other) if sound is not None]
        longest = max(len(sound) for sound in sounds)
        self._sounds = {name: np.pad(sound, (0, longest - len(sound))) for name, sound in zip("AB", sounds, strict=False)}  # fmt: skip
        self._peak = max(1.0, *(float(np.abs(sound).max()) for sound in sounds))
        self._pictures.clear()
        self._version += 1
        seconds = longest / self.sample_rate
        with self.hold_sync():
            self.info = {
                "title": self._title,
                "labels": list(self._labels[: len(sounds)]),
                "seconds": seconds,
                "samples": longest,
                "sample_rate": self.sample_rate,
                "hop_length": self.hop_length,
                "peak": self._peak,
                "version": self._version,
                "palette": [list(colour) for colour in PALETTE],
            }
            if self.source not in self._sounds:
                self.source, self.difference = "A", False
            if self.selection is not None and self.selection[1] > seconds:
                self.selection = None

    # ---- checks ----

    @traitlets.validate("view")
    def _check_view(self, proposal: dict[str, Any]) -> str:
        return checked("view", proposal["value"], proposal["value"] in VIEWS, f"one of {', '.join(VIEWS)}")

    @traitlets.validate("frequency_axis")
    def _check_axis(self, proposal: dict[str, Any]) -> str:
        return checked("frequency_axis", proposal["value"], proposal["value"] in ("log", "linear"), "log or linear")

    @traitlets.validate("n_fft")
    def _check_n_fft(self, proposal: dict[str, Any]) -> int:
        return _checked_window(proposal["value"])

    @traitlets.validate("quietest")
    def _check_quietest(self, proposal: dict[str, Any]) -> float:
        return checked("quietest", proposal["value"], LOWEST_DB <= proposal["value"] <= -20, "from -100 to -20 dB")

    @traitlets.validate("source")
    def _check_source(self, proposal: dict[str, Any]) -> str:
        names = tuple(getattr(self, "_sounds", {"A": None}))
        return checked("source", proposal["value"], proposal["value"] in names, f"one of {', '.join(names)}")

    @traitlets.validate("selection")
    def _check_selection(self, proposal: dict[str, Any]) -> tuple[float, float] | None:
        value = proposal["value"]
        if value is None:
            return None
        what = f"None, or two times at least {SHORTEST_SELECTION} s apart, from 0 to {self.seconds:.3f} s"
        try:
            begin, end = (float(second) for second in value)
        except (TypeError, ValueError):
            raise ValueError(f"selection={value!r} must be {what}") from None
        fits = 0 <= begin <= end - SHORTEST_SELECTION * 0.999 and end <= self.seconds + 1e-6
        checked("selection", value, fits, what)
        return begin, min(end, self.seconds)

    # ---- what the page asks for ----

    @answers
    def picture(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return one tile of a view: levels (uint8) and the rows' frequencies, or the lowest and highest samples (float32)."""
        view = checked("view", message["view"], message["view"] in VIEWS, f"one of {', '.join(VIEWS)}")
        n_fft, level, index = (int(message[name]) for name in ("n_fft", "level", "index"))
        if view == "waveform" and message["source"] == "difference" and len(self._sounds) == 2:
            return _wave_tile(self._sounds["B"] - self._sounds["A"], level, index)
        names = tuple(self._sounds)
        source = checked("source", message["source"], message["source"] in names, f"one of {', '.join(names)}")
        if view == "waveform":
            return _wave_tile(self._sounds[source], level, index)
        pictures = {name: self._picture(view, name, n_fft) for name in self._sounds}
        picture = pictures[source]
        tile = picture_to_tile(picture, level, index)
        loudest = max(one.loudest for one in pictures.values())  # of both, so that one scale of colours serves them
        facts = {"rows": tile.shape[0], "columns": tile.shape[1], "loudest": loudest}
        return facts, [tile.tobytes(), picture.frequencies.astype("<f4").tobytes()]

    @answers
    def sound(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return both sounds as FLAC at the page's own sample rate, so that nothing is lost and nothing is resampled there.

        What reaches beyond full scale is turned down, both sounds alike; `info["peak"]` says by how much.
        """
        import soundfile
        import soxr

        rate, files = int(message["rate"]), []
        for samples in self._sounds.values():
            page = soxr.resample(samples / self._peak, self.sample_rate, rate)
            page = np.pad(page, (0, max(0, rate // 50 - len(page))))  # a page cannot decode a file without samples
            stream = BytesIO()
            steps = np.rint(np.clip(page * 32767, -32768, 32767)).astype(np.int16)
            soundfile.write(stream, steps, rate, format="FLAC", subtype="PCM_16")
            files.append(stream.getvalue())
        return {"rate": rate}, files

    def _picture(self, view: str, source: str, n_fft: int) -> Picture:
        key = (view, source, None if view == "cqt" else _checked_window(n_fft))
        if key not in self._pictures:
            hop_length = self.hop_length if view == "cqt" else min(self.hop_length, n_fft // 2)
            made = sound_to_picture(self._sounds[source], self.sample_rate, view, n_fft=n_fft, hop_length=hop_length)  # fmt: skip
            while len(self._pictures) >= MAX_PICTURES:
                del self._pictures[next(iter(self._pictures))]
            self._pictures[key] = made
        return self._pictures[key]

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return waveform, spectrogram and an audio element of each sound, for pages where no widget lives."""
        view = "mel" if self.view == "waveform" else self.view
        pictures = {source: self._picture(view, source, self.n_fft) for source in self._sounds}
        top = min(0.0, 10 * np.ceil(max(picture.loudest for picture in pictures.values()) / 10))
        log = view == "stft" and self.frequency_axis == "log"
        names = self._labels if self._other is not None else ("",)
        shown = "".join(
            static_sound(name, self._sounds[source], self.sample_rate, pictures[source], low=top - 80, log=log)
            for source, name in zip(self._sounds, names, strict=True)
        )
        heading = f"<h4>{html.escape(self._title)}</h4>" if self._title else ""
        return f"<section>{heading}{shown}</section>"

    def __repr__(self) -> str:
        compared = "" if self._other is None else f" and {self._labels[1]!r}"
        return f"SpectrogramPlayer({self.seconds:.1f} s at {self.sample_rate} Hz{compared}, view={self.view!r})"


def _wave_tile(samples: Audio, level: int, index: int) -> tuple[dict[str, Any], list[bytes]]:
    wave = sound_to_tile(samples, level, index)
    return {"rows": 2, "columns": wave.shape[1]}, [wave.astype("<f4").tobytes()]


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) and bool(np.isfinite(value)) and int(value) == value  # fmt: skip


def _checked_window(n_fft: int) -> int:
    return checked("n_fft", n_fft, 64 <= n_fft <= 16384 and n_fft % 2 == 0, "an even number from 64 to 16384")


def _checked_sound(name: str, audio: npt.ArrayLike, sample_rate: int) -> Audio:
    """Return a sound as float32 of shape (n_samples,), or say what is wrong with it."""
    array = np.asarray(audio)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {array.dtype}; it must hold numbers of about -1 to 1")
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[0] not in (1, 2)):
        raise ValueError(f"{name} has the shape {array.shape}; it must be (n_samples,), or (1, n_samples) or (2, n_samples), one row a channel")  # fmt: skip
    samples = np.atleast_2d(array).astype(np.float32).mean(axis=0)  # (n_samples,)
    if len(samples) == 0:
        raise ValueError(f"{name} is empty; it must hold at least one sample")
    if not np.isfinite(samples).all():
        raise ValueError(f"{name} holds NaN or infinite values; look for a division by zero or a logarithm of zero")
    if len(samples) > MAX_SECONDS * sample_rate:
        raise ValueError(f"{name} lasts {len(samples) / sample_rate / 60:.1f} minutes; cut it to {MAX_SECONDS // 60} or less, such as audio[: 60 * sr]")  # fmt: skip
    if np.abs(samples).max() > MAX_LEVEL:
        raise ValueError(f"{name} reaches {np.abs(samples).max():.3g}; values must be about -1 to 1 (divide by the largest: {name} / abs({name}).max())")  # fmt: skip
    return samples
