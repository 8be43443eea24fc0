"""Gradient descent as the suite prescribes it for the evals that search for a minimum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_scalar import jvp, sqrt

Point = Sequence[Any]
Function = Callable[[Point], Any]

#: A search ends where the gradient, or the way to the next point, is no longer than this.
SHORT = 1e-5


def length(vector: Point) -> Any:
    return sqrt(sum(each * each for each in vector))


def minimum_of(function: Function, gradient: Callable[[Point], Point], start: Point) -> Point:
    """A point at which a function is least, by steps that grow while they lead downwards."""
    x, rate, downwards = start, 1e-5, 0
    value, slopes = function(x), gradient(x)
    while length(slopes) > SHORT:
        if downwards == 10:
            rate, downwards = 2 * rate, 0
        following = [a - rate * b for a, b in zip(x, slopes, strict=True)]
        if length([a - b for a, b in zip(x, following, strict=True)]) <= SHORT:
            break
        new = function(following)
        if new < value:
            x, value, slopes = following, new, gradient(following)
            downwards += 1
        else:
            rate, downwards = rate / 2, 0
    return x


def forward_gradient(function: Function) -> Callable[[Point], list[Any]]:
    """The gradient in forward mode: one sweep for each number."""

    def gradient(x: Point) -> list[Any]:
        directions = ([float(i == j) for j in range(len(x))] for i in range(len(x)))
        return [jvp(function, (x,), (direction,))[1] for direction in directions]

    return gradient
