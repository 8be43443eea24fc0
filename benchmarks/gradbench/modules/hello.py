"""A square, and its derivative."""

from __future__ import annotations

from autograd_scalar import grad

from ..timing import timed


def square(x: float) -> float:
    return x * x


FUNCTIONS = {"square": timed(float)(square), "double": timed(float)(grad(square))}
