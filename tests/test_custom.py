"""Functions with derivatives of one's own."""

import math

import pytest

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
