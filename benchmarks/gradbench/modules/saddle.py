"""A saddle point: the least of what is greatest, one search for an extremum inside another.

A whole search for what is greatest, its questions included, is one compiled function.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from autograd_scalar import compile, grad

from ..descent import Function, Point, forward_gradient, minimum_of
from ..timing import timed

Gradient = Callable[[Function], Callable[[Point], Any]]


def height(x: Point, y: Point) -> Any:
    return (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])


def greatest(x: Point, start: Point, slopes: Gradient) -> Point:
    """Where y is when the height is greatest."""

    def depth(y: Point) -> Any:
        return -height(x, y)

    return minimum_of(depth, slopes(depth), start)


@cache
def ridge(slopes: Gradient) -> Any:
    """The greatest height at an x."""
    return compile(lambda x, start: height(x, greatest(x, start, slopes)))


def search(outer: Gradient, inner: Gradient) -> Callable[[list[float]], list[float]]:
    """The search with a mode for the least, and one for the greatest."""
    value = ridge(inner)
    slopes = compile(lambda x, start: outer(lambda x: value(x, start))(x))
    last = compile(lambda x, start: greatest(x, start, outer))

    def found(start: list[float]) -> list[float]:
        x = minimum_of(lambda x: value(x, start), lambda x: slopes(x, start), start)
        return [*x, *last(x, start)]

    return found


def start(given: Any) -> list[float]:
    return [float(each) for each in given["start"]]


MODES: dict[str, Gradient] = {"f": forward_gradient, "r": grad}

FUNCTIONS = {
    outer + inner: timed(start)(search(MODES[outer], MODES[inner]))
    for outer in MODES
    for inner in MODES
}
