"""What operators ask of a recorded graph beside its adjoints: tangents, second derivatives.

The graphs are ones that an operator recorded, sweeps over and drops. Compiled or plain, this
is the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import kernels, value

if TYPE_CHECKING:
    from .value import Value

# `sweep.pxd` gives these C types.
Numbers = list[float]
Count = int
Truth = bool
# By opcode: the second derivatives of a primitive, each its operands' indices and a function.
SecondPartials = list[Any]
Terms = tuple[list["Value"], list["Value"], list[float]]


def depends_only_on(order: list[Value], given: Count) -> Truth:
    """Whether the graph `order` has no leaves but its first `given` values."""
    value.require_values(order)
    v: Value
    for i in range(given, len(order)):
        v = order[i]
        if v._x is None and v._opcode != value._CONSTANT:
            return False
    return True


def tangents(
    order: list[Value], leaves: list[Value], rates: Numbers, wanted: list[Value]
) -> Numbers:
    """How fast the `wanted` values change as the leaves do at these rates."""
    v: Value
    parent: Value
    value.require_values(leaves)
    value.require_values(wanted)
    kernels.acquire()
    try:
        while True:
            mark = value._mark = value._mark + 1
            value.clear_flows(order)
            for i, v in enumerate(leaves):
                v._flow = rates[i]
            for v in order:
                if v._x is not None:
                    # A constant has no tangent, whatever the partial: that of (-2)**2 by its
                    # exponent is NaN.
                    flow = 0.0
                    if v._x._opcode != value._CONSTANT:
                        flow = v._x._flow * v._dx
                    if v._y is not None:
                        if v._y._opcode != value._CONSTANT:
                            flow += v._y._flow * v._dy
                        if v._more is not None:
                            for parent, partial in v._more:
                                if parent._opcode != value._CONSTANT:
                                    flow += parent._flow * partial
                    v._flow = flow
            found = []
            for v in wanted:
                # Not -0.0: the other sweeps' derivatives, which are sums from 0.0 on, never are.
                found.append(0.0 if v._opcode == value._CONSTANT else v._flow + 0.0)
            if value._mark == mark:
                return found
    finally:
        kernels.release()


def nonlinear_nodes(order: list[Value], seconds: SecondPartials) -> list[Value]:
    """The nodes whose primitive has a second derivative.

    Raises `LookupError` where `seconds` has None instead.
    """
    value.require_values(order)
    v: Value
    found = []
    for v in order:
        if v._x is not None:
            if seconds[v._opcode]:
                found.append(v)
            elif seconds[v._opcode] is None:
                raise LookupError(f"{v.op} has no second derivative on floats")
    return found


def hessian_terms(nodes: list[Value], adjoints: Numbers, seconds: SecondPartials) -> Terms:
    """What the nodes add to the second derivative: lists of values a, of values b, of numbers.

    The second derivative by a and b is the sum of their numbers; each pair is there in both
    orders.
    """
    value.require_values(nodes)
    v: Value
    a: Value
    b: Value
    first: list[Value] = []
    second: list[Value] = []
    factors = []
    for k, v in enumerate(nodes):
        if v._x is None:
            continue
        for i, j, function in seconds[v._opcode]:
            if v._y is None:
                a = b = v._x
            elif v._more is None:
                a = v._y if i else v._x
                b = v._y if j else v._x
            else:
                a = v.parents[i]
                b = v.parents[j]
            if a._opcode == value._CONSTANT or b._opcode == value._CONSTANT:
                continue
            if v._y is None:
                factor = adjoints[k] * function(v._x._data, v._data)
            elif v._more is None:
                factor = adjoints[k] * function(v._x._data, v._y._data, v._data)
            else:
                factor = adjoints[k] * function(*[p._data for p in v.parents], v._data)
            if factor != 0.0:
                first.append(a)
                second.append(b)
                factors.append(factor)
                if i != j:
                    first.append(b)
                    second.append(a)
                    factors.append(factor)
    return first, second, factors


def detach_leaves(leaves: list[Value]) -> None:
    """Turn leaves into constants: nothing will be differentiated by them any more."""
    value.require_values(leaves)
    v: Value
    for v in leaves:
        if v._x is None:
            v._opcode = value._CONSTANT
