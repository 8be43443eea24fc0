"""NumPy's scalars, arrays and functions together with Values."""

import math
import operator

import numpy as np
import pytest
from high_precision import ROWS

from autograd_scalar import Value, check_grads, exp, hypot
from autograd_scalar.engine.numpy_methods import NUMPY_METHODS

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow,
              operator.floordiv, operator.mod]  # fmt: skip
SCALARS = [np.float64(3), np.float32(3), np.int64(3), np.int8(3), np.uint16(3), np.longdouble(3)]


def kind_of(scalar):
    return type(scalar).__name__


@pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
@pytest.mark.parametrize("scalar", [*SCALARS, np.array(3.0)], ids=kind_of)
def test_scalars_and_values_make_values(operation, scalar):
    v = Value(2.5, "v")
    for out, expected, place in [
        (operation(v, scalar), operation(v, 3.0), 0),
        (operation(scalar, v), operation(3.0, v), 1),
    ]:
        assert type(out) is Value
        assert (out.data, out.op, out.partials) == (expected.data, expected.op, expected.partials)
        assert out.parents[place] is v


@pytest.mark.parametrize("scalar", SCALARS, ids=kind_of)
def test_values_take_the_numbers_of_numpy_and_hold_python_floats(scalar):
    v = Value(scalar)
    assert (type(v.data), v.data) == (float, 3.0)
    v.data = scalar + 1
    v.grad = scalar
    assert (type(v.data), type(v.grad), v.data, v.grad) == (float, float, 4.0, 3.0)
    v.backward(scalar)
    assert v.grad == 6.0
    assert type(exp(scalar)) is float


@pytest.mark.parametrize("scalar", SCALARS, ids=kind_of)
def test_comparisons_with_scalars_are_bools(scalar):
    v = Value(2.5)
    for answer in (v < scalar, v <= scalar, not v > scalar, not v >= scalar):
        assert answer is True
    assert scalar > v
    assert not scalar < v


def test_a_power_with_a_numpy_integer():
    x = Value(2.0)
    (x ** np.int64(3)).backward()
    assert x.grad == 12.0


@pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
def test_arrays_and_values_work_elementwise(operation):
    v, array = Value(2.5), np.array([[1.5, 2.0], [3.0, 0.5]])
    for out, expected in [
        (operation(v, array), operation(2.5, array)),
        (operation(array, v), operation(array, 2.5)),
    ]:
        assert out.shape == array.shape
        assert all(type(each) is Value for each in out.flat)
        np.testing.assert_array_max_ulp(
            np.array([each.data for each in out.flat]), expected.ravel(), 1
        )


def test_object_arrays_have_arithmetic_sums_means_and_products():
    x = np.array([Value(1.0), Value(2.0), Value(4.0)])
    w = np.array([[0.5, -1.0, 2.0], [1.0, 0.0, 3.0]])
    np.sum((w @ x) ** 2).backward()
    numbers = np.array([v.data for v in x])
    # d/dx Σ (Wx)² = 2 Wᵀ W x
    np.testing.assert_allclose([v.grad for v in x], 2 * w.T @ w @ numbers, rtol=1e-15)
    assert x.mean().data == numbers.mean()
    assert x.prod().data == numbers.prod()
    assert np.dot(x, numbers).data == numbers @ numbers
    assert (x / x.sum()).sum().data == 1.0


@pytest.mark.parametrize("name", ["var", "std"])
def test_variance_and_standard_deviation(name):
    numbers = np.array([1.0, 2.0, 4.0])
    out = getattr(np, name)(np.array([Value(x) for x in numbers]))
    assert math.isclose(out.data, getattr(np, name)(numbers), rel_tol=1e-15)


# NumPy's name, and what stands for it in Python where that is an operator's row.
UFUNCS = [(row, getattr(np, row.alias or row.name, None)) for row in ROWS if not row.is_question]
UFUNCS = [(row, ufunc) for row, ufunc in UFUNCS if isinstance(ufunc, np.ufunc)]
STEPS = {"floor", "ceil", "trunc"}
PICKS = {"maximum", "minimum"}
# `numpy.remainder` is `%`, and the others have no loop over objects.
OTHERWISE = {"remainder", "copysign", "logaddexp"}


def test_numpy_has_most_of_the_table():
    names = {row.name for row, _ in UFUNCS}
    assert {"exp", "log1p", "asin", "atan2", "hypot", "cbrt", "maximum", "abs"} <= names


@pytest.mark.parametrize(
    ("row", "ufunc"),
    [(row, ufunc) for row, ufunc in UFUNCS if row.name not in STEPS | PICKS | OTHERWISE],
    ids=lambda case: getattr(case, "name", ""),
)
def test_numpy_functions_record_on_object_arrays(row, ufunc):
    for sample in row.samples:
        values = [Value(x) for x in sample]
        (out,) = ufunc(*(np.array([v]) for v in values))
        assert out.parents == tuple(values)
        assert out.op == row.name
        assert type(ufunc(*values)) is Value


@pytest.mark.parametrize("name", sorted(PICKS))
def test_numpy_picks_an_operand_itself(name):
    small, large = Value(1.0), Value(2.0)
    (out,) = getattr(np, name)(np.array([small]), np.array([large]))
    assert out is {"maximum": large, "minimum": small}[name]


@pytest.mark.parametrize("name", sorted(STEPS))
def test_numpy_steps_are_plain_integers(name):
    numbers = [-2.5, -0.5, 0.5, 2.5]
    steps = getattr(np, name)(np.array([Value(x) for x in numbers]))
    assert steps.tolist() == getattr(np, name)(numbers).tolist()
    assert all(type(step) is int for step in steps)


@pytest.mark.parametrize("name", sorted(NUMPY_METHODS))
def test_functions_that_are_composed_work_on_plain_arrays_of_values_and_single_values(name):
    numbers = np.array([-1.5, -0.25, 0.5, 2.75])
    function = getattr(np, name)
    found = function(np.array([Value(x) for x in numbers]))
    assert all(type(each) is Value for each in found)
    np.testing.assert_array_max_ulp(np.array([each.data for each in found]), function(numbers), 1)
    assert function(Value(0.75)).data == function(0.75)
    check_grads(lambda x: function(x) * x, (0.75,))


def test_rounding_to_digits_works_on_plain_arrays_of_values():
    numbers = [0.25, -1.35, 2.0]
    found = np.round(np.array([Value(x) for x in numbers]), 1)
    assert [each.data for each in found] == np.round(numbers, 1).tolist()


def test_arrays_sort_compare_and_select():
    values = [Value(x) for x in (3.0, -1.0, 2.0)]
    array = np.array(values)
    assert np.sort(array).tolist() == [values[1], values[2], values[0]]
    assert (array > 0).tolist() == [True, False, True]
    assert array[array > 0].tolist() == [values[0], values[2]]
    assert np.where(array > 0, array, 0.0).tolist() == [values[0], 0.0, values[2]]


@pytest.mark.parametrize("convert", [np.asarray, np.array], ids=["asarray", "array"])
def test_values_never_turn_into_a_float_array_silently(convert):
    values = [Value(1.0), Value(2.0)]
    assert convert(values).dtype == object
    with pytest.raises(TypeError, match="lose its derivative"):
        convert(values, dtype=float)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda a: exp(a), r"exp\(x\): .* ndarray .*call exp on each .* numpy\.exp on an object"),
        (lambda a: hypot(Value(1.0), a), r"hypot\(x, y\): .*numpy\.hypot on an object array"),
        (lambda a: Value(1.0).atan2(a), r"atan2\(y, x\): .*numpy\.arctan2 on an object array"),
        (lambda a: Value(1.0).where(a, a), r"where\(condition, x, y\): .*call where on each"),
        (lambda a: Value(a), "a real number is needed, got ndarray"),
        (lambda a: Value(1.0).backward(a), "a real number is needed, got ndarray"),
    ],
)
def test_arrays_where_a_number_is_needed_are_an_error_with_advice(attempt, message):
    with pytest.raises(TypeError, match=message):
        attempt(np.array([1.0, 2.0]))


@pytest.mark.parametrize("scalar", [np.complex128(1j), np.str_("3"), np.datetime64("2020-01-01")])
def test_scalars_that_are_no_real_numbers_are_refused(scalar):
    with pytest.raises(TypeError, match="a real number is needed, got"):
        Value(scalar)
    with pytest.raises(TypeError):
        Value(1.0) + scalar
    with pytest.raises(TypeError):
        scalar * Value(1.0)
