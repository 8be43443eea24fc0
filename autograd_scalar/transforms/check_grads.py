"""Finding what is wrong: derivatives against finite differences, and where a NaN was made."""

from __future__ import annotations

import linecache
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

from ..engine.value import Value, described, toposort, watch
from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE
from .operators import jacobian
from .pytree import flatten, leaf_paths
from .recorded import adjoints

_EPSILON = sys.float_info.epsilon

Numbers = list[float]


class _Slope(NamedTuple):
    """A finite difference: the best estimate, and how far rounding may have moved it."""

    value: float
    rounding: float


def check_grads(
    fun: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    eps: float | None = None,
    atol: float = 1e-8,
    rtol: float = 1e-6,
) -> None:
    """Compare the derivatives of `fun` at `args`, up to `order`, with finite differences.

    fun    a function of numbers in any containers, returning such
    args   a tuple or list of its arguments
    order  the highest order to check; order k + 1 takes differences of the derivatives of
           order k, which have been checked by then
    eps    the first, and largest, step; by default 1/64 of the argument, or 1/64
    atol   the absolute error that is let pass, beside what rounding may cause
    rtol   the error that is let pass, relative to the derivative

    Differences are central, with steps halved ten times and extrapolated to step 0
    (Richardson's method, in the tableau of C. J. F. Ridders, Adv. Eng. Software 4, 1982).

    Raises `AssertionError` that names the argument, both numbers and the error, and says
    if the point looks like a kink.

    >>> check_grads(lambda x, y: x * y**2, (2.0, 3.0))
    """
    if not isinstance(args, tuple | list):
        raise TypeError(f"args must be a tuple of arguments, got {type(args).__name__}")
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order must be a whole number from 1, got {order!r}")
    args = tuple(args)
    leaves, structure = flatten(args, ("args",))
    point = [_number(leaf) for leaf in leaves]
    names = leaf_paths(args, ("args",))

    def flat(numbers: Sequence[Any]) -> list[Any]:
        return flatten(fun(*structure.pack(numbers, construct=True)), ("result",))[0]

    paths = leaf_paths(fun(*structure.pack(point, construct=True)), ("result",))
    derivatives = [""] if len(paths) == 1 else [f"{path}: " for path in paths]
    current: Callable[[Sequence[Any]], list[Any]] = flat
    for _ in range(order):
        following = _flat_jacobian(current)
        computed = [_number(entry) for entry in following(point)]
        found = []
        for j in range(len(point)):
            size = max(abs(point[j]), 1.0)
            # What an argument of 10**6 does may depend on its size, or on its fractional part.
            halvings = 11 if eps else 11 + round(math.log2(size))
            line = _Line(current, point, j, abs(eps or size / 64), halvings)
            found.append((line, line.slopes()))
        problems = [
            f"{derivative}∂/∂{name}{line.problem(i, computed[i * len(point) + j], slopes)}"
            for i, derivative in enumerate(derivatives)
            for j, (name, (line, slopes)) in enumerate(zip(names, found, strict=True))
            if not _agrees(computed[i * len(point) + j], slopes, i, atol, rtol)
        ]
        if problems:
            more = f"\n… and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise AssertionError("\n".join(problems[:5]) + more)
        derivatives = [f"{derivative}∂/∂{name} " for derivative in derivatives for name in names]
        current = following


def _flat_jacobian(
    fun: Callable[[Sequence[Any]], list[Any]],
) -> Callable[[Sequence[Any]], list[Any]]:
    rows = jacobian(fun)
    return lambda numbers: [entry for row in rows(list(numbers)) for entry in row]


def _number(entry: Any) -> float:
    return entry.data if type(entry) is Value else float(entry)


def _agrees(computed: float, slopes: list[_Slope] | None, i: int, atol: float, rtol: float) -> bool:
    if slopes is None or not math.isfinite(computed):
        return False
    slope = slopes[i]
    allowed = atol + rtol * max(abs(computed), abs(slope.value)) + slope.rounding
    return abs(computed - slope.value) <= allowed


class _Line:
    """A function along one of its arguments."""

    def __init__(
        self,
        fun: Callable[[Sequence[Any]], list[Any]],
        point: Numbers,
        j: int,
        step: float,
        halvings: int,
    ) -> None:
        self.fun = fun
        self.point = point
        self.j = j
        # A power of two, so that the points are where they are meant to be.
        self.step = math.ldexp(1.0, round(math.log2(step)))
        self.halvings = halvings

    def at(self, shift: float) -> Numbers | None:
        """The results at a distance, or None where the function is undefined."""
        moved = list(self.point)
        moved[self.j] += shift
        try:
            results = [_number(each) for each in self.fun(moved)]
        except (ArithmeticError, ValueError):
            return None
        return results if all(map(math.isfinite, results)) else None

    def slopes(self) -> list[_Slope] | None:
        """The derivatives of the results; None where there is no point on one of the sides."""
        tableaux: list[_Tableau] = []
        finest = self.step * _EPSILON
        while self.halvings and self.step > finest:
            right, left = self.at(self.step), self.at(-self.step)
            if right is not None and left is not None:
                tableaux = tableaux or [_Tableau() for _ in right]
                for tableau, above, below in zip(tableaux, right, left, strict=True):
                    size = max(abs(above), abs(below)) / self.step
                    tableau.add((above - below) / (2 * self.step), size)
            elif tableaux:
                return None
            # Steps that lead out of the domain don't count.
            self.halvings -= bool(tableaux)
            self.step /= 2
        return [tableau.best for tableau in tableaux] if tableaux else None

    def problem(self, i: int, computed: float, slopes: list[_Slope] | None) -> str:
        if slopes is None:
            return (
                f" is {computed!r}; finite differences need the function to be defined on both "
                f"sides of {self.point[self.j]!r}"
            )
        slope = slopes[i].value
        return (
            f" is {computed!r}, finite differences give {slope!r}, an error of "
            f"{abs(computed - slope):.3g}{self._kink(i)}"
        )

    def _kink(self, i: int) -> str:
        """What the slopes on the two sides look like: at a kink they don't come together."""
        here = self.at(0.0)
        pairs = []
        for step in (8 * self.step, 4 * self.step, 2 * self.step):
            right, left = self.at(step), self.at(-step)
            if here is None or right is None or left is None:
                return ""
            pairs.append(((here[i] - left[i]) / step, (right[i] - here[i]) / step))
            noise = 100 * _EPSILON * max(abs(right[i]), abs(left[i]), abs(here[i])) / step
        spreads = [max(*a, *b) - min(*a, *b) for a, b in pairwise(pairs)]
        falling, rising = pairs[-1]
        if spreads[1] > 0.75 * spreads[0] and spreads[1] > noise + 1e-6 * max(*map(abs, pairs[-1])):
            return (
                f"; the point looks like a kink or a jump: a small step to the left sees the slope "
                f"{falling:.6g}, one to the right {rising:.6g}"
            )
        return ""


class _Tableau:
    """Richardson extrapolation of central differences whose steps are halved each time."""

    def __init__(self) -> None:
        self.best = _Slope(math.nan, 0.0)
        self._error = math.inf
        self._row: Numbers = []

    def add(self, difference: float, size_by_step: float) -> None:
        row = [difference]
        rounding = 8 * _EPSILON * size_by_step
        if not self._row:
            self.best = _Slope(difference, rounding)
        for k, previous in enumerate(self._row, 1):
            row.append(row[-1] + (row[-1] - previous) / (4.0**k - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - previous))
            if error <= self._error:
                self._error = error
                self.best = _Slope(row[-1], rounding)
        self._row = row


class AnomalyError(RuntimeError):
    """A NaN or an infinity was made while `detect_anomaly` was looking."""


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Inside, the first NaN or infinity is an `AnomalyError`, in this thread.

    In the forward pass that is a primitive's result, in the backward pass an adjoint; the
    message names the primitive, its operands and labels, and the line that recorded it.
    Recording and sweeping are slower inside, and cost nothing more outside.

    >>> x = Value(1e200, "x")
    >>> with detect_anomaly():
    ...     y = x * x  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_scalar.transforms.check_grads.AnomalyError: mul: x * y is inf for x = 1e+200 ...
    ...
    """
    with watch(_Detector()):
        yield


# This package is no place where a person looks for a mistake.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = _PACKAGE + os.sep


class _Detector:
    def __init__(self) -> None:
        self._places: dict[Value, str] = {}

    def recorded(self, v: Value, row: Primitive, operands: Sequence[Value]) -> None:
        place = _place()
        if not math.isfinite(v.data):
            raise AnomalyError(
                f"{row.name}: {row.value} is {v.data} for {described(row, operands)}\n{place}"
            )
        self._places[v] = place

    def sweeping(self, root: Value, seed: float) -> None:
        order = toposort(root)
        adjoints(order, {root: seed}, [v for v in order if v.kind != "constant"], False)

    def flowed(self, v: Value, i: int, adjoint: Any, partial: Any, total: Any) -> None:
        number = _number(total)
        if math.isfinite(number):
            return
        row = TABLE[OPCODES[v.op]]
        place = self._places.get(v, "  recorded before detect_anomaly()")
        raise AnomalyError(
            f"backward through {row.name}: {row.value} = {v.data} for "
            f"{described(row, v.parents)}: the adjoint of {row.arguments[i]} is {number}, after "
            f"adding {_number(adjoint)}, the adjoint of the result, times {_number(partial)}, "
            f"its partial {row.partials[i]}\n{place}"
        )


def _place() -> str:
    """The innermost line that is not of this project, as a traceback shows it."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    code, line = frame.f_code, frame.f_lineno
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    return f'  File "{code.co_filename}", line {line}, in {code.co_name}\n    {source}'
