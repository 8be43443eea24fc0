"""The view of every operation: values, the operations between them, and frames around both.

Writes the graph down as DOT source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..engine.value import Value
from ..notation.terminal import printable
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE
from .frames import owners
from .graphviz import Caption, digraph
from .network import network, reached_from, sums, users_of
from .texts import (
    FONT,
    FONT_SIZE,
    KIND_NAMES,
    MARGIN,
    NOT_COMPUTED,
    dot_text,
    have_small_scripts,
    label_lines,
    lines_of,
    named,
    short,
    visible_lines,
    width,
)

if TYPE_CHECKING:
    import graphviz  # type: ignore[import-untyped]

_MINUS = "\N{MINUS SIGN}"
_SYMBOLS = {"-": _MINUS, "*": "\N{MULTIPLICATION SIGN}", "/": "\N{DIVISION SIGN}"}

_GRAPH = {
    "bgcolor": "white",
    "fontname": FONT,
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
    "fontname": FONT,
    "fontsize": f"{FONT_SIZE:g}",
    "fontcolor": "#111827",
    "margin": f"{MARGIN},0.05",
    "height": "0.1",
}
_EDGE = {
    "color": "#6B7280",
    "arrowsize": "0.55",
    "fontname": FONT,
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

_WAY = {"color": "#009E73", "penwidth": "2.2"}

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


def operations_view(
    order: list[Value],
    wrt: Value | None,
    rankdir: str,
    partials: bool,
    sums: bool,
    clusters: bool,
    title: str,
) -> tuple[str, str, dict[str, Caption]]:
    """The graph of all values in `order`: DOT source, what it is, captions of its elements.

    The other arguments are those of `draw`.
    """
    sketch = _Sketch(order, wrt, rankdir, sums, title)
    sketch.add_nodes(owners(order) if clusters else {})
    sketch.add_edges(partials)
    sketch.keep_layers_together()
    return sketch.dot.source, sketch.title, sketch.captions


class _Sketch:
    """DOT source in the making, with the captions of the elements in it."""

    def __init__(
        self, order: list[Value], wrt: Value | None, rankdir: str, one_sum: bool, title: str
    ) -> None:
        self.order = order
        self.title = f"Graph of {named(order[-1])}: {_counted(len(order))}"
        self.names = {v: f"v{i}" for i, v in enumerate(order)}
        self.moving = set() if wrt is None else reached_from(order, wrt)
        self.sums = _sums_of_products(order) if one_sum else {}
        self.shown = self.reached_back()
        self.small = have_small_scripts(self.shown)
        # A record's fields follow the rank, and turn with every pair of braces.
        self.across = rankdir in ("TB", "BT")
        self.backwards = rankdir in ("RL", "BT")
        self.entry = {"LR": "w", "RL": "e", "TB": "n", "BT": "s"}[rankdir]
        heading = lines_of(title) if title else []
        self.captions = {"graph": Caption("", heading)}
        self.dot = digraph(
            graph_attr={"id": "graph", "rankdir": rankdir, "label": dot_text(heading), **_GRAPH},
            node_attr=_NODE,
            edge_attr=_EDGE,
        )

    def reached_back(self) -> set[Value]:
        """What is drawn: all but the products and sums that are part of one Σ."""
        shown = {self.order[-1]}
        for v in reversed(self.order):
            if v in shown:
                shown.update(operand for operand, *_ in self.operands(v))
        return shown

    def add_nodes(self, owner: dict[Value, Value]) -> None:
        """Every value with the operation that made it; those of one owner in one frame."""
        members: dict[Value, list[Value]] = {}
        for v in self.order:
            if v in self.shown:
                members.setdefault(owner.get(v, v), []).append(v)
        for end, group in members.items():
            if len(group) == 1:
                self.add_value(self.dot, end)
                continue
            name = f"cluster_{self.names[end]}"
            heading = label_lines(end.label, self.small)
            self.captions[name] = Caption(f"the steps to {named(end)}", heading)
            with self.dot.subgraph(name=name) as frame:
                frame.attr(id=name, label=dot_text(heading), **_CLUSTER)
                for v in group:
                    self.add_value(frame, v)

    def add_value(self, dot: graphviz.Digraph, v: Value) -> None:
        fields = [label_lines(v.label, self.small)] if v.label else []
        if v.kind == "constant":
            fields.append([short(v.data)])
        else:
            grad = short(v.grad) if v.has_grad else NOT_COMPUTED
            fields += [[f"data {short(v.data)}"], [f"grad {grad}"]]
        lines = [line for field in fields for line in field]
        record = "|".join(dot_text(field) for field in fields)
        look = _KINDS[v.kind] | (_ROOT if v is self.order[-1] else {})
        name = self.names[v]
        label = f"{{{record}}}" if self.across else record
        dot.node(name, label, id=name, width=f"{width(lines):.2f}", **look)
        self.captions[name] = Caption(_describe(v), lines)
        if v.kind == "interior":
            self.add_operation(dot, v)

    def add_operation(self, dot: graphviz.Digraph, v: Value) -> None:
        if v in self.sums:
            terms = [_SYMBOLS["*"] if len(factors) > 1 else "+" for _, factors in self.sums[v]]
            self.add_ports(dot, v, "Σ", terms, "Σ: a sum of products (sum rule, product rule)")
            return
        row = _row(v)
        symbol = _SYMBOLS.get(row.operator, row.operator or row.name)
        if _is_ordered(row):
            ordinals = [_ordinal(i) for i in range(len(row.arguments))]
            self.add_ports(dot, v, symbol, ordinals, _explain(row))
            return
        name = f"{self.names[v]}_op"
        look = _CIRCLE if len(symbol) <= 2 else _BOX
        dot.node(name, dot_text([symbol]), id=name, **look)
        self.captions[name] = Caption(_explain(row), [symbol])

    def add_ports(
        self, dot: graphviz.Digraph, v: Value, symbol: str, texts: list[str], about: str
    ) -> None:
        """An operation with a place for each operand."""
        ports = "|".join(f"<in{i}> {dot_text([text])}" for i, text in enumerate(texts))
        halves = [f"{{{ports}}}", dot_text([symbol])]
        label = f"{{{'|'.join(reversed(halves) if self.backwards else halves)}}}"
        lines = [symbol, *texts] if self.backwards else [*texts, symbol]
        name = f"{self.names[v]}_op"
        dot.node(name, label, id=name, **_PORTS)
        self.captions[name] = Caption(about, lines)

    def add_edges(self, partials: bool) -> None:
        for v in self.order:
            if v.kind != "interior" or v not in self.shown:
                continue
            name = self.names[v]
            for i, (operand, port, partial, slope) in enumerate(self.operands(v)):
                place = "" if port is None else f":in{port}:{self.entry}"
                # Nothing flows back into a constant.
                shown = partials and operand.kind != "constant"
                lines = [f"∂ {short(partial)}"] if shown else []
                edge = f"{name}_in{i}"
                self.dot.edge(
                    self.names[operand],
                    f"{name}_op{place}",
                    dot_text(lines),
                    id=edge,
                    **(_WAY if operand in self.moving else {}),
                )
                self.captions[edge] = Caption(printable(f"{slope} = {partial!r}"), lines)
            way = _WAY if v in self.moving and not self.moving.isdisjoint(v.parents) else {}
            self.dot.edge(f"{name}_op", name, id=f"{name}_out", **way)

    def operands(self, v: Value) -> Iterator[tuple[Value, int | None, float, str]]:
        """Of each edge into an operation: from where, to which port, its partial, and of what."""
        if v.kind != "interior":
            return
        if v in self.sums:
            for port, (term, factors) in enumerate(self.sums[v]):
                slopes = term.partials if len(factors) > 1 else (1.0,)
                for factor, partial in zip(factors, slopes, strict=True):
                    yield factor, port, partial, f"∂Σ/∂({factor.label or 'operand'})"
            return
        row = _row(v)
        for i, (parent, partial) in enumerate(zip(v.parents, v.partials, strict=True)):
            slope = f"∂{row.name}/∂{row.arguments[i]} = {row.partials[i]}"
            yield parent, i if _is_ordered(row) else None, partial, slope

    def keep_layers_together(self) -> None:
        """Neurons of one layer in one line, where there are neurons."""
        try:
            found = network(self.order)
        except ValueError:
            return
        for column in found.columns:
            layer = [self.names[v] for v in column if v in found.neurons]
            if len(layer) > 1:
                self.dot.attr(newrank="true")
                self.dot.body.append(f"\t{{rank=same; {'; '.join(layer)}}}\n")


def _sums_of_products(order: list[Value]) -> dict[Value, list[tuple[Value, tuple[Value, ...]]]]:
    """The terms of each sum that has a product in it, each with its factors."""
    users = users_of(order)

    def factors(term: Value) -> tuple[Value, ...]:
        alone = term.op == "mul" and not term.label and len(users[term]) == 1
        return term.parents if alone else (term,)

    split = {
        top: [(term, factors(term)) for term in terms] for top, terms in sums(order, users).items()
    }
    return {top: terms for top, terms in split.items() if any(len(each) > 1 for _, each in terms)}


def _row(v: Value) -> Primitive:
    return TABLE[OPCODES[v.op]]


def _is_ordered(row: Primitive) -> bool:
    return len(row.arguments) > 1 and not row.commutes


def _ordinal(i: int) -> str:
    return f"{i + 1}{('st', 'nd', 'rd')[i] if i < 3 else 'th'}"


def _counted(values: int) -> str:
    return f"{values:,} value{'s' if values > 1 else ''}"


def _describe(v: Value) -> str:
    parts = visible_lines(v.label)
    parts.append(_explain(_row(v)) if v.kind == "interior" else KIND_NAMES[v.kind])
    parts.append(f"data = {v.data!r}")
    if v.kind != "constant":
        parts.append(f"grad = {v.grad!r}" if v.has_grad else "grad not computed: call backward()")
    return "\n".join(parts)


def _explain(row: Primitive) -> str:
    return printable(f"{row.name}: {row.value} ({row.rule})")
