"""Four voices on request: harmonise a melody, compose a chorale, or go on from a start."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.fermatas import guess_fermatas
from musegen_edu.files import weights_folder
from musegen_edu.keys import estimate_key
from musegen_edu.metrics.voice_leading import voice_leading
from musegen_edu.pretrained import load_pretrained
from musegen_edu.score import TICKS_PER_QUARTER, Score, stack
from musegen_edu.tokens.chorale_codec import CHOIR, HOLD, STEP_TICKS, VOICES, ChoraleCodec, ChoralePlan

if TYPE_CHECKING:
    from musegen_edu.models.chorale import ChoraleLSTM

_FREE = -1  # as in musegen_edu.chorale_loop, which loads Keras


def harmonise(
    soprano: Score,
    *,
    fermatas: Sequence[int] | None = None,
    model: str | ChoraleLSTM = "chorale_lstm",
    temperature: float = 0.8,
    top_p: float | None = None,
    avoid_parallels: bool = True,
    candidates: int = 8,
    seed: int,
) -> Score:
    """Set alto, tenor and bass under a melody.

    The melody stays as it is. Several settings are drawn at once, and the one with the fewest faults in its voice leading
    (`musegen_edu.metrics.voice_leading`) is kept, the first of equals.

    Parameters
    ----------
    soprano : one part, one note at a time, from A3 to A5 (MIDI 57 to 81); without a key it is read in the one that `estimate_key` finds.
        The lower voices move on the grid of sixteenths, whatever the melody does.
    fermatas : onsets in ticks of the notes that end a line; None takes `musegen_edu.fermatas.guess_fermatas`.
    model : the name of a trained model, or a model itself.
    temperature, top_p : as in `musegen_edu.sampling.generate`.
    avoid_parallels : whether notes that would make parallel fifths or octaves are ruled out as a guide rules out tokens. The network by
        itself has not learnt to avoid them: its card counts how many it makes.
    candidates : how many settings to choose from.
    seed : 0 or more; the same seed gives the same setting.

    Returns
    -------
    Four parts with the melody's meter, key, tempo, pickup and title.

    Raises
    ------
    ValueError
        If the melody has no notes, more than one part, chords, or pitches that no soprano sings, or a number is out of range.

    Examples
    --------
    >>> melody = Score.from_melody([67, 67, 69, 71, 72, 71, 69, 67], 24, key="G major", bpm=72)
    >>> setting = harmonise(melody, seed=1)
    >>> setting.n_parts, setting.part(0).notes["pitch"].tolist()
    (4, [67, 67, 69, 71, 72, 71, 69, 67])

    Lesson: 06 lstm_and_gru.
    """
    if soprano.n_parts != 1 or len(soprano) == 0:
        raise ValueError(f"soprano has {soprano.n_parts} parts and {len(soprano)} notes; give one part with notes")
    low, high = int(soprano.notes["pitch"].min()), int(soprano.notes["pitch"].max())
    if low < 55 or high > 84:
        raise ValueError(f"soprano goes from {low} to {high}; a soprano sings 57 to 81: transpose it")
    codec = ChoraleCodec()
    on_grid = soprano.quantize(STEP_TICKS).replace(key=soprano.key or estimate_key(soprano))
    held = guess_fermatas(on_grid) if fermatas is None else fermatas
    plan = codec.plan(on_grid, held)
    forced = np.full((_checked(candidates), plan.n_steps, len(VOICES)), _FREE, np.int32)
    forced[:, :, 0] = codec.encode(on_grid, held)[:, 0]
    settings = _draw(
        model,
        forced,
        plan,
        temperature=temperature,
        top_p=top_p,
        avoid_parallels=avoid_parallels,
        seed=seed,
        bpm=soprano.bpm,
    )
    given = soprano.replace(programs=(CHOIR,), key=plan.key)
    complete = [stack([given, *setting.parts()[1:]]) for setting in settings]
    return _with_fewest_faults(complete).replace(title=soprano.title)


def compose_chorale(
    *,
    phrases: int = 4,
    key: str = "G major",
    meter: tuple[int, int] = (4, 4),
    pickup: int = TICKS_PER_QUARTER,
    model: str | ChoraleLSTM = "chorale_lstm",
    temperature: float = 0.8,
    top_p: float | None = None,
    avoid_parallels: bool = True,
    candidates: int = 8,
    seed: int,
    **fields: Any,
) -> Score:
    """Let a model compose a chorale from nothing: first a soprano, then the voices under it.

    Parameters
    ----------
    phrases : lines of the hymn, 1 to 16: two bars each in 4/4, four in 3/4 (`ChoralePlan.hymn`).
    key : such as `"D minor"`.
    meter : `(4, 4)` or `(3, 4)`.
    pickup : 0, or 24 ticks, a quarter.
    model, temperature, top_p, avoid_parallels, candidates, seed : as in `harmonise`.
    fields : other fields of the score, such as `bpm` or `title`.

    Examples
    --------
    >>> chorale = compose_chorale(phrases=2, key="D minor", seed=3)
    >>> chorale.n_parts, chorale.key, chorale.duration // chorale.bar_ticks
    (4, 'D minor', 4)

    Lesson: 06 lstm_and_gru.
    """
    plan = ChoralePlan.hymn(phrases=phrases, key=key, meter=meter, pickup=pickup)
    forced = np.full((_checked(candidates), plan.n_steps, len(VOICES)), _FREE, np.int32)
    title = {"title": f"Chorale number {seed}"}
    chorales = _draw(
        model,
        forced,
        plan,
        temperature=temperature,
        top_p=top_p,
        avoid_parallels=avoid_parallels,
        seed=seed,
        **{**title, **fields},
    )
    return _with_fewest_faults(chorales)


def continue_chorale(
    start: Score,
    *,
    phrases: int = 4,
    model: str | ChoraleLSTM = "chorale_lstm",
    temperature: float = 0.8,
    top_p: float | None = None,
    avoid_parallels: bool = True,
    candidates: int = 8,
    seed: int,
) -> Score:
    """Go on from the first notes of a chorale, which stay as they are.

    The new soprano follows from the soprano of the start and the plan; the new lower voices follow from all the start and from the
    whole soprano, the new one too.

    Parameters
    ----------
    start : four parts, soprano first, on the grid of sixteenths, in 4/4 or 3/4, with a pickup of a quarter or none.
    phrases : lines of the whole hymn, the start's included.
    model, temperature, top_p, avoid_parallels, candidates, seed : as in `harmonise`.

    Raises
    ------
    ValueError
        If the start is no such chorale, or is as long as the whole hymn would be.

    Examples
    --------
    >>> start = compose_chorale(phrases=1, key="D minor", seed=3)
    >>> whole = continue_chorale(start, phrases=2, seed=0)
    >>> bool((whole.notes[: len(start)] == start.notes).all()), whole.duration > start.duration
    (True, True)

    Lesson: 06 lstm_and_gru.
    """
    if start.n_parts != len(VOICES) or len(start) == 0:
        raise ValueError(f"start has {start.n_parts} parts and {len(start)} notes; give four parts, soprano first")
    start = start.replace(key=start.key or estimate_key(start))
    plan = ChoralePlan.hymn(phrases=phrases, key=str(start.key), meter=start.meter, pickup=start.pickup)
    table = ChoraleCodec().encode(start)
    if len(table) >= plan.n_steps:
        raise ValueError(f"phrases={phrases} is no longer than the start, which has {len(table)} sixteenths already")
    forced = np.full((_checked(candidates), plan.n_steps, len(VOICES)), _FREE, np.int32)
    forced[:, : len(table)] = table[:, : len(VOICES)]
    chorales = _draw(
        model,
        forced,
        plan,
        temperature=temperature,
        top_p=top_p,
        avoid_parallels=avoid_parallels,
        seed=seed,
        no_hold_at=len(table),
        bpm=start.bpm,
    )
    return _with_fewest_faults(chorales).replace(title=start.title, programs=start.programs)


def _checked(candidates: int) -> int:
    if candidates < 1:
        raise ValueError(f"candidates={candidates} must be at least 1")
    return candidates


def _draw(
    model: str | ChoraleLSTM,
    forced: npt.NDArray[np.int32],
    plan: ChoralePlan,
    *,
    temperature: float,
    top_p: float | None,
    avoid_parallels: bool,
    seed: int,
    no_hold_at: int | None = None,
    **fields: Any,
) -> list[Score]:
    from musegen_edu.chorale_loop import draw_chorales  # loads Keras

    network: Any = _loaded(model, str(weights_folder())) if isinstance(model, str) else model
    codec = ChoraleCodec()
    allowed = np.repeat(codec.allowed_symbols(plan)[None], plan.n_steps, axis=0)
    if no_hold_at is not None:
        allowed[no_hold_at, :, HOLD] = False  # else the last notes of a start would grow longer
    symbols = draw_chorales(
        network,
        forced,
        plan.columns(),
        allowed,
        temperature=temperature,
        top_p=top_p,
        avoid_parallels=avoid_parallels,
        seed=seed,
    )
    return [codec.decode(table, plan, **fields) for table in symbols]


@lru_cache(maxsize=2)
def _loaded(name: str, folder: str) -> Any:
    """Load a model once: what is compiled for it stays with it."""
    return load_pretrained(name, folder)


def _with_fewest_faults(chorales: Sequence[Score]) -> Score:
    return min(chorales, key=lambda chorale: voice_leading(chorale).faults)
