"""FourBarCodec: four bars of a tune as 64 whole numbers, one a sixteenth, whatever the key."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import parse_key
from musegen_edu.score import Score
from musegen_edu.tokens.chorale_codec import FIRST_PITCH as FIRST_PITCH
from musegen_edu.tokens.chorale_codec import HOLD as HOLD
from musegen_edu.tokens.chorale_codec import REST as REST
from musegen_edu.tokens.chorale_codec import STEP_TICKS as STEP_TICKS
from musegen_edu.tokens.melody_codec import one_voice
from musegen_edu.tokens.vocabulary import PAD

N_BARS, STEPS_A_BAR = 4, 16
N_STEPS = N_BARS * STEPS_A_BAR
BAR_TICKS = STEPS_A_BAR * STEP_TICKS
LOWEST, HIGHEST = 45, 88  # the MIDI pitches that have a symbol, counted as if the tonic were C
N_SYMBOLS = FIRST_PITCH + HIGHEST - LOWEST + 1
_OFF_GRID = -1  # stands at a step where something begins or ends between two sixteenths

Window = npt.NDArray[np.int32]  # (64,)


@dataclass(frozen=True)
class FourBarCodec:
    """Four bars of 4/4 in one voice: 64 symbols, one for each sixteenth, as if every tune were in C.

    A symbol is a pitch that begins, `HOLD` (what sounded goes on) or `REST` (silence begins). Before it is written down, a tune is moved
    down by 0 to 11 semitones so that its tonic becomes C; `decode` moves it back up to the key that it is given. So the numbers tell the
    music and not the key: "Do Re Mi" has the same symbols in G and in D. Modes are kept: a tune in A minor is written in C minor. A score
    without a key is taken as it stands.

    Every line of 64 symbols is playable: a `HOLD` where nothing sounds is silence, and so is the padding symbol 0.

    Examples
    --------
    >>> codec = FourBarCodec()
    >>> tune = Score.from_melody([67, 69, 71, None, 67], [12, 6, 48, 30, 288], key="G major")
    >>> codec.encode(tune)[:18].tolist()  # C4 is 3 + 60 - 45 = 18
    [18, 1, 20, 22, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 18, 1]
    >>> codec.decode(codec.encode(tune), key="G major") == tune
    True

    References
    ----------
    The grid with its hold symbol is that of Roberts, Engel, Raffel, Hawthorne and Eck, "A hierarchical latent vector model for learning
    long-term structure in music", ICML 2018 (MusicVAE); the common key is ours.
    Lesson: 09 variational_autoencoders.
    """

    def encode(self, score: Score) -> Window:
        """Return the 64 symbols of four bars; where the score is shorter, silence follows.

        Parameters
        ----------
        score : one voice on the grid of sixteenths, bars of 4/4 or 2/2, at most four of them, no pickup.

        Raises
        ------
        ValueError
            If the score is longer, has another meter, a pickup, chords, notes off the grid, or pitches too far from its tonic.
        """
        if score.bar_ticks != BAR_TICKS:
            raise ValueError(
                f"score has the meter {score.meter[0]}/{score.meter[1]}; give bars of 4/4 (in_four_four doubles the notes of a 2/4)"
            )
        if score.pickup or score.duration > N_BARS * BAR_TICKS:
            length = f"{score.n_bars} bars" + (" with a pickup" if score.pickup else "")
            raise ValueError(f"score has {length}; take four full bars of it, such as score.slice_bars(1, 4)")
        symbols = self._line(score, N_STEPS)
        if (symbols == _OFF_GRID).any():
            raise ValueError(
                f"score has notes off the grid of sixteenths in bar {int(np.argmax(symbols == _OFF_GRID)) // STEPS_A_BAR + 1}; "
                f"move them there with score.quantize({STEP_TICKS})"
            )
        if (symbols == PAD).any():
            raise ValueError(
                f"score has pitches from {score.notes['pitch'].min()} to {score.notes['pitch'].max()}; in "
                f"{score.key or 'C major'} they must lie from {LOWEST + tonic_of(score.key)} to {HIGHEST + tonic_of(score.key)}"
            )
        return symbols

    def decode(self, symbols: npt.ArrayLike, *, key: str | None = None, velocity: int = 80, **fields: Any) -> Score:
        """Return the four bars that 64 symbols stand for.

        Parameters
        ----------
        symbols : whole numbers from 0 to `N_SYMBOLS` - 1, shape (64,).
        key : in which it is to sound; None leaves it where it was written, with C as its tonic.
        velocity : 1 to 127.
        fields : other fields of the score, such as `bpm`, `programs` and `title`.

        Raises
        ------
        ValueError
            If there are not 64 symbols, or one of them is none of the codec's.
        """
        line = np.asarray(symbols)
        if line.shape != (N_STEPS,) or not np.issubdtype(line.dtype, np.integer):
            raise ValueError(f"symbols has shape {line.shape} and dtype {line.dtype}; give {N_STEPS} whole numbers")
        if line.min() < 0 or line.max() >= N_SYMBOLS:
            raise ValueError(f"symbols holds {line.min()} to {line.max()}; they must lie from 0 to {N_SYMBOLS - 1}")
        starts = np.flatnonzero((line != HOLD) & (line != PAD))
        notes = []
        for start, stop in pairwise([*starts.tolist(), N_STEPS]):
            if line[start] >= FIRST_PITCH:
                pitch = int(line[start]) - FIRST_PITCH + LOWEST + tonic_of(key)
                notes.append((start * STEP_TICKS, (stop - start) * STEP_TICKS, pitch, velocity))
        return Score.from_notes(notes, key=key, **fields)

    def windows(self, score: Score, *, hop: int = 1) -> npt.NDArray[np.int32]:
        """Return all the runs of four bars in a tune that can be written with the codec's symbols.

        Bars of 4/4 and 2/2 are taken as they are; those of 2/4 with their note values doubled (see `in_four_four`). The pickup is left
        out. A note that began before a window is silent in it; a window with triplets, 32nds or a far pitch is left out.

        Parameters
        ----------
        score : one voice.
        hop : bars from the start of a window to that of the next; 4 gives windows that do not overlap.

        Returns
        -------
        int32, (n, 64); no rows where the tune has another meter or fewer than four bars.

        Examples
        --------
        >>> tune = Score.from_melody([60, 62, 64, 65] * 6, 24)
        >>> FourBarCodec().windows(tune).shape
        (3, 64)
        """
        if hop < 1:
            raise ValueError(f"hop={hop} must be at least 1 bar")
        if score.meter not in ((4, 4), (2, 2), (2, 4)):
            return np.empty((0, N_STEPS), np.int32)
        tune = in_four_four(score)
        n_bars = -(-(tune.duration - tune.pickup) // BAR_TICKS)
        notes = tune.notes[tune.notes["onset"] >= tune.pickup].copy()
        notes["onset"] -= tune.pickup
        line = self._line(tune.replace(notes=notes, pickup=0), max(0, n_bars) * STEPS_A_BAR)
        found = []
        for bar in range(0, n_bars - N_BARS + 1, hop):
            window = line[bar * STEPS_A_BAR : bar * STEPS_A_BAR + N_STEPS].copy()
            if window[0] == HOLD:  # in the middle of a note or of silence
                window[0] = REST
            following = int(np.argmax(window[1:] != HOLD)) + 1
            if window[0] == REST == window[following]:
                window[following] = HOLD  # it is silent already
            if (window > PAD).all() and (window >= FIRST_PITCH).any():
                found.append(window)
        return np.array(found, np.int32).reshape(-1, N_STEPS)

    def _line(self, score: Score, n_steps: int) -> npt.NDArray[np.int32]:
        """Return symbols, (n_steps,), with `PAD` for a pitch that has none and `_OFF_GRID` where a note is off the grid."""
        line = np.full(n_steps, HOLD, np.int32)
        silent_from = 0
        wrong: list[int] = []
        for onset, duration, pitch in one_voice(score):
            if onset % STEP_TICKS or duration % STEP_TICKS:
                wrong += range(onset // STEP_TICKS, min(n_steps, -(-(onset + duration) // STEP_TICKS)))
            elif onset > silent_from:
                line[-(-silent_from // STEP_TICKS)] = REST
            written = pitch - tonic_of(score.key)
            line[onset // STEP_TICKS] = FIRST_PITCH + written - LOWEST if LOWEST <= written <= HIGHEST else PAD
            silent_from = onset + duration
        if -(-silent_from // STEP_TICKS) < n_steps:
            line[-(-silent_from // STEP_TICKS)] = REST
        line[wrong] = _OFF_GRID
        return line

    def to_dict(self) -> dict[str, Any]:
        """Return what `codec_from_dict` needs, fit for JSON."""
        return {"codec": "four_bar", "n_symbols": N_SYMBOLS}


def tonic_of(key: str | None) -> int:
    """Return the semitones from C up to a key's tonic, 0 to 11; 0 without a key.

    Examples
    --------
    >>> tonic_of("G major"), tonic_of(None)
    (7, 0)
    """
    return 0 if key is None else parse_key(key)[0]


def in_four_four(score: Score) -> Score:
    """Return a tune in 2/2 or 2/4 as a player would write it in 4/4: it sounds the same.

    A reel is printed in 2/2 with eight eighths a bar by one editor, in 2/4 with eight sixteenths by another. Of a 2/4, every note value
    and the tempo are doubled.

    Raises
    ------
    ValueError
        If the meter is none of 4/4, 2/2 and 2/4.

    Examples
    --------
    >>> tune = in_four_four(Score.from_melody([62, 64, 66, 67], 12, meter=(2, 4), bpm=60))
    >>> tune.meter, tune.bpm, tune.notes["duration"].tolist()
    ((4, 4), 120.0, [24, 24, 24, 24])
    """
    if score.meter not in ((4, 4), (2, 2), (2, 4)):
        raise ValueError(
            f"score has the meter {score.meter[0]}/{score.meter[1]}; only 4/4, 2/2 and 2/4 can be written so"
        )
    if score.meter != (2, 4):
        return score.replace(meter=(4, 4))
    notes = score.notes.copy()
    notes["onset"] *= 2
    notes["duration"] *= 2
    return score.replace(notes=notes, meter=(4, 4), pickup=2 * score.pickup, bpm=min(2000.0, 2 * score.bpm))
