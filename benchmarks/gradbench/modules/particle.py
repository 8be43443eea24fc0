"""A charged particle, and where to put a charge for it to pass through the origin.

The force is a derivative, inside the function that is differentiated for the search. How many
steps the particle takes depends on the charge, so a step is compiled, and what it does to a tangent
or to an adjoint; the program takes it until the particle has come to the axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_scalar import compile, grad, jvp, vjp

from ..descent import Function, Point, forward_gradient, length, minimum_of
from ..timing import timed

STEP = 0.1

Gradient = Callable[[Function], Callable[[Point], Any]]

#: Where the particle is and how fast it moves, and the position of the charge.
State = list[Any]


def minus(a: Point, b: Point) -> list[Any]:
    return [x - y for x, y in zip(a, b, strict=True)]


def moved(a: Point, time: Any, b: Point) -> list[Any]:
    return [x + time * y for x, y in zip(a, b, strict=True)]


def start(w: Any) -> State:
    return [0.0, 8.0, 0.75, 0.0, w]


def step(state: State, slopes: Gradient) -> State:
    """The state a step later; the force is minus the gradient of the potential."""
    x, velocity, w = state[:2], state[2:4], state[4]
    charges = [[10.0, 10.0 - w], [10.0, 0.0]]
    force = slopes(lambda x: sum(1 / length(minus(x, charge)) for charge in charges))(x)
    return [*moved(x, STEP, velocity), *moved(velocity, -STEP, force), w]


def missed(state: State) -> Any:
    """The square of how far from the origin the particle comes to the axis, as it moves now."""
    x, velocity = state[:2], state[2:4]
    return moved(x, -x[1] / velocity[1], velocity)[0] ** 2


def search(forward: bool, slopes: Gradient) -> Callable[[float], float]:
    """The search for the charge's position.

    forward  the mode of its gradient: forward, or else reverse
    slopes   takes the gradient that is the force
    """

    def one(state: State) -> State:
        return step(state, slopes)

    later = compile(one)
    tangent_later = compile(lambda state, tangent: jvp(one, (state,), (tangent,)))
    adjoint_before = compile(lambda state, adjoint: vjp(one, state)[1](adjoint)[0])
    at_end = compile(missed)
    tangent_at_end = compile(lambda state, tangent: jvp(missed, (state,), (tangent,))[1])
    adjoint_at_end = compile(grad(missed))

    def path(w: Any) -> list[State]:
        """All states from which the particle does not come to the axis within the step before."""
        states = [start(w)]
        while states[-1][1] + STEP * states[-1][3] > 0:
            states.append(later(states[-1]))
        return states

    def value(w: Point) -> Any:
        return at_end(path(w[0])[-1])

    def tangent(w: Point) -> Point:
        state, rate = start(w[0]), [0.0, 0.0, 0.0, 0.0, 1.0]
        while state[1] + STEP * state[3] > 0:
            state, rate = tangent_later(state, rate)
        return [tangent_at_end(state, rate)]

    def adjoint(w: Point) -> Point:
        *states, last = path(w[0])
        by_state = adjoint_at_end(last)
        for state in reversed(states):
            by_state = adjoint_before(state, by_state)
        return [by_state[4]]

    gradient = tangent if forward else adjoint
    return lambda w: minimum_of(value, gradient, [w])[0]


FUNCTIONS = {
    outer + inner: timed(lambda given: float(given["w"]))(search(outer == "f", slopes))
    for outer in "fr"
    for inner, slopes in (("f", forward_gradient), ("r", grad))
}
