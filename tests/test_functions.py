"""Functions on numbers and Values alike, those composed of primitives, and primitives of users."""

import itertools
import math
import random

import pytest
from high_precision import ROWS, context, derivative, real
from hypothesis import given
from hypothesis import strategies as st
from test_primitives import check_at

import autograd_scalar
from autograd_scalar import (
    Value,
    atan2,
    cbrt,
    clamp,
    copysign,
    degrees,
    digamma,
    dist,
    draw,
    exp,
    fabs,
    fmod,
    fsum,
    gelu,
    grad,
    hessian,
    hypot,
    jacobian,
    leaky_relu,
    lgamma,
    log,
    logaddexp,
    logsumexp,
    maximum,
    minimum,
    polygamma,
    primitive,
    prod,
    radians,
    remainder,
    sigmoid,
    silu,
    softmax,
    softplus,
    sqrt,
    tanh,
    toposort,
    where,
)
from autograd_scalar.engine.calls import as_function
from autograd_scalar.engine.functions import FUNCTIONS
from autograd_scalar.generate.reference import primitives_page
from autograd_scalar.generate.stub import functions_stub
from autograd_scalar.table.registry import OPCODES, TABLE

FUNCTION_ROWS = [row for row in ROWS if not row.operator]


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_a_function_gives_a_float_for_numbers_and_the_same_value_for_values(row):
    function = FUNCTIONS[row.name]
    for sample in row.samples:
        number = function(*sample)
        values = [Value(x) for x in sample]
        assert type(number) is float
        recorded = function(*values)
        assert recorded.data == number
        assert recorded.op == row.name
        assert getattr(values[0], row.name)(*values[1:]).data == number
        assert recorded.parents == tuple(values)


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_a_function_is_public_and_says_its_derivative(row):
    function = getattr(autograd_scalar, row.name)
    assert row.name in autograd_scalar.__all__
    table_made = FUNCTIONS[row.name] if row.name in ("log", "where", "hypot") else function
    assert table_made.__doc__
    assert function.__name__ == row.name


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_a_function_refuses_what_is_no_number(row):
    function = FUNCTIONS[row.name]
    count = len(row.arguments)
    for bad in ("3", None, 1j):
        operands = [0.5] * (count - 1) + [bad]
        for others in (operands, [Value(0.5), *operands[1:]] if count > 1 else operands):
            with pytest.raises(TypeError, match=rf"{row.name}\(.*\): a real number is needed, got"):
                function(*others)


@pytest.mark.parametrize("name", ["exp", "fmod", "relu", "atan2"])
def test_functions_take_positions_only(name):
    # Given by name, y and x of atan2 would be easy to swap without anyone noticing.
    row = TABLE[OPCODES[name]]
    with pytest.raises(TypeError, match="keyword"):
        FUNCTIONS[name](**dict.fromkeys(row.arguments, 1.0))


def test_a_wrong_number_of_operands_is_an_error():
    for attempt in (lambda: fmod(1.0), lambda: exp(), lambda: Value(1.0).fmod()):
        with pytest.raises(TypeError, match=r"fmod|exp"):
            attempt()


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_functions_and_methods_refuse_an_operand_too_many_or_too_few(row):
    function, method = as_function(row, OPCODES[row.name]), getattr(Value, row.name)
    for count in {len(row.arguments) - 1, len(row.arguments) + 1}:
        message = rf"{row.name}\(.*\) takes .* operands, got {count}"
        for operands in ([0.5] * count, [Value(0.5)] * count):
            with pytest.raises(TypeError, match=message):
                function(*operands)
        # As a method, hypot takes any number of operands.
        if count and row.name != "hypot":
            with pytest.raises(TypeError, match=message):
                method(*[Value(0.5)] * count)
    with pytest.raises(TypeError, match=r"Value.*float"):
        method(*[0.5] * len(row.arguments))


@pytest.mark.parametrize("call", [exp, Value.exp], ids=["function", "method"])
def test_errors_of_numbers_and_values_read_the_same(call):
    with pytest.raises(OverflowError, match=r"^exp: exp\(x\) overflows a float, got x = 1000\.0$"):
        call(1000.0 if call is exp else Value(1000.0))


def test_the_arguments_of_atan2_are_y_and_x():
    y, x = Value(1.0), Value(-2.0)
    angle = atan2(y, x)
    angle.backward()
    assert angle.data == math.atan2(1.0, -2.0)
    assert math.isclose(y.grad, -2 / 5, rel_tol=1e-15)
    assert math.isclose(x.grad, -1 / 5, rel_tol=1e-15)


@given(st.floats(0.01, 100), st.floats(1.5, 20))
def test_logarithms_to_a_base(x, base):
    v, b = Value(x), Value(base)
    y = log(v, b)
    y.backward()
    assert math.isclose(y.data, math.log(x, base), rel_tol=1e-14, abs_tol=1e-15)
    # d/dx log_a x = 1 / (x ln a), and the same for the base by the quotient rule.
    assert math.isclose(v.grad, 1 / (x * math.log(base)), rel_tol=1e-14)
    slope = -math.log(x) / (base * math.log(base) ** 2)
    assert math.isclose(b.grad, slope, rel_tol=1e-13, abs_tol=1e-15)
    assert log(x, base) == y.data


@pytest.mark.parametrize(
    ("x", "base", "error"),
    [(0.0, 2, ValueError), (2.0, -2, ValueError), (2.0, 1, ZeroDivisionError)],
)
def test_logarithms_need_a_positive_number_and_base(x, base, error):
    with pytest.raises(error):
        log(x, base)
    with pytest.raises(error):
        log(Value(x), base)


def test_pow_of_the_expression_functions_is_never_complex():
    with pytest.raises(ValueError, match="pow"):
        FUNCTIONS["pow"](-8.0, 1 / 3)
    assert FUNCTIONS["pow"](-2.0, 3) == -8.0


def test_maximum_and_minimum_of_many():
    values = [Value(x) for x in (1.0, 5.0, -2.0, 4.0)]
    for function, chosen in ((maximum, 1), (minimum, 2)):
        for v in values:
            v.zero_grad()
        out = function(*values)
        out.backward()
        assert out.data == values[chosen].data
        assert [v.grad for v in values] == [float(i == chosen) for i in range(4)]
    for function in (maximum, minimum):
        with pytest.raises(TypeError, match="takes two or more numbers"):
            function(1.0)


def test_where_takes_plain_conditions_and_values():
    x, y = Value(2.0), Value(3.0)
    assert where(x > y, x, y).data == 3.0
    assert where(x, x, y).data == 2.0
    assert where("nonempty", 1, 2) == 1.0


# Stable at any size

SIZES = [
    *(0.0, 5e-324, 1e-310, 2.0**-1022, 1e-200, 1e-20, 1e-8, 0.1, 0.5, 0.7, 1.0, 2.5, 17.0),
    *(36.99, 37.01, 300.3, 709.5, 745.3, 1e3, 1e8, 1e16, 1e200, math.nextafter(math.inf, 0.0)),
]
NUMBERS = sorted({sign * size for size in SIZES for sign in (1.0, -1.0)})
INFINITIES = [-math.inf, math.inf]


def ulps(actual, exact, of=0.0):
    """How far a float is from a number, in last places of that number, or of a larger one."""
    if math.isinf(float(exact)):
        return 0.0 if actual == float(exact) else math.inf
    unit = math.ulp(max(abs(float(exact)), float(of)))
    return math.inf if math.isnan(actual) else float(abs(real(actual) - exact) / unit)


def exact_logistic(x):
    """softplus, and three derivatives of it: σ, σ(1 − σ), σ(1 − σ)(1 − 2σ)."""
    power = context.exp(-abs(x))
    small, large = power / (1 + power), 1 / (1 + power)
    softplus = max(x, 0) + context.log1p(power)
    slopes = [large if x >= 0 else small, small * large]
    return softplus, *slopes, slopes[1] * (large - small) * (-1 if x > 0 else 1)


@pytest.mark.parametrize("x", NUMBERS)
def test_softplus_and_sigmoid_to_two_last_places_in_two_orders_of_derivative(x):
    with context.workdps(60):
        exact = exact_logistic(real(x))
        for i, function in enumerate((softplus, sigmoid)):
            v = Value(x)
            y = function(v)
            y.backward()
            assert function(x) == y.data == getattr(v, function.__name__)().data
            assert ulps(y.data, exact[i]) <= 2
            assert ulps(v.grad, exact[i + 1]) <= 2
            # 1 − 2σ may come near 0, from numbers that do not.
            assert ulps(grad(grad(function))(x), exact[i + 2], of=exact[2]) <= 8


def test_softplus_and_sigmoid_of_infinities():
    assert [sigmoid(x) for x in INFINITIES] == [grad(softplus)(x) for x in INFINITIES] == [0, 1]
    assert [softplus(x) for x in INFINITIES] == [0, math.inf]
    assert [grad(sigmoid)(x) for x in INFINITIES] == [0, 0]


@pytest.mark.parametrize("function", [sigmoid, softplus])
def test_nan_stays_nan(function):
    assert math.isnan(function(math.nan))


@pytest.mark.parametrize("function", [sigmoid, softplus, lambda x: logsumexp([x])])
def test_composed_functions_refuse_what_is_no_number(function):
    with pytest.raises(TypeError, match="a real number is needed, got str '3'"):
        function("3")


@pytest.mark.parametrize("function", [sigmoid, softplus])
def test_what_is_composed_of_one_number_is_a_method_and_part_of_expressions(function):
    name = function.__name__
    assert FUNCTIONS[name] is getattr(autograd_scalar, name) is function
    graphs = [toposort(made) for made in (function(Value(0.5)), getattr(Value(0.5), name)())]
    assert [v.op for v in graphs[0]] == [v.op for v in graphs[1]]


@pytest.mark.parametrize("x", [-36.9, -1.0, 0.0, 2.0, 30.0])
def test_the_graph_of_a_sigmoid_is_its_formula(x):
    assert [v.op for v in toposort(sigmoid(Value(x))) if v.op] == ["neg", "exp", "add", "div"]


def derivatives(function, x, order):
    for _ in range(order):
        function = grad(function)
    return function(x)


@pytest.mark.parametrize("at", [-37.0, 0.0])
@pytest.mark.parametrize("function", [sigmoid, softplus])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_two_forms_have_the_same_derivatives_where_they_meet(function, at, order):
    below, here, above = (
        derivatives(function, x, order)
        for x in (math.nextafter(at, -math.inf), at, math.nextafter(at, math.inf))
    )
    scale = max(1e-3, abs(here)) if at == 0.0 else abs(here)
    assert abs(below - here) + abs(above - here) <= 1e-12 * scale


def test_softplus_is_log_of_one_plus_exp_where_that_overflows():
    # JAX's users meet it as log(1 + exp(100)) in single precision; double overflows at 710.
    with pytest.raises(OverflowError):
        log(1 + exp(Value(1000.0)))
    x = Value(100.0)
    naive = log(1 + exp(x))
    naive.backward()
    assert (naive.data, x.grad) == (100.0, 1.0)
    assert softplus(100.0) == 100.0


def several_logits():
    """Pairs of all sizes, groups of all sizes, around one large number, and equal ones."""
    chance = random.Random(5)
    pairs = [list(chance.choices(NUMBERS, k=2)) for _ in range(300)]
    groups = [chance.choices(NUMBERS, k=k) for k in (1, 3, 4, 10) for _ in range(30)]
    around = [
        [base + chance.choice([-1, 1]) * chance.choice(SIZES[:16]) for _ in range(k)]
        for base in (0.0, -0.7, 1e3, 1e8, 1e16, -1e16)
        for k in (2, 3, 10)
        for _ in range(6)
    ]
    equal = [[x] * k for x in (0.0, 0.1, -1e16, 1e308) for k in (2, 3, 100)]
    return [*pairs, *groups, *around, *equal]


LOGITS = several_logits()


def rounding(logits):
    """The last places that a share of these logits may be off.

    A difference of logits is rounded, and e to it then wrong by as many last places as it is
    large, as it would be if the logits themselves were off by half of one. e^-746 is 0.
    """
    largest = max(logits)
    return 4 + len(logits) / 2 + max(largest - x for x in logits if largest - x < 746)


def exact_shares(logits):
    """log Σ e^x, the share of each in the sum, and that of all the others."""
    largest = max(logits)
    place = logits.index(largest)
    powers = [context.exp(real(x) - real(largest)) for x in logits]
    others = [sum(powers[:i] + powers[i + 1 :]) for i in range(len(powers))]
    total = 1 + others[place]
    return (
        real(largest) + context.log1p(others[place]),
        [power / total for power in powers],
        [other / total for other in others],
    )


def test_logsumexp_and_softmax_at_any_size():
    with context.workdps(60):
        for logits in LOGITS:
            total, shares, _ = exact_shares(logits)
            allowed = rounding(logits)
            # What cancels between the largest and the logarithm is not to be had.
            assert ulps(logsumexp(logits), total, of=abs(max(logits))) <= allowed, logits
            for slope, share in zip(grad(logsumexp)(logits), shares, strict=True):
                assert ulps(slope, share) <= allowed, logits
            for probability, share in zip(softmax(logits), shares, strict=True):
                assert ulps(probability, share) <= allowed, logits


def test_logits_whose_differences_are_exact_cost_a_few_last_places():
    with context.workdps(60):
        for logits in ([1e16, 1e16 - 4], [64.0, 0.0], [0.0, -500.0, 0.5], [-700.0, 1.0, 0.0]):
            _, shares, _ = exact_shares(logits)
            for slope, share in zip(grad(logsumexp)(logits), shares, strict=True):
                assert ulps(slope, share) <= 4


def test_second_derivatives_of_logsumexp_and_derivatives_of_softmax_at_any_size():
    with context.workdps(60):
        for logits in [each for each in LOGITS if len(each) < 5][::4]:
            _, shares, rest = exact_shares(logits)
            allowed = 2 * rounding(logits)
            second, jacobian_ = hessian(logsumexp)(logits), jacobian(softmax)(logits)
            for i, j in itertools.product(range(len(logits)), repeat=2):
                exact = shares[i] * rest[i] if i == j else -shares[i] * shares[j]
                assert ulps(second[i][j], exact) <= allowed, logits
                assert ulps(jacobian_[i][j], exact) <= allowed, logits


@pytest.mark.parametrize("other", [[0.0], [-0.5, -2.0]])
def test_where_the_largest_comes_to_outweigh_the_others_no_derivative_jumps(other):
    # Where e^x is their sum; the forms of logsumexp and softmax change there.
    at = logsumexp(other)
    for function in (lambda x: logsumexp([x, *other]), lambda x: softmax([x, *other])[0]):
        for order in range(1, 5):
            below, above = (derivatives(function, at + step, order) for step in (-1e-15, 1e-15))
            assert abs(below - above) <= 1e-13


@pytest.mark.parametrize("function", [logsumexp, softmax])
def test_sequences_must_not_be_empty(function):
    with pytest.raises(ValueError, match=f"{function.__name__} of an empty sequence"):
        function([])


@pytest.mark.parametrize(
    "values",
    [[math.nan, 1000.0], [1000.0, math.nan], [1.0, math.nan, 1000.0], [math.inf, math.nan]],
    ids=str,
)
def test_nan_among_logits_is_nan_in_the_result(values):
    assert math.isnan(logsumexp(values))
    assert all(map(math.isnan, softmax(values)))


@pytest.mark.parametrize(
    ("logits", "total", "shares"),
    [
        ([math.inf, 1000.0], math.inf, [1.0, 0.0]),
        ([0.0, math.inf, -math.inf], math.inf, [0.0, 1.0, 0.0]),
        ([-math.inf, 3.0], 3.0, [0.0, 1.0]),
        ([-math.inf, 3.0, 3.0, -math.inf], 3.0 + math.log(2.0), [0.0, 0.5, 0.5, 0.0]),
        ([math.inf], math.inf, [1.0]),
        ([-math.inf], -math.inf, [1.0]),
    ],
    ids=str,
)
def test_infinite_logits_have_the_shares_of_their_limits(logits, total, shares):
    assert logsumexp(logits) == total
    assert grad(logsumexp)(logits) == softmax(logits) == shares
    assert jacobian(softmax)(logits) == hessian(logsumexp)(logits)


@pytest.mark.parametrize(
    "logits", [[math.inf, 0.0, math.inf], [-math.inf, -math.inf]], ids=["largest", "all"]
)
def test_several_infinite_logits_that_are_the_largest(logits):
    assert logsumexp(logits) == maximum(*logits)
    assert grad(logsumexp)(logits) == grad(lambda each: maximum(*each))(logits)
    with pytest.raises(ValueError, match=f"softmax is not defined .* several .* {logits[0]}"):
        softmax(logits)


def test_values_and_plain_numbers_mix_among_logits():
    for logits in ([0.5, 2.0, -1.0], [0.0, 0.0, 0.0], [40.0, 0.0, 1.0]):
        for k in range(3):
            mixed = [Value(x) if i == k else x for i, x in enumerate(logits)]
            total = logsumexp(mixed)
            total.backward()
            assert total.data == logsumexp(logits)
            assert math.isclose(mixed[k].grad, grad(logsumexp)(logits)[k], rel_tol=4e-16)
            assert [p.data for p in softmax(mixed)] == softmax(logits)


@pytest.mark.parametrize("x", [0.0, -3.5])
def test_one_value_alone_has_the_whole_share(x):
    for function, value, slope in ((logsumexp, x, 1.0), (lambda v: softmax(v)[0], 1.0, 0.0)):
        v = Value(x)
        out = function([v])
        out.backward()
        assert (out.data, v.grad) == (value, slope)


@pytest.mark.parametrize(("x", "expected"), [(1000.0, 1.0), (-1000.0, -1.0)])
def test_tanh_is_flat_far_out(x, expected):
    v = Value(x)
    y = tanh(v)
    y.backward()
    assert (y.data, v.grad) == (expected, 0.0)


def test_generators_are_sequences_too():
    numbers = [0.5, -1.0, 2.0]
    assert logsumexp(Value(x) for x in numbers).data == logsumexp(numbers)
    assert [p.data for p in softmax(Value(x) for x in numbers)] == softmax(numbers)


# Activations

ACTIVATIONS = {
    silu: lambda x: x / (1 + context.exp(-x)),
    gelu: lambda x: x * context.erfc(-x / context.sqrt(2)) / 2,
    leaky_relu: lambda x: x if x >= 0 else x * real(0.01),
}


@pytest.mark.parametrize("function", ACTIVATIONS, ids=lambda each: each.__name__)
@pytest.mark.parametrize("x", [-700.0, -30.0, -1.3, -1e-8, 0.3, 2.5, 40.0, 1e200])
def test_activations_and_their_slopes_agree_with_50_digits(function, x):
    with context.workdps(60):
        exact = ACTIVATIONS[function](real(x))
        slope = derivative(ACTIVATIONS[function], (x,), 0)
    v = Value(x)
    out = function(v)
    out.backward()
    assert function(x) == out.data == getattr(v, function.__name__)().data
    # The rounding of what exp is taken of counts as many times as that is large.
    assert math.isclose(out.data, exact, rel_tol=4e-13, abs_tol=1e-300)
    assert math.isclose(v.grad, slope, rel_tol=4e-13, abs_tol=1e-300)


def test_activations_at_0_have_the_slopes_of_their_formulas():
    assert [grad(function)(0.0) for function in (silu, gelu, leaky_relu)] == [0.5, 0.5, 1.0]
    assert grad(lambda x, slope: leaky_relu(x, slope), (0, 1))(-2.0, 0.5) == (0.5, -2.0)


@pytest.mark.parametrize(
    ("x", "value", "slopes"),
    [
        (-1.0, 0.0, (0.0, 1.0, 0.0)),
        (0.5, 0.5, (1.0, 0.0, 0.0)),
        (3.0, 2.0, (0.0, 0.0, 1.0)),
        (2.0, 2.0, (0.5, 0.0, 0.5)),
    ],
)
def test_clamp_passes_on_to_what_it_gives(x, value, slopes):
    assert clamp(x, 0.0, 2.0) == value
    assert grad(clamp, (0, 1, 2))(x, 0.0, 2.0) == slopes
    assert Value(x).clamp(high=2.0).data == min(x, 2.0)
    assert clamp(x) == x


@pytest.mark.parametrize("at", [(1000.0, 990.0), (0.3, 0.3), (-3.0, 700.0), (-0.5, -0.9)])
def test_logaddexp_is_logsumexp_of_two(at):
    assert logaddexp(*at) == logsumexp(at)
    assert grad(logaddexp, (0, 1))(*at) == pytest.approx(softmax(at), rel=1e-15)


@pytest.mark.parametrize("at", [(math.inf, math.inf), (-math.inf, -math.inf), (math.inf, 3.0)])
def test_infinities_that_tie_in_logaddexp_share_as_in_maximum(at):
    assert logaddexp(*at) == maximum(*at)
    assert grad(logaddexp, (0, 1))(*at) == grad(maximum, (0, 1))(*at)


def test_fsum_gives_back_what_every_addition_took_away():
    numbers = [1e19, 1025.0, -1e19, 1.1 - 1025.0, 2.0**-60]
    values = list(map(Value, numbers))
    assert sum(numbers) != math.fsum(numbers)
    assert fsum(values).data == math.fsum(numbers)


# Python's math


def test_a_length_of_many_coordinates_neither_overflows_nor_loses_its_slope():
    for scale in (1e-300, 1.0, 1e300):
        at = [2.0 * scale, -3.0 * scale, 6.0 * scale]
        assert math.isclose(hypot(*at), math.hypot(*at), rel_tol=4e-16)
        slopes = grad(hypot, (0, 1, 2))(*at)
        expected = [2 / 7, -3 / 7, 6 / 7]
        assert all(map(lambda a, b: math.isclose(a, b, rel_tol=1e-15), slopes, expected))
    assert grad(hypot, (0, 1, 2))(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0)
    assert (hypot(), hypot(-2.0), hypot(Value(-2.0)).data) == (0.0, 2.0, 2.0)
    with pytest.raises(OverflowError):
        hypot(1e308, 1e308, 1.7e308)


def test_the_distance_of_two_points():
    p, q = [Value(1.0), 2.0], [4.0, Value(6.0)]
    out = dist(p, q)
    out.backward()
    assert (out.data, p[0].grad, q[1].grad) == (5.0, -3 / 5, 4 / 5)
    assert type(dist([0, 0], [3, 4])) is float
    with pytest.raises(ValueError, match="1 and 2 coordinates"):
        dist([1.0], [1.0, 2.0])


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20))
def test_fsum_is_rounded_once(numbers):
    values = [Value(x) for x in numbers]
    total = fsum(values)
    total.backward()
    assert fsum(numbers) == math.fsum(numbers)
    assert total.data == math.fsum(numbers)
    assert {v.grad for v in values} == {1.0}


def test_a_product_is_differentiated_where_factors_are_0():
    assert prod([3, 4]) == 12.0
    assert prod([], start=2) == 2.0
    assert grad(lambda x: prod(x))([2.0, 0.0, 5.0]) == [0.0, 10.0, 0.0]
    assert grad(lambda x: prod(x))([0.0, 0.0, 5.0]) == [0.0, 0.0, 0.0]


@given(st.floats(-1e6, 1e6), st.floats(0.1, 1e3), st.sampled_from([1.0, -1.0]))
def test_remainders_are_those_of_math_and_differ_by_whole_multiples(x, y, sign):
    for function, reference in ((fmod, math.fmod), (remainder, math.remainder)):
        out = reference(x, sign * y)
        v, w = Value(x), Value(sign * y)
        recorded = function(v, w)
        assert function(x, sign * y) == recorded.data == out
        dx, dy = recorded.partials
        assert dx == 1.0
        assert dy == -round((x - out) / (sign * y))


@pytest.mark.parametrize("x", [-2.5, -0.0, 0.3, 7.0, math.inf])
def test_what_math_has_is_what_it_gives(x):
    assert degrees(x) == math.degrees(x) == Value(x).degrees().data
    assert radians(x) == math.radians(x) == Value(x).radians().data
    assert fabs(x) == math.fabs(x) == Value(x).fabs().data
    assert copysign(x, -1.0) == math.copysign(x, -1.0) == Value(x).copysign(-1.0).data
    assert grad(degrees)(x) == 180 / math.pi
    assert grad(radians)(x) == math.pi / 180


@pytest.mark.parametrize("x", [0.1, 1.0, 1.4616321449683622, 2.5, 30.0, -0.3, -7.7])
def test_derivatives_of_lgamma_of_every_order(x):
    for order in range(1, 6):
        with context.workdps(50):
            exact = context.polygamma(order - 1, real(x))
        assert math.isclose(derivatives(lgamma, x, order), exact, rel_tol=1e-12)


def test_digamma_keeps_its_digits_next_to_its_positive_root():
    root = 1.4616321449683622
    for step in (0.0, 2e-16, -1e-12, 1e-8, 1e-3):
        with context.workdps(50):
            exact = context.digamma(real(root + step))
        assert math.isclose(digamma(root + step), exact, rel_tol=1e-15)


@pytest.mark.parametrize(
    ("function", "at"),
    [(digamma, (0.0,)), (digamma, (-3.0,)), (polygamma, (1, -2.0)), (polygamma, (0.5, 1.0)),
     (polygamma, (-1, 1.0)), (lgamma, (-1.0,))],
)  # fmt: skip
def test_poles_and_orders_that_are_not_whole_are_errors(function, at):
    for operands in (at, tuple(map(Value, at))):
        with pytest.raises(ValueError, match=rf"^{function.__name__}: .* needs .*, got "):
            function(*operands)


def test_orders_beyond_the_largest_are_an_error_and_no_hang():
    with pytest.raises(ValueError, match="n <= 100"):
        polygamma(101, 2.0)
    assert math.isclose(polygamma(100, 2.5), context.polygamma(100, real(2.5)), rel_tol=1e-13)


# Primitives of users


def test_one_row_is_all_a_new_primitive_needs(scratch_table):
    swish = primitive(
        "swish_once",
        "x / (1 + exp(-k * x))",
        "out / x + k * out * (1 - out / x) if x else 0.5",
        "out * (x - out)",
        arguments=("x", "k"),
        samples=[(0.7, 1.5), (-2.0, 0.5)],
        rule="quotient rule",
    )
    row = TABLE[OPCODES["swish_once"]]
    x, k = Value(0.7), Value(1.5)

    # Callable on numbers and Values, and a method.
    assert swish(0.7, 1.5) == swish(x, k).data == x.swish_once(k).data
    assert FUNCTIONS["swish_once"] is swish
    assert swish(x, 1).op == "swish_once"

    # Differentiable.
    swish(x, k).backward()
    for i, v in enumerate((x, k)):
        slope = derivative(lambda x, k: x / (1 + context.exp(-k * x)), (0.7, 1.5), i)
        assert math.isclose(v.grad, slope, rel_tol=1e-14)

    # Drawn, and part of the reference.
    assert "swish_once" in draw(swish(x, k)).source
    assert f"`{row.value}` | ∂/∂x = `{row.partials[0]}`" in primitives_page()
    assert "def swish_once(x: float, k: float, /) -> float:" in functions_stub()

    # Tested by the loop over the table.
    for sample in row.samples:
        check_at(row, sample)

    # Part of what further primitives are written in.
    primitive("twice_swish", "2 * swish_once(x, 1)", "2 * (swish_once(x, 1) / x + "
              "swish_once(x, 1) * (1 - swish_once(x, 1) / x))", samples=[(0.7,)])  # fmt: skip
    check_at(TABLE[OPCODES["twice_swish"]], (0.3,))


def test_the_loop_over_the_table_would_notice_a_wrong_row(scratch_table):
    primitive("nearly", "x * x", "2 * x + 1e-9", samples=[(0.5,)])
    with pytest.raises(AssertionError):
        check_at(TABLE[OPCODES["nearly"]], (0.5,))


@pytest.mark.parametrize(
    ("name", "value", "partials", "options", "message"),
    [
        ("exp", "x", ["1"], {}, "the name is taken"),
        ("data", "x", ["1"], {}, "the name is taken"),
        ("abs", "x", ["1"], {}, "the name is taken"),
        ("my row", "x", ["1"], {}, "public identifier"),
        ("_hidden", "x", ["1"], {}, "public identifier"),
        ("lambda", "x", ["1"], {}, "public identifier"),
        ("ValueError", "x", ["1"], {}, "public identifier"),
        ("pi", "x", ["1"], {}, "public identifier"),
        ("bad", "x", [], {"arguments": ("x",)}, "1 arguments"),
        ("bad", "x", ["1"], {"arguments": ("x", "y")}, "need as many partials, got 1"),
        ("bad", "x + x", ["1", "1"], {"arguments": ("x", "x")}, "different identifiers"),
        ("bad", "exp(exp)", ["1"], {"arguments": ("exp",)}, "different identifiers"),
        ("bad", "out", ["1"], {"arguments": ("out",)}, "different identifiers"),
        ("bad", "x", ["1"], {"arguments": ("x y",)}, "different identifiers"),
        ("bad", "x", ["1"], {"samples": []}, "at least one sample is needed"),
        ("bad", "x", ["1"], {"samples": [(1.0, 2.0)]}, "samples must be tuples of 1"),
        ("bad", "x.real", ["1"], {}, "Attribute is not part of an expression"),
        ("bad", "x", ["y"], {}, "unknown name 'y'"),
        ("bad", "zeta(x)", ["1"], {}, "unknown function 'zeta'"),
        ("bad", "x", ["1"], {"domain": "x >"}, "domain 'x >'"),
        ("bad", "x * x", ["x"], {}, r"at x = 0\.5 the partial by x, x, gives 0\.5, but"),
        ("bad", "x * x", ["-2 * x"], {}, r"the partial by x, -2 \* x, gives -1\.0, but"),
        ("bad", "log(x)", ["1 / x"], {"samples": [(-1.0,)]}, r"at the sample x = -1\.0"),
    ],
)
def test_a_bad_row_is_refused_by_name_and_changes_nothing(name, value, partials, options, message):
    before = list(TABLE)
    with pytest.raises(ValueError, match=f"primitive '{name}': .*{message}"):
        primitive(name, value, *partials, **{"samples": [(0.5,)], **options})
    assert before == TABLE
    assert "bad" not in OPCODES


def test_nested_functions_of_floats_and_values_mix():
    x = Value(2.0)
    y = hypot(sqrt(x), cbrt(8.0)) * maximum(x, 1)
    y.backward()
    # √(x + 4) · x
    assert math.isclose(y.data, 2 * math.sqrt(6), rel_tol=1e-15)
    assert math.isclose(x.grad, math.sqrt(6) + 2 / (2 * math.sqrt(6)), rel_tol=1e-15)
