"""A batch like the one before, with other numbers: what need not be found out again.

In a small batch, taking arguments apart takes longer than the examples do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .code import BLOCK
from .specialised import Specialisations, accumulate

Numbers = list[float]

_FLOAT64 = np.dtype(np.float64)


def numbers_of(argument: Any, numbers: Numbers) -> Any:
    """How the numbers of an argument are arranged, after adding them to `numbers`.

    None where it is of another kind than those that most calls are made with.
    """
    kind = type(argument)
    if kind is float or kind is np.float64:
        numbers.append(argument)
        return float
    if kind is np.ndarray:
        if argument.dtype != _FLOAT64:
            return None
        numbers += argument.ravel().tolist()
        return argument.shape
    if kind is list or kind is tuple:
        if {*map(type, argument)} == {float}:
            numbers += argument
            return kind, len(argument)
        parts = [numbers_of(each, numbers) for each in argument]
    elif kind is dict:
        parts = [numbers_of(each, numbers) for each in argument.values()]
        parts += [*argument]
    else:
        return None
    return None if None in parts else (kind, tuple(parts))


class UnlikeError(Exception):
    """A call that can't be made like the one before."""


class Again:
    """A call on a batch, made once and ready for other numbers.

    made      the ways through the function: one, which all examples went, and nothing failed
    batched   which of its numbers differ from example to example
    axes      the axis of each argument, None or 0
    args      the arguments of the call
    backward  whether derivatives are added to those of Values from outside
    reduce    None, "sum" or "mean"
    added     what makes the sum of the sums of blocks
    run       runs what is given a first example and an end, for so many examples of so many words
              of code, in parts; whether all parts told yes

    Raises `UnlikeError` for a call that is of another kind: see `numbers_of`.
    """

    def __init__(
        self,
        made: Specialisations,
        batched: tuple[bool, ...],
        axes: Sequence[int | None],
        args: Sequence[Any],
        backward: bool,
        reduce: str | None,
        added: Callable[[Any], Any],
        run: Callable[[Callable[[int, int], bool], int, int], bool],
    ) -> None:
        self._made = made
        self._way = made.made[0]
        self._ready = self._way.batch(batched, reduce is not None)
        self._axes = axes
        self._backward = backward
        self._reduce = reduce
        self._add = added
        self._run = run
        self._units = self._way.treedef.units
        self._count = sum(1 if unit is None else math.prod(unit) for unit in self._units)
        self._width = self._way.width
        self._key, _, _ = self._taken(args)

    def _taken(self, args: Sequence[Any]) -> tuple[list[Any], Numbers, list[Any]]:
        """How arguments are arranged, the numbers that all examples share, and the columns."""
        key: list[Any] = []
        shared: Numbers = []
        columns: list[Any] = []
        for axis, argument in zip(self._axes, args, strict=True):
            if axis is None:
                key.append(numbers_of(argument, shared))
                if key[-1] is None:
                    raise UnlikeError
            elif type(argument) is not np.ndarray or argument.dtype != _FLOAT64:
                raise UnlikeError
            else:
                shape = argument.shape
                key.append(shape[1:])
                if len(shape) == 1:
                    columns.append(argument)
                elif shape:
                    columns += [*argument.reshape(shape[0], math.prod(shape[1:])).T]
        if not columns or len({*map(len, columns)}) != 1:
            raise UnlikeError
        return key, shared, columns

    def __call__(self, args: Sequence[Any]) -> tuple[Any, ...]:
        """The result of a call, in a tuple that is empty if it must be made like a first one."""
        if len(args) != len(self._axes) or len(self._made.made) != 1:
            return ()
        try:
            key, shared, columns = self._taken(args)
        except UnlikeError:
            return ()
        size = len(columns[0])
        ready = self._ready
        if key != self._key or not size:
            return ()
        bank = np.empty(ready.size + 2)
        bank[-2:] = 1.0, -1.0
        if ready.shared.fill(shared, bank):
            return ()
        status = np.empty(size, np.int32)
        if self._reduce is None:
            found = [np.empty((math.prod(unit or ()), size)) for unit in self._units]
            rows = [row for block in found for row in block]
            if not self._runs(bank, columns, rows, status, None):
                return ()
            if self._way.check and any(np.isnan(block).any() for block in found):
                return ()
            return (self._stacked(found, size),)
        sums = np.zeros((-(-size // BLOCK), self._width))
        if not self._runs(bank, columns, (), status, sums):
            return ()
        total = self._add(sums)
        if self._reduce == "mean":
            with np.errstate(all="ignore"):
                total = total / np.float64(size)
        numbers = total.tolist()
        if self._way.check and math.isnan(sum(numbers)):
            return ()
        if self._backward:
            accumulate(self._made.outside, numbers[self._count :])
        return (self._way.treedef.unflatten(numbers[: self._count]),)

    def _runs(self, bank: Any, columns: Any, rows: Any, status: Any, sums: Any) -> bool:
        each = self._ready.each

        def run(first: int, end: int) -> bool:
            return each.run(bank, columns, rows, status, sums, first, end)

        return self._run(run, len(status), self._ready.words)

    def _stacked(self, found: list[Any], size: int) -> Any:
        return self._way.treedef.unflatten_units(
            block[0] if unit is None else block.T.reshape((size, *unit))
            for unit, block in zip(self._units, found, strict=True)
        )
