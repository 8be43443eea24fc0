"""Frames: which unlabelled values a drawing puts together, as steps to one labelled value."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.value import Value


def owners(order: Sequence[Value]) -> dict[Value, Value]:
    """For each unlabelled value that leads only to one labelled value: that labelled value.

    order  the values of a graph, operands before results, as `toposort` gives them

    A way from an unlabelled value ends at the first labelled value on it. Values whose
    ways end at different labels, or at an unlabelled result, have no owner.

    >>> from autograd_scalar import toposort
    >>> x = Value(2.0, "x")
    >>> square = x * x
    >>> y = square + 1
    >>> y.label = "y"
    >>> owners(toposort(y))[square].label
    'y'
    """
    owner: dict[Value, Value | None] = {}
    for v in reversed(order):
        here = v if v.label else owner.get(v)
        for parent in v.parents:
            if not parent.label and owner.setdefault(parent, here) is not here:
                owner[parent] = None
    return {v: end for v, end in owner.items() if end is not None}
