"""Bundle adjustment: where cameras see points, and the sparse Jacobian of how far that is off.

Each observation is an example of a batch, and its derivatives are a block of the Jacobian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_scalar import compile, cos, grad, jacobian, sin, sqrt

from ..timing import timed

Numbers = Sequence[Any]


def cross(a: Numbers, b: Numbers) -> list[Any]:
    return [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]


def dot(a: Numbers, b: Numbers) -> Any:
    return sum(x * y for x, y in zip(a, b, strict=True))


def rotated(axis: Numbers, x: Numbers) -> list[Any]:
    """A point turned by as much as the axis is long (Rodrigues' formula)."""
    square = dot(axis, axis)
    if square == 0:
        return [a + b for a, b in zip(x, cross(axis, x), strict=True)]
    angle = sqrt(square)
    c, s = cos(angle), sin(angle)
    unit = [each / angle for each in axis]
    along = dot(unit, x) * (1 - c)
    return [a * c + b * s + u * along for a, b, u in zip(x, cross(unit, x), unit, strict=True)]


def seen(camera: Numbers, x: Numbers) -> list[Any]:
    """Where a camera sees a point.

    The camera is a rotation (3), a centre (3), a focal length, a principal point (2) and two
    coefficients of its lens.
    """
    rotation, centre, focal = camera[:3], camera[3:6], camera[6]
    a, b, c = rotated(rotation, [p - q for p, q in zip(x, centre, strict=True)])
    a, b = a / c, b / c
    square = a * a + b * b
    lens = 1 + camera[9] * square + camera[10] * square * square
    return [a * lens * focal + camera[7], b * lens * focal + camera[8]]


def error(camera: Numbers, x: Numbers, w: Any, feature: Numbers) -> list[Any]:
    return [w * (a - b) for a, b in zip(seen(camera, x), feature, strict=True)]


def weight_error(w: Any) -> Any:
    return 1 - w * w


def block(camera: Numbers, x: Numbers, w: Any, feature: Numbers) -> tuple[Any, Any]:
    """Two rows of the Jacobian, by camera, point and weight; the derivative of weight_error."""
    rows = jacobian(error, argnums=(0, 1, 2))(camera, x, w, feature)
    return np.array([[*a, *b, c] for a, b, c in rows]), grad(weight_error)(w)


errors = compile(lambda c, x, w, f: (error(c, x, w, f), weight_error(w)), batch=0)
blocks = compile(block, batch=0)


@dataclass
class Problem:
    """Cameras, points and weights, and which camera sees which point where."""

    cameras: Any
    points: Any
    weights: Any
    features: Any
    camera: Any
    point: Any

    @property
    def observations(self) -> tuple[Any, Any, Any, Any]:
        return self.cameras[self.camera], self.points[self.point], self.weights, self.features


def objective(given: Problem) -> tuple[Any, Any]:
    return errors(*given.observations)


def sparse_jacobian(given: Problem) -> tuple[Any, Any, Any]:
    """Where rows begin, columns and values, row by row: two of each observation, then weights."""
    rows, by_weight = blocks(*given.observations)
    count, _, width = rows.shape
    n, m = given.cameras.size, given.points.size
    weights = n + m + np.arange(count)
    columns = np.empty(rows.shape, np.int64)
    columns[..., :11] = 11 * given.camera[:, None, None] + np.arange(11)
    columns[..., 11:14] = n + 3 * given.point[:, None, None] + np.arange(3)
    columns[..., 14] = weights[:, None]
    starts = width * np.arange(2 * count + 1)
    return (
        np.concatenate([starts, starts[-1] + np.arange(1, count + 1)]),
        np.concatenate([columns.ravel(), weights]),
        np.concatenate([rows.ravel(), by_weight]),
    )


def problem(given: Any) -> Problem:
    n, m, p = given["n"], given["m"], given["p"]
    return Problem(
        np.tile(np.array(given["cam"], dtype=np.float64), (n, 1)),
        np.tile(np.array(given["x"], dtype=np.float64), (m, 1)),
        np.full(p, float(given["w"])),
        np.tile(np.array(given["feat"], dtype=np.float64), (p, 1)),
        np.arange(p) % n,
        np.arange(p) % m,
    )


def told_errors(found: tuple[Any, Any]) -> dict[str, Any]:
    """As all observations are the same in the input, the first of them stands for all."""
    by_observation, by_weight = found
    return {
        "reproj_error": {
            "elements": [float(column[0]) for column in by_observation],
            "repeated": len(by_weight),
        },
        "w_err": {"element": float(by_weight[0]), "repeated": len(by_weight)},
    }


def told_matrix(found: tuple[Any, Any, Any]) -> dict[str, Any]:
    """The first 30 and the last of each."""
    return {
        name: [*part[:30].tolist(), part[-1].item()]
        for name, part in zip(("rows", "cols", "vals"), found, strict=True)
    }


FUNCTIONS = {
    "objective": timed(problem, told_errors)(objective),
    "jacobian": timed(problem, told_matrix)(sparse_jacobian),
}
