"""Derivatives against finite differences."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..engine.numbers import described
from ..engine.value import Value, toposort
from ..table.registry import KERNELS, OPCODES, TABLE
from .operators import jacobian
from .pytree import flatten, leaf_paths

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

    Differences are central, with steps halved ten times, or as often as a steep function
    needs, and extrapolated to step 0 (Richardson's method, in the tableau of
    C. J. F. Ridders, Adv. Eng. Software 4, 1982).

    Raises `AssertionError` that names the argument, both numbers and the error, and says
    if the point looks like a kink, or if a second derivative goes through one.  Raises
    `ValueError` for arguments that aren't finite, which have no surroundings.

    >>> check_grads(lambda x, y: x * y**2, (2.0, 3.0))
    """
    if not isinstance(args, tuple | list):
        raise TypeError(f"args must be a tuple of arguments, got {type(args).__name__}")
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order must be a whole number from 1, got {order!r}")
    if eps is not None and not (math.isfinite(eps) and eps != 0):
        raise ValueError(f"eps must be a finite step other than 0, got {eps!r}")
    args = tuple(args)
    leaves, treedef = flatten(args, "args")
    point = [_number(leaf) for leaf in leaves]
    names = leaf_paths(args, "args")
    for name, number in zip(names, point, strict=True):
        if not math.isfinite(number):
            raise ValueError(f"{name} is {number}, finite differences need a finite number")

    def flat(numbers: Sequence[Any]) -> list[Any]:
        return flatten(fun(*treedef.unflatten(numbers, construct=True)), "result")[0]

    paths = leaf_paths(fun(*treedef.unflatten(point, construct=True)), "result")
    derivatives = [""] if len(paths) == 1 else [f"{path}: " for path in paths]
    current: Callable[[Sequence[Any]], list[Any]] = flat
    for reached in range(1, order + 1):
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
            kinks = _kinks(flat, point) if reached > 1 else ""
            raise AssertionError("\n".join(problems[:5]) + more + kinks)
        derivatives = [f"{derivative}∂/∂{name} " for derivative in derivatives for name in names]
        current = following


def _flat_jacobian(
    fun: Callable[[Sequence[Any]], list[Any]],
) -> Callable[[Sequence[Any]], list[Any]]:
    rows = jacobian(fun)
    return lambda numbers: [entry for row in rows(list(numbers)) for entry in row]


def _number(entry: Any) -> float:
    return entry.data if type(entry) is Value else float(entry)


def _agrees(computed: float, slopes: list[_Slope | None], i: int, atol: float, rtol: float) -> bool:
    slope = slopes[i] if slopes else None
    if slope is None or not math.isfinite(computed):
        return False
    allowed = atol + rtol * max(abs(computed), abs(slope.value)) + slope.rounding
    return abs(computed - slope.value) <= allowed


def _kinks(fun: Callable[[Sequence[Any]], list[Any]], point: Numbers) -> str:
    """A remark on the primitives that are at a kink, where their slope is a convention."""
    seen: dict[str, None] = {}
    for out in fun([Value(number) for number in point]):
        for v in toposort(out) if type(out) is Value else []:
            if v.op and _is_kink(v):
                row = TABLE[OPCODES[v.op]]
                seen[f"{row.value} for {described(row, v.parents)}"] = None
    if not seen:
        return ""
    return (
        f"\nthe function goes through a kink: {', '.join([*seen][:3])}. There the slope is a "
        "convention (docs/conventions.md), and a second derivative is the convention's: it misses "
        "what the slopes beside the kink add"
    )


def _is_kink(v: Value) -> bool:
    """Whether a partial of the primitive jumps, as much from closer by."""
    at = [parent.data for parent in v.parents]
    for i, number in enumerate(at):
        jumps = []
        for step in (1e-7 * max(abs(number), 1.0), 1e-10 * max(abs(number), 1.0)):
            sides = [(*at[:i], number + shift, *at[i + 1 :]) for shift in (-step, step)]
            try:
                below, above = (KERNELS[OPCODES[v.op]](*side)[1:] for side in sides)
            except (ArithmeticError, ValueError):
                break
            jumps.append(max(abs(a - b) for a, b in zip(above, below, strict=True)))
        if len(jumps) == 2 and 1e-3 < jumps[0] < math.inf and jumps[1] > 0.9 * jumps[0]:
            return True
    return False


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
            return [_number(each) for each in self.fun(moved)]
        except (ArithmeticError, ValueError):
            return None

    def slopes(self) -> list[_Slope | None]:
        """The derivatives of the results; None where there is no number on one of the sides."""
        tableaux: list[_Tableau] = []
        finest = self.step * _EPSILON
        while self.step > finest and (
            self.halvings > 0 or any(tableau.unsettled for tableau in tableaux)
        ):
            right, left = self.at(self.step), self.at(-self.step)
            if right is not None and left is not None:
                tableaux = tableaux or [_Tableau() for _ in right]
                for tableau, above, below in zip(tableaux, right, left, strict=True):
                    tableau.add(above, below, self.step)
            elif tableaux:
                return []
            # Steps that lead out of the domain don't count.
            self.halvings -= any(tableau.started for tableau in tableaux)
            self.step /= 2
        return [tableau.best if tableau.started else None for tableau in tableaux]

    def problem(self, i: int, computed: float, slopes: list[_Slope | None]) -> str:
        slope = slopes[i] if slopes else None
        if slope is None:
            return (
                f" is {computed!r}; finite differences need the function to be defined on both "
                f"sides of {self.point[self.j]!r}, and finite"
            )
        if math.isinf(computed):
            return f" is {computed!r}, which finite differences can't confirm"
        return (
            f" is {computed!r}, finite differences give {slope.value!r}, an error of "
            f"{abs(computed - slope.value):.3g}{self._kink(i)}"
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
    """Richardson extrapolation of central differences whose steps are halved each time.

    best       the slope with the smallest error
    started    whether there was a finite difference yet
    unsettled  whether smaller steps would tell more: the error is still large, and rounding
               isn't yet
    """

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self.best: _Slope | None = None
        self.unsettled = False
        self._error = math.inf
        self._row: Numbers = []

    @property
    def started(self) -> bool:
        return self.best is not None

    def add(self, above: float, below: float, step: float) -> None:
        # Where a result is infinite on both sides, it doesn't change.
        difference = 0.0 if above == below else (above - below) / (2 * step)
        if not math.isfinite(difference):
            # Larger steps may lead past a pole, smaller ones don't if the slope is finite.
            self._restart()
            return
        row = [difference]
        size = max(abs(above), abs(below))
        rounding = 8 * _EPSILON * size / step if math.isfinite(size) else 0.0
        if self.best is None:
            self.best = _Slope(difference, rounding)
        for k, previous in enumerate(self._row, 1):
            row.append(row[-1] + (row[-1] - previous) / (4.0**k - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - previous))
            if error <= self._error:
                self._error = error
                self.best = _Slope(row[-1], rounding)
        self._row = row
        self.unsettled = self._error > 1e-7 * abs(self.best.value) and rounding < 1e-4 * abs(
            difference
        )
