"""Derivatives of one's own for functions that can't be recorded, or shouldn't be.

Such a function becomes a row of the table whose value and partials are calls of Python
functions, the way `exp` is a call of `math.exp`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..engine.context import tracer
from ..engine.functions import FUNCTIONS, add_row
from ..engine.numbers import to_float
from ..engine.value import Value, record
from ..table.floats import FLOAT_FUNCTIONS, add_function
from ..table.primitives import Primitive
from ..table.registry import OPCODES, register
from .pytree import plain_number


def custom(
    fun: Callable[..., float],
    *partials: Callable[..., Any] | float,
    name: str = "",
    rule: str = "",
) -> Callable[..., Any]:
    """A function of floats, with the derivatives that you give it.

    fun       takes floats and returns one (an array without dimensions will do); recorded
              as a single primitive
    partials  for each argument, the derivative with respect to it: a function of the arguments,
              and of `out`, the value, if it needs a parameter of that name; or a number
    name      what graphs and messages call it; by default the function's own name
    rule      what explanations call the rule; by default "derivative of <name>"

    Returns a function of numbers and Values, to be made once, not at every call: each one
    is a row of the table of primitives.  It is pickled by its name, for a process that has
    made it too: make it where a module is imported.

    Partials get floats for a first derivative.  For a second one they get Values, and must
    be made of arithmetic, the functions of this package, or functions from `custom`.

    Raises `TypeError` if there is not one partial for each argument, and, when called, if
    `fun` or a partial returns no real number.  What `fun` raises is told with where it is;
    what a partial raises becomes a `RuntimeError`.

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
    add_function(unused, _on_floats(fun, f"custom function {unused!r}"))
    texts = []
    for argument, partial in zip(arguments, partials, strict=True):
        if callable(partial):
            partial_name = f"{unused}_d{argument}"
            given = (*arguments, "out") if _takes_out(partial) else arguments
            texts.append(f"{partial_name}({', '.join(given)})")
            described = f"the partial of custom function {unused!r} by {argument}"
            _partials.add(partial_name)
            add_function(partial_name, _partial_on_floats(partial, described))
            FUNCTIONS[partial_name] = _on_values(partial, described, partial_name)
        else:
            texts.append(repr(to_float(plain_number(partial))))
    value = f"{unused}({', '.join(arguments)})"
    row = Primitive(unused, value, tuple(texts), rule or f"derivative of {unused}", (), arguments)
    made = _made[unused] = _Custom(unused, add_row(row), fun, partials)
    return made


class _Custom:
    """A function from `custom`, which is pickled by its name."""

    def __init__(
        self, name: str, function: Callable[..., Any], fun: Any, partials: tuple[Any, ...]
    ) -> None:
        functools.update_wrapper(self, fun, updated=())
        self.__name__ = self.__qualname__ = name
        self.__doc__ = self.__doc__ or function.__doc__
        self._function = function
        self._made_of = tuple(
            [_place(each) if callable(each) else each for each in (fun, *partials)]
        )

    def __call__(self, *operands: Any) -> Any:
        return self._function(*operands)

    def __repr__(self) -> str:
        return f"<custom function {self.__name__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _made_here, (self.__name__, self._made_of)


_made: dict[str, _Custom] = {}
#: The names of partials that are functions.
_partials: set[str] = set()


def _made_here(name: str, made_of: tuple[Any, ...]) -> _Custom:
    """The custom function of that name, when it is unpickled."""
    made = _made.get(name)
    if made is None or name not in OPCODES:
        raise ValueError(
            f"this pickle holds the custom function {name!r}, which has not been made in this "
            "process; make it in a module that is imported here too"
        )
    if [*made._made_of] != [*made_of]:
        raise ValueError(
            f"this pickle holds a custom function {name!r} made of {made_of}, but here it is made "
            f"of {made._made_of}; give each a name of its own, with name=…"
        )
    return made


def _place(function: Callable[..., Any]) -> str:
    """Which function it is, the same in every process that runs the same files."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{name}, line {code.co_firstlineno}" if code else name


def _told(function: Callable[..., Any], error: Exception) -> str:
    """What a function of the user's raised, and where the function is."""
    code = getattr(function, "__code__", None)
    file = f" in {code.co_filename}" if code else ""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    line = f", line {code.co_firstlineno}" if code else ""
    return f"{name}{file}{line} raised {type(error).__name__}: {error}"


def _arguments(fun: Callable[..., Any], count: int) -> tuple[str, ...]:
    """The names of the function's arguments, as far as a row of the table may use them."""
    inputs = getattr(fun, "nin", None)  # of NumPy's functions, which also have out, where, …
    try:
        parameters = list(inspect.signature(fun).parameters.values())[:inputs]
    except (TypeError, ValueError):  # functions written in C may not tell
        parameters = []
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    wrong = parameters and not variadic and not len(needed) <= count <= len(parameters)
    if not count or wrong or inputs not in (None, count):
        raise TypeError(
            f"custom needs one partial for each argument of the function, which takes "
            f"{', '.join(map(str, parameters)) or inputs or 'some'}, got {count}"
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


def _as_primitive(name: str, operands: tuple[Any, ...]) -> Value:
    """A partial that takes floats only, in a program that is traced: a row that calls it.

    Its own derivatives are not known, and are NaN: what needs one is left to the engine.
    """
    known_here(name, len(operands))
    return record(OPCODES[name], *operands)


def known_here(name: str, count: int) -> bool:
    """Whether `name` is a row, as each partial of a custom function becomes one when it is asked.

    count  how many operands it has
    """
    if name not in OPCODES and name in _partials & FLOAT_FUNCTIONS.keys():
        arguments = tuple([f"x{i}" for i in range(1, count + 1)])
        call = f"{name}({', '.join(arguments)})"
        unknown = ("nan",) * count
        register(Primitive(name, call, unknown, "derivative", (), arguments))
    return name in OPCODES


def _takes_out(partial: Callable[..., Any]) -> bool:
    """Whether a parameter `out` must be given; NumPy's functions can do without theirs."""
    try:
        parameter = inspect.signature(partial).parameters.get("out")
    except (TypeError, ValueError):
        return False
    return parameter is not None and parameter.default is parameter.empty


def _on_floats(fun: Callable[..., Any], described: str) -> Callable[..., float]:
    def on_floats(*numbers: float) -> float:
        try:
            result = fun(*numbers)
        except (ArithmeticError, ValueError) as error:
            # Subclasses may need arguments of their own when they are made anew.
            kind = next(each for each in _KINDS if isinstance(error, each))
            raise kind(_told(fun, error)) from error
        return _real(result, described)

    return on_floats


_KINDS = (ZeroDivisionError, OverflowError, FloatingPointError, ArithmeticError, ValueError)


def _partial_on_floats(partial: Callable[..., Any], described: str) -> Callable[..., float]:
    def on_floats(*numbers: float) -> float:
        try:
            result = partial(*numbers)
        except (ArithmeticError, ValueError) as error:
            # As such an error it would become an infinite or undefined derivative.
            given = ", ".join(map(repr, numbers))
            raise RuntimeError(f"{described}: {_told(partial, error)}, given {given}") from error
        return _real(result, described)

    return on_floats


def _real(result: Any, described: str) -> float:
    try:
        return to_float(plain_number(result))
    except TypeError as error:
        raise TypeError(f"{described}: {error}") from None


def _on_values(partial: Callable[..., Any], described: str, name: str) -> Callable[..., Any]:
    def of_values(*operands: Any) -> Any:
        try:
            return partial(*operands)
        except TypeError as error:
            if tracer() is not None:
                return _as_primitive(name, operands)
            raise TypeError(
                f"{described} can't be differentiated again: {error}. Write it with arithmetic "
                "and the functions of autograd_scalar, or make it a custom function itself"
            ) from error
        except (ArithmeticError, ValueError) as error:
            raise RuntimeError(f"{described}: {_told(partial, error)}") from error

    return of_values
