"""The backward pass as data: which value, its adjoint, what it passes to each operand."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..engine.numbers import to_float
from ..engine.value import Value, edges, toposort
from ..notation.labels import plain_label, unicode_label
from ..notation.notebook import bundle, table
from ..notation.numerals import decimal
from ..notation.terminal import can_show, columns, encoding_of
from .formulas import derivatives, unique_names

_SHOWN_ROWS = 200


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

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        """The step as notebooks show it: the table with this line."""
        return BackwardSteps([self])._repr_mimebundle_(include, exclude)


class BackwardSteps(list[BackwardStep]):
    """The steps of a backward pass, a list that is shown as a table.

    A line is a value, its derivative, and what it passes on to each operand: the derivative
    times the local one. Constants are left out: nothing is done with what they are sent.
    """

    def _table(self, times: str = "·") -> list[tuple[str, str, str]]:
        names = {step.node: step.name for step in self}
        rows = [("value", "derivative", "passed on")]
        label = unicode_label if times == "·" else plain_label
        for step in self:
            if step.node.kind != "constant":
                sent = [
                    f"{label(names[each.parent])}: {decimal(step.adjoint, 6)} {times} "
                    f"{decimal(each.partial, 6)} = {decimal(each.amount, 6)}"
                    for each in step.contributions
                    if each.parent.kind != "constant"
                ]
                rows.append((label(step.name), decimal(step.adjoint, 6), ",  ".join(sent)))
        if len(rows) > _SHOWN_ROWS + 1:
            left_out = len(rows) - 1 - _SHOWN_ROWS
            rows = [*rows[: _SHOWN_ROWS + 1], (f"… and {left_out:,} more", "", "")]
        return rows

    def __str__(self) -> str:
        encoding = encoding_of(sys.stdout)
        times = "·" if can_show("·₁", encoding) else "*"
        return "\n".join(columns(self._table(times), encoding))

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(
        self,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        forms = {"text/plain": lambda: str(self), "text/html": lambda: table(self._table())}
        return bundle(forms, include, exclude)


def steps(y: Value, seed: float = 1.0) -> BackwardSteps:
    """The backward pass from `y`, a step for each value, in the order it happens.

    seed  the adjoint that `y` starts with

    A list, which prints as a table. Nothing is changed: no `grad` is read or written. Raises
    `TypeError` for what is no Value.

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
    found = BackwardSteps()
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
