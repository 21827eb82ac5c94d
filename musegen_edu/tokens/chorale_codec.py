"""ChoraleCodec: four voices as a table of whole numbers, one row a sixteenth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.chorale_plan import PLAN_COLUMNS as PLAN_COLUMNS
from musegen_edu.tokens.chorale_plan import STEP_TICKS as STEP_TICKS
from musegen_edu.tokens.chorale_plan import ChoralePlan as ChoralePlan
from musegen_edu.tokens.melody_codec import one_voice
from musegen_edu.tokens.vocabulary import PAD

Table = npt.NDArray[np.int32]  # (n_steps, N_COLUMNS)

VOICES = ("soprano", "alto", "tenor", "bass")
# MIDI pitches: the extremes of Bach's four voices in the training chorales
VOICE_RANGES = ((57, 81), (53, 74), (48, 69), (36, 64))
HOLD, REST, FIRST_PITCH = 1, 2, 3  # symbols; those from FIRST_PITCH on are pitches
LOWEST, HIGHEST = 30, 88  # the pitches that have a symbol, counted as if the tonic were C
N_SYMBOLS = FIRST_PITCH + HIGHEST - LOWEST + 1
CHOIR = 52  # General MIDI program

# The columns of a table: 0 to 3 hold the symbols of soprano, alto, tenor and bass, 4 to 7 what they sound (a held note has its pitch in
# every row); the others are those of the plan, which is known before a note is.
N_COLUMNS = 2 * len(VOICES) + len(PLAN_COLUMNS)


@dataclass(frozen=True)
class ChoraleCodec:
    """Four voices on a grid of sixteenths, in the key of C, and beside them what the choir knows: bar, fermatas, key.

    In each row a voice has one symbol: a pitch that begins, `HOLD` (what sounded goes on) or `REST` (a rest begins). So a note that is
    struck twice and one that is held differ, and every table of symbols is playable.

    Examples
    --------
    >>> voices = [Score.from_melody([pitch], 24, key="G major", programs=(52,)) for pitch in (71, 67, 62, 55)]
    >>> from musegen_edu.score import stack
    >>> table = ChoraleCodec().encode(stack(voices))
    >>> table.shape, table[:2, :4].tolist()  # in C: E5, C5, G4, C4, then all held
    ((4, 15), [[49, 45, 40, 33], [1, 1, 1, 1]])

    References
    ----------
    Hadjeres, Pachet and Nielsen, "DeepBach: a steerable model for Bach chorales generation", ICML 2017, has the same grid, hold
    symbol, meter and fermatas as input; the plan's look ahead to the next fermata and the common key are ours.
    Lesson: 06 lstm_and_gru.
    """

    def encode(self, score: Score, fermatas: Sequence[int] = ()) -> Table:
        """Return the table of a chorale, or of a soprano alone (the other voices then have `PAD`).

        Parameters
        ----------
        score : four parts, soprano first, or one; each part one voice, on the grid of sixteenths, with a key.
        fermatas : onsets in ticks of the soprano's held notes.

        Raises
        ------
        ValueError
            If the score has no key, another number of parts, notes off the grid, chords in a voice, or pitches too far from
            its tonic.
        """
        if score.n_parts not in (1, len(VOICES)):
            raise ValueError(
                f"score has {score.n_parts} parts; a chorale has four, soprano first (or give the soprano alone)"
            )
        plan = self.plan(score, fermatas)
        symbols = np.full((plan.n_steps, len(VOICES)), PAD, np.int32)
        for voice, part in enumerate(score.parts()):
            symbols[:, voice] = self._column(part, plan)
        return np.concatenate([symbols, sounding_symbols(symbols), plan.columns()], axis=1)

    def plan(self, score: Score, fermatas: Sequence[int] = ()) -> ChoralePlan:
        """Return the plan of a chorale or a soprano that is there already."""
        if score.key is None:
            raise ValueError("score has no key; name it, for example score.replace(key=estimate_key(score))")
        lengths = dict(score.part(0).notes[["onset", "duration"]].tolist()) if len(score) else {}
        held = tuple((int(onset), int(lengths.get(onset, TICKS_PER_QUARTER))) for onset in sorted(fermatas))
        return ChoralePlan(score.meter, score.key, -(-score.duration // STEP_TICKS), score.pickup, held)

    def _column(self, part: Score, plan: ChoralePlan) -> npt.NDArray[np.int32]:
        column = np.full(plan.n_steps, HOLD, np.int32)
        silent_from = 0
        for onset, duration, pitch in one_voice(part):
            if onset % STEP_TICKS or duration % STEP_TICKS:
                raise ValueError(
                    f"the note at tick {onset} with {duration} ticks is off the grid of sixteenths; "
                    f"move it there with score.quantize({STEP_TICKS})"
                )
            if not LOWEST <= pitch + plan.shift <= HIGHEST:
                raise ValueError(f"pitch {pitch} at tick {onset} is no pitch for a voice; move the score by an octave")
            if onset > silent_from:
                column[silent_from // STEP_TICKS] = REST
            column[onset // STEP_TICKS] = FIRST_PITCH + pitch + plan.shift - LOWEST
            silent_from = onset + duration
        if silent_from < plan.n_steps * STEP_TICKS:
            column[silent_from // STEP_TICKS] = REST
        return column

    def decode(self, table: npt.NDArray[np.int32], plan: ChoralePlan, **fields: Any) -> Score:
        """Return the score that a table's symbols stand for: one part for each of its first columns, four at most.

        Parameters
        ----------
        table : (n_steps, at least 1) symbols; a hold where nothing sounds is silence, and so is `PAD`.
        plan : gives meter, key and pickup.
        fields : other fields of the score, such as `bpm` and `title`.
        """
        notes: list[tuple[int, int, int, int, int]] = []
        n_parts = min(table.shape[1], len(VOICES))
        for voice in range(n_parts):
            starts = np.flatnonzero(table[:, voice] != HOLD)
            for start, stop in zip(starts, np.append(starts[1:], len(table)), strict=True):
                symbol = int(table[start, voice])
                if symbol >= FIRST_PITCH:
                    ticks = int(stop - start) * STEP_TICKS
                    notes.append(
                        (int(start) * STEP_TICKS, ticks, symbol - FIRST_PITCH + LOWEST - plan.shift, 80, voice)
                    )
        given = {"programs": (CHOIR,) * n_parts, "bpm": 72.0, **fields}
        return Score.from_notes(notes, meter=plan.meter, key=plan.key, pickup=plan.pickup, **given)

    def allowed_symbols(self, plan: ChoralePlan) -> npt.NDArray[np.bool_]:
        """Return which symbols each voice may sing in the plan's key: (4, N_SYMBOLS)."""
        pitches = np.arange(N_SYMBOLS) - FIRST_PITCH + LOWEST - plan.shift
        allowed = np.array([(pitches >= low) & (pitches <= high) for low, high in VOICE_RANGES])
        allowed[:, PAD], allowed[:, HOLD], allowed[:, REST] = False, True, True
        return allowed

    def to_dict(self) -> dict[str, Any]:
        """Return what `codec_from_dict` needs, fit for JSON."""
        return {"codec": "chorale", "n_symbols": N_SYMBOLS}


def sounding_symbols(symbols: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return what each voice sounds in each row: the latest symbol that is not `HOLD`, `REST` where there is none yet.

    Examples
    --------
    >>> sounding_symbols(np.array([[1], [45], [1], [2], [1]], np.int32))[:, 0].tolist()
    [2, 45, 45, 2, 2]
    """
    rows = np.arange(len(symbols))[:, None]
    latest = np.maximum.accumulate(np.where(symbols != HOLD, rows, -1), axis=0)
    found = np.take_along_axis(symbols, np.maximum(latest, 0), axis=0)
    return np.where(latest < 0, REST, found).astype(np.int32)


def transposed_table(table: Table, semitones: int) -> Table:
    """Return a chorale's table in another key.

    As every table is written in C, only the column that says how far it was moved changes; where that passes the middle of the
    octave, the pitches move by an octave too.

    Examples
    --------
    >>> voices = [Score.from_melody([pitch], 24, key="G major") for pitch in (71, 67, 62, 55)]
    >>> from musegen_edu.score import stack
    >>> codec, chorale = ChoraleCodec(), stack(voices)
    >>> bool((transposed_table(codec.encode(chorale), 3) == codec.encode(chorale.transpose(3))).all())
    True
    """
    at = 2 * len(VOICES) + list(PLAN_COLUMNS).index("shift")
    old = int(table[0, at]) - 5
    new = (old - semitones + 5) % 12 - 5
    moved = table.copy()
    moved[:, at] = new + 5
    notes = moved[:, : 2 * len(VOICES)]
    notes[notes >= FIRST_PITCH] += semitones + new - old  # a view: moved changes
    return moved


def possible_transpositions(table: Table) -> Iterable[int]:
    """Return the semitones, -5 to 6, by which a chorale can be moved with every voice in its range (or no further out than it is).

    Examples
    --------
    >>> voices = [Score.from_melody([pitch], 24, key="G major") for pitch in (71, 67, 62, 40)]
    >>> from musegen_edu.score import stack
    >>> list(possible_transpositions(ChoraleCodec().encode(stack(voices))))
    [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6]
    """
    at = 2 * len(VOICES) + list(PLAN_COLUMNS).index("shift")
    pitches = table[:, len(VOICES) : 2 * len(VOICES)] - FIRST_PITCH + LOWEST - (int(table[0, at]) - 5)
    down, up = -12, 12
    for voice, (low, high) in enumerate(VOICE_RANGES):
        sung = pitches[table[:, len(VOICES) + voice] >= FIRST_PITCH, voice]
        if len(sung):
            down, up = max(down, min(0, low - int(sung.min()))), min(up, max(0, high - int(sung.max())))
    return range(max(down, -5), min(up, 6) + 1)
