"""Vocabulary: the symbols of a codec and the numbers that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

PAD, START, END = 0, 1, 2  # the tokens of `SPECIALS`, the same in every vocabulary
SPECIALS = ("<pad>", "<start>", "<end>")
TOKEN_DTYPE = np.int32

Tokens = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Vocabulary:
    """The list of all symbols; a symbol's place in it is its token.

    The three specials come first, `<pad>` (0), `<start>` (1) and `<end>` (2); the others follow in sorted order, numbers by size,
    so the same symbols always get the same tokens. It is stored as a plain list beside the weights of a model.

    Parameters
    ----------
    symbols : the symbols; order and repetition do not matter, specials may be missing.

    Examples
    --------
    >>> vocabulary = Vocabulary(["r", "67", "100", "67"])
    >>> vocabulary.symbols
    ('<pad>', '<start>', '<end>', '67', '100', 'r')
    >>> vocabulary.tokens(["<start>", "67"]).tolist()
    [1, 3]

    Lesson: 02 representing_music.
    """

    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        others = set(self.symbols) - set(SPECIALS)
        object.__setattr__(self, "symbols", (*SPECIALS, *sorted(others, key=_by_size)))

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def _token_of(self) -> dict[str, int]:
        return {symbol: token for token, symbol in enumerate(self.symbols)}

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._token_of

    def tokens(self, symbols: Iterable[str]) -> Tokens:
        """Return the tokens of symbols, int32 of shape (n,); ValueError names a symbol that is not in the vocabulary."""
        try:
            return np.array([self._token_of[symbol] for symbol in symbols], TOKEN_DTYPE)
        except KeyError as error:
            raise ValueError(f"symbol {error.args[0]!r} is not in the vocabulary of {len(self)} symbols") from None

    def words(self, tokens: Iterable[int]) -> list[str]:
        """Return the symbols of tokens; ValueError names a token outside 0 to len - 1."""
        numbers = [int(token) for token in tokens]
        for token in numbers:
            if not 0 <= token < len(self):
                raise ValueError(f"tokens holds {token}; this vocabulary has the tokens 0 to {len(self) - 1}")
        return [self.symbols[token] for token in numbers]


def _by_size(symbol: str) -> list[tuple[bool, int, str]]:
    # "100" after "67": runs of digits compare as numbers and come before the rest, which compares as text
    return [(not run.isdigit(), int(run) if run.isdigit() else 0, run) for run in re.split(r"(\d+)", symbol) if run]
