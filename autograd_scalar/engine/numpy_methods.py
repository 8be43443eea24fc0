"""What NumPy asks the elements of arrays of objects for, by names that are not ours.

`numpy.rint` of a plain array of Values calls `Value.rint`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .calls import add_composed_method
from .functions import FUNCTIONS

_floor = FUNCTIONS["floor"]


def _rint(x: Any) -> Any:
    """The nearest whole number, the even one of two: a step, as `floor` is."""
    below = _floor(x)
    rest = x - below
    return below if rest < 0.5 or (rest == 0.5 and below % 2 == 0) else below + 1.0


#: By NumPy's names.
NUMPY_METHODS: dict[str, Callable[..., Any]] = {
    "deg2rad": FUNCTIONS["radians"],
    "rad2deg": FUNCTIONS["degrees"],
    "rint": _rint,
}

for _name, _method in NUMPY_METHODS.items():
    add_composed_method(_name, _method)
