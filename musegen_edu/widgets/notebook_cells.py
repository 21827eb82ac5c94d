"""The notebook cell that a training runs in: whether the widget is shown there, where the cell ends, and what its interrupt button does."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Any, Protocol

from musegen_edu.widgets.base import STATIC_VARIABLE


class Watched(Protocol):
    """What a CellWatch shows and ends."""

    def end(self, *, failed: bool = False) -> None: ...  # noqa: D102
    def interrupt(self) -> None: ...  # noqa: D102


class CellWatch:
    """Shows a widget in the cell that trains if it is on no page yet, and takes care that a training is over when its cell is.

    While a notebook is executed in order to be kept with its outputs (`MUSEGEN_STATIC=1`), the picture comes at the end of the
    cell, when there is something to see. Outside a notebook nothing happens.

    Parameters
    ----------
    widget : gets `interrupt` for the notebook's interrupt button, and `end` if its training did not come to an end of its own.
    """

    def __init__(self, widget: Watched) -> None:
        self._widget = widget
        self._shown_in: dict[str, int] = {}  # cell -> the execution in which the widget was shown there
        self._is_hooked = False
        self._before: Any = None  # what an interrupt did before
        self.ends_well = False

    def shown(self) -> None:
        """The widget is being shown, wherever that is."""
        cell, execution = _this_cell()
        self._shown_in[cell] = execution

    def begin(self) -> None:
        """A training begins in this cell."""
        self.ends_well = False
        shell = _shell()
        if shell is None:
            return
        if not self._is_hooked:
            shell.events.register("post_run_cell", self._cell_is_over)
            self._is_hooked = True
        self._catch_interrupt()
        if os.environ.get(STATIC_VARIABLE) != "1" and not self._is_on_page():
            _show(self._widget)

    def end(self) -> None:
        """The training is over."""
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._on_interrupt:
            signal.signal(signal.SIGINT, self._before)
        self._before = None

    def _is_on_page(self) -> bool:
        cell, execution = _this_cell()
        others = [other for other in self._shown_in if other != cell]
        return self._shown_in.get(cell) == execution or bool(others)

    def _cell_is_over(self, *_: Any) -> None:
        shell = _shell()
        self._is_hooked = False
        with contextlib.suppress(ValueError):
            shell.events.unregister("post_run_cell", self._cell_is_over)
        self._widget.end(failed=not self.ends_well)
        cell, execution = _this_cell()
        if os.environ.get(STATIC_VARIABLE) == "1" and self._shown_in.get(cell) != execution:
            _show(self._widget)

    def _catch_interrupt(self) -> None:
        if threading.current_thread() is not threading.main_thread() or self._before is not None:
            return
        self._before = signal.signal(signal.SIGINT, self._on_interrupt) or signal.default_int_handler

    def _on_interrupt(self, *_: Any) -> None:
        """The first interrupt stops the training after its batch; the next one interrupts the cell."""
        self._widget.interrupt()
        self.end()


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()


def _show(widget: Any) -> None:
    from IPython.display import display

    display(widget)


def _this_cell() -> tuple[str, int]:
    """The id of the cell that runs (empty where the front end tells none) and the number of this execution."""
    shell = _shell()
    kernel = getattr(shell, "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    return str(parent.get("metadata", {}).get("cellId", "")), int(getattr(shell, "execution_count", 0))
