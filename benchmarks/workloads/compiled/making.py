"""What tracing, differentiating and compiling take by the size of the program."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
    value_and_grad,
)

from ...harness import spread
from .batches import jax
from .single import CASADI, casadi_function, rosenbrock, rosenbrock_operations

#: Operations of the function and of its gradient.
SIZES = (1_000, 10_000, 100_000, 1_000_000)
CASADI_UP_TO, JAX_UP_TO = 10_000, 1_000


def dimensions(operations: int) -> int:
    return 1 + operations // rosenbrock_operations(2)


def first_call(size: int) -> int:
    """Everything that the first call does; how many primitives it traced."""
    made = compile(value_and_grad(rosenbrock))
    made([0.1 + 0.8 * i / size for i in range(size)])
    return made.tape.recorded


def ways(operations: int) -> Iterator[tuple[str, Callable[[], Any]]]:
    size = dimensions(operations)
    yield "compile(value_and_grad(f))", lambda: first_call(size)
    if find_spec("casadi") and operations <= CASADI_UP_TO:
        yield CASADI, lambda: casadi_function(rosenbrock, size)
    if operations <= JAX_UP_TO and jax() is not None:
        gradient = jax().value_and_grad(rosenbrock)
        # A function of its own each time, or it would be found compiled.
        yield (
            "JAX, jit of the scalar code",
            lambda: jax().jit(lambda x: gradient(x)).lower([0.5] * size).compile(),
        )


def run(rounds: int, tiny: bool) -> dict[str, Any]:
    """Microseconds by who, and by how many operations."""
    found: dict[str, Any] = {}
    for operations in (100,) if tiny else SIZES:
        for name, make in ways(operations):
            seconds = []
            recorded = None
            for _ in range(rounds if operations < SIZES[-1] else 1):
                gc.collect()
                start = time.perf_counter()
                result = make()
                seconds.append(time.perf_counter() - start)
                recorded = result if isinstance(result, int) else None
                del result
            found.setdefault(name, {})[str(operations)] = {
                "seconds": spread(seconds),
                "operations": rosenbrock_operations(dimensions(operations)),
                "recorded": recorded,
            }
    return found
