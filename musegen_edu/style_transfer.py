"""`transfer_style`: a reel as a chorale might go, or a chorale as a fiddler might play it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musegen_edu.pretrained import load_pretrained
from musegen_edu.score import Score
from musegen_edu.tokens.four_bar_codec import FourBarCodec


def transfer_style(
    tunes: Sequence[Score], to: str = "chorale", *, model: Any = None, seed: int | None = None
) -> list[Score]:
    """Return tunes told in another style; each keeps its key, tempo, title and instrument.

    Parameters
    ----------
    tunes : four bars of 4/4 in one voice each, as `FourBarCodec.encode` takes them; with their keys, if they have any.
    to : the wanted style: "reel" or "chorale".
    model : a `StyleCycle`; `load_pretrained("style_cycle")` if None.
    seed : of noise, for other versions of the same tune; None takes what is most likely.

    Raises
    ------
    ValueError
        If a tune is no four bars of 4/4, or the model knows no such style.

    Examples
    --------
    >>> from musegen_edu.models.style_cycle import StyleCycle
    >>> tune = Score.from_melody([67, 69, 71, 72] * 4, 24, key="G major")
    >>> told = transfer_style([tune], to="reel", model=StyleCycle(units=8, filters=(2, 2, 2)))
    >>> told[0].key, told[0].n_bars
    ('G major', 4)

    Lesson: 11 hybrid_gans.
    """
    if isinstance(tunes, Score):
        raise ValueError("tunes is one score; give a list of them, such as [score]")
    if len(tunes) == 0:
        return []
    codec = FourBarCodec()
    symbols = np.array([codec.encode(tune) for tune in tunes])
    network = load_pretrained("style_cycle") if model is None else model
    told = network.transfer(symbols, to, seed=seed)
    return [
        codec.decode(row, key=tune.key, bpm=tune.bpm, title=tune.title, programs=tune.programs[:1])
        for row, tune in zip(told, tunes, strict=True)
    ]
