"""`explore`: a recorded graph as a page that plays, and follows when its numbers are moved."""

from __future__ import annotations

import copy
import functools
import html
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.files import write_files
from ..engine.value import Value, toposort
from ..notation.notebook import Form, bundle
from ..picture.draw import draw
from ..picture.texts import named
from .layout import network_layout, operations_layout
from .page import html_page
from .program import Program, program_of, spelled, traced_program
from .sliders import Numbers
from .words import words_of

if TYPE_CHECKING:
    from .widget import PageWidget

#: The most values a page can show without becoming slow.
LIMIT = 3000

#: The most values of a picture that stands for the page where nothing can run.
_STILL_VALUES = 60
#: And how wide it is at most, in points.
_STILL_WIDTH = 660
_WIDGET = "application/vnd.jupyter.widget-view+json"
_EXTRA = 'this needs anywidget: pip install "autograd-scalar[jupyter]"'


class Page:
    """A page, as `explore` makes it: one file that needs no server, no library and no network.

    program  the recorded graph as the page computes it

    Notebooks show it by themselves. Where anywidget is installed, which the extra `[jupyter]` of
    this package brings, `values` and the sliders follow each other then; elsewhere the page is
    shown in a frame of its own. Where nothing can run, a still picture stands for it.
    """

    def __init__(self, program: Program, title: str, renderer: str) -> None:
        self.program = program
        self.title = title or named(program.root)
        self._heading = title
        self._renderer = renderer
        self._values = Numbers(program)

    @property
    def values(self) -> Numbers:
        """The numbers that the sliders hold, by the labels of inputs; set one, or several at once.

        Where the page is a widget, its sliders go along; else it opens with them when it is next
        saved or shown. What was recorded stays as it is. Raises `KeyError` for what is no input,
        and `TypeError` for what is no real number; then none is set.

        >>> x, w = Value(0.5, "x"), Value.parameter(2.0, "w")
        >>> page = explore(w * x)
        >>> page.values["w"] = -1
        >>> page.values = {"x": 0.25, w: page.values[w] / 2}
        >>> page.values
        {'w': -0.5, 'x': 0.25}
        """
        return self._values

    @values.setter
    def values(self, given: Mapping[str | Value, float]) -> None:
        self._values.update(given)

    @functools.cached_property
    def widget(self) -> PageWidget:
        """The page as a widget of anywidget, to be put among other widgets.

        Raises `ImportError` where anywidget is not installed.
        """
        try:
            from .widget import PageWidget
        except ImportError as error:
            raise ImportError(_EXTRA) from error
        return PageWidget(self._payload, self.program.rows_source(), self._values)

    def observe(self, handler: Callable[..., Any], names: str = "values") -> None:
        """Have `handler` called, as traitlets does, when `values` change here or by a slider.

        Its argument has the numbers before and after: `change["old"]`, `change["new"]`. Raises
        `ImportError` where anywidget is not installed.
        """
        self.widget.observe(handler, names)

    def unobserve(self, handler: Callable[..., Any], names: str = "values") -> None:
        """No longer call a handler that `observe` was given."""
        self.widget.unobserve(handler, names)

    @functools.cached_property
    def _payload(self) -> dict[str, Any]:
        nodes = self.program.nodes
        layout = {
            "operations": operations_layout(nodes, self._renderer),
            "network": network_layout(nodes),
        }
        program = {**self.program.data, "words": words_of(self.program)}
        return {"title": self._heading, "program": program, "layout": layout}

    @property
    def payload(self) -> dict[str, Any]:
        """What the page's script is given, as data that JSON can hold."""
        moved = {name: spelled(x) for name, x in self._values.moved.items()}
        return {**self._payload, "values": moved} if moved else self._payload

    @property
    def html(self) -> str:
        """The page as the text of an HTML file."""
        about = f"{self.title}: {len(self.program.nodes):,} values, forward and back."
        return html_page(self.payload, self.title, about, {"rows": self.program.rows_source()})

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file and return the path.

        Raises `ValueError` for a name that does not end in .html, and `OSError` where it can't
        be written; then a file that was there is as it was.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a page is an .html file, got {str(path)!r}")
        write_files({path: self.html.encode()})
        return path

    def _frame(self) -> str:
        # A frame of its own: what the page does can't touch the notebook.
        title, page = html.escape(self.title), html.escape(self.html)
        return (
            f'<iframe title="{title}" sandbox="allow-scripts allow-downloads" width="100%" '
            f'height="820" style="border: 0" srcdoc="{page}"></iframe>'
        )

    def _still(self) -> str | None:
        """A picture of what was recorded; none where it would be large."""
        network = self._payload["layout"]["network"]
        has_neurons = bool(network) and len(network["neurons"]) > 1
        if not has_neurons and len(self.program.nodes) > _STILL_VALUES:
            return None
        # The gradients in it are those of the page; the Values themselves keep theirs.
        root = copy.deepcopy(self.program.root)
        for v in toposort(root):
            v.zero_grad()
        root.backward()
        options: dict[str, Any] = {"view": "network"} if has_neurons else {"rankdir": "TB"}
        return _fitting(draw(root, limit=None, renderer=self._renderer, **options).svg)

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> Any:
        live = _has_widgets()
        forms: dict[str, Form] = {"text/plain": lambda: repr(self), "image/svg+xml": self._still}
        if live:
            forms[_WIDGET] = lambda: self._widget_bundle()[0][_WIDGET]
        if not live or (include and "text/html" in include):
            forms["text/html"] = self._frame
        made = bundle(forms, include, exclude)
        # Colab is told here where its widgets come from.
        about = self._widget_bundle()[1] if _WIDGET in made else {}
        return (made, about) if about else made

    def _widget_bundle(self) -> Any:
        return self.widget._repr_mimebundle_()

    def _display_(self) -> Any:
        """What marimo shows."""
        if importlib.util.find_spec("anywidget"):
            return self.widget
        return sys.modules["marimo"].Html(self._frame())

    def __repr__(self) -> str:
        return f"<Page: {self.title}>"


def _fitting(svg: str) -> str:
    """A picture made smaller where it is wider than a notebook's page, which would cut it off."""
    size = re.search(r'width="(\d+)pt" height="(\d+)pt"', svg)
    assert size is not None
    width, height = map(int, size.groups())
    scale = min(1.0, _STILL_WIDTH / width)
    return svg.replace(size[0], f'width="{width * scale:.0f}pt" height="{height * scale:.0f}pt"', 1)


def _has_widgets() -> bool:
    """Whether anywidget is installed, and somebody may answer it: a kernel's front end."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel") and importlib.util.find_spec("anywidget") is not None


def explore(
    source: Value | Callable[..., Any],
    *args: Any,
    title: str = "",
    limit: int | None = LIMIT,
    renderer: str = "auto",
    **kwargs: Any,
) -> Page:
    """A page in which a computation can be played, moved and asked about.

    source    a Value, for everything it was computed from; or a function
    args      the function's arguments, as for `value_and_grad`, and `kwargs` those by name
    title     a title, by default the result and its number
    limit     the most values; None for no limit
    renderer  what lays the graph out: "system" (the program `dot`), "embedded" or "auto"

    The page shows the graph; plays the values and then the gradients one by one, with the rule
    of each step; recomputes everything while an input or a parameter is dragged; takes gradient
    steps; and tells for any number over which ways its gradient comes about.

    Raises `TypeError` for what is neither a Value nor a function, `ValueError` above the limit,
    and `DrawingError` where the graph can't be laid out.

    >>> x = Value(0.5, "x")
    >>> page = explore(x * x)
    >>> page
    <Page: mul = 0.25>
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """
    if isinstance(source, Value):
        if args or kwargs:
            raise TypeError("explore takes arguments only with a function, and got a Value")
        program = program_of(source)
    elif callable(source):
        program = traced_program(source, *args, **kwargs)
    else:
        raise TypeError(
            f"explore takes a Value or a function, got {type(source).__name__} {source!r:.60}"
        )
    count = len(program.nodes)
    if limit is not None and count > limit:
        raise ValueError(
            f"this graph has {count:,} values, more than the limit of {limit:,} for a page; raise "
            f"it with limit={count} (or limit=None), or explore a part: explore(v) for a Value v "
            "further inside"
        )
    return Page(program, title, renderer)
