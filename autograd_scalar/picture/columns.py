"""The view of a network: its neurons in columns, as textbooks draw them.

Writes the columns down as DOT source in which everything has its place; Graphviz draws it.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate

from ..engine.value import Value
from ..notation.numerals import decimal
from ..notation.terminal import printable
from .graphviz import Caption, digraph
from .network import Link, Network, Neuron, network, reached_from, shares
from .texts import (
    FONT,
    KIND_NAMES,
    MARGIN,
    NOT_COMPUTED,
    dot_text,
    have_small_scripts,
    label_lines,
    lines_of,
    named,
    visible_lines,
    width,
)

#: The most circles in a column; of a larger layer, so many are shown.
_MOST_IN_COLUMN = 12
_KEPT = 8
#: The weights that are shown as numbers, with their names, and as colours where there are more.
_MOST_NUMBERS = 30
_MOST_NAMES = 12
_LONGEST_NAME = 10
_MOST_GIVEN = 4

# In points.
_RADIUS = 35.0
_ROW, _ROW_WITH_BIASES = 76.0, 90.0
_NARROW = 140.0
# Across, for each point down.
_STEEPEST = 0.62
_LINE, _SMALL_LINE = 16.0, 12.0

_POSITIVE, _NEGATIVE, _WAY = "#0072B2", "#D55E00", "#009E73"
_PALE_POSITIVE, _PALE_NEGATIVE, _PLAIN = "#CFE3F0", "#F8DDCC", "#9CA3AF"
_PALE = "#D1D5DB"
_TEXT = "#111827"

_GRAPH = {
    "layout": "neato",
    "inputscale": "72",
    "splines": "line",
    "outputorder": "edgesfirst",
    "bgcolor": "white",
    "fontname": FONT,
    "fontsize": "12",
    "fontcolor": "#374151",
    "labelloc": "t",
    "pad": "0.12",
}
_NODE = {
    "shape": "circle",
    "style": "filled",
    "fillcolor": "white",
    "color": "#374151",
    "penwidth": "1.4",
    "fixedsize": "true",
    "width": f"{2 * _RADIUS / 72:.3f}",
    "fontname": FONT,
    "fontsize": "9.5",
    "fontcolor": _TEXT,
}
_INPUT = {"fillcolor": "#DCEBFA", "color": "#0072B2"}
_VALUE = {"shape": "box", "style": "rounded,filled", "fixedsize": "false", "margin": "0.1,0.06"}
_RESULT = _VALUE | {"fillcolor": "#1F2937", "color": "#1F2937", "fontcolor": "white"}
_WORDS = {"shape": "box", "penwidth": "0", "margin": "0", "height": "0.17", "fontsize": "9"}
_POINT = {"shape": "point", "style": "invis", "width": "0.01"}


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A network in its places.

    columns  the values that are shown
    links    those between values that are shown
    place    the middle of each circle, in points, upwards
    shares   how far along each link its number stands
    numbers  whether there is room for the numbers of the weights
    """

    found: Network
    columns: list[list[Value]]
    links: list[Link]
    place: dict[Value, tuple[float, float]]
    shares: list[float]
    numbers: bool


def network_view(
    order: list[Value], wrt: Value | None, limit: int | None, title: str
) -> tuple[str, str, dict[str, Caption]]:
    """The network in a graph: DOT source, what it is, and the captions of its elements.

    order  the values of the graph, as `toposort` gives them
    wrt    the value whose ways to the result stand out
    limit  the most circles

    Raises `ValueError` for a graph without neurons, and above the limit.
    """
    found = network(order)
    columns = _folded(found, wrt)
    count = sum(map(len, columns))
    if limit is not None and count > limit:
        raise ValueError(
            f"this network has {len(columns):,} columns, {count:,} circles to draw, more than the "
            f"limit of {limit:,}; raise it with limit={count}, or draw a part: "
            'draw(v, view="network") for a Value v further inside'
        )
    sketch = _Sketch(found, columns, wrt, title)
    sketch.add_links()
    sketch.add_columns()
    sketch.add_legend()
    return sketch.dot.source, sketch.title, sketch.captions


def arranged(order: list[Value]) -> Arrangement:
    """Where the network view puts a network, for pages that draw it themselves.

    Raises `ValueError` for a graph without neurons.
    """
    found = network(order)
    sketch = _Sketch(found, _folded(found, None), None, "")
    shares = [sketch.share(link) for link in sketch.links]
    return Arrangement(found, sketch.columns, sketch.links, sketch.place, shares, sketch.numbers)


def _folded(found: Network, wrt: Value | None) -> list[list[Value]]:
    """The columns, of large ones only the values with the largest shares in the result."""
    if all(len(column) <= _MOST_IN_COLUMN for column in found.columns):
        return found.columns
    share = shares(found.order, wrt)
    asked = set() if wrt is None else found.next_to(wrt)

    def kept(column: list[Value]) -> list[Value]:
        if len(column) <= _MOST_IN_COLUMN:
            return column
        best = {*sorted(column, key=lambda v: (v in asked, share[v]), reverse=True)[:_KEPT]}
        return [v for v in column if v in best]

    return [kept(column) for column in found.columns]


class _Sketch:
    """DOT source in the making, with the captions of the elements in it."""

    def __init__(
        self, found: Network, columns: list[list[Value]], wrt: Value | None, title: str
    ) -> None:
        self.found = found
        self.columns = columns
        self.wrt = wrt
        self.moving = set() if wrt is None else reached_from(found.order, wrt)
        self.column = {v: i for i, column in enumerate(columns) for v in column}
        self.links = [
            link
            for link in found.links
            if link.source in self.column and link.target in self.column
        ]
        self.weighted = [link for link in self.links if link.weight is not None]
        self.numbers = len(self.weighted) < _MOST_NUMBERS
        self.largest = max(
            (abs(w.data) for w in map(_weight, self.weighted) if math.isfinite(w.data)), default=0.0
        )
        self.names = {v: f"n{i}" for i, v in enumerate(self.column)}
        self.biases = self.numbers and any(n.biases for n in found.neurons.values())
        self.small = have_small_scripts(
            [*self.column, *(map(_weight, self.weighted) if self.numbers else ())]
        )
        self.graded = any(v.has_grad for v in self.column)
        self.place = self.places()
        neurons = len(found.neurons)
        self.title = (
            f"Network of {named(found.root)}: {neurons:,} neuron{'s' if neurons > 1 else ''}"
        )
        heading = lines_of(title) if title else []
        self.captions = {"graph": Caption("", heading)}
        self.dot = digraph(
            graph_attr={"id": "graph", "label": dot_text(heading), **_GRAPH},
            node_attr=_NODE,
            edge_attr={"dir": "none", "color": _PLAIN, "penwidth": "1.2"},
        )

    def places(self) -> dict[Value, tuple[float, float]]:
        """The middle of each circle."""
        row = _ROW_WITH_BIASES if self.biases else _ROW
        height = {
            v: ((len(column) - 1) / 2 - j) * row
            for column in self.columns
            for j, v in enumerate(column)
        }
        across = [0.0, *accumulate(self.gap(i, height) for i in range(len(self.columns) - 1))]
        return {v: (across[self.column[v]], y) for v, y in height.items()}

    def gap(self, left: int, height: dict[Value, float]) -> float:
        """How far a column is from the next: room for the numbers, and no line is too steep."""
        gap = _NARROW
        for link in self.links:
            if self.column[link.source] != left or self.column[link.target] != left + 1:
                continue
            gap = max(gap, _STEEPEST * abs(height[link.source] - height[link.target]))
            if link.weight is not None and self.numbers:
                share = self.share(link)
                text = _width(self.weight_text(link))
                gap = max(gap, (_RADIUS + 6 + text / 2) / min(share, 1 - share))
        return gap

    def share(self, link: Link) -> float:
        """How far along a link its number stands: where those of crossing links don't meet."""
        if not self.numbers:
            return 0.5
        before = len(self.columns[self.column[link.source]])
        after = len(self.columns[self.column[link.target]])
        near = 1 / (min(before, after) + 1)
        return near if after <= before else 1 - near

    def whole_name(self, v: Value) -> str:
        return " ".join(label_lines(v.label, self.small)) if v.label else ""

    def name(self, v: Value) -> str:
        """The label in a word that fits a circle; the tooltip has all of it."""
        text = self.whole_name(v)
        return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"

    def weight_text(self, link: Link) -> str:
        weight = _weight(link)
        few = len(self.weighted) <= _MOST_NAMES or weight is self.wrt
        return f"{self.name(weight) if few else ''} {_short(weight.data)}".strip()

    def add_links(self) -> None:
        side_by_side: Counter[tuple[Value, Value]] = Counter()
        # What is drawn later lies above: on the ways, the larger weights.
        for i, link in enumerate(sorted(self.links, key=self.prominence)):
            on_a_way = link.via in self.moving
            look = {"color": _WAY, "penwidth": "2.6"} if on_a_way else {}
            if link.weight is not None and not self.numbers:
                look = self.strength(link.weight.data, on_a_way)
            ends = (self.names[link.source], self.names[link.target])
            self.dot.edge(*ends, id=f"e{i}", **look)
            self.captions[f"e{i}"] = Caption(_about_link(link))
            if link.weight is not None and (self.numbers or link.weight is self.wrt):
                (x0, y0), (x1, y1) = self.place[link.source], self.place[link.target]
                share = self.share(link)
                below = side_by_side[link.source, link.target] * _SMALL_LINE
                side_by_side[link.source, link.target] += 1
                place = (x0 + share * (x1 - x0), y0 + share * (y1 - y0) - below)
                lit = link.weight is self.wrt
                self.add_words(f"w{i}", self.weight_text(link), place, _about_link(link), lit)

    def prominence(self, link: Link) -> tuple[bool, float]:
        size = 0.0 if link.weight is None else abs(link.weight.data)
        return link.via in self.moving, size if size == size else 0.0

    def strength(self, weight: float, on_a_way: bool) -> dict[str, str]:
        """A weight as colour and width; off the ways it is pale."""
        share = abs(weight) / self.largest if self.largest else 0.0
        thickness = 0.5 + 3.5 * (min(share, 1.0) if share == share else 0.0)
        pale = self.wrt is not None and not on_a_way
        positive = _PALE_POSITIVE if pale else _POSITIVE
        negative = _PALE_NEGATIVE if pale else _NEGATIVE
        color = positive if weight > 0 else negative if weight < 0 else _PALE
        return {"color": color, "penwidth": f"{thickness:.2f}"}

    def add_words(
        self,
        name: str,
        text: str,
        place: tuple[float, float],
        tooltip: str = "",
        lit: bool = False,
        begins: bool = False,
    ) -> None:
        """A text on white, where lines may pass behind; its middle or its beginning at a place."""
        inches = _width(text) / 72
        x, y = place
        self.dot.node(
            name,
            dot_text([text]) + (r"\l" if begins else ""),
            id=name,
            pos=_position((x + inches * 36 if begins else x, y)),
            fontcolor=_WAY if lit else _TEXT,
            width=f"{inches:.3f}",
            **_WORDS,
        )
        self.captions[name] = Caption(tooltip, [text])

    def add_columns(self) -> None:
        for i, column in enumerate(self.columns):
            for v in column:
                self.add_value(v)
            more = len(self.found.columns[i]) - len(column)
            if more:
                x, y = self.place[column[-1]]
                self.add_words(f"more{i}", f"… {more:,} more", (x, y - _RADIUS - 20))

    def add_value(self, v: Value) -> None:
        neuron = self.found.neurons.get(v)
        lines = [self.name(v) or ("result" if v is self.found.root else ""), _short(v.data)]
        if v.kind != "constant" and self.graded:
            lines.append(f"grad {_short(v.grad) if v.has_grad else NOT_COMPUTED}")
        given = [
            f"{self.name(leaf)} = {_short(leaf.data)}"
            for leaf in self.found.given.get(v, ())
            if leaf.label and leaf not in self.found.weights
        ]
        lines += given[:_MOST_GIVEN]
        if len(given) > _MOST_GIVEN:
            lines.append(f"… {len(given) - _MOST_GIVEN:,} more")
        lines = [line for line in lines if line]
        look = {} if neuron else _VALUE if v.op else _INPUT
        if v is self.found.root and not neuron:
            look = _RESULT
        if v in self.moving:
            look = look | {"color": _WAY, "penwidth": "3"}
        name = self.names[v]
        self.dot.node(name, dot_text(lines), id=name, pos=_position(self.place[v]), **look)
        self.captions[name] = Caption(_about_neuron(neuron) if neuron else _about(v), lines)
        if neuron:
            self.add_biases(neuron.biases, name, self.place[v])

    def add_biases(self, biases: tuple[Value, ...], name: str, place: tuple[float, float]) -> None:
        shown = [b for b in biases if self.numbers or b is self.wrt]
        if shown:
            text = " ".join(f"+ {self.name(b)} {_short(b.data)}".replace("  ", " ") for b in shown)
            below = (place[0], place[1] - _RADIUS - 8)
            lit = any(b is self.wrt for b in shown)
            self.add_words(f"{name}b", text, below, "\n".join(map(_about, shown)), lit)

    def add_legend(self) -> None:
        """What colours and widths mean, and what isn't shown, in lines under the picture."""
        lines: list[tuple[str, str]] = []
        if self.weighted and not self.numbers:
            size = f"the wider, the larger: up to {_short(self.largest)}"
            lines += [(_POSITIVE, "positive weights"), (_NEGATIVE, f"negative weights; {size}")]
        if self.wrt is not None:
            ways = self.found.ways_from(self.wrt)
            count = "the way" if ways == 1 else f"the {ways:,} ways" if 1 < ways < 10**9 else "ways"
            start, end = (self.whole_name(v) for v in (self.wrt, self.found.root))
            text = f"{count} from {start or 'the value asked for'} to {end or 'the result'}"
            lines.append((_WAY, text if self.numbers else f"{text}; all other weights are pale"))
        weights = sum(link.weight is not None for link in self.found.links)
        if len(self.weighted) < weights:
            lines.append(("", f"{len(self.weighted):,} of {weights:,} weights are shown"))
        left = -_RADIUS
        folded = len(self.column) < sum(map(len, self.found.columns))
        below = 44 if folded or self.biases else 24
        top = min(y for _, y in self.place.values()) - _RADIUS - below
        for i, (color, text) in enumerate(lines):
            y = top - i * _LINE
            if color:
                for end, x in (("a", left), ("b", left + 24)):
                    self.dot.node(f"k{i}{end}", "", pos=_position((x, y)), **_POINT)
                self.dot.edge(f"k{i}a", f"k{i}b", color=color, penwidth="3")
            self.add_words(f"k{i}", text, (left + (30 if color else 0), y), begins=True)


def _weight(link: Link) -> Value:
    assert link.weight is not None
    return link.weight


def _position(place: tuple[float, float]) -> str:
    return f"{place[0]:.1f},{place[1]:.1f}!"


def _short(number: float) -> str:
    return decimal(number, 3)


def _width(text: str) -> float:
    """Points that a text takes on a line."""
    return 72 * (width([text], 9) - 2 * MARGIN) + 2


def _about(v: Value) -> str:
    kind = v.op or KIND_NAMES[v.kind]
    lines = [*visible_lines(v.label), kind, f"data = {v.data!r}"]
    if v.kind != "constant":
        lines.append(f"grad = {v.grad!r}" if v.has_grad else "grad not computed: call backward()")
    return "\n".join(line for line in lines if line)


def _about_neuron(neuron: Neuron) -> str:
    parts = [_about(neuron.out)]
    if neuron.net is not neuron.out:
        parts.append(f"{printable(neuron.net.label) or 'its sum'} = {neuron.net.data!r}")
    parts += [f"bias {_about(bias)}" for bias in neuron.biases]
    return "\n".join(parts)


def _about_link(link: Link) -> str:
    ends = f"from {printable(link.source.label)} to {printable(link.target.label)}"
    return ends if link.weight is None else f"{_about(link.weight)}\n{ends}"
