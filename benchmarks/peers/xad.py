"""XAD: a C++ tape behind Python scalars (`xad.adj_1st`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import xad.math
from xad.adj_1st import Real, Tape

from .base import Peer, ValueAndGradient


class Xad(Peer):
    title = "XAD (C++ tape)"
    distribution = "xad"

    def leaves(self, numbers: Sequence[float]) -> list[float]:
        return list(numbers)

    def assign(self, leaves: list[float], numbers: Sequence[float]) -> None:
        leaves[:] = numbers

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: list[float]
    ) -> ValueAndGradient:
        # A `Real` belongs to the tape it was registered with, so each pass makes its own.
        inputs = [Real(number) for number in leaves]
        with Tape() as tape:
            tape.registerInputs(inputs)
            tape.newRecording()
            out = function(inputs)
            tape.registerOutput(out)
            out.derivative = 1.0
            tape.computeAdjoints()
            return out.value, [x.derivative for x in inputs]

    def exp(self, x: Any) -> Any:
        return xad.math.exp(x)

    def log(self, x: Any) -> Any:
        return xad.math.log(x)

    def relu(self, x: Any) -> Any:
        return xad.math.max(x, 0.0)
