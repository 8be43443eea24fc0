"""Drawing: the graph of a value as a picture.

`draw` writes the graph down as DOT source; `render` makes the picture of it.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.value import Value, toposort
from ..notation.labels import read_label, unicode_label
from ..notation.numerals import decimal
from ..notation.terminal import printable
from ..notation.terminal import width as columns
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE
from .files import write_files
from .frames import owners
from .graphviz import FORMATS, Caption, check_format, clean_svg, render

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

RANKDIRS = ("LR", "TB", "RL", "BT")

_MIME_TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "dot": "text/vnd.graphviz",
}

_MINUS = "\N{MINUS SIGN}"
_SYMBOLS = {"-": _MINUS, "*": "\N{MULTIPLICATION SIGN}", "/": "\N{DIVISION SIGN}"}
_NOT_COMPUTED = "\N{EN DASH}"

_FONT = "Arial"
_FONT_SIZE = 11.0
_MARGIN = 0.11  # inches, left and right of a text

_LONGEST_LINE = 48
_MOST_LINES = 6

_GRAPH = {
    "bgcolor": "white",
    "fontname": _FONT,
    "fontsize": "12",
    "fontcolor": "#374151",
    "labelloc": "t",
    "nodesep": "0.16",
    # Ends the search for the best places in a tangle; networks are placed as without it.
    "nslimit": "4",
    "ranksep": "0.32",
    "pad": "0.12",
}
_NODE = {
    "shape": "record",
    "style": "filled",
    "fillcolor": "white",
    "color": "#6B7280",
    "fontname": _FONT,
    "fontsize": f"{_FONT_SIZE:g}",
    "fontcolor": "#111827",
    "margin": f"{_MARGIN},0.05",
    "height": "0.1",
}
_EDGE = {
    "color": "#6B7280",
    "arrowsize": "0.55",
    "fontname": _FONT,
    "fontsize": "9.5",
    "fontcolor": "#7C2D12",
}
_CLUSTER = {
    "style": "rounded,filled",
    "fillcolor": "#F5F7FA",
    "color": "#B6C2D1",
    "labeljust": "l",
    "margin": "9",
}

# Each kind differs in outline as well as in colour, so that the kinds stay apart in grey.
_KINDS = {
    "leaf": {
        "style": "rounded,filled",
        "fillcolor": "#DCEBFA",
        "color": "#0072B2",
        "penwidth": "1.4",
    },
    "parameter": {"fillcolor": "#FDE9CC", "color": "#B45309", "penwidth": "2"},
    "constant": {"style": "dashed,filled", "fillcolor": "#F3F4F6", "color": "#9CA3AF"},
    "interior": {},
}
_ROOT = {"fillcolor": "#1F2937", "color": "#6B7280", "fontcolor": "white"}
_KIND_NAMES = {"leaf": "input", "parameter": "parameter", "constant": "constant"}

_OPERATION = {"fillcolor": "#E5E7EB"}
_CIRCLE = _OPERATION | {
    "shape": "circle",
    "fontsize": "14",
    "margin": "0.02",
    "width": "0.3",
    "height": "0.3",
}
_BOX = _OPERATION | {"style": "rounded,filled", "margin": "0.08,0.05"}
_PORTS = _OPERATION | {"style": "rounded,filled", "fontsize": "11.5", "margin": "0.06,0.03"}


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
    ) -> dict[str, str | bytes]:
        def wanted(kind: str) -> bool:
            return (not include or kind in include) and kind not in (exclude or ())

        bundle: dict[str, str | bytes] = {}
        if wanted("text/plain"):
            bundle["text/plain"] = repr(self)
        kind = _MIME_TYPES[self.format]
        if wanted(kind):
            texts = {"dot": self.source, "svg": self._repr_svg_() or ""}
            bundle[kind] = texts[self.format] if self.format in texts else self.pipe()
        return bundle

    def __repr__(self) -> str:
        return f"<Drawing: {self._title}>"


def draw(
    root: Value,
    *,
    format: str = "svg",
    rankdir: str = "LR",
    partials: bool = False,
    clusters: bool = True,
    limit: int | None = 500,
    title: str = "",
    renderer: str = "auto",
) -> Drawing:
    """A picture of everything `root` was computed from, as it is now.

    format    "svg", "png", "pdf" or "dot": what notebooks show
    rankdir   the direction of the arrows: "LR" (left to right), "TB", "RL" or "BT"
    partials  write the local derivative at the edges
    clusters  frame the unlabelled steps that lead only to one labelled value
    limit     the most values to draw; None for no limit
    title     a heading over the picture
    renderer  "system" (the `dot` program of Graphviz), "embedded" or "auto"

    Raises `ValueError` for a graph above the limit or an unknown option, and
    `DrawingError` for a format the available renderer can't make.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> draw(y, renderer="embedded").svg[:4]
    '<svg'
    """
    if not isinstance(root, Value):
        raise TypeError(f"draw needs a Value, got {type(root).__name__} {root!r:.60}")
    if rankdir not in RANKDIRS:
        raise ValueError(f"unknown rankdir {rankdir!r}: choose one of {', '.join(RANKDIRS)}")
    check_format(format, renderer)
    order = toposort(root)
    if limit is not None and len(order) > limit:
        raise ValueError(
            f"this graph has {len(order):,} values, more than the limit of {limit:,} for a "
            f"drawing; raise it with limit={len(order)} (or limit=None), or draw a part: "
            "draw(v) for a Value v further inside"
        )
    sketch = _Sketch(order, rankdir, title)
    sketch.add_nodes(owners(order) if clusters else {})
    sketch.add_edges(partials)
    return Drawing(sketch.dot.source, sketch.title, sketch.captions, format, renderer)


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR", **options: Any) -> Drawing:
    """`draw` by the name that micrograd's users know.

    >>> draw_dot(Value(2.0, "x")).format
    'svg'
    """
    return draw(root, format=format, rankdir=rankdir, **options)


class _Sketch:
    """DOT source in the making, with the captions of the elements in it."""

    def __init__(self, order: list[Value], rankdir: str, title: str) -> None:
        # Those who don't draw need not wait for it.
        import graphviz

        self.order = order
        self.title = f"Graph of {_named(order[-1])}: {_counted(len(order))}"
        self.names = {v: f"v{i}" for i, v in enumerate(order)}
        # A record's fields follow the rank, and turn with every pair of braces.
        self.across = rankdir in ("TB", "BT")
        self.backwards = rankdir in ("RL", "BT")
        self.entry = {"LR": "w", "RL": "e", "TB": "n", "BT": "s"}[rankdir]
        heading = _lines(title) if title else []
        self.captions = {"graph": Caption("", heading)}
        self.dot = graphviz.Digraph(
            graph_attr={"id": "graph", "rankdir": rankdir, "label": _dot_text(heading), **_GRAPH},
            node_attr=_NODE,
            edge_attr=_EDGE,
        )

    def add_nodes(self, owner: dict[Value, Value]) -> None:
        """Every value with the operation that made it; those of one owner in one frame."""
        members: dict[Value, list[Value]] = {}
        for v in self.order:
            members.setdefault(owner.get(v, v), []).append(v)
        for end, group in members.items():
            if len(group) == 1:
                self.add_value(self.dot, end)
                continue
            name = f"cluster_{self.names[end]}"
            heading = _label_lines(end.label)
            self.captions[name] = Caption(f"the steps to {_named(end)}", heading)
            with self.dot.subgraph(name=name) as frame:
                frame.attr(id=name, label=_dot_text(heading), **_CLUSTER)
                for v in group:
                    self.add_value(frame, v)

    def add_value(self, dot: graphviz.Digraph, v: Value) -> None:
        fields = [_label_lines(v.label)] if v.label else []
        if v.kind == "constant":
            fields.append([_short(v.data)])
        else:
            grad = _short(v.grad) if v.has_grad else _NOT_COMPUTED
            fields += [[f"data {_short(v.data)}"], [f"grad {grad}"]]
        lines = [line for field in fields for line in field]
        record = "|".join(_dot_text(field) for field in fields)
        look = _KINDS[v.kind] | (_ROOT if v is self.order[-1] else {})
        name = self.names[v]
        label = f"{{{record}}}" if self.across else record
        dot.node(name, label, id=name, width=f"{_width(lines):.2f}", **look)
        self.captions[name] = Caption(_describe(v), lines)
        if v.kind == "interior":
            self.add_operation(dot, v)

    def add_operation(self, dot: graphviz.Digraph, v: Value) -> None:
        row = _row(v)
        symbol = _SYMBOLS.get(row.operator, row.operator or row.name)
        label = _dot_text([symbol])
        lines = [symbol]
        look = _CIRCLE if len(symbol) <= 2 else _BOX
        if _is_ordered(row):
            ordinals = [_ordinal(i) for i in range(len(row.arguments))]
            ports = "|".join(f"<in{i}> {text}" for i, text in enumerate(ordinals))
            halves = [f"{{{ports}}}", label]
            label = f"{{{'|'.join(reversed(halves) if self.backwards else halves)}}}"
            lines = [symbol, *ordinals] if self.backwards else [*ordinals, symbol]
            look = _PORTS
        name = f"{self.names[v]}_op"
        dot.node(name, label, id=name, **look)
        self.captions[name] = Caption(_explain(row), lines)

    def add_edges(self, partials: bool) -> None:
        for v in self.order:
            if v.kind != "interior":
                continue
            row = _row(v)
            name = self.names[v]
            for i, (parent, partial) in enumerate(zip(v.parents, v.partials, strict=True)):
                port = f":in{i}:{self.entry}" if _is_ordered(row) else ""
                # Nothing flows back into a constant.
                lines = [f"∂ {_short(partial)}"] if partials and parent.kind != "constant" else []
                edge = f"{name}_in{i}"
                self.dot.edge(self.names[parent], f"{name}_op{port}", _dot_text(lines), id=edge)
                slope = f"∂{row.name}/∂{row.arguments[i]} = {row.partials[i]} = {partial!r}"
                self.captions[edge] = Caption(printable(slope), lines)
            self.dot.edge(f"{name}_op", name, id=f"{name}_out")


def _row(v: Value) -> Primitive:
    return TABLE[OPCODES[v.op]]


def _is_ordered(row: Primitive) -> bool:
    return len(row.arguments) > 1 and not row.commutes


def _ordinal(i: int) -> str:
    return f"{i + 1}{('st', 'nd', 'rd')[i] if i < 3 else 'th'}"


def _counted(values: int) -> str:
    return f"{values:,} value{'s' if values > 1 else ''}"


def _named(v: Value) -> str:
    name = " ".join(_label_lines(v.label)) or v.op or _KIND_NAMES[v.kind]
    return f"{name} = {_short(v.data)}"


def _describe(v: Value) -> str:
    parts = _visible_lines(v.label) if v.label else []
    parts.append(_explain(_row(v)) if v.kind == "interior" else _KIND_NAMES[v.kind])
    parts.append(f"data = {v.data!r}")
    if v.kind != "constant":
        parts.append(f"grad = {v.grad!r}" if v.has_grad else "grad not computed: call backward()")
    return "\n".join(parts)


def _explain(row: Primitive) -> str:
    return printable(f"{row.name}: {row.value} ({row.rule})")


def _short(number: float) -> str:
    """The number in few digits; the tooltip has them all."""
    return decimal(number, 4)


def _visible_lines(text: str) -> list[str]:
    return [printable(line) for line in re.split(r"\r\n|\r|\n", text)]


def _lines(text: str) -> list[str]:
    """The lines of a label as they are shown, cut where they would be too long or too many."""
    lines = _visible_lines(text)
    lines = [cut if len(cut := line[:_LONGEST_LINE]) == len(line) else cut + "…" for line in lines]
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]


def _label_lines(label: str) -> list[str]:
    """A label as explanations typeset it, w₃₁ for `w_{31}`; any other line by line."""
    return _lines(label if read_label(label).plain else unicode_label(label))


def _dot_text(lines: Iterable[str]) -> str:
    """The lines as a label in DOT, whatever characters they have.

    Entities serve in records and elsewhere; a backslash is an escape even as an entity.
    Spaces that Graphviz would drop become no-break spaces, an empty line one of those.
    """
    kept = (re.sub(r"^ | (?= |$)", "\xa0", line) or "\xa0" for line in lines)
    return r"\n".join(
        re.sub(r'[&<>{}|"\xa0]', lambda match: f"&#{ord(match[0])};", line.replace("\\", r"\\"))
        for line in kept
    )


def _width(lines: Iterable[str]) -> float:
    """Inches that fit the longest of the lines in any common sans-serif font.

    Renderers know different fonts, and the embedded one few characters beyond ASCII; with
    this width as the least, they agree on the layout.
    """
    ems = max(sum(map(_character_width, line)) for line in lines)
    return ems * _FONT_SIZE / 72 + 2 * _MARGIN


def _character_width(character: str) -> float:
    if character in "ijlI.,:;|!'()[]{}- ":
        return 0.38
    if character in "mwMW@%":
        return 1.0
    if columns(character) != 1:
        return 0.6 * columns(character)
    return 0.75 if character.isupper() else 0.62
