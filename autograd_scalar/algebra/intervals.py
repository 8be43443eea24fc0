"""Between which bounds an expression lies, and which tests that decides: interval arithmetic.

One more interpreter of the table: the value expressions of its rows are followed, branch by
branch. Bounds are rounded outwards, so what is said to hold holds; None says nothing.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

from ..table.floats import CONSTANTS, FLOAT_FUNCTIONS
from ..table.primitives import Primitive
from .trees import PRODUCT, SUM, row_of, same

_LEAST = 5e-324


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`; an infinite bound is none."""

    low: float = -math.inf
    high: float = math.inf

    def joined(self, other: Interval) -> Interval:
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def within(self, other: Interval) -> Interval | None:
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else None


Bounds = Mapping[str, Interval]

ANY = Interval()

# What the values of a function are between, as far as its ends don't show it. That exp is
# positive holds in mathematics; floats round it to 0 far out, where its slope is 0 too.
_RANGES = {
    "exp": Interval(_LEAST, math.inf),
    "expm1": Interval(-1.0, math.inf),
    "sqrt": Interval(0.0, math.inf),
    "hypot": Interval(0.0, math.inf),
    "abs": Interval(0.0, math.inf),
    "cosh": Interval(1.0, math.inf),
    "acosh": Interval(0.0, math.inf),
    "acos": Interval(0.0, 4.0),
    "erfc": Interval(_LEAST, 2.0),
    "erf": Interval(-1.0, 1.0),
    "tanh": Interval(-1.0, 1.0),
    "sin": Interval(-1.0, 1.0),
    "cos": Interval(-1.0, 1.0),
    "asin": Interval(-2.0, 2.0),
    "atan": Interval(-2.0, 2.0),
    "atan2": Interval(-4.0, 4.0),
}
_RISING = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "asin", "atan", "sinh"),
    *("tanh", "asinh", "acosh", "atanh", "erf", "floor", "ceil", "trunc"),
)
_FALLING = ("acos", "erfc")


def bounds(tree: ast.expr, names: Bounds | None = None) -> Interval:
    """Bounds on the value of an expression wherever it has one.

    names  bounds of the names in it; any real number by default

    >>> bounds(ast.parse("1 + x**2", mode="eval").body)
    Interval(low=1.0, high=inf)
    """
    known: Bounds = names or {}
    match tree:
        case ast.Constant(value=int() | float() as value):
            return Interval(float(value), float(value))
        case ast.Name(id=label):
            if label in known:
                return known[label]
            value = CONSTANTS.get(label, math.nan)
            return Interval(value, value) if math.isfinite(value) else ANY
        case ast.IfExp(test=test, body=body, orelse=orelse):
            answer = proven(test, known)
            sides = [
                bounds(side, narrowed)
                for side, truth in ((body, True), (orelse, False))
                if answer is not (not truth)
                and (narrowed := _where(test, truth, known)) is not None
            ]
            return reduce(Interval.joined, sides) if sides else ANY
        case ast.Call(func=ast.Name(id=function), args=parts) if function in (SUM, PRODUCT):
            of_two = _add if function == SUM else _multiply
            return reduce(of_two, (bounds(part, known) for part in parts))
    found = row_of(tree)
    if found is None:
        return ANY
    row, operands = found
    if row.name == "mul" and same(*operands):
        return _power(bounds(operands[0], known), Interval(2.0, 2.0))
    return _of_row(row, [bounds(each, known) for each in operands])


def proven(test: ast.expr, names: Bounds | None = None) -> bool | None:
    """Whether a test is true, or false, wherever it can be made; None where that is open.

    >>> proven(ast.parse("x**2 + 1 > 0", mode="eval").body)
    True
    """
    known: Bounds = names or {}
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            answer = proven(operand, known)
            return None if answer is None else not answer
        case ast.Compare(left=left, ops=ops, comparators=others):
            answers = [
                _ordered(op, a, b, known)
                for op, (a, b) in zip(ops, pairwise([left, *others]), strict=True)
            ]
            if False in answers:
                return False
            return None if None in answers else True
    value = bounds(test, known)
    if value.low > 0 or value.high < 0:
        return True
    return False if value == Interval(0.0, 0.0) else None


def _ordered(op: ast.cmpop, left: ast.expr, right: ast.expr, known: Bounds) -> bool | None:
    if isinstance(op, ast.Gt | ast.GtE):
        left, right = right, left
    a, b = bounds(left, known), bounds(right, known)
    if isinstance(op, ast.Lt | ast.Gt):
        return True if a.high < b.low else False if a.low >= b.high else None
    return True if a.high <= b.low else False if a.low > b.high else None


def _where(test: ast.expr, truth: bool, names: Bounds) -> Bounds | None:
    """What else is known of the names where a test comes out so; None where it never does."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _where(operand, not truth, names)
        case ast.Compare(left=left, ops=ops, comparators=others) if truth or len(ops) == 1:
            found: Bounds | None = names
            for op, (a, b) in zip(ops, pairwise([left, *others]), strict=True):
                if isinstance(op, ast.Gt | ast.GtE) is truth:
                    a, b = b, a
                for side, limit in (
                    (a, Interval(-math.inf, bounds(b, names).high)),
                    (b, Interval(bounds(a, names).low, math.inf)),
                ):
                    if isinstance(side, ast.Name) and found is not None:
                        rest = bounds(side, found).within(limit)
                        found = None if rest is None else {**found, side.id: rest}
            return found
    return names


def _of_row(row: Primitive, operands: list[Interval]) -> Interval:
    of_row = _ARITHMETIC.get(row.name)
    if of_row is not None:
        return of_row(*operands)
    everything = _RANGES.get(row.name, ANY)
    if row.name == "abs":
        (x,) = operands
        return Interval(max(x.low, -x.high, 0.0), max(-x.low, x.high))
    if row.name in _RISING + _FALLING:
        (x,) = operands
        if row.name == "ceil" and x.low == _LEAST:
            # It would make 1 of what floats have rounded to 0.
            x = Interval(0.0, x.high)
        ends = [_at_end(row.name, end) for end in (x.low, x.high)]
        if row.name in _FALLING:
            ends.reverse()
        return _outwards(*ends).within(everything) or everything
    if isinstance(row.value_tree, ast.IfExp):
        return bounds(row.value_tree, dict(zip(row.arguments, operands, strict=True)))
    return everything


def _at_end(function: str, end: float) -> float:
    """The value at an end, NaN where there is none or it is out of range."""
    try:
        return FLOAT_FUNCTIONS[function](end)
    except (ArithmeticError, ValueError):
        return math.nan


def _outwards(low: float, high: float) -> Interval:
    """Bounds next to two numbers that may be rounded. NaN says nothing; 0 is exact."""
    return Interval(
        -math.inf if math.isnan(low) else math.nextafter(low, -math.inf) if low else 0.0,
        math.inf if math.isnan(high) else math.nextafter(high, math.inf) if high else 0.0,
    )


def _rounded(values: list[float], exact: bool) -> Interval:
    low, high = min(values), max(values)
    if any(map(math.isnan, values)):
        return ANY
    return Interval(low, high) if exact else _outwards(low, high)


def _are_whole(*intervals: Interval) -> bool:
    """Whether sums and products of the bounds are exact."""
    ends = [end for each in intervals for end in (each.low, each.high)]
    return all(math.isinf(end) or (abs(end) < 2**26 and end.is_integer()) for end in ends)


def _add(x: Interval, y: Interval) -> Interval:
    return _rounded([x.low + y.low, x.high + y.high], _are_whole(x, y))


def _negate(x: Interval) -> Interval:
    return Interval(-x.high, -x.low)


def _multiply(x: Interval, y: Interval) -> Interval:
    # No number is infinite, so 0 times a bound that is none is 0.
    products = [a * b if a and b else 0.0 for a in (x.low, x.high) for b in (y.low, y.high)]
    # A product of numbers that aren't 0 isn't either, though it may round to it.
    found = _rounded(products, _are_whole(x, y))
    if x.low > 0 and y.low > 0:
        return Interval(max(found.low, _LEAST), found.high)
    return found


def _divide(x: Interval, y: Interval) -> Interval:
    if y.low < 0 < y.high or y.low == y.high == 0:
        return ANY
    reciprocals = [1 / end if end else math.copysign(math.inf, y.low + y.high) for end in
                   (y.high, y.low)]  # fmt: skip
    whole = all(abs(each) in (0.0, 1.0, math.inf) for each in reciprocals)
    inverse = Interval(*reciprocals) if whole else _outwards(*reciprocals)
    if y.low > 0:
        inverse = Interval(max(inverse.low, _LEAST), inverse.high)
    return _multiply(x, inverse)


def _power(x: Interval, y: Interval) -> Interval:
    if y.low == y.high and y.low.is_integer() and 0 < y.low < 1000:
        n = int(y.low)
        ends = [_integer_power(end, n) for end in (x.low, x.high)]
        if n % 2 == 0:
            least = 0.0 if x.low <= 0 <= x.high else min(ends)
            return _outwards(least, max(ends)).within(_RANGES["abs"]) or _RANGES["abs"]
        return _outwards(*ends)
    if y.low == y.high and y.low.is_integer() and y.low < 0:
        return _divide(Interval(1.0, 1.0), _power(x, _negate(y)))
    if x.low > 0:
        return _RANGES["exp"]
    # Other powers exist for x ≥ 0, and for whole exponents.
    return _RANGES["abs"] if x.low >= 0 else ANY


def _integer_power(x: float, n: int) -> float:
    try:
        return x**n
    except OverflowError:
        return math.copysign(math.inf, x) if n % 2 else math.inf


def _remainder(x: Interval, y: Interval) -> Interval:
    # A remainder has the sign of the divisor.
    if y.low >= 0:
        return Interval(0.0, y.high)
    return Interval(y.low, 0.0) if y.high <= 0 else ANY


def _subtract(x: Interval, y: Interval) -> Interval:
    return _add(x, _negate(y))


_ARITHMETIC: dict[str, Callable[..., Interval]] = {
    "add": _add,
    "sub": _subtract,
    "mul": _multiply,
    "div": _divide,
    "neg": _negate,
    "pow": _power,
    "mod": _remainder,
}
