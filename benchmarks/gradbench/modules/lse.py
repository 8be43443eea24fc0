"""The logarithm of a sum of exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_scalar import compile, exp, grad, log, stop_gradient

from ..timing import timed


def power(x: Any, largest: float) -> Any:
    return exp(x - largest)


#: The sum of the powers of an array.
total = compile(power, batch=(0, None), reduce="sum", fast=True)


def primal(x: Any) -> Any:
    largest = x.max()
    return log(total(x, largest)) + largest


def as_one_varies(x: Any, total: float, largest: float) -> Any:
    """The same as a function of one of the numbers, all others being in the total already."""
    own = power(x, largest)
    return log(total + (own - stop_gradient(own))) + largest


slopes = compile(grad(as_one_varies), batch=(0, None, None), fast=True)


def gradient(x: Any) -> Any:
    largest = x.max()
    return slopes(x, total(x, largest), largest)


def numbers(given: Any) -> Any:
    return np.array(given["x"], dtype=np.float64)


FUNCTIONS = {
    "primal": timed(numbers)(primal),
    "gradient": timed(numbers, lambda slopes: slopes.tolist())(gradient),
}
