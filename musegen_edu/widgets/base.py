"""What the course's widgets have in common: how their page code is put together, and what stands in where none can live."""

from __future__ import annotations

import base64
import gzip
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

STATIC_VARIABLE = "MUSEGEN_STATIC"  # set to 1 while a notebook is executed in order to be kept with its outputs

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
# What only readers and the type check need: comments, type notes, indentation.
_FOR_READERS = re.compile(
    r"^\s*/\*\*(?:(?!\*/).)*\*/\s*\n|^\s*//[^\n]*\n|/\*\* @(?:type|param)(?:(?!\*/).)*\*/ ?|^[ ]+|(?<=[;,{}])[ ]+// [^\n]*|^\n",
    re.MULTILINE | re.DOTALL,
)
_AROUND_OPERATORS = re.compile(r" (=>|===|!==|&&|\|\||\?\?|<=|>=) ")  # none of them is part of a text that is shown
# The module unpacks itself in the page; a developer's tools show the unpacked text under the name of its file.
_UNPACK = """const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
const { default: widget } = await import(url);
URL.revokeObjectURL(url);
export default widget;
"""
_LINE_END = re.compile(r"(?<=[;,{(])\n")


@cache
def widget_module(stem: str) -> str:
    """Return the page code of a widget as one module: engine.js and whatever else it imports, then the widget's own file.

    The browser loads a widget from a blob URL, where `import "./engine.js"` leads nowhere. The import lines are there for
    editors and for the type check; here they make room for the texts of the files themselves. Comments and needless spaces are
    left out, because the module is sent again for every widget on the page.

    Parameters
    ----------
    stem : name of the .js file beside this one, such as `"player"`.

    Raises
    ------
    ValueError
        If there is no such file.

    Examples
    --------
    >>> "./engine.js" in widget_module("player")
    False
    """
    path = _FOLDER / f"{stem}.js"
    if not path.is_file():
        raise ValueError(f"stem={stem!r} names no widget; there are {sorted(p.stem for p in _FOLDER.glob('*.js'))}")
    own = path.read_text(encoding="utf-8")
    texts: dict[str, str] = {}  # what is imported, in the order in which it is needed

    def collect(text: str) -> None:
        for name in _IMPORT.findall(text):
            if name not in texts:
                imported = (_FOLDER / f"{name}.js").read_text(encoding="utf-8")
                collect(imported)
                texts[name] = re.sub(r"^export ", "", _IMPORT.sub("", imported), flags=re.MULTILINE)

    collect(own)
    module = _FOR_READERS.sub("", "\n".join([*texts.values(), _IMPORT.sub("", own)]))
    return _LINE_END.sub("", _AROUND_OPERATORS.sub(r"\1", module))


@cache
def packed_module(stem: str) -> str:
    """Return the page code of a widget that is too long to be sent again for every widget on the page, packed to under half.

    Parameters
    ----------
    stem : name of the .js file beside this one.

    Raises
    ------
    ValueError
        If there is no such file.

    Examples
    --------
    >>> len(packed_module("player")) < len(widget_module("player")) / 2
    True
    """
    text = f"{widget_module(stem)}\n//# sourceURL=musegen_edu/widgets/{stem}.js\n"
    packed = base64.b64encode(gzip.compress(text.encode("utf-8"), mtime=0)).decode("ascii")
    return f'const packed = "{packed}";\n{_UNPACK}'


@cache
def theme() -> str:
    """Return theme.css, the one style sheet of all widgets."""
    return (_FOLDER / "theme.css").read_text(encoding="utf-8")


class CourseWidget(anywidget.AnyWidget):
    """A widget with controls that a teacher can put away and a static picture for pages where no widget lives.

    A subclass names what can be hidden in `HIDEABLE` and returns its static picture from `static_html`.
    """

    HIDEABLE: ClassVar[tuple[str, ...]] = ()

    hide = traitlets.List(traitlets.Unicode(), help="controls that are put away").tag(sync=True)

    @traitlets.validate("hide")
    def _check_hide(self, proposal: dict[str, Any]) -> list[str]:
        return list(checked_names("hide", proposal["value"], self.HIDEABLE))

    def static_html(self) -> str:
        """Return what a committed notebook, an export or a code host shows instead of the live widget."""
        raise NotImplementedError(f"{type(self).__name__} must say how it looks without a kernel")

    def _repr_mimebundle_(self, **_: Any) -> Any:
        return live_and_static(self, self.static_html(), repr(self))


def live_and_static(widget: CourseWidget, html: str, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return data and metadata for IPython: the live view, and the static picture for pages where no widget lives.

    A front end shows one of them. JupyterLab prefers the live view, and for a notebook opened again without its kernel it
    would show an error in its place; so with `MUSEGEN_STATIC=1` in the environment, as when the solution notebooks are
    executed, the live view is left out.
    """
    static: dict[str, Any] = {"text/html": html, "text/plain": text}
    if os.environ.get(STATIC_VARIABLE) == "1":
        return static, {}
    data, metadata = anywidget.AnyWidget._repr_mimebundle_(widget) or ({}, {})
    return {**data, **static}, metadata


def checked_names(argument: str, names: Iterable[str], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return `names` as a tuple, or raise a ValueError that says which of them is unknown.

    Examples
    --------
    >>> checked_names("hide", ["tempo"], ("tempo", "loop"))
    ('tempo',)
    """
    names = (names,) if isinstance(names, str) else tuple(names)
    for name in names:
        if name not in allowed:
            raise ValueError(f"{argument} holds {name!r}; it may hold {', '.join(allowed)}")
    return names
