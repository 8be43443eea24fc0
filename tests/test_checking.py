"""Checks that find a wrong derivative, and the primitive that made a NaN."""

import inspect
import math
import threading

import numpy as np
import pytest

from autograd_scalar import (
    AnomalyError,
    Value,
    cbrt,
    check_grads,
    custom,
    detect_anomaly,
    exp,
    grad,
    hessian,
    hessian_diagonal,
    hvp,
    hypot,
    jacobian,
    jvp,
    log,
    maximum,
    minimum,
    nn,
    no_grad,
    relu,
    sin,
    sqrt,
    stop_gradient,
    tanh,
    value_and_grad,
    value_grad_and_hvp,
    vjp,
    where,
)
from autograd_scalar.engine.value import record
from autograd_scalar.table.primitives import ROWS
from autograd_scalar.table.registry import OPCODES


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (lambda x: exp(x) * sin(x), (0.7,)),
        (lambda x: sin(x), (1e6,)),
        (lambda x: sin(300 * x), (0.2,)),
        (lambda x: log(x), (1e-3,)),
        (lambda x: x * 1e-9, (2.0,)),
        (lambda x: x**3 * 1e9, (2,)),
        (lambda x: 3.0, (2.0,)),
        (lambda x, y: [x * y, {"s": tanh(x - y)}], (0.5, 2.0)),
        (lambda p: ((p["x"] @ p["y"]) ** 2).sum(), ({"x": np.eye(2), "y": np.ones(2)},)),
        (lambda w: Value(2.0) * w**2, (3.0,)),
        (lambda x: [x, math.inf], (1.0,)),
        (lambda x: x * x, (np.array(2.0),)),
    ],
    ids=range(12),
)
def test_right_derivatives_pass_at_every_order(fun, args):
    check_grads(fun, args, order=3)


@pytest.mark.parametrize(
    ("row", "at"),
    [
        pytest.param(row, at, id=f"{row.name}{at}")
        for row in ROWS
        for at in row.samples
        if max(map(abs, at)) < 100 and min(map(abs, at)) > 1e-3
        # 3.0 / 0.25 is where a step is.
        if row.name not in ("floordiv", "mod")
    ],
)
def test_every_primitive_passes_at_its_samples(row, at):
    check_grads(lambda *x: record(OPCODES[row.name], *x), at)


def test_a_wrong_derivative_is_named_by_its_path_with_both_numbers(scratch_table):
    wrong = custom(lambda x: x * x, lambda x: 3 * x, name="wrong")
    args = ({"w": [1.0, 2.0, 3.0, 4.0]}, 0.5)
    with pytest.raises(AssertionError) as caught:
        check_grads(lambda p, q: p["w"][1] * q + wrong(p["w"][3]), args)
    assert str(caught.value) == (
        '∂/∂args[0]["w"][3] is 12.0, finite differences give 8.0, an error of 4'
    )


def test_a_derivative_that_is_wrong_only_at_second_order(scratch_table):
    cube = custom(lambda x: x**3, lambda x: 3 * stop_gradient(x) * x, name="cube")
    check_grads(lambda x, y: x * cube(y[2]), (2.0, [0, 0, 1.0]), order=1)
    found = r"^∂/∂args\[1\]\[2\] ∂/∂args\[1\]\[2\] is 6\.0, finite differences give 12\.0, .* 6$"
    with pytest.raises(AssertionError, match=found):
        check_grads(lambda x, y: x * cube(y[2]), (2.0, [0, 0, 1.0]), order=2)


@pytest.mark.parametrize("index", [0, 1])
def test_of_several_results_the_wrong_one_is_named(index, scratch_table):
    wrong = custom(lambda x: x, 2, name="wrong")
    results = lambda x: [wrong(x) if i == index else x for i in (0, 1)]  # noqa: E731
    with pytest.raises(AssertionError, match=rf"^result\[{index}\]: ∂/∂args\[0\] is 2\.0, [^\n]*$"):
        check_grads(results, (1.0,))


def test_many_wrong_derivatives_are_counted(scratch_table):
    wrong = custom(lambda x: x, 2, name="wrong")
    with pytest.raises(AssertionError, match=r"\n… and 15 more$"):
        check_grads(lambda x: sum(wrong(each) for each in x), ([1.0] * 20,))


@pytest.mark.parametrize(
    ("fun", "at", "order", "hint"),
    [
        (relu, 0.0, 1, "looks like a kink or a jump: .* left sees the slope 0, .* right 1$"),
        (abs, 0.0, 2, "looks like a kink or a jump"),
        (lambda x: relu(x) + x // 1, 2.0, 1, "looks like a kink or a jump"),
        (lambda x: abs(x) ** 0.5, 0.0, 1, "looks like a kink or a jump"),
        (sqrt, 0.0, 1, r"is inf; .* defined on both sides of 0\.0"),
        (lambda x: 3 * stop_gradient(x), 1.0, 1, "an error of 3$"),
    ],
    ids=["relu", "abs", "floor", "root of abs", "sqrt", "smooth"],
)
def test_kinks_are_told_from_mistakes(fun, at, order, hint):
    with pytest.raises(AssertionError, match=hint):
        check_grads(fun, (at,), order)


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("at", [0.0, 0.1, 0.3, 1.0])
def test_a_steep_function_is_no_kink(scale, at, scratch_table):
    check_grads(lambda x: sin(scale * x), (at,), order=1)
    twice = custom(
        lambda x: math.sin(scale * x), lambda x: 2 * scale * math.cos(scale * x), name="twice"
    )
    with pytest.raises(AssertionError) as caught:
        check_grads(twice, (at,), order=1)
    assert "kink" not in str(caught.value)


@pytest.mark.parametrize(
    ("fun", "args", "named"),
    [
        (lambda x: abs(x) ** 2, (0.0,), r"abs\(x\) for x = 0\.0"),
        (lambda x, y: hypot(x, y) ** 2, (0.0, 0.0), r"hypot\(x, y\) for x = 0\.0, y = 0\.0"),
        (lambda x: maximum(x, 2.0) ** 2 + minimum(x, 2.0) ** 2, (2.0,), r"x > y .* for x = 2\.0"),
    ],
    ids=["abs", "hypot", "maximum"],
)
def test_a_second_derivative_through_a_kink_is_told_from_a_mistake(fun, args, named):
    check_grads(fun, args, order=1)
    with pytest.raises(AssertionError, match=rf"goes through a kink: .*{named}.*a convention"):
        check_grads(fun, args)


def test_a_wrong_second_derivative_of_a_smooth_function_is_no_kink(scratch_table):
    cube = custom(lambda x: x**3, lambda x: 3 * stop_gradient(x) * x, name="cube")
    with pytest.raises(AssertionError) as caught:
        check_grads(lambda x: exp(cube(x)) / x, (1e-3,), rtol=1e-9)
    assert "kink" not in str(caught.value)


def test_an_infinite_derivative_is_not_called_a_kink():
    with pytest.raises(AssertionError, match=r"is inf, which finite differences can't confirm$"):
        check_grads(cbrt, (0.0,), order=1)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_arguments_without_surroundings_are_refused(number):
    with pytest.raises(ValueError, match=r"args\[0\]\[1\] is .*, .* need a finite number"):
        check_grads(lambda v: v[0] * v[1], ([1.0, number],))
    with pytest.raises(ValueError, match="eps must be a finite step other than 0"):
        check_grads(sin, (1.0,), eps=number)


def test_tolerances_and_the_step_can_be_chosen(scratch_table):
    slightly = custom(lambda x: x, 1 + 1e-5, name="slightly")
    with pytest.raises(AssertionError):
        check_grads(slightly, (1.0,))
    check_grads(slightly, (1.0,), rtol=1e-4)
    check_grads(slightly, (1.0,), rtol=0.0, atol=1e-4)
    beside = lambda x: x if x < 1.01 else 2 * x  # noqa: E731
    check_grads(beside, (1.0,), eps=1e-3)


@pytest.mark.parametrize("order", [0, 1.5, "2"])
def test_what_cannot_be_checked_is_refused(order):
    with pytest.raises(ValueError, match="order must be a whole number"):
        check_grads(sin, (1.0,), order)
    with pytest.raises(TypeError, match="args must be a tuple of arguments, got float"):
        check_grads(sin, 1.0)


# Anomalies


def line_of(text):
    """The number of the one line of this file that ends in a comment `# text`."""
    source = inspect.getsource(inspect.getmodule(line_of)).splitlines()
    (line,) = [i for i, each in enumerate(source, 1) if each.endswith(f"# {text}")]
    return line


def test_a_forward_anomaly_names_primitive_operands_labels_and_line():
    big, small = Value(1e200, "big"), Value(1e-3)
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        big * (big / small)  # forward anomaly
    assert str(caught.value) == (
        f"mul: x * y is inf for x = 1e+200 ('big'), y = 1e+203\n"
        f'  File "{__file__}", line {line_of("forward anomaly")}, in '
        "test_a_forward_anomaly_names_primitive_operands_labels_and_line\n"
        "    big * (big / small)  # forward anomaly"
    )


def test_a_backward_anomaly_names_the_node_that_was_recorded_there():
    x = Value(0.0, "x")
    with detect_anomaly():
        y = sqrt(x) * 3  # backward anomaly
        with pytest.raises(AnomalyError) as caught:
            y.backward()
    message = str(caught.value)
    assert message.startswith("backward through sqrt: sqrt(x) = 0.0 for x = 0.0 ('x'): the adjoint")
    assert "of x is inf, after adding 3.0" in message
    assert "times inf, its partial 0.5 / out" in message
    assert f"line {line_of('backward anomaly')}, in" in message
    assert not x.has_grad


def test_nodes_from_before_are_found_without_their_line():
    x = Value(0.0, "x")
    y = sqrt(x)
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"sqrt.*\n  recorded before"):
        y.backward()


WAYS = {
    "grad": grad,
    "value_and_grad": value_and_grad,
    "hessian": hessian,
    "hessian_diagonal": hessian_diagonal,
    "hvp": lambda f: lambda x: hvp(f)(x, 1.0),
    "value_grad_and_hvp": lambda f: lambda x: value_grad_and_hvp(f)(x, 1.0),
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,)),
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0),
    "tall jacobian": lambda f: jacobian(lambda x: [f(x), x]),
    "wide jacobian": lambda f: lambda x: jacobian(lambda v: [f(v[0])])([x, 1.0]),
    "grad of grad": lambda f: grad(grad(f)),
    "jvp of grad": lambda f: lambda x: jvp(grad(f), (x,), (1.0,)),
    "jvp of jvp": lambda f: lambda x: jvp(lambda y: jvp(f, (y,), (1.0,))[1], (x,), (1.0,)),
}
SECOND = [name for name in WAYS if "h" in name[:1] or "hvp" in name or " of " in name]


@pytest.mark.parametrize("way", WAYS)
def test_every_operator_is_watched_and_names_the_line(way):
    def fun(x):
        return sqrt(x) * 2  # watched operator

    with detect_anomaly(), pytest.raises(AnomalyError, match=r"sqrt") as caught:
        WAYS[way](fun)(0.0)
    assert f'File "{__file__}", line {line_of("watched operator")}' in str(caught.value)


@pytest.mark.parametrize("way", SECOND)
def test_in_second_derivatives_the_line_is_that_of_the_function(way):
    def fun(x):
        return x**1.5  # second derivative

    with detect_anomaly(), pytest.raises(AnomalyError, match=r"pow") as caught:
        WAYS[way](fun)(0.0)
    assert f'File "{__file__}", line {line_of("second derivative")}' in str(caught.value)


def test_after_an_anomaly_in_a_derivative_lines_are_right_again():
    with detect_anomaly():
        with pytest.raises(AnomalyError):
            grad(lambda x: sqrt(x))(0.0)
        with pytest.raises(AnomalyError) as caught:
            Value(1e200) * 1e200  # after the derivative
    assert f"line {line_of('after the derivative')}" in str(caught.value)


def test_the_line_is_the_users_even_inside_a_network():
    model = nn.MLP(2, [3, 1])
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"# through the network$"):
        model([Value(math.nan), Value(1.0)])  # through the network


def test_branches_not_taken_are_no_anomaly():
    x = Value(0.0)
    with detect_anomaly():
        where(x > 0, sqrt(x), x * 2).backward()
        assert grad(lambda x: where(x > 0, sqrt(x), x * 2))(0.0) == 2.0
    assert x.grad == 2.0


def test_only_this_thread_and_only_inside():
    x = Value(1e200)
    failures = []

    def multiply():
        try:
            assert math.isinf((x * x).data)
        except BaseException as error:
            failures.append(error)

    with detect_anomaly():
        thread = threading.Thread(target=multiply)
        thread.start()
        thread.join()
        with no_grad(), pytest.raises(AnomalyError):
            x * x
    multiply()
    assert failures == []


def test_what_is_watched_gives_the_same_numbers():
    def fun(v):
        return tanh(v[0] * v[1]) + v[1] ** 2 / v[0]

    at = [0.7, -1.3]
    plain = [value_and_grad(fun)(at), hessian(fun)(at)]
    with detect_anomaly():
        watched = [value_and_grad(fun)(at), hessian(fun)(at)]
    assert watched[0] == plain[0]
    for row, exact in zip(watched[1], plain[1], strict=True):
        assert row == pytest.approx(exact, rel=1e-14)
