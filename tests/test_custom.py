"""Functions with derivatives of one's own."""

import math

import numpy as np
import pytest
import scipy.special

from autograd_scalar import (
    Value,
    check_grads,
    custom,
    detect_anomaly,
    draw,
    exp,
    grad,
    hessian,
    hvp,
    jvp,
)

pytestmark = pytest.mark.usefixtures("scratch_table")


def log1pexp():
    return custom(
        lambda x: math.log1p(math.exp(-abs(x))) + max(x, 0.0),
        lambda x: 1 / (1 + exp(-x)),
        name="log1pexp",
    )


def test_a_black_box_is_recorded_as_one_primitive():
    fun = log1pexp()
    x = Value(2.0, "x")
    y = fun(x)
    assert (y.op, y.parents) == ("log1pexp", (x,))
    y.backward()
    assert x.grad == 1 / (1 + math.exp(-2.0))
    assert fun(2.0) == y.data
    assert "log1pexp" in draw(y).source


def test_partials_on_values_give_higher_orders():
    fun = log1pexp()
    s = 1 / (1 + math.exp(-0.3))
    exact = [s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]
    derivative = fun
    for each in exact:
        derivative = grad(derivative)
        assert derivative(0.3) == pytest.approx(each, rel=1e-14)
    assert hessian(fun)(0.3) == pytest.approx(exact[1], rel=1e-14)
    assert hvp(fun)(0.3, 2.0) == pytest.approx(2 * exact[1], rel=1e-14)
    assert jvp(fun, (0.3,), (2.0,))[1] == pytest.approx(2 * s, rel=1e-14)
    check_grads(fun, (0.3,), order=3)


def test_partials_may_use_the_value_be_numbers_or_custom_themselves():
    def area(width, height):
        return width * height

    fun = custom(
        area,
        custom(lambda w, h: h, 0, 1, name="by_width"),
        lambda width, height, out: out / height,
    )
    assert grad(fun, (0, 1))(3.0, 4.0) == (4.0, 3.0)
    assert hessian(fun, (0, 1))(3.0, 4.0) == ((0.0, 1.0), (1.0, 0.0))
    check_grads(fun, (3.0, 4.0))


def test_each_function_has_a_name_of_its_own():
    names = {custom(lambda x: x, 1)(Value(1.0)).op for _ in range(3)}
    assert names == {"custom", "custom_2", "custom_3"}
    assert custom(math.exp, lambda x, out: out)(Value(1.0)).op == "exp_2"


def test_functions_written_in_c_and_variadic_ones():
    assert grad(custom(math.gamma, lambda x: 1.0, name="gamma"))(3.0) == 1.0
    total = custom(lambda *x: sum(x), 1, 1, 1)
    assert grad(total, (0, 2))(1.0, 2.0, 3.0) == (1.0, 1.0)


def test_a_partial_that_cannot_be_recorded_says_so_at_the_second_order():
    fun = custom(lambda x: x**3, lambda x: 3 * math.pow(x, 2), name="cube")
    assert grad(fun)(2.0) == 12.0
    for second in (grad(grad(fun)), hessian(fun)):
        with pytest.raises(TypeError, match="partial of custom function 'cube' by x can't be"):
            second(2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3.0, 1.0), r"custom needs a function of floats, got float 3\.0"),
        ((lambda x: x,), "one partial for each argument of the function, which takes x, got 0"),
        ((lambda x, y: x, 1), "which takes x, y, got 1"),
        ((lambda x: x, "1"), "a real number is needed, got str '1'"),
    ],
)
def test_what_is_not_a_function_with_its_partials_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        custom(*arguments)


def test_a_result_that_is_no_number_is_named():
    with pytest.raises(TypeError, match=r"custom function 'broken': a real number .* NoneType"):
        custom(lambda x: None, 1, name="broken")(Value(1.0))
    fun = custom(lambda x: x, lambda x: "1", name="broken")
    with pytest.raises(TypeError, match="partial of custom function 'broken_2' by x: a real"):
        fun(Value(1.0))


def test_a_black_box_that_makes_a_nan_is_found():
    fun = custom(lambda x: math.nan, 1, name="solver")
    with detect_anomaly(), pytest.raises(RuntimeError, match=r"solver: solver\(x\) is nan"):
        fun(Value(1.0))


@pytest.mark.parametrize(
    ("fun", "partials", "at", "exact"),
    [
        (np.exp, [np.exp], [1.0], [math.e]),
        (np.hypot, [lambda x, y: x / 5, lambda x, y: y / 5], [3.0, 4.0], [0.6, 0.8]),
        (scipy.special.gammaln, [scipy.special.digamma], [3.0], [1.5 - np.euler_gamma]),
        (np.tanh, [lambda x, out: 1 - out**2], [0.0], [1.0]),
    ],
    ids=["exp", "hypot", "gammaln", "tanh"],
)
def test_functions_of_numpy_and_scipy_take_what_they_need(fun, partials, at, exact):
    made = custom(fun, *partials)
    assert made(*at) == fun(*at)
    assert grad(made, tuple(range(len(at))))(*at) == pytest.approx(exact, rel=1e-15)


def test_a_function_of_numpy_needs_a_partial_for_each_of_its_inputs():
    with pytest.raises(TypeError, match=r"one partial for each argument .* takes x1, x2, got 1"):
        custom(np.hypot, 1)


@pytest.mark.parametrize(
    "wrap", [np.array, np.float32, np.float64, lambda x: np.bool_(x > 0), lambda x: x > 0]
)
def test_results_are_numbers_of_any_kind(wrap):
    made = custom(wrap, wrap)
    x = Value(1.0)
    made(x).backward()
    assert (made(1.0), x.grad) == (1.0, 1.0)


class OddError(ValueError):
    """Like those of decoders, it can't be made from a message alone."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def missing_table(x):
    raise OddError("not", "loaded")


@pytest.mark.parametrize("call", [lambda f: f(Value(2.0)), lambda f: f(2.0)])
def test_what_a_function_raises_is_told_with_its_place_and_cause(call):
    with pytest.raises(ValueError, match="not loaded") as caught:
        call(custom(missing_table, 1, name="table"))
    line = missing_table.__code__.co_firstlineno
    assert f"missing_table in {__file__}, line {line} raised OddError: not loaded" in str(
        caught.value
    )
    assert str(caught.value).startswith("table: table(x) failed: ")
    assert str(caught.value).endswith("got x = 2.0")
    chain = [caught.value]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    assert isinstance(chain[-1], OddError)


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("mine"), OverflowError("mine"), ValueError("mine")], ids=repr
)
def test_what_a_partial_raises_is_no_infinite_derivative(error):
    def slope(x):
        raise error

    made = custom(lambda x: x, slope, name="identity")
    assert made(2.0) == 2.0
    message = r"the partial of custom function 'identity' by x: .*slope in .* raised .*: mine"
    for derivative in (grad(made), hessian(made)):
        with pytest.raises(RuntimeError, match=message) as caught:
            derivative(2.0)
        assert caught.value.__cause__ is error


def test_operands_outside_of_a_domain_are_not_a_mistake_of_the_function():
    made = custom(math.lgamma, lambda x: 1.0, name="log_gamma")
    with pytest.raises(ValueError, match=r"log_gamma: log_gamma\(x.*\) failed: .* got x.* = -1\.0"):
        made(Value(-1.0))
