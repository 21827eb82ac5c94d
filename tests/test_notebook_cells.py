"""A widget's commands are answered in the middle of a cell, and a training is shown once and ends with its cell."""

from __future__ import annotations

import signal
from types import SimpleNamespace
from typing import Any

import pytest

from musegen_edu.widgets import kernel_messages, notebook_cells
from musegen_edu.widgets.kernel_messages import answer_waiting_commands
from musegen_edu.widgets.training_monitor import TrainingMonitor

COMM = "the monitor's"


class Kernel:
    """A kernel whose cell is running: what comes in waits in a real ZMQ socket, signed by a real session."""

    ident = "k"

    def __init__(self, with_thread):
        import zmq
        from jupyter_client.session import Session
        from tornado.ioloop import IOLoop
        from zmq.eventloop.zmqstream import ZMQStream

        self.session: Any = Session(key=b"key")
        self.iopub_socket, self.status = None, list[dict]()
        self.page_session = Session(key=b"key", session="page")
        context = zmq.Context()
        self.page, socket = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
        self.page.bind("inproc://page")
        socket.connect("inproc://page")
        self.loop = IOLoop(make_current=False)
        stream = ZMQStream(socket, self.loop)
        self.put_back: list[Any] = []
        stream.on_recv(self.put_back.append, copy=False)
        if with_thread:  # ipykernel 7
            pair = SimpleNamespace(to_stream=stream)
            manager = SimpleNamespace(get_shell_channel_to_subshell_pair=lambda subshell: pair)
            self.shell_channel_thread = SimpleNamespace(manager=manager)
        else:
            self.shell_stream = stream
        self.session.send = lambda socket, kind, content, **rest: self.status.append(content)  # type: ignore[method-assign]
        self.stream, self.context = stream, context

    def get_parent(self):
        return {"header": {"msg_id": "cell"}}

    def receives(self, kind, content):
        self.page_session.send(self.page, kind, content)

    def close(self):
        self.stream.close()
        self.page.close()
        self.context.term()
        self.loop.close()


@pytest.fixture(params=[True, False], ids=["ipykernel7", "ipykernel6"])
def kernel(request, monkeypatch):
    running = Kernel(request.param)
    monkeypatch.setattr(kernel_messages, "_kernel", lambda: running)
    yield running
    running.close()


def command(comm_id=COMM, method="custom"):
    return {"comm_id": comm_id, "data": {"method": method, "content": {"name": "control"}}}


def test_own_commands_are_answered_and_all_else_waits_in_its_order(kernel):
    handled: list[dict] = []
    widget = SimpleNamespace(comm=SimpleNamespace(comm_id=COMM), _handle_msg=handled.append)
    assert answer_waiting_commands(widget) == 0
    kernel.receives("execute_request", {"code": "next()"})
    kernel.receives("comm_msg", command())
    kernel.receives("comm_msg", command("another's"))
    kernel.receives("comm_msg", command(method="update"))
    kernel.receives("comm_msg", command())
    kernel.page.send(b"stop aborting")  # no message at all: the kernel's own sign
    assert answer_waiting_commands(widget) == 2
    assert [message["content"]["data"]["content"] for message in handled] == [{"name": "control"}] * 2
    read = []
    for frames in kernel.put_back[:-1]:
        _, rest = kernel.session.feed_identities(frames, copy=False)
        read.append(
            kernel.session.deserialize(rest, copy=False)["msg_type"]
        )  # still can be read, and its signature holds
    assert read == ["execute_request", "comm_msg", "comm_msg"]
    assert kernel.put_back[-1][0].bytes == b"stop aborting"
    assert [status["execution_state"] for status in kernel.status] == ["idle", "busy"] * 2
    assert answer_waiting_commands(widget) == 0


class Shell:
    """As much of IPython's shell as a cell needs."""

    def __init__(self):
        self.hooks: list = []
        self.execution_count, self.cell = 0, ""
        self.events = SimpleNamespace(register=lambda _, hook: self.hooks.append(hook), unregister=lambda _, hook: self.hooks.remove(hook))  # fmt: skip
        self.kernel = SimpleNamespace(get_parent=lambda: {"metadata": {"cellId": self.cell}})
        self.shown = []

    def run(self, cell, code):
        """Run a cell; return how often the monitor was shown in it."""
        self.cell, self.execution_count, before = cell, self.execution_count + 1, len(self.shown)
        try:
            code()
        except RuntimeError:
            pass
        finally:
            for hook in list(self.hooks):
                hook(None)
        return len(self.shown) - before


@pytest.fixture
def shell(monkeypatch):
    running = Shell()

    def show(widget):
        running.shown.append(widget._repr_mimebundle_())

    monkeypatch.setattr(notebook_cells, "_shell", lambda: running)
    monkeypatch.setattr(notebook_cells, "_show", show)
    return running


def train(monitor, epochs=1):
    for epoch in monitor.epochs(epochs):
        monitor.record({"loss": 1 / epoch})


def test_the_monitor_is_shown_once_where_it_trains(shell):
    monitor = TrainingMonitor()
    assert shell.run("a", lambda: (train(monitor), train(monitor))) == 1
    assert shell.run("b", lambda: train(monitor)) == 0  # it is on the page already
    assert shell.run("a", lambda: train(monitor)) == 1  # this cell's output was cleared when it ran again
    assert shell.hooks == []


def test_kept_notebooks_show_the_picture_at_the_end_of_the_cell(shell, monkeypatch):
    monkeypatch.setenv("MUSEGEN_STATIC", "1")
    monitor = TrainingMonitor()
    assert shell.run("a", lambda: (train(monitor, 2), train(monitor, 3))) == 1
    data = shell.shown[0][0]
    assert set(data) == {"text/html", "text/plain"} and "after epoch 5 of 5" in data["text/html"]
    assert shell.run("b", lambda: train(monitor)) == 1  # with what this cell has added


def test_a_training_does_not_outlive_its_cell(shell):
    monitor = TrainingMonitor()

    def fails():
        monitor.begin(epochs=3)
        raise RuntimeError

    shell.run("a", fails)
    assert monitor.progress["state"] == "failed"
    shell.run("b", lambda: monitor.record({"loss": 1.0}))  # a bare loop has no other end
    assert monitor.progress["state"] == "finished"


def test_the_first_interrupt_stops_and_the_second_interrupts(shell, ctrl_c):
    monitor, before = TrainingMonitor(), signal.getsignal(signal.SIGINT)

    def trains():
        for epoch in monitor.epochs(100):
            if epoch == 3:
                signal.raise_signal(signal.SIGINT)
            monitor.record({"loss": 1 / epoch})

    shell.run("a", trains)
    assert monitor.progress["state"] == "stopped" and len(monitor.history["loss"]) == 3
    assert signal.getsignal(signal.SIGINT) == before
    monitor.begin(epochs=2)
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
