"""Drawing: the graph of a value as a picture, each operation of it or its network."""

from __future__ import annotations

from typing import Any

from ..engine.value import Value, toposort
from ..notation.labels import unicode_label
from .columns import network_view
from .drawing import Drawing
from .graphviz import check_format
from .operations import operations_view

RANKDIRS = ("LR", "TB", "RL", "BT")
VIEWS = ("operations", "network")


def draw(
    root: Value,
    *,
    view: str = "operations",
    wrt: Value | str | None = None,
    format: str = "svg",
    rankdir: str = "LR",
    partials: bool = False,
    sums: bool = False,
    clusters: bool = True,
    limit: int | None = 500,
    title: str = "",
    renderer: str = "auto",
) -> Drawing:
    """A picture of everything `root` was computed from, as it is now.

    view      "operations": every value and operation; "network": the neurons in columns
    wrt       a value, or its label: all ways from it to `root` stand out
    format    "svg", "png", "pdf" or "dot": what notebooks show
    rankdir   the direction of the arrows: "LR" (left to right), "TB", "RL" or "BT"
    partials  write the local derivative at the edges
    sums      draw a sum of products as one operation, Σ
    clusters  frame the unlabelled steps that lead only to one labelled value
    limit     the most values to draw; None for no limit
    title     a heading over the picture
    renderer  "system" (the `dot` program of Graphviz), "embedded" or "auto"

    A network goes from left to right, and has none of `partials`, `sums` and `clusters`.
    Large layers show the neurons that matter most, and how many more there are.

    Raises `ValueError` for a graph above the limit, a network view of a graph without
    neurons, a `wrt` that is not in the graph, or an unknown option, and `DrawingError` for a
    format the available renderer can't make.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> draw(y, renderer="embedded").svg[:4]
    '<svg'
    """
    if not isinstance(root, Value):
        raise TypeError(f"draw needs a Value, got {type(root).__name__} {root!r:.60}")
    if view not in VIEWS:
        raise ValueError(f"unknown view {view!r:.60}: choose one of {', '.join(VIEWS)}")
    if rankdir not in RANKDIRS:
        raise ValueError(f"unknown rankdir {rankdir!r}: choose one of {', '.join(RANKDIRS)}")
    if view == "network" and (rankdir != "LR" or partials or sums or not clusters):
        raise ValueError(
            'view="network" has no rankdir, partials, sums or clusters: leave them out, or take '
            'view="operations"'
        )
    check_format(format, renderer)
    order = toposort(root)
    if view == "operations" and limit is not None and len(order) > limit:
        raise ValueError(
            f"this graph has {len(order):,} values, more than the limit of {limit:,} for a "
            f"drawing; raise it with limit={len(order)} (or limit=None), or draw a part: "
            'draw(v) for a Value v further inside, or view="network"'
        )
    start = None if wrt is None else _found(wrt, order)
    if view == "network":
        source, about, captions = network_view(order, start, limit, title)
    else:
        source, about, captions = operations_view(
            order, start, rankdir, partials, sums, clusters, title
        )
    return Drawing(source, about, captions, format, renderer)


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR", **options: Any) -> Drawing:
    """`draw` by the name that micrograd's users know.

    >>> draw_dot(Value(2.0, "x")).format
    'svg'
    """
    return draw(root, format=format, rankdir=rankdir, **options)


def _found(wrt: Value | str, order: list[Value]) -> Value:
    """The value of the graph meant by `wrt`."""
    if isinstance(wrt, Value):
        matching = [v for v in order if v is wrt]
    elif isinstance(wrt, str):
        matching = [v for v in order if v.label == wrt] or [
            v for v in order if v.label and unicode_label(v.label) == unicode_label(wrt)
        ]
    else:
        raise TypeError(f"wrt is a Value or its label, got {type(wrt).__name__} {wrt!r:.60}")
    if len(matching) != 1:
        count = f"{len(matching)} values" if matching else "no value"
        raise ValueError(f"{count} of this graph fit wrt={wrt!r:.60}: pass the Value that is meant")
    return matching[0]
