"""Give a melody a band: alto, bass and drums by a trained generator, the melody untouched."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from musegen_edu.files import weights_folder
from musegen_edu.keys import estimate_key
from musegen_edu.pretrained import load_pretrained
from musegen_edu.score import Score
from musegen_edu.tokens.band_codec import PARTS, PROGRAMS, BandCodec

if TYPE_CHECKING:
    from musegen_edu.models.band_gan import BandGAN


def accompany(melody: Score, *, model: str | BandGAN | None = None, seed: int = 0) -> Score:
    """Return a melody with alto, bass and drums around it.

    The players hear the four bars of the melody, all at once; the seed decides what they make of it.

    Parameters
    ----------
    melody : one part, one note at a time, on the grid of sixteenths; 4/4, at most four bars, no pickup. Without a key it is read in the one
        that `estimate_key` finds. In C major or A minor it should lie between A3 and C6, as sopranos sing.
    model : a `BandGAN` with a given voice, or the name of a trained one; None takes `"band_accompanist"`.
    seed : of the players; the same seed plays the same.

    Returns
    -------
    A score with four parts, soprano (the melody, with its instrument and loudness), alto, bass and drums, in the melody's key and tempo.

    Raises
    ------
    ValueError
        If the melody is not as said, has no note, or the model accompanies nothing.

    Examples
    --------
    >>> tune = Score.from_melody([67, 69, 71, 72, 74, 71, 67, 67], 48, key="G major")
    >>> band = accompany(tune, seed=1)
    >>> band.n_parts, bool((band.part(0).notes["pitch"] == tune.notes["pitch"]).all())
    (4, True)

    References
    ----------
    Accompaniment by a generator that is told one track: Dong, Hsiao, Yang and Yang, "MuseGAN", AAAI 2018.
    Lesson: 11 hybrid_gans.
    """
    named = model is None or isinstance(model, str)
    player: Any = _loaded(str(model or "band_accompanist"), str(weights_folder())) if named else model
    if player.given is None:
        raise ValueError("model forges all parts; give one that accompanies, such as BandGAN(given='soprano')")
    if len(melody) == 0:
        raise ValueError("melody has no note")
    codec = BandCodec()
    key = melody.key or estimate_key(melody)
    symbols = codec.encode_voice(melody.replace(key=key))
    table = player.generate_tables(1, melodies=symbols[None], seed=seed)[0]
    given = PARTS.index(player.given)
    table[:, given] = 0  # its own notes take its place: they keep their loudness
    own = melody.notes.copy()
    own["part"] = given
    notes = np.concatenate([codec.decode(table, key=key).notes, own])
    programs = tuple(melody.programs[0] if i == given else program for i, program in enumerate(PROGRAMS))
    return Score(notes, melody.meter, melody.bpm, melody.key, programs, melody.title)


@lru_cache(maxsize=4)
def _loaded(name: str, folder: str) -> Any:
    """Return a trained model, loaded once a weights folder."""
    return load_pretrained(name, folder)
