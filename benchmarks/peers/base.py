"""What a workload may ask of a peer."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Sequence
from typing import Any

ValueAndGradient = tuple[float, list[float]]


class NotInstalledError(Exception):
    """The peer's library, or this build of ours, is not on this machine."""


class Peer:
    """One library, used the fastest way it documents for code written in scalars.

    title         what tables call it
    distribution  the name it is installed by, for the version
    """

    name = ""
    title = ""
    distribution = ""

    #: A module with `MLP`, where the library brings one.
    nn: Any = None
    #: `grad`-style operators, where the library has them.
    value_and_grad: Callable[..., Any] | None = None
    hessian: Callable[..., Any] | None = None
    #: Its NumPy, where whole-array code is how it is meant to be used.
    numpy: Any = None

    @property
    def version(self) -> str:
        return importlib.metadata.version(self.distribution)

    def leaves(self, numbers: Sequence[float]) -> Any:
        """Inputs to differentiate by, made once and kept from call to call."""
        raise NotImplementedError

    def assign(self, leaves: Any, numbers: Sequence[float]) -> None:
        """Give the leaves new numbers, as an optimiser does."""
        raise NotImplementedError

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: Any
    ) -> ValueAndGradient:
        """Record `function(scalars)`, differentiate it, and hand back plain floats."""
        raise NotImplementedError

    def constant(self, number: float) -> Any:
        """A number of the data, in the form this library multiplies fastest."""
        return number

    def exp(self, x: Any) -> Any:
        raise NotImplementedError

    def log(self, x: Any) -> Any:
        raise NotImplementedError

    def erf(self, x: Any) -> Any:
        raise NotImplementedError

    def relu(self, x: Any) -> Any:
        raise NotImplementedError

    def sqrt(self, x: Any) -> Any:
        raise NotImplementedError


class ValuePeer(Peer):
    """A library in micrograd's manner: `Value` objects with `data`, `grad`, `backward()`."""

    value_type: Callable[[float], Any]

    def leaves(self, numbers: Sequence[float]) -> list[Any]:
        return [self.value_type(number) for number in numbers]

    def constant(self, number: float) -> Any:
        return self.value_type(number)

    def assign(self, leaves: list[Any], numbers: Sequence[float]) -> None:
        for leaf, number in zip(leaves, numbers, strict=True):
            leaf.data = number

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: list[Any]
    ) -> ValueAndGradient:
        for leaf in leaves:
            leaf.grad = 0.0
        out = function(leaves)
        out.backward()
        return out.data, [leaf.grad for leaf in leaves]


def agree(a: ValueAndGradient, b: ValueAndGradient, tolerance: float = 1e-9) -> bool:
    """Whether two libraries computed the same value and gradient.

    A gradient's small entries are what is left of larger ones that cancelled, so they are
    held to a thousandth of the tolerance on the scale of the largest.
    """
    (value, gradient), (other_value, other_gradient) = a, b
    scale = max((abs(g) for g in gradient), default=0.0)
    return (
        len(gradient) == len(other_gradient)
        and math.isclose(value, other_value, rel_tol=tolerance)
        and all(
            math.isclose(x, y, rel_tol=tolerance, abs_tol=1e-3 * tolerance * scale)
            for x, y in zip(gradient, other_gradient, strict=True)
        )
    )
