"""A charged particle, and where to put a charge for it to pass through the origin.

The force is a derivative, inside the function that is differentiated for the search. How many
steps the particle takes depends on the charge: each number of them is compiled by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_scalar import compile, grad

from ..timing import timed
from .descent import Function, Point, forward_gradient, length, minimum_of

STEP = 0.1

Gradient = Callable[[Function], Callable[[Point], Any]]


def minus(a: Point, b: Point) -> list[Any]:
    return [x - y for x, y in zip(a, b, strict=True)]


def moved(a: Point, time: Any, b: Point) -> list[Any]:
    return [x + time * y for x, y in zip(a, b, strict=True)]


def missed(w: Any, slopes: Gradient) -> Any:
    """The square of how far from the origin the particle comes to the axis."""
    charges = [[10.0, 10.0 - w], [10.0, 0.0]]
    force = slopes(lambda x: sum(1 / length(minus(x, charge)) for charge in charges))
    x: Point = [0.0, 8.0]
    velocity: Point = [0.75, 0.0]
    while True:
        # The force is minus the gradient of the potential, and moves the velocity afterwards.
        after = moved(x, STEP, velocity)
        if after[1] <= 0:
            # The suite goes back and forth from where the axis has been crossed.
            back = -after[1] / velocity[1]
            return moved(after, back, velocity)[0] ** 2
        velocity = moved(velocity, -STEP, force(x))
        x = after


def search(outer: Gradient, inner: Gradient) -> Callable[[float], float]:
    """The search with a mode for the descent, and one for the force."""

    def function(w: Point) -> Any:
        return missed(w[0], inner)

    value, slopes = compile(function), compile(outer(function))
    return lambda w: float(minimum_of(value, slopes, [w])[0])


MODES: dict[str, Gradient] = {"f": forward_gradient, "r": grad}

FUNCTIONS = {
    outer + inner: timed(lambda given: float(given["w"]))(search(MODES[outer], MODES[inner]))
    for outer in MODES
    for inner in MODES
}
