"""The operators: what they accept, how they arrange what they return, and what they refuse."""

import math
import threading
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field

import numpy as np
import pytest

import autograd_scalar as ag
from autograd_scalar import (
    Value,
    exp,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    sin,
    stop_gradient,
    value_and_grad,
    vjp,
    where,
)

Pair = namedtuple("Pair", "a b")


@dataclass(frozen=True)
class Model:
    weights: list
    bias: float


@dataclass
class Box:
    width: float
    height: float
    area: float = field(init=False)

    def __post_init__(self):
        if self.width < 0:
            raise ValueError("a width is positive")
        self.area = self.width * self.height


def quadratic(numbers):
    """x₀² + 2x₁² + 3x₂² + …, whose slopes are 2x₀, 4x₁, 6x₂, …"""
    return sum((i + 1) * x**2 for i, x in enumerate(numbers))


@pytest.mark.parametrize(
    ("argument", "flat", "slopes"),
    [
        (3.0, lambda x: [x], 6.0),
        (3, lambda x: [x], 6.0),
        (np.float64(3), lambda x: [x], 6.0),
        ([3.0, 4], list, [6.0, 16.0]),
        ((3, 4.0), list, (6.0, 16.0)),
        ([], list, []),
        (Pair(3.0, [4.0]), lambda p: [p.a, *p.b], Pair(6.0, [16.0])),
        ({"u": 3.0, "v": (4.0,)}, lambda d: [d["u"], *d["v"]], {"u": 6.0, "v": (16.0,)}),
        (OrderedDict(u=3.0), lambda d: [d["u"]], OrderedDict(u=6.0)),
        (Model([3.0, 4.0], 5), lambda m: [*m.weights, m.bias], Model([6.0, 16.0], 30.0)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_the_gradient_is_arranged_like_the_argument(argument, flat, slopes):
    found = grad(lambda x: quadratic(flat(x)))(argument)
    assert found == slopes
    assert type(found) is type(slopes)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, object])
def test_an_array_comes_back_as_an_array_of_float64(dtype):
    x = np.array([[1, 2], [3, 4]], dtype=dtype)
    found = grad(lambda x: (x**2).sum())(x)
    assert found.dtype == np.float64
    assert np.array_equal(found, [[2, 4], [6, 8]])
    nested = grad(lambda p: (p["x"] @ p["y"]).sum())({"x": x, "y": np.ones(2)})
    assert np.array_equal(nested["x"], np.ones((2, 2)))
    assert np.array_equal(nested["y"], [4, 6])


def test_an_array_without_dimensions_is_a_number():
    found = grad(lambda x: x**2)(np.array(3.0))
    assert type(found) is np.ndarray
    assert found.shape == ()
    assert found == 6.0


def test_constructors_of_dataclasses_compute_from_what_is_differentiated():
    found = grad(lambda box: box.area * 2)(Box(3.0, 4.0))
    assert (found.width, found.height, found.area) == (8.0, 6.0, None)
    # The gradient is no box: its constructor would refuse a negative width.
    assert grad(lambda box: -box.area)(Box(3.0, 4.0)).width == -4.0


def test_several_arguments_and_keywords():
    def fun(x, y, *, scale):
        return scale * x * y**2

    assert grad(fun, 1)(2.0, 3.0, scale=10) == 120.0
    assert grad(fun, -1)(2.0, 3.0, scale=10) == 120.0
    assert grad(fun, (1, 0))(2, 3, scale=10) == (120.0, 90.0)
    assert value_and_grad(fun, (0,))(2.0, 3.0, scale=1) == (18.0, (9.0,))
    assert hessian(fun, (0, 1))(2.0, 3.0, scale=1) == ((0.0, 6.0), (6.0, 4.0))
    assert hvp(fun, (0, 1))(2.0, 3.0, (1.0, 10.0), scale=1) == (60.0, 46.0)
    assert jacobian(fun, (0, 1))(2.0, 3.0, scale=1) == (9.0, 12.0)


def test_aux_is_passed_on_in_plain_numbers():
    def fun(x):
        y = x**2
        return y, {"y": y, "name": "square", "all": [y, np.array([x, y])]}

    found, aux = grad(fun, has_aux=True)(3.0)
    assert found == 6.0
    assert aux["y"] == 9.0
    assert type(aux["y"]) is float
    assert aux["name"] == "square"
    assert aux["all"][1].dtype == np.float64
    (value, _), found = value_and_grad(fun, has_aux=True)(3.0)
    assert (value, found) == (9.0, 6.0)


@pytest.mark.parametrize(
    ("fun", "x"),
    [
        (lambda x: 3.0, 1.0),
        (lambda x: 3, [1.0, 2.0]),
        (lambda x: Value(2.0).detach(), 1.0),
        (lambda x: np.float64(2), np.ones(3)),
        (lambda x: x * 0 + 2, 1.0),
    ],
)
def test_a_function_that_ignores_its_input_has_derivatives_0(fun, x):
    zeros = np.zeros_like(x)
    assert np.array_equal(grad(fun)(x), zeros)
    assert not np.any(hessian(fun)(x))
    assert np.array_equal(hvp(fun)(x, x), zeros)
    assert not np.any(jacobian(fun)(x))
    assert jvp(fun, (x,), (x,))[1] == 0
    assert np.array_equal(vjp(fun, x)[1](1.0)[0], zeros)


@pytest.mark.parametrize("operator", [grad, value_and_grad, hessian])
@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([1.0, 2.0], "one number, got list of length 2; for several results use jacobian"),
        (np.ones((2, 3)), r"one number, got ndarray of shape \(2, 3\); .* jacobian"),
        (np.ones(2), r"one number, got ndarray of shape \(2,\); .* jacobian"),
        (None, "got NoneType None; is a return statement missing?"),
        (True, "got bool True"),
        (1j, "got complex 1j"),
        ("1", "got str '1'"),
    ],
)
def test_a_result_that_is_not_one_number_is_refused(operator, result, message):
    with pytest.raises(TypeError, match=message):
        operator(lambda x: result)(1.0)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ("abc", TypeError, r"args\[0\] is str 'abc', but must be a real number"),
        ({"w": [1.0, None]}, TypeError, r'args\[0\]\["w"\]\[1\] is NoneType None'),
        (Model([], "b"), TypeError, r"args\[0\]\.bias is str 'b'"),
        (1 + 2j, TypeError, r"args\[0\] is complex"),
        (True, TypeError, r"args\[0\] is bool True"),
        ({1.0, 2.0}, TypeError, r"args\[0\] is set"),
        (np.array([True]), TypeError, r"args\[0\] is an array of bool"),
        (np.array(["a"]), TypeError, r"args\[0\] is an array of <U1"),
        (np.array([1, "a"], dtype=object), TypeError, r"args\[0\]\[1\] is str 'a'"),
        (np.array([[1, 2], [3]], dtype=object), ValueError, r"args\[0\] is a ragged array"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), TypeError, r"args\[0\] is a MaskedArray"),
        (10**400, OverflowError, "too large for a float"),
    ],
    ids=lambda each: each.__name__ if isinstance(each, type) else None,
)
def test_an_argument_that_is_not_made_of_numbers_is_refused_by_its_path(x, error, message):
    with pytest.raises(error, match=message):
        grad(lambda x: 1.0)(x)


def test_argnums_must_name_positional_arguments():
    def product(x, y):
        return x * y

    with pytest.raises(TypeError, match="argnums is 2, but product was called with 2 positional"):
        grad(product, 2)(1.0, 2.0)
    with pytest.raises(ValueError, match="names an argument twice"):
        grad(product, (0, -2))(1.0, 2.0)
    with pytest.raises(TypeError, match="an int or a tuple of ints, got 'x'"):
        grad(product, "x")
    with pytest.raises(TypeError, match=r"a function is needed, got float 3\.0"):
        grad(3.0)


def test_functions_of_math_are_named_with_their_replacement():
    with pytest.raises(TypeError, match=r"autograd_scalar\.exp"):
        grad(math.exp)(1.0)
    with pytest.raises(TypeError, match=r"autograd_scalar\.exp"):
        grad(lambda x: float(x) ** 2)(np.float64(2))


def test_an_exception_of_the_function_goes_through():
    with pytest.raises(ValueError, match=r"log: log\(x\) needs x > 0, got x = -1\.0"):
        grad(ag.log)(-1.0)


# Jacobians


def polar(p):
    return [p[0] * ag.cos(p[1]), p[0] * ag.sin(p[1])]


def test_jacobian_has_the_structure_of_the_result_around_that_of_the_argument():
    r, phi = 2.0, 0.3
    c, s = math.cos(phi), math.sin(phi)
    exact = [[c, -r * s], [s, r * c]]
    assert jacobian(polar)([r, phi]) == exact
    assert np.array_equal(jacobian(polar)(np.array([r, phi])), exact)
    as_arrays = jacobian(lambda p: np.array(polar(p)))(np.array([r, phi]))
    assert as_arrays.dtype == np.float64
    assert np.array_equal(as_arrays, exact)
    of_dict = jacobian(lambda p: {"x": polar(p)[0], "all": np.array(polar(p))})([r, phi])
    assert of_dict["x"] == exact[0]
    assert np.array_equal(of_dict["all"][0], [c, s])
    assert jacobian(lambda x: [])(1.0) == []
    assert jacobian(lambda x: [1.0, 2.0])([]) == [[], []]


@pytest.mark.parametrize(("results", "arguments"), [(2, 5), (5, 2), (3, 3)])
def test_forward_and_reverse_jacobians_are_both_that_of_a_linear_map(results, arguments):
    matrix = np.random.default_rng(7).normal(size=(results, arguments))
    found = jacobian(lambda x: matrix @ x)(np.ones(arguments))
    assert np.array_equal(found, matrix)
    shaped = jacobian(lambda x: (matrix @ x.ravel()).reshape(results, 1))(np.ones((1, arguments)))
    assert shaped.shape == (results, 1, 1, arguments)


def test_jvp_and_vjp_are_products_with_the_jacobian():
    x = np.array([0.5, -1.0, 2.0])
    fun = lambda x: np.sin(x[:2] * x[2]) + x[0]  # noqa: E731
    matrix = jacobian(fun)(x)
    rng = np.random.default_rng(3)
    tangent, cotangent = rng.normal(size=3), rng.normal(size=2)
    out, pushed = jvp(fun, (x,), (tangent,))
    assert np.array_equal(out, fun(x))
    assert pushed == pytest.approx(matrix @ tangent, rel=1e-15)
    out, pullback = vjp(fun, x)
    assert np.array_equal(out, fun(x))
    assert pullback(cotangent)[0] == pytest.approx(cotangent @ matrix, rel=1e-14)
    assert pullback(np.array([1.0, 0.0]))[0] == pytest.approx(matrix[0], rel=1e-15)


def test_tangents_follow_keys_and_not_their_order():
    fun = lambda d: d["a"] + 10 * d["b"]  # noqa: E731
    assert jvp(fun, ({"a": 1.0, "b": 2.0},), ({"b": 3.0, "a": 4.0},)) == (21.0, 34.0)


@pytest.mark.parametrize(
    ("tangent", "message"),
    [
        ([1.0], r"tangents\[0\] has 1 parts, 2 are needed"),
        (1.0, r"tangents\[0\] is float 1.0, 2 numbers are needed"),
        ([1.0, "x"], r"tangents\[0\]\[1\] is str 'x'"),
        (np.ones(3), r"tangents\[0\] has 3 parts, 2 are needed"),
    ],
)
def test_a_tangent_of_another_shape_is_refused(tangent, message):
    with pytest.raises((TypeError, ValueError), match=message):
        jvp(sum, ([1.0, 2.0],), (tangent,))
    with pytest.raises(TypeError, match=r"primals must be a tuple .* got float 1\.0"):
        jvp(sin, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"vector has the shape \(3,\), \(2,\) is needed"):
        hvp(lambda x: x @ x)(np.ones(2), np.ones(3))


def test_a_vector_may_be_an_array_where_the_argument_is_a_list():
    assert hvp(quadratic)([1.0, 2.0], np.array([1, 10])) == [2.0, 40.0]


# Values from outside


def test_gradient_of_recorded_values_reads_and_writes_no_grad():
    x, y = Value(3.0), Value(2.0)
    z = x * y
    z.backward()
    before = (x.grad, y.grad, z.grad)
    assert gradient(z * 5, [x, {"y": y, "z": z}]) == [10.0, {"y": 15.0, "z": 5.0}]
    assert (x.grad, y.grad, z.grad) == before
    assert gradient(z, Value(1.0)) == 0.0
    assert gradient(z, z) == 1.0


def test_gradient_by_a_value_in_between_goes_through_it_to_those_before():
    x = Value(2.0)
    y = x * x
    z = y * x
    assert gradient(z, [x, y]) == [12.0, 2.0]


def test_gradient_says_what_it_needs():
    x = Value(1.0)
    with pytest.raises(
        TypeError, match=r"differentiates one Value, got list of length 1.*jacobian"
    ):
        gradient([x], x)
    with pytest.raises(TypeError, match=r"1\.0 is among xs; .* use grad"):
        gradient(x, 1.0)


def test_operators_leave_grads_of_values_they_meet_alone():
    w, c = Value(2.0), Value(5.0).detach()
    (w * c).backward()
    before = (w.grad, c.grad)
    grad(lambda x: x * w * c)(1.0)
    grad(lambda x: x * x * c)(1.0)
    grad(lambda x: c)(1.0)
    grad(lambda x: w)(1.0)
    jvp(lambda x: x * c, (1.0,), (1.0,))
    hessian(lambda x: x * x * c)(1.0)
    assert (w.grad, c.grad) == before


def test_derivatives_are_values_where_values_take_part():
    w = Value(2.0)
    slope = grad(lambda x: w * x**2)(3.0)
    assert slope.data == 12.0
    assert gradient(slope, w) == 6.0
    x = Value(3.0)
    value, slope = value_and_grad(lambda y: y**3)(x)
    assert (value.data, slope.data) == (27.0, 27.0)
    assert (gradient(value, x), gradient(slope, x)) == (27.0, 18.0)
    zero = grad(lambda y: x * 2)(1.0)
    assert (zero.data, zero.kind) == (0.0, "constant")
    array = grad(lambda y: (y**2 * w).sum())(np.ones(2))
    assert [each.data for each in array] == [4.0, 4.0]
    assert hessian(lambda y: w * y**2)(1.0).data == 4.0
    assert gradient(hvp(lambda y: w * y**2)(1.0, 3.0), w) == 6.0
    assert gradient(hvp(lambda y: y**3)(1.0, w), w) == 6.0
    assert gradient(jvp(lambda y: y**3, (2.0,), (w,))[1], w) == 12.0
    assert gradient(vjp(lambda y: y**3, 2.0)[1](w)[0], w) == 12.0
    assert gradient(jacobian(lambda y: [w * y])(1.0)[0], w) == 1.0


def test_stop_gradient_and_detach_stop_every_order():
    assert grad(lambda x: x * stop_gradient(x))(3.0) == 3.0
    assert grad(lambda x: x * x.detach())(3.0) == 3.0
    assert grad(grad(lambda x: x * stop_gradient(x)))(3.0) == 0.0
    stopped = stop_gradient({"v": [Value(1.0), 2.0], "a": np.array([Value(3.0)]), "name": "n"})
    assert stopped["v"][0].kind == stopped["a"][0].kind == "constant"
    assert (stopped["v"][1], stopped["name"]) == (2.0, "n")


def test_no_grad_outside_an_operator_does_not_reach_into_it():
    x = Value(3.0)
    with no_grad():
        assert grad(lambda y: y**3)(2.0) == 12.0
        assert grad(grad(lambda y: y**3))(2.0) == 12.0
        assert hessian(lambda y: y**3)(2.0) == 12.0
        slope = grad(lambda y: x * y)(x)
        out, pullback = vjp(lambda y: y * y, x)
        pulled = pullback(1.0)[0]
    assert (slope.data, slope.kind) == (3.0, "constant")
    assert (out.kind, pulled.data, pulled.kind) == ("constant", 6.0, "constant")


def test_no_grad_inside_a_function_is_respected():
    def fun(x):
        with no_grad():
            held = x * x
            inner = grad(lambda y: y**2)(x)
        return x * held + inner

    assert grad(fun)(3.0) == 9.0


def test_threads_share_leaves_without_meeting():
    w = Value(2.0, "w")
    failures = []

    def work(k):
        try:
            for _ in range(50):
                assert gradient(exp(w * k), w) == k * math.exp(2.0 * k)
                assert grad(lambda x: x * x * 3)(float(k)) == 6.0 * k
                assert grad(lambda x: w * x)(1.0).data == 2.0
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert not w.has_grad


def test_a_deep_function_is_no_recursion():
    def fun(x):
        for _ in range(20_000):
            x = x * 1.0001
        return x * x

    assert grad(fun)(1.0) == pytest.approx(2 * 1.0001**40_000, rel=1e-9)
    assert hvp(fun)(1.0, 1.0) == pytest.approx(2 * 1.0001**40_000, rel=1e-9)
    assert grad(grad(fun))(1.0) == pytest.approx(2 * 1.0001**40_000, rel=1e-9)


def test_operators_work_on_functions_of_plain_python():
    assert grad(max)(1.0, 3.0) == 0.0
    assert grad(max, 1)(1.0, 3.0) == 1.0
    assert grad(abs)(-2.0) == -1.0
    assert grad(lambda x: where(x > 0, x, -x))(-2.0) == -1.0
    assert grad(pow)(2.0, 3) == 12.0


def test_made_functions_have_names():
    assert grad(quadratic).__name__ == "grad(quadratic)"
    assert "quadratic" in hessian(quadratic).__doc__
