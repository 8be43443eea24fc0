"""Differential equations in a chain, yᵢ' = xᵢ · yᵢ₋₁ and y₀' = x₀, by Runge and Kutta's method.

Before the first component stands one that is always 1, so that all are alike. A slope needs the
component before, so each list of slopes is shorter than what it is made of, at the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_scalar import compile, grad

from ..timing import timed

END = 2.0
#: A step makes of so many components the last one.
WINDOW = 5


def slopes(x: Sequence[Any], y: Sequence[Any]) -> list[Any]:
    """Of all components but the first."""
    return [a * b for a, b in zip(x[len(x) - len(y) + 1 :], y[:-1], strict=True)]


def moved(y: Sequence[Any], slopes: Sequence[Any], time: float) -> list[Any]:
    return [a + time * b for a, b in zip(y[len(y) - len(slopes) :], slopes, strict=True)]


def step(x: Sequence[Any], y: Sequence[Any], h: Any) -> list[Any]:
    """All components but the first four, a step later."""
    one = slopes(x, y)
    two = slopes(x, moved(y, one, h / 2))
    three = slopes(x, moved(y, two, h / 2))
    four = slopes(x, moved(y, three, h))
    kept = len(four)
    rates = zip(one[-kept:], two[-kept:], three[-kept:], four, strict=True)
    return moved(y, [a + 2 * b + 2 * c + d for a, b, c, d in rates], h / 6)


def one_step(x: Sequence[Any], y: Sequence[Any], h: Any) -> Any:
    return step(x, y, h)[0]


each = compile(one_step, batch=(0, 0, None))


def primal(given: tuple[list[float], int]) -> Any:
    """All components at the end: in each step, each component is an example of a batch."""
    x, steps = given
    front = [0.0] * (WINDOW - 1)
    windows = np.lib.stride_tricks.sliding_window_view([*front, *x], WINDOW)
    y = np.array([*front[1:], 1.0, *[0.0] * len(x)])
    for _ in range(steps):
        y[WINDOW - 1 :] = each(
            windows, np.lib.stride_tricks.sliding_window_view(y, WINDOW), END / steps
        )
    return y[WINDOW - 1 :]


def last(x: Sequence[Any], steps: int) -> Any:
    """The last component at the end, from those that it depends on."""
    needed = (WINDOW - 1) * steps + 1
    x = [0.0] * needed + [*x]
    y = [0.0] * (needed - 1) + [1.0] + [0.0] * (len(x) - needed)
    x, y = x[-needed:], y[-needed:]
    for _ in range(steps):
        y = step(x, y, END / steps)
    return y[0]


gradient = compile(grad(last))


def problem(given: Any) -> tuple[list[float], int]:
    return [float(number) for number in given["x"]], given["s"]


FUNCTIONS = {
    "primal": timed(problem, lambda y: y.tolist())(primal),
    "gradient": timed(problem)(lambda given: gradient(*given)),
}
