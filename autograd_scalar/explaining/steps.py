"""The backward pass as data: which value, its adjoint, what it sends to which operand."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.numbers import to_float
from ..engine.value import Value, toposort
from .formulas import edges, unique_names


@dataclass(frozen=True)
class Sent:
    """What one value sends to one of its operands.

    parent   the operand
    partial  the local derivative ∂node/∂parent
    amount   adjoint of the node times partial: what arrives
    total    what the operand has received so far, this included
    """

    parent: Value
    partial: float
    amount: float
    total: float


@dataclass(frozen=True)
class BackwardStep:
    """One value's turn in the backward pass.

    node     the value
    name     its label, or a name made for it
    adjoint  how fast the result changes with it: final by its turn
    sent     what it sends to each of its operands, in order; nothing for a leaf
    """

    node: Value
    name: str
    adjoint: float
    sent: tuple[Sent, ...]


def steps(y: Value, seed: float = 1.0) -> list[BackwardStep]:
    """The backward pass from `y`, a step for each value, in the order it happens.

    seed  the adjoint that `y` starts with

    Nothing is changed: no `grad` is read or written. Raises `TypeError` for what is no Value.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.label = "y"
    >>> for step in steps(y):
    ...     print(step.name, step.adjoint, [(sent.partial, sent.total) for sent in step.sent])
    y 1.0 [(3.0, 3.0), (3.0, 6.0)]
    x 6.0 []
    """
    if not isinstance(y, Value):
        raise TypeError(f"steps takes a Value, got {type(y).__name__} {y!r:.60}")
    order = toposort(y)
    names = unique_names(order, {})
    received: dict[Value, float] = {y: to_float(seed)}
    found = []
    for v in reversed(order):
        adjoint = received.get(v, 0.0)
        sent = []
        for parent, partial in edges(v) if v.parents else ():
            amount = 0.0 if partial is None or v not in received else adjoint * partial
            if partial is not None and v in received:
                received[parent] = received.get(parent, 0.0) + amount
            sent.append(Sent(parent, partial or 0.0, amount, received.get(parent, 0.0)))
        found.append(BackwardStep(v, names[v], adjoint, tuple(sent)))
    return found
