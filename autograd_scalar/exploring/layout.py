"""Where everything in a page's picture stands: both views, as compact numbers.

Graphviz places the operations, `picture` the network; the page draws what these say, and so
needs no layout of its own. Lengths are in CSS pixels, downwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from ..engine.value import Value
from ..picture.columns import Arrangement, arranged
from ..picture.frames import owners
from ..picture.graphviz import DrawingError, render
from ..picture.texts import label_lines, width

_LINE = 17.0
_PADDING = 10.0
# Room for a number of four digits with sign and exponent, whatever the sliders say.
_NUMBER = 78.0
_CONSTANT = 40.0
_LONGEST = 160.0
# The circle of the operation, which overlaps the box of its result by half.
_OPERATION = 12.0


def operations_layout(order: Sequence[Value], renderer: str = "auto") -> dict[str, Any]:
    """The graph of all operations, operands on the left.

    order     the values of the graph, operands first
    renderer  as for `draw`

    boxes   x, y, width, height of the value at each index, one after the other
    edges   for each value a path for each of its operands
    frames  [value, x, y, width, height, members…]: the unlabelled steps to a labelled value
    """
    index = {v: i for i, v in enumerate(order)}
    groups = _groups(order)
    svg = ElementTree.fromstring(render(_source(order, index, groups), "svg", renderer))
    places = {group.attrib["id"]: group for group in svg.iter() if "id" in group.attrib}
    left, top, right, bottom = _extent(places["graph"])
    boxes: list[int] = []
    for i, v in enumerate(order):
        x0, y0, x1, y1 = _extent(places[f"v{i}"])
        operation = _OPERATION if v.parents else 0.0
        sides = x0 - left + operation, y0 - top, x1 - x0 - operation, y1 - y0
        boxes += [round(side) for side in sides]
    edges = [
        [_path(places[f"e{i}.{j}"], left, top) for j in range(len(v.parents))]
        for i, v in enumerate(order)
    ]
    frames = []
    for end, members in groups.items():
        x0, y0, x1, y1 = _extent(places[f"f{index[end]}"])
        box = [round(side) for side in (x0 - left, y0 - top, x1 - x0, y1 - y0)]
        frames.append([index[end], *box, *(index[v] for v in members)])
    size = [round(right - left), round(bottom - top)]
    return {"size": size, "boxes": boxes, "edges": edges, "frames": frames}


def _groups(order: Sequence[Value]) -> dict[Value, list[Value]]:
    owner = owners(order)
    members: dict[Value, list[Value]] = {}
    for v in order:
        members.setdefault(owner.get(v, v), []).append(v)
    return {end: group for end, group in members.items() if len(group) > 1}


def _source(
    order: Sequence[Value], index: dict[Value, int], groups: dict[Value, list[Value]]
) -> str:
    """DOT source of empty boxes: sizes and what leads to what."""
    lines = [
        # Between the ranks there is room for what travels along an edge.
        'digraph { id="graph"; rankdir=LR; nodesep=0.14; ranksep=0.96; nslimit=4; pad=0.1',
        'fontsize=11; node [shape=box, fixedsize=true, label=""]',
        "edge [arrowhead=none, headport=w, tailport=e]",
    ]
    framed = {v: end for end, group in groups.items() for v in group}
    for end, group in groups.items():
        i = index[end]
        lines.append(f'subgraph cluster_{i} {{ id=f{i}; label=" "; margin=8')
        lines += [_box(index[v], v) for v in group]
        lines.append("}")
    lines += [_box(index[v], v) for v in order if v not in framed]
    for v, i in index.items():
        for j, parent in enumerate(v.parents):
            lines.append(f'v{index[parent]} -> v{i} [id="e{i}.{j}"]')
    lines += _ranks(order, index)
    return "\n".join([*lines, "}"])


def _box(i: int, v: Value) -> str:
    wide, high = _size(v)
    wide += _OPERATION if v.parents else 0.0
    return f"v{i} [id=v{i}, width={wide / 72:.3f}, height={high / 72:.3f}]"


def _size(v: Value) -> tuple[float, float]:
    """Room for the label, the number, and the gradient where there is one."""
    label = min(72 * width(label_lines(v.label), 12), _LONGEST) if v.label else 0.0
    numbers = _CONSTANT if v.kind == "constant" else _NUMBER
    beside = _OPERATION if v.parents else 0.0
    lines = bool(v.label) + 1 + (v.kind != "constant")
    return max(label, numbers) + beside, lines * _LINE + _PADDING


def _ranks(order: Sequence[Value], index: dict[Value, int]) -> Iterator[str]:
    """Neurons of one layer in one line, where there are neurons."""
    try:
        found = arranged(list(order)).found
    except ValueError:
        return
    for column in found.columns:
        layer = [f"v{index[v]}" for v in column if v in found.neurons]
        if len(layer) > 1:
            yield f"newrank=true; {{rank=same; {'; '.join(layer)}}}"


def _extent(group: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the first outline in a group."""
    for each in group:
        outline = each.get("points") or each.get("d")
        if outline:
            numbers = [float(text) for text in re.findall(r"-?[\d.]+", outline)]
            across, down = numbers[::2], numbers[1::2]
            return min(across), min(down), max(across), max(down)
    raise DrawingError("Graphviz drew no outline")


def _path(group: ElementTree.Element, left: float, top: float) -> str:
    """The curve of an edge, in whole pixels."""
    (curve,) = (each.attrib["d"] for each in group if "d" in each.attrib)
    numbers = [float(text) for text in re.findall(r"-?[\d.]+", curve)]
    points = [
        f"{round(x - left)} {round(y - top)}"
        for x, y in zip(numbers[::2], numbers[1::2], strict=True)
    ]
    return f"M{points[0]}C{' '.join(points[1:])}"


def network_layout(order: Sequence[Value]) -> dict[str, Any] | None:
    """The neurons of a graph in columns; None where there are none.

    order  the values of the graph, operands first

    columns  [how many are not shown, [value, x, y], …] of each column
    neurons  [output, net input, biases…] of each neuron
    links    [source, target, via, weight or −1, share]: what leads from circle to circle, and
             how far along its number stands, in per cent
    home     for each value the circle that stands for it: its neuron, or what is made of it
    numbers  whether weights are shown as numbers
    """
    try:
        view = arranged(list(order))
    except ValueError:
        return None
    index = {v: i for i, v in enumerate(order)}
    left = min(x for x, _ in view.place.values())
    top = max(y for _, y in view.place.values())
    columns = [
        [
            len(whole) - len(column),
            *(
                [index[v], round(view.place[v][0] - left), round(top - view.place[v][1])]
                for v in column
            ),
        ]
        for whole, column in zip(view.found.columns, view.columns, strict=True)
    ]
    neurons = [
        [index[neuron.out], index[neuron.net], *(index[bias] for bias in neuron.biases)]
        for neuron in view.found.neurons.values()
    ]
    links = [
        [
            index[link.source],
            index[link.target],
            index[link.via],
            -1 if link.weight is None else index[link.weight],
            round(100 * share),
        ]
        for link, share in zip(view.links, view.shares, strict=True)
    ]
    return {
        "columns": columns,
        "neurons": neurons,
        "links": links,
        "home": _homes(order, index, view),
        "numbers": view.numbers,
    }


def _homes(order: Sequence[Value], index: dict[Value, int], view: Arrangement) -> list[int]:
    shown = {v for column in view.columns for v in column}
    home: dict[Value, Value] = {}
    for v in reversed(order):
        inside = view.found.inner.get(v, v)
        if inside in shown:
            home[v] = inside
        here = home.setdefault(v, order[-1])
        for parent in v.parents:
            home.setdefault(parent, here)
    return [index[home[v]] for v in order]
