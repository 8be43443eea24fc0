"""Derivatives of one's own for functions that can't be recorded, or shouldn't be.

Such a function becomes a row of the table whose value and partials are calls of Python
functions, the way `exp` is a call of `math.exp`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from ..engine.functions import FUNCTIONS, add_row
from ..engine.value import Value, to_float
from ..table.floats import FLOAT_FUNCTIONS, add_function
from ..table.primitives import Primitive
from ..table.registry import OPCODES


def custom(
    fun: Callable[..., float],
    *partials: Callable[..., Any] | float,
    name: str = "",
    rule: str = "",
) -> Callable[..., Any]:
    """A function of floats, with the derivatives that you give it.

    fun       takes floats and returns one; recorded as a single primitive
    partials  for each argument, the derivative by it: a function of the arguments, and of
              `out`, the value, if a parameter of that name follows them; or a number
    name      what graphs and messages call it; by default the function's own name
    rule      what explanations call the rule; by default "derivative of <name>"

    Returns a function of numbers and Values, to be made once, not at every call: each one
    is a row of the table of primitives.

    Partials get floats for a first derivative.  For a second one they get Values, and must
    be made of arithmetic, the functions of this package, or functions from `custom`.

    Raises `TypeError` if there is not one partial for each argument, and, when called, if
    `fun` or a partial returns no real number.

    >>> import math
    >>> from autograd_scalar import exp, grad
    >>> log1pexp = custom(lambda x: math.log1p(math.exp(x)), lambda x: 1 / (1 + exp(-x)),
    ...                   name="log1pexp")
    >>> grad(log1pexp)(0.0), grad(grad(log1pexp))(0.0)
    (0.5, 0.25)
    """
    if not callable(fun):
        raise TypeError(f"custom needs a function of floats, got {type(fun).__name__} {fun!r:.60}")
    arguments = _arguments(fun, len(partials))
    unused = _unused_name(name or getattr(fun, "__name__", ""))
    _offer(unused, fun, f"custom function {unused!r}")
    texts = []
    for argument, partial in zip(arguments, partials, strict=True):
        if callable(partial):
            partial_name = f"{unused}_d{argument}"
            given = (*arguments, "out") if _takes_out(partial) else arguments
            texts.append(f"{partial_name}({', '.join(given)})")
            described = f"the partial of custom function {unused!r} by {argument}"
            _offer(partial_name, partial, described)
            FUNCTIONS[partial_name] = _on_values(partial, described)
        else:
            texts.append(repr(to_float(partial)))
    value = f"{unused}({', '.join(arguments)})"
    return add_row(
        Primitive(unused, value, tuple(texts), rule or f"derivative of {unused}", (), arguments)
    )


def _arguments(fun: Callable[..., Any], count: int) -> tuple[str, ...]:
    """The names of the function's arguments, as far as a row of the table may use them."""
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):  # functions written in C may not tell
        parameters = []
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if not count or (parameters and not variadic and not len(needed) <= count <= len(parameters)):
        raise TypeError(
            f"custom needs one partial for each argument of the function, which takes "
            f"{', '.join(map(str, parameters)) or 'some'}, got {count}"
        )
    names = tuple(p.name for p in parameters[:count])
    usable = len(names) == count and not variadic and not any(map(_is_taken, names))
    return names if usable else tuple(f"x{i}" for i in range(1, count + 1))


def _is_taken(name: str) -> bool:
    return name.startswith("_") or name in {*FLOAT_FUNCTIONS, "out", "pi", "inf", "nan"}


def _unused_name(name: str) -> str:
    if not name.isidentifier() or name.startswith("_"):
        name = "custom"
    candidate, number = name, 1
    while candidate in FUNCTIONS or candidate in OPCODES or candidate in FLOAT_FUNCTIONS:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _takes_out(partial: Callable[..., Any]) -> bool:
    try:
        return "out" in inspect.signature(partial).parameters
    except (TypeError, ValueError):
        return False


def _offer(name: str, function: Callable[..., Any], described: str) -> None:
    """Let expressions call `function` by `name`, on floats."""

    def on_floats(*numbers: float) -> float:
        result = function(*numbers)
        try:
            return to_float(result)
        except TypeError as error:
            raise TypeError(f"{described}: {error}") from None

    add_function(name, on_floats)


def _on_values(partial: Callable[..., Any], described: str) -> Callable[..., Any]:
    def of_values(*operands: Any) -> Any:
        try:
            return partial(*operands)
        except TypeError as error:
            raise TypeError(
                f"{described} can't be differentiated again: {error}. Write it with arithmetic "
                "and the functions of autograd_scalar, or make it a custom function itself"
            ) from error
        except (ArithmeticError, ValueError):
            if any(type(v) is Value for v in operands):
                raise
            return math.nan

    return of_values
