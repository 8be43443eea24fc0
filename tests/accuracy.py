"""How exact every row is: values, first and second derivatives, in every mode, over magnitudes.

`python tests/accuracy.py` sweeps every row and writes what it finds into `docs/trust.md`.
The references are SymPy's derivatives of the table's values, worked out in high precision at
the exact doubles; none of the table's partials is used.
"""

import ast
import itertools
import math
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import sympy
from high_precision import ROWS, context, erfc, log_gamma, polygamma, real, trunc
from sympy.printing.pycode import MpmathPrinter

from autograd_scalar import Value, grad, hessian, hvp, jvp
from autograd_scalar.engine.value import record
from autograd_scalar.table.floats import FLOAT_FUNCTIONS
from autograd_scalar.table.language import evaluate
from autograd_scalar.table.registry import OPCODES, functions_of

LARGEST = sys.float_info.max
#: Units in the last place that are allowed, by the order of the derivative.
LIMITS = (4.0, 4.0, 16.0)
ORDINALS = ("value", "first derivatives", "second derivatives")

PAGE = Path(__file__).parent.parent / "docs" / "trust.md"
START = "<!-- from a sweep of the table, by python tests/accuracy.py -->"
END = "<!-- end of the table -->"
HEAD = """\
| primitive | value | first | second | less exact |
| --- | --- | --- | --- | --- |"""

_DECADES = [*range(-324, -16, 22), *range(-16, -2, 2), *range(-2, 4), *range(4, 17, 2)]
_DECADES += [*range(17, 309, 24), 154, 300, 307]
_SIZES = [5e-324, 1e-310, 2.3e-308, LARGEST, *[1.37 * 10.0**k for k in _DECADES[1:]]]
_EDGES = [0.5, 0.75, 1.0, 2.0, math.pi / 2, math.pi, 1e5 * math.pi, 19.1, 26.5, 28.0, 355.0]
_EDGES += [372.0, 709.5, 745.0, 1.34e154, 2.0**53]
_BESIDE = [0.0, 2.0**-52, -(2.0**-53), 1e-12, -1e-12, 1e-6, -1e-6, 1e-2, -1e-2]
MAGNITUDES = sorted({*_SIZES, *[p * (1 + d) for p in _EDGES for d in _BESIDE]} - {math.inf})
_FEW = [5e-324, 1.37e-310, 1.37e-200, 1.37e-154, 1.37e-100, 1.37e-20, 1.37e-8, 0.3, 0.7, 1.0]
_FEW += [1 + 2.0**-40, 1.5, 3.0, 26.3, 1.37e3, 1.37e8, 1e16, 1.37e100, 1.37e154, 1.37e200, 1.7e308]


def points(row, every=1):
    """Arguments in the row's domain and off its kinks; `every` n-th pair of a binary row's."""
    if len(row.arguments) == 1:
        found = [(s * x,) for x in MAGNITUDES for s in (1.0, -1.0)]
    elif len(row.arguments) == 2:
        pairs = [*itertools.product(_FEW, repeat=2)]
        # Powers of what is next to 1, which only a large exponent moves.
        pairs += [
            (1 + d, t / math.log1p(d))
            for d in (1e-3, -1e-3, 1e-9, -1e-9, 2.0**-50, -(2.0**-50))
            for t in (1.3, -1.3, 300.0, -300.0, 700.0, -700.0)
        ]
        pairs += [(x, x * (1 + d)) for x in (1e-300, 0.7, 1e9, 1e300) for d in (1e-3, 1e-9)]
        signs = [(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)]
        found = [(s * x, t * y) for x, y in pairs for s, t in signs][::every]
    else:
        found = [(c, 1.37e-200, -3.0) for c in (0.0, 5e-324, -1.0)]
    kinks = {kink.at for kink in row.kinks}
    return [at for at in found if at not in kinks and is_inside(row, at)]


def is_inside(row, at):
    names = dict(zip(row.arguments, at, strict=True))
    return not row.domain or eval(row.domain, {"__builtins__": {}}, names)


# References

#: SymPy and mpmath call these the same.
_SHARED = ["exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"]
_SHARED += ["sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "gamma"]


class _Step(sympy.Function):
    """A function that is constant between its jumps."""

    def fdiff(self, argindex=1):
        return sympy.Integer(0)


class _Floor(_Step):
    pass


class _Ceiling(_Step):
    pass


class _Truncated(_Step):
    pass


class _Nearest(_Step):
    pass


def _symbolic(row, at):
    """The row's value near `at` as a SymPy expression of its arguments."""
    symbols = sympy.symbols(row.arguments)

    def abs_(x):
        return x if sign_of[x] > 0 else -x

    numbers = dict(zip(row.arguments, at, strict=True))
    by_name = dict(zip(row.arguments, symbols, strict=True))
    sign_of = {s: math.copysign(1.0, x) for s, x in zip(symbols, at, strict=True)}
    third = sympy.Rational(1, 3)
    algebra = {
        **{name: getattr(sympy, name) for name in _SHARED},
        "abs": abs_,
        "cbrt": lambda x: x**third if sign_of[x] > 0 else -((-x) ** third),
        "expm1": lambda x: sympy.exp(x) - 1,
        "log1p": lambda x: sympy.log(1 + x),
        "log2": lambda x: sympy.log(x) / sympy.log(2),
        "log10": lambda x: sympy.log(x) / sympy.log(10),
        "exp2": lambda x: 2**x,
        "lgamma": sympy.loggamma,
        "digamma": lambda x: sympy.polygamma(0, x),
        "polygamma": sympy.polygamma,
        "hypot": lambda x, y: sympy.sqrt(x * x + y * y),
        "floor": _Floor,
        "ceil": _Ceiling,
        "trunc": _Truncated,
    }
    if row.name in ("floordiv", "mod", "fmod", "remainder", "copysign"):
        x, y = symbols
        return {
            "floordiv": _Floor(x / y),
            "mod": x - y * _Floor(x / y),
            "fmod": x - y * _Truncated(x / y),
            "remainder": x - y * _Nearest(x / y),
            "copysign": abs_(x) * int(sign_of[y]),
        }[row.name]
    if row.name == "logaddexp":
        low, high = sorted(symbols, key=lambda symbol: at[symbols.index(symbol)])
        return high + sympy.log(1 + sympy.exp(low - high))
    if row.name == "pow":
        # mpmath would multiply a huge whole power out; this is the same function.
        (x, y), sign = symbols, sign_of[symbols[0]]
        odd = sign < 0 and math.fmod(at[1], 2.0) != 0
        return (-1 if odd else 1) * sympy.exp(y * sympy.log(int(sign) * x))
    tree = row.value_tree
    while hasattr(tree, "test"):
        tree = tree.body if evaluate(tree.test, numbers, FLOAT_FUNCTIONS) else tree.orelse
    return evaluate(tree, by_name, functions_of(algebra))


def _erf(x):
    # Beyond this it is 1 to 400,000 digits.
    return context.erf(x) if abs(x) < 1000 else context.sign(x)


_FUNCTIONS = {
    **{name: getattr(context, name) for name in [*_SHARED, "mpf", "pi"]},
    "erf": _erf,
    "erfc": erfc,
    "_Floor": context.floor,
    "_Ceiling": context.ceil,
    "_Truncated": trunc,
    "_Nearest": context.nint,
    "loggamma": log_gamma,
    "polygamma": polygamma,
}


def _alike(row, at):
    """A point with the same expression near it."""
    if row.name == "pow":
        return (1.0, 1.0) if at[0] > 0 else (-1.0, math.fmod(at[1], 2.0))
    if any(isinstance(node, ast.IfExp) for node in ast.walk(row.value_tree)):
        return at
    return tuple(math.copysign(1.0, x) for x in at)


@cache
def _compiled(row, at, by):
    expression = _symbolic(row, at)
    for i in by:
        expression = sympy.diff(expression, sympy.Symbol(row.arguments[i]))
    names = {
        each: each for each in (*(step.__name__ for step in _Step.__subclasses__()), "polygamma")
    }
    printer = MpmathPrinter({"fully_qualified_modules": False, "user_functions": names})
    return sympy.lambdify(sympy.symbols(row.arguments), expression, [_FUNCTIONS], printer=printer)


def exact(row, at, by=()):
    """∂…row/∂by at the exact doubles `at`, to 25 digits; None where there is none."""
    tie = row.name in ("maximum", "minimum") and at[0] == at[1]
    if by and (tie or (row.name == "pow" and (at[0] == 0 or (at[0] < 0 and 1 in by)))):
        return None
    if row.name == "polygamma" and 0 in by:
        return None
    function = _compiled(row, _alike(row, at), by)
    found = None
    for digits in (80, 160, 400, 800):
        with context.workdps(digits):
            before, found = found, real(function(*map(real, at)))
            if before and abs(found - before) <= abs(found) * real("1e-25"):
                break
    return found


def ulps(computed, exact):
    """The distance in units in the last place of the exact number."""
    if math.isnan(computed):
        return math.inf
    with context.workdps(60):
        if abs(exact) > LARGEST:
            excess = (abs(exact) - LARGEST) / math.ulp(LARGEST)
            if math.isinf(computed):
                return 0.0 if (computed > 0) == (exact > 0) else math.inf
            return float(excess + abs(abs(real(computed)) - LARGEST) / math.ulp(LARGEST))
        if math.isinf(computed):
            missing = (LARGEST - abs(exact)) / math.ulp(LARGEST) + 0.5
            return float(missing) if (computed > 0) == (exact > 0) else math.inf
        return float(abs(real(computed) - exact) / math.ulp(float(exact)))


# What the package computes


def computed(row, at):
    """(by, route, number) for the value and every first and second derivative."""
    count = len(at)
    everything = tuple(range(count))

    def function(*arguments):
        return record(OPCODES[row.name], *arguments)

    leaves = [Value(x) for x in at]
    out = function(*leaves)
    out.backward()
    yield (), "value", out.data
    for i, slope in enumerate(grad(function, everything)(*at)):
        unit = tuple(float(i == j) for j in everything)
        yield (i,), "backward", leaves[i].grad
        yield (i,), "grad", slope
        if count == 1 or all(map(math.isfinite, out.partials)):
            yield (i,), "jvp", jvp(function, at, unit)[1]
    curvature = hessian(function, everything)(*at)
    # An infinity meets the zeros of the other directions, and 0 · ∞ is never guessed.
    known = [*out.partials, *itertools.chain(*curvature)]
    finite = all(map(math.isfinite, known))
    for i in everything:
        unit = tuple(float(i == j) for j in everything)
        product = hvp(function, everything)(*at, unit)
        recorded = grad(grad(function, i), everything)(*at)
        for j in everything:
            by = (i, j) if i <= j else (j, i)
            yield by, "hessian", curvature[i][j]
            if finite:
                yield by, "hvp", product[j]
            yield by, "grad of grad", recorded[j]


class Found(NamedTuple):
    """One number, and how far it may be from the exact one."""

    at: tuple
    by: tuple
    route: str
    number: float
    exact: Any
    ulps: float
    allowed: float


def allowed(row, at, out, order):
    """The limit at this point, as far as the row's own facts don't say otherwise."""
    names = {**dict(zip(row.arguments, at, strict=True)), "out": out, **FLOAT_FUNCTIONS}
    wider = [
        fact.ulps
        for fact in row.accuracy
        if order in fact.orders and eval(fact.where or "True", {"__builtins__": {}}, names)
    ]
    return max([LIMITS[order], *wider])


def sweep(row, every=1):
    """What is `Found` at the row's points."""
    for at in points(row, every):
        known = {(): exact(row, at)}
        try:
            results = [*computed(row, at)]
        except OverflowError:
            infinite = math.copysign(math.inf, known[()])
            missed = ulps(infinite, known[()])
            yield Found(at, (), "value", infinite, known[()], missed, LIMITS[0])
            continue
        # A first derivative that overflows takes the second ones with it.
        steep = any(math.isinf(number) for by, _, number in results if len(by) == 1)
        for by, route, number in results:
            if by not in known:
                known[by] = exact(row, at, by)
            if known[by] is not None and not (steep and len(by) == 2):
                limit = allowed(row, at, results[0][2], len(by))
                yield Found(at, by, route, number, known[by], ulps(number, known[by]), limit)


# The page


def facts(row):
    """Where the row is less exact, as the page says it."""
    said = []
    for fact in row.accuracy:
        of = " and ".join(ORDINALS[order] for order in fact.orders)
        bound = "" if math.isinf(fact.ulps) else f", up to {fact.ulps:g}"
        where = f" where `{fact.where}`" if fact.where else ""
        said.append(f"{of}{where}{bound}: {fact.reason}".replace("|", "\\|"))
    return "<br>".join(said)


def limits(row):
    """The limits of values and of first and second derivatives wherever no fact says otherwise."""
    everywhere = [fact for fact in row.accuracy if not fact.where]
    return [
        max([limit, *(fact.ulps for fact in everywhere if order in fact.orders)])
        for order, limit in enumerate(LIMITS)
    ]


def line(row):
    """The row's line of the table: its worst results where no fact is about them."""
    worst = [0.0, 0.0, 0.0]
    for found in sweep(row):
        if found.ulps > found.allowed:
            print(f"{row.name}: {found}", file=sys.stderr)
        order = len(found.by)
        if found.allowed == limits(row)[order]:
            worst[order] = max(worst[order], found.ulps)
    numbers = " | ".join(f"{math.ceil(each * 10) / 10:g}" for each in worst)
    return f"| `{row.name}` | {numbers} | {facts(row)} |"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(START)
    _, after = rest.split(END)
    table = "\n".join([HEAD, *map(line, ROWS)])
    PAGE.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}", encoding="utf-8", newline="\n")
