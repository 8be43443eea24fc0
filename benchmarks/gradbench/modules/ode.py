"""Differential equations in a chain, yᵢ' = xᵢ · yᵢ₋₁ and y₀' = x₀, by Runge and Kutta's method.

Before the first component stands one that is always 1, so that all are alike. A slope needs the
component before, so each list of slopes is shorter than what it is made of, at the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
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


def one_step(h: Any, *numbers: Any) -> Any:
    """A component a step later: from four x, its own the last, and five y."""
    return step(numbers[: WINDOW - 1], numbers[WINDOW - 1 :], h)[0]


each = compile(one_step, batch=(None, *[0] * (2 * WINDOW - 1)))


def primal(given: tuple[Any, int]) -> Any:
    """All components at the end: in each step, each component is an example of a batch."""
    x, steps = given
    size = len(x)
    x = np.concatenate([np.zeros(WINDOW - 2), x])
    y = np.concatenate([np.zeros(WINDOW - 2), [1.0], np.zeros(size)])
    xs = [x[i : i + size] for i in range(WINDOW - 1)]
    ys = [y[i : i + size] for i in range(WINDOW)]
    for _ in range(steps):
        y[WINDOW - 1 :] = each(END / steps, *xs, *ys)
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


@cache
def gradient(steps: int) -> Any:
    return compile(grad(lambda x: last(x, steps)))


def array(given: Any) -> tuple[Any, int]:
    return np.array(given["x"], dtype=np.float64), given["s"]


def numbers(given: Any) -> tuple[list[float], int]:
    return [float(number) for number in given["x"]], given["s"]


FUNCTIONS = {
    "primal": timed(array, lambda y: y.tolist())(primal),
    "gradient": timed(numbers)(lambda given: gradient(given[1])(given[0])),
}
