"""Sums without rounding: of any numbers, in any order, in any number of parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .machine import exact_sum

#: How many steps of an exact sum, 2**-1074 each, make 1.
ONE = 1 << 1074


class ExactSums:
    """Sums of as many columns of numbers, to which numbers and other sums are added.

    Infinities and NaN go by IEEE 754: a sum with both infinities is NaN.

    >>> import numpy as np
    >>> sums = ExactSums(1)
    >>> sums.add([np.array([1e308, 1e308, 1.0, -1e308, -1e308])])
    >>> sums.rounded()
    [1.0]
    """

    __slots__ = ("_finite", "_others")

    def __init__(self, count: int) -> None:
        # An integer holds any sum of doubles.
        self._finite = [0] * count
        # What infinities and NaN add up to; 0 where there are none.
        self._others = [0.0] * count

    def add(self, columns: Sequence[Any]) -> None:
        """Add the numbers of arrays of float64, one array for each sum."""
        for i, column in enumerate(columns):
            finite, others = exact_sum(column)
            self._finite[i] += finite
            self._others[i] += others

    def merge(self, other: ExactSums) -> None:
        """Add the sums of another part."""
        self._finite = [a + b for a, b in zip(self._finite, other._finite, strict=True)]
        self._others = [a + b for a, b in zip(self._others, other._others, strict=True)]

    def rounded(self) -> list[float]:
        """The double nearest to each sum; beyond the largest it is infinite."""
        pairs = zip(self._finite, self._others, strict=True)
        return [others or _nearest(finite) for finite, others in pairs]


def _nearest(finite: int) -> float:
    try:
        # Python rounds the quotient of two integers once.
        return finite / ONE
    except OverflowError:
        return math.copysign(math.inf, finite)
