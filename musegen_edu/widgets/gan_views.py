"""How the GAN monitor shows examples: as points over the judge's surface, as tunes to hear, as spectrograms to hear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score
from musegen_edu.widgets.gan_diversity import coarse, coverage, distinct_bars
from musegen_edu.widgets.gan_players import as_array
from musegen_edu.widgets.sounding import MAX_NOTES, facts_of, notes_to_rows

N_HEARD = 24  # scores by which the diversity of a function's tunes is measured
GRID, LINE = 32, 128  # points at which the judge is asked, along each side of a plane and along a line
_BARS = 4  # a line of symbols is four bars long
_MARGIN = 0.25  # of the real points' range is drawn around them, on each side

Array = npt.NDArray[Any]
Shown = tuple[list[dict[str, Any]], list[bytes]]  # facts of each example, and its bytes


class PointsView:
    """Points on a line or in a plane, (n, 1) or (n, 2), and the judge's score at every place.

    Examples
    --------
    >>> view = PointsView(np.array([[0.0], [1.0]]))
    >>> view.probes.shape, view.info()["low"]
    ((128, 1), [-0.25])
    """

    kind = "points"
    n_scored = 400  # examples that the judge scores for a picture
    diversity_name = "coverage"

    def __init__(self, real: Array) -> None:
        if real.ndim != 2 or real.shape[1] not in (1, 2):
            raise ValueError(f"real has shape {real.shape}; points are (n, 1) or (n, 2)")
        self.real = real[: self.n_scored].astype(np.float32)
        low, high = self.real.min(axis=0), self.real.max(axis=0)
        margin = _MARGIN * np.maximum(high - low, 1e-6)
        self.low, self.high = low - margin, high + margin
        sides = [
            np.linspace(a, b, LINE if real.shape[1] == 1 else GRID) for a, b in zip(self.low, self.high, strict=True)
        ]
        self.probes = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, real.shape[1]).astype(np.float32)

    def info(self) -> dict[str, Any]:
        """Return what the page must know before the first step."""
        return {"dims": self.real.shape[1], "low": self.low.tolist(), "high": self.high.tolist(), "grid": GRID}

    def keep(self, forged: Array) -> Array:
        """Return what is kept of forged examples."""
        return np.array(forged, np.float32)

    def shown(self, kept: Array) -> Shown:
        """Return examples as the page draws them."""
        return [{}], [kept.astype("<f4").tobytes()]

    def diversity(self, forged: Array) -> float:
        """Return the coverage of the real points."""
        return coverage(self.real, forged)


class ScoresView:
    """Tunes: symbols with a codec, or anything that a function turns into a `Score`."""

    kind = "scores"
    n_scored = 64
    diversity_name = "distinct bars"
    probes = None

    def __init__(self, real: Array, to_score: Callable[[Any], Any], *, shown: int, is_codec: bool) -> None:
        self._to_score, self._n, self._is_codec = to_score, shown, is_codec
        self.real = self.keep(real)

    def info(self) -> dict[str, Any]:
        """Return what the page must know before the first step."""
        return {}

    def keep(self, forged: Array) -> list[Score]:
        """Return the scores of the first examples."""
        return [self._score(example) for example in forged[: self._n]]

    def shown(self, kept: list[Score]) -> Shown:
        """Return scores as the page draws and plays them."""
        facts = [{**facts_of(score), "bpm": score.bpm, "programs": list(score.programs)} for score in kept]
        return facts, [notes_to_rows(score) for score in kept]

    def diversity(self, forged: Array) -> float:
        """Return the share of bars that are unlike all others."""
        if self._is_codec:
            symbols = as_symbols(forged)
            if symbols.shape[1] % _BARS == 0:
                bars = symbols.reshape(len(symbols) * _BARS, -1)
                return len(np.unique(bars, axis=0)) / len(bars)
        return distinct_bars([self._score(example) for example in forged[:N_HEARD]])

    def _score(self, example: Any) -> Score:
        score = self._to_score(as_symbols(example[None])[0] if self._is_codec else example)
        if not isinstance(score, Score):
            raise ValueError(f"show returned {type(score).__name__}; it must return a Score")
        if len(score) > MAX_NOTES:
            raise ValueError(f"show returned a score of {len(score)} notes; the page takes at most {MAX_NOTES}")
        return score


class SpectrogramsView:
    """Mel spectrograms in decibels, which are turned into sound when somebody wants to hear them."""

    kind = "spectrograms"
    n_scored = 64
    diversity_name = "coverage"
    probes = None

    def __init__(self, real: Array, to_mel: Callable[[Any], Any] | None, *, shown: int, sample_rate: int, n_fft: int, hop_length: int) -> None:  # fmt: skip
        self._to_mel, self._n = to_mel, shown
        self._sound = {"sample_rate": sample_rate, "n_fft": n_fft, "hop_length": hop_length}
        mels = self._mels(real[: self.n_scored])
        self._coarse = coarse(mels)
        self.loudest = float(np.ceil(mels[:shown].max() / 10) * 10)
        self.quietest = self.loudest - 80
        self.real = self._coded(mels[:shown])
        self.seconds = self.real.shape[2] * hop_length / sample_rate

    def info(self) -> dict[str, Any]:
        """Return what the page must know before the first step."""
        from musegen_edu.widgets.spectrogram_static import PALETTE

        shape = {"rows": self.real.shape[1], "columns": self.real.shape[2], "seconds": self.seconds}
        return {**shape, "low": self.quietest, "high": self.loudest, "palette": [list(colour) for colour in PALETTE]}

    def keep(self, forged: Array) -> npt.NDArray[np.uint8]:
        """Return the levels of the first examples, a byte each: 0 is 80 dB below the loudest real one."""
        return self._coded(self._mels(forged[: self._n]))

    def shown(self, kept: npt.NDArray[np.uint8]) -> Shown:
        """Return spectrograms as the page draws them."""
        return [{} for _ in kept], [one.tobytes() for one in kept]

    def diversity(self, forged: Array) -> float:
        """Return the coverage of the real spectrograms, made 8 times coarser in both directions."""
        return coverage(self._coarse, coarse(self._mels(forged)))

    def audio(self, levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the sound of kept levels; at most full scale."""
        from musegen_edu.spectrogram import FLOOR_DB, mel_to_audio

        mel = np.where(levels > 0, self.quietest + levels * ((self.loudest - self.quietest) / 255), FLOOR_DB)
        audio = mel_to_audio(mel, **self._sound)
        return audio / max(1.0, float(np.abs(audio).max(initial=0)))

    @property
    def sample_rate(self) -> int:
        """Samples a second of the sound."""
        return self._sound["sample_rate"]

    def _mels(self, examples: Array) -> Array:
        mels = np.asarray(examples if self._to_mel is None else self._to_mel(examples), np.float32)
        if mels.ndim == 4 and mels.shape[-1] == 1:
            mels = mels[..., 0]
        if mels.ndim != 3 or len(mels) != len(examples):
            raise ValueError(f"spectrograms have shape {mels.shape}; they must be (n, mels, frames) decibels, or to_mel must make them so")  # fmt: skip
        return mels

    def _coded(self, mels: Array) -> npt.NDArray[np.uint8]:
        share = (mels - self.quietest) / (self.loudest - self.quietest)
        return np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)


View = PointsView | ScoresView | SpectrogramsView


def make_view(
    show: str | Callable[[Any], Score] | None,
    real: Array,
    pair: Any,
    codec: Any,
    to_mel: Callable[[Any], Any] | None,
    shown: int,
    sound: dict[str, int],
) -> View:
    """Return the view that `show` asks for; None is `"points"` where the shape fits, else `"tunes"`.

    Raises
    ------
    ValueError
        If `show` is something else, or the real examples cannot be shown so.

    Examples
    --------
    >>> make_view(None, np.zeros((5, 2)), None, None, None, 3, {}).kind
    'points'
    """
    if show is None:
        show = "points" if real.ndim == 2 and real.shape[1] in (1, 2) else "tunes"
    if callable(show):
        return ScoresView(real, show, shown=shown, is_codec=False)
    if show == "points":
        return PointsView(real)
    if show == "spectrograms":
        prepare = getattr(pair, "prepare", None)
        some = real[: SpectrogramsView.n_scored]
        known = some if prepare is None else as_array(prepare(some))  # as the players know them
        if to_mel is None and known.shape != some.shape:
            from musegen_edu.models.note_painter import levels_to_mels

            to_mel = levels_to_mels
        return SpectrogramsView(known, to_mel, shown=shown, **sound)
    if show != "tunes":
        raise ValueError(
            f"show={show!r} must be 'points', 'tunes', 'spectrograms' or a function from an example to a Score"
        )
    codec = codec or getattr(pair, "codec", None)
    if codec is None:
        from musegen_edu.tokens.four_bar_codec import FourBarCodec

        codec = FourBarCodec()
    return ScoresView(real, codec.decode, shown=shown, is_codec=True)


def as_symbols(examples: Array) -> Array:
    """Return whole numbers: the place of the largest value where there is a row of them for each symbol.

    Examples
    --------
    >>> as_symbols(np.array([[[0.1, 0.9], [1.0, 0.0]]])).tolist()
    [[1, 0]]
    """
    is_whole = np.issubdtype(examples.dtype, np.integer)
    return examples if is_whole else examples.argmax(axis=-1).astype(np.int32)
