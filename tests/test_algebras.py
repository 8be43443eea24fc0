"""A compiled function in any algebra: the same function, with that algebra's numbers."""

import contextlib
import itertools
import math
import operator
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
from test_compile import bits, logarithm_or_square, outcome, quotient_or_half, random_program

from autograd_scalar import (
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
    custom,
    draw,
    erf,
    exp,
    explain,
    fmod,
    grad,
    hessian,
    hypot,
    jacobian,
    log,
    maximum,
    nn,
    no_grad,
    primitive,
    remainder,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    where,
)
from autograd_scalar.engine.value import record, toposort
from autograd_scalar.table.registry import KERNELS, OPCODES, TABLE
from autograd_scalar.tape import evaluating
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


def numbers_in(tree, number=lambda x: x):
    leaves = map(np.ravel, jax.tree.leaves(tree))
    return [float(number(each)) for each in itertools.chain(*leaves)]


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
        compiled = compile(of(row))
        expected = [all_numbers(compiled(*point)) for point in row.samples]
        function = compiled.to_jax()
        columns = tuple(map(jnp.array, zip(*row.samples, strict=True)))
        if row.name in WITHOUT["jax.numpy"]:  # JAX has none that is exact
            with pytest.raises(LackingFunctionError, match=f"has no function '{row.name}'"):
                jax.jit(jax.vmap(function))(*columns)
            return
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
        found = program.compiled.evaluate(
            tuple(map(np.float64, program.point)), (np, scipy.special)
        )
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
            compared(
                program, map(partial(mpmath.re), function(*map(mpmath.mpf, program.point))), 64
            )


# Ways through a function


def price(x):
    if x > 1:
        return log(x)
    return x - 1


def slope_of_price():
    slope = compile(grad(price))
    slope(0.5)
    return slope


def test_another_way_is_traced_where_numbers_decide_otherwise():
    slope = slope_of_price()
    assert slope.evaluate((mpmath.mpf(4),), mpmath) == 0.25
    assert slope.evaluate((flint.arb(4),), flint.arb).overlaps(flint.arb("0.25"))
    assert slope.evaluate((4.0,), math) == 0.25
    assert len(slope.tapes) == 2


def test_elements_of_an_array_go_their_own_ways():
    x = np.array([[0.5, 2.0], [4.0, 0.25]])
    for numbers, algebra in ((x, np), (jnp.array(x), jnp)):
        slope = slope_of_price()
        assert slope.evaluate((numbers,), algebra).tolist() == [[1.0, 0.5], [0.25, 1.0]]
        assert len(slope.tapes) == 2


def test_what_depends_on_no_element_is_there_for_each():
    slope = compile(grad(lambda x: x if x > 1 else 2 * x))
    for elements in (np.array([[0.25, 0.5]]), np.array([2.0, 3.0]), np.array([0.5, 2.0])):
        found = slope.evaluate((elements,), np)
        assert found.tolist() == np.where(elements > 1, 1.0, 2.0).tolist()
        assert slope.evaluate((jnp.asarray(elements),), jnp).shape == elements.shape


def test_elements_are_not_taken_apart_where_no_array_was_compiled(monkeypatch):
    slope = compile(grad(lambda x: tanh(x) * x))
    slope(0.5)
    taken = []
    number = evaluating._Leaves._number
    monkeypatch.setattr(
        evaluating._Leaves, "_number", lambda *given: taken.append(given) or number(*given)
    )
    elements = np.linspace(-1.0, 1.0, 1000)
    assert slope.evaluate((elements,), np).shape == elements.shape
    assert len(taken) == 1


def test_an_array_of_weights_may_stand_beside_one_of_elements():
    def line(w, x):
        return w[0] * x + w[1] if x > 0 else w[1]

    weights, elements = np.array([3.0, 0.5]), np.array([1.0, -1.0, 2.0])
    found = compile(line).evaluate((weights, elements), np)
    assert found.tolist() == [line(weights, x) for x in elements]


def test_arrays_are_elementwise_before_a_call_too():
    assert compile(price).evaluate((np.array([]),), np).shape == (0,)
    assert compile(grad(price)).evaluate((np.array([4.0, -1.0]),), np).tolist() == [0.25, 1.0]


def test_what_the_function_raises_for_an_element_is_raised():
    def root(x):
        return sqrt(x) if x < 9 else x

    compiled = compile(root)
    compiled(16.0)
    with pytest.raises(ValueError, match=r"sqrt: sqrt\(x\) needs x >= 0, got x = -1.0"):
        compiled.evaluate((np.array([16.0, 4.0, -1.0])[::2],), np)


def test_a_formula_has_all_ways_that_were_compiled():
    slope = slope_of_price()
    assert slope.evaluate((X,), sympy) == sympy.Piecewise((1, X <= 1), (sympy.nan, True))
    slope(2.0)
    found = slope.evaluate((X,), sympy)
    assert [found.subs(X, at) for at in (-3, 1, 4)] == [1, 1, sympy.Rational(1, 4)]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: 1.0 if x > 1 else 0.0,
        lambda x: (x, 2) if x > 1 else (x, 3),
        lambda x: {"a": x * x, "b": [-0.0]} if x > 1 else {"a": 1.0, "b": [0.0]},
        lambda x: np.array([1.0, x]) if x > 1 else np.array([x, 0.5]),
        lambda x: np.array([1.0, 2.0]) if x > 1 else np.array([3.0, 2.0]),
    ],
    ids=["a constant", "a pair", "a dict", "an array", "an array of constants"],
)
def test_constants_that_only_some_ways_return_are_chosen_too(function):
    compiled = compile(function)
    for x in (0.5, 2.0):
        compiled(x)
    formula = compiled.evaluate((X,), sympy)
    for x in (0.5, 2.0):
        expected = numbers_in(compiled(x))
        assert numbers_in(jax.jit(compiled.to_jax())(x)) == expected
        assert numbers_in(formula, lambda each, x=x: sympy.sympify(each).subs(X, x)) == expected
        elements = compiled.evaluate((np.array([x, 0.5, 2.0]),), np)
        first = [np.asarray(leaf)[..., 0] for leaf in jax.tree.leaves(elements)]
        assert bits(numbers_in(first)) == bits(expected)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: [x, x] if x > 1 else [x, x, x],
        lambda x: [x, [2 * x]] if x > 1 else [[x], 2 * x],
        lambda x: {"a": x, "b": 2 * x} if x > 1 else {"b": x, "a": 2 * x},
        lambda x: (x, "high") if x > 1 else (x, "low"),
        jacobian(lambda x: [x, 1.0] if x > 1 else [1.0, x], sparse=True),
    ],
    ids=["a length", "nesting", "keys", "a text", "a sparse structure"],
)
@pytest.mark.parametrize("given", [X, np.array([0.5, 2.0])], ids=["a formula", "elements"])
def test_no_result_is_chosen_from_ways_that_arrange_theirs_otherwise(function, given):
    compiled = compile(function)
    for x in (0.5, 2.0):
        compiled(x)
    with pytest.raises(TypeError, match="not arranged alike"):
        compiled.evaluate((given,), sympy if given is X else np)


def test_a_sparse_matrix_is_its_entries_and_in_floats_one_of_scipy():
    def function(v):
        return v[0] ** 2 * v[1] + sin(v[2])

    sparse, dense = compile(hessian(function, sparse=True)), compile(hessian(function))
    point = [0.5, -1.5, 2.0]
    expected = np.array(dense(point))
    assert (sparse.evaluate((point,), math).toarray() == expected).all()
    for algebra in (mpmath, np, jnp):
        entries = sparse.evaluate((point,), algebra)
        made = np.zeros(entries.shape)
        made[entries.rows, entries.columns] = [float(each) for each in entries.values]
        np.testing.assert_allclose(made, expected, rtol=1e-14)
    matrix = sparse(point)
    graph = sparse.tape.graph(point)
    assert [each.data for each in graph.values] == [*matrix.data]


def test_a_long_formula_is_warned_of():
    def powers(x):
        for _ in range(1001):
            x = 2.0 * x
        return x

    with pytest.warns(UserWarning, match="computes 1,001 primitives"):
        assert compile(powers).evaluate((X,), sympy).subs(X, 1) == 2**1001


def test_under_jit_a_way_that_was_not_compiled_is_nan():
    slope = slope_of_price()
    x = jnp.array([0.5, 2.0])
    assert np.array_equal(jax.jit(jax.vmap(slope.to_jax()))(x), [1.0, np.nan], equal_nan=True)
    slope(2.0)
    assert jax.jit(jax.vmap(slope.to_jax()))(x).tolist() == [1.0, 0.5]


def test_what_a_ball_does_not_tell_is_an_error_that_names_the_question():
    with pytest.raises(UndecidedError, match=r"in price, line \d+ of .*: `if x > 1:`"):
        slope_of_price().evaluate((flint.arb(1, 0.5),), flint.arb)


def test_numbers_between_two_floats_that_part_are_an_error():
    beside_one = 1 + mpmath.mpf(2) ** -60
    with mpmath.workdps(50), pytest.raises(UndecidedError, match="on the edge between two"):
        compile(price).evaluate((1 + mpmath.mpf(2) ** -100,), mpmath)
    assert beside_one == 1  # in 53 bits there is no such number


def test_what_is_not_known_needs_a_way_that_is_compiled():
    with pytest.raises(ValueError, match=r"decides by its numbers.*in price.*call it once"):
        compile(grad(price)).evaluate((X,), sympy)
    with pytest.raises(ValueError, match=r"call it once with numbers \(log"):
        compile(lambda x: log(x - 100)).evaluate((X,), sympy)
    assert compile(grad(sin)).evaluate((X,), sympy) == sympy.cos(X)


@pytest.mark.parametrize("function", [lambda x: sqrt(-x), lambda x: 1 / (x - x), log])
def test_what_raises_raises_where_numbers_are_single(function):
    x = 0.0 if function is log else 1.0
    compiled = compile(function)
    for number, algebra in ((x, math), (mpmath.mpf(x), mpmath)):
        with pytest.raises((ValueError, ArithmeticError)):
            compiled.evaluate((number,), algebra)


def test_an_error_that_the_function_expects_is_another_way():
    for function, point in ((quotient_or_half, (1.0, 0.0)), (logarithm_or_square, (-2.0,))):
        compiled = compile(function)
        compiled(*[1.5 for _ in point])
        expected = function(*map(Value, point)).data
        assert compiled.evaluate(point, math) == expected
        assert compiled.evaluate(tuple(map(mpmath.mpf, point)), mpmath) == expected


def test_errors_that_are_ignored_are_no_errors():
    compiled = compile(lambda x: where(x > 0, log(x), 0.0), errors="ignore")
    assert compiled.evaluate((mpmath.mpf(-1),), mpmath) == 0


def test_choices_keep_the_branch_that_does_not_exist_out():
    compiled = compile(grad(lambda x: where(x > 0, x * x, 2 * sqrt(x * x + 1))))
    assert compiled.evaluate((mpmath.mpf(-1),), mpmath) == compiled(-1.0)
    assert compiled.evaluate((np.array([-1.0, 2.0]),), np).tolist() == [compiled(-1.0), 4.0]


# Numbers and containers


def test_a_float_of_the_program_stays_the_very_float():
    compiled = compile(lambda x: x * 0.1)
    with mpmath.workdps(60):
        assert compiled.evaluate((mpmath.mpf(1),), mpmath) == mpmath.mpf(0.1) != mpmath.mpf("0.1")
    assert str(compiled.evaluate((X,), sympy)) == "0.1*x"
    assert sympy.Rational(compiled.evaluate((sympy.Integer(1),), sympy)) == sympy.Rational(0.1)
    with bits_of_balls(200):
        assert compiled.evaluate((flint.arb(1),), flint.arb).is_exact()


@pytest.mark.parametrize("x", [0.5, 1.5, 2.5, 3.5, 3.25])
@pytest.mark.parametrize("y", [1.0, -2.0])
def test_a_remainder_in_the_middle_of_two_multiples_is_that_of_the_even_one(x, y):
    compiled = compile(remainder)
    for each in (x * abs(y), -x * abs(y)):
        expected = math.remainder(each, y)
        assert compiled.evaluate((mpmath.mpf(each), mpmath.mpf(y)), mpmath) == expected
        assert compiled.evaluate((flint.arb(each), flint.arb(y)), flint.arb) == expected


@pytest.mark.parametrize("function", [fmod, remainder, operator.mod])
@pytest.mark.parametrize("x", [1e200, -1e200, 7.5e15, 0.7])
def test_a_remainder_of_a_large_quotient_is_exact_in_mpmath(function, x):
    compiled = compile(lambda x, y: function(x, y))
    assert compiled.evaluate((mpmath.mpf(x), mpmath.mpf(3)), mpmath) == compiled(x, 3.0)


def test_what_only_the_algebra_has_no_number_for_is_an_error_and_no_new_way(monkeypatch):
    monkeypatch.setattr(mpmath, "sin", lambda x: mpmath.nan)
    compiled = compile(sin)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"has no finite value, got x = 2\.0"):
            compiled.evaluate((mpmath.mpf(2),), mpmath)
    assert len(compiled.tapes) == 1


def test_a_constant_of_a_rule_has_all_digits():
    curvature = compile(grad(grad(erf)))
    with mpmath.workdps(50):
        x = mpmath.mpf(0.75)
        expected = -4 * x * mpmath.exp(-x * x) / mpmath.sqrt(mpmath.pi)
        assert abs(curvature.evaluate((x,), mpmath) - expected) < mpmath.mpf("1e-48")


def test_a_constant_of_the_program_is_a_float_though_a_rule_has_it():
    compiled = compile(lambda x: x * math.log(2))
    with mpmath.workdps(50):
        assert compiled.evaluate((mpmath.mpf(1),), mpmath) == mpmath.mpf(math.log(2))


@pytest.mark.parametrize(
    ("formula", "function"),
    [
        (1 - sympy.tanh(X) ** 2, tanh),
        (2 * sympy.exp(-(X**2)) / sympy.sqrt(sympy.pi), erf),
        (3 * X**2, lambda x: x**3),
        (X / sympy.sqrt(X**2 + 9), lambda x: hypot(x, 3.0)),
    ],
)
def test_formulas_are_as_in_a_textbook(formula, function):
    compiled = compile(grad(function))
    compiled(0.25)
    assert compiled.evaluate((X,), sympy) == formula


def test_arguments_and_results_are_in_their_containers():
    compiled = compile(lambda p, v, *, by: {"a": (p["x"] * by, [v[0] + v[1]]), "b": v * 2})
    arguments = {"x": 2.0}, np.array([1.0, 3.0])
    expected = compiled(*arguments, by=0.5)
    with mpmath.workdps(30):
        found = compiled.evaluate(
            ({"x": mpmath.mpf(2)}, np.array([mpmath.mpf(1), mpmath.mpf(3)])),
            mpmath,
            by=mpmath.mpf("0.5"),
        )
    assert found["a"] == expected["a"]
    assert found["b"].tolist() == expected["b"].tolist()
    assert type(found["b"]) is np.ndarray
    in_jax = jax.jit(compiled.to_jax())({"x": 2.0}, jnp.array([1.0, 3.0]), by=0.5)
    assert isinstance(in_jax["b"], jax.Array)
    assert in_jax["b"].tolist() == expected["b"].tolist()


def test_an_int_by_itself_is_part_of_the_program():
    compiled = compile(lambda x, n: sum(x**k for k in range(n)))
    assert compiled.evaluate((X, 3), sympy) == X**2 + X + 1
    assert compiled.evaluate((sympy.Integer(2), 3), sympy) == 7


def test_parameters_from_outside_are_read_at_each_call():
    weight = Value.parameter(2.0)
    compiled = compile(lambda x: x * weight)
    assert compiled.evaluate((mpmath.mpf(3),), mpmath) == 6
    weight.data = 5.0
    assert compiled.evaluate((mpmath.mpf(3),), mpmath) == 15


def test_a_network_in_jax():
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    compiled = compile(model)
    points = np.array([[0.5, -1.0], [2.0, 0.25]])
    found = jax.vmap(compiled.to_jax())(jnp.array(points))
    assert np.allclose(found, [compiled(point) for point in points], rtol=1e-14)


def test_jax_differentiates_what_it_is_given():
    def loss(w, x):
        return tanh(w[0] * x + w[1]) ** 2 + maximum(w[0], x)

    w, x = jnp.array([0.5, -0.25]), 2.0
    found = jax.grad(jax.jit(compile(loss).to_jax()))(w, x)
    assert np.allclose(found, grad(loss)([0.5, -0.25], 2.0), rtol=1e-14)


def test_jax_stays_in_its_own_precision():
    assert compile(tanh).to_jax()(jnp.float32(0.5)).dtype == jnp.float32


def test_a_primitive_of_ones_own_is_in_every_algebra():
    if "softsign_in_algebras" not in OPCODES:
        primitive(
            "softsign_in_algebras", "x / (1 + abs(x))", "1 / (1 + abs(x)) ** 2", samples=[(0.7,)]
        )
    softsign = partial(record, OPCODES["softsign_in_algebras"])
    compiled = compile(grad(softsign))
    assert compiled.evaluate((mpmath.mpf(1),), mpmath) == 0.25
    assert compiled.evaluate((X,), sympy) == 1 / (1 + abs(X)) ** 2


# Bad input


def twice_erf(x):
    return 2 * erf(x)


def test_a_function_that_is_lacking_is_named_with_its_instruction_and_line():
    said = r"numpy has no function 'erf', which `%\d+ = erf %0`, in twice_erf, line \d+ of "
    with pytest.raises(LackingFunctionError, match=said + "test_algebras.py: `return 2 "):
        compile(twice_erf).evaluate((np.array(0.5),), np)
    assert compile(twice_erf).evaluate((np.array(0.5),), (np, scipy.special)) == twice_erf(0.5)


def test_what_a_derivative_lacks_is_told_with_what_it_is_taken_of():
    gamma = compile(grad(lambda x: record(OPCODES["gamma"], x)))
    some = SimpleNamespace(gamma=math.gamma, __name__="some")
    with pytest.raises(
        LackingFunctionError, match=r"'digamma'.* of a derivative, after in <lambda>"
    ):
        gamma.evaluate((2.0,), some)


def test_a_custom_function_is_taken_from_a_namespace_that_has_it():
    cube = custom(lambda x: x**3, lambda x: 3 * x * x, name="cube_in_algebras")
    compiled = compile(grad(lambda x: x * cube(x)))
    assert compiled.evaluate((2.0,), math) == 32
    with pytest.raises(LackingFunctionError, match="mpmath has no function 'cube_in_algebras'"):
        compiled.evaluate((mpmath.mpf(2),), mpmath)
    own = SimpleNamespace(cube_in_algebras=lambda x: x**3, sin=None, exp=mpmath.exp)
    assert compiled.evaluate((mpmath.mpf(2),), (mpmath, own)) == 32


@pytest.mark.parametrize("given", ["math", None, 3, object(), [], SimpleNamespace(x=1)])
def test_what_is_no_algebra_is_refused(given):
    with pytest.raises(TypeError, match="is no algebra: that is a namespace of functions"):
        compile(sin).evaluate((1.0,), given)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (1.0, "takes the arguments in a tuple"),
        ((Value(1.0),), "on Values, call the function itself"),
        ((1j,), r"args\[0\] is complex 1j"),
        (([1.0, "a"],), r"args\[0\]\[1\] is str 'a', but must be a real number of mpmath"),
        ((sympy.Symbol("x"),), r"args\[0\] is Symbol x, which is no number of mpmath"),
        ((1.0, 2.0), "takes 1 operands, got 2"),
        ((), "takes 1 operands, got 0"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_arguments_that_do_not_fit_are_named(args, message):
    with pytest.raises(TypeError, match=message):
        compile(sin).evaluate(args, mpmath)


def test_a_batch_is_refused():
    with pytest.raises(TypeError, match="evaluate runs one example"):
        compile(sin, batch=0).evaluate((1.0,), math)


# Graphs


def test_the_graph_of_a_derivative_is_explained_and_drawn():
    slope = compile(grad(lambda x: exp(-x * x)))
    slope(2.0)
    graph = slope.tape.graph(2.0)
    assert graph.data == slope(2.0)
    assert "product rule" in explain(graph, "x").text
    assert 'label="x|data 2' in draw(graph).source
    curvature = explain(graph, "x")
    assert math.isclose(curvature.value, grad(grad(lambda x: exp(-x * x)))(2.0), rel_tol=1e-12)


@pytest.mark.parametrize("x", [0.5, 2.0])
def test_a_graph_has_one_of_two_ways_to_compute_a_formula(x):
    slope = compile(grad(tanh))
    slope(x)
    graph = slope.tape.graph(x)
    assert graph.data == slope(x)
    assert "where" not in {each.op for each in toposort(graph)}


def test_a_graph_takes_and_gives_what_the_function_does():
    slopes = compile(grad(lambda w, b: tanh(w[0] * w[1] + b), argnums=(0, 1)))
    expected = slopes([0.5, 1.0], 2.0)
    for given in (([0.5, 1.0], 2.0), (0.5, 1.0, 2.0)):
        (by_first, by_second), by_b = slopes.tape.graph(*given)
        assert ([by_first.data, by_second.data], by_b.data) == expected
        assert {v.label for v in toposort(by_b)} >= {"w[0]", "w[1]", "b"}


def test_numbers_that_go_another_way_have_no_graph_on_this_tape():
    with pytest.raises(ValueError, match="go another way through the function"):
        slope_of_price().tape.graph(3.0)


def test_second_derivatives_are_formulas_too():
    found = compile(hessian(lambda v: v[0] ** 2 * sin(v[1]))).evaluate(([X, Y],), sympy)
    assert found[0] == [2 * sympy.sin(Y), 2 * X * sympy.cos(Y)]


def test_a_tape_is_a_graph_inside_no_grad_too():
    slope = compile(grad(lambda x: exp(x) * x))
    slope(2.0)
    with no_grad():
        found = slope.tape.graph(2.0)
    (x,) = [v for v in toposort(found) if v.label == "x"]
    found.backward()
    assert x.grad == pytest.approx(4.0 * math.exp(2.0), rel=1e-14)  # (x + 2)·eˣ
