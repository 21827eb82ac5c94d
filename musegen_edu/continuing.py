"""A tune that grows token by token: what a model would add, what is allowed, and every step back."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musegen_edu.guides import Guide, bar_guide
from musegen_edu.keys import estimate_key, parse_key
from musegen_edu.reading import LineReader
from musegen_edu.sampling import filtered_probabilities
from musegen_edu.score import Score
from musegen_edu.tokens import Codec
from musegen_edu.tokens.event_codec import MAX_BARS, EventCodec
from musegen_edu.tokens.meanings import token_meanings
from musegen_edu.tokens.vocabulary import END, PAD, START, Tokens

if TYPE_CHECKING:
    import keras

    from musegen_edu.models.markov import MarkovModel

MAX_TOKENS = 2000  # some 100 bars of sixteenths; a tune that is longer is cut into two
BARS_AFTER_START = 4  # how many bars a start that is too long for `bars` is given to end in


class GrowingTune:
    """A tune in progress: the model has read it up to here and says what may come next.

    Bar lines are written by themselves: when a bar is full, the line that counts one bar less follows at once, and goes again
    with the note before it when that is undone.

    Parameters
    ----------
    model : a Keras model that `LineReader` can read, or a `MarkovModel`.
    codec : the model's codec; None takes the one that it carries.
    start : a one-voice score that the tune begins with, or None.
    key : in which to write; None takes the start's (estimated where it names none), or C major.
    meter : None takes the start's, or 4/4.
    bars : how many bars are announced to a model that counts them, 1 to 64. A start that leaves no room gets four more.

    Raises
    ------
    ValueError
        If an argument is outside what is said above, or the codec cannot write the start.

    Examples
    --------
    >>> from musegen_edu.models.markov import MarkovModel
    >>> tune = Score.from_melody([60, 62, 64, 65], 24, key="C major")
    >>> codec = EventCodec.fit([tune])
    >>> model = MarkovModel(order=1, n_tokens=len(codec.vocabulary)).fit([codec.encode(tune)])
    >>> growing = GrowingTune(model, codec=codec, bars=2)
    >>> for word in ["60:24", "62:24", "64:24", "65:24"]:
    ...     growing.add(word)
    >>> growing.words[-2:], growing.ticks
    (['65:24', '|1'], 96)
    >>> growing.undo()
    >>> growing.words[-1], len(growing.score)
    ('64:24', 3)

    Lesson: 05 recurrent_networks.
    """

    def __init__(
        self,
        model: keras.Model | MarkovModel,
        *,
        codec: Codec | None = None,
        start: Score | None = None,
        key: str | None = None,
        meter: tuple[int, int] | None = None,
        bars: int = 8,
    ) -> None:
        codec = codec or getattr(model, "codec", None)
        if codec is None:
            raise ValueError("codec is missing; give the one that the model was trained with")
        if not 1 <= bars <= MAX_BARS:
            raise ValueError(f"bars={bars} must be from 1 to {MAX_BARS}")
        if len(codec.vocabulary) != model.n_tokens:
            raise ValueError(f"codec has {len(codec.vocabulary)} tokens; this model has {model.n_tokens}")
        if start is not None and not len(start):
            start = None
        if start is not None and meter not in (None, start.meter):
            raise ValueError(f"meter={meter} is not that of the start, {start.meter}; leave it out")
        self.codec = codec
        self.key = key or ((start.key or estimate_key(start)) if start is not None else "C major")
        self.meter = meter or (start.meter if start is not None else (4, 4))
        self.start = None if start is None else start.replace(key=self.key)
        self.meanings = token_meanings(codec, self.key)
        prompt = self._prompt(bars)
        self._reader = LineReader(model)
        self._lengths: list[int] = []  # ticks of the tune after each token
        self._steps: list[int] = []  # how many tokens there were before each step that can be undone
        for token in prompt:
            self._read(int(token))
        self._close_bar()
        self.start_ticks = self.ticks if start is not None else 0

    # ---- what there is ----

    @property
    def tokens(self) -> Tokens:
        """The tune's tokens, int32 of shape (n,)."""
        return self._reader.tokens

    @property
    def words(self) -> list[str]:
        """The tune's symbols."""
        return self.codec.vocabulary.words(self.tokens)

    @property
    def ticks(self) -> int:
        """How long the tune is, a silence at its end included."""
        return self._lengths[-1]

    @property
    def n_steps(self) -> int:
        """How many steps can be undone."""
        return len(self._steps)

    @property
    def pickup(self) -> int:
        """Ticks before the first bar line."""
        first = self._first_line()
        return 0 if first is None else first

    @property
    def is_finished(self) -> bool:
        """Has the end been written, or is the tune as long as one may be?"""
        return int(self.tokens[-1]) == END or len(self._reader) >= MAX_TOKENS

    @property
    def score(self) -> Score:
        """The tune so far."""
        fields: dict[str, Any] = {"key": self.key}
        if not isinstance(self.codec, EventCodec):
            fields["meter"] = self.meter
        if self.start is not None:
            fields |= {"bpm": self.start.bpm, "programs": self.start.programs[:1], "title": self.start.title}
        return self.codec.decode(self.tokens, **fields)

    @property
    def logits(self) -> npt.NDArray[np.float32]:
        """The model's logits of the next token, (n_tokens,)."""
        return self._reader.logits

    def allowed(self, *, keep_to_bars: bool = True) -> npt.NDArray[np.bool_]:
        """Return which tokens may come next, (n_tokens,).

        Parameters
        ----------
        keep_to_bars : with an `EventCodec`, whether bars must add up and the tune end on its tonic, as `bar_guide` has it.
        """
        allowed = np.ones(len(self.meanings), np.bool_)
        if keep_to_bars and isinstance(self.codec, EventCodec):
            guide = _guide(self.codec, self.meter)
            state = 0
            for token in self.tokens:
                state = int(guide.following[state, token])
            allowed = guide.allowed[state].copy()
        allowed[[PAD, START]] = False
        return allowed

    def probabilities(
        self,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        keep_to_bars: bool = True,
    ) -> npt.NDArray[np.float64]:
        """Return the probability of each token to be drawn next, (n_tokens,), as `filtered_probabilities` has it."""
        allowed = self.allowed(keep_to_bars=keep_to_bars)
        return filtered_probabilities(self.logits, temperature=temperature, top_k=top_k, top_p=top_p, allowed=allowed)

    # ---- what is done ----

    def add(self, token: int | str, *, same_step: bool = False) -> None:
        """Write one more token, or symbol, and the bar line where a bar is full.

        Parameters
        ----------
        token : 0 to n_tokens - 1, or a symbol of the vocabulary.
        same_step : whether one `undo` takes this back together with what was added before it.

        Raises
        ------
        ValueError
            If the tune is finished or the token is unknown.
        """
        if self.is_finished:
            raise ValueError("the tune is finished; undo a step or start over")
        number = int(self.codec.vocabulary.tokens([token])[0]) if isinstance(token, str) else int(token)
        before = len(self._reader)
        self._read(number)
        self._close_bar()
        if not same_step or not self._steps:
            self._steps.append(before)

    def undo(self) -> None:
        """Take the last step back; nothing happens where there is none. The start stays."""
        if self._steps:
            length = self._steps.pop()
            self._reader.go_back(length)
            del self._lengths[length:]

    def _prompt(self, bars: int) -> list[int]:
        if self.start is None:
            if not isinstance(self.codec, EventCodec):
                return [START]
            return list(map(int, self.codec.header(self.meter, parse_key(self.key)[1], bars)))
        words = self.codec.vocabulary.words(self.codec.encode(self.start))[:-1]  # without <end>
        if isinstance(self.codec, EventCodec):
            lines = [place for place, word in enumerate(words) if word.startswith("|")]
            full = self.start.duration - self.start.pickup >= bars * self.start.bar_ticks
            total = len(lines) + BARS_AFTER_START if full else bars
            for seen, place in enumerate(lines):
                words[place] = f"|{min(max(total - seen, 1), MAX_BARS)}"
        return list(map(int, self.codec.vocabulary.tokens(words)))

    def _read(self, token: int) -> None:
        self._reader.read(token)
        meaning = self.meanings[token]
        now = self._lengths[-1] if self._lengths else 0
        first = self._first_line()
        if meaning.kind == "bar" and first is not None:  # a line in mid-bar fills the bar with silence
            now += (first - now) % Score(meter=self.meter).bar_ticks
        self._lengths.append(now + meaning.ticks)

    def _first_line(self) -> int | None:
        """Return at how many ticks of a bar the first bar line stands; None while there is none."""
        for token, now in zip(self.tokens, self._lengths, strict=False):
            if self.meanings[token].kind == "bar":
                return now % Score(meter=self.meter).bar_ticks
        return None

    def _close_bar(self) -> None:
        lines = [word for word in self.words if word.startswith("|")]
        bar = Score(meter=self.meter).bar_ticks
        if lines and lines[-1] != "|1" and self.words[-1] != lines[-1] and (self.ticks - self.pickup) % bar == 0:
            self._read(int(self.codec.vocabulary.tokens([f"|{int(lines[-1][1:]) - 1}"])[0]))


@lru_cache(maxsize=16)
def _guide(codec: EventCodec, meter: tuple[int, int]) -> Guide:
    return bar_guide(codec, meter)
