"""What a check has to say, and how it looks in a notebook."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass


class Failure(Exception):  # noqa: N818  (not an error of the program: the learner's answer is not right yet)
    """Raised inside a check when the answer is not right; the message is for the learner, in terms of music.

    Parameters
    ----------
    message : what was found and what is wanted; never the answer. Text between backticks is shown as code.
    excerpt : a piece of the learner's own code or error, shown as it is.
    hint : takes the place of the exercise's next hint; "" where none of them would help. None lets the next one come.
    """

    def __init__(self, message: str, excerpt: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        self.excerpt, self.hint = excerpt, hint


@dataclass(frozen=True)
class CheckResult:
    """What a check found; shows itself in a notebook, and counts as true where the exercise is passed.

    Parameters
    ----------
    passed : whether the answer is right.
    message : what was found.
    hint : help for the next try, or "".
    title : the exercise's name.
    excerpt : the learner's own line, where it failed, or "".
    notice : something about the progress file, or "".

    Examples
    --------
    >>> CheckResult(False, "3 notes are outside the key.", hint="Use the scale.", title="A tune in G")
    Not yet: A tune in G. 3 notes are outside the key.
    Hint: Use the scale.
    """

    passed: bool
    message: str
    hint: str = ""
    title: str = ""
    excerpt: str = ""
    notice: str = ""

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        stop = "" if self.title.endswith(("?", "!")) else "."
        lines = [f"{'Passed' if self.passed else 'Not yet'}: {self.title}{stop} {self.message}"]
        lines += [f"    {line}" for line in self.excerpt.splitlines()]
        lines += [f"Hint: {self.hint}"] if self.hint else []
        return "\n".join([*lines, *([self.notice] if self.notice else [])])

    def _repr_html_(self) -> str:
        # A word and a sign say it, not the colour alone; tints are translucent, so that they sit on light and dark pages.
        word, sign, rgb = ("Passed", "✓", "0, 114, 178") if self.passed else ("Not yet", "✗", "213, 94, 0")
        style = f"border-left: 5px solid rgb({rgb}); background: rgba({rgb}, 0.12); color: inherit; padding: 0.5em 1em; max-width: 50em"
        title = f" · {html.escape(self.title)}" if self.title else ""
        parts = [f"<strong>{sign} {word}{title}</strong><br>{_to_html(self.message)}"]
        if self.excerpt:
            parts.append(
                f"<pre style='color: inherit; background: transparent; margin: 0.5em 0'>{html.escape(self.excerpt)}</pre>"
            )
        if self.hint:
            parts.append(f"<div style='margin-top: 0.5em'><strong>Hint</strong> {_to_html(self.hint)}</div>")
        if self.notice:
            parts.append(f"<div style='margin-top: 0.5em'><em>{_to_html(self.notice)}</em></div>")
        return f"<div role='status' style='{style}'>{''.join(parts)}</div>"


def _to_html(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text)).replace("\n", "<br>")
