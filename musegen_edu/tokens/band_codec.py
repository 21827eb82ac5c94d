"""BandCodec: four bars for three voices and drums as a table of whole numbers, one row a sixteenth, whatever the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import key_to_fifths
from musegen_edu.score import DRUMS, Score
from musegen_edu.tokens.chorale_codec import FIRST_PITCH as FIRST_PITCH
from musegen_edu.tokens.chorale_codec import HIGHEST as HIGHEST
from musegen_edu.tokens.chorale_codec import HOLD as HOLD
from musegen_edu.tokens.chorale_codec import LOWEST as LOWEST
from musegen_edu.tokens.chorale_codec import N_SYMBOLS as N_SYMBOLS
from musegen_edu.tokens.chorale_codec import REST as REST
from musegen_edu.tokens.chorale_codec import STEP_TICKS as STEP_TICKS
from musegen_edu.tokens.melody_codec import one_voice

Table = npt.NDArray[np.int32]  # (n_steps, N_COLUMNS)

VOICES = ("soprano", "alto", "bass")
PARTS = (*VOICES, "drums")
# General MIDI numbers: kick, snare, closed hat, pedal hat, open hat, ride, crash, low, middle and high tom
KIT = (36, 38, 42, 44, 46, 51, 49, 43, 47, 50)
PROGRAMS = (73, 71, 32, DRUMS)  # flute, clarinet, double bass
N_BARS, STEPS_A_BAR = 4, 16
N_STEPS = N_BARS * STEPS_A_BAR
N_COLUMNS = len(VOICES) + len(KIT)
_BAR_TICKS, _BEAT_TICKS = STEPS_A_BAR * STEP_TICKS, 4 * STEP_TICKS
_LOUD, _SOFT = 88, 64  # velocities of kick, snare and toms, and of what is made of metal
_METAL = (42, 44, 46, 51, 49)


@dataclass(frozen=True)
class BandCodec:
    """Four bars of 4/4 for soprano, alto, bass and drums, on a grid of sixteenths, without sharps or flats in the key signature.

    A table has one row for each of the 64 sixteenths. Its first three columns hold the symbols of the voices: a pitch that begins, `HOLD`
    (what sounded goes on) or `REST` (silence begins), numbered as in `ChoraleCodec`. The other ten hold one drum of `KIT` each: 1 where it
    is struck, 0 where not.

    Before music is written down, it is moved by at most a tritone to the key with the same mode and no accidentals: major to C major, minor
    to A minor, dorian to D dorian. So the white keys of a piano are nearly all it needs. `decode` moves it to the key that it is given. A
    score without a key is taken as it stands.

    Every table of such numbers is playable: a `HOLD` where nothing sounds is silence, and so is the padding symbol 0. What a table does not
    say is how loud notes are; a stroke is written until the next one, at most to the end of its beat, as `drum_pattern` does it.

    Examples
    --------
    >>> from musegen_edu.score import stack
    >>> voices = [Score.from_melody([pitch], 24, key="G major", programs=(73,)) for pitch in (71, 67, 43)]
    >>> drums = Score.from_notes([(0, 12, 36), (12, 12, 42)], key="G major", programs=(DRUMS,))
    >>> table = BandCodec().encode(stack([*voices, drums]))
    >>> table.shape, table[:3, :6].tolist()  # in C: E5, C5, C3; a kick, a closed hat on the second eighth
    ((64, 13), [[49, 45, 21, 1, 0, 0], [1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 1]])
    >>> BandCodec().decode(table, key="G major").part(0).notes["pitch"].tolist()
    [71]

    References
    ----------
    The grid with its hold symbol is that of `ChoraleCodec`. Dong, Hsiao, Yang and Yang, "MuseGAN", AAAI 2018, write bands as piano rolls
    without it, so that a repeated note and a held one look the same.
    Lesson: 11 hybrid_gans.
    """

    def encode(self, score: Score) -> Table:
        """Return the table, (64, 13), of four bars; where the score is shorter, silence follows.

        Parameters
        ----------
        score : four parts, soprano, alto, bass and drums; each voice one note at a time, on the grid of sixteenths; 4/4, at most four bars,
            no pickup.

        Raises
        ------
        ValueError
            If one of these is not so, a pitch is no pitch for a voice, or a drum is not in `KIT`.
        """
        if score.n_parts != len(PARTS) or [program == DRUMS for program in score.programs] != [False] * 3 + [True]:
            raise ValueError(
                f"score has parts for the programs {score.programs}; a band has three voices and then drums ({DRUMS})"
            )
        table = np.zeros((N_STEPS, N_COLUMNS), np.int32)
        for voice in range(len(VOICES)):
            table[:, voice] = self.encode_voice(score.part(voice).replace(key=score.key))
        for onset, pitch in score.part(len(VOICES)).notes[["onset", "pitch"]].tolist():
            if pitch not in KIT:
                raise ValueError(
                    f"the drum {pitch} at tick {onset} is not in the kit; it has {', '.join(map(str, KIT))}"
                )
            if onset % STEP_TICKS:
                raise ValueError(f"the stroke at tick {onset} is off the grid of sixteenths; {_TO_GRID}")
            table[onset // STEP_TICKS, len(VOICES) + KIT.index(pitch)] = 1
        return table

    def encode_voice(self, score: Score) -> npt.NDArray[np.int32]:
        """Return the 64 symbols of one voice, such as a melody that is to be accompanied; the score has a single part.

        Raises
        ------
        ValueError
            As `encode`.
        """
        if score.n_parts != 1 or score.programs[0] == DRUMS:
            raise ValueError(
                f"score has parts for the programs {score.programs}; give one voice, such as score.part(0)"
            )
        if score.bar_ticks != _BAR_TICKS or score.meter[1] == 8:
            raise ValueError(f"score has the meter {score.meter[0]}/{score.meter[1]}; give bars of 4/4")
        if score.pickup or score.duration > N_BARS * _BAR_TICKS:
            length = f"{score.n_bars} bars" + (" with a pickup" if score.pickup else "")
            raise ValueError(f"score has {length}; take four full bars of it, such as score.slice_bars(1, 4)")
        column = np.full(N_STEPS, HOLD, np.int32)
        silent_from = 0
        shift = shift_of(score.key)
        for onset, duration, pitch in one_voice(score):
            if onset % STEP_TICKS or duration % STEP_TICKS:
                raise ValueError(
                    f"the note at tick {onset} with {duration} ticks is off the grid of sixteenths; {_TO_GRID}"
                )
            if not LOWEST <= pitch - shift <= HIGHEST:
                raise ValueError(
                    f"pitch {pitch} at tick {onset} is no pitch for a voice; in {score.key or 'C major'} they lie from "
                    f"{LOWEST + shift} to {HIGHEST + shift}"
                )
            if onset > silent_from:
                column[silent_from // STEP_TICKS] = REST
            column[onset // STEP_TICKS] = FIRST_PITCH + pitch - shift - LOWEST
            silent_from = onset + duration
        if silent_from < N_STEPS * STEP_TICKS:
            column[silent_from // STEP_TICKS] = REST
        return column

    def decode(self, table: npt.ArrayLike, *, key: str | None = None, **fields: Any) -> Score:
        """Return the four bars that a table stands for: a score with the parts of `PARTS`.

        Parameters
        ----------
        table : (64, 13) whole numbers: symbols from 0 to `N_SYMBOLS` - 1, then 0 or 1.
        key : in which it is to sound; None leaves it where it was written.
        fields : other fields of the score, such as `bpm`, `programs` and `title`.

        Raises
        ------
        ValueError
            If the shape or a number is another one.
        """
        rows = np.asarray(table)
        if rows.shape != (N_STEPS, N_COLUMNS) or not np.issubdtype(rows.dtype, np.integer):
            raise ValueError(
                f"table has shape {rows.shape} and dtype {rows.dtype}; give whole numbers of shape {(N_STEPS, N_COLUMNS)}"
            )
        symbols, struck = rows[:, : len(VOICES)], rows[:, len(VOICES) :]
        if rows.min() < 0 or symbols.max() >= N_SYMBOLS or struck.max() > 1:
            raise ValueError(
                f"table holds {rows.min()} to {rows.max()}; symbols lie from 0 to {N_SYMBOLS - 1}, strokes are 0 or 1"
            )
        shift = shift_of(key)
        notes = []
        for voice in range(len(VOICES)):
            starts = np.flatnonzero(symbols[:, voice] != HOLD)
            for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), N_STEPS], strict=True):
                if symbols[start, voice] >= FIRST_PITCH:
                    pitch = int(symbols[start, voice]) - FIRST_PITCH + LOWEST + shift
                    notes.append((start * STEP_TICKS, (stop - start) * STEP_TICKS, pitch, 80, voice))
        steps = np.flatnonzero(struck.any(axis=1)).tolist()
        for step, following in zip(steps, [*steps[1:], N_STEPS], strict=True):
            onset = step * STEP_TICKS
            length = min(following * STEP_TICKS, (onset // _BEAT_TICKS + 1) * _BEAT_TICKS) - onset
            for drum in np.array(KIT)[struck[step] == 1].tolist():
                notes.append((onset, length, drum, _SOFT if drum in _METAL else _LOUD, len(VOICES)))
        given = {"programs": PROGRAMS, "bpm": 96.0, **fields}
        return Score.from_notes(notes, key=key, **given)

    def to_dict(self) -> dict[str, Any]:
        """Return what `codec_from_dict` needs, fit for JSON."""
        return {"codec": "band", "n_symbols": N_SYMBOLS, "kit": list(KIT)}


_TO_GRID = f"move it there with score.quantize({STEP_TICKS})"


def shift_of(key: str | None) -> int:
    """Return the semitones, -5 to 6, from the key without accidentals up to a key of the same mode; 0 without a key.

    Examples
    --------
    >>> shift_of("D major"), shift_of("B minor"), shift_of("Bb major"), shift_of(None)
    (2, 2, -2, 0)
    """
    return 0 if key is None else (7 * key_to_fifths(key) + 5) % 12 - 5
