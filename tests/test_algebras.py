"""A compiled function in any algebra: the same function, with that algebra's numbers."""

import contextlib
import itertools
import math
import random
from functools import cache, partial
from types import SimpleNamespace
from typing import NamedTuple

import flint
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.special
import sympy
from accuracy import exact
from test_compile import bits, outcome, random_program

from autograd_scalar import (
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
    custom,
    draw,
    erf,
    exp,
    explain,
    grad,
    hessian,
    hypot,
    log,
    maximum,
    nn,
    primitive,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    where,
)
from autograd_scalar.engine.value import record, toposort
from autograd_scalar.table.registry import KERNELS, OPCODES, TABLE
from autograd_scalar.tape.algebras import LackingFunctionError, UndecidedError

ROWS = [row for row in TABLE if row.samples]
X, Y = sympy.symbols("x y", real=True)

# Compiling takes longer than the tests do.
jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(autouse=True)
def _float64():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@contextlib.contextmanager
def bits_of_balls(count):
    before = flint.ctx.prec
    flint.ctx.prec = count
    yield
    flint.ctx.prec = before


def all_numbers(result):
    value, slopes = result
    return [value, *slopes]


def of(row):
    count = len(row.arguments)
    return value_and_grad(lambda *v: record(OPCODES[row.name], *v), argnums=tuple(range(count)))


def in_digits(compiled, point, digits):
    with mpmath.workdps(digits):
        return all_numbers(compiled.evaluate(tuple(map(mpmath.mpf, point)), mpmath))


def in_balls(compiled, point, count):
    with bits_of_balls(count):
        return all_numbers(compiled.evaluate(tuple(map(flint.arb, point)), flint.arb))


def ends(ball):
    """The exact midpoint and radius of a ball."""
    parts = [part.man_exp() for part in (ball.mid(), ball.rad())]
    with mpmath.workprec(5000):
        return [mpmath.ldexp(int(mantissa), int(exponent)) for mantissa, exponent in parts]


def encloses(ball, number):
    """Whether a ball has an 80-digit number in it, but for the rounding of the number."""
    middle, radius = ends(ball)
    with mpmath.workprec(5000):
        return abs(number - middle) <= radius + abs(number) * mpmath.mpf("1e-78")


def width(ball, count):
    """In units in the last of `count` bits."""
    middle, radius = ends(ball)
    if not radius:
        return 0.0
    return float(radius / abs(middle)) * 2.0**count if middle else math.inf


def close(found, expected, ulps):
    """Whether a float is as close to another one, or both are NaN."""
    found = float(found)
    if math.isnan(expected) or math.isinf(expected):
        return bits(found) == bits(expected)
    return abs(found - expected) <= ulps * max(math.ulp(expected), 1e-300)


# Every row

#: Which rows are no functions of these namespaces. NumPy's remainder is another one.
WITHOUT = {"numpy": {"erf", "erfc", "gamma", "lgamma", "digamma", "polygamma", "remainder"}}
WITHOUT["jax.numpy"] = {"remainder"}
# SciPy's and JAX's functions of Γ are less exact.
GAMMAS = {"gamma", "lgamma", "digamma", "polygamma"}
#: What XLA computes to fewer digits of huge and tiny numbers, as exp(x·log(2)) or a/(b·c).
FAR_OFF = {"exp2", "logaddexp", "atan2", *GAMMAS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
class TestEveryRow:
    def test_is_the_same_in_floats(self, row):
        compiled = compile(of(row))
        for point in row.samples:
            expected = outcome(lambda *v: all_numbers(compiled(*v)), *point)
            found = outcome(lambda *v: all_numbers(compiled.evaluate(v, math)), *point)
            assert found == expected, point

    def test_in_numpy(self, row):
        compiled = compile(of(row))
        functions = (np, scipy.special) if row.name in WITHOUT["numpy"] - {"remainder"} else np
        expected = [all_numbers(compiled(*point)) for point in row.samples]
        columns = tuple(map(np.array, zip(*row.samples, strict=True)))
        if row.name == "remainder":
            with pytest.raises(LackingFunctionError, match="numpy has no function 'remainder'"):
                compiled.evaluate(columns, functions)
            return
        found = all_numbers(compiled.evaluate(columns, functions))
        ulps = 64 if row.name in GAMMAS else 4
        for i, numbers in enumerate(expected):
            for column, number in zip(found, numbers, strict=True):
                assert close(np.broadcast_to(column, len(expected))[i], number, ulps)

    def test_in_jax_under_jit_and_vmap(self, row):
        if row.name in WITHOUT["jax.numpy"]:
            pytest.skip("JAX has none that is exact")
        compiled = compile(of(row))
        expected = [all_numbers(compiled(*point)) for point in row.samples]
        function = compiled.to_jax()
        columns = tuple(map(jnp.array, zip(*row.samples, strict=True)))
        found = all_numbers(jax.jit(jax.vmap(function))(*columns))
        for i, (point, numbers) in enumerate(zip(row.samples, expected, strict=True)):
            if row.name in FAR_OFF and not all(1e-100 < abs(x) < 100 for x in point):
                continue
            for column, number in zip(found, numbers, strict=True):
                assert close(column[i], number, 64 if row.name in GAMMAS else 8), point

    def test_has_the_digits_of_mpmath(self, row):
        compiled = compile(of(row))
        places = [(), *[(i,) for i in range(len(row.arguments))]]
        for point in row.samples:
            found = in_digits(compiled, point, 50)
            more = in_digits(compiled, point, 80)
            for by, number, better in zip(places, found, more, strict=True):
                assert abs(number - better) <= abs(better) * mpmath.mpf("1e-46"), (point, by)
                known = exact(row, point, by)  # to 25 digits
                if known is not None:
                    with mpmath.workdps(60):
                        error = abs(better - mpmath.mpf(known))
                        assert error <= abs(better) * mpmath.mpf("1e-24"), (point, by)

    @pytest.mark.parametrize("count", [53, 170])
    def test_is_enclosed_by_balls(self, row, count):
        compiled = compile(of(row))
        for point in row.samples:
            balls, numbers = in_balls(compiled, point, count), in_digits(compiled, point, 80)
            for ball, number in zip(balls, numbers, strict=True):
                assert encloses(ball, number), point
                # Next to an end of their domains these move far with their argument.
                if row.name not in ("acos", "acosh") or abs(abs(point[0]) - 1) > 1e-3:
                    assert width(ball, count) <= 100, (point, ball)

    def test_is_a_formula_in_sympy(self, row):
        compiled = compile(of(row))
        for point in row.samples:
            compiled(*point)
        symbols = sympy.symbols(row.arguments, real=True)
        formulas = all_numbers(compiled.evaluate(symbols, sympy))
        for point in row.samples:
            if max(map(abs, point)) > 100 or row.name == "polygamma":
                continue  # SymPy would multiply huge whole numbers out
            given = dict(zip(symbols, map(sympy.Rational, point), strict=True))
            for formula, number in zip(formulas, all_numbers(compiled(*point)), strict=True):
                assert close(sympy.sympify(formula).subs(given).evalf(25), number, 16)


# Random programs


class Program(NamedTuple):
    """A compiled value and gradient, where it is called, what it gives, and its conditions."""

    compiled: object
    point: tuple
    expected: list
    conditions: list


GENTLE = [row for row in ROWS if row.name not in ("polygamma", "remainder", "gamma", "lgamma")]


def on_an_edge(v):
    """Whether some primitive that `v` is computed from jumps, or has a kink, next to here."""

    def is_near(at, opcode):
        before = KERNELS[opcode](*at)
        for i, step in itertools.product(range(len(at)), (1e-9, -1e-9)):
            beside = [*at[:i], at[i] * (1 + step) + step * 1e-3, *at[i + 1 :]]
            try:
                after = KERNELS[opcode](*beside)
            except (ArithmeticError, ValueError):
                return True
            if not np.allclose(after, before, rtol=1e-3, atol=1e-6):
                return True
        return False

    nodes = [each for each in toposort(v) if each.parents]
    return any(is_near([p.data for p in each.parents], OPCODES[each.op]) for each in nodes)


def condition(v):
    """How many times a rounding of what it is computed from may come to count in `v`."""
    v = Value(0.0) + v
    v.backward()
    total = sum(abs(each.grad * each.data) for each in toposort(v))
    return total / abs(v.data) if v.data and math.isfinite(total) else math.inf


@cache
def random_programs(count=200):
    found = []
    seed = 0
    while len(found) < count:
        rng = random.Random(seed)
        seed += 1
        steps = [
            (
                rng.choice([*GENTLE, "if", "loop", "max", "detach"]),
                tuple(rng.randrange(41) for _ in range(3)),
            )
            for _ in range(rng.randrange(1, 7))
        ]
        compiled = compile(value_and_grad(random_program(steps), argnums=(0, 1, 2)))
        point = tuple(rng.uniform(-2.5, 2.5) for _ in range(3))
        try:
            expected = all_numbers(compiled(*point))
        except (ArithmeticError, ValueError):
            continue
        if all(map(math.isfinite, expected)):
            graph = all_numbers(compiled.tape.graph(*point))
            if not any(map(on_an_edge, graph)):
                found.append(Program(compiled, point, expected, list(map(condition, graph))))
    return found


def some(part, parts=5):
    return random_programs()[part::parts]


parts = pytest.mark.parametrize("part", range(5))


def compared(program, found, ulps):
    for number, known, times in zip(found, program.expected, program.conditions, strict=True):
        if times < 1e6:
            assert close(number, known, ulps * times + 1), program


def test_most_random_programs_are_well_conditioned():
    conditions = [each for program in random_programs() for each in program.conditions]
    assert sum(each <= 20 for each in conditions) > len(conditions) / 3


@parts
def test_random_programs_in_floats(part):
    for program in some(part):
        assert bits(all_numbers(program.compiled.evaluate(program.point, math))) == bits(
            program.expected
        )


@parts
def test_random_programs_in_numpy(part):
    for program in some(part):
        found = program.compiled.evaluate(tuple(map(np.float64, program.point)), (np, scipy.special))
        compared(program, all_numbers(found), 8)


@parts
def test_random_programs_in_mpmath_and_in_balls(part):
    for program in some(part):
        found = in_digits(program.compiled, program.point, 50)
        more = in_digits(program.compiled, program.point, 80)
        compared(program, more, 8)
        balls = {count: in_balls(program.compiled, program.point, count) for count in (53, 170)}
        for i, times in enumerate(program.conditions):
            if times < 1e6:
                error = abs(found[i] - more[i])
                assert error <= abs(more[i]) * (times + 1) * mpmath.mpf("1e-48")
            for count in balls:
                assert encloses(balls[count][i], more[i]), program
                assert times > 20 or width(balls[count][i], count) <= 100, program


@parts
def test_random_programs_in_jax(part):
    for program in some(part):
        found = program.compiled.to_jax()(*program.point)
        compared(program, all_numbers(found), 16)


def test_random_programs_under_jit_and_vmap():
    for program in random_programs()[:5]:
        function = jax.jit(jax.vmap(program.compiled.to_jax()))
        found = function(*[jnp.array([x, x]) for x in program.point])
        for i in range(2):
            compared(program, [each[i] for each in all_numbers(found)], 16)


@parts
def test_random_programs_in_sympy(part):
    symbols = sympy.symbols("a b c", real=True)
    for program in some(part):
        formulas = list(map(sympy.sympify, all_numbers(program.compiled.evaluate(symbols, sympy))))
        function = sympy.lambdify(symbols, formulas, "mpmath", cse=True)
        with mpmath.workdps(30):
            compared(program, map(partial(mpmath.re), function(*map(mpmath.mpf, program.point))), 64)
