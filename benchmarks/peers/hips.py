"""HIPS autograd: NumPy functions traced through boxes, `value_and_grad`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import autograd
import autograd.numpy as np

from .base import Peer, ValueAndGradient

try:
    from autograd.scipy.special import erf
except ModuleNotFoundError:  # SciPy is optional to it
    erf = None


class Hips(Peer):
    title = "HIPS autograd"
    distribution = "autograd"
    value_and_grad = staticmethod(autograd.value_and_grad)
    hessian = staticmethod(autograd.hessian)
    numpy = np

    def leaves(self, numbers: Sequence[float]) -> list[float]:
        return list(numbers)

    def assign(self, leaves: list[float], numbers: Sequence[float]) -> None:
        leaves[:] = numbers

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: list[float]
    ) -> ValueAndGradient:
        value, gradient = autograd.value_and_grad(lambda x: function(list(x)))(np.array(leaves))
        return float(value), gradient.tolist()

    def exp(self, x: Any) -> Any:
        return np.exp(x)

    def log(self, x: Any) -> Any:
        return np.log(x)

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x)

    def erf(self, x: Any) -> Any:
        return erf(x)

    def relu(self, x: Any) -> Any:
        return np.maximum(x, 0.0)
