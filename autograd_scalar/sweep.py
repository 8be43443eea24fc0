"""The two directions of the chain rule, on numbers: `pull` adjoints back, `push` tangents on.

For graphs of one's own: a differential operator records one, sweeps over it, and drops it.
All it may share with others are constants, whose gradients are left as they were.
Compiled or plain, this is the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .value import _sweeping, constant, fresh_mark

if TYPE_CHECKING:
    from .value import Value

_CONSTANT = constant(0.0)._opcode
_NOT_COMPUTED = -0.0


def graph_of(roots: list[Value], given: list[Value]) -> list[Value]:
    """`given`, then what else `roots` were computed from, and they, parents first.

    What the given values were computed from is left out, unless a root also reaches it
    past them.
    """
    v: Value
    x: Value
    y: Value
    with _sweeping:
        opened = fresh_mark()
        done = opened + 1
        order = given[:]
        for v in given:
            v._mark = done
        stack = roots[::-1]
        while stack:
            v = stack[-1]
            if v._mark < opened:
                v._mark = opened
                # The stack is last in, first out: the first operand goes on top.
                x = v._x
                if x is not None:
                    y = v._y
                    if y is not None:
                        if v._more is not None:
                            stack.extend([p for p, _ in reversed(v._more) if p._mark < opened])
                        if y._mark < opened:
                            stack.append(y)
                    if x._mark < opened:
                        stack.append(x)
            else:
                stack.pop()
                if v._mark == opened:
                    v._mark = done
                    order.append(v)
    return order


def depends_only_on(order: list[Value], given: int) -> bool:
    """Whether the graph `order` has no leaves but its first `given` values, and constants."""
    v: Value
    for v in order[given:]:  # noqa: SIM110  a generator would be slow when compiled
        if v._x is None and v._opcode != _CONSTANT:
            return False
    return True


def pull(
    order: list[Value], roots: list[Value], seeds: list[float], wanted: list[Value]
) -> list[float]:
    """The adjoints of `wanted`, once `roots` have been given those of `seeds`."""
    v: Value
    x: Value
    y: Value
    with _sweeping:
        kept = _clear(order)
        for i, v in enumerate(roots):
            v._grad += seeds[i]
        for v in reversed(order):
            x = v._x
            if x is not None:
                grad = v._grad
                x._grad += grad * v._dx
                y = v._y
                if y is not None:
                    y._grad += grad * v._dy
                    if v._more is not None:
                        for parent, partial in v._more:
                            parent._grad += grad * partial
        adjoints = [v._grad for v in wanted]
        _restore(order, kept)
    return adjoints


def push(
    order: list[Value], leaves: list[Value], tangents: list[float], wanted: list[Value]
) -> list[float]:
    """The tangents of `wanted`, once `leaves` have been given `tangents`."""
    v: Value
    x: Value
    y: Value
    with _sweeping:
        kept = _clear(order)
        for i, v in enumerate(leaves):
            v._grad = tangents[i]
        for v in order:
            x = v._x
            if x is not None:
                # A constant has no tangent, whatever the partial: (-2)**2 has the partial NaN
                # by its exponent.
                tangent = 0.0 if x._opcode == _CONSTANT else x._grad * v._dx
                y = v._y
                if y is not None:
                    if y._opcode != _CONSTANT:
                        tangent += y._grad * v._dy
                    if v._more is not None:
                        for parent, partial in v._more:
                            if parent._opcode != _CONSTANT:
                                tangent += parent._grad * partial
                v._grad = tangent
        found = [v._grad for v in wanted]
        _restore(order, kept)
    return found


def freeze(leaves: list[Value]) -> None:
    """Turn leaves into constants: nothing will be differentiated by them any more."""
    v: Value
    for v in leaves:
        if v._x is None:
            v._opcode = _CONSTANT


def _clear(order: list[Value]) -> list[tuple[Value, float]]:
    """Set every grad to 0, and return those that others may want back."""
    v: Value
    kept = []
    for v in order:
        if v._grad != 0.0 and v._opcode == _CONSTANT:
            kept.append((v, v._grad))
        v._grad = 0.0
    return kept


def _restore(order: list[Value], kept: list[tuple[Value, float]]) -> None:
    v: Value
    for v in order:
        v._grad = _NOT_COMPUTED
    for v, grad in kept:
        v._grad = grad
