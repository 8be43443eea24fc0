"""CasADi: a symbolic graph of SX scalars, its gradient graph, and a virtual machine.

The time is what a user waits for the first gradient: building the expression from
Python, deriving its gradient, numbering both, and one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import casadi

from .base import Peer, ValueAndGradient


class Casadi(Peer):
    title = "CasADi (SX)"
    distribution = "casadi"

    def leaves(self, numbers: Sequence[float]) -> list[float]:
        return list(numbers)

    def assign(self, leaves: list[float], numbers: Sequence[float]) -> None:
        leaves[:] = numbers

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: list[float]
    ) -> ValueAndGradient:
        x = casadi.SX.sym("x", len(leaves))
        out = function(casadi.vertsplit(x))
        run = casadi.Function("run", [x], [out, casadi.gradient(out, x)])
        value, gradient = run(leaves)
        return float(value), gradient.full().ravel().tolist()

    def exp(self, x: Any) -> Any:
        return casadi.exp(x)

    def log(self, x: Any) -> Any:
        return casadi.log(x)

    def relu(self, x: Any) -> Any:
        return casadi.fmax(x, 0.0)
