"""What people already write: it works here too, or the error says what to write instead."""

import decimal
import doctest
import fractions
import math
import statistics
import weakref
from math import sinh as imported
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import autograd_scalar
from autograd_scalar import Value, fsum, nn, no_grad
from autograd_scalar.engine.functions import FUNCTIONS
from benchmarks.peers.ours import plain_package

PAGE = Path(__file__).parent.parent / "docs" / "coming-from.md"


def test_the_page_for_those_who_come_from_elsewhere_shows_what_happens():
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.attempted > 40
    assert found.failed == 0


# Plain numbers

ONE = [
    *("exp", "expm1", "log", "sqrt", "sin", "cos", "tan", "tanh", "erf", "gamma", "lgamma"),
    *("degrees", "radians", "fabs", "exp2"),
]


@pytest.mark.parametrize("name", ONE)
def test_a_function_of_math_names_the_one_to_call_here(name):
    function = getattr(math, name)
    v = Value(0.5)
    right = rf"; write autograd_scalar\.{name} where math\.{name} was called, or use `\.data`"
    for call in (lambda: function(v), lambda: math.log(function(v))):
        with pytest.raises(TypeError, match=right):
            call()
    assert callable(getattr(autograd_scalar, name))


def test_every_function_of_math_that_takes_floats_is_here_or_named_as_left_out():
    about_floats = {"frexp", "nextafter", "ulp", "isnan", "isinf", "isfinite", "isclose"}
    about_integers = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}
    written_otherwise = {"pow", "modf", "ldexp", "sumprod", "fma", "fmax", "fmin", "signbit"}
    there = {name for name, thing in vars(math).items() if callable(thing) and name[0] != "_"}
    missing = there - {*autograd_scalar.__all__} - about_floats - about_integers
    assert missing <= written_otherwise


def test_a_function_of_math_is_known_by_any_name():
    v = Value(0.5)
    local = math.cosh
    with pytest.raises(TypeError, match=r"autograd_scalar\.sinh where math\.sinh was"):
        imported(v)
    with pytest.raises(TypeError, match=r"autograd_scalar\.cosh where math\.cosh was"):
        local(v)
    with pytest.raises(TypeError, match=r"write x \*\* y where math\.pow was called"):
        math.pow(v, 2)
    with pytest.raises(TypeError, match=r"math\.nextafter has no counterpart"):
        math.nextafter(v, 1.0)


def test_what_calls_without_a_name_gets_the_general_advice():
    with pytest.raises(TypeError, match=r"use `\.data` for the number, and autograd_scalar\.exp"):
        list(map(math.exp, [Value(0.5)]))
    functions = {"f": math.exp}
    with pytest.raises(TypeError, match=r"use `\.data` for the number"):
        functions["f"](Value(0.5))


def test_source_that_is_nowhere_to_be_read_is_understood_too():
    scope = {"math": math, "v": Value(0.5)}
    assert eval("math.isfinite(v) and '%g' % v", scope) == "0.5"
    with pytest.raises(TypeError, match=r"autograd_scalar\.atan where"):
        exec("math.exp(1.0) + math.atan(v)", scope)


def isnan(function):
    return function


class Odd:
    """A remainder that is no formatting."""

    __mod__ = staticmethod(math.exp)


LOSING = {
    "a call of what a call gives": lambda v: isnan(math.exp)(v),
    "an attribute of what is no module": lambda v: SimpleNamespace(isnan=math.exp).isnan(v),
    "a function that calls another": lambda v: list(map(math.exp, [v])),
    "NumPy's function that calls another": lambda v: np.frompyfunc(math.exp, 1, 1)([v]),
    "a key that calls": lambda v: sorted([v, v], key=math.exp),
    "a remainder": lambda v: Odd() % v,
    "a choice": lambda v: (math.exp if v > 0 else math.isnan)(v),
    "an element": lambda v: [math.exp][0](v),
    "a name on a line of its own": lambda v: (
        SimpleNamespace(isnan=math.exp)
        # what a name means is not looked up where it is an attribute's
        .isnan(v)
    ),
    "the inner of two": lambda v: math.isnan(math.exp(v)),
    "keywords": lambda v: complex(real=v),
}


@pytest.mark.parametrize("attempt", LOSING.values(), ids=LOSING)
def test_where_it_is_not_certain_that_nothing_is_lost_it_is_an_error(attempt):
    with pytest.raises(TypeError, match=r"would lose its derivative; .*`\.data`"):
        attempt(Value(0.5))


def test_questions_and_formats_work_wherever_they_are_written():
    v = Value(0.5)
    form = "%.1f"
    try:
        assert math.isfinite(v)
    finally:
        assert not math.isnan(v)
    assert ["%.1f" % each for each in (v, v)] == ["0.5", "0.5"]  # noqa: UP031
    assert (lambda form: form % (v, v))("%g %g") == "0.5 0.5"
    assert any(
        math.isnan(
            each,
        )
        or each
        for each in [v]
    )
    assert math.isclose(b=0.5, a=v)
    assert math.isclose(*[v, 0.5])
    form %= v
    assert form == "0.5"


def test_a_float_says_stop_gradient():
    with pytest.raises(TypeError, match=r"use `\.data` .*, or `stop_gradient`"):
        float(Value(0.5))
    with no_grad():
        assert float(Value(0.5) + 0) == 0.5


def test_an_array_of_floats_says_dtype_object():
    array = np.zeros(3)
    with pytest.raises(
        TypeError, match=r"make it with autograd_scalar\.array, or with dtype=object"
    ):
        array[0] = Value(0.5)
    with pytest.raises(TypeError, match=r"autograd_scalar\.array, or with dtype=object"):
        np.array([Value(0.5)], dtype=float)
    assert array.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("x", [0.5, -3.0, math.nan, math.inf])
def test_questions_printing_and_item_lose_nothing_and_give_what_the_number_gives(x):
    v = Value(x)
    for question in (math.isnan, math.isinf, math.isfinite):
        assert question(v) == question(x)
    assert math.isnan(v) == math.isnan(x)
    assert math.isinf(v) == math.isinf(x)
    assert math.isfinite(v) == math.isfinite(x)
    assert math.isclose(v, x) == math.isclose(x, x)
    assert "%.3f" % v == f"{v:.3f}" == f"{x:.3f}"  # noqa: UP031
    assert "%8.2e|%s" % (v, "end") == "%8.2e|%s" % (x, "end")  # noqa: UP031
    assert "%(loss)g" % {"loss": v} == f"{x:g}"  # noqa: UP031
    assert "{:.2f}".format(v) == "{:.2f}".format(x)  # noqa: UP032
    assert repr(v.item()) == repr(v.data) == repr(x)
    if math.isfinite(x):
        assert (round(v), round(v, 1), int(v)) == (round(x), round(x, 1), int(x))
        assert "%d" % v == "%d" % x  # noqa: UP031


def test_a_function_of_ones_own_that_asks_a_question_first_works():
    def guarded(x):
        if not math.isfinite(x):
            raise ValueError("not finite")
        return x * x

    v = Value(3.0)
    guarded(v).backward()
    assert v.grad == 6.0


# What a Value refuses


def test_an_attribute_of_ones_own_goes_into_a_dictionary():
    v = Value(0.5)
    for name, instead in (("m", "a dictionary.*nn.Adam"), ("_backward", "primitive.*steps")):
        # In plain Python, attributes are refused by Python itself, in its own words.
        said = rf", and takes none: .*{instead}" if autograd_scalar.build == "compiled" else ""
        with pytest.raises(AttributeError, match=f"'Value' object has no attribute '{name}'{said}"):
            setattr(v, name, 0.0)
    with pytest.raises(AttributeError, match="no attribute 'm'"):
        del v.m
    state = {v: 0.0}
    state[v] += 1.0
    assert state == {v: 1.0}


def test_what_is_only_read_says_so_and_is_not_called_missing():
    with pytest.raises(AttributeError) as raised:
        Value(0.5).parents = ()
    assert "dictionary" not in str(raised.value)


@pytest.mark.parametrize("build", [autograd_scalar, plain_package()], ids=lambda each: each.build)
def test_a_subclass_is_refused_in_favour_of_a_primitive(build):
    refused = pytest.raises(
        TypeError, match=r"not an acceptable base type: .*primitive or \.custom"
    )
    with refused:
        type("Mine", (build.Value,), {})
    with refused:

        class Mine(build.Value):
            pass


def test_a_weak_reference_is_refused():
    with pytest.raises(TypeError, match="cannot create weak reference to 'Value' object"):
        weakref.ref(Value(0.5))


# The standard library


def test_fractions_are_numbers_and_decimals_say_how_to_become_ones():
    v = Value(0.5)
    assert (v + fractions.Fraction(1, 4)).data == (fractions.Fraction(1, 4) + v).data == 0.75
    tenth = decimal.Decimal("0.1")
    for attempt in (lambda: v + tenth, lambda: tenth * v, lambda: v**tenth, lambda: tenth - v):
        with pytest.raises(TypeError, match=r"write float\(Decimal\('0\.1'\)\)"):
            attempt()
    for attempt in (lambda: FUNCTIONS["exp"](tenth), lambda: Value(tenth)):
        with pytest.raises(TypeError, match=r"got Decimal .*; write float\(Decimal"):
            attempt()
    half = decimal.Decimal("0.5")
    # As for Python's floats, comparing is exact.
    assert v == half
    assert v != tenth
    assert tenth < v <= half


def test_sums_products_extremes_and_orders_of_python():
    values = [Value(x) for x in (3.0, -1.0, 2.0)]
    total = sum(values, start=0.0)
    total.backward()
    assert (total.data, [v.grad for v in values]) == (4.0, [1.0, 1.0, 1.0])
    assert math.prod(values).data == -6.0
    assert sorted(values, key=abs) == [-1.0, 2.0, 3.0]
    assert sorted(values, key=lambda v: -v) == [3.0, 2.0, -1.0]
    assert max(values) is values[0]
    assert min(values, default=None) is values[1]
    assert max([], default=values[2]) is values[2]


def test_statistics_and_distances_say_what_to_write():
    values = [Value(1.0), Value(3.0)]
    with pytest.raises(TypeError, match=r"sum\(values\) / len\(values\) for statistics\.mean"):
        statistics.mean(values)
    with pytest.raises(TypeError, match=r"autograd_scalar\.fsum"):
        statistics.fmean(values)
    with pytest.raises(TypeError, match=r"autograd_scalar\.dist where math\.dist"):
        math.dist(values, values)
    assert (fsum(values) / len(values)).data == statistics.mean([1.0, 3.0])
    assert statistics.median(values).data == 2.0
    assert statistics.median_low(values) is values[0]


# micrograd


def test_a_training_script_in_the_style_of_micrograd_runs():
    """As people write them there: random numbers of their own, a loss by hand, p.data -= …"""

    def cross_entropy(logits, target):
        largest = max(val.data for val in logits)
        powers = [(val - largest).exp() for val in logits]
        total = sum(powers)
        return -(powers[target] / total).log()

    state = 42

    def uniform(low, high):
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return low + (high - low) * state / 2**31

    model = nn.MLP(2, [8, 3])
    for p in model.parameters():
        p.data = uniform(-0.5, 0.5)
    points = [(uniform(-1, 1), uniform(-1, 1)) for _ in range(12)]
    data = [([x, y], 0 if x + y < -0.3 else 1 if x + y < 0.3 else 2) for x, y in points]
    moments = {p: [0.0, 0.0] for p in model.parameters()}
    losses = []
    for step in range(1, 31):
        loss = sum([cross_entropy(model(x), y) for x, y in data]) * (1.0 / len(data))
        loss += 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            m = moments[p]
            m[0] = 0.9 * m[0] + 0.1 * p.grad
            m[1] = 0.95 * m[1] + 0.05 * p.grad**2
            p.data -= 0.05 * (m[0] / (1 - 0.9**step)) / ((m[1] / (1 - 0.95**step)) ** 0.5 + 1e-8)
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_minus_one_times_and_a_sum_of_values_are_those_of_micrograd():
    a, b = Value(2.0), Value(-3.0)
    out = sum([a * -1, b, a * b]) - (-b) + a / b
    out.backward()
    assert out.data == -2.0 - 3.0 - 6.0 - 3.0 + 2.0 / -3.0
    assert (a.grad, b.grad) == pytest.approx((-1 - 3 + 1 / -3, 1 + 2 + 1 - 2 / 9), rel=1e-15)
