"""The operators: what they accept, how they arrange what they return, and what they refuse."""

import math
import threading
from collections import OrderedDict, namedtuple
from dataclasses import InitVar, dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_scalar as ag
from autograd_scalar import (
    Value,
    exp,
    grad,
    gradient,
    hessian,
    hessian_diagonal,
    hvp,
    jacobian,
    jvp,
    no_grad,
    sin,
    sqrt,
    stop_gradient,
    value_and_grad,
    value_and_jacobian,
    value_grad_and_hvp,
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


@dataclass
class Scaled:
    x: float
    scale: InitVar[float] = 1.0

    def __post_init__(self, scale):
        self.x = self.x * scale


def test_what_a_constructor_forgets_cannot_be_made_again():
    with pytest.raises(TypeError, match=r"args\[0\]\.a is a Scaled, .* scale \(InitVar\)"):
        grad(lambda pair: pair.a.x)(Pair(Scaled(3.0, 2.0), 1.0))
    # As a result it needn't be made by its constructor.
    assert jacobian(lambda x: Scaled(x, 2.0))(3.0).x == 2.0


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


def leaves_of(tree):
    """The numbers in containers, by Python's own rules."""
    if isinstance(tree, np.ndarray):
        return tree.ravel().tolist()
    if isinstance(tree, dict):
        tree = list(tree.values())
    elif isinstance(tree, Model):
        tree = [tree.weights, tree.bias]
    if isinstance(tree, list | tuple):
        return [leaf for part in tree for leaf in leaves_of(part)]
    return [tree]


def shape_of(tree):
    """The kinds of the containers, and how they are nested."""
    if isinstance(tree, np.ndarray):
        return np.ndarray, tree.shape
    if isinstance(tree, Model):
        return Model, shape_of(tree.weights), shape_of(tree.bias)
    if isinstance(tree, dict):
        return type(tree), [(key, shape_of(part)) for key, part in tree.items()]
    if isinstance(tree, list | tuple):
        return type(tree), [shape_of(part) for part in tree]
    return float


# Whole numbers: every derivative below is exact.
NUMBERS = st.integers(-4, 4).map(float) | st.integers(-4, 4)
ARRAYS = st.sampled_from([(), (0,), (1,), (3,), (2, 2)]).map(
    lambda shape: np.arange(1.0, 1.0 + math.prod(shape)).reshape(shape)
)
TREES = st.recursive(
    NUMBERS | ARRAYS,
    lambda part: st.one_of(
        st.lists(part, max_size=3),
        st.lists(part, max_size=3).map(tuple),
        st.lists(NUMBERS, max_size=3),
        st.dictionaries(st.sampled_from(["u", "v", 1, (2, 3)]), part, max_size=2),
        st.builds(Pair, part, part),
        st.builds(Model, part, part),
    ),
    max_leaves=6,
)


def squared_sum(*trees):
    """(Σ cᵢ xᵢ)² with different cᵢ, whose slopes are 2 cᵢ Σ, and second derivatives 2 cᵢ cⱼ."""
    return sum((i + 1) * x for i, x in enumerate(leaves_of(list(trees)))) ** 2


def same(found, expected):
    assert shape_of(found) == shape_of(expected)
    assert leaves_of(found) == leaves_of(expected)


@given(TREES, TREES)
def test_arguments_of_every_structure_stand_beside_each_other(a, b):
    one, two = len(leaves_of(a)), len(leaves_of([a, b]))
    total = sum((i + 1) * x for i, x in enumerate(leaves_of([a, b])))
    slopes = [2.0 * (i + 1) * total for i in range(two)]
    both = grad(squared_sum, (0, 1))(a, b)
    assert [type(both), leaves_of(both)] == [tuple, slopes]
    for i, part in enumerate([slopes[:one], slopes[one:]]):
        alone = grad(squared_sum, i)(a, b)
        assert leaves_of(alone) == part
        same(both[i], alone)
    swapped = grad(squared_sum, [1, 0])(a, b)
    same(swapped, both[::-1])
    same(value_and_grad(squared_sum, (0, 1))(a, b), (float(total) ** 2, both))
    same(jacobian(squared_sum, (0, 1))(a, b), both)
    same(jacobian(squared_sum, (0, 1), mode="forward")(a, b), both)
    same(value_and_jacobian(squared_sum, (0, 1))(a, b), (float(total) ** 2, both))
    same(vjp(squared_sum, a, b)[1](1.0), both)
    rates = sum(2.0 * (i + 1) * total * slope for i, slope in enumerate(slopes))
    assert jvp(squared_sum, (a, b), both) == (total**2, rates)
    # The gradient is arranged like the arguments, and so may be the vector.
    product = hvp(squared_sum, (0, 1))(a, b, both)
    along = sum((i + 1) * slope for i, slope in enumerate(slopes))
    same(product, grad(lambda *x: along * sum_of(x), (0, 1))(a, b))
    same(value_grad_and_hvp(squared_sum, (0, 1))(a, b, both), (float(total) ** 2, both, product))
    diagonal = hessian_diagonal(squared_sum, (0, 1))(a, b)
    assert leaves_of(diagonal) == [2.0 * (i + 1) ** 2 for i in range(two)]
    assert shape_of(diagonal) == shape_of(both)
    blocks = hessian(squared_sum, (0, 1))(a, b)
    # Recorded, an array without dimensions is the Value in it, so the shapes may differ.
    assert leaves_of(blocks) == leaves_of(jacobian(grad(squared_sum, (0, 1)), (0, 1))(a, b))
    for i in (0, 1):
        alone = hessian(squared_sum, i)(a, b)
        assert leaves_of(alone) == leaves_of(jacobian(grad(squared_sum, i), i)(a, b))
    assert sorted(leaves_of(blocks)) == sorted(
        2.0 * i * j for i in range(1, two + 1) for j in range(1, two + 1)
    )


def sum_of(trees):
    return sum(2 * (i + 1) * x for i, x in enumerate(leaves_of(list(trees))))


def test_two_lists_and_a_number():
    def fun(a, x, b):
        return a[0] * a[1] * x + 10 * b[0] * b[1]

    found = grad(fun, (0, 1, 2))([3.0, 4.0], 2.0, [5.0, 6.0])
    assert found == ([8.0, 6.0], 12.0, [60.0, 50.0])
    columns = hessian(fun, (0, 1))([3.0, 4.0], 2.0, [5.0, 6.0])
    assert columns == ([([0.0, 2.0], 4.0), ([2.0, 0.0], 3.0)], ([4.0, 3.0], 0.0))


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
    for operator, exact in [(jacobian, 6.0), (hessian, 2.0), (hessian_diagonal, 2.0)]:
        found, aux = operator(fun, has_aux=True)(3.0)
        assert (found, aux["y"], type(aux["y"])) == (exact, 9.0, float)
    (value, aux), found = value_and_jacobian(fun, has_aux=True)(3.0)
    assert (value, aux["y"], found) == (9.0, 9.0, 6.0)
    with pytest.raises(TypeError, match=r"must return \(result, aux\), got Value"):
        jacobian(lambda x: x, has_aux=True)(1.0)


@pytest.mark.parametrize("shape", [(1,), (1, 1), ()])
def test_an_array_of_one_element_is_one_number(shape):
    x = np.full(shape, 3.0)
    assert np.array_equal(grad(lambda x: x**2)(x), 2 * x)
    value, found = value_and_grad(lambda x: x**2)(x)
    assert (type(value), value, found.shape) == (float, 9.0, shape)
    assert hessian(lambda x: x**3)(x).shape == shape * 2
    assert hvp(lambda x: x**3)(x, x) == pytest.approx(54 * np.ones(shape))


@pytest.mark.parametrize("one", [1, True, np.True_, np.array(1.0), np.array(True), np.float32(1)])
def test_tangents_and_cotangents_are_numbers_of_any_kind(one):
    assert jvp(lambda x: 3 * x, (2.0,), (one,)) == (6.0, 3.0)
    assert vjp(lambda x: 3 * x, 2.0)[1](one) == (3.0,)
    assert hvp(lambda v: v[0] ** 2)([2.0], [one]) == [2.0]
    assert hvp(lambda v: v[0] ** 2)(np.array([2.0]), [one.item() if hasattr(one, "item") else one])


def test_forward_mode_by_some_arguments_with_keywords():
    def fun(x, y, *, scale):
        return [scale * x * y, x]

    assert jvp(fun, (2.0, 3.0), (1.0, 10.0), scale=2) == ([12.0, 2.0], [46.0, 1.0])
    assert jvp(fun, (2.0, 3.0), 10.0, argnums=1, scale=2) == ([12.0, 2.0], [40.0, 0.0])
    assert jvp(fun, (2.0, 3.0), (10.0,), argnums=[-1], scale=2) == ([12.0, 2.0], [40.0, 0.0])
    out, pullback = vjp(fun, 2.0, 3.0, argnums=0, scale=2)
    assert (out, pullback([1.0, 10.0])) == ([12.0, 2.0], 16.0)
    with pytest.raises(TypeError, match="argnums is 2, but fun was called with 2 positional"):
        jvp(fun, (2.0, 3.0), 1.0, argnums=2, scale=2)


@pytest.mark.parametrize(("results", "arguments"), [(2, 5), (5, 2)])
def test_the_mode_of_a_jacobian_can_be_chosen(results, arguments, monkeypatch):
    from autograd_scalar.transforms.trace import Trace

    matrix = np.arange(1.0, 1.0 + results * arguments).reshape(results, arguments)
    sweeps = []
    for mode, method in (("reverse", "row_sums"), ("forward", "column_sums")):
        swept = getattr(Trace, method)
        monkeypatch.setattr(
            Trace,
            method,
            lambda *given, mode=mode, swept=swept: sweeps.append(mode) or swept(*given),
        )
    for mode in ("reverse", "forward", None):
        sweeps.clear()
        assert np.array_equal(jacobian(lambda x: matrix @ x, mode=mode)(np.ones(arguments)), matrix)
        chosen = mode or ("reverse" if results < arguments else "forward")
        assert sweeps == [chosen] * (results if chosen == "reverse" else arguments)
    with pytest.raises(ValueError, match=r'mode is "forward", "reverse" or None .* got .fwd.'):
        jacobian(abs, mode="fwd")


def test_value_gradient_and_product_come_from_one_run():
    runs = []

    def fun(v):
        runs.append(1)
        return v[0] ** 2 * v[1]

    found = value_grad_and_hvp(fun)([3.0, 4.0], [1.0, 0.0])
    assert found == (36.0, [24.0, 9.0], [8.0, 6.0])
    assert value_and_jacobian(lambda v: [fun(v)])([3.0, 4.0]) == ([36.0], [[24.0, 9.0]])
    assert len(runs) == 2


def test_a_diagonal_of_second_derivatives_is_that_of_the_hessian():
    def fun(v):
        return exp(v[0] * v[1]) + where(v[2] > 0, sqrt(v[2]) * v[0], v[2] ** 2)

    for at in ([0.5, 2.0, 1.5], [0.5, 2.0, 0.0]):
        matrix = hessian(fun)(at)
        assert hessian_diagonal(fun)(at) == [matrix[i][i] for i in range(3)]
    assert grad(lambda w: hessian_diagonal(lambda v: w * v[0] ** 3)([2.0])[0])(5.0) == 12.0


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
    with pytest.raises(TypeError, match="stop_gradient"):
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
    assert repr(hvp(quadratic)) == "<hvp(quadratic)>"


def test_made_functions_are_methods_where_they_are_written_in_a_class():
    class Loss:
        scale = 3.0

        def along(self, x):
            return self.scale * x**2

        slope = grad(along, argnums=1)

    assert Loss().slope(2.0) == 12.0
