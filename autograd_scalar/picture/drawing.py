"""A picture, as it is shown in notebooks, put into pages and saved.

Knows DOT source and its renderers, and nothing of Values.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..engine.files import write_files
from ..notation.notebook import Form, bundle
from .graphviz import FORMATS, Caption, clean_svg, render

_MIME_TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "dot": "text/vnd.graphviz",
}


class Drawing:
    """A picture of a graph, as `draw` makes it; notebooks show it by themselves.

    source  the picture in the DOT language
    format  what notebooks show and `pipe()` gives: "svg", "png", "pdf" or "dot"
    """

    def __init__(
        self, source: str, title: str, captions: dict[str, Caption], format: str, renderer: str
    ) -> None:
        self.source = source
        self.format = format
        self._title = title
        self._captions = captions
        self._renderer = renderer

    @functools.cached_property
    def svg(self) -> str:
        """The picture as an `<svg>` element, ready to be put into an HTML page."""
        return clean_svg(render(self.source, "svg", self._renderer), self._title, self._captions)

    def pipe(self, format: str | None = None) -> bytes:
        """The picture as the bytes of a file: "svg", "png", "pdf" or "dot".

        Raises `DrawingError` where the available renderer can't make that format.
        """
        format = self.format if format is None else format
        if format != "svg":
            return render(self.source, format, self._renderer)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}\n'.encode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, in the format its suffix names, and return the path.

        Raises `ValueError` for a suffix that names no format, `DrawingError` where the
        available renderer can't make it, and `OSError` where it can't be written; then a file
        that was there is as it was.
        """
        path = Path(path)
        format = path.suffix.lower().removeprefix(".")
        if format not in FORMATS:
            raise ValueError(
                f"can't tell the format of {str(path)!r}: use a name ending in "
                f"{', '.join('.' + each for each in FORMATS)}"
            )
        write_files({path: self.pipe(format)})
        return path

    def render(self, filename: str | os.PathLike[str] = "graph") -> Path:
        """`save` under the name of the format, `graph.svg`: the spelling of `graphviz`."""
        return self.save(f"{os.fspath(filename)}.{self.format}")

    def _repr_svg_(self) -> str | None:
        return self.svg if self.format == "svg" else None

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        texts: dict[str, Form] = {"dot": lambda: self.source, "svg": lambda: self.svg}
        forms: dict[str, Form] = {
            "text/plain": lambda: repr(self),
            _MIME_TYPES[self.format]: texts.get(self.format, self.pipe),
        }
        return bundle(forms, include, exclude)

    def __repr__(self) -> str:
        return f"<Drawing: {self._title}>"
