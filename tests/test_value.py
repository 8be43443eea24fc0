"""`Value` as a number and an object: operators, kinds, comparison, identity, errors, gradients."""

import itertools
import linecache
import math
import operator
import random
import sys
import threading
import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_scalar import Value, exp, no_grad, sqrt
from benchmarks.peers.ours import plain_package

SMALL = st.floats(-10, 10)
# Products of these never underflow.
FEW_DIGITS = SMALL.map(lambda x: round(x, 6))


@pytest.mark.parametrize(
    "operation",
    [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: x**y,
        lambda x, y: x // y,
        lambda x, y: x % y,
        lambda x, y: divmod(x, y)[0],
        lambda x, y: divmod(x, y)[1],
    ],
    ids=["+", "-", "*", "/", "**", "//", "%", "divmod[0]", "divmod[1]"],
)
@pytest.mark.parametrize("other", [3, 0.75, Fraction(5, 4), True])
def test_operators_with_a_number_on_either_side(operation, other):
    for numbers in ((2.5, other), (other, 2.5)):
        expected = operation(*map(float, numbers))
        x, y = Value(numbers[0]), Value(numbers[1])
        both = operation(x, y)
        both.backward()
        left = Value(numbers[0])
        with_number = operation(left, numbers[1])
        with_number.backward()
        right = Value(numbers[1])
        reflected = operation(numbers[0], right)
        reflected.backward()
        assert both.data == with_number.data == reflected.data == expected
        assert (left.grad, right.grad) == (x.grad, y.grad)
        assert both.op == with_number.op == reflected.op


def test_subtraction_division_and_powers_are_not_symmetric():
    x = Value(3.0)
    for result, slope in [
        (2 - x, -1.0),
        (x - 2, 1.0),
        (2 / x, -2 / 9),
        (x / 2, 1 / 2),
        (2**x, 8 * math.log(2)),
        (x**2, 6.0),
    ]:
        x.zero_grad()
        result.backward()
        assert math.isclose(x.grad, slope, rel_tol=1e-15)


def test_the_sign_and_the_absolute_value():
    x = Value(-1.5)
    y = -x + abs(x) * 2 + +x
    y.backward()
    assert (y.data, x.grad) == (3.0, -2.0)
    assert +x is x


def test_exponents_may_be_values_on_either_or_both_sides():
    x, y = Value(1.5), Value(2.5)
    (x**y).backward()
    assert math.isclose(x.grad, 2.5 * 1.5**1.5, rel_tol=1e-15)
    assert math.isclose(y.grad, 1.5**2.5 * math.log(1.5), rel_tol=1e-15)


def test_sum_starts_at_zero():
    leaves = [Value(x) for x in (1.0, 2.0, 3.0)]
    total = sum(leaves)
    total.backward()
    assert total.data == 6.0
    assert [leaf.grad for leaf in leaves] == [1.0, 1.0, 1.0]


def test_operands_keep_their_order_and_number():
    a, b = Value(2.0), Value(3.0)
    assert (a - b).parents == (a, b)
    assert (b - a).parents == (b, a)
    square = a * a
    assert square.parents == (a, a)
    assert square.partials == (2.0, 2.0)
    square.backward()
    assert a.grad == 4.0


def test_kinds_tell_inputs_parameters_constants_and_results_apart():
    x, w = Value(1.0), Value.parameter(2.0, "w")
    y = w * x + 1
    assert [v.kind for v in (x, w, y, y.parents[1], y.detach())] == [
        "leaf",
        "parameter",
        "interior",
        "constant",
        "constant",
    ]
    assert (w.label, w.data) == ("w", 2.0)


def test_leaves_have_no_parents_partials_or_operation():
    x = Value(1.0)
    assert (x.parents, x.partials, x.op) == ((), (), "")


def test_micrograd_names_for_drawing_code():
    x = Value(2.0)
    y = x * x + exp(x)
    assert y._prev == y.parents
    assert [v._op for v in (y, *y.parents, x)] == ["+", "*", "exp", ""]
    with pytest.raises(AttributeError):
        y._prev = ()


def test_a_detached_value_keeps_number_and_label_and_passes_nothing_on():
    x = Value(3.0, "x")
    y = x * x.detach()
    y.backward()
    assert y.parents[1].label == "x"
    assert (y.data, x.grad) == (9.0, 3.0)


# The backward pass


def test_a_second_pass_adds_to_leaves_and_replaces_in_between():
    x = Value(2.0)
    square = x * x
    y = square * x
    y.backward()
    assert (x.grad, square.grad) == (12.0, 2.0)
    y.backward()
    assert (x.grad, square.grad, y.grad) == (24.0, 2.0, 1.0)
    x.zero_grad()
    y.backward()
    assert x.grad == 12.0


def test_cubes_of_two():
    x = Value(2.0)
    y = x**3
    for expected in (12.0, 24.0):
        y.backward()
        assert x.grad == expected
    x.zero_grad()
    y.backward()
    assert x.grad == 12.0


@given(SMALL, SMALL, SMALL)
def test_two_passes_give_exactly_twice_the_gradient(a, b, c):
    leaves = [Value(a), Value(b), Value(c)]
    x, y, z = leaves
    out = exp(x * y).tanh() * z + (x - z) * (x - z) / (1 + y * y)
    out.backward()
    once = [leaf.grad for leaf in leaves]
    out.backward()
    assert [leaf.grad for leaf in leaves] == [2 * grad for grad in once]


@given(FEW_DIGITS, FEW_DIGITS, st.sampled_from([-2.0, 0.5, 1024.0]))
def test_the_seed_scales_every_gradient(a, b, seed):
    def gradients(**options):
        x, y = Value(a), Value(b)
        middle = x * y
        (middle * middle + x).backward(**options)
        return [x.grad, y.grad, middle.grad]

    # Exactly, for powers of two.
    assert gradients(seed=seed) == [seed * grad for grad in gradients()]


def test_a_leaf_is_its_own_derivative():
    x = Value(5.0)
    x.backward()
    x.backward(2)
    assert x.grad == 3.0


@pytest.mark.parametrize("seed", ["1", None, 1j, Value(1.0)])
def test_a_seed_is_a_number(seed):
    with pytest.raises(TypeError, match="a real number is needed, got"):
        Value(1.0).backward(seed)


def test_gradients_can_be_set_and_forgotten_and_tell_whether_they_were_computed():
    x = Value(1.0)
    assert (x.grad, x.has_grad) == (0.0, False)
    assert math.copysign(1.0, x.grad) == 1.0
    (x * 0.0).backward()
    assert (x.grad, x.has_grad) == (0.0, True)
    x.zero_grad()
    assert not x.has_grad
    x.grad += 1.5
    assert (x.grad, x.has_grad) == (1.5, True)


def test_backward_gives_the_derivative_where_the_graph_was_recorded():
    x = Value(3.0)
    y = x * x
    x.data = 10.0
    assert y.data == 9.0
    y.backward()
    assert x.grad == 6.0
    assert (x * x).data == 100.0


def test_adding_in_place_makes_a_new_value():
    x = total = Value(1.0)
    total += x
    assert total is not x
    assert (x.data, total.data) == (1.0, 2.0)


# Comparison, truth, identity


@given(SMALL, SMALL)
def test_order_compares_numbers(a, b):
    x, y = Value(a), Value(b)
    for other in (y, b):
        assert [x < other, x <= other, x > other, x >= other] == [a < b, a <= b, a > b, a >= b]
    assert [b < x, b <= x, b > x, b >= x] == [b < a, b <= a, b > a, b >= a]


def test_order_is_exact_for_numbers_that_are_no_floats():
    assert Value(1e308) < 10**400
    assert Value(0.1) > Fraction(1, 10)
    assert not Value(math.nan) < 1


def test_order_needs_numbers():
    for other in ("2", 2j, None):
        with pytest.raises(TypeError, match="'<' not supported"):
            sorted([other, Value(1.0)])


def test_truth_is_not_being_zero():
    assert [bool(Value(x)) for x in (0.0, -0.0, 0.1, math.nan)] == [False, False, True, True]
    default = Value(7.0)
    assert (Value(0.0) or default) is default


def test_max_min_and_sorted_pick_the_values_themselves():
    a, b, c = Value(2.0), Value(-1.0), Value(5.0)
    assert max(a, b, c) is c
    assert min([a, b, c]) is b
    assert sorted([a, b, c]) == [b, a, c]
    (max(a, b) * 3).backward()
    assert (a.grad, b.grad) == (3.0, 0.0)


NUMBERS = [0.0, -0.0, 1.0, 2.5, math.inf, -math.inf, math.nan, 2**60 + 1, 10**400, True]
NUMBERS += [Fraction(1, 3), np.float64(2.5), np.float32(0.1), np.int64(3)]


@pytest.mark.parametrize("compare", [operator.eq, operator.ne, operator.lt, operator.le])
@pytest.mark.parametrize("a", [0.0, 1.0, 2.5, 1 / 3, 2.0**60, math.inf, math.nan])
def test_comparisons_are_those_of_the_numbers(compare, a):
    for b in NUMBERS:
        exact = b if isinstance(b, int | Fraction) else float(b)
        assert compare(Value(a), b) is compare(a, exact)
        assert compare(b, Value(a)) == compare(exact, a)
        if exact != 10**400:
            assert compare(Value(a), Value(b)) is compare(a, float(b))


def test_what_is_no_number_equals_no_value():
    for other in (None, "1.0", [1.0], 1j, object()):
        assert (Value(1.0) == other) is False
        assert (Value(1.0) != other) is True


def test_programs_that_branch_by_equality_take_the_branch_of_their_numbers():
    def f(x):
        return x**2 if x == 3 else 0 * x

    x = Value(3.0)
    f(x).backward()
    assert x.grad == 6.0
    halved = Value(8.0)
    while halved != 1:
        halved = halved / 2
    assert halved.data == 1.0


def test_sets_and_dictionaries_tell_values_apart_by_identity():
    a, b = Value(1.0), Value(1.0)
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert any(v is b for v in [a, b])
    assert b in [a]  # as for numbers; see docs/conventions.md


# Plain numbers


def test_steps_give_plain_numbers():
    v = Value(-2.7)
    assert [int(v), round(v), math.floor(v), math.ceil(v), math.trunc(v)] == [-2, -3, -3, -2, -2]
    assert all(isinstance(n, int) for n in (int(v), round(v), math.floor(v)))
    assert round(Value(2.345), 1) == 2.3


@pytest.mark.parametrize("function", [math.exp, math.sqrt, math.ulp, float, complex])
def test_functions_of_floats_never_detach_a_value_silently(function):
    v = Value(2.0, "rate")
    for value in (v, v * 2, Value.parameter(2.0, "rate")):
        with pytest.raises(TypeError, match=r"lose its derivative.*\.data"):
            function(value)


def test_a_constant_is_a_float_when_asked():
    v = Value(2.0)
    assert float(v.detach()) == 2.0
    with no_grad():
        assert math.exp(v * 2) == math.exp(4.0)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("3", "str '3'"),
        (None, "NoneType None"),
        (1j, "complex 1j"),
        ([1.0], r"list \[1.0\]"),
        (Decimal("1.5"), r"Decimal Decimal\('1.5'\)"),
        (b"1", "bytes b'1'"),
    ],
)
def test_what_is_no_real_number_is_a_type_error_that_names_it(given, shown):
    with pytest.raises(TypeError, match=f"a real number is needed, got {shown}"):
        Value(given)
    with pytest.raises(TypeError, match=f"a real number is needed, got {shown}"):
        Value(1.0).data = given
    with pytest.raises(TypeError):
        Value(1.0) + given
    with pytest.raises(TypeError):
        given - Value(1.0)


def test_values_are_not_nested():
    with pytest.raises(TypeError, match="a real number is needed, got Value"):
        Value(Value(1.0))


def test_an_error_shows_little_of_a_large_object():
    with pytest.raises(TypeError) as caught:
        Value("9" * 10_000)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("number", [3, True, Fraction(1, 4), 2**80])
def test_real_numbers_become_floats(number):
    v = Value(number)
    assert type(v.data) is float
    assert v.data == number


@pytest.mark.parametrize("huge", [10**400, -(10**400), Fraction(10**400, 3)])
def test_numbers_beyond_floats_are_an_overflow(huge):
    for attempt in (lambda: Value(huge), lambda: Value(1.0) + huge, lambda: huge * Value(1.0)):
        with pytest.raises(OverflowError, match="too large for a float"):
            attempt()


@pytest.mark.parametrize("label", [3, None, b"x", Value(1.0)])
def test_a_label_is_a_string(label):
    for attempt in (
        lambda: Value(1.0, label=label),
        lambda: Value.parameter(1.0, label),
        lambda: setattr(Value(1.0), "label", label),
    ):
        with pytest.raises(TypeError, match="a label is a string, got"):
            attempt()


def test_attributes_that_follow_from_the_record_can_not_be_set():
    v = Value(1.0) * 2
    for name in ("parents", "partials", "op", "kind", "has_grad", "colour"):
        with pytest.raises(AttributeError):
            setattr(v, name, ())


def test_a_power_has_no_modulus():
    with pytest.raises(TypeError, match="unsupported operand"):
        pow(Value(2.0), 2, 3)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda v: v / 0, r"div: x / y needs y != 0, got x = -1\.0 \('rate'\), y = 0\.0"),
        (lambda v: v.log(), r"log: log\(x\) needs x > 0, got x = -1\.0 \('rate'\)"),
        (lambda v: sqrt(v), r"sqrt: sqrt\(x\) needs x >= 0, got x = -1\.0 \('rate'\)"),
        (lambda v: (v * -1000).exp(), r"exp: exp\(x\) overflows a float, got x = 1000\.0"),
        (
            lambda v: (v * 1e200) ** 2,
            r"pow: x \*\* y overflows a float, got x = -1e\+200, y = 2\.0",
        ),
    ],
    ids=["division", "logarithm", "root", "exponential", "power"],
)
def test_domain_errors_name_the_primitive_and_its_operands(attempt, message):
    with pytest.raises((ValueError, ArithmeticError), match=f"^{message}$"):
        attempt(Value(-1.0, "rate"))


def test_an_error_records_nothing():
    x = Value(0.0)
    y = x * 2
    with pytest.raises(ZeroDivisionError):
        1 / y
    (y + 1).backward()
    assert x.grad == 2.0


def test_repr_is_short_and_useful():
    x = Value(2.0, "x")
    y = x * x
    assert repr([x, y]) == "[Value(2.0, label='x'), Value(4.0)]"
    y.backward()
    assert repr(x) == "Value(2.0, label='x', grad=4.0)"
    deep = Value(1.0)
    for _ in range(1000):
        deep = deep + 1
    assert repr(deep) == "Value(1001.0)"


def test_format_shows_the_number():
    assert f"{Value(math.pi):.3f}|{Value(2.0):8}|{Value(2.0)}" == "3.142|     2.0|Value(2.0)"


# no_grad


def test_no_grad_records_nothing():
    w = Value(2.0)
    with no_grad():
        y = w * w + w.exp()
    assert (y.kind, y.parents) == ("constant", ())
    assert (w * w).kind == "interior"


def test_no_grad_nests_and_ends_with_exceptions():
    w = Value(2.0)
    with no_grad():
        with no_grad():
            pass
        assert (w * w).kind == "constant"
        with pytest.raises(ZeroDivisionError), no_grad():
            w / 0
        assert (w * w).kind == "constant"
    assert (w * w).kind == "interior"


def test_no_grad_decorates_functions():
    w = Value(2.0)

    @no_grad()
    def predict(x):
        return w * x

    assert predict(3.0).kind == "constant"
    assert (w * 3).kind == "interior"


def test_no_grad_decorates_without_brackets_and_only_functions():
    w = Value(2.0)
    assert no_grad(lambda x: w * x)(3.0).kind == "constant"
    with pytest.raises(TypeError, match=r"takes a function to decorate, got Value .*with no_grad"):
        no_grad(w)


def test_a_running_total_does_not_grow_a_graph_under_no_grad():
    total, loss = Value(0.0), Value(1.0)
    for _ in range(10):
        with no_grad():
            total += loss * loss
    assert (total.data, total.parents) == (10.0, ())


def test_no_grad_is_for_its_own_thread_only():
    w = Value(2.0)
    paused, kinds = threading.Event(), []
    finish = threading.Event()

    def pause():
        with no_grad():
            paused.set()
            finish.wait(10)
            kinds.append((w * w).kind)

    other = threading.Thread(target=pause)
    other.start()
    assert paused.wait(10)
    kinds.append((w * w).kind)
    finish.set()
    other.join()
    assert kinds == ["interior", "constant"]


# Threads and interrupts


def test_threads_that_share_leaves_lose_no_gradient():
    shared = [Value(x) for x in (0.5, -1.5, 2.0)]
    rounds, threads = 40, 4

    def loss(number):
        a, b, c = shared
        return (a * number + b).tanh() * c + a * b * c

    def work(first):
        for number in range(first, first + rounds):
            loss(number).backward()

    workers = [threading.Thread(target=work, args=(i * rounds,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    together = [leaf.grad for leaf in shared]

    terms = [[] for _ in shared]
    for number in range(threads * rounds):
        for leaf in shared:
            leaf.zero_grad()
        loss(number).backward()
        for term, leaf in zip(terms, shared, strict=True):
            term.append(leaf.grad)
    for grad, term in zip(together, terms, strict=True):
        # The threads add in any order, which is worth some last places of the sizes added.
        assert abs(grad - math.fsum(term)) <= len(term) * 2**-52 * math.fsum(map(abs, term))


def test_an_interrupted_pass_leaves_gradients_as_they_were_or_complete():
    import _thread

    x = Value(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1.0 + x
    y.backward()
    once = x.grad
    delays = random.Random(0)
    for _ in range(12):
        x.grad = once
        timer = threading.Timer(delays.uniform(0.0, 0.03), _thread.interrupt_main)
        try:
            timer.start()
            y.backward()
            while timer.is_alive():
                time.sleep(0.001)
            time.sleep(0.01)
        except KeyboardInterrupt:
            pass
        timer.join()
        assert x.grad in (once, 2 * once)
    x.zero_grad()
    y.backward()
    assert x.grad == once


def test_an_interrupt_before_any_line_that_sets_a_gradient_leaves_all_as_they_were_or_complete():
    """In plain Python, where lines can be counted."""
    ag = plain_package()
    leaves = [ag.Value(x) for x in (0.5, -1.5, 2.0)]
    y = leaves[0] * leaves[1] + leaves[1] * leaves[2] * 3.0
    y.backward()
    once = [leaf.grad for leaf in leaves]
    twice = [2 * grad for grad in once]
    seen = set()
    for interrupted in range(100):
        for leaf, grad in zip(leaves, once, strict=True):
            leaf.grad = grad
        lines = itertools.count()

        def trace(frame, event, _, lines=lines, interrupted=interrupted):
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            if event == "line" and "v._grad" in line and next(lines) == interrupted:
                raise KeyboardInterrupt
            return trace if frame.f_code.co_name in ("backward", "_accumulate") else None

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            y.backward()
        except KeyboardInterrupt:
            seen.add("interrupted")
            assert [leaf.grad for leaf in leaves] in (once, twice)
        else:
            seen.add("complete")
            assert [leaf.grad for leaf in leaves] == twice
            break
        finally:
            sys.settrace(before)
    assert seen == {"interrupted", "complete"}


def test_backward_on_a_constant_is_an_error_and_not_a_gradient_of_nothing():
    w = Value(2.0, "w")
    with no_grad():
        y = w * w
    for constant in (y, w.detach()):
        with pytest.raises(ValueError, match=r"backward\(\) on the constant .*no_grad"):
            constant.backward()
    assert not w.has_grad
