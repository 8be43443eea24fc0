"""The Hessian of a graph times a vector, from second derivatives of the primitives on floats.

It costs two sweeps: the Hessian is the sum, over the primitives, of adjoint · second
derivative · the two operands' slopes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from ..algebra.partials import second_partials
from ..engine.sweep import bend, curved, pull, push
from ..engine.value import Value
from ..table.emit import compiled, returned
from ..table.floats import SCOPE
from ..table.primitives import Primitive
from ..table.registry import TABLE

# A second derivative of a primitive: its two arguments' indices, and a function of the
# arguments and the value.
Second = tuple[int, int, Callable[..., float]]


@cache
def seconds(row: Primitive) -> tuple[Second, ...]:
    """`second_partials`, each as a function of floats."""
    described = f"second derivative of {row.name}"
    arguments = (*row.arguments, "out")
    return tuple(
        (i, j, compiled(described, arguments, returned([tree]), SCOPE))
        for i, j, tree in second_partials(row)
    )


_known: list[Primitive] = []
_seconds: list[tuple[Second, ...] | None] = []


def _by_opcode() -> list[tuple[Second, ...] | None]:
    """`seconds` of each row of the table, None where there are none."""
    if not _known or len(_known) != len(TABLE) or _known[-1] is not TABLE[-1]:
        _known[:] = TABLE
        _seconds.clear()
        for row in _known:
            try:
                _seconds.append(seconds(row))
            except LookupError:
                _seconds.append(None)
    return _seconds


class Curvature:
    """The second derivative of a graph: the product of its Hessian with any vector.

    root    what is differentiated
    order   its graph, whose only leaves are `leaves`
    leaves  what it is differentiated by

    Raises `LookupError` where a primitive has no second derivative on floats.
    """

    def __init__(self, root: Value, order: list[Value], leaves: list[Value]) -> None:
        self.order = order
        self.leaves = leaves
        seconds = _by_opcode()
        nodes = curved(order, seconds)
        self._into, self._along, self._factors = bend(
            nodes, pull(order, [root], [1.0], nodes), seconds
        )

    def times(self, vector: Sequence[float]) -> list[float]:
        """The Hessian times `vector`; NaN where an infinite slope met a branch not taken."""
        slopes = push(self.order, self.leaves, list(vector), self._along)
        sources = [factor * slope for factor, slope in zip(self._factors, slopes, strict=True)]
        return pull(self.order, self._into, sources, self.leaves)
