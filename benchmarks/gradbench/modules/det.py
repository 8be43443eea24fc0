"""The determinant of a matrix by expansion by minors, without anything kept: n! products.

Compiling finds the minors that are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_scalar import compile, grad

from ..timing import timed


def minor(matrix: Sequence[Any], size: int, row: int, columns: tuple[int, ...]) -> Any:
    """The determinant of the rows from `row` on, and these columns."""
    if len(columns) == 1:
        return matrix[row * size + columns[0]]
    total: Any = 0.0
    for place, column in enumerate(columns):
        rest = columns[:place] + columns[place + 1 :]
        term = matrix[row * size + column] * minor(matrix, size, row + 1, rest)
        total = total - term if place % 2 else total + term
    return total


def det(matrix: Sequence[Any]) -> Any:
    size = round(len(matrix) ** 0.5)
    return minor(matrix, size, 0, tuple(range(size)))


def matrix(given: Any) -> list[float]:
    return [float(number) for number in given["A"]]


FUNCTIONS = {
    "primal": timed(matrix)(compile(det)),
    "gradient": timed(matrix)(compile(grad(det))),
}
