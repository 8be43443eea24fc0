"""Every row over magnitudes: units in the last place, and mixed derivatives to third order."""

import itertools
import math
import re
from functools import reduce

import pytest
from accuracy import PAGE, exact, facts, is_inside, limits, sweep
from high_precision import ROWS

from autograd_scalar import Value, grad, hessian, hypot, jacobian, jvp, tanh
from autograd_scalar.engine.value import record
from autograd_scalar.table.floats import FLOAT_FUNCTIONS
from autograd_scalar.table.language import evaluate
from autograd_scalar.table.registry import OPCODES

BINARY = [row for row in ROWS if len(row.arguments) == 2]


def named(row):
    return row.name


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_results_are_exact_to_a_few_units_in_every_mode_or_the_row_says_why(row):
    for found in sweep(row, every=29):
        assert found.ulps <= found.allowed, found


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_a_textbook_prints_is_what_is_computed(row):
    for sample in row.samples:
        names = dict(zip(row.arguments, sample, strict=True))
        names["out"] = evaluate(row.value_tree, names, FLOAT_FUNCTIONS)
        for shown, partial in zip(row.shown_trees, row.partial_trees, strict=True):
            formulas = [evaluate(tree, names, FLOAT_FUNCTIONS) for tree in (shown, partial)]
            assert formulas[0] == pytest.approx(formulas[1], rel=1e-9, abs=1e-15)


def test_the_page_has_every_row_and_no_number_beyond_its_limit():
    line = r"^\| `(\w+)` \| (\S+) \| (\S+) \| (\S+) \| (.*) \|$"
    lines = re.findall(line, PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, *_ in lines] == [row.name for row in ROWS]
    for row, (_, *numbers, said) in zip(ROWS, lines, strict=True):
        assert said == facts(row)
        assert all(float(x) <= limit for x, limit in zip(numbers, limits(row), strict=True))


def test_too_long_a_side_is_an_overflow_and_not_infinite():
    with pytest.raises(OverflowError, match=r"^hypot: .* overflows a float"):
        hypot(Value(1.5e308), 1.5e308)
    assert hypot(Value(math.inf), 1.0).data == math.inf


def test_tanh_is_as_flat_as_it_is():
    """sech², which 1 - tanh² is too, but not in floats."""
    for x in (6.0, 10.0, 19.1, 20.0, 100.0, 300.0):
        assert grad(tanh)(x) == pytest.approx(math.cosh(x) ** -2, rel=1e-14)


# Mixed derivatives


def applied(row):
    return lambda *operands: record(OPCODES[row.name], *operands)


def forward(function, index):
    def along(*arguments):
        def of_one(x):
            return function(*arguments[:index], x, *arguments[index + 1 :])

        return jvp(of_one, (arguments[index],), (1.0,))[1]

    return along


SPECIAL = [0.0, 0.5, 1.0, 2.0, 20.0, -2.0]


@pytest.mark.parametrize("row", BINARY, ids=named)
def test_mixed_derivatives_to_third_order_where_a_partial_is_written_0_and_beside_it(row):
    kinks = {kink.at for kink in row.kinks}
    function = applied(row)
    for at in itertools.product(SPECIAL, SPECIAL):
        if at in kinks or not is_inside(row, at):
            continue
        for order in (2, 3):
            for by in itertools.product((0, 1), repeat=order):
                true = exact(row, at, tuple(sorted(by)))
                if true is None:
                    continue
                close = pytest.approx(float(true), rel=1e-12, abs=1e-14)
                assert reduce(grad, by, function)(*at) == close, (at, by)
                assert reduce(forward, by, function)(*at) == close, (at, by)
                *first, i, j = by
                below = reduce(grad, first, function)
                assert hessian(below, (0, 1))(*at)[i][j] == close, (at, by)
                assert jacobian(grad(below, i), j)(*at) == close, (at, by)


@pytest.mark.parametrize("row", BINARY, ids=named)
def test_a_hessian_is_symmetric_to_the_last_bit(row):
    kinks = {kink.at for kink in row.kinks}
    for at in itertools.product(SPECIAL, SPECIAL):
        if at not in kinks and is_inside(row, at):
            for function in (applied(row), grad(applied(row), 0), grad(applied(row), 1)):
                (_, b), (c, _) = hessian(function, (0, 1))(*at)
                assert b == c or (math.isnan(b) and math.isnan(c))


def test_a_constant_exponent_0_still_lets_nothing_through():
    root = lambda x: (2 + x**0.5) ** 0  # noqa: E731
    assert grad(root)(0.0) == 0.0
    assert grad(grad(root))(0.0) == 0.0
