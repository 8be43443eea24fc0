"""`explore`: a recorded graph as a page that plays, and follows when its numbers are moved."""

from __future__ import annotations

import functools
import html
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from ..engine.files import write_files
from ..engine.value import Value
from ..picture.texts import named
from .layout import network_layout, operations_layout
from .page import html_page
from .program import Program, program_of, traced_program
from .words import words_of

#: The most values a page can show without becoming slow.
LIMIT = 3000


class Page:
    """A page, as `explore` makes it: one file that needs no server, no library and no network.

    program  the recorded graph as the page computes it
    """

    def __init__(self, program: Program, title: str, renderer: str) -> None:
        self.program = program
        self.title = title or named(program.root)
        self._heading = title
        self._renderer = renderer

    @functools.cached_property
    def payload(self) -> dict[str, Any]:
        """What the page's script is given, as data that JSON can hold."""
        nodes = self.program.nodes
        layout = {
            "operations": operations_layout(nodes, self._renderer),
            "network": network_layout(nodes),
        }
        program = {**self.program.data, "words": words_of(self.program)}
        return {"title": self._heading, "program": program, "layout": layout}

    @functools.cached_property
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

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        def wanted(kind: str) -> bool:
            return (not include or kind in include) and kind not in (exclude or ())

        bundle = {"text/plain": repr(self)} if wanted("text/plain") else {}
        if wanted("text/html"):
            # A frame of its own: what the page does can't touch the notebook.
            title, page = html.escape(self.title), html.escape(self.html)
            bundle["text/html"] = (
                f'<iframe title="{title}" sandbox="allow-scripts allow-downloads" width="100%" '
                f'height="820" frameborder="0" srcdoc="{page}"></iframe>'
            )
        return bundle

    def __repr__(self) -> str:
        return f"<Page: {self.title}>"


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
