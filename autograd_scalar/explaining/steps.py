"""The backward pass as data: which value, its adjoint, what it passes to each operand."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.numbers import to_float
from ..engine.value import Value, edges, toposort
from .formulas import derivatives, unique_names


@dataclass(frozen=True)
class Contribution:
    """What one value passes back to one of its operands, a term of the operand's adjoint.

    parent   the operand
    partial  the local derivative ∂node/∂parent
    amount   adjoint of the node times partial: what arrives
    total    the operand's adjoint so far, this included
    """

    parent: Value
    partial: float
    amount: float
    total: float


@dataclass(frozen=True)
class BackwardStep:
    """One value's turn in the backward pass.

    node           the value
    name           its label, or a name made for it
    adjoint        how fast the result changes with it: final by its turn
    contributions  what it passes to each of its operands, in order; nothing for a leaf
    """

    node: Value
    name: str
    adjoint: float
    contributions: tuple[Contribution, ...]


def steps(y: Value, seed: float = 1.0) -> list[BackwardStep]:
    """The backward pass from `y`, a step for each value, in the order it happens.

    seed  the adjoint that `y` starts with

    Nothing is changed: no `grad` is read or written. Raises `TypeError` for what is no Value.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.label = "y"
    >>> for step in steps(y):
    ...     print(step.name, step.adjoint, [each.total for each in step.contributions])
    y 1.0 [3.0, 6.0]
    x 6.0 []
    """
    if not isinstance(y, Value):
        raise TypeError(f"steps takes a Value, got {type(y).__name__} {y!r:.60}")
    order = toposort(y)
    names = unique_names(order, {})
    final = derivatives(order, to_float(seed))
    so_far: dict[Value, float] = {}
    found = []
    for v in reversed(order):
        contributions = []
        for parent, partial in edges(v) if v.parents else ():
            amount = 0.0
            if partial is not None and v in final:
                amount = final[v] * partial
                so_far[parent] = so_far.get(parent, 0.0) + amount
            total = so_far.get(parent, 0.0)
            contributions.append(Contribution(parent, partial or 0.0, amount, total))
        found.append(BackwardStep(v, names[v], final.get(v, 0.0), tuple(contributions)))
    return found
