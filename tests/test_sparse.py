"""Sparse Jacobians and Hessians: the entries of the dense ones, where the program has any."""

import itertools
import math
import pickle
import random
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import NonlinearConstraint, least_squares, minimize
from scipy.sparse import csr_array

from autograd_scalar import (
    AnomalyError,
    Value,
    compile,  # noqa: A004 (Python's own is not called here)
    custom,
    detect_anomaly,
    exp,
    floor,
    grad,
    hessian,
    hypot,
    jacobian,
    load,
    log,
    maximum,
    no_grad,
    relu,
    sin,
    sqrt,
    stop_gradient,
    tanh,
    value_and_grad,
    value_and_jacobian,
    where,
)
from autograd_scalar.engine.value import record
from autograd_scalar.table.primitives import ROWS
from autograd_scalar.table.registry import OPCODES
from autograd_scalar.tape.structures import Reading
from autograd_scalar.transforms import colouring, sparse
from autograd_scalar.transforms.trace import Trace

ROUTES = {"eager": lambda made: made, "compiled": compile}
MODES = (None, "forward", "reverse")


@pytest.fixture(params=ROUTES)
def route(request):
    return ROUTES[request.param]


def places(matrix):
    """Where a sparse matrix has entries."""
    if isinstance(matrix, np.ndarray):
        rows, columns = matrix.nonzero()
    else:
        rows, columns = matrix.tocoo().row, matrix.tocoo().col
    return {*zip(rows.tolist(), columns.tolist(), strict=True)}


def assert_same(found, dense):
    """To the last bit, with 0 where the sparse matrix has no entry."""
    assert isinstance(found, csr_array)
    assert found.has_canonical_format
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found.toarray(), np.array(dense).reshape(found.shape))


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def neighbours(x):
    return [a * sin(b) - c for a, b, c in zip(x, x[1:], x[2:], strict=False)]


def arrow(x):
    return sum(x[0] ** 3 * exp(-each) for each in x[1:]) / 3


def rows_of_several(x):
    """Results of one argument, of many, of the same, of none."""
    total = sum(each * each for each in x)
    return [
        x[0],
        total,
        total,
        3.0,
        log(x[1]) * x[3],
        stop_gradient(x[2]),
        tanh(total),
        x[2] / x[3],
    ]


POINT = [1.25, 0.5, 2.0, 1.5, 0.75, 3.0]


# The entries


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fun", [neighbours, rows_of_several, lambda x: [rosenbrock(x)]])
def test_a_sparse_jacobian_has_the_bits_of_the_dense_one(fun, mode, route):
    found = route(jacobian(fun, mode=mode, sparse=True))(POINT)
    reverse = mode or "reverse"
    dense = [jacobian(fun, mode=each)(POINT) for each in (reverse, mode or "forward")]
    assert any(np.array_equal(found.toarray(), each) for each in dense)


@pytest.mark.parametrize("fun", [rosenbrock, arrow, lambda x: log(sum(map(exp, x)))])
def test_a_sparse_hessian_is_the_dense_one(fun, route):
    found = route(hessian(fun, sparse=True))(POINT)
    dense = np.array(hessian(fun)(POINT))
    if fun is arrow:  # by a star colouring
        np.testing.assert_array_max_ulp(found.toarray(), dense, 2)
    else:
        assert_same(found, dense)
    assert_same(found.T.tocsr(), found.toarray())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_the_entries_of_the_dense_matrices(row, route):
    def fun(x):
        return record(OPCODES[row.name], *x)

    first, second = route(jacobian(fun, sparse=True)), route(hessian(fun, sparse=True))
    for point in [*row.samples, *(kink.at for kink in row.kinks)]:
        assert_same(first([*point]), [grad(fun)([*point])])
        assert_same(second([*point]), hessian(fun)([*point]))


def random_program(seed, size):
    """Sums of products and functions of a few numbers each."""
    rng = random.Random(seed)
    unary = [sin, exp, tanh, lambda v: v / 3, lambda v: -v, lambda v: v**2, relu, floor, abs]
    binary = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        hypot,
        maximum,
        lambda a, b: where(a > b, a * b, b),
        lambda a, b: a / (1 + b * b),
    ]
    steps = []
    for i in range(3 * size):
        first, second = (rng.randrange(max(0, size + i - 2 * size), size + i) for _ in range(2))
        chosen = (rng.choice(unary), (first,)) if rng.random() < 0.4 else None
        steps.append(chosen or (rng.choice(binary), (first, second)))
    kept = rng.sample(range(4 * size), size + rng.randrange(3))

    def run(x):
        numbers = [*x]
        for function, operands in steps:
            numbers.append(function(*[numbers[i] for i in operands]))
        return [numbers[i] for i in kept]

    return run


@pytest.mark.parametrize("seed", range(25))
def test_random_programs_have_the_dense_entries_within_a_structure_that_holds_everywhere(seed):
    fun = random_program(seed, 6)
    rng = np.random.default_rng(seed)
    points = [rng.uniform(-1.5, 1.5, 6).tolist() for _ in range(4)]

    def total(x):
        return sum(a * b for a, b in itertools.pairwise(fun(x)))

    compiled = {mode: compile(jacobian(fun, mode=mode, sparse=True)) for mode in MODES[1:]}
    curvature = compile(hessian(total, sparse=True))
    first = jacobian(fun, sparse=True)(points[0])
    second = hessian(total, sparse=True)(points[0])
    for x in points:
        for mode in MODES[1:]:
            dense = jacobian(fun, mode=mode)(x)
            for made in (jacobian(fun, mode=mode, sparse=True), compiled[mode]):
                assert_same(made(x), dense)
                assert places(made(x)) == places(first)
        dense = np.array(hessian(total)(x))
        for made in (hessian(total, sparse=True), curvature):
            found = made(x)
            assert places(found) == places(second)
            scale = 1e-13 * np.abs(dense).max(initial=1.0)
            np.testing.assert_allclose(found.toarray(), dense, rtol=1e-13, atol=scale)
        np.testing.assert_array_equal(curvature(x).toarray(), found.toarray())
        assert places(dense) <= places(second)


@pytest.mark.parametrize("seed", range(25))
def test_without_a_star_colouring_a_hessian_has_the_bits_of_the_dense_one(seed, monkeypatch):
    monkeypatch.setattr(sparse, "_FEW", math.inf)
    fun = random_program(seed, 8)

    def total(x):
        return sum(a * b for a, b in itertools.pairwise(fun(x)))

    x = np.random.default_rng(seed).uniform(-1.5, 1.5, 8).tolist()
    dense = hessian(total)(x)
    assert_same(hessian(total, sparse=True)(x), dense)
    assert_same(compile(hessian(total, sparse=True))(x), dense)


# The structure


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_structure_of_a_row_is_where_a_derivative_is_not_0_somewhere(row):
    def fun(x):
        return record(OPCODES[row.name], *x)

    grid = [-2.6, -1.5, -0.3, 0.4, 0.8, 1.7, 3.0]
    points = [*row.samples, *itertools.product(grid, repeat=len(row.arguments))]
    patterns, slopes, curvatures = [], set(), set()
    for point in map(list, points):
        try:
            found = jacobian(fun, sparse=True)(point), hessian(fun, sparse=True)(point)
        except (ArithmeticError, ValueError):
            continue
        patterns.append([places(each) for each in found])
        slopes |= places(np.array([grad(fun)(point)]))
        curvatures |= places(np.array(hessian(fun)(point)))
    assert all(each == [slopes, curvatures] for each in patterns)
    assert patterns


def test_linear_parts_have_no_second_derivatives():
    fun = lambda x: x[0] * 3 + relu(x[1]) - x[2] / 7 + abs(x[3]) + x[4] * x[5]  # noqa: E731
    assert places(hessian(fun, sparse=True)(POINT)) == {(4, 5), (5, 4)}


def test_what_a_step_hides_has_none_at_all(route):
    fun = lambda x: [floor(x[0] * x[1]) + x[2], where(x[0] > x[1], x[2], x[3])]  # noqa: E731
    found = route(jacobian(fun, sparse=True))(POINT)
    assert places(found) == {(0, 2), (1, 2), (1, 3)}


@pytest.mark.parametrize("x", [[3.0, 2.0], [-3.0, 2.0], [0.0, 0.0]])
def test_numbers_that_are_0_stay_in_the_structure(x, route):
    made = route(jacobian(lambda x: [relu(x[0]) * x[1], where(x[0] > 1, x[1], 0.0)], sparse=True))
    made([5.0, 1.0])  # compiled where nothing is 0
    assert places(made(x)) == {(0, 0), (0, 1), (1, 1)}


def test_a_branch_of_the_program_has_its_own_structure(route):
    made = route(hessian(lambda x: x[0] * x[1] if x[0] > 0 else x[1] ** 2, sparse=True))
    for _ in range(2):
        assert_same(made([1.0, 2.0]), [[0.0, 1.0], [1.0, 0.0]])
        assert made([1.0, 2.0]).nnz == 2
        assert_same(made([-1.0, 2.0]), [[0.0, 0.0], [0.0, 2.0]])
        assert made([-1.0, 2.0]).nnz == 1


def test_a_matrix_may_be_changed_without_changing_the_next(route):
    made = route(hessian(rosenbrock, sparse=True))
    before = made(POINT)
    kept = before.toarray()
    before.data[:] = 0.0
    before.eliminate_zeros()
    np.testing.assert_array_equal(made(POINT).toarray(), kept)


# Infinities and kinks


@pytest.mark.parametrize("mode", MODES)
def test_an_infinite_slope_stays_in_its_entry(mode, route):
    fun = lambda x: [sqrt(x[0]) + x[1], x[2] * x[1], sqrt(x[2] * x[3])]  # noqa: E731
    made = route(jacobian(fun, mode=mode, sparse=True))
    made([4.0, 1.0, 2.0, 3.0])
    found = made([0.0, 1.0, 2.0, 3.0])
    wanted = np.array(jacobian(fun, mode="reverse")([0.0, 1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(found.toarray(), wanted)
    assert found[0, 0] == math.inf


def test_forward_and_reverse_agree_at_infinite_slopes():
    fun = lambda x: [sqrt(x[0]) + x[1], x[1] * x[2]]  # noqa: E731
    assert jacobian(fun, mode="forward")([0.0, 1.0, 2.0]) == [[math.inf, 1.0, 0.0], [0.0, 2.0, 1.0]]


@pytest.mark.parametrize(
    ("fun", "x"),
    [
        (lambda x: sqrt(x[0]) * x[1] + x[1] * x[2] ** 2, [0.0, 1.0, 2.0]),
        (lambda x: sqrt(x[0]) + x[1] * x[2], [0.0, 1.0, 2.0]),
        (lambda x: where(x[0] > 0, sqrt(x[0]) * x[1], x[1] ** 2) + x[2] ** 3, [0.0, 1.0, 2.0]),
        (lambda x: hypot(x[0], x[1]) ** 2 + abs(x[2]) * x[2], [0.0, 0.0, 0.0]),
        (lambda x: exp(x[0]) ** 2 + x[1] * x[2] / x[0], [350.0, 1e-200, 1e300]),
        (lambda x: maximum(x[0], x[1]) * x[2], [1.0, 1.0, -0.0]),
    ],
)
def test_a_hessian_at_a_kink_or_at_infinity_is_the_dense_one(fun, x, route):
    made = route(hessian(fun, sparse=True))
    made([1.5, 2.5, 0.5])
    found = made(x)
    dense = np.array(hessian(fun)(x))
    inside = tuple(np.array([*places(found)]).T)
    np.testing.assert_array_equal(found.toarray()[inside], dense[inside])


# Colourings


@st.composite
def patterns(draw, symmetric=False):
    height = draw(st.integers(0, 12))
    width = height if symmetric else draw(st.integers(0, 12))
    entry = st.tuples(st.integers(0, max(height - 1, 0)), st.integers(0, max(width - 1, 0)))
    entries = {*draw(st.lists(entry, max_size=40 if height and width else 0))}
    if symmetric:
        entries |= {(j, i) for i, j in entries}
    return [sorted(j for k, j in entries if k == i) for i in range(height)], width


@settings(max_examples=200, deadline=None)
@given(patterns())
def test_columns_of_one_colour_share_no_row(pattern):
    rows, width = pattern
    colours = colouring.columns(rows, width)
    for row in rows:
        assert len({colours[j] for j in row}) == len(row)
    empty = {*range(width)} - {j for row in rows for j in row}
    assert {j for j in range(width) if colours[j] < 0} == empty
    assert {*colours} - {-1} == {*range(colouring.count(colours))}


@settings(max_examples=200, deadline=None)
@given(patterns(symmetric=True))
def test_every_entry_can_be_read_from_a_star_colouring(pattern):
    rows, _ = pattern
    colours = colouring.star(rows)

    def can_be_read(i, j):
        """Entry (i, j) in row i of the sweep of column j."""
        return [k for k in rows[i] if colours[k] == colours[j]] == [j]

    assert all(can_be_read(i, j) or can_be_read(j, i) for i, row in enumerate(rows) for j in row)


def band(size, width):
    return [[j for j in range(i - width, i + width + 1) if 0 <= j < size] for i in range(size)]


def arrowhead(size, tip):
    return [[*range(size)] if i == tip else sorted({i, tip}) for i in range(size)]


@pytest.mark.parametrize(
    ("rows", "columns", "star"),
    [
        (band(50, 0), 1, 1),
        (band(50, 1), 3, 3),
        (band(50, 2), 5, 5),
        (arrowhead(50, 0), 50, 2),
        (arrowhead(50, 49), 50, 2),
        (arrowhead(50, 20), 50, 2),
        ([[*range(9)]] * 9, 9, 9),
        ([[]] * 9, 0, 0),
    ],
    ids=[
        "diagonal", "three diagonals", "five diagonals", "arrow from the first", "from the last",
        "from the middle", "full", "empty",
    ],
)  # fmt: skip
def test_known_patterns_take_as_few_colours_as_can_be(rows, columns, star):
    assert colouring.count(colouring.columns(rows, len(rows))) == columns
    assert colouring.count(colouring.star(rows)) == star


def sweeps(monkeypatch, name, call):
    found = []
    swept = getattr(Trace, name)
    monkeypatch.setattr(Trace, name, lambda *given: found.append(name) or swept(*given))
    call()
    monkeypatch.undo()
    return len(found)


def test_a_jacobian_takes_the_direction_with_fewer_colours(monkeypatch):
    many_of_one = lambda x: [x[0] * each for each in x]  # noqa: E731
    one_of_many = lambda x: [x[0] + x[1], *(x[1] * each for each in x[2:]), sum(x)]  # noqa: E731
    x = [1.0 + i for i in range(20)]
    for fun, forward, reverse in ((many_of_one, 2, 0), (neighbours, 0, 3), (one_of_many, 0, 20)):
        for name, wanted in (("column_sums", forward), ("row_sums", reverse)):
            call = lambda fun=fun: jacobian(fun, sparse=True)(x)  # noqa: E731
            assert sweeps(monkeypatch, name, call) == wanted


# Sizes


def test_ten_thousand_dimensions_take_no_more_than_their_entries():
    size = 10_000
    x = np.linspace(-1.0, 1.0, size)
    found = hessian(rosenbrock, sparse=True)(x)
    assert found.shape == (size, size)
    diagonal = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal = np.append(diagonal, 0.0) + np.append(0.0, np.full(size - 1, 200.0))
    np.testing.assert_allclose(found.diagonal(), diagonal, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found.diagonal(1), -400 * x[:-1], rtol=1e-14)
    assert found.nnz == 3 * size - 2
    slopes = jacobian(neighbours, sparse=True)(x)
    assert slopes.nnz == 3 * (size - 2)


def test_a_compiled_program_grows_with_the_entries_not_with_their_square():
    lengths = []
    for size in (100, 200):
        made = compile(hessian(arrow, sparse=True))
        made([1.0] * size)
        lengths.append(made.tape.recorded)
    assert lengths[1] < 2.1 * lengths[0]


# Arguments and results


@pytest.mark.parametrize(
    "x",
    [POINT, tuple(POINT), np.array(POINT), [*map(np.float64, POINT)]],
    ids=["list", "tuple", "array", "NumPy's numbers"],
)
def test_an_argument_is_a_list_a_tuple_or_an_array(x, route):
    assert_same(route(hessian(rosenbrock, sparse=True))(x), hessian(rosenbrock)(POINT))


@pytest.mark.parametrize(
    ("fun", "x", "dense"),
    [
        (lambda x: x**3, 2.0, [[12.0]]),
        (lambda x: [x, x * x], 3.0, [[1.0], [6.0]]),
        (lambda x: x[0] * x[1], [3.0, 4.0], [[4.0, 3.0]]),
        (lambda x: np.array([x[0], 2.0]), np.array([3.0]), [[1.0], [0.0]]),
        (lambda x: [], [1.0, 2.0], np.zeros((0, 2))),
        (lambda x: [1.0, 2.0], [], np.zeros((2, 0))),
        (lambda x: [], [], np.zeros((0, 0))),
        (lambda x: 5, [1.0, 2.0], np.zeros((1, 2))),
    ],
)
def test_a_number_is_a_vector_of_one_and_a_vector_may_be_empty(fun, x, dense, route):
    assert_same(route(jacobian(fun, sparse=True))(x), dense)


@pytest.mark.parametrize("x", [[], [1.0, 2.0], 1.0])
def test_a_function_that_depends_on_nothing_has_an_empty_hessian(x, route):
    found = route(hessian(lambda x: 3.0, sparse=True))(x)
    size = 1 if x == 1.0 else len(x)
    assert (found.shape, found.nnz) == ((size, size), 0)


def test_values_and_aux_come_beside_it(route):
    fun = lambda x, *, power: ([x[0] ** power, x[1]], {"sum": x[0] + x[1]})  # noqa: E731
    value, found = route(value_and_jacobian(lambda x: fun(x, power=2)[0], sparse=True))([3.0, 4.0])
    assert value == [9.0, 4.0]
    assert_same(found, [[6.0, 0.0], [0.0, 1.0]])
    found, aux = route(jacobian(lambda x: fun(x, power=2), has_aux=True, sparse=True))([3.0, 4.0])
    assert_same(found, [[6.0, 0.0], [0.0, 1.0]])
    assert aux == {"sum": 7.0}
    found, aux = route(hessian(lambda x: (x[0] ** 2, x[0]), has_aux=True, sparse=True))([3.0, 4.0])
    assert_same(found, [[2.0, 0.0], [0.0, 0.0]])
    assert aux == 3.0


def test_one_argument_of_several_is_chosen(route):
    fun = lambda a, x, b: sum(a * each**2 * b[0] for each in x)  # noqa: E731
    found = route(hessian(fun, argnums=1, sparse=True))(2.0, [1.0, 2.0], [3.0])
    assert_same(found, [[12.0, 0.0], [0.0, 12.0]])


@pytest.mark.parametrize(
    ("x", "problem"),
    [
        ({"a": 1.0}, "the argument is a dict"),
        ([[1.0], [2.0]], "the argument is a list with a list in it"),
        (np.ones((2, 2)), r"the argument is an array of shape \(2, 2\)"),
        ((1.0, {"a": 2.0}), "the argument is a tuple with a dict"),
    ],
)
@pytest.mark.parametrize("operator", [jacobian, hessian])
def test_other_containers_are_refused_by_what_they_are(operator, x, problem, route):
    with pytest.raises(ValueError, match=f"a row or column for each number .*{problem}"):
        route(operator(lambda x: 1.0, sparse=True))(x)


def test_results_in_other_containers_are_refused_too(route):
    with pytest.raises(ValueError, match="the result is a dict; take the list apart"):
        route(jacobian(lambda x: {"a": x[0]}, sparse=True))([1.0])
    with pytest.raises(ValueError, match=r"one argument, got argnums \(0, 1\)"):
        jacobian(lambda x, y: x, argnums=(0, 1), sparse=True)


# With the rest


def test_values_from_outside_are_refused():
    w = Value(2.0)
    for fun in (lambda x: w * x[0] ** 2, lambda x: [w * x[0]]):
        operator = hessian if fun([1.0]).__class__ is Value else jacobian
        with pytest.raises(TypeError, match=r"Values from outside take part.*stop_gradient"):
            operator(fun, sparse=True)([1.0])
    assert_same(hessian(lambda x: stop_gradient(w) * x[0] ** 2, sparse=True)([1.0]), [[4.0]])
    with pytest.raises(TypeError, match="Values from outside"):
        grad(lambda x: hessian(rosenbrock, sparse=True)([x, 2.0]).sum())(1.0)


def test_parameters_are_read_at_each_call_of_a_compiled_function():
    w = Value(2.0)
    made = compile(hessian(lambda x: stop_gradient(w) * x[0] ** 2, sparse=True))
    assert_same(made([1.0]), [[4.0]])
    w.data = 3.0
    assert_same(made([1.0]), [[6.0]])


def test_inside_no_grad_it_is_the_same(route):
    with no_grad():
        assert_same(route(hessian(rosenbrock, sparse=True))(POINT), hessian(rosenbrock)(POINT))


def test_anomalies_are_told():
    with detect_anomaly():
        assert_same(hessian(rosenbrock, sparse=True)(POINT), hessian(rosenbrock)(POINT))
        with pytest.raises(AnomalyError, match="sqrt"):
            jacobian(lambda x: [sqrt(x[0]), x[1]], sparse=True)([0.0, 1.0])


def test_custom_functions_of_several_arguments_may_meet_in_all_pairs(route, scratch_table):
    times = custom(lambda x, y: x * y, lambda x, y: y, lambda x, y: x, name="times")
    fun = lambda x: times(x[0], x[1]) + x[2] ** 2 * x[3]  # noqa: E731
    found = route(hessian(fun, sparse=True))(POINT[:4])
    assert_same(found, hessian(fun)(POINT[:4]))
    assert places(found) == {
        *itertools.product((0, 1), repeat=2), (2, 2), (2, 3), (3, 2)
    }  # fmt: skip


def test_a_compiled_one_may_be_among_other_results():
    def fun(x):
        return {"H": hessian(rosenbrock, sparse=True)(x), "v": value_and_grad(rosenbrock)(x)}

    made = compile(fun)
    for x in (POINT, POINT[::-1]):
        found = made(x)
        assert_same(found["H"], hessian(rosenbrock)(x))
        assert found["v"] == value_and_grad(rosenbrock)(x)


def test_a_compiled_function_can_return_it_and_no_more():
    for use in (
        lambda made, x: made @ x,
        lambda made, x: x @ made,
        lambda made, x: made.toarray(),
        lambda made, x: made[0, 0],
        lambda made, x: np.ones(2) * made,
    ):
        with pytest.raises(TypeError, match="can return a sparse matrix, but not compute"):
            compile(lambda x, use=use: use(hessian(rosenbrock, sparse=True)(x), x))(np.ones(2))


def test_a_batch_of_them_is_refused():
    for reduce in (None, "sum"):
        with pytest.raises(TypeError, match="compile without batch"):
            compile(hessian(rosenbrock, sparse=True), batch=0, reduce=reduce)(np.ones((3, 2)))


def test_they_are_pickled():
    eager = pickle.loads(pickle.dumps(hessian(rosenbrock, sparse=True)))
    assert_same(eager(POINT), hessian(rosenbrock)(POINT))
    made = compile(hessian(lambda x: rosenbrock(x), sparse=True))
    made(POINT)
    other = pickle.loads(pickle.dumps(made))
    assert_same(other(POINT[::-1]), hessian(rosenbrock)(POINT[::-1]))


def test_they_are_saved_and_loaded(tmp_path):
    made = compile(lambda x: (rosenbrock(x), hessian(rosenbrock, sparse=True)(x)))
    made(POINT)
    made.save(tmp_path / "curvature.tape")
    value, found = load(tmp_path / "curvature.tape")(POINT[::-1])
    assert value == rosenbrock(POINT[::-1])
    assert_same(found, hessian(rosenbrock)(POINT[::-1]))


@pytest.mark.parametrize(
    "told",
    [
        {"sparse": [[0, 0]], "width": 2},
        {"sparse": [[2]], "width": 2},
        {"sparse": [["0"]], "width": 2},
        {"sparse": [0], "width": 2},
        {"sparse": [[0]], "width": 2**40},
        {"sparse": [[0, 1], [0, 1]], "width": 2},
    ],
    ids=["twice", "outside", "text", "no row", "too wide", "too many"],
)
def test_a_structure_in_a_file_is_checked(told):
    with pytest.raises(ValueError, match=r"^result: "):
        Reading([], 3)(told, "result")


def test_without_scipy_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"pip install 'autograd-scalar\[sparse\]'"):
        hessian(rosenbrock, sparse=True)(POINT)


# SciPy's optimisers


def test_trust_constr_takes_sparse_hessians_and_jacobians():
    size = 12
    limits = lambda x: [a * a + b for a, b in itertools.pairwise(x)]  # noqa: E731
    weighted = compile(
        hessian(lambda x, v: sum(a * b for a, b in zip(v, limits(x), strict=True)), sparse=True)
    )
    slopes = compile(jacobian(limits, sparse=True))
    constraint = NonlinearConstraint(limits, -np.inf, 1.5, jac=slopes, hess=weighted)
    found = minimize(
        compile(value_and_grad(rosenbrock)),
        np.full(size, -0.5),
        jac=True,
        hess=compile(hessian(rosenbrock, sparse=True)),
        constraints=[constraint],
        method="trust-constr",
        options={"gtol": 1e-8, "maxiter": 300, "sparse_jacobian": True},
    )
    assert max(limits(found.x)) <= 1.5 + 1e-6
    reference = minimize(
        value_and_grad(rosenbrock),
        np.full(size, -0.5),
        jac=True,
        constraints={
            "type": "ineq",
            "fun": lambda x: 1.5 - np.array(limits(x)),
            "jac": lambda x: -np.array(jacobian(limits)(x)),
        },
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert found.x == pytest.approx(reference.x, abs=1e-4)


def pendulum(controls_and_states, steps):
    """Direct transcription: a pendulum swung up; what is 0 if the states follow the controls."""
    step = 3.0 / steps
    v = controls_and_states
    angle, speed, torque = v[:steps], v[steps : 2 * steps], v[2 * steps :]
    found = [angle[0], speed[0], angle[-1] - math.pi, speed[-1]]
    for i in range(steps - 1):
        push = [torque[k] - sin(angle[k]) for k in (i, i + 1)]
        found.append(angle[i + 1] - angle[i] - step * (speed[i] + speed[i + 1]) / 2)
        found.append(speed[i + 1] - speed[i] - step * (push[0] + push[1]) / 2)
    return [*found, *(0.01 * each for each in torque)]


def test_least_squares_by_lsmr_takes_sparse_jacobians():
    steps = 15
    residuals = lambda x: pendulum(x, steps)  # noqa: E731
    compiled = compile(residuals)
    start = np.zeros(3 * steps)
    slopes = compile(jacobian(residuals, sparse=True))
    found = least_squares(compiled, start, jac=slopes, tr_solver="lsmr")
    assert slopes(start).nnz < 8 * len(found.fun)
    dense = least_squares(compiled, start, jac=compile(jacobian(residuals)))
    assert found.cost == pytest.approx(dense.cost, rel=1e-5)
    assert np.abs(found.fun[: 2 * steps + 2]).max() < 0.01
