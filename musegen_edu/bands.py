"""Four-bar windows of a band: three voices of Bach's chorales, and drums that are added by a rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musegen_edu.dataset_index import IndexRow
from musegen_edu.datasets import load_dataset
from musegen_edu.drum_patterns import drum_pattern
from musegen_edu.score import Score
from musegen_edu.tokens.band_codec import (
    FIRST_PITCH,
    HIGHEST,
    HOLD,
    KIT,
    LOWEST,
    N_BARS,
    N_COLUMNS,
    N_STEPS,
    REST,
    STEP_TICKS,
    STEPS_A_BAR,
    VOICES,
    BandCodec,
    Table,
    shift_of,
)

_VOICES_TAKEN = (0, 1, 3)  # of a chorale's soprano, alto, tenor and bass
_HELD_OUT_HOP = 4  # bars: windows that do not overlap, so that no bar is counted twice
_BAR_TICKS = STEPS_A_BAR * STEP_TICKS
DRUM_RULE = ("rock", "disco", "funk")  # for calm, middling and busy voices
# notes that begin in the three voices in four bars, up to which voices are calm, and up to which middling: the training windows' terciles
CALM, MIDDLING = 48, 55
_GROOVE_BARS, _FILL_BARS, _CRASH_BARS = (0, 1, 2, 5, 6), (3, 7), (4,)  # of an eight-bar `drum_pattern`


@dataclass(frozen=True, eq=False)
class BandWindows:
    """Windows of four bars, and the chorale that each comes from.

    Parameters
    ----------
    tables : (n, 64, 13), as `BandCodec` writes them.
    piece : (n,), for each window the number of its chorale in `rows`.
    rows : what is known of each chorale.
    sha256 : checksum of the dataset.
    """

    tables: npt.NDArray[np.int32]
    piece: npt.NDArray[np.int64]
    rows: tuple[IndexRow, ...]
    sha256: str

    def __len__(self) -> int:
        return len(self.tables)

    def score(self, index: int) -> Score:
        """Return a window as music, in the key of its chorale."""
        row = self.rows[int(self.piece[index])]
        return BandCodec().decode(self.tables[index], key=row.key, title=row.title)

    def scores(self) -> list[Score]:
        """Return all windows as music, without accidentals in the key signature."""
        return [BandCodec().decode(table) for table in self.tables]

    def take(self, indices: npt.ArrayLike) -> BandWindows:
        """Return some of the windows, by number or by a truth value each."""
        chosen = np.asarray(indices)
        return BandWindows(self.tables[chosen], self.piece[chosen], self.rows, self.sha256)


def band_windows(split: str, *, hop: int | None = None, seed: int = 0) -> BandWindows:
    """Return the four-bar windows of one part of the chorales in 4/4: soprano, alto and bass, with drums by `add_drums`.

    The split is by chorale. The pickup is left out; a note that began before a window begins anew in it. Windows with notes off the grid of
    sixteenths are left out, and where the same notes come twice in a part, up to key, the first stays.

    Parameters
    ----------
    split : "train", "valid" or "test".
    hop : bars from one window to the next; None means 1 for training (every bar may be the first) and 4 for the held-out parts.
    seed : of the drums.

    Examples
    --------
    >>> windows = band_windows("valid")
    >>> windows.tables.shape[1:], windows.score(0).n_parts
    ((64, 13), 4)

    Lesson: 11 hybrid_gans.
    """
    chorales = load_dataset("chorales")
    rows = chorales.rows(split)
    step = hop if hop is not None else 1 if split == "train" else _HELD_OUT_HOP
    if step < 1:
        raise ValueError(f"hop={step} must be at least 1 bar")
    tables, piece, fermatas = [], [], []
    for number, (score, row) in enumerate(zip(getattr(chorales, split), rows, strict=True)):
        if score.meter != (4, 4):
            continue
        held = {(onset - score.pickup) // _BAR_TICKS for onset in row.fermatas}
        symbols = np.stack([_line(score.part(voice)) for voice in _VOICES_TAKEN], axis=1)
        for bar in range(0, len(symbols) // STEPS_A_BAR - N_BARS + 1, step):
            window = _cut(symbols, bar * STEPS_A_BAR)
            if window is not None:
                tables.append(np.concatenate([window, np.zeros((N_STEPS, len(KIT)), np.int32)], axis=1))
                piece.append(number)
                fermatas.append([bar + i in held for i in range(N_BARS)])
    all_tables = np.array(tables, np.int32).reshape(-1, N_STEPS, N_COLUMNS)
    first = np.sort(np.unique(all_tables, axis=0, return_index=True)[1])
    with_drums = add_drums(all_tables[first], np.array(fermatas)[first], seed=seed)
    return BandWindows(with_drums, np.array(piece)[first], rows, chorales.sha256)


def add_drums(
    tables: npt.NDArray[np.int32], ends: npt.NDArray[np.bool_], *, seed: int, vary: bool = True
) -> npt.NDArray[np.int32]:
    """Return tables in which drums play along, by a rule: Bach wrote none.

    The busier the voices, the busier the drums: rock where the three voices begin up to `CALM` notes in the four bars, disco up to
    `MIDDLING`, funk above. In a bar in which a line of the hymn ends (a fermata stands over it), the drummer plays a fill, and begins the
    next bar with a crash cymbal. The strokes are those of `drum_pattern`, one groove a window, drawn by the seed.

    Parameters
    ----------
    tables : (n, 64, 13); what their drums play is lost.
    ends : (n, 4) truth values: does a line end in this bar?
    seed : of grooves, fills and the small strokes that come and go.
    vary : whether each window draws its own groove; without it all windows of a style share one.

    Raises
    ------
    ValueError
        If `ends` does not fit the tables.

    Examples
    --------
    >>> windows = band_windows("valid")
    >>> plain = add_drums(windows.tables, np.zeros((len(windows), 4), np.bool_), seed=1)
    >>> CRASH = 3 + KIT.index(49)
    >>> int(plain[:, :, CRASH].sum()), bool(windows.tables[:, :, CRASH].any())  # no ends, no crash
    (0, True)

    Lesson: 11 hybrid_gans.
    """
    if tables.shape[1:] != (N_STEPS, N_COLUMNS) or ends.shape != (len(tables), N_BARS):
        raise ValueError(f"tables {tables.shape} and ends {ends.shape} must be (n, {N_STEPS}, {N_COLUMNS}) and (n, 4)")
    played = tables.copy()
    begun = (tables[:, :, : len(VOICES)] >= FIRST_PITCH).sum(axis=(1, 2))
    styles = np.searchsorted([CALM, MIDDLING], begun)  # 0, 1 or 2: up to CALM is 0
    for index, (style, line_ends) in enumerate(zip(styles.tolist(), ends.tolist(), strict=True)):
        rng = np.random.default_rng([seed, index])
        pattern = drum_pattern(DRUM_RULE[style], 8, seed=int(rng.integers(2**31)) if vary else seed)
        strokes = np.zeros((8 * STEPS_A_BAR, len(KIT)), np.int32)
        for onset, drum in pattern.notes[["onset", "pitch"]].tolist():
            strokes[onset // STEP_TICKS, KIT.index(drum)] = 1
        by_bar = strokes.reshape(8, STEPS_A_BAR, len(KIT))
        for bar, ends_here in enumerate(line_ends):
            after_end = bar > 0 and line_ends[bar - 1]
            bars = _FILL_BARS if ends_here else _CRASH_BARS if after_end else _GROOVE_BARS
            played[index, bar * STEPS_A_BAR : (bar + 1) * STEPS_A_BAR, len(VOICES) :] = by_bar[rng.choice(bars)]
    return played


_OFF_GRID = -1  # stands at a step where something begins or ends between two sixteenths


def _line(part: Score) -> npt.NDArray[np.int32]:
    """Return the symbols of a voice after the pickup, to the end of its last bar, as if the key had no accidentals."""
    n_bars = -(-(part.duration - part.pickup) // _BAR_TICKS)
    line = np.full(n_bars * STEPS_A_BAR, REST, np.int32)
    for onset, duration, pitch in part.notes[["onset", "duration", "pitch"]].tolist():
        start, stop = onset - part.pickup, onset - part.pickup + duration
        first, last = max(0, start) // STEP_TICKS, -(-stop // STEP_TICKS)
        if stop <= 0:
            continue
        symbol = FIRST_PITCH + pitch - shift_of(part.key) - LOWEST
        off = start % STEP_TICKS or stop % STEP_TICKS or not FIRST_PITCH <= symbol <= FIRST_PITCH + HIGHEST - LOWEST
        line[first:last] = HOLD
        line[first] = _OFF_GRID if off else symbol
    resting = np.flatnonzero(line == REST)
    line[resting[np.isin(resting - 1, resting)]] = HOLD  # silence begins once, then goes on
    return line


def _cut(symbols: npt.NDArray[np.int32], start: int) -> Table | None:
    """Return four bars of three voices, (64, 3), or None where a voice is silent throughout or off the grid."""
    window = symbols[start : start + N_STEPS].copy()
    for voice in range(window.shape[1]):
        if window[0, voice] == HOLD:  # in the middle of a note or of silence: it begins anew
            before = symbols[:start, voice]
            window[0, voice] = before[np.flatnonzero(before != HOLD)[-1]] if (before != HOLD).any() else REST
    fits = (window > 0).all() and (window >= FIRST_PITCH).any(axis=0).all()
    return window if fits else None
