"""Arrays that hold Values and plain numbers side by side, under NumPy's functions."""

import copy
import doctest
import math
import operator
import pickle
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from autograd_scalar import (
    Value,
    array,
    check_grads,
    grad,
    hessian,
    jacobian,
    logsumexp,
    softmax,
    value_and_grad,
)
from autograd_scalar.arrays import elementwise
from autograd_scalar.arrays.functions import BY_STEPS, ON_NUMBERS, ON_OBJECTS, OWN

ValueArray = type(array(0.0))
PAGE = Path(__file__).parent.parent / "docs" / "arrays.md"
SHAPES = [(), (0,), (3,), (2, 3), (2, 3, 2)]
ULP = 2.0**-52


def numbers_of(x):
    if isinstance(x, ValueArray):
        return x.numbers
    return x.data if type(x) is Value else x


def uniform(shape, low=0.2, high=0.9, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape)


def mixed(numbers):
    """An array in which each second element is a Value, and the others are floats."""
    flat = np.asarray(numbers).ravel().tolist()
    elements = [x if i % 2 else Value(x) for i, x in enumerate(flat)]
    return array(elements).reshape(np.shape(numbers))


def assert_like_numpy(function, arrays, rtol, keeps=True):
    """`function` of mixed arrays gives NumPy's numbers, and arrays of Values."""
    expected = function(*arrays)
    found = function(*map(mixed, arrays))
    if not isinstance(expected, tuple):
        expected, found = (expected,), (found,)
    for there, here in zip(expected, found, strict=True):
        assert np.shape(here) == np.shape(there)
        np.testing.assert_allclose(numbers_of(here), there, rtol=rtol, atol=rtol)
        if keeps and isinstance(there, np.ndarray):
            assert type(here) is ValueArray


def on(interval, names):
    return dict.fromkeys(names.split(), interval)


# Functions of numbers, by name: where they are held against NumPy and finite differences.
ANYWHERE, POSITIVE = (-1.7, 1.9), (0.3, 2.9)
OF_ONE = {
    **on(
        ANYWHERE,
        "abs absolute fabs sign exp exp2 expm1 square negative positive conjugate sin cos tan tanh "
        "arctan sinh cosh arcsinh cbrt rint floor ceil trunc deg2rad rad2deg radians degrees sinc "
        "modf",
    ),
    **on(POSITIVE, "log log2 log10 log1p sqrt reciprocal"),
    **on((-0.9, 0.9), "arcsin arccos arctanh"),
    "arccosh": (1.1, 2.9),
}
OF_TWO = {
    **on(
        ANYWHERE,
        "add subtract multiply divide maximum minimum fmax fmin hypot arctan2 copysign logaddexp "
        "logaddexp2 heaviside remainder fmod floor_divide divmod",
    ),
    **on(POSITIVE, "power float_power"),
}
OF_SCIPY = {
    **on(ANYWHERE, "expit erf erfc ndtr log_expit"),
    **on(POSITIVE, "gamma gammaln digamma psi"),
    **on((0.1, 0.9), "logit entr"),
}
OF_SCIPY_TWO = {"xlogy": POSITIVE, "xlog1py": POSITIVE}
CASES = [
    pytest.param(getattr(module, name), count, interval, id=name)
    for module, count, names in (
        (np, 1, OF_ONE),
        (np, 2, OF_TWO),
        (scipy.special, 1, OF_SCIPY),
        (scipy.special, 2, OF_SCIPY_TWO),
    )
    for name, interval in names.items()
]


@pytest.mark.parametrize(("function", "count", "interval"), CASES)
def test_a_function_of_mixed_elements_gives_numpys_numbers(function, count, interval):
    for shape in SHAPES:
        arrays = [uniform(shape, *interval, seed=seed) for seed in range(count)]
        # Vector instructions, C's library and SciPy's own code differ by some last places.
        assert_like_numpy(function, arrays, 16 * ULP)


@pytest.mark.parametrize(("function", "count", "interval"), CASES)
def test_a_function_of_mixed_elements_has_the_derivatives_of_finite_differences(
    function, count, interval
):
    arrays = [uniform((3,), *interval, seed=seed + 3) for seed in range(count)]
    check_grads(function, arrays, order=2)


@given(st.data())
def test_operands_of_different_shapes_are_broadcast(data):
    name = data.draw(st.sampled_from(sorted(OF_TWO)))
    shapes = data.draw(
        st.tuples(st.sampled_from(SHAPES), st.integers(0, 3)).flatmap(
            lambda drawn: st.permutations([drawn[0], drawn[0][drawn[1] :]])
        )
    )
    arrays = [uniform(shape, *OF_TWO[name], seed=seed) for seed, shape in enumerate(shapes)]
    assert_like_numpy(getattr(np, name), arrays, 16 * ULP)


SPECIAL = {
    "sign": (np.sign, [-2.0, -0.0, 0.0, 3.0, math.inf, -math.inf, math.nan]),
    "rint": (np.rint, [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999999999999994, 2.0**53 - 1]),
    "heaviside": (lambda x: np.heaviside(x, 0.25), [-1.0, 0.0, 2.0, math.nan]),
    "fmod": (lambda x: np.fmod(x, 0.75), [-2.0, 2.0, 1.5, -1.5]),
    "fmax": (lambda x: np.fmax(x, 0.5), [math.nan, 1.0, 0.0]),
    "fmin": (lambda x: np.fmin(math.nan, x), [math.nan, 1.0, 0.0]),
    "copysign": (lambda x: np.copysign(2.0, x), [-1.0, -0.0, 0.0, 1.0]),
    "logaddexp": (lambda x: np.logaddexp(x, -math.inf), [-math.inf, 800.0, -800.0, math.inf]),
    "round": (lambda x: np.round(x, 1), [0.25, 0.35, -0.05, 12.345]),
    "round to tens": (lambda x: np.round(x, -1), [25.0, 35.0, -5.0]),
    "sinc": (np.sinc, [0.0, 1e-9, 0.2387, 0.2388, 0.5, -0.5]),
    "xlogy": (lambda x: scipy.special.xlogy(x, x), [0.0, 0.5]),
    "xlogy of 0": (lambda x: scipy.special.xlogy(0.0, x), [-1.0, 0.0, 2.0, math.nan]),
    "xlog1py of 0": (lambda x: scipy.special.xlog1py(0.0, x), [-2.0, -1.0, 2.0]),
    "entr": (scipy.special.entr, [-1.0, 0.0, 0.5]),
    "ndtr": (scipy.special.ndtr, [-30.0, -5.0, 0.0, 5.0]),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_points_are_numpys(name):
    function, at = SPECIAL[name]
    found = function(array([Value(each) for each in at]))
    np.testing.assert_allclose(numbers_of(found), function(np.array(at)), rtol=1e-13)


def slopes(function, at):
    return grad(lambda x: np.sum(function(x)))(np.array(at)).tolist()


def test_ties_and_bounds_have_the_tables_derivatives():
    assert slopes(lambda x: np.maximum(x, 0.0), [-1.0, 0.0, 1.0]) == [0.0, 0.5, 1.0]
    assert slopes(lambda x: np.clip(x, 0.0, 1.0), [-1.0, 0.5, 2.0]) == [0.0, 1.0, 0.0]
    assert slopes(np.abs, [-1.0, 0.0, 1.0]) == [-1.0, 0.0, 1.0]
    assert slopes(lambda x: np.fmod(x, 0.75), [-1.0, 1.0]) == [1.0, 1.0]
    assert slopes(np.max, [2.0, 1.0, 2.0]) == [0.5, 0.0, 0.5]


def test_steps_have_the_derivative_0():
    for step in (np.sign, np.rint, np.floor, np.round, lambda x: np.heaviside(x, 0.5)):
        assert slopes(step, [-1.3, 0.4, 2.6]) == [0.0, 0.0, 0.0]


def test_sinc_has_the_derivatives_of_its_series_at_0():
    assert slopes(np.sinc, [0.0]) == [0.0]
    # sin(y)/y = 1 - y²/6 + …, with y = πx
    curvature = hessian(lambda x: np.sum(np.sinc(x)))(np.array([0.0])).item()
    assert math.isclose(curvature, -(math.pi**2) / 3, rel_tol=4 * ULP)


def test_xlogy_falls_off_without_bound_at_the_origin():
    assert slopes(lambda x: scipy.special.xlogy(x, 0.0), [0.0]) == [-math.inf]


SATURATED = np.array([1e-12, 0.3, 1.0 - 1e-12])


@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (lambda p: np.log(np.clip(p, 1e-7, 1 - 1e-7)),
         lambda p: np.where((p > 1e-7) & (p < 1 - 1e-7), 1 / p, 0.0)),
        (lambda x: np.exp(np.maximum(x - 0.5, 0)),
         lambda x: np.where(x > 0.5, np.exp(x - 0.5), 0.0)),
        (lambda x: np.sqrt(np.where(x > 0.2, x, 0)) + x,
         lambda x: np.where(x > 0.2, 0.5 / np.sqrt(x), 0.0) + 1),
        (lambda x: np.arctan2(1.0, x), lambda x: -1 / (1 + x * x)),
    ],
    ids=["log of clip", "exp of maximum", "sqrt of where", "arctan2 of a number"],
)  # fmt: skip
def test_elements_that_are_plain_numbers_by_now_go_on(function, derivative):
    value, slope = value_and_grad(lambda x: np.sum(function(x)))(SATURATED)
    np.testing.assert_allclose(value, np.sum(function(SATURATED)), rtol=4 * ULP)
    np.testing.assert_allclose(slope, derivative(SATURATED), rtol=4 * ULP)
    assert type(slope) is np.ndarray
    assert slope.dtype == np.float64


# Reductions

SUMMED = {
    name: getattr(np, name)
    for name in ("sum", "prod", "mean", "var", "std", "max", "min", "ptp", "nansum", "nanprod",
                 "nanmean", "nanmax", "nanmin", "cumsum", "cumprod")
}  # fmt: skip
UNDEFINED_OF_NOTHING = {"mean", "var", "std", "max", "min", "ptp", "nanmean", "nanmax", "nanmin"}


def arguments(name, dimensions):
    yield {}
    for axis in range(-dimensions, dimensions):
        yield {"axis": axis}
    if not name.startswith("cum"):
        yield {"keepdims": True}
        if dimensions > 1:
            yield {"axis": (0, 1)}
            yield {"axis": (1, 0), "keepdims": True}
    if name in ("var", "std") and dimensions:
        yield {"ddof": 1, "axis": 0}


@pytest.mark.parametrize("name", SUMMED)
def test_reductions_are_numpys_over_any_axes(name):
    for shape in SHAPES:
        if 0 in shape and name in UNDEFINED_OF_NOTHING:
            continue
        for named in arguments(name, len(shape)):
            # The order of additions differs: n·2⁻⁵² of the sum of magnitudes.
            assert_like_numpy(partial(SUMMED[name], **named), [uniform(shape)], 16 * ULP)


@pytest.mark.parametrize("name", SUMMED)
def test_reductions_have_the_derivatives_of_finite_differences(name):
    function = SUMMED[name]
    check_grads(function, (uniform((2, 3)),), order=2)
    check_grads(partial(function, axis=1), (uniform((2, 3)),), order=1)


@pytest.mark.parametrize("method", ["sum", "prod", "mean", "var", "std", "max", "min", "cumsum",
                                    "cumprod", "round", "argmax", "argmin", "argsort", "trace",
                                    "any", "all", "ravel", "flatten"])  # fmt: skip
def test_methods_are_the_functions(method):
    x = uniform((3, 3))
    found = getattr(mixed(x), method)()
    np.testing.assert_allclose(numbers_of(found), getattr(x, method)(), rtol=16 * ULP)


def test_the_sum_of_nothing_is_0():
    assert np.sum(array([])) == 0.0
    with pytest.raises(ValueError, match="zero-size"):
        np.max(array([]))


def test_nan_is_left_out_by_the_functions_that_leave_it_out():
    x = array([Value(1.0), math.nan, Value(math.nan), 4.0])
    assert np.nansum(x) == 5.0
    assert np.nanmean(x) == 2.5
    assert np.nanmax(x) == 4.0
    assert np.nan_to_num(x, nan=7.0).numbers.tolist() == [1.0, 7.0, 7.0, 4.0]
    assert slopes(np.nansum, [1.0, math.nan]) == [1.0, 0.0]


# Products, and what is made of differences

PRODUCTS = {
    "dot of vectors": (np.dot, (3,), (3,)),
    "dot of a stack": (np.dot, (2, 2, 3), (3, 2)),
    "matmul": (np.matmul, (2, 2, 3), (3, 2)),
    "@": (operator.matmul, (2, 3), (3,)),
    "matmul of nothing": (np.matmul, (2, 0), (0, 3)),
    "inner": (np.inner, (2, 3), (2, 3)),
    "vdot": (np.vdot, (3,), (3,)),
    "outer": (np.outer, (2,), (3,)),
    "tensordot": (partial(np.tensordot, axes=1), (2, 3), (3, 2)),
    "kron": (np.kron, (2, 2), (1, 2)),
    "cross": (np.cross, (2, 3), (3,)),
    "convolve": (np.convolve, (3,), (2,)),
    "einsum": (partial(np.einsum, "ij,kj->ik"), (2, 3), (2, 3)),
    "einsum of a trace": (partial(np.einsum, "ii"), (3, 3)),
    "einsum of three": (partial(np.einsum, "i,ij,j"), (2,), (2, 3), (3,)),
    "trace": (np.trace, (3, 3)),
    "diff": (partial(np.diff, n=2), (2, 4)),
    "trapezoid": (getattr(np, "trapezoid", None) or np.trapz, (4,), (4,)),
    "average": (lambda x, w: np.average(x, weights=w), (3,), (3,)),
    "polyval": (np.polyval, (3,), (2,)),
    "linalg.multi_dot": (lambda a, b: np.linalg.multi_dot([a, b, a]), (2, 3), (3, 2)),
    "outer of a ufunc": (np.hypot.outer, (2,), (3,)),
    "add.reduceat": (lambda x: np.add.reduceat(x, [0, 2]), (4,)),
    "maximum.accumulate": (np.maximum.accumulate, (4,)),
    "logaddexp.reduce": (np.logaddexp.reduce, (4,)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_and_differences_are_numpys(name):
    function, *shapes = PRODUCTS[name]
    arrays = [uniform(shape, seed=seed) for seed, shape in enumerate(shapes)]
    assert_like_numpy(function, arrays, 8 * ULP)
    check_grads(function, arrays, order=2)


INTERPOLATED = np.array([-0.5, 0.0, 0.4, 1.0, 1.7, 3.0, 3.5])


@pytest.mark.parametrize("named", [{}, {"left": -1.0, "right": 2.0}, {"period": 2.5}], ids=str)
def test_interpolation_is_numpys(named):
    knots, heights = np.array([0.0, 1.0, 1.5, 3.0]), np.array([2.0, -1.0, 0.5, 0.25])
    if "period" in named:
        knots = knots[[1, 0, 2, 3]]
    interp = partial(np.interp, **named)
    assert_like_numpy(interp, (INTERPOLATED, knots, heights), 4 * ULP)
    for at in (0.4, 3.0):
        assert_like_numpy(interp, (np.array(at), knots, heights), 4 * ULP)
    check_grads(interp, (np.array([-0.6, 0.4, 1.7, 3.3]), knots, heights), order=2)


# Linear algebra

REGULAR = uniform((3, 3), -1.0, 1.0) + 0.1 * np.eye(3)
STACK = uniform((2, 3, 3), -1.0, 1.0, seed=1)
TALL, WIDE = uniform((4, 2), -1.0, 1.0), uniform((2, 4), -1.0, 1.0)


def positive_definite(a):
    return a @ np.swapaxes(a, -1, -2) + 0.5 * np.eye(3)


def least_squares(a, b):
    return np.linalg.lstsq(a, b, rcond=None)[0]


ALGEBRA = {
    "det": (np.linalg.det, REGULAR),
    "det of a stack": (np.linalg.det, STACK),
    "logabsdet": (lambda a: np.linalg.slogdet(a)[1], REGULAR),
    "logabsdet of a stack": (lambda a: np.linalg.slogdet(a)[1], STACK),
    "inv": (np.linalg.inv, REGULAR),
    "inv of a stack": (np.linalg.inv, STACK),
    "solve for a vector": (np.linalg.solve, REGULAR, uniform((3,))),
    "solve for a matrix": (np.linalg.solve, REGULAR, uniform((3, 2))),
    "solve a stack": (np.linalg.solve, STACK, uniform((3, 2))),
    "cholesky": (lambda a: np.linalg.cholesky(positive_definite(a)), REGULAR),
    "cholesky of a stack": (lambda a: np.linalg.cholesky(positive_definite(a)), STACK),
    "lstsq of a tall matrix": (least_squares, TALL, uniform((4,))),
    "lstsq of a wide matrix": (least_squares, WIDE, uniform((2, 3))),
    "residuals": (lambda a, b: np.linalg.lstsq(a, b, rcond=None)[1], TALL, uniform((4, 2))),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, 3), REGULAR),
    "matrix_power of the inverse": (lambda a: np.linalg.matrix_power(a, -2), REGULAR),
}


@pytest.mark.parametrize("name", ALGEBRA)
def test_linear_algebra_is_numpys(name):
    function, *arrays = ALGEBRA[name]
    # The condition numbers here are below 100.
    assert_like_numpy(function, arrays, 1000 * ULP)
    check_grads(function, arrays, order=1 if arrays[0].ndim == 3 else 2)


@pytest.mark.parametrize("order", [None, 2, 1, 3, 2.5, np.inf, -np.inf, 0])
def test_norms_of_vectors_are_numpys(order):
    for named in ({}, {"axis": 0}, {"axis": 0, "keepdims": True}):
        norm = partial(np.linalg.norm, ord=order, **named)
        assert_like_numpy(norm, [uniform((4,), -1.0, 1.0)], 8 * ULP, keeps=order != 0)
    assert_like_numpy(
        lambda x: np.linalg.norm(x, order, axis=1), [uniform((2, 3))], 8 * ULP, keeps=order != 0
    )
    check_grads(lambda x: np.linalg.norm(x, order), (uniform((3,), -1.0, 1.0),), order=2)


@pytest.mark.parametrize("order", [None, "fro", 1, -1, np.inf, -np.inf])
def test_norms_of_matrices_are_numpys(order):
    for named in ({}, {"axis": (1, 0)}, {"axis": (0, 1), "keepdims": True}):
        norm = partial(np.linalg.norm, ord=order, **named)
        assert_like_numpy(norm, [uniform((2, 3), -1.0, 1.0)], 8 * ULP)
    check_grads(lambda x: np.linalg.norm(x, order), (uniform((2, 3), -1.0, 1.0),), order=2)


def test_the_norm_neither_overflows_nor_is_undefined_at_0():
    length = np.linalg.norm(array([Value(3e200), 4e200])).data
    assert math.isclose(length, 5e200, rel_tol=2 * ULP)
    assert slopes(np.linalg.norm, [0.0, 0.0]) == [0.0, 0.0]
    assert slopes(np.std, [2.0, 2.0]) == [0.0, 0.0]


def cofactors(a):
    n = len(a)
    rest = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(rest[i][j]) for j in range(n)]
                     for i in range(n)])  # fmt: skip


@pytest.mark.parametrize(
    "singular",
    [
        [[0.0, 1.0], [0.0, 1.0]],
        [[1.0, 2.0], [2.0, 4.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        [[0.0, 0.0, 1.0], [0.0, 2.0, 3.0], [0.0, 4.0, 5.0]],
        [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]],
        [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]],
        np.zeros((3, 3)),
    ],
    ids=str,
)
def test_the_determinant_of_a_singular_matrix_has_its_derivatives(singular):
    a = np.array(singular)
    value, slope = value_and_grad(np.linalg.det)(a)
    assert value == 0.0
    np.testing.assert_allclose(slope, cofactors(a), rtol=16 * ULP, atol=16 * ULP)
    check_grads(np.linalg.det, (a,), order=2)


def test_matrices_without_an_answer_are_an_error():
    singular = mixed(np.ones((2, 2)))
    for attempt, message in (
        (lambda: np.linalg.inv(singular), "Singular matrix"),
        (lambda: np.linalg.cholesky(-singular), "not positive definite"),
        (lambda: np.linalg.lstsq(singular, np.ones(2), rcond=None), "rank 1: .* no derivative"),
        (lambda: np.linalg.det(singular[0]), "a matrix is needed"),
        (lambda: np.linalg.inv(singular[:1]), "a square matrix is needed"),
    ):
        with pytest.raises(np.linalg.LinAlgError, match=message):
            attempt()
    sign, logarithm = np.linalg.slogdet(singular)
    assert (sign, logarithm) == (0.0, -math.inf)


# What an array stays


def test_an_array_of_values_keeps_itself():
    x = mixed(uniform((2, 3)))
    for made in (
        x[0], x[:, 1:], x[x > 0.5], x.T, x.reshape(3, 2), x.ravel(), x + 1, 1 - x, x * x, x / 2.0,
        np.ones((2, 3)) * x, Value(2.0) * x, np.float64(2.0) * x, -x, x**2, abs(x), x @ x.T,
        np.where(x > 0.5, x, 0), np.concatenate([x, np.zeros((1, 3))]), np.stack([x, x]),
        np.sort(x), np.transpose(x), np.tril(x), np.zeros_like(x), np.full_like(x, 2),
        x.astype(float), copy.copy(x), copy.deepcopy(x), x.copy(), pickle.loads(pickle.dumps(x)),
    ):  # fmt: skip
        assert type(made) is ValueArray
        assert {*map(type, made.ravel().tolist())} <= {Value, float, int}
    assert np.result_type(x, 1.0).hasobject
    assert type(x[0, 0]) is Value
    assert type(x.sum()) is Value


def test_questions_about_numbers_are_answered_by_numbers():
    numbers = np.array([0.5, math.nan, -1.0, math.inf, 0.0])
    x = mixed(numbers)
    for question in (
        np.isnan, np.isfinite, np.isinf, np.signbit, np.argsort, np.argmax, np.argmin, np.any,
        np.all, np.count_nonzero, np.logical_not, lambda x: x > 0, lambda x: x == numbers[0],
        lambda x: np.logical_and(x, x > 0), lambda x: np.allclose(x, x), lambda x: np.nonzero(x)[0],
        lambda x: np.searchsorted([0.0, 0.4], x),
    ):  # fmt: skip
        there, here = question(numbers), question(x)
        np.testing.assert_array_equal(here, there)
        assert np.asarray(here).dtype == np.asarray(there).dtype
    np.testing.assert_array_equal(np.sort(x).numbers, np.sort(numbers))
    x.sort()
    np.testing.assert_array_equal(x.numbers, np.sort(numbers))


def test_arithmetic_in_place_and_results_into_arrays():
    x = array([Value(1.0), 2.0])
    first = x[0]
    y = x.copy()
    y += 1
    y *= x
    assert y.numbers.tolist() == [2.0, 6.0]
    out = array(np.zeros(2))
    assert np.exp(x, out=out) is out
    out[0].backward()
    assert first.grad == math.e
    np.log(x, out=out, where=x > 1.5)
    assert out.numbers.tolist() == [math.e, math.log(2.0)]
    np.add.at(out, [1, 1], x[0])
    assert out[1].data == math.log(2.0) + 1.0 + 1.0
    assert np.sum(x, where=x > 1.5) == 2.0
    assert np.greater(x, 1.5, out=np.zeros(2, bool)).tolist() == [False, True]


def test_what_would_lose_derivatives_is_an_error_with_advice():
    x = mixed(uniform((3,)))
    floats = np.zeros(3)
    for attempt, error, message in (
        (lambda: np.exp(x, out=floats), TypeError, r"exp .* array of float64.*numpy.zeros_like"),
        (lambda: operator.iadd(floats, x), TypeError, "add .* array of float64"),
        (lambda: np.add.at(floats, [0], x[:1]), TypeError, "add .* array of float64"),
        (lambda: np.sum(x, dtype=float), TypeError, r"add\(.*dtype.*lose"),
        (lambda: np.log(x, where=x > 0.5), ValueError, r"where=.*undefined without out"),
        (lambda: np.fft.fft(x), TypeError, r"numpy.fft.fft has no rule .*autograd_scalar.custom"),
        (lambda: np.linalg.svd(mixed(REGULAR)), TypeError, r"numpy.linalg.svd .*solve, inv, det"),
        (lambda: np.linalg.norm(mixed(REGULAR), 2), TypeError, r"ord=2.*'fro'"),
        (lambda: np.median(x), TypeError, "numpy.median .*numpy.sort"),
        (lambda: np.nextafter(x, 1.0), TypeError, "numpy.nextafter has no rule"),
        (lambda: scipy.special.gammainc(x, 1.0), TypeError, "gammainc has no rule"),
        (lambda: np.bitwise_and(x, 1), TypeError, "numpy.bitwise_and has no rule"),
        (lambda: x * 1j, TypeError, "real numbers and Values are needed"),
        (lambda: np.asarray(x, dtype=float), TypeError, "lose its derivative"),
        (lambda: x.astype(np.float32), TypeError, "astype.*numbers"),
        (lambda: np.var(x, where=x > 0), TypeError, "axis, ddof and keepdims, got where"),
        (lambda: array(["a"]), TypeError, "real numbers and Values"),
        (lambda: array([Value(1.0), "a"]), TypeError, "a real number is needed"),
        (lambda: array([[Value(1.0)], [1.0, 2.0]]), ValueError, "inhomogeneous"),
    ):
        with pytest.raises(error, match=message):
            attempt()


def test_numbers_and_gradients_of_an_array():
    x = array([[Value(1.0), 2.0], [Value(3.0), Value(4.0)]])
    np.sum(x**2).backward()
    assert x.numbers.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert x.grad.tolist() == [[2.0, 0.0], [6.0, 8.0]]
    assert {x.numbers.dtype, x.grad.dtype} == {np.dtype(np.float64)}
    assert array(array([1, 2])).numbers.tolist() == [1.0, 2.0]
    assert array(Value(1.0)).shape == ()


def test_functions_under_grad_are_given_such_arrays():
    given = []

    def loss(x, tree):
        given.extend([x, tree["w"]])
        return np.sum(np.exp(np.maximum(x, 0)) @ tree["w"])

    x, w = np.array([[0.5, -1.0]]), np.array([2.0, 3.0])
    by_x, by_tree = grad(loss, argnums=(0, 1))(x, {"w": w})
    assert {*map(type, given)} == {ValueArray}
    np.testing.assert_array_equal(by_x, np.where(x > 0, np.exp(x) * w, 0.0))
    np.testing.assert_array_equal(by_tree["w"], np.exp(np.maximum(x, 0))[0])
    for found in (by_x, by_tree["w"], jacobian(np.exp)(w), hessian(np.sum)(w)):
        assert (type(found), found.dtype) == (np.ndarray, np.float64)


def test_derivatives_of_derivatives_go_through_arrays():
    x = np.array([0.3, -0.2, 1.5])

    def inner(x):
        return np.sum(np.clip(x, 0.0, 1.0) ** 3)

    found = grad(lambda x: np.sum(grad(inner)(x) ** 2))(x)
    # d/dx (3x²)² = 36x³ inside, and nothing outside
    np.testing.assert_allclose(found, np.where((x > 0) & (x < 1), 36 * x**3, 0.0), rtol=8 * ULP)
    check_grads(lambda x: np.log(np.sum(np.exp(np.clip(x, 0, 1)))), (x,), order=3)


def test_sequences_of_values_may_be_such_arrays():
    x = uniform((2, 3), -2.0, 2.0)
    np.testing.assert_allclose(
        numbers_of(np.apply_along_axis(softmax, 1, mixed(x))), scipy.special.softmax(x, axis=1),
        rtol=8 * ULP,
    )  # fmt: skip
    assert math.isclose(logsumexp(mixed(x[0])).data, scipy.special.logsumexp(x[0]), rel_tol=8 * ULP)


OF_A_SINGLE_VALUE = {
    "clip": lambda v: np.clip(v, 0.1, 0.9),
    "clip to a Value": lambda v: np.clip(2.0, 0.1, v),
    "where": lambda v: np.where(v > 0, v * v, 0.0),
    "sinc": np.sinc,
    "mean": np.mean,
    "round": lambda v: np.round(v, 1) + v,
    "interp": lambda v: np.interp(v, [0.0, 1.0], [0.0, 2.0]),
    "norm": lambda v: np.linalg.norm(v),
    "nan_to_num": np.nan_to_num,
    "dot": lambda v: np.dot(v, 3.0 * v),
}


@pytest.mark.parametrize("function", OF_A_SINGLE_VALUE.values(), ids=OF_A_SINGLE_VALUE)
def test_a_single_value_goes_through_functions_of_arrays_as_a_single_value(function):
    v = Value(0.37)
    out = function(v)
    assert type(out) is Value
    assert math.isclose(out.data, function(0.37), rel_tol=8 * ULP)
    check_grads(function, (0.37,), order=2)


def test_the_spread_of_a_single_value_is_0_and_so_is_its_derivative():
    assert (np.std(Value(0.5)).data, grad(np.std)(0.5)) == (0.0, 0.0)


def test_questions_about_a_single_value_are_answered_by_numpys_truths():
    v = Value(0.5)
    assert np.isclose(v, 0.5)
    assert np.array_equal(v, v)
    assert (np.shape(v), np.ndim(v), np.size(v)) == ((), 0, 1)


def test_what_numpy_does_with_objects_it_does_with_values_where_there_is_no_rule():
    v, w = Value(1.0), Value(2.0)
    middle = np.linspace(v, w, 3)[1]
    middle.backward()
    assert (middle.data, v.grad, w.grad) == (1.5, 0.5, 0.5)


def test_the_core_does_without_numpy():
    program = (
        "import sys; sys.modules['numpy'] = None; import autograd_scalar as a;"
        "assert a.grad(lambda x: x[0] * a.exp(x[1]))([2.0, 0.0]) == [1.0, 2.0]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_examples_of_the_page_run_as_shown():
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.attempted > 10
    assert found.failed == 0


def test_every_function_the_page_lists_has_a_rule():
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- functions -->")
    listed = {*re.findall(r"`(\w+)`", rest.partition("<!-- end of functions -->")[0])}
    known = {each.__name__ for each in (*ON_OBJECTS, *BY_STEPS, *ON_NUMBERS, *OWN)}
    known |= {
        *elementwise.names(),
        *elementwise.QUESTIONS,
        "reduce",
        "accumulate",
        "reduceat",
        "at",
    }
    assert len(listed) > 150
    assert listed - known <= {"trapezoid"}  # which NumPy 1 calls trapz
