"""`compile`: what is replayed is what the function itself computes, to the last bit."""

import contextlib
import copy
import dataclasses
import itertools
import math
import pickle
import struct
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_scalar import (
    AnomalyError,
    Value,
    atan2,
    compile,  # noqa: A004 (Python's own is not called here)
    custom,
    detect_anomaly,
    draw,
    erf,
    exp,
    grad,
    gradient,
    hessian,
    hvp,
    hypot,
    jacobian,
    jvp,
    log,
    logsumexp,
    maximum,
    minimum,
    nn,
    no_grad,
    relu,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    stop_gradient,
    tanh,
    value_and_grad,
    vjp,
    where,
)
from autograd_scalar.engine.value import record
from autograd_scalar.table.registry import OPCODES, TABLE
from autograd_scalar.tape import batch, plain, specialised
from autograd_scalar.tape.code import BLOCK


def bits(result):
    """A result as bytes, number by number; all NaNs are one."""
    if isinstance(result, dict):
        return [bits(each) for each in result.values()]
    if isinstance(result, list | tuple | np.ndarray):
        return [bits(each) for each in result]
    number = float(result)
    return "nan" if math.isnan(number) else struct.pack("<d", number)


def outcome(function, *args):
    """What a call returns, as bits, or what it raises."""
    try:
        return bits(function(*args))
    except Exception as error:
        return type(error), str(error)


def by_hand(x):
    if x > 0:
        return x
    return -x


def doubled_until(x):
    total, steps = x, 0
    while abs(total) < 5 and steps < 8:
        total, steps = total * 2 + 0.1, steps + 1
    return total * steps


def quotient_or_half(x, y):
    try:
        return x / y
    except ZeroDivisionError:
        return x * 0.5


def logarithm_or_square(x):
    try:
        return log(x)
    except ValueError:
        return x * x


@no_grad
def squared_without_recording(x):
    return x * x


FUNCTIONS = {
    "softmax": lambda v: softmax(v)[0] * 3 + softmax(v)[1],
    "logsumexp": logsumexp,
    "sigmoid": lambda v: sigmoid(v[0]) * softplus(v[1]) + v[2],
    "where": lambda v: where(v[0] > v[1], v[0] * v[2], exp(v[1])),
    "where of a product": lambda v: where((v[0] > 0) * (v[1] > 0), v[0] / v[1], v[2]),
    "powers": lambda v: abs(v[0]) ** v[1] + v[2] ** 2 + v[1] ** 3,
    "angles": lambda v: atan2(v[0], v[1]) * hypot(v[1], v[2]) + tanh(v[0]) + erf(v[1]),
    "kinks": lambda v: abs(v[0]) + relu(v[1]) + maximum(v[0], v[1]) * minimum(v[1], v[2]),
    "mod": lambda v: v[0] % v[1] * v[2] + v[0] // v[1],
    "a branch": lambda v: v[0] * v[1] if v[0] > 0 else (v[1] / v[2] if v[1] > 0 else v[2] ** 2),
    "a truth": lambda v: v[1] if v[0] else v[2],
    "equality": lambda v: v[0] * 2 if v[0] == v[1] else v[0] + (v[1] != 1) * v[2],
    "by hand": lambda v: by_hand(v[0]) * by_hand(v[1]) + v[2],
    "a loop": lambda v: doubled_until(v[0]) + v[1] * v[2],
    "sorted": lambda v: sum((i + 1) * x for i, x in enumerate(sorted(v))),
    "max and min": lambda v: max(v) * min(v),
    "an exception": lambda v: logarithm_or_square(v[0]) + v[1],
    "another exception": lambda v: quotient_or_half(v[0], v[1]) + v[2],
    "losses": lambda v: nn.binary_cross_entropy_with_logits(v[0], 1.0) + nn.cross_entropy(v, 1),
    "a target": lambda v: nn.binary_cross_entropy_with_logits(v[0], abs(v[1]) / 9),
    "stop_gradient": lambda v: v[0] * stop_gradient(v[1]) * v[2],
    "no_grad": lambda v: v[0] * squared_without_recording(v[1]) + v[2],
    "a gradient inside": lambda v: grad(lambda x: x**3 * v[1])(v[0]) * v[2],
    "a Hessian inside": lambda v: hessian(lambda x: exp(x * v[1]))(v[0]) * v[2],
    "what cancels": lambda v: (v[1] - v[0]) - (v[1] - v[0]) + v[2],
    "numbers alone": lambda v: 1.5,
    "an argument itself": lambda v: v[1],
    "an argument that is needed": lambda v: v[0] * v[1] + v[2],
    "cancelling": lambda v: (v[0] + v[1]) - v[1] - v[0] * 1.0 + v[2] / 1 - 0.0,
    "a long sum": lambda v: sum([v[i % 3] * v[(i + 1) % 3] for i in range(300)]),
    "sums in sums": lambda v: v[0] + (v[1] + (v[2] * v[0] + v[1])) - (v[2] - v[0] * v[1]),
}  # fmt: skip
OPERATORS = {
    "value": lambda f: f,
    "grad": grad,
    "value_and_grad": value_and_grad,
    "hessian": hessian,
    "jacobian": lambda f: jacobian(lambda v: [f(v), f(v) * v[0]]),
    "forward": lambda f: jacobian(lambda v: [f(v), f(v) * v[0]], mode="forward"),
    "hvp": lambda f: lambda v: hvp(f)(v, [1.0, -2.0, 0.5]),
    "twice": lambda f: grad(lambda v: sum(g * g for g in grad(f)(v))),
}
# Signs, zeros of both signs, ties, sizes.
POINTS = [
    [0.3, 0.7, -1.2], [-0.3, -0.7, 2.0], [0.0, 1.0, 0.5], [1.0, 1.0, 1.0], [-0.0, 0.0, 0.25],
    [3.5, -2.5, 0.1], [-1.5, 0.4, 0.4], [0.6, 1.7, 1.7], [1e-9, -1e3, 7.0], [2.0, -0.0, -0.0],
    [1e308, 1e-308, 1.0], [1.0, math.inf, 2.0], [math.nan, 1.0, -1.0], [-math.inf, 0.9, -0.9],
]  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_compiled_function_is_the_function_to_the_last_bit(name, operator):
    function = OPERATORS[operator](FUNCTIONS[name])
    compiled = compile(function)
    for point in [*POINTS, *POINTS]:
        assert outcome(compiled, point) == outcome(function, point), point


@pytest.mark.parametrize("operator", ["value", "value_and_grad", "hessian"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_example_of_a_batch_is_the_function_to_the_last_bit(name, operator):
    function = OPERATORS[operator](FUNCTIONS[name])
    good = [point for point in POINTS if isinstance(outcome(function, point), list | bytes)]
    many = np.array([good[i % len(good)] for i in range(75)])
    found = compile(function, batch=0)(many.tolist())
    for i, point in enumerate(many.tolist()):
        expected = bits(function(point))

        def example(result, i=i):
            return (
                [example(each) for each in result]
                if isinstance(result, list | tuple)
                else result[i]
            )

        assert bits(example(found)) == expected, point


# One row after another, over numbers that tell cases apart.


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_row_is_replayed_and_differentiated_as_the_engine_does(row):
    def function(*operands):
        return record(OPCODES[row.name], *operands)

    count = len(row.arguments)
    numbers = [*{x for sample in row.samples for x in sample}, 0.0, -0.0, 1.0, -1.5, 1e-310, 700.0]
    argnums = tuple(range(count))
    eager = value_and_grad(lambda *v: function(*v) * 1.5, argnums=argnums)
    replayed = compile(eager)
    points = [*itertools.islice(itertools.product(numbers, repeat=count), 300)]
    for point in points:
        assert outcome(replayed, *point) == outcome(eager, *point), point
    fine = [point for point in points if not isinstance(outcome(eager, *point), tuple)]
    columns = [list(column) for column in zip(*fine, strict=True)]
    value, slopes = compile(eager, batch=(0,) * count)(*columns)
    for i, point in enumerate(fine):
        assert bits((value[i], tuple(slope[i] for slope in slopes))) == bits(eager(*point))


# Random programs, with branches and loops.

STEPS = st.tuples(
    st.sampled_from([*[row for row in TABLE if row.samples], "if", "loop", "max", "detach"]),
    st.tuples(*[st.integers(0, 40)] * 3),
)
NUMBERS = st.one_of(
    st.floats(-3, 3), st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e300, 5e-324, math.inf, math.nan])
)


def random_program(steps):
    def run(*given):
        results = list(given)
        for step, picks in steps:
            operands = [results[pick % len(results)] for pick in picks]
            x, y, z = operands
            if step == "if":
                results.append(y * z if x > y else y - z)
            elif step == "loop":
                count = 0
                while x > 0.5 and count < 3:
                    x, count = x * 0.5 - y, count + 1
                results.append(x)
            elif step == "max":
                results.append(max(operands) + z)
            elif step == "detach":
                results.append(stop_gradient(x) * y)
            else:
                results.append(record(OPCODES[step.name], *operands[: len(step.arguments)]))
        return sum(results[3:], results[2])

    return run


@settings(max_examples=60)
@given(
    st.lists(STEPS, min_size=1, max_size=12),
    st.lists(st.tuples(*[NUMBERS] * 3), min_size=1, max_size=9),
)
def test_random_programs(steps, points):
    eager = value_and_grad(random_program(steps), argnums=(0, 1, 2))
    replayed = compile(eager)
    expected = [outcome(eager, *point) for point in points]
    assert [outcome(replayed, *point) for point in points] == expected
    columns = [list(column) for column in zip(*points, strict=True)]
    found, failures = compile(eager, batch=(0, 0, 0), errors="report")(*columns)
    failed = dict(failures)
    value, slopes = found or (None, None)
    for i in range(len(points)):
        if isinstance(expected[i], tuple):
            assert (type(failed[i]), str(failed[i])) == expected[i]
        else:
            assert bits((value[i], tuple(slope[i] for slope in slopes))) == expected[i]


@settings(max_examples=60)
@given(
    st.lists(STEPS, min_size=1, max_size=12),
    st.tuples(NUMBERS, NUMBERS),
    st.lists(NUMBERS, min_size=1, max_size=70),
    st.sampled_from([specialised.Program, plain.Program]),
)
def test_random_programs_of_shared_numbers(steps, shared, numbers, machine):
    eager = value_and_grad(random_program(steps), argnums=(0, 1, 2))
    with pytest.MonkeyPatch.context() as patch:
        if machine is plain.Program:
            patch.setattr(specialised, "Program", plain.Program)
            patch.setattr(specialised, "Batch", plain.Batch)
        found, failures = compile(eager, batch=(None, None, 0), errors="report")(*shared, numbers)
        total, _ = compile(eager, batch=(None, None, 0), reduce="sum", errors="report")(
            *shared, numbers
        )
    failed = dict(failures)
    good = []
    for i, number in enumerate(numbers):
        expected = outcome(eager, *shared, number)
        if isinstance(expected, tuple):
            assert (type(failed[i]), str(failed[i])) == expected
        else:
            value, slopes = found
            assert bits((value[i], tuple(slope[i] for slope in slopes))) == expected
            good.append((i, [value[i], *[slope[i] for slope in slopes]]))
    if good:
        columns = [[-0.0] * len(numbers) for _ in range(4)]
        for i, results in good:
            for column, result in zip(columns, results, strict=True):
                column[i] = result
        value, slopes = total
        assert bits([value, *slopes]) == bits([block_sums(column) for column in columns])


# Batches.


def slope_of_a_model(w, b, x, y):
    return relu(1 - y * tanh(w * x + b)) + 0.1 * w * w


def block_sums(numbers):
    """The sum the documentation tells of, written out."""
    sums = []
    for start in range(0, len(numbers), BLOCK):
        s = [0.0] * 8
        for i, number in enumerate(numbers[start : start + BLOCK]):
            s[i % 8] += number
        sums.append(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))
    while len(sums) > 1:
        pairs = [a + b for a, b in zip(sums[::2], sums[1::2], strict=False)]
        sums = pairs + (sums[-1:] if len(sums) % 2 else [])
    return sums[0]


@pytest.mark.parametrize("size", [1, 7, 31, 32, 33, 64, 511, 512, 513, 1500])
def test_a_batch_is_added_up_in_one_order(size):
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=size), np.sign(rng.normal(size=size))
    eager = value_and_grad(slope_of_a_model, argnums=(0, 1))
    each = [eager(0.7, -0.2, float(a), float(b)) for a, b in zip(x, y, strict=True)]
    expected = [block_sums([v for v, _ in each])]
    expected += [block_sums([g[i] for _, g in each]) for i in range(2)]
    for reduce, divisor in (("sum", 1), ("mean", size)):
        value, slopes = compile(eager, batch=(None, None, 0, 0), reduce=reduce)(0.7, -0.2, x, y)
        assert bits([value, *slopes]) == bits([total / divisor for total in expected])


def test_threads_machines_and_processors_add_up_to_the_same_bits(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20_000), np.sign(rng.normal(size=20_000))
    # So that each thread has something to do.
    monkeypatch.setattr(batch, "WORTH_A_THREAD", 1000)
    eager = value_and_grad(slope_of_a_model, argnums=(0, 1))

    def found(**settings):
        return bits(
            compile(eager, batch=(None, None, 0, 0), reduce="sum", **settings)(0.7, -0.2, x, y)
        )

    expected = found(threads=1)
    assert all(found(threads=threads) == expected for threads in range(2, 9))
    monkeypatch.setattr(specialised, "Program", plain.Program)
    monkeypatch.setattr(specialised, "Batch", plain.Batch)
    assert found(threads=1) == expected


def test_several_threads_may_call_one_compiled_function():
    slope = compile(grad(lambda x: exp(sin(x)) * x))
    points = [i / 10 for i in range(200)]
    expected = [grad(lambda x: exp(sin(x)) * x)(x) for x in points]
    found = []
    threads = [
        threading.Thread(target=lambda: found.append([slope(x) for x in points])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


@dataclasses.dataclass
class Point:
    x: float
    y: float


@dataclasses.dataclass
class Circle:
    radius: float
    area: float = dataclasses.field(init=False)

    def __post_init__(self):
        self.area = self.radius * self.radius * math.pi


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", "?", ">f8"])
@pytest.mark.parametrize("arrange", [
    np.asarray, np.asfortranarray, lambda a: a[::-1][::-1], lambda a: np.repeat(a, 2, axis=0)[::2],
    lambda a: a.tolist(), lambda a: [list(row) for row in a],
])  # fmt: skip
def test_any_array_of_real_numbers_is_a_batch(dtype, arrange):
    numbers = (np.arange(12).reshape(6, 2) % 2).astype(dtype)
    numbers.flags.writeable = False
    found = compile(lambda v: v[0] * 3 - v[1], batch=0)(arrange(numbers))
    assert found.tolist() == (numbers[:, 0] * 3.0 - numbers[:, 1]).tolist()


def test_examples_lie_in_dicts_and_dataclasses_too():
    x, y = [1.0, 2.0, 3.0], np.array([4.0, 5.0, 6.0])
    assert compile(lambda p: p["x"] * p["y"], batch=0)({"x": x, "y": y}).tolist() == [4, 10, 18]
    assert compile(lambda p: p.x * p.y, batch=0)(Point(x, y)).tolist() == [4, 10, 18]


def test_results_keep_their_structure_with_examples_first():
    def function(v, w):
        return {"sum": v[0] + w, "both": (v[0] * w, v * w), "number": 2.0}

    v = np.arange(8.0).reshape(4, 2)
    found = compile(function, batch=(0, None))(v, 3.0)
    assert found["sum"].tolist() == (v[:, 0] + 3).tolist()
    assert found["both"][0].tolist() == (v[:, 0] * 3).tolist()
    assert found["both"][1].tolist() == (v * 3).tolist()
    assert found["number"].tolist() == [2.0] * 4
    total = compile(function, batch=(0, None), reduce="mean")(v, 3.0)
    assert total["both"][1].tolist() == (v.mean(axis=0) * 3).tolist()
    assert total["number"] == 2.0


def test_an_argument_is_a_result_whatever_else_is_made_of_it():
    points = np.arange(12.0).reshape(4, 3)
    found = compile(lambda v: [v[0], v[0] + v[1], v[0] + v[1] + v[2]], batch=0)(points)
    assert [column.tolist() for column in found] == np.cumsum(points, axis=1).T.tolist()
    total = compile(lambda v: [v[0], v[0] + v[1] * v[2], v[1]], batch=0, reduce="sum")(points)
    assert total == [
        points[:, 0].sum(),
        (points[:, 0] + points[:, 1] * points[:, 2]).sum(),
        points[:, 1].sum(),
    ]


@pytest.mark.parametrize(
    "function", [lambda x: {"a": x} if x > 1 else {"b": x}, lambda x: [x] if x > 1 else [x, x]]
)
def test_the_results_of_all_examples_are_arranged_alike(function):
    with pytest.raises(ValueError, match=r"arranged alike.* and of others"):
        compile(function, batch=0)([0.0, 2.0])


def test_no_examples_have_no_results_and_no_mean():
    assert compile(lambda x: x * x, batch=0)([]).shape == (0,)
    assert compile(lambda x: x * x, batch=0)(np.ones((0, 3))).shape == (0, 3)
    assert compile(lambda x: 1 / (x - 1), batch=0)([]).shape == (0,)
    assert compile(lambda x: x * x, batch=0, reduce="sum")([]) == 0.0
    with pytest.raises(ValueError, match="mean of no examples"):
        compile(lambda x: x * x, batch=0, reduce="mean")([])


def branches(x):
    return x * x if x > 0.3 else (exp(x) if x < -0.3 else 7 * x)


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_examples_that_go_different_ways_keep_their_places(reduce):
    x = np.random.default_rng(1).normal(size=2000)
    slope = compile(value_and_grad(branches), batch=0, reduce=reduce)
    each = [value_and_grad(branches)(float(a)) for a in x]
    for _ in range(2):
        value, slopes = slope(x)
        if reduce is None:
            assert bits(value) == bits([v for v, _ in each])
            assert bits(slopes) == bits([g for _, g in each])
        else:
            assert bits([value, slopes]) == bits(
                [block_sums(list(c)) for c in zip(*each, strict=True)]
            )
    assert len(slope.tapes) == 3


# Models.


def test_parameters_are_read_in_each_call_and_get_their_gradients():
    w, b = Value.parameter(0.7, "w"), Value.parameter(-0.2, "b")
    x, y = [1.0, -2.0, 0.5], [1.0, 1.0, -1.0]
    loss = compile(lambda x, y: slope_of_a_model(w, b, x, y), batch=(0, 0), reduce="mean")
    for number in (0.7, -1.3):
        w.data = number
        each = [
            value_and_grad(slope_of_a_model, argnums=(0, 1))(w.data, b.data, *p)
            for p in zip(x, y, strict=True)
        ]
        for p in (w, b):
            p.zero_grad()
        value = loss.backward(x, y)
        assert value == loss(x, y) == block_sums([v for v, _ in each]) / 3
        assert [w.grad, b.grad] == [block_sums([g[i] for _, g in each]) / 3 for i in range(2)]
        before = w.grad
        loss.backward(x, y)
        assert w.grad == 2 * before


def test_a_parameter_that_only_some_examples_need_gets_their_gradient():
    a, b = Value.parameter(2.0, "a"), Value.parameter(3.0, "b")
    loss = compile(lambda x: a * x if x > 0 else b * x * x, batch=0, reduce="sum")
    x = [1.0, -2.0, 3.0, -1.0]
    for times in (1, 2):
        loss.backward(x)
        assert (a.grad, b.grad) == (4.0 * times, 5.0 * times)
    one = compile(lambda x: a * x if x > 0 else b * x * x)
    one.backward(1.0)
    one.backward(-1.0)
    one.backward(2.0)
    assert (a.grad, b.grad) == (11.0, 11.0)


def test_a_result_that_is_a_parameter_has_the_gradient_1():
    b = Value.parameter(2.0, "b")
    compile(lambda x: b, batch=0, reduce="sum").backward([1.0, 2.0, 3.0])
    assert b.grad == 3.0
    compile(lambda x: b if x > 0 else b * x).backward(1.0)
    assert b.grad == 4.0


def test_training_a_compiled_loss_gives_the_bits_of_training_it_eagerly():
    rng = np.random.default_rng(3)
    data = [([float(a), float(b)], 1.0 if a * b > 0 else -1.0) for a, b in rng.normal(size=(12, 2))]

    def curve(make):
        model = nn.MLP(2, [5, 1])
        model.load_state_dict(state)
        optimiser = nn.Adam(model.parameters(), lr=0.05)

        def total():
            return sum((model(x) - y) ** 2 for x, y in data) / len(data)

        backward = make(total)
        losses = []
        for _ in range(15):
            optimiser.zero_grad()
            losses.append(backward())
            optimiser.step()
        return losses, [p.data for p in model.parameters()]

    def eagerly(total):
        def backward():
            out = total()
            out.backward()
            return out.data

        return backward

    state = nn.MLP(2, [5, 1]).state_dict()
    assert curve(lambda total: compile(total).backward) == curve(eagerly)


def test_a_value_computed_before_passes_its_gradient_on():
    w = Value.parameter(3.0, "w")
    twice = 2 * w
    compile(lambda x: twice * x).backward(5.0)
    assert w.grad == 10.0


# Composition.


def test_compiled_functions_and_operators_compose():
    def f(x, y):
        return exp(x * y) + sin(x)

    once = compile(f)
    assert grad(once)(0.3, 0.7) == grad(f)(0.3, 0.7)
    assert compile(grad(once))(0.3, 0.7) == grad(f)(0.3, 0.7)
    assert hessian(lambda v: once(*v))([0.3, 0.7]) == hessian(lambda v: f(*v))([0.3, 0.7])
    assert jvp(once, (0.3, 0.7), (1.0, 2.0)) == jvp(f, (0.3, 0.7), (1.0, 2.0))
    assert vjp(once, 0.3, 0.7)[1](2.0) == vjp(f, 0.3, 0.7)[1](2.0)
    outer = compile(lambda x: once(x, 2.0) * x)
    assert outer(0.3) == f(0.3, 2.0) * 0.3
    assert len(outer.tape) > 3
    assert compile(lambda x, d: jvp(f, (x, 2.0), (d, 0.0)))(0.3, 1.0) == jvp(
        f, (0.3, 2.0), (1.0, 0.0)
    )


def test_a_batch_of_values_records():
    w = Value(2.0, "w")
    mean = compile(lambda w, x: w * w * x, batch=(None, 0), reduce="mean")
    assert gradient(mean(w, [1.0, 2.0, 3.0]), w) == 8.0
    assert grad(mean)(2.0, [1.0, 2.0, 3.0]) == 8.0
    each = compile(lambda w, x: w * x, batch=(None, 0))
    assert [v.data for v in each(w, [1.0, 2.0])] == [2.0, 4.0]


def test_batches_are_differentiated_by_examples_too():
    total = compile(lambda x: x * x, batch=0, reduce="sum")
    assert grad(total)([1.0, 2.0]) == [2.0, 4.0]
    assert grad(total)(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    each = compile(lambda x: x * x, batch=0)
    assert jacobian(each)(np.array([1.0, 2.0])).tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert compile(lambda v: total(v) + 1)([1.0, 2.0]) == 6.0
    rows = compile(lambda v: {"both": v * 2, "first": v[0]}, batch=0)
    w = Value(3.0)
    found = rows(np.array([[w, 1.0], [2.0, w]]))
    assert [getattr(v, "data", v) for v in found["both"].ravel()] == [6.0, 2.0, 4.0, 6.0]


def test_anomalies_are_found_in_compiled_functions():
    slope = compile(grad(sqrt))
    slope(1.0)
    with detect_anomaly(), pytest.raises(AnomalyError):
        slope(0.0)


@pytest.mark.parametrize("batch", [None, 0])
@pytest.mark.parametrize("watched", [False, True])
def test_gradients_are_added_whatever_the_arguments_are_and_whoever_watches(batch, watched):
    w, v = Value.parameter(2.0, "w"), Value(3.0, "v")
    settings = {} if batch is None else {"batch": 0, "reduce": "mean"}
    loss = compile(lambda x: w * w * x, **settings)
    with detect_anomaly() if watched else contextlib.nullcontext():
        assert loss.backward(v if batch is None else [v, 3.0]) == 12.0
        assert loss.backward(3.0 if batch is None else [3.0, 3.0]) == 12.0
        assert loss(3.0 if batch is None else [3.0, 3.0]) == 12.0
    assert (w.grad, v.grad) == (24.0, 4.0 if batch is None else 2.0)


@pytest.mark.parametrize("settings", [{}, {"batch": 0, "reduce": "sum"}])
@pytest.mark.parametrize("function", [lambda x: 3.0, lambda x: [x, x]])
@pytest.mark.parametrize("watched", [False, True])
def test_backward_needs_one_number(settings, function, watched):
    argument = [1.0] if settings else 1.0
    refused = pytest.raises(TypeError, match="returns one number computed from Values")
    with detect_anomaly() if watched else contextlib.nullcontext(), refused:
        compile(function, **settings).backward(argument)


def test_failures_are_reported_of_values_too():
    v = Value(1.0, "v")
    compiled = compile(lambda x: log(x) + 1, batch=0, errors="report")
    found, failures = compiled([v, -1.0])
    assert (found[0].data, math.isnan(found[1]), [i for i, _ in failures]) == (1.0, True, [1])
    total = compile(lambda x: log(x) + 1, batch=0, errors="report", reduce="mean")([v, -1.0])
    assert (total[0].data, len(total[1])) == (1.0, 1)
    with pytest.raises(ValueError, match="needs x > 0") as caught:
        compile(log, batch=0)([v, -1.0])
    assert caught.value.__notes__ == ["in example 1 of the batch"]


def test_a_batch_inside_a_batch_waits_for_no_worker(monkeypatch):
    monkeypatch.setattr(batch, "WORTH_A_THREAD", 10)
    inner = compile(lambda x: x * 2.0, batch=0, reduce="sum", threads=2)
    outer = custom(
        lambda x: inner(np.full(2000, x)), lambda x: 4000.0, name="a_batch_inside_a_batch"
    )
    found = []
    thread = threading.Thread(
        target=lambda: found.append(compile(outer, batch=0, threads=2)(np.ones(1200)).tolist()),
        daemon=True,
    )
    thread.start()
    thread.join(60)
    assert found == [[4000.0] * 1200]


def test_it_may_be_a_decorator_and_a_method():
    class Line:
        def __init__(self):
            self.w = Value.parameter(3.0, "w")

        @compile
        def at(self, x):
            return self.w * x

    line, other = Line(), Line()
    other.w.data = 5.0
    assert [line.at(2.0), other.at(2.0), line.at(1.0)] == [6.0, 10.0, 3.0]


# Arguments.


def test_what_has_no_numbers_is_part_of_the_program():
    def power(x, n, how="plain"):
        result = 1.0
        for _ in range(n):
            result = result * x
        return -result if how == "negative" else result

    compiled = compile(power)
    assert [compiled(2.0, n) for n in (0, 1, 5, 1)] == [1.0, 2.0, 32.0, 2.0]
    assert compiled(2.0, 3, how="negative") == -8.0
    assert compiled(2.0, True) == 2.0
    with pytest.raises(TypeError, match=r"args\[1\] is set .*must be hashable"):
        compiled(2.0, {1})


def test_containers_and_arrays_are_arguments():
    total = compile(lambda p, v: p["a"] * v[0] + sum(p["b"]) * v[1])
    for scale in (1.0, 3.0):
        numbers = {"a": scale, "b": [2, np.float32(0.5)]}
        assert total(numbers, np.array([scale, 2.0])) == scale * scale + 5.0
    assert compile(lambda p: p.x * p.y)(Point(2.0, 3.0)) == 6.0
    assert compile(lambda v: v * 2)(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


def test_what_a_dataclass_computes_is_computed_in_each_call():
    area = compile(lambda circle: circle.area / circle.radius)
    assert [area(Circle(r)) for r in (1.0, 3.0)] == [math.pi, 9.0 * math.pi / 3.0]
    assert compile(lambda circle: circle.area, batch=0)(Circle(np.array([1.0, 2.0]))).tolist() == [
        math.pi,
        4.0 * math.pi,
    ]


@pytest.mark.parametrize(
    ("settings", "args", "error", "match"),
    [
        ({"batch": (0, 0)}, ([1.0],), TypeError, "2 arguments, and was called with 1"),
        ({"batch": (0, 0)}, ([1.0], [1.0, 2.0]), ValueError, r"args\[0\] has 1 .* args\[1\] has 2"),
        ({"batch": 0}, (3.0,), ValueError, r"args\[0\] is 3.0, which has no axis"),
        ({"batch": 0}, ([[1.0], [1.0, 2.0]],), TypeError, r"args\[0\] must be .*one length"),
        ({"batch": 0}, ({"a": ["x"]},), TypeError, r'args\[0\]\["a"\] must be numbers'),
        ({"batch": 0}, ([1j],), TypeError, r"args\[0\] must be numbers"),
        ({"batch": 0}, ({},), ValueError, r"args\[0\] is empty"),
        ({"batch": 0}, ([1.0, None],), TypeError, "None is among them"),
        ({"batch": 0}, (np.array(["2020-01-01"], "M8[D]"),), TypeError, "of type datetime64"),
        ({"batch": 0}, (np.ma.array([1.0, 2.0], mask=[0, 1]),), TypeError, "a mask hides"),
        ({"batch": 0}, (), TypeError, "go by position"),
        ({"batch": 1}, ([1.0],), ValueError, "batch is None or 0"),
        ({"reduce": "sum"}, (1.0,), ValueError, "nothing to reduce"),
        ({"batch": 0, "reduce": "max"}, ([1.0],), ValueError, '"sum" or "mean"'),
        ({"errors": "hide"}, (1.0,), ValueError, '"raise", "ignore" or "report"'),
        ({"threads": 0}, (1.0,), ValueError, "threads must be an int, 1 or more"),
        ({"limit": "2"}, (1.0,), ValueError, "limit must be an int, 1 or more"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(settings, args, error, match):
    with pytest.raises(error, match=match):
        compile(lambda *v: v[0] * 2.0 if len(v) else 0.0, **settings)(*args)


def test_a_function_is_needed():
    with pytest.raises(TypeError, match="a function is needed, got int 3"):
        compile(3)


# What would freeze a number.


@pytest.mark.parametrize(
    ("freeze", "match"),
    [
        (lambda x: x.data * 2, r"\.data of .* where, maximum"),
        (float, r"float\(\) of .* functions of autograd_scalar"),
        (math.exp, r"float\(\) of .* functions of autograd_scalar"),
        (np.float64, r"float\(\) of"),
        (int, r"int\(\) of .* autograd_scalar.trunc"),
        (round, r"round\(\) of"),
        (math.floor, r"math\.floor\(\) of .* autograd_scalar.floor"),
        (math.ceil, r"math\.ceil\(\) of"),
        (math.trunc, r"math\.trunc\(\) of"),
        (lambda x: float(stop_gradient(x)), r"float\(\) of"),
        (lambda x: (x * 2).backward(), r"\.backward\(\) of .* call grad"),
        (lambda x: x.grad, r"\.grad of"),
        (lambda x: pickle.loads(pickle.dumps(x)), r"\.data of"),
        (copy.copy, r"\.partials of"),
        (lambda x: copy.deepcopy([x, x * 2])[1], r"\.partials of"),
        (lambda x: (x * 2).partials, r"\.partials of"),
    ],
)
def test_taking_a_number_out_is_refused_with_a_way_out(freeze, match):
    with pytest.raises(TypeError, match=match):
        compile(freeze)(0.5)


@pytest.mark.parametrize("use", [range, lambda x: [1, 2][x]])
def test_a_traced_value_is_no_index(use):
    with pytest.raises(TypeError, match=r"index or a count .* give it as an int"):
        compile(use)(1.0)
    with pytest.raises(TypeError, match=r"no index and no count; int\(v\) is"):
        use(Value(1.0))


def test_numbers_that_do_not_depend_on_arguments_may_be_taken_out():
    def function(x):
        scale = Value(2.0)
        return x * float(scale.detach()) * scale.data * grad(lambda t: t * t)(3.0)

    assert compile(function)(5.0) == 120.0


# Ways through a function.


@pytest.mark.parametrize(
    "function",
    [
        lambda x: {x},
        lambda x: [1.0, {"a": iter([x])}],
        lambda x: type("Box", (), {"v": x})(),
    ],
)
def test_a_result_that_hides_a_value_is_refused(function):
    with pytest.raises(TypeError, match=r"result.* a compiled function returns numbers"):
        compile(function)(1.0)


def test_results_may_have_words_and_nothing_in_them():
    compiled = compile(lambda x: {"how": "twice", "value": [x * 2, None, True]})
    assert [compiled(1.0), compiled(3.0)] == [
        {"how": "twice", "value": [x, None, True]} for x in (2.0, 6.0)
    ]


def test_too_many_ways_are_an_error_that_names_the_question():
    def function(x):
        total = x
        while total < 100.0:  # the question
            total = total + 1.0
        return total

    compiled = compile(function, limit=5)
    for start in range(5):
        compiled(100.0 - start)
    with pytest.raises(RuntimeError, match=r"5 ways .*while total < 100\.0:  # the question"):
        compiled(0.0)


def test_ways_are_kept_and_found_again(monkeypatch):
    traced = []
    compiled = compile(lambda x: traced.append(x) or (x * 2 if x > 1 else x * 3))
    assert [compiled(x) for x in (0.5, 2.0, 0.25, 3.0, 1.0)] == [1.5, 4.0, 0.75, 6.0, 3.0]
    assert len(traced) == 2


def test_side_effects_happen_while_it_is_traced():
    calls = []
    compiled = compile(lambda x: calls.append(1) or x + 1)
    assert [compiled(1.0), compiled(2.0)] == [2.0, 3.0]
    assert len(calls) == 1


# Errors.


@pytest.mark.parametrize(
    "function", [log, lambda x: 1 / x, lambda x: exp(1000 * x), sqrt, lambda x: x**0.5]
)
def test_an_error_is_the_one_the_function_raises(function):
    compiled = compile(grad(function))
    for x in (1.0, -1.0, 0.0, 0.5):
        assert outcome(compiled, x) == outcome(grad(function), x)


def test_an_error_in_a_batch_names_the_example():
    with pytest.raises(ValueError, match=r"needs x > 0, got x = -1\.0") as caught:
        compile(log, batch=0)([1.0, 2.0, -1.0, -2.0])
    assert caught.value.__notes__ == ["in example 2 of the batch"]
    with pytest.raises(ValueError, match="needs x > 0") as caught:
        compile(log, batch=0)([-1.0, 2.0])
    assert caught.value.__notes__ == ["in example 0 of the batch"]


@pytest.mark.parametrize("numbers", [[1.0, -1.0, 0.0, 4.0], [-1.0, 0.0, 1.0, 4.0]])
def test_errors_can_be_ignored_or_reported(numbers):
    ignored = compile(log, batch=0, errors="ignore")(numbers)
    with np.errstate(all="ignore"):
        assert bits(ignored) == bits([math.log(x) if x > 0 else np.log(x) for x in numbers])
    found, failures = compile(log, batch=0, errors="report")(numbers)
    wrong = [i for i, x in enumerate(numbers) if x <= 0]
    assert [i for i, _ in failures] == wrong
    assert all(isinstance(error, ValueError) for _, error in failures)
    assert bits(found) == bits([math.log(x) if x > 0 else math.nan for x in numbers])
    mean, failures = compile(log, batch=0, reduce="mean", errors="report")(numbers)
    assert (mean, len(failures)) == (math.log(4) / 2, 2)


def test_where_each_example_fails_there_are_only_failures():
    compiled = compile(log, batch=0, errors="report")
    for _ in range(2):
        found, failures = compiled([-1.0, -2.0])
        assert found is None
        assert [i for i, _ in failures] == [0, 1]
        compiled([1.0])


def test_reports_come_with_gradients_too():
    w = Value.parameter(2.0, "w")
    loss = compile(lambda x: log(x) * w, batch=0, reduce="sum", errors="report")
    total, failures = loss.backward([math.e, -1.0])
    assert (total, [i for i, _ in failures], w.grad) == (2.0, [1], 1.0)


def test_a_single_call_can_ignore_errors_too():
    compiled = compile(lambda x: log(x) + 1 / x, errors="ignore")
    assert compiled(1.0) == 1.0
    # -inf + inf
    assert math.isnan(compiled(0.0))
    assert math.isnan(compiled(-1.0))
    assert math.isnan(compile(log, errors="ignore")(-1.0))


def test_nan_goes_through():
    compiled = compile(lambda x: x * 2 if x > 0 else x * 3, batch=0)
    assert bits(compiled([math.nan, 1.0])) == bits([math.nan, 2.0])


def test_a_branch_not_taken_does_not_poison_the_gradient():
    slope = compile(grad(lambda x: where(x > 0, sqrt(x), 0.0) + x))
    assert [slope(4.0), slope(0.0)] == [1.25, 1.0]
    many = compile(grad(lambda x: where(x > 0, sqrt(x), 0.0) + x), batch=0)
    assert many([4.0, 0.0]).tolist() == [1.25, 1.0]


def test_a_custom_function_is_called_for_each_example():
    cube = custom(lambda x: x**3, lambda x: 3 * x * x, name="cube_for_compile")
    function = value_and_grad(lambda x: cube(x) * 2)
    assert compile(function)(2.0) == function(2.0)
    value, slope = compile(function, batch=0)([1.0, 2.0])
    assert (value.tolist(), slope.tolist()) == ([2.0, 16.0], [6.0, 24.0])


def test_a_custom_function_whose_partials_take_floats_only():
    length = custom(
        lambda x, y: math.hypot(x, y),
        lambda x, y: x / math.hypot(x, y),
        lambda x, y: y / math.hypot(x, y),
        name="length_for_compile",
    )
    function = value_and_grad(lambda x, y: length(x, y) * x, argnums=(0, 1))
    compiled = compile(function)
    assert [compiled(3.0, 4.0), compiled(5.0, 12.0)] == [function(3.0, 4.0), function(5.0, 12.0)]
    with pytest.raises(TypeError, match="can't be differentiated again"):
        compile(grad(grad(lambda x: length(x, 2.0))))(1.0)


# The tape.


def labelled(x, w):
    net = w * x
    net.label = "net"
    return tanh(net) if net > 0 else net


def test_the_tape_is_a_listing_and_a_graph():
    compiled = compile(labelled)
    with pytest.raises(ValueError, match="has not been called yet"):
        str(compiled.tape)
    compiled(2.0, 0.5)
    text = str(compiled.tape)
    line = labelled.__code__.co_firstlineno
    assert f"test_compile.py:{line + 1}" in text
    for word in (
        "slot",
        "primitive",
        "operands",
        "label",
        "mul",
        "tanh",
        "net",
        "less",
        "result 0",
    ):
        assert word in text
    assert "asks whether" in text
    out = compiled.tape.graph(2.0, 0.5)
    assert out.data == compiled(2.0, 0.5)
    assert gradient(out, list(out._prev[0]._prev)) == list(grad(labelled, argnums=(1, 0))(2.0, 0.5))
    assert "net" in draw(out).svg
    assert compiled.cost.flops > 2
    with pytest.raises(ValueError, match="takes 2 numbers, got 1"):
        compiled.tape.graph(2.0)


def test_cleaning_computes_less_and_the_same():
    def function(x):
        return (
            (x * 2.0 + x * 2.0) * 1.0 - 0.0 + exp(1.0) * (3.0 / 1.5) + (sin(x) - sin(x)) * (x * 7.0)
        )

    compiled = compile(function)
    assert compiled(0.3) == function(0.3)
    listing = compiled.tape
    # Two products, the identities, the constants, and the second sine.
    assert len(listing) <= listing.recorded - 4


def test_sums_of_products_are_one_instruction():
    def dot(a, b):
        return sum(x * y for x, y in zip(a, b, strict=True))

    compiled = compile(dot)
    compiled([1.0] * 50, [2.0] * 50)
    assert compiled.cost.instructions == 1


def on_module_level(x):
    return x * x if x > 0 else -x


def test_compiled_functions_are_pickled_with_their_tapes():
    compiled = compile(on_module_level)
    assert [compiled(2.0), compiled(-2.0)] == [4.0, 2.0]
    copied = pickle.loads(pickle.dumps(compiled))
    assert [copied(3.0), copied(-3.0)] == [9.0, 3.0]
    assert len(copied.tapes) == 2
    many = compile(value_and_grad(on_module_level), batch=0, reduce="sum")
    expected = many([1.0, -2.0])
    assert pickle.loads(pickle.dumps(many))([1.0, -2.0]) == expected


def test_a_tape_replays_without_its_function_and_says_where_it_is_needed():
    compiled = compile(lambda x: x * x if x > 0 else -x)
    compiled(2.0)
    copied = pickle.loads(pickle.dumps(compiled))
    assert copied(3.0) == 9.0
    with pytest.raises(RuntimeError, match="needs the function itself"):
        copied(-1.0)
    many = compile(lambda x: x * x if x > 0 else -x, batch=0)
    many([1.0, 2.0])
    copied = pickle.loads(pickle.dumps(many))
    assert copied([3.0]).tolist() == [9.0]
    with pytest.raises(RuntimeError, match="needs the function itself"):
        copied([3.0, -1.0])


def test_a_number_of_ints_is_no_endless_number_of_programs():
    compiled = compile(lambda n: n * 2.0, limit=1)
    assert [compiled(n) for n in range(16)] == [n * 2.0 for n in range(16)]
    with pytest.raises(RuntimeError, match="give a number that changes as a float"):
        compiled(16)


def test_a_bar_shows_how_far_a_batch_is(capsys):
    compile(lambda x: x * x, batch=0, progress=True)(np.ones(5000))
    assert "5.00k" in capsys.readouterr().err


def test_a_long_chain_is_no_deep_recursion():
    def chain(x):
        for _ in range(20_000):
            x = x * 0.5 + 1.0
        return x

    assert compile(grad(chain))(3.0) == grad(chain)(3.0)
