"""Run the learner's own function, and point at the learner's own line where it stops."""

from __future__ import annotations

import dis
import linecache
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import Any, NoReturn

from musegen_edu.checks.result import Failure

_PACKAGE = Path(__file__).resolve().parents[1]


def call(function: object, *args: Any, **kwargs: Any) -> Any:
    """Call the learner's function and return what it returns; what it raises becomes a Failure that shows the learner's line.

    Raises
    ------
    Failure
        If `function` is no function, or raises.

    Examples
    --------
    >>> call(max, [60, 64, 67])
    67
    """
    if not callable(function):
        what = "still three dots" if function is ... else describe(function)
        raise Failure(f"A function is wanted here, without brackets after its name; this is {what}.")
    try:
        return function(*args, **kwargs)
    except Failure:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever the learner's code raises is the finding)
        _raise_with_own_line(function, args, error)


def _raise_with_own_line(function: object, args: tuple[Any, ...], error: BaseException) -> NoReturn:
    name = getattr(function, "__name__", "your function")
    given = ", ".join(_in_short(value) for value in args)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_learners(frame.filename)]
    excerpt = f"{type(error).__name__}: {error}"
    if frames:
        line = linecache.getline(frames[-1].filename, frames[-1].lineno or 0).strip()
        excerpt = f"line {frames[-1].lineno} of your cell: {line}\n{excerpt}"
    raise Failure(f"`{name}({given})` stopped with an error.", excerpt) from None


def _is_learners(filename: str) -> bool:
    """Tell whether code comes from the learner's cell (or file), not from this package, Python or an installed library."""
    if filename.startswith("<") and not filename.startswith("<ipython-input"):
        return False
    path = Path(filename).resolve()
    libraries = {
        Path(folder).resolve() for folder in (*map(sysconfig.get_path, ("stdlib", "purelib", "platlib")), sys.prefix)
    }
    return not any(path.is_relative_to(folder) for folder in {_PACKAGE, *libraries})


def _in_short(value: object, limit: int = 60) -> str:
    """Write an argument as code, or what it is where that would be a table of numbers."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and len(shape):
        return f"<{type(value).__name__} of shape {shape}>"
    text = (
        getattr(value, "__name__", "a function").replace("<lambda>", "a function") if callable(value) else repr(value)
    )
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def is_stub(function: object) -> bool:
    """Tell whether a function is as the lesson left it: at most a docstring and three dots.

    Examples
    --------
    >>> def double(number): ...
    >>> is_stub(double), is_stub(lambda number: 2 * number)
    (True, False)
    """
    code = getattr(function, "__code__", None)
    return code is not None and _instructions(code) == _instructions(_nothing.__code__)


def _nothing() -> None: ...


def _instructions(code: Any) -> list[tuple[str, Any]]:
    return [(step.opname, step.argval) for step in dis.get_instructions(code)]


def describe(value: object) -> str:
    """Say what kind of thing an answer is, without printing all of it.

    Examples
    --------
    >>> describe([60, 62])
    'of type list'
    """
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    return "None" if value is None else f"of type {kind}" + (f" and shape {shape}" if isinstance(shape, tuple) else "")
