"""Run a notebook in a fresh kernel, and make its outputs the same on every machine and at every run."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

CELL_TIMEOUT_SECONDS = 300  # a lesson's cell should take at most 60 s on two cores; a busy machine is slower
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_CELL_LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_BEGIN = r"(?:(?<![\w/.-])|(?<=\x1b\[\dm)|(?<=\x1b\[\d\dm))"  # of a path; in a traceback a colour, whose code ends in m, may stand before it
_EMBEDDED = re.compile(r"(data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+)")
_VIEW = "application/vnd.jupyter.widget-view+json"
_CPU_CODE = "import os\nprint(sum(os.times()[:4]))"  # user and system time of the kernel and of what it started


class CellError(RuntimeError):
    """A cell failed.

    Parameters
    ----------
    cell_id : which.
    line : line within the cell, from 1.
    message : what went wrong, one or a few lines.
    """

    def __init__(self, cell_id: str, line: int, message: str) -> None:
        super().__init__(f"cell {cell_id!r}, line {line}: {message}")
        self.cell_id, self.line, self.message = cell_id, line, message


def execute_notebook(notebook: Any, *, folder: Path, timeout: float = CELL_TIMEOUT_SECONDS) -> float:
    """Run the code cells of a notebook in order, in place; cells tagged `gpu` are left out.

    The kernel gets an empty learner's folder, so that outputs do not depend on what the author has passed.

    Parameters
    ----------
    folder : the working folder of the kernel.
    timeout : seconds that one cell may take.

    Returns
    -------
    CPU seconds that the kernel and its children took, starting the kernel included.

    Raises
    ------
    CellError
        If a cell raises (without the tag `raises-exception`), takes too long, or kills the kernel.
    """
    import nbformat
    from nbclient import NotebookClient

    client = NotebookClient(
        notebook, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": str(folder)}}, record_timing=False,
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # ipykernel warns of what every local kernel does
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="musegen-build-") as home:
        environment = {
            **os.environ,
            "MUSEGEN_HOME": home,
            "MUSEGEN_STATIC": "1",
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        environment.pop("MPLBACKEND", None)  # let the kernel choose the inline pictures that a reader will see
        with client.setup_kernel(env=environment):
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code" and "gpu" not in cell.metadata.get("tags", []):
                    _execute_cell(client, cell, index, timeout)
            probe = nbformat.v4.new_code_cell(_CPU_CODE)
            notebook.cells.append(probe)  # nbclient runs only cells of its notebook
            _execute_cell(client, probe, len(notebook.cells) - 1, timeout)
            notebook.cells.pop()
    clean_outputs(notebook, folder)
    return float(probe.outputs[0]["text"])


def _execute_cell(client: Any, cell: Any, index: int, timeout: float) -> None:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        trace = next(
            (_ANSI.sub("", "\n".join(out["traceback"])) for out in cell.outputs if out["output_type"] == "error"), ""
        )
        line = _CELL_LINE.search(trace)
        raise CellError(cell.id, int(line[1]) if line else 1, f"{error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        raise CellError(cell.id, 1, f"took longer than {timeout:g} s; train less, or tag the cell gpu") from error
    except DeadKernelError as error:
        raise CellError(cell.id, 1, "the kernel died (out of memory?)") from error


def clean_outputs(notebook: Any, folder: Path) -> None:
    """Strip from the outputs of a notebook, in place, whatever differs from run to run or from machine to machine.

    Overwritten progress lines, object addresses, absolute paths, and references to live widgets, which no reader of the
    stored notebook could see; the static picture beside such a reference stays.

    Parameters
    ----------
    folder : the folder in which the notebook ran; paths below its parent become relative.
    """
    import nbformat

    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        outputs: list[Any] = []
        for output in cell.outputs:
            if output["output_type"] == "stream":
                text = _clean_text(output["text"], folder)
                if outputs and outputs[-1].get("name") == output["name"]:
                    outputs[-1]["text"] += text
                else:
                    outputs.append({**output, "text": text})
            elif output["output_type"] == "error":
                outputs.append({**output, "traceback": [_clean_text(part, folder) for part in output["traceback"]]})
            elif data := {kind: value for kind, value in output["data"].items() if kind != _VIEW}:
                outputs.append(
                    {**output, "data": {kind: _clean_value(kind, value, folder) for kind, value in data.items()}}
                )
        for output in outputs:
            if output["output_type"] == "stream":
                output["text"] = overwrite_lines(output["text"])
        cell.outputs = [nbformat.from_dict(output) for output in outputs]


def overwrite_lines(text: str) -> str:
    r"""Keep of every line what a terminal would show at its end: a progress bar leaves its last state.

    Examples
    --------
    >>> overwrite_lines("10 %\r50 %\r100 %\ndone\n")
    '100 %\ndone\n'
    >>> overwrite_lines("1/2\b\b\b2/2")
    '2/2'
    """
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        while "\b" in line:
            line = re.sub("[^\b]?\b", "", line, count=1)  # no raw string: \b is the backspace, not a word's edge
        states = [state for state in line.split("\r") if state]
        lines.append(states[-1] if states else "")
    return "\n".join(lines)


def _clean_value(kind: str, value: Any, folder: Path) -> Any:
    is_text = isinstance(value, str) and (kind.startswith("text/") or kind == "image/svg+xml")
    return _clean_text(value, folder) if is_text else value


def _clean_text(text: str, folder: Path) -> str:
    """Clean everything but embedded pictures and sounds, in whose base64 any short path may occur by chance."""
    roots = {
        str(folder.resolve().parent): "",
        sys.prefix: "python",
        str(Path.home()): "~",
        tempfile.gettempdir(): "tmp",
    }
    parts = _EMBEDDED.split(text)
    for index in range(0, len(parts), 2):  # every second part is embedded data
        for root in sorted(roots, key=len, reverse=True):  # the longest first: the clone may lie in the home folder
            if len(root) > 1:
                short = f"{roots[root]}/" if roots[root] else ""
                parts[index] = re.sub(rf"{_BEGIN}{re.escape(root)}[\\/]+", short, parts[index])
                parts[index] = re.sub(rf"{_BEGIN}{re.escape(root)}(?![\w.-])", roots[root] or ".", parts[index])
        parts[index] = _ADDRESS.sub("0x…", parts[index])
    return "".join(parts)
