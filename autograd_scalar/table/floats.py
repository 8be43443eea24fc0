"""Floats: arithmetic and functions as Python does them, and as IEEE 754 does.

Where Python raises, IEEE 754 and C's library say which infinity or NaN the result is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .gammas import digamma, polygamma

CONSTANTS: dict[str, float] = {"pi": math.pi, "inf": math.inf, "nan": math.nan}

_NO_REAL_POWER = "a negative number has no real power with a fractional exponent"


def power(x: Any, y: Any) -> Any:
    """`x ** y`; Python would answer `(-8.0) ** (1/3)` with a complex number."""
    try:
        result = x**y
    except OverflowError:  # of the complex number, too
        if isinstance(x, float) and isinstance(y, float) and x < 0 and y != y // 1:
            raise ValueError(_NO_REAL_POWER) from None
        raise
    if isinstance(result, complex):
        raise ValueError(_NO_REAL_POWER)
    return result


def ieee_power(x: float, y: float) -> float:
    """C's `pow`: poles and overflows are infinite, undefined powers NaN."""
    try:
        return float(power(x, y))
    except ValueError:
        return math.nan
    except ArithmeticError:
        odd = y == math.trunc(y) and math.fmod(y, 2.0) != 0
        return -math.inf if odd and math.copysign(1.0, x) < 0 else math.inf


def ieee_divide(x: float, y: float) -> float:
    """`x / y` where a zero divisor gives the IEEE 754 infinity or NaN, not an exception."""
    if y:
        return x / y
    if x == 0 or math.isnan(x):
        return math.nan
    return math.copysign(math.inf, x) * math.copysign(1.0, y)


def ieee_floor_divide(x: float, y: float) -> float:
    """`x // y`; by zero it is what `x / y` is."""
    return x // y if y else ieee_divide(x, y)


def ieee_modulo(x: float, y: float) -> float:
    """`x % y`; by zero there is none."""
    return x % y if y else math.nan


#: Where Python's functions raise at a pole, and what it is there; elsewhere there is no result.
_POLES = {
    "log": {0.0: -math.inf},
    "log2": {0.0: -math.inf},
    "log10": {0.0: -math.inf},
    "log1p": {-1.0: -math.inf},
    "atanh": {1.0: math.inf, -1.0: -math.inf},
}
# A number of the sign that a result has where it overflows; any other is positive.
_SIGNS: dict[str, Callable[..., float]] = {
    **dict.fromkeys(["sinh", "floor", "ceil", "trunc"], lambda x: x),
    "gamma": lambda x: x,
    "digamma": lambda x: -x,
    "polygamma": lambda n, x: 1.0 if n % 2 else -math.remainder(x, 1.0),
}


def ieee(name: str, function: Callable[..., float]) -> Callable[..., float]:
    """`function` with C's results in place of Python's exceptions."""

    poles = _POLES.get(name, {})

    def quiet(*arguments: float) -> float:
        try:
            return function(*arguments)
        except ValueError:
            return poles.get(arguments[0], math.nan)
        except OverflowError:
            return math.copysign(math.inf, _SIGNS[name](*arguments)) if name in _SIGNS else math.inf

    return quiet


def _hypot(x: float, y: float) -> float:
    """`math.hypot`, with the error that Python's other functions raise for too large a result."""
    length = math.hypot(x, y)
    if math.isinf(length) and math.isfinite(x) and math.isfinite(y):
        raise OverflowError("math range error")
    return length


# Python's steps are integers, and it has no digamma.
_NOT_AS_IN_MATH: dict[str, Callable[..., float]] = {
    "abs": abs,
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
    "trunc": lambda x: float(math.trunc(x)),
    "hypot": _hypot,
    "digamma": digamma,
    "polygamma": polygamma,
}


def python_function(name: str) -> Callable[..., float]:
    """Python's own function `name` of floats; a `LookupError` where it has none.

    >>> python_function("floor")(2.5)
    2.0
    """
    function: Callable[..., float] | None = _NOT_AS_IN_MATH.get(name, getattr(math, name, None))
    if not callable(function):
        raise LookupError(f"Python's `math` has no function {name!r}")
    return function


#: The functions an expression may call, on floats.
FLOAT_FUNCTIONS: dict[str, Callable[..., float]] = {}

#: What the names mean in source that `emit` makes for floats.
SCOPE: dict[str, Any] = {
    "__builtins__": {},
    "ArithmeticError": ArithmeticError,
    "ValueError": ValueError,
    "_power": power,
    "_ieee_power": ieee_power,
    "_ieee_divide": ieee_divide,
    "_ieee_floor_divide": ieee_floor_divide,
    "_ieee_modulo": ieee_modulo,
    **CONSTANTS,
}


def add_function(name: str, function: Callable[..., float]) -> None:
    """Let expressions call `function`, of floats, by `name`."""
    FLOAT_FUNCTIONS[name] = SCOPE[name] = function
    SCOPE[f"_ieee_{name}"] = ieee(name, function)
