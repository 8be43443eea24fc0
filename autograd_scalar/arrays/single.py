"""NumPy's functions of a single Value: `numpy.clip(v, 0, 1)` is that of an array that holds it.

Universal functions don't come this way: for those NumPy asks the Value for a method.
"""

from __future__ import annotations

from typing import Any

from ..engine.value import Value


def _array_function(self: Value, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    # Where this is called, NumPy has been imported; elsewhere it need not be.
    from .array import of_single_values

    return of_single_values(func, args, kwargs)


Value.__array_function__ = _array_function  # type: ignore[attr-defined]
