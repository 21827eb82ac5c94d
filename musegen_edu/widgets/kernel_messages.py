"""Let a widget's own commands through while a cell runs: else a Stop button would be read when there is nothing left to stop.

A kernel reads what the page sends between cells. Newer ones (ipykernel 7) have threads for it, but hand a message to the thread
that last spoke through the same widget, and during a training that is the cell's own; older ones, and front ends that know no
such threads, have the cell's alone. So the cell looks for itself, now and then, and leaves everything but these commands as it was.
"""

from __future__ import annotations

import threading
from typing import Any


def answer_waiting_commands(widget: Any) -> int:
    """Answer the commands that the page has sent to a widget since; return how many there were.

    To be called from the thread that runs the cell. Anything else that waits, such as the next cell, is put back in its order.

    Parameters
    ----------
    widget : an ipywidgets widget with an open comm.

    Examples
    --------
    >>> answer_waiting_commands(None)  # outside a kernel nothing can wait
    0
    """
    kernel = _kernel()
    comm_id = getattr(getattr(widget, "comm", None), "comm_id", None)
    if kernel is None or comm_id is None or threading.current_thread() is not threading.main_thread():
        return 0
    stream = _stream_of_cells(kernel)
    if stream is None:
        return 0
    import zmq

    answered = 0
    while True:
        try:
            frames = stream.socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return answered
        if _is_command(kernel, frames, comm_id):
            _answer(kernel, widget, frames)
            answered += 1
        else:
            stream._run_callback(stream._recv_callback, frames)  # as the stream itself would have done


def _kernel() -> Any:
    """The running IPython kernel, or None: in a script, a terminal or a test."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)


def _stream_of_cells(kernel: Any) -> Any:
    """The ZMQ stream by which cells come to the main thread, or None where a kernel is built otherwise."""
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is not None:  # ipykernel 7: another thread reads the socket and hands over
        find_pair = getattr(getattr(thread, "manager", None), "get_shell_channel_to_subshell_pair", None)
        stream = getattr(find_pair(None), "to_stream", None) if find_pair else None
    else:
        stream = getattr(kernel, "shell_stream", None)
    usable = hasattr(stream, "socket") and hasattr(stream, "_run_callback")
    return stream if usable and getattr(stream, "_recv_callback", None) is not None else None


def _is_command(kernel: Any, frames: list[Any], comm_id: str) -> bool:
    session = kernel.session
    try:
        _, rest = session.feed_identities(frames, copy=False)
        peeked = session.deserialize(rest, content=False, copy=False)  # without the content it may be read again later
        if peeked["header"]["msg_type"] != "comm_msg":
            return False
        content = session.unpack(peeked["content"])
    except (ValueError, TypeError, KeyError, IndexError):
        return False  # the kernel itself says what is wrong with it
    return content.get("comm_id") == comm_id and content.get("data", {}).get("method") == "custom"


def _answer(kernel: Any, widget: Any, frames: list[Any]) -> None:
    _, rest = kernel.session.feed_identities(frames, copy=False)
    message = kernel.session.deserialize(rest, content=True, copy=False)
    widget._handle_msg(message)  # the comm's own way would flush figures in mid-cell
    # The page takes a message as done when the kernel is idle after it; the cell, of course, is still busy.
    for state, parent in (("idle", message), ("busy", kernel.get_parent())):
        kernel.session.send(kernel.iopub_socket, "status", {"execution_state": state}, parent=parent,
                            ident=f"kernel.{kernel.ident}.status".encode())  # fmt: skip
