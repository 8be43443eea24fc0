"""Special points: what the table says where a derivative does not exist, or is infinite."""

import math

import pytest
from high_precision import ROWS, one_sided_slopes, value_of

from autograd_scalar import Value, hypot, maximum, minimum, relu, sqrt, where
from autograd_scalar.engine.value import record
from autograd_scalar.table.registry import OPCODES

KINKS = [(row, kink) for row in ROWS for kink in row.kinks]


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def name_kink(case):
    return getattr(case, "name", None) or str(case.at)


@pytest.mark.parametrize(("row", "kink"), KINKS, ids=name_kink)
def test_partials_at_a_kink_are_those_listed(row, kink):
    v = record(OPCODES[row.name], *map(Value, kink.at))
    assert len(kink.partials) == len(v.partials)
    assert all(map(same, v.partials, kink.partials))


@pytest.mark.parametrize(("row", "kink"), KINKS, ids=name_kink)
def test_a_listed_partial_lies_between_the_slopes_on_the_two_sides(row, kink):
    for i, partial in enumerate(kink.partials):
        slopes = one_sided_slopes(value_of(row), kink.at, i)
        if math.isnan(partial):
            assert len(slopes) < 2 or any(map(math.isinf, slopes))
        else:
            assert min(slopes) <= partial <= max(slopes)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_at_its_samples_a_primitive_has_finite_partials(row):
    kinks = {kink.at for kink in row.kinks}
    for sample in {*row.samples} - kinks:
        v = record(OPCODES[row.name], *map(Value, sample))
        assert all(map(math.isfinite, v.partials))


def gradient(function, *numbers):
    leaves = [Value(x) for x in numbers]
    function(*leaves).backward()
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize(
    ("function", "at"),
    [(Value.sqrt, 0.0), (Value.cbrt, 0.0), (Value.asin, 1.0), (Value.acosh, 1.0)],
)
def test_a_value_does_not_fail_because_its_derivative_is_infinite(function, at):
    v = Value(at)
    out = function(v)
    assert math.isfinite(out.data)
    out.backward()
    assert v.grad == math.inf


@pytest.mark.parametrize(
    ("exponent", "slope"), [(0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0), (0.5, math.inf), (1.5, 0.0)]
)
def test_powers_of_zero(exponent, slope):
    assert gradient(lambda x: x**exponent, 0.0) == [slope]


def test_zero_to_the_zero_is_one_and_constant_in_its_base():
    x = Value(0.0)
    y = x**0
    y.backward()
    assert (y.data, x.grad) == (1.0, 0.0)


def test_zero_has_no_negative_power():
    with pytest.raises(ZeroDivisionError, match=r"pow: .* got x = 0\.0 \('base'\), y = -1\.0"):
        Value(0.0, "base") ** -1


@pytest.mark.parametrize(
    ("number", "exponent"), [(-8.0, 1 / 3), (-0.5, -0.5), (-1e300, 0.1), (-2.0, 1024.5)]
)
def test_a_negative_base_has_no_root_and_never_a_complex_one(number, exponent):
    for attempt in (lambda: Value(number) ** exponent, lambda: number ** Value(exponent)):
        with pytest.raises(ValueError, match=r"^pow: .* got x = -"):
            attempt()


def test_whole_powers_of_negative_numbers_exist_and_their_exponent_has_no_derivative():
    x, n = Value(-2.0), Value(3.0)
    y = x**n
    y.backward()
    assert (y.data, x.grad) == (-8.0, 12.0)
    assert math.isnan(n.grad)


def test_the_exponent_of_zero_has_derivative_zero_while_positive():
    assert gradient(lambda x, y: x**y, 0.0, 2.5) == [0.0, 0.0]


def test_a_length_at_the_origin_has_derivative_zero():
    assert gradient(hypot, 0.0, 0.0) == [0.0, 0.0]


def test_ties_share_the_derivative():
    assert gradient(maximum, 2.0, 2.0) == [0.5, 0.5]
    assert gradient(minimum, 2.0, 2.0) == [0.5, 0.5]
    # n-ary by composition: the last pair ties, then what came before it does.
    assert gradient(maximum, 2.0, 2.0, 2.0) == [0.25, 0.25, 0.5]


def test_the_untaken_branch_of_where_does_not_poison_the_gradient():
    assert gradient(lambda x: where(x > 0, sqrt(x), 3 * x), 0.0) == [3.0]
    assert gradient(lambda x: where(x > 0, 1 / (x + 1e-320), x), 0.0) == [1.0]
    # The safe side may use what the unsafe side uses.
    assert gradient(lambda x: where(x > 0, sqrt(x) * x, x) + x, 0.0) == [2.0]


@pytest.mark.parametrize(
    "select",
    [
        lambda bad, good: maximum(bad - 1, good),
        lambda bad, good: minimum(bad + 1, good),
        lambda bad, good: relu(bad - 1) + good,
        lambda bad, good: bad.floor() + good,
        lambda bad, good: bad**0 + good,
        lambda bad, good: where(bad < 0, bad * bad, good),
    ],
    ids=["maximum", "minimum", "relu", "floor", "power 0", "where"],
)
def test_an_edge_that_the_value_does_not_depend_on_carries_no_nan(select):
    assert gradient(lambda x: select(sqrt(x), 2 * x), 0.0) == [2.0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x**0.5,
        lambda x: sqrt(x) ** 2,
        lambda x: sqrt(x * x),
        lambda x: abs(sqrt(x)),
        lambda x: hypot(sqrt(x), sqrt(x)),
    ],
    ids=["x * x**0.5", "sqrt(x)**2", "sqrt(x*x)", "abs(sqrt(x))", "hypot of roots"],
)
def test_zero_times_infinity_is_nan_and_never_guessed(function):
    assert math.isnan(gradient(function, 0.0)[0])


def test_the_ways_around_zero_times_infinity():
    assert gradient(lambda x: x**1.5, 0.0) == [0.0]
    assert gradient(lambda x: hypot(x, 0.0), 0.0) == [0.0]
    assert gradient(lambda x: where(x > 0, x * x**0.5, 0.0), 0.0) == [0.0]


@pytest.mark.parametrize("function", [abs, sqrt, lambda x: x * x, lambda x: hypot(x, 1.0)])
def test_nan_goes_through_to_value_and_gradient(function):
    x = Value(math.nan)
    y = function(x)
    y.backward()
    assert math.isnan(y.data)
    assert math.isnan(x.grad)
