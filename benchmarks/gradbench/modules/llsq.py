"""Least squares: how far a polynomial is from a step, at evenly spaced points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_scalar import compile, grad

from ..timing import timed


def half_square(x: Sequence[Any], t: Any, step: Any) -> Any:
    """Half the square of what is left of the step where the polynomial is taken away."""
    power: Any = 1.0
    for coefficient in x:
        step = step - coefficient * power
        power = power * t
    return step * step / 2


primal = compile(half_square, batch=(None, 0, 0), reduce="sum")
gradient = compile(grad(half_square), batch=(None, 0, 0), reduce="sum")


def points(given: Any) -> tuple[list[float], Any, Any]:
    t = np.linspace(-1.0, 1.0, given["n"])
    return [float(number) for number in given["x"]], t, np.sign(t)


FUNCTIONS = {
    "primal": timed(points)(lambda given: primal(*given)),
    "gradient": timed(points)(lambda given: gradient(*given)),
}
