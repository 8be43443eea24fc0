"""Derivatives of derivatives: against 50 digits, nested in each other, and how large they get."""

import math
from functools import reduce
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from high_precision import ROWS, context, precision_for, real, value_of

import autograd_scalar as ag
from autograd_scalar import (
    Value,
    draw,
    exp,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    relu,
    sin,
    softplus,
    sqrt,
    tanh,
    toposort,
    value_and_grad,
    vjp,
    where,
)
from autograd_scalar.algebra.partials import second_partials
from autograd_scalar.engine.value import record
from autograd_scalar.table.registry import OPCODES
from autograd_scalar.transforms import arithmetic

STEPS = {"floordiv", "mod", "floor", "ceil", "trunc", "where"}
# At 1e-200 the terms of a third derivative overflow, though their sum may not.
SMOOTH = [
    pytest.param(row, at, id=f"{row.name}{at}")
    for row in ROWS
    if row.name not in STEPS
    for at in row.samples
    if min(map(abs, at)) > 1e-100 or row.name == "log" or 0.0 in at
]


def times(count, operator, fun):
    return reduce(lambda f, _: operator(f), range(count), fun)


def exact_derivative(row, at, orders):
    _, digits = precision_for(at)
    with context.workdps(digits):
        x = [real(each) for each in at]
        exact = context.diff(value_of(row), x if len(x) > 1 else x[0], orders)
        return float(exact) if abs(exact) < 1e308 else math.copysign(math.inf, exact)


@pytest.mark.parametrize(("row", "at"), SMOOTH)
def test_derivatives_of_every_primitive_to_third_order(row, at):
    def fun(*arguments):
        return record(OPCODES[row.name], *arguments)

    for order in (1, 2, 3):
        for by in combinations_with_replacement(range(len(at)), order):
            found = reduce(grad, by, fun)(*at)
            orders = tuple(by.count(i) for i in range(len(at)))
            exact = exact_derivative(row, at, orders if len(at) > 1 else order)
            assert found == pytest.approx(exact, rel=1e-13, abs=1e-100)


@pytest.mark.parametrize(("row", "at"), SMOOTH)
def test_the_quick_hessian_is_that_of_the_recorded_gradient(row, at):
    def fun(*arguments):
        return record(OPCODES[row.name], *arguments)

    everything = tuple(range(len(at)))
    quick = hessian(fun, everything)(*at)
    for i in everything:
        recorded = grad(grad(fun, i), everything)(*at)
        assert quick[i] == pytest.approx(recorded, rel=1e-13, abs=1e-100)
        unit = tuple(float(i == j) for j in everything)
        product = hvp(fun, everything)(*at, unit)
        assert product == pytest.approx(recorded, rel=1e-13, abs=1e-100)


def test_every_row_of_the_table_has_second_derivatives_on_floats():
    assert all(isinstance(second_partials(row), tuple) for row in ROWS)


@pytest.mark.parametrize(
    ("fun", "at", "derivatives"),
    [
        (lambda x: x**2, 0.0, [0, 2, 0, 0]),
        (lambda x: x * x, 0.0, [0, 2, 0, 0]),
        (lambda x: x**1, 0.0, [1, 0, 0, 0]),
        (lambda x: x**0, 0.0, [0, 0, 0, 0]),
        (lambda x: x**3, -2.0, [12, -12, 6, 0]),
        (lambda x: x**1.5, 0.0, [0, math.inf, -math.inf]),
        (lambda x: exp(-(x**2)), 0.0, [0, -2, 0, 12]),
        (lambda x: softplus(x), 0.0, [0.5, 0.25, 0, -0.125]),
        (lambda x: tanh(x), 400.0, [0, 0, 0, 0]),
        (lambda x: relu(x), -1.0, [0, 0, 0, 0]),
        (lambda x: abs(x), -1.0, [-1, 0, 0, 0]),
        (lambda x: x // 2 + x % 2, 3.0, [1, 0, 0, 0]),
        (lambda x: 2 / x, 2.0, [-0.5, 0.5, -0.75, 1.5]),
        (lambda x: 2**x, 0.0, [math.log(2) ** k for k in (1, 2, 3, 4)]),
        (lambda x: sqrt(x), 0.0, [math.inf, -math.inf, math.inf]),
        (lambda x: where(x > 0, sqrt(x), 0.0), 0.0, [0, 0, 0, 0]),
        (lambda x: where(x > 0, log(x + 1) / x if x > 0 else x, x * x), 0.0, [0, 2, 0, 0]),
        (lambda x: ag.maximum(x, 0.5) * x, 2.0, [4, 2, 0, 0]),
        (lambda x: ag.hypot(x, 0.0), 0.0, [0, 0, 0]),
    ],
    ids=range(19),
)
def test_special_points_to_fourth_order_in_every_mode(fun, at, derivatives):
    for order, exact in enumerate(derivatives, 1):
        below = times(order - 1, grad, fun)
        assert grad(below)(at) == pytest.approx(exact, rel=1e-15, abs=1e-16)
        assert jvp(below, (at,), (1.0,))[1] == pytest.approx(exact, rel=1e-15, abs=1e-16)
        assert vjp(below, at)[1](1.0)[0] == pytest.approx(exact, rel=1e-15, abs=1e-16)
        assert jacobian(below)(at) == pytest.approx(exact, rel=1e-15, abs=1e-16)
        forward = times(order, lambda f: lambda x: jvp(f, (x,), (1.0,))[1], fun)
        assert forward(at) == pytest.approx(exact, rel=1e-15, abs=1e-16)
        if order > 1:
            below = times(order - 2, grad, fun)
            assert hessian(below)(at) == pytest.approx(exact, rel=1e-15, abs=1e-16)
            assert hvp(below)(at, 1.0) == pytest.approx(exact, rel=1e-15, abs=1e-16)


def test_a_branch_not_taken_stays_out_of_every_direction():
    def fun(v):
        return where(v[0] > 0, sqrt(v[0]) * v[1], v[1] ** 2) + v[0] * v[1]

    at = [0.0, 3.0]
    assert grad(fun)(at) == [3.0, 6.0]
    assert jacobian(lambda v: [fun(v)] * 3)(at) == [[3.0, 6.0]] * 3
    assert jvp(fun, (at,), ([1.0, 1.0],))[1] == 9.0
    assert hessian(fun)(at) == [[0.0, 1.0], [1.0, 2.0]]
    assert hvp(fun)(at, [1.0, 0.0]) == [0.0, 1.0]
    assert jacobian(grad(fun))(at) == [[0.0, 1.0], [1.0, 2.0]]


# Levels


def perturbed(f):
    return grad(lambda x: x * f(x))


@pytest.mark.parametrize(
    "derivative",
    [
        grad,
        lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
        lambda f: lambda x: vjp(f, x)[1](1.0)[0],
        lambda f: lambda x: value_and_grad(f)(x)[1],
        jacobian,
    ],
    ids=["grad", "jvp", "vjp", "value_and_grad", "jacobian"],
)
@pytest.mark.parametrize(
    "outer", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]], ids=["grad", "jvp"]
)
def test_levels_are_not_confused(outer, derivative):
    assert outer(lambda x: x * derivative(lambda y: x + y)(1.0))(1.0) == 1.0
    assert outer(lambda x: x * derivative(lambda y: x * y)(x))(3.0) == 6.0
    assert outer(lambda x: x * derivative(lambda y: x * y)(2.0))(3.0) == 6.0
    assert outer(lambda x: derivative(lambda y: x * y * y)(3.0))(2.0) == 6.0
    assert outer(lambda x: derivative(lambda y: y * y * y)(x))(3.0) == 18.0
    assert outer(lambda x: derivative(lambda y: x)(x))(3.0) == 0.0
    # ForwardDiff.jl#443: the inner function is made by an outer variable.
    three = outer(lambda x: derivative(lambda y: derivative(lambda z: x * y * z)(1.0) * y)(x))
    assert three(3.0) == 12.0


def test_second_order_operators_within_others():
    # d/dx of x · d²/dy² (x y³) at y = x, and of x · d²/dy² of it at y = 2
    assert grad(lambda x: x * hessian(lambda y: x * y**3)(x))(2.0) == 72.0
    assert grad(lambda x: x * hessian(lambda y: x * y**3)(2.0))(2.0) == 48.0
    assert grad(lambda x: hvp(lambda y: y**3)(x, x))(2.0) == 24.0
    assert grad(lambda x: x * hvp(lambda y: x * y**3)(2.0, 5.0))(2.0) == 240.0
    assert hessian(lambda x: grad(lambda y: x * y**3)(x))(2.0) == 36.0
    assert hvp(lambda v: sum(grad(lambda u: u[0] * u[1] ** 2)(v)))([2.0, 3.0], [1.0, 1.0]) == [
        2.0,
        4.0,
    ]


def test_an_unrolled_optimisation_is_differentiated_by_its_step():
    """x ← x - s · 2x, n times, ends at x₀ (1 - 2s)ⁿ."""

    def end(step):
        x = 5.0
        for _ in range(10):
            x = x - step * grad(lambda y: y**2)(x)
        return x

    assert grad(end)(0.1) == pytest.approx(5 * 10 * (1 - 0.2) ** 9 * -2, rel=1e-14)
    long = 5 * (1 - 2e-4) ** 1000
    shorter = lambda step: reduce(  # noqa: E731
        lambda x, _: x - step * grad(lambda y: y**2)(x), range(1000), 5.0
    )
    assert value_and_grad(shorter)(1e-4) == pytest.approx(
        (long, long / (1 - 2e-4) * 1000 * -2), rel=1e-12
    )


def test_laplacian_of_a_network_reaches_its_weights():
    w = [0.5, -1.2]

    def residual(w):
        return hessian(lambda x: tanh(w[0] * x + w[1]))(0.3) ** 2

    found = grad(residual)(w)
    step = 2.0**-17
    for i in (0, 1):
        ahead, behind = ([x + s * (i == j) for j, x in enumerate(w)] for s in (step, -step))
        slope = (residual(ahead) - residual(behind)) / (2 * step)
        assert found[i] == pytest.approx(slope, rel=1e-8)


# Size


def interior(roots):
    return sum(v.kind == "interior" for v in {v for root in roots for v in toposort(root)})


def test_second_derivative_of_a_composition_is_19_operations():
    x = Value(0.7, "x")
    f = exp(sin(x)) ** 3
    df = gradient(f, x, create_graph=True)
    ddf = gradient(df, x, create_graph=True)
    c, s = math.cos(0.7), math.sin(0.7)
    assert ddf.data == pytest.approx(math.exp(3 * s) * (9 * c * c - 3 * s), rel=1e-15)
    # f′ is 3 · e² · e · cos x: to f's own sin and exp come a power, a cosine, three products.
    assert [interior([each]) for each in (f, df, ddf)] == [3, 7, 19]
    assert all(v.op for v in toposort(ddf) if v.kind == "interior")
    assert "cos" in draw(ddf).source


def network(parameters, x, y):
    hidden = [
        tanh(parameters[2 * i] * x + parameters[2 * i + 1] * y + parameters[16 + i])
        for i in range(8)
    ]
    return sum(w * h for w, h in zip(parameters[24:32], hidden, strict=True)) + parameters[32]


def test_hessian_of_a_network_is_2195_operations_for_1089_entries():
    rng = np.random.default_rng(1)
    # Small ones: nearer to 0 than ¾, tanh's partial is computed as 1 - out².
    numbers = (0.4 * rng.normal(size=33)).tolist()
    parameters = [Value(number) for number in numbers]
    loss = (network(parameters, 0.5, -0.3) - 0.2) ** 2
    slopes = gradient(loss, parameters, create_graph=True)
    entries = [gradient(slope, parameters, create_graph=True) for slope in slopes]
    quick = hessian(lambda p: (network(p, 0.5, -0.3) - 0.2) ** 2)(numbers)
    for row, exact in zip(entries, quick, strict=True):
        assert [entry.data for entry in row] == pytest.approx(exact, rel=1e-12)
    counts = interior([loss]), interior(slopes), interior([v for row in entries for v in row])
    assert counts == (59, 115, 2195)


def test_products_with_1_and_sums_with_0_are_not_recorded():
    x = Value(2.0)
    assert gradient(x * 3 + 1, x, create_graph=True).kind == "constant"
    assert gradient(x * x, x, create_graph=True).op == "add"
    assert gradient(-x / 1.0, x, create_graph=True).kind == "constant"
    assert gradient(x**2, x, create_graph=True).op == "mul"
    assert interior([gradient(x**2 + x**1 + 0 * x**3, x, create_graph=True)]) == 2


def test_what_a_product_with_an_infinite_slope_is_not_folded():
    x = Value(0.0)
    slope = gradient(sqrt(x) * 0.0, x, create_graph=True)
    assert math.isnan(slope.data)
    assert math.isnan(gradient(sqrt(x) * 0.0, x))


def test_hessian_vector_product_costs_a_few_sweeps_and_no_matrix():
    """Counted in nodes made: the function is recorded once, however many dimensions."""
    calls = []

    def fun(x):
        calls.append(len(x))
        return (x[1:] * x[:-1] ** 2).sum()

    x = np.linspace(0, 1, 3000)
    vector = np.ones(3000)
    product = hvp(fun)(x, vector)
    assert calls == [3000]
    exact = np.zeros(3000)
    exact[:-1] += 2 * x[1:] + 2 * x[:-1]
    exact[1:] += 2 * x[:-1]
    assert product == pytest.approx(exact, rel=1e-14, abs=1e-14)


# Recorded derivatives fold what needs no node

RECORDED = [
    (arithmetic.add, lambda a, b: a + b),
    (arithmetic.sub, lambda a, b: a - b),
    (arithmetic.mul, lambda a, b: a * b),
    (arithmetic.div, lambda a, b: a / b),
    (arithmetic.power, lambda a, b: a**b),
    (lambda a, b: arithmetic.neg(arithmetic.mul(a, b)), lambda a, b: -(a * b)),
    (lambda a, b: arithmetic.neg(arithmetic.neg(a)), lambda a, b: a + 0 * b),
    (lambda a, b: arithmetic.add(a, arithmetic.neg(b)), lambda a, b: a - b),
    (lambda a, b: arithmetic.sub(0.0, arithmetic.neg(b)), lambda a, b: b + 0 * a),
]


@pytest.mark.parametrize(("folded", "plain"), RECORDED)
@pytest.mark.parametrize("kinds", [(Value, Value), (Value, float), (float, Value), (float, float)])
def test_folding_changes_no_number_and_no_derivative(folded, plain, kinds):
    for a, b in product((2.5, 3.0, 1.0, -1.0, 0.0, 2.0), (-2.0, -1.0, 0.0, 1.0, 2.0)):
        left, right = (kind(x) for kind, x in zip(kinds, (a, b), strict=True))
        leaves = [each for each in (left, right) if type(each) is Value]
        try:
            exact = plain(left, right)
        except ArithmeticError:
            continue
        found = folded(left, right)
        assert number(found) == number(exact)
        if leaves:
            slopes = gradient(found, leaves) if type(found) is Value else [0.0] * len(leaves)
            assert slopes == pytest.approx(gradient(exact, leaves), nan_ok=True)


def number(x):
    return getattr(x, "data", x)


@pytest.mark.parametrize(
    ("fold", "a", "b"),
    [
        (arithmetic.add, 0.0, Value),
        (arithmetic.add, Value, 0.0),
        (arithmetic.sub, Value, 0.0),
        (arithmetic.mul, Value, 1.0),
        (arithmetic.mul, 1.0, Value),
        (arithmetic.div, Value, 1.0),
        (arithmetic.power, Value, 1.0),
    ],
)
def test_what_changes_nothing_is_no_node(fold, a, b):
    v = Value(2.0)
    a, b = (v if each is Value else each for each in (a, b))
    assert fold(a, b) is v


def test_a_minus_sign_is_a_node_and_two_are_none():
    v, w = Value(2.0), Value(3.0)
    minus = arithmetic.neg(v)
    assert arithmetic.neg(minus) is v
    assert arithmetic.sub(0.0, minus) is v
    assert arithmetic.mul(-1.0, minus) is v
    for made in (arithmetic.sub(0.0, v), arithmetic.mul(v, -1.0), arithmetic.mul(-1, v)):
        assert (made.op, made.parents[0] is v) == ("neg", True)
    assert arithmetic.add(w, minus).op == "sub"
    assert arithmetic.add(w, minus).parents[1] is v


def test_what_is_nothing_is_a_number():
    v = Value(2.0)
    assert arithmetic.mul(0.0, v) == arithmetic.mul(v, 0.0) == 0.0
    assert type(arithmetic.mul(0.0, v)) is type(arithmetic.power(v, 0.0)) is float
    assert arithmetic.power(v, 0.0) == 1.0
    # But 0 times an infinity is none.
    assert math.isnan(arithmetic.mul(0.0, Value(math.inf)).data)


@pytest.mark.parametrize(
    ("fold", "a", "b", "ieee"),
    [
        (arithmetic.div, 1.0, 0.0, math.inf),
        (arithmetic.div, -1.0, 0.0, -math.inf),
        (arithmetic.div, 0.0, 0.0, math.nan),
        (arithmetic.power, 0.0, -1.0, math.inf),
        (arithmetic.power, -0.0, -1.0, -math.inf),
        (arithmetic.power, -2.0, 0.5, math.nan),
        (arithmetic.power, 1e200, 2.0, math.inf),
    ],
)
def test_at_a_pole_a_derivative_is_what_ieee_754_says(fold, a, b, ieee):
    for left, right in product((a, Value(a)), (b, Value(b))):
        assert number(fold(left, right)) == pytest.approx(ieee, nan_ok=True)
