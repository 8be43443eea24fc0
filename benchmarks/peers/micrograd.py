"""micrograd, with `exp` and `log` added the way it writes its own operations."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import micrograd.nn
from micrograd.engine import Value

from .base import ValueAndGradient, ValuePeer


class Micrograd(ValuePeer):
    title = "micrograd"
    distribution = "micrograd"
    value_type = Value
    nn = micrograd.nn

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: list[Any]
    ) -> ValueAndGradient:
        # Its sort is recursive, one call for every level of the graph.
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(10**6)
        try:
            return super().value_and_gradient(function, leaves)
        finally:
            sys.setrecursionlimit(limit)

    def exp(self, x: Value) -> Value:
        out = Value(math.exp(x.data), (x,), "exp")

        def _backward() -> None:
            x.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self, x: Value) -> Value:
        out = Value(math.log(x.data), (x,), "log")

        def _backward() -> None:
            x.grad += out.grad / x.data

        out._backward = _backward
        return out

    def relu(self, x: Value) -> Value:
        return x.relu()
