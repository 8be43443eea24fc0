"""Training: a program's loop with one line that compiles its loss, and micrograd's loop."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
    nn,
)

from ...harness import DisagreementError
from ...peers import load
from .. import mlp
from .case import Aim, Case, Contender, flat
from .single import ours

RATE = 0.1
#: Steps whose losses are compared; of micrograd, which takes half a second for each, fewer.
STEPS, STEPS_OF_MICROGRAD = 100, 3

EAGER = "not compiled"
COMPILED = "compile(loss): all examples in one replay"
BATCH = 'compile(loss, batch=(0, 0), reduce="mean")'
MICROGRAD = "micrograd's own loop"


def moons(count: int) -> tuple[list[list[float]], list[float]]:
    """Two half circles that reach into each other, and which of them a point is of."""
    rng = random.Random(7)
    points, sides = [], []
    for i in range(count):
        turn, upper = math.pi * i / count, i % 2 == 0
        x, y = math.cos(turn), math.sin(turn)
        place = (x, y) if upper else (1.0 - x, 0.5 - y)
        points.append([each + rng.gauss(0.0, 0.1) for each in place])
        sides.append(1.0 if upper else -1.0)
    return points, sides


def numbers() -> list[float]:
    return mlp.parameters(random.Random(8))


def contender(
    parameters: list[Any], step: Callable[[], float], steps: int, **rest: Any
) -> Contender:
    """A step of a loop; what is compared is the curve of its first losses."""

    def curve(_: float) -> Any:
        for parameter, number in zip(parameters, numbers(), strict=True):
            parameter.data = number
        return flat([step() for _ in range(steps)])

    return Contender(step, read=curve, **rest)


def own_loops(points: Any, sides: Any, steps: int) -> Iterator[tuple[str, Contender]]:
    """The same loop three times; the second and the third differ from it in one line."""
    relu = ours().relu

    def loop(how: str) -> Contender:
        model = nn.MLP(2, [16, 16, 1])
        optimiser = nn.SGD(model.parameters(), lr=RATE)

        def hinge(point: Any, side: Any) -> Any:
            return relu(1.0 - side * model(point))

        def mean_hinge() -> Any:
            losses = [hinge(point, side) for point, side in zip(points, sides, strict=True)]
            return sum(losses) / len(losses)

        def recorded() -> float:
            loss = mean_hinge()
            loss.backward()
            return loss.data

        whole = compile(mean_hinge)
        batch = compile(hinge, batch=(0, 0), reduce="mean", threads=1)
        backward = {
            EAGER: recorded,
            COMPILED: whole.backward,
            BATCH: lambda: batch.backward(points, sides),
        }[how]

        def step() -> float:
            optimiser.zero_grad()
            loss = backward()
            optimiser.step()
            return loss

        return contender(model.parameters(), step, steps)

    for how in (COMPILED, BATCH, EAGER):
        yield how, loop(how)


def micrograds_loop(points: Any, sides: Any, steps: int) -> Contender:
    peer = load("micrograd")
    model = peer.nn.MLP(2, [16, 16, 1])
    parameters = model.parameters()

    def mean_hinge(_: Any) -> Any:
        losses = [
            (1.0 + -side * model(point)).relu() for point, side in zip(points, sides, strict=True)
        ]
        return sum(losses) * (1.0 / len(losses))

    def step() -> float:
        value, _ = peer.value_and_gradient(mean_hinge, parameters)
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
        return value

    return contender(parameters, step, min(steps, STEPS_OF_MICROGRAD), value_only=True)


def cases(tiny: bool) -> Iterator[Case]:
    """Raises `DisagreementError` where compiling changes a bit of the curve of losses."""
    points, sides = moons(4 if tiny else 100)
    steps = 5 if tiny else STEPS
    contenders = dict(own_loops(points, sides, steps))
    curves = {name: contenders[name].read(None) for name in (COMPILED, EAGER)}
    if curves[COMPILED].tolist() != curves[EAGER].tolist():
        raise DisagreementError("training: the compiled loss is not the eager one to the last bit")
    if find_spec("micrograd"):
        contenders[MICROGRAD] = micrograds_loop(points, sides, steps)
    yield Case(
        f"A training step of a 2-16-16-1 network: {len(points)} points of two moons, and SGD",
        "step",
        1,
        contenders,
        (Aim(COMPILED, 1 / 500, MICROGRAD), Aim(BATCH, 1 / 500, MICROGRAD)),
    )
