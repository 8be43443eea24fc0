"""Exact sums: what all numbers add up to, rounded once, however they are parted."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_scalar.tape import exact, machine, plain
from autograd_scalar.tape.exact import ONE, ExactSums

MACHINES = {"this build": machine.exact_sum, "plain": plain.exact_sum}
LARGEST, SMALLEST = math.nextafter(math.inf, 0.0), 5e-324


def of_parts(numbers, parts):
    whole = ExactSums()
    for part in np.array_split(np.array(numbers, float), parts):
        whole.add(ExactSums([part]))
    return whole.rounded()[0]


@pytest.mark.parametrize("name", MACHINES)
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_a_sum_is_that_of_fractions(name, numbers):
    expected = sum(map(Fraction, numbers)) * ONE
    assert MACHINES[name](np.array(numbers)) == (expected, 0.0)


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(
    "exponents", [(-1074, -1020), (-1074, 1023), (-3, 3), (1000, 1023)], ids=str
)
@pytest.mark.parametrize("count", [511, 512, 513, 10_000])
def test_numbers_of_all_magnitudes_add_up_exactly(name, exponents, count):
    rng = np.random.default_rng(count)
    numbers = np.ldexp(rng.uniform(-1.0, 1.0, count), rng.integers(*exponents, count))
    expected = sum(map(Fraction, numbers.tolist())) * ONE
    assert MACHINES[name](numbers) == (expected, 0.0)
    # Their places in memory make no difference.
    columns = np.column_stack([numbers, numbers])
    assert MACHINES[name](columns[::-1, 1]) == (expected, 0.0)


@pytest.mark.parametrize("parts", [1, 2, 7, 64])
@pytest.mark.parametrize("spread", [0, 300])
def test_a_sum_is_that_of_fsum_in_any_number_of_parts(parts, spread):
    rng = np.random.default_rng(parts)
    numbers = rng.normal(size=5000) * 10.0 ** rng.uniform(-spread, spread, 5000)
    assert of_parts(numbers, parts) == math.fsum(numbers)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1e308, 1e308, 1.0, -1e308, -1e308], 1.0),
        ([LARGEST, LARGEST, SMALLEST, -LARGEST, -LARGEST], SMALLEST),
        ([LARGEST] * 3, math.inf),
        ([-LARGEST] * 3, -math.inf),
        ([LARGEST, math.ulp(LARGEST) / 2], math.inf),
        ([LARGEST, math.nextafter(math.ulp(LARGEST) / 2, 0.0)], LARGEST),
        ([1.0, 2.0**-53], 1.0),
        ([1.0, 2.0**-53, SMALLEST], 1.0 + 2.0**-52),
        ([SMALLEST] * 1000, 1000 * SMALLEST),
        ([math.inf, 1e308, 1e308], math.inf),
        ([-math.inf, 1.0], -math.inf),
        ([math.inf, 1.0, -math.inf], math.nan),
        ([math.nan, math.inf], math.nan),
        ([-0.0, -0.0], 0.0),
        ([], 0.0),
    ],
)
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("name", MACHINES)
def test_what_is_large_small_or_no_number_adds_up_as_it_should(
    name, numbers, expected, parts, monkeypatch
):
    monkeypatch.setattr(exact, "exact_sum", MACHINES[name])
    found = of_parts(numbers, parts)
    assert repr(found) == repr(expected)


def test_no_columns_change_no_sum():
    sums = ExactSums([np.array([1.0]), np.array([2.0])])
    sums.add(ExactSums())
    assert sums.rounded() == [1.0, 2.0]
    none = ExactSums()
    none.add(sums)
    assert none.rounded() == [1.0, 2.0]
