"""Sparse derivatives in ten thousand dimensions: Rosenbrock's function, and optimal control."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from autograd_scalar import (
    compile,  # noqa: A004 (Python's own is not called here)
    hessian,
    jacobian,
    sin,
)

from .case import Aim, Case, Contender
from .single import CASADI, rosenbrock_in_powers

OURS = "compiled, called with a list"
#: What a call may take at most.
LIMIT = 20e6


def pendulum(v: Sequence[Any], sine: Callable[[Any], Any]) -> list[Any]:
    """Direct transcription: how far angles and speeds are from following the torques.

    v  the angles at all times, then the speeds, then the torques
    """
    steps = len(v) // 3
    step = 3.0 / steps
    angle, speed, torque = v[:steps], v[steps : 2 * steps], v[2 * steps :]
    found = [angle[0], speed[0], angle[-1] - math.pi, speed[-1]]
    for i in range(steps - 1):
        push = [torque[k] - sine(angle[k]) for k in (i, i + 1)]
        found.append(angle[i + 1] - angle[i] - step * (speed[i] + speed[i + 1]) / 2.0)
        found.append(speed[i + 1] - speed[i] - step * (push[0] + push[1]) / 2.0)
    return found


def entries(matrix: Any) -> Any:
    """Of any kind of sparse matrix, row by row."""
    rows = matrix.tocsr()
    rows.sort_indices()
    return rows.data


def contenders(made: Any, x: list[float]) -> dict[str, Contender]:
    compiled, array = compile(made), np.array(x)
    return {
        OURS: Contender(lambda: compiled(x), read=entries),
        "compiled, called with an array": Contender(lambda: compiled(array), read=entries),
        "not compiled": Contender(lambda: made(x), read=entries),
    }


def casadi(matrix: Callable[[Any, Any], Any], x: list[float]) -> dict[str, Contender]:
    """CasADi's virtual machine, with and without what makes SciPy's matrix of its own."""
    if not find_spec("casadi"):
        return {}
    import casadi

    variables = casadi.SX.sym("x", len(x))
    found = matrix(casadi, variables)
    function = casadi.Function("run", [variables], [found])
    array = np.array(x)
    return {
        CASADI: Contender(lambda: function(array).sparse(), read=entries),
        f"{CASADI}, its own matrix": Contender(
            lambda: function(array), read=lambda found: entries(found.sparse())
        ),
    }


def aims(others: dict[str, Contender]) -> tuple[Aim, ...]:
    return Aim(OURS, LIMIT), *[Aim(OURS, 1.0, name) for name in (CASADI,) if name in others]


def rosenbrock_case(size: int) -> Case:
    x = [0.1 + 0.8 * i / size for i in range(size)]
    others = casadi(
        lambda casadi, x: casadi.hessian(rosenbrock_in_powers(casadi.vertsplit(x)), x)[0], x
    )
    return Case(
        f"Sparse: the Hessian of Rosenbrock's function in {size:,} dimensions",
        "call",
        1,
        contenders(hessian(rosenbrock_in_powers, sparse=True), x) | others,
        aims(others),
    )


def control_case(steps: int) -> Case:
    x = [math.sin(i) for i in range(3 * steps)]

    def defects(v: Any) -> list[Any]:
        return pendulum(v, sin)

    def of_casadi(casadi: Any, v: Any) -> Any:
        return casadi.jacobian(casadi.vertcat(*pendulum(casadi.vertsplit(v), casadi.sin)), v)

    others = casadi(of_casadi, x)
    return Case(
        f"Sparse: the Jacobian of an optimal control problem in {3 * steps:,} variables",
        "call",
        1,
        contenders(jacobian(defects, sparse=True), x) | others,
        aims(others),
    )


def cases(tiny: bool) -> Iterator[Case]:
    yield rosenbrock_case(5 if tiny else 10_000)
    yield control_case(3 if tiny else 3_334)
