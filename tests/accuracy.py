"""How exact every row is: values, first and second derivatives, in every mode, over magnitudes.

`python tests/accuracy.py` sweeps every row and writes what it finds into `docs/trust.md`.
The references are SymPy's derivatives of the table's values, worked out in high precision at
the exact doubles; none of the table's partials is used.
"""

import itertools
import math
import sys
from functools import cache
from pathlib import Path

import sympy
from high_precision import ROWS, context, erfc, real
from sympy.printing.pycode import MpmathPrinter

from autograd_scalar import Value, grad, hessian, hvp, jvp
from autograd_scalar.engine.value import record
from autograd_scalar.table.language import evaluate
from autograd_scalar.table.primitives import FLOAT_FUNCTIONS, OPCODES, functions_of

LARGEST = sys.float_info.max
SMALLEST_NORMAL = sys.float_info.min
#: Units in the last place that are allowed, by the order of the derivative.
LIMITS = (4.0, 4.0, 16.0)
ORDINALS = ("value", "first", "second")

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
    return [at for at in found if at not in kinks and _inside(row, at)]


def _inside(row, at):
    names = dict(zip(row.arguments, at, strict=True))
    return not row.domain or eval(row.domain, {"__builtins__": {}}, names)


# References


class _Step(sympy.Function):
    """A function that is constant between its jumps."""

    def fdiff(self, argindex=1):
        return sympy.Integer(0)


class _Floor(_Step):
    pass


class _Ceiling(_Step):
    pass


def _symbolic(row, at):
    """The row's value near `at` as a SymPy expression of its arguments."""
    symbols = sympy.symbols(row.arguments)

    class Near(sympy.Symbol):
        """A symbol that is compared as the number it has at the point."""

    def abs_(x):
        return x if sign_of[x] > 0 else -x

    numbers = dict(zip(row.arguments, at, strict=True))
    by_name = dict(zip(row.arguments, symbols, strict=True))
    sign_of = {s: math.copysign(1.0, x) for s, x in zip(symbols, at, strict=True)}
    third = sympy.Rational(1, 3)
    algebra = {
        **{name: getattr(sympy, name) for name in "exp log sqrt sin cos tan asin acos".split()},
        **{name: getattr(sympy, name) for name in "atan atan2 sinh cosh tanh asinh".split()},
        **{name: getattr(sympy, name) for name in "acosh atanh erf erfc".split()},
        "abs": abs_,
        "cbrt": lambda x: x**third if sign_of[x] > 0 else -((-x) ** third),
        "expm1": lambda x: sympy.exp(x) - 1,
        "log1p": lambda x: sympy.log(1 + x),
        "log2": lambda x: sympy.log(x) / sympy.log(2),
        "log10": lambda x: sympy.log(x) / sympy.log(10),
        "hypot": lambda x, y: sympy.sqrt(x * x + y * y),
        "floor": _Floor,
        "ceil": _Ceiling,
        "trunc": _Floor,
    }
    if row.name in ("floordiv", "mod"):
        x, y = symbols
        return _Floor(x / y) if row.name == "floordiv" else x - y * _Floor(x / y)
    tree = row.value_tree
    while hasattr(tree, "test"):
        tree = tree.body if evaluate(tree.test, numbers, FLOAT_FUNCTIONS) else tree.orelse
    return evaluate(tree, by_name, functions_of(algebra))


def _erfc(x):
    return erfc(x)


_MODULES = [{"_Floor": context.floor, "_Ceiling": context.ceil, "erfc": _erfc}, context]
_FUNCTIONS = {
    name: getattr(context, name)
    for name in "exp log sqrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf mpf pi".split()
}


@cache
def _compiled(row, branch, by):
    at = branch
    expression = _symbolic(row, at)
    for i in by:
        expression = sympy.diff(expression, sympy.Symbol(row.arguments[i]))
    module = {**_FUNCTIONS, **_MODULES[0]}
    printer = MpmathPrinter({"fully_qualified_modules": False})
    return sympy.lambdify(sympy.symbols(row.arguments), expression, [module], printer=printer)


def exact(row, at, by=()):
    """∂…row/∂by at the exact doubles `at`, to 25 digits or more; None where there is none."""
    branch = tuple(math.copysign(1.0, x) if x else 0.0 for x in at)
    if row.name in ("maximum", "minimum", "where"):
        branch = at
    function = _compiled(row, branch, by)
    before = None
    for digits in (80, 160, 400, 800):
        with context.workdps(digits):
            try:
                found = function(*map(real, at))
            except (ZeroDivisionError, ValueError):
                return None
            found = real(found) if not isinstance(found, context.mpc) else None
            if found is None:
                return None
            if before and abs(found - before) <= abs(found) * real("1e-25"):
                return found
            before = found
    return before


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
    finite = all(math.isfinite(each) for line in curvature for each in line)
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


def allowed(row, at, out, order):
    """The limit at this point, as far as the row's own facts say otherwise."""
    names = {**dict(zip(row.arguments, at, strict=True)), "out": out, "abs": abs, "log": math.log}
    limit = LIMITS[order]
    for fact in row.accuracy:
        if order in fact.orders and (
            not fact.where or eval(fact.where, {"__builtins__": {}}, names)
        ):
            limit = max(limit, fact.ulps)
    return limit


def sweep(row, every=1):
    """(at, by, route, computed, exact, ulps, allowed) for every point of the row."""
    for at in points(row, every):
        known = {(): exact(row, at)}
        try:
            results = [*computed(row, at)]
        except OverflowError:
            yield at, (), "value", math.inf, known[()], ulps(math.copysign(math.inf, known[()]), known[()]), 0.0
            continue
        out = results[0][2]
        for by, route, number in results:
            if by not in known:
                known[by] = exact(row, at, by)
            if known[by] is None:
                continue
            yield (
                at, by, route, number, known[by], ulps(number, known[by]),
                allowed(row, at, out, len(by)),
            )


if __name__ == "__main__":
    import time
    names = sys.argv[1:]
    for row in ROWS:
        if names and row.name not in names:
            continue
        t = time.time()
        worst = {}
        bad = {}
        for at, by, route, number, true, error, limit in sweep(row):
            order = len(by)
            worst[order] = max(worst.get(order, (0,)), (error, at, by, route, number, context.nstr(true, 20)), key=lambda z: z[0])
            if error > limit:
                bad.setdefault((by, route if route != "jvp" and route != "grad" else "backward"), []).append((error, at, number, context.nstr(true, 17)))
        print(f"{row.name:10s} {time.time()-t:5.1f}s", *[f"{worst[o][0]:.3g}" for o in sorted(worst)])
        for k, v in bad.items():
            print("    ", k, len(v), *[f"\n          {e:.3g} at {a} got {n} exact {t}" for e, a, n, t in sorted(v, key=lambda z: -z[0])[:3]])
