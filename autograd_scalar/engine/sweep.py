"""The chain rule on numbers, in both directions: `pull` adjoints back, `push` tangents on.

But for `pull_aside` on graphs of one's own, which a differential operator records, sweeps
over and drops; all they share with others are constants, and those are not written to.
Compiled or plain, this is the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import value

if TYPE_CHECKING:
    from .value import Value

# `sweep.pxd` gives these C types.
Numbers = list[float]
Count = int
Truth = bool
Seconds = list[Any]
Bends = tuple[list["Value"], list["Value"], list[float]]


def graph_of(roots: list[Value], given: list[Value]) -> list[Value]:
    """`given`, then what else `roots` were computed from, and they, parents first.

    Constants are left out, and so is what the given values were computed from, unless a
    root also reaches it past them.
    """
    v: Value
    x: Value
    y: Value
    with value._sweeping:
        opened = value.fresh_marks(1)
        done = value.fresh_marks(1)
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
                        if y._mark < opened and y._opcode != value._CONSTANT:
                            stack.append(y)
                    if x._mark < opened and x._opcode != value._CONSTANT:
                        stack.append(x)
            else:
                stack.pop()
                if v._mark == opened:
                    v._mark = done
                    if v._opcode != value._CONSTANT:
                        order.append(v)
    return order


def depends_only_on(order: list[Value], given: Count) -> Truth:
    """Whether the graph `order` has no leaves but its first `given` values."""
    v: Value
    for i in range(given, len(order)):
        v = order[i]
        if v._x is None:
            return False
    return True


def pull(order: list[Value], roots: list[Value], seeds: Numbers, wanted: list[Value]) -> Numbers:
    """The adjoints of `wanted`, once `roots` have been given those of `seeds`."""
    v: Value
    for v in order:
        v._grad = 0.0
    for i, v in enumerate(roots):
        if v._opcode != value._CONSTANT:
            v._grad += seeds[i]
    for v in reversed(order):
        if v._x is not None:
            grad = v._grad
            if v._x._opcode != value._CONSTANT:
                v._x._grad += grad * v._dx
            if v._y is not None:
                if v._y._opcode != value._CONSTANT:
                    v._y._grad += grad * v._dy
                if v._more is not None:
                    for parent, partial in v._more:
                        if parent._opcode != value._CONSTANT:
                            parent._grad += grad * partial
    adjoints = []
    for v in wanted:
        adjoints.append(v._grad)
        v._grad = value._NOT_COMPUTED
    return adjoints


def pull_aside(root: Value, wanted: list[Value]) -> Numbers:
    """The adjoints of `wanted`, no constants, in a graph that others may be using."""
    v: Value
    with value._sweeping:
        order = graph_of([root], [])
        # Nodes are marked with their place in the list of adjoints.
        first = value.fresh_marks(len(order))
        place = first
        for v in order:
            v._mark = place
            place += 1
        adjoints = [0.0] * len(order)
        adjoints[root._mark - first] = 1.0
        for v in reversed(order):
            if v._x is not None:
                adjoint: float = adjoints[v._mark - first]
                if v._x._opcode != value._CONSTANT:
                    adjoints[v._x._mark - first] += adjoint * v._dx
                if v._y is not None:
                    if v._y._opcode != value._CONSTANT:
                        adjoints[v._y._mark - first] += adjoint * v._dy
                    if v._more is not None:
                        for parent, partial in v._more:
                            if parent._opcode != value._CONSTANT:
                                adjoints[parent._mark - first] += adjoint * partial
        return [adjoints[v._mark - first] if v._mark >= first else 0.0 for v in wanted]


def push(
    order: list[Value], leaves: list[Value], tangents: Numbers, wanted: list[Value]
) -> Numbers:
    """The tangents of `wanted`, once `leaves` have been given `tangents`."""
    v: Value
    for i, v in enumerate(leaves):
        v._grad = tangents[i]
    for v in order:
        if v._x is not None:
            # A constant has no tangent, whatever the partial: that of (-2)**2 by its exponent
            # is NaN.
            v._grad = 0.0
            if v._x._opcode != value._CONSTANT:
                v._grad = v._x._grad * v._dx
            if v._y is not None:
                if v._y._opcode != value._CONSTANT:
                    v._grad += v._y._grad * v._dy
                if v._more is not None:
                    for parent, partial in v._more:
                        if parent._opcode != value._CONSTANT:
                            v._grad += parent._grad * partial
    found = []
    for v in wanted:
        found.append(0.0 if v._opcode == value._CONSTANT else v._grad)
    for v in leaves:
        v._grad = value._NOT_COMPUTED
    return found


def curved(order: list[Value], seconds: Seconds) -> list[Value]:
    """The nodes that have a second derivative, which `seconds` tells by opcode.

    Raises `LookupError` where it has None instead.
    """
    v: Value
    found = []
    for v in order:
        if v._x is not None:
            if seconds[v._opcode]:
                found.append(v)
            elif seconds[v._opcode] is None:
                raise LookupError(f"{v.op} has no second derivative on floats")
    return found


def bend(nodes: list[Value], adjoints: Numbers, seconds: Seconds) -> Bends:
    """What the nodes add to the second derivative: lists of values a, of values b, of numbers.

    The second derivative by a and b is the sum of their numbers; each pair is there in both
    orders.
    """
    v: Value
    a: Value
    b: Value
    first: list[Value] = []
    second: list[Value] = []
    factors = []
    for k, v in enumerate(nodes):
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


def freeze(leaves: list[Value]) -> None:
    """Turn leaves into constants: nothing will be differentiated by them any more."""
    v: Value
    for v in leaves:
        if v._x is None:
            v._opcode = value._CONSTANT
