"""What is a number and what isn't, and the words for it when an operation fails.

Nothing here knows how a number is recorded. Compiled or plain, this is the source.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Sequence
from typing import Any

from ..table.primitives import Primitive

# Types met before that are real numbers: asking `numbers.Real` again takes ten times as long
# as recording an operation.
_REAL: set[type] = {float, int, bool}


def is_real(other: Any) -> bool:
    """Whether `other` is a plain real number: a float, an int, a fraction, a NumPy scalar."""
    kind = type(other)
    if kind in _REAL:
        return True
    if isinstance(other, numbers.Real):
        _REAL.add(kind)
        return True
    return False


def _is_decimal(other: Any) -> bool:
    kind = type(other)
    return (kind.__module__, kind.__name__) == ("decimal", "Decimal")


def _to_convert(other: Any) -> str:
    """What to do with a decimal, which Python's floats do not mix with either."""
    return f"; write float({other!r})" if _is_decimal(other) else ""


def refuse_decimal(other: Any) -> None:
    """A `TypeError` with the way on for a `Decimal`; anything else is for others to judge."""
    if advice := _to_convert(other):
        raise TypeError(f"a decimal is not rounded to a float unasked{advice}")


def to_float(data: Any) -> float:
    """`data` as a float; Values, strings, complex numbers and the like are a `TypeError`."""
    if type(data) is float:
        return data
    if type(data) is not int and not is_real(data) and not _is_number_of_numpy(data):
        raise TypeError(
            f"a real number is needed, got {type(data).__name__} {data!r:.60}{_to_convert(data)}"
        )
    try:
        return float(data)
    except OverflowError:
        raise OverflowError("this number is too large for a float") from None


def _is_number_of_numpy(data: Any) -> bool:
    """Whether `data` is a truth value of NumPy's, or an array of no dimension that holds one."""
    dtype = getattr(data, "dtype", None)
    return getattr(data, "shape", None) == () and getattr(dtype, "kind", "") in ("b", "i", "u", "f")


def to_operand(other: Any, row: Primitive) -> float:
    """`to_float`, with an error that names the primitive and helps with arrays."""
    try:
        return to_float(other)
    except TypeError as error:
        advice = ""
        if getattr(other, "ndim", None) is not None:
            advice = f"; for an array, call {row.name} on each element"
            name = row.alias or row.name
            if hasattr(sys.modules.get("numpy"), name):
                advice += f", or numpy.{name} on an object array of Values"
        raise TypeError(f"{row.name}({', '.join(row.arguments)}): {error}{advice}") from None


def comparable(other: Any) -> Any:
    """The number to compare with, or None. An exact one stays exact: Python compares 10**400.

    NumPy's scalars become Python's, so that a comparison is a `bool`.
    """
    if type(other) is float or type(other) is int:
        return other
    if not is_real(other):
        return other if _is_decimal(other) else None
    if isinstance(other, numbers.Integral):
        return int(other)
    return other if isinstance(other, numbers.Rational) else float(other)


def described(row: Primitive, operands: Sequence[Any]) -> str:
    """The operands of a primitive for an error message: `x = 0.5 ('rate'), y = 2.0`."""
    shown = []
    for name, v in zip(row.arguments, operands, strict=True):
        label = getattr(v, "label", "")
        shown.append(f"{name} = {getattr(v, '_data', v)!r}{f' ({label!r})' if label else ''}")
    return ", ".join(shown)


def failure(row: Primitive, operands: Sequence[Any], error: Exception) -> Exception:
    """The exception Python raised, saying which primitive, which operands and what it needs."""
    if error.__cause__ is not None:
        problem = f"failed: {error}"  # a custom function, which says what its cause was
    elif isinstance(error, OverflowError):
        problem = "overflows a float"
    elif row.domain:
        problem = f"needs {row.domain}"
    else:
        problem = "is undefined"
    return type(error)(f"{row.name}: {row.value} {problem}, got {described(row, operands)}")
