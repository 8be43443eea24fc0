"""JAX without jit: every scalar operation is dispatched on its own.

Compiling the same scalar code takes seconds to minutes, which is another trade; here
the question is what differentiating ordinary Python costs when it runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from ..machine import one_processor
from .base import Peer, ValueAndGradient

jax.config.update("jax_enable_x64", True)
# One thread, like everybody: it starts as many as it sees processors.
with one_processor():
    jax.devices()


class Jax(Peer):
    title = "JAX (without jit)"
    distribution = "jax"
    value_and_grad = staticmethod(jax.value_and_grad)
    numpy = jnp

    def leaves(self, numbers: Sequence[float]) -> list[float]:
        return list(numbers)

    def assign(self, leaves: list[float], numbers: Sequence[float]) -> None:
        leaves[:] = numbers

    def value_and_gradient(
        self, function: Callable[[Sequence[Any]], Any], leaves: list[float]
    ) -> ValueAndGradient:
        value, gradient = jax.value_and_grad(function)(leaves)
        return float(value), [float(g) for g in gradient]

    def exp(self, x: Any) -> Any:
        return jnp.exp(x)

    def log(self, x: Any) -> Any:
        return jnp.log(x)

    def sqrt(self, x: Any) -> Any:
        return jnp.sqrt(x)

    def erf(self, x: Any) -> Any:
        return jax.lax.erf(x)

    def relu(self, x: Any) -> Any:
        return jnp.maximum(x, 0.0)
