"""NumPy's and SciPy's functions of numbers by their names there, as functions of Values.

Each is the table's, or composed from it: no derivative is written here. Numbers and Values mix,
as in all functions of the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from ..engine.functions import FUNCTIONS
from ..engine.numpy_methods import NUMPY_METHODS
from ..table.registry import TABLE

_abs, _pow, _log = abs, FUNCTIONS["pow"], FUNCTIONS["log"]
_log1p, _exp, _sin, _erfc = (FUNCTIONS[name] for name in ("log1p", "exp", "sin", "erfc"))
_trunc, _logaddexp = FUNCTIONS["trunc"], FUNCTIONS["logaddexp"]
_maximum, _minimum = FUNCTIONS["maximum"], FUNCTIONS["minimum"]


def _sign(x: Any) -> Any:
    return 1.0 if x > 0 else -1.0 if x < 0 else 0.0 * x


def _heaviside(x: Any, at_0: Any) -> Any:
    return at_0 if x == 0 else 0.0 if x < 0 else 1.0 if x > 0 else x


def _fmax(x: Any, y: Any) -> Any:
    return y if x != x else x if y != y else _maximum(x, y)


def _fmin(x: Any, y: Any) -> Any:
    return y if x != x else x if y != y else _minimum(x, y)


def _logaddexp2(x: Any, y: Any) -> Any:
    return _logaddexp(x * math.log(2), y * math.log(2)) / math.log(2)


# sin(y)/y by its series for |y| < 0.75, where the derivatives of the quotient cancel.
_SINC = [(-1) ** k / math.factorial(2 * k + 1) for k in range(10)]


def _sinc(x: Any) -> Any:
    y = math.pi * x
    if _abs(y) < 0.75:
        square = y * y
        return reduce(lambda tail, factor: tail * square + factor, reversed(_SINC))
    return _sin(y) / y


def _xlogy(x: Any, y: Any) -> Any:
    # Where log y is no number, log(y**x) still is: 0, falling off at the rate -inf in x.
    return _log(_pow(y, x)) if x == 0 and y <= 0 else x * _log(y)


def _xlog1py(x: Any, y: Any) -> Any:
    return _log(_pow(1 + y, x)) if x == 0 and y <= -1 else x * _log1p(y)


def _entr(x: Any) -> Any:
    return -_xlogy(x, x) if x >= 0 else -math.inf if x < 0 else x


def _logit(x: Any) -> Any:
    return _log(x) - _log1p(-x)


def _modf(x: Any) -> tuple[Any, Any]:
    whole = _trunc(x)
    return x - whole, whole


#: What the table has no function for under that name.
COMPOSED: dict[str, Callable[..., Any]] = {
    **NUMPY_METHODS,
    "divmod": divmod,
    "entr": _entr,
    "exp10": lambda x: _pow(10.0, x),
    "fmax": _fmax,
    "fmin": _fmin,
    "heaviside": _heaviside,
    "ldexp": lambda x, y: x * _pow(2.0, y),
    "log_expit": lambda x: -FUNCTIONS["softplus"](-x),
    "logaddexp2": _logaddexp2,
    "logit": _logit,
    "modf": _modf,
    "ndtr": lambda x: 0.5 * _erfc(-math.sqrt(0.5) * x),
    "reciprocal": lambda x: 1.0 / x,
    "sign": _sign,
    "sinc": _sinc,
    "square": lambda x: x * x,
    "xlog1py": _xlog1py,
    "xlogy": _xlogy,
}

# What NumPy and SciPy call functions of the table, and of this file.
_NAMES = {row.alias: row.name for row in TABLE if row.alias} | {
    "clip": "clamp",
    "expit": "sigmoid",
    "float_power": "pow",
    "gammaln": "lgamma",
    "power": "pow",
    "psi": "digamma",
}

#: Comparisons, whose answers are truth values.
COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
# The loops of these over objects are Python's operators, which are what the table means.
_OPERATORS = {
    *("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "negative", "positive"),
    *("absolute", "conjugate", "matmul", "matvec", "vecdot", "vecmat"),
    *COMPARISONS,
}
#: Questions about the numbers.
QUESTIONS = {
    *("isfinite", "isinf", "isnan", "signbit"),
    *("logical_and", "logical_not", "logical_or", "logical_xor"),
}
# The same of Values, for a program that is traced and asks again.
_ASKED_AGAIN: dict[str, Callable[..., Any]] = {
    "isnan": lambda x: x != x,
    "isinf": lambda x: abs(x) == math.inf,
    "isfinite": lambda x: abs(x) < math.inf,
    "signbit": lambda x: FUNCTIONS["copysign"](1.0, x) < 0,
    "logical_and": lambda x, y: bool(x) and bool(y),
    "logical_or": lambda x, y: bool(x) or bool(y),
    "logical_xor": lambda x, y: bool(x) != bool(y),
    "logical_not": lambda x: not x,
}


def asked_again(ufunc: Any) -> np.ufunc:
    """A question about numbers that are Values of a program that is traced."""
    made: np.ufunc = np.frompyfunc(_ASKED_AGAIN[ufunc.__name__], ufunc.nin, 1)
    return made


_ORDERLESS = {"fmax", "fmin", "hypot", "logaddexp", "logaddexp2", "maximum", "minimum"}


def names() -> list[str]:
    """Every name that `on_objects` knows."""
    known = {*FUNCTIONS, *COMPOSED}
    return sorted({*_OPERATORS, *known, *(each for each, ours in _NAMES.items() if ours in known)})


# What was found before: asking for names takes as long as a loop over ten elements.
_found: dict[np.ufunc, np.ufunc] = {}


def _made(name: str, inputs: int, outputs: int) -> np.ufunc | None:
    ours = _NAMES.get(name, name)
    function = FUNCTIONS.get(ours) or COMPOSED.get(ours)
    if function is None:
        return None
    # Whether operands may be taken in any order is said by an identity, if only None.
    orderless: dict[str, Any] = {"identity": None} if name in _ORDERLESS else {}
    made: np.ufunc = np.frompyfunc(function, inputs, outputs, **orderless)
    return made


def on_objects(ufunc: np.ufunc) -> np.ufunc | None:
    """The function that does on objects, Values and numbers, what `ufunc` does on floats.

    None where there is none.
    """
    found = _found.get(ufunc)
    if found is None:
        name = ufunc.__name__
        found = ufunc if name in _OPERATORS else _made(name, ufunc.nin, ufunc.nout)
        if found is not None:
            _found[ufunc] = found
    return found


def numpy_function(name: str, inputs: int = 1) -> Any:
    """`on_objects` by name, for a function that is known to be there."""
    return _made(name, inputs, 1)
