"""ChoraleCodec: four voices as a table of whole numbers, one row a sixteenth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.keys import MODES, parse_key
from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.melody_codec import one_voice
from musegen_edu.tokens.vocabulary import PAD

Table = npt.NDArray[np.int32]  # (n_steps, N_COLUMNS)

STEP_TICKS = TICKS_PER_QUARTER // 4  # a sixteenth
VOICES = ("soprano", "alto", "tenor", "bass")
VOICE_RANGES = (
    (57, 81),
    (53, 74),
    (48, 69),
    (36, 64),
)  # MIDI pitches; the extremes of Bach's voices in the training chorales
HOLD, REST, FIRST_PITCH = 1, 2, 3  # symbols; those from FIRST_PITCH on are pitches
LOWEST, HIGHEST = 30, 88  # the pitches that have a symbol, counted as if the tonic were C
N_SYMBOLS = FIRST_PITCH + HIGHEST - LOWEST + 1
CHOIR = 52  # General MIDI program

# What each column of a table holds, and how many values it can take. Columns 0 to 3 are the symbols of soprano, alto, tenor and bass,
# 4 to 7 what they sound (a held note has its pitch in every row); the others are the plan, which is known before a note is.
PLAN_COLUMNS = {
    "position": 24,  # sixteenths since the bar line
    "bar": 25,  # sixteenths in a bar
    "fermata": 2,
    "to_fermata": 17,  # quarters until the next fermata begins, 16 at most; 0 on a fermata and where none follows
    "phrases_left": 4,  # fermatas still to come, 3 at most
    "shift": 12,  # how many semitones the music was moved so that its tonic is C: -5 to 6, plus 5
    "mode": len(MODES),
}
N_COLUMNS = 2 * len(VOICES) + len(PLAN_COLUMNS)


@dataclass(frozen=True)
class ChoralePlan:
    """What is settled before the first note: meter, key, length, and where the lines of the hymn end.

    Parameters
    ----------
    meter : numerator and denominator; a bar may have at most 24 sixteenths.
    key : such as `"G major"`.
    n_steps : length in sixteenths.
    pickup : ticks before the first bar line.
    fermatas : (onset, duration) in ticks of each held note that ends a line, in order.

    Examples
    --------
    >>> plan = ChoralePlan.hymn(phrases=2, key="G major")
    >>> plan.n_steps, plan.fermatas
    (64, ((168, 24), (360, 24)))
    >>> plan.columns()[0].tolist()  # bar position 12 of 16, no fermata, one in 7 quarters, one more after it, up 5, major
    [12, 16, 0, 7, 2, 10, 0]

    Lesson: 06 lstm_and_gru.
    """

    meter: tuple[int, int]
    key: str
    n_steps: int
    pickup: int = 0
    fermatas: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        bar = Score(meter=self.meter, pickup=self.pickup).bar_ticks
        if bar % STEP_TICKS or bar // STEP_TICKS >= PLAN_COLUMNS["position"] + 1:
            raise ValueError(f"meter={self.meter!r} must have bars of whole sixteenths, 24 at most")
        parse_key(self.key)
        if self.n_steps < 1:
            raise ValueError(f"n_steps={self.n_steps} must be at least 1")

    @classmethod
    def hymn(
        cls, *, phrases: int = 4, key: str = "G major", meter: tuple[int, int] = (4, 4), pickup: int = TICKS_PER_QUARTER
    ) -> ChoralePlan:
        """Return the plan of a hymn with lines of equal length: two bars each in 4/4, four in 3/4.

        That is the commonest length of Bach's chorale lines. Each line ends on a fermata at the third beat (4/4) or on the first
        (3/4) of its last bar, so that the next can begin with a pickup.

        Parameters
        ----------
        phrases : number of lines, 1 to 16.
        meter : `(4, 4)` or `(3, 4)`.
        pickup : 0, or 24 ticks, a quarter.
        """
        if not 1 <= phrases <= 16:
            raise ValueError(f"phrases={phrases} must be from 1 to 16")
        if meter not in ((4, 4), (3, 4)):
            raise ValueError(f"meter={meter!r} must be (4, 4) or (3, 4)")
        if pickup not in (0, TICKS_PER_QUARTER):
            raise ValueError(f"pickup={pickup!r} must be 0 or {TICKS_PER_QUARTER} ticks")
        line = (8 if meter == (4, 4) else 12) * TICKS_PER_QUARTER
        held = (2 * TICKS_PER_QUARTER if meter == (4, 4) else 3 * TICKS_PER_QUARTER) - pickup
        fermatas = tuple((number * line - held, held) for number in range(1, phrases + 1))
        return cls(meter, key, phrases * line // STEP_TICKS, pickup, fermatas)

    @property
    def shift(self) -> int:
        """Semitones, -5 to 6, by which the music is moved so that its tonic is C."""
        return (5 - parse_key(self.key)[0]) % 12 - 5

    def columns(self) -> npt.NDArray[np.int32]:
        """Return the plan's part of a table: (n_steps, 7), in the order of `PLAN_COLUMNS`."""
        bar = Score(meter=self.meter).bar_ticks
        ticks = STEP_TICKS * np.arange(self.n_steps)
        onsets = np.array([onset for onset, _ in self.fermatas], np.int64)
        coming = np.searchsorted(onsets, ticks)  # fermatas that have begun before each step
        until = np.append(onsets, self.n_steps * STEP_TICKS)[coming] - ticks
        is_held = np.zeros(self.n_steps, np.bool_)
        for onset, duration in self.fermatas:
            is_held |= (ticks >= onset) & (ticks < onset + duration)
        nearer = np.minimum(-(-until // TICKS_PER_QUARTER), PLAN_COLUMNS["to_fermata"] - 1)
        table = [
            (ticks - self.pickup) % bar // STEP_TICKS,
            np.full(self.n_steps, bar // STEP_TICKS),
            is_held,
            np.where(is_held, 0, nearer),
            np.minimum(len(onsets) - coming, PLAN_COLUMNS["phrases_left"] - 1),
            np.full(self.n_steps, self.shift + 5),
            np.full(self.n_steps, MODES.index(parse_key(self.key)[1])),
        ]
        return np.stack(table, axis=1).astype(np.int32)


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
