"""What NumPy asks the elements of arrays of objects for, by methods the table has no rows for.

Composed from the table: `numpy.rint` of a plain array of Values calls `Value.rint`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .calls import add_composed_method
from .functions import FUNCTIONS
from .value import Value

_floor, _pow = FUNCTIONS["floor"], FUNCTIONS["pow"]


def _exp2(x: Any) -> Any:
    return _pow(2.0, x)


def _fabs(x: Any) -> Any:
    return abs(x)


def _radians(x: Any) -> Any:
    return x * (math.pi / 180)


def _degrees(x: Any) -> Any:
    return x * (180 / math.pi)


def _rint(x: Any) -> Any:
    """The nearest whole number, the even one of two: a step, as `floor` is."""
    below = _floor(x)
    rest = x - below
    return below if rest < 0.5 or (rest == 0.5 and below % 2 == 0) else below + 1.0


#: By NumPy's names.
NUMPY_METHODS: dict[str, Callable[..., Any]] = {
    "deg2rad": _radians,
    "degrees": _degrees,
    "exp2": _exp2,
    "fabs": _fabs,
    "rad2deg": _degrees,
    "radians": _radians,
    "rint": _rint,
}

for _name, _method in NUMPY_METHODS.items():
    if not hasattr(Value, _name):
        add_composed_method(_name, _method)
