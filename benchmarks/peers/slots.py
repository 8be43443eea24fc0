"""A baseline: micrograd's idea in the fastest plain Python that stays as short.

`__slots__`, local derivatives stored as numbers instead of closures, no nodes for plain
numbers, and a sort without recursion. It has no table, checks nothing and explains
nothing; what a library costs beyond this is the price of what it offers.
"""

from __future__ import annotations

import math
from typing import Any

from .base import ValuePeer


class Value:
    __slots__ = ("data", "grad", "parents", "partials")

    def __init__(
        self, data: float, parents: tuple[Value, ...] = (), partials: tuple[float, ...] = ()
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.partials = partials

    def __add__(self, other: Value | float) -> Value:
        if isinstance(other, Value):
            return Value(self.data + other.data, (self, other), (1.0, 1.0))
        return Value(self.data + other, (self,), (1.0,))

    __radd__ = __add__

    def __sub__(self, other: Value | float) -> Value:
        if isinstance(other, Value):
            return Value(self.data - other.data, (self, other), (1.0, -1.0))
        return Value(self.data - other, (self,), (1.0,))

    def __rsub__(self, other: float) -> Value:
        return Value(other - self.data, (self,), (-1.0,))

    def __mul__(self, other: Value | float) -> Value:
        if isinstance(other, Value):
            return Value(self.data * other.data, (self, other), (other.data, self.data))
        return Value(self.data * other, (self,), (other,))

    __rmul__ = __mul__

    def __truediv__(self, other: Value | float) -> Value:
        if isinstance(other, Value):
            out = self.data / other.data
            return Value(out, (self, other), (1.0 / other.data, -out / other.data))
        return Value(self.data / other, (self,), (1.0 / other,))

    def __neg__(self) -> Value:
        return Value(-self.data, (self,), (-1.0,))

    def __pow__(self, exponent: float) -> Value:
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1.0),))

    def backward(self) -> None:
        order: list[Value] = []
        seen: set[Value] = set()
        stack: list[tuple[Value, bool]] = [(self, False)]
        while stack:
            v, ready = stack.pop()
            if ready:
                order.append(v)
            elif v not in seen:
                seen.add(v)
                stack.append((v, True))
                for parent in v.parents:
                    if parent not in seen:
                        stack.append((parent, False))
        self.grad = 1.0
        for v in reversed(order):
            grad = v.grad
            for parent, partial in zip(v.parents, v.partials):  # noqa: B905 (a strict one is slower)
                parent.grad += grad * partial


class Slots(ValuePeer):
    title = "slots only, plain Python"
    version = "benchmarks/peers/slots.py"
    value_type = Value

    def exp(self, x: Any) -> Value:
        out = math.exp(x.data)
        return Value(out, (x,), (out,))

    def log(self, x: Any) -> Value:
        return Value(math.log(x.data), (x,), (1.0 / x.data,))

    def relu(self, x: Any) -> Value:
        return Value(max(x.data, 0.0), (x,), (1.0 if x.data >= 0.0 else 0.0,))
