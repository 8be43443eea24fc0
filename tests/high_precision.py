"""What the tests compare with: the table's values in high precision, and their slopes.

Knows the value expressions of the table and none of its partials.
"""

import ast
import math
from functools import cache

import mpmath

from autograd_scalar.table.language import evaluate
from autograd_scalar.table.registry import TABLE, functions_of

context = mpmath.MPContext()
real = context.mpf
real.__floordiv__ = lambda x, y: context.floor(x / y)


def erfc(x):
    # Beyond this it is 0 to 400,000 digits, which mpmath would try to work out.
    return context.erfc(x) if x < 1000 else real(0)


def trunc(x):
    return context.floor(x) if x >= 0 else context.ceil(x)


def sign(x):
    # The zero of floats has a sign, and 0.0 is positive.
    return real(1) if x >= 0 else real(-1)


def gamma(x):
    # Beyond this it is more than a float can hold, or less, and long to work out.
    return context.gamma(x) if abs(x) < 1000 else real("1e99999") if x > 0 else real(0)


def log_gamma(x):
    # The logarithm of |Γ|, where mpmath's is complex.
    return context.re(context.loggamma(x))


def polygamma(n, x):
    # The order is whole, and a step next to it is none in the order.
    n = int(context.nint(n))
    if x >= -20:
        return context.polygamma(n, x)
    # Left to itself, mpmath would go back to positive numbers one by one.
    slope = context.diff(lambda t: context.cot(context.pi * t), x, n)
    return (-1) ** n * context.polygamma(n, 1 - x) - context.pi * slope


# Rows say how SymPy spells their functions; most are called so in mpmath, too.
SPELLED = {"Abs": abs, "ceiling": context.ceil, "erfc": erfc, "sign": sign, "gamma": gamma}
SPELLED |= {"loggamma": log_gamma, "polygamma": polygamma, "digamma": lambda x: polygamma(0, x)}


def in_high_precision(row):
    """A function that has no formula in the table, as SymPy spells it."""
    tree = row.spelled(row.sympy)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)}
    functions = {name: SPELLED.get(name) or getattr(context, name) for name in called}

    def function(*arguments):
        return evaluate(tree, dict(zip(row.arguments, arguments, strict=True)), functions)

    return function


ALGEBRA = {row.name: in_high_precision(row) for row in TABLE if row.is_opaque}


@cache
def value_of(row):
    """The row's value as a function of high-precision numbers."""
    functions = functions_of(ALGEBRA)

    def value(*arguments):
        return evaluate(row.value_tree, dict(zip(row.arguments, arguments, strict=True)), functions)

    return value


def precision_for(at):
    """A step tiny next to the numbers and to steps of their quotient, and the digits it needs."""
    sizes = [abs(x) for x in at if x]
    small = math.ceil(-math.log10(min([1.0, *sizes])))
    large = math.ceil(math.log10(max([1.0, *sizes])))
    finest = 60 + 2 * small + large
    return real(10) ** -finest, 50 + 2 * (finest + large)


def _rise(function, at, index, step):
    """The slope from `at` to a point `step` beside it, or None where that leaves the domain."""
    beside = [*at[:index], at[index] + step, *at[index + 1 :]]
    try:
        slope = (function(*beside) - function(*at)) / step
    except (ValueError, ZeroDivisionError):
        return None
    return slope if isinstance(slope, real) else None


def one_sided_slopes(function, at, index):
    """The slopes of `function` by `at[index]` on the two sides, as far as they exist."""
    step, digits = precision_for(at)
    with context.workdps(digits):
        exact = [real(x) for x in at]
        slopes = [_rise(function, exact, index, each) for each in (step, -step)]
    steep = [
        math.copysign(math.inf, slope) if abs(slope) > 1e20 else float(slope)
        for slope in slopes
        if slope is not None
    ]
    return steep


def derivative(function, at, index):
    """∂function/∂at[index] to some 50 digits, or None where the two sides do not agree."""
    slope = _slope(function, at, index, 0)
    # A tiny slope of a number that is not tiny: erf far out.
    return _slope(function, at, index, 350) if slope is not None and abs(slope) < 1e-20 else slope


def _slope(function, at, index, more_digits):
    step, digits = precision_for(at)
    with context.workdps(digits + more_digits):
        exact = [real(x) for x in at]
        right, left = (_rise(function, exact, index, each) for each in (step, -step))
        # A second step size, so that neither jumps nor vertical tangents look smooth.
        shorter = _rise(function, exact, index, -step * 3 / 10)
        if right is None or left is None or shorter is None:
            return None
        tolerance = real("1e-25") * (1 + abs(right))
        if abs(right - left) > tolerance or abs(right - shorter) > tolerance:
            return None
        return (right + left) / 2


ROWS = tuple(TABLE)
