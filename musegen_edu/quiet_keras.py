"""Import Keras, and keep the notes that TensorFlow's C++ part writes while it loads off the page.

Those notes come before any of TensorFlow's own switches take effect, and in a notebook they would stand in red under a learner's first
cell. A module that needs Keras gets it from here: `from musegen_edu.quiet_keras import keras`. Where the import fails, everything is shown.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

_STDERR = 2  # the file descriptor: C++ knows nothing of sys.stderr


@contextlib.contextmanager
def stderr_kept_back() -> Iterator[None]:
    """Keep back what is written to the process's standard error, unless the block raises: then it is shown."""
    try:
        original = os.dup(_STDERR)
    except OSError:  # a process without a standard error
        yield
        return
    with tempfile.TemporaryFile() as kept:
        try:
            sys.stderr.flush()
            os.dup2(kept.fileno(), _STDERR)
            yield
        except BaseException:
            os.dup2(original, _STDERR)
            kept.seek(0)
            os.write(_STDERR, kept.read())
            raise
        finally:
            os.dup2(original, _STDERR)
            os.close(original)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a reader can do something about TensorFlow's message."""
    # Our batches come in a few lengths, and a course makes many small networks; each is compiled once. That is meant so.
    return "triggered tf.function retracing" not in record.getMessage()


logging.getLogger("tensorflow").addFilter(_is_news)

with stderr_kept_back():
    import keras

__all__ = ["keras"]
