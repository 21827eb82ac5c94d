"""Drum patterns by rule, with the name of their style: practice material for networks, made up and not played by anybody.

The styles are sketches: the strokes by which each is known, from common knowledge of the drum kit, with small seeded variations. They are
no recordings, no transcriptions and no data about real drummers; `fetch_dataset("groove")` has those.

A bar is written as one line a drum, one sign a step: `X` an accent, `x` a stroke, `o` a soft stroke, `?` a stroke that comes in one bar in
four, `.` nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musegen_edu.score import DRUMS, Score

# General MIDI numbers of the drums
KICK, SNARE, CLOSED_HAT, PEDAL_HAT, OPEN_HAT = 36, 38, 42, 44, 46
LOW_TOM, MID_TOM, HIGH_TOM, CRASH, RIDE = 43, 47, 50, 49, 51
_CYMBALS = (CLOSED_HAT, OPEN_HAT, RIDE)  # give way to the crash that ends a fill
_VELOCITIES = {"X": 112, "x": 88, "o": 54, "?": 60}
_MAYBE = 0.25  # how often a "?" is struck
_SPREAD = 5  # velocities vary by so much either way
_PHRASE = 4  # bars from one fill to the next

Bar = dict[int, str]  # drum -> its line
Stroke = tuple[int, int, int]  # step, drum, velocity


@dataclass(frozen=True)
class _Style:
    """What is fixed in a style, and what may be drawn."""

    meters: tuple[tuple[int, int], ...]  # the usual one first; a shorter one takes the start of the bar
    step: int  # ticks: 6 is a sixteenth, 8 a triplet eighth
    bpm: tuple[int, int]  # slowest, fastest
    always: Bar
    one_of: tuple[Bar, ...]  # drawn once a pattern: the groove that its bars share
    fills: tuple[Bar, ...]  # end of a bar: as many steps as the lines are long


_TOMS_IN_FOURS: Bar = {SNARE: "Xxxx........", HIGH_TOM: "....Xxxx....", LOW_TOM: "........Xxxx"}
_ONE_BEAT: Bar = {SNARE: "Xx..", MID_TOM: "..x.", LOW_TOM: "...X"}
_SNARE_ROLL: Bar = {SNARE: "ooxxxxXX"}

_STYLES: dict[str, _Style] = {
    "rock": _Style(
        meters=((4, 4),),
        step=6,
        bpm=(100, 132),
        always={CLOSED_HAT: "X.x.X.x.X.x.X.x.", SNARE: "....X.......X..."},
        one_of=(
            {KICK: "X.......X.....?."},
            {KICK: "X.....x.X.....?."},
            {KICK: "X.......x.x...?."},
            {KICK: "X.x...?.x.x....."},
        ),
        fills=(_ONE_BEAT, _SNARE_ROLL, _TOMS_IN_FOURS),
    ),
    "disco": _Style(
        meters=((4, 4),),
        step=6,
        bpm=(112, 126),
        always={KICK: "X...x...X...x...", SNARE: "....X.......X..?"},
        one_of=(
            {OPEN_HAT: "..x...x...x...x.", CLOSED_HAT: "x...x...x...x..."},
            {OPEN_HAT: "..X...X...X...X.", CLOSED_HAT: "xo..xo..xo..xo.."},
            {OPEN_HAT: "..x...x...x...x.", CLOSED_HAT: "xo.oxo.oxo.oxo.o"},
        ),
        fills=(_ONE_BEAT, _SNARE_ROLL),
    ),
    "funk": _Style(
        meters=((4, 4),),
        step=6,
        bpm=(92, 108),
        always={CLOSED_HAT: "XoxoXoxoXoxoXoxo", SNARE: "....X..o.?..X..?"},
        one_of=(
            {KICK: "X.x.......x..?.."},
            {KICK: "X..x..x...x....."},
            {KICK: "X.....x..?x..x.."},
        ),
        fills=(_ONE_BEAT, _TOMS_IN_FOURS),
    ),
    "shuffle": _Style(
        meters=((4, 4),),
        step=8,
        bpm=(96, 126),
        always={SNARE: "...X....?X..", RIDE: "X.xX.xX.xX.x"},
        one_of=(
            {KICK: "X.....X....."},
            {KICK: "X....xX....?"},
            {KICK: "x..x..x..x.."},
        ),
        fills=({SNARE: "Xxx...", LOW_TOM: "...Xxx"}, {SNARE: "xxX"}),
    ),
    "waltz": _Style(
        meters=((3, 4),),
        step=6,
        bpm=(138, 168),
        always={KICK: "X..........."},
        one_of=(
            {RIDE: "X...x...x...", PEDAL_HAT: "....x...x...", SNARE: "....o...o.?."},
            {RIDE: "X...x.x.x...", PEDAL_HAT: "....x...x...", SNARE: "....o...o.?."},
            {CLOSED_HAT: "....x...x.?.", SNARE: "....x...x..."},
        ),
        fills=({SNARE: "x.X."}, {SNARE: "x.x.....", HIGH_TOM: "....X...", LOW_TOM: "......X."}),
    ),
    "march": _Style(
        meters=((2, 4), (4, 4)),
        step=6,
        bpm=(108, 120),
        always={KICK: "X...x...", PEDAL_HAT: "....x..."},
        one_of=(
            {SNARE: "X.xxX.x."},
            {SNARE: "X.xxX.xx"},
            {SNARE: "X.x.Xxx?"},
        ),
        fills=({SNARE: "XoooXooo"}, {SNARE: "Xoxo"}),
    ),
}

DRUM_STYLES = tuple(_STYLES)


def drum_pattern(style: str, bars: int, *, seed: int, meter: tuple[int, int] | None = None) -> Score:
    """Make up a drum pattern of a style, by rules: synthetic, not played and not written down from a recording.

    One groove is drawn for all bars, so that they belong together; soft extra strokes come and go; every fourth bar and the last one end in
    a fill, and the bar after a fill begins with a crash cymbal. Accents are louder, and every stroke varies a little.

    Parameters
    ----------
    style : one of `DRUM_STYLES`: "rock", "disco", "funk", "shuffle" (in triplets), "waltz" or "march".
    bars : at least 1.
    seed : decides groove, extra strokes, fills, velocities and tempo; the same seed gives the same pattern.
    meter : without it, that of the style: 3/4 for the waltz, 2/4 for the march (4/4 too), 4/4 for the others.

    Returns
    -------
    A score with one drum part (program `DRUMS`, General MIDI drum numbers) and the style in its title. A stroke is written until the next
    one, at most to the end of its beat.

    Raises
    ------
    ValueError
        If the style is unknown, does not go with the meter, or `bars` is less than 1.

    Examples
    --------
    >>> pattern = drum_pattern("waltz", 4, seed=0)
    >>> pattern.meter, pattern.n_bars, bool(pattern.is_drum_note.all())
    ((3, 4), 4, True)

    Lesson: 11 hybrid_gans.
    """
    if style not in _STYLES:
        raise ValueError(f"style={style!r} must be one of {', '.join(DRUM_STYLES)}")
    if isinstance(bars, bool) or int(bars) != bars or bars < 1:
        raise ValueError(f"bars={bars!r} must be a whole number, at least 1")
    rules = _STYLES[style]
    meter = rules.meters[0] if meter is None else meter
    if meter not in rules.meters:
        known = " or ".join(f"{over}/{under}" for over, under in rules.meters)
        raise ValueError(f"meter={meter!r} does not go with the style {style!r}, which is in {known}")
    rng = np.random.default_rng([seed, DRUM_STYLES.index(style)])
    score = Score(
        meter=meter,
        bpm=int(rng.integers(rules.bpm[0], rules.bpm[1] + 1)),
        programs=(DRUMS,),
        title=f"Synthetic {style}",
    )
    groove = rules.always | rules.one_of[rng.integers(len(rules.one_of))]
    bar_steps = score.bar_ticks // rules.step
    strokes: list[Stroke] = []
    for bar in range(bars):
        fills = (bar + 1) % _PHRASE == 0 or bar + 1 == bars
        fill = rules.fills[rng.integers(len(rules.fills))] if fills else {}
        played = _bar_strokes(groove, fill, bar_steps, rng)
        if bar and bar % _PHRASE == 0:
            played = [stroke for stroke in played if stroke[0] or stroke[1] not in _CYMBALS]
            played.append((0, CRASH, _VELOCITIES["X"]))
        strokes += [(bar * bar_steps + step, drum, velocity) for step, drum, velocity in played]
    return Score.from_notes(
        _strokes_to_rows(strokes, rules.step, score.beat_ticks),
        **{name: getattr(score, name) for name in ("meter", "bpm", "programs", "title")},
    )


def drum_pattern_set(
    n: int, *, bars: int = 4, seed: int, styles: tuple[str, ...] = DRUM_STYLES
) -> tuple[tuple[Score, ...], tuple[str, ...]]:
    """Make up labelled drum patterns, the styles in turn: synthetic data for a network to learn from (see `drum_pattern`).

    Parameters
    ----------
    n : how many patterns.
    bars : bars in each.
    seed : of the set; no two patterns of it share a seed.
    styles : which styles.

    Returns
    -------
    The patterns, and for each the name of its style.

    Raises
    ------
    ValueError
        If `n` is less than 1, there is no style, or one is unknown.

    Examples
    --------
    >>> patterns, labels = drum_pattern_set(3, seed=0, styles=("rock", "disco"))
    >>> labels, patterns[2].title
    (('rock', 'disco', 'rock'), 'Synthetic rock')

    Lesson: 11 hybrid_gans.
    """
    if n < 1:
        raise ValueError(f"n={n!r} must be at least 1")
    if not styles:
        raise ValueError(f"styles is empty; give at least one of {', '.join(DRUM_STYLES)}")
    labels = tuple(styles[index % len(styles)] for index in range(n))
    seeds = np.random.SeedSequence(seed).generate_state(n).tolist()
    return tuple(drum_pattern(label, bars, seed=own) for label, own in zip(labels, seeds, strict=True)), labels


def _bar_strokes(groove: Bar, fill: Bar, bar_steps: int, rng: np.random.Generator) -> list[Stroke]:
    """Return the strokes of one bar; the steps that a fill covers have the fill and the kick, nothing else."""
    fill_steps = max((len(line) for line in fill.values()), default=0)
    start = bar_steps - fill_steps
    strokes = []
    for drum, line in groove.items():
        line = (line * 2)[:bar_steps]  # a bar of 2/4 comes twice in one of 4/4
        strokes += [(step, drum, sign) for step, sign in enumerate(line) if step < start or drum == KICK]
    for drum, line in fill.items():
        strokes += [(start + step, drum, sign) for step, sign in enumerate(line)]
    return [
        (step, drum, _VELOCITIES[sign] + int(rng.integers(-_SPREAD, _SPREAD + 1)))
        for step, drum, sign in strokes
        if sign in "Xxo" or (sign == "?" and rng.random() < _MAYBE)
    ]


def _strokes_to_rows(strokes: list[Stroke], step_ticks: int, beat_ticks: int) -> list[tuple[int, int, int, int]]:
    """Return rows for `Score.from_notes`: each stroke lasts until the next one, at most to the end of its beat."""
    onsets: npt.NDArray[np.int64] = np.unique([step * step_ticks for step, _, _ in strokes])
    following = np.append(onsets[1:], onsets[-1] + beat_ticks)
    ends = np.minimum(following, (onsets // beat_ticks + 1) * beat_ticks)
    length = dict(zip(onsets.tolist(), (ends - onsets).tolist(), strict=True))
    return [(step * step_ticks, length[step * step_ticks], drum, velocity) for step, drum, velocity in strokes]
