"""Guides: what may come next, by rule. A guide leaves the choice to the model and takes away what would be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musegen_edu.score import TICKS_PER_QUARTER, Score
from musegen_edu.tokens.event_codec import EventCodec
from musegen_edu.tokens.vocabulary import END

_PICKUP, _INSIDE, _LAST = 0, 1, 2  # before the first bar line; in a bar that others follow; in the last bar


@dataclass(frozen=True, eq=False)
class Guide:
    """A finite automaton over tokens, which `sampling.generate` follows beside the model.

    Parameters
    ----------
    allowed : truth values, (n_states, n_tokens): which tokens may be drawn in a state; in each state at least one.
    following : integers, (n_states, n_tokens): the state after a token, whether allowed or given in a prompt.

    The state before the first token is 0. `a & b` allows what both allow; where they would leave nothing, what `a` allows.

    Raises
    ------
    ValueError
        If the shapes differ, a state allows nothing, or a state that follows does not exist.
    """

    allowed: npt.NDArray[np.bool_]
    following: npt.NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.allowed.ndim != 2 or self.allowed.shape != self.following.shape:
            raise ValueError(
                f"allowed has shape {self.allowed.shape} and following {self.following.shape}; both must be (n_states, n_tokens)"
            )
        if not self.allowed.any(axis=1).all():
            raise ValueError(f"allowed has nothing to draw in state {int(np.argmin(self.allowed.any(axis=1)))}")
        if not 0 <= self.following.min() <= self.following.max() < len(self.allowed):
            raise ValueError(f"following leads outside the states 0 to {len(self.allowed) - 1}")

    def __and__(self, other: Guide) -> Guide:
        """Return the guide that follows both at once; a state of it is a pair of theirs, those that can be reached."""
        if self.allowed.shape[1] != other.allowed.shape[1]:
            raise ValueError(
                f"the guides are for {self.allowed.shape[1]} and {other.allowed.shape[1]} tokens; join guides of one codec"
            )
        n_other = len(other.allowed)
        rows: list[npt.NDArray[np.int64]] = []  # for each pair, the pairs that follow
        places = {0: 0}  # pair -> its number
        pairs = [0]
        while len(rows) < len(pairs):
            first, second = divmod(pairs[len(rows)], n_other)
            after = self.following[first].astype(np.int64) * n_other + other.following[second]
            for pair in np.unique(after).tolist():
                if pair not in places:
                    places[pair] = len(pairs)
                    pairs.append(pair)
            rows.append(after)
        mine, others = np.divmod(pairs, n_other)
        allowed = self.allowed[mine] & other.allowed[others]
        stuck = ~allowed.any(axis=1)
        allowed[stuck] = self.allowed[mine[stuck]]
        order = np.argsort(pairs)
        numbers = order[np.searchsorted(np.array(pairs)[order], np.stack(rows))]
        return Guide(allowed, numbers.astype(np.int32))


def closing_ticks(meter: tuple[int, int]) -> int:
    """Return how long the last note of a tune must be at least: a beat, but no more than a dotted quarter.

    Examples
    --------
    >>> closing_ticks((4, 4)), closing_ticks((6, 8)), closing_ticks((2, 2))
    (24, 36, 36)
    """
    return min(Score(meter=meter).beat_ticks, TICKS_PER_QUARTER * 3 // 2)


def bar_guide(codec: EventCodec, meter: tuple[int, int]) -> Guide:
    """Return the guide that makes bars add up and tunes end.

    A note or rest may not reach over the bar line, and may not leave a gap that no symbols can fill; a bar line comes when the
    bar is full, and nothing else then. Before the first bar line anything shorter than a bar may stand (a pickup). The last bar, the
    one after `|1`, ends with a tonic of at least `closing_ticks`, and then `<end>` comes. Which pitches, which rhythms and how
    many bars is for the model to say.

    Parameters
    ----------
    codec : whose vocabulary the model was trained with.
    meter : numerator and denominator.

    Examples
    --------
    >>> codec = EventCodec.fit([Score.from_melody([60, 62], [24, 48], meter=(3, 4), key="C major")])
    >>> guide = bar_guide(codec, (3, 4))
    >>> state = 0
    >>> for token in codec.vocabulary.tokens(["|1", "62:24"]):
    ...     state = guide.following[state, token]
    >>> [codec.vocabulary.symbols[token] for token in np.flatnonzero(guide.allowed[state])]
    ['60:24', '60:48', '61:24', '62:24', 'r:24', '~:24']
    """
    bar = Score(meter=meter).bar_ticks
    symbols = codec.vocabulary.symbols
    n_states = 3 * (bar + 1)  # (phase, ticks filled)
    # a token without a length leaves the state as it is
    following = np.repeat(np.arange(n_states, dtype=np.int32)[:, None], len(symbols), axis=1)
    allowed = np.zeros((n_states, len(symbols)), np.bool_)

    heads_and_ticks = [symbol.partition(":")[::2] for symbol in symbols]
    ticks = np.array([int(tail) if head.isdigit() or head in ("r", "~") else 0 for head, tail in heads_and_ticks])
    lasts = ticks > 0  # notes, rests and holds: what takes time
    closes = np.array([head.isdigit() and int(head) % 12 == 0 for head, _ in heads_and_ticks]) & (
        ticks >= closing_ticks(meter)
    )
    is_bar = np.array([symbol.startswith("|") for symbol in symbols])
    is_header = np.array([symbol.startswith(("meter:", "mode:")) for symbol in symbols])

    can_fill = _fillable(bar, lambda filled, token_ticks: True, ticks[lasts])
    can_close = _fillable(
        bar, lambda filled, token_ticks: filled + token_ticks < bar or token_ticks in ticks[closes], ticks[lasts]
    )
    for phase in (_PICKUP, _INSIDE, _LAST):
        for filled in range(bar + 1):
            state = phase * (bar + 1) + filled
            after = np.minimum(filled + ticks, bar)
            following[state, lasts] = phase * (bar + 1) + after[lasts]
            following[state, is_bar] = _INSIDE * (bar + 1)
            following[state, codec.vocabulary.tokens(["|1"])] = _LAST * (bar + 1)
            fits = lasts & (filled + ticks <= bar)
            if phase == _LAST:
                allowed[state] = fits & can_close[after] & ((after < bar) | closes)
                allowed[state, END] = filled == bar
            elif phase == _INSIDE:
                allowed[state] = (fits & can_fill[after]) | (is_bar & (filled == bar))
            else:
                allowed[state] = (lasts & (filled + ticks < bar)) | is_bar | (is_header & (filled == 0))
    stuck = ~allowed.any(axis=1)  # the codec's lengths cannot fill the bar from here: the model may do as it likes
    allowed[stuck] = lasts | is_bar
    allowed[stuck, END] = True
    return Guide(allowed, following)


def _fillable(
    bar: int, may_follow: Callable[[int, int], bool], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Return for 0 to `bar` ticks filled: can lengths, added one after another, fill the bar exactly?"""
    can = np.zeros(bar + 1, np.bool_)
    can[bar] = True
    for filled in range(bar - 1, -1, -1):
        nexts = [int(length) for length in np.unique(lengths) if filled + length <= bar]
        can[filled] = any(can[filled + length] and may_follow(filled, length) for length in nexts)
    return can
