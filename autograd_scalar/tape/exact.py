"""Sums without rounding: of any numbers, in any order, in any number of parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from .machine import exact_sum

#: How many steps of an exact sum, 2**-1074 each, make 1.
ONE = 1 << 1074


class ExactSums:
    """The sum of each of some columns, to which those of others can be added.

    Infinities and NaN go by IEEE 754: a sum with both infinities is NaN.

    >>> import numpy as np
    >>> sums = ExactSums([np.array([1e308, 1e308, 1.0])])
    >>> sums.add(ExactSums([np.array([-1e308, -1e308])]))
    >>> sums.rounded()
    [1.0]
    """

    __slots__ = ("_finite", "_others")

    def __init__(self, columns: Sequence[Any] = ()) -> None:
        pairs = [exact_sum(column) for column in columns]
        # An integer holds any sum of doubles.
        self._finite = [finite for finite, _ in pairs]
        # What infinities and NaN add up to; 0 where there are none.
        self._others = [others for _, others in pairs]

    def add(self, more: ExactSums) -> None:
        """Add the sums of other columns; of none there may be no sums at all."""
        pairs = zip_longest(self._finite, more._finite, fillvalue=0)
        self._finite = [a + b for a, b in pairs]
        others = zip_longest(self._others, more._others, fillvalue=0.0)
        self._others = [a + b for a, b in others]

    def rounded(self) -> list[float]:
        """The double nearest to each sum; beyond the largest it is infinite."""
        pairs = zip(self._finite, self._others, strict=True)
        return [others or _nearest(finite) for finite, others in pairs]


def _nearest(finite: int) -> float:
    try:
        # Python rounds the quotient of two integers once.
        return finite / ONE
    except OverflowError:
        return math.inf if finite > 0 else -math.inf
