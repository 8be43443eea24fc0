"""The functions of the table, on plain numbers and on Values alike.

Every row that no operator spells becomes a function of this module with the row's name;
what is composed from them (`softplus`, `logsumexp`, `softmax`) is written out below.
On plain numbers a function returns a float, on Values it records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import reduce
from operator import add, mul
from typing import Any

from ..table.primitives import Primitive
from ..table.registry import OPCODES, TABLE, compile_kernel, compile_value, register
from . import callers
from .calls import add_composed_method, add_methods, as_function
from .numbers import to_float
from .value import Opcode, Value, binary, decided_by, operand, ternary

#: The functions an expression may call, by name: the table's, with Python's `abs`.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


for _opcode, _row in enumerate(TABLE):
    if not _row.operator:
        FUNCTIONS[_row.name] = globals()[_row.name] = as_function(_row, _opcode)


def add_row(row: Primitive) -> Callable[..., Any]:
    """Register a row, and return its function of numbers and Values."""
    opcode = register(row)
    FUNCTIONS[row.name] = as_function(row, opcode)
    return FUNCTIONS[row.name]


def _slope(function: Callable[..., float], at: list[float], index: int) -> float:
    """∂function/∂at[index] by the five-point central difference."""
    step = 1e-3 * max(1.0, abs(at[index]))

    def shifted(steps: int) -> float:
        return function(*at[:index], at[index] + steps * step, *at[index + 1 :])

    return (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (12 * step)


def _check_partials(row: Primitive) -> None:
    function, kernel = compile_value(row), compile_kernel(row)
    for sample in row.samples:
        point = ", ".join(f"{name} = {x!r}" for name, x in zip(row.arguments, sample, strict=True))
        try:
            _, *partials = kernel(*sample)
            slopes = [_slope(function, list(sample), i) for i in range(len(sample))]
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"primitive {row.name!r}: at the sample {point}: {error}") from None
        for name, text, partial, slope in zip(
            row.arguments, row.partials, partials, slopes, strict=True
        ):
            if not math.isclose(partial, slope, rel_tol=1e-6, abs_tol=1e-8):
                raise ValueError(
                    f"primitive {row.name!r}: at {point} the partial by {name}, {text}, gives "
                    f"{partial!r}, but the value's slope is {slope!r}"
                )


def primitive(
    name: str,
    value: str,
    *partials: str,
    samples: Iterable[Iterable[float]],
    arguments: tuple[str, ...] | None = None,
    rule: str = "",
    domain: str = "",
) -> Callable[..., Any]:
    """Add a primitive of your own to the table: one row, and it is like those built in.

    name       a new public identifier
    value      the value, an expression in the arguments
    partials   one expression for each argument, ∂out/∂argument; `out` is the value
    samples    argument tuples at which the row is checked
    arguments  the arguments' names; by default `x`, `y`, `z` as far as there are partials
    rule       what explanations call the rule; by default "derivative of <name>"
    domain     where it is defined, e.g. `"x > 0"`, for error messages and tests

    Returns the function, which works on numbers and Values; Values also get it as a
    method.  Expressions are arithmetic, the functions of the table, and `a if test else
    b` with order comparisons.  Raises `ValueError` for a taken name, an expression
    outside this language, or a partial that differs from the slope of the value at a
    sample.

    >>> from autograd_scalar import Value
    >>> softsign = primitive("softsign", "x / (1 + abs(x))", "1 / (1 + abs(x)) ** 2",
    ...                      samples=[(0.7,), (-2.0,)])
    >>> x = Value(1.0)
    >>> softsign(x).backward()
    >>> x.grad
    0.25
    """
    names = arguments or ("x", "y", "z", *(f"x{i}" for i in range(4, len(partials) + 1)))
    row = Primitive(
        name,
        value,
        partials,
        rule or f"derivative of {name}",
        tuple(tuple(float(number) for number in sample) for sample in samples),
        arguments or tuple(names[: len(partials)]),
        domain,
    )
    if name in FUNCTIONS or hasattr(Value, name):
        raise ValueError(f"primitive {name!r}: the name is taken")
    if not row.samples:
        raise ValueError(f"primitive {name!r}: at least one sample is needed to check it at")
    _check_partials(row)
    function = add_row(row)
    add_methods(row, OPCODES[name])
    return function


_WHERE, _MAXIMUM, _MINIMUM = (OPCODES[name] for name in ("where", "maximum", "minimum"))
_log, _where = FUNCTIONS["log"], FUNCTIONS["where"]
_exp, _log1p, _erfc = FUNCTIONS["exp"], FUNCTIONS["log1p"], FUNCTIONS["erfc"]
_logaddexp = FUNCTIONS["logaddexp"]


def log(x: Any, base: Any = None) -> Any:
    """The logarithm of `x`, natural or to a `base`, on numbers and Values.

    ∂log_a(x)/∂x = 1 / (x ln a): equation (10) of Hinrichs, "Backpropagation – Mathematical
    Background". The base may be a Value too. Needs x > 0 and a base > 0 other than 1; raises
    `ValueError` or `ZeroDivisionError`.

    >>> log(8.0, 2)
    3.0
    """
    return _log(x) if base is None else _log(x) / _log(base)


def where(condition: Any, x: Any, y: Any) -> Any:
    """`x` where the condition is true, else `y`; no derivative flows through the other one.

    Both are computed first, so both must exist; where one doesn't, use `x if … else y`.

    >>> from autograd_scalar import Value
    >>> v = Value(0.0)
    >>> where(v > 0, v.sqrt(), 0.0).backward()
    >>> v.grad
    0.0
    """
    if type(condition) is not Value:
        condition = 1.0 if condition else 0.0
    if type(condition) is Value or type(x) is Value or type(y) is Value:
        # Straight to the engine: what is selected here is selected again and again.
        return ternary(_WHERE, operand(condition, _WHERE), operand(x, _WHERE), operand(y, _WHERE))
    return _where(condition, x, y)


_maximum, _minimum, _hypot = FUNCTIONS["maximum"], FUNCTIONS["minimum"], FUNCTIONS["hypot"]


def _fold(opcode: Opcode, of_two: Callable[..., Any], values: tuple[Any, ...]) -> Any:
    if len(values) == 2:
        if type(values[0]) is Value or type(values[1]) is Value:
            return binary(opcode, operand(values[0], opcode), operand(values[1], opcode))
        return of_two(values[0], values[1])
    if not values or len(values) == 1:
        raise TypeError(f"{of_two.__name__} takes two or more numbers, got {len(values)}")
    return reduce(of_two, values)


def maximum(*values: Any) -> Any:
    """The largest of two or more; two that tie share the derivative half and half.

    >>> maximum(1.0, 3.0, 2.0)
    3.0
    """
    return _fold(_MAXIMUM, _maximum, values)


def minimum(*values: Any) -> Any:
    """The smallest of two or more; two that tie share the derivative half and half.

    >>> minimum(1.0, 3.0, 2.0)
    1.0
    """
    return _fold(_MINIMUM, _minimum, values)


def hypot(*values: Any) -> Any:
    """√(x² + y² + …), the length of a vector, at any size of its coordinates.

    Nothing is squared, so nothing overflows that the length doesn't. At 0, the tip of a cone,
    its derivatives are 0.

    >>> hypot(3 * 2.0**600, 4 * 2.0**600) == 5 * 2.0**600, hypot(2.0, 3.0, 6.0)
    (True, 7.0)
    """
    if len(values) == 2:
        return _hypot(values[0], values[1])
    return reduce(_hypot, values[1:], fabs(values[0])) if values else 0.0


def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """The distance of two points, `hypot` of the differences of their coordinates.

    Raises `ValueError` for points of different dimensions.

    >>> dist([1.0, 2.0], [4.0, 6.0])
    5.0
    """
    start, end = list(p), list(q)
    if len(start) != len(end):
        raise ValueError(f"dist: points of {len(start)} and {len(end)} coordinates")
    return hypot(*[_number(a) - _number(b) for a, b in zip(start, end, strict=True)])


def _number(x: Any) -> Any:
    return x if type(x) is Value else to_float(x)


def _float_of(x: Any) -> float:
    return x.data if type(x) is Value else to_float(x)


def fabs(x: Any) -> Any:
    """|x|, Python's `abs` as a float or a Value.

    >>> fabs(-3)
    3.0
    """
    return abs(_number(x))


def prod(values: Iterable[Any], *, start: Any = 1.0) -> Any:
    """The product of the values, which zeros among them don't keep from being differentiated.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    return reduce(mul, map(_number, values), _number(start))


def fsum(values: Iterable[Any]) -> Any:
    """The sum of the values as if it were rounded once, whatever their sizes and order.

    Python's `math.fsum`; the derivative with respect to each of them is 1.

    >>> fsum([1e100, 1.0, -1e100])
    1.0
    """
    sequence = list(map(_number, values))
    numbers = [_float_of(each) for each in sequence]
    exact = math.fsum(numbers)
    if not any(type(each) is Value for each in sequence):
        return exact
    total = reduce(add, sequence)
    # What rounding took away is given back; once is enough where it was not much.
    while math.isfinite(total.data) and total.data != exact:
        total = total + (exact - total.data)
    return total


def degrees(x: Any) -> Any:
    """An angle in radians as degrees.

    >>> degrees(math.pi)
    180.0
    """
    return _number(x) * (180 / math.pi)


def radians(x: Any) -> Any:
    """An angle in degrees as radians.

    >>> radians(180.0) == math.pi
    True
    """
    return _number(x) * (math.pi / 180)


def clamp(x: Any, low: Any = None, high: Any = None) -> Any:
    """`x`, but `low` where it is less than that, and `high` where it is more.

    Outside the bounds the derivative with respect to `x` is 0. Either bound may be left out, and
    both may be Values; on a bound, `x` and the bound share the derivative half and half, as those
    that tie in `maximum` and `minimum` do.

    >>> clamp(3.0, 0.0, 1.0), clamp(-3.0, 0.0), clamp(0.5, high=1.0)
    (1.0, 0.0, 0.5)
    """
    x = _number(x)
    if low is not None:
        x = _maximum(x, low)
    return x if high is None else _minimum(x, high)


_pow = as_function(TABLE[OPCODES["pow"]], OPCODES["pow"])
FUNCTIONS.update(abs=abs, pow=_pow, log=log, where=where, maximum=maximum, minimum=minimum)

# Stable at any size: where there are two forms, they are the same function, so that derivatives
# of any order agree where they meet, and each is used where nothing cancels, neither in its
# value nor in its derivatives.


def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), right at any size of `x`; σ′ = σ(1 − σ) comes out of its primitives.

    >>> sigmoid(0.0), sigmoid(-1000.0), sigmoid(1000.0)
    (0.5, 0.0, 1.0)
    """
    if type(x) is not Value:
        x = to_float(x)
    if x < -37:
        power = _exp(x)
        return power / (1 + power)
    return 1 / (1 + _exp(-x))


def softplus(x: Any) -> Any:
    """log(1 + eˣ), right at any size of `x`; its derivative is the sigmoid.

    >>> softplus(1000.0), softplus(-1000.0)
    (1000.0, 0.0)
    """
    if type(x) is not Value:
        x = to_float(x)
    return x + _log1p(_exp(-x)) if x > 0 else _log1p(_exp(x))


def silu(x: Any) -> Any:
    """x σ(x), which is also called swish: `x` times its `sigmoid`.

    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning".

    >>> silu(0.0), silu(1000.0)
    (0.0, 1000.0)
    """
    return x * sigmoid(x)


def gelu(x: Any) -> Any:
    """x Φ(x), with Φ the distribution function of the normal distribution.

    Hendrycks and Gimpel, "Gaussian error linear units"; exact, not by its approximation with
    tanh.

    >>> gelu(0.0), gelu(100.0)
    (0.0, 100.0)
    """
    x = _number(x)
    return x * (0.5 * _erfc(-math.sqrt(0.5) * x))


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """`x`, but `slope` times `x` below 0; the derivative at 0 is 1, as that of `relu`.

    >>> leaky_relu(3.0), leaky_relu(-3.0, 0.5)
    (3.0, -1.5)
    """
    x = _number(x)
    return where(x < 0, slope * x, x)


def _numbers(name: str, values: Iterable[Any]) -> tuple[list[Any], list[Any], int]:
    """The values, what they are as numbers, and the place of the largest."""
    sequence: list[Any] = [each if type(each) is Value else to_float(each) for each in values]
    if not sequence:
        raise ValueError(f"{name} of an empty sequence is not defined")
    numbers: list[Any] = [decided_by(each) for each in sequence]
    return sequence, numbers, numbers.index(max(numbers))


def _outweighs(place: int, numbers: list[Any]) -> bool:
    """Whether e^x of the largest is at least the sum of the others'."""
    largest = numbers[place]
    others = numbers[:place] + numbers[place + 1 :]
    return bool(reduce(add, [_exp(x - largest) for x in others], 0.0) <= 1.0)


def _powers(sequence: list[Any], place: int) -> list[Any]:
    """e^(x − largest) of all but the largest, which counts as a Value here.

    One value alone depends on no other: then this is a 0 without a derivative.
    """
    largest = sequence[place]
    others = [_exp(x - largest) for i, x in enumerate(sequence) if i != place]
    return others or [where(False, largest, 0.0)]


def logsumexp(values: Iterable[Any]) -> Any:
    """log(Σ e^xᵢ), right at any size of the xᵢ; its gradient is their softmax.

    Of two it is `logaddexp`. If the largest is infinite, this is their `maximum`. Raises
    `ValueError` for an empty sequence.

    >>> logsumexp([1000.0, 1000.0]) == 1000.0 + log(2.0)
    True
    """
    given = list(values)
    if len(given) == 2:
        return _logaddexp(given[0], given[1])
    sequence, numbers, place = _numbers("logsumexp", given)
    largest = numbers[place]
    if _outweighs(place, numbers):
        return sequence[place] + _log1p(reduce(add, _powers(sequence, place)))
    if abs(largest) == math.inf:
        return maximum(*sequence)
    return largest + _log(reduce(add, [_exp(x - largest if largest else x) for x in sequence]))


def softmax(values: Iterable[Any]) -> list[Any]:
    """The list of e^xᵢ / Σ e^xⱼ, right at any size of the xᵢ.

    Raises `ValueError` for an empty sequence, and where several infinities are the largest:
    their shares are not defined.

    >>> softmax([1000.0, 1000.0, -1000.0])
    [0.5, 0.5, 0.0]
    """
    sequence, numbers, place = _numbers("softmax", values)
    largest = numbers[place]
    if _outweighs(place, numbers):
        powers = _powers(sequence, place)
        total = 1 + reduce(add, powers)
        powers.insert(place, 1.0)
        return [power / total for power, _ in zip(powers, sequence, strict=False)]
    if abs(largest) == math.inf and numbers.count(largest) > 1:
        raise ValueError(f"softmax is not defined where several values are {largest}")
    powers = [_exp(x - largest) for x in sequence]
    total = reduce(add, powers)
    return [power / total for power in powers]


# Those of one number, and what belongs to it, are methods too, like the functions of the table.
for _composed in (sigmoid, softplus, silu, gelu, leaky_relu, clamp, hypot, degrees, radians, fabs):
    FUNCTIONS[_composed.__name__] = _composed
    add_composed_method(_composed.__name__, _composed)

__all__ = [
    "dist",
    "fsum",
    "logsumexp",
    "primitive",
    "prod",
    "softmax",
    *(name for name in FUNCTIONS if name not in ("abs", "pow")),
]
callers.FUNCTIONS_HERE[:] = __all__


def __getattr__(name: str) -> Any:
    """A function that was added to the table: it is pickled by its name, and found here."""
    if name in OPCODES and name in FUNCTIONS:
        return FUNCTIONS[name]
    raise AttributeError(
        f"no primitive {name!r} is registered here; import the module that makes it first"
    )
