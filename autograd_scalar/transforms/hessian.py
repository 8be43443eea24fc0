"""Second derivatives of the primitives on floats, made from the table's expressions.

Differentiating a partial's expression by the table's own rules gives another expression.
With these numbers the Hessian of a graph times a vector costs two sweeps.
"""

from __future__ import annotations

from collections.abc import Callable

from ..algebra.partials import second_partials
from ..table.emit import compiled, returned
from ..table.floats import SCOPE
from ..table.primitives import Primitive
from .per_row import PerRow

# A second derivative of a primitive: its two arguments' indices, and a function of the
# arguments and the value.
Second = tuple[int, int, Callable[..., float]]


def seconds(row: Primitive) -> tuple[Second, ...]:
    """`second_partials`, each as a function of floats."""
    described = f"second derivative of {row.name}"
    arguments = (*row.arguments, "out")
    return tuple(
        (i, j, compiled(described, arguments, returned([tree]), SCOPE))
        for i, j, tree in second_partials(row)
    )


def _seconds_if_any(row: Primitive) -> tuple[Second, ...] | None:
    try:
        return seconds(row)
    except LookupError:
        return None


_seconds = PerRow(_seconds_if_any)


def second_partials_by_opcode() -> list[tuple[Second, ...] | None]:
    """`seconds` of each row of the table, None where there are none."""
    return _seconds.make_all()
