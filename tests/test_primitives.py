"""One loop over the table: every value and every partial, against 50 digits."""

import math
import sys

import pytest
from accuracy import allowed
from high_precision import ROWS, context, derivative, precision_for, real, value_of
from hypothesis import given
from hypothesis import strategies as st

from autograd_scalar import Value
from autograd_scalar.engine.value import record
from autograd_scalar.table.registry import KERNELS, OPCODES

LARGEST = sys.float_info.max
# A partial beyond this may overflow on the way: y * x**(y - 1) has a factor larger than itself.
STEEPEST = 1e305

# mpmath has one zero, so there is no -0.0 to draw.
NUMBERS = st.one_of(
    st.floats(-3, 3, allow_subnormal=False),
    st.integers(-20, 20).map(float),
    st.floats(-750, 750, allow_subnormal=False),
    st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
).map(lambda x: x + 0.0)


def is_inside(row, arguments):
    names = dict(zip(row.arguments, arguments, strict=True))
    return not row.domain or eval(row.domain, {"__builtins__": {}}, names)


def tells_odd_from_even(row, arguments):
    """From 2**53 on `y - 1` rounds, and the sign of (-1)**(y - 1) is lost with it."""
    return row.name != "pow" or arguments[0] >= 0 or abs(arguments[1]) < 2**53


def check_at(row, arguments, tiny=1e-15, loose=1e-13):
    """Value within 4 units in the last place; partials to 1e-12, or to `tiny` absolutely.

    Less is allowed where the row says so.
    """
    function = value_of(row)
    with context.workdps(precision_for(arguments)[1]):
        exact = function(*map(real, arguments))
        try:
            v = record(OPCODES[row.name], *map(Value, arguments))
        except OverflowError:
            assert abs(exact) > LARGEST
            return
        if math.isinf(v.data):
            assert abs(exact) > LARGEST
            return
        units = allowed(row, arguments, v.data, 0)
        assert abs(v.data - exact) <= (units * math.ulp(v.data) if math.isfinite(units) else loose)
        for i, partial in enumerate(v.partials):
            slope = derivative(function, arguments, i)
            if slope is None:
                assert row.kinks, "a point without a derivative in a row that lists no kinks"
            elif abs(slope) < STEEPEST:
                digits = math.isfinite(allowed(row, arguments, v.data, 1))
                assert abs(partial - slope) <= max(1e-12 * abs(slope), tiny if digits else loose)


def points_of(row):
    """Points of the row's domain."""
    points = st.tuples(*[NUMBERS] * len(row.arguments))
    if row.name == "polygamma":
        # Few numbers are orders; and next to negative roots nothing is said of its digits.
        points = st.tuples(st.integers(0, 4).map(float), NUMBERS.map(abs))
    if "gamma" in row.name:
        # mpmath takes minutes for a thousand digits next to the pole; test_accuracy goes there.
        points = points.filter(lambda point: abs(point[-1]) > 1e-8)
    return points.filter(lambda point: is_inside(row, point) and tells_odd_from_even(row, point))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_samples_agree_with_50_digits(row):
    # Samples are chosen where a formula may lose digits or overflow: no excuse there.
    for sample in row.samples:
        check_at(row, sample, tiny=sys.float_info.min)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(data=st.data())
def test_points_of_the_domain_agree_with_50_digits(row, data):
    check_at(row, data.draw(points_of(row)))


@pytest.mark.parametrize(
    "row", [row for row in ROWS if len(row.arguments) == 2], ids=lambda row: row.name
)
def test_a_row_commutes_where_its_operands_may_change_places(row):
    kernel = KERNELS[OPCODES[row.name]]
    same = [
        kernel(x, y)[0] == kernel(y, x)[0]
        for x, y in row.samples
        if is_inside(row, (x, y)) and is_inside(row, (y, x))
    ]
    assert all(same) == row.commutes
