"""What the constructors of the networks ask of their arguments."""

from __future__ import annotations

from collections.abc import Iterable


def check_sizes(**sizes: int) -> None:
    """Refuse sizes below 1.

    Raises
    ------
    ValueError
        That names the first that is too small.

    Examples
    --------
    >>> check_sizes(units=64, depth=1)
    >>> check_sizes(units=64, depth=0)
    Traceback (most recent call last):
    ValueError: depth=0 must be at least 1
    """
    for argument, value in sizes.items():
        if value < 1:
            raise ValueError(f"{argument}={value} must be at least 1")


def check_dropout(**shares: float) -> None:
    """Refuse shares of values to be dropped that are not from 0 to below 1: with all of them dropped nothing is left.

    Raises
    ------
    ValueError
        That names the first that is out of range.

    Examples
    --------
    >>> check_dropout(dropout=1.0)
    Traceback (most recent call last):
    ValueError: dropout=1.0 must be from 0 up to, not including, 1
    """
    for argument, share in shares.items():
        if not 0 <= share < 1:
            raise ValueError(f"{argument}={share} must be from 0 up to, not including, 1")


def check_choice(choices: Iterable[str], **chosen: str) -> None:
    """Refuse words that are none of those to choose from.

    Raises
    ------
    ValueError
        That names the first, and all choices.

    Examples
    --------
    >>> check_choice(("lstm", "gru"), cell="GRU")
    Traceback (most recent call last):
    ValueError: cell='GRU' must be one of 'lstm', 'gru'
    """
    choices = tuple(choices)
    for argument, word in chosen.items():
        if word not in choices:
            raise ValueError(f"{argument}={word!r} must be one of {', '.join(map(repr, choices))}")
